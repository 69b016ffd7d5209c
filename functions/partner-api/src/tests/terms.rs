//! OPS-4: partners accept the terms of today, each version once, and for nobody else.

use domain::audit::{Actor, ChainEnd, Deed, append};
use domain::id::PartnerId;
use domain::role::Role;
use domain::settings::TenantSettings;
use serde_json::{Value, json};
use store::Written;
use store::agreed::Agreed;
use store::privacy::{Asked, PayeeErasure};
use store::settings::KeptSettings;

use super::setup::{Bench, tenant};

impl Bench {
    /// From now on the tenant asks for this version; `seen` is how often its settings were changed.
    async fn asks_for(&self, version: &str, seen: u64) {
        let general = TenantSettings { terms_version: Some(version.to_owned()), ..TenantSettings::default() };
        let settings = KeptSettings { general, version: seen, ..KeptSettings::default() };
        let actor = Actor::new(Role::Admin, "usr_1");
        let (old, new) = (Default::default(), Default::default());
        let deed = Deed { at: self.now, actor, action: "settings.changed", old, new };
        let end = self.store.get_last_told(&tenant(), "settings").await.expect("store");
        let entry = append(end.map_or(ChainEnd::START, |entry| entry.end()), "settings", deed);
        let written = self.store.replace_settings(&tenant(), &settings, &entry).await.expect("store");
        assert_eq!(written, Written::Yes);
    }
}

fn versions(list: &Value) -> Vec<&str> {
    list["data"].as_array().expect("a list").iter().filter_map(|row| row["version"].as_str()).collect()
}

#[tokio::test]
async fn a_partner_that_never_applied_accepts_the_terms_and_each_new_version_once() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    let partner = bench.partner(&admin, &program).await;
    let own = bench.key(Role::Partner, &partner).await;
    let path = format!("/v1/partners/{partner}/terms");
    // Where no terms are asked for there are none to accept.
    bench.post(&own, &path, &json!({"version": "2026-09"})).await.expect(422);
    bench.asks_for("2026-09", 0).await;
    let first = bench.post(&own, &path, &json!({"version": "2026-09"})).await.expect(200);
    assert_eq!((&first["version"], first["accepted_by"].as_str().is_some()), (&json!("2026-09"), true));
    let again = bench.post(&own, &path, &json!({"version": "2026-09"})).await.expect(200);
    assert_eq!(again, first, "the first time stands");
    bench.asks_for("2027-01", 1).await;
    bench.post(&own, &path, &json!({"version": "2026-09"})).await.expect(422);
    bench.post(&own, &path, &json!({"version": "2027-01"})).await.expect(200);
    for who in [&own, &admin] {
        assert_eq!(versions(&bench.get(who, &path).await.expect(200)), ["2026-09", "2027-01"]);
    }
    let trail = bench.store.list_audit(&tenant(), &partner).await.expect("store");
    let accepted = trail.iter().filter(|entry| entry.action == "partner.terms_accepted");
    let told: Vec<Option<&str>> = accepted.map(|entry| entry.new.get("version").map(String::as_str)).collect();
    assert_eq!(told, [Some("2026-09"), Some("2027-01")]);
}

#[tokio::test]
async fn nobody_accepts_the_terms_for_a_partner_but_itself() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    let partner = bench.partner(&admin, &program).await;
    bench.asks_for("2026-09", 0).await;
    let body = json!({"version": "2026-09"});
    let path = format!("/v1/partners/{partner}/terms");
    let other = bench.key(Role::Partner, PartnerId::from_ulid(9_u128.into()).as_str()).await;
    bench.post(&other, &path, &body).await.expect(404);
    bench.post(&admin, &path, &body).await.expect(403);
    let machine = bench.machine("a server", &["partners:write"]).await;
    bench.post(&machine, &path, &body).await.expect(403);
    let own = bench.key(Role::Partner, &partner).await;
    for bad in [json!({}), json!({"version": ""}), json!({"version": "x".repeat(41)}), json!({"version": "a\u{7}"})] {
        bench.post(&own, &path, &bad).await.expect(400);
    }
    assert_eq!(versions(&bench.get(&admin, &path).await.expect(200)), Vec::<&str>::new());
}

#[tokio::test]
async fn whoever_was_erased_accepts_no_terms_any_more() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    let partner = bench.partner(&admin, &program).await;
    bench.post(&admin, &format!("/v1/partners/{partner}/suspend"), &json!({"reason": "gone"})).await.expect(200);
    let id = PartnerId::parse(&partner).expect("an id");
    let methods = bench.store.get_payout_methods(&tenant(), &id).await.expect("store");
    let erasure = PayeeErasure {
        payee: &id,
        methods: &methods,
        marks: &[],
        tax_form: None,
        keeps_form: false,
        heads: &[],
        absent: &[],
        is_partner: true,
    };
    let asked = Asked { at: bench.now, by: "usr_1".to_owned() };
    let erased = bench.store.erase_payee(&tenant(), id.as_str(), &erasure, &asked).await.expect("store");
    assert_eq!(erased, Written::Yes);
    let agreed = Agreed { terms: "2026-09".to_owned(), at: bench.now, by: "usr_2".to_owned() };
    let written = bench.store.record_agreed(&tenant(), &id, &agreed).await.expect("store");
    assert_eq!(written, Written::ConditionFailed);
    assert_eq!(bench.store.list_agreed(&tenant(), &id).await.expect("store"), []);
}
