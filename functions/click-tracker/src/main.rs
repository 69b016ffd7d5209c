//! The binary of click-tracker: configuration, clients, routes.

use std::sync::Arc;

use cases::salt::Salts;
use click_tracker::config::Config;
use click_tracker::{App, HostCache, Keys, LinkCache, RetentionCache, routes};
use edge::aws::{Patience, Service};
use edge::config::Reader;
use edge::lambda::{self, Error};
use edge::secrets::NamedSecrets;
use edge::telemetry;
use store::Store;

/// A click asks for seven hundred small pieces: a quarter of its instructions went into that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::read(Reader::from_process_env())?;
    telemetry::start("click-tracker", config.level);
    let with = |patience| Store::connect(&config.aws.service_with(Service::DynamoDb, patience), config.tables.clone());
    let store = config.aws.wired(with(Patience::VISITOR), Patience::VISITOR)?;
    let app = App {
        salts: Salts::new(store.clone()),
        store,
        first_looks: with(Patience::FIRST_VISITOR),
        keys: Keys::of(NamedSecrets::connect(&config.aws.service(Service::SecretsManager)), config.stage_secret_arn),
        clock: config.clock,
        links: LinkCache::default(),
        hosts: HostCache::default(),
        retention: RetentionCache::default(),
        front: edge::viewer::Front::read(&config.aws, config.edge_secret_arn.as_deref()).await,
        cookies: config.cookies,
        fallback_url: config.fallback_url,
    };
    app.warm_up().await;
    lambda::run_http(routes(Arc::new(app))).await
}
