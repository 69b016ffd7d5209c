//! TAX-3, TAX-4: a year is counted partner by partner, and its files are made one by one, as far as a request's time goes.
//!
//! Each step is one transaction with the count's own version: whoever does it twice, or at the same time as another, or
//! dies between two steps, changes nothing. Numbers of payees are opened here and nowhere else, for their file alone.

mod filing;
pub(crate) mod sealed;

use domain::audit::{Actor, Deed, append};
use domain::id::{MemberId, PartnerId};
use domain::payout::Payout;
use domain::tax::batch::{BatchState, TaxBatch, TaxYear};
use domain::tax::{OnFile, TaxSettings, Totals, Verdict, YearRow, judged, rows_of};
use domain::time::{BusinessDay, Timestamp, Zone};
use edge::problem::Problem;
use edge::telemetry::chain;
use store::tax_years::{Further, ROWS_EACH, Versioned};
use store::{TenantKey, Written};

use crate::App;

/// How many payees are read in one step: each has at most two rows.
const PAYEES_EACH: usize = ROWS_EACH / 2;

/// A count under way.
pub(crate) struct Counting<'a> {
    pub(crate) app: &'a App,
    pub(crate) tenant: &'a TenantKey,
    pub(crate) settings: &'a TaxSettings,
    /// Which version of them.
    pub(crate) decided: u64,
    pub(crate) zone: &'a Zone,
    pub(crate) by: &'a Actor,
    pub(crate) at: Timestamp,
}

/// A step: the count after, what goes along, and what the audit is to say of it.
struct Step {
    batch: TaxBatch,
    rows: Vec<YearRow>,
    file: Option<(String, String)>,
    year: Option<(TaxYear, u64)>,
    action: Option<&'static str>,
}

impl Step {
    fn to(batch: &TaxBatch, state: BatchState) -> Self {
        Self { batch: TaxBatch { state, ..batch.clone() }, rows: Vec::new(), file: None, year: None, action: None }
    }
}

impl Counting<'_> {
    /// Begins a count behind the newest one. `None`: another was begun meanwhile.
    pub(crate) async fn begin(
        &self,
        year: &Versioned<TaxYear>,
        corrects: Option<u32>,
    ) -> Result<Option<Versioned<TaxBatch>>, Problem> {
        let (no, of) = (year.it.newest + 1, year.it.year);
        let batch = TaxBatch {
            year: of,
            no,
            corrects,
            is_preview: self.zone.day_of(self.at).parts().0 <= of,
            by: self.by.id.clone(),
            at: self.at,
            settings: self.decided,
            totals: None,
            files: Vec::new(),
            state: BatchState::CountingPartners { after: None },
        };
        let after = TaxYear { newest: no, ..year.it.clone() };
        let told = self.told(&batch, "tax_year.begun").await?;
        let further = Further { year: Some((&after, year.version)), told: Some(&told), ..Further::default() };
        let written = self.app.store.write_tax_batch(self.tenant, (&batch, 0), further).await?;
        // The client's own retry can report a failed condition for a write that succeeded: read it back.
        let there = self.app.store.get_tax_batch(self.tenant, of, no).await?;
        Ok(there.filter(|there| written == Written::Yes || there.it == batch))
    }

    /// Goes on as long as there is time, one step at least.
    pub(crate) async fn go_on(
        &self,
        mut batch: Versioned<TaxBatch>,
        is_over: &(dyn Fn() -> bool + Sync),
    ) -> Result<Versioned<TaxBatch>, Problem> {
        while !batch.it.state.is_done() {
            if batch.it.settings > self.decided {
                // What this request read is old: the next one reads what holds, and goes on.
                break;
            }
            let step = self.step(&batch.it).await?;
            let told = match step.action {
                Some(action) => Some(self.told(&step.batch, action).await?),
                None => None,
            };
            let file = step.file.as_ref();
            let further = Further {
                rows: &step.rows,
                file: file.map(|(name, sealed)| store::tax_years::SealedFile { name, sealed }),
                year: step.year.as_ref().map(|(year, version)| (year, *version)),
                told: told.as_ref(),
            };
            let _: Written = self.app.store.write_tax_batch(self.tenant, (&step.batch, batch.version), further).await?;
            // Whether it was this step or another's that was written, what is there is what goes on.
            let there = self.app.store.get_tax_batch(self.tenant, batch.it.year, batch.it.no).await?;
            batch = there.ok_or_else(Problem::internal)?;
            if is_over() {
                break;
            }
        }
        Ok(batch)
    }

    async fn step(&self, batch: &TaxBatch) -> Result<Step, Problem> {
        if batch.settings < self.decided {
            // TAX-4: half of the payees by other words of who tells would be a count of nothing.
            return Ok(anew(&TaxBatch { settings: self.decided, ..batch.clone() }));
        }
        match &batch.state {
            BatchState::CountingPartners { after } => self.count_partners(batch, after.as_ref()).await,
            BatchState::CountingMembers { after } => self.count_members(batch, after.as_ref()).await,
            BatchState::AddingUp => self.add_up(batch).await,
            BatchState::Making => self.make_file(batch).await,
            BatchState::Undecided | BatchState::Ready | BatchState::Filed { .. } => {
                Ok(Step::to(batch, batch.state.clone()))
            }
        }
    }

    async fn count_partners(&self, batch: &TaxBatch, after: Option<&PartnerId>) -> Result<Step, Problem> {
        let page = self.app.store.list_partner_ids(self.tenant, after, PAYEES_EACH).await?;
        let state = match (&page.next, page.items.last()) {
            (Some(_), Some(last)) => BatchState::CountingPartners { after: Some(last.clone()) },
            _ => BatchState::CountingMembers { after: None },
        };
        Ok(Step { rows: self.rows(batch.year, &page.items).await?, ..Step::to(batch, state) })
    }

    async fn count_members(&self, batch: &TaxBatch, before: Option<&MemberId>) -> Result<Step, Problem> {
        let page = self.app.store.list_members(self.tenant, before, PAYEES_EACH).await?;
        let payees: Vec<PartnerId> = page.items.iter().map(|stored| stored.member.id.payee()).collect();
        let rows = self.rows(batch.year, &payees).await?;
        match (&page.next, page.items.last()) {
            (Some(_), Some(last)) => {
                let after = Some(last.member.id.clone());
                Ok(Step { rows, ..Step::to(batch, BatchState::CountingMembers { after }) })
            }
            // The last rows are written before they are added up: a step of their own.
            _ => Ok(Step { rows, ..Step::to(batch, BatchState::AddingUp) }),
        }
    }

    /// What these payees were paid in the year.
    async fn rows(&self, year: i16, payees: &[PartnerId]) -> Result<Vec<YearRow>, Problem> {
        let store = &self.app.store;
        let today = self.zone.day_of(self.at);
        let mut rows = Vec::new();
        for partner in payees {
            let mut payouts: Vec<Payout> = Vec::new();
            for currency in store.list_currencies(self.tenant, partner).await? {
                let account = domain::line::Account { partner: partner.clone(), currency };
                let found = store.list_account_payouts(self.tenant, &account).await?;
                payouts.extend(found.into_iter().map(|stored| stored.payout));
            }
            if payouts.is_empty() {
                continue;
            }
            let form = store.get_tax_form(self.tenant, partner).await?;
            let on_file = form.map(|form| OnFile::of(&form, today));
            let found = rows_of(partner, &payouts, (year, self.zone), &self.settings.tellers, on_file.as_ref())
                .map_err(broken)?;
            rows.extend(found);
        }
        Ok(rows)
    }

    /// All rows are there: what they come to, and what is to be done with it.
    async fn add_up(&self, batch: &TaxBatch) -> Result<Step, Problem> {
        let judged = self.judged(batch).await?;
        let totals = Totals::of(&judged).map_err(broken)?;
        // TAX-4: a sum that does not come out is no sum: nothing is made of it.
        if !totals.is_whole().map_err(broken)? {
            tracing::error!(year = batch.year, count = batch.no, "the control total of a tax year does not come out");
            return Err(Problem::internal());
        }
        let state = if batch.is_preview || batch.corrects.is_some() {
            BatchState::Ready
        } else if !totals.undecided.is_zero() {
            // TAX-5: as long as nobody has said who tells, nothing is told.
            BatchState::Undecided
        } else if totals.rows_by_verdict.contains_key(&Verdict::Reported) {
            BatchState::Making
        } else {
            BatchState::Ready
        };
        let before = self.app.store.get_tax_year(self.tenant, batch.year).await?;
        // V11: nothing that was withheld is given back, so a count that found less saw less.
        let withheld =
            if totals.withheld.minor() > before.it.withheld.minor() { totals.withheld } else { before.it.withheld };
        let year = TaxYear { withheld, ..before.it };
        let step = Step::to(&TaxBatch { totals: Some(totals), ..batch.clone() }, state);
        Ok(Step { year: Some((year, before.version)), action: Some("tax_year.counted"), ..step })
    }

    /// The rows of a count with what becomes of each.
    pub(crate) async fn judged(&self, batch: &TaxBatch) -> Result<Vec<(YearRow, Verdict)>, Problem> {
        judged_rows(self.app, self.tenant, batch).await
    }

    async fn told(&self, batch: &TaxBatch, action: &'static str) -> Result<domain::audit::AuditEntry, Problem> {
        let aggregate = TaxBatch::aggregate(batch.year);
        let end = self.app.store.get_chain_end(self.tenant, &aggregate).await?;
        let deed = Deed { at: self.at, actor: self.by.clone(), action, old: Default::default(), new: batch.told() };
        Ok(append(end, &aggregate, deed))
    }
}

/// The same count, from its first payee on.
fn anew(batch: &TaxBatch) -> Step {
    let again = TaxBatch { files: Vec::new(), totals: None, ..batch.clone() };
    Step::to(&again, BatchState::CountingPartners { after: None })
}

/// The rows of a count with what becomes of each.
pub(crate) async fn judged_rows(
    app: &App,
    tenant: &TenantKey,
    batch: &TaxBatch,
) -> Result<Vec<(YearRow, Verdict)>, Problem> {
    let rows = app.store.list_tax_rows(tenant, batch.year, batch.no).await?;
    judged(batch.year, rows).map_err(broken)
}

/// Only what is told to the tax office.
pub(crate) fn reported(judged: Vec<(YearRow, Verdict)>) -> Vec<YearRow> {
    judged.into_iter().filter(|(_, verdict)| *verdict == Verdict::Reported).map(|(row, _)| row).collect()
}

/// The year of a day.
pub(crate) fn year_of(day: BusinessDay) -> i16 {
    day.parts().0
}

fn broken(error: impl std::error::Error + 'static) -> Problem {
    tracing::error!(reason = chain(&error), "a tax year does not add up");
    Problem::internal()
}
