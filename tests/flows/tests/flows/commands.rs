//! The operator's command over the API of a running deployment: people, keys, events, jobs, and what is held of somebody.

use std::process::Output;

use serde_json::Value;

use crate::operator::command;
use crate::world::{World, purchase, text};

/// What the command does with a key, well or not.
async fn run(world: &World, key: &str, arguments: &[&str]) -> Output {
    let mut command = command(&world.cloud, "tributary").await;
    command.env("TRIBUTARY_URL", &world.api.url).env("TRIBUTARY_KEY", key).args(arguments);
    command.output().expect("tributary runs")
}

/// What it says; it must end well.
async fn said(world: &World, arguments: &[&str]) -> String {
    let output = run(world, &world.admin, arguments).await;
    assert!(output.status.success(), "tributary {arguments:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_does_by_the_api_what_an_operator_needs() {
    let world = World::new().await;
    let made = ["user", "create", "--email", "uma@staff.example", "--role", "auditor", "--name", "Uma"];
    let uma = said(&world, &made).await;
    said(&world, &["user", "disable", &uma]).await;
    let listed = said(&world, &["user", "list"]).await;
    assert!(listed.contains(&format!("{uma}\tauditor\tdisabled\tuma@staff.example")), "{listed}");
    said(&world, &["user", "enable", &uma]).await;

    let partner = world.partner("ada").await;
    let keys = said(&world, &["key", "list"]).await;
    let of_ada = keys.lines().find(|line| line.contains(&partner.id)).expect("her key");
    let key = of_ada.split('\t').next().expect("an id").to_owned();
    assert!(of_ada.ends_with("\t-\t-"), "it neither ends nor was revoked: {of_ada}");
    said(&world, &["key", "revoke", &key]).await;
    let keys = said(&world, &["key", "list"]).await;
    assert!(keys.lines().any(|line| line.starts_with(&key) && !line.ends_with("\t-")), "{keys}");

    world.deliver(&purchase("casey", "99.00", "", world.cloud.now().await).paid).await.expect(200);
    world.rest().await;
    let deliveries = world.api.get(&world.admin, "/v1/webhooks/deliveries").await.expect(200);
    said(&world, &["replay", &text(&deliveries["data"][0]["id"])]).await;
    assert!(said(&world, &["tick", "night"]).await.starts_with("night is begun for "));
    world.rest().await;
    let out = world.cloud.folder().join("held.json");
    said(&world, &["export", &partner.id, "--out", &out.to_string_lossy()]).await;
    let held: Value = serde_json::from_str(&std::fs::read_to_string(&out).expect("a file")).expect("JSON");
    assert!(held.to_string().contains("ada@partner.example"), "{held}");

    let again = run(&world, &world.admin, &["export", &partner.id, "--out", &out.to_string_lossy()]).await;
    assert_eq!(again.status.code(), Some(2), "a file that is there is not written over: {again:?}");
    let refused = run(&world, &world.finance, &["user", "list"]).await;
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(refused.status.code() == Some(2) && why.contains("the API answers 403"), "{refused:?}");
    let nobody = run(&world, "", &["key", "list"]).await;
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("TRIBUTARY_KEY"), "{nobody:?}");
}
