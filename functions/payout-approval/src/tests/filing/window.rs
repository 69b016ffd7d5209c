//! PAY-27: what an ACH file carried is paid once its bank cannot send it back any more.

use std::sync::atomic::AtomicU32 as Calls;

use super::*;
use crate::export::{Export, Wanted};

/// When a file is made, days on which it is too early to confirm it, and the first on which it is not.
const WINDOWS: [(&str, [&str; 3], &str); 3] = [
    // Made on a Tuesday, it settles on Wednesday; Thursday, Friday, and a weekend.
    (NOW, ["2026-09-16", "2026-09-18", "2026-09-20"], "2026-09-21"),
    // It settles on the Friday before Columbus Day; Tuesday, Wednesday.
    ("2026-10-08T12:00:00Z", ["2026-10-12", "2026-10-13", "2026-10-14"], "2026-10-15"),
    // It settles on the day before Thanksgiving; Friday, Monday.
    ("2026-11-24T12:00:00Z", ["2026-11-26", "2026-11-29", "2026-11-30"], "2026-12-01"),
];

impl Scene {
    /// The same deployment at another instant, beside this one.
    fn when(&self, now: &str) -> Self {
        Self { world: with(&self.world, &self.sealer, now), sealer: self.sealer.clone() }
    }

    /// Finance says, at this instant, that the money arrived when the file was made.
    async fn confirm_at(&self, now: &str, payout: &str, arrived: &str) -> Answer {
        let body = json!({"completed_at": arrived, "payment_reference": "bank 1"});
        self.when(now).world.ask("fin", "POST", &format!("/{payout}/confirm"), body).await
    }

    async fn is_too_early(&self, now: &str, payout: &str, from: &str) {
        let refused = self.confirm_at(now, payout, NOW).await;
        assert_eq!(refused.told(), (409, "return-window"), "{now}: {refused:?}");
        assert!(text(&refused.json, "detail").contains(from), "{now}: {refused:?}");
        assert_eq!(self.state(payout).await, "submitted", "{now}");
    }
}

#[tokio::test]
async fn a_payout_of_an_ach_file_is_confirmed_only_behind_its_return_window() {
    for (made, early, from) in WINDOWS {
        let scene = Scene::new().await.at(made);
        let payout = scene.approved(1, "100.00").await;
        let file = scene.export("a-file").await.json;
        assert_eq!(scene.content("fin", text(&file, "id")).await.0, 200, "{file}");
        let trail = scene.world.store.list_audit(&tenant(), &payout).await.expect("store");
        for day in early {
            let refused = scene.confirm_at(&format!("{day}T23:59:59Z"), &payout, made).await;
            assert_eq!(refused.told(), (409, "return-window"), "{day}: {refused:?}");
            assert!(text(&refused.json, "detail").contains(from), "{day}: {refused:?}");
        }
        // Nothing was written.
        assert_eq!((scene.state(&payout).await.as_str(), scene.money(1).await), ("submitted", [0, 0, 10_000, 0]));
        assert_eq!(scene.world.store.list_audit(&tenant(), &payout).await.expect("store"), trail);
        let paid = scene.confirm_at(&format!("{from}T00:00:00Z"), &payout, made).await;
        assert_eq!((paid.status, text(&paid.json, "state")), (200, "paid"), "{from}: {paid:?}");
        assert_eq!(scene.money(1).await, [0, 0, 0, 10_000]);
        scene.verified().await;
    }
}

#[tokio::test]
async fn a_file_that_somebody_has_only_after_it_settles_is_confirmed_as_much_later() {
    let scene = Scene::new().await;
    let payout = scene.approved(1, "100.00").await;
    let file = text(&scene.export("a-file").await.json, "id").to_owned();
    // On a Friday: it settles on Monday at the earliest.
    assert_eq!(scene.when("2026-09-18T12:00:00Z").content("fin", &file).await.0, 200);
    for early in ["2026-09-21T12:00:00Z", "2026-09-23T12:00:00Z"] {
        scene.is_too_early(early, &payout, "2026-09-24").await;
    }
    let paid = scene.confirm_at("2026-09-24T12:00:00Z", &payout, NOW).await;
    assert_eq!((paid.status, text(&paid.json, "state")), (200, "paid"), "{paid:?}");
}

#[tokio::test]
async fn what_comes_back_within_the_window_was_never_paid() {
    let scene = Scene::new().await;
    let payout = scene.approved(1, "100.00").await;
    let file = scene.export("a-file").await.json;
    assert_eq!(scene.content("fin", text(&file, "id")).await.0, 200);
    scene.is_too_early("2026-09-18T12:00:00Z", &payout, "2026-09-21").await;
    let trace = text(&file["rows"][0], "reference");
    let told = scene.when("2026-09-18T13:00:00Z").take_in(&came_back("R03", trace, "23138010", 7_600)).await;
    assert_eq!((told.status, text(&told.json["data"][0], "outcome")), (200, "failed"), "{told:?}");
    assert_eq!(scene.confirm_at(BEHIND_WINDOW, &payout, NOW).await.told(), (409, "wrong-state"));
    assert_eq!((scene.state(&payout).await.as_str(), scene.money(1).await), ("failed", [10_000, 0, 0, 0]));
    scene.verified().await;
}

#[tokio::test]
async fn what_a_file_carries_that_is_not_made_yet_is_not_confirmed_however_late() {
    let scene = Scene::new().await;
    let payouts = [scene.approved(1, "100.00").await, scene.approved(2, "50.00").await];
    let app = scene.world.app().with_sealer(scene.sealer.clone());
    let wanted = Wanted {
        id: domain::id::PayoutFileId::from_ulid(7_u128.into()),
        rail: Rail::Ach,
        currency: domain::currency::Currency::USD,
        payouts: Default::default(),
        by: given::actor(Role::FinanceManager, "usr_fin"),
    };
    let (at, tenant) = (NOW.parse().expect("an instant"), tenant());
    // Two are opened for the plan, and one is handed over, before the time is over.
    let calls = Calls::new(0);
    let is_over = || calls.fetch_add(1, Ordering::SeqCst) >= 3;
    let planned = Export { app: &app, tenant: &tenant, at, is_over: &is_over }.make(&wanted).await.expect("a plan");
    assert_eq!((planned.planned.len(), planned.state.word()), (2, "making"));
    // A Monday: made at once it settles on Tuesday; Wednesday, Thursday.
    scene.is_too_early("2026-10-19T12:00:00Z", &payouts[0], "2026-10-23").await;
    let made = Export { app: &app, tenant: &tenant, at, is_over: &|| false }.make(&wanted).await.expect("a file");
    assert_eq!((made.rows.len(), made.state.word()), (2, "ready"));
    let paid = scene.confirm_at("2026-10-19T12:00:00Z", &payouts[0], NOW).await;
    assert_eq!((paid.status, text(&paid.json, "state")), (200, "paid"), "{paid:?}");
    scene.verified().await;
}
