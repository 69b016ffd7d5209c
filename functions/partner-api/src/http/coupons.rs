//! Coupons: codes by which customers name a partner without a link.

pub(crate) mod again;
mod at_stripe;
mod discount;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::audit::{Actor, Told};
use domain::id::{PartnerId, ProgramId};
use domain::promotion::Promotion;
use domain::role::Role;
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::{Body, Query, Segments};
use edge::csv::Format;
use edge::faults::Faults;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::people::partner_leaves;
use edge::problem::Problem;
use http::StatusCode;
use http::header::LOCATION;
use serde::{Deserialize, Serialize};
use store::coupons::{CODE_LENGTH_MAX, Coupon, CouponCode};
use store::{TenantKey, Written};
use utoipa::{IntoParams, ToSchema};

use super::page::{self, Listed};
use super::who::{self, Admin};
use crate::App;
use discount::{AtStripeBody, DiscountBody};

/// A coupon to be made. The provider must know the same code, and what it takes off the price: say `at_stripe` to have it
/// made there, or make it there yourself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCoupon {
    /// What customers type, in capitals or not.
    #[schema(example = "ADA20")]
    code: String,
    /// Whose it is, for good.
    partner_id: String,
    /// The programme whose rules apply; the partner is enrolled there.
    program_id: String,
    /// Since when it counts; now when left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    valid_from: Option<Timestamp>,
    /// Until when, itself left out; without end when left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    valid_until: Option<Timestamp>,
    /// What it takes off at Stripe, where a promotion code of the same name is to be made there. The code then has letters
    /// and digits only, and counts from now on. A person's alone: with a machine's key it is refused.
    at_stripe: Option<DiscountBody>,
}

/// A coupon.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CouponBody {
    code: String,
    partner_id: String,
    program_id: String,
    #[schema(value_type = String, format = DateTime)]
    valid_from: Timestamp,
    /// Null while no end is set.
    #[schema(value_type = Option<String>, format = DateTime)]
    valid_until: Option<Timestamp>,
    /// Whether it counts now.
    #[schema(example = "active")]
    status: StatusWord,
    /// As Stripe has it; null where it was not to be made there.
    at_stripe: Option<AtStripeBody>,
}

impl CouponBody {
    fn of(coupon: &Coupon, now: Timestamp) -> Self {
        Self {
            status: StatusWord::of(coupon, now),
            code: coupon.code.as_str().to_owned(),
            partner_id: coupon.partner.to_string(),
            program_id: coupon.program.to_string(),
            valid_from: coupon.valid_from,
            valid_until: coupon.valid_until,
            at_stripe: AtStripeBody::of(coupon, now),
        }
    }
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Only this partner's; a partner sees its own anyway.
    partner_id: Option<String>,
    /// Only this programme's.
    program_id: Option<String>,
    /// Only those in this state.
    status: Option<StatusWord>,
    /// How many, 1 to 500; 100 when left out.
    limit: Option<u32>,
    /// Where to go on: `next_cursor` of the page before.
    #[serde(default, deserialize_with = "edge::page::cursor")]
    cursor: Option<String>,
    /// `csv` for CSV; so does `Accept: text/csv`.
    #[expect(dead_code, reason = "read by the answer's format; here for the documentation")]
    #[param(value_type = Option<String>, example = "csv")]
    format: Option<String>,
}

/// The words of a coupon's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CouponStatusWord)]
pub(crate) enum StatusWord {
    /// It counts from an instant on that is to come.
    Upcoming,
    /// It counts.
    Active,
    /// It counts no more.
    Ended,
}

impl StatusWord {
    fn of(coupon: &Coupon, now: Timestamp) -> Self {
        if coupon.valid_until.is_some_and(|until| until <= now) {
            Self::Ended
        } else if now < coupon.valid_from {
            Self::Upcoming
        } else {
            Self::Active
        }
    }
}

/// How often an end that met another change of the coupon is tried again.
const TRIES_MAX: usize = 5;
/// The columns of the list as CSV.
const COLUMNS: [&str; 6] = ["code", "partner_id", "program_id", "status", "valid_from", "valid_until"];

/// List coupons.
///
/// By code, also those that have ended. A partner sees its own.
#[utoipa::path(
    get,
    path = "/v1/coupons",
    tag = "coupons",
    params(Asked),
    responses((status = 200, description = "A page; CSV for `Accept: text/csv`.", body = Listed<CouponBody>), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    format: Format,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let partner = who::asked_of_one(&caller, asked.partner_id.as_deref())?;
    let program = asked.program_id.as_deref().map(ProgramId::parse).transpose();
    let program = program.map_err(|why| Problem::bad_parameter("program_id", why.to_string()))?;
    let limit = page::limit(asked.limit)?;
    let after = page::after(asked.cursor.as_deref(), CouponCode::parse)?;
    let (tenant, now) = (caller.tenant_key(), app.clock.now());
    // Of nobody no coupons are looked for, and nothing is kept about them.
    if let Some(partner) = &partner
        && app.store.get_partner(&tenant, partner).await?.is_none()
    {
        return Listed::new(Vec::<CouponBody>::new(), None).answer(format, "coupons", &COLUMNS);
    }
    let is_wanted = |coupon: &Coupon| {
        program.as_ref().is_none_or(|program| *program == coupon.program)
            && asked.status.is_none_or(|status| status == StatusWord::of(coupon, now))
    };
    let read = |after: Option<CouponCode>| {
        let (store, tenant, partner) = (&app.store, &tenant, partner.as_ref());
        async move {
            match partner {
                Some(partner) => store.list_partner_coupons(tenant, partner, after.as_ref(), limit).await,
                None => store.list_coupons(tenant, after.as_ref(), limit).await,
            }
        }
    };
    let page = page::gather((limit, after), read, |coupon: &Coupon| coupon.code.clone(), is_wanted).await?;
    let data = page.items.iter().map(|coupon| CouponBody::of(coupon, now)).collect();
    Listed::new(data, page.next.as_ref().map(CouponCode::as_str)).answer(format, "coupons", &COLUMNS)
}

/// Read a coupon by its code, written in capitals or not.
#[utoipa::path(
    get,
    path = "/v1/coupons/{code}",
    tag = "coupons",
    params(("code" = String, Path, example = "ADA20")),
    responses((status = 200, body = CouponBody), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    Segments(code): Segments<String>,
) -> Result<Json<CouponBody>, Problem> {
    let own = who::own_partner(&caller)?;
    let coupon = existing(&app, &caller.tenant_key(), &code).await?;
    // Another's is as little there as nobody's.
    if own.is_some_and(|own| own != coupon.partner) {
        return Err(Problem::not_found("no such coupon"));
    }
    Ok(Json(CouponBody::of(&coupon, app.clock.now())))
}

/// Create a coupon.
///
/// A sale that names it is the partner's without a click. A code is one partner's for good, also after its end. With
/// `at_stripe` a promotion code of the same name is made at Stripe; where that fails the coupon is there all the same, and
/// `at_stripe.status` says what is left to do.
#[utoipa::path(
    post,
    path = "/v1/coupons",
    tag = "coupons",
    params(("Idempotency-Key" = Option<String>, Header)),
    request_body = NewCoupon,
    responses((status = 201, body = CouponBody), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn create(
    State(app): State<App>,
    Admin(caller): Admin,
    origin: Origin,
    minting: Minting,
    Body(asked): Body<NewCoupon>,
) -> Result<Response, Problem> {
    let tenant = caller.tenant_key();
    if asked.at_stripe.is_some() {
        // API-4: what is taken off there is the tenant's money; a machine names codes, and gives no discount.
        if caller.role == Role::Service {
            let why = "a discount at Stripe is given by persons, not by machines; leave `at_stripe` out";
            return Err(Problem::forbidden(why).kind("person-needed"));
        }
        // Before anything is written: without an account there is nothing to be made later, either.
        at_stripe::account(&app, &caller.tenant).await?;
    }
    let coupon = asked.read(&app, &tenant, minting).await?;
    let actor = caller.acting(origin);
    let told = told(&coupon, actor.clone(), minting.at(), "coupon.created")
        .is("program", &coupon.program)
        .is("valid_from", coupon.valid_from);
    if app.store.telling(&tenant, told).create_coupon(&tenant, &coupon).await? == Written::ConditionFailed {
        if app.store.get_coupon(&tenant, &coupon.code).await?.is_none() {
            return Err(partner_leaves(&app.store, &tenant, &coupon.partner, minting.at()).await?);
        }
        return Err(Problem::conflict("this code is taken").kind("code-taken").at("/code", "taken"));
    }
    tracing::info!(partner.id = %coupon.partner, program.id = %coupon.program, by = %caller.subject, "coupon created");
    // The same request once more goes on where the first stopped.
    let coupon = app.store.get_coupon(&tenant, &coupon.code).await?.unwrap_or(coupon);
    let coupon = at_stripe::bring(&app, &tenant, (&actor, minting.at()), coupon).await?;
    let location = [(LOCATION, format!("/v1/coupons/{}", coupon.code.as_str()))];
    Ok((StatusCode::CREATED, location, Json(CouponBody::of(&coupon, minting.at()))).into_response())
}

/// End a coupon.
///
/// It counts no more from now on, and its promotion code at Stripe is made inactive; sales of its time keep what they
/// earned. It is not deleted, so that they can be explained. One that has ended already is left alone.
#[utoipa::path(
    delete,
    path = "/v1/coupons/{code}",
    tag = "coupons",
    params(("code" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = CouponBody), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn end(
    State(app): State<App>,
    Admin(caller): Admin,
    origin: Origin,
    minting: Minting,
    Segments(code): Segments<String>,
) -> Result<Json<CouponBody>, Problem> {
    let (tenant, now) = (caller.tenant_key(), edge::clock::to_ms(minting.at()));
    let actor = caller.acting(origin);
    let mut coupon = existing(&app, &tenant, &code).await?;
    for _ in 0..TRIES_MAX {
        if coupon.valid_until.is_some_and(|until| until <= now) {
            let coupon = at_stripe::bring(&app, &tenant, (&actor, now), coupon).await?;
            return Ok(Json(CouponBody::of(&coupon, now)));
        }
        // Not before it began: it never counted then.
        let until = now.max(coupon.valid_from);
        let told = told(&coupon, actor.clone(), minting.at(), "coupon.ended").is("valid_until", until);
        let ended = app.store.telling(&tenant, told).end_coupon(&tenant, &coupon, until).await?;
        // Read back also where it failed: the client's own retry can report that for a write that succeeded.
        coupon = existing(&app, &tenant, coupon.code.as_str()).await?;
        if ended == Written::Yes || coupon.valid_until == Some(until) {
            tracing::info!(partner.id = %coupon.partner, by = %caller.subject, "coupon ended");
            let coupon = at_stripe::bring(&app, &tenant, (&actor, now), coupon).await?;
            return Ok(Json(CouponBody::of(&coupon, now)));
        }
    }
    Err(Problem::conflict("another person changes this coupon at the same time; look again"))
}

/// Bring a coupon to Stripe again.
///
/// Does what `at_stripe.status` says is left: `making`, `refused` and `ending`. Nothing is made twice. Where nothing is
/// left the coupon is answered as it is.
#[utoipa::path(
    post,
    path = "/v1/coupons/{code}/retry",
    tag = "coupons",
    params(("code" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = CouponBody), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn retry(
    State(app): State<App>,
    Admin(caller): Admin,
    origin: Origin,
    minting: Minting,
    Segments(code): Segments<String>,
) -> Result<Json<CouponBody>, Problem> {
    let tenant = caller.tenant_key();
    let coupon = existing(&app, &tenant, &code).await?;
    if coupon.promotion.is_none() {
        let why = "this coupon was not to be made at Stripe; make another with `at_stripe`, under another code";
        return Err(Problem::conflict(why).kind("not-at-stripe"));
    }
    at_stripe::account(&app, &caller.tenant).await?;
    let coupon = at_stripe::bring(&app, &tenant, (&caller.acting(origin), minting.at()), coupon).await?;
    Ok(Json(CouponBody::of(&coupon, minting.at())))
}

/// The coupon of a code, written in capitals or not.
async fn existing(app: &App, tenant: &TenantKey, code: &str) -> Result<Coupon, Problem> {
    let missing = || Problem::not_found("no such coupon");
    let code = CouponCode::parse(code).ok_or_else(missing)?;
    app.store.get_coupon(tenant, &code).await?.ok_or_else(missing)
}

/// OPS-3: whose code it is, is told with every change of it.
fn told(coupon: &Coupon, actor: Actor, at: Timestamp, action: &'static str) -> Told {
    Told::new(format!("coupon#{}", coupon.code.as_str()), actor, at, action).is("partner", &coupon.partner)
}

impl NewCoupon {
    async fn read(self, app: &App, tenant: &TenantKey, minting: Minting) -> Result<Coupon, Problem> {
        let now = minting.at();
        let mut faults = Faults::default();
        let code = CouponCode::parse(&self.code)
            .ok_or_else(|| format!("1 to {CODE_LENGTH_MAX} letters, digits and signs, without # and blanks"));
        let code = faults.check("/code", code);
        let partner = faults.check("/partner_id", PartnerId::parse(&self.partner_id));
        let program = faults.check("/program_id", ProgramId::parse(&self.program_id));
        let valid_from = edge::clock::to_ms(self.valid_from.unwrap_or(now));
        let valid_until = self.valid_until.map(edge::clock::to_ms);
        if valid_until.is_some_and(|until| until <= valid_from) {
            faults.clash("/valid_until", "must be after valid_from");
        }
        let promotion = self.at_stripe.and_then(|wished| {
            if code.as_ref().is_some_and(|code| !code.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric())) {
                faults.clash("/code", "at Stripe a code has letters and digits only");
            }
            // Stripe knows no beginning: whoever has the code would have it taken off before it counts here.
            if valid_from > edge::clock::to_ms(now) {
                faults.clash("/valid_from", "a coupon at Stripe counts from now on; leave it out");
            }
            let coupon_id = format!("trb_{}", minting.ulid("coupon-at-stripe"));
            let since = edge::clock::to_ms(now);
            wished.read(&mut faults).map(|discount| Promotion::new(coupon_id, discount, since))
        });
        if let Some((partner, program)) = partner.as_ref().zip(program.as_ref()) {
            let enrolments = app.store.list_enrolments(tenant, partner).await?;
            if !enrolments.iter().any(|enrolment| enrolment.program == *program) {
                faults.clash("/partner_id", "no partner of this program");
            }
        }
        let (code, (partner, program)) = faults.finish(code.zip(partner.zip(program)))?;
        Ok(Coupon { code, partner, program, valid_from, valid_until, promotion })
    }
}
