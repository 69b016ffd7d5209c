//! The words of explanations.

use crate::attribution::{LossReason, NobodyReason, Source};
use crate::commission::EarningReason;
use crate::money::Money;
use crate::rate::Rate;

/// An amount with its currency.
pub(super) fn amount(money: Money) -> String {
    format!("{money} {}", money.currency())
}

/// One of them, or several.
pub(super) fn count(number: usize, one: &str, several: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {several}") }
}

/// Rewards for reading: a rate as per cent, an amount as it is.
pub(super) fn rewards(text: &str) -> String {
    let one = |part: &str| Rate::parse(part).map_or_else(|_| part.to_owned(), per_cent);
    text.split(" + ").map(one).collect::<Vec<_>>().join(" and ")
}

/// A share with what it was taken of; of a flat reward alone there is no such thing.
pub(super) fn share_of(reward: &str, base: &str) -> String {
    let parts = || reward.split(" + ");
    match (parts().all(|part| Rate::parse(part).is_ok()), parts().any(|part| Rate::parse(part).is_ok())) {
        (true, _) => format!("{} of {base}", rewards(reward)),
        (false, true) => format!("{}, of {base}", rewards(reward)),
        (false, false) => reward.to_owned(),
    }
}

/// 0.075 is 7.5 %.
fn per_cent(rate: Rate) -> String {
    let ten_thousandths = rate.millionths() / 100;
    let rest = rate.millionths() % 10_000;
    let (whole, fraction) = (ten_thousandths / 100, format!("{rest:04}"));
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { format!("{whole} %") } else { format!("{whole}.{fraction} %") }
}

/// What a note says, where it has something to say to a partner.
pub(super) fn sentence(note: &str, amount: Money) -> Option<String> {
    let (word, value) = note.split_once(": ")?;
    let code = amount.currency();
    Some(match word {
        "event" => format!("The rule saw it as {}.", event(value)),
        "source" if value == "managed" => {
            "The customer is on your account list, so every paid invoice counts.".to_owned()
        }
        "source" => format!("The exchange rate is that of {value}."),
        "rate" => format!("The exchange rate was {value}."),
        "told" => format!("The rate was told at {value}."),
        "product" => format!("The item is {value}."),
        "clause" => format!("The clause that applied: {value}."),
        "passed" => passed(value)?,
        "override" => format!("The rate is your own: it was set for {}.", whose(value)),
        "share" => format!("Several partners share the sale; your part is {value}."),
        "volume_before" => format!("Before it your sales of the month came to {value} {code}."),
        "before_cap" => format!("Without the cap it would have been {value} {code}."),
        "cap" => cap(value, code.code())?,
        "rounding" => "Half units are rounded to the even neighbour.".to_owned(),
        "tier" => format!("Your tier then: {value}."),
        "milestone" => format!("The milestone: {value}."),
        "reached" => reached(value, code.code())?,
        "bonus" => bonus(value, code.code())?,
        "volume" => format!("Your sales of the month came to {value} {code}."),
        "band" => format!("They reached the band of {}, which holds for the whole month.", rewards(value)),
        "in_all" => {
            format!("What the month earns by its bands comes to {value} {code} more than its sales were booked with.")
        }
        "in_doubt" => format!("Of that {value} {code} waits until what is held or disputed is decided."),
        "bands_of" => format!("Sales of {value} came back, and what its bands had added to them goes with them."),
        "period" => format!("It is of the month {value}."),
        "reason" => format!("The reason given: {}.", value.trim_end_matches('.')),
        "reviewer" => format!("Whoever looked at it says: {value}"),
        _ => return None,
    })
}

fn event(word: &str) -> &str {
    match word {
        "sign_up" => "a sign-up",
        "qualified_lead" => "a qualified lead",
        "first_sale" => "the first sale of the customer",
        "renewal" => "a renewal",
        "one_off_sale" => "a single sale",
        "custom" => "an event of the programme's own",
        other => other,
    }
}

fn passed(value: &str) -> Option<String> {
    let (clause, why) = value.rsplit_once(" by ")?;
    let why = match why {
        "event" => "is about other events",
        "condition" => "has a condition that did not hold",
        "max_months" => "holds for a number of months that are over",
        "max_occurrences" => "holds for a number of sales that is reached",
        _ => return None,
    };
    Some(format!("The clause {clause} {why}."))
}

fn whose(word: &str) -> &str {
    match word {
        "link" => "the link",
        "partner" => "you",
        "tier" => "your tier",
        "group" => "a group that you are in",
        other => other,
    }
}

/// What was reached of a milestone: its metric and the threshold.
fn reached(value: &str, code: &str) -> Option<String> {
    let (metric, threshold) = value.split_once(' ')?;
    Some(match metric {
        "sales" => format!("You reached {threshold} sales."),
        "customers" => format!("You reached {threshold} customers who paid."),
        "revenue" => format!("Your sales reached {threshold} {code}."),
        _ => return None,
    })
}

/// A volume bonus: how much more, and from which volume on.
fn bonus(value: &str, code: &str) -> Option<String> {
    let (more, from) = value.split_once(" from ")?;
    Some(format!("From {from} {code} of sales in a month on, the commission is {} more.", rewards(more)))
}

fn cap(value: &str, code: &str) -> Option<String> {
    let (word, cap) = value.split_once(' ')?;
    let about = match word {
        "per_line" => "one commission",
        "per_customer" => "what one customer brings you",
        "per_partner_period" => "what you earn in a month",
        "per_program_period" => "what the programme pays in a month",
        _ => return None,
    };
    Some(format!("It was cut at the cap of {cap} {code} on {about}."))
}

/// Because of what something was taken back or corrected.
pub(super) fn cause(reason: EarningReason) -> &'static str {
    match reason {
        EarningReason::Refund => "money went back to the customer",
        EarningReason::Dispute => "the customer's bank took the money back",
        EarningReason::Rejected => "the sale was rejected",
        EarningReason::Reattributed => "another decision was made about who brought the customer",
        EarningReason::Recomputed => "another rule was applied to past sales",
        _ => "the sales of the month in their order make it so",
    }
}

/// Why something is held, by the word of the line's note.
pub(super) fn hold(word: Option<&str>) -> &'static str {
    match word {
        Some("dispute") => "the customer's bank disputes the payment, and this waits for the end of it",
        Some("risk") => "something about the sale is looked at by a person",
        _ => "a person decided so",
    }
}

/// What won or lost, as the beginning of a sentence.
pub(super) fn touch(source: Source) -> &'static str {
    match source {
        Source::Manual => "A person's word",
        Source::Managed => "An account list",
        Source::Claim => "A claim",
        Source::Coupon => "A coupon",
        Source::Click => "A click",
        Source::LeadEmail => "A lead",
    }
}

/// By what a partner is credited.
pub(super) fn by_what(source: Source) -> &'static str {
    match source {
        Source::Manual => "by a person's decision",
        Source::Managed => "by its account list",
        Source::Claim => "by a claim that was accepted",
        Source::Coupon => "by a coupon",
        Source::Click => "by a click",
        Source::LeadEmail => "by a lead",
    }
}

/// Why a touch did not count.
pub(super) fn loss(reason: LossReason) -> &'static str {
    match reason {
        LossReason::EarlierThanWinner => "a later click won",
        LossReason::LaterThanWinner => "an earlier click won",
        LossReason::OutsideWindow => "it was older than the window",
        LossReason::AfterConversion => "it came after the sale",
        LossReason::UnknownLink => "there is no such link",
        LossReason::UnknownCoupon => "there is no such coupon",
        LossReason::InactivePartner => "the partner was not active then",
        LossReason::ClosedProgram => "the programme was closed then",
        LossReason::ExpiredCoupon => "the coupon was not valid then",
        LossReason::SelfReferral => "the partner is the customer",
        LossReason::ExistingCustomer => "the customer was one before",
        LossReason::LowerPrecedence => "something that goes above it won",
        LossReason::OtherProgram => "another programme's clicks won",
        LossReason::BoundBefore => "the customer had been decided about before",
    }
}

/// Why nobody is credited.
pub(super) fn nobody(reason: NobodyReason) -> &'static str {
    match reason {
        NobodyReason::CustomerUnknown => "the customer is not known yet; a later check-out or sign-up may decide",
        NobodyReason::NoTouch => "the customer came by no link, coupon or lead of a partner",
        NobodyReason::TokenRefused => "the click token that came with it is not one of ours",
        NobodyReason::NoEligibleTouch => "no touch of a partner counted",
        NobodyReason::BeforeTheClick => "the sale happened before the click",
        NobodyReason::ExistingCustomer => "the customer was one before any partner's touch",
        NobodyReason::ByDecision => "a person decided so",
        NobodyReason::NoRule => "the programme had no rule in force at the time",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_as_per_cent() {
        let rows = [
            ("0.3", "30 %"),
            ("0.075", "7.5 %"),
            ("0.000001", "0.0001 %"),
            ("0.123456", "12.3456 %"),
            ("1", "100 %"),
            ("0", "0 %"),
            ("0.3 + 5.00 USD", "30 % and 5.00 USD"),
            ("25.00 USD", "25.00 USD"),
        ];
        for (text, expected) in rows {
            assert_eq!(rewards(text), expected);
        }
        assert_eq!(share_of("0.3", "9.00 USD"), "30 % of 9.00 USD");
        assert_eq!(share_of("0.3 + 5.00 USD", "9.00 USD"), "30 % and 5.00 USD, of 9.00 USD");
        assert_eq!(share_of("5.00 USD", "9.00 USD"), "5.00 USD");
    }

    #[test]
    fn every_note_that_the_engine_makes_has_a_sentence_and_others_have_none() {
        let amount = Money::from_minor(1, crate::currency::Currency::USD);
        let notes = [
            "event: first_sale",
            "source: managed",
            "product: pro",
            "clause: a, b",
            "passed: pro by condition",
            "passed: a by b by event",
            "override: tier",
            "share: 1 of 3",
            "volume_before: 9.00",
            "cap: per_customer 5.00",
            "cap: per_program_period 5.00",
            "reviewer: Looked at the invoice.",
            "before_cap: 6.00",
            "rounding: half_even",
            "tier: tier2",
            "milestone: ten",
            "reached: sales 10",
            "reached: customers 3",
            "reached: revenue 1000.00",
            "bonus: 0.25 from 100.00",
            "volume: 26000.00",
            "band: 0.3",
            "in_all: 2600.00",
            "in_doubt: 17.50",
            "bands_of: 2026-11",
            "period: 2026-11",
            "reason: a wrong invoice.",
            "rate: 0.92",
            "source: ecb",
            "told: 2026-11-21T12:00:00.000Z",
        ];
        for note in notes {
            let told = sentence(note, amount).unwrap_or_default();
            assert!(told.ends_with('.') && !told.ends_with(".."), "{note}: {told}");
        }
        for other in [
            "",
            "nothing",
            "by: usr_1",
            "cap: odd 5.00",
            "passed: x by odd",
            "passed: x",
            "reached: odd 1",
            "bonus: 0.25",
            "of: bands/1",
            "run: 2026-11-21",
        ] {
            assert_eq!(sentence(other, amount), None, "{other}");
        }
    }
}
