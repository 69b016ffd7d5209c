//! `docs/rules.md`: every number that the code cites is there, and every rule there names its file and its test.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree;

/// What is written like a rule's number and is none: UTF-8, PDF-1.
const NOT_RULES: [&str; 7] = ["AES", "CRC", "ISO", "PDF", "RFC", "SHA", "UTF"];

/// Rules: the number, and the rest of its row.
fn written() -> BTreeMap<String, Vec<String>> {
    let mut rules = BTreeMap::new();
    for line in tree::read("docs/rules.md").lines() {
        let cells: Vec<String> = line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
        if line.starts_with('|') && is_number(&cells[0]) {
            assert!(rules.insert(cells[0].clone(), cells[1..].to_vec()).is_none(), "{} is there twice", cells[0]);
        }
    }
    rules
}

/// `COM-4`, `V14`: three capitals, a dash and a number; or a V and a number.
fn is_number(word: &str) -> bool {
    let number = |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    match word.split_once('-') {
        Some((family, rest)) => {
            family.len() == 3
                && family.bytes().all(|byte| byte.is_ascii_uppercase())
                && number(rest)
                && !NOT_RULES.contains(&family)
        }
        None => word.strip_prefix('V').is_some_and(number),
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))
}

/// Where the code cites which rule.
fn cited() -> BTreeMap<String, String> {
    let mut cited = BTreeMap::new();
    for file in tree::files() {
        let is_code =
            [".rs", ".yaml", ".py", ".sh", ".toml", ".typ", ".html"].iter().any(|end| file.path.ends_with(end));
        if !is_code || file.path.starts_with("tests/documents/") {
            continue;
        }
        for (number, line) in file.text.lines().enumerate() {
            for word in words(line).filter(|word| is_number(word)) {
                cited.insert(word.to_owned(), format!("{}:{}", file.path, number + 1));
            }
        }
    }
    cited
}

#[test]
fn every_rule_that_the_code_cites_is_written_down() {
    let written = written();
    let unknown: Vec<_> = cited().into_iter().filter(|(rule, _)| !written.contains_key(rule)).collect();
    assert!(unknown.is_empty(), "cited and not in docs/rules.md: {unknown:?}");
}

#[test]
fn every_rule_names_a_file_that_holds_it_and_a_test_that_shows_it() {
    let code: Vec<tree::File> = tree::rust_files();
    let tests: BTreeSet<&str> = code.iter().flat_map(|file| test_names(&file.text)).collect();
    let mut faults = Vec::new();
    for (rule, cells) in written() {
        let [_, held, shown] = &cells[..] else {
            faults.push(format!("{rule} does not have a sentence, a place and a test"));
            continue;
        };
        let places: Vec<String> = tree::quoted(held).into_iter().filter(|place| place.contains('/')).collect();
        if places.is_empty() {
            faults.push(format!("{rule} does not say where it is held"));
        }
        let named: Vec<String> =
            tree::quoted(shown).into_iter().filter(|name| name.contains('_') && !name.contains('/')).collect();
        // A rule without a test says so in as many words.
        if named.is_empty() && shown != "none yet" {
            faults.push(format!("{rule} does not say which test shows it"));
        }
        faults.extend(
            named
                .iter()
                .filter(|name| !tests.contains(name.as_str()))
                .map(|name| format!("{rule}: there is no test {name}")),
        );
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Names of the functions that follow a test's attribute, and of those that stand in a `proptest!`.
fn test_names(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut is_next = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_next = true;
        } else if let Some(at) = line.find("fn ").filter(|_| is_next) {
            names.push(line[at + 3..].split('(').next().unwrap_or_default());
            is_next = false;
        }
    }
    names
}
