//! The border: what every function needs before its own work can begin.
//!
//! Here live configuration, AWS clients' settings, the clock, telemetry, problem+json, reading
//! of requests, bearer keys, idempotency, the Lambda harness, sealing and the stage's secrets.
//! Here do not live business nouns (a sale, a payout): those are `domain`, `cases` and the functions.
//! To add something: one noun, one file, one `pub mod` line; it must be needed by two functions.

pub mod api;
pub mod auth;
pub mod aws;
pub mod body;
pub mod click_keys;
pub mod clock;
pub mod config;
pub mod csv;
pub mod faults;
pub mod fingerprints;
pub mod http;
pub mod https;
pub mod idempotency;
pub mod jobs;
pub mod lambda;
pub mod limits;
pub mod negotiation;
pub mod openapi;
pub mod page;
pub mod people;
pub mod problem;
pub mod random;
pub mod revision;
pub mod sealing;
pub mod secrets;
pub mod settings;
pub mod telemetry;
pub mod viewer;
mod wire;
