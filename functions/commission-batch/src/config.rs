//! What commission-batch reads from its environment.

use edge::aws::Aws;
use edge::config::{ConfigFaults, Reader, Variable, variables};
use tracing::level_filters::LevelFilter;

/// Every variable that this function reads, beside those of every function and of AWS.
pub const VARIABLES: &[Variable] = &[
    variables::STAGE,
    variables::LOG_LEVEL,
    variables::CLOCK_OFFSET_MS,
    variables::CORE_TABLE,
    variables::CLICKS_TABLE,
    variables::OPS_TABLE,
    variables::VISITS_QUEUE_URL,
    variables::DUNNING_MAILS,
];

/// The configuration.
pub struct Config {
    /// How much is logged.
    pub log_level: LevelFilter,
    /// How to reach AWS.
    pub aws: Aws,
    /// The clock.
    pub clock: edge::clock::Clock,
    /// The tables.
    pub tables: store::Tables,
    /// The queue of visits.
    pub visits_queue_url: String,
    /// Are customers reminded of payments that failed?
    pub reminds: bool,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    /// Everything that is missing or bad, at once.
    pub fn read(mut reader: Reader) -> Result<Self, ConfigFaults> {
        reader.text(&variables::STAGE);
        let config = Self {
            log_level: edge::telemetry::level(&mut reader),
            aws: Aws::from(&mut reader),
            clock: edge::config::clock(&mut reader),
            tables: edge::config::tables(&mut reader),
            visits_queue_url: reader.text(&variables::VISITS_QUEUE_URL),
            reminds: reader.parsed(&variables::DUNNING_MAILS).unwrap_or(false),
        };
        reader.finish(config)
    }
}
