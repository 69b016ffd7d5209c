//! Why a payout cannot be asked for now: every reason, so that nobody is sent from door to door.

use crate::money::Money;
use crate::tax::TaxStatus;
use crate::time::Timestamp;

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hold {
    /// PAY-16: the partner is suspended.
    PartnerNotActive,
    /// FRD-4: a person has yet to decide what was noticed about the partner.
    UnderReview,
    /// AWD-3: a member's payee is paid under an open award of its own, and under nothing else.
    AwardPayee,
    /// The tenant pays nobody who has not said where to.
    NoMethod,
    /// PAY-12: the method was changed of late.
    CoolingOff {
        /// When it may be used.
        until: Timestamp,
    },
    /// TAX-2: the tenant pays nobody without a valid tax form.
    TaxForm {
        /// What the form is worth.
        status: TaxStatus,
    },
    /// Nothing is available.
    NothingAvailable {
        /// The balance.
        available: Money,
        /// What waits for its day.
        pending: Money,
    },
    /// PAY-2: less than the tenant pays out at once; it is carried forward.
    BelowMinimum {
        /// What would be paid.
        amount: Money,
        /// What is available.
        available: Money,
        /// From how much on it is paid.
        minimum: Money,
    },
    /// More was asked for than there is.
    OverBalance {
        /// What was asked for.
        asked: Money,
        /// What is available.
        available: Money,
    },
    /// So many parts were asked for on one day that the account's day has no slots left.
    TooManyParts {
        /// What can be paid whole.
        available: Money,
    },
}

impl Hold {
    /// A name for the reason, stable across releases.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::PartnerNotActive => "partner-not-active",
            Self::UnderReview => "under-review",
            Self::AwardPayee => "award-payee",
            Self::NoMethod => "no-payout-method",
            Self::CoolingOff { .. } => "payout-method-cooling-off",
            Self::TaxForm { .. } => "tax-form-missing",
            Self::NothingAvailable { .. } => "nothing-available",
            Self::BelowMinimum { .. } => "below-minimum",
            Self::OverBalance { .. } => "over-balance",
            Self::TooManyParts { .. } => "too-many-parts",
        }
    }

    /// The reason in a sentence, with its figures.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::PartnerNotActive => {
                "the partner is not active; nothing is paid until an admin reinstates them".to_owned()
            }
            Self::UnderReview => "payouts of this partner wait until a review is decided".to_owned(),
            Self::AwardPayee => {
                "this is the payee of a member: it is paid by the payout of an open award alone, never by request"
                    .to_owned()
            }
            Self::NoMethod => "there is no payout method for this currency; set one first".to_owned(),
            Self::CoolingOff { until } => {
                format!("the payout method was changed; nothing leaves by it before {until}")
            }
            Self::TaxForm { status } => {
                format!("a valid tax form is needed first; the present one is: {}", status.word())
            }
            Self::NothingAvailable { available, pending } => {
                let currency = available.currency();
                format!("nothing to pay: {available} {currency} is available, {pending} {currency} waits for its day")
            }
            Self::BelowMinimum { amount, available, minimum } => {
                let currency = amount.currency();
                format!(
                    "{amount} {currency} is less than the minimum of {minimum} {currency}; \
                     {available} {currency} is available and carried forward"
                )
            }
            Self::OverBalance { asked, available } => {
                let currency = asked.currency();
                format!("{asked} {currency} is more than the {available} {currency} that is available")
            }
            Self::TooManyParts { available } => {
                let currency = available.currency();
                format!(
                    "no more parts can be paid today; the whole of {available} {currency} can, and parts again tomorrow"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::currency::Currency;

    #[test]
    fn each_reason_has_a_name_of_its_own_and_a_sentence_with_its_figures() {
        let usd = |minor| Money::from_minor(minor, Currency::USD);
        let until = "2026-11-28T12:00:00Z".parse().expect("an instant");
        let rows = [
            (Hold::PartnerNotActive, "partner-not-active", "not active"),
            (Hold::UnderReview, "under-review", "review"),
            (Hold::AwardPayee, "award-payee", "open award"),
            (Hold::NoMethod, "no-payout-method", "set one first"),
            (Hold::CoolingOff { until }, "payout-method-cooling-off", "before 2026-11-28T12:00:00Z"),
            (Hold::TaxForm { status: TaxStatus::Expired }, "tax-form-missing", "expired"),
            (
                Hold::NothingAvailable { available: usd(-470), pending: usd(1_234) },
                "nothing-available",
                "-4.70 USD is available, 12.34 USD waits",
            ),
            (
                Hold::BelowMinimum { amount: usd(100), available: usd(900), minimum: usd(5_000) },
                "below-minimum",
                "50.00 USD",
            ),
            (Hold::OverBalance { asked: usd(1_001), available: usd(1_000) }, "over-balance", "10.01 USD"),
            (Hold::TooManyParts { available: usd(1_000) }, "too-many-parts", "the whole of 10.00 USD"),
        ];
        for (hold, code, words) in rows {
            assert_eq!(hold.code(), code);
            assert!(hold.sentence().contains(words), "{code}: {}", hold.sentence());
        }
    }
}
