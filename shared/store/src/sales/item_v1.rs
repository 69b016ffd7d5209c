//! The sale item as the first version wrote it: one partner, and lines that said themselves what was taken back.

use std::collections::BTreeMap;

use domain::attribution::{Credit, Loser, NobodyReason, PartnerTerms, Source, Winner};
use domain::currency::Currency;
use domain::fact::{PaymentKey, SaleTraits, SaleType};
use domain::id::{PartnerId, RuleId, SaleId};
use domain::line::{LineKind, Part, Place};
use domain::money::Money;
use domain::rate::Rate;
use domain::sale::{Clawback, Decision, Sale, SaleLine};
use domain::slot::Slot;
use domain::time::{BusinessDay, Timestamp};
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct SaleItem {
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
    decision: DecisionInSale,
    lines: Vec<LineInSale>,
    refunded_minor: i64,
}

#[derive(Deserialize)]
struct LineInSale {
    n: u32,
    partner: PartnerId,
    slot: Option<Slot>,
    amount_minor: i64,
    is_flat: bool,
    rule: RuleId,
    reverses: Option<u32>,
}

#[derive(Deserialize)]
#[serde(tag = "decided", rename_all = "snake_case")]
enum DecisionInSale {
    Partner { winner: Winner, losers: Vec<Loser> },
    Nobody { reason: NobodyReason, losers: Vec<Loser> },
}

impl SaleItem {
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
            fees: money(0),
            event_type: self.event_type,
            invoice: self.invoice,
            items: Vec::new(),
            subscription: None,
            period_start: None,
            period_end: None,
            services: Vec::new(),
            traits: SaleTraits::default(),
            decision: self.decision.into_decision(),
            lines: self.lines.into_iter().map(|line| line.into_line(currency)).collect(),
            refunded: money(self.refunded_minor),
            item_refunds: BTreeMap::new(),
            disputes: BTreeMap::new(),
            visitor: None,
            email: None,
            buyer: domain::fact::Buyer::default(),
            hold: None,
            rejected: false,
            version: self.version,
        }
    }
}

impl DecisionInSale {
    fn into_decision(self) -> Decision {
        match self {
            Self::Partner { winner, losers } => {
                let credit = Credit {
                    partner: winner.partner,
                    program: winner.program,
                    link: Some(winner.link),
                    source: Source::Click,
                    clicked_at: Some(winner.clicked_at),
                    weight: 1,
                    terms: PartnerTerms::default(),
                };
                Decision::Partners { credits: vec![credit], losers }
            }
            Self::Nobody { reason, losers } => Decision::Nobody { reason, losers },
        }
    }
}

impl LineInSale {
    fn into_line(self, currency: Currency) -> SaleLine {
        let is_reversal = self.reverses.is_some();
        SaleLine {
            n: self.n,
            partner: self.partner,
            part: Part::default(),
            kind: if is_reversal { LineKind::Reversal } else { LineKind::Earned },
            place: self.slot.map_or(Place::Held, Place::Slot),
            amount: Money::from_minor(self.amount_minor, currency),
            rule: Some(self.rule),
            // A flat reward stood until everything went back.
            clawback: if self.is_flat && !is_reversal { Clawback::From(Rate::ONE) } else { Clawback::Proportional },
            month: None,
            is_banded: false,
            volume: None,
        }
    }
}
