//! Where a partner's money goes.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use cases::payees::{self, Replaced};
use domain::currency::Currency;
use domain::id::{MethodId, PartnerId};
use domain::payee::{Destination, METHODS_MAX, PayoutMethod, PayoutMethods, Unfit, Wish};
use domain::role::Role;
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::{Body, Segments};
use edge::faults::Faults;
use edge::fingerprints::fingerprint_key;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{PayoutDetailsShape, Refusals, WriteRefusals};
use edge::problem::Problem;
use edge::revision::{IfMatch, etag};
use http::header::ETAG;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::partners::{failed, named, seal};
use crate::App;

/// Who changes where money goes: the partner itself, and those who pay.
const EDITORS: [Role; 3] = [Role::Admin, Role::FinanceManager, Role::Partner];

/// A partner's payout methods, in the order in which they are used.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPayoutMethods {
    /// At most five; the first that takes the currency is used, the next one only when finance asks again after a definite
    /// failure. An empty list: paid by hand.
    #[schema(max_items = 5)]
    methods: Vec<WishedMethod>,
}

/// One of them: a method that is there, by its id, or a new one, by its details.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WishedMethod {
    /// A method that is there: it keeps its details, and is not cooled off anew.
    #[schema(example = "mth_01JF8Q3W5T6Y7Z8A9B0C1D2E3F")]
    id: Option<String>,
    /// The only currency that it is for.
    #[schema(value_type = Option<String>, example = "USD")]
    currency: Option<Currency>,
    /// The details of a new one; kept sealed. `rail` says which: `stripe_connect` {account_id}, `ach` {holder,
    /// holder_kind, routing_number, account_number, account_kind}, `paypal` {email}, `wise` {holder, email, iban}, `csv`
    /// {holder, iban}, `check` {payable_to, address}, `manual` {holder, instructions}, `external` {reference}.
    #[serde(default, deserialize_with = "domain::payee::wished_details")]
    #[schema(value_type = Option<PayoutDetailsShape>)]
    details: Option<Destination>,
}

/// A method, as far as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PayoutMethodBody {
    id: String,
    /// 1 is used first.
    rank: usize,
    #[schema(example = "ach")]
    rail: &'static str,
    currency: Option<String>,
    /// The last four characters of what names the account.
    #[schema(example = "6789")]
    last_four: String,
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Nothing leaves by it before.
    #[schema(value_type = String, format = DateTime)]
    usable_from: Timestamp,
    /// Whether that is still to come.
    cooling_off: bool,
}

/// A partner's payout methods; none: finance pays by hand.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PayoutMethodsBody {
    partner_id: String,
    /// Raised by every change; also the ETag.
    version: u32,
    methods: Vec<PayoutMethodBody>,
}

impl PayoutMethodsBody {
    fn of(partner: &PartnerId, methods: &PayoutMethods, now: Timestamp) -> Self {
        let shown = |(at, method): (usize, &PayoutMethod)| PayoutMethodBody {
            id: method.id.to_string(),
            rank: at + 1,
            rail: method.rail.word(),
            currency: method.currency.map(|currency| currency.to_string()),
            last_four: method.last_four.clone(),
            since: method.since,
            usable_from: method.usable_from(),
            cooling_off: now < method.usable_from(),
        };
        let methods_shown = methods.ranked.iter().enumerate().map(shown).collect();
        Self { partner_id: partner.to_string(), version: methods.version, methods: methods_shown }
    }

    fn answer(self) -> Response {
        ([(ETAG, etag(u64::from(self.version)))], Json(self)).into_response()
    }
}

/// Read a partner's payout methods.
///
/// Never more than the last four characters of an account.
#[utoipa::path(
    get,
    path = "/v1/partners/{id}/payout-method",
    tag = "partners",
    params(("id" = String, Path)),
    responses((status = 200, description = "The methods, in their order.", body = PayoutMethodsBody), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<Response, Problem> {
    let partner = named(&app, &caller, &id).await?;
    let methods = app.store.get_payout_methods(&caller.tenant_key(), &partner).await?;
    Ok(PayoutMethodsBody::of(&partner, &methods, app.clock.now()).answer())
}

/// Set a partner's payout methods.
///
/// The whole list, in its order. Nothing leaves by a new method for 72 hours, the partner is told by mail, and a payout
/// that was asked for before is not sent: it is asked for again. Whoever sets a method approves no payout by it.
#[utoipa::path(
    put,
    path = "/v1/partners/{id}/payout-method",
    tag = "partners",
    params(
        ("id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header),
        ("If-Match" = Option<String>, Header, description = "The ETag of what you saw.")
    ),
    request_body = NewPayoutMethods,
    responses(
        (status = 200, description = "The methods, in their order.", body = PayoutMethodsBody),
        Refusals,
        WriteRefusals
    ),
    security(("bearer" = []))
)]
pub(crate) async fn replace(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    minting: Minting,
    seen: IfMatch,
    Segments(id): Segments<String>,
    Body(asked): Body<NewPayoutMethods>,
) -> Result<Response, Problem> {
    caller.require(&EDITORS)?;
    let partner = named(&app, &caller, &id).await?;
    let tenant = caller.tenant_key();
    let wishes = wishes(&app, &caller, &partner, minting, asked).await?;
    let by = (&caller.acting(origin), minting.at());
    let replaced = payees::replace_methods(&app.store, (&tenant, &partner), seen.version(), wishes, by).await;
    match replaced.map_err(failed)? {
        Replaced::Done(methods) => {
            tracing::info!(partner.id = %partner, by = %caller.subject, "payout methods set");
            Ok(PayoutMethodsBody::of(&partner, &methods, app.clock.now()).answer())
        }
        Replaced::Stale => {
            let now = app.store.get_payout_methods(&tenant, &partner).await?;
            Err(seen.changed(u64::from(now.version)))
        }
        Replaced::Erased => {
            Err(Problem::conflict("the partner was erased: nothing of theirs is kept any more").kind("erased"))
        }
        Replaced::Unfit(unfit) => {
            let pointer = match unfit {
                Unfit::TooMany => "/methods".to_owned(),
                Unfit::Unknown { at } | Unfit::Twice { at } => format!("/methods/{at}"),
            };
            Err(Problem::impossible(pointer, unfit.to_string()))
        }
    }
}

/// What is wished for, every field checked before anything is sealed.
async fn wishes(
    app: &App,
    caller: &Caller,
    partner: &PartnerId,
    minting: Minting,
    asked: NewPayoutMethods,
) -> Result<Vec<Wish>, Problem> {
    let mut faults = Faults::default();
    if asked.methods.len() > METHODS_MAX {
        faults.note("/methods", format!("at most {METHODS_MAX} methods"));
    }
    let read: Vec<Option<Read>> = asked
        .methods
        .into_iter()
        .take(METHODS_MAX)
        .enumerate()
        .map(|(at, wished)| read_one(&format!("/methods/{at}"), wished, &mut faults))
        .collect();
    let read: Vec<Read> = faults.finish(read.into_iter().collect())?;
    let key = match read.iter().any(|wish| matches!(wish, Read::New(..))) {
        true => Some(fingerprint_key(&app.store, &app.sealer, &caller.tenant_key()).await?),
        false => None,
    };
    let mut wishes = Vec::with_capacity(read.len());
    for (at, wish) in read.into_iter().enumerate() {
        wishes.push(match (wish, &key) {
            (Read::New(destination, currency), Some(key)) => {
                let id = MethodId::from_ulid(minting.ulid(&format!("payout method {at}")));
                let plain = serde_json::to_string(&destination).map_err(|_| Problem::internal())?;
                let sealed = seal(app, caller, partner, &format!("payout_method:{id}"), &plain).await?;
                Wish::New(Box::new(PayoutMethod {
                    id,
                    rail: destination.rail(),
                    currency,
                    last_four: destination.last_four(),
                    fingerprint: key.of(&destination),
                    since: minting.at(),
                    set_by: caller.subject.clone(),
                    sealed,
                }))
            }
            (Read::Keep(id), _) => Wish::Keep(id),
            // A new one has made the key be read.
            (Read::New(..), None) => return Err(Problem::internal()),
        });
    }
    Ok(wishes)
}

/// One method, read.
enum Read {
    Keep(MethodId),
    New(Box<Destination>, Option<Currency>),
}

fn read_one(pointer: &str, wished: WishedMethod, faults: &mut Faults) -> Option<Read> {
    match (wished.id, wished.details) {
        (Some(id), None) => {
            if wished.currency.is_some() {
                faults.clash(&format!("{pointer}/currency"), "a method that is there keeps its currency");
            }
            faults.check(&format!("{pointer}/id"), MethodId::parse(&id)).map(Read::Keep)
        }
        (None, Some(details)) => {
            if wished.currency.is_some_and(|currency| !details.rail().takes(currency)) {
                faults.clash(&format!("{pointer}/currency"), "this rail does not move this currency");
            }
            match rails::payee::check(&details) {
                Ok(destination) => Some(Read::New(Box::new(destination), wished.currency)),
                Err(wrong) => {
                    let place = format!("{pointer}/details");
                    faults.extend(wrong.into_iter().map(|fault| fault.under(&place)));
                    None
                }
            }
        }
        (Some(_), Some(_)) | (None, None) => {
            faults.clash(pointer, "either the id of a method that is there, or the details of a new one");
            None
        }
    }
}
