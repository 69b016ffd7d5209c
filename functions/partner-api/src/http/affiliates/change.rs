//! A link changes, or is put away.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use domain::audit::{Actor, AuditEntry, ChainEnd, Deed, append};
use domain::role::Role;
use domain::time::Timestamp;
use edge::auth::Caller;
use edge::body::{Body, Segments};
use edge::faults::Faults;
use edge::http::Origin;
use edge::idempotency::Minting;
use edge::openapi::{Refusals, Stale, WriteRefusals};
use edge::problem::Problem;
use edge::revision::IfMatch;
use serde::{Deserialize, Deserializer};
use store::Written;
use store::links::Link;
use utoipa::ToSchema;

use super::{LinkBody, answer, fields, find};
use crate::App;
use crate::destination::Destination;
use crate::http::who::AdminOrPartner;

/// How often a change that met another one is made again.
const TRIES_MAX: usize = 5;

/// What changes of a link; what is left out stays. Code, owner, programme and rate are for good.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LinkChange {
    /// Where visitors go from now on.
    #[schema(example = "https://shop.example/summer")]
    destination: Option<String>,
    /// From when on visits count no more; null: they count without end. Of a link with a rate of its own only an admin moves
    /// the end later or takes it away.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2027-01-01T00:00:00Z")]
    expires_at: Option<Option<Timestamp>>,
    /// What its owner calls it; null takes the name away.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "Newsletter, footer")]
    label: Option<Option<String>>,
    /// All of the link's own parameters, anew.
    #[schema(example = json!({"sub1": "footer"}))]
    sub_ids: Option<BTreeMap<String, String>>,
    /// Whether visitors are sent on. `true` also takes a link out of the archive, which only an admin does; and only an
    /// admin turns on what an admin turned off.
    active: Option<bool>,
}

/// What is there is given, also null.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// Change a link.
///
/// The answer of a change reaches every visitor within a minute: each process of the redirect remembers a link as long.
/// An end that was set holds to the millisecond. `If-Match` with the ETag that was read refuses a change of what another
/// person changed meanwhile.
#[utoipa::path(
    patch,
    path = "/v1/revenue/affiliates/{code}",
    tag = "links",
    params(
        ("code" = String, Path, example = "spring-sale"),
        ("If-Match" = Option<String>, Header),
        ("Idempotency-Key" = Option<String>, Header),
    ),
    request_body = LinkChange,
    responses(
        (status = 200, body = LinkBody),
        Refusals, WriteRefusals, Stale,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn change(
    State(app): State<App>,
    AdminOrPartner(caller): AdminOrPartner,
    origin: Origin,
    minting: Minting,
    seen: IfMatch,
    Segments(code): Segments<String>,
    Body(asked): Body<LinkChange>,
) -> Result<Response, Problem> {
    let now = minting.at();
    let wish = asked.read(&app, now)?;
    if let Some(destination) = &wish.destination {
        let link = find(&app, &caller, &code).await?;
        fields::check_host(&app, &caller.tenant_key(), &link.program, destination).await?;
    }
    let is_admin = caller.role == Role::Admin;
    let made = |link: &Link| {
        if !is_admin {
            wish.check_of_partner(link)?;
        }
        Ok(wish.applied_to(link, is_admin))
    };
    let by = (caller.acting(origin), now);
    replace(&app, &caller, Replacing { code: &code, seen, by, action: "link.changed" }, made).await
}

/// Put a link away.
///
/// It is archived and never deleted: its clicks and sales stay, what was clicked may still be bought and earns, and its
/// code stays taken, for printed codes live long. Visitors are told within a minute that there is no such link. An admin
/// brings it back by `PATCH {"active": true}`. One that is put away already is left alone.
#[utoipa::path(
    delete,
    path = "/v1/revenue/affiliates/{code}",
    tag = "links",
    params(
        ("code" = String, Path, example = "spring-sale"),
        ("If-Match" = Option<String>, Header),
        ("Idempotency-Key" = Option<String>, Header),
    ),
    responses(
        (status = 200, description = "Archived.", body = LinkBody),
        Refusals, WriteRefusals, Stale,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn archive(
    State(app): State<App>,
    AdminOrPartner(caller): AdminOrPartner,
    origin: Origin,
    minting: Minting,
    seen: IfMatch,
    Segments(code): Segments<String>,
) -> Result<Response, Problem> {
    let now = edge::clock::to_ms(minting.at());
    let by = (caller.acting(origin), now);
    let made = |link: &Link| {
        let mut after = link.clone();
        after.active = false;
        after.details.archived_at.get_or_insert(now);
        Ok(after)
    };
    replace(&app, &caller, Replacing { code: &code, seen, by, action: "link.archived" }, made).await
}

/// Which link is replaced, as whom.
struct Replacing<'a> {
    code: &'a str,
    seen: IfMatch,
    by: (Actor, Timestamp),
    action: &'static str,
}

/// Replaces a link by what is made of it; begun again when another was faster and the caller did not say what they saw.
async fn replace(
    app: &App,
    caller: &Caller,
    replacing: Replacing<'_>,
    made: impl Fn(&Link) -> Result<Link, Problem>,
) -> Result<Response, Problem> {
    let tenant = caller.tenant_key();
    let Replacing { code, seen, by, action } = replacing;
    for _ in 0..TRIES_MAX {
        let before = find(app, caller, code).await?;
        let mut after = made(&before)?;
        if after == before {
            return answer(app, &tenant, &before).await;
        }
        seen.check(before.details.version + 1)?;
        after.details.version += 1;
        let last = app.store.get_last_told(&tenant, after.id.as_str()).await?;
        let end = last.map_or(ChainEnd::START, |entry| entry.end());
        let entry = told(end, by.clone(), action, (Some(&before), &after));
        if app.store.replace_link(&tenant, (&before, &after), &[entry]).await? == Written::Yes {
            tracing::info!(link.id = %after.id, partner.id = %after.partner, by = %caller.subject, action, "link changed");
            return answer(app, &tenant, &after).await;
        }
    }
    Err(Problem::unavailable("others change this link all the time; try again"))
}

/// What changes, read.
struct Wish {
    destination: Option<Destination>,
    expires_at: Option<Option<Timestamp>>,
    label: Option<Option<String>>,
    sub_ids: Option<BTreeMap<String, String>>,
    active: Option<bool>,
}

impl LinkChange {
    fn read(self, app: &App, now: Timestamp) -> Result<Wish, Problem> {
        let mut faults = Faults::default();
        let destination = self.destination.as_deref().map(|text| Destination::parse(text, app.place.is_dev));
        let destination = faults.check("/destination", destination.transpose());
        let expires_at = self.expires_at.map(|end| fields::end(&mut faults, end, now));
        let label = self.label.map(|label| fields::label(&mut faults, label.as_deref()));
        let sub_ids = self.sub_ids.map(|sub_ids| fields::sub_ids(&mut faults, sub_ids));
        let destination = faults.finish(destination)?;
        Ok(Wish { destination, expires_at, label, sub_ids, active: self.active })
    }
}

impl Wish {
    /// May the link's own partner wish this? What an admin gave or took only an admin takes or gives.
    fn check_of_partner(&self, link: &Link) -> Result<(), Problem> {
        let details = &link.details;
        if details.archived_at.is_some() && self.active == Some(true) {
            return Err(Problem::conflict("this link was put away; an admin can bring it back").kind("link-archived"));
        }
        if details.is_paused_by_staff && self.active == Some(true) {
            let why = "an admin turned this link off; only an admin turns it on again";
            return Err(Problem::conflict(why).kind("link-paused-by-staff"));
        }
        // COM-11: only an admin gives a rate, and with it for how long: who is paid does not lengthen it.
        if let (Some(_), Some(end), Some(wished)) = (link.commission_rate, details.expires_at, self.expires_at)
            && wished.is_none_or(|wished| wished > end)
        {
            let why = "this link has a rate of its own; only an admin moves its end later or takes it away";
            return Err(Problem::conflict(why).kind("link-end-is-fixed"));
        }
        Ok(())
    }

    fn applied_to(&self, link: &Link, is_admin: bool) -> Link {
        let mut after = link.clone();
        if let Some(destination) = &self.destination {
            destination.as_str().clone_into(&mut after.destination);
        }
        if let Some(end) = self.expires_at {
            after.details.expires_at = end;
        }
        if let Some(label) = &self.label {
            after.details.label.clone_from(label);
        }
        if let Some(sub_ids) = &self.sub_ids {
            after.details.sub_ids.clone_from(sub_ids);
        }
        if let Some(active) = self.active {
            after.active = active;
            if active {
                after.details.archived_at = None;
                after.details.is_paused_by_staff = false;
            } else if is_admin {
                // Also where the partner had turned it off already: from now on it stays off until an admin says.
                after.details.is_paused_by_staff = true;
            }
        }
        after
    }
}

/// What is told of a step: what is there afterwards, and of what it was before, that which differs.
pub(super) fn told(
    end: ChainEnd,
    (actor, at): (Actor, Timestamp),
    action: &'static str,
    (before, after): (Option<&Link>, &Link),
) -> AuditEntry {
    let now = words(after);
    let was = before.map(words).unwrap_or_default();
    let differs = |name: &String, value: &String, other: &BTreeMap<String, String>| other.get(name) != Some(value);
    let new = now.iter().filter(|(name, value)| differs(name, value, &was));
    let old = was.iter().filter(|(name, value)| differs(name, value, &now));
    let owned = |(name, value): (&String, &String)| (name.clone(), value.clone());
    let deed = Deed { at, actor, action, old: old.map(owned).collect(), new: new.map(owned).collect() };
    append(end, after.id.as_str(), deed)
}

fn words(link: &Link) -> BTreeMap<String, String> {
    let details = &link.details;
    let mut words = BTreeMap::from([
        ("code".to_owned(), link.code.clone()),
        ("partner".to_owned(), link.partner.to_string()),
        ("program".to_owned(), link.program.to_string()),
        ("destination".to_owned(), link.destination.clone()),
        ("active".to_owned(), link.active.to_string()),
    ]);
    let mut maybe = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            words.insert(name.to_owned(), value);
        }
    };
    maybe("commission_rate", link.commission_rate.map(|rate| rate.to_string()));
    maybe("label", details.label.clone());
    maybe("expires_at", details.expires_at.map(|end| end.to_string()));
    maybe("paused_by_staff", details.is_paused_by_staff.then(|| "true".to_owned()));
    maybe("archived_at", details.archived_at.map(|at| at.to_string()));
    for (name, value) in &details.sub_ids {
        maybe(name, Some(value.clone()));
    }
    words
}
