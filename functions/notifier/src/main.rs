//! The binary of notifier.

use edge::config::Reader;
use notifier::App;
use notifier::config::Config;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::lambda::Error> {
    let config = Config::read(Reader::from_process_env())?;
    edge::telemetry::start("notifier", config.log_level);
    let app = App::connect(&config);
    let app = &app;
    edge::lambda::run_sqs(move |due, delivery| Box::pin(app.handle(due, delivery))).await
}
