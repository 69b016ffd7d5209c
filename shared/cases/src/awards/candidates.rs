//! The queue, looked at: who could be given an award, and why others could not.

use domain::award::{Candidate, Ineligible, validate};
use domain::fact::PaymentKey;
use domain::id::MemberId;
use domain::member::{KycStatus, Member, SessionTold};
use domain::payee::Choice;
use domain::payout::policy::MissingTaxForm;
use domain::subscription::{ProviderObjectKind, Subscription};
use domain::tax::TaxStatus;
use store::members::StoredMember;

use super::Awards;
use crate::error::CaseError;

/// How many of the queue are read at a time.
const PAGE_SIZE: usize = 50;
/// How many of the queue are looked at before somebody is found: a bound, so that a request ends.
const LOOKED_AT_MAX: usize = 500;

/// A member who waits, as they were looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// The member.
    pub stored: StoredMember,
    /// Their place in the queue, from 1.
    pub position: u32,
    /// What is known of them.
    pub candidate: Candidate,
    /// Every reason against them; none is a yes.
    pub reasons: Vec<Ineligible>,
}

/// How far a look along the queue came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// Those who could be given an award, the longest waiting first.
    pub valid: Vec<Looked>,
    /// Those before the last of them who could not, in the order of the queue.
    pub passed_over: Vec<Looked>,
    /// How many were looked at.
    pub looked_at: u32,
    /// Was the whole queue looked at?
    pub is_whole: bool,
}

impl Awards<'_> {
    /// What is known of a member.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn candidate(&self, member: &Member) -> Result<Candidate, CaseError> {
        let payee = member.id.payee();
        let (kyc, subscription) = (self.kyc(member).await?, self.subscription(member).await?);
        let form = self.store.get_tax_form(self.tenant, &payee).await?;
        let tax_form = form.as_ref().map_or(TaxStatus::None, |form| form.status(self.today()));
        let is_foreign = form.is_some_and(|form| form.is_foreign(self.today()));
        let policy = self.store.get_payout_policy(self.tenant).await?;
        let methods = self.store.get_payout_methods(self.tenant, &payee).await?;
        let has_way = match methods.choose(self.settings.awards.currency, self.now) {
            Choice::Payee(_) => true,
            Choice::CoolingOff { .. } => false,
            // Finance pays by hand whoever has not said where to, unless the tenant asks for it.
            Choice::NoMethod => !policy.requires_method,
        };
        // FRD-4: nothing is begun that could not go out.
        let is_stopped = !self.store.list_stops(self.tenant, &payee).await?.is_empty();
        Ok(Candidate {
            kyc,
            subscription: subscription.map(|told| told.status),
            tax_form,
            tax_form_needed: policy.missing_tax_form == MissingTaxForm::Block,
            is_foreign,
            can_be_paid: has_way && !is_stopped,
        })
    }

    /// AWD-6: how it stands with who a member is, by people and by the provider's events.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn kyc(&self, member: &Member) -> Result<KycStatus, CaseError> {
        let Some(session) = session_of(member) else {
            return Ok(member.kyc.status);
        };
        let told = self.store.get_provider_object(self.tenant, ProviderObjectKind::Identity, &session).await?;
        let told = told.map(|kept| SessionTold {
            has_failed: kept.told.details.contains_key("last_error"),
            state: kept.told.state,
            at: kept.told.told_at,
        });
        Ok(member.kyc.standing(told.as_ref()))
    }

    /// A member's subscription as its provider told it last.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn subscription(&self, member: &Member) -> Result<Option<Subscription>, CaseError> {
        let Some(id) = &member.subscription else { return Ok(None) };
        Ok(self.store.get_subscription(self.tenant, id).await?.map(|kept| kept.told))
    }

    /// AWD-2: looks along the queue, the longest waiting first, until so many are found who could be given an award.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn look_along(&self, wanted: usize) -> Result<Reached, CaseError> {
        let (mut reached, mut after) = (Reached::default(), None::<String>);
        while reached.valid.len() < wanted && (reached.looked_at as usize) < LOOKED_AT_MAX {
            let page = self.store.list_award_queue(self.tenant, after.as_deref(), PAGE_SIZE).await?;
            let ids: Vec<MemberId> = page.items.iter().map(|queued| queued.member.clone()).collect();
            for stored in self.store.get_members(self.tenant, &ids).await? {
                if reached.valid.len() >= wanted {
                    return Ok(reached);
                }
                // Who was given one since the queue was read waits no longer.
                if stored.member.queue_place().is_none() {
                    continue;
                }
                reached.looked_at += 1;
                let candidate = self.candidate(&stored.member).await?;
                let reasons = validate(&candidate);
                let looked = Looked { stored, position: reached.looked_at, candidate, reasons };
                if looked.reasons.is_empty() {
                    reached.valid.push(looked);
                } else {
                    reached.passed_over.push(looked);
                }
            }
            after = page.next;
            if after.is_none() {
                reached.is_whole = true;
                break;
            }
        }
        Ok(reached)
    }
}

/// The member's verification session, as Stripe's events name it.
fn session_of(member: &Member) -> Option<PaymentKey> {
    PaymentKey::parse(&format!("stripe:{}", member.kyc.session.as_deref()?)).ok()
}
