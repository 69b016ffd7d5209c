//! The partner's own figures.

use cases::payouts::{self, Command, Moved, Requested};
use domain::audit::Actor;
use domain::currency::Currency;
use domain::id::PayoutId;
use domain::payout::Sent;
use domain::role::Role;
use serde_json::{Value, json};

use super::life::{book, partner, slot};
use super::setup::{Bench, tenant};

/// A partner with a key, made without the API so that lines may name it.
pub(super) async fn settled(bench: &Bench) -> String {
    use store::partners::{Enrolment, Partner, PartnerStatus, Tier};
    use store::people::Person;
    let made = Partner { id: partner(), status: PartnerStatus::Active, created_at: bench.now };
    let person = Person { email_sealed: String::new(), name_sealed: String::new(), recorded_at: bench.now };
    let program = domain::id::ProgramId::parse("prg_00000000000000000000000001").expect("id");
    let enrolment = Enrolment { program, tier: Tier::Tier1, enrolled_at: bench.now };
    bench.store.create_partner(&tenant(), &made, &person, &enrolment).await.expect("made");
    bench.key(Role::Partner, partner().as_str()).await
}

fn column(list: &Value, field: &str) -> Vec<String> {
    let data = list["data"].as_array().expect("data");
    data.iter().map(|row| row[field].as_str().unwrap_or("null").to_owned()).collect()
}

#[tokio::test]
async fn the_dashboard_shows_each_balance_and_the_next_day() {
    let bench = Bench::new().await;
    let key = settled(&bench).await;
    book(&bench, "a", Currency::USD, &[(&slot("2026-08-31"), 2_970, None)]).await;
    book(&bench, "b", Currency::USD, &[(&slot("2026-09-15"), 1_000, None)]).await;
    book(&bench, "c", Currency::USD, &[(&slot("2026-09-20"), 500, None), ("held", 300, None)]).await;
    book(&bench, "d", Currency::JPY, &[(&slot("2026-09-01"), 926, None)]).await;
    let shown = bench.get(&key, "/v1/partners/dashboard").await.expect(200);
    assert_eq!(shown["time_zone"], "UTC");
    let expected = json!([
        {"currency": "JPY", "available": "926", "pending": "0", "held": "0", "reserved": "0", "paid": "0",
         "next_maturing": null, "open_payout_id": null},
        {"currency": "USD", "available": "29.70", "pending": "15.00", "held": "3.00", "reserved": "0.00",
         "paid": "0.00", "next_maturing": {"day": "2026-09-15", "amount": "10.00"}, "open_payout_id": null},
    ]);
    assert_eq!(shown["balances"], expected);
}

#[tokio::test]
async fn a_partner_without_a_sale_has_no_balance_and_a_stranger_none_to_see() {
    let bench = Bench::new().await;
    let key = settled(&bench).await;
    assert_eq!(bench.get(&key, "/v1/partners/dashboard").await.expect(200)["balances"], json!([]));
    let admin = bench.key(Role::Admin, "usr_1").await;
    let nobody = "/v1/partners/dashboard?partner_id=par_00000000000000000000000009";
    bench.get(&admin, nobody).await.expect(404);
}

#[tokio::test]
async fn commissions_show_their_state_word_and_day() {
    let bench = Bench::new().await;
    let key = settled(&bench).await;
    let approved = slot("2026-08-31");
    let pending = slot("2026-09-15");
    book(&bench, "a", Currency::USD, &[(&approved, 2_970, None)]).await;
    book(&bench, "b", Currency::USD, &[(&pending, 1_000, None), (&pending, -1_000, Some(1))]).await;
    book(&bench, "c", Currency::USD, &[(&pending, 800, None), (&pending, -300, Some(1))]).await;
    book(&bench, "d", Currency::USD, &[("held", 300, None)]).await;
    let list = "/v1/partners/revenue/commissions";
    let rows = |list: &Value| {
        let columns = ["commission_amount", "status", "state", "available_on"].map(|field| column(list, field));
        let mut rows: Vec<String> =
            (0..columns[0].len()).map(|n| columns.iter().map(|c| c[n].clone()).collect::<Vec<_>>().join(" ")).collect();
        rows.sort();
        rows
    };
    let all = bench.get(&key, list).await.expect(200);
    assert_eq!(
        rows(&all),
        [
            "-10.00 rejected reversed 2026-09-15",
            "-3.00 pending pending 2026-09-15",
            "10.00 rejected reversed 2026-09-15",
            "29.70 approved approved 2026-08-31",
            "3.00 pending held null",
            "8.00 pending pending 2026-09-15",
        ]
    );
    assert_eq!(column(&all, "state")[0], "held", "held ones stand first");
    for (status, amounts) in [
        ("pending", vec!["-3.00", "3.00", "8.00"]),
        ("approved", vec!["29.70"]),
        ("paid", vec![]),
        ("rejected", vec!["-10.00", "10.00"]),
    ] {
        let shown = bench.get(&key, &format!("{list}?status={status}")).await.expect(200);
        let mut found = column(&shown, "commission_amount");
        found.sort();
        assert_eq!(found, amounts, "{status}");
        assert!(shown["next_cursor"].is_null());
    }
}

#[tokio::test]
async fn commissions_are_paged_by_cursor_and_by_offset_alike() {
    let bench = Bench::new().await;
    let key = settled(&bench).await;
    for n in 0..7 {
        let day = slot(&format!("2026-09-{:02}", 10 + n));
        // Sale 3 was wholly taken back: pages that cut through it still say so.
        let lines: &[(&str, i64, Option<u32>)] =
            if n == 3 { &[(&day, 100, None), (&day, -100, Some(1))] } else { &[(&day, 100 + n, None)] };
        book(&bench, &format!("n{n}"), Currency::USD, lines).await;
    }
    book(&bench, "e", Currency::EUR, &[(&slot("2026-09-10"), 5, None), (&slot("2026-09-11"), 6, None)]).await;
    let list = "/v1/partners/revenue/commissions";
    let whole = bench.get(&key, list).await.expect(200);
    let ids = column(&whole, "id");
    assert_eq!(ids.len(), 10);
    assert_eq!(column(&whole, "currency")[..3], ["EUR", "EUR", "USD"]);
    for size in 1..=10 {
        let (mut read, mut states) = (Vec::new(), Vec::new());
        let mut path = format!("{list}?limit={size}");
        for _ in 0..12 {
            let page = bench.get(&key, &path).await.expect(200);
            read.extend(column(&page, "id"));
            states.extend(column(&page, "state"));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("{list}?limit={size}&cursor={cursor}");
        }
        assert_eq!(read, ids, "pages of {size}");
        assert_eq!(states, column(&whole, "state"), "pages of {size}");
        let offset = bench.get(&key, &format!("{list}?limit={size}&offset=4")).await.expect(200);
        assert_eq!(column(&offset, "id"), ids[4..(4 + size).min(10)], "offset, {size}");
    }
    let pending = bench.get(&key, &format!("{list}?status=pending&limit=1&offset=2")).await.expect(200);
    assert_eq!(column(&pending, "commission_amount"), ["1.06"]);
}

#[tokio::test]
async fn what_comes_in_between_two_pages_hides_and_repeats_no_row_behind_a_cursor() {
    let bench = Bench::new().await;
    let key = settled(&bench).await;
    for n in 0..6 {
        let day = slot(&format!("2026-09-{:02}", 10 + n));
        book(&bench, &format!("n{n}"), Currency::USD, &[(&day, 100 + n, None)]).await;
    }
    let list = "/v1/partners/revenue/commissions?limit=2";
    let there = column(&bench.get(&key, "/v1/partners/revenue/commissions").await.expect(200), "id");
    let (mut read, mut path) = (Vec::new(), list.to_owned());
    for n in 0..5 {
        let page = bench.get(&key, &path).await.expect(200);
        read.extend(column(&page, "id"));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("{list}&cursor={cursor}");
        // Another comes in at the top of the list.
        let day = slot(&format!("2026-09-{:02}", 20 + n));
        book(&bench, &format!("late{n}"), Currency::USD, &[(&day, 7, None)]).await;
    }
    assert_eq!(read, there);
    // An offset counts from the top as it is now: two came in, and what stood there is seen again.
    let shifted = bench.get(&key, &format!("{list}&offset=2")).await.expect(200);
    assert_eq!(column(&shifted, "id"), there[..2]);
}

#[tokio::test]
async fn one_commission_is_found_by_its_id_and_only_by_its_partner() {
    let bench = Bench::new().await;
    let key = settled(&bench).await;
    let pending = slot("2026-09-15");
    book(&bench, "b", Currency::USD, &[(&pending, 1_000, None), (&pending, -1_000, Some(1))]).await;
    let listed = bench.get(&key, "/v1/partners/revenue/commissions").await.expect(200);
    for row in listed["data"].as_array().expect("data") {
        let id = row["id"].as_str().expect("id");
        let read = bench.get(&key, &format!("/v1/partners/revenue/commissions/{id}")).await.expect(200);
        assert_eq!(&read, row);
        let other = bench.key(Role::Partner, "par_00000000000000000000000009").await;
        bench.get(&other, &format!("/v1/partners/revenue/commissions/{id}")).await.expect(404);
    }
    let reversal = &listed["data"][0];
    assert_eq!(reversal["reverses"], listed["data"][1]["id"]);
    bench.get(&key, "/v1/partners/revenue/commissions/com_1").await.expect(404);
}

fn actor(role: Role, id: &str) -> Actor {
    Actor::new(role, id)
}

async fn request(bench: &Bench) -> PayoutId {
    let asks = actor(Role::Partner, partner().as_str());
    let (store, currency) = (&bench.store, Currency::USD);
    let under = format!("at {}", bench.now);
    let asked = payouts::Asked { partner: partner(), currency, amount: None, by: asks, under };
    let asked = payouts::request(store, &tenant(), &asked, bench.now).await;
    match asked.expect("answered") {
        Requested::Created(stored) => stored.payout.id,
        other => panic!("no payout: {other:?}"),
    }
}

pub(super) async fn step(bench: &Bench, id: &PayoutId, role: Role, command: Command) {
    let by = actor(role, role.word());
    let moved = payouts::command(&bench.store, &tenant(), id, &command, &by, bench.now).await;
    assert!(matches!(moved.expect("answered"), Moved::Done(_)), "{command:?}");
}

/// What is available is asked for, approved, sent and arrives.
pub(super) async fn paid_out(bench: &Bench) {
    let id = request(bench).await;
    let sent = Sent { sent_at: bench.now, expected_arrival: None, reference: "BANK-1".to_owned() };
    let seen = bench.store.get_payout(&tenant(), &id).await.expect("store").expect("a payout");
    step(bench, &id, Role::Admin, Command::Approve { seal: seen.payout.seal }).await;
    step(bench, &id, Role::FinanceManager, Command::MarkSent(sent)).await;
    let confirm = Command::Confirm { completed_at: bench.now, reference: "BANK-1".to_owned() };
    step(bench, &id, Role::FinanceManager, confirm).await;
}

#[tokio::test]
async fn a_payout_is_shown_from_request_to_arrival_and_its_commissions_follow() {
    let bench = Bench::new().await;
    let key = settled(&bench).await;
    book(&bench, "a", Currency::USD, &[(&slot("2026-08-30"), 2_970, None)]).await;
    book(&bench, "b", Currency::USD, &[(&slot("2026-09-15"), 1_000, None)]).await;
    let id = request(&bench).await;
    let sent = Sent { sent_at: bench.now, expected_arrival: None, reference: "BANK-1".to_owned() };
    let confirm = Command::Confirm { completed_at: bench.now, reference: "BANK-1".to_owned() };
    let seen = bench.store.get_payout(&tenant(), &id).await.expect("store").expect("a payout");
    let approve = Some((Role::Admin, Command::Approve { seal: seen.payout.seal }));
    let send = Some((Role::FinanceManager, Command::MarkSent(sent)));
    let steps = [
        (None, ["pending", "pending_approval", "approved", "in_payout"]),
        (approve, ["ready", "approved", "approved", "in_payout"]),
        (send, ["processing", "submitted", "approved", "in_payout"]),
        (Some((Role::FinanceManager, confirm)), ["completed", "paid", "paid", "paid"]),
    ];
    for (moves, [status, state, line_status, line_state]) in steps {
        if let Some((role, command)) = moves {
            step(&bench, &id, role, command).await;
        }
        let listed = bench.get(&key, &format!("/v1/partners/revenue/payouts?status={status}")).await.expect(200);
        assert_eq!(column(&listed, "id"), [id.as_str()]);
        let shown = bench.get(&key, &format!("/v1/partners/revenue/payouts/{id}")).await.expect(200);
        assert_eq!(shown, listed["data"][0]);
        assert_eq!((&shown["status"], &shown["state"]), (&json!(status), &json!(state)));
        assert_eq!((&shown["total_amount"], &shown["commission_count"]), (&json!("29.70"), &json!(1)));
        assert_eq!(shown["period_end"], "2026-08-30");
        let path = format!("/v1/partners/revenue/commissions?status={line_status}");
        let lines = bench.get(&key, &path).await.expect(200);
        assert_eq!(column(&lines, "state"), [line_state]);
        assert_eq!(column(&lines, "payout_id"), [id.as_str()]);
    }
    let shown = bench.get(&key, "/v1/partners/dashboard").await.expect(200);
    assert_eq!((&shown["balances"][0]["paid"], &shown["balances"][0]["pending"]), (&json!("29.70"), &json!("10.00")));
}

#[tokio::test]
async fn what_a_cancelled_payout_covered_is_available_again() {
    let bench = Bench::new().await;
    let key = settled(&bench).await;
    book(&bench, "a", Currency::USD, &[(&slot("2026-08-30"), 2_970, None)]).await;
    let first = request(&bench).await;
    step(&bench, &first, Role::Admin, Command::Cancel { reason: "wrong account".to_owned() }).await;
    let lines = bench.get(&key, "/v1/partners/revenue/commissions").await.expect(200);
    assert_eq!(
        (column(&lines, "state"), column(&lines, "payout_id")),
        (vec!["approved".to_owned()], vec!["null".to_owned()])
    );
    let second = request(&bench).await;
    let lines = bench.get(&key, "/v1/partners/revenue/commissions").await.expect(200);
    assert_eq!(column(&lines, "payout_id"), [second.as_str()]);
    let list = "/v1/partners/revenue/payouts";
    let mut ids = Vec::new();
    let mut path = format!("{list}?limit=1");
    for _ in 0..3 {
        let page = bench.get(&key, &path).await.expect(200);
        ids.extend(column(&page, "id"));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("{list}?limit=1&cursor={cursor}");
    }
    assert_eq!(ids, [second.as_str(), first.as_str()]);
    let offset = bench.get(&key, &format!("{list}?offset=1")).await.expect(200);
    assert_eq!(column(&offset, "notes"), ["wrong account"]);
}

#[tokio::test]
async fn a_page_of_commissions_costs_the_same_wherever_it_is_and_however_much_lies_behind_it() {
    let bench = Bench::new().await;
    settled(&bench).await;
    let staff = bench.key(Role::Support, "usr_1").await;
    for n in 0..60 {
        let day = slot(&format!("2026-{:02}-{:02}", 10 + n / 28, 1 + n % 28));
        book(&bench, &format!("n{n}"), Currency::USD, &[(&day, 100 + n, None)]).await;
    }
    let list = format!("/v1/partners/revenue/commissions?partner_id={}&limit=5", partner());
    let (mut path, mut costs, mut read) = (list.clone(), Vec::new(), 0);
    loop {
        let before = bench.database.requests();
        let page = bench.get(&staff, &path).await.expect(200);
        costs.push(bench.database.requests() - before);
        read += page["data"].as_array().map_or(0, Vec::len);
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("{list}&cursor={cursor}");
    }
    assert_eq!((read, costs.len()), (60, 12));
    // The bench opens its gate anew for each request: whose key it is and how often it called are read as well.
    let first = costs[0];
    assert!(costs.iter().all(|cost| *cost == first), "{costs:?}");
}
