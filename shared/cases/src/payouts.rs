//! Payouts: asked for, approved, sent, confirmed, or given back. An API and a page share these.

use domain::audit::{Actor, ChainEnd, append};
use domain::currency::Currency;
use domain::digest::Digest;
use domain::id::{AwardId, PartnerId, PayoutId};
use domain::line::Account;
use domain::money::Money;
use domain::payee::PayoutMethods;
use domain::payout::hold::Hold;
use domain::payout::{Payout, PayoutState, Refused, SealedContent, Sent, Step, Word, approvers_needed, seal};
use domain::time::Timestamp;
use store::partners::PartnerStatus;
use store::payouts::{Born, Stepped, StoredPayout};
use store::{Store, TenantKey, Written};

use crate::closing::{self, Counted, Pace, Prepared};
use crate::error::CaseError;
use crate::under::{is_of_request, of_request};
use ground::Ground;

mod executed;
pub mod filed;
mod going;
mod ground;
mod leaving;
pub mod returned;

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

/// A partner's whole available balance becomes a payout: what has matured is closed, then one transaction.
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
    let account = Account { partner: asked.partner.clone(), currency: asked.currency };
    let ground = ground::of(store, tenant, asked, at).await?;
    if ground.is_barred() {
        return Ok(held(ground.holds));
    }
    let today = store.get_settings(tenant).await?.ledger_zone.day_of(at);
    for _ in 0..TRIES_MAX {
        let before = store.get_head(tenant, &account).await?;
        if let Some(open) = before.open_payout {
            return Ok(
                match found_own(store, tenant, &open, |stored| stored.payout.asked_under == asked.under).await? {
                    Some(own) => Requested::Created(Box::new(own)),
                    None => Requested::OpenPayout(open),
                },
            );
        }
        let available = before.available_on(today)?;
        let holds = ground.with_money(available, before.pending_on(today)?);
        if !holds.is_empty() && !before.close_is_unfinished() {
            return Ok(held(holds));
        }
        let prepared = match closing::prepare(store, tenant, &account, today, pace).await? {
            Counted::Whole(prepared) => *prepared,
            Counted::Partly { lines } => return Ok(Requested::Counting { lines }),
        };
        let Some(draft) = draft(store, tenant, asked, (&prepared, &ground), at).await? else {
            // What is closed does not suffice: close it, and look again at what opened meanwhile.
            if let Some(close) = &prepared.close {
                let _: Written = store.close(tenant, &account, &prepared.head, close).await?;
            }
            let head = store.get_head(tenant, &account).await?;
            let available = head.available_on(today)?;
            if head.last_matured(today).is_none() {
                return Ok(Requested::NothingAvailable { available, pending: head.pending_on(today)? });
            }
            continue;
        };
        // PAY-2: what is closed may be another amount than what was available a moment before.
        let holds = ground.with_money(draft.amount, Money::zero(asked.currency));
        if !holds.is_empty() {
            return Ok(held(holds));
        }
        let step = born(draft, &asked.by, at);
        let entry = append(ChainEnd::START, step.payout.id.as_str(), step.deed);
        match store.create_payout(tenant, &prepared.head, prepared.close.as_ref(), &step.payout, &entry).await? {
            Born::Yes => {
                return Ok(Requested::Created(Box::new(StoredPayout { payout: step.payout, chain: entry.end() })));
            }
            // Perhaps by this very request, whose answer got lost: the next round finds it as the open one.
            Born::AccountChanged => {}
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

/// The payout that a prepared close allows; `None` when it would not be above zero.
async fn draft(
    store: &Store,
    tenant: &TenantKey,
    asked: &Asked,
    (prepared, ground): (&Prepared, &Ground),
    at: Timestamp,
) -> Result<Option<Payout>, CaseError> {
    let account = &Account { partner: asked.partner.clone(), currency: asked.currency };
    let (head, close) = (&prepared.head, &prepared.close);
    let today = store.get_settings(tenant).await?.ledger_zone.day_of(at);
    let closed_net = close.as_ref().map_or(Money::zero(account.currency), |close| close.net);
    let amount = Money::from_minor(head.available, account.currency).try_add(closed_net)?;
    let to = close.as_ref().map(|close| close.to).or(head.closed);
    // Slots that opened behind the close and make the balance smaller must be closed first.
    let (Some(to), false) = (to, amount.minor() <= 0 || head.available_on(today)?.minor() < amount.minor()) else {
        return Ok(None);
    };
    let close_hash = close.as_ref().map_or(head.close_hash, |close| close.hash);
    let id = PayoutId::of(&account.partner, account.currency, head.payout_no + 1);
    let counted = store.count_lines_closed_after(tenant, account, head.covered).await?;
    let lines = counted + close.as_ref().map_or(0, |close| close.count);
    let mut terms = ground.terms(amount);
    // AWD-3: an award takes two, whatever the bands say of its amount.
    if AwardId::parse(&asked.under).is_ok() && terms.approvers.map_or_else(|| approvers_needed(amount), usize::from) < 2
    {
        terms.approvers = Some(2);
    }
    let content = SealedContent { id: &id, account, from: head.paid, to, amount, close_hash, terms: &terms };
    let seal = seal(&content);
    Ok(Some(Payout {
        id,
        partner: account.partner.clone(),
        amount,
        from: head.paid,
        to,
        lines,
        close_hash,
        seal,
        asked_under: asked.under.clone(),
        requested_by: asked.by.clone(),
        requested_at: at,
        moved_at: at,
        // PAY-4: where no band asks for anybody, it is approved by itself.
        state: if terms.approvers == Some(0) { PayoutState::Approved } else { PayoutState::PendingApproval },
        approvals: Vec::new(),
        terms,
        net: None,
    }))
}

fn born(payout: Payout, actor: &Actor, at: Timestamp) -> Step {
    let deed = domain::audit::Deed {
        at,
        actor: actor.clone(),
        action: "payout.requested",
        old: std::collections::BTreeMap::new(),
        new: payout.told(),
    };
    Step { payout, head: domain::payout::HeadMove::None, deed }
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
        match leaving::leaves(store, tenant, &payout, at).await? {
            Leaves::Parts(net) => payout.net = Some(net),
            Leaves::NoTaxForm(status) => return Ok(Err(Refused::TaxFormMissing { status: status.word() })),
            Leaves::Nothing => return Ok(Err(Refused::NothingLeft)),
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
        Command::MarkSent(sent) => payout.mark_sent(actor, sent, at),
        Command::Confirm { completed_at, reference } => payout.confirm(actor, completed_at, reference, at),
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
