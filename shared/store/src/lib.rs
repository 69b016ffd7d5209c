//! DynamoDB, and nothing but.
//!
//! What lives here: every key format (`keys`), one method per access pattern, grouped by noun, with its conditions.
//! What does not: rules, HTTP, the clock, a generic query builder. Nothing outside this crate sees a key or an item.
//!
//! To add an access pattern: a row in the table on top of `keys.rs`, a method in the noun's file, a line in
//! `docs/units.md` by `make units`, and a test that runs it twice.

pub mod accounts;
pub mod adjustments;
pub mod agreed;
pub mod api_keys;
pub mod applications;
pub mod attempts;
pub mod audit;
pub mod authenticators;
pub mod awards;
pub mod buyers;
pub mod calls;
pub mod claims;
pub mod click_counts;
pub mod clicks;
pub mod commissions;
pub mod counts;
pub mod coupons;
pub mod customers;
mod desk;
pub mod disputes;
pub mod disputes_list;
pub mod dunning;
pub mod endpoints;
pub mod entries;
pub mod event_days;
pub mod failed_payments;
pub mod figures;
pub mod fx;
pub mod groups;
pub mod idempotency;
pub mod issued;
mod item;
pub mod jobs;
pub mod journal;
pub mod keys;
pub mod lead_refs;
pub mod leads;
pub mod link_sales;
pub mod links;
pub mod listed;
pub mod managed;
pub mod members;
pub mod migrate;
pub mod moving;
pub mod newest;
pub mod notices;
pub mod pace;
pub mod parked;
pub mod partner_news;
pub mod partner_rows;
pub mod partners;
pub mod payees;
pub mod payout_files;
pub mod payout_instructions;
pub mod payout_notes;
pub mod payout_policy;
pub mod payout_runs;
pub mod payout_trials;
pub mod payouts;
pub mod people;
pub mod periods;
pub mod plans;
pub mod privacy;
pub mod programs;
pub mod proofs;
pub mod provider_objects;
pub mod raw_events;
pub mod recomputes;
pub mod reconciliations;
pub mod refunds;
mod registry;
pub mod removals;
pub mod reports;
mod request;
pub mod risk;
pub mod runs;
pub mod sales;
pub mod salts;
pub mod settings;
pub mod sign_in;
pub mod signed_in;
pub mod subscriptions;
pub mod tax_forms;
pub mod tax_rates;
pub mod tax_years;
pub mod tenants;
pub mod terms;
mod update;
pub mod users;
mod walks;
pub mod wire;

use aws_sdk_dynamodb::Client;
use thiserror::Error;

pub use crate::keys::TenantKey;
pub use crate::request::{Page, Written};

/// The three tables' names.
#[derive(Clone, Debug)]
pub struct Tables {
    /// Everything of record.
    pub core: String,
    /// Clicks, with an end.
    pub clicks: String,
    /// What operation needs, with an end.
    pub ops: String,
}

/// The door to the tables.
#[derive(Clone, Debug)]
pub struct Store {
    db: Client,
    tables: Tables,
    /// What the next write tells; see [`Store::telling`].
    telling: Option<std::sync::Arc<audit::Pending>>,
    /// The shorter way for visits.
    wire: Option<std::sync::Arc<dyn wire::Wire>>,
}

impl Store {
    /// A store over a client that exists.
    #[must_use]
    pub fn new(db: Client, tables: Tables) -> Self {
        Self { db, tables, telling: None, wire: None }
    }

    /// A store over a configuration.
    #[must_use]
    pub fn connect(config: &aws_types::SdkConfig, tables: Tables) -> Self {
        Self::new(Client::new(config), tables)
    }
}

/// What goes wrong with a store. Expected outcomes (exists already, changed meanwhile) are no errors but answers.
#[derive(Debug, Error)]
pub enum StoreError {
    /// It did not answer, or refused: try again later.
    #[error("the store did not answer, {doing}")]
    Unavailable {
        /// What was being done.
        doing: &'static str,
        /// What the client said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An item that this code cannot have written.
    #[error("the stored item {pk} / {sk} cannot be read: {why}")]
    Inconsistent {
        /// Its partition.
        pk: String,
        /// Its place there.
        sk: String,
        /// What is wrong with it.
        why: String,
    },
    /// One fact would take more items than a transaction has; nothing was sent, and no try helps.
    #[error("{items} items at once are more than one transaction takes, {doing}")]
    TooLarge {
        /// What was being done.
        doing: &'static str,
        /// How many.
        items: usize,
    },
    /// Others were faster each time; nothing was written.
    #[error("too many others write at once, {doing}; nothing was written")]
    LostRace {
        /// What was being done.
        doing: &'static str,
    },
}
