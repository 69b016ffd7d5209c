//! Balances: now, as of any instant, and those below zero with their age.

use domain::aging::{self, Step};
use domain::balance::{AsOf, Balance};
use domain::id::PartnerId;
use domain::ledger::Head;
use domain::line::Account;
use domain::money::Money;
use domain::time::{BusinessDay, Timestamp};
use futures::future::try_join_all;

use super::Desk;
use crate::error::CaseError;

/// How many partners are looked at at once.
const ABREAST: usize = 16;

/// The balance of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountBalance {
    /// Which account.
    pub account: Account,
    /// Where its money is or was.
    pub balance: Balance,
}

/// An account that owes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Debt {
    /// Which account.
    pub account: Account,
    /// What is available: below zero.
    pub available: Money,
    /// What waits for its day, and may settle it.
    pub pending: Money,
    /// Since when it has been below zero.
    pub since: BusinessDay,
    /// For how many days.
    pub days: i64,
}

/// The balances of a partner now, one a currency, from the heads alone.
///
/// # Errors
/// The store does not answer, or amounts are out of range.
pub async fn now(desk: &Desk<'_>, partner: &PartnerId) -> Result<Vec<AccountBalance>, CaseError> {
    let heads = desk.store.list_heads(desk.tenant, partner).await?;
    heads
        .iter()
        .map(|head| Ok(AccountBalance { account: account_of(partner, head), balance: of_head(head, desk.today())? }))
        .collect()
}

/// Where a head has its money on a day.
///
/// # Errors
/// Out of range.
pub fn of_head(head: &Head, today: BusinessDay) -> Result<Balance, CaseError> {
    let money = |minor| Money::from_minor(minor, head.currency);
    Ok(Balance {
        pending: head.pending_on(today)?,
        held: money(head.held),
        available: head.available_on(today)?,
        reserved: money(head.reserved),
        settled: money(head.settled),
    })
}

/// LED-10: the balances of a partner as of an instant, by folding lines and payouts that were booked by then. It reads
/// every line of the account: for questions about the past, not for every page.
///
/// # Errors
/// The store does not answer, or amounts are out of range.
pub async fn as_of(desk: &Desk<'_>, partner: &PartnerId, at: Timestamp) -> Result<Vec<AccountBalance>, CaseError> {
    let mut balances = Vec::new();
    for head in desk.store.list_heads(desk.tenant, partner).await? {
        let account = account_of(partner, &head);
        // What is closed is available now, whatever its day; what was closed then is not known, and its day had come.
        let closed = head.closed.filter(|_| at >= desk.now);
        let mut fold = AsOf::new(at, desk.zone.day_of(at), closed, Balance::nothing(head.currency));
        let mut start = None;
        loop {
            let (lines, next) = desk.store.list_all_lines_page(desk.tenant, &account, start).await?;
            for line in &lines {
                fold.line(line)?;
            }
            match next {
                Some(next) => start = Some(next),
                None => break,
            }
        }
        for stored in desk.store.list_account_payouts(desk.tenant, &account).await? {
            fold.payout(&stored.payout)?;
        }
        balances.push(AccountBalance { account, balance: fold.balance() });
    }
    Ok(balances)
}

/// A page of the debts of a tenant: of so many partners of the registry behind one, those below zero. Answers where the
/// next page begins.
///
/// # Errors
/// The store does not answer, or amounts are out of range.
pub async fn debts(
    desk: &Desk<'_>,
    after: Option<&PartnerId>,
    limit: usize,
) -> Result<(Vec<Debt>, Option<PartnerId>), CaseError> {
    let page = desk.store.list_partner_ids(desk.tenant, after, limit).await?;
    let mut debts = Vec::new();
    for partners in page.items.chunks(ABREAST) {
        let mut reads = Vec::new();
        for partner in partners {
            reads.push(desk.store.list_heads(desk.tenant, partner));
        }
        for (partner, heads) in partners.iter().zip(try_join_all(reads).await?) {
            for head in heads {
                debts.extend(debt_of(desk, account_of(partner, &head), &head).await?);
            }
        }
    }
    let next = page.next.and_then(|_| page.items.last().cloned());
    Ok((debts, next))
}

/// The debt of an account, if it owes. LED-4: carried, and its age known.
async fn debt_of(desk: &Desk<'_>, account: Account, head: &Head) -> Result<Option<Debt>, CaseError> {
    let today = desk.today();
    let available = head.available_on(today)?;
    if !available.is_negative() {
        return Ok(None);
    }
    let mut steps: Vec<Step> = Vec::new();
    let mut start = None;
    loop {
        let (lines, next) = desk.store.list_all_lines_page(desk.tenant, &account, start).await?;
        steps.extend(lines.iter().filter_map(|line| aging::step_of_line(line, &desk.zone)));
        match next {
            Some(next) => start = Some(next),
            None => break,
        }
    }
    for stored in desk.store.list_account_payouts(desk.tenant, &account).await? {
        steps.extend(aging::steps_of_payout(&stored.payout, &desk.zone)?);
    }
    let since = aging::negative_since(steps, today)?.unwrap_or(today);
    let days = aging::days_between(since, today)?;
    Ok(Some(Debt { account, available, pending: head.pending_on(today)?, since, days }))
}

fn account_of(partner: &PartnerId, head: &Head) -> Account {
    Account { partner: partner.clone(), currency: head.currency }
}
