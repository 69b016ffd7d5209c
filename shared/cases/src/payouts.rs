//! Payouts: asked for, approved, sent, confirmed, or given back. An API and a page share these.

use domain::audit::{Actor, append};
use domain::currency::Currency;
use domain::digest::Digest;
use domain::id::{PartnerId, PayoutId};
use domain::money::Money;
use domain::payee::PayoutMethods;
use domain::payout::hold::Hold;
use domain::payout::{Arrived, Payout, PayoutState, Refused, Sent, Step, Word};
use domain::time::Timestamp;
use store::partners::PartnerStatus;
use store::payouts::{Stepped, StoredPayout};
use store::{Store, TenantKey};

use crate::error::CaseError;
use crate::under::{is_of_request, of_request};

mod asking;
mod executed;
pub mod filed;
mod going;
mod ground;
mod leaving;
pub mod next;
pub mod returned;
mod split;

pub use asking::{request, request_within};
pub use leaving::{Leaves, leaves};

/// How often a step that others raced is begun again.
const TRIES_MAX: usize = 8;

/// A request for a payout.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Whose balance.
    pub partner: PartnerId,
    /// In which currency.
    pub currency: Currency,
    /// How much; all that is available, where it is not said.
    pub amount: Option<Money>,
    /// Who asks.
    pub by: Actor,
    /// The request's own name: whoever asks again under it meets the same payout.
    pub under: String,
}

/// What became of a request for a payout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requested {
    /// It is born, sealed, and its amount is reserved.
    Created(Box<StoredPayout>),
    /// One is under way already.
    OpenPayout(PayoutId),
    /// The partner is not active: nothing is paid.
    PartnerNotActive,
    /// FRD-4: nothing is paid until a person has decided what was noticed about the partner.
    UnderReview,
    /// Several reasons, or one of money and form: each is told.
    Held(Vec<Hold>),
    /// What has matured is still being counted; it goes on when the payout is asked for again.
    Counting {
        /// How many lines are counted so far.
        lines: u64,
    },
    /// There is nothing to pay: the available balance is not above zero.
    NothingAvailable {
        /// The balance.
        available: Money,
        /// What waits for its day.
        pending: Money,
    },
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moved {
    /// It is taken.
    Done(Box<StoredPayout>),
    /// There is no such payout.
    NotFound,
    /// It is not possible, or not for this person.
    Refused(Refused),
    /// FRD-4: nothing goes out until a person has decided what was noticed about the partner.
    UnderReview,
    /// PAY-16: the partner is not active: nothing is approved or sent.
    PartnerNotActive,
    /// Reversals since the request exceed the balance: instead of the approval the payout was taken back.
    Voided(Box<StoredPayout>),
}

/// What a person does to a payout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Yes, to the seal that they saw.
    Approve {
        /// The seal.
        seal: Digest,
    },
    /// No.
    Reject {
        /// Why.
        reason: String,
    },
    /// Taken back.
    Cancel {
        /// Why.
        reason: String,
    },
    /// The money was sent.
    MarkSent(Sent),
    /// The money arrived.
    Confirm {
        /// When.
        completed_at: Timestamp,
        /// The confirmed reference.
        reference: String,
    },
    /// The money arrived that an ACH file carried, and its bank does not send it back any more.
    ConfirmFiled(Arrived),
    /// The rail refused for certain.
    Fail {
        /// Why.
        reason: String,
    },
    /// It is handed to a rail that moves by itself.
    Submit,
    /// The rail is looked at again.
    Retry,
    /// What became of it, where the rail does not say.
    Resolve(Word),
}

/// Why nothing is paid to a partner at present.
enum Barred {
    /// PAY-16: suspended, or unknown.
    NotActive,
    /// FRD-4: a person has yet to decide what was noticed.
    UnderReview,
}

/// May anything be paid to a partner, as far as looking tells? What changes behind the look is caught where the money
/// goes out: `mark-sent` makes the same a condition of its transaction. A request only reserves and an approval only
/// allows; each is taken back without a cent lost, and a condition in each would cost two units more a step.
async fn barred(store: &Store, tenant: &TenantKey, partner: &PartnerId) -> Result<Option<Barred>, CaseError> {
    if store.get_partner(tenant, partner).await?.is_none_or(|partner| partner.status != PartnerStatus::Active) {
        return Ok(Some(Barred::NotActive));
    }
    let stops = store.list_stops(tenant, partner).await?;
    Ok((!stops.is_empty()).then_some(Barred::UnderReview))
}

/// Moves a payout by a person's command.
///
/// # Errors
/// The store does not answer, or others raced each try.
pub async fn command(
    store: &Store,
    tenant: &TenantKey,
    id: &PayoutId,
    command: &Command,
    actor: &Actor,
    at: Timestamp,
) -> Result<Moved, CaseError> {
    step(store, (tenant, id), command, (actor, at), None).await
}

/// As [`command`], under the name of a request: whoever asks again under it, because the first answer was lost, is
/// answered as the first was, and is not refused for what the first has done.
///
/// # Errors
/// As [`command`].
pub async fn command_under(
    store: &Store,
    (tenant, id): (&TenantKey, &PayoutId),
    command: &Command,
    (actor, at): (&Actor, Timestamp),
    request: &str,
) -> Result<Moved, CaseError> {
    let moved = step(store, (tenant, id), command, (actor, at), Some(request)).await?;
    if !matches!(moved, Moved::Refused(_) | Moved::UnderReview | Moved::PartnerNotActive) {
        return Ok(moved);
    }
    // The trail tells which request took which step; only who is refused has to look.
    let trail = store.list_audit(tenant, id.as_str()).await?;
    let Some(taken) = trail.iter().find(|entry| is_of_request(entry, request)) else { return Ok(moved) };
    let Some(stored) = store.get_payout(tenant, id).await?.map(Box::new) else { return Ok(moved) };
    let voided = taken.action == "payout.cancelled" && !matches!(command, Command::Cancel { .. });
    Ok(if voided { Moved::Voided(stored) } else { Moved::Done(stored) })
}

async fn step(
    store: &Store,
    (tenant, id): (&TenantKey, &PayoutId),
    command: &Command,
    (actor, at): (&Actor, Timestamp),
    request: Option<&str>,
) -> Result<Moved, CaseError> {
    for _ in 0..TRIES_MAX {
        let Some(stored) = store.get_payout(tenant, id).await? else {
            return Ok(Moved::NotFound);
        };
        // Looked at again at each step towards the door: it may have been noticed since the request.
        let goes_out = matches!(command, Command::Approve { .. } | Command::MarkSent(_) | Command::Submit);
        match if goes_out { barred(store, tenant, &stored.payout.partner).await? } else { None } {
            Some(Barred::NotActive) => return Ok(Moved::PartnerNotActive),
            Some(Barred::UnderReview) => return Ok(Moved::UnderReview),
            None => {}
        }
        // PAY-12: what goes towards the door goes where it was asked to go.
        let methods =
            if goes_out { Some(store.get_payout_methods(tenant, &stored.payout.partner).await?) } else { None };
        let decided = decide(store, (tenant, &stored.payout), command, (actor, at), methods.as_ref()).await?;
        let (voided, step) = match decided {
            Ok(decided) => decided,
            Err(refused) => return Ok(Moved::Refused(refused)),
        };
        let same = |methods: &PayoutMethods| methods.version == step.payout.terms.methods.unwrap_or_default();
        if !voided && !methods.as_ref().is_none_or(same) {
            return Ok(Moved::Refused(Refused::PayeeChanged));
        }
        let entry = append(stored.chain, id.as_str(), of_request(step.deed, request));
        let ended = match command {
            Command::Resolve(word) => match executed::ended_by(store, tenant, &step.payout, word, at).await? {
                Ok(ended) => ended,
                Err(refused) => return Ok(Moved::Refused(refused)),
            },
            _ => None,
        };
        let (chain, moved) = (stored.chain, (&step.payout, step.head));
        let replaced = match &ended {
            Some((read, after)) => {
                store.replace_payout_and_attempt(tenant, chain, moved, &entry, (read, after)).await?
            }
            None => store.replace_payout(tenant, chain, &step.payout, step.head, &entry).await?,
        };
        let after = match replaced {
            Stepped::Yes => Some(StoredPayout { payout: step.payout, chain: entry.end() }),
            Stepped::ReferenceUsed(payout) => return Ok(Moved::Refused(Refused::ReferenceUsed { payout })),
            // The client's own retry can report a failed condition for a write that succeeded: read it back.
            Stepped::Changed => found_own(store, tenant, id, |stored| stored.chain.hash == entry.hash).await?,
        };
        if let Some(after) = after.map(Box::new) {
            return Ok(if voided { Moved::Voided(after) } else { Moved::Done(after) });
        }
    }
    Err(CaseError::Busy)
}

/// The step that a command means now; an approval of what the balance no longer covers becomes a cancellation.
async fn decide(
    store: &Store,
    (tenant, payout): (&TenantKey, &Payout),
    command: &Command,
    (actor, at): (&Actor, Timestamp),
    methods: Option<&PayoutMethods>,
) -> Result<Result<(bool, Step), Refused>, CaseError> {
    let mut payout = payout.clone();
    if matches!(command, Command::MarkSent(_) | Command::Submit) && payout.state == PayoutState::Approved {
        // PAY-11: what a band approved by itself has met no report yet.
        if payout.approvers() == 0
            && let Some(refused) = going::forbidden(store, tenant, &payout).await?
        {
            return Ok(Err(refused));
        }
        // TAX-2, PAY-13: what is kept is decided at the payment, by the form that holds then.
        match leaving::leaves(store, tenant, &payout, at).await?.parts() {
            Ok(net) => payout.net = Some(net),
            Err(refused) => return Ok(Err(refused)),
        }
    }
    let (actor, plain) = (actor.clone(), |step| (false, step));
    let step = match command.clone() {
        Command::Approve { seal } => {
            let head = store.get_head(tenant, &payout.account()).await?;
            let today = store.get_settings(tenant).await?.ledger_zone.day_of(at);
            // PAY-4: those who changed where the money goes are not those who say that it may.
            let editors = methods.map(|methods| methods.editors(at)).unwrap_or_default();
            let approved = payout.clone().approve_beside(actor.clone(), seal, &editors, at);
            let is_pending = payout.state == PayoutState::PendingApproval;
            if is_pending && approved.is_ok() && head.available_on(today)?.is_negative() {
                let reason = "reversals since the request exceed the balance; ask for a new payout".to_owned();
                return Ok(payout.cancel(actor, reason, at).map(|step| (true, step)));
            }
            // PAY-11: only who may approve at all is told of the report.
            match (approved, going::forbidden(store, tenant, &payout).await?) {
                (Ok(_), Some(refused)) => Err(refused),
                (approved, _) => approved,
            }
        }
        Command::Reject { reason } => payout.reject(actor, reason, at),
        Command::Cancel { reason } => payout.cancel(actor, reason, at),
        #[cfg(feature = "planted")]
        Command::MarkSent(sent) if domain::planted::is(domain::planted::Bug::PaidByExport) => payout
            .mark_sent(actor.clone(), sent.clone(), at)
            .and_then(|step| step.payout.confirm(actor, sent.sent_at, sent.reference, at)),
        Command::MarkSent(sent) => payout.mark_sent(actor, sent, at),
        Command::Confirm { completed_at, reference } => payout.confirm(actor, completed_at, reference, at),
        Command::ConfirmFiled(arrived) => payout.confirm_filed(actor, arrived, at),
        Command::Fail { reason } => payout.fail(actor, reason, at),
        Command::Submit => match executed::attempt_no(store, tenant, &payout).await? {
            Ok(no) => payout.submit(actor, no, at),
            Err(refused) => Err(refused),
        },
        Command::Retry => payout.retry(actor, at),
        Command::Resolve(word) => payout.resolve(actor, word, at),
    };
    Ok(step.map(plain))
}

/// The payout, if it is what this very call has made: the client's own retry can report a failed condition for a write
/// that succeeded.
async fn found_own(
    store: &Store,
    tenant: &TenantKey,
    id: &PayoutId,
    is_own: impl Fn(&StoredPayout) -> bool,
) -> Result<Option<StoredPayout>, CaseError> {
    Ok(store.get_payout(tenant, id).await?.filter(is_own))
}
