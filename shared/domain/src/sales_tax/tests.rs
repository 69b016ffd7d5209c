use proptest::prelude::*;

use super::*;
use crate::currency::Currency;

fn day(text: &str) -> BusinessDay {
    BusinessDay::parse(text).expect("a day")
}

fn place(text: &str) -> Jurisdiction {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).expect("a place")
}

fn rate(at: &str, rate: &str, from: &str) -> TaxRate {
    TaxRate {
        place: place(at),
        name: "VAT".to_owned(),
        rate: Rate::parse(rate).expect("a rate"),
        behavior: TaxBehavior::Exclusive,
        has_reverse_charge: true,
        stacking: Stacking::InsteadOfCountry,
        from: day(from),
    }
}

fn table() -> Vec<TaxRate> {
    let inclusive = |rate: TaxRate| TaxRate { behavior: TaxBehavior::Inclusive, ..rate };
    let beside = |rate: TaxRate| TaxRate { stacking: Stacking::BesideCountry, ..rate };
    vec![
        // Germany's rate of half a year.
        rate("DE", "0.19", "2007-01-01"),
        rate("DE", "0.16", "2020-07-01"),
        rate("DE", "0.19", "2021-01-01"),
        inclusive(rate("FR", "0.2", "2014-01-01")),
        rate("JP", "0.1", "2019-10-01"),
        rate("KW", "0.05", "2026-01-01"),
        rate("US-NY", "0.08875", "2010-01-01"),
        // Canada: the country's and the province's, side by side; in one province both in one.
        rate("CA", "0.05", "2008-01-01"),
        beside(rate("CA-QC", "0.09975", "2013-01-01")),
        rate("CA-ON", "0.13", "2010-07-01"),
        inclusive(beside(rate("CA-XX", "0.01", "2013-01-01"))),
        // A tax that has ended.
        rate("PT", "0.23", "2011-01-01"),
        rate("PT", "0", "2026-01-01"),
    ]
}

fn taxable(amount: &str, currency: Currency, at: &str) -> Taxable {
    Taxable {
        amount: Money::parse(amount, currency).expect("an amount"),
        place: place(at),
        buyer: Buyer::Consumer,
        seller_country: "US".to_owned(),
        day: day("2026-09-01"),
        behavior: None,
    }
}

/// Net, tax and gross.
fn told(taxed: &Taxed) -> String {
    format!("{} + {} = {}", taxed.net, taxed.tax, taxed.gross)
}

#[test]
fn worked_values_of_the_table() {
    let rows = [
        ("100.00", Currency::EUR, "DE", "100.00 + 19.00 = 119.00"),
        ("0.03", Currency::EUR, "DE", "0.03 + 0.01 = 0.04"),
        ("0.02", Currency::EUR, "DE", "0.02 + 0.00 = 0.02"),
        ("-100.00", Currency::EUR, "DE", "-100.00 + -19.00 = -119.00"),
        // 20 % within: 119.99 / 6 = 19.998333…
        ("119.99", Currency::EUR, "FR", "99.99 + 20.00 = 119.99"),
        ("99.99", Currency::USD, "US-NY", "99.99 + 8.87 = 108.86"),
        // Half away from zero: 100.5 yen are 101; 0.5005 dinars are 0.501.
        ("1005", Currency::JPY, "JP", "1005 + 101 = 1106"),
        ("10.010", Currency::KWD, "KW", "10.010 + 0.501 = 10.511"),
        ("100.00", Currency::USD, "CA-ON", "100.00 + 13.00 = 113.00"),
        // Each of two is rounded: 0.9975 and 0.5 of 9.995 would be another sum.
        ("9.99", Currency::USD, "CA-QC", "9.99 + 1.50 = 11.49"),
        ("100.00", Currency::USD, "BR", "100.00 + 0.00 = 100.00"),
        ("100.00", Currency::USD, "US-TX", "100.00 + 0.00 = 100.00"),
        ("100.00", Currency::EUR, "PT", "100.00 + 0.00 = 100.00"),
    ];
    for (amount, currency, at, expected) in rows {
        let taxed = tax_of(&table(), &taxable(amount, currency, at)).expect("a tax");
        assert_eq!(told(&taxed), expected, "{amount} {currency} at {at}");
    }
}

#[test]
fn the_rate_of_the_day_applies_from_its_first_day_on() {
    let of = |day_text: &str| {
        let asked = Taxable { day: day(day_text), ..taxable("100.00", Currency::EUR, "DE") };
        tax_of(&table(), &asked).expect("a tax").tax.to_text()
    };
    assert_eq!(
        ["2006-12-31", "2007-01-01", "2020-06-30", "2020-07-01", "2020-12-31", "2021-01-01"].map(of),
        ["0.00", "19.00", "19.00", "16.00", "16.00", "19.00"]
    );
}

#[test]
fn whoever_says_what_a_price_is_is_believed() {
    let said = |behavior| Taxable { behavior: Some(behavior), ..taxable("119.00", Currency::EUR, "DE") };
    assert_eq!(told(&tax_of(&table(), &said(TaxBehavior::Inclusive)).expect("a tax")), "100.00 + 19.00 = 119.00");
    assert_eq!(told(&tax_of(&table(), &said(TaxBehavior::Exclusive)).expect("a tax")), "119.00 + 22.61 = 141.61");
    let mixed = taxable("100.00", Currency::USD, "CA-XX");
    assert_eq!(tax_of(&table(), &mixed), Err(TaxError::MixedBehaviors(place("CA-XX"))));
}

#[test]
fn a_business_abroad_owes_the_tax_itself_and_one_at_home_pays_it() {
    let of = |buyer: Buyer, seller: &str| {
        let asked = Taxable { buyer, seller_country: seller.to_owned(), ..taxable("100.00", Currency::EUR, "DE") };
        let taxed = tax_of(&table(), &asked).expect("a tax");
        (taxed.treatment, taxed.tax.to_text())
    };
    let rows = [
        (of(Buyer::Business, "US"), (Treatment::ReverseCharge, "0.00")),
        (of(Buyer::Business, "DE"), (Treatment::Standard, "19.00")),
        (of(Buyer::Consumer, "US"), (Treatment::Standard, "19.00")),
        (of(Buyer::Exempt, "DE"), (Treatment::Exempt, "0.00")),
    ];
    for ((treatment, tax), expected) in rows {
        assert_eq!((treatment, tax.as_str()), expected);
    }
    // Where the law knows no reversed charge, a business pays as anybody.
    let strict = vec![TaxRate { has_reverse_charge: false, ..rate("US-NY", "0.08875", "2010-01-01") }];
    let asked = Taxable {
        buyer: Buyer::Business,
        seller_country: "DE".to_owned(),
        ..taxable("100.00", Currency::USD, "US-NY")
    };
    assert_eq!(tax_of(&strict, &asked).expect("a tax").treatment, Treatment::Standard);
}

#[test]
fn a_place_is_a_country_and_perhaps_a_region() {
    assert_eq!(place("US-NY").to_string(), "US-NY");
    for (country, region, expected) in [
        ("de", None, JurisdictionError::Country),
        ("DEU", None, JurisdictionError::Country),
        ("", None, JurisdictionError::Country),
        ("US", Some("ny"), JurisdictionError::Region),
        ("US", Some(""), JurisdictionError::Region),
        ("US", Some("NEWY"), JurisdictionError::Region),
    ] {
        assert_eq!(Jurisdiction::parse(country, region), Err(expected), "{country} {region:?}");
    }
}

proptest! {
    /// What is added up is what is owed, whatever the amount, the rates and the way that prices are told.
    #[test]
    fn net_and_tax_are_the_gross_and_the_parts_are_the_tax(
        minor in -1_000_000_000_i64..1_000_000_000,
        country in 0_u32..=300_000,
        region in 0_u32..=300_000,
        inclusive in any::<bool>(),
    ) {
        let of = |millionths: u32| Rate::parse(&format!("0.{millionths:06}")).expect("a rate");
        let rates = vec![
            TaxRate { rate: of(country), ..rate("CA", "0.05", "2008-01-01") },
            TaxRate { rate: of(region), stacking: Stacking::BesideCountry, ..rate("CA-QC", "0.1", "2008-01-01") },
        ];
        let behavior = if inclusive { TaxBehavior::Inclusive } else { TaxBehavior::Exclusive };
        let amount = Money::from_minor(minor, Currency::USD);
        let asked = Taxable { amount, behavior: Some(behavior), ..taxable("0.00", Currency::USD, "CA-QC") };
        let taxed = tax_of(&rates, &asked).expect("a tax");
        prop_assert_eq!(taxed.net.minor() + taxed.tax.minor(), taxed.gross.minor());
        prop_assert_eq!(if inclusive { taxed.gross } else { taxed.net }, amount);
        if taxed.treatment == Treatment::Standard {
            let sum = Money::try_sum(taxed.parts.iter().map(|part| part.tax), Currency::USD).expect("a sum");
            prop_assert_eq!(sum, taxed.tax);
        }
    }

    /// Tax within a gross amount is the tax that makes that gross amount of its net one: to the unit that rounding loses.
    #[test]
    fn taking_tax_out_undoes_adding_it(minor in 0_i64..1_000_000_000, millionths in 1_u32..=300_000) {
        let rates = vec![TaxRate {
            rate: Rate::parse(&format!("0.{millionths:06}")).expect("a rate"),
            ..rate("DE", "0.19", "2007-01-01")
        }];
        let with = |amount: Money, behavior| Taxable { amount, behavior: Some(behavior), ..taxable("0.00", Currency::EUR, "DE") };
        let net = Money::from_minor(minor, Currency::EUR);
        let added = tax_of(&rates, &with(net, TaxBehavior::Exclusive)).expect("a tax");
        let taken = tax_of(&rates, &with(added.gross, TaxBehavior::Inclusive)).expect("a tax");
        prop_assert_eq!(taken.net, net);
    }
}
