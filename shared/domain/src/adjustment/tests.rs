//! Who may change an account by hand, and what comes of it.

use proptest::prelude::*;

use super::*;
use crate::currency::Currency;
use crate::fx::FxRate;
use crate::slot::Slot;

fn actor(role: Role, id: &str) -> Actor {
    Actor::new(role, id)
}

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("an instant")
}

fn asked(change: Change, by: Actor) -> Result<Step, Refused> {
    let id = AdjustmentId::from_ulid(ulid::Ulid::from(1_u128));
    let partner = PartnerId::from_ulid(ulid::Ulid::from(2_u128));
    Adjustment::ask(id, partner, change, "goodwill".to_owned(), (by, now()), FOUR_EYES_ABOVE)
}

fn correction(text: &str, code: &str) -> Change {
    let currency = Currency::parse(code).expect("a currency");
    Change::Correction { amount: Money::parse(text, currency).expect("money") }
}

fn exchange(minor: i64, rate: &str) -> Change {
    let (rate, out) = (FxRate::parse(rate).expect("a rate"), Money::from_minor(minor, Currency::EUR));
    let into = rate.convert(out, Currency::USD).expect("money");
    let stored = StoredRate { from: Currency::EUR, to: Currency::USD, rate, source: "ecb".to_owned(), at: now() };
    Change::Exchange { out, into, rate: stored }
}

/// LED-7.
#[test]
fn a_second_person_is_asked_above_the_threshold_and_for_whatever_is_no_correction() {
    let debt = Change::WriteOff { amount: Money::from_minor(1, Currency::USD) };
    for (change, expected) in [
        (correction("100.00", "USD"), false),
        (correction("-100.00", "USD"), false),
        (correction("100.01", "USD"), true),
        (correction("-100.01", "EUR"), true),
        (correction("1", "JPY"), true),
        (correction("0.001", "KWD"), true),
        (debt, true),
        (exchange(1, "1.1"), true),
    ] {
        assert_eq!(change.needs_a_second_person(FOUR_EYES_ABOVE), expected, "{change:?}");
    }
    assert!(correction("0.01", "USD").needs_a_second_person(0));
}

#[test]
fn only_the_desk_asks_approves_and_rejects() {
    for role in Role::ALL {
        let may = matches!(role, Role::Admin | Role::FinanceManager);
        assert_eq!(asked(correction("5.00", "USD"), actor(role, "usr_1")).is_ok(), may, "{role}");
        let waiting = asked(correction("500.00", "USD"), actor(Role::Admin, "usr_1")).expect("asked").adjustment;
        assert_eq!(waiting.clone().approve(actor(role, "usr_2"), waiting.seal(), now()).is_ok(), may, "{role}");
        assert_eq!(waiting.reject(actor(role, "usr_2"), "no".to_owned(), now()).is_ok(), may, "{role}");
    }
}

/// LED-7: whatever part of a request is another one, it is another request.
#[test]
fn a_yes_is_to_the_request_that_was_seen_and_to_no_other() {
    let waiting = asked(exchange(10_000, "1.0837"), actor(Role::Admin, "usr_1")).expect("asked").adjustment;
    let changes: [fn(&mut Adjustment); 7] = [
        |other| other.id = AdjustmentId::from_ulid(ulid::Ulid::from(9_u128)),
        |other| other.partner = PartnerId::from_ulid(ulid::Ulid::from(9_u128)),
        |other| other.change = exchange(10_001, "1.0837"),
        |other| other.change = exchange(10_000, "1.0838"),
        |other| other.change = Change::WriteOff { amount: Money::from_minor(10_000, Currency::EUR) },
        |other| other.reason = "another".to_owned(),
        |other| other.requested_by.id = "usr_3".to_owned(),
    ];
    for (n, change) in changes.into_iter().enumerate() {
        let mut stored = waiting.clone();
        change(&mut stored);
        let approved = stored.approve(actor(Role::Admin, "usr_2"), waiting.seal(), now());
        assert_eq!(approved, Err(Refused::SealDiffers), "change {n}");
    }
}

#[test]
fn what_is_settled_moves_no_more() {
    let ask = |text| asked(correction(text, "USD"), actor(Role::Admin, "usr_1")).expect("asked").adjustment;
    let other = || actor(Role::FinanceManager, "usr_2");
    let seen = ask("500.00").seal();
    let booked = ask("500.00").approve(other(), seen, now()).expect("approved").adjustment;
    assert_eq!(booked.seal(), seen, "it is the same in every state");
    let rejected = ask("500.00").reject(other(), "no".to_owned(), now()).expect("rejected").adjustment;
    for (settled, state) in [(ask("5.00"), "booked"), (booked, "booked"), (rejected, "rejected")] {
        assert_eq!(settled.clone().approve(other(), settled.seal(), now()), Err(Refused::WrongState { state }));
        assert_eq!(settled.reject(other(), "no".to_owned(), now()), Err(Refused::WrongState { state }));
    }
}

/// LED-7: a seal outlives how amounts are shown: it is over units and currency.
#[test]
fn a_seal_is_over_units_and_currencies() {
    let seal = |change| asked(change, actor(Role::Admin, "usr_1")).expect("asked").adjustment.seal();
    let id = AdjustmentId::from_ulid(ulid::Ulid::from(1_u128)).to_string();
    let partner = PartnerId::from_ulid(ulid::Ulid::from(2_u128)).to_string();
    let at = crate::time::sortable(now());
    let expected = |change: &[&str], rate: &[&str]| {
        let parts = [&["adjustment", &id, &partner], change, &["goodwill", "usr_1", &at], rate].concat();
        Digest::of(&parts.into_iter().map(str::as_bytes).collect::<Vec<_>>())
    };
    assert_eq!(seal(correction("500.00", "USD")), expected(&["correction", "50000 USD"], &[]));
    assert_eq!(seal(correction("500", "JPY")), expected(&["correction", "500 JPY"], &[]));
    let rate = ["10837 USD", "1.0837", "ecb", &at];
    assert_eq!(seal(exchange(10_000, "1.0837")), expected(&["exchange", "10000 EUR"], &rate));
}

#[test]
fn what_is_booked_has_a_key_of_its_own_for_each_kind() {
    let place = Place::Slot(Slot::parse("261121.00").expect("a slot"));
    let entries = |change| {
        let adjustment = asked(change, actor(Role::Admin, "usr_1")).expect("asked").adjustment;
        let entries = adjustment.entries(&vec![place; adjustment.accounts().len()], now()).expect("entries");
        entries.into_iter().map(|entry| (entry.key, format!("{:?}", entry.amount))).collect::<Vec<_>>()
    };
    let id = AdjustmentId::from_ulid(ulid::Ulid::from(1_u128));
    let row = |kind: &str, amount: &str| (format!("{kind}/{id}"), amount.to_owned());
    assert_eq!(entries(correction("-5.00", "USD")), [row("manual_adjustment", "-5.00 USD")]);
    let debt = Change::WriteOff { amount: Money::from_minor(470, Currency::USD) };
    assert_eq!(entries(debt), [row("write_off", "4.70 USD")]);
    assert_eq!(entries(exchange(10_000, "1.0837")), [row("fx_out", "-100.00 EUR"), row("fx_in", "108.37 USD")]);
}

/// LED-7: of whoever says yes in turn, each to one of two requests as they saw it, the first who did not ask for this one
/// and saw this one books it, and nobody else.
fn is_booked_by_whom_it_may((asker, yeses): &(u8, Vec<(u8, bool)>)) -> bool {
    let person = |n: u8| actor(Role::Admin, &format!("usr_{n}"));
    let waiting = asked(correction("500.00", "USD"), person(*asker)).expect("asked").adjustment;
    let other = asked(correction("900.00", "USD"), person(*asker)).expect("asked").adjustment;
    let booked_by = yeses.iter().find(|(who, is_of_this)| {
        let seen = if *is_of_this { waiting.seal() } else { other.seal() };
        waiting.clone().approve(person(*who), seen, now()).is_ok()
    });
    booked_by == yeses.iter().find(|(who, is_of_this)| who != asker && *is_of_this)
}

fn yeses() -> impl Strategy<Value = (u8, Vec<(u8, bool)>)> {
    (0_u8..3, prop::collection::vec((0_u8..3, any::<bool>()), 1..6))
}

/// The mistakes that this law is about.
#[cfg(feature = "planted")]
#[test]
fn what_is_planted_in_the_four_eyes_of_corrections_is_found_within_a_thousand_stories() {
    use crate::planted::{Bug, found_within};
    for bug in [Bug::OwnAdjustmentApproved, Bug::AdjustmentOfAnySeal] {
        assert!(found_within(1_000, bug, &yeses(), |story| is_booked_by_whom_it_may(&story)), "{bug:?}");
    }
}

proptest! {
    #[test]
    fn a_correction_is_booked_by_the_first_other_person_who_saw_this_very_one(story in yeses()) {
        prop_assert!(is_booked_by_whom_it_may(&story), "{story:?}");
    }

    /// LED-7: four eyes are never one person's, whatever the roles and keys.
    #[test]
    fn nobody_approves_what_they_asked_for(
        minor in 10_001_i64..1_000_000, one in "[a-c]", other in "[a-c]", admin in any::<bool>(), second in any::<bool>(),
    ) {
        let role = |admin: bool| if admin { Role::Admin } else { Role::FinanceManager };
        let change = Change::Correction { amount: Money::from_minor(minor, Currency::USD) };
        let waiting = asked(change, actor(role(admin), &one)).expect("asked").adjustment;
        prop_assert_eq!(&waiting.state, &AdjustmentState::Pending);
        let seen = waiting.seal();
        let approved = waiting.approve(actor(role(second), &other), seen, now());
        prop_assert_eq!(approved.is_ok(), one != other);
    }

    /// LED-6: what leaves and what comes are one pair at the stored rate.
    #[test]
    fn the_entries_of_an_exchange_are_a_pair_at_its_rate(minor in 1_i64..1_000_000_000, mantissa in 1_i64..1_000_000) {
        let text = format!("{}.{:04}", mantissa / 10_000, mantissa % 10_000);
        let change = exchange(minor, &text);
        let adjustment = asked(change, actor(Role::Admin, "usr_1")).expect("asked").adjustment;
        let entries = adjustment.entries(&[Place::Held, Place::Held], now()).expect("entries");
        let rate = FxRate::parse(&text).expect("a rate");
        prop_assert_eq!(entries[0].amount.minor(), -minor);
        let back = entries[0].amount.negate().expect("money");
        prop_assert_eq!(rate.convert(back, Currency::USD), Ok(entries[1].amount));
        prop_assert_ne!(&entries[0].id, &entries[1].id);
    }
}

fn told(step: &Step) -> Vec<(&str, &str)> {
    step.deed.new.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[test]
fn the_audit_says_what_was_changed_for_whom_how_much_and_why() {
    let pending = asked(correction("100.01", "USD"), actor(Role::Admin, "a")).expect("asked").adjustment;
    let partner = pending.partner.to_string();
    let rejected = pending.reject(actor(Role::Admin, "b"), "a mistake".to_owned(), now()).expect("rejected");
    let common = [("change", "correction"), ("currency", "USD"), ("partner", partner.as_str()), ("reason", "goodwill")];
    let expected = [
        ("amount", "100.01"),
        common[0],
        common[1],
        common[2],
        common[3],
        ("state", "rejected"),
        ("why_rejected", "a mistake"),
    ];
    assert_eq!(told(&rejected), expected);
    assert_eq!(rejected.deed.old["state"], "pending");
    let exchanged = asked(exchange(100, "1.1"), actor(Role::Admin, "a")).expect("asked");
    let words = told(&exchanged);
    assert!(words.contains(&("rate", "1.1 by ecb")) && words.iter().any(|(name, _)| *name == "into"), "{words:?}");
}

#[test]
fn what_is_booked_says_by_whom_why_and_at_which_rate_and_a_step_is_dated() {
    let later: Timestamp = "2026-11-22T12:00:00Z".parse().expect("an instant");
    let pending = asked(exchange(100, "1.1"), actor(Role::Admin, "a")).expect("asked").adjustment;
    let seal = pending.seal();
    let booked = pending.approve(actor(Role::Admin, "b"), seal, later).expect("approved").adjustment;
    assert_eq!((booked.requested_at, booked.moved_at), (now(), later));
    let place = Place::Slot(Slot::parse("261122.00").expect("a slot"));
    let entries = booked.entries(&[place, place], later).expect("in range");
    let told: Vec<_> = entries.iter().map(|entry| (entry.amount.to_text(), entry.reason.as_str())).collect();
    assert_eq!(told, [("-1.00".to_owned(), "goodwill"), ("1.10".to_owned(), "goodwill")]);
    for entry in &entries {
        assert_eq!(entry.by.as_ref().map(|by| by.id.as_str()), Some("a"));
        assert_eq!(entry.notes[..2], ["rate: 1.1".to_owned(), "source: ecb".to_owned()]);
    }
}

/// PAY-9: what came back is released once a payout, so the keys of both halves name the payout and nothing else.
#[test]
fn pay_9_a_release_is_a_pair_under_the_payouts_own_keys() {
    let payout = PayoutId::of(&PartnerId::from_ulid(ulid::Ulid::from(2_u128)), Currency::USD, 1);
    let change = Change::Release { payout: payout.clone(), amount: Money::from_minor(470, Currency::USD) };
    let adjustment = asked(change, actor(Role::Admin, "usr_1")).expect("asked").adjustment;
    let place = Place::Slot(Slot::parse("261121.00").expect("a slot"));
    let entries = adjustment.entries(&[place], now()).expect("in range");
    let told: Vec<_> = entries.iter().map(|entry| (entry.key.clone(), entry.amount.minor(), entry.place)).collect();
    assert_eq!(
        told,
        [(format!("released-out/{payout}"), -470, Place::Held), (format!("released-in/{payout}"), 470, place)]
    );
    for entry in &entries {
        assert_eq!((entry.kind, entry.reason.as_str()), (EntryKind::Released, "goodwill"));
        assert_eq!(entry.by.as_ref().map(|by| by.id.as_str()), Some("usr_1"));
        assert_eq!(entry.notes, [format!("{RELEASED_BY}{}", adjustment.id)]);
    }
}

#[test]
fn a_key_of_a_release_is_read_as_it_was_written_and_no_other_is() {
    let payout = PayoutId::of(&PartnerId::from_ulid(ulid::Ulid::from(2_u128)), Currency::USD, 1);
    for half in [ReleaseHalf::Out, ReleaseHalf::In] {
        assert_eq!(ReleaseHalf::parse(&half.key(&payout)), Some((half, payout.clone())));
    }
    assert_eq!(returned_key(&payout), format!("returned/{payout}"));
    for other in [returned_key(&payout), "released-in/".to_owned(), format!("released-in{payout}"), payout.to_string()]
    {
        assert_eq!(ReleaseHalf::parse(&other), None, "{other}");
    }
}
