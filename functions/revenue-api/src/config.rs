//! What revenue-api reads from its environment.

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
    variables::VISITS_QUEUE_URL,
    variables::SEALING_KEY_ARN,
    variables::STAGE_SECRET_ARN,
    variables::EDGE_SECRET_ARN,
    variables::STRIPE_API_URL,
    variables::STRIPE_AUTOMATIC_TAX,
];

/// The configuration, checked.
pub struct Config {
    /// How much is logged.
    pub level: LevelFilter,
    /// The time.
    pub clock: Clock,
    /// The tables' names.
    pub tables: Tables,
    /// The queue of the night's visits, for a night that is begun by hand.
    pub visits_queue_url: String,
    /// The key that wraps data keys.
    pub sealing_key_arn: String,
    /// The stage, with which the names of tenants' secrets begin.
    pub stage: String,
    /// The stage's secret, which holds the key of Stripe's API.
    pub stage_secret_arn: String,
    /// Where Stripe is.
    pub stripe_url: String,
    /// Does Stripe find the tax of subscriptions that are begun here?
    pub is_taxed_by_stripe: bool,
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
            level: edge::telemetry::level(&mut reader),
            clock: edge::config::clock(&mut reader),
            tables: edge::config::tables(&mut reader),
            visits_queue_url: reader.text(&variables::VISITS_QUEUE_URL),
            sealing_key_arn: reader.text(&variables::SEALING_KEY_ARN),
            stage: reader.text(&variables::STAGE),
            stage_secret_arn: reader.text(&variables::STAGE_SECRET_ARN),
            stripe_url: stripe::url(&mut reader),
            is_taxed_by_stripe: reader.parsed(&variables::STRIPE_AUTOMATIC_TAX).unwrap_or(false),
            edge_secret_arn: reader.optional(&variables::EDGE_SECRET_ARN),
            aws: Aws::from(&mut reader),
        };
        reader.finish(config)
    }
}
