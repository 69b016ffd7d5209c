//! Request units of each access pattern, as DynamoDB counts them in `ConsumedCapacity`.
#![expect(clippy::expect_used, reason = "a program that measures: what fails here ends it")]

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use cases::closing;
use cases::payouts::{Command, Requested};
use domain::digest::Digest;
use domain::fact::{Fact, PaymentAlias};
use domain::payout::Sent;
use domain::role::Role;
use domain::time::Zone;
use queues::{VERSION, VisitDue};
use revenue_recorder::booking::Recorder;
use store::idempotency::{Attempt, KeptAnswer};
use store::raw_events::{RawEvent, RawEventPlace};
use testkit::Units;
use tower::ServiceExt;
use world::World;

/// One row: what was done, what it took, and what it may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What was done.
    pub pattern: &'static str,
    /// What it took.
    pub units: Units,
    /// How many writes it may take, in hundredths, where the design names a figure.
    pub writes_max: Option<u64>,
}

impl Row {
    /// Within its figure, or without one.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.writes_max.is_none_or(|max| self.units.write_hundredths <= max)
    }
}

/// Runs every pattern once, each over a meter set to zero.
pub async fn measure() -> Vec<Row> {
    let mut rows = Vec::new();
    clicks(&mut rows).await;
    sales(&mut rows).await;
    ledger(&mut rows).await;
    payouts(&mut rows).await;
    rows
}

/// The table as it stands in `docs/units.md`.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut text = String::from(HEADING);
    for row in rows {
        let max = row.writes_max.map_or_else(|| "–".to_owned(), hundredths);
        let holds = if row.holds() { "yes" } else { "**no**" };
        text.push_str(&format!(
            "| {} | {} | {} | {max} | {holds} |\n",
            row.pattern,
            hundredths(row.units.write_hundredths),
            hundredths(row.units.read_hundredths)
        ));
    }
    text
}

const HEADING: &str = "# Request units

Printed by `make units` from `ConsumedCapacity` of the embedded database; a test compares this page with a new run.
Items here are small, as in life. A transaction counts two units an item and kilobyte, an index one for each view changed.

| Access pattern | WRU | RRU | may take (WRU) | holds |
|---|---|---|---|---|
";

fn hundredths(units: u64) -> String {
    format!("{}.{:02}", units / 100, units % 100)
}

async fn metered<T>(
    world: &World,
    rows: &mut Vec<Row>,
    pattern: &'static str,
    writes_max: Option<u64>,
    doing: impl Future<Output = T>,
) -> T {
    world.database.reset_units();
    let answer = doing.await;
    rows.push(Row { pattern, units: world.database.units(), writes_max });
    answer
}

async fn book(world: &World, fact: Fact) {
    let zone = Zone::utc();
    Recorder::new(&world.store, &world.tenant, &world.keys, &zone, world.now).book(&fact).await.expect("booked");
}

async fn clicks(rows: &mut Vec<Row>) {
    let world = World::new().await;
    let routes = redirect(&world);
    let click = |agent: &'static str| {
        let request = Request::get("/r/ada").header("user-agent", agent).header("x-forwarded-for", "192.0.2.7");
        routes.clone().oneshot(request.body(Body::empty()).expect("a request"))
    };
    metered(&world, rows, "click, link not in the cache", None, click("one browser")).await.expect("a redirect");
    metered(&world, rows, "click, link in the cache", Some(100), click("another browser")).await.expect("a redirect");
    metered(&world, rows, "click, again by the same visitor in the hour", Some(100), click("another browser"))
        .await
        .expect("a redirect");
}

fn redirect(world: &World) -> Router {
    click_tracker::routes(std::sync::Arc::new(click_tracker::App {
        store: world.store.clone(),
        first_looks: world.store.clone(),
        keys: domain::touch::ClickKeys::new("a secret of at least some length", ""),
        clock: edge::clock::Clock::fixed(world.now),
        links: click_tracker::LinkCache::default(),
        cookies: click_tracker::CookieRules { secure: true, domain: None },
        fallback_url: None,
    }))
}

async fn sales(rows: &mut Vec<Row>) {
    let world = World::new().await;
    metered(&world, rows, "raw event of 4 KB, packed and sealed", Some(100), raw_event(&world)).await;
    metered(&world, rows, "customer met at check-out", None, book(&world, world.seen("cus_1", Some(&world.token))))
        .await;
    metered(
        &world,
        rows,
        "first sale of an account: it becomes live",
        None,
        book(&world, world.sale("in_0", "cus_1", "99.00")),
    )
    .await;
    metered(
        &world,
        rows,
        "attributed sale of a bound customer (with its raw event: one more)",
        Some(700),
        book(&world, world.sale("in_1", "cus_1", "99.00")),
    )
    .await;
    let again = book(&world, world.sale("in_1", "cus_1", "99.00"));
    metered(&world, rows, "the same sale delivered again", None, again).await;
    let first = Fact::SalePaid(first_sale(&world));
    metered(
        &world,
        rows,
        "worst first sale: binds the customer, brings an alias (with its raw event: one more)",
        Some(1200),
        book(&world, first),
    )
    .await;
    let alias = Fact::PaymentAlias(PaymentAlias { payment: world::key("in_1"), alias: world::key("pi_1") });
    metered(&world, rows, "another name of a payment", None, book(&world, alias)).await;
    metered(
        &world,
        rows,
        "refund (with its raw event: one more)",
        Some(900),
        book(&world, world.refund("re_1", "in_1", "10.00")),
    )
    .await;
    metered(
        &world,
        rows,
        "sale of a customer who is not met yet",
        None,
        book(&world, world.sale("in_9", "cus_9", "99.00")),
    )
    .await;
    metered(
        &world,
        rows,
        "refund parked before its payment",
        None,
        book(&world, world.refund("re_2", "pi_404", "10.00")),
    )
    .await;
}

fn first_sale(world: &World) -> domain::fact::SalePaid {
    let Fact::SalePaid(mut sale) = world.sale("pi_2", "cus_2", "99.00") else { unreachable!("a sale was made") };
    sale.click_token = Some(world.token.clone());
    sale.aliases = vec![world::key("ch_2")];
    sale
}

async fn raw_event(world: &World) {
    // What a packed and sealed event of four kilobytes weighs; webhook-ingest's tests hold that real ones weigh less.
    let place = RawEventPlace {
        provider: "stripe".to_owned(),
        day: Zone::utc().day_of(world.now),
        event_id: "evt_1".to_owned(),
    };
    let event = RawEvent {
        kind: "invoice.paid".to_owned(),
        hash: Digest::ZERO,
        sealed: vec![7; 780],
        received_at: world.now,
        expires_at: world.now,
    };
    world.store.record_raw_event(&world.tenant, &place, &event).await.expect("stored");
}

async fn ledger(rows: &mut Vec<Row>) {
    let mut world = World::new().await;
    book(&world, world.seen("cus_1", Some(&world.token))).await;
    for n in 0..9 {
        book(&world, world.sale(&format!("in_{n}"), "cus_1", "99.00")).await;
        world.pass_days(1);
    }
    let today = Zone::utc().day_of(world.now);
    metered(&world, rows, "nightly visit, nothing to do", Some(0), visit(&world, today)).await;
    metered(&world, rows, "balance now", None, world.available()).await;
    world.pass_days(60);
    let today = Zone::utc().day_of(world.now);
    let account = world.account();
    let close = closing::close_matured(&world.store, &world.tenant, &account, today);
    metered(&world, rows, "close of nine slots with nine lines", Some(500), close).await.expect("closed");
}

async fn visit(world: &World, today: domain::time::BusinessDay) {
    let tenant = world.tenant.tenant().clone();
    let business_date = today.plus_days(-1).expect("a day");
    let run = domain::id::RunId::of(&tenant, business_date);
    let account = world.account();
    let due = VisitDue { v: VERSION, tenant, partner: account.partner, currency: account.currency, business_date, run };
    commission_batch::visit::visit(&world.store, &world.tenant, &due, world.now).await.expect("visited");
}

async fn payouts(rows: &mut Vec<Row>) {
    let mut world = World::new().await;
    book(&world, world.seen("cus_1", Some(&world.token))).await;
    book(&world, world.sale("in_1", "cus_1", "99.00")).await;
    world.pass_days(31);
    let at = rows.len();
    let requested = metered(&world, rows, "payout asked for, closing what matured", None, world.request()).await;
    let Requested::Created(stored) = requested else { unreachable!("there is a balance") };
    let id = stored.payout.id.clone();
    metered(
        &world,
        rows,
        "payout approved",
        None,
        world.command(&id, Role::Admin, "usr_a", Command::Approve { seal: Some(stored.payout.seal) }),
    )
    .await;
    let sent = Sent { sent_at: world.now, expected_arrival: None, reference: "wire 1".to_owned() };
    metered(
        &world,
        rows,
        "payout marked sent",
        None,
        world.command(&id, Role::FinanceManager, "usr_f", Command::MarkSent(sent)),
    )
    .await;
    let confirm = Command::Confirm { completed_at: world.now, reference: "wire 1".to_owned() };
    metered(&world, rows, "payout confirmed", None, world.command(&id, Role::FinanceManager, "usr_f", confirm)).await;
    let whole = rows[at..].iter().fold(Units::default(), |sum, row| plus(sum, row.units));
    // Each of the four requests also keeps its answer under its idempotency key.
    let keys = metered_key(&world).await;
    rows.push(Row { pattern: "idempotency key of one request, begun and answered", units: keys, writes_max: None });
    let whole = [keys; 4].into_iter().fold(whole, plus);
    rows.push(Row {
        pattern: "payout whole: asked, approved, sent, confirmed, audited, four idempotency keys",
        units: whole,
        writes_max: Some(3600),
    });
}

fn plus(a: Units, b: Units) -> Units {
    Units {
        read_hundredths: a.read_hundredths + b.read_hundredths,
        write_hundredths: a.write_hundredths + b.write_hundredths,
    }
}

async fn metered_key(world: &World) -> Units {
    world.database.reset_units();
    edge_key(world).await;
    world.database.units()
}

async fn edge_key(world: &World) {
    let attempt = Attempt {
        key_hash: Digest::of_bytes(b"a key"),
        fingerprint: Digest::of_bytes(b"a request"),
        run: "a run".to_owned(),
        at: world.now,
        lease_until: world.now,
    };
    world.store.create_idempotent_run(&world.tenant, &attempt).await.expect("begun");
    let answer = KeptAnswer { status: 201, headers: Vec::new(), body: "{}".to_owned() };
    world.store.record_idempotent_answer(&world.tenant, &attempt, &answer).await.expect("answered");
}
