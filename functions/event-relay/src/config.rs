//! What event-relay reads from its environment.

use edge::aws::Aws;
use edge::config::{ConfigFaults, Reader, Variable, variables};
use tracing::level_filters::LevelFilter;

/// Every variable that this function reads, beside those of every function and of AWS.
pub const VARIABLES: &[Variable] =
    &[variables::NOTICES_QUEUE_URL, variables::REPORTS_QUEUE_URL, variables::PAYOUTS_QUEUE_URL];

/// The configuration.
pub struct Config {
    /// How much is logged.
    pub log_level: LevelFilter,
    /// How to reach AWS.
    pub aws: Aws,
    /// The queue of notices.
    pub notices_queue_url: String,
    /// The queue of reports.
    pub reports_queue_url: String,
    /// The queue of payouts for rails.
    pub payouts_queue_url: String,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    /// Everything that is missing or bad, at once.
    pub fn read(mut reader: Reader) -> Result<Self, ConfigFaults> {
        let config = Self {
            log_level: edge::telemetry::level(&mut reader),
            aws: Aws::from(&mut reader),
            notices_queue_url: reader.text(&variables::NOTICES_QUEUE_URL),
            reports_queue_url: reader.text(&variables::REPORTS_QUEUE_URL),
            payouts_queue_url: reader.text(&variables::PAYOUTS_QUEUE_URL),
        };
        reader.finish(config)
    }
}
