use super::*;

fn made(settings: Settings, payments: &[Disbursement<AchPayee>], prenotes: &[Prenote]) -> MadeFile {
    write(&originator(settings), run(), payments, prenotes).expect("a file")
}

fn word(settings: Settings, payments: &[Disbursement<AchPayee>], prenotes: &[Prenote]) -> String {
    let refused = write(&originator(settings), run(), payments, prenotes).expect_err("refused");
    refused.to_string().replace("payout pay_00000000000000000000000007USD", "payout ")
}

#[test]
fn our_files_are_the_samples_byte_for_byte() {
    assert_eq!(text_of(&made(settings(), &payments(), &[])), UNBALANCED);
    let with_offset = Settings { offset: balanced(&[EntryClass::Ppd]), ..settings() };
    assert_eq!(text_of(&made(with_offset, &payments(), &[])), BALANCED);
}

#[test]
fn a_file_says_what_to_keep_beside_each_payout_and_its_control_totals() {
    let made = made(Settings { offset: balanced(&[EntryClass::Ppd]), ..settings() }, &payments(), &[]);
    let kept: Vec<String> = made
        .entries
        .iter()
        .map(|entry| format!("{} {} {:?} {}", entry.trace, entry.subject, entry.amount, entry.receiving))
        .collect();
    assert_eq!(
        kept,
        [
            "121042880000001 payout pay_00000000000000000000000007USD000001 123.45 USD 23138010",
            "121042880000002 payout pay_00000000000000000000000007USD000002 2000.00 USD 03130001",
            "121042880000003 offset 2123.45 USD 12104288",
            "121042880000004 payout pay_00000000000000000000000007USD000003 75700.00 USD 02100002",
        ]
    );
    let totals = AchTotals { records: 5, entry_hash: 40_472_301, debit: 212_345, credit: 7_782_345 };
    assert_eq!(made.totals, totals);
    assert_eq!((made.batches, made.next_sequence, made.effective.to_string()), (2, 5, "2026-11-24".to_owned()));
    assert_eq!((made.file.totals.count, made.file.totals.sum), (3, usd(7_782_345)));
    assert_eq!(made.file.name, "ach-261121-A.ach");
    assert_eq!(made.file.totals.sha256, domain::digest::Digest::of_bytes(BALANCED.as_bytes()));
}

#[test]
fn prenotes_are_entries_without_money_and_nothing_balances_them() {
    let payee = payments()[0].payee.clone();
    let savings = AchPayee { kind: AccountKind::Savings, identification: None, ..payments()[1].payee.clone() };
    let prenotes = [Prenote { method: method(1), payee }, Prenote { method: method(2), payee: savings }];
    let both = Settings { offset: balanced(&EntryClass::ALL), ..settings() };
    let made = made(both, &[], &prenotes);
    let lines: Vec<&str> = text_of(&made).lines().collect();
    assert_eq!(lines[1][..4], *"5220");
    assert_eq!(
        lines[2],
        "623231380104123456789        0000000000PARTNER-000001 JANE DOE                0121042880000001"
    );
    assert_eq!(
        lines[3],
        "633031300012987654321        0000000000PRENOTE        JOHN Q PUBLIC           0121042880000002"
    );
    assert_eq!((made.file.totals.count, made.file.totals.sum), (0, usd(0)));
    assert_eq!(made.entries[1].subject, Subject::Prenote(method(2)));
    assert_eq!(
        word(settings(), &[], &[prenotes[0].clone(), prenotes[0].clone()]),
        "prenote of mth_00000000000000000000000001: this prenote is in the file twice"
    );
}

#[test]
fn a_payout_without_a_number_of_its_payee_goes_under_its_short_name() {
    let mut payments = payments();
    payments[0].payee.identification = None;
    let made = made(settings(), &payments, &[]);
    assert_eq!(text_of(&made).lines().nth(2).expect("a line")[39..54], crate::reference::short(&payout(1), 15));
}

#[test]
fn names_are_written_plainly_and_cut_at_their_field() {
    let mut payments = payments();
    payments[0].payee.name = "José María Núñez de la Ossa y Pérez".to_owned();
    let made = made(settings(), &payments, &[]);
    assert_eq!(text_of(&made).lines().nth(2).expect("a line")[54..76], *"JOSE MARIA NUNEZ DE LA");
}

#[test]
fn batches_are_split_where_the_bank_wants_them_smaller() {
    let small = Settings { batch_entries_max: 1, offset: balanced(&EntryClass::ALL), ..settings() };
    let made = made(small, &payments(), &[]);
    let services: Vec<&str> =
        text_of(&made).lines().filter(|line| line.starts_with('5')).map(|line| &line[1..4]).collect();
    assert_eq!(services, ["200", "200", "200"]);
    assert_eq!(made.totals.debit, made.totals.credit);
    assert_eq!(made.entries.len(), 6);
}

#[test]
fn what_a_field_cannot_hold_is_refused_by_its_payout_and_never_shortened() {
    let with = |change: fn(&mut Disbursement<AchPayee>)| {
        let mut payments = payments();
        change(&mut payments[2]);
        word(settings(), &payments, &[])
    };
    let memo = |text: &str| Some(Memo::parse(text).expect("a memo"));
    assert_eq!(
        with(|payment| payment.amount = usd(10_000_000_000)),
        "payout 000003: the amount 100000000.00 USD is above 99999999.99 USD, the most that an ACH entry takes"
    );
    assert_eq!(with(|payment| payment.amount = usd(0)), "payout 000003: the amount 0.00 USD is not above zero");
    assert_eq!(with(|payment| payment.payout = payout(1)), "payout 000001: this payout is in the file twice");
    assert_eq!(
        with(|payment| payment.payee.name = "山田".to_owned()),
        "payout 000003: the payee's name has '山', which a bank's file cannot carry; it has to be written in Latin \
         letters, as the bank has it"
    );
    let mut long = payments();
    long[2].memo = memo(&"M".repeat(63));
    assert_eq!(word(settings(), &long, &[]), "payout 000003: the memo has 63 characters; 62 at most");
    long[2].memo = memo(&"M".repeat(62));
    assert!(write(&originator(settings()), run(), &long, &[]).is_ok());
    long[2].memo = memo("A*B");
    assert_eq!(word(settings(), &long, &[]), "payout 000003: the memo has '*', which has no place there");
}

#[test]
fn limits_of_the_bank_and_of_the_format_are_refused_by_name() {
    let limited = Settings { entry_max: Some(usd(7_569_999)), ..settings() };
    assert_eq!(
        word(limited, &payments(), &[]),
        "payout 000003: the amount 75700.00 USD is above 75699.99 USD, the most that an entry of this originator takes"
    );
    let limited = Settings { file_max: Some(usd(7_782_344)), ..settings() };
    assert_eq!(
        word(limited, &payments(), &[]),
        "the amount 77823.45 USD is above 77823.44 USD, the most that a file of this originator takes"
    );
    let last = Run { first_sequence: 9_999_999, ..run() };
    let refused = write(&originator(settings()), last, &payments(), &[]).expect_err("refused");
    let run_out = "the trace numbers run out within this file: begin it at 1";
    assert_eq!(refused.why.to_string(), run_out);
    let made = write(&originator(settings()), last, &payments()[..1], &[]).expect("a file");
    assert_eq!(made.next_sequence, 1);
    let none = Run { first_sequence: 0, ..run() };
    let refused = write(&originator(settings()), none, &payments(), &[]).expect_err("refused");
    assert_eq!(refused.to_string(), "the first trace number must be 1 to 9,999,999");
    assert_eq!(word(settings(), &[], &[]), "there is no payment");
    // 101 times the most that an entry takes is more than the offset of one batch, an entry itself.
    let many: Vec<_> = (1..=101)
        .map(|n| Disbursement { payout: payout(n), amount: usd(9_999_999_999), ..payments()[0].clone() })
        .collect();
    let with_offset = Settings { offset: balanced(&EntryClass::ALL), ..settings() };
    assert_eq!(
        word(with_offset, &many[..2], &[]),
        "the amount 199999999.98 USD is above 99999999.99 USD, the most that the offset of one batch takes"
    );
    assert_eq!(word(settings(), &many, &[]), "the payments add up to more than can be held");
    assert!(write(&originator(settings()), run(), &many[..100], &[]).is_ok());
}

#[test]
fn only_dollars_go_by_ach() {
    let euro = PayoutId::of(&PartnerId::from_ulid(Ulid::from(7_u128)), Currency::EUR, 1);
    let payment = Disbursement { payout: euro, amount: Money::from_minor(5, Currency::EUR), ..payments()[0].clone() };
    assert_eq!(word(settings(), &[payment], &[]), "this rail does not carry EUR");
}

#[test]
fn settings_that_do_not_fit_are_refused_by_name() {
    let word = |settings| Originator::try_new(settings).err().map(|why| why.to_string()).unwrap_or_default();
    let table = [
        (
            Settings { company_name: "ACME Affiliates Inc".to_owned(), ..settings() },
            "the company's name has 19 characters; 16 at most",
        ),
        (
            Settings { company_id: "12345".to_owned(), ..settings() },
            "the company's number must be ten letters and digits",
        ),
        (
            Settings { origin: "12345".to_owned(), ..settings() },
            "the origin must be nine digits, or ten letters and digits",
        ),
        (Settings { origin: "1234567890".to_owned(), ..settings() }, ""),
        (
            Settings { description: "COMMISSIONS".to_owned(), ..settings() },
            "the description has 11 characters; 10 at most",
        ),
        (Settings { description: " ".to_owned(), ..settings() }, "the description is empty"),
        (Settings { lead_days: 0, ..settings() }, "the lead must be 1 to 5 banking days"),
        (Settings { lead_days: 6, ..settings() }, "the lead must be 1 to 5 banking days"),
        (Settings { batch_entries_max: 0, ..settings() }, "the entries of a batch must be 1 to 100,000"),
        (Settings { offset: balanced(&[]), ..settings() }, "the offset must name the classes that it balances"),
        (Settings { file_max: Some(usd(0)), ..settings() }, "a limit must be in USD and above zero"),
    ];
    for (settings, expected) in table {
        assert_eq!(word(settings), expected);
    }
}

#[test]
fn a_day_has_36_files() {
    let letter = |nth| FileModifier::of_nth(nth).map(|modifier| format!("{modifier:?}"));
    assert_eq!(letter(0).as_deref(), Some("FileModifier('A')"));
    assert_eq!(letter(25).as_deref(), Some("FileModifier('Z')"));
    assert_eq!(letter(26).as_deref(), Some("FileModifier('0')"));
    assert_eq!(letter(35).as_deref(), Some("FileModifier('9')"));
    assert_eq!(letter(36), None);
}

#[test]
fn the_effective_date_is_counted_from_the_banks_day() {
    // Midnight has passed in London, and not yet in New York: the file is of the 25th, and the 26th is a holiday.
    let late = Run { at: "2026-11-26T03:00:00Z".parse().expect("an instant"), ..run() };
    let made = write(&originator(Settings { lead_days: 1, ..settings() }), late, &payments(), &[]).expect("a file");
    assert_eq!(made.effective.to_string(), "2026-11-27");
    assert_eq!(text_of(&made)[23..33], *"2611252200");
}

#[test]
fn nothing_that_is_printed_shows_an_account() {
    let made = made(settings(), &payments(), &[]);
    let printed = format!("{:?} {:?} {:?} {:?}", payments(), made, settings(), read(made.file.bytes()));
    for secret in ["123456789 ", "987654321", "000111222333", "\"123456789\""] {
        assert!(!printed.contains(secret), "{secret} is printed");
    }
}

#[test]
fn a_payee_is_made_of_the_details_of_a_method_of_this_rail_only() {
    let destination = |routing_number: &str| Destination::Ach {
        holder: "Jane Doe".to_owned(),
        holder_kind: HolderKind::Personal,
        routing_number: routing_number.to_owned(),
        account_number: "123456789".to_owned(),
        account_kind: AccountKind::Checking,
    };
    let payee = AchPayee { identification: None, ..payments()[0].payee.clone() };
    assert_eq!(AchPayee::try_from(&destination("231380104")), Ok(payee));
    let word = |destination: &Destination| AchPayee::try_from(destination).err().map(|why| why.to_string());
    let wrong = "the routing number has a typing mistake: its check digit does not fit the other digits";
    assert_eq!(word(&destination("231380105")).as_deref(), Some(wrong));
    let other = Destination::Paypal { email: "a@b.example".to_owned() };
    assert_eq!(word(&other).as_deref(), Some("the details are those of the rail paypal"));
}

#[test]
fn of_an_entry_hash_the_low_ten_digits_are_kept() {
    // 200 times 80,000,000 is 16,000,000,000, which has eleven digits.
    let far = AchPayee { routing: routing("800000006"), ..payments()[0].payee.clone() };
    let many: Vec<_> = (1..=200)
        .map(|n| Disbursement { payout: payout(n), payee: far.clone(), amount: usd(i64::from(n)), memo: None })
        .collect();
    let made = made(settings(), &many, &[]);
    assert_eq!(made.totals.entry_hash, 6_000_000_000);
    let control = text_of(&made).lines().find(|line| line.starts_with('8')).expect("a control record");
    assert_eq!(control[4..20], *"0002006000000000");
    assert!(read(made.file.bytes()).is_ok());
}
