//! Who did what, and its proof, through the real doors.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::audit::Told;
use domain::id::EndpointId;
use domain::provider::Provider;
use domain::time::Timestamp;
use store::endpoints::Endpoint;

use super::*;

impl Office {
    async fn read(&self, who: &str, path: &str, accept: &str) -> Answer {
        let mut request = http::Request::builder().uri(path).header("accept", accept);
        if who != "nobody" {
            request = request.header("authorization", bearer(who));
        }
        let request = request.body(Body::empty()).expect("request");
        let response = self.routes.clone().oneshot(request).await.expect("infallible");
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 24).await.expect("body");
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        Answer { status, json: serde_json::from_str(&text).unwrap_or_default(), text, replayed: false }
    }

    /// Something that is told: of a thing, by somebody, at a second of the day before yesterday or later.
    async fn happens(&self, thing: &str, by: &str, action: &'static str, days_ago: i64, second: i64) {
        let at = Timestamp::from_second(self.world.now.as_second() - days_ago * 86_400 + second).expect("instant");
        // `par_1:usr_7` is somebody of a partner.
        let (by, person) = by.split_once(':').map_or((by, None), |(by, person)| (by, Some(person.to_owned())));
        let role = if person.is_some() { Role::Partner } else { Role::Admin };
        let actor = Actor { ip: Some("192.0.2.1".to_owned()), person, ..Actor::new(role, by) };
        let (old, new) = (BTreeMap::new(), BTreeMap::from([("rate".to_owned(), "0.3".to_owned())]));
        let deed = Deed { at, actor, action, old, new };
        let telling = self.world.store.telling(&self.world.tenant, Told { aggregate: thing.to_owned(), deed });
        let n = self.sent.fetch_add(1, Ordering::SeqCst);
        let endpoint = Endpoint {
            id: EndpointId::of(&TenantId::default_tenant(), u128::from(n + 1_000).into()),
            provider: Provider::Stripe,
            name: "x".to_owned(),
            stores: Vec::new(),
            secret: "x".to_owned(),
            created_at: at,
            disabled_at: None,
        };
        telling.create_endpoint(&self.world.tenant, &endpoint).await.expect("store");
    }

    async fn some(&self) {
        self.happens("prg_1", "usr_ada", "program.created", 5, 1).await;
        self.happens("prg_1", "usr_bob", "rule.created", 5, 2).await;
        self.happens("coupon#SUMMER", "usr_ada", "coupon.created", 4, 1).await;
        self.happens("prg_1", "usr_ada", "rule.created", 3, 1).await;
        self.happens("settings", "usr_bob", "settings.changed", 0, -1).await;
    }

    fn key_of(&self, thing: &str, no: u32) -> [(String, AttributeValue); 2] {
        let pk = format!("{}#audit#{thing}", self.world.tenant.tenant());
        [("pk".to_owned(), AttributeValue::S(pk)), ("sk".to_owned(), AttributeValue::S(format!("{no:08}")))]
    }
}

fn actions(answer: &Answer) -> Vec<&str> {
    let rows = answer.json["data"].as_array().unwrap_or_else(|| panic!("a list: {answer:?}"));
    rows.iter().filter_map(|row| row["action"].as_str()).collect()
}

/// OPS-3.
#[tokio::test]
async fn what_somebody_does_for_a_partner_names_both_and_is_found_by_either() {
    let office = office().await;
    office.some().await;
    office.happens("par_1", "par_1:usr_7", "payee.changed", 1, 1).await;
    for by in ["par_1", "usr_7"] {
        let listed = office.read("ada", &format!("/v1/audit?actor={by}"), "application/json").await;
        assert_eq!(actions(&listed), ["payee.changed"], "{by}");
        let actor = &listed.json["data"][0]["actor"];
        assert_eq!((&actor["id"], &actor["person"]), (&json!("par_1"), &json!("usr_7")));
    }
    let others = office.read("ada", "/v1/audit?actor=usr_bob", "application/json").await;
    assert!(others.json["data"][0]["actor"].get("person").is_none(), "a person themselves: {others:?}");
    let csv = office.read("ada", "/v1/audit?actor=usr_7", "text/csv").await.text;
    let mut lines = csv.lines();
    assert!(lines.next().is_some_and(|header| header.ends_with(",new,person,entry")), "{csv}");
    assert!(lines.next().is_some_and(|row| row.contains(",usr_7,")), "{csv}");
    for at in [before(office.world.now, 4 * 86_400_000), office.world.now] {
        cases::audit::heads::seal(&office.world.store, &office.world.tenant, at).await.expect("store");
    }
    let proved = office.read("ada", "/v1/audit/verify", "application/json").await;
    assert_eq!((&proved.json["intact"], &proved.json["entries"]), (&json!(true), &json!(6)), "{proved:?}");
}

#[tokio::test]
async fn the_audit_is_listed_newest_first_by_each_filter_and_page_by_page() {
    let office = office().await;
    office.some().await;
    for (query, expected) in [
        ("", vec!["settings.changed", "rule.created", "coupon.created", "rule.created", "program.created"]),
        ("?entity=program", vec!["rule.created", "rule.created", "program.created"]),
        ("?entity_id=prg_1", vec!["rule.created", "rule.created", "program.created"]),
        ("?entity_id=prg_1&actor=usr_bob", vec!["rule.created"]),
        ("?entity=coupon&entity_id=SUMMER", vec!["coupon.created"]),
        ("?entity_id=nothing", vec![]),
        ("?actor=usr_bob", vec!["settings.changed", "rule.created"]),
        ("?action=rule.*", vec!["rule.created", "rule.created"]),
        ("?action=rule.created&actor=usr_ada", vec!["rule.created"]),
    ] {
        let answer = office.read("aud", &format!("/v1/audit{query}"), "*/*").await;
        assert_eq!(actions(&answer), expected, "{query}");
        assert!(answer.json["next_cursor"].is_null(), "{query}");
    }
    for query in ["?limit=2", "?limit=2&entity_id=prg_1"] {
        let (mut found, mut cursor) = (0, String::new());
        for _ in 0..5 {
            let page = office.read("ada", &format!("/v1/audit{query}{cursor}"), "*/*").await;
            found += actions(&page).len();
            let Some(next) = page.json["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(found, if query.contains("prg") { 3 } else { 5 }, "{query}");
    }
    let day = |ago: i32| domain::time::Zone::utc().day_of(office.world.now).plus_days(-ago).expect("a day");
    let path = format!("/v1/audit?from={}&to={}", day(5), day(4));
    assert_eq!(actions(&office.read("ada", &path, "*/*").await), ["rule.created", "program.created"]);
    let table = office.read("ada", "/v1/audit?entity=coupon", "text/csv").await;
    assert!(table.text.starts_with("at,actor,role,ip,user_agent,entity,entity_id,action,old,new,person,entry\r\n"));
    assert!(
        table.text.contains(",usr_ada,admin,192.0.2.1,,coupon,SUMMER,coupon.created,,rate: 0.3,,\"{"),
        "{}",
        table.text
    );
}

#[tokio::test]
async fn only_admins_and_auditors_read_the_audit_and_only_their_own_tenants() {
    let office = office().await;
    office.some().await;
    for path in ["/v1/audit", "/v1/audit/verify"] {
        for (who, status) in [
            ("nobody", 401),
            ("ada", 200),
            ("aud", 200),
            ("fin", 403),
            ("sue", 403),
            ("partner", 403),
            ("member", 403),
            ("machine", 403),
            ("stranger", 200),
        ] {
            let answer = office.read(who, path, "*/*").await;
            assert_eq!(answer.status, status, "{who} {path}: {}", answer.text);
        }
    }
    assert_eq!(actions(&office.read("stranger", "/v1/audit", "*/*").await), Vec::<&str>::new());
    assert_eq!(actions(&office.read("stranger", "/v1/audit?entity_id=prg_1", "*/*").await), Vec::<&str>::new());
    for (query, pointer) in [
        ("from=yesterday", "from"),
        ("to=1999-01-01", "to"),
        ("cursor=x", "cursor"),
        ("limit=0", "limit"),
        ("actor=", "actor"),
    ] {
        let answer = office.read("ada", &format!("/v1/audit?{query}"), "*/*").await;
        assert!(answer.status == 400 && answer.text.contains(pointer), "{query}: {}", answer.text);
    }
    let past = office.read("ada", "/v1/audit?from=2026-12-01&to=2026-11-01", "*/*").await;
    assert!(past.status == 422 && past.text.contains("from"), "{}", past.text);
    for query in ["cursor=x", "from=x"] {
        assert_eq!(office.read("ada", &format!("/v1/audit/verify?{query}"), "*/*").await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn an_untouched_audit_is_proved_and_what_was_changed_is_named_with_both_hashes() {
    let office = office().await;
    office.some().await;
    let zone = domain::time::Zone::utc();
    let first = before(office.world.now, 4 * 86_400_000);
    for at in [first, office.world.now] {
        cases::audit::heads::seal(&office.world.store, &office.world.tenant, at).await.expect("store");
    }
    assert_eq!(zone.day_of(first), zone.day_of(office.world.now).plus_days(-4).expect("a day"));
    let whole = office.read("aud", "/v1/audit/verify", "*/*").await.json;
    assert_eq!((&whole["intact"], &whole["entries"], &whole["breach"]), (&json!(true), &json!(5), &Value::Null));
    let [pk, sk] = office.key_of("prg_1", 2);
    let update = office.world.database.client.update_item().table_name(&office.world.database.core);
    let update = update.key(pk.0, pk.1).key(sk.0, sk.1).update_expression("SET #action = :x");
    let update = update.expression_attribute_names("#action", "action");
    update.expression_attribute_values(":x", AttributeValue::S("nothing".into())).send().await.expect("forged");
    let broken = office.read("aud", "/v1/audit/verify", "*/*").await.json;
    assert_eq!((&broken["intact"], &broken["breach"]["entity_id"]), (&json!(false), &json!("prg_1")));
    assert_eq!(broken["breach"]["no"], 2);
    assert_ne!(broken["breach"]["expected"], broken["breach"]["found"]);
}

#[tokio::test]
async fn an_entry_that_is_gone_is_missed_by_the_next_one_and_the_last_one_by_the_seal_of_its_day() {
    let office = office().await;
    office.some().await;
    let tenant = &office.world.tenant;
    // The day of each is sealed when two days have passed.
    let sealed = cases::audit::heads::seal(&office.world.store, tenant, before(office.world.now, 5 * 86_400_000)).await;
    assert_eq!(sealed.expect("store").heads.len(), 1);
    let sealed = cases::audit::heads::seal(&office.world.store, tenant, office.world.now).await.expect("store");
    assert_eq!((sealed.heads.len(), sealed.breach.is_none()), (5, true));
    let whole = office.read("aud", "/v1/audit/verify", "*/*").await.json;
    assert_eq!((&whole["intact"], whole["sealed_days"].as_u64()), (&json!(true), Some(6)));
    let delete = |thing: &str, no: u32| {
        let [pk, sk] = office.key_of(thing, no);
        let delete = office.world.database.client.delete_item().table_name(&office.world.database.core);
        delete.key(pk.0, pk.1).key(sk.0, sk.1).send()
    };
    // The only one of its chain: nothing follows it, and only the seal knows.
    delete("coupon#SUMMER", 1).await.expect("deleted");
    let broken = office.read("aud", "/v1/audit/verify", "*/*").await.json;
    let day = domain::time::Zone::utc().day_of(office.world.now).plus_days(-4).expect("a day");
    assert_eq!(broken["breach"]["aggregate"], format!("day#{day}"));
    delete("prg_1", 1).await.expect("deleted");
    let broken = office.read("aud", "/v1/audit/verify", "*/*").await.json;
    assert_eq!((&broken["breach"]["entity_id"], &broken["breach"]["no"]), (&json!("prg_1"), &json!(1)));
}

#[tokio::test]
async fn a_seal_that_is_gone_is_a_breach_wherever_it_stood() {
    let office = office().await;
    office.some().await;
    let (world, now) = (&office.world, office.world.now);
    let verdict = async || office.read("aud", "/v1/audit/verify", "*/*").await.json;
    // No seal at all, and entries that a night must have sealed.
    assert_eq!(verdict().await["breach"]["what"], "its seal is not there");
    for at in [before(now, 5 * 86_400_000), now] {
        cases::audit::heads::seal(&world.store, &world.tenant, at).await.expect("store");
    }
    assert_eq!(verdict().await["intact"], true);
    let today = domain::time::Zone::utc().day_of(now);
    let (first, last) = (today.plus_days(-7).expect("a day"), today.plus_days(-2).expect("a day"));
    let heads = world.store.list_audit_heads(&world.tenant, first, last).await.expect("store");
    assert_eq!(heads.len(), 6);
    let client = &world.database.client;
    let tenant = world.tenant.tenant();
    let delete = async |day: domain::time::BusinessDay| {
        let delete = client.delete_item().table_name(&world.database.ops);
        let delete = delete.key("pk", AttributeValue::S(format!("{tenant}#audit-heads")));
        delete.key("sk", AttributeValue::S(day.to_string())).send().await.expect("deleted");
    };
    // The newest may still be to come tonight; the one before it may not.
    delete(heads[5].day).await;
    assert_eq!(verdict().await["intact"], true);
    for gone in [4, 2, 0] {
        delete(heads[gone].day).await;
        let broken = verdict().await;
        assert_eq!(broken["intact"], false, "{gone}: {broken}");
        if gone == 4 {
            assert_eq!(broken["breach"]["aggregate"], format!("day#{}", heads[4].day));
            assert_eq!(broken["breach"]["what"], "its seal is not there");
        }
    }
    // The oldest are gone and nothing else: what is first now is not a first one.
    delete(heads[1].day).await;
    let asked = format!("/v1/audit/verify?from={}&to={}", heads[3].day, heads[4].day);
    let broken = office.read("aud", &asked, "*/*").await.json;
    assert_eq!(broken["breach"]["what"], "the seals before it are not there");
}

#[tokio::test]
async fn nights_that_begin_late_seal_every_day_from_the_first_of_which_something_was_told() {
    let office = office().await;
    office.some().await;
    let (world, now) = (&office.world, office.world.now);
    let today = domain::time::Zone::utc().day_of(now);
    let day = |ago: i32| today.plus_days(-ago).expect("a day");
    let sealed = cases::audit::heads::seal(&world.store, &world.tenant, now).await.expect("store");
    let days: Vec<_> = sealed.heads.iter().map(|head| head.day).collect();
    assert_eq!(days, [day(5), day(4), day(3), day(2)]);
    let whole = office.read("aud", "/v1/audit/verify", "*/*").await.json;
    assert_eq!((&whole["intact"], whole["sealed_days"].as_u64()), (&json!(true), Some(4)));
    // The only entry of its chain and of its day: nothing but the seal of that day knows of it.
    let [pk, sk] = office.key_of("coupon#SUMMER", 1);
    let delete = world.database.client.delete_item().table_name(&world.database.core);
    delete.key(pk.0, pk.1).key(sk.0, sk.1).send().await.expect("deleted");
    let broken = office.read("aud", "/v1/audit/verify", "*/*").await.json;
    assert_eq!(broken["breach"]["aggregate"], format!("day#{}", day(4)));
}

#[tokio::test]
async fn nights_that_slept_for_long_catch_up_in_order_and_the_next_goes_on_where_one_stopped() {
    let office = office().await;
    office.some().await;
    let (world, now) = (&office.world, office.world.now);
    let first = domain::time::Zone::utc().day_of(now).plus_days(-5).expect("a day");
    // 404 days to seal, of which one night makes 400.
    let late = before(now, -400 * 86_400_000);
    let mut days = Vec::new();
    for expected in [400, 4, 0] {
        let sealed = cases::audit::heads::seal(&world.store, &world.tenant, late).await.expect("store");
        assert_eq!((sealed.heads.len(), sealed.breach), (expected, None));
        days.extend(sealed.heads.into_iter().map(|head| head.day));
    }
    let expected: Vec<_> = (0..404).map(|n| first.plus_days(n).expect("a day")).collect();
    assert_eq!(days, expected);
    let asked = format!("/v1/audit/verify?from={first}&to={}", first.plus_days(3).expect("a day"));
    assert_eq!(office.read("aud", &asked, "*/*").await.json["intact"], true);
}

#[tokio::test]
async fn a_tenant_of_which_nothing_was_told_has_an_empty_day_sealed_first() {
    let office = office().await;
    let (world, now) = (&office.world, office.world.now);
    for expected in [1, 0] {
        let sealed = cases::audit::heads::seal(&world.store, &world.tenant, now).await.expect("store");
        assert_eq!(sealed.heads.len(), expected);
    }
    office.happens("prg_1", "usr_ada", "program.created", 0, 1).await;
    assert_eq!(office.read("aud", "/v1/audit/verify", "*/*").await.json["intact"], true);
}

fn before(at: Timestamp, ms: i64) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond() - ms).expect("instant")
}
