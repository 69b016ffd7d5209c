//! What webhook-ingest reads from its environment.

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
    variables::FACTS_QUEUE_URL,
    variables::STAGE_SECRET_ARN,
    variables::EDGE_SECRET_ARN,
    variables::SEALING_KEY_ARN,
    variables::MX_RESOLVER_URL,
];

/// The configuration, checked.
pub struct Config {
    /// How much is logged.
    pub level: LevelFilter,
    /// The time.
    pub clock: Clock,
    /// The tables' names.
    pub tables: Tables,
    /// The queue of facts.
    pub facts_queue_url: String,
    /// Where the stage's secret is.
    pub stage_secret_arn: String,
    /// The key that wraps data keys.
    pub sealing_key_arn: String,
    /// Who says whether a domain takes mail, where somebody does.
    pub mx_resolver_url: Option<String>,
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
        reader.text(&variables::STAGE);
        let config = Self {
            level: edge::telemetry::level(&mut reader),
            clock: edge::config::clock(&mut reader),
            tables: edge::config::tables(&mut reader),
            facts_queue_url: reader.text(&variables::FACTS_QUEUE_URL),
            stage_secret_arn: reader.text(&variables::STAGE_SECRET_ARN),
            sealing_key_arn: reader.text(&variables::SEALING_KEY_ARN),
            mx_resolver_url: reader.optional(&variables::MX_RESOLVER_URL),
            edge_secret_arn: reader.optional(&variables::EDGE_SECRET_ARN),
            aws: Aws::from(&mut reader),
        };
        reader.finish(config)
    }
}
