//! What a partner earned: metrics, earnings, projection, over lives that the recorder booked.

use cases::desk::Desk;
use cases::desk::holds::{self, Command as Hold};
use cases::payouts::{Command, Requested};
use domain::audit::Actor;
use domain::currency::Currency;
use domain::id::SaleId;
use domain::line::Place;
use domain::money::Money;
use domain::payout::{PayoutState, Sent};
use domain::role::Role;
use domain::time::{Timestamp, Zone};
use jiff::SignedDuration;
use proptest::prelude::*;
use revenue_recorder::booking::Recorder;
use serde_json::{Value, json};
use world::World;

use super::setup::Bench;

const METRICS: &str = "/v1/partners/revenue/metrics";

/// A world of 30 % and the API over it, at the world's own time.
struct Life {
    world: World,
    bench: Bench,
    key: String,
}

impl Life {
    async fn new() -> Self {
        let world = World::new().await;
        let bench = Bench::over(world.database.clone(), world.now).await;
        let key = bench.key(Role::Partner, world.partner.as_str()).await;
        Self { world, bench, key }
    }

    async fn book(&self, fact: &domain::fact::Fact) {
        let zone = Zone::utc();
        let World { store, tenant, keys, now, .. } = &self.world;
        Recorder::new(store, tenant, keys, &zone, *now).book(fact).await.expect("booked");
    }

    async fn sell(&self, n: usize, paid: &str) {
        let token = Some(self.world.token.clone());
        let sale = self.world.paid(&format!("in_{n}"), "cus_1", paid);
        self.book(&domain::fact::Fact::SalePaid(domain::fact::SalePaid { click_token: token, ..sale })).await;
    }

    fn pass(&mut self, hours: i64) {
        self.world.now += SignedDuration::from_hours(hours);
        self.bench.now = self.world.now;
    }

    async fn by_hand(&self, n: usize, command: Hold) {
        let actor = Actor::new(Role::Admin, "usr_ada");
        let desk = Desk::open(&self.world.store, &self.world.tenant, actor, self.world.now).await.expect("a desk");
        holds::command(&desk, &SaleId::of(&world::key(&format!("in_{n}"))), &command).await.expect("an answer");
    }

    /// The whole balance is paid, if there is any.
    async fn pay(&self) {
        let Requested::Created(asked) = self.world.request().await else { return };
        let (id, at) = (asked.payout.id, self.world.now);
        let reference = format!("BANK-{}", at.as_millisecond());
        let sent = Sent { sent_at: at, expected_arrival: None, reference: reference.clone() };
        let approve = self.world.approval(&id).await;
        self.world.command(&id, Role::Admin, "admin", approve).await;
        self.world.command(&id, Role::FinanceManager, "finance", Command::MarkSent(sent)).await;
        let confirm = Command::Confirm { completed_at: at, reference };
        self.world.command(&id, Role::FinanceManager, "finance", confirm).await;
    }

    async fn get(&self, path: &str) -> Value {
        self.bench.get(&self.key, path).await.expect(200)
    }

    /// The metrics of a span, counted line by line and payout by payout.
    /// `None` where plain rules do not say.
    async fn recounted(&self, from: Timestamp, to: Timestamp) -> Option<Value> {
        let (store, tenant, account) = (&self.world.store, &self.world.tenant, self.world.account());
        let lines = store.list_lines(tenant, &account).await.expect("store");
        let payouts = store.list_account_payouts(tenant, &account).await.expect("store");
        let arrived = |state: &PayoutState| match state {
            PayoutState::Paid { completed_at, .. } => Some(*completed_at),
            _ => None,
        };
        let (mut net, mut count, mut unpaid) = (0, 0_u64, 0);
        for told in world::figures::told(&lines)?.iter().filter(|told| from <= told.at && told.at < to) {
            (net, count) = (net + told.minor, count + u64::from(told.is_one));
            let is_paid = payouts.iter().any(|stored| {
                let Place::Slot(slot) = told.place else { return false };
                let payout = &stored.payout;
                arrived(&payout.state).is_some() && payout.from < Some(slot) && slot <= payout.to
            });
            unpaid += if is_paid { 0 } else { told.minor };
        }
        let paid =
            payouts.iter().filter(|stored| arrived(&stored.payout.state).is_some_and(|at| from <= at && at < to));
        let paid = Money::try_sum(paid.map(|stored| stored.payout.amount), Currency::USD).expect("in range");
        let text = |minor: i64| Money::from_minor(minor, Currency::USD).to_text();
        Some(json!({
            "partner_id": self.world.partner.as_str(), "period_start": from, "period_end": to, "currency": "USD",
            "total_commissions": text(net), "total_commission_count": count,
            "total_payouts": paid.to_text(), "pending_amount": text(unpaid),
        }))
    }
}

/// Three sales: paid; refunded in part; rejected. And two days that are asked for.
async fn told() -> Life {
    let mut life = Life::new().await;
    life.sell(1, "100").await;
    life.pass(24);
    life.sell(2, "200").await;
    life.pass(24);
    life.book(&life.world.refund("re_1", "in_2", "50")).await;
    life.sell(3, "400").await;
    life.by_hand(3, Hold::Reject { reason: "never was".to_owned() }).await;
    life
}

#[tokio::test]
async fn por_1_the_metrics_of_a_span_are_what_was_earned_paid_and_is_still_to_be_paid() {
    let mut life = told().await;
    let partner = life.world.partner.to_string();
    let row = |start: &str, end: &str, figures: [&str; 3], count: u64| {
        json!({
            "partner_id": partner, "period_start": start, "period_end": end,
            "total_commissions": figures[0], "total_commission_count": count, "total_payouts": figures[1],
            "pending_amount": figures[2], "currency": "USD",
        })
    };
    // From the beginning of the month until now: 30.00 + 60.00; now itself is in the next span, with the refund.
    let expected = row("2026-11-01T00:00:00Z", "2026-11-23T12:00:00Z", ["90.00", "0.00", "90.00"], 2);
    assert_eq!(life.get(METRICS).await, expected);
    let days = format!("{METRICS}?period_start=2026-11-22&period_end=2026-11-24&currency=USD");
    let expected = row("2026-11-22T00:00:00Z", "2026-11-24T00:00:00Z", ["45.00", "0.00", "45.00"], 2);
    assert_eq!(life.get(&days).await, expected);
    let refund = format!("{METRICS}?period_start=2026-11-23T12:00:00Z&period_end=2026-11-23T12:00:00.001Z");
    let expected = row("2026-11-23T12:00:00Z", "2026-11-23T12:00:00.001Z", ["-15.00", "0.00", "-15.00"], 1);
    assert_eq!(life.get(&refund).await, expected);
    // What is available after thirty days is paid; the span of the sales says so, and that of the payment has it.
    life.pass(31 * 24);
    life.pay().await;
    let expected = row("2026-11-22T00:00:00Z", "2026-11-24T00:00:00Z", ["45.00", "0.00", "0.00"], 2);
    assert_eq!(life.get(&days).await, expected);
    let december = format!("{METRICS}?period_start=2026-12-01&period_end=2027-01-01");
    let expected = row("2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z", ["0.00", "75.00", "0.00"], 0);
    assert_eq!(life.get(&december).await, expected);
    let csv = life.bench.get(&life.key, &format!("{december}&format=csv")).await;
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
}

#[tokio::test]
async fn rev_7_earnings_come_piece_by_piece_beside_the_span_before_and_a_projection_says_its_method() {
    let mut life = told().await;
    let path = format!("/v1/partners/{}/earnings", life.world.partner);
    let two_days = life.get(&format!("{path}?period_start=2026-11-22&period_end=2026-11-24")).await;
    let piece = |from: &str, to: &str, figures: [&str; 3], count: u64| {
        json!({
            "period_start": from, "period_end": to, "earned": figures[0], "taken_back": figures[1], "net": figures[2],
            "commission_count": count, "currency": "USD",
        })
    };
    assert_eq!(
        two_days,
        json!({
            "partner_id": life.world.partner.as_str(), "time_zone": "UTC", "interval": "day",
            "total": piece("2026-11-22", "2026-11-24", ["60.00", "-15.00", "45.00"], 2),
            "previous": piece("2026-11-20", "2026-11-22", ["30.00", "0.00", "30.00"], 1),
            "change": {"net": "15.00", "rate": "0.5"},
            "trends": [
                piece("2026-11-22", "2026-11-23", ["60.00", "0.00", "60.00"], 1),
                piece("2026-11-23", "2026-11-24", ["0.00", "-15.00", "-15.00"], 1),
            ],
        })
    );
    let weeks = life.get(&format!("{path}?period_start=2026-11-16&period_end=2026-11-30&interval=week")).await;
    let nets: Vec<&str> =
        weeks["trends"].as_array().expect("rows").iter().filter_map(|row| row["net"].as_str()).collect();
    assert_eq!(nets, ["90.00", "-15.00"]);
    assert_eq!(weeks["change"]["rate"], Value::Null);
    let unsaid = life.get(&path).await;
    assert_eq!(unsaid["trends"].as_array().map(Vec::len), Some(30));
    assert_eq!((&unsaid["total"]["net"], &unsaid["total"]["period_end"]), (&json!("75.00"), &json!("2026-11-24")));
    // Two whole days were observed: 90.00 in all.
    let ahead = life.get("/v1/partners/revenue/projection?horizon_days=10").await;
    let fields = ["observed_from", "observed_days", "observed_net", "projected_net", "maturing", "currency"];
    assert_eq!(
        fields.map(|field| ahead[field].clone()),
        ["2026-11-21".into(), json!(2), "90.00".into(), "450.00".into(), "0.00".into(), "USD".into()]
    );
    assert!(ahead["method"].as_str().is_some_and(|method| method.contains("mean")));
    life.pass(24 * 25);
    let ahead = life.get("/v1/partners/revenue/projection").await;
    assert_eq!(ahead["maturing"], "75.00");
}

#[tokio::test]
async fn a_partner_who_earned_nothing_reads_zeros_and_others_read_nothing_of_it() {
    let life = Life::new().await;
    let metrics = life.get(METRICS).await;
    assert_eq!((&metrics["total_commissions"], &metrics["currency"]), (&json!("0.00"), &json!("USD")));
    let ahead = life.get("/v1/partners/revenue/projection").await;
    assert_eq!((&ahead["projected_net"], &ahead["observed_from"]), (&json!("0.00"), &Value::Null));
    let earnings = format!("/v1/partners/{}/earnings", life.world.partner);
    assert_eq!(life.get(&earnings).await["total"]["net"], "0.00");
    let other = life.bench.key(Role::Partner, "par_00000000000000000000000009").await;
    for path in [
        earnings.clone(),
        format!("{METRICS}?partner_id={}", life.world.partner),
        format!("/v1/partners/revenue/projection?partner_id={}", life.world.partner),
    ] {
        life.bench.get(&other, &path).await.expect(404);
    }
    let support = life.bench.key(Role::Support, "usr_1").await;
    life.bench.get(&support, &earnings).await.expect(200);
    life.bench.get(&support, METRICS).await.expect(422);
    life.bench.get(&support, &format!("{METRICS}?partner_id={}", life.world.partner)).await.expect(200);
    let member = life.bench.key(Role::Member, "mem_00000000000000000000000001").await;
    life.bench.get(&member, METRICS).await.expect(403);
}

#[tokio::test]
async fn what_cannot_be_asked_is_told_by_its_parameter() {
    let life = told().await;
    let earnings = format!("/v1/partners/{}/earnings", life.world.partner);
    let projection = "/v1/partners/revenue/projection";
    let commissions = "/v1/partners/revenue/commissions";
    for (path, query, parameter, status) in [
        (METRICS, "period_start=yesterday", "period_start", 400),
        (METRICS, "period_start=2026-11-02&period_end=2026-11-01", "period_start", 422),
        (METRICS, "period_start=2026-11-02&period_end=2026-11-02", "period_start", 422),
        (METRICS, "period_end=2026-13-01", "period_end", 400),
        (METRICS, "currency=dollars", "currency", 400),
        (&earnings, "period_start=2026-11-02&period_end=2026-11-02", "period_end", 422),
        (&earnings, "period_start=2010-01-01&period_end=2026-11-02", "period_end", 422),
        (&earnings, "period_start=2024-01-01&period_end=2026-01-02", "interval", 422),
        (&earnings, "period_start=2026-11-02T00:00:00Z", "period_start", 400),
        (projection, "horizon_days=0", "horizon_days", 400),
        (projection, "horizon_days=366", "horizon_days", 400),
        (commissions, "from=2026-11-02&to=2026-11-01", "to", 422),
        (commissions, "program_id=mine", "program_id", 400),
        (commissions, "customer_id=", "customer_id", 400),
        (commissions, "currency=dollars", "currency", 400),
        ("/v1/partners/revenue/payouts", "currency=dollars", "currency", 400),
    ] {
        let refused = life.bench.get(&life.key, &format!("{path}?{query}")).await.pointers(status);
        assert_eq!(refused, [parameter], "{path}?{query}");
    }
}

#[tokio::test]
async fn commissions_are_filtered_by_day_program_customer_and_currency_and_come_as_csv() {
    let life = told().await;
    let list = "/v1/partners/revenue/commissions";
    let program = world::program();
    for (query, amounts) in [
        ("", vec!["-120.00", "-15.00", "120.00", "30.00", "60.00"]),
        ("from=2026-11-22", vec!["-120.00", "-15.00", "120.00", "60.00"]),
        ("from=2026-11-22&to=2026-11-22", vec!["60.00"]),
        ("to=2026-11-21", vec!["30.00"]),
        ("customer_id=stripe:cus_2", vec![]),
        ("customer_id=stripe:cus_1&status=rejected", vec!["-120.00", "120.00"]),
        ("program_id=prg_00000000000000000000000009", vec![]),
        (&format!("program_id={program}&to=2026-11-21"), vec!["30.00"]),
        ("currency=EUR", vec![]),
        ("currency=USD&status=pending", vec!["-15.00", "30.00", "60.00"]),
    ] {
        let shown = life.get(&format!("{list}?{query}")).await;
        let rows = shown["data"].as_array().expect("rows").iter();
        let mut found: Vec<&str> = rows.filter_map(|row| row["commission_amount"].as_str()).collect();
        found.sort_unstable();
        assert_eq!(found, amounts, "{query}");
    }
    for path in [list, "/v1/partners/revenue/payouts"] {
        let csv = life.bench.get(&life.key, &format!("{path}?format=csv&limit=1")).await;
        assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8", "{path}");
    }
}

#[tokio::test]
async fn a_partner_with_several_accounts_says_which_one() {
    let life = told().await;
    super::life::book_of(&life.bench, &life.world.partner, Currency::EUR).await;
    assert_eq!(life.bench.get(&life.key, METRICS).await.pointers(422), ["currency"]);
    assert_eq!(life.get(&format!("{METRICS}?currency=USD")).await["total_commissions"], "90.00");
    assert_eq!(life.get(&format!("{METRICS}?currency=GBP")).await["total_commissions"], "0.00");
}

/// What may happen to a partner.
#[derive(Clone, Copy, Debug)]
enum Event {
    Sell(u16),
    Refund(usize, u16),
    Hold(usize),
    Release(usize),
    Reject(usize),
    Pass(i64),
    Pay,
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (1_u16..500).prop_map(Event::Sell),
        2 => (0_usize..6, 1_u16..500).prop_map(|(of, amount)| Event::Refund(of, amount)),
        1 => (0_usize..6).prop_map(Event::Hold),
        1 => (0_usize..6).prop_map(Event::Release),
        1 => (0_usize..6).prop_map(Event::Reject),
        3 => (1_i64..400).prop_map(Event::Pass),
        2 => Just(Event::Pay),
    ]
}

async fn happen(life: &mut Life, n: usize, event: Event) {
    let reason = || "looked at it".to_owned();
    match event {
        Event::Sell(paid) => life.sell(n, &paid.to_string()).await,
        Event::Refund(of, amount) => {
            life.book(&life.world.refund(&format!("re_{n}"), &format!("in_{of}"), &amount.to_string())).await;
        }
        Event::Hold(of) => life.by_hand(of, Hold::Hold { reason: reason() }).await,
        Event::Release(of) => life.by_hand(of, Hold::Release { reason: reason() }).await,
        Event::Reject(of) => life.by_hand(of, Hold::Reject { reason: reason() }).await,
        Event::Pass(hours) => life.pass(hours),
        Event::Pay => life.pay().await,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// POR-1: every figure is a plain recount of what is booked, over random lives; asking changes nothing.
    #[test]
    fn por_1_every_figure_is_a_plain_recount_of_what_is_booked(
        events in prop::collection::vec(any_event(), 1..20),
        spans in prop::collection::vec((-40_i64..2_000, 1_i64..2_500), 1..4),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut life = Life::new().await;
            let begun = life.world.now;
            for (n, event) in events.iter().enumerate() {
                happen(&mut life, n, *event).await;
                life.world.now += SignedDuration::from_millis(1);
                life.bench.now = life.world.now;
                let (from, hours) = spans[n % spans.len()];
                if n % 6 == 3 || n + 1 == events.len() {
                    let from = begun + SignedDuration::from_hours(from);
                    let to = from + SignedDuration::from_hours(hours);
                    let asked = format!("{METRICS}?period_start={from}&period_end={to}&currency=USD");
                    let found = life.get(&asked).await;
                    if let Some(expected) = life.recounted(from, to).await {
                        assert_eq!(found, expected);
                    }
                }
            }
            let path = format!("/v1/partners/{}/earnings?period_start=2026-11-01&period_end=2028-01-01", life.world.partner);
            let earnings = life.get(&format!("{path}&interval=week&currency=USD")).await;
            let weeks = earnings["trends"].as_array().expect("rows").iter().filter_map(|row| row["net"].as_str());
            let nets = weeks.map(|net| Money::parse(net, Currency::USD).expect("an amount"));
            let net = Money::try_sum(nets, Currency::USD).expect("in range").to_text();
            assert_eq!((json!(net), &earnings["total"]["net"]), (json!(life.world.total().await), &json!(net)));
        });
    }
}
