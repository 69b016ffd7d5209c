//! COM-16: other rules over past sales: the difference first, then an admin who approves just that, then the lines.

mod shown;

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use cases::error::CaseError;
use cases::recompute::{self, Decided, Desk, Proposal, Unfit};
use domain::audit::Actor;
use domain::currency::Currency;
use domain::digest::Digest;
use domain::id::{PartnerId, ProgramId, RecomputeId};
use domain::line::Account;
use domain::rate::Rate;
use domain::recompute::{Recompute, RecomputeState, Refused, VERSIONS_MAX};
use domain::time::Zone;
use edge::auth::Caller;
use edge::body::{Body, Query, Segments};
use edge::clock::Stopwatch;
use edge::csv::{self, Format};
use edge::faults::Faults;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::problem::Problem;
use edge::telemetry::chain;
use http::StatusCode;
use http::header::LOCATION;
use store::TenantKey;
use store::programs::Program;
use store::recomputes::StoredRecompute;

use super::groups;
use super::page::{self, Listed};
use super::programs;
use super::rules::Frame;
use super::who::{Admin, ApprovingAdmin, STAFF};
use crate::App;
use shown::{
    Approval, AskedRows, COLUMNS, DifferenceBody, DryRunBody, LineBody, NewRecompute, OfPartner, RecomputeBody,
};

/// The most characters of a reason.
const REASON_MAX: usize = 500;
/// The reason of a dry run that is counted behind its request.
const DRY_RUN: &str = "a dry run with too many accounts for one request";
/// How many partners a single recompute shows with it; the list of differences has all.
const DIFFERENCES_SHOWN: usize = 100;

fn wrong(error: CaseError) -> Problem {
    match error {
        CaseError::Store(error) => error.into(),
        CaseError::Busy => Problem::unavailable("others change the accounts at the moment; try again"),
        error @ CaseError::TooManySales { .. } => Problem::unprocessable(error.to_string()).kind("too-many-sales"),
        error => {
            tracing::error!(reason = chain(&error), "a recompute cannot be worked out");
            Problem::internal()
        }
    }
}

fn missing() -> Problem {
    Problem::not_found("no such recompute")
}

/// A request about recomputes of a programme.
struct Here<'a> {
    app: &'a App,
    tenant: TenantKey,
    zone: Zone,
    /// How long it has been asked for already.
    watch: Stopwatch,
}

impl<'a> Here<'a> {
    async fn of(app: &'a App, caller: &Caller) -> Result<Self, Problem> {
        let (tenant, watch) = (caller.tenant_key(), Stopwatch::start());
        let zone = app.store.get_settings(&tenant).await?.ledger_zone;
        Ok(Self { app, tenant, zone, watch })
    }

    /// Is it time to answer? What was read before anything was counted takes its part.
    fn is_over(&self) -> bool {
        self.watch.elapsed_ms() >= self.app.working_ms_max
    }

    fn desk(&self) -> Desk<'_> {
        let now = edge::clock::to_ms(self.app.clock.now());
        Desk { store: &self.app.store, tenant: &self.tenant, zone: &self.zone, now }
    }

    /// The lines of one partner's accounts.
    async fn lines(&self, recompute: &Recompute, partner: Option<&str>) -> Result<Vec<LineBody>, Problem> {
        let Some(partner) = partner else { return Ok(Vec::new()) };
        let partner = PartnerId::parse(partner).map_err(|why| Problem::bad_parameter("partner_id", why.to_string()))?;
        let heads = self.app.store.list_heads(&self.tenant, &partner).await?;
        let accounts = heads.iter().map(|head| Account { partner: partner.clone(), currency: head.currency });
        let accounts: Vec<Account> = accounts.collect();
        let lines = recompute::lines_of(self.desk(), recompute, &accounts).await.map_err(wrong)?;
        let booked = lines.booked.iter().map(|line| LineBody::of(line, true));
        Ok(booked.chain(lines.planned.iter().map(|line| LineBody::of(line, false))).collect())
    }

    /// Counts or books for some seconds; what is left is handed on.
    async fn advance(&self, ids: (&ProgramId, &RecomputeId)) -> Result<StoredRecompute, Problem> {
        let after =
            recompute::advance(self.desk(), ids, &|| self.is_over()).await.map_err(wrong)?.ok_or_else(missing)?;
        if after.recompute.state.is_at_work() {
            self.hand_on(ids).await;
        }
        Ok(after)
    }

    /// The night's function goes on with it. Where it cannot be told, the night itself does.
    async fn hand_on(&self, ids: (&ProgramId, &RecomputeId)) {
        let Some(visits) = &self.app.visits else { return };
        let sent = match recompute::due(self.desk(), ids).await {
            Ok(Some(due)) => visits.send(&due).await.map_err(|error| chain(&error)),
            Ok(None) => Ok(()),
            Err(error) => Err(chain(&error)),
        };
        if let Err(reason) = sent {
            tracing::warn!(recompute.id = %ids.1, reason, "a recompute could not be handed on, the next night goes on with it");
        }
    }

    /// COM-16: what one request cannot count is kept as a recompute that nobody has approved, and counted behind it.
    async fn counted_behind(&self, proposal: Proposal, (id, who): (&RecomputeId, &Actor)) -> Result<Response, Problem> {
        // A dry run needs no reason: whoever finds this one later reads what it was.
        let proposal = Proposal { reason: DRY_RUN.to_owned(), ..proposal };
        let kept = recompute::propose(self.desk(), &proposal, (id, who)).await.map_err(wrong)?.map_err(unfit)?;
        self.hand_on((&proposal.program, id)).await;
        let location = format!("/v1/programs/{}/recompute/{id}", proposal.program);
        Ok((StatusCode::ACCEPTED, [(LOCATION, location)], Json(self.shown(&kept).await?)).into_response())
    }

    /// A recompute with the first of its differences.
    async fn shown(&self, stored: &StoredRecompute) -> Result<RecomputeBody, Problem> {
        let round = (&stored.recompute.id, stored.recompute.round);
        let page = self.app.store.list_differences(&self.tenant, round, None, DIFFERENCES_SHOWN).await?;
        let differences = page.items.iter().map(DifferenceBody::from).collect();
        Ok(RecomputeBody::from(&stored.recompute).with_differences(differences))
    }
}

/// The proposal in a body, or what is wrong with it.
fn proposal_of(
    body: NewRecompute,
    program: &Program,
    (minting, is_kept): (Minting, bool),
    group_rates: &BTreeMap<String, Rate>,
) -> Result<Proposal, Problem> {
    let mut faults = Faults::default();
    if body.rule.effective_from.is_some() {
        faults.clash("/rule/effective_from", "leave it out: from and to say for which sales the rule is");
    }
    let Program { id, currency, hold_days, .. } = program;
    let now = minting.at();
    let frame = Frame { program: id, currency: Some(*currency), hold_days: *hold_days, now, minting, group_rates };
    let rule = body.rule.read(&mut faults, "/rule", &frame);
    let reason = body.reason.as_deref().map(|reason| faults.text("/reason", reason, REASON_MAX));
    if is_kept && reason.is_none() {
        faults.clash("/reason", "is missing: what is kept says why");
    }
    let (from, to) = (edge::clock::to_ms(body.from), body.to.map(edge::clock::to_ms));
    if to.is_some_and(|to| to <= from) {
        faults.clash("/to", "must be after from");
    }
    let terms = faults.finish(rule)?.terms;
    Ok(Proposal { program: id.clone(), terms, from, to, reason: reason.unwrap_or_default() })
}

fn unfit(unfit: Unfit) -> Problem {
    match unfit {
        Unfit::NoProgram => Problem::not_found("no such program"),
        Unfit::BadSpan => Problem::impossible("/from", "the span must begin before it ends, and end by now"),
        Unfit::TooManyVersions => Problem::impossible(
            "/from",
            format!("more than {VERSIONS_MAX} versions of the program begin in the span; take it in parts"),
        ),
    }
}

/// Show what other rules would make of past sales, partner by partner. Nothing is booked.
///
/// Where there are too many accounts for one request, the answer is 202: what was asked for is kept as a recompute that
/// nobody has approved, and counted in the background, as often interrupted as need be. Read it at `Location` until it is
/// `proposed`; reject it when you have seen enough.
#[utoipa::path(
    post,
    path = "/v1/programs/{id}/rules/dry-run",
    tag = "programs",
    params(("id" = String, Path), OfPartner, ("Idempotency-Key" = Option<String>, Header)),
    request_body = NewRecompute,
    responses(
        (status = 200, body = DryRunBody),
        (status = 202, description = "It is counted in the background; read it at `Location`.", body = RecomputeBody),
        Refusals, WriteRefusals
    ),
    security(("bearer" = []))
)]
pub(crate) async fn dry_run(
    State(app): State<App>,
    Admin(caller): Admin,
    origin: Origin,
    Segments(id): Segments<String>,
    Query(of): Query<OfPartner>,
    minting: Minting,
    Body(asked): Body<NewRecompute>,
) -> Result<Response, Problem> {
    let program = programs::existing(&app, &caller, &id).await?;
    let here = Here::of(&app, &caller).await?;
    let id = RecomputeId::from_ulid(minting.ulid("recompute"));
    let group_rates = groups::rates(&app, &caller.tenant_key()).await?;
    let proposal = proposal_of(asked, &program, (minting, false), &group_rates)?;
    let who = caller.acting(origin);
    let recompute = recompute::draft(here.desk(), &proposal, (&id, &who)).await.map_err(wrong)?.map_err(unfit)?;
    let shown = recompute::show(here.desk(), &recompute, &|| here.is_over()).await.map_err(wrong)?;
    if !shown.is_whole {
        return here.counted_behind(proposal, (&id, &who)).await;
    }
    let lines = here.lines(&recompute, of.partner_id.as_deref()).await?;
    Ok(Json(DryRunBody::of(&shown, &proposal.terms, lines)).into_response())
}

/// Propose to apply other rules to past sales. The difference is counted, kept and shown; nothing is booked before it is
/// approved.
///
/// Where there are many accounts the answer's state is `counting`: read it until it is `proposed`.
#[utoipa::path(
    post,
    path = "/v1/programs/{id}/recompute",
    tag = "programs",
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    request_body = NewRecompute,
    responses((status = 201, body = RecomputeBody), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn create(
    State(app): State<App>,
    Admin(caller): Admin,
    origin: Origin,
    Segments(id): Segments<String>,
    minting: Minting,
    Body(asked): Body<NewRecompute>,
) -> Result<Response, Problem> {
    let program = programs::existing(&app, &caller, &id).await?;
    let here = Here::of(&app, &caller).await?;
    let id = RecomputeId::from_ulid(minting.ulid("recompute"));
    let group_rates = groups::rates(&app, &caller.tenant_key()).await?;
    let proposal = proposal_of(asked, &program, (minting, true), &group_rates)?;
    let who = caller.acting(origin);
    recompute::propose(here.desk(), &proposal, (&id, &who)).await.map_err(wrong)?.map_err(unfit)?;
    let stored = here.advance((&program.id, &id)).await?;
    Ok((StatusCode::CREATED, Json(here.shown(&stored).await?)).into_response())
}

/// The columns of the list as CSV; what has parts of its own is JSON in its cell.
const LIST_COLUMNS: [&str; 14] = [
    "id",
    "program_id",
    "state",
    "from",
    "to",
    "reason",
    "requested_by",
    "requested_at",
    "approved_by",
    "round",
    "totals",
    "difference_count",
    "line_count",
    "left_out_count",
];

/// List the recomputes of a program, oldest first.
#[utoipa::path(
    get,
    path = "/v1/programs/{id}/recompute",
    tag = "programs",
    params(("id" = String, Path), AskedRows),
    responses((status = 200, description = "A page; CSV for `Accept: text/csv`.", body = Listed<RecomputeBody>), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    accepted: Format,
    Segments(id): Segments<String>,
    Query(asked): Query<AskedRows>,
) -> Result<Response, Problem> {
    caller.require(&STAFF)?;
    let limit = page::limit(asked.limit)?;
    let after = page::after(asked.cursor.as_deref(), |id| RecomputeId::parse(id).ok())?;
    let program = programs::existing(&app, &caller, &id).await?;
    let all = app.store.list_recomputes(&caller.tenant_key(), &program.id).await?;
    let rest: Vec<&StoredRecompute> =
        all.iter().filter(|stored| after.as_ref().is_none_or(|after| stored.recompute.id > *after)).collect();
    let shown = &rest[..limit.min(rest.len())];
    let next = shown.last().filter(|_| rest.len() > limit).map(|stored| stored.recompute.id.as_str());
    let page = Listed::new(shown.iter().map(|stored| RecomputeBody::from(&stored.recompute)).collect(), next);
    page.answer(asked.format.unwrap_or(accepted), "recomputes", &LIST_COLUMNS)
}

/// Read a recompute, with the differences of its first partners, and with every line of one partner.
#[utoipa::path(
    get,
    path = "/v1/programs/{id}/recompute/{recompute_id}",
    tag = "programs",
    params(("id" = String, Path), ("recompute_id" = String, Path), OfPartner),
    responses((status = 200, body = RecomputeBody), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    Segments((program, id)): Segments<(String, String)>,
    Query(of): Query<OfPartner>,
) -> Result<Json<RecomputeBody>, Problem> {
    caller.require(&STAFF)?;
    let (program, id) = named(&program, &id)?;
    let here = Here::of(&app, &caller).await?;
    let stored = app.store.get_recompute(&here.tenant, &program, &id).await?.ok_or_else(missing)?;
    let lines = here.lines(&stored.recompute, of.partner_id.as_deref()).await?;
    Ok(Json(here.shown(&stored).await?.with_lines(lines)))
}

/// List what a recompute makes of each partner's account, as it is shown.
#[utoipa::path(
    get,
    path = "/v1/programs/{id}/recompute/{recompute_id}/differences",
    tag = "programs",
    params(("id" = String, Path), ("recompute_id" = String, Path), AskedRows),
    responses((status = 200, body = edge::page::Listed<DifferenceBody>), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn differences(
    State(app): State<App>,
    caller: Caller,
    accepted: Format,
    Segments((program, id)): Segments<(String, String)>,
    Query(asked): Query<AskedRows>,
) -> Result<Response, Problem> {
    caller.require(&STAFF)?;
    let (program, id) = named(&program, &id)?;
    let limit = page::limit(asked.limit)?;
    let after = page::after(asked.cursor.as_deref(), account_of)?;
    let tenant = caller.tenant_key();
    let stored = app.store.get_recompute(&tenant, &program, &id).await?.ok_or_else(missing)?;
    let round = (&id, stored.recompute.round);
    let found = app.store.list_differences(&tenant, round, after.as_ref(), limit).await?;
    let last = found.items.last().filter(|_| found.next.is_some());
    let next = last.map(|last| format!("{}#{}", last.partner, last.difference.currency()));
    let listed = Listed::new(found.items.iter().map(DifferenceBody::from).collect(), next.as_deref());
    let page = edge::page::Listed { data: listed.data, next_cursor: listed.next_cursor };
    csv::answer(asked.format.unwrap_or(accepted), "differences", &COLUMNS, page)
}

fn account_of(name: &str) -> Option<Account> {
    let (partner, code) = name.split_once('#')?;
    Some(Account { partner: PartnerId::parse(partner).ok()?, currency: Currency::parse(code).ok()? })
}

/// Approve what a recompute shows, by its seal: above the tenant's threshold another admin than the one who proposed it.
///
/// It is counted once more, and booked account by account. Where facts or rules have come since it was shown, nothing is
/// booked: the answer is 409 `difference-changed`, and what it makes now is shown under a new seal. Where there are many
/// accounts the answer is 202: it goes on by itself; read it until it is `applied`, or `proposed` again.
#[utoipa::path(
    post,
    path = "/v1/programs/{id}/recompute/{recompute_id}/approve",
    tag = "programs",
    params(("id" = String, Path), ("recompute_id" = String, Path), ("Idempotency-Key" = String, Header)),
    request_body = Approval,
    responses(
        (status = 200, description = "Booked.", body = RecomputeBody),
        (status = 202, description = "Approved; it goes on by itself.", body = RecomputeBody),
        Refusals, WriteRefusals
    ),
    security(("bearer" = []))
)]
pub(crate) async fn approve(
    State(app): State<App>,
    ApprovingAdmin(caller): ApprovingAdmin,
    origin: Origin,
    Segments((program, id)): Segments<(String, String)>,
    Body(asked): Body<Approval>,
) -> Result<Response, Problem> {
    let (program, id) = named(&program, &id)?;
    let seal = Digest::parse_hex(&asked.seal).ok_or_else(|| {
        Problem::bad_request("/seal", "must be the seal that the recompute shows, 64 hexadecimal digits")
    })?;
    let here = Here::of(&app, &caller).await?;
    let who = caller.acting(origin);
    match recompute::approve(here.desk(), (&program, &id), (&who, seal)).await.map_err(wrong)? {
        Decided::Refused(refused @ Refused::WrongState { .. }) => {
            // The same approval sent again goes on, and is answered as the first would have been.
            let stored = app.store.get_recompute(&here.tenant, &program, &id).await?.ok_or_else(missing)?;
            let is_own = stored.recompute.state.approved_by() == Some(who.id.as_str());
            if !is_own || stored.recompute.shown.seal != seal {
                return Err(refusal(&refused));
            }
        }
        other => drop(taken(other)?),
    }
    let after = here.advance((&program, &id)).await?;
    let status = match &after.recompute.state {
        RecomputeState::Applied { .. } => StatusCode::OK,
        RecomputeState::Checking { .. } | RecomputeState::Applying { .. } => StatusCode::ACCEPTED,
        RecomputeState::Proposed | RecomputeState::Counting { .. } => {
            let detail = "what it makes has changed since it was shown, and nothing is booked; read it again, and approve \
                its new seal";
            return Err(Problem::conflict(detail).kind("difference-changed"));
        }
        RecomputeState::Rejected { .. } => return Err(Problem::conflict("it is rejected already")),
    };
    Ok((status, Json(here.shown(&after).await?)).into_response())
}

/// Say no to a recompute; who proposed it takes it back in the same way.
#[utoipa::path(
    post,
    path = "/v1/programs/{id}/recompute/{recompute_id}/reject",
    tag = "programs",
    params(("id" = String, Path), ("recompute_id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = RecomputeBody), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn reject(
    State(app): State<App>,
    Admin(caller): Admin,
    origin: Origin,
    Segments((program, id)): Segments<(String, String)>,
) -> Result<Json<RecomputeBody>, Problem> {
    let (program, id) = named(&program, &id)?;
    let here = Here::of(&app, &caller).await?;
    let who = caller.acting(origin);
    let rejected = recompute::reject(here.desk(), (&program, &id), &who).await.map_err(wrong)?;
    taken(rejected).map(|recompute| Json(RecomputeBody::from(&recompute)))
}

fn named(program: &str, id: &str) -> Result<(ProgramId, RecomputeId), Problem> {
    let program = ProgramId::parse(program).map_err(|_| Problem::not_found("no such program"))?;
    Ok((program, RecomputeId::parse(id).map_err(|_| missing())?))
}

fn taken(decided: Decided) -> Result<Recompute, Problem> {
    match decided {
        Decided::Yes(stored) => Ok(stored.recompute),
        Decided::NotFound => Err(missing()),
        Decided::AnotherUnderWay => {
            Err(Problem::conflict("another recompute of the program is being booked; approve this one when it is done"))
        }
        Decided::LostRace => Err(Problem::conflict("somebody else decides about it at this moment; read it again")),
        Decided::Refused(refused) => Err(refusal(&refused)),
    }
}

fn refusal(refused: &Refused) -> Problem {
    match refused {
        Refused::WrongState { .. } | Refused::StillCounting => Problem::conflict(refused.to_string()),
        Refused::TooManyLeftOut { .. } => Problem::unprocessable(refused.to_string()).kind("too-many-left-out"),
        Refused::OtherSeal => Problem::conflict(refused.to_string()).kind("difference-changed"),
        Refused::RoleMayNot { .. } | Refused::SamePerson => Problem::forbidden(refused.to_string()),
    }
}
