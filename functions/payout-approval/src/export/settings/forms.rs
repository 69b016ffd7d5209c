//! What is wrong with what banks need, field by field; what only a rail itself can say, at its block.

use domain::currency::Currency;
use edge::faults::{Faults, of_amount};
use rails::bank::{AccountNumber, Refused, RoutingNumber};
use rails::nacha::{BANK_NAME_CHARS_MAX, COMPANY_CHARS_MAX, DESCRIPTION_CHARS_MAX, DISCRETIONARY_CHARS_MAX};
use rails::sheet::{COLUMNS_MAX, Content};
use rails::{Why, text};

use super::{ADDENDA, AchSettings, CLASSES, CsvSettings, DAYS, OffsetSettings, RailSettings, WiseSettings};

/// The last number that a check can have.
const CHECK_NUMBER_MAX: u64 = 9_999_999_999;
/// How long a template's first line may be.
const HEADER_CHARS_MAX: usize = 1_000;

impl RailSettings {
    /// Everything that is wrong.
    pub(crate) fn faults(&self) -> Faults {
        let mut faults = Faults::default();
        if let Some(ach) = &self.ach {
            faults.append(behind(ach.forms(), "/ach", || ach.originator().err()));
        }
        if let Some(wise) = &self.wise {
            faults.append(behind(wise.forms(), "/wise", || wise.template().err()));
        }
        if let Some(csv) = &self.csv {
            faults.append(behind(csv.forms(), "/csv", || csv.layout().err()));
        }
        if self.check.as_ref().is_some_and(|check| !(1..=CHECK_NUMBER_MAX).contains(&check.first_number)) {
            faults.note("/check/first_number", format!("must be from 1 to {CHECK_NUMBER_MAX}"));
        }
        faults
    }
}

/// Where every field is of its form, the rail is asked whether they can be together.
fn behind(mut forms: Faults, block: &str, wrong: impl FnOnce() -> Option<Why>) -> Faults {
    if forms.is_empty()
        && let Some(why) = wrong()
    {
        forms.clash(block, why);
    }
    forms
}

/// A number of a bank may be written as one is, and be none.
fn number<T>(faults: &mut Faults, pointer: &str, read: Result<T, Refused>) {
    match read {
        Ok(_) => {}
        Err(why) if why.is_form() => faults.note(pointer, why),
        Err(why) => faults.clash(pointer, why),
    }
}

/// One of the words that there are.
fn word<T>(faults: &mut Faults, pointer: &str, said: &str, known: &[(&str, T)]) {
    if !known.iter().any(|(word, _)| *word == said) {
        let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
        faults.note(pointer, format!("one of {}", words.join(", ")));
    }
}

/// One of the signs that there are.
fn sign(faults: &mut Faults, pointer: &str, said: &str, known: &[&str]) {
    if !known.contains(&said) {
        faults.note(pointer, format!("one of {known:?}"));
    }
}

/// What can be read on paper, so many characters of it.
fn is_printed(said: &str, chars_max: usize) -> bool {
    said.len() <= chars_max && said.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

impl AchSettings {
    fn forms(&self) -> Faults {
        let mut faults = Faults::default();
        let routing = &self.destination_routing_number;
        number(&mut faults, "/ach/destination_routing_number", RoutingNumber::parse(routing));
        let routing = &self.originating_routing_number;
        number(&mut faults, "/ach/originating_routing_number", RoutingNumber::parse(routing));
        for (pointer, said, chars_max) in [
            ("/ach/destination_name", &self.destination_name, BANK_NAME_CHARS_MAX),
            ("/ach/origin_name", &self.origin_name, BANK_NAME_CHARS_MAX),
            ("/ach/company_name", &self.company_name, COMPANY_CHARS_MAX),
            ("/ach/description", &self.description, DESCRIPTION_CHARS_MAX),
            ("/ach/discretionary", &self.discretionary, DISCRETIONARY_CHARS_MAX),
        ] {
            let may_be_empty = pointer == "/ach/discretionary" && said.trim().is_empty();
            if !may_be_empty && !text::plain(said).is_ok_and(|plain| plain.len() <= chars_max) {
                faults.note(pointer, format!("must have 1 to {chars_max} characters that a bank's file can carry"));
            }
        }
        let is_id = |said: &str, digits: Option<usize>| {
            let plain = text::plain(said).unwrap_or_default();
            let is_own = plain.len() == 10 && plain.bytes().all(|byte| byte.is_ascii_alphanumeric());
            is_own || digits.is_some_and(|count| plain.len() == count && plain.bytes().all(|b| b.is_ascii_digit()))
        };
        if !is_id(&self.origin, Some(9)) {
            faults.note("/ach/origin", "must be nine digits, or ten letters and digits");
        }
        if !is_id(&self.company_id, None) {
            faults.note("/ach/company_id", "must be ten letters and digits");
        }
        faults.within("/ach/lead_days", u16::from(self.lead_days), 1..=5);
        faults.zone("/ach/zone", &self.zone);
        word(&mut faults, "/ach/addenda", &self.addenda, &ADDENDA);
        for (pointer, limit) in [("/ach/entry_max", &self.entry_max), ("/ach/file_max", &self.file_max)] {
            match limit.as_ref().map(|limit| limit.not_negative_in(Currency::USD)) {
                Some(Ok(money)) if money.is_zero() => faults.clash(pointer, "must be above zero"),
                Some(Err(error)) => faults.extend([of_amount(pointer, &error)]),
                Some(Ok(_)) | None => {}
            }
        }
        if let Some(offset) = &self.offset {
            offset.note_forms(&mut faults);
        }
        faults
    }
}

impl OffsetSettings {
    fn note_forms(&self, faults: &mut Faults) {
        number(faults, "/ach/offset/routing_number", RoutingNumber::parse(&self.routing_number));
        number(faults, "/ach/offset/account_number", AccountNumber::parse(&self.account_number));
        if !(1..=CLASSES.len()).contains(&self.classes.len()) {
            faults.note("/ach/offset/classes", format!("from 1 to {} of them", CLASSES.len()));
        }
        for (n, class) in self.classes.iter().enumerate() {
            word(faults, &format!("/ach/offset/classes/{n}"), class, &CLASSES);
        }
    }
}

impl WiseSettings {
    fn forms(&self) -> Faults {
        let mut faults = Faults::default();
        let header = self.header.trim_start_matches('\u{feff}').trim_end();
        if header.is_empty() || !is_printed(header, HEADER_CHARS_MAX) {
            faults.note("/wise/header", format!("1 to {HEADER_CHARS_MAX} plain characters, on one line"));
        }
        if !(1..=140).contains(&self.reference_chars) {
            faults.note("/wise/reference_chars", "must be from 1 to 140");
        }
        faults
    }
}

impl CsvSettings {
    fn forms(&self) -> Faults {
        let mut faults = Faults::default();
        if !(1..=COLUMNS_MAX).contains(&self.columns.len()) {
            faults.note("/csv/columns", format!("from 1 to {COLUMNS_MAX} of them"));
        }
        for (n, column) in self.columns.iter().enumerate() {
            faults.check(&format!("/csv/columns/{n}/content"), Content::parse(&column.content));
        }
        sign(&mut faults, "/csv/delimiter", &self.delimiter, &[",", ";", "\t", "|"]);
        sign(&mut faults, "/csv/decimal_mark", &self.decimal_mark, &[".", ","]);
        word(&mut faults, "/csv/days", &self.days, &DAYS);
        faults
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// What is told of settings with one field as it is said: form or not, and the pointer.
    fn told(pointer: &str, said: Value) -> (u16, Vec<String>) {
        let mut all = json!({
            "ach": {
                "destination_routing_number": "121042882", "destination_name": "TEST ODFI BANK", "origin": "121042882",
                "origin_name": "ACME INC", "company_name": "ACME INC", "company_id": "1234567890",
                "originating_routing_number": "121042882",
                "offset": {"routing_number": "121042882", "account_number": "998877665544", "account_kind": "checking",
                    "classes": ["CCD"]},
            },
            "wise": {"header": "name,recipientEmail,amountCurrency,amount,sourceCurrency,targetCurrency,IBAN",
                "source_currency": "USD"},
            "csv": {"columns": [{"header": "Amount", "content": "amount"}, {"header": "No", "content": "reference"},
                {"header": "Currency", "content": "currency"}]},
            "check": {"first_number": 1001},
        });
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        match all.pointer_mut(parent).expect("a block") {
            Value::Array(entries) => entries[0] = said,
            block => block[name] = said,
        }
        let settings: RailSettings = serde_json::from_value(all).expect("settings");
        let Err(problem) = settings.faults().finish(Some(())) else { return (200, Vec::new()) };
        let pointers = problem.errors().iter().filter_map(|error| error.pointer.clone());
        (problem.status().as_u16(), pointers.collect())
    }

    #[test]
    fn each_field_is_refused_by_its_own_pointer_and_what_only_the_rail_says_by_its_block() {
        for (pointer, said) in [
            ("/ach/destination_routing_number", json!("12104288")),
            ("/ach/originating_routing_number", json!("12104288x")),
            ("/ach/destination_name", json!("x".repeat(24))),
            ("/ach/origin_name", json!(" ")),
            ("/ach/company_name", json!("x".repeat(17))),
            ("/ach/description", json!("")),
            ("/ach/discretionary", json!("x".repeat(21))),
            ("/ach/origin", json!("12345678")),
            ("/ach/company_id", json!("short")),
            ("/ach/lead_days", json!(6)),
            ("/ach/zone", json!("no zone")),
            ("/ach/addenda", json!("some")),
            ("/ach/entry_max", json!("-1.00")),
            ("/ach/offset/routing_number", json!("1")),
            ("/ach/offset/account_number", json!("123")),
            ("/ach/offset/classes", json!([])),
            ("/ach/offset/classes/0", json!("WEB")),
            ("/wise/header", json!("")),
            ("/wise/reference_chars", json!(0)),
            ("/csv/columns", json!([])),
            ("/csv/columns/1/content", json!("sum")),
            ("/csv/delimiter", json!("::")),
            ("/csv/decimal_mark", json!("'")),
            ("/csv/days", json!("roman")),
            ("/check/first_number", json!(0)),
        ] {
            let pointers = if pointer.contains("classes/") { "/ach/offset/classes/0" } else { pointer };
            assert_eq!(told(pointer, said.clone()), (400, vec![pointers.to_owned()]), "{said}");
        }
        for (pointer, said, named) in [
            ("/ach/destination_routing_number", json!("121042883"), "/ach/destination_routing_number"),
            ("/ach/offset/account_number", json!("0000"), "/ach/offset/account_number"),
            ("/ach/zone", json!("Europe/Atlantis"), "/ach/zone"),
            ("/ach/file_max", json!("0.00"), "/ach/file_max"),
            ("/wise/header", json!("name,amount"), "/wise"),
            ("/csv/columns", json!([{"header": "Amount", "content": "amount"}]), "/csv"),
            ("/csv/columns/0/header", json!("=1+1"), "/csv"),
        ] {
            assert_eq!(told(pointer, said.clone()), (422, vec![named.to_owned()]), "{pointer} {said}");
        }
        assert_eq!(told("/check/first_number", json!(1)), (200, vec![]));
    }
}
