//! Payout runs: every account of a currency that has something to pay is asked for, and the whole is looked at once.

pub mod scheduled;

use domain::audit::Actor;
use domain::currency::Currency;
use domain::id::{PartnerId, PayoutRunId};
use domain::line::Account;
use domain::money::Money;
use domain::payee::{EDITOR_BARRED_DAYS, PayoutMethods};
use domain::payout::hold::Hold;
use domain::payout::run::{LeftOut, Looked, PayoutRun, examine};
use domain::payout::{Payout, PayoutState};
use domain::tax::TaxStatus;
use domain::time::{BusinessDay, Timestamp, Zone};
use store::{Store, TenantKey, Written};

use crate::closing::Pace;
use crate::error::CaseError;
use crate::payouts::{Asked, Requested, request_within};

/// A run takes at most so many accounts: what is left is another run's, so that a person can look at all of it.
pub const PAYOUTS_MAX: usize = 200;

/// A report names at most so many accounts that are left out: with the payouts it has to fit into one item.
pub const LEFT_OUT_MAX: usize = 500;

const OWES: &str = "the account owes";

/// How many runs are read at once to find the last one of a currency: each brings its report along.
const RUNS_EACH: usize = 10;

/// What is wanted of a run.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Its id: asked for again under it, it is the same run.
    pub id: PayoutRunId,
    /// Which accounts.
    pub currency: Currency,
    /// Behind which partner it begins; where nothing is said it goes on where the last run of the currency stopped.
    pub after: Option<PartnerId>,
    /// Who builds it, and so approves none of its payouts.
    pub by: Actor,
}

/// What a run has come by.
#[derive(Default)]
struct Walked {
    looked: Vec<Looked>,
    left_out: Vec<LeftOut>,
    /// Whose account was the last, if it was not the last of all.
    stopped_at: Option<PartnerId>,
    /// Did it stop before the first account, which is still counted?
    is_counting: bool,
}

/// What becomes of an account whose lines are more than the pace allows to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Uncounted {
    /// It is left out, and told: whoever asks for a run asks for the next one, too.
    LeftOut,
    /// The run ends before it, so that what goes on begins with it: nobody asks for the runs of a schedule again.
    Waits,
}

/// PAY-1, PAY-11: builds a run: a payout of every live account of the currency that may be paid, as long as the pace allows
/// and neither [`PAYOUTS_MAX`] nor [`LEFT_OUT_MAX`] is reached, and the report of what is to be looked at. It goes on where
/// the run before stopped, so that repeated runs come to everybody. Done again it is the same run.
///
/// # Errors
/// The store does not answer, a law of the ledger does not hold, or others raced each try.
pub async fn build(
    store: &Store,
    tenant: &TenantKey,
    wanted: &Wanted,
    at: Timestamp,
    pace: Pace<'_>,
    is_over: &(dyn Fn() -> bool + Sync),
) -> Result<PayoutRun, CaseError> {
    let built = build_but(store, tenant, (wanted, Uncounted::LeftOut), at, pace, is_over).await?;
    built.ok_or(CaseError::Busy)
}

/// As [`build`]; none where the first account is still counted and waits.
async fn build_but(
    store: &Store,
    tenant: &TenantKey,
    (wanted, uncounted): (&Wanted, Uncounted),
    at: Timestamp,
    pace: Pace<'_>,
    is_over: &(dyn Fn() -> bool + Sync),
) -> Result<Option<PayoutRun>, CaseError> {
    if let Some(there) = store.get_payout_run(tenant, &wanted.id).await? {
        return Ok(Some(there));
    }
    let walked = walk(store, tenant, (wanted, uncounted), at, pace, is_over).await?;
    let Walked { looked, left_out, stopped_at, is_counting } = walked;
    if is_counting {
        return Ok(None);
    }
    let (total, findings) = examine(wanted.currency, &looked, &left_out)?;
    let run = PayoutRun {
        id: wanted.id.clone(),
        currency: wanted.currency,
        by: wanted.by.id.clone(),
        at,
        payouts: looked.into_iter().map(|one| one.payout).collect(),
        total,
        findings,
        more: stopped_at.is_some(),
        stopped_at,
    };
    if store.create_payout_run(tenant, &run).await? == Written::ConditionFailed {
        // The same request at the same time: the first one's stands.
        return store.get_payout_run(tenant, &wanted.id).await?.map(Some).ok_or(CaseError::Busy);
    }
    Ok(Some(run))
}

/// From account to account, in the order of their partners.
async fn walk(
    store: &Store,
    tenant: &TenantKey,
    (wanted, uncounted): (&Wanted, Uncounted),
    at: Timestamp,
    pace: Pace<'_>,
    is_over: &(dyn Fn() -> bool + Sync),
) -> Result<Walked, CaseError> {
    let after = match &wanted.after {
        Some(after) => Some(after.clone()),
        None => where_stopped(store, tenant, wanted).await?,
    };
    let mut accounts = store.list_live_accounts(tenant).await?;
    accounts.retain(|account| account.currency == wanted.currency && Some(&account.partner) > after.as_ref());
    accounts.sort_by(|a, b| a.partner.cmp(&b.partner));
    let today = store.get_settings(tenant).await?.ledger_zone.day_of(at);
    let mut walked = Walked::default();
    let mut last = None;
    for account in accounts {
        let is_full = walked.looked.len() >= PAYOUTS_MAX || walked.left_out.len() >= LEFT_OUT_MAX;
        // The first account is always looked at: however slow the hour is, each run comes further than the one before.
        if last.is_some() && (is_full || is_over()) {
            walked.stopped_at = last;
            break;
        }
        match ask(store, tenant, wanted, &account, (at, today), pace).await? {
            Outcome::Built(payout) => walked.looked.push(look(store, tenant, &payout, at).await?),
            Outcome::LeftOut(one) => walked.left_out.push(one),
            Outcome::Counting(_) if uncounted == Uncounted::Waits => {
                walked.is_counting = last.is_none();
                walked.stopped_at = last;
                break;
            }
            Outcome::Counting(one) if !one.available.is_zero() => walked.left_out.push(one),
            Outcome::Counting(_) | Outcome::Nothing => {}
        }
        last = Some(account.partner);
    }
    Ok(walked)
}

/// Where the last run of the currency before this one stopped; none where it came to the end, so that this one begins anew.
///
/// Runs are in the order of their ids, which are those of their first request: a run that died and is built again meets
/// the same run before it, and so its own payouts.
async fn where_stopped(store: &Store, tenant: &TenantKey, wanted: &Wanted) -> Result<Option<PartnerId>, CaseError> {
    let mut before = Some(wanted.id.clone());
    while let Some(id) = before {
        let page = store.list_payout_runs(tenant, Some(&id), RUNS_EACH).await?;
        let oldest = page.items.last().map(|run| run.id.clone());
        if let Some(last) = page.items.into_iter().find(|run| run.currency == wanted.currency) {
            return Ok(last.stopped_at);
        }
        before = page.next.and(oldest);
    }
    Ok(None)
}

/// What became of one account.
enum Outcome {
    Built(Box<Payout>),
    LeftOut(LeftOut),
    /// Its lines are more than the pace allows: how far they are counted is kept.
    Counting(LeftOut),
    /// It has nothing to pay, and nothing to say.
    Nothing,
}

/// Asks for the payout of one account. Most accounts of most runs are under way or have nothing to pay, which the head
/// tells alone: who is to be paid, and where, is read for the others only.
async fn ask(
    store: &Store,
    tenant: &TenantKey,
    wanted: &Wanted,
    account: &Account,
    (at, today): (Timestamp, BusinessDay),
    pace: Pace<'_>,
) -> Result<Outcome, CaseError> {
    let partner = &account.partner;
    let under = format!("{}#{partner}", wanted.id);
    let head = store.get_head(tenant, account).await?;
    let available = head.available_on(today)?;
    let left_out = |available: Money, why: String| match available.is_zero() {
        true => Outcome::Nothing,
        false => Outcome::LeftOut(LeftOut { partner: partner.clone(), available, why }),
    };
    if let Some(open) = &head.open_payout {
        // Its own is met again where the run died before it was kept.
        let own = store.get_payout(tenant, open).await?.filter(|stored| stored.payout.asked_under == under);
        return Ok(match own {
            Some(own) => Outcome::Built(Box::new(own.payout)),
            None => left_out(available, format!("{open} is under way")),
        });
    }
    if available.minor() <= 0 && !head.close_is_unfinished() {
        return Ok(left_out(available, OWES.to_owned()));
    }
    let (by, currency) = (wanted.by.clone(), wanted.currency);
    let asked = Asked { partner: partner.clone(), currency, amount: None, by, under };
    Ok(match request_within(store, tenant, &asked, at, pace).await? {
        Requested::Created(stored) => Outcome::Built(Box::new(stored.payout)),
        Requested::NothingAvailable { available, .. } if !available.is_negative() => Outcome::Nothing,
        Requested::NothingAvailable { available, .. } => left_out(available, OWES.to_owned()),
        Requested::OpenPayout(id) => left_out(available, format!("{id} is under way")),
        Requested::PartnerNotActive => left_out(available, Hold::PartnerNotActive.sentence()),
        Requested::UnderReview => left_out(available, Hold::UnderReview.sentence()),
        Requested::Held(holds) => left_out(available, holds.iter().map(Hold::sentence).collect::<Vec<_>>().join("; ")),
        Requested::Counting { lines } => {
            let why = format!("{lines} lines are counted so far; another run takes it");
            Outcome::Counting(LeftOut { partner: partner.clone(), available, why })
        }
    })
}

/// What is known of a payout that was built, read anew: what the ledger says now, not what the building thought.
async fn look(store: &Store, tenant: &TenantKey, payout: &Payout, at: Timestamp) -> Result<Looked, CaseError> {
    let account = payout.account();
    let head = store.get_head(tenant, &account).await?;
    let is_open = head.open_payout.as_ref() == Some(&payout.id);
    let before = store.list_account_payouts(tenant, &account).await?;
    let paid = before.iter().filter(|stored| matches!(stored.payout.state, PayoutState::Paid { .. }));
    let largest_paid = paid.map(|stored| stored.payout.amount).max_by_key(|amount| amount.minor());
    let methods = store.get_payout_methods(tenant, &payout.partner).await?;
    let method = payout.terms.payee.as_ref().and_then(|payee| methods.get(&payee.method));
    let form = store.get_tax_form(tenant, &payout.partner).await?;
    Ok(Looked {
        payout: payout.id.clone(),
        partner: payout.partner.clone(),
        amount: payout.amount,
        reserved: is_open.then(|| Money::from_minor(head.reserved, account.currency)),
        is_sealed: payout.computed_seal() == payout.seal,
        largest_paid,
        changed_at: changed_at(&methods, at),
        fingerprint: method.map(|method| method.fingerprint),
        tax_form: form.map_or(TaxStatus::None, |form| form.status(Zone::utc().day_of(at))),
    })
}

/// When the list was last changed, if within the time in which its editors are barred.
fn changed_at(methods: &PayoutMethods, at: Timestamp) -> Option<Timestamp> {
    let oldest_ms = at.as_millisecond() - EDITOR_BARRED_DAYS * 24 * 3_600_000;
    let last_ms = methods.edits.iter().map(|edit| edit.at_ms).max().filter(|ms| *ms >= oldest_ms)?;
    Timestamp::from_millisecond(last_ms).ok()
}
