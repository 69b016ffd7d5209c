//! The sale item.

use domain::currency::Currency;
use domain::fact::{PaymentKey, SaleType};
use domain::id::{PartnerId, RuleId, SaleId};
use domain::line::Place;
use domain::money::Money;
use domain::sale::{Decision, Sale, SaleLine};
use domain::slot::Slot;
use domain::time::{BusinessDay, Timestamp};
use serde::{Deserialize, Serialize};

use crate::keys::Key;

#[derive(Serialize, Deserialize)]
pub(crate) struct SaleItem {
    entity: String,
    v: u32,
    version: u64,
    id: SaleId,
    payment: PaymentKey,
    customer: Option<PaymentKey>,
    occurred_at: Timestamp,
    booked_at: Timestamp,
    booked_day: BusinessDay,
    currency: Currency,
    paid_minor: i64,
    total_minor: i64,
    tax_minor: i64,
    shipping_minor: i64,
    event_type: SaleType,
    invoice: String,
    decision: Decision,
    lines: Vec<LineInSale>,
    refunded_minor: i64,
    day_pk: String,
    day_sk: String,
}

/// A line in short; a held one has no slot.
#[derive(Serialize, Deserialize)]
struct LineInSale {
    n: u32,
    partner: PartnerId,
    slot: Option<Slot>,
    amount_minor: i64,
    reversed_minor: i64,
    is_flat: bool,
    rule: RuleId,
    reverses: Option<u32>,
}

impl SaleItem {
    pub(crate) fn new(sale: &Sale, day: &Key) -> Self {
        Self {
            entity: "sale".to_owned(),
            v: 1,
            version: sale.version,
            id: sale.id.clone(),
            payment: sale.payment.clone(),
            customer: sale.customer.clone(),
            occurred_at: sale.occurred_at,
            booked_at: sale.booked_at,
            booked_day: sale.booked_day,
            currency: sale.paid.currency(),
            paid_minor: sale.paid.minor(),
            total_minor: sale.total.minor(),
            tax_minor: sale.tax.minor(),
            shipping_minor: sale.shipping.minor(),
            event_type: sale.event_type,
            invoice: sale.invoice.clone(),
            decision: sale.decision.clone(),
            lines: sale.lines.iter().map(LineInSale::from).collect(),
            refunded_minor: sale.refunded.minor(),
            day_pk: day.pk.clone(),
            day_sk: day.sk.clone(),
        }
    }

    pub(crate) fn into_sale(self) -> Sale {
        let currency = self.currency;
        let money = |minor| Money::from_minor(minor, currency);
        Sale {
            id: self.id,
            payment: self.payment,
            customer: self.customer,
            occurred_at: self.occurred_at,
            booked_at: self.booked_at,
            booked_day: self.booked_day,
            paid: money(self.paid_minor),
            total: money(self.total_minor),
            tax: money(self.tax_minor),
            shipping: money(self.shipping_minor),
            event_type: self.event_type,
            invoice: self.invoice,
            decision: self.decision,
            lines: self.lines.into_iter().map(|line| line.into_line(currency)).collect(),
            refunded: money(self.refunded_minor),
            version: self.version,
        }
    }
}

impl From<&SaleLine> for LineInSale {
    fn from(line: &SaleLine) -> Self {
        let slot = match line.place {
            Place::Slot(slot) => Some(slot),
            Place::Held => None,
        };
        let (amount_minor, reversed_minor) = (line.amount.minor(), line.reversed.minor());
        Self {
            n: line.n,
            partner: line.partner.clone(),
            slot,
            amount_minor,
            reversed_minor,
            is_flat: line.is_flat,
            rule: line.rule.clone(),
            reverses: line.reverses,
        }
    }
}

impl LineInSale {
    fn into_line(self, currency: Currency) -> SaleLine {
        SaleLine {
            n: self.n,
            partner: self.partner,
            place: self.slot.map_or(Place::Held, Place::Slot),
            amount: Money::from_minor(self.amount_minor, currency),
            reversed: Money::from_minor(self.reversed_minor, currency),
            is_flat: self.is_flat,
            rule: self.rule,
            reverses: self.reverses,
        }
    }
}
