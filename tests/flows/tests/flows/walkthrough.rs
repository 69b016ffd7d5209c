//! The pages with commands, run as they stand.

use crate::page::runs;

#[tokio::test(flavor = "multi_thread")]
async fn the_walkthrough_works_line_by_line_and_ends_with_no_broken_law() {
    assert!(runs("walkthrough.md").await.len() > 10, "the page has its commands");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_quickstart_goes_from_an_empty_tenant_to_a_paid_partner_by_http_alone() {
    let blocks = runs("quickstart.md").await;
    assert!(blocks.len() > 8, "the page has its commands");
    // By the documented calls alone: nothing of the operator's command but the keys that were there.
    for block in &blocks {
        assert!(!block.commands.contains("target/debug"), "{}", block.commands);
    }
}
