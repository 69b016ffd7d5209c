//! What a close costs by the number of lines and of what lies behind, and what proving all of it takes.
#![expect(clippy::expect_used, reason = "a program that measures: what fails here ends it")]

use std::time::{Duration, Instant};

use cases::closing::close_matured;
use cases::verify::verify;
use commission_batch::visit::Visited;
use domain::currency::Currency;
use domain::id::{RunId, TenantId};
use domain::line::Account;
use domain::time::Zone;
use queues::{VERSION, VisitDue};
use store::{Store, Tables, TenantKey};
use testkit::Units;

use crate::page::thousands;
use crate::seed::{Order, Served, day, money, partner};

/// The memory that a function has.
const MEMORY_KB_MAX: u64 = 256 * 1024;
/// Writes of a close, without the places that a long recount keeps.
const WRITES: u64 = 500;
/// After how many lines a recount keeps its place.
const KEPT_EACH: u64 = 100_000;
/// From how many lines on the head's own reads do not count.
const FLAT_FROM: u64 = 10_000;
/// How many sales are visited. They are copies of one customer's first, so the night corrects each of them.
const VISITED_MAX: u64 = 500;
/// The day of all closes.
const TODAY: u32 = 300;
/// The day on which everything was sold, and the first on which what is not closed becomes available.
const SOLD_DAY: u32 = 324;
const OPEN_FROM_DAY: u32 = 340;

/// One close, or many of a kind.
#[derive(Clone, Debug)]
pub struct Measured {
    /// What was closed.
    pub what: String,
    /// How many closes.
    pub closes: u64,
    /// How many lines in all.
    pub lines: u64,
    /// What it took.
    pub units: Units,
    /// How long.
    pub took: Duration,
}

impl Measured {
    /// What the design allows to write: five a close, and one each 100,000 lines.
    fn writes_max(&self) -> u64 {
        self.closes * (WRITES + self.lines / self.closes / KEPT_EACH * 100)
    }

    /// Reads of a thousand lines, in hundredths.
    fn reads_per_thousand(&self) -> u64 {
        self.units.read_hundredths * 1_000 / self.lines
    }

    /// Nanoseconds a line.
    fn nanos(&self) -> u64 {
        u64::try_from(self.took.as_nanos()).unwrap_or(u64::MAX) / self.lines
    }
}

/// The most memory that the process had so far, in kilobytes.
#[derive(Clone, Copy, Debug)]
pub struct MemoryKb {
    /// After the closes.
    pub closes: u64,
    /// After proving.
    pub proof: u64,
    /// After the visit, which is the last.
    pub visit: u64,
}

/// What was found in one run.
#[derive(Debug)]
pub struct Found {
    /// The closes.
    pub rows: Vec<Measured>,
    /// Proving everything.
    pub verified: Measured,
    /// A nightly visit to an account with many sales in open months.
    pub visited: Measured,
    /// The most memory that this process had.
    pub memory_kb: MemoryKb,
    /// How many lines the largest account has.
    pub largest: u64,
}

struct Bench {
    served: Served,
    store: Store,
    tenant: TenantKey,
}

/// Runs all of it. `most` is the size of the largest account; the accounts of a hundred lines hold as many in all.
pub async fn measure(most: u64) -> Found {
    let served = Served::start();
    let database = &served.database;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    let store = Store::new(database.client.clone(), tables);
    let mut bench = Bench { served, store, tenant: TenantKey::from(&TenantId::default_tenant()) };
    let one = |first, lines, from_day| Order { first, accounts: 1, lines, days: 30, from_day };
    let mut rows = Vec::new();
    for (first, lines) in [(1_001, most / 100), (1_002, most / 10), (1_003, most)] {
        bench.served.seed(one(first, lines, 0));
        rows.push(bench.close(format!("one account of {} lines", thousands(lines)), first, 1, lines).await);
    }
    // The same again on top of the longest history, and on none.
    let lines = most / 100;
    for (first, what) in [(1_003, thousands(most)), (1_004, "no".to_owned())] {
        bench.served.seed(one(first, lines, 40));
        let what = format!("{} lines behind a history of {what} lines", thousands(lines));
        rows.push(bench.close(what, first, 1, lines).await);
    }
    let accounts = most / 100;
    bench.served.seed(Order { first: 10_001, accounts, lines: 100, days: 30, from_day: 0 });
    let what = format!("{} accounts of 100 lines", thousands(accounts));
    rows.push(bench.close(what, 10_001, accounts, 100).await);
    let closes = memory_kb();
    let verified = bench.prove().await;
    let proof = memory_kb();
    let sales = (most / 20).min(VISITED_MAX);
    bench.served.seed(one(1_005, sales, OPEN_FROM_DAY));
    let visited = bench.visit(1_005, sales).await;
    let memory_kb = MemoryKb { closes, proof, visit: memory_kb() };
    Found { rows, verified, visited, memory_kb, largest: most + most / 100 }
}

impl Bench {
    #[expect(clippy::print_stderr, reason = "a run of a million lines takes long: it tells how far it is")]
    async fn close(&self, what: String, first: u64, accounts: u64, lines: u64) -> Measured {
        self.served.database.reset_units();
        let began = Instant::now();
        for number in first..first + accounts {
            let account = Account { partner: partner(number), currency: Currency::USD };
            let close = close_matured(&self.store, &self.tenant, &account, day(TODAY)).await.expect("store");
            let close = close.expect("something to close");
            assert_eq!((close.count, close.net), (lines, money(lines)), "{what}");
        }
        let (took, units) = (began.elapsed(), self.served.database.units());
        eprintln!("{what}: {} ms", took.as_millis());
        Measured { what, closes: accounts, lines: accounts * lines, units, took }
    }

    /// The visit of the night after the sales: it reads all that counts in open months, and puts it in order.
    async fn visit(&self, number: u64, lines: u64) -> Measured {
        let (business_date, tenant) = (day(SOLD_DAY), TenantId::default_tenant());
        let run = RunId::of(&tenant, business_date);
        let (partner, currency) = (partner(number), Currency::USD);
        let due =
            VisitDue { v: VERSION, tenant, partner, currency, business_date, run, program: None, recompute: None };
        let now = Zone::utc().start_of(day(SOLD_DAY + 1)).expect("an instant");
        self.served.database.reset_units();
        let began = Instant::now();
        let visited = commission_batch::visit::visit(&self.store, &self.tenant, &due, now).await.expect("visited");
        assert_eq!(visited, Visited::Whole);
        let (took, units) = (began.elapsed(), self.served.database.units());
        Measured { what: "visit".to_owned(), closes: 1, lines, units, took }
    }

    async fn prove(&self) -> Measured {
        self.served.database.reset_units();
        let began = Instant::now();
        let verified = verify(&self.store, &self.tenant).await.expect("store");
        assert_eq!(verified.breaches, [], "{verified}");
        let (took, units) = (began.elapsed(), self.served.database.units());
        Measured { what: "proof".to_owned(), closes: verified.accounts, lines: verified.lines, units, took }
    }
}

/// The most memory that this process had so far.
pub(crate) fn memory_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").trim().parse().unwrap_or(0)
}

impl Found {
    /// What of the design's figures does not hold, time apart.
    #[must_use]
    pub fn misses(&self) -> Vec<String> {
        let mut misses = Vec::new();
        for row in &self.rows {
            if row.units.write_hundredths > row.writes_max() {
                misses.push(format!("{}: {:?} written, {} allowed", row.what, row.units, row.writes_max()));
            }
        }
        // The reads of a line are the same within a tenth, whatever the number of lines and the history.
        let large = self.rows.iter().filter(|row| row.lines / row.closes >= FLAT_FROM);
        let reads: Vec<u64> = large.map(Measured::reads_per_thousand).collect();
        if let (Some(least), Some(most)) = (reads.iter().min(), reads.iter().max())
            && most * 10 > least * 11
        {
            misses.push(format!("reads of a thousand lines are not flat: {reads:?}"));
        }
        if self.verified.units.write_hundredths > 0 {
            misses.push(format!("proving writes: {:?}", self.verified.units));
        }
        if self.memory_kb.visit > MEMORY_KB_MAX {
            misses.push(format!("{:?} of memory, {MEMORY_KB_MAX} kB allowed", self.memory_kb));
        }
        misses
    }

    /// The section of the page.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = String::from(
            "Written by `make bench-close`: the real close over the embedded database in a process of its own, on loopback.\n\
             Lines and sales are copies of booked ones. Units do not depend on the machine; of times only the ratio counts.\n\n\
             | Closed | WRU | allowed | WRU a line | RRU a 1,000 lines | time | µs a line |\n|---|---:|---:|---:|---:|---:|---:|\n",
        );
        let units = |hundredths: u64| format!("{}.{:02}", thousands(hundredths / 100), hundredths % 100);
        for row in &self.rows {
            let per_line = row.units.write_hundredths * 1_000 / row.lines;
            text.push_str(&format!(
                "| {} | {} | {} | 0.{:05} | {} | {} ms | {}.{} |\n",
                row.what,
                units(row.units.write_hundredths),
                units(row.writes_max()),
                per_line,
                units(row.reads_per_thousand()),
                thousands(u64::try_from(row.took.as_millis()).unwrap_or(u64::MAX)),
                row.nanos() / 1_000,
                row.nanos() % 1_000 / 100,
            ));
        }
        let (proof, visit) = (&self.verified, &self.visited);
        let megabytes = |kilobytes: u64| kilobytes / 1_024;
        text.push_str(&format!(
            "\nProving all {} lines of {} accounts, with the sale behind each (`tributary verify`): {} s, nothing written,\n\
             {} RRU a 1,000 lines. A nightly visit that puts {} sales of one account's open months in order: {} s, {} WRU.\n\n\
             This process runs the code of commission-batch and watchman. The most memory that it had, one after the other:\n\
             {} MB after the closes, {} MB after proving accounts of up to {} lines, {} MB after the visit. 256 MB is allowed.\n",
            thousands(proof.lines),
            thousands(proof.closes),
            proof.took.as_secs(),
            units(proof.reads_per_thousand()),
            thousands(visit.lines),
            visit.took.as_secs(),
            units(visit.units.write_hundredths),
            megabytes(self.memory_kb.closes),
            megabytes(self.memory_kb.proof),
            thousands(self.largest),
            megabytes(self.memory_kb.visit),
        ));
        text
    }
}
