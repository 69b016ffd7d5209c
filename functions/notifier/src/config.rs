//! What notifier reads from its environment.

use edge::aws::Aws;
use edge::clock::Clock;
use edge::config::{ConfigFaults, Reader, Variable, variables};
use tracing::level_filters::LevelFilter;

/// Every variable that this function reads, beside those of every function and of AWS.
pub const VARIABLES: &[Variable] = &[
    variables::CORE_TABLE,
    variables::CLICKS_TABLE,
    variables::OPS_TABLE,
    variables::FILES_BUCKET,
    variables::SEALING_KEY_ARN,
    variables::MAIL_FROM,
];

/// The configuration.
pub struct Config {
    /// How much is logged.
    pub log_level: LevelFilter,
    /// The clock.
    pub clock: Clock,
    /// How to reach AWS.
    pub aws: Aws,
    /// The tables.
    pub tables: store::Tables,
    /// The bucket of receipts.
    pub files_bucket: String,
    /// The key that personal data is sealed under.
    pub sealing_key_arn: String,
    /// The sender of mail.
    pub mail_from: String,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    /// Everything that is missing or bad, at once.
    pub fn read(mut reader: Reader) -> Result<Self, ConfigFaults> {
        let config = Self {
            log_level: edge::telemetry::level(&mut reader),
            clock: edge::config::clock(&mut reader),
            aws: Aws::from(&mut reader),
            tables: edge::config::tables(&mut reader),
            files_bucket: reader.text(&variables::FILES_BUCKET),
            sealing_key_arn: reader.text(&variables::SEALING_KEY_ARN),
            mail_from: reader.text(&variables::MAIL_FROM),
        };
        reader.finish(config)
    }
}
