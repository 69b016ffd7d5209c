//! A partner who was made by mistake goes again; one with a history is suspended, and erased where the law asks for it.

use axum::extract::State;
use edge::body::Segments;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, Stale, WriteRefusals};
use edge::problem::Problem;
use edge::revision::{self, IfMatch};
use http::StatusCode;
use store::removals::{History, Removed};

use super::record_of;
use crate::App;
use crate::http::trail::Changes;
use crate::http::who::Admin;

/// Delete a partner.
///
/// Only one with whom nothing ever happened: no link, coupon, claim, customer or user, nobody whom it referred, no payment
/// method or tax form, no money. It goes with its person, its enrolments and the marks by which it would be known again.
/// Whoever has a history stays, so that what was booked can be explained: suspend them, and have what is personal erased by
/// `POST /v1/privacy/{id}/erase`.
#[utoipa::path(
    delete,
    path = "/v1/partners/{id}",
    tag = "partners",
    params(
        ("id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header),
        ("If-Match" = Option<String>, Header, description = "The ETag of what you saw.")
    ),
    responses(
        (status = 204, description = "It is gone."),
        Refusals,
        WriteRefusals,
        Stale
    ),
    security(("bearer" = []))
)]
pub(crate) async fn delete(
    State(app): State<App>,
    Admin(caller): Admin,
    origin: Origin,
    minting: Minting,
    seen: IfMatch,
    Segments(id): Segments<String>,
) -> Result<StatusCode, Problem> {
    let tenant = caller.tenant_key();
    let before = record_of(&app, &caller, &id).await?;
    seen.check(before.version)?;
    let partner = &before.partner.id;
    if let Some(history) = app.store.find_history(&tenant, partner).await? {
        return Err(stays(history));
    }
    // What was made for it before it leaves is found now, and nothing more is made behind this look. The mark is this run's
    // own, also where the same request comes again.
    let mark = app.clock.now();
    app.store.begin_leaving(&tenant, partner, mark).await?;
    let found = app.store.find_history(&tenant, partner).await;
    if !matches!(found, Ok(None)) {
        app.store.stop_leaving(&tenant, partner, mark).await?;
    }
    if let Some(history) = found? {
        return Err(stays(history));
    }
    let told = Changes::default().gone("status", before.partner.status.word()).told(
        partner.as_str(),
        "partner.deleted",
        (caller.acting(origin), minting.at()),
    );
    // Where nobody heard what became of it, the mark stays: the partner may be gone.
    let removed = app.store.telling(&tenant, told).delete_partner(&tenant, &before, mark).await?;
    if removed != Removed::Yes {
        app.store.stop_leaving(&tenant, partner, mark).await?;
    }
    match removed {
        Removed::Yes => {
            tracing::info!(partner.id = %partner, by = %caller.subject, "partner deleted");
            Ok(StatusCode::NO_CONTENT)
        }
        Removed::Changed => {
            let now = record_of(&app, &caller, &id).await?;
            if now.version == before.version {
                return Err(Problem::conflict("somebody else deletes this partner at the same time; look again"));
            }
            Err(revision::changed(before.version, now.version))
        }
        // Money came between the look and the write.
        Removed::Used => Err(stays(app.store.find_history(&tenant, partner).await?.unwrap_or(History::Reviews))),
    }
}

/// Why a partner stays, and what to do instead.
fn stays(history: History) -> Problem {
    let has = match history {
        History::Money => "money was booked for it",
        History::Links => "it has, or had, links",
        History::Coupons => "it has, or had, coupons",
        History::Customers => "it claims or manages customers",
        History::Referrals => "it referred another partner, or had",
        History::Payee => "it said where its money goes, or handed in a tax form",
        History::Users => "people sign in for it",
        History::Reviews => "it was suspended or looked at for fraud, or has more to it than goes at once",
        History::Application => "it applied and was taken on",
    };
    Problem::conflict(format!(
        "this partner stays, because {has}; suspend it instead, and have its personal data erased by POST \
         /v1/privacy/{{id}}/erase"
    ))
    .kind("partner-in-use")
}
