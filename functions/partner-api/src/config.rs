//! What partner-api reads from its environment.

use edge::aws::Aws;
use edge::clock::Clock;
use edge::config::{ConfigFaults, Reader, Variable, variables};
use store::Tables;
use tracing::level_filters::LevelFilter;

use crate::Place;

/// The variables, beside those of `edge::aws`.
pub const VARIABLES: &[Variable] = &[
    variables::STAGE,
    variables::LOG_LEVEL,
    variables::CLOCK_OFFSET_MS,
    variables::CORE_TABLE,
    variables::CLICKS_TABLE,
    variables::OPS_TABLE,
    variables::SEALING_KEY_ARN,
    variables::PUBLIC_URL,
    variables::VISITS_QUEUE_URL,
    variables::STAGE_SECRET_ARN,
    variables::EDGE_SECRET_ARN,
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
    /// The key that wraps data keys.
    pub sealing_key_arn: String,
    /// Where this deployment is.
    pub place: Place,
    /// The queue of the night's visits, for recomputes that go on behind a request.
    pub visits_queue_url: String,
    /// The stage, with which the names of tenants' secrets begin.
    pub stage: String,
    /// The stage's secret, which holds the key of Stripe's API.
    pub stage_secret_arn: String,
    /// Where Stripe is.
    pub stripe_url: String,
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
        let stage = reader.text(&variables::STAGE);
        let config = Self {
            level: edge::telemetry::level(&mut reader),
            clock: edge::config::clock(&mut reader),
            tables: edge::config::tables(&mut reader),
            sealing_key_arn: reader.text(&variables::SEALING_KEY_ARN),
            place: Place {
                is_dev: stage == "dev",
                public_url: reader.text(&variables::PUBLIC_URL).trim_end_matches('/').to_owned(),
            },
            visits_queue_url: reader.text(&variables::VISITS_QUEUE_URL),
            stage,
            stage_secret_arn: reader.text(&variables::STAGE_SECRET_ARN),
            stripe_url: stripe::url(&mut reader),
            edge_secret_arn: reader.optional(&variables::EDGE_SECRET_ARN),
            aws: Aws::from(&mut reader),
        };
        reader.finish(config)
    }
}
