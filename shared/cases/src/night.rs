//! One night: every ended business date that is not recorded yet, in order; its units, and the record of it.

pub mod visit;

use std::collections::BTreeSet;

use domain::commission::EarningReason;
use domain::digest::Digest;
use domain::id::{PartnerId, ProgramId, RunId, TenantId};
use domain::ledger::{Head, MATURED_SLOTS_MAX};
use domain::line::{Account, Line};
use domain::money::{Money, MoneyError};
use domain::time::{BusinessDay, DateOutOfRange, Timestamp, Zone};
use queues::{SendError, Sender, VERSION, VisitDue};
use serde::Serialize;
use store::runs::{Run, RunReport, RunStatus, Unit, UnitError, UnitOf, UnitOutcome};
use store::{Store, StoreError, TenantKey, Written};
use thiserror::Error;

use crate::adjust::accounts::all_accounts;
use crate::adjust::load::{Frames, read_frames};
use crate::adjust::moving::Unsettled;
use crate::adjust::plan::Making;
use crate::adjust::{self, Night};
use crate::error::CaseError;
use crate::recompute::{self, Desk, IsOver};

/// How many heads are in memory at once, however many accounts live.
const HEADS_AT_ONCE: usize = 1_000;
/// How many lines a dry run tells one by one; its count and its totals are of all.
const LINES_SHOWN_MAX: usize = 500;
/// How many missed dates one night catches up: a bound, so that an invocation ends. The next night takes the rest.
const DATES_MAX: usize = 400;

/// Why a night was not worked through.
#[derive(Debug, Error)]
pub enum NightError {
    /// The store.
    #[error("working with the store")]
    Store(#[from] StoreError),
    /// The queue of visits.
    #[error("sending the visits")]
    Send(#[from] SendError),
    /// What the heads say cannot be read.
    #[error("finding what is due")]
    Case(#[from] CaseError),
    /// Nights to come are not worked through: they would make money available that is not.
    #[error("the night is meant for {scheduled_for}, which is to come")]
    ToCome {
        /// What the event says.
        scheduled_for: Timestamp,
    },
    /// The calendar ends.
    #[error("finding the business date")]
    Date(#[from] DateOutOfRange),
}

/// What a night did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Nights {
    /// The business dates that it recorded.
    pub business_dates: Vec<BusinessDay>,
    /// How many units it sent: accounts with something to do, and programmes whose cap spans accounts.
    pub accounts: u64,
}

/// Works through the dates that ended before the instant that the schedule was meant for.
///
/// Units look at the account as it is, so one an account serves all the dates that were missed: a month that should
/// have frozen on one of them freezes now.
///
/// # Errors
/// The store or the queue is away. What was not recorded is taken up by the next night.
pub async fn run(
    store: &Store,
    visits: &Sender<VisitDue>,
    tenant: &TenantId,
    scheduled_for: Timestamp,
    now: Timestamp,
) -> Result<Nights, NightError> {
    if scheduled_for > now {
        return Err(NightError::ToCome { scheduled_for });
    }
    let key = TenantKey::from(tenant);
    let dates = missing_dates(store, &key, scheduled_for).await?;
    let Some(last) = dates.last().copied() else {
        return Ok(Nights { business_dates: dates, accounts: 0 });
    };
    finish_last(store, &key).await?;
    let run = RunId::of(tenant, last);
    let accounts = Units { store, visits, tenant: &key, run: &run, last }.send(now).await?;
    for date in &dates {
        let record = Run {
            id: RunId::of(tenant, *date),
            business_date: *date,
            accounts: if *date == last { accounts } else { 0 },
            completed_at: now,
            report: None,
        };
        // Another night may have recorded the date meanwhile: its visits and ours do the same.
        let _: Written = store.create_run(&key, &record).await?;
    }
    tracing::info!(run.id = %run, business_date = %last, accounts, dates = dates.len(), "night worked through, visits are sent");
    Ok(Nights { business_dates: dates, accounts })
}

/// The units of a night, as they are found and sent.
struct Units<'a> {
    store: &'a Store,
    visits: &'a Sender<VisitDue>,
    tenant: &'a TenantKey,
    run: &'a RunId,
    last: BusinessDay,
}

impl Units<'_> {
    /// First each programme whose cap spans accounts, and each recompute that is at work; then each live account that has
    /// something to do. An account with nothing to do costs the reading of its head. Answers how many the record waits for.
    async fn send(&self, now: Timestamp) -> Result<u64, NightError> {
        let frames = read_frames(self.store, self.tenant).await?;
        let live = self.store.list_live_accounts(self.tenant).await?;
        let mut accounts = 0;
        if let Some(first) = live.first() {
            let capped: Vec<VisitDue> = capped(&frames).map(|program| self.due(first, Some(program))).collect();
            self.visits.send_all(&capped).await?;
            accounts += capped.len() as u64;
        }
        for program in frames.keys() {
            self.send_recomputes(program, now).await?;
        }
        let moving = self.store.list_moving(self.tenant, None).await?;
        let moving: BTreeSet<PartnerId> = moving.into_iter().map(|moving| moving.partner).collect();
        for part in live.chunks(HEADS_AT_ONCE) {
            let due = self.due_of(part, &moving).await?;
            self.visits.send_all(&due).await?;
            accounts += due.len() as u64;
        }
        Ok(accounts)
    }

    fn due(&self, account: &Account, program: Option<&ProgramId>) -> VisitDue {
        VisitDue {
            v: VERSION,
            tenant: self.tenant.tenant().clone(),
            partner: account.partner.clone(),
            currency: account.currency,
            business_date: self.last,
            run: self.run.clone(),
            program: program.cloned(),
            recompute: None,
        }
    }

    /// Those with something to do: by their heads, or because some of their sales may be another's now.
    async fn due_of(&self, accounts: &[Account], moving: &BTreeSet<PartnerId>) -> Result<Vec<VisitDue>, NightError> {
        let day_after = self.last.plus_days(1)?;
        let mut heads = self.store.list_heads_of(self.tenant, accounts).await?;
        let mut due = Vec::new();
        for account in accounts {
            let is_due = match heads.remove(account) {
                None => false,
                // One bad account is an error of its unit, which says what is wrong with it, and never a failed night.
                Some(Err(_)) => true,
                Some(Ok(head)) => moving.contains(&account.partner) || is_due(&head, day_after)?,
            };
            if is_due {
                due.push(self.due(account, None));
            }
        }
        Ok(due)
    }

    async fn send_recomputes(&self, program: &ProgramId, now: Timestamp) -> Result<(), NightError> {
        let at_work = recompute::list_at_work(self.store, self.tenant, program).await?;
        if at_work.is_empty() {
            return Ok(());
        }
        let zone = self.store.get_settings(self.tenant).await?.ledger_zone;
        let desk = Desk { store: self.store, tenant: self.tenant, zone: &zone, now };
        for id in &at_work {
            if let Some(due) = recompute::due(desk, (program, id)).await? {
                let due = VisitDue { business_date: self.last, run: self.run.clone(), ..due };
                self.visits.send_all(&[due]).await?;
            }
        }
        Ok(())
    }
}

/// Is there anything for a visit to do? The head alone tells.
///
/// # Errors
/// The calendar ends.
fn is_due(head: &Head, day_after: BusinessDay) -> Result<bool, CaseError> {
    Ok(adjust::is_due(head, day_after)?
        || head.close_is_unfinished()
        || head.matured_slots(day_after) >= MATURED_SLOTS_MAX
        || head.is_at_rest())
}

/// The ended dates after the last recorded one; on the first night, yesterday alone.
async fn missing_dates(
    store: &Store,
    tenant: &TenantKey,
    scheduled_for: Timestamp,
) -> Result<Vec<BusinessDay>, NightError> {
    let zone = store.get_settings(tenant).await?.ledger_zone;
    let yesterday = zone.day_of(scheduled_for).plus_days(-1)?;
    let mut next = match store.get_last_run(tenant).await? {
        Some(last) => last.business_date.plus_days(1)?,
        None => yesterday,
    };
    let mut dates = Vec::new();
    while next <= yesterday && dates.len() < DATES_MAX {
        dates.push(next);
        next = next.plus_days(1)?;
    }
    Ok(dates)
}

/// The night before has its final report when the next one begins, whoever has answered by then.
async fn finish_last(store: &Store, tenant: &TenantKey) -> Result<(), NightError> {
    let Some(last) = store.get_last_run(tenant).await?.filter(|run| run.report.is_none()) else { return Ok(()) };
    let mut report = report_of(&last, &store.list_units(tenant, &last.id).await?)?;
    if report.status == RunStatus::Processing {
        report.status = ended(&report);
    }
    // Refused when it was finished meanwhile.
    let _: Written = store.finish_run(tenant, last.business_date, &report).await?;
    Ok(())
}

/// A night with what came of it so far; the report is final where the record has one.
///
/// # Errors
/// The store does not answer, or amounts are out of range.
pub async fn with_report(store: &Store, tenant: &TenantKey, mut run: Run) -> Result<Run, CaseError> {
    if run.report.is_none() {
        let units = store.list_units(tenant, &run.id).await?;
        run.report = Some(report_of(&run, &units)?);
    }
    Ok(run)
}

/// What came of a night, from its units: the same whatever their order.
///
/// # Errors
/// Amounts are out of range.
pub fn report_of(run: &Run, units: &[Unit]) -> Result<RunReport, CaseError> {
    let mut units: Vec<&Unit> = units.iter().collect();
    units.sort_by_key(|unit| unit.of.name());
    let mut report = RunReport {
        status: RunStatus::Processing,
        done: 0,
        unanswered: 0,
        sales: 0,
        lines: 0,
        totals: Vec::new(),
        inputs: Digest::ZERO,
        outputs: Digest::ZERO,
        errors: Vec::new(),
    };
    for unit in &units {
        match &unit.outcome {
            // The record does not wait for recomputes: they go on for nights, and with requests between.
            UnitOutcome::Done { .. } if matches!(unit.of, UnitOf::Recompute(_)) => {}
            UnitOutcome::Done { sales, lines, totals, inputs, outputs } => {
                report.done += 1;
                report.sales = report.sales.saturating_add(*sales);
                report.lines = report.lines.saturating_add(*lines);
                report.totals = sums(report.totals.into_iter().chain(totals.iter().copied()))?;
                report.inputs = report.inputs.then(inputs.as_bytes());
                report.outputs = report.outputs.then(outputs.as_bytes());
            }
            UnitOutcome::Failed { reason } => {
                let (unit, partner) = (unit.of.name(), partner_of(&unit.of));
                report.errors.push(UnitError { unit, partner, reason: reason.clone() });
            }
        }
    }
    let awaited = units.iter().filter(|unit| !matches!(unit.of, UnitOf::Recompute(_)));
    let answered = awaited.count() as u64;
    report.unanswered = run.accounts.saturating_sub(answered);
    if report.unanswered == 0 {
        report.status = ended(&report);
    }
    Ok(report)
}

fn ended(report: &RunReport) -> RunStatus {
    match (report.errors.is_empty(), report.done) {
        (true, _) => RunStatus::Completed,
        (false, 0) => RunStatus::Failed,
        (false, _) => RunStatus::CompletedWithErrors,
    }
}

/// Amounts added up by currency, in the order of currencies.
///
/// # Errors
/// Out of range.
pub fn sums(amounts: impl Iterator<Item = Money>) -> Result<Vec<Money>, MoneyError> {
    let mut totals = std::collections::BTreeMap::new();
    for amount in amounts {
        let zero = Money::zero(amount.currency());
        let total = totals.get(&amount.currency()).copied().unwrap_or(zero);
        totals.insert(amount.currency(), total.try_add(amount)?);
    }
    Ok(totals.into_values().collect())
}

/// What a night would book, were it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DryRun {
    /// The business date.
    pub business_date: BusinessDay,
    /// How many accounts were looked at.
    pub accounts: u64,
    /// How many lines would be booked.
    pub line_count: u64,
    /// The first of them, in the order of accounts.
    pub lines: Vec<Line>,
    /// What they come to, all of them, by currency.
    pub totals: Vec<Money>,
    /// The units that would be errors: which, and why.
    pub errors: Vec<UnitError>,
    /// Were all looked at before the time was over?
    pub is_whole: bool,
}

impl DryRun {
    /// Adds what a unit would do. One bad partner is an error of the answer, and no more than that.
    fn add(&mut self, of: &UnitOf, planned: Result<Vec<Line>, CaseError>) -> Result<(), CaseError> {
        match planned {
            Ok(lines) => {
                let amounts = lines.iter().map(|line| line.amount);
                self.totals = sums(self.totals.iter().copied().chain(amounts))?;
                self.line_count = self.line_count.saturating_add(lines.len() as u64);
                let room = LINES_SHOWN_MAX.saturating_sub(self.lines.len());
                self.lines.extend(lines.into_iter().take(room));
                Ok(())
            }
            Err(error @ CaseError::Store(StoreError::Unavailable { .. })) => Err(error),
            Err(error) => {
                self.errors.push(UnitError { unit: of.name(), partner: partner_of(of), reason: error.told() });
                Ok(())
            }
        }
    }
}

fn partner_of(of: &UnitOf) -> Option<PartnerId> {
    match of {
        UnitOf::Account { partner, .. } => Some(partner.clone()),
        UnitOf::Program(_) | UnitOf::Recompute(_) => None,
    }
}

/// What the night of a business date would book to all live accounts, as far as the time allows. Nothing is written.
///
/// # Errors
/// The store does not answer, or the totals are out of range.
pub async fn dry_run(
    store: &Store,
    tenant: &TenantKey,
    (business_date, now): (BusinessDay, Timestamp),
    is_over: IsOver<'_>,
) -> Result<DryRun, CaseError> {
    let zone = store.get_settings(tenant).await?.ledger_zone;
    let frames = read_frames(store, tenant).await?;
    let run = RunId::of(tenant.tenant(), business_date);
    let unsettled = Unsettled::default();
    let night = night_of(store, tenant, (&frames, &unsettled), (&zone, run.as_str()), (business_date, now))?;
    let live = store.list_live_accounts(tenant).await?;
    let mut dry = DryRun {
        business_date,
        accounts: 0,
        line_count: 0,
        lines: Vec::new(),
        totals: Vec::new(),
        errors: Vec::new(),
        is_whole: false,
    };
    let mut capped = capped(&frames).peekable();
    if capped.peek().is_some() {
        // As the night's unit has it: a cap over all of them must miss none.
        let all = all_accounts(store, tenant).await?;
        for program in capped {
            if is_over() {
                return Ok(dry);
            }
            let planned = adjust::dry_run_program(&night, program, &all).await;
            dry.add(&UnitOf::Program(program.clone()), planned.map(|plan| plan.lines().collect()))?;
        }
    }
    for account in &live {
        if is_over() {
            return Ok(dry);
        }
        dry.accounts += 1;
        let planned = adjust::dry_run(&night, account).await;
        let of = UnitOf::Account { partner: account.partner.clone(), currency: account.currency };
        dry.add(&of, planned.map(|plan| plan.lines().collect()))?;
    }
    dry.is_whole = true;
    Ok(dry)
}

/// The programmes whose cap spans accounts.
pub(crate) fn capped(frames: &Frames) -> impl Iterator<Item = &ProgramId> {
    frames.iter().filter(|(_, frame)| frame.is_capped_as_a_whole()).map(|(program, _)| program)
}

/// The circumstances of a night's bookings.
pub(crate) fn night_of<'a>(
    store: &'a Store,
    tenant: &'a TenantKey,
    (frames, unsettled): (&'a Frames, &'a Unsettled),
    (ledger_zone, by): (&'a Zone, &'a str),
    (business_date, now): (BusinessDay, Timestamp),
) -> Result<Night<'a>, CaseError> {
    let making = Making { now, today: ledger_zone.day_of(now), ledger_zone, by, cause: EarningReason::Adjusted };
    let until = ledger_zone.start_of(business_date.plus_days(1)?)?;
    Ok(Night { store, tenant, frames, making, until, unsettled })
}
