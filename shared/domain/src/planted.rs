//! Bugs on purpose, one at a time, for the simulator to find. Nothing that ships is built with the feature `planted`.
//!
//! To plant another: a variant of [`Bug`], and `if planted::is(Bug::…)` behind the feature where the mistake would be.

use std::cell::Cell;
use std::sync::atomic::{AtomicU8, Ordering};

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Bug {
    /// The event's id guards money, not the payment's natural key.
    EventIdGuards = 1,
    /// A refund replaces the refunds before it.
    RefundNotCumulative,
    /// The newest rate, whenever the sale was.
    TodaysRate,
    /// A fence is raised only after the lines behind it were counted.
    FenceAfterRecount,
    /// A reversal goes to its first slot, open or final.
    ReversalIntoFinalSlot,
    /// A parked fact is thrown away when its payment comes.
    ParkedFactLost,
    /// An approval looks at no seal.
    ApprovalOfAnySeal,
    /// Each refund is rounded by itself.
    RoundingPerRefund,
    /// A hold ends after a week.
    HoldReleasedByTime,
    /// What is released goes to its first slot, open or final.
    ReleaseIntoFinalSlot,
    /// A running total is added to the one before.
    RunningTotalAdded,
    /// The first invoice of a subscription is a sale beside its order.
    FirstInvoiceTwice,
    /// What a refund that failed had taken stays taken.
    FailedRefundStands,
    /// Whoever asked for a payout approves it.
    OwnApprovalCounts,
    /// What is sent, or exported, is paid.
    PaidByExport,
    /// Each try at a rail goes under a key of its own.
    ResentUnderNewKey,
    /// What a rail has paid long ago it is asked for again, and nothing is written of it.
    PaidAskedAgain,
    /// Of a claim that takes two, one person's two yeses are two.
    BothYesesOfOne,
    /// Of a claim that takes two, the second yes may be for another customer.
    SecondYesToAnother,
    /// Whoever asked for a correction approves it.
    OwnAdjustmentApproved,
    /// The yes to a correction looks at no seal.
    AdjustmentOfAnySeal,
    /// Whoever entered what was handed on to the tax office books it.
    OwnRemittanceBooked,
    /// One person's two words that it was booked by mistake are two people's.
    MistakenByOneAlone,
    /// Money goes to an account before its bank has had time to say no.
    TrialNotAwaited,
    /// A file that nobody has downloaded has tried its accounts.
    UnsentFileTries,
    /// What bands had added to a counted month stays when its sales come back.
    BandsStay,
    /// A sign-in link opens as often as it is used.
    LinkOpensAgain,
    /// A sign-in link opens after its end.
    LinkOpensPastItsEnd,
}

static PLANTED: AtomicU8 = AtomicU8::new(0);

thread_local! {
    static LAST_REFUND: Cell<i64> = const { Cell::new(0) };
}

/// From now on this mistake is made, everywhere in the process; `None` ends it.
pub fn plant(bug: Option<Bug>) {
    PLANTED.store(bug.map_or(0, |bug| bug as u8), Ordering::SeqCst);
}

/// Is this mistake made?
#[must_use]
pub fn is(bug: Bug) -> bool {
    PLANTED.load(Ordering::SeqCst) == bug as u8
}

/// What the refund that is being booked comes to, minor units: only a mistake asks.
pub fn note_refund(minor: i64) {
    LAST_REFUND.set(minor);
}

/// The last refund that was noted.
#[must_use]
pub fn last_refund() -> i64 {
    LAST_REFUND.get()
}

/// Does a law of stories find a mistake within so many of them? It must hold without the mistake.
#[cfg(test)]
pub(crate) fn found_within<S: proptest::strategy::Strategy>(
    stories: u32,
    bug: Bug,
    story: &S,
    law: impl Fn(S::Value) -> bool,
) -> bool
where
    S::Value: std::fmt::Debug,
{
    use proptest::test_runner::{Config, TestCaseError, TestRunner};
    let config = Config { cases: stories, failure_persistence: None, ..Config::default() };
    let tell = |value| if law(value) { Ok(()) } else { Err(TestCaseError::fail("the law is broken")) };
    plant(None);
    let holds = TestRunner::new(config.clone()).run(story, tell).is_ok();
    plant(Some(bug));
    let breaks = TestRunner::new(config).run(story, tell).is_err();
    plant(None);
    holds && breaks
}
