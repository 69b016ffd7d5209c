//! A sign-up that nobody was paid for when it was told, and that a person credits: in the currency of the programme.

use cases::desk::claims::{Judged, Judgement, Verdict, judge, make};
use cases::desk::reattribution::{Reattributed, Who, reattribute};
use domain::attribution::NobodyReason;
use domain::attribution::claim::{Claim, ClaimState};
use domain::fact::SaleType;
use domain::id::{ClaimId, RuleId};
use domain::rule::SignUpBonus;
use domain::sale::{Decision, Sale};
use store::customers::CustomerChange;
use store::programs::record::ProgramReplaced;
use store::sales::{NewSale, SaleWritten};

use super::*;

/// A world whose programme is of euros, and pays what is shipped for a sign-up.
async fn of_euros() -> World {
    let world = World::new().await;
    let (tenant, program) = (&world.tenant, world::program());
    let mut record = world.store.get_program_record(tenant, &program).await.expect("store").expect("there");
    record.program.currency = Currency::EUR;
    record.version += 1;
    let replaced = world.store.replace_program(tenant, &record, false).await.expect("store");
    assert_eq!(replaced, ProgramReplaced::Yes);
    let mut rule = world.store.list_rules(tenant, &program).await.expect("store").remove(0);
    rule.id = RuleId::from_ulid(7_u128.into());
    rule.effective_from = "2026-01-02T00:00:00Z".parse().expect("an instant");
    rule.terms.sign_up_bonus = Some(SignUpBonus::shipped(Currency::EUR).expect("a bonus"));
    world.store.create_rule(tenant, &rule).await.expect("a rule");
    world
}

/// A sign-up of `cus_1` that nobody is paid for, as the recorder books it: of no matter which currency.
async fn signed_up(world: &World) {
    let key = world::key("cus_1");
    let plain = Sale::plain(world::key("sub_1"), usd("0.00"), world.now, day(world, 0));
    let decision = Decision::nobody(NobodyReason::CustomerUnknown);
    let sale = Sale { customer: Some(key.clone()), decision, event_type: SaleType::SignUp, ..plain };
    let mut after = domain::attribution::customer::Customer::default();
    after.sign_up(world.now, &sale.id);
    after.version += 1;
    let meets = CustomerChange { key: &key, before: None, after: Some(&after), relies_on: &[], moves: &[] };
    let new = NewSale { sale: &sale, lines: &[], aliases: &[], open_in: &[], meets: Some(meets), review: None };
    assert_eq!(world.store.create_sale(&world.tenant, &new).await.expect("store"), SaleWritten::Yes);
}

async fn is_paid_in_euros(world: &World) {
    let account = Account { currency: Currency::EUR, ..world.account() };
    let head = world.store.get_head(&world.tenant, &account).await.expect("the head");
    assert_eq!(head.total().map(Money::to_text), Ok("50.00".to_owned()));
    assert_eq!(world.kept_sale("sub_1").await.paid.currency(), Currency::EUR);
    world.verified().await;
}

/// ATT-7, COM-9.
#[tokio::test]
async fn a_sign_up_that_a_claim_brings_is_paid_in_the_programmes_currency() {
    let world = of_euros().await;
    signed_up(&world).await;
    let desk = desk_of(&world, "usr_ada").await;
    let claim = Claim {
        id: ClaimId::from_ulid(1_u128.into()),
        partner: world.partner.clone(),
        program: world::program(),
        customer: Some(world::key("cus_1")),
        naming: Default::default(),
        note: "met at the fair".to_owned(),
        made_at: world.now,
        first: None,
        state: ClaimState::Pending,
    };
    make(&desk, &claim).await.expect("made");
    let judged = judge(&desk, &claim.id, &Judgement::of(Verdict::Accept, "they did")).await.expect("an answer");
    assert!(matches!(judged, Judged::Done { sales: 1, .. }), "{judged:?}");
    is_paid_in_euros(&world).await;
}

#[tokio::test]
async fn a_sign_up_that_a_person_credits_is_paid_in_the_programmes_currency() {
    let world = of_euros().await;
    signed_up(&world).await;
    let desk = desk_of(&world, "usr_ada").await;
    let who = Who::Partner { partner: world.partner.clone(), program: Some(world::program()) };
    let done = reattribute(&desk, &sale_of("sub_1"), &who, "they did").await.expect("an answer");
    assert!(matches!(done, Reattributed::Done(_)), "{done:?}");
    is_paid_in_euros(&world).await;
}
