//! What a tenant has set about itself, as one thing that is edited whole or in part.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use domain::audit::{ChainEnd, Deed, append};
use domain::role::Role;
use domain::settings::{RateLimits, Retention, RetentionKind, TenantSettings};
use edge::auth::Caller;
use edge::body::Body;
use edge::faults::Faults;
use edge::http::Origin;
use edge::openapi::{Refusals, Stale, WriteRefusals};
use edge::problem::Problem;
use edge::revision::{IfMatch, etag};
use http::header::{ETAG, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use store::settings::KeptSettings;
use store::{TenantKey, Written};
use utoipa::ToSchema;

use super::zone::{self, Begun};
use crate::App;
use crate::http::actor;

/// Where the audit trail of the settings is.
const AGGREGATE: &str = "settings";
/// Who reads them.
const READERS: &[Role] = &[Role::Admin, Role::FinanceManager, Role::Support, Role::Auditor];

/// Settings with their version.
type Answered = ([(HeaderName, HeaderValue); 1], Json<SettingsView>);

/// What is set in doors of its own.
const ELSEWHERE: [(&str, &str); 3] = [
    ("award_policy", "/v1/revenue/payouts/award-policy"),
    ("payout_policy", "/v1/revenue/payouts/policy"),
    ("risk_policy", "/v1/risk/policy"),
];

/// How often callers may ask.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(super) struct RateLimitsView {
    /// Requests of one partner or member within fifteen minutes.
    user_per_15_minutes: u32,
    /// Requests of one person of the tenant's own within fifteen minutes.
    admin_per_15_minutes: u32,
    /// Requests of one key of the tenant's own server within a minute.
    service_per_minute: u32,
    /// Approvals of one person within a minute.
    approvals_per_minute: u32,
}

/// What a tenant has set about itself.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SettingsView {
    /// What people call the tenant; empty until somebody says.
    #[schema(example = "Acme")]
    name: String,
    /// In whose name mail is sent; null where it is the tenant's own name.
    mail_sender_name: Option<String>,
    /// The zone in which holds end and nights are counted.
    #[schema(example = "Europe/Berlin")]
    ledger_zone: String,
    /// Is it fixed, because something has been booked by it?
    ledger_zone_is_fixed: bool,
    /// Above how many whole units of a currency a correction by hand needs a second person.
    four_eyes_above: u32,
    /// The version of the terms that partners accept; null where none are asked for.
    terms_version: Option<String>,
    /// Whether an approval of a payout needs a second factor.
    totp_for_approvals: bool,
    /// How often callers may ask.
    rate_limits: RateLimitsView,
    /// How many days what is kept, by kind.
    retention_days: BTreeMap<&'static str, u32>,
    /// What is set in doors of its own: minimums, bands of approvals and tax forms; points of fraud; awards.
    elsewhere: BTreeMap<&'static str, &'static str>,
}

impl SettingsView {
    fn of(kept: &KeptSettings, begun: Begun) -> Self {
        let TenantSettings { name, mail_sender_name, terms_version, totp_for_approvals, rate_limits, retention_days } =
            kept.general.clone();
        let RateLimits { user_per_15_minutes, admin_per_15_minutes, service_per_minute, approvals_per_minute } =
            rate_limits;
        Self {
            name,
            mail_sender_name,
            ledger_zone: kept.ledger_zone.name().to_owned(),
            ledger_zone_is_fixed: begun == Begun::Yes,
            four_eyes_above: kept.four_eyes_above,
            terms_version,
            totp_for_approvals,
            rate_limits: RateLimitsView {
                user_per_15_minutes,
                admin_per_15_minutes,
                service_per_minute,
                approvals_per_minute,
            },
            retention_days: retention_days.table().into_iter().map(|(kind, days)| (kind.word(), days)).collect(),
            elsewhere: BTreeMap::from(ELSEWHERE),
        }
    }
}

/// How often callers may ask; what is left out stays.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RateLimitsBody {
    #[schema(minimum = 1, maximum = 1_000_000)]
    user_per_15_minutes: Option<u32>,
    #[schema(minimum = 1, maximum = 1_000_000)]
    admin_per_15_minutes: Option<u32>,
    #[schema(minimum = 1, maximum = 1_000_000)]
    service_per_minute: Option<u32>,
    #[schema(minimum = 1, maximum = 1_000_000)]
    approvals_per_minute: Option<u32>,
}

/// What is to be set; what is left out stays as it is.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingsBody {
    /// What people call the tenant.
    #[schema(min_length = 1, max_length = 100, example = "Acme")]
    name: Option<String>,
    /// In whose name mail is sent; an empty text takes it away.
    #[schema(max_length = 100)]
    mail_sender_name: Option<String>,
    /// An IANA zone. It can be set until something is booked.
    #[schema(example = "Europe/Berlin")]
    ledger_zone: Option<String>,
    /// Above how many whole units of a currency a correction by hand needs a second person.
    four_eyes_above: Option<u32>,
    /// The version of the terms that partners accept; an empty text takes it away.
    #[schema(max_length = 40, example = "2026-09")]
    terms_version: Option<String>,
    /// Whether an approval of a payout needs a second factor.
    totp_for_approvals: Option<bool>,
    /// How often callers may ask.
    rate_limits: Option<RateLimitsBody>,
    /// Days by kind; a kind that is left out stays as it is. Clicks are kept for their days behind the window in which
    /// they may earn; leads that never became customers, from when they were seen last; reports are pages by which somebody
    /// pays by hand.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, u32>, example = json!({"sessions": 1}))]
    retention_days: BTreeMap<RetentionKind, u32>,
}

impl SettingsBody {
    /// What a new tenant is told by.
    pub(super) fn of_new(name: String, ledger_zone: Option<String>) -> Self {
        Self { name: Some(name), ledger_zone, ..Self::default() }
    }

    /// The settings as they would be, or every field that is wrong.
    ///
    /// # Errors
    /// 400 naming each wrong field; 422 where each of them is of its form.
    pub(super) fn over(self, kept: &KeptSettings) -> Result<KeptSettings, Problem> {
        let mut faults = Faults::default();
        let mut after = kept.clone();
        if let Some(zone) = self.ledger_zone.as_deref().and_then(|name| faults.zone("/ledger_zone", name)) {
            after.ledger_zone = zone;
        }
        let general = &mut after.general;
        let (name_is_asked, limits) = (self.name.is_some(), &mut general.rate_limits);
        let asked = self.rate_limits.unwrap_or_default();
        limits.user_per_15_minutes = asked.user_per_15_minutes.unwrap_or(limits.user_per_15_minutes);
        limits.admin_per_15_minutes = asked.admin_per_15_minutes.unwrap_or(limits.admin_per_15_minutes);
        limits.service_per_minute = asked.service_per_minute.unwrap_or(limits.service_per_minute);
        limits.approvals_per_minute = asked.approvals_per_minute.unwrap_or(limits.approvals_per_minute);
        general.name = self.name.unwrap_or_else(|| general.name.clone());
        let text = |asked: Option<String>, kept: &Option<String>| match asked {
            Some(text) => (!text.is_empty()).then_some(text),
            None => kept.clone(),
        };
        general.mail_sender_name = text(self.mail_sender_name, &general.mail_sender_name);
        general.terms_version = text(self.terms_version, &general.terms_version);
        general.totp_for_approvals = self.totp_for_approvals.unwrap_or(general.totp_for_approvals);
        let mut days = general.retention_days.table();
        days.extend(self.retention_days);
        general.retention_days = Retention::new(days);
        after.four_eyes_above = self.four_eyes_above.unwrap_or(after.four_eyes_above);
        // Whoever sets something else need not find a name first.
        let wrong = after.general.faults().into_iter().filter(|fault| name_is_asked || fault.pointer != "/name");
        faults.extend(wrong);
        faults.finish(Some(after))
    }
}

/// What the tenant has set about itself.
#[utoipa::path(
    get, path = "/v1/settings", tag = "settings",
    responses(
        (status = 200, description = "The settings in force; its ETag names their version.", body = SettingsView,
         headers(("ETag" = String, description = "The version, for If-Match."))),
        Refusals
    ),
    security(("bearer" = []))
)]
pub(super) async fn read(State(app): State<App>, caller: Caller) -> Result<Answered, Problem> {
    caller.require(READERS)?;
    let tenant = caller.tenant_key();
    let kept = app.store.get_kept_settings(&tenant).await?;
    let begun = zone::is_begun(&app.store, &tenant).await?;
    Ok(([(ETAG, etag(kept.version))], Json(SettingsView::of(&kept, begun))))
}

/// Set something about the tenant.
///
/// Works everywhere within a minute. While approvals need a second factor, so does whoever lets them do without, raises the
/// sum above which two persons approve, or the number of approvals within a minute. The zone of the ledger can be set until something is booked by it.
#[utoipa::path(
    patch, path = "/v1/settings", tag = "settings", request_body = SettingsBody,
    params(
        ("If-Match" = Option<String>, Header, description = "The ETag that was read: refused when another changed them since."),
        ("Idempotency-Key" = Option<String>, Header, description = "Names this request: sent twice, it runs once."),
    ),
    responses(
        (status = 200, description = "The settings in force; its ETag names their version.", body = SettingsView,
         headers(("ETag" = String, description = "The version, for If-Match."))),
        Refusals, WriteRefusals, Stale
    ),
    security(("bearer" = []))
)]
pub(super) async fn change(
    State(app): State<App>,
    caller: Caller,
    origin: Origin,
    seen: IfMatch,
    Body(body): Body<SettingsBody>,
) -> Result<Answered, Problem> {
    caller.require(&[Role::Admin])?;
    let tenant = caller.tenant_key();
    let before = app.store.get_kept_settings(&tenant).await?;
    seen.check(before.version)?;
    let after = body.over(&before)?;
    let begun = zone::is_begun(&app.store, &tenant).await?;
    if after.ledger_zone != before.ledger_zone && begun == Begun::Yes {
        // Days, slots and closes were counted in it: another zone would move them.
        let why = "something is booked by this zone; it stays";
        return Err(Problem::unprocessable(why).at("/ledger_zone", why).kind("ledger-zone-fixed"));
    }
    // POR-3: what protects approvals is not taken away with less than they ask for.
    let protects = before.general.totp_for_approvals && weakens(&before, &after);
    caller.require_second_factor(protects, app.clock.now())?;
    if after == before {
        return Ok(([(ETAG, etag(before.version))], Json(SettingsView::of(&before, begun))));
    }
    let end = app.store.get_last_told(&tenant, AGGREGATE).await?.map_or(ChainEnd::START, |entry| entry.end());
    let (old, new) = changes(&before, &after);
    let deed = Deed { at: app.clock.now(), actor: actor(&caller, origin), action: "settings.set", old, new };
    set(&app, &tenant, &after, append(end, AGGREGATE, deed)).await?;
    app.limits.settings().forget(tenant.tenant());
    tracing::info!(by = %caller.subject, "settings of a tenant set");
    let kept = KeptSettings { version: before.version + 1, ..after };
    Ok(([(ETAG, etag(kept.version))], Json(SettingsView::of(&kept, begun))))
}

/// Would approvals be less protected?
fn weakens(before: &KeptSettings, after: &KeptSettings) -> bool {
    !after.general.totp_for_approvals
        || after.four_eyes_above > before.four_eyes_above
        || after.general.rate_limits.approvals_per_minute > before.general.rate_limits.approvals_per_minute
}

async fn set(
    app: &App,
    tenant: &TenantKey,
    after: &KeptSettings,
    entry: domain::audit::AuditEntry,
) -> Result<(), Problem> {
    if app.store.replace_settings(tenant, after, &entry).await? == Written::ConditionFailed {
        // The client's own retry can report a failed condition for a write that succeeded: read it back.
        let last = app.store.get_last_told(tenant, AGGREGATE).await?;
        if last.is_none_or(|last| last.hash != entry.hash) {
            return Err(Problem::conflict("another person sets the settings at the same time; look again"));
        }
    }
    Ok(())
}

/// What is told of them: all texts, none of them secret.
pub(super) fn told(kept: &KeptSettings) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("ledger_zone".to_owned(), kept.ledger_zone.name().to_owned()),
        ("four_eyes_above".to_owned(), kept.four_eyes_above.to_string()),
        ("general".to_owned(), kept.general.to_json()),
    ])
}

/// What differs, before and after.
fn changes(before: &KeptSettings, after: &KeptSettings) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let (old, new) = (told(before), told(after));
    let differs = |one: &BTreeMap<String, String>, other: &BTreeMap<String, String>| -> BTreeMap<String, String> {
        one.iter()
            .filter(|(name, value)| other.get(*name) != Some(value))
            .map(|(n, v)| (n.clone(), v.clone()))
            .collect()
    };
    (differs(&old, &new), differs(&new, &old))
}
