//! Worlds and orders, as many as a test run has time for. `make simulate` lets thousands happen.

use std::io::Write;
use std::time::Duration;

use simulator::orders::permute;
use simulator::plan::Plan;
use simulator::run::{Report, Stage, Until, run};
use simulator::scene::Trouble;
use simulator::shrink::shrink;

/// How long worlds happen where nothing else is said.
const SECONDS: u64 = 60;
/// Few facts and few orders: what `make simulate-orders` does with 200 facts and 1,000 orders.
const ORDERS: u64 = 24;
const FACTS: usize = 60;

fn seconds() -> u64 {
    std::env::var("SIMULATE_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(SECONDS)
}

#[test]
fn worlds_full_of_faults_break_no_law() {
    let until = Until { worlds: u64::MAX, time: Some(Duration::from_secs(seconds())), first_broken: true };
    let report = run(1, until, |_: &Report| {}).expect("the threads end");
    println!("{report}");
    if let Some(told) = report.too_few() {
        // What a test prints is shown where it fails, and this is to be read where it passes.
        writeln!(std::io::stderr(), "{told}").expect("somewhere to tell it");
    }
    let broken = report.broken.first().map(|broken| (broken.seed, broken.law, broken.found.as_str()));
    assert_eq!(broken, None, "`make simulate-one` with this SEED shows it");
    assert_eq!(report.shortcomings(), Vec::<String>::new());
}

#[test]
fn a_run_of_few_worlds_says_that_it_says_nothing_about_what_was_tried() {
    let of = |worlds| Report { worlds, ..Report::default() };
    let told = of(199).to_string();
    assert!(told.contains("too few worlds to say what was tried: 199 of at least 200"), "{told}");
    assert_eq!(of(199).shortcomings(), Vec::<String>::new());
    assert!(!of(200).to_string().contains("too few worlds"));
    assert!(!of(200).shortcomings().is_empty(), "nothing was tried");
}

#[test]
fn the_same_seed_is_the_same_world() {
    let happen = |stage: &mut Stage| {
        let mut log = Vec::new();
        let tally = stage.happen(&Plan::of(7), Some(&mut log)).expect("world 7 breaks no law");
        (log, tally.requests, tally.lines, tally.faults)
    };
    let mut stage = Stage::new();
    let first = happen(&mut stage);
    assert!(first.0.len() > 100, "a world of {} steps", first.0.len());
    assert_eq!(happen(&mut stage), first, "in the same database");
    assert_eq!(happen(&mut Stage::new()), first, "in a fresh one");
}

#[test]
fn facts_in_other_orders_and_told_twice_end_in_the_same_ledger() {
    let told = permute(1, ORDERS, FACTS).expect("every order is worked through");
    println!("{told}");
    assert_eq!(told.differing, []);
    assert!(told.sales > 5, "{told}");
}

/// A plan whose model was told of more money than ever came: its world then differs from it.
fn mistold(seed: u64) -> Plan {
    let mut plan = Plan::of(seed);
    for fact in plan.events.iter_mut().flat_map(|event| &mut event.told) {
        if let model::Fact::Paid(paid) = fact {
            paid.paid *= 3;
            paid.total *= 3;
        }
    }
    plan
}

#[test]
fn a_world_that_breaks_a_law_is_made_small() {
    let mut stage = Stage::new();
    let found = (1..30).map(mistold).find_map(|plan| match stage.happen(&plan, None) {
        Err(Trouble::Broken(breach)) if breach.law == "model" => Some((plan, breach)),
        _ => None,
    });
    let (plan, breach) = found.expect("one of the worlds differs");
    let shrunk = shrink(&mut stage, &plan, &breach);
    assert!(shrunk.plan.events.len() <= 4, "{} events are left", shrunk.plan.events.len());
    assert_eq!((shrunk.plan.faults.len(), shrunk.plan.deeds.len()), (0, 0), "no fault and no deed is to blame");
    assert!(shrunk.found.starts_with("model: "), "{}", shrunk.found);
}
