//! For how long it is known that somebody was told.

use domain::audit::{Actor, ChainEnd, Told, append};
use domain::role::Role;
use domain::settings::{Retention, RetentionKind};
use store::settings::KeptSettings;

use super::*;

impl World {
    async fn notices_are_kept_for(&self, days: u32) {
        let mut kept = KeptSettings::default();
        kept.general.retention_days = Retention::new([(RetentionKind::Notices, days)].into());
        let actor = Actor::new(Role::Admin, "usr_ada");
        let told = Told::new("settings", actor, instant("2026-01-01T00:00:00Z"), "settings.set");
        let entry = append(ChainEnd::START, "settings", told.deed);
        self.app.store.replace_settings(&self.tenant, &kept, &entry).await.expect("store");
    }

    async fn days_kept(&self) -> i64 {
        let claim = self.app.claim_of(&self.tenant, &due("payout_approved"), &delivery("m", 1)).await;
        claim.forgotten_at.duration_since(claim.at).as_hours() / 24
    }
}

#[tokio::test]
async fn it_is_known_for_as_many_days_as_the_tenant_set_that_somebody_was_told() {
    // OPS-4
    let world = World::new().await;
    world.notices_are_kept_for(40).await;
    assert_eq!(world.days_kept().await, 40);
    assert_eq!(World::new().await.days_kept().await, 90, "as shipped");
}
