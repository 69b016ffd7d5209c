//! What payout-approval reads from its environment.

use edge::aws::Aws;
use edge::clock::Clock;
use edge::config::{ConfigFaults, Reader, Variable, variables};
use store::Tables;
use tracing::level_filters::LevelFilter;

/// The variables, beside those of `edge::aws`.
pub const VARIABLES: &[Variable] = &[
    variables::STAGE,
    variables::LOG_LEVEL,
    variables::CLOCK_OFFSET_MS,
    variables::CORE_TABLE,
    variables::CLICKS_TABLE,
    variables::OPS_TABLE,
    variables::FILES_BUCKET,
    variables::SEALING_KEY_ARN,
    variables::EDGE_SECRET_ARN,
];

/// The configuration, checked.
pub struct Config {
    /// The stage, for the first line of the log.
    pub stage: String,
    /// How much is logged.
    pub level: LevelFilter,
    /// The time.
    pub clock: Clock,
    /// The tables' names.
    pub tables: Tables,
    /// The bucket that receipts are in.
    pub files_bucket: String,
    /// The key that wraps data keys.
    pub sealing_key_arn: String,
    /// Where the secret of the distribution in front is, if there is one.
    pub edge_secret_arn: Option<String>,
    /// The AWS clients' settings.
    pub aws: Aws,
}

impl Config {
    /// Reads everything and tells all faults at once.
    ///
    /// # Errors
    /// What is missing or bad.
    pub fn read(mut reader: Reader) -> Result<Self, ConfigFaults> {
        let config = Self {
            stage: reader.text(&variables::STAGE),
            level: edge::telemetry::level(&mut reader),
            clock: edge::config::clock(&mut reader),
            tables: edge::config::tables(&mut reader),
            files_bucket: reader.text(&variables::FILES_BUCKET),
            sealing_key_arn: reader.text(&variables::SEALING_KEY_ARN),
            edge_secret_arn: reader.optional(&variables::EDGE_SECRET_ARN),
            aws: Aws::from(&mut reader),
        };
        reader.finish(config)
    }
}
