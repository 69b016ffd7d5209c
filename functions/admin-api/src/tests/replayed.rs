//! An event that was refused, from the door that sends it in again to the ledger.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use cases::raw_event::{SEALED_FIELD, SEALED_SUBJECT, pack};
use domain::digest::Digest;
use domain::time::{BusinessDay, Timestamp};
use domain::touch::ClickKeys;
use edge::lambda::{Delivery, Failure};
use edge::sealing::{Belongs, Sealer};
use queues::FactReceived;
use store::raw_events::{RawEvent, RawEventPlace};

use super::*;

const REPLAY: &str = "/v1/webhooks/deliveries/stripe.20261120.evt_1/replay";

fn sealer(office: &Office) -> Sealer {
    let mut reader = Reader::from_map([
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", office.stub.endpoint.as_str()),
    ]);
    Sealer::connect(&Aws::from(&mut reader).service(Service::Kms), "key")
}

/// An invoice that was paid, packed and sealed as it comes in.
async fn sealed(office: &Office) -> Vec<u8> {
    let at = office.world.now.as_second();
    let event = json!({"id": "evt_1", "object": "event", "type": "invoice.paid", "created": at, "data": {"object": {
        "id": "in_1", "object": "invoice", "customer": "cus_1", "currency": "usd", "amount_paid": 9900, "total": 9900,
        "total_excluding_tax": 9900, "status_transitions": {"paid_at": at},
    }}});
    let here = TenantId::default_tenant();
    let belongs = Belongs { tenant: here.as_str(), subject: SEALED_SUBJECT, field: SEALED_FIELD };
    let packed = pack(event.to_string().as_bytes()).expect("packed");
    sealer(office).seal(&belongs, &packed).await.expect("sealed").to_bytes()
}

/// The event is stored, older than the queue would try it.
async fn keep(office: &Office, sealed: Vec<u8>) {
    let day = BusinessDay::parse("2026-11-20").expect("a day");
    let place = RawEventPlace { provider: "stripe".to_owned(), day, event_id: "evt_1".to_owned() };
    let event = RawEvent {
        kind: "invoice.paid".to_owned(),
        hash: Digest::of_bytes(b"evt_1"),
        sealed,
        received_at: Timestamp::from_second(office.world.now.as_second() - 3_600).expect("an instant"),
        expires_at: office.world.now,
    };
    office.world.store.record_raw_event(&office.world.tenant, &place, &event).await.expect("stored");
}

/// What is stored of the event becomes something else, as a backup brings it back.
async fn restore(office: &Office, sealed: Vec<u8>) {
    let (database, here) = (&office.world.database, TenantId::default_tenant());
    let pk = AttributeValue::S(format!("{}#raw#stripe#20261120", here.as_str()));
    let request = database.client.update_item().table_name(&database.ops);
    let request = request.key("pk", pk).key("sk", AttributeValue::S("evt_1".to_owned()));
    let request = request.update_expression("SET sealed = :sealed");
    let request = request.expression_attribute_values(":sealed", AttributeValue::B(Blob::new(sealed)));
    request.send().await.expect("restored");
}

/// The door's newest message, given to whoever reads the queue of facts.
async fn read_out(office: &Office) -> Result<(), Failure> {
    let keys = ClickKeys::new("a secret of at least some length", "");
    let world = &office.world;
    let test_events = revenue_recorder::TestEvents::KeptOnly;
    let clock = Clock::fixed(world.now);
    let recorder = revenue_recorder::App::new(world.store.clone(), sealer(office), keys, clock, test_events);
    let messages = office.stub.messages();
    let received: FactReceived = serde_json::from_str(&messages.last().expect("a message").1).expect("a fact");
    let correlation_id = received.correlation_id.clone();
    let delivery = Delivery { message_id: "m1".to_owned(), correlation_id, receive_count: 1 };
    Box::pin(recorder.handle(received, &delivery)).await
}

/// What the inbound log says of the event.
async fn logged(office: &Office) -> (Value, Value) {
    let listed = office.call("ada", "GET", "/v1/webhooks/deliveries?provider=stripe&day=2026-11-20").await;
    (listed.json["data"][0]["status"].clone(), listed.json["data"][0]["reason"].clone())
}

#[tokio::test]
async fn a_refused_event_that_is_sent_in_again_is_booked_once_what_it_was_refused_for_is_mended() {
    // ING-15
    let office = office().await;
    let good = sealed(&office).await;
    let mut spoilt = good.clone();
    *spoilt.last_mut().expect("a byte") ^= 1;
    keep(&office, spoilt).await;
    let sale = Office::sale_of("in_1");
    // What cannot be opened is refused, however often it is sent in.
    for _ in 0..2 {
        assert_eq!(office.call("ada", "POST", REPLAY).await.status, 202);
        assert!(matches!(read_out(&office).await, Err(Failure::Reject(_))));
        let (status, reason) = logged(&office).await;
        assert!(status == "refused" && reason.is_string(), "{status} {reason}");
        assert!(office.world.store.get_sale(&office.world.tenant, &sale).await.expect("store").is_none());
    }
    // It is as it was; nothing happens by itself, and the next replay books it, once.
    restore(&office, good).await;
    assert_eq!(logged(&office).await.0, "refused");
    let mut booked = Vec::new();
    for _ in 0..2 {
        assert_eq!(office.call("ada", "POST", REPLAY).await.status, 202);
        assert!(read_out(&office).await.is_ok());
        assert_eq!(logged(&office).await, (json!("untroubled"), Value::Null));
        booked.push(office.world.kept_sale("in_1").await);
    }
    assert_eq!((booked[0].paid.to_text(), &booked[1]), ("99.00".to_owned(), &booked[0]));
    office.world.verified().await;
}
