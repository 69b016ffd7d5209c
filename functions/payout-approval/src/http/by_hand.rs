//! What whoever pays by hand needs, and what banks send back.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use cases::payouts::leaves;
use domain::audit::Deed;
use domain::payee::Rail;
use domain::payout::{Payout, PayoutState};
use domain::role::Role;
use domain::tax::Net;
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::{Body, Segments};
use edge::http::Origin;
use edge::openapi::{Refusals, WriteRefusals};
use edge::problem::Problem;
use rails::{Disbursement, Memo, instructions};
use serde::{Deserialize, Serialize};
use store::TenantKey;
use utoipa::ToSchema;

use super::files::note;
use super::steps::refusal;
use super::{Here, Id, actor, instructed, payout_of, wrong};
use crate::App;
use crate::export::{destination, noticed, read_settings};
use crate::returns::{Import, ReturnsView};

/// One line of the instructions.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InstructionLine {
    /// What it is.
    #[schema(example = "IBAN")]
    label: &'static str,
    /// What it says.
    value: String,
}

/// How to pay one payout by hand.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InstructionsView {
    /// Which payout.
    payout_id: String,
    /// What to put beside the payment, so that it is found again.
    reference: String,
    /// What leaves now: fee and tax are taken off.
    #[schema(example = "190.38")]
    net_amount: String,
    /// In which currency.
    #[schema(example = "USD")]
    currency: String,
    /// What to do, in a sentence.
    #[schema(example = "Send an ACH credit.")]
    instruction: &'static str,
    /// The details, in the order in which they are read.
    lines: Vec<InstructionLine>,
    /// Where the same is read as a page to print (PDF), for whoever may ask for it here.
    #[schema(example = "/v1/revenue/payouts/pay_01ARZ3NDEKTSV4RRFFQ69G5FAVUSD000001/instructions")]
    document_url: String,
    /// How far that page is: `in_progress` or `made`.
    #[schema(example = "in_progress")]
    document_state: &'static str,
}

/// A file that a bank sent back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReturnsBody {
    /// The whole NACHA file of returns and notices of change, as it came.
    content: String,
}

/// Read how to pay a payout by hand, with the payee's details.
///
/// The details are opened for this answer, and sealed for the page of the same that is made by and by (`document_url`); the
/// audit trail tells who read them. Asked for again while nothing has changed it is the same page. Only of an approved
/// payout, and only of the method that it was asked for with: one that was changed meanwhile is not shown. Only where the
/// rail is paid by hand (`manual`, `external`, `check` without a register): what goes by a file or by itself is refused.
#[utoipa::path(
    post, path = "/v1/revenue/payouts/{id}/generate-instructions", tag = "payouts",
    params(
        ("id" = String, Path, description = "The payout's id."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "The instructions.", body = InstructionsView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn instructions_of(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    Segments(id): Id,
) -> Result<Json<InstructionsView>, Problem> {
    caller.require(&[Role::FinanceManager, Role::Admin])?;
    let (tenant, at) = (caller.tenant_key(), app.clock.now());
    let (payout, parts) = to_pay(&app, &caller, &id, at).await?;
    let net = parts.net;
    let payee = destination(&app, &tenant, &payout).await?;
    let payee = payee.map_err(|why| Problem::conflict(why).kind("no-payout-method"))?;
    let memo = Memo::parse(&domain::payout::payment_reference(&payout.id, payout.requested_at)).ok();
    let told = instructions::of(&Disbursement { payout: payout.id.clone(), payee, amount: net, memo });
    let new = BTreeMap::from([("payout".to_owned(), payout.id.to_string()), ("net".to_owned(), net.to_text())]);
    let actor = actor(&caller, origin);
    let deed = Deed { at, actor, action: "payout_details.read", old: BTreeMap::new(), new };
    note(&app, &caller, &format!("payout_details#{}", payout.id), deed).await?;
    tracing::info!(payout.id = %payout.id, by = %caller.subject, "payee's details read");
    // PAY-10: told first, so that no page is made of what nobody was told to have read.
    let document_state = instructed::ask(&app, &tenant, (&payout, &parts), &told, at).await?;
    let lines = told.lines.into_iter().map(|(label, value)| InstructionLine { label, value });
    Ok(Json(InstructionsView {
        payout_id: payout.id.to_string(),
        reference: told.reference,
        net_amount: net.to_text(),
        currency: net.currency().to_string(),
        instruction: told.deed,
        lines: lines.collect(),
        document_url: format!("/v1/revenue/payouts/{}/instructions", payout.id),
        document_state,
    }))
}

/// What is to be paid by hand, and its parts: an approved payout that nothing else pays, to where it was asked to go.
pub(super) async fn to_pay(app: &App, caller: &Caller, id: &str, at: Timestamp) -> Result<(Payout, Net), Problem> {
    let payout = payout_of(app, caller, id).await?.payout;
    let tenant = caller.tenant_key();
    if payout.state != PayoutState::Approved || payout.standing_approvals(at).len() < payout.approvers() {
        let detail =
            format!("the payout is {}: only of an approved one is it shown where it goes", payout.state.word());
        return Err(Problem::conflict(detail).kind("wrong-state"));
    }
    paid_by_hand(app, caller, &payout).await?;
    let methods = app.store.get_payout_methods(&tenant, &payout.partner).await?;
    // PAY-12: what was changed since is cooling off, and the payout cannot be sent any more.
    if methods.version != payout.terms.methods.unwrap_or_default() {
        let detail = "the partner's payout methods have changed since; the payout must be asked for again";
        return Err(Problem::conflict(detail).kind("payee-changed"));
    }
    let parts = leaves(&app.store, &tenant, &payout, at).await.map_err(wrong)?.parts();
    parts.map(|parts| (payout, parts)).map_err(|refused| refusal(&refused))
}

/// PAY-8: a payout is shown for paying by hand only where nothing else pays it; and PAY-19, not to where a bank has said no.
async fn paid_by_hand(app: &App, caller: &Caller, payout: &Payout) -> Result<(), Problem> {
    let tenant = caller.tenant_key();
    let by_file = |rail: Rail| {
        let detail = format!(
            "it goes by {}: POST /v1/revenue/payouts/export puts it into a file; to pay it by another way, fail it first",
            rail.word()
        );
        Err(Problem::conflict(detail).kind("goes-by-file"))
    };
    match payout.terms.payee.as_ref().map(|payee| payee.rail) {
        None | Some(Rail::Manual | Rail::External) => {}
        Some(Rail::StripeConnect) => {
            let detail = "it goes by stripe_connect: POST /v1/revenue/payouts/{id}/submit sends it; to pay it by another \
                          way, fail it first";
            return Err(Problem::conflict(detail).kind("goes-by-itself"));
        }
        // Without a register checks are written by hand, and no file takes them.
        Some(Rail::Check) if read_settings(app, &tenant).await?.check.is_none() => {}
        Some(rail @ (Rail::Ach | Rail::Paypal | Rail::Wise | Rail::Csv | Rail::Check)) => return by_file(rail),
    }
    not_noticed(app, &tenant, payout).await
}

/// PAY-19: nobody pays again to where a bank has said no.
pub(super) async fn not_noticed(app: &App, tenant: &TenantKey, payout: &Payout) -> Result<(), Problem> {
    match noticed(app, tenant, payout).await? {
        Some(why) => Err(Problem::conflict(why).kind("method-noticed")),
        None => Ok(()),
    }
}

/// Take in what a bank sent back: returns, and notices of change.
///
/// The file is read whole or not at all, and the same bytes once. A return gives the money back with its reason: available
/// where the payout was not confirmed, held where it was.
#[utoipa::path(
    post, path = "/v1/revenue/payouts/returns", tag = "payouts", request_body = ReturnsBody,
    params(("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once.")),
    responses((status = 200, description = "What became of each entry.", body = ReturnsView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn returns(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    Body(body): Body<ReturnsBody>,
) -> Result<Json<ReturnsView>, Problem> {
    caller.require(&[Role::FinanceManager])?;
    let (tenant, by) = (caller.tenant_key(), actor(&caller, origin));
    let import = Import { app: &app, tenant: &tenant, by: &by, at: app.clock.now() };
    if body.content.is_empty() {
        return Err(Problem::bad_request("/content", "is empty"));
    }
    import.take_in(body.content.as_bytes()).await.map(Json)
}
