//! The database that other crates' tests stand on.

use aws_sdk_dynamodb::types::AttributeValue;
use testkit::{Fault, Units, database};

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

async fn put(db: &testkit::Database, sk: &str) -> bool {
    let put = db.client.put_item().table_name(&db.core).item("pk", text("a")).item("sk", text(sk));
    put.condition_expression("attribute_not_exists(pk)").send().await.is_ok()
}

#[tokio::test]
async fn an_item_is_written_read_and_counted() {
    let db = database().await;
    assert!(put(&db, "1").await);
    assert!(!put(&db, "1").await, "a condition holds");
    let got = db.client.get_item().table_name(&db.core).key("pk", text("a")).key("sk", text("1"));
    let got = got.consistent_read(true).send().await.expect("a read");
    assert!(got.item.is_some());
    let units = db.reset_units();
    assert_eq!(units.read_hundredths, 100);
    assert!(units.write_hundredths >= 100, "{units:?}");
    assert_eq!(db.units(), Units::default());
}

#[tokio::test]
async fn a_refused_request_does_nothing_and_a_lost_answer_does() {
    let db = database().await;
    db.fail_next(3, Fault::Refuse);
    assert!(!put(&db, "1").await);
    assert!(put(&db, "1").await, "nothing was there");
    db.fail_next(1, Fault::LoseAnswer);
    assert!(!put(&db, "2").await, "the retry meets the item that the first attempt wrote");
    db.fail_after(1, 1, Fault::Throttle);
    assert!(put(&db, "3").await);
    assert!(put(&db, "4").await, "throttling is retried");
}
