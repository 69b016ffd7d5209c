//! PAY-7: a rail whose answers are lost, and whose lists lag behind: however often it is asked, it is one payment.

use super::*;

/// The numbers of a seed.
struct Dice(u64);

impl Dice {
    fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5851_F42D_4C95_7F2D)
    }

    fn percent(&mut self, of_hundred: u64) -> bool {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % 100 < of_hundred
    }
}

/// One payout over a rail that fails as the seed says: how many transfers there are in the end.
async fn transfers_of(seed: u64) -> usize {
    let mut dice = Dice::of(seed);
    let mut scene = Scene::new().await;
    let id = scene.submitted("in_1", "100.00").await;
    let asked = |dice: &mut Dice| {
        let lost = if dice.percent(50) { r#""status":null"# } else { r#""status":500,"executes":true"# };
        dice.percent(60).then_some(lost)
    };
    if let Some(fault) = asked(&mut dice) {
        scene.order(fault).await;
    }
    let _ = scene.execute(&id).await;
    for _ in 0..6 {
        scene.later(60);
        if dice.percent(40) {
            let blank = r#"{"method":"GET","path":"/v1/transfers","status":200,"is_blank":true}"#;
            scene.post("/_stand_in/faults", blank).await;
        }
        if let Some(fault) = asked(&mut dice) {
            scene.order(fault).await;
        }
        scene.app().look().await.expect("a look");
    }
    // A list that is still to lag lags here, and not where it is counted.
    for _ in 0..8 {
        let _ = scene.stripe.list_transfers("nothing").await;
    }
    scene.transfers(&id).await.len()
}

#[tokio::test]
async fn a_payout_over_a_rail_whose_lists_lag_is_one_transfer() {
    for seed in 0..24 {
        assert_eq!(transfers_of(seed).await, 1, "seed {seed}");
    }
}
