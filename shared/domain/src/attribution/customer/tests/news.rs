//! What is news about a customer, what is known again, and the borders of what a person says.

use super::*;
use crate::attribution::LossReason;
use crate::tier::Tier;

const NOON: &str = "2026-11-10T12:00:00Z";

fn per_window() -> AttributionSettings {
    AttributionSettings { binding: Binding::PerWindow, ..AttributionSettings::default() }
}

fn assigned(of: u128, source: Source, from: &str) -> Assigned {
    Assigned { source, partner: partner(of), program: ProgramId::from_ulid(1_u128.into()), from: at(from), until: None }
}

fn mention(email: &[u8], when: &str, by: &str) -> Mention {
    Mention { email: Digest::of_bytes(email), at: at(when), by: key(by) }
}

#[test]
fn what_is_told_again_is_no_news() {
    let first = meeting("t:1", NOON, vec![click(1, "2026-11-10T11:00:00Z")]);
    let mut customer = Customer::default();
    assert!(customer.meet(&first));
    assert!(!customer.meet(&first));
    assert!(customer.meet(&Meeting { token_refused: true, ..first.clone() }));
    assert!(customer.sign_up(at(NOON), &sale(2)));
    assert!(!customer.sign_up(at(NOON), &sale(2)));
    assert!(!customer.sign_up(at("2026-11-11T12:00:00Z"), &sale(1)), "a later one is not the first");
    assert!(customer.sign_up(at(NOON), &sale(1)), "of two at once the lesser is");
    assert!(customer.pay(at(NOON), &sale(2)) && !customer.pay(at(NOON), &sale(2)));
}

#[test]
fn an_address_counts_from_the_earliest_meeting_at_which_it_was_given() {
    let mut customer = Customer::default();
    let known = |customer: &Customer| customer.mentions.first().map(|known| (known.at, known.by.clone()));
    assert!(customer.mention(mention(b"a", NOON, "t:2"), &[]));
    assert!(!customer.mention(mention(b"a", NOON, "t:2"), &[]), "told again");
    assert!(!customer.mention(mention(b"a", "2026-11-11T12:00:00Z", "t:1"), &[]), "told later");
    assert!(!customer.mention(mention(b"a", NOON, "t:3"), &[]), "of a greater name");
    assert_eq!(known(&customer), Some((at(NOON), key("t:2"))));
    assert!(customer.mention(mention(b"a", NOON, "t:1"), &[]), "of a lesser name");
    assert!(customer.mention(mention(b"a", "2026-11-09T12:00:00Z", "t:9"), &[]), "earlier");
    assert_eq!(known(&customer), Some((at("2026-11-09T12:00:00Z"), key("t:9"))));
    assert!(customer.mention(mention(b"b", NOON, "t:1"), &[]), "another address");
    assert_eq!(customer.mentions.len(), 2);
}

#[test]
fn leads_of_an_address_that_was_given_are_heard_of_once() {
    let mut customer = Customer::default();
    let (email, other) = (Digest::of_bytes(b"a"), Digest::of_bytes(b"b"));
    let leads = [lead(1, "2026-11-09T12:00:00Z")];
    assert!(!customer.hear_of_leads(email, &leads), "nobody gave it");
    customer.mention(mention(b"a", NOON, "t:1"), &[]);
    assert!(!customer.hear_of_leads(other, &leads));
    assert!(customer.hear_of_leads(email, &leads));
    assert!(!customer.hear_of_leads(email, &leads));
    assert_eq!(partners(&customer.decide(at(NOON), None)), [partner(1)]);
    let mut at_once = Customer::default();
    assert!(at_once.mention(mention(b"a", NOON, "t:1"), &leads));
    assert_eq!(at_once.sightings, customer.sightings);
}

#[test]
fn a_touch_is_seen_from_a_meeting_on_that_it_was_before() {
    let touch = click(1, "2026-11-10T11:00:00Z");
    let customer = met(&[meeting("t:1", NOON, vec![touch.clone()])]);
    assert_eq!(customer.seen(&touch, at(NOON)), Some(&touch));
    assert_eq!(customer.seen(&touch, at("2026-11-10T11:59:59Z")), None, "the meeting was later");
    assert_eq!(customer.seen(&click(2, "2026-11-10T11:00:00Z"), at(NOON)), None, "another touch");
    let ahead = click(1, "2026-11-10T12:00:01Z");
    let customer = met(&[meeting("t:1", NOON, vec![ahead.clone()])]);
    assert_eq!(customer.seen(&ahead, at("2026-11-12T12:00:00Z")), None, "dated after its meeting");
    let at_once = click(1, NOON);
    let customer = met(&[meeting("t:1", NOON, vec![at_once.clone()])]);
    assert_eq!(customer.seen(&at_once, at(NOON)), Some(&at_once));
}

#[test]
fn a_customer_is_bound_at_the_meeting_of_the_touch_that_counted() {
    let early = meeting("t:1", "2026-11-01T12:00:00Z", vec![click(1, "2026-09-01T11:00:00Z")]);
    let bound = meeting("t:2", NOON, vec![click(2, "2026-11-10T11:00:00Z")]);
    assert_eq!(met(std::slice::from_ref(&early)).bound_at(), None, "out of its window");
    assert_eq!(met(&[early, bound]).bound_at(), Some(at(NOON)));
}

#[test]
fn a_touch_dated_after_its_meeting_ranks_behind_and_one_of_its_instant_does_not() {
    let seen = |clicked: &str| Sighting { candidate: click(1, clicked), seen_at: at(NOON), by: key("t:1") };
    let ranks = ["2026-11-10T11:59:59Z", NOON, "2026-11-10T12:00:01Z"].map(|clicked| seen(clicked).rank().0);
    assert_eq!(ranks, [false, false, true]);
}

#[test]
fn of_many_rolling_touches_told_at_once_the_first_and_the_newest_are_kept() {
    let touch = |n: u128| {
        let clicked = minutes_before(at(NOON), 100 - i64::try_from(n).expect("a number"));
        with(per_window(), candidate(Source::Click, 1, n, clicked))
    };
    let all: Vec<Candidate> = (0..20).map(touch).collect();
    let customer = met(&[meeting("t:1", NOON, all.clone())]);
    let mut kept: Vec<&Candidate> = customer.sightings.iter().map(|seen| &seen.candidate).collect();
    kept.sort_by_key(|touch| touch.at);
    let expected: Vec<&Candidate> = all.iter().take(1).chain(all.iter().skip(5)).collect();
    assert_eq!(kept, expected);
}

#[test]
fn where_few_touches_are_known_none_was_forgotten_and_a_sale_is_decided_by_them() {
    let rolling = |of, clicked: &str| with(per_window(), click(of, clicked));
    let customer = met(&[
        meeting("t:1", "2026-11-10T12:00:00Z", vec![rolling(1, "2026-11-10T11:00:00Z")]),
        meeting("t:2", "2026-11-20T12:00:00Z", vec![rolling(2, "2026-11-20T11:00:00Z")]),
    ]);
    // Before the second touch, of which it would be said that others were let go of behind it.
    let sold_at = at("2026-11-15T12:00:00Z");
    let nobodys = Decision::Nobody { reason: NobodyReason::CustomerUnknown, losers: Vec::new() };
    let paid = crate::money::Money::from_minor(100, crate::currency::Currency::USD);
    let day = crate::time::Zone::utc().day_of(sold_at);
    let sale =
        Sale { customer: Some(key("stripe:c")), decision: nobodys, ..Sale::plain(key("stripe:p"), paid, sold_at, day) };
    assert_eq!(partners(&decision_for(&sale, Some(&customer))), [partner(1)]);
}

#[test]
fn whoever_stays_keeps_the_terms_of_the_first_decision_and_nobody_else_gets_them() {
    let customer = met(&[meeting("t:1", NOON, vec![click(1, "2026-11-10T11:00:00Z")])]);
    let fresh = customer.decide(at(NOON), None);
    let decided = |of: u128, program: u128| {
        let mut credit = fresh.credits().first().expect("a credit").clone();
        credit.terms.tier = Tier::Tier2;
        (credit.partner, credit.program) = (partner(of), ProgramId::from_ulid(program.into()));
        Decision::Partners { credits: vec![credit], losers: Vec::new() }
    };
    let paid = crate::money::Money::from_minor(100, crate::currency::Currency::USD);
    let day = crate::time::Zone::utc().day_of(at(NOON));
    for ((of, program), expected) in [((1, 1), Tier::Tier2), ((2, 1), Tier::Tier1), ((1, 2), Tier::Tier1)] {
        let sale = Sale { decision: decided(of, program), ..Sale::plain(key("stripe:p"), paid, at(NOON), day) };
        let now = decision_for(&sale, Some(&customer));
        assert_eq!(now.credits()[0].terms.tier, expected, "{of} {program}");
        assert_eq!(pays_the_same(&now, &sale.decision), (of, program) == (1, 1), "terms aside");
    }
}

#[test]
fn com_11_a_links_own_rate_stays_with_its_link() {
    let customer = met(&[meeting("t:1", NOON, vec![touched_by(1, 1, "2026-11-10T11:00:00Z")])]);
    let rate = crate::rate::Rate::parse("0.5").expect("a rate");
    let paid = crate::money::Money::from_minor(100, crate::currency::Currency::USD);
    let day = crate::time::Zone::utc().day_of(at(NOON));
    for (link, expected) in [(1_u128, Some(rate)), (2, None)] {
        let mut credit = customer.decide(at(NOON), None).credits().first().expect("a credit").clone();
        credit.link = Some(crate::id::LinkId::from_ulid(link.into()));
        credit.terms = PartnerTerms { tier: Tier::Tier2, link_rate: Some(rate), ..PartnerTerms::default() };
        let sale = Sale { decision: Decision::one(credit), ..Sale::plain(key("stripe:p"), paid, at(NOON), day) };
        let now = decision_for(&sale, Some(&customer));
        let terms = &now.credits()[0].terms;
        assert_eq!((terms.link_rate, terms.tier), (expected, Tier::Tier2), "the first decision was by link {link}");
    }
}

#[test]
fn only_a_person_s_word_stands_by_itself() {
    let of = |source| {
        let mut decision = met(&[meeting("t:1", NOON, vec![click(1, "2026-11-10T11:00:00Z")])]).decide(at(NOON), None);
        if let Decision::Partners { credits, .. } = &mut decision {
            credits.iter_mut().for_each(|credit| credit.source = source);
        }
        is_by_a_person(&decision)
    };
    assert_eq!([Source::Manual, Source::Managed, Source::Click].map(of), [true, false, false]);
    let nobody = |reason| is_by_a_person(&Decision::Nobody { reason, losers: Vec::new() });
    assert_eq!([NobodyReason::ByDecision, NobodyReason::NoTouch].map(nobody), [true, false]);
}

#[test]
fn who_is_given_a_customer_from_where_another_began_leaves_them_nothing() {
    let mut customer = Customer::default();
    customer.assign(assigned(1, Source::Managed, NOON));
    customer.assign(assigned(2, Source::Managed, NOON));
    assert_eq!(customer.assigned, [assigned(2, Source::Managed, NOON)]);
    customer.assign(assigned(3, Source::Managed, "2026-11-12T12:00:00Z"));
    let until: Vec<_> = customer.assigned.iter().map(|one| (one.partner.clone(), one.until)).collect();
    assert_eq!(until, [(partner(2), Some(at("2026-11-12T12:00:00Z"))), (partner(3), None)]);
    // An earlier beginning ends the first one earlier; a later one leaves its end alone.
    customer.assign(assigned(4, Source::Managed, "2026-11-11T12:00:00Z"));
    assert_eq!(customer.assigned_at(at("2026-11-11T12:00:00Z")).map(|one| &one.partner), Some(&partner(4)));
    let first =
        |customer: &Customer| customer.assigned.iter().find(|one| one.partner == partner(2)).and_then(|one| one.until);
    assert_eq!(first(&customer), Some(at("2026-11-11T12:00:00Z")));
    customer.assign(assigned(5, Source::Managed, "2026-11-20T12:00:00Z"));
    assert_eq!(first(&customer), Some(at("2026-11-11T12:00:00Z")));
}

#[test]
fn an_assignment_ends_no_later_than_it_is_said_to() {
    let mut customer = Customer::default();
    customer.assign(assigned(1, Source::Managed, NOON));
    let until = |customer: &Customer| customer.assigned.first().map(|one| one.until);
    customer.unassign(Source::Claim, at("2026-11-15T12:00:00Z"));
    assert_eq!(until(&customer), Some(None), "another way of having them");
    customer.unassign(Source::Managed, at("2026-11-15T12:00:00Z"));
    customer.unassign(Source::Managed, at("2026-11-20T12:00:00Z"));
    assert_eq!(until(&customer), Some(Some(at("2026-11-15T12:00:00Z"))));
    customer.unassign(Source::Managed, at("2026-11-12T12:00:00Z"));
    assert_eq!(until(&customer), Some(Some(at("2026-11-12T12:00:00Z"))));
    customer.unassign(Source::Managed, at(NOON));
    assert_eq!(until(&customer), None, "of no length at all");
}

#[test]
fn a_person_s_word_beats_every_touch_and_each_is_told_why() {
    let mut customer =
        met(&[meeting("t:1", NOON, vec![click(1, "2026-11-10T11:00:00Z"), click(2, "2026-11-10T11:30:00Z")])]);
    customer.assign(assigned(3, Source::Managed, "2026-01-01T00:00:00Z"));
    let decision = customer.decide(at(NOON), None);
    assert_eq!(partners(&decision), [partner(3)]);
    let reasons: Vec<_> = decision.losers().iter().map(|loser| loser.reason).collect();
    assert_eq!(reasons, [LossReason::LowerPrecedence; 2]);
}

#[test]
fn who_is_met_at_the_very_instant_of_the_first_touch_was_not_known_before() {
    let customer = |paid: &str| {
        let mut customer = met(&[meeting("t:1", NOON, vec![click(1, "2026-11-10T11:00:00Z")])]);
        customer.pay(at(paid), &sale(1));
        customer
    };
    assert!(!customer("2026-11-10T11:00:00Z").is_existing());
    assert!(customer("2026-11-10T10:59:59.999Z").is_existing());
}

#[test]
fn a_touch_is_the_same_where_kind_place_and_time_are() {
    let one = click(1, NOON);
    assert!(one.is_same(&one.clone()));
    assert!(!one.is_same(&click(1, "2026-11-10T12:00:01Z")));
    assert!(!one.is_same(&touched_by(1, 2, NOON)), "by another link");
    assert!(!one.is_same(&lead(1, NOON)), "of another kind");
    let code = coupon(1, NOON);
    assert!(code.is_same(&coupon(1, "2026-11-12T12:00:00Z")), "whenever it is used");
    assert!(!code.is_same(&coupon(2, NOON)));
}

#[test]
fn a_click_goes_above_a_coupon_where_the_coupon_s_programme_says_so_whichever_came_first() {
    let click_first = AttributionSettings { click_over_coupon: true, ..AttributionSettings::default() };
    for (clicked, used) in
        [("2026-11-10T10:00:00Z", "2026-11-10T11:00:00Z"), ("2026-11-10T11:00:00Z", "2026-11-10T10:00:00Z")]
    {
        let both = |settings| {
            let touches = vec![with(settings, click(1, clicked)), with(settings, coupon(2, used))];
            partners(&met(&[meeting("t:1", NOON, touches)]).decide(at(NOON), None))
        };
        assert_eq!(both(click_first), [partner(1)], "{clicked} {used}");
        assert_eq!(both(AttributionSettings::default()), [partner(2)], "{clicked} {used}");
    }
}

#[test]
fn what_goes_without_saying_is_not_stored() {
    assert!(AttributionSettings::default().is_default() && !per_window().is_default());
    let terms =
        |tier| serde_json::to_value(crate::attribution::PartnerTerms { tier, ..Default::default() }).expect("terms");
    assert!(terms(Tier::Tier1).get("tier").is_none());
    assert!(terms(Tier::Tier2).get("tier").is_some());
}

#[test]
fn a_guest_is_kept_under_a_name_of_the_sale_and_nobody_else_s() {
    let paid = crate::money::Money::from_minor(100, crate::currency::Currency::USD);
    let guest = Sale::plain(key("stripe:p"), paid, at(NOON), crate::time::Zone::utc().day_of(at(NOON)));
    let name = Customer::key_of(&guest).expect("a name");
    assert_eq!(name.to_string(), format!("guest:{}", guest.id));
    assert_eq!(Customer::key_of_guest(&guest.id), Some(name));
    let known = Sale { customer: Some(key("stripe:c")), ..guest };
    assert_eq!(Customer::key_of(&known), Some(key("stripe:c")));
}

#[test]
fn leads_are_asked_for_of_addresses_that_were_given_before_anybody_was_known() {
    let mut customer = met(&[meeting("t:1", NOON, vec![click(1, "2026-11-10T11:00:00Z")])]);
    customer.note(&mention(b"a", "2026-11-10T11:59:59Z", "t:0"));
    customer.note(&mention(b"b", NOON, "t:1"));
    customer.note(&mention(b"c", "2026-11-11T12:00:00Z", "t:2"));
    assert_eq!(customer.quiet.len(), 3);
    assert_eq!(customer.to_ask(), [mention(b"a", "2026-11-10T11:59:59Z", "t:0")]);
    assert!(customer.mention(mention(b"a", "2026-11-10T11:59:59Z", "t:0"), &[]));
    assert_eq!((customer.to_ask(), customer.quiet.len()), (Vec::new(), 2), "it was asked");
    let mut nobody_s = met(&[meeting("t:1", NOON, Vec::new())]);
    nobody_s.note(&mention(b"c", "2026-11-11T12:00:00Z", "t:2"));
    assert_eq!(nobody_s.to_ask().len(), 1);
}

#[test]
fn whose_sales_there_are_only_grows_and_says_when_it_did() {
    let to = |of: u128| {
        Decision::one(Credit {
            partner: partner(of),
            program: ProgramId::from_ulid(1_u128.into()),
            link: None,
            source: Source::Click,
            clicked_at: None,
            weight: 1,
            terms: PartnerTerms::default(),
        })
    };
    let nobody = Decision::Nobody { reason: NobodyReason::NoTouch, losers: Vec::new() };
    let mut customer = Customer { version: 7, ..Customer::default() };
    assert!(!customer.is_shared());
    assert!(customer.credit(&to(1)) && !customer.credit(&to(1)));
    assert!(!customer.is_shared(), "one partner's");
    assert!(customer.credit(&to(2)) && customer.is_shared(), "two partners'");
    let mut nobodys = Customer::default();
    assert!(nobodys.credit(&nobody) && !nobodys.credit(&nobody));
    assert!(nobodys.is_shared() && nobodys.was_nobodys);
    assert!(nobodys.credit(&to(1)) && nobodys.was_nobodys, "what was, stays");
    assert_eq!(Customer::credited_by(Some(&customer), &to(1)), None);
    let next = Customer::credited_by(Some(&customer), &to(3)).expect("news");
    assert_eq!((next.version, next.credited.len()), (8, 3));
    assert_eq!(Customer::credited_by(None, &to(1)).map(|first| first.version), Some(1));
}

#[test]
fn a_loser_by_a_click_is_stored_without_saying_so() {
    let lost = |touch: &Candidate| serde_json::to_value(touch.lost(LossReason::OutsideWindow)).expect("a loser");
    assert!(lost(&click(1, NOON)).get("source").is_none());
    assert_eq!(lost(&coupon(1, NOON)).get("source"), Some(&serde_json::json!("coupon")));
}

#[test]
fn two_decisions_pay_the_same_whatever_terms_were_kept() {
    let of = |tier, weight| {
        let mut decision = met(&[meeting("t:1", NOON, vec![click(1, "2026-11-10T11:00:00Z")])]).decide(at(NOON), None);
        if let Decision::Partners { credits, .. } = &mut decision {
            credits.iter_mut().for_each(|credit| (credit.terms.tier, credit.weight) = (tier, weight));
        }
        decision
    };
    assert!(pays_the_same(&of(Tier::Tier1, 1), &of(Tier::Tier2, 1)));
    assert!(!pays_the_same(&of(Tier::Tier1, 1), &of(Tier::Tier1, 2)));
}

#[test]
fn it_is_the_coupon_s_programme_that_says_whether_clicks_go_above_it() {
    let click_first = AttributionSettings { click_over_coupon: true, ..AttributionSettings::default() };
    let of = |clicked: AttributionSettings, used: AttributionSettings| {
        let touches =
            vec![with(clicked, click(1, "2026-11-10T11:00:00Z")), with(used, coupon(2, "2026-11-10T10:00:00Z"))];
        partners(&met(&[meeting("t:1", NOON, touches)]).decide(at(NOON), None))
    };
    assert_eq!(of(AttributionSettings::default(), click_first), [partner(1)]);
    assert_eq!(of(click_first, AttributionSettings::default()), [partner(2)]);
}

#[test]
fn a_coupon_that_this_very_sale_was_paid_with_is_of_its_time_and_another_is_not() {
    let touch = coupon(1, "2026-12-01T12:00:00Z");
    let under = |code| {
        let moment = crate::attribution::candidate::Moment { at: at(NOON), is_existing: false, coupon: code };
        touch.eligible(&moment).map(|_| ())
    };
    assert_eq!(under(Some("CODE1")), Ok(()));
    assert_eq!(under(Some("CODE2")), Err(LossReason::AfterConversion));
    assert_eq!(under(None), Err(LossReason::AfterConversion));
}

#[test]
fn a_mention_is_later_where_an_earlier_meeting_tells_the_same_address() {
    let mut customer = Customer::default();
    assert!(!customer.mentions_later(&mention(b"a", NOON, "t:2")), "it is not known at all");
    customer.mention(mention(b"a", NOON, "t:2"), &[]);
    for (email, when, by, expected) in [
        (b"a", "2026-11-10T11:59:59Z", "t:9", true),
        (b"a", NOON, "t:1", true),
        (b"a", NOON, "t:2", false),
        (b"a", NOON, "t:3", false),
        (b"a", "2026-11-10T12:00:01Z", "t:1", false),
        (b"b", "2026-11-10T11:59:59Z", "t:1", false),
    ] {
        assert_eq!(customer.mentions_later(&mention(email, when, by)), expected, "{email:?} {when} {by}");
    }
}

#[test]
fn com_3_a_customer_is_several_partners_from_the_second_on() {
    let mut customer = Customer::default();
    let sold_by = |of: u128| Decision::Partners {
        credits: vec![assigned(of, Source::Manual, NOON).credit()],
        losers: Vec::new(),
    };
    for (of, expected) in [(None, false), (Some(1), false), (Some(1), false), (Some(2), true), (Some(3), true)] {
        if let Some(of) = of {
            customer.credit(&sold_by(of));
        }
        assert_eq!(customer.has_several_partners(), expected, "{of:?}");
    }
}
