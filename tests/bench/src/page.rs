//! `docs/BENCHMARKS.md`: each program writes its own section and leaves the others.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

/// Ends a program: what it found is printed and, with a title, put into the page. It fails where a figure is missed.
#[expect(clippy::print_stdout, reason = "what a program that prints figures ends with")]
#[must_use]
pub fn end(title: Option<&str>, text: &str, misses: &[String]) -> ExitCode {
    println!("{text}");
    if let Some(Err(error)) = title.map(|title| write_section(title, text)) {
        eprintln!("docs/BENCHMARKS.md: {error}");
        return ExitCode::FAILURE;
    }
    for miss in misses {
        eprintln!("missed: {miss}");
    }
    if misses.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Puts a section in the place of the one with the same title, or at the end. The text comes without its title.
///
/// # Errors
/// The page cannot be read or written.
pub fn write_section(title: &str, text: &str) -> io::Result<()> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/BENCHMARKS.md"));
    let page = std::fs::read_to_string(&path)?;
    std::fs::write(&path, with_section(&page, title, text))
}

fn with_section(page: &str, title: &str, text: &str) -> String {
    let heading = format!("## {title}\n");
    let section = format!("{heading}\n{}\n", text.trim());
    let Some(from) = page.find(&heading) else { return format!("{}\n\n{section}", page.trim_end()) };
    let (before, rest) = page.split_at(from);
    let after = rest[heading.len()..].find("\n## ").map_or("", |at| &rest[heading.len() + at..]);
    format!("{before}{section}{after}")
}

/// A count with its thousands apart.
#[must_use]
pub fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_takes_its_own_place_and_leaves_the_others() {
        let page = with_section("# Page\n\nWords.\n", "One", "first");
        assert_eq!(page, "# Page\n\nWords.\n\n## One\n\nfirst\n");
        let page = with_section(&page, "Two", "second");
        assert_eq!(page, "# Page\n\nWords.\n\n## One\n\nfirst\n\n## Two\n\nsecond\n");
        let page = with_section(&page, "One", "again\n");
        assert_eq!(page, "# Page\n\nWords.\n\n## One\n\nagain\n\n## Two\n\nsecond\n");
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([7, 1_000, 1_234_567].map(thousands), ["7", "1,000", "1,234,567"]);
    }
}
