//! Flows through the spawned binaries. `cargo build --workspace` first: they run what is built.

mod api;
mod life;
mod operator;
mod twice;
mod walkthrough;
mod world;
