//! R17: of a thousand entries of many chains, whatever is done to any one of them is found.

use std::collections::BTreeMap;

use super::*;
use crate::audit::{Actor, Deed, append};
use crate::role::Role;
use crate::time::Timestamp;

const ENTRIES: usize = 1_000;
const CHAINS: usize = 7;

fn deed(n: usize) -> Deed {
    Deed {
        at: Timestamp::from_second(1_700_000_000 + i64::try_from(n).expect("small")).expect("instant"),
        actor: Actor {
            ip: n.is_multiple_of(2).then(|| "192.0.2.1".to_owned()),
            // Every third was done by somebody of a partner.
            person: n.is_multiple_of(3).then(|| format!("usr_{n}")),
            ..Actor::new(Role::Admin, format!("usr_{}", n % 5))
        },
        action: "rule.created",
        old: BTreeMap::new(),
        new: BTreeMap::from([("rate".to_owned(), format!("0.{n}"))]),
    }
}

/// Entries of seven chains, woven into each other.
fn written() -> Vec<AuditEntry> {
    let mut ends = [ChainEnd::START; CHAINS];
    let of = |n: usize| (n * n + n / 3) % CHAINS;
    (0..ENTRIES)
        .map(|n| {
            let entry = append(ends[of(n)], &format!("prg_{}", of(n)), deed(n));
            ends[of(n)] = entry.end();
            entry
        })
        .collect()
}

/// Where each reading stands before each of the entries: so that no test reads the untouched beginning again.
fn before_each(entries: &[AuditEntry]) -> Vec<Trail> {
    let mut trail = Trail::whole();
    let mut states = Vec::new();
    for entry in entries {
        states.push(trail.clone());
        trail.read(entry).expect("untouched");
    }
    states.push(trail);
    states
}

/// What the reading says of what follows a state: a breach, or another end than was counted.
fn finds<'a>(mut trail: Trail, rest: impl IntoIterator<Item = &'a AuditEntry>, end: TrailEnd) -> bool {
    rest.into_iter().any(|entry| trail.read(entry).is_err()) || trail.end() != end
}

#[test]
fn an_untouched_trail_ends_where_it_was_counted_to_end() {
    let entries = written();
    let states = before_each(&entries);
    let end = states[ENTRIES].end();
    assert_eq!((end.entries, states[ENTRIES].chains()), (1_000, CHAINS));
    assert!(!finds(Trail::whole(), &entries, end));
    // Of the last days alone the chains hold too; only their end is another.
    let mut late = Trail::of_some_days();
    assert!(entries[400..].iter().all(|entry| late.read(entry).is_ok()));
    assert_eq!(late.end().entries, 600);
}

#[test]
fn whatever_is_flipped_in_any_field_of_any_of_1_000_entries_is_found_there() {
    type Flip = fn(&mut AuditEntry);
    let flips: [Flip; 12] = [
        |entry| entry.v += 1,
        |entry| entry.at.push('0'),
        |entry| entry.actor.id.push('x'),
        |entry| entry.actor.role = Role::Auditor,
        |entry| entry.actor.ip = Some("192.0.2.2".to_owned()),
        |entry| entry.actor.user_agent = Some(String::new()),
        |entry| entry.actor.person = entry.actor.person.is_none().then(|| "usr_another".to_owned()),
        |entry| entry.action.push('x'),
        |entry| drop(entry.old.insert("rate".to_owned(), String::new())),
        |entry| drop(entry.new.remove("rate")),
        |entry| entry.previous = Digest::of_bytes(b"another"),
        |entry| entry.hash = Digest::of_bytes(b"another"),
    ];
    let entries = written();
    for (mut trail, entry) in before_each(&entries).into_iter().zip(&entries) {
        for flip in flips {
            let mut changed = entry.clone();
            flip(&mut changed);
            let breach = trail.read(&changed).expect_err("found");
            assert_eq!((breach.no, &breach.aggregate), (entry.no, &entry.aggregate));
            assert_ne!(breach.expected, breach.found);
        }
    }
}

#[test]
fn an_entry_that_is_taken_out_anywhere_of_1_000_is_found() {
    let entries = written();
    let states = before_each(&entries);
    let end = states[ENTRIES].end();
    for at in 0..ENTRIES {
        assert!(finds(states[at].clone(), &entries[at + 1..], end), "without entry {at}");
    }
}

#[test]
fn an_entry_that_is_put_in_anywhere_of_1_000_is_found_though_its_own_hash_is_right() {
    let entries = written();
    let states = before_each(&entries);
    let end = states[ENTRIES].end();
    for at in 0..=ENTRIES {
        // Whoever forges one counts its hash as we do, and follows the chain as it is.
        let of = format!("prg_{}", at % CHAINS);
        let before = states[at].ends.get(&of).copied().unwrap_or(ChainEnd::START);
        let forged = append(before, &of, deed(7));
        let rest = std::iter::once(&forged).chain(&entries[at..]);
        assert!(finds(states[at].clone(), rest, end), "forged before entry {at}");
        let twice = entries.get(at.saturating_sub(1)).expect("there");
        let rest = std::iter::once(twice).chain(&entries[at..]);
        assert!(finds(states[at].clone(), rest, end), "twice before entry {at}");
    }
}

#[test]
fn two_entries_that_change_places_anywhere_of_1_000_are_found() {
    let entries = written();
    let states = before_each(&entries);
    let end = states[ENTRIES].end();
    for at in 0..ENTRIES - 1 {
        // With its neighbour at each place; with the last one, which takes the whole rest to read, at each fiftieth.
        let far = (at % 50 == 0).then_some(ENTRIES - 1);
        for other in std::iter::once(at + 1).chain(far).filter(|other| *other > at) {
            let mut rest = entries[at..].to_vec();
            rest.swap(0, other - at);
            assert!(finds(states[at].clone(), &rest, end), "{at} and {other} swapped");
        }
    }
}

#[test]
fn an_end_that_is_cut_off_anywhere_of_1_000_is_found() {
    let entries = written();
    let states = before_each(&entries);
    let end = states[ENTRIES].end();
    for (at, state) in states.iter().enumerate().take(ENTRIES) {
        assert_ne!(state.end(), end, "cut off before entry {at}");
    }
}

#[test]
fn the_breach_says_the_thing_the_number_and_both_hashes() {
    let entries = written();
    let mut changed = entries[0].clone();
    changed.action = "nothing".to_owned();
    let breach = Trail::whole().read(&changed).expect_err("found");
    let text = breach.to_string();
    for part in ["entry 1 of prg_0", "changed after", &entries[0].hash.to_hex(), &hash_of(&changed).to_hex()] {
        assert!(text.contains(part), "{part} in {text}");
    }
}
