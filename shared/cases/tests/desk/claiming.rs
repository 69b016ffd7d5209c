//! Claims and account lists: what they pay at once, and that two people cannot both win.

use cases::desk::claims::{Judged, Judgement, Listed, Verdict, judge, list_customer, make};
use cases::desk::reattribution::{Reattributed, Who, reattribute};
use domain::attribution::claim::{Claim, ClaimRefused, ClaimState, Naming};
use domain::attribution::customer::Customer;
use domain::attribution::{NobodyReason, Source};
use domain::digest::Digest;
use domain::fraud::Reason;
use domain::fraud::marks::{Mark, MarkKind};
use domain::fraud::review::Review;
use domain::id::{ClaimId, PartnerId, ReviewId};
use domain::sale::{Decision, HoldReason, Sale};
use store::customers::CustomerChange;
use store::managed::Managed;
use store::sales::{NewSale, SaleWritten};

use super::*;

/// A sale of 100.00 of `cus_1` that nobody is paid for, as the recorder books it.
async fn nobodys(world: &World, invoice: &str) {
    paid_by(world, invoice, None).await;
}

/// The same, paid under an address.
async fn paid_by(world: &World, invoice: &str, email: Option<Digest>) {
    let (payment, key) = (world::key(invoice), world::key("cus_1"));
    let plain = Sale::plain(payment, usd("100.00"), world.now, day(world, 0));
    let decision = Decision::nobody(NobodyReason::CustomerUnknown);
    let sale = Sale { customer: Some(key.clone()), decision, email, ..plain };
    let known = world.store.get_customer(&world.tenant, &key).await.expect("store");
    let mut after = known.clone().unwrap_or_default();
    let is_news = after.pay(world.now, &sale.id);
    after.version += 1;
    let before = known.map(|known| known.version);
    let meets = CustomerChange { key: &key, before, after: is_news.then_some(&after), relies_on: &[], moves: &[] };
    let new = NewSale { sale: &sale, lines: &[], aliases: &[], open_in: &[], meets: Some(meets), review: None };
    assert_eq!(world.store.create_sale(&world.tenant, &new).await.expect("store"), SaleWritten::Yes);
}

fn claim(world: &World, n: u128, partner: PartnerId) -> Claim {
    Claim {
        id: ClaimId::from_ulid(n.into()),
        partner,
        program: world::program(),
        customer: Some(world::key("cus_1")),
        naming: Default::default(),
        note: "met at the fair".to_owned(),
        made_at: world.now,
        first: None,
        state: ClaimState::Pending,
    }
}

async fn judged(world: &World, n: u128, verdict: Verdict) -> Judged {
    let desk = desk_of(world, "usr_ada").await;
    judge(&desk, &ClaimId::from_ulid(n.into()), &Judgement::of(verdict, "they did")).await.expect("an answer")
}

fn sales(judged: &Judged) -> usize {
    let Judged::Done { sales, .. } = judged else { panic!("{judged:?}") };
    *sales
}

async fn source(world: &World, invoice: &str) -> Option<Source> {
    world.kept_sale(invoice).await.decision.credits().first().map(|credit| credit.source)
}

/// ATT-7: an accepted claim pays what nobody was paid for, as lines of the sales, once.
#[tokio::test]
async fn an_accepted_claim_books_the_sales_that_nobody_was_paid_for() {
    let world = World::new().await;
    for invoice in ["in_1", "in_2"] {
        nobodys(&world, invoice).await;
    }
    let desk = desk_of(&world, "usr_ada").await;
    make(&desk, &claim(&world, 1, world.partner.clone())).await.expect("made");
    assert_eq!(sales(&judged(&world, 1, Verdict::Accept).await), 2);
    assert_eq!(sales(&judged(&world, 1, Verdict::Accept).await), 0);
    assert_eq!(world.total().await, "60.00");
    assert_eq!(source(&world, "in_1").await, Some(Source::Claim));
    assert!(world.store.list_undecided(&world.tenant, &world::key("cus_1")).await.expect("store").is_empty());
    let trail = world.store.list_audit(&world.tenant, ClaimId::from_ulid(1_u128.into()).as_str()).await.expect("store");
    assert_eq!(trail.iter().map(|entry| entry.action.as_str()).collect::<Vec<_>>(), ["claim.made", "claim.accepted"]);
    world.verified().await;
}

#[tokio::test]
async fn a_rival_claim_is_refused_and_a_declined_one_pays_nothing() {
    let world = World::new().await;
    nobodys(&world, "in_1").await;
    let desk = desk_of(&world, "usr_ada").await;
    let rival = PartnerId::from_ulid(8_u128.into());
    for (n, partner) in [(1, world.partner.clone()), (2, rival), (3, world.partner.clone())] {
        let naming = Naming { order: Some(format!("order {n}")), ..Naming::default() };
        make(&desk, &Claim { naming, ..claim(&world, n, partner) }).await.expect("made");
    }
    assert_eq!(sales(&judged(&world, 3, Verdict::Decline).await), 0);
    assert_eq!(world.total().await, "0.00");
    assert_eq!(judged(&world, 3, Verdict::Accept).await, Judged::Refused(ClaimRefused::Decided));
    assert_eq!(sales(&judged(&world, 1, Verdict::Accept).await), 1);
    let refused = Judged::Refused(ClaimRefused::AnothersByClaim { partner: world.partner.clone() });
    assert_eq!(judged(&world, 2, Verdict::Accept).await, refused);
    assert_eq!(judged(&world, 9, Verdict::Accept).await, Judged::NotFound);
    assert_eq!(world.total().await, "30.00");
    world.verified().await;
}

/// A crash between the claim and its sales is finished by whoever asks again.
#[tokio::test]
async fn an_acceptance_that_died_before_its_sales_is_finished_by_the_next() {
    let world = World::new().await;
    nobodys(&world, "in_1").await;
    let desk = desk_of(&world, "usr_ada").await;
    make(&desk, &claim(&world, 1, world.partner.clone())).await.expect("made");
    let mut requests = 0;
    loop {
        // The SDK tries each request three times.
        world.database.fail_after(requests, 3, testkit::Fault::ServerError);
        let outcome =
            judge(&desk, &ClaimId::from_ulid(1_u128.into()), &Judgement::of(Verdict::Accept, "they did")).await;
        world.database.heal();
        if outcome.is_ok() {
            break;
        }
        requests += 1;
    }
    assert!(requests > 1, "the faults were in the way");
    assert_eq!(world.total().await, "30.00");
    world.verified().await;
}

async fn judged_by(world: &World, who: &str, n: u128) -> Judged {
    let desk = desk_of(world, who).await;
    judge(&desk, &ClaimId::from_ulid(n.into()), &Judgement::of(Verdict::Accept, "they did")).await.expect("an answer")
}

/// ATT-7: what a correction of as much would take two people for, a claim does too. Four sales of 30.00 are above 100.00.
#[tokio::test]
async fn a_claim_that_books_more_than_the_threshold_takes_two_people() {
    let world = World::new().await;
    for invoice in ["in_1", "in_2", "in_3", "in_4"] {
        nobodys(&world, invoice).await;
    }
    make(&desk_of(&world, "usr_ada").await, &claim(&world, 1, world.partner.clone())).await.expect("made");
    let Judged::Waits(waiting) = judged_by(&world, "usr_ada", 1).await else { panic!("it takes a second person") };
    assert_eq!((waiting.state, world.total().await.as_str()), (ClaimState::Pending, "0.00"));
    assert_eq!(judged_by(&world, "usr_ada", 1).await, Judged::Refused(ClaimRefused::SamePerson));
    assert_eq!(sales(&judged_by(&world, "usr_bob", 1).await), 4);
    assert_eq!(world.total().await, "120.00");
    let trail = world.store.list_audit(&world.tenant, ClaimId::from_ulid(1_u128.into()).as_str()).await.expect("store");
    let actions: Vec<&str> = trail.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["claim.made", "claim.approved_first", "claim.accepted"]);
    world.verified().await;
}

/// ATT-7: the second yes is for the customer to whom the first was said, and for nobody else.
#[tokio::test]
async fn a_second_yes_to_another_customer_than_the_first_is_refused_and_books_nothing() {
    let world = World::new().await;
    for invoice in ["in_1", "in_2", "in_3", "in_4"] {
        nobodys(&world, invoice).await;
    }
    make(&desk_of(&world, "usr_ada").await, &claim(&world, 1, world.partner.clone())).await.expect("made");
    assert!(matches!(judged_by(&world, "usr_ada", 1).await, Judged::Waits(_)));
    let other = world::key("cus_2");
    let judgement = Judgement { customer: Some(&other), ..Judgement::of(Verdict::Accept, "they did") };
    let id = ClaimId::from_ulid(1_u128.into());
    let refused = Judged::Refused(ClaimRefused::AnotherCustomer { first: world::key("cus_1") });
    assert_eq!(judge(&desk_of(&world, "usr_bob").await, &id, &judgement).await.expect("an answer"), refused);
    assert_eq!(world.total().await, "0.00");
    assert!(world.store.get_customer(&world.tenant, &other).await.expect("store").is_none());
    assert_eq!(sales(&judged_by(&world, "usr_bob", 1).await), 4);
    // Accepted, it is not said yes to for somebody else either.
    let again = judge(&desk_of(&world, "usr_bob").await, &id, &judgement).await.expect("an answer");
    assert!(matches!(again, Judged::Refused(_)), "{again:?}");
    world.verified().await;
}

/// ATT-7: a claim names an order; whoever paid it is the customer.
#[tokio::test]
async fn a_claim_by_an_order_finds_whoever_paid_it_and_one_by_nothing_known_waits_for_a_name() {
    let world = World::new().await;
    nobodys(&world, "in_1").await;
    let desk = desk_of(&world, "usr_ada").await;
    for (n, order) in [(1, "in_9"), (2, "in_1")] {
        let naming = Naming { order: Some(order.to_owned()), ..Naming::default() };
        let nameless = Claim { customer: None, naming, ..claim(&world, n, world.partner.clone()) };
        make(&desk, &nameless).await.expect("made");
    }
    assert_eq!(judged(&world, 1, Verdict::Accept).await, Judged::Refused(ClaimRefused::NobodyKnown));
    assert_eq!(sales(&judged(&world, 2, Verdict::Accept).await), 1);
    assert_eq!(source(&world, "in_1").await, Some(Source::Claim));
    let named = world::key("cus_1");
    let judgement = Judgement { customer: Some(&named), ..Judgement::of(Verdict::Accept, "the same person") };
    let done = judge(&desk, &ClaimId::from_ulid(1_u128.into()), &judgement).await.expect("an answer");
    let Judged::Done { claim, sales: 0 } = done else { panic!("{done:?}") };
    assert_eq!(claim.customer, Some(named));
    world.verified().await;
}

/// COM-17: each paid invoice of a customer on the list, from a day on, without a click.
#[tokio::test]
async fn a_customer_who_comes_onto_a_list_is_paid_for_from_its_day_on() {
    let mut world = World::new().await;
    nobodys(&world, "in_1").await;
    world.pass_days(1);
    nobodys(&world, "in_2").await;
    let desk = desk_of(&world, "usr_ada").await;
    let customer = world::key("cus_1");
    let (partner, program) = (world.partner.clone(), world::program());
    let managed = Managed { partner, program, customer, from: world.now, until: None };
    assert_eq!(list_customer(&desk, &managed).await.expect("listed"), Listed::Yes(1));
    assert_eq!((source(&world, "in_1").await, source(&world, "in_2").await), (None, Some(Source::Managed)));
    let left = Managed { until: Some(world.now), ..managed };
    assert_eq!(list_customer(&desk, &left).await.expect("left"), Listed::Yes(0));
    let known: Customer = world.store.get_customer(&world.tenant, &left.customer).await.expect("store").expect("there");
    assert_eq!(known.assigned, Vec::new());
    world.verified().await;
}

/// ATT-7: a person who credits a sale ends its waiting in the same transaction, so that it can be decided anew later.
#[tokio::test]
async fn a_sale_that_a_person_credits_waits_no_more() {
    let world = World::new().await;
    nobodys(&world, "in_1").await;
    let customer = world::key("cus_1");
    assert_eq!(world.store.list_undecided(&world.tenant, &customer).await.expect("store"), [sale_of("in_1")]);
    let desk = desk_of(&world, "usr_ada").await;
    let who = Who::Partner { partner: world.partner.clone(), program: Some(world::program()) };
    let done = reattribute(&desk, &sale_of("in_1"), &who, "they did").await.expect("an answer");
    assert!(matches!(done, Reattributed::Done(_)), "{done:?}");
    assert_eq!(world.total().await, "30.00");
    assert_eq!(world.store.list_undecided(&world.tenant, &customer).await.expect("store"), Vec::new());
    world.verified().await;
}

/// The partner's own address, by which they are known.
async fn known_address(world: &World) -> Digest {
    let digest = domain::email::digest("pat@partner.example").expect("an address");
    let marks = [Mark { kind: MarkKind::Email, digest }];
    world.store.record_marks(&world.tenant, &world.partner, &marks, world.now).await.expect("recorded");
    digest
}

async fn review_of(world: &World, invoice: &str) -> Option<Review> {
    let id = ReviewId::of_sale(&sale_of(invoice));
    world.store.get_review(&world.tenant, &id).await.expect("store").map(|stored| stored.review)
}

async fn reattributed(world: &World, invoice: &str, partner: &PartnerId) -> Reattributed {
    let desk = desk_of(world, "usr_ada").await;
    let who = Who::Partner { partner: partner.clone(), program: Some(world::program()) };
    reattribute(&desk, &sale_of(invoice), &who, "they did").await.expect("an answer")
}

/// FRD-4: who is credited by a claim, or by a person's word, is looked at and held as by a fresh sale.
#[tokio::test]
async fn whoever_is_credited_at_the_desk_is_looked_at_as_by_a_fresh_sale() {
    for by_claim in [true, false] {
        let world = World::new().await;
        let address = known_address(&world).await;
        paid_by(&world, "in_1", Some(address)).await;
        if by_claim {
            make(&desk_of(&world, "usr_ada").await, &claim(&world, 1, world.partner.clone())).await.expect("made");
            assert_eq!(sales(&judged(&world, 1, Verdict::Accept).await), 1);
        } else {
            assert!(matches!(reattributed(&world, "in_1", &world.partner).await, Reattributed::Done(_)));
        }
        let review = review_of(&world, "in_1").await.expect("a review");
        let codes: Vec<Reason> = review.findings[0].signals.iter().map(|signal| signal.code).collect();
        assert_eq!((codes, review.state.word()), (vec![Reason::SelfReferralEmail], "open"), "by claim: {by_claim}");
        assert_eq!(world.kept_sale("in_1").await.hold, Some(HoldReason::Risk));
        assert_eq!(usd_balance(&world).await[1], "30.00", "held");
        world.verified().await;
    }
}

/// FRD-4, FRD-5: a second partner joins the review of the first while it is open. What a person ended stays ended for those
/// at whom they looked; whoever is credited then is looked at and held in a review of their own.
#[tokio::test]
async fn a_second_partner_joins_an_open_review_and_is_reviewed_anew_behind_one_that_was_ended() {
    for ended in [false, true] {
        let (world, rival) = with_two_noticed_partners().await;
        let (first, second) = (ReviewId::of_sale(&sale_of("in_1")), ReviewId::of_sale_no(&sale_of("in_1"), 2));
        assert!(matches!(reattributed(&world, "in_1", &world.partner).await, Reattributed::Done(_)));
        if ended {
            released(&world, &first).await;
        }
        assert!(matches!(reattributed(&world, "in_1", &rival).await, Reattributed::Done(_)));
        assert_eq!(world.kept_sale("in_1").await.hold, Some(HoldReason::Risk), "ended: {ended}");
        let both = vec![world.partner.clone(), rival.clone()];
        let expected = if ended {
            [Some((vec![world.partner.clone()], "released")), Some((vec![rival.clone()], "open"))]
        } else {
            [Some((both, "open")), None]
        };
        assert_eq!([told(&world, &first).await, told(&world, &second).await], expected);
        world.verified().await;
    }
}

/// FRD-5: each review is ended once, and then the sale goes from one partner to the other and back without a hold.
#[tokio::test]
async fn whoever_was_looked_at_in_any_review_of_a_sale_is_not_held_again() {
    let (world, rival) = with_two_noticed_partners().await;
    let own = world.partner.clone();
    let second = ReviewId::of_sale_no(&sale_of("in_1"), 2);
    for (partner, id) in [(&own, ReviewId::of_sale(&sale_of("in_1"))), (&rival, second.clone())] {
        assert!(matches!(reattributed(&world, "in_1", partner).await, Reattributed::Done(_)));
        // A person's hold over it is not the way around the review.
        assert!(matches!(command(&world, "in_1", "hold").await, Changed::Done(_)));
        let refused = command(&world, "in_1", "release").await;
        assert!(matches!(refused, Changed::Refused(holds::Refused::HeldForRisk)), "{refused:?}");
        released(&world, &id).await;
        assert!(matches!(command(&world, "in_1", "release").await, Changed::Done(_)));
    }
    for partner in [&own, &rival, &own] {
        assert!(matches!(reattributed(&world, "in_1", partner).await, Reattributed::Done(_)));
        assert_eq!(world.kept_sale("in_1").await.hold, None, "{partner}");
    }
    assert_eq!(told(&world, &second).await, Some((vec![rival], "released")));
    world.verified().await;
}

/// FRD-5: of two who were looked at together in a further review, the second alone is not held again.
#[tokio::test]
async fn whoever_joined_a_further_review_of_a_sale_is_not_held_again_alone() {
    let (world, rival) = with_two_noticed_partners().await;
    let third = befriend_noticed(&world, 9, known_address(&world).await).await;
    let further = ReviewId::of_sale_no(&sale_of("in_1"), 2);
    let own = world.partner.clone();
    assert!(matches!(reattributed(&world, "in_1", &own).await, Reattributed::Done(_)));
    released(&world, &ReviewId::of_sale(&sale_of("in_1"))).await;
    for partner in [&rival, &third] {
        assert!(matches!(reattributed(&world, "in_1", partner).await, Reattributed::Done(_)));
    }
    assert_eq!(told(&world, &further).await, Some((vec![rival.clone(), third.clone()], "open")));
    released(&world, &further).await;
    for partner in [&own, &third, &rival, &third] {
        assert!(matches!(reattributed(&world, "in_1", partner).await, Reattributed::Done(_)));
        assert_eq!(world.kept_sale("in_1").await.hold, None, "{partner}");
    }
    assert_eq!(told(&world, &ReviewId::of_sale_no(&sale_of("in_1"), 3)).await, None);
    world.verified().await;
}

/// A sale that was paid under an address by which both partners are known.
async fn with_two_noticed_partners() -> (World, PartnerId) {
    let world = World::new().await;
    let address = known_address(&world).await;
    let rival = befriend_noticed(&world, 8, address).await;
    paid_by(&world, "in_1", Some(address)).await;
    (world, rival)
}

/// A further partner who is known by an address.
async fn befriend_noticed(world: &World, number: u128, address: Digest) -> PartnerId {
    let partner = PartnerId::from_ulid(number.into());
    world.befriend(&partner).await;
    let marks = [Mark { kind: MarkKind::Email, digest: address }];
    world.store.record_marks(&world.tenant, &partner, &marks, world.now).await.expect("recorded");
    partner
}

async fn told(world: &World, id: &ReviewId) -> Option<(Vec<PartnerId>, &'static str)> {
    let stored = world.store.get_review(&world.tenant, id).await.expect("store")?;
    Some((stored.review.partners(), stored.review.state.word()))
}

async fn released(world: &World, id: &ReviewId) {
    use cases::risk::{Ruled, decide};
    use domain::fraud::review::{Deciding, Verdict};
    let by = Actor::new(Role::Admin, "usr_ada");
    let (reason, at) = ("a known family".to_owned(), world.now);
    let deciding = Deciding { verdict: Verdict::Release, suspends: false, reason, told_partner: None, by, at };
    let ruled = decide(&world.store, &world.tenant, id, &deciding).await.expect("an answer");
    assert!(matches!(ruled, Ruled::Done(_)), "{ruled:?}");
}
