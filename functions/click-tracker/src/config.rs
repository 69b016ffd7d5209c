//! What click-tracker reads from its environment.

use edge::aws::Aws;
use edge::clock::Clock;
use edge::config::{ConfigFaults, Reader, Variable, variables};
use store::Tables;
use tracing::level_filters::LevelFilter;
use url::Url;

use crate::CookieRules;

/// The variables, beside those of `edge::aws`.
pub const VARIABLES: &[Variable] = &[
    variables::STAGE,
    variables::LOG_LEVEL,
    variables::CLOCK_OFFSET_MS,
    variables::CORE_TABLE,
    variables::CLICKS_TABLE,
    variables::OPS_TABLE,
    variables::STAGE_SECRET_ARN,
    variables::EDGE_SECRET_ARN,
    variables::PUBLIC_URL,
    variables::FALLBACK_URL,
    variables::COOKIE_DOMAIN,
];

/// The configuration, checked.
pub struct Config {
    /// How much is logged.
    pub level: LevelFilter,
    /// The time.
    pub clock: Clock,
    /// The tables' names.
    pub tables: Tables,
    /// Where the stage's secret is.
    pub stage_secret_arn: String,
    /// Where the secret of the distribution in front is, if there is one.
    pub edge_secret_arn: Option<String>,
    /// How cookies are set here.
    pub cookies: CookieRules,
    /// Where a visitor goes when the link cannot be read.
    pub fallback_url: Option<String>,
    /// The AWS clients' settings.
    pub aws: Aws,
}

impl Config {
    /// Reads everything and tells all faults at once.
    ///
    /// # Errors
    /// What is missing or bad.
    pub fn read(mut reader: Reader) -> Result<Self, ConfigFaults> {
        let public_url = web_address(&mut reader, &variables::PUBLIC_URL);
        reader.text(&variables::STAGE);
        let config = Self {
            level: edge::telemetry::level(&mut reader),
            clock: edge::config::clock(&mut reader),
            tables: edge::config::tables(&mut reader),
            stage_secret_arn: reader.text(&variables::STAGE_SECRET_ARN),
            edge_secret_arn: reader.optional(&variables::EDGE_SECRET_ARN),
            cookies: CookieRules {
                // Browsers refuse Secure cookies from plain http, save on localhost.
                secure: public_url.is_none_or(|url| url.scheme() == "https"),
                domain: cookie_domain(&mut reader),
            },
            fallback_url: web_address(&mut reader, &variables::FALLBACK_URL).map(Into::into),
            aws: Aws::from(&mut reader),
        };
        reader.finish(config)
    }
}

fn web_address(reader: &mut Reader, variable: &Variable) -> Option<Url> {
    let url: Url = reader.parsed(variable)?;
    if matches!(url.scheme(), "http" | "https") {
        return Some(url);
    }
    reader.fault(variable, "not an http or https address");
    None
}

fn cookie_domain(reader: &mut Reader) -> Option<String> {
    let domain = reader.optional(&variables::COOKIE_DOMAIN)?;
    if domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-') {
        return Some(domain);
    }
    reader.fault(&variables::COOKIE_DOMAIN, "not a domain name");
    None
}
