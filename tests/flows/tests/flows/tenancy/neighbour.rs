//! Somebody of a tenant beside this one.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use super::ids::Ids;
use super::raise_limits;
use crate::access::operations::Operation;
use crate::api::{Answer, read};
use crate::operator::tributary;
use crate::people::signed_in;
use crate::world::{World, program_body, text};

/// Whose keys they have: together they may ask for everything.
const ROLES: [&str; 3] = ["finance_manager", "service", "partner"];
/// What an own session is ended or changed by: it names nothing of anybody else.
const OF_THE_OWN_SESSION: [&str; 4] =
    ["DELETE /v1/auth/session", "PUT /v1/auth/session", "POST /v1/auth/totp", "DELETE /v1/auth/totp"];

/// Somebody of a tenant beside this one.
pub(super) struct Neighbour {
    keys: BTreeMap<&'static str, String>,
}

impl Neighbour {
    /// A tenant with a programme, a partner, keys, and an admin who has signed in; its calls are not limited.
    pub(super) async fn moved_in(world: &World, operator: &str, name: &str) -> Self {
        let made = world.api.post(operator, "/v1/tenants", name, &json!({"name": "Next door"})).await.expect(201);
        let (tenant, admin) = (text(&made["id"]), text(&made["first_admin_key"]));
        raise_limits(world, &admin, name).await;
        let post = async |path: &str, body: Value| {
            text(&world.api.post(&admin, path, &format!("{name}{path}"), &body).await.expect(201)["id"])
        };
        let program = post("/v1/programs", program_body()).await;
        let body = json!({"name": "Nell", "email": "nell@next.example", "program_id": program});
        let partner = post("/v1/partners", body).await;
        let session = signed_in(world, &admin, &format!("{name}@next.example")).await;
        let mut keys = BTreeMap::from([("admin", admin), ("session", session)]);
        for role in ROLES {
            let mut said = vec!["key", "create", "--tenant", &tenant, "--role", role, "--name", role];
            if role == "partner" {
                said.extend(["--subject", &partner]);
            }
            keys.insert(role, tributary(&world.cloud, &said).await);
        }
        Self { keys }
    }

    /// Which of their keys they may ask with.
    pub(super) fn asking(&self, one: &Operation) -> Vec<&'static str> {
        let name = one.to_string();
        if OF_THE_OWN_SESSION.contains(&name.as_str()) {
            return Vec::new();
        }
        if one.is_of_a_person() {
            return vec!["session"];
        }
        let may = |role: &&&'static str| one.roles.iter().any(|allowed| allowed == **role);
        self.keys.keys().filter(may).copied().collect()
    }

    pub(super) async fn ask(&self, world: &World, one: &Operation, who: &str, asking: &Asking<'_>) -> Answer {
        let url = format!("{}{}", world.api.url, asking.path);
        let mut request = world.cloud.client().request(one.method.clone(), url).bearer_auth(&self.keys[who]);
        if one.method != Method::GET {
            request = request.header("idempotency-key", &asking.once);
        }
        // Where the version that was seen must be said: nothing was set yet.
        if one.needs_version {
            request = request.header("if-match", "\"0\"");
        }
        if let Some(body) = asking.body {
            let body = asking.ids.named_in(body, "");
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = read(request).await.expect("an answer");
        if one.to_string() == "PATCH /v1/settings" {
            // Its example sets limits.
            raise_limits(world, &self.keys["admin"], &format!("limits-{}", asking.once)).await;
        }
        answer
    }
}

/// What is asked, by which ids.
pub(super) struct Asking<'a> {
    pub(super) ids: &'a Ids,
    pub(super) body: Option<&'a Value>,
    pub(super) path: String,
    pub(super) once: String,
}
