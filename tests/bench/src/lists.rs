//! What a page of a list takes in the handler besides the store, and whether it stays so however much lies behind it.
#![expect(clippy::expect_used, reason = "a program that measures: what fails here ends it")]

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use domain::id::PartnerId;
use domain::role::Role;
use domain::time::Zone;
use edge::aws::{Aws, Service};
use edge::clock::Clock;
use edge::config::Reader;
use edge::sealing::Sealer;
use queues::{Sender, VisitDue};
use testkit::Units;

use crate::asking::{HANDLER_MAX, MEMORY_KB_MAX, ask, key, median_and_p99};
use crate::closes::memory_kb;
use crate::page::thousands;
use crate::seed::{Order, Served, day, partner};

/// What is allowed of the slowest of a hundred of the largest pages that there are, in the handler besides the store.
const LARGE_PAGE_MAX: Duration = Duration::from_millis(60);
/// A later page may take one request more of so many.
const SPREAD: usize = 20;
/// How many pages of a list are read, at most.
const PAGES: usize = 300;
/// The number of the partner with all the lines.
const LARGE: u64 = 2_001;
/// The first of the partners with one line each.
const SMALL: u64 = 20_001;
/// The first day on which lines are available, and the present.
const FROM_DAY: u32 = 300;
const TODAY: u32 = 324;

/// One list, read page after page.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Which.
    pub what: &'static str,
    /// What its slowest page of a hundred may take.
    pub allowed: Duration,
    /// How many pages were read.
    pub pages: usize,
    /// The median and the slowest of a hundred, in the handler besides the store.
    pub handler: (Duration, Duration),
    /// Requests to the store of the second page, and of the last that was whole.
    pub requests: (usize, usize),
    /// Read units of the same pages.
    pub units: (Units, Units),
}

impl Measured {
    /// What the figures ask for and this does not keep.
    #[must_use]
    pub fn misses(&self) -> Vec<String> {
        let mut misses = Vec::new();
        if self.handler.1 > self.allowed {
            misses.push(format!("{}: {:?} in the handler, p99; {:?} allowed", self.what, self.handler.1, self.allowed));
        }
        // Of whom the lines of a page are differs from page to page where it goes across partners.
        if self.requests.1 > self.requests.0 + self.requests.0 / SPREAD {
            misses.push(format!(
                "{}: a page costs {} requests, a later one {}",
                self.what, self.requests.0, self.requests.1
            ));
        }
        misses
    }
}

/// What was found in one run.
#[derive(Debug)]
pub struct Found {
    /// The lists.
    pub rows: Vec<Measured>,
    /// The most memory that this process had, which runs the code of partner-api and revenue-api.
    pub memory_kb: u64,
}

impl Found {
    /// What the figures ask for and this does not keep.
    #[must_use]
    pub fn misses(&self) -> Vec<String> {
        let mut misses: Vec<String> = self.rows.iter().flat_map(Measured::misses).collect();
        if self.memory_kb > MEMORY_KB_MAX {
            misses.push(format!("{} kB of memory, {MEMORY_KB_MAX} kB allowed", self.memory_kb));
        }
        misses
    }
}

/// Reads each list over a tenant with so many partners and so many lines of one of them.
pub async fn measure(partners: u64, lines: u64) -> Found {
    let mut served = Served::start();
    let store = served.store();
    served.seed(Order { first: LARGE, accounts: 1, lines, days: 30, from_day: FROM_DAY });
    served.seed(Order { first: SMALL, accounts: partners, lines: 1, days: 1, from_day: FROM_DAY });
    let clock = Clock::fixed(Zone::utc().start_of(day(TODAY)).expect("an instant"));
    let place = partner_api::Place { is_dev: false, public_url: "https://go.example".to_owned() };
    let partner_api = partner_api::routes(partner_api::App::new(store.clone(), sealer(), clock, place));
    let revenue_api = revenue_api::routes(revenue_api::App::new(store.clone(), visits(), sealer(), clock));
    let mut rows = Vec::new();
    for (what, routes, path) in lists(&partner_api, &revenue_api, &partner(LARGE)) {
        // A person of its own for each list: who reads so much in a moment is held back.
        let key = key(&store, (Role::Support, what), clock).await;
        rows.push(read(&served, routes, (what, &path), &key).await);
    }
    Found { rows, memory_kb: memory_kb() }
}

/// What each is called, who answers it, and where.
fn lists<'a>(
    partner_api: &'a Router,
    revenue_api: &'a Router,
    large: &PartnerId,
) -> [(&'static str, &'a Router, String); 10] {
    let commissions = format!("/v1/partners/revenue/commissions?partner_id={large}");
    let across = format!("/v1/revenue/commissions?day={}", day(TODAY));
    [
        ("partners", partner_api, "/v1/partners?limit=100".to_owned()),
        ("commissions of a partner", partner_api, commissions.clone()),
        ("pending commissions of a partner", partner_api, format!("{commissions}&status=pending")),
        ("payouts of a partner", partner_api, format!("/v1/partners/revenue/payouts?partner_id={large}")),
        ("links", partner_api, "/v1/revenue/affiliates?limit=100".to_owned()),
        ("commissions across partners", revenue_api, across.clone()),
        ("disputes", revenue_api, "/v1/revenue/disputes".to_owned()),
        ("partners, 500 a page", partner_api, "/v1/partners?limit=500".to_owned()),
        ("commissions of a partner, 500 a page", partner_api, format!("{commissions}&limit=500")),
        ("commissions across partners, 500 a page", revenue_api, format!("{across}&limit=500")),
    ]
}

async fn read(served: &Served, routes: &Router, (what, path): (&'static str, &str), key: &str) -> Measured {
    let (mut times, mut costs) = (Vec::new(), Vec::new());
    let mut next = Some(String::new());
    while let Some(cursor) = next.take().filter(|_| times.len() < PAGES) {
        let glue = if path.contains('?') { '&' } else { '?' };
        let uri = if cursor.is_empty() { path.to_owned() } else { format!("{path}{glue}cursor={cursor}") };
        let request = Request::get(uri).header("authorization", format!("Bearer {key}")).body(Body::empty());
        let answer = ask(&served.database, routes, what, request.expect("a request")).await;
        times.push(answer.handler);
        costs.push((answer.requests, answer.units));
        next = answer.json["next_cursor"].as_str().map(str::to_owned);
    }
    // The first page reads whose key it is; the last one is shorter.
    let early = costs.get(1).or(costs.first()).copied().unwrap_or_default();
    let late = costs.iter().rev().nth(1).filter(|_| costs.len() > 2).copied().unwrap_or(early);
    let (pages, handler) = (times.len(), median_and_p99(times));
    let allowed = if path.contains("limit=500") { LARGE_PAGE_MAX } else { HANDLER_MAX };
    Measured { what, allowed, pages, handler, requests: (early.0, late.0), units: (early.1, late.1) }
}

/// Lists open nothing that is sealed: nobody answers here.
pub(crate) fn sealer() -> Sealer {
    Sealer::connect(&nobody().service(Service::Kms), "k")
}

/// Nor do they send anything.
pub(crate) fn visits() -> Sender<VisitDue> {
    Sender::connect(&nobody().service(Service::Sqs), "http://127.0.0.1:9/visits".to_owned())
}

fn nobody() -> Aws {
    let mut reader = Reader::from_map([
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
        ("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:9"),
        ("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:9"),
    ]);
    Aws::from(&mut reader)
}

/// The section of `docs/BENCHMARKS.md`.
#[must_use]
pub fn table(found: &Found, partners: u64, lines: u64) -> String {
    let mut text = format!(
        "From `make bench-lists`: {} partners, {} lines of one of them, through the real routes, 100 rows a page where nothing\n\
         else is said; the time is the handler's, without what the store took (the embedded database in a process of its own).\n\
         Requests and read units are those of an early page and of a late one.\n\n\
         | List | pages | handler p50 | p99 | allowed | requests, early and late | RRU, early and late |\n\
         |---|---:|---:|---:|---:|---:|---:|\n",
        thousands(partners),
        thousands(lines)
    );
    for row in &found.rows {
        let units = |units: Units| format!("{}.{:02}", units.read_hundredths / 100, units.read_hundredths % 100);
        text.push_str(&format!(
            "| {} | {} | {} µs | {} µs | {} ms | {} and {} | {} and {} |\n",
            row.what,
            row.pages,
            row.handler.0.as_micros(),
            row.handler.1.as_micros(),
            row.allowed.as_millis(),
            row.requests.0,
            row.requests.1,
            units(row.units.0),
            units(row.units.1)
        ));
    }
    text.push_str(&format!(
        "\nThe most memory that the process had, which runs the code of partner-api and revenue-api: {} MB; {} MB is allowed.\n\
         Links are kept in sixteen partitions: a page asks all of them, however many links there are. Lines across partners are of\n\
         as many sales and accounts: a page reads them a hundred at a time.\n",
        found.memory_kb / 1_024,
        MEMORY_KB_MAX / 1_024
    ));
    text
}
