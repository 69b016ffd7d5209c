//! API-8, R13: every operation that the product serves, asked by another tenant with this one's ids: what is foreign is
//! answered as what is nowhere, takes the same requests to the tables, none of which names a key of this tenant, and nothing
//! of this tenant is told or changes. A new operation is in it by being in docs/openapi.json.
//!
//! Two tenants that are alike ask: one names this tenant's things, the other things that nobody has.

mod bodies;
mod furnished;
mod ids;
mod meter;
mod neighbour;

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Cloud, CloudOptions};

use crate::access::operations::{self, Operation};
use crate::api::{Answer, Asked};
use crate::behind::{Way, binaries_behind};
use crate::operator::{dump, tributary};
use crate::world::World;
use bodies::{Sent, bodies_of, unsent};
use furnished::{OWN, furnished, is_there};
use ids::Ids;
use meter::{is_own, keys_of, kinds};
use neighbour::{Asking, Neighbour};

/// The functions that answer requests of people and machines.
const MEASURED: [&str; 5] = ["admin-api", "partner-api", "payout-approval", "revenue-api", "webhook-ingest"];
/// A read that goes through every day of its span: of one day alone it asks the same.
const SPAN: (&str, &str) = ("/v1/revenue/recognition", "from=2026-09-01&to=2026-09-02&look_back_days=1");
/// How often both ask until the requests agree.
const ASKED_MAX: usize = 4;

async fn raise_limits(world: &World, admin: &str, once: &str) {
    let limits = json!({"user_per_15_minutes": 100_000, "admin_per_15_minutes": 100_000,
        "service_per_minute": 100_000, "approvals_per_minute": 100_000});
    let body = json!({"rate_limits": limits});
    let asked = Asked { key: admin, once: Some(once), body: Some(&body) };
    world.api.send(Method::PATCH, "/v1/settings", asked).await.expect(200);
}

/// A cloud, with two who ask and a thing of each kind that is this tenant's.
struct Street {
    world: World,
    tables: Way,
    /// Of an admin of this tenant.
    session: String,
    theirs: Neighbour,
    nobodys: Neighbour,
    ids: Ids,
    nobody: Ids,
    /// It goes with the street.
    _bin: TempDir,
}

impl Street {
    async fn built(operations: &[Operation]) -> Self {
        let (tables, bin) = (Way::open().await, tempfile::tempdir().expect("a folder"));
        let variable = "AWS_ENDPOINT_URL_DYNAMODB";
        binaries_behind((variable, &tables.address), &MEASURED, bin.path());
        let cloud =
            Cloud::start_with(CloudOptions { bin: Some(bin.path().to_owned()), ..CloudOptions::default() }).await;
        tables.lead_to(cloud.variable(variable));
        let world = World::on(cloud).await;
        let (ids, session) = furnished(&world, operations).await;
        let operator = tributary(&world.cloud, &["key", "create", "--role", "operator", "--name", "operator"]).await;
        let theirs = Neighbour::moved_in(&world, &operator, "theirs").await;
        let nobodys = Neighbour::moved_in(&world, &operator, "nobodys").await;
        world.rest().await;
        let nobody = ids.of_nobody();
        Self { world, tables, session, theirs, nobodys, ids, nobody, _bin: bin }
    }

    /// Both ask, until it took the same requests: their answers, and what was wrong with the requests.
    async fn ask_both(
        &self,
        one: &Operation,
        who: &str,
        (with_query, body, nth): (bool, Option<&Value>, usize),
    ) -> (Answer, Answer, Vec<String>) {
        // The fewest that it ever took: a process reads again what it has known for a minute.
        let (mut fewest_of_foreign, mut fewest_of_unknown): (Option<Vec<String>>, Option<Vec<String>>) = (None, None);
        let mut n = 0;
        loop {
            let asking = |ids: &'_ Ids| {
                let query = if with_query { query_of(one, ids) } else { needed(one) };
                (format!("{}{query}", ids.filled(&one.path).0), format!("{}-{who}-{with_query}-{nth}-{n}", one.name))
            };
            let (path, once) = asking(&self.ids);
            self.tables.take();
            let of_theirs = Asking { ids: &self.ids, body, path, once };
            let foreign = self.theirs.ask(&self.world, one, who, &of_theirs).await;
            let passed = self.tables.take();
            let (path, once) = asking(&self.nobody);
            let of_nobody = Asking { ids: &self.nobody, body, path, once };
            let unknown = self.nobodys.ask(&self.world, one, who, &of_nobody).await;
            keep_fewer(&mut fewest_of_foreign, kinds(&passed));
            keep_fewer(&mut fewest_of_unknown, kinds(&self.tables.take()));
            let keys = keys_of(own().as_str(), &passed);
            let mut wrong: Vec<String> = keys.iter().map(|key| format!("{one} asks for {key}")).collect();
            n += 1;
            if fewest_of_foreign == fewest_of_unknown || !wrong.is_empty() {
                return (foreign, unknown, wrong);
            }
            if n == ASKED_MAX {
                wrong.push(format!("{one} takes {fewest_of_foreign:?} and of nobody's {fewest_of_unknown:?}"));
                return (foreign, unknown, wrong);
            }
        }
    }

    /// Asks an operation with each of its bodies: what was wrong, and whether the thing was not found.
    async fn ask_all(&self, one: &Operation, who: &str) -> (Vec<String>, bool) {
        let queries = if query_of(one, &self.ids) == needed(one) { &[false][..] } else { &[false, true] };
        let bodies: Vec<Option<Sent>> = bodies_of(one).into_iter().map(Some).collect();
        let bodies = if bodies.is_empty() { vec![None] } else { bodies };
        let (mut wrong, mut is_missed) = (Vec::new(), false);
        for with_query in queries {
            for (nth, sent) in bodies.iter().enumerate() {
                let (body, place) = sent.as_ref().map_or((None, None), |(body, place)| (Some(body), *place));
                let (foreign, unknown, calls) = self.ask_both(one, who, (*with_query, body, nth)).await;
                wrong.extend(calls);
                wrong.extend(faults(one, (&self.ids, &self.nobody), (&foreign, &unknown)));
                wrong.extend(place.and_then(|place| not_named(one, place, &foreign)));
                is_missed |= foreign.status == 404;
            }
        }
        (wrong, is_missed)
    }

    /// The items that are this tenant's own, of the tables that its things stand in.
    async fn things(&self) -> BTreeMap<String, Value> {
        let mut things = BTreeMap::new();
        for table in ["CORE_TABLE", "OPS_TABLE", "CLICKS_TABLE"] {
            let all = dump(&self.world.cloud, table).await.into_iter();
            things.extend(all.filter(|(key, _)| is_own(own().as_str(), key)));
        }
        things
    }
}

fn keep_fewer(fewest: &mut Option<Vec<String>>, calls: Vec<String>) {
    if fewest.as_ref().is_none_or(|fewest| calls.len() < fewest.len()) {
        *fewest = Some(calls);
    }
}

fn own() -> domain::id::TenantId {
    domain::id::TenantId::default_tenant()
}

/// The parameters of its query that it needs.
fn needed(one: &Operation) -> String {
    if one.path == SPAN.0 { format!("?{}", SPAN.1) } else { one.query.clone() }
}

/// The parameters of its query that it needs, and those that name things.
fn query_of(one: &Operation, ids: &Ids) -> String {
    let named = one.parameters.iter().filter_map(|(name, _)| Some(format!("{name}={}", ids.of_query(name)?)));
    let query = needed(one);
    let needed = query.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty()).map(str::to_owned);
    let pairs: Vec<String> = needed.chain(named).collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

/// How an answer is compared with another tenant's of the same state: by its status and rows and, of a refusal, by what is
/// wrong. What was named in the request may be named in it.
fn said(answer: &Answer, named: &Ids) -> String {
    let rows = answer.body["data"].as_array().map_or(0, Vec::len);
    let refusal: &[&str] = if answer.status < 400 { &[] } else { &["type", "title", "detail", "errors"] };
    let wrong: Vec<String> = refusal.iter().map(|field| named.without(&answer.body[*field].to_string())).collect();
    format!("{} with {rows} rows {}", answer.status, wrong.join(" "))
}

/// What is wrong with the answers to one operation; nothing, where the foreign is as the unknown.
fn faults(one: &Operation, (ids, nobody): (&Ids, &Ids), (foreign, unknown): (&Answer, &Answer)) -> Vec<String> {
    let mut faults = Vec::new();
    let (of_foreign, of_unknown) = (said(foreign, ids), said(unknown, nobody));
    if of_foreign != of_unknown {
        faults.push(format!("{one}: {of_foreign} is not {of_unknown}"));
    }
    let told = if foreign.status < 400 { foreign.text.clone() } else { ids.without(&foreign.text) };
    let own = ids.all.iter().map(String::as_str).chain(OWN);
    faults.extend(own.filter(|own| told.contains(*own)).map(|own| format!("{one} tells {own}: {told}")));
    // Stripe is asked with a tenant's own key, which neither has.
    let has_no_key = foreign.body["type"].as_str().is_some_and(|kind| kind.ends_with(":billing-not-set-up"));
    if (foreign.status >= 500 && !has_no_key) || foreign.status == 429 {
        faults.push(format!("{one}: {}", foreign.text));
    }
    if names_a_thing(one) && foreign.status < 400 {
        faults.push(format!("{one} answers {} to a foreign id: {}", foreign.status, foreign.text));
    }
    faults
}

/// Is a body that names a foreign thing not refused for it?
fn not_named(one: &Operation, place: &str, foreign: &Answer) -> Option<String> {
    let mut errors = foreign.body["errors"].as_array().into_iter().flatten();
    let is_named = errors.any(|error| error["pointer"].as_str().is_some_and(|told| told.starts_with(place)));
    let is_refused = foreign.status == 422 && is_named;
    (!is_refused).then(|| format!("{one} does not refuse a foreign {place}: {} {}", foreign.status, foreign.text))
}

/// Does its path name a thing of a tenant?
fn names_a_thing(one: &Operation) -> bool {
    let path = one.path.replace("{year}", "").replace("{name}", "");
    path.contains('{')
}

#[tokio::test(flavor = "multi_thread")]
async fn no_operation_tells_or_changes_anything_of_another_tenant() {
    let operations = operations::all();
    let street = Street::built(&operations).await;
    let guarded: Vec<&Operation> = operations.iter().filter(|one| !one.is_open()).collect();
    let mut wrong = Vec::new();
    for one in guarded.iter().filter(|one| one.method == Method::GET && names_a_thing(one)) {
        wrong.extend(is_there(&street.world, &street.session, one, &street.ids).await.err());
    }
    let before = street.things().await;
    let mut found = BTreeSet::new();
    let schemas = operations::schemas();
    for one in &guarded {
        wrong.extend(unsent(one, &schemas).into_iter().map(|place| format!("{one}: nobody sends {place}")));
        for who in street.theirs.asking(one) {
            let (why, is_missed) = street.ask_all(one, who).await;
            wrong.extend(why.into_iter().map(|why| format!("{who}: {why}")));
            if is_missed {
                found.insert(one.to_string());
            }
        }
    }
    street.world.rest().await;
    let missed: Vec<String> = guarded
        .iter()
        .filter(|one| names_a_thing(one))
        .map(ToString::to_string)
        .filter(|one| !found.contains(one))
        .collect();
    wrong.extend(missed.iter().map(|one| format!("{one}: nobody came as far as the id")));
    let after = street.things().await;
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    wrong.extend(
        keys.into_iter().filter(|key| before.get(*key) != after.get(*key)).map(|key| format!("{key} has changed")),
    );
    assert!(wrong.is_empty(), "{} faults:\n{}", wrong.len(), wrong.join("\n"));
}
