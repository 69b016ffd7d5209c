//! The simulator: seeded worlds over the real handlers, in which this crate owns time, order and faults.
//!
//! What lives here: a database that remembers every version ([`database`]), a cloud in which every request waits until it
//! is let go ([`cloud`]), a rail that moves by itself ([`rail`]), plans of worlds ([`plan`], [`facts`], [`faults`]), worlds as they happen ([`scene`]), and the
//! laws ([`laws`]). What does not: a second ledger; what sales must come to is said by `model`, which knows nothing of the
//! product.
//!
//! To add a fact, a fault, a handler or a planted bug: a line in the list of its kind, and what it does beside it.

pub mod cloud;
pub mod database;
pub mod dice;
pub mod errands;
pub mod facts;
pub mod faults;
pub mod furniture;
pub mod laws;
pub mod orders;
pub mod plan;
#[cfg(feature = "planted")]
pub mod planted;
pub mod rail;
pub mod run;
pub mod scene;
pub mod shrink;
