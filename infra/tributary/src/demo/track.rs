//! A fact that no provider tells: stored and announced as whoever takes in events does it.

use cases::raw_event;
use domain::digest::Digest;
use domain::id::TenantId;
use domain::time::{Timestamp, Zone};
use edge::aws::{Aws, Service};
use edge::config::variables;
use edge::sealing::{Belongs, Sealer};
use queues::{FactReceived, Sender};
use serde_json::json;
use store::TenantKey;
use store::raw_events::{RawEvent, RawEventPlace};

use super::story::Story;
use crate::Error;

const PROVIDER: &str = "track";
const EVENT: &str = "demo_lead";
const KIND: &str = "lead";

/// A lead that is worth a call, with the click that brought it.
pub(super) async fn lead(story: &Story<'_>, email: &str, token: Option<&str>, at: Timestamp) -> Result<(), Error> {
    let body = json!({
        "type": KIND, "event": format!("{PROVIDER}:{EVENT}"), "occurred_at": at, "click_token": token,
        "email": domain::email::digest(email), "is_qualified": true,
    })
    .to_string();
    let mut reader = story.place.reader(story.client.clock_offset_ms().await?);
    let (aws, queue) = (Aws::from(&mut reader), reader.text(&variables::FACTS_QUEUE_URL));
    let arn = reader.text(&variables::SEALING_KEY_ARN);
    let (queue, arn) = reader.finish((queue, arn))?;
    let tenant = TenantId::default_tenant();
    let belongs =
        Belongs { tenant: tenant.as_str(), subject: raw_event::SEALED_SUBJECT, field: raw_event::SEALED_FIELD };
    let sealer = Sealer::connect(&aws.service(Service::Kms), arn);
    let sealed = sealer.seal(&belongs, &raw_event::pack(body.as_bytes())?).await?.to_bytes();
    let place =
        RawEventPlace { provider: PROVIDER.to_owned(), day: Zone::utc().day_of(at), event_id: EVENT.to_owned() };
    let hash = Digest::of(&[KIND.as_bytes(), body.as_bytes()]);
    let expires_at = at.saturating_add(jiff::SignedDuration::from_hours(30 * 24)).unwrap_or(at);
    let event = RawEvent { kind: KIND.to_owned(), hash, sealed, received_at: at, expires_at };
    let connection = story.place.connect(story.client.clock_offset_ms().await?)?;
    connection.store.record_raw_event(&TenantKey::from(&tenant), &place, &event).await?;
    let message = FactReceived {
        v: queues::VERSION,
        tenant,
        provider: place.provider.clone(),
        day: place.day_text(),
        event_id: place.event_id.clone(),
        correlation_id: "demo".to_owned(),
    };
    Ok(Sender::connect(&aws.service(Service::Sqs), queue).send(&message).await?)
}
