//! The audit trail: who did what to which thing, each entry chained to the one before.
//!
//! The hash of an entry is SHA-256 over its canonical JSON (RFC 8785, of text, whole numbers and null), every field but the
//! hash itself: whoever has an export can count it again with any program.

mod canonical;
mod entity;
mod trail;

use std::collections::BTreeMap;

pub use canonical::canonical;
pub use entity::{Entity, entity_of, trails_of};
pub use trail::{Breach, Trail, TrailEnd, check_entry};

use crate::digest::Digest;
use crate::role::Role;
use crate::time::{Timestamp, sortable};

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Actor {
    /// In which role.
    pub role: Role,
    /// The user, partner or key: an opaque id.
    pub id: String,
    /// From which address, when it came over HTTP.
    pub ip: Option<String>,
    /// With which program, when it came over HTTP.
    pub user_agent: Option<String>,
    /// Who it was of those who may act as `id`: the user, or the key where it is nobody's. Where `id` is the person, and in
    /// what was told before this was kept, there is none: such an entry hashes as it always did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
}

impl Actor {
    /// Somebody, or something of ours, of whom no more is known.
    #[must_use]
    pub fn new(role: Role, id: impl Into<String>) -> Self {
        Self { role, id: id.into(), ip: None, user_agent: None, person: None }
    }
}

/// What an entry says, before it is chained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What: `payout.requested`, `payout.approved`, …
    pub action: &'static str,
    /// What it was before, redacted where needed.
    pub old: BTreeMap<String, String>,
    /// What it is now.
    pub new: BTreeMap<String, String>,
}

/// A deed and the thing that it is done to: what whoever changes something tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The thing: an id, or a word and an id with `#` between them.
    pub aggregate: String,
    /// What is done.
    pub deed: Deed,
}

impl Told {
    /// Something is done to a thing; what it was and is, is said by [`Told::was`] and [`Told::is`].
    #[must_use]
    pub fn new(aggregate: impl Into<String>, actor: Actor, at: Timestamp, action: &'static str) -> Self {
        let deed = Deed { at, actor, action, old: BTreeMap::new(), new: BTreeMap::new() };
        Self { aggregate: aggregate.into(), deed }
    }

    /// What it was before, redacted where needed.
    #[must_use]
    pub fn was(mut self, name: &str, value: impl ToString) -> Self {
        self.deed.old.insert(name.to_owned(), value.to_string());
        self
    }

    /// What it is from now on, redacted where needed.
    #[must_use]
    pub fn is(mut self, name: &str, value: impl ToString) -> Self {
        self.deed.new.insert(name.to_owned(), value.to_string());
        self
    }
}

/// The form in which entries are hashed now.
const VERSION: u32 = 2;

/// The form of entries that say none.
fn first_version() -> u32 {
    1
}

/// One entry of an aggregate's chain.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AuditEntry {
    /// In which form it is hashed.
    #[serde(default = "first_version")]
    pub v: u32,
    /// The thing it is about.
    pub aggregate: String,
    /// Its number there, from 1, without gaps.
    pub no: u32,
    /// When, as sortable text.
    pub at: String,
    /// Who.
    pub actor: Actor,
    /// What.
    pub action: String,
    /// Before.
    pub old: BTreeMap<String, String>,
    /// After.
    pub new: BTreeMap<String, String>,
    /// The hash of the entry before; zeros for the first.
    pub previous: Digest,
    /// The hash of this entry.
    pub hash: Digest,
}

/// The end of an aggregate's chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainEnd {
    /// The number of the last entry; 0 before the first.
    pub no: u32,
    /// Its hash; zeros before the first.
    pub hash: Digest,
}

impl ChainEnd {
    /// Before the first entry.
    pub const START: Self = Self { no: 0, hash: Digest::ZERO };
}

/// Appends a deed to a chain.
#[must_use]
pub fn append(end: ChainEnd, aggregate: &str, deed: Deed) -> AuditEntry {
    let mut entry = AuditEntry {
        v: VERSION,
        aggregate: aggregate.to_owned(),
        no: end.no + 1,
        at: sortable(deed.at),
        actor: deed.actor,
        action: deed.action.to_owned(),
        old: deed.old,
        new: deed.new,
        previous: end.hash,
        hash: Digest::ZERO,
    };
    entry.hash = hash_of(&entry);
    entry
}

impl AuditEntry {
    /// The chain after this entry.
    #[must_use]
    pub fn end(&self) -> ChainEnd {
        ChainEnd { no: self.no, hash: self.hash }
    }
}

/// Checks a whole chain; answers the number of the first entry that does not fit.
///
/// # Errors
/// The number of the first wrong, missing or foreign entry.
pub fn check_chain(aggregate: &str, entries: &[AuditEntry]) -> Result<ChainEnd, u32> {
    let mut end = ChainEnd::START;
    for entry in entries {
        let fits = entry.aggregate == aggregate && entry.no == end.no + 1 && entry.previous == end.hash;
        if !fits || hash_of(entry) != entry.hash {
            return Err(end.no + 1);
        }
        end = entry.end();
    }
    Ok(end)
}

/// The hash of an entry, counted anew: what it must be.
#[must_use]
pub fn hash_of(entry: &AuditEntry) -> Digest {
    // An entry that says that it is of the first form has its hash; no entry of another form hashes alike.
    if entry.v <= 1 { first_hash_of(entry) } else { Digest::of_bytes(canonical_of(entry).as_bytes()) }
}

/// What is hashed: every field but the hash itself, as canonical JSON.
fn canonical_of(entry: &AuditEntry) -> String {
    let mut value = serde_json::to_value(entry).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        fields.remove("hash");
    }
    canonical(&value)
}

/// The hash of the first form: every field, each with its length, in a fixed order.
fn first_hash_of(entry: &AuditEntry) -> Digest {
    let no = entry.no.to_string();
    let maps = [map_text(&entry.old), map_text(&entry.new)];
    let optional = |text: &Option<String>| text.as_ref().map_or_else(|| "-".to_owned(), |text| format!("+{text}"));
    let (ip, user_agent) = (optional(&entry.actor.ip), optional(&entry.actor.user_agent));
    let mut parts = vec![
        entry.aggregate.as_bytes(),
        no.as_bytes(),
        entry.at.as_bytes(),
        entry.actor.role.word().as_bytes(),
        entry.actor.id.as_bytes(),
        ip.as_bytes(),
        user_agent.as_bytes(),
        entry.action.as_bytes(),
        maps[0].as_bytes(),
        maps[1].as_bytes(),
        entry.previous.as_bytes(),
    ];
    // No entry of this form had one: whoever puts one in is found.
    parts.extend(entry.actor.person.as_ref().map(String::as_bytes));
    Digest::of(&parts)
}

fn map_text(map: &BTreeMap<String, String>) -> String {
    map.iter().map(|(key, value)| format!("{}:{key}{}:{value}", key.len(), value.len())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(length: u32) -> Vec<AuditEntry> {
        let mut end = ChainEnd::START;
        (0..length)
            .map(|n| {
                let deed = Deed {
                    at: Timestamp::from_second(1_700_000_000 + i64::from(n)).expect("instant"),
                    actor: Actor { user_agent: Some("curl".to_owned()), ..Actor::new(Role::Admin, format!("usr_{n}")) },
                    action: "payout.approved",
                    old: BTreeMap::from([("state".to_owned(), "a".to_owned())]),
                    new: BTreeMap::from([("state".to_owned(), n.to_string())]),
                };
                let entry = append(end, "pay_1", deed);
                end = entry.end();
                entry
            })
            .collect()
    }

    #[test]
    fn an_untouched_chain_checks() {
        assert_eq!(check_chain("pay_1", &chain(50)).map(|end| end.no), Ok(50));
        assert_eq!(check_chain("pay_1", &[]), Ok(ChainEnd::START));
    }

    #[test]
    fn a_change_a_gap_a_swap_or_a_foreign_entry_is_found_at_every_place() {
        for at in 0..20_usize {
            let no = u32::try_from(at).expect("small") + 1;
            let mut changed = chain(20);
            changed[at].actor.id.push('x');
            assert_eq!(check_chain("pay_1", &changed), Err(no));
            let mut moved = chain(20);
            moved[at].new.insert("sta".to_owned(), "te".to_owned());
            assert_eq!(check_chain("pay_1", &moved), Err(no));
            if at + 1 < 20 {
                let mut gap = chain(20);
                gap.remove(at);
                assert_eq!(check_chain("pay_1", &gap), Err(no));
                let mut swapped = chain(20);
                swapped.swap(at, at + 1);
                assert_eq!(check_chain("pay_1", &swapped), Err(no));
            }
        }
        assert_eq!(check_chain("pay_2", &chain(3)), Err(1));
    }

    #[test]
    fn an_entry_of_the_first_form_is_still_read_and_no_entry_passes_for_one() {
        let mut old = chain(1).remove(0);
        old.v = 1;
        assert_eq!(check_chain("pay_1", std::slice::from_ref(&old)), Err(1), "the form is hashed with the rest");
        old.hash = hash_of(&old);
        let mut stored = serde_json::to_value(&old).expect("json");
        stored.as_object_mut().expect("fields").remove("v");
        let read: AuditEntry = serde_json::from_value(stored).expect("an entry of the first form");
        assert_eq!(check_chain("pay_1", &[read]).map(|end| end.no), Ok(1));
    }

    /// OPS-3: what was written before the person was told hashes as it did; what tells one hashes with it.
    #[test]
    fn an_entry_without_a_person_verifies_as_ever_and_a_person_that_is_put_in_taken_out_or_changed_is_found() {
        let of_before = r#"{"v":2,"aggregate":"pay_1","no":1,"at":"2023-11-14T22:13:20.000Z","actor":{"role":"admin","id":"usr_0","ip":null,"user_agent":"curl"},"action":"payout.approved","old":{"state":"a"},"new":{"state":"0"},"previous":"0000000000000000000000000000000000000000000000000000000000000000","hash":"37980480bb2a280b5d585e43e5afdeafd78d388da150fdbe98a764f67e97e503"}"#;
        let before: AuditEntry = serde_json::from_str(of_before).expect("an entry of before");
        let fits = |entry: &AuditEntry| check_chain("pay_1", std::slice::from_ref(entry)).is_ok();
        assert!(fits(&before));
        assert_eq!(serde_json::to_string(&before).expect("json"), of_before, "nothing is added to it");
        let actor = Actor { person: Some("usr_7".to_owned()), ..Actor::new(Role::Partner, "par_1") };
        let deed = Deed { at: Timestamp::UNIX_EPOCH, actor, action: "x", old: BTreeMap::new(), new: BTreeMap::new() };
        let told = append(ChainEnd::START, "pay_1", deed);
        assert!(fits(&told));
        let first = AuditEntry { v: 1, hash: first_hash_of(&before), ..before.clone() };
        assert!(fits(&first));
        let with = |entry: &AuditEntry, person: Option<&str>| {
            let actor = Actor { person: person.map(str::to_owned), ..entry.actor.clone() };
            AuditEntry { actor, ..entry.clone() }
        };
        for (case, entry) in [
            ("put in", with(&before, Some("usr_9"))),
            ("put into one of the first form", with(&first, Some("usr_9"))),
            ("put in empty", with(&first, Some(""))),
            ("taken out", with(&told, None)),
            ("another", with(&told, Some("usr_8"))),
        ] {
            assert!(!fits(&entry), "{case}");
        }
    }

    #[test]
    fn the_canonical_form_of_an_entry_is_what_is_published() {
        let entry = chain(1).remove(0);
        insta::assert_snapshot!(canonical_of(&entry), @r#"{"action":"payout.approved","actor":{"id":"usr_0","ip":null,"role":"admin","user_agent":"curl"},"aggregate":"pay_1","at":"2023-11-14T22:13:20.000Z","new":{"state":"0"},"no":1,"old":{"state":"a"},"previous":"0000000000000000000000000000000000000000000000000000000000000000","v":2}"#);
        insta::assert_snapshot!(entry.hash, @"37980480bb2a280b5d585e43e5afdeafd78d388da150fdbe98a764f67e97e503");
    }
}
