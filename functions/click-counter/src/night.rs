//! At night: the days that are over are counted from their clicks, and the salts of days past are deleted.

use domain::id::{LinkId, TenantId};
use domain::time::{BusinessDay, Zone};
use edge::clock::Stopwatch;
use edge::lambda::{Error, Scheduled};
use edge::telemetry::chain;
use serde_json::{Value, json};
use store::{StoreError, TenantKey};

use crate::App;

/// Nights that were missed are made up for, but no more of them: older days keep what was counted live.
const DAYS_MAX: i32 = 30;
const LINKS_A_PAGE: usize = 100;

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Night {
    days: u64,
    links: u64,
}

impl App {
    /// One night: every tenant. One whose clicks cannot be counted is no other's; the night fails at its end, and is
    /// made again.
    pub(crate) async fn night(&self, scheduled: Scheduled) -> Result<Value, Error> {
        let watch = Stopwatch::start();
        // The day comes from the schedule; which salts are past, from the clock.
        let yesterday = Zone::utc().day_of(scheduled.scheduled_for).plus_days(-1)?;
        let (mut night, mut failed) = (Night::default(), Vec::new());
        for tenant in self.store.list_tenants().await? {
            match self.count_days(&tenant, yesterday).await {
                Ok(counted) => {
                    night.days += counted.days;
                    night.links += counted.links;
                }
                Err(error) => {
                    let reason = chain(error.as_ref());
                    tracing::error!(tenant.id = %tenant, reason, "the clicks of a tenant could not be counted");
                    failed.push(format!("{tenant}: {reason}"));
                }
            }
        }
        // TRK-3: also when a count has failed.
        let salts = self.store.delete_old_salts(self.clock.now()).await?;
        if !failed.is_empty() {
            return Err(failed.join("; ").into());
        }
        let Night { days, links } = night;
        tracing::info!(days, links, salts, duration_ms = watch.elapsed_ms(), "clicks counted exactly");
        Ok(json!({ "days": days, "links": links, "salts": salts }))
    }

    async fn count_days(&self, tenant: &TenantId, yesterday: BusinessDay) -> Result<Night, Error> {
        let key = TenantKey::from(tenant);
        let counted = self.store.get_clicks_counted(&key).await?;
        let oldest = yesterday.plus_days(1 - DAYS_MAX)?;
        let mut day = match counted {
            Some(through) => through.plus_days(1)?.max(oldest),
            None => yesterday,
        };
        let mut night = Night::default();
        while day <= yesterday {
            night.links += self.count_day(&key, day).await?;
            night.days += 1;
            self.store.record_clicks_counted(&key, day).await?;
            day = day.plus_days(1)?;
        }
        Ok(night)
    }

    /// One day of one tenant: how many links had clicks.
    async fn count_day(&self, tenant: &TenantKey, day: BusinessDay) -> Result<u64, StoreError> {
        let (mut links, mut after) = (0, None);
        loop {
            let page = self.store.list_links(tenant, after.as_ref(), LINKS_A_PAGE).await?;
            for link in &page.items {
                let place = (&link.id, &link.partner, &link.program);
                if self.store.recount_clicks(tenant, place, day).await? {
                    links += 1;
                }
            }
            after = page.next.and_then(|next| LinkId::parse(&next).ok());
            if after.is_none() {
                return Ok(links);
            }
        }
    }
}
