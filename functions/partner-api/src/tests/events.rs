//! The event files: what API Gateway sends, through the Lambda adapter.

use axum::body::Body;
use domain::currency::Currency;
use domain::id::{ProgramId, RuleId};
use domain::rate::Rate;
use domain::role::Role;
use domain::rule::{Reward, RuleVersion};
use domain::time::Zone;
use http::Request;
use store::partners::{Enrolment, Partner, PartnerStatus, Tier};
use store::people::Person;
use store::programs::Program;
use ulid::Ulid;

use super::life::partner;
use super::setup::{Bench, tenant};

/// A file with this key in place of `<key>`.
fn event_file(case: &str, key: &str) -> Request<Body> {
    let path = format!("{}/../../events/partner-api/{case}.json", env!("CARGO_MANIFEST_DIR"));
    let event = std::fs::read_to_string(path).expect("an event file").replace("<key>", key);
    let request = lambda_http::request::from_str(&event).expect("an event of API Gateway");
    request.map(|body| Body::from(body.to_vec()))
}

/// The programme and the partner that the files name.
async fn furnish(bench: &Bench) {
    let program = Program {
        id: ProgramId::from_ulid(Ulid::from(1_u128)),
        name: "Friends".to_owned(),
        currency: Currency::USD,
        zone: Zone::utc(),
        window_days: 30,
        hold_days: 30,
        close_lag_days: 3,
        attribution: domain::attribution::settings::AttributionSettings::default(),
        allowed_hosts: Vec::new(),
        created_at: bench.now,
    };
    let rule = RuleVersion::simple(
        RuleId::from_ulid(Ulid::from(1_u128)),
        program.id.clone(),
        bench.now,
        Reward::Percentage(Rate::parse("0.3").expect("rate")),
        30,
    );
    bench.store.create_program(&tenant(), &program, &rule).await.expect("made");
    let made = Partner { id: partner(), status: PartnerStatus::Active, created_at: bench.now };
    let person = Person { email_sealed: String::new(), name_sealed: String::new(), recorded_at: bench.now };
    let enrolment = Enrolment { program: program.id, tier: Tier::Tier1, enrolled_at: bench.now };
    bench.store.create_partner(&tenant(), &made, &person, &enrolment).await.expect("made");
}

#[tokio::test]
async fn every_event_file_is_answered_as_its_name_says() {
    let bench = Bench::new().await;
    furnish(&bench).await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let own = bench.key(Role::Partner, partner().as_str()).await;
    for (case, key, status) in [
        ("without-key", &admin, 401),
        ("list-programs", &admin, 200),
        ("create-program", &admin, 201),
        ("create-partner", &admin, 201),
        ("create-rule-with-a-number-for-money", &admin, 400),
        ("create-link", &admin, 201),
        ("commissions", &own, 200),
    ] {
        bench.send(event_file(case, key)).await.expect(status);
    }
}
