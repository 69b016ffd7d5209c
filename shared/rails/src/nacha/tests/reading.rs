use super::*;

/// What a damaged file is refused for; empty when it is read.
fn word(text: &str) -> String {
    read(text.as_bytes()).err().map(|damaged| damaged.to_string()).unwrap_or_default()
}

/// The sample with columns of a line overwritten, both counted from 1.
pub(super) fn with(sample: &str, line: usize, column: usize, text: &str) -> String {
    let changed = sample.lines().enumerate().map(|(nth, old)| {
        if nth + 1 != line {
            return old.to_owned();
        }
        let (before, rest) = old.split_at(column - 1);
        [before, text, &rest[text.len()..]].concat()
    });
    changed.collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn a_file_is_read_with_lf_with_crlf_as_one_line_and_without_its_filler() {
    let whole = read(BALANCED.as_bytes()).expect("a file");
    assert_eq!(whole.batches.len(), 2);
    let entry = &whole.batches[0].entries[0];
    let read_back = (entry.line, entry.code, entry.cents, entry.name.as_str(), entry.account.expose());
    assert_eq!(read_back, (3, 22, 12_345, "JANE DOE", "123456789"));
    assert_eq!(read(BALANCED.replace('\n', "\r\n").as_bytes()), Ok(whole.clone()));
    assert_eq!(read(BALANCED.replace('\n', "").as_bytes()), Ok(whole.clone()));
    let without_filler: Vec<&str> = BALANCED.lines().filter(|line| !line.starts_with("99")).collect();
    assert_eq!(read(without_filler.join("\n").as_bytes()), Ok(whole));
}

#[test]
fn a_return_as_a_bank_writes_it_is_read() {
    // A batch of two directions, in the shape that banks send.
    let text = include_str!("../../../tests/data/returns.ach");
    let file = read(text.as_bytes()).expect("a file");
    assert_eq!(file.batches.len(), 3);
}

#[test]
fn a_damaged_file_is_refused_by_its_line() {
    let sample = UNBALANCED;
    let table = [
        (
            with(sample, 3, 38, "9"),
            "line 5: the credits of the batch: the control record says 212345, the records 212395",
        ),
        (
            with(sample, 3, 4, "121042882"),
            "line 5: the entry hash of the batch: the control record says 26268011, the records 15234289",
        ),
        (with(sample, 3, 12, "5"), "line 3: the routing number is none"),
        (with(sample, 3, 30, "00000X2345"), "line 3: the amount must be digits"),
        (with(sample, 3, 79, "1"), "line 3: the mark for addenda does not say whether any follow"),
        (with(sample, 3, 79, "2"), "line 3: the mark for addenda must be 0 or 1"),
        (with(sample, 3, 80, "12104288000000A"), "line 3: the trace number must be digits"),
        (with(sample, 2, 2, "221"), "line 2: the service class must be 200, 220, 225 or 280"),
        (with(sample, 2, 2, "200"), "line 5: the service class is not the one of the batch's header"),
        (with(sample, 5, 45, "1234567891"), "line 5: the company's number is not the one of the batch's header"),
        (with(sample, 5, 88, "0000002"), "line 5: the batch number is not the one of the batch's header"),
        (
            with(sample, 5, 5, "000003"),
            "line 5: entries and addenda of the batch: the control record says 3, the records 2",
        ),
        (with(sample, 8, 84, "0002"), "line 8: the addenda's number does not count on"),
        (with(sample, 8, 88, "0000004"), "line 8: the trace number is not the entry's"),
        (with(sample, 10, 2, "000003"), "line 10: batches: the control record says 3, the records 2"),
        (with(sample, 10, 8, "000002"), "line 10: blocks: the control record says 2, the records 1"),
        (with(sample, 10, 14, "00000005"), "line 10: entries and addenda: the control record says 5, the records 4"),
        (
            with(sample, 10, 22, "0028368014"),
            "line 10: the entry hash: the control record says 28368014, the records 28368013",
        ),
        (
            with(sample, 10, 44, "000007782346"),
            "line 10: credits: the control record says 7782346, the records 7782345",
        ),
        (with(sample, 1, 35, "095"), "line 1: the format must be 094, 10 and 1"),
    ];
    for (text, expected) in table {
        assert_eq!(word(&text), expected);
    }
}

#[test]
fn a_file_with_a_line_too_many_or_too_few_is_refused_by_its_line() {
    let sample = UNBALANCED;
    let table = [
        (with(sample, 4, 55, "\u{7}"), "line 4: column 55 is not printable ASCII"),
        (sample.replacen("JANE DOE ", "JANE DOE", 1), "line 3: 93 columns; a record has 94"),
        (sample.replacen("JANE DOE  ", "JANE DÖE  ", 1), "line 3: column 61 is not printable ASCII"),
        (
            sample.lines().take(9).collect::<Vec<_>>().join("\n"),
            "line 10: the file ends here, before its control record",
        ),
        (
            sample.lines().take(4).collect::<Vec<_>>().join("\n"),
            "line 5: the file ends here, before its control record",
        ),
        (
            sample.lines().skip(1).collect::<Vec<_>>().join("\n"),
            "line 1: a record of type '5' where the file's header belongs",
        ),
        (
            format!("{sample}{}\n", sample.lines().nth(2).expect("a line")),
            "line 11: a record of type '6' where the end or a line of nines belongs",
        ),
        (format!("{sample}{}\n", "9".repeat(94)), "line 11: the file is not filled up to a whole block"),
        (String::new(), "line 1: 0 columns; a record has 94"),
    ];
    for (text, expected) in table {
        assert_eq!(word(&text), expected);
    }
}

#[test]
fn bytes_that_are_no_text_are_refused_by_line_and_column() {
    let mut bytes = UNBALANCED.as_bytes().to_vec();
    bytes[95 * 2 + 60] = 0xff;
    assert_eq!(read(&bytes).expect_err("refused").to_string(), "line 3: column 61 is not printable ASCII");
}

#[test]
fn every_digit_of_the_totals_counts() {
    // Whatever digit of a number that is added up or says a sum is changed, the file is refused.
    let columns = [(3, 4..=11), (3, 30..=39), (4, 4..=12), (5, 5..=44), (9, 5..=44), (10, 2..=55)];
    for (line, range) in columns {
        for column in range {
            let old = UNBALANCED.lines().nth(line - 1).expect("a line").as_bytes()[column - 1] - b'0';
            let changed = with(UNBALANCED, line, column, &((old + 1) % 10).to_string());
            assert!(read(changed.as_bytes()).is_err(), "line {line}, column {column}");
        }
    }
}
