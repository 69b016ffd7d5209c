//! The answers about a year.

use std::collections::BTreeMap;

use domain::money::Money;
use domain::tax::batch::{BatchState, Correction, CorrectionKind, TaxBatch, TaxFile, TaxYear};
use domain::tax::{Totals, Verdict, YearRow};
use domain::time::Timestamp;
use edge::csv::Format;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which count of a year.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CountQuery {
    /// Its number; the newest when left out.
    #[param(minimum = 1)]
    pub(super) count: Option<u32>,
}

/// Which page of which count of a year.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RowsQuery {
    /// The number of the count; the newest when left out.
    #[param(minimum = 1)]
    pub(super) count: Option<u32>,
    /// How many rows, from 1 to 500; 100 when left out.
    #[param(minimum = 1, maximum = 500)]
    pub(super) limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default, deserialize_with = "edge::page::cursor")]
    pub(super) cursor: Option<String>,
    /// `csv` or `json`; so does the header `Accept`.
    pub(super) format: Option<Format>,
}

/// A year, as it was counted last.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaxYearView {
    /// Which.
    #[schema(example = 2025)]
    year: i16,
    /// From how much on a payee is told of.
    #[schema(example = "600.00")]
    threshold: String,
    /// What was withheld, as far as it was counted.
    withheld: String,
    /// What of it was handed on to the tax office.
    remitted: String,
    /// What is owed.
    owed: String,
    /// The number of the count that was filed; null where none was.
    filed_count: Option<u32>,
    /// The newest count, or the one that was asked for; null before the first.
    count: Option<TaxCountView>,
}

/// A count of a year.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaxCountView {
    /// Its number within the year.
    no: u32,
    /// `counting` or `making` (send the same request again to go on), `undecided` (say who tells of a rail), `ready`, `filed`.
    #[schema(example = "ready")]
    state: &'static str,
    /// Was the year not over? Then it has no files.
    is_preview: bool,
    /// The number of the filed count that it corrects.
    corrects: Option<u32>,
    /// Who asked for it.
    created_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// What it comes to; null while it is counted.
    totals: Option<TaxTotalsView>,
    /// Its files.
    files: Vec<TaxFileView>,
    /// What the tax office answered, once it was filed.
    receipt: Option<String>,
}

/// What a count comes to, in dollars. `paid` = `came_back` + `told_by_rails` + `undecided` + the sum of `by_verdict`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaxTotalsView {
    /// Payees, one a form.
    rows: u64,
    /// Payouts that were paid in the year.
    payouts: u64,
    /// What they come to, gross.
    paid: String,
    /// What of it came back.
    came_back: String,
    /// What rails tell themselves.
    told_by_rails: String,
    /// What went through rails of which nobody has decided who tells.
    undecided: String,
    /// What is left, by what becomes of it: `reported`, `below_threshold`, `exempt`, `foreign`, `nothing`, `missing_form`,
    /// `foreign_withheld`.
    by_verdict: BTreeMap<String, String>,
    /// How many payees of each.
    rows_by_verdict: BTreeMap<String, u64>,
    /// What was withheld.
    withheld: String,
    /// What of it no file tells of, as no form says who the payee is, or the payee is foreign by now. Whoever files names it.
    withheld_untold: String,
    /// The same by month, January first.
    withheld_by_month: Vec<String>,
    /// What was paid in other currencies, and is in no form.
    other_currencies: BTreeMap<String, String>,
}

/// A file for the tax office.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaxFileView {
    /// Its name.
    #[schema(example = "1099-nec-001")]
    name: String,
    /// How many payees, at most 100.
    rows: u32,
    /// What it tells as paid.
    paid: String,
    /// What it tells as withheld.
    withheld: String,
    /// Of its bytes.
    sha256: String,
}

/// What a payee was paid in a year, and what becomes of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaxRowView {
    /// Whom.
    partner_id: String,
    /// `1099-nec` or `1099-misc`.
    form: &'static str,
    /// What becomes of it.
    #[schema(example = "reported")]
    verdict: &'static str,
    /// How many payouts.
    payouts: u32,
    /// What was paid, gross.
    paid: String,
    /// What of it came back.
    came_back: String,
    /// What rails tell.
    told_by_rails: String,
    /// What nobody has decided about.
    undecided: String,
    /// What is left to tell: box 1 or 3.
    reportable: String,
    /// What was withheld: box 4.
    withheld: String,
    /// The payee's form: `w9` or `w8ben`; null where there is none.
    form_on_file: Option<&'static str>,
    /// Does it hold?
    form_is_valid: bool,
}

/// What a later count says otherwise than the filed one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaxCorrectionView {
    /// Of whom.
    partner_id: String,
    /// On which form.
    form: &'static str,
    /// `amount` (the same form again), `recipient` (the filed one to nothing, and a new one), `withdrawn` (to nothing),
    /// `added`.
    #[schema(value_type = String, example = "amount")]
    correction: CorrectionKind,
    /// What was filed as paid.
    filed_paid: String,
    /// What was filed as withheld.
    filed_withheld: String,
    /// What is right as paid.
    paid: String,
    /// What is right as withheld.
    withheld: String,
}

pub(super) const ROW_COLUMNS: [&str; 12] = [
    "partner_id",
    "form",
    "verdict",
    "payouts",
    "paid",
    "came_back",
    "told_by_rails",
    "undecided",
    "reportable",
    "withheld",
    "form_on_file",
    "form_is_valid",
];

pub(super) const CORRECTION_COLUMNS: [&str; 7] =
    ["partner_id", "form", "correction", "filed_paid", "filed_withheld", "paid", "withheld"];

impl TaxYearView {
    pub(super) fn of(year: &TaxYear, threshold: Money, count: Option<&TaxBatch>) -> Self {
        Self {
            year: year.year,
            threshold: threshold.to_text(),
            withheld: year.withheld.to_text(),
            remitted: year.remitted.to_text(),
            owed: year.owed().map(Money::to_text).unwrap_or_default(),
            filed_count: year.filed,
            count: count.map(TaxCountView::from),
        }
    }
}

impl From<&TaxBatch> for TaxCountView {
    fn from(batch: &TaxBatch) -> Self {
        let receipt = match &batch.state {
            BatchState::Filed { receipt, .. } => Some(receipt.clone()),
            _ => None,
        };
        Self {
            no: batch.no,
            state: batch.state.word(),
            is_preview: batch.is_preview,
            corrects: batch.corrects,
            created_by: batch.by.clone(),
            created_at: batch.at,
            totals: batch.totals.as_ref().map(TaxTotalsView::from),
            files: batch.files.iter().map(TaxFileView::from).collect(),
            receipt,
        }
    }
}

impl From<&Totals> for TaxTotalsView {
    fn from(totals: &Totals) -> Self {
        let texts = |by: &BTreeMap<String, Money>| by.iter().map(|(k, v)| (k.clone(), v.to_text())).collect();
        Self {
            rows: totals.rows,
            payouts: totals.payouts,
            paid: totals.paid.to_text(),
            came_back: totals.back.to_text(),
            told_by_rails: totals.by_rail.to_text(),
            undecided: totals.undecided.to_text(),
            by_verdict: totals.by_verdict.iter().map(|(k, v)| (k.word().to_owned(), v.to_text())).collect(),
            rows_by_verdict: totals.rows_by_verdict.iter().map(|(k, n)| (k.word().to_owned(), *n)).collect(),
            withheld: totals.withheld.to_text(),
            withheld_untold: totals.untold().unwrap_or(totals.withheld).to_text(),
            withheld_by_month: totals.withheld_by_month.iter().map(|money| money.to_text()).collect(),
            other_currencies: texts(&totals.elsewhere),
        }
    }
}

impl From<&TaxFile> for TaxFileView {
    fn from(file: &TaxFile) -> Self {
        Self {
            name: file.name.clone(),
            rows: file.rows,
            paid: file.paid.to_text(),
            withheld: file.withheld.to_text(),
            sha256: file.sha256.to_hex(),
        }
    }
}

impl From<&(YearRow, Verdict)> for TaxRowView {
    fn from((row, verdict): &(YearRow, Verdict)) -> Self {
        Self {
            partner_id: row.partner.to_string(),
            form: row.form.word(),
            verdict: verdict.word(),
            payouts: row.payouts,
            paid: row.paid.to_text(),
            came_back: row.back.to_text(),
            told_by_rails: row.by_rail.to_text(),
            undecided: row.undecided.to_text(),
            reportable: row.told.to_text(),
            withheld: row.withheld.to_text(),
            form_on_file: row.on_file.as_ref().map(|form| form.kind.word()),
            form_is_valid: row.on_file.as_ref().is_some_and(|form| form.is_valid),
        }
    }
}

impl From<&Correction> for TaxCorrectionView {
    fn from(correction: &Correction) -> Self {
        let ((filed_paid, filed_withheld), (paid, withheld)) = (correction.filed, correction.right);
        Self {
            partner_id: correction.partner.to_string(),
            form: correction.form.word(),
            correction: correction.kind,
            filed_paid: filed_paid.to_text(),
            filed_withheld: filed_withheld.to_text(),
            paid: paid.to_text(),
            withheld: withheld.to_text(),
        }
    }
}
