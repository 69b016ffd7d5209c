//! Tax forms of the story: who is paid whole, and who has given none yet and has a part withheld.

use reqwest::Method;
use serde_json::json;

use super::cast::Partner;
use super::story::Story;
use crate::Error;

/// Every so manieth partner has given no form.
const NONE_EVERY: u32 = 9;

/// The form of a partner who joins: a W-9, or of those who are paid in euros a W-8BEN.
pub(super) async fn file(story: &Story<'_>, partner: &Partner, id: &str) -> Result<(), Error> {
    if partner.n.is_multiple_of(NONE_EVERY) {
        return Ok(());
    }
    let signed: String = story.progress.instant(partner.joins_week, 0)?.to_string().chars().take(10).collect();
    let (first_name, last_name) = partner.name.split_once(' ').unwrap_or((&partner.name, "Abel"));
    let form = if partner.currency == "EUR" {
        json!({
            "form": "w8ben", "first_name": first_name, "last_name": last_name, "citizenship": "de",
            "foreign_tin": format!("8187249{:04}", partner.n), "signed_on": signed, "certified": true,
            "address": {"line1": "Methfesselstr. 7", "city": "Berlin", "postal_code": "10965", "country": "DE"},
        })
    } else {
        json!({
            "form": "w9", "classification": "individual", "first_name": first_name, "last_name": last_name,
            "tin_kind": "ssn", "tin": format!("400-11-{:04}", 1_000 + partner.n), "signed_on": signed, "certified": true,
            "address": {"line1": "1 Main St", "city": "New York", "region": "NY", "postal_code": "10001", "country": "US"},
        })
    };
    let path = format!("/v1/partners/{id}/tax-form");
    story.write(Method::PUT, "admin", &path, &format!("demo-form-{}", partner.n), form).await.map(|_| ())
}
