//! What was made by mistake goes again: programmes, partners and groups with which nothing ever happened. Whatever has a
//! history stays, because what was booked must be explained.

mod leaving;

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::fraud::marks::MarkKind;
use domain::id::{PartnerId, ProgramId};
use domain::line::Account;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::groups::Group;
use crate::item;
use crate::keys::Key;
use crate::keys::enrolled::LEAVING;
use crate::partners::record::PartnerRecord;
use crate::programs::record::ProgramRecord;
use crate::request::{self, Range, Transacted, Written};
use crate::{Store, StoreError, TenantKey};

/// The most items of one transaction, with room for what is told.
const PARTS_MAX: usize = 90;

/// What became of a thing that was to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// It is gone.
    Yes,
    /// It changed since it was read.
    Changed,
    /// Somebody works with it, or did; or it has more to it than goes at once.
    Used,
}

/// What there is of a partner beside what made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// Money was booked for it.
    Money,
    /// It has, or had, a link.
    Links,
    /// It has, or had, a coupon.
    Coupons,
    /// It claimed a customer, or has one on its account list.
    Customers,
    /// It referred another partner, or had.
    Referrals,
    /// It said where its money goes, or handed in a tax form.
    Payee,
    /// Signals of fraud were looked at, or something else is kept with it.
    Reviews,
    /// People sign in for it, or did.
    Users,
    /// It applied, and was taken on.
    Application,
}

/// In place of what says that a programme is used: nobody can be enrolled any more.
#[derive(Serialize, Deserialize)]
struct GoneItem {
    entity: String,
    v: u32,
    is_gone: bool,
}

impl Store {
    /// A programme goes with its rules, if nobody ever worked with it, applied to it or left an address in it.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn delete_program(&self, tenant: &TenantKey, program: &ProgramRecord) -> Result<Removed, StoreError> {
        let (core, id) = (&self.tables.core, &program.program.id);
        if self.has_applications(tenant, id).await? {
            return Ok(Removed::Used);
        }
        let rules = self.list_rules(tenant, id).await?;
        let gone = GoneItem { entity: "program_used".to_owned(), v: 1, is_gone: true };
        let mut parts = vec![
            request::delete_version(core, &tenant.program(id), program.version)?,
            // Of an enrolment and this at once only one commits.
            request::put_new(core, &tenant.program_used(id), &gone)?,
            request::check(core, &tenant.lead_sources(id), "attribute_not_exists(pk)")?,
            request::delete_any(core, &TenantKey::program_owner(id))?,
            request::delete_any(core, &tenant.rule_count(id))?,
        ];
        for rule in &rules {
            parts.push(request::delete_any(core, &tenant.rule(id, rule.effective_from, &rule.id))?);
        }
        if parts.len() > PARTS_MAX {
            return Ok(Removed::Used);
        }
        match self.transact(parts, "deleting a program").await? {
            Transacted::Yes => Ok(Removed::Yes),
            Transacted::ConditionFailed(places) if places.contains(&1) || places.contains(&2) => {
                // The client's own retry can report a failed condition for a write that succeeded: look.
                let is_there = self.get_program_record(tenant, id).await?.is_some();
                Ok(if is_there { Removed::Used } else { Removed::Yes })
            }
            Transacted::ConditionFailed(_) => Ok(Removed::Changed),
        }
    }

    async fn has_applications(&self, tenant: &TenantKey, program: &ProgramId) -> Result<bool, StoreError> {
        for state in ["pending", "approved", "declined"] {
            if !self.list_applications(tenant, (program, state), 1, None).await?.items.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A group goes; `ConditionFailed` when it changed since it was read. Whoever asks has looked for who is in it.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn delete_group(&self, tenant: &TenantKey, group: &Group) -> Result<Written, StoreError> {
        let delete = request::delete_version(&self.tables.core, &tenant.group(&group.id), group.version)?;
        Ok(match self.transact(vec![delete], "deleting a group").await? {
            Transacted::Yes => Written::Yes,
            Transacted::ConditionFailed(_) => Written::ConditionFailed,
        })
    }

    /// What there is of a partner beside what made it; none where it may go.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn find_history(&self, tenant: &TenantKey, partner: &PartnerId) -> Result<Option<History>, StoreError> {
        let kept = self.kept_with(tenant, partner).await?;
        if let Some(found) = kept.into_iter().find_map(|(_, history)| history) {
            return Ok(Some(found));
        }
        let account = tenant.account(partner);
        let money = Range { from: " ".to_owned(), ..Range::prefix(&account, "") };
        let doing = "looking whether money was booked for a partner";
        if !self.query_page(&self.tables.core, &money, None, Some(1), doing).await?.0.is_empty() {
            return Ok(Some(History::Money));
        }
        if self.has_coupon(tenant, partner).await? {
            return Ok(Some(History::Coupons));
        }
        for mark in self.list_marks(tenant, partner).await?.iter().filter(|mark| mark.kind == MarkKind::Email) {
            if self.get_taken_on(tenant, &mark.digest).await?.as_ref() == Some(partner) {
                return Ok(Some(History::Application));
            }
        }
        Ok(None)
    }

    /// The places of everything that is kept with a partner, and what each of them is beside what made it.
    async fn kept_with(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
    ) -> Result<Vec<(String, Option<History>)>, StoreError> {
        let pk = tenant.partner_partition(partner);
        let range = Range { from: " ".to_owned(), ..Range::prefix(&pk, "") };
        let found = self.list_attributes(&self.tables.core, &range, "looking what is kept with a partner").await?;
        Ok(found.iter().map(|item| item::place_of(item).1).map(|place| (place.clone(), history_of(&place))).collect())
    }

    /// A partner goes with what made it, if it is as it was read, leaves since that instant and nothing came meanwhile.
    /// Whoever asks has looked for its history since it leaves. That it left stays: nothing is made for it any more.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn delete_partner(
        &self,
        tenant: &TenantKey,
        record: &PartnerRecord,
        leaves_since: Timestamp,
    ) -> Result<Removed, StoreError> {
        let (core, id) = (&self.tables.core, &record.partner.id);
        let kept = self.kept_with(tenant, id).await?;
        let mut parts = vec![
            request::delete_version(core, &tenant.partner(id), record.version)?,
            self.leaves_since(tenant, id, leaves_since)?,
        ];
        let profile = tenant.partner(id);
        for (sk, history) in kept {
            if history.is_some() {
                return Ok(Removed::Used);
            }
            if sk != profile.sk && sk != LEAVING {
                parts.push(request::delete_any(core, &Key::new(profile.pk.clone(), sk))?);
            }
        }
        for mark in self.list_marks(tenant, id).await? {
            parts.push(request::delete_any(core, &Key::new(tenant.marked(&mark), id.as_str()))?);
        }
        parts.push(request::delete_any(core, &tenant.registered(id))?);
        parts.push(request::delete_any(core, &tenant.partner_row(id))?);
        parts.extend(self.without_account(tenant, record).await?);
        if parts.len() > PARTS_MAX {
            return Ok(Removed::Used);
        }
        match self.transact(parts, "deleting a partner").await? {
            Transacted::Yes => Ok(Removed::Yes),
            Transacted::ConditionFailed(_) if self.get_partner(tenant, id).await?.is_none() => Ok(Removed::Yes),
            // Changed meanwhile, or another deletion took its place.
            Transacted::ConditionFailed(places) if places.iter().all(|place| *place < 2) => Ok(Removed::Changed),
            Transacted::ConditionFailed(_) => Ok(Removed::Used),
        }
    }

    /// The condition that nothing is booked for a partner in the currencies of its programmes.
    async fn without_account(
        &self,
        tenant: &TenantKey,
        record: &PartnerRecord,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let mut currencies = BTreeSet::new();
        for place in &record.enrolments {
            currencies.extend(self.get_program(tenant, &place.program).await?.map(|program| program.currency));
        }
        let partner = &record.partner.id;
        let absent = currencies.into_iter().map(|currency| {
            let head = tenant.head(&Account { partner: partner.clone(), currency });
            request::check(&self.tables.core, &head, "attribute_not_exists(pk)")
        });
        absent.collect()
    }
}

/// What something that is kept with a partner is, beside what made it.
fn history_of(place: &str) -> Option<History> {
    let kind = place.split('#').next().unwrap_or_default();
    match kind {
        "profile" | "person" | "enrolment" | "mark" | "news" | "agreed" | "coupons-listed" | "invited" | LEAVING => {
            None
        }
        "link" => Some(History::Links),
        "coupon" => Some(History::Coupons),
        "user" => Some(History::Users),
        "claim" | "claimed" | "managed" => Some(History::Customers),
        "referred" => Some(History::Referrals),
        "payout-methods" | "tax-form" | "method-notice" => Some(History::Payee),
        _ => Some(History::Reviews),
    }
}

#[cfg(test)]
mod tests;
