//! Does a domain take mail? Asked of a resolver over HTTPS (`application/dns-json`), where one is configured. Only the
//! domain is asked for, and no form waits long for the answer: what is not known is not held against anybody.

use axum::body::Bytes;
use axum::http::header::ACCEPT;
use axum::http::{Request, StatusCode};
use edge::https::{Bounds, Https};
use serde::Deserialize;

/// How long a form waits.
const BOUNDS: Bounds = Bounds { connect_ms: None, answer_ms: 800, answer_bytes_max: 16 * 1024 };
/// The number of a record that says where mail goes.
const MX: u16 = 15;
/// The resolver's word for a name that does not exist.
const NO_SUCH_NAME: u16 = 3;

/// A resolver.
#[derive(Clone)]
pub struct MailHosts {
    https: Https,
    url: String,
}

#[derive(Deserialize)]
struct Told {
    #[serde(rename = "Status")]
    status: u16,
    #[serde(rename = "Answer", default)]
    answer: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "type")]
    kind: u16,
    data: String,
}

impl MailHosts {
    /// The resolver at an address.
    ///
    /// # Errors
    /// The system has no roots to trust.
    pub fn new(url: &str) -> Result<Self, std::io::Error> {
        Ok(Self { https: Https::new(BOUNDS)?, url: url.to_owned() })
    }

    /// Does a domain take mail? `None` when nobody can say.
    pub async fn takes_mail(&self, domain: &str) -> Option<bool> {
        match self.ask(domain).await {
            Some(told) => said(&told),
            None => {
                tracing::warn!("the resolver does not say whether a domain takes mail, the lead is taken as it is");
                None
            }
        }
    }

    async fn ask(&self, domain: &str) -> Option<Told> {
        let ascii = url::Host::parse(domain).ok()?.to_string();
        let request = Request::get(format!("{}?name={ascii}&type=MX", self.url)).header(ACCEPT, "application/dns-json");
        let answer = self.https.send(request.body(Bytes::new()).ok()?).await.ok()?;
        if answer.status() != StatusCode::OK {
            return None;
        }
        serde_json::from_slice(answer.body()).ok()
    }
}

/// A name that is not there takes no mail, and so does one whose only host is the root. Without a record mail may go to
/// the name's own address: that is not known.
fn said(told: &Told) -> Option<bool> {
    let hosts: Vec<&str> =
        told.answer.iter().filter(|record| record.kind == MX).map(|record| record.data.trim()).collect();
    match (told.status, hosts.as_slice()) {
        (NO_SUCH_NAME, _) => Some(false),
        (0, []) => None,
        (0, [only]) => Some(only.split_whitespace().last() != Some(".")),
        (0, _) => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_resolver_says_is_read_and_what_it_does_not_say_is_not_known() {
        for (text, expected) in [
            (r#"{"Status":0,"Answer":[{"name":"a.example","type":15,"TTL":9,"data":"10 mx.a.example."}]}"#, Some(true)),
            (r#"{"Status":0,"Answer":[{"type":15,"data":"10 a."},{"type":15,"data":"20 b."}]}"#, Some(true)),
            (r#"{"Status":0,"Answer":[{"type":5,"data":"b.example."},{"type":15,"data":"0 ."}]}"#, Some(false)),
            (r#"{"Status":0,"Answer":[{"type":5,"data":"b.example."}]}"#, None),
            (r#"{"Status":0}"#, None),
            (r#"{"Status":3}"#, Some(false)),
            (r#"{"Status":2}"#, None),
        ] {
            let told: Told = serde_json::from_str(text).expect("an answer");
            assert_eq!(said(&told), expected, "{text}");
        }
    }
}
