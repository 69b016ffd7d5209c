//! OPS-4: how long a click is kept: as long as it may earn, and then as many days as its tenant set.

use std::collections::BTreeMap;

use domain::audit::{Actor, Deed, append};
use domain::role::Role;
use domain::settings::{Retention, RetentionKind};
use store::Written;

use super::*;

const DAY_S: i64 = 24 * 3_600;
/// How often the client of a test asks before it gives up.
const ATTEMPTS: usize = 3;

impl World {
    /// The tenant's clicks are kept for so many days from now on.
    async fn keep_clicks(&self, days: u32) {
        let mut settings = self.store.get_kept_settings(&tenant()).await.expect("reads");
        settings.general.retention_days = Retention::new(BTreeMap::from([(RetentionKind::Clicks, days)]));
        let end = self.store.get_chain_end(&tenant(), "settings").await.expect("reads");
        let (actor, at) = (Actor::new(Role::Admin, "usr_ada"), NOW.parse().expect("a time"));
        let deed = Deed { at, actor, action: "settings.set", old: BTreeMap::new(), new: BTreeMap::new() };
        let entry = append(end, "settings", deed);
        let written = self.store.replace_settings(&tenant(), &settings, &entry).await.expect("writes");
        assert_eq!(written, Written::Yes);
    }

    /// For how many days the click of an instant is kept, by the table's own mark.
    async fn days_kept(&self, at: &str) -> i64 {
        let at: Timestamp = at.parse().expect("a time");
        let clicks = self.database.client.scan().table_name(&self.database.clicks).send().await.expect("a scan");
        let mut rows = clicks.items().iter().map(|item| {
            let number = |name: &str| item[name].as_n().expect("a number").parse::<i64>().expect("whole");
            (number("first_ms"), number("expires_at"))
        });
        let of_then = rows.find(|(first_ms, _)| *first_ms == at.as_millisecond());
        let (_, end) = of_then.expect("a click of then");
        (end - at.as_second()) / DAY_S
    }

    async fn click_at(self, now: &str) -> Self {
        let world = self.changed(|app| app.clock = at(now));
        assert_eq!(world.get("/r/casey").await.status(), 302);
        world
    }
}

#[tokio::test]
async fn a_click_is_kept_for_its_window_and_then_as_many_days_as_the_tenant_set() {
    // The link's window is 30 days. Who has set nothing keeps clicks for 90 days behind it.
    let world = World::new().await.click_at(NOW).await;
    assert_eq!(world.days_kept(NOW).await, 30 + 90);
    for (days, now) in [(30, "2026-09-03T09:30:00Z"), (365, "2026-09-03T11:30:00Z")] {
        let world = World::new().await;
        world.keep_clicks(days).await;
        let world = world.click_at(now).await;
        // However few days are set: as long as it may earn it is there.
        assert_eq!(world.days_kept(now).await, 30 + i64::from(days));
    }
}

#[tokio::test]
async fn a_change_of_the_days_reaches_clicks_a_minute_later_and_costs_a_warm_one_nothing() {
    let world = World::new().await.click_at(NOW).await;
    world.keep_clicks(30).await;
    let before = world.database.requests();
    let warm = "2026-09-03T07:30:59Z";
    // Another visitor: their first visit of the hour makes an item of its own.
    let world = world.changed(|app| app.clock = at(warm));
    let other = Request::get("/r/casey").header("user-agent", "Gecko another").body(Body::empty()).expect("a request");
    assert_eq!(world.send(other).await.status(), 302);
    assert_eq!(world.database.requests() - before, 1, "one round trip");
    assert_eq!(world.days_kept(warm).await, 30 + 90);
    let later = "2026-09-03T08:30:00Z";
    let world = world.click_at(later).await;
    assert_eq!(world.days_kept(later).await, 30 + 30);
}

#[tokio::test]
async fn where_the_settings_cannot_be_read_a_click_is_kept_as_shipped_or_as_was_known() {
    let world = World::new().await;
    world.keep_clicks(30).await;
    // The link is read, and then its tenant's settings are not.
    world.database.fail_after(1, ATTEMPTS, Fault::Refuse);
    let world = world.click_at(NOW).await;
    world.database.heal();
    assert_eq!(world.days_kept(NOW).await, 30 + 90);
    let (known, away) = ("2026-09-03T08:30:00Z", "2026-09-03T09:30:00Z");
    let world = world.click_at(known).await;
    assert_eq!(world.days_kept(known).await, 30 + 30);
    world.database.fail_after(1, ATTEMPTS, Fault::Refuse);
    let world = world.click_at(away).await;
    world.database.heal();
    assert_eq!(world.days_kept(away).await, 30 + 30);
}
