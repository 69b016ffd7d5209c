//! The rules of Tributary, pure.
//!
//! What lives here: money, rates, ids, calendars, facts, attribution, commission, the arithmetic of the ledger, the
//! states of a payout, the audit chain. What does not: anything async, a store, a clock, randomness, logging, the
//! environment. `now` and `at` are always arguments.
//!
//! To add a rule: number it in `docs/rules.md`, write its table of worked values in the module's tests first, cite the
//! number at the branch that decides it.

pub mod adjustment;
pub mod aging;
pub mod allocate;
pub mod application;
pub mod assess;
pub mod attribution;
pub mod audit;
pub mod award;
pub mod balance;
pub mod click_count;
pub mod commission;
pub mod currency;
pub mod digest;
pub mod dunning;
pub mod email;
pub mod entry;
pub mod explain;
pub mod fact;
pub mod fault;
pub mod fees;
pub mod figures;
pub mod fraud;
pub mod fx;
pub mod host;
pub mod id;
pub mod job;
pub mod lead;
pub mod ledger;
pub mod line;
pub mod link_sales;
pub mod member;
pub mod money;
pub mod month;
pub mod paid;
pub mod payee;
pub mod payout;
pub mod plan;
#[cfg(feature = "planted")]
pub mod planted;
pub mod postings;
pub mod promotion;
pub mod provider;
pub mod rate;
pub mod recognition;
pub mod recompute;
pub mod reconciliation;
pub mod retarget;
pub mod role;
pub mod rule;
pub mod sale;
pub mod sales_tax;
pub mod scope;
pub mod settings;
pub mod slot;
pub mod subscription;
pub mod tax;
pub mod tier;
pub mod time;
pub mod touch;
pub mod user;
pub mod words;
