//! PAY-19: a file of returns whose own counts and hashes do not fit is refused whole, with the line, and may come again whole.

use super::*;

#[tokio::test]
async fn a_file_of_returns_with_a_wrong_hash_or_count_moves_nothing_and_is_taken_once_it_is_right() {
    let scene = Scene::new().await;
    let payout = scene.approved(1, "100.00").await;
    let file = scene.export("a-file").await.json;
    let good = came_back("R03", text(&file["rows"][0], "reference"), "23138010", 7_600);
    // The control of the batch: entries and addenda, hash. Of the file: batches, blocks, entries and addenda, hash.
    let (batch, whole) = ("82200000020012104288", "9000001000001000000020012104288");
    let rows = [
        (batch, "82200000020012104289", "line 5: the entry hash of the batch: the control record says 12104289"),
        (batch, "82200000030012104288", "line 5: entries and addenda of the batch: the control record says 3"),
        (whole, "9000001000001000000020012104287", "line 6: the entry hash: the control record says 12104287"),
        (whole, "9000001000001000000030012104288", "line 6: entries and addenda: the control record says 3"),
        (whole, "9000002000001000000020012104288", "line 6: batches: the control record says 2"),
        (whole, "9000001000002000000020012104288", "line 6: blocks: the control record says 2"),
    ];
    for (from, to, expected) in rows {
        assert_eq!(good.matches(from).count(), 1, "{from} in {good}");
        let refused = scene.take_in(&good.replacen(from, to, 1)).await;
        assert_eq!(refused.told(), (422, "returns-refused"), "{expected}: {refused:?}");
        let error = refused.json["errors"][0].to_string();
        assert!(error.contains("/content") && error.contains(expected), "{expected}: {error}");
        assert_eq!((scene.state(&payout).await.as_str(), scene.money(1).await), ("submitted", [0, 0, 10_000, 0]));
    }
    let taken = scene.take_in(&good).await;
    assert_eq!((taken.status, text(&taken.json["data"][0], "outcome")), (200, "failed"), "{taken:?}");
    assert_eq!((scene.state(&payout).await.as_str(), scene.money(1).await), ("failed", [10_000, 0, 0, 0]));
    scene.verified().await;
}
