//! PAY-9: the door out of `held` for money that came back after it was paid.

use aws_sdk_dynamodb::types::AttributeValue;
use cases::payouts::returned::take_back;
use cases::payouts::{Command as Step, Moved as Stepped, Requested};
use cases::verify::{Breach, verify};
use domain::adjustment::{AdjustmentState, Change, ReleaseHalf, returned_key};
use domain::id::{EntryId, PartnerId, PayoutId};
use domain::payout::Sent;

use super::*;

/// A payout of an amount, paid and come back: without a tax form 24 % of it stay withheld.
async fn came_back(world: &mut World, invoice: &str, amount: &str) -> PayoutId {
    world.earn(invoice, amount, day(world, 0)).await;
    let Requested::Created(stored) = world.request().await else { panic!("a payout") };
    let id = stored.payout.id;
    let sent = Sent { sent_at: world.now, expected_arrival: None, reference: "r".to_owned() };
    let confirm = Step::Confirm { completed_at: world.now, reference: format!("paid {id}") };
    let approval = world.approval(&id).await;
    for (role, who, step) in [
        (Role::Admin, "usr_a", approval.clone()),
        (Role::FinanceManager, "usr_f", Step::MarkSent(sent)),
        (Role::FinanceManager, "usr_f", confirm),
    ] {
        assert!(matches!(world.command(&id, role, who, step).await, Stepped::Done(_)));
    }
    assert!(come_back(world, &id).await, "it comes back");
    world.pass_days(1);
    id
}

/// Whether this call was the one that booked it.
async fn come_back(world: &World, id: &PayoutId) -> bool {
    let stored = world.store.get_payout(&world.tenant, id).await.expect("store").expect("a payout");
    let back = stored.payout.leaving().expect("parts that fit");
    let by = Actor::new(Role::FinanceManager, "usr_f");
    let taken = take_back(&world.store, &world.tenant, stored, (&by, "R03 no account", back), world.now).await;
    taken.expect("an answer").is_some()
}

async fn usd_balance(world: &World) -> [String; 5] {
    balance(world, &world.account()).await
}

async fn release(world: &World, n: u128, payout: &PayoutId) -> Moved {
    ask(world, n, Wish::Release { payout: payout.clone() }).await
}

async fn approve(world: &World, who: &str, n: u128) -> Moved {
    let id = AdjustmentId::from_ulid(n.into());
    let stored = world.store.get_adjustment(&world.tenant, "release", &id).await.expect("store").expect("it waits");
    let seal = stored.adjustment.seal();
    adjustments::approve(&desk_of(world, who).await, "release", &id, seal).await.expect("an answer")
}

fn is_nothing_held(moved: &Moved) -> bool {
    matches!(moved, Moved::NothingHeld { .. })
}

#[tokio::test]
async fn what_came_back_is_released_once_and_the_partner_is_paid_again() {
    let mut world = World::new().await;
    let id = came_back(&mut world, "in_1", "50.00").await;
    assert!(!come_back(&world, &id).await, "told twice it came back once");
    assert_eq!(usd_balance(&world).await, ["0.00", "38.00", "0.00", "0.00", "50.00"]);
    assert!(matches!(world.request().await, Requested::NothingAvailable { .. }));
    let released = done(release(&world, 1, &id).await);
    assert_eq!(released.adjustment.change, Change::Release { payout: id.clone(), amount: usd("38.00") });
    assert_eq!(released.adjustment.state, AdjustmentState::Booked { approved_by: None });
    assert_eq!(usd_balance(&world).await, ["0.00", "0.00", "38.00", "0.00", "50.00"]);
    let again = done(release(&world, 1, &id).await);
    assert_eq!(again, released, "asked for again under the same name it is the same");
    assert!(is_nothing_held(&release(&world, 2, &id).await), "under another name there is nothing left");
    let Requested::Created(next) = world.request().await else { panic!("a payout") };
    assert_eq!(next.payout.amount, usd("38.00"));
    world.verified().await;
}

#[tokio::test]
async fn a_large_release_takes_another_person_and_of_two_that_are_asked_for_one_is_booked() {
    let mut world = World::new().await;
    let id = came_back(&mut world, "in_1", "500.00").await;
    for n in [1, 2] {
        assert_eq!(done(release(&world, n, &id).await).adjustment.state, AdjustmentState::Pending);
    }
    assert_eq!(usd_balance(&world).await[1..3], ["380.00", "0.00"], "it waits");
    let own = approve(&world, "usr_ada", 1).await;
    assert_eq!(own, Moved::Refused(domain::adjustment::Refused::SamePerson));
    let (one, two) = tokio::join!(approve(&world, "usr_bob", 1), approve(&world, "usr_cyd", 2));
    let booked = [&one, &two].into_iter().filter(|moved| matches!(moved, Moved::Done(_))).count();
    assert_eq!(booked, 1, "{one:?} {two:?}");
    assert!([&one, &two].into_iter().any(is_nothing_held), "{one:?} {two:?}");
    assert_eq!(usd_balance(&world).await[1..3], ["0.00", "380.00"]);
    world.verified().await;
}

#[tokio::test]
async fn what_has_not_come_back_or_is_anothers_is_not_released() {
    let mut world = World::new().await;
    world.earn("in_1", "50.00", day(&world, 0)).await;
    let Requested::Created(open) = world.request().await else { panic!("a payout") };
    assert!(is_nothing_held(&release(&world, 1, &open.payout.id).await));
    let rejected = world.command(&open.payout.id, Role::Admin, "usr_a", Step::Reject { reason: "no".to_owned() }).await;
    assert!(matches!(rejected, Stepped::Done(_)));
    assert!(is_nothing_held(&release(&world, 2, &open.payout.id).await));
    world.pass_days(1);
    let id = came_back(&mut world, "in_2", "50.00").await;
    let stranger = PayoutId::of(&PartnerId::from_ulid(99_u128.into()), Currency::USD, 1);
    assert_eq!(release(&world, 3, &stranger).await, Moved::NotFound);
    let missing = PayoutId::of(&world.partner, Currency::USD, 9);
    assert_eq!(release(&world, 4, &missing).await, Moved::NotFound);
    done(release(&world, 5, &id).await);
    world.verified().await;
}

/// The laws that are broken after an attribute of a row was changed; the row is put back.
async fn forged(world: &World, row: (String, &str), name: &str, value: AttributeValue) -> Vec<&'static str> {
    let (client, table) = (&world.database.client, &world.database.core);
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let pk = text(&format!("{}#{}", world.tenant.tenant(), row.0));
    let get = client.get_item().table_name(table).key("pk", pk).key("sk", text(row.1)).consistent_read(true);
    let own = get.send().await.expect("read").item.expect("a row");
    let mut other = own.clone();
    other.insert(name.to_owned(), value);
    client.put_item().table_name(table).set_item(Some(other)).send().await.expect("forged");
    let broken = verify(&world.store, &world.tenant).await.expect("store").breaches;
    client.put_item().table_name(table).set_item(Some(own)).send().await.expect("put back");
    let mut laws: Vec<&'static str> = broken.iter().map(|breach: &Breach| breach.law).collect();
    laws.sort_unstable();
    laws.dedup();
    laws
}

fn cents(minor: i64) -> AttributeValue {
    AttributeValue::N(minor.to_string())
}

#[tokio::test]
async fn verify_finds_what_was_released_withheld_or_returned_otherwise_than_the_rows_say() {
    let mut world = World::new().await;
    let id = came_back(&mut world, "in_1", "50.00").await;
    done(release(&world, 1, &id).await);
    world.verified().await;
    let entry = |key: &str| (format!("entry#{}", EntryId::of(key)), "entry");
    let account = || (format!("account#{}", world.partner), "USD#payout#00000001");
    let change = || ("adjustments#release".to_owned(), "adj_00000000000000000000000001");
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let rows = [
        (entry(&ReleaseHalf::In.key(&id)), "amount_minor", cents(4_000), "V9"),
        (entry(&ReleaseHalf::Out.key(&id)), "amount_minor", cents(-4_000), "V1"),
        (entry(&returned_key(&id)), "amount_minor", cents(4_000), "V9"),
        (change(), "state", text("pending"), "V9"),
        (change(), "amount", text("39.00 USD"), "V9"),
        // V11: tax that nobody withheld, a fee that nobody kept, and parts that are more than the whole.
        (account(), "withheld_minor", cents(1_100), "V3"),
        (account(), "withheld_minor", cents(1_100), "V10"),
        (account(), "fee_minor", cents(100), "V10"),
        (account(), "withheld_minor", cents(-1_200), "V11"),
        (account(), "state", text("paid"), "V3"),
    ];
    for (row, name, value, law) in rows {
        let place = format!("{row:?} {name}");
        let laws = forged(&world, row, name, value).await;
        assert!(laws.contains(&law), "{place}: {laws:?} has no {law}");
    }
    world.verified().await;
}
