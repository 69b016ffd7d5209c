//! Hostile input, by the million: bytes that were good once, changed at random, given to whatever reads them first.
//!
//! What lives here: a loop of mutations from a seed, on the stable toolchain, and the targets. What does not: readers. To
//! add a target: a function in `targets.rs` that takes bytes and panics where a promise is broken, and its line in
//! [`targets::TARGETS`] with what to begin from.
//!
//! `fuzz SECONDS [SEED] [TARGET]` runs each target for so long. What breaks is printed as hexadecimal with its seed, and
//! the same seed finds it again.

mod mutate;
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use mutate::Dice;
use targets::{TARGETS, Target};

/// How many mutants are made between two looks at the clock.
const BURST: u64 = 500;
/// How many inputs are kept to go on from.
const KEPT_MAX: usize = 4_096;

/// What a target came to.
struct Outcome {
    tried: u64,
    /// The input that broke it, and the seed of its mutant.
    broken: Option<(u64, Vec<u8>)>,
}

fn run(target: &Target, seconds: u64, seed: u64) -> Outcome {
    let mut pool = (target.begin)();
    for input in &pool {
        if !holds(target, input) {
            return Outcome { tried: 1, broken: Some((0, input.clone())) };
        }
    }
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut tried = 0;
    while Instant::now() < until {
        for _ in 0..BURST {
            let own = seed.wrapping_add(tried);
            let mut dice = Dice::new(own);
            let mut input = pool[dice.place(pool.len())].clone();
            mutate::mutate(&mut input, &pool, &mut dice);
            tried += 1;
            if !holds(target, &input) {
                return Outcome { tried, broken: Some((own, input)) };
            }
            // Now and then one is kept to go on from, so that changes add up.
            if dice.below(64) == 0 && input.len() < 16_384 {
                if pool.len() < KEPT_MAX {
                    pool.push(input);
                } else {
                    let place = dice.place(pool.len());
                    pool[place] = input;
                }
            }
        }
    }
    Outcome { tried, broken: None }
}

fn holds(target: &Target, input: &[u8]) -> bool {
    catch_unwind(AssertUnwindSafe(|| (target.run)(input))).is_ok()
}

#[expect(clippy::print_stdout, reason = "a command's answer goes to its output")]
fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(60);
    let seed = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1);
    let only = arguments.next();
    let mut is_good = true;
    for target in TARGETS.iter().filter(|target| only.as_deref().is_none_or(|only| target.name.contains(only))) {
        let outcome = run(target, seconds, seed);
        match &outcome.broken {
            None => println!("{}: {} inputs, none broke it", target.name, outcome.tried),
            Some((seed, input)) => {
                is_good = false;
                println!("{}: broken by the mutant of seed {seed}: {}", target.name, hex::encode(input));
            }
        }
    }
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_target_bears_what_it_begins_from_and_a_moment_of_mutants() {
        for target in TARGETS {
            let mut pool = (target.begin)();
            assert!(!pool.is_empty(), "{}", target.name);
            for own in 0..300 {
                let mut dice = Dice::new(own);
                let mut input = pool[dice.place(pool.len())].clone();
                mutate::mutate(&mut input, &pool, &mut dice);
                assert!(holds(target, &input), "{}: {}", target.name, hex::encode(&input));
                pool.push(input);
            }
        }
    }

    #[test]
    fn a_target_that_breaks_is_found_and_its_seed_finds_it_again() {
        fn breaks(input: &[u8]) {
            assert!(!input.contains(&b'%'), "a percent sign");
        }
        let target = Target { name: "one that breaks", begin: || vec![b"t=1,v1=00".to_vec()], run: breaks };
        let found = run(&target, 20, 7).broken.expect("found");
        assert!(found.1.contains(&b'%'));
        let again = run(&target, 20, 7).broken.expect("found again");
        assert_eq!(again, found);
    }
}
