//! A sale as it is kept: the fact, the decision, what became of the money since, and its lines in short.
//!
//! Every change of a sale's money is a change here, followed by [`crate::retarget`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::attribution::{Credit, Loser, NobodyReason};
use crate::digest::Digest;
use crate::fact::{Buyer, DisputePhase, PaymentKey, SaleTraits, SaleType, ServicePart, SoldItem};
use crate::id::{PartnerId, RuleId, SaleId};
use crate::line::{LineKind, Part, Place};
use crate::money::Money;
use crate::month::Month;
use crate::rate::Rate;
use crate::time::{BusinessDay, Timestamp};
use crate::touch::VisitorHash;

/// Who is paid for a sale, or why nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "decided", rename_all = "snake_case")]
pub enum Decision {
    /// Partners brought the customer: one, or several who share.
    Partners {
        /// Who, how, and in which proportion. Never empty.
        credits: Vec<Credit>,
        /// What lost.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        losers: Vec<Loser>,
    },
    /// Nobody did, or nobody yet.
    Nobody {
        /// Why.
        reason: NobodyReason,
        /// What lost.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        losers: Vec<Loser>,
    },
}

impl Decision {
    /// Nobody, for a reason, when nothing else was looked at.
    #[must_use]
    pub fn nobody(reason: NobodyReason) -> Self {
        Self::Nobody { reason, losers: Vec::new() }
    }

    /// One partner alone.
    #[must_use]
    pub fn one(credit: Credit) -> Self {
        Self::Partners { credits: vec![credit], losers: Vec::new() }
    }

    /// May a later check-out of the customer still decide?
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Nobody { reason: NobodyReason::CustomerUnknown, .. })
    }

    /// Who is paid; empty for nobody.
    #[must_use]
    pub fn credits(&self) -> &[Credit] {
        match self {
            Self::Partners { credits, .. } => credits,
            Self::Nobody { .. } => &[],
        }
    }

    /// The same without what lost: it is kept once, with the customer.
    #[must_use]
    pub fn without_losers(self) -> Self {
        match self {
            Self::Partners { credits, .. } => Self::Partners { credits, losers: Vec::new() },
            Self::Nobody { reason, .. } => Self::Nobody { reason, losers: Vec::new() },
        }
    }

    /// What lost.
    #[must_use]
    pub fn losers(&self) -> &[Loser] {
        match self {
            Self::Partners { losers, .. } | Self::Nobody { losers, .. } => losers,
        }
    }
}

/// Why a person must release a sale's commission before it can be paid. No time releases it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    /// Signals of fraud.
    Risk,
    /// A person held it.
    Manual,
}

impl HoldReason {
    /// The word in records.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Risk => "risk",
            Self::Manual => "manual",
        }
    }
}

/// A dispute of a sale, as far as it was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaleDispute {
    /// What the customer's bank took or asks for.
    pub amount: Money,
    /// How far it is.
    pub phase: DisputePhase,
    /// Until when evidence may be given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence_due: Option<Timestamp>,
    /// When this phase happened, at the provider.
    pub occurred_at: Timestamp,
}

/// How much of a commission a refund takes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clawback {
    /// As much of it as went back of the payment. What percentages do.
    #[default]
    Proportional,
    /// Nothing: the reward stands.
    Keep,
    /// All of it once this share of the payment went back, nothing before.
    From(Rate),
}

/// A sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sale {
    /// Derived from the payment's natural key.
    pub id: SaleId,
    /// The natural key.
    pub payment: PaymentKey,
    /// Who paid, as the provider names them.
    pub customer: Option<PaymentKey>,
    /// When the payment happened at the provider.
    pub occurred_at: Timestamp,
    /// When it was booked here.
    pub booked_at: Timestamp,
    /// The day of that in the ledger's zone: where the journal has it.
    pub booked_day: BusinessDay,
    /// What was paid, tax included.
    pub paid: Money,
    /// What was asked, tax included.
    pub total: Money,
    /// The tax in the total.
    pub tax: Money,
    /// The shipping in the total.
    pub shipping: Money,
    /// What the provider kept.
    pub fees: Money,
    /// What kind of event.
    pub event_type: SaleType,
    /// The provider's own id of the invoice or payment.
    pub invoice: String,
    /// What was sold, where the provider says it; empty for one thing.
    pub items: Vec<SoldItem>,
    /// The subscription that it belongs to.
    pub subscription: Option<String>,
    /// From when on the service runs that was paid; for order among renewals.
    pub period_start: Option<Timestamp>,
    /// Until when it runs; for the recognition of revenue.
    pub period_end: Option<Timestamp>,
    /// Its parts, where it runs over several times; for the recognition of revenue.
    pub services: Vec<ServicePart>,
    /// What rules may look at.
    pub traits: SaleTraits,
    /// Who is paid for it.
    pub decision: Decision,
    /// Its lines, in short.
    pub lines: Vec<SaleLine>,
    /// What went back to the customer so far, of the payment as a whole.
    pub refunded: Money,
    /// What went back for single items, by their number.
    pub item_refunds: BTreeMap<u16, Money>,
    /// Its disputes, by the provider's id.
    pub disputes: BTreeMap<PaymentKey, SaleDispute>,
    /// Who clicked, as far as the day of the click can tell, when it was sold soon after; for signals of fraud.
    pub visitor: Option<VisitorHash>,
    /// Digest of the normalised e-mail that it was paid under.
    pub email: Option<Digest>,
    /// What else is known of who paid. FRD-4: a partner who is credited later is looked at by it.
    pub buyer: Buyer,
    /// Does a person have to release it?
    pub hold: Option<HoldReason>,
    /// A person said that it never was valid.
    pub rejected: bool,
    /// Raised by every change.
    pub version: u64,
}

/// A line of a sale, in short: enough to find it and to move its money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaleLine {
    /// Its number, from 1.
    pub n: u32,
    /// Whose.
    pub partner: PartnerId,
    /// Which part of the sale's commission.
    pub part: Part,
    /// What it is.
    pub kind: LineKind,
    /// Where it was booked.
    pub place: Place,
    /// The amount, signed.
    pub amount: Money,
    /// The rule version that it was earned under.
    pub rule: Option<RuleId>,
    /// Of an earned line: what refunds do to it.
    pub clawback: Clawback,
    /// Of a line by which the sale begins to count for the partner: in which month. Lines of before that was kept say none.
    pub month: Option<Month>,
    /// Of an earned line: do volume bands give it its rate?
    pub is_banded: bool,
    /// COM-22: by how much a line changes the volume that the sale adds to its partner's month, minor units, where
    /// retroactive bands give it its rate. Lines of any bands say it, also of nothing; those of before that was kept say none.
    pub volume: Option<i64>,
}

impl Sale {
    /// A sale of one thing, of which nothing more is known yet and which nobody is credited with.
    #[must_use]
    pub fn plain(payment: PaymentKey, paid: Money, occurred_at: Timestamp, booked_day: BusinessDay) -> Self {
        let nothing = Money::zero(paid.currency());
        Self {
            id: SaleId::of(&payment),
            payment,
            customer: None,
            occurred_at,
            booked_at: occurred_at,
            booked_day,
            paid,
            total: paid,
            tax: nothing,
            shipping: nothing,
            fees: nothing,
            event_type: SaleType::InvoicePayment,
            invoice: String::new(),
            items: Vec::new(),
            subscription: None,
            period_start: None,
            period_end: None,
            services: Vec::new(),
            traits: SaleTraits::default(),
            decision: Decision::nobody(NobodyReason::CustomerUnknown),
            lines: Vec::new(),
            refunded: nothing,
            item_refunds: BTreeMap::new(),
            disputes: BTreeMap::new(),
            visitor: None,
            email: None,
            buyer: Buyer::default(),
            hold: None,
            rejected: false,
            version: 1,
        }
    }

    /// What was paid for an item; for the sale as a whole where it has no items.
    #[must_use]
    pub fn paid_for(&self, item: u16) -> Money {
        self.items.get(usize::from(item)).map_or(self.paid, |item| item.amount)
    }

    /// Did all of it go back, by refunds or lost disputes? Such a sale counts for nothing.
    #[must_use]
    pub fn is_wholly_reversed(&self) -> bool {
        self.rejected || (!self.paid.is_zero() && self.back() >= self.paid.minor())
    }

    /// Is it open whether the sale stands? A person has to release it, or a bank to decide.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        !self.is_wholly_reversed() && (self.hold.is_some() || self.disputed(DisputePhase::Opened) > 0)
    }

    /// In which month it counts for a partner, as the newest line says that says one.
    #[must_use]
    pub fn month_of(&self, partner: &PartnerId) -> Option<Month> {
        let own = self.lines.iter().filter(|line| line.partner == *partner);
        own.filter_map(|line| Some((line.n, line.month?))).max().map(|(_, month)| month)
    }

    /// Did volume bands give a partner's part of it its rate?
    #[must_use]
    pub fn is_banded(&self, partner: &PartnerId, part: Part) -> bool {
        self.lines.iter().any(|line| line.partner == *partner && line.part == part && line.is_banded)
    }

    /// What went back to the customer in all, by refunds and lost disputes; never more than was paid.
    #[must_use]
    pub fn went_back(&self) -> Money {
        Money::from_minor(self.back().min(self.paid.minor()), self.paid.currency())
    }

    fn back(&self) -> i64 {
        let items: i64 = self.item_refunds.values().map(|money| money.minor()).fold(0, i64::saturating_add);
        self.refunded.minor().saturating_add(items).saturating_add(self.disputed(DisputePhase::Lost))
    }

    /// What disputes of a phase come to, minor units.
    #[must_use]
    pub fn disputed(&self, phase: DisputePhase) -> i64 {
        self.disputes
            .values()
            .filter(|dispute| dispute.phase == phase)
            .fold(0_i64, |sum, dispute| sum.saturating_add(dispute.amount.minor()))
    }
}

#[cfg(test)]
mod tests;
