//! The list of everybody's commissions: its days, its filters, its pages.

use cases::payouts::{Command, Moved, Requested};
use domain::id::PayoutId;
use domain::payout::Sent;

use super::*;

/// One payout that is paid, one under way, one commission to come, one that was rejected; over two days.
async fn told() -> (Desk, [PayoutId; 2]) {
    let mut world = world::World::new().await;
    let day = |world: &world::World, after| Zone::utc().day_of(world.now).plus_days(after).expect("a day");
    world.earn("in_1", "1.00", day(&world, 0)).await;
    world.earn("in_2", "2.00", day(&world, 9)).await;
    let Requested::Created(paid) = world.request().await else { panic!("a payout") };
    let (paid, reference) = (paid.payout.id, || "wire".to_owned());
    let sent = Sent { sent_at: world.now, expected_arrival: None, reference: reference() };
    let arrived = Command::Confirm { completed_at: world.now, reference: reference() };
    let finance = Role::FinanceManager;
    for (role, command) in
        [(Role::Admin, world.approval(&paid).await), (finance, Command::MarkSent(sent)), (finance, arrived)]
    {
        assert!(matches!(world.command(&paid, role, role.word(), command).await, Moved::Done(_)));
    }
    world.pass_days(1);
    world.earn("in_3", "3.00", day(&world, 9)).await;
    world.earn("in_4", "4.00", day(&world, 0)).await;
    let Requested::Created(open) = world.request().await else { panic!("a payout") };
    let desk = desk_over(world).await;
    let line = domain::id::LineId::of_sale(&domain::id::SaleId::of(&world::key("in_3")), 1);
    let rejected = desk.post("ada", &format!("/commissions/{line}/reject"), json!({"reason": "a test"})).await;
    assert_eq!(rejected.status, 200, "{rejected:?}");
    (desk, [paid, open.payout.id])
}

const BOTH: &str = "from=2026-11-21&to=2026-11-22";

#[tokio::test]
async fn commissions_are_narrowed_by_day_partner_and_status_and_name_their_payout() {
    let (desk, [paid, open]) = told().await;
    let (partner, other) = (desk.world.partner.clone(), stranger());
    let paid = format!("1.00 paid paid {paid}");
    let open = format!("4.00 approved in_payout {open}");
    let (to_come, never, back) =
        ("2.00 pending pending null", "3.00 rejected reversed null", "-3.00 rejected reversed null");
    let all = [paid.as_str(), to_come, never, back, open.as_str()];
    for (query, expected) in [
        (BOTH.to_owned(), &all[..]),
        ("from=2026-11-01".to_owned(), &all),
        ("day=2026-11-21".to_owned(), &all[..2]),
        ("from=2026-11-22&to=2026-11-22".to_owned(), &all[2..]),
        (String::new(), &all),
        ("from=2026-11-20&to=2026-11-20".to_owned(), &[]),
        (format!("{BOTH}&status=paid"), &all[..1]),
        (format!("{BOTH}&status=pending"), &all[1..2]),
        (format!("{BOTH}&status=rejected"), &all[2..4]),
        (format!("{BOTH}&status=approved"), &all[4..]),
        (format!("{BOTH}&partner_id={partner}&status=approved"), &all[4..]),
        (format!("{BOTH}&partner_id={other}"), &[]),
        // What the world books without its rules is of a programme of its own, and of nobody who paid.
        (format!("{BOTH}&program_id={}", domain::id::ProgramId::from_ulid(99_u128.into())), &all),
        (format!("{BOTH}&program_id={}", world::program()), &[]),
        (format!("{BOTH}&customer_id=stripe:cus_1"), &[]),
    ] {
        let answer = desk.get("sue", &format!("/commissions?{query}")).await;
        let mut rows = answer.rows(&["commission_amount", "status", "state", "payout_id"]);
        // Of one instant the order is that of ids.
        rows.sort_by_key(|row| all.iter().position(|one| one == row));
        assert_eq!(rows, expected, "{query}");
    }
}

/// Whatever a page holds, and wherever it cuts a sale: the pages are the list, without a gap and without a double.
#[tokio::test]
async fn the_pages_of_commissions_are_the_list_however_long_they_are() {
    let (desk, _) = told().await;
    let whole = desk.get("sue", &format!("/commissions?{BOTH}")).await.rows(&["id"]);
    assert_eq!(whole.len(), 5);
    for limit in 1..=6 {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        for _ in 0..9 {
            let page = desk.get("sue", &format!("/commissions?{BOTH}&limit={limit}{cursor}")).await;
            let rows = page.rows(&["id"]);
            assert!(rows.len() <= limit && !rows.is_empty(), "{limit}: {page:?}");
            seen.extend(rows);
            let Some(next) = page.json["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, whole, "{limit} rows a page");
    }
    for offset in 0..=6 {
        let rows = desk.get("sue", &format!("/commissions?{BOTH}&limit=2&offset={offset}")).await.rows(&["id"]);
        let expected: Vec<_> = whole.iter().skip(offset).take(2).cloned().collect();
        assert_eq!(rows, expected, "from {offset}");
    }
    let csv = desk.get("sue", &format!("/commissions?{BOTH}&format=csv")).await.text;
    assert_eq!(csv.lines().count(), 6);
    assert!(csv.lines().next().is_some_and(|line| line.ends_with(",available_on,payout_id")), "{csv}");
}

#[tokio::test]
async fn days_that_make_no_list_are_refused() {
    let (desk, _) = told().await;
    let page = desk.get("sue", &format!("/commissions?{BOTH}&limit=1")).await;
    let of_both = page.json["next_cursor"].as_str().expect("more").to_owned();
    for bad in [
        "from=2026-11-22&to=2026-11-21".to_owned(),
        "to=2026-11-21".to_owned(),
        "day=2026-11-21&from=2026-11-21".to_owned(),
        "from=2025-11-20&to=2026-11-21".to_owned(),
        format!("day=2026-11-23&cursor={of_both}"),
        format!("{BOTH}&order=oldest&cursor={of_both}"),
    ] {
        assert_eq!(desk.get("sue", &format!("/commissions?{bad}")).await.told(), (422, "unprocessable"), "{bad}");
    }
    for bad in [
        format!("{BOTH}&offset=10001"),
        format!("{BOTH}&status=held"),
        format!("{BOTH}&partner_id=par_1"),
        format!("{BOTH}&program_id=prg_1"),
        format!("{BOTH}&customer_id="),
        format!("{BOTH}&order=up"),
    ] {
        assert_eq!(desk.get("sue", &format!("/commissions?{bad}")).await.told(), (400, "bad-request"), "{bad}");
    }
    assert_eq!(desk.get("sue", "/commissions?from=2025-11-21&to=2026-11-21").await.status, 200);
}

/// A desk that names no day reads back from now, over days on which nothing was booked, page by page.
#[tokio::test]
async fn without_a_day_commissions_are_told_newest_first_across_days_and_gaps() {
    let mut world = world::World::new().await;
    let (first, mut booked) = (Zone::utc().day_of(world.now), Vec::new());
    for (n, after) in [0, 1, 70].into_iter().enumerate() {
        world.pass_days(after);
        world.earn(&format!("in_{n}"), "1.00", Zone::utc().day_of(world.now)).await;
        booked.push(format!("in_{n}"));
    }
    let desk = desk_over(world).await;
    let (newest, oldest) = (booked.iter().rev().cloned().collect::<Vec<_>>(), format!("from={first}&order=oldest&"));
    for (query, limit, expected) in [("", 1, &newest), (oldest.as_str(), 2, &booked)] {
        let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = desk.get("sue", &format!("/commissions?{query}limit={limit}{cursor}")).await;
            let rows = page.rows(&["invoice_id"]);
            assert!(rows.len() <= limit, "{page:?}");
            seen.extend(rows);
            pages += 1;
            let Some(next) = page.json["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, *expected, "{query} {limit}");
        assert!(pages <= 15, "{pages} pages: each looks at a month or is full, and none before the first programme");
    }
}
