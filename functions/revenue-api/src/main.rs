//! The binary of revenue-api: configuration, clients, routes.

use edge::aws::Service;
use edge::config::Reader;
use edge::lambda::{self, Error};
use edge::telemetry;
use queues::Sender;
use revenue_api::config::Config;
use revenue_api::{App, routes};
use store::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::read(Reader::from_process_env())?;
    telemetry::start("revenue-api", config.level);
    let store = Store::connect(&config.aws.service(Service::DynamoDb), config.tables);
    let visits = Sender::connect(&config.aws.service(Service::Sqs), config.visits_queue_url);
    lambda::run_http(routes(App::new(store, visits, config.clock))).await
}
