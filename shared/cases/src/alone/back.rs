//! COM-10: a sale that goes from a partner to somebody else, or to nobody, and comes back.
//!
//! Where its month was counted with it, it comes back there: with what it had, which the caps of that month, the customer's
//! count and the milestones know of. Where not, it begins to count once more, in its own month or late.

use std::collections::BTreeMap;

use domain::attribution::Credit;
use domain::commission::EarningReason;
use domain::id::PartnerId;
use domain::line::{Account, Line, LineKind, Origin, Part, PartKind};
use domain::money::Money;
use domain::retarget::{Position, Target, booked, booked_targets};
use domain::sale::Sale;
use store::StoreError;
use store::counts::CustomerCount;

use super::Alone;

/// Is a partner one of those?
pub(super) fn has(credits: &[Credit], partner: &PartnerId) -> bool {
    credits.iter().any(|credit| credit.partner == *partner)
}

impl Alone<'_> {
    /// Says of a sale's targets whether it begins to count with them, and what they are worth where it was counted before:
    /// also a volume bonus, which no sale has alone.
    pub(super) async fn begin(
        &self,
        sale: &Sale,
        until_now: &[Credit],
        targets: &mut Vec<Target>,
    ) -> Result<(), StoreError> {
        let mut comes_back = BTreeMap::new();
        for credit in sale.decision.credits().iter().filter(|credit| !has(until_now, &credit.partner)) {
            let had_it = sale.lines.iter().any(|line| line.partner == credit.partner);
            comes_back.insert(&credit.partner, had_it && self.is_counted(sale, &credit.partner).await?);
        }
        let is_bonus = |target: &Target| target.part.kind == PartKind::VolumeBonus;
        let is_new = |target: &Target| !targets.iter().any(|known| position(known) == position(target));
        let bonuses = booked_targets(sale).into_iter().filter(|target| is_bonus(target) && is_new(target));
        let bonuses: Vec<Target> =
            bonuses.filter(|target| comes_back.get(&target.partner).copied().unwrap_or(false)).collect();
        targets.extend(bonuses);
        for target in targets {
            match owner_of(sale, &target.partner, target.part).map(|owner| comes_back.get(owner)) {
                // Credited all the time: it counts where it does.
                Some(None) => target.trace.period = None,
                Some(Some(true)) => self.as_counted(sale, target).await?,
                // It begins to count.
                Some(Some(false)) | None => {}
            }
        }
        Ok(())
    }

    async fn as_counted(&self, sale: &Sale, target: &mut Target) -> Result<(), StoreError> {
        (target.amount, target.volume) = self.had(sale, &position(target)).await?;
        target.trace.period = None;
        target.trace.late = false;
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

    /// What a position had before it was taken away: what it has, and what its newest lines took, all those of one booking.
    /// Where its month had left it nothing, nothing was taken away; whoever referred several partners has what the other one's
    /// credit left them. And what it added to its month's volume, if it did.
    async fn had(&self, sale: &Sale, (partner, part): &Position) -> Result<(Money, Option<i64>), StoreError> {
        let currency = sale.paid.currency();
        let account = Account { partner: partner.clone(), currency };
        let origin = Origin::Sale(sale.id.clone());
        let own = sale.lines.iter().rev().filter(|line| line.partner == *partner && line.part == *part);
        // What refunds took before is taken off again by the refunds that the sale knows.
        let refunded = own.clone().filter(|line| line.kind == LineKind::Reversal).filter_map(|line| line.volume);
        let refunded = refunded.fold(0_i64, i64::saturating_add);
        let has = booked(sale).get(&(partner.clone(), *part)).map_or(0, |booked| booked.earned);
        let (mut had, mut gone, mut taken_at) = (has, None::<i64>, None);
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

/// By whose credit a position is earned: a share on top by that of whoever was referred.
fn owner_of<'s>(sale: &'s Sale, partner: &PartnerId, part: Part) -> Option<&'s PartnerId> {
    let earns = |credit: &&Credit| match part.kind {
        PartKind::SecondTier => credit.terms.referrer.as_ref() == Some(partner),
        _ => credit.partner == *partner,
    };
    sale.decision.credits().iter().find(earns).map(|credit| &credit.partner)
}
