//! The documents, held against the code: what is written down and no longer true fails here.
//!
//! What lives here: tests that generate or read the files of `docs/` and compare them with the code, and the few rules
//! of the house that no compiler holds. What does not: tests of the product. To add a document: write it, name the
//! files and rules that it speaks of, and if it can be generated, a module here that does so (`UPDATE_DOCS=1 cargo test
//! -p documents` writes it anew).

#[cfg(test)]
mod access;
#[cfg(test)]
mod adjustments;
#[cfg(test)]
mod configuration;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod house;
#[cfg(test)]
mod leads;
#[cfg(test)]
mod lines;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod recomputes;
#[cfg(test)]
mod references;
#[cfg(test)]
mod reviews;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod states;
#[cfg(test)]
mod tree;
