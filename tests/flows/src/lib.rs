//! Flows: whole lives through the real binaries on a small cloud.
//!
//! What lives here: tests, in `tests/flows`, each with a cloud of its own. What does not: anything to use elsewhere
//! (`testkit` has that). To add a flow: a module named after what happens, a line in `tests/flows/main.rs`.
