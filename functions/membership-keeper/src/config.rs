//! What membership-keeper reads from its environment.

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
    variables::STAGE_SECRET_ARN,
    variables::STRIPE_API_URL,
];

/// The configuration, checked.
pub struct Config {
    /// How much is logged.
    pub level: LevelFilter,
    /// The time.
    pub clock: Clock,
    /// The tables' names.
    pub tables: Tables,
    /// The stage, with which the names of tenants' secrets begin.
    pub stage: String,
    /// The stage's secret, which holds the key of Stripe's API.
    pub stage_secret_arn: String,
    /// Where Stripe is.
    pub stripe_url: String,
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
            level: edge::telemetry::level(&mut reader),
            clock: edge::config::clock(&mut reader),
            tables: edge::config::tables(&mut reader),
            stage: reader.text(&variables::STAGE),
            stage_secret_arn: reader.text(&variables::STAGE_SECRET_ARN),
            stripe_url: stripe::url(&mut reader),
            aws: Aws::from(&mut reader),
        };
        reader.finish(config)
    }
}
