use proptest::prelude::*;

use super::*;

/// A routing number that passes: seven random digits between a nought and the check digit.
fn any_routing() -> impl Strategy<Value = RoutingNumber> {
    (1_u32..10_000_000).prop_map(|n| {
        let head = format!("0{n:07}");
        let sum =
            head.bytes().zip([3, 7, 1].into_iter().cycle()).fold(0_u32, |sum, (b, w)| sum + u32::from(b - b'0') * w);
        routing(&format!("{head}{}", (10 - sum % 10) % 10))
    })
}

fn any_payee() -> impl Strategy<Value = AchPayee> {
    let holder = prop_oneof![Just(HolderKind::Personal), Just(HolderKind::Business)];
    let kind = prop_oneof![Just(AccountKind::Checking), Just(AccountKind::Savings)];
    let name = "[A-Za-zÀ-ÖØ-öø-ÿ][A-Za-zÀ-ÖØ-öø-ÿ '.&-]{0,38}[A-Za-z]";
    let own = proptest::option::of("[A-Z0-9][A-Z0-9-]{0,13}[A-Z0-9]");
    (name, holder, any_routing(), "[1-9][0-9A-Z-]{2,15}[0-9A-Z]", kind, own).prop_map(
        |(name, holder, routing, number, kind, own)| {
            let identification = own.map(|text| Identification::parse(&text).expect("a number"));
            AchPayee { name, holder, routing, account: account(&number), kind, identification }
        },
    )
}

fn any_payments() -> impl Strategy<Value = Vec<Disbursement<AchPayee>>> {
    let amount = prop_oneof![1_i64..100_000, 1_i64..1_000_000_000];
    let memo = proptest::option::of("[A-Za-z0-9][A-Za-z0-9 .,:#/-]{0,50}");
    proptest::collection::vec((any_payee(), amount, memo), 1..12).prop_map(|all| {
        let number = |(n, (payee, cents, memo)): (usize, (AchPayee, i64, Option<String>))| Disbursement {
            payout: payout(n as u32),
            payee,
            amount: usd(cents),
            memo: memo.map(|text| Memo::parse(&text).expect("a memo")),
        };
        all.into_iter().enumerate().map(number).collect()
    })
}

fn any_settings() -> impl Strategy<Value = Settings> {
    let classes = prop_oneof![
        Just(None),
        Just(Some(vec![EntryClass::Ppd])),
        Just(Some(vec![EntryClass::Ccd])),
        Just(Some(EntryClass::ALL.to_vec())),
    ];
    let addenda = prop_oneof![Just(AddendaFor::Nobody), Just(AddendaFor::Businesses), Just(AddendaFor::Everybody)];
    (classes, addenda, 1_usize..8, 1_u8..=5).prop_map(|(classes, addenda, batch_entries_max, lead_days)| Settings {
        offset: classes.and_then(|classes| balanced(&classes)),
        addenda,
        // A batch of few entries, so that its offset, an entry too, can hold their sum.
        batch_entries_max,
        lead_days,
        ..settings()
    })
}

/// An entry as it was meant, and as it is read, in one form.
fn shown(code: u8, routing: &str, account: &str, cents: u64, name: &str, identification: &str) -> String {
    format!("{code} {routing} {account} {cents} {name} {identification}")
}

fn meant(payment: &Disbursement<AchPayee>) -> String {
    let payee = &payment.payee;
    let code = if payee.kind == AccountKind::Checking { 22 } else { 32 };
    let name = crate::text::plain(&payee.name).expect("a plain name");
    let identification = match &payee.identification {
        Some(own) => own.as_str().to_owned(),
        None => crate::reference::short(&payment.payout, 15),
    };
    let cents = u64::try_from(payment.amount.minor()).expect("above zero");
    shown(code, payee.routing.expose(), payee.account.expose(), cents, crate::text::cut(&name, 22), &identification)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_file_reads_back_as_the_payments_that_it_was_made_of(settings in any_settings(), payments in any_payments()) {
        let made = write(&originator(settings.clone()), run(), &payments, &[]).expect("a file");
        let file = read(made.file.bytes()).expect("our own file is whole");
        prop_assert_eq!(file.totals, made.totals);
        prop_assert_eq!(file.batches.len(), made.batches);

        let mut read_back: Vec<String> = Vec::new();
        let mut traces = Vec::new();
        for batch in &file.batches {
            let (mut debit, mut credit) = (0, 0);
            for entry in &batch.entries {
                traces.push(entry.trace.clone());
                let cents = entry.cents;
                if entry.code == 27 { debit += cents } else { credit += cents }
                if entry.code != 27 {
                    read_back.push(shown(entry.code, entry.routing.expose(), entry.account.expose(), cents, &entry.name, &entry.identification));
                }
            }
            // A balanced batch takes what it gives; any other takes nothing.
            prop_assert_eq!(debit, if batch.service == "200" { credit } else { 0 });
        }
        let by_class = EntryClass::ALL.iter().flat_map(|class| payments.iter().filter(move |payment| EntryClass::of(payment.payee.holder) == *class));
        prop_assert_eq!(read_back, by_class.map(meant).collect::<Vec<_>>());

        prop_assert!(traces.windows(2).all(|pair| pair[0] < pair[1]), "traces rise");
        prop_assert_eq!(traces, made.entries.iter().map(|entry| entry.trace.clone()).collect::<Vec<_>>());
        let cents = payments.iter().fold(0, |sum, payment| sum + payment.amount.minor());
        prop_assert_eq!(made.file.totals.sum.minor(), cents);
        prop_assert_eq!(made.totals.credit, u64::try_from(cents).expect("above zero"));
        prop_assert_eq!(made.file.bytes().len() % 950, 0, "whole blocks of ten lines");
    }

    #[test]
    fn the_same_payments_are_the_same_bytes(settings in any_settings(), payments in any_payments()) {
        let made = || write(&originator(settings.clone()), run(), &payments, &[]).expect("a file");
        prop_assert_eq!(made(), made());
    }

    #[test]
    fn one_changed_digit_of_an_amount_or_a_bank_refuses_the_file(payments in any_payments(), nth in 0_usize..20, column in 0_usize..18, by in 1_u8..10) {
        let made = write(&originator(settings()), run(), &payments, &[]).expect("a file");
        let mut bytes = made.file.bytes().to_vec();
        let entries: Vec<usize> = (0..bytes.len() / 95).filter(|line| bytes[line * 95] == b'6').collect();
        let line = entries[nth % entries.len()];
        // Columns 4 to 11 are the bank, 30 to 39 the amount.
        let at = line * 95 + if column < 8 { 3 + column } else { 21 + column };
        bytes[at] = b'0' + (bytes[at] - b'0' + by) % 10;
        prop_assert!(read(&bytes).is_err());
    }

    #[test]
    fn no_bytes_at_all_make_the_reader_fall_over(bytes in proptest::collection::vec(any::<u8>(), 0..400), at in 0_usize..950, to in any::<u8>()) {
        let _ = read(&bytes);
        let mut sample = UNBALANCED.as_bytes().to_vec();
        if let Some(byte) = sample.get_mut(at) {
            *byte = to;
        }
        let _ = (read(&sample), Imported::read(&sample));
        let mut returns = include_bytes!("../../../tests/data/returns.ach").to_vec();
        returns[at] = to;
        let _ = Imported::read(&returns);
        let _ = read(&returns[..at]);
    }
}
