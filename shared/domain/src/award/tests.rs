use proptest::prelude::*;

use super::*;
use crate::currency::Currency;
use crate::rate::Rate;
use crate::role::Role;
use crate::slot::Slot;
use crate::subscription::SubscriptionStatus;
use crate::tax::{TaxStatus, WithholdingBase, net_of};

fn usd(text: &str) -> Money {
    Money::parse(text, Currency::USD).expect("an amount")
}

fn day(text: &str) -> BusinessDay {
    BusinessDay::parse(text).expect("a day")
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn actor() -> Actor {
    Actor::new(Role::Admin, "usr_1")
}

fn launched() -> Policy {
    Policy { launched_on: Some(day("2025-01-31")), ..Policy::default() }
}

fn checked(revenue: Money, on: &str) -> Checked {
    Checked { at: at(&format!("{on}T02:00:00Z")), day: day(on), revenue, sales: 1 }
}

pub(crate) fn award() -> Award {
    let member = MemberId::from_ulid(7_u128.into());
    Award {
        id: AwardId::of(&member, 1),
        member,
        gross: usd("100000.00"),
        retention: usd("300.00"),
        snapshot: Snapshot {
            checked_at: at("2026-11-21T02:00:00Z"),
            revenue: usd("250000.00"),
            months: 21,
            allowed: 2,
            given_before: 0,
            tenure_since: at("2025-03-01T00:00:00Z"),
            passed_over: 1,
            kyc: KycStatus::Verified,
            subscription: "active".to_owned(),
            tax_form: "valid".to_owned(),
        },
        asked_under: "a request".to_owned(),
        initiated_by: actor(),
        initiated_at: at("2026-11-21T12:00:00Z"),
        moved_at: at("2026-11-21T12:00:00Z"),
        state: AwardState::Open,
    }
}

#[test]
fn winners_are_the_whole_hundred_thousands_of_revenue_less_those_given() {
    let today = day("2026-11-21");
    let rows = [
        ("0.00", 0, 0, Some(NotEligible::TooLittleRevenue)),
        ("99999.99", 0, 0, Some(NotEligible::TooLittleRevenue)),
        ("100000.00", 0, 1, None),
        ("199999.99", 0, 1, None),
        ("250000.00", 0, 2, None),
        ("250000.00", 1, 1, None),
        ("250000.00", 2, 0, Some(NotEligible::AllGiven)),
        // Refunds took away what was given by: nothing is owed back, and nothing more is given.
        ("250000.00", 5, 0, Some(NotEligible::AllGiven)),
        ("-0.01", 0, 0, Some(NotEligible::TooLittleRevenue)),
        ("-100000.00", 0, 0, Some(NotEligible::TooLittleRevenue)),
    ];
    for (revenue, given, winners, reason) in rows {
        let got = eligibility(&launched(), usd(revenue), given, today).expect("in range");
        assert_eq!((got.winners, got.reason), (winners, reason), "{revenue} less {given}");
    }
}

#[test]
fn the_age_of_the_business_is_counted_in_whole_months_and_the_last_day_of_a_short_month_counts() {
    let rows = [
        ("2026-01-31", "2026-02-28", Some(1)),
        ("2026-01-31", "2026-02-27", Some(0)),
        ("2026-01-31", "2026-03-30", Some(1)),
        ("2026-01-31", "2026-03-31", Some(2)),
        ("2025-11-21", "2026-11-20", Some(11)),
        ("2025-11-21", "2026-11-21", Some(12)),
        ("2024-02-29", "2025-02-28", Some(12)),
        ("2026-11-21", "2026-11-21", Some(0)),
        ("2026-11-22", "2026-11-21", None),
        ("2026-12-01", "2026-11-21", None),
        ("2000-01-01", "2099-12-31", Some(1199)),
    ];
    for (from, to, months) in rows {
        assert_eq!(whole_months(day(from), day(to)), months, "{from} to {to}");
    }
}

#[test]
fn a_business_that_is_not_set_up_not_launched_or_too_young_gives_nothing() {
    let rows = [
        (None, "2026-11-21", NotEligible::NotSetUp),
        (Some("2026-11-22"), "2026-11-21", NotEligible::NotLaunched),
        (Some("2025-11-22"), "2026-11-21", NotEligible::TooYoung),
    ];
    for (launched_on, today, reason) in rows {
        let policy = Policy { launched_on: launched_on.map(day), ..Policy::default() };
        let got = eligibility(&policy, usd("1000000.00"), 0, day(today)).expect("in range");
        assert_eq!((got.allowed, got.winners, got.reason), (0, 0, Some(reason)), "{launched_on:?}");
        assert_eq!(got.by_revenue, 10);
    }
    let policy = Policy { launched_on: Some(day("2025-11-21")), ..Policy::default() };
    assert_eq!(eligibility(&policy, usd("1000000.00"), 0, day("2026-11-21")).expect("in range").winners, 10);
}

/// Worked value 13, and the same with a tax form.
#[test]
fn an_award_comes_to_75_700_75_772_or_99_700() {
    let policy = Policy::default();
    let (gross, fee) = (policy.gross().expect("in range"), policy.retention().expect("in range"));
    let withheld = |rate: &str| Rate::parse(rate).expect("a rate");
    let rows = [
        ("0.24", WithholdingBase::Gross, "24000.00", "75700.00"),
        ("0.24", WithholdingBase::NetOfFee, "23928.00", "75772.00"),
        ("0", WithholdingBase::Gross, "0.00", "99700.00"),
    ];
    for (rate, base, tax, net) in rows {
        let got = net_of(gross, fee, withheld(rate), base).expect("something is left");
        assert_eq!((got.fee, got.withheld, got.net), (usd("300.00"), usd(tax), usd(net)));
    }
}

#[test]
fn every_reason_against_a_candidate_is_told_at_once() {
    let good = Candidate {
        kyc: KycStatus::Verified,
        subscription: Some(SubscriptionStatus::Active),
        tax_form: TaxStatus::Valid,
        tax_form_needed: true,
        is_foreign: false,
        can_be_paid: true,
    };
    assert_eq!(validate(&good), []);
    assert_eq!(validate(&Candidate { subscription: Some(SubscriptionStatus::Trialing), ..good }), []);
    // Without need of a form the tax is withheld, and that is no reason.
    assert_eq!(validate(&Candidate { tax_form: TaxStatus::None, tax_form_needed: false, ..good }), []);
    let rows = [
        (Candidate { kyc: KycStatus::Unverified, ..good }, "kyc_not_verified"),
        (Candidate { kyc: KycStatus::Pending, ..good }, "kyc_not_verified"),
        (Candidate { kyc: KycStatus::Rejected, ..good }, "kyc_not_verified"),
        (Candidate { subscription: None, ..good }, "no_subscription"),
        (Candidate { subscription: Some(SubscriptionStatus::PastDue), ..good }, "subscription_not_active"),
        (Candidate { subscription: Some(SubscriptionStatus::Canceled), ..good }, "subscription_not_active"),
        (Candidate { tax_form: TaxStatus::None, ..good }, "no_valid_tax_form"),
        (Candidate { tax_form: TaxStatus::Submitted, ..good }, "no_valid_tax_form"),
        (Candidate { tax_form: TaxStatus::Expired, ..good }, "no_valid_tax_form"),
        // A form that holds is no help where it says that 30 % may be due; nor is a tenant that needs none.
        (Candidate { is_foreign: true, ..good }, "foreign_payee"),
        (Candidate { is_foreign: true, tax_form_needed: false, ..good }, "foreign_payee"),
        (Candidate { can_be_paid: false, ..good }, "no_payout_method"),
    ];
    for (candidate, word) in rows {
        let told: Vec<&str> = validate(&candidate).into_iter().map(Ineligible::word).collect();
        assert_eq!(told, [word], "{candidate:?}");
    }
    let bad = Candidate {
        kyc: KycStatus::Unverified,
        subscription: None,
        tax_form: TaxStatus::None,
        tax_form_needed: true,
        is_foreign: false,
        can_be_paid: false,
    };
    assert_eq!(validate(&bad).len(), 4);
}

#[test]
fn a_look_counts_for_its_own_day_and_the_next_and_only_for_its_currency() {
    let policy = launched();
    assert_eq!(Tally::default().give(&policy, day("2026-11-21")), Err(NoneLeft::NotChecked));
    let tally = Tally::default().check(checked(usd("100000.00"), "2026-11-21"));
    for on in ["2026-11-21", "2026-11-22"] {
        assert_eq!(tally.give(&policy, day(on)).expect("one is left").given, 1, "{on}");
    }
    assert_eq!(tally.give(&policy, day("2026-11-23")), Err(NoneLeft::NotChecked));
    let euro = Policy { currency: Currency::EUR, ..policy };
    assert_eq!(tally.give(&euro, day("2026-11-21")), Err(NoneLeft::NotChecked));
}

/// facts of the calendar: the membership of whoever was paid on the last day of February ends on the last day too.
#[test]
fn the_membership_ends_so_many_calendar_months_after_the_payment() {
    for (paid, ends) in [
        ("2026-02-28T12:00:00Z", "2027-02-28"),
        ("2028-02-29T12:00:00Z", "2029-02-28"),
        ("2026-11-21T23:59:59Z", "2027-11-21"),
    ] {
        let paid = award().paid(at(paid), 12, &Zone::utc(), at(paid)).expect("in the calendar");
        assert!(matches!(paid.state, AwardState::Paid { remove_on, .. } if remove_on == day(ends)), "{paid:?}");
        let before = day(ends).plus_days(-1).expect("a day");
        assert_eq!((paid.due(None, before), paid.due(None, day(ends))), (Due::Nothing, Due::EndMembership));
        let ended = paid.ended(at("2030-01-01T00:00:00Z"));
        assert!(ended.is_some_and(|ended| matches!(ended.state, AwardState::Ended { .. })));
    }
    assert_eq!(award().ended(at("2030-01-01T00:00:00Z")), None);
}

#[test]
fn what_is_booked_is_taken_back_whole_and_each_of_the_two_once() {
    let (award, place) = (award(), Place::Slot(Slot::parse("261121.00").expect("a slot")));
    let booked = award.booked(place);
    let back = award.taken_back("the bank refused", place, at("2026-11-22T00:00:00Z")).expect("in range");
    assert_eq!(booked.amount.try_add(back.amount), Ok(Money::zero(Currency::USD)));
    assert_eq!((booked.id.clone(), back.reason.as_str()), (award.booked(Place::Held).id, "the bank refused"));
    assert_ne!(booked.id, back.id);
    assert_eq!(booked.account.partner, award.member.payee());
}

/// AWD-3, AWD-4: every state of an award, and every state of its newest payment.
#[test]
fn what_is_due_follows_from_where_the_newest_payment_stands() {
    use crate::payout::tests::{every_state, payout};
    let (early, late) = (at("2026-11-21T12:00:00Z"), at("2026-12-01T12:00:00Z"));
    let why = || "no".to_owned();
    let paid = |at| PayoutState::Paid { sent_at: at, completed_at: at, reference: why() };
    let returned = |at| {
        let (sent_at, completed_at, returned_at) = (at, at, at);
        PayoutState::Returned { sent_at, completed_at, returned_at, reference: why(), reason: why() }
    };
    let remove_on = day("2027-11-21");
    let given_up = AwardState::Withdrawn { why: why(), of: None };
    let awards = [
        AwardState::Open,
        AwardState::Paid { paid_at: early, remove_on },
        AwardState::Ended { paid_at: early },
        given_up,
    ];
    let ask = |no| Due::AskForPayout(PaymentName::behind(award().id, no));
    let (withdraw, note) = (|| Due::Withdraw { why: why() }, |at| Due::NotePaid { paid_at: at });
    let over = || Due::Nothing;
    // What is due of an open, a paid, an ended and a withdrawn award, before the membership ends.
    let ended = [
        (1, PayoutState::Rejected { reason: why() }, false, [withdraw(), over(), over(), over()]),
        (1, PayoutState::Failed { reason: why() }, false, [withdraw(), over(), over(), over()]),
        (1, paid(early), false, [note(early), over(), over(), over()]),
        (1, returned(early), false, [note(early), over(), over(), over()]),
        (1, returned(early), true, [note(early), ask(1), ask(1), over()]),
        (2, PayoutState::Cancelled { reason: why() }, false, [withdraw(), withdraw(), withdraw(), over()]),
        (2, paid(late), false, [note(late), note(late), over(), over()]),
        (2, paid(early), false, [note(early), over(), over(), over()]),
        (2, returned(early), false, [note(early), over(), over(), over()]),
        (2, returned(early), true, [note(early), ask(2), ask(2), over()]),
    ];
    let named = ended.each_ref().map(|row| row.1.word());
    let on_their_way: Vec<_> = every_state().into_iter().filter(|state| !named.contains(&state.word())).collect();
    assert_eq!(on_their_way.len(), 5, "pending, approved, submitting, unknown, submitted: {on_their_way:?}");
    let wait = |no| on_their_way.iter().map(move |state| (no, state.clone(), false, [over(), over(), over(), over()]));
    for (no, state, is_released, dues) in wait(1).chain(wait(2)).chain(ended) {
        let payout = payout("75700.00", state);
        for (state, due) in awards.iter().zip(dues) {
            let award = Award { state: state.clone(), ..award() };
            let newest = Some(Newest { no, payout: &payout, is_released });
            let case = format!("{} {no} {} {is_released}", state.word(), payout.state.word());
            assert_eq!(award.due(newest, day("2027-11-20")), due, "{case}");
            // On its day the membership ends, unless something is to be done, or the money is on its way again.
            let is_on_its_way = no > 1 && payout.state.is_open();
            let ends = due == Due::Nothing && state.word() == "paid" && !is_on_its_way;
            let expected = if ends { Due::EndMembership } else { due };
            assert_eq!(award.due(newest, remove_on), expected, "{case}, on the day");
        }
    }
}

/// What happens to a tally, in any order.
#[derive(Clone, Debug)]
enum Step {
    Look(i64),
    Give,
    TakeBack,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (-20_000_000_i64..200_000_000).prop_map(Step::Look),
        Just(Step::Give),
        Just(Step::Give),
        Just(Step::TakeBack),
    ];
    proptest::collection::vec(step, 0..60)
}

proptest! {
    /// AWD-1: at the moment in which one is given, no more are given than the revenue allows.
    #[test]
    fn no_award_is_given_that_the_revenue_does_not_allow(steps in steps()) {
        let (policy, today) = (launched(), day("2026-11-21"));
        let mut tally = Tally::default();
        for step in steps {
            tally = match step {
                Step::Look(minor) => tally.check(checked(Money::from_minor(minor, Currency::USD), "2026-11-21")),
                Step::Give => match tally.give(&policy, today) {
                    Ok(after) => {
                        let revenue = after.checked.as_ref().map_or(0, |checked| checked.revenue.minor());
                        prop_assert!(i64::from(after.given) <= revenue.max(0) / 10_000_000, "{after:?}");
                        prop_assert_eq!(after.given, tally.given + 1);
                        after
                    }
                    Err(_) => tally,
                },
                Step::TakeBack => tally.take_back(),
            };
        }
    }
}
