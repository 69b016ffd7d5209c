//! FRD: what is noticed about a sale, what is held because of it, and the person who ends it.

use cases::risk::{Ruled, decide, habits};
use domain::audit::Actor;
use domain::digest::Digest;
use domain::fact::{Buyer, SalePaid};
use domain::fraud::Reason;
use domain::fraud::marks::{Mark, MarkKind, Session, fingerprint_digest};
use domain::fraud::review::{Deciding, Refused, Review, Verdict};
use domain::id::{ReviewId, SaleId};
use domain::sale::HoldReason;
use domain::time::Timestamp;
use domain::touch::DeviceHash;
use store::clicks::NewClick;

use super::*;

const PARTNERS_ADDRESS: &str = "pat@partner.example";

fn email(address: &str) -> Option<Digest> {
    domain::email::digest(address)
}

fn paid(world: &World, invoice: &str, change: impl FnOnce(SalePaid) -> SalePaid) -> Fact {
    let Fact::SalePaid(paid) = world.sale(invoice, "cus_1", "99.00") else { panic!("a sale") };
    Fact::SalePaid(change(paid))
}

/// A world whose partner is known by an address, a card and an account, and has brought a customer.
async fn world() -> World {
    let world = World::new().await;
    let marks = [
        Mark { kind: MarkKind::Email, digest: email(PARTNERS_ADDRESS).expect("an address") },
        Mark::of_fingerprint(MarkKind::Card, "card of pat"),
        Mark::of_fingerprint(MarkKind::Payout, "account of pat"),
    ];
    world.store.record_marks(&world.tenant, &world.partner, &marks, world.now).await.expect("recorded");
    book(&world, world.seen("cus_1", Some(&world.token))).await;
    world
}

/// A renewal paid under the partner's own address: 60 points.
async fn held(world: &World, invoice: &str) {
    book(world, paid(world, invoice, |paid| SalePaid { email: email(" PAT+1@partner.example"), ..paid })).await;
}

fn review_of(invoice: &str) -> ReviewId {
    ReviewId::of_sale(&SaleId::of(&world::key(invoice)))
}

async fn review(world: &World, invoice: &str) -> Option<Review> {
    let stored = world.store.get_review(&world.tenant, &review_of(invoice)).await.expect("store");
    stored.map(|stored| stored.review)
}

async fn noticed(world: &World, invoice: &str) -> Vec<Reason> {
    let review = review(world, invoice).await;
    let signals = review.iter().flat_map(|review| &review.findings).flat_map(|finding| &finding.signals);
    signals.map(|signal| signal.code).collect()
}

fn deciding(world: &World, verdict: Verdict, who: &str) -> Deciding {
    let by = Actor::new(Role::Admin, who);
    Deciding { verdict, suspends: false, reason: "looked at it".to_owned(), told_partner: None, by, at: world.now }
}

async fn rule(world: &World, invoice: &str, verdict: Verdict, who: &str) -> Ruled {
    let deciding = deciding(world, verdict, who);
    decide(&world.store, &world.tenant, &review_of(invoice), &deciding).await.expect("an answer")
}

async fn held_now(world: &World) -> String {
    let head = world.store.get_head(&world.tenant, &world.account()).await.expect("store");
    Money::from_minor(head.held, domain::currency::Currency::USD).to_text()
}

#[tokio::test]
async fn an_ordinary_sale_is_noticed_by_nobody_and_costs_eight_units() {
    let mut world = world().await;
    let sale = paid(&world, "in_1", |paid| SalePaid {
        email: email("casey@customer.example"),
        buyer: Buyer { paid_from: Some(fingerprint_digest("card of casey")), ..Buyer::default() },
        ..paid
    });
    book(&world, sale).await;
    world.pass_days(30);
    let again = paid(&world, "in_2", |paid| SalePaid { email: email("casey@customer.example"), ..paid });
    world.database.reset_units();
    book(&world, again).await;
    // One is the raw event's, which this test does not write.
    assert_eq!(world.database.reset_units().write_hundredths, 700);
    assert_eq!((review(&world, "in_1").await, review(&world, "in_2").await), (None, None));
    assert_eq!(world.kept_sale("in_1").await.hold, None);
    world.verified().await;
}

#[tokio::test]
async fn a_sale_from_the_hold_band_on_is_held_by_its_first_line() {
    // FRD-1, FRD-4
    let world = world().await;
    held(&world, "in_1").await;
    let sale = world.kept_sale("in_1").await;
    assert_eq!(sale.hold, Some(HoldReason::Risk));
    assert_eq!(noticed(&world, "in_1").await, [Reason::SelfReferralEmail]);
    assert_eq!(review(&world, "in_1").await.expect("a review").state.word(), "open");
    assert_eq!((held_now(&world).await, world.total().await), ("29.70".to_owned(), "29.70".to_owned()));
    // Told again, nothing is noticed twice.
    held(&world, "in_1").await;
    assert_eq!(held_now(&world).await, "29.70");
    world.verified().await;
}

#[tokio::test]
async fn every_mark_of_the_partner_and_every_weak_sign_is_noticed() {
    let world = world().await;
    let from = |fingerprint| Buyer { paid_from: Some(fingerprint_digest(fingerprint)), ..Buyer::default() };
    let disposable = Buyer { has_disposable_email: true, ..Buyer::default() };
    let rows: [(&str, Buyer, Vec<Reason>, Option<HoldReason>); 4] = [
        ("in_1", from("card of pat"), vec![Reason::SelfReferralCard], Some(HoldReason::Risk)),
        ("in_2", from("account of pat"), vec![Reason::SelfReferralPayout], Some(HoldReason::Risk)),
        ("in_3", disposable, vec![Reason::DisposableEmail], None),
        ("in_4", from("card of casey"), vec![], None),
    ];
    for (invoice, buyer, reasons, hold) in rows {
        book(&world, paid(&world, invoice, |paid| SalePaid { buyer, ..paid })).await;
        assert_eq!(noticed(&world, invoice).await, reasons, "{invoice}");
        assert_eq!(world.kept_sale(invoice).await.hold, hold, "{invoice}");
    }
    assert_eq!(review(&world, "in_3").await.expect("a review").state.word(), "watching");
    world.verified().await;
}

#[tokio::test]
async fn a_visit_from_where_the_partner_worked_that_day_is_noticed_though_the_invoice_has_no_token() {
    let world = World::new().await;
    let clicked_at = Timestamp::from_millisecond(world.now.as_millisecond() - 60_000).expect("instant");
    let device = DeviceHash::parse("0123456789abcdef");
    let visitor = world::visitor();
    let session = Session::of(clicked_at, visitor, device);
    let until = Timestamp::from_millisecond(world.now.as_millisecond() + 1000).expect("instant");
    world.store.record_session(&world.tenant, &world.partner, &session, until).await.expect("recorded");
    let link = world::link();
    let click = NewClick {
        link: &link,
        partner: &world.partner,
        program: &world::program(),
        at: clicked_at,
        visitor,
        bot: None,
        user_agent: "a browser".to_owned(),
        language: String::new(),
        referrer_host: "blog.example".to_owned(),
        paid_traffic: Some("gclid"),
        device,
        place: store::clicks::Place::default(),
        carried: std::collections::BTreeMap::new(),
        expires_at: until,
    };
    world.store.record_click(&world.tenant, click).await.expect("recorded");
    book(&world, world.seen("cus_1", Some(&world.token))).await;
    book(&world, world.sale("in_1", "cus_1", "99.00")).await;
    let expected = [Reason::SelfReferralDevice, Reason::SelfReferralAddress, Reason::PaidTraffic];
    assert_eq!(noticed(&world, "in_1").await, expected);
    assert_eq!(world.kept_sale("in_1").await.visitor, Some(visitor));
    // Twenty, thirty and twenty: nothing is paid to the partner until a person has looked.
    assert_eq!(world.store.list_stops(&world.tenant, &world.partner).await.expect("store"), [review_of("in_1")]);
    world.verified().await;
}

#[tokio::test]
async fn a_sale_that_waited_for_its_customer_is_looked_at_when_it_is_decided() {
    let world = World::new().await;
    let marks = [Mark { kind: MarkKind::Card, digest: fingerprint_digest("card of pat") }];
    world.store.record_marks(&world.tenant, &world.partner, &marks, world.now).await.expect("recorded");
    book(&world, world.sale("in_1", "cus_1", "99.00")).await;
    assert_eq!(review(&world, "in_1").await, None);
    let Fact::CustomerSeen(seen) = world.seen("cus_1", Some(&world.token)) else { panic!("a check-out") };
    let buyer = Buyer { paid_from: Some(fingerprint_digest("card of pat")), ..Buyer::default() };
    book(&world, Fact::CustomerSeen(domain::fact::CustomerSeen { buyer, ..seen })).await;
    assert_eq!(noticed(&world, "in_1").await, [Reason::SelfReferralCard]);
    assert_eq!(held_now(&world).await, "29.70");
    world.verified().await;
}

#[tokio::test]
async fn a_sale_that_waited_is_looked_at_by_what_it_told_itself_when_its_check_out_tells_nothing() {
    // FRD-4
    let world = World::new().await;
    let marks = [Mark::of_fingerprint(MarkKind::Card, "card of pat")];
    world.store.record_marks(&world.tenant, &world.partner, &marks, world.now).await.expect("recorded");
    let buyer = Buyer { paid_from: Some(fingerprint_digest("card of pat")), ..Buyer::default() };
    book(&world, paid(&world, "in_1", |paid| SalePaid { buyer, ..paid })).await;
    assert_eq!((review(&world, "in_1").await, world.kept_sale("in_1").await.hold), (None, None));
    book(&world, world.seen("cus_1", Some(&world.token))).await;
    assert_eq!(noticed(&world, "in_1").await, [Reason::SelfReferralCard]);
    assert_eq!(world.kept_sale("in_1").await.hold, Some(HoldReason::Risk));
    assert_eq!(held_now(&world).await, "29.70");
    world.verified().await;
}

#[tokio::test]
async fn a_hold_outlives_any_number_of_nights_and_only_a_person_ends_it() {
    // FRD-4: the planted bug "a hold released by time" must fall over this.
    let mut world = world().await;
    held(&world, "in_1").await;
    book(&world, world.sale("in_2", "cus_1", "10.00")).await;
    for _ in 0..40 {
        world.pass_days(11);
        let today = Zone::utc().day_of(world.now);
        cases::closing::close_matured(&world.store, &world.tenant, &world.account(), today).await.expect("closed");
        assert_eq!(
            (held_now(&world).await.as_str(), world.kept_sale("in_1").await.hold),
            ("29.70", Some(HoldReason::Risk))
        );
        assert!(world.available().await == "3.00" || world.available().await == "0.00");
    }
    assert_eq!(world.available().await, "3.00");
    world.verified().await;
    // A later change of the sale's money is no way out either.
    book(&world, world.refund("re_1", "in_1", "33.00")).await;
    assert_eq!((held_now(&world).await, world.available().await), ("19.80".to_owned(), "3.00".to_owned()));
    assert!(matches!(rule(&world, "in_1", Verdict::Release, "usr_ada").await, Ruled::Done(_)));
    assert_eq!((held_now(&world).await, world.available().await), ("0.00".to_owned(), "22.80".to_owned()));
    assert_eq!(world.kept_sale("in_1").await.hold, None);
    world.verified().await;
}

#[tokio::test]
async fn each_verdict_moves_the_money_where_it_should() {
    let rows = [
        (Verdict::Release, "0.00", "29.70", "released"),
        (Verdict::Reject, "0.00", "0.00", "rejected"),
        (Verdict::Watch, "29.70", "29.70", "watching"),
    ];
    for (verdict, held_after, total, state) in rows {
        let world = world().await;
        held(&world, "in_1").await;
        assert!(matches!(rule(&world, "in_1", verdict, "usr_ada").await, Ruled::Done(_)));
        let told = (held_now(&world).await, world.total().await);
        assert_eq!(told, (held_after.to_owned(), total.to_owned()), "{verdict:?}");
        assert_eq!(review(&world, "in_1").await.expect("a review").state.word(), state);
        world.verified().await;
        // Later money of the sale follows the decision, and changes nothing of it.
        book(&world, world.refund("re_1", "in_1", "49.50")).await;
        let half = if verdict == Verdict::Reject { "0.00" } else { "14.85" };
        assert_eq!(world.total().await, half, "{verdict:?}");
        world.verified().await;
    }
}

#[tokio::test]
async fn a_refund_and_a_release_end_alike_in_either_order() {
    let mut ends = Vec::new();
    for refund_first in [true, false] {
        let world = world().await;
        held(&world, "in_1").await;
        if refund_first {
            book(&world, world.refund("re_1", "in_1", "33.00")).await;
            rule(&world, "in_1", Verdict::Release, "usr_ada").await;
        } else {
            rule(&world, "in_1", Verdict::Release, "usr_ada").await;
            book(&world, world.refund("re_1", "in_1", "33.00")).await;
        }
        world.verified().await;
        ends.push((held_now(&world).await, world.total().await));
    }
    assert_eq!(ends, [("0.00".to_owned(), "19.80".to_owned()), ("0.00".to_owned(), "19.80".to_owned())]);
}

#[tokio::test]
async fn a_decision_taken_again_is_the_same_one_and_another_is_refused() {
    // FRD-5
    let world = world().await;
    held(&world, "in_1").await;
    assert!(matches!(rule(&world, "in_1", Verdict::Release, "usr_ada").await, Ruled::Done(_)));
    let later = deciding(&world, Verdict::Release, "usr_ada");
    let later = Deciding { at: Timestamp::from_millisecond(world.now.as_millisecond() + 5).expect("instant"), ..later };
    let again = decide(&world.store, &world.tenant, &review_of("in_1"), &later).await.expect("an answer");
    assert!(matches!(again, Ruled::Already(_)), "{again:?}");
    let expected = Refused::AlreadyDecided { verdict: Verdict::Release, by: "usr_ada".to_owned() };
    assert_eq!(rule(&world, "in_1", Verdict::Reject, "usr_ada").await, Ruled::Refused(expected.clone()));
    assert_eq!(rule(&world, "in_1", Verdict::Release, "usr_bob").await, Ruled::Refused(expected));
    assert_eq!(rule(&world, "in_9", Verdict::Release, "usr_bob").await, Ruled::NotFound);
    let trail = world.store.list_audit(&world.tenant, review_of("in_1").as_str()).await.expect("store");
    assert_eq!(trail.len(), 1);
    assert!(domain::audit::check_chain(review_of("in_1").as_str(), &trail).is_ok());
    world.verified().await;
}

#[tokio::test]
async fn of_two_reviewers_at_once_one_wins() {
    for _ in 0..6 {
        let world = world().await;
        held(&world, "in_1").await;
        let (ada, bob) = tokio::join!(
            rule(&world, "in_1", Verdict::Release, "usr_ada"),
            rule(&world, "in_1", Verdict::Reject, "usr_bob"),
        );
        let won = [&ada, &bob].into_iter().filter(|ruled| matches!(ruled, Ruled::Done(_))).count();
        let lost =
            [&ada, &bob].into_iter().filter(|ruled| matches!(ruled, Ruled::Overtaken | Ruled::Refused(_))).count();
        assert_eq!((won, lost), (1, 1), "{ada:?} {bob:?}");
        let total = if matches!(ada, Ruled::Done(_)) { "29.70" } else { "0.00" };
        assert_eq!(world.total().await, total);
        world.verified().await;
    }
}

#[tokio::test]
async fn a_decision_that_loses_its_answer_or_its_store_anywhere_ends_whole() {
    let rows =
        [(Verdict::Release, testkit::Fault::LoseAnswer, "29.70"), (Verdict::Reject, testkit::Fault::Refuse, "0.00")];
    for (verdict, fault, total) in rows {
        for passing in 0..7 {
            let world = world().await;
            held(&world, "in_1").await;
            let once = deciding(&world, verdict, "usr_ada");
            world.database.fail_after(passing, 3, fault);
            let _first = decide(&world.store, &world.tenant, &review_of("in_1"), &once).await;
            world.database.heal();
            let again = decide(&world.store, &world.tenant, &review_of("in_1"), &once).await.expect("an answer");
            assert!(matches!(again, Ruled::Done(_) | Ruled::Already(_)), "{fault:?} {passing}: {again:?}");
            assert_eq!(
                (held_now(&world).await, world.total().await),
                ("0.00".to_owned(), total.to_owned()),
                "{passing}"
            );
            world.verified().await;
        }
    }
}

#[tokio::test]
async fn from_the_suspend_band_on_nothing_is_paid_until_a_person_has_decided() {
    let mut world = world().await;
    book(&world, world.sale("in_1", "cus_1", "99.00")).await;
    let buyer = Buyer { paid_from: Some(fingerprint_digest("account of pat")), ..Buyer::default() };
    book(&world, paid(&world, "in_2", |paid| SalePaid { buyer, ..paid })).await;
    world.pass_days(31);
    assert_eq!(world.request().await, Requested::UnderReview);
    // The partner is not suspended by it: a stranger can type an address, or say an account.
    let partner = world.store.get_partner(&world.tenant, &world.partner).await.expect("store").expect("a partner");
    assert_eq!(partner.status, PartnerStatus::Active);
    assert!(matches!(rule(&world, "in_2", Verdict::Watch, "usr_ada").await, Ruled::Done(_)));
    assert_eq!(world.request().await, Requested::UnderReview);
    assert!(matches!(rule(&world, "in_2", Verdict::Release, "usr_ada").await, Ruled::Done(_)));
    assert!(matches!(world.request().await, Requested::Created(_)));
    world.verified().await;
}

#[tokio::test]
async fn a_payout_asked_for_before_something_was_noticed_does_not_go_out() {
    let mut world = world().await;
    book(&world, world.sale("in_1", "cus_1", "99.00")).await;
    world.pass_days(31);
    let Requested::Created(stored) = world.request().await else { panic!("a payout") };
    let buyer = Buyer { paid_from: Some(fingerprint_digest("account of pat")), ..Buyer::default() };
    book(&world, paid(&world, "in_2", |paid| SalePaid { buyer, ..paid })).await;
    let approve = Command::Approve { seal: stored.payout.seal };
    let id = &stored.payout.id;
    assert_eq!(world.command(id, Role::Admin, "usr_ada", approve.clone()).await, Moved::UnderReview);
    rule(&world, "in_2", Verdict::Reject, "usr_ada").await;
    assert!(matches!(world.command(id, Role::Admin, "usr_ada", approve).await, Moved::Done(_)));
    world.verified().await;
}

#[tokio::test]
async fn what_was_only_noted_may_be_rejected_also_when_its_payout_is_approved() {
    // FRD-4: below thirty points nothing is held; a person may find out later all the same.
    let mut world = world().await;
    let buyer = Buyer { has_disposable_email: true, ..Buyer::default() };
    book(&world, paid(&world, "in_1", |paid| SalePaid { buyer, ..paid })).await;
    assert_eq!((held_now(&world).await.as_str(), world.kept_sale("in_1").await.hold), ("0.00", None));
    world.pass_days(31);
    let Requested::Created(stored) = world.request().await else { panic!("a payout") };
    let approve = Command::Approve { seal: stored.payout.seal };
    assert!(matches!(world.command(&stored.payout.id, Role::Admin, "usr_ada", approve).await, Moved::Done(_)));
    assert!(matches!(rule(&world, "in_1", Verdict::Reject, "usr_ada").await, Ruled::Done(_)));
    // What is approved goes out; what it should not have paid is owed.
    assert_eq!((world.available().await, world.total().await), ("-29.70".to_owned(), "0.00".to_owned()));
    world.verified().await;
}

#[tokio::test]
async fn a_confirmed_fraud_suspends_when_asked_to_and_teaches_the_card() {
    let world = world().await;
    let sale = paid(&world, "in_1", |paid| SalePaid {
        email: email(PARTNERS_ADDRESS),
        buyer: Buyer { paid_from: Some(fingerprint_digest("a new card")), ..Buyer::default() },
        ..paid
    });
    book(&world, sale).await;
    let suspending = Deciding { suspends: true, ..deciding(&world, Verdict::Reject, "usr_ada") };
    let ruled = decide(&world.store, &world.tenant, &review_of("in_1"), &suspending).await.expect("an answer");
    assert!(matches!(ruled, Ruled::Done(_)), "{ruled:?}");
    let partner = world.store.get_partner(&world.tenant, &world.partner).await.expect("store").expect("a partner");
    assert_eq!(partner.status, PartnerStatus::Suspended);
    let marks = world.store.list_marks(&world.tenant, &world.partner).await.expect("store");
    assert!(marks.contains(&Mark::of_fingerprint(MarkKind::Card, "a new card")));
    world.verified().await;
}

#[tokio::test]
async fn customers_from_one_address_are_a_habit_that_stops_payouts_until_decided() {
    // FRD-2
    let mut world = World::new().await;
    for n in 1..=3 {
        book(&world, world.seen(&format!("cus_{n}"), Some(&world.token))).await;
        book(&world, world.sale(&format!("in_{n}"), &format!("cus_{n}"), "10.00")).await;
    }
    let mut sales = Vec::new();
    for n in 1..=3 {
        sales.push(world.kept_sale(&format!("in_{n}")).await);
    }
    let look = |sales: Vec<domain::sale::Sale>, world: &World| {
        let (store, tenant, partner, now) =
            (world.store.clone(), world.tenant.clone(), world.partner.clone(), world.now);
        async move {
            let sales: Vec<&domain::sale::Sale> = sales.iter().collect();
            habits::review(&store, &tenant, &partner, &sales, now).await.expect("an answer")
        }
    };
    assert_eq!(look(sales[..2].to_vec(), &world).await, None);
    let first = look(sales.clone(), &world).await.expect("a review");
    assert_eq!(first.findings[0].signals[0].code, Reason::SharedAddress);
    assert_eq!(look(sales.clone(), &world).await, Some(first.clone()), "looked at again, it is the same");
    world.pass_days(31);
    assert_eq!(world.request().await, Requested::UnderReview);
    let release = deciding(&world, Verdict::Release, "usr_ada");
    let ruled = decide(&world.store, &world.tenant, &first.id, &release).await.expect("an answer");
    assert!(matches!(ruled, Ruled::Done(_)), "{ruled:?}");
    assert!(matches!(world.request().await, Requested::Created(_)));
    let after = look(sales, &world).await.expect("the same review");
    assert_eq!(after.state.word(), "released", "what a person ended stays ended");
    world.verified().await;
}

#[tokio::test]
async fn two_partners_with_one_address_are_noticed_and_two_with_one_card_are_not() {
    // FRD-3
    let world = World::new().await;
    let other = domain::id::PartnerId::from_ulid(8_u128.into());
    let address = Mark { kind: MarkKind::Email, digest: email(PARTNERS_ADDRESS).expect("an address") };
    let card = Mark::of_fingerprint(MarkKind::Card, "a company's card");
    for (partner, marks, expected) in [
        (&world.partner, vec![card], None),
        (&other, vec![card], None),
        (&world.partner, vec![address], None),
        (&other, vec![address], Some(Reason::DuplicatePartner)),
    ] {
        let found = habits::record_marks(&world.store, &world.tenant, partner, &marks, world.now).await.expect("store");
        let reason = found.map(|review| review.findings[0].signals[0].code);
        assert_eq!(reason, expected, "{partner} {marks:?}");
    }
    assert_eq!(world.store.list_stops(&world.tenant, &other).await.expect("store").len(), 1);
}
