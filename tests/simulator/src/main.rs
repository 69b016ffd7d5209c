//! `simulator worlds WORLDS SEED`: lets so many worlds happen. `simulator survey WORLDS SEED`: the same, to the end whatever
//! breaks. `simulator one SEED`: one of them, with its log.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports to its caller")]

use std::process::ExitCode;

use simulator::plan::Plan;
use simulator::run::{Report, Stage, Until, run};
use simulator::shrink::shrink;

/// A world is made of millions of small pieces: a fifth of its time went into asking for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // A panic of a handler is a finding, told with its seed.
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number =
        |place: usize, otherwise: u64| words.get(place).and_then(|word| word.parse().ok()).unwrap_or(otherwise);
    let told = match words.first().map(String::as_str) {
        Some("worlds") => worlds(number(1, 1_000), number(2, 1)),
        Some("survey") => survey(number(1, 1_000), number(2, 1)),
        Some("one") => one(number(1, 1)),
        Some("orders") => orders(number(1, 1_000), number(2, 1)),
        #[cfg(feature = "planted")]
        Some("self-test") => self_test(number(1, 1_000), words.get(2).map(String::as_str)),
        _ => Err("simulator worlds WORLDS SEED | survey WORLDS SEED | one SEED | orders ORDERS SEED | self-test WORLDS (feature planted)".to_owned()),
    };
    match told {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn worlds(worlds: u64, seed: u64) -> Result<bool, String> {
    let told = |report: &Report| {
        println!(
            "{} worlds, {} broken laws, {} a second",
            report.worlds,
            report.broken.len(),
            report.worlds_a_second()
        );
    };
    let report = run(seed, Until { worlds, time: None, first_broken: true }, told)?;
    if let Some(broken) = report.broken.first() {
        println!("seed {} breaks {}: {}", broken.seed, broken.law, broken.found);
        smallest(broken.seed)?;
    }
    println!("{report}");
    Ok(report.is_good())
}

fn survey(worlds: u64, seed: u64) -> Result<bool, String> {
    let report = run(seed, Until { worlds, time: None, first_broken: false }, |_| {})?;
    println!("{report}");
    Ok(report.is_good())
}

fn one(seed: u64) -> Result<bool, String> {
    let (mut log, plan) = (Vec::new(), Plan::of(seed));
    println!("{:?}, {}, holds of {} days, {:#?}", plan.style, plan.zone, plan.hold_days, plan.terms.rules);
    let ended = Stage::new().happen(&plan, Some(&mut log));
    log.iter().for_each(|line| println!("{line}"));
    match ended {
        Ok(tally) => println!("{tally:?}"),
        Err(trouble) => {
            println!("{trouble}");
            return smallest(seed).map(|()| false);
        }
    }
    Ok(true)
}

fn smallest(seed: u64) -> Result<(), String> {
    let mut stage = Stage::new();
    let plan = Plan::of(seed);
    let Err(simulator::scene::Trouble::Broken(breach)) = stage.happen(&plan, None) else {
        println!("alone, the world of seed {seed} breaks no law");
        return Ok(());
    };
    let shrunk = shrink(&mut stage, &plan, &breach);
    println!(
        "the smallest world of it: {} events, {} deeds, {} faults",
        shrunk.plan.events.len(),
        shrunk.plan.deeds.len(),
        shrunk.plan.faults.len()
    );
    for event in &shrunk.plan.events {
        println!("  {} {}: {}", event.id, event.kind, event.body);
    }
    shrunk.log.iter().for_each(|line| println!("{line}"));
    println!("{}", shrunk.found);
    Ok(())
}

fn orders(orders: u64, seed: u64) -> Result<bool, String> {
    let told = simulator::orders::permute(seed, orders, simulator::orders::FACTS)?;
    println!("{told}");
    Ok(told.differing.is_empty())
}

#[cfg(feature = "planted")]
fn self_test(worlds: u64, only: Option<&str>) -> Result<bool, String> {
    let (mut tried, mut missed) = (0, 0);
    let all = simulator::planted::self_test(only, worlds, |found| {
        tried += 1;
        match &found.broken {
            Some(broken) => {
                println!("found  {:<40} world {:>4}, {}: {}", found.name, broken.seed, broken.law, broken.found)
            }
            None => {
                missed += 1;
                println!("MISSED {:<40} in {} worlds", found.name, found.worlds);
            }
        }
    })?;
    println!("{tried} planted bugs, {missed} not found");
    Ok(all && tried > 0)
}
