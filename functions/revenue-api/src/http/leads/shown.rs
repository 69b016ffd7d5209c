//! Leads as they are shown.

use domain::lead::analytics::{Analytics, Tally};
use domain::lead::{Conversion, Lead, LeadState};
use domain::time::{BusinessDay, Timestamp};
use serde::{Deserialize, Serialize};
use store::leads::StoredLead;
use utoipa::ToSchema;

/// The columns of the list as CSV.
pub(super) const COLUMNS: [&str; 11] = [
    "id",
    "program_id",
    "source",
    "campaign",
    "state",
    "score",
    "captures",
    "converted",
    "captured_at",
    "seen_at",
    "conversion_date",
];
/// The columns of the sources as CSV.
pub(super) const SOURCE_COLUMNS: [&str; 8] = [
    "source",
    "leads_captured",
    "qualified",
    "converted",
    "rejected",
    "duplicates",
    "conversion_rate",
    "avg_time_to_convert",
];

/// A lead, without what is personal.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LeadView {
    /// Its id.
    id: String,
    /// The programme.
    program_id: String,
    /// Where it came from first.
    #[schema(example = "pricing-page")]
    source: String,
    /// By which campaign.
    campaign: Option<String>,
    /// `scored`, `qualified`, `converted`, `rejected`, `duplicate` or `erased`.
    #[schema(example = "qualified")]
    state: &'static str,
    /// From 0 to 100; from 50 on it is qualified.
    #[schema(example = 65)]
    score: u8,
    /// How often the address was left, an hour or more apart.
    captures: u32,
    /// Is it a customer by now?
    converted: bool,
    /// When the address was first left.
    #[schema(value_type = String, format = DateTime)]
    captured_at: Timestamp,
    /// When it was last.
    #[schema(value_type = String, format = DateTime)]
    seen_at: Timestamp,
    /// Since when it is a customer.
    #[schema(value_type = Option<String>, format = DateTime)]
    conversion_date: Option<Timestamp>,
}

/// A lead, with who it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LeadDetail {
    #[serde(flatten)]
    lead: LeadView,
    #[serde(flatten)]
    person: Person,
    /// Why it has its score.
    score_reasons: Vec<ReasonView>,
    /// What the person agreed to: where and when.
    consent: ConsentView,
    /// How it became a customer: `payment`, or `person`.
    converted_by: Option<&'static str>,
    /// Why it is none: `disposable_address`, `no_mail_host`.
    rejection_reason: Option<&'static str>,
}

/// What is personal of a lead; all null once it is erased.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
pub(crate) struct Person {
    /// The address.
    email: Option<String>,
    /// Their name.
    name: Option<String>,
    /// Their company.
    company: Option<String>,
    /// What they do there.
    job_title: Option<String>,
    /// Their telephone number.
    phone: Option<String>,
}

/// Why a lead has points.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReasonView {
    /// The reason's code.
    #[schema(example = "looked_at_pricing")]
    code: &'static str,
    /// `demographic`: what they are; `behavioural`: what they did.
    kind: &'static str,
    /// How much; below zero takes away.
    points: i16,
}

/// What a person agreed to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConsentView {
    /// Where.
    source: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// Leads of a span, added up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AnalyticsView {
    /// The first day on which they were captured.
    #[schema(value_type = String, format = Date)]
    from: BusinessDay,
    /// The last one.
    #[schema(value_type = String, format = Date)]
    to: BusinessDay,
    #[serde(flatten)]
    all: SourceView,
    /// The same of each source.
    by_source: Vec<SourceView>,
}

/// The leads of a source, added up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SourceView {
    /// The source; `(all)` for all of them.
    #[schema(example = "pricing-page")]
    source: String,
    /// How many were captured.
    leads_captured: u64,
    /// How many of them were qualified.
    qualified: u64,
    /// How many of them are customers.
    converted: u64,
    /// How many of them were rejected.
    rejected: u64,
    /// How many of them were customers already.
    duplicates: u64,
    /// The share that are customers; null of nobody.
    #[schema(example = "0.2500")]
    conversion_rate: Option<String>,
    /// How many days that took on average; null where nobody is.
    #[schema(example = "3.50")]
    avg_time_to_convert: Option<String>,
}

impl Person {
    /// With what another form said of the fields that are not known yet.
    pub(super) fn filled_by(self, said: Self) -> Self {
        Self {
            email: self.email.or(said.email),
            name: self.name.or(said.name),
            company: self.company.or(said.company),
            job_title: self.job_title.or(said.job_title),
            phone: self.phone.or(said.phone),
        }
    }
}

impl From<&StoredLead> for LeadView {
    fn from(stored: &StoredLead) -> Self {
        let lead = &stored.lead;
        Self {
            id: lead.id.to_string(),
            program_id: lead.program.to_string(),
            source: lead.source.as_str().to_owned(),
            campaign: lead.campaign.clone(),
            state: lead.state.word(),
            score: lead.score.points(),
            captures: lead.captures,
            converted: lead.converted_at().is_some(),
            captured_at: lead.captured_at,
            seen_at: lead.seen_at,
            conversion_date: lead.converted_at(),
        }
    }
}

impl LeadDetail {
    pub(super) fn of(view: LeadView, person: Person, lead: &Lead) -> Self {
        let reason = |one: &domain::lead::score::Scored| ReasonView {
            code: one.code.code(),
            kind: one.code.kind(),
            points: one.points,
        };
        let (converted_by, rejection_reason) = match &lead.state {
            LeadState::Converted { how: Conversion::Payment, .. } => (Some("payment"), None),
            LeadState::Converted { how: Conversion::Person { .. }, .. } => (Some("person"), None),
            LeadState::Rejected { why } => (None, Some(why.word())),
            _ => (None, None),
        };
        Self {
            lead: view,
            person,
            score_reasons: lead.score.reasons().iter().map(reason).collect(),
            consent: ConsentView { source: lead.consent.source.clone(), at: lead.consent.at },
            converted_by,
            rejection_reason,
        }
    }
}

impl SourceView {
    pub(super) fn of(source: &str, tally: &Tally) -> Self {
        Self {
            source: source.to_owned(),
            leads_captured: tally.captured,
            qualified: tally.qualified,
            converted: tally.converted,
            rejected: tally.rejected,
            duplicates: tally.duplicates,
            conversion_rate: tally.conversion_rate().map(|rate| format!("{rate:.4}")),
            avg_time_to_convert: tally.days_to_convert().map(|days| format!("{days:.2}")),
        }
    }
}

impl AnalyticsView {
    pub(super) fn of((from, to): (BusinessDay, BusinessDay), told: &Analytics) -> Self {
        let by_source = told.by_source.iter().map(|(source, tally)| SourceView::of(source.as_str(), tally)).collect();
        Self { from, to, all: SourceView::of("(all)", &told.all), by_source }
    }
}
