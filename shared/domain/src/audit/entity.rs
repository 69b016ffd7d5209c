//! What a trail is about: the kind of thing and its id, read off the trail's name.

/// A kind of thing and which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entity<'a> {
    /// The kind, as people ask for it.
    pub kind: &'a str,
    /// Its id; the kind again where there is one of it.
    pub id: &'a str,
}

/// The kinds whose trail is called by the bare id.
const PREFIXED: [(&str, &str); 20] = [
    ("prg_", "program"),
    ("par_", "partner"),
    ("lnk_", "link"),
    ("key_", "api_key"),
    ("usr_", "user"),
    ("ten_", "tenant"),
    ("pay_", "payout"),
    ("sal_", "sale"),
    ("adj_", "adjustment"),
    ("clm_", "claim"),
    ("rcp_", "recompute"),
    ("rsk_", "review"),
    ("led_", "lead"),
    ("mem_", "member"),
    ("awd_", "award"),
    ("cus_", "customer"),
    ("pln_", "plan"),
    ("sub_", "subscription"),
    ("whk_", "endpoint"),
    ("grp_", "group"),
];
/// Further kinds, of which ids of things above have a trail of their own.
const BESIDE: [&str; 5] = ["payout_methods", "tax_form", "privacy", "terms", "managed"];

/// The thing that a trail is about.
#[must_use]
pub fn entity_of(aggregate: &str) -> Entity<'_> {
    if let Some((kind, id)) = aggregate.split_once(['#', '/']) {
        return Entity { kind, id };
    }
    let known = PREFIXED.iter().find(|(prefix, _)| aggregate.starts_with(prefix));
    match known {
        Some((_, kind)) => Entity { kind, id: aggregate },
        // `apl_…` and whatever comes later is known by its prefix; a setting is called by its word.
        None => Entity {
            kind: aggregate.split_once('_').filter(|(_, id)| is_ulid(id)).map_or(aggregate, |(p, _)| p),
            id: aggregate,
        },
    }
}

fn is_ulid(text: &str) -> bool {
    text.len() == 26 && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

/// The trails in which something may be told of an id, of one kind where it is known.
#[must_use]
pub fn trails_of(kind: Option<&str>, id: &str) -> Vec<String> {
    let beside = BESIDE.iter().map(|kind| format!("{kind}#{id}"));
    let named = kind.into_iter().flat_map(|kind| [format!("{kind}#{id}"), format!("{kind}/{id}")]);
    let mut trails: Vec<String> = std::iter::once(id.to_owned()).chain(beside).chain(named).collect();
    if let Some(kind) = kind {
        trails.retain(|trail| entity_of(trail).kind == kind);
    }
    trails.sort();
    trails.dedup();
    trails
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_a_trail_tells_its_thing_and_is_found_by_it() {
        let names = [
            ("pay_01ARZ3NDEKTSV4RRFFQ69G5FAVUSD000001", "payout"),
            ("par_01ARZ3NDEKTSV4RRFFQ69G5FAV", "partner"),
            ("apl_01ARZ3NDEKTSV4RRFFQ69G5FAV", "apl"),
            ("payout_methods#par_01ARZ3NDEKTSV4RRFFQ69G5FAV", "payout_methods"),
            ("privacy#mem_01ARZ3NDEKTSV4RRFFQ69G5FAV", "privacy"),
            ("fx-rate/EUR/USD/2026-01-01T00:00:00Z/ab", "fx-rate"),
            ("coupon#SUMMER", "coupon"),
            ("risk_policy", "risk_policy"),
            ("awards", "awards"),
        ];
        for (name, kind) in names {
            let entity = entity_of(name);
            assert_eq!(entity.kind, kind, "{name}");
            assert!(trails_of(Some(kind), entity.id).contains(&name.to_owned()), "{name} by {entity:?}");
        }
    }

    #[test]
    fn an_id_alone_is_looked_for_in_every_trail_that_may_tell_of_it() {
        let trails = trails_of(None, "par_1");
        for name in ["par_1", "payout_methods#par_1", "tax_form#par_1", "privacy#par_1"] {
            assert!(trails.contains(&name.to_owned()), "{name} in {trails:?}");
        }
    }
}
