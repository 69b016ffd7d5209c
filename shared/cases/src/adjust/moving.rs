//! Sales go where they belong before a month freezes for anybody.
//!
//! Who brought a customer may turn out otherwise; the sales that are booked already are then decided anew by the visit to
//! whoever has them. The partner who gets them must not have frozen their month by then, or they would come late there by
//! nothing but the order of visits (V13). So whoever changes a customer leaves a row with the partners whose sales may move
//! (`store::moving`), and whoever freezes sees to those first.

use std::collections::BTreeSet;

use domain::id::PartnerId;
use domain::line::Account;
use store::Written;

use super::binding::rebind;
use super::load::{self, Wanted, load};
use super::{Night, TRIES_MAX};
use crate::error::CaseError;

/// Whatever may move, of whoever it is, has moved when this is done. A partner whose sales cannot be looked at holds up no
/// other: their own unit says why.
///
/// # Errors
/// The store does not answer, or others change accounts each time.
pub(super) async fn settle_all(night: &Night<'_>) -> Result<(), CaseError> {
    let moving = night.store.list_moving(night.tenant, None).await?;
    let partners: BTreeSet<PartnerId> = moving.into_iter().map(|moving| moving.partner).collect();
    for partner in &partners {
        match settle(night, partner).await {
            Err(error) if error.is_of_its_unit() => {
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
/// As [`settle_all`]; or there are too many sales.
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

/// Decides anew what is to be, of all accounts of a partner; answers how many sales that were.
async fn move_all(night: &Night<'_>, partner: &PartnerId) -> Result<usize, CaseError> {
    let note = night.making.note();
    let mut changes = 0;
    for head in night.store.list_heads(night.tenant, partner).await? {
        let accounts = [Account { partner: partner.clone(), currency: head.currency }];
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
        changes += rebind(night, &loaded).await?;
    }
    Ok(changes)
}
