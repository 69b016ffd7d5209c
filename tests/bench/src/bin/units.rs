//! `make units`: prints the request units of every access pattern and writes `docs/units.md`.

use std::path::Path;
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "a program that prints figures")]
async fn main() -> ExitCode {
    let rows = bench::units::measure().await;
    let table = bench::units::table(&rows);
    println!("{table}");
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/units.md");
    if let Err(error) = std::fs::write(&page, table) {
        eprintln!("docs/units.md: {error}");
        return ExitCode::FAILURE;
    }
    if rows.iter().all(bench::units::Row::holds) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
