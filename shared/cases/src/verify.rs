//! Verify: walks the registry of partners and proves the ledger's laws over everything stored, page by page.
//!
//! Laws here: V1 to V11 and V14 with the four equalities; what was withheld stands in the books of each account, and what of
//! it was handed on in those of the tenant. V12 (doing anything again changes
//! nothing) and V13 (any order ends the same) are laws of actions, not of rows: tests and the simulator show them.

mod account;
mod audits;
mod books;
mod facts;
mod fold;
mod journal;
mod prints;
mod remitted;
mod trails;

use std::collections::BTreeMap;
use std::fmt;

use domain::id::{MemberId, PartnerId};
use domain::line::Account;
use domain::time::{BusinessDay, Timestamp, Zone};
use store::proofs::ProofRecord;
use store::{Store, StoreError, TenantKey};

use crate::error::CaseError;
use prints::Print;

/// How many partners are read at a time.
const PAGE_SIZE: usize = 200;
/// How many breaches are kept; the others are counted.
const BREACHES_MAX: usize = 1_000;

/// A law that does not hold, with the two figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Its number.
    pub law: &'static str,
    /// Whose account; none where it is a fact that no account knows.
    pub account: Option<Account>,
    /// Which entry: a slot, a close, a line, a payout, a sale, or the head.
    pub entry: String,
    /// What it should be.
    pub expected: String,
    /// What it is.
    pub found: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} broken at ", self.law)?;
        if let Some(Account { partner, currency }) = &self.account {
            write!(out, "{partner} {currency}, ")?;
        }
        write!(out, "{}: expected {}, found {}", self.entry, self.expected, self.found)
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
    /// Sales that have lines.
    pub sales: u64,
    /// Entries of accounts.
    pub entries: u64,
    /// Facts of the journal: sales, with lines or without, and entries.
    pub facts: u64,
    /// Closes.
    pub closes: u64,
    /// Payouts.
    pub payouts: u64,
    /// Audit entries.
    pub audit_entries: u64,
    /// Accounts that were written to each time they were walked: nothing is said of them.
    pub moving: u64,
    /// What was withheld for the tax office, in cents, by the year of payment.
    pub withheld: BTreeMap<i16, i64>,
    /// Every law that does not hold, as many as are kept.
    pub breaches: Vec<Breach>,
    /// How many more there are.
    pub more_breaches: u64,
}

impl Verified {
    /// How many laws are broken, at how many entries.
    #[must_use]
    pub fn broken(&self) -> u64 {
        self.more_breaches.saturating_add(self.breaches.len() as u64)
    }

    /// Does every law hold, of all that was to be walked? Of an account that moved all the time nothing is proved.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.broken() == 0 && self.moving == 0
    }

    fn take(&mut self, breaches: Vec<Breach>) {
        for breach in breaches {
            // The journal and the account may both have met it.
            let same =
                |told: &Breach| (told.law, &told.entry, &told.found) == (breach.law, &breach.entry, &breach.found);
            if self.breaches.iter().any(same) {
                continue;
            }
            if self.breaches.len() < BREACHES_MAX {
                self.breaches.push(breach);
            } else {
                self.more_breaches += 1;
            }
        }
    }
}

impl fmt::Display for Verified {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for breach in &self.breaches {
            writeln!(out, "{breach}")?;
        }
        if self.more_breaches > 0 {
            writeln!(out, "and {} more", self.more_breaches)?;
        }
        if self.moving > 0 {
            writeln!(out, "{} accounts were written to all the time and are not verified: run it again", self.moving)?;
        }
        let Self { partners, accounts, lines, sales, entries, facts, closes, payouts, audit_entries, .. } = self;
        write!(
            out,
            "{partners} partners, {accounts} accounts, {lines} lines, {sales} sales, {entries} entries, {facts} facts, {closes} closes, {payouts} payouts, {audit_entries} audit entries, {} broken laws",
            self.broken()
        )
    }
}

/// What is walked beside the accounts, which always are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// The journal's days, first and last: its facts, whether or not they have lines.
    pub journal: Option<(BusinessDay, BusinessDay)>,
}

/// How far a walk has come: first the accounts, then the facts of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// So many accounts.
    Accounts(u64),
    /// So many facts.
    Facts(u64),
}

/// Collects breaches, of an account or of none.
pub(crate) struct Found {
    account: Option<Account>,
    breaches: Vec<Breach>,
}

impl Found {
    fn of(account: Option<&Account>) -> Self {
        Self { account: account.cloned(), breaches: Vec::new() }
    }

    fn expect<T: PartialEq + fmt::Debug>(
        &mut self,
        law: &'static str,
        entry: impl FnOnce() -> String,
        expected: T,
        found: T,
    ) {
        if expected != found {
            self.tell(law, entry(), format!("{expected:?}"), format!("{found:?}"));
        }
    }

    fn tell(&mut self, law: &'static str, entry: String, expected: String, found: String) {
        if self.breaches.len() < BREACHES_MAX {
            self.breaches.push(Breach { law, account: self.account.clone(), entry, expected, found });
        }
    }

    /// Looks at something of another account.
    fn at(&mut self, account: &Account, look: impl FnOnce(&mut Self)) {
        let own = self.account.replace(account.clone());
        look(self);
        self.account = own;
    }
}

/// How many days of the journal each night proves; on the first of a month all of it.
pub const NIGHTLY_JOURNAL_DAYS: u16 = 40;

/// What a proof found, as it is kept. `None` where it is neither intact nor broken: of the accounts that moved nothing is
/// proved, so it takes no other proof's place, which may have found a breach in one of them.
#[must_use]
pub fn record_of(verified: &Verified, at: Timestamp) -> Option<ProofRecord> {
    let broken = verified.broken();
    let law = verified.breaches.first().map(|breach| breach.law.to_owned());
    let Verified { accounts, lines, moving, .. } = *verified;
    (moving == 0 || broken > 0).then_some(ProofRecord { at, accounts, lines, moving, broken, law })
}

/// The accounts, and the journal of the days before today.
#[must_use]
pub fn since(today: BusinessDay, days: u16) -> Scope {
    let first = today.plus_days(-i32::from(days)).unwrap_or(today);
    Scope { journal: Some((first, today.plus_days(1).unwrap_or(today))) }
}

/// The accounts, and the whole journal: from the first programme on.
///
/// # Errors
/// The store does not answer, or an item cannot be read.
pub async fn whole(store: &Store, tenant: &TenantKey, today: BusinessDay) -> Result<Scope, CaseError> {
    let programs = store.list_programs(tenant).await?;
    let first = programs.iter().map(|program| Zone::utc().day_of(program.created_at)).min();
    // A day to either side, as the ledger's zone may be ahead or behind.
    let first = first.and_then(|day| day.plus_days(-1).ok());
    let last = today.plus_days(1).unwrap_or(today);
    Ok(Scope { journal: first.map(|first| (first, last)) })
}

/// Proves the laws over the accounts of a tenant, with the sales, entries, payouts and audit trails that belong to them.
///
/// An account that is written to while it is walked is walked again.
///
/// # Errors
/// The store does not answer, or a stored item cannot be read.
pub async fn verify(store: &Store, tenant: &TenantKey) -> Result<Verified, CaseError> {
    verify_within(store, tenant, &Scope::default()).await
}

/// As [`verify`], with what else the scope names.
///
/// # Errors
/// As [`verify`].
pub async fn verify_within(store: &Store, tenant: &TenantKey, scope: &Scope) -> Result<Verified, CaseError> {
    let mut verified = Verified::default();
    verify_into(store, tenant, scope, &mut verified).await?;
    Ok(verified)
}

/// As [`verify_within`], into what whoever asks holds: it has what was found so far also where the walk does not end.
///
/// # Errors
/// As [`verify`].
pub async fn verify_into(
    store: &Store,
    tenant: &TenantKey,
    scope: &Scope,
    verified: &mut Verified,
) -> Result<(), CaseError> {
    verify_telling(store, tenant, scope, verified, &|_| ()).await
}

/// As [`verify_into`], and tells while it walks how far it has come.
///
/// # Errors
/// As [`verify`].
pub async fn verify_telling(
    store: &Store,
    tenant: &TenantKey,
    scope: &Scope,
    verified: &mut Verified,
    tell: &(dyn Fn(Seen) + Sync),
) -> Result<(), CaseError> {
    let zone = store.get_settings(tenant).await?.ledger_zone;
    let handed_on = remitted::read(store, tenant).await;
    let mut prints: BTreeMap<Account, Print> = BTreeMap::new();
    let walk = Accounts { store, tenant, zone: &zone, scope };
    let mut last: Option<PartnerId> = None;
    loop {
        let page = store.list_partner_ids(tenant, last.as_ref(), PAGE_SIZE).await?;
        for partner in &page.items {
            walk.of(partner, verified, &mut prints).await?;
            tell(Seen::Accounts(verified.accounts));
        }
        last = page.items.last().cloned().or(last);
        if page.next.is_none() {
            break;
        }
    }
    // Members stand in a registry of their own; each is paid through a payee.
    let mut before: Option<MemberId> = None;
    loop {
        let page = store.list_members(tenant, before.as_ref(), PAGE_SIZE).await?;
        for stored in &page.items {
            walk.of(&stored.member.id.payee(), verified, &mut prints).await?;
            tell(Seen::Accounts(verified.accounts));
        }
        before = page.items.last().map(|stored| stored.member.id.clone());
        if page.next.is_none() {
            break;
        }
    }
    let mut found = Found::of(None);
    let mut audits = audits::Audits { store, tenant, found: &mut found, entries: 0 };
    let walked = audits.verify().await;
    verified.audit_entries += audits.entries;
    verified.take(found.breaches);
    tell_unreadable(walked, verified)?;
    // Of an account that moved all the time it is not known what was withheld from it.
    if verified.moving == 0 {
        let mut found = Found::of(None);
        let withheld = verified.withheld.clone();
        let walked = handed_on.and_then(|handed_on| handed_on.verify(&withheld, &mut found));
        verified.take(found.breaches);
        tell_unreadable(walked, verified)?;
    }
    if let Some(days) = scope.journal {
        let walked = journal::verify(store, tenant, days, &prints, (verified, tell)).await;
        tell_unreadable(walked, verified)?;
    }
    Ok(())
}

/// The accounts of whoever has any.
struct Accounts<'a> {
    store: &'a Store,
    tenant: &'a TenantKey,
    zone: &'a Zone,
    scope: &'a Scope,
}

impl Accounts<'_> {
    /// Walks every account of one payee.
    async fn of(
        &self,
        partner: &PartnerId,
        verified: &mut Verified,
        prints: &mut BTreeMap<Account, Print>,
    ) -> Result<(), CaseError> {
        let Self { store, tenant, zone, scope } = *self;
        verified.partners += 1;
        // Not the heads alone: rows whose head is gone are an account too.
        for currency in store.list_currencies(tenant, partner).await? {
            verified.accounts += 1;
            let account = Account { partner: partner.clone(), currency };
            let walk = account::Walk { store, tenant, account: &account, zone, scope };
            let print = walk.verify(verified).await?;
            if scope.journal.is_some() {
                prints.insert(account, print);
            }
        }
        Ok(())
    }
}

fn tell_unreadable(walked: Result<(), CaseError>, verified: &mut Verified) -> Result<(), CaseError> {
    if let Err(error) = walked {
        verified.take(vec![unreadable(error, None)?]);
    }
    Ok(())
}

/// The breach that an item is which nobody can read: nothing can be proved of it.
fn unreadable(error: CaseError, account: Option<&Account>) -> Result<Breach, CaseError> {
    let CaseError::Store(StoreError::Inconsistent { pk, sk, why }) = error else { return Err(error) };
    let law = match sk.as_str() {
        "sale" | "entry" => "V9",
        _ if pk.contains("#audit#") => "V10",
        _ if sk.contains("#payout#") => "V4",
        _ => "V14",
    };
    let (account, entry) = (account.cloned(), format!("{pk} / {sk}"));
    Ok(Breach { law, account, entry, expected: "an item that can be read".to_owned(), found: why })
}
