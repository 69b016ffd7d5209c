//! How long other rules over many past sales take to be counted, begun again and again as invocations end.
#![expect(clippy::expect_used, reason = "a program that measures: what fails here ends it")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cases::recompute::{Desk, Proposal, advance, propose};
use domain::audit::Actor;
use domain::id::{ProgramId, RecomputeId, TenantId};
use domain::rate::Rate;
use domain::role::Role;
use domain::rule::{Reward, RuleVersion};
use domain::time::Zone;
use store::{Store, Tables, TenantKey};

use crate::closes::memory_kb;
use crate::page::thousands;
use crate::seed::{Order, Served, day};

/// What the issue allows for a hundred thousand sales.
const ALLOWED: Duration = Duration::from_secs(30);
/// How many sales each partner has.
const SALES_EACH: u64 = 500;
/// After how many looks at the clock an invocation ends: it is begun again, and goes on.
const LOOKS: u64 = 3;
const FIRST: u64 = 30_001;
const FROM_DAY: u32 = 340;
const TODAY: u32 = 325;

/// What was found.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// How many sales.
    pub sales: u64,
    /// How long all of it took.
    pub took: Duration,
    /// In how many invocations.
    pub invocations: u64,
    /// How many lines differ.
    pub lines: u64,
    /// The most memory that this process had, in kilobytes.
    pub memory_kb: u64,
}

impl Found {
    /// Within what is allowed, for as many sales?
    #[must_use]
    pub fn holds(&self) -> bool {
        self.took.as_millis() * 100_000 <= ALLOWED.as_millis() * u128::from(self.sales)
    }

    /// The section of `docs/BENCHMARKS.md`.
    #[must_use]
    pub fn table(&self) -> String {
        format!(
            "From `make bench-dry-run`: another rate over {} past sales of {} partners, counted as the night's function does,\n\
             page by page of partners, over the embedded database in a process of its own. {} ms in {} invocations, each going\n\
             on where the one before ended; {} lines differ; the most memory was {} MB. 30 s are allowed for 100,000.\n",
            thousands(self.sales),
            thousands(self.sales.div_ceil(SALES_EACH)),
            thousands(u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX)),
            self.invocations,
            thousands(self.lines),
            self.memory_kb / 1024,
        )
    }
}

/// Counts another rate over so many sales.
pub async fn measure(sales: u64) -> Found {
    let mut served = Served::start();
    let database = &served.database;
    let tables = Tables { core: database.core.clone(), clicks: database.clicks.clone(), ops: database.ops.clone() };
    let store = Store::new(database.client.clone(), tables);
    let accounts = sales.div_ceil(SALES_EACH);
    served.seed(Order { first: FIRST, accounts, lines: SALES_EACH.min(sales), days: 30, from_day: FROM_DAY });
    let (tenant, zone) = (TenantKey::from(&TenantId::default_tenant()), Zone::utc());
    let now = zone.start_of(day(TODAY)).expect("an instant");
    let desk = Desk { store: &store, tenant: &tenant, zone: &zone, now };
    let (program, id) = (ProgramId::from_ulid(1_u128.into()), RecomputeId::from_ulid(1_u128.into()));
    let from = zone.start_of(day(1)).expect("an instant");
    let reward = Reward::Percentage(Rate::parse("0.35").expect("a rate"));
    let rule = domain::id::RuleId::from_ulid(9_u128.into());
    let terms = RuleVersion::simple(rule, program.clone(), from, reward, 30).terms;
    let proposal = Proposal { program: program.clone(), terms, from, to: None, reason: "measured".to_owned() };
    let actor = Actor::new(Role::Admin, "usr_1");
    let began = Instant::now();
    propose(desk, &proposal, (&id, &actor)).await.expect("store").expect("a recompute");
    let mut invocations = 0;
    let counted = loop {
        let looks = AtomicU64::new(0);
        let is_over = || looks.fetch_add(1, Ordering::Relaxed) >= LOOKS;
        invocations += 1;
        let stored = advance(desk, (&program, &id), &is_over).await.expect("store").expect("a recompute");
        if !stored.recompute.state.is_at_work() {
            break stored.recompute;
        }
    };
    let took = began.elapsed();
    assert_eq!(counted.state.word(), "proposed", "{:?}", counted.shown.left_out);
    Found {
        sales: accounts * SALES_EACH.min(sales),
        took,
        invocations,
        lines: counted.shown.lines,
        memory_kb: memory_kb(),
    }
}
