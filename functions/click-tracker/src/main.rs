//! The binary of click-tracker: configuration, clients, routes.

use std::sync::Arc;

use click_tracker::config::Config;
use click_tracker::{App, LinkCache, click_keys, routes};
use edge::aws::{Patience, Service};
use edge::config::Reader;
use edge::lambda::{self, Error};
use edge::secrets::StageSecret;
use edge::telemetry;
use store::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::read(Reader::from_process_env())?;
    telemetry::start("click-tracker", config.level);
    let secret = StageSecret::read(&config.aws.service(Service::SecretsManager), &config.stage_secret_arn).await?;
    let visitors = config.aws.service_with(Service::DynamoDb, Patience::VISITOR);
    let app = App {
        store: Store::connect(&visitors, config.tables.clone()),
        first_looks: Store::connect(
            &config.aws.service_with(Service::DynamoDb, Patience::FIRST_VISITOR),
            config.tables,
        ),
        keys: click_keys(&secret),
        clock: config.clock,
        links: LinkCache::default(),
        cookies: config.cookies,
        fallback_url: config.fallback_url,
    };
    app.warm_up().await;
    lambda::run_http(routes(Arc::new(app))).await
}
