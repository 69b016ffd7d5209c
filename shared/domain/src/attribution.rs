//! Who brought a customer: last click within the window, with a reason for every loser.

use crate::id::{LinkId, PartnerId, ProgramId};
use crate::time::Timestamp;

/// A touch whose link was looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// When the visitor clicked.
    pub clicked_at: Timestamp,
    /// The link.
    pub link: LinkId,
    /// What the link stands for; `None` when there is no such link in the tenant.
    pub target: Option<CandidateTarget>,
}

/// What a candidate's link stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CandidateTarget {
    /// The partner who shared it.
    pub partner: PartnerId,
    /// The programme.
    pub program: ProgramId,
    /// How long a click counts, in days.
    pub window_days: u16,
    /// Is the partner active?
    pub partner_is_active: bool,
}

/// Who a sale is attributed to.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Winner {
    /// The partner.
    pub partner: PartnerId,
    /// The programme whose rules apply.
    pub program: ProgramId,
    /// The link that brought the customer.
    pub link: LinkId,
    /// The click that won.
    pub clicked_at: Timestamp,
}

/// Why a touch did not win.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossReason {
    /// A later eligible click won.
    EarlierThanWinner,
    /// The click is older than the window.
    OutsideWindow,
    /// The click came after the conversion.
    AfterConversion,
    /// The tenant has no such link.
    UnknownLink,
    /// The partner was not active.
    InactivePartner,
}

/// Why nobody is paid for a sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NobodyReason {
    /// The customer was not met yet; a later check-out may decide.
    CustomerUnknown,
    /// No click token came with the customer.
    NoTouch,
    /// The token is not one of ours.
    TokenRefused,
    /// There were touches, and each lost.
    NoEligibleTouch,
    /// The sale happened before the click that brought the customer.
    BeforeTheClick,
    /// The programme has no rule in force at the time of the sale.
    NoRule,
}

/// A touch that lost, and why.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Loser {
    /// The link of the touch.
    pub link: LinkId,
    /// When it was clicked.
    pub clicked_at: Timestamp,
    /// Why it lost.
    pub reason: LossReason,
}

/// The outcome of a choice between touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Who won, if anybody.
    pub winner: Option<Winner>,
    /// Everybody else.
    pub losers: Vec<Loser>,
}

/// ATT-2: the last eligible click wins; ATT-5: every other touch gets its reason.
#[must_use]
pub fn choose(candidates: &[Candidate], occurred_at: Timestamp) -> Choice {
    let mut winner: Option<Winner> = None;
    let mut losers = Vec::new();
    let mut ordered: Vec<&Candidate> = candidates.iter().collect();
    ordered.sort_by(|a, b| (b.clicked_at, &b.link).cmp(&(a.clicked_at, &a.link)));
    for candidate in ordered {
        let reason = match eligible(candidate, occurred_at) {
            Ok(_) if winner.is_some() => LossReason::EarlierThanWinner,
            Ok(target) => {
                winner = Some(Winner {
                    partner: target.partner.clone(),
                    program: target.program.clone(),
                    link: candidate.link.clone(),
                    clicked_at: candidate.clicked_at,
                });
                continue;
            }
            Err(reason) => reason,
        };
        losers.push(Loser { link: candidate.link.clone(), clicked_at: candidate.clicked_at, reason });
    }
    Choice { winner, losers }
}

fn eligible(candidate: &Candidate, occurred_at: Timestamp) -> Result<&CandidateTarget, LossReason> {
    let target = candidate.target.as_ref().ok_or(LossReason::UnknownLink)?;
    let elapsed_ms = occurred_at.as_millisecond() - candidate.clicked_at.as_millisecond();
    // ATT-1: 0 ≤ occurred_at − click_at ≤ window, both ends inside.
    if elapsed_ms < 0 {
        return Err(LossReason::AfterConversion);
    }
    if elapsed_ms > i64::from(target.window_days) * 86_400_000 {
        return Err(LossReason::OutsideWindow);
    }
    if target.partner_is_active { Ok(target) } else { Err(LossReason::InactivePartner) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("instant")
    }

    fn candidate(n: u128, clicked_at: &str, partner_is_active: bool) -> Candidate {
        let target = CandidateTarget {
            partner: PartnerId::from_ulid(n.into()),
            program: ProgramId::from_ulid(1_u128.into()),
            window_days: 30,
            partner_is_active,
        };
        Candidate { clicked_at: at(clicked_at), link: LinkId::from_ulid(n.into()), target: Some(target) }
    }

    #[test]
    fn the_window_is_inclusive_at_both_ends() {
        let rows = [
            ("2026-11-21T12:00:00Z", None),
            ("2026-11-21T12:00:00.001Z", Some(LossReason::AfterConversion)),
            ("2026-10-22T12:00:00Z", None),
            ("2026-10-22T11:59:59.999Z", Some(LossReason::OutsideWindow)),
        ];
        for (clicked_at, expected) in rows {
            let choice = choose(&[candidate(1, clicked_at, true)], at("2026-11-21T12:00:00Z"));
            assert_eq!(choice.losers.first().map(|loser| loser.reason), expected, "{clicked_at}");
            assert_eq!(choice.winner.is_some(), expected.is_none(), "{clicked_at}");
        }
    }

    #[test]
    fn the_last_click_wins_whatever_the_order_and_the_others_hear_why() {
        let a = candidate(1, "2026-11-20T12:00:00Z", true);
        let b = candidate(2, "2026-11-21T11:00:00Z", true);
        let c = candidate(3, "2026-11-21T11:30:00Z", false);
        let mut d = candidate(4, "2026-11-21T11:40:00Z", true);
        d.target = None;
        let choice = choose(&[c.clone(), a.clone(), d.clone(), b.clone()], at("2026-11-21T12:00:00Z"));
        assert_eq!(choice, choose(&[a, b, c, d], at("2026-11-21T12:00:00Z")));
        assert_eq!(choice.winner.map(|winner| winner.partner), Some(PartnerId::from_ulid(2_u128.into())));
        let reasons: Vec<_> = choice.losers.iter().map(|loser| loser.reason).collect();
        assert_eq!(reasons, [LossReason::UnknownLink, LossReason::InactivePartner, LossReason::EarlierThanWinner]);
    }
}
