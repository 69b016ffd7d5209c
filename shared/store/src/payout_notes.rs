//! What the desk notes beside a payout. Written once; a note is never changed, but blanked when its payee is erased.

use domain::id::{PayoutId, PayoutNoteId};
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item;
use crate::keys::Key;
use crate::payout_files::TextItem;
use crate::{Page, Store, StoreError, TenantKey, Written, request};

/// How many notes are blanked at once.
const ERASED_AT_ONCE: usize = 50;

/// A note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayoutNote {
    /// Its id.
    pub id: PayoutNoteId,
    /// Beside which payout.
    pub payout: PayoutId,
    /// Who noted it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What; nothing, once the payee is erased.
    pub text: String,
}

impl Store {
    /// Keeps a note. `ConditionFailed` where it is kept already.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn create_payout_note(&self, tenant: &TenantKey, note: &PayoutNote) -> Result<Written, StoreError> {
        let key = tenant.payout_note(&note.payout, &note.id);
        let item = TextItem::new(&key, "payout_note", 1, note)?;
        self.put_new(&self.tables.core, &key, &item, "keeping a note of a payout").await
    }

    /// A page of the notes of a payout, newest first, older than `before`.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_payout_notes(
        &self,
        tenant: &TenantKey,
        payout: &PayoutId,
        before: Option<&PayoutNoteId>,
        limit: usize,
    ) -> Result<Page<PayoutNote>, StoreError> {
        let pk = tenant.payout_notes(payout);
        let before = before.map_or_else(|| format!("{}~", PayoutNoteId::PREFIX), ToString::to_string);
        let range = (PayoutNoteId::PREFIX, before.as_str());
        let found = self.list_backwards(&pk, range, limit, "listing the notes of a payout").await?;
        let next = found.next.and(found.items.last().map(|row| item::place_of(row).1));
        let mut items = Vec::with_capacity(found.items.len());
        for attributes in found.items {
            let (pk, sk) = item::place_of(&attributes);
            items.push(item::read::<TextItem>(attributes)?.read(&Key::new(pk, sk))?);
        }
        Ok(Page { items, next })
    }

    /// OPS-4: what was noted beside a payout is blanked. Who noted it and when stays. Done again it writes nothing.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn erase_payout_notes(&self, tenant: &TenantKey, payout: &PayoutId) -> Result<(), StoreError> {
        let mut before: Option<PayoutNoteId> = None;
        // Each page begins below the one before: it ends with the oldest note.
        loop {
            let page = self.list_payout_notes(tenant, payout, before.as_ref(), ERASED_AT_ONCE).await?;
            let mut items = Vec::new();
            for note in page.items.iter().filter(|note| !note.text.is_empty()) {
                let key = tenant.payout_note(payout, &note.id);
                let blank = PayoutNote { text: String::new(), ..note.clone() };
                items.push(request::put_over(
                    &self.tables.core,
                    &key,
                    &TextItem::new(&key, "payout_note", 2, &blank)?,
                )?);
            }
            if !items.is_empty() {
                self.transact(items, "blanking the notes of a payout").await?;
            }
            before = page.next.as_deref().and_then(|text| PayoutNoteId::parse(text).ok());
            if before.is_none() {
                return Ok(());
            }
        }
    }
}
