//! What nights make of what was booked at once: bands, bonuses, caps, order, freezing. Facts come by the real recorder.

use domain::currency::Currency;
use domain::fact::{Fact, SalePaid};
use domain::id::{ProgramId, RuleId};
use domain::money::Money;
use domain::rate::Rate;
use domain::rule::{Band, BandMode, Bands, Caps, Clause, Metric, Milestone, Reward, RuleVersion, Terms, VolumeBonus};
use domain::time::Zone;
use queues::VisitDue;
use revenue_recorder::booking::Recorder;
use store::runs::RunStatus;
use testkit::stub::stub;
use world::World;

use super::{LATER, app, at, day, due};
use crate::{night, visit};

pub(super) fn usd(text: &str) -> Money {
    Money::parse(text, Currency::USD).expect("amount")
}

pub(super) fn rate(text: &str) -> Rate {
    Rate::parse(text).expect("rate")
}

/// The world's programme.
pub(super) fn program() -> ProgramId {
    ProgramId::from_ulid(1_u128.into())
}

pub(super) fn terms(reward: Reward) -> Terms {
    Terms::simple(reward, 30)
}

pub(super) fn banded(mode: BandMode) -> Terms {
    let step = |from: &str, share: &str| Band { from: usd(from), rate: rate(share) };
    let steps = vec![step("0", "0.2"), step("10000", "0.25"), step("25000", "0.3")];
    Terms { bands: Some(Bands { mode, steps }), clauses: vec![Clause::simple(Reward::Banded)], ..terms(Reward::Banded) }
}

/// A world under other terms from its second day on.
pub(super) async fn world_of(terms: Terms) -> World {
    let world = World::new().await;
    make_rule(&world, terms).await;
    world
}

pub(super) async fn make_rule(world: &World, terms: Terms) {
    let version = RuleVersion {
        id: RuleId::from_ulid(3_u128.into()),
        program: program(),
        effective_from: at("2026-01-02T00:00:00Z"),
        terms,
    };
    world.store.create_rule(&world.tenant, &version).await.expect("a rule");
}

pub(super) async fn book(world: &World, fact: &Fact) {
    let zone = Zone::utc();
    let recorder = Recorder::new(&world.store, &world.tenant, &world.keys, &zone, world.now);
    recorder.book(fact).await.expect("booked");
}

/// A paid invoice of a customer whom the partner brought, at an instant.
pub(super) fn sale(world: &World, invoice: &str, customer: &str, paid: &str, occurred_at: &str) -> Fact {
    let token = Some(world.token.clone());
    Fact::SalePaid(SalePaid { occurred_at: at(occurred_at), click_token: token, ..world.paid(invoice, customer, paid) })
}

pub(super) async fn visited(world: &World, business_date: &str) {
    let visit_due: VisitDue = due(world, business_date);
    visit::visit(&world.store, &world.tenant, &visit_due, at(LATER)).await.expect("visited");
}

/// The lines of the account without what was booked at once.
async fn adjusted(world: &World) -> Vec<String> {
    let mut lines = world.lines().await;
    lines.retain(|line| !line.ends_with("earned") && !line.ends_with("reversal"));
    lines
}

pub(super) const FIRST: &str = "2026-11-21T13:00:00Z";
pub(super) const SECOND: &str = "2026-11-22T13:00:00Z";
pub(super) const THIRD: &str = "2026-11-23T13:00:00Z";

#[tokio::test]
async fn com_7_value_6_a_month_of_26_000_earns_6_050_by_slices_and_7_800_as_a_whole() {
    for (mode, expected) in [(BandMode::Marginal, "6050.00"), (BandMode::Retroactive, "7800.00")] {
        let world = world_of(banded(mode)).await;
        for (invoice, paid, occurred_at) in [("in_1", "9000", FIRST), ("in_2", "9000", SECOND), ("in_3", "8000", THIRD)]
        {
            book(&world, &sale(&world, invoice, "cus_1", paid, occurred_at)).await;
        }
        visited(&world, "2026-11-23").await;
        assert_eq!(world.total().await, expected, "{mode:?}");
        let lines = world.lines().await;
        visited(&world, "2026-11-23").await;
        assert_eq!(world.lines().await, lines, "a second visit changes nothing");
        world.verified().await;
    }
}

#[tokio::test]
async fn com_7_value_7_a_cent_below_the_band_is_below_it() {
    for (paid, expected) in [("25000.00", "7500.00"), ("24999.99", "6250.00")] {
        let world = world_of(banded(BandMode::Retroactive)).await;
        book(&world, &sale(&world, "in_1", "cus_1", paid, FIRST)).await;
        visited(&world, "2026-11-23").await;
        assert_eq!(world.total().await, expected, "{paid}");
    }
}

#[tokio::test]
async fn com_7_a_refund_takes_the_band_back_by_one_more_entry() {
    let world = world_of(banded(BandMode::Retroactive)).await;
    book(&world, &sale(&world, "in_1", "cus_1", "20000", FIRST)).await;
    book(&world, &sale(&world, "in_2", "cus_2", "5000", SECOND)).await;
    visited(&world, "2026-11-23").await;
    assert_eq!(world.total().await, "7500.00");
    book(&world, &world.refund("re_1", "in_2", "5000")).await;
    visited(&world, "2026-11-24").await;
    // 20,000 are left, at 25 %.
    assert_eq!(world.total().await, "5000.00");
    world.verified().await;
}

#[tokio::test]
async fn com_8_value_8_the_volume_bonus_is_a_line_of_its_own() {
    let bonus = VolumeBonus { from: usd("1.05"), bonus: rate("0.25") };
    let world = world_of(Terms { volume_bonus: Some(bonus), ..terms(Reward::Percentage(rate("0.1"))) }).await;
    book(&world, &sale(&world, "in_1", "cus_1", "1.05", FIRST)).await;
    visited(&world, "2026-11-23").await;
    let mut amounts: Vec<String> =
        world.lines().await.iter().map(|line| line.split(' ').next().unwrap_or_default().to_owned()).collect();
    amounts.sort();
    assert_eq!(amounts, ["0.02", "0.11"]);
    assert_eq!(world.total().await, "0.13");
}

#[tokio::test]
async fn com_10_a_cap_of_a_month_is_used_up_in_the_order_in_which_the_sales_happened() {
    let caps = Caps { per_partner_period: Some(usd("10.00")), ..Caps::default() };
    let rows = [("in_1", FIRST), ("in_2", SECOND), ("in_3", THIRD)];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let world = world_of(Terms { caps, ..terms(Reward::Percentage(rate("0.3"))) }).await;
        for place in order {
            let (invoice, occurred_at) = rows[place];
            book(&world, &sale(&world, invoice, "cus_1", "20", occurred_at)).await;
            visited(&world, "2026-11-23").await;
        }
        let mut nets = Vec::new();
        for (invoice, _) in rows {
            let sale = world.kept_sale(invoice).await;
            nets.push(Money::try_sum(sale.lines.iter().map(|line| line.amount), Currency::USD).expect("sum").to_text());
        }
        assert_eq!(nets, ["6.00", "4.00", "0.00"], "{order:?}");
        assert_eq!(world.total().await, "10.00", "{order:?}");
        world.verified().await;
    }
}

#[tokio::test]
async fn com_10_a_cap_over_all_partners_is_a_unit_of_the_programme() {
    let caps = Caps { per_program_period: Some(usd("10.00")), ..Caps::default() };
    let (world, stub) = (world_of(Terms { caps, ..terms(Reward::Percentage(rate("0.3"))) }).await, stub().await);
    book(&world, &sale(&world, "in_2", "cus_1", "20", SECOND)).await;
    book(&world, &sale(&world, "in_1", "cus_1", "20", FIRST)).await;
    let app = app(&world, &stub);
    super::night(&app, "2026-11-24T02:00:00Z").await;
    let messages = stub.messages();
    assert_eq!(messages.len(), 2, "the programme and its one account");
    for message in messages {
        let visit_due: VisitDue = serde_json::from_str(&message.1).expect("a visit");
        visit::visit(&world.store, &world.tenant, &visit_due, at(LATER)).await.expect("visited");
    }
    assert_eq!(world.total().await, "10.00");
    // The account by itself leaves the programme's sales alone.
    visited(&world, "2026-11-24").await;
    assert_eq!(world.total().await, "10.00");
    world.verified().await;
}

#[tokio::test]
async fn com_14_a_milestone_is_a_bonus_once_and_goes_with_the_refund_that_undoes_it() {
    let milestone = Milestone {
        name: "Two sales".to_owned(),
        metric: Metric::Sales(2),
        currency: Currency::USD,
        bonus: Some(usd("25")),
        badge: None,
    };
    let world = world_of(Terms { milestones: vec![milestone], ..terms(Reward::Percentage(rate("0.3"))) }).await;
    book(&world, &sale(&world, "in_1", "cus_1", "10", FIRST)).await;
    visited(&world, "2026-11-23").await;
    assert_eq!(world.total().await, "3.00");
    book(&world, &sale(&world, "in_2", "cus_2", "10", SECOND)).await;
    for _ in 0..2 {
        visited(&world, "2026-11-23").await;
        assert_eq!(world.total().await, "31.00");
    }
    book(&world, &world.refund("re_1", "in_1", "10")).await;
    visited(&world, "2026-11-24").await;
    assert_eq!(world.total().await, "3.00");
    // Another sale reaches it again: the bonus comes back, once.
    book(&world, &sale(&world, "in_3", "cus_3", "10", THIRD)).await;
    visited(&world, "2026-11-25").await;
    assert_eq!(world.total().await, "31.00");
    // Frozen, it stays reached: no refund and no later month brings it again.
    visited(&world, "2026-12-03").await;
    let mut december = world;
    december.pass_days(20);
    book(&december, &sale(&december, "in_4", "cus_4", "10", "2026-12-05T00:00:00Z")).await;
    visited(&december, "2026-12-06").await;
    assert_eq!(december.total().await, "34.00");
    december.verified().await;
}

#[tokio::test]
async fn a_sale_that_comes_after_its_month_froze_counts_in_the_open_one_and_says_so() {
    let mut world = world_of(banded(BandMode::Retroactive)).await;
    book(&world, &sale(&world, "in_1", "cus_1", "20000", FIRST)).await;
    visited(&world, "2026-12-02").await;
    assert_eq!(world.store.get_head(&world.tenant, &world.account()).await.expect("store").frozen, None);
    visited(&world, "2026-12-03").await;
    let head = world.store.get_head(&world.tenant, &world.account()).await.expect("store");
    assert_eq!(head.frozen.map(|month| month.to_string()), Some("2026-11".to_owned()));
    assert_eq!(head.counted, head.frozen);
    world.pass_days(20);
    // In November it would have brought the month to 26,000 and 30 %.
    book(&world, &sale(&world, "in_2", "cus_2", "6000", SECOND)).await;
    visited(&world, "2026-12-11").await;
    // November stays at 25 %; in December the sale is the first.
    assert_eq!(world.total().await, "6200.00");
    let lines = world.store.list_lines(&world.tenant, &world.account()).await.expect("store");
    let late: Vec<bool> =
        lines.iter().filter(|line| line.trace.invoice == "in_2").map(|line| line.trace.late).collect();
    assert_eq!(late, [true]);
    // It counts in December: with 19,000 more that month reaches 25,000.
    book(&world, &sale(&world, "in_3", "cus_3", "19000", "2026-12-12T00:00:00Z")).await;
    visited(&world, "2026-12-12").await;
    assert_eq!(world.total().await, "12500.00");
    world.verified().await;
}

#[tokio::test]
async fn com_3_occurrences_of_frozen_months_count_for_later_ones() {
    let mut clause = Clause::simple(Reward::Percentage(rate("0.3")));
    clause.limits.max_occurrences = Some(2);
    let mut world = world_of(Terms { clauses: vec![clause], ..terms(Reward::Percentage(rate("0.3"))) }).await;
    let invoice = |world: &World, id: &str, occurred_at: &str| {
        let Fact::SalePaid(paid) = sale(world, id, "cus_1", "10", occurred_at) else { unreachable!("a sale") };
        Fact::SalePaid(SalePaid { subscription: Some("sub_1".to_owned()), ..paid })
    };
    book(&world, &invoice(&world, "in_1", FIRST)).await;
    visited(&world, "2026-12-03").await;
    world.pass_days(30);
    book(&world, &invoice(&world, "in_3", "2026-12-21T13:00:00Z")).await;
    book(&world, &invoice(&world, "in_2", "2026-12-20T13:00:00Z")).await;
    visited(&world, "2026-12-22").await;
    // One in November, one in December, and no third.
    assert_eq!(world.total().await, "6.00");
    world.verified().await;
}

#[tokio::test]
async fn missed_nights_freeze_what_they_should_have() {
    let world = world_of(banded(BandMode::Retroactive)).await;
    book(&world, &sale(&world, "in_1", "cus_1", "25000", FIRST)).await;
    visited(&world, "2027-03-15").await;
    let head = world.store.get_head(&world.tenant, &world.account()).await.expect("store");
    assert_eq!(head.frozen.map(|month| month.to_string()), Some("2027-02".to_owned()));
    assert_eq!((head.counted, head.open_period), (head.frozen, None));
    assert_eq!(world.total().await, "7500.00");
}

#[tokio::test]
async fn a_dry_run_shows_what_the_night_then_books_and_writes_nothing() {
    let world = world_of(banded(BandMode::Retroactive)).await;
    for (invoice, paid, occurred_at) in [("in_1", "9000", FIRST), ("in_2", "17000", SECOND)] {
        book(&world, &sale(&world, invoice, "cus_1", paid, occurred_at)).await;
    }
    let before = (world.lines().await, world.total().await);
    let shown =
        night::dry_run(&world.store, &world.tenant, (day("2026-11-23"), at(LATER)), &|| false).await.expect("shown");
    assert_eq!((world.lines().await, world.total().await), before);
    visited(&world, "2026-11-23").await;
    let text = |lines: Vec<domain::line::Line>| {
        let mut lines: Vec<String> =
            lines.iter().map(|line| format!("{} {} {}", line.amount, line.place.to_text(), line.kind.word())).collect();
        lines.sort();
        lines
    };
    assert_eq!(text(shown.lines), adjusted(&world).await);
    assert!(!shown.totals.is_empty());
}

#[tokio::test]
async fn the_record_of_a_night_tells_what_its_units_did_however_often_they_come() {
    let (world, stub) = (world_of(banded(BandMode::Retroactive)).await, stub().await);
    book(&world, &sale(&world, "in_1", "cus_1", "25000", FIRST)).await;
    let app = app(&world, &stub);
    super::night(&app, "2026-11-24T02:00:00Z").await;
    let record = async || {
        let run = world.store.get_run(&world.tenant, day("2026-11-23")).await.expect("store").expect("a run");
        night::with_report(&world.store, &world.tenant, run).await.expect("in range").report.expect("a report")
    };
    assert_eq!(record().await.status, RunStatus::Processing);
    let mut seen = Vec::new();
    for _ in 0..2 {
        for message in stub.messages() {
            let visit_due: VisitDue = serde_json::from_str(&message.1).expect("a visit");
            visit::visit(&world.store, &world.tenant, &visit_due, at(LATER)).await.expect("visited");
        }
        seen.push(record().await);
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!((seen[0].status, seen[0].done, seen[0].sales, seen[0].lines), (RunStatus::Completed, 1, 1, 1));
    assert_eq!(seen[0].totals, [usd("2500.00")]);
    // The next night has the report in the record itself.
    super::night(&app, "2026-11-25T02:00:00Z").await;
    let kept = world.store.get_run(&world.tenant, day("2026-11-23")).await.expect("store").expect("a run");
    assert_eq!(kept.report, Some(seen.remove(0)));
}

#[tokio::test]
async fn a_visit_with_nothing_to_do_leaves_no_trace() {
    let world = world_of(terms(Reward::Percentage(rate("0.3")))).await;
    book(&world, &sale(&world, "in_1", "cus_1", "10", FIRST)).await;
    visited(&world, "2026-11-21").await;
    let head = world.store.get_head(&world.tenant, &world.account()).await.expect("store");
    visited(&world, "2026-11-22").await;
    visited(&world, "2026-11-23").await;
    assert_eq!(world.store.get_head(&world.tenant, &world.account()).await.expect("store"), head);
}

#[tokio::test]
async fn att_1_a_meeting_that_happened_earlier_and_came_later_decides_the_open_sales() {
    let (world, other) = (World::new().await, second_partner());
    let token_of_other = furnish_second(&world, &other).await;
    // Met by the second partner's link, as far as was known; the first one's meeting was earlier.
    let Fact::SalePaid(paid) = sale(&world, "in_1", "cus_1", "10", SECOND) else { unreachable!("a sale") };
    book(&world, &Fact::SalePaid(SalePaid { click_token: Some(token_of_other), ..paid })).await;
    let account = domain::line::Account { partner: other.clone(), currency: Currency::USD };
    let total = async |account: &domain::line::Account| {
        world.store.get_head(&world.tenant, account).await.expect("store").total().expect("in range").to_text()
    };
    assert_eq!(total(&account).await, "3.00");
    book(&world, &world.seen("cus_1", Some(&world.token))).await;
    let visit_due = VisitDue { partner: other.clone(), ..due(&world, "2026-11-23") };
    for _ in 0..2 {
        visit::visit(&world.store, &world.tenant, &visit_due, at(LATER)).await.expect("visited");
        visited(&world, "2026-11-23").await;
        assert_eq!((total(&account).await, world.total().await), ("0.00".to_owned(), "3.00".to_owned()));
    }
    world.verified().await;
}

#[tokio::test]
async fn frd_4_a_partner_whom_the_night_credits_is_looked_at_and_held_as_by_a_fresh_sale() {
    use domain::fact::Buyer;
    use domain::fraud::Reason;
    use domain::fraud::marks::{Mark, MarkKind, fingerprint_digest};
    let (world, other) = (World::new().await, second_partner());
    let token_of_other = furnish_second(&world, &other).await;
    let card = Mark::of_fingerprint(MarkKind::Card, "card of pat");
    world.store.record_marks(&world.tenant, &world.partner, &[card], world.now).await.expect("recorded");
    // Paid by the first partner's card, and brought by the second, as far as is known: nothing is odd about that.
    let Fact::SalePaid(paid) = sale(&world, "in_1", "cus_1", "10", SECOND) else { unreachable!("a sale") };
    let buyer = Buyer { paid_from: Some(fingerprint_digest("card of pat")), ..Buyer::default() };
    book(&world, &Fact::SalePaid(SalePaid { click_token: Some(token_of_other), buyer, ..paid })).await;
    assert_eq!(world.kept_sale("in_1").await.hold, None);
    book(&world, &world.seen("cus_1", Some(&world.token))).await;
    let visit_due = VisitDue { partner: other, ..due(&world, "2026-11-23") };
    for _ in 0..2 {
        visit::visit(&world.store, &world.tenant, &visit_due, at(LATER)).await.expect("visited");
        visited(&world, "2026-11-23").await;
        let head = world.store.get_head(&world.tenant, &world.account()).await.expect("store");
        assert_eq!((head.held, world.total().await), (300, "3.00".to_owned()));
        let kept = world.kept_sale("in_1").await;
        assert_eq!(kept.hold, Some(domain::sale::HoldReason::Risk));
        let review = domain::id::ReviewId::of_sale(&kept.id);
        let review = world.store.get_review(&world.tenant, &review).await.expect("store").expect("a review").review;
        let codes: Vec<Reason> = review.findings[0].signals.iter().map(|signal| signal.code).collect();
        assert_eq!((review.state.word(), codes), ("open", vec![Reason::SelfReferralCard]));
    }
    world.verified().await;
}

#[tokio::test]
async fn att_1_a_sale_goes_over_to_a_partner_whose_slots_are_final_by_now() {
    let (world, other) = (World::new().await, second_partner());
    let token_of_other = furnish_second(&world, &other).await;
    let Fact::SalePaid(paid) = sale(&world, "in_1", "cus_1", "10", SECOND) else { unreachable!("a sale") };
    book(&world, &Fact::SalePaid(SalePaid { click_token: Some(token_of_other), ..paid })).await;
    // Everything of the partner who gets it is final: the line must find another slot, and not be refused each night.
    let (account, far) =
        (world.account(), domain::slot::Slot::last_of_day(domain::time::Zone::utc().day_of(at(LATER))));
    let head = world.store.get_head(&world.tenant, &account).await.expect("store");
    world.store.raise_fence(&world.tenant, &account, &head, far).await.expect("store");
    book(&world, &world.seen("cus_1", Some(&world.token))).await;
    let visit_due = VisitDue { partner: other, ..due(&world, "2026-11-23") };
    visit::visit(&world.store, &world.tenant, &visit_due, at(LATER)).await.expect("visited");
    assert_eq!(world.total().await, "3.00");
}

pub(super) fn second_partner() -> domain::id::PartnerId {
    domain::id::PartnerId::from_ulid(8_u128.into())
}

/// A second partner in the programme, and the token of a click on its link.
pub(super) async fn furnish_second(world: &World, partner: &domain::id::PartnerId) -> String {
    use domain::touch::{Touch, Touches};
    use store::links::Link;
    use store::partners::{Enrolment, Partner, PartnerStatus};
    use store::people::Person;
    let now = world.now;
    let person = Person { email_sealed: String::new(), name_sealed: String::new(), recorded_at: now };
    let enrolment = Enrolment { program: program(), tier: domain::tier::Tier::Tier1, enrolled_at: now };
    let record = Partner { id: partner.clone(), status: PartnerStatus::Active, created_at: at("2026-01-01T00:00:00Z") };
    world.store.create_partner(&world.tenant, &record, &person, &enrolment).await.expect("a partner");
    let link = Link {
        id: domain::id::LinkId::from_ulid(10_u128.into()),
        code: "bea".to_owned(),
        partner: partner.clone(),
        program: program(),
        destination: "https://shop.example/".to_owned(),
        window_days: 30,
        commission_rate: None,
        active: true,
        created_at: now,
        details: Default::default(),
    };
    world.store.create_link(&world.tenant, &link).await.expect("a link");
    let visitor = domain::touch::VisitorHash::from_bytes([2; 8]);
    let touch = Touch { at: at("2026-11-22T12:00:00Z"), link: link.id, visitor };
    world.sign(&Touches::from(touch))
}
