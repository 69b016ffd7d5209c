use domain::id::TenantId;
use domain::money::Money;
use domain::rate::Rate;
use domain::rule::Reward;
use ulid::Ulid;

use super::*;
use crate::Tables;

async fn store() -> Store {
    let database = testkit::database().await;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    Store::new(database.client.clone(), tables)
}

fn tenant() -> TenantKey {
    TenantKey::from(&TenantId::default_tenant())
}

fn program(n: u64) -> Program {
    Program {
        id: ProgramId::from_ulid(Ulid::from_parts(1_700_000_000_000 + n, 0)),
        name: format!("Program {n}"),
        currency: Currency::USD,
        zone: Zone::parse("Europe/Berlin").expect("zone"),
        window_days: 30,
        hold_days: 14,
        close_lag_days: 3,
        attribution: domain::attribution::settings::AttributionSettings::default(),
        allowed_hosts: Vec::new(),
        created_at: "2026-09-01T00:00:00Z".parse().expect("instant"),
    }
}

fn rule(n: u64, program: &Program, from: &str, reward: Reward) -> RuleVersion {
    RuleVersion::simple(
        RuleId::from_ulid(Ulid::from_parts(1_700_000_000_000 + n, 0)),
        program.id.clone(),
        from.parse().expect("instant"),
        reward,
        14,
    )
}

fn percentage(text: &str) -> Reward {
    Reward::Percentage(Rate::parse(text).expect("rate"))
}

#[tokio::test]
async fn a_program_and_its_first_rule_are_made_together_and_once() {
    let store = store().await;
    let (made, first) = (program(1), rule(1, &program(1), "2026-09-01T00:00:00Z", percentage("0.3")));
    for _ in 0..2 {
        store.create_program(&tenant(), &made, &first).await.expect("made");
    }
    assert_eq!(store.get_program(&tenant(), &made.id).await.expect("read"), Some(made.clone()));
    assert_eq!(store.list_rules(&tenant(), &made.id).await.expect("list"), std::slice::from_ref(&first));
    let other = Program { name: "Another".to_owned(), ..made };
    let taken = store.create_program(&tenant(), &other, &first).await;
    assert!(matches!(taken, Err(StoreError::LostRace { .. })), "{taken:?}");
}

#[tokio::test]
async fn programs_are_listed_newest_first_and_a_tenant_sees_its_own() {
    let store = store().await;
    for n in 1..=3 {
        let first = rule(n, &program(n), "2026-09-01T00:00:00Z", percentage("0.3"));
        store.create_program(&tenant(), &program(n), &first).await.expect("made");
    }
    let listed = store.list_programs(&tenant()).await.expect("list");
    assert_eq!(listed, [program(3), program(2), program(1)]);
    let other = TenantKey::from(&TenantId::from_ulid(Ulid::from(7_u128)));
    assert_eq!(store.list_programs(&other).await.expect("list"), []);
    assert_eq!(store.get_program(&other, &program(1).id).await.expect("read"), None);
}

#[tokio::test]
async fn rules_are_listed_by_effective_date_whatever_the_order_of_making() {
    let store = store().await;
    let flat = Reward::Flat(Money::from_minor(2_550, Currency::USD));
    let first = rule(1, &program(1), "2026-09-01T00:00:00Z", percentage("0.3"));
    let later = rule(2, &program(1), "2026-12-01T00:00:00Z", flat);
    let between = rule(3, &program(1), "2026-10-01T00:00:00.500Z", percentage("0.2"));
    store.create_program(&tenant(), &program(1), &first).await.expect("made");
    for rule in [&later, &between, &later] {
        store.create_rule(&tenant(), rule).await.expect("made");
    }
    let listed = store.list_rules(&tenant(), &program(1).id).await.expect("list");
    assert_eq!(listed, [first, between, later]);
}

#[tokio::test]
async fn a_version_that_was_made_of_another_is_refused_once_a_further_one_is_there() {
    let store = store().await;
    let rule = rule(1, &program(1), "2026-09-01T00:00:00Z", percentage("0.3"));
    let (tenant, program) = (tenant(), program(1).id);
    store.create_rule(&tenant, &rule).await.expect("made");
    let seen = store.get_rule_count(&tenant, &program).await.expect("read");
    let next = |n: u128| RuleVersion {
        id: RuleId::from_ulid(Ulid::from(n)),
        effective_from: format!("2027-01-0{n}T00:00:00Z").parse().expect("an instant"),
        ..rule.clone()
    };
    let first = store.create_rule_after(&tenant, &next(1), seen).await;
    assert_eq!(first.expect("made"), Written::Yes);
    assert_eq!(
        store.create_rule_after(&tenant, &next(1), seen).await.expect("made"),
        Written::Yes,
        "the same once more"
    );
    assert_eq!(store.create_rule_after(&tenant, &next(2), seen).await.expect("answered"), Written::ConditionFailed);
    let now = store.get_rule_count(&tenant, &program).await.expect("read");
    assert_eq!(store.create_rule_after(&tenant, &next(2), now).await.expect("made"), Written::Yes);
    // One that asks for no number counts, too.
    store.create_rule(&tenant, &next(3)).await.expect("made");
    assert_eq!(store.create_rule_after(&tenant, &next(4), now + 1).await.expect("answered"), Written::ConditionFailed);
    assert_eq!(store.list_rules(&tenant, &program).await.expect("listed").len(), 4);
}
