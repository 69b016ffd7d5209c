//! COM-17: the customers whom a partner manages: each of their paid invoices earns, without a click.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use cases::desk::Desk;
use cases::desk::claims::{Listed as OnList, list_customer};
use domain::fact::PaymentKey;
use domain::id::ProgramId;
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::{Body, Query, Segments};
use edge::csv::Format;
use edge::faults::Faults;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::problem::Problem;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use store::managed::Managed;
use utoipa::{IntoParams, ToSchema};

use super::{failed, record_of};
use crate::App;
use crate::http::page::{self, Listed};
use crate::http::trail::Changes;
use crate::http::who::Admin;

const COLUMNS: [&str; 5] = ["customer_id", "program_id", "from", "until", "status"];

/// A customer to come onto a partner's list.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccount {
    /// The customer, by provider and its own id.
    #[schema(example = "stripe:cus_123")]
    customer_id: String,
    /// Under which programme's rules; the partner's only one when left out.
    program_id: Option<String>,
    /// From which sale on; now when left out. Not past: sales that were decided stay as they were decided.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
}

/// A customer on a partner's list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountBody {
    #[schema(example = "stripe:cus_123")]
    customer_id: String,
    program_id: String,
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// Null while they are on it.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// `active`, or `ended`.
    #[schema(example = "active")]
    status: &'static str,
}

/// Which of them, and which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
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

impl AccountBody {
    fn of(managed: &Managed, now: Timestamp) -> Self {
        let is_over = managed.until.is_some_and(|until| until <= now);
        Self {
            customer_id: managed.customer.to_string(),
            program_id: managed.program.to_string(),
            from: managed.from,
            until: managed.until,
            status: if is_over { "ended" } else { "active" },
        }
    }
}

/// List the customers whom a partner manages, those who left its list included.
#[utoipa::path(
    get,
    path = "/v1/partners/{id}/accounts",
    tag = "partners",
    params(("id" = String, Path), Asked, ("format" = Option<Format>, Query, description = "`csv` for a table.")),
    responses((status = 200, body = Listed<AccountBody>), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    format: Format,
    Segments(id): Segments<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let limit = page::limit(asked.limit)?;
    let after = page::after(asked.cursor.as_deref(), |key| PaymentKey::parse(key).ok())?;
    let id = super::named(&app, &caller, &id).await?;
    let found = app.store.list_managed(&caller.tenant_key(), &id).await?;
    let rest: Vec<&Managed> =
        found.iter().filter(|one| after.as_ref().is_none_or(|after| one.customer.as_str() > after.as_str())).collect();
    let shown = &rest[..limit.min(rest.len())];
    let next = shown.last().filter(|_| rest.len() > limit).map(|one| one.customer.as_str());
    let now = app.clock.now();
    let bodies = shown.iter().map(|one| AccountBody::of(one, now)).collect();
    Listed::new(bodies, next).answer(format, "accounts", &COLUMNS)
}

/// Put a customer onto a partner's list.
///
/// Each of their paid invoices earns from then on, without a click, whoever brought them; its commission waits as long as
/// the rule says for managed accounts. A customer on another partner's list must leave that one first.
#[utoipa::path(
    post,
    path = "/v1/partners/{id}/accounts",
    tag = "partners",
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = NewAccount,
    responses((status = 201, body = AccountBody), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn create(
    State(app): State<App>,
    Admin(caller): Admin,
    origin: Origin,
    minting: Minting,
    Segments(id): Segments<String>,
    Body(asked): Body<NewAccount>,
) -> Result<Response, Problem> {
    let now = minting.at();
    let record = record_of(&app, &caller, &id).await?;
    let mut faults = Faults::default();
    let customer = faults.check("/customer_id", PaymentKey::parse(&asked.customer_id));
    let program = match asked.program_id.as_deref() {
        Some(named) => faults.check("/program_id", ProgramId::parse(named)),
        None => match record.enrolments.as_slice() {
            [only] => Some(only.program.clone()),
            _ => {
                faults.clash("/program_id", "the partner has none or several programs; say which");
                None
            }
        },
    };
    if program.as_ref().is_some_and(|program| record.enrolment(program).is_none()) {
        faults.clash("/program_id", "the partner is not enrolled in this program");
    }
    let from = edge::clock::to_ms(asked.from.unwrap_or(now));
    if from < edge::clock::to_ms(now) {
        faults.clash("/from", "must not be past; leave it out to begin now");
    }
    let (customer, program) = faults.finish(customer.zip(program))?;
    let managed = Managed { partner: record.partner.id.clone(), program, customer, from, until: None };
    write(&app, (&caller, origin, now), &managed, "account.listed").await?;
    Ok((StatusCode::CREATED, Json(AccountBody::of(&managed, now))).into_response())
}

/// Take a customer off a partner's list.
///
/// What they earned until now stays earned; from now on their sales are decided like anybody's. The entry stays in the
/// list, with its end.
#[utoipa::path(
    delete,
    path = "/v1/partners/{id}/accounts/{customer_id}",
    tag = "partners",
    params(
        ("id" = String, Path),
        ("customer_id" = String, Path, description = "As `stripe:cus_123`."),
        ("Idempotency-Key" = Option<String>, Header)
    ),
    responses((status = 200, body = AccountBody), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn end(
    State(app): State<App>,
    Admin(caller): Admin,
    origin: Origin,
    minting: Minting,
    Segments((id, customer)): Segments<(String, String)>,
) -> Result<Json<AccountBody>, Problem> {
    let now = edge::clock::to_ms(minting.at());
    let id = super::named(&app, &caller, &id).await?;
    let found = app.store.list_managed(&caller.tenant_key(), &id).await?;
    let there = found.into_iter().find(|one| one.customer.as_str() == customer);
    let there = there.ok_or_else(|| Problem::not_found("no such customer on this partner's list"))?;
    if there.until.is_some_and(|until| until <= now) {
        return Ok(Json(AccountBody::of(&there, now)));
    }
    // Not before it began: it never counted then.
    let ended = Managed { until: Some(now.max(there.from)), ..there };
    write(&app, (&caller, origin, now), &ended, "account.ended").await?;
    Ok(Json(AccountBody::of(&ended, now)))
}

async fn write(
    app: &App,
    (caller, origin, now): (&Caller, Origin, Timestamp),
    managed: &Managed,
    action: &'static str,
) -> Result<(), Problem> {
    let tenant = caller.tenant_key();
    let actor = caller.acting(origin);
    let changes = Changes::default().added("customer_id", &managed.customer).added("program_id", &managed.program);
    let changes = match managed.until {
        Some(until) => changes.added("until", until),
        None => changes.added("from", managed.from),
    };
    let told = changes.told(managed.partner.as_str(), action, (actor.clone(), now));
    let store = app.store.telling(&tenant, told);
    let desk = Desk::open(&store, &tenant, actor, now).await.map_err(failed)?;
    let paid = match list_customer(&desk, managed).await.map_err(failed)? {
        OnList::Yes(paid) => paid,
        // Whoever has them keeps them.
        OnList::OnListOf(rival) => {
            return Err(Problem::conflict(format!("the customer is on the list of {rival}; take them off it first"))
                .kind("account-of-another"));
        }
    };
    tracing::info!(partner.id = %managed.partner, sales = paid, by = %caller.subject, "account list changed");
    Ok(())
}
