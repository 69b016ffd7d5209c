//! What the documents speak of is there: files, links, make targets.

use std::path::Path;

use crate::tree;

/// The folders that a path in a document begins with.
const FOLDERS: [&str; 8] = ["functions/", "shared/", "infra/", "tests/", "docs/", "events/", ".ci/", "target/"];

/// README.md and every page of `docs/`.
fn documents() -> Vec<tree::File> {
    let is_document = |path: &str| path == "README.md" || (path.starts_with("docs/") && path.ends_with(".md"));
    tree::files().into_iter().filter(|file| is_document(&file.path)).collect()
}

fn is_there(path: &str) -> bool {
    tree::root().join(path).exists()
}

/// A path without the line or the item that follows it.
fn plain(quoted: &str) -> &str {
    quoted.split([':', '#', ' ']).next().unwrap_or_default().trim_end_matches('/')
}

#[test]
fn every_file_that_a_document_names_is_there() {
    let mut faults = Vec::new();
    for document in documents() {
        for quoted in tree::quoted(&document.text) {
            let is_path = FOLDERS.iter().any(|folder| quoted.starts_with(folder)) && !quoted.starts_with("target/");
            let is_pattern = quoted.contains(['*', '<', '{', '…', '$']);
            if is_path && !is_pattern && !is_there(plain(&quoted)) {
                faults.push(format!("{} names {quoted}, which is not there", document.path));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// `shared/…/payout.rs` `seal`: the file, and a function that stands in it.
#[test]
fn every_function_that_a_document_names_beside_its_file_is_there() {
    let is_name =
        |word: &str| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    let mut faults = Vec::new();
    for document in documents() {
        for line in document.text.lines().filter(|line| !document.path.ends_with("rules.md") && line.contains(".rs` `"))
        {
            let words: Vec<&str> = line.split('`').collect();
            for pair in words.windows(3).filter(|pair| pair[0].ends_with(".rs") && pair[1] == " " && is_name(pair[2])) {
                let text = std::fs::read_to_string(tree::root().join(pair[0])).unwrap_or_default();
                let is_known = ["(", "<"].iter().any(|after| text.contains(&format!("fn {}{after}", pair[2])));
                if !is_known {
                    faults.push(format!("{}: {} has no function {}", document.path, pair[0], pair[2]));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_link_of_a_document_leads_somewhere() {
    let mut faults = Vec::new();
    for document in documents() {
        let folder = Path::new(&document.path).parent().unwrap_or(Path::new("")).to_owned();
        for target in document.text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            if !file.contains("://") && !file.is_empty() && !is_there(&folder.join(file).to_string_lossy()) {
                faults.push(format!("{} links to {target}, which is not there", document.path));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_make_target_that_a_document_names_exists() {
    let makefile = tree::read("Makefile");
    let mut faults = Vec::new();
    for document in documents() {
        for (number, line) in document.text.lines().enumerate() {
            for (at, _) in line.match_indices("make ").filter(|(at, _)| *at == 0 || line[..*at].ends_with(['`', ' '])) {
                let is_command = line[..at].ends_with('`') || line[..at].trim().is_empty();
                let name: String = line[at + 5..].chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
                if is_command && !name.is_empty() && !makefile.lines().any(|line| line.starts_with(&format!("{name}:")))
                {
                    faults.push(format!(
                        "{}:{} names `make {name}`, which the Makefile does not have",
                        document.path,
                        number + 1
                    ));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The last text within a macro's call, which is its message.
fn message_of(call: &str) -> Option<&str> {
    call.split(");").next()?.rsplit('"').nth(1)
}

#[test]
fn every_line_that_a_person_must_act_on_is_in_the_book_of_logs() {
    let book = tree::read("docs/LOGGING.md");
    let is_shipped =
        |path: &str| (path.starts_with("functions/") || path.starts_with("shared/")) && !path.contains("tests");
    let mut faults = Vec::new();
    for file in tree::rust_files().into_iter().filter(|file| is_shipped(&file.path)) {
        for message in file.text.split("tracing::error!(").skip(1).filter_map(message_of) {
            if !book.contains(&format!("| `{message}` |")) {
                faults.push(format!("{} logs the error \"{message}\", which docs/LOGGING.md does not have", file.path));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The anchors of a page: its headings, as links spell them.
fn anchors(text: &str) -> Vec<String> {
    let spelled = |heading: &str| {
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || *c == ' ' || *c == '-');
        kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
    };
    text.lines().filter(|line| line.starts_with('#')).map(|line| spelled(line.trim_start_matches('#').trim())).collect()
}

#[test]
fn every_link_to_a_heading_finds_it() {
    let mut faults = Vec::new();
    for document in documents() {
        let folder = Path::new(&document.path).parent().unwrap_or(Path::new("")).to_owned();
        for target in document.text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let Some((file, heading)) = target.split_once('#').filter(|_| !target.contains("://")) else { continue };
            let path =
                if file.is_empty() { document.path.clone() } else { folder.join(file).to_string_lossy().into_owned() };
            if is_there(&path) && !anchors(&tree::read(&path)).iter().any(|anchor| anchor == heading) {
                faults.push(format!("{} links to {target}, and there is no such heading", document.path));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_record_of_a_decision_has_its_four_parts_and_the_next_number() {
    let records: Vec<tree::File> =
        tree::files().into_iter().filter(|file| file.path.starts_with("docs/adr/")).collect();
    for (place, record) in records.iter().enumerate() {
        let number = format!("docs/adr/{:04}-", place + 1);
        assert!(record.path.starts_with(&number), "{} should begin with {number}", record.path);
        for part in ["## Decision", "## Why", "## Rejected", "## Consequences"] {
            assert!(record.text.lines().any(|line| line == part), "{} lacks the part {part}", record.path);
        }
    }
}
