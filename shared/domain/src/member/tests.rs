use super::*;
use crate::role::Role;

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn by(when: &str) -> By {
    (Actor::new(Role::Admin, "usr_1"), at(when))
}

const T0: &str = "2026-01-01T00:00:00Z";
const T1: &str = "2026-06-01T00:00:00Z";
const T2: &str = "2027-06-01T00:00:00Z";

fn waiting() -> Member {
    Member::create(MemberId::from_ulid(7_u128.into()), at(T0), Change::default(), by(T0)).member
}

fn awarded() -> Member {
    waiting().begin_award(by(T1)).expect("they wait").member
}

fn removed() -> Member {
    awarded().remove(&AwardId::of(&waiting().id, 1), by(T2)).expect("they were given it").member
}

/// Every state and every step: what it becomes, or nothing.
#[test]
fn each_step_is_taken_from_its_states_only() {
    type Command = fn(&Member) -> Result<Step, Refused>;
    let commands: [(&str, Command); 4] = [
        ("begin_award", |member| member.begin_award(by(T2))),
        ("withdraw_award", |member| member.withdraw_award(&AwardId::of(&member.id, 1), by(T2))),
        ("remove", |member| member.remove(&AwardId::of(&member.id, 1), by(T2))),
        ("reactivate", |member| member.reactivate(None, by(T2))),
    ];
    let states = [("waiting", waiting()), ("awarded", awarded()), ("removed", removed())];
    let taken = [
        ("waiting", "begin_award", "awarded"),
        ("awarded", "withdraw_award", "waiting"),
        ("awarded", "remove", "removed"),
        ("removed", "reactivate", "waiting"),
    ];
    for (from, member) in &states {
        assert_eq!(member.state.word(), *from);
        for (name, command) in commands {
            let expected = taken.iter().find(|(state, step, _)| state == from && *step == name).map(|(.., to)| *to);
            let got = command(member);
            match expected {
                Some(to) => {
                    let step = got.unwrap_or_else(|why| panic!("{from} {name}: {why}"));
                    assert_eq!(step.member.state.word(), to, "{from} {name}");
                    assert_eq!((step.deed.old, step.deed.new), (member.told(), step.member.told()), "{from} {name}");
                }
                None => assert_eq!(got.expect_err(name), Refused::WrongState { state: from }, "{name}"),
            }
        }
    }
}

#[test]
fn another_award_neither_withdraws_nor_removes() {
    let other = AwardId::of(&waiting().id, 2);
    assert!(awarded().withdraw_award(&other, by(T2)).is_err());
    assert!(awarded().remove(&other, by(T2)).is_err());
}

#[test]
fn whoever_is_withdrawn_keeps_their_tenure_and_whoever_comes_back_begins_anew() {
    let first = AwardId::of(&waiting().id, 1);
    let again = awarded().withdraw_award(&first, by(T2)).expect("they were given it").member;
    assert_eq!(again.queue_place(), Some((at(T0), &again.id)));
    // The award that is begun then is another one: what was withdrawn stays withdrawn.
    assert_ne!(again.next_award(), first);
    let back = removed().reactivate(None, by("2027-07-01T00:00:00Z")).expect("it had ended").member;
    assert_eq!(back.queue_place(), Some((at("2027-07-01T00:00:00Z"), &back.id)));
    assert_eq!((awarded().queue_place(), removed().queue_place()), (None, None));
}

#[test]
fn of_what_people_and_the_provider_say_of_an_identity_the_later_holds() {
    let told = |word: &str, when: &str| {
        let state = word.trim_end_matches(" failed").to_owned();
        Some(SessionTold { has_failed: state != word, state, at: at(when) })
    };
    let said = |status, when: Option<&str>| Kyc { status, told_at: when.map(at), session: Some("vs_1".to_owned()) };
    let rows = [
        (said(KycStatus::Unverified, None), None, KycStatus::Unverified),
        (said(KycStatus::Unverified, None), told("verified", T1), KycStatus::Verified),
        (said(KycStatus::Unverified, None), told("processing", T1), KycStatus::Pending),
        (said(KycStatus::Unverified, None), told("requires_input failed", T1), KycStatus::Rejected),
        (said(KycStatus::Unverified, None), told("requires_input", T1), KycStatus::Unverified),
        (said(KycStatus::Unverified, None), told("canceled", T1), KycStatus::Unverified),
        (said(KycStatus::Rejected, Some(T0)), told("verified", T1), KycStatus::Verified),
        (said(KycStatus::Rejected, Some(T2)), told("verified", T1), KycStatus::Rejected),
        (said(KycStatus::Verified, Some(T1)), told("canceled", T1), KycStatus::Verified),
    ];
    for (kyc, told, expected) in rows {
        assert_eq!(kyc.standing(told.as_ref()), expected, "{kyc:?} {told:?}");
    }
}

#[test]
fn what_is_not_named_in_a_change_stays_and_the_audit_says_no_address() {
    let change = Change { address_sealed: Some("sealed".to_owned()), ..Change::default() };
    let step = waiting().change(change, by(T1));
    assert_eq!(step.member.address_sealed.as_deref(), Some("sealed"));
    assert_eq!(step.deed.new.get("address").map(String::as_str), Some("changed"));
    assert!(!format!("{:?}", step.deed).contains("sealed"));
    let later = step.member.change(Change { is_person_changed: true, ..Change::default() }, by(T2)).member;
    assert_eq!(later.address_sealed.as_deref(), Some("sealed"));
    let verified = later.verify(Some(KycStatus::Verified), None, by(T2)).member;
    assert_eq!((verified.kyc.status, verified.kyc.told_at), (KycStatus::Verified, Some(at(T2))));
    assert_eq!(verified.verify(None, Some("vs_1".to_owned()), by(T2)).member.kyc.status, KycStatus::Verified);
}
