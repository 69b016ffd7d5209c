//! A year: counted, filed, corrected.

use super::*;

/// What stands in a column of a row.
fn of<'a>(row: &'a BTreeMap<String, String>, name: &str) -> &'a str {
    row.get(name).unwrap_or_else(|| panic!("{name} in {row:?}"))
}

#[tokio::test]
async fn a_year_is_told_by_what_was_paid_with_its_numbers_and_what_is_left_out_has_a_reason() {
    let mut books = books().await;
    books.decide(settings()).await;
    books.turn_to(21).await;
    books.sign("400-11-1222", "Miller").await;
    books.pay("1500.00").await;
    books.pay("900.00").await;
    books.turn_to(22).await;
    books.sign("400-11-1223", "Little").await;
    books.pay("1999.99").await;
    // Without a form tax was withheld; the form came later, and the file needs it.
    let late = books.turn_to(23).await;
    books.pay("100.00").await;
    books.sign("400-11-1224", "Late").await;
    let formless = books.turn_to(24).await;
    books.pay("3000.00").await;
    let year = books.count("generate").await;
    let totals = &year["count"]["totals"];
    assert_eq!(year["count"]["state"], "ready");
    assert_eq!((&totals["paid"], &totals["withheld"]), (&json!("7499.99"), &json!("744.00")), "{totals:#}");
    let expected = json!({"reported": "2500.00", "below_threshold": "1999.99", "missing_form": "3000.00"});
    assert_eq!(totals["by_verdict"], expected);
    assert_eq!(totals["withheld_by_month"][10], "744.00");
    assert_eq!(
        (&year["withheld"], &year["owed"], &year["threshold"]),
        (&json!("744.00"), &json!("744.00"), &json!("2000.00"))
    );
    let file = &year["count"]["files"][0];
    assert_eq!((&file["name"], &file["rows"], &file["paid"]), (&json!("1099-nec-001"), &json!(2), &json!("2500.00")));
    let rows = books.file("1099-nec-001").await;
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            let amounts =
                (of(row, "Box 1a - Nonemployee compensation"), of(row, "Box 4 - Federal income tax withheld"));
            (of(row, "Recipient Taxpayer ID Number"), of(row, "Recipient Last Name (Surname)"), amounts)
        })
        .collect();
    assert_eq!(told, [("400111222", "Miller", ("2400.00", "")), ("400111224", "Late", ("100.00", "24.00"))]);
    assert_eq!((of(&rows[0], "Payer Taxpayer ID Number"), of(&rows[0], "Tax Year")), ("451234567", "2026"));
    let rows = books.get("aud", &format!("{YEAR}/rows")).await.ok();
    let verdict = |partner: &PartnerId| {
        let rows = rows["data"].as_array().expect("rows").iter();
        rows.filter(|row| row["partner_id"] == partner.as_str()).map(|row| row["verdict"].clone()).collect::<Vec<_>>()
    };
    assert_eq!((verdict(&late), verdict(&formless)), (vec![json!("reported")], vec![json!("missing_form")]));
    let all = rows.to_string();
    assert!(!all.contains("400111222") && !all.contains("Miller"), "numbers leave in files alone");
    books.world.verified().await;
}

#[tokio::test]
async fn a_file_has_at_most_a_hundred_payees_and_all_of_them_together_tell_each_payee_once() {
    let mut books = books().await;
    books.decide(settings()).await;
    for n in 0..103_u128 {
        books.turn_to(1_000 + n).await;
        books.sign(&format!("400-11-{:04}", 2_000 + n), "Miller").await;
        books.pay("2000.00").await;
    }
    let year = books.count("generate").await;
    let files = year["count"]["files"].as_array().expect("files").clone();
    let told: Vec<_> = files.iter().map(|file| (file["rows"].clone(), file["paid"].clone())).collect();
    assert_eq!(told, [(json!(100), json!("200000.00")), (json!(3), json!("6000.00"))]);
    let mut numbers = std::collections::BTreeSet::new();
    for file in &files {
        for row in books.file(file["name"].as_str().expect("a name")).await {
            assert!(numbers.insert(of(&row, "Recipient Taxpayer ID Number").to_owned()), "told twice: {row:?}");
        }
    }
    assert_eq!(numbers.len(), 103);
    // Counted anew it is the same, beside the first.
    let again = books.count("generate").await;
    assert_eq!((&again["count"]["no"], &again["count"]["totals"]), (&json!(2), &year["count"]["totals"]));
    let mut place = None;
    let mut seen = 0;
    loop {
        let cursor = place.map(|place: String| format!("&cursor={place}")).unwrap_or_default();
        let page = books.get("fin", &format!("{YEAR}/rows?limit=40{cursor}")).await.ok();
        seen += page["data"].as_array().expect("rows").len();
        match page["next_cursor"].as_str() {
            Some(next) => place = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!(seen, 103);
}

#[tokio::test]
async fn what_was_filed_is_not_made_anew_but_corrected() {
    let mut books = books().await;
    books.decide(settings()).await;
    let first = books.turn_to(21).await;
    books.sign("400-11-1222", "Miller").await;
    books.pay("2500.00").await;
    assert_eq!(books.post("fin", &format!("{YEAR}/correct"), Value::Null).await.kind(), (409, "tax-year-not-filed"));
    let filed = json!({"count": 1, "receipt": "2026-ABC"});
    assert_eq!(books.post("fin", &format!("{YEAR}/filed"), filed.clone()).await.kind(), (409, "tax-year-not-ready"));
    books.count("generate").await;
    let told = books.post("fin", &format!("{YEAR}/filed"), filed.clone()).await.ok();
    assert_eq!((&told["filed_count"], &told["count"]["receipt"]), (&json!(1), &json!("2026-ABC")));
    assert_eq!(books.post("fin", &format!("{YEAR}/filed"), filed).await.kind(), (409, "tax-year-not-ready"));
    assert_eq!(books.post("fin", &format!("{YEAR}/generate"), Value::Null).await.kind(), (409, "tax-year-filed"));
    assert_eq!(books.get("fin", &format!("{YEAR}/corrections")).await.ok()["data"], json!([]));
    // The name was wrong, and somebody was paid on the last day whom the first count did not see.
    books.sign("400-11-1222", "Mueller").await;
    let second = books.turn_to(22).await;
    books.sign("400-11-1223", "Late").await;
    books.pay("2000.00").await;
    let year = books.count("correct").await;
    assert_eq!(
        (&year["filed_count"], &year["count"]["corrects"], &year["count"]["files"]),
        (&json!(1), &json!(1), &json!([]))
    );
    let found = books.get("fin", &format!("{YEAR}/corrections")).await.ok();
    let told: Vec<_> = found["data"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| {
            (row["partner_id"].clone(), row["correction"].clone(), row["filed_paid"].clone(), row["paid"].clone())
        })
        .collect();
    let expected = [
        (json!(first), json!("recipient"), json!("2500.00"), json!("2500.00")),
        (json!(second), json!("added"), json!("0.00"), json!("2000.00")),
    ];
    assert_eq!(told, expected);
    let text = books.get("fin", &format!("{YEAR}/corrections?format=csv")).await.text;
    assert!(text.starts_with("partner_id,form,correction,"), "{text}");
}

#[tokio::test]
async fn nothing_is_filed_before_everything_is_decided() {
    let mut books = books().await;
    books.turn_to(21).await;
    books.sign("400-11-1222", "Miller").await;
    books.pay("2500.00").await;
    let generate = format!("{YEAR}/generate");
    assert_eq!(books.post("fin", &generate, Value::Null).await.kind(), (409, "payer-needed"));
    let without = |field: &str| {
        let mut settings = settings();
        settings["templates"].as_object_mut().expect("templates").remove(field);
        settings
    };
    // The boxes of 2026 are not those of the template that is shipped.
    books.decide(without("2026/1099-nec")).await;
    assert_eq!(books.post("fin", &generate, Value::Null).await.kind(), (409, "template-needed"));
    let mut undecided = settings();
    undecided["rails"] = json!({"manual": "undecided"});
    books.decide(undecided).await;
    let year = books.count("generate").await;
    assert_eq!((&year["count"]["state"], &year["count"]["files"]), (&json!("undecided"), &json!([])));
    assert_eq!(year["count"]["totals"]["undecided"], "2500.00");
    let filed = books.post("fin", &format!("{YEAR}/filed"), json!({"count": 1, "receipt": "x"})).await;
    assert_eq!(filed.kind(), (409, "tax-year-not-ready"));
    let mut by_rail = settings();
    by_rail["rails"] = json!({"manual": "rail"});
    books.decide(by_rail).await;
    let totals = books.count("generate").await["count"]["totals"].clone();
    assert_eq!((&totals["told_by_rails"], &totals["by_verdict"]), (&json!("2500.00"), &json!({"nothing": "0.00"})));
    books.decide(settings()).await;
    assert_eq!(books.count("generate").await["count"]["files"][0]["paid"], "2500.00");
    // A year that is not over is looked at, and has no files.
    let early = books.ask_of(&books.earlier, "fin", ("POST", &generate), Value::Null).await.ok();
    assert_eq!((&early["count"]["is_preview"], &early["count"]["files"]), (&json!(true), &json!([])));
    let filed =
        books.post("fin", &format!("{YEAR}/filed"), json!({"count": early["count"]["no"], "receipt": "x"})).await;
    assert_eq!(filed.kind(), (409, "tax-year-not-ready"));
}

#[tokio::test]
async fn the_doors_of_a_year_open_to_those_who_file_and_each_download_is_told() {
    let mut books = books().await;
    books.decide(settings()).await;
    books.turn_to(21).await;
    books.sign("400-11-1222", "Miller").await;
    books.pay("2500.00").await;
    let file = format!("{YEAR}/files/1099-nec-001");
    assert_eq!(books.get("fin", &file).await.kind(), (404, "not-found"));
    books.count("generate").await;
    for who in ["sue", "aud", "partner", "member", "machine"] {
        assert_eq!(books.get(who, &file).await.status, 403, "{who}");
        assert_eq!(books.post(who, &format!("{YEAR}/generate"), Value::Null).await.status, 403, "{who}");
    }
    assert_eq!(books.get("foreign", &file).await.kind(), (404, "not-found"));
    assert_eq!(books.get("fin", &format!("{YEAR}/files/1099-nec-002")).await.kind(), (404, "not-found"));
    assert_eq!(books.get("fin", "/v1/reports/tax-forms/2027").await.kind(), (422, "unknown-tax-year"));
    assert_eq!(books.get("fin", "/v1/reports/tax-forms/soon").await.kind(), (404, "not-found"));
    books.file("1099-nec-001").await;
    let (store, tenant) = (&books.world.store, &books.world.tenant);
    let trail = store.list_audit(tenant, "tax_year#2026").await.expect("store");
    let actions: Vec<_> = trail.iter().map(|entry| (entry.action.as_str(), entry.actor.id.as_str())).collect();
    let expected = ["begun", "counted", "ready", "file_downloaded"].map(|word| (format!("tax_year.{word}"), "usr_fin"));
    assert_eq!(actions, expected.iter().map(|(action, who)| (action.as_str(), *who)).collect::<Vec<_>>());
    let kept = store.get_tax_file(tenant, (2026, 1), "1099-nec-001").await.expect("store").expect("a file");
    assert!(!kept.contains("400111222") && !kept.contains("Miller"), "a file is kept sealed");
    books.world.verified().await;
}

#[tokio::test]
async fn a_form_that_changes_while_files_are_made_is_counted_anew() {
    use crate::tax_year::{Counting, sealed};
    let mut books = books().await;
    books.decide(settings()).await;
    books.turn_to(21).await;
    books.sign("400-11-1222", "Miller").await;
    books.pay("2500.00").await;
    let at: Timestamp = AFTERWARDS.parse().expect("an instant");
    let aws = books.sealer.clone();
    let mut reader = Reader::from_map([("AWS_REGION", "us-east-1"), ("AWS_ENDPOINT_URL", "http://127.0.0.1:1")]);
    let visits = Sender::connect(&Aws::from(&mut reader).service(Sdk::Sqs), "http://127.0.0.1:1/q");
    let app = App::new(books.world.store.clone(), visits, aws, Clock::fixed(at));
    let tenant = books.world.tenant.clone();
    let (settings, decided) = sealed::settings(&app, &tenant).await.expect("settings");
    let by = Actor::new(Role::FinanceManager, "usr_fin");
    let zone = domain::time::Zone::utc();
    let counting = Counting { app: &app, tenant: &tenant, settings: &settings, decided, zone: &zone, by: &by, at };
    let year = books.world.store.get_tax_year(&tenant, 2026).await.expect("store");
    let mut count = counting.begin(&year, None).await.expect("begun").expect("a count");
    while count.it.state.word() != "making" {
        count = counting.go_on(count, &|| true).await.expect("a step");
    }
    books.sign("400-11-1225", "Newly").await;
    let count = counting.go_on(count, &|| false).await.expect("all steps");
    assert_eq!((count.it.state.word(), count.it.files.len()), ("ready", 1));
    let rows = books.file("1099-nec-001").await;
    assert_eq!(of(&rows[0], "Recipient Taxpayer ID Number"), "400111225");
}

#[tokio::test]
async fn a_count_that_dies_anywhere_is_gone_on_with() {
    let mut books = books().await;
    books.decide(settings()).await;
    books.turn_to(21).await;
    books.sign("400-11-1222", "Miller").await;
    books.pay("2500.00").await;
    let (mut died, generate) = (0, format!("{YEAR}/generate"));
    for cut in 1..60_usize {
        let work = books.post("fin", &generate, Value::Null);
        let mut work = std::pin::pin!(work);
        let mut left = cut;
        let whole = std::future::poll_fn(|context| {
            if left == 0 {
                return std::task::Poll::Ready(false);
            }
            left -= 1;
            work.as_mut().poll(context).map(|told| told.status == 200)
        })
        .await;
        if whole {
            break;
        }
        died += 1;
    }
    assert!(died >= 5, "only {died} died");
    let year = books.count("generate").await;
    assert_eq!(year["count"]["totals"]["paid"], "2500.00");
    assert_eq!(books.file("1099-nec-001").await.len(), 1);
    assert!(books.at() < AFTERWARDS.parse().expect("an instant"));
    books.world.verified().await;
}
