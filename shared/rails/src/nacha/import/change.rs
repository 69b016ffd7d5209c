//! What a bank asks to be changed, by the columns that each code lays its corrected data out in.

use std::fmt;

use domain::payee::AccountKind;

use crate::bank::{AccountNumber, Field, Refused, RoutingNumber};
use crate::nacha::read::Masked;

/// Which change a bank asks for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChangeCode(u8);

/// What the words of each code are.
const MEANINGS: [(u8, &str); 14] = [
    (1, "the account number"),
    (2, "the routing number"),
    (3, "the routing number and the account number"),
    (4, "the name"),
    (5, "the kind of account"),
    (6, "the account number and the kind of account"),
    (7, "the routing number, the account number and the kind of account"),
    (8, "the foreign bank of an international entry"),
    (9, "the payee's number"),
    (10, "our company's name"),
    (11, "our company's number"),
    (12, "our company's name and number"),
    (13, "the format of the addenda record"),
    (14, "the class of the entry, which should be international"),
];

impl ChangeCode {
    /// Reads a code such as `C01`; `None` for one that is not known.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('C').filter(|digits| digits.len() == 2)?;
        let code = digits.parse().ok()?;
        MEANINGS.iter().any(|(known, _)| *known == code).then_some(Self(code))
    }

    /// Every code.
    pub fn all() -> impl Iterator<Item = Self> {
        MEANINGS.iter().map(|(code, _)| Self(*code))
    }

    /// What is to be changed.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        MEANINGS.iter().find(|(code, _)| *code == self.0).map_or("", |(_, words)| words)
    }

    /// Is it the payee's data, or how we write our files?
    #[must_use]
    pub fn is_about_payee(self) -> bool {
        self.0 < 10
    }
}

impl fmt::Display for ChangeCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "C{:02}", self.0)
    }
}

impl fmt::Debug for ChangeCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self}")
    }
}

/// What it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Corrected {
    /// Bank details: what is there replaces what is kept, the rest stays.
    Bank {
        /// The bank.
        routing: Option<RoutingNumber>,
        /// The account.
        account: Option<AccountNumber>,
        /// Its kind.
        kind: Option<AccountKind>,
    },
    /// The name, as the bank has it.
    Name(String),
    /// What the originator should call the payee.
    Identification(String),
    /// For a person to read: it is about how our files are written, or names an account that is not paid to.
    ByHand(Masked),
}

/// Reads the corrected data of a code: 29 columns.
pub(crate) fn corrected(code: ChangeCode, data: &Masked) -> Result<Corrected, Refused> {
    let columns = |from: usize, to: usize| data.expose().get(from - 1..to).unwrap_or_default().trim();
    let account = |text: &str| AccountNumber::parse(text).map(Some);
    let routing = |text: &str| RoutingNumber::parse(text).map(Some);
    let bank = |routing, account, kind| Corrected::Bank { routing, account, kind };
    let by_hand = || Corrected::ByHand(data.clone());
    Ok(match code.0 {
        1 => bank(None, account(columns(1, 17))?, None),
        2 => bank(routing(columns(1, 9))?, None, None),
        // The account begins at column 13 by the rules, at 10 with some banks.
        3 => bank(routing(columns(1, 9))?, account(columns(10, 29))?, None),
        4 => Corrected::Name(some(columns(1, 22), Field::CorrectedData)?),
        5 => match kind_of(columns(1, 2)) {
            Some(kind) => bank(None, None, Some(kind)),
            None => by_hand(),
        },
        6 | 7 => {
            // Column 10 is where the account of C07 begins, behind the routing number.
            let (routing, rest) =
                if code.0 == 7 { (routing(columns(1, 9))?, columns(10, 29)) } else { (None, columns(1, 29)) };
            // The code of the account stands in fixed columns by the rules, and at the end with everybody.
            let (number, kind) = rest.split_at_checked(rest.len().saturating_sub(2)).unwrap_or_default();
            // Without a blank before it, it may be the end of the number; only one of full width leaves none.
            let stands_alone = number.ends_with(' ') || number.len() == 17;
            match kind_of(kind).filter(|_| stands_alone) {
                Some(kind) => bank(routing, account(number)?, Some(kind)),
                None => by_hand(),
            }
        }
        9 => Corrected::Identification(some(columns(1, 22), Field::CorrectedData)?),
        _ => by_hand(),
    })
}

fn some(text: &str, field: Field) -> Result<String, Refused> {
    if text.is_empty() { Err(Refused::Missing(field)) } else { Ok(text.to_owned()) }
}

/// The kind of account by its transaction code; `None` for a loan or a general ledger, to which no payee is paid.
fn kind_of(code: &str) -> Option<AccountKind> {
    match code.as_bytes() {
        [b'2', b'1'..=b'9'] => Some(AccountKind::Checking),
        [b'3', b'1'..=b'9'] => Some(AccountKind::Savings),
        _ => None,
    }
}
