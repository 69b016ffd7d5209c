//! COM-16: other rules over past sales. The difference is counted per account and per line before anything is booked; who
//! approves it approves just that, by its seal: it is counted once more, and where facts or rules have come since, it is
//! shown anew instead. It is booked account by account. Begun again after a death, each step goes on where it was.

mod advance;
mod carry;
mod over;
pub mod plan;

pub use advance::advance;
use domain::audit::{Actor, ChainEnd, Deed, append};
use domain::commission::EarningReason;
use domain::digest::Digest;
use domain::id::{ProgramId, RecomputeId, RunId};
use domain::line::{Account, Line};
use domain::recompute::{
    AccountDifference, Counted, Difference, Recompute, RecomputeState, Refused, Span, VERSIONS_MAX, versions_for,
};
use domain::rule::Terms;
use domain::time::{Timestamp, Zone};
use over::Over;
use queues::{VERSION, VisitDue};
use store::recomputes::StoredRecompute;
use store::{Store, TenantKey, Written};

use crate::adjust::accounts::all_accounts;
use crate::adjust::load::read_frame;
use crate::adjust::plan::Making;
use crate::error::CaseError;

/// How many accounts a dry run tells one by one; the totals are of all.
pub const SHOWN_MAX: usize = 500;

/// Is the time of a request or an invocation over? It is asked between accounts.
pub type IsOver<'a> = &'a (dyn Fn() -> bool + Send + Sync);

/// What somebody would have paid instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Which programme.
    pub program: ProgramId,
    /// The terms.
    pub terms: Terms,
    /// For sales from this instant on.
    pub from: Timestamp,
    /// Before this one; the present where it is left out.
    pub to: Option<Timestamp>,
    /// Why, for people.
    pub reason: String,
}

/// What a proposal makes, without being kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// In all.
    pub difference: Difference,
    /// The first accounts that get something else.
    pub accounts: Vec<AccountDifference>,
    /// Were all accounts counted before the time was over?
    pub is_whole: bool,
}

/// Why a proposal is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// There is no such programme.
    NoProgram,
    /// Its span ends before it begins, or is to come.
    BadSpan,
    /// More versions of the programme begin within its span than one transaction replaces.
    TooManyVersions,
}

/// What became of an approval or a rejection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decided {
    /// It is taken.
    Yes(Box<StoredRecompute>),
    /// It may not be.
    Refused(Refused),
    /// Another recompute of the programme is being booked.
    AnotherUnderWay,
    /// Somebody else decided at the same time.
    LostRace,
    /// There is none.
    NotFound,
}

/// The lines of some accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinesOf {
    /// What the recompute has booked.
    pub booked: Vec<Line>,
    /// What it would book now.
    pub planned: Vec<Line>,
}

/// Who works on a recompute, and when.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// The store.
    pub store: &'a Store,
    /// The tenant.
    pub tenant: &'a TenantKey,
    /// The ledger's zone.
    pub zone: &'a Zone,
    /// The present.
    pub now: Timestamp,
}

impl Desk<'_> {
    fn making<'a>(&'a self, by: &'a str) -> Making<'a> {
        let today = self.zone.day_of(self.now);
        Making { now: self.now, today, ledger_zone: self.zone, by, cause: EarningReason::Recomputed }
    }
}

/// What a proposal would make of every account. Nothing is written.
///
/// # Errors
/// The store does not answer, amounts are out of range, or an account has too many sales to be counted at once.
pub async fn show(desk: Desk<'_>, recompute: &Recompute, is_over: IsOver<'_>) -> Result<Shown, CaseError> {
    let over = Over::read(desk, recompute).await?;
    let mut shown = Shown { difference: Difference::default(), accounts: Vec::new(), is_whole: false };
    let mut after = None;
    while !is_over() {
        let (groups, next) = over.page(after.as_ref()).await?;
        for group in &groups {
            if is_over() {
                return Ok(shown);
            }
            for counted in over.counted(group).await? {
                match counted {
                    Counted::LeftOut(one) => shown.difference = shown.difference.without(&one),
                    Counted::Differs(account) => {
                        shown.difference = shown.difference.with(&account)?;
                        if shown.accounts.len() < SHOWN_MAX {
                            shown.accounts.push(account);
                        }
                    }
                }
            }
        }
        if next.is_none() {
            return Ok(Shown { is_whole: true, ..shown });
        }
        after = next;
    }
    Ok(shown)
}

/// Every line that a recompute has booked to some accounts, and would book to them now.
///
/// # Errors
/// As [`show`].
pub async fn lines_of(desk: Desk<'_>, recompute: &Recompute, accounts: &[Account]) -> Result<LinesOf, CaseError> {
    let over = Over::read(desk, recompute).await?;
    let mut lines = LinesOf::default();
    // Where a cap spans all accounts, none is counted alone.
    let groups: Vec<Vec<Account>> = if over.is_capped() {
        vec![all_accounts(desk.store, desk.tenant).await?]
    } else {
        accounts.iter().map(|account| vec![account.clone()]).collect()
    };
    for group in groups.iter().filter(|group| !group.is_empty()) {
        let plans = over.plans(group).await?;
        lines.planned.extend(plans.lines());
        lines.booked.extend(plans.counted.0.own_lines);
    }
    if over.is_capped() {
        lines.planned.retain(|line| accounts.contains(&line.account()));
        lines.booked.retain(|line| accounts.contains(&line.account()));
    }
    Ok(lines)
}

/// The message by which the night's function goes on with a recompute; none where the tenant has no partner, and so there
/// is nothing to go on with.
///
/// # Errors
/// The store does not answer, or the calendar ends.
pub async fn due(desk: Desk<'_>, (program, id): (&ProgramId, &RecomputeId)) -> Result<Option<VisitDue>, CaseError> {
    let business_date = desk.zone.day_of(desk.now).plus_days(-1)?;
    let Some(known) = desk.store.get_program(desk.tenant, program).await? else { return Ok(None) };
    let first = desk.store.list_partner_ids(desk.tenant, None, 1).await?.items.into_iter().next();
    Ok(first.map(|partner| VisitDue {
        v: VERSION,
        tenant: desk.tenant.tenant().clone(),
        partner,
        currency: known.currency,
        business_date,
        run: RunId::of(desk.tenant.tenant(), business_date),
        program: Some(program.clone()),
        recompute: Some(id.clone()),
    }))
}

/// A proposal as a recompute that nobody has kept.
///
/// # Errors
/// The store does not answer.
pub async fn draft(
    desk: Desk<'_>,
    proposal: &Proposal,
    (id, actor): (&RecomputeId, &Actor),
) -> Result<Result<Recompute, Unfit>, CaseError> {
    let frame = read_frame(desk.store, desk.tenant, &proposal.program).await?;
    let Some(frame) = frame else { return Ok(Err(Unfit::NoProgram)) };
    let span = Span { from: proposal.from, to: proposal.to.unwrap_or(desk.now) };
    if span.from >= span.to || span.to > desk.now {
        return Ok(Err(Unfit::BadSpan));
    }
    let terms = (&proposal.terms, span);
    let versions = versions_for(&proposal.program, &frame.rules.versions, terms, (id, desk.now));
    if versions.len() > VERSIONS_MAX {
        return Ok(Err(Unfit::TooManyVersions));
    }
    Ok(Ok(Recompute {
        id: id.clone(),
        program: proposal.program.clone(),
        versions,
        from: proposal.from,
        to: proposal.to,
        reason: proposal.reason.clone(),
        requested_by: actor.clone(),
        requested_at: desk.now,
        round: 1,
        shown: Difference::default(),
        state: RecomputeState::Counting { so_far: Difference::default(), after: None },
    }))
}

/// Keeps a proposal; [`advance`] counts the difference that it makes. Nothing is booked.
///
/// # Errors
/// The store does not answer.
pub async fn propose(
    desk: Desk<'_>,
    proposal: &Proposal,
    (id, actor): (&RecomputeId, &Actor),
) -> Result<Result<StoredRecompute, Unfit>, CaseError> {
    if let Some(there) = desk.store.get_recompute(desk.tenant, &proposal.program, id).await? {
        return Ok(Ok(there));
    }
    let recompute = match draft(desk, proposal, (id, actor)).await? {
        Ok(drafted) => drafted,
        Err(unfit) => return Ok(Err(unfit)),
    };
    let deed = Deed {
        at: desk.now,
        actor: actor.clone(),
        action: "recompute.proposed",
        old: std::collections::BTreeMap::new(),
        new: recompute.told(),
    };
    let told = append(ChainEnd::START, id.as_str(), deed);
    let stored = StoredRecompute { recompute, chain: told.end(), version: 1 };
    if desk.store.create_recompute(desk.tenant, &stored, &told).await? {
        return Ok(Ok(stored));
    }
    // The same request at the same moment: there is one of this id now.
    let there = desk.store.get_recompute(desk.tenant, &proposal.program, id).await?;
    there.map(Ok).ok_or(CaseError::Busy)
}

/// Approves what a recompute shows, by its seal. [`advance`] counts it once more and then books it.
///
/// # Errors
/// The store does not answer.
pub async fn approve(
    desk: Desk<'_>,
    (program, id): (&ProgramId, &RecomputeId),
    (actor, seal): (&Actor, Digest),
) -> Result<Decided, CaseError> {
    let four_eyes_above = desk.store.get_settings(desk.tenant).await?.four_eyes_above;
    if desk.store.get_recomputing(desk.tenant, program).await?.is_some_and(|under_way| under_way != *id) {
        return Ok(Decided::AnotherUnderWay);
    }
    decide(desk, (program, id), |recompute| recompute.approve(actor.clone(), seal, desk.now, four_eyes_above)).await
}

/// Says no to a recompute.
///
/// # Errors
/// The store does not answer.
pub async fn reject(
    desk: Desk<'_>,
    (program, id): (&ProgramId, &RecomputeId),
    actor: &Actor,
) -> Result<Decided, CaseError> {
    decide(desk, (program, id), |recompute| recompute.reject(actor.clone(), desk.now)).await
}

async fn decide(
    desk: Desk<'_>,
    (program, id): (&ProgramId, &RecomputeId),
    take: impl FnOnce(Recompute) -> Result<(Recompute, Deed), Refused>,
) -> Result<Decided, CaseError> {
    let Some(stored) = desk.store.get_recompute(desk.tenant, program, id).await? else {
        return Ok(Decided::NotFound);
    };
    let (recompute, deed) = match take(stored.recompute.clone()) {
        Ok(taken) => taken,
        Err(refused) => return Ok(Decided::Refused(refused)),
    };
    let told = append(stored.chain, id.as_str(), deed);
    let after = StoredRecompute { recompute, chain: told.end(), version: stored.version + 1 };
    Ok(match desk.store.replace_recompute(desk.tenant, &stored, &after, Some(&told)).await? {
        Written::Yes => Decided::Yes(Box::new(after)),
        Written::ConditionFailed => Decided::LostRace,
    })
}

/// The recomputes of a programme that are at work: somebody has to go on with them.
///
/// # Errors
/// The store does not answer.
pub async fn list_at_work(
    store: &Store,
    tenant: &TenantKey,
    program: &ProgramId,
) -> Result<Vec<RecomputeId>, CaseError> {
    let all = store.list_recomputes(tenant, program).await?;
    Ok(all.into_iter().map(|stored| stored.recompute).filter(|own| own.state.is_at_work()).map(|own| own.id).collect())
}
