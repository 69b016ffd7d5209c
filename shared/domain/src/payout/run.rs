//! PAY-11: payouts that were built together, and what is to be looked at before any of them is approved.
//!
//! The report is made of what was read, once, and stays with the run: what an approver saw is what is stored.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{PartnerId, PayoutId, PayoutRunId};
use crate::money::{Money, MoneyError};
use crate::tax::TaxStatus;
use crate::time::Timestamp;

/// A payout is an outlier from so many times the largest that the partner was ever paid.
const OUTLIER_TIMES: i64 = 3;

/// What is checked of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// What the payouts amount to is what the accounts have reserved for them.
    Totals,
    /// Each payout has the seal of what it says.
    Seal,
    /// Two payouts go to one account.
    Duplicate,
    /// A partner who was never paid before.
    NewPayee,
    /// A method that was set, or a list that was changed, of late.
    ChangedMethod,
    /// An amount far above what the partner was ever paid.
    Outlier,
    /// A payee without a valid tax form.
    MissingTaxForm,
    /// An account that owes, and is left out.
    NegativeBalance,
    /// An account that has something to pay and is left out.
    Held,
}

impl Check {
    /// Does a finding of this kind forbid the run? The others are for a person to look at.
    #[must_use]
    pub fn forbids(self) -> bool {
        matches!(self, Self::Totals | Self::Seal | Self::Duplicate)
    }
}

/// Something to be looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What was checked.
    pub check: Check,
    /// Whose account; none where it is about the run.
    pub partner: Option<PartnerId>,
    /// What was found, with the figures.
    pub detail: String,
}

/// What is known of one payout of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// Which.
    pub payout: PayoutId,
    /// Whose.
    pub partner: PartnerId,
    /// How much.
    pub amount: Money,
    /// What the head of the account has reserved for it; none where another payout, or none, is open there.
    pub reserved: Option<Money>,
    /// Is its seal that of what it says?
    pub is_sealed: bool,
    /// The largest payout that was ever paid from the account.
    pub largest_paid: Option<Money>,
    /// When where the money goes was last changed, if within the time that is looked at.
    pub changed_at: Option<Timestamp>,
    /// By what the account it goes to is known again.
    pub fingerprint: Option<Digest>,
    /// What the tax form is worth.
    pub tax_form: TaxStatus,
}

/// An account that has something to say and is not in the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Whose.
    pub partner: PartnerId,
    /// The balance.
    pub available: Money,
    /// Why.
    pub why: String,
}

/// Payouts that were built together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayoutRun {
    /// Which.
    pub id: PayoutRunId,
    /// In which currency.
    pub currency: crate::currency::Currency,
    /// Who built it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// The payouts.
    pub payouts: Vec<PayoutId>,
    /// What they amount to.
    pub total: Money,
    /// What is to be looked at, the gravest first.
    pub findings: Vec<Finding>,
    /// Are there accounts left that another run must take?
    pub more: bool,
    /// Where it stopped, if there are: behind this partner the next run goes on. Runs of before do not say.
    #[serde(default)]
    pub stopped_at: Option<PartnerId>,
}

/// PAY-11: a person has looked, and says that the run may be approved although its report says no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overridden {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// Why a report is not overridden.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
pub enum NotOverridden {
    /// Another role may.
    #[error("the role {role} may not do this; an admin may")]
    RoleMayNot {
        /// The role.
        role: crate::role::Role,
    },
    /// Whoever built the run does not say that it may be approved.
    #[error("whoever built a run does not override its report; another admin does")]
    SamePerson,
    /// Nothing is forbidden.
    #[error("the report forbids nothing; there is nothing to override")]
    IsGo,
}

/// The run that a payout was built by, if one built it: payouts of runs are asked for under its id.
#[must_use]
pub fn run_of(asked_under: &str) -> Option<PayoutRunId> {
    PayoutRunId::parse(asked_under.split_once('#')?.0).ok()
}

impl PayoutRun {
    /// PAY-11: an admin who did not build it says why it may be approved all the same.
    ///
    /// # Errors
    /// See [`NotOverridden`].
    pub fn overridden(
        &self,
        actor: &crate::audit::Actor,
        reason: &str,
        at: Timestamp,
    ) -> Result<Overridden, NotOverridden> {
        if actor.role != crate::role::Role::Admin {
            return Err(NotOverridden::RoleMayNot { role: actor.role });
        }
        if actor.id == self.by {
            return Err(NotOverridden::SamePerson);
        }
        if self.is_go() {
            return Err(NotOverridden::IsGo);
        }
        Ok(Overridden { by: actor.id.clone(), at, reason: reason.to_owned() })
    }

    /// PAY-11: may any of it be approved? A run without payouts pays nobody.
    #[must_use]
    pub fn is_go(&self) -> bool {
        !self.payouts.is_empty() && !self.findings.iter().any(|finding| finding.check.forbids())
    }
}

/// PAY-11: everything that is to be looked at, the gravest first; and what the payouts amount to.
///
/// # Errors
/// Amounts of several currencies, or out of range.
pub fn examine(
    currency: crate::currency::Currency,
    looked: &[Looked],
    left_out: &[LeftOut],
) -> Result<(Money, Vec<Finding>), MoneyError> {
    let total = Money::try_sum(looked.iter().map(|one| one.amount), currency)?;
    let reserved = looked.iter().map(|one| one.reserved.unwrap_or(Money::zero(currency)));
    let reserved = Money::try_sum(reserved, currency)?;
    let mut findings = Vec::new();
    let mut note = |check, partner: Option<&PartnerId>, detail: String| {
        findings.push(Finding { check, partner: partner.cloned(), detail });
    };
    if total != reserved {
        let detail = format!("the payouts amount to {total} {currency}, the ledger has reserved {reserved} {currency}");
        note(Check::Totals, None, detail);
    }
    for (at, one) in looked.iter().enumerate() {
        let who = Some(&one.partner);
        if one.reserved != Some(one.amount) {
            note(Check::Totals, who, format!("{} is not what its account has reserved", one.payout));
        }
        if !one.is_sealed {
            note(Check::Seal, who, format!("{} does not have the seal of what it says", one.payout));
        }
        let same = |other: &&Looked| one.fingerprint.is_some() && other.fingerprint == one.fingerprint;
        if let Some(other) = looked[..at].iter().find(same) {
            note(Check::Duplicate, who, format!("{} and {} go to one account", other.payout, one.payout));
        }
        match one.largest_paid {
            None => note(Check::NewPayee, who, format!("{} is the first payment", one.payout)),
            Some(largest) if one.amount.minor() > largest.minor().saturating_mul(OUTLIER_TIMES) => {
                let detail = format!("{} {currency}; the largest so far was {largest} {currency}", one.amount);
                note(Check::Outlier, who, detail);
            }
            Some(_) => {}
        }
        if let Some(changed_at) = one.changed_at {
            note(Check::ChangedMethod, who, format!("where the money goes was changed at {changed_at}"));
        }
        if one.tax_form != TaxStatus::Valid {
            note(Check::MissingTaxForm, who, format!("the tax form is: {}", one.tax_form.word()));
        }
    }
    for one in left_out {
        let check = if one.available.is_negative() { Check::NegativeBalance } else { Check::Held };
        note(check, Some(&one.partner), format!("{} {currency}: {}", one.available, one.why));
    }
    findings.sort_by(|a, b| (a.check, &a.partner).cmp(&(b.check, &b.partner)));
    Ok((total, findings))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::currency::Currency;

    fn usd(minor: i64) -> Money {
        Money::from_minor(minor, Currency::USD)
    }

    fn partner(n: u128) -> PartnerId {
        PartnerId::from_ulid(n.into())
    }

    /// A payout of which nothing is to be said.
    fn plain(n: u128, minor: i64) -> Looked {
        Looked {
            payout: PayoutId::of(&partner(n), Currency::USD, 2),
            partner: partner(n),
            amount: usd(minor),
            reserved: Some(usd(minor)),
            is_sealed: true,
            largest_paid: Some(usd(minor)),
            changed_at: None,
            fingerprint: Some(Digest::of_bytes(&n.to_be_bytes())),
            tax_form: TaxStatus::Valid,
        }
    }

    fn checks(looked: &[Looked], left_out: &[LeftOut]) -> Vec<Check> {
        let (_, findings) = examine(Currency::USD, looked, left_out).expect("amounts");
        findings.into_iter().map(|finding| finding.check).collect()
    }

    #[test]
    fn each_thing_that_is_not_as_usual_is_found_and_nothing_else() {
        let at: Timestamp = "2026-09-01T00:00:00Z".parse().expect("instant");
        let other = plain(1, 500);
        let rows: [(Looked, &[Check]); 9] = [
            (plain(2, 700), &[]),
            (Looked { reserved: Some(usd(699)), ..plain(2, 700) }, &[Check::Totals, Check::Totals]),
            (Looked { reserved: None, ..plain(2, 700) }, &[Check::Totals, Check::Totals]),
            (Looked { is_sealed: false, ..plain(2, 700) }, &[Check::Seal]),
            (Looked { fingerprint: other.fingerprint, ..plain(2, 700) }, &[Check::Duplicate]),
            (Looked { largest_paid: None, ..plain(2, 700) }, &[Check::NewPayee]),
            (Looked { changed_at: Some(at), ..plain(2, 700) }, &[Check::ChangedMethod]),
            (Looked { largest_paid: Some(usd(233)), ..plain(2, 700) }, &[Check::Outlier]),
            (Looked { tax_form: TaxStatus::Expired, ..plain(2, 700) }, &[Check::MissingTaxForm]),
        ];
        for (one, expected) in rows {
            assert_eq!(checks(&[other.clone(), one.clone()], &[]), expected, "{one:?}");
        }
        assert_eq!(checks(&[Looked { largest_paid: Some(usd(234)), ..plain(2, 700) }], &[]), []);
        let left_out = |minor| LeftOut { partner: partner(3), available: usd(minor), why: "a reason".to_owned() };
        assert_eq!(checks(&[], &[left_out(-1), left_out(1)]), [Check::NegativeBalance, Check::Held]);
        let unknown = Looked { fingerprint: None, ..plain(1, 5) };
        assert_eq!(checks(&[unknown.clone(), Looked { fingerprint: None, ..plain(2, 5) }], &[]), []);
    }

    #[test]
    fn totals_seals_and_duplicates_forbid_a_run_and_an_empty_one_pays_nobody() {
        let run = |payouts: Vec<PayoutId>, check: Option<Check>| PayoutRun {
            id: PayoutRunId::from_ulid(1_u128.into()),
            currency: Currency::USD,
            by: "usr_1".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            payouts,
            total: usd(1),
            findings: check.map(|check| Finding { check, partner: None, detail: String::new() }).into_iter().collect(),
            more: false,
            stopped_at: None,
        };
        let one = || vec![plain(1, 1).payout];
        assert!(run(one(), None).is_go() && !run(vec![], None).is_go());
        for (check, is_go) in [
            (Check::Totals, false),
            (Check::Seal, false),
            (Check::Duplicate, false),
            (Check::NewPayee, true),
            (Check::ChangedMethod, true),
            (Check::Outlier, true),
            (Check::MissingTaxForm, true),
            (Check::NegativeBalance, true),
            (Check::Held, true),
        ] {
            assert_eq!(run(one(), Some(check)).is_go(), is_go, "{check:?}");
        }
    }

    proptest! {
        /// PAY-11: a cent that the ledger has not reserved is always found.
        #[test]
        fn a_run_that_does_not_add_up_is_never_a_go(amounts in proptest::collection::vec(1_i64..1_000_000, 1..20), at in 0_usize..20, off in -5_i64..6) {
            let mut looked: Vec<Looked> = amounts.iter().zip(1..).map(|(minor, n)| plain(n, *minor)).collect();
            let at = at % looked.len();
            looked[at].reserved = looked[at].reserved.map(|reserved| usd(reserved.minor() + off));
            let found = checks(&looked, &[]);
            prop_assert_eq!(found.contains(&Check::Totals), off != 0);
        }
    }

    #[test]
    fn an_outlier_is_more_than_three_times_the_largest_payout() {
        for (minor, expected) in [(699, vec![]), (702, vec![]), (703, vec![Check::Outlier])] {
            assert_eq!(checks(&[Looked { largest_paid: Some(usd(234)), ..plain(2, minor) }], &[]), expected, "{minor}");
        }
    }

    #[test]
    fn pay_11_another_admin_alone_says_that_a_run_may_be_approved_all_the_same() {
        let at = Timestamp::UNIX_EPOCH;
        let run = |check: Check| PayoutRun {
            id: PayoutRunId::from_ulid(1_u128.into()),
            currency: Currency::USD,
            by: "usr_1".to_owned(),
            at,
            payouts: vec![plain(1, 1).payout],
            total: usd(1),
            findings: vec![Finding { check, partner: None, detail: String::new() }],
            more: false,
            stopped_at: None,
        };
        let by = |role, id: &str| crate::audit::Actor::new(role, id);
        for role in crate::role::Role::ALL {
            let told = run(Check::Seal).overridden(&by(role, "usr_2"), "looked at", at);
            let expected = Overridden { by: "usr_2".to_owned(), at, reason: "looked at".to_owned() };
            let may = role == crate::role::Role::Admin;
            assert_eq!(told, if may { Ok(expected) } else { Err(NotOverridden::RoleMayNot { role }) });
        }
        let admin = |id| by(crate::role::Role::Admin, id);
        assert_eq!(run(Check::Seal).overridden(&admin("usr_1"), "", at), Err(NotOverridden::SamePerson));
        assert_eq!(run(Check::NewPayee).overridden(&admin("usr_2"), "", at), Err(NotOverridden::IsGo));
    }

    #[test]
    fn a_payout_of_a_run_is_asked_for_under_the_runs_id() {
        let id = PayoutRunId::from_ulid(1_u128.into());
        assert_eq!(run_of(&format!("{id}#{}", partner(1))), Some(id.clone()));
        for other in [id.to_string(), "a request".to_owned(), "x#y".to_owned()] {
            assert_eq!(run_of(&other), None, "{other}");
        }
    }
}
