//! `make bench-close`: prints what closes cost, and writes the section of `docs/BENCHMARKS.md`.

use std::process::ExitCode;

use bench::{closes, page, seed};

/// How many lines the largest account has, when nothing else is asked for.
const LINES: u64 = 1_000_000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let asked = std::env::args().nth(1);
    if asked.as_deref() == Some(seed::SERVE) {
        seed::serve().await;
        return ExitCode::SUCCESS;
    }
    let lines = asked.and_then(|lines| lines.parse().ok());
    let found = closes::measure(lines.unwrap_or(LINES)).await;
    page::end(lines.is_none().then_some("Closes"), &found.table(), &found.misses())
}
