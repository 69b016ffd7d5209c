//! Sessions: begun by a link, shown, given another text, ended.

use std::collections::BTreeMap;

use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Response};
use domain::audit::{Deed, Told};
use domain::digest::Digest;
use domain::id::{SessionId, UserId};
use domain::role::Role;
use domain::time::Timestamp;
use domain::user::User;
use edge::auth::browsers::{check_origin, set_cookie};
use edge::auth::{Caller, Credential};
use edge::body::{BODY_BYTES_MAX, Query, Segments, from_json};
use edge::csv::{self, Format};
use edge::http::Origin;
use edge::openapi::{Refusals, WriteRefusals};
use edge::page::Listed;
use edge::people::SignedIn;
use edge::problem::Problem;
use edge::telemetry::Secret;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, LOCATION, SET_COOKIE};
use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use store::Written;
use store::signed_in::Session;
use utoipa::IntoParams;

use super::shapes::{BeginBody, SessionView, SignedInView, Transport, session_needed};
use super::{people, vouched};
use crate::App;
use crate::http::doer;

/// Where a browser goes once its form has signed it in.
const AFTER_SIGN_IN: &str = "/v1/auth/session";
const COLUMNS: [&str; 7] = ["id", "program", "created_at", "seen_at", "ends_at", "second_factor_at", "is_current"];
const FORM: &str = "application/x-www-form-urlencoded";

/// Whose sessions.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct SessionsQuery {
    /// Another person's, for an admin; one's own when left out.
    #[param(example = "usr_01JD4Q0Z0N6Y3V5T6K8R7W2M1A")]
    user_id: Option<String>,
    /// `csv` or `json`; otherwise as `Accept` says.
    #[param(inline)]
    format: Option<Format>,
}

/// Whose session is to end.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct WhoseQuery {
    /// Another person's, for an admin; one's own when left out.
    user_id: Option<String>,
}

/// A link's token, as JSON or as the form of the page that the link leads to.
pub(in crate::http) struct Token {
    body: BeginBody,
    is_form: bool,
}

impl<S: Send + Sync> FromRequest<S> for Token {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let given = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let bytes = axum::body::to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| Problem::too_large(BODY_BYTES_MAX))?;
        match essence.as_str() {
            "application/json" => Ok(Self { body: from_json(&bytes)?, is_form: false }),
            FORM => {
                // A token has no sign that a form would write otherwise.
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let token = text.split('&').find_map(|pair| pair.strip_prefix("token="));
                let token = token.ok_or_else(|| Problem::bad_request("/token", "missing field `token`"))?.to_owned();
                let body = BeginBody { token: Some(token), id_token: None, transport: Transport::Cookie };
                Ok(Self { body, is_form: true })
            }
            _ => Err(Problem::unsupported_media_type("the body must be application/json, or the sign-in page's form")),
        }
    }
}

/// Begin a session by a link, or by a token of the deployment's issuer.
///
/// A link begins one session, however many ask at once; so does a token. Whom a token names at its first use is found by
/// the address that the issuer has verified, and is known by the issuer's subject from then on. With `transport` `cookie` the session is a cookie that scripts
/// cannot read; with `bearer` its text is in the answer, this once. The sign-in page's form is answered by a redirect.
#[utoipa::path(
    post, path = "/v1/auth/session", tag = "sign-in", request_body = BeginBody,
    responses(
        (status = 201, description = "Signed in.", body = SignedInView),
        (status = 303, description = "Signed in by the page's form."),
        (status = 400, description = "Not as declared.", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "The link opens nothing, or the token is not taken.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Sent by a page of another origin, or the issuer vouches for nobody who is here.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Neither JSON nor the form.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Neither a link nor a token, or both, or no issuer is trusted here.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Try again.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(in crate::http) async fn begin(
    State(app): State<App>,
    origin: Origin,
    headers: HeaderMap,
    Token { body, is_form }: Token,
) -> Result<Response, Problem> {
    // Another page must not sign its reader in as somebody else, whose doings would then seem theirs.
    check_origin(&headers)?;
    let now = app.clock.now();
    let (tenant, signed_in) = match (&body.token, body.id_token) {
        (Some(token), None) => vouched::by_link(&app, token, origin, now).await?,
        (None, Some(token)) => vouched::by_issuer(&app, &Secret::new(token), origin, now).await?,
        _ => {
            return Err(Problem::impossible("/token", "send either `token`, of a link, or `id_token`, of the issuer"));
        }
    };
    if is_form {
        let location = HeaderValue::from_static(AFTER_SIGN_IN);
        let response = (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response();
        return Ok(with_cookie(response, Some((&signed_in, now))));
    }
    let kept = app.store.get_user(&store::TenantKey::from(&tenant), &signed_in.session.user).await?;
    let user = kept.ok_or_else(Problem::internal)?.user;
    Ok(told(&user, &signed_in, (StatusCode::CREATED, body.transport), now))
}

/// Who is signed in.
#[utoipa::path(
    get, path = "/v1/auth/session", tag = "sign-in",
    responses((status = 200, description = "The session that this request came by.", body = SignedInView), Refusals),
    security(("bearer" = []))
)]
pub(in crate::http) async fn read(State(app): State<App>, caller: Caller) -> Result<axum::Json<SignedInView>, Problem> {
    let (user, session, _) = current(&app, &caller).await?;
    Ok(axum::Json(SignedInView::of(&user, &session, None)))
}

/// Give the session another text.
///
/// The one before is good for another minute, for requests that are under way. Of several at once one gets it; the
/// others are answered without.
#[utoipa::path(
    put, path = "/v1/auth/session", tag = "sign-in",
    responses((status = 200, description = "The session, with its new text.", body = SignedInView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(in crate::http) async fn refresh(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (user, session, presented) = current(&app, &caller).await?;
    let now = app.clock.now();
    // A text that gave way already gets no successor: the newer one would lose its own.
    let rotated = if session.hash == presented {
        people(&app)?.rotate(&caller.tenant_key(), session.clone(), (now, false)).await?
    } else {
        None
    };
    Ok(match rotated {
        Some(signed_in) => {
            app.gate.forget(&presented);
            told(&user, &signed_in, (StatusCode::OK, transport_of(&headers)), now)
        }
        None => axum::Json(SignedInView::of(&user, &session, None)).into_response(),
    })
}

/// Sign out.
#[utoipa::path(
    delete, path = "/v1/auth/session", tag = "sign-in",
    responses((status = 204, description = "Signed out; a minute later everywhere."), Refusals),
    security(("bearer" = []))
)]
pub(in crate::http) async fn sign_out(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let (Credential::Session { id, presented, .. }, Some(user)) = (&caller.credential, &caller.user) else {
        return Err(session_needed());
    };
    // Ended before or now: it has ended.
    let _: Written = app.store.end_session(&caller.tenant_key(), (user, id), app.clock.now()).await?;
    app.gate.forget(presented);
    tracing::info!(session.id = %id, "signed out");
    Ok(with_cookie(StatusCode::NO_CONTENT.into_response(), None))
}

/// Where somebody is signed in.
#[utoipa::path(
    get, path = "/v1/auth/sessions", tag = "sign-in", params(SessionsQuery),
    responses(
        (status = 200, description = "The open sessions, oldest first; CSV for `Accept: text/csv`.", body = Listed<SessionView>),
        Refusals
    ),
    security(("bearer" = []))
)]
pub(in crate::http) async fn list(
    State(app): State<App>,
    caller: Caller,
    accepted: Format,
    Query(query): Query<SessionsQuery>,
) -> Result<Response, Problem> {
    let user = whose(&caller, query.user_id.as_deref())?;
    let now = app.clock.now();
    let own = match &caller.credential {
        Credential::Session { id, .. } => Some(id.clone()),
        Credential::Key => None,
    };
    let found = app.store.list_sessions_of(&caller.tenant_key(), &user).await?;
    let open = found.iter().filter(|session| session.is_open(now));
    let data = open.map(|session| SessionView::of(session, own.as_ref() == Some(&session.id))).collect();
    csv::answer(query.format.unwrap_or(accepted), "sessions", &COLUMNS, Listed { data, next_cursor: None })
}

/// End a session.
///
/// One's own, or another person's as an admin. It works everywhere within a minute.
#[utoipa::path(
    delete, path = "/v1/auth/sessions/{id}", tag = "sign-in",
    params(("id" = String, Path, description = "The session's id."), WhoseQuery),
    responses((status = 204, description = "It has ended."), Refusals),
    security(("bearer" = []))
)]
pub(in crate::http) async fn end(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    Segments(id): Segments<String>,
    Query(query): Query<WhoseQuery>,
) -> Result<StatusCode, Problem> {
    let missing = || Problem::not_found("no such session");
    let user = whose(&caller, query.user_id.as_deref())?;
    let id = SessionId::parse(&id).map_err(|_| missing())?;
    let (tenant, now) = (caller.tenant_key(), app.clock.now());
    let store = if caller.user.as_ref() == Some(&user) {
        app.store.clone()
    } else {
        // OPS-3: who shuts somebody else out says so.
        let new = [("session".to_owned(), id.to_string())].into();
        let deed = Deed { at: now, actor: doer(&caller, origin), action: "session.ended", old: BTreeMap::new(), new };
        app.store.telling(&tenant, Told { aggregate: user.to_string(), deed })
    };
    match store.end_session(&tenant, (&user, &id), now).await? {
        Written::Yes => {
            tracing::info!(session.id = %id, by = %caller.person(), "session ended");
            Ok(StatusCode::NO_CONTENT)
        }
        Written::ConditionFailed => Err(missing()),
    }
}

/// The session that a request came by, with its person and the hash of what was presented.
pub(super) async fn current(app: &App, caller: &Caller) -> Result<(User, Session, Digest), Problem> {
    let (Credential::Session { id, presented, .. }, Some(user)) = (&caller.credential, &caller.user) else {
        return Err(session_needed());
    };
    let tenant = caller.tenant_key();
    let session = app.store.get_session(&tenant, (user, id)).await?;
    let kept = app.store.get_user(&tenant, user).await?;
    let (session, kept) = session.zip(kept).ok_or_else(session_needed)?;
    Ok((kept.user, session, *presented))
}

/// The answer with a session's new text, by its way.
pub(super) fn told(
    user: &User,
    signed_in: &SignedIn,
    (status, transport): (StatusCode, Transport),
    now: Timestamp,
) -> Response {
    let text = (transport == Transport::Bearer).then(|| signed_in.text.reveal().clone());
    let response = (status, axum::Json(SignedInView::of(user, &signed_in.session, text))).into_response();
    if transport == Transport::Cookie { with_cookie(response, Some((signed_in, now))) } else { response }
}

/// By which way the caller carries its session.
pub(super) fn transport_of(headers: &HeaderMap) -> Transport {
    if headers.contains_key(AUTHORIZATION) { Transport::Bearer } else { Transport::Cookie }
}

fn with_cookie(mut response: Response, signed_in: Option<(&SignedIn, Timestamp)>) -> Response {
    let lasting = signed_in
        .map(|(signed_in, now)| (&signed_in.text, signed_in.session.absolute_until.duration_since(now).as_secs()));
    if let Some(cookie) = set_cookie(lasting) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// Whose sessions a request is about: one's own; an admin may name another.
fn whose(caller: &Caller, named: Option<&str>) -> Result<UserId, Problem> {
    match named {
        None => caller.user.clone().ok_or_else(session_needed),
        Some(named) => {
            let named = UserId::parse(named).map_err(|why| Problem::bad_parameter("user_id", why.to_string()))?;
            if caller.user.as_ref() != Some(&named) {
                caller.require(&[Role::Admin])?;
            }
            Ok(named)
        }
    }
}
