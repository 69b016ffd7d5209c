//! What a payee says of where the money goes, checked field by field and written as banks write it.

use domain::email::Email;
use domain::fault::Fault;
use domain::payee::{Destination, PostalAddress};

use crate::bank::{self, AccountNumber, Iban, PayPalAddress, RoutingNumber};

const NAME_CHARS_MAX: usize = 140;
const ADDRESS_CHARS_MAX: usize = 100;
const INSTRUCTIONS_CHARS_MAX: usize = 1_000;

/// Collects what is wrong, in words for whoever typed it.
#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn check<T, E: std::fmt::Display>(&mut self, field: &str, read: Result<T, E>) -> Option<T> {
        read.map_err(|why| self.0.push(Fault::form(format!("/{field}"), why.to_string()))).ok()
    }

    /// A number may be of its form, and no bank have such a one.
    fn number<T>(&mut self, field: &str, read: Result<T, bank::Refused>) -> Option<T> {
        let fault =
            |why: &bank::Refused| Fault { pointer: format!("/{field}"), why: why.to_string(), is_form: why.is_form() };
        read.map_err(|why| self.0.push(fault(&why))).ok()
    }

    /// A text for people: without blanks around it, something to read, nothing that steers a terminal.
    fn text(&mut self, field: &str, text: &str, chars_max: usize) -> String {
        let text = text.trim();
        let is_fine = (1..=chars_max).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if !is_fine {
            let why = format!("must have 1 to {chars_max} characters, and no control characters");
            self.0.push(Fault::form(format!("/{field}"), why));
        }
        text.to_owned()
    }

    fn address(&mut self, address: &PostalAddress) -> PostalAddress {
        let mut optional = |field, text: &Option<String>| {
            let text = text.as_deref().map(str::trim).filter(|text| !text.is_empty());
            text.map(|text| self.text(field, text, ADDRESS_CHARS_MAX))
        };
        let (line2, region) = (optional("address/line2", &address.line2), optional("address/region", &address.region));
        let country = address.country.trim().to_uppercase();
        if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
            self.0.push(Fault::form("/address/country", "must be two letters, such as US"));
        }
        PostalAddress {
            line1: self.text("address/line1", &address.line1, ADDRESS_CHARS_MAX),
            line2,
            city: self.text("address/city", &address.city, ADDRESS_CHARS_MAX),
            region,
            postal_code: self.text("address/postal_code", &address.postal_code, 16),
            country,
        }
    }
}

/// PAY-12: a destination whose every field a bank, a rail or a postman can work with.
///
/// # Errors
/// Every field that is wrong.
pub fn check(destination: &Destination) -> Result<Destination, Vec<Fault>> {
    let mut faults = Faults::default();
    let checked = checked(destination, &mut faults);
    match checked {
        Some(checked) if faults.0.is_empty() => Ok(checked),
        _ => Err(faults.0),
    }
}

/// As [`check`], of an address alone.
///
/// # Errors
/// Every field that is wrong.
pub fn read_address(address: &PostalAddress) -> Result<PostalAddress, Vec<Fault>> {
    let mut faults = Faults::default();
    let read = faults.address(address);
    if faults.0.is_empty() { Ok(read) } else { Err(faults.0) }
}

fn checked(destination: &Destination, faults: &mut Faults) -> Option<Destination> {
    Some(match destination {
        Destination::StripeConnect { account_id } => {
            let id = account_id.trim();
            let rest = id.strip_prefix("acct_").unwrap_or_default();
            let is_id = (8..=64).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let read = if is_id { Ok(id.to_owned()) } else { Err("must be acct_ and what Stripe wrote behind it") };
            Destination::StripeConnect { account_id: faults.check("account_id", read)? }
        }
        Destination::Ach { holder, holder_kind, routing_number, account_number, account_kind } => {
            let holder = faults.text("holder", holder, NAME_CHARS_MAX);
            let routing = faults.number("routing_number", RoutingNumber::parse(routing_number));
            let account = faults.number("account_number", AccountNumber::parse(account_number));
            Destination::Ach {
                holder,
                holder_kind: *holder_kind,
                routing_number: routing?.expose().to_owned(),
                account_number: account?.expose().to_owned(),
                account_kind: *account_kind,
            }
        }
        Destination::Paypal { email } => {
            // An address may be one, and PayPal's file have no place for it.
            faults.check("email", Email::parse(email))?;
            let email = faults.number("email", PayPalAddress::parse(email))?;
            Destination::Paypal { email: email.expose().to_owned() }
        }
        Destination::Wise { holder, email, iban } => {
            let holder = faults.text("holder", holder, NAME_CHARS_MAX);
            let email = faults.check("email", Email::parse(email));
            let iban = faults.number("iban", iban.as_deref().map(Iban::parse).transpose());
            let iban = iban?.map(|iban| iban.expose().to_owned());
            Destination::Wise { holder, email: email?.as_str().to_owned(), iban }
        }
        Destination::Csv { holder, iban } => {
            let holder = faults.text("holder", holder, NAME_CHARS_MAX);
            let iban = faults.number("iban", Iban::parse(iban))?;
            Destination::Csv { holder, iban: iban.expose().to_owned() }
        }
        Destination::Check { payable_to, address } => {
            let payable_to = faults.text("payable_to", payable_to, NAME_CHARS_MAX);
            Destination::Check { payable_to, address: faults.address(address) }
        }
        Destination::Manual { holder, instructions } => Destination::Manual {
            holder: faults.text("holder", holder, NAME_CHARS_MAX),
            instructions: faults.text("instructions", instructions, INSTRUCTIONS_CHARS_MAX),
        },
        Destination::External { reference } => {
            Destination::External { reference: faults.text("reference", reference, NAME_CHARS_MAX) }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::payee::{AccountKind, HolderKind};

    fn ach(routing_number: &str, account_number: &str) -> Destination {
        Destination::Ach {
            holder: " Ada Lovelace ".to_owned(),
            holder_kind: HolderKind::Personal,
            routing_number: routing_number.to_owned(),
            account_number: account_number.to_owned(),
            account_kind: AccountKind::Checking,
        }
    }

    /// The fields that are wrong; behind those that are of their form a question mark.
    fn fields(destination: &Destination) -> Vec<String> {
        let told = |fault: Fault| format!("{}{}", &fault.pointer[1..], if fault.is_form { "" } else { "?" });
        check(destination).err().unwrap_or_default().into_iter().map(told).collect()
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let text = str::to_owned;
        assert_eq!(fields(&ach("021000021", "000123456")), Vec::<String>::new());
        assert_eq!(fields(&ach("021000022", "")), ["routing_number?", "account_number"]);
        let address = PostalAddress {
            line1: text(" "),
            line2: None,
            city: text("\u{1b}"),
            region: None,
            postal_code: text("10001"),
            country: text("USA"),
        };
        let wrong = ["payable_to", "address/country", "address/line1", "address/city"];
        assert_eq!(fields(&Destination::Check { payable_to: String::new(), address }), wrong);
        let rows = [
            (Destination::StripeConnect { account_id: text("acct_1PgafTB7WZ01zgkW") }, &[][..]),
            (Destination::StripeConnect { account_id: text("1PgafTB7WZ01zgkW") }, &["account_id"]),
            (Destination::Paypal { email: text("pat@partner.example") }, &[]),
            (Destination::Paypal { email: text("pat") }, &["email"]),
            (Destination::Wise { holder: text("Ada"), email: text("a@b.example"), iban: None }, &[]),
            (
                Destination::Wise { holder: text("Ada"), email: text("a"), iban: Some(text("DE00")) },
                &["email", "iban?"],
            ),
            (Destination::Csv { holder: text("Ada"), iban: text("GB82WEST12345698765433") }, &["iban?"]),
            (Destination::Manual { holder: text("Ada"), instructions: text("x").repeat(1_001) }, &["instructions"]),
            (Destination::External { reference: text("") }, &["reference"]),
        ];
        for (destination, expected) in rows {
            assert_eq!(fields(&destination), expected, "{destination:?}");
        }
    }

    #[test]
    fn what_is_right_is_written_as_banks_write_it_and_is_right_again() {
        let destination =
            Destination::Csv { holder: " Ada ".to_owned(), iban: "gb82 west 1234 5698 7654 32".to_owned() };
        let once = check(&destination).expect("right");
        assert_eq!(once, Destination::Csv { holder: "Ada".to_owned(), iban: "GB82WEST12345698765432".to_owned() });
        assert_eq!(check(&once).expect("right"), once);
    }
}
