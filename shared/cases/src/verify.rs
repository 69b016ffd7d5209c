//! Verify: walks the registry of partners and proves the ledger's laws over everything stored.
//!
//! Laws here: V1 to V5, V6, V7 as far as lines and sales go, V10 for payouts, V14 with the four equalities. V12 (doing
//! anything again changes nothing) is a law of actions, not of rows: tests show it.

mod account;

use std::fmt;

use domain::id::PartnerId;
use domain::line::Account;
use store::{Store, StoreError, TenantKey};

use crate::error::CaseError;

/// How many partners are read at a time.
const PAGE_SIZE: usize = 200;

/// A law that does not hold, with the two figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Its number.
    pub law: &'static str,
    /// Whose account.
    pub account: Account,
    /// Which entry: a slot, a close, a line, a payout, or the head.
    pub entry: String,
    /// What it should be.
    pub expected: String,
    /// What it is.
    pub found: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Account { partner, currency } = &self.account;
        write!(
            out,
            "{} broken at {partner} {currency}, {}: expected {}, found {}",
            self.law, self.entry, self.expected, self.found
        )
    }
}

/// What a verification walked, and what it found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Partners in the registry.
    pub partners: u64,
    /// Accounts with a head.
    pub accounts: u64,
    /// Lines.
    pub lines: u64,
    /// Closes.
    pub closes: u64,
    /// Payouts.
    pub payouts: u64,
    /// Audit entries.
    pub audit_entries: u64,
    /// Every law that does not hold.
    pub breaches: Vec<Breach>,
}

impl fmt::Display for Verified {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for breach in &self.breaches {
            writeln!(out, "{breach}")?;
        }
        let Self { partners, accounts, lines, closes, payouts, audit_entries, breaches } = self;
        write!(
            out,
            "{partners} partners, {accounts} accounts, {lines} lines, {closes} closes, {payouts} payouts, {audit_entries} audit entries, {} broken laws",
            breaches.len()
        )
    }
}

/// Proves the laws over a tenant's whole ledger. Each account is read consistently; run it while nothing is written, or
/// again where it finds a breach: an account that moved between two of its reads looks broken for a moment.
///
/// # Errors
/// The store does not answer, or a stored item cannot be read.
pub async fn verify(store: &Store, tenant: &TenantKey) -> Result<Verified, CaseError> {
    let mut verified = Verified::default();
    for partner in registered(store, tenant).await? {
        verified.partners += 1;
        for head in store.list_heads(tenant, &partner).await? {
            verified.accounts += 1;
            let account = Account { partner: partner.clone(), currency: head.currency };
            account::verify(store, tenant, &account, &mut verified).await?;
        }
    }
    Ok(verified)
}

/// Every partner of the registry, all pages.
async fn registered(store: &Store, tenant: &TenantKey) -> Result<Vec<PartnerId>, StoreError> {
    let mut partners: Vec<PartnerId> = Vec::new();
    loop {
        let page = store.list_partner_ids(tenant, partners.last(), PAGE_SIZE).await?;
        partners.extend(page.items);
        if page.next.is_none() {
            return Ok(partners);
        }
    }
}
