//! Changes of a programme: in a version, and in part fixed once somebody works with it.

use axum::extract::State;
use axum::response::Response;
use domain::attribution::models::Model;
use domain::attribution::settings::{AttributionSettings, Binding};
use domain::currency::Currency;
use domain::rule::RuleVersion;
use domain::time::Timestamp;
use edge::body::{Body, Segments};
use edge::faults::Faults;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, Stale, WriteRefusals};
use edge::problem::Problem;
use edge::revision::{self, IfMatch};
use serde::Deserialize;
use store::TenantKey;
use store::programs::record::{ProgramRecord, ProgramReplaced};
use utoipa::ToSchema;

use super::super::trail::{Changes, joined};
use super::{ProgramDetail, StatusWord, detail, existing_record, hosts};
use crate::App;
use crate::http::who::Admin;

/// What is to change of a programme; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Friends of the shop", "window_days": 60}))]
pub(crate) struct ChangedProgram {
    /// What people call it.
    name: Option<String>,
    /// ISO 4217. Fixed once a partner is enrolled, or a rule speaks of an amount.
    #[schema(example = "EUR")]
    currency: Option<String>,
    /// An IANA name. Fixed once a partner is enrolled: its months are counted in it.
    #[schema(example = "Europe/Berlin")]
    time_zone: Option<String>,
    /// How long a click counts, 1 to 365 days; for sales that are decided from now on.
    window_days: Option<u16>,
    /// How long a commission waits where a new rule version does not say, 0 to 365 days. Versions that are there keep theirs.
    hold_days: Option<u16>,
    /// How many days after its end a period freezes, 0 to 31.
    close_lag_days: Option<u16>,
    /// How it is decided who brought a customer, for sales that are decided from now on.
    attribution: Option<ChangedAttribution>,
    /// The hosts whose pages may tell of clicks: the whole list.
    allowed_hosts: Option<Vec<String>>,
    /// The hosts that links may lead to: the whole list. Links that are there stay.
    destination_hosts: Option<Vec<String>>,
    /// May strangers apply to become partners?
    takes_applications: Option<bool>,
    /// `closed`: clicks and coupons count no more from now on, nobody new is taken on, and what was earned stays earned.
    status: Option<StatusWord>,
}

/// What is to change of how it is decided who brought a customer.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ChangedAttribution {
    /// How several clicks share.
    #[schema(value_type = Option<String>, example = "last_click")]
    model: Option<Model>,
    /// Does a click go above a coupon?
    click_over_coupon: Option<bool>,
    /// `once` or `per_window`.
    #[schema(value_type = Option<String>, example = "once")]
    binding: Option<Binding>,
    /// May partners bring customers who were known before?
    existing_customers_allowed: Option<bool>,
}

impl ChangedAttribution {
    fn over(&self, before: AttributionSettings) -> AttributionSettings {
        AttributionSettings {
            model: self.model.unwrap_or(before.model),
            click_over_coupon: self.click_over_coupon.unwrap_or(before.click_over_coupon),
            binding: self.binding.unwrap_or(before.binding),
            existing_customers_allowed: self.existing_customers_allowed.unwrap_or(before.existing_customers_allowed),
        }
    }
}

/// Change a program.
///
/// What is left out stays. Say in `If-Match` what you saw: of two who change it at once the second is told both versions.
#[utoipa::path(
    patch,
    path = "/v1/programs/{id}",
    tag = "programs",
    params(
        ("id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header),
        ("If-Match" = Option<String>, Header, description = "The ETag of what you saw.")
    ),
    request_body = ChangedProgram,
    responses(
        (status = 200, body = ProgramDetail, headers(("ETag" = String, description = "For `If-Match`."))),
        Refusals,
        WriteRefusals,
        Stale
    ),
    security(("bearer" = []))
)]
pub(crate) async fn change(
    State(app): State<App>,
    Admin(caller): Admin,
    origin: Origin,
    minting: Minting,
    seen: IfMatch,
    Segments(id): Segments<String>,
    Body(asked): Body<ChangedProgram>,
) -> Result<Response, Problem> {
    let tenant = caller.tenant_key();
    let before = existing_record(&app, &caller, &id).await?;
    let after = asked.read(&before, minting.at())?;
    let changes = changes_of(&before, &after);
    if changes.is_empty() {
        // Perhaps by this very request, whose answer was lost.
        return detail(&app, &caller, &before).await;
    }
    seen.check(before.version)?;
    let is_fixed = (after.program.currency, &after.program.zone) != (before.program.currency, &before.program.zone);
    if after.program.currency != before.program.currency {
        no_rule_speaks_of(&app, &tenant, &before).await?;
    }
    let told = changes.told(after.program.id.as_str(), "program.changed", (caller.acting(origin), minting.at()));
    match app.store.telling(&tenant, told).replace_program(&tenant, &after, is_fixed).await? {
        ProgramReplaced::Yes => {}
        ProgramReplaced::Used => return Err(used()),
        ProgramReplaced::Changed => {
            let now = existing_record(&app, &caller, &id).await?;
            return Err(revision::changed(before.version, now.version));
        }
    }
    tracing::info!(program.id = %after.program.id, by = %caller.subject, "program changed");
    detail(&app, &caller, &after).await
}

fn used() -> Problem {
    Problem::conflict(
        "currency and time zone are fixed, because a partner is enrolled: its months and amounts are counted in them; \
         make another program, and close this one",
    )
    .kind("program-in-use")
}

/// An amount in a rule is of the programme's currency, and a version never changes.
async fn no_rule_speaks_of(app: &App, tenant: &TenantKey, before: &ProgramRecord) -> Result<(), Problem> {
    // A name in which the code happens to stand is taken for an amount: then, too, another programme is the way.
    let word = before.program.currency.to_string();
    for rule in app.store.list_rules(tenant, &before.program.id).await? {
        let terms = serde_json::to_string(&rule.terms).map_err(|_| Problem::internal())?;
        if terms.contains(&word) {
            return Err(Problem::conflict(format!(
                "the currency is fixed, because rule {} speaks of an amount of it; make another program",
                rule.id
            ))
            .kind("program-in-use"));
        }
    }
    Ok(())
}

impl ChangedProgram {
    fn read(self, before: &ProgramRecord, now: Timestamp) -> Result<ProgramRecord, Problem> {
        let mut faults = Faults::default();
        let mut after = ProgramRecord { version: before.version + 1, ..before.clone() };
        let program = &mut after.program;
        if let Some(name) = &self.name {
            program.name = faults.text("/name", name, 200);
        }
        if let Some(text) = &self.currency {
            program.currency = faults.check("/currency", Currency::parse(text)).unwrap_or(program.currency);
        }
        if let Some(zone) = self.time_zone.as_deref().and_then(|name| faults.zone("/time_zone", name)) {
            program.zone = zone;
        }
        if let Some(days) = self.window_days {
            program.window_days = faults.within("/window_days", days, 1..=365);
        }
        if let Some(days) = self.hold_days {
            program.hold_days = faults.within("/hold_days", days, 0..=365);
        }
        if let Some(days) = self.close_lag_days {
            program.close_lag_days = faults.within("/close_lag_days", days, 0..=31);
        }
        if let Some(attribution) = &self.attribution {
            program.attribution = attribution.over(program.attribution);
        }
        if let Some(named) = &self.allowed_hosts {
            program.allowed_hosts = hosts(&mut faults, "/allowed_hosts", named);
        }
        if let Some(named) = &self.destination_hosts {
            after.destination_hosts = hosts(&mut faults, "/destination_hosts", named);
        }
        after.takes_applications = self.takes_applications.unwrap_or(after.takes_applications);
        if let Some(status) = self.status {
            after = after.with_status(status == StatusWord::Open, edge::clock::to_ms(now));
        }
        faults.finish(Some(after))
    }
}

/// What the trail says of a new programme.
pub(super) fn created(record: &ProgramRecord, rule: &RuleVersion) -> Changes {
    let program = &record.program;
    let settings = AttributionSettings::default();
    Changes::default()
        .added("name", &program.name)
        .added("currency", program.currency)
        .added("time_zone", program.zone.name())
        .added("rule_id", &rule.id)
        .field("attribution", words_of(settings), words_of(program.attribution))
}

fn changes_of(before: &ProgramRecord, after: &ProgramRecord) -> Changes {
    let (old, new) = (&before.program, &after.program);
    let status = |record: &ProgramRecord| if record.is_open() { "open" } else { "closed" };
    Changes::default()
        .field("name", &old.name, &new.name)
        .field("currency", old.currency, new.currency)
        .field("time_zone", old.zone.name(), new.zone.name())
        .field("window_days", old.window_days, new.window_days)
        .field("hold_days", old.hold_days, new.hold_days)
        .field("close_lag_days", old.close_lag_days, new.close_lag_days)
        .field("attribution", words_of(old.attribution), words_of(new.attribution))
        .field("allowed_hosts", joined(&old.allowed_hosts), joined(&new.allowed_hosts))
        .field("destination_hosts", joined(&before.destination_hosts), joined(&after.destination_hosts))
        .field("takes_applications", before.takes_applications, after.takes_applications)
        .field("status", status(before), status(after))
}

fn words_of(settings: AttributionSettings) -> String {
    serde_json::to_string(&super::AttributionBody::from(settings)).unwrap_or_default()
}
