//! V11: whoever says what in which order: two people book it, and two take it back.

use proptest::prelude::*;

use super::*;
use crate::currency::Currency;

/// What a second pair of hands writes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    Pending,
    /// And who has called it a mistake since.
    Booked(Option<u8>),
    TakenBack,
    Rejected,
}

impl Stands {
    fn behind(self, who: u8, word: u8) -> Self {
        match (self, word) {
            // The first of them has entered it.
            (Self::Pending, 0) if who != 0 => Self::Booked(None),
            (Self::Pending, 1) => Self::Rejected,
            (Self::Booked(Some(_)), 1) => Self::Booked(None),
            (Self::Booked(None), 2) => Self::Booked(Some(who)),
            (Self::Booked(Some(first)), 2) if first != who => Self::TakenBack,
            (stands, _) => stands,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Booked(_) => "booked",
            Self::TakenBack => "taken_back",
            Self::Rejected => "rejected",
        }
    }
}

fn person(n: u8) -> Actor {
    Actor::new(Role::Admin, format!("usr_{n}"))
}

/// Is it, behind each word, as that second pair of hands has it, and does the year owe what it should?
fn is_moved_by_two(words: &[(u8, u8)]) -> bool {
    let (amount, at) = (Money::from_minor(100, Currency::USD), Timestamp::UNIX_EPOCH);
    let mut year = TaxYear { withheld: amount, ..TaxYear::new(2026) };
    let (mut stands, mut there) = (
        Stands::Pending,
        Remittance {
            id: RemittanceId::from_ulid(1_u128.into()),
            year: 2026,
            amount,
            deposited_on: BusinessDay::parse("2026-07-15").expect("a day"),
            reference: "EFT 1".to_owned(),
            by: person(0).id,
            at,
            state: RemittanceState::Pending,
        },
    );
    words.iter().all(|(who, word)| {
        stands = stands.behind(*who, *word);
        let why = || ("a word".to_owned(), at);
        let moved = match word {
            0 => there.approve(&year, &person(*who), at).map(|(after, year)| (after, Some(year))),
            1 => there.reject(&person(*who), why()).map(|after| (after, None)),
            _ => there.take_back(&year, &person(*who), why()),
        };
        if let Ok((after, counted)) = moved {
            there = after;
            year = counted.unwrap_or_else(|| year.clone());
        }
        let first = match stands {
            Stands::Booked(Some(first)) => Some(person(first).id),
            _ => None,
        };
        let told = match &there.state {
            RemittanceState::Booked { mistaken, .. } => mistaken.as_ref().map(|mistaken| mistaken.by.clone()),
            _ => None,
        };
        let owed = if matches!(stands, Stands::Booked(_)) { 0 } else { 100 };
        there.state.word() == stands.word() && told == first && year.owed().is_ok_and(|left| left.minor() == owed)
    })
}

fn words() -> impl Strategy<Value = Vec<(u8, u8)>> {
    prop::collection::vec((0_u8..3, 0_u8..3), 1..14)
}

proptest! {
    #[test]
    fn what_is_handed_on_is_booked_by_two_people_and_taken_back_by_two(words in words()) {
        prop_assert!(is_moved_by_two(&words), "{words:?}");
    }
}

/// The mistakes that this law is about.
#[cfg(feature = "planted")]
#[test]
fn what_is_planted_in_the_four_eyes_of_remittances_is_found_within_a_thousand_stories() {
    use crate::planted::{Bug, found_within};
    for bug in [Bug::OwnRemittanceBooked, Bug::MistakenByOneAlone] {
        assert!(found_within(1_000, bug, &words(), |words| is_moved_by_two(&words)), "{bug:?}");
    }
}
