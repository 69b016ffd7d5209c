//! The binary of webhook-ingest: configuration, clients, routes.

use std::sync::Arc;

use edge::aws::Service;
use edge::config::Reader;
use edge::lambda::{self, Error};
use edge::sealing::Sealer;
use edge::secrets::StageSecret;
use edge::telemetry;
use queues::Sender;
use store::Store;
use webhook_ingest::config::Config;
use webhook_ingest::{App, routes, stripe_secrets};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::read(Reader::from_process_env())?;
    telemetry::start("webhook-ingest", config.level);
    let aws = config.aws;
    let secret = StageSecret::read(&aws.service(Service::SecretsManager), &config.stage_secret_arn).await?;
    let app = App {
        store: Store::connect(&aws.service(Service::DynamoDb), config.tables),
        facts: Sender::connect(&aws.service(Service::Sqs), config.facts_queue_url),
        sealer: Sealer::connect(&aws.service(Service::Kms), config.sealing_key_arn),
        clock: config.clock,
        stripe: stripe_secrets(&secret),
    };
    lambda::run_http(routes(Arc::new(app))).await
}
