//! COM-16: other rules over past sales. The difference is counted per account and per line before anything is booked; who
//! approves it approves just that, by its seal: it is counted once more, and where facts or rules have come since, it is
//! shown anew instead. It is booked account by account. Begun again after a death, each step goes on where it was.

mod carry;
pub mod plan;

use domain::audit::{Actor, ChainEnd, Deed, append};
use domain::commission::EarningReason;
use domain::digest::Digest;
use domain::id::{PartnerId, ProgramId, RecomputeId, RunId};
use domain::line::{Account, Line};
use domain::recompute::{
    AccountDifference, Difference, Recompute, RecomputeState, Refused, Span, VERSIONS_MAX, versions_for,
};
use domain::rule::Terms;
use domain::time::{Timestamp, Zone};
use queues::{VERSION, VisitDue};
use store::recomputes::StoredRecompute;
use store::{Store, TenantKey, Written};

use crate::adjust::load::{Frame, Frames, Loaded, SALES_MAX, Wanted, load, read_frames};
use crate::adjust::plan::{Choice, Making, Plan, plan};
use crate::adjust::{self, Night};
use crate::error::CaseError;
use crate::night::visit::all_accounts;
use plan::{Rules, differences_of, frames_with, plan_counted};

/// How often an account that others change is begun again.
const TRIES_MAX: usize = 16;
/// How many partners are worked through between two notes of how far it is.
const PAGE_SIZE: usize = 20;
/// How many accounts a dry run tells one by one; the totals are of all.
pub const SHOWN_MAX: usize = 500;

/// Is the time of a request or an invocation over? It is asked between pages.
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

/// Some accounts' plans: for counted months, and for open ones.
struct Plans {
    counted: (Loaded, Plan),
    open: (Loaded, Plan),
}

impl Plans {
    fn lines(&self) -> Vec<Line> {
        self.counted.1.lines().chain(self.open.1.lines()).collect()
    }
}

/// What a recompute is over.
struct Over<'a> {
    desk: Desk<'a>,
    recompute: &'a Recompute,
    old: Frames,
    new: Frames,
}

impl<'a> Over<'a> {
    async fn read(desk: Desk<'a>, recompute: &'a Recompute) -> Result<Self, CaseError> {
        let frames = read_frames(desk.store, desk.tenant).await?;
        let (old, new) = frames_with(&frames, &recompute.program, &recompute.versions);
        Ok(Self { desk, recompute, old, new })
    }

    /// By which rules it is counted. Versions are immutable, so their ids say it all.
    fn rules(&self) -> Digest {
        let known = self.old.get(&self.recompute.program).map(|frame| frame.rules.versions.as_slice());
        let mut ids: Vec<&str> = known.unwrap_or_default().iter().map(|version| version.id.as_str()).collect();
        ids.sort_unstable();
        let own = self.recompute.versions.iter().map(|version| version.id.as_str());
        ids.into_iter().chain(own).fold(Digest::ZERO, |digest, id| digest.then(id.as_bytes()))
    }

    fn is_capped(&self) -> bool {
        let frames = [self.old.get(&self.recompute.program), self.new.get(&self.recompute.program)];
        frames.into_iter().flatten().any(Frame::is_capped_as_a_whole)
    }

    /// The accounts of the next partners, those that are counted together in one group, and the partner behind whom the
    /// next page begins. Account by account, so that memory is bounded by one; only where a cap spans all of them, and so
    /// none can be counted alone, all at once.
    async fn page(&self, after: Option<&PartnerId>) -> Result<(Vec<Vec<Account>>, Option<PartnerId>), CaseError> {
        let Desk { store, tenant, .. } = self.desk;
        if self.is_capped() {
            let accounts = all_accounts(store, tenant).await?;
            return Ok((if accounts.is_empty() { Vec::new() } else { vec![accounts] }, None));
        }
        let page = store.list_partner_ids(tenant, after, PAGE_SIZE).await?;
        let mut groups = Vec::new();
        for partner in &page.items {
            let heads = store.list_heads(tenant, partner).await?;
            groups.extend(heads.iter().map(|head| vec![Account { partner: partner.clone(), currency: head.currency }]));
        }
        Ok((groups, page.next.and_then(|_| page.items.last().cloned())))
    }

    async fn plans(&self, accounts: &[Account]) -> Result<Plans, CaseError> {
        let making = self.desk.making(self.recompute.id.as_str());
        let note = making.note();
        let program = &self.recompute.program;
        let mut wanted = Wanted {
            accounts,
            frames: &self.new,
            only: Some(program),
            everything: true,
            run_note: &note,
            ledger_zone: self.desk.zone,
            sales_max: SALES_MAX,
        };
        let whole = load(self.desk.store, self.desk.tenant, &wanted).await?;
        let rules = Rules { program, old: &self.old, new: &self.new };
        let counted = plan_counted(&whole, &rules, &making)?;
        wanted.everything = false;
        let mut own = load(self.desk.store, self.desk.tenant, &wanted).await?;
        let carried = carry::Carried::of((&whole, &counted), &rules, &self.recompute.id)?;
        carried.begin(&mut own);
        let choice = Choice { frames: &self.new, includes: &|of| of == program };
        let open = plan(&own, &choice, &making)?;
        Ok(Plans { counted: (whole, counted), open: (own, open) })
    }

    /// What it makes of a group's accounts; nothing of those that it leaves as they are.
    async fn differences(&self, group: &[Account]) -> Result<Vec<AccountDifference>, CaseError> {
        let lines = self.plans(group).await?.lines();
        let alone = if group.len() == 1 { group.first().map(|account| &account.partner) } else { None };
        differences_of(&lines, alone)
    }

    /// Books to accounts what the recompute makes of them. Done again it finds nothing left.
    async fn apply(&self, accounts: &[Account]) -> Result<(), CaseError> {
        let making = self.desk.making(self.recompute.id.as_str());
        let night =
            Night { store: self.desk.store, tenant: self.desk.tenant, frames: &self.new, making, until: self.desk.now };
        let alone = if accounts.len() == 1 { accounts.first() } else { None };
        for _ in 0..TRIES_MAX {
            let plans = self.plans(accounts).await?;
            let mut is_done = true;
            for (loaded, plan) in [&plans.counted, &plans.open] {
                if !plan.is_empty() {
                    // Refused or not: what it rests on is another now, and is read again.
                    adjust::apply(&night, loaded, plan, alone).await?;
                    is_done = false;
                    break;
                }
            }
            if is_done {
                let (whole, counted) = &plans.counted;
                let rules = Rules { program: &self.recompute.program, old: &self.old, new: &self.new };
                let carried = carry::Carried::of((whole, counted), &rules, &self.recompute.id)?;
                if carried.record(self.desk.store, self.desk.tenant).await? == Written::Yes {
                    return Ok(());
                }
            }
        }
        Err(CaseError::Busy)
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
            for account in over.differences(group).await? {
                shown.difference = shown.difference.with(&account)?;
                if shown.accounts.len() < SHOWN_MAX {
                    shown.accounts.push(account);
                }
            }
        }
        if next.is_none() {
            shown.is_whole = true;
            break;
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
    let frames = read_frames(desk.store, desk.tenant).await?;
    let Some(frame) = frames.get(&proposal.program) else { return Ok(Err(Unfit::NoProgram)) };
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

/// Goes on with a recompute that is at work: counts, checks or books page after page of partners, until a person is to
/// decide, all is booked or the time is over. Whoever calls it again goes on where it stopped. Answers it as it stands.
///
/// # Errors
/// The store does not answer, amounts are out of range, or an account has too many sales to be counted at once.
pub async fn advance(
    desk: Desk<'_>,
    (program, id): (&ProgramId, &RecomputeId),
    is_over: IsOver<'_>,
) -> Result<Option<StoredRecompute>, CaseError> {
    let mut stuck = None;
    loop {
        let Some(stored) = desk.store.get_recompute(desk.tenant, program, id).await? else { return Ok(None) };
        if !stored.recompute.state.is_at_work() || is_over() || stuck == Some(stored.version) {
            return Ok(Some(stored));
        }
        let recompute = next_page(desk, &stored.recompute).await?;
        let after = StoredRecompute { recompute, chain: stored.chain, version: stored.version + 1 };
        // Refused when another goes on with it as well: what both have done is the same. In the same version still, another
        // recompute of the programme is being booked: it waits.
        if desk.store.replace_recompute(desk.tenant, &stored, &after, None).await? == Written::ConditionFailed {
            stuck = Some(stored.version);
        } else if after.recompute.state.word() != stored.recompute.state.word() {
            let (state, lines) = (after.recompute.state.word(), after.recompute.shown.lines);
            tracing::info!(recompute.id = %id, program.id = %program, state, lines, "recompute moved on");
        }
    }
}

/// Works on one more page of partners.
async fn next_page(desk: Desk<'_>, recompute: &Recompute) -> Result<Recompute, CaseError> {
    let over = Over::read(desk, recompute).await?;
    if let RecomputeState::Applying { after, .. } = &recompute.state {
        let (groups, next) = over.page(after.as_ref()).await?;
        for group in &groups {
            over.apply(group).await?;
        }
        return Ok(recompute.clone().book(next));
    }
    let after = match &recompute.state {
        RecomputeState::Counting { after, .. } | RecomputeState::Checking { after, .. } => after.as_ref(),
        _ => None,
    };
    let (groups, next) = over.page(after).await?;
    let mut differences = Vec::new();
    for group in &groups {
        differences.extend(over.differences(group).await?);
    }
    for difference in &differences {
        let place = (&recompute.id, recompute.round_counted());
        let _: Written = desk.store.record_difference(desk.tenant, place, difference).await?;
    }
    Ok(recompute.clone().count(&differences, next, over.rules())?)
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
