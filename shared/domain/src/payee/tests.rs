use proptest::prelude::*;

use super::*;
use crate::role::Role;

fn at(text: &str) -> Timestamp {
    text.parse().expect("instant")
}

fn actor(id: &str) -> Actor {
    Actor::new(Role::Partner, id)
}

fn ach(account_number: &str) -> Destination {
    Destination::Ach {
        holder: "Ada Lovelace".to_owned(),
        holder_kind: HolderKind::Personal,
        routing_number: "021000021".to_owned(),
        account_number: account_number.to_owned(),
        account_kind: AccountKind::Checking,
    }
}

fn key() -> FingerprintKey {
    FingerprintKey::from_bytes(&[7; 32])
}

fn method(n: u128, since: &str) -> PayoutMethod {
    let destination = ach(&format!("00012345{n:04}"));
    PayoutMethod {
        id: MethodId::from_ulid(n.into()),
        rail: destination.rail(),
        currency: None,
        last_four: destination.last_four(),
        fingerprint: key().of(&destination),
        since: at(since),
        set_by: "par_1".to_owned(),
        sealed: "sealed".to_owned(),
    }
}

fn new(n: u128, since: &str) -> Wish {
    Wish::New(Box::new(method(n, since)))
}

fn keep(n: u128) -> Wish {
    Wish::Keep(MethodId::from_ulid(n.into()))
}

const DAY_1: &str = "2026-09-01T00:00:00Z";

fn changed(methods: &PayoutMethods, wishes: Vec<Wish>, by: &str, when: &str) -> PayoutMethods {
    methods.change(wishes, actor(by), at(when)).expect("fits").expect("another list").methods
}

#[test]
fn nothing_leaves_by_a_method_within_72_hours_of_its_change() {
    let methods = changed(&PayoutMethods::default(), vec![new(1, DAY_1)], "par_1", DAY_1);
    let payee = Payee { method: MethodId::from_ulid(1_u128.into()), rail: Rail::Ach };
    assert_eq!(Payee::parse(&payee.to_text()), Some(payee.clone()));
    assert_eq!(Payee::parse("mth_1 ach"), None);
    let cooling = Choice::CoolingOff { method: payee.method.clone(), until: at("2026-09-04T00:00:00Z") };
    for (when, expected) in [
        (DAY_1, cooling.clone()),
        ("2026-09-03T23:59:59.999Z", cooling),
        ("2026-09-04T00:00:00Z", Choice::Payee(payee)),
    ] {
        assert_eq!(methods.choose(Currency::USD, at(when)), expected, "{when}");
    }
    assert_eq!(methods.choose(Currency::EUR, at(DAY_1)), Choice::NoMethod);
    assert_eq!(PayoutMethods::default().choose(Currency::USD, at(DAY_1)), Choice::NoMethod);
}

#[test]
fn a_second_method_is_no_way_around_the_cooling_off_of_the_first_and_the_old_one_keeps_its_time() {
    let old = changed(&PayoutMethods::default(), vec![new(1, DAY_1)], "par_1", DAY_1);
    let later = "2026-09-20T00:00:00Z";
    let before = changed(&old, vec![new(2, later), keep(1)], "par_1", later);
    assert!(matches!(before.choose(Currency::USD, at(later)), Choice::CoolingOff { .. }));
    let behind = changed(&old, vec![keep(1), new(2, later)], "par_1", later);
    assert!(
        matches!(behind.choose(Currency::USD, at(later)), Choice::Payee(Payee { method, .. }) if method == MethodId::from_ulid(1_u128.into()))
    );
}

#[test]
fn a_list_that_cannot_hold_is_refused_and_the_same_list_is_no_change() {
    let methods = changed(&PayoutMethods::default(), vec![new(1, DAY_1), new(2, DAY_1)], "par_1", DAY_1);
    let ask = |wishes| methods.change(wishes, actor("par_1"), at(DAY_1));
    assert_eq!(ask(vec![keep(3)]), Err(Unfit::Unknown { at: 0 }));
    assert_eq!(ask(vec![keep(1), keep(1)]), Err(Unfit::Twice { at: 1 }));
    let same_account = Wish::New(Box::new(PayoutMethod { id: MethodId::from_ulid(9_u128.into()), ..method(1, DAY_1) }));
    assert_eq!(ask(vec![keep(1), same_account]), Err(Unfit::Twice { at: 1 }));
    assert_eq!(ask((1..=6).map(keep).collect()), Err(Unfit::TooMany));
    assert_eq!(ask(vec![keep(1), keep(2)]), Ok(None));
    assert_eq!(changed(&methods, vec![keep(2), keep(1)], "par_1", DAY_1).version, 2);
    assert!(changed(&methods, vec![], "par_1", DAY_1).ranked.is_empty());
}

#[test]
fn whoever_set_a_method_or_changed_the_list_of_late_is_an_editor() {
    let mut first = method(1, DAY_1);
    first.set_by = "usr_1".to_owned();
    let methods = changed(&PayoutMethods::default(), vec![Wish::New(Box::new(first))], "usr_1", DAY_1);
    let after = changed(&methods, vec![keep(1), new(2, "2026-12-01T00:00:00Z")], "usr_2", "2026-12-01T00:00:00Z");
    let editors = |when| after.editors(at(when)).into_iter().collect::<Vec<_>>();
    // usr_1 set the method that is still the first one; usr_2 only touched the list, and time passes.
    assert_eq!(editors("2026-12-31T00:00:00Z"), ["par_1", "usr_1", "usr_2"]);
    assert_eq!(editors("2026-12-31T00:00:00.001Z"), ["par_1", "usr_1"]);
}

#[test]
fn the_audit_says_the_last_four_and_never_more() {
    let asked = PayoutMethods::default().change(vec![new(1, DAY_1)], actor("par_1"), at(DAY_1));
    let deed = asked.expect("fits").expect("a change").deed;
    assert_eq!(deed.old, BTreeMap::from([("version".to_owned(), "0".to_owned())]));
    assert_eq!(deed.new["method_1"], "mth_00000000000000000000000001 ach …0001 since 2026-09-01T00:00:00.000Z");
    assert!(!format!("{deed:?}{:?}", ach("000123450001")).contains("12345"));
}

#[test]
fn what_is_shown_is_never_the_whole() {
    for (text, shown) in [("000123456789", "6789"), ("DE89 3704", "3704"), ("1234", "34"), ("1", ""), ("", "")] {
        assert_eq!(last_four(text), shown, "{text}");
    }
}

#[test]
fn every_rail_has_its_word() {
    for rail in Rail::ALL {
        assert_eq!(Rail::parse(rail.word()), Some(rail));
        assert_eq!(serde_json::to_value(rail).expect("json"), rail.word());
    }
    assert_eq!(Rail::parse("cash"), None);
    assert!(Rail::Ach.takes(Currency::USD) && !Rail::Ach.takes(Currency::EUR) && Rail::Wise.takes(Currency::EUR));
}

proptest! {
    /// FRD-1: the same account is the same however it is typed; another one, or another tenant's key, is another.
    #[test]
    fn an_account_is_known_again_by_its_number_alone(one in "[0-9]{5,17}", other in "[0-9]{5,17}") {
        let spaced: String = one.chars().flat_map(|c| [c, ' ']).collect();
        prop_assert_eq!(key().of(&ach(&one)), key().of(&ach(&spaced)));
        prop_assert_eq!(key().of(&ach(&one)) == key().of(&ach(&other)), one == other);
        prop_assert_ne!(key().of(&ach(&one)), FingerprintKey::from_bytes(&[8; 32]).of(&ach(&one)));
    }

    /// PAY-12: whatever the list before, a new method never pays before its time.
    #[test]
    fn no_order_of_changes_shortens_a_cooling_off(hours in 0_i64..200, first in any::<bool>()) {
        let old = changed(&PayoutMethods::default(), vec![new(1, DAY_1)], "par_1", DAY_1);
        let later = "2026-10-01T00:00:00Z";
        let wishes = if first { vec![new(2, later), keep(1)] } else { vec![new(2, later)] };
        let methods = changed(&old, wishes, "par_1", later);
        let when = Timestamp::from_millisecond(at(later).as_millisecond() + hours * HOUR_MS).expect("instant");
        prop_assert_eq!(matches!(methods.choose(Currency::USD, when), Choice::Payee(_)), hours >= COOLING_OFF_HOURS);
    }
}
