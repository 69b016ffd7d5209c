//! How far something of a provider's has come here, and whether it is to be sent in.

use domain::reconciliation::Bucket;
use store::raw_events::{Delivered, TroubleKind};

/// How far something of a provider's has come here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// Only the ledger can tell: nothing says under which name it would be stored.
    LedgerTells,
    /// It is not stored.
    No,
    /// It is stored, and the inbound log says that it was not handed on, or is to be tried again.
    Waits,
    /// It is stored, and not booked for a reason that sending it again does not mend by itself.
    Troubled,
    /// It is stored as of the provider's test mode: nothing is to be booked of it.
    OfTestMode,
    /// It is stored, and the inbound log knows of no trouble.
    Yes,
}

impl Kept {
    /// As the inbound log has it.
    pub(super) fn of(delivered: Option<&Delivered>) -> Self {
        let Some(delivered) = delivered else { return Self::No };
        match delivered.trouble.as_ref().map(|trouble| &trouble.kind) {
            None => Self::Yes,
            Some(TroubleKind::Waiting) => Self::Waits,
            Some(TroubleKind::Refused | TroubleKind::Parked { .. }) => Self::Troubled,
            Some(TroubleKind::TestMode) => Self::OfTestMode,
        }
    }

    /// Is it to be sent in, where its payment compares like that and what it says went back is booked or not? What is stored
    /// and not booked was never handed on, or given up: sent in again, the door hands it on once more.
    pub(super) fn is_missing(self, bucket: Bucket, is_back_booked: bool) -> bool {
        match self {
            Self::LedgerTells => bucket != Bucket::Matched,
            Self::No | Self::Waits => true,
            Self::OfTestMode => false,
            Self::Troubled => bucket == Bucket::MissingInLedger,
            Self::Yes => bucket == Bucket::MissingInLedger || !is_back_booked,
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::fact::PaymentKey;
    use domain::time::Timestamp;
    use store::raw_events::{RawEventPlace, Trouble};

    use super::*;

    fn kept(kind: Option<TroubleKind>) -> Kept {
        let at = Timestamp::UNIX_EPOCH;
        let place = RawEventPlace::parse("stripe", "20261121", "evt_1").expect("a place");
        let trouble = kind.map(|kind| Trouble { kind, reason: "why".to_owned(), at });
        Kept::of(Some(&Delivered { place, kind: "refund.created".to_owned(), received_at: at, trouble }))
    }

    #[test]
    fn how_far_an_event_has_come_is_what_the_inbound_log_says() {
        let payment = PaymentKey::parse("stripe:pi_1").expect("a key");
        assert_eq!(Kept::of(None), Kept::No);
        for (kind, expected) in [
            (None, Kept::Yes),
            (Some(TroubleKind::Waiting), Kept::Waits),
            (Some(TroubleKind::Refused), Kept::Troubled),
            (Some(TroubleKind::Parked { payment }), Kept::Troubled),
            (Some(TroubleKind::TestMode), Kept::OfTestMode),
        ] {
            assert_eq!(kept(kind), expected);
        }
    }

    #[test]
    fn a_refund_that_is_stored_and_was_never_handed_on_is_missing_though_it_tells_no_payment() {
        // REC-1: what tells no payment of its own compares as matched.
        let rows = [
            // (how far it came, its payment, what went back is booked) -> missing
            ((Kept::Waits, Bucket::Matched, true), true),
            ((Kept::Waits, Bucket::Matched, false), true),
            ((Kept::Yes, Bucket::Matched, false), true),
            ((Kept::Yes, Bucket::Matched, true), false),
            ((Kept::Yes, Bucket::MissingInLedger, true), true),
            ((Kept::Yes, Bucket::AmountMismatch, true), false),
            ((Kept::No, Bucket::Matched, true), true),
            // Parked, it waits for its payment; refused, it is a person's.
            ((Kept::Troubled, Bucket::Matched, false), false),
            ((Kept::Troubled, Bucket::MissingInLedger, true), true),
            ((Kept::OfTestMode, Bucket::MissingInLedger, false), false),
            ((Kept::LedgerTells, Bucket::Matched, false), false),
            ((Kept::LedgerTells, Bucket::AmountMismatch, true), true),
        ];
        for ((kept, bucket, is_back_booked), expected) in rows {
            assert_eq!(kept.is_missing(bucket, is_back_booked), expected, "{kept:?} {bucket:?} {is_back_booked}");
        }
    }
}
