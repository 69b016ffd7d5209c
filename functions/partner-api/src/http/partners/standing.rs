//! Whether a partner works with the tenant: suspended with a reason, and taken back.

use axum::extract::State;
use axum::response::Response;
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::{Body, Segments};
use edge::faults::Faults;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::problem::Problem;
use edge::revision::{self, IfMatch};
use serde::Deserialize;
use store::Written;
use store::partner_news::{PartnerNews, PartnerNewsKind};
use store::partners::record::{PartnerChange, PartnerRecord};
use store::partners::{Partner, PartnerStatus};
use utoipa::ToSchema;

use super::{PartnerDetail, detail, record_of};
use crate::App;
use crate::http::trail::{Changes, or_none};
use crate::http::who::Admin;

const REASON_CHARS_MAX: usize = 500;

/// Why a partner is suspended.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Coupons were published on a coupon site."}))]
pub(crate) struct NewSuspension {
    /// Kept with the partner, and told to them by mail.
    reason: String,
}

/// Suspend a partner.
///
/// From now on clicks and coupons of theirs count no more, they make no links, and no money goes out to them: payouts that
/// wait stay where they are and cannot be sent, and what matures goes on maturing into their balance. Sales whose click was
/// before stay theirs; nothing is taken back. They are told the reason by mail. `reinstate` undoes it.
#[utoipa::path(
    post,
    path = "/v1/partners/{id}/suspend",
    tag = "partners",
    params(
        ("id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header),
        ("If-Match" = Option<String>, Header, description = "The ETag of what you saw.")
    ),
    request_body = NewSuspension,
    responses((status = 200, body = PartnerDetail), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn suspend(
    State(app): State<App>,
    Admin(caller): Admin,
    origin: Origin,
    minting: Minting,
    seen: IfMatch,
    Segments(id): Segments<String>,
    Body(asked): Body<NewSuspension>,
) -> Result<Response, Problem> {
    let mut faults = Faults::default();
    let reason = faults.text("/reason", &asked.reason, REASON_CHARS_MAX);
    let reason = faults.finish(Some(reason))?;
    let step = Step { to: PartnerStatus::Suspended, reason: Some(reason), at: minting.at() };
    stand(&app, (&caller, origin), &id, seen, step).await
}

/// Reinstate a partner.
///
/// From now on clicks and coupons of theirs count again, and payouts may go out. What happened while they were suspended
/// is not made up for. They are told by mail.
#[utoipa::path(
    post,
    path = "/v1/partners/{id}/reinstate",
    tag = "partners",
    params(
        ("id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header),
        ("If-Match" = Option<String>, Header, description = "The ETag of what you saw.")
    ),
    responses((status = 200, body = PartnerDetail), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn reinstate(
    State(app): State<App>,
    Admin(caller): Admin,
    origin: Origin,
    minting: Minting,
    seen: IfMatch,
    Segments(id): Segments<String>,
) -> Result<Response, Problem> {
    let step = Step { to: PartnerStatus::Active, reason: None, at: minting.at() };
    stand(&app, (&caller, origin), &id, seen, step).await
}

struct Step {
    to: PartnerStatus,
    reason: Option<String>,
    at: Timestamp,
}

impl Step {
    fn over(&self, before: &PartnerRecord) -> PartnerRecord {
        let partner = Partner { status: self.to, ..before.partner.clone() };
        PartnerRecord { partner, reason: self.reason.clone(), ..before.clone() }.raised()
    }

    fn words(&self) -> (&'static str, PartnerNewsKind) {
        match self.to {
            PartnerStatus::Suspended => ("partner.suspended", PartnerNewsKind::PartnerSuspended),
            PartnerStatus::Active => ("partner.reinstated", PartnerNewsKind::PartnerReinstated),
        }
    }
}

async fn stand(
    app: &App,
    (caller, origin): (&Caller, Origin),
    id: &str,
    seen: IfMatch,
    step: Step,
) -> Result<Response, Problem> {
    let tenant = caller.tenant_key();
    let before = record_of(app, caller, id).await?;
    if before.partner.status == step.to {
        // Perhaps by this very request, whose answer was lost. With another reason it is not, and that is not dropped
        // without a word.
        if step.to == PartnerStatus::Active || step.reason == before.reason {
            return detail(app, caller, &before).await;
        }
        let there = before.reason.as_ref().map_or_else(|| "no reason".to_owned(), |reason| format!("\"{reason}\""));
        let why = format!("the partner is suspended already, with {there}; reinstate them before you give another");
        return Err(Problem::conflict(why).kind("already-suspended"));
    }
    // OPS-4: the write itself asks again.
    if step.to == PartnerStatus::Active && app.store.get_subject(&tenant, id).await?.erased.is_some() {
        return Err(Problem::conflict("the partner was erased: nobody is left to work with").kind("erased"));
    }
    seen.check(before.version)?;
    let after = step.over(&before);
    let (action, kind) = step.words();
    let news = PartnerNews { kind, program: None, reason: step.reason.clone(), at: step.at };
    let changes = Changes::default().field("status", before.partner.status.word(), after.partner.status.word()).field(
        "reason",
        or_none(before.reason.as_ref()),
        or_none(after.reason.as_ref()),
    );
    let told = changes.told(after.partner.id.as_str(), action, (caller.acting(origin), step.at));
    // The standing of a touch's own time is compared in milliseconds.
    let change =
        PartnerChange { at: edge::clock::to_ms(step.at), news: Some(&news), ..PartnerChange::of(&before, &after) };
    if app.store.telling(&tenant, told).change_partner(&tenant, &change).await? == Written::ConditionFailed {
        let now = record_of(app, caller, id).await?;
        return Err(revision::changed(before.version, now.version));
    }
    tracing::info!(partner.id = %after.partner.id, status = step.to.word(), by = %caller.subject, "standing of a partner changed");
    detail(app, caller, &after).await
}
