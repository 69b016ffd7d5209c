//! By what a partner would be known again: an address, a card, the account that it is paid to.

use axum::Json;
use axum::extract::State;
use cases::risk::habits;
use domain::audit::Told;
use domain::email;
use domain::fault::Fault;
use domain::fraud::marks::{Mark, MarkKind};
use domain::id::PartnerId;
use edge::auth::Caller;
use edge::body::Body;
use edge::faults::Faults;
use edge::http::Origin;
use edge::openapi::{Refusals, WriteRefusals};
use edge::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{REVIEWERS, wrong};
use crate::App;

const VALUE_CHARS_MAX: usize = 200;

/// A mark of a partner. Only a hash of the value is kept.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRiskMark {
    /// The partner.
    #[schema(example = "par_01JF8Q3W5T6Y7Z8A9B0C1D2E3F")]
    partner_id: String,
    /// `email`: another address of theirs. `card`: the fingerprint of a card of theirs. `payout`: the fingerprint of the
    /// account that they are paid to.
    #[schema(value_type = String, example = "payout")]
    kind: MarkKind,
    /// The address, or the fingerprint that the provider gives to the card or account.
    #[schema(example = "Xt5EWLLDS7FJjR1c")]
    value: String,
}

/// A mark as it is known: never its value.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RiskMarkView {
    /// The partner.
    partner_id: String,
    /// Of what.
    #[schema(value_type = String, example = "payout")]
    kind: MarkKind,
    /// The review that was opened because another partner has the same; null when none has.
    review_id: Option<String>,
}

/// Add a mark of a partner.
///
/// From now on a sale that is paid from it is noticed as the partner's own, and so is another partner with the same address
/// or payout account. Adding it once more changes nothing.
#[utoipa::path(
    post, path = "/v1/risk/marks", tag = "risk", request_body = NewRiskMark,
    params(("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once.")),
    responses((status = 200, description = "The mark.", body = RiskMarkView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(super) async fn create(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    Body(body): Body<NewRiskMark>,
) -> Result<Json<RiskMarkView>, Problem> {
    caller.require(REVIEWERS)?;
    let tenant = caller.tenant_key();
    let mut faults = Faults::default();
    let partner = faults.check("/partner_id", PartnerId::parse(&body.partner_id));
    let mark = read(body.kind, &body.value).map_err(|fault| faults.extend([fault])).ok();
    let (partner, mark) = faults.finish(partner.zip(mark))?;
    let found = app.store.get_partner(&tenant, &partner).await?;
    found.ok_or_else(|| Problem::impossible("/partner_id", "no such partner"))?;
    // FRD-1: of the mark its kind is told, and no more: whoever reads the audit need not know an address again by it.
    let told = Told::new(partner.to_string(), caller.acting(origin), app.clock.now(), "partner.marked")
        .is("kind", body.kind.word());
    let store = app.store.telling(&tenant, told);
    let noticed = habits::record_marks(&store, &tenant, &partner, &[mark], app.clock.now()).await.map_err(wrong)?;
    tracing::info!(partner.id = %partner, by = %caller.subject, "a mark of a partner recorded");
    let review_id = noticed.map(|review| review.id.to_string());
    Ok(Json(RiskMarkView { partner_id: partner.to_string(), kind: mark.kind, review_id }))
}

fn read(kind: MarkKind, value: &str) -> Result<Mark, Fault> {
    let value = value.trim();
    let is_plain = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic());
    let is_form = is_plain && value.len() <= VALUE_CHARS_MAX;
    if kind == MarkKind::Email {
        let digest = email::Email::parse(value).ok().and_then(|address| email::digest(address.as_str()));
        // What is no value at all is told so; any other is none of an address.
        let fault =
            || Fault { pointer: "/value".to_owned(), why: "not an e-mail address".to_owned(), is_form: !is_form };
        return digest.map(|digest| Mark { kind, digest }).ok_or_else(fault);
    }
    if !is_form {
        return Err(Fault::form("/value", format!("a fingerprint of 1 to {VALUE_CHARS_MAX} plain characters")));
    }
    if value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        // FRD-1: a number would never match, and must not be typed anywhere.
        return Err(Fault::clash("/value", "the fingerprint that the provider gives, never the number itself"));
    }
    Ok(Mark::of_fingerprint(kind, value))
}
