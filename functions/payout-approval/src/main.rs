//! The binary of payout-approval: configuration, clients, routes.

use edge::aws::Service;
use edge::config::Reader;
use edge::lambda::{self, Error};
use edge::sealing::Sealer;
use edge::telemetry;
use edge::viewer::Front;
use payout_approval::config::Config;
use payout_approval::files::Files;
use payout_approval::{App, routes};
use store::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::read(Reader::from_process_env())?;
    telemetry::start("payout-approval", config.level);
    tracing::debug!(stage = config.stage, "configuration read");
    let store = Store::connect(&config.aws.service(Service::DynamoDb), config.tables);
    let files = Files::connect(&config.aws.service(Service::S3), config.files_bucket);
    let sealer = Sealer::connect(&config.aws.service(Service::Kms), config.sealing_key_arn);
    let front = Front::read(&config.aws, config.edge_secret_arn.as_deref()).await;
    lambda::run_http_behind(front, routes(App::new(store, files, config.clock).with_sealer(sealer))).await
}
