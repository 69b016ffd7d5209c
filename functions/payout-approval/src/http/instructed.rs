//! The page by which a payout is paid by hand: asked for, and given out once it is made.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use cases::instructions::{ASKED, MADE, Wanted, page_of};
use domain::audit::Deed;
use domain::digest::Digest;
use domain::money::Money;
use domain::payout::{Payout, payment_reference};
use domain::role::Role;
use domain::settings::RetentionKind;
use domain::tax::Net;
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::Segments;
use edge::http::Origin;
use edge::openapi::{AsItStands, Clashes, Refusals};
use edge::problem::Problem;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use rails::instructions::Instructions;
use store::payout_instructions::InstructionsAsked;
use store::{TenantKey, Written};

use super::by_hand::to_pay;
use super::files::{HEADER_SHA256, note};
use super::{Here, Id, actor};
use crate::App;
use crate::export::{Belonging, open, seal};

/// How long a page is in the making, as far as anybody who waits is told.
const RETRY_AFTER_S: u32 = 2;

/// Asks for the page of a payout, once for what is to be moved and where to; says how far it is.
pub(super) async fn ask(
    app: &App,
    tenant: &TenantKey,
    (payout, net): (&Payout, &Net),
    told: &Instructions,
    at: Timestamp,
) -> Result<&'static str, Problem> {
    let report = page_of(tenant.tenant(), payout, net);
    if app.store.get_instructions_made(tenant, &report).await?.is_some() {
        return Ok("made");
    }
    if app.store.get_instructions_asked(tenant, &report).await?.is_none() {
        let plain = serde_json::to_vec(&content(told, net)).map_err(|_| Problem::internal())?;
        // What stands on it is bank details: they lie sealed until it is made, and so does what was made.
        let sealed = seal(app, &Belonging::of_instructions(tenant, &payout.id, ASKED), &plain).await?;
        let forgotten_at = Some(kept_until(app, tenant, at).await);
        let asked = InstructionsAsked { report, payout: payout.id.clone(), sealed, asked_at: at, forgotten_at };
        // Of two who ask at once the first asking stands: both ask for the same.
        let written = app.store.create_instructions_asked(tenant, &asked).await?;
        if written == Written::Yes {
            tracing::info!(payout.id = %payout.id, report.id = %asked.report, "instructions are wanted");
        }
    }
    Ok("in_progress")
}

/// OPS-4: how long pages are kept: as the tenant set, or as shipped while that cannot be read.
async fn kept_until(app: &App, tenant: &TenantKey, at: Timestamp) -> Timestamp {
    let settings = app.limits.settings().of(tenant).await.unwrap_or_default();
    settings.retention_days.end_of(RetentionKind::Reports, at)
}

fn content(told: &Instructions, net: &Net) -> Wanted {
    let kept = |amount: Money| (!amount.is_zero()).then(|| amount.to_text());
    Wanted {
        reference: told.reference.clone(),
        deed: told.deed.to_owned(),
        lines: told.lines.iter().map(|(label, value)| ((*label).to_owned(), value.clone())).collect(),
        net: net.net.to_text(),
        fee: kept(net.fee),
        withheld: kept(net.withheld),
    }
}

/// How to pay a payout by hand, on a page.
///
/// It is there once `POST /v1/revenue/payouts/{id}/generate-instructions` asked for it, and only as long as that would still
/// tell the same: of an approved payout, to where it was asked to go, of what would leave now. It holds bank details: each
/// download is told in the audit trail. Nothing is paid by it: the payout is paid once a reference confirms it.
#[utoipa::path(
    get, path = "/v1/revenue/payouts/{id}/instructions", tag = "payouts",
    params(("id" = String, Path, description = "The payout's id.")),
    responses((status = 200, description = "The page; `X-Content-SHA256` is the hash of its bytes.", body = String, content_type = "application/pdf"), Refusals, AsItStands, Clashes),
    security(("bearer" = []))
)]
pub(super) async fn page(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    Segments(id): Id,
) -> Result<Response, Problem> {
    caller.require(&[Role::FinanceManager, Role::Admin])?;
    let (tenant, at) = (caller.tenant_key(), app.clock.now());
    // PAY-8, PAY-12, PAY-19: who would pay by a page that has become wrong would pay twice, or somewhere else.
    let (payout, net) = to_pay(&app, &caller, &id, at).await?;
    let report = page_of(&caller.tenant, &payout, &net);
    let Some(made) = app.store.get_instructions_made(&tenant, &report).await? else {
        return Err(not_made(app.store.get_instructions_asked(&tenant, &report).await?.is_some()));
    };
    let plain = open(&app, &Belonging::of_instructions(&tenant, &payout.id, MADE), &made.sealed).await?;
    if Digest::of_bytes(plain.reveal()) != made.sha256 {
        tracing::error!(payout.id = %payout.id, report.id = %report, "a sealed value does not open");
        return Err(Problem::internal());
    }
    let new = BTreeMap::from([
        ("payout".to_owned(), payout.id.to_string()),
        ("net".to_owned(), net.net.to_text()),
        ("sha256".to_owned(), made.sha256.to_hex()),
    ]);
    let actor = actor(&caller, origin);
    let deed = Deed { at, actor, action: "payout_instructions.downloaded", old: BTreeMap::new(), new };
    // Told before a byte leaves: what cannot be told is not given out.
    note(&app, &caller, &format!("payout_details#{}", payout.id), deed).await?;
    tracing::info!(payout.id = %payout.id, by = %caller.subject, "instructions downloaded");
    let name = payment_reference(&payout.id, payout.requested_at);
    let headers = [
        (CONTENT_TYPE, "application/pdf".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.pdf\"")),
        (CACHE_CONTROL, "no-store".to_owned()),
        (http::HeaderName::from_static(HEADER_SHA256), made.sha256.to_hex()),
    ];
    Ok((headers, plain.reveal().clone()).into_response())
}

fn not_made(is_asked_for: bool) -> Problem {
    if is_asked_for {
        let detail = "the instructions are being made; ask again in a moment";
        return Problem::not_found(detail).kind("instructions-in-progress").retry_after(RETRY_AFTER_S);
    }
    let detail = "no instructions: POST /v1/revenue/payouts/{id}/generate-instructions asks for them";
    Problem::not_found(detail).kind("no-instructions")
}
