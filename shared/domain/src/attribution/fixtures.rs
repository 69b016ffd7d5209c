//! Touches for tests.

use crate::attribution::Source;
use crate::attribution::candidate::{Candidate, CandidateTarget};
use crate::attribution::settings::AttributionSettings;
use crate::id::{LinkId, PartnerId, ProgramId};
use crate::time::Timestamp;

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().expect("instant")
}

pub(super) fn minutes_before(instant: Timestamp, minutes: i64) -> Timestamp {
    Timestamp::from_millisecond(instant.as_millisecond() - minutes * 60_000).expect("instant")
}

/// A touch of a partner; `n` tells touches of one kind apart.
pub(super) fn candidate(source: Source, partner: u128, n: u128, at: Timestamp) -> Candidate {
    let is_coupon = source == Source::Coupon;
    Candidate {
        source,
        at,
        link: (!is_coupon).then(|| LinkId::from_ulid(n.into())),
        coupon: is_coupon.then(|| format!("CODE{n}")),
        visitor: None,
        target: Some(CandidateTarget {
            partner: PartnerId::from_ulid(partner.into()),
            program: ProgramId::from_ulid(1_u128.into()),
            window_days: 30,
            settings: AttributionSettings::default(),
        }),
        refused: None,
    }
}

pub(super) fn click(partner: u128, clicked_at: &str) -> Candidate {
    candidate(Source::Click, partner, partner, at(clicked_at))
}

pub(super) fn touched_by(partner: u128, link: u128, clicked_at: &str) -> Candidate {
    candidate(Source::Click, partner, link, at(clicked_at))
}

pub(super) fn coupon(partner: u128, used_at: &str) -> Candidate {
    candidate(Source::Coupon, partner, partner, at(used_at))
}

pub(super) fn lead(partner: u128, left_at: &str) -> Candidate {
    candidate(Source::LeadEmail, partner, partner, at(left_at))
}
