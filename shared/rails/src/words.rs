//! Amounts in English words, as they stand on checks.

use domain::money::Money;

use crate::refused::Why;

const ONES: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const SCALES: [&str; 7] = ["", " thousand", " million", " billion", " trillion", " quadrillion", " quintillion"];

/// The amount in words, the fraction in digits: `two thousand and 05/100 USD`.
///
/// # Errors
/// Below zero.
pub(crate) fn in_words(amount: Money) -> Result<String, Why> {
    let minor = u64::try_from(amount.minor()).map_err(|_| Why::NotPositive(amount))?;
    let currency = amount.currency();
    let unit = 10_u64.pow(currency.exponent());
    let whole = number(minor / unit);
    if unit == 1 {
        return Ok(format!("{whole} {}", currency.code()));
    }
    let places = currency.exponent() as usize;
    Ok(format!("{whole} and {:0places$}/{unit} {}", minor % unit, currency.code()))
}

fn number(value: u64) -> String {
    if value == 0 {
        return ONES[0].to_owned();
    }
    let mut groups = Vec::new();
    let mut rest = value;
    for scale in SCALES {
        if !rest.is_multiple_of(1_000) {
            groups.push(below_thousand(rest % 1_000) + scale);
        }
        rest /= 1_000;
    }
    groups.reverse();
    groups.join(" ")
}

fn below_thousand(value: u64) -> String {
    let (hundreds, rest) = (value / 100, value % 100);
    let word =
        |at: u64, of: &[&'static str]| usize::try_from(at).ok().and_then(|at| of.get(at).copied()).unwrap_or_default();
    let tail = match rest {
        0 => String::new(),
        1..20 => word(rest, &ONES).to_owned(),
        _ if rest.is_multiple_of(10) => word(rest / 10, &TENS).to_owned(),
        _ => format!("{}-{}", word(rest / 10, &TENS), word(rest % 10, &ONES)),
    };
    match (hundreds, tail.is_empty()) {
        (0, _) => tail,
        (_, true) => format!("{} hundred", word(hundreds, &ONES)),
        (_, false) => format!("{} hundred {tail}", word(hundreds, &ONES)),
    }
}

#[cfg(test)]
mod tests {
    use domain::currency::Currency;

    use super::*;

    #[test]
    fn amounts_are_written_in_words() {
        let table = [
            (0, Currency::USD, "zero and 00/100 USD"),
            (5, Currency::USD, "zero and 05/100 USD"),
            (100, Currency::USD, "one and 00/100 USD"),
            (1_999, Currency::USD, "nineteen and 99/100 USD"),
            (2_000, Currency::EUR, "twenty and 00/100 EUR"),
            (4_210, Currency::USD, "forty-two and 10/100 USD"),
            (10_000, Currency::USD, "one hundred and 00/100 USD"),
            (99_999, Currency::USD, "nine hundred ninety-nine and 99/100 USD"),
            (100_000_001, Currency::USD, "one million and 01/100 USD"),
            (100_101_300, Currency::USD, "one million one thousand thirteen and 00/100 USD"),
            (1_234, Currency::JPY, "one thousand two hundred thirty-four JPY"),
            (1_005, Currency::KWD, "one and 005/1000 KWD"),
            (
                i64::MAX,
                Currency::JPY,
                "nine quintillion two hundred twenty-three quadrillion three hundred seventy-two trillion thirty-six billion eight hundred fifty-four million seven hundred seventy-five thousand eight hundred seven JPY",
            ),
        ];
        for (minor, currency, expected) in table {
            assert_eq!(in_words(Money::from_minor(minor, currency)).as_deref(), Ok(expected));
        }
        assert!(in_words(Money::from_minor(-1, Currency::USD)).is_err());
    }
}
