use std::collections::BTreeSet;

use domain::currency::Currency;
use domain::id::{MethodId, PartnerId, PayoutId};
use domain::money::Money;
use domain::payee::{AccountKind, Destination, HolderKind};
use domain::time::{Timestamp, Zone};
use ulid::Ulid;

use super::*;
use crate::bank::{AccountNumber, RoutingNumber};
use crate::{Disbursement, Memo, Subject};

mod importing;
mod laws;
mod reading;
mod writing;

const UNBALANCED: &str = include_str!("../../tests/data/unbalanced.ach");
const BALANCED: &str = include_str!("../../tests/data/balanced.ach");

fn usd(cents: i64) -> Money {
    Money::from_minor(cents, Currency::USD)
}

fn routing(text: &str) -> RoutingNumber {
    RoutingNumber::parse(text).expect("a routing number")
}

fn account(text: &str) -> AccountNumber {
    AccountNumber::parse(text).expect("an account number")
}

fn method(n: u128) -> MethodId {
    MethodId::from_ulid(Ulid::from(n))
}

fn payout(n: u32) -> PayoutId {
    PayoutId::of(&PartnerId::from_ulid(Ulid::from(7_u128)), Currency::USD, n)
}

/// The originator of the samples.
fn settings() -> Settings {
    Settings {
        destination: routing("121042882"),
        destination_name: "Test ODFI Bank".to_owned(),
        origin: "121042882".to_owned(),
        origin_name: "ACME Affiliates Inc".to_owned(),
        company_name: "ACME Affiliates".to_owned(),
        company_id: "1234567890".to_owned(),
        discretionary: String::new(),
        description: "COMMISSION".to_owned(),
        descriptive_date: DescriptiveDate::Month,
        originating: routing("121042882"),
        lead_days: 2,
        zone: Zone::parse("America/New_York").expect("a zone"),
        offset: None,
        addenda: AddendaFor::Businesses,
        batch_entries_max: 10_000,
        entry_max: None,
        file_max: None,
    }
}

fn originator(settings: Settings) -> Originator {
    Originator::try_new(settings).expect("settings that hold together")
}

fn balanced(classes: &[EntryClass]) -> Option<Offset> {
    Some(Offset {
        routing: routing("121042882"),
        account: account("55500001"),
        kind: AccountKind::Checking,
        classes: classes.iter().copied().collect::<BTreeSet<_>>(),
    })
}

/// The instant of the samples: half past three in the afternoon in New York.
fn run() -> Run {
    Run {
        at: "2026-11-21T20:30:00Z".parse::<Timestamp>().expect("an instant"),
        modifier: FileModifier::of_nth(0).expect("a modifier"),
        first_sequence: 1,
    }
}

/// The payments of the samples.
fn payments() -> Vec<Disbursement<AchPayee>> {
    let payee = |name: &str, number: &str, bank: &str, at: &str, holder, kind| AchPayee {
        name: name.to_owned(),
        holder,
        routing: routing(bank),
        account: account(at),
        kind,
        identification: Some(Identification::parse(number).expect("a number")),
    };
    let (checking, savings) = (AccountKind::Checking, AccountKind::Savings);
    let memo = |text| Some(Memo::parse(text).expect("a memo"));
    let jane = payee("Jane Doe", "PARTNER-000001", "231380104", "123456789", HolderKind::Personal, checking);
    let john = payee("John Q Public", "PARTNER-000002", "031300012", "987654321", HolderKind::Personal, savings);
    let widget =
        payee("Widget Media LLC", "PARTNER-000003", "021000021", "000111222333", HolderKind::Business, checking);
    vec![
        Disbursement { payout: payout(1), payee: jane, amount: usd(12_345), memo: memo("PAYOUT-2026-11-0001") },
        Disbursement { payout: payout(2), payee: john, amount: usd(200_000), memo: None },
        Disbursement { payout: payout(3), payee: widget, amount: usd(7_570_000), memo: memo("PAYOUT-2026-11-0003") },
    ]
}

fn text_of(made: &MadeFile) -> &str {
    std::str::from_utf8(made.file.bytes()).expect("ASCII")
}
