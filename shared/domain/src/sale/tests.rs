use super::*;
use crate::attribution::{LossReason, PartnerTerms, Source};
use crate::currency::Currency;
use crate::id::{LinkId, ProgramId};

fn key(id: &str) -> PaymentKey {
    PaymentKey::parse(&format!("stripe:{id}")).expect("a key")
}

fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

/// A sale of 10.00.
fn sale() -> Sale {
    let day = BusinessDay::parse("2026-11-21").expect("a day");
    Sale::plain(key("in_1"), usd(1_000), "2026-11-21T12:00:00Z".parse().expect("an instant"), day)
}

fn dispute(minor: i64, phase: DisputePhase) -> SaleDispute {
    SaleDispute { amount: usd(minor), phase, evidence_due: None, occurred_at: sale().occurred_at }
}

fn credit() -> Credit {
    Credit {
        partner: PartnerId::from_ulid(7_u128.into()),
        program: ProgramId::from_ulid(1_u128.into()),
        link: None,
        source: Source::Manual,
        clicked_at: None,
        weight: 1,
        terms: PartnerTerms::default(),
    }
}

#[test]
fn a_decision_says_who_is_paid_what_lost_and_whether_it_may_still_change() {
    let loser = Loser {
        source: Source::Click,
        partner: None,
        link: Some(LinkId::from_ulid(9_u128.into())),
        coupon: None,
        touched_at: sale().occurred_at,
        reason: LossReason::EarlierThanWinner,
    };
    let losers = vec![loser];
    let decided = Decision::Partners { credits: vec![credit()], losers: losers.clone() };
    let nobody = |reason| Decision::Nobody { reason, losers: losers.clone() };
    // (decision, who is paid, may a later check-out decide?)
    let rows = [
        (decided, vec![credit()], false),
        (nobody(NobodyReason::CustomerUnknown), Vec::new(), true),
        (nobody(NobodyReason::ByDecision), Vec::new(), false),
    ];
    for (decision, credits, is_open) in rows {
        assert_eq!(decision.credits(), credits, "{decision:?}");
        assert_eq!(decision.is_open(), is_open, "{decision:?}");
        assert_eq!(decision.losers(), losers, "{decision:?}");
        assert_eq!(decision.without_losers().losers(), []);
    }
}

/// Refunded, refunded of items, disputes, rejected; what went back, and whether that is all.
type Row = (i64, &'static [i64], &'static [(i64, DisputePhase)], bool, i64, bool);

#[test]
fn a_sale_is_wholly_reversed_when_all_that_was_paid_went_back_or_a_person_rejected_it() {
    use DisputePhase::{Lost, Opened, Won};
    let rows: [Row; 10] = [
        (0, &[], &[], false, 0, false),
        (999, &[], &[], false, 999, false),
        (1_000, &[], &[], false, 1_000, true),
        (1_200, &[], &[], false, 1_000, true),
        (400, &[300, 200], &[], false, 900, false),
        (400, &[300, 300], &[], false, 1_000, true),
        (400, &[], &[(600, Lost)], false, 1_000, true),
        (400, &[], &[(600, Opened), (600, Won)], false, 400, false),
        (0, &[], &[(500, Lost), (500, Lost)], false, 1_000, true),
        (0, &[], &[], true, 0, true),
    ];
    for (refunded, items, disputes, rejected, back, wholly) in rows {
        let items = (0_u16..).zip(items.iter().map(|minor| usd(*minor)));
        let disputes = disputes.iter().enumerate();
        let disputes = disputes.map(|(n, (minor, phase))| (key(&format!("dp_{n}")), dispute(*minor, *phase)));
        let sale = Sale {
            refunded: usd(refunded),
            item_refunds: items.collect(),
            disputes: disputes.collect(),
            rejected,
            ..sale()
        };
        assert_eq!((sale.went_back(), sale.is_wholly_reversed()), (usd(back), wholly), "{sale:?}");
    }
    // Nothing was paid, so nothing can go back.
    let free = Sale { paid: usd(0), ..sale() };
    assert!(!free.is_wholly_reversed());
}

#[test]
fn what_was_paid_for_an_item_is_its_own_amount_and_of_a_sale_of_one_thing_the_whole() {
    let item = |minor| SoldItem { product: "prod_1".to_owned(), amount: usd(minor) };
    let several = Sale { items: vec![item(300), item(700)], ..sale() };
    assert_eq!([0, 1, 2].map(|number| several.paid_for(number)), [usd(300), usd(700), usd(1_000)]);
    assert_eq!(sale().paid_for(0), usd(1_000));
}

#[test]
fn bands_gave_a_part_its_rate_where_a_line_of_that_part_and_partner_says_so() {
    let part = |item| Part { item, kind: crate::line::PartKind::Commission };
    let line = |n: u32, partner: u128, item, is_banded| SaleLine {
        n,
        partner: PartnerId::from_ulid(partner.into()),
        part: part(item),
        kind: LineKind::Earned,
        place: Place::Held,
        amount: usd(100),
        rule: None,
        clawback: Clawback::Proportional,
        month: None,
        is_banded,
        volume: None,
    };
    let sale = Sale { lines: vec![line(1, 1, 0, false), line(2, 2, 0, true), line(3, 1, 1, true)], ..sale() };
    for (partner, item, expected) in [(1_u128, 0, false), (1, 1, true), (2, 0, true), (2, 1, false), (3, 0, false)] {
        assert_eq!(sale.is_banded(&PartnerId::from_ulid(partner.into()), part(item)), expected, "{partner} {item}");
    }
}
