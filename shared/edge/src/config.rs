//! Typed configuration: every missing or bad variable is reported at once, then the process ends.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::clock::Clock;

/// One environment variable: its name and what a person must know to fill it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// The name in the environment.
    pub name: &'static str,
    /// One sentence: what it means.
    pub meaning: &'static str,
    /// Whether the function refuses to start without it.
    pub required: bool,
    /// A value that would do.
    pub example: &'static str,
}

impl Variable {
    const fn required(name: &'static str, meaning: &'static str, example: &'static str) -> Self {
        Self { name, meaning, required: true, example }
    }

    const fn optional(name: &'static str, meaning: &'static str, example: &'static str) -> Self {
        Self { name, meaning, required: false, example }
    }
}

/// The variables that functions share, one constant each.
pub mod variables {
    use super::Variable;

    /// The deployment's stage.
    pub const STAGE: Variable = Variable::required("STAGE", "the stage of this deployment", "prod");
    /// How much is logged.
    pub const LOG_LEVEL: Variable =
        Variable::optional("LOG_LEVEL", "error, warn, info, debug or trace; info when unset", "info");
    /// The offset of the edge clock.
    pub const CLOCK_OFFSET_MS: Variable =
        Variable::optional("CLOCK_OFFSET_MS", "milliseconds added to the system time by the clock; 0 when unset", "0");
    /// The table of record.
    pub const CORE_TABLE: Variable =
        Variable::required("CORE_TABLE", "name of the table of record", "tributary-prod-core");
    /// The table of clicks.
    pub const CLICKS_TABLE: Variable =
        Variable::required("CLICKS_TABLE", "name of the table of clicks", "tributary-prod-clicks");
    /// The table of what expires.
    pub const OPS_TABLE: Variable = Variable::required(
        "OPS_TABLE",
        "name of the table of what expires: raw events, idempotency, notices",
        "tributary-prod-ops",
    );
    /// The queue of facts.
    pub const FACTS_QUEUE_URL: Variable = Variable::required(
        "FACTS_QUEUE_URL",
        "queue of received facts",
        "https://sqs.us-east-1.amazonaws.com/123456789012/tributary-prod-facts",
    );
    /// The queue of visits.
    pub const VISITS_QUEUE_URL: Variable = Variable::required(
        "VISITS_QUEUE_URL",
        "queue of the night's visits to accounts",
        "https://sqs.us-east-1.amazonaws.com/123456789012/tributary-prod-visits",
    );
    /// The queue of payouts for rails.
    pub const PAYOUTS_QUEUE_URL: Variable = Variable::required(
        "PAYOUTS_QUEUE_URL",
        "queue of payouts for rails that move by themselves",
        "https://sqs.us-east-1.amazonaws.com/123456789012/tributary-prod-payouts",
    );
    /// The queue of notices.
    pub const NOTICES_QUEUE_URL: Variable = Variable::required(
        "NOTICES_QUEUE_URL",
        "queue of notices to be sent",
        "https://sqs.us-east-1.amazonaws.com/123456789012/tributary-prod-notices",
    );
    /// The queue of reports.
    pub const REPORTS_QUEUE_URL: Variable = Variable::required(
        "REPORTS_QUEUE_URL",
        "queue of reports to be made",
        "https://sqs.us-east-1.amazonaws.com/123456789012/tributary-prod-reports",
    );
    /// The bucket of files.
    pub const FILES_BUCKET: Variable =
        Variable::required("FILES_BUCKET", "bucket of receipts and reports", "tributary-prod-files");
    /// The stage's secret.
    pub const STAGE_SECRET_ARN: Variable = Variable::required(
        "STAGE_SECRET_ARN",
        "the stage's secret: click token keys and webhook secrets",
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:tributary-prod-AbCdEf",
    );
    /// The secret of the distribution in front.
    pub const EDGE_SECRET_ARN: Variable = Variable::optional(
        "EDGE_SECRET_ARN",
        "the secret that the distribution in front sends along; empty without one",
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:tributary-prod-edge-AbCdEf",
    );
    /// How the names of the deployment's functions begin.
    pub const FUNCTION_PREFIX: Variable =
        Variable::required("FUNCTION_PREFIX", "how the names of the deployment's functions begin", "tributary-prod-");
    /// The key that seals personal data.
    pub const SEALING_KEY_ARN: Variable = Variable::required(
        "SEALING_KEY_ARN",
        "KMS key under which data keys are wrapped",
        "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555",
    );
    /// The sender of mail.
    pub const MAIL_FROM: Variable =
        Variable::required("MAIL_FROM", "sender of mail, verified in SES", "payouts@example.com");
    /// Where Stripe is.
    pub const STRIPE_API_URL: Variable = Variable::optional(
        "STRIPE_API_URL",
        "address of Stripe's API; Stripe's own when empty",
        "https://api.stripe.com",
    );
    /// Who says whether a lead's domain takes mail.
    pub const MX_RESOLVER_URL: Variable = Variable::optional(
        "MX_RESOLVER_URL",
        "a resolver that answers application/dns-json, asked whether a lead's domain takes mail; nobody is when empty",
        "https://dns.example/resolve",
    );
    /// Who finds the tax of own subscriptions.
    pub const STRIPE_AUTOMATIC_TAX: Variable = Variable::optional(
        "STRIPE_AUTOMATIC_TAX",
        "true: Stripe finds the tax of subscriptions that are begun here; false when unset",
        "true",
    );
    /// Whether customers are reminded of payments that failed.
    pub const DUNNING_MAILS: Variable = Variable::optional(
        "DUNNING_MAILS",
        "true: customers are reminded 1, 3 and 7 days after a payment failed; false when unset",
        "true",
    );
    /// Whether events of a provider's test mode count.
    pub const TEST_MODE_EVENTS: Variable = Variable::optional(
        "TEST_MODE_EVENTS",
        "true: events of a provider's test mode are booked as live ones are; they are kept, and not acted on, when unset",
        "false",
    );
    /// The public address of this deployment.
    pub const PUBLIC_URL: Variable = Variable::required(
        "PUBLIC_URL",
        "address under which visitors and partners reach this deployment",
        "https://go.example.com",
    );
    /// The deployment's first admin.
    pub const FIRST_ADMIN_EMAIL: Variable = Variable::optional(
        "FIRST_ADMIN_EMAIL",
        "address whose first sign-in makes the first admin of the default tenant; nobody's when empty",
        "ada@example.com",
    );
    /// The issuer whose tokens begin sessions.
    pub const OIDC_ISSUER: Variable = Variable::optional(
        "OIDC_ISSUER",
        "OpenID Connect issuer whose ID tokens begin sessions, as its tokens name it; nobody's when empty",
        "https://login.example.com/",
    );
    /// For whom its tokens are.
    pub const OIDC_AUDIENCE: Variable = Variable::optional(
        "OIDC_AUDIENCE",
        "for whom the issuer's tokens must be: our client id there; set with OIDC_ISSUER",
        "tributary",
    );
    /// Where its keys are.
    pub const OIDC_KEYS_URL: Variable = Variable::optional(
        "OIDC_KEYS_URL",
        "where the issuer publishes its keys (jwks_uri); set with OIDC_ISSUER",
        "https://login.example.com/.well-known/jwks.json",
    );
    /// Where a visitor goes when store and cache both fail.
    pub const FALLBACK_URL: Variable = Variable::optional(
        "FALLBACK_URL",
        "where a visitor goes when the link can't be read; a 503 page when empty",
        "https://www.example.com/",
    );
    /// The domain of the cookies.
    pub const COOKIE_DOMAIN: Variable =
        Variable::optional("COOKIE_DOMAIN", "domain of the click cookies; the host alone when empty", "example.com");
    /// The AWS region.
    pub const AWS_REGION: Variable = Variable::required("AWS_REGION", "region, set by Lambda", "us-east-1");
    /// The role's access key.
    pub const AWS_ACCESS_KEY_ID: Variable =
        Variable::required("AWS_ACCESS_KEY_ID", "access key of the role, set by Lambda", "AKIAEXAMPLE");
    /// The role's secret key.
    pub const AWS_SECRET_ACCESS_KEY: Variable =
        Variable::required("AWS_SECRET_ACCESS_KEY", "secret key of the role, set by Lambda", "(secret)");
    /// The role's session token.
    pub const AWS_SESSION_TOKEN: Variable =
        Variable::optional("AWS_SESSION_TOKEN", "session token of the role, set by Lambda", "(secret)");
    /// One address for all services.
    pub const AWS_ENDPOINT_URL: Variable = Variable::optional(
        "AWS_ENDPOINT_URL",
        "address of all AWS services; AWS itself when unset",
        "http://127.0.0.1:4566",
    );
    /// DynamoDB's address.
    pub const AWS_ENDPOINT_URL_DYNAMODB: Variable =
        Variable::optional("AWS_ENDPOINT_URL_DYNAMODB", "address of DynamoDB alone", "http://127.0.0.1:8000");
    /// SQS's address.
    pub const AWS_ENDPOINT_URL_SQS: Variable =
        Variable::optional("AWS_ENDPOINT_URL_SQS", "address of SQS alone", "http://127.0.0.1:4566");
    /// S3's address.
    pub const AWS_ENDPOINT_URL_S3: Variable =
        Variable::optional("AWS_ENDPOINT_URL_S3", "address of S3 alone", "http://127.0.0.1:4566");
    /// SES's address.
    pub const AWS_ENDPOINT_URL_SES: Variable =
        Variable::optional("AWS_ENDPOINT_URL_SES", "address of SES alone", "http://127.0.0.1:4566");
    /// KMS's address.
    pub const AWS_ENDPOINT_URL_KMS: Variable =
        Variable::optional("AWS_ENDPOINT_URL_KMS", "address of KMS alone", "http://127.0.0.1:4566");
    /// Lambda's address.
    pub const AWS_ENDPOINT_URL_LAMBDA: Variable =
        Variable::optional("AWS_ENDPOINT_URL_LAMBDA", "address of Lambda alone", "http://127.0.0.1:4566");
    /// Secrets Manager's address.
    pub const AWS_ENDPOINT_URL_SECRETS_MANAGER: Variable = Variable::optional(
        "AWS_ENDPOINT_URL_SECRETS_MANAGER",
        "address of Secrets Manager alone",
        "http://127.0.0.1:4566",
    );

    /// Where the operator's command finds the API; no function reads it.
    pub const COMMAND_URL: Variable = Variable::optional(
        "TRIBUTARY_URL",
        "address of the deployment's API; `--url` says so, too",
        "https://go.example.com",
    );
    /// With which key the operator's command asks; no function reads it.
    pub const COMMAND_KEY: Variable = Variable::required("TRIBUTARY_KEY", "the API key that says who asks", "trb_…");

    /// What the operator's command reads for what it does through the API.
    pub const COMMAND: &[Variable] = &[COMMAND_URL, COMMAND_KEY];
    /// What every function reads, whatever it does.
    pub const EVERY_FUNCTION: &[Variable] = &[STAGE, LOG_LEVEL, CLOCK_OFFSET_MS];
    /// What `edge::aws` reads.
    pub const AWS: &[Variable] = &[
        AWS_REGION,
        AWS_ACCESS_KEY_ID,
        AWS_SECRET_ACCESS_KEY,
        AWS_SESSION_TOKEN,
        AWS_ENDPOINT_URL,
        AWS_ENDPOINT_URL_DYNAMODB,
        AWS_ENDPOINT_URL_SQS,
        AWS_ENDPOINT_URL_S3,
        AWS_ENDPOINT_URL_SES,
        AWS_ENDPOINT_URL_KMS,
        AWS_ENDPOINT_URL_LAMBDA,
        AWS_ENDPOINT_URL_SECRETS_MANAGER,
    ];
}

/// One thing that is wrong with the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The variable's name.
    pub name: &'static str,
    /// What is wrong, never the value (it may be a secret).
    pub why: String,
}

/// Everything that is wrong with the environment; Display has one fault a line.
///
/// So has Debug: a `main` that returns it prints every fault on standard error and ends with status 1.
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigFaults(pub Vec<Fault>);

impl fmt::Debug for ConfigFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ConfigFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "configuration: {} variable(s) missing or bad", self.0.len())?;
        for fault in &self.0 {
            write!(f, "\n  {}: {}", fault.name, fault.why)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigFaults {}

/// Reads variables and remembers every fault until [`Reader::finish`].
///
/// A faulty variable yields a placeholder, so that reading goes on and all faults are told together;
/// the placeholder never gets out, because `finish` refuses.
pub struct Reader {
    values: BTreeMap<String, String>,
    faults: Vec<Fault>,
}

impl Reader {
    /// Reads the process's environment: once, in `main`.
    #[expect(clippy::disallowed_methods, reason = "the one place of shipped code that reads the environment")]
    pub fn from_process_env() -> Self {
        // vars_os: a variable that is not UTF-8 must not panic; it counts as missing.
        let values =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self::from_map(values)
    }

    /// Reads the given pairs, for tests.
    pub fn from_map<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        Self { values: pairs.into_iter().map(|(n, v)| (n.into(), v.into())).collect(), faults: Vec::new() }
    }

    /// The text of a required variable; missing or empty is a fault.
    pub fn text(&mut self, variable: &Variable) -> String {
        self.optional(variable).unwrap_or_else(|| {
            self.fault(variable, "missing");
            String::new()
        })
    }

    /// The text of a variable that may be missing or empty.
    pub fn optional(&mut self, variable: &Variable) -> Option<String> {
        self.values.get(variable.name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// A parsed variable: None when it is missing or bad. Bad is a fault; missing is one if it is required.
    pub fn parsed<T: FromStr>(&mut self, variable: &Variable) -> Option<T>
    where
        T::Err: fmt::Display,
    {
        let Some(text) = self.optional(variable) else {
            if variable.required {
                self.fault(variable, "missing");
            }
            return None;
        };
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.fault(variable, format!("{error}"));
                None
            }
        }
    }

    /// Records a fault that only the caller can see.
    pub fn fault(&mut self, variable: &Variable, why: impl fmt::Display) {
        self.faults.push(Fault {
            name: variable.name,
            why: format!("{why} ({}; like {})", variable.meaning, variable.example),
        });
    }

    /// The configuration, if nothing was wrong.
    ///
    /// # Errors
    /// All faults that were met since the reader was made.
    pub fn finish<C>(self, config: C) -> Result<C, ConfigFaults> {
        if self.faults.is_empty() { Ok(config) } else { Err(ConfigFaults(self.faults)) }
    }
}

/// The names of the three tables.
pub fn tables(reader: &mut Reader) -> store::Tables {
    store::Tables {
        core: reader.text(&variables::CORE_TABLE),
        clicks: reader.text(&variables::CLICKS_TABLE),
        ops: reader.text(&variables::OPS_TABLE),
    }
}

/// The time, moved by `CLOCK_OFFSET_MS`.
pub fn clock(reader: &mut Reader) -> Clock {
    Clock::system(reader.parsed(&variables::CLOCK_OFFSET_MS).unwrap_or(0))
}

#[cfg(test)]
mod tests;
