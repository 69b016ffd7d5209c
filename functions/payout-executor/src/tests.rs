//! The function over a real table in memory and the stand-in for Stripe, which refuses, fails and forgets on order.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use cases::payouts::{Command, Moved, Requested};
use domain::audit::{Actor, ChainEnd, append};
use domain::currency::Currency;
use domain::digest::Digest;
use domain::id::{MethodId, PartnerId, PayoutId};
use domain::payee::{Destination, PayoutMethod, PayoutMethods, Rail, Wish};
use domain::payout::PayoutState;
use domain::role::Role;
use domain::time::{Timestamp, Zone};
use edge::aws::{Aws, Service};
use edge::clock::Clock;
use edge::config::Reader;
use edge::lambda::Failure;
use edge::sealing::{Belongs, Sealer};
use edge::secrets::NamedSecrets;
use edge::telemetry::Secret;
use local_stripe::{Options, StandIn};
use queues::{PayoutDue, VERSION};
use serde_json::Value;
use store::Written;
use stripe::{Accounts, Keys, Patience, Stripe, Transfer};
use world::World;

use crate::config::Config;
use crate::{App, Done};

mod crashes;
mod life;
mod many;
mod ranked;
mod resent;
mod unknown;

const KEY: &str = "sk_test_standin";

/// A stand-in for Stripe, and where it listens.
async fn stand_in(seed: &str, second: &Arc<AtomicI64>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let clock = Arc::clone(second);
    let clock = Box::new(move || clock.load(Ordering::SeqCst));
    StandIn::open(Options { clock, keep: None, seed: seed.to_owned() }).expect("a stand-in").serve(listener);
    url
}

/// A deployment, and Stripe beside it, whose clocks go together.
struct Scene {
    world: World,
    stripe: Stripe,
    url: String,
    second: Arc<AtomicI64>,
    accounts: Accounts,
    /// Where no key was set up, and where there is no secret at all.
    keyless: [Accounts; 2],
    /// Another account at Stripe, which knows nothing of the first.
    elsewhere: Accounts,
    sealer: Sealer,
    payee: String,
}

impl Scene {
    /// With one partner, who is paid by Stripe Connect.
    async fn new() -> Self {
        let world = World::new().await;
        let second = Arc::new(AtomicI64::new(world.now.as_second()));
        let url = stand_in("executor", &second).await;
        let stub = testkit::stub::stub().await;
        stub.put_secret("stage", &format!(r#"{{"click_token_key":"k1","stripe_secret_key":"{KEY}"}}"#));
        stub.put_secret("bare", r#"{"click_token_key":"k1"}"#);
        let mut reader = Reader::from_map([
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "a"),
            ("AWS_SECRET_ACCESS_KEY", "b"),
            ("AWS_ENDPOINT_URL", stub.endpoint.as_str()),
        ]);
        let aws = Aws::from(&mut reader);
        let keys = |arn: &str| Keys {
            secrets: NamedSecrets::connect(&aws.service(Service::SecretsManager)),
            stage: "test".to_owned(),
            stage_secret_arn: arn.to_owned(),
        };
        let secret = Secret::new(KEY.to_owned());
        let stripe = Stripe::new(&url, secret, Patience::ONCE, Arc::new(|_| {})).expect("a client");
        let accounts = Accounts::new(stripe.clone(), keys("stage"));
        let keyless = ["bare", "nothing"].map(|arn| Accounts::new(stripe.clone(), keys(arn)));
        let elsewhere = stand_in("elsewhere", &second).await;
        let secret = Secret::new(KEY.to_owned());
        let elsewhere = Stripe::new(&elsewhere, secret, Patience::ONCE, Arc::new(|_| {})).expect("a client");
        let elsewhere = Accounts::new(elsewhere, keys("stage"));
        let sealer = Sealer::connect(&aws.service(Service::Kms), "k");
        let mut scene = Self { world, stripe, url, second, accounts, keyless, elsewhere, sealer, payee: String::new() };
        scene.payee = scene.connected("capabilities[transfers][requested]=true").await;
        let payee = scene.payee.clone();
        scene.pays_to(&payee).await;
        scene
    }

    async fn post(&self, path: &str, body: &str) -> Value {
        let form = "application/x-www-form-urlencoded";
        let request = reqwest::Client::new().post(format!("{}{path}", self.url)).bearer_auth(KEY);
        let answer = request.header("content-type", form).body(body.to_owned()).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        serde_json::from_str(&answer.text().await.expect("a text")).unwrap_or_default()
    }

    /// A connected account.
    async fn connected(&self, form: &str) -> String {
        self.post("/v1/accounts", form).await["id"].as_str().expect("an id").to_owned()
    }

    /// The next transfers meet a fault.
    async fn order(&self, fault: &str) {
        self.post("/_stand_in/faults", &format!(r#"{{"method":"POST","path":"/v1/transfers",{fault}}}"#)).await;
    }

    /// The partner's money goes to this connected account from some days ago on.
    async fn pays_to(&self, account: &str) {
        self.pays_by(account, "payout_method").await;
    }

    /// The partner's money goes to these connected accounts, in rank, from some days ago on.
    async fn pays_to_ranked(&self, accounts: &[&str]) {
        let mut methods = Vec::new();
        for (rank, account) in (0_u128..).zip(accounts) {
            methods.push(self.method(rank, account, "payout_method").await);
        }
        self.replace_methods(methods).await;
    }

    /// As `pays_to`, sealed in a field of this name: under another one it does not open.
    async fn pays_by(&self, account: &str, field: &str) {
        let method = self.method(0, account, field).await;
        self.replace_methods(vec![method]).await;
    }

    async fn method(&self, rank: u128, account: &str, field: &str) -> PayoutMethod {
        let number = self.second.load(Ordering::SeqCst) as u128 + (rank << 64);
        let (world, id) = (&self.world, MethodId::from_ulid(ulid::Ulid::from(number)));
        let plain = Destination::StripeConnect { account_id: account.to_owned() };
        let field = format!("{field}:{id}");
        let belongs =
            Belongs { tenant: world.tenant.tenant().as_str(), subject: world.partner.as_str(), field: &field };
        let text = serde_json::to_string(&plain).expect("JSON");
        let sealed = self.sealer.seal_text(&belongs, &text).await.expect("sealed");
        let since = Timestamp::from_second(world.now.as_second() - 4 * 86_400).expect("an instant");
        PayoutMethod {
            id,
            rail: Rail::StripeConnect,
            currency: None,
            last_four: "0001".to_owned(),
            fingerprint: Digest::of_bytes(account.as_bytes()),
            since,
            set_by: world.partner.to_string(),
            sealed: sealed.to_string(),
        }
    }

    async fn replace_methods(&self, methods: Vec<PayoutMethod>) {
        let world = &self.world;
        let since = Timestamp::from_second(world.now.as_second() - 4 * 86_400).expect("an instant");
        let wishes = methods.into_iter().map(|method| Wish::New(Box::new(method))).collect();
        let by = Actor::new(Role::Partner, world.partner.to_string());
        let before = world.store.get_payout_methods(&world.tenant, &world.partner).await.expect("store");
        let changed = before.change(wishes, by, since).expect("a list").expect("a change");
        let aggregate = PayoutMethods::aggregate(&world.partner);
        let trail = world.store.list_audit(&world.tenant, &aggregate).await.expect("store");
        let end = trail.last().map_or(ChainEnd::START, domain::audit::AuditEntry::end);
        let entry = append(end, &aggregate, changed.deed);
        let written = world.store.replace_payout_methods(&world.tenant, &world.partner, &changed.methods, &entry).await;
        assert_eq!(written.expect("store"), Written::Yes);
    }

    /// A payout of an amount, approved and not sent.
    async fn approved(&mut self, invoice: &str, amount: &str) -> PayoutId {
        self.world.earn(invoice, amount, Zone::utc().day_of(self.world.now)).await;
        self.later(24 * 60);
        let asked = self.world.try_request_at(self.second.load(Ordering::SeqCst) % 1_000).await.expect("an answer");
        let Requested::Created(stored) = asked else { panic!("{asked:?}") };
        let id = stored.payout.id;
        let approval = self.world.approval(&id).await;
        let moved = self.world.command(&id, Role::Admin, "usr_a", approval).await;
        assert!(matches!(moved, Moved::Done(_)), "{moved:?}");
        id
    }

    /// A payout of an amount, handed over to the rail.
    async fn submitted(&mut self, invoice: &str, amount: &str) -> PayoutId {
        let id = self.approved(invoice, amount).await;
        self.submit(&id).await;
        id
    }

    async fn submit(&self, id: &PayoutId) {
        let moved = self.world.command(id, Role::FinanceManager, "usr_f", Command::Submit).await;
        assert!(matches!(moved, Moved::Done(_)), "{moved:?}");
    }

    /// The executor as it is now.
    fn app(&self) -> App {
        let clock = Clock::fixed(self.world.now);
        App::new(self.world.store.clone(), self.sealer.clone(), self.accounts.clone(), clock)
    }

    async fn execute(&self, id: &PayoutId) -> Result<Done, Failure> {
        self.app().execute(&self.world.tenant, id).await
    }

    fn due(&self, id: &PayoutId) -> PayoutDue {
        PayoutDue { v: VERSION, tenant: self.world.tenant.tenant().clone(), payout: id.clone() }
    }

    /// Time passes, here and at Stripe.
    fn later(&mut self, minutes: i64) {
        let second = self.world.now.as_second() + minutes * 60;
        self.world.now = Timestamp::from_second(second).expect("an instant");
        self.second.store(second, Ordering::SeqCst);
    }

    async fn state(&self, id: &PayoutId) -> PayoutState {
        let stored = self.world.store.get_payout(&self.world.tenant, id).await.expect("store").expect("a payout");
        stored.payout.state
    }

    async fn word(&self, id: &PayoutId) -> &'static str {
        self.state(id).await.word()
    }

    /// What Stripe knows of a payout.
    async fn transfers(&self, id: &PayoutId) -> Vec<Transfer> {
        self.stripe.list_transfers(id.as_str()).await.expect("a page").data
    }

    /// Looks for outcomes for two days, each hour.
    async fn look_for_two_days(&mut self) {
        for _ in 0..48 {
            self.later(60);
            self.app().look().await.expect("a look");
        }
    }
}

fn moved(done: Result<Done, Failure>) -> &'static str {
    match done.expect("done") {
        Done::Moved(state) => state,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_missing_variable_is_told_at_once() {
    let faults = Config::read(Reader::from_map([("STRIPE_API_URL", "nowhere")])).err().expect("faults").to_string();
    for name in crate::config::VARIABLES.iter().filter(|variable| variable.required).map(|variable| variable.name) {
        assert!(faults.contains(name), "{name} is not in: {faults}");
    }
    assert!(faults.contains("STRIPE_API_URL"), "{faults}");
}
