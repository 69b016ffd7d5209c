//! Clicks: one item for each (link, hour, visitor). The first visit makes it, each further one counts on it, in one
//! round trip either way.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::ReturnValue;
use domain::id::{LinkId, PartnerId, ProgramId};
use domain::time::Timestamp;
use domain::touch::{DeviceHash, VisitorHash};
use serde::Deserialize;

use crate::item::{Attributes, key_map};
use crate::keys::Key;
use crate::request::unavailable;
use crate::{Store, StoreError, TenantKey, wire};

mod sets;

use sets::Sets;

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
        if item.entity != sets::ENTITY {
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
        let sets = sets::of(click, counter);
        let was_counted = match &self.wire {
            Some(wire) => {
                let update = sets.update(&self.tables.clicks, &key);
                wire::update(wire.as_ref(), &update, DOING).await?(counter)
            }
            None => self.record_by_client(&key, sets, DOING).await?.contains_key(counter),
        };
        Ok(match was_counted {
            _ if is_bot => ClickRecorded::Bot,
            // Who asked for privacy cannot be told from the one before: each counts.
            true if !is_nobody => ClickRecorded::Duplicate,
            _ => ClickRecorded::Counted,
        })
    }

    async fn record_by_client(&self, key: &Key, sets: Sets, doing: &'static str) -> Result<Attributes, StoreError> {
        let request = self.db.update_item().table_name(&self.tables.clicks).set_key(Some(key_map(key)));
        let (names, values) = (sets.names_of_client(), sets.values_of_client());
        let answer = request
            .update_expression(sets.expression)
            .condition_expression(sets::IS_CLICK)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .return_values(ReturnValue::from(sets::ANSWERS))
            .send()
            .await
            .map_err(|error| unavailable(doing, error))?;
        Ok(answer.attributes.unwrap_or_default())
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

#[cfg(test)]
mod tests;
