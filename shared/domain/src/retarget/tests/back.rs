//! COM-10: a sale that goes from one partner to another, to nobody and back.

use super::*;
use crate::month::Month;

/// What becomes of a sale next: whose it is, what it is worth to them, and what went back of it in all.
type Step = (Option<u128>, i64, i64);

fn step() -> impl Strategy<Value = Step> {
    (proptest::option::of(1_u128..4), prop_oneof![Just(0_i64), 1_i64..10_000], 0_i64..10_000)
}

fn month(n: usize) -> Month {
    Month::parse(&format!("2027-{:02}", n + 1)).expect("a month")
}

/// A target of somebody with whom the sale begins to count in a month, or who has it already.
fn target_of(owner: u128, minor: i64, begins: Option<Month>) -> Target {
    let mut target = target(owner, PartKind::Commission, minor);
    target.trace.period = begins;
    if let Some(month) = begins {
        target.slot = Slot::of_day(month.first_day().expect("a day"));
    }
    target
}

fn lines_of(sale: &mut Sale, targets: &[Target]) -> Vec<Line> {
    let booking = Booking {
        now: at(),
        today: day("2026-11-21"),
        occurred_at: at(),
        cause: EarningReason::Adjusted,
        fence_of: &|_| None,
        marks_of: &|_| Marks::default(),
    };
    retarget(sale, targets, &booking).expect("booked")
}

#[test]
fn what_comes_back_with_nothing_says_where_it_counts_all_the_same() {
    let mut sale = sale(10_000);
    let first = lines_of(&mut sale, &[target_of(1, 0, Some(month(0)))]);
    assert_eq!(first.iter().map(|line| line.trace.period).collect::<Vec<_>>(), [Some(month(0))]);
    assert_eq!(lines_of(&mut sale, &[]), []);
    let again = lines_of(&mut sale, &[target_of(1, 0, Some(month(2)))]);
    assert_eq!(again.iter().map(|line| line.trace.period).collect::<Vec<_>>(), [Some(month(2))]);
    assert_eq!(lines_of(&mut sale, &[target_of(1, 0, None)]), [], "whoever has it is told nothing twice");
}

proptest! {
    #[test]
    fn com_10_whoever_gets_a_sale_has_a_line_that_says_from_which_month_it_counts(
        steps in proptest::collection::vec(step(), 1..12)
    ) {
        let mut sale = sale(10_000);
        let (mut owner, mut begun) = (None, BTreeMap::new());
        let mut said: BTreeMap<PartnerId, (u32, Month)> = BTreeMap::new();
        for (n, (next, worth, back)) in steps.into_iter().enumerate() {
            let begins = next.filter(|_| next != owner).map(|_| month(n));
            sale.refunded = usd(back);
            let targets: Vec<Target> = next.iter().map(|next| target_of(*next, worth, begins)).collect();
            for line in lines_of(&mut sale, &targets) {
                let begins_here = matches!(line.kind, LineKind::Earned | LineKind::Adjustment);
                if let Some(month) = line.trace.period.filter(|_| begins_here) {
                    // It stands in no slot before its month, or nobody would look for it there.
                    prop_assert!(line.place >= Place::Slot(Slot::of_day(month.first_day().expect("a day"))));
                    said.insert(line.partner, (line.n, month));
                }
            }
            if let (Some(next), Some(month)) = (next, begins) {
                begun.insert(partner(next), month);
            }
            owner = next;
            // Nobody else has anything of it.
            for ((of, _), position) in booked(&sale) {
                let has = position.earned - position.reversed;
                prop_assert!(Some(&of) == owner.map(partner).as_ref() || has == 0, "{of} has {has}");
                prop_assert!(0 <= position.reversed && position.reversed <= position.earned);
            }
        }
        let said: BTreeMap<PartnerId, Month> = said.into_iter().map(|(of, (_, month))| (of, month)).collect();
        prop_assert_eq!(said, begun);
    }
}
