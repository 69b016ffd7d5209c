//! International bank account numbers (ISO 13616).

use crate::bank::{Field, Refused, secret_text};

/// Each country with an IBAN, and how many characters its IBANs have, by the registry.
const COUNTRIES: &[(&str, usize, &str)] = &[
    ("AD", 24, "Andorra"),
    ("AE", 23, "United Arab Emirates"),
    ("AL", 28, "Albania"),
    ("AT", 20, "Austria"),
    ("AZ", 28, "Azerbaijan"),
    ("BA", 20, "Bosnia and Herzegovina"),
    ("BE", 16, "Belgium"),
    ("BG", 22, "Bulgaria"),
    ("BH", 22, "Bahrain"),
    ("BI", 27, "Burundi"),
    ("BR", 29, "Brazil"),
    ("BY", 28, "Belarus"),
    ("CH", 21, "Switzerland"),
    ("CR", 22, "Costa Rica"),
    ("CY", 28, "Cyprus"),
    ("CZ", 24, "Czechia"),
    ("DE", 22, "Germany"),
    ("DJ", 27, "Djibouti"),
    ("DK", 18, "Denmark"),
    ("DO", 28, "Dominican Republic"),
    ("EE", 20, "Estonia"),
    ("EG", 29, "Egypt"),
    ("ES", 24, "Spain"),
    ("FI", 18, "Finland"),
    ("FK", 18, "Falkland Islands"),
    ("FO", 18, "Faroe Islands"),
    ("FR", 27, "France"),
    ("GB", 22, "United Kingdom"),
    ("GE", 22, "Georgia"),
    ("GI", 23, "Gibraltar"),
    ("GL", 18, "Greenland"),
    ("GR", 27, "Greece"),
    ("GT", 28, "Guatemala"),
    ("HN", 28, "Honduras"),
    ("HR", 21, "Croatia"),
    ("HU", 28, "Hungary"),
    ("IE", 22, "Ireland"),
    ("IL", 23, "Israel"),
    ("IQ", 23, "Iraq"),
    ("IS", 26, "Iceland"),
    ("IT", 27, "Italy"),
    ("JO", 30, "Jordan"),
    ("KW", 30, "Kuwait"),
    ("KZ", 20, "Kazakhstan"),
    ("LB", 28, "Lebanon"),
    ("LC", 32, "Saint Lucia"),
    ("LI", 21, "Liechtenstein"),
    ("LT", 20, "Lithuania"),
    ("LU", 20, "Luxembourg"),
    ("LV", 21, "Latvia"),
    ("LY", 25, "Libya"),
    ("MC", 27, "Monaco"),
    ("MD", 24, "Moldova"),
    ("ME", 22, "Montenegro"),
    ("MK", 19, "North Macedonia"),
    ("MN", 20, "Mongolia"),
    ("MR", 27, "Mauritania"),
    ("MT", 31, "Malta"),
    ("MU", 30, "Mauritius"),
    ("NI", 28, "Nicaragua"),
    ("NL", 18, "Netherlands"),
    ("NO", 15, "Norway"),
    ("OM", 23, "Oman"),
    ("PK", 24, "Pakistan"),
    ("PL", 28, "Poland"),
    ("PS", 29, "Palestine"),
    ("PT", 25, "Portugal"),
    ("QA", 29, "Qatar"),
    ("RO", 24, "Romania"),
    ("RS", 22, "Serbia"),
    ("RU", 33, "Russia"),
    ("SA", 24, "Saudi Arabia"),
    ("SC", 31, "Seychelles"),
    ("SD", 18, "Sudan"),
    ("SE", 24, "Sweden"),
    ("SI", 19, "Slovenia"),
    ("SK", 24, "Slovakia"),
    ("SM", 27, "San Marino"),
    ("SO", 23, "Somalia"),
    ("ST", 25, "Sao Tome and Principe"),
    ("SV", 28, "El Salvador"),
    ("TL", 23, "Timor-Leste"),
    ("TN", 24, "Tunisia"),
    ("TR", 26, "Türkiye"),
    ("UA", 29, "Ukraine"),
    ("VA", 22, "Vatican City"),
    ("VG", 24, "British Virgin Islands"),
    ("XK", 20, "Kosovo"),
    ("YE", 30, "Yemen"),
];

/// An IBAN: two letters of a country, two check digits, and the account in that country's own form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Iban(String);

secret_text!(Iban);

/// The name of a country that has IBANs, by its two letters.
#[must_use]
pub fn country_name(code: &str) -> Option<&'static str> {
    COUNTRIES.iter().find(|(known, _, _)| *known == code).map(|(_, _, name)| *name)
}

impl Iban {
    /// Reads an IBAN. Blanks are dropped, since people write it in groups of four; letters become capitals.
    ///
    /// # Errors
    /// Another character, a country without IBANs, another length than the country's, or check digits that do not fit.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let field = Field::Iban;
        let text: String = text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
        if text.is_empty() {
            return Err(Refused::Missing(field));
        }
        if let Some(found) = text.chars().find(|c| !c.is_ascii_alphanumeric()) {
            return Err(Refused::Character { field, allowed: "letters and digits", found });
        }
        let code = &text[..text.len().min(2)];
        let Some((_, length, country)) = COUNTRIES.iter().find(|(known, _, _)| *known == code) else {
            return Err(Refused::Country(code.to_owned()));
        };
        if text.len() != *length {
            return Err(Refused::Length {
                field,
                expected: format!("an IBAN of {country} has {length}"),
                count: text.len(),
            });
        }
        if !text.as_bytes()[2..4].iter().all(u8::is_ascii_digit) {
            return Err(Refused::Shape { field, expected: "needs two digits after the country" });
        }
        // 00, 01 and 99 can come out right and are never given out.
        if matches!(&text[2..4], "00" | "01" | "99") || remainder(&text) != 1 {
            return Err(Refused::CheckDigit(field));
        }
        Ok(Self(text))
    }

    /// The two letters of the country.
    #[must_use]
    pub fn country(&self) -> &str {
        &self.0[..2]
    }
}

/// The number modulo 97, the first four characters at the end and letters as 10 to 35, taken piece by piece: the whole
/// would not fit any integer.
fn remainder(text: &str) -> u32 {
    let (head, account) = text.split_at(4);
    account.chars().chain(head.chars()).fold(0, |rest, c| {
        let value = c.to_digit(36).unwrap_or_default();
        (if value < 10 { rest * 10 + value } else { rest * 100 + value }) % 97
    })
}
