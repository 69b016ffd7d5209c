//! Lines of commission: written once with their fact, never touched again.

use crate::commission::EarningReason;
use crate::currency::Currency;
use crate::fact::{PaymentKey, SaleType};
use crate::id::{LineId, LinkId, PartnerId, ProgramId, RuleId, SaleId};
use crate::money::Money;
use crate::slot::Slot;
use crate::time::Timestamp;

/// A partner's account in one currency. The tenant is the store's to add.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account {
    /// Whose it is.
    pub partner: PartnerId,
    /// In which currency.
    pub currency: Currency,
}

/// Where a line's amount is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// In a slot, until a close folds it.
    Slot(Slot),
    /// Held by a person's decision; never closed.
    Held,
}

impl Place {
    /// The text in keys: the slot, or `held`, which sorts behind every slot.
    #[must_use]
    pub fn to_text(self) -> String {
        match self {
            Self::Slot(slot) => slot.to_string(),
            Self::Held => "held".to_owned(),
        }
    }

    /// Reads the text; `None` when it is neither.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text == "held" { Some(Self::Held) } else { Slot::parse(text).ok().map(Self::Slot) }
    }
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// Commission of a sale.
    Earned,
    /// Takes back, in whole or part, an earned line after a refund.
    Reversal,
}

impl LineKind {
    /// The word in rows and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Earned => "earned",
            Self::Reversal => "reversal",
        }
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its id: the sale and its number there.
    pub id: LineId,
    /// Whose.
    pub partner: PartnerId,
    /// Where it is counted.
    pub place: Place,
    /// Signed.
    pub amount: Money,
    /// What it is.
    pub kind: LineKind,
    /// The sale.
    pub sale: SaleId,
    /// Its number among the sale's lines, from 1.
    pub n: u32,
    /// When the sale or refund happened at the provider.
    pub occurred_at: Timestamp,
    /// When it was booked here.
    pub booked_at: Timestamp,
    /// How it came about.
    pub trace: LineTrace,
}

/// Inputs and decision behind a line: enough to explain it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LineTrace {
    /// The programme.
    pub program: ProgramId,
    /// The link that brought the customer.
    pub link: LinkId,
    /// The rule version.
    pub rule: RuleId,
    /// Who paid, as the provider names them.
    pub customer: Option<PaymentKey>,
    /// The provider's invoice or payment.
    pub invoice: String,
    /// What kind of event.
    pub event_type: SaleType,
    /// The base, for showing.
    pub base: String,
    /// The reward in force: a rate or a flat amount.
    pub reward: String,
    /// Why this amount.
    pub reason: EarningReason,
    /// For a reversal: the number of the line that it takes back.
    pub reverses: Option<u32>,
}

impl Line {
    /// The account it is booked to.
    #[must_use]
    pub fn account(&self) -> Account {
        Account { partner: self.partner.clone(), currency: self.amount.currency() }
    }

    /// The row that the chain of closes hashes: opaque ids and amounts only, so that erasure never breaks it.
    #[must_use]
    pub fn chain_row(&self) -> String {
        format!("{}#{}#{}#{}#{}\n", self.place.to_text(), self.sale, self.n, self.amount.minor(), self.kind.word())
    }
}

/// The exact state of a line, derived from its place and the account's head, never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineState {
    /// The hold is not over.
    Pending,
    /// Held by a person.
    Held,
    /// Available.
    Approved,
    /// Covered by an open payout.
    InPayout,
    /// Covered by a paid payout.
    Paid,
    /// Wholly taken back in its own slot.
    Reversed,
}

impl LineState {
    /// The exact word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Held => "held",
            Self::Approved => "approved",
            Self::InPayout => "in_payout",
            Self::Paid => "paid",
            Self::Reversed => "reversed",
        }
    }

    /// The word of the `status` filter.
    #[must_use]
    pub fn status(self) -> &'static str {
        match self {
            Self::Pending | Self::Held => "pending",
            Self::Approved | Self::InPayout => "approved",
            Self::Paid => "paid",
            Self::Reversed => "rejected",
        }
    }
}
