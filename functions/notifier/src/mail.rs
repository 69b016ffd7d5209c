//! One mail as bytes: text, simple HTML, and a file where there is one. The same notice gives the same
//! bytes, so that a mail sent twice is one mail twice.

use askama::Template;
use domain::id::NoticeId;
use jiff::Timestamp;
use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::MimePart;
use thiserror::Error;

use crate::news::News;

#[cfg(test)]
mod tests;

/// A mail that could not be written.
#[derive(Debug, Error)]
pub enum MailError {
    /// The page of the mail does not render.
    #[error("rendering the mail")]
    Render(#[source] askama::Error),
    /// The message does not encode.
    #[error("encoding the mail")]
    Encode(#[source] std::io::Error),
}

/// Who writes: the verified address of this deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender(pub String);

/// Who reads. Never shown in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The name, if it is known.
    pub name: Option<String>,
    /// The address.
    pub email: String,
}

impl std::fmt::Debug for Recipient {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("[redacted]")
    }
}

/// A file that goes with a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The name that the reader sees.
    pub file_name: String,
    /// The file: a PDF.
    pub bytes: Vec<u8>,
}

/// A mail before it is written.
pub struct Mail<'a> {
    /// The notice that it carries.
    pub notice: &'a NoticeId,
    /// When what it tells happened.
    pub date: Timestamp,
    /// Who writes.
    pub sender: &'a Sender,
    /// Who reads.
    pub recipient: &'a Recipient,
    /// What it tells.
    pub news: &'a News,
    /// The file that goes with it.
    pub attachment: Option<Attachment>,
}

#[derive(Template)]
#[template(path = "mail.txt", escape = "none")]
struct Text<'a> {
    greeting: &'a str,
    news: &'a News,
    notice: &'a NoticeId,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct Html<'a> {
    greeting: &'a str,
    news: &'a News,
    notice: &'a NoticeId,
}

impl Mail<'_> {
    /// The message as it is handed to the mail service.
    ///
    /// # Errors
    /// It does not render or encode.
    pub fn to_bytes(&self) -> Result<Vec<u8>, MailError> {
        let name = self.recipient.name.as_deref().map(one_line);
        let greeting = name.as_deref().map_or_else(|| "Hello,".to_owned(), |name| format!("Hello {name},"));
        let (notice, news, greeting) = (self.notice, self.news, greeting.as_str());
        let text = Text { greeting, news, notice }.render().map_err(MailError::Render)?;
        let html = Html { greeting, news, notice }.render().map_err(MailError::Render)?;
        MessageBuilder::new()
            .message_id(format!("{}@{}", self.notice, self.host()))
            .date(self.date.as_second())
            .from(Address::new_address(Some(one_line(&self.news.issuer)), self.sender.0.as_str()))
            .to(Address::new_address(name, one_line(&self.recipient.email)))
            .subject(one_line(&self.news.subject))
            .header("X-Tributary-Notice", Raw::new(self.notice.as_str()))
            // Nobody's out-of-office answer is wanted here.
            .header("Auto-Submitted", Raw::new("auto-generated"))
            .body(self.body(text, html))
            .write_to_vec()
            .map_err(MailError::Encode)
    }

    fn body(&self, text: String, html: String) -> MimePart<'_> {
        let either = MimePart::new(
            self.multipart("multipart/alternative", "a"),
            vec![MimePart::new("text/plain", text), MimePart::new("text/html", html)],
        );
        match &self.attachment {
            None => either,
            Some(file) => {
                let pdf = MimePart::new("application/pdf", file.bytes.as_slice()).attachment(file.file_name.as_str());
                MimePart::new(self.multipart("multipart/mixed", "m"), vec![either, pdf])
            }
        }
    }

    /// The border between parts is made from the notice, not from the clock and a counter.
    fn multipart(&self, kind: &'static str, level: &str) -> ContentType<'static> {
        ContentType::new(kind).attribute("boundary", format!("=_{}_{level}", self.notice))
    }

    fn host(&self) -> &str {
        self.sender.0.rsplit_once('@').map_or("localhost", |(_, host)| host)
    }
}

/// A header is one line, whatever a name holds.
fn one_line(text: &str) -> String {
    text.split(char::is_control).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}
