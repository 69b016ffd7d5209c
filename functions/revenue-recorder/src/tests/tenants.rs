//! Two tenants of one deployment are told the same names: nothing of the one is known to the other.

use domain::fact::{Lead, SalePaid};
use domain::sale::Sale;
use store::coupons::{Coupon, CouponCode};
use store::managed::Managed;
use store::{TenantKey, Written};

use super::*;

/// A world of two furnished tenants: the first one's key; the second is the world's own. The token is the first one's.
async fn two() -> (World, TenantKey) {
    let mut world = World::new().await;
    let (first, token) = (world.tenant.clone(), world.token.clone());
    world.move_to(2).await;
    world.token = token;
    (world, first)
}

async fn book_in(world: &World, tenant: &TenantKey, fact: Fact) -> Booked {
    Recorder::new(&world.store, tenant, &world.keys, &Zone::utc(), world.now).book(&fact).await.expect("booked")
}

fn nobody(sale: &Sale) -> Option<NobodyReason> {
    match sale.decision {
        Decision::Nobody { reason, .. } => Some(reason),
        Decision::Partners { .. } => None,
    }
}

#[tokio::test]
async fn a_payment_its_names_and_its_refunds_are_of_one_tenant() {
    let (world, first) = two().await;
    for fact in
        [world.seen("cus_1", Some(&world.token)), world.sale("in_1", "cus_1", "99.00"), world.alias("in_1", "pi_1")]
    {
        assert_eq!(book_in(&world, &first, fact).await, Booked::Recorded);
    }
    // The other tenant has no such payment, under no name, and no such customer.
    for name in ["in_1", "pi_1"] {
        assert_eq!(book(&world, world.refund(&format!("re_{name}"), name, "99.00")).await, Booked::Parked);
    }
    assert_eq!(world.store.list_waiting(&first, None, 10).await.expect("store").items, Vec::new());
    assert_eq!(book(&world, world.sale("in_1", "cus_1", "50.00")).await, Booked::Recorded);
    assert_eq!(nobody(&world.kept_sale("in_1").await), Some(NobodyReason::CustomerUnknown));
    assert_eq!(world.kept_sale("in_1").await.refunded.to_text(), "99.00");
    let known = world.store.get_sale(&first, &domain::id::SaleId::of(&world::key("in_1"))).await.expect("store");
    assert_eq!(known.map(|sale| (sale.paid.to_text(), sale.refunded.to_text())), Some(("99.00".into(), "0.00".into())));
    let head = world.store.get_head(&first, &world.account()).await.expect("store");
    assert_eq!((head.total().expect("in range").to_text(), world.total().await), ("29.70".into(), "0.00".into()));
    world.verified().await;
}

#[tokio::test]
async fn what_brings_a_customer_to_one_tenant_brings_nobody_to_another() {
    let (world, first) = two().await;
    let email = domain::email::digest("ann@customer.example");
    let code = CouponCode::parse("SAVE10").expect("code");
    let (partner, program) = (world.partner.clone(), world::program());
    let coupon = Coupon { code, partner, program, valid_from: world.now, valid_until: None, promotion: None };
    assert_eq!(world.store.create_coupon(&first, &coupon).await.expect("store"), Written::Yes);
    let listed = Managed {
        partner: world.partner.clone(),
        program: world::program(),
        customer: world::key("cus_listed"),
        from: world.now,
        until: None,
    };
    assert_eq!(world.store.record_managed(&first, &listed).await.expect("store"), Written::Yes);
    let lead = Lead {
        event: world::key("lead_1"),
        occurred_at: world.now,
        click_token: Some(world.token.clone()),
        email: email.expect("an address"),
        is_qualified: false,
    };
    book_in(&world, &first, Fact::Lead(lead)).await;
    let with_coupon = |mut paid: SalePaid| {
        paid.traits.coupon = Some("SAVE10".to_owned());
        paid
    };
    let sales = [
        with_coupon(world.paid("in_coupon", "cus_1", "100.00")),
        SalePaid { email, ..world.paid("in_lead", "cus_2", "100.00") },
        SalePaid { email, customer: None, ..world.paid("in_guest", "nobody", "100.00") },
        world.paid("in_listed", "cus_listed", "100.00"),
    ];
    for sale in &sales {
        book_in(&world, &first, Fact::SalePaid(sale.clone())).await;
        book(&world, Fact::SalePaid(sale.clone())).await;
    }
    let head = world.store.get_head(&first, &world.account()).await.expect("store");
    assert_eq!(head.total().expect("in range").to_text(), "120.00");
    assert_eq!(world.total().await, "0.00");
    world.verified().await;
}

#[tokio::test]
async fn a_token_of_another_tenants_link_is_a_touch_of_nobody() {
    // A token is signed for its tenant; and the link in it is looked up in the tenant of the sale.
    let (world, first) = two().await;
    let link = domain::id::LinkId::from_ulid(77_u128.into());
    let made = store::links::Link {
        id: link.clone(),
        code: "of-the-first".to_owned(),
        partner: world.partner.clone(),
        program: world::program(),
        destination: "https://shop.example/".to_owned(),
        window_days: 30,
        commission_rate: None,
        active: true,
        created_at: world.now,
        details: Default::default(),
    };
    world.store.create_link(&first, &made).await.expect("a link");
    let visitor = domain::touch::VisitorHash::from_bytes([1; 8]);
    let touch = domain::touch::Touch { at: world.now, link, visitor };
    let touches = domain::touch::Touches::from(touch);
    let (theirs, ours) = (world::signed(&world.keys, &first, &touches), world.sign(&touches));
    for tenant in [&first, &world.tenant] {
        book_in(&world, tenant, world.seen("cus_1", Some(&theirs))).await;
        book_in(&world, tenant, world.sale("in_1", "cus_1", "99.00")).await;
    }
    assert_eq!(nobody(&world.kept_sale("in_1").await), Some(NobodyReason::TokenRefused));
    let guest = SalePaid { customer: None, click_token: Some(ours), ..world.paid("in_2", "nobody", "99.00") };
    book(&world, Fact::SalePaid(guest)).await;
    assert_eq!(nobody(&world.kept_sale("in_2").await), Some(NobodyReason::NoEligibleTouch));
    let theirs = world.store.get_sale(&first, &domain::id::SaleId::of(&world::key("in_1"))).await.expect("store");
    assert_eq!(theirs.map(|sale| sale.decision.credits().len()), Some(1));
}
