//! The small cloud: what AWS does for this template, in one process on this machine.
//!
//! What lives here: reading template.yaml, and each service as far as the template uses it. What does not: anything
//! shipped; nothing outside tests may depend on this crate. To add a service or a property: its row in
//! `template/known.rs`, its reading in `template/build/`, its running in a file of its own.

pub mod addresses;
mod aws;
pub mod clock;
pub mod cloud;
mod control;
pub mod error;
pub mod files;
pub mod filter;
pub mod gateway;
mod ids;
pub mod keep;
pub mod mail;
mod mint;
mod pages;
pub mod queues;
pub mod runtime;
pub mod schedule;
mod sources;
mod sqs_backend;
mod stripe;
pub mod tables;
pub mod template;
mod vault;

/// What this process holds in memory, in MB, rounded up.
pub fn own_memory_mb() -> u64 {
    runtime::memory_kb(std::process::id(), "VmRSS:").div_ceil(1_024)
}
