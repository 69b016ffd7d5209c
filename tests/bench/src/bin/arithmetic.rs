//! `make bench-arithmetic`: prints what the rules cost, and writes the section of `docs/BENCHMARKS.md`.

use std::process::ExitCode;

use bench::{arithmetic, page};

#[expect(clippy::print_stdout, reason = "a program that prints figures")]
fn main() -> ExitCode {
    let figures = match arithmetic::measure() {
        Ok(figures) => figures,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    println!("{}", figures.table());
    if let Err(error) = page::write_section("Rule arithmetic", &figures.table()) {
        eprintln!("docs/BENCHMARKS.md: {error}");
        return ExitCode::FAILURE;
    }
    if figures.is_enough() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
