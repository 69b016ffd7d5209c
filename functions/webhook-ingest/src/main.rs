//! The binary of webhook-ingest: configuration, clients, routes.

use std::sync::Arc;

use edge::auth::Gate;
use edge::aws::Service;
use edge::config::Reader;
use edge::lambda::{self, Error};
use edge::sealing::Sealer;
use edge::secrets::NamedSecrets;
use edge::telemetry;
use edge::viewer::Front;
use queues::Sender;
use store::Store;
use webhook_ingest::config::Config;
use webhook_ingest::mail_host::MailHosts;
use webhook_ingest::{App, Doors, routes};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::read(Reader::from_process_env())?;
    telemetry::start("webhook-ingest", config.level);
    let aws = config.aws;
    let store = Store::connect(&aws.service(Service::DynamoDb), config.tables);
    let secrets = NamedSecrets::connect(&aws.service(Service::SecretsManager));
    // A stage without its secret must not begin: every event would be refused, and the provider gives up some day.
    secrets.stage(&config.stage_secret_arn).await?;
    let app = App {
        facts: Sender::connect(&aws.service(Service::Sqs), config.facts_queue_url),
        sealer: Sealer::connect(&aws.service(Service::Kms), config.sealing_key_arn),
        clock: config.clock,
        doors: Arc::new(Doors::new(store.clone(), secrets, config.stage_secret_arn)),
        gate: Gate::new(store.clone(), config.clock),
        mail_hosts: config.mx_resolver_url.as_deref().map(MailHosts::new).transpose()?,
        store,
    };
    let front = Front::read(&aws, config.edge_secret_arn.as_deref()).await;
    lambda::run_http_behind(front, routes(app)).await
}
