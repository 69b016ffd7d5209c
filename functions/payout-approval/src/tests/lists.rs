//! Lists: filters, pages, and whose rows they show.

use cases::payouts;
use domain::currency::Currency;

use super::*;

/// Five payouts of partner 1, one a day, all cancelled but the last; one of partner 2.
async fn many() -> World {
    let world = world().await;
    given::balance(&world, 1, "40.00").await;
    given::balance(&world, 2, "70.00").await;
    let usd = Currency::parse("USD").expect("currency");
    for day in 1..=5 {
        let at = format!("2026-09-0{day}T00:00:00Z").parse().expect("instant");
        let by = given::actor(Role::Partner, partner(1).as_str());
        let under = format!("day {day}");
        let asked = payouts::Asked { partner: partner(1), currency: usd, amount: None, by: by.clone(), under };
        let asked = payouts::request(&world.store, &tenant(), &asked, at).await.expect("a payout");
        let payouts::Requested::Created(stored) = asked else { panic!("{asked:?}") };
        if day < 5 {
            let command = payouts::Command::Cancel { reason: "again".to_owned() };
            payouts::command(&world.store, &tenant(), &stored.payout.id, &command, &by, at).await.expect("cancelled");
        }
    }
    world.requested("partner 2").await;
    world
}

fn days(answer: &Answer) -> Vec<String> {
    let rows = answer.json["data"].as_array().expect("rows");
    rows.iter().map(|row| row["created_at"].as_str().unwrap_or_default()[8..10].to_owned()).collect()
}

#[tokio::test]
async fn the_desk_sees_all_newest_first_and_by_its_own_words() {
    let world = many().await;
    assert_eq!(days(&world.get("sue", "").await), ["15", "05", "04", "03", "02", "01"]);
    assert_eq!(days(&world.get("sue", "?status=cancelled").await), ["04", "03", "02", "01"]);
    assert_eq!(days(&world.get("sue", "?status=pending_approval").await), ["15", "05"]);
    assert_eq!(days(&world.get("sue", "?offset=4").await), ["02", "01"]);
    for bad in ["?status=pending", "?limit=0", "?limit=501", "?cursor=x", "?offset=10001", "?page=2"] {
        assert_eq!(world.get("sue", bad).await.status, 400, "{bad}");
    }
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_overlap() {
    let world = many().await;
    for (who, query, expected) in [
        ("fin", "limit=2", vec!["15", "05", "04", "03", "02", "01"]),
        ("fin", "limit=1&status=cancelled", vec!["04", "03", "02", "01"]),
        ("partner 1", "limit=2", vec!["05", "04", "03", "02", "01"]),
    ] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        for _ in 0..10 {
            let page = world.get(who, &format!("?{query}{cursor}")).await;
            seen.extend(days(&page));
            let Some(next) = page.json["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={}", next.replace('#', "%23"));
        }
        assert_eq!(seen, expected, "{who} {query}");
    }
}

#[tokio::test]
async fn a_partner_sees_only_its_own() {
    let world = many().await;
    assert_eq!(days(&world.get("partner 1", "").await).len(), 5);
    assert_eq!(days(&world.get("partner 2", "").await), ["15"]);
    assert_eq!(days(&world.get("partner 2", "?status=cancelled").await), Vec::<String>::new());
}

#[tokio::test]
async fn the_list_is_csv_for_who_asks_for_it() {
    let world = many().await;
    let (csv, next) = world.csv("sue", "?format=csv&limit=2").await;
    let lines: Vec<_> = csv.lines().collect();
    assert_eq!(lines.len(), 3, "{csv}");
    assert!(lines[0].starts_with("id,partner_id,total_amount,currency,"), "{csv}");
    assert!(lines[1].contains(",70.00,USD,1,PAY-2026-09-") && lines[1].contains(",pending_approval,"), "{csv}");
    assert!(next.is_some_and(|next| next.contains("pay_")));
    assert_eq!(world.get("sue", "?format=xml").await.status, 400);
}
