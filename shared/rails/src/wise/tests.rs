use domain::money::Money;

use super::*;
use crate::Memo;
use crate::table::tests::{payout, read_back};

const CURRENT: &str = "name,recipientEmail,paymentReference,referenceNumber,receiverType,amountCurrency,amount,sourceCurrency,targetCurrency,IBAN";
const OLDER: &str =
    "name,recipientEmail,paymentReference,receiverType,amountCurrency,amount,sourceCurrency,targetCurrency,IBAN";
const EMAIL: &str =
    "name,recipientEmail,paymentReference,receiverType,amountCurrency,amount,sourceCurrency,targetCurrency";
const SAVED: &str = "recipientId,amountCurrency,amount,sourceCurrency,targetCurrency,paymentReference";

fn settings(header: &str) -> Settings {
    Settings::try_new(header, ReceiverWords::PersonInstitution, Currency::USD, 35).expect("a template")
}

fn payment(n: u32, minor: i64, name: &str) -> Disbursement<WisePayee> {
    Disbursement {
        payout: payout(n, Currency::EUR),
        payee: WisePayee {
            name: name.to_owned(),
            holder: HolderKind::Personal,
            email: Email::parse("erika@x.example").ok(),
            iban: Iban::parse("DE89370400440532013000").ok(),
            recipient: Some(4711),
        },
        amount: Money::from_minor(minor, Currency::EUR),
        memo: Memo::parse("November").ok(),
    }
}

fn text(header: &str, payments: &[Disbursement<WisePayee>]) -> String {
    match write(&settings(header), "run-1", payments) {
        Ok(made) => String::from_utf8_lossy(made.file.bytes()).into_owned(),
        Err(refused) => refused.why.to_string(),
    }
}

#[test]
fn the_header_of_the_template_stays_and_its_columns_are_filled() {
    let short = crate::reference::short(&payout(1, Currency::EUR), 26);
    let one = [payment(1, 12_345, "Erika Müller, geb. Möller")];
    assert_eq!(
        text(CURRENT, &one),
        format!(
            "{CURRENT}\r\n\"Erika Müller, geb. Möller\",erika@x.example,November,{short},PERSON,target,123.45,USD,EUR,DE89370400440532013000\r\n"
        )
    );
    assert_eq!(
        text(OLDER, &one),
        format!(
            "{OLDER}\r\n\"Erika Müller, geb. Möller\",erika@x.example,November,PERSON,target,123.45,USD,EUR,DE89370400440532013000\r\n"
        )
    );
    assert_eq!(text(SAVED, &one), format!("{SAVED}\r\n4711,target,123.45,USD,EUR,November\r\n"));
}

#[test]
fn older_templates_have_older_words() {
    let settings = Settings::try_new(OLDER, ReceiverWords::PrivateBusiness, Currency::EUR, 35).expect("a template");
    let mut business = payment(2, 5, "Acme GmbH");
    business.payee.holder = HolderKind::Business;
    let made = write(&settings, "x", &[payment(1, 5, "Erika"), business]).expect("a file");
    let words: Vec<String> = read_back(made.file.bytes(), b',').iter().skip(1).map(|row| row[3].clone()).collect();
    assert_eq!(words, ["PRIVATE", "BUSINESS"]);
}

#[test]
fn what_a_template_needs_and_a_payee_lacks_refuses_the_file_by_name() {
    let without = |change: fn(&mut WisePayee)| {
        let mut payment = payment(1, 5, "Erika");
        change(&mut payment.payee);
        payment
    };
    assert_eq!(text(CURRENT, &[without(|payee| payee.iban = None)]), "the IBAN is missing");
    assert_eq!(text(EMAIL, &[without(|payee| payee.email = None)]), "the e-mail address is missing");
    assert!(text(CURRENT, &[without(|payee| payee.email = None)]).contains("Erika,,November"));
    assert_eq!(text(SAVED, &[without(|payee| payee.recipient = None)]), "Wise's recipient is missing");
    assert_eq!(text(CURRENT, &[without(|payee| payee.name = " ".to_owned())]), "the payee's name is missing");
    assert_eq!(
        text(CURRENT, &[payment(1, 5, "=cmd|' /C calc'!A0")]),
        "the payee's name begins like a formula, which a spreadsheet would run"
    );
    let mut long = payment(1, 5, "Erika");
    long.memo = Memo::parse(&"x".repeat(36)).ok();
    assert_eq!(text(CURRENT, &[long]), "the memo has 36 characters; 35 at most");
    let many: Vec<_> = (1..=1_001).map(|n| payment(n, 5, "Erika")).collect();
    assert_eq!(text(CURRENT, &many), "1001 payments; 1000 at most");
    assert_eq!(text(CURRENT, &[]), "there is no payment");
}

#[test]
fn a_template_that_is_not_understood_is_refused() {
    let word = |header: &str, memo_max| {
        Settings::try_new(header, ReceiverWords::PersonInstitution, Currency::USD, memo_max)
            .err()
            .map(|why| why.to_string())
    };
    assert_eq!(word(&format!("{CURRENT},sortCode"), 35).as_deref(), Some("the column \"sortCode\" is not known"));
    assert_eq!(word(&format!("{CURRENT},name"), 35).as_deref(), Some("a column is in the file twice"));
    let lacks = "the template lacks a column without which nobody is paid";
    assert_eq!(word("name,amount", 35).as_deref(), Some(lacks));
    assert_eq!(word("name,amountCurrency,amount,sourceCurrency,targetCurrency", 35).as_deref(), Some(lacks));
    assert_eq!(word("", 35).as_deref(), Some("the column \"\" is not known"));
    assert_eq!(word(CURRENT, 0).as_deref(), Some("the length of the payment reference must be 1 to 140"));
    assert_eq!(word(&format!("\u{feff}{CURRENT}\r\n"), 140), None);
}

#[test]
fn a_payee_is_made_of_the_details_of_a_method_of_this_rail_only() {
    let destination = |iban: Option<&str>| Destination::Wise {
        holder: "Erika".to_owned(),
        email: "erika@x.example".to_owned(),
        iban: iban.map(ToOwned::to_owned),
    };
    let made = |destination: &Destination| WisePayee::of(destination, HolderKind::Personal);
    let expected = WisePayee { recipient: None, ..payment(1, 5, "Erika").payee };
    assert_eq!(made(&destination(Some("DE89370400440532013000"))), Ok(expected));
    assert!(made(&destination(Some("DE89"))).is_err());
    assert!(made(&Destination::External { reference: "x".to_owned() }).is_err());
}
