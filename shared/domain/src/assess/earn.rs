//! From what an item is worth to earnings: caps, bonuses, the second tier, and what later sales find used up.

use super::caps::{CapHit, Kind, Owner};
use super::items::Item;
use super::net::Net;
use super::order::Placed;
use super::period::Step;
use super::retroactive::BandedSale;
use super::run::{Alone, Run, Seat};
use super::{AssessError, Earning, trace};
use crate::commission::EarningReason;
use crate::line::{LineTrace, Part, PartKind};
use crate::money::Money;
use crate::rate::Base;
use crate::rule::{BandMode, Event};
use crate::sale::{Clawback, Sale};

/// An amount on its way to being an earning.
struct Amount {
    kind: PartKind,
    minor: i64,
    clawback: Clawback,
    /// Of a commission: what it adds to the partner's month, of retroactive bands.
    volume: Option<i64>,
    trace: LineTrace,
}

/// What a credit's positions of an item come to, before caps.
pub(super) struct Amounts {
    pub(super) commission: i64,
    pub(super) bonus: i64,
    pub(super) sign_up: i64,
}

impl<'a> Run<'a, '_> {
    /// The earnings of one credit for one item.
    pub(super) fn earn(
        &mut self,
        placed: &Placed<'a>,
        (place, item): (usize, &Item<'a>),
        (seat, own): (&Seat<'a>, &Alone<'a>),
        amounts: &Amounts,
        earnings: &mut Vec<Earning>,
    ) -> Result<(), AssessError> {
        let sale = placed.sale;
        let mut commission = self.commission(placed, item, (seat, own), amounts.commission)?;
        let banded = own.quote.banded.filter(|_| is_retroactive(seat)).and(seat.volumes.get(place));
        // Said also where it is nothing: another look at the sale may have found it banded.
        commission.volume = Some(banded.map_or(0, |(volume, _)| *volume));
        let is_sign_up = amounts.sign_up != 0 && commission.minor == 0 && own.quote.clauses.is_empty();
        let (capped, clawback) = (self.cap(sale, item, seat, &commission)?, commission.clawback);
        let bonus = (amounts.bonus != 0).then(|| bonus_trace(seat, &commission.trace));
        if !is_sign_up {
            push(sale, item, seat, (commission, capped), earnings);
        }
        let sign_up = (amounts.sign_up != 0).then(|| sign_up_trace(seat));
        for (kind, minor, trace) in
            [(PartKind::VolumeBonus, amounts.bonus, bonus), (PartKind::SignUp, amounts.sign_up, sign_up)]
        {
            if let Some(trace) = trace {
                let amount = Amount { kind, minor, clawback: Clawback::Proportional, volume: None, trace };
                let capped = self.cap(sale, item, seat, &amount)?;
                push(sale, item, seat, (amount, capped), earnings);
            }
        }
        self.second_tier(placed, item, (seat, capped.0, clawback), earnings)?;
        self.note_volume(placed, (place, item), (seat, own), (amounts.commission, capped.0))
    }

    fn commission(
        &self,
        placed: &Placed<'a>,
        item: &Item<'a>,
        (seat, own): (&Seat<'a>, &Alone<'a>),
        minor: i64,
    ) -> Result<Amount, AssessError> {
        let kind = PartKind::Commission;
        let clawback = own.quote.clawback(&seat.version.terms);
        let mut minor = minor;
        // COM-7: after refunds exactly the slices that are left must be left.
        if let Some(net) = own.quote.banded.and_then(|banded| banded.net).filter(|_| own.quote.flat.is_none()) {
            minor = Net::new(placed.sale, item.number, clawback).gross_for(net, minor)?;
        }
        let trace = match (&own.base, placed.event) {
            (Some(base), Some(_)) => {
                trace::of_quote(&seat.frame, (placed, seat.version, item), (&own.quote, base, own.before))
            }
            _ => seat.frame.clone(),
        };
        Ok(Amount { kind, minor, clawback, volume: None, trace })
    }

    /// COM-10: what the caps leave of an amount, and which of them cut it.
    fn cap(
        &mut self,
        sale: &'a Sale,
        item: &Item<'_>,
        seat: &Seat<'a>,
        amount: &Amount,
    ) -> Result<(i64, Option<CapHit>), AssessError> {
        let (credit, currency) = (seat.credit, sale.paid.currency());
        let customer = sale.customer.as_ref();
        let owner = Owner { program: &credit.program, partner: &credit.partner, customer, currency, month: seat.month };
        let net = Net::new(sale, item.number, amount.clawback);
        self.used.cap(self.scope, &owner, (Kind::Own, &seat.version.terms.caps), (amount.minor, &net))
    }

    /// COM-13: a share of the commission, on top, to whoever referred the partner.
    fn second_tier(
        &mut self,
        placed: &Placed<'a>,
        item: &Item<'_>,
        (seat, paid, clawback): (&Seat<'a>, i64, Clawback),
        earnings: &mut Vec<Earning>,
    ) -> Result<(), AssessError> {
        let (sale, credit) = (placed.sale, seat.credit);
        let referrer = credit.terms.referrer.as_ref().filter(|referrer| **referrer != credit.partner);
        let (Some(rate), Some(referrer)) = (seat.version.terms.second_tier, referrer) else { return Ok(()) };
        let currency = sale.paid.currency();
        let commission = Money::from_minor(paid, currency);
        let share = rate
            .of(&Base::of(commission), seat.version.terms.rounding)
            .map_err(|source| AssessError::Money { sale: sale.id.clone(), source })?;
        if share.is_zero() {
            return Ok(());
        }
        let owner = Owner { program: &credit.program, partner: referrer, customer: None, currency, month: seat.month };
        let net = Net::new(sale, item.number, clawback);
        let caps = &seat.version.terms.caps;
        let (minor, hit) = self.used.cap(self.scope, &owner, (Kind::Referrer, caps), (share.minor(), &net))?;
        let part = Part { item: item.number, kind: PartKind::SecondTier };
        let mut trace = LineTrace {
            reason: EarningReason::SecondTier,
            base: commission.to_text(),
            reward: rate.to_string(),
            part,
            link: None,
            period: None,
            ..seat.frame.clone()
        };
        trace::note_cap(&mut trace, hit, share);
        add(
            earnings,
            Earning {
                partner: referrer.clone(),
                part,
                amount: Money::from_minor(minor, currency),
                clawback,
                hold_days: seat.version.terms.hold_of(credit),
                not_before: seat.not_before,
                volume: None,
                trace,
            },
        );
        Ok(())
    }

    fn note_volume(
        &mut self,
        placed: &Placed<'a>,
        (place, item): (usize, &Item<'_>),
        (seat, own): (&Seat<'a>, &Alone<'_>),
        (uncapped, paid): (i64, i64),
    ) -> Result<(), AssessError> {
        let (sale, terms) = (placed.sale, &seat.version.terms);
        let currency = sale.paid.currency();
        let (_, net_volume) = seat.volumes.get(place).copied().unwrap_or_default();
        let state = self.months.entry((seat.account(currency), seat.month)).or_default();
        state.volume = state.volume.saturating_add(net_volume);
        let Some(banded) = own.quote.banded.filter(|_| is_retroactive(seat)) else { return Ok(()) };
        let net = Net::new(sale, item.number, Clawback::Proportional);
        let cap = terms.caps.per_line.filter(|cap| cap.currency() == currency);
        state.add(BandedSale {
            version: seat.version,
            customer: sale.customer.as_ref(),
            occurred_at: sale.occurred_at,
            volume: net_volume,
            // COM-6: what is added to the bands is of the sale, whatever the month reaches.
            beside: net.of(uncapped)?.saturating_sub(net.of(banded.gross)?),
            paid: net.of(paid)?,
            most: cap.map(|cap| net.of(cap.minor()).map(|most| (most, CapHit::Line(cap)))).transpose()?,
        });
        Ok(())
    }

    /// What the sale adds to where its partners stand.
    pub(super) fn note_standings(&mut self, placed: &Placed<'a>, seats: &[Seat<'a>]) {
        let Some(event) = placed.event.filter(|event| event.is_sale()) else { return };
        for seat in seats {
            let revenue = seat.volumes.iter().fold(0_i64, |sum, (_, net)| sum.saturating_add(*net));
            let step = Step {
                sale: placed.sale,
                account: seat.account(placed.sale.paid.currency()),
                version: seat.version,
                month: seat.month,
                is_first: event == Event::FirstSale,
                revenue,
            };
            self.standings.add(self.scope, &step);
        }
    }
}

/// Does what a sale is worth by bands hang on all of its month?
fn is_retroactive(seat: &Seat<'_>) -> bool {
    seat.version.terms.bands.as_ref().is_some_and(|bands| bands.mode == BandMode::Retroactive)
}

/// The earning of an amount, with what the caps left of it noted.
fn push(
    sale: &Sale,
    item: &Item<'_>,
    seat: &Seat<'_>,
    (amount, (minor, hit)): (Amount, (i64, Option<CapHit>)),
    earnings: &mut Vec<Earning>,
) {
    let (part, currency) = (Part { item: item.number, kind: amount.kind }, sale.paid.currency());
    let mut trace = LineTrace { part, ..amount.trace };
    trace::note_cap(&mut trace, hit, Money::from_minor(amount.minor, currency));
    add(
        earnings,
        Earning {
            partner: seat.credit.partner.clone(),
            part,
            amount: Money::from_minor(minor, currency),
            clawback: amount.clawback,
            hold_days: seat.version.terms.hold_of(seat.credit),
            not_before: seat.not_before,
            volume: amount.volume,
            trace,
        },
    );
}

/// How a volume bonus came about: as the commission that it goes on top of.
fn bonus_trace(seat: &Seat<'_>, commission: &LineTrace) -> LineTrace {
    let bonus = seat.version.terms.volume_bonus;
    let bonus = bonus.map(|bonus| format!("bonus: {} from {}", bonus.bonus, bonus.from));
    let notes = commission.notes.iter().cloned().chain(bonus).collect();
    LineTrace { reason: EarningReason::VolumeBonus, notes, ..commission.clone() }
}

fn sign_up_trace(seat: &Seat<'_>) -> LineTrace {
    let tier = format!("tier: {}", seat.credit.terms.tier.word());
    let notes = seat.frame.notes.iter().cloned().chain([tier]).collect();
    LineTrace { reason: EarningReason::SignUpBonus, notes, ..seat.frame.clone() }
}

/// One earning a position: two credits of one partner, or two referred partners of one referrer, are one.
fn add(earnings: &mut Vec<Earning>, earning: Earning) {
    let same = |other: &&mut Earning| other.partner == earning.partner && other.part == earning.part;
    if let Some(there) = earnings.iter_mut().find(same) {
        let sum = there.amount.minor().saturating_add(earning.amount.minor());
        there.amount = Money::from_minor(sum, there.amount.currency());
        let more = earning.volume.unwrap_or(0);
        there.volume = there.volume.map_or(earning.volume, |known| Some(known.saturating_add(more)));
        return;
    }
    earnings.push(earning);
}
