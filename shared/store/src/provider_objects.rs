//! Objects of providers as they were told last: transfers, payouts, accounts, customers, what customers pay with.

use domain::fact::PaymentKey;
use domain::id::TenantId;
use domain::subscription::{ProviderObject, ProviderObjectKind};

use crate::item::{self, Attributes, inconsistent};
use crate::keys::Key;
use crate::newest::{self, Kept, Telling};
use crate::{Page, Store, StoreError, TenantKey};

const TELLING: Telling<ProviderObject> = Telling {
    entity: "provider_object",
    holds_over: ProviderObject::holds_over,
    doing: "recording a provider's object",
};

impl Store {
    /// A provider told how an object stands; `false` when something that holds over it is known.
    ///
    /// # Errors
    /// The store does not answer, or what is kept cannot be read.
    pub async fn record_provider_object(&self, tenant: &TenantKey, told: &ProviderObject) -> Result<bool, StoreError> {
        self.record_newest(&tenant.provider_object(told.kind.word(), &told.object), told, &TELLING).await
    }

    /// An object by its kind and its provider's id.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_provider_object(
        &self,
        tenant: &TenantKey,
        kind: ProviderObjectKind,
        object: &PaymentKey,
    ) -> Result<Option<Kept<ProviderObject>>, StoreError> {
        self.get_newest(&tenant.provider_object(kind.word(), object), "reading a provider's object").await
    }

    /// A page of the objects of one kind by their providers' ids, behind one.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_provider_objects(
        &self,
        tenant: &TenantKey,
        kind: ProviderObjectKind,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<Kept<ProviderObject>>, StoreError> {
        self.list_kept(&tenant.provider_objects(kind.word()), after, limit, "listing a provider's objects").await
    }
}

/// What the stream says of an object of a provider's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderObjectSeen {
    /// Whose.
    pub tenant: TenantId,
    /// The object as it was told last.
    pub told: ProviderObject,
}

/// Reads the image of a provider's object from the stream, already turned into the SDK's attributes.
///
/// # Errors
/// Not one that this code can have written.
pub fn read_provider_object_image(attributes: Attributes) -> Result<ProviderObjectSeen, StoreError> {
    let (pk, sk) = item::place_of(&attributes);
    // The item itself does not name its tenant; its key begins with it.
    let tenant = pk.split('#').next().map(TenantId::parse);
    let Some(Ok(tenant)) = tenant else {
        return Err(inconsistent(&Key { pk, sk }, "the key begins with no tenant"));
    };
    let Kept { told, .. } = newest::read(attributes)?;
    Ok(ProviderObjectSeen { tenant, told })
}
