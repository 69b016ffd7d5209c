//! PAY-11: payouts built together, and the report that stays with them.

use super::*;

const RUNS: &str = "/v1/revenue/payout-runs";

async fn build(world: &World, who: &str, key: &str) -> Answer {
    world.ask_as(who, "POST", RUNS, json!({"currency": "USD"}), Some(key)).await
}

fn found(run: &Value) -> Vec<(&str, &str)> {
    let findings = run["findings"].as_array().expect("findings");
    findings
        .iter()
        .map(|finding| {
            (finding["check"].as_str().unwrap_or_default(), finding["partner_id"].as_str().unwrap_or_default())
        })
        .collect()
}

#[tokio::test]
async fn a_run_pays_whom_it_may_and_says_of_everybody_else_why_not() {
    let world = world().await;
    for n in [3, 4] {
        given::partner_profile(&world.store, &partner(n)).await;
    }
    given::balance(&world, 1, "40.00").await;
    given::balance(&world, 2, "70.00").await;
    given::balance(&world, 3, "4.00").await;
    given::balance(&world, 4, "-9.00").await;
    let policy = json!({"minimums": [{"amount": "5.00", "currency": "USD"}]});
    assert_eq!(world.ask("ada", "PUT", "/policy", policy).await.status, 200);
    let run = build(&world, "fin", "k").await;
    assert_eq!(
        (run.status, &run.json["payout_count"], &run.json["total_amount"], &run.json["verdict"], &run.json["more"]),
        (201, &json!(2), &json!("110.00"), &json!("go"), &json!(false))
    );
    let ids = [1, 2, 3, 4].map(|n| partner(n).to_string());
    let expected = [
        ("new_payee", ids[0].as_str()),
        ("new_payee", &ids[1]),
        ("missing_tax_form", &ids[0]),
        ("missing_tax_form", &ids[1]),
        ("negative_balance", &ids[3]),
        ("held", &ids[2]),
    ];
    assert_eq!(found(&run.json), expected);
    let held = run.json["findings"][5]["detail"].as_str().unwrap_or_default();
    assert!(held.contains("4.00 USD is less than the minimum of 5.00 USD"), "{held}");
    let id = run.json["id"].as_str().expect("an id").to_owned();
    let report = world.get("aud", &format!("{RUNS}/{id}/go-no-go")).await;
    assert_eq!((report.status, &report.json), (200, &run.json));
    let list = world.get("sue", RUNS).await.json;
    assert_eq!((&list["data"][0]["id"], &list["next_cursor"]), (&json!(id), &Value::Null));
}

#[tokio::test]
async fn the_same_request_is_the_same_run_and_another_one_finds_them_under_way() {
    let world = world().await;
    given::balance(&world, 1, "40.00").await;
    let first = build(&world, "fin", "k").await;
    let again = build(&world, "fin", "k").await;
    assert_eq!((first.json == again.json, again.replayed), (true, true));
    let other = build(&world, "fin", "l").await;
    // A payout that is under way has nothing available beside it, so there is nothing to say either.
    assert_eq!((other.status, &other.json["payout_count"], &other.json["verdict"]), (201, &json!(0), &json!("no_go")));
    assert_eq!(world.get("fin", "").await.json["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_run_that_died_in_the_middle_goes_on_and_builds_nothing_twice() {
    for passing in [3, 6, 9, 12, 15, 18] {
        let world = world().await;
        given::balance(&world, 1, "40.00").await;
        given::balance(&world, 2, "70.00").await;
        world.get("fin", "").await;
        world.database.fail_after(passing, 3, testkit::Fault::Refuse);
        let _died = build(&world, "fin", "k").await;
        world.database.heal();
        let run = build(&world, "fin", "k").await;
        assert_eq!(
            (run.status, &run.json["payout_count"], &run.json["total_amount"]),
            (201, &json!(2), &json!("110.00"))
        );
        assert_eq!(world.get("fin", "").await.json["data"].as_array().map(Vec::len), Some(2), "{passing}");
    }
}

#[tokio::test]
async fn whoever_builds_a_run_approves_none_of_it_and_others_approve_each() {
    let world = world().await;
    given::balance(&world, 1, "40.00").await;
    let run = build(&world, "ada", "k").await.json;
    let id = run["payout_ids"][0].as_str().expect("a payout").to_owned();
    assert_eq!(world.approve("ada", &id).await.told(), (403, "requester-may-not-approve"));
    assert_eq!(world.approve("bob", &id).await.json["state"], "approved");
}

#[tokio::test]
async fn runs_are_the_desks_own_and_of_one_tenant() {
    let world = world().await;
    given::balance(&world, 1, "40.00").await;
    for (who, status) in [("sue", 403), ("aud", 403), ("partner 1", 403), ("member", 403), ("nobody", 401)] {
        assert_eq!(build(&world, who, "n").await.status, status, "{who}");
    }
    let empty = world.get("aud", RUNS).await.json;
    assert_eq!((&empty["data"], &empty["next_cursor"]), (&json!([]), &Value::Null));
    let foreign = build(&world, "foreign finance", "f").await;
    assert_eq!((foreign.status, &foreign.json["payout_count"]), (201, &json!(0)));
    let id = foreign.json["id"].as_str().expect("an id").to_owned();
    assert_eq!(world.get("fin", &format!("{RUNS}/{id}/go-no-go")).await.status, 404);
    assert_eq!(world.get("fin", &format!("{RUNS}/prn_1/go-no-go")).await.status, 404);
    assert_eq!(world.get("partner 1", RUNS).await.status, 403);
    for bad in ["?cursor=x", "?limit=0", "?page=2"] {
        assert_eq!(world.get("fin", &format!("{RUNS}{bad}")).await.status, 400, "{bad}");
    }
    let bad = world.ask("fin", "POST", RUNS, json!({"currency": "XXY"})).await;
    assert_eq!((bad.status, bad.json["errors"][0]["pointer"].as_str()), (400, Some("/currency")));
    assert_eq!(world.ask_as("fin", "POST", RUNS, json!({"currency": "USD"}), None).await.status, 400);
}
