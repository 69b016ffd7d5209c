//! What admin-api reads from its environment.

use domain::email::Email;
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
    variables::PUBLIC_URL,
    variables::FIRST_ADMIN_EMAIL,
    variables::VISITS_QUEUE_URL,
    variables::NOTICES_QUEUE_URL,
    variables::REPORTS_QUEUE_URL,
    variables::PAYOUTS_QUEUE_URL,
    variables::SEALING_KEY_ARN,
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
    /// The queues that are only looked at.
    pub watched_queue_urls: [(&'static str, String); 4],
    /// The key that personal data is sealed under.
    pub sealing_key_arn: String,
    /// The address that sign-in links lead to.
    pub public_url: String,
    /// Whose first sign-in makes the first admin.
    pub first_admin_email: Option<Email>,
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
            watched_queue_urls: [
                ("visits", reader.text(&variables::VISITS_QUEUE_URL)),
                ("notices", reader.text(&variables::NOTICES_QUEUE_URL)),
                ("reports", reader.text(&variables::REPORTS_QUEUE_URL)),
                ("payouts", reader.text(&variables::PAYOUTS_QUEUE_URL)),
            ],
            sealing_key_arn: reader.text(&variables::SEALING_KEY_ARN),
            public_url: reader.text(&variables::PUBLIC_URL),
            first_admin_email: first_admin(&mut reader),
            aws: Aws::from(&mut reader),
        };
        reader.finish(config)
    }
}

fn first_admin(reader: &mut Reader) -> Option<Email> {
    let text = reader.optional(&variables::FIRST_ADMIN_EMAIL)?;
    match Email::parse(&text) {
        Ok(email) => Some(email),
        Err(error) => {
            reader.fault(&variables::FIRST_ADMIN_EMAIL, error);
            None
        }
    }
}
