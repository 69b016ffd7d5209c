//! A payment that is told again with what its first telling did not carry: a provider's list names no click, and the
//! webhook behind it does.

use domain::fact::SalePaid;

use super::*;

fn paid(world: &World, invoice: &str, token: Option<&str>) -> Fact {
    Fact::SalePaid(SalePaid { click_token: token.map(str::to_owned), ..world.paid(invoice, "cus_1", "99.00") })
}

#[tokio::test]
async fn a_click_that_only_a_later_telling_brings_counts_as_if_it_had_come_first() {
    // V13: the list first, the webhook first, and each of them twice; with a sale of theirs that waits, and money back.
    for order in permutations(4) {
        let world = World::new().await;
        let facts = [
            paid(&world, "in_1", None),
            paid(&world, "in_1", Some(&world.token)),
            world.sale("in_2", "cus_1", "10.00"),
            world.refund("re_1", "in_1", "49.50"),
        ];
        for place in order.iter().chain(order.iter().rev()) {
            book(&world, facts[*place].clone()).await;
        }
        assert_eq!(world.total().await, "17.85", "{order:?}");
        let sale = world.kept_sale("in_1").await;
        assert_eq!(sale.decision.credits()[0].partner, world.partner, "{order:?}");
        world.verified().await;
    }
}

#[tokio::test]
async fn a_telling_without_a_touch_meets_nobody_and_one_that_is_known_writes_nothing() {
    let world = World::new().await;
    let customer = world::key("cus_1");
    book(&world, paid(&world, "in_1", None)).await;
    book(&world, paid(&world, "in_1", None)).await;
    let known = world.store.get_customer(&world.tenant, &customer).await.expect("store").expect("a customer");
    assert_eq!(known.met_at, None, "the check-out may still come");
    book(&world, paid(&world, "in_1", Some(&world.token))).await;
    world.database.reset_units();
    book(&world, paid(&world, "in_1", Some(&world.token))).await;
    assert_eq!(world.database.units().write_hundredths, 0);
}

#[tokio::test]
async fn a_token_that_is_not_ours_told_later_says_why_nobody_is_paid() {
    let world = World::new().await;
    for token in [None, Some("not a token")] {
        book(&world, paid(&world, "in_1", token)).await;
    }
    let sale = world.kept_sale("in_1").await;
    assert!(
        matches!(sale.decision, Decision::Nobody { reason: NobodyReason::TokenRefused, .. }),
        "{:?}",
        sale.decision
    );
}
