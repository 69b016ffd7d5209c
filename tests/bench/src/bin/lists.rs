//! `make bench-lists`: prints what pages of lists take, and writes the section of `docs/BENCHMARKS.md`.

use std::process::ExitCode;

use bench::{lists, page, seed};

/// How many partners and lines there are, when nothing else is asked for.
const PARTNERS: u64 = 10_000;
const LINES: u64 = 1_000_000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let asked = std::env::args().nth(1);
    if asked.as_deref() == Some(seed::SERVE) {
        seed::serve().await;
        return ExitCode::SUCCESS;
    }
    let lines: Option<u64> = asked.and_then(|lines| lines.parse().ok());
    let (partners, lines) = lines.map_or((PARTNERS, LINES), |lines| (lines / 100, lines));
    let found = lists::measure(partners, lines).await;
    let table = lists::table(&found, partners, lines);
    page::end(Some("Lists"), &table, &found.misses())
}
