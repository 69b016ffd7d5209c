//! The binary of click-counter.

use click_counter::App;
use click_counter::config::Config;
use edge::config::Reader;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::lambda::Error> {
    let config = Config::read(Reader::from_process_env())?;
    edge::telemetry::start("click-counter", config.log_level);
    let app = App::connect(config);
    let app = &app;
    edge::lambda::run_event(move |event| Box::pin(app.handle(event))).await
}
