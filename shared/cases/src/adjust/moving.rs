//! Sales go where they belong before a month freezes for anybody.
//!
//! Who brought a customer may turn out otherwise; the sales that are booked already are then decided anew by the visit to
//! whoever has them. The partner who gets them must not have frozen their month by then, or they would come late there by
//! nothing but the order of visits (V13). So whoever changes a customer leaves a row with the partners whose sales may move
//! (`store::moving`), and whoever freezes sees to those first.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use domain::id::PartnerId;
use domain::line::Account;
use store::Written;

use super::binding::rebind;
use super::load::{self, Wanted, load};
use super::{Night, TRIES_MAX, set_aside, told_last};
use crate::error::CaseError;

/// How many partners are remembered. Those behind them are tried each time.
const REMEMBERED_MAX: usize = 1_000;

/// The partners whose sales could not be looked at in this invocation: nobody else tries them again, since each try reads
/// all that they have. Their own visit does.
#[derive(Debug, Default)]
pub struct Unsettled(Mutex<BTreeSet<PartnerId>>);

impl Unsettled {
    /// Is the partner among them?
    #[must_use]
    pub fn contains(&self, partner: &PartnerId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(partner)
    }

    fn insert(&self, partner: &PartnerId) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < REMEMBERED_MAX {
            known.insert(partner.clone());
        }
    }
}

/// Whatever may move, of whoever it is, has moved when this is done. A partner whose sales cannot be looked at holds up no
/// other: their own unit says why.
///
/// # Errors
/// The store does not answer, or others change accounts each time.
pub(super) async fn settle_all(night: &Night<'_>) -> Result<(), CaseError> {
    let moving = night.store.list_moving(night.tenant, None).await?;
    let partners: BTreeSet<PartnerId> = moving.into_iter().map(|moving| moving.partner).collect();
    for partner in partners.iter().filter(|partner| !night.unsettled.contains(partner)) {
        match settle(night, partner).await {
            Err(error) if error.is_of_its_unit() => {
                night.unsettled.insert(partner);
                tracing::warn!(account.partner = %partner, %error, "sales that may be another's cannot be looked at, months freeze without them");
            }
            settled => settled?,
        }
    }
    Ok(())
}

/// The open sales of a partner, in every currency, are whose they should be by what is known of their customers.
///
/// # Errors
/// As [`settle_all`]; or there are too many sales, or one that cannot be decided anew: then the others have moved.
pub(super) async fn settle(night: &Night<'_>, partner: &PartnerId) -> Result<(), CaseError> {
    for _ in 0..TRIES_MAX {
        // Read before the sales and their customers: a row that is put from now on stays.
        let moving = night.store.list_moving(night.tenant, Some(partner)).await?;
        if moving.is_empty() {
            return Ok(());
        }
        if move_all(night, partner).await? > 0 {
            continue;
        }
        for moving in &moving {
            // Refused when the customer changed once more: the row stays, and is seen to by whoever comes next.
            let _: Written = night.store.settle_moving(night.tenant, moving).await?;
        }
        return Ok(());
    }
    Err(CaseError::Busy)
}

/// Decides anew what is to be, of all accounts of a partner; answers how many sales that were. What stops one account, or one
/// sale, is told once nothing else moves.
async fn move_all(night: &Night<'_>, partner: &PartnerId) -> Result<usize, CaseError> {
    let (mut changes, mut left) = (0, None);
    for head in night.store.list_heads(night.tenant, partner).await? {
        let account = Account { partner: partner.clone(), currency: head.currency };
        changes += set_aside(move_of(night, account).await, &mut left)?;
    }
    told_last(changes, left.filter(|_| changes == 0))
}

/// As [`move_all`], of one account.
async fn move_of(night: &Night<'_>, account: Account) -> Result<usize, CaseError> {
    let note = night.making.note();
    let accounts = [account];
    let wanted = Wanted {
        accounts: &accounts,
        frames: night.frames,
        only: None,
        everything: false,
        run_note: &note,
        ledger_zone: night.making.ledger_zone,
        sales_max: load::SALES_MAX,
    };
    let loaded = load(night.store, night.tenant, &wanted).await?;
    rebind(night, &loaded).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_sales_could_not_be_looked_at_are_remembered_up_to_a_bound() {
        let (unsettled, partner) = (Unsettled::default(), |n: usize| PartnerId::from_ulid((n as u128).into()));
        assert!(!unsettled.contains(&partner(1)));
        for n in 1..=REMEMBERED_MAX + 1 {
            unsettled.insert(&partner(n));
        }
        assert!(unsettled.contains(&partner(1)) && unsettled.contains(&partner(REMEMBERED_MAX)));
        assert!(!unsettled.contains(&partner(REMEMBERED_MAX + 1)));
    }
}
