//! The laws of one account.

use std::collections::{BTreeMap, BTreeSet};

use domain::audit::check_chain;
use domain::digest::Digest;
use domain::id::SaleId;
use domain::ledger::{Close, Head, Recount};
use domain::line::{Account, Line, Place};
use domain::money::Money;
use domain::payout::PayoutState;
use domain::postings::{self, Balances, Book};
use domain::slot::Slot;
use store::payouts::StoredPayout;
use store::{Store, TenantKey};

use super::{Breach, Verified};
use crate::error::CaseError;

/// Collects breaches of one account.
struct Found<'a> {
    account: &'a Account,
    breaches: &'a mut Vec<Breach>,
}

impl Found<'_> {
    fn expect<T: PartialEq + std::fmt::Debug>(
        &mut self,
        law: &'static str,
        entry: impl Into<String>,
        expected: T,
        found: T,
    ) {
        if expected != found {
            let (expected, found) = (format!("{expected:?}"), format!("{found:?}"));
            self.breaches.push(Breach { law, account: self.account.clone(), entry: entry.into(), expected, found });
        }
    }
}

/// Everything stored of an account.
struct Rows {
    head: Head,
    lines: Vec<Line>,
    closes: Vec<Close>,
    payouts: Vec<StoredPayout>,
}

pub(super) async fn verify(
    store: &Store,
    tenant: &TenantKey,
    account: &Account,
    verified: &mut Verified,
) -> Result<(), CaseError> {
    let rows = Rows {
        head: store.get_head(tenant, account).await?,
        lines: store.list_lines(tenant, account).await?,
        closes: store.list_closes(tenant, account).await?,
        payouts: store.list_account_payouts(tenant, account).await?,
    };
    verified.lines += rows.lines.len() as u64;
    verified.closes += rows.closes.len() as u64;
    verified.payouts += rows.payouts.len() as u64;
    let mut found = Found { account, breaches: &mut verified.breaches };
    books(&rows, &mut found)?;
    equalities(&rows, &mut found)?;
    chain_of_closes(&rows, &mut found)?;
    payouts(&rows, &mut found)?;
    sales(store, tenant, &rows, &mut found).await?;
    for stored in &rows.payouts {
        let id = stored.payout.id.as_str();
        let entries = store.list_audit(tenant, id).await?;
        verified.audit_entries += entries.len() as u64;
        let mut found = Found { account, breaches: &mut verified.breaches };
        found.expect("V10", format!("audit of {id}"), Ok(stored.chain), check_chain(id, &entries));
    }
    Ok(())
}

/// V1, V2, V3: the fold of every row's postings is the head.
fn books(rows: &Rows, found: &mut Found<'_>) -> Result<(), CaseError> {
    let mut balances = Balances::default();
    let mut book = |entry: String, postings: Vec<postings::Posting>| -> Result<(), CaseError> {
        let balanced = balances.book(&postings)?;
        found.expect("V1", entry, true, balanced);
        Ok(())
    };
    for line in &rows.lines {
        book(format!("line {}", line.id), postings::of_line(line)?)?;
    }
    for close in &rows.closes {
        book(format!("close {}", close.no), postings::of_close(close)?)?;
    }
    for stored in &rows.payouts {
        book(format!("payout {}", stored.payout.id), postings::of_payout(&stored.payout)?)?;
    }
    found.expect("V2", "all accounts of the book", 0, balances.sum_minor()?);
    let head = &rows.head;
    let open = Money::try_sum(head.open.values().map(|minor| Money::from_minor(*minor, head.currency)), head.currency)?
        .minor();
    let kept = [
        (Book::Pending, open),
        (Book::Held, head.held),
        (Book::Available, head.available),
        (Book::Reserved, head.reserved),
        (Book::Cash, head.settled),
    ];
    for (account, minor) in kept {
        found.expect("V3", format!("{account:?}"), balances.minor(account), minor);
    }
    Ok(())
}

/// V14 and the four equalities: open slots, the total, what is paid, what is in a payout.
fn equalities(rows: &Rows, found: &mut Found<'_>) -> Result<(), CaseError> {
    let Rows { head, lines, .. } = rows;
    if let Err(breach) = head.check() {
        found.expect("V14", "head", "in order".to_owned(), breach.to_string());
    }
    let mut by_slot: BTreeMap<Slot, i64> = BTreeMap::new();
    for line in lines {
        if let Place::Slot(slot) = line.place {
            let net = by_slot.entry(slot).or_default();
            *net = net.checked_add(line.amount.minor()).ok_or(domain::money::MoneyError::OutOfRange)?;
        }
    }
    let slots: BTreeSet<Slot> =
        by_slot.keys().chain(head.open.keys()).copied().filter(|slot| Some(*slot) > head.closed).collect();
    for slot in slots {
        let of = |map: &BTreeMap<Slot, i64>| map.get(&slot).copied().unwrap_or(0);
        found.expect("V14", format!("slot {slot}"), of(&by_slot), of(&head.open));
    }
    found.expect("V14", "all lines", sum(lines, |_| true, head)?, head.total()?.minor());
    let up_to = |line: &Line, limit: Option<Slot>| matches!(line.place, Place::Slot(slot) if Some(slot) <= limit);
    found.expect("V14", "lines paid", sum(lines, |line| up_to(line, head.paid), head)?, head.settled);
    let in_payout = sum(lines, |line| up_to(line, head.covered) && !up_to(line, head.paid), head)?;
    found.expect("V14", "lines in a payout", in_payout, head.reserved);
    Ok(())
}

fn count(lines: &[Line], wanted: impl Fn(&Line) -> bool) -> u64 {
    lines.iter().filter(|line| wanted(line)).count() as u64
}

fn sum(lines: &[Line], wanted: impl Fn(&Line) -> bool, head: &Head) -> Result<i64, CaseError> {
    Ok(Money::try_sum(lines.iter().filter(|line| wanted(line)).map(|line| line.amount), head.currency)?.minor())
}

/// The chain: each close follows the one before, and its count, net and hash are those of its lines.
fn chain_of_closes(rows: &Rows, found: &mut Found<'_>) -> Result<(), CaseError> {
    let (mut from, mut hash) = (None, Digest::ZERO);
    for (place, close) in rows.closes.iter().enumerate() {
        let entry = format!("close {}", close.no);
        found.expect("V14", &*entry, place + 1, close.no as usize);
        found.expect("V14", &*entry, (from, hash), (close.from, close.previous));
        let mut counted = Recount { count: 0, net: Money::zero(rows.head.currency), hash: close.previous };
        for line in rows
            .lines
            .iter()
            .filter(|line| matches!(line.place, Place::Slot(slot) if Some(slot) > close.from && slot <= close.to))
        {
            counted = counted.fold(line)?;
        }
        found.expect("V14", &*entry, (counted.count, counted.net, counted.hash), (close.count, close.net, close.hash));
        (from, hash) = (Some(close.to), close.hash);
    }
    found.expect("V14", "the end of the chain of closes", (from, hash), (rows.head.closed, rows.head.close_hash));
    Ok(())
}

/// V4 and V5: a payout is the sum of what it covers, and no slot is covered twice by payouts that are open or paid.
fn payouts(rows: &Rows, found: &mut Found<'_>) -> Result<(), CaseError> {
    let mut covered: Option<Slot> = None;
    for stored in &rows.payouts {
        let payout = &stored.payout;
        let entry = format!("payout {}", payout.id);
        found.expect("V4", &*entry, payout.computed_seal(), payout.seal);
        let inside =
            |line: &Line| matches!(line.place, Place::Slot(slot) if Some(slot) > payout.from && slot <= payout.to);
        found.expect("V4", &*entry, sum(&rows.lines, inside, &rows.head)?, payout.amount.minor());
        let behind = rows.closes.iter().find(|close| close.to == payout.to).map(|close| close.hash);
        found.expect("V4", format!("the closes behind {entry}"), behind, Some(payout.close_hash));
        found.expect("V4", format!("the lines of {entry}"), count(&rows.lines, inside), payout.lines);
        if payout.state.is_open() || matches!(payout.state, PayoutState::Paid { .. }) {
            found.expect("V5", &*entry, covered, payout.from);
            covered = Some(payout.to);
        }
        let is_the_open_one = rows.head.open_payout.as_ref() == Some(&payout.id);
        found.expect("V14", &*entry, payout.state.is_open(), is_the_open_one);
    }
    found.expect("V5", "the last slot covered", covered, rows.head.covered);
    Ok(())
}

/// V7: each line belongs to its sale, and 0 ≤ reversed ≤ earned.
async fn sales(store: &Store, tenant: &TenantKey, rows: &Rows, found: &mut Found<'_>) -> Result<(), CaseError> {
    let mut by_sale: BTreeMap<&SaleId, BTreeMap<u32, i64>> = BTreeMap::new();
    for line in &rows.lines {
        by_sale.entry(&line.sale).or_default().insert(line.n, line.amount.minor());
    }
    for (id, lines) in by_sale {
        let sale = store.get_sale(tenant, id).await?;
        let own = sale.iter().flat_map(|sale| &sale.lines).filter(|line| line.partner == found.account.partner);
        let (mut kept, mut net) = (BTreeMap::new(), 0_i64);
        for line in own {
            kept.insert(line.n, line.amount.minor());
            net = net.checked_add(line.amount.minor()).ok_or(domain::money::MoneyError::OutOfRange)?;
            let reversed = line.reversed.minor();
            let taken_back = sale.iter().flat_map(|sale| &sale.lines).filter(|other| other.reverses == Some(line.n));
            let taken_back = Money::try_sum(taken_back.map(|other| other.amount), rows.head.currency)?.minor();
            found.expect("V7", format!("what line {} of {id} has lost", line.n), taken_back, -reversed);
            found.expect(
                "V7",
                format!("line {} of {id}", line.n),
                true,
                reversed == 0 || (0 < reversed && reversed <= line.amount.minor()),
            );
        }
        found.expect("V7", format!("sale {id}"), kept, lines);
        found.expect("V7", format!("net of sale {id}"), true, net >= 0);
    }
    Ok(())
}
