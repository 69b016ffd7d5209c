//! What revenue-recorder reads from its environment.

use edge::aws::Aws;
use edge::config::{ConfigFaults, Reader, Variable, variables};
use tracing::level_filters::LevelFilter;

use crate::test_mode::TestEvents;

/// Every variable that this function reads, beside those of every function and of AWS.
pub const VARIABLES: &[Variable] = &[
    variables::STAGE,
    variables::LOG_LEVEL,
    variables::CLOCK_OFFSET_MS,
    variables::CORE_TABLE,
    variables::CLICKS_TABLE,
    variables::OPS_TABLE,
    variables::STAGE_SECRET_ARN,
    variables::SEALING_KEY_ARN,
    variables::TEST_MODE_EVENTS,
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
    /// The stage's secret.
    pub stage_secret_arn: String,
    /// The key that seals.
    pub sealing_key_arn: String,
    /// What becomes of events of a provider's test mode.
    pub test_events: TestEvents,
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
            stage_secret_arn: reader.text(&variables::STAGE_SECRET_ARN),
            sealing_key_arn: reader.text(&variables::SEALING_KEY_ARN),
            // ING-19: a deployment that says nothing pays out money, and test events bring none.
            test_events: match reader.parsed::<bool>(&variables::TEST_MODE_EVENTS) {
                Some(true) => TestEvents::Booked,
                Some(false) | None => TestEvents::KeptOnly,
            },
        };
        reader.finish(config)
    }
}
