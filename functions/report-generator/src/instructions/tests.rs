use jiff::civil::date;

use super::Instructions;
use crate::receipt::{Covered, Kept, Payee};

fn words(page: &Instructions) -> String {
    crate::page::words(&page.typeset().expect("a page"))
}

/// A check, and what is kept of it.
fn page() -> Instructions {
    Instructions {
        document: "rpt_01ARZ3NDEKTSV4RRFFQ69G5FAX".into(),
        payout: "pay_01ARZ3NDEKTSV4RRFFQ69G5FAVUSD000001".into(),
        number: "PAY-2026-09-9G5FAV-USD001".into(),
        reference: "8Y3K7QW2M5N9R4T6V1X0Z3B7D2".into(),
        issuer: "Northwind Affiliates".into(),
        payee: Payee { id: "par_01ARZ3NDEKTSV4RRFFQ69G5FAV".into(), name: Some("Ana Ćirić".into()) },
        method: "Check".into(),
        deed: "Write a check and post it.".into(),
        details: vec![
            ("Payable to".into(), "Ana Ćirić Ltd".into()),
            ("Address".into(), "1 Main St\nApt 4\nSpringfield IL 62701\nUS".into()),
            ("Memo".into(), "PAY-2026-09-9G5FAV-USD001".into()),
        ],
        net: "75700.00".into(),
        gross: "100000.00".into(),
        kept: vec![
            Kept { why: "Retention fee", amount: "300.00".into() },
            Kept { why: "Tax withheld", amount: "24000.00".into() },
        ],
        currency: "USD".into(),
        covered: Covered { lines: 3, first_day: Some(date(2026, 8, 1)), last_day: Some(date(2026, 9, 13)) },
        asked_at: "2026-09-15T12:00:00Z".parse().expect("an instant"),
        seal: "9f2c4e7ab1d05833c6a8e0f14d72b95e6a17c3d8f0b24e91a5c7d36280fe41bb".into(),
    }
}

/// PAY-10.
#[test]
fn the_page_says_whom_to_pay_how_much_where_to_and_by_which_reference() {
    let text = words(&page());
    for told in [
        "Northwind Affiliates",
        "Ana Ćirić Ltd",
        "Springfield IL 62701",
        "8Y3K7QW2M5N9R4T6V1X0Z3B7D2",
        "pay_01ARZ3NDEKTSV4RRFFQ69G5FAVUSD000001",
        "Write a check and post it.",
        "15 September 2026",
        "Commission available 1 August 2026 to 13 September 2026",
        "Nothing is paid by this page.",
    ] {
        assert!(text.replace('\n', " ").contains(told), "{told} is not in {text}");
    }
    // The address stands in lines, as it goes onto an envelope.
    assert!(text.contains("1 Main St\nApt 4\nSpringfield IL 62701\nUS\n"), "{text}");
}

/// PAY-13.
#[test]
fn what_is_to_be_moved_is_the_net_and_what_is_kept_stands_before_it() {
    let text = words(&page());
    let places = ["USD 100,000.00", "USD \u{2212}300.00", "USD \u{2212}24,000.00", "To be moved"];
    let places = places.map(|figure| text.find(figure).unwrap_or_else(|| panic!("{figure} is not in {text}")));
    assert!(places.is_sorted(), "{text}");
    assert_eq!(text.matches("USD 75,700.00").count(), 2, "{text}");
}

#[test]
fn the_same_instructions_are_the_same_file_and_others_are_another() {
    let [first, second] = [page(), page()].map(|page| page.to_pdf().expect("a file"));
    assert!(first.starts_with(b"%PDF-"));
    assert!(first == second, "two settings of one page differ");
    let other = Instructions { net: "75700.01".into(), ..page() };
    assert!(other.to_pdf().expect("a file") != first);
}

#[test]
fn no_word_of_what_a_payee_asks_for_is_cut_and_none_becomes_markup() {
    let long: Vec<String> = (0..300).map(|n| format!("word{n}")).collect();
    let asked = format!("#panic(\"x\") *bold* <label>\n{}", long.join(" "));
    let page = Instructions { details: vec![("Instructions".into(), asked)], ..page() };
    let text = words(&page).replace('\n', " ");
    assert!(text.contains("#panic(\"x\") *bold* <label>"), "{text}");
    for word in &long {
        assert!(text.contains(word.as_str()), "{word} is not in {text}");
    }
}
