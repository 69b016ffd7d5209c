//! One pass over the sales of a scope in canonical order, with what earlier ones have used up.

use std::collections::BTreeMap;

use super::caps::Used;
use super::earn::Amounts;
use super::items::{Item, items_of};
use super::net::Net;
use super::order::Placed;
use super::period::{Account, PeriodEarning, Standings};
use super::quote::{Asked, Quote};
use super::retroactive::MonthOf;
use super::shares::Weights;
use super::trace;
use super::{AssessError, Earning, SaleEarnings, Scope, Standing};
use crate::attribution::Credit;
use crate::currency::Currency;
use crate::id::{PartnerId, ProgramId};
use crate::line::LineTrace;
use crate::money::Money;
use crate::month::Month;
use crate::rate::{Base, Rounding};
use crate::rule::{BandMode, Event, RuleVersion, in_force};
use crate::sale::{Clawback, Sale};
use crate::time::{BusinessDay, Zone};

/// A partner's months, by account.
pub(super) type Months<'a> = BTreeMap<(Account<'a>, Month), MonthOf<'a>>;

/// What one pass keeps.
pub(super) struct Run<'a, 's> {
    pub(super) scope: &'s Scope<'a>,
    pub(super) used: Used<'a>,
    pub(super) months: Months<'a>,
    /// Does what a month's bands add count for caps of later months? Where not, nobody asks when it ends.
    pub(super) ends_months: bool,
    /// The month of the newest sale, by programme.
    pub(super) present: BTreeMap<&'a ProgramId, Month>,
    /// What the bands of months that ended add.
    pub(super) settled: BTreeMap<(Account<'a>, Month), PeriodEarning>,
    pub(super) standings: Standings<'a>,
}

/// A credit of the sale whose programme has a rule in force.
pub(super) struct Seat<'a> {
    pub(super) credit: &'a Credit,
    /// Its number among the sale's credits.
    pub(super) number: usize,
    pub(super) version: &'a RuleVersion,
    pub(super) zone: &'a Zone,
    pub(super) month: Month,
    pub(super) not_before: Option<BusinessDay>,
    pub(super) frame: LineTrace,
    /// Its part of the volume of each item, before and after refunds.
    pub(super) volumes: Vec<(i64, i64)>,
    /// The flat clauses that paid for an item of this sale.
    pub(super) paid_flat: Vec<usize>,
}

/// What an item is worth to a credit alone.
#[derive(Default)]
pub(super) struct Alone<'a> {
    pub(super) quote: Quote<'a>,
    pub(super) base: Option<Base>,
    pub(super) before: i64,
    /// What is to be shared with other credits.
    pub(super) shared: i64,
    /// What is the credit's own already: banded, of its part of the volume.
    pub(super) own: i64,
    /// The volume bonus, to be shared unless it is of a banded amount.
    pub(super) bonus: i64,
}

impl Alone<'_> {
    fn shared_bonus(&self) -> i64 {
        if self.quote.banded.is_some() { 0 } else { self.bonus }
    }

    fn own_bonus(&self) -> i64 {
        self.bonus.saturating_sub(self.shared_bonus())
    }
}

impl<'a> Seat<'a> {
    pub(super) fn account(&self, currency: Currency) -> Account<'a> {
        (&self.credit.program, &self.credit.partner, currency)
    }
}

impl<'a, 's> Run<'a, 's> {
    pub(super) fn new(scope: &'s Scope<'a>) -> Self {
        let ends_months = scope.programs.values().any(|program| {
            let mut bands = program.versions.iter().filter_map(|version| version.terms.bands.as_ref());
            bands.any(|bands| bands.mode == BandMode::Retroactive)
                && program.versions.iter().any(|version| version.terms.caps.per_customer.is_some())
        });
        Self {
            scope,
            used: Used::new(scope),
            months: BTreeMap::new(),
            ends_months,
            present: BTreeMap::new(),
            settled: BTreeMap::new(),
            standings: Standings::default(),
        }
    }

    /// What a sale earns; what it uses up is noted for the sales after it.
    pub(super) fn assess(&mut self, placed: &Placed<'a>) -> Result<SaleEarnings, AssessError> {
        let sale = placed.sale;
        self.end_months(sale)?;
        let credits = sale.decision.credits();
        let all: Vec<u64> = credits.iter().map(|credit| credit.weight).collect();
        let weights = Weights { sale: &sale.id, currency: sale.paid.currency(), weights: &all };
        let (mut seats, mut without_rule) = (Vec::new(), Vec::new());
        for (number, credit) in credits.iter().enumerate() {
            match self.seat(placed, credit, number, &weights)? {
                Some(seat) => seats.push(seat),
                None => without_rule.push(credit.partner.clone()),
            }
        }
        let items = items_of(sale);
        let mut earnings = Vec::new();
        for (place, item) in items.iter().enumerate() {
            self.assess_item(placed, (place, item), &mut seats, (&weights, &mut earnings))?;
        }
        self.note_standings(placed, &seats);
        Ok(SaleEarnings { sale: sale.id.clone(), event: placed.event, earnings, without_rule })
    }

    /// What partners earn by their months and standings, once every sale was assessed.
    pub(super) fn periods(mut self) -> Result<Vec<PeriodEarning>, AssessError> {
        self.settle(|_, _| true)?;
        let mut periods: Vec<PeriodEarning> = self.settled.into_values().collect();
        periods.extend(self.standings.into_reached());
        Ok(periods)
    }

    /// Where everybody stands.
    pub(super) fn standings(&self) -> BTreeMap<(ProgramId, PartnerId, Currency), Standing> {
        self.standings.after()
    }

    fn seat(
        &self,
        placed: &Placed<'a>,
        credit: &'a Credit,
        number: usize,
        weights: &Weights<'_>,
    ) -> Result<Option<Seat<'a>>, AssessError> {
        let sale = placed.sale;
        let Some(program) = self.scope.programs.get(&credit.program) else { return Ok(None) };
        // COM-4: the version in force when the sale happened.
        let Some(version) = in_force(&program.versions, sale.occurred_at) else { return Ok(None) };
        let all = weights.weights.iter().fold(0_u64, |sum, weight| sum.saturating_add(*weight));
        let shares = (weights.weights.len() > 1).then_some((credit.weight, all));
        let mut volumes = Vec::new();
        for item in items_of(sale) {
            let counts = placed.event.is_some_and(Event::has_amount);
            let volume = if counts { volume_of(sale, &item, version)? } else { 0 };
            let own = weights.split(volume)?.get(number).copied().unwrap_or(0);
            volumes.push((own, Net::new(sale, item.number, Clawback::Proportional).of(own)?));
        }
        // Hardly ever is anything late, and a key to look with costs two copies.
        let late = || self.scope.late.get(&(sale.id.clone(), credit.partner.clone())).copied();
        let late = if self.scope.late.is_empty() { None } else { late() };
        let month = late.unwrap_or_else(|| Month::of(program.zone.day_of(sale.occurred_at)));
        let mut frame = trace::frame(placed, credit, version, (month, shares));
        frame.late = late.is_some();
        Ok(Some(Seat {
            credit,
            number,
            version,
            zone: &program.zone,
            month,
            not_before: late.and_then(|month| month.first_day().ok()),
            frame,
            volumes,
            paid_flat: Vec::new(),
        }))
    }

    fn assess_item(
        &mut self,
        placed: &Placed<'a>,
        (place, item): (usize, &Item<'a>),
        seats: &mut [Seat<'a>],
        (weights, earnings): (&Weights<'_>, &mut Vec<Earning>),
    ) -> Result<(), AssessError> {
        let mut alone = Vec::with_capacity(seats.len());
        for seat in seats.iter_mut() {
            let own = self.alone(placed, (place, item), seat)?;
            seat.paid_flat.extend(&own.quote.flat_places);
            alone.push(own);
        }
        let all_of = |pick: &dyn Fn(usize) -> i64| {
            let mut values = vec![None; weights.weights.len()];
            for (at, seat) in seats.iter().enumerate() {
                if let Some(value) = values.get_mut(seat.number) {
                    *value = Some(pick(at));
                }
            }
            values
        };
        let rounding = seats.first().map_or(Rounding::HalfAwayFromZero, |seat| seat.version.terms.rounding);
        let shared = weights.shared(&all_of(&|at| alone[at].shared), rounding)?;
        let bonuses = weights.shared(&all_of(&|at| alone[at].shared_bonus()), rounding)?;
        let sign_up = |at: usize| if place == 0 { sign_up_bonus(placed, &seats[at]) } else { 0 };
        let sign_ups = weights.shared(&all_of(&sign_up), rounding)?;
        let of = |values: &[i64], seat: &Seat<'_>| values.get(seat.number).copied().unwrap_or(0);
        for (seat, own) in seats.iter().zip(&alone) {
            let amounts = Amounts {
                commission: of(&shared, seat).saturating_add(own.own),
                bonus: of(&bonuses, seat).saturating_add(own.own_bonus()),
                sign_up: of(&sign_ups, seat),
            };
            self.earn(placed, (place, item), (seat, own), &amounts, earnings)?;
        }
        Ok(())
    }

    /// What an item is worth to a credit, were it the only one.
    fn alone(
        &mut self,
        placed: &Placed<'a>,
        (place, item): (usize, &Item<'a>),
        seat: &Seat<'a>,
    ) -> Result<Alone<'a>, AssessError> {
        let (sale, terms) = (placed.sale, &seat.version.terms);
        let currency = sale.paid.currency();
        let Some(event) = placed.event else { return Ok(Alone::default()) };
        if event.is_sale() && item.paid.minor() <= 0 {
            return Ok(Alone::default());
        }
        let base = item.base(sale, terms)?;
        // COM-12: where more is taken off than was paid, a share is one of nothing, and never below it.
        let base = if base.is_negative() { Base::of(Money::zero(currency)) } else { base };
        let state = self.months.entry((seat.account(currency), seat.month)).or_default();
        let (volume, net_volume) = seat.volumes.get(place).copied().unwrap_or_default();
        let asked = Asked {
            placed,
            credit: seat.credit,
            version: seat.version,
            zone: seat.zone,
            item: *item,
            base,
            volume,
            net_volume,
            before: state.volume,
            paid_flat: &seat.paid_flat,
        };
        let quote = asked.quote(event)?;
        let own = quote.banded.map_or(0, |banded| banded.gross);
        let shared = asked.worth(&quote)?.saturating_sub(own);
        let rest: i64 = seat.volumes.iter().skip(place).fold(0, |sum, (_, net)| sum.saturating_add(*net));
        let month = state.volume.saturating_add(rest);
        // COM-8: from the sale on that brings the month to the volume; a sale is one, however many items it has.
        let bonus = terms.volume_bonus.filter(|bonus| bonus.from.currency() == currency && month >= bonus.from.minor());
        let bonus = bonus.map_or(Ok(0), |bonus| asked.bonus(&quote, bonus.bonus))?;
        Ok(Alone { base: Some(base), before: state.volume, shared, own, bonus, quote })
    }
}

/// COM-7: what a sale adds to the volume of its month: the base of the item in whole minor units, never below zero.
fn volume_of(sale: &Sale, item: &Item<'_>, version: &RuleVersion) -> Result<i64, AssessError> {
    let base = item.base(sale, &version.terms)?;
    let shown =
        base.rounded(version.terms.rounding).map_err(|source| AssessError::Money { sale: sale.id.clone(), source })?;
    Ok(shown.minor().max(0))
}

/// COM-9: once a customer, by the partner's tier, in the programme's currency.
fn sign_up_bonus(placed: &Placed<'_>, seat: &Seat<'_>) -> i64 {
    if placed.event != Some(Event::SignUp) || placed.signed_up_before {
        return 0;
    }
    let bonus = seat.version.terms.sign_up_bonus.as_ref().and_then(|bonus| bonus.of(seat.credit.terms.tier));
    bonus.filter(|bonus| bonus.currency() == placed.sale.paid.currency()).map_or(0, Money::minor)
}
