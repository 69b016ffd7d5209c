//! `docs/schema.md`: every kind of item with its version, and every key: made from what the store's own files say.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use domain::audit::{Actor, AuditEntry, ChainEnd, Deed, append};
use domain::job::Job;
use domain::role::Role;

use crate::house::capitalised;
use crate::tree;

const HEAD: &str = "# What is stored

This page is made from the code (`UPDATE_DOCS=1 cargo test -p documents`); a test compares the two.

Every item says what it is (`entity`) and in which version of its shape it was written (`v`). Whoever reads takes the
version that is written now and the one before; `tributary migrate` writes what is older anew. A new field that may be
absent is no new version; a field that means something else, or is gone, is.

`T` is the tenant's id. Every partition begins with it; what belongs to the deployment as a whole stands with the default
tenant, and the directory of link codes alone has none.
";

/// What an item is called by something other than a text beside the word `entity`.
const BEHIND: [(&str, u32); 2] = [("Entry::of(\"", 1), ("Telling { entity: \"", 1)];
/// Kinds of items whose name comes to where they are written from somewhere else, with their versions.
const TOLD: [(&str, u32, &str); 9] = [
    ("idempotency", 1, "shared/store/src/idempotency.rs"),
    ("partner_news", 1, "shared/store/src/partner_news.rs"),
    ("payout_file", 1, "shared/store/src/payout_files.rs"),
    ("method_notice", 1, "shared/store/src/payout_files.rs"),
    ("payout_file_numbers", 1, "shared/store/src/payout_files.rs"),
    ("payout_note", 1, "shared/store/src/payout_notes.rs"),
    ("sent_row", 1, "shared/store/src/payout_files.rs"),
    ("tax_form", 1, "shared/store/src/tax_forms.rs"),
    ("tax_form_before", 1, "shared/store/src/tax_forms.rs"),
];
/// How far below its name an item's version may stand.
const LINES_MAX: usize = 12;

/// A kind of item, where it is written.
struct Found {
    entity: String,
    version: Option<u32>,
    place: String,
}

/// The value of a constant of a file.
fn constant<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let declared = text.lines().find(|line| line.contains(&format!("const {name}:")))?;
    Some(declared.split('=').nth(1)?.trim().trim_end_matches(';').trim_matches('"'))
}

/// The version that a line tells, if it tells one.
fn version(text: &str, line: &str) -> Option<u32> {
    let behind = ["(\"v\", item::number(", "(\"v\", number(", "\"v\" = ", " v: "];
    let told = behind.iter().find_map(|mark| line.split(mark).nth(1)).or_else(|| line.strip_prefix("v: "))?;
    let word: String = told.trim().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    word.parse().ok().or_else(|| constant(text, &word)?.parse().ok())
}

/// The name that a line gives to an item, if it does.
fn entity(text: &str, line: &str) -> Option<String> {
    let behind = ["entity: ", "let entity = ", "(\"entity\", item::text(", "(\"entity\", text("];
    if line.contains("require") || line.contains("struct ") || line.contains("fn ") {
        return None;
    }
    let told = behind.iter().find_map(|mark| line.split(mark).nth(1))?.trim();
    if let Some(name) = told.strip_prefix('"') {
        return Some(name.split('"').next()?.to_owned());
    }
    let word: String = told.chars().take_while(|c| c.is_ascii_uppercase() || *c == '_').collect();
    if word.len() < 2 { None } else { constant(text, &word).map(str::to_owned) }
}

/// The version of what is written by another's hand: the newest telling of `newest.rs`, or an entry that says its own.
fn elsewhere(text: &str, name: &str) -> Option<u32> {
    if name == "audit" {
        return Some(audited().v);
    }
    text.contains("Telling").then_some(1)
}

/// An audit entry as it is written now.
fn audited() -> AuditEntry {
    let actor = Actor::new(Role::Admin, "usr_1");
    let at = "2026-09-01T00:00:00Z".parse().expect("an instant");
    append(ChainEnd::START, "x", Deed { at, actor, action: "x", old: BTreeMap::new(), new: BTreeMap::new() })
}

/// What one file writes, its tests left out.
fn found_in(file: &tree::File) -> Vec<Found> {
    let text = file.text.split("mod tests {").next().unwrap_or_default();
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.starts_with("//")).collect();
    let mut found = Vec::new();
    for (n, line) in lines.iter().enumerate() {
        let of = |entity: String, version| Found { entity, version, place: file.path.clone() };
        let fixed = BEHIND.iter().find_map(|(mark, version)| Some((line.split(mark).nth(1)?, *version)));
        if let Some((name, version)) = fixed {
            found.push(of(name.split('"').next().unwrap_or_default().to_owned(), Some(version)));
        } else if let Some(name) = entity(text, line) {
            let mut near = lines.iter().skip(n).take(LINES_MAX);
            let told = near.find_map(|line| version(text, line)).or_else(|| elsewhere(text, &name));
            found.push(of(name, told));
        }
    }
    found
}

fn all_found() -> Vec<Found> {
    let is_of_store = |path: &str| path.starts_with("shared/store/src/") && !path.contains("tests");
    let files = tree::rust_files().into_iter().filter(|file| is_of_store(&file.path));
    files.flat_map(|file| found_in(&file)).collect()
}

/// Every kind of item with its version and the files that write it.
fn entities() -> BTreeMap<String, (u32, Vec<String>)> {
    let mut known: BTreeMap<String, (u32, Vec<String>)> = BTreeMap::new();
    for (entity, version, place) in TOLD {
        assert!(tree::read(place).contains(&format!("\"{entity}\"")), "{place} writes no {entity}");
        known.insert(entity.to_owned(), (version, vec![place.to_owned()]));
    }
    for Found { entity, version, place } in all_found() {
        let version = version.unwrap_or_else(|| panic!("{place}: {entity} says no version"));
        let (there, places) = known.entry(entity.clone()).or_insert((version, Vec::new()));
        assert_eq!(*there, version, "{place}: {entity} is written in two versions");
        if !places.contains(&place) {
            places.push(place);
        }
    }
    known
}

#[test]
fn every_item_says_its_version_and_the_page_of_what_is_stored_is_what_the_code_says() {
    let entities = entities();
    assert!(entities.len() > 80, "only {} kinds of items were found", entities.len());
    let mut page = format!("{HEAD}\n## Kinds of items\n\n| Entity | v | Written by |\n|---|---|---|\n");
    for (entity, (version, places)) in &entities {
        let places: Vec<String> = places.iter().map(|place| format!("`{place}`")).collect();
        writeln!(page, "| {entity} | {version} | {} |", places.join(", ")).expect("a text grows");
    }
    page.push_str("\n## Keys\n\n");
    let keys = tree::read("shared/store/src/keys.rs");
    for row in keys.lines().filter_map(|line| line.strip_prefix("//! |")) {
        writeln!(page, "|{row}").expect("a text grows");
    }
    tree::compare("docs/schema.md", &page);
}

#[test]
fn the_schedules_of_the_template_are_those_of_the_jobs() {
    // OPS-12: the list of jobs says when each runs next; what the template says is what runs.
    let template = tree::read("template.yaml");
    for job in Job::ALL {
        let begins = template
            .find(&format!("Binary: {}\n", job.function()))
            .unwrap_or_else(|| panic!("{} is not in the template", job.function()));
        let function = template[begins..].split("Type: AWS::Logs::LogGroup").next().unwrap_or_default();
        let said = format!("ScheduleExpression: {}\n", job.cadence().expression());
        assert!(function.contains(&said), "{}: {said}", job.name());
        // Begun by hand it gets the same event.
        if let Some(round) = job.round() {
            assert!(function.contains(&format!("\"round\":\"{round}\"")), "{}: {round}", job.name());
        }
    }
    let schedules = template.matches("ScheduleExpression: ").count();
    assert_eq!(schedules, Job::ALL.len(), "a schedule that no job names");
}

#[test]
fn whoever_begins_jobs_by_hand_may_invoke_the_functions_of_the_jobs_and_no_others() {
    // OPS-12: a job that is not among them is answered 503 whenever a person begins it; one too many is a right to spare.
    let template = tree::read("template.yaml");
    let (_, statement) = template.split_once("- Sid: BeginJobs\n").expect("the statement of the role of admin-api");
    let resources = statement.lines().find_map(|line| line.trim().strip_prefix("Resource: ")).expect("resources");
    let resources =
        resources.trim_matches(['[', ']']).split(", ").map(|one| one.replace("!GetAtt ", "").replace(".Arn", ""));
    let allowed: BTreeSet<String> = resources.collect();
    // A function's logical name is the folder's with capitals: another test holds them together.
    let named = |function: &str| function.split('-').map(capitalised).collect::<String>();
    let needed: BTreeSet<String> = Job::ALL.into_iter().map(|job| named(job.function())).collect();
    assert_eq!(allowed, needed);
}

#[test]
fn the_page_of_what_is_stored_has_a_row_for_what_moves_money() {
    let entities = entities();
    for (entity, version) in [("sale", 2), ("line", 2), ("head", 1), ("payout", 1), ("customer", 2), ("run", 2)] {
        assert_eq!(entities.get(entity).map(|(version, _)| *version), Some(version), "{entity}");
    }
}
