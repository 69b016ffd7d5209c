use domain::currency::Currency;
use domain::id::NoticeId;
use domain::money::Money;

use super::{Attachment, Mail, Recipient, Sender};
use crate::news::{Kind, News, Subject};

fn subject() -> Subject {
    Subject {
        number: "PAY-2026-09-001".into(),
        payout: "pay_01ARZ3NDEKTSV4RRFFQ69G5FAVUSD000001".into(),
        amount: Money::from_minor(1_245_050, Currency::USD),
        at: "2026-09-16T15:04:05Z".parse().expect("an instant"),
        reason: Some("Bank details are being checked.".into()),
        payment_reference: Some("WIRE-88213".into()),
        issuer: "Northwind Affiliates".into(),
    }
}

fn bytes(kind: Kind, recipient: &Recipient, attachment: Option<Attachment>) -> Vec<u8> {
    let notice = NoticeId::parse("ntc_01ARZ3NDEKTSV4RRFFQ69G5FAV").expect("an id");
    let sender = Sender("payouts@example.com".into());
    let subject = subject();
    let news = News::of(kind, &subject);
    Mail { notice: &notice, date: subject.at, sender: &sender, recipient, news: &news, attachment }
        .to_bytes()
        .expect("a mail")
}

fn ana() -> Recipient {
    Recipient { name: Some("Ana Ćirić".into()), email: "ana@example.org".into() }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("mail is ASCII").replace("\r\n", "\n")
}

#[test]
fn the_paid_mail_carries_text_html_and_the_receipt() {
    let file = Attachment { file_name: "receipt-PAY-2026-09-001.pdf".into(), bytes: b"%PDF-1.7 sample".to_vec() };
    insta::assert_snapshot!(text(bytes(Kind::ReceiptReady, &ana(), Some(file))));
}

#[test]
fn every_kind_has_its_own_words() {
    let told: Vec<String> = Kind::ALL
        .into_iter()
        .map(|kind| {
            let news = News::of(kind, &subject());
            format!("{}\n  {}\n  {}\n  {}", kind.word(), news.subject, news.lead, news.more.join("\n  "))
        })
        .collect();
    insta::assert_snapshot!(told.join("\n\n"));
}

#[test]
fn the_same_notice_is_the_same_mail_byte_for_byte() {
    assert_eq!(bytes(Kind::PayoutApproved, &ana(), None), bytes(Kind::PayoutApproved, &ana(), None));
}

#[test]
fn a_name_cannot_add_a_header_or_markup() {
    let hostile =
        Recipient { name: Some("Eve\r\nBcc: all@example.org\r\n\r\n<b>x</b>".into()), email: "eve@example.org".into() };
    let mail = text(bytes(Kind::PayoutApproved, &hostile, None));
    let headers = mail.split("\n\n").next().unwrap_or_default();
    assert!(!headers.lines().any(|line| line.starts_with("Bcc")), "{headers}");
    assert!(!mail.contains("<b>x</b></p>"), "{mail}");
    assert!(mail.contains("&#60;b&#62;x"), "{mail}");
}

#[test]
fn a_recipient_is_never_shown() {
    assert_eq!(format!("{:?}", ana()), "[redacted]");
}

#[test]
fn a_word_that_no_mail_is_written_for_is_nothing() {
    assert_eq!(Kind::parse("payout_submitting"), None);
    assert!(Kind::ALL.into_iter().all(|kind| Kind::parse(kind.word()) == Some(kind)));
}
