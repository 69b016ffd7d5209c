//! Request units of each access pattern, as DynamoDB counts them in `ConsumedCapacity`.
#![expect(clippy::expect_used, reason = "a program that measures: what fails here ends it")]

mod reads;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use cases::closing;
use cases::desk::Desk;
use cases::desk::holds;
use cases::payouts::{Command, Requested};
use domain::audit::Actor;
use domain::currency::Currency;
use domain::digest::Digest;
use domain::fact::{Fact, PaymentAlias};
use domain::money::Money;
use domain::payout::Sent;
use domain::role::Role;
use domain::time::{Timestamp, Zone};
use queues::{VERSION, VisitDue};
use revenue_recorder::booking::Recorder;
use store::idempotency::{Attempt, SealedAnswer};
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
    // Boxed: the compiler lays out futures of futures only so deep.
    Box::pin(clicks(&mut rows)).await;
    Box::pin(sales(&mut rows)).await;
    Box::pin(ledger(&mut rows)).await;
    Box::pin(payouts(&mut rows)).await;
    Box::pin(reads::reads(&mut rows)).await;
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
    let routes = redirect(&world, rows).await;
    let click = |agent: &'static str| {
        let request = Request::get("/r/ada").header("user-agent", agent).header("x-forwarded-for", "192.0.2.7");
        routes.clone().oneshot(request.body(Body::empty()).expect("a request"))
    };
    metered(&world, rows, "click, link not in the cache", None, click("Gecko one")).await.expect("a redirect");
    metered(&world, rows, "click, link in the cache", Some(100), click("Gecko another")).await.expect("a redirect");
    metered(&world, rows, "click, again by the same visitor in the hour", Some(100), click("Gecko another"))
        .await
        .expect("a redirect");
}

async fn redirect(world: &World, rows: &mut Vec<Row>) -> Router {
    let app = click_tracker::App {
        store: world.store.clone(),
        first_looks: world.store.clone(),
        keys: click_tracker::Keys::known(domain::touch::ClickKeys::new("a secret of at least some length", "")),
        clock: edge::clock::Clock::fixed(world.now),
        salts: cases::salt::Salts::new(world.store.clone()),
        hosts: click_tracker::HostCache::default(),
        retention: click_tracker::RetentionCache::default(),
        front: None,
        links: click_tracker::LinkCache::default(),
        cookies: click_tracker::CookieRules { secure: true, domain: None },
        fallback_url: None,
    };
    metered(world, rows, "salt of a day, by the first process that needs it", None, app.warm_up()).await;
    click_tracker::routes(std::sync::Arc::new(app))
}

async fn sales(rows: &mut Vec<Row>) {
    let world = World::new().await;
    metered(&world, rows, "raw event of 4 KB, packed and sealed", Some(100), raw_event(&world)).await;
    let seen = world.seen("cus_1", Some(&world.token));
    booked(&world, rows, "customer met at check-out", None, seen).await;
    let first = world.sale("in_0", "cus_1", "99.00");
    booked(&world, rows, "first sale of an account: it becomes live", None, first).await;
    let renewal = Fact::SalePaid(later_sale(&world));
    let pattern = "attributed sale of a bound customer (with its raw event: one more)";
    booked(&world, rows, pattern, Some(700), renewal.clone()).await;
    booked(&world, rows, "the same sale delivered again", Some(0), renewal).await;
    let pattern = "worst first sale: binds the customer, brings an alias (with its raw event: one more)";
    booked(&world, rows, pattern, Some(1200), Fact::SalePaid(first_sale(&world))).await;
    let named_twice = domain::fact::SalePaid {
        aliases: vec![world::key("pi_2b"), world::key("ch_2b")],
        ..world.paid("in_2b", "cus_2b", "99.00")
    };
    let pattern = "the same of an invoice that names its payment and its charge (with its raw event: one more)";
    let named_twice = domain::fact::SalePaid { click_token: Some(world.token.clone()), ..named_twice };
    booked(&world, rows, pattern, None, Fact::SalePaid(named_twice)).await;
    let click_token = Some(world.token.clone());
    let binding = domain::fact::SalePaid { click_token, ..world.paid("pi_3", "cus_3", "99.00") };
    let pattern = "first sale of a customer: it binds them (with its raw event: one more)";
    booked(&world, rows, pattern, Some(900), Fact::SalePaid(binding)).await;
    let alias = Fact::PaymentAlias(PaymentAlias { payment: world::key("in_1"), alias: world::key("pi_1") });
    booked(&world, rows, "another name of a payment", Some(100), alias).await;
    let refund = world.refund("re_1", "in_1", "10.00");
    booked(&world, rows, "refund (with its raw event: one more)", Some(900), refund).await;
    by_hand(&world, rows).await;
    let stranger = world.sale("in_9", "cus_9", "99.00");
    booked(&world, rows, "sale of a customer who is not met yet", None, stranger).await;
    let early = world.refund("re_2", "pi_404", "10.00");
    booked(&world, rows, "refund parked before its payment", None, early).await;
    let shared = Fact::SalePaid(shared_sale(&world).await);
    let pattern = "sale of a customer whom two partners have: it is listed (with its raw event: one more)";
    booked(&world, rows, pattern, Some(900), shared).await;
}

async fn booked(world: &World, rows: &mut Vec<Row>, pattern: &'static str, writes_max: Option<u64>, fact: Fact) {
    metered(world, rows, pattern, writes_max, book(world, fact)).await;
}

/// A sale a while after the customer's first, which then stays their first.
fn later_sale(world: &World) -> domain::fact::SalePaid {
    let later = Timestamp::from_second(world.now.as_second() + 60).expect("an instant");
    domain::fact::SalePaid { occurred_at: later, ..world.paid("in_1", "cus_1", "99.00") }
}

/// A sale of a customer with whose sales another partner was credited, too.
async fn shared_sale(world: &World) -> domain::fact::SalePaid {
    let key = world::key("cus_1");
    let known = world.store.get_customer(&world.tenant, &key).await.expect("store").expect("a customer");
    let mut after = known.clone();
    after.credited.insert(domain::id::PartnerId::from_ulid(8_u128.into()));
    after.version += 1;
    let change = store::customers::CustomerChange {
        key: &key,
        before: Some(known.version),
        after: Some(&after),
        relies_on: &[],
        moves: &[],
    };
    world.store.record_customer(&world.tenant, &change).await.expect("recorded");
    domain::fact::SalePaid { payment: world::key("in_11"), ..later_sale(world) }
}

/// A person holds the commission of a sale, and releases it.
async fn by_hand(world: &World, rows: &mut Vec<Row>) {
    let actor = Actor::new(Role::FinanceManager, "usr_f");
    let desk = Desk::open(&world.store, &world.tenant, actor, world.now).await.expect("a desk");
    let sale = domain::id::SaleId::of(&world::key("in_0"));
    let reason = || "looked odd".to_owned();
    for (pattern, command) in [
        ("commission of a sale held by a person, audited", holds::Command::Hold { reason: reason() }),
        ("commission of a sale released by a person, audited", holds::Command::Release { reason: reason() }),
    ] {
        let changed = metered(world, rows, pattern, Some(1100), holds::command(&desk, &sale, &command)).await;
        assert!(matches!(changed, Ok(holds::Changed::Done(_))), "{changed:?}");
    }
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
    metered(
        &world,
        rows,
        "nightly visit after nine sales: it looks at them, and all is as it should be",
        None,
        visit(&world, today),
    )
    .await;
    // What the night reads of an account before it sends a visit, or none.
    let (tenant, accounts) = (&world.tenant, [world.account()]);
    let look = world.store.list_heads_of(tenant, &accounts);
    let looked = metered(&world, rows, "night at an account with nothing to do: its head is read", Some(0), look).await;
    assert_eq!(looked.expect("the head").len(), 1);
    metered(&world, rows, "nightly visit delivered again", Some(0), visit(&world, today)).await;
    metered(&world, rows, "balance now", None, world.available()).await;
    world.pass_days(60);
    let today = Zone::utc().day_of(world.now);
    let account = world.account();
    let close = closing::close_matured(&world.store, &world.tenant, &account, today);
    metered(&world, rows, "close of nine slots with nine lines", Some(500), close).await.expect("closed");
    counted(rows).await;
}

/// A close that keeps its place twice: what each hundred thousand lines cost, told with ten.
async fn counted(rows: &mut Vec<Row>) {
    let mut world = World::new().await;
    for n in 0..25 {
        world.earn(&format!("in_{n}"), "1.00", Zone::utc().day_of(world.now)).await;
    }
    world.pass_days(1);
    let (account, today) = (world.account(), Zone::utc().day_of(world.now));
    let pace = closing::Pace { kept_each: 10, lines_max: u64::MAX, is_over: &|| false };
    let close = closing::close_within(&world.store, &world.tenant, &account, today, pace);
    let pattern = "close that keeps its place twice (life: each 100,000 lines; here: each ten of 25)";
    metered(&world, rows, pattern, Some(700), close).await.expect("closed");
}

async fn visit(world: &World, today: domain::time::BusinessDay) {
    let tenant = world.tenant.tenant().clone();
    let business_date = today.plus_days(-1).expect("a day");
    let run = domain::id::RunId::of(&tenant, business_date);
    let account = world.account();
    let due = VisitDue {
        v: VERSION,
        tenant,
        partner: account.partner,
        currency: account.currency,
        business_date,
        run,
        program: None,
        recompute: None,
    };
    commission_batch::visit::visit(&world.store, &world.tenant, &due, world.now).await.expect("visited");
}

async fn payouts(rows: &mut Vec<Row>) {
    let world = paid_for().await;
    let at = rows.len();
    let requested = metered(&world, rows, "payout asked for, closing what matured", Some(1100), world.request()).await;
    let Requested::Created(stored) = requested else { unreachable!("there is a balance") };
    let id = stored.payout.id.clone();
    let approve = Command::Approve { seal: stored.payout.seal };
    metered(&world, rows, "payout approved", Some(500), world.command(&id, Role::Admin, "usr_a", approve)).await;
    let sent = Sent { sent_at: world.now, expected_arrival: None, reference: "wire 1".to_owned() };
    let send = world.command(&id, Role::FinanceManager, "usr_f", Command::MarkSent(sent));
    metered(&world, rows, "payout marked sent", Some(700), send).await;
    let confirm = Command::Confirm { completed_at: world.now, reference: "wire 1".to_owned() };
    let confirm = world.command(&id, Role::FinanceManager, "usr_f", confirm);
    metered(&world, rows, "payout confirmed, its bank reference used up", Some(900), confirm).await;
    let whole = rows[at..].iter().fold(Units::default(), |sum, row| plus(sum, row.units));
    // Each of the four requests also keeps its answer under its idempotency key.
    let keys = metered_key(&world).await;
    let pattern = "idempotency key of one request, begun and answered";
    rows.push(Row { pattern, units: keys, writes_max: Some(200) });
    let pattern = "payout whole: asked, approved, sent, confirmed, audited, four idempotency keys";
    let whole = [keys; 4].into_iter().fold(whole, plus);
    // 36, and one for each step that the audit lists by day (docs/adr/0018).
    rows.push(Row { pattern, units: whole, writes_max: Some(4000) });
    // Each call of the API costs this besides, whatever it asks for.
    let allowance = store::calls::Allowance { kind: "staff", calls_max: 1_000, window_s: 900 };
    let call = world.store.record_call(&world.tenant, "usr_a", &allowance, world.now);
    metered(&world, rows, "call of a person, counted against their limit", Some(100), call).await.expect("counted");
    closed_before(rows).await;
}

/// What has matured was closed by the night already.
async fn closed_before(rows: &mut Vec<Row>) {
    let world = paid_for().await;
    let (account, today) = (world.account(), Zone::utc().day_of(world.now));
    closing::close_matured(&world.store, &world.tenant, &account, today).await.expect("closed");
    let proof = cases::verify::verify(&world.store, &world.tenant);
    metered(&world, rows, "proving the laws over one account of one line", Some(0), proof).await.expect("proved");
    metered(&world, rows, "payout asked for, all closed before", Some(800), world.request()).await;
    part_asked_for(rows).await;
    let head = world.store.get_head(&world.tenant, &account).await.expect("the head");
    let rest = world.store.rest_account(&world.tenant, &account, &head);
    metered(&world, rows, "account at rest leaves the nightly visits", Some(200), rest).await.expect("rested");
}

/// PAY-1: of a part, with the pair that carries the rest, and its close.
async fn part_asked_for(rows: &mut Vec<Row>) {
    let world = paid_for().await;
    let today = Zone::utc().day_of(world.now);
    closing::close_matured(&world.store, &world.tenant, &world.account(), today).await.expect("closed");
    let part = Some(Money::from_minor(1_000, Currency::USD));
    let asked = world.try_request_of(0, part);
    let asked = metered(&world, rows, "payout of a part asked for, all closed before", Some(2000), asked).await;
    assert!(matches!(asked, Ok(Requested::Created(_))), "{asked:?}");
}

/// One sale, whose hold is over.
async fn paid_for() -> World {
    let mut world = World::new().await;
    book(&world, world.seen("cus_1", Some(&world.token))).await;
    book(&world, world.sale("in_1", "cus_1", "99.00")).await;
    world.pass_days(31);
    world
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
    let answer = SealedAnswer(vec![0; 64]);
    world.store.record_idempotent_answer(&world.tenant, &attempt, &answer).await.expect("answered");
}
