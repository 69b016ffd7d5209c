//! Addresses, spelled in every way.

use super::*;

#[test]
fn addresses_are_kept_with_their_domain_in_lower_case() {
    for (text, kept) in [
        ("Ada@Example.COM", "Ada@example.com"),
        (" a.b+tag@mail.example.org ", "a.b+tag@mail.example.org"),
        ("o'neil@exämple.de", "o'neil@exämple.de"),
    ] {
        assert_eq!(Email::parse(text).as_ref().map(Email::as_str), Ok(kept), "{text}");
    }
}

#[test]
fn what_could_not_be_an_address_is_refused() {
    let long = format!("{}@example.com", "a".repeat(65));
    let bad = [
        "",
        "@",
        "ada",
        "ada@",
        "@example.com",
        "ada@example",
        "a b@example.com",
        "ada@-x.com",
        "ada@x..com",
        ".ada@example.com",
        "a..b@example.com",
        "ada@example.com\r\nBcc: all@example.com",
        "<ada@example.com>",
        "a@b@example.com",
        "a,b@example.com",
        &long,
    ];
    for text in bad {
        assert_eq!(Email::parse(text), Err(NotAnEmail), "{text}");
    }
}

#[test]
fn two_spellings_of_one_address_are_one() {
    let cases = [
        (" Casey@Customer.EXAMPLE ", Some("casey@customer.example")),
        ("casey@customer.example.", Some("casey@customer.example")),
        ("casey+shop@customer.example", Some("casey@customer.example")),
        ("casey+shop+spring@customer.example", Some("casey@customer.example")),
        ("ca.sey@customer.example", Some("ca.sey@customer.example")),
        ("ca.s.ey+x@gmail.com", Some("casey@gmail.com")),
        ("casey@googlemail.com", Some("casey@gmail.com")),
        ("C.A.S.E.Y@GoogleMail.com", Some("casey@gmail.com")),
        ("ca.sey@mail.gmail.com", Some("ca.sey@mail.gmail.com")),
        ("casey@bücher.example", Some("casey@xn--bcher-kva.example")),
        ("casey@BÜCHER.example", Some("casey@xn--bcher-kva.example")),
        ("nobody", None),
        ("@customer.example", None),
        ("+tag@customer.example", None),
        ("...@gmail.com", None),
        ("casey@", None),
        ("casey@127.0.0.1", None),
    ];
    for (address, expected) in cases {
        assert_eq!(normalise(address).as_deref(), expected, "{address}");
    }
    assert_eq!(digest("Casey@customer.example"), digest("casey+1@customer.example"));
    assert_ne!(digest("casey@customer.example"), digest("kim@customer.example"));
}

#[test]
fn addresses_to_throw_away_are_known_by_their_domain() {
    for address in ["x@mailinator.com", "X+1@MAILINATOR.com", "a@box.yopmail.com", "a@deep.er.guerrillamail.info."] {
        assert!(is_disposable(address), "{address}");
    }
    let fine = ["x@notmailinator.com", "mailinator.com@customer.example", "x@gmail.com", "nonsense", "x@com", ""];
    for address in fine {
        assert!(!is_disposable(address), "{address}");
    }
}

#[test]
fn the_list_of_domains_is_sorted_and_plain() {
    let domains: Vec<&str> = DISPOSABLE.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(domains.is_sorted(), "keep it sorted: a diff then shows what was added");
    for domain in domains {
        assert_eq!(parts(&format!("x@{domain}")).map(|(_, domain)| domain).as_deref(), Some(domain), "{domain}");
        assert!(domain.contains('.'), "{domain}");
    }
}
