//! Visits to an account whose lines one invocation cannot count.

use super::*;

#[tokio::test]
async fn a_visit_that_cannot_count_all_lines_is_sent_again_and_goes_on_where_it_stopped() {
    let (world, stub) = (World::new().await, stub().await);
    for n in 1..=8 {
        world.earn(&format!("in_{n}"), "1.00", day(&format!("2026-12-0{n}"))).await;
    }
    let app = app(&world, &stub).at_pace(Pace { kept_each: 3, lines_max: 3, is_over: &|| false });
    let visits = include_str!("../../../../events/commission-batch/visits.json");
    let visits: Value = serde_json::from_str(visits).expect("JSON");
    let closes = async || world.store.list_closes(&world.tenant, &world.account()).await.expect("store").len();
    for (sent, closed) in [(1, 0), (2, 0), (2, 1), (2, 1)] {
        assert_eq!(app.handle(visits.clone()).await.expect("visits"), json!({ "batchItemFailures": [] }));
        assert_eq!((stub.messages().len(), closes().await), (sent, closed));
    }
    world.verified().await;
}

#[tokio::test]
async fn a_visit_that_cannot_be_sent_again_stays_in_the_queue() {
    let (world, stub) = (World::new().await, stub().await);
    for n in 1..=8 {
        world.earn(&format!("in_{n}"), "1.00", day(&format!("2026-12-0{n}"))).await;
    }
    let app = app(&world, &stub).at_pace(Pace { kept_each: 3, lines_max: 3, is_over: &|| false });
    let visits = include_str!("../../../../events/commission-batch/visits.json");
    stub.refuse(Some(Service::Sqs));
    let answer = app.handle(serde_json::from_str(visits).expect("JSON")).await.expect("visits");
    assert_eq!(answer["batchItemFailures"].as_array().map(Vec::len), Some(1));
}
