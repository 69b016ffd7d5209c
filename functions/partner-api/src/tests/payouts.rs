//! A partner's payouts as its list shows them, against the same list kept and filtered here by hand: each word with each
//! currency, limit, offset and cursor, over payouts that differ in both.

use cases::payouts::{self, Command, Requested};
use domain::audit::Actor;
use domain::currency::Currency;
use domain::id::{PartnerId, PayoutId};
use domain::payout::{Sent, payment_reference};
use domain::role::Role;
use serde_json::Value;

use super::figures::{settled, step};
use super::life::{book, partner, slot};
use super::setup::{Bench, tenant};

const PAYOUTS: &str = "/v1/partners/revenue/payouts";
/// The words by which a list is filtered.
const WORDS: [&str; 6] = ["pending", "ready", "processing", "completed", "failed", "cancelled"];

/// How far a payout is taken.
#[derive(Clone, Copy, Debug)]
enum Until {
    Asked,
    Approved,
    Sent,
    Arrived,
    Failed,
    Rejected,
    Cancelled,
}

impl Until {
    /// The partner's word for it.
    fn word(self) -> &'static str {
        match self {
            Self::Asked => "pending",
            Self::Approved => "ready",
            Self::Sent => "processing",
            Self::Arrived => "completed",
            Self::Failed => "failed",
            Self::Rejected | Self::Cancelled => "cancelled",
        }
    }
}

/// The payouts of three accounts, as they are asked for: each account has one at a time that is under way.
const LIVES: [(&str, Until); 12] = [
    ("USD", Until::Arrived),
    ("EUR", Until::Rejected),
    ("USD", Until::Failed),
    ("GBP", Until::Arrived),
    ("USD", Until::Cancelled),
    ("EUR", Until::Arrived),
    ("USD", Until::Arrived),
    ("EUR", Until::Failed),
    ("GBP", Until::Cancelled),
    ("USD", Until::Asked),
    ("EUR", Until::Approved),
    ("GBP", Until::Sent),
];

/// A payout as the test knows it.
struct Known {
    id: String,
    word: &'static str,
    currency: &'static str,
}

/// Asks for what is available, and takes the payout so far; its id.
async fn taken(bench: &Bench, n: usize, (currency, until): (Currency, Until)) -> String {
    let (by, under) = (Actor::new(Role::Partner, partner().as_str()), format!("payout {n}"));
    let asked = payouts::Asked { partner: partner(), currency, amount: None, by, under };
    let stored = match payouts::request(&bench.store, &tenant(), &asked, bench.now).await.expect("answered") {
        Requested::Created(stored) => stored,
        other => panic!("no payout: {other:?}"),
    };
    let (id, seal, reference) = (stored.payout.id.clone(), stored.payout.seal, format!("BANK-{n}"));
    let approve = || (Role::Admin, Command::Approve { seal });
    let sent = Sent { sent_at: bench.now, expected_arrival: None, reference: reference.clone() };
    let send = || (Role::FinanceManager, Command::MarkSent(sent.clone()));
    let confirm = Command::Confirm { completed_at: bench.now, reference };
    let reason = "looked at".to_owned();
    let steps = match until {
        Until::Asked => vec![],
        Until::Approved => vec![approve()],
        Until::Sent => vec![approve(), send()],
        Until::Arrived => vec![approve(), send(), (Role::FinanceManager, confirm)],
        Until::Failed => vec![approve(), send(), (Role::FinanceManager, Command::Fail { reason })],
        Until::Rejected => vec![(Role::Admin, Command::Reject { reason })],
        Until::Cancelled => vec![(Role::Admin, Command::Cancel { reason })],
    };
    for (role, command) in steps {
        step(bench, &id, role, command).await;
    }
    id.to_string()
}

/// All of them, the newest first.
async fn lived(bench: &mut Bench) -> Vec<Known> {
    let mut known = Vec::new();
    for (n, (code, until)) in LIVES.into_iter().enumerate() {
        let currency = Currency::parse(code).expect("a currency");
        bench.now += jiff::SignedDuration::from_secs(60);
        let day = slot(&format!("2026-08-{:02}", 10 + n));
        let minor = 1_000 + 7 * i64::try_from(n).expect("a few");
        book(bench, &format!("n{n}"), currency, &[(&day, minor, None)]).await;
        let id = taken(bench, n, (currency, until)).await;
        known.insert(0, Known { id, word: until.word(), currency: code });
    }
    known
}

fn ids(page: &Value) -> Vec<&str> {
    page["data"].as_array().expect("a list").iter().filter_map(|row| row["id"].as_str()).collect()
}

#[tokio::test]
async fn every_word_and_currency_of_payouts_with_every_limit_offset_and_cursor_is_the_list_filtered_by_hand() {
    let mut bench = Bench::new().await;
    settled(&bench).await;
    let known = lived(&mut bench).await;
    // Staff may ask more often; it names the partner, and reads the same.
    let (key, whose) = (bench.key(Role::Admin, "usr_1").await, format!("partner_id={}", partner()));
    let whole = bench.get(&key, &format!("{PAYOUTS}?{whose}")).await.expect(200);
    let shown = whole["data"].as_array().expect("a list").iter();
    let shown: Vec<_> = shown.map(|row| (row["id"].clone(), row["status"].clone(), row["currency"].clone())).collect();
    let kept: Vec<(Value, Value, Value)> =
        known.iter().map(|one| (one.id.as_str().into(), one.word.into(), one.currency.into())).collect();
    assert_eq!(shown, kept);
    for word in [None].into_iter().chain(WORDS.map(Some)) {
        for currency in [None, Some("USD"), Some("EUR"), Some("GBP"), Some("KWD")] {
            let is = |said: &str, wanted: Option<&str>| wanted.is_none_or(|wanted| said == wanted);
            let fits = known.iter().filter(|one| is(one.word, word) && is(one.currency, currency));
            let expected: Vec<&str> = fits.map(|one| one.id.as_str()).collect();
            let mut query = whose.clone();
            for (name, value) in [("status", word), ("currency", currency)] {
                query.extend(value.map(|value| format!("&{name}={value}")));
            }
            for (limit, offset) in [(1, 0), (1, 1), (2, 1), (5, 3), (500, 0), (500, 2), (3, 10_000)] {
                let path = format!("{PAYOUTS}?{query}&limit={limit}&offset={offset}");
                let page = bench.get(&key, &path).await.expect(200);
                let here: Vec<&str> = expected.iter().skip(offset).take(limit).copied().collect();
                assert_eq!(ids(&page), here, "{path}");
                assert_eq!(page["next_cursor"].is_null(), expected.len() <= offset + limit, "{path}: is there more?");
            }
            assert_eq!(by_cursor(&bench, &key, &format!("{PAYOUTS}?{query}&limit=2")).await, expected, "{query}");
        }
    }
}

/// The list page by page, each begun where the one before says.
async fn by_cursor(bench: &Bench, key: &str, list: &str) -> Vec<String> {
    let (mut read, mut path) = (Vec::new(), list.to_owned());
    for _ in 0..=LIVES.len() {
        let page = bench.get(key, &path).await.expect(200);
        read.extend(ids(&page).into_iter().map(ToOwned::to_owned));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("{list}&cursor={cursor}");
    }
    read
}

#[test]
fn the_example_of_a_payment_reference_is_one_that_is_made() {
    let document = serde_json::to_value(crate::openapi()).expect("json");
    let shown = &document["components"]["schemas"]["PayoutBody"]["properties"]["payment_reference"]["example"];
    let partner = PartnerId::parse("par_000000000000000000009K3TQX").expect("an id");
    let asked_at = "2026-09-15T12:00:00Z".parse().expect("an instant");
    assert_eq!(*shown, payment_reference(&PayoutId::of(&partner, Currency::USD, 1), asked_at));
}
