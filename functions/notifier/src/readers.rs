//! Who is told, and in whose name.

use domain::id::PartnerId;
use edge::lambda::Failure;
use edge::sealing::{Belongs, Sealed};
use store::TenantKey;
use store::people::{EMAIL, NAME};

use crate::App;
use crate::mail::Recipient;

impl App {
    /// The person behind a partner; `None` when it was erased, or has no address.
    pub(crate) async fn recipient(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
    ) -> Result<Option<Recipient>, Failure> {
        let Some(person) = self.store.get_person(tenant, partner).await.map_err(Failure::retry)? else {
            return Ok(None);
        };
        let place = Place { tenant, partner };
        let email = self.open(&place, EMAIL, &person.email_sealed).await?;
        let name = self.open(&place, NAME, &person.name_sealed).await?;
        Ok(email.map(|email| Recipient { name, email }))
    }

    async fn open(&self, place: &Place<'_>, field: &str, sealed: &str) -> Result<Option<String>, Failure> {
        if sealed.is_empty() {
            return Ok(None);
        }
        let sealed: Sealed = sealed.parse().map_err(Failure::reject)?;
        let belongs = Belongs { tenant: place.tenant.tenant().as_str(), subject: place.partner.as_str(), field };
        let text = self.sealer.open_text(&belongs, &sealed).await.map_err(Failure::retry)?;
        Ok(Some(text.reveal().trim().to_owned()).filter(|text| !text.is_empty()))
    }
}

/// Where a sealed value belongs.
struct Place<'a> {
    tenant: &'a TenantKey,
    partner: &'a PartnerId,
}
