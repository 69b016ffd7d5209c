//! Links that their owners changed: an end, parameters of their own.

use std::collections::BTreeMap;

use store::links::{Link, LinkDetails};

use super::*;

fn with(details: LinkDetails) -> Link {
    Link { details, ..link("casey", true) }
}

fn ends(at: &str) -> LinkDetails {
    LinkDetails { expires_at: Some(at.parse().expect("a time")), ..LinkDetails::default() }
}

#[tokio::test]
async fn a_visitor_of_a_link_that_has_expired_is_sent_on_and_not_counted() {
    let world = World::with(with(ends(NOW))).await;
    world.database.reset_units();
    let response = world.get("/r/casey?utm_source=news").await;
    assert_eq!(response.status(), 302);
    let url = location(&response);
    assert_eq!(url.as_str(), "https://shop.example/welcome?plan=pro&utm_source=news");
    assert!(!response.headers().contains_key("set-cookie"));
    assert_eq!(world.database.reset_units().write_hundredths, 0, "nothing is written");
}

#[tokio::test]
async fn a_link_counts_until_the_instant_of_its_end_without_waiting_for_the_cache() {
    let at_the_end = NOW.parse::<Timestamp>().expect("a time") + jiff::SignedDuration::from_secs(1);
    let world = World::with(with(ends(&at_the_end.to_string()))).await;
    let before = world.get("/r/casey").await;
    assert!(parameter(&location(&before), "trb").is_some());
    let world = world.changed(|app| app.clock = at(&at_the_end.to_string()));
    let after = world.get("/r/casey").await;
    assert_eq!((after.status().as_u16(), parameter(&location(&after), "trb")), (302, None));
}

#[tokio::test]
async fn a_page_cannot_tell_of_visits_through_a_link_that_has_expired() {
    let world = World::with(with(ends(NOW))).await;
    let request = Request::post("/v1/clicks?via=casey")
        .header("user-agent", FIREFOX)
        .header("origin", "https://shop.example")
        .body(Body::empty())
        .expect("a request");
    assert_eq!(world.send(request).await.status(), 404);
}

#[tokio::test]
async fn a_links_own_sub_ids_are_carried_where_the_visitor_brings_none() {
    let sub_ids = [("sub1", "newsletter"), ("sub2", "header")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let details = LinkDetails { sub_ids: BTreeMap::from(sub_ids), ..LinkDetails::default() };
    let world = World::with(with(details)).await;
    let url = location(&world.get("/r/casey?sub2=footer").await);
    assert_eq!(parameter(&url, "sub1").as_deref(), Some("newsletter"));
    assert_eq!(parameter(&url, "sub2").as_deref(), Some("footer"));
}
