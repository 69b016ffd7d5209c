//! What tests stand on: the tables of template.yaml in memory, a cloud of one's own, meters and faults.
//!
//! What lives here: set-up that several crates' tests share. What does not: assertions about the product, and
//! anything shipped. To add something: a file about one noun, and a line here.

mod client;
mod cloud;
mod database;
mod gate;
pub mod issuer;
pub mod stub;

pub use client::{Fault, Units};
pub use cloud::{Cloud, CloudOptions};
pub use database::{Database, database, serving};
pub use gate::Held;
