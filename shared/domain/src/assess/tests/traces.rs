//! What is kept of how an earning came about, and which cap is said to have cut it.

use super::given::{World, credit, invoice, key, partner, percent, program, rate, usd};
use crate::assess::Earning;
use crate::attribution::{Credit, PartnerTerms};
use crate::commission::EarningReason;
use crate::currency::Currency;
use crate::fact::SaleType;
use crate::id::{LinkId, RuleId};
use crate::line::{LineTrace, Part, PartKind};
use crate::rule::{Caps, SignUpBonus, Terms};
use crate::sale::{Decision, Sale};
use crate::tier::Tier;

fn link() -> LinkId {
    LinkId::from_ulid(5_u128.into())
}

/// A sale that a link of partner 1 brought, whom partner 2 referred.
fn sold(paid: &str) -> Sale {
    let terms = PartnerTerms { referrer: Some(partner(2)), tier: Tier::Tier2, ..PartnerTerms::default() };
    let decision = Decision::one(Credit { terms, link: Some(link()), ..credit(1, 1) });
    Sale { decision, invoice: "in_1".to_owned(), ..invoice("in_1", "2026-11-21", usd(paid)) }
}

fn earning(terms: Terms, sale: &Sale, kind: PartKind) -> Earning {
    let assessed = World::of(terms).assess(std::slice::from_ref(sale));
    let mut earnings = assessed.sales.into_iter().flat_map(|sale| sale.earnings);
    earnings.find(|earning| earning.part.kind == kind).expect("an earning")
}

/// What every earning of the sale says of it.
fn frame(reason: EarningReason) -> LineTrace {
    LineTrace {
        program: Some(program()),
        link: Some(link()),
        rule: Some(RuleId::from_ulid(1_u128.into())),
        customer: Some(key("cus_1")),
        invoice: "in_1".to_owned(),
        event_type: Some(SaleType::InvoicePayment),
        period: crate::month::Month::parse("2026-11").ok(),
        notes: vec!["event: first_sale".to_owned()],
        ..LineTrace::because(reason)
    }
}

fn half() -> Terms {
    Terms::simple(percent("0.5"), 30)
}

#[test]
fn a_commission_says_by_which_rule_link_and_payment_it_came_about() {
    let found = earning(half(), &sold("100"), PartKind::Commission);
    let expected =
        LineTrace { base: "100.00".to_owned(), reward: "0.5".to_owned(), ..frame(EarningReason::Percentage) };
    assert_eq!(found.trace, expected);
    let free = earning(half(), &sold("0"), PartKind::Commission);
    assert_eq!((free.trace.reason, free.trace.base.as_str()), (EarningReason::NothingPaid, "0.00"));
}

#[test]
fn a_referrer_s_share_says_what_it_is_a_share_of_and_names_no_link_and_no_month() {
    let terms = Terms { second_tier: Some(rate("0.1")), ..half() };
    let found = earning(terms, &sold("100"), PartKind::SecondTier);
    let expected = LineTrace {
        base: "50.00".to_owned(),
        reward: "0.1".to_owned(),
        part: Part { item: 0, kind: PartKind::SecondTier },
        link: None,
        period: None,
        ..frame(EarningReason::SecondTier)
    };
    assert_eq!((found.partner, found.trace), (partner(2), expected));
}

#[test]
fn a_bonus_for_a_sign_up_says_of_which_tier_the_partner_is() {
    let bonus = SignUpBonus::shipped(Currency::USD).expect("amounts");
    let signed_up = Sale { event_type: SaleType::SignUp, subscription: None, ..sold("0") };
    let found = earning(Terms { sign_up_bonus: Some(bonus), ..half() }, &signed_up, PartKind::SignUp);
    assert_eq!((found.trace.reason, found.trace.part.kind), (EarningReason::SignUpBonus, PartKind::SignUp));
    assert_eq!((found.trace.base.as_str(), found.trace.link), ("0.00", Some(link())));
    let notes: Vec<&str> = found.trace.notes.iter().map(String::as_str).collect();
    assert_eq!(notes, ["event: sign_up", "tier: tier2"]);
}

/// Amount and notes of the commission of a sale of 100.00 at a half, or of another, under a cap a month.
fn capped(sale: &Sale, cap: &str) -> (String, Vec<String>) {
    let caps = Caps { per_partner_period: Some(usd(cap)), ..Caps::default() };
    let found = earning(Terms { caps, ..half() }, sale, PartKind::Commission);
    (found.amount.to_text(), found.trace.notes.into_iter().skip(1).collect())
}

fn refunded(paid: &str, back: &str) -> Sale {
    Sale { refunded: usd(back), ..sold(paid) }
}

#[test]
fn a_month_s_cap_says_that_it_cut_and_what_there_was_before() {
    let cut = |before: &str, cap: &str| vec![format!("cap: per_partner_period {cap}"), format!("before_cap: {before}")];
    let whole = Vec::new;
    let rows = [
        (sold("100"), "50.00", "50.00", whole()),
        (sold("100"), "50.01", "50.00", whole()),
        (sold("100"), "49.99", "49.99", cut("50.00", "49.99")),
        // Half of 1.01 went back, which leaves 0.50: as much as there is room for, so nothing is cut.
        (refunded("2.02", "1.01"), "0.50", "1.01", whole()),
        (refunded("2.02", "1.01"), "0.60", "1.01", whole()),
        // All of it went back: it uses nothing up, and is shown as it would have been paid.
        (refunded("100", "100"), "10.00", "10.00", cut("50.00", "10.00")),
        (refunded("100", "100"), "50.00", "50.00", whole()),
        (refunded("100", "100"), "60.00", "50.00", whole()),
    ];
    for (sale, cap, amount, notes) in rows {
        let told = format!("{:?} of {:?} under {cap}", sale.refunded, sale.paid);
        assert_eq!(capped(&sale, cap), (amount.to_owned(), notes), "{told}");
    }
}

#[test]
fn what_a_month_and_a_milestone_earn_names_its_programme_and_rule() {
    let band = |from: &str, share: &str| crate::rule::Band { from: usd(from), rate: rate(share) };
    let bands = crate::rule::Bands {
        mode: crate::rule::BandMode::Retroactive,
        steps: vec![band("0", "0.1"), band("100", "0.2")],
    };
    let milestone = crate::rule::Milestone {
        name: "first".to_owned(),
        metric: crate::rule::Metric::Sales(1),
        currency: Currency::USD,
        bonus: Some(usd("5")),
        badge: None,
    };
    let terms =
        Terms { bands: Some(bands), milestones: vec![milestone], ..Terms::simple(crate::rule::Reward::Banded, 30) };
    let periods = World::of(terms).assess(&[sold("200")]).periods;
    assert_eq!(periods.iter().map(|period| period.amount.to_text()).collect::<Vec<_>>(), ["20.00", "5.00"]);
    for period in periods {
        assert_eq!(period.trace.program, Some(program()));
        assert_eq!(period.trace.rule, Some(RuleId::from_ulid(1_u128.into())));
    }
}

#[test]
fn two_who_share_share_the_bonus_of_a_month_too_and_have_that_of_bands_each_for_their_own() {
    let bonus = crate::rule::VolumeBonus { from: usd("0"), bonus: rate("0.5") };
    let band = crate::rule::Band { from: usd("0"), rate: rate("0.5") };
    let bands = crate::rule::Bands { mode: crate::rule::BandMode::Marginal, steps: vec![band] };
    let decision = Decision::Partners { credits: vec![credit(1, 1), credit(2, 3)], losers: Vec::new() };
    let sale = Sale { decision, ..sold("100") };
    let banded = Terms { bands: Some(bands), ..Terms::simple(crate::rule::Reward::Banded, 30) };
    for terms in [half(), banded] {
        let assessed = World::of(Terms { volume_bonus: Some(bonus), ..terms }).assess(std::slice::from_ref(&sale));
        for (kind, expected) in [(PartKind::Commission, ["12.50", "37.50"]), (PartKind::VolumeBonus, ["6.25", "18.75"])]
        {
            let of = |who| super::given::amounts(&assessed, who, kind);
            assert_eq!([of(1), of(2)].concat(), expected, "{kind:?}");
        }
    }
}

#[test]
fn a_flat_reward_beside_a_share_shrinks_with_it() {
    let clause = |name: &str, reward| super::given::clause(name, &crate::rule::Event::SALES, reward);
    let clauses = vec![clause("share", percent("0.1")), clause("flat", crate::rule::Reward::Flat(usd("5")))];
    let terms = Terms { matching: crate::rule::Matching::Sum, clauses, ..half() };
    let sales = [refunded("100", "50")];
    assert_eq!(super::given::net(&World::of(terms).assess(&sales), &sales, 1), 750);
}

#[test]
fn the_bonus_on_bands_is_of_the_sale_s_own_slices() {
    let band = |from: &str, share: &str| crate::rule::Band { from: usd(from), rate: rate(share) };
    let steps = vec![band("0", "0.5"), band("150", "0.1")];
    let bands = crate::rule::Bands { mode: crate::rule::BandMode::Marginal, steps };
    let volume_bonus = Some(crate::rule::VolumeBonus { from: usd("0"), bonus: rate("0.5") });
    let terms = Terms { bands: Some(bands), volume_bonus, ..Terms::simple(crate::rule::Reward::Banded, 30) };
    let sales = [invoice("in_1", "2026-11-20", usd("100")), invoice("in_2", "2026-11-21", usd("100"))];
    let assessed = World::of(terms).assess(&sales);
    // 50.00 at a half is 25.00, 50.00 at a tenth 5.00: 30.00 for the second sale.
    assert_eq!(super::given::amounts(&assessed, 1, PartKind::Commission), ["50.00", "30.00"]);
    assert_eq!(super::given::amounts(&assessed, 1, PartKind::VolumeBonus), ["25.00", "15.00"]);
}
