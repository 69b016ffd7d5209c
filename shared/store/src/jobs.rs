//! What a deployment does by the clock: of each job its last run.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::id::TenantId;
use domain::job::{Job, JobOutcome, JobRecord};
use domain::time::Timestamp;
use serde::Deserialize;

use crate::item;
use crate::keys::Key;
use crate::request::{Range, UpdateBuilder, Written};
use crate::{Store, StoreError, Tables, TenantKey};

#[derive(Deserialize)]
struct JobItem {
    job: Job,
    scheduled_for: Timestamp,
    started_at: Timestamp,
    ended_at: Option<Timestamp>,
    outcome: Option<JobOutcome>,
    last_good_at: Option<Timestamp>,
}

impl From<JobItem> for JobRecord {
    fn from(item: JobItem) -> Self {
        let JobItem { job, scheduled_for, started_at, ended_at, outcome, last_good_at } = item;
        Self { job, scheduled_for, started_at, ended: ended_at.zip(outcome), last_good_at }
    }
}

fn instant(at: Timestamp) -> AttributeValue {
    item::text(at.to_string())
}

fn value<T: serde::Serialize>(key: &Key, value: T) -> Result<AttributeValue, StoreError> {
    serde_dynamo::to_attribute_value(value).map_err(|error| item::inconsistent(key, error))
}

impl Store {
    /// A job begins; what is known of the run before gives way, save when one last ended well.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_job_started(
        &self,
        job: Job,
        scheduled_for: Timestamp,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let key = TenantKey::job(job);
        let update = UpdateBuilder::new(&self.tables.ops, &key)
            .set("entity", item::text("job"))
            .set("v", item::number(1))
            .set("job", value(&key, job)?)
            .set("scheduled_for", instant(scheduled_for))
            .set("started_at", instant(at))
            .remove("ended_at")
            .remove("outcome");
        self.update(update.build()?, "noting that a job begins").await.map(|_| ())
    }

    /// The run of a job that began at an instant ends. `ConditionFailed` when another has begun since: it stands.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_job_ended(
        &self,
        job: Job,
        started_at: Timestamp,
        (at, outcome): (Timestamp, JobOutcome),
    ) -> Result<Written, StoreError> {
        let key = TenantKey::job(job);
        let mut update = UpdateBuilder::new(&self.tables.ops, &key)
            .set("ended_at", instant(at))
            .set("outcome", value(&key, outcome)?)
            .require("started_at", Some(instant(started_at)));
        if outcome == JobOutcome::Done {
            update = update.set("last_good_at", instant(at));
        }
        self.update(update.build()?, "noting that a job has ended").await
    }

    /// Of each job that ever ran its last run.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_jobs(&self) -> Result<Vec<JobRecord>, StoreError> {
        let pk = TenantKey::jobs();
        let range = Range { pk: &pk, from: "a".to_owned(), to: "~".to_owned(), consistent: true };
        let found: Vec<JobItem> = self.list_range(&self.tables.ops, &range, "listing the jobs").await?;
        Ok(found.into_iter().map(JobRecord::from).collect())
    }

    /// The last run of one job; `None` before its first.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_job(&self, job: Job) -> Result<Option<JobRecord>, StoreError> {
        let found: Option<JobItem> = self.get(&self.tables.ops, &TenantKey::job(job), "reading a job").await?;
        Ok(found.map(JobRecord::from))
    }

    /// Which of the three tables answers: each with its name and, where it does not, why.
    pub async fn check_tables(&self) -> [(&'static str, Result<(), StoreError>); 3] {
        let Tables { core, clicks, ops } = &self.tables;
        let (core, clicks, ops) =
            futures::join!(self.check_table(core), self.check_table(clicks), self.check_table(ops));
        [("core", core), ("clicks", clicks), ("ops", ops)]
    }

    async fn check_table(&self, table: &str) -> Result<(), StoreError> {
        let key = TenantKey::from(&TenantId::default_tenant()).settings();
        self.get_attributes(table, &key, false, "looking at a table").await.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    async fn store() -> (Store, testkit::Database) {
        let database = testkit::database().await;
        let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
        (Store::new(database.client.clone(), tables), database)
    }

    #[tokio::test]
    async fn a_run_that_never_ends_shows_and_the_last_good_end_stays() {
        let (store, _database) = store().await;
        assert_eq!(store.list_jobs().await.expect("reads"), []);
        let (first, second) = (at("2026-09-01T02:00:00Z"), at("2026-09-02T02:00:00Z"));
        let end = at("2026-09-01T02:01:00Z");
        store.record_job_started(Job::Night, first, first).await.expect("writes");
        let ended = (end, JobOutcome::Done);
        assert_eq!(store.record_job_ended(Job::Night, first, ended).await.expect("writes"), Written::Yes);
        store.record_job_started(Job::Night, second, second).await.expect("writes");
        let record = JobRecord {
            job: Job::Night,
            scheduled_for: second,
            started_at: second,
            ended: None,
            last_good_at: Some(end),
        };
        assert_eq!(store.list_jobs().await.expect("reads"), std::slice::from_ref(&record));
        assert_eq!(store.get_job(Job::Night).await.expect("reads").as_ref(), Some(&record));
        assert_eq!(store.get_job(Job::Verification).await.expect("reads"), None);
        // The end of a run that another has overtaken is not the other's.
        let late = store.record_job_ended(Job::Night, first, (at("2026-09-02T02:00:30Z"), JobOutcome::Failed)).await;
        assert_eq!(late.expect("answers"), Written::ConditionFailed);
        assert_eq!(store.list_jobs().await.expect("reads"), [record]);
    }

    #[tokio::test]
    async fn a_table_that_is_away_is_named_and_the_others_are_well() {
        let (store, database) = store().await;
        assert!(store.check_tables().await.iter().all(|(_, answer)| answer.is_ok()));
        let tables = Tables { core: database.core.clone(), clicks: "nowhere".to_owned(), ops: database.ops.clone() };
        let store = Store::new(database.client.clone(), tables);
        let away: Vec<&str> = store
            .check_tables()
            .await
            .into_iter()
            .filter(|(_, answer)| answer.is_err())
            .map(|(name, _)| name)
            .collect();
        assert_eq!(away, ["clicks"]);
    }
}
