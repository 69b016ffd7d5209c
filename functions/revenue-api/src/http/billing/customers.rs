//! Customers whom we bill. Who they are is at Stripe, and sealed here.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::audit::{Actor, Told};
use domain::email::Email;
use domain::fact::PaymentKey;
use domain::id::CustomerId;
use domain::sales_tax::Jurisdiction;
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::{Checked, Query};
use edge::csv::{self, Format};
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, WriteRefusals};
use edge::page::{Listed, limit};
use edge::problem::Problem;
use edge::revision::{IfMatch, etag};
use garde::Validate;
use http::StatusCode;
use http::header::{ETAG, LOCATION};
use serde::{Deserialize, Serialize};
use store::Written;
use store::buyers::{self, BillingCustomer, ShownCard, TaxStanding};
use stripe::{Address, CustomerChange, Exemption, Key, PaymentMethod, Stripe};
use utoipa::ToSchema;

use super::tax::place_of;
use super::{BILLERS, READERS, billing, key_of};
use crate::App;
use crate::http::page::{PageQuery, after, listed};
use crate::http::{Here, Id, plain};

const COLUMNS: [&str; 6] = ["id", "stripe_customer_id", "country", "region", "tax_standing", "created_at"];

/// A customer to be billed.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCustomer {
    /// Where invoices go; kept sealed.
    #[garde(length(bytes, max = 254))]
    #[schema(example = "casey@customer.example")]
    email: String,
    /// The person's or company's name; kept sealed.
    #[garde(inner(length(chars, max = 200), custom(plain)))]
    name: Option<String>,
    /// Two letters; what tax asks for.
    #[garde(skip)]
    #[schema(example = "DE")]
    country: Option<String>,
    /// Where tax differs within the country.
    #[garde(skip)]
    #[schema(example = "NY")]
    region: Option<String>,
    /// For the provider's own tax.
    #[garde(inner(length(chars, min = 1, max = 20), custom(plain)))]
    postal_code: Option<String>,
    /// A consumer, when nobody says.
    #[garde(skip)]
    #[schema(value_type = Option<String>, example = "business")]
    tax_standing: Option<TaxStanding>,
    /// A payment method that Stripe's own elements have made: `pm_…`.
    #[garde(inner(length(bytes, min = 4, max = 100), custom(provider_id)))]
    payment_method: Option<String>,
}

/// What is changed of a customer; what is left out stays.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CustomerPatch {
    /// Where invoices go.
    #[garde(inner(length(bytes, max = 254)))]
    email: Option<String>,
    /// The name.
    #[garde(inner(length(chars, max = 200), custom(plain)))]
    name: Option<String>,
    /// Two letters.
    #[garde(skip)]
    country: Option<String>,
    /// Goes with `country`.
    #[garde(skip)]
    region: Option<String>,
    /// Goes with `country`.
    #[garde(inner(length(chars, min = 1, max = 20), custom(plain)))]
    postal_code: Option<String>,
    /// `consumer`, `business` or `exempt`.
    #[garde(skip)]
    #[schema(value_type = Option<String>)]
    tax_standing: Option<TaxStanding>,
}

/// What a customer pays with.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CustomerPaymentMethod {
    /// A payment method that Stripe's own elements have made: `pm_…`.
    #[garde(length(bytes, min = 4, max = 100), custom(provider_id))]
    #[schema(example = "pm_1PgafTB7WZ01zgkW")]
    payment_method: String,
}

/// An id goes into a path at the provider: nothing that could steer it.
pub(super) fn provider_id(text: &str, _: &()) -> garde::Result {
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Ok(());
    }
    Err(garde::Error::new("an id of the provider's: letters, digits and underscores"))
}

/// What a customer pays with, as far as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CustomerCardView {
    /// The provider's id.
    id: String,
    /// `card`, …
    #[serde(rename = "type")]
    kind: String,
    /// `visa`, …
    brand: Option<String>,
    /// The last four digits.
    #[schema(example = "4242")]
    last_four: Option<String>,
    /// The month of its end.
    #[schema(example = "2034-08")]
    expires: Option<String>,
}

/// A customer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CustomerView {
    id: String,
    /// Null in lists: who somebody is, is opened one at a time.
    email: Option<String>,
    /// Null in lists.
    name: Option<String>,
    #[schema(example = "cus_4MSe0MTL7iR15w")]
    stripe_customer_id: String,
    country: Option<String>,
    region: Option<String>,
    #[schema(value_type = String, example = "consumer")]
    tax_standing: TaxStanding,
    payment_method: Option<CustomerCardView>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When the provider last took money of them; null in lists, before the first time, and while the provider is away.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_purchase_date: Option<Timestamp>,
}

impl From<&BillingCustomer> for CustomerView {
    fn from(buyer: &BillingCustomer) -> Self {
        let card = buyer.card.clone();
        Self {
            id: buyer.id.to_string(),
            email: None,
            name: None,
            stripe_customer_id: provider_of(buyer).to_owned(),
            country: buyer.place.as_ref().map(|place| place.country().to_owned()),
            region: buyer.place.as_ref().and_then(|place| place.region()).map(str::to_owned),
            tax_standing: buyer.tax,
            payment_method: card.map(|ShownCard { id, kind, brand, last_four, expires }| CustomerCardView {
                id,
                kind,
                brand,
                last_four,
                expires,
            }),
            created_at: buyer.created_at,
            last_purchase_date: None,
        }
    }
}

/// The provider's own id of a customer.
pub(super) fn provider_of(buyer: &BillingCustomer) -> &str {
    buyer.provider.as_str().trim_start_matches("stripe:")
}

/// A customer of the caller's tenant.
///
/// # Errors
/// 404 when there is none.
pub(super) async fn find(app: &App, caller: &Caller, id: &str) -> Result<BillingCustomer, Problem> {
    let missing = || Problem::not_found("no such customer");
    let id = CustomerId::parse(id).map_err(|_| missing())?;
    app.store.get_buyer(&caller.tenant_key(), &id).await?.ok_or_else(missing)
}

/// The id of a customer, as a body names it.
///
/// # Errors
/// 400 for what is none.
pub(super) fn read_id(text: &str) -> Result<CustomerId, Problem> {
    CustomerId::parse(text).map_err(|error| Problem::bad_request("/customer_id", error.to_string()))
}

/// The customer whom a body names.
///
/// # Errors
/// 422 when there is none.
pub(super) async fn named(app: &App, caller: &Caller, id: &CustomerId) -> Result<BillingCustomer, Problem> {
    let found = app.store.get_buyer(&caller.tenant_key(), id).await?;
    found.ok_or_else(|| Problem::impossible("/customer_id", "no such customer"))
}

fn place_said(country: Option<&str>, region: Option<&str>) -> Result<Option<Jurisdiction>, Problem> {
    match (country, region) {
        (None, None) => Ok(None),
        (None, Some(region)) => {
            Jurisdiction::check_region(region).map_err(|error| Problem::bad_request("/region", error.to_string()))?;
            Err(Problem::impossible("/region", "goes with country"))
        }
        (Some(country), region) => place_of(country, region).map(Some),
    }
}

fn email_of(text: &str) -> Result<Email, Problem> {
    Email::parse(text).map_err(|error| Problem::bad_request("/email", error.to_string()))
}

fn address_of(place: Option<&Jurisdiction>, postal_code: Option<String>) -> Option<Address> {
    let place = place?;
    Some(Address { country: place.country().to_owned(), region: place.region().map(str::to_owned), postal_code })
}

/// How Stripe's own tax treats them. A business is left to Stripe, which looks at its number.
fn exemption_of(tax: TaxStanding) -> Exemption {
    match tax {
        TaxStanding::Exempt => Exemption::Exempt,
        TaxStanding::Consumer | TaxStanding::Business => Exemption::None,
    }
}

fn shown(method: &PaymentMethod) -> ShownCard {
    let card = method.card.as_ref();
    ShownCard {
        id: method.id.clone(),
        kind: method.kind.clone(),
        brand: card.map(|card| card.brand.clone()),
        last_four: card.map(|card| card.last4.clone()),
        expires: card.map(|card| format!("{:04}-{:02}", card.exp_year, card.exp_month)),
    }
}

/// List customers, without who they are.
#[utoipa::path(
    get, path = "/v1/revenue/customers", tag = "billing", params(PageQuery),
    responses((status = 200, description = "A page of customers; CSV for `Accept: text/csv`.", body = Listed<CustomerView>), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn list(
    State(app): Here,
    caller: Caller,
    accepted: Format,
    Query(query): Query<PageQuery>,
) -> Result<Response, Problem> {
    caller.require(READERS)?;
    let behind = after(query.cursor.as_deref(), |id| CustomerId::parse(id).ok())?;
    let page = app.store.list_buyers(&caller.tenant_key(), behind.as_ref(), limit(query.limit)?).await?;
    let rows: Vec<CustomerView> = page.items.iter().map(CustomerView::from).collect();
    csv::answer(query.format.unwrap_or(accepted), "customers", &COLUMNS, listed(rows, page.next))
}

/// Create a customer, here and at Stripe.
#[utoipa::path(
    post, path = "/v1/revenue/customers", tag = "billing", request_body = NewCustomer,
    params(("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once.")),
    responses((status = 201, description = "Created.", body = CustomerView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn create(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    minting: Minting,
    Checked(body): Checked<NewCustomer>,
) -> Result<Response, Problem> {
    caller.require(BILLERS)?;
    let email = email_of(&body.email)?;
    let place = place_said(body.country.as_deref(), body.region.as_deref())?;
    let billing = billing(&app)?;
    let account = billing.account(&caller.tenant).await?;
    let tax = body.tax_standing.unwrap_or_default();
    let said = CustomerChange {
        email: Some(email.as_str().to_owned()),
        name: body.name.clone(),
        address: address_of(place.as_ref(), body.postal_code),
        exemption: Some(exemption_of(tax)),
        metadata: vec![("tributary_tenant".to_owned(), caller.tenant.to_string())],
    };
    let made = account.create_customer(&said, &key_of(&caller, &minting, "customer")).await?;
    let (card, declined) =
        chosen(&account, &made.id, body.payment_method.as_deref(), &|what| key_of(&caller, &minting, what)).await?;
    let provider = PaymentKey::parse(&format!("stripe:{}", made.id)).map_err(|_| Problem::internal())?;
    let id = CustomerId::of(&provider);
    let name_sealed = match &body.name {
        Some(name) => Some(billing.seal(&caller.tenant, &id, (buyers::NAME, name)).await?),
        None => None,
    };
    let buyer = BillingCustomer {
        email_sealed: billing.seal(&caller.tenant, &id, (buyers::EMAIL, email.as_str())).await?,
        id,
        provider,
        name_sealed,
        place,
        tax,
        card,
        created_at: minting.at(),
        written_by: minting.ulid("billing").to_string(),
        version: 1,
    };
    // There already: an earlier run of this request made them, or Stripe gave the same customer for the same key.
    let told = Told::new(buyer.id.to_string(), caller.acting(origin), minting.at(), "customer.created")
        .is("provider", &buyer.provider);
    let tenant = caller.tenant_key();
    let buyer = match app.store.telling(&tenant, told).create_buyer(&tenant, &buyer).await? {
        Written::Yes => buyer,
        Written::ConditionFailed => find(&app, &caller, buyer.id.as_str()).await?,
    };
    tracing::info!(customer.id = %buyer.id, by = %caller.subject, is_declined = declined.is_some(), "customer created");
    if let Some(declined) = declined {
        return Err(declined.at("/payment_method", format!("the customer is made without it: {}", buyer.id)));
    }
    let view = CustomerView { email: Some(email.as_str().to_owned()), name: body.name, ..CustomerView::from(&buyer) };
    let headers = [(LOCATION, format!("/v1/revenue/customers/{}", buyer.id))];
    Ok((StatusCode::CREATED, headers, [(ETAG, etag(buyer.version))], Json(view)).into_response())
}

/// What a new customer pays with, or why not. REV-1: the customer is made at Stripe by then: one whose card is declined is
/// kept here without it, so that nobody is there whom we do not know.
async fn chosen(
    account: &Stripe,
    customer: &str,
    method: Option<&str>,
    key: &(dyn Fn(&str) -> Key + Sync),
) -> Result<(Option<ShownCard>, Option<Problem>), Problem> {
    let Some(method) = method else { return Ok((None, None)) };
    match account.set_payment_method(customer, method, (&key("attach"), &key("choose"))).await {
        Ok(method) => Ok((Some(shown(&method)), None)),
        Err(error) => {
            let problem = Problem::from(error);
            // Not answered, or our own key: the same request goes on where this one stopped.
            if problem.status().is_server_error() { Err(problem) } else { Ok((None, Some(problem))) }
        }
    }
}

/// Read a customer.
#[utoipa::path(
    get, path = "/v1/revenue/customers/{id}", tag = "billing", params(("id" = String, Path)),
    responses((status = 200, description = "The customer; its ETag is its version.", body = CustomerView), Refusals),
    security(("bearer" = []))
)]
pub(crate) async fn read(State(app): Here, caller: Caller, edge::body::Segments(id): Id) -> Result<Response, Problem> {
    caller.require(READERS)?;
    let buyer = find(&app, &caller, &id).await?;
    let mut view = opened(&app, &caller, &buyer).await?;
    view.last_purchase_date = last_purchase(&app, &caller, &buyer).await;
    Ok(([(ETAG, etag(buyer.version))], Json(view)).into_response())
}

/// When money was last taken of a customer. Stripe being away hides the date, not the customer.
async fn last_purchase(app: &App, caller: &Caller, buyer: &BillingCustomer) -> Option<Timestamp> {
    let account = billing(app).ok()?.account(&caller.tenant).await.ok()?;
    match account.last_paid_invoice(provider_of(buyer)).await {
        Ok(invoice) => Timestamp::from_second(invoice?.status_transitions.paid_at?).ok(),
        Err(error) => {
            let reason = edge::telemetry::chain(&error);
            tracing::warn!(customer.id = %buyer.id, reason, "stripe did not say when the customer last paid");
            None
        }
    }
}

/// A customer with who they are.
async fn opened(app: &App, caller: &Caller, buyer: &BillingCustomer) -> Result<CustomerView, Problem> {
    let billing = billing(app)?;
    if buyer.email_sealed.is_empty() {
        // OPS-4: erased; nothing is left to open.
        return Ok(CustomerView::from(buyer));
    }
    let email = billing.open(&caller.tenant, &buyer.id, (buyers::EMAIL, &buyer.email_sealed)).await?;
    let name = match &buyer.name_sealed {
        Some(sealed) => Some(billing.open(&caller.tenant, &buyer.id, (buyers::NAME, sealed)).await?),
        None => None,
    };
    Ok(CustomerView { email: Some(email), name, ..CustomerView::from(buyer) })
}

/// Change a customer, here and at Stripe.
#[utoipa::path(
    patch, path = "/v1/revenue/customers/{id}", tag = "billing", request_body = CustomerPatch,
    params(
        ("id" = String, Path),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
        ("If-Match" = Option<String>, Header, description = "The ETag that was read: 412 when it has changed since."),
    ),
    responses((status = 200, description = "Changed.", body = CustomerView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn change(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    minting: Minting,
    seen: IfMatch,
    edge::body::Segments(id): Id,
    Checked(body): Checked<CustomerPatch>,
) -> Result<Response, Problem> {
    caller.require(BILLERS)?;
    let before = find(&app, &caller, &id).await?;
    if before.written_by == minting.ulid("billing").to_string() {
        return answered(&app, &caller, &before).await;
    }
    seen.check(before.version)?;
    let email = body.email.as_deref().map(email_of).transpose()?;
    let place = place_said(body.country.as_deref(), body.region.as_deref())?;
    let billing = billing(&app)?;
    let said = CustomerChange {
        email: email.as_ref().map(|email| email.as_str().to_owned()),
        name: body.name.clone(),
        address: address_of(place.as_ref(), body.postal_code),
        exemption: body.tax_standing.map(exemption_of),
        metadata: Vec::new(),
    };
    let account = billing.account(&caller.tenant).await?;
    account.update_customer(provider_of(&before), &said, &key_of(&caller, &minting, "customer")).await?;
    let mut after = before.clone();
    if let Some(email) = &email {
        after.email_sealed = billing.seal(&caller.tenant, &before.id, (buyers::EMAIL, email.as_str())).await?;
    }
    if let Some(name) = &body.name {
        after.name_sealed = Some(billing.seal(&caller.tenant, &before.id, (buyers::NAME, name)).await?);
    }
    after.place = place.or(after.place);
    after.tax = body.tax_standing.unwrap_or(after.tax);
    replace(&app, &caller, (&minting, "customer.changed", caller.acting(origin)), after).await
}

/// Choose what a customer pays with.
#[utoipa::path(
    put, path = "/v1/revenue/customers/{id}/payment-method", tag = "billing", request_body = CustomerPaymentMethod,
    params(
        ("id" = String, Path),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses((status = 200, description = "Chosen.", body = CustomerView), Refusals, WriteRefusals),
    security(("bearer" = []))
)]
pub(crate) async fn pay_with(
    State(app): Here,
    caller: Caller,
    origin: Origin,
    minting: Minting,
    edge::body::Segments(id): Id,
    Checked(body): Checked<CustomerPaymentMethod>,
) -> Result<Response, Problem> {
    caller.require(BILLERS)?;
    let before = find(&app, &caller, &id).await?;
    if before.written_by == minting.ulid("billing").to_string() {
        return answered(&app, &caller, &before).await;
    }
    let account = billing(&app)?.account(&caller.tenant).await?;
    let keys = (&key_of(&caller, &minting, "attach"), &key_of(&caller, &minting, "choose"));
    let method = account.set_payment_method(provider_of(&before), &body.payment_method, keys).await?;
    let after = BillingCustomer { card: Some(shown(&method)), ..before };
    replace(&app, &caller, (&minting, "customer.pays_with", caller.acting(origin)), after).await
}

async fn replace(
    app: &App,
    caller: &Caller,
    (minting, deed, actor): (&Minting, &'static str, Actor),
    after: BillingCustomer,
) -> Result<Response, Problem> {
    let after =
        BillingCustomer { version: after.version + 1, written_by: minting.ulid("billing").to_string(), ..after };
    // What is personal of them lies sealed, and is told nowhere.
    let told = Told::new(after.id.to_string(), actor, minting.at(), deed).is("version", after.version);
    let tenant = caller.tenant_key();
    if app.store.telling(&tenant, told).replace_buyer(&tenant, &after).await? == Written::ConditionFailed {
        // The client's own retry can report a failed condition for a write that succeeded: read it back.
        let there = find(app, caller, after.id.as_str()).await?;
        if there.written_by != after.written_by {
            return Err(Problem::conflict("another request changes this customer at the same time; look again"));
        }
    }
    tracing::info!(customer.id = %after.id, by = %caller.subject, deed, "customer changed");
    answered(app, caller, &after).await
}

async fn answered(app: &App, caller: &Caller, buyer: &BillingCustomer) -> Result<Response, Problem> {
    let view = opened(app, caller, buyer).await?;
    Ok(([(ETAG, etag(buyer.version))], Json(view)).into_response())
}
