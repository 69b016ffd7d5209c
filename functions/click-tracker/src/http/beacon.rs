//! `POST /v1/clicks`: a page tells, by the snippet, that a visitor came through a link that leads to it directly.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, Request, State};
use axum::response::{IntoResponse, Response};
use domain::touch::{Scope, Touch, Touches};
use edge::problem::Problem;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE,
    ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::links::LinkTarget;
use url::Url;
use utoipa::ToSchema;

use super::{Found, find, normal_code};
use crate::App;
use crate::record::{record, salted};
use crate::visit::{Page, Visit};

/// A page's address and its referrer are longer only by mistake; shorter ones are nobody's to refuse, however long.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// Through which link.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    via: String,
}

/// What a page tells of a visit. JSON, also as `text/plain`: so a browser sends it without asking first.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct Told {
    /// The token that the page kept of earlier visits.
    token: String,
    /// The page's own address: its `utm_…` and `sub1` to `sub5` are kept.
    page: String,
    /// Where its visitor came from; of it only the host is kept.
    referrer: String,
    /// The browser says that a program drives it (`navigator.webdriver`).
    driven: bool,
}

/// What the page is to keep.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Kept {
    /// The click.
    click_id: String,
    /// The token of the visitor's touches, for the check-out; null for what is no person.
    token: Option<String>,
    /// For how many days the page may keep it.
    window_days: u16,
}

/// Tell of a click.
///
/// For pages that partners link to directly, as `?via=code`: records the visit and answers the token for the check-out.
/// Only from pages on the programme's hosts.
#[utoipa::path(
    post,
    path = "/v1/clicks",
    tag = "clicks",
    params(("via" = String, Query, description = "the link's code")),
    request_body = Option<Told>,
    responses(
        (status = 200, description = "recorded", body = Kept),
        (status = 400, description = "the body is not as it should be", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "not from a page of the programme's hosts", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "no such link", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "a body of more than 16 KB", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "the link cannot be read now", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn tell(
    State(app): State<Arc<App>>,
    asked: Result<Query<Asked>, axum::extract::rejection::QueryRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let now = app.clock.now();
    let via = asked.map(|Query(asked)| asked.via).unwrap_or_default();
    let (target, store_answers) = target_of(&app, &via, now).await?;
    let origin = origin_of(&app, &target, request.headers(), now).await?;
    let (parts, body) = request.into_parts();
    let told = read(body).await?;
    let page = Url::parse(&told.page).ok();
    let query = page.as_ref().and_then(Url::query).unwrap_or_default();
    let page = Page { query, referrer: &told.referrer, is_driven: told.driven };
    let visit = Visit::at(&Request::from_parts(parts, ()), app.front.as_ref(), page).with_own(&target.sub_ids);
    let salted = salted(&app, now, store_answers).await;
    let touch = Touch { at: now, link: target.link.clone(), visitor: visit.visitor(&salted.salt) };
    record(&app, &target, &visit, &touch, &salted).await;
    let click_id = touch.click_id().to_string();
    let kept = if visit.is_private { "" } else { told.token.as_str() };
    let token = if visit.bot.is_none() { token_of(&app, &target, kept, touch).await } else { None };
    let kept = Json(Kept { click_id, token, window_days: target.window_days });
    Ok((StatusCode::OK, allowed(origin), kept).into_response())
}

/// Ask whether a page may tell of a click.
///
/// What a browser asks by itself before it sends JSON as JSON.
#[utoipa::path(
    options,
    path = "/v1/clicks",
    tag = "clicks",
    params(("via" = String, Query, description = "the link's code")),
    responses(
        (status = 204, description = "with the headers of CORS where the page may, without where it may not"),
        (status = 400, description = "`via` is missing, or no link's code", body = Problem, content_type = "application/problem+json")
    )
)]
pub(super) async fn ask(
    State(app): State<Arc<App>>,
    asked: Result<Query<Asked>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let now = app.clock.now();
    let via = asked.map(|Query(asked)| asked.via).unwrap_or_default();
    if normal_code(&via).is_none() {
        return Problem::bad_parameter("via", "3 to 64 letters, digits and dashes").into_response();
    }
    let Ok((target, _)) = target_of(&app, &via, now).await else { return StatusCode::NO_CONTENT.into_response() };
    match origin_of(&app, &target, &headers, now).await {
        Err(_) => StatusCode::NO_CONTENT.into_response(),
        Ok(origin) => {
            let asked = [
                (ACCESS_CONTROL_ALLOW_METHODS, "POST"),
                (ACCESS_CONTROL_ALLOW_HEADERS, "content-type"),
                (ACCESS_CONTROL_MAX_AGE, "600"),
            ];
            (StatusCode::NO_CONTENT, allowed(origin), asked).into_response()
        }
    }
}

async fn target_of(app: &App, via: &str, now: Timestamp) -> Result<(Arc<LinkTarget>, bool), Problem> {
    let missing = || Problem::not_found("no such link");
    let code = normal_code(via).ok_or_else(missing)?;
    match find(app, &code, now).await {
        Found::Link { target, store_answers } if target.active && target.counts_at(now) => Ok((target, store_answers)),
        Found::Link { .. } | Found::Nothing => Err(missing()),
        Found::Unreadable => Err(Problem::unavailable("the link cannot be read now")),
    }
}

/// TRK-6: the page's origin, if it is on one of the programme's hosts. A browser tells it, and no page can lie about it.
async fn origin_of(
    app: &App,
    target: &LinkTarget,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<HeaderValue, Problem> {
    let refused = || Problem::forbidden("not from a page of the programme's hosts");
    let origin = headers.get(ORIGIN).ok_or_else(refused)?;
    let text = origin.to_str().map_err(|_| refused())?;
    if app.hosts.allows(&app.store, target, text, now).await { Ok(origin.clone()) } else { Err(refused()) }
}

fn allowed(origin: HeaderValue) -> [(http::HeaderName, HeaderValue); 2] {
    [(ACCESS_CONTROL_ALLOW_ORIGIN, origin), (VARY, HeaderValue::from_static("origin"))]
}

/// An empty body tells nothing, and is none of JSON's affair.
async fn read(body: axum::body::Body) -> Result<Told, Problem> {
    let bytes = axum::body::to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| Problem::too_large(BODY_BYTES_MAX))?;
    if bytes.is_empty() {
        return Ok(Told::default());
    }
    serde_json::from_slice(&bytes).map_err(|_| Problem::bad_request("", "the body is not the JSON it should be"))
}

/// The touch behind those that the page kept, if what it kept is ours.
async fn token_of(app: &App, target: &LinkTarget, kept: &str, touch: Touch) -> Option<String> {
    let keys = app.keys.get(touch.at).await?;
    let before = if kept.is_empty() {
        Touches::none()
    } else {
        let verified =
            app.keys.verified(&keys, touch.at, |keys| keys.verify_live(&target.tenant, kept, touch.at)).await;
        verified.unwrap_or_else(|reason| {
            tracing::info!(%reason, "a page's token ignored");
            Touches::none()
        })
    };
    let scope = Scope { tenant: &target.tenant, window_days: target.window_days };
    keys.sign(scope, &before.push(touch))
}
