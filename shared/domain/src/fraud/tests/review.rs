//! A review, from its opening to its end: every state and every verdict.

use super::*;
use crate::audit::Actor;
use crate::fraud::marks::{Mark, MarkKind};
use crate::fraud::review::{Deciding, Refused, Review, ReviewState, Traces, Verdict};
use crate::id::SaleId;
use crate::role::Role;
use crate::time::Timestamp;

fn at(text: &str) -> Timestamp {
    text.parse().expect("instant")
}

fn opened() -> Timestamp {
    at("2026-11-21T13:00:00Z")
}

fn traces() -> Traces {
    Traces { email: crate::email::digest("pat@partner.example"), paid_from: None }
}

fn review(reasons: &[Reason]) -> Review {
    let findings = vec![Finding { partner: partner(1), signals: as_shipped(reasons) }];
    Review::of_sale(&SaleId::from_ulid(1_u128.into()), findings, traces(), opened()).expect("something noticed")
}

fn deciding(verdict: Verdict, by: &str) -> Deciding {
    Deciding {
        verdict,
        suspends: false,
        reason: "looked at it".to_owned(),
        told_partner: None,
        by: Actor::new(Role::Admin, by),
        at: at("2026-11-23T09:00:00Z"),
    }
}

#[test]
fn nothing_noticed_is_no_review() {
    let sale = SaleId::from_ulid(1_u128.into());
    let nothing = vec![Finding { partner: partner(1), signals: vec![] }];
    assert_eq!(Review::of_sale(&sale, nothing, traces(), opened()), None);
    assert_eq!(Review::of_partner(&partner(1), "2026-11", vec![], opened()), None);
}

#[test]
fn a_band_says_what_is_held_and_who_is_not_paid() {
    let rows: [(&[Reason], &str, bool, usize); 3] = [
        (&[Reason::QuickSale], "watching", false, 0),
        (&[Reason::SelfReferralEmail], "open", true, 0),
        (&[Reason::SelfReferralPayout], "open", true, 1),
    ];
    for (reasons, state, holds, stopped) in rows {
        let review = review(reasons);
        let told = (review.state.word(), review.holds_sale(), review.stopped().len());
        assert_eq!(told, (state, holds, stopped), "FRD-4: {reasons:?}");
    }
    // Of a partner no sale is held, so nothing is paid from the hold band on.
    let of_partner = |reasons| Review::of_partner(&partner(1), "2026-11", as_shipped(reasons), opened());
    let hold = of_partner(&[Reason::DuplicatePartner]).expect("noticed");
    assert_eq!((hold.holds_sale(), hold.stopped()), (false, vec![partner(1)]));
    let watch = of_partner(&[Reason::Velocity]).expect("noticed");
    assert_eq!((watch.holds_sale(), watch.stopped()), (false, vec![]));
}

#[test]
fn of_several_partners_only_those_are_stopped_whose_own_signals_say_so() {
    let finding = |n, reasons| Finding { partner: partner(n), signals: as_shipped(reasons) };
    let findings = vec![finding(1, &[Reason::SelfReferralPayout]), finding(2, &[Reason::QuickSale]), finding(3, &[])];
    let review = Review::of_sale(&SaleId::from_ulid(1_u128.into()), findings, traces(), opened()).expect("noticed");
    assert_eq!(
        (review.score(), review.stopped(), review.partners()),
        (70, vec![partner(1)], vec![partner(1), partner(2)])
    );
}

#[test]
fn every_verdict_in_every_state_does_what_it_should_and_no_more() {
    use Verdict::{Reject, Release, Watch};
    let rows = [
        (None, Release, Ok("released")),
        (None, Reject, Ok("rejected")),
        (None, Watch, Ok("watching")),
        (Some(Watch), Release, Ok("released")),
        (Some(Watch), Reject, Ok("rejected")),
        (Some(Watch), Watch, Ok("watching")),
        (Some(Release), Release, Err(Release)),
        (Some(Release), Reject, Err(Release)),
        (Some(Release), Watch, Err(Release)),
        (Some(Reject), Release, Err(Reject)),
        (Some(Reject), Reject, Err(Reject)),
        (Some(Reject), Watch, Err(Reject)),
    ];
    for (before, verdict, expected) in rows {
        let mut review = review(&[Reason::SelfReferralEmail]);
        if let Some(before) = before {
            review = review.decide(deciding(before, "usr_ada")).expect("first").review;
        }
        let told = review.decide(deciding(verdict, "usr_bob"));
        let expected = expected.map_err(|verdict| Refused::AlreadyDecided { verdict, by: "usr_ada".to_owned() });
        let state = told.map(|step| step.review.state.word());
        assert_eq!(state, expected, "FRD-5: {before:?} then {verdict:?}");
    }
}

#[test]
fn the_decision_says_who_when_and_why() {
    let step = review(&[Reason::SelfReferralEmail]).decide(deciding(Verdict::Release, "usr_ada")).expect("decided");
    let (verdict, decided) = step.review.ended().expect("ended");
    assert_eq!((verdict, decided.by.as_str(), decided.reason.as_str()), (Verdict::Release, "usr_ada", "looked at it"));
    assert_eq!((step.deed.action, step.deed.at), ("risk.released", at("2026-11-23T09:00:00Z")));
    assert_eq!((step.deed.old["state"].as_str(), step.deed.new["state"].as_str()), ("open", "released"));
}

#[test]
fn only_a_rejection_suspends() {
    for (verdict, is_fine) in [(Verdict::Release, false), (Verdict::Watch, false), (Verdict::Reject, true)] {
        let told = review(&[Reason::SelfReferralPayout])
            .decide(Deciding { suspends: true, ..deciding(verdict, "usr_ada") })
            .map(|step| (step.deed.new.contains_key("suspended"), step.suspended));
        assert_eq!(
            told,
            if is_fine { Ok((true, vec![partner(1)])) } else { Err(Refused::NothingToSuspend) },
            "{verdict:?}"
        );
    }
}

#[test]
fn a_rejection_suspends_whose_signals_are_grave_and_a_partner_who_is_themself_the_matter() {
    let finding = |n, reasons| Finding { partner: partner(n), signals: as_shipped(reasons) };
    let findings = vec![finding(1, &[Reason::SelfReferralPayout]), finding(2, &[Reason::QuickSale])];
    let of_sale = Review::of_sale(&SaleId::from_ulid(1_u128.into()), findings, traces(), opened()).expect("noticed");
    let asked = Deciding { suspends: true, ..deciding(Verdict::Reject, "usr_ada") };
    assert_eq!(of_sale.clone().decide(asked).expect("decided").suspended, [partner(1)]);
    assert_eq!(of_sale.decide(deciding(Verdict::Reject, "usr_ada")).expect("decided").suspended, []);
    // Not the gravest alone: everybody whose own signals hold the sale.
    let findings = vec![finding(1, &[Reason::SelfReferralPayout]), finding(2, &[Reason::SelfReferralEmail])];
    let both = Review::of_sale(&SaleId::from_ulid(1_u128.into()), findings, traces(), opened()).expect("noticed");
    let asked = Deciding { suspends: true, ..deciding(Verdict::Reject, "usr_ada") };
    assert_eq!(both.decide(asked).expect("decided").suspended, [partner(1), partner(2)]);
    let of_partner = Review::of_partner(&partner(3), "2026-11", as_shipped(&[Reason::RefundRate]), opened());
    let of_partner = of_partner.expect("noticed");
    let rejected = of_partner.clone().decide(deciding(Verdict::Reject, "usr_ada")).expect("decided");
    assert_eq!(rejected.suspended, [partner(3)]);
    assert_eq!(of_partner.decide(deciding(Verdict::Release, "usr_ada")).expect("decided").suspended, []);
}

#[test]
fn what_is_noticed_later_opens_a_review_again_until_a_person_ended_it() {
    let of_partner =
        |reasons| Review::of_partner(&partner(1), "2026-11", as_shipped(reasons), opened()).expect("noticed");
    let (mild, grave) = (of_partner(&[Reason::Velocity]), of_partner(&[Reason::Velocity, Reason::RefundRate]));
    let watched = mild.clone().decide(deciding(Verdict::Watch, "usr_ada")).expect("decided").review;
    for before in [&mild, &watched] {
        let after = before.with_more(&grave).expect("graver");
        assert_eq!((after.state.word(), after.score(), after.opened_at), ("open", 55, opened()));
        assert_eq!(before.with_more(&mild), None, "nothing new");
    }
    assert_eq!(grave.with_more(&mild), None, "what was noticed stays noticed");
    // Also when it is not seen any more: the crowd of one hour is gone, and sales go back.
    let other = mild.with_more(&of_partner(&[Reason::RefundRate])).expect("graver");
    let codes: Vec<Reason> = other.findings[0].signals.iter().map(|signal| signal.code).collect();
    assert_eq!(
        (other.score(), codes, other.id.clone()),
        (55, vec![Reason::Velocity, Reason::RefundRate], mild.id.clone())
    );
    for verdict in [Verdict::Release, Verdict::Reject] {
        let ended = mild.clone().decide(deciding(verdict, "usr_ada")).expect("decided").review;
        assert_eq!(ended.with_more(&grave), None, "{verdict:?}");
    }
}

#[test]
fn a_second_partner_of_the_same_score_is_looked_at_as_the_first_was() {
    let of = |partners: &[u128], reasons| {
        let finding = |n: &u128| Finding { partner: partner(*n), signals: as_shipped(reasons) };
        let findings = partners.iter().map(finding).collect();
        Review::of_sale(&SaleId::from_ulid(1_u128.into()), findings, Traces::default(), opened()).expect("noticed")
    };
    let grave: &[Reason] = &[Reason::SelfReferralPayout];
    let watched = of(&[1], grave).decide(deciding(Verdict::Watch, "usr_ada")).expect("decided").review;
    for before in [of(&[1], grave), watched.clone()] {
        let after = before.with_more(&of(&[2], grave)).expect("another partner");
        assert_eq!((after.state.word(), after.score()), ("open", 70), "FRD-4");
        assert_eq!((after.partners(), after.stopped()), (vec![partner(1), partner(2)], vec![partner(1), partner(2)]));
        assert_eq!(after.with_more(&of(&[1, 2], grave)), None, "nothing new");
    }
    // What nobody must look at is written down, and opens nothing again.
    let mild = watched.with_more(&of(&[2], &[Reason::QuickSale])).expect("noted");
    assert_eq!((mild.state, mild.findings.len()), (watched.state.clone(), 2));
    let known = Review { traces: traces(), ..watched };
    assert_eq!(known.with_more(&of(&[2], grave)).expect("more").traces, traces(), "what is known of the buyer stays");
    let told = Review { traces: traces(), ..of(&[2], grave) };
    assert_eq!(of(&[1], grave).with_more(&told).expect("more").traces, traces(), "and what is told later is learnt");
}

#[test]
fn a_confirmed_self_referral_teaches_the_partners_marks_and_nothing_else_does() {
    let email = Mark { kind: MarkKind::Email, digest: traces().email.expect("digest") };
    let rows: [(&[Reason], Verdict, Vec<Mark>); 4] = [
        (&[Reason::SelfReferralAddress], Verdict::Reject, vec![email]),
        (&[Reason::SelfReferralAddress], Verdict::Release, vec![]),
        (&[Reason::SelfReferralAddress], Verdict::Watch, vec![]),
        // The buyer is a stranger: only the visit was bought.
        (&[Reason::PaidTraffic, Reason::BannedReferrer], Verdict::Reject, vec![]),
    ];
    for (reasons, verdict, expected) in rows {
        let review = review(reasons).decide(deciding(verdict, "usr_ada")).expect("decided").review;
        let expected: Vec<_> = expected.into_iter().map(|mark| (partner(1), mark)).collect();
        assert_eq!(review.lessons().into_iter().collect::<Vec<_>>(), expected, "{reasons:?} {verdict:?}");
    }
    // FRD-5: whoever only shared the sale is not the buyer.
    let finding = |n, reasons| Finding { partner: partner(n), signals: as_shipped(reasons) };
    let findings = vec![finding(1, &[Reason::SelfReferralCard]), finding(2, &[Reason::DisposableEmail])];
    let shared = Review::of_sale(&SaleId::from_ulid(1_u128.into()), findings, traces(), opened()).expect("noticed");
    let rejected = shared.decide(deciding(Verdict::Reject, "usr_ada")).expect("decided").review;
    assert_eq!(rejected.lessons().into_iter().collect::<Vec<_>>(), [(partner(1), email)]);
}

#[test]
fn a_state_is_read_as_written() {
    let looked =
        review(&[Reason::QuickSale]).decide(deciding(Verdict::Watch, "usr_ada")).expect("decided").review.state;
    let ended =
        review(&[Reason::QuickSale]).decide(deciding(Verdict::Reject, "usr_ada")).expect("decided").review.state;
    for state in [ReviewState::Open, ReviewState::Watching { looked: None }, looked, ended] {
        let text = serde_json::to_string(&state).expect("json");
        assert_eq!(serde_json::from_str::<ReviewState>(&text).expect("state"), state, "{text}");
        assert!(ReviewState::WORDS.contains(&state.word()) && text.contains(state.word()));
    }
}

#[test]
fn every_word_is_read_and_written() {
    let verdicts = [Verdict::Release, Verdict::Reject, Verdict::Watch].map(Verdict::word);
    assert_eq!(verdicts, ["release", "reject", "watch"]);
    assert_eq!([Band::Watch, Band::Hold, Band::Suspend].map(Band::word), ["watch", "hold", "suspend"]);
    assert_eq!(MarkKind::ALL.map(MarkKind::word), ["email", "card", "payout"]);
    assert_eq!(MarkKind::ALL.map(|kind| MarkKind::parse(kind.word())), MarkKind::ALL.map(Some));
    assert_eq!(MarkKind::parse("phone"), None);
    // A card may be a company's.
    assert_eq!(MarkKind::ALL.map(MarkKind::is_of_one_partner), [true, false, true]);
}

#[test]
fn a_review_keeps_the_decision_that_was_made_and_no_other() {
    let open = || review(&[Reason::SelfReferralEmail]);
    let of = |verdict| deciding(verdict, "usr_1");
    for verdict in [Verdict::Release, Verdict::Reject, Verdict::Watch] {
        let kept = open().decide(of(verdict)).expect("decided").review;
        assert!(kept.keeps(&of(verdict)), "{verdict:?}");
        assert!(!kept.keeps(&deciding(verdict, "usr_2")), "another's");
        assert!(!kept.keeps(&Deciding { at: at("2026-11-23T09:00:01Z"), ..of(verdict) }), "at another time");
        let other = if verdict == Verdict::Reject { Verdict::Release } else { Verdict::Reject };
        assert!(!kept.keeps(&of(other)), "another verdict");
    }
    assert!(!open().keeps(&of(Verdict::Watch)));
}

#[test]
fn only_a_rejection_suspends_or_is_told_and_only_of_a_sale() {
    let told = |verdict| Deciding { told_partner: Some("a reason".to_owned()), ..deciding(verdict, "usr_1") };
    let of_sale = || review(&[Reason::SelfReferralEmail]);
    assert!(of_sale().decide(told(Verdict::Reject)).is_ok());
    assert_eq!(of_sale().decide(told(Verdict::Release)).map(|_| ()), Err(Refused::NothingToTell));
    let signals = as_shipped(&[Reason::SelfReferralEmail]);
    let of_partner = Review::of_partner(&partner(1), "2026-11", signals, opened()).expect("something noticed");
    assert_eq!(of_partner.decide(told(Verdict::Reject)).map(|_| ()), Err(Refused::NothingToTell));
}

#[test]
fn frd_4_of_others_is_a_review_of_those_at_whom_nobody_looked() {
    let finding = |n| Finding { partner: partner(n), signals: as_shipped(&[Reason::SelfReferralEmail]) };
    let sale = SaleId::from_ulid(1_u128.into());
    let both = Review::of_sale(&sale, vec![finding(1), finding(2)], traces(), opened()).expect("something noticed");
    let looked_at = |of: &[u128]| of.iter().map(|n| partner(*n)).collect();
    let others = both.clone().of_others(&looked_at(&[1]), 2).expect("of one");
    assert_eq!((others.partners(), others.id.clone()), (vec![partner(2)], crate::id::ReviewId::of_sale_no(&sale, 2)));
    assert_eq!((others.state.clone(), others.opened_at), (ReviewState::Open, opened()));
    assert_eq!(both.of_others(&looked_at(&[1, 2]), 2), None);
}
