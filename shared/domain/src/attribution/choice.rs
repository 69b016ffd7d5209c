//! The choice between candidates: precedence first, then the model among clicks, and a reason for every loser.

use crate::attribution::candidate::{Candidate, CandidateTarget, Moment};
use crate::attribution::models::Model;
use crate::attribution::{Credit, Loser, LossReason, Source};

/// A candidate that takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share<'a> {
    /// Which.
    pub candidate: &'a Candidate,
    /// What it stands for.
    pub target: &'a CandidateTarget,
    /// Its part of the sum of the weights.
    pub weight: u64,
}

/// The outcome of a choice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice<'a> {
    /// Who takes part, oldest touch first; empty when nobody does.
    pub shares: Vec<Share<'a>>,
    /// Everybody else, newest touch first.
    pub losers: Vec<Loser>,
}

/// Chooses. The order in which candidates are given does not matter.
#[must_use]
pub fn choose<'a>(candidates: impl IntoIterator<Item = &'a Candidate>, moment: &Moment<'_>) -> Choice<'a> {
    let mut ordered: Vec<&Candidate> = candidates.into_iter().collect();
    ordered.sort_by(|a, b| (a.at, *a).cmp(&(b.at, *b)));
    let mut losers = Vec::new();
    let mut eligible = Vec::new();
    for candidate in ordered {
        match candidate.eligible(moment) {
            Ok(target) => eligible.push((candidate, target)),
            // ATT-5: every loser hears why.
            Err(reason) => losers.push(candidate.lost(reason)),
        }
    }
    let (shares, beaten) = share(&eligible, moment);
    losers.extend(beaten);
    losers.sort_by(|a, b| (b.touched_at, &b.link, &b.coupon).cmp(&(a.touched_at, &a.link, &a.coupon)));
    Choice { shares, losers }
}

type Eligible<'a> = (&'a Candidate, &'a CandidateTarget);

/// Among what counts: the highest source, and there the model; oldest first, both in and out.
fn share<'a>(eligible: &[Eligible<'a>], moment: &Moment<'_>) -> (Vec<Share<'a>>, Vec<Loser>) {
    let Some(source) = highest(eligible) else { return (Vec::new(), Vec::new()) };
    let (of_source, lower): (Vec<_>, Vec<_>) =
        eligible.iter().copied().partition(|(candidate, _)| candidate.source == source);
    let mut losers: Vec<Loser> =
        lower.iter().map(|(candidate, _)| candidate.lost(LossReason::LowerPrecedence)).collect();
    let Some((_, newest)) = of_source.last() else { return (Vec::new(), losers) };
    // The clicks of the newest click's programme share, by its model; a coupon or a lead is whole, the newest first.
    let (among, others): (Vec<_>, Vec<_>) =
        of_source.iter().copied().partition(|(_, target)| target.program == newest.program);
    losers.extend(others.iter().map(|(candidate, _)| candidate.lost(LossReason::OtherProgram)));
    let model = if source == Source::Click { newest.settings.model } else { Model::LastClick };
    let times: Vec<_> = among.iter().map(|(candidate, _)| candidate.at).collect();
    let mut shares = Vec::new();
    for ((candidate, target), weight) in among.into_iter().zip(model.weights(&times, moment.at)) {
        if weight > 0 {
            shares.push(Share { candidate, target, weight });
        } else if model == Model::FirstClick {
            losers.push(candidate.lost(LossReason::LaterThanWinner));
        } else {
            losers.push(candidate.lost(LossReason::EarlierThanWinner));
        }
    }
    (shares, losers)
}

/// ATT-3: coupon before click before lead e-mail, or click before coupon where the coupon's programme says so.
fn highest(eligible: &[Eligible<'_>]) -> Option<Source> {
    let newest_coupon = eligible.iter().rev().find(|(candidate, _)| candidate.source == Source::Coupon);
    let click_first = newest_coupon.is_some_and(|(_, target)| target.settings.click_over_coupon);
    let rank = |source: Source| if click_first && source == Source::Click { Source::Coupon } else { source };
    let lowest_first = |a: &Source, b: &Source| (rank(*a), *a == Source::Coupon).cmp(&(rank(*b), *b == Source::Coupon));
    eligible.iter().map(|(candidate, _)| candidate.source).min_by(lowest_first)
}

/// The credits of shares: one a partner and programme, in the order of its oldest touch, named by its newest.
#[must_use]
pub fn credits(shares: &[Share<'_>]) -> Vec<Credit> {
    let mut credits: Vec<Credit> = Vec::new();
    for share in shares {
        let same =
            |credit: &&mut Credit| credit.partner == share.target.partner && credit.program == share.target.program;
        match credits.iter_mut().find(same) {
            Some(credit) => {
                let weight = credit.weight.saturating_add(share.weight);
                *credit = share.candidate.credit(share.target, weight);
            }
            None => credits.push(share.candidate.credit(share.target, share.weight)),
        }
    }
    if let [alone] = credits.as_mut_slice() {
        alone.weight = 1;
    }
    credits
}

#[cfg(test)]
mod tests;
