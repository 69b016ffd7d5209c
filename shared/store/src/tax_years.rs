//! Years that are told to the tax office: how they were counted, their rows and files, and what was handed on.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::audit::AuditEntry;
use domain::id::RemittanceId;
use domain::payout::reference_name;
use domain::tax::YearRow;
use domain::tax::batch::{Remittance, RemittanceState, TaxBatch, TaxYear};
use serde::{Deserialize, Serialize};

use crate::item;
use crate::keys::Key;
use crate::payout_files::{TextItem, written};
use crate::request::{self, Range, Written};
use crate::{Page, Store, StoreError, TenantKey};

/// How many rows go into one transaction, beside the count, the year and the audit.
pub const ROWS_EACH: usize = 80;

/// Something with how often it was written; 0 before the first time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The thing.
    pub it: T,
    /// How often it was written.
    pub version: u64,
}

/// A file that a count has made.
#[derive(Clone, Copy, Debug)]
pub struct SealedFile<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its bytes, sealed.
    pub sealed: &'a str,
}

/// What goes along when a count comes further, in one transaction with it.
#[derive(Clone, Debug, Default)]
pub struct Further<'a> {
    /// Rows that were counted.
    pub rows: &'a [YearRow],
    /// A file that was made.
    pub file: Option<SealedFile<'a>>,
    /// The year after, and as it was read.
    pub year: Option<(&'a TaxYear, u64)>,
    /// What the audit says.
    pub told: Option<&'a AuditEntry>,
}

/// What a deposit's reference stands for: never changed, so that it is booked once.
#[derive(Serialize, Deserialize)]
struct DepositItem {
    entity: String,
    v: u32,
    remittance: RemittanceId,
}

/// A whole partition: no sort key begins below `!`.
fn whole(pk: &str) -> Range<'_> {
    Range { pk, from: "!".to_owned(), to: "~".to_owned(), consistent: true }
}

/// By what a deposit is known again.
fn deposit_of(tenant: &TenantKey, remittance: &Remittance) -> Key {
    tenant.tax_deposit(remittance.year, &reference_name(&remittance.reference))
}

impl Store {
    /// A year, strongly consistent; one of nothing where none was counted.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_tax_year(&self, tenant: &TenantKey, year: i16) -> Result<Versioned<TaxYear>, StoreError> {
        let key = tenant.tax_year(year);
        let found: Option<TextItem> = self.get(&self.tables.core, &key, "reading a tax year").await?;
        let Some(found) = found else { return Ok(Versioned { it: TaxYear::new(year), version: 0 }) };
        Ok(Versioned { it: found.read(&key)?, version: found.version })
    }

    /// Every year that was counted, the earliest first; strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_tax_years(&self, tenant: &TenantKey) -> Result<Vec<TaxYear>, StoreError> {
        let pk = tenant.tax_years();
        let range = whole(&pk);
        let found: Vec<TextItem> = self.list_range(&self.tables.core, &range, "listing tax years").await?;
        found.iter().map(|item| item.read(&Key::new(pk.clone(), "year"))).collect()
    }

    /// A count of a year, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_tax_batch(
        &self,
        tenant: &TenantKey,
        year: i16,
        no: u32,
    ) -> Result<Option<Versioned<TaxBatch>>, StoreError> {
        let key = tenant.tax_batch(year, no);
        let found: Option<TextItem> = self.get(&self.tables.core, &key, "reading a count of a tax year").await?;
        found.map(|item| Ok(Versioned { it: item.read(&key)?, version: item.version })).transpose()
    }

    /// A count is written, new or further, with what goes along: all of it or nothing. `ConditionFailed`: it, the year or
    /// the audit is not as it was read.
    ///
    /// # Errors
    /// The store does not answer, or there is more than one transaction takes.
    pub async fn write_tax_batch(
        &self,
        tenant: &TenantKey,
        (batch, before): (&TaxBatch, u64),
        further: Further<'_>,
    ) -> Result<Written, StoreError> {
        let (core, year, no) = (&self.tables.core, batch.year, batch.no);
        let mut items = vec![self.versioned(&tenant.tax_batch(year, no), "tax_count", before, batch)?];
        for row in further.rows {
            let key = tenant.tax_row(year, no, (row.form, &row.partner));
            // The count guards them: whoever lost the race writes none.
            items.push(request::put_over(core, &key, &TextItem::new(&key, "tax_row", 1, row)?)?);
        }
        if let Some(SealedFile { name, sealed }) = further.file {
            let item = TextItem { entity: "tax_file".to_owned(), v: 1, version: 1, text: sealed.to_owned() };
            items.push(request::put_over(core, &tenant.tax_file(year, no, name), &item)?);
        }
        if let Some((after, before)) = further.year {
            items.push(self.versioned(&tenant.tax_year(year), "tax_year", before, after)?);
        }
        if let Some(told) = further.told {
            items.push(self.new_audit_entry(tenant, told)?);
        }
        Ok(written(&self.transact(items, "counting a tax year").await?))
    }

    /// The rows of a count, by form and partner; strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_tax_rows(&self, tenant: &TenantKey, year: i16, no: u32) -> Result<Vec<YearRow>, StoreError> {
        let pk = tenant.tax_rows(year, no);
        let range = whole(&pk);
        let found = self.list_attributes(&self.tables.core, &range, "listing the rows of a tax year").await?;
        let mut rows = Vec::with_capacity(found.len());
        for attributes in found {
            let (pk, sk) = item::place_of(&attributes);
            rows.push(item::read::<TextItem>(attributes)?.read(&Key::new(pk, sk))?);
        }
        Ok(rows)
    }

    /// The sealed bytes of a file.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_tax_file(
        &self,
        tenant: &TenantKey,
        (year, no): (i16, u32),
        name: &str,
    ) -> Result<Option<String>, StoreError> {
        let key = tenant.tax_file(year, no, name);
        let found: Option<TextItem> = self.get(&self.tables.core, &key, "reading a file for the tax office").await?;
        Ok(found.map(|item| item.text))
    }

    /// What a tenant decided about telling the tax office, sealed, and how often; nothing before it was decided.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_tax_settings(&self, tenant: &TenantKey) -> Result<Option<(String, u64)>, StoreError> {
        let key = tenant.tax_settings();
        let found: Option<TextItem> = self.get(&self.tables.core, &key, "reading tax settings").await?;
        Ok(found.map(|item| (item.text, item.version)))
    }

    /// A tenant decides, and the audit trail says who. `ConditionFailed` when another did meanwhile.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn replace_tax_settings(
        &self,
        tenant: &TenantKey,
        before: u64,
        sealed: &str,
        told: &AuditEntry,
    ) -> Result<Written, StoreError> {
        let (core, key) = (&self.tables.core, tenant.tax_settings());
        let item = TextItem { entity: "tax_settings".to_owned(), v: 1, version: before + 1, text: sealed.to_owned() };
        let set = match before {
            0 => request::put_new(core, &key, &item)?,
            before => request::replace(core, &key, &item, before)?,
        };
        let items = vec![set, self.new_audit_entry(tenant, told)?];
        Ok(written(&self.transact(items, "setting tax settings").await?))
    }

    /// A handing-on, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_remittance(
        &self,
        tenant: &TenantKey,
        id: &RemittanceId,
    ) -> Result<Option<Versioned<Remittance>>, StoreError> {
        let key = tenant.tax_remittance(id);
        let found: Option<TextItem> = self.get(&self.tables.core, &key, "reading a remittance").await?;
        found.map(|item| Ok(Versioned { it: item.read(&key)?, version: item.version })).transpose()
    }

    /// A page of what was handed on, newest first; `before` is where the page before ended.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_remittances(
        &self,
        tenant: &TenantKey,
        before: Option<&RemittanceId>,
        limit: usize,
    ) -> Result<Page<Remittance>, StoreError> {
        let pk = tenant.tax_remittances();
        let before = before.map_or_else(|| format!("{}~", RemittanceId::PREFIX), ToString::to_string);
        let found = self.list_backwards(&pk, (RemittanceId::PREFIX, &before), limit, "listing remittances").await?;
        let next = found.next.and(found.items.last().map(|row| item::place_of(row).1));
        let mut items = Vec::with_capacity(found.items.len());
        for attributes in found.items {
            let (pk, sk) = item::place_of(&attributes);
            items.push(item::read::<TextItem>(attributes)?.read(&Key::new(pk, sk))?);
        }
        Ok(Page { items, next })
    }

    /// A handing-on is entered, booked, taken back or rejected, in one transaction with the year that it changes and its entry of the
    /// trail. `ConditionFailed`: one of them is not as it was read, or another was booked by the same reference.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn write_remittance(
        &self,
        tenant: &TenantKey,
        (remittance, before): (&Remittance, u64),
        year: Option<(&TaxYear, u64)>,
        told: &AuditEntry,
    ) -> Result<Written, StoreError> {
        let key = tenant.tax_remittance(&remittance.id);
        let mut items =
            vec![self.versioned(&key, "tax_remittance", before, remittance)?, self.new_audit_entry(tenant, told)?];
        if let Some((after, before)) = year {
            items.push(self.versioned(&tenant.tax_year(after.year), "tax_year", before, after)?);
        }
        let deposit = deposit_of(tenant, remittance);
        match (&remittance.state, year) {
            // V11: one deposit is booked once, by whomever it was entered.
            (RemittanceState::Booked { .. }, Some(_)) => {
                let item = DepositItem { entity: "tax_deposit".to_owned(), v: 1, remittance: remittance.id.clone() };
                items.push(request::put_new(&self.tables.core, &deposit, &item)?);
            }
            // What was a mistake keeps nobody from booking the deposit as it was.
            (RemittanceState::TakenBack { .. }, Some(_)) => {
                items.push(request::delete_any(&self.tables.core, &deposit)?)
            }
            _ => {}
        }
        Ok(written(&self.transact(items, "handing on what was withheld").await?))
    }

    /// The other remittance that was booked by the same reference, of the same year.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_booked_twin(
        &self,
        tenant: &TenantKey,
        remittance: &Remittance,
    ) -> Result<Option<RemittanceId>, StoreError> {
        let key = deposit_of(tenant, remittance);
        let found: Option<DepositItem> = self.get(&self.tables.core, &key, "reading what a deposit was").await?;
        Ok(found.map(|item| item.remittance).filter(|id| *id != remittance.id))
    }

    /// A put of what was read in a version; 0 is a new one.
    fn versioned<T: Serialize>(
        &self,
        key: &Key,
        entity: &str,
        before: u64,
        it: &T,
    ) -> Result<TransactWriteItem, StoreError> {
        let item = TextItem::new(key, entity, before + 1, it)?;
        match before {
            0 => request::put_new(&self.tables.core, key, &item),
            before => request::replace(&self.tables.core, key, &item, before),
        }
    }
}
