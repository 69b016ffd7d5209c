//! PAY-11: payouts built together, and the report that stays with them.

use std::sync::atomic::AtomicUsize;

use cases::closing::Pace;
use cases::payout_runs::{self, Wanted};
use domain::currency::Currency;
use domain::id::PayoutRunId;
use domain::payout::run::PayoutRun;

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

/// The n-th run of a currency, of so many accounts at most: below the border, where its time is what the test says.
async fn run_of(world: &World, n: u128, accounts: usize, currency: Currency, after: Option<PartnerId>) -> PayoutRun {
    let id = PayoutRunId::from_ulid(n.into());
    let wanted = Wanted { id, currency, after, by: given::actor(Role::FinanceManager, "usr_fin") };
    let asked = AtomicUsize::new(1);
    let is_over = || asked.fetch_add(1, Ordering::Relaxed) >= accounts;
    let at = NOW.parse().expect("instant");
    payout_runs::build(&world.store, &tenant(), &wanted, at, Pace::unhurried(), &is_over).await.expect("a run")
}

/// Four partners with something to pay.
async fn four_to_pay() -> World {
    let world = world().await;
    for n in [3, 4] {
        given::partner_profile(&world.store, &partner(n)).await;
    }
    for n in [1, 2, 3, 4] {
        given::balance(&world, n, "40.00").await;
    }
    world
}

/// Whom a run pays, whether it leaves anybody to another, and where it stopped.
fn told(run: &PayoutRun) -> (usize, bool, Option<PartnerId>) {
    (run.payouts.len(), run.more, run.stopped_at.clone())
}

#[tokio::test]
async fn repeated_runs_come_to_everybody_though_each_sees_few_accounts() {
    let world = four_to_pay().await;
    let usd = Currency::USD;
    assert_eq!(told(&run_of(&world, 1, 2, usd, None).await), (2, true, Some(partner(2))));
    // A run of another currency between them is no end of this one's.
    let eur = Currency::parse("EUR").expect("a currency");
    assert_eq!(told(&run_of(&world, 2, 1, eur, None).await), (0, false, None));
    // However little time there is, each comes further.
    assert_eq!(told(&run_of(&world, 3, 0, usd, None).await), (1, true, Some(partner(3))));
    let last = run_of(&world, 4, 9, usd, None).await;
    assert_eq!((told(&last), last.findings.len()), ((1, false, None), 2));
    // The one before came to the end, so this one begins with the first.
    assert_eq!(told(&run_of(&world, 5, 1, usd, None).await), (0, true, Some(partner(1))));
    assert_eq!(world.get("fin", "").await.json["data"].as_array().map(Vec::len), Some(4));
}

#[tokio::test]
async fn a_run_finds_where_the_last_of_its_currency_stopped_behind_many_of_another() {
    let world = four_to_pay().await;
    let eur = Currency::parse("EUR").expect("a currency");
    assert_eq!(told(&run_of(&world, 1, 3, Currency::USD, None).await), (3, true, Some(partner(3))));
    for n in 2..25 {
        run_of(&world, n, 1, eur, None).await;
    }
    assert_eq!(told(&run_of(&world, 25, 9, Currency::USD, None).await), (1, false, None));
}

#[tokio::test]
async fn a_run_that_died_and_is_built_again_begins_where_it_began_and_finds_its_own() {
    let world = four_to_pay().await;
    assert_eq!(told(&run_of(&world, 1, 1, Currency::USD, None).await).2, Some(partner(1)));
    // The second dies before it is kept: its payouts stand under its name.
    let under = format!("{}#{}", PayoutRunId::from_ulid(2_u128.into()), partner(2));
    let by = given::actor(Role::FinanceManager, "usr_fin");
    let currency = Currency::USD;
    let asked = cases::payouts::Asked { partner: partner(2), currency, amount: None, by, under };
    let at = NOW.parse().expect("instant");
    let born = cases::payouts::request(&world.store, &tenant(), &asked, at).await.expect("a payout");
    assert!(matches!(born, cases::payouts::Requested::Created(_)), "{born:?}");
    // Another goes on meanwhile, and comes to the end.
    assert_eq!(told(&run_of(&world, 3, 9, Currency::USD, None).await), (2, false, None));
    let again = run_of(&world, 2, 9, Currency::USD, None).await;
    assert_eq!((told(&again), again.total.to_text()), ((1, false, None), "40.00".to_owned()));
}

#[tokio::test]
async fn whoever_builds_a_run_may_say_behind_whom_it_begins() {
    let world = four_to_pay().await;
    let body = |after: &str| json!({"currency": "USD", "after": after});
    for bad in ["x", "prn_01JF8Q3W5T6Y7Z8A9B0C1D2E3F"] {
        let refused = world.ask_as("fin", "POST", RUNS, body(bad), Some(bad)).await;
        assert_eq!((refused.status, refused.json["errors"][0]["pointer"].as_str()), (400, Some("/after")), "{bad}");
    }
    let run = world.ask_as("fin", "POST", RUNS, body(partner(2).as_str()), Some("k")).await;
    assert_eq!(
        (run.status, &run.json["payout_count"], &run.json["more"], &run.json["stopped_at"]),
        (201, &json!(2), &json!(false), &Value::Null)
    );
    let rest = build(&world, "fin", "l").await;
    assert_eq!((rest.status, &rest.json["payout_count"], &rest.json["stopped_at"]), (201, &json!(2), &Value::Null));
    let none = world.ask_as("fin", "POST", RUNS, body(partner(9).as_str()), Some("m")).await;
    assert_eq!((none.status, &none.json["payout_count"], &none.json["more"]), (201, &json!(0), &json!(false)));
}

#[tokio::test]
async fn an_account_under_way_costs_a_run_two_reads_and_one_that_owes_a_single_one() {
    // The second run of a world, and the third.
    let cost = async |world: &World, n: u128| {
        let before = world.database.requests();
        run_of(world, n, 9, Currency::USD, None).await;
        world.database.requests() - before
    };
    let empty = world().await;
    run_of(&empty, 1, 9, Currency::USD, None).await;
    let of_nobody = cost(&empty, 2).await;
    let world = four_to_pay().await;
    run_of(&world, 1, 9, Currency::USD, None).await;
    assert_eq!(cost(&world, 2).await, of_nobody + 4 * 2);
    given::partner_profile(&world.store, &partner(5)).await;
    given::balance(&world, 5, "-9.00").await;
    assert_eq!(cost(&world, 3).await, of_nobody + 4 * 2 + 1);
}
