//! Random bank files of ours, and beside each what it should say, for other people's readers.
//!
//! Usage: nacha FOLDER COUNT [SEED]
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a check that cannot be made fails the run; it tells people"
)]

use std::path::Path;

use domain::currency::Currency;
use domain::id::{MethodId, PartnerId, PayoutId};
use domain::money::Money;
use domain::payee::{AccountKind, HolderKind};
use domain::time::Zone;
use rails::bank::{AccountNumber, RoutingNumber};
use rails::nacha::{
    AchPayee, AddendaFor, DescriptiveDate, EntryClass, FileModifier, MadeFile, Offset, Originator, Prenote, Run,
    Settings, write,
};
use rails::{Disbursement, Memo};
use serde_json::{Value, json};
use ulid::Ulid;

/// SplitMix64: the same seed rolls the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % sides
    }

    fn text(&mut self, from: &str, shortest: u64, longest: u64) -> String {
        let letters: Vec<char> = from.chars().collect();
        let length = shortest + self.roll(longest - shortest + 1);
        (0..length).map(|_| letters[self.roll(letters.len() as u64) as usize]).collect()
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.roll(all.len() as u64) as usize]
    }

    /// Of any range that is given out.
    fn routing(&mut self) -> RoutingNumber {
        let start = self.of(&[1, 6, 12, 21, 27, 32, 61, 72, 80]);
        let head = format!("{start:02}{:06}", 1 + self.roll(999_999));
        let sum =
            head.bytes().zip([3, 7, 1].into_iter().cycle()).fold(0_u32, |sum, (b, w)| sum + u32::from(b - b'0') * w);
        RoutingNumber::parse(&format!("{head}{}", (10 - sum % 10) % 10)).expect("a routing number")
    }

    fn account(&mut self) -> AccountNumber {
        let text = format!("{}{}", 1 + self.roll(9), self.text("0123456789", 3, 16));
        AccountNumber::parse(&text).expect("an account number")
    }

    fn payee(&mut self) -> AchPayee {
        const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyzéüñøßŁ";
        let name = [self.text(LETTERS, 1, 14), self.text(LETTERS, 1, 18)].join(self.of(&[" ", "-", "'", ", "]));
        AchPayee {
            name,
            holder: self.of(&[HolderKind::Personal, HolderKind::Business]),
            routing: self.routing(),
            account: self.account(),
            kind: self.of(&[AccountKind::Checking, AccountKind::Savings]),
            identification: None,
        }
    }

    fn payment(&mut self, n: u32) -> Disbursement<AchPayee> {
        let partner = PartnerId::from_ulid(Ulid::from(7_u128));
        let cents = match self.roll(3) {
            0 => 1 + self.roll(100_000),
            1 => 1 + self.roll(10_000_000),
            _ => 1 + self.roll(900_000_000),
        };
        let memo = [self.text("ABCDEFGHIJabcdef0123456789", 1, 20), self.text("XYZ .,:/#-09", 0, 20)].concat();
        Disbursement {
            payout: PayoutId::of(&partner, Currency::USD, n),
            payee: self.payee(),
            amount: Money::from_minor(cents as i64, Currency::USD),
            memo: if self.roll(2) == 0 { Memo::parse(&memo).ok() } else { None },
        }
    }

    fn settings(&mut self) -> Settings {
        let classes: &[EntryClass] = self.of(&[&[], &[EntryClass::Ppd], &[EntryClass::Ccd], &EntryClass::ALL]);
        let offset = Offset {
            routing: self.routing(),
            account: self.account(),
            kind: AccountKind::Checking,
            classes: classes.iter().copied().collect(),
        };
        let originating = self.routing();
        Settings {
            destination: originating.clone(),
            destination_name: "Bank of the Peers".to_owned(),
            origin: self.of(&["121042882", "1234567890"]).to_owned(),
            origin_name: "Acme Affiliates Inc".to_owned(),
            company_name: "Acme Affiliates".to_owned(),
            company_id: "1234567890".to_owned(),
            discretionary: String::new(),
            description: "COMMISSION".to_owned(),
            descriptive_date: self.of(&[DescriptiveDate::Blank, DescriptiveDate::Month]),
            originating,
            lead_days: 1 + self.roll(5) as u8,
            zone: Zone::utc(),
            offset: (!classes.is_empty()).then_some(offset),
            addenda: self.of(&[AddendaFor::Nobody, AddendaFor::Businesses, AddendaFor::Everybody]),
            batch_entries_max: 1 + self.roll(10) as usize,
            entry_max: None,
            file_max: None,
        }
    }
}

/// What a reader should find: every credit in order, from what was asked for and not from the file.
fn expected(settings: &Settings, payments: &[Disbursement<AchPayee>], prenotes: &[Prenote], made: &MadeFile) -> Value {
    let mut credits = Vec::new();
    for class in EntryClass::ALL {
        let is_of_class = |payee: &AchPayee| EntryClass::of(payee.holder) == class;
        let carries_memo = match settings.addenda {
            AddendaFor::Nobody => false,
            AddendaFor::Businesses => class == EntryClass::Ccd,
            AddendaFor::Everybody => true,
        };
        for payment in payments.iter().filter(|payment| is_of_class(&payment.payee)) {
            let memo = payment.memo.as_ref().filter(|_| carries_memo);
            let memo = memo.map(|memo| rails::text::plain(memo.as_str()).expect("plain"));
            let code = if payment.payee.kind == AccountKind::Checking { "22" } else { "32" };
            credits.push(credit(class, code, &payment.payee, payment.amount, memo));
        }
        for prenote in prenotes.iter().filter(|prenote| is_of_class(&prenote.payee)) {
            let code = if prenote.payee.kind == AccountKind::Checking { "23" } else { "33" };
            credits.push(credit(class, code, &prenote.payee, Money::zero(Currency::USD), None));
        }
    }
    json!({
        "credits": credits,
        "sum": made.file.totals.sum.minor(),
        "sha256": made.file.totals.sha256.to_hex(),
    })
}

fn credit(class: EntryClass, code: &str, payee: &AchPayee, amount: Money, memo: Option<String>) -> Value {
    let name = rails::text::plain(&payee.name).expect("plain");
    json!({
        "class": class.as_str(),
        "code": code,
        "routing": payee.routing.expose(),
        "account": payee.account.expose(),
        "cents": amount.minor(),
        "name": rails::text::cut(&name, 22),
        "memo": memo,
        "amount": amount.to_text(),
    })
}

fn one(dice: &mut Dice, folder: &Path, number: u32) {
    let mut settings = dice.settings();
    let mut count = 1 + dice.roll(40) as u32;
    // One in fifty is large, so that entry hashes run over their ten digits.
    if number % 50 == 1 {
        settings = Settings { offset: None, batch_entries_max: 1_000, ..settings };
        count += 400;
    }
    let payments: Vec<_> = (0..count).map(|n| dice.payment(n)).collect();
    let prenotes: Vec<_> = (0..dice.roll(4))
        .map(|n| Prenote { method: MethodId::from_ulid(Ulid::from(u128::from(n))), payee: dice.payee() })
        .collect();
    let originator = Originator::try_new(settings.clone()).expect("settings");
    let run = Run {
        at: domain::time::Timestamp::from_second(1_767_225_600 + dice.roll(100_000_000) as i64).expect("an instant"),
        modifier: FileModifier::of_nth(dice.roll(36) as u8).expect("a modifier"),
        first_sequence: 1 + dice.roll(9_000_000) as u32,
    };
    let made = match write(&originator, run, &payments, &prenotes) {
        Ok(made) => made,
        // Ten entries of nine millions and their offset fit one entry's field; eleven would not.
        Err(refused) => panic!("file {number}: {refused}"),
    };
    let told = expected(&settings, &payments, &prenotes, &made);
    std::fs::write(folder.join(format!("{number:04}.json")), told.to_string()).expect("written");
    std::fs::write(folder.join(format!("{number:04}.ach")), made.file.bytes()).expect("written");
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let folder = Path::new(words.get(1).expect("a folder"));
    let count: u32 = words.get(2).expect("a count").parse().expect("a number");
    let seed = words.get(3).map_or(1, |seed| seed.parse().expect("a number"));
    let mut dice = Dice(seed);
    for number in 1..=count {
        one(&mut dice, folder, number);
    }
    println!("{count} bank files made");
}
