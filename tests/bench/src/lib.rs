//! Measures, each a program of its own: request units of every access pattern, bytes, start and memory of binaries.
//!
//! What lives here: programs that print figures and write them to `docs/`. What does not: assertions about time; those
//! are nowhere. To add a figure: a row in the program that measures its kind.

pub mod arithmetic;
mod asking;
pub mod closes;
pub mod dry_runs;
pub mod lists;
pub mod operations;
pub mod page;
pub mod seed;
pub mod units;
