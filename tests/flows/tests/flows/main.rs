//! Flows through the spawned binaries. `cargo build --workspace` first: they run what is built.
#![expect(clippy::expect_used, reason = "what a flow stands on and is not there fails the flow")]

mod access;
mod api;
mod bad_input;
mod behind;
mod billing;
mod by_hand;
mod canary;
mod commands;
mod crash;
mod crowd;
mod followed;
mod inbound;
mod life;
mod operator;
mod page;
mod people;
mod rail;
mod store_down;
mod tenancy;
mod twice;
mod unknown;
mod walkthrough;
mod world;
