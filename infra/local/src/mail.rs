//! SES: mail that is sent is kept, and shown at /local/mail.

mod mime;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusqlite::params;
use serde::Serialize;
use winterbaume_core::{MockRequest, MockResponse, MockService};
use winterbaume_ses::SesService;

use crate::clock::Clock;
use crate::keep::Keep;

pub use mime::{Attachment, Letter};

/// The service and its letters.
#[derive(Clone)]
pub struct Mail {
    keep: Keep,
    clock: Clock,
    others: std::sync::Arc<SesService>,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mail")
    }
}

/// A letter as the list shows it.
#[derive(Debug, Clone, Serialize)]
pub struct Sent {
    /// SES's id.
    pub id: String,
    /// When, by the settable clock.
    pub at: String,
    /// The envelope's sender.
    pub source: String,
    /// The envelope's recipients.
    pub recipients: Vec<String>,
    /// What it says.
    #[serde(flatten)]
    pub letter: Letter,
}

impl Mail {
    pub(crate) fn new(keep: Keep, clock: Clock) -> Self {
        Self { keep, clock, others: std::sync::Arc::new(SesService::new()) }
    }

    pub(crate) async fn serve(&self, request: MockRequest) -> MockResponse {
        let form: BTreeMap<String, String> = url::form_urlencoded::parse(&request.body).into_owned().collect();
        let action = form.get("Action").map(String::as_str).unwrap_or_default();
        let raw = match action {
            "SendRawEmail" => {
                let data = form.get("RawMessage.Data").map(String::as_str).unwrap_or_default();
                match STANDARD.decode(data) {
                    Ok(raw) if !raw.is_empty() => raw,
                    _ => return refused("InvalidParameterValue", "RawMessage.Data is no message"),
                }
            }
            "SendEmail" => plain_letter(&form),
            // Here mail may be sent from any address, so each is told to be verified.
            "GetIdentityVerificationAttributes" => return verified(action, &form),
            _ => return self.others.handle(request).await,
        };
        match self.record(&form, &raw) {
            Ok(id) => answered(action, &id),
            Err(e) => refused("ServiceUnavailable", &e.to_string()),
        }
    }

    fn record(&self, form: &BTreeMap<String, String>, raw: &[u8]) -> rusqlite::Result<String> {
        let letter = Letter::read(raw);
        let source = form.get("Source").cloned().unwrap_or_else(|| letter.from.clone());
        let named = |prefix: &str| {
            let members = form.iter().filter(move |(name, _)| name.starts_with(prefix));
            members.map(|(_, address)| address.clone()).collect::<Vec<_>>()
        };
        let mut recipients = named("Destinations.member.");
        recipients.extend(named("Destination."));
        if recipients.is_empty() {
            recipients.push(letter.to.clone());
        }
        let id = format!("local-{}", crate::ids::uuid());
        let recipients = serde_json::to_string(&recipients).unwrap_or_default();
        let query = "INSERT INTO mail (id, at_ms, source, recipients, raw) VALUES (?1, ?2, ?3, ?4, ?5)";
        let now = self.clock.now_ms();
        self.keep.lock().execute(query, params![id, now, source, recipients, raw])?;
        Ok(id)
    }

    /// The latest letters, newest first.
    pub fn latest(&self, count: u32) -> rusqlite::Result<Vec<Sent>> {
        let connection = self.keep.lock();
        let query = "SELECT id, at_ms, source, recipients, raw FROM mail ORDER BY seq DESC LIMIT ?1";
        let mut statement = connection.prepare_cached(query)?;
        let found = statement.query_map(params![count], |row| {
            let recipients: String = row.get(3)?;
            let raw: Vec<u8> = row.get(4)?;
            let at = jiff::Timestamp::from_millisecond(row.get(1)?).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
            Ok(Sent {
                id: row.get(0)?,
                at: at.to_string(),
                source: row.get(2)?,
                recipients: serde_json::from_str(&recipients).unwrap_or_default(),
                letter: Letter::read(&raw),
            })
        })?;
        found.collect()
    }

    /// How many letters there are.
    pub fn count(&self) -> rusqlite::Result<u64> {
        self.keep.lock().query_row("SELECT COUNT(*) FROM mail", [], |row| row.get(0))
    }

    /// One letter as it was sent.
    pub fn raw(&self, id: &str) -> rusqlite::Result<Option<Vec<u8>>> {
        use rusqlite::OptionalExtension as _;
        let query = "SELECT raw FROM mail WHERE id = ?1";
        self.keep.lock().query_row(query, params![id], |row| row.get(0)).optional()
    }
}

/// SendEmail's fields as a message.
fn plain_letter(form: &BTreeMap<String, String>) -> Vec<u8> {
    let said = |name: &str| form.get(name).cloned().unwrap_or_default();
    let to: Vec<String> = form
        .iter()
        .filter(|(name, _)| name.starts_with("Destination.ToAddresses.member."))
        .map(|(_, address)| address.clone())
        .collect();
    let (kind, body) = match form.get("Message.Body.Text.Data") {
        Some(text) => ("text/plain", text.clone()),
        None => ("text/html", said("Message.Body.Html.Data")),
    };
    format!(
        "From: {}\r\nTo: {}\r\nSubject: {}\r\nContent-Type: {kind}; charset=utf-8\r\n\r\n{body}",
        said("Source"),
        to.join(", "),
        said("Message.Subject.Data"),
    )
    .into_bytes()
}

fn answered(action: &str, id: &str) -> MockResponse {
    let request = crate::ids::uuid();
    MockResponse::xml(
        200,
        format!(
            "<{action}Response xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\"><{action}Result>\
             <MessageId>{id}</MessageId></{action}Result><ResponseMetadata><RequestId>{request}</RequestId>\
             </ResponseMetadata></{action}Response>"
        ),
    )
}

fn verified(action: &str, form: &BTreeMap<String, String>) -> MockResponse {
    let names = form.iter().filter(|(name, _)| name.starts_with("Identities.member."));
    let entry = |name: &str| {
        let name = name.replace('&', "&amp;").replace('<', "&lt;");
        format!("<entry><key>{name}</key><value><VerificationStatus>Success</VerificationStatus></value></entry>")
    };
    let entries: String = names.map(|(_, name)| entry(name)).collect();
    MockResponse::xml(
        200,
        format!(
            "<{action}Response xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\"><{action}Result>\
             <VerificationAttributes>{entries}</VerificationAttributes></{action}Result><ResponseMetadata><RequestId>{}\
             </RequestId></ResponseMetadata></{action}Response>",
            crate::ids::uuid()
        ),
    )
}

fn refused(code: &str, why: &str) -> MockResponse {
    MockResponse::error(400, code, why)
}
