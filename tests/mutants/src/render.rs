//! A source with every change in it, each behind its switch.

use std::ops::Range;

use crate::listed::Number;
use crate::site::{Bytes, Kind, Site};

/// What a change of a source asks before it happens. The module is written beside the sources ([`SWITCH`]).
const ASK: &str = "crate::mutant::is";

/// The module that knows which change is switched on: one a process. Told where to, it also writes down which changes a
/// test comes by.
pub const SWITCH: &str = r#"
//! Which change is switched on.
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex};

static SWITCHED: LazyLock<u32> = LazyLock::new(|| std::env::var("MUTANT").ok().and_then(|it| it.parse().ok()).unwrap_or(0));
static TRACE: LazyLock<Option<Mutex<std::fs::File>>> =
    LazyLock::new(|| std::env::var_os("MUTANT_TRACE").map(|path| Mutex::new(std::fs::File::create(path).unwrap())));
static SEEN: [AtomicBool; 20_000] = [const { AtomicBool::new(false) }; 20_000];

pub fn is(number: u32) -> bool {
    if let Some(file) = &*TRACE {
        if !SEEN[number as usize].swap(true, Ordering::Relaxed) {
            writeln!(file.lock().unwrap(), "{number}").unwrap();
        }
    }
    *SWITCHED == number
}
"#;

/// A source as it is compiled, and where in it each change stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// What is written instead, by change: an error in there is the change's own.
    pub changes: Vec<(Number, Bytes)>,
    /// What was written anew: an error in there comes of the switch.
    pub sites: Vec<(Vec<Number>, Bytes)>,
}

/// Writes the changes into a source. The places are sorted, outer ones first.
#[must_use]
pub fn render(source: &str, sites: &[Site]) -> Rendered {
    let mut out = Rendered::default();
    write(source, 0..source.len(), sites, &mut out);
    out
}

/// The text of a range, with the places in it written anew.
fn write(source: &str, range: Bytes, sites: &[Site], out: &mut Rendered) {
    let (mut at, mut left) = (range.start, sites);
    while let Some((site, behind)) = left.split_first() {
        let is_within = site.whole.start >= at && site.whole.end <= range.end;
        // What begins where the outermost of them begins, or within it, is written by it.
        let inner = behind.iter().take_while(|other| {
            other.whole.start < site.whole.end && other.whole.end <= site.whole.end && !site.whole.is_empty()
        });
        let inner = &behind[..inner.count()];
        if is_within {
            out.text.push_str(&source[at..site.whole.start]);
            let begun = out.text.len();
            write_site(source, site, inner, out);
            out.sites.push((site.kind.numbers(), begun..out.text.len()));
            at = site.whole.end;
            left = &behind[inner.len()..];
        } else {
            left = behind;
        }
    }
    out.text.push_str(&source[at..range.end]);
}

fn write_site(source: &str, site: &Site, inner: &[Site], out: &mut Rendered) {
    let Range { start, end } = site.whole;
    match &site.kind {
        Kind::Constness => {}
        Kind::Body(others) => {
            for (number, other) in others {
                out.ask(*number, &format!("return {other};"));
                out.text.push(' ');
            }
        }
        Kind::Binary(operator, others) => {
            out.text.push('(');
            for (number, other) in others {
                let (left, right) = (&source[start..operator.start], &source[operator.end..end]);
                out.ask(*number, &format!("{left}{other}{right}"));
                out.text.push_str(" else ");
            }
            out.text.push_str("{ ");
            write(source, start..operator.start, inner, out);
            out.text.push_str(&source[operator.clone()]);
            write(source, operator.end..end, inner, out);
            out.text.push_str(" })");
        }
        Kind::Unary(operator, number) => {
            out.text.push('(');
            out.ask(*number, &source[operator.end..end]);
            out.text.push_str(" else { ");
            out.text.push_str(&source[operator.clone()]);
            write(source, operator.end..end, inner, out);
            out.text.push_str(" })");
        }
        Kind::Arm { guard, deleted, settled } => write_guard(source, (guard.as_ref(), *deleted, settled), inner, out),
        Kind::Literal(fields) => {
            out.text.push('(');
            for (number, field) in fields {
                let without = format!("{}{}", &source[start..field.start], &source[field.end..end]);
                out.ask(*number, &without);
                out.text.push_str(" else ");
            }
            out.text.push_str("{ ");
            write(source, start..end, inner, out);
            out.text.push_str(" })");
        }
    }
}

/// What an arm asks before it is taken: is it there at all, and is its guard settled?
fn write_guard(
    source: &str,
    (guard, deleted, settled): (Option<&Bytes>, Option<Number>, &[(Number, String)]),
    inner: &[Site],
    out: &mut Rendered,
) {
    out.text.push_str(" if ");
    if let Some(number) = deleted {
        out.text.push_str(&format!("!{ASK}({number})"));
    }
    let Some(guard) = guard else { return };
    out.text.push_str(if deleted.is_some() { " && " } else { "" });
    out.text.push('(');
    for (number, _) in settled.iter().filter(|(_, always)| always == "true") {
        out.text.push_str(&format!("{ASK}({number}) || "));
    }
    for (number, _) in settled.iter().filter(|(_, always)| always != "true") {
        out.text.push_str(&format!("!{ASK}({number}) && "));
    }
    out.text.push('(');
    write(source, guard.clone(), inner, out);
    out.text.push_str("))");
}

impl Rendered {
    /// `if it is switched on { this }`.
    fn ask(&mut self, number: Number, then: &str) {
        self.text.push_str(&format!("if {ASK}({number}) {{ "));
        let begun = self.text.len();
        self.text.push_str(then);
        self.changes.push((number, begun..self.text.len()));
        self.text.push_str(" }");
    }

    /// The innermost change in whose own text something is.
    #[must_use]
    pub fn change_at(&self, bytes: &Bytes) -> Option<Number> {
        let around = self.changes.iter().filter(|(_, text)| text.start <= bytes.start && bytes.end <= text.end);
        around.min_by_key(|(_, text)| text.len()).map(|(number, _)| *number)
    }

    /// The changes of the innermost place that something is in.
    #[must_use]
    pub fn changes_around(&self, bytes: &Bytes) -> Option<&[Number]> {
        let around = self
            .sites
            .iter()
            .filter(|(numbers, text)| !numbers.is_empty() && text.start <= bytes.start && bytes.end <= text.end);
        around.min_by_key(|(_, text)| text.len()).map(|(numbers, _)| numbers.as_slice())
    }
}
