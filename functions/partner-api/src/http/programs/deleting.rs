//! A programme that was made by mistake goes again; one that anybody worked with is closed instead.

use axum::extract::State;
use edge::body::Segments;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, Stale, WriteRefusals};
use edge::problem::Problem;
use edge::revision::{self, IfMatch};
use http::StatusCode;
use store::removals::Removed;

use super::existing_record;
use crate::App;
use crate::http::trail::Changes;
use crate::http::who::Admin;

/// Delete a program.
///
/// Only one that nobody was ever enrolled in, applied to or left an address in: it goes with its rules. What partners
/// worked with stays, so that what was earned can be explained; close it with `PATCH {"status": "closed"}`.
#[utoipa::path(
    delete,
    path = "/v1/programs/{id}",
    tag = "programs",
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
    let before = existing_record(&app, &caller, &id).await?;
    seen.check(before.version)?;
    let told = Changes::default().gone("name", &before.program.name).told(
        before.program.id.as_str(),
        "program.deleted",
        (caller.acting(origin), minting.at()),
    );
    match app.store.telling(&tenant, told).delete_program(&tenant, &before).await? {
        Removed::Yes => {
            tracing::info!(program.id = %before.program.id, by = %caller.subject, "program deleted");
            Ok(StatusCode::NO_CONTENT)
        }
        Removed::Changed => {
            let now = existing_record(&app, &caller, &id).await?;
            Err(revision::changed(before.version, now.version))
        }
        Removed::Used => Err(Problem::conflict(
            "this program has, or had, partners, applications or leads, and what was earned in it must be explained, or it \
             has more rules than go at once; close it instead: PATCH it with {\"status\": \"closed\"}",
        )
        .kind("program-in-use")),
    }
}
