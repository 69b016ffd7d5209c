//! `make bench-dry-run`: prints how long other rules over past sales take, and writes the section of `docs/BENCHMARKS.md`.

use std::process::ExitCode;

use bench::{dry_runs, page, seed};

/// How many sales there are, when nothing else is asked for.
const SALES: u64 = 100_000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "a program that prints figures")]
async fn main() -> ExitCode {
    let asked = std::env::args().nth(1);
    if asked.as_deref() == Some(seed::SERVE) {
        seed::serve().await;
        return ExitCode::SUCCESS;
    }
    let found = dry_runs::measure(asked.and_then(|sales| sales.parse().ok()).unwrap_or(SALES)).await;
    println!("{}", found.table());
    if let Err(error) = page::write_section("Dry runs", &found.table()) {
        eprintln!("docs/BENCHMARKS.md: {error}");
        return ExitCode::FAILURE;
    }
    if found.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
