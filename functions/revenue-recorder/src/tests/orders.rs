//! V13, where somebody's word comes late: whichever of two facts is told first, the ledger ends alike.

use domain::attribution::Source;
use domain::digest::Digest;
use domain::fact::{CustomerSeen, Lead, SalePaid};
use domain::fraud::marks::{Mark, MarkKind};

use super::*;

fn email() -> Option<Digest> {
    domain::email::digest("ann@customer.example")
}

#[tokio::test]
async fn a_lead_brings_a_guest_who_gives_its_address_in_every_order() {
    // ATT-3: nobody's customer, so nothing but the address joins the two.
    for order in permutations(3) {
        let world = World::new().await;
        let lead = |event: &str, is_qualified| {
            let (event, occurred_at) = (world::key(event), world.now);
            let (click_token, email) = (Some(world.token.clone()), email().expect("an address"));
            Fact::Lead(Lead { event, occurred_at, click_token, email, is_qualified })
        };
        let guest = SalePaid { customer: None, email: email(), ..world.paid("in_1", "nobody", "99.00") };
        let facts = [lead("lead_1", false), Fact::SalePaid(guest), world.refund("re_1", "in_1", "49.50")];
        for place in &order {
            book(&world, facts[*place].clone()).await;
        }
        for place in order.iter().rev() {
            assert_eq!(book(&world, facts[*place].clone()).await, Booked::AlreadySeen, "{order:?}");
        }
        let sale = world.kept_sale("in_1").await;
        let sources: Vec<_> = sale.decision.credits().iter().map(|credit| credit.source).collect();
        assert_eq!((sources, sale.customer), (vec![Source::LeadEmail], None), "{order:?}");
        assert_eq!(world.total().await, "14.85", "{order:?}");
        world.verified().await;
    }
}

#[tokio::test]
async fn a_guest_whom_no_lead_brought_stays_nobodys_and_says_why() {
    let world = World::new().await;
    let guest = SalePaid { customer: None, email: email(), ..world.paid("in_1", "nobody", "99.00") };
    let mut with_code = guest.clone();
    with_code.payment = world::key("in_2");
    with_code.traits.coupon = Some("BLACKFRIDAY".to_owned());
    for paid in [guest, with_code] {
        book(&world, Fact::SalePaid(paid)).await;
    }
    let of_another = Lead {
        event: world::key("lead_1"),
        occurred_at: world.now,
        click_token: Some(world.token.clone()),
        email: domain::email::digest("bob@customer.example").expect("an address"),
        is_qualified: false,
    };
    book(&world, Fact::Lead(of_another)).await;
    let decision = world.kept_sale("in_1").await.decision;
    assert_eq!(decision, Decision::nobody(NobodyReason::NoTouch));
    let reasons = world.kept_sale("in_2").await.decision.losers().iter().map(|loser| loser.reason).collect::<Vec<_>>();
    assert_eq!(reasons, [domain::attribution::LossReason::UnknownCoupon]);
    assert_eq!(world.total().await, "0.00");
    world.verified().await;
}

#[tokio::test]
async fn a_partner_who_buys_under_the_own_address_is_found_out_whichever_meeting_is_told_first() {
    // FRD-1: the check-out tells no address; the sale of the same click does, and it is the partner's.
    for order in permutations(2) {
        let world = World::new().await;
        let mark = Mark { kind: MarkKind::Email, digest: email().expect("an address") };
        world.store.record_marks(&world.tenant, &world.partner, &[mark], world.now).await.expect("recorded");
        let Fact::CustomerSeen(seen) = world.seen("cus_1", Some(&world.token)) else { unreachable!("a check-out") };
        let own =
            SalePaid { email: email(), click_token: Some(world.token.clone()), ..world.paid("in_1", "cus_1", "99.00") };
        let facts = [Fact::CustomerSeen(CustomerSeen { ..seen }), Fact::SalePaid(own)];
        for place in &order {
            book(&world, facts[*place].clone()).await;
        }
        book(&world, world.sale("in_2", "cus_1", "99.00")).await;
        for invoice in ["in_1", "in_2"] {
            let decision = world.kept_sale(invoice).await.decision;
            assert_eq!(decision, Decision::nobody(NobodyReason::NoEligibleTouch), "{order:?} {invoice}");
        }
        world.verified().await;
    }
}

#[tokio::test]
async fn a_name_that_only_a_later_telling_of_the_sale_brings_is_a_name_of_it() {
    // ING-4: one account has two endpoints of different API versions, and only the old one names the payment intent.
    for order in permutations(3) {
        let world = World::new().await;
        book(&world, world.seen("cus_1", Some(&world.token))).await;
        let aliases = vec![world::key("pi_1"), world::key("ch_1")];
        let facts = [
            world.sale("in_1", "cus_1", "99.00"),
            Fact::SalePaid(SalePaid { aliases, ..world.paid("in_1", "cus_1", "99.00") }),
            world.refund("re_1", "pi_1", "99.00"),
        ];
        for place in &order {
            book(&world, facts[*place].clone()).await;
        }
        assert_eq!(world.total().await, "0.00", "{order:?}");
        assert_eq!(world.lines().await.len(), 2, "{order:?}");
        assert_eq!(world.store.list_waiting(&world.tenant, None, 9).await.expect("store").items, [], "{order:?}");
        world.verified().await;
    }
}

#[tokio::test]
async fn a_sale_told_only_under_another_name_of_its_payment_waits_and_is_not_forgotten() {
    // ING-6: that money came in is known; under which key it is kept is not, until the payment is told by its own.
    let world = World::new().await;
    book(&world, world.seen("cus_1", Some(&world.token))).await;
    book(&world, world.alias("in_1", "pi_1")).await;
    let aliases = vec![world::key("cs_1")];
    let by_name = Fact::SalePaid(SalePaid { aliases, ..world.paid("pi_1", "cus_1", "99.00") });
    assert_eq!(book(&world, by_name.clone()).await, Booked::Parked);
    assert_eq!(book(&world, by_name.clone()).await, Booked::Parked);
    let waiting = world.store.list_waiting(&world.tenant, None, 9).await.expect("store").items;
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    assert_eq!(book(&world, world.sale("in_1", "cus_1", "99.00")).await, Booked::Recorded);
    assert_eq!(world.store.list_waiting(&world.tenant, None, 9).await.expect("store").items, []);
    assert_eq!(book(&world, by_name).await, Booked::AlreadySeen);
    // The name that only it told is the payment's too.
    assert_eq!(book(&world, world.refund("re_1", "cs_1", "49.50")).await, Booked::Recorded);
    assert_eq!(world.total().await, "14.85");
    world.verified().await;
}
