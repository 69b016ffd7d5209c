//! A file's bytes as records.

use crate::nacha::layout::WIDTH;
use crate::nacha::read::{Damaged, Fault};

/// Its records: lines in LF or CRLF, or one long line that is cut every 94 columns. Empty lines at the end are dropped.
pub(crate) fn split(bytes: &[u8]) -> Result<Vec<&str>, Damaged> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            return Err(place_of(before));
        }
    };
    let text = text.trim_end_matches(['\n', '\r', '\u{1a}']);
    let lines: Vec<&str> = if !text.contains('\n') && text.is_ascii() && text.len() > WIDTH {
        (0..text.len()).step_by(WIDTH).filter_map(|from| text.get(from..text.len().min(from + WIDTH))).collect()
    } else {
        text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect()
    };
    for (nth, line) in lines.iter().enumerate() {
        check(line).map_err(|fault| Damaged { line: nth + 1, fault })?;
    }
    Ok(lines)
}

fn check(line: &str) -> Result<(), Fault> {
    let columns = line.chars().count();
    if let Some(at) = line.chars().position(|c| !(' '..='~').contains(&c)) {
        return Err(Fault::NotAscii(at + 1));
    }
    if columns == WIDTH { Ok(()) } else { Err(Fault::Columns(columns)) }
}

/// The line and column after some bytes.
fn place_of(before: &[u8]) -> Damaged {
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
    Damaged { line, fault: Fault::NotAscii(column) }
}
