//! Who may do what, asked of the running doors: every operation of docs/openapi.json by everybody, held against its
//! `x-roles`; and every door against what a request can do wrong.

mod callers;
mod limits;
pub(crate) mod operations;
mod scopes;

use std::collections::BTreeMap;

use reqwest::{Client, Method};
use serde_json::{Value, json};
use testkit::Cloud;

use crate::api::Api;
use crate::operator::tributary;
use operations::{NOBODYS, Operation};

/// Whom an admin's key makes keys for, and whose they are.
const ROLES: [&str; 9] =
    ["admin", "finance_manager", "support", "auditor", "partner", "member", "service", "operator", "publishable"];
/// Larger than any door reads.
const TOO_LARGE_BYTES: usize = 300 * 1024;

/// A cloud with a key of each role.
struct Doors {
    /// It ends with the test.
    cloud: Cloud,
    client: Client,
    url: String,
    keys: BTreeMap<&'static str, String>,
    operations: Vec<Operation>,
    /// A programme and a partner that are there.
    program: String,
    partner: String,
    asked: std::sync::atomic::AtomicU32,
}

/// An answer, as far as it is looked at.
struct Told {
    status: u16,
    kind: String,
    allow: String,
    body: Value,
}

/// A request that differs from the usual.
#[derive(Clone, Default)]
struct Asked<'a> {
    key: Option<&'a str>,
    body: Option<String>,
    content_type: Option<&'a str>,
    accept: Option<&'a str>,
    once: Option<&'a str>,
    query: Option<String>,
    is_without_once: bool,
}

impl Doors {
    async fn open() -> Self {
        let cloud = Cloud::start().await;
        let api = Api::new(cloud.http());
        let mut keys = BTreeMap::new();
        let admin = tributary(&cloud, &["key", "create", "--role", "admin", "--name", "admin"]).await;
        // Before any other door is asked: each process remembers the limits for a minute.
        let limits = json!({"user_per_15_minutes": 100_000, "admin_per_15_minutes": 100_000,
            "service_per_minute": 100_000, "approvals_per_minute": 100_000});
        let asked =
            crate::api::Asked { key: &admin, once: Some("limits"), body: Some(&json!({"rate_limits": limits})) };
        api.send(Method::PATCH, "/v1/settings", asked).await.expect(200);
        let program = api.post(&admin, "/v1/programs", "program", &crate::world::program_body()).await.expect(201);
        let program = program["id"].as_str().expect("an id").to_owned();
        let body = json!({"name": "Ada", "email": "ada@partner.example", "program_id": program});
        let partner = api.post(&admin, "/v1/partners", "partner", &body).await.expect(201);
        let partner = partner["id"].as_str().expect("an id").to_owned();
        for role in ROLES {
            let mut arguments = vec!["key", "create", "--role", role, "--name", role];
            match role {
                "partner" => arguments.extend(["--subject", &partner]),
                "publishable" => arguments.extend(["--subject", &program]),
                _ => {}
            }
            keys.insert(role, tributary(&cloud, &arguments).await);
        }
        let operations = operations::all();
        let (client, url) = (Client::new(), cloud.http().to_owned());
        Self { cloud, client, url, keys, operations, program, partner, asked: 0.into() }
    }

    /// The operation, asked of the programme and of the partner that there are.
    fn of_things_that_are(&self, operation: &Operation) -> Operation {
        let nobodys = |prefix: &str| format!("{prefix}_{NOBODYS}");
        let asked_path = operation.asked_path.replace(&nobodys("prg"), &self.program);
        let asked_path = asked_path.replace(&nobodys("par"), &self.partner);
        let body = operation.body.clone().map(|body| self.named_in(body));
        Operation { asked_path, body, ..operation.clone() }
    }

    /// The same of what a body names.
    fn named_in(&self, body: Value) -> Value {
        match body {
            Value::String(text) if text.starts_with("prg_") => json!(self.program),
            Value::String(text) if text.starts_with("par_") => json!(self.partner),
            Value::Array(entries) => entries.into_iter().map(|entry| self.named_in(entry)).collect(),
            Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, self.named_in(value))).collect(),
            other => other,
        }
    }

    async fn ask(&self, operation: &Operation, asked: Asked<'_>) -> Told {
        let n = self.asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let query = asked.query.unwrap_or_else(|| operation.query.clone());
        let url = format!("{}{}{query}", self.url, operation.asked_path);
        let mut request = self.client.request(operation.method.clone(), url);
        if let Some(key) = asked.key {
            request = request.bearer_auth(key);
        }
        if let Some(accept) = asked.accept {
            request = request.header("accept", accept);
        }
        if !asked.is_without_once {
            request = request.header("idempotency-key", asked.once.map_or_else(|| format!("n{n}"), str::to_owned));
        }
        if let Some(body) = asked.body.or_else(|| operation.body.as_ref().map(Value::to_string)) {
            request = request.header("content-type", asked.content_type.unwrap_or("application/json")).body(body);
        }
        let response = request.send().await.expect("an answer");
        let header = |name: &str| {
            let value = response.headers().get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let (status, kind, allow) = (response.status().as_u16(), header("content-type"), header("allow"));
        let body = response.bytes().await.expect("a body");
        Told { status, kind, allow, body: serde_json::from_slice(&body).unwrap_or(Value::Null) }
    }

    /// The key of the first role that may.
    fn key_for(&self, operation: &Operation) -> Option<&str> {
        let role = operation.roles.iter().find_map(|role| self.keys.get(role.as_str()));
        role.map(String::as_str)
    }

    fn guarded(&self) -> impl Iterator<Item = &Operation> {
        self.operations.iter().filter(|operation| !operation.is_open())
    }
}

/// What is wrong with an answer, if anything is: a refusal is a whole problem, and each status is a declared one.
fn faults(operation: &Operation, told: &Told, expected: impl Fn(u16) -> bool) -> Option<String> {
    let status = told.status;
    if !expected(status) {
        return Some(format!("{operation}: {status} {}", told.body["detail"]));
    }
    if !operation.statuses.contains(&status) {
        return Some(format!("{operation}: {status} is not declared; {}", told.body["detail"]));
    }
    if status < 400 {
        return None;
    }
    let texts = ["type", "title", "detail", "instance", "correlation_id"];
    let is_whole = texts.iter().all(|name| told.body[*name].as_str().is_some_and(|text| !text.is_empty()));
    let is_problem = told.kind == "application/problem+json" && told.body["status"] == status && is_whole;
    (!is_problem).then(|| format!("{operation}: {status} without a whole problem: {} {}", told.kind, told.body))
}

#[track_caller]
fn assert_none(what: &str, faults: &[String]) {
    assert!(faults.is_empty(), "{what}: {} faults\n{}", faults.len(), faults.join("\n"));
}

#[tokio::test]
async fn every_door_answers_every_caller_as_it_is_declared() {
    let doors = Doors::open().await;
    let mut wrong = Vec::new();
    // Of the right shape and with the right checksum, and never minted.
    let forged = edge::auth::mint(&domain::id::TenantId::default_tenant());
    for operation in doors.guarded() {
        for (name, key) in
            [("anonymous", None), ("forged", Some(forged.reveal().as_str())), ("no key at all", Some("nothing"))]
        {
            let told = doors.ask(operation, Asked { key, ..Asked::default() }).await;
            wrong.extend(faults(operation, &told, |status| status == 401).map(|fault| format!("{name}: {fault}")));
        }
        for (role, key) in &doors.keys {
            let told = doors.ask(operation, Asked { key: Some(key), ..Asked::default() }).await;
            let may = operation.roles.iter().any(|allowed| allowed == role);
            // A door that several share may still refuse one of them what is not theirs; 404 says nothing of it.
            let is_confined = ["partner", "member"].contains(role);
            let expected = |status: u16| match may {
                // A key is no session, and these are of no person who signed in.
                true if operation.is_of_a_person() => status != 401,
                true => ![401, 403].contains(&status),
                // Whoever has their own alone is told 404 of anybody else's.
                false => status == 403 || (is_confined && status == 404),
            };
            wrong.extend(faults(operation, &told, expected).map(|fault| format!("{role}: {fault}")));
        }
    }
    assert_none("who may", &wrong);
}

#[tokio::test]
async fn every_door_refuses_what_it_cannot_read_as_it_is_declared() {
    let doors = Doors::open().await;
    let mut wrong = Vec::new();
    for operation in doors.guarded() {
        // The refusals of those that take a session alone are in admin-api's own tests.
        let Some(key) = doors.key_for(operation).filter(|_| !operation.is_of_a_person()) else { continue };
        let asked = Asked { key: Some(key), ..Asked::default() };
        let rows = rows(operation, &asked);
        for (name, asked, expected) in rows {
            let told = doors.ask(operation, asked).await;
            wrong.extend(
                faults(operation, &told, |status| expected.contains(&status)).map(|fault| format!("{name}: {fault}")),
            );
        }
        wrong.extend(a_second_body_under_one_key(&doors, operation, asked).await);
    }
    assert_none("what cannot be read", &wrong);
}

/// What a request can do wrong, and what it is told. Whose thing is looked for first may be 404, and who must name whose
/// figures they want first is 422.
fn rows<'a>(operation: &Operation, asked: &Asked<'a>) -> Vec<(&'static str, Asked<'a>, &'static [u16])> {
    let mut rows = Vec::new();
    if operation.is_of_api {
        let row = Asked { accept: Some("image/png"), ..asked.clone() };
        let is_read = operation.method == Method::GET;
        rows.push(("an answer that it has not", row, if is_read { &[406, 400, 404, 422][..] } else { &[406] }));
    }
    if operation.method == Method::GET {
        let row = Asked { query: Some("?no_such_parameter=1".to_owned()), ..asked.clone() };
        rows.push(("an unknown parameter", row, &[400, 404]));
    }
    let Some(body) = &operation.body else { return rows };
    let mut unknown = body.clone();
    unknown["no_such_field"] = json!(1);
    let with = |body: String| Asked { body: Some(body), ..asked.clone() };
    rows.push(("an unknown field", with(unknown.to_string()), &[400, 404]));
    rows.push(("a list", with("[]".to_owned()), &[400]));
    rows.push(("no JSON", with("{".to_owned()), &[400]));
    rows.push(("too large", with(format!("{{\"a\": \"{}\"}}", "a".repeat(TOO_LARGE_BYTES))), &[413]));
    let plain = Asked { content_type: Some("text/plain"), ..asked.clone() };
    rows.push(("another content type", plain, &[415]));
    if operation.needs_once {
        let without = Asked { is_without_once: true, ..asked.clone() };
        rows.push(("no Idempotency-Key", without, &[400]));
    }
    rows
}

/// Another body under an Idempotency-Key that was used is 422, wherever the key is honoured.
async fn a_second_body_under_one_key(doors: &Doors, operation: &Operation, asked: Asked<'_>) -> Option<String> {
    if !operation.takes_once || operation.body.is_none() {
        return None;
    }
    let once = format!("twice-{}", operation.name);
    let first = Asked { once: Some(&once), ..asked.clone() };
    let told = doors.ask(operation, first).await;
    // Such answers are not kept: the request may be better off later.
    if told.status >= 500 || [202, 429].contains(&told.status) {
        return None;
    }
    let second = Asked { once: Some(&once), body: Some(json!({"no_such_field": 1}).to_string()), ..asked };
    let told = doors.ask(operation, second).await;
    faults(operation, &told, |status| status == 422).map(|fault| format!("a second body: {fault}"))
}

#[tokio::test]
async fn another_method_is_405_and_another_path_404_with_a_problem() {
    let doors = Doors::open().await;
    let mut wrong = Vec::new();
    for operation in &doors.operations {
        let other = Operation { method: Method::from_bytes(b"PROPFIND").expect("a method"), ..operation.clone() };
        let told = doors.ask(&other, Asked::default()).await;
        if told.status != 405 || !told.allow.contains(operation.method.as_str()) || told.body["status"] != 405 {
            wrong.push(format!("{operation}: {} allow {:?} {}", told.status, told.allow, told.body));
        }
    }
    let nowhere = Operation { asked_path: "/v1/no/such/path".to_owned(), ..doors.operations[0].clone() };
    let told = doors.ask(&nowhere, Asked::default()).await;
    assert_eq!((told.status, told.kind.as_str()), (404, "application/problem+json"));
    assert_none("other methods", &wrong);
}
