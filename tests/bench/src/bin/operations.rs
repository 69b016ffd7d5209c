//! `make bench-api`: prints what single reads and writes take, and writes the section of `docs/BENCHMARKS.md`.

use std::process::ExitCode;

use bench::{operations, page, seed};

/// How often each operation is asked, when nothing else is asked for.
const CALLS: u64 = 300;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let asked = std::env::args().nth(1);
    if asked.as_deref() == Some(seed::SERVE) {
        seed::serve().await;
        return ExitCode::SUCCESS;
    }
    let found = operations::measure(asked.and_then(|calls| calls.parse().ok()).unwrap_or(CALLS)).await;
    page::end(Some("Single reads and writes"), &found.table(), &found.misses())
}
