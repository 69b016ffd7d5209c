//! What admin-api reads from its environment.

use domain::email::Email;
use edge::aws::Aws;
use edge::clock::Clock;
use edge::config::{ConfigFaults, Reader, Variable, variables};
use store::Tables;
use tracing::level_filters::LevelFilter;

use crate::issuer::Trust;

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
    variables::MAIL_FROM,
    variables::EDGE_SECRET_ARN,
    variables::FUNCTION_PREFIX,
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
    /// The address that mail is sent from, which is only looked at.
    pub mail_from: String,
    /// How the names of the functions begin that do the jobs.
    pub function_prefix: String,
    /// The address that sign-in links lead to.
    pub public_url: String,
    /// Whose first sign-in makes the first admin.
    pub first_admin_email: Option<Email>,
    /// Where the secret of the distribution in front is, if there is one.
    pub edge_secret_arn: Option<String>,
    /// The issuer whose tokens are taken; nobody's when not set.
    pub trust: Option<Trust>,
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
            mail_from: reader.text(&variables::MAIL_FROM),
            function_prefix: reader.text(&variables::FUNCTION_PREFIX),
            public_url: reader.text(&variables::PUBLIC_URL),
            first_admin_email: first_admin(&mut reader),
            trust: trust(&mut reader),
            edge_secret_arn: reader.optional(&variables::EDGE_SECRET_ARN),
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

/// The issuer: all of what it takes, or none of it.
fn trust(reader: &mut Reader) -> Option<Trust> {
    let parts = [&variables::OIDC_ISSUER, &variables::OIDC_AUDIENCE, &variables::OIDC_KEYS_URL];
    let given = parts.map(|variable| reader.optional(variable));
    if given.iter().all(Option::is_none) {
        return None;
    }
    for (variable, _) in parts.iter().zip(&given).filter(|(_, value)| value.is_none()) {
        reader.fault(variable, "missing, while another of OIDC_ISSUER, OIDC_AUDIENCE and OIDC_KEYS_URL is set");
    }
    let [Some(issuer), Some(audience), Some(keys_url)] = given else { return None };
    // Whoever stands between would choose the keys. On one's own machine nobody does.
    let is_safe = keys_url.starts_with("https://") || keys_url.starts_with("http://127.0.0.1:");
    if !is_safe {
        reader.fault(&variables::OIDC_KEYS_URL, "it must begin with https://");
    }
    Some(Trust { issuer, audience, keys_url })
}
