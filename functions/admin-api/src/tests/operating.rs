//! Tenants and their settings.

mod ready;

use domain::job::{Job, JobOutcome};
use domain::time::Timestamp;
use queues::Door;

use super::*;
use crate::probes::{MailFrom, Probes};

fn aws_of(endpoint: &str) -> Aws {
    let mut reader = Reader::from_map([
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", endpoint),
    ]);
    Aws::from(&mut reader)
}

/// What came back, with its ETag.
struct Told {
    status: u16,
    json: Value,
    etag: Option<String>,
}

impl Told {
    fn pointers(&self) -> Vec<&str> {
        let errors = self.json["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().filter_map(|error| error["pointer"].as_str()).collect()
    }
}

impl Office {
    async fn tell(&self, bearer: &str, method: &str, path: &str, body: Value, more: &[(&str, &str)]) -> Told {
        let mut request = http::Request::builder().method(method).uri(path).header("authorization", bearer);
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let request = request.header("content-type", "application/json").body(body).expect("request");
        let response = self.routes.clone().oneshot(request).await.expect("infallible");
        let etag = response.headers().get("etag").map(|etag| etag.to_str().expect("text").to_owned());
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 24).await.expect("body");
        Told { status, json: serde_json::from_slice(&bytes).unwrap_or_default(), etag }
    }

    async fn settings(&self, who: &str) -> Told {
        self.tell(&bearer(who), "GET", "/v1/settings", Value::Null, &[]).await
    }

    async fn set(&self, who: &str, body: Value) -> Told {
        self.tell(&bearer(who), "PATCH", "/v1/settings", body, &[]).await
    }

    async fn new_tenant(&self, who: &str, key: &str, body: Value) -> Told {
        self.tell(&bearer(who), "POST", "/v1/tenants", body, &[("idempotency-key", key)]).await
    }
}

#[tokio::test]
async fn a_tenant_has_its_own_admin_and_settings_and_sees_nothing_of_another() {
    let office = office().await;
    office.set("ada", json!({"name": "Acme"})).await;
    let made = office.new_tenant("operator", "k1", json!({"name": "Birch", "ledger_zone": "Europe/Berlin"})).await;
    assert_eq!((made.status, &made.json["name"]), (201, &json!("Birch")), "{:?}", made.json);
    let key = format!("Bearer {}", made.json["first_admin_key"].as_str().expect("a key"));
    // OPS-3: the mightiest key of a tenant is told, and it ends.
    let id = TenantId::parse(made.json["id"].as_str().expect("an id")).expect("an id");
    let of_it = TenantKey::from(&id);
    let page = office.world.store.list_api_keys(&of_it, None, 10).await.expect("store");
    let first = page.items.first().expect("a key");
    let lasts = first.terms.expires_at.expect("an end").duration_since(first.created_at);
    assert_eq!(lasts.as_hours(), 30 * 24);
    let trail = office.world.store.list_audit(&of_it, first.id.as_str()).await.expect("store");
    assert_eq!(trail.iter().map(|entry| entry.action.as_str()).collect::<Vec<_>>(), ["api_key.created"]);
    let again = office.new_tenant("operator", "k1", json!({"name": "Birch", "ledger_zone": "Europe/Berlin"})).await;
    assert_eq!((&again.json["id"], &again.json["first_admin_key"]), (&made.json["id"], &json!("")));
    let theirs = office.tell(&key, "GET", "/v1/settings", Value::Null, &[]).await;
    assert_eq!(
        (theirs.status, &theirs.json["name"], &theirs.json["ledger_zone"], &theirs.json["ledger_zone_is_fixed"]),
        (200, &json!("Birch"), &json!("Europe/Berlin"), &json!(false))
    );
    let set = office.tell(&key, "PATCH", "/v1/settings", json!({"name": "Birch & Co"}), &[]).await;
    assert_eq!((set.status, &set.json["name"]), (200, &json!("Birch & Co")));
    assert_eq!(office.settings("ada").await.json["name"], "Acme");
    let told = office.tell(&bearer("operator"), "GET", "/v1/tenants", Value::Null, &[]).await;
    let rows = told.json["data"].as_array().expect("a list");
    let names: Vec<&str> = rows.iter().filter_map(|row| row["name"].as_str()).collect();
    assert!(names.starts_with(&["Acme"]) && names.contains(&"Birch & Co"), "{names:?}");
    // Page by page each is told once.
    let (mut ids, mut path) = (Vec::new(), "/v1/tenants?limit=1".to_owned());
    for _ in rows {
        let page = office.tell(&bearer("operator"), "GET", &path, Value::Null, &[]).await.json;
        ids.push(page["data"][0]["id"].clone());
        path = format!("/v1/tenants?limit=1&cursor={}", page["next_cursor"].as_str().unwrap_or_default());
    }
    assert_eq!(ids, rows.iter().map(|row| row["id"].clone()).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_tenant_that_is_asked_for_twice_is_made_once() {
    let office = office().await;
    let first = office.new_tenant("operator", "k1", json!({"name": "Birch"})).await;
    let again = office.new_tenant("operator", "k1", json!({"name": "Birch"})).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!((&first.json["id"], &again.json["first_admin_key"]), (&again.json["id"], &json!("")));
    let other = office.new_tenant("operator", "k2", json!({"name": "Birch"})).await;
    assert_ne!(first.json["id"], other.json["id"]);
    let id = TenantId::parse(first.json["id"].as_str().expect("id")).expect("a tenant's id");
    let trail = office.world.store.list_audit(&TenantKey::from(&id), id.as_str()).await.expect("store");
    assert_eq!(trail.iter().map(|entry| entry.action.as_str()).collect::<Vec<_>>(), ["tenant.created"]);
}

#[tokio::test]
async fn only_the_operator_makes_and_lists_tenants_and_only_an_admin_sets() {
    let office = office().await;
    for (who, _, _) in CALLERS.iter().filter(|(who, _, _)| *who != "operator") {
        assert_eq!(office.new_tenant(who, "k", json!({"name": "Birch"})).await.status, 403, "{who}");
        assert_eq!(office.tell(&bearer(who), "GET", "/v1/tenants", Value::Null, &[]).await.status, 403, "{who}");
    }
    for (who, _, _) in CALLERS {
        let expected = if ["ada", "bob", "fin", "sue", "aud"].contains(&who) { 200 } else { 403 };
        assert_eq!(office.settings(who).await.status, expected, "{who}");
        let expected = if ["ada", "bob"].contains(&who) { 200 } else { 403 };
        assert_eq!(office.set(who, json!({"four_eyes_above": 7})).await.status, expected, "{who}");
    }
    for (body, pointer, status) in [
        (json!({"name": ""}), "/name", 400),
        (json!({"name": "Birch", "ledger_zone": "Europe/Nowhere"}), "/ledger_zone", 422),
        (json!({"name": "Birch", "ledger_zone": "no zone"}), "/ledger_zone", 400),
        (json!({"name": "Birch\nBcc"}), "/name", 400),
    ] {
        let answer = office.new_tenant("operator", &body.to_string().replace([' ', '\n'], "_"), body.clone()).await;
        assert_eq!((answer.status, answer.pointers()), (status, vec![pointer]), "{body}");
    }
}

#[tokio::test]
async fn settings_are_edited_in_part_in_the_version_that_was_seen() {
    let office = office().await;
    let shipped = office.settings("aud").await;
    assert_eq!(
        (shipped.etag.as_deref(), &shipped.json["rate_limits"]["user_per_15_minutes"]),
        (Some("\"0\""), &json!(100))
    );
    let body = json!({
        "name": "Acme", "mail_sender_name": "Acme Partners", "terms_version": "2026-09", "totp_for_approvals": true,
        "rate_limits": {"user_per_15_minutes": 50}, "retention_days": {"sessions": 1},
    });
    let set = office.set("ada", body).await;
    assert_eq!((set.status, set.etag.as_deref()), (200, Some("\"1\"")), "{:?}", set.json);
    let now = office.settings("fin").await;
    assert_eq!((now.json.clone(), now.etag), (set.json, set.etag));
    assert_eq!(
        (&now.json["rate_limits"]["approvals_per_minute"], &now.json["retention_days"]),
        (
            &json!(10),
            &json!({"clicks": 90, "raw_events": 30, "leads": 730, "notices": 90, "sessions": 1, "reports": 365}),
        )
    );
    assert_eq!(now.json["elsewhere"]["payout_policy"], "/v1/revenue/payouts/policy");
    let seen = |etag| [("if-match", etag)];
    let late = office.tell(&bearer("bob"), "PATCH", "/v1/settings", json!({"name": "B"}), &seen("\"0\"")).await;
    assert_eq!(late.status, 412);
    let away = json!({"mail_sender_name": ""});
    let set = office.tell(&bearer("bob"), "PATCH", "/v1/settings", away.clone(), &seen("\"1\"")).await;
    assert_eq!((set.status, &set.json["mail_sender_name"], &set.json["name"]), (200, &Value::Null, &json!("Acme")));
    // What changes nothing is no change.
    assert_eq!(office.set("bob", away).await.etag.as_deref(), Some("\"2\""));
    let trail = office.world.store.list_audit(&office.world.tenant, "settings").await.expect("store");
    let told: Vec<(&str, bool)> =
        trail.iter().map(|entry| (entry.actor.id.as_str(), entry.new.contains_key("ledger_zone"))).collect();
    assert_eq!(told, [("usr_ada", false), ("usr_bob", false)], "only what changed is told");
}

#[tokio::test]
async fn the_zone_of_the_ledger_stays_once_something_is_booked() {
    let office = office().await;
    let zone = |name: &str| json!({"ledger_zone": name});
    assert_eq!(office.set("ada", zone("Asia/Tokyo")).await.json["ledger_zone"], "Asia/Tokyo");
    office.set("ada", zone("UTC")).await;
    office.world.earn("in_1", "29.70", Zone::utc().day_of(office.world.now)).await;
    assert_eq!(office.settings("ada").await.json["ledger_zone_is_fixed"], true);
    let refused = office.set("ada", zone("Asia/Tokyo")).await;
    assert_eq!((refused.status, refused.pointers()), (422, vec!["/ledger_zone"]));
    assert_eq!(office.set("ada", json!({"ledger_zone": "UTC", "name": "Acme"})).await.status, 200);
    assert_eq!(office.settings("ada").await.json["ledger_zone"], "UTC");
}

#[tokio::test]
async fn settings_that_make_no_sense_are_refused_with_every_place() {
    let office = office().await;
    let body = json!({
        "name": " Acme", "ledger_zone": "Nowhere", "rate_limits": {"approvals_per_minute": 0},
        "retention_days": {"sessions": 31},
    });
    let answer = office.set("ada", body).await;
    let mut pointers = answer.pointers();
    pointers.sort_unstable();
    let expected = ["/ledger_zone", "/name", "/rate_limits/approvals_per_minute", "/retention_days/sessions"];
    assert_eq!((answer.status, pointers), (400, expected.to_vec()));
    // Every kind has bounds of its own; one that is out of them is named, and nothing is set.
    let short = office.set("ada", json!({"name": "Acme", "retention_days": {"clicks": 29, "leads": 30}})).await;
    assert_eq!((short.status, short.pointers()), (422, vec!["/retention_days/clicks"]));
    // API-2: what no kind is kept for is no form; what this one is not kept for no form tells.
    for (days, status) in [(0, 400), (31, 422), (36_500, 422), (36_501, 400)] {
        let told = office.set("ada", json!({"retention_days": {"sessions": days}})).await;
        assert_eq!((told.status, told.pointers()), (status, vec!["/retention_days/sessions"]), "{days}");
    }
    // An object is none of its fields in their order: they would be set without their names.
    for limits in [json!([1, 1, 1, 1]), json!([null, null, null, null]), json!([])] {
        let told = office.set("ada", json!({"rate_limits": limits})).await;
        assert_eq!((told.status, told.pointers()), (400, vec!["/rate_limits"]), "{limits}");
    }
    assert_eq!(office.settings("ada").await.etag.as_deref(), Some("\"0\""));
    for body in [json!({"colour": "red"}), json!({"retention_days": {"lines": 5}}), json!({"totp_for_approvals": 1})] {
        assert_eq!(office.set("ada", body.clone()).await.status, 400, "{body}");
    }
}

#[tokio::test]
async fn whoever_sets_points_that_another_set_meanwhile_is_told_both_versions() {
    // API-15
    let office = office().await;
    let points = |n: u32| json!({"points": {"quick_sale": n}});
    let set = async |who: &str, body: Value, seen: Option<&str>| {
        let key = format!("{who}-{body}-{}", seen.unwrap_or("any")).replace(['"', '{', '}'], "");
        let named: Vec<(&str, &str)> = seen.map(|seen| ("if-match", seen)).into_iter().collect();
        let more = [named, vec![("idempotency-key", key.as_str())]].concat();
        office.tell(&bearer(who), "PUT", "/v1/risk/policy", body, &more).await
    };
    let read = async || office.tell(&bearer("aud"), "GET", "/v1/risk/policy", Value::Null, &[]).await;
    assert_eq!(read().await.etag.as_deref(), Some("\"0\""));
    let first = set("ada", points(44), Some("\"0\"")).await;
    assert_eq!((first.status, first.etag.as_deref()), (200, Some("\"1\"")), "{:?}", first.json);
    let late = set("bob", points(45), Some("\"0\"")).await;
    assert_eq!((late.status, &late.json["versions"]), (412, &json!({"seen": 0, "present": 1})), "{:?}", late.json);
    let now = read().await;
    assert_eq!((now.etag.as_deref(), &now.json), (Some("\"1\""), &first.json), "what the first set holds");
    let next = set("bob", points(45), Some("\"1\"")).await;
    assert_eq!((next.status, next.etag.as_deref()), (200, Some("\"2\"")), "{:?}", next.json);
    // Whoever does not say what they saw sets, as ever; and a form's fault is told before any version.
    assert_eq!(set("ada", points(46), None).await.status, 200);
    assert_eq!(set("ada", json!({"nothing": 1}), Some("\"0\"")).await.status, 400);
    // A host that is named twice is banned once.
    let program = world::program().to_string();
    let twice = set("ada", json!({"banned_referrers": {program.clone(): ["a.example", "a.example"]}}), None).await;
    assert_eq!((twice.status, &twice.json["banned_referrers"][&program]), (200, &json!(["a.example"])));
}

#[tokio::test]
async fn every_job_is_told_with_its_last_run_and_its_next() {
    // OPS-12
    let office = office().await;
    let (store, now) = (office.world.store.clone(), office.world.now);
    let jobs = |told: Told| -> Vec<Value> { told.json["data"].as_array().expect("a list").clone() };
    let none = jobs(office.tell(&bearer("aud"), "GET", "/v1/jobs", Value::Null, &[]).await);
    assert_eq!(none.len(), Job::ALL.len());
    assert!(none.iter().all(|job| job["status"] == "never_ran" && job["is_late"] == false), "{none:?}");
    let hours_ago = |hours: i64| Timestamp::from_second(now.as_second() - hours * 3_600).expect("an instant");
    for (job, began, ended) in [
        (Job::Night, hours_ago(1), Some(JobOutcome::Done)),
        (Job::ClickCounts, hours_ago(1), Some(JobOutcome::Failed)),
        (Job::Verification, hours_ago(60), None),
        (Job::PayoutOutcomes, now, None),
    ] {
        store.record_job_started(job, began, began).await.expect("store");
        if let Some(outcome) = ended {
            store.record_job_ended(job, began, (began, outcome)).await.expect("store");
        }
    }
    let told = jobs(office.tell(&bearer("ada"), "GET", "/v1/jobs", Value::Null, &[]).await);
    let shown: Vec<(&str, &str, bool)> = told
        .iter()
        .map(|job| {
            let text = |name: &str| job[name].as_str().unwrap_or_default();
            (text("name"), text("status"), job["is_late"] == true)
        })
        .collect();
    let expected = [
        ("night", "done", false),
        ("award-eligibility", "never_ran", false),
        ("click-counts", "failed", false),
        ("memberships", "never_ran", false),
        ("verification", "crashed", true),
        ("payout-outcomes", "running", false),
        ("coupons-at-stripe", "never_ran", false),
    ];
    assert_eq!(shown, expected);
    assert!(told.iter().all(|job| job["next_at"].as_str().is_some_and(|next| next > now.to_string().as_str())));
    for (who, status) in [("operator", 200), ("sue", 200), ("partner", 403), ("machine", 403)] {
        assert_eq!(office.tell(&bearer(who), "GET", "/v1/jobs", Value::Null, &[]).await.status, status, "{who}");
    }
}

#[tokio::test]
async fn a_job_is_begun_by_hand_as_by_its_schedule_and_told() {
    // OPS-12
    let office = office().await;
    let run = async |who: &str, name: &str| {
        let path = format!("/v1/jobs/{name}/run");
        office.tell(&bearer(who), "POST", &path, Value::Null, &[]).await
    };
    for job in Job::ALL {
        let begun = run("ada", job.name()).await;
        let told = (begun.status, &begun.json["name"], &begun.json["status"]);
        assert_eq!(told, (202, &json!(job.name()), &json!("begun")), "{:?}", begun.json);
    }
    assert_eq!(run("operator", "night").await.status, 202);
    let at = office.world.now.to_string();
    let expected = |job: Job| {
        let mut event = json!({"scheduled_for": at});
        if let Some(round) = job.round() {
            event["round"] = json!(round);
        }
        (format!("stage-{}", job.function()), event)
    };
    let mut calls: Vec<(String, Value)> = Job::ALL.into_iter().map(expected).collect();
    calls.push(expected(Job::Night));
    let invoked = office.stub.invocations().into_iter();
    let invoked: Vec<(String, Value)> =
        invoked.map(|(name, body)| (name, serde_json::from_str(&body).expect("JSON"))).collect();
    assert_eq!(invoked, calls);
    let trail = office.world.store.list_audit(&office.world.tenant, "job#night").await.expect("store");
    let told: Vec<(&str, &str)> = trail.iter().map(|entry| (entry.action.as_str(), entry.actor.id.as_str())).collect();
    assert_eq!(told, [("job.begun", "usr_ada"), ("job.begun", "usr_operator")]);
}

#[tokio::test]
async fn a_job_that_runs_is_not_begun_beside_itself_nor_any_one_again_and_again() {
    // OPS-12
    let office = office().await;
    let (store, now) = (office.world.store.clone(), office.world.now);
    let run = async |name: &str| {
        let path = format!("/v1/jobs/{name}/run");
        office.tell(&bearer("ada"), "POST", &path, Value::Null, &[]).await
    };
    let began = Timestamp::from_second(now.as_second() - 900).expect("an instant");
    store.record_job_started(Job::Verification, began, began).await.expect("store");
    let told = run("verification").await;
    let kind = told.json["type"].as_str().unwrap_or_default();
    assert!(told.status == 409 && kind.ends_with("job-running"), "{:?}", told.json);
    assert!(office.stub.invocations().is_empty());
    let crashed = Timestamp::from_second(now.as_second() - 901).expect("an instant");
    store.record_job_started(Job::Verification, crashed, crashed).await.expect("store");
    assert_eq!(run("verification").await.status, 202, "it has crashed");
    // Begun, and not noted yet by a function that is still starting.
    for status in [202, 202, 429] {
        assert_eq!(run("verification").await.status, status);
    }
    assert_eq!((run("night").await.status, office.stub.invocations().len()), (202, 4), "each job has its own");
}

#[tokio::test]
async fn nobody_else_begins_a_job_nor_one_that_is_not_there_nor_one_that_does_not_answer() {
    let office = office().await;
    let run = async |who: &str, name: &str| {
        let path = format!("/v1/jobs/{name}/run");
        office.tell(&bearer(who), "POST", &path, Value::Null, &[]).await.status
    };
    for (who, _, _) in CALLERS.iter().filter(|(who, _, _)| !["ada", "bob", "operator"].contains(who)) {
        assert_eq!(run(who, "night").await, 403, "{who}");
    }
    // A tenant beside the deployment's own: a job is everybody's.
    assert_eq!(run("stranger", "night").await, 403);
    assert_eq!(run("ada", "nights").await, 404);
    assert!(office.stub.invocations().is_empty());
    office.stub.refuse(Some(testkit::stub::Service::Lambda));
    assert_eq!(run("ada", "night").await, 503);
}

/// What a process that remembers no answer of its own says to `/ready`, and of the mail: what is wrong with it, or that nothing is.
async fn ready_and_mail(office: &Office, mail: &MailFrom) -> (u16, Option<Option<String>>) {
    let sqs = aws_of(&office.stub.endpoint).service(Service::Sqs);
    let facts = Sender::connect(&sqs, "http://127.0.0.1:1/000000000000/facts");
    let probes = Probes { mail: Some(mail.clone()), ..Probes::default() };
    let app = App::new(office.world.store.clone(), Clock::fixed(office.world.now), facts).probing(probes);
    let request = http::Request::builder().uri("/ready").body(Body::empty()).expect("request");
    let answer = routes(app).oneshot(request).await.expect("infallible");
    let status = answer.status().as_u16();
    let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20).await.expect("body");
    let told: Value = serde_json::from_slice(&bytes).expect("json");
    let parts = told["parts"].as_array().expect("parts");
    let mail = parts.iter().find(|part| part["name"] == "mail");
    (status, mail.map(|part| part["why"].as_str().map(str::to_owned)))
}

const NOT_VERIFIED: &str = "the address that mail is sent from is not verified";

/// OPS-1.
#[tokio::test]
async fn an_address_that_mail_may_not_be_sent_from_is_told_and_one_whose_domain_is_verified_does() {
    let office = office().await;
    ready::all_began(&office, &Job::ALL).await;
    let ses = aws_of(&office.stub.endpoint).service(Service::Ses);
    let (whole, below) = ("payouts@example.com", "payouts@mail.example.com");
    for (verified, address, refusing, expected) in [
        (None, whole, None, (503, Some(NOT_VERIFIED))),
        (Some("payouts@example.com"), whole, None, (200, None)),
        (Some("example.com"), whole, None, (200, None)),
        (Some("example.org"), whole, None, (503, Some(NOT_VERIFIED))),
        // A domain's word holds for what is below it, and not the other way round.
        (Some("mail.example.com"), below, None, (200, None)),
        (Some("example.com"), below, None, (200, None)),
        (Some("mail.example.com"), whole, None, (503, Some(NOT_VERIFIED))),
        (Some("com"), below, None, (503, Some(NOT_VERIFIED))),
        (Some("example.com"), whole, Some(testkit::stub::Service::Ses), (503, Some("does not answer"))),
    ] {
        office.stub.verify(verified);
        office.stub.refuse(refusing);
        let (status, mail) = ready_and_mail(&office, &MailFrom::connect(&ses, address)).await;
        assert_eq!((status, mail.expect("the mail").as_deref()), expected, "{verified:?} for {address}");
    }
}

/// OPS-1: the service answers one such question a second, and anybody may ask.
#[tokio::test]
async fn a_mail_service_that_was_asked_too_often_stops_nobody_and_its_good_answer_holds() {
    let office = office().await;
    ready::all_began(&office, &Job::ALL).await;
    let ses = aws_of(&office.stub.endpoint).service(Service::Ses);
    let mail = MailFrom::connect(&ses, "payouts@example.com");
    office.stub.throttle_mail(true);
    assert_eq!(ready_and_mail(&office, &mail).await, (200, None), "nothing is known of it");
    office.stub.throttle_mail(false);
    let not_verified = (503, Some(Some(NOT_VERIFIED.to_owned())));
    assert_eq!(ready_and_mail(&office, &mail).await, not_verified);
    office.stub.throttle_mail(true);
    assert_eq!(ready_and_mail(&office, &mail).await, not_verified, "what was known last stays");
    office.stub.throttle_mail(false);
    office.stub.verify(Some("example.com"));
    assert_eq!(ready_and_mail(&office, &mail).await, (200, Some(None)), "a bad answer does not hold");
    office.stub.refuse(Some(testkit::stub::Service::Ses));
    assert_eq!(ready_and_mail(&office, &mail).await, (200, Some(None)), "a good one does");
}

#[tokio::test]
async fn whoever_asks_hears_that_it_is_alive_and_what_does_not_do() {
    // OPS-1
    let office = office().await;
    let ask = |path: &'static str| office.tell("", "GET", path, Value::Null, &[]);
    assert_eq!(ask("/health").await.json["status"], "ok");
    ready::all_began(&office, &Job::ALL).await;
    let ready = ask("/ready").await;
    let names: Vec<&str> =
        ready.json["parts"].as_array().expect("parts").iter().filter_map(|p| p["name"].as_str()).collect();
    let (tables, jobs) = names.split_at(3);
    assert_eq!((ready.status, tables), (200, &["table core", "table clicks", "table ops"][..]));
    assert_eq!(jobs.len(), Job::ALL.len(), "{jobs:?}");
    let began = Timestamp::from_second(office.world.now.as_second() - 3 * 86_400).expect("an instant");
    office.world.store.record_job_started(Job::Verification, began, began).await.expect("store");
    // The answer before holds for a while; another process looks itself.
    assert_eq!(ask("/ready").await.status, 200);
    let (sqs, url) = (aws_of("http://127.0.0.1:1").service(Service::Sqs), "http://127.0.0.1:1/000000000000/facts");
    let away = Door::connect(&sqs, url);
    let probes = Probes { queues: vec![("facts", away)], ..Probes::default() };
    let facts = Sender::connect(&sqs, url);
    let app = App::new(office.world.store.clone(), Clock::fixed(office.world.now), facts).probing(probes);
    let request = http::Request::builder().uri("/ready").body(Body::empty()).expect("request");
    let answer = routes(app).oneshot(request).await.expect("infallible");
    assert_eq!(answer.status().as_u16(), 503);
    let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20).await.expect("body");
    let told: Value = serde_json::from_slice(&bytes).expect("json");
    let wrong: Vec<(&str, &str)> = told["parts"]
        .as_array()
        .expect("parts")
        .iter()
        .filter(|part| part["ok"] == false)
        .map(|part| (part["name"].as_str().unwrap_or_default(), part["why"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(wrong, [("queue facts", "does not answer"), ("job verification", "has not ended well for two runs")]);
}
