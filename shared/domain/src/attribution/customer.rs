//! What is known of a customer, and what it means for each of their sales.
//!
//! V13: whatever is told of a customer is *merged*: of each touch the earliest sighting, of each instant the earliest.
//! Merging in any order, any number of times, gives the same customer, and the decision is a function of the customer.

mod moves;

use std::collections::BTreeSet;

use crate::attribution::candidate::{Candidate, Moment};
use crate::attribution::choice::{Share, choose, credits};
use crate::attribution::models::Model;
use crate::attribution::{Credit, Loser, LossReason, NobodyReason, PartnerTerms, Source};
use crate::digest::Digest;
use crate::fact::PaymentKey;
use crate::id::{LinkId, PartnerId, ProgramId, SaleId};
use crate::sale::{Decision, Sale};
use crate::time::Timestamp;

/// The most addresses that are kept of a customer.
pub const MENTIONS_MAX: usize = 4;
/// The most touches of each kind that are kept of a customer: of those that bind for good the earliest; of those that
/// count for a window the newest, and the very first.
pub const SIGHTINGS_MAX: usize = 16;

/// A customer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Customer {
    /// The earliest check-out, sign-up or sale with a touch; `None` where only sales without any are known.
    pub met_at: Option<Timestamp>,
    /// The earliest paid sale.
    pub first_paid: Option<(Timestamp, SaleId)>,
    /// The earliest sign-up, kept as a sale of nothing.
    pub signed_up: Option<(Timestamp, SaleId)>,
    /// The touches that came with them, each when it was first seen; in order.
    pub sightings: Vec<Sighting>,
    /// Did a click token come that is not one of ours?
    pub token_refused: bool,
    /// To whom persons gave the customer: account lists and claims.
    pub assigned: Vec<Assigned>,
    /// Everybody who was ever credited with a sale of theirs, whatever was decided since: where all their sales are found.
    pub credited: BTreeSet<PartnerId>,
    /// Was a sale of theirs ever nobody's?
    pub was_nobodys: bool,
    /// Addresses that they gave while nobody was known to have brought them: a lead told later finds them there.
    pub mentions: Vec<Mention>,
    /// Addresses that they gave while somebody was known to have brought them: leads of them are asked for should it turn
    /// out that nobody has.
    pub quiet: Vec<Mention>,
    /// Raised by every change.
    pub version: u64,
}

/// An address that came with a meeting.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mention {
    /// The digest of the normalised e-mail.
    pub email: Digest,
    /// When the earliest meeting with it was.
    pub at: Timestamp,
    /// Its natural key.
    pub by: PaymentKey,
}

/// A touch, and the meeting that told it first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The touch.
    pub candidate: Candidate,
    /// When that meeting was.
    pub seen_at: Timestamp,
    /// Its natural key.
    pub by: PaymentKey,
}

/// A customer who is a partner's because a person says so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Assigned {
    /// How: on an account list, or by a claim.
    pub source: Source,
    /// Whose.
    pub partner: PartnerId,
    /// Under which programme's rules.
    pub program: ProgramId,
    /// From which sale on.
    pub from: Timestamp,
    /// Until which sale, itself left out.
    pub until: Option<Timestamp>,
}

/// A check-out, sign-up or sale that tells of a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// When it happened at the provider.
    pub at: Timestamp,
    /// Its natural key.
    pub by: PaymentKey,
    /// The touches that came with it.
    pub candidates: Vec<Candidate>,
    /// Did a click token come that is not one of ours?
    pub token_refused: bool,
}

impl Sighting {
    /// Sightings in which the click is dated after the meeting come last: they prove nothing there.
    fn rank(&self) -> (bool, Timestamp, &PaymentKey, &Candidate) {
        let is_after = self.candidate.counts_from_ms() > self.seen_at.as_millisecond();
        (is_after, self.seen_at, &self.by, &self.candidate)
    }

    /// Does only the newest of its kind matter? A coupon is one and the same touch whenever it is used: no newer or older.
    fn is_rolling(&self) -> bool {
        self.candidate.is_per_window() && self.candidate.source != Source::Coupon
    }

    /// The order in time of rolling touches: only what no later telling changes.
    fn age(&self) -> (Timestamp, Source, Option<&LinkId>) {
        (self.candidate.at, self.candidate.source, self.candidate.link.as_ref())
    }
}

impl Customer {
    /// Under which name whoever paid a sale is kept: the customer's own; of a guest, one of this very sale, since whatever
    /// is told of them later is of it alone.
    #[must_use]
    pub fn key_of(sale: &Sale) -> Option<PaymentKey> {
        sale.customer.clone().or_else(|| Self::key_of_guest(&sale.id))
    }

    /// The name under which the guest of a sale is kept.
    #[must_use]
    pub fn key_of_guest(sale: &SaleId) -> Option<PaymentKey> {
        PaymentKey::parse(&format!("guest:{sale}")).ok()
    }

    /// The sale of the guest who is kept under a name; `None` for the name of a customer.
    #[must_use]
    pub fn guest_sale(key: &PaymentKey) -> Option<SaleId> {
        key.as_str().strip_prefix("guest:").and_then(|sale| SaleId::parse(sale).ok())
    }

    /// The customer is met; whether that was news.
    pub fn meet(&mut self, meeting: &Meeting) -> bool {
        let before = self.clone();
        self.met_at = earlier(self.met_at, meeting.at);
        self.token_refused |= meeting.token_refused;
        for candidate in &meeting.candidates {
            self.see(Sighting { candidate: candidate.clone(), seen_at: meeting.at, by: meeting.by.clone() });
        }
        self.let_go();
        *self != before
    }

    /// The customer gave an address, and leads of it are known or may be told later; whether anything was news.
    pub fn mention(&mut self, mention: Mention, leads: &[Candidate]) -> bool {
        let before = self.clone();
        keep_earliest(&mut self.mentions, &mention);
        self.quiet.retain(|known| known.email != mention.email);
        self.hear_of_leads(mention.email, leads);
        *self != before
    }

    /// Is an address, whose leads are known, only known from a later meeting than this one?
    #[must_use]
    pub fn mentions_later(&self, mention: &Mention) -> bool {
        let mut of_address = self.mentions.iter().filter(|known| known.email == mention.email);
        of_address.any(|known| (mention.at, &mention.by) < (known.at, &known.by))
    }

    /// The customer gave an address of which nothing was asked yet.
    pub fn note(&mut self, mention: &Mention) {
        keep_earliest(&mut self.quiet, mention);
    }

    /// V13: the addresses of which leads are to be asked for: nobody is known to have brought the customer by then. A
    /// customer whom a click brought may turn out to have been one before it, and then a lead may be older than both.
    #[must_use]
    pub fn to_ask(&self) -> Vec<Mention> {
        let bound = self.bound_at();
        self.quiet.iter().filter(|mention| bound.is_none_or(|bound| bound > mention.at)).cloned().collect()
    }

    /// Leads of an address are known; whether that was news. They count from the meeting on at which it was given.
    pub fn hear_of_leads(&mut self, email: Digest, leads: &[Candidate]) -> bool {
        let before = self.clone();
        let Some(mention) = self.mentions.iter().find(|known| known.email == email).cloned() else { return false };
        for candidate in leads {
            self.see(Sighting { candidate: candidate.clone(), seen_at: mention.at, by: mention.by.clone() });
        }
        self.let_go();
        *self != before
    }

    /// This touch as it is known already, from a meeting no later than this one: then telling it again is no news.
    #[must_use]
    pub fn seen(&self, touch: &Candidate, at: Timestamp) -> Option<&Candidate> {
        let known = self.sightings.iter().find(|seen| seen.candidate.is_same(touch))?;
        (known.seen_at <= at && known.candidate.at <= known.seen_at).then_some(&known.candidate)
    }

    /// At which meeting was the customer bound for good, if at any?
    #[must_use]
    pub fn bound_at(&self) -> Option<Timestamp> {
        let share = self.bind(self.is_existing()).0?.into_iter().next()?.candidate;
        self.sightings.iter().find(|seen| seen.candidate == *share).map(|seen| seen.seen_at)
    }

    /// Lets go of touches that decide nothing more. V13: what is let go of once would be whatever came in first. Of
    /// meetings only the earliest is kept for a touch, so its rank never rises; and when a click or lead was, which says
    /// how new it is, is part of what it is.
    fn let_go(&mut self) {
        self.sightings.sort_by(|a, b| a.rank().cmp(&b.rank()));
        let (mut rolling, mut kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.sightings).into_iter().partition(Sighting::is_rolling);
        kept.truncate(SIGHTINGS_MAX);
        rolling.sort_by(|a, b| a.age().cmp(&b.age()));
        // ATT-4: a sale is decided by the touches in the window before it: the newest. The first one stays because it
        // says that partners brought the customer.
        if rolling.len() > SIGHTINGS_MAX {
            rolling.drain(1..=rolling.len() - SIGHTINGS_MAX);
        }
        kept.extend(rolling);
        kept.sort_by(|a, b| a.rank().cmp(&b.rank()));
        self.sightings = kept;
    }

    /// May touches have been let go of that would take part in a sale's decision?
    fn may_have_forgotten(&self, sold_at: Timestamp) -> bool {
        let mut rolling: Vec<&Sighting> = self.sightings.iter().filter(|seen| seen.is_rolling()).collect();
        if rolling.len() < SIGHTINGS_MAX {
            return false;
        }
        rolling.sort_by(|a, b| a.age().cmp(&b.age()));
        let Some(oldest) = rolling.get(1) else { return false };
        // The last click is the newest one before the sale; under the other models the whole window shares.
        let shares = |seen: &&&Sighting| {
            seen.candidate.target.as_ref().is_some_and(|target| target.settings.model != Model::LastClick)
        };
        let windows = rolling.iter().filter(shares).map(|seen| seen.candidate.window_ms());
        let from_ms = sold_at.as_millisecond().saturating_sub(windows.max().unwrap_or(0));
        from_ms < oldest.candidate.counts_from_ms()
    }

    fn see(&mut self, mut seen: Sighting) {
        let place = self.sightings.iter().position(|known| known.candidate.is_same(&seen.candidate));
        let Some(known) = place.map(|place| self.sightings.swap_remove(place)) else {
            self.sightings.push(seen);
            return;
        };
        // Once somebody is known to have referred themselves, they are, however often the touch is told.
        let is_self = [&known, &seen].iter().any(|one| one.candidate.refused == Some(LossReason::SelfReferral));
        if known.rank() <= seen.rank() {
            seen = known;
        }
        if is_self {
            seen.candidate.refused = Some(LossReason::SelfReferral);
        }
        self.sightings.push(seen);
    }

    /// The customer paid; whether that was news.
    pub fn pay(&mut self, at: Timestamp, sale: &SaleId) -> bool {
        take_earlier(&mut self.first_paid, at, sale)
    }

    /// The customer signed up; whether that was news.
    pub fn sign_up(&mut self, at: Timestamp, sale: &SaleId) -> bool {
        take_earlier(&mut self.signed_up, at, sale)
    }

    /// COM-3: a sale of theirs is decided so; whether it is the first of its kind. This only ever grows, and decides nothing:
    /// it says among whose sales occurrences are to be looked for.
    pub fn credit(&mut self, decision: &Decision) -> bool {
        let before = (self.credited.len(), self.was_nobodys);
        self.credited.extend(decision.credits().iter().map(|credit| credit.partner.clone()));
        self.was_nobodys |= decision.credits().is_empty();
        before != (self.credited.len(), self.was_nobodys)
    }

    /// The customer in their next version, where a decision is the first of its kind for them; `None` where it is not.
    #[must_use]
    pub fn credited_by(known: Option<&Self>, decision: &Decision) -> Option<Self> {
        let mut after = known.cloned().unwrap_or_default();
        after.credit(decision).then(|| Self { version: after.version + 1, ..after })
    }

    /// Have several partners been credited with sales of theirs?
    #[must_use]
    pub fn has_several_partners(&self) -> bool {
        self.credited.len() > 1
    }

    /// May some of their sales be another's than those of one partner, or nobody's?
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.was_nobodys || self.credited.len() > 1
    }

    /// The customer is given to a partner, from a sale on; whoever had them in the same way has them until then.
    pub fn assign(&mut self, assigned: Assigned) {
        for other in self.assigned.iter_mut().filter(|other| other.source == assigned.source) {
            if other.until.is_none_or(|until| until > assigned.from) {
                other.until = Some(assigned.from);
            }
        }
        self.assigned.retain(|other| other.until.is_none_or(|until| other.from < until));
        self.assigned.push(assigned);
        self.assigned.sort();
    }

    /// Whoever has the customer in a way has them only until a sale.
    pub fn unassign(&mut self, source: Source, until: Timestamp) {
        for other in self.assigned.iter_mut().filter(|other| other.source == source) {
            if other.until.is_none_or(|known| known > until) {
                other.until = Some(until);
            }
        }
        self.assigned.retain(|other| other.until.is_none_or(|until| other.from < until));
    }

    /// Who has the customer by a person's word at an instant.
    #[must_use]
    pub fn assigned_at(&self, at: Timestamp) -> Option<&Assigned> {
        let in_force = |one: &&Assigned| one.from <= at && one.until.is_none_or(|until| at < until);
        self.assigned.iter().filter(in_force).min_by_key(|one| (one.source, one.from))
    }

    /// Was the customer known before anybody's first touch? Then partners did not bring them.
    #[must_use]
    pub fn is_existing(&self) -> bool {
        let paid_at = self.first_paid.as_ref().map(|(at, _)| *at);
        let signed_up_at = self.signed_up.as_ref().map(|(at, _)| *at);
        let known_since = [self.met_at, paid_at, signed_up_at].into_iter().flatten().min();
        let of_partners = self.sightings.iter().map(|seen| &seen.candidate).filter(|touch| touch.target.is_some());
        let first_touch_ms = of_partners.map(Candidate::counts_from_ms).min();
        known_since.zip(first_touch_ms).is_some_and(|(known, touch_ms)| known.as_millisecond() < touch_ms)
    }

    /// Who is paid for a sale of the customer, and why everybody else is not. The terms are left to be filled in.
    #[must_use]
    pub fn decide(&self, occurred_at: Timestamp, coupon: Option<&str>) -> Decision {
        // ATT-3: a person's word goes above everything.
        if let Some(assigned) = self.assigned_at(occurred_at) {
            return Decision::Partners {
                credits: vec![assigned.credit()],
                losers: self.all_lost(LossReason::LowerPrecedence),
            };
        }
        let moment = Moment { at: occurred_at, is_existing: self.is_existing(), coupon };
        let (bound, mut losers) = self.bind(moment.is_existing);
        if let Some(bound) = bound {
            // ATT-1: a click after the conversion never counts, also where the customer was met later than they bought.
            let at_ms = occurred_at.as_millisecond();
            let before = |share: &Share<'_>| {
                share.candidate.counts_from_ms() <= at_ms
                    || share.candidate.coupon.as_deref().is_some_and(|code| Some(code) == coupon)
            };
            let (counted, after): (Vec<_>, Vec<_>) = bound.into_iter().partition(before);
            losers.extend(after.iter().map(|share| share.candidate.lost(LossReason::AfterConversion)));
            if counted.is_empty() {
                return Decision::Nobody { reason: NobodyReason::BeforeTheClick, losers };
            }
            return Decision::Partners { credits: credits(&counted), losers };
        }
        // ATT-4: where a binding lasts as long as the window, each sale is decided by the touches before it.
        let pool = self.sightings.iter().map(|seen| &seen.candidate).filter(|touch| touch.is_per_window());
        let choice = choose(pool, &moment);
        losers.extend(choice.losers);
        if choice.shares.is_empty() {
            return Decision::Nobody { reason: self.nobody_because(&losers), losers };
        }
        Decision::Partners { credits: credits(&choice.shares), losers }
    }

    /// ATT-4: the earliest meeting at which a touch counted binds the customer for good.
    fn bind(&self, is_existing: bool) -> (Option<Vec<Share<'_>>>, Vec<Loser>) {
        let mut losers = Vec::new();
        let mut bound = None;
        for group in self.sightings.chunk_by(|a, b| (a.seen_at, &a.by) == (b.seen_at, &b.by)) {
            let once = group.iter().map(|seen| &seen.candidate).filter(|touch| !touch.is_per_window());
            if bound.is_some() {
                losers.extend(once.map(|touch| touch.lost(LossReason::BoundBefore)));
                continue;
            }
            let Some(at) = group.first().map(|seen| seen.seen_at) else { continue };
            let used_there = group.iter().find_map(|seen| seen.candidate.coupon.as_deref());
            let choice = choose(once, &Moment { at, is_existing, coupon: used_there });
            losers.extend(choice.losers);
            bound = (!choice.shares.is_empty()).then_some(choice.shares);
        }
        if bound.is_some() {
            let pool = self.sightings.iter().map(|seen| &seen.candidate).filter(|touch| touch.is_per_window());
            losers.extend(pool.map(|touch| touch.lost(LossReason::BoundBefore)));
        }
        (bound, losers)
    }

    fn all_lost(&self, reason: LossReason) -> Vec<Loser> {
        self.sightings.iter().map(|seen| seen.candidate.lost(reason)).collect()
    }

    fn nobody_because(&self, losers: &[Loser]) -> NobodyReason {
        if self.sightings.is_empty() {
            match self.met_at {
                None => NobodyReason::CustomerUnknown,
                Some(_) if self.token_refused => NobodyReason::TokenRefused,
                Some(_) => NobodyReason::NoTouch,
            }
        } else if losers.iter().all(|loser| loser.reason == LossReason::ExistingCustomer) {
            NobodyReason::ExistingCustomer
        } else {
            NobodyReason::NoEligibleTouch
        }
    }
}

impl Assigned {
    fn credit(&self) -> Credit {
        Credit {
            partner: self.partner.clone(),
            program: self.program.clone(),
            link: None,
            source: self.source,
            clicked_at: None,
            weight: 1,
            terms: PartnerTerms::default(),
        }
    }
}

/// The decision for a sale that is kept, by what is known of its customer now: what the night and late meetings ask.
///
/// A person's decision stands. A guest's stands as well: nothing is told of them later. A partner who stays keeps the
/// terms of the first decision; the terms of a new one are left to be filled in.
#[must_use]
pub fn decision_for(sale: &Sale, customer: Option<&Customer>) -> Decision {
    let Some(customer) = customer.filter(|_| !is_by_a_person(&sale.decision)) else { return sale.decision.clone() };
    // ATT-4: what the touches of its time decided stands, once they are not kept any more.
    let is_by_window = customer.assigned_at(sale.occurred_at).is_none() && customer.bound_at().is_none();
    if is_by_window && customer.may_have_forgotten(sale.occurred_at) {
        return sale.decision.clone();
    }
    let mut decision = customer.decide(sale.occurred_at, sale.traits.coupon.as_deref());
    if let Decision::Partners { credits, .. } = &mut decision {
        for credit in credits {
            let same = |old: &&Credit| old.partner == credit.partner && old.program == credit.program;
            if let Some(old) = sale.decision.credits().iter().find(same) {
                // COM-11: a link's own rate is of the link.
                let link_rate = old.terms.link_rate.filter(|_| old.link == credit.link);
                credit.terms = PartnerTerms { link_rate, ..old.terms.clone() };
            }
        }
    }
    decision
}

/// Do two decisions pay the same partners in the same way? Losers and terms aside.
#[must_use]
pub fn pays_the_same(a: &Decision, b: &Decision) -> bool {
    let plain = |credit: &Credit| Credit { terms: PartnerTerms::default(), ..credit.clone() };
    a.credits().iter().map(plain).eq(b.credits().iter().map(plain))
}

/// Did a person decide this one sale?
#[must_use]
pub fn is_by_a_person(decision: &Decision) -> bool {
    match decision {
        Decision::Partners { credits, .. } => credits.iter().any(|credit| credit.source == Source::Manual),
        Decision::Nobody { reason, .. } => *reason == NobodyReason::ByDecision,
    }
}

/// Of each address the earliest mention.
fn keep_earliest(mentions: &mut Vec<Mention>, mention: &Mention) {
    match mentions.iter_mut().find(|known| known.email == mention.email) {
        Some(known) if (mention.at, &mention.by) < (known.at, &known.by) => *known = mention.clone(),
        Some(_) => {}
        None => mentions.push(mention.clone()),
    }
    mentions.sort();
    mentions.truncate(MENTIONS_MAX);
}

fn earlier(known: Option<Timestamp>, told: Timestamp) -> Option<Timestamp> {
    Some(known.map_or(told, |known| known.min(told)))
}

fn take_earlier(known: &mut Option<(Timestamp, SaleId)>, at: Timestamp, sale: &SaleId) -> bool {
    let told = (at, sale.clone());
    let is_news = known.as_ref().is_none_or(|known| told < *known);
    if is_news {
        *known = Some(told);
    }
    is_news
}

#[cfg(test)]
mod tests;
