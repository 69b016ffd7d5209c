//! Entries: what is booked to an account and is of no sale. One entry is one fact and one line.

use serde::{Deserialize, Serialize};

use crate::audit::Actor;
use crate::commission::EarningReason;
use crate::id::{EntryId, LineId, ProgramId, RuleId};
use crate::line::{Account, Line, LineKind, LineTrace, Origin, Part, Place};
use crate::money::Money;
use crate::time::Timestamp;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// What the bands of a whole period make of it.
    PeriodBands,
    /// The bonus of a milestone.
    Milestone,
    /// A correction by hand.
    ManualAdjustment,
    /// A debt that is given up.
    WriteOff,
    /// What leaves this currency for another.
    FxOut,
    /// What comes into this currency from another.
    FxIn,
    /// One half of a pair that carries what a payout of a part leaves behind.
    Carry,
    /// A paid payout came back.
    Returned,
    /// One half of what moves money that came back out of `held`, into the balance.
    Released,
    /// What other rules make of past periods.
    Recompute,
    /// An award to a member.
    Award,
    /// An award whose payout ended early is taken back, whole.
    AwardWithdrawn,
}

impl EntryKind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::PeriodBands,
        Self::Milestone,
        Self::ManualAdjustment,
        Self::WriteOff,
        Self::FxOut,
        Self::FxIn,
        Self::Carry,
        Self::Returned,
        Self::Released,
        Self::Recompute,
        Self::Award,
        Self::AwardWithdrawn,
    ];

    /// The word in rows and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::PeriodBands => "period_bands",
            Self::Milestone => "milestone",
            Self::ManualAdjustment => "manual_adjustment",
            Self::WriteOff => "write_off",
            Self::FxOut => "fx_out",
            Self::FxIn => "fx_in",
            Self::Carry => "carry",
            Self::Returned => "returned",
            Self::Released => "released",
            Self::Recompute => "recompute",
            Self::Award => "award",
            Self::AwardWithdrawn => "award_withdrawn",
        }
    }

    /// Reads the word; `None` when it is no kind.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// An amount of an account that is of no sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Derived from the key.
    pub id: EntryId,
    /// Its natural key: what must not happen twice, such as `bands/prg_…/par_…/USD/2026-11/3`.
    pub key: String,
    /// What it is.
    pub kind: EntryKind,
    /// Whose, in which currency.
    pub account: Account,
    /// Signed.
    pub amount: Money,
    /// Where it is counted.
    pub place: Place,
    /// When its cause happened.
    pub occurred_at: Timestamp,
    /// When it was booked here.
    pub booked_at: Timestamp,
    /// Who made it; nobody where the night did.
    pub by: Option<Actor>,
    /// Why, for people.
    pub reason: String,
    /// The programme, where it is of one.
    pub program: Option<ProgramId>,
    /// The rule version, where one made it.
    pub rule: Option<RuleId>,
    /// How it came about. Each `word: value`.
    pub notes: Vec<String>,
}

impl Entry {
    /// An entry of its natural key, without programme, rule and notes.
    #[must_use]
    pub fn new(key: String, kind: EntryKind, account: Account, amount: Money, place: Place, at: Timestamp) -> Self {
        Self {
            id: EntryId::of(&key),
            key,
            kind,
            account,
            amount,
            place,
            occurred_at: at,
            booked_at: at,
            by: None,
            reason: String::new(),
            program: None,
            rule: None,
            notes: Vec::new(),
        }
    }

    /// Its one line.
    #[must_use]
    pub fn line(&self) -> Line {
        let origin = Origin::Entry(self.id.clone());
        let mut notes = vec![format!("{KIND_NOTE}{}", self.kind.word())];
        notes.extend(self.notes.iter().cloned());
        if !self.reason.is_empty() {
            notes.push(format!("reason: {}", self.reason));
        }
        Line {
            id: LineId::of(&origin, 1),
            partner: self.account.partner.clone(),
            place: self.place,
            amount: self.amount,
            kind: LineKind::Entry,
            origin,
            n: 1,
            occurred_at: self.occurred_at,
            booked_at: self.booked_at,
            trace: LineTrace {
                program: self.program.clone(),
                link: None,
                rule: self.rule.clone(),
                customer: None,
                invoice: String::new(),
                event_type: None,
                base: String::new(),
                reward: String::new(),
                reason: EarningReason::Entry,
                part: Part::default(),
                reverses: None,
                late: false,
                period: None,
                notes,
            },
        }
    }
}

/// What the first note of an entry's line begins with.
const KIND_NOTE: &str = "entry: ";

/// The kind of the entry that a line is of; `None` for the line of a sale.
#[must_use]
pub fn kind_of(line: &Line) -> Option<EntryKind> {
    if line.kind != LineKind::Entry {
        return None;
    }
    line.trace.notes.iter().find_map(|note| EntryKind::parse(note.strip_prefix(KIND_NOTE)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::currency::Currency;
    use crate::id::PartnerId;

    #[test]
    fn an_entry_of_the_same_key_is_the_same_and_its_line_says_its_kind() {
        let at: Timestamp = "2026-11-21T12:00:00Z".parse().expect("an instant");
        let account = Account { partner: PartnerId::from_ulid(ulid::Ulid::from(7_u128)), currency: Currency::USD };
        for kind in EntryKind::ALL {
            let make = |key: &str| {
                let money = Money::from_minor(-5, Currency::USD);
                Entry::new(key.to_owned(), kind, account.clone(), money, Place::Held, at)
            };
            assert_eq!(make("a/1").id, make("a/1").id);
            assert_ne!(make("a/1").id, make("a/2").id);
            let line = make("a/1").line();
            assert_eq!(kind_of(&line), Some(kind));
            assert_eq!(LineId::parse(line.id.as_str()).map(|id| id.origin_and_number()), Ok((line.origin.clone(), 1)));
            assert_eq!(EntryKind::parse(kind.word()), Some(kind));
        }
        assert_eq!(EntryKind::parse("earned"), None);
    }
}
