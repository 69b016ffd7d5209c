//! A coupon at the payment provider: what it takes off the price there, and how far the provider has taken it. Pure.

use crate::money::Money;
use crate::rate::Rate;
use crate::time::Timestamp;

/// What is taken off a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Off {
    /// So much of it.
    Share(Rate),
    /// So much.
    Amount(Money),
}

/// For how long it is taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasting {
    /// The first payment.
    Once,
    /// Every payment.
    Forever,
    /// The payments of so many months.
    Months(u32),
}

/// What a coupon takes off, for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Discount {
    /// What.
    pub off: Off,
    /// For how long.
    pub lasting: Lasting,
}

/// How far the provider has taken it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PromotionState {
    /// It is to be made; what became of the last try is not known, where there was one.
    Making,
    /// Customers can use it there, under the provider's id.
    Active(String),
    /// The provider said no, in its own words. It may be asked again.
    Refused(String),
    /// It is to be ended there; the id is not known where nobody has heard whether it was made.
    Ending(Option<String>),
    /// Nobody can use it there any more.
    Ended(Option<String>),
}

impl PromotionState {
    /// The word of the state.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Making => "making",
            Self::Active(_) => "active",
            Self::Refused(_) => "refused",
            Self::Ending(_) => "ending",
            Self::Ended(_) => "ended",
        }
    }

    /// The provider's id, as far as it is known.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Active(id) | Self::Ending(Some(id)) | Self::Ended(Some(id)) => Some(id),
            Self::Making | Self::Refused(_) | Self::Ending(None) | Self::Ended(None) => None,
        }
    }

    /// Is there something left to do at the provider that nobody has to decide on?
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Making | Self::Ending(_))
    }

    /// It is there, under this id. Found after the coupon has ended, it is to be ended there, too: whoever made it had not
    /// heard of the end.
    #[must_use]
    pub fn made(self, id: String) -> Self {
        match self {
            Self::Making | Self::Refused(_) => Self::Active(id),
            Self::Ending(None) | Self::Ended(None) => Self::Ending(Some(id)),
            Self::Active(_) | Self::Ending(Some(_)) | Self::Ended(Some(_)) => self,
        }
    }

    /// The provider says no.
    #[must_use]
    pub fn refused(self, reason: String) -> Self {
        match self {
            Self::Making | Self::Refused(_) => Self::Refused(reason),
            Self::Active(_) | Self::Ending(_) | Self::Ended(_) => self,
        }
    }

    /// The coupon ends. What the provider refused is not there to be ended.
    #[must_use]
    pub fn ending(self) -> Self {
        match self {
            Self::Making => Self::Ending(None),
            Self::Active(id) => Self::Ending(Some(id)),
            Self::Refused(_) => Self::Ended(None),
            Self::Ending(_) | Self::Ended(_) => self,
        }
    }

    /// The provider has ended it, or has none.
    #[must_use]
    pub fn ended(self) -> Self {
        match self {
            Self::Ending(id) => Self::Ended(id),
            Self::Making | Self::Active(_) | Self::Refused(_) | Self::Ended(_) => self,
        }
    }
}

/// A coupon as the provider is to have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promotion {
    /// What the provider's coupon is called: ours, so that a second try makes no second one.
    pub coupon_id: String,
    /// What it takes off.
    pub discount: Discount,
    /// How far the provider has taken it.
    pub state: PromotionState,
    /// How many tries came to nothing. Each try after such a one is a new request there: providers answer the same one with
    /// the same no, or the same error of theirs, for a day.
    pub tries: u32,
    /// Since when it is to be there; not known of what was made before this was kept. A coupon may count from long before.
    pub since: Option<Timestamp>,
    /// Raised by every change.
    pub changes: u64,
}

impl Promotion {
    /// One that the provider has not heard of, and is to be there since an instant.
    #[must_use]
    pub fn new(coupon_id: String, discount: Discount, since: Timestamp) -> Self {
        Self { coupon_id, discount, state: PromotionState::Making, tries: 0, since: Some(since), changes: 0 }
    }

    /// The same in its next state; none where that is the state that it is in.
    #[must_use]
    pub fn in_state(&self, state: PromotionState) -> Option<Self> {
        let says_no = matches!(state, PromotionState::Refused(_));
        let tries = self.tries.saturating_add(u32::from(says_no));
        let is_news = says_no || state != self.state;
        is_news.then(|| Self { state, tries, changes: self.changes + 1, ..self.clone() })
    }

    /// The same after a try of which nobody knows what became.
    #[must_use]
    pub fn tried(&self) -> Self {
        Self { tries: self.tries.saturating_add(1), changes: self.changes + 1, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::PromotionState::{Active, Ended, Ending, Making, Refused};
    use super::*;

    fn id() -> String {
        "promo_1".to_owned()
    }

    #[test]
    fn every_state_meets_every_word() {
        let no = || Refused("No.".to_owned());
        let rows = [
            // (state, made, refused, ending, ended)
            (Making, Active(id()), no(), Ending(None), Making),
            (no(), Active(id()), no(), Ended(None), no()),
            (Active(id()), Active(id()), Active(id()), Ending(Some(id())), Active(id())),
            (Ending(None), Ending(Some(id())), Ending(None), Ending(None), Ended(None)),
            (Ending(Some(id())), Ending(Some(id())), Ending(Some(id())), Ending(Some(id())), Ended(Some(id()))),
            (Ended(None), Ending(Some(id())), Ended(None), Ended(None), Ended(None)),
            (Ended(Some(id())), Ended(Some(id())), Ended(Some(id())), Ended(Some(id())), Ended(Some(id()))),
        ];
        for (state, made, refused, ending, ended) in rows {
            assert_eq!(state.clone().made(id()), made, "{state:?} made");
            assert_eq!(state.clone().refused("No.".to_owned()), refused, "{state:?} refused");
            assert_eq!(state.clone().ending(), ending, "{state:?} ending");
            assert_eq!(state.clone().ended(), ended, "{state:?} ended");
        }
    }

    #[test]
    fn each_try_that_came_to_nothing_makes_the_next_another_request_and_the_same_state_is_no_change() {
        let discount = Discount { off: Off::Share(Rate::ONE), lasting: Lasting::Once };
        let made = Promotion::new("c".to_owned(), discount, Timestamp::UNIX_EPOCH);
        assert_eq!(made.in_state(Making), None);
        let first = made.in_state(Refused("No.".to_owned())).expect("a change");
        let second = first.in_state(Refused("No.".to_owned())).expect("a change");
        assert_eq!((first.tries, second.tries, second.changes), (1, 2, 2));
        let lost = made.tried();
        assert_eq!((lost.state.word(), lost.tries, lost.changes), ("making", 1, 1));
        // However often it is tried, it waits since it was asked for.
        assert_eq!((second.since, lost.since), (made.since, Some(Timestamp::UNIX_EPOCH)));
    }
}
