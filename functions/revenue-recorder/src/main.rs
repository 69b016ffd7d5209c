//! The binary of revenue-recorder.

use edge::config::Reader;
use revenue_recorder::App;
use revenue_recorder::config::Config;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::lambda::Error> {
    let config = Config::read(Reader::from_process_env())?;
    edge::telemetry::start("revenue-recorder", config.log_level);
    let app = App::connect(config).await?;
    let app = &app;
    edge::lambda::run_sqs(move |message, delivery| Box::pin(async move { app.handle(message, &delivery).await })).await
}
