//! Leads: addresses, points and reasons, every state and every command.

use proptest::prelude::*;

use super::analytics::{Tally, add_up, counted};
use super::score::{Behaviour, LeadReason, Profile};
use super::*;
use crate::email::Email;

fn at(text: &str) -> Timestamp {
    text.parse().expect("instant")
}

fn address(text: &str) -> Address {
    Address::of(&Email::parse(text).expect("an address")).expect("a domain")
}

fn program() -> ProgramId {
    ProgramId::from_ulid(1_u128.into())
}

fn consent(text: &str) -> Consent {
    Consent { source: "pricing form".to_owned(), at: at(text) }
}

fn capture(email: &str, score: Score, when: &str) -> Capture {
    Capture {
        program: program(),
        address: address(email),
        takes_mail: None,
        source: LeadSource::parse("pricing-page").expect("a source"),
        campaign: None,
        consent: consent(when),
        score,
        at: at(when),
    }
}

const FIRST: &str = "2026-11-01T10:00:00Z";
const LATER: &str = "2026-11-03T10:00:00Z";

fn best() -> Score {
    let profile = Profile { name: "Ada", company: "Engines Ltd", job_title: "Co-Founder", phone: "+44 20 7946 0958" };
    let behaviour = Behaviour {
        followed_a_link: true,
        pages_viewed: 900,
        visits: 3,
        seconds_on_site: 600,
        viewed_pricing: true,
        asked_for_demo: true,
    };
    Score::of(&address("ada@engines.example"), &profile, &behaviour)
}

fn poor() -> Score {
    Score::of(&address("casey@gmail.com"), &Profile::default(), &Behaviour::default())
}

#[test]
fn an_address_says_whether_it_is_a_persons_a_desks_or_to_be_thrown_away() {
    let rows = [
        ("ada@engines.example", (false, false, false)),
        ("Sales+autumn@engines.example", (false, true, false)),
        ("no-reply@gmail.com", (false, true, true)),
        ("casey@yahoo.co.uk", (false, false, true)),
        ("casey@yahoo-fans.example", (false, false, false)),
        ("casey@mailinator.com", (true, false, false)),
    ];
    for (text, expected) in rows {
        let told = address(text);
        assert_eq!((told.is_disposable, told.is_role, told.is_free), expected, "{text}");
    }
    assert_eq!(address("C.asey+x@Gmail.com").digest, address("casey@googlemail.com").digest);
}

#[test]
fn each_thing_that_is_known_gives_its_points_and_says_so() {
    use LeadReason::*;
    let business = address("ada@engines.example");
    let of = |profile: Profile<'_>, behaviour: Behaviour| {
        let score = Score::of(&business, &profile, &behaviour);
        let reasons: Vec<_> = score.reasons().iter().map(|one| (one.code, one.points)).collect();
        (score.points(), reasons)
    };
    let (nobody, nothing) = (Profile::default(), Behaviour::default());
    let own = (BusinessAddress, 20);
    let rows = [
        (nobody, nothing, vec![own]),
        (Profile { name: " ", ..nobody }, nothing, vec![own]),
        (Profile { name: "Ada", ..nobody }, nothing, vec![own, (Named, 5)]),
        (Profile { company: "Engines", ..nobody }, nothing, vec![own, (CompanyNamed, 10)]),
        (Profile { job_title: "VP, Sales", ..nobody }, nothing, vec![own, (Decides, 15)]),
        (Profile { job_title: "Headache nurse", ..nobody }, nothing, vec![own, (JobTitled, 5)]),
        (Profile { phone: "none", ..nobody }, nothing, vec![own]),
        (Profile { phone: "020 7946 0958", ..nobody }, nothing, vec![own, (PhoneGiven, 5)]),
        (nobody, Behaviour { followed_a_link: true, ..nothing }, vec![own, (FollowedALink, 15)]),
        (nobody, Behaviour { pages_viewed: 3, ..nothing }, vec![own, (LookedAtPages, 3)]),
        (nobody, Behaviour { pages_viewed: 65_535, ..nothing }, vec![own, (LookedAtPages, 10)]),
        (nobody, Behaviour { seconds_on_site: 119, ..nothing }, vec![own]),
        (nobody, Behaviour { seconds_on_site: 120, ..nothing }, vec![own, (StayedAndRead, 5)]),
        (nobody, Behaviour { visits: 1, ..nothing }, vec![own]),
        (nobody, Behaviour { visits: 2, ..nothing }, vec![own, (CameSeveralTimes, 10)]),
        (nobody, Behaviour { viewed_pricing: true, ..nothing }, vec![own, (LookedAtPricing, 15)]),
        (nobody, Behaviour { asked_for_demo: true, ..nothing }, vec![own, (AskedForADemo, 20)]),
    ];
    for (profile, behaviour, expected) in rows {
        let points = expected.iter().fold(0_i16, |sum, (_, points)| sum + points);
        assert_eq!(of(profile, behaviour), (u8::try_from(points).expect("small"), expected), "REV-2");
    }
    assert_eq!((best().points(), poor().points()), (100, 0));
    let desk = Score::of(&address("info@gmail.com"), &Profile::default(), &Behaviour::default());
    assert_eq!((desk.points(), desk.reasons().len()), (0, 1), "a reason below zero is told, and no score is");
}

#[test]
fn a_lead_is_graded_at_its_capture_and_what_is_no_lead_is_rejected() {
    let rows = [
        ("casey@gmail.com", poor(), None, "scored"),
        ("ada@engines.example", best(), None, "qualified"),
        ("ada@engines.example", best(), Some(true), "qualified"),
        ("ada@engines.example", best(), Some(false), "rejected"),
        ("casey@mailinator.com", best(), None, "rejected"),
    ];
    for (email, score, takes_mail, expected) in rows {
        let lead = Lead::capture(Capture { takes_mail, ..capture(email, score, FIRST) });
        assert_eq!(lead.state.word(), expected, "REV-2: {email} {takes_mail:?}");
        assert_eq!((lead.captures, lead.captured_at, lead.email), (1, at(FIRST), Some(address(email).digest)));
    }
}

/// A lead in each state.
fn each() -> Vec<Lead> {
    let scored = Lead::capture(capture("casey@gmail.com", poor(), FIRST));
    let qualified = Lead::capture(capture("casey@gmail.com", best(), FIRST));
    let rejected = Lead::capture(Capture { takes_mail: Some(false), ..capture("casey@gmail.com", poor(), FIRST) });
    let converted = scored.clone().convert("usr_ada".to_owned(), at(LATER)).expect("open");
    let duplicate = scored.clone().pay(at("2026-01-01T00:00:00Z"), at(LATER)).expect("open");
    let erased = scored.clone().erase(at(LATER)).expect("not erased");
    vec![scored, qualified, converted, rejected, duplicate, erased]
}

#[test]
fn every_command_in_every_state_does_what_it_should_and_no_more() {
    let words: Vec<&str> = each().iter().map(|lead| lead.state.word()).collect();
    assert_eq!(words, LeadState::WORDS);
    let told = |moved: Result<Lead, Ended>| {
        moved.map_or_else(|ended| format!("ended: {}", ended.state), |lead| lead.state.word().to_owned())
    };
    // Convert, pay, pay by who was a customer before, erase, capture again poorly, capture again well.
    let expected = [
        ["converted", "converted", "duplicate", "erased", "scored", "qualified"],
        ["converted", "converted", "duplicate", "erased", "qualified", "qualified"],
        ["ended: converted", "ended: converted", "ended: converted", "erased", "converted", "converted"],
        ["ended: rejected", "ended: rejected", "ended: rejected", "erased", "rejected", "rejected"],
        ["ended: duplicate", "ended: duplicate", "ended: duplicate", "erased", "duplicate", "duplicate"],
        ["ended: erased", "ended: erased", "ended: erased", "ended: erased", "scored", "qualified"],
    ];
    for (lead, expected) in each().into_iter().zip(expected) {
        let (now, before) = (at("2026-11-05T00:00:00Z"), at("2026-10-01T00:00:00Z"));
        let again = |score| Ok(lead.clone().capture_again(capture("casey@gmail.com", score, "2026-11-05T00:00:00Z")));
        let moved = [
            lead.clone().convert("usr_bob".to_owned(), now),
            lead.clone().pay(now, now),
            lead.clone().pay(before, now),
            lead.clone().erase(now),
            again(poor()),
            again(best()),
        ];
        assert_eq!(moved.map(told), expected, "REV-2: {}", lead.state.word());
    }
}

#[test]
fn the_days_of_leads_end_those_who_never_became_customers_from_when_they_were_seen_last() {
    let ends: Vec<&str> =
        each().iter().filter(|lead| lead.state.ends_by_its_days()).map(|lead| lead.state.word()).collect();
    assert_eq!(ends, ["scored", "qualified", "rejected"]);
    let first = Lead::capture(capture("casey@gmail.com", poor(), FIRST));
    assert!(!first.is_over(at(FIRST)));
    assert!(first.is_over(at(LATER)));
    let back = first.capture_again(capture("casey@gmail.com", poor(), LATER));
    assert!(!back.is_over(at(LATER)), "OPS-4: who came back is counted from then");
}

#[test]
fn an_address_left_again_is_the_same_lead_seen_once_more() {
    let first = Lead::capture(capture("c.asey+1@gmail.com", poor(), FIRST));
    let sent_twice = first.clone().capture_again(capture("casey@gmail.com", poor(), "2026-11-01T10:00:05Z"));
    assert_eq!((sent_twice.id.clone(), sent_twice.captures), (first.id.clone(), 1));
    assert_eq!(sent_twice.score, first.score, "the same form sent twice is no coming back");
    let back = sent_twice.capture_again(capture("casey@gmail.com", poor(), LATER));
    assert_eq!((back.id.clone(), back.captures, back.captured_at, back.seen_at), (first.id, 2, at(FIRST), at(LATER)));
    assert_eq!(back.score.reasons().iter().map(|one| one.code).collect::<Vec<_>>(), [LeadReason::CameBack]);
    assert_eq!(back.consent, consent(LATER));
    let other = ProgramId::from_ulid(2_u128.into());
    let elsewhere = Lead::capture(Capture { program: other, ..capture("casey@gmail.com", poor(), FIRST) });
    assert_ne!(elsewhere.id, back.id, "of another programme it is another lead");
}

#[test]
fn an_erased_lead_names_nobody_and_begins_anew_when_the_person_comes_back() {
    let lead =
        Lead::capture(Capture { campaign: Some("autumn".to_owned()), ..capture("ada@engines.example", best(), FIRST) });
    let erased = lead.clone().erase(at(LATER)).expect("not erased");
    assert_eq!((erased.email, erased.campaign.clone(), erased.score.reasons().len()), (None, None, 0));
    let anew = erased.capture_again(capture("ada@engines.example", best(), "2026-12-01T00:00:00Z"));
    assert_eq!((anew.captures, anew.captured_at, anew.email), (1, at("2026-12-01T00:00:00Z"), lead.email));
}

#[test]
fn what_was_paid_on_the_very_instant_of_the_capture_is_a_conversion() {
    let lead = Lead::capture(capture("ada@engines.example", best(), FIRST));
    assert_eq!(lead.clone().pay(at(FIRST), at(FIRST)).expect("open").converted_at(), Some(at(FIRST)));
    let before = at("2026-11-01T09:59:59.999Z");
    assert_eq!(lead.pay(before, at(LATER)).expect("open").state, LeadState::Duplicate { at: at(LATER) });
}

#[test]
fn a_source_is_a_word_that_can_be_counted_by() {
    for (text, expected) in [(" Pricing-Page ", Some("pricing-page")), ("a.b_c-9", Some("a.b_c-9"))] {
        assert_eq!(LeadSource::parse(text).as_ref().map(LeadSource::as_str), expected, "{text}");
    }
    for bad in ["", " ", "two words", "a#b", "ünder", &"x".repeat(SOURCE_CHARS_MAX + 1)] {
        assert_eq!(LeadSource::parse(bad), None, "{bad}");
    }
}

#[test]
fn rates_and_days_are_of_those_who_were_captured_and_exact() {
    let source = |name| LeadSource::parse(name).expect("a source");
    let (ads, fair) = (source("ads"), source("fair"));
    let half = Tally { captured: 2, converted: 1, converting_seconds: 129_600, ..Tally::default() };
    let none = Tally { captured: 4, rejected: 1, ..Tally::default() };
    let third = Tally { captured: 3, converted: 1, converting_seconds: 86_400, qualified: 2, ..Tally::default() };
    let told = add_up([(&ads, &half), (&fair, &none), (&ads, &third)]);
    let text = |tally: &Tally| {
        (tally.conversion_rate().map(|rate| rate.to_string()), tally.days_to_convert().map(|days| days.to_string()))
    };
    assert_eq!(text(&told.by_source[&ads]), (Some("0.4".to_owned()), Some("1.25".to_owned())));
    assert_eq!(text(&told.by_source[&fair]), (Some("0".to_owned()), None));
    assert_eq!((told.all.captured, told.all.converted, told.all.qualified, told.all.rejected), (9, 2, 2, 1));
    assert_eq!(text(&told.all), (Some("0.2222".to_owned()), Some("1.25".to_owned())));
    assert_eq!(text(&Tally::default()), (None, None));
}

fn behaviours() -> impl Strategy<Value = Behaviour> {
    (any::<bool>(), any::<u16>(), any::<u16>(), any::<u32>(), any::<bool>(), any::<bool>()).prop_map(
        |(followed_a_link, pages_viewed, visits, seconds_on_site, viewed_pricing, asked_for_demo)| Behaviour {
            followed_a_link,
            pages_viewed,
            visits,
            seconds_on_site,
            viewed_pricing,
            asked_for_demo,
        },
    )
}

proptest! {
    /// REV-2: a score is what its reasons add up to, within its bounds, and never falls by more that is known.
    #[test]
    fn a_score_is_its_reasons_and_only_rises_by_more(one in behaviours(), other in behaviours(), name in ".{0,9}") {
        let address = address("info@engines.example");
        let profile = Profile { name: &name, ..Profile::default() };
        let (one, other) = (Score::of(&address, &profile, &one), Score::of(&address, &Profile::default(), &other));
        let joined = one.joined(&other);
        prop_assert_eq!(&joined, &other.joined(&one));
        prop_assert_eq!(&joined.joined(&one), &joined);
        prop_assert!(joined.points() >= one.points().max(other.points()));
        let sum = joined.reasons().iter().fold(0_i16, |sum, reason| sum + reason.points);
        prop_assert_eq!(i16::from(joined.points()), sum.clamp(0, 100));
        let codes: Vec<LeadReason> = joined.reasons().iter().map(|reason| reason.code).collect();
        let told: Vec<LeadReason> = LeadReason::ALL.into_iter().filter(|reason| codes.contains(reason)).collect();
        prop_assert_eq!(codes, told);
        prop_assert!(joined.returned().points() >= sum.clamp(0, 100).try_into().unwrap_or(100));
    }
}

#[test]
fn each_change_is_counted_once_on_the_day_of_the_capture() {
    let now = at("2026-11-03T10:00:00Z");
    let scored = Lead::capture(capture("casey@gmail.com", poor(), FIRST));
    let none = Tally::default();
    let first = Tally { captured: 1, ..none };
    assert_eq!(counted(None, &scored), first);
    assert_eq!(counted(Some(&scored), &scored), none);
    let qualified = scored.clone().capture_again(capture("casey@gmail.com", best(), LATER));
    assert_eq!(counted(Some(&scored), &qualified), Tally { qualified: 1, ..none });
    assert_eq!(
        counted(None, &Lead::capture(capture("casey@gmail.com", best(), FIRST))),
        Tally { qualified: 1, ..first }
    );
    let converted = qualified.clone().pay(now, now).expect("open");
    assert_eq!(counted(Some(&qualified), &converted), Tally { converted: 1, converting_seconds: 172_800, ..none });
    let duplicate = scored.clone().pay(at("2026-01-01T00:00:00Z"), now).expect("open");
    assert_eq!(counted(Some(&scored), &duplicate), Tally { duplicates: 1, ..none });
    for lead in each() {
        let Ok(erased) = lead.clone().erase(now) else { continue };
        assert_eq!(counted(Some(&lead), &erased), none, "{}", lead.state.word());
        let anew = erased.clone().capture_again(capture("casey@gmail.com", poor(), "2026-12-01T00:00:00Z"));
        assert_eq!(counted(Some(&erased), &anew), first);
    }
    let rejected = Lead::capture(capture("casey@mailinator.com", poor(), FIRST));
    assert_eq!(counted(None, &rejected), Tally { rejected: 1, ..first });
}
