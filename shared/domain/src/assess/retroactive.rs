//! COM-7: what a month with retroactive bands adds to its sales, each of which was booked at the first band's rate.

use std::collections::BTreeMap;

use super::caps::{CapHit, Kind, Owner};
use super::period::{Account, PeriodEarning, PeriodKind, trace_of};
use super::run::Run;
use super::{AssessError, trace};
use crate::commission::EarningReason;
use crate::currency::Currency;
use crate::fact::PaymentKey;
use crate::id::RuleId;
use crate::money::{Money, MoneyError};
use crate::month::Month;
use crate::rate::Rate;
use crate::rule::RuleVersion;
use crate::rule::bands::{MILLION, rounded};
use crate::sale::Sale;
use crate::time::Timestamp;

/// A banded item of a sale. Every amount is what refunds leave.
pub(super) struct BandedSale<'a> {
    pub(super) version: &'a RuleVersion,
    pub(super) customer: Option<&'a PaymentKey>,
    pub(super) occurred_at: Timestamp,
    pub(super) volume: i64,
    /// What flat rewards beside the bands come to.
    pub(super) beside: i64,
    /// What the caps left of it as it was booked.
    pub(super) paid: i64,
    /// The most that its line may be, and the cap that says so.
    pub(super) most: Option<(i64, CapHit)>,
}

/// A partner's month.
#[derive(Default)]
pub(super) struct MonthOf<'a> {
    /// The net volume so far.
    pub(super) volume: i64,
    /// In canonical order.
    banded: Vec<BandedSale<'a>>,
}

/// What the banded sales of a month come to at the rate that it reached.
struct Reached<'a> {
    /// The version whose caps hold for the month's difference: the newest.
    newest: &'a RuleVersion,
    rate: Rate,
    volume: i64,
    last: Timestamp,
    /// What the sales were paid less than that, were there no caps.
    uncapped: i64,
    /// What they are to be paid more, in the order in which customers bought.
    shares: Vec<Share<'a>>,
    hit: Option<CapHit>,
}

/// What the sales of one customer are to be paid more. Bands that fall make it negative.
struct Share<'a> {
    customer: Option<&'a PaymentKey>,
    more: i64,
}

impl<'a> MonthOf<'a> {
    pub(super) fn add(&mut self, banded: BandedSale<'a>) {
        self.banded.push(banded);
    }

    /// COM-7: every banded sale at the rate that the month's volume reached, under the cap of its line. A sale is worth by
    /// how much it raises the rounded value of its version's volume, so that no number of sales gains or loses a cent.
    fn reached(&self, currency: Currency) -> Result<Option<Reached<'a>>, MoneyError> {
        let Some(last) = self.banded.last() else { return Ok(None) };
        let rate_of = |version: &RuleVersion| {
            let bands = version.terms.bands.as_ref();
            bands.and_then(|bands| bands.reached(self.volume, currency)).unwrap_or(Rate::ZERO)
        };
        let mut reached = Reached {
            newest: last.version,
            rate: rate_of(last.version),
            volume: self.volume,
            last: last.occurred_at,
            uncapped: 0,
            shares: Vec::new(),
            hit: None,
        };
        let mut volumes: BTreeMap<&RuleId, i64> = BTreeMap::new();
        let mut places: BTreeMap<Option<&PaymentKey>, usize> = BTreeMap::new();
        for sale in &self.banded {
            let (rate, rounding) = (rate_of(sale.version).millionths(), sale.version.terms.rounding);
            let worth = |volume: i64| rounded(i128::from(volume) * rate, MILLION, currency, rounding).map(Money::minor);
            let so_far = volumes.entry(&sale.version.id).or_default();
            let before = worth(*so_far)?;
            *so_far = so_far.saturating_add(sale.volume);
            let whole = worth(*so_far)?.saturating_sub(before).saturating_add(sale.beside);
            reached.uncapped = reached.uncapped.saturating_add(whole.saturating_sub(sale.paid));
            let cut = sale.most.filter(|(most, _)| *most < whole);
            reached.hit = cut.map(|(_, hit)| hit).or(reached.hit);
            let more = cut.map_or(whole, |(most, _)| most).saturating_sub(sale.paid);
            let place = *places.entry(sale.customer).or_insert(reached.shares.len());
            match reached.shares.get_mut(place) {
                Some(share) => share.more = share.more.saturating_add(more),
                None => reached.shares.push(Share { customer: sale.customer, more }),
            }
        }
        Ok(Some(reached))
    }
}

impl Reached<'_> {
    /// The month's difference.
    fn more(&self) -> i64 {
        self.shares.iter().fold(0, |sum, share| sum.saturating_add(share.more))
    }

    fn earning(&self, (program, partner, currency): Account<'_>, month: Month) -> PeriodEarning {
        let mut trace = trace_of(program, &self.newest.id, EarningReason::RetroactiveBands);
        trace.base = Money::from_minor(self.volume, currency).to_text();
        trace.reward = self.rate.to_string();
        // Of an entry nothing is kept but its notes.
        trace.notes.extend([format!("volume: {}", trace.base), format!("band: {}", trace.reward)]);
        trace::note_cap(&mut trace, self.hit, Money::from_minor(self.uncapped, currency));
        let amount = Money::from_minor(self.more(), currency);
        trace.notes.push(format!("in_all: {amount}"));
        let is_limited = self.newest.terms.caps.per_customer.is_some_and(|cap| cap.currency() == currency);
        let limited = self.shares.iter().filter(|_| is_limited);
        let customers = limited.filter_map(|share| share.customer.map(|customer| (customer.clone(), share.more)));
        PeriodEarning {
            program: program.clone(),
            partner: partner.clone(),
            currency,
            month,
            kind: PeriodKind::Bands,
            amount,
            customers: customers.collect(),
            badge: None,
            occurred_at: self.last,
            hold_days: self.newest.terms.hold_days,
            trace,
        }
    }
}

impl<'a> Run<'a, '_> {
    /// COM-10: a month's difference is paid as the month ends, before what its customers buy in later ones: so it is the
    /// same whether those are known yet or not.
    pub(super) fn end_months(&mut self, sale: &'a Sale) -> Result<(), AssessError> {
        if !self.ends_months {
            return Ok(());
        }
        for credit in sale.decision.credits() {
            let Some(program) = self.scope.programs.get(&credit.program) else { continue };
            // Sales come by time, and none counts in a month before its own.
            let month = Month::of(program.zone.day_of(sale.occurred_at));
            if self.present.insert(&credit.program, month).is_some_and(|before| before < month) {
                self.settle(|(of, ..), its| **of == credit.program && its < month)?;
            }
        }
        Ok(())
    }

    /// Pays the differences of months that are due.
    pub(super) fn settle(&mut self, is_due: impl Fn(&Account<'a>, Month) -> bool) -> Result<(), AssessError> {
        let months = self.months.keys().copied();
        let due: Vec<(Account<'a>, Month)> = months.filter(|(account, month)| is_due(account, *month)).collect();
        for (account, month) in due {
            let (program, partner, currency) = account;
            let Some(state) = self.months.get_mut(&(account, month)) else { continue };
            let wrong = |source| AssessError::Period { program: program.clone(), month, source };
            let Some(mut reached) = state.reached(currency).map_err(wrong)? else { continue };
            state.banded.clear();
            self.cap_month(&Owner { program, partner, customer: None, currency, month }, &mut reached);
            self.settled.insert((account, month), reached.earning(account, month));
        }
        Ok(())
    }

    /// COM-10: what the caps leave of a month's difference. What its sales were paid is used up already, so that all of them
    /// together come to what they are worth or to the cap, and to nothing else.
    fn cap_month(&mut self, owner: &Owner<'a>, reached: &mut Reached<'a>) {
        let caps = &reached.newest.terms.caps;
        let own = |customer| Owner { customer, ..*owner };
        for share in &mut reached.shares {
            let room = self.used.room_of_customer(self.scope, &own(share.customer), caps);
            if let Some((room, hit)) = room.filter(|(room, _)| share.more > *room) {
                share.more = room;
                reached.hit = Some(hit);
            }
        }
        let whole = reached.more();
        if let Some((room, hit)) = self.used.room(owner, caps).filter(|(room, _)| whole > *room) {
            // What goes back of some customers' sales is there for those of others.
            let mut left = reached.shares.iter().fold(room, |left, share| left.saturating_sub(share.more.min(0)));
            for share in &mut reached.shares {
                share.more = share.more.min(left);
                left = left.saturating_sub(share.more.max(0));
            }
            reached.hit = Some(hit);
        }
        for share in &reached.shares {
            self.used.use_up(self.scope, &own(share.customer), Kind::Own, share.more);
        }
    }
}
