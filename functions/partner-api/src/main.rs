//! The binary of partner-api: configuration, clients, routes, and the job of its schedule.

use edge::aws::Service;
use edge::config::Reader;
use edge::lambda::{self, Error};
use edge::sealing::Sealer;
use edge::secrets::NamedSecrets;
use edge::telemetry;
use edge::viewer::Front;
use partner_api::config::Config;
use partner_api::{App, routes};
use queues::Sender;
use store::Store;
use stripe::{Accounts, Keys, Patience};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::read(Reader::from_process_env())?;
    telemetry::start("partner-api", config.level);
    let store = Store::connect(&config.aws.service(Service::DynamoDb), config.tables);
    let sealer = Sealer::connect(&config.aws.service(Service::Kms), config.sealing_key_arn);
    let visits = Sender::connect(&config.aws.service(Service::Sqs), config.visits_queue_url);
    let keys = Keys {
        secrets: NamedSecrets::connect(&config.aws.service(Service::SecretsManager)),
        stage: config.stage,
        stage_secret_arn: config.stage_secret_arn,
    };
    let accounts = Accounts::new(stripe::client(&config.stripe_url, Patience::BRIEF)?, keys);
    let app = App::new(store, sealer, config.clock, config.place).with_sessions().with_visits(visits);
    let front = Front::read(&config.aws, config.edge_secret_arn.as_deref()).await;
    let app = &app.with_stripe(accounts);
    lambda::run_http_and_schedule(front, routes(app.clone()), |scheduled| app.bring_coupons(scheduled)).await
}
