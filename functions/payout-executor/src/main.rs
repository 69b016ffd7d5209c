//! The binary of payout-executor.

use edge::config::Reader;
use payout_executor::App;
use payout_executor::config::Config;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::lambda::Error> {
    let config = Config::read(Reader::from_process_env())?;
    edge::telemetry::start("payout-executor", config.level);
    let app = App::connect(config)?;
    let app = &app;
    edge::lambda::run_event(move |event| Box::pin(app.handle(event))).await
}
