//! The lines of an invoice: what was sold, for which time, of which plan. Both API shapes.

use std::collections::BTreeMap;

use domain::allocate::largest_remainder;
use domain::fact::{SaleTraits, ServicePart, SoldItem};
use domain::money::Money;
use domain::time::Timestamp;

use super::Untranslatable;
use crate::fields::Fields;

/// What the lines of an invoice tell.
pub(super) struct Lines<'a> {
    lines: Vec<Line<'a>>,
    /// Does the event carry them all?
    is_whole: bool,
}

/// One line.
struct Line<'a> {
    /// With its exclusive tax, without its discounts: its part of the total.
    weight: i64,
    product: Option<&'a str>,
    price: Option<&'a str>,
    period: Option<(Timestamp, Timestamp)>,
    subscription: Option<&'a str>,
    /// A correction of time already paid, not the time that is paid now.
    is_proration: bool,
}

impl<'a> Lines<'a> {
    pub(super) fn of(invoice: &Fields<'a>) -> Result<Self, Untranslatable> {
        let Some(list) = invoice.optional_object("lines") else {
            return Ok(Self { lines: Vec::new(), is_whole: true });
        };
        let lines: Result<Vec<Line<'a>>, Untranslatable> = list.list("data").iter().map(Line::of).collect();
        Ok(Self { lines: lines?, is_whole: !list.is_true("has_more") })
    }

    /// COM-18: several products are an item each, in the order of the invoice; what was paid is divided as the lines
    /// divide the total. One product is one thing. So are credits and charges that offset each other (an upgrade pays on
    /// what was paid), and a list that the event cuts off.
    pub(super) fn items(&self, paid: Money) -> Option<Vec<SoldItem>> {
        let sold: Vec<&Line<'_>> = self.lines.iter().filter(|line| line.weight != 0).collect();
        let first = sold.first()?.product;
        let several = sold.iter().any(|line| line.product != first);
        if !several || !self.is_whole || paid.is_zero() || sold.iter().any(|line| line.weight < 0) {
            return None;
        }
        let weights: Vec<u64> = sold.iter().map(|line| line.weight.unsigned_abs()).collect();
        let amounts = largest_remainder(paid, &weights).ok()?;
        let item = |(line, amount): (&&Line<'_>, Money)| SoldItem {
            product: line.product.unwrap_or_default().to_owned(),
            amount,
        };
        Some(sold.iter().zip(amounts).map(item).collect())
    }

    /// From when until when the service runs that was paid.
    pub(super) fn period(&self) -> Option<(Timestamp, Timestamp)> {
        let all = || self.lines.iter().filter_map(|line| Some((line.is_proration, line.period?)));
        let has_new = all().any(|(is_proration, _)| !is_proration);
        let counted = || all().filter(|(is_proration, _)| !has_new || !is_proration).map(|(_, period)| period);
        Some((counted().map(|(start, _)| start).min()?, counted().map(|(_, end)| end).max()?))
    }

    /// LED-11: what is paid for which time, where that is not all for the one: what an upgrade costs for the rest of its month
    /// and gives back for it, beside the month that comes; a fee beside a trial. Nothing where a line that costs something does
    /// not say its time, or the event cuts the list off.
    pub(super) fn services(&self) -> Vec<ServicePart> {
        let mut times: BTreeMap<(Timestamp, Timestamp), i64> = BTreeMap::new();
        for line in self.lines.iter().filter(|line| line.weight != 0) {
            let Some(period) = line.period.filter(|_| self.is_whole) else { return Vec::new() };
            let weight = times.entry(period).or_default();
            *weight = weight.saturating_add(line.weight);
        }
        times.retain(|_, weight| *weight != 0);
        let all = times.values().fold(0_i64, |all, weight| all.saturating_add(*weight));
        let is_one = times.len() == 1 && times.keys().next().copied() == self.period();
        if is_one || all <= 0 {
            return Vec::new();
        }
        times.into_iter().map(|((from, to), weight)| ServicePart { weight, from, to }).collect()
    }

    /// The subscription of the first line that has one.
    pub(super) fn subscription(&self) -> Option<&'a str> {
        self.lines.iter().find_map(|line| line.subscription)
    }

    /// The plan and product of what is paid now, where it is one.
    pub(super) fn tell(&self, traits: &mut SaleTraits) {
        let one = |of: fn(&Line<'a>) -> Option<&'a str>| {
            let mut found = self.lines.iter().filter(|line| line.weight > 0).map(of);
            let first = found.next()??;
            found.all(|other| other == Some(first)).then(|| first.to_owned())
        };
        traits.plan = one(|line| line.price);
        traits.product = one(|line| line.product);
    }
}

impl<'a> Line<'a> {
    fn of(line: &Fields<'a>) -> Result<Self, Untranslatable> {
        let item = line.optional_object("parent").and_then(|parent| {
            parent
                .optional_object("subscription_item_details")
                .or_else(|| parent.optional_object("invoice_item_details"))
        });
        let (price, product) = sold(line)?;
        let subscription = match line.reference("subscription")? {
            Some(old) => Some(old),
            None => item.as_ref().map_or(Ok(None), |item| item.reference("subscription"))?,
        };
        Ok(Self {
            weight: weight(line)?,
            product,
            price,
            period: period(line)?,
            subscription,
            is_proration: line.is_true("proration") || item.is_some_and(|item| item.is_true("proration")),
        })
    }
}

/// The price and the product of a line: an old line has both in its price or plan, a new one in its pricing.
fn sold<'a>(line: &Fields<'a>) -> Result<(Option<&'a str>, Option<&'a str>), Untranslatable> {
    if let Some(details) = line.optional_object("pricing").and_then(|new| new.optional_object("price_details")) {
        return Ok((details.reference("price")?, details.reference("product")?));
    }
    let Some(old) = line.optional_object("price").or_else(|| line.optional_object("plan")) else {
        return Ok((None, None));
    };
    Ok((old.optional_text("id"), old.reference("product")?))
}

fn weight(line: &Fields<'_>) -> Result<i64, Untranslatable> {
    let mut weight = line.integer("amount")?;
    for discount in line.list("discount_amounts") {
        weight = weight.saturating_sub(discount.integer("amount")?);
    }
    for tax in line.list("taxes").iter().filter(|tax| tax.optional_text("tax_behavior") == Some("exclusive")) {
        weight = weight.saturating_add(tax.integer("amount")?);
    }
    for tax in line.list("tax_amounts").iter().filter(|tax| !tax.is_true("inclusive")) {
        weight = weight.saturating_add(tax.integer("amount")?);
    }
    Ok(weight)
}

fn period(line: &Fields<'_>) -> Result<Option<(Timestamp, Timestamp)>, Untranslatable> {
    let Some(period) = line.optional_object("period") else { return Ok(None) };
    Ok(Some((period.time("start")?, period.time("end")?)))
}
