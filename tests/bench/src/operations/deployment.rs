//! The functions that answer single reads and writes, in one process over one database, as their mains put them together.

use std::sync::Arc;

use axum::Router;
use domain::id::UserId;
use domain::time::Zone;
use edge::auth::Gate;
use edge::aws::{Aws, Service};
use edge::clock::Clock;
use edge::config::Reader;
use edge::http::Origin;
use edge::people::People;
use edge::sealing::Sealer;
use edge::secrets::NamedSecrets;
use payout_approval::files::Files;
use queues::{FactReceived, Sender};
use store::Store;
use testkit::stub::{Stub, stub};

use crate::seed::{Order, Served, day};

/// The number of the first partner with one line.
const FIRST: u64 = 20_001;
/// What is made before anything is measured has this number; the account of that number has more lines.
pub(super) const BEFORE: u64 = 1_000_000;
/// How many lines that account has, and over how many days.
pub(super) const LINES: u64 = 100;
const DAYS: u32 = 30;
/// The first day on which lines are available, and the present.
const FROM_DAY: u32 = 300;
const TODAY: u32 = 325;

/// The functions, and what they stand on.
pub(super) struct Deployment {
    /// The database, in a process of its own.
    pub(super) served: Served,
    pub(super) store: Store,
    pub(super) clock: Clock,
    people: People,
    pub(super) partner_api: Router,
    pub(super) revenue_api: Router,
    pub(super) payout_approval: Router,
    pub(super) admin_api: Router,
    pub(super) webhook_ingest: Router,
}

/// Whose account a number is.
pub(super) fn account(number: u64) -> String {
    crate::seed::partner(FIRST + number).to_string()
}

impl Deployment {
    /// Starts it over so many accounts of one matured line each, and one of more.
    pub(super) async fn start(accounts: u64) -> Self {
        let mut served = Served::start();
        served.seed(Order { first: FIRST + BEFORE, accounts: 1, lines: LINES, days: DAYS, from_day: FROM_DAY });
        served.seed(Order { first: FIRST, accounts, lines: 1, days: 1, from_day: FROM_DAY });
        let (store, stub) = (served.store(), stub().await);
        let aws = beside(&stub);
        let clock = Clock::fixed(Zone::utc().start_of(day(TODAY)).expect("an instant"));
        let sealer = Sealer::connect(&aws.service(Service::Kms), "k");
        let people = People::new(store.clone(), sealer.clone(), "https://go.example");
        let place = partner_api::Place { is_dev: false, public_url: "https://go.example".to_owned() };
        let visits = Sender::connect(&aws.service(Service::Sqs), format!("{}/visits", stub.endpoint));
        let facts: Sender<FactReceived> =
            Sender::connect(&aws.service(Service::Sqs), format!("{}/facts", stub.endpoint));
        let files = Files::connect(&aws.service(Service::S3), "documents");
        let partners = partner_api::App::new(store.clone(), sealer.clone(), clock, place);
        let revenue = revenue_api::App::new(store.clone(), visits, sealer.clone(), clock);
        let payouts = payout_approval::App::new(store.clone(), files, clock).with_sealer(sealer.clone());
        let admin = admin_api::App::new(store.clone(), clock, facts.clone()).signing_in(people.clone());
        let secrets = NamedSecrets::connect(&aws.service(Service::SecretsManager));
        let ingest = webhook_ingest::App {
            store: store.clone(),
            facts,
            sealer,
            clock,
            doors: Arc::new(webhook_ingest::Doors::new(store.clone(), secrets, "stage")),
            gate: Gate::new(store.clone(), clock),
            mail_hosts: None,
        };
        Self {
            served,
            store,
            clock,
            people,
            partner_api: partner_api::routes(partners),
            revenue_api: revenue_api::routes(revenue),
            payout_approval: payout_approval::routes(payouts),
            admin_api: admin_api::routes(admin),
            webhook_ingest: webhook_ingest::routes(ingest),
        }
    }

    /// The text of a session that a user has just begun by their link.
    pub(super) async fn session(&self, user: &str) -> String {
        let tenant = store::TenantKey::from(&domain::id::TenantId::default_tenant());
        let (user, now) = (UserId::parse(user).expect("a user's id"), self.clock.now());
        let url = self.people.link(&tenant, &user, now).await.expect("a link");
        let (_, token) = url.reveal().split_once("token=").expect("a token");
        let signed_in = self.people.redeem(token, Origin::default(), now).await.expect("a session");
        signed_in.text.reveal().clone()
    }
}

/// The services of AWS beside the store: in this process, so that their time counts as the handler's.
fn beside(stub: &Stub) -> Aws {
    let mut reader = Reader::from_map([
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
        ("AWS_ENDPOINT_URL", stub.endpoint.as_str()),
    ]);
    Aws::from(&mut reader)
}
