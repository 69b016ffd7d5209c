//! The shapes of recomputes in requests and answers.

use cases::recompute::Shown;
use domain::line::Line;
use domain::money::Money;
use domain::recompute::{AccountDifference, Difference, LeftOut, Recompute};
use domain::rule::Terms;
use domain::time::Timestamp;
use edge::csv::Format;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::rules::{NewRule, WarningBody, warnings};

/// The columns of differences in CSV.
pub(super) const COLUMNS: [&str; 4] = ["partner_id", "difference", "currency", "lines"];

/// Other rules for past sales.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRecompute {
    /// The rule that would have paid: as for a new version, without `effective_from`.
    pub(super) rule: NewRule,
    /// For sales from this instant on.
    #[schema(value_type = String, format = DateTime)]
    pub(super) from: Timestamp,
    /// For sales before this instant; up to now when left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) to: Option<Timestamp>,
    /// Why, for people: what is kept says so.
    pub(super) reason: Option<String>,
}

/// An approval of what a recompute shows.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Approval {
    /// The `seal` that the recompute shows: just that is approved.
    pub(super) seal: String,
}

/// An amount of a currency.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AmountBody {
    /// A decimal string.
    amount: String,
    /// The currency.
    currency: String,
}

/// What changes for a partner.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DifferenceBody {
    partner_id: String,
    /// What the partner gets more; below zero, less.
    #[schema(example = "-12.50")]
    difference: String,
    currency: String,
    /// In how many lines.
    lines: u64,
}

/// An account that could not be counted or booked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LeftOutBody {
    partner_id: String,
    currency: String,
    /// Why, for people.
    reason: String,
}

/// A line of a recompute.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LineBody {
    partner_id: String,
    /// The sale, or the entry of the account.
    of: String,
    /// `adjustment`, `reversal` or `entry`.
    kind: String,
    amount: String,
    currency: String,
    /// The slot, or `held`.
    place: String,
    /// Is it booked, or would it be?
    booked: bool,
    /// How it comes about.
    notes: Vec<String>,
}

/// What other rules would make of past sales.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DryRunBody {
    /// In all, by currency.
    totals: Vec<AmountBody>,
    /// What is given and taken, by currency, whichever way.
    moved: Vec<AmountBody>,
    /// How many differences there are: one an account, and one more for each partner whom its own has referred.
    difference_count: u64,
    /// In how many lines.
    line_count: u64,
    /// How many accounts could not be counted: they would stay as they are.
    left_out_count: u64,
    /// The first 20 of them, and why.
    left_out: Vec<LeftOutBody>,
    /// Partner by partner, the first 500.
    differences: Vec<DifferenceBody>,
    /// Every line of the partner that was asked for, with `?partner_id=`.
    lines: Vec<LineBody>,
    /// What of the rule may not be meant. Empty for a rule without doubt.
    warnings: Vec<WarningBody>,
}

/// A recompute of a programme's past sales.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecomputeBody {
    id: String,
    program_id: String,
    /// `counting`, `proposed`, `checking`, `applying`, `applied`, `rejected`.
    #[schema(example = "proposed")]
    state: String,
    #[schema(format = DateTime)]
    from: String,
    #[schema(format = DateTime)]
    to: Option<String>,
    reason: String,
    requested_by: String,
    #[schema(format = DateTime)]
    requested_at: String,
    approved_by: Option<String>,
    /// What is approved: a hash of everything that is shown; null until it is counted.
    seal: Option<String>,
    /// How often it was shown: once more each time that it had changed when it was approved.
    round: u32,
    /// In all, by currency.
    totals: Vec<AmountBody>,
    /// What is given and taken, by currency, whichever way.
    moved: Vec<AmountBody>,
    /// How many differences there are: one an account, and one more for each partner whom its own has referred.
    difference_count: u64,
    /// In how many lines.
    line_count: u64,
    /// How many accounts could not be counted or booked: they stay as they are until a person has looked.
    left_out_count: u64,
    /// The first 20 of them, and why.
    left_out: Vec<LeftOutBody>,
    /// Partner by partner, the first 100; only of a single recompute. Its `differences` lists all.
    differences: Vec<DifferenceBody>,
    /// The lines of the partner that was asked for, booked and not, with `?partner_id=`.
    lines: Vec<LineBody>,
    /// What of the rule may not be meant. Empty for a rule without doubt.
    warnings: Vec<WarningBody>,
}

/// Whose lines.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfPartner {
    /// Show this partner's lines, one by one.
    pub(super) partner_id: Option<String>,
}

/// Which page, and in which form.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AskedRows {
    /// How many, 1 to 500; 100 when left out.
    pub(super) limit: Option<u32>,
    /// Where to go on: `next_cursor` of the page before.
    #[serde(default, deserialize_with = "edge::page::cursor")]
    pub(super) cursor: Option<String>,
    /// `csv` or `json`; so does the header `Accept`.
    pub(super) format: Option<Format>,
}

fn amounts(amounts: &[Money]) -> Vec<AmountBody> {
    let shown = amounts.iter();
    shown.map(|money| AmountBody { amount: money.to_text(), currency: money.currency().to_string() }).collect()
}

fn left_out(difference: &Difference) -> Vec<LeftOutBody> {
    let body = |one: &LeftOut| LeftOutBody {
        partner_id: one.partner.to_string(),
        currency: one.currency.to_string(),
        reason: one.reason.clone(),
    };
    difference.left_out.iter().map(body).collect()
}

impl From<&AccountDifference> for DifferenceBody {
    fn from(one: &AccountDifference) -> Self {
        Self {
            partner_id: one.partner.to_string(),
            difference: one.difference.to_text(),
            currency: one.difference.currency().to_string(),
            lines: one.lines,
        }
    }
}

impl LineBody {
    /// A line that is booked, or would be.
    pub(super) fn of(line: &Line, booked: bool) -> Self {
        Self {
            partner_id: line.partner.to_string(),
            of: line.origin.to_string(),
            kind: line.kind.word().to_owned(),
            amount: line.amount.to_text(),
            currency: line.amount.currency().to_string(),
            place: line.place.to_text(),
            booked,
            notes: line.trace.notes.clone(),
        }
    }
}

impl DryRunBody {
    /// What was shown of these terms, with the lines of one partner.
    pub(super) fn of(shown: &Shown, terms: &Terms, lines: Vec<LineBody>) -> Self {
        Self {
            totals: amounts(&shown.difference.totals),
            moved: amounts(&shown.difference.moved),
            difference_count: shown.difference.accounts,
            line_count: shown.difference.lines,
            left_out_count: shown.difference.left_out_count,
            left_out: left_out(&shown.difference),
            differences: shown.accounts.iter().map(DifferenceBody::from).collect(),
            lines,
            warnings: warnings(terms),
        }
    }
}

impl RecomputeBody {
    /// With what changes for partners.
    pub(super) fn with_differences(self, differences: Vec<DifferenceBody>) -> Self {
        Self { differences, ..self }
    }

    /// With lines of a partner.
    pub(super) fn with_lines(self, lines: Vec<LineBody>) -> Self {
        Self { lines, ..self }
    }
}

impl From<&Recompute> for RecomputeBody {
    fn from(recompute: &Recompute) -> Self {
        let shown = &recompute.shown;
        let is_shown = shown.seal != domain::digest::Digest::ZERO;
        Self {
            id: recompute.id.to_string(),
            program_id: recompute.program.to_string(),
            state: recompute.state.word().to_owned(),
            from: recompute.from.to_string(),
            to: recompute.to.map(|to| to.to_string()),
            reason: recompute.reason.clone(),
            requested_by: recompute.requested_by.id.clone(),
            requested_at: recompute.requested_at.to_string(),
            approved_by: recompute.state.approved_by().map(str::to_owned),
            seal: is_shown.then(|| shown.seal.to_hex()),
            round: recompute.round,
            totals: amounts(&shown.totals),
            moved: amounts(&shown.moved),
            difference_count: shown.accounts,
            line_count: shown.lines,
            left_out_count: shown.left_out_count,
            left_out: left_out(shown),
            differences: Vec::new(),
            lines: Vec::new(),
            // Its versions are one rule again and again; the last puts the programme's own in force behind it.
            warnings: recompute.versions.first().map_or_else(Vec::new, |version| warnings(&version.terms)),
        }
    }
}
