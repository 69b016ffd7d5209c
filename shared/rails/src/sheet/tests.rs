use proptest::prelude::*;

use super::*;
use crate::Memo;
use crate::table::tests::{payout, read_back};

fn column(header: &str, word: &str) -> Column {
    let content = Content::parse(word).expect("a word that is known");
    Column { header: header.to_owned(), content, may_be_empty: word == "memo" }
}

fn settings() -> Settings {
    Settings {
        columns: vec![
            column("Ref", "reference"),
            column("Beneficiary", "name"),
            column("Amount", "amount"),
            column("Ccy", "currency"),
            column("IBAN", "iban"),
            column("Country", "country"),
            column("Text", "memo"),
            column("Day", "day"),
            column("Charges", "constant:SHA"),
        ],
        has_header: true,
        delimiter: ';',
        decimal_mark: ',',
        quotes_all: false,
        crlf: true,
        day_form: DayForm::DayFirst,
        formulas: Formulas::Refuse,
        currency: None,
        rows_max: 100,
    }
}

fn day() -> BusinessDay {
    BusinessDay::parse("2026-11-24").expect("a day")
}

fn payment(n: u32, minor: i64, name: &str, memo: &str) -> Disbursement<Details> {
    Disbursement {
        payout: payout(n, Currency::EUR),
        payee: Details { iban: Iban::parse("DE89370400440532013000").ok(), ..Details::named(name) },
        amount: Money::from_minor(minor, Currency::EUR),
        memo: Memo::parse(memo).ok(),
    }
}

fn text(settings: Settings, payments: &[Disbursement<Details>]) -> String {
    let layout = Layout::try_new(settings).expect("settings that hold together");
    match write(&layout, "run-1", day(), payments) {
        Ok(made) => String::from_utf8_lossy(made.file.bytes()).into_owned(),
        Err(refused) => refused.why.to_string(),
    }
}

#[test]
fn a_sheet_has_the_columns_that_the_operator_wants() {
    let short = crate::reference::short(&payout(1, Currency::EUR), 26);
    let one = [payment(1, 123_456, "Erika Müller; Köln", "November")];
    assert_eq!(
        text(settings(), &one),
        format!(
            "Ref;Beneficiary;Amount;Ccy;IBAN;Country;Text;Day;Charges\r\n\
             {short};\"Erika Müller; Köln\";1234,56;EUR;DE89370400440532013000;DE;November;24.11.2026;SHA\r\n"
        )
    );
    let other = Settings {
        columns: vec![column("a", "payout"), column("b", "minor_units"), column("c", "currency"), column("d", "day")],
        has_header: false,
        delimiter: '\t',
        quotes_all: true,
        crlf: false,
        day_form: DayForm::MonthFirst,
        ..settings()
    };
    let id = payout(1, Currency::EUR);
    assert_eq!(text(other, &one), format!("\"{id}\"\t\"123456\"\t\"EUR\"\t\"11/24/2026\"\n"));
}

#[test]
fn what_a_column_needs_and_a_payee_lacks_refuses_the_file_by_name() {
    let mut without = payment(1, 5, "Erika", "");
    assert!(text(settings(), &[without.clone()]).contains(";DE;;24.11.2026"), "a memo may be missing");
    without.payee.iban = None;
    assert_eq!(text(settings(), &[without]), "the IBAN is missing");
    assert_eq!(text(settings(), &[payment(1, 5, " ", "")]), "the payee's name is missing");
    let only = Settings { currency: Some(Currency::USD), ..settings() };
    assert_eq!(text(only, &[payment(1, 5, "Erika", "")]), "the amount is in EUR, the file in USD");
    let few = Settings { rows_max: 1, ..settings() };
    assert_eq!(text(few, &[payment(1, 5, "Erika", ""), payment(2, 5, "Erika", "")]), "2 payments; 1 at most");
}

#[test]
fn formulas_are_refused_or_quoted_as_the_operator_wants() {
    let one = [payment(1, 5, "@SUM(1)", "-5")];
    assert_eq!(text(settings(), &one), "the payee's name begins like a formula, which a spreadsheet would run");
    let quoted = text(Settings { formulas: Formulas::Quote, ..settings() }, &one);
    assert!(quoted.contains(";'@SUM(1);") && quoted.contains(";'-5;"), "{quoted}");
}

#[test]
fn settings_that_do_not_hold_together_are_refused_by_name() {
    let word = |settings| Layout::try_new(settings).err().map(|why| why.to_string()).unwrap_or_default();
    let with =
        |words: &[&str]| Settings { columns: words.iter().map(|word| column("x", word)).collect(), ..settings() };
    assert_eq!(word(with(&["payout", "currency"])), "a column for the amount is missing");
    assert_eq!(word(with(&["amount", "currency"])), "a column for the payout or its short name is missing");
    assert_eq!(
        word(with(&["amount", "payout"])),
        "a column for the currency, or the one currency of the bank is missing"
    );
    assert_eq!(word(Settings { currency: Some(Currency::EUR), ..with(&["amount", "payout"]) }), "");
    assert_eq!(
        word(Settings { delimiter: 'x', ..settings() }),
        "the delimiter must be a comma, a semicolon, a tab or a bar"
    );
    assert_eq!(word(Settings { decimal_mark: '/', ..settings() }), "the decimal mark must be a point or a comma");
    assert_eq!(word(Settings { rows_max: 0, ..settings() }), "the payments of a file must be 1 to 10,000");
    assert_eq!(
        word(with(&["amount", "payout", "currency", "constant:=1"])),
        "a constant begins like a formula, which a spreadsheet would run"
    );
    let header = Settings {
        columns: vec![column("=1", "amount"), column("x", "payout"), column("x", "currency")],
        ..settings()
    };
    assert_eq!(word(header), "a header begins like a formula, which a spreadsheet would run");
    let many = Settings { columns: vec![column("x", "amount"); 51], ..settings() };
    assert_eq!(word(many), "51 columns; 50 at most");
    assert_eq!(Content::parse("salary"), Err(Why::Column("salary".to_owned())));
}

#[test]
fn details_are_made_of_methods_with_an_account_at_a_bank() {
    let csv = Destination::Csv { holder: "Erika".to_owned(), iban: "DE89370400440532013000".to_owned() };
    assert_eq!(Details::try_from(&csv), Ok(payment(1, 5, "Erika", "").payee));
    let mail = Destination::Paypal { email: "a@x.example".to_owned() };
    assert_eq!(
        Details::try_from(&mail).map_err(|why| why.to_string()),
        Err("the details are those of the rail paypal".to_owned())
    );
}

proptest! {
    #[test]
    fn a_sheet_reads_back_as_its_payments(all in proptest::collection::vec((1_i64..1_000_000_000, "[A-Za-zÀ-ÿ][ -~]{0,30}[A-Za-z]", "[A-Za-z0-9][ -~]{0,60}"), 1..20), comma: bool, quotes_all: bool) {
        let delimiter = if comma { ',' } else { ';' };
        let layout = Layout::try_new(Settings { delimiter, quotes_all, ..settings() }).expect("settings");
        let payments: Vec<_> = all.iter().enumerate().map(|(n, (minor, name, memo))| payment(n as u32, *minor, name, memo)).collect();
        let made = write(&layout, "x", day(), &payments).expect("a file");
        let rows = read_back(made.file.bytes(), if comma { b',' } else { b';' });
        prop_assert_eq!(rows.len(), payments.len() + 1);
        for ((row, payment), sent) in rows.iter().skip(1).zip(&payments).zip(&made.rows) {
            prop_assert_eq!(&row[0], &sent.reference);
            prop_assert_eq!(&row[1], &payment.payee.name);
            prop_assert_eq!(Money::parse(&row[2].replace(',', "."), Currency::EUR), Ok(payment.amount));
            prop_assert_eq!(&row[6], payment.memo.as_ref().map_or("", |memo| memo.as_str()));
        }
        let sum = payments.iter().fold(0, |sum, payment| sum + payment.amount.minor());
        prop_assert_eq!((made.file.totals.count, made.file.totals.sum.minor()), (payments.len() as u64, sum));
    }
}
