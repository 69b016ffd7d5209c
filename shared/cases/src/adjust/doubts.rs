//! FRD-4, LED-5: the sales that somebody has still to decide, and which months wait for it.
//!
//! Where one cap holds for all partners of a programme, its own unit waits, and an account of it does not wait once more: what
//! the unit has counted it books nothing to any more.

use std::collections::{BTreeMap, BTreeSet};

use domain::attribution::Credit;
use domain::id::{PartnerId, SaleId};
use domain::line::{Account, Line, LineKind, PartKind};
use domain::month::Month;
use domain::sale::Sale;

use super::Night;
use super::counts_in::Counting;
use super::load::{Frame, Frames, Loaded, SALES_MAX};
use crate::error::CaseError;

/// Up to how many sales in open months wait for the decision about those among them that are in doubt. A month that waits is
/// not counted and stays in memory each night, so that of more a few would keep all the others from being looked at.
const AMONG_MAX: usize = SALES_MAX / 2;

/// What is known of sales in open months, those of other programmes than the one that was read among them.
#[derive(Clone, Debug, Default)]
pub(super) struct Others {
    /// How many sales an account has in open months, of all programmes.
    sales: BTreeMap<Account, usize>,
    /// Those of other programmes that may keep an account from being counted, and in which month each counts.
    pub(super) counts_in: Counting,
}

impl Others {
    /// A line that says where its sale counts, of whatever programme.
    pub(super) fn count(&mut self, account: &Account, line: &Line) {
        if line.kind == LineKind::Earned && line.trace.part.kind == PartKind::Commission && line.trace.part.item == 0 {
            *self.sales.entry(account.clone()).or_default() += 1;
        }
    }
}

/// Is a line of a programme whose sales keep an account open while they are in doubt?
pub(super) fn may_wait(frames: &Frames, line: &Line) -> bool {
    let frame = line.trace.program.as_ref().and_then(|program| frames.get(program));
    frame.is_some_and(|frame| frame.adds_to_months() && !frame.is_capped_as_a_whole())
}

/// Is a sale in doubt that may add something to the month of one of its partners?
fn waits_for<'s>(sale: &'s Sale, frames: &'s Frames) -> impl Iterator<Item = &'s Credit> + 's {
    let is_open = sale.is_in_doubt() && sale.paid.minor() > 0;
    let credits = sale.decision.credits().iter().filter(move |_| is_open);
    credits.filter(|credit| frames.get(&credit.program).is_some_and(Frame::adds_to_months))
}

/// The sales on whose decision what months earn waits.
pub(super) fn of<'l>(loaded: &'l Loaded, frames: &'l Frames) -> impl Iterator<Item = &'l Sale> + 'l {
    let waits = !is_crowded(loaded);
    loaded.sales.values().filter(move |sale| waits && waits_for(sale, frames).next().is_some())
}

fn is_crowded(loaded: &Loaded) -> bool {
    // Whoever has nothing in the programme that was read is read with it all the same.
    let own: BTreeSet<&PartnerId> = loaded.counts_in.keys().map(|(_, partner)| partner).collect();
    let mut others = loaded.others.sales.iter().filter(|(account, _)| own.contains(&account.partner));
    loaded.counts_in.len() > AMONG_MAX || others.any(|(_, sales)| *sales > AMONG_MAX)
}

/// Does a month up to one wait for the decision about a sale of the account? Once it is counted, nothing is added to it.
pub(super) fn keep_open(loaded: &Loaded, frames: &Frames, account: &Account, last: Month) -> bool {
    let is_of_a_unit = |frame: &Frame| frame.is_capped_as_a_whole();
    let own = of(loaded, frames).filter(|sale| {
        let counts = loaded.counts_in.get(&(sale.id.clone(), account.partner.clone()));
        counts.is_some_and(|counts| counts.month <= last)
    });
    let mut own = own.flat_map(|sale| waits_for(sale, frames).map(move |credit| (sale, credit)));
    own.any(|(sale, credit)| {
        credit.partner == account.partner
            && sale.paid.currency() == account.currency
            && !frames.get(&credit.program).is_some_and(is_of_a_unit)
    })
}

/// Does a month of the programme up to one wait for the decision about a sale, or an account of it for one of another programme?
/// What keeps the account open must keep the programme open: the account says which lines of it come late.
///
/// # Errors
/// The store does not answer.
pub(super) async fn keep_unit_open(night: &Night<'_>, loaded: &Loaded, last: Month) -> Result<bool, CaseError> {
    let own = |sale: &Sale| {
        let mut counts = loaded.counts_in.iter().filter(|((of, _), _)| *of == sale.id);
        counts.any(|(_, counts)| counts.month <= last)
    };
    if of(loaded, night.frames).any(own) {
        return Ok(true);
    }
    let due = |month: Month| month <= last;
    let counted: BTreeSet<&PartnerId> =
        loaded.counts_in.iter().filter(|(_, counts)| due(counts.month)).map(|((_, partner), _)| partner).collect();
    let others =
        loaded.others.counts_in.iter().filter(|((_, partner), counts)| due(counts.month) && counted.contains(partner));
    let others: BTreeSet<SaleId> = others.map(|((sale, _), _)| sale.clone()).collect();
    if is_crowded(loaded) || others.len() > AMONG_MAX {
        return Ok(false);
    }
    let others: Vec<SaleId> = others.into_iter().collect();
    let others = night.store.list_sales_of(night.tenant, &others).await?;
    Ok(others.values().any(|sale| waits_for(sale, night.frames).next().is_some()))
}

#[cfg(test)]
mod tests {
    use domain::assess::ProgramRules;
    use domain::attribution::{Credit, PartnerTerms, Source};
    use domain::currency::Currency;
    use domain::fact::PaymentKey;
    use domain::id::{ProgramId, RuleId};
    use domain::money::Money;
    use domain::rule::{Metric, Milestone, Reward, RuleVersion, Terms};
    use domain::sale::{Decision, HoldReason};
    use domain::time::{BusinessDay, Timestamp, Zone};

    use super::*;
    use crate::adjust::counts_in::CountsIn;

    fn program() -> ProgramId {
        ProgramId::from_ulid(1_u128.into())
    }

    /// A programme with something to reach from the year 2026 on.
    fn frames() -> Frames {
        let milestone = |bonus| Milestone {
            name: "first".to_owned(),
            metric: Metric::Sales(1),
            currency: Currency::USD,
            bonus: Some(bonus),
            badge: None,
        };
        let reward = Reward::Flat(Money::from_minor(1, Currency::USD));
        let version = |id: u128, from: &str, milestones| RuleVersion {
            id: RuleId::from_ulid(id.into()),
            program: program(),
            effective_from: from.parse().expect("an instant"),
            terms: Terms { milestones, ..Terms::simple(reward.clone(), 30) },
        };
        let bonus = milestone(Money::from_minor(100, Currency::USD));
        let versions =
            vec![version(1, "2025-01-01T00:00:00Z", Vec::new()), version(2, "2026-01-01T00:00:00Z", vec![bonus])];
        [(program(), Frame { rules: ProgramRules { zone: Zone::utc(), versions }, close_lag_days: 3 })].into()
    }

    /// A held sale of a partner.
    fn held(at: &str, minor: i64) -> Sale {
        let at: Timestamp = at.parse().expect("an instant");
        let paid = Money::from_minor(minor, Currency::USD);
        let day = BusinessDay::parse("2026-11-21").expect("a day");
        let credit = Credit {
            partner: PartnerId::from_ulid(7_u128.into()),
            program: program(),
            source: Source::Manual,
            link: None,
            clicked_at: None,
            terms: PartnerTerms::default(),
            weight: 1,
        };
        let decision = Decision::one(credit);
        let plain = Sale::plain(PaymentKey::parse("stripe:in_1").expect("a key"), paid, at, day);
        Sale { decision, hold: Some(HoldReason::Manual), ..plain }
    }

    fn waiting(sale: Sale, (others, is_of_it): (usize, bool)) -> usize {
        let mut loaded = Loaded { sales: [(sale.id.clone(), sale)].into(), ..Loaded::default() };
        let partner = PartnerId::from_ulid(8_u128.into());
        let account = Account { partner: partner.clone(), currency: Currency::USD };
        loaded.others.sales.insert(account, others);
        if is_of_it {
            let counts = CountsIn::plain(Month::parse("2026-11").expect("a month"));
            loaded.counts_in.insert((SaleId::from_ulid(1_u128.into()), partner), counts);
        }
        of(&loaded, &frames()).count()
    }

    #[test]
    fn frd_4_what_may_add_to_its_month_waits_unless_an_account_has_very_many_sales() {
        assert_eq!(waiting(held("2026-11-21T00:00:00Z", 100), (AMONG_MAX, true)), 1);
        assert_eq!(waiting(held("2026-11-21T00:00:00Z", 100), (AMONG_MAX + 1, true)), 0, "very many");
        assert_eq!(waiting(held("2026-11-21T00:00:00Z", 100), (AMONG_MAX + 1, false)), 1, "of somebody else");
        // By its own version it adds nothing; its volume may count for what the other one has to reach.
        assert_eq!(waiting(held("2025-11-21T00:00:00Z", 100), (0, true)), 1);
        assert_eq!(waiting(held("2026-11-21T00:00:00Z", 0), (0, true)), 0, "nothing was paid");
        let decided = Sale { hold: None, ..held("2026-11-21T00:00:00Z", 100) };
        assert_eq!(waiting(decided, (0, true)), 0, "decided");
    }
}
