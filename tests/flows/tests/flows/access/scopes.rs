//! API-4: a machine's key opens what its scopes say, and nothing besides: asked of every running door.

use std::collections::BTreeSet;

use domain::scope::Scope;
use serde_json::json;

use super::{Asked, Doors, assert_none, faults};
use crate::api::Api;

/// A machine's key with these scopes, made once under a name.
async fn key_with(doors: &Doors, once: &str, scopes: &BTreeSet<String>) -> String {
    let body = json!({"name": "a machine", "kind": "service", "scopes": scopes});
    let made = Api::new(&doors.url).post(&doors.keys["admin"], "/v1/api-keys", once, &body).await.expect(201);
    made["secret"].as_str().expect("a key").to_owned()
}

#[tokio::test]
async fn a_machines_key_opens_what_its_scopes_say_and_nothing_besides() {
    let doors = Doors::open().await;
    let every: BTreeSet<String> = Scope::all().map(|scope| scope.to_string()).collect();
    let whole = key_with(&doors, "all", &every).await;
    let mut wrong = Vec::new();
    for scope in &every {
        let only = key_with(&doors, &format!("only-{scope}"), &BTreeSet::from([scope.clone()])).await;
        let others: BTreeSet<String> = every.iter().filter(|other| *other != scope).cloned().collect();
        let others = key_with(&doors, &format!("but-{scope}"), &others).await;
        for operation in doors.guarded().filter(|operation| operation.scopes.contains(scope)) {
            let told = doors.ask(operation, Asked { key: Some(&only), ..Asked::default() }).await;
            let is_let_in = |status: u16| ![401, 403].contains(&status);
            wrong.extend(faults(operation, &told, is_let_in).map(|fault| format!("with {scope}: {fault}")));
            let told = doors.ask(operation, Asked { key: Some(&others), ..Asked::default() }).await;
            wrong.extend(
                faults(operation, &told, |status| status == 403).map(|fault| format!("without {scope}: {fault}")),
            );
        }
    }
    for operation in doors.guarded().filter(|operation| operation.scopes.is_empty()) {
        let told = doors.ask(operation, Asked { key: Some(&whole), ..Asked::default() }).await;
        wrong.extend(
            faults(operation, &told, |status| [403, 404].contains(&status)).map(|fault| format!("with all: {fault}")),
        );
    }
    assert_none("scopes", &wrong);
}
