//! Queues, files, keys and mail of the small cloud, through the SDKs that the functions use.

use aws_sdk_kms::primitives::Blob;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_ses::types::RawMessage;
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, MessageAttributeValue, SendMessageBatchRequestEntry};
use std::time::Duration;
use testkit::Cloud;

#[tokio::test]
async fn a_file_is_written_read_linked_and_outlives_a_kill() {
    let mut cloud = Cloud::start().await;
    let s3 = aws_sdk_s3::Client::new(&cloud.settings());
    let bucket = cloud.variable("FILES_BUCKET").to_owned();
    let put = s3.put_object().bucket(&bucket).key("receipts/a b.pdf").content_type("application/pdf");
    put.body(ByteStream::from_static(b"%PDF-1.7")).send().await.expect("written");
    let got = s3.get_object().bucket(&bucket).key("receipts/a b.pdf").send().await.expect("read");
    assert_eq!(got.content_type(), Some("application/pdf"));
    assert_eq!(got.body.collect().await.expect("a body").to_vec(), b"%PDF-1.7");
    assert_eq!(cloud.files().await, ["receipts/a b.pdf"]);

    let expiry = PresigningConfig::expires_in(Duration::from_secs(60)).expect("a time");
    let link = s3.get_object().bucket(&bucket).key("receipts/a b.pdf").presigned(expiry).await.expect("a link");
    let followed = cloud.client().get(link.uri()).send().await.expect("an answer");
    assert_eq!(followed.bytes().await.expect("a body").to_vec(), b"%PDF-1.7");
    let tampered = link.uri().replace("X-Amz-Expires=60", "X-Amz-Expires=6000");
    assert_eq!(cloud.client().get(tampered).send().await.expect("an answer").status(), 403);

    cloud.restart().await;
    assert_eq!(cloud.file("receipts/a b.pdf").await.expect("still there"), b"%PDF-1.7");
    assert_eq!(cloud.file("receipts/none").await, None);
}

#[tokio::test]
async fn what_was_sealed_opens_after_a_kill_and_only_in_its_context() {
    let mut cloud = Cloud::start().await;
    let kms = aws_sdk_kms::Client::new(&cloud.settings());
    let key = cloud.variable("SEALING_KEY_ARN").to_owned();
    let made = kms.generate_data_key().key_id(&key).key_spec(aws_sdk_kms::types::DataKeySpec::Aes256);
    let made = made.encryption_context("tenant", "ten_1").send().await.expect("a data key");
    let sealed = made.ciphertext_blob().expect("sealed").clone();

    cloud.restart().await;
    let kms = aws_sdk_kms::Client::new(&cloud.settings());
    let open = |blob: Blob, tenant: &str| {
        kms.decrypt().ciphertext_blob(blob).key_id(&key).encryption_context("tenant", tenant).send()
    };
    let opened = open(sealed.clone(), "ten_1").await.expect("opened");
    assert_eq!(opened.plaintext(), made.plaintext());
    assert!(open(sealed, "ten_2").await.is_err(), "another tenant's context opens nothing");
}

#[tokio::test]
async fn a_letter_is_kept_and_shown_with_what_hangs_on_it() {
    let mut cloud = Cloud::start().await;
    let ses = aws_sdk_ses::Client::new(&cloud.settings());
    let raw = b"From: a@b.c\r\nTo: p@q.r\r\nSubject: Receipt\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
        --x\r\nContent-Type: text/plain\r\n\r\nHello <you>\r\n--x\r\nContent-Type: application/pdf\r\n\
        Content-Disposition: attachment; filename=r.pdf\r\n\r\nPDF\r\n--x--\r\n";
    let message = RawMessage::builder().data(aws_sdk_ses::primitives::Blob::new(raw)).build().expect("a message");
    let sent = ses.send_raw_email().destinations("p@q.r").raw_message(message).send().await.expect("sent");
    cloud.restart().await;
    let mail = cloud.mail().await;
    assert_eq!(mail.len(), 1);
    assert_eq!(
        (mail[0]["subject"].as_str(), mail[0]["attachments"][0]["name"].as_str()),
        (Some("Receipt"), Some("r.pdf"))
    );
    let page = cloud.client().get(cloud.url(&format!("/local/mail/{}", sent.message_id()))).send().await;
    let page = page.expect("an answer").text().await.expect("a page");
    assert!(page.contains("Hello &lt;you&gt;") && page.contains("r.pdf"), "{page}");
}

#[tokio::test]
async fn a_queue_serves_batches_attributes_delays_and_long_polls() {
    let cloud = Cloud::start().await;
    let sqs = aws_sdk_sqs::Client::new(&cloud.settings());
    // A queue that feeds no function: nobody else receives from it.
    let url = cloud.variable("FACTS_QUEUE_URL").to_owned() + "-dead";
    let kind = MessageAttributeValue::builder().data_type("String").string_value("x").build().expect("a value");
    let entry = |id: &str| {
        let entry = SendMessageBatchRequestEntry::builder().id(id).message_body(format!("body {id}"));
        entry.message_attributes("kind", kind.clone()).build().expect("an entry")
    };
    let sent = sqs.send_message_batch().queue_url(&url).entries(entry("1")).entries(entry("2")).send().await;
    assert_eq!(sent.expect("sent").successful().len(), 2);
    sqs.send_message().queue_url(&url).message_body("late").delay_seconds(3_600).send().await.expect("sent");
    assert_eq!(cloud.depth("facts-dead").await, 3);

    let received = sqs.receive_message().queue_url(&url).max_number_of_messages(10).message_attribute_names("All");
    let received = received.send().await.expect("received");
    let bodies: Vec<_> = received.messages().iter().filter_map(|one| one.body()).collect();
    assert_eq!(bodies, ["body 1", "body 2"]);
    let attributes = received.messages()[0].message_attributes().expect("attributes");
    assert_eq!(attributes["kind"].string_value(), Some("x"));
    let mut delete = sqs.delete_message_batch().queue_url(&url);
    for (index, message) in received.messages().iter().enumerate() {
        let entry = DeleteMessageBatchRequestEntry::builder().id(index.to_string());
        delete = delete
            .entries(entry.receipt_handle(message.receipt_handle().expect("a handle")).build().expect("an entry"));
    }
    assert_eq!(delete.send().await.expect("deleted").successful().len(), 2);

    let polling = sqs.receive_message().queue_url(&url).wait_time_seconds(10).send();
    let (late, ()) = tokio::join!(polling, cloud.advance("2h"));
    assert_eq!(late.expect("received").messages().len(), 1, "the delay runs by the settable clock");
}
