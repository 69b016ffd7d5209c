use proptest::prelude::*;

use super::*;
use crate::role::Role;
use crate::sale::Decision;

fn decided() -> ClaimDecided {
    let by = Actor::new(Role::Admin, "usr_1");
    ClaimDecided { by, at: "2026-11-21T12:00:00Z".parse().expect("instant"), reason: "they met at the fair".to_owned() }
}

fn claim(partner: u128) -> Claim {
    Claim {
        id: ClaimId::from_ulid(partner.into()),
        partner: PartnerId::from_ulid(partner.into()),
        program: ProgramId::from_ulid(1_u128.into()),
        customer: Some(PaymentKey::parse("stripe:cus_1").expect("key")),
        naming: Default::default(),
        note: "my customer".to_owned(),
        made_at: "2026-11-20T12:00:00Z".parse().expect("instant"),
        first: None,
        state: ClaimState::Pending,
    }
}

#[test]
fn an_accepted_claim_gives_the_partner_all_sales_of_the_customer() {
    // ATT-7.
    let (accepted, customer) = claim(1).accept(&Customer::default(), decided()).expect("accepted");
    assert_eq!(accepted.state.word(), "accepted");
    let decision = customer.decide("2020-01-01T00:00:00Z".parse().expect("instant"), None);
    let credits: Vec<_> = decision.credits().iter().map(|credit| (credit.partner.clone(), credit.source)).collect();
    assert_eq!(credits, [(claim(1).partner, Source::Claim)]);
}

#[test]
fn two_claims_to_one_customer_cannot_both_be_accepted() {
    let (_, customer) = claim(1).accept(&Customer::default(), decided()).expect("accepted");
    let second = claim(2).accept(&customer, decided());
    assert_eq!(second, Err(ClaimRefused::AnothersByClaim { partner: claim(1).partner }));
}

#[test]
fn a_claim_is_decided_once() {
    let (accepted, customer) = claim(1).accept(&Customer::default(), decided()).expect("accepted");
    let declined = claim(1).decline(decided()).expect("declined");
    for claim in [accepted, declined] {
        assert_eq!(claim.clone().accept(&customer, decided()).map(|_| ()), Err(ClaimRefused::Decided));
        assert_eq!(claim.decline(decided()), Err(ClaimRefused::Decided));
    }
}

#[test]
fn a_declined_claim_changes_nothing_for_the_customer() {
    let declined = claim(1).decline(decided()).expect("declined");
    assert_eq!(declined.state.word(), "declined");
    assert!(matches!(Customer::default().decide(declined.made_at, None), Decision::Nobody { .. }));
}

#[test]
fn only_another_s_accepted_claim_that_has_not_ended_stands_in_the_way() {
    let given = |source, partner: u128, program: u128, until: Option<&str>| {
        let mut customer = Customer::default();
        customer.assign(Assigned {
            source,
            partner: PartnerId::from_ulid(partner.into()),
            program: ProgramId::from_ulid(program.into()),
            from: Timestamp::UNIX_EPOCH,
            until: until.map(|text| text.parse().expect("instant")),
        });
        claim(1).accept(&customer, decided()).is_ok()
    };
    let ended = Some("2026-01-01T00:00:00Z");
    assert!(!given(Source::Claim, 2, 1, None), "another's");
    assert!(!given(Source::Claim, 1, 2, None), "their own, in another programme");
    assert!(given(Source::Claim, 1, 1, None), "this very one");
    assert!(given(Source::Claim, 2, 1, ended), "one that has ended");
    assert!(given(Source::Managed, 2, 1, None), "an account list");
}

fn by(id: &str) -> ClaimDecided {
    let decided = decided();
    ClaimDecided { by: Actor { id: id.to_owned(), ..decided.by }, ..decided }
}

#[test]
fn a_claim_that_takes_two_is_accepted_by_a_second_person_only() {
    // ATT-7
    let first = claim(1).approve_first(by("usr_1")).expect("a first yes");
    assert_eq!(first.state, ClaimState::Pending);
    assert_eq!(first.clone().approve_first(by("usr_2")), Err(ClaimRefused::SamePerson));
    assert_eq!(first.clone().accept(&Customer::default(), by("usr_1")), Err(ClaimRefused::SamePerson));
    assert!(first.clone().accept(&Customer::default(), by("usr_2")).is_ok());
    let declined = first.decline(by("usr_1")).expect("who said yes may think better of it");
    assert_eq!(declined.approve_first(by("usr_2")), Err(ClaimRefused::Decided));
}

#[test]
fn a_machine_judges_no_claim_neither_first_nor_second() {
    // API-4: a key that an admin made is not another person.
    let machine = || {
        let person = by("key_1");
        ClaimDecided { by: Actor { role: Role::Service, ..person.by }, ..person }
    };
    let refused = Err(ClaimRefused::NeedsAPerson);
    assert_eq!(claim(1).approve_first(machine()), refused);
    let first = claim(1).approve_first(by("usr_1")).expect("a first yes");
    assert_eq!(first.clone().accept(&Customer::default(), machine()).map(|(claim, _)| claim), refused);
    assert_eq!(claim(1).accept(&Customer::default(), machine()).map(|(claim, _)| claim), refused);
    assert_eq!(first.decline(machine()), refused);
}

#[test]
fn a_claim_to_somebody_who_is_not_known_waits_for_a_name() {
    let nameless = Claim { customer: None, ..claim(1) };
    assert_eq!(nameless.clone().accept(&Customer::default(), decided()), Err(ClaimRefused::NobodyKnown));
    let customer = PaymentKey::parse("stripe:cus_9").expect("key");
    let named = nameless.clone().of(customer).expect("a pending claim takes a name");
    assert!(named.accept(&Customer::default(), decided()).is_ok());
    assert!(nameless.decline(decided()).is_ok());
}

/// One person's yes to a customer, of a claim that takes two, as the desk says it.
fn say_yes(claim: Claim, person: u8, customer: &PaymentKey) -> Result<Claim, ClaimRefused> {
    let claim = claim.of(customer.clone())?;
    let word = by(&format!("usr_{person}"));
    match claim.first {
        None => claim.approve_first(word),
        Some(_) => claim.accept(&Customer::default(), word).map(|(accepted, _)| accepted),
    }
}

/// ATT-7, four eyes: whatever is said by whom in whatever order, whoever is given to a partner was said yes to by two.
fn was_given_by_two(words: &[(u8, u8)]) -> bool {
    let mut there = claim(1);
    let mut said = std::collections::BTreeSet::new();
    for (person, customer) in words {
        let customer = PaymentKey::parse(&format!("stripe:cus_{customer}")).expect("key");
        let Ok(after) = say_yes(there.clone(), *person, &customer) else { continue };
        said.insert((customer.clone(), person));
        there = after;
        if there.state != ClaimState::Pending {
            let said_to_them = said.iter().filter(|(named, _)| *named == customer).count();
            return there.customer.as_ref() == Some(&customer) && said_to_them == 2;
        }
    }
    true
}

fn words() -> impl Strategy<Value = Vec<(u8, u8)>> {
    prop::collection::vec((0_u8..3, 0_u8..3), 1..12)
}

proptest! {
    #[test]
    fn a_customer_is_given_by_a_claim_that_takes_two_only_when_two_people_said_yes_to_that_very_one(words in words()) {
        prop_assert!(was_given_by_two(&words), "{words:?}");
    }
}

/// The mistakes that this law is about.
#[cfg(feature = "planted")]
#[test]
fn what_is_planted_in_the_four_eyes_of_claims_is_found_within_a_thousand_stories() {
    use crate::planted::{Bug, found_within};
    for bug in [Bug::BothYesesOfOne, Bug::SecondYesToAnother] {
        assert!(found_within(1_000, bug, &words(), |words| was_given_by_two(&words)), "{bug:?}");
    }
}

#[test]
fn a_claim_is_of_whom_it_is_told_until_somebody_said_yes() {
    let (one, other) = ("stripe:cus_1", "stripe:cus_2");
    let key = |text| PaymentKey::parse(text).expect("key");
    assert_eq!(claim(1).of(key(other)).map(|claim| claim.customer), Ok(Some(key(other))));
    let first = claim(1).approve_first(by("usr_1")).expect("a first yes");
    assert_eq!(first.clone().of(key(one)), Ok(first.clone()), "the same is told again");
    assert_eq!(first.of(key(other)), Err(ClaimRefused::AnotherCustomer { first: key(one) }));
    let declined = claim(1).decline(decided()).expect("declined");
    assert_eq!(declined.clone().of(key(one)), Ok(declined.clone()), "what is settled is of the same, too");
    assert_eq!(declined.of(key(other)), Err(ClaimRefused::Decided));
}

#[test]
fn ops_4_what_a_partner_said_is_forgotten_and_whose_the_customer_is_stays() {
    let email = Digest::of_bytes(b"a");
    let naming = Naming { email: Some(email), email_sealed: Some("sealed".to_owned()), order: Some("in_7".to_owned()) };
    let told = Claim { naming, ..claim(1) };
    assert!(!told.is_forgotten());
    let forgotten = told.clone().forget();
    assert!(forgotten.is_forgotten());
    let order = Naming { order: Some("in_7".to_owned()), ..Naming::default() };
    assert_eq!(forgotten, Claim { naming: order, note: String::new(), ..told });
}

#[test]
fn a_naming_is_stored_where_it_says_something() {
    let stored = |naming| serde_json::to_value(Claim { naming, ..claim(1) }).expect("JSON");
    assert_eq!(stored(Naming::default()).get("naming"), None);
    let order = Naming { order: Some("in_7".to_owned()), ..Naming::default() };
    assert_eq!(stored(order)["naming"], serde_json::json!({ "order": "in_7" }));
}
