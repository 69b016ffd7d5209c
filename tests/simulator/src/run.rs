//! Many worlds, on as many threads as there are cores, and what they came to.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::cloud::Cloud;
use crate::database::{Database, TABLES};
use crate::errands::ERRANDS;
use crate::facts::FACTS;
use crate::faults::FAULTS;
use crate::furniture::Clients;
use crate::laws::{Breach, LAWS};
use crate::plan::Plan;
use crate::scene::{Tally, Trouble, happen};

/// How many worlds one database holds, a tenant each, before it is exchanged for an empty one.
const WORLDS_A_DATABASE: u64 = 200;

/// From so many worlds on each fault, fact and law must have been tried.
const WORLDS_TO_TRY_ALL: u64 = 200;

/// One thread's place to let worlds happen in.
pub struct Stage {
    cloud: Cloud,
    clients: Clients,
    worlds: u64,
}

impl Stage {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        let cloud = Cloud::new(Database::new(TABLES));
        let [core, clicks, ops] = ["core", "clicks", "ops"].map(str::to_owned);
        let clients = Clients::of(&cloud, store::Tables { core, clicks, ops });
        Self { cloud, clients, worlds: 0 }
    }

    /// The cloud, and the clients in it.
    #[must_use]
    pub fn parts(&self) -> (&Cloud, &Clients) {
        (&self.cloud, &self.clients)
    }

    /// Lets the world of a plan happen.
    ///
    /// # Errors
    /// The first law that does not hold; a panic is one.
    pub fn happen(&mut self, plan: &Plan, log: Option<&mut Vec<String>>) -> Result<Tally, Trouble> {
        if self.worlds >= WORLDS_A_DATABASE {
            *self = Self::new();
        }
        self.worlds += 1;
        let happened = AssertUnwindSafe(|| happen(&self.cloud, &self.clients, plan, log));
        let happened = std::panic::catch_unwind(happened);
        happened.unwrap_or_else(|_| {
            *self = Self::new();
            Err(Trouble::Broken(Breach { law: "liveness", found: "a panic".to_owned() }))
        })
    }
}

impl Default for Stage {
    fn default() -> Self {
        Self::new()
    }
}

/// A world that broke a law.
#[derive(Clone, Debug)]
pub struct Broken {
    /// Its seed.
    pub seed: u64,
    /// The law.
    pub law: &'static str,
    /// What was found.
    pub found: String,
}

/// What many worlds came to.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many there were.
    pub worlds: u64,
    /// What they did.
    pub tally: Tally,
    /// Those that broke a law.
    pub broken: Vec<Broken>,
    /// How long it took.
    pub took: Duration,
}

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub struct Until {
    /// After so many worlds.
    pub worlds: u64,
    /// After so long.
    pub time: Option<Duration>,
    /// At the first that breaks a law.
    pub first_broken: bool,
}

/// Lets worlds happen, from a seed on, on all cores. `each_thousand` hears of each thousand.
///
/// # Errors
/// A thread has died.
pub fn run(seed: u64, until: Until, each_thousand: impl Fn(&Report) + Sync) -> Result<Report, String> {
    let begun = Instant::now();
    let (next, stopped) = (AtomicU64::new(0), AtomicBool::new(false));
    let report = Mutex::new(Report::default());
    let work = || {
        let mut stage = Stage::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let is_late = until.time.is_some_and(|time| begun.elapsed() >= time);
            if number >= until.worlds || is_late || stopped.load(Ordering::Relaxed) {
                return;
            }
            let plan = Plan::of(seed + number);
            let happened = stage.happen(&plan, None);
            let Ok(mut report) = report.lock() else { return };
            report.worlds += 1;
            report.took = begun.elapsed();
            match happened {
                Ok(tally) => report.tally.merge(&tally),
                Err(trouble) => {
                    let (law, found) = match trouble {
                        Trouble::Broken(breach) => (breach.law, breach.found),
                        Trouble::Unfurnished(error) => ("furniture", error.to_string()),
                    };
                    report.broken.push(Broken { seed: plan.seed, law, found });
                    stopped.store(until.first_broken, Ordering::Relaxed);
                }
            }
            if report.worlds % 1_000 == 0 {
                each_thousand(&report);
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let mut report = report.into_inner().map_err(|_| "a thread has died".to_owned())?;
    report.broken.sort_by_key(|broken| broken.seed);
    Ok(report)
}

impl Report {
    /// Worlds a second.
    #[must_use]
    pub fn worlds_a_second(&self) -> u64 {
        let ms = u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX).max(1);
        self.worlds.saturating_mul(1_000) / ms
    }

    /// What was never tried on anything: kinds of facts, faults, laws. A run that ends so proves nothing about them.
    #[must_use]
    pub fn untried(&self) -> Vec<String> {
        let tally = &self.tally;
        let laws = LAWS.iter().filter(|law| tally.checked.of(law) == 0).map(|law| format!("law {law}"));
        let faults = FAULTS.iter().filter(|fault| !tally.faults.contains_key(fault.name));
        let errands = ERRANDS.iter().filter(|kind| !tally.errands.contains_key(kind.name));
        let kinds = FACTS.iter().flat_map(|kind| kind.tells).filter(|kind| !tally.facts.contains_key(*kind));
        laws.chain(faults.map(|fault| format!("fault {}", fault.name)))
            .chain(kinds.map(|kind| format!("fact {kind}")))
            .chain(errands.map(|kind| format!("errand {}", kind.name)))
            .collect()
    }

    /// What each world has on average, and what it must have at least, in tenths.
    #[must_use]
    pub fn averages(&self) -> Vec<(&'static str, u64, u64)> {
        let Tally { partners, facts, faults, nights, payouts, .. } = &self.tally;
        let all = |map: &std::collections::BTreeMap<&str, u64>| map.values().copied().fold(0, u64::saturating_add);
        let tenths = |sum: u64| sum * 10 / self.worlds.max(1);
        vec![
            ("partners", tenths(*partners), 50),
            ("facts", tenths(all(facts)), 400),
            ("nights", tenths(*nights), 30),
            ("payouts", tenths(*payouts), 20),
            ("faults", tenths(all(faults)), 100),
        ]
    }

    /// What keeps the run from proving anything: what was never tried, and averages below what they must be. Of few
    /// worlds nothing is expected.
    #[must_use]
    pub fn shortcomings(&self) -> Vec<String> {
        if self.worlds < WORLDS_TO_TRY_ALL {
            return Vec::new();
        }
        let low = self.averages().into_iter().filter(|(_, tenths, least)| tenths < least);
        let low = low.map(|(name, tenths, least)| {
            format!("{name}: {}.{} a world, at least {} are wanted", tenths / 10, tenths % 10, least / 10)
        });
        self.untried().into_iter().map(|what| format!("{what}: never tried")).chain(low).collect()
    }

    /// What a run says that time ended early: it must not read as one that tried everything.
    #[must_use]
    pub fn too_few(&self) -> Option<String> {
        let is_too_few = self.worlds < WORLDS_TO_TRY_ALL;
        is_too_few
            .then(|| format!("too few worlds to say what was tried: {} of at least {WORLDS_TO_TRY_ALL}", self.worlds))
    }

    /// Nothing broke, and everything was tried.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.broken.is_empty() && self.shortcomings().is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tally = &self.tally;
        let table = |out: &mut fmt::Formatter<'_>, title: &str, rows: Vec<(String, u64)>| {
            writeln!(out, "{title}")?;
            rows.iter().try_for_each(|(name, times)| writeln!(out, "  {name:<34} {times:>12}"))
        };
        let rows = |map: &std::collections::BTreeMap<&str, u64>| {
            map.iter().map(|(name, times)| ((*name).to_owned(), *times)).collect::<Vec<_>>()
        };
        table(out, "facts", rows(&tally.facts))?;
        table(out, "errands", rows(&tally.errands))?;
        table(out, "faults", rows(&tally.faults))?;
        table(
            out,
            "laws, checked on something",
            LAWS.iter().map(|law| ((*law).to_owned(), tally.checked.of(law))).collect(),
        )?;
        writeln!(out, "a world on average")?;
        for (name, tenths, least) in self.averages() {
            writeln!(out, "  {name:<34} {:>10}.{} (at least {})", tenths / 10, tenths % 10, least / 10)?;
        }
        writeln!(
            out,
            "{} requests, {} lines, {} visits, {} payouts paid by hand, {} by transfer, {} resolved by people; {} worlds a second",
            tally.requests,
            tally.lines,
            tally.visits,
            tally.paid,
            tally.transfers,
            tally.resolved,
            self.worlds_a_second()
        )?;
        if let Some(told) = self.too_few() {
            writeln!(out, "{told}")?;
        }
        for shortcoming in self.shortcomings() {
            writeln!(out, "NOT TRIED ENOUGH: {shortcoming}")?;
        }
        for broken in &self.broken {
            writeln!(out, "seed {}: {}: {}", broken.seed, broken.law, broken.found)?;
        }
        write!(out, "{} worlds, {} broken laws", self.worlds, self.broken.len())
    }
}
