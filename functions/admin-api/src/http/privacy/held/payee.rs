//! What is held of somebody to whom money goes: who they are, where it goes, what was paid, the tax form.

use domain::id::PartnerId;
use domain::line::Account;
use domain::payee::{Destination, PayoutMethod, last_four};
use domain::payout::Payout;
use domain::tax::{FormContent, SEALED_AS, TaxForm};
use edge::problem::Problem;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use store::people::{COMPANY, EMAIL, NAME, NOTES, WEBSITE};

use super::{AT_ONCE, Holding};

impl Holding<'_> {
    /// The person behind somebody to whom money goes.
    pub(super) async fn person(&self, payee: &PartnerId) -> Result<Value, Problem> {
        let mut person = Map::new();
        let Some((known, more)) = self.app.store.get_person_whole(self.tenant, payee).await? else {
            return Ok(Value::Object(person));
        };
        for (field, sealed) in [
            (EMAIL, Some(&known.email_sealed)),
            (NAME, Some(&known.name_sealed)),
            (COMPANY, more.company_sealed.as_ref()),
            (WEBSITE, more.website_sealed.as_ref()),
            (NOTES, more.notes_sealed.as_ref()),
        ] {
            self.put(&mut person, payee.as_str(), field, sealed.map(String::as_str)).await?;
        }
        Ok(Value::Object(person))
    }

    /// What has to do with money: where it goes, what was paid, the tax form.
    pub(super) async fn money(&self, payee: &PartnerId) -> Result<Map<String, Value>, Problem> {
        let mut methods = Vec::new();
        for method in self.app.store.get_payout_methods(self.tenant, payee).await?.ranked {
            methods.push(self.method(payee, &method).await?);
        }
        let form = match self.app.store.get_tax_form(self.tenant, payee).await? {
            Some(form) => Some(self.tax_form(payee, &form).await?),
            None => None,
        };
        let mut payouts = Vec::new();
        for head in self.app.store.list_heads(self.tenant, payee).await? {
            let account = Account { partner: payee.clone(), currency: head.currency };
            for stored in self.app.store.list_account_payouts(self.tenant, &account).await? {
                payouts.push(self.payout(&stored.payout).await?);
            }
        }
        Ok(Map::from_iter([
            ("payout_methods".to_owned(), json!(methods)),
            ("tax_form".to_owned(), json!(form)),
            ("payouts".to_owned(), json!(payouts)),
        ]))
    }

    async fn method(&self, payee: &PartnerId, method: &PayoutMethod) -> Result<Value, Problem> {
        let field = format!("payout_method:{}", method.id);
        let destination: Destination = self.read(payee.as_str(), &field, &method.sealed).await?;
        Ok(json!({
            "id": method.id,
            "rail": method.rail.word(),
            "currency": method.currency.map(|currency| currency.to_string()),
            "last_four": method.last_four,
            "since": method.since,
            "set_by": method.set_by,
            "details": named(&destination),
        }))
    }

    async fn tax_form(&self, payee: &PartnerId, form: &TaxForm) -> Result<Value, Problem> {
        let content: FormContent = self.read(payee.as_str(), SEALED_AS, &form.sealed).await?;
        Ok(json!({
            "form": form.kind.word(),
            "tin": form.tin_shown,
            "foreign_tin_last_four": content.foreign_tin.as_deref().map(last_four),
            "country": form.country,
            "signed_on": form.signed_on.to_string(),
            "submitted_at": form.submitted_at,
            "first_name": content.first_name,
            "last_name": content.last_name,
            "business_name": content.business_name,
            "citizenship": content.citizenship,
            "address": content.address,
        }))
    }

    async fn payout(&self, payout: &Payout) -> Result<Value, Problem> {
        let noted = self.app.store.list_payout_notes(self.tenant, &payout.id, None, AT_ONCE).await?.items;
        let notes: Vec<Value> =
            noted.iter().map(|note| json!({"text": note.text, "noted_by": note.by, "created_at": note.at})).collect();
        Ok(json!({
            "id": payout.id,
            "state": payout.state.word(),
            "amount": payout.amount.to_text(),
            "currency": payout.amount.currency().to_string(),
            "fee": payout.net.map(|net| net.fee.to_text()),
            "withheld": payout.net.map(|net| net.withheld.to_text()),
            "requested_at": payout.requested_at,
            "moved_at": payout.moved_at,
            "notes": notes,
        }))
    }

    /// Opens what is sealed as JSON.
    async fn read<T: DeserializeOwned>(&self, subject: &str, field: &str, sealed: &str) -> Result<T, Problem> {
        let text = self.opened(subject, field, sealed).await?;
        serde_json::from_str(&text).map_err(|_| {
            // The reason is not told: it could quote what was sealed.
            tracing::error!(subject.id = subject, reason = field, "a sealed value does not open");
            Problem::internal()
        })
    }
}

/// Names and addresses of where money goes. What names the account is shown by its last characters, beside; what somebody
/// wrote for whoever pays by hand may be such a number, too.
fn named(destination: &Destination) -> Value {
    match destination {
        Destination::StripeConnect { .. } | Destination::External { .. } => json!({}),
        Destination::Ach { holder, holder_kind, account_kind, .. } => {
            json!({"holder": holder, "holder_kind": holder_kind, "account_kind": account_kind})
        }
        Destination::Paypal { email } => json!({"email": email}),
        Destination::Wise { holder, email, .. } => json!({"holder": holder, "email": email}),
        Destination::Csv { holder, .. } | Destination::Manual { holder, .. } => json!({"holder": holder}),
        Destination::Check { payable_to, address } => json!({"payable_to": payable_to, "address": address}),
    }
}
