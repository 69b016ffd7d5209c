//! The stand-in for Stripe beside the cloud: it goes by the cloud's clock, and tells its events to the cloud's webhook.

use local_stripe::{Options as StripeOptions, StandIn};
use serde_json::Value;

use crate::clock::Clock;
use crate::cloud::Options;
use crate::error::{CloudError, io};
use crate::template::{Place, Plan};
use crate::vault::Vault;

/// Opens what was kept in the cloud's folder.
pub(crate) fn open(options: &Options, clock: &Clock) -> Result<StandIn, CloudError> {
    let path = options.data.join("stripe.json");
    let (clock, doing) = (clock.clone(), format!("reading {}", path.display()));
    let options = StripeOptions {
        clock: Box::new(move || clock.now().as_second()),
        keep: Some(path),
        // Another folder has other ids: two clouds would answer for each other's.
        seed: options.data.display().to_string(),
    };
    StandIn::open(options).map_err(io(doing))
}

/// The stand-in signs its events with the secret by which the cloud's functions verify them.
pub(crate) async fn tell(stand_in: &StandIn, plan: &Plan, place: &Place, vault: &Vault) -> Result<(), CloudError> {
    for id in plan.secrets.keys() {
        let Some(arn) = place.minted.get(id).map(|named| &named.reference) else { continue };
        let secret: Value = serde_json::from_str(&vault.secret_text(arn).await?).unwrap_or_default();
        if let Some(secret) = secret["stripe_webhook_secret"].as_str().filter(|secret| !secret.is_empty()) {
            stand_in.tell(&format!("{}/v1/webhooks/stripe", place.http_url), secret);
        }
    }
    Ok(())
}
