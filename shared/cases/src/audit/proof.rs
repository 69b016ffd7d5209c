//! The proof: every entry of some days follows the one before it and was not changed, and each day that is sealed is what it
//! was when it was sealed. Bounded, and begun again where it stopped.

use std::collections::BTreeMap;

use domain::audit::{AuditEntry, Breach, ChainEnd, TrailEnd, check_entry};
use domain::digest::Digest;
use domain::time::{BusinessDay, Timestamp, Zone};
use store::audit::{AuditPlace, DayHead};
use store::journal::Order;
use store::{Store, StoreError, TenantKey};

use super::Span;
use super::heads::WAITS_DAYS;

/// How many places are read at once.
const AT_ONCE: usize = 100;
/// How many requests to the list of days one call may cost.
const READS_MAX: usize = 100;

/// Where a proof goes on: the day, the last entry that was read of it, and how far the day was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resume {
    day: BusinessDay,
    after: Option<AuditPlace>,
    counted: TrailEnd,
}

impl Resume {
    fn at(day: BusinessDay) -> Self {
        Self { day, after: None, counted: TrailEnd::START }
    }

    /// As text.
    #[must_use]
    pub fn text(&self) -> String {
        let place = self.after.as_ref().map(AuditPlace::text).unwrap_or_default();
        format!("{}|{}|{}|{place}", self.day, self.counted.entries, self.counted.hash)
    }

    /// Reads the text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(4, '|');
        let day = BusinessDay::parse(parts.next()?).ok()?;
        let entries = parts.next()?.parse().ok()?;
        let hash = Digest::parse_hex(parts.next()?)?;
        let after = match parts.next()? {
            "" => None,
            place => Some(AuditPlace::parse(place).filter(|place| place.day() == day.to_string())?),
        };
        Some(Self { day, after, counted: TrailEnd { entries, hash } })
    }
}

/// What was proved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proved {
    /// Entries that were read.
    pub entries: u64,
    /// Days that were read to their end.
    pub days: u64,
    /// Of them, days whose seal was compared.
    pub sealed_days: u64,
    /// The first thing that does not fit.
    pub breach: Option<Breach>,
    /// Where to go on; none when all days were read, or something does not fit.
    pub next: Option<Resume>,
}

/// Proves some days, from the oldest, as they must be now: what is over for longer than a seal waits has one.
///
/// # Errors
/// The store does not answer, or an entry cannot be read at all.
pub async fn prove(
    store: &Store,
    tenant: &TenantKey,
    span: Span,
    resume: Option<Resume>,
    now: Timestamp,
) -> Result<Proved, StoreError> {
    let mut proved = Proved::default();
    let Some((first, last)) = span.days() else { return Ok(proved) };
    let mut at = resume.filter(|at| at.day >= first).unwrap_or_else(|| Resume::at(first));
    let due = Due::now(store, tenant, now).await?;
    // The seal before the first day is the one that the first day's follows.
    let heads = store.list_audit_heads(tenant, first.plus_days(-1).unwrap_or(first), last).await?;
    proved.breach = broken_chain(&heads, due.first);
    let heads: BTreeMap<BusinessDay, DayHead> = heads.into_iter().map(|head| (head.day, head)).collect();
    for _ in 0..READS_MAX {
        if at.day > last || proved.breach.is_some() {
            return Ok(proved);
        }
        let is_over = page(store, tenant, &mut at, &mut proved).await?;
        if proved.breach.is_some() || !is_over {
            continue;
        }
        proved.days += 1;
        if let Some(head) = heads.get(&at.day) {
            proved.sealed_days += 1;
            proved.breach = differs(head, at.counted);
        } else if due.is_missed(at.day, at.counted) {
            proved.breach = Some(missing_seal(at.day, at.counted));
        }
        let Ok(next) = at.day.plus_days(1) else { return Ok(proved) };
        at = Resume::at(next);
    }
    proved.next = (at.day <= last && proved.breach.is_none()).then_some(at);
    Ok(proved)
}

/// The end of a whole day that fits; a breach otherwise.
///
/// # Errors
/// The store does not answer, or an entry cannot be read at all.
pub(super) async fn day_end(
    store: &Store,
    tenant: &TenantKey,
    day: BusinessDay,
) -> Result<Result<TrailEnd, Breach>, StoreError> {
    let (mut at, mut proved) = (Resume::at(day), Proved::default());
    loop {
        let is_over = page(store, tenant, &mut at, &mut proved).await?;
        if let Some(breach) = proved.breach {
            return Ok(Err(breach));
        }
        if is_over {
            return Ok(Ok(at.counted));
        }
    }
}

/// One page of a day: each entry against the one before it in its own chain. Answers whether the day is over.
async fn page(store: &Store, tenant: &TenantKey, at: &mut Resume, proved: &mut Proved) -> Result<bool, StoreError> {
    let places = store.list_audit_places(tenant, at.day, (Order::Oldest, at.after.as_ref()), AT_ONCE).await?;
    let wanted: Vec<(&str, u32)> = places
        .items
        .iter()
        .flat_map(|place| [place.no().checked_sub(1).filter(|no| *no > 0), Some(place.no())].map(|no| (place, no)))
        .filter_map(|(place, no)| Some((place.aggregate(), no?)))
        .collect();
    let entries = store.get_audit_entries(tenant, &wanted).await?;
    for place in &places.items {
        match check_place(&entries, place) {
            Ok(entry) => at.counted = at.counted.then(entry),
            Err(breach) => {
                proved.breach = Some(breach);
                return Ok(false);
            }
        }
        proved.entries += 1;
        at.after = Some(place.clone());
    }
    Ok(places.next.is_none())
}

fn check_place<'a>(
    entries: &'a BTreeMap<(String, u32), AuditEntry>,
    place: &AuditPlace,
) -> Result<&'a AuditEntry, Breach> {
    let get = |no: u32| entries.get(&(place.aggregate().to_owned(), no));
    let missing = |no, expected| Breach {
        aggregate: place.aggregate().to_owned(),
        no,
        what: "it is not there any more",
        expected,
        found: Digest::ZERO,
    };
    let entry = get(place.no()).ok_or_else(|| missing(place.no(), Digest::ZERO))?;
    let before = match place.no() - 1 {
        0 => ChainEnd::START,
        no => {
            let before = get(no).ok_or_else(|| missing(no, entry.previous))?;
            // It may be of another day; changed there, its own hash would not tell here.
            check_entry(ChainEnd { no: no - 1, hash: before.previous }, before)?;
            before.end()
        }
    };
    check_entry(before, entry)?;
    // A whole entry, but of another place.
    if AuditPlace::of(entry) != *place {
        return Err(Breach {
            aggregate: place.aggregate().to_owned(),
            no: place.no(),
            what: "it lies where another entry was",
            expected: entry.previous,
            found: entry.hash,
        });
    }
    Ok(entry)
}

fn differs(head: &DayHead, counted: TrailEnd) -> Option<Breach> {
    (head.end != counted).then(|| Breach {
        aggregate: format!("day#{}", head.day),
        no: u32::try_from(counted.entries.min(head.end.entries)).unwrap_or(u32::MAX),
        what: "the day has other entries than when it was sealed",
        expected: head.end.hash,
        found: counted.hash,
    })
}

/// Which days must have a seal.
struct Due {
    first: Option<DayHead>,
    last: Option<DayHead>,
    /// The nights that are over have sealed every day before it.
    before: Option<BusinessDay>,
}

impl Due {
    async fn now(store: &Store, tenant: &TenantKey, now: Timestamp) -> Result<Self, StoreError> {
        Ok(Self {
            first: store.get_first_audit_head(tenant).await?,
            last: store.get_last_audit_head(tenant).await?,
            before: Zone::utc().day_of(now).plus_days(-WAITS_DAYS).ok(),
        })
    }

    /// Is it a day that a night has sealed, or must have? Before the first seal nobody sealed yet; where there is none at
    /// all, a day with entries would have been the first.
    fn is_missed(&self, day: BusinessDay, counted: TrailEnd) -> bool {
        let is_over = self.before.is_some_and(|before| day < before);
        match (self.first, self.last) {
            (Some(first), Some(last)) => day > first.day && (day < last.day || is_over),
            _ => is_over && counted.entries > 0,
        }
    }
}

fn missing_seal(day: BusinessDay, counted: TrailEnd) -> Breach {
    Breach {
        aggregate: format!("day#{day}"),
        no: 0,
        what: "its seal is not there",
        expected: Digest::ZERO,
        found: counted.hash,
    }
}

/// Each seal carries those before it: one that was exchanged no longer fits the next, and one that others stood before
/// cannot be the first.
fn broken_chain(heads: &[DayHead], first: Option<DayHead>) -> Option<Breach> {
    let begun = heads.iter().find(|head| first.is_some_and(|first| first.day == head.day));
    let unfit = begun.map(|head| (head, DayHead::after(None, head.day, head.end).chain));
    if let Some((head, expected)) = unfit.filter(|(head, expected)| head.chain != *expected) {
        return Some(Breach {
            aggregate: format!("day#{}", head.day),
            no: 0,
            what: "the seals before it are not there",
            expected,
            found: head.chain,
        });
    }
    let pairs = heads.iter().zip(heads.iter().skip(1));
    pairs.map(|(before, head)| (head, before.chained(head.day, head.end))).find_map(|(head, expected)| {
        (head.chain != expected).then(|| Breach {
            aggregate: format!("day#{}", head.day),
            no: 0,
            what: "its seal does not follow the seal of the day before",
            expected,
            found: head.chain,
        })
    })
}
