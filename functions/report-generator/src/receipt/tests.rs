use jiff::civil::date;

use super::{Covered, Kept, Payee, Receipt};

fn receipt() -> Receipt {
    Receipt {
        payout: "pay_01ARZ3NDEKTSV4RRFFQ69G5FAV00000003".into(),
        number: "PAY-2026-09-001".into(),
        issuer: "Northwind Affiliates".into(),
        payee: Payee { id: "par_01ARZ3NDEKTSV4RRFFQ69G5FAV".into(), name: Some("Ana Ćirić".into()) },
        amount: "12450.50".into(),
        gross: "12450.50".into(),
        kept: Vec::new(),
        currency: "USD".into(),
        method: "Bank transfer".into(),
        payment_reference: Some("WIRE-88213".into()),
        requested_at: "2026-09-14T09:30:00Z".parse().expect("an instant"),
        completed_at: "2026-09-16T15:04:05Z".parse().expect("an instant"),
        covered: Covered { lines: 1284, first_day: Some(date(2026, 8, 1)), last_day: Some(date(2026, 9, 13)) },
        seal: "9f2c4e7ab1d05833c6a8e0f14d72b95e6a17c3d8f0b24e91a5c7d36280fe41bb".into(),
    }
}

/// The words of the one page.
fn words(receipt: &Receipt) -> String {
    let document = receipt.typeset().expect("a page");
    assert_eq!(document.pages().len(), 1, "a receipt is one page");
    crate::page::words(&document)
}

#[test]
fn the_receipt_says_who_was_paid_how_much_when_and_for_what() {
    insta::assert_snapshot!(words(&receipt()));
}

/// PAY-13.
#[test]
fn what_was_kept_of_a_payment_stands_between_what_was_earned_and_what_was_paid() {
    let kept = vec![
        Kept { why: "Retention fee", amount: "300.00".into() },
        Kept { why: "Tax withheld", amount: "24000.00".into() },
    ];
    let award = Receipt { amount: "75700.00".into(), gross: "100000.00".into(), kept, ..receipt() };
    let text = words(&award);
    let places = ["USD 100,000.00", "USD \u{2212}300.00", "USD \u{2212}24,000.00", "Total paid"];
    let places = places.map(|figure| text.find(figure).unwrap_or_else(|| panic!("{figure} is not in {text}")));
    assert!(places.is_sorted(), "{text}");
    assert_eq!(text.matches("USD 75,700.00").count(), 2, "{text}");
}

#[test]
fn the_same_receipt_is_the_same_file_byte_for_byte() {
    let first = receipt().to_pdf().expect("a file");
    let second = receipt().to_pdf().expect("a file");
    assert!(first.starts_with(b"%PDF-"));
    assert!(first == second, "two settings of one receipt differ");
}

#[test]
fn another_receipt_is_another_file() {
    let other = Receipt { amount: "12450.51".into(), ..receipt() };
    assert!(receipt().to_pdf().expect("a file") != other.to_pdf().expect("a file"));
}

#[test]
fn markup_in_a_name_is_printed_as_it_is_written() {
    let hostile = "#panic(\"x\") *bold* $1/0$ @ref <label> \\ `raw`";
    let text = words(&Receipt { payee: Payee { name: Some(hostile.into()), id: "par_1".into() }, ..receipt() });
    assert!(text.replace('\n', " ").contains("#panic(\"x\") *bold* $1/0$ @ref <label>"), "{text}");
}

#[test]
fn a_name_of_any_length_stays_on_the_one_page() {
    let long = "Ærøskøbing Handelsselskab og Sønner ".repeat(200);
    let text =
        words(&Receipt { issuer: long.clone(), payee: Payee { id: "par_1".into(), name: Some(long) }, ..receipt() });
    assert!(text.contains("12,450.50"), "{text}");
}

#[test]
fn marks_that_turn_text_around_are_dropped() {
    let text = words(&Receipt {
        payee: Payee { id: "par_1".into(), name: Some("Ann\u{202e}\u{0007}\nLee".into()) },
        ..receipt()
    });
    assert!(text.contains("AnnLee"), "{text}");
}
