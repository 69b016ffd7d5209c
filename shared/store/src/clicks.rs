//! Clicks: one item for each (link, hour, visitor). The first visit makes it, each further one counts on it, in one
//! round trip either way.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use domain::id::{LinkId, PartnerId, ProgramId};
use domain::time::Timestamp;
use domain::touch::{DeviceHash, VisitorHash};
use serde::Deserialize;

use crate::item::{key_map, number, text};
use crate::request::unavailable;
use crate::{Store, StoreError, TenantKey};

/// Longest texts kept, in bytes: with all of them full, an item still is within one write unit.
const USER_AGENT_BYTES_MAX: usize = 256;
const LANGUAGE_BYTES_MAX: usize = 64;
const REFERRER_BYTES_MAX: usize = 96;
const COUNTRY_BYTES_MAX: usize = 2;
const REGION_BYTES_MAX: usize = 3;
const CITY_BYTES_MAX: usize = 48;
const CARRIED_VALUE_BYTES_MAX: usize = 64;
const CARRIED_BYTES_MAX: usize = 256;

/// A visit to be recorded.
#[derive(Debug, Clone)]
pub struct NewClick<'a> {
    /// The link followed.
    pub link: &'a LinkId,
    /// Whose link it is.
    pub partner: &'a PartnerId,
    /// The programme it belongs to.
    pub program: &'a ProgramId,
    /// When.
    pub at: Timestamp,
    /// By whom, as far as the day can tell.
    pub visitor: VisitorHash,
    /// Why it is no person, if it is none.
    pub bot: Option<&'static str>,
    /// The user agent; cut to 256 bytes.
    pub user_agent: String,
    /// The languages asked for; cut.
    pub language: String,
    /// The host that the visitor came from; cut.
    pub referrer_host: String,
    /// The name of the advertiser's parameter that it carried, if it did: `gclid`.
    pub paid_traffic: Option<&'static str>,
    /// The device, as far as the day can tell.
    pub device: Option<DeviceHash>,
    /// From where on earth, as far as it is known.
    pub place: Place,
    /// UTM and sub parameters; values are cut, and what goes beyond the whole is left out.
    pub carried: BTreeMap<String, String>,
    /// When it may be forgotten.
    pub expires_at: Timestamp,
}

/// From where on earth a visit came; empty where it is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// ISO 3166-1, as `DE`.
    pub country: String,
    /// ISO 3166-2 without the country, as `BE`.
    pub region: String,
    /// The city's name; cut.
    pub city: String,
}

/// What a visit was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClickRecorded {
    /// The first of this visitor, through this link, within the hour.
    Counted,
    /// One more of the same.
    Duplicate,
    /// Not a person's.
    Bot,
}

/// A click as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Click {
    /// Whose link it was.
    pub partner: PartnerId,
    /// The programme.
    pub program: ProgramId,
    /// The first visit within the hour.
    pub first_at: Timestamp,
    /// The last one.
    pub last_at: Timestamp,
    /// How many visits of a person.
    pub hits: u64,
    /// How many visits that were no person's.
    pub bot_hits: u64,
    /// Why the first of those was none.
    pub bot: Option<String>,
    /// The user agent of the first visit.
    pub user_agent: String,
    /// The languages of the first visit.
    pub language: String,
    /// The host that the first visit came from.
    pub referrer_host: String,
    /// The name of the advertiser's parameter that the first visit carried.
    pub paid_traffic: Option<String>,
    /// The device of the first visit, under the salt of its day.
    pub device: Option<String>,
    /// From where the first visit came.
    pub place: Place,
    /// The first visit's UTM and sub parameters.
    pub carried: BTreeMap<String, String>,
}

/// Attribute names are short: they count for the size of every click.
#[derive(Deserialize)]
struct Item {
    entity: String,
    partner: PartnerId,
    program: ProgramId,
    first_ms: i64,
    last_ms: i64,
    #[serde(default)]
    hits: u64,
    #[serde(default)]
    bots: u64,
    #[serde(default)]
    bot: Option<String>,
    #[serde(default)]
    agent: String,
    #[serde(default)]
    lang: String,
    #[serde(default)]
    referrer: String,
    #[serde(default)]
    paid: Option<String>,
    #[serde(default)]
    device: Option<String>,
    #[serde(default)]
    country: String,
    #[serde(default)]
    region: String,
    #[serde(default)]
    city: String,
    #[serde(default)]
    carried: BTreeMap<String, String>,
}

impl TryFrom<Item> for Click {
    type Error = String;

    fn try_from(item: Item) -> Result<Self, String> {
        if item.entity != ENTITY {
            return Err(format!("a {} among the clicks", item.entity));
        }
        let at = |ms| Timestamp::from_millisecond(ms).map_err(|error| error.to_string());
        Ok(Self {
            first_at: at(item.first_ms)?,
            last_at: at(item.last_ms)?,
            partner: item.partner,
            program: item.program,
            hits: item.hits,
            bot_hits: item.bots,
            bot: item.bot,
            user_agent: item.agent,
            language: item.lang,
            referrer_host: item.referrer,
            paid_traffic: item.paid,
            device: item.device,
            place: Place { country: item.country, region: item.region, city: item.city },
            carried: item.carried,
        })
    }
}

const ENTITY: &str = "click";

impl Store {
    /// Records a visit. Not idempotent by itself: sent twice it is two visits, of which one counts.
    ///
    /// # Errors
    /// The table is away.
    pub async fn record_click(&self, tenant: &TenantKey, click: NewClick<'_>) -> Result<ClickRecorded, StoreError> {
        const DOING: &str = "recording a click";
        let counter = if click.bot.is_some() { "bots" } else { "hits" };
        let key = tenant.click(click.link, click.at, click.visitor);
        let (is_bot, is_nobody) = (click.bot.is_some(), click.visitor == VisitorHash::NOBODY);
        let request = self.db.update_item().table_name(&self.tables.clicks).set_key(Some(key_map(&key)));
        let answer = first_visit_sets(request, click)
            .expression_attribute_names("#hits", counter)
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await
            .map_err(|error| unavailable(DOING, error))?;
        let hits = answer.attributes().and_then(|new| new.get(counter)).and_then(|hits| hits.as_n().ok());
        Ok(match hits.map(String::as_str) {
            _ if is_bot => ClickRecorded::Bot,
            // Who asked for privacy cannot be told from the one before: each counts.
            _ if is_nobody => ClickRecorded::Counted,
            Some("1") => ClickRecorded::Counted,
            _ => ClickRecorded::Duplicate,
        })
    }

    /// The click of a visitor in the hour of an instant.
    ///
    /// # Errors
    /// The table is away, or the item cannot be read.
    pub async fn get_click(
        &self,
        tenant: &TenantKey,
        link: &LinkId,
        at: Timestamp,
        visitor: VisitorHash,
    ) -> Result<Option<Click>, StoreError> {
        let key = tenant.click(link, at, visitor);
        // Written long before anybody asks: a moment's age does not matter.
        let item: Option<Item> = self.get_eventually(&self.tables.clicks, &key, "reading a click").await?;
        item.map(Click::try_from).transpose().map_err(|why| crate::item::inconsistent(&key, why))
    }
}

/// What stays as the first visit said it, what each visit moves, and the condition: never count on another entity.
fn first_visit_sets(request: UpdateItemFluentBuilder, click: NewClick<'_>) -> UpdateItemFluentBuilder {
    let mut firsts: Vec<(&str, AttributeValue)> = vec![
        ("entity", text(ENTITY)),
        ("v", number(1)),
        ("partner", text(click.partner.as_str())),
        ("program", text(click.program.as_str())),
        ("first_ms", number(click.at.as_millisecond())),
        ("expires_at", number(click.expires_at.as_second())),
    ];
    let texts = [
        ("agent", click.user_agent, USER_AGENT_BYTES_MAX),
        ("lang", click.language, LANGUAGE_BYTES_MAX),
        ("referrer", click.referrer_host, REFERRER_BYTES_MAX),
        ("paid", click.paid_traffic.unwrap_or_default().to_owned(), LANGUAGE_BYTES_MAX),
        ("device", click.device.map(|device| device.to_string()).unwrap_or_default(), LANGUAGE_BYTES_MAX),
        ("country", click.place.country, COUNTRY_BYTES_MAX),
        ("region", click.place.region, REGION_BYTES_MAX),
        ("city", click.place.city, CITY_BYTES_MAX),
        ("bot", click.bot.unwrap_or_default().to_owned(), LANGUAGE_BYTES_MAX),
    ];
    firsts.extend(
        texts
            .iter()
            .filter(|(_, value, _)| !value.is_empty())
            .map(|(name, value, max)| (*name, text(cut(value, *max)))),
    );
    let carried = bounded(click.carried);
    if !carried.is_empty() {
        firsts.push((
            "carried",
            AttributeValue::M(carried.into_iter().map(|(name, value)| (name, text(value))).collect()),
        ));
    }
    let mut sets = vec!["last_ms = :last".to_owned()];
    let mut request = request.expression_attribute_values(":last", number(click.at.as_millisecond()));
    for (index, (name, value)) in firsts.into_iter().enumerate() {
        sets.push(format!("#f{index} = if_not_exists(#f{index}, :f{index})"));
        request = request
            .expression_attribute_names(format!("#f{index}"), name)
            .expression_attribute_values(format!(":f{index}"), value);
    }
    // #f0 and :f0 are the entity.
    request
        .update_expression(format!("SET {} ADD #hits :one", sets.join(", ")))
        .condition_expression("attribute_not_exists(pk) OR #f0 = :f0")
        .expression_attribute_values(":one", number(1))
}

/// At most so many bytes, never half a character.
fn cut(value: &str, bytes_max: usize) -> &str {
    value.get(..value.floor_char_boundary(bytes_max)).unwrap_or_default()
}

fn bounded(carried: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut left = CARRIED_BYTES_MAX;
    let mut kept = BTreeMap::new();
    for (name, value) in carried {
        let value = cut(&value, CARRIED_VALUE_BYTES_MAX).to_owned();
        // Three bytes are DynamoDB's own overhead of a map's member.
        let size = name.len() + value.len() + 3;
        if let Some(rest) = left.checked_sub(size) {
            left = rest;
            kept.insert(name, value);
        }
    }
    kept
}

#[cfg(test)]
mod tests;
