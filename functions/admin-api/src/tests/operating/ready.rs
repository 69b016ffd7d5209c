//! OPS-1: parts of `/ready` that are away, and what runs by the clock and never did.

use edge::sealing::Sealer;
use jiff::SignedDuration;

use super::*;

/// Each of these jobs begins now.
pub(super) async fn all_began(office: &Office, jobs: &[Job]) {
    for job in jobs {
        let now = office.world.now;
        office.world.store.record_job_started(*job, now, now).await.expect("store");
    }
}

/// What a process that remembers nothing says at an instant: the status, and each part with what is wrong with it.
async fn ready_at(office: &Office, now: Timestamp, sealer: Option<Sealer>) -> (u16, Vec<(String, Option<String>)>) {
    let sqs = aws_of(&office.stub.endpoint).service(Service::Sqs);
    let facts = Sender::connect(&sqs, "http://127.0.0.1:1/000000000000/facts");
    let probes = Probes { sealer, ..Probes::default() };
    let app = App::new(office.world.store.clone(), Clock::fixed(now), facts).probing(probes);
    let request = http::Request::builder().uri("/ready").body(Body::empty()).expect("request");
    let answer = routes(app).oneshot(request).await.expect("infallible");
    let status = answer.status().as_u16();
    let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20).await.expect("body");
    let told: Value = serde_json::from_slice(&bytes).expect("json");
    let of = |part: &Value| {
        let name = part["name"].as_str().expect("a name").to_owned();
        (name, part["why"].as_str().map(str::to_owned))
    };
    (status, told["parts"].as_array().expect("parts").iter().map(of).collect())
}

/// The parts that do not do.
fn wrong(parts: &[(String, Option<String>)]) -> Vec<(&str, &str)> {
    parts.iter().filter_map(|(name, why)| Some((name.as_str(), why.as_deref()?))).collect()
}

#[tokio::test]
async fn a_key_that_is_away_is_told() {
    // OPS-1
    let office = office().await;
    all_began(&office, &Job::ALL).await;
    // Each of them a process that has no data key yet.
    let sealer = || Some(Sealer::connect(&aws_of(&office.stub.endpoint).service(Service::Kms), "key"));
    office.stub.refuse(Some(testkit::stub::Service::Kms));
    let (status, parts) = ready_at(&office, office.world.now, sealer()).await;
    assert_eq!((status, wrong(&parts)), (503, vec![("key", "does not answer")]));
    office.stub.refuse(None);
    let (status, parts) = ready_at(&office, office.world.now, sealer()).await;
    assert_eq!((status, wrong(&parts)), (200, vec![]));
    assert!(parts.iter().any(|(name, _)| name == "key"), "{parts:?}");
    // Whoever was given no key to look at does not speak of it.
    let (_, parts) = ready_at(&office, office.world.now, None).await;
    assert!(parts.iter().all(|(name, _)| name != "key"), "{parts:?}");
}

#[tokio::test]
async fn what_runs_by_the_clock_and_never_did_is_told_once_there_is_a_programme_of_two_days() {
    // OPS-1
    let office = office().await;
    let programs = office.world.store.list_programs(&TenantKey::from(&TenantId::default_tenant())).await;
    let made = programs.expect("store").iter().map(|program| program.created_at).min().expect("a programme");
    let later = |hours| made + SignedDuration::from_hours(hours);
    let (status, parts) = ready_at(&office, later(48), None).await;
    assert_eq!((status, parts.len()), (200, 3), "none of them has had the time: {parts:?}");
    let (status, parts) = ready_at(&office, later(49), None).await;
    let never: Vec<(String, &str)> =
        Job::ALL.iter().map(|job| (format!("job {}", job.name()), "has never run")).collect();
    let told: Vec<(String, &str)> = wrong(&parts).into_iter().map(|(name, why)| (name.to_owned(), why)).collect();
    assert_eq!((status, told), (503, never));
    // Whatever of them began leaves a record; the one that did not is named.
    let (last, others) = Job::ALL.split_last().expect("jobs");
    all_began(&office, others).await;
    let (status, parts) = ready_at(&office, office.world.now, None).await;
    let missing = format!("job {}", last.name());
    assert_eq!((status, wrong(&parts)), (503, vec![(missing.as_str(), "has never run")]));
    all_began(&office, &[*last]).await;
    let (status, parts) = ready_at(&office, office.world.now, None).await;
    assert_eq!((status, wrong(&parts)), (200, vec![]));
}
