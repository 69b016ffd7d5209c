//! What has been used of caps, and what is left of an amount under them.

use std::collections::BTreeMap;

use super::net::Net;
use super::{AssessError, Scope};
use crate::currency::Currency;
use crate::fact::PaymentKey;
use crate::id::{PartnerId, ProgramId};
use crate::money::Money;
use crate::month::Month;
use crate::rule::Caps;

/// Which cap cut an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CapHit {
    Line(Money),
    Customer(Money),
    PartnerPeriod(Money),
    ProgramPeriod(Money),
}

impl CapHit {
    pub(super) fn word(self) -> (&'static str, Money) {
        match self {
            Self::Line(cap) => ("per_line", cap),
            Self::Customer(cap) => ("per_customer", cap),
            Self::PartnerPeriod(cap) => ("per_partner_period", cap),
            Self::ProgramPeriod(cap) => ("per_program_period", cap),
        }
    }
}

/// A cap, and what it is called where it cuts.
type Limit = (Option<Money>, fn(Money) -> CapHit);

/// Whose amount it is.
#[derive(Clone, Copy)]
pub(super) struct Owner<'a> {
    pub(super) program: &'a ProgramId,
    pub(super) partner: &'a PartnerId,
    pub(super) customer: Option<&'a PaymentKey>,
    pub(super) currency: Currency,
    pub(super) month: Month,
}

/// What was paid so far, net of refunds, in canonical order.
pub(super) struct Used<'a> {
    /// Is there a cap in any version that other sales use up? Where not, nobody ever asks.
    is_asked_for: bool,
    customers: BTreeMap<(&'a ProgramId, &'a PartnerId, &'a PaymentKey, Currency), i64>,
    partners: BTreeMap<(&'a ProgramId, &'a PartnerId, Currency, Month), i64>,
    programs: BTreeMap<(&'a ProgramId, Currency, Month), i64>,
}

/// Which caps an amount counts for. A referrer's share counts for the programme's alone: the others are the partner's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Own,
    Referrer,
}

impl<'a> Used<'a> {
    pub(super) fn new(scope: &Scope<'_>) -> Self {
        let mut versions = scope.programs.values().flat_map(|program| &program.versions);
        let is_asked_for = versions.any(|version| version.terms.caps.is_cumulative());
        Self { is_asked_for, customers: BTreeMap::new(), partners: BTreeMap::new(), programs: BTreeMap::new() }
    }

    fn places<'u>(&'u mut self, scope: &Scope<'_>, owner: &Owner<'a>, kind: Kind) -> [Option<&'u mut i64>; 3] {
        let Owner { program, partner, customer, currency, month } = *owner;
        let customer = customer.filter(|_| kind == Kind::Own).map(|customer| {
            self.customers.entry((program, partner, customer, currency)).or_insert_with(|| {
                let history = scope.histories.get(customer);
                let key = (program.clone(), partner.clone(), currency);
                history.and_then(|history| history.earned.get(&key)).map_or(0, |money| money.minor())
            })
        });
        let own = (kind == Kind::Own).then(|| self.partners.entry((program, partner, currency, month)).or_default());
        let program = self.programs.entry((program, currency, month)).or_default();
        [customer, own, Some(program)]
    }

    /// COM-10: the amount under the caps, and which cap cut it. What is left of it after refunds uses them up.
    pub(super) fn cap(
        &mut self,
        scope: &Scope<'_>,
        owner: &Owner<'a>,
        (kind, caps): (Kind, &Caps),
        (gross, net): (i64, &Net<'_>),
    ) -> Result<(i64, Option<CapHit>), AssessError> {
        let own = |cap: Option<Money>| cap.filter(|cap| cap.currency() == owner.currency);
        let (mut capped, mut hit) = (gross, None);
        if let Some(cap) = own(caps.per_line).filter(|cap| cap.minor() < capped) {
            (capped, hit) = (cap.minor(), Some(CapHit::Line(cap)));
        }
        if caps.is_cumulative() {
            let limits: [Limit; 3] = [
                (own(caps.per_customer), CapHit::Customer),
                (own(caps.per_partner_period), CapHit::PartnerPeriod),
                (own(caps.per_program_period), CapHit::ProgramPeriod),
            ];
            let places = self.places(scope, owner, kind);
            for (place, (cap, hit_of)) in places.iter().zip(limits) {
                let (Some(used), Some(cap)) = (place, cap) else { continue };
                let room = cap.minor().saturating_sub(**used).max(0);
                let left = net.of(capped)?;
                // What all went back uses nothing up; it is shown as it would have been paid.
                if left > room || (left == 0 && capped > room) {
                    let near = capped.min(room);
                    let fits = net.gross_for(left.min(room), near)?;
                    hit = if fits < capped { Some(hit_of(cap)) } else { hit };
                    capped = fits;
                }
            }
        }
        self.use_up(scope, owner, kind, net.of(capped)?);
        Ok((capped, hit))
    }

    /// Takes note of what was paid.
    pub(super) fn use_up(&mut self, scope: &Scope<'_>, owner: &Owner<'a>, kind: Kind, net: i64) {
        if !self.is_asked_for {
            return;
        }
        for place in self.places(scope, owner, kind).into_iter().flatten() {
            *place = place.saturating_add(net);
        }
    }

    /// What is left of a customer's cap, and which it is.
    pub(super) fn room_of_customer(
        &mut self,
        scope: &Scope<'_>,
        owner: &Owner<'a>,
        caps: &Caps,
    ) -> Option<(i64, CapHit)> {
        let cap = caps.per_customer.filter(|cap| cap.currency() == owner.currency)?;
        let [used, ..] = self.places(scope, owner, Kind::Own);
        let used = used?;
        Some((cap.minor().saturating_sub(*used).max(0), CapHit::Customer(cap)))
    }

    /// What is left of a month under its caps, the partner's and the programme's: the lesser, and whose it is.
    pub(super) fn room(&self, owner: &Owner<'a>, caps: &Caps) -> Option<(i64, CapHit)> {
        let Owner { program, partner, currency, month, .. } = *owner;
        let own = |cap: Option<Money>| cap.filter(|cap| cap.currency() == currency);
        let used_by_partner = self.partners.get(&(program, partner, currency, month)).copied().unwrap_or(0);
        let used_by_all = self.programs.get(&(program, currency, month)).copied().unwrap_or(0);
        let of_partner = own(caps.per_partner_period).map(|cap| (cap, used_by_partner, CapHit::PartnerPeriod(cap)));
        let of_all = own(caps.per_program_period).map(|cap| (cap, used_by_all, CapHit::ProgramPeriod(cap)));
        let rooms = [of_partner, of_all].into_iter().flatten();
        rooms.map(|(cap, used, hit)| (cap.minor().saturating_sub(used).max(0), hit)).min_by_key(|(room, _)| *room)
    }
}
