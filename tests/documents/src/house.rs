//! Rules of the house that no compiler holds: cards, sizes, one name everywhere, no machine in the tree.

use local::template::{Place, Template};

use crate::tree;

const CARD: [&str; 6] = ["Trigger", "Reads", "Writes", "Sends", "Idempotent by", "On failure"];
const MAIN_LINES_MAX: usize = 40;
const FILE_LINES_MAX: usize = 500;

/// The comment that a file opens with.
fn opening(text: &str) -> Vec<&str> {
    text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect()
}

#[test]
fn every_function_opens_with_its_card() {
    for name in tree::functions() {
        let text = tree::read(&format!("functions/{name}/src/lib.rs"));
        let comment = opening(&text);
        let labels: Vec<&str> = comment
            .iter()
            .filter_map(|line| line.strip_prefix("- ")?.split_once(':'))
            .map(|(label, _)| label)
            .filter(|label| CARD.contains(label))
            .collect();
        assert_eq!(labels, CARD, "the card of functions/{name}/src/lib.rs");
    }
}

#[test]
fn every_room_says_what_lives_there_what_does_not_and_how_to_add_to_it() {
    for file in tree::rust_files() {
        let parts: Vec<&str> = file.path.split('/').collect();
        let [house, _, "src", "lib.rs"] = parts[..] else { continue };
        if house == "functions" || opening(&file.text).is_empty() {
            assert!(!opening(&file.text).is_empty(), "{} does not say what it is", file.path);
            continue;
        }
        let comment = opening(&file.text).join(" ");
        for asked in ["live", "not", "To add"] {
            assert!(
                comment.contains(asked),
                "{} does not say what lives there, what does not, and how to add to it",
                file.path
            );
        }
    }
}

#[test]
fn a_main_decides_nothing_and_is_short() {
    for name in tree::functions() {
        let lines = tree::read(&format!("functions/{name}/src/main.rs")).lines().count();
        assert!(lines <= MAIN_LINES_MAX, "functions/{name}/src/main.rs has {lines} lines; {MAIN_LINES_MAX} at most");
    }
}

#[test]
fn no_file_of_code_is_longer_than_a_person_reads_at_once() {
    for file in tree::rust_files() {
        let lines = file.text.lines().count();
        assert!(
            lines <= FILE_LINES_MAX,
            "{} has {lines} lines; {FILE_LINES_MAX} at most: split it by nouns",
            file.path
        );
    }
}

#[test]
fn a_function_has_one_name_in_its_folder_its_package_and_the_template() {
    let template = Template::read(&tree::root().join("template.yaml")).expect("template.yaml reads");
    let plan = template.plan(&Place::default()).expect("template.yaml is understood");
    assert_eq!(plan.functions.keys().cloned().collect::<Vec<_>>(), tree::functions());
    for (name, function) in &plan.functions {
        let manifest = tree::read(&format!("functions/{name}/Cargo.toml"));
        assert!(
            manifest.contains(&format!("\nname = \"{name}\"\n")),
            "functions/{name}/Cargo.toml names another package"
        );
        let logical_id: String = name.split('-').map(capitalised).collect();
        assert_eq!(function.logical_id, logical_id, "template.yaml");
    }
}

/// A word with a capital at its beginning.
pub(crate) fn capitalised(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_ascii_uppercase() + rest
}

#[test]
fn nothing_in_the_tree_knows_the_machine_it_was_made_on() {
    // In two halves, so that this file does not mention them itself.
    let places = [("/ro", "ot/"), ("/ho", "me/"), ("/Us", "ers/")].map(|(a, b)| format!("{a}{b}"));
    for file in tree::files() {
        for (number, line) in file.text.lines().enumerate() {
            for place in &places {
                let is_path = line
                    .match_indices(place.as_str())
                    .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '}'));
                assert!(!is_path, "{}:{} names a place on somebody's machine: {}", file.path, number + 1, line.trim());
            }
        }
    }
}
