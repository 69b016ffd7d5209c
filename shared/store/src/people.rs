//! The person behind a partner: what is personal, sealed, in one item, so that it can be erased.

use domain::id::PartnerId;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::keys::TenantKey;
use crate::{Store, StoreError};

/// The name under which an e-mail is sealed.
pub const EMAIL: &str = "email";
/// The name under which a person's name is sealed.
pub const NAME: &str = "name";
/// The name under which the company that a partner works for is sealed.
pub const COMPANY: &str = "company";
/// The name under which a partner's page is sealed.
pub const WEBSITE: &str = "website";
/// The name under which what staff notes of a partner is sealed.
pub const NOTES: &str = "notes";

/// A person. Both fields are the text of a sealed value that belongs to (tenant, partner's id,
/// [`EMAIL`] or [`NAME`]).
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// The sealed e-mail.
    pub email_sealed: String,
    /// The sealed name.
    pub name_sealed: String,
    /// Since when it is so.
    pub recorded_at: Timestamp,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Person([sealed], {})", self.recorded_at)
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct PersonItem {
    entity: String,
    v: u32,
    email_sealed: String,
    name_sealed: String,
    recorded_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    company_sealed: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    website_sealed: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    notes_sealed: Option<String>,
}

/// What else is known of a person, sealed like the rest of them, in the same item: what erases the one erases the other.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Particulars {
    /// The company, under [`COMPANY`].
    pub company_sealed: Option<String>,
    /// The page, under [`WEBSITE`].
    pub website_sealed: Option<String>,
    /// What staff notes, under [`NOTES`].
    pub notes_sealed: Option<String>,
}

impl std::fmt::Debug for Particulars {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Particulars([sealed])")
    }
}

impl PersonItem {
    pub(crate) fn new(person: &Person, particulars: &Particulars) -> Self {
        let Particulars { company_sealed, website_sealed, notes_sealed } = particulars.clone();
        Self { company_sealed, website_sealed, notes_sealed, ..Self::from(person) }
    }
}

impl From<&Person> for PersonItem {
    fn from(person: &Person) -> Self {
        Self {
            entity: "person".to_owned(),
            v: 1,
            email_sealed: person.email_sealed.clone(),
            name_sealed: person.name_sealed.clone(),
            recorded_at: person.recorded_at,
            company_sealed: None,
            website_sealed: None,
            notes_sealed: None,
        }
    }
}

impl From<PersonItem> for Person {
    fn from(item: PersonItem) -> Self {
        Self { email_sealed: item.email_sealed, name_sealed: item.name_sealed, recorded_at: item.recorded_at }
    }
}

impl Store {
    /// The person behind a partner; `None` when there is no such partner, or it was erased.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_person(&self, tenant: &TenantKey, partner: &PartnerId) -> Result<Option<Person>, StoreError> {
        let key = tenant.person(partner);
        let item: Option<PersonItem> =
            self.get_eventually(&self.tables.core, &key, "reading a partner's person").await?;
        Ok(item.map(Person::from))
    }

    /// A person with everything that is known of them, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_person_whole(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
    ) -> Result<Option<(Person, Particulars)>, StoreError> {
        let key = tenant.person(partner);
        let item: Option<PersonItem> = self.get(&self.tables.core, &key, "reading a person whole").await?;
        Ok(item.map(|mut item| {
            let particulars = Particulars {
                company_sealed: item.company_sealed.take(),
                website_sealed: item.website_sealed.take(),
                notes_sealed: item.notes_sealed.take(),
            };
            (Person::from(item), particulars)
        }))
    }
}
