//! What clippy.toml bans, once each. `proved.sh` looks for each line's words in what clippy says.

pub fn half() -> f64 { 0.5 } // caught by clippy: disallowed type `f64`
pub fn quarter() -> f32 { 0.25 } // caught by clippy: disallowed type `f32`
pub fn at() -> std::time::SystemTime { std::time::SystemTime::now() } // caught by clippy: disallowed method `std::time::SystemTime::now`
pub fn since() -> std::time::Instant { std::time::Instant::now() } // caught by clippy: disallowed method `std::time::Instant::now`
pub fn stage() -> Option<String> { std::env::var("STAGE").ok() } // caught by clippy: disallowed method `std::env::var`
pub fn total(lines: &[i64]) -> i64 { lines.iter().sum() } // caught by clippy: disallowed method `core::iter::Iterator::sum`
pub fn by_name() -> std::collections::HashMap<String, i64> { Default::default() } // caught by clippy: disallowed type `std::collections::HashMap`
