//! What a request for a payout stands on, beside the money: who the partner is, where it goes, what the tenant decided.

use std::collections::BTreeSet;

use domain::award::PaymentName;
use domain::id::MemberId;
use domain::line::Account;
use domain::money::Money;
use domain::payee::{Choice, Payee, Rail};
use domain::payout::hold::Hold;
use domain::payout::policy::{MissingTaxForm, PayeeFacts, PayoutPolicy};
use domain::payout::{Terms, approvers_needed};
use domain::role::Role;
use domain::tax::{TaxForm, TaxStatus};
use domain::tier::Tier;
use domain::time::{Timestamp, Zone};
use store::{Store, TenantKey};

use super::{Asked, Barred, barred, next};
use crate::awards;
use crate::error::CaseError;

/// What a request stands on.
pub(super) struct Ground {
    /// Everything that stands against it, money aside.
    pub(super) holds: Vec<Hold>,
    policy: PayoutPolicy,
    payee: Option<Payee>,
    methods: Option<u32>,
    minimum: Money,
    /// Does no person ask?
    is_by_itself: bool,
}

/// Reads it.
pub(super) async fn of(store: &Store, tenant: &TenantKey, asked: &Asked, at: Timestamp) -> Result<Ground, CaseError> {
    let mut holds = Vec::new();
    match barred(store, tenant, &asked.partner).await? {
        Some(Barred::NotActive) => holds.push(Hold::PartnerNotActive),
        Some(Barred::UnderReview) => holds.push(Hold::UnderReview),
        None => {}
    }
    if !is_rightly_named(store, tenant, asked).await? {
        holds.push(Hold::AwardPayee);
    }
    let policy = store.get_payout_policy(tenant).await?;
    let methods = store.get_payout_methods(tenant, &asked.partner).await?;
    // PAY-6: a request that follows a definite failure goes by the next method in rank.
    let tried = next::tried_before(store, tenant, &asked.under).await?;
    let payee = match methods.choose_besides(&tried, asked.currency, at) {
        Choice::Payee(payee) => Some(payee),
        // PAY-12: nothing leaves by a method in its cooling-off; the instant is told.
        Choice::CoolingOff { until, .. } => {
            holds.push(Hold::CoolingOff { until });
            None
        }
        Choice::NoMethod => {
            if policy.requires_method {
                holds.push(Hold::NoMethod);
            }
            None
        }
    };
    if policy.missing_tax_form == MissingTaxForm::Block {
        let form = store.get_tax_form(tenant, &asked.partner).await?;
        let status = status_of(form.as_ref(), at);
        if status != TaxStatus::Valid {
            holds.push(Hold::TaxForm { status });
        }
    }
    let tiers: BTreeSet<Tier> = if policy.minimums.iter().any(|row| row.tier.is_some()) {
        store.list_enrolments(tenant, &asked.partner).await?.into_iter().map(|enrolment| enrolment.tier).collect()
    } else {
        BTreeSet::new()
    };
    let rail = payee.as_ref().map_or(Rail::Manual, |payee| payee.rail);
    let facts = PayeeFacts { partner: &asked.partner, tiers: &tiers, rail };
    let minimum = policy.minimum(Money::zero(asked.currency), &facts);
    // PAY-6: what follows a failure is asked for in a person's name, and by no person.
    let is_by_itself = asked.by.role == Role::Service || next::is_behind_failure(&asked.under);
    let methods = Some(methods.version).filter(|version| *version > 0);
    Ok(Ground { holds, payee, methods, minimum, policy, is_by_itself })
}

/// AWD-3: retention and second approver hang on the name a payout is asked under, so the money of an award has names of its
/// own: no desk and no run takes it under another, each is asked for once, and an award that is over takes nothing.
async fn is_rightly_named(store: &Store, tenant: &TenantKey, asked: &Asked) -> Result<bool, CaseError> {
    if let Some(name) = PaymentName::parse(&asked.under) {
        let account = Account { partner: asked.partner.clone(), currency: asked.currency };
        return awards::is_next(store, tenant, &name, &account).await;
    }
    // A payee has its member's own ULID.
    Ok(store.get_member(tenant, &MemberId::from_ulid(asked.partner.ulid())).await?.is_none())
}

/// What a form is worth on the day of an instant.
pub(super) fn status_of(form: Option<&TaxForm>, at: Timestamp) -> TaxStatus {
    form.map_or(TaxStatus::None, |form| form.status(Zone::utc().day_of(at)))
}

impl Ground {
    /// Is it about who is to be paid, so that the balance is nobody's business?
    pub(super) fn is_barred(&self) -> bool {
        self.holds.iter().any(|hold| matches!(hold, Hold::PartnerNotActive | Hold::UnderReview | Hold::AwardPayee))
    }

    /// Everything that stands against paying what is asked for of this much: all of it, where no amount is named.
    pub(super) fn with_money(&self, asked: Option<Money>, available: Money, pending: Money) -> Vec<Hold> {
        let mut holds = self.holds.clone();
        let amount = asked.unwrap_or(available);
        if available.minor() <= 0 {
            holds.push(Hold::NothingAvailable { available, pending });
        } else if amount.minor() > available.minor() {
            holds.push(Hold::OverBalance { asked: amount, available });
        } else if amount.minor() < self.minimum.minor() {
            // PAY-2: it is carried forward, and the figures say why.
            holds.push(Hold::BelowMinimum { amount, available, minimum: self.minimum });
        }
        holds
    }

    /// What a payout of an amount is born with, out of a whole balance with what parts have taken of it lately.
    pub(super) fn terms(&self, amount: Money, whole: Money) -> Terms {
        // PAY-4: the bands of the hour of the request hold for good; the shipped ones need not be said. A part is approved as
        // the whole would be, and so is what it left: see `split`.
        let approvers = self.policy.approvers(whole);
        // PAY-1: what no person asked for a person approves, whatever a band lets go by itself.
        let approvers = if self.is_by_itself { approvers.max(1) } else { approvers };
        let approvers = Some(approvers).filter(|approvers| usize::from(*approvers) != approvers_needed(amount));
        Terms { payee: self.payee.clone(), methods: self.methods, approvers }
    }
}
