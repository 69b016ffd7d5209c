//! The binary of report-generator.

use edge::config::Reader;
use report_generator::App;
use report_generator::config::Config;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::lambda::Error> {
    let config = Config::read(Reader::from_process_env())?;
    edge::telemetry::start("report-generator", config.log_level);
    let app = App::connect(&config);
    let app = &app;
    edge::lambda::run_sqs(move |wanted, _| Box::pin(app.handle(wanted))).await
}
