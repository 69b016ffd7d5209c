//! Corrections, debts given up, exchanges: asked for by one person, approved by another.

use domain::adjustment::{Adjustment, AdjustmentState, Change, Refused, ReleaseHalf, Step, returned_key};
use domain::audit::ChainEnd;
use domain::award::PaymentName;
use domain::currency::Currency;
use domain::digest::Digest;
use domain::id::{AdjustmentId, EntryId, PartnerId, PayoutId};
use domain::ledger::Head;
use domain::line::{Account, Place};
use domain::money::Money;
use domain::payout::PayoutState;
use domain::slot::Slot;
use store::adjustments::{AdjustmentStep, StoredAdjustment};
use store::entries::{EntryBooking, EntryWritten, HeadGuard};

use super::{Desk, TRIES_MAX};
use crate::awards;
use crate::error::CaseError;

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// A correction of the balance, signed.
    Correction {
        /// How much.
        amount: Money,
    },
    /// The debt of an account is given up, whole.
    WriteOff {
        /// In which currency.
        currency: Currency,
    },
    /// So much of one currency becomes another, at the newest stored rate.
    Exchange {
        /// What leaves.
        out: Money,
        /// Which currency comes.
        into: Currency,
    },
    /// What came back of a paid payout is the partner's to ask for again.
    Release {
        /// Which payout.
        payout: PayoutId,
    },
}

/// Whose account is to be changed, how and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The id that it will have: asked for twice under one, it is one.
    pub id: AdjustmentId,
    /// Whose account.
    pub partner: PartnerId,
    /// What.
    pub wish: Wish,
    /// Why.
    pub reason: String,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moved {
    /// It is as it says.
    Done(Box<StoredAdjustment>),
    /// There is no such adjustment.
    NotFound,
    /// There is no such partner.
    NoPartner,
    /// It is not possible, or not for this person.
    Refused(Refused),
    /// The account owes nothing.
    NothingOwed {
        /// What is available.
        available: Money,
    },
    /// What is available changed since it was asked for, or does not suffice.
    BalanceDiffers {
        /// What is available.
        available: Money,
    },
    /// No rate of exchange is stored for the pair.
    NoRate,
    /// Nothing is held of the payout, or it is not released here.
    NothingHeld {
        /// Why.
        why: &'static str,
    },
    /// The amount comes to nothing in the other currency.
    TooSmall,
}

/// Somebody asks for a change by hand. What needs no second person is booked at once.
///
/// # Errors
/// The store does not answer, amounts are out of range, or others raced each try.
pub async fn ask(desk: &Desk<'_>, asked: &Asked) -> Result<Moved, CaseError> {
    if desk.store.get_partner(desk.tenant, &asked.partner).await?.is_none() {
        return Ok(Moved::NoPartner);
    }
    let kind = match asked.wish {
        Wish::Correction { .. } => "correction",
        Wish::WriteOff { .. } => "write_off",
        Wish::Exchange { .. } => "exchange",
        Wish::Release { .. } => "release",
    };
    for _ in 0..TRIES_MAX {
        // A run that takes over from one that died finds what that one left behind.
        if let Some(there) = desk.store.get_adjustment(desk.tenant, kind, &asked.id).await? {
            let moved = Moved::Done(Box::new(there));
            follow(desk, &moved).await;
            return Ok(moved);
        }
        let change = match change_of(desk, asked).await? {
            Ok(change) => change,
            Err(moved) => return Ok(moved),
        };
        let by = (desk.actor.clone(), desk.now);
        let step = Adjustment::ask(
            asked.id.clone(),
            asked.partner.clone(),
            change,
            asked.reason.clone(),
            by,
            desk.four_eyes_above,
        );
        let step = match step {
            Ok(step) => step,
            Err(refused) => return Ok(Moved::Refused(refused)),
        };
        if let Some(moved) = take(desk, ChainEnd::START, step).await? {
            follow(desk, &moved).await;
            return Ok(moved);
        }
    }
    Err(CaseError::Busy)
}

/// Another person says yes to the seal that they saw: it is booked, if the balance is still what it was asked for.
///
/// # Errors
/// As [`ask`].
pub async fn approve(desk: &Desk<'_>, kind: &str, id: &AdjustmentId, seen_seal: Digest) -> Result<Moved, CaseError> {
    decide(desk, kind, id, |adjustment| adjustment.approve(desk.actor.clone(), seen_seal, desk.now)).await
}

/// Somebody says no, or takes it back.
///
/// # Errors
/// As [`ask`].
pub async fn reject(desk: &Desk<'_>, kind: &str, id: &AdjustmentId, reason: &str) -> Result<Moved, CaseError> {
    decide(desk, kind, id, |adjustment| adjustment.reject(desk.actor.clone(), reason.to_owned(), desk.now)).await
}

async fn decide(
    desk: &Desk<'_>,
    kind: &str,
    id: &AdjustmentId,
    step: impl Fn(Adjustment) -> Result<Step, Refused>,
) -> Result<Moved, CaseError> {
    for _ in 0..TRIES_MAX {
        let Some(stored) = desk.store.get_adjustment(desk.tenant, kind, id).await? else {
            return Ok(Moved::NotFound);
        };
        let step = match step(stored.adjustment.clone()) {
            Ok(step) => step,
            // A run that takes over from one that died meets its own step.
            Err(_) if desk.has_done(id.as_str()).await? => {
                let moved = Moved::Done(Box::new(stored));
                follow(desk, &moved).await;
                return Ok(moved);
            }
            Err(refused) => return Ok(Moved::Refused(refused)),
        };
        if let Some(moved) = take(desk, stored.chain, step).await? {
            follow(desk, &moved).await;
            return Ok(moved);
        }
    }
    Err(CaseError::Busy)
}

/// AWD-3: what came back of an award and is released is asked for again at once. Where that does not come to be, the daily
/// round asks: the release stands, and is no less for it.
async fn follow(desk: &Desk<'_>, moved: &Moved) {
    let Moved::Done(stored) = moved else { return };
    let (Change::Release { payout, .. }, AdjustmentState::Booked { .. }) =
        (&stored.adjustment.change, &stored.adjustment.state)
    else {
        return;
    };
    let by = (&desk.actor, desk.now);
    let followed = match desk.store.get_payout(desk.tenant, payout).await {
        Ok(Some(found)) => awards::follow(desk.store, desk.tenant, &found.payout, by).await,
        Ok(None) => Ok(()),
        Err(error) => Err(error.into()),
    };
    if let Err(error) = followed {
        tracing::warn!(payout.id = %payout, %error, "an award does not follow its release yet");
    }
}

/// What a wish comes to now: the debt as it is, the rate as it is stored.
async fn change_of(desk: &Desk<'_>, asked: &Asked) -> Result<Result<Change, Moved>, CaseError> {
    Ok(match &asked.wish {
        Wish::Correction { amount } => Ok(Change::Correction { amount: *amount }),
        Wish::WriteOff { currency } => {
            let available = available(desk, &asked.partner, *currency).await?;
            if available.is_negative() {
                Ok(Change::WriteOff { amount: available.negate()? })
            } else {
                Err(Moved::NothingOwed { available })
            }
        }
        Wish::Exchange { out, into } => {
            let pair = (out.currency(), *into);
            let Some(rate) = desk.store.find_fx_rate(desk.tenant, pair, desk.now).await? else {
                return Ok(Err(Moved::NoRate));
            };
            let available = available(desk, &asked.partner, out.currency()).await?;
            let into = rate.rate.convert(*out, *into)?;
            if available.minor() < out.minor() {
                Err(Moved::BalanceDiffers { available })
            } else if into.is_zero() {
                Err(Moved::TooSmall)
            } else {
                Ok(Change::Exchange { out: *out, into, rate })
            }
        }
        Wish::Release { payout } => return releasable(desk, &asked.partner, payout).await,
    })
}

/// PAY-9: what came back of a payout, as it was booked; or why nothing of it is released.
async fn releasable(
    desk: &Desk<'_>,
    partner: &PartnerId,
    payout: &PayoutId,
) -> Result<Result<Change, Moved>, CaseError> {
    let nothing = |why| Ok(Err(Moved::NothingHeld { why }));
    let stored = desk.store.get_payout(desk.tenant, payout).await?.filter(|stored| stored.payout.partner == *partner);
    let Some(stored) = stored else { return Ok(Err(Moved::NotFound)) };
    if !matches!(stored.payout.state, PayoutState::Returned { .. }) {
        return nothing("the payout has not come back after it was paid");
    }
    // AWD-3: an award's money has names of its own: once it is released, the award asks for it under the next.
    if let Some(name) = PaymentName::parse(&stored.payout.asked_under)
        && let Some(why) = awards::why_not_again(desk.store, desk.tenant, &name).await?
    {
        return nothing(why);
    }
    let back = desk.store.get_entry(desk.tenant, &EntryId::of(&returned_key(payout))).await?;
    let Some(back) = back.filter(|entry| entry.place == Place::Held && !entry.amount.is_negative()) else {
        return nothing("nothing that came back of the payout is held");
    };
    if is_released(desk, payout).await? {
        return nothing(RELEASED);
    }
    Ok(Ok(Change::Release { payout: payout.clone(), amount: back.amount }))
}

const RELEASED: &str = "what came back of the payout is released already";

async fn is_released(desk: &Desk<'_>, payout: &PayoutId) -> Result<bool, CaseError> {
    let key = ReleaseHalf::In.key(payout);
    Ok(desk.store.get_entry(desk.tenant, &EntryId::of(&key)).await?.is_some())
}

async fn available(desk: &Desk<'_>, partner: &PartnerId, currency: Currency) -> Result<Money, CaseError> {
    let account = Account { partner: partner.clone(), currency };
    Ok(desk.store.get_head(desk.tenant, &account).await?.available_on(desk.today())?)
}

/// Writes a step with what it books. `None`: others were faster, read again.
async fn take(desk: &Desk<'_>, before: ChainEnd, step: Step) -> Result<Option<Moved>, CaseError> {
    let Step { adjustment, deed } = step;
    let (mut entries, mut guards) = (Vec::new(), Vec::new());
    if matches!(adjustment.state, AdjustmentState::Booked { .. }) {
        // Two may have asked for the release of one payout: what the first has booked, the second cannot.
        if let Change::Release { payout, .. } = &adjustment.change
            && is_released(desk, payout).await?
        {
            let there = desk.store.get_adjustment(desk.tenant, "release", &adjustment.id).await?;
            let own = there.filter(|there| there.adjustment.state == adjustment.state);
            return Ok(Some(own.map_or(Moved::NothingHeld { why: RELEASED }, |own| Moved::Done(Box::new(own)))));
        }
        let mut places = Vec::new();
        for account in adjustment.accounts() {
            let head = desk.store.get_head(desk.tenant, &account).await?;
            match guard_of(&adjustment.change, &account, &head, desk)? {
                Ok(guard) => guards.push(guard),
                Err(moved) => return Ok(Some(moved)),
            }
            places.push(Place::Slot(Slot::immediate(desk.today(), head.fence)?));
        }
        entries = adjustment.entries(&places, desk.now)?;
        // Both halves of a release are of one account, which asks nothing of either.
        guards.resize(entries.len(), HeadGuard::Open);
    }
    let books: Vec<EntryBooking<'_>> =
        entries.iter().zip(guards).map(|(entry, guard)| EntryBooking { entry, guard }).collect();
    let id = adjustment.id.to_string();
    let told = desk.told(before, &id, deed);
    let write = AdjustmentStep { before, after: &adjustment, told: &told, books: &books, booked_day: desk.today() };
    match desk.store.record_adjustment(desk.tenant, write).await? {
        EntryWritten::Yes => {}
        EntryWritten::AccountChanged => return Ok(None),
        // The client's own retry can report a failed condition for a write that succeeded: read it back.
        EntryWritten::AlreadySeen => {
            let there = desk.store.get_adjustment(desk.tenant, adjustment.change.word(), &adjustment.id).await?;
            if there.is_none_or(|there| there.chain != told.end()) {
                return Ok(None);
            }
        }
    }
    Ok(Some(Moved::Done(Box::new(StoredAdjustment { adjustment, chain: told.end() }))))
}

/// What must still hold of an account when a change is booked; or why it is not booked.
fn guard_of(
    change: &Change,
    account: &Account,
    head: &Head,
    desk: &Desk<'_>,
) -> Result<Result<HeadGuard, Moved>, CaseError> {
    let available = head.available_on(desk.today())?;
    Ok(match change {
        // What is held of a payout was booked once and leaves once: both have the payout's own keys.
        Change::Correction { .. } | Change::Release { .. } => Ok(HeadGuard::Open),
        // LED-4: the debt that was approved, and no other: the balance comes to nothing, never above.
        Change::WriteOff { amount } if amount.negate()? == available => Ok(HeadGuard::Version(head.version)),
        Change::WriteOff { .. } => Err(Moved::BalanceDiffers { available }),
        Change::Exchange { out, .. } if account.currency != out.currency() => Ok(HeadGuard::Open),
        Change::Exchange { out, .. } if out.minor() <= available.minor() => Ok(HeadGuard::Version(head.version)),
        Change::Exchange { .. } => Err(Moved::BalanceDiffers { available }),
    })
}
