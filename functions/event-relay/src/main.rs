//! The binary of event-relay.

use edge::config::Reader;
use event_relay::App;
use event_relay::config::Config;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::lambda::Error> {
    let config = Config::read(Reader::from_process_env())?;
    edge::telemetry::start("event-relay", config.log_level);
    let app = App::connect(&config);
    let app = &app;
    edge::lambda::run_stream(move |record| Box::pin(app.handle(record))).await
}
