//! ISO 4217 currencies with their number of minor digits.

use std::fmt;

use thiserror::Error;

/// Codes whose smallest unit is the unit itself.
const EXPONENT_0: &[&str] = &[
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF",
    "XPF",
];

/// Codes with three minor digits.
const EXPONENT_3: &[&str] = &["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];

/// Codes with two minor digits.
const EXPONENT_2: &[&str] = &[
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BMD", "BND", "BOB", "BRL",
    "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CNY", "COP", "CRC", "CUP", "CVE", "CZK", "DKK", "DOP",
    "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GTQ", "GYD", "HKD", "HNL",
    "HTG", "HUF", "IDR", "ILS", "INR", "IRR", "JMD", "KES", "KGS", "KHR", "KPW", "KYD", "KZT", "LAK", "LBP", "LKR",
    "LRD", "LSL", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MYR", "MZN",
    "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB",
    "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB",
    "TJS", "TMT", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "USD", "UYU", "UZS", "VES", "WST", "XCD", "YER", "ZAR",
    "ZMW", "ZWG",
];

/// A currency of ISO 4217.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    code: &'static str,
    exponent: u32,
}

/// A code that is no currency here.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("unknown currency; use an ISO 4217 code such as USD")]
pub struct UnknownCurrency;

impl Currency {
    /// United States dollar.
    pub const USD: Self = Self { code: "USD", exponent: 2 };
    /// Euro.
    pub const EUR: Self = Self { code: "EUR", exponent: 2 };
    /// Japanese yen.
    pub const JPY: Self = Self { code: "JPY", exponent: 0 };
    /// Kuwaiti dinar.
    pub const KWD: Self = Self { code: "KWD", exponent: 3 };

    /// Reads an upper-case ISO 4217 code.
    ///
    /// # Errors
    /// The code is not in the table.
    pub fn parse(text: &str) -> Result<Self, UnknownCurrency> {
        for (codes, exponent) in [(EXPONENT_2, 2), (EXPONENT_0, 0), (EXPONENT_3, 3)] {
            if let Some(code) = codes.iter().find(|code| **code == text) {
                return Ok(Self { code, exponent });
            }
        }
        Err(UnknownCurrency)
    }

    /// The three letters.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.code
    }

    /// How many digits stand after the decimal point.
    #[must_use]
    pub fn exponent(self) -> u32 {
        self.exponent
    }

    /// Every currency, for tests of the whole table.
    pub fn all() -> impl Iterator<Item = Self> {
        [(EXPONENT_2, 2), (EXPONENT_0, 0), (EXPONENT_3, 3)]
            .into_iter()
            .flat_map(|(codes, exponent)| codes.iter().map(move |code| Self { code, exponent }))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code)
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code)
    }
}

impl serde::Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.code)
    }
}

impl<'de> serde::Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
