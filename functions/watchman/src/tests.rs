//! Rounds over a real store.

use aws_sdk_dynamodb::types::AttributeValue;
use edge::config::Reader;
use store::Written;
use store::coupons::{Coupon, CouponCode};
use store::proofs::ProofRecord;
use testkit::Fault;
use world::World;

use super::*;

fn app(world: &World) -> App {
    App::new(world.store.clone(), Clock::fixed(world.now))
}

fn schedule() -> Scheduled {
    serde_json::from_str(include_str!("../../../events/watchman/schedule.json")).expect("JSON")
}

async fn earned() -> World {
    let world = World::new().await;
    world.earn("in_1", "29.70", domain::time::BusinessDay::parse("2026-12-21").expect("a day")).await;
    world
}

#[tokio::test]
async fn a_round_over_a_whole_ledger_finds_nothing_and_notes_only_that_it_ran() {
    let world = earned().await;
    // The first of a day seals the audit of the day that is over, once, and keeps what was proved; a second one of the same
    // instant keeps no other proof.
    for written in [500, 200] {
        world.database.reset_units();
        let round = app(&world).handle(schedule()).await.expect("a round");
        assert_eq!(round, Round { tenants: 1, accounts: 1, lines: 1, facts: 1, ..Round::default() });
        assert_eq!(world.database.units().write_hundredths, written);
    }
}

#[tokio::test]
async fn a_round_over_a_ledger_that_somebody_forged_says_how_many_laws_are_broken() {
    let world = earned().await;
    let key = [("pk", format!("{}#account#{}", world.tenant.tenant(), world.partner)), ("sk", "head#USD".to_owned())];
    let forged = key
        .into_iter()
        .fold(world.database.client.update_item(), |update, (name, value)| update.key(name, AttributeValue::S(value)));
    let forged = forged.table_name(&world.database.core).update_expression("SET settled = :one");
    let forged = forged.expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
    forged.send().await.expect("forged");
    let round = app(&world).handle(schedule()).await.expect("a round");
    assert!(round.broken >= 2, "{round:?}");
    let kept = proof(&world, Reach::Recent).await.expect("kept");
    assert_eq!((kept.at, kept.accounts, kept.broken), (world.now, 1, round.broken));
    assert!(kept.law.is_some_and(|law| law.starts_with('V')));
}

async fn proof(world: &World, reach: Reach) -> Option<ProofRecord> {
    world.store.get_proof(&world.tenant, reach).await.expect("store")
}

#[tokio::test]
async fn what_a_proof_found_is_kept_for_whoever_asks_and_the_night_of_a_month_is_kept_apart() {
    let mut world = earned().await;
    // The first of a month is the second of these.
    for (days, reach) in [(0, Reach::Recent), (10, Reach::Whole), (1, Reach::Recent)] {
        world.pass_days(days);
        app(&world).handle(schedule()).await.expect("a round");
        let kept = proof(&world, reach).await.expect("kept");
        assert_eq!((kept.at, kept.accounts, kept.lines, kept.broken, kept.law), (world.now, 1, 1, 0, None));
    }
    let seals = world.store.get_seals(&world.tenant).await.expect("store").expect("kept");
    assert_eq!((seals.at, seals.unsealed), (world.now, 0));
    let whole = proof(&world, Reach::Whole).await.expect("kept").at;
    assert!(proof(&world, Reach::Recent).await.expect("kept").at > whole);
}

#[tokio::test]
async fn a_breach_that_was_found_is_looked_for_in_the_whole_journal_until_it_is_mended() {
    let mut world = earned().await;
    world.pass_days(1);
    for (case, found_in, nights) in [
        ("by hand, in an old day", Reach::Recent, [Reach::Whole, Reach::Recent, Reach::Recent]),
        ("in the whole", Reach::Whole, [Reach::Whole, Reach::Recent, Reach::Recent]),
    ] {
        let found =
            ProofRecord { at: world.now, accounts: 1, lines: 1, moving: 0, broken: 1, law: Some("V12".to_owned()) };
        let _: Written = world.store.record_proof(&world.tenant, found_in, &found).await.expect("kept");
        for reach in nights {
            world.pass_days(1);
            app(&world).handle(schedule()).await.expect("a round");
            let kept = proof(&world, reach).await.expect("kept");
            assert_eq!((kept.at, kept.broken), (world.now, 0), "{case}");
        }
    }
}

/// A second tenant, with an account of its own.
async fn two_tenants() -> World {
    let mut world = earned().await;
    world.move_to(5).await;
    world.store.record_tenant(&world.tenant).await.expect("a tenant");
    world.earn("in_2", "10.00", domain::time::BusinessDay::parse("2026-12-21").expect("a day")).await;
    world
}

#[tokio::test]
async fn a_round_walks_every_tenant() {
    let world = two_tenants().await;
    let round = app(&world).handle(schedule()).await.expect("a round");
    assert_eq!(round, Round { tenants: 2, accounts: 2, lines: 2, facts: 2, ..Round::default() });
}

#[tokio::test]
async fn a_tenant_that_cannot_be_read_is_no_reason_to_leave_the_others_alone() {
    let world = two_tenants().await;
    let (own, default) = (world.tenant.tenant().clone(), TenantId::default_tenant());
    for (tenant, zone) in [(&own, "UTC"), (&default, "Atlantis")] {
        let settings =
            [("pk", format!("{tenant}#tenant")), ("sk", "settings".to_owned()), ("ledger_zone", zone.to_owned())];
        let settings = settings.into_iter().chain([("entity", "settings".to_owned())]);
        let put = settings
            .fold(world.database.client.put_item(), |put, (name, value)| put.item(name, AttributeValue::S(value)));
        let put = put.item("v", AttributeValue::N("1".to_owned())).table_name(&world.database.core);
        put.send().await.expect("forged");
    }
    let failed = app(&world).handle(schedule()).await.expect_err("a tenant cannot be read").to_string();
    assert!(failed.contains(default.as_str()), "{failed}");
    // The round went on: only one of the two is named.
    assert!(!failed.contains(own.as_str()), "{failed}");
}

#[tokio::test]
async fn a_round_that_the_store_does_not_answer_fails_and_the_next_one_is_whole() {
    let world = earned().await;
    // Three tries of the note that it began, which stops no round, and three of its first question.
    world.database.fail_next(6, Fault::Refuse);
    assert!(app(&world).handle(schedule()).await.is_err());
    world.database.heal();
    assert_eq!(app(&world).handle(schedule()).await.expect("a round").broken, 0);
}

#[tokio::test]
async fn a_fact_that_has_waited_for_a_day_and_an_event_for_a_person_are_late() {
    let mut world = earned().await;
    let fact = world.refund("re_1", "in_404", "1.00");
    assert!(world.store.park(&world.tenant, &world::key("in_404"), &fact, world.now).await.expect("store"));
    assert_eq!(app(&world).handle(schedule()).await.expect("a round").late, 0);
    world.pass_days(1);
    assert_eq!(app(&world).handle(schedule()).await.expect("a round").late, 1);
    let place = store::raw_events::RawEventPlace::parse("stripe", "20261121", "evt_1").expect("a place");
    world.store.park_event(&world.tenant, &place, ("no such currency", "corr"), world.now).await.expect("store");
    assert_eq!(app(&world).handle(schedule()).await.expect("a round").late, 2);
}

/// ATT-6.
#[tokio::test]
async fn a_coupon_that_is_not_at_the_provider_as_it_is_here_is_late_after_an_hour() {
    use domain::promotion::{Discount, Lasting, Off, Promotion, PromotionState};
    let mut world = earned().await;
    let discount = Discount { off: Off::Share(domain::rate::Rate::ONE), lasting: Lasting::Once };
    let made = |code: &str, state: Option<PromotionState>| Coupon {
        code: CouponCode::parse(code).expect("a code"),
        partner: world.partner.clone(),
        program: world::program(),
        // Long past: it counts for sales that were told late, and waits for nobody since.
        valid_from: "2025-01-01T00:00:00Z".parse().expect("an instant"),
        valid_until: None,
        promotion: state.map(|state| Promotion { state, ..Promotion::new(format!("trb_{code}"), discount, world.now) }),
    };
    let coupons = [
        made("PLAIN", None),
        made("MAKING", Some(PromotionState::Making)),
        made("THERE", Some(PromotionState::Active("promo_1".to_owned()))),
        made("REFUSED", Some(PromotionState::Refused("no".to_owned()))),
        made("ENDING", Some(PromotionState::Active("promo_2".to_owned()))),
    ];
    for coupon in &coupons {
        assert_eq!(world.store.create_coupon(&world.tenant, coupon).await.expect("store"), Written::Yes);
    }
    assert_eq!(app(&world).handle(schedule()).await.expect("a round").late, 0);
    world.pass_days(1);
    assert_eq!(app(&world).handle(schedule()).await.expect("a round").late, 1, "the one that is to be made");
    let ended = world.store.end_coupon(&world.tenant, &coupons[4], world.now).await;
    assert_eq!(ended.expect("store"), Written::Yes);
    assert_eq!(app(&world).handle(schedule()).await.expect("a round").late, 1, "it was told to end just now");
    world.pass_days(1);
    assert_eq!(app(&world).handle(schedule()).await.expect("a round").late, 2);
}

#[test]
fn the_alarms_are_made_of_messages_that_the_code_logs() {
    let template = include_str!("../../../template.yaml");
    let (round, waiting) = (include_str!("lib.rs"), include_str!("waiting.rs"));
    for (code, message) in [
        (round, "a law of the ledger is broken"),
        (round, "ledger verified"),
        (waiting, "a fact has waited for its payment for a day"),
        (waiting, "an event still waits for a person"),
        (waiting, "a coupon is not at stripe as it is here"),
    ] {
        let is_pattern = |line: &str| line.trim_start().starts_with("FilterPattern: ");
        let told = format!("$.message = \"{message}\"");
        assert!(template.lines().any(|line| is_pattern(line) && line.contains(&told)), "{message}");
        assert!(code.contains(&format!("\"{message}\"")), "{message}");
    }
}

#[test]
fn every_missing_variable_is_told_at_once() {
    let faults = Config::read(Reader::from_map([("LOG_LEVEL", "loud")]));
    let faults = faults.err().expect("faults").to_string();
    for name in ["STAGE", "LOG_LEVEL", "CORE_TABLE", "CLICKS_TABLE", "OPS_TABLE", "AWS_REGION"] {
        assert!(faults.contains(name), "{name} in {faults}");
    }
}
