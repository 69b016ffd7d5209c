//! Callers who are somebody and not the right one: a key that has ended, another partner; and things that are named by
//! what is no name.

use domain::time::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use super::operations::{NOBODYS, Operation};
use super::{Asked, Doors, assert_none, faults};
use crate::api::Api;

/// What nobody's id looks like: another kind's, a path's, blanks, letters of no alphabet of ours.
const MALFORMED: [&str; 4] = ["xxx_1", "%2e%2e%2f", "%20", "%F0%9F%92%B8"];

async fn made(doors: &Doors, path: &str, body: Value) -> Value {
    let once = format!("made-{}", body["name"].as_str().unwrap_or_default().replace(' ', "-"));
    Api::new(&doors.url).post(&doors.keys["admin"], path, &once, &body).await.expect(201)
}

#[tokio::test]
async fn a_key_that_has_ended_is_answered_401_at_every_door() {
    let doors = Doors::open().await;
    let now = doors.cloud.now().await;
    let ends = Timestamp::from_second(now.as_second() + 60).expect("an instant");
    let body =
        json!({"name": "for a minute", "kind": "service", "scopes": ["leads:read"], "expires_at": ends.to_string()});
    let key = made(&doors, "/v1/api-keys", body).await["secret"].as_str().expect("a key").to_owned();
    doors.cloud.advance("2m").await;
    let mut wrong = Vec::new();
    for operation in doors.guarded() {
        let told = doors.ask(operation, Asked { key: Some(&key), ..Asked::default() }).await;
        wrong.extend(faults(operation, &told, |status| status == 401));
    }
    assert_none("expired", &wrong);
}

#[tokio::test]
async fn another_partners_things_are_not_there() {
    let doors = Doors::open().await;
    let body = json!({"name": "Grace", "email": "grace@partner.example", "program_id": doors.program});
    let other = made(&doors, "/v1/partners", body).await["id"].as_str().expect("an id").to_owned();
    let body = json!({"name": "of Grace", "kind": "partner", "partner_id": other});
    let key = made(&doors, "/v1/api-keys", body).await["secret"].as_str().expect("a key").to_owned();
    let mut wrong = Vec::new();
    let of_a_partner = |operation: &&Operation| operation.path.starts_with("/v1/partners/{id}");
    let mut asked = 0_u32;
    for operation in doors.guarded().filter(of_a_partner) {
        let operation = doors.of_things_that_are(operation);
        let may = operation.roles.iter().any(|role| role == "partner");
        let told = doors.ask(&operation, Asked { key: Some(&key), ..Asked::default() }).await;
        let expected = |status: u16| if may { status == 404 } else { [403, 404].contains(&status) };
        wrong.extend(faults(&operation, &told, expected));
        asked += 1;
    }
    assert_none("another partner", &wrong);
    assert!(asked > 10, "{asked} doors of one partner");
}

#[tokio::test]
async fn what_is_no_id_names_nothing() {
    let doors = Doors::open().await;
    let mut wrong = Vec::new();
    let names_something = |operation: &&Operation| operation.path.contains('{') && !operation.is_of_a_person();
    for operation in doors.guarded().filter(names_something) {
        let Some(key) = doors.key_for(operation) else { continue };
        for malformed in MALFORMED {
            let parts = operation.asked_path.split('/');
            let path =
                parts.map(|part| if part.ends_with(NOBODYS) { malformed } else { part }).collect::<Vec<_>>().join("/");
            let asked = Operation { asked_path: path, ..operation.clone() };
            let told = doors.ask(&asked, Asked { key: Some(key), ..Asked::default() }).await;
            // What a read finds nothing under is nothing; of a body that does not fit it is the body that is told of.
            let is_right =
                |status: u16| status == 404 || ([400, 422].contains(&status) && operation.method != Method::GET);
            wrong.extend(faults(operation, &told, is_right).map(|fault| format!("{malformed}: {fault}")));
        }
    }
    assert_none("malformed ids", &wrong);
}

#[tokio::test]
async fn a_persons_own_lists_refuse_a_parameter_that_they_do_not_know() {
    let doors = Doors::open().await;
    let mut wrong = Vec::new();
    let is_asked = |operation: &&Operation| operation.is_of_a_person() && !operation.parameters.is_empty();
    for operation in doors.guarded().filter(is_asked) {
        let query = Some("?no_such_parameter=1".to_owned());
        let told = doors.ask(operation, Asked { key: Some(&doors.keys["admin"]), query, ..Asked::default() }).await;
        wrong.extend(faults(operation, &told, |status| status == 400));
    }
    assert_none("unknown parameters", &wrong);
}
