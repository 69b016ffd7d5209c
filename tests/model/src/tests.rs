//! The model itself, on values that were worked out by hand.

use super::*;

fn terms() -> Terms {
    let link = |partner: &str, rate| Link { partner: partner.to_owned(), rate };
    Terms {
        window_ms: 100,
        links: BTreeMap::from([("a".to_owned(), link("ada", None)), ("b".to_owned(), link("bob", Some(500_000)))]),
        rules: vec![Rule::simple(0, Pay::Rate(250_000)), Rule::simple(5_000, Pay::Flat(1_000, "USD".to_owned()))],
        ..Terms::default()
    }
}

fn touch(link: &str, at_ms: i64) -> Touch {
    Touch { at_ms, by: link.to_owned(), is_coupon: false }
}

fn paid(payment: &str, at_ms: i64, paid: Amount, touches: Vec<Touch>) -> Fact {
    Fact::Paid(Paid {
        payment: payment.to_owned(),
        names: vec![format!("{payment}-too")],
        customer: None,
        series: None,
        at_ms,
        paid,
        total: paid,
        tax: 0,
        shipping: 0,
        currency: "USD".to_owned(),
        touches,
    })
}

fn returned(refund: &str, amount: Amount) -> Fact {
    Fact::Returned { refund: refund.to_owned(), payment: "p".to_owned(), amount }
}

/// Who has all of it, if one has.
fn whole(credits: &[Credit]) -> Option<&str> {
    match credits {
        [Credit { partner, weight: 1, .. }] => Some(partner),
        _ => None,
    }
}

fn net(facts: &[Fact]) -> Option<(String, Amount)> {
    let mut model = Model::new(terms());
    facts.iter().for_each(|fact| model.tell(fact));
    model.earned().sales.into_iter().next().map(|((_, partner, _), net)| (partner, net))
}

#[test]
fn halves_go_away_from_zero() {
    for (dividend, divisor, expected) in [(25, 10, 3), (24, 10, 2), (-25, 10, -3), (-24, 10, -2), (0, 7, 0)] {
        assert_eq!(half_away(dividend, divisor), expected, "{dividend}/{divisor}");
    }
}

#[test]
fn a_quarter_of_a_dollar_goes_back_bit_by_bit() {
    // Worked value 3: the total after ten refunds of 0.10 is 0.25.
    let mut facts = vec![paid("p", 10, 100, vec![touch("a", 10)])];
    let mut nets = Vec::new();
    for n in 0..10 {
        facts.push(returned(&format!("r{n}"), 10));
        nets.push(net(&facts).map(|(_, net)| net));
    }
    assert_eq!(nets, [22, 20, 17, 15, 12, 10, 7, 5, 2, 0].map(Some));
}

#[test]
fn the_last_click_in_the_window_wins_with_its_own_rate() {
    let both = vec![touch("a", 1), touch("b", 2)];
    assert_eq!(net(&[paid("p", 10, 100, both.clone())]), Some(("bob".to_owned(), 50)));
    assert_eq!(net(&[paid("p", 102, 100, both.clone())]), Some(("bob".to_owned(), 50)));
    assert_eq!(net(&[paid("p", 103, 100, both)]), None);
    assert_eq!(net(&[paid("p", 10, 100, vec![touch("a", 11)])]), None);
}

#[test]
fn a_flat_reward_stands_until_everything_went_back_and_a_failed_refund_never_was() {
    let sale = paid("p", 6_000, 2_000, vec![touch("a", 6_000)]);
    assert_eq!(net(&[sale.clone(), returned("r", 1_999)]), Some(("ada".to_owned(), 1_000)));
    assert_eq!(net(&[sale.clone(), returned("r", 2_000)]), Some(("ada".to_owned(), 0)));
    let failed = Fact::ReturnFailed { refund: "r".to_owned(), payment: "p".to_owned() };
    assert_eq!(net(&[failed, returned("r", 2_000), sale]), Some(("ada".to_owned(), 1_000)));
}

#[test]
fn the_first_meeting_binds_whichever_is_told_first() {
    let met = |key: &str, at_ms, link| Fact::Met {
        key: key.to_owned(),
        customer: "c".to_owned(),
        at_ms,
        touches: vec![touch(link, at_ms)],
    };
    let facts = [met("late", 20, "b"), met("early", 10, "a"), met("late", 20, "b")];
    let mut model = Model::new(terms());
    facts.iter().for_each(|fact| model.tell(fact));
    assert_eq!(whole(&model.bindings()["c"]), Some("ada"));
}

#[test]
fn a_lost_dispute_and_a_refund_take_no_more_than_was_paid() {
    let sale = paid("p", 10, 100, vec![touch("a", 10)]);
    let disputed = |phase| Fact::Disputed { dispute: "d".to_owned(), payment: "p".to_owned(), amount: 60, phase };
    assert_eq!(net(&[sale.clone(), disputed(Phase::Lost), disputed(Phase::Opened)]), Some(("ada".to_owned(), 10)));
    assert_eq!(net(&[disputed(Phase::Lost), returned("r", 60), sale.clone()]), Some(("ada".to_owned(), 0)));
    assert_eq!(net(&[disputed(Phase::Won), sale]), Some(("ada".to_owned(), 25)));
}

/// Sales of a month under one rule: what each comes to, by payment, and what the month adds.
fn month(rule: Rule, sales: &[(&str, Amount)]) -> (Vec<Amount>, Amount) {
    let mut model = Model::new(Terms { rules: vec![rule], ..terms() });
    for (number, (payment, amount)) in sales.iter().enumerate() {
        let at_ms = 10 + i64::try_from(number).expect("a number");
        let Fact::Paid(sale) = paid(payment, at_ms, *amount, vec![touch("a", at_ms)]) else { unreachable!("a sale") };
        model.tell(&Fact::Paid(Paid { customer: Some("c".to_owned()), ..sale }));
    }
    let earned = model.earned();
    (earned.sales.into_values().collect(), earned.periods.into_values().next().unwrap_or(0))
}

fn bands(is_retroactive: bool) -> Rule {
    let steps = vec![(0, 200_000), (1_000_000, 250_000), (2_500_000, 300_000)];
    Rule::simple(0, Pay::Bands(Bands { steps, is_retroactive }))
}

#[test]
fn bands_come_to_their_worked_values() {
    // Worked value 6: of 26,000.00 slice by slice 6,050.00, as a whole 7,800.00.
    let sales = [("p1", 900_000), ("p2", 1_700_000)];
    assert_eq!(month(bands(false), &sales), (vec![180_000, 425_000], 0));
    let (booked, more) = month(bands(true), &sales);
    assert_eq!((booked[0] + booked[1] + more, more), (780_000, 260_000));
}

#[test]
fn what_a_sale_in_doubt_would_add_is_nobodys_yet() {
    let star = Milestone { name: "star".to_owned(), count: Count::Sales(2), bonus: 500 };
    let mut model = Model::new(Terms { rules: vec![Rule { milestones: vec![star], ..bands(true) }], ..terms() });
    for (payment, amount) in [("p", 2_000_000), ("q", 600_000)] {
        model.tell(&paid(payment, 10, amount, vec![touch("a", 10)]));
    }
    let beside = |model: &Model, held: &[&str]| {
        let held = held.iter().map(|payment| (*payment).to_owned()).collect();
        let earned = model.earned_while(&held);
        (earned.sales.into_values().collect::<Vec<_>>(), earned.periods.into_values().collect::<Vec<_>>())
    };
    let booked = vec![400_000, 120_000];
    // 26,000.00 at 30 % for 20 %; 20,000.00 at 25 %; nothing but what is held.
    assert_eq!(beside(&model, &[]), (booked.clone(), vec![260_000, 500]));
    assert_eq!(beside(&model, &["q"]), (booked.clone(), vec![100_000, 0]));
    assert_eq!(beside(&model, &["p", "q"]), (booked.clone(), vec![0, 0]));
    let disputed = |phase| Fact::Disputed { dispute: "d".to_owned(), payment: "q".to_owned(), amount: 400_000, phase };
    model.tell(&disputed(Phase::Opened));
    // 22,000.00 at 25 %, of which 4,400.00 are booked if it is lost; both sales stand in part.
    assert_eq!(beside(&model, &[]), (booked.clone(), vec![110_000, 500]));
    assert_eq!(model.open_disputes().collect::<Vec<_>>(), [("q", "d", 400_000)]);
    let doubtful = |model: &Model, held: &[&str]| {
        let held = held.iter().map(|payment| (*payment).to_owned()).collect();
        model.in_doubt(&held).into_iter().map(|sale| sale.payment.clone()).collect::<Vec<_>>()
    };
    assert_eq!(doubtful(&model, &[]), ["q"]);
    assert_eq!(doubtful(&model, &["p"]), ["p", "q"]);
    model.tell(&disputed(Phase::Won));
    assert_eq!(beside(&model, &[]), (booked, vec![260_000, 500]));
}

#[test]
fn what_comes_back_behind_the_count_takes_its_part_of_the_bands() {
    let mut counted = Model::new(Terms { rules: vec![bands(true)], ..terms() });
    for (payment, amount) in [("p", 900_000), ("q", 1_700_000)] {
        counted.tell(&paid(payment, 10, amount, vec![touch("a", 10)]));
    }
    let left = |facts: &[Fact]| {
        let mut now = counted.clone();
        facts.iter().for_each(|fact| now.tell(fact));
        let Earned { sales, periods } = counted.earned_by(&now);
        (sales.into_values().collect::<Vec<_>>(), periods.into_values().collect::<Vec<_>>())
    };
    assert_eq!(left(&[]), (vec![180_000, 340_000], vec![260_000]));
    // Half of the first: 4,500.00 of 26,000.00 had brought 450.00 of the bands' 2,600.00. The rate that was reached stays.
    assert_eq!(left(&[returned("r", 450_000)]), (vec![90_000, 340_000], vec![215_000]));
    let rejected = |payment: &str| Fact::Rejected { payment: payment.to_owned() };
    assert_eq!(left(&[rejected("p")]), (vec![0, 340_000], vec![170_000]));
    assert_eq!(left(&[rejected("p"), rejected("q")]), (vec![0, 0], vec![0]));
    assert_eq!(left(&[rejected("p"), returned("r", 450_000), rejected("q")]), (vec![0, 0], vec![0]));
}

#[test]
fn what_comes_back_behind_the_count_gives_no_room_under_a_cap() {
    let cap = Caps { partner: Some(30_000), ..Caps::default() };
    let rule = Rule { caps: cap, ..Rule::simple(0, Pay::Rate(500_000)) };
    let mut counted = Model::new(Terms { rules: vec![rule], ..terms() });
    for (payment, at_ms) in [("p", 10), ("q", 20)] {
        counted.tell(&paid(payment, at_ms, 50_000, vec![touch("a", 10)]));
    }
    let mut now = counted.clone();
    now.tell(&returned("r", 50_000));
    // Before the count the second would have had all of its room.
    assert_eq!(counted.earned_by(&now).sales.into_values().collect::<Vec<_>>(), [0, 5_000]);
    assert_eq!(now.earned().sales.into_values().collect::<Vec<_>>(), [0, 25_000]);
}

#[test]
fn a_month_comes_to_what_its_bands_are_worth_or_to_its_cap() {
    let capped = |rule: Rule, caps: Caps| Rule { caps, ..rule };
    let falling =
        || Rule::simple(0, Pay::Bands(Bands { steps: vec![(0, 200_000), (1_000_000, 100_000)], is_retroactive: true }));
    let tenth = || Rule::simple(0, Pay::Bands(Bands { steps: vec![(0, 100_000)], is_retroactive: true }));
    let partner = |cap| Caps { partner: Some(cap), ..Caps::default() };
    let customer = |cap| Caps { customer: Some(cap), ..Caps::default() };
    let line = |cap| Caps { line: Some(cap), ..Caps::default() };
    // Of 26,000.00 as a whole 7,800.00; of 20,000.00 by bands that fall 2,000.00; of a hundred times 0.05 at a tenth 0.50.
    let (one, other) = ([("p1", 2_600_000)], [("p1", 2_000_000)]);
    let names: Vec<String> = (100..200).map(|n| format!("p{n}")).collect();
    let tiny: Vec<(&str, Amount)> = names.iter().map(|name| (name.as_str(), 5)).collect();
    let rows = [
        (capped(bands(true), customer(100_000)), &one[..], 0, 100_000),
        (capped(bands(true), line(100_000)), &one[..], 0, 100_000),
        (capped(bands(true), customer(700_000)), &one[..], 180_000, 700_000),
        (falling(), &other[..], -200_000, 200_000),
        (capped(falling(), partner(50_000)), &other[..], 0, 50_000),
        (capped(falling(), customer(50_000)), &other[..], 0, 50_000),
        (capped(falling(), partner(300_000)), &other[..], -100_000, 200_000),
        (capped(tenth(), partner(60)), &tiny[..], -10, 50),
        (capped(tenth(), customer(40)), &tiny[..], 0, 40),
    ];
    for (rule, sales, difference, all) in rows {
        let told = format!("{rule:?}");
        let (booked, more) = month(rule, sales);
        assert_eq!((more, booked.iter().fold(more, |all, one| all + one)), (difference, all), "{told}");
    }
}

#[test]
fn caps_bonuses_firsts_and_milestones_are_by_the_order_of_sales() {
    let half = Rule::simple(0, Pay::Rate(500_000));
    let capped = Rule { caps: Caps { partner: Some(80), ..Caps::default() }, ..half.clone() };
    assert_eq!(month(capped, &[("p1", 100), ("p2", 100)]), (vec![50, 30], 0));
    let first = Rule { first: Some(1_000_000), occurrences: Some(2), ..half.clone() };
    assert_eq!(month(first, &[("p1", 10), ("p2", 10), ("p3", 10)]), (vec![10, 5, 0], 0));
    // Worked value 8: 1.05 at 10 % with a quarter more is 0.11 and 0.02.
    let tenth = Rule { bonus: Some((0, 250_000)), ..Rule::simple(0, Pay::Rate(100_000)) };
    assert_eq!(month(tenth, &[("p1", 105)]), (vec![13], 0));
    let milestone = |count| Milestone { name: "m".to_owned(), count, bonus: 7 };
    let reached = Rule { milestones: vec![milestone(Count::Sales(2))], ..half.clone() };
    assert_eq!(month(reached, &[("p1", 10), ("p2", 10), ("p3", 10)]), (vec![5, 5, 5], 7));
    let never = Rule { milestones: vec![milestone(Count::Customers(2))], ..half };
    assert_eq!(month(never, &[("p1", 10), ("p2", 10)]), (vec![5, 5], 0));
}

#[test]
fn money_goes_back_by_any_name_of_the_payment() {
    let sale = paid("p", 10, 100, vec![touch("a", 10)]);
    let by = |name: &str| Fact::Returned { refund: "r".to_owned(), payment: name.to_owned(), amount: 100 };
    assert_eq!(net(&[by("p-too"), sale.clone()]), Some(("ada".to_owned(), 0)));
    let named = Fact::Named { payment: "p".to_owned(), name: "late".to_owned() };
    assert_eq!(net(&[by("late"), sale.clone()]), Some(("ada".to_owned(), 25)));
    assert_eq!(net(&[by("late"), sale, named]), Some(("ada".to_owned(), 0)));
}

#[test]
fn a_person_goes_above_a_coupon_and_a_coupon_above_a_click() {
    let terms = Terms { coupons: BTreeMap::from([("TEN".to_owned(), "cy".to_owned())]), ..terms() };
    let coupon = Touch { at_ms: 10, by: "TEN".to_owned(), is_coupon: true };
    let mut model = Model::new(terms);
    model.tell(&paid("p", 10, 100, vec![touch("b", 10), coupon]));
    assert_eq!(whole(&model.decisions()["p"]), Some("cy"));
    model.tell(&Fact::Given { payment: "p".to_owned(), partner: Some("dee".to_owned()) });
    assert_eq!(model.earned().sales.into_iter().next().map(|(key, net)| (key.1, net)), Some(("dee".to_owned(), 25)));
}

#[test]
fn a_span_is_repriced_and_what_comes_behind_it_is_not() {
    let mut model = Model::new(terms());
    for (payment, at_ms) in [("p1", 10), ("p2", 20), ("p3", 30)] {
        model.tell(&paid(payment, at_ms, 100, vec![touch("a", at_ms)]));
    }
    model.tell(&Fact::Repriced { from_ms: 15, to_ms: 25, rule: Rule::simple(0, Pay::Rate(500_000)) });
    assert_eq!(model.earned().sales.into_values().collect::<Vec<_>>(), [25, 50, 25]);
}

/// What everybody has of a sale of 1.00 that several clicks brought, under terms.
fn shared(shares: Shares, change: impl Fn(&mut Terms), touches: Vec<Touch>, back: Amount) -> Vec<(String, Amount)> {
    let link = |partner: &str, rate| Link { partner: partner.to_owned(), rate };
    let mut own = Terms { shares, ..terms() };
    own.links = ["ada", "bob", "cy"].into_iter().map(|who| (who.to_owned(), link(who, None))).collect();
    own.rules = vec![Rule::simple(0, Pay::Rate(1_000_000))];
    change(&mut own);
    let mut model = Model::new(own);
    model.tell(&paid("p", 10, 100, touches));
    model.tell(&returned("r", back));
    model.earned().sales.into_iter().map(|((_, partner, _), net)| (partner, net)).collect()
}

#[test]
fn clicks_share_by_their_places_and_to_the_last_cent() {
    let three = || vec![touch("ada", 1), touch("bob", 2), touch("cy", 3)];
    let of = |rows: &[(&str, Amount)]| rows.iter().map(|(who, net)| ((*who).to_owned(), *net)).collect::<Vec<_>>();
    let none = |_: &mut Terms| {};
    assert_eq!(shared(Shares::Last, none, three(), 0), of(&[("cy", 100)]));
    assert_eq!(shared(Shares::First, none, three(), 0), of(&[("ada", 100)]));
    // A third each is 33.3…: the cent that is left is the first one's.
    assert_eq!(shared(Shares::Alike, none, three(), 0), of(&[("ada", 34), ("bob", 33), ("cy", 33)]));
    assert_eq!(shared(Shares::Ends, none, three(), 0), of(&[("ada", 40), ("bob", 20), ("cy", 40)]));
    // Two clicks of one partner are one credit of both; told twice a click is one.
    let again = vec![touch("ada", 1), touch("bob", 2), touch("ada", 3), touch("ada", 3)];
    assert_eq!(shared(Shares::Alike, none, again, 0), of(&[("ada", 67), ("bob", 33)]));
    // Half goes back: of each its half, 17 of 34 and 17 (16.5 rounded) of 33.
    assert_eq!(shared(Shares::Alike, none, three(), 50), of(&[("ada", 17), ("bob", 16), ("cy", 16)]));
    // A click out of its window has no part.
    assert_eq!(shared(Shares::Alike, none, vec![touch("ada", -91), touch("bob", 2)], 0), of(&[("bob", 100)]));
}

#[test]
fn own_rates_and_caps_are_each_one_s_and_a_referrer_of_two_has_one_share() {
    let two = || vec![touch("ada", 1), touch("bob", 2)];
    let of = |rows: &[(&str, Amount)]| rows.iter().map(|(who, net)| ((*who).to_owned(), *net)).collect::<Vec<_>>();
    let own = |terms: &mut Terms| terms.links.get_mut("ada").into_iter().for_each(|link| link.rate = Some(250_000));
    // Alone 25 and 100: half of 25 is 12.5, which is 13.
    assert_eq!(shared(Shares::Alike, own, two(), 0), of(&[("ada", 13), ("bob", 50)]));
    let capped = |terms: &mut Terms| terms.rules[0].caps.line = Some(30);
    assert_eq!(shared(Shares::Alike, capped, two(), 0), of(&[("ada", 30), ("bob", 30)]));
    let referred = |terms: &mut Terms| {
        terms.rules[0].second_tier = Some(50_000);
        for who in ["ada", "bob"] {
            terms.referrers.insert(who.to_owned(), "cy".to_owned());
        }
    };
    // 5 % of 50 is 2.5, which is 3, twice; a third of 6 goes back as one: 2.
    assert_eq!(shared(Shares::Alike, referred, two(), 0), of(&[("ada", 50), ("bob", 50), ("cy", 6)]));
    assert_eq!(shared(Shares::Alike, referred, two(), 33), of(&[("ada", 33), ("bob", 33), ("cy", 4)]));
}

#[test]
fn a_sale_that_is_nobody_s_is_one_of_its_customer_s_all_the_same() {
    let once = Rule { occurrences: Some(1), ..Rule::simple(0, Pay::Rate(500_000)) };
    let mut model = Model::new(Terms { rules: vec![once], ..terms() });
    for (payment, at_ms) in [("p1", 10), ("p2", 20)] {
        let Fact::Paid(sale) = paid(payment, at_ms, 100, vec![touch("a", 5)]) else { unreachable!("a sale") };
        model.tell(&Fact::Paid(Paid { customer: Some("c".to_owned()), ..sale }));
    }
    assert_eq!(model.earned().sales.into_values().collect::<Vec<_>>(), [50, 0]);
    model.tell(&Fact::Given { payment: "p1".to_owned(), partner: None });
    assert_eq!(model.earned().sales.into_values().collect::<Vec<_>>(), [0]);
}

#[test]
fn bands_go_with_a_cap_on_the_line_and_a_second_tier() {
    // Of 9,000.00 at 20 % 1,800.00, of 17,000.00 behind it 4,250.00.
    let sales = [("p1", 900_000), ("p2", 1_700_000)];
    let capped = Rule { caps: Caps { line: Some(200_000), ..Caps::default() }, ..bands(false) };
    assert_eq!(month(capped, &sales), (vec![180_000, 200_000], 0));
    let mut model = Model::new(Terms {
        rules: vec![Rule { second_tier: Some(100_000), ..bands(false) }],
        referrers: BTreeMap::from([("ada".to_owned(), "cy".to_owned())]),
        ..terms()
    });
    for (payment, amount) in sales {
        model.tell(&paid(payment, 10, amount, vec![touch("a", 10)]));
    }
    // Half of the second goes back: its slices are 8,500.00 behind 9,000.00, which is 200.00 and 1,875.00; what is booked
    // is the nearest of which that is left, and the second tier is a tenth of it, of which half is left.
    model.tell(&Fact::Returned { refund: "r".to_owned(), payment: "p2".to_owned(), amount: 850_000 });
    let nets: Vec<(String, Amount)> = model
        .earned()
        .sales
        .into_iter()
        .map(|((payment, partner, _), net)| (format!("{payment} {partner}"), net))
        .collect();
    let expected = [("p1 ada", 180_000), ("p1 cy", 18_000), ("p2 ada", 207_500), ("p2 cy", 20_750)];
    assert_eq!(nets, expected.map(|(name, net)| (name.to_owned(), net)));
}

#[test]
fn each_subscription_of_a_customer_has_its_own_first_payments() {
    let once = Rule { occurrences: Some(1), ..Rule::simple(0, Pay::Rate(500_000)) };
    let mut model = Model::new(Terms { rules: vec![once], ..terms() });
    for (payment, at_ms, series) in
        [("p1", 10, Some("s")), ("p2", 20, Some("s")), ("p3", 30, Some("t")), ("p4", 40, None)]
    {
        let Fact::Paid(sale) = paid(payment, at_ms, 100, vec![touch("a", 5)]) else { unreachable!("a sale") };
        let series = series.map(str::to_owned);
        model.tell(&Fact::Paid(Paid { customer: Some("c".to_owned()), series, ..sale }));
    }
    assert_eq!(model.earned().sales.into_values().collect::<Vec<_>>(), [50, 0, 50, 50]);
}

#[test]
fn whoever_is_given_a_sale_has_it_by_no_link_and_at_no_link_s_rate() {
    for partner in ["bob", "ada"] {
        let mut model = Model::new(terms());
        model.tell(&paid("p", 10, 100, vec![touch("b", 10)]));
        model.tell(&Fact::Given { payment: "p".to_owned(), partner: Some(partner.to_owned()) });
        assert_eq!(model.earned().sales.into_values().collect::<Vec<_>>(), [25], "{partner}");
    }
}
