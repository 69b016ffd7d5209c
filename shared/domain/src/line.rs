//! Lines of commission: written once with their fact, never touched again.

use crate::commission::EarningReason;
use crate::currency::Currency;
use crate::fact::{PaymentKey, SaleType};
use crate::id::{EntryId, LineId, LinkId, PartnerId, ProgramId, RuleId, SaleId};
use crate::money::Money;
use crate::month::Month;
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
    /// Takes back, in whole or part, what was earned: after a refund, a lost dispute. Above zero when a refund failed.
    Reversal,
    /// Corrects what was earned: the order of sales, a rule, a decision turned out otherwise.
    Adjustment,
    /// One half of a pair that moves money into or out of `held`. No money of itself.
    HoldMove,
    /// Of the account, not of a sale: a correction by hand, a write-off, a bonus of a period.
    Entry,
}

impl LineKind {
    /// The word in rows and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Earned => "earned",
            Self::Reversal => "reversal",
            Self::Adjustment => "adjustment",
            Self::HoldMove => "hold_move",
            Self::Entry => "entry",
        }
    }
}

/// What kind of commission of a sale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartKind {
    /// The commission itself.
    #[default]
    Commission,
    /// The volume bonus on it.
    VolumeBonus,
    /// The share of whoever referred the partner.
    SecondTier,
    /// The bonus for a sign-up.
    SignUp,
}

/// Which part of a sale's commission: of which item, and of what kind. With the partner it is a position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Part {
    /// The number of the item, from 0; 0 for a sale of one thing.
    pub item: u16,
    /// The kind.
    pub kind: PartKind,
}

/// What a line comes from: a sale, or an entry of the account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// A sale.
    Sale(SaleId),
    /// An entry of the account.
    Entry(EntryId),
}

impl Origin {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Sale(sale) => sale.as_str(),
            Self::Entry(entry) => entry.as_str(),
        }
    }

    /// Reads either id.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let sale = SaleId::parse(text).ok().map(Self::Sale);
        sale.or_else(|| EntryId::parse(text).ok().map(Self::Entry))
    }

    /// The sale, where it is one.
    #[must_use]
    pub fn sale(&self) -> Option<&SaleId> {
        match self {
            Self::Sale(sale) => Some(sale),
            Self::Entry(_) => None,
        }
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.as_str())
    }
}

impl serde::Serialize for Origin {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Origin {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("neither a sale nor an entry"))
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its id: the origin and its number there.
    pub id: LineId,
    /// Whose.
    pub partner: PartnerId,
    /// Where it is counted.
    pub place: Place,
    /// Signed.
    pub amount: Money,
    /// What it is.
    pub kind: LineKind,
    /// The sale, or the entry of the account.
    pub origin: Origin,
    /// Its number among the origin's lines, from 1.
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<ProgramId>,
    /// The link that brought the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkId>,
    /// The rule version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleId>,
    /// Who paid, as the provider names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<PaymentKey>,
    /// The provider's invoice or payment; empty for an entry.
    pub invoice: String,
    /// What kind of event; none for an entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_type: Option<SaleType>,
    /// The base, for showing.
    pub base: String,
    /// The reward in force: a rate or a flat amount.
    pub reward: String,
    /// Why this amount.
    pub reason: EarningReason,
    /// Which part of the sale's commission.
    #[serde(default, skip_serializing_if = "is_the_commission")]
    pub part: Part,
    /// For a reversal or a move: the number of the line whose money it takes or moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverses: Option<u32>,
    /// Its period was frozen already when it came.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// The month, in the programme's zone, in which the sale counts for bands and caps; none where it counts in none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Month>,
    /// What else made it so: the clause, the override, the cap, the person's reason. Each `word: value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl LineTrace {
    /// A trace that says no more than why.
    #[must_use]
    pub fn because(reason: EarningReason) -> Self {
        Self {
            program: None,
            link: None,
            rule: None,
            customer: None,
            invoice: String::new(),
            event_type: None,
            base: String::new(),
            reward: String::new(),
            reason,
            part: Part::default(),
            reverses: None,
            late: false,
            period: None,
            notes: Vec::new(),
        }
    }
}

fn is_the_commission(part: &Part) -> bool {
    *part == Part::default()
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
        format!("{}#{}#{}#{}#{}\n", self.place.to_text(), self.origin, self.n, self.amount.minor(), self.kind.word())
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

#[cfg(test)]
mod tests;
