use std::collections::BTreeMap;

use super::*;

/// Three entries came back and two are to be put right, in the shape in which a bank sends it.
const RETURNS: &str = include_str!("../../../tests/data/returns.ach");

/// What was sent: the balanced sample, and a prenote.
fn sent() -> BTreeMap<Trace, SentEntry> {
    let settings = Settings { offset: balanced(&[EntryClass::Ppd]), ..settings() };
    let payee = payments()[1].payee.clone();
    let prenote = Prenote { method: method(4), payee };
    let file = write(&originator(settings), run(), &payments(), &[prenote]).expect("a file");
    file.entries.into_iter().map(|entry| (entry.trace.clone(), entry)).collect()
}

fn import(text: &str) -> Result<Vec<Outcome>, ImportRefused> {
    Imported::read(text.as_bytes())?.settle(&sent())
}

fn word(text: &str) -> String {
    import(text).err().map(|refused| refused.to_string()).unwrap_or_default()
}

#[test]
fn returns_and_notices_are_told_by_payout() {
    let told: Vec<String> = import(RETURNS)
        .expect("outcomes")
        .iter()
        .map(|outcome| match outcome {
            Outcome::Returned(it) => {
                format!("{}: {} {} {:?} {:?} {}", it.line, it.subject, it.code, it.amount, it.code.action(), it.note)
            }
            Outcome::Corrected(it) => format!("{}: {} {} {:?}", it.line, it.subject, it.code, it.corrected),
        })
        .map(|line| line.replace("pay_00000000000000000000000007USD", ""))
        .collect();
    assert_eq!(
        told,
        [
            "4: payout 000001 R03 123.45 USD Verify NO SUCH ACCOUNT",
            "6: prenote of mth_00000000000000000000000004 R02 0.00 USD Close ",
            "10: payout 000003 R29 75700.00 USD Close ",
            "14: payout 000002 C02 Bank { routing: Some(****0019), account: None, kind: None }",
            "16: payout 000001 C07 Bank { routing: Some(****0248), account: Some(****5677), kind: Some(Savings) }",
        ]
    );
}

#[test]
fn traces_are_given_out_to_be_looked_up_in_between() {
    let imported = Imported::read(RETURNS.as_bytes()).expect("a file");
    let traces: Vec<String> = imported.traces().iter().map(ToString::to_string).collect();
    assert_eq!(traces, ["121042880000001", "121042880000002", "121042880000003", "121042880000005"]);
}

#[test]
fn one_wrong_line_refuses_the_whole_file() {
    let changed = |from: &str, to: &str| RETURNS.replacen(from, to, 1);
    let table = [
        (
            changed("799R03121042880000001", "799R03121042880000009"),
            "line 4: trace number 121042880000009 was not sent by us",
        ),
        (
            changed("799R03121042880000001", "799R0312104288000000X"),
            "line 4: the original trace number must be 15 digits",
        ),
        (
            changed("799R03121042880000001", "799R99121042880000001"),
            "line 4: \"R99\" is not a code of returns or changes",
        ),
        (
            changed("799R03121042880000001", "799C03121042880000001"),
            "line 4: \"C03\" is not a code of returns or changes",
        ),
        (
            changed("799R03121042880000001      23138010", "799R03121042880000001      03130001"),
            "line 4: trace number 121042880000001 was sent to another bank",
        ),
        (
            changed("799R03121042880000001      23138010", "799R03121042880000002      03130001"),
            "line 4: trace number 121042880000002: 12345 cents came back, 200000 were sent",
        ),
        (changed("799R03", "705R03"), "line 4: the addenda's number does not count on"),
        (changed("798C02", "798C99"), "line 14: \"C99\" is not a code of returns or changes"),
        (
            changed("091000019  ", "091000018  "),
            "line 14: the corrected data of C02: the routing number has a typing mistake: its check digit does not fit the other digits",
        ),
        (
            changed("CORCOMMISSION", "PPDCOMMISSION"),
            "line 14: the entry is neither a return nor a notification of change",
        ),
        (UNBALANCED.to_owned(), "line 3: the entry is neither a return nor a notification of change"),
        (
            changed("0000012345", "0000012346"),
            "line 7: the credits of the batch: the control record says 12345, the records 12346",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(word(&text), expected);
    }
}

#[test]
fn an_entry_that_is_returned_twice_in_one_file_refuses_it() {
    let twice = RETURNS.replacen("799R02121042880000003      03130001", "799R02121042880000001      23138010", 1);
    assert_eq!(word(&twice), "line 6: trace number 121042880000001 is returned twice in this file");
}

#[test]
fn every_code_of_a_return_has_a_meaning_and_says_what_becomes_of_the_method() {
    let codes: Vec<ReturnCode> = ReturnCode::all().collect();
    for code in &codes {
        assert_eq!(ReturnCode::parse(code.as_str()), Some(*code));
        assert!(!code.meaning().is_empty());
        // A method that is to be looked at or closed was returned for good: the same again would come back again.
        assert_eq!(code.action() == MethodAction::Keep && code.is_final(), code.as_str() == "R24", "{code}");
        assert!(code.is_final() || code.action() == MethodAction::Keep, "{code}");
    }
    let distinct: BTreeSet<&str> = codes.iter().map(|code| code.as_str()).collect();
    assert_eq!(distinct.len(), codes.len());
    let of = |text| ReturnCode::parse(text).map(|code| (code.is_final(), code.action()));
    let table = [
        ("R01", Some((false, MethodAction::Keep))),
        ("R02", Some((true, MethodAction::Close))),
        ("R03", Some((true, MethodAction::Verify))),
        ("R04", Some((true, MethodAction::Verify))),
        ("R10", Some((true, MethodAction::Close))),
        ("R16", Some((true, MethodAction::Close))),
        ("R20", Some((true, MethodAction::Close))),
        ("R29", Some((true, MethodAction::Close))),
        ("R00", None),
        ("r01", None),
        ("", None),
    ];
    for (text, expected) in table {
        assert_eq!(of(text), expected, "{text}");
    }
}

#[test]
fn corrected_data_is_read_by_the_columns_of_its_code() {
    let read = |code: &str, data: &str| {
        let code = ChangeCode::parse(code).expect("a code");
        let masked = Masked::new(&format!("{data:29}"));
        match crate::nacha::import::corrected(code, &masked) {
            Ok(Corrected::Bank { routing, account, kind }) => {
                let routing = routing.map(|number| number.expose().to_owned()).unwrap_or_default();
                let account = account.map(|number| number.expose().to_owned()).unwrap_or_default();
                format!(
                    "{routing}/{account}/{}",
                    kind.map(|kind| format!("{kind:?}").to_lowercase()).unwrap_or_default()
                )
            }
            Ok(Corrected::ByHand(text)) => format!("by hand {}", text.expose().trim_end()),
            Ok(other) => format!("{other:?}"),
            Err(refused) => refused.to_string(),
        }
    };
    let table = [
        ("C01", "1918171614", "/1918171614/"),
        ("C02", "021000021", "021000021//"),
        ("C03", "021000021   987654321", "021000021/987654321/"),
        ("C03", "021000021987654321", "021000021/987654321/"),
        ("C04", "JANE ROE", "Name(\"JANE ROE\")"),
        ("C05", "32", "//savings"),
        ("C05", "22", "//checking"),
        ("C05", "42", "by hand 42"),
        ("C06", "987654321           37", "/987654321/savings"),
        ("C06", "12345678901234567   22", "/12345678901234567/checking"),
        ("C06", "1234527", "by hand 1234527"),
        ("C07", "021000021987654321        22", "021000021/987654321/checking"),
        ("C07", "0210000211234567890123456732", "021000021/12345678901234567/savings"),
        ("C09", "PARTNER-9", "Identification(\"PARTNER-9\")"),
        ("C10", "ACME", "by hand ACME"),
        ("C13", "", "by hand "),
        ("C01", "", "the account number is missing"),
        ("C04", "", "the corrected data is missing"),
        ("C02", "02100002", "the routing number has 8 characters; a routing number has 9"),
    ];
    for (code, data, expected) in table {
        assert_eq!(read(code, data), expected, "{code} {data}");
    }
    for code in ChangeCode::all() {
        assert_eq!(ChangeCode::parse(&code.to_string()), Some(code));
        assert!(!code.meaning().is_empty());
    }
    assert_eq!(["C00", "C15", "C61", "R01", "C1"].map(ChangeCode::parse), [None; 5]);
    assert!(ChangeCode::parse("C09").is_some_and(ChangeCode::is_about_payee));
    assert!(!ChangeCode::parse("C10").is_some_and(ChangeCode::is_about_payee));
}

#[test]
fn a_notice_that_carries_money_refuses_the_file() {
    // The totals of batch and file are put right too, so that nothing else is wrong.
    let text = super::reading::with(RETURNS, 13, 30, "0000000100");
    let text = super::reading::with(&text, 17, 33, "000000000100");
    let text = super::reading::with(&text, 18, 44, "000007582445");
    assert_eq!(word(&text), "line 13: a notification of change carries no money; this one has 100 cents");
}

#[test]
fn an_entry_with_two_addenda_is_no_return() {
    let mut lines: Vec<&str> = RETURNS.lines().filter(|line| !line.starts_with("99")).collect();
    lines.insert(4, lines[3]);
    let text = super::reading::with(&lines.join("\n"), 8, 5, "000005");
    let text = super::reading::with(&text, 19, 14, "00000011");
    assert_eq!(word(&text), "line 3: the entry has 2 addenda records; a return or notice has one");
}
