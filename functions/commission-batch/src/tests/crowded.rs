//! What one transaction does not take: many accounts under one cap, and a change of one sale that is too large.

use domain::currency::Currency;
use domain::fact::{Fact, SalePaid, SoldItem};
use domain::id::{LinkId, PartnerId};
use domain::line::Account;
use domain::money::Money;
use domain::rule::{Caps, Reward, Terms};
use domain::touch::{Touch, Touches, VisitorHash};
use queues::VisitDue;
use store::links::Link;
use store::partners::{Enrolment, Partner, PartnerStatus};
use store::people::Person;
use store::runs::{UnitOf, UnitOutcome};
use world::World;

use super::adjusting::{
    FIRST, SECOND, book, furnish_second, program, rate, sale, second_partner, terms, usd, world_of,
};
use super::{LATER, at, due};
use crate::visit;

/// One more partner in the programme, and the token of a click on its link.
async fn furnish(world: &World, n: u128) -> (PartnerId, String) {
    let (partner, now) = (PartnerId::from_ulid((1_000 + n).into()), world.now);
    let person = Person { email_sealed: String::new(), name_sealed: String::new(), recorded_at: now };
    let enrolment = Enrolment { program: program(), tier: domain::tier::Tier::Tier1, enrolled_at: now };
    let record = Partner { id: partner.clone(), status: PartnerStatus::Active, created_at: at("2026-01-01T00:00:00Z") };
    world.store.create_partner(&world.tenant, &record, &person, &enrolment).await.expect("a partner");
    let link = Link {
        id: LinkId::from_ulid((2_000 + n).into()),
        code: format!("partner{n}"),
        partner: partner.clone(),
        program: program(),
        destination: "https://shop.example/".to_owned(),
        window_days: 30,
        commission_rate: None,
        active: true,
        created_at: now,
        details: Default::default(),
    };
    world.store.create_link(&world.tenant, &link).await.expect("a link");
    let touch = Touch { at: at("2026-11-21T12:00:00Z"), link: link.id, visitor: VisitorHash::from_bytes([2; 8]) };
    (partner, world.sign(&Touches::from(touch)))
}

#[tokio::test]
async fn com_10_a_cap_over_more_accounts_than_one_transaction_takes_is_kept() {
    let caps = Caps { per_program_period: Some(usd("30.00")), ..Caps::default() };
    let world = world_of(Terms { caps, ..terms(Reward::Percentage(rate("0.2"))) }).await;
    let mut partners = Vec::new();
    for n in 0..36 {
        let (partner, token) = furnish(&world, n).await;
        let told = sale(&world, &format!("in_{n:02}"), &format!("cus_{n}"), "100", FIRST);
        let Fact::SalePaid(paid) = told else { unreachable!("a sale") };
        book(&world, &Fact::SalePaid(SalePaid { click_token: Some(token), ..paid })).await;
        partners.push(partner);
    }
    let visit_due = VisitDue { program: Some(program()), ..due(&world, "2026-11-23") };
    visit::visit(&world.store, &world.tenant, &visit_due, at(LATER)).await.expect("visited");
    let mut totals = Vec::new();
    for partner in partners {
        let account = Account { partner, currency: Currency::USD };
        totals.push(world.store.get_head(&world.tenant, &account).await.expect("store").total().expect("in range"));
    }
    assert_eq!(Money::try_sum(totals.into_iter(), Currency::USD).expect("in range"), usd("30.00"));
    world.verified().await;
}

#[tokio::test]
async fn a_sale_whose_change_one_transaction_does_not_take_is_an_error_of_its_unit_by_name() {
    let (world, other) = (World::new().await, second_partner());
    let token = furnish_second(&world, &other).await;
    let Fact::SalePaid(paid) = sale(&world, "in_1", "cus_1", "60", SECOND) else { unreachable!("a sale") };
    let items = (0..60).map(|n| SoldItem { product: format!("prod_{n}"), amount: usd("1") }).collect();
    book(&world, &Fact::SalePaid(SalePaid { click_token: Some(token), items, ..paid })).await;
    // Another brought the customer: 60 lines go from one account to the other, 120 in all.
    book(&world, &world.seen("cus_1", Some(&world.token))).await;
    let visit_due = VisitDue { partner: other.clone(), ..due(&world, "2026-11-23") };
    let refused = visit::visit(&world.store, &world.tenant, &visit_due, at(LATER)).await;
    assert!(matches!(refused, Err(edge::lambda::Failure::Reject(_))), "{refused:?}");
    let of = UnitOf::Account { partner: other.clone(), currency: Currency::USD };
    let unit = world.store.get_unit(&world.tenant, &visit_due.run, &of).await.expect("store").expect("a unit");
    let UnitOutcome::Failed { reason } = unit.outcome else { unreachable!("{:?}", unit.outcome) };
    assert_eq!(reason, "120 lines at once are more than one transaction takes");
    let account = Account { partner: other, currency: Currency::USD };
    let head = world.store.get_head(&world.tenant, &account).await.expect("store");
    assert_eq!(head.total().expect("in range"), usd("18.00"), "nothing was written");
    world.verified().await;
}
