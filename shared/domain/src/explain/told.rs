//! The sentences of a line: what it is, how it was computed, when it counts.

use super::words;
use crate::attribution::{Credit, Source};
use crate::commission::EarningReason;
use crate::entry::{EntryKind, kind_of};
use crate::line::{Line, LineKind, LineTrace, PartKind, Place};
use crate::money::Money;
use crate::sale::Sale;
use crate::time::Zone;

/// What the line is.
pub(super) fn opening(line: &Line) -> String {
    let (trace, amount) = (&line.trace, words::amount(line.amount));
    let size = words::amount(magnitude(line.amount));
    let of = if trace.invoice.is_empty() { String::new() } else { format!(" for {}", trace.invoice) };
    match line.kind {
        LineKind::Earned if line.amount.is_zero() => format!("You earned nothing{of}."),
        LineKind::Earned => format!("You earned {amount}{of}."),
        LineKind::Reversal if line.amount.is_negative() => {
            format!("{size} of what you had earned{of} was taken back, because {}.", words::cause(trace.reason))
        }
        LineKind::Reversal if line.amount.is_zero() => {
            format!("What went back of the payment{of} has changed; you had earned nothing by that much of it.")
        }
        LineKind::Reversal => {
            format!("{amount} that had been taken back{of} was given again: the refund did not go through or was less.")
        }
        LineKind::Adjustment if line.amount.is_zero() => {
            format!("Your commission{of} stays as it is; what the sale counts for has changed.")
        }
        LineKind::Adjustment => {
            let direction = if line.amount.is_negative() { "lowered" } else { "raised" };
            format!("Your commission{of} was {direction} by {size}, because {}.", words::cause(trace.reason))
        }
        LineKind::HoldMove => hold(line, &size, &of),
        LineKind::Entry => entry(line, &amount, &size),
    }
}

/// A move into or out of `held`: of one pair, one line leaves and the other arrives.
fn hold(line: &Line, size: &str, of: &str) -> String {
    let is_release = line.trace.reason == EarningReason::Released;
    let note = line.trace.notes.iter().find_map(|note| note.strip_prefix("hold: "));
    let why = words::hold(note);
    match (is_release, line.amount.is_negative()) {
        (false, true) => format!("{size} of your commission{of} was set aside: {why}."),
        (false, false) => format!("{size} of your commission{of} is held: {why}. No day that passes releases it."),
        (true, true) => format!("{size} of your commission{of} is not held any more."),
        (true, false) => format!("{size} of your commission{of} was held and is yours again."),
    }
}

/// What is of the account and of no sale.
fn entry(line: &Line, amount: &str, size: &str) -> String {
    let is_less = line.amount.is_negative();
    match (kind_of(line), is_less) {
        (Some(EntryKind::PeriodBands), false) => {
            format!("You earned {amount} more for the volume that your month has reached.")
        }
        (Some(EntryKind::PeriodBands), true) => {
            format!("{size} of what your month had earned by its volume was taken back: it comes to less by now.")
        }
        (Some(EntryKind::Milestone), false) => format!("You earned {amount} for a milestone that you reached."),
        (Some(EntryKind::Milestone), true) => {
            format!("{size} for a milestone was taken back: by now it is not reached.")
        }
        (Some(EntryKind::Recompute), _) => {
            let direction = if is_less { "lowered" } else { "raised" };
            let why = words::cause(EarningReason::Recomputed);
            format!("What your month earned was {direction} by {size}, because {why}.")
        }
        (Some(EntryKind::ManualAdjustment), false) => format!("{amount} was added to your account by hand."),
        (Some(EntryKind::ManualAdjustment), true) => format!("{size} was taken from your account by hand."),
        (Some(EntryKind::WriteOff), _) => format!("Your debt of {size} was given up; you owe it no longer."),
        (Some(EntryKind::FxOut), _) => format!("{size} was changed into another currency."),
        (Some(EntryKind::FxIn), _) => format!("{amount} came from another currency."),
        (Some(EntryKind::Returned), _) => format!("{amount} that had been paid out came back."),
        (Some(EntryKind::Released), true) => format!("{size} that had come back is not held any more."),
        (Some(EntryKind::Released), false) => format!("{amount} that had come back is yours again."),
        (Some(EntryKind::Award), _) => format!("You were given an award of {amount}."),
        (Some(EntryKind::AwardWithdrawn), _) => {
            format!("An award of {size} was taken back, because its payout did not come about.")
        }
        (Some(EntryKind::Carry), true) => format!("{size} was left out of a payout of a part of your balance."),
        (Some(EntryKind::Carry), false) => format!("{amount} was left out of a payout and stayed in your balance."),
        (None, true) => format!("{size} was taken from your account."),
        (None, false) => format!("{amount} was added to your account."),
    }
}

/// What the customer paid, where anything was.
pub(super) fn paid(line: &Line, sale: &Sale) -> Option<String> {
    let is_own = line.trace.part.kind != PartKind::SecondTier && sale.paid.minor() > 0;
    let day = Zone::utc().day_of(sale.occurred_at);
    is_own.then(|| format!("The customer paid {} on {day}.", words::amount(sale.paid)))
}

/// Why the partner is credited. What is said of an account list stands in a note.
pub(super) fn credited(credit: &Credit) -> Option<String> {
    let on = credit.clicked_at.map(|at| format!(" (clicked on {})", Zone::utc().day_of(at))).unwrap_or_default();
    match credit.source {
        Source::Managed => None,
        Source::Click => Some(format!("The customer came by a link of yours{on}.")),
        Source::Coupon => Some("The customer used a coupon of yours.".to_owned()),
        Source::LeadEmail => Some("The customer was a lead of yours.".to_owned()),
        Source::Claim => Some("Your claim of the customer was accepted.".to_owned()),
        Source::Manual => Some("A person decided that you brought the customer.".to_owned()),
    }
}

/// How the amount was computed.
pub(super) fn computation(line: &Line) -> Option<String> {
    let (trace, code) = (&line.trace, line.amount.currency());
    match line.kind {
        LineKind::Earned => earned(trace, code.code()),
        LineKind::Adjustment => restated(trace, code.code()),
        LineKind::Reversal => reversed(trace, code.code()),
        LineKind::HoldMove | LineKind::Entry => None,
    }
}

fn earned(trace: &LineTrace, code: &str) -> Option<String> {
    let (base, reward) = (format!("{} {code}", trace.base), &trace.reward);
    let share = || words::share_of(reward, &base);
    Some(match trace.reason {
        EarningReason::Percentage => {
            format!("That is {}, the price without tax and what else the rule takes off.", share())
        }
        EarningReason::Flat => format!("The rule pays {reward} for such a sale, whatever its price."),
        EarningReason::Several => format!("Several rewards were added up: {}.", share()),
        EarningReason::Banded => {
            let band = words::rewards(reward);
            format!("Your sales of the month had reached the band of {band}; the sale counts with {base}.")
        }
        EarningReason::VolumeBonus => {
            format!("It comes on top of {}, for the volume that your month has reached.", share())
        }
        EarningReason::SecondTier => {
            let share = words::share_of(reward, &format!("the {base}"));
            format!("It is {share} that a partner whom you referred earned.")
        }
        EarningReason::SignUpBonus => "It is the bonus for a customer who signed up.".to_owned(),
        EarningReason::NoClause => "No clause of the programme's rule is about such a sale.".to_owned(),
        EarningReason::LimitReached => "The time or number of sales for which this customer earns is over.".to_owned(),
        EarningReason::PaidOnce => "The flat reward was paid for another item of the same sale.".to_owned(),
        EarningReason::NothingPaid => {
            "Nothing was paid: a free trial or a zero invoice earns nothing and uses up nothing.".to_owned()
        }
        EarningReason::OtherCurrency => {
            "The reward is of another currency than the sale, and nothing is converted silently.".to_owned()
        }
        _ => return None,
    })
}

/// What a corrected commission is by now, where the rules were asked again.
fn restated(trace: &LineTrace, code: &str) -> Option<String> {
    let share = || words::share_of(&trace.reward, &format!("{} {code}", trace.base));
    match trace.part.kind {
        _ if trace.base.is_empty() => None,
        PartKind::SignUp => Some("It is the bonus for a customer who signed up.".to_owned()),
        _ if trace.reward.is_empty() => Some("By the rule it earns nothing now.".to_owned()),
        PartKind::Commission => Some(format!("By the rule it is now {}.", share())),
        PartKind::VolumeBonus => Some(format!("It is the bonus for the volume of your month, on top of {}.", share())),
        PartKind::SecondTier => {
            let share = words::share_of(&trace.reward, &format!("the {} {code}", trace.base));
            Some(format!("It is now {share} that a partner whom you referred earned."))
        }
    }
}

/// How much went back in all: refunds are cumulative, so one line alone says little.
fn reversed(trace: &LineTrace, code: &str) -> Option<String> {
    let is_known = !trace.base.is_empty() && !trace.reward.is_empty();
    let (back, taken) = (&trace.base, &trace.reward);
    is_known.then(|| {
        format!("In all {back} {code} of the payment went back, and {taken} {code} of your commission with it.")
    })
}

/// When it counts. Of a move, only what arrives does.
pub(super) fn availability(line: &Line) -> Option<String> {
    match line.place {
        _ if line.kind == LineKind::HoldMove && line.amount.is_negative() => None,
        Place::Slot(slot) if !line.amount.is_zero() => Some(format!("It counts for payouts from {} on.", slot.day())),
        Place::Slot(_) => None,
        Place::Held => Some("It is not paid out while it is held.".to_owned()),
    }
}

fn magnitude(amount: Money) -> Money {
    Money::from_minor(amount.minor().saturating_abs(), amount.currency())
}
