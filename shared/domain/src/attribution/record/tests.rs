use super::*;
use crate::attribution::customer::Meeting;
use crate::attribution::fixtures::{at, click, coupon};
use crate::fact::PaymentKey;
use crate::sale::Sale;

fn sale(decision: Decision) -> Sale {
    let payment = PaymentKey::parse("stripe:in_1").expect("key");
    let sold_at = at("2026-11-21T12:00:00Z");
    let paid = Money::from_minor(10_000, Currency::USD);
    Sale { decision, ..Sale::plain(payment, paid, sold_at, crate::time::Zone::utc().day_of(sold_at)) }
}

fn met(candidates: Vec<Candidate>) -> Customer {
    let by = PaymentKey::parse("t:1").expect("key");
    let mut customer = Customer::default();
    customer.meet(&Meeting { at: at("2026-11-21T12:00:00Z"), by, candidates, token_refused: false });
    customer
}

#[test]
fn the_record_shows_the_winner_each_loser_and_what_every_model_would_give() {
    // ATT-2, ATT-5.
    let touches = vec![
        click(1, "2026-11-14T12:00:00Z"),
        click(2, "2026-11-20T12:00:00Z"),
        click(3, "2026-11-21T12:00:00Z"),
        click(4, "2026-10-01T12:00:00Z"),
    ];
    let customer = met(touches);
    let sale = sale(customer.decide(at("2026-11-21T12:00:00Z"), None));
    let record = record(&sale, Some(&customer)).expect("a record");
    let models: Vec<String> = record
        .models
        .iter()
        .map(|model| {
            let shares: Vec<_> = model.shares.iter().map(|share| share.share.as_str()).collect();
            format!("{} {}", model.model.word(), shares.join(" "))
        })
        .collect();
    insta::assert_snapshot!(models.join("\n"), @r"
    last_click 1.000000
    first_click 1.000000
    linear 0.333334 0.333333 0.333333
    position 0.400000 0.200000 0.400000
    time_decay 0.207838 0.376487 0.415675
    ");
    let reasons: Vec<_> = record.losers.iter().map(|loser| loser.reason.word()).collect();
    assert_eq!(reasons, ["earlier_than_winner", "earlier_than_winner", "outside_window"]);
    assert_eq!(record.winners.iter().map(|winner| winner.share.as_str()).collect::<Vec<_>>(), ["1.000000"]);
    assert!(!record.is_outdated && !record.is_by_a_person && record.nobody_because.is_none());
}

#[test]
fn a_renewal_has_the_shares_of_the_check_out_that_bound_its_customer() {
    // ATT-8: a year later, when every click is older than its window; and a click told since then changes nothing.
    let mut customer = met(vec![click(1, "2026-11-14T12:00:00Z"), click(2, "2026-11-20T12:00:00Z")]);
    let by = PaymentKey::parse("t:2").expect("key");
    let later = click(3, "2027-11-20T12:00:00Z");
    customer.meet(&Meeting { at: at("2027-11-20T13:00:00Z"), by, candidates: vec![later], token_refused: false });
    let renewed_at = at("2027-11-21T12:00:00Z");
    let sale = Sale { occurred_at: renewed_at, ..sale(customer.decide(renewed_at, None)) };
    let record = record(&sale, Some(&customer)).expect("a record");
    let linear: Vec<_> = record.models.iter().filter(|one| one.model == Model::Linear).collect();
    let shares: Vec<_> = linear[0].shares.iter().map(|share| share.share.as_str()).collect();
    assert_eq!(shares, ["0.500000", "0.500000"]);
}

#[test]
fn who_was_a_customer_before_is_nobodys_under_every_model() {
    let mut customer = met(vec![click(1, "2026-11-20T12:00:00Z")]);
    customer.pay(at("2026-11-19T12:00:00Z"), &crate::id::SaleId::from_ulid(1_u128.into()));
    let sale = sale(customer.decide(at("2026-11-21T12:00:00Z"), None));
    let record = record(&sale, Some(&customer)).expect("a record");
    assert!(record.models.iter().all(|model| model.shares.is_empty()), "{:?}", record.models);
    assert_eq!(record.nobody_because, Some(NobodyReason::ExistingCustomer));
}

#[test]
fn the_record_of_a_sale_that_nobody_is_paid_for_says_why() {
    let sale = sale(Decision::nobody(NobodyReason::CustomerUnknown));
    let shown = serde_json::to_value(record(&sale, None).expect("a record")).expect("json");
    assert_eq!(shown["nobody_because"], "customer_unknown");
    assert_eq!(shown["winners"], serde_json::json!([]));
}

#[test]
fn a_decision_that_was_overtaken_is_shown_as_outdated_and_a_persons_never_is() {
    let customer = met(vec![click(1, "2026-11-21T11:00:00Z")]);
    let mut other = met(vec![click(2, "2026-11-21T11:00:00Z")]).decide(at("2026-11-21T12:00:00Z"), None);
    assert!(record(&sale(other.clone()), Some(&customer)).expect("a record").is_outdated);
    if let Decision::Partners { credits, .. } = &mut other {
        credits[0].source = Source::Manual;
    }
    let record = record(&sale(other), Some(&customer)).expect("a record");
    assert!(!record.is_outdated && record.is_by_a_person);
}

#[test]
fn a_guests_models_come_from_the_decision_itself() {
    let customer = met(vec![
        click(1, "2026-11-14T12:00:00Z"),
        click(2, "2026-11-21T12:00:00Z"),
        coupon(9, "2026-11-21T12:00:00Z"),
    ]);
    let with_coupon = customer.decide(at("2026-11-21T12:00:00Z"), None);
    let clicks = met(vec![click(1, "2026-11-14T12:00:00Z"), click(2, "2026-11-21T12:00:00Z")]);
    let by_click = clicks.decide(at("2026-11-21T12:00:00Z"), None);
    let of = |decision: Decision| {
        let record = record(&sale(decision), None).expect("a record");
        record.models.iter().map(|model| model.shares.len()).collect::<Vec<_>>()
    };
    assert_eq!(of(by_click), [1, 1, 2, 2, 2]);
    assert_eq!(of(with_coupon), [0, 0, 0, 0, 0]);
}

#[test]
fn a_word_of_a_reason_is_what_is_written() {
    use crate::attribution::LossReason;
    let words = ["earlier_than_winner", "unknown_coupon", "bound_before", "self_referral"];
    for word in words {
        assert_eq!(LossReason::parse(word).map(LossReason::word), Some(word));
    }
    assert_eq!(LossReason::parse("bad_luck"), None);
}

#[test]
fn a_customer_by_a_person_s_word_has_the_shares_that_their_clicks_would_have_had() {
    let mut customer = met(vec![click(1, "2026-11-20T12:00:00Z")]);
    customer.assign(crate::attribution::customer::Assigned {
        source: Source::Managed,
        partner: PartnerId::from_ulid(9_u128.into()),
        program: crate::id::ProgramId::from_ulid(1_u128.into()),
        from: at("2026-01-01T00:00:00Z"),
        until: None,
    });
    let sale = sale(customer.decide(at("2026-11-21T12:00:00Z"), None));
    let record = record(&sale, Some(&customer)).expect("a record");
    let all = |partners: Vec<PartnerId>, of: u128| partners.iter().all(|one| *one == PartnerId::from_ulid(of.into()));
    assert!(all(record.winners.iter().map(|winner| winner.partner_id.clone()).collect(), 9));
    for model in &record.models {
        assert_eq!(model.shares.len(), 1, "{:?}", model.model);
        assert!(all(model.shares.iter().map(|share| share.partner_id.clone()).collect(), 1), "{:?}", model.model);
    }
}
