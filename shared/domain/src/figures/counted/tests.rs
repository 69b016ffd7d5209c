//! Lives of one sale, place by place, with what each day then counts.

use super::*;
use crate::currency::Currency;
use crate::fact::PaymentKey;
use crate::figures::{Figures, groups};
use crate::line::{LineTrace, Origin};
use crate::money::Money;
use crate::sale::{Clawback, SaleLine};
use crate::slot::Slot;
use crate::time::{BusinessDay, Zone};

const HELD: &str = "held";
const OWN: &str = "261010.00";
const NEXT: &str = "261110.00";

/// A sale of 3 September, and its lines in the order of the account.
struct Life {
    sale: Sale,
    lines: Vec<Line>,
}

fn at(day: &str) -> Timestamp {
    format!("2026-{day}T12:00:00Z").parse().expect("instant")
}

fn life(rows: &[(LineKind, &str, i64, &str, bool)]) -> Life {
    let (partner, zone) = (PartnerId::from_ulid(1_u128.into()), Zone::utc());
    let sold = at("09-03");
    let payment = PaymentKey::parse("stripe:in_1").expect("key");
    let paid = Money::from_minor(1_000, Currency::USD);
    let mut sale = Sale::plain(payment, paid, sold, zone.day_of(sold));
    let mut lines = Vec::new();
    for (n, (kind, place, minor, day, is_rejection)) in (1..).zip(rows) {
        let origin = Origin::Sale(sale.id.clone());
        let reason = if *is_rejection { EarningReason::Rejected } else { EarningReason::Percentage };
        let (place, amount) = (Place::parse(place).expect("a place"), Money::from_minor(*minor, Currency::USD));
        let (part, rule, clawback) = (Part::default(), None, Clawback::Proportional);
        let (partner, month, is_banded, volume) = (partner.clone(), None, false, None);
        let kind = *kind;
        sale.lines.push(SaleLine { n, partner, part, kind, place, amount, rule, clawback, month, is_banded, volume });
        lines.push(Line {
            id: crate::id::LineId::of(&origin, n),
            partner: sale.lines.last().map(|line| line.partner.clone()).expect("a line"),
            place,
            amount,
            kind,
            origin,
            n,
            occurred_at: at(day),
            booked_at: at(day),
            trace: LineTrace::because(reason),
        });
    }
    lines.sort_by_key(|line| (line.place, line.n));
    Life { sale, lines }
}

/// By day: net, earned, count.
fn days(life: &Life) -> Vec<(String, i64, i64, u64)> {
    let mut figures = Figures::default();
    for group in groups(&life.lines) {
        let sale = asks_for(group).map(|_| &life.sale);
        figures.take((group, sale), &Zone::utc(), None::<Slot>, |_: BusinessDay, _| true).expect("in range");
    }
    let mut days: Vec<(String, i64, i64, u64)> = Vec::new();
    for (day, tally) in figures.days {
        if tally != Tally::default() {
            days.push((day.to_string(), tally.net, tally.earned, tally.count));
        }
    }
    days
}

type Day = (String, i64, i64, u64);
type Row = (LineKind, &'static str, i64, &'static str, bool);

const EARNED: Row = (LineKind::Earned, OWN, 100, "09-03", false);
const AWAY: Row = (LineKind::HoldMove, OWN, -100, "10-05", false);
const INTO: Row = (LineKind::HoldMove, HELD, 100, "10-05", false);

#[test]
#[expect(clippy::too_many_lines, reason = "a table of what can happen to what is held")]
fn por_1_what_was_held_and_then_rejected_counts_nowhere_and_what_was_released_once_in_its_own_month() {
    use LineKind::{Adjustment, HoldMove, Reversal};
    let september = |net, earned, count| ("2026-09-03".to_owned(), net, earned, count);
    let october = |day: &str, net, earned, count| (format!("2026-10-{day}"), net, earned, count);
    let out = (HoldMove, HELD, -100, "10-06", false);
    let rows: Vec<(&str, Vec<Row>, Vec<Day>)> = vec![
        ("held", vec![EARNED, AWAY, INTO], vec![september(100, 100, 1)]),
        ("held, then rejected", vec![EARNED, AWAY, INTO, (Adjustment, HELD, -100, "10-06", true)], vec![]),
        ("held, then whole refund", vec![EARNED, AWAY, INTO, (Reversal, HELD, -100, "10-06", false)], vec![]),
        (
            "held, then refunded in part",
            vec![EARNED, AWAY, INTO, (Reversal, HELD, -30, "10-06", false)],
            vec![september(70, 70, 1)],
        ),
        (
            "held, then released",
            vec![EARNED, AWAY, INTO, out, (HoldMove, OWN, 100, "10-06", false)],
            vec![september(100, 100, 1)],
        ),
        (
            "held, then released behind a close",
            vec![EARNED, AWAY, INTO, out, (HoldMove, NEXT, 100, "10-06", false)],
            vec![september(100, 100, 1)],
        ),
        (
            "held, released behind a close, then rejected",
            vec![
                EARNED,
                AWAY,
                INTO,
                out,
                (HoldMove, NEXT, 100, "10-06", false),
                (Adjustment, NEXT, -100, "10-07", true),
            ],
            vec![],
        ),
        (
            "held in part",
            vec![EARNED, (HoldMove, OWN, -30, "10-05", false), (HoldMove, HELD, 30, "10-05", false)],
            vec![september(100, 100, 1)],
        ),
        (
            "held in part, then rejected",
            vec![
                EARNED,
                (HoldMove, OWN, -30, "10-05", false),
                (HoldMove, HELD, 30, "10-05", false),
                (Adjustment, HELD, -30, "10-06", true),
                (Adjustment, OWN, -70, "10-06", true),
            ],
            vec![],
        ),
        (
            "paid, then held",
            vec![EARNED, (HoldMove, NEXT, -100, "10-20", false), (HoldMove, HELD, 100, "10-20", false)],
            vec![september(100, 100, 1)],
        ),
        (
            "paid, then held, then rejected",
            vec![
                EARNED,
                (HoldMove, NEXT, -100, "10-20", false),
                (HoldMove, HELD, 100, "10-20", false),
                (Adjustment, HELD, -100, "10-21", true),
            ],
            vec![september(100, 100, 1), october("20", -100, -100, 0)],
        ),
    ];
    for (what, rows, expected) in rows {
        assert_eq!(days(&life(&rows)), expected, "{what}");
    }
}
