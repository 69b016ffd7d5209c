//! OPS-3, what was told of what people changed: found, proved, and sealed day by day.

pub mod heads;
pub mod proof;
pub mod row;

use domain::audit::{Actor, AuditEntry, entity_of, trails_of};
use domain::time::{BusinessDay, Timestamp, Zone, sortable};
use store::audit::AuditPlace;
use store::journal::Order;
use store::{Page, Store, StoreError, TenantKey};

/// How many places of a day are read at once.
const AT_ONCE: usize = 200;
/// How many requests one page may cost: one that finds too few by then says where to go on.
const READS_MAX: usize = 60;

/// Which entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Of this kind of thing.
    pub kind: Option<String>,
    /// Of this one.
    pub id: Option<String>,
    /// By whom: the id of a user, partner or key; also where they acted for another, as a partner's user does.
    pub actor: Option<String>,
    /// What was done; with a `*` at its end whatever begins so.
    pub action: Option<String>,
}

impl Wanted {
    /// Is it one of these?
    #[must_use]
    pub fn holds(&self, entry: &AuditEntry) -> bool {
        let is = |wanted: &Option<String>, told: &str| wanted.as_deref().is_none_or(|wanted| wanted == told);
        let entity = entity_of(&entry.aggregate);
        let does = self.action.as_deref().is_none_or(|wanted| match wanted.strip_suffix('*') {
            Some(beginning) => entry.action.starts_with(beginning),
            None => entry.action == wanted,
        });
        let by = |actor: &Actor| is(&self.actor, &actor.id) || self.actor.is_some() && self.actor == actor.person;
        does && is(&self.kind, entity.kind) && is(&self.id, entity.id) && by(&entry.actor)
    }
}

/// From an instant up to, and not with, another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first instant.
    pub from: Timestamp,
    /// The first one that is not of it.
    pub to: Timestamp,
}

impl Span {
    fn holds(&self, entry: &AuditEntry) -> bool {
        (sortable(self.from)..sortable(self.to)).contains(&entry.at)
    }

    /// The first and the last day (UTC) of it; none where it is empty.
    pub(crate) fn days(&self) -> Option<(BusinessDay, BusinessDay)> {
        let last = Timestamp::from_millisecond(self.to.as_millisecond().checked_sub(1)?).ok()?;
        (self.from <= last).then(|| (Zone::utc().day_of(self.from), Zone::utc().day_of(last)))
    }
}

/// A page of entries, newest first; `next` is the place behind which the following page begins.
///
/// # Errors
/// The store does not answer, or an entry cannot be read.
pub async fn page(
    store: &Store,
    tenant: &TenantKey,
    (wanted, span): (&Wanted, Span),
    after: Option<AuditPlace>,
    limit: usize,
) -> Result<Page<AuditEntry>, StoreError> {
    match wanted.id.as_deref() {
        Some(id) => of_thing(store, tenant, (wanted, span, id), after, limit).await,
        None => of_days(store, tenant, (wanted, span), after, limit).await,
    }
}

/// Of one thing: its chains are read whole, and are short.
async fn of_thing(
    store: &Store,
    tenant: &TenantKey,
    (wanted, span, id): (&Wanted, Span, &str),
    after: Option<AuditPlace>,
    limit: usize,
) -> Result<Page<AuditEntry>, StoreError> {
    let mut found = Vec::new();
    for trail in trails_of(wanted.kind.as_deref(), id) {
        found.extend(store.list_audit(tenant, &trail).await?);
    }
    found.retain(|entry| wanted.holds(entry) && span.holds(entry));
    found.retain(|entry| after.as_ref().is_none_or(|after| AuditPlace::of(entry).text() < after.text()));
    found.sort_by_key(|entry| std::cmp::Reverse(AuditPlace::of(entry).text()));
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|entry| AuditPlace::of(entry).text());
    Ok(Page { items: found, next })
}

/// Of whatever things, day by day from the newest.
async fn of_days(
    store: &Store,
    tenant: &TenantKey,
    (wanted, span): (&Wanted, Span),
    mut after: Option<AuditPlace>,
    limit: usize,
) -> Result<Page<AuditEntry>, StoreError> {
    let none = Page { items: Vec::new(), next: None };
    let Some((first, last)) = span.days() else { return Ok(none) };
    let mut items = Vec::new();
    let begun = after.as_ref().and_then(|place| BusinessDay::parse(place.day()).ok());
    let mut day = begun.map_or(last, |day| day.min(last));
    for _ in 0..READS_MAX {
        if day < first {
            return Ok(Page { items, next: None });
        }
        let places = store.list_audit_places(tenant, day, (Order::Newest, after.as_ref()), AT_ONCE).await?;
        for entry in entries_at(store, tenant, &places.items).await? {
            if !(wanted.holds(&entry) && span.holds(&entry)) {
                continue;
            }
            let place = AuditPlace::of(&entry);
            items.push(entry);
            if items.len() == limit {
                return Ok(Page { items, next: Some(place.text()) });
            }
        }
        after = places.next.as_deref().and_then(AuditPlace::parse);
        if after.is_none() {
            let Ok(before) = day.plus_days(-1) else { return Ok(Page { items, next: None }) };
            day = before;
        }
    }
    let next = after.unwrap_or_else(|| AuditPlace::end_of(day));
    Ok(Page { items, next: (day >= first).then(|| next.text()) })
}

/// The entries at these places, in the order of the places. One that is listed and not there is left out here: proving
/// tells of it.
pub(crate) async fn entries_at(
    store: &Store,
    tenant: &TenantKey,
    places: &[AuditPlace],
) -> Result<Vec<AuditEntry>, StoreError> {
    let wanted: Vec<(&str, u32)> = places.iter().map(|place| (place.aggregate(), place.no())).collect();
    let mut found = store.get_audit_entries(tenant, &wanted).await?;
    Ok(places.iter().filter_map(|place| found.remove(&(place.aggregate().to_owned(), place.no()))).collect())
}
