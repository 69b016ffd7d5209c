//! What is asked of a body before it is taken in, as the document tells it. It is read by the envelopes of `provider`, out of
//! the bytes that were signed, and stored whole.

use serde_json::Value;
use utoipa::ToSchema;

/// An event of Stripe's.
#[derive(ToSchema)]
#[schema(example = json!({
    "id": "evt_1SJmJrX5x2LjQ5zNNd6ec87V", "object": "event", "type": "invoice.paid", "created": 1_788_220_800,
    "data": { "object": {} },
}))]
#[expect(dead_code, reason = "only its document is looked at")]
pub(super) struct StripeEvent {
    /// Stripe's id of it.
    id: String,
    /// What happened.
    r#type: String,
    /// When, in Unix seconds.
    #[schema(example = 1_788_220_800)]
    created: i64,
    /// What it is about, as Stripe tells it.
    data: Option<Value>,
}

/// An event of Lemon Squeezy's.
#[derive(ToSchema)]
#[schema(example = json!({
    "meta": { "event_name": "order_created" }, "data": { "type": "orders", "id": "1", "attributes": {} },
}))]
#[expect(dead_code, reason = "only its document is looked at")]
pub(super) struct LemonSqueezyEvent {
    /// What happened.
    meta: LemonSqueezyMeta,
    /// What it is about.
    data: LemonSqueezyData,
}

/// What happened at Lemon Squeezy.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its document is looked at")]
pub(super) struct LemonSqueezyMeta {
    /// Its name.
    #[schema(example = "order_created")]
    event_name: String,
}

/// What an event of Lemon Squeezy's is about.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its document is looked at")]
pub(super) struct LemonSqueezyData {
    /// Of which kind.
    #[schema(example = "orders")]
    r#type: String,
    /// Its id there.
    #[schema(example = "1")]
    id: String,
    /// All that is told of it.
    attributes: Option<Value>,
}

/// A message signed by Standard Webhooks.
#[derive(ToSchema)]
#[schema(example = json!({ "type": "ping", "data": {} }))]
#[expect(dead_code, reason = "only its document is looked at")]
pub(super) struct StandardMessage {
    /// Which fact it is; others are kept, and nobody acts on them.
    r#type: String,
    /// The fact, where it is not in the message itself.
    data: Option<Value>,
}
