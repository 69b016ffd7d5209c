//! The binary of revenue-api: configuration, clients, routes.

use edge::aws::Service;
use edge::config::Reader;
use edge::lambda::{self, Error};
use edge::sealing::Sealer;
use edge::secrets::NamedSecrets;
use edge::telemetry;
use edge::viewer::Front;
use queues::Sender;
use revenue_api::billing::{Billing, Keys, client};
use revenue_api::config::Config;
use revenue_api::{App, routes};
use store::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::read(Reader::from_process_env())?;
    telemetry::start("revenue-api", config.level);
    let store = Store::connect(&config.aws.service(Service::DynamoDb), config.tables);
    let visits = Sender::connect(&config.aws.service(Service::Sqs), config.visits_queue_url);
    let sealer = Sealer::connect(&config.aws.service(Service::Kms), config.sealing_key_arn);
    let keys = Keys {
        secrets: NamedSecrets::connect(&config.aws.service(Service::SecretsManager)),
        stage: config.stage,
        stage_secret_arn: config.stage_secret_arn,
    };
    let billing = Billing::new(client(&config.stripe_url)?, keys, sealer.clone(), config.is_taxed_by_stripe);
    let front = Front::read(&config.aws, config.edge_secret_arn.as_deref()).await;
    lambda::run_http_behind(front, routes(App::new(store, visits, sealer, config.clock).with_billing(billing))).await
}
