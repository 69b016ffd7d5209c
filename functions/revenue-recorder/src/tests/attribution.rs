//! ATT: who is paid for a sale, by what was told of its customer, in every order.

use domain::attribution::claim::{Claim, ClaimDecided, ClaimState};
use domain::attribution::customer::Customer;
use domain::attribution::record::record;
use domain::attribution::settings::AttributionSettings;
use domain::attribution::{LossReason, Source};
use domain::audit::{Actor, ChainEnd, Deed, append};
use domain::digest::Digest;
use domain::fact::{CustomerSeen, Lead, PaymentKey, SalePaid, SignUp};
use domain::fraud::marks::{Mark, MarkKind};
use domain::id::{ClaimId, LinkId, PartnerId, ProgramId};
use domain::sale::Sale;
use domain::time::Timestamp;
use domain::touch::{Touch, Touches};
use store::Written;
use store::claims::ClaimDecision;
use store::coupons::{Coupon, CouponCode};
use store::customers::CustomerChange;
use store::links::Link;
use store::managed::Managed;
use store::partners::{Enrolment, Partner, StatusChange, Tier};
use store::people::Person;

use super::*;

fn other() -> PartnerId {
    PartnerId::from_ulid(8_u128.into())
}

fn email() -> Option<Digest> {
    domain::email::digest("ann@customer.example")
}

fn minutes_ago(world: &World, minutes: i64) -> Timestamp {
    Timestamp::from_millisecond(world.now.as_millisecond() - minutes * 60_000).expect("instant")
}

/// A world with a second partner, who has a link of its own.
async fn world_of_two() -> World {
    let world = World::new().await;
    let person = Person { email_sealed: String::new(), name_sealed: String::new(), recorded_at: world.now };
    let enrolment = Enrolment { program: world::program(), tier: Tier::Tier1, enrolled_at: world.now };
    let record = Partner { id: other(), status: PartnerStatus::Active, created_at: world.now };
    world.store.create_partner(&world.tenant, &record, &person, &enrolment).await.expect("a partner");
    let link = Link {
        id: others_link(),
        code: "bob".to_owned(),
        partner: other(),
        program: world::program(),
        destination: "https://shop.example/".to_owned(),
        window_days: 30,
        commission_rate: None,
        active: true,
        created_at: world.now,
        details: Default::default(),
    };
    world.store.create_link(&world.tenant, &link).await.expect("a link");
    world
}

fn others_link() -> LinkId {
    LinkId::from_ulid(10_u128.into())
}

/// A token of clicks, oldest first.
fn token(world: &World, clicks: &[(LinkId, i64)]) -> String {
    let visitor = world::visitor();
    let touches = clicks.iter().fold(Touches::none(), |touches, (link, minutes)| {
        touches.push(Touch { at: minutes_ago(world, *minutes), link: link.clone(), visitor })
    });
    world.sign(&touches)
}

fn met(world: &World, event: &str, minutes: i64, change: impl FnOnce(CustomerSeen) -> CustomerSeen) -> Fact {
    let Fact::CustomerSeen(seen) = world.seen("cus_1", None) else { unreachable!("a check-out") };
    let seen = CustomerSeen { event: world::key(event), occurred_at: minutes_ago(world, minutes), ..seen };
    Fact::CustomerSeen(change(seen))
}

fn sold(world: &World, invoice: &str, minutes: i64, change: impl FnOnce(SalePaid) -> SalePaid) -> Fact {
    let paid = world.paid(invoice, "cus_1", "100.00");
    Fact::SalePaid(change(SalePaid { occurred_at: minutes_ago(world, minutes), ..paid }))
}

fn lead(world: &World, minutes: i64, click_token: String) -> Fact {
    let (event, occurred_at) = (world::key("lead_1"), minutes_ago(world, minutes));
    let email = email().expect("an address");
    Fact::Lead(Lead { event, occurred_at, click_token: Some(click_token), email, is_qualified: false })
}

fn paid_to(sale: &Sale) -> Vec<(PartnerId, Source)> {
    sale.decision.credits().iter().map(|credit| (credit.partner.clone(), credit.source)).collect()
}

fn nobody(sale: &Sale) -> Option<NobodyReason> {
    match sale.decision {
        Decision::Nobody { reason, .. } => Some(reason),
        Decision::Partners { .. } => None,
    }
}

async fn customer(world: &World) -> Customer {
    world.store.get_customer(&world.tenant, &world::key("cus_1")).await.expect("store").expect("there")
}

async fn coupon(world: &World, until: Option<Timestamp>) {
    let coupon = Coupon {
        code: CouponCode::parse("SAVE10").expect("code"),
        partner: other(),
        program: world::program(),
        valid_from: minutes_ago(world, 1_000),
        valid_until: until,
        promotion: None,
    };
    assert_eq!(world.store.create_coupon(&world.tenant, &coupon).await.expect("store"), Written::Yes);
}

#[tokio::test]
async fn who_paid_before_the_first_click_was_not_brought_by_it() {
    // ATT-1, ATT-4: in both orders. The first click of the world is a minute old.
    for order in [[0, 1, 2], [1, 0, 2], [1, 2, 0], [2, 1, 0]] {
        let world = World::new().await;
        let with_token = |seen| CustomerSeen { click_token: Some(world.token.clone()), ..seen };
        let facts = [
            sold(&world, "in_0", 60, |paid| paid),
            met(&world, "cs_1", 0, with_token),
            sold(&world, "in_1", 0, |paid| paid),
        ];
        for place in order {
            book(&world, facts[place].clone()).await;
        }
        let early = world.kept_sale("in_0").await;
        assert_eq!(nobody(&early), Some(NobodyReason::ExistingCustomer), "{order:?}");
        let late = world.kept_sale("in_1").await;
        let shown = record(&late, Some(&customer(&world).await)).expect("a record");
        // A sale that was paid for keeps its lines until the night decides again.
        assert!(nobody(&late) == Some(NobodyReason::ExistingCustomer) || shown.is_outdated, "{order:?}");
        world.verified().await;
    }
}

#[tokio::test]
async fn a_coupon_pays_its_partner_without_a_click_and_above_one() {
    // ATT-3, ATT-6
    let world = world_of_two().await;
    coupon(&world, None).await;
    let with_both = |mut paid: SalePaid| {
        paid.traits.coupon = Some(" save10".to_owned());
        SalePaid { click_token: Some(world.token.clone()), ..paid }
    };
    book(&world, sold(&world, "in_1", 0, with_both)).await;
    let sale = world.kept_sale("in_1").await;
    assert_eq!(paid_to(&sale), [(other(), Source::Coupon)]);
    assert!(sale.decision.losers().is_empty(), "what lost is kept with the customer");
    let record = record(&sale, Some(&customer(&world).await)).expect("a record");
    let losers: Vec<_> = record.losers.iter().map(|loser| (loser.partner.clone(), loser.reason)).collect();
    assert_eq!(losers, [(Some(world.partner.clone()), LossReason::LowerPrecedence)]);
    world.verified().await;
}

#[tokio::test]
async fn a_coupon_that_had_ended_pays_nobody() {
    let world = world_of_two().await;
    coupon(&world, Some(minutes_ago(&world, 5))).await;
    let at = |minutes| met(&world, "cs_1", minutes, |seen| CustomerSeen { coupon: Some("SAVE10".to_owned()), ..seen });
    book(&world, at(5)).await;
    book(&world, sold(&world, "in_1", 0, |paid| paid)).await;
    assert_eq!(nobody(&world.kept_sale("in_1").await), Some(NobodyReason::NoEligibleTouch));
    // Used a minute before its end it counts, whenever that is told.
    book(&world, met(&world, "cs_0", 6, |seen| CustomerSeen { coupon: Some("SAVE10".to_owned()), ..seen })).await;
    assert_eq!(paid_to(&world.kept_sale("in_1").await), [(other(), Source::Coupon)]);
    world.verified().await;
}

#[tokio::test]
async fn a_promotion_of_the_tenants_own_is_nobodys_touch() {
    let world = world_of_two().await;
    let with_code = |mut paid: SalePaid| {
        paid.traits.coupon = Some("BLACKFRIDAY".to_owned());
        paid
    };
    book(&world, sold(&world, "in_1", 0, with_code)).await;
    assert_eq!(nobody(&world.kept_sale("in_1").await), Some(NobodyReason::CustomerUnknown));
    let guest = |paid| SalePaid { customer: None, ..with_code(paid) };
    book(&world, sold(&world, "in_2", 0, guest)).await;
    let losers = world.kept_sale("in_2").await.decision.losers().to_vec();
    assert_eq!(losers.iter().map(|loser| loser.reason).collect::<Vec<_>>(), [LossReason::UnknownCoupon]);
}

#[tokio::test]
async fn a_lead_brings_the_customer_who_gives_its_address_in_every_order() {
    // ATT-3
    for order in permutations(3) {
        let world = world_of_two().await;
        let clicked = token(&world, &[(others_link(), 50)]);
        let with_email = |paid| SalePaid { email: email(), ..paid };
        let facts = [
            lead(&world, 40, clicked),
            sold(&world, "in_1", 10, with_email),
            met(&world, "cs_1", 11, |seen| CustomerSeen { email: email(), ..seen }),
        ];
        for place in &order {
            book(&world, facts[*place].clone()).await;
        }
        for place in order.iter().rev() {
            assert_eq!(book(&world, facts[*place].clone()).await, Booked::AlreadySeen);
        }
        assert_eq!(paid_to(&world.kept_sale("in_1").await), [(other(), Source::LeadEmail)], "{order:?}");
        world.verified().await;
    }
}

#[tokio::test]
async fn a_click_goes_above_a_lead_and_a_lead_without_a_touch_brings_nobody() {
    let world = world_of_two().await;
    book(&world, lead(&world, 40, token(&world, &[(others_link(), 50)]))).await;
    let clicked = |paid| SalePaid { email: email(), click_token: Some(world.token.clone()), ..paid };
    book(&world, sold(&world, "in_1", 0, clicked)).await;
    assert_eq!(paid_to(&world.kept_sale("in_1").await), [(world.partner.clone(), Source::Click)]);
    let unclicked = Fact::Lead(Lead {
        event: world::key("lead_2"),
        occurred_at: world.now,
        click_token: None,
        email: domain::email::digest("else@customer.example").expect("an address"),
        is_qualified: false,
    });
    assert_eq!(book(&world, unclicked).await, Booked::AlreadySeen);
}

#[tokio::test]
async fn the_earliest_meeting_binds_whichever_is_told_first() {
    // ATT-4, V13: what has lines is the night's to move; what has none is decided at once.
    for order in permutations(2) {
        let world = world_of_two().await;
        let earlier = token(&world, &[(others_link(), 50)]);
        let later = token(&world, &[(world::link(), 20)]);
        let facts = [
            met(&world, "cs_1", 45, |seen| CustomerSeen { click_token: Some(earlier), ..seen }),
            met(&world, "cs_2", 15, |seen| CustomerSeen { click_token: Some(later), ..seen }),
        ];
        for place in &order {
            book(&world, facts[*place].clone()).await;
        }
        book(&world, sold(&world, "in_1", 0, |paid| paid)).await;
        assert_eq!(paid_to(&world.kept_sale("in_1").await), [(other(), Source::Click)], "{order:?}");
    }
}

#[tokio::test]
async fn an_earlier_meeting_that_comes_late_decides_what_nobody_was_paid_for() {
    let world = World::new().await;
    book(&world, met(&world, "cs_2", 0, |seen| seen)).await;
    book(&world, sold(&world, "in_1", 0, |paid| paid)).await;
    assert_eq!(nobody(&world.kept_sale("in_1").await), Some(NobodyReason::NoTouch));
    let with_token = |seen| CustomerSeen { click_token: Some(world.token.clone()), ..seen };
    book(&world, met(&world, "cs_1", 0, with_token)).await;
    assert_eq!(world.total().await, "30.00");
    assert!(world.store.list_undecided(&world.tenant, &world::key("cus_1")).await.expect("store").is_empty());
    world.verified().await;
}

#[tokio::test]
async fn a_click_counts_by_the_standing_of_its_own_time() {
    // ATT-1: suspended between the first click and the second; the sale comes after both.
    let world = World::new().await;
    let change = StatusChange { at: minutes_ago(&world, 30), status: PartnerStatus::Suspended };
    let seen = PartnerStatus::Active;
    world.store.set_partner_status(&world.tenant, &world.partner, seen, change).await.expect("store");
    let while_active = token(&world, &[(world::link(), 40)]);
    let while_suspended = token(&world, &[(world::link(), 20)]);
    let with = |token: String| move |paid| SalePaid { customer: None, click_token: Some(token), ..paid };
    book(&world, sold(&world, "in_1", 0, with(while_active))).await;
    book(&world, sold(&world, "in_2", 0, with(while_suspended))).await;
    assert_eq!(paid_to(&world.kept_sale("in_1").await), [(world.partner.clone(), Source::Click)]);
    let losers = world.kept_sale("in_2").await.decision.losers().to_vec();
    assert_eq!(losers.iter().map(|loser| loser.reason).collect::<Vec<_>>(), [LossReason::InactivePartner]);
}

#[tokio::test]
async fn a_click_counts_by_the_standing_in_its_own_programme_and_while_that_was_open() {
    // ATT-1: suspended there from half an hour ago; then taken back, and the programme closed.
    let world = World::new().await;
    let stand = async |status: PartnerStatus, minutes: i64| {
        let before =
            world.store.get_partner_record(&world.tenant, &world.partner).await.expect("store").expect("there");
        let mut after = before.clone().raised();
        after.enrolments[0].status = status;
        let at = minutes_ago(&world, minutes);
        let change = store::partners::record::PartnerChange {
            at,
            ..store::partners::record::PartnerChange::of(&before, &after)
        };
        world.store.change_partner(&world.tenant, &change).await.expect("store")
    };
    assert_eq!(stand(PartnerStatus::Suspended, 30).await, Written::Yes);
    assert_eq!(stand(PartnerStatus::Active, 10).await, Written::Yes);
    let record = world.store.get_program_record(&world.tenant, &world::program()).await.expect("store").expect("there");
    let mut closed = record.with_status(false, minutes_ago(&world, 5));
    closed.version += 1;
    world.store.replace_program(&world.tenant, &closed, false).await.expect("store");
    let rows = [
        ("in_1", 40, None),
        ("in_2", 20, Some(LossReason::InactivePartner)),
        ("in_3", 7, None),
        ("in_4", 3, Some(LossReason::ClosedProgram)),
    ];
    for (invoice, minutes, lost) in rows {
        let token = token(&world, &[(world::link(), minutes)]);
        let with = |paid| SalePaid { customer: None, click_token: Some(token), ..paid };
        book(&world, sold(&world, invoice, 0, with)).await;
        let decision = world.kept_sale(invoice).await.decision;
        let reasons: Vec<LossReason> = decision.losers().iter().map(|loser| loser.reason).collect();
        assert_eq!(reasons, lost.into_iter().collect::<Vec<_>>(), "{minutes} minutes ago");
        assert_eq!(decision.credits().len(), usize::from(lost.is_none()), "{minutes} minutes ago");
    }
}

#[tokio::test]
async fn who_buys_under_the_partners_own_address_was_not_brought_by_the_partner() {
    // FRD-1
    let world = World::new().await;
    let mark = Mark { kind: MarkKind::Email, digest: email().expect("an address") };
    world.store.record_marks(&world.tenant, &world.partner, &[mark], world.now).await.expect("recorded");
    let own = |paid| SalePaid { click_token: Some(world.token.clone()), email: email(), ..paid };
    book(&world, sold(&world, "in_1", 0, own)).await;
    let sale = world.kept_sale("in_1").await;
    assert_eq!(nobody(&sale), Some(NobodyReason::NoEligibleTouch));
    let record = record(&sale, Some(&customer(&world).await)).expect("a record");
    assert_eq!(record.losers.iter().map(|loser| loser.reason).collect::<Vec<_>>(), [LossReason::SelfReferral]);
}

#[tokio::test]
async fn a_customer_on_an_account_list_is_paid_for_without_a_click() {
    // COM-17
    let world = world_of_two().await;
    let managed = Managed {
        partner: other(),
        program: world::program(),
        customer: world::key("cus_1"),
        from: minutes_ago(&world, 30),
        until: None,
    };
    assert_eq!(world.store.record_managed(&world.tenant, &managed).await.expect("store"), Written::Yes);
    for (invoice, minutes) in [("in_0", 31), ("in_1", 30), ("in_2", 0)] {
        book(&world, sold(&world, invoice, minutes, |paid| paid)).await;
    }
    assert_eq!(nobody(&world.kept_sale("in_0").await), Some(NobodyReason::CustomerUnknown));
    for invoice in ["in_1", "in_2"] {
        assert_eq!(paid_to(&world.kept_sale(invoice).await), [(other(), Source::Managed)]);
    }
    world.verified().await;
}

#[tokio::test]
async fn an_accepted_claim_pays_the_sales_that_nobody_was_paid_for() {
    // ATT-7: once the customer is the claimant's, the next word about them decides what was nobody's, should whoever
    // accepted the claim have died before that.
    let world = world_of_two().await;
    book(&world, sold(&world, "in_1", 30, |paid| paid)).await;
    let claim = Claim {
        id: ClaimId::from_ulid(1_u128.into()),
        partner: other(),
        program: world::program(),
        customer: Some(world::key("cus_1")),
        naming: Default::default(),
        note: "met at the fair".to_owned(),
        made_at: world.now,
        first: None,
        state: ClaimState::Pending,
    };
    let by = Actor::new(Role::Admin, "usr_1");
    let told = |end, action| {
        let new = std::collections::BTreeMap::from([("reason".to_owned(), "they did".to_owned())]);
        let deed = Deed { at: world.now, actor: by.clone(), action, old: std::collections::BTreeMap::new(), new };
        append(end, claim.id.as_str(), deed)
    };
    let made = told(ChainEnd::START, "claim.made");
    world.store.create_claim(&world.tenant, &claim, std::slice::from_ref(&made)).await.expect("made");
    let known = customer(&world).await;
    let audit = [told(made.end(), "claim.accepted")];
    let decided = ClaimDecided { by: by.clone(), at: world.now, reason: "they did".to_owned() };
    let (accepted, mut after) = claim.clone().accept(&known, decided).expect("accepted");
    after.version += 1;
    let key = world::key("cus_1");
    let change =
        CustomerChange { key: &key, before: Some(known.version), after: Some(&after), relies_on: &[], moves: &[] };
    let decision = ClaimDecision { claim: &accepted, customer: Some(change), audit: &audit };
    assert_eq!(world.store.decide_claim(&world.tenant, &decision).await.expect("store"), Written::Yes);
    book(&world, met(&world, "cs_9", 0, |seen| seen)).await;
    assert_eq!(paid_to(&world.kept_sale("in_1").await), [(other(), Source::Claim)]);
    book(&world, sold(&world, "in_2", 0, |paid| SalePaid { click_token: Some(world.token.clone()), ..paid })).await;
    assert_eq!(paid_to(&world.kept_sale("in_2").await), [(other(), Source::Claim)]);
    world.verified().await;
}

#[tokio::test]
async fn the_settings_of_a_programme_decide_how_several_clicks_share() {
    // ATT-2: linear; the one cent that is left goes to the older touch.
    let world = world_of_two().await;
    let program = ProgramId::from_ulid(77_u128.into());
    let settings =
        AttributionSettings { model: domain::attribution::models::Model::Linear, ..AttributionSettings::default() };
    let known = world.store.get_program(&world.tenant, &world::program()).await.expect("store").expect("there");
    let rules = world.store.list_rules(&world.tenant, &world::program()).await.expect("store");
    let made = store::programs::Program { id: program.clone(), attribution: settings, ..known };
    let rule = domain::rule::RuleVersion { program: program.clone(), ..rules[0].clone() };
    world.store.create_program(&world.tenant, &made, &rule).await.expect("made");
    let mut links = Vec::new();
    for (n, partner) in [(21_u128, world.partner.clone()), (22, other())] {
        let link = Link {
            id: LinkId::from_ulid(n.into()),
            code: format!("link{n}"),
            partner,
            program: program.clone(),
            destination: "https://shop.example/".to_owned(),
            window_days: 30,
            commission_rate: None,
            active: true,
            created_at: world.now,
            details: Default::default(),
        };
        world.store.create_link(&world.tenant, &link).await.expect("a link");
        links.push(link.id);
    }
    let both = token(&world, &[(links[0].clone(), 50), (links[1].clone(), 20)]);
    let odd = |paid: SalePaid| {
        let amount = Money::parse("100.02", domain::currency::Currency::USD).expect("amount");
        SalePaid { paid: amount, total: amount, click_token: Some(both), ..paid }
    };
    book(&world, sold(&world, "in_1", 0, odd)).await;
    let sale = world.kept_sale("in_1").await;
    let amounts: Vec<_> = sale.lines.iter().map(|line| (line.partner.clone(), line.amount.to_text())).collect();
    // 30 % of 100.02 is 30.01.
    assert_eq!(amounts, [(world.partner.clone(), "15.01".to_owned()), (other(), "15.00".to_owned())]);
    world.verified().await;
}

#[tokio::test]
async fn a_sign_up_meets_its_customer_and_is_known_as_their_first() {
    let world = World::new().await;
    let sign_up = Fact::SignUp(SignUp {
        event: world::key("sub_1"),
        customer: world::key("cus_1"),
        occurred_at: world.now,
        click_token: Some(world.token.clone()),
        coupon: None,
        email: None,
    });
    book(&world, sign_up).await;
    book(&world, sold(&world, "in_1", 0, |paid| paid)).await;
    let known = customer(&world).await;
    let id = |name: &str| domain::id::SaleId::of(&PaymentKey::parse(name).expect("key"));
    assert_eq!(known.signed_up, Some((world.now, id("stripe:sub_1"))));
    assert_eq!(known.first_paid, Some((world.now, id("stripe:in_1"))));
    assert_eq!(paid_to(&world.kept_sale("in_1").await), [(world.partner.clone(), Source::Click)]);
}

#[tokio::test]
async fn a_renewal_of_a_bound_customer_writes_nothing_of_the_customer() {
    // ledger.md: 8 WRU with its raw event, also where the renewal carries the token and the address of the first sale.
    let mut world = World::new().await;
    let told = |paid| SalePaid { click_token: Some(world.token.clone()), email: email(), ..paid };
    book(&world, sold(&world, "in_1", 0, told)).await;
    let first = customer(&world).await;
    let (click_token, email) = (Some(world.token.clone()), email());
    world.pass_days(31);
    world.database.reset_units();
    book(&world, sold(&world, "in_2", 0, |paid| SalePaid { click_token, email, ..paid })).await;
    assert_eq!(world.database.reset_units().write_hundredths, 700);
    assert_eq!(customer(&world).await, first);
}
