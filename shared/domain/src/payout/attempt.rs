//! Attempts of a rail at a payout: written before the rail is asked, so that no crash can make one forgotten.
//!
//! The rail's idempotency key is of (payout, attempt). A rail forgets keys after a day: from some hours before that on,
//! the rail is only read, never asked. Another attempt, with another key, begins only where the one before was refused
//! for certain.

use serde::{Deserialize, Serialize};

use super::{Payout, Refused};
use crate::digest::Digest;
use crate::id::PayoutId;
use crate::money::Money;
use crate::payee::{Payee, Rail};
use crate::tax::Net;
use crate::time::Timestamp;

/// How long after its first use a key is still trusted: providers keep theirs for 24 hours, and clocks differ.
const KEY_MS: i64 = 20 * 3_600_000;
/// For how long nobody else asks the rail: longer than the longest call.
const LEASE_MS: i64 = 120_000;
/// The wait before the second try; it doubles …
const WAIT_MS: i64 = 5 * 60_000;
/// … up to this.
const WAIT_MS_MAX: i64 = 4 * 3_600_000;
/// How long after the rail was asked people may not say that a payout was not paid.
const QUIET_MS: i64 = 15 * 60_000;

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// At which payout.
    pub payout: PayoutId,
    /// Its number there, from 1.
    pub no: u32,
    /// How much: what the rail is asked for, each time.
    pub amount: Money,
    /// By which method of the payee.
    pub payee: Payee,
    /// A hash of whom the rail was told: each time the same.
    pub destination: Digest,
    /// The seal that was approved.
    pub seal: Digest,
    /// When it began: no later than the key was first used.
    pub begun_at: Timestamp,
    /// When the rail was last asked or read.
    pub called_at: Timestamp,
    /// How often it was asked or read.
    pub tries: u32,
    /// Whether its outcome is looked for from time to time.
    pub is_looked_for: bool,
    /// How it ended, once it has.
    pub ended: Option<Ended>,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ended", rename_all = "snake_case")]
pub enum Ended {
    /// Carried.
    Paid {
        /// The rail's reference.
        reference: String,
    },
    /// Refused for certain.
    Refused {
        /// Why.
        reason: String,
    },
}

/// What may be done with an attempt at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The rail is read, and asked again where it knows nothing.
    LookThenAsk,
    /// The rail is read, and never asked: it may have forgotten the key.
    Look,
    /// Somebody is asking it now.
    Wait,
    /// Nothing: it has ended.
    Nothing,
}

impl Attempt {
    /// The first try of an attempt, as it is written before the rail is asked.
    #[must_use]
    pub fn begin(payout: &Payout, no: u32, (payee, destination): (Payee, Digest), at: Timestamp) -> Self {
        Self {
            payout: payout.id.clone(),
            no,
            // PAY-13: what is kept of it does not leave.
            amount: payout.net.map_or(payout.amount, |net| net.net),
            payee,
            destination,
            seal: payout.seal,
            begun_at: at,
            called_at: at,
            tries: 1,
            is_looked_for: false,
            ended: None,
        }
    }

    /// What names it at the rail: of the payout and the number alone, so that every try is the same request.
    #[must_use]
    pub fn name(payout: &PayoutId, no: u32) -> String {
        format!("payout:{payout}:{no}")
    }

    /// What may be done now.
    #[must_use]
    pub fn next(&self, at: Timestamp) -> Next {
        let since = |then: Timestamp| at.as_millisecond().saturating_sub(then.as_millisecond());
        if self.ended.is_some() {
            Next::Nothing
        } else if (0..LEASE_MS).contains(&since(self.called_at)) {
            Next::Wait
        } else if (0..KEY_MS).contains(&since(self.begun_at)) {
            Next::LookThenAsk
        } else {
            // PAY-7: behind this a second request may be a second payment.
            Next::Look
        }
    }

    /// When its outcome is looked for again.
    #[must_use]
    pub fn due_at(&self) -> Timestamp {
        let doubled = WAIT_MS.saturating_mul(1_i64 << self.tries.saturating_sub(1).min(16));
        let ms = self.called_at.as_millisecond().saturating_add(doubled.min(WAIT_MS_MAX));
        Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
    }

    /// May people say by now that it was not paid? Not while the rail may still be at it.
    #[must_use]
    pub fn is_quiet(&self, at: Timestamp) -> bool {
        at.as_millisecond().saturating_sub(self.called_at.as_millisecond()) >= QUIET_MS
    }

    /// One more try.
    #[must_use]
    pub fn again(&self, at: Timestamp) -> Self {
        Self { tries: self.tries + 1, called_at: at, ..self.clone() }
    }

    /// It is looked for from time to time from now on, or no longer.
    #[must_use]
    pub fn looked_for(self, is_looked_for: bool) -> Self {
        Self { is_looked_for, ..self }
    }

    /// It has ended; nobody looks for it any more.
    #[must_use]
    pub fn end(self, ended: Ended) -> Self {
        Self { ended: Some(ended), is_looked_for: false, ..self }
    }
}

impl Payout {
    /// PAY-13: what of it leaves, where its parts are parts of what was approved: no seal covers them.
    ///
    /// `None`: a part is negative, nothing would leave, or more than was approved.
    #[must_use]
    pub fn leaving(&self) -> Option<Money> {
        let Some(Net { fee, withheld, net }) = self.net else { return Some(self.amount) };
        let parts = [fee, withheld, net];
        let is_whole = Money::try_sum(parts, self.amount.currency()) == Ok(self.amount);
        let is_bound = !fee.is_negative() && !withheld.is_negative() && net.minor() > 0;
        (is_whole && is_bound).then_some(net)
    }
}

/// What an attempt keeps of whom a rail is told: enough to know them again, and nothing to pay by.
#[must_use]
pub fn destination_of(rail: Rail, account: &str) -> Digest {
    Digest::of(&[b"destination", rail.word().as_bytes(), account.as_bytes()])
}

/// The number of the attempt that may be made now, of a payout's attempts in their order.
///
/// # Errors
/// The last one has not ended by a definite no.
pub fn next_no(attempts: &[Attempt]) -> Result<u32, Refused> {
    match attempts.last() {
        None => Ok(1),
        // PAY-6: after a definite failure only.
        Some(Attempt { no, ended: Some(Ended::Refused { .. }), .. }) => Ok(no + 1),
        Some(Attempt { no, .. }) => Err(Refused::AttemptStands { attempt: *no }),
    }
}

#[cfg(test)]
mod tests;
