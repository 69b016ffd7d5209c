//! COM-10: a sale that goes from a partner to somebody else, or to nobody, and comes back.
//!
//! Where its month was counted with it, it comes back there: with what it had, which the caps of that month, the customer's
//! count and the milestones know of. Where not, it begins to count once more, in its own month or late.

use std::collections::BTreeMap;

use domain::assess::{AssessError, ProgramRules};
use domain::attribution::Credit;
use domain::commission::EarningReason;
use domain::id::{PartnerId, ProgramId};
use domain::line::{Account, Line, LineKind, Origin, Part, PartKind};
use domain::money::{Money, MoneyError};
use domain::rate::Base;
use domain::retarget::{Position, Target, booked, booked_targets};
use domain::sale::Sale;
use store::StoreError;
use store::counts::CustomerCount;

use super::{Alone, AloneError};

/// Is a partner one of those?
pub(super) fn has(credits: &[Credit], partner: &PartnerId) -> bool {
    credits.iter().any(|credit| credit.partner == *partner)
}

/// How a sale counts for a partner who is credited with it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counts {
    /// It begins to, in its own month or late.
    Anew,
    /// Where it did. What it is worth may be another by now.
    Still,
    /// As it was counted, though the decision is another: the same share by the same terms.
    Kept,
    /// As it was counted before it went.
    Back,
}

impl Counts {
    fn is_as_counted(self) -> bool {
        matches!(self, Self::Kept | Self::Back)
    }
}

impl Alone<'_> {
    /// Says of a sale's targets whether it begins to count with them, and what they are worth where it was counted before:
    /// also what no sale has alone, as a volume bonus.
    pub(super) async fn begin(
        &self,
        sale: &Sale,
        until_now: &[Credit],
        programs: &BTreeMap<ProgramId, ProgramRules>,
        targets: &mut Vec<Target>,
    ) -> Result<(), AloneError> {
        let mut counts = BTreeMap::new();
        for credit in sale.decision.credits() {
            counts.insert(&credit.partner, self.counts(sale, credit, until_now).await?);
        }
        let more: Vec<Target> = booked_targets(sale)
            .into_iter()
            .filter(|target| matches!(target.part.kind, PartKind::VolumeBonus | PartKind::SecondTier))
            .filter(|target| !targets.iter().any(|known| position(known) == position(target)))
            .filter(|target| {
                let has = |owner: &&Credit| commission_of(targets, &owner.partner, target).is_some();
                let owners = owners_of(sale, &target.partner, target.part);
                owners.iter().any(|owner| has(owner) && counts.get(&owner.partner).is_some_and(|is| is.is_as_counted()))
            })
            .collect();
        targets.extend(more);
        let (shares, own): (Vec<_>, Vec<_>) =
            targets.iter_mut().partition(|target| target.part.kind == PartKind::SecondTier);
        for target in own {
            let counts = owners_of(sale, &target.partner, target.part).first().and_then(|own| counts.get(&own.partner));
            match counts {
                Some(Counts::Still) => target.trace.period = None,
                Some(counts) if counts.is_as_counted() => self.as_counted(sale, target, *counts).await?,
                _ => {}
            }
        }
        let shares: Vec<Position> = shares.into_iter().map(|target| position(target)).collect();
        for share in shares {
            self.begin_share(sale, (until_now, &counts), programs, (targets, &share)).await?;
        }
        Ok(())
    }

    /// The same of what a referrer gets of a sale, through one partner or several.
    async fn begin_share(
        &self,
        sale: &Sale,
        (until_now, counts): (&[Credit], &BTreeMap<&PartnerId, Counts>),
        programs: &BTreeMap<ProgramId, ProgramRules>,
        (targets, share): (&mut [Target], &Position),
    ) -> Result<(), AloneError> {
        let owners = owners_of(sale, &share.0, share.1);
        let is = |credit: &&Credit| counts.get(&credit.partner).copied();
        let are_as_counted = owners.iter().any(|owner| is(owner).is_some_and(Counts::is_as_counted));
        let known = targets.to_vec();
        let Some(target) = targets.iter_mut().find(|target| position(target) == *share) else { return Ok(()) };
        if !owners.iter().all(|owner| is(owner) == Some(Counts::Anew)) {
            target.trace.period = None;
        }
        if !are_as_counted {
            return Ok(());
        }
        let booked = booked(sale).remove(share).map_or(0, |booked| booked.earned);
        // What one who is not credited any more brought their referrer is in what is booked.
        let before = until_now.iter().filter(|credit| credit.terms.referrer.as_ref() == Some(&share.0)).count();
        let currency = sale.paid.currency();
        target.amount = if before == owners.len() && owners.iter().all(|owner| is(owner) == Some(Counts::Kept)) {
            Money::from_minor(booked, currency)
        } else {
            let by_rule = share_of(&known, &owners, programs, target)
                .map_err(|source| AssessError::Money { sale: sale.id.clone(), source })?;
            let had = self.had(sale, share).await?.0;
            // A cap over the programme may have cut it, and another rule may have given it.
            match (owners.len(), booked, had.minor(), by_rule.minor()) {
                (1, 0, 1.., 0) => had,
                (1, 0, 1.., 1..) => Money::from_minor(had.minor().min(by_rule.minor()), currency),
                _ => by_rule,
            }
        };
        target.trace.late = target.trace.late && owners.iter().any(|owner| is(owner) == Some(Counts::Anew));
        target.trace.notes.push(format!("as_counted: {}", target.amount));
        Ok(())
    }

    async fn counts(&self, sale: &Sale, credit: &Credit, until_now: &[Credit]) -> Result<Counts, StoreError> {
        let had_it = sale.lines.iter().any(|line| line.partner == credit.partner);
        let is_counted = had_it && self.is_counted(sale, &credit.partner).await?;
        let Some(before) = until_now.iter().find(|known| known.partner == credit.partner) else {
            return Ok(if is_counted { Counts::Back } else { Counts::Anew });
        };
        let weights = |credits: &[Credit]| credits.iter().fold(0_u64, |sum, credit| sum.saturating_add(credit.weight));
        let of = |weight: u64, all: u64| u128::from(weight).saturating_mul(u128::from(all));
        let is_same_share =
            of(credit.weight, weights(until_now)) == of(before.weight, weights(sale.decision.credits()));
        // A person who credits names no link, and changes nothing by that.
        let is_same_link = credit.link == before.link || credit.link.is_none();
        let is_same = is_same_share && is_same_link && credit.program == before.program && credit.terms == before.terms;
        Ok(if is_counted && is_same { Counts::Kept } else { Counts::Still })
    }

    async fn as_counted(&self, sale: &Sale, target: &mut Target, counts: Counts) -> Result<(), StoreError> {
        let position = position(target);
        let is = booked(sale).remove(&position);
        if counts == Counts::Back {
            (target.amount, target.volume) = self.had(sale, &position).await?;
            target.trace.late = false;
        } else {
            let earned = is.as_ref().map_or(0, |is| is.earned);
            (target.amount, target.volume) = (Money::from_minor(earned, sale.paid.currency()), None);
        }
        target.clawback = is.map_or(target.clawback, |is| is.clawback);
        target.trace.period = None;
        target.trace.notes.push(format!("as_counted: {}", target.amount));
        Ok(())
    }

    /// Did the months of an account count the sale as that partner's? Its customer's count says so; of a guest nothing
    /// does, and nothing is used up by one but the month.
    async fn is_counted(&self, sale: &Sale, partner: &PartnerId) -> Result<bool, StoreError> {
        let Some(customer) = &sale.customer else { return Ok(false) };
        let account = Account { partner: partner.clone(), currency: sale.paid.currency() };
        let has = |count: &CustomerCount| count.paid.values().flatten().any(|counted| counted.2 == sale.payment);
        let counts = self.store.list_customer_counts(self.tenant, &account, [customer]).await?;
        if counts.is_empty() {
            return Ok(false);
        }
        let counted = self.store.get_head(self.tenant, &account).await?.counted;
        // What a visit has written and not marked yet may be written anew.
        Ok(counts.iter().any(|count| has(&count.before) || (count.month <= counted && has(&count.within))))
    }

    /// What a position had before it was taken away: what its newest lines took, all those of one booking. And what it
    /// added to its month's volume, if it did. Where its month had left it nothing, nothing was taken away.
    async fn had(&self, sale: &Sale, (partner, part): &Position) -> Result<(Money, Option<i64>), StoreError> {
        let currency = sale.paid.currency();
        let account = Account { partner: partner.clone(), currency };
        let origin = Origin::Sale(sale.id.clone());
        let own = sale.lines.iter().rev().filter(|line| line.partner == *partner && line.part == *part);
        // What refunds took before is taken off again by the refunds that the sale knows.
        let refunded = own.clone().filter(|line| line.kind == LineKind::Reversal).filter_map(|line| line.volume);
        let refunded = refunded.fold(0_i64, i64::saturating_add);
        let (mut had, mut gone, mut taken_at) = (0_i64, None::<i64>, None);
        for short in own.filter(|line| matches!(line.kind, LineKind::Earned | LineKind::Adjustment)) {
            let volume = short.volume.filter(|minor| *minor < 0);
            if short.kind == LineKind::Earned || !(short.amount.is_negative() || volume.is_some()) {
                break;
            }
            let line = self.store.get_line(self.tenant, &account, short.place, &origin, short.n).await?;
            let went = |line: &Line| {
                line.trace.reason == EarningReason::Reattributed && taken_at.is_none_or(|at| at == line.booked_at)
            };
            let Some(line) = line.filter(went) else { break };
            taken_at = Some(line.booked_at);
            had = had.saturating_sub(line.amount.minor());
            gone = volume.map(|minor| gone.unwrap_or(0).saturating_sub(minor)).or(gone);
        }
        let volume = gone.map(|gone| gone.saturating_sub(refunded));
        Ok((Money::from_minor(had, currency), volume))
    }
}

fn position(target: &Target) -> Position {
    (target.partner.clone(), target.part)
}

/// The commission of the same item that a position goes on top of.
fn commission_of<'t>(targets: &'t [Target], owner: &PartnerId, position: &Target) -> Option<&'t Target> {
    let part = Part { kind: PartKind::Commission, ..position.part };
    targets.iter().find(|target| target.partner == *owner && target.part == part)
}

/// COM-13: what a referrer gets of the commissions that those have who were referred.
fn share_of(
    targets: &[Target],
    owners: &[&Credit],
    programs: &BTreeMap<ProgramId, ProgramRules>,
    position: &Target,
) -> Result<Money, MoneyError> {
    let mut shares = Money::zero(position.amount.currency());
    for credit in owners {
        let Some(commission) = commission_of(targets, &credit.partner, position) else { continue };
        let versions = programs.get(&credit.program).map(|rules| rules.versions.as_slice()).unwrap_or_default();
        let version = versions.iter().find(|version| Some(&version.id) == commission.trace.rule.as_ref());
        let Some((terms, rate)) = version.and_then(|version| Some((&version.terms, version.terms.second_tier?))) else {
            continue;
        };
        shares = shares.try_add(rate.of(&Base::of(commission.amount), terms.rounding)?)?;
    }
    Ok(shares)
}

/// By whose credit a position is earned: a share on top by those of whoever was referred.
fn owners_of<'s>(sale: &'s Sale, partner: &PartnerId, part: Part) -> Vec<&'s Credit> {
    let earns = |credit: &&Credit| match part.kind {
        PartKind::SecondTier => credit.terms.referrer.as_ref() == Some(partner),
        _ => credit.partner == *partner,
    };
    sale.decision.credits().iter().filter(earns).collect()
}
