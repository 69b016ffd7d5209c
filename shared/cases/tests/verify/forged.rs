//! A catalogue of forgeries: each stored row changed in one place, and everything that verify then tells of it. The
//! snapshot is read like a report: law, account, entry and both figures.

use cases::verify::Breach;
use domain::commission::EarningReason;
use domain::fact::Refund;
use domain::id::{PayoutId, SaleId};
use domain::money::Money;
use domain::retarget::{Booking, Marks, booked_targets, retarget};
use domain::sale::Sale;
use store::refunds::AppliedRefund;

use super::*;

type Item = HashMap<String, AttributeValue>;

/// What is done to a row.
pub(super) enum Forgery {
    /// An attribute is another, or there where none was. The path goes into maps and lists by `/`.
    Set(&'static str, AttributeValue),
    /// An attribute is gone.
    Unset(&'static str),
    /// The row is gone.
    Gone,
    /// The row is there a second time, under this sort key.
    Twice(&'static str),
    /// Several at once.
    All(Vec<Forgery>),
}

use Forgery::{All, Gone, Set, Twice, Unset};

/// Which row.
#[derive(Clone)]
pub(super) enum Row {
    /// Of the account, by how its sort key begins.
    Account(&'static str),
    /// The sale of an invoice, or a row beside it.
    Sale(&'static str, &'static str),
    /// The audit of a payout.
    Audit(u32, &'static str),
    /// The partner in the registry.
    Registry,
    /// Of another partition.
    Of(String, &'static str),
}

impl Row {
    async fn place(self, world: &World) -> (String, &'static str) {
        match self {
            Self::Account(sk) => (account(world), sk),
            Self::Sale(invoice, sk) => (sale(invoice), sk),
            Self::Audit(payout, sk) => (audit(world, payout), sk),
            Self::Of(pk, sk) => (pk, sk),
            Self::Registry => {
                for shard in 0..16 {
                    let pk = format!("registry#{shard:02}");
                    if find(world, &pk, "par_").await.is_some() {
                        return (pk, "par_");
                    }
                }
                panic!("the partner is in no part of the registry")
            }
        }
    }
}

/// Follows a path to the value that holds its last part.
fn at<'a>(item: &'a mut Item, path: &str) -> (&'a mut AttributeValue, String) {
    let (first, rest) = path.split_once('/').expect("a path of several parts");
    let mut value = item.get_mut(first).expect("an attribute");
    let mut parts: Vec<&str> = rest.split('/').collect();
    let last = parts.pop().expect("a last part").to_owned();
    for part in parts {
        value = match value {
            AttributeValue::M(map) => map.get_mut(part).expect("an attribute of a map"),
            AttributeValue::L(list) => &mut list[part.parse::<usize>().expect("a place in a list")],
            other => panic!("{part} of {other:?}"),
        };
    }
    (value, last)
}

fn forged(mut item: Item, forgery: &Forgery) -> Option<Item> {
    match forgery {
        Set(path, value) if path.contains('/') => match at(&mut item, path) {
            (AttributeValue::M(map), last) => drop(map.insert(last, value.clone())),
            (AttributeValue::L(list), last) => list[last.parse::<usize>().expect("a place")] = value.clone(),
            (other, last) => panic!("{last} of {other:?}"),
        },
        Set(name, value) => drop(item.insert((*name).to_owned(), value.clone())),
        Unset(path) if path.contains('/') => match at(&mut item, path) {
            (AttributeValue::M(map), last) => drop(map.remove(&last).expect("an attribute")),
            (other, last) => panic!("{last} of {other:?}"),
        },
        Unset(name) => drop(item.remove(*name).expect("an attribute")),
        Gone => return None,
        Twice(sk) => drop(item.insert("sk".to_owned(), text(sk))),
        All(several) => return several.iter().try_fold(item, forged),
    }
    Some(item)
}

async fn put(world: &World, item: Item) {
    let put = world.database.client.put_item().table_name(&world.database.core).set_item(Some(item));
    put.send().await.expect("put");
}

async fn delete(world: &World, item: &Item) {
    let key = HashMap::from(["pk", "sk"].map(|name| (name.to_owned(), item[name].clone())));
    let delete = world.database.client.delete_item().table_name(&world.database.core).set_key(Some(key));
    delete.send().await.expect("gone");
}

/// Forges a row, verifies, and puts everything back.
async fn told_of(world: &World, row: Row, forgery: &Forgery) -> Verified {
    let (pk, sk) = row.place(world).await;
    let as_it_was = item_of(world, &pk, sk).await;
    let forged = forged(as_it_was.clone(), forgery);
    match &forged {
        Some(item) => put(world, item.clone()).await,
        None => delete(world, &as_it_was).await,
    }
    let verified = verified(world).await;
    if let Some(item) = forged {
        delete(world, &item).await;
    }
    put(world, as_it_was).await;
    verified
}

/// As a person would name things: the ids that no reader knows by heart are left out.
fn named(world: &World, told: &str) -> String {
    let mut told = told.replace(world.tenant.tenant().as_str(), "ten");
    for number in [1, 2] {
        let payout = PayoutId::of(&world.partner, domain::currency::Currency::USD, number);
        told = told.replace(payout.as_str(), &format!("pay_{number}"));
    }
    for invoice in ["in_1", "in_2", "in_3"] {
        let id = SaleId::of(&world::key(invoice)).to_string();
        told = told
            .replace(&id.replace("sal_", "com_"), &format!("com_{invoice}_"))
            .replace(&id, &format!("sal_{invoice}"));
    }
    for number in [1_u128, 2] {
        let id = domain::id::AdjustmentId::from_ulid(number.into());
        for kind in ["manual_adjustment", "fx_out", "fx_in"] {
            let entry = domain::id::EntryId::of(&format!("{kind}/{id}"));
            told = told.replace(entry.as_str(), &format!("ent_{kind}_{number}"));
            let line = domain::id::LineId::of(&domain::line::Origin::Entry(entry), 1);
            told = told.replace(line.as_str(), &format!("com_{kind}_{number}"));
        }
        told = told.replace(id.as_str(), &format!("adj_{number}"));
    }
    told.replace(world.partner.as_str(), "par")
}

fn report(world: &World, breaches: &[Breach]) -> String {
    breaches.iter().map(|breach| format!("    {}\n", named(world, &breach.to_string()))).collect()
}

/// A refund of 10.00 of the third invoice, as the recorder books it.
async fn refunded() -> World {
    let world = lived().await;
    let sale = world.kept_sale("in_3").await;
    let amount = Money::parse("1.00", domain::currency::Currency::USD).expect("an amount");
    let mut after = Sale { version: sale.version + 1, refunded: amount, ..sale.clone() };
    let today = Zone::utc().day_of(world.now);
    let (now, cause) = (world.now, EarningReason::Refund);
    let marks_of = |_: &domain::line::Account| Marks::default();
    let booking = Booking { now, today, occurred_at: now, cause, fence_of: &|_| None, marks_of: &marks_of };
    let lines = retarget(&mut after, &booked_targets(&sale), &booking).expect("in range");
    let refund = Refund {
        refund: world::key("re_1"),
        payment: world::key("in_3"),
        amount,
        item: None,
        is_running_total: false,
        occurred_at: now,
    };
    let (sale_before, booked_day) = (sale.version, today);
    let applied = AppliedRefund {
        refund: &refund,
        replaces: None,
        sale_before,
        sale: &after,
        lines: &lines,
        booked_day,
        booked_at: now,
    };
    let written = world.store.apply_refund(&world.tenant, &applied).await.expect("store");
    assert_eq!(written, store::sales::SaleWritten::Yes);
    world
}

const HEAD: Row = Row::Account("head#USD");
const FIRST_LINE: Row = Row::Account("USD#line#");
const OPEN_LINE: Row = Row::Account("USD#line#261202");
const CLOSE: Row = Row::Account("USD#close#");
const PAID: Row = Row::Account("USD#payout#00000001");
const UNDER_WAY: Row = Row::Account("USD#payout#00000002");

fn zeros() -> AttributeValue {
    text(&"0".repeat(64))
}

fn to_nobody() -> Forgery {
    let nobody = AttributeValue::M(HashMap::from([("nobody".to_owned(), text("no_touch"))]));
    let par = || text(domain::id::PartnerId::from_ulid(7_u128.into()).as_str());
    All(vec![Set("decision", nobody), Set("lines/0/partner", par()), Set("lines/1/partner", par())])
}

fn to_another() -> Forgery {
    Set("decision/credits/0/partner", text(domain::id::PartnerId::from_ulid(8_u128.into()).as_str()))
}

/// Title, the law that must be among those told of, the row, and what is done to it.
fn catalogue() -> Vec<(&'static str, &'static str, Row, Forgery)> {
    vec![
        ("a head with a cent too many", "V3", HEAD, Set("available", number(1))),
        ("a head that settled a cent less", "V8", HEAD, Set("settled", number(5_999))),
        ("a head that reserved a cent more", "V14", HEAD, Set("reserved", number(4_001))),
        ("a head that holds less than nothing", "V6", HEAD, Set("held", number(-1))),
        ("a head that covers less than its payouts", "V5", HEAD, Set("covered", text("261121.00"))),
        ("a head whose fence is behind its closes", "V14", HEAD, Set("fence", text("261121.00"))),
        ("a head that closed once too often", "V14", HEAD, Set("close_no", number(3))),
        ("a head at the end of another chain", "V14", HEAD, Set("close_hash", zeros())),
        ("a head with another sum in an open slot", "V14", HEAD, Set("p261202.00", number(699))),
        ("a head with a slot that is closed already", "V14", HEAD, Set("p261101.00", number(5))),
        ("a head that forgot its open payout", "V14", HEAD, Unset("open_payout")),
        ("a head that counted another payout", "V5", HEAD, Set("payout_no", number(3))),
        ("a head that the night never visits", "V14", HEAD, Unset("live_pk")),
        ("a head that counted months which are not frozen", "V14", HEAD, Set("counted", text("2026-10"))),
        ("a head that is no head", "V14", HEAD, Set("available", text("a lot"))),
        ("a head that is gone", "V14", HEAD, Gone),
        ("a closed line of a cent more", "V14", FIRST_LINE, Set("amount_minor", number(6_001))),
        ("a closed line of another kind", "V7", FIRST_LINE, Set("kind", text("reversal"))),
        ("a closed line that is gone", "V14", FIRST_LINE, Gone),
        ("a closed line that cannot be read", "V14", FIRST_LINE, Unset("kind")),
        ("an open line of a cent less", "V14", OPEN_LINE, Set("amount_minor", number(699))),
        ("a slot to come below zero", "V6", OPEN_LINE, Set("amount_minor", number(-700))),
        ("an open line that is gone", "V14", OPEN_LINE, Gone),
        ("a line that names no rule", "V9", OPEN_LINE, Unset("trace/rule")),
        ("a line that is booked twice", "V7", FIRST_LINE, Twice("USD#line#261202.00#sal_01#1")),
        ("a close with another sum", "V14", CLOSE, Set("net_minor", number(6_001))),
        ("a close with another count", "V14", CLOSE, Set("count", number(2))),
        ("a close with another hash", "V14", CLOSE, Set("hash", zeros())),
        ("a close behind another one", "V14", Row::Account("USD#close#00000002"), Set("previous", zeros())),
        ("a close that is gone", "V14", CLOSE, Gone),
        ("a payout of a cent less", "V4", PAID, Set("amount_minor", number(5_999))),
        ("a payout with another seal", "V4", PAID, Set("seal", zeros())),
        ("a payout over other closes", "V4", PAID, Set("close_hash", zeros())),
        ("a payout of more lines", "V4", PAID, Set("lines", number(2))),
        ("a payout that was approved under another seal", "V4", PAID, Set("approvals/0/seal", zeros())),
        ("a payout that nobody approved", "V4", PAID, Set("approvals", AttributeValue::L(Vec::new()))),
        ("a payout that begins where the paid one does", "V5", UNDER_WAY, Unset("from_slot")),
        ("a payout that is settled and told as sent", "V8", PAID, Set("state", text("submitted"))),
        ("a paid payout that is gone", "V5", PAID, Gone),
        ("a payout with another reference than was told", "V10", PAID, Set("reference", text("another"))),
        ("an audit entry of another deed", "V10", Row::Audit(1, "00000002"), Set("action", text("payout.rejected"))),
        ("an audit entry that is gone", "V10", Row::Audit(1, "00000001"), Gone),
        ("the last audit entry that is gone", "V10", Row::Audit(1, "00000004"), Gone),
        ("a sale with a line of another amount", "V7", Row::Sale("in_1", "sale"), Set("lines/0/minor", number(1))),
        ("a sale of which more went back", "V7", Row::Sale("in_1", "sale"), Set("refunded_minor", number(3_000))),
        ("a sale that is held and was not", "V7", Row::Sale("in_1", "sale"), Set("hold", text("manual"))),
        ("a sale that earned by another rule", "V7", Row::Sale("in_3", "sale"), Unset("lines/0/rule")),
        ("a sale without a decision", "V9", Row::Sale("in_3", "sale"), Unset("decision")),
        ("a sale that is attributed to nobody and has lines", "V9", Row::Sale("in_3", "sale"), to_nobody()),
        ("a sale that is attributed to another", "V7", Row::Sale("in_3", "sale"), to_another()),
        ("a sale that is gone", "V9", Row::Sale("in_3", "sale"), Gone),
        ("a refund of another amount", "V7", Row::Sale("in_3", "refund#"), Set("amount_minor", number(200))),
        ("a refund that is gone", "V7", Row::Sale("in_3", "refund#"), Gone),
        ("a partner who is gone from the registry", "V3", Row::Registry, Gone),
    ]
}

/// Forges each row in turn, and reports what is told of it.
pub(super) async fn report_of(world: &World, catalogue: Vec<(&str, &str, Row, Forgery)>) -> String {
    assert_eq!(verified(world).await.breaches, [], "nothing is forged yet");
    let mut told = String::new();
    for (title, law, row, forgery) in catalogue {
        let verified = told_of(world, row, &forgery).await;
        let report = report(world, &verified.breaches);
        assert!(laws(&verified).contains(&law), "{title}: {law} is not among\n{report}");
        told.push_str(&format!("{title}\n{report}"));
    }
    assert_eq!(verified(world).await.breaches, [], "everything was put back");
    told
}

#[tokio::test]
async fn each_forged_row_is_told_with_its_law_account_entry_and_both_figures() {
    insta::assert_snapshot!(report_of(&refunded().await, catalogue()).await);
}
