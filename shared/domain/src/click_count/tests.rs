use proptest::prelude::*;

use super::*;

fn seen(visitor: u8, hits: u64, bot_hits: u64) -> Seen {
    Seen {
        visitor: VisitorHash::from_bytes([visitor; 8]),
        hour: visitor % 24,
        hits,
        bot_hits,
        user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned(),
        country: "DE".to_owned(),
        referrer_host: String::new(),
    }
}

fn total(of: &[Seen]) -> (u64, u64, u64) {
    let mut day = DayCount::default();
    of.iter().for_each(|seen| day.count(seen, None));
    let Counts { counted, duplicates, bots } = day.total();
    (counted, duplicates, bots)
}

#[test]
fn a_visitor_counts_once_an_hour_and_bots_and_repeats_beside() {
    // TRK-4
    let rows = [
        (vec![seen(1, 1, 0)], (1, 0, 0)),
        (vec![seen(1, 3, 0), seen(2, 1, 0)], (2, 2, 0)),
        (vec![seen(1, 0, 4)], (0, 0, 4)),
        (vec![seen(1, 1, 1)], (1, 0, 1)),
        // Nobody in particular: each visit counts.
        (vec![seen(0, 3, 1)], (3, 0, 1)),
    ];
    for (of, expected) in rows {
        assert_eq!(total(&of), expected, "{of:?}");
    }
}

#[test]
fn what_counts_is_told_by_country_referrer_and_families() {
    let mut day = DayCount::default();
    day.count(&seen(1, 2, 0), None);
    day.count(&Seen { country: String::new(), referrer_host: "blog.example".to_owned(), ..seen(2, 1, 0) }, None);
    day.count(&seen(3, 0, 1), None);
    let list = |list: &BTreeMap<String, u64>| list.iter().map(|(name, n)| format!("{name} {n}")).collect::<Vec<_>>();
    assert_eq!(list(&day.countries), ["DE 1", "unknown 1"]);
    assert_eq!(list(&day.referrers), ["blog.example 1", "unknown 1"]);
    assert_eq!([&day.devices, &day.browsers, &day.systems].map(list), [["desktop 2"], ["firefox 2"], ["linux 2"]]);
}

#[test]
fn invented_names_do_not_grow_a_list() {
    let mut day = DayCount::default();
    for n in 0..1_000 {
        day.count(&Seen { referrer_host: format!("{n}.example"), ..seen(1, 1, 0) }, None);
    }
    assert_eq!(day.referrers.len(), NAMES_MAX + 1);
    assert_eq!(day.referrers.values().copied().reduce(|all, one| all + one), Some(1_000));
}

proptest! {
    #[test]
    fn the_changes_of_clicks_come_to_what_the_clicks_come_to(
        visits in prop::collection::vec((0_u8..5, any::<bool>()), 0..60),
    ) {
        let (mut live, mut rows) = (DayCount::default(), BTreeMap::<u8, Seen>::new());
        for (visitor, is_bot) in visits {
            let before = rows.get(&visitor).cloned();
            let mut now = before.clone().unwrap_or_else(|| seen(visitor, 0, 0));
            if is_bot { now.bot_hits += 1 } else { now.hits += 1 }
            live.count(&now, before.as_ref());
            rows.insert(visitor, now);
        }
        let mut exact = DayCount::default();
        rows.values().for_each(|seen| exact.count(seen, None));
        prop_assert_eq!(live, exact);
    }
}
