//! What is refused alike at every door: a change of what somebody else changed meanwhile, dates that run backwards, codes
//! that mislead, and whoever is another tenant's.

use domain::id::TenantId;
use domain::role::Role;
use serde_json::{Value, json};

use super::setup::{Answer, Bench, program_body};

const NOBODY: &str = "par_00000000000000000000000001";

/// A change of a thing by its number.
type Change = fn(usize) -> Value;

/// A tenant with a programme, a partner, a group and a link.
struct Office {
    bench: Bench,
    admin: String,
    program: String,
    partner: String,
    group: String,
}

impl Office {
    async fn new() -> Self {
        let bench = Bench::new().await;
        let admin = bench.key(Role::Admin, "usr_1").await;
        let program = bench.program(&admin).await;
        let partner = bench.partner(&admin, &program).await;
        let group = bench.post(&admin, "/v1/groups", &json!({"name": "gold"})).await.expect(201);
        let group = group["id"].as_str().expect("id").to_owned();
        let link = json!({"partner_id": partner, "unique_code": "summer", "destination": "https://shop.example/"});
        bench.post(&admin, "/v1/revenue/affiliates", &link).await.expect(201);
        Self { bench, admin, program, partner, group }
    }

    /// Everything that is edited: where, and how.
    fn editable(&self) -> [(String, Change); 5] {
        let Self { program, partner, group, .. } = self;
        [
            (format!("/v1/programs/{program}"), |n| json!({"window_days": 40 + n})),
            (format!("/v1/partners/{partner}"), |n| json!({"tags": [format!("tag-{n}")]})),
            (format!("/v1/partners/{partner}/enrolments/{program}"), |n| json!({"groups": [format!("group-{n}")]})),
            (format!("/v1/groups/{group}"), |n| json!({"description": format!("No. {n}")})),
            ("/v1/revenue/affiliates/summer".to_owned(), |n| json!({"label": format!("No. {n}")})),
        ]
    }

    async fn version(&self, path: &str) -> u64 {
        // An enrolment is a part of its partner, and has its version.
        let path = path.split("/enrolments/").next().expect("a path");
        version_of(&self.bench.get(&self.admin, path).await)
    }
}

fn version_of(answer: &Answer) -> u64 {
    let tag = answer.headers["etag"].to_str().expect("text");
    tag.trim_matches('"').parse().expect("a version")
}

#[tokio::test]
async fn whoever_changes_what_somebody_changed_meanwhile_is_told_both_versions_at_every_door() {
    let office = Office::new().await;
    for (path, change) in office.editable() {
        let seen = office.version(&path).await;
        let tag = format!("\"{seen}\"");
        let done = office.bench.change(&office.admin, &path, &change(1), Some(&tag)).await;
        assert_eq!(version_of(&done), seen + 1, "{path}: {}", done.body);
        done.expect(200);
        let late = office.bench.change(&office.admin, &path, &change(2), Some(&tag)).await.expect(412);
        assert_eq!(late["type"], "urn:tributary:problem:precondition-failed", "{path}");
        assert_eq!(late["versions"], json!({"seen": seen, "present": seen + 1}), "{path}");
        assert_eq!(office.version(&path).await, seen + 1, "{path}: nothing of it was done");
        // With the version that was told it goes on.
        let told = format!("\"{}\"", late["versions"]["present"]);
        office.bench.change(&office.admin, &path, &change(2), Some(&told)).await.expect(200);
    }
    for path in [
        format!("/v1/programs/{}", office.program),
        format!("/v1/partners/{}", office.partner),
        format!("/v1/groups/{}", office.group),
        "/v1/revenue/affiliates/summer".to_owned(),
    ] {
        let present = office.version(&path).await;
        let late = office.bench.delete_seen(&office.admin, &path, "\"1\"").await.expect(412);
        assert_eq!(late["versions"], json!({"seen": 1, "present": present}), "{path}");
        assert_eq!(office.version(&path).await, present, "{path} is still there");
    }
}

#[tokio::test]
async fn of_many_who_change_a_thing_in_one_instant_each_is_done_whole_or_told_both_versions() {
    let office = Office::new().await;
    let (bench, admin) = (&office.bench, office.admin.as_str());
    for (path, change) in office.editable() {
        let before = office.version(&path).await;
        let one = |n: usize| {
            let (path, body) = (path.clone(), change(n));
            async move { bench.change(admin, &path, &body, None).await }
        };
        let (a, b, c, d) = tokio::join!(one(1), one(2), one(3), one(4));
        let mut done = 0;
        for answer in [a, b, c, d] {
            if answer.status == 200 {
                done += 1;
            } else {
                let told = answer.expect(412);
                let versions = told["versions"].as_object().expect("both");
                let (seen, present) = (versions["seen"].as_u64(), versions["present"].as_u64());
                assert!(seen < present && seen >= Some(before), "{path}: {told}");
            }
        }
        assert!(done >= 1, "{path}: one is always done");
        assert_eq!(office.version(&path).await, before + done, "{path}: each change is one version");
    }
}

#[tokio::test]
async fn dates_that_run_backwards_are_refused_by_the_field_at_every_door() {
    let office = Office::new().await;
    let Office { bench, admin, program, partner, .. } = &office;
    let (early, past) = ("2026-10-01T00:00:00Z", "2026-08-01T00:00:00Z");
    let coupon = |from: &str, until: &str| json!({"code": "ADA20", "partner_id": partner, "program_id": program, "valid_from": from, "valid_until": until});
    let link = json!({"partner_id": partner, "destination": "https://shop.example/", "expires_at": past});
    let rule = |from: &str, to: &str| json!({"rule": {"kind": "percentage", "rate": "0.4"}, "from": from, "to": to, "reason": "a correction"});
    let refusals = [
        ("/v1/coupons".to_owned(), coupon(early, early), "/valid_until"),
        ("/v1/coupons".to_owned(), coupon(early, "2026-09-30T23:59:59.999Z"), "/valid_until"),
        ("/v1/revenue/affiliates".to_owned(), link, "/expires_at"),
        (
            format!("/v1/programs/{program}/rules"),
            json!({"kind": "percentage", "rate": "0.4", "effective_from": past}),
            "/effective_from",
        ),
        (format!("/v1/programs/{program}/rules/dry-run"), rule(past, "2026-07-01T00:00:00Z"), "/to"),
        (format!("/v1/programs/{program}/recompute"), rule(past, "2026-07-01T00:00:00Z"), "/to"),
        (format!("/v1/partners/{partner}/accounts"), json!({"customer_id": "stripe:cus_1", "from": past}), "/from"),
    ];
    for (n, (path, body, pointer)) in refusals.into_iter().enumerate() {
        assert_eq!(
            bench.post_once(admin, &path, &body, Some(&format!("once-{n}"))).await.pointers(422),
            [pointer],
            "{path} {body}"
        );
    }
    let own = bench.key(Role::Partner, partner).await;
    for (path, parameter) in [
        ("/v1/partners/revenue/metrics?period_start=2026-09-02&period_end=2026-09-01".to_owned(), "period_start"),
        (format!("/v1/partners/{partner}/earnings?period_start=2026-09-02&period_end=2026-09-01"), "period_end"),
        ("/v1/partners/revenue/commissions?from=2026-09-02&to=2026-09-01".to_owned(), "to"),
    ] {
        assert_eq!(bench.get(&own, &path).await.pointers(422), [parameter], "{path}");
    }
    assert_eq!(bench.get(admin, "/v1/coupons").await.expect(200)["data"], json!([]), "nothing was made");
}

#[tokio::test]
async fn codes_that_mislead_are_refused_of_links_and_coupons_and_a_code_is_taken_however_it_is_written() {
    let office = Office::new().await;
    let Office { bench, admin, program, partner, .. } = &office;
    let link = |code: &str| json!({"partner_id": partner, "unique_code": code, "destination": "https://shop.example/"});
    let coupon = |code: &str| json!({"code": code, "partner_id": partner, "program_id": program});
    // A Cyrillic а, a fullwidth 1, a letter with a mark, a blank that nobody sees, a zero-width joiner.
    let misleading =
        ["sp\u{430}ring", "spring\u{ff11}", "spr\u{ed}ng", "spring sale", "spring\u{a0}sale", "spr\u{200d}ing"];
    for code in misleading {
        assert_eq!(
            bench.post(admin, "/v1/revenue/affiliates", &link(code)).await.pointers(400),
            ["/unique_code"],
            "{code}"
        );
        assert_eq!(bench.post(admin, "/v1/coupons", &coupon(code)).await.pointers(400), ["/code"], "{code}");
    }
    for reserved in ["admin", "ADMIN", "adm1n", "log-in", "0auth"] {
        let refused = bench.post(admin, "/v1/revenue/affiliates", &link(reserved)).await.body;
        let why = refused["errors"][0]["detail"].as_str().expect("why");
        assert!(why.contains("reserved"), "{reserved}: {why}");
    }
    bench.post(admin, "/v1/coupons", &coupon("ADA20")).await.expect(201);
    for taken in ["summer", "SUMMER", "Summer"] {
        let refused = bench.post(admin, "/v1/revenue/affiliates", &link(taken)).await.expect(409);
        assert_eq!(refused["errors"][0]["pointer"], "/unique_code", "{taken}");
    }
    for taken in ["ada20", "Ada20", "ADA20"] {
        let mut other = coupon(taken);
        other["valid_from"] = json!("2026-12-01T00:00:00Z");
        let refused = bench.post(admin, "/v1/coupons", &other).await.expect(409);
        assert_eq!(refused["errors"][0]["pointer"], "/code", "{taken}");
    }
}

/// Every write that names a partner in its body.
fn writes_that_name(partner: &str, office: &Office) -> Vec<(&'static str, String, Value)> {
    let Office { program, partner: own, .. } = office;
    let link = json!({"partner_id": partner, "destination": "https://shop.example/"});
    let coupon = json!({"code": "MINE", "partner_id": partner, "program_id": program});
    let person = json!({"name": "Bo", "email": "bo@example.com", "program_id": program, "referrer_id": partner});
    let claim = json!({"partner_id": partner, "order_reference": "in_1", "evidence": "She wrote to me first."});
    vec![
        ("POST", "/v1/revenue/affiliates".to_owned(), link),
        ("POST", "/v1/coupons".to_owned(), coupon),
        ("POST", "/v1/partners".to_owned(), person),
        ("POST", "/v1/claims".to_owned(), claim),
        ("PATCH", format!("/v1/partners/{own}"), json!({"referrer_id": partner})),
        ("PATCH", format!("/v1/partners/{own}/enrolments/{program}"), json!({"referrer_id": partner})),
    ]
}

/// Every door whose path or query names a partner.
fn doors_of(partner: &str, program: &str) -> Vec<(&'static str, String, Value)> {
    let path = |rest: &str| format!("/v1/partners/{partner}{rest}");
    let asked = |rest: &str| format!("/v1/{rest}?partner_id={partner}");
    let none = Value::Null;
    vec![
        ("GET", path(""), none.clone()),
        ("GET", path("/enrolments"), none.clone()),
        ("GET", path("/accounts"), none.clone()),
        ("GET", path("/users"), none.clone()),
        ("GET", path("/earnings"), none.clone()),
        ("GET", path("/payout-method"), none.clone()),
        ("GET", path("/tax-form"), none.clone()),
        ("GET", asked("partners/dashboard"), none.clone()),
        ("GET", asked("partners/revenue/metrics"), none.clone()),
        ("GET", asked("partners/revenue/projection"), none.clone()),
        ("GET", asked("partners/revenue/commissions"), none.clone()),
        ("GET", asked("partners/revenue/payouts"), none.clone()),
        ("GET", asked("revenue/affiliates"), none.clone()),
        ("GET", asked("coupons"), none.clone()),
        ("GET", asked("claims"), none.clone()),
        ("GET", asked("achievements/awards"), none.clone()),
        ("PATCH", path(""), json!({"tags": ["x"]})),
        ("POST", path("/suspend"), json!({"reason": "x"})),
        ("POST", path("/reinstate"), json!({})),
        ("POST", path("/enrolments"), json!({"program_id": program})),
        ("POST", path("/accounts"), json!({"customer_id": "stripe:cus_1"})),
        ("POST", path("/users"), json!({"email": "cy@example.com"})),
        ("POST", path("/tax-form/accept"), json!({})),
        ("POST", path("/tax-form/withdraw"), json!({"reason": "x"})),
        ("DELETE", path("/accounts/stripe:cus_1"), none.clone()),
        ("DELETE", path(""), none),
    ]
}

impl Office {
    async fn ask(&self, (method, path, body): &(&'static str, String, Value), once: &str) -> Answer {
        match *method {
            "GET" => self.bench.get(&self.admin, path).await,
            "PATCH" => self.bench.change(&self.admin, path, body, None).await,
            "DELETE" => self.bench.delete(&self.admin, path).await,
            _ => self.bench.post_once(&self.admin, path, body, Some(once)).await,
        }
    }
}

/// What is answered, without what names the request.
fn said(answer: &Answer, partner: &str) -> (u16, String) {
    let mut body = answer.body.clone();
    if let Some(fields) = body.as_object_mut() {
        fields.remove("correlation_id");
    }
    (answer.status.as_u16(), body.to_string().replace(partner, "{partner}"))
}

#[tokio::test]
async fn a_partner_of_another_tenant_is_answered_in_the_very_words_of_one_whom_nobody_knows() {
    let office = Office::new().await;
    let stranger = TenantId::parse("ten_00000000000000000000000007").expect("id");
    let key = office.bench.key_of(&stranger, Role::Admin, "usr_9").await;
    let program = office.bench.post(&key, "/v1/programs", &program_body()).await.expect(201);
    let theirs = office.bench.partner(&key, program["id"].as_str().expect("id")).await;
    let link = json!({"partner_id": theirs, "unique_code": "theirs", "destination": "https://shop.example/"});
    office.bench.post(&key, "/v1/revenue/affiliates", &link).await.expect(201);
    let before = office.bench.get(&key, &format!("/v1/partners/{theirs}")).await;
    let doors = |partner: &str| {
        let mut doors = doors_of(partner, &office.program);
        doors.extend(writes_that_name(partner, &office));
        doors
    };
    for (n, (theirs_asked, nobodys)) in doors(&theirs).iter().zip(&doors(NOBODY)).enumerate() {
        let of_theirs = office.ask(theirs_asked, &format!("theirs-{n}")).await;
        let of_nobody = office.ask(nobodys, &format!("nobody-{n}")).await;
        let (method, path, _) = theirs_asked;
        assert_eq!(said(&of_theirs, &theirs), said(&of_nobody, NOBODY), "{method} {path}");
        let is_empty = of_theirs.status == 200 && of_theirs.body["data"] == json!([]);
        assert!(
            [400, 403, 404, 422].contains(&of_theirs.status.as_u16()) || is_empty,
            "{method} {path}: {}",
            of_theirs.body
        );
    }
    let after = office.bench.get(&key, &format!("/v1/partners/{theirs}")).await;
    assert_eq!((version_of(&after), after.body), (version_of(&before), before.body), "nothing of theirs was touched");
}
