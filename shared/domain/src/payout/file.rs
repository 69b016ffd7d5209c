//! Files that go to banks: which payouts are in one, and what it says of itself. Making one pays nobody (PAY-8).
//!
//! A file is first planned, then each of its payouts is handed to it, then it is made of those that were: so that a
//! payout is in one file or in none, wherever the making breaks off.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{HeadMove, Payout, PayoutState, Refused, Step, require};
use crate::audit::Actor;
use crate::currency::Currency;
use crate::digest::Digest;
use crate::id::{MethodId, PartnerId, PayoutFileId, PayoutId};
use crate::money::Money;
use crate::payee::Rail;
use crate::role::Role;
use crate::time::Timestamp;

/// How many payouts one file holds at most: what is left is another file's.
pub const PAYOUTS_MAX: usize = 200;

/// A payment of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRow {
    /// Which payout.
    pub payout: PayoutId,
    /// What leaves.
    pub amount: Money,
    /// What the rail knows it by: a trace number, a short name, a check number.
    pub reference: String,
    /// The eight digits of the bank that it goes to, where a return repeats them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receiving: Option<String>,
}

/// An account that a file tries before money goes there: an entry without money, by which its bank says whether it is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileTrial {
    /// Whose.
    pub partner: PartnerId,
    /// By which method.
    pub method: MethodId,
    /// What the bank knows the trial by, once the file is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The eight digits of the bank that it goes to, which a return repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receiving: Option<String>,
}

/// A payout that was asked for and is not in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotInFile {
    /// Which.
    pub payout: PayoutId,
    /// Why.
    pub why: String,
}

/// The numbers that a file was given: no other file has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbers {
    /// The number of its first entry, or of its first check.
    pub first: u64,
    /// Which file of its day it is.
    pub nth: u8,
}

/// What a file says of itself: to be held against what the bank shows after the upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// What to save it as.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// How many payments.
    pub count: u64,
    /// What they add up to.
    pub sum: Money,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
    /// When the money should move, where the file says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective: Option<String>,
}

/// Where a file stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum FileState {
    /// Its payouts are being handed to it; nobody has seen it yet.
    Making,
    /// It can be uploaded.
    Ready(Made),
    /// A person says that it was not uploaded, and will not be.
    Voided {
        /// Who.
        by: String,
        /// Why.
        reason: String,
        /// When.
        at: Timestamp,
    },
}

impl FileState {
    /// The word in answers.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Making => "making",
            Self::Ready(_) => "ready",
            Self::Voided { .. } => "voided",
        }
    }
}

/// Who had what a file holds first, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Downloaded {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayoutFile {
    /// Which.
    pub id: PayoutFileId,
    /// By which rail.
    pub rail: Rail,
    /// In which currency.
    pub currency: Currency,
    /// Who asked for it.
    pub by: String,
    /// When: the file is dated so.
    pub at: Timestamp,
    /// The numbers it was given.
    pub numbers: Numbers,
    /// What was planned to be in it.
    pub planned: Vec<PayoutId>,
    /// What is in it, once it is made.
    pub rows: Vec<FileRow>,
    /// The accounts that it tries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trials: Vec<FileTrial>,
    /// What was asked for and is not in it.
    pub left_out: Vec<NotInFile>,
    /// Are there payouts left that another file must take?
    pub more: bool,
    /// The first download: from then on a bank may have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub downloaded: Option<Downloaded>,
    /// Where it stands.
    pub state: FileState,
}

/// Why a file is not voided.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
pub enum NotVoided {
    /// Another role may.
    #[error("the role {role} may not do this; an admin may, who makes no files")]
    RoleMayNot {
        /// The role.
        role: Role,
    },
    /// Whoever asked for the file does not say that it was never uploaded.
    #[error("whoever asked for a file does not void it; another admin does")]
    SamePerson,
    /// Somebody has its bytes, and whoever voids it does not say that they know.
    #[error("{by} downloaded the file at {at}: make sure that no bank has it, and say so with was_downloaded")]
    Downloaded {
        /// Who had it first.
        by: String,
        /// When.
        at: Timestamp,
    },
}

impl PayoutFile {
    /// It is made: of these rows and trials, and with these totals.
    #[must_use]
    pub fn made(self, (rows, trials): (Vec<FileRow>, Vec<FileTrial>), left_out: Vec<NotInFile>, made: Made) -> Self {
        let left_out = self.left_out.into_iter().chain(left_out).collect();
        Self { rows, trials, left_out, state: FileState::Ready(made), ..self }
    }

    /// Somebody gets its bytes; the first time is kept.
    #[must_use]
    pub fn downloaded(self, by: &Actor, at: Timestamp) -> Self {
        let downloaded = self.downloaded.or_else(|| Some(Downloaded { by: by.id.clone(), at }));
        Self { downloaded, ..self }
    }

    /// An admin says that it was not uploaded, and will not be; of one that was downloaded they say that they know it.
    /// Said again, it stays as it was said first.
    ///
    /// # Errors
    /// See [`NotVoided`].
    pub fn void(
        self,
        actor: &Actor,
        (reason, knows_of_download): (&str, bool),
        at: Timestamp,
    ) -> Result<Self, NotVoided> {
        if actor.role != Role::Admin {
            return Err(NotVoided::RoleMayNot { role: actor.role });
        }
        // PAY-8: one who makes a file and voids it could have its payouts paid twice by themselves.
        if actor.id == self.by {
            return Err(NotVoided::SamePerson);
        }
        if matches!(self.state, FileState::Voided { .. }) {
            return Ok(self);
        }
        // PAY-8: what somebody has may be at a bank, and its payouts would be paid twice.
        if let (Some(downloaded), false) = (&self.downloaded, knows_of_download) {
            return Err(NotVoided::Downloaded { by: downloaded.by.clone(), at: downloaded.at });
        }
        let state = FileState::Voided { by: actor.id.clone(), reason: reason.to_owned(), at };
        Ok(Self { state, ..self })
    }

    /// The payouts that may be on their way by it: all that it was planned of, because one may have been handed over too
    /// late to be in it.
    #[must_use]
    pub fn payouts(&self) -> Vec<PayoutId> {
        self.planned.clone()
    }

    /// What it was planned of and is not in it: whatever of that was handed over leaves again.
    #[must_use]
    pub fn not_in_it(&self) -> Vec<PayoutId> {
        let is_in = |payout: &PayoutId| self.rows.iter().any(|row| row.payout == *payout);
        self.planned.iter().filter(|payout| !is_in(payout)).cloned().collect()
    }

    /// Is this payment in it, under this very reference?
    #[must_use]
    pub fn holds(&self, row: &FileRow) -> bool {
        self.rows.iter().any(|own| own.payout == row.payout && own.reference == row.reference)
    }

    /// What the audit says of it.
    #[must_use]
    pub fn told(&self) -> BTreeMap<String, String> {
        let mut told = BTreeMap::from([
            ("state".to_owned(), self.state.word().to_owned()),
            ("rail".to_owned(), self.rail.word().to_owned()),
            ("currency".to_owned(), self.currency.to_string()),
        ]);
        if let Some(downloaded) = &self.downloaded {
            told.insert("downloaded_by".to_owned(), downloaded.by.clone());
        }
        match &self.state {
            FileState::Making => {}
            FileState::Ready(made) => {
                told.insert("count".to_owned(), made.count.to_string());
                told.insert("sum".to_owned(), made.sum.to_text());
                told.insert("sha256".to_owned(), made.sha256.to_hex());
            }
            FileState::Voided { reason, .. } => {
                told.insert("reason".to_owned(), reason.clone());
            }
        }
        told
    }
}

impl Payout {
    /// Is it in this file, on its way?
    #[must_use]
    pub fn is_sent_by(&self, file: &PayoutFileId) -> bool {
        matches!(&self.state, PayoutState::Submitted { reference, .. } if reference == file.as_str())
    }

    /// Its file is voided: it is approved as before, and may be in another file.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn take_out(self, actor: Actor, file: &PayoutFileId, at: Timestamp) -> Result<Step, Refused> {
        require(&actor, &[Role::Admin, Role::FinanceManager])?;
        if !self.is_sent_by(file) {
            return Err(self.wrong_state());
        }
        let after = Self { net: None, ..self.moved_to(PayoutState::Approved) };
        // The file is the old reference; what the trail says now is the payout and nothing beside it (V10).
        Ok(self.step(after, HeadMove::None, "payout.taken_out", actor, at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::currency::Currency;

    fn file() -> PayoutFile {
        PayoutFile {
            id: PayoutFileId::from_ulid(1_u128.into()),
            rail: Rail::Ach,
            currency: Currency::USD,
            by: "usr_fin".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            numbers: Numbers { first: 1, nth: 0 },
            planned: Vec::new(),
            rows: Vec::new(),
            trials: Vec::new(),
            left_out: Vec::new(),
            more: false,
            downloaded: None,
            state: FileState::Making,
        }
    }

    fn actor(role: Role, id: &str) -> Actor {
        Actor::new(role, id)
    }

    #[test]
    fn a_file_is_voided_by_an_admin_who_did_not_ask_for_it_once() {
        let at = Timestamp::UNIX_EPOCH;
        for role in Role::ALL.into_iter().filter(|role| *role != Role::Admin) {
            assert_eq!(file().void(&actor(role, "usr_a"), ("no", false), at), Err(NotVoided::RoleMayNot { role }));
        }
        let own = PayoutFile { by: "usr_a".to_owned(), ..file() };
        assert_eq!(own.void(&actor(Role::Admin, "usr_a"), ("no", false), at), Err(NotVoided::SamePerson));
        let voided = file().void(&actor(Role::Admin, "usr_a"), ("never uploaded", false), at).expect("voided");
        assert_eq!(voided.state.word(), "voided");
        let again = voided.clone().void(&actor(Role::Admin, "usr_b"), ("another word", false), at).expect("voided");
        assert_eq!(again, voided);
    }

    #[test]
    fn of_a_file_that_somebody_has_it_is_said_that_it_is_known() {
        let at = Timestamp::UNIX_EPOCH;
        let had = file().downloaded(&actor(Role::FinanceManager, "usr_fin"), at);
        let again = had.clone().downloaded(&actor(Role::FinanceManager, "usr_other"), at);
        assert_eq!(again, had, "the first download is kept");
        let (admin, by) = (actor(Role::Admin, "usr_a"), "usr_fin".to_owned());
        assert_eq!(had.clone().void(&admin, ("lost", false), at), Err(NotVoided::Downloaded { by, at }));
        assert_eq!(had.void(&admin, ("lost", true), at).expect("voided").state.word(), "voided");
    }

    #[test]
    fn what_was_planned_and_is_not_in_the_file_is_known() {
        let [one, two] = [1, 2].map(|n: u32| PayoutId::parse(&format!("pay_00000000000000000000000001USD{n:06}")));
        let (one, two) = (one.expect("an id"), two.expect("an id"));
        let amount = Money::from_minor(100, Currency::USD);
        let row = FileRow { payout: one.clone(), amount, reference: "1".to_owned(), receiving: None };
        let made = PayoutFile { planned: vec![one, two.clone()], rows: vec![row.clone()], ..file() };
        assert_eq!((made.payouts().len(), made.not_in_it()), (2, vec![two.clone()]));
        assert!(made.holds(&row));
        assert!(!made.holds(&FileRow { reference: "2".to_owned(), ..row.clone() }));
        assert!(!made.holds(&FileRow { payout: two, ..row }));
    }

    fn payout(n: u32) -> PayoutId {
        PayoutId::parse(&format!("pay_00000000000000000000000001USD{n:06}")).expect("an id")
    }

    #[test]
    fn a_file_that_is_made_says_what_is_in_it_and_what_is_not() {
        let amount = Money::from_minor(12_345, Currency::USD);
        let row = FileRow { payout: payout(1), amount, reference: "1".to_owned(), receiving: None };
        let trial = FileTrial {
            partner: crate::id::PartnerId::from_ulid(7_u128.into()),
            method: crate::id::MethodId::from_ulid(8_u128.into()),
            reference: None,
            receiving: None,
        };
        let left_out = |n| NotInFile { payout: payout(n), why: "no account".to_owned() };
        let made = Made {
            name: "a.ach".to_owned(),
            media_type: "text/plain".to_owned(),
            count: 1,
            sum: amount,
            sha256: Digest::of_bytes(b"a"),
            effective: None,
        };
        let making = PayoutFile { left_out: vec![left_out(2)], ..file() };
        let ready = making.clone().made((vec![row.clone()], vec![trial.clone()]), vec![left_out(3)], made.clone());
        let expected = PayoutFile {
            rows: vec![row],
            trials: vec![trial],
            left_out: vec![left_out(2), left_out(3)],
            state: FileState::Ready(made),
            ..making
        };
        assert_eq!(ready, expected);
        let told = |file: &PayoutFile| {
            file.told().into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>()
        };
        assert_eq!(told(&file()), ["currency=USD", "rail=ach", "state=making"]);
        let sha256 = format!("sha256={}", Digest::of_bytes(b"a").to_hex());
        let common = ["currency=USD", "rail=ach", &sha256, "state=ready", "sum=123.45"];
        assert_eq!(told(&ready), [&["count=1"], &common[..]].concat());
        let at = Timestamp::UNIX_EPOCH;
        let had = ready.downloaded(&actor(Role::FinanceManager, "usr_fin"), at);
        let voided = had.void(&actor(Role::Admin, "usr_a"), ("lost", true), at).expect("voided");
        let expected = ["currency=USD", "downloaded_by=usr_fin", "rail=ach", "reason=lost", "state=voided"];
        assert_eq!(told(&voided), expected);
    }

    #[test]
    fn a_payout_is_taken_out_of_the_file_that_it_is_in_by_the_desk_alone() {
        let (at, id) = (Timestamp::UNIX_EPOCH, file().id);
        let sent = |reference: &str| {
            let reference = reference.to_owned();
            let state = PayoutState::Submitted { sent_at: at, expected_arrival: None, reference };
            let usd = |minor| Money::from_minor(minor, Currency::USD);
            let net = Some(crate::tax::Net { fee: usd(0), withheld: usd(24), net: usd(76) });
            let (partner, currency, _) = payout(1).account_and_number();
            Payout {
                id: payout(1),
                partner,
                amount: Money::from_minor(100, currency),
                from: None,
                to: crate::slot::Slot::parse("261120.00").expect("a slot"),
                lines: 1,
                close_hash: Digest::ZERO,
                seal: Digest::ZERO,
                asked_under: "a request".to_owned(),
                requested_by: actor(Role::Admin, "a"),
                requested_at: at,
                moved_at: at,
                state,
                approvals: Vec::new(),
                terms: crate::payout::Terms::default(),
                net,
            }
        };
        let there = sent(id.as_str());
        assert!(there.is_sent_by(&id) && !sent("tr_1").is_sent_by(&id));
        let approved = Payout { state: PayoutState::Approved, ..there.clone() };
        assert!(!approved.is_sent_by(&id));
        for role in Role::ALL {
            let may = matches!(role, Role::Admin | Role::FinanceManager);
            assert_eq!(there.clone().take_out(actor(role, "a"), &id, at).is_ok(), may, "{role}");
        }
        let taken = there.take_out(actor(Role::Admin, "a"), &id, at).expect("taken out");
        assert_eq!((taken.payout.state.word(), taken.payout.net), ("approved", None));
        assert!(sent("tr_1").take_out(actor(Role::Admin, "a"), &id, at).is_err());
        assert!(approved.take_out(actor(Role::Admin, "a"), &id, at).is_err());
    }
}
