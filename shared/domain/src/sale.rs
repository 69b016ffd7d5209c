//! A sale as it is kept: the fact, the decision, and what became of its lines.

use crate::attribution::{Loser, NobodyReason, Winner};
use crate::fact::{PaymentKey, SaleType};
use crate::id::{PartnerId, RuleId, SaleId};
use crate::line::Place;
use crate::money::Money;
use crate::time::{BusinessDay, Timestamp};

/// Who is paid for a sale, or why nobody.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "decided", rename_all = "snake_case")]
pub enum Decision {
    /// A partner brought the customer.
    Partner {
        /// Who, through which link.
        winner: Winner,
        /// The touches that lost.
        losers: Vec<Loser>,
    },
    /// Nobody did, or nobody yet.
    Nobody {
        /// Why.
        reason: NobodyReason,
        /// The touches that lost.
        losers: Vec<Loser>,
    },
}

impl Decision {
    /// May a later check-out of the customer still decide?
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Nobody { reason: NobodyReason::CustomerUnknown, .. })
    }
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
    /// What kind of event.
    pub event_type: SaleType,
    /// The provider's own id of the invoice or payment.
    pub invoice: String,
    /// Who is paid for it.
    pub decision: Decision,
    /// Its lines, in short.
    pub lines: Vec<SaleLine>,
    /// What went back to the customer so far.
    pub refunded: Money,
    /// Raised by every change.
    pub version: u64,
}

/// A line of a sale, in short: enough to find it and to reverse it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaleLine {
    /// Its number, from 1.
    pub n: u32,
    /// Whose.
    pub partner: PartnerId,
    /// Where it was booked.
    pub place: Place,
    /// The amount, signed.
    pub amount: Money,
    /// For an earned line: how much of it has been taken back.
    pub reversed: Money,
    /// A flat reward, which stands until everything went back?
    pub is_flat: bool,
    /// The rule version that it was earned under.
    pub rule: RuleId,
    /// For a reversal: the line that it takes back.
    pub reverses: Option<u32>,
}
