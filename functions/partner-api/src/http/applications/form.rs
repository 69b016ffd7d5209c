//! What an applicant writes: read, sealed whole, opened whole.

use domain::digest::Digest;
use domain::email::{self, Email};
use domain::id::ApplicationId;
use edge::faults::Faults;
use edge::problem::Problem;
use edge::sealing::{Belongs, Sealed, SealingError};
use edge::telemetry::chain;
use serde::{Deserialize, Serialize};
use store::TenantKey;
use store::applications::{FORM, StoredApplication};
use utoipa::ToSchema;

use crate::App;
use crate::http::partners::page;

const NAME_CHARS_MAX: usize = 200;
const ANSWERS_MAX: usize = 20;
const TERMS_CHARS_MAX: usize = 40;
const QUESTION_CHARS_MAX: usize = 200;
const ANSWER_CHARS_MAX: usize = 2_000;

/// An application to a programme.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Ada Lovelace",
    "email": "ada@example.com",
    "website": "https://ada.example/",
    "answers": [{"question": "How will you tell of us?", "answer": "In my newsletter."}]
}))]
pub(crate) struct NewApplication {
    /// The person's or company's name.
    name: String,
    /// Where the answer goes.
    #[schema(format = Email)]
    email: String,
    /// A page of theirs.
    website: Option<String>,
    /// The company.
    company: Option<String>,
    /// Answers to questions of the page that it was written on, at most 20.
    #[serde(default)]
    #[schema(max_items = 20)]
    answers: Vec<Answer>,
    /// The version of the terms that the applicant accepts; needed where the tenant has terms.
    terms_version: Option<String>,
}

/// A question and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    /// The question, as the page put it.
    question: String,
    /// The answer.
    answer: String,
}

/// What is kept of it, sealed as one.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Form {
    pub(crate) name: String,
    pub(crate) email: String,
    #[serde(default)]
    pub(crate) website: Option<String>,
    #[serde(default)]
    pub(crate) company: Option<String>,
    #[serde(default)]
    pub(crate) answers: Vec<Answer>,
}

impl NewApplication {
    /// The form, and the digest of its address; `terms` is the version that must be accepted.
    ///
    /// # Errors
    /// 400 with each wrong field.
    pub(crate) fn read(self, app: &App, terms: Option<&str>) -> Result<(Form, Digest), Problem> {
        let mut faults = Faults::default();
        let name = faults.text("/name", &self.name, NAME_CHARS_MAX);
        let address = faults.check("/email", Email::parse(&self.email));
        let known = address.and_then(|address| {
            let digest = email::digest(address.as_str());
            if digest.is_none() {
                faults.note("/email", "not an e-mail address");
            }
            digest.map(|digest| (address, digest))
        });
        let website = self.website.and_then(|text| page(app, &mut faults, &text));
        let company = self.company.map(|text| faults.text("/company", &text, NAME_CHARS_MAX));
        if self.answers.len() > ANSWERS_MAX {
            faults.note("/answers", format!("at most {ANSWERS_MAX}"));
        }
        let mut answers = Vec::new();
        for (place, Answer { question, answer }) in self.answers.iter().take(ANSWERS_MAX).enumerate() {
            let question = faults.text(&format!("/answers/{place}/question"), question, QUESTION_CHARS_MAX);
            let is_fine = |c: char| !c.is_control() || c == '\n';
            if answer.chars().count() > ANSWER_CHARS_MAX || !answer.chars().all(is_fine) {
                faults.note(&format!("/answers/{place}/answer"), format!("at most {ANSWER_CHARS_MAX} characters"));
            }
            answers.push(Answer { question, answer: answer.trim().to_owned() });
        }
        if let Some(version) = &self.terms_version {
            faults.text("/terms_version", version, TERMS_CHARS_MAX);
        }
        // OPS-4: whoever applies accepts the terms of today, or is told which they are.
        if let Some(terms) = terms
            && self.terms_version.as_deref() != Some(terms)
        {
            faults.clash("/terms_version", format!("accept the terms, version {terms}"));
        }
        let (address, digest) = faults.finish(known)?;
        Ok((Form { name, email: address.as_str().to_owned(), website, company, answers }, digest))
    }
}

/// Seals a form for its application.
///
/// # Errors
/// The key service is away.
pub(super) async fn seal(app: &App, tenant: &TenantKey, id: &ApplicationId, form: &Form) -> Result<String, Problem> {
    let belongs = Belongs { tenant: tenant.tenant().as_str(), subject: id.as_str(), field: FORM };
    let plain = serde_json::to_string(form).map_err(|_| Problem::internal())?;
    let sealed = app.sealer.seal_text(&belongs, &plain).await.map_err(|error| not_opened(id, &error))?;
    Ok(sealed.to_string())
}

/// Opens the form of an application; `None` where it was erased.
///
/// # Errors
/// The key service is away, or what is sealed is no form.
pub(super) async fn open(app: &App, tenant: &TenantKey, stored: &StoredApplication) -> Result<Option<Form>, Problem> {
    if stored.form_sealed.is_empty() {
        return Ok(None);
    }
    let id = &stored.application.id;
    let belongs = Belongs { tenant: tenant.tenant().as_str(), subject: id.as_str(), field: FORM };
    let sealed: Sealed = stored.form_sealed.parse().map_err(|error| not_opened(id, &error))?;
    let opened = app.sealer.open_text(&belongs, &sealed).await.map_err(|error| not_opened(id, &error))?;
    serde_json::from_str(opened.reveal()).map(Some).map_err(|_| not_opened(id, &SealingError::Malformed))
}

fn not_opened(id: &ApplicationId, error: &SealingError) -> Problem {
    let reason = chain(error);
    match error {
        SealingError::Unavailable(_) => {
            tracing::warn!(application.id = %id, reason, "key service away, request refused");
            Problem::unavailable("personal data cannot be sealed or opened now; try again")
        }
        SealingError::NotAuthentic | SealingError::Malformed => {
            tracing::error!(application.id = %id, reason, "the form of an application does not open");
            Problem::internal()
        }
    }
}
