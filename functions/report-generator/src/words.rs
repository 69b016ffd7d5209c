//! Figures, days and names in the words that a person reads on a page.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use serde::Serialize;

use crate::receipt::{Covered, Kept};

/// A name longer than this is cut.
const TEXT_LEN_MAX: usize = 120;
const SEAL_LEN: usize = 16;

/// "USD 1,250.50" from "1250.50": the text is grouped, never computed with.
pub(crate) fn amount_text(amount: &str, currency: &str) -> String {
    let (sign, digits) = amount.strip_prefix('-').map_or(("", amount), |rest| ("\u{2212}", rest));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, fraction)| (whole, Some(fraction)));
    let fraction = fraction.map(|fraction| format!(".{fraction}")).unwrap_or_default();
    format!("{currency} {sign}{}{fraction}", grouped(whole))
}

fn grouped(digits: &str) -> String {
    let count = digits.chars().count();
    let mut text = String::with_capacity(count + count / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (count - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

pub(crate) fn utc_day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

pub(crate) fn day_text(day: Date) -> String {
    day.strftime("%-d %B %Y").to_string()
}

/// What a payout covers, in a line.
fn covered_text(covered: &Covered) -> String {
    match (covered.first_day, covered.last_day) {
        (Some(first), Some(last)) if first == last => format!("Commission available on {}", day_text(first)),
        (Some(first), Some(last)) => format!("Commission available {} to {}", day_text(first), day_text(last)),
        (None, Some(last)) => format!("Commission available up to {}", day_text(last)),
        (_, None) => "Commission".to_owned(),
    }
}

/// A line of what a payment covers.
#[derive(Serialize)]
pub(crate) struct Row {
    description: String,
    entries: String,
    amount: String,
}

/// PAY-13: what was earned, and what is kept of it; what is left is the total.
pub(crate) fn rows(covered: &Covered, gross: &str, kept: &[Kept], currency: &str) -> Vec<Row> {
    let earned = Row {
        description: covered_text(covered),
        entries: grouped(&covered.lines.to_string()),
        amount: amount_text(gross, currency),
    };
    let kept = kept.iter().map(|kept| Row {
        description: kept.why.to_owned(),
        entries: String::new(),
        amount: amount_text(&format!("-{}", kept.amount), currency),
    });
    [earned].into_iter().chain(kept).collect()
}

/// The beginning of a seal, as far as people compare it.
pub(crate) fn seal_text(seal: &str) -> String {
    clean(&seal.chars().take(SEAL_LEN).collect::<String>())
}

/// One line of plain text: control characters and the marks that turn the direction of text are
/// dropped, as they could make a name look like another.
pub(crate) fn clean(text: &str) -> String {
    let kept: String = text.chars().filter(|c| !c.is_control() && !is_direction_mark(*c)).collect();
    let line = kept.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= TEXT_LEN_MAX {
        return line;
    }
    line.chars().take(TEXT_LEN_MAX - 1).chain(['…']).collect()
}

/// The lines of a text that somebody must follow to the letter: none of it is cut.
pub(crate) fn lines_of(text: &str) -> Vec<String> {
    let line = |line: &str| {
        let kept: String =
            line.chars().filter(|c| !is_direction_mark(*c)).map(|c| if c.is_control() { ' ' } else { c }).collect();
        kept.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    text.split('\n').map(line).collect()
}

fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
