//! `make bench-close`: prints what closes cost, and writes the section of `docs/BENCHMARKS.md`.

use std::process::ExitCode;

use bench::{closes, page, seed};

/// How many lines the largest account has, when nothing else is asked for.
const LINES: u64 = 1_000_000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "a program that prints figures")]
async fn main() -> ExitCode {
    let asked = std::env::args().nth(1);
    if asked.as_deref() == Some(seed::SERVE) {
        seed::serve().await;
        return ExitCode::SUCCESS;
    }
    let lines = asked.and_then(|lines| lines.parse().ok());
    let found = closes::measure(lines.unwrap_or(LINES)).await;
    println!("{}", found.table());
    if lines.is_none()
        && let Err(error) = page::write_section("Closes", &found.table())
    {
        eprintln!("docs/BENCHMARKS.md: {error}");
        return ExitCode::FAILURE;
    }
    let misses = found.misses();
    for miss in &misses {
        eprintln!("missed: {miss}");
    }
    if misses.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
