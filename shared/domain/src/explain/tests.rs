use super::*;
use crate::attribution::{Loser, LossReason, PartnerTerms};
use crate::currency::Currency;
use crate::entry::{Entry, EntryKind};
use crate::fact::{PaymentKey, SaleType};
use crate::id::{LineId, PartnerId, SaleId};
use crate::line::{Account, LineTrace, Origin, Part, Place};
use crate::sale::{Clawback, SaleLine};
use crate::slot::Slot;
use crate::time::BusinessDay;

fn at() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("instant")
}

fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

fn of(kind: LineKind, place: &str, minor: i64, trace: LineTrace) -> Line {
    let origin = Origin::Sale(SaleId::of(&PaymentKey::parse("stripe:in_1").expect("key")));
    Line {
        id: LineId::of(&origin, 1),
        partner: PartnerId::from_ulid(1_u128.into()),
        place: Place::parse(place).expect("place"),
        amount: usd(minor),
        kind,
        origin,
        n: 1,
        occurred_at: at(),
        booked_at: at(),
        trace,
    }
}

fn trace(reason: EarningReason, base: &str, reward: &str, notes: &[&str]) -> LineTrace {
    LineTrace {
        invoice: "in_1".to_owned(),
        event_type: Some(SaleType::InvoicePayment),
        base: base.to_owned(),
        reward: reward.to_owned(),
        notes: notes.iter().map(|note| (*note).to_owned()).collect(),
        ..LineTrace::because(reason)
    }
}

/// Of another part than the commission itself: 14.70 of 49.00 at 30 %, and what comes of it.
fn of_part(kind: PartKind, reason: EarningReason, notes: &[&str]) -> LineTrace {
    let (base, reward) = match kind {
        PartKind::SignUp => ("0.00", ""),
        PartKind::SecondTier => ("29.70", "0.1"),
        PartKind::Commission | PartKind::VolumeBonus => ("49.00", "0.3"),
    };
    LineTrace { part: Part { item: 0, kind }, ..trace(reason, base, reward, notes) }
}

fn told(kind: LineKind, place: &str, minor: i64, trace: LineTrace) -> String {
    line(&of(kind, place, minor, trace), None).sentences.join("\n")
}

#[test]
fn a_line_is_explained_in_sentences_a_partner_understands() {
    use EarningReason as Why;
    use LineKind::{Adjustment, Earned, HoldMove, Reversal};
    let slot = "261221.00";
    let mut late = trace(Why::Percentage, "10.00", "0.1", &[]);
    late.late = true;
    late.period = Some(crate::month::Month::parse("2026-12").expect("month"));
    let rows = [
        told(Earned, slot, 2_970, trace(Why::Percentage, "99.00", "0.3", &["event: first_sale"])),
        told(
            Earned,
            slot,
            4_000,
            trace(Why::Percentage, "99.00", "0.5", &["override: link", "cap: per_line 40.00", "before_cap: 49.50"]),
        ),
        told(Earned, slot, 0, trace(Why::NoClause, "99.00", "", &["passed: pro by condition"])),
        told(Earned, slot, 0, trace(Why::LimitReached, "99.00", "", &["passed: first year by max_months"])),
        told(Earned, slot, 500, trace(Why::Flat, "99.00", "5.00 USD", &[])),
        told(Earned, slot, 3_000, trace(Why::Banded, "100.00", "0.4", &["volume_before: 150.00"])),
        told(Earned, slot, 297, trace(Why::SecondTier, "29.70", "0.1", &[])),
        told(Earned, "held", 100, late),
        told(Earned, slot, 3_470, trace(Why::Several, "99.00", "0.3 + 5.00 USD", &["clause: share, flat"])),
        told(Earned, slot, 74, of_part(PartKind::VolumeBonus, Why::VolumeBonus, &["bonus: 0.05 from 100.00"])),
        told(Earned, slot, 10_000, of_part(PartKind::SignUp, Why::SignUpBonus, &["tier: tier2"])),
        told(Earned, slot, 0, trace(Why::NothingPaid, "0.00", "", &[])),
        told(Earned, slot, 0, trace(Why::OtherCurrency, "99.00", "", &[])),
        told(Earned, slot, 0, trace(Why::PaidOnce, "99.00", "", &["product: book"])),
        told(Reversal, slot, -1_000, trace(Why::Refund, "80.00", "20.00", &["event: renewal"])),
        told(Reversal, slot, 1_000, trace(Why::Refund, "", "", &[])),
        told(Reversal, slot, -900, trace(Why::Refund, "80.00", "", &[])),
        told(Reversal, "held", -1_000, trace(Why::Dispute, "99.00", "29.70", &[])),
        told(Adjustment, slot, -2_970, trace(Why::Rejected, "", "", &[])),
        told(Adjustment, slot, -2_970, trace(Why::Reattributed, "", "", &[])),
        told(Adjustment, slot, -250, trace(Why::Adjusted, "99.00", "", &["passed: first year by max_occurrences"])),
        told(Adjustment, slot, 250, trace(Why::Recomputed, "99.00", "0.325", &[])),
        told(Adjustment, slot, 74, of_part(PartKind::VolumeBonus, Why::Adjusted, &["bonus: 0.05 from 100.00"])),
        told(Adjustment, slot, 297, of_part(PartKind::SecondTier, Why::Adjusted, &[])),
        told(Adjustment, slot, 5_000, of_part(PartKind::SignUp, Why::Adjusted, &["tier: tier1"])),
        told(HoldMove, slot, -100, trace(Why::Held, "", "", &["hold: dispute"])),
        told(HoldMove, "held", 100, trace(Why::Held, "", "", &["hold: dispute"])),
        told(HoldMove, "held", 100, trace(Why::Held, "", "", &["hold: risk"])),
        told(HoldMove, "held", 100, trace(Why::Held, "", "", &["hold: manual"])),
        told(HoldMove, "held", -100, trace(Why::Released, "", "", &[])),
        told(HoldMove, slot, 100, trace(Why::Released, "", "", &[])),
    ];
    insta::assert_snapshot!(rows.join("\n\n"));
}

#[test]
fn the_facts_are_those_of_the_line() {
    let part = Part { item: 2, kind: PartKind::VolumeBonus };
    let kept = LineTrace { part, ..trace(EarningReason::VolumeBonus, "99.00", "0.3", &["event: renewal"]) };
    let facts = serde_json::to_value(line(&of(LineKind::Earned, "261221.00", 74, kept), None).facts).expect("json");
    let expected = serde_json::json!({
        "kind": "earned", "reason": "volume_bonus", "part": "volume_bonus", "item": 2, "base": "99.00", "reward": "0.3",
        "amount": "0.74", "currency": "USD", "late": false, "rounding": "half_away_from_zero", "notes": ["event: renewal"],
    });
    assert_eq!(facts, expected);
    let even = trace(EarningReason::Percentage, "0.05", "0.5", &["rounding: half_even"]);
    let facts = line(&of(LineKind::Earned, "261221.00", 2, even), None).facts;
    assert_eq!(facts.rounding, Some(Rounding::HalfEven));
    // What a reversal shows in its place is no base of a commission, and is not rounded by the rule.
    let back = trace(EarningReason::Refund, "10.00", "0.74", &[]);
    let facts = line(&of(LineKind::Reversal, "261221.00", -74, back), None).facts;
    assert_eq!((facts.base, facts.reward, facts.rounding), (None, None, None));
    assert_eq!((facts.went_back, facts.taken_back), (Some("10.00".to_owned()), Some("0.74".to_owned())));
}

fn sold() -> Sale {
    let day = BusinessDay::parse("2026-11-21").expect("day");
    Sale::plain(PaymentKey::parse("stripe:in_1").expect("key"), usd(11_880), at(), day)
}

fn credit(source: Source) -> Credit {
    let clicked_at = (source == Source::Click).then(|| "2026-11-20T23:59:00Z".parse().expect("instant"));
    Credit {
        partner: PartnerId::from_ulid(1_u128.into()),
        program: ProgramId::from_ulid(1_u128.into()),
        link: None,
        source,
        clicked_at,
        weight: 1,
        terms: PartnerTerms::default(),
    }
}

#[test]
fn beside_its_sale_a_line_says_what_was_paid_and_why_the_partner_is_credited() {
    let earned = || of(LineKind::Earned, "261221.00", 2_970, trace(EarningReason::Percentage, "99.00", "0.3", &[]));
    let rows = [
        (Source::Click, "The customer came by a link of yours (clicked on 2026-11-20)."),
        (Source::Coupon, "The customer used a coupon of yours."),
        (Source::LeadEmail, "The customer was a lead of yours."),
        (Source::Claim, "Your claim of the customer was accepted."),
        (Source::Manual, "A person decided that you brought the customer."),
    ];
    for (source, expected) in rows {
        let told = line(&earned(), Some(&Sale { decision: Decision::one(credit(source)), ..sold() }));
        assert_eq!(told.sentences[1..3], ["The customer paid 118.80 USD on 2026-11-21.", expected], "{source:?}");
        assert_eq!((told.facts.source, told.facts.paid), (Some(source), Some("118.80".to_owned())));
        assert_eq!(told.facts.clicked_at.is_some(), source == Source::Click);
    }
    // A customer on an account list is told of by the note; what takes back repeats nothing.
    let mut managed = earned();
    managed.trace.notes.push("source: managed".to_owned());
    let told = line(&managed, Some(&Sale { decision: Decision::one(credit(Source::Managed)), ..sold() }));
    let listed = told.sentences.iter().filter(|sentence| sentence.contains("account list")).count();
    assert_eq!((listed, told.sentences.len()), (1, 5));
    let back = of(LineKind::Reversal, "261221.00", -100, trace(EarningReason::Refund, "10.00", "1.00", &[]));
    let told = line(&back, Some(&Sale { decision: Decision::one(credit(Source::Click)), ..sold() }));
    assert_eq!((told.sentences.len(), told.facts.source), (3, None));
    // Where nothing was paid, nothing is said of a payment.
    let unpaid = Sale { paid: usd(0), decision: Decision::one(credit(Source::Click)), ..sold() };
    let told = line(&earned(), Some(&unpaid)).sentences;
    assert!(!told.iter().any(|sentence| sentence.starts_with("The customer paid")), "{told:?}");
    // A referrer is told neither what the customer paid nor who else was credited.
    let mut second = earned();
    second.trace.part.kind = PartKind::SecondTier;
    second.trace.reason = EarningReason::SecondTier;
    let told = line(&second, Some(&Sale { decision: Decision::one(credit(Source::Click)), ..sold() }));
    assert_eq!((told.sentences.len(), told.facts.source, told.facts.paid), (3, None, None));
}

#[test]
fn com_22_a_refund_of_what_had_earned_nothing_is_no_money_that_is_given_again() {
    let text = told(LineKind::Reversal, "261221.00", 0, trace(EarningReason::Refund, "10.00", "0.00", &["by: bands"]));
    assert!(text.starts_with("What went back of the payment for in_1 has changed; you had earned nothing"), "{text}");
    assert!(!text.contains("given again"), "{text}");
}

#[test]
fn com_22_an_adjustment_of_nothing_raises_nothing() {
    let text = told(LineKind::Adjustment, "261221.00", 0, trace(EarningReason::Recomputed, "10.00", "0.00", &[]));
    assert!(text.starts_with("Your commission for in_1 stays as it is"), "{text}");
    assert!(!text.contains("raised"), "{text}");
}

/// A line of an entry, as the night or the desk makes it.
fn entry(kind: EntryKind, minor: i64, reason: &str, notes: &[&str]) -> String {
    let account = Account { partner: PartnerId::from_ulid(1_u128.into()), currency: Currency::USD };
    let place = Place::parse("261221.00").expect("place");
    let made = Entry {
        reason: reason.to_owned(),
        notes: notes.iter().map(|note| (*note).to_owned()).collect(),
        ..Entry::new("a/1".to_owned(), kind, account, usd(minor), place, at())
    };
    line(&made.line(), None).sentences.join("\n")
}

#[test]
fn what_is_of_the_account_and_of_no_sale_is_explained_as_well() {
    use EntryKind as Kind;
    let bands =
        ["of: bands/a", "period: 2026-11", "run: 2026-11-22", "volume: 26000.00", "band: 0.3", "in_all: 2600.00"];
    let capped = ["period: 2026-11", "cap: per_partner_period 50.00", "before_cap: 90.00", "in_all: 20.00"];
    let ten = ["of: milestone/a", "period: 2026-11", "milestone: first ten", "reached: sales 10"];
    let rows = [
        entry(Kind::PeriodBands, 260_000, "", &bands),
        entry(Kind::PeriodBands, 2_000, "", &capped),
        entry(Kind::PeriodBands, -100, "", &["period: 2026-11"]),
        entry(Kind::Milestone, 10_000, "", &ten),
        entry(Kind::Milestone, -10_000, "", &["period: 2026-11"]),
        entry(Kind::Recompute, 100, "", &["period: 2026-10"]),
        entry(Kind::Recompute, -100, "", &["period: 2026-10"]),
        entry(Kind::ManualAdjustment, 500, "a wrong invoice.", &[]),
        entry(Kind::ManualAdjustment, -500, "paid twice", &[]),
        entry(Kind::WriteOff, 470, "left the programme", &[]),
        entry(Kind::FxOut, -10_000, "", &["rate: 0.92", "source: ecb", "told: 2026-11-21T12:00:00.000Z"]),
        entry(Kind::FxIn, 9_200, "", &["rate: 0.92", "source: ecb", "told: 2026-11-21T12:00:00.000Z"]),
        entry(Kind::Returned, 100, "", &[]),
        entry(Kind::Carry, 100, "", &[]),
        entry(Kind::Carry, -100, "", &[]),
    ];
    insta::assert_snapshot!(rows.join("\n\n"));
}

#[test]
fn a_sale_says_who_is_credited_or_why_nobody_is() {
    let plain = || Sale { paid: usd(9_900), ..sold() };
    let nobody = |reason| sale(&Sale { decision: Decision::nobody(reason), ..plain() }).sentences[1].clone();
    assert_eq!(
        nobody(NobodyReason::NoTouch),
        "No partner is credited for it, so it has no commission: the customer came by no link, coupon or lead of a partner."
    );
    assert_eq!(
        nobody(NobodyReason::NoRule),
        "No partner is credited for it, so it has no commission: the programme had no rule in force at the time."
    );
    let losers = vec![Loser {
        source: Source::Click,
        partner: Some(PartnerId::from_ulid(2_u128.into())),
        link: None,
        coupon: None,
        touched_at: at(),
        reason: LossReason::EarlierThanWinner,
    }];
    let decision = Decision::Partners { credits: vec![credit(Source::Click)], losers };
    let credited = Sale { decision, refunded: usd(900), rejected: true, ..plain() };
    assert_eq!(
        sale(&credited).sentences[1..],
        [
            "1 partner is credited for it; the commission comes to 0.00 USD.",
            "par_00000000000000000000000001 by a click: 0.00 USD.",
            "A click of par_00000000000000000000000002 did not count: a later click won.",
            "9.00 USD went back to the customer.",
            "It was rejected by a person, so nothing of it is paid.",
        ]
    );
    let facts = sale(&Sale { decision: Decision::nobody(NobodyReason::ByDecision), ..plain() }).facts;
    assert_eq!((facts.nobody_because, facts.amount), (Some(NobodyReason::ByDecision), Some("99.00".to_owned())));
    assert_eq!(facts.currency.as_deref(), Some("USD"));
    // A slot is a day, whatever its cut.
    let cut = Slot::parse("261121.07").expect("slot");
    let later = of(LineKind::Earned, &cut.to_string(), 1, trace(EarningReason::Flat, "1.00", "0.01 USD", &[]));
    assert!(line(&later, None).sentences.contains(&"It counts for payouts from 2026-11-21 on.".to_owned()));
}

#[test]
fn of_two_who_share_a_sale_each_is_told_by_their_own_lines() {
    // What only moved to a hold and back is no money.
    let other = PartnerId::from_ulid(2_u128.into());
    let second = Credit { partner: other.clone(), ..credit(Source::Coupon) };
    let decision = Decision::Partners { credits: vec![credit(Source::Click), second], losers: Vec::new() };
    let earned = |partner: PartnerId, kind, minor| SaleLine {
        n: 1,
        partner,
        part: Part::default(),
        kind,
        place: Place::parse("261221.00").expect("place"),
        amount: usd(minor),
        rule: None,
        clawback: Clawback::default(),
        month: None,
        is_banded: false,
        volume: None,
    };
    let first = PartnerId::from_ulid(1_u128.into());
    let lines = vec![
        earned(first.clone(), LineKind::Earned, 2_000),
        earned(first, LineKind::HoldMove, -2_000),
        earned(other, LineKind::Earned, 970),
    ];
    assert_eq!(
        sale(&Sale { decision, lines, ..sold() }).sentences[1..4],
        [
            "2 partners are credited for it; the commission comes to 29.70 USD.",
            "par_00000000000000000000000001 by a click: 20.00 USD.",
            "par_00000000000000000000000002 by a coupon: 9.70 USD.",
        ]
    );
}
