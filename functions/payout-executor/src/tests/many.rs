//! R8: many payouts over a rail that fails.

use super::*;

/// How many in one ledger, and in all where nobody says; a fifth of their askings meets a fault.
const PAYOUTS: usize = 250;

#[expect(clippy::disallowed_methods, reason = "how many payouts a command wants")]
fn wanted() -> usize {
    std::env::var("PAYOUTS").ok().and_then(|text| text.parse().ok()).unwrap_or(PAYOUTS)
}

/// How far it has come, where there are many.
fn tell(done: usize, faults: usize, waiting: usize) {
    if wanted() > PAYOUTS {
        eprintln!("{done} payouts paid once or waiting; faults ordered {faults}, waiting for people {waiting}");
    }
}

/// The same numbers each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

const FAULTS: [&str; 6] = [
    r#""status":null"#,
    r#""is_unheard":true"#,
    r#""status":500"#,
    r#""status":500,"executes":true"#,
    r#""status":503"#,
    r#""status":409"#,
];

/// Transfers are paid payouts, none is double, and every outcome that was not known is known or waits for people.
#[tokio::test]
async fn payouts_over_a_rail_that_fails_each_fifth_time_are_each_paid_once_or_wait() {
    let (mut done, mut faults, mut waiting) = (0, 0, 0);
    for seed in 7.. {
        // In ledgers of their own: what the small database has to read grows with it.
        let here = PAYOUTS.min(wanted() - done);
        let (met, left) = paid_or_waiting(here, Dice(seed)).await;
        (done, faults, waiting) = (done + here, faults + met, waiting + left);
        tell(done, faults, waiting);
        if done == wanted() {
            break;
        }
    }
    assert!(faults > wanted() / 8 && waiting > 0 && waiting < faults, "{faults} faults, {waiting} waiting");
}

/// So many payouts, looked after until nothing moves: how many faults were ordered, and how many wait for people.
async fn paid_or_waiting(many: usize, mut dice: Dice) -> (usize, usize) {
    let mut scene = Scene::new().await;
    let first = scene.world.partner.clone();
    let ids = handed_over(&mut scene, many).await;
    let mut faults = 0;
    for id in &ids {
        if dice.roll(5) == 0 {
            faults += 1;
            scene.order(FAULTS[usize::try_from(dice.roll(6)).expect("small")]).await;
        }
        let _ = scene.execute(id).await;
    }
    // The looks meet faults as well, and so does reading.
    for _ in 0..48 {
        scene.later(60);
        if dice.roll(5) == 0 {
            scene.order(FAULTS[usize::try_from(dice.roll(6)).expect("small")]).await;
        }
        if dice.roll(5) == 0 {
            scene.post("/_stand_in/faults", r#"{"method":"GET","path":"/v1/transfers","status":500}"#).await;
        }
        scene.app().look().await.expect("a look");
    }
    // Faults that no look has met are met here, and not by what the test itself reads.
    for _ in 0..48 {
        let _ = scene.stripe.list_transfers("nothing").await;
    }
    // Where one or two are left, more faults are ordered than looks are due: their last look, four hours on at most, meets
    // none.
    scene.later(60);
    let looked = scene.app().look().await.expect("a look");
    assert!(looked.due + looked.waiting <= 2, "{looked:?}");
    for _ in 0..4 {
        scene.later(60);
        scene.app().look().await.expect("a look");
    }
    let (mut paid, mut waiting) = (0, 0);
    for id in &ids {
        let transfers = scene.transfers(id).await.len();
        match scene.word(id).await {
            "paid" => {
                paid += 1;
                assert_eq!(transfers, 1, "{id}");
            }
            "outcome_unknown" => {
                waiting += 1;
                assert_eq!(transfers, 0, "{id}: what is at the rail is found");
                let attempts = scene.world.store.list_attempts(&scene.world.tenant, id).await.expect("store");
                assert_eq!(attempts.len(), 1, "{id}");
                assert!(!attempts[0].attempt.is_looked_for, "{id}: it waits for people");
            }
            other => panic!("{id} is {other}"),
        }
    }
    assert_eq!(paid + waiting, many);
    scene.world.partner = first;
    scene.world.verified().await;
    (faults, waiting)
}

/// So many payouts, each of a partner of its own, approved and handed to the rail.
async fn handed_over(scene: &mut Scene, many: usize) -> Vec<PayoutId> {
    let mut ids = Vec::new();
    for n in 0..many {
        if n > 0 {
            scene.world.partner = PartnerId::from_ulid(ulid::Ulid::from(1_000 + n as u128));
            scene.world.befriend(&scene.world.partner).await;
            let payee = scene.payee.clone();
            scene.pays_to(&payee).await;
        }
        scene.world.earn(&format!("in_{n}"), "100.00", Zone::utc().day_of(scene.world.now)).await;
        let asked = scene.world.try_request_at(i64::try_from(n).expect("small")).await.expect("an answer");
        let Requested::Created(stored) = asked else { panic!("{asked:?}") };
        let id = stored.payout.id;
        let approval = scene.world.approval(&id).await;
        scene.world.command(&id, Role::Admin, "usr_a", approval).await;
        scene.submit(&id).await;
        ids.push(id);
    }
    ids
}
