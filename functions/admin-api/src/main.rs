//! The binary of admin-api: configuration, clients, routes.

use admin_api::config::Config;
use admin_api::{App, routes};
use edge::aws::Service;
use edge::config::Reader;
use edge::lambda::{self, Error};
use edge::telemetry;
use queues::Sender;
use store::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::read(Reader::from_process_env())?;
    telemetry::start("admin-api", config.level);
    let store = Store::connect(&config.aws.service(Service::DynamoDb), config.tables);
    let facts = Sender::connect(&config.aws.service(Service::Sqs), config.facts_queue_url);
    lambda::run_http(routes(App::new(store, config.clock, facts))).await
}
