//! Members: made, looked at, changed, verified, brought back; and the queue in which they wait.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use cases::awards::{Awards, Changed, NewMember, Settled};
use domain::award::validate;
use domain::id::MemberId;
use domain::member::{Change, KycStatus, Member, MemberState, Refused, Step};
use domain::payee::PostalAddress;
use domain::role::Role;
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::{Body, Query, Segments};
use edge::csv::{self, Format};
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{PostalAddressShape, Refusals, WriteRefusals};
use edge::page::{Listed, limit};
use edge::problem::Problem;
use edge::revision::{IfMatch, etag};
use http::StatusCode;
use http::header::{ETAG, LOCATION};
use serde::{Deserialize, Serialize};
use store::members::{StoredMember, parse_queue_cursor, queue_cursor};
use store::people::{self, Person};
use utoipa::{IntoParams, ToSchema};

use super::awards::{AwardView, MemberReasonView};
use super::sealed::{
    ADDRESS, changed_person, open, read_address, read_email, read_name, seal, seal_address, subscription_of,
};
use super::{DESK, Here, Id, actor, wrong};
use crate::App;

/// The columns of the lists as CSV.
const COLUMNS: [&str; 9] = [
    "id",
    "state",
    "tenure_since",
    "kyc_status",
    "subscription_id",
    "verification_session_id",
    "payee_id",
    "created_at",
    "updated_at",
];
const QUEUE_COLUMNS: [&str; 3] = ["position", "member_id", "tenure_since"];

/// A member to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMemberBody {
    /// Who it is; kept sealed.
    name: String,
    /// Where their mail goes; kept sealed.
    #[schema(format = Email)]
    email: String,
    /// Since when they wait; from now on when left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    tenure_since: Option<Timestamp>,
    /// Their subscription, `sub_…`.
    subscription_id: Option<String>,
    /// Where post reaches them; kept sealed.
    #[schema(value_type = Option<PostalAddressShape>)]
    address: Option<PostalAddress>,
}

/// What is to be changed of a member. What is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MemberPatch {
    name: Option<String>,
    #[schema(format = Email)]
    email: Option<String>,
    subscription_id: Option<String>,
    #[schema(value_type = Option<PostalAddressShape>)]
    address: Option<PostalAddress>,
}

/// What is known of who a member is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KycBody {
    /// `unverified`, `pending`, `verified` or `rejected`, by your own look.
    #[schema(value_type = Option<String>, example = "verified")]
    status: Option<KycStatus>,
    /// Stripe's verification session of the member, `vs_…`: its events say how it stands from then on.
    verification_session_id: Option<String>,
}

/// A member is to come back.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReactivateBody {
    /// Their new subscription; the one before is cancelled.
    subscription_id: Option<String>,
}

/// A member, without what is personal.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MemberView {
    id: String,
    /// `waiting`, `awarded` or `removed`.
    state: &'static str,
    /// Since when they wait: the order of the queue.
    #[schema(value_type = String, format = DateTime)]
    tenure_since: Timestamp,
    /// `unverified`, `pending`, `verified` or `rejected`, as people said it.
    kyc_status: &'static str,
    subscription_id: Option<String>,
    verification_session_id: Option<String>,
    /// The payee through whom they are paid: payout methods and tax forms are theirs.
    payee_id: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<&Member> for MemberView {
    fn from(member: &Member) -> Self {
        Self {
            id: member.id.to_string(),
            state: member.state.word(),
            tenure_since: member.tenure_since,
            kyc_status: member.kyc.status.word(),
            subscription_id: member.subscription.as_ref().map(ToString::to_string),
            verification_session_id: member.kyc.session.clone(),
            payee_id: member.id.payee().to_string(),
            created_at: member.created_at,
            updated_at: member.moved_at,
        }
    }
}

/// A member with their person, and how they stand to an award.
#[derive(Serialize, ToSchema)]
pub(super) struct MemberDetail {
    #[serde(flatten)]
    member: MemberView,
    /// Null when it was erased.
    name: Option<String>,
    /// Null when it was erased.
    email: Option<String>,
    #[schema(value_type = Option<PostalAddressShape>)]
    address: Option<PostalAddress>,
    /// How it stands with who they are, by people and by the provider's events.
    kyc_standing: &'static str,
    /// Every reason for which they could not be given an award now.
    reasons: Vec<MemberReasonView>,
}

/// A place in the queue.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PlaceView {
    /// From 1.
    position: u32,
    member_id: String,
    #[schema(value_type = String, format = DateTime)]
    tenure_since: Timestamp,
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// How many rows, from 1 to 500; 100 when left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default, deserialize_with = "edge::page::cursor")]
    cursor: Option<String>,
    /// `csv` or `json`; so does the header `Accept`.
    format: Option<Format>,
}

/// List members, newest first, without what is personal.
#[utoipa::path(
    get, path = "/v1/members", tag = "members", params(PageQuery),
    responses((status = 200, description = "A page; CSV for `Accept: text/csv`.", body = Listed<MemberView>), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn list(
    State(app): Here,
    caller: Caller,
    accepted: Format,
    Query(query): Query<PageQuery>,
) -> Result<Response, Problem> {
    caller.require(DESK)?;
    let before = query.cursor.as_deref().map(MemberId::parse).transpose();
    let before = before.map_err(|_| Problem::bad_parameter("cursor", "not one that a page answered"))?;
    let page = app.store.list_members(&caller.tenant_key(), before.as_ref(), limit(query.limit)?).await?;
    let data = page.items.iter().map(|stored| MemberView::from(&stored.member)).collect();
    csv::answer(query.format.unwrap_or(accepted), "members", &COLUMNS, Listed { data, next_cursor: page.next })
}

/// The queue of those who wait for an award, the longest first.
#[utoipa::path(
    get, path = "/v1/members/queue", tag = "members", params(PageQuery),
    responses((status = 200, description = "A page; CSV for `Accept: text/csv`.", body = Listed<PlaceView>), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn queue(
    State(app): Here,
    caller: Caller,
    accepted: Format,
    Query(query): Query<PageQuery>,
) -> Result<Response, Problem> {
    caller.require(DESK)?;
    let (after, before) = match query.cursor.as_deref().map(read_place) {
        None => (None, 0),
        Some(Some((position, place))) => (Some(place), position),
        Some(None) => return Err(Problem::bad_parameter("cursor", "not one that a page answered")),
    };
    let page = app.store.list_award_queue(&caller.tenant_key(), after.as_deref(), limit(query.limit)?).await?;
    let numbered = page.items.iter().zip(before.saturating_add(1)..);
    let data: Vec<PlaceView> = numbered
        .filter_map(|(queued, position)| {
            let tenure_since = queued.place.split_once('#')?.0.parse().ok()?;
            Some(PlaceView { position, member_id: queued.member.to_string(), tenure_since })
        })
        .collect();
    let last = data.last().map_or(before, |view| view.position);
    let next_cursor = page.next.map(|place| format!("{last}~{}", queue_cursor(&place)));
    csv::answer(query.format.unwrap_or(accepted), "queue", &QUEUE_COLUMNS, Listed { data, next_cursor })
}

/// How many stood before the place, and the place.
fn read_place(cursor: &str) -> Option<(u32, String)> {
    let (position, place) = cursor.split_once('~')?;
    Some((position.parse().ok()?, parse_queue_cursor(place)?))
}

/// Make a member, who waits from then on.
#[utoipa::path(
    post, path = "/v1/members", tag = "members", request_body = NewMemberBody,
    params(("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once.")),
    responses((status = 201, description = "The member.", body = MemberDetail), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn create(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    minting: Minting,
    Body(body): Body<NewMemberBody>,
) -> Result<Response, Problem> {
    caller.require(&[Role::Admin])?;
    let (now, id) = (minting.at(), MemberId::from_ulid(minting.ulid("member")));
    let (name, email) = (read_name(&body.name)?, read_email(&body.email)?);
    let tenure_since = body.tenure_since.unwrap_or(now);
    if tenure_since > now {
        return Err(Problem::impossible("/tenure_since", "lies in the future"));
    }
    let subscription = subscription_of(&app, &caller, body.subscription_id.as_deref()).await?;
    let address_sealed = seal_address(&app, &caller, &id, body.address.as_ref()).await?;
    let person = Person {
        email_sealed: seal(&app, &caller, &id, people::EMAIL, &email).await?,
        name_sealed: seal(&app, &caller, &id, people::NAME, &name).await?,
        recorded_at: now,
    };
    let tenant = caller.tenant_key();
    let awards = Awards::open(&app.store, &tenant, actor(&caller, origin), now).await.map_err(wrong)?;
    let change = Change { subscription, address_sealed, is_person_changed: false };
    let new = NewMember { id, tenure_since, change, person };
    let stored = awards.create_member(new).await.map_err(wrong)?;
    tracing::info!(member.id = %stored.member.id, by = %caller.subject, "member created");
    let location = [(LOCATION, format!("/v1/members/{}", stored.member.id))];
    let shown = shown(&app, &caller, &awards, &stored).await?;
    Ok((StatusCode::CREATED, location, shown).into_response())
}

/// One member. A member reads themselves.
#[utoipa::path(
    get, path = "/v1/members/{id}", tag = "members", params(("id" = String, Path, description = "The member's id.")),
    responses((status = 200, description = "The member.", body = MemberDetail), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn show(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    Segments(id): Id,
) -> Result<Response, Problem> {
    let stored = member_of(&app, &caller, &id).await?;
    let tenant = caller.tenant_key();
    let awards = Awards::open(&app.store, &tenant, actor(&caller, origin), app.clock.now()).await.map_err(wrong)?;
    shown(&app, &caller, &awards, &stored).await
}

/// Change a member.
#[utoipa::path(
    patch, path = "/v1/members/{id}", tag = "members", request_body = MemberPatch,
    params(
        ("id" = String, Path, description = "The member's id."),
        ("If-Match" = Option<String>, Header, description = "The ETag that you read."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "The member.", body = MemberDetail), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn change(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    minting: Minting,
    seen: IfMatch,
    Segments(id): Id,
    Body(body): Body<MemberPatch>,
) -> Result<Response, Problem> {
    caller.require(&[Role::Admin])?;
    let stored = member_of(&app, &caller, &id).await?;
    let id = stored.member.id.clone();
    let subscription = subscription_of(&app, &caller, body.subscription_id.as_deref()).await?;
    let address_sealed = seal_address(&app, &caller, &id, body.address.as_ref()).await?;
    let person =
        changed_person(&app, &caller, &id, (body.name.as_deref(), body.email.as_deref()), minting.at()).await?;
    if subscription.is_none() && address_sealed.is_none() && person.is_none() {
        return Err(Problem::impossible("", "nothing is changed"));
    }
    let change = Change { subscription, address_sealed, is_person_changed: person.is_some() };
    let by = (actor(&caller, origin.clone()), minting.at());
    let step = |member: &Member| Ok(member.change(change.clone(), by.clone()));
    take(&app, &caller, (origin, &minting, seen), &id, person.as_ref(), step).await
}

/// Say who a member is, or which session of Stripe's tells it.
#[utoipa::path(
    put, path = "/v1/members/{id}/kyc", tag = "members", request_body = KycBody,
    params(
        ("id" = String, Path, description = "The member's id."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "The member.", body = MemberDetail), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn kyc(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    minting: Minting,
    seen: IfMatch,
    Segments(id): Id,
    Body(body): Body<KycBody>,
) -> Result<Response, Problem> {
    caller.require(&[Role::Admin])?;
    let id = member_of(&app, &caller, &id).await?.member.id;
    if body.status.is_none() && body.verification_session_id.is_none() {
        return Err(Problem::impossible("/status", "missing: give it, or the session that tells it"));
    }
    let is_session = |text: &str| {
        text.starts_with("vs_")
            && text.len() <= 255
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if body.verification_session_id.as_deref().is_some_and(|text| !is_session(text)) {
        return Err(Problem::bad_request("/verification_session_id", "not a session of Stripe's (vs_…)"));
    }
    let by = (actor(&caller, origin.clone()), minting.at());
    let step = |member: &Member| Ok(member.verify(body.status, body.verification_session_id.clone(), by.clone()));
    take(&app, &caller, (origin, &minting, seen), &id, None, step).await
}

/// Bring a member back whose membership has ended: they wait anew, behind everybody who waits by now.
#[utoipa::path(
    post, path = "/v1/members/{id}/reactivate", tag = "members", request_body = Option<ReactivateBody>,
    params(
        ("id" = String, Path, description = "The member's id."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "The member.", body = MemberDetail), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn reactivate(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    minting: Minting,
    seen: IfMatch,
    Segments(id): Id,
    body: Option<Body<ReactivateBody>>,
) -> Result<Response, Problem> {
    caller.require(&[Role::Admin])?;
    let id = member_of(&app, &caller, &id).await?.member.id;
    let body = body.map(|Body(body)| body).unwrap_or_default();
    let subscription = subscription_of(&app, &caller, body.subscription_id.as_deref()).await?;
    let by = (actor(&caller, origin.clone()), minting.at());
    let step = |member: &Member| member.reactivate(subscription.clone(), by.clone());
    take(&app, &caller, (origin, &minting, seen), &id, None, step).await
}

/// The award of a member and its payout, if they were ever given one. A member reads their own.
#[utoipa::path(
    get, path = "/v1/members/{id}/payout", tag = "members",
    params(("id" = String, Path, description = "The member's id.")),
    responses((status = 200, description = "The award that was begun last.", body = AwardView), Refusals),
    security(("bearer" = []))
)]
pub(super) async fn payout(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    Segments(id): Id,
) -> Result<Json<AwardView>, Problem> {
    let member = member_of(&app, &caller, &id).await?.member;
    let none = || Problem::not_found("this member was never given an award").kind("no-award");
    let last = match &member.state {
        MemberState::Awarded { award } | MemberState::Removed { award, .. } => award.clone(),
        MemberState::Waiting if member.awards_begun > 0 => domain::id::AwardId::of(&member.id, member.awards_begun),
        MemberState::Waiting => return Err(none()),
    };
    let tenant = caller.tenant_key();
    let stored = app.store.get_award(&tenant, &last).await?.ok_or_else(none)?;
    let awards = Awards::open(&app.store, &tenant, actor(&caller, origin), app.clock.now()).await.map_err(wrong)?;
    let payout = awards.payout_of(&stored.award).await.map_err(wrong)?;
    Ok(Json(AwardView::of(&Settled { stored, payout })))
}

/// The member that the path names, if this caller may know of them.
async fn member_of(app: &App, caller: &Caller, id: &str) -> Result<StoredMember, Problem> {
    let missing = || Problem::not_found("no such member");
    let id = MemberId::parse(id).map_err(|_| missing())?;
    match caller.confined_to() {
        Some(own) if own != id.as_str() => return Err(missing()),
        Some(_) => {}
        None => caller.require(DESK)?,
    }
    app.store.get_member(&caller.tenant_key(), &id).await?.ok_or_else(missing)
}

async fn take(
    app: &App,
    caller: &Caller,
    (origin, minting, seen): (Origin, &Minting, IfMatch),
    id: &MemberId,
    person: Option<&Person>,
    step: impl Fn(&Member) -> Result<Step, Refused>,
) -> Result<Response, Problem> {
    let tenant = caller.tenant_key();
    let awards = Awards::open(&app.store, &tenant, actor(caller, origin), minting.at()).await.map_err(wrong)?;
    let request = minting.ulid("member step").to_string();
    match awards.change_member(id, (seen.version(), &request), person, step).await.map_err(wrong)? {
        Changed::Done(stored) => {
            tracing::info!(member.id = %id, by = %caller.subject, "member changed");
            shown(app, caller, &awards, &stored).await
        }
        Changed::NotFound => Err(Problem::not_found("no such member")),
        Changed::Stale => {
            let now = app.store.get_member(&tenant, id).await?.map_or(0, |stored| stored.chain.no);
            Err(seen.changed(u64::from(now)))
        }
        Changed::Refused(refused) => Err(Problem::conflict(refused.to_string()).kind("wrong-state")),
    }
}

async fn shown(app: &App, caller: &Caller, awards: &Awards<'_>, stored: &StoredMember) -> Result<Response, Problem> {
    let member = &stored.member;
    let (mut name, mut email) = (None, None);
    if let Some(person) = app.store.get_person(&caller.tenant_key(), &member.id.payee()).await? {
        name = Some(open(app, caller, &member.id, people::NAME, &person.name_sealed).await?);
        email = Some(open(app, caller, &member.id, people::EMAIL, &person.email_sealed).await?);
    }
    let address = match &member.address_sealed {
        Some(sealed) => Some(read_address(&open(app, caller, &member.id, ADDRESS, sealed).await?)?),
        None => None,
    };
    let candidate = awards.candidate(member).await.map_err(wrong)?;
    let reasons = validate(&candidate).into_iter();
    let reasons = reasons.map(|reason| MemberReasonView { code: reason.word(), detail: reason.detail() }).collect();
    let kyc_standing = candidate.kyc.word();
    let body = MemberDetail { member: MemberView::from(member), name, email, address, kyc_standing, reasons };
    Ok(([(ETAG, etag(u64::from(stored.chain.no)))], Json(body)).into_response())
}
