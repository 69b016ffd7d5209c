//! First sale, renewal, one-off; occurrences and months; sign-ups.

use super::given::{World, amounts, at, clause, credit, invoice, key, money, partner, percent, traced, usd};
use crate::assess::History;
use crate::attribution::{Credit, PartnerTerms, Source};
use crate::commission::EarningReason;
use crate::currency::Currency;
use crate::fact::SaleType;
use crate::line::{Part, PartKind};
use crate::rule::{Clause, Event, Limits, SignUpBonus, Terms};
use crate::sale::{Decision, Sale};
use crate::tier::Tier;

fn one_off(name: &str, when: &str) -> Sale {
    Sale { subscription: None, event_type: SaleType::OneOffSale, ..invoice(name, when, usd("10.00")) }
}

fn events(world: &World, sales: &[Sale]) -> Vec<Option<&'static str>> {
    world.assess(sales).sales.iter().map(|sale| sale.event.map(Event::word)).collect()
}

#[test]
fn the_first_paid_sale_of_a_customer_is_first_whatever_came_in_first() {
    let world = World::of(Terms::simple(percent("0.3"), 30));
    let trial = invoice("in_0", "2026-10-01", usd("0"));
    let (first, second) = (invoice("in_1", "2026-11-01", usd("10")), invoice("in_2", "2026-12-01", usd("10")));
    let sales = [second.clone(), trial, one_off("pi_3", "2026-12-02"), first.clone()];
    assert_eq!(events(&world, &sales), [None, Some("first_sale"), Some("renewal"), Some("one_off_sale")]);
    // A full refund does not make the next one first.
    let back = Sale { refunded: usd("10"), ..first };
    assert_eq!(events(&world, &[back, second]), [Some("first_sale"), Some("renewal")]);
    // A guest's payment is a sale of its own.
    let guest = Sale { customer: None, ..one_off("pi_4", "2026-12-03") };
    assert_eq!(events(&world, &[guest]), [Some("one_off_sale")]);
    let subscribed = Sale { customer: None, ..invoice("in_5", "2026-12-03", usd("10")) };
    assert_eq!(events(&world, &[subscribed]), [Some("first_sale")]);
}

#[test]
fn history_knows_what_came_before_the_scope() {
    let mut world = World::of(Terms::simple(percent("0.3"), 30));
    let (first, second) = (invoice("in_1", "2026-11-01", usd("10")), invoice("in_2", "2026-12-01", usd("10")));
    let history = History { first_paid: Some((first.occurred_at, first.id.clone())), ..History::default() };
    world.histories.insert(key("cus_1"), history);
    assert_eq!(events(&world, &[second]), [Some("renewal")]);
    assert_eq!(events(&world, &[first]), [Some("first_sale")]);
    // What was known as first gives way to what turns out to be earlier.
    assert_eq!(events(&world, &[invoice("in_0", "2026-10-01", usd("10"))]), [Some("first_sale")]);
}

fn limited(limits: Limits) -> Terms {
    let clauses = vec![Clause { limits, ..Clause::simple(percent("0.1")) }];
    Terms { clauses, ..Terms::simple(percent("0.1"), 30) }
}

#[test]
fn the_worked_values_of_months_hold() {
    // COM-3: first payment on 2026-01-31, twelve months: whole months, and the thirteenth is refused on its day.
    let world = World::of(limited(Limits { max_months: Some(12), max_occurrences: None }));
    let first = invoice("in_0", "2026-01-31", usd("10"));
    let rows = [("2026-02-28", "1.00"), ("2027-01-30", "1.00"), ("2027-01-31", "0.00"), ("2027-02-01", "0.00")];
    for (start, expected) in rows {
        let later = Sale { period_start: Some(at(start)), ..invoice("in_1", "2027-02-03", usd("10")) };
        assert_eq!(world.commissions(&[first.clone(), later.clone()]), ["1.00", expected], "{start}");
    }
    // Months of a monthly subscription: twelve payments earn, the thirteenth does not.
    let months: Vec<Sale> = (0..13_u16)
        .map(|n| {
            let day = crate::time::BusinessDay::parse("2026-01-31").and_then(|day| day.plus_months(n)).expect("day");
            invoice(&format!("in_{n:02}"), &format!("{day}T{:02}:00:00Z", 12 - n.min(12)), usd("10"))
        })
        .collect();
    let paid = world.commissions(&months).iter().filter(|amount| *amount == "1.00").count();
    assert_eq!(paid, 12);
}

#[test]
fn the_shorter_month_clamps_and_the_end_of_the_calendar_is_no_end() {
    let first = invoice("in_0", "2026-01-31", usd("10"));
    let one = World::of(limited(Limits { max_months: Some(1), max_occurrences: None }));
    for (start, expected) in [("2026-02-27", "1.00"), ("2026-02-28", "0.00")] {
        let later = invoice("in_1", start, usd("10"));
        assert_eq!(one.commissions(&[first.clone(), later]), ["1.00", expected], "{start}");
    }
    let ever = World::of(limited(Limits { max_months: Some(u16::MAX), max_occurrences: None }));
    assert_eq!(ever.commissions(&[first, invoice("in_1", "2090-01-01", usd("10"))]), ["1.00", "1.00"]);
}

#[test]
fn occurrences_count_paid_sales_by_period_net_of_what_was_wholly_reversed() {
    let mut world = World::of(limited(Limits { max_months: None, max_occurrences: Some(2) }));
    let months = ["2026-01-01", "2026-02-01", "2026-03-01"];
    let mut sales: Vec<Sale> =
        months.iter().enumerate().map(|(n, day)| invoice(&format!("in_{n}"), day, usd("10"))).collect();
    assert_eq!(world.commissions(&sales), ["1.00", "1.00", "0.00"]);
    // By the period that was paid for, not by the day of payment.
    sales[0].period_start = Some(at("2026-12-01"));
    assert_eq!(world.commissions(&sales), ["0.00", "1.00", "1.00"]);
    sales[0].period_start = None;
    // A trial takes no place; a wholly reversed sale gives its place back, a partly reversed one keeps it.
    sales[1].refunded = usd("9.99");
    assert_eq!(world.commissions(&sales), ["1.00", "1.00", "0.00"]);
    sales[1].refunded = usd("10");
    assert_eq!(world.commissions(&sales), ["1.00", "1.00", "1.00"]);
    sales[1].paid = usd("0");
    assert_eq!(world.commissions(&sales), ["1.00", "0.00", "1.00"]);
    // Another subscription counts for itself.
    sales[2].subscription = Some("other".to_owned());
    assert_eq!(world.commissions(&sales), ["1.00", "0.00", "1.00"]);
    // What was counted before the scope stays counted.
    let occurrences = [("sub".to_owned(), 1)].into();
    world.histories.insert(key("cus_1"), History { occurrences, ..History::default() });
    assert_eq!(
        world.commissions(&[invoice("in_8", "2026-05-01", usd("10")), invoice("in_9", "2026-06-01", usd("10"))]),
        ["1.00", "0.00"]
    );
}

#[test]
fn a_clause_whose_time_is_over_says_so_and_the_next_one_pays() {
    let short =
        Clause { limits: Limits { max_months: Some(3), max_occurrences: None }, ..Clause::simple(percent("0.5")) };
    let first = invoice("in_0", "2026-01-01", usd("10"));
    let later = invoice("in_1", "2026-06-01", usd("10"));
    let sales = [first, later];
    let alone = World::of(Terms { clauses: vec![short.clone()], ..Terms::simple(percent("0.5"), 30) });
    let assessed = alone.assess(&sales);
    let (reason, notes) = traced(&assessed, 1, Part::default());
    assert_eq!(reason, EarningReason::LimitReached);
    assert!(notes.contains(&"passed: every sale by max_months".to_owned()), "{notes:?}");
    let after = clause("after", &Event::SALES, percent("0.2"));
    let both = World::of(Terms { clauses: vec![short, after], ..Terms::simple(percent("0.5"), 30) });
    assert_eq!(both.commissions(&sales), ["5.00", "2.00"]);
}

fn sign_up(name: &str, when: &str, tier: Tier) -> Sale {
    let terms = PartnerTerms { tier, ..PartnerTerms::default() };
    let decision = Decision::one(Credit { terms, ..credit(1, 1) });
    Sale { event_type: SaleType::SignUp, subscription: None, decision, ..invoice(name, when, usd("0")) }
}

#[test]
fn a_sign_up_pays_by_tier_once_a_customer() {
    let bonus = SignUpBonus::shipped(Currency::USD).expect("amounts");
    let world = World::of(Terms { sign_up_bonus: Some(bonus), ..Terms::simple(percent("0.3"), 30) });
    let rows = [(Tier::Tier1, "50.00"), (Tier::Tier2, "100.00"), (Tier::Tier3, "500.00"), (Tier::Tier4, "200.00")];
    for (tier, expected) in rows {
        let assessed = world.assess(&[sign_up("su_1", "2026-11-21", tier)]);
        assert_eq!(amounts(&assessed, 1, PartKind::SignUp), [expected]);
        assert_eq!(assessed.sales[0].earnings.len(), 1, "the bonus alone: {tier:?}");
    }
    // The same customer a second time, and a sale after it.
    let sales = [
        sign_up("su_2", "2026-11-22", Tier::Tier1),
        sign_up("su_1", "2026-11-21", Tier::Tier1),
        invoice("in_1", "2026-11-23", usd("10")),
    ];
    let assessed = world.assess(&sales);
    assert_eq!(amounts(&assessed, 1, PartKind::SignUp), ["50.00"]);
    assert_eq!(amounts(&assessed, 1, PartKind::Commission), ["0.00", "3.00"]);
    // What was refused was no sign-up, and what paid nothing was none either.
    let refused = Sale { rejected: true, ..sign_up("su_0", "2026-11-20", Tier::Tier1) };
    let trial = invoice("in_0", "2026-11-19", usd("0"));
    let first = sign_up("su_1", "2026-11-21", Tier::Tier1);
    for before in [refused, trial] {
        assert_eq!(
            amounts(&world.assess(&[before, first.clone()]), 1, PartKind::SignUp).last().map(String::as_str),
            Some("50.00")
        );
    }
    // In another currency than the programme's nothing is converted.
    let euro = Sale { paid: money("0", Currency::EUR), ..sign_up("su_1", "2026-11-21", Tier::Tier1) };
    let euro =
        Sale { total: euro.paid, tax: euro.paid, shipping: euro.paid, fees: euro.paid, refunded: euro.paid, ..euro };
    assert_eq!(amounts(&world.assess(&[euro]), 1, PartKind::SignUp), Vec::<String>::new());
}

#[test]
fn a_managed_customer_earns_on_every_paid_invoice_and_waits_for_nothing() {
    let terms = Terms { managed_hold_days: 0, ..Terms::simple(percent("0.3"), 30) };
    let managed = Sale {
        decision: Decision::one(Credit { source: Source::Managed, ..credit(1, 1) }),
        ..invoice("in_1", "2026-11-21", usd("10"))
    };
    let assessed = World::of(terms).assess(&[managed, invoice("in_2", "2026-11-22", usd("10"))]);
    let holds: Vec<u16> = assessed.sales.iter().map(|sale| sale.earnings[0].hold_days).collect();
    assert_eq!(holds, [0, 30]);
    assert_eq!(amounts(&assessed, 1, PartKind::Commission), ["3.00", "3.00"]);
}

#[test]
fn a_late_sale_counts_in_the_month_it_is_given_and_is_not_available_before_it() {
    let mut world = World::of(Terms::simple(percent("0.3"), 0));
    let sold = invoice("in_1", "2026-10-31", usd("10"));
    world.late.insert((sold.id.clone(), partner(1)), crate::month::Month::parse("2026-12").expect("month"));
    let assessed = world.assess(std::slice::from_ref(&sold));
    let trace = &assessed.sales[0].earnings[0].trace;
    assert_eq!((trace.late, trace.period.map(|month| month.to_string())), (true, Some("2026-12".to_owned())));
    let targets = assessed.sales[0].targets(&sold, &crate::time::Zone::utc()).expect("targets");
    assert_eq!(targets[0].slot.to_string(), "261201.00");
}
