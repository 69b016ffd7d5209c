//! Signing in: a link by mail, the session that it begins, and the second factor.

mod sessions;
mod shapes;
mod totp;
mod vouched;

use axum::Router;
use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use domain::email::Email;
use domain::id::TenantId;
use domain::time::Timestamp;
use edge::auth::PresentedLink;
use edge::body::{Body, Query};
use edge::http::Origin;
use edge::idempotency::honoured;
use edge::openapi::Bearer;
use edge::people::{People, email_hash};
use edge::problem::Problem;
use edge::random;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use store::TenantKey;
use store::calls::{Allowance, Counted};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::{api_keys, users};
use crate::App;

pub(super) use totp::take_away;

/// Links that one address may be sent within a quarter of an hour.
const BY_ADDRESS: Allowance = Allowance { kind: "sign-in-address", calls_max: 5, window_s: 900 };
/// Links that may be asked for from one place within a quarter of an hour.
const BY_PLACE: Allowance = Allowance { kind: "sign-in-place", calls_max: 20, window_s: 900 };

/// The page behind a link. A scanner that follows links does not press buttons, so it burns none.
const PAGE: &str = "<!doctype html>
<html lang=\"en\">
<head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\"><meta name=\"robots\" content=\"noindex\"><title>Sign in</title></head>
<body><main><h1>Sign in</h1>{}</main></body>
</html>
";
const BUTTON: &str = "<p>Press the button to sign in on this device. The link works once, within 15 minutes of the mail.</p><form method=\"post\" action=\"/v1/auth/session\"><input type=\"hidden\" name=\"token\" value=\"{}\"><button type=\"submit\">Sign in</button></form>";
const NO_LINK: &str = "<p>This is not a whole sign-in link. Copy it from the mail again, or ask for another.</p>";
const PAGE_POLICY: &str = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The routes of signing in, of users and of keys.
pub(super) fn routes(app: &App) -> Router<App> {
    let written = Router::new()
        .route("/v1/users", get(users::list).post(users::create))
        .route("/v1/users/{id}", get(users::read).patch(users::change))
        .route("/v1/users/{id}/totp", delete(users::remove_totp))
        .route("/v1/api-keys", get(api_keys::list).post(api_keys::create))
        .route("/v1/api-keys/{id}", delete(api_keys::revoke))
        .route_layer(from_fn_with_state(app.clone(), honoured::<App>));
    // What follows is not kept under idempotency keys: a session's text must lie nowhere.
    let sessions = Router::new()
        .route("/v1/auth/magic-link", get(page).post(ask))
        .route(
            "/v1/auth/session",
            get(sessions::read).post(sessions::begin).put(sessions::refresh).delete(sessions::sign_out),
        )
        .route("/v1/auth/sessions", get(sessions::list))
        .route("/v1/auth/sessions/{id}", delete(sessions::end))
        .route("/v1/auth/totp", post(totp::enrol).delete(totp::remove))
        .route("/v1/auth/totp/confirm", post(totp::confirm))
        .route("/v1/auth/totp/verify", post(totp::verify));
    written.merge(sessions)
}

#[derive(OpenApi)]
#[openapi(
    paths(
        ask,
        page,
        sessions::begin,
        sessions::read,
        sessions::refresh,
        sessions::sign_out,
        sessions::list,
        sessions::end,
        totp::enrol,
        totp::confirm,
        totp::verify,
        totp::remove,
        users::list,
        users::create,
        users::read,
        users::change,
        users::remove_totp,
        api_keys::list,
        api_keys::create,
        api_keys::revoke,
    ),
    modifiers(&Bearer),
    tags(
        (name = "sign-in", description = "A link by mail, the session that it begins, and the second factor."),
        (name = "users", description = "People who sign in."),
        (name = "api-keys", description = "Keys of machines, of persons and of pages."),
    )
)]
struct Document;

/// The paths of this room.
pub(super) fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// Who wants to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AskBody {
    /// Where they read mail.
    #[schema(max_length = 254, example = "ada@example.com")]
    email: String,
    /// Whose people they are; the deployment's own when left out.
    #[schema(example = "ten_00000000000000000000000000")]
    tenant_id: Option<String>,
}

/// What everybody is answered.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Asked {
    /// True, whether or not the address is known.
    accepted: bool,
}

/// The token of a link.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct LinkQuery {
    /// As the mail has it.
    #[serde(default)]
    token: String,
}

/// The people of this function.
pub(super) fn people(app: &App) -> Result<&People, Problem> {
    app.people
        .as_ref()
        .ok_or_else(|| Problem::unavailable("nobody can sign in here: the function has no key to seal with"))
}

/// Ask for a link by mail.
///
/// Whoever asks is answered the same, known or not. A link opens once, for 15 minutes. An address is sent 5 within a
/// quarter of an hour, and 20 may be asked for from one place.
#[utoipa::path(
    post, path = "/v1/auth/magic-link", tag = "sign-in", request_body = AskBody,
    responses(
        (status = 202, description = "If somebody here has this address, a link is on its way.", body = Asked),
        (status = 400, description = "Not an address.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Asked too often.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Try again.", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn ask(
    State(app): State<App>,
    origin: Origin,
    Body(body): Body<AskBody>,
) -> Result<(StatusCode, axum::Json<Asked>), Problem> {
    let email = Email::parse(&body.email).map_err(|error| Problem::bad_request("/email", error.to_string()))?;
    let tenant = body.tenant_id.as_deref().map_or_else(|| Ok(TenantId::default_tenant()), TenantId::parse);
    let tenant = tenant.map_err(|error| Problem::bad_request("/tenant_id", error.to_string()))?;
    let (key, now) = (TenantKey::from(&tenant), app.clock.now());
    let place = place(&app, &origin, now).await?;
    // Of the whole deployment: which tenant is named is the asker's to choose.
    let deployment = TenantKey::from(&TenantId::default_tenant());
    within(&app, &deployment, &place, (&BY_PLACE, now)).await?;
    if key != deployment && app.store.get_registered_tenant(&key).await?.is_none() {
        // A tenant that is not there has nobody: nothing is sealed or put down for it.
        return Ok((StatusCode::ACCEPTED, axum::Json(Asked { accepted: true })));
    }
    within(&app, &key, &email_hash(&tenant, &email).to_string(), (&BY_ADDRESS, now)).await?;
    people(&app)?.ask(&key, &email, now).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(Asked { accepted: true })))
}

/// The page behind a link.
///
/// It has one button, which posts the link's token to `/v1/auth/session`. Reading it uses nothing up.
#[utoipa::path(
    get, path = "/v1/auth/magic-link", tag = "sign-in", params(LinkQuery),
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html"),
        (status = 400, description = "No token, or more than one.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "A page that says that this is no link.", body = String, content_type = "text/html"),
    )
)]
async fn page(Query(query): Query<LinkQuery>) -> Response {
    // A token that reads as one has letters, digits, dashes and underscores: nothing that a page would run.
    let (status, inside) = match PresentedLink::parse(&query.token) {
        Some(_) => (StatusCode::OK, BUTTON.replacen("{}", &query.token, 1)),
        None => (StatusCode::NOT_FOUND, NO_LINK.to_owned()),
    };
    let headers: [(HeaderName, HeaderValue); 3] = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY)),
        // The form's origin must be told, or the browser sends `null`; the token in the address goes nowhere.
        (REFERRER_POLICY, HeaderValue::from_static("strict-origin")),
    ];
    (status, HeaderMap::from_iter(headers), PAGE.replacen("{}", &inside, 1)).into_response()
}

/// Counts a try, and refuses one too many. It stays shut while counts cannot be written.
async fn within(
    app: &App,
    tenant: &TenantKey,
    who: &str,
    (allowance, now): (&Allowance, Timestamp),
) -> Result<(), Problem> {
    match app.store.record_call(tenant, who, allowance, now).await? {
        Counted::Allowed { .. } => Ok(()),
        Counted::TooMany => Err(Problem::too_many(allowance.window(now).1)),
    }
}

/// Where somebody asks from, as a hash of the day: addresses are kept nowhere.
async fn place(app: &App, origin: &Origin, now: Timestamp) -> Result<String, Problem> {
    let salt = app.salts.on(now, random::bytes()).await?;
    let network = origin.network();
    Ok(salt.visitor(domain::touch::Origin { address: &network, user_agent: "" }).to_string())
}
