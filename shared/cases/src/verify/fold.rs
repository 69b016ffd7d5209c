//! V4, V5, V6, V14: one pass over an account's lines in the order of keys, against its head, closes and payouts.

use std::collections::{BTreeMap, BTreeSet};

use domain::digest::Digest;
use domain::ledger::{Close, Head, HeadBreach, Recount};
use domain::line::{Line, Place};
use domain::money::Money;
use domain::payout::{Payout, PayoutState};
use domain::postings;
use domain::slot::Slot;
use domain::time::Zone;
use store::payouts::StoredPayout;

use super::Found;
use super::books::Books;
use crate::error::CaseError;

/// By how much clocks may differ before a slot is to come for all of them.
const SLACK_DAYS: i32 = 3;

/// What one account has beside its lines.
pub(super) struct Rows {
    pub(super) head: Head,
    pub(super) closes: Vec<Close>,
    pub(super) payouts: Vec<StoredPayout>,
}

/// The fold of the lines: as large as the open slots and the closes, however many lines there are.
pub(super) struct Fold<'a> {
    rows: &'a Rows,
    zone: &'a Zone,
    books: Books,
    /// The close whose lines are being counted.
    at: usize,
    counted: Recount,
    /// What the lines say of each close that is behind: how many, and their net.
    recounted: Vec<(u64, Money)>,
    open: BTreeMap<Slot, i64>,
    /// Of open slots: what came in, less what was taken when the slot was to come by any clock.
    to_come: BTreeMap<Slot, i64>,
    total: Money,
    paid: Money,
    in_payout: Money,
    pub(super) lines: u64,
}

impl<'a> Fold<'a> {
    pub(super) fn begin(rows: &'a Rows, zone: &'a Zone) -> Self {
        let nothing = Money::zero(rows.head.currency);
        Self {
            rows,
            zone,
            books: Books::default(),
            at: 0,
            counted: recount(&rows.closes, 0, nothing),
            recounted: Vec::new(),
            open: BTreeMap::new(),
            to_come: BTreeMap::new(),
            total: nothing,
            paid: nothing,
            in_payout: nothing,
            lines: 0,
        }
    }

    /// Takes in the next line.
    pub(super) fn take(&mut self, line: &Line, found: &mut Found) -> Result<(), CaseError> {
        self.lines += 1;
        self.books.book(|| format!("line {}", line.id), &postings::of_line(line)?, found)?;
        self.total = self.total.try_add(line.amount)?;
        let Place::Slot(slot) = line.place else { return Ok(()) };
        while self.rows.closes.get(self.at).is_some_and(|close| close.to < slot) {
            self.end_close(found);
        }
        if self.rows.closes.get(self.at).is_some_and(|close| Some(slot) > close.from) {
            self.counted = self.counted.clone().fold(line)?;
        }
        let head = &self.rows.head;
        if Some(slot) > head.closed {
            add(&mut self.open, slot, line)?;
            // A later cut of a day opens behind a fence, and fences are raised to what has matured: whatever is booked there was
            // due, however old the clock of whoever booked it.
            let is_first_cut = slot == Slot::of_day(slot.day());
            let booked_by = self.zone.day_of(line.booked_at).plus_days(SLACK_DAYS);
            let was_to_come = is_first_cut && booked_by.is_ok_and(|day| slot.day() > day);
            if was_to_come || !line.amount.is_negative() {
                add(&mut self.to_come, slot, line)?;
            }
        }
        if Some(slot) <= head.paid {
            self.paid = self.paid.try_add(line.amount)?;
        } else if Some(slot) <= head.covered {
            self.in_payout = self.in_payout.try_add(line.amount)?;
        }
        Ok(())
    }

    fn end_close(&mut self, found: &mut Found) {
        let nothing = Money::zero(self.rows.head.currency);
        if let Some(close) = self.rows.closes.get(self.at) {
            let counted = (self.counted.count, self.counted.net, self.counted.hash);
            found.expect("V14", || format!("close {}", close.no), counted, (close.count, close.net, close.hash));
            self.recounted.push((self.counted.count, self.counted.net));
        }
        self.at += 1;
        self.counted = recount(&self.rows.closes, self.at, nothing);
    }

    /// All lines are in.
    pub(super) fn end(mut self, zone: &Zone, found: &mut Found) -> Result<(), CaseError> {
        while self.at < self.rows.closes.len() {
            self.end_close(found);
        }
        self.equalities(found)?;
        chain(self.rows, found);
        self.payouts(found)?;
        for close in &self.rows.closes {
            self.books.book(|| format!("close {}", close.no), &postings::of_close(close)?, found)?;
        }
        self.books.close(&self.rows.head, &self.rows.payouts, zone, found)
    }

    /// V14 and the four equalities: open slots, the total, what is paid, what is in a payout.
    fn equalities(&self, found: &mut Found) -> Result<(), CaseError> {
        let head = &self.rows.head;
        if let Err(breach) = head.check() {
            let law = if matches!(breach, HeadBreach::Negative { .. }) { "V6" } else { "V14" };
            found.tell(law, "head".to_owned(), "in order".to_owned(), breach.to_string());
        }
        let slots: BTreeSet<Slot> = self.open.keys().chain(head.open.keys()).copied().collect();
        for slot in slots {
            let of = |map: &BTreeMap<Slot, i64>| map.get(&slot).copied().unwrap_or(0);
            found.expect("V14", || format!("slot {slot}"), of(&self.open), of(&head.open));
            // V6: a slot to come loses only what it has.
            if of(&self.to_come) < 0 {
                found.tell("V6", format!("slot {slot}"), "0 or more".to_owned(), of(&self.to_come).to_string());
            }
        }
        // What is not at rest is visited by the night, or nothing of it would ever be adjusted or closed.
        if !head.is_at_rest() {
            found.expect("V14", || "the index of live accounts".to_owned(), true, head.live);
        }
        found.expect("V14", || "all lines".to_owned(), self.total.minor(), head.total()?.minor());
        found.expect("V14", || "lines paid".to_owned(), self.paid.minor(), head.settled);
        found.expect("V14", || "lines in a payout".to_owned(), self.in_payout.minor(), head.reserved);
        Ok(())
    }

    /// V4 and V5: a payout is the sum of what it covers, and no slot is covered twice by payouts that are open or paid.
    fn payouts(&self, found: &mut Found) -> Result<(), CaseError> {
        let mut covered: Option<Slot> = None;
        let payouts = self.rows.payouts.len();
        found.expect("V5", || "the number of payouts".to_owned(), self.rows.head.payout_no as usize, payouts);
        for StoredPayout { payout, .. } in &self.rows.payouts {
            let of = |what: &'static str| move || format!("{what} payout {}", payout.id);
            approvals(payout, found);
            found.expect("V4", of("the seal of"), payout.computed_seal(), payout.seal);
            // A payout begins and ends where closes do, so what it covers is theirs.
            let own = || self.closes_between(payout.from, payout.to);
            let net = Money::try_sum(own().map(|(_, net)| net), self.rows.head.currency)?;
            found.expect("V4", of("the amount of"), net.minor(), payout.amount.minor());
            let lines = own().map(|(count, _)| count).fold(0_u64, u64::saturating_add);
            found.expect("V4", of("the lines of"), lines, payout.lines);
            let behind = self.rows.closes.iter().find(|close| close.to == payout.to).map(|close| close.hash);
            found.expect("V4", of("the closes behind"), behind, Some(payout.close_hash));
            if payout.state.stands() {
                found.expect("V5", of("the slot behind which begins"), covered, payout.from);
                covered = Some(payout.to);
            }
            let is_the_open_one = self.rows.head.open_payout.as_ref() == Some(&payout.id);
            found.expect("V14", of("whether the head has open"), payout.state.is_open(), is_the_open_one);
        }
        found.expect("V5", || "the last slot covered".to_owned(), covered, self.rows.head.covered);
        Ok(())
    }

    fn closes_between(&self, from: Option<Slot>, to: Slot) -> impl Iterator<Item = (u64, Money)> {
        let closes = self.rows.closes.iter().zip(&self.recounted);
        closes.filter(move |(close, _)| close.from >= from && close.to <= to).map(|(_, counted)| *counted)
    }
}

/// V4: what went beyond approval was approved by as many people as it takes, each to this very seal, none who asked.
fn approvals(payout: &Payout, found: &mut Found) {
    match payout.state {
        PayoutState::PendingApproval | PayoutState::Rejected { .. } | PayoutState::Cancelled { .. } => return,
        PayoutState::Approved
        | PayoutState::Submitting { .. }
        | PayoutState::OutcomeUnknown { .. }
        | PayoutState::Submitted { .. }
        | PayoutState::Paid { .. }
        | PayoutState::Failed { .. }
        | PayoutState::Returned { .. } => {}
    }
    let to_this = payout.approvals.iter().filter(|approval| approval.seal == payout.seal);
    let people: BTreeSet<&str> = to_this.map(|approval| approval.by.as_str()).collect();
    let needed = payout.approvers();
    let entry = || format!("the approvals of payout {}", payout.id);
    found.expect("V4", entry, needed, people.len().min(needed));
    found.expect("V4", || format!("{} by who asked", entry()), false, people.contains(payout.requested_by.id.as_str()));
}

fn add(slots: &mut BTreeMap<Slot, i64>, slot: Slot, line: &Line) -> Result<(), CaseError> {
    let net = slots.entry(slot).or_default();
    *net = net.checked_add(line.amount.minor()).ok_or(domain::money::MoneyError::OutOfRange)?;
    Ok(())
}

/// The recount of a close, before its first line.
fn recount(closes: &[Close], at: usize, nothing: Money) -> Recount {
    let hash = closes.get(at).map_or(Digest::ZERO, |close| close.previous);
    Recount { count: 0, net: nothing, hash }
}

/// The chain: each close follows the one before, and the head stands at its end.
fn chain(rows: &Rows, found: &mut Found) {
    let (mut from, mut hash) = (None, Digest::ZERO);
    for (place, close) in rows.closes.iter().enumerate() {
        let entry = || format!("close {}", close.no);
        found.expect("V14", entry, place + 1, close.no as usize);
        found.expect("V14", entry, (from, hash), (close.from, close.previous));
        (from, hash) = (Some(close.to), close.hash);
    }
    let kept = (rows.head.closed, rows.head.close_hash);
    found.expect("V14", || "the end of the chain of closes".to_owned(), (from, hash), kept);
    found.expect("V14", || "the number of closes".to_owned(), rows.closes.len(), rows.head.close_no as usize);
}
