//! ATT-1, COM-9: how long a click counts when a programme changes its mind, and what makes somebody a customer.

use domain::fact::SalePaid;
use domain::id::SaleId;
use domain::time::Timestamp;
use domain::touch::{Touch, Touches};
use store::programs::record::ProgramReplaced;

use super::*;

fn minutes_ago(world: &World, minutes: i64) -> Timestamp {
    Timestamp::from_millisecond(world.now.as_millisecond() - minutes * 60_000).expect("an instant")
}

/// ATT-1: a programme's window is that of its links as well, from when it is changed.
#[tokio::test]
async fn a_window_that_is_changed_holds_for_links_that_were_there_before() {
    for (days, expected) in [(30, "29.70"), (10, "0.00")] {
        let world = World::new().await;
        let (tenant, program) = (&world.tenant, world::program());
        let mut record = world.store.get_program_record(tenant, &program).await.expect("store").expect("there");
        record.program.window_days = days;
        record.version += 1;
        let replaced = world.store.replace_program(tenant, &record, false).await.expect("store");
        assert_eq!(replaced, ProgramReplaced::Yes);
        let touch = Touch { at: minutes_ago(&world, 20 * 24 * 60), link: world::link(), visitor: world::visitor() };
        let clicked = world.sign(&Touches::none().push(touch));
        let paid = world.paid("in_1", "cus_1", "99.00");
        book(&world, Fact::SalePaid(SalePaid { click_token: Some(clicked), ..paid })).await;
        assert_eq!(world.total().await, expected, "{days} days");
        world.verified().await;
    }
}

/// COM-9: only what is paid for something is a customer's first sale, in either order of the two facts.
#[tokio::test]
async fn an_event_of_the_tenants_own_is_no_first_sale_whatever_amount_it_has() {
    for order in [[0, 1], [1, 0]] {
        let world = World::new().await;
        let early = SalePaid {
            occurred_at: minutes_ago(&world, 30),
            event_type: SaleType::Custom,
            ..world.paid("ev_1", "cus_1", "20.00")
        };
        let invoice = SalePaid { click_token: Some(world.token.clone()), ..world.paid("in_1", "cus_1", "99.00") };
        let facts = [Fact::SalePaid(early), Fact::SalePaid(invoice)];
        for place in order {
            book(&world, facts[place].clone()).await;
        }
        let customer = world.store.get_customer(&world.tenant, &world::key("cus_1")).await.expect("store");
        let first = customer.and_then(|customer| customer.first_paid).map(|(_, sale)| sale);
        assert_eq!(first, Some(SaleId::of(&world::key("in_1"))), "{order:?}");
        // Nobody had them before the click, so the click brought them.
        assert_eq!(world.kept_sale("in_1").await.decision.credits().len(), 1, "{order:?}");
    }
}
