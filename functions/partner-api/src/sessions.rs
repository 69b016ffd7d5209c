//! Where a partner works from, as hashes of one day: FRD-1 compares them with the visits that brought a buyer. Never on
//! the way of an answer: what cannot be noted is left out.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use cases::salt::Salts;
use domain::fraud::marks::Session;
use domain::id::PartnerId;
use domain::role::Role;
use domain::settings::RetentionKind;
use domain::time::Timestamp;
use domain::touch::{DeviceHints, Origin as Sender};
use edge::auth::Caller;
use edge::http::Origin;
use edge::telemetry::chain;
use http::HeaderMap;
use jiff::SignedDuration;
use store::TenantKey;

use crate::App;

/// How many a process remembers to have noted, before it begins anew.
const REMEMBERED_MAX: usize = 2_000;

/// The salts to hash with, and what was noted already by this process.
pub(crate) struct Sessions {
    salts: Salts,
    noted: Mutex<HashSet<(PartnerId, Session)>>,
}

impl Sessions {
    pub(crate) fn new(salts: Salts) -> Self {
        Self { salts, noted: Mutex::default() }
    }

    /// Is this one new to the process? Asked once for each.
    fn is_new(&self, partner: &PartnerId, session: &Session) -> bool {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() >= REMEMBERED_MAX {
            noted.clear();
        }
        noted.insert((partner.clone(), session.clone()))
    }

    async fn session(&self, at: Timestamp, origin: &Origin, headers: &HeaderMap) -> Option<Session> {
        let (address, user_agent) = (origin.ip.as_deref()?, origin.user_agent.as_deref()?);
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        // Whoever asks for privacy is noted no more than their visits are.
        if text("sec-gpc") == "1" || text("dnt") == "1" {
            return None;
        }
        let salt = match self.salts.on(at, edge::random::bytes()).await {
            Ok(salt) => salt,
            Err(error) => {
                tracing::warn!(reason = chain(&error), "where a partner works from was not noted: no salt");
                return None;
            }
        };
        let visitor = salt.visitor(Sender { address, user_agent });
        let (platform, language) = (text("sec-ch-ua-platform"), text("accept-language"));
        let device = salt.device(DeviceHints { user_agent, platform, language, address });
        Some(Session::of(at, visitor, device))
    }
}

/// How long it is kept: as the tenant set, or as shipped while that cannot be read.
async fn kept(app: &App, tenant: &TenantKey) -> SignedDuration {
    let settings = app.limits.settings().of(tenant).await.unwrap_or_default();
    SignedDuration::from_hours(i64::from(settings.retention_days.days_of(RetentionKind::Sessions)) * 24)
}

/// Notes where a partner's request comes from, once a day and place.
pub(crate) async fn noted(State(app): State<App>, request: Request, next: Next) -> Response {
    let Some(sessions) = app.sessions.clone() else { return next.run(request).await };
    let (mut parts, body) = request.into_parts();
    let origin = Origin::from_request_parts(&mut parts, &app).await.unwrap_or_default();
    let at = app.clock.now();
    if let Some(session) = sessions.session(at, &origin, &parts.headers).await
        && let Ok(caller) = Caller::from_request_parts(&mut parts, &app).await
        && caller.role == Role::Partner
        && let Ok(partner) = PartnerId::parse(&caller.subject)
        && sessions.is_new(&partner, &session)
    {
        let expires_at = at.saturating_add(kept(&app, &caller.tenant_key()).await).unwrap_or(at);
        let noted = app.store.record_session(&caller.tenant_key(), &partner, &session, expires_at).await;
        if let Err(error) = noted {
            tracing::warn!(partner.id = %partner, reason = chain(&error), "where a partner works from was not noted");
        }
    }
    next.run(Request::from_parts(parts, body)).await
}
