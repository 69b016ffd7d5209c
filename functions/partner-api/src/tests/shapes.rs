//! The five endpoints of a partner's revenue: every field of their answers, and every filter, limit and offset of their
//! lists, against a list that is filtered here by hand.

use std::collections::BTreeSet;

use domain::currency::Currency;
use domain::role::Role;
use serde_json::{Value, json};

use super::figures::{paid_out, settled};
use super::life::{book, partner, slot};
use super::setup::Bench;

const COMMISSIONS: &str = "/v1/partners/revenue/commissions";
const PAYOUTS: &str = "/v1/partners/revenue/payouts";

fn fields(body: &Value) -> BTreeSet<&str> {
    body.as_object().expect("an object").keys().map(String::as_str).collect()
}

fn rows(list: &Value) -> Vec<Value> {
    list["data"].as_array().expect("a list").clone()
}

/// Lines of three accounts in every state, and a payout that arrived.
async fn life() -> (Bench, String) {
    let bench = Bench::new().await;
    let key = settled(&bench).await;
    book(&bench, "paid", Currency::USD, &[(&slot("2026-08-29"), 2_970, None)]).await;
    paid_out(&bench).await;
    let pending = slot("2026-09-15");
    book(&bench, "a", Currency::USD, &[(&slot("2026-08-31"), 1_500, None)]).await;
    book(&bench, "b", Currency::USD, &[(&pending, 1_000, None), (&pending, -1_000, Some(1))]).await;
    book(&bench, "c", Currency::USD, &[(&pending, 800, None), (&pending, -300, Some(1))]).await;
    book(&bench, "d", Currency::USD, &[("held", 300, None)]).await;
    book(&bench, "e", Currency::EUR, &[(&slot("2026-09-10"), 5, None), (&slot("2026-09-11"), 6, None)]).await;
    book(&bench, "f", Currency::JPY, &[(&slot("2026-09-12"), 926, None)]).await;
    (bench, key)
}

#[tokio::test]
async fn a_commission_and_a_payout_have_the_documented_fields_and_no_others() {
    let (bench, key) = life().await;
    let paid = bench.get(&key, &format!("{COMMISSIONS}?status=paid")).await.expect(200);
    let mut paid = rows(&paid).remove(0);
    let (id, payout) = (paid["id"].take(), paid["payout_id"].take());
    // The stand-in's lines are named by their sale.
    let invoice = paid["invoice_id"].take();
    assert!(invoice.as_str().is_some_and(|invoice| invoice.starts_with("in_")), "{invoice}");
    let expected = json!({
        "id": null, "partner_id": partner().as_str(), "customer_id": "stripe:cus_1", "invoice_id": null,
        "commission_amount": "29.70", "currency": "USD", "status": "paid", "state": "paid",
        "event_type": "invoice_payment", "event_date": "2026-08-01T12:00:00Z", "available_on": "2026-08-29",
        "payout_id": null, "reverses": null,
    });
    assert_eq!(paid, expected);
    let by_id = bench.get(&key, &format!("{COMMISSIONS}/{}", id.as_str().expect("an id"))).await.expect(200);
    assert_eq!((&by_id["id"], &by_id["payout_id"]), (&id, &payout));
    assert_eq!(fields(&by_id), fields(&expected));

    let id = payout.as_str().expect("a payout");
    let mut shown = bench.get(&key, &format!("{PAYOUTS}/{id}")).await.expect(200);
    assert_eq!(rows(&bench.get(&key, PAYOUTS).await.expect(200)), [shown.clone()]);
    let reference = shown["payment_reference"].take();
    assert!(reference.as_str().is_some_and(|text| text.starts_with("PAY-2026-09-")), "{reference}");
    let now = bench.now.to_string();
    let expected = json!({
        "id": id, "partner_id": partner().as_str(), "total_amount": "29.70", "currency": "USD", "commission_count": 1,
        "payment_reference": null, "payment_method": "manual", "status": "completed", "state": "paid",
        "payout_date": now, "completed_at": now, "period_start": null, "period_end": "2026-08-29", "notes": null,
        "failure_reason": null, "external_payout_id": "BANK-1", "created_at": now, "updated_at": now,
    });
    assert_eq!(shown, expected);

    let explained = bench.get(&key, &format!("{COMMISSIONS}/{}/explain", by_id["id"].as_str().expect("id"))).await;
    assert!(explained.expect(200).is_object());
    let metrics = bench.get(&key, "/v1/partners/revenue/metrics?currency=USD").await.expect(200);
    let told = "partner_id period_start period_end total_commissions total_commission_count total_payouts pending_amount \
                currency";
    assert_eq!(fields(&metrics), told.split_whitespace().collect());
}

#[tokio::test]
async fn every_filter_with_every_limit_and_offset_is_the_whole_list_filtered_by_hand() {
    let (bench, own) = life().await;
    let whole = rows(&bench.get(&own, COMMISSIONS).await.expect(200));
    // Staff may ask more often; it names the partner, and reads the same.
    let (key, whose) = (bench.key(Role::Admin, "usr_1").await, format!("partner_id={}", partner()));
    assert_eq!(whole.len(), 10);
    let statuses: BTreeSet<&str> = whole.iter().filter_map(|row| row["status"].as_str()).collect();
    assert_eq!(statuses, ["approved", "paid", "pending", "rejected"].into());
    for status in [None, Some("pending"), Some("approved"), Some("paid"), Some("rejected")] {
        for currency in [None, Some("EUR"), Some("USD"), Some("KWD")] {
            let is = |row: &Value, field: &str, wanted: Option<&str>| wanted.is_none_or(|wanted| row[field] == wanted);
            let fits = |row: &&Value| is(row, "status", status) && is(row, "currency", currency);
            let expected: Vec<Value> = whole.iter().filter(fits).cloned().collect();
            let mut query = String::new();
            for (name, value) in [("status", status), ("currency", currency)] {
                query.extend(value.map(|value| format!("{name}={value}&")));
            }
            for (limit, offset) in [(1, 0), (1, 2), (3, 1), (500, 4), (2, 10_000)] {
                let path = format!("{COMMISSIONS}?{whose}&{query}limit={limit}&offset={offset}");
                let page = bench.get(&key, &path).await.expect(200);
                let here: Vec<Value> = expected.iter().skip(offset).take(limit).cloned().collect();
                assert_eq!(rows(&page), here, "{path}");
            }
        }
    }
    for (query, count) in [
        ("status=completed", 1),
        ("status=completed&limit=1&offset=1", 0),
        ("status=pending", 0),
        ("status=ready", 0),
        ("status=processing", 0),
        ("status=failed", 0),
        ("status=cancelled", 0),
        ("currency=USD&limit=500", 1),
        ("currency=EUR", 0),
    ] {
        let page = bench.get(&key, &format!("{PAYOUTS}?{whose}&{query}")).await.expect(200);
        assert_eq!(rows(&page).len(), count, "{query}");
    }
    for (path, parameter) in [
        (format!("{COMMISSIONS}?status=held"), "status"),
        (format!("{COMMISSIONS}?limit=0"), "limit"),
        (format!("{COMMISSIONS}?limit=501"), "limit"),
        (format!("{COMMISSIONS}?offset=10001"), "offset"),
        (format!("{COMMISSIONS}?currency=XXQ"), "currency"),
        (format!("{PAYOUTS}?status=sent"), "status"),
        (format!("{PAYOUTS}?limit=0"), "limit"),
        (format!("{PAYOUTS}?offset=10001"), "offset"),
        ("/v1/partners/revenue/metrics?currency=XXQ".to_owned(), "currency"),
    ] {
        assert_eq!(bench.get(&own, &path).await.pointers(400), [parameter], "{path}");
    }
}
