//! The proof over files, with no network.

use std::collections::BTreeMap;

use domain::audit::{Actor, ChainEnd, Deed, append};
use domain::role::Role;
use domain::time::Timestamp;

use super::*;

fn entries() -> Vec<AuditEntry> {
    let mut end = ChainEnd::START;
    (0..6)
        .map(|n| {
            let agent = if n == 3 { "=cmd|'x'!A1" } else { "curl, \"7\"" };
            let deed = Deed {
                at: Timestamp::from_second(1_700_000_000 + n).expect("instant"),
                actor: Actor {
                    user_agent: Some(agent.to_owned()),
                    person: (n == 5).then(|| "usr_bob".to_owned()),
                    ..Actor::new(Role::Admin, "usr_ada")
                },
                action: "rule.created",
                old: BTreeMap::new(),
                new: BTreeMap::from([("rate".to_owned(), format!("0.{n}"))]),
            };
            let entry = append(end, "prg_1", deed);
            end = entry.end();
            entry
        })
        .collect()
}

fn lines(entries: &[AuditEntry], end: TrailEnd) -> String {
    let mut text: String = entries.iter().map(|entry| serde_json::to_string(entry).expect("json") + "\n").collect();
    text.push_str(&serde_json::to_string(&LastLine { end }).expect("json"));
    text + "\n"
}

fn judged(text: &str) -> Said {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("audit");
    std::fs::write(&file, text).expect("written");
    verify(&Verify { file, some_days: false, entries: None, hash: None }).expect("an audit")
}

fn end_of(entries: &[AuditEntry]) -> TrailEnd {
    entries.iter().fold(TrailEnd::START, TrailEnd::then)
}

#[test]
fn an_export_is_proved_and_whatever_is_done_to_a_line_is_found() {
    let (entries, end) = (entries(), end_of(&entries()));
    let whole = judged(&lines(&entries, end));
    assert!(whole.good && whole.text.starts_with("6 entries of 1 chains fit"), "{}", whole.text);
    for at in 0..entries.len() {
        let mut without = entries.clone();
        without.remove(at);
        let mut changed = entries.clone();
        changed[at].actor.id.push('x');
        let cut = entries[..at].to_vec();
        for (told, broken) in [("without", without), ("changed", changed), ("cut", cut)] {
            let said = judged(&lines(&broken, end));
            assert!(!said.good && said.text.contains("not intact"), "{told} {at}: {}", said.text);
        }
    }
    let no_end = lines(&entries, end).lines().take(6).collect::<Vec<_>>().join("\n");
    assert!(!judged(&no_end).good);
}

#[test]
fn a_table_is_proved_in_any_order_and_a_cell_that_lies_is_found() {
    let entries = entries();
    let mut rows: Vec<AuditRow> = entries.iter().map(AuditRow::from).collect();
    rows.reverse();
    let table = edge::csv::text_of(&COLUMNS, &rows).expect("csv");
    let said = judged(&table);
    assert!(said.good && said.text.contains("--entries"), "{}", said.text);
    // What people see is changed, and the entry behind it is not.
    for (there, lie, row) in [("rate: 0.4", "rate: 0.9", "row 3"), (",usr_bob,", ",usr_eve,", "row 2")] {
        let lied = judged(&table.replacen(there, lie, 1));
        assert!(!lied.good && lied.text.contains(row), "{}", lied.text);
    }
    let gap: Vec<AuditRow> = entries.iter().filter(|entry| entry.no != 2).map(AuditRow::from).collect();
    assert!(!judged(&edge::csv::text_of(&COLUMNS, &gap).expect("csv")).good);
}

/// A table that was kept before the person was told has no column of it.
#[test]
fn a_table_of_before_the_person_was_told_is_proved_all_the_same() {
    let entries = entries();
    let rows: Vec<AuditRow> = entries.iter().map(AuditRow::from).collect();
    let table = edge::csv::text_of(&COLUMNS_OF_BEFORE, &rows).expect("csv");
    let said = judged(&table);
    assert!(said.good && said.text.starts_with("6 entries of 1 chains fit"), "{}", said.text);
    let lied = judged(&table.replacen("rate: 0.4", "rate: 0.9", 1));
    assert!(!lied.good && lied.text.contains("row 6"), "{}", lied.text);
    // Both kinds behind each other, as somebody may have kept them.
    let newer = edge::csv::text_of(&COLUMNS, &rows).expect("csv");
    let both = newer.lines().take(3).chain(table.lines().take(1)).chain(table.lines().skip(3));
    assert!(judged(&(both.collect::<Vec<_>>().join("\r\n") + "\r\n")).good);
}
