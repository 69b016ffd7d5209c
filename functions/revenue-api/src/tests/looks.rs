//! What the desk asks: lists, balances then, sums, disputes, recognition, proofs.

use domain::fact::{Dispute, DisputePhase};
use domain::sale::SaleDispute;
use store::disputes::AppliedDispute;
use store::sales::SaleWritten;

use super::*;

#[tokio::test]
async fn a_days_commissions_are_listed_across_partners_in_pages_and_as_csv() {
    let desk = desk().await;
    for n in 1..=3 {
        desk.world.earn(&format!("in_{n}"), "1.00", desk.day(n)).await;
    }
    desk.correct("fin", "5.00").await;
    let all = desk.get("sue", "/commissions?day=2026-11-21").await.rows(&["kind", "commission_amount", "state"]);
    assert_eq!(all.len(), 4);
    assert_eq!(all.iter().filter(|row| *row == "earned 1.00 pending").count(), 3, "{all:?}");
    assert!(all.contains(&"manual_adjustment 5.00 approved".to_owned()), "{all:?}");
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for _ in 0..9 {
        let page = desk.get("sue", &format!("/commissions?limit=1{cursor}")).await;
        seen.extend(page.rows(&["id"]));
        let Some(next) = page.json["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 4);
    let csv = desk.get("sue", "/commissions?format=csv").await.text;
    assert!(csv.starts_with("id,conversion_id,partner_id,"), "{csv}");
    assert_eq!(csv.lines().count(), 5);
    assert_eq!(desk.get("sue", "/commissions?day=2026-11-20").await.rows(&["id"]), Vec::<String>::new());
}

#[tokio::test]
async fn the_summary_adds_up_every_account_and_keeps_debts_apart() {
    let desk = desk().await;
    desk.world.earn("in_1", "29.70", desk.day(9)).await;
    desk.correct("fin", "-4.70").await;
    let summary = desk.get("aud", "/commission/summary").await;
    assert_eq!(summary.rows(&["currency", "accounts", "available", "pending", "owed"]), ["USD 1 0.00 29.70 -4.70"]);
}

/// LED-10.
#[tokio::test]
async fn a_balance_is_told_as_of_a_day_and_as_of_an_instant() {
    let mut world = world::World::new().await;
    world.earn("in_1", "10.00", Zone::utc().day_of(world.now)).await;
    world.pass_days(2);
    world.earn("in_2", "7.00", Zone::utc().day_of(world.now)).await;
    let desk = desk_over(world).await;
    for (as_of, expected) in
        [("2026-11-20", "0.00"), ("2026-11-21", "10.00"), ("2026-11-22T23:59:59Z", "10.00"), ("2026-11-23", "17.00")]
    {
        let path = format!("/balances?partner_id={}&as_of={as_of}", desk.world.partner);
        assert_eq!(desk.get("fin", &path).await.rows(&["available"]), [expected], "{as_of}");
    }
    assert_eq!(desk.balance("USD").await, "USD 17.00 0.00 0.00");
    let path = format!("/balances?partner_id={}", stranger());
    assert_eq!(desk.get("fin", &path).await.status, 404);
}

/// LED-5: listed with the day until which evidence may be given.
#[tokio::test]
async fn disputes_are_listed_with_their_evidence_dates() {
    let desk = desk().await;
    assert_eq!(desk.get("sue", "/disputes").await.rows(&["id"]), Vec::<String>::new());
    dispute_opened(&desk, "dp_1", "in_1").await;
    let listed = desk.get("sue", "/disputes").await;
    assert_eq!(
        listed.rows(&["id", "invoice_id", "amount", "phase", "evidence_due_by"]),
        ["stripe:dp_1 in_1 29.70 opened 2026-12-01T00:00:00Z"]
    );
    for (phase, count) in [("opened", 1), ("inquiry", 0), ("won", 0), ("lost", 0)] {
        let narrowed = desk.get("sue", &format!("/disputes?phase={phase}")).await;
        assert_eq!(narrowed.rows(&["id"]).len(), count, "{phase}");
    }
}

/// The sale of an invoice, and a dispute of it whose evidence is due in December.
async fn dispute_opened(desk: &Desk, dispute: &str, invoice: &str) {
    desk.world.earn(invoice, "29.70", desk.day(9)).await;
    let id = world::key(dispute);
    let mut sale = desk.world.kept_sale(invoice).await;
    let dispute = Dispute {
        dispute: id.clone(),
        payment: sale.payment.clone(),
        amount: sale.paid,
        phase: DisputePhase::Opened,
        evidence_due: Some("2026-12-01T00:00:00Z".parse().expect("an instant")),
        occurred_at: desk.world.now,
    };
    let Dispute { amount, phase, evidence_due, occurred_at, .. } = dispute.clone();
    sale.disputes.insert(id, SaleDispute { amount, phase, evidence_due, occurred_at });
    sale.version += 1;
    let applied = AppliedDispute {
        dispute: &dispute,
        is_new_phase: true,
        sale_before: sale.version - 1,
        sale: &sale,
        lines: &[],
        booked_day: desk.day(0),
        booked_at: desk.world.now,
    };
    let written = desk.world.store.apply_dispute(&desk.world.tenant, &applied).await.expect("store");
    assert_eq!(written, SaleWritten::Yes);
}

/// However many are read at once, the pages are the list.
#[tokio::test]
async fn the_pages_of_disputes_are_the_list_however_long_they_are() {
    let desk = desk().await;
    let all: Vec<String> = (10..45).map(|n| format!("stripe:dp_{n}")).collect();
    for n in 10..45 {
        dispute_opened(&desk, &format!("dp_{n}"), &format!("in_{n}")).await;
    }
    for limit in [5, 17, 34, 35, 100] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        for _ in 0..9 {
            let page = desk.get("sue", &format!("/disputes?limit={limit}{cursor}")).await;
            seen.extend(page.rows(&["id"]));
            let Some(next) = page.json["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, all, "{limit} rows a page");
    }
}

#[tokio::test]
async fn recognition_answers_months_and_refuses_what_is_none() {
    let desk = desk().await;
    let answer = desk.get("aud", "/recognition?from=2026-10&to=2026-11&look_back_days=3").await;
    assert_eq!((answer.status, answer.json["data"].as_array().map(Vec::len)), (200, Some(0)));
    // Where the calendar of a ledger begins and ends there is nothing to look back on, and no month after.
    for edge in ["from=2000-01&to=2000-01", "from=2099-12&to=2099-12"] {
        let answer = desk.get("aud", &format!("/recognition?{edge}")).await;
        assert_eq!((answer.status, &answer.json["data"]), (200, &json!([])), "{edge}");
    }
    for bad in ["from=2026-11&to=2026-10", "from=2024-01&to=2026-02"] {
        assert_eq!(desk.get("aud", &format!("/recognition?{bad}")).await.status, 422, "{bad}");
    }
    for bad in [
        "from=2026-1&to=2026-10",
        "from=2026-10&to=2026-10&by=week",
        "from=2026-10&to=2026-10&look_back_days=1001",
        "from=2026-10",
    ] {
        assert_eq!(desk.get("aud", &format!("/recognition?{bad}")).await.status, 400, "{bad}");
    }
}

/// LED-11: whoever reads the months hears what is in none of them.
#[tokio::test]
async fn recognition_tells_of_sales_without_a_period() {
    let desk = desk().await;
    let path = "/recognition?from=2026-11&to=2026-11&look_back_days=0";
    assert_eq!(desk.get("aud", path).await.json["without_period"], json!([]));
    // As Lemon Squeezy tells a renewal: of a subscription, and for nobody knows how long.
    let paid = domain::money::Money::parse("29.70", domain::currency::Currency::USD).expect("money");
    let mut sale = domain::sale::Sale::plain(world::key("in_1"), paid, desk.world.now, desk.day(0));
    sale.subscription = Some("subscription-1".to_owned());
    sale.period_start = Some(desk.world.now);
    let new = store::sales::NewSale { sale: &sale, lines: &[], aliases: &[], open_in: &[], meets: None, review: None };
    let written = desk.world.store.create_sale(&desk.world.tenant, &new).await.expect("store");
    assert_eq!(written, SaleWritten::Yes);
    let answer = desk.get("aud", path).await;
    assert_eq!((&answer.json["data"], &answer.json["next_cursor"]), (&json!([]), &Value::Null), "{answer:?}");
    assert_eq!(answer.json["without_period"], json!([{"currency": "USD", "sales": 1, "amount": "29.70"}]));
    let csv = desk.get("aud", &format!("{path}&format=csv")).await.text;
    assert_eq!(csv.trim_end(), "month,currency,recognised,contra,net,deferred");
}

/// LED-11: an upgrade with the month that comes, paid in November; a whole refund of it in November leaves nothing.
#[tokio::test]
async fn recognition_spreads_each_part_of_an_invoice_over_its_own_time() {
    let desk = desk().await;
    let at = |text: &str| text.parse::<domain::time::Timestamp>().expect("an instant");
    let part = |weight, from, to| domain::fact::ServicePart { weight, from: at(from), to: at(to) };
    let paid = domain::money::Money::parse("325.00", domain::currency::Currency::USD).expect("money");
    let mut sale = domain::sale::Sale::plain(world::key("in_1"), paid, at("2026-11-21T00:00:00Z"), desk.day(0));
    sale.subscription = Some("sub_1".to_owned());
    (sale.period_start, sale.period_end) = (Some(at("2026-12-01T00:00:00Z")), Some(at("2027-01-01T00:00:00Z")));
    sale.services = vec![
        part(-4_950, "2026-11-21T00:00:00Z", "2026-12-01T00:00:00Z"),
        part(8_450, "2026-11-21T00:00:00Z", "2026-12-01T00:00:00Z"),
        part(29_000, "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
    ];
    let new = store::sales::NewSale { sale: &sale, lines: &[], aliases: &[], open_in: &[], meets: None, review: None };
    let written = desk.world.store.create_sale(&desk.world.tenant, &new).await.expect("store");
    assert_eq!(written, SaleWritten::Yes);
    let csv = desk.get("aud", "/recognition?from=2026-10&to=2027-01&look_back_days=60&format=csv").await.text;
    let rows: Vec<&str> = csv.lines().skip(1).collect();
    // By the time of the whole invoice nothing would have been November's, nor deferred in it.
    assert_eq!(rows, ["2026-11,USD,35.00,0.00,35.00,290.00", "2026-12,USD,290.00,0.00,290.00,0.00"]);
}

/// LED-8.
#[tokio::test]
async fn a_proof_answers_what_it_walked_and_every_breach_with_both_figures() {
    let desk = desk().await;
    desk.world.earn("in_1", "29.70", desk.day(9)).await;
    let proof = desk.post("aud", "/verify?journal_days=2", Value::Null).await;
    assert_eq!(
        (proof.status, &proof.json["intact"], &proof.json["lines"], &proof.json["broken"]),
        (200, &json!(true), &json!(1), &json!(0)),
        "{proof:?}"
    );
    forge_available(&desk).await;
    let proof = desk.post("aud", "/verify?journal_days=2", Value::Null).await;
    assert_eq!((proof.status, &proof.json["intact"]), (200, &json!(false)));
    let breach = proof.json["breaches"].as_array().expect("breaches").iter().find(|breach| breach["law"] == "V3");
    let breach = breach.unwrap_or_else(|| panic!("{proof:?}"));
    assert_eq!((&breach["expected"], &breach["found"]), (&json!("0"), &json!("1")), "{breach}");
}

async fn forge_available(desk: &Desk) {
    use aws_sdk_dynamodb::types::AttributeValue;
    let pk = format!("{}#account#{}", desk.world.tenant.tenant(), desk.world.partner);
    let database = &desk.world.database;
    let update = database.client.update_item().table_name(&database.core);
    let update = update
        .key("pk", AttributeValue::S(pk))
        .key("sk", AttributeValue::S("head#USD".to_owned()))
        .update_expression("SET available = :v")
        .expression_attribute_values(":v", AttributeValue::N("1".to_owned()));
    update.send().await.expect("forged");
}

/// A night by hand is the night: looked at without a trace, then begun, and begun once.
#[tokio::test]
async fn a_night_by_hand_is_looked_at_and_begun_once() {
    let desk = desk().await;
    desk.world.earn("in_1", "29.70", desk.day(9)).await;
    let dry = desk.post("ada", "/commission/process", json!({"mode": "dry_run"})).await;
    assert_eq!((dry.status, &dry.json["batch_date"], &dry.json["accounts"]), (200, &json!("2026-11-20"), &json!(1)));
    assert_eq!(desk.get("sue", "/commission/batches").await.rows(&["id"]), Vec::<String>::new());
    assert_eq!(desk.stub.messages().len(), 0);
    let applied = desk.post("ada", "/commission/process", json!({"mode": "apply"})).await;
    assert_eq!((applied.status, &applied.json["batch_date"]), (200, &json!("2026-11-20")), "{applied:?}");
    let sent = desk.stub.messages().len();
    let again = desk.post("ada", "/commission/process", json!({"mode": "apply"})).await;
    assert_eq!((&again.json["id"], desk.stub.messages().len()), (&applied.json["id"], sent));
    let id = applied.json["id"].as_str().expect("an id");
    let record = desk.get("sue", &format!("/commission/batches/{id}")).await;
    assert_eq!((record.status, &record.json["batch_date"]), (200, &json!("2026-11-20")));
    assert_eq!(desk.get("sue", "/commission/batches").await.rows(&["id"]), [id]);
    let before = json!({"mode": "apply", "business_date": "2026-11-01"});
    assert_eq!(desk.post("ada", "/commission/process", before).await.told(), (422, "not-a-night"));
}

#[tokio::test]
async fn without_the_queue_of_visits_no_night_is_recorded() {
    let desk = desk().await;
    desk.world.earn("in_1", "29.70", desk.day(9)).await;
    desk.stub.refuse(Some(testkit::stub::Service::Sqs));
    let answer = desk.ask("ada", "POST", "/commission/process", json!({"mode": "apply"}), Some("k")).await;
    assert_eq!(answer.told(), (503, "unavailable"));
    assert_eq!(desk.world.store.list_runs(&desk.world.tenant).await.expect("store"), Vec::new());
    desk.stub.refuse(None);
    let later = desk.ask("ada", "POST", "/commission/process", json!({"mode": "apply"}), Some("k")).await;
    assert_eq!((later.status, &later.json["status"], &later.json["accounts"]), (200, &json!("processing"), &json!(1)));
}
