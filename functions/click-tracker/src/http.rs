//! `GET /r/{code}`: find the link, record the visit, send the visitor on.

mod onward;
mod page;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::touch::{ClickId, Touch};
use edge::http::{Cors, border};
use http::StatusCode;
use http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY, SET_COOKIE};
use jiff::{SignedDuration, Timestamp};
use store::TenantKey;
use store::clicks::{ClickRecorded, NewClick};
use store::links::LinkTarget;
use utoipa::OpenApi;

use crate::App;
use crate::cookies::{self, Baked};
use crate::links::Known;
use crate::visit::Visit;

/// A click is kept as long as it may earn, and then this long as evidence.
const KEPT_AFTER_WINDOW: SignedDuration = SignedDuration::from_hours(90 * 24);

/// The routes of click-tracker.
pub fn routes(app: Arc<App>) -> Router {
    border(Router::new().route("/r/{code}", get(follow)).with_state(app), Cors::Nobody)
}

/// The paths of click-tracker in OpenAPI.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(follow))]
    struct Paths;
    Paths::openapi()
}

/// Follow a partner's link.
///
/// Records the visit and redirects to the link's destination, with the click's token in `trb` and in cookies.
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
        Found::Link { target, store_answers } => {
            let visit = Visit::of(&request);
            let touch = Touch { at: now, link: target.link.clone(), visitor: visit.visitor(&app.keys, now) };
            record(&app, &target, &visit, &touch, store_answers).await;
            redirect(&app, &target, &visit, touch, &request)
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
            found.map_or(Found::Nothing, |target| Found::Link { target, store_answers: true })
        }
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, code, is_cached = stale.is_some(), "link could not be read");
            stale.map_or(Found::Unreadable, |target| Found::Link { target, store_answers: false })
        }
    }
}

/// One write. Whatever becomes of it, the visitor goes on: a click that is not stored is in the log, and attribution
/// does not need it.
async fn record(app: &App, target: &LinkTarget, visit: &Visit, touch: &Touch, store_answers: bool) {
    let click = ClickId::of(touch.at, touch.visitor);
    if !store_answers {
        // Asking a store that has just not answered would cost the visitor another quarter of a second.
        tracing::warn!(click.id = %click, link.id = %target.link, partner.id = %target.partner, "click not stored");
        return;
    }
    let private = |text: String| if visit.is_private { String::new() } else { text };
    let window = SignedDuration::from_hours(i64::from(target.window_days) * 24);
    let new = NewClick {
        link: &target.link,
        partner: &target.partner,
        program: &target.program,
        at: touch.at,
        visitor: touch.visitor,
        bot: visit.bot.map(crate::visit::Bot::reason),
        user_agent: private(visit.user_agent.clone()),
        language: private(visit.language.clone()),
        referrer_host: visit.referrer_host.clone(),
        paid_traffic: visit.paid_traffic,
        device: visit.device(&app.keys, touch.at),
        carried: visit.carried.iter().cloned().collect::<BTreeMap<_, _>>(),
        expires_at: touch.at.saturating_add(window + KEPT_AFTER_WINDOW).unwrap_or(touch.at),
    };
    match app.store.record_click(&TenantKey::from(&target.tenant), new).await {
        Ok(outcome) => {
            let outcome = match outcome {
                ClickRecorded::Counted => "counted",
                ClickRecorded::Duplicate => "duplicate",
                ClickRecorded::Bot => "bot",
            };
            tracing::info!(click.id = %click, link.id = %target.link, outcome, "click recorded");
        }
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, click.id = %click, link.id = %target.link, partner.id = %target.partner, "click not stored");
        }
    }
}

/// A person gets the token at the destination, and cookies unless privacy was asked for; a bot gets neither, so that
/// what it opened is never attributed.
fn redirect(app: &App, target: &LinkTarget, visit: &Visit, touch: Touch, request: &Request) -> Response {
    let newest = app.keys.sign(&touch.clone().into()).filter(|_| visit.bot.is_none());
    let Some(location) = onward::location(&target.destination, &visit.carried, newest.as_deref()) else {
        tracing::error!(link.id = %target.link, "the link's stored destination is no address");
        return page::unknown();
    };
    let mut response = see_other(&location);
    let Some(newest) = newest.filter(|_| !visit.is_private) else { return response };
    let touches = cookies::brought(request.headers(), &app.keys).push(touch);
    let Some(touches) = app.keys.sign(&touches) else { return response };
    let baked = Baked { touches: &touches, newest: &newest, window_days: target.window_days };
    for cookie in app.cookies.bake(&baked) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
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
