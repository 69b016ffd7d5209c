//! `GET /r/{code}`: find the link, record the visit, send the visitor on. Beside it the beacon and the snippet.

mod beacon;
mod onward;
mod page;
mod snippet;

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use domain::touch::{Scope, Touch, Touches};
use edge::http::{Cors, border};
use http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY, SET_COOKIE};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use store::links::LinkTarget;
use utoipa::OpenApi;

use crate::App;
use crate::cookies::{self, Baked};
use crate::links::Known;
use crate::record::{record, salted};
use crate::visit::Visit;

/// The routes of click-tracker.
pub fn routes(app: Arc<App>) -> Router {
    let routes = Router::new()
        .route("/r/{code}", get(follow))
        .route("/v1/clicks", post(beacon::tell).options(beacon::ask))
        .route("/t.js", get(snippet::read))
        .with_state(app);
    // Who may call from another page differs by programme: the beacon says it itself.
    border(routes, Cors::Nobody)
}

/// The paths of click-tracker in OpenAPI.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(follow, beacon::tell, beacon::ask, snippet::read), components(schemas(beacon::Told)))]
    struct Paths;
    Paths::openapi()
}

/// Follow a partner's link.
///
/// Records the visit and redirects to the link's destination, with the click's token in `trb` and in cookies. Through a
/// link that has expired the visitor is sent on, and nothing is recorded.
#[utoipa::path(
    get,
    path = "/r/{code}",
    tag = "clicks",
    params(("code" = String, Path, description = "the link's code")),
    responses(
        (status = 302, description = "on to the destination"),
        (status = 404, description = "no such link: a page that says so", content_type = "text/html"),
        (status = 503, description = "the link cannot be read now: a page that says so", content_type = "text/html"),
    )
)]
async fn follow(State(app): State<Arc<App>>, code: Result<Path<String>, PathRejection>, request: Request) -> Response {
    let Some(code) = code.ok().and_then(|Path(code)| normal_code(&code)) else { return page::unknown() };
    let now = app.clock.now();
    match find(&app, &code, now).await {
        Found::Link { target, .. } if !target.active => page::unknown(),
        Found::Link { target, .. } if !target.counts_at(now) => passed_on(&app, &target, &request),
        Found::Link { target, store_answers } => {
            let visit = Visit::of(&request, app.front.as_ref()).with_own(&target.sub_ids);
            let salted = salted(&app, now, store_answers).await;
            let touch = Touch { at: now, link: target.link.clone(), visitor: visit.visitor(&salted.salt) };
            record(&app, &target, &visit, &touch, &salted).await;
            let token = token_of(&app, &target, &visit, touch, request.headers()).await;
            redirect(&app, &target, &visit, token)
        }
        Found::Nothing => page::unknown(),
        Found::Unreadable => match &app.fallback_url {
            Some(url) => see_other(url),
            None => page::unavailable(),
        },
    }
}

/// Codes are lower-case; people write them as they like.
fn normal_code(code: &str) -> Option<String> {
    let fits = (3..=64).contains(&code.len());
    let plain = code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (fits && plain).then(|| code.to_ascii_lowercase())
}

enum Found {
    Link { target: Arc<LinkTarget>, store_answers: bool },
    Nothing,
    Unreadable,
}

async fn find(app: &App, code: &str, now: Timestamp) -> Found {
    let stale = match app.links.get(code, now) {
        Known::Fresh(target) => return Found::Link { target, store_answers: true },
        Known::Absent => return Found::Nothing,
        Known::Stale(target) => Some(target),
        Known::Nothing => None,
    };
    let store = if stale.is_some() { &app.store } else { &app.first_looks };
    match store.get_link_by_code(code).await {
        Ok(found) => {
            let found = found.map(Arc::new);
            app.links.keep(code, found.clone(), now);
            if let Some(target) = &found {
                app.retention.read(&app.store, target, now).await;
            }
            found.map_or(Found::Nothing, |target| Found::Link { target, store_answers: true })
        }
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, code, is_cached = stale.is_some(), "link could not be read");
            stale.map_or(Found::Unreadable, |target| Found::Link { target, store_answers: false })
        }
    }
}

/// TRK-8: a link that has expired earns no more, but who follows it is still a visitor of the shop: they are sent on, and
/// nothing is counted, no token is given and no cookie set.
fn passed_on(app: &App, target: &LinkTarget, request: &Request) -> Response {
    let visit = Visit::of(request, app.front.as_ref()).with_own(&target.sub_ids);
    tracing::debug!(link.id = %target.link, "visit through a link that has expired, not counted");
    redirect(app, target, &visit, None)
}

/// A person gets the token at the destination, and cookies unless privacy was asked for; a bot gets neither, so that
/// what it opened is never attributed.
fn redirect(app: &App, target: &LinkTarget, visit: &Visit, token: Option<String>) -> Response {
    let Some(location) = onward::location(&target.destination, &visit.carried, token.as_deref()) else {
        tracing::error!(link.id = %target.link, "the link's stored destination is no address");
        return page::unknown();
    };
    let mut response = see_other(&location);
    let Some(token) = token.filter(|_| !visit.is_private) else { return response };
    let baked = Baked { tenant: &target.tenant, token: &token, window_days: target.window_days };
    for cookie in app.cookies.bake(&baked) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// The touch behind those that the visitor brings along; alone when privacy was asked for; nothing for a bot.
async fn token_of(app: &App, target: &LinkTarget, visit: &Visit, touch: Touch, headers: &HeaderMap) -> Option<String> {
    if visit.bot.is_some() {
        return None;
    }
    let keys = app.keys.get(touch.at).await?;
    let before = match visit.is_private {
        true => Touches::none(),
        false => cookies::brought(headers, (&app.keys, &keys), &target.tenant, touch.at).await,
    };
    let scope = Scope { tenant: &target.tenant, window_days: target.window_days };
    keys.sign(scope, &before.push(touch))
}

fn see_other(location: &str) -> Response {
    let headers = [
        (LOCATION, location),
        (CACHE_CONTROL, "no-store"),
        // The merchant may see which site the visitor comes from, never the path.
        (REFERRER_POLICY, "strict-origin-when-cross-origin"),
    ];
    (StatusCode::FOUND, headers).into_response()
}
