use proptest::prelude::*;

use super::*;

#[test]
fn an_amount_is_read_as_written() {
    let rows = [
        ("250.50", Currency::USD, Ok(25050)),
        ("-3", Currency::USD, Ok(-300)),
        ("0.5", Currency::USD, Ok(50)),
        ("926", Currency::JPY, Ok(926)),
        ("1.001", Currency::KWD, Ok(1001)),
        ("1.5", Currency::JPY, Err(MoneyError::TooPrecise { currency: Currency::JPY, exponent: 0, given: 1 })),
        ("1.005", Currency::USD, Err(MoneyError::TooPrecise { currency: Currency::USD, exponent: 2, given: 3 })),
        ("92233720368547758.08", Currency::USD, Err(MoneyError::OutOfRange)),
    ];
    for (text, currency, expected) in rows {
        assert_eq!(Money::parse(text, currency).map(Money::minor), expected, "{text} {currency}");
    }
    for text in ["", "-", "+1", "1.", ".5", "1e3", " 1", "1 ", "1,000.00", "--1", "0x1", "١", "NaN", "1.2.3"] {
        assert_eq!(Money::parse(text, Currency::USD), Err(MoneyError::NotAnAmount), "{text:?}");
    }
}

#[test]
fn a_json_number_is_not_an_amount() {
    assert!(serde_json::from_str::<AmountText>("250.50").is_err());
    assert!(serde_json::from_str::<AmountText>("\"250.50\"").is_ok());
}

#[test]
fn two_currencies_do_not_add() {
    let sum = Money::zero(Currency::USD).try_add(Money::zero(Currency::EUR));
    assert_eq!(sum, Err(MoneyError::CurrencyMismatch { left: Currency::USD, right: Currency::EUR }));
}

#[test]
fn arithmetic_out_of_range_is_an_error_and_never_wraps() {
    let most = Money::from_minor(i64::MAX, Currency::USD);
    let least = Money::from_minor(i64::MIN, Currency::USD);
    let one = Money::from_minor(1, Currency::USD);
    assert_eq!(most.try_add(one), Err(MoneyError::OutOfRange));
    assert_eq!(least.try_sub(one), Err(MoneyError::OutOfRange));
    assert_eq!(least.negate(), Err(MoneyError::OutOfRange));
}

#[test]
fn the_sign_of_an_amount_is_told() {
    for (minor, is_negative, is_zero, text) in [
        (-1, true, false, "-0.01"),
        (0, false, true, "0.00"),
        (1, false, false, "0.01"),
        (-12_345, true, false, "-123.45"),
    ] {
        let money = Money::from_minor(minor, Currency::USD);
        assert_eq!((money.is_negative(), money.is_zero()), (is_negative, is_zero), "{minor}");
        assert_eq!(
            (money.to_text(), format!("{money}"), format!("{money:?}")),
            (text.to_owned(), text.to_owned(), format!("{text} USD"))
        );
        assert_eq!(money.negate().map(Money::minor), Ok(-minor));
    }
    assert_eq!(Money::from_minor(-5, Currency::KWD).to_text(), "-0.005");
    assert_eq!(Money::from_minor(-5, Currency::JPY).to_text(), "-5");
    assert_eq!(Money::zero(Currency::JPY).to_text(), "0");
}

#[test]
fn a_sum_is_of_one_currency_and_in_range() {
    let usd = |minor| Money::from_minor(minor, Currency::USD);
    assert_eq!(Money::try_sum([usd(5), usd(-2), usd(4)], Currency::USD), Ok(usd(7)));
    assert_eq!(Money::try_sum([], Currency::EUR), Ok(Money::zero(Currency::EUR)));
    let mixed = MoneyError::CurrencyMismatch { left: Currency::EUR, right: Currency::USD };
    assert_eq!(Money::try_sum([usd(5)], Currency::EUR), Err(mixed.clone()));
    assert_eq!(Money::zero(Currency::EUR).try_sub(usd(5)), Err(mixed));
    assert_eq!(Money::try_sum([usd(i64::MAX), usd(1)], Currency::USD), Err(MoneyError::OutOfRange));
}

#[test]
fn what_is_kept_has_its_currency_and_what_is_sent_has_it_beside() {
    let kept = Money::from_minor(-25_050, Currency::USD);
    assert_eq!(serde_json::to_string(&kept).ok().as_deref(), Some("\"-250.50 USD\""));
    assert_eq!(serde_json::from_str::<Money>("\"-250.50 USD\"").ok(), Some(kept));
    for bad in ["\"250.50\"", "\"250.50 XXX\"", "\"250.505 USD\"", "\"USD 250.50\"", "250.50"] {
        assert!(serde_json::from_str::<Money>(bad).is_err(), "{bad}");
    }
    let sent = |text: &str| serde_json::from_str::<AmountText>(&format!("\"{text}\"")).expect("text");
    assert_eq!(sent("0").not_negative_in(Currency::USD), Ok(Money::zero(Currency::USD)));
    assert_eq!(sent("-0.01").not_negative_in(Currency::USD), Err(MoneyError::Negative));
    assert_eq!(sent("-0.01").in_currency(Currency::USD).map(Money::minor), Ok(-1));
    assert_eq!(AmountText::from(kept), sent("-250.50"));
}

fn any_currency() -> impl Strategy<Value = Currency> {
    proptest::sample::select(Currency::all().collect::<Vec<_>>())
}

proptest! {
    #[test]
    fn text_and_back_is_the_same_amount(minor in (i64::MIN + 1)..=i64::MAX, currency in any_currency()) {
        let money = Money::from_minor(minor, currency);
        prop_assert_eq!(Money::parse(&money.to_text(), currency), Ok(money));
    }

    #[test]
    fn subtracting_what_was_added_returns(a in -1_000_000_i64..1_000_000, b in -1_000_000_i64..1_000_000, currency in any_currency()) {
        let (a, b) = (Money::from_minor(a, currency), Money::from_minor(b, currency));
        prop_assert_eq!(a.try_add(b).and_then(|sum| sum.try_sub(b)), Ok(a));
    }

    #[test]
    fn the_order_of_a_sum_does_not_matter(mut minors in proptest::collection::vec(-1_000_000_i64..1_000_000, 0..50)) {
        let sum = |minors: &[i64]| Money::try_sum(minors.iter().map(|minor| Money::from_minor(*minor, Currency::EUR)), Currency::EUR);
        let forward = sum(&minors);
        minors.reverse();
        prop_assert_eq!(forward, sum(&minors));
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in ".*", currency in any_currency()) {
        let _ = Money::parse(&text, currency);
    }
}

#[test]
fn how_many_places_its_currency_has_is_no_matter_of_form() {
    let too_precise = |given| MoneyError::TooPrecise { currency: Currency::JPY, exponent: 0, given };
    let rows = [
        (MoneyError::NotAnAmount, true),
        (MoneyError::OutOfRange, true),
        (MoneyError::Negative, true),
        (too_precise(1), false),
        (too_precise(3), false),
        (too_precise(4), true),
        (MoneyError::CurrencyMismatch { left: Currency::USD, right: Currency::EUR }, false),
    ];
    for (error, expected) in rows {
        assert_eq!(error.is_form(), expected, "{error:?}");
    }
}
