//! A person holds, releases or rejects the commission of a sale.

use std::collections::BTreeMap;

use domain::attribution::customer::Customer;
use domain::audit::{ChainEnd, Deed};
use domain::commission::EarningReason;
use domain::id::SaleId;
use domain::ledger::Head;
use domain::line::{Account, Line};
use domain::retarget::{Booking, Marks, Target, booked_targets, retarget};
use domain::sale::{HoldReason, Sale};
use store::customers::CustomerChange;
use store::sales::{NewSale, SaleWritten};
use thiserror::Error;

use super::{Desk, TRIES_MAX};
use crate::alone::Worth;
use crate::error::CaseError;
use crate::fences::fences_of;
use crate::leads;
use crate::risk::look::Noticed;

/// How many lines one change may make: a transaction takes a hundred items.
const LINES_MAX: usize = 80;

/// What a person does to a sale's commission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// It may not be paid until a person releases it.
    Hold {
        /// Why.
        reason: String,
    },
    /// It may be paid again.
    Release {
        /// Why.
        reason: String,
    },
    /// It never was valid.
    Reject {
        /// Why.
        reason: String,
    },
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It is done.
    Done(Box<Sale>),
    /// It was so already; nothing was written.
    Already(Box<Sale>),
    /// There is no such sale.
    NotFound,
    /// It is not possible.
    Refused(Refused),
}

/// Why a command is not possible.
#[derive(Debug, Error, PartialEq, Eq, Clone, Copy)]
pub enum Refused {
    /// Signals of fraud hold it: its review decides.
    #[error("signals of fraud hold this sale; its review decides, at /v1/risk")]
    HeldForRisk,
    /// It was rejected, for good.
    #[error("the sale was rejected; nothing of it is left to hold or release")]
    Rejected,
    /// Nobody is paid for it.
    #[error("nobody is paid for this sale; there is no commission")]
    NoCommission,
}

/// Holds, releases or rejects the commission of a sale, whoever has it, and tells the audit trail of the sale.
///
/// # Errors
/// The store does not answer, amounts are out of range, or others raced each try.
pub async fn command(desk: &Desk<'_>, id: &SaleId, command: &Command) -> Result<Changed, CaseError> {
    let is_done = desk.has_done(id.as_str()).await?;
    for _ in 0..TRIES_MAX {
        let Some(before) = desk.store.get_sale(desk.tenant, id).await? else { return Ok(Changed::NotFound) };
        if is_done {
            // What others made of it since stays: this step was taken, and is not taken again.
            return Ok(Changed::Already(Box::new(before)));
        }
        if before.hold == Some(HoldReason::Manual)
            && !matches!(command, Command::Hold { .. })
            && waits(desk, &before).await?
        {
            return Ok(Changed::Refused(Refused::HeldForRisk));
        }
        let mut sale = before.clone();
        match decide(&mut sale, command) {
            Ok(true) => {}
            Ok(false) => return Ok(Changed::Already(Box::new(before))),
            Err(refused) => return Ok(Changed::Refused(refused)),
        }
        let worth = Worth { targets: booked_targets(&before), open_in: Vec::new() };
        let told = (action(command), told(&before, None), told(&sale, Some(reason(command))));
        let cause = match command {
            Command::Hold { .. } => EarningReason::Held,
            Command::Release { .. } => EarningReason::Released,
            Command::Reject { .. } => EarningReason::Rejected,
        };
        let money = NewMoney { worth: &worth, customer: None };
        if let Some(sale) = write(desk, &before, sale, money, (cause, &Noticed::Nothing), told).await? {
            return Ok(Changed::Done(Box::new(sale)));
        }
    }
    Err(CaseError::Busy)
}

/// FRD-4: does any review of this sale wait for its decision? A person's own hold lies over that of the signals and must
/// not be the way around them.
async fn waits(desk: &Desk<'_>, sale: &Sale) -> Result<bool, CaseError> {
    let reviews = crate::risk::reviews_of(desk.store, desk.tenant, sale).await?;
    Ok(reviews.iter().any(|review| review.holds_sale() && review.ended().is_none()))
}

/// What a command makes of a sale's data; `false` when it is so already. The money follows by `retarget`.
///
/// # Errors
/// See [`Refused`].
pub fn decide(sale: &mut Sale, command: &Command) -> Result<bool, Refused> {
    if sale.lines.is_empty() {
        return Err(Refused::NoCommission);
    }
    // FRD-4: what signals of fraud hold is released, or confirmed, by its review and nowhere else.
    if sale.hold == Some(HoldReason::Risk) && !matches!(command, Command::Hold { .. }) {
        return Err(Refused::HeldForRisk);
    }
    if sale.rejected {
        return if matches!(command, Command::Reject { .. }) { Ok(false) } else { Err(Refused::Rejected) };
    }
    match command {
        Command::Hold { .. } if sale.hold.is_some_and(|hold| hold != HoldReason::Risk) => return Ok(false),
        // Also over a hold of signals: when their review lets go, this one stays.
        Command::Hold { .. } => sale.hold = Some(HoldReason::Manual),
        Command::Release { .. } if sale.hold.is_none() => return Ok(false),
        Command::Release { .. } => sale.hold = None,
        Command::Reject { .. } => {
            sale.rejected = true;
            sale.hold = None;
        }
    }
    Ok(true)
}

/// What the audit tells of a change by hand: the action, and the sale before and after.
pub(super) type Told = (&'static str, BTreeMap<String, String>, BTreeMap<String, String>);

/// What a sale that a person changed is to earn.
#[derive(Clone, Copy)]
pub(super) struct NewMoney<'a> {
    /// By the decision that it has now.
    pub(super) worth: &'a Worth,
    /// Its customer as known, where the decision is another.
    pub(super) customer: Option<&'a Customer>,
}

/// Writes a sale that a person changed, with the lines that make its money so. `None`: others were faster, read again.
pub(super) async fn write(
    desk: &Desk<'_>,
    before: &Sale,
    mut sale: Sale,
    money: NewMoney<'_>,
    (cause, noticed): (EarningReason, &Noticed),
    (action, old, new): Told,
) -> Result<Option<Sale>, CaseError> {
    let Worth { targets, open_in } = money.worth;
    let fences = fences_of(desk.store, desk.tenant, before, targets).await?;
    let lines = lines_of(desk, &mut sale, targets, cause, &fences)?;
    if lines.len() > LINES_MAX {
        return Err(CaseError::TooManyLines { lines: lines.len() });
    }
    sale.version = before.version + 1;
    let aggregate = sale.id.to_string();
    let last = desk.store.get_last_told(desk.tenant, &aggregate).await?;
    let end = last.map_or(ChainEnd::START, |entry| entry.end());
    let entry = desk.told(end, &aggregate, Deed { at: desk.now, actor: desk.actor.clone(), action, old, new });
    let grown = credited_by(before, &sale, money.customer);
    // What nobody is paid for waits with its customer from now on, and is counted there; a person's decision stands.
    let waits = !before.decision.credits().is_empty() && sale.decision.credits().is_empty();
    let meets = sale.customer.as_ref().filter(|_| waits || grown.is_some()).map(|key| CustomerChange {
        key,
        before: money.customer.map(|customer| customer.version),
        after: grown.as_ref(),
        relies_on: &[],
        moves: &[],
    });
    // COM-1: whoever a person credits with a lead has it, also where another telling has it; from then on it is told.
    let aliases = &leads::tellings(desk.store, desk.tenant, &sale, before.decision.credits()).await?.names;
    let change = NewSale { sale: &sale, lines: &lines, aliases, open_in, meets, review: noticed.part() };
    // What nobody was paid for waits with its customer, and is not to be decided by them any more.
    let is_decided = before.decision.credits().is_empty() && !sale.decision.credits().is_empty();
    let waited = before.customer.as_ref().filter(|_| is_decided);
    match desk.store.change_sale_by_hand(desk.tenant, before.version, &change, &entry, waited).await? {
        SaleWritten::Yes => Ok(Some(sale)),
        // The client's own retry can report a failed condition for a write that succeeded: read it back.
        SaleWritten::AlreadySeen => {
            let last = desk.store.get_last_told(desk.tenant, &aggregate).await?;
            Ok(last.is_some_and(|last| last.hash == entry.hash).then_some(sale))
        }
        SaleWritten::BehindFence | SaleWritten::CustomerMet | SaleWritten::AliasTaken => Ok(None),
    }
}

/// COM-3: the customer, where somebody else is credited than ever was.
fn credited_by(before: &Sale, sale: &Sale, known: Option<&Customer>) -> Option<Customer> {
    let is_another = sale.customer.is_some() && before.decision != sale.decision;
    if is_another { Customer::credited_by(known, &sale.decision) } else { None }
}

fn lines_of(
    desk: &Desk<'_>,
    sale: &mut Sale,
    targets: &[Target],
    cause: EarningReason,
    fences: &BTreeMap<Account, Head>,
) -> Result<Vec<Line>, CaseError> {
    let booking = Booking {
        now: desk.now,
        today: desk.today(),
        occurred_at: desk.now,
        cause,
        fence_of: &|account| fences.get(account).and_then(|head| head.fence),
        marks_of: &|account| fences.get(account).map(Marks::from).unwrap_or_default(),
    };
    Ok(retarget(sale, targets, &booking)?)
}

fn action(command: &Command) -> &'static str {
    match command {
        Command::Hold { .. } => "commission.held",
        Command::Release { .. } => "commission.released",
        Command::Reject { .. } => "commission.rejected",
    }
}

fn reason(command: &Command) -> &str {
    let (Command::Hold { reason } | Command::Release { reason } | Command::Reject { reason }) = command;
    reason
}

fn told(sale: &Sale, reason: Option<&str>) -> BTreeMap<String, String> {
    let hold = sale.hold.map_or("none", HoldReason::word);
    let mut told =
        BTreeMap::from([("hold".to_owned(), hold.to_owned()), ("rejected".to_owned(), sale.rejected.to_string())]);
    if let Some(reason) = reason {
        told.insert("reason".to_owned(), reason.to_owned());
    }
    told
}
