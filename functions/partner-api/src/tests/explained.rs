//! Commissions explained: to their partner, to staff, and to nobody else.

use cases::desk::Desk;
use domain::audit::Actor;
use domain::currency::Currency;
use domain::entry::{Entry, EntryKind};
use domain::line::{Account, Place};
use domain::money::Money;
use domain::role::Role;
use domain::time::BusinessDay;
use serde_json::json;
use store::entries::{EntryBooking, EntryWritten, HeadGuard};

use super::life::{book, partner, slot};
use super::setup::{Bench, tenant};

#[tokio::test]
async fn a_commission_is_explained_to_its_partner_and_a_sale_to_staff() {
    let bench = Bench::new().await;
    let pending = slot("2026-09-15");
    let sale = book(&bench, "b", Currency::USD, &[(&pending, 300, None), (&pending, -100, Some(1))]).await;
    let key = bench.key(Role::Partner, partner().as_str()).await;
    let id = domain::id::LineId::of_sale(&sale, 1).to_string();
    let path = |id: &str| format!("/v1/partners/revenue/commissions/{id}/explain");
    let explained = bench.get(&key, &path(&id)).await.expect(200);
    assert_eq!(explained["id"], json!(id));
    assert_eq!(
        explained["sentences"],
        json!([
            format!("You earned 3.00 USD for in_{sale}."),
            "The customer came by a link of yours (clicked on 2026-08-01).",
            "That is 30 % of 10.00 USD, the price without tax and what else the rule takes off.",
            "It counts for payouts from 2026-09-15 on.",
        ])
    );
    assert_eq!((&explained["facts"]["reward"], &explained["facts"]["kind"]), (&json!("0.3"), &json!("earned")));
    assert_eq!(
        (&explained["facts"]["source"], &explained["facts"]["rounding"]),
        (&json!("click"), &json!("half_away_from_zero"))
    );
    let back = bench.get(&key, &path(domain::id::LineId::of_sale(&sale, 2).as_str())).await.expect(200);
    assert_eq!(back["facts"]["kind"], "reversal");
    assert_eq!((&back["facts"]["went_back"], &back["facts"]["taken_back"]), (&json!("10.00"), &json!("0.3")));
    // Another partner learns nothing, nor does a partner of the sale as a whole.
    let other = bench.key(Role::Partner, "par_00000000000000000000000009").await;
    for (key, id) in [
        (&other, id.as_str()),
        (&key, sale.as_str()),
        (&key, "com_1"),
        (&key, domain::id::LineId::of_sale(&sale, 9).as_str()),
    ] {
        bench.get(key, &path(id)).await.expect(404);
    }
    let staff = bench.key(Role::Support, "usr_2").await;
    let whole = bench.get(&staff, &path(sale.as_str())).await.expect(200);
    assert_eq!(whole["sentences"][1], "1 partner is credited for it; the commission comes to 2.00 USD.");
}

#[tokio::test]
async fn what_is_of_no_sale_is_read_and_explained_to_its_partner_as_well() {
    let bench = Bench::new().await;
    let account = Account { partner: partner(), currency: Currency::USD };
    let place = Place::parse(&slot("2026-09-15")).expect("place");
    let amount = Money::from_minor(260_000, Currency::USD);
    let mut entry = Entry::new("bands/a".to_owned(), EntryKind::PeriodBands, account, amount, place, bench.now);
    entry.notes = ["period: 2026-08", "volume: 26000.00", "band: 0.3"].map(ToOwned::to_owned).to_vec();
    let day = BusinessDay::parse("2026-09-01").expect("day");
    let booking = EntryBooking { entry: &entry, guard: HeadGuard::Open };
    let written = bench.store.record_entry(&tenant(), booking, day).await.expect("booked");
    assert_eq!(written, EntryWritten::Yes);
    let id = entry.line().id.to_string();
    let key = bench.key(Role::Partner, partner().as_str()).await;
    let path = format!("/v1/partners/revenue/commissions/{id}");
    let explained = bench.get(&key, &format!("{path}/explain")).await.expect(200);
    assert_eq!(
        explained["sentences"],
        json!([
            "You earned 2600.00 USD more for the volume that your month has reached.",
            "It is of the month 2026-08.",
            "Your sales of the month came to 26000.00 USD.",
            "They reached the band of 30 %, which holds for the whole month.",
            "It counts for payouts from 2026-09-15 on.",
        ])
    );
    let read = bench.get(&key, &path).await.expect(200);
    assert_eq!((&read["commission_amount"], &read["event_type"]), (&json!("2600.00"), &json!(null)));
    let other = bench.key(Role::Partner, "par_00000000000000000000000009").await;
    for path in [path.clone(), format!("{path}/explain")] {
        bench.get(&other, &path).await.expect(404);
        bench.get(&bench.key(Role::Auditor, "usr_3").await, &path).await.expect(200);
        bench.get(&bench.key(Role::Service, "svc_1").await, &path).await.expect(403);
    }
}

#[tokio::test]
async fn what_is_held_is_listed_once_where_it_is_held_and_again_in_its_slot_when_it_is_released() {
    use cases::desk::holds::{Changed, Command, command};
    let bench = Bench::new().await;
    let sale = book(&bench, "h", Currency::USD, &[(&slot("2026-09-15"), 1_000, None)]).await;
    let key = bench.key(Role::Partner, partner().as_str()).await;
    let list = "/v1/partners/revenue/commissions";
    let because = || "looking into it".to_owned();
    let steps = [
        (None, ["10.00", "pending", "2026-09-15"]),
        (Some(Command::Hold { reason: because() }), ["10.00", "held", "null"]),
        (Some(Command::Release { reason: because() }), ["10.00", "pending", "2026-09-15"]),
    ];
    for (step, expected) in steps {
        if let Some(step) = step {
            let admin = Actor::new(Role::Admin, "usr_1");
            let tenant = tenant();
            let desk = Desk::open(&bench.store, &tenant, admin, bench.now).await.expect("a desk");
            let changed = command(&desk, &sale, &step).await.expect("answered");
            assert!(matches!(changed, Changed::Done(_)), "{changed:?}");
        }
        for path in [list.to_owned(), format!("{list}?limit=1"), format!("{list}?status=pending")] {
            let listed = bench.get(&key, &path).await.expect(200);
            let rows = listed["data"].as_array().cloned().unwrap_or_default();
            assert_eq!(rows.len(), 1, "{path}: {listed}");
            let told =
                ["commission_amount", "state", "available_on"].map(|name| rows[0][name].as_str().unwrap_or("null"));
            assert_eq!(told, expected, "{path}");
            let id = rows[0]["id"].as_str().unwrap_or_default();
            assert_eq!(bench.get(&key, &format!("{list}/{id}")).await.expect(200), rows[0]);
        }
    }
    // The moves are still there under their own ids, and say what they are.
    let arrived = domain::id::LineId::of_sale(&sale, 3).to_string();
    bench.get(&key, &format!("{list}/{arrived}")).await.expect(200);
    let explained = bench.get(&key, &format!("{list}/{arrived}/explain")).await.expect(200);
    let first = "10.00 USD of your commission for in_h is held: a person decided so. No day that passes releases it.";
    assert_eq!(explained["sentences"][0], json!(first));
}
