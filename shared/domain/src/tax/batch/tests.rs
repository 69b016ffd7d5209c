use super::*;
use crate::audit::Actor;
use crate::currency::Currency;
use crate::id::RemittanceId;
use crate::role::Role;
use crate::tax::{FormKind, OnFile, TinKind};
use crate::time::BusinessDay;

fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

fn by(role: Role, id: &str) -> Actor {
    Actor::new(role, id)
}

fn remittance() -> Remittance {
    Remittance {
        id: RemittanceId::from_ulid(1_u128.into()),
        year: 2026,
        amount: usd(2_400_000),
        deposited_on: BusinessDay::parse("2026-07-15").expect("a day"),
        reference: "EFT 1".to_owned(),
        by: "usr_fin".to_owned(),
        at: Timestamp::UNIX_EPOCH,
        state: RemittanceState::Pending,
    }
}

fn year(withheld: i64, remitted: i64) -> TaxYear {
    TaxYear { withheld: usd(withheld), remitted: usd(remitted), ..TaxYear::new(2026) }
}

#[test]
fn what_was_withheld_is_handed_on_once_by_two_people_and_never_more_of_it() {
    let (admin, at) = (by(Role::Admin, "usr_ada"), Timestamp::UNIX_EPOCH);
    let (booked, after) = remittance().approve(&year(2_400_000, 0), &admin, at).expect("owed");
    assert_eq!((booked.state.word(), after.remitted, after.owed()), ("booked", usd(2_400_000), Ok(usd(0))));
    let more = |owed: &str| NotRemitted::MoreThanOwed { owed: owed.to_owned(), amount: "24000.00".to_owned() };
    for (remittance, year, by, refused) in [
        (remittance(), year(2_399_999, 0), admin.clone(), more("23999.99")),
        (remittance(), year(2_400_000, 1), admin.clone(), more("23999.99")),
        (remittance(), year(2_400_000, 0), by(Role::Admin, "usr_fin"), NotRemitted::SamePerson),
        (
            remittance(),
            year(2_400_000, 0),
            by(Role::Auditor, "usr_aud"),
            NotRemitted::RoleMayNot { role: Role::Auditor },
        ),
        (booked, year(9_000_000, 0), admin, NotRemitted::WrongState { state: "booked" }),
    ] {
        assert_eq!(remittance.approve(&year, &by, at).map(|_| ()), Err(refused));
    }
}

#[test]
fn whoever_entered_it_takes_it_back_and_then_it_is_over() {
    let why = ("typed".to_owned(), Timestamp::UNIX_EPOCH);
    let taken_back = remittance().reject(&by(Role::FinanceManager, "usr_fin"), why).expect("pending");
    assert_eq!(taken_back.state.word(), "rejected");
    let again = taken_back.approve(&year(9_000_000, 0), &by(Role::Admin, "usr_ada"), Timestamp::UNIX_EPOCH);
    assert_eq!(again.map(|_| ()), Err(NotRemitted::WrongState { state: "rejected" }));
}

/// V11: what two people booked two people take back, and the year owes it again, to the cent.
#[test]
fn what_was_booked_by_mistake_is_owed_again_once_two_people_say_so() {
    let (ada, fin, at) = (by(Role::Admin, "usr_ada"), by(Role::FinanceManager, "usr_fin"), Timestamp::UNIX_EPOCH);
    let before = year(5_000_000, 100);
    let (booked, owed_less) = remittance().approve(&before, &ada, at).expect("owed");
    let why = || ("another year's".to_owned(), at);
    let (said, unchanged) = booked.take_back(&owed_less, &fin, why()).expect("said");
    assert_eq!((said.state.word(), unchanged), ("booked", None), "one person has two eyes");
    assert_eq!(said.take_back(&owed_less, &fin, why()).map(|_| ()), Err(NotRemitted::SaidByYou));
    let auditor = by(Role::Auditor, "usr_aud");
    let refused = NotRemitted::RoleMayNot { role: Role::Auditor };
    assert_eq!(said.take_back(&owed_less, &auditor, why()).map(|_| ()), Err(refused));
    let also = ("it was never sent".to_owned(), at);
    let (taken_back, after) = said.take_back(&owed_less, &ada, also).expect("taken back");
    assert_eq!((taken_back.state.word(), after), ("taken_back", Some(before.clone())));
    assert_eq!(taken_back.mistaken().map(|first| first.by.as_str()), Some("usr_fin"));
    // All three are told: who booked it, and both who took it back, each in their own words.
    assert_eq!(taken_back.approved_by(), Some("usr_ada"));
    let told = taken_back.told();
    let word = |name: &str| told.get(name).map(String::as_str);
    assert_eq!(
        (word("mistaken_because"), word("taken_back_because")),
        (Some("another year's"), Some("it was never sent"))
    );
    for over in [remittance(), taken_back] {
        let state = over.state.word();
        let again = over.take_back(&owed_less, &ada, why()).map(|_| ());
        assert_eq!(again, Err(NotRemitted::WrongState { state }));
    }
}

/// The first of the two may take their word back, or another says no to it; then two are needed anew.
#[test]
fn the_word_that_it_was_a_mistake_can_be_taken_back_until_a_second_person_has_said_it() {
    let (ada, fin, at) = (by(Role::Admin, "usr_ada"), by(Role::FinanceManager, "usr_fin"), Timestamp::UNIX_EPOCH);
    let (booked, owed_less) = remittance().approve(&year(5_000_000, 0), &ada, at).expect("owed");
    let why = |why: &str| (why.to_owned(), at);
    assert_eq!(booked.reject(&fin, why("no")), Err(NotRemitted::WrongState { state: "booked" }), "nothing waits");
    for no in [&fin, &ada] {
        let (said, _) = booked.take_back(&owed_less, &fin, why("another year's")).expect("said");
        let upheld = said.reject(no, why("it is this one's")).expect("a word waits");
        assert_eq!((upheld.state.word(), upheld.mistaken(), upheld.approved_by()), ("booked", None, Some("usr_ada")));
        assert_eq!(upheld.upheld().map(|word| word.by.as_str()), Some(no.id.as_str()));
        assert_eq!(upheld.told().get("upheld_because").map(String::as_str), Some("it is this one's"));
        // One alone takes nothing back: whoever speaks now is the first of two.
        let (said, unchanged) = upheld.take_back(&owed_less, &ada, why("it was never sent")).expect("said");
        assert_eq!((said.state.word(), unchanged, said.upheld()), ("booked", None, None));
        let (taken_back, _) = said.take_back(&owed_less, &fin, why("indeed")).expect("taken back");
        assert_eq!(taken_back.reject(&fin, why("no")), Err(NotRemitted::WrongState { state: "taken_back" }));
    }
    let (said, _) = booked.take_back(&owed_less, &fin, why("another year's")).expect("said");
    let auditor = said.reject(&by(Role::Auditor, "usr_aud"), why("no"));
    assert_eq!(auditor, Err(NotRemitted::RoleMayNot { role: Role::Auditor }));
}

/// Rows of before: without the second person's words, and without who had booked what was taken back.
#[test]
fn what_was_written_of_a_remittance_before_is_read_and_told_as_it_was() {
    let old = [
        (r#"{"state":"booked","approved_by":"usr_ada","approved_at":"1970-01-01T00:00:00Z"}"#, Some("usr_ada")),
        (
            r#"{"state":"taken_back","mistaken":{"by":"usr_fin","why":"typed","at":"1970-01-01T00:00:00Z"},
                "taken_back_by":"usr_ada","taken_back_at":"1970-01-01T00:00:00Z"}"#,
            None,
        ),
    ];
    for (text, approved_by) in old {
        let state: RemittanceState = serde_json::from_str(text).expect("readable");
        let there = Remittance { state, ..remittance() };
        assert_eq!((there.approved_by(), there.told().get("taken_back_by")), (approved_by, None), "{text}");
        let again: serde_json::Value = serde_json::to_value(&there.state).expect("written");
        assert_eq!(again, serde_json::from_str::<serde_json::Value>(text).expect("JSON"), "nothing is added to it");
    }
}

fn row(n: u128, told: i64, content: u8) -> YearRow {
    let on_file = OnFile {
        version: 1,
        kind: FormKind::W9,
        is_valid: true,
        is_exempt: false,
        is_individual: true,
        tin_kind: None,
        tin: None,
        content: Some(Digest::of_bytes(&[content])),
    };
    let row = YearRow::new(PartnerId::from_ulid(n.into()), InformationReturn::Nec, Some(on_file));
    YearRow { told: usd(told), ..row }
}

#[test]
fn a_correction_says_what_was_filed_what_is_right_and_of_which_kind_it_is() {
    let filed = [row(1, 100, 1), row(2, 200, 1), row(3, 300, 1), row(4, 400, 1)];
    let right = [row(1, 100, 1), row(2, 250, 1), row(3, 300, 2), row(5, 500, 1)];
    let found: Vec<_> = corrections(&filed, &right)
        .into_iter()
        .map(|of| (of.partner.ulid().0, of.kind, of.filed.0.minor(), of.right.0.minor()))
        .collect();
    let expected = [
        (2, CorrectionKind::Amount, 200, 250),
        (3, CorrectionKind::Recipient, 300, 300),
        (4, CorrectionKind::Withdrawn, 400, 0),
        (5, CorrectionKind::Added, 0, 500),
    ];
    assert_eq!(found, expected);
    assert_eq!(corrections(&filed, &filed), []);
}

#[test]
fn a_form_that_is_signed_once_more_in_the_same_words_corrects_nothing() {
    let with = |change: fn(&mut OnFile)| {
        let mut row = row(1, 100, 1);
        row.on_file.iter_mut().for_each(change);
        vec![row]
    };
    let told = |right: &[YearRow]| corrections(&[row(1, 100, 1)], right).first().map(|found| found.kind);
    assert_eq!(told(&with(|form| form.version = 2)), None);
    for changed in [with(|form| form.is_individual = false), with(|form| form.tin_kind = Some(TinKind::Ein))] {
        assert_eq!(told(&changed), Some(CorrectionKind::Recipient));
    }
    // Of a form of before its words had a hash only the version is known.
    let old = |version| {
        let mut row = row(1, 100, 1);
        row.on_file.iter_mut().for_each(|form| (form.version, form.content) = (version, None));
        [row]
    };
    assert_eq!(corrections(&old(1), &old(1)), []);
    assert_eq!(corrections(&old(1), &old(2)).first().map(|found| found.kind), Some(CorrectionKind::Recipient));
}
