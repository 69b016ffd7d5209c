//! What is counted of a link's clicks, by UTC day: live from the stream of clicks, exact from the clicks themselves.
//!
//! A change of a click may be told many times, and counts once: the item keeps, for each hour, the number of the last
//! change that it has counted, and changes of one hour come in the order of their numbers. (A table so busy that one
//! link's hour is spread over several shards may count a change twice after a failure, until the night.)

use std::collections::BTreeMap;

use domain::click_count::{DayCount, Seen};
use domain::id::{LinkId, PartnerId, ProgramId, TenantId};
use domain::time::BusinessDay;
use domain::touch::VisitorHash;
use serde::{Deserialize, Serialize};

use crate::item::{self, Attributes, inconsistent};
use crate::keys::Key;
use crate::request::{self, Range, Written};
use crate::{Store, StoreError, TenantKey};

/// How often a count that met another one is tried.
const TRIES_MAX: u32 = 5;
/// Of how many links the counts are read at once.
const LINKS_AT_ONCE: usize = 8;
/// How many seconds a day's counts are kept: two years and a month, for a year beside the one before.
const KEPT_S: i64 = 761 * 24 * 60 * 60;

/// A change of one click, as the stream tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClickChange {
    /// Whose.
    pub tenant: TenantId,
    /// Through which link.
    pub link: LinkId,
    /// On which UTC day.
    pub day: BusinessDay,
    /// Whose link it is.
    pub partner: PartnerId,
    /// The programme.
    pub program: ProgramId,
    /// The change's number in the stream.
    pub number: String,
    /// What the click says now.
    pub now: Seen,
    /// What it said before.
    pub before: Option<Seen>,
}

/// A link's day as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClickCount {
    /// Which day, in UTC.
    pub day: BusinessDay,
    /// The counts.
    pub count: DayCount,
    /// Counted from the clicks themselves: final.
    pub is_exact: bool,
}

/// What became of changes that were to be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// All that was news is counted.
    Counted,
    /// All of it had been counted.
    AlreadySeen,
    /// The day is final.
    Late,
}

#[derive(Clone, Serialize, Deserialize)]
struct CountItem {
    entity: String,
    v: u32,
    version: u64,
    partner: PartnerId,
    program: ProgramId,
    /// JSON: a list of hours has numbers for names, which an item cannot.
    count: String,
    exact: bool,
    /// By hour, the number of the last change counted.
    #[serde(default)]
    applied: BTreeMap<String, String>,
    expires_at: i64,
}

#[derive(Deserialize)]
struct ClickItem {
    entity: String,
    partner: PartnerId,
    program: ProgramId,
    #[serde(default)]
    hits: u64,
    #[serde(default)]
    bots: u64,
    #[serde(default)]
    agent: String,
    #[serde(default)]
    country: String,
    #[serde(default)]
    referrer: String,
}

#[derive(Serialize, Deserialize)]
struct ThroughItem {
    entity: String,
    v: u32,
    day: BusinessDay,
}

/// Reads a change from the images of a click in the stream, already turned into the SDK's attributes.
///
/// # Errors
/// Not a click that this code can have written.
pub fn read_click_change(
    number: String,
    now: Attributes,
    before: Option<Attributes>,
) -> Result<ClickChange, StoreError> {
    let (pk, sk) = item::place_of(&now);
    let key = Key { pk, sk };
    let place = place_of(&key).ok_or_else(|| inconsistent(&key, "no place of a click"))?;
    let before = before.map(|before| seen_of(&key, item::read(before)?)).transpose()?;
    let item: ClickItem = item::read(now)?;
    let (partner, program) = (item.partner.clone(), item.program.clone());
    let (tenant, link, day) = place;
    Ok(ClickChange { tenant, link, day, partner, program, number, now: seen_of(&key, item)?, before })
}

/// `ten_…#lnk_…#yyyymmdd`.
fn place_of(key: &Key) -> Option<(TenantId, LinkId, BusinessDay)> {
    let mut parts = key.pk.split('#');
    let tenant = TenantId::parse(parts.next()?).ok()?;
    let link = LinkId::parse(parts.next()?).ok()?;
    let day = read_day(parts.next()?)?;
    parts.next().is_none().then_some((tenant, link, day))
}

fn seen_of(key: &Key, item: ClickItem) -> Result<Seen, StoreError> {
    let parts = key.sk.split_once('#').and_then(|(hour, visitor)| {
        let hour = hour.parse().ok().filter(|hour: &u8| *hour < 24)?;
        Some((hour, VisitorHash::parse(visitor)?))
    });
    let (hour, visitor) = parts.ok_or_else(|| inconsistent(key, "no hour and visitor"))?;
    if item.entity != "click" {
        return Err(inconsistent(key, format!("a {} among the clicks", item.entity)));
    }
    Ok(Seen {
        visitor,
        hour,
        hits: item.hits,
        bot_hits: item.bots,
        user_agent: item.agent,
        country: item.country,
        referrer_host: item.referrer,
    })
}

fn day_text(day: BusinessDay) -> String {
    day.to_string().replace('-', "")
}

fn read_day(text: &str) -> Option<BusinessDay> {
    let (year, rest) = text.split_at_checked(4)?;
    let (month, day) = rest.split_at_checked(2)?;
    BusinessDay::parse(&format!("{year}-{month}-{day}")).ok()
}

/// Does a number of the stream come after another? They are decimal and may have different lengths.
fn is_after(number: &str, last: &str) -> bool {
    (number.len(), number) > (last.len(), last)
}

impl Store {
    /// Counts changes of clicks of one link and day, in the stream's order. Told again they count nothing.
    ///
    /// # Errors
    /// The store does not answer, the item cannot be read, or others count the same day all the time.
    pub async fn count_clicks(
        &self,
        tenant: &TenantKey,
        (link, day): (&LinkId, BusinessDay),
        changes: &[&ClickChange],
    ) -> Result<Counted, StoreError> {
        let doing = "counting clicks";
        let key = tenant.click_count(link, &day_text(day));
        for _ in 0..TRIES_MAX {
            let there: Option<CountItem> = self.get(&self.tables.ops, &key, doing).await?;
            if there.as_ref().is_some_and(|item| item.exact) {
                return Ok(Counted::Late);
            }
            let Some(next) = next_of(&key, there.as_ref(), changes)? else { return Ok(Counted::AlreadySeen) };
            if self.put_count(&key, there.as_ref(), &next, doing).await? == Written::Yes {
                return Ok(Counted::Counted);
            }
        }
        Err(StoreError::LostRace { doing })
    }

    /// Counts a day of a link from its clicks, for good. Whether there was anything to count.
    ///
    /// # Errors
    /// The store does not answer, or a click cannot be read.
    pub async fn recount_clicks(
        &self,
        tenant: &TenantKey,
        (link, partner, program): (&LinkId, &PartnerId, &ProgramId),
        day: BusinessDay,
    ) -> Result<bool, StoreError> {
        let doing = "counting a day's clicks exactly";
        let text = day_text(day);
        let (pk, key) = (tenant.clicks(link, &text), tenant.click_count(link, &text));
        let there: Option<CountItem> = self.get(&self.tables.ops, &key, doing).await?;
        if there.as_ref().is_some_and(|item| item.exact) {
            return Ok(true);
        }
        let (mut count, mut any, mut start) = (DayCount::default(), false, None);
        loop {
            // Page by page: a day of a busy link is more than a process should hold.
            let (page, next) =
                self.query_page(&self.tables.clicks, &Range::prefix(&pk, ""), start, None, doing).await?;
            for attributes in page {
                let (pk, sk) = item::place_of(&attributes);
                count.count(&seen_of(&Key { pk, sk }, item::read(attributes)?)?, None);
                any = true;
            }
            match next {
                Some(next) => start = Some(next),
                None => break,
            }
        }
        if !any && there.is_none() {
            return Ok(false);
        }
        let next = CountItem {
            exact: true,
            count: written(&key, &count)?,
            applied: BTreeMap::new(),
            ..fresh(partner, program, day)
        };
        // Over whatever is there: what is counted from the clicks is right, whoever counted what before.
        self.put_alone(request::put_over(&self.tables.ops, &key, &next)?, doing).await?;
        Ok(true)
    }

    /// The counts of a link, from a day up to and with another, oldest first; days without clicks are left out.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_click_counts(
        &self,
        tenant: &TenantKey,
        link: &LinkId,
        (from, to): (BusinessDay, BusinessDay),
    ) -> Result<Vec<ClickCount>, StoreError> {
        let pk = tenant.click_counts(link);
        let range = Range { pk: &pk, from: day_text(from), to: day_text(to), consistent: false };
        let found = self.list_attributes(&self.tables.ops, &range, "reading counts of clicks").await?;
        let count_of = |attributes: Attributes| {
            let (pk, sk) = item::place_of(&attributes);
            let key = Key { pk, sk };
            let item: CountItem = item::read(attributes)?;
            let day = read_day(&key.sk).ok_or_else(|| inconsistent(&key, "no day"))?;
            Ok(ClickCount { day, count: read(&key, &item)?, is_exact: item.exact })
        };
        found.into_iter().map(count_of).collect()
    }

    /// How many clicks through each of some links count, from a day up to and with another; none where there are none.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn total_clicks(
        &self,
        tenant: &TenantKey,
        links: &[LinkId],
        days: (BusinessDay, BusinessDay),
    ) -> Result<BTreeMap<LinkId, u64>, StoreError> {
        let mut totals = BTreeMap::new();
        for some in links.chunks(LINKS_AT_ONCE) {
            let reading: Vec<_> = some.iter().map(|link| self.list_click_counts(tenant, link, days)).collect();
            for (link, found) in some.iter().zip(futures::future::try_join_all(reading).await?) {
                let total = found.iter().fold(0_u64, |sum, day| sum.saturating_add(day.count.total().counted));
                totals.insert(link.clone(), total);
            }
        }
        Ok(totals)
    }

    /// Through which UTC day the tenant's clicks are counted exactly.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_clicks_counted(&self, tenant: &TenantKey) -> Result<Option<BusinessDay>, StoreError> {
        let doing = "reading how far clicks are counted";
        let item: Option<ThroughItem> = self.get(&self.tables.ops, &tenant.clicks_counted(), doing).await?;
        Ok(item.map(|item| item.day))
    }

    /// The tenant's clicks are counted exactly through a day.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_clicks_counted(&self, tenant: &TenantKey, day: BusinessDay) -> Result<(), StoreError> {
        let item = ThroughItem { entity: "clicks_counted".to_owned(), v: 1, day };
        let put = request::put_over(&self.tables.ops, &tenant.clicks_counted(), &item)?;
        self.put_alone(put, "recording how far clicks are counted").await.map(|_| ())
    }

    async fn put_count(
        &self,
        key: &Key,
        there: Option<&CountItem>,
        next: &CountItem,
        doing: &'static str,
    ) -> Result<Written, StoreError> {
        match there {
            None => self.put_new(&self.tables.ops, key, next, doing).await,
            Some(there) => self.put_alone(request::replace(&self.tables.ops, key, next, there.version)?, doing).await,
        }
    }
}

/// The item after what of the changes is news; none when nothing is.
fn next_of(key: &Key, there: Option<&CountItem>, changes: &[&ClickChange]) -> Result<Option<CountItem>, StoreError> {
    let Some(first) = changes.first() else { return Ok(None) };
    let mut next = there.cloned().unwrap_or_else(|| fresh(&first.partner, &first.program, first.day));
    let mut count = read(key, &next)?;
    let mut any = false;
    for change in changes {
        let hour = format!("{:02}", change.now.hour);
        if next.applied.get(&hour).is_none_or(|last| is_after(&change.number, last)) {
            count.count(&change.now, change.before.as_ref());
            next.applied.insert(hour, change.number.clone());
            any = true;
        }
    }
    next.count = written(key, &count)?;
    next.version += 1;
    Ok(any.then_some(next))
}

fn fresh(partner: &PartnerId, program: &ProgramId, day: BusinessDay) -> CountItem {
    let began = domain::time::Zone::utc().start_of(day).map(|at| at.as_second()).unwrap_or_default();
    CountItem {
        entity: "click_count".to_owned(),
        v: 1,
        version: 0,
        partner: partner.clone(),
        program: program.clone(),
        count: "{}".to_owned(),
        exact: false,
        applied: BTreeMap::new(),
        expires_at: began + KEPT_S,
    }
}

fn written(key: &Key, count: &DayCount) -> Result<String, StoreError> {
    serde_json::to_string(count).map_err(|error| inconsistent(key, error))
}

fn read(key: &Key, item: &CountItem) -> Result<DayCount, StoreError> {
    serde_json::from_str(&item.count).map_err(|error| inconsistent(key, error))
}

#[cfg(test)]
mod tests;
