//! The binary of commission-batch.

use commission_batch::App;
use commission_batch::config::Config;
use edge::config::Reader;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::lambda::Error> {
    let config = Config::read(Reader::from_process_env())?;
    edge::telemetry::start("commission-batch", config.log_level);
    let app = App::connect(config);
    let app = &app;
    edge::lambda::run_event(move |event| Box::pin(app.handle(event))).await
}
