//! Who of the queue can be given an award, and why somebody cannot: every reason at once.

use crate::member::KycStatus;
use crate::subscription::SubscriptionStatus;
use crate::tax::TaxStatus;

/// What is known of somebody who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Is it known who they are?
    pub kyc: KycStatus,
    /// How their subscription stands; none where none is named or its provider never told of it.
    pub subscription: Option<SubscriptionStatus>,
    /// What their tax form is worth today.
    pub tax_form: TaxStatus,
    /// Is a tax form needed? Otherwise the tax is withheld.
    pub tax_form_needed: bool,
    /// Does a form that holds today say that they are foreign?
    pub is_foreign: bool,
    /// Can money be sent to them at all, as far as the tenant asks for it?
    pub can_be_paid: bool,
}

/// Why somebody cannot be given an award.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ineligible {
    /// It is not verified who they are.
    Kyc(KycStatus),
    /// They have no subscription that is known here.
    NoSubscription,
    /// Their subscription is neither active nor in its trial.
    Subscription(SubscriptionStatus),
    /// Their tax form does not hold.
    TaxForm(TaxStatus),
    /// They are foreign, by a W-8BEN that holds.
    ForeignPayee,
    /// Nobody knows where their money is to go.
    NoPayoutMethod,
}

impl Ineligible {
    /// The word in answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Kyc(_) => "kyc_not_verified",
            Self::NoSubscription => "no_subscription",
            Self::Subscription(_) => "subscription_not_active",
            Self::TaxForm(_) => "no_valid_tax_form",
            Self::ForeignPayee => "foreign_payee",
            Self::NoPayoutMethod => "no_payout_method",
        }
    }

    /// The reason in a sentence.
    #[must_use]
    pub fn detail(self) -> String {
        match self {
            Self::Kyc(status) => format!("identity is {}, it must be verified", status.word()),
            Self::NoSubscription => "no subscription is known".to_owned(),
            Self::Subscription(status) => {
                format!("the subscription is {}, it must be active or trialing", status.word())
            }
            Self::TaxForm(status) => format!("the tax form is {}, it must be valid", status.word()),
            Self::ForeignPayee => "by their W-8BEN they are foreign: what tax is due on an award to them, and on which form it \
                                   is told, is not done here; pay it outside, or ask for a W-9 where they are a person of \
                                   the United States"
                .to_owned(),
            Self::NoPayoutMethod => "there is no method by which the award can be paid now".to_owned(),
        }
    }
}

/// AWD-2: every reason against a candidate; none is a yes.
#[must_use]
pub fn validate(candidate: &Candidate) -> Vec<Ineligible> {
    let mut reasons = Vec::new();
    if candidate.kyc != KycStatus::Verified {
        reasons.push(Ineligible::Kyc(candidate.kyc));
    }
    match candidate.subscription {
        None => reasons.push(Ineligible::NoSubscription),
        Some(SubscriptionStatus::Active | SubscriptionStatus::Trialing) => {}
        Some(status) => reasons.push(Ineligible::Subscription(status)),
    }
    if candidate.tax_form_needed && candidate.tax_form != TaxStatus::Valid {
        reasons.push(Ineligible::TaxForm(candidate.tax_form));
    }
    // TAX-2: of an award 30 % and a form 1042-S may be due where the payee is foreign; neither is done here.
    if candidate.is_foreign {
        reasons.push(Ineligible::ForeignPayee);
    }
    if !candidate.can_be_paid {
        reasons.push(Ineligible::NoPayoutMethod);
    }
    reasons
}
