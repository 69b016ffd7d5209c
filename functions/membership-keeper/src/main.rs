//! The binary of membership-keeper.

use edge::config::Reader;
use membership_keeper::App;
use membership_keeper::config::Config;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::lambda::Error> {
    let config = Config::read(Reader::from_process_env())?;
    edge::telemetry::start("membership-keeper", config.level);
    let app = App::connect(config)?;
    let app = &app;
    edge::lambda::run_event(move |event| Box::pin(app.handle(event))).await
}
