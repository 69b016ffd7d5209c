//! What a person needs who pays by hand: the same lines on a page, whichever rail it is.

use std::fmt;

use domain::id::PayoutId;
use domain::money::Money;
use domain::payee::{AccountKind, Destination, HolderKind, PostalAddress};

use crate::bank::Iban;
use crate::disbursement::Disbursement;
use crate::reference;

/// How to pay one payout. It holds bank details: `Debug` shows its labels only.
#[derive(Clone, PartialEq, Eq)]
pub struct Instructions {
    /// Which payout.
    pub payout: PayoutId,
    /// What to put beside the payment, so that it is found again: 26 characters.
    pub reference: String,
    /// How much.
    pub amount: Money,
    /// What to do, in a sentence.
    pub deed: &'static str,
    /// The details, each with its label, in the order in which they are read.
    pub lines: Vec<(&'static str, String)>,
}

impl fmt::Debug for Instructions {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels: Vec<&str> = self.lines.iter().map(|(label, _)| *label).collect();
        out.debug_struct("Instructions").field("payout", &self.payout).field("labels", &labels).finish_non_exhaustive()
    }
}

/// How to pay a payout by hand.
#[must_use]
pub fn of(payment: &Disbursement<Destination>) -> Instructions {
    let (deed, mut lines) = details(&payment.payee);
    if let Some(memo) = &payment.memo {
        lines.push(("Memo", memo.as_str().to_owned()));
    }
    Instructions {
        payout: payment.payout.clone(),
        reference: reference::short(&payment.payout, reference::LENGTH_MAX),
        amount: payment.amount,
        deed,
        lines,
    }
}

type Lines = Vec<(&'static str, String)>;

fn details(destination: &Destination) -> (&'static str, Lines) {
    let text = |text: &String| text.clone();
    match destination {
        Destination::StripeConnect { account_id } => {
            ("Transfer to the connected account at Stripe.", vec![("Account", text(account_id))])
        }
        Destination::Ach { holder, holder_kind, routing_number, account_number, account_kind } => {
            let lines = vec![
                ("Account holder", text(holder)),
                ("Holder", holder_word(*holder_kind).to_owned()),
                ("Routing number", text(routing_number)),
                ("Account number", text(account_number)),
                ("Account", account_word(*account_kind).to_owned()),
            ];
            ("Send an ACH credit.", lines)
        }
        Destination::Paypal { email } => ("Pay to the PayPal account.", vec![("PayPal address", text(email))]),
        Destination::Wise { holder, email, iban } => {
            let mut lines = vec![("Account holder", text(holder)), ("E-mail", text(email))];
            lines.extend(iban.as_ref().map(|iban| ("IBAN", grouped(iban))));
            ("Pay by Wise.", lines)
        }
        Destination::Csv { holder, iban } => {
            ("Transfer to the bank account.", vec![("Account holder", text(holder)), ("IBAN", grouped(iban))])
        }
        Destination::Check { payable_to, address } => {
            ("Write a check and post it.", vec![("Payable to", text(payable_to)), ("Address", address_of(address))])
        }
        Destination::Manual { holder, instructions } => {
            ("Pay as the payee has asked.", vec![("Payee", text(holder)), ("Instructions", text(instructions))])
        }
        Destination::External { reference } => {
            ("The payment is made by another system.", vec![("Payee there", text(reference))])
        }
    }
}

/// In groups of four, as people read it.
fn grouped(iban: &str) -> String {
    let text = Iban::parse(iban).map_or_else(|_| iban.to_owned(), |iban| iban.expose().to_owned());
    let groups: Vec<String> =
        text.chars().collect::<Vec<char>>().chunks(4).map(|group| group.iter().collect()).collect();
    groups.join(" ")
}

fn address_of(address: &PostalAddress) -> String {
    let PostalAddress { line1, line2, city, region, postal_code, country } = address;
    let town =
        [Some(city), region.as_ref(), Some(postal_code)].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ");
    let lines: Vec<&String> = [Some(line1), line2.as_ref(), Some(&town), Some(country)].into_iter().flatten().collect();
    lines.into_iter().cloned().collect::<Vec<_>>().join("\n")
}

fn holder_word(kind: HolderKind) -> &'static str {
    match kind {
        HolderKind::Personal => "person",
        HolderKind::Business => "business",
    }
}

fn account_word(kind: AccountKind) -> &'static str {
    match kind {
        AccountKind::Checking => "checking",
        AccountKind::Savings => "savings",
    }
}

#[cfg(test)]
mod tests {
    use domain::currency::Currency;
    use domain::payee::Rail;

    use super::*;
    use crate::Memo;
    use crate::table::tests::payout;

    fn every_destination() -> Vec<Destination> {
        let text = str::to_owned;
        let address = PostalAddress {
            line1: text("1 Main St"),
            line2: Some(text("Apt 4")),
            city: text("Springfield"),
            region: Some(text("IL")),
            postal_code: text("62701"),
            country: text("US"),
        };
        vec![
            Destination::StripeConnect { account_id: text("acct_1PgafTB7WZ01zgkW") },
            Destination::Ach {
                holder: text("Ada"),
                holder_kind: HolderKind::Personal,
                routing_number: text("021000021"),
                account_number: text("000111222333"),
                account_kind: AccountKind::Savings,
            },
            Destination::Paypal { email: text("ada@x.example") },
            Destination::Wise {
                holder: text("Ada"),
                email: text("ada@x.example"),
                iban: Some(text("DE89370400440532013000")),
            },
            Destination::Csv { holder: text("Ada"), iban: text("DE89370400440532013000") },
            Destination::Check { payable_to: text("Ada"), address },
            Destination::Manual { holder: text("Ada"), instructions: text("cash") },
            Destination::External { reference: text("A-7") },
        ]
    }

    fn made(payee: Destination) -> Instructions {
        let amount = Money::from_minor(7_570_000, Currency::USD);
        of(&Disbursement { payout: payout(1, Currency::USD), payee, amount, memo: Memo::parse("November").ok() })
    }

    #[test]
    fn every_rail_has_its_lines() {
        let destinations = every_destination();
        assert_eq!(destinations.iter().map(Destination::rail).collect::<Vec<_>>(), Rail::ALL);
        let told: Vec<String> = destinations
            .into_iter()
            .map(|destination| {
                let made = made(destination);
                let lines: Vec<String> = made.lines.iter().map(|(label, text)| format!("{label}={text}")).collect();
                format!("{} {}", made.deed, lines.join("|"))
            })
            .collect();
        assert_eq!(
            told,
            [
                "Transfer to the connected account at Stripe. Account=acct_1PgafTB7WZ01zgkW|Memo=November",
                "Send an ACH credit. Account holder=Ada|Holder=person|Routing number=021000021|Account number=000111222333|Account=savings|Memo=November",
                "Pay to the PayPal account. PayPal address=ada@x.example|Memo=November",
                "Pay by Wise. Account holder=Ada|E-mail=ada@x.example|IBAN=DE89 3704 0044 0532 0130 00|Memo=November",
                "Transfer to the bank account. Account holder=Ada|IBAN=DE89 3704 0044 0532 0130 00|Memo=November",
                "Write a check and post it. Payable to=Ada|Address=1 Main St\nApt 4\nSpringfield IL 62701\nUS|Memo=November",
                "Pay as the payee has asked. Payee=Ada|Instructions=cash|Memo=November",
                "The payment is made by another system. Payee there=A-7|Memo=November",
            ]
        );
    }

    #[test]
    fn instructions_carry_what_the_payment_is_found_by_and_print_no_details() {
        for destination in every_destination() {
            let made = made(destination);
            assert_eq!(made.reference, reference::short(&payout(1, Currency::USD), 26));
            let printed = format!("{made:?}");
            for secret in ["000111222333", "DE89", "ada@x.example", "Main St", "acct_", "cash", "A-7"] {
                assert!(!printed.contains(secret), "{printed}");
            }
        }
    }
}
