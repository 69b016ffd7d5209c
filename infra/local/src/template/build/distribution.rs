//! The distribution before the API.

use serde_json::Value;

use super::Reading;
use crate::template::properties::Properties;
use crate::template::{Distribution, Plan};

impl Reading<'_> {
    /// Of a distribution only the header runs here by which the API knows it.
    pub(super) fn distribution(&mut self, properties: &Properties<'_>, plan: &mut Plan) {
        let headers = properties
            .get("DistributionConfig")
            .and_then(|config| config.pointer("/Origins/0/OriginCustomHeaders"))
            .and_then(Value::as_array);
        for header in headers.into_iter().flatten() {
            let said = |name: &str| header.get(name).and_then(Value::as_str).unwrap_or_default();
            match secret_of(said("HeaderValue")) {
                Some((secret, member)) => {
                    plan.distribution = Some(Distribution { header: said("HeaderName").to_owned(), secret, member });
                }
                None => {
                    let why = "a header's value is a member of a secret, by {{resolve:secretsmanager:…}}";
                    self.faults.push(properties.fault("DistributionConfig", why));
                }
            }
        }
    }
}

/// `{{resolve:secretsmanager:<arn>:SecretString:<member>}}`.
fn secret_of(value: &str) -> Option<(String, String)> {
    let inner = value.strip_prefix("{{resolve:secretsmanager:")?.strip_suffix("}}")?;
    let (secret, member) = inner.split_once(":SecretString:")?;
    Some((secret.to_owned(), member.to_owned()))
}
