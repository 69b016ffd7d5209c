//! PAY-8, PAY-9, PAY-19: a payout is paid in one way alone, and a file that somebody has is known.

use std::sync::atomic::AtomicU32 as Calls;

use store::payout_files::SentByFile;

use super::*;
use crate::export::{Export, Wanted};

impl Scene {
    /// The partner is paid by hand from now on.
    pub(super) async fn by_hand(&self, n: u128) {
        let plain = Destination::Manual { holder: format!("Partner {n}"), instructions: "wire to 4711".to_owned() };
        self.pays_by(n, n, plain).await;
    }

    async fn void_known(&self, file: &str) -> Answer {
        let body = json!({"reason": "the bank never got it", "was_downloaded": true});
        self.world.ask("ada", "POST", &format!("/files/{file}/void"), body).await
    }
}

#[tokio::test]
async fn what_goes_by_a_file_is_not_shown_for_paying_by_hand() {
    let scene = Scene::new().await;
    let payout = scene.approved(1, "100.00").await;
    let path = format!("/{payout}/generate-instructions");
    let refused = scene.world.ask("fin", "POST", &path, Value::Null).await;
    assert_eq!(refused.told(), (409, "goes-by-file"));
    assert!(!refused.json.to_string().contains("12345678"), "nothing of the account: {refused:?}");
    assert!(
        scene.world.store.list_audit(&tenant(), &format!("payout_details#{payout}")).await.expect("store").is_empty()
    );
    scene.verified().await;
}

#[tokio::test]
async fn a_file_that_was_downloaded_is_voided_only_by_whoever_says_that_they_know() {
    let scene = Scene::new().await;
    let payout = scene.approved(1, "100.00").await;
    let file = text(&scene.export("a-file").await.json, "id").to_owned();
    let shown = scene.world.get("aud", &format!("/files/{file}")).await.json;
    assert_eq!((&shown["downloaded_at"], &shown["downloaded_by"]), (&Value::Null, &Value::Null));
    for _ in 0..2 {
        assert_eq!(scene.content("fin", &file).await.0, 200);
    }
    let shown = scene.world.get("aud", &format!("/files/{file}")).await.json;
    assert_eq!((text(&shown, "downloaded_at"), text(&shown, "downloaded_by")), (NOW, "usr_fin"));
    let trail = scene.world.store.list_audit(&tenant(), &file).await.expect("store");
    let actions: Vec<_> = trail.iter().map(|entry| entry.action.as_str()).collect();
    let downloads = ["payout_file.downloaded", "payout_file.downloaded"];
    assert_eq!(actions, [["payout_file.planned", "payout_file.made"], downloads].concat());
    assert_eq!(scene.void("ada", &file).await.told(), (409, "file-downloaded"));
    assert_eq!(scene.state(&payout).await, "submitted");
    let voided = scene.void_known(&file).await;
    assert_eq!((voided.status, text(&voided.json, "state")), (200, "voided"), "{voided:?}");
    assert_eq!(scene.state(&payout).await, "approved");
    scene.verified().await;
}

/// Of both at once one comes first, and the other sees it: never are the bytes out and the payouts free.
#[tokio::test]
async fn a_download_and_a_void_at_once_see_each_other() {
    for n in 1..=4 {
        let scene = Scene::new().await;
        let payout = scene.approved(1, &format!("{n}00.00")).await;
        let file = text(&scene.export("a-file").await.json, "id").to_owned();
        let (had, voided) = tokio::join!(scene.content("fin", &file), scene.void("ada", &file));
        let state = scene.state(&payout).await;
        match (had.0, voided.status) {
            (200, 409) => assert_eq!(state, "submitted"),
            (409, 200) => assert_eq!(state, "approved"),
            both => panic!("{both:?}"),
        }
    }
}

#[tokio::test]
async fn nobody_writes_a_files_name_as_the_reference_of_a_payment() {
    let scene = Scene::new().await;
    let payout = scene.approved(1, "100.00").await;
    let file = domain::id::PayoutFileId::from_ulid(7_u128.into());
    for reference in [file.to_string(), format!(" {file}")] {
        let sent = json!({"sent_at": NOW, "payment_reference": reference});
        let refused = scene.world.ask("fin", "POST", &format!("/{payout}/mark-sent"), sent).await;
        assert_eq!((refused.status, &refused.json["errors"][0]["pointer"]), (422, &json!("/payment_reference")));
    }
    assert_eq!(scene.state(&payout).await, "approved");
}

#[tokio::test]
async fn a_making_goes_on_wherever_it_died_though_a_payout_of_it_failed_meanwhile() {
    for (passing, fault) in (60..130).step_by(8).flat_map(|n| [(n, Fault::Refuse), (n + 2, Fault::LoseAnswer)]) {
        let scene = Scene::new().await;
        let (one, two) = (scene.approved(1, "100.00").await, scene.approved(2, "50.00").await);
        scene.world.database.fail_after(passing - 50, 1_000_000, fault);
        let _died = scene.export("a-file").await;
        scene.world.database.heal();
        let later = Scene { world: with(&scene.world, &scene.sealer, "2026-09-15T12:02:00Z"), ..scene };
        let fail = json!({"failure_reason": "we thought better of it"});
        assert_eq!(later.world.ask("fin", "POST", &format!("/{one}/fail"), fail).await.status, 200);
        let made = later.export("a-file").await;
        let case = format!("{passing} {fault:?} {made:?}");
        assert_eq!((made.status, text(&made.json, "state")), (201, "ready"), "{case}");
        // Made before it failed, the file is not given out; made after, it is without it.
        let file = text(&made.json, "id").to_owned();
        let holds_both = made.json["payment_count"] == json!(2);
        assert_eq!(later.content("fin", &file).await.0, if holds_both { 409 } else { 200 }, "{case}");
        assert_eq!(later.state(&two).await, "submitted", "{case}");
        later.verified().await;
    }
}

#[tokio::test]
async fn a_file_of_what_was_opened_in_time_says_that_there_is_more() {
    let scene = Scene::new().await;
    let (one, _) = (scene.approved(1, "100.00").await, scene.approved(2, "50.00").await);
    let app = scene.world.app().with_sealer(scene.sealer.clone());
    let wanted = Wanted {
        id: domain::id::PayoutFileId::from_ulid(7_u128.into()),
        rail: Rail::Ach,
        currency: domain::currency::Currency::USD,
        payouts: Default::default(),
        by: given::actor(Role::FinanceManager, "usr_fin"),
    };
    let (at, tenant) = (NOW.parse().expect("an instant"), tenant());
    // The time is over after the first payout was opened.
    let calls = Calls::new(0);
    let is_over = || calls.fetch_add(1, Ordering::SeqCst) > 0;
    let planned = Export { app: &app, tenant: &tenant, at, is_over: &is_over }.make(&wanted).await.expect("a plan");
    assert_eq!((planned.planned.len(), planned.more, planned.state.word()), (1, true, "making"));
    assert_eq!(planned.planned[0].to_string(), one);
    let made = Export { app: &app, tenant: &tenant, at, is_over: &|| false }.make(&wanted).await.expect("a file");
    assert_eq!((made.rows.len(), made.more, made.state.word()), (1, true, "ready"));
    let other = Wanted { id: domain::id::PayoutFileId::from_ulid(8_u128.into()), ..wanted };
    let none = Export { app: &app, tenant: &tenant, at, is_over: &|| true }.make(&other).await;
    assert_eq!(none.expect_err("no time at all").status().as_u16(), 503);
}

#[tokio::test]
async fn a_trace_that_the_file_does_not_hold_gives_nobodys_money_back() {
    let scene = Scene::new().await;
    let payout = scene.approved(1, "100.00").await;
    let file = scene.export("a-file").await.json;
    let scene = scene.at(BEHIND_WINDOW);
    let confirm = json!({"completed_at": NOW, "payment_reference": "bank 1"});
    assert_eq!(scene.world.ask("fin", "POST", &format!("/{payout}/confirm"), confirm).await.status, 200);
    let id = domain::id::PayoutFileId::parse(text(&file, "id")).expect("an id");
    let stored = scene.world.store.get_payout_file(&tenant(), &id).await.expect("store").expect("a file");
    let mut row = stored.file.rows[0].clone();
    row.reference = "121042889999999".to_owned();
    let sent = SentByFile { file: id, row };
    let written = scene.world.store.record_sent_row(&tenant(), Rail::Ach, &sent).await;
    assert_eq!(written.expect("store"), store::Written::Yes);
    let told = scene.take_in(&came_back("R03", "121042889999999", "23138010", 7_600)).await;
    assert_eq!((told.status, text(&told.json["data"][0], "outcome")), (200, "unmatched"), "{told:?}");
    assert_eq!((scene.state(&payout).await.as_str(), scene.money(1).await), ("paid", [0, 0, 0, 10_000]));
}

#[tokio::test]
async fn of_two_who_set_what_banks_need_the_second_looks_again() {
    let scene = Scene::new().await;
    assert_eq!(scene.set_rails("ada", bank(), None).await.0, 400);
    assert_eq!(scene.set_rails("ada", bank(), Some("\"0\"")).await.0, 412);
    let mut other = bank();
    other["ach"]["company_name"] = json!("Other Affiliate");
    assert_eq!(scene.set_rails("bob", other, Some("\"1\"")).await.0, 200);
    let (status, told) = scene.set_rails("ada", bank(), Some("\"1\"")).await;
    assert_eq!(status, 412, "{told}");
    let shown = scene.world.get("fin", "/rails").await.json;
    assert_eq!(shown["ach"]["company_name"], "Other Affiliate");
}

/// PAY-6: a bank's return is a definite failure: the next method in rank is asked for, once, and approved anew.
#[tokio::test]
async fn what_a_bank_returns_is_asked_for_by_the_next_method_in_rank() {
    let scene = Scene::new().await;
    let first = Wish::Keep(MethodId::from_ulid(1_u128.into()));
    let by_hand = Destination::Manual { holder: "Partner 1".to_owned(), instructions: "wire to 4711".to_owned() };
    scene.ranks(vec![first], (1, 11), 11, by_hand).await;
    let payout = scene.approved(1, "100.00").await;
    let file = scene.export("a-file").await.json;
    let trace = text(&file["rows"][0], "reference").to_owned();
    let told = scene.take_in(&came_back("R03", &trace, "23138010", 7_600)).await;
    assert_eq!((told.status, text(&told.json["data"][0], "outcome")), (200, "failed"), "{told:?}");
    // The same return in another file is the same failure.
    scene.take_in(&came_back("R03", &trace, "23138010", 7_600).replacen("TEST ODFI", "TEST 0DFI", 1)).await;
    let rows = scene.world.get("fin", "").await.json;
    let rows: Vec<_> = rows["data"].as_array().expect("rows").iter().collect();
    let told: Vec<_> = rows.iter().map(|row| (text(row, "state"), text(row, "payment_method"))).collect();
    assert_eq!(told, [("pending_approval", "manual"), ("failed", "ach")]);
    assert_eq!((text(rows[1], "id"), text(rows[0], "total_amount")), (payout.as_str(), "100.00"));
    assert_eq!(rows[0]["approvals"], json!([]));
    assert_eq!(scene.money(1).await, [0, 0, 10_000, 0]);
    scene.verified().await;
}
