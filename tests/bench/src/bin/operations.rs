//! `make bench-api`: prints what single reads and writes take, and writes the section of `docs/BENCHMARKS.md`.

use std::process::ExitCode;

use bench::{operations, page, seed};

/// How often each operation is asked, when nothing else is asked for.
const CALLS: u64 = 300;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "a program that prints figures")]
async fn main() -> ExitCode {
    let asked = std::env::args().nth(1);
    if asked.as_deref() == Some(seed::SERVE) {
        seed::serve().await;
        return ExitCode::SUCCESS;
    }
    let found = operations::measure(asked.and_then(|calls| calls.parse().ok()).unwrap_or(CALLS)).await;
    let table = found.table();
    println!("{table}");
    if let Err(error) = page::write_section("Single reads and writes", &table) {
        eprintln!("docs/BENCHMARKS.md: {error}");
        return ExitCode::FAILURE;
    }
    let misses = found.misses();
    for miss in &misses {
        eprintln!("missed: {miss}");
    }
    if misses.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
