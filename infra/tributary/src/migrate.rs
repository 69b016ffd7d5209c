//! `tributary migrate`: what an older release wrote is written anew as today's does, day by day of the journal, at a pace
//! that leaves the tables to others. Broken off, it goes on where it stood.

use std::collections::BTreeSet;
use std::time::Duration;

use cases::verify;
use clap::Args;
use domain::fact::PaymentKey;
use domain::id::TenantId;
use domain::time::BusinessDay;
use store::journal::{Journalled, Order};
use store::migrate::{Migrated, MigrationProgress, Writing};
use store::{Store, TenantKey};

use crate::connection;
use crate::progress::{self, days_through};
use crate::{Error, Said};

/// How many facts are looked at between two notes of how far it is.
const PAGE: usize = 100;

/// What to migrate, and how fast.
#[derive(Debug, Args)]
pub struct Migrate {
    /// The tenant's id; every tenant when absent.
    #[arg(long)]
    tenant: Option<String>,
    /// Says what would be written anew, and writes nothing.
    #[arg(long)]
    dry_run: bool,
    /// Begins with the first day again, instead of where it last stood.
    #[arg(long)]
    from_start: bool,
    /// The most facts that are looked at within a second.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    per_second: u32,
}

/// Migrates, and says how much there was to do.
pub(crate) async fn run(asked: &Migrate) -> Result<Said, Error> {
    let connection = connection::connect()?;
    let tenants = match &asked.tenant {
        Some(tenant) => vec![TenantId::parse(tenant)?],
        None => connection.store.list_tenants().await?,
    };
    let mut text = Vec::new();
    for id in &tenants {
        let tenant = TenantKey::from(id);
        let today = connection.store.get_settings(&tenant).await?.ledger_zone.day_of(connection.clock.now());
        let night = connection.store.get_last_run(&tenant).await?.map(|run| run.business_date);
        let last = night.map_or(today, |night| night.max(today));
        let Some((first, last)) = verify::whole(&connection.store, &tenant, last).await?.journal else {
            text.push(format!("{id}: nothing is booked"));
            continue;
        };
        let done = Walk { store: &connection.store, tenant: &tenant, asked }.days(first, last).await?;
        let word = if asked.dry_run { "would be written anew" } else { "written anew" };
        text.push(format!("{id}: {} looked at, {} {word}", done.looked_at, done.rewritten));
    }
    Ok(Said { text: text.join("\n"), good: true })
}

/// A walk over a tenant's journal.
struct Walk<'a> {
    store: &'a Store,
    tenant: &'a TenantKey,
    asked: &'a Migrate,
}

impl Walk<'_> {
    /// All days, from where it last stood.
    async fn days(&self, first: BusinessDay, last: BusinessDay) -> Result<MigrationProgress, Error> {
        let begins = MigrationProgress { day: first, after: None, looked_at: 0, rewritten: 0 };
        let kept = if self.asked.from_start || self.asked.dry_run {
            None
        } else {
            self.store.get_migration(self.tenant).await?
        };
        let mut progress = kept.unwrap_or(begins);
        let bar = progress::days(first, last);
        progress::goes_on(&bar, days_through(first, progress.day).saturating_sub(1));
        while progress.day <= last {
            let place = (Order::Oldest, progress.after.as_deref());
            let page = self.store.list_journal_places(self.tenant, progress.day, place, PAGE).await?;
            self.page(page.items.iter().map(|(_, fact)| fact), &mut progress).await?;
            progress.after = page.next;
            if progress.after.is_none() {
                progress.day = progress.day.plus_days(1)?;
            }
            if !self.asked.dry_run {
                self.store.record_migration(self.tenant, &progress).await?;
            }
            bar.set_position(days_through(first, progress.day).saturating_sub(1));
            let MigrationProgress { looked_at, rewritten, .. } = progress;
            bar.set_message(format!("({looked_at} looked at, {rewritten} to be written anew)"));
            // Facts of the day that an index shows late are seen by the next walk: it begins before them.
            let count = u64::try_from(page.items.len()).unwrap_or(u64::MAX);
            tokio::time::sleep(Duration::from_millis(count * 1_000 / u64::from(self.asked.per_second))).await;
        }
        bar.finish_and_clear();
        if !self.asked.dry_run {
            // The last days are looked at again by the next walk: more is booked on them.
            let again = MigrationProgress { day: last.plus_days(-2)?.max(first), after: None, ..progress.clone() };
            self.store.record_migration(self.tenant, &again).await?;
        }
        Ok(progress)
    }

    async fn page(
        &self,
        facts: impl Iterator<Item = &Journalled>,
        progress: &mut MigrationProgress,
    ) -> Result<(), Error> {
        let writing = if self.asked.dry_run { Writing::DryRun } else { Writing::Yes };
        let mut customers: BTreeSet<PaymentKey> = BTreeSet::new();
        for fact in facts {
            let Journalled::Sale(sale) = fact else { continue };
            let (migrated, customer) = self.store.migrate_sale(self.tenant, sale, writing).await?;
            count(migrated, progress);
            customers.extend(customer);
        }
        for customer in customers {
            count(self.store.migrate_customer(self.tenant, &customer, writing).await?, progress);
        }
        Ok(())
    }
}

fn count(migrated: Migrated, progress: &mut MigrationProgress) {
    progress.looked_at += 1;
    progress.rewritten += u64::from(migrated == Migrated::Rewritten);
}
