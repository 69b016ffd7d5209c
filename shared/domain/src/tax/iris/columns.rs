//! The columns that are known by name, and what stands in them.

use super::{Boxes, Payer, Recipient, Template, TemplateFault, tin_word};
use crate::money::Money;
use crate::payee::PostalAddress;
use crate::tax::InformationReturn;

/// The part that all forms have, of the template of 2024.
const COMMON: &str = "Form Type,Tax Year,Payer TIN Type,Payer Taxpayer ID Number,Payer Name Type,\
Payer Business or Entity Name Line 1,Payer Business or Entity Name Line 2,Payer First Name,Payer Middle Name,\
Payer Last Name (Surname),Payer Suffix,Payer Country,Payer Address Line 1,Payer Address Line 2,Payer City/Town,\
Payer State/Province/Territory,Payer ZIP/Postal Code,Payer Phone Type,Payer Phone,Payer Email Address,\
Recipient TIN Type,Recipient Taxpayer ID Number,Recipient Name Type,Recipient Business or Entity Name Line 1,\
Recipient Business or Entity Name Line 2,Recipient First Name,Recipient Middle Name,Recipient Last Name (Surname),\
Recipient Suffix,Recipient Country,Recipient Address Line 1,Recipient Address Line 2,Recipient City/Town,\
Recipient State/Province/Territory,Recipient ZIP/Postal Code,Office Code,Form Account Number";

const NEC: &str = "2nd TIN Notice,Box 1 - Nonemployee Compensation,Box 2 - Payer made direct sales totaling $5000 or more of \
consumer products to a recipient for resale,Box 4 - Federal income tax withheld";

// The portal's own spelling of box 8.
const MISC: &str = "FATCA Filing Requirements,2nd TIN Notice,Box 1 - Rents,Box 2 - Royalties,Box 3 - Other Income,\
Box 4 - Federal income tax withheld,Box 5 - Fishing boat proceeds,Box 6 - Medical and health care payments,\
Box 7 - Direct sales of $5000 or more of consumer products to a recipient for resale,\
Box 8 - Subtitute payments in lieu of dividends or interest,Box 9 - Crop insurance proceeds,\
Box 10 - Gross proceeds paid to an attorney,Box 11 - Fish purchased for resale,Box 12 - Section 409A deferrals,\
Box 14 - Excess golden parachute payments,Box 15 - Nonqualified deferred compensation";

const STATE: [&str; 6] = [
    "",
    " - State Tax Withheld",
    " - State/Payer state number",
    " - State income",
    " - Local income tax withheld",
    " - Special Data Entries",
];

/// The last year whose boxes the template of 2024 has: from 2026 on box 1 is 1a, and there are others.
const BUILT_IN_THROUGH: i16 = 2025;

/// The template of 2024, for the years whose boxes it has.
///
/// # Errors
/// It does not parse, which a test rules out.
#[must_use]
pub fn built_in(form: InformationReturn, year: i16) -> Option<Result<Template, TemplateFault>> {
    (year <= BUILT_IN_THROUGH).then(|| Template::parse(form, &header_2024(form)))
}

/// 54 columns of a 1099-NEC, 66 of a 1099-MISC.
pub(super) fn header_2024(form: InformationReturn) -> String {
    let own = match form {
        InformationReturn::Nec => NEC,
        InformationReturn::Misc => MISC,
    };
    let states = ["State 1", "State 2"].iter().flat_map(|state| STATE.map(|of| format!("{state}{of}")));
    let columns: Vec<String> =
        [COMMON, own, "Combined Federal/State Filing"].map(str::to_owned).into_iter().chain(states).collect();
    columns.join(",")
}

/// Is this the column of what was paid?
pub(super) fn is_amount(form: InformationReturn, name: &str) -> bool {
    let beginnings: &[&str] = match form {
        InformationReturn::Nec => &["Box 1 - ", "Box 1a - "],
        InformationReturn::Misc => &["Box 3 - "],
    };
    beginnings.iter().any(|beginning| name.starts_with(beginning))
}

/// Boxes that nothing of ours belongs in stay empty: rents, tips, overtime, what states withhold.
fn stays_empty(name: &str) -> bool {
    let of_state = name.strip_prefix("State 1").or_else(|| name.strip_prefix("State 2"));
    name.starts_with("Box ")
        || of_state.is_some_and(|rest| STATE.contains(&rest))
        || [
            "2nd TIN Notice",
            "Combined Federal/State Filing",
            "FATCA Filing Requirements",
            "Office Code",
            "Payer Middle Name",
            "Payer Suffix",
            "Recipient Middle Name",
            "Recipient Suffix",
        ]
        .contains(&name)
}

/// Is it decided what stands in a column?
pub(super) fn is_known(form: InformationReturn, name: &str) -> bool {
    let of_person = |who: &str| name.strip_prefix(who).is_some_and(|field| PERSON.contains(&field));
    is_amount(form, name) || stays_empty(name) || of_person("Payer ") || of_person("Recipient ") || OWN.contains(&name)
}

const OWN: [&str; 6] =
    ["Form Type", "Tax Year", "Payer Phone Type", "Payer Phone", "Payer Email Address", "Form Account Number"];
const PERSON: [&str; 13] = [
    "TIN Type",
    "Taxpayer ID Number",
    "Name Type",
    "Business or Entity Name Line 1",
    "Business or Entity Name Line 2",
    "First Name",
    "Last Name (Surname)",
    "Country",
    "Address Line 1",
    "Address Line 2",
    "City/Town",
    "State/Province/Territory",
    "ZIP/Postal Code",
];

/// What a row is made of.
pub(super) struct Row<'a> {
    pub(super) form: InformationReturn,
    pub(super) year: i16,
    pub(super) payer: &'a Payer,
    pub(super) payee: &'a Recipient<'a>,
    pub(super) boxes: Boxes,
}

/// A payer or a payee, as both are told.
struct Person<'a> {
    tin: (&'static str, String),
    business: Option<String>,
    first: Option<String>,
    last: Option<String>,
    address: &'a PostalAddress,
}

impl Person<'_> {
    fn cell(&self, field: &str) -> Option<String> {
        // Of a person with a trade name the person stands on line 1 and the trade name on line 2.
        let both = || [&self.first, &self.last].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ");
        let is_person = self.business.is_none();
        let (line1, line2) = match (&self.business, &self.last) {
            (None, _) => (String::new(), String::new()),
            (Some(business), None) => (business.clone(), String::new()),
            (Some(business), Some(_)) => (both(), business.clone()),
        };
        let name = |part: &Option<String>| part.clone().filter(|_| is_person).unwrap_or_default();
        let PostalAddress { line1: street, line2: more, city, region, postal_code, country } = self.address;
        Some(match field {
            "TIN Type" => self.tin.0.to_owned(),
            "Taxpayer ID Number" => self.tin.1.clone(),
            "Name Type" => if is_person { "I" } else { "B" }.to_owned(),
            "Business or Entity Name Line 1" => line1,
            "Business or Entity Name Line 2" => line2,
            "First Name" => name(&self.first),
            "Last Name (Surname)" => name(&self.last),
            "Country" => country.clone(),
            "Address Line 1" => street.clone(),
            "Address Line 2" => more.clone().unwrap_or_default(),
            "City/Town" => city.clone(),
            "State/Province/Territory" => region.clone().unwrap_or_default(),
            "ZIP/Postal Code" => postal_code.clone(),
            _ => return None,
        })
    }
}

impl Row<'_> {
    /// What stands in a column; `None` where that is nothing.
    pub(super) fn cell(&self, name: &str) -> Option<String> {
        if is_amount(self.form, name) {
            return Some(amount(self.boxes.paid));
        }
        if name.starts_with("Box 4 - ") {
            return Some(amount(self.boxes.withheld));
        }
        match name {
            "Form Type" => return Some(self.form.word().to_uppercase()),
            "Tax Year" => return Some(self.year.to_string()),
            "Payer Phone Type" => return Some("D".to_owned()),
            "Payer Phone" => return Some(digits(&self.payer.phone)),
            "Payer Email Address" => return Some(self.payer.email.clone()),
            "Form Account Number" => return Some(self.payee.partner.to_string()),
            _ => {}
        }
        if let Some(field) = name.strip_prefix("Payer ") {
            return self.of_payer().cell(field);
        }
        name.strip_prefix("Recipient ").and_then(|field| self.of_payee().cell(field))
    }

    fn of_payer(&self) -> Person<'_> {
        let payer = self.payer;
        Person {
            tin: (tin_word(payer.tin_kind), digits(&payer.tin)),
            business: payer.business_name.clone(),
            first: payer.first_name.clone(),
            last: payer.last_name.clone(),
            address: &payer.address,
        }
    }

    fn of_payee(&self) -> Person<'_> {
        let content = self.payee.content;
        // Of a company a name of a person is whom to ask there.
        let person = |name: &'_ Option<String>| if self.payee.is_individual { name.clone() } else { None };
        Person {
            tin: (tin_word(self.payee.tin_kind), digits(content.tin.as_deref().unwrap_or_default())),
            business: content.business_name.clone(),
            first: person(&content.first_name),
            last: person(&content.last_name),
            address: &content.address,
        }
    }
}

/// Nothing is told as nothing.
fn amount(money: Money) -> String {
    if money.is_zero() { String::new() } else { money.to_text() }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}
