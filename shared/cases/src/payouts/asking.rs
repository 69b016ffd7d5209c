//! PAY-1: a balance, or a part of it, becomes a payout.

use domain::audit::{ChainEnd, Deed, append};
use domain::award::PaymentName;
use domain::id::PayoutId;
use domain::ledger::Head;
use domain::line::Account;
use domain::money::Money;
use domain::payout::carry::{Carry, NoCarry};
use domain::payout::hold::Hold;
use domain::payout::{HeadMove, Payout, PayoutState, SealedContent, Step, Terms, approvers_needed, seal};
use domain::slot::Slot;
use domain::time::{BusinessDay, Timestamp};
use store::payouts::{Born, StoredPayout};
use store::{Store, TenantKey, Written};

use super::ground::{self, Ground};
use super::{Asked, Requested, TRIES_MAX, found_own, split};
use crate::closing::{self, Counted, Pace, Prepared};
use crate::error::CaseError;

/// A partner's available balance, or the part that was asked for, becomes a payout: what has matured is closed, then one
/// transaction.
///
/// # Errors
/// The store does not answer, a law of the ledger does not hold, or others raced each try.
pub async fn request(store: &Store, tenant: &TenantKey, asked: &Asked, at: Timestamp) -> Result<Requested, CaseError> {
    request_within(store, tenant, asked, at, Pace::unhurried()).await
}

/// As [`request`], for as long as the pace allows: an account of very many lines is counted over several requests.
///
/// # Errors
/// As [`request`].
pub async fn request_within(
    store: &Store,
    tenant: &TenantKey,
    asked: &Asked,
    at: Timestamp,
    pace: Pace<'_>,
) -> Result<Requested, CaseError> {
    let ground = ground::of(store, tenant, asked, at).await?;
    if ground.is_barred() {
        return Ok(held(ground.holds));
    }
    let account = Account { partner: asked.partner.clone(), currency: asked.currency };
    let today = store.get_settings(tenant).await?.ledger_zone.day_of(at);
    let asking = Asking { store, tenant, asked, account: &account, ground: &ground, at, today };
    for _ in 0..TRIES_MAX {
        let before = store.get_head(tenant, &account).await?;
        if let Some(open) = before.open_payout {
            return asking.met(open).await;
        }
        let holds = ground.with_money(asked.amount, before.available_on(today)?, before.pending_on(today)?);
        if !holds.is_empty() && !before.close_is_unfinished() {
            return Ok(held(holds));
        }
        let prepared = match closing::prepare(store, tenant, &account, today, pace).await? {
            Counted::Whole(prepared) => *prepared,
            Counted::Partly { lines } => return Ok(Requested::Counting { lines }),
        };
        // Born since the look above: nothing else is the reason why there is nothing to pay.
        if let Some(open) = prepared.head.open_payout.clone() {
            return asking.met(open).await;
        }
        match asking.draft(&prepared).await? {
            Draft::Refused(holds) => return Ok(held(holds)),
            Draft::Unsettled => {}
            // What is closed does not suffice, or a part is taken of it: close it, and look again at what opened meanwhile.
            Draft::CloseFirst => {
                if let Some(close) = &prepared.close {
                    let _: Written = store.close(tenant, &account, &prepared.head, close).await?;
                }
                let head = store.get_head(tenant, &account).await?;
                if let Some(open) = head.open_payout {
                    return asking.met(open).await;
                }
                let available = head.available_on(today)?;
                if available.minor() <= 0 && head.last_matured(today).is_none() {
                    return Ok(Requested::NothingAvailable { available, pending: head.pending_on(today)? });
                }
            }
            Draft::Payout(payout, carry) => {
                if let Some(created) = asking.bear(&prepared, *payout, carry.as_deref()).await? {
                    return Ok(Requested::Created(Box::new(created)));
                }
                // Perhaps born by this very request, whose answer got lost: the next round finds it as the open one.
            }
        }
    }
    Err(CaseError::Busy)
}

/// What stands against a request, as an answer: a reason alone has a name of its own.
fn held(mut holds: Vec<Hold>) -> Requested {
    if let [_] = holds.as_slice() {
        match holds.remove(0) {
            Hold::PartnerNotActive => return Requested::PartnerNotActive,
            Hold::UnderReview => return Requested::UnderReview,
            Hold::NothingAvailable { available, pending } => {
                return Requested::NothingAvailable { available, pending };
            }
            other => holds.push(other),
        }
    }
    Requested::Held(holds)
}

/// One request, while it is answered.
struct Asking<'a> {
    store: &'a Store,
    tenant: &'a TenantKey,
    asked: &'a Asked,
    account: &'a Account,
    ground: &'a Ground,
    at: Timestamp,
    today: BusinessDay,
}

/// What a prepared close allows.
enum Draft {
    /// This payout, and what it leaves behind where it is of a part.
    Payout(Box<Payout>, Option<Box<Carry>>),
    /// Nothing yet: what has matured is to be closed first.
    CloseFirst,
    /// What stands against the amount as it is closed.
    Refused(Vec<Hold>),
    /// Nothing yet: a close is being written, and not all of it can be read.
    Unsettled,
}

/// What a payout covers: everything that is closed, up to a slot.
struct Covered {
    amount: Money,
    to: Slot,
    close_hash: domain::digest::Digest,
    lines: u64,
}

impl Asking<'_> {
    /// A payout is open: this request's own, which is met again, or another.
    async fn met(&self, open: PayoutId) -> Result<Requested, CaseError> {
        let is_own = |stored: &StoredPayout| stored.payout.asked_under == self.asked.under;
        Ok(match found_own(self.store, self.tenant, &open, is_own).await? {
            Some(own) => Requested::Created(Box::new(own)),
            None => Requested::OpenPayout(open),
        })
    }

    async fn draft(&self, prepared: &Prepared) -> Result<Draft, CaseError> {
        let (head, close) = (&prepared.head, &prepared.close);
        let closed_net = close.as_ref().map_or(Money::zero(self.account.currency), |close| close.net);
        let whole = Money::from_minor(head.available, self.account.currency).try_add(closed_net)?;
        let to = close.as_ref().map(|close| close.to).or(head.closed);
        // Slots that opened behind the close and make the balance smaller must be closed first.
        let is_less = head.available_on(self.today)?.minor() < whole.minor();
        let (Some(to), false) = (to, whole.minor() <= 0 || is_less) else { return Ok(Draft::CloseFirst) };
        // PAY-2: what is closed may be another amount than what was available a moment before.
        let holds = self.ground.with_money(self.asked.amount, whole, Money::zero(self.account.currency));
        if !holds.is_empty() {
            return Ok(Draft::Refused(holds));
        }
        let amount = self.asked.amount.unwrap_or(whole);
        let id = PayoutId::of(&self.account.partner, self.account.currency, head.payout_no + 1);
        // PAY-1: nobody gets below a band by asking for a balance in parts.
        let split = split::taken_by_parts(self.store, self.tenant, (self.account, head), self.at).await?;
        let mut terms = self.ground.terms(amount, whole.try_add(split)?);
        // AWD-3: an award takes two, whatever the bands say of its amount.
        let approvers = terms.approvers.map_or_else(|| approvers_needed(amount), usize::from);
        if PaymentName::parse(&self.asked.under).is_some() && approvers < 2 {
            terms.approvers = Some(2);
        }
        // V4: what cannot be read yet is not nothing.
        let Some(counted) = self.store.count_lines_to_cover(self.tenant, self.account, head).await? else {
            return Ok(Draft::Unsettled);
        };
        let lines = counted + close.as_ref().map_or(0, |close| close.count);
        let close_hash = close.as_ref().map_or(head.close_hash, |close| close.hash);
        let covered = Covered { amount, to, close_hash, lines };
        if amount == whole {
            return Ok(Draft::Payout(Box::new(self.sealed(id, head, covered, terms)), None));
        }
        if close.is_some() {
            return Ok(Draft::CloseFirst);
        }
        // PAY-1: of a part. The payout is the sum of what it covers, so what is left goes past it.
        let rest = whole.try_sub(amount)?;
        let carry = match Carry::of(&id, head, rest, (self.at, self.today)) {
            Ok(carry) => carry,
            Err(NoCarry::DayIsFull) => return Ok(Draft::Refused(vec![Hold::TooManyParts { available: whole }])),
            Err(NoCarry::Money(error)) => return Err(error.into()),
        };
        let (to, close_hash) = (carry.close.to, carry.close.hash);
        let covered = Covered { to, close_hash, lines: lines + carry.close.count, ..covered };
        Ok(Draft::Payout(Box::new(self.sealed(id, head, covered, terms)), Some(Box::new(carry))))
    }

    /// The payout of what is covered, sealed.
    fn sealed(&self, id: PayoutId, head: &Head, covered: Covered, terms: Terms) -> Payout {
        let Covered { amount, to, close_hash, lines } = covered;
        let account = self.account;
        let content = SealedContent { id: &id, account, from: head.paid, to, amount, close_hash, terms: &terms };
        let seal = seal(&content);
        Payout {
            id,
            partner: account.partner.clone(),
            amount,
            from: head.paid,
            to,
            lines,
            close_hash,
            seal,
            asked_under: self.asked.under.clone(),
            requested_by: self.asked.by.clone(),
            requested_at: self.at,
            moved_at: self.at,
            // PAY-4: where no band asks for anybody, it is approved by itself.
            state: if terms.approvers == Some(0) { PayoutState::Approved } else { PayoutState::PendingApproval },
            approvals: Vec::new(),
            terms,
            net: None,
        }
    }

    /// The payout is born; `None` where the account changed since it was read.
    async fn bear(
        &self,
        prepared: &Prepared,
        payout: Payout,
        carry: Option<&Carry>,
    ) -> Result<Option<StoredPayout>, CaseError> {
        let (store, tenant, head) = (self.store, self.tenant, &prepared.head);
        let step = self.born(payout);
        let entry = append(ChainEnd::START, step.payout.id.as_str(), step.deed);
        let born = match carry {
            Some(carry) => store.create_part_payout(tenant, head, (&step.payout, carry), &entry, self.today).await?,
            None => store.create_payout(tenant, head, prepared.close.as_ref(), &step.payout, &entry).await?,
        };
        Ok((born == Born::Yes).then(|| StoredPayout { payout: step.payout, chain: entry.end() }))
    }

    fn born(&self, payout: Payout) -> Step {
        let deed = Deed {
            at: self.at,
            actor: self.asked.by.clone(),
            action: "payout.requested",
            old: std::collections::BTreeMap::new(),
            new: payout.told(),
        };
        Step { payout, head: HeadMove::None, deed }
    }
}
