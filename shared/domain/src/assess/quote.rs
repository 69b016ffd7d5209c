//! Which clauses apply to an item, and what they come to before sharing and caps.

use super::AssessError;
use super::items::Item;
use super::order::Placed;
use crate::attribution::Credit;
use crate::commission::EarningReason;
use crate::currency::Currency;
use crate::fact::SaleType;
use crate::money::{Money, MoneyError};
use crate::rate::{Base, Rate};
use crate::rule::bands::{MILLION, rounded};
use crate::rule::{BandMode, Bands, Clause, Event, Matching, OverrideLevel, Reward, RuleVersion, Subject, Terms};
use crate::sale::Clawback;
use crate::time::Zone;

/// What is asked about.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a, 'b> {
    pub(super) placed: &'b Placed<'a>,
    pub(super) credit: &'a Credit,
    pub(super) version: &'a RuleVersion,
    pub(super) zone: &'a Zone,
    pub(super) item: Item<'a>,
    pub(super) base: Base,
    /// The credit's part of the item's volume, before refunds.
    pub(super) volume: i64,
    /// The same, after refunds.
    pub(super) net_volume: i64,
    /// The partner's net volume of the month before the item.
    pub(super) before: i64,
    /// Did a flat clause with this place in the version pay for another item of the sale already?
    pub(super) paid_flat: &'b [usize],
}

/// Why a clause did not apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passed {
    Event,
    Condition,
    Months,
    Occurrences,
}

impl Passed {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Condition => "condition",
            Self::Months => "max_months",
            Self::Occurrences => "max_occurrences",
        }
    }

    fn is_limit(self) -> bool {
        matches!(self, Self::Months | Self::Occurrences)
    }
}

/// What banded clauses come to for one sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BandedPart {
    /// What the sale is worth, before refunds.
    pub(super) gross: i64,
    /// What must be left of it after refunds, where the bands are marginal.
    pub(super) net: Option<i64>,
    /// The same before rounding, in millionths: what a bonus is taken of.
    exact: i128,
    /// The rate to show.
    pub(super) rate: Rate,
}

/// What the clauses come to for one item and credit.
#[derive(Clone, Debug, Default)]
pub(super) struct Quote<'a> {
    /// The names of those that pay.
    pub(super) clauses: Vec<&'a str>,
    /// Those that did not apply, and why.
    pub(super) passed: Vec<(&'a str, Passed)>,
    /// The shares that are taken of the base, added up, in millionths.
    pub(super) millionths: i128,
    /// The rates, for showing.
    pub(super) rates: Vec<Rate>,
    /// The flat rewards, added up.
    pub(super) flat: Option<Money>,
    /// The flat clauses that pay here, by their places in the version.
    pub(super) flat_places: Vec<usize>,
    /// By bands instead of a share.
    pub(super) banded: Option<BandedPart>,
    /// Whose own rate it is.
    pub(super) overridden: Option<OverrideLevel>,
    /// Why it is nothing, where a clause that applies pays nothing.
    nothing: Option<EarningReason>,
}

impl<'a, 'b> Asked<'a, 'b> {
    fn terms(&self) -> &'a Terms {
        &self.version.terms
    }

    fn currency(&self) -> Currency {
        self.item.paid.currency()
    }

    fn wrong(&self) -> impl Fn(MoneyError) -> AssessError + '_ {
        |source| AssessError::Money { sale: self.placed.sale.id.clone(), source }
    }

    fn subject(&self, event: Event) -> Subject<'a> {
        let (sale, credit) = (self.placed.sale, self.credit);
        let own_name = sale.traits.event.as_deref().filter(|_| sale.event_type == SaleType::Custom);
        Subject {
            product: self.item.product,
            plan: sale.traits.plan.as_deref(),
            country: sale.traits.country.as_deref(),
            coupon: sale.traits.coupon.as_deref(),
            amount: self.item.paid,
            event: own_name.unwrap_or(event.word()),
            tier: credit.terms.tier,
            groups: &credit.terms.groups,
            link: credit.link.as_ref().map(crate::id::LinkId::as_str),
            custom: &sale.traits.custom,
        }
    }

    /// Does a clause apply?
    fn applies(&self, clause: &Clause, event: Event) -> Result<(), Passed> {
        if !clause.events.contains(&event) {
            return Err(Passed::Event);
        }
        if clause.when.as_ref().is_some_and(|when| !when.holds(&self.subject(event))) {
            return Err(Passed::Condition);
        }
        // COM-3: occurrences are counted by period order, net of what was reversed.
        if clause.limits.max_occurrences.is_some_and(|max| self.placed.index >= max) {
            return Err(Passed::Occurrences);
        }
        if clause.limits.max_months.is_some_and(|months| !self.is_within(months)) {
            return Err(Passed::Months);
        }
        Ok(())
    }

    /// COM-3: eligible iff period start < first payment + so many calendar months, by the programme's days. Days and not
    /// instants, or the thirteenth month of a subscription would be told from the first by the seconds of a payment.
    fn is_within(&self, months: u16) -> bool {
        let start = self.placed.sale.period_start.unwrap_or(self.placed.sale.occurred_at);
        let end = self.zone.day_of(self.placed.first_paid).plus_months(months);
        // An end behind the calendar's is no end.
        end.map_or(true, |end| self.zone.day_of(start) < end)
    }

    /// What the clauses of the version come to.
    pub(super) fn quote(&self, event: Event) -> Result<Quote<'a>, AssessError> {
        let terms = self.terms();
        let mut quote = Quote::default();
        let mut best: Option<(i64, Quote<'a>)> = None;
        for (place, clause) in terms.clauses.iter().enumerate() {
            if let Err(why) = self.applies(clause, event) {
                quote.passed.push((&clause.name, why));
                continue;
            }
            match terms.matching {
                // COM-6: the first that applies.
                Matching::First => {
                    self.add(&mut quote, place, clause, event)?;
                    return Ok(quote);
                }
                // COM-6: the best for the partner, compared as money of this very item, never as numbers of a rule.
                Matching::BestMoney => {
                    let mut one = Quote::default();
                    self.add(&mut one, place, clause, event)?;
                    let worth = self.worth(&one)?;
                    if best.as_ref().is_none_or(|(most, _)| worth > *most) {
                        best = Some((worth, one));
                    }
                }
                Matching::Sum => self.add(&mut quote, place, clause, event)?,
            }
        }
        if let Some((_, best)) = best {
            return Ok(best);
        }
        Ok(quote)
    }

    fn add(&self, quote: &mut Quote<'a>, place: usize, clause: &'a Clause, event: Event) -> Result<(), AssessError> {
        quote.clauses.push(&clause.name);
        let terms = self.terms();
        // COM-11: an own rate goes above what the programme pays for a sale. Where clauses are added up it takes the place
        // of their shares together, and flat rewards stay beside it.
        let own = terms.overrides.rate_for(self.credit).filter(|_| event.is_sale());
        let takes_place = terms.matching != Matching::Sum || !matches!(clause.reward, Reward::Flat(_));
        if let Some((level, rate)) = own.filter(|_| takes_place) {
            if quote.overridden.is_none() {
                quote.overridden = Some(level);
                quote.share(rate);
            }
            return Ok(());
        }
        match &clause.reward {
            Reward::Percentage(rate) => quote.share(*rate),
            Reward::Flat(money) if money.currency() != self.currency() => {
                quote.nothing = Some(EarningReason::OtherCurrency);
            }
            // One flat reward a sale and clause, on the first item that it applies to.
            Reward::Flat(_) if self.paid_flat.contains(&place) => quote.nothing = Some(EarningReason::PaidOnce),
            Reward::Flat(money) => {
                let so_far = quote.flat.unwrap_or(Money::zero(self.currency()));
                quote.flat = Some(so_far.try_add(*money).map_err(self.wrong())?);
                quote.flat_places.push(place);
            }
            Reward::Banded => {
                if let Some(bands) = &terms.bands {
                    quote.banded = Some(self.by_bands(bands)?);
                }
            }
        }
        Ok(())
    }

    fn by_bands(&self, bands: &Bands) -> Result<BandedPart, AssessError> {
        let currency = self.currency();
        let round = |exact| rounded(exact, MILLION, currency, self.terms().rounding).map_err(self.wrong());
        match bands.mode {
            // COM-7: f(before + sale) − f(before), the cumulative value rounded, so that no order of sales loses a cent.
            BandMode::Marginal => {
                let slices = |volume: i64| bands.slices(volume, currency);
                let before = round(slices(self.before))?.minor();
                let after = |volume: i64| Ok(round(slices(self.before.saturating_add(volume)))?.minor() - before);
                let rate = bands.reached(self.before.saturating_add(self.net_volume), currency).unwrap_or(Rate::ZERO);
                Ok(BandedPart {
                    gross: after(self.volume)?,
                    net: Some(after(self.net_volume)?),
                    exact: slices(self.before.saturating_add(self.volume)) - slices(self.before),
                    rate,
                })
            }
            // COM-7: a sale is booked at the first band's rate; the period's entry brings the month to what it reached.
            BandMode::Retroactive => {
                let rate = bands.reached(0, currency).unwrap_or(Rate::ZERO);
                let exact = i128::from(self.volume) * rate.millionths();
                Ok(BandedPart { gross: round(exact)?.minor(), net: None, exact, rate })
            }
        }
    }

    /// What a quote comes to, whole and before refunds. The shares of the base are added up before the one rounding.
    pub(super) fn worth(&self, quote: &Quote<'_>) -> Result<i64, AssessError> {
        let share = self.base.times(quote.millionths, MILLION, self.terms().rounding).map_err(self.wrong())?;
        let flat = quote.flat.map_or(0, Money::minor);
        let banded = quote.banded.map_or(0, |banded| banded.gross);
        let sum = share.minor().checked_add(flat).and_then(|sum| sum.checked_add(banded));
        sum.ok_or(MoneyError::OutOfRange).map_err(self.wrong())
    }

    /// COM-8: round(base × rate × (1 + b)) − round(base × rate).
    pub(super) fn bonus(&self, quote: &Quote<'_>, bonus: Rate) -> Result<i64, AssessError> {
        let (rounding, more) = (self.terms().rounding, MILLION + bonus.millionths());
        let with = |exact: i128| exact.checked_mul(more).ok_or(MoneyError::OutOfRange);
        let of_base = |millionths, denominator| self.base.times(millionths, denominator, rounding);
        let computed = || -> Result<i64, MoneyError> {
            let currency = self.currency();
            let share =
                of_base(with(quote.millionths)?, MILLION * MILLION)?.try_sub(of_base(quote.millionths, MILLION)?)?;
            let Some(banded) = quote.banded else { return Ok(share.minor()) };
            let banded = rounded(with(banded.exact)?, MILLION * MILLION, currency, rounding)?.try_sub(rounded(
                banded.exact,
                MILLION,
                currency,
                rounding,
            )?)?;
            Ok(share.try_add(banded)?.minor())
        };
        computed().map_err(self.wrong())
    }
}

impl Quote<'_> {
    fn share(&mut self, rate: Rate) {
        self.millionths += rate.millionths();
        self.rates.push(rate);
    }

    /// Does anything of it grow with the base?
    pub(super) fn has_share(&self) -> bool {
        !self.rates.is_empty() || self.banded.is_some()
    }

    /// Why it is what it is.
    pub(super) fn reason(&self) -> EarningReason {
        match (self.banded.is_some(), !self.rates.is_empty(), self.flat.is_some()) {
            (false, true, true) | (true, _, true) | (true, true, _) => EarningReason::Several,
            (true, false, false) => EarningReason::Banded,
            (false, true, false) => EarningReason::Percentage,
            (false, false, true) => EarningReason::Flat,
            (false, false, false) => self.nothing.unwrap_or_else(|| self.why_no_clause()),
        }
    }

    fn why_no_clause(&self) -> EarningReason {
        let limited = self.passed.iter().any(|(_, why)| why.is_limit());
        if limited { EarningReason::LimitReached } else { EarningReason::NoClause }
    }

    /// Flat rewards have their own rule of what refunds do; whatever grows with the base shrinks with it.
    pub(super) fn clawback(&self, terms: &Terms) -> Clawback {
        if self.flat.is_some() && !self.has_share() { terms.flat_refund } else { Clawback::Proportional }
    }

    /// The reward for showing: `0.3`, `25.00 USD`, `0.3 + 5.00 USD`.
    pub(super) fn reward(&self) -> String {
        let rates = self.rates.iter().copied().chain(self.banded.map(|banded| banded.rate));
        let mut parts: Vec<String> = rates.map(|rate| rate.to_string()).collect();
        parts.extend(self.flat.map(|flat| format!("{flat} {}", flat.currency())));
        parts.join(" + ")
    }
}
