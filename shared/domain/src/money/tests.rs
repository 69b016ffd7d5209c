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
