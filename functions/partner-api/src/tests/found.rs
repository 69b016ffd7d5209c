//! Partners are listed and found, right under inserts, at the same cost however many there are.

use domain::id::{PartnerId, ProgramId};
use domain::role::Role;
use domain::tier::Tier;
use proptest::prelude::*;
use serde_json::{Value, json};
use store::partners::record::{EnrolmentRecord, PartnerRecord};
use store::partners::{Partner, PartnerStatus};
use store::people::{Particulars, Person};

use super::setup::{Bench, tenant};

async fn made(bench: &Bench, n: u128, words: &str) -> PartnerId {
    let tiers = [Tier::Tier1, Tier::Tier2, Tier::Tier3, Tier::Tier4];
    let place = EnrolmentRecord {
        program: ProgramId::from_ulid((1 + n % 2).into()),
        tier: tiers[usize::try_from(n % 4).expect("small")],
        groups: if n.is_multiple_of(3) { vec!["gold".to_owned()] } else { Vec::new() },
        referrer: None,
        status: PartnerStatus::Active,
        enrolled_at: bench.now,
    };
    let status = if n.is_multiple_of(5) { PartnerStatus::Suspended } else { PartnerStatus::Active };
    let partner = Partner { id: PartnerId::from_ulid((1_000 + n).into()), status, created_at: bench.now };
    let id = partner.id.clone();
    let record = PartnerRecord {
        tags: if n.is_multiple_of(7) { vec!["vip".to_owned()] } else { Vec::new() },
        ..PartnerRecord::new(partner, vec![place])
    };
    let person = Person { email_sealed: String::new(), name_sealed: String::new(), recorded_at: bench.now };
    let sealed = (&person, &Particulars::default());
    bench.store.create_partner_record(&tenant(), &record, sealed, words).await.expect("made");
    id
}

/// All ids that a list answers, page by page, and how many requests its dearest page took.
async fn walked(bench: &Bench, key: &str, query: &str) -> (Vec<String>, usize) {
    let (mut ids, mut dearest) = (Vec::new(), 0);
    let mut cursor = String::new();
    for _ in 0..400 {
        let before = bench.database.requests();
        let page = bench.get(key, &format!("/v1/partners?{query}{cursor}")).await.expect(200);
        dearest = dearest.max(bench.database.requests() - before);
        ids.extend(page["data"].as_array().expect("data").iter().map(|one| one["id"].as_str().expect("id").to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (ids, dearest),
        }
    }
    panic!("a list without an end");
}

#[tokio::test]
async fn each_filter_alone_and_together_finds_who_fits_and_nobody_else() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    for n in 0..60 {
        made(&bench, n, "").await;
    }
    let expected = |fits: &dyn Fn(u128) -> bool| {
        let ids = (0..60).rev().filter(|n| fits(*n)).map(|n| PartnerId::from_ulid((1_000 + n).into()).to_string());
        ids.collect::<Vec<_>>()
    };
    let program = ProgramId::from_ulid(1_u128.into());
    let rows: [(String, &dyn Fn(u128) -> bool); 8] = [
        (String::new(), &|_| true),
        ("status=suspended&".to_owned(), &|n| n.is_multiple_of(5)),
        ("tier=tier3&".to_owned(), &|n| n % 4 == 2),
        ("group=gold&".to_owned(), &|n| n.is_multiple_of(3)),
        ("tag=vip&".to_owned(), &|n| n.is_multiple_of(7)),
        (format!("program_id={program}&"), &|n| n.is_multiple_of(2)),
        (format!("program_id={program}&tier=tier1&group=gold&"), &|n| n % 4 == 0 && n.is_multiple_of(3)),
        ("tag=vip&status=active&group=silver&".to_owned(), &|_| false),
    ];
    for (query, fits) in rows {
        for limit in [1, 7, 100] {
            let (ids, _) = walked(&bench, &admin, &format!("{query}limit={limit}")).await;
            assert_eq!(ids, expected(fits), "{query} {limit}");
        }
    }
    let (oldest, _) = walked(&bench, &admin, "sort=created_at&limit=9").await;
    assert_eq!(oldest.into_iter().rev().collect::<Vec<_>>(), expected(&|_| true));
}

#[tokio::test]
async fn a_page_takes_one_question_or_two_however_many_partners_there_are() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    // Rows so long that all of them are more than one question answers.
    let words = "abcde".repeat(400);
    for n in 0..10 {
        made(&bench, n, &words).await;
    }
    // Beside the list there are what any call takes: the key, and how often it called.
    let mut few = Vec::new();
    let queries = ["limit=5", "status=active&limit=5", "tag=vip&limit=5"];
    for query in queries {
        walked(&bench, &admin, query).await;
        few.push(walked(&bench, &admin, query).await.1);
    }
    for n in 10..600 {
        made(&bench, n, &words).await;
    }
    for (query, few) in queries.iter().zip(few) {
        let before = bench.database.requests();
        let page = bench.get(&admin, &format!("/v1/partners?{query}")).await.expect(200);
        assert_eq!(page["data"].as_array().map(Vec::len), Some(5), "{query}");
        assert!(bench.database.requests() - before <= few + 1, "{query}: {few}");
    }
    // The rarest of all, at the far end: two questions a page, and the whole list in few pages.
    let (nobody, dearest) = walked(&bench, &admin, "group=silver&limit=100").await;
    assert!(nobody.is_empty());
    let (_, plain) = walked(&bench, &admin, "limit=500").await;
    assert!(dearest <= plain + 1, "{dearest} {plain}");
}

#[tokio::test]
async fn names_companies_and_addresses_are_found_by_their_beginnings_and_follow_a_change() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let program = bench.program(&admin).await;
    let mut ids = Vec::new();
    for (name, email) in [("Ada Lovelace", "ada@mail.example"), ("Grace Hopper", "grace@navy.example")] {
        let body = json!({"name": name, "email": email, "program_id": program});
        let made = bench.post(&admin, "/v1/partners", &body).await.expect(201);
        ids.push(made["id"].as_str().expect("id").to_owned());
    }
    let found = |q: &'static str| {
        let (bench, admin) = (&bench, &admin);
        async move { walked(bench, admin, &format!("q={q}&limit=10")).await.0 }
    };
    assert_eq!(found("love").await, [ids[0].clone()]);
    assert_eq!(found("GRACE%20hop").await, [ids[1].clone()]);
    assert_eq!(found("ada@mail").await, [ids[0].clone()]);
    assert_eq!(found("navy.ex").await, [ids[1].clone()]);
    assert!(found("lace").await.is_empty());
    assert!(found("ada%20hopper").await.is_empty());
    let path = format!("/v1/partners/{}", ids[0]);
    bench.change(&admin, &path, &json!({"name": "Ada King", "company": "Engines"}), None).await.expect(200);
    assert!(found("love").await.is_empty());
    assert_eq!(found("king%20engi").await, [ids[0].clone()]);
    assert_eq!(found("ada@mail").await, [ids[0].clone()], "what did not change is still found");
}

#[tokio::test]
async fn a_list_that_makes_no_sense_is_refused_by_its_parameter() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    for (query, parameter, status) in [
        ("sort=name", "sort", 400),
        ("sort=age", "sort", 400),
        ("q=a", "q", 422),
        ("q=%20", "q", 422),
        ("program_id=prg_1", "program_id", 400),
        ("cursor=zzz", "cursor", 400),
        ("status=gone", "status", 400),
        ("tier=tier9", "tier", 400),
    ] {
        assert_eq!(bench.get(&admin, &format!("/v1/partners?{query}")).await.pointers(status), [parameter], "{query}");
    }
    let table = bench.get(&admin, "/v1/partners?format=csv").await;
    assert_eq!(table.headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(table.body, Value::Null);
}

#[tokio::test]
async fn a_suspension_by_any_hand_shows_in_the_list() {
    let bench = Bench::new().await;
    let admin = bench.key(Role::Admin, "usr_1").await;
    let id = made(&bench, 1, "").await;
    let change = store::partners::StatusChange { at: bench.now, status: PartnerStatus::Suspended };
    bench.store.set_partner_status(&tenant(), &id, PartnerStatus::Active, change).await.expect("set");
    assert_eq!(walked(&bench, &admin, "status=suspended&limit=5").await.0, [id.to_string()]);
    assert!(walked(&bench, &admin, "status=active&limit=5").await.0.is_empty());
    let late = bench.change(&admin, &format!("/v1/partners/{id}"), &json!({"tags": ["x"]}), Some("\"1\"")).await;
    late.expect(412);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Whoever was there when a walk began is in it exactly once, whoever comes and wherever it pauses.
    #[test]
    fn a_walk_that_others_join_misses_nobody_and_shows_nobody_twice(
        first in proptest::collection::btree_set(0_u128..200, 1..40),
        joining in proptest::collection::btree_set(200_u128..400, 0..20),
        limit in 1_usize..8,
        is_oldest_first in any::<bool>(),
        is_filtered in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
        runtime.block_on(async {
            let bench = Bench::new().await;
            let mut fits = std::collections::BTreeSet::new();
            for n in &first {
                let id = made(&bench, *n, "").await;
                if !is_filtered || n.is_multiple_of(3) {
                    fits.insert(id);
                }
            }
            let mut joining = joining.iter();
            let mut seen = Vec::new();
            let mut after = None;
            for _ in 0..500 {
                let asked = store::partner_rows::RowsAsked { is_oldest_first, after: after.clone(), limit };
                let passes = |row: &store::partner_rows::PartnerRow| !is_filtered || !row.places[0].groups.is_empty();
                let page = bench.store.list_partner_rows(&tenant(), &asked, is_filtered, passes).await.expect("page");
                assert!(page.items.len() <= limit);
                seen.extend(page.items.iter().map(|row| row.partner.clone()));
                if let Some(n) = joining.next() {
                    made(&bench, *n, "").await;
                }
                let Some(next) = page.next else { break };
                after = Some(PartnerId::parse(&next).expect("id"));
            }
            let once: std::collections::BTreeSet<PartnerId> = seen.iter().cloned().collect();
            assert_eq!(once.len(), seen.len(), "nobody twice");
            assert!(fits.is_subset(&once), "nobody missed");
        });
    }
}
