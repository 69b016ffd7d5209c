//! One payout: claimed, asked for, recorded.

use cases::awards::{self, award_of};
use cases::error::CaseError;
use cases::payouts::{Requested, next};
use domain::audit::append;
use domain::digest::Digest;
use domain::id::PayoutId;
use domain::payout::attempt::{Attempt, Ended, Next, destination_of};
use domain::payout::{Payout, PayoutState, Refused, Step};
use domain::time::Timestamp;
use edge::lambda::Failure;
use edge::telemetry::{Secret, chain};
use queues::PayoutDue;
use store::attempts::StoredAttempt;
use store::payouts::{Stepped, StoredPayout};
use store::{StoreError, TenantKey, Written};
use stripe::Stripe;

use crate::destination::NoDestination;
use crate::rail::{self, Answer, Known};
use crate::{App, itself};

/// The word of a payout that was refused for certain.
const FAILED: &str = "failed";
/// How often a step that others raced is begun again.
const TRIES_MAX: usize = 8;

/// What became of a payout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// There was nothing to do: it has gone on, or has ended.
    Nothing,
    /// It stands there now.
    Moved(&'static str),
    /// What was paid has come back.
    Returned,
    /// Its money was given back, and the rail has a transfer of it that stands: people must look.
    Stray,
}

/// An attempt that is ours to make now, and what may be done.
struct Claimed {
    stored: StoredAttempt,
    /// Nobody asked before.
    is_first: bool,
    may_ask: bool,
}

/// With what the rail is asked.
struct Ready {
    stripe: Stripe,
    /// Whom it is told; none where the method is gone, or does not open.
    account: Option<Secret<String>>,
    /// Why it does not open.
    broken: Option<String>,
}

/// Why the rail can be neither read nor asked before somebody has set it right.
struct NoKey(String);

impl App {
    /// One message of the queue.
    ///
    /// # Errors
    /// Something is away (try again), or a person must look.
    pub async fn carry(&self, due: PayoutDue) -> Result<(), Failure> {
        let tenant = TenantKey::from(&due.tenant);
        match self.execute(&tenant, &due.payout).await? {
            Done::Nothing => tracing::debug!(payout.id = %due.payout, "nothing to do for a payout"),
            Done::Moved(state) => tracing::info!(payout.id = %due.payout, payout.state = state, "payout moved"),
            Done::Returned => tracing::info!(payout.id = %due.payout, "payout returned"),
            Done::Stray => {
                tracing::error!(payout.id = %due.payout, "a transfer stands for a payout that was given back: people must look");
            }
        }
        Ok(())
    }

    /// Does for a payout what is to be done, wherever it stands.
    ///
    /// # Errors
    /// Something is away (try again), or a person must look.
    pub async fn execute(&self, tenant: &TenantKey, id: &PayoutId) -> Result<Done, Failure> {
        let stored = self.store.get_payout(tenant, id).await.map_err(failure)?;
        let stored = stored.ok_or_else(|| Failure::reject(format!("there is no payout {id}")))?;
        match &stored.payout.state {
            PayoutState::Submitting { attempt, .. } | PayoutState::OutcomeUnknown { attempt, .. } => {
                let (no, is_of_award) = (*attempt, award_of(&stored.payout).is_some());
                let done = self.attempt(tenant, stored, no).await?;
                if is_of_award && matches!(done, Done::Moved(_)) {
                    self.follow(tenant, id).await;
                }
                if done == Done::Moved(FAILED) {
                    self.try_next_method(tenant, id).await?;
                }
                Ok(done)
            }
            PayoutState::Paid { .. } => self.look_for_return(tenant, stored).await,
            // Told again: perhaps by a process that died between the failure and what follows from it, or because the rail has
            // made a transfer all the same.
            PayoutState::Failed { .. } => {
                if self.has_stray(tenant, &stored).await? {
                    return Ok(Done::Stray);
                }
                self.try_next_method(tenant, id).await.map(|()| Done::Nothing)
            }
            _ => Ok(Done::Nothing),
        }
    }

    /// PAY-6: what this rail has refused at once and for certain is asked for by the payee's next method: a payout of its own,
    /// which people approve.
    async fn try_next_method(&self, tenant: &TenantKey, id: &PayoutId) -> Result<(), Failure> {
        let trail = self.store.list_audit(tenant, id.as_str()).await.map_err(failure)?;
        let Some(stored) = self.store.get_payout(tenant, id).await.map_err(failure)? else { return Ok(()) };
        if !next::is_certain(&trail) {
            return Ok(());
        }
        match next::by_next_method(&self.store, tenant, &stored.payout, self.clock.now()).await {
            Ok(None) => Ok(()),
            Ok(Some(Requested::Created(next))) => {
                tracing::info!(payout.id = %next.payout.id, failed.id = %id, "a refused payout is asked for by the next method");
                Ok(())
            }
            // Its money is in the balance: whoever wants it asks for it.
            Ok(Some(other)) => {
                tracing::warn!(payout.id = %id, reason = ?other, "a refused payout is not asked for by the next method");
                Ok(())
            }
            Err(CaseError::Store(error)) => Err(failure(error)),
            Err(error) => Err(Failure::retry(error)),
        }
    }

    /// AWD-3: the award of a payout follows it at once. What does not follow now, the daily round follows.
    async fn follow(&self, tenant: &TenantKey, id: &PayoutId) {
        let (by, at) = (itself(), self.clock.now());
        let followed = match self.store.get_payout(tenant, id).await {
            Ok(Some(stored)) => awards::follow(&self.store, tenant, &stored.payout, (&by, at)).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error.into()),
        };
        if let Err(error) = followed {
            tracing::warn!(payout.id = %id, reason = chain(&error), "an award does not follow its payout yet");
        }
    }

    async fn attempt(&self, tenant: &TenantKey, stored: StoredPayout, no: u32) -> Result<Done, Failure> {
        let payout = &stored.payout;
        // Read before the claim: what is away now must not cost a try.
        let ready = self.ready(tenant, payout).await?;
        let account = ready.as_ref().ok().and_then(|ready| ready.account.as_ref());
        let Some(claimed) = self.claim(tenant, payout, no, account).await? else { return Ok(Done::Nothing) };
        let answer = match &ready {
            Ok(ready) => asked(ready, tenant, payout, &claimed).await,
            Err(NoKey(why)) => not_asked(why, &claimed),
        };
        self.record(tenant, stored, claimed.stored, answer).await
    }

    /// With what the rail is asked, or why it cannot be until somebody has set it right. That must not leave a payout
    /// where nobody can give its money back.
    async fn ready(&self, tenant: &TenantKey, payout: &Payout) -> Result<Result<Ready, NoKey>, Failure> {
        if payout.computed_seal() != payout.seal {
            // Its amount may be another than was reserved: nobody gives that back before it was looked at.
            return Err(Failure::reject(format!("the seal of {} does not fit", payout.id)));
        }
        // PAY-13: fee and tax are under no seal, so what leaves is held against what was approved.
        if payout.leaving().is_none() {
            return Err(Failure::reject(format!("the parts of {} are no parts of its amount", payout.id)));
        }
        let stripe = match self.accounts.of(tenant.tenant()).await {
            Ok(stripe) => stripe,
            Err(error) if error.is_definite() => return Ok(Err(NoKey(chain(&error)))),
            Err(error) => return Err(Failure::retry(error)),
        };
        match self.account_of(tenant, payout).await {
            Ok(account) => Ok(Ok(Ready { stripe, account: Some(account), broken: None })),
            Err(NoDestination::Gone) => Ok(Ok(Ready { stripe, account: None, broken: None })),
            Err(error @ NoDestination::Away(_)) => Err(Failure::retry(error)),
            Err(error @ NoDestination::Broken(_)) => {
                Ok(Ok(Ready { stripe, account: None, broken: Some(chain(&error)) }))
            }
        }
    }

    /// The intent, written before the rail is asked: of several who would, one.
    async fn claim(
        &self,
        tenant: &TenantKey,
        payout: &Payout,
        no: u32,
        account: Option<&Secret<String>>,
    ) -> Result<Option<Claimed>, Failure> {
        let at = self.clock.now();
        let raced = || Failure::retry("somebody else asks the rail for this payout");
        let Some(read) = self.store.get_attempt(tenant, &payout.id, no).await.map_err(failure)? else {
            let Some(payee) = payout.terms.payee.clone() else {
                return Err(Failure::reject(format!("{} names no payee", payout.id)));
            };
            let told = account.map_or(Digest::ZERO, |account| destination_of(payee.rail, account.reveal()));
            let attempt = Attempt::begin(payout, no, (payee, told), at);
            return match self.store.create_attempt(tenant, &attempt).await.map_err(failure)? {
                Written::Yes => {
                    let stored = StoredAttempt { attempt, version: 1 };
                    Ok(Some(Claimed { stored, is_first: true, may_ask: true }))
                }
                Written::ConditionFailed => Err(raced()),
            };
        };
        let may_ask = match read.attempt.next(at) {
            // It ended in the transaction in which the payout moved on: what was read of that is old.
            Next::Nothing => return Ok(None),
            // The clock looks for it whatever becomes of this message, which would be tried until it is dead.
            Next::Wait if read.attempt.is_looked_for => return Ok(None),
            Next::Wait => return Err(raced()),
            Next::LookThenAsk => true,
            Next::Look => false,
        };
        let attempt = read.attempt.again(at);
        match self.store.replace_attempt(tenant, &read, &attempt).await.map_err(failure)? {
            Written::Yes => {
                let stored = StoredAttempt { attempt, version: read.version + 1 };
                Ok(Some(Claimed { stored, is_first: false, may_ask }))
            }
            Written::ConditionFailed => Err(raced()),
        }
    }

    async fn record(
        &self,
        tenant: &TenantKey,
        stored: StoredPayout,
        claimed: StoredAttempt,
        answer: Answer,
    ) -> Result<Done, Failure> {
        let at = self.clock.now();
        let id = stored.payout.id.clone();
        match answer {
            Answer::Carried { reference, is_back } => {
                let settle = |payout: Payout| payout.settle(itself(), reference.clone(), at);
                let ended = Ended::Paid { reference: reference.clone() };
                // An attempt that went well at once is not written again: the payout says it all.
                let end = claimed.attempt.is_looked_for.then(|| claimed.attempt.clone().end(ended));
                let done = self.step(tenant, stored, (&claimed, end), settle).await?;
                if is_back { Box::pin(self.execute(tenant, &id)).await } else { Ok(done) }
            }
            Answer::Refused(reason) => {
                let end = claimed.attempt.clone().end(Ended::Refused { reason: reason.clone() });
                self.step(tenant, stored, (&claimed, Some(end)), |payout| payout.refuse(itself(), reason.clone(), at))
                    .await
            }
            Answer::NotNow(reason) => {
                tracing::error!(payout.id = %id, reason, "a payout could not be sent, for a reason of ours");
                let end = claimed.attempt.clone().end(Ended::Refused { reason: reason.clone() });
                self.step(tenant, stored, (&claimed, Some(end)), |payout| payout.postpone(itself(), &reason, at)).await
            }
            Answer::Unknown(why) => {
                tracing::warn!(payout.id = %id, reason = why, "the outcome of a payout is not known");
                self.lose_track(tenant, stored, (&claimed, true), why, at).await
            }
            Answer::AskPeople(why) => {
                tracing::error!(payout.id = %id, reason = why, "the outcome of a payout waits for people");
                self.lose_track(tenant, stored, (&claimed, false), why, at).await
            }
            Answer::Later(why) => Err(Failure::retry(why)),
        }
    }

    /// The outcome is not known. Whether it is looked for from now on goes along.
    async fn lose_track(
        &self,
        tenant: &TenantKey,
        stored: StoredPayout,
        (claimed, is_looked_for): (&StoredAttempt, bool),
        why: String,
        at: Timestamp,
    ) -> Result<Done, Failure> {
        let after = claimed.attempt.clone().looked_for(is_looked_for);
        if matches!(stored.payout.state, PayoutState::Submitting { .. }) {
            let step = |payout: Payout| payout.lose_track(itself(), why.clone(), at);
            return self.step(tenant, stored, (claimed, Some(after)), step).await;
        }
        if claimed.attempt.is_looked_for != is_looked_for {
            let written = self.store.replace_attempt(tenant, claimed, &after).await.map_err(failure)?;
            if written == Written::ConditionFailed {
                return Err(Failure::retry("an attempt was claimed by somebody else"));
            }
        }
        Ok(Done::Moved(stored.payout.state.word()))
    }

    /// One step of the payout with its attempt. Begun again where people spoke meanwhile; what is known to have been
    /// carried out and finds no payout to settle is a person's.
    async fn step(
        &self,
        tenant: &TenantKey,
        mut stored: StoredPayout,
        (claimed, after): (&StoredAttempt, Option<Attempt>),
        take: impl Fn(Payout) -> Result<Step, Refused>,
    ) -> Result<Done, Failure> {
        for _ in 0..TRIES_MAX {
            let id = stored.payout.id.clone();
            let step = take(stored.payout.clone()).map_err(|refused| {
                Failure::reject(format!("what the rail said of {id} cannot be recorded: {refused}"))
            })?;
            let entry = append(stored.chain, id.as_str(), step.deed);
            let moved = (&step.payout, step.head);
            let replaced = match &after {
                Some(after) => {
                    let with = (claimed, after);
                    self.store.replace_payout_and_attempt(tenant, stored.chain, moved, &entry, with).await
                }
                None => self.store.replace_payout(tenant, stored.chain, moved.0, moved.1, &entry).await,
            };
            match replaced.map_err(failure)? {
                Stepped::Yes => return Ok(Done::Moved(step.payout.state.word())),
                Stepped::ReferenceUsed(other) => {
                    return Err(Failure::reject(format!("the transfer of {id} has paid {other} already")));
                }
                Stepped::Changed => {}
            }
            let now = self.store.get_payout(tenant, &id).await.map_err(failure)?;
            stored = now.ok_or_else(|| Failure::reject(format!("{id} is gone")))?;
            // The client's own retry can report a failed condition for a write that succeeded.
            if stored.chain.hash == entry.hash {
                return Ok(Done::Moved(stored.payout.state.word()));
            }
        }
        Err(Failure::retry("others change this payout at the moment"))
    }
}

/// Looks, where somebody may have asked before; then asks, where the key can be trusted.
async fn asked(
    Ready { stripe, account, broken }: &Ready,
    tenant: &TenantKey,
    payout: &Payout,
    claimed: &Claimed,
) -> Answer {
    let attempt = &claimed.stored.attempt;
    if !claimed.is_first {
        // PAY-7: read before anything is asked again.
        match rail::look(stripe, attempt).await {
            Known::Answer(answer) => return answer,
            Known::Nothing => {}
        }
    }
    if !claimed.may_ask {
        return Answer::AskPeople("the rail has no transfer of this payout, and may have forgotten its key".to_owned());
    }
    let told =
        account.as_ref().filter(|account| destination_of(attempt.payee.rail, account.reveal()) == attempt.destination);
    match told {
        Some(account) => rail::ask(stripe, tenant, (payout, attempt), account.reveal()).await,
        // Asked for once, it cannot be asked for again in the same words: only reading helps.
        None if !claimed.is_first => {
            Answer::AskPeople("the payout method has changed since the rail was asked".to_owned())
        }
        // PAY-9: what the payee could not help is no refusal of theirs: it stays approved, and finance decides.
        None => broken
            .clone()
            .map_or_else(|| Answer::Refused("the payout method is not there any more".to_owned()), Answer::NotNow),
    }
}

/// PAY-9: nothing was ever asked: certainly not paid, and finance can give it back. Where somebody may have asked before,
/// only the rail or two people know.
fn not_asked(why: &str, claimed: &Claimed) -> Answer {
    let why = why.to_owned();
    match (claimed.is_first, claimed.may_ask) {
        (true, _) => Answer::NotNow(why),
        (false, true) => Answer::Unknown(why),
        (false, false) => Answer::AskPeople(why),
    }
}

/// The store's errors, as the queue understands them.
pub(crate) fn failure(error: StoreError) -> Failure {
    match error {
        StoreError::Unavailable { .. } | StoreError::LostRace { .. } => Failure::retry(error),
        error => Failure::reject(error),
    }
}
