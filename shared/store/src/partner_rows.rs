//! What partners are listed and found by: one small row each, in one partition, in the order in which they came.
//!
//! A row says of a partner what filters ask, and nothing personal: names and addresses are there as pieces of keyed hashes.
//! It is written in the transaction of what it tells of. A page is one question to the table, or two, however many partners
//! there are: the first reads a few rows more than the page has, the second, where those did not fill it, a whole page of
//! the table. A page may therefore have less than was asked for and not be the last.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use domain::id::{PartnerId, ProgramId};
use domain::tier::Tier;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item::{self, Attributes, number, text};
use crate::partners::PartnerStatus;
use crate::partners::record::PartnerRecord;
use crate::request::{UpdateBuilder, unavailable};
use crate::{Page, Store, StoreError, TenantKey};

/// How many rows are looked at for each that a filtered page has, before all that one question answers are.
const LOOKED_AT_FOR_EACH: usize = 4;

/// A place in a programme, as the row tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceRow {
    /// The programme.
    pub program: ProgramId,
    /// The step there.
    pub tier: Tier,
    /// The groups there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Whether the partner works there.
    pub status: PartnerStatus,
}

/// A partner as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerRow {
    /// Which.
    pub partner: PartnerId,
    /// Whether it works with the tenant.
    pub status: PartnerStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// Where it is enrolled.
    pub places: Vec<PlaceRow>,
    /// Words of the tenant's own.
    pub tags: Vec<String>,
    /// The beginnings of its words, as `domain::words` has them.
    pub words: String,
}

#[derive(Serialize, Deserialize)]
struct RowItem {
    partner: PartnerId,
    status: PartnerStatus,
    created_at: Timestamp,
    #[serde(default)]
    places: Vec<PlaceRow>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    words: String,
}

/// In which order partners are listed, and behind whom a page begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowsAsked {
    /// First who came first?
    pub is_oldest_first: bool,
    /// Behind this one.
    pub after: Option<PartnerId>,
    /// How many at most.
    pub limit: usize,
}

impl Store {
    /// One page of the partners that pass a filter; `is_filtered` says whether any may not.
    ///
    /// # Errors
    /// The store does not answer, or a row cannot be read.
    pub async fn list_partner_rows(
        &self,
        tenant: &TenantKey,
        asked: &RowsAsked,
        is_filtered: bool,
        passes: impl Fn(&PartnerRow) -> bool,
    ) -> Result<Page<PartnerRow>, StoreError> {
        let mut found = Vec::new();
        let mut after = asked.after.as_ref().map(|after| after.as_str().to_owned());
        let first = if is_filtered { asked.limit.saturating_mul(LOOKED_AT_FOR_EACH) } else { asked.limit };
        for looked_at in [Some(first.saturating_add(1)), None] {
            let (rows, last) = self.query_rows(tenant, asked, after.as_deref(), looked_at).await?;
            for attributes in rows {
                let Some(row) = read_row(attributes)?.filter(|row| passes(row)) else { continue };
                if found.len() == asked.limit {
                    return Ok(Page { next: last_of(&found), items: found });
                }
                found.push(row);
            }
            let Some(last) = last else { return Ok(Page { items: found, next: None }) };
            if found.len() == asked.limit {
                return Ok(Page { next: last_of(&found), items: found });
            }
            after = Some(last);
        }
        // What was looked at did not fill the page: the next one goes on where this one stopped looking.
        Ok(Page { items: found, next: after })
    }

    async fn query_rows(
        &self,
        tenant: &TenantKey,
        asked: &RowsAsked,
        after: Option<&str>,
        limit: Option<usize>,
    ) -> Result<(Vec<Attributes>, Option<String>), StoreError> {
        let doing = "listing partners by what they are found by";
        let pk = tenant.partner_rows();
        let start = after.map(|sk| item::key_map(&crate::keys::Key { pk: pk.clone(), sk: sk.to_owned() }));
        let query = self
            .db
            .query()
            .table_name(&self.tables.core)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(&pk))
            .scan_index_forward(asked.is_oldest_first)
            .set_exclusive_start_key(start)
            .set_limit(limit.map(|limit| i32::try_from(limit).unwrap_or(i32::MAX)));
        let answer = query.send().await.map_err(|error| unavailable(doing, error))?;
        let last = answer.last_evaluated_key.filter(|key| !key.is_empty()).map(|key| item::place_of(&key).1);
        Ok((answer.items.unwrap_or_default(), last))
    }

    /// The row of a partner as it is from now on, for the transaction that makes it so; its words stay where none are given.
    pub(crate) fn row_changed(
        &self,
        tenant: &TenantKey,
        record: &PartnerRecord,
        words: Option<&str>,
    ) -> Result<TransactWriteItem, StoreError> {
        let key = tenant.partner_row(&record.partner.id);
        let places: Vec<PlaceRow> = record
            .enrolments
            .iter()
            .map(|enrolment| PlaceRow {
                program: enrolment.program.clone(),
                tier: enrolment.tier,
                groups: enrolment.groups.clone(),
                status: enrolment.status,
            })
            .collect();
        let places: AttributeValue =
            serde_dynamo::to_attribute_value(&places).map_err(|error| item::inconsistent(&key, error))?;
        let tags = record.tags.iter().map(|tag| text(tag.as_str())).collect();
        let update = UpdateBuilder::new(&self.tables.core, &key)
            .set("entity", text("partner_row"))
            .set("v", number(1))
            .set("partner", text(record.partner.id.as_str()))
            .set("status", text(record.partner.status.word()))
            .set("created_at", text(record.partner.created_at.to_string()))
            .set("places", places)
            .set("tags", AttributeValue::L(tags));
        let update = match words {
            Some(words) => update.set("words", text(words)),
            None => update,
        };
        update.build_transact()
    }

    /// The row of a partner says whether it works with the tenant, for the transaction that makes it so. A payee who is no
    /// partner has no row, and what is written of one is none.
    pub(crate) fn row_status(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
        status: PartnerStatus,
    ) -> Result<TransactWriteItem, StoreError> {
        let key = tenant.partner_row(partner);
        UpdateBuilder::new(&self.tables.core, &key).set("status", text(status.word())).build_transact()
    }
}

fn last_of(found: &[PartnerRow]) -> Option<String> {
    found.last().map(|row| row.partner.to_string())
}

/// Reads a row; `None` for what is none.
fn read_row(attributes: Attributes) -> Result<Option<PartnerRow>, StoreError> {
    if !attributes.contains_key("entity") {
        return Ok(None);
    }
    let RowItem { partner, status, created_at, places, tags, words } = item::read(attributes)?;
    Ok(Some(PartnerRow { partner, status, created_at, places, tags, words }))
}
