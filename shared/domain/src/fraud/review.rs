//! A review: what was noticed, what is held because of it, and the person who ends it. There is no other end.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::marks::{Mark, MarkKind};
use super::{Band, Finding, Reason, Signal, score, score_of};
use crate::audit::{Actor, Deed};
use crate::digest::Digest;
use crate::id::{PartnerId, ReviewId, SaleId};
use crate::time::Timestamp;

/// What a review is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum Subject {
    /// A sale: its commission is held, from the hold band on.
    Sale {
        /// The sale.
        sale: SaleId,
    },
    /// A partner: nothing is paid to them, from the hold band on.
    Partner {
        /// The partner.
        partner: PartnerId,
    },
}

impl Subject {
    /// The sale, where it is one.
    #[must_use]
    pub fn sale(&self) -> Option<&SaleId> {
        match self {
            Self::Sale { sale } => Some(sale),
            Self::Partner { .. } => None,
        }
    }
}

/// How far a review is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ReviewState {
    /// Something is held; a person must look.
    Open,
    /// Noted below the hold band, or a person looked and wants to see more. What is held stays held.
    Watching {
        /// Who looked, if anybody has.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        looked: Option<Decided>,
    },
    /// A person found nothing wrong; what was held is released.
    Released {
        /// Who.
        decided: Decided,
    },
    /// A person confirmed the fraud; what was held is taken back.
    Rejected {
        /// Who.
        decided: Decided,
    },
}

impl ReviewState {
    /// Every word.
    pub const WORDS: [&'static str; 4] = ["open", "watching", "released", "rejected"];

    /// The word in keys, filters and answers.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Watching { .. } => "watching",
            Self::Released { .. } => "released",
            Self::Rejected { .. } => "rejected",
        }
    }
}

/// Who decided, when and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// The person's id.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Their reason, in their words.
    pub reason: String,
}

/// What a person decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing is wrong: what is held goes back to where it was.
    Release,
    /// It is fraud: what is held is taken back.
    Reject,
    /// Not yet: everything stays as it is.
    Watch,
}

impl Verdict {
    /// The word in bodies.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Reject => "reject",
            Self::Watch => "watch",
        }
    }
}

/// A person's decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deciding {
    /// What.
    pub verdict: Verdict,
    /// Are the partners to be suspended as well?
    pub suspends: bool,
    /// Why, for the audit trail.
    pub reason: String,
    /// What the partner is told of it, where anything is taken back.
    pub told_partner: Option<String>,
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

/// Why a decision is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It was decided before, otherwise or by another person.
    #[error("decided before: {verdict} by {by}", verdict = .verdict.word())]
    AlreadyDecided {
        /// As what.
        verdict: Verdict,
        /// By whom.
        by: String,
    },
    /// Only what is rejected can suspend.
    #[error("only a rejection suspends a partner")]
    NothingToSuspend,
    /// Only what is rejected takes back something that a partner could be told about.
    #[error("only a rejection of a sale leaves a line that could tell the partner why")]
    NothingToTell,
}

/// A review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// Derived from what it is about.
    pub id: ReviewId,
    /// What it is about.
    pub subject: Subject,
    /// What was noticed, by partner.
    pub findings: Vec<Finding>,
    /// By what the buyer would be known again.
    pub traces: Traces,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// How far it is.
    pub state: ReviewState,
}

/// Hashes of the buyer, kept for the day on which a person confirms that the buyer is the partner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traces {
    /// Digest of the normalised e-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Digest>,
    /// Digest of the fingerprint of the card or account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid_from: Option<Digest>,
}

/// A decision taken: the review after it, and what the audit trail says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// After it.
    pub review: Review,
    /// For the audit trail.
    pub deed: Deed,
    /// The partners who are suspended by it.
    pub suspended: Vec<PartnerId>,
}

impl Review {
    /// A review of a sale; `None` when nothing was noticed about anybody.
    #[must_use]
    pub fn of_sale(sale: &SaleId, findings: Vec<Finding>, traces: Traces, at: Timestamp) -> Option<Self> {
        let subject = Subject::Sale { sale: sale.clone() };
        Self::opened(ReviewId::of_sale(sale), subject, findings, traces, at)
    }

    /// A review of a partner; `None` when nothing was noticed. `cause` tells apart what is noticed again: a month of
    /// habits, the mark that two partners share.
    #[must_use]
    pub fn of_partner(partner: &PartnerId, cause: &str, signals: Vec<Signal>, at: Timestamp) -> Option<Self> {
        let subject = Subject::Partner { partner: partner.clone() };
        let findings = vec![Finding { partner: partner.clone(), signals }];
        Self::opened(ReviewId::of_partner(partner, cause), subject, findings, Traces::default(), at)
    }

    fn opened(
        id: ReviewId,
        subject: Subject,
        mut findings: Vec<Finding>,
        traces: Traces,
        opened_at: Timestamp,
    ) -> Option<Self> {
        findings.retain(|finding| !finding.signals.is_empty());
        if findings.is_empty() {
            return None;
        }
        // FRD-4: below the hold band it is noted; from there on a person must look.
        let holds = Band::of(score_of(&findings)).holds();
        let state = if holds { ReviewState::Open } else { ReviewState::Watching { looked: None } };
        Some(Self { id, subject, findings, traces, opened_at, state })
    }

    /// The score, by which the band is known.
    #[must_use]
    pub fn score(&self) -> u16 {
        score_of(&self.findings)
    }

    /// What the score means.
    #[must_use]
    pub fn band(&self) -> Band {
        Band::of(self.score())
    }

    /// Must the commission of the sale be held?
    #[must_use]
    pub fn holds_sale(&self) -> bool {
        self.subject.sale().is_some() && self.band().holds()
    }

    /// The partners to whom nothing is paid until this is decided.
    #[must_use]
    pub fn stopped(&self) -> Vec<PartnerId> {
        let stops = |finding: &&Finding| {
            let band = Band::of(score(&finding.signals));
            match self.subject {
                Subject::Sale { .. } => band.stops_payouts(),
                // No sale is there to be held: what is held is the whole balance.
                Subject::Partner { .. } => band.holds(),
            }
        };
        self.findings.iter().filter(stops).map(|finding| finding.partner.clone()).collect()
    }

    /// Everybody who was noticed.
    #[must_use]
    pub fn partners(&self) -> Vec<PartnerId> {
        self.findings.iter().map(|finding| finding.partner.clone()).collect()
    }

    /// Those whose own signals make the score: of several who share a sale, not the ones who happened to be there.
    fn gravest(&self) -> Vec<PartnerId> {
        let most = self.score();
        let is_gravest = |finding: &&Finding| {
            let own = score(&finding.signals);
            own == most || Band::of(own).holds()
        };
        self.findings.iter().filter(is_gravest).map(|finding| finding.partner.clone()).collect()
    }

    /// Was it this very decision that is kept in it?
    #[must_use]
    pub fn keeps(&self, deciding: &Deciding) -> bool {
        let (verdict, decided) = match &self.state {
            ReviewState::Released { decided } => (Verdict::Release, decided),
            ReviewState::Rejected { decided } => (Verdict::Reject, decided),
            ReviewState::Watching { looked: Some(looked) } => (Verdict::Watch, looked),
            ReviewState::Watching { looked: None } | ReviewState::Open => return false,
        };
        verdict == deciding.verdict && decided.by == deciding.by.id && decided.at == deciding.at
    }

    /// With more that was noticed, as long as nobody has ended it; `None` when that changes nothing. What was noticed
    /// before stays noticed. What a person only watches is open again once somebody's own score is graver, and holds:
    /// also that of a second partner, who is no more suspicious than the first, and at whom nobody has looked.
    #[must_use]
    pub fn with_more(&self, more: &Self) -> Option<Self> {
        if self.ended().is_some() {
            return None;
        }
        let mut before = self.findings.clone();
        before.iter_mut().for_each(|finding| finding.add(&[]));
        let mut findings = before.clone();
        for finding in &more.findings {
            match findings.iter_mut().find(|known| known.partner == finding.partner) {
                Some(known) => known.add(&finding.signals),
                None => findings.push(finding.clone()),
            }
        }
        if findings == before {
            return None;
        }
        let known = |partner: &PartnerId| before.iter().find(|finding| finding.partner == *partner);
        let is_graver = |finding: &Finding| {
            let own = score(&finding.signals);
            Band::of(own).holds() && own > known(&finding.partner).map_or(0, |finding| score(&finding.signals))
        };
        // FRD-4: from the hold band on a person must look.
        let state = if findings.iter().any(is_graver) { ReviewState::Open } else { self.state.clone() };
        let traces = Traces {
            email: self.traces.email.or(more.traces.email),
            paid_from: self.traces.paid_from.or(more.traces.paid_from),
        };
        Some(Self { findings, traces, state, ..self.clone() })
    }

    /// FRD-4: the same of those partners alone at whom nobody has looked: whoever ended a review of the sale did not mean
    /// them. It is the sale's `no`th. `None` when there is nobody else.
    #[must_use]
    pub fn of_others(self, looked_at: &BTreeSet<PartnerId>, no: u32) -> Option<Self> {
        let sale = self.subject.sale()?.clone();
        let mut findings = self.findings;
        findings.retain(|finding| !looked_at.contains(&finding.partner));
        let id = ReviewId::of_sale_no(&sale, no);
        Self::opened(id, self.subject, findings, self.traces, self.opened_at)
    }

    /// The decision that ended it, if one has.
    #[must_use]
    pub fn ended(&self) -> Option<(Verdict, &Decided)> {
        match &self.state {
            ReviewState::Released { decided } => Some((Verdict::Release, decided)),
            ReviewState::Rejected { decided } => Some((Verdict::Reject, decided)),
            ReviewState::Open | ReviewState::Watching { .. } => None,
        }
    }

    /// FRD-5: a person decides. What was decided stays decided.
    ///
    /// # Errors
    /// It was decided before, or a partner would be suspended by something else than a rejection.
    pub fn decide(self, deciding: Deciding) -> Result<Step, Refused> {
        if let Some((verdict, decided)) = self.ended() {
            return Err(Refused::AlreadyDecided { verdict, by: decided.by.clone() });
        }
        let Deciding { verdict, suspends, reason, told_partner, by, at } = deciding;
        if suspends && verdict != Verdict::Reject {
            return Err(Refused::NothingToSuspend);
        }
        if told_partner.is_some() && (verdict != Verdict::Reject || self.subject.sale().is_none()) {
            return Err(Refused::NothingToTell);
        }
        // Confirmed about a partner, not about a sale of theirs, fraud leaves nothing else to take back.
        let is_of_partner = matches!(self.subject, Subject::Partner { .. });
        let suspends = suspends || (is_of_partner && verdict == Verdict::Reject);
        let suspended = if suspends { self.gravest() } else { Vec::new() };
        let before = self.state.word();
        let decided = Decided { by: by.id.clone(), at, reason: reason.clone() };
        let (state, action) = match verdict {
            Verdict::Release => (ReviewState::Released { decided }, "risk.released"),
            Verdict::Reject => (ReviewState::Rejected { decided }, "risk.rejected"),
            Verdict::Watch => (ReviewState::Watching { looked: Some(decided) }, "risk.watched"),
        };
        let mut new = BTreeMap::from([
            ("state".to_owned(), state.word().to_owned()),
            ("score".to_owned(), self.score().to_string()),
            ("reason".to_owned(), reason),
        ]);
        if let Some(told) = told_partner {
            new.insert("told_partner".to_owned(), told);
        }
        if !suspended.is_empty() {
            let partners: Vec<String> = suspended.iter().map(ToString::to_string).collect();
            new.insert("suspended".to_owned(), partners.join(" "));
        }
        let old = BTreeMap::from([("state".to_owned(), before.to_owned())]);
        let deed = Deed { at, actor: by, action, old, new };
        Ok(Step { review: Self { state, ..self }, deed, suspended })
    }

    /// What a confirmed fraud teaches: when the buyer was a partner, that partner is known by these from now on. Whoever
    /// only shared the sale is another person.
    #[must_use]
    pub fn lessons(&self) -> BTreeSet<(PartnerId, Mark)> {
        if !matches!(self.state, ReviewState::Rejected { .. }) {
            return BTreeSet::new();
        }
        let email = self.traces.email.map(|digest| Mark { kind: MarkKind::Email, digest });
        let card = self.traces.paid_from.map(|digest| Mark { kind: MarkKind::Card, digest });
        let marks: Vec<Mark> = email.into_iter().chain(card).collect();
        let is_buyer = |finding: &&Finding| finding.signals.iter().any(|signal| signal.code.is_self_referral());
        let buyers = self.findings.iter().filter(is_buyer);
        buyers.flat_map(|finding| marks.iter().map(|mark| (finding.partner.clone(), *mark))).collect()
    }
}

impl Reason {
    /// Does it say that buyer and partner are one?
    #[must_use]
    pub fn is_self_referral(self) -> bool {
        matches!(
            self,
            Self::SelfReferralEmail
                | Self::SelfReferralDevice
                | Self::SelfReferralAddress
                | Self::SelfReferralPayout
                | Self::SelfReferralCard
        )
    }
}
