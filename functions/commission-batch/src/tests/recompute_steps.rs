//! COM-16, step by step: what counted months leave to later ones, what was shown and what came since, pages and deaths.

use cases::adjust::load::{Wanted, load, read_frames};
use cases::error::CaseError;
use cases::recompute::{Decided, advance, show};
use domain::currency::Currency;
use domain::fact::{Fact, SalePaid};
use domain::id::RecomputeId;
use domain::line::Account;
use domain::money::Money;
use domain::recompute::Recompute;
use domain::rule::{Caps, Metric, Milestone, Reward, Terms};
use domain::time::Zone;
use queues::VisitDue;
use store::recomputes::StoredRecompute;
use store::terms::EnrolmentTerms;
use testkit::stub::stub;
use world::World;

use super::adjusting::{
    FIRST, SECOND, book, furnish_second, program, rate, sale, second_partner, terms, usd, visited, world_of,
};
use super::deaths::dies_after;
use super::recomputing::{advanced, applied, approved_by, booked, desk, id, in_short, pages, proposal, proposed};
use super::{LATER, app, at, due, night};

fn percent(share: &str) -> Terms {
    terms(Reward::Percentage(rate(share)))
}

fn with_milestone(sales: u64) -> Terms {
    let milestone = Milestone {
        name: "Some sales".to_owned(),
        metric: Metric::Sales(sales),
        currency: Currency::USD,
        bonus: Some(usd("25")),
        badge: None,
    };
    Terms { milestones: vec![milestone], ..percent("0.2") }
}

/// A sale of November, which is counted, and one of December, which is open.
async fn over_two_months(terms: Terms) -> World {
    let mut world = world_of(terms).await;
    book(&world, &sale(&world, "in_1", "cus_1", "100", FIRST)).await;
    visited(&world, "2026-12-03").await;
    let head = world.store.get_head(&world.tenant, &world.account()).await.expect("store");
    assert!(head.counted.is_some());
    world.pass_days(20);
    book(&world, &sale(&world, "in_2", "cus_1", "100", "2026-12-05T13:00:00Z")).await;
    visited(&world, "2026-12-06").await;
    world
}

#[tokio::test]
async fn com_14_a_milestone_that_other_rules_reach_in_a_counted_month_is_not_reached_again() {
    for (sales, expected) in [(1, "65.00"), (2, "65.00"), (3, "40.00")] {
        let world = over_two_months(percent("0.2")).await;
        let shown = proposed(&world, &proposal(with_milestone(sales), "2026-11-01T00:00:00Z")).await;
        applied(&world).await;
        assert_eq!(world.total().await, expected, "{sales} sales");
        let difference = usd(expected).try_sub(usd("40")).expect("in range");
        assert_eq!(sum(&shown), difference.minor(), "{sales} sales");
        for _ in 0..2 {
            visited(&world, "2026-12-08").await;
            assert_eq!(world.total().await, expected, "{sales} sales, after a night");
        }
        world.verified().await;
    }
}

#[tokio::test]
async fn com_14_a_milestone_that_other_rules_reach_in_a_later_month_moves_there() {
    let world = over_two_months(with_milestone(1)).await;
    assert_eq!(world.total().await, "65.00");
    let shown = proposed(&world, &proposal(with_milestone(2), "2026-11-01T00:00:00Z")).await;
    assert_eq!(sum(&shown), 0);
    applied(&world).await;
    visited(&world, "2026-12-08").await;
    assert_eq!(world.total().await, "65.00");
    // Taken from November, given in December: undone, December's goes.
    book(&world, &world.refund("re_1", "in_2", "100")).await;
    visited(&world, "2026-12-09").await;
    assert_eq!(world.total().await, "20.00");
    world.verified().await;
}

#[tokio::test]
async fn com_10_what_other_rules_pay_in_counted_months_uses_up_the_caps_of_later_ones() {
    let capped =
        |share: &str| Terms { caps: Caps { per_customer: Some(usd("50.00")), ..Caps::default() }, ..percent(share) };
    let world = over_two_months(capped("0.2")).await;
    assert_eq!(world.total().await, "40.00");
    let shown = proposed(&world, &proposal(capped("0.4"), "2026-11-01T00:00:00Z")).await;
    // 40.00 in November leave 10.00 for December.
    assert_eq!(sum(&shown), 1000);
    applied(&world).await;
    for _ in 0..2 {
        visited(&world, "2026-12-08").await;
        assert_eq!(world.total().await, "50.00");
    }
    // And nothing for January, when December is counted too.
    let mut world = world;
    visited(&world, "2027-01-03").await;
    world.pass_days(35);
    book(&world, &sale(&world, "in_3", "cus_1", "100", "2027-01-05T13:00:00Z")).await;
    visited(&world, "2027-01-06").await;
    assert_eq!(world.total().await, "50.00");
    world.verified().await;
}

fn sum(shown: &StoredRecompute) -> i64 {
    shown.recompute.shown.totals.iter().map(|total| total.minor()).fold(0_i64, |sum, minor| sum.saturating_add(minor))
}

#[tokio::test]
async fn com_16_a_recompute_that_dies_anywhere_is_finished_by_whoever_comes_next_and_booked_once() {
    let world = over_two_months(with_milestone(3)).await;
    proposed(&world, &proposal(with_milestone(1), "2026-11-01T00:00:00Z")).await;
    assert!(matches!(approved_by(&world, "usr_2").await, Decided::Yes(_)));
    let zone = Zone::utc();
    let (program, id) = (program(), id(1));
    let mut died = 0;
    for cut in 1..400 {
        let work = advance(desk(&world, &zone), (&program, &id), &|| false);
        if dies_after(work, cut).await {
            break;
        }
        died += 1;
        world.verified().await;
    }
    assert!(died >= 8, "it died only {died} times");
    assert_eq!(advanced(&world).await.recompute.state.word(), "applied");
    // 20 % of two sales, and the milestone of one.
    assert_eq!(world.total().await, "65.00");
    visited(&world, "2026-12-08").await;
    assert_eq!(world.total().await, "65.00");
    world.verified().await;
}

#[tokio::test]
async fn com_16_two_who_go_on_with_it_at_once_book_it_once() {
    let world = over_two_months(percent("0.2")).await;
    proposed(&world, &proposal(percent("0.3"), "2026-11-01T00:00:00Z")).await;
    approved_by(&world, "usr_2").await;
    let zone = Zone::utc();
    let (program, id) = (program(), id(1));
    let go_on = || advance(desk(&world, &zone), (&program, &id), &|| false);
    let (one, two, three) = tokio::join!(go_on(), go_on(), go_on());
    for outcome in [one, two, three] {
        outcome.expect("gone on");
    }
    assert_eq!(advanced(&world).await.recompute.state.word(), "applied");
    assert_eq!(world.total().await, "60.00");
    world.verified().await;
}

#[tokio::test]
async fn com_16_a_fact_that_comes_while_it_is_checked_or_booked_is_never_lost() {
    for after_pages in 0..3 {
        let world = over_two_months(percent("0.2")).await;
        proposed(&world, &proposal(percent("0.4"), "2026-11-01T00:00:00Z")).await;
        approved_by(&world, "usr_2").await;
        pages(&world, after_pages).await;
        book(&world, &world.refund("re_1", "in_1", "50")).await;
        let state = advanced(&world).await.recompute.state.word();
        visited(&world, "2026-12-08").await;
        // Before the check was done it is shown anew; from then on the new rules hold, for this fact as for any.
        let expected = if after_pages == 0 { ("proposed", "30.00") } else { ("applied", "60.00") };
        assert_eq!((state, world.total().await.as_str()), expected, "after {after_pages} pages");
        world.verified().await;
    }
}

/// A partner whom the first one referred, and a sale of theirs.
async fn with_referred(world: &World) -> Account {
    let other = second_partner();
    let token = furnish_second(world, &other).await;
    let enrolled = EnrolmentTerms { referrer: Some(world.partner.clone()), ..EnrolmentTerms::default() };
    world.store.set_terms(&world.tenant, &other, &program(), &enrolled).await.expect("terms");
    let Fact::SalePaid(paid) = sale(world, "in_9", "cus_9", "100", SECOND) else { unreachable!("a sale") };
    book(world, &Fact::SalePaid(SalePaid { click_token: Some(token), ..paid })).await;
    Account { partner: other, currency: Currency::USD }
}

/// The words of its states, worked on in requests that have time for one account each.
async fn states_in_a_hurry(world: &World, requests: usize) -> Vec<&'static str> {
    let mut states = Vec::new();
    for _ in 0..requests {
        states.push(pages(world, 1).await.recompute.state.word());
    }
    states
}

#[tokio::test]
async fn com_16_whoever_has_no_more_time_stops_between_two_partners_and_the_next_goes_on_behind_them() {
    let world = world_of(percent("0.2")).await;
    book(&world, &sale(&world, "in_1", "cus_1", "100", FIRST)).await;
    let other = with_referred(&world).await;
    let (zone, who) = (Zone::utc(), super::recomputing::admin("usr_1"));
    let asked = proposal(percent("0.3"), "2026-11-01T00:00:00Z");
    cases::recompute::propose(desk(&world, &zone), &asked, (&id(1), &who)).await.expect("store").expect("a recompute");
    assert_eq!(states_in_a_hurry(&world, 2).await, ["counting", "proposed"]);
    assert!(matches!(approved_by(&world, "usr_2").await, Decided::Yes(_)));
    assert_eq!(states_in_a_hurry(&world, 3).await, ["checking", "applying", "applying"]);
    let of_other =
        async || world.store.get_head(&world.tenant, &other).await.expect("store").total().expect("in range").to_text();
    assert_eq!((world.total().await, of_other().await), ("20.00".to_owned(), "30.00".to_owned()));
    assert_eq!(states_in_a_hurry(&world, 1).await, ["applied"]);
    assert_eq!((world.total().await, of_other().await), ("30.00".to_owned(), "30.00".to_owned()));
    world.verified().await;
}

#[tokio::test]
async fn com_16_a_partners_accounts_are_worked_on_together_however_little_time_there_is() {
    let world = world_of(percent("0.2")).await;
    book(&world, &sale(&world, "in_1", "cus_1", "100", FIRST)).await;
    let Fact::SalePaid(paid) = sale(&world, "in_2", "cus_2", "100", FIRST) else { unreachable!("a sale") };
    let (eur, nothing) = (Money::from_minor(10_000, Currency::EUR), Money::zero(Currency::EUR));
    let in_euro = SalePaid { paid: eur, total: eur, tax: nothing, shipping: nothing, fees: nothing, ..paid };
    book(&world, &Fact::SalePaid(in_euro)).await;
    let (zone, who) = (Zone::utc(), super::recomputing::admin("usr_1"));
    let asked = proposal(percent("0.3"), "2026-11-01T00:00:00Z");
    cases::recompute::propose(desk(&world, &zone), &asked, (&id(1), &who)).await.expect("store").expect("a recompute");
    assert_eq!(states_in_a_hurry(&world, 1).await, ["proposed"]);
    assert!(matches!(approved_by(&world, "usr_2").await, Decided::Yes(_)));
    assert_eq!(states_in_a_hurry(&world, 2).await, ["applying", "applied"]);
    let euro = Account { partner: world.partner.clone(), currency: Currency::EUR };
    let head = world.store.get_head(&world.tenant, &euro).await.expect("store");
    assert_eq!((world.total().await, head.total().expect("in range").to_text()), ("30.00".into(), "30.00".into()));
    world.verified().await;
}

#[tokio::test]
async fn a_dry_run_that_runs_out_of_time_between_two_accounts_is_not_whole() {
    let world = world_of(percent("0.2")).await;
    book(&world, &sale(&world, "in_1", "cus_1", "100", FIRST)).await;
    with_referred(&world).await;
    let stored = proposed(&world, &proposal(percent("0.3"), "2026-11-01T00:00:00Z")).await;
    let (zone, asked) = (Zone::utc(), std::sync::atomic::AtomicUsize::new(0));
    // Once before the page, and once before each of two accounts.
    let is_over = || asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) >= 2;
    let cut = show(desk(&world, &zone), &stored.recompute, &is_over).await.expect("store");
    assert_eq!((cut.is_whole, cut.difference.lines), (false, 1));
}

#[tokio::test]
async fn com_13_what_a_referrer_gets_through_others_is_in_their_difference() {
    let with_share = |share: &str| Terms { second_tier: Some(rate("0.1")), ..percent(share) };
    let world = world_of(with_share("0.2")).await;
    book(&world, &sale(&world, "in_1", "cus_1", "100", FIRST)).await;
    let other = with_referred(&world).await;
    assert_eq!(world.total().await, "22.00");
    let shown = proposed(&world, &proposal(with_share("0.3"), "2026-11-01T00:00:00Z")).await;
    let round = (&shown.recompute.id, shown.recompute.round);
    let page = world.store.list_differences(&world.tenant, round, None, 10).await.expect("store");
    let listed: Vec<(String, String, u64)> =
        page.items.iter().map(|one| (one.partner.to_string(), one.difference.to_text(), one.lines)).collect();
    let expected =
        [(world.partner.to_string(), "11.00".to_owned(), 2), (other.partner.to_string(), "10.00".to_owned(), 1)];
    assert_eq!(listed, expected);
    // Page by page it is the same.
    let mut paged = Vec::new();
    let mut after = None;
    loop {
        let page = world.store.list_differences(&world.tenant, round, after.as_ref(), 1).await.expect("store");
        let last = page.items.last().expect("one").clone();
        after = Some(Account { partner: last.partner.clone(), currency: Currency::USD });
        paged.push(last.difference.to_text());
        if page.next.is_none() {
            break;
        }
    }
    assert_eq!(paged, ["11.00", "10.00"]);
    applied(&world).await;
    assert_eq!(world.total().await, "33.00");
    world.verified().await;
}

#[tokio::test]
async fn com_10_under_a_cap_over_all_partners_no_account_is_counted_alone() {
    let capped =
        |cap: &str| Terms { caps: Caps { per_program_period: Some(usd(cap)), ..Caps::default() }, ..percent("0.2") };
    let (world, stub) = (world_of(capped("30.00")).await, stub().await);
    book(&world, &sale(&world, "in_1", "cus_1", "100", FIRST)).await;
    let other = second_partner();
    let token = furnish_second(&world, &other).await;
    let Fact::SalePaid(paid) = sale(&world, "in_9", "cus_9", "100", SECOND) else { unreachable!("a sale") };
    book(&world, &Fact::SalePaid(SalePaid { click_token: Some(token), ..paid })).await;
    let app = app(&world, &stub);
    night(&app, "2026-11-24T02:00:00Z").await;
    for message in stub.messages() {
        let visit_due: VisitDue = serde_json::from_str(&message.1).expect("a visit");
        crate::visit::visit(&world.store, &world.tenant, &visit_due, at(LATER)).await.expect("visited");
    }
    let account = Account { partner: other, currency: Currency::USD };
    let total = async || {
        world.store.get_head(&world.tenant, &account).await.expect("store").total().expect("in range").to_text()
    };
    assert_eq!((world.total().await, total().await), ("20.00".to_owned(), "10.00".to_owned()));
    let shown = proposed(&world, &proposal(capped("35.00"), "2026-11-01T00:00:00Z")).await;
    assert_eq!(sum(&shown), 500);
    let zone = Zone::utc();
    let lines = cases::recompute::lines_of(desk(&world, &zone), &shown.recompute, std::slice::from_ref(&account)).await;
    assert_eq!(lines.expect("store").planned.iter().map(|line| line.amount.to_text()).collect::<Vec<_>>(), ["5.00"]);
    applied(&world).await;
    assert_eq!((world.total().await, total().await), ("20.00".to_owned(), "15.00".to_owned()));
    world.verified().await;
}

#[tokio::test]
async fn a_recompute_that_one_request_does_not_finish_goes_on_by_a_message_and_by_the_next_night() {
    let (world, stub) = (over_two_months(percent("0.2")).await, stub().await);
    let zone = Zone::utc();
    let wanted = proposal(percent("0.3"), "2026-11-01T00:00:00Z");
    let who = super::recomputing::admin("usr_1");
    let kept = cases::recompute::propose(desk(&world, &zone), &wanted, (&id(1), &who)).await;
    kept.expect("store").expect("a recompute");
    let app = app(&world, &stub);
    night(&app, "2026-12-07T02:00:00Z").await;
    let due: Vec<VisitDue> =
        stub.messages().iter().map(|message| serde_json::from_str(&message.1).expect("a visit")).collect();
    let own: Vec<&VisitDue> = due.iter().filter(|due| due.recompute.is_some()).collect();
    assert_eq!(own.len(), 1);
    let state = async || {
        let stored = world.store.get_recompute(&world.tenant, &program(), &id(1)).await.expect("store");
        stored.expect("a recompute").recompute.state.word()
    };
    assert_eq!(state().await, "counting");
    let visited = crate::visit::visit(&world.store, &world.tenant, own[0], at(LATER)).await.expect("visited");
    assert_eq!((visited, state().await), (crate::visit::Visited::Whole, "proposed"));
    // A person is to decide: no later night has anything to do with it.
    night(&app, "2026-12-08T02:00:00Z").await;
    let later = stub.messages().len() - due.len();
    let again = stub.messages().iter().skip(due.len()).filter(|message| message.1.contains("recompute\":")).count();
    assert_eq!(again, 0, "of {later} messages");
}

#[tokio::test]
async fn a_dry_run_that_runs_out_of_time_says_so() {
    let world = over_two_months(percent("0.2")).await;
    let stored = proposed(&world, &proposal(percent("0.3"), "2026-11-01T00:00:00Z")).await;
    let zone = Zone::utc();
    let recompute: &Recompute = &stored.recompute;
    let cut = show(desk(&world, &zone), recompute, &|| true).await.expect("store");
    assert_eq!((cut.is_whole, cut.difference.lines), (false, 0));
    let whole = show(desk(&world, &zone), recompute, &|| false).await.expect("store");
    assert_eq!((whole.is_whole, whole.difference.lines), (true, 2));
    assert_eq!(in_short(&booked(&world).await), Vec::<String>::new());
}

#[tokio::test]
async fn of_two_recomputes_of_a_programme_one_is_booked_at_a_time() {
    let world = over_two_months(percent("0.2")).await;
    proposed(&world, &proposal(percent("0.3"), "2026-11-01T00:00:00Z")).await;
    approved_by(&world, "usr_2").await;
    pages(&world, 1).await;
    let zone = Zone::utc();
    let second: RecomputeId = id(2);
    let other = proposal(percent("0.4"), "2026-11-01T00:00:00Z");
    let who = super::recomputing::admin("usr_1");
    cases::recompute::propose(desk(&world, &zone), &other, (&second, &who)).await.expect("store").expect("a recompute");
    let program = program();
    let shown = advance(desk(&world, &zone), (&program, &second), &|| false).await.expect("store").expect("one");
    let seal = shown.recompute.shown.seal;
    let refused = cases::recompute::approve(desk(&world, &zone), (&program, &second), (&who, seal)).await;
    assert_eq!(refused.expect("store"), Decided::AnotherUnderWay);
    advanced(&world).await;
    // Its rules and its lines came since: what the second makes is shown anew.
    let taken = cases::recompute::approve(desk(&world, &zone), (&program, &second), (&who, seal)).await;
    assert!(matches!(taken.expect("store"), Decided::Yes(_)));
    let anew = advance(desk(&world, &zone), (&program, &second), &|| false).await.expect("store").expect("one");
    assert_eq!(world.total().await, "60.00");
    if anew.recompute.state.word() == "proposed" {
        let seal = anew.recompute.shown.seal;
        cases::recompute::approve(desk(&world, &zone), (&program, &second), (&who, seal)).await.expect("store");
        advance(desk(&world, &zone), (&program, &second), &|| false).await.expect("store");
    }
    assert_eq!(world.total().await, "80.00");
    world.verified().await;
}

#[tokio::test]
async fn an_account_with_more_sales_than_memory_takes_is_refused_by_name() {
    let world = over_two_months(percent("0.2")).await;
    let frames = read_frames(&world.store, &world.tenant).await.expect("store");
    let (accounts, zone) = ([world.account()], Zone::utc());
    for (sales_max, fits) in [(1, false), (2, true)] {
        let wanted = Wanted {
            accounts: &accounts,
            frames: &frames,
            only: None,
            everything: true,
            run_note: "",
            ledger_zone: &zone,
            sales_max,
        };
        let loaded = load(&world.store, &world.tenant, &wanted).await;
        let is_too_many = matches!(&loaded, Err(CaseError::TooManySales { partner, .. }) if *partner == world.partner);
        assert_eq!((loaded.is_ok(), is_too_many), (fits, !fits));
    }
    let unit: VisitDue = due(&world, "2026-12-08");
    assert_eq!(unit.recompute, None);
}
