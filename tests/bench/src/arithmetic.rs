//! What the rules cost: lines a second on one core, from the bare arithmetic of a percentage to the whole engine.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

use domain::assess::{ProgramRules, Scope, assess};
use domain::attribution::Credit;
use domain::commission::base_of;
use domain::currency::Currency;
use domain::fact::PaymentKey;
use domain::id::{LinkId, PartnerId, ProgramId, RuleId};
use domain::money::Money;
use domain::rate::Rate;
use domain::rule::{Band, BandMode, Bands, Caps, Reward, RuleVersion, Terms};
use domain::sale::{Decision, Sale};
use domain::time::{BusinessDay, Timestamp, Zone};

use crate::page;

/// The floor of the bare arithmetic, lines a second on one core.
pub const FLOOR: u64 = 5_000_000;

/// What was measured: what, and lines a second.
pub struct Figures(Vec<(&'static str, u64)>);

/// Measures everything, the bare arithmetic first.
///
/// # Errors
/// Never: the values are fixed.
pub fn measure() -> Result<Figures, Broken> {
    let given = Given::new()?;
    // The first round finds cold caches.
    given.percentages(100)?;
    let rows = [
        ("a percentage of a base, rounded", given.percentages(5_000)?),
        ("the whole engine with its traces, one clause", given.simple(200)?),
        ("the whole engine with its traces, bands and caps", given.banded(200)?),
    ];
    let rate = |measured: Measured| u64::try_from(measured.lines_per_second()).unwrap_or(u64::MAX);
    Ok(Figures(rows.into_iter().map(|(what, measured)| (what, rate(measured))).collect()))
}

impl Figures {
    /// The section of the page.
    #[must_use]
    pub fn table(&self) -> String {
        let head = format!(
            "`make bench-arithmetic`: lines a second on one core, by the wall clock, optimised and with every check of\n\
             overflow. The floor of the bare arithmetic is {}, and it alone is measured against it: a percentage of a base, rounded, and nothing\n\
             else. What a partner is paid by is the whole engine, far below that figure: order of the sales, events,\n\
             clauses, caps, and for each line the texts that explain it.\n\n| What | Lines a second |\n|---|---:|\n",
            page::thousands(FLOOR)
        );
        let rows = self.0.iter().map(|(what, rate)| format!("| {what} | {} |\n", page::thousands(*rate)));
        rows.fold(head, |text, row| text + &row)
    }

    /// Did the bare arithmetic reach its floor?
    #[must_use]
    pub fn is_enough(&self) -> bool {
        self.0.first().is_some_and(|(_, rate)| *rate >= FLOOR)
    }
}

/// What a thousand sales are measured with.
pub struct Given {
    sales: Vec<Sale>,
    terms: Terms,
}

/// Why there is nothing to measure.
#[derive(Debug)]
pub struct Broken(&'static str);

impl std::fmt::Display for Broken {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "making the {} to measure with", self.0)
    }
}

impl std::error::Error for Broken {}

const SALES: i64 = 1_000;

impl Given {
    /// Sales of one month, one in eight paid in part only.
    ///
    /// # Errors
    /// Never: the values are fixed.
    pub fn new() -> Result<Self, Broken> {
        let at: Timestamp = "2026-11-21T12:00:00Z".parse().map_err(|_| Broken("instant"))?;
        let day = BusinessDay::parse("2026-11-21").map_err(|_| Broken("day"))?;
        let (program, link) = (ProgramId::from_ulid(1_u128.into()), LinkId::from_ulid(1_u128.into()));
        let sale = |n: i64| {
            let payment = PaymentKey::parse(&format!("stripe:in_{n}")).map_err(|_| Broken("key"))?;
            let paid = Money::from_minor(4_900 + n * 7, Currency::USD);
            let total = if n % 8 == 0 { Money::from_minor(9_900 + n * 7, Currency::USD) } else { paid };
            let credit = Credit::by_click(PartnerId::from_ulid(1_u128.into()), program.clone(), link.clone(), at);
            let tax = Money::from_minor(800, Currency::USD);
            let decision = Decision::one(credit);
            Ok(Sale { total, tax, decision, ..Sale::plain(payment, paid, at, day) })
        };
        let rate = Rate::parse("0.125").map_err(|_| Broken("rate"))?;
        let sales = (0..SALES).map(sale).collect::<Result<_, _>>()?;
        Ok(Self { sales, terms: Terms::simple(Reward::Percentage(rate), 30) })
    }

    /// Base and percentage of each sale, rounded: what a simple rule computes.
    ///
    /// # Errors
    /// Never: the amounts are in range.
    pub fn percentages(&self, rounds: u32) -> Result<Measured, Broken> {
        let rate = Rate::parse("0.125").map_err(|_| Broken("rate"))?;
        self.timed(rounds, || {
            let mut sum = 0_i64;
            for sale in black_box(&self.sales) {
                let base = base_of(sale, self.terms.base).map_err(|_| Broken("base"))?;
                let amount = rate.of(&base, self.terms.rounding).map_err(|_| Broken("amount"))?;
                sum = sum.wrapping_add(amount.minor());
            }
            Ok(sum)
        })
    }

    /// The whole engine over the month: order, events, clauses, trace.
    ///
    /// # Errors
    /// Never: the amounts are in range.
    pub fn simple(&self, rounds: u32) -> Result<Measured, Broken> {
        self.assessed(rounds, self.terms.clone())
    }

    /// The same with bands and caps.
    ///
    /// # Errors
    /// Never: the amounts are in range.
    pub fn banded(&self, rounds: u32) -> Result<Measured, Broken> {
        let step = |from, rate: &str| {
            let rate = Rate::parse(rate).map_err(|_| Broken("rate"))?;
            Ok(Band { from: Money::from_minor(from, Currency::USD), rate })
        };
        let steps = vec![step(0, "0.2")?, step(1_000_000, "0.25")?, step(2_500_000, "0.3")?];
        let cap = Some(Money::from_minor(1_000_000, Currency::USD));
        let caps = Caps { per_line: cap, per_partner_period: cap, ..Caps::default() };
        let bands = Some(Bands { mode: BandMode::Marginal, steps });
        self.assessed(rounds, Terms { bands, caps, ..Terms::simple(Reward::Banded, 30) })
    }

    fn assessed(&self, rounds: u32, terms: Terms) -> Result<Measured, Broken> {
        let (id, program) = (RuleId::from_ulid(1_u128.into()), ProgramId::from_ulid(1_u128.into()));
        let effective_from: Timestamp = "2026-01-01T00:00:00Z".parse().map_err(|_| Broken("instant"))?;
        let versions = vec![RuleVersion { id, program: program.clone(), effective_from, terms }];
        let programs = BTreeMap::from([(program, ProgramRules { zone: Zone::utc(), versions })]);
        let (histories, standings, late) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        self.timed(rounds, || {
            let sales = self.sales.iter().collect();
            let scope = Scope { sales, programs: &programs, histories: &histories, standings: &standings, late: &late };
            let assessed = assess(black_box(&scope)).map_err(|_| Broken("assessed"))?;
            let lines = assessed.sales.iter().map(|sale| sale.earnings.len()).fold(0_usize, usize::saturating_add);
            i64::try_from(lines).map_err(|_| Broken("lines"))
        })
    }

    fn timed(&self, rounds: u32, mut work: impl FnMut() -> Result<i64, Broken>) -> Result<Measured, Broken> {
        let lines = u128::from(rounds) * u128::try_from(self.sales.len()).map_err(|_| Broken("lines"))?;
        let begun = Instant::now();
        for _ in 0..rounds {
            black_box(work()?);
        }
        Ok(Measured { lines, nanoseconds: begun.elapsed().as_nanos().max(1) })
    }
}

/// So many lines in so much time.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    lines: u128,
    nanoseconds: u128,
}

impl Measured {
    /// Lines a second.
    #[must_use]
    pub fn lines_per_second(self) -> u128 {
        self.lines * 1_000_000_000 / self.nanoseconds
    }
}
