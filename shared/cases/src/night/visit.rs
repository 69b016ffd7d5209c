//! A visit to one account, or to a programme whose cap spans accounts: put open periods in order, close what is due, let
//! an account at rest go. Or a recompute goes on.
//!
//! A payout is built when somebody asks for one; there are none by a schedule, and so none is built here.

use domain::id::RecomputeId;
use domain::ledger::MATURED_SLOTS_MAX;
use domain::line::Account;
use domain::time::{BusinessDay, Timestamp};
use queues::VisitDue;
use store::runs::{Unit, UnitOf, UnitOutcome};
use store::{Store, StoreError, TenantKey, Written};

use super::{night_of, sums};
use crate::adjust::load::read_frames;
use crate::adjust::moving::Unsettled;
use crate::adjust::{self, Ordered};
use crate::closing::{self, Closed, Pace};
use crate::error::CaseError;
use crate::recompute::{self, Desk};

/// What became of a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visited {
    /// Everything is done.
    Whole,
    /// There is more than the pace allows: the visit is to be sent again, and goes on where it stopped.
    Partly,
}

/// Does what is due, and records what was done for the night's report. With nothing to do it reads one head.
///
/// # Errors
/// The store does not answer, amounts are out of range, or a law of the ledger does not hold.
pub async fn visit(
    store: &Store,
    tenant: &TenantKey,
    due: &VisitDue,
    now: Timestamp,
    pace: Pace<'_>,
) -> Result<Visited, CaseError> {
    match unit_of(due) {
        UnitOf::Recompute(id) => go_on(store, tenant, due, &id, now, pace).await,
        of @ UnitOf::Program(_) => {
            let ordered = visit_program(store, tenant, due, now).await?;
            record(store, tenant, due, (of, Some(ordered)), now).await?;
            Ok(Visited::Whole)
        }
        UnitOf::Account { partner, currency } => {
            Visit { store, tenant, due, now, pace, account: Account { partner, currency } }.go().await
        }
    }
}

/// Whose unit a message is of.
fn unit_of(due: &VisitDue) -> UnitOf {
    match (&due.recompute, &due.program) {
        (Some(recompute), _) => UnitOf::Recompute(recompute.clone()),
        (None, Some(program)) => UnitOf::Program(program.clone()),
        (None, None) => UnitOf::Account { partner: due.partner.clone(), currency: due.currency },
    }
}

/// A visit to one account.
struct Visit<'a> {
    store: &'a Store,
    tenant: &'a TenantKey,
    due: &'a VisitDue,
    now: Timestamp,
    pace: Pace<'a>,
    account: Account,
}

impl Visit<'_> {
    async fn go(&self) -> Result<Visited, CaseError> {
        let (store, tenant, account) = (self.store, self.tenant, &self.account);
        // The date comes from the message, not from the clock: a late delivery does no more than its night would have.
        let day_after = self.due.business_date.plus_days(1)?;
        let mut head = store.get_head(tenant, account).await?;
        let (mut ordered, mut worked) = (None, false);
        // Delivered again, with nothing booked since: what this night makes of the account is done.
        let is_due = adjust::is_due(&head, day_after)? && !(head.is_adjusted() && self.is_done().await?);
        // ATT-1: nothing was booked to the account where a customer of theirs turns out to be another's.
        if is_due || !store.list_moving(tenant, Some(&account.partner)).await?.is_empty() {
            ordered = Some(match self.adjust().await {
                // Slots close all the same: what was earned in them does not change by what cannot be put in order.
                Err(error) if !is_away(&error) => Err(error),
                ordered => Ok(ordered?),
            });
            head = store.get_head(tenant, account).await?;
            worked = true;
        }
        if head.close_is_unfinished() || head.matured_slots(day_after) >= MATURED_SLOTS_MAX {
            let pace = self.pace;
            if close(store, tenant, account, (day_after, self.now), pace).await? == Visited::Partly {
                return Ok(Visited::Partly);
            }
            head = store.get_head(tenant, account).await?;
            worked = true;
        }
        if head.live && head.is_at_rest() {
            // Refused when something was booked meanwhile: then the account lives on, as it should.
            let _: Written = store.rest_account(tenant, account, &head).await?;
            worked = true;
        }
        self.tell(ordered.transpose()?, worked).await?;
        Ok(Visited::Whole)
    }

    async fn adjust(&self) -> Result<Ordered, CaseError> {
        let zone = self.store.get_settings(self.tenant).await?.ledger_zone;
        let frames = read_frames(self.store, self.tenant).await?;
        let by = (&zone, self.due.run.as_str());
        let unsettled = Unsettled::default();
        let night = night_of(self.store, self.tenant, (&frames, &unsettled), by, (self.due.business_date, self.now))?;
        adjust::adjust(&night, &self.account).await
    }

    /// Has the unit answered that it is done?
    async fn is_done(&self) -> Result<bool, CaseError> {
        let unit = self.store.get_unit(self.tenant, &self.due.run, &unit_of(self.due)).await?;
        Ok(unit.is_some_and(|unit| matches!(unit.outcome, UnitOutcome::Done { .. })))
    }

    /// Records the unit. Where nothing was left to do, a visit before this one may have died just before it did: what it
    /// booked is looked up, so that the night's record misses no line.
    async fn tell(&self, ordered: Option<Ordered>, worked: bool) -> Result<(), CaseError> {
        let of = unit_of(self.due);
        let ordered = match ordered {
            None if worked => None,
            None if self.is_done().await? => return Ok(()),
            None => Some(self.adjust().await?),
            ordered => ordered,
        };
        record(self.store, self.tenant, self.due, (of, ordered), self.now).await
    }
}

/// The store is away: nothing can be said of the account.
fn is_away(error: &CaseError) -> bool {
    matches!(error, CaseError::Store(StoreError::Unavailable { .. }))
}

/// A recompute that is at work goes on, as long as the pace allows.
async fn go_on(
    store: &Store,
    tenant: &TenantKey,
    due: &VisitDue,
    id: &RecomputeId,
    now: Timestamp,
    pace: Pace<'_>,
) -> Result<Visited, CaseError> {
    let Some(program) = &due.program else { return Ok(Visited::Whole) };
    let zone = store.get_settings(tenant).await?.ledger_zone;
    let desk = Desk { store, tenant, zone: &zone, now };
    let after = recompute::advance(desk, (program, id), pace.is_over).await?;
    let is_at_work = after.is_some_and(|stored| stored.recompute.state.is_at_work());
    if is_at_work && (pace.is_over)() {
        return Ok(Visited::Partly);
    }
    // Or it waits for another recompute: a later night goes on with it.
    record(store, tenant, due, (UnitOf::Recompute(id.clone()), None), now).await?;
    Ok(Visited::Whole)
}

async fn close(
    store: &Store,
    tenant: &TenantKey,
    account: &Account,
    (day_after, now): (BusinessDay, Timestamp),
    pace: Pace<'_>,
) -> Result<Visited, CaseError> {
    // Never more than today's: what is to come is not closed, whatever a message says.
    let settings = store.get_settings(tenant).await?;
    let today = day_after.min(settings.ledger_zone.day_of(now));
    match closing::close_within(store, tenant, account, today, pace).await? {
        Closed::Partly { .. } => return Ok(Visited::Partly),
        Closed::Nothing => {}
        Closed::Yes(close) => {
            tracing::info!(account.partner = %account.partner, account.currency = %account.currency, close.no = close.no, lines = close.count, net = %close.net, "slots closed");
        }
    }
    Ok(Visited::Whole)
}

async fn visit_program(
    store: &Store,
    tenant: &TenantKey,
    due: &VisitDue,
    now: Timestamp,
) -> Result<Ordered, CaseError> {
    let zone = store.get_settings(tenant).await?.ledger_zone;
    let frames = read_frames(store, tenant).await?;
    let unsettled = Unsettled::default();
    let night = night_of(store, tenant, (&frames, &unsettled), (&zone, due.run.as_str()), (due.business_date, now))?;
    let Some(program) = &due.program else { return Err(CaseError::Busy) };
    adjust::adjust_program(&night, program).await
}

async fn record(
    store: &Store,
    tenant: &TenantKey,
    due: &VisitDue,
    (of, ordered): (UnitOf, Option<Ordered>),
    now: Timestamp,
) -> Result<(), CaseError> {
    let outcome = match ordered {
        Some(ordered) => UnitOutcome::Done {
            sales: ordered.sales,
            lines: ordered.lines.len() as u64,
            totals: sums(ordered.lines.iter().map(|line| line.amount))?,
            inputs: ordered.inputs,
            outputs: ordered.outputs,
        },
        None => UnitOutcome::Done {
            sales: 0,
            lines: 0,
            totals: Vec::new(),
            inputs: domain::digest::Digest::ZERO,
            outputs: domain::digest::Digest::ZERO,
        },
    };
    // Refused when it was recorded before: delivered again, it did nothing new.
    let _: Written = store.record_unit(tenant, &due.run, &Unit { of, outcome, at: now }).await?;
    Ok(())
}

/// A unit cannot be done: an error of the night's report, and no more than that.
///
/// # Errors
/// The store does not answer.
pub async fn record_failed(
    store: &Store,
    tenant: &TenantKey,
    due: &VisitDue,
    reason: String,
    now: Timestamp,
) -> Result<(), CaseError> {
    let unit = Unit { of: unit_of(due), outcome: UnitOutcome::Failed { reason }, at: now };
    let _: Written = store.record_unit(tenant, &due.run, &unit).await?;
    Ok(())
}
