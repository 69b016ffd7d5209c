//! The laws of one account, from its rows and the facts behind them.

use domain::audit::check_chain;
use domain::ledger::Head;
use domain::line::Account;
use domain::time::Zone;
use store::{Store, TenantKey};

use super::facts::Facts;
use super::fold::{Fold, Rows};
use super::prints::Print;
use super::remitted::{Withheld, withheld_of};
use super::{Breach, Found, Scope, Verified, unreadable};
use crate::error::CaseError;
use crate::under::said_of_thing;

/// How often an account that moved while it was walked is walked again.
const TRIES_MAX: usize = 5;

/// One account, and what its walk needs.
pub(super) struct Walk<'a> {
    pub(super) store: &'a Store,
    pub(super) tenant: &'a TenantKey,
    pub(super) account: &'a Account,
    pub(super) zone: &'a Zone,
    pub(super) scope: &'a Scope,
}

/// What one walk found.
struct Walked {
    breaches: Vec<Breach>,
    lines: u64,
    sales: u64,
    entries: u64,
    closes: u64,
    payouts: u64,
    audit_entries: u64,
    print: Print,
    withheld: Withheld,
}

/// What was read; none where a stored item cannot be, which is a breach and no reason to leave the others alone.
fn readable<T, E: Into<CaseError>>(
    read: Result<T, E>,
    account: &Account,
    verified: &mut Verified,
) -> Result<Option<T>, CaseError> {
    match read.map_err(Into::into) {
        Ok(read) => Ok(Some(read)),
        Err(error) => {
            verified.take(vec![unreadable(error, Some(account))?]);
            Ok(None)
        }
    }
}

impl Walk<'_> {
    /// Walks the account until it stood still, and answers the print of its lines.
    pub(super) async fn verify(&self, verified: &mut Verified) -> Result<Print, CaseError> {
        let mut print = Print::default();
        for _ in 0..TRIES_MAX {
            let Some(head) = readable(self.store.get_head(self.tenant, self.account).await, self.account, verified)?
            else {
                return Ok(print);
            };
            let version = head.version;
            let Some(walked) = readable(self.once(head).await, self.account, verified)? else { return Ok(print) };
            print = walked.print;
            // What moved between two reads looks broken for a moment; what looks whole is whole.
            let stood_still =
                walked.breaches.is_empty() || self.store.get_head(self.tenant, self.account).await?.version == version;
            if stood_still {
                verified.lines += walked.lines;
                verified.sales += walked.sales;
                verified.entries += walked.entries;
                verified.closes += walked.closes;
                verified.payouts += walked.payouts;
                verified.audit_entries += walked.audit_entries;
                for (year, minor) in walked.withheld {
                    let sum = verified.withheld.entry(year).or_default();
                    *sum = sum.saturating_add(minor);
                }
                verified.take(walked.breaches);
                return Ok(print);
            }
        }
        verified.moving += 1;
        Ok(print)
    }

    async fn once(&self, head: Head) -> Result<Walked, CaseError> {
        let Self { store, tenant, account, .. } = *self;
        let mut found = Found::of(Some(account));
        let rows = Rows {
            head,
            closes: store.list_closes(tenant, account).await?,
            payouts: store.list_account_payouts(tenant, account).await?,
        };
        let mut fold = Fold::begin(&rows, self.zone);
        let mut facts = Facts::begin(self);
        let mut start = None;
        loop {
            let (lines, next) = store.list_account_page(tenant, account, start, None).await?;
            for line in &lines {
                fold.take(line, &mut found)?;
            }
            facts.take(&lines, &mut found).await?;
            match next {
                Some(next) => start = Some(next),
                None => break,
            }
        }
        let lines = fold.lines;
        fold.end(self.zone, &mut found)?;
        facts.end(&mut found).await?;
        let audit_entries = self.audits(&rows, &mut found).await? + facts.audit_entries;
        Ok(Walked {
            breaches: found.breaches,
            lines,
            sales: facts.sales,
            entries: facts.entries,
            closes: rows.closes.len() as u64,
            payouts: rows.payouts.len() as u64,
            audit_entries,
            print: facts.in_journal,
            withheld: withheld_of(&rows.payouts, self.zone),
        })
    }

    /// V10: each payout's trail is whole, ends where the payout says, and says what the payout is.
    async fn audits(&self, rows: &Rows, found: &mut Found) -> Result<u64, CaseError> {
        let mut count = 0;
        for stored in &rows.payouts {
            let id = stored.payout.id.as_str();
            let entries = self.store.list_audit(self.tenant, id).await?;
            count += entries.len() as u64;
            found.expect("V10", || format!("audit of {id}"), Ok(stored.chain), check_chain(id, &entries));
            let told = entries.into_iter().next_back().map(said_of_thing).unwrap_or_default();
            found.expect("V10", || format!("what the audit says of {id}"), stored.payout.told(), told);
        }
        Ok(count)
    }
}
