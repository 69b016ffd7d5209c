//! The binary of admin-api: configuration, clients, routes.

use admin_api::config::Config;
use admin_api::issuer::Issuer;
use admin_api::probes::{MailFrom, Probes};
use admin_api::starter::Starter;
use admin_api::{App, routes};
use edge::aws::Service;
use edge::config::Reader;
use edge::lambda::{self, Error};
use edge::people::People;
use edge::sealing::Sealer;
use edge::telemetry;
use edge::viewer::Front;
use queues::{Door, Sender};
use store::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::read(Reader::from_process_env())?;
    telemetry::start("admin-api", config.level);
    let store = Store::connect(&config.aws.service(Service::DynamoDb), config.tables);
    let sqs = config.aws.service(Service::Sqs);
    let watched = config.watched_queue_urls.map(|(name, url)| (name, Door::connect(&sqs, url)));
    let queues = watched.into_iter().chain([("facts", Door::connect(&sqs, &config.facts_queue_url))]).collect();
    let sealer = Sealer::connect(&config.aws.service(Service::Kms), config.sealing_key_arn);
    let people = People::new(store.clone(), sealer.clone(), config.public_url);
    let people = people.with_first_admin(config.first_admin_email);
    let mail = Some(MailFrom::connect(&config.aws.service(Service::Ses), &config.mail_from));
    let facts = Sender::connect(&sqs, config.facts_queue_url);
    let issuer = config.trust.map(Issuer::trusted).transpose()?;
    let app = App::new(store, config.clock, facts).probing(Probes { queues, sealer: Some(sealer), mail });
    let app = app.signing_in(people).trusting(issuer);
    let app = app.starting(Starter::connect(&config.aws.service(Service::Lambda), config.function_prefix));
    let front = Front::read(&config.aws, config.edge_secret_arn.as_deref()).await;
    lambda::run_http_behind(front, routes(app)).await
}
