//! Changes to the money code, one at a time, all of them compiled at once: does a test notice each?
//!
//! What lives here: what is changed is listed by cargo-mutants ([`listed`]); every change becomes a branch behind a switch,
//! found in the source ([`site`]) and written into a copy of it ([`render`]); the copy is compiled until only what compiles
//! is left ([`tree`]); then each change is switched on, and the tests that come by it are run ([`trial`]).
//! What cannot be behind a switch (another type behind `impl`, what a constant calls) is *apart*: it is compiled by itself,
//! and all tests are run.
//! What does not: finding out what can be changed. That is cargo-mutants'.
//!
//! To add a package: nothing, its name is an argument. To add a kind of change: a variant of [`listed::Genre`], how it is
//! found in [`site`], and how it is written in [`render`].

pub mod listed;
pub mod outcome;
pub mod render;
pub mod site;
pub mod tree;
pub mod trial;

#[cfg(test)]
mod tests;
