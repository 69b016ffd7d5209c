//! `mutants LIST.json OUT`: tries every change of a list (`cargo mutants --list --json`) of one package of `shared/`, and
//! writes `OUT/outcomes.json`. Changes that cannot be behind a switch are compiled one by one.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports to its caller")]

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Instant;

use mutants::listed::{Mutant, Number};
use mutants::outcome::{Outcome, Tried, written};
use mutants::tree::Tree;
use mutants::trial::Tests;

/// The package of the money.
const PACKAGE: &str = "domain";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [list, out] = words.as_slice() else {
        eprintln!("mutants LIST.json OUT");
        return ExitCode::FAILURE;
    };
    match run(list, &PathBuf::from(out)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(list: &str, out: &PathBuf) -> Result<(), Box<dyn Error>> {
    let mutants: Vec<Mutant> = serde_json::from_str(&std::fs::read_to_string(list)?)?;
    std::fs::create_dir_all(out)?;
    let out = out.canonicalize()?;
    let jobs = std::env::var("JOBS").ok().and_then(|jobs| jobs.parse().ok()).unwrap_or(1);
    let mut tree = Tree::copy_of(&std::env::current_dir()?, PACKAGE, &out.join("tree"), &mutants)?;
    let compiled = tree.compile()?;
    let tests = Tests::traced(&compiled.tests, &tree.folder(), tree.root(), jobs)?;
    let numbered = || (1..).zip(&mutants);
    let left: Vec<Number> = numbered()
        .map(|(number, _)| number)
        .filter(|number| !compiled.unviable.contains(number) && !compiled.apart.contains(number))
        .collect();
    println!(
        "{} changes: {} behind a switch, {} do not compile, {} apart; {} tests",
        mutants.len(),
        left.len(),
        compiled.unviable.len(),
        compiled.apart.len(),
        tests.count
    );
    let tried = Mutex::new(Vec::new());
    let of = |number: Number| usize::try_from(number - 1).ok().and_then(|place| mutants.get(place));
    tests.run(&left, jobs, |number, outcome, took| {
        let Some(mutant) = of(number) else { return };
        if outcome == Outcome::Missed {
            println!("missed: {}", mutant.name);
        }
        if let Ok(mut tried) = tried.lock() {
            tried.push(Tried { mutant, outcome, ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX) });
        }
    })?;
    let mut tried = tried.into_inner().map_err(|_| "a thread has died")?;
    for number in &compiled.apart {
        let Some(mutant) = of(*number) else { continue };
        let begun = Instant::now();
        let outcome = match tree.compile_alone(mutant)? {
            Some(binary) => tests.run_all(&binary)?,
            None => Outcome::Unviable,
        };
        println!("apart, {outcome:?}: {}", mutant.name);
        tried.push(Tried { mutant, outcome, ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX) });
    }
    let unviable = compiled.unviable.iter().filter_map(|number| of(*number));
    tried.extend(unviable.map(|mutant| Tried { mutant, outcome: Outcome::Unviable, ms: 0 }));
    tried.sort_by(|one, other| one.mutant.name.cmp(&other.mutant.name));
    std::fs::write(out.join("outcomes.json"), written(&tried).to_string())?;
    Ok(())
}
