//! Use cases that two borders share: an API and a page, a request and a night.
//!
//! What lives here: one module a case; it takes actor, instant and store, and answers an outcome. What does not: HTTP,
//! SDK types, the clock. A case that one function alone uses lives in that function.
//!
//! To add a case: a module named after what is done, its outcomes as an enum, its laws as tests over a real store.

pub mod achievements;
pub mod adjust;
pub mod alone;
pub mod audit;
pub mod awards;
pub mod closing;
pub mod desk;
pub mod dunning;
pub mod error;
mod fences;
pub mod figures;
pub mod instructions;
pub mod issuer;
pub mod leads;
pub mod night;
pub mod payees;
pub mod payout_runs;
pub mod payouts;
pub mod privacy;
pub mod raw_event;
pub mod recompute;
pub mod risk;
pub mod salt;
mod under;
pub mod verify;
