//! The binary of watchman.

use edge::config::Reader;
use watchman::App;
use watchman::config::Config;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::lambda::Error> {
    let config = Config::read(Reader::from_process_env())?;
    edge::telemetry::start("watchman", config.log_level);
    let app = App::connect(config);
    let app = &app;
    edge::lambda::run_event(move |event| Box::pin(app.handle(event))).await
}
