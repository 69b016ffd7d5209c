//! What is held of a person, kind by kind, opened.

mod belongings;
mod payee;

use cases::privacy::{self, CustomerName, SubjectId};
use domain::attribution::claim::Claim;
use domain::id::{ApplicationId, LeadId, MemberId, PartnerId, UserId};
use edge::problem::Problem;
use edge::sealing::{Belongs, Sealed, Sealer, SealingError};
use edge::telemetry::chain;
use serde_json::{Map, Value, json};
use store::agreed::Agreed;
use store::applications::{FORM, StoredApplication};
use store::partners::record::{EnrolmentRecord, PartnerRecord};
use store::{TenantKey, buyers, claims, leads, users};

use super::AgreedView;
use crate::App;

/// How much is shown of what somebody may have any number of.
const AT_ONCE: usize = 500;

/// What is held.
pub(super) struct Held {
    /// Who they are.
    pub(super) person: Value,
    /// What they agreed to.
    pub(super) consents: Vec<AgreedView>,
    /// Everything else.
    pub(super) records: Value,
}

/// What is held of a person; `None` where there is no such one.
pub(super) async fn of(app: &App, tenant: &TenantKey, subject: &SubjectId) -> Result<Option<Held>, Problem> {
    let holding = Holding { app, tenant };
    match subject {
        SubjectId::Partner(id) => holding.partner(id).await,
        SubjectId::Member(id) => holding.member(id).await,
        SubjectId::Lead(id) => holding.lead(id).await,
        SubjectId::Customer(name) => holding.customer(name).await,
        SubjectId::User(id) => holding.user(id).await,
        SubjectId::Application(id) => holding.application(id).await,
    }
}

/// The terms that an applicant accepted.
fn accepted(stored: &StoredApplication) -> Option<AgreedView> {
    let source = stored.application.terms_version.clone()?;
    Some(AgreedView { what: "the terms for partners".to_owned(), source, at: stored.application.applied_at })
}

/// Terms that a partner accepted.
fn agreed(agreed: Agreed) -> AgreedView {
    AgreedView { what: "the terms for partners".to_owned(), source: agreed.terms, at: agreed.at }
}

/// How a partner stands with the tenant, and in its programmes.
fn standing(record: &PartnerRecord) -> [(String, Value); 5] {
    let shown = |place: &EnrolmentRecord| {
        json!({
            "program_id": place.program,
            "tier": place.tier.word(),
            "groups": place.groups,
            "referred_by": place.referrer,
            "status": place.status.word(),
            "enrolled_at": place.enrolled_at,
        })
    };
    let programs: Vec<Value> = record.enrolments.iter().map(shown).collect();
    [
        ("status".to_owned(), json!(record.partner.status.word())),
        ("suspended_because".to_owned(), json!(record.reason)),
        ("tags".to_owned(), json!(record.tags)),
        ("created_at".to_owned(), json!(record.partner.created_at)),
        ("programs".to_owned(), json!(programs)),
    ]
}

/// What is kept about an application beside its form.
fn about(stored: &StoredApplication) -> Value {
    let application = &stored.application;
    json!({"program_id": application.program, "applied_at": application.applied_at, "state": application.state})
}

struct Holding<'a> {
    app: &'a App,
    tenant: &'a TenantKey,
}

impl Holding<'_> {
    async fn partner(&self, id: &PartnerId) -> Result<Option<Held>, Problem> {
        let Some(record) = self.app.store.get_partner_record(self.tenant, id).await? else { return Ok(None) };
        let mut records = self.money(id).await?;
        records.extend(self.belongings(id).await?);
        records.extend(standing(&record));
        let marks = self.app.store.list_marks(self.tenant, id).await?;
        let sent = privacy::applications_of(&self.app.store, self.tenant, &marks).await.map_err(super::wrong)?;
        let later = self.app.store.list_agreed(self.tenant, id).await?;
        let consents = sent.iter().filter_map(accepted).chain(later.into_iter().map(agreed)).collect();
        let mut applications = Vec::new();
        for stored in &sent {
            let form = self.form(stored).await?;
            applications.push(json!({"id": stored.application.id, "form": form, "is": about(stored)}));
        }
        records.insert("applications".to_owned(), json!(applications));
        let claims = privacy::claims_of(&self.app.store, self.tenant, id).await.map_err(super::wrong)?;
        records.insert("claims".to_owned(), json!(self.claims(&claims).await?));
        Ok(Some(Held { person: self.person(id).await?, consents, records: Value::Object(records) }))
    }

    async fn application(&self, id: &ApplicationId) -> Result<Option<Held>, Problem> {
        let Some(stored) = self.app.store.get_application(self.tenant, id).await? else { return Ok(None) };
        let person = self.form(&stored).await?;
        Ok(Some(Held { person, consents: accepted(&stored).into_iter().collect(), records: about(&stored) }))
    }

    /// What an applicant wrote; empty where it was erased.
    async fn form(&self, stored: &StoredApplication) -> Result<Value, Problem> {
        if stored.form_sealed.is_empty() {
            return Ok(json!({}));
        }
        let text = self.opened(stored.application.id.as_str(), FORM, &stored.form_sealed).await?;
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }

    async fn member(&self, id: &MemberId) -> Result<Option<Held>, Problem> {
        let Some(stored) = self.app.store.get_member(self.tenant, id).await? else { return Ok(None) };
        let mut records = self.money(&id.payee()).await?;
        records.insert("state".to_owned(), json!(stored.member.state.word()));
        records.insert("created_at".to_owned(), json!(stored.member.created_at));
        let person = self.person(&id.payee()).await?;
        Ok(Some(Held { person, consents: Vec::new(), records: Value::Object(records) }))
    }

    async fn lead(&self, id: &LeadId) -> Result<Option<Held>, Problem> {
        let Some(stored) = self.app.store.get_lead(self.tenant, id).await? else { return Ok(None) };
        let mut person = Map::new();
        for piece in &stored.person {
            let text = self.opened(id.as_str(), leads::PERSON, &piece.sealed).await?;
            // The piece that is believed first comes first.
            for (name, value) in serde_json::from_str::<Map<String, Value>>(&text).unwrap_or_default() {
                person.entry(name).or_insert(value);
            }
        }
        let lead = &stored.lead;
        let consent =
            AgreedView { what: "being kept".to_owned(), source: lead.consent.source.clone(), at: lead.consent.at };
        let records = json!({
            "program_id": lead.program,
            "source": lead.source,
            "campaign": lead.campaign,
            "captured_at": lead.captured_at,
            "seen_at": lead.seen_at,
            "captures": lead.captures,
            "state": lead.state.word(),
        });
        Ok(Some(Held { person: Value::Object(person), consents: vec![consent], records }))
    }

    async fn customer(&self, name: &CustomerName) -> Result<Option<Held>, Problem> {
        let (store, tenant) = (&self.app.store, self.tenant);
        let held = privacy::customer_of(store, tenant, name).await.map_err(super::wrong)?;
        let Some(held) = held else { return Ok(None) };
        let mut person = Map::new();
        if let Some(buyer) = &held.buyer {
            let sealed = [(buyers::EMAIL, Some(&buyer.email_sealed)), (buyers::NAME, buyer.name_sealed.as_ref())];
            for (field, sealed) in sealed {
                self.put(&mut person, name.id.as_str(), field, sealed.map(String::as_str)).await?;
            }
        }
        let claims = privacy::claims_about(store, tenant, &held).await.map_err(super::wrong)?;
        let claims = self.claims(&claims).await?;
        let (buyer, known) = (held.buyer.as_ref(), held.known.as_ref());
        let records = json!({
            "customer_id": name.id,
            "provider": held.provider,
            "country_or_region": buyer.and_then(|buyer| buyer.place.as_ref()).map(ToString::to_string),
            "card": buyer.and_then(|buyer| buyer.card.as_ref()),
            "created_at": buyer.map(|buyer| buyer.created_at),
            "touches": known.map_or(0, |known| known.sightings.len()),
            "addresses_known_by_hash": known.map_or(0, |known| known.mentions.len() + known.quiet.len()),
            "met_at": known.and_then(|known| known.met_at),
            "first_paid_at": known.and_then(|known| known.first_paid.as_ref()).map(|(at, _)| at),
            "claims": claims,
        });
        Ok(Some(Held { person: Value::Object(person), consents: Vec::new(), records }))
    }

    /// What partners said of customers: what is sealed of it is sealed for the partner.
    async fn claims(&self, claims: &[Claim]) -> Result<Vec<Value>, Problem> {
        let mut shown = Vec::new();
        for claim in claims {
            let mut said = Map::from_iter([
                ("id".to_owned(), json!(claim.id)),
                ("partner_id".to_owned(), json!(claim.partner)),
                ("program_id".to_owned(), json!(claim.program)),
                ("status".to_owned(), json!(claim.state.word())),
                ("order_reference".to_owned(), json!(claim.naming.order)),
                ("created_at".to_owned(), json!(claim.made_at)),
            ]);
            for (name, field, sealed) in [
                ("customer_email", claims::EMAIL, claim.naming.email_sealed.as_deref()),
                ("evidence", claims::EVIDENCE, Some(claim.note.as_str())),
            ] {
                if let Some(sealed) = sealed.filter(|sealed| !sealed.is_empty()) {
                    said.insert(name.to_owned(), json!(self.opened(claim.partner.as_str(), field, sealed).await?));
                }
            }
            shown.push(Value::Object(said));
        }
        Ok(shown)
    }

    async fn user(&self, id: &UserId) -> Result<Option<Held>, Problem> {
        let Some(kept) = self.app.store.get_user(self.tenant, id).await? else { return Ok(None) };
        let mut person = Map::new();
        for (field, sealed) in [(users::EMAIL, &kept.email_sealed), (users::NAME, &kept.name_sealed)] {
            self.put(&mut person, id.as_str(), field, Some(sealed)).await?;
        }
        let mut records = self.signing_in(id).await?;
        records.extend([
            ("role".to_owned(), json!(kept.user.position.role().word())),
            ("state".to_owned(), json!(kept.user.state)),
            ("created_at".to_owned(), json!(kept.user.created_at)),
            ("changed_at".to_owned(), json!(kept.user.changed_at)),
        ]);
        Ok(Some(Held { person: Value::Object(person), consents: Vec::new(), records: Value::Object(records) }))
    }

    async fn put(
        &self,
        person: &mut Map<String, Value>,
        subject: &str,
        field: &str,
        sealed: Option<&str>,
    ) -> Result<(), Problem> {
        if let Some(sealed) = sealed.filter(|sealed| !sealed.is_empty()) {
            person.insert(field.to_owned(), json!(self.opened(subject, field, sealed).await?));
        }
        Ok(())
    }

    async fn opened(&self, subject: &str, field: &str, sealed: &str) -> Result<String, Problem> {
        let belongs = Belongs { tenant: self.tenant.tenant().as_str(), subject, field };
        let not_opened = |error: SealingError| {
            let reason = chain(&error);
            if let SealingError::Unavailable(_) = error {
                tracing::warn!(subject.id = subject, reason, "key service away, request refused");
                return Problem::unavailable("personal data cannot be opened now; try again");
            }
            tracing::error!(subject.id = subject, reason, "a sealed value does not open");
            Problem::internal()
        };
        let sealed: Sealed = sealed.parse().map_err(not_opened)?;
        let opened = self.sealer()?.open_text(&belongs, &sealed).await.map_err(not_opened)?;
        Ok(opened.reveal().clone())
    }

    fn sealer(&self) -> Result<&Sealer, Problem> {
        self.app.probes.sealer.as_ref().ok_or_else(|| Problem::unavailable("personal data cannot be opened here"))
    }
}
