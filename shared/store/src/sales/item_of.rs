//! The sale item. One kilobyte costs one unit each time a sale is written: what is usual is left out, instants are
//! milliseconds, and what the key or the payment says already is not said again.

mod buyer;

use domain::attribution::{Credit, Loser, NobodyReason, PartnerTerms, Source};
use domain::currency::Currency;
use domain::fact::{Buyer, DisputePhase, PaymentKey, SaleTraits, SaleType, ServicePart, SoldItem};
use domain::id::{LinkId, PartnerId, ProgramId, RuleId, SaleId};
use domain::line::{LineKind, Part, Place};
use domain::money::Money;
use domain::month::Month;
use domain::sale::{Clawback, Decision, HoldReason, Sale, SaleDispute, SaleLine};
use domain::slot::Slot;
use domain::time::Timestamp;
use domain::touch::VisitorHash;
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::item::{self, Attributes, inconsistent};
use crate::keys::Key;
use buyer::BuyerInSale;

/// The version of the shape that is written.
const VERSION: u32 = 2;

#[derive(Serialize, Deserialize)]
pub(crate) struct SaleItem {
    entity: String,
    v: u32,
    version: u64,
    payment: PaymentKey,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    customer: Option<PaymentKey>,
    occurred_ms: i64,
    booked_ms: i64,
    currency: Currency,
    paid_minor: i64,
    /// Absent: all that was asked was paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    total_minor: Option<i64>,
    #[serde(default, skip_serializing_if = "is_zero")]
    tax_minor: i64,
    #[serde(default, skip_serializing_if = "is_zero")]
    shipping_minor: i64,
    #[serde(default, skip_serializing_if = "is_zero")]
    fees_minor: i64,
    event_type: SaleType,
    /// Absent: the payment's own id without its provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    invoice: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    items: Vec<ItemInSale>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subscription: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    period_start_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    period_end_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    services: Vec<ServiceInSale>,
    #[serde(default, skip_serializing_if = "is_usual")]
    traits: SaleTraits,
    decision: DecisionInSale,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lines: Vec<LineInSale>,
    #[serde(default, skip_serializing_if = "is_zero")]
    refunded_minor: i64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    item_refunds: Vec<ItemRefund>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    disputes: Vec<DisputeInSale>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hold: Option<HoldReason>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    visitor: Option<VisitorHash>,
    /// Absent: nothing is known of who paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    buyer: Option<BuyerInSale>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    rejected: bool,
    day_pk: String,
    day_sk: String,
}

#[derive(Serialize, Deserialize)]
struct ItemInSale {
    product: String,
    minor: i64,
}

#[derive(Serialize, Deserialize)]
struct ServiceInSale {
    weight: i64,
    from_ms: i64,
    to_ms: i64,
}

#[derive(Serialize, Deserialize)]
struct ItemRefund {
    item: u16,
    minor: i64,
}

#[derive(Serialize, Deserialize)]
struct DisputeInSale {
    dispute: PaymentKey,
    minor: i64,
    phase: DisputePhase,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_ms: Option<i64>,
    at_ms: i64,
}

/// A decision: credits, or a reason why there are none.
#[derive(Serialize, Deserialize)]
struct DecisionInSale {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    credits: Vec<CreditInSale>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nobody: Option<NobodyReason>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    losers: Vec<Loser>,
}

#[derive(Serialize, Deserialize)]
struct CreditInSale {
    partner: PartnerId,
    program: ProgramId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<LinkId>,
    source: Source,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    click_ms: Option<i64>,
    #[serde(default = "one", skip_serializing_if = "is_one")]
    weight: u64,
    #[serde(default, skip_serializing_if = "is_usual")]
    terms: PartnerTerms,
}

/// A line in short; a held one has no slot.
#[derive(Serialize, Deserialize)]
struct LineInSale {
    n: u32,
    /// Absent: the first credit's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    partner: Option<PartnerId>,
    #[serde(default, skip_serializing_if = "is_usual")]
    part: Part,
    #[serde(default = "earned", skip_serializing_if = "is_earned")]
    kind: LineKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    slot: Option<Slot>,
    minor: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rule: Option<RuleId>,
    #[serde(default, skip_serializing_if = "is_usual")]
    clawback: Clawback,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    month: Option<Month>,
    #[serde(default, rename = "banded", skip_serializing_if = "std::ops::Not::not")]
    is_banded: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    volume: Option<i64>,
}

fn is_zero(minor: &i64) -> bool {
    *minor == 0
}

fn one() -> u64 {
    1
}

fn is_one(weight: &u64) -> bool {
    *weight == 1
}

fn earned() -> LineKind {
    LineKind::Earned
}

fn is_earned(kind: &LineKind) -> bool {
    *kind == LineKind::Earned
}

fn is_usual<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Reads a sale in either shape.
pub(crate) fn read(attributes: Attributes) -> Result<Sale, StoreError> {
    let version = attributes.get("v").and_then(|v| v.as_n().ok()).and_then(|v| v.parse::<u32>().ok());
    if version == Some(1) {
        return item::read::<super::item_v1::SaleItem>(attributes).map(super::item_v1::SaleItem::into_sale);
    }
    let (pk, sk) = item::place_of(&attributes);
    let found: SaleItem = item::read(attributes)?;
    found.into_sale().ok_or_else(|| inconsistent(&Key { pk, sk }, "an instant, a day or a partner is missing"))
}

impl SaleItem {
    pub(crate) fn new(sale: &Sale, day: &Key) -> Self {
        let first = sale.decision.credits().first().map(|credit| &credit.partner);
        Self {
            entity: "sale".to_owned(),
            v: VERSION,
            version: sale.version,
            payment: sale.payment.clone(),
            customer: sale.customer.clone(),
            occurred_ms: sale.occurred_at.as_millisecond(),
            booked_ms: sale.booked_at.as_millisecond(),
            currency: sale.paid.currency(),
            paid_minor: sale.paid.minor(),
            total_minor: (sale.total != sale.paid).then(|| sale.total.minor()),
            tax_minor: sale.tax.minor(),
            shipping_minor: sale.shipping.minor(),
            fees_minor: sale.fees.minor(),
            event_type: sale.event_type,
            invoice: (own_id(&sale.payment) != sale.invoice).then(|| sale.invoice.clone()),
            items: sale.items.iter().map(ItemInSale::from).collect(),
            subscription: sale.subscription.clone(),
            period_start_ms: sale.period_start.map(Timestamp::as_millisecond),
            period_end_ms: sale.period_end.map(Timestamp::as_millisecond),
            services: sale.services.iter().map(ServiceInSale::from).collect(),
            traits: sale.traits.clone(),
            decision: DecisionInSale::from(&sale.decision),
            lines: sale.lines.iter().map(|line| LineInSale::new(line, first)).collect(),
            refunded_minor: sale.refunded.minor(),
            item_refunds: sale
                .item_refunds
                .iter()
                .map(|(item, money)| ItemRefund { item: *item, minor: money.minor() })
                .collect(),
            disputes: sale.disputes.iter().map(DisputeInSale::from).collect(),
            hold: sale.hold,
            visitor: sale.visitor,
            buyer: BuyerInSale::of(sale),
            rejected: sale.rejected,
            day_pk: day.pk.clone(),
            day_sk: day.sk.clone(),
        }
    }

    fn into_sale(self) -> Option<Sale> {
        let currency = self.currency;
        let money = |minor| Money::from_minor(minor, currency);
        let paid = money(self.paid_minor);
        let instant = |ms: Option<i64>| ms.map(|ms| Timestamp::from_millisecond(ms).ok());
        let decision = self.decision.into_decision()?;
        let first = decision.credits().first().map(|credit| credit.partner.clone());
        let lines: Option<Vec<SaleLine>> =
            self.lines.into_iter().map(|line| line.into_line(currency, first.as_ref())).collect();
        let (email, buyer) = self.buyer.map_or((None, Buyer::default()), |known| (known.email, known.buyer));
        let disputes: Option<_> = self.disputes.into_iter().map(|dispute| dispute.into_dispute(currency)).collect();
        Some(Sale {
            id: SaleId::of(&self.payment),
            invoice: self.invoice.unwrap_or_else(|| own_id(&self.payment).to_owned()),
            payment: self.payment,
            customer: self.customer,
            occurred_at: Timestamp::from_millisecond(self.occurred_ms).ok()?,
            booked_at: Timestamp::from_millisecond(self.booked_ms).ok()?,
            booked_day: crate::keys::day_of_shard(&self.day_pk)?,
            paid,
            total: self.total_minor.map_or(paid, money),
            tax: money(self.tax_minor),
            shipping: money(self.shipping_minor),
            fees: money(self.fees_minor),
            event_type: self.event_type,
            items: self
                .items
                .into_iter()
                .map(|item| SoldItem { product: item.product, amount: money(item.minor) })
                .collect(),
            subscription: self.subscription,
            period_start: instant(self.period_start_ms).map_or(Some(None), |at| at.map(Some))?,
            period_end: instant(self.period_end_ms).map_or(Some(None), |at| at.map(Some))?,
            services: self.services.into_iter().map(ServiceInSale::into_part).collect::<Option<_>>()?,
            traits: self.traits,
            decision,
            lines: lines?,
            refunded: money(self.refunded_minor),
            item_refunds: self.item_refunds.into_iter().map(|refund| (refund.item, money(refund.minor))).collect(),
            disputes: disputes?,
            hold: self.hold,
            visitor: self.visitor,
            email,
            buyer,
            rejected: self.rejected,
            version: self.version,
        })
    }
}

/// The provider's id in a natural key.
fn own_id(payment: &PaymentKey) -> &str {
    payment.as_str().split_once(':').map_or("", |(_, id)| id)
}

impl From<&ServicePart> for ServiceInSale {
    fn from(part: &ServicePart) -> Self {
        Self { weight: part.weight, from_ms: part.from.as_millisecond(), to_ms: part.to.as_millisecond() }
    }
}

impl ServiceInSale {
    fn into_part(self) -> Option<ServicePart> {
        let instant = |ms| Timestamp::from_millisecond(ms).ok();
        Some(ServicePart { weight: self.weight, from: instant(self.from_ms)?, to: instant(self.to_ms)? })
    }
}

impl From<&SoldItem> for ItemInSale {
    fn from(item: &SoldItem) -> Self {
        Self { product: item.product.clone(), minor: item.amount.minor() }
    }
}

impl From<(&PaymentKey, &SaleDispute)> for DisputeInSale {
    fn from((dispute, told): (&PaymentKey, &SaleDispute)) -> Self {
        Self {
            dispute: dispute.clone(),
            minor: told.amount.minor(),
            phase: told.phase,
            due_ms: told.evidence_due.map(Timestamp::as_millisecond),
            at_ms: told.occurred_at.as_millisecond(),
        }
    }
}

impl DisputeInSale {
    fn into_dispute(self, currency: Currency) -> Option<(PaymentKey, SaleDispute)> {
        let evidence_due = match self.due_ms {
            Some(ms) => Some(Timestamp::from_millisecond(ms).ok()?),
            None => None,
        };
        let told = SaleDispute {
            amount: Money::from_minor(self.minor, currency),
            phase: self.phase,
            evidence_due,
            occurred_at: Timestamp::from_millisecond(self.at_ms).ok()?,
        };
        Some((self.dispute, told))
    }
}

impl From<&Decision> for DecisionInSale {
    fn from(decision: &Decision) -> Self {
        let credits = decision.credits().iter().map(|credit| CreditInSale {
            partner: credit.partner.clone(),
            program: credit.program.clone(),
            link: credit.link.clone(),
            source: credit.source,
            click_ms: credit.clicked_at.map(Timestamp::as_millisecond),
            weight: credit.weight,
            terms: credit.terms.clone(),
        });
        let nobody = match decision {
            Decision::Nobody { reason, .. } => Some(*reason),
            Decision::Partners { .. } => None,
        };
        Self { credits: credits.collect(), nobody, losers: decision.losers().to_vec() }
    }
}

impl DecisionInSale {
    fn into_decision(self) -> Option<Decision> {
        let losers = self.losers;
        if let Some(reason) = self.nobody {
            return Some(Decision::Nobody { reason, losers });
        }
        let credits: Option<Vec<Credit>> = self.credits.into_iter().map(CreditInSale::into_credit).collect();
        credits.map(|credits| Decision::Partners { credits, losers })
    }
}

impl CreditInSale {
    fn into_credit(self) -> Option<Credit> {
        let clicked_at = match self.click_ms {
            Some(ms) => Some(Timestamp::from_millisecond(ms).ok()?),
            None => None,
        };
        Some(Credit {
            partner: self.partner,
            program: self.program,
            link: self.link,
            source: self.source,
            clicked_at,
            weight: self.weight,
            terms: self.terms,
        })
    }
}

impl LineInSale {
    fn new(line: &SaleLine, first: Option<&PartnerId>) -> Self {
        Self {
            n: line.n,
            partner: (first != Some(&line.partner)).then(|| line.partner.clone()),
            part: line.part,
            kind: line.kind,
            slot: match line.place {
                Place::Slot(slot) => Some(slot),
                Place::Held => None,
            },
            minor: line.amount.minor(),
            rule: line.rule.clone(),
            clawback: line.clawback,
            month: line.month,
            is_banded: line.is_banded,
            volume: line.volume,
        }
    }

    fn into_line(self, currency: Currency, first: Option<&PartnerId>) -> Option<SaleLine> {
        Some(SaleLine {
            n: self.n,
            partner: self.partner.or_else(|| first.cloned())?,
            part: self.part,
            kind: self.kind,
            place: self.slot.map_or(Place::Held, Place::Slot),
            amount: Money::from_minor(self.minor, currency),
            rule: self.rule,
            clawback: self.clawback,
            month: self.month,
            is_banded: self.is_banded,
            volume: self.volume,
        })
    }
}

#[cfg(test)]
mod tests;
