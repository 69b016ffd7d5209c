use proptest::prelude::*;

use super::*;

/// What a text is refused for, in words; empty when it is taken.
fn word<T>(read: Result<T, Refused>) -> String {
    read.err().map(|refused| refused.to_string()).unwrap_or_default()
}

#[test]
fn routing_numbers_are_known_by_length_range_and_check_digit() {
    let table = [
        ("011000015", ""),
        ("021000021", ""),
        ("110000000", ""),
        ("121042882", ""),
        ("231380104", ""),
        ("031300012", ""),
        ("322271627", ""),
        ("026009593", ""),
        ("042000013", ""),
        (" 021000021 ", ""),
        ("123456789", "the routing number has a typing mistake: its check digit does not fit the other digits"),
        ("021000022", "the routing number has a typing mistake: its check digit does not fit the other digits"),
        ("091012980", "the routing number has a typing mistake: its check digit does not fit the other digits"),
        ("000000000", "the routing number is an example number, not one of a real account"),
        ("123456780", "the routing number is an example number, not one of a real account"),
        ("987654320", "no bank in the United States has a routing number that begins with 98"),
        ("500000005", "no bank in the United States has a routing number that begins with 50"),
        ("", "the routing number is missing"),
        ("02100002", "the routing number has 8 characters; a routing number has 9"),
        ("0210000210", "the routing number has 10 characters; a routing number has 9"),
        ("02100-021", "the routing number may hold digits only; it has \"-\""),
        ("021 00021", "the routing number may hold digits only; it has a blank"),
        ("٠٢١٠٠٠٠٢١", "the routing number may hold digits only; it has \"٠\""),
    ];
    for (text, expected) in table {
        assert_eq!(word(RoutingNumber::parse(text)), expected, "{text}");
    }
}

#[test]
fn account_numbers_are_four_to_seventeen_digits_letters_or_hyphens() {
    let table = [
        ("1234", ""),
        ("12345678901234567", ""),
        ("744-5678-99", ""),
        ("ab12", ""),
        ("123", "the account number has 3 characters; an account number has 4 to 17"),
        ("123456789012345678", "the account number has 18 characters; an account number has 4 to 17"),
        ("12 34", "the account number may hold digits, letters and hyphens only; it has a blank"),
        ("12=34", "the account number may hold digits, letters and hyphens only; it has \"=\""),
        ("abcd", "the account number has no digit"),
        ("-1234", "the account number must begin and end with a digit or a letter"),
        ("1234-", "the account number must begin and end with a digit or a letter"),
        ("0000000", "the account number is an example number, not one of a real account"),
        ("  ", "the account number is missing"),
    ];
    for (text, expected) in table {
        assert_eq!(word(AccountNumber::parse(text)), expected, "{text}");
    }
    assert_eq!(AccountNumber::parse("ab12").map(|number| number.expose().to_owned()), Ok("AB12".to_owned()));
}

const IBANS: [&str; 18] = [
    "GB82WEST12345698765432",
    "DE89370400440532013000",
    "FR1420041010050500013M02606",
    "NL91ABNA0417164300",
    "ES9121000418450200051332",
    "IT60X0542811101000000123456",
    "BE68539007547034",
    "CH9300762011623852957",
    "NO9386011117947",
    "MT84MALT011000012345MTLCAST001S",
    "IE29AIBK93115212345678",
    "AT611904300234573201",
    "PL61109010140000071219812874",
    "SE4550000000058398257466",
    "DK5000400440116243",
    "FI2112345600000785",
    "PT50000201231234567890154",
    "LU280019400644750000",
];

#[test]
fn ibans_of_every_country_in_the_worked_table_are_taken() {
    for text in IBANS {
        assert_eq!(word(Iban::parse(text)), "", "{text}");
        let grouped: String = text
            .chars()
            .enumerate()
            .flat_map(|(n, c)| {
                let blank = (n > 0 && n % 4 == 0).then_some(' ');
                blank.into_iter().chain([c.to_ascii_lowercase()])
            })
            .collect();
        assert_eq!(Iban::parse(&grouped).map(|iban| iban.expose().to_owned()), Ok(text.to_owned()), "{grouped}");
    }
}

#[test]
fn an_iban_is_refused_by_what_is_wrong_with_it() {
    let table = [
        ("GB82WEST12345698765433", "the IBAN has a typing mistake: its check digit does not fit the other digits"),
        ("DE89370400440532013001", "the IBAN has a typing mistake: its check digit does not fit the other digits"),
        ("DE8937040044053201300", "the IBAN has 21 characters; an IBAN of Germany has 22"),
        ("GB82WEST123456987654321", "the IBAN has 23 characters; an IBAN of United Kingdom has 22"),
        (
            "US82WEST12345698765432",
            "US is not a country with an IBAN; an IBAN begins with two letters such as GB or DE",
        ),
        ("1", "1 is not a country with an IBAN; an IBAN begins with two letters such as GB or DE"),
        ("DEXX370400440532013000", "the IBAN needs two digits after the country"),
        ("DE89-3704-0044-0532-01", "the IBAN may hold letters and digits only; it has \"-\""),
        ("", "the IBAN is missing"),
    ];
    for (text, expected) in table {
        assert_eq!(word(Iban::parse(text)), expected, "{text}");
    }
}

#[test]
fn a_bic_is_eight_or_eleven_characters_with_six_letters_in_front() {
    let table = [
        ("DEUTDEFF", ""),
        ("deutdeff500", ""),
        ("NEDSZAJJXXX", ""),
        ("DEUTDEF", "the BIC (SWIFT code) has 7 characters; a BIC has 8 or 11"),
        ("DEUTDEFF5", "the BIC (SWIFT code) has 9 characters; a BIC has 8 or 11"),
        ("DEU1DEFF", "the BIC (SWIFT code) must begin with six letters: the bank's four and the country's two"),
        ("DEUTDEF0", "the BIC (SWIFT code) is an example number, not one of a real account"),
        ("DEUT DEFF", "the BIC (SWIFT code) may hold letters and digits only; it has a blank"),
        ("", "the BIC (SWIFT code) is missing"),
    ];
    for (text, expected) in table {
        assert_eq!(word(Bic::parse(text)), expected, "{text}");
    }
}

#[test]
fn a_paypal_address_is_an_e_mail_address_that_no_spreadsheet_runs() {
    let long = format!("{}@example.com", "a".repeat(60));
    let longer = format!("a@{}.example.com", ["b".repeat(60), "c".repeat(60)].join("."));
    let table = [
        ("jane@example.com", ""),
        ("Jane+partner@Example.com", ""),
        (long.as_str(), ""),
        (longer.as_str(), "the PayPal address has 135 characters; PayPal takes 127 at most"),
        ("+jane@example.com", "the PayPal address must begin with a letter or a digit"),
        ("=cmd@example.com", "the PayPal address must begin with a letter or a digit"),
        ("jane", "the PayPal address is not an e-mail address such as name@example.com"),
        ("jane@müller.de", "the PayPal address may hold plain letters, digits and signs only; it has \"ü\""),
        (" ", "the PayPal address is missing"),
    ];
    for (text, expected) in table {
        assert_eq!(word(PayPalAddress::parse(text)), expected, "{text}");
    }
}

#[test]
fn what_is_printed_shows_the_last_four_and_never_all() {
    let account = |text: &str| AccountNumber::parse(text).map(|number| format!("{number:?}"));
    assert_eq!(account("123456789"), Ok("****6789".to_owned()));
    assert_eq!(account("1234"), Ok("****".to_owned()));
    assert_eq!(account("12345"), Ok("****2345".to_owned()));
    assert_eq!(Iban::parse(IBANS[0]).map(|iban| format!("{iban:?}")), Ok("****5432".to_owned()));
    assert_eq!(RoutingNumber::parse("021000021").map(|number| format!("{number:?}")), Ok("****0021".to_owned()));
    assert_eq!(PayPalAddress::parse("jane@example.com").map(|at| format!("{at:?}")), Ok("****.com".to_owned()));
}

proptest! {
    #[test]
    fn one_changed_digit_of_a_routing_number_is_always_noticed(base in 0_u32..10_000_000, at in 0_usize..9, by in 1_u8..10) {
        let head = format!("0{:07}", base);
        let sum = head.bytes().zip([3, 7, 1].into_iter().cycle()).fold(0_u32, |sum, (b, w)| sum + u32::from(b - b'0') * w);
        let whole = format!("{head}{}", (10 - sum % 10) % 10);
        let mut bytes = whole.clone().into_bytes();
        bytes[at] = b'0' + (bytes[at] - b'0' + by) % 10;
        let changed = String::from_utf8(bytes).expect("digits");
        prop_assume!(whole != "000000000");
        prop_assert!(RoutingNumber::parse(&whole).is_ok());
        prop_assert!(RoutingNumber::parse(&changed).is_err());
    }

    #[test]
    fn one_changed_character_or_two_swapped_ones_of_an_iban_are_always_noticed(which in 0_usize..18, at in 2_usize..14, by in 1_u8..10) {
        let text = IBANS[which];
        let mut bytes = text.as_bytes().to_vec();
        let (first, many) = if bytes[at].is_ascii_digit() { (b'0', 10) } else { (b'A', 26) };
        bytes[at] = first + (bytes[at] - first + by) % many;
        let changed = String::from_utf8(bytes).expect("ascii");
        prop_assert!(Iban::parse(&changed).is_err());
        let mut bytes = text.as_bytes().to_vec();
        bytes.swap(at, at + 1);
        let swapped = String::from_utf8(bytes).expect("ascii");
        prop_assert_eq!(Iban::parse(&swapped).is_ok(), swapped == text);
    }

    #[test]
    fn no_text_at_all_makes_a_parser_fall_over(text in ".{0,40}") {
        let _ = (RoutingNumber::parse(&text), AccountNumber::parse(&text), Bic::parse(&text));
        let _ = (Iban::parse(&text), PayPalAddress::parse(&text));
    }
}
