//! Putting open periods in order: what bands, bonuses, caps and the order of sales make of what was booked at once.
//!
//! A visit computes what every open sale and period should have, by the same engine that booked it, and books the
//! difference. It repeats until there is none, and then marks the account, unless something was booked meanwhile.
//! A month freezes some days after its end: from then on its sales come late, and it is counted for the last time.

pub mod accounts;
pub mod binding;
pub mod count;
pub mod counts_in;
mod doubts;
mod elsewhere;
pub(crate) mod late;
pub mod load;
pub mod moving;
pub mod plan;
mod shares;

use std::collections::{BTreeMap, BTreeSet};

use domain::digest::Digest;
use domain::entry::Entry;
use domain::id::{EntryId, ProgramId};
use domain::ledger::Head;
use domain::line::{Account, Line};
use domain::month::Month;
use domain::sale::Sale;
use domain::time::{BusinessDay, Timestamp};
use store::entries::{EntryBooking, EntryWritten, HeadGuard};
use store::periods::{Adjusted, ChangedSale};
use store::{Store, TenantKey, Written};

use crate::error::CaseError;
use crate::risk::habits;
use accounts::all_accounts;
use load::{Frame, Frames, Loaded, Wanted, load, read_frames};
use plan::{Choice, Making, Plan, plan};

/// How often an account that others change is begun again.
const TRIES_MAX: usize = 16;
/// How many sales one transaction adjusts.
const SALES_MAX: usize = 40;
/// How many items one transaction takes, heads among them: the store's own bound is 100.
const ITEMS_MAX: usize = 95;
/// How many entries one transaction books.
const ENTRIES_MAX: usize = 25;

/// Whose night it is.
#[derive(Clone, Copy)]
pub struct Night<'a> {
    /// The store.
    pub store: &'a Store,
    /// The tenant.
    pub tenant: &'a TenantKey,
    /// Its programmes.
    pub frames: &'a Frames,
    /// What the lines say, and when it is.
    pub making: Making<'a>,
    /// The first instant after the business date, in the ledger's zone: months freeze by it.
    pub until: Timestamp,
    /// Whose sales could not be looked at before they may move.
    pub unsettled: &'a moving::Unsettled,
}

/// What an account's visit found and booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ordered {
    /// How many sales of open months there are.
    pub sales: u64,
    /// What this run booked to them, in this visit and in those that died before it.
    pub lines: Vec<Line>,
    /// What was assessed.
    pub inputs: Digest,
    /// What came of it.
    pub outputs: Digest,
}

/// Is there anything to put in order? The head alone tells, so that a visit to an account at rest reads nothing else.
///
/// # Errors
/// The calendar ends.
pub fn is_due(head: &Head, day_after: BusinessDay) -> Result<bool, CaseError> {
    if !head.is_adjusted() {
        return Ok(true);
    }
    let Some(open) = head.open_period else { return Ok(false) };
    // A day early, for zones before the ledger's; the visit itself looks at each programme.
    Ok(open.successor()?.first_day()? <= day_after.plus_days(1)?)
}

/// Puts an account's open periods in order.
///
/// # Errors
/// The store does not answer, amounts are out of range, or others change the account each time. Or a sale cannot be decided
/// anew: it stays as it is booked, and is told when all the rest is in order.
pub async fn adjust(night: &Night<'_>, account: &Account) -> Result<Ordered, CaseError> {
    let note = night.making.note();
    let accounts = [account.clone()];
    let wanted = Wanted {
        accounts: &accounts,
        frames: night.frames,
        only: None,
        everything: false,
        run_note: &note,
        ledger_zone: night.making.ledger_zone,
        sales_max: load::SALES_MAX,
    };
    let mut left = None;
    set_aside(moving::settle(night, &account.partner).await, &mut left)?;
    for _ in 0..TRIES_MAX {
        let loaded = load(night.store, night.tenant, &wanted).await?;
        // Read behind the heads: rules that were made since would have booked to the account, and the head would tell.
        let frames = read_frames(night.store, night.tenant).await?;
        let night = &Night { frames: &frames, ..*night };
        // A cap over all partners needs all of them: such programmes have a unit of their own.
        let alone = |program: &ProgramId| frames.get(program).is_none_or(|frame| !frame.is_capped_as_a_whole());
        let choice = Choice { frames: &frames, includes: &alone };
        if freeze(night, &loaded, account).await? {
            continue;
        }
        if set_aside(binding::rebind(night, &loaded).await, &mut left)? > 0 {
            continue;
        }
        let plan = plan(&loaded, &choice, &night.making)?;
        if plan.is_empty() {
            // FRD-2: what many sales say together is seen where they are read anyway.
            let sales: Vec<&Sale> = loaded.sales.values().collect();
            habits::review(night.store, night.tenant, &account.partner, &sales, night.making.now).await?;
            elsewhere::list(night, &loaded, account).await?;
            let counted = countable(night, &loaded, account).await?;
            if let Some(counted) = counted
                && count::record(night, &loaded, account, counted).await? == Written::ConditionFailed
            {
                continue;
            }
            if mark(night, &loaded, account, counted).await? == Written::Yes {
                return told_last(ordered(&loaded, &plan), left);
            }
        } else if !apply(night, &loaded, &plan, Some(account)).await? {
            tracing::debug!(account.partner = %account.partner, "an account changed while it was put in order, reading again");
        }
    }
    Err(CaseError::Busy)
}

/// What would be booked to an account now. Nothing is written.
///
/// # Errors
/// As [`adjust`].
pub async fn dry_run(night: &Night<'_>, account: &Account) -> Result<Plan, CaseError> {
    let alone = |program: &ProgramId| night.frames.get(program).is_none_or(|frame| !frame.is_capped_as_a_whole());
    dry(night, (std::slice::from_ref(account), None), &alone).await
}

/// What would be booked to the accounts of a programme with a cap over all its partners. Nothing is written.
///
/// # Errors
/// As [`adjust`].
pub async fn dry_run_program(night: &Night<'_>, program: &ProgramId, accounts: &[Account]) -> Result<Plan, CaseError> {
    dry(night, (accounts, Some(program)), &|of| of == program).await
}

async fn dry(
    night: &Night<'_>,
    (accounts, only): (&[Account], Option<&ProgramId>),
    includes: &(dyn Fn(&ProgramId) -> bool + Sync),
) -> Result<Plan, CaseError> {
    let note = night.making.note();
    let wanted = Wanted {
        accounts,
        frames: night.frames,
        only,
        everything: false,
        run_note: &note,
        ledger_zone: night.making.ledger_zone,
        sales_max: load::SALES_MAX,
    };
    let mut loaded = load(night.store, night.tenant, &wanted).await?;
    let mut redecided = Vec::new();
    if only.is_none() {
        for sale in loaded.sales.values() {
            redecided.extend(binding::redecided(night, &loaded, sale).await?.map(|redecided| redecided.change));
        }
    }
    // As if it were booked: the rest is planned behind it.
    loaded.sales.extend(redecided.iter().map(|change| (change.sale.id.clone(), change.sale.clone())));
    let mut plan = plan(&loaded, &Choice { frames: night.frames, includes }, &night.making)?;
    plan.sales.extend(redecided);
    Ok(plan)
}

/// Puts the sales of a programme with a cap over all its partners in order, all accounts together.
///
/// # Errors
/// As [`adjust`].
pub async fn adjust_program(night: &Night<'_>, program: &ProgramId) -> Result<Ordered, CaseError> {
    let note = night.making.note();
    freeze_program(night, program).await?;
    // COM-3, COM-10: asked for behind the freezing. What moves in before it may be the first that an account has.
    let accounts = all_accounts(night.store, night.tenant).await?;
    let wanted = Wanted {
        accounts: &accounts,
        frames: night.frames,
        only: Some(program),
        everything: false,
        run_note: &note,
        ledger_zone: night.making.ledger_zone,
        sales_max: load::SALES_MAX,
    };
    let own = |of: &ProgramId| of == program;
    let choice = Choice { frames: night.frames, includes: &own };
    for _ in 0..TRIES_MAX {
        let loaded = load(night.store, night.tenant, &wanted).await?;
        let mut froze = false;
        for account in &accounts {
            froze |= freeze(night, &loaded, account).await?;
        }
        if froze {
            continue;
        }
        let plan = plan(&loaded, &choice, &night.making)?;
        if plan.is_empty() {
            let is_recomputing = night.store.get_recomputing(night.tenant, program).await?.is_some();
            if let Some(frozen) = frozen_for_all(night, &loaded, program)?.filter(|_| !is_recomputing)
                && !doubts::keep_unit_open(night, &loaded, frozen).await?
            {
                // Refused when it was recorded before: it never goes back.
                let _: Written = night.store.record_program_counted(night.tenant, program, frozen).await?;
            }
            return Ok(ordered(&loaded, &plan));
        }
        apply(night, &loaded, &plan, None).await?;
    }
    Err(CaseError::Busy)
}

/// What goes wrong with a part of a unit, and would again, is kept until its end: the rest of the unit goes on.
fn set_aside<T: Default>(result: Result<T, CaseError>, left: &mut Option<CaseError>) -> Result<T, CaseError> {
    match result {
        Err(error) if error.is_of_its_unit() => {
            left.get_or_insert(error);
            Ok(T::default())
        }
        result => result,
    }
}

fn told_last<T>(answer: T, left: Option<CaseError>) -> Result<T, CaseError> {
    left.map_or(Ok(answer), Err)
}

fn ordered(loaded: &Loaded, plan: &Plan) -> Ordered {
    Ordered {
        sales: loaded.sales.len() as u64,
        lines: loaded.own_lines.clone(),
        inputs: plan.inputs,
        outputs: plan.outputs,
    }
}

/// Freezes the months that ended long enough ago, if sales count in them. `true` when that was done: read again, since
/// only behind it the sales of those months are all there are.
async fn freeze(night: &Night<'_>, loaded: &Loaded, account: &Account) -> Result<bool, CaseError> {
    let Some(head) = loaded.heads.get(account) else { return Ok(false) };
    let Some(last) = last_frozen(night, loaded, account)? else { return Ok(false) };
    let counts = months_of(loaded, account).any(|month| month <= last);
    if !counts || Some(last) <= head.frozen {
        return Ok(false);
    }
    // V13: what turns out to be this partner's comes in before its month is over for them.
    moving::settle_all(night).await?;
    // Refused when another froze as much meanwhile: read again all the same.
    let _: Written = night.store.freeze_periods(night.tenant, account, last).await?;
    Ok(true)
}

/// COM-10: freezes a programme's months for everybody, also for accounts that have nothing in them: behind it no sale counts
/// in them that is not read from now on.
async fn freeze_program(night: &Night<'_>, program: &ProgramId) -> Result<(), CaseError> {
    let Some(frame) = night.frames.get(program) else { return Ok(()) };
    let last = frame.last_frozen(night.until)?;
    if night.store.get_program_closing(night.tenant, program).await?.frozen < Some(last) {
        moving::settle_all(night).await?;
        // Refused when another froze as much meanwhile.
        let _: Written = night.store.freeze_program(night.tenant, program, last).await?;
    }
    Ok(())
}

/// The open months in which something counts for an account.
fn months_of<'l>(loaded: &'l Loaded, account: &'l Account) -> impl Iterator<Item = Month> + 'l {
    let of_sales = loaded.counts_in.iter().filter(move |((sale, partner), _)| {
        let has_currency = loaded.sales.get(sale).is_some_and(|sale| sale.paid.currency() == account.currency);
        *partner == account.partner && has_currency
    });
    let of_entries = loaded.periods.keys().filter(move |(of, _, _)| of == account);
    let came_back = loaded.late_back.iter().filter(move |back| back.account == *account).map(|back| back.month);
    of_sales.map(|(_, counts)| counts.month).chain(of_entries.map(|(_, _, month)| *month)).chain(came_back)
}

/// The last month that may freeze for an account: by the slowest of its programmes.
fn last_frozen(night: &Night<'_>, loaded: &Loaded, account: &Account) -> Result<Option<Month>, CaseError> {
    let unknown = Frame::unknown(night.making.ledger_zone);
    let programs: BTreeSet<Option<&ProgramId>> = programs_of(loaded, account).collect();
    let mut slowest = None;
    for program in programs {
        let frame = program.and_then(|program| night.frames.get(program)).unwrap_or(&unknown);
        let last = frame.last_frozen(night.until)?;
        slowest = Some(slowest.map_or(last, |slowest: Month| slowest.min(last)));
    }
    Ok(slowest)
}

/// The programmes of what counts for an account.
fn programs_of<'l>(loaded: &'l Loaded, account: &'l Account) -> impl Iterator<Item = Option<&'l ProgramId>> + 'l {
    let of_sales = loaded.counts_in.iter().filter(|((_, partner), _)| *partner == account.partner);
    let of_entries = loaded.periods.iter().filter(move |((of, _, _), _)| of == account);
    let of_sales = of_sales.map(|(_, counts)| counts.program.as_ref());
    let came_back = loaded.late_back.iter().filter(move |back| back.account == *account);
    let came_back = came_back.map(|back| Some(&back.program));
    of_sales.chain(of_entries.map(|(_, booked)| booked.program.as_ref())).chain(came_back)
}

/// The month up to which everything is frozen and in order, if that is more than is counted.
async fn countable(night: &Night<'_>, loaded: &Loaded, account: &Account) -> Result<Option<Month>, CaseError> {
    let Some(head) = loaded.heads.get(account) else { return Ok(None) };
    let Some(frozen) = head.frozen.filter(|frozen| Some(*frozen) > head.counted) else { return Ok(None) };
    let mut programs: BTreeSet<&ProgramId> = programs_of(loaded, account).flatten().collect();
    // A customer's count is one over all programmes: none is counted while another's is changed.
    let of_account = loaded.customer_counts.iter().filter(|((of, _), _)| of == account);
    programs.extend(of_account.flat_map(|(_, count)| count.before.earned.keys().chain(count.within.earned.keys())));
    for program in programs {
        if night.store.get_recomputing(night.tenant, program).await?.is_some() {
            // By which rules is open until the recompute is booked.
            return Ok(None);
        }
        let is_capped = night.frames.get(program).is_some_and(Frame::is_capped_as_a_whole);
        // Its own unit comes first; the account is counted the night after.
        if is_capped && night.store.get_program_closing(night.tenant, program).await?.counted < Some(frozen) {
            return Ok(None);
        }
    }
    Ok((!doubts::keep_open(loaded, night.frames, account, frozen)).then_some(frozen))
}

/// The month up to which every account with sales of a programme is frozen.
fn frozen_for_all(night: &Night<'_>, loaded: &Loaded, program: &ProgramId) -> Result<Option<Month>, CaseError> {
    let Some(frame) = night.frames.get(program) else { return Ok(None) };
    let last = frame.last_frozen(night.until)?;
    let is_open = |account: &Account| {
        let head = loaded.heads.get(account);
        months_of(loaded, account).any(|month| month <= last && head.is_none_or(|head| head.frozen < Some(month)))
    };
    Ok((!loaded.visited.iter().any(is_open)).then_some(last))
}

/// Everything that was booked when the head was read is in order.
async fn mark(
    night: &Night<'_>,
    loaded: &Loaded,
    account: &Account,
    counted: Option<Month>,
) -> Result<Written, CaseError> {
    let Some(head) = loaded.heads.get(account) else { return Ok(Written::Yes) };
    let counted = counted.or(head.counted);
    let open = months_of(loaded, account).filter(|month| Some(*month) > counted).min();
    if head.is_adjusted() && counted == head.counted && open == head.open_period {
        return Ok(Written::Yes);
    }
    Ok(night.store.mark_adjusted(night.tenant, account, head, Adjusted { counted, open }).await?)
}

/// Books a plan. `false` when somebody changed what it rests on: what was booked so far stays, the rest is planned anew.
pub(crate) async fn apply(
    night: &Night<'_>,
    loaded: &Loaded,
    plan: &Plan,
    account: Option<&Account>,
) -> Result<bool, CaseError> {
    let mut numbers: BTreeMap<&Account, u64> =
        loaded.heads.iter().map(|(account, head)| (account, head.adjust_no)).collect();
    for changes in chunks(&plan.sales, account)? {
        let number = account.map(|account| (account, numbers.get(account).copied().unwrap_or(0)));
        if night.store.adjust_sales(night.tenant, number, changes).await? == Written::ConditionFailed {
            return Ok(false);
        }
        if let Some(number) = account.and_then(|account| numbers.get_mut(account)) {
            *number += 1;
        }
    }
    let mut by_account: BTreeMap<&Account, Vec<&Entry>> = BTreeMap::new();
    for entry in &plan.entries {
        by_account.entry(&entry.account).or_default().push(entry);
    }
    for (account, entries) in by_account {
        for part in entries.chunks(ENTRIES_MAX) {
            let Some(number) = numbers.get_mut(account) else { continue };
            if !book_entries(night, part, *number).await? {
                return Ok(false);
            }
            *number += 1;
        }
    }
    Ok(true)
}

async fn book_entries(night: &Night<'_>, entries: &[&Entry], number: u64) -> Result<bool, CaseError> {
    // The number of the adjusting makes the key: whoever books it again has been refused by the head.
    let numbered = entries.iter().enumerate().map(|(place, entry)| {
        let key = format!("{}/{number}.{place}", entry.key);
        Entry { id: EntryId::of(&key), key, ..(*entry).clone() }
    });
    let entries: Vec<Entry> = numbered.collect();
    let bookings: Vec<EntryBooking<'_>> =
        entries.iter().map(|entry| EntryBooking { entry, guard: HeadGuard::AdjustNo(number) }).collect();
    let written = night.store.record_entries(night.tenant, &bookings, night.making.today, Vec::new()).await?;
    Ok(written == EntryWritten::Yes)
}

/// Parts of a plan that fit into a transaction: each sale, each line, and the head of each account among them once.
fn chunks<'p>(changes: &'p [ChangedSale], account: Option<&Account>) -> Result<Vec<&'p [ChangedSale]>, CaseError> {
    let mut parts = Vec::new();
    let (mut from, mut items) = (0, 0);
    let mut heads: BTreeSet<Account> = account.cloned().into_iter().collect();
    for (place, change) in changes.iter().enumerate() {
        fits(change)?;
        let more = 1 + change.lines.len();
        let own: BTreeSet<Account> = change.lines.iter().map(Line::account).collect();
        let reached = heads.union(&own).count();
        if place > from && (items + more + reached > ITEMS_MAX || place - from >= SALES_MAX) {
            parts.push(&changes[from..place]);
            (from, items) = (place, 0);
            heads = account.cloned().into_iter().collect();
        }
        items += more;
        heads.extend(own);
    }
    if from < changes.len() {
        parts.push(&changes[from..]);
    }
    Ok(parts)
}

/// One sale's change is never cut: with its lines, their heads, the visited account's and one more it is one transaction.
/// What does not fit is an error of its unit, and named: the store would answer nothing that helps.
pub(crate) fn fits(change: &ChangedSale) -> Result<(), CaseError> {
    let heads: BTreeSet<Account> = change.lines.iter().map(Line::account).collect();
    if change.lines.len() + heads.len() + 2 > ITEMS_MAX {
        return Err(CaseError::TooManyLines { lines: change.lines.len() });
    }
    Ok(())
}
