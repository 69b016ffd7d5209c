//! OPS-12: what runs by the clock says when it begins and how it ends. A run that crashes has begun and never ends.

use std::future::Future;

use domain::job::{Job, JobOutcome};
use domain::time::Timestamp;
use store::Store;

use crate::clock::Clock;
use crate::telemetry::chain;

/// Does a job, and keeps a record of its run. A record that cannot be kept stops no job.
///
/// # Errors
/// Those of the job.
pub async fn recorded<T, E>(
    store: &Store,
    clock: &Clock,
    (job, scheduled_for): (Job, Timestamp),
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let started_at = clock.now();
    if let Err(error) = store.record_job_started(job, scheduled_for, started_at).await {
        tracing::warn!(job = job.name(), reason = chain(&error), "the beginning of a job was not noted");
    }
    let done = work.await;
    let outcome = if done.is_ok() { JobOutcome::Done } else { JobOutcome::Failed };
    if let Err(error) = store.record_job_ended(job, started_at, (clock.now(), outcome)).await {
        tracing::warn!(job = job.name(), reason = chain(&error), "the end of a job was not noted");
    }
    done
}

#[cfg(test)]
mod tests {
    use domain::job::JobRecord;
    use store::Tables;

    use super::*;

    #[tokio::test]
    async fn a_run_is_noted_with_its_end_and_one_that_is_dropped_never_ends() {
        let database = testkit::database().await;
        let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
        let store = Store::new(database.client.clone(), tables);
        let at: Timestamp = "2026-09-01T02:00:00Z".parse().expect("an instant");
        let clock = Clock::fixed(at);
        let of = |job: Job, ended: Option<JobOutcome>| JobRecord {
            job,
            scheduled_for: at,
            started_at: at,
            ended: ended.map(|outcome| (at, outcome)),
            last_good_at: (ended == Some(JobOutcome::Done)).then_some(at),
        };
        assert_eq!(recorded(&store, &clock, (Job::Night, at), async { Ok::<u8, ()>(7) }).await, Ok(7));
        let failed = recorded(&store, &clock, (Job::Memberships, at), async { Err::<(), &str>("no") }).await;
        assert_eq!(failed, Err("no"));
        let crashes = recorded(&store, &clock, (Job::Verification, at), std::future::pending::<Result<(), ()>>());
        tokio::select! { biased; _ = crashes => panic!("it never ends"), () = began(&store) => {} }
        let told = store.list_jobs().await.expect("reads");
        let expected = [
            of(Job::Memberships, Some(JobOutcome::Failed)),
            of(Job::Night, Some(JobOutcome::Done)),
            of(Job::Verification, None),
        ];
        assert_eq!(told, expected);
    }

    /// Waits until all three jobs have begun.
    async fn began(store: &Store) {
        while store.list_jobs().await.expect("reads").len() < 3 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_record_that_cannot_be_kept_stops_no_job() {
        let database = testkit::database().await;
        let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: "nowhere".to_owned() };
        let store = Store::new(database.client.clone(), tables);
        let at: Timestamp = "2026-09-01T02:00:00Z".parse().expect("an instant");
        let done = recorded(&store, &Clock::fixed(at), (Job::Night, at), async { Ok::<u8, ()>(7) }).await;
        assert_eq!(done, Ok(7));
    }
}
