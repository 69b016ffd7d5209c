//! V10 for what people did to single sales, and V9 for what they did to single accounts: it is told, and was approved.

use domain::adjustment::{AdjustmentState, Change, RELEASED_BY, ReleaseHalf, returned_key};
use domain::attribution::Source;
use domain::attribution::customer::is_by_a_person;
use domain::audit::{AuditEntry, ChainEnd, check_chain};
use domain::award::AwardState;
use domain::entry::{Entry, EntryKind};
use domain::fraud::review::ReviewState;
use domain::id::{AdjustmentId, AwardId, EntryId};
use domain::line::{LineKind, Place};
use domain::payout::carry::CarryHalf;
use domain::sale::{HoldReason, Sale};
use store::{Store, TenantKey};

use super::Found;
use crate::error::CaseError;

/// The trail of a sale that a person may have changed. Answers how many entries it has.
pub(super) async fn of_sale(
    store: &Store,
    tenant: &TenantKey,
    sale: &Sale,
    found: &mut Found,
) -> Result<u64, CaseError> {
    let was_moved = sale.lines.iter().any(|line| line.kind == LineKind::HoldMove);
    let by_hand = |source: Source| matches!(source, Source::Manual | Source::Claim);
    let was_given = sale.decision.credits().iter().any(|credit| by_hand(credit.source));
    let was_decided = is_by_a_person(&sale.decision);
    if !(was_moved || was_given || was_decided || sale.rejected || sale.hold.is_some()) {
        return Ok(0);
    }
    // Only a person holds by hand, credits by hand, or rejects, and says so; a rejection by a review is told there.
    let must_be = sale.hold == Some(HoldReason::Manual)
        || was_decided
        || (sale.rejected && !is_rejected_by_review(store, tenant, sale).await?);
    Ok(of(store, tenant, sale.id.as_str(), must_be, found).await?.len() as u64)
}

async fn is_rejected_by_review(store: &Store, tenant: &TenantKey, sale: &Sale) -> Result<bool, CaseError> {
    let reviews = crate::risk::reviews_of(store, tenant, sale).await?;
    Ok(reviews.iter().any(|review| matches!(review.state, ReviewState::Rejected { .. })))
}

/// What a person did to an account is a change that is booked, and that another person approved where it takes one.
pub(super) async fn of_entry(
    store: &Store,
    tenant: &TenantKey,
    entry: &Entry,
    found: &mut Found,
) -> Result<(), CaseError> {
    let kind = match entry.kind {
        EntryKind::Award | EntryKind::AwardWithdrawn => return of_award(store, tenant, entry, found).await,
        EntryKind::Released => return of_release(store, tenant, entry, found).await,
        EntryKind::Carry => return of_carry(store, tenant, entry, found).await,
        EntryKind::ManualAdjustment => "correction",
        EntryKind::WriteOff => "write_off",
        EntryKind::FxOut | EntryKind::FxIn => "exchange",
        _ => return Ok(()),
    };
    let id = entry.key.split_once('/').and_then(|(_, id)| AdjustmentId::parse(id).ok());
    let Some(id) = id else {
        found.tell("V9", entry.id.to_string(), format!("a {kind}"), entry.key.clone());
        return Ok(());
    };
    of_change(store, tenant, (kind, &id), entry, found).await?;
    Ok(())
}

/// The change behind an entry is booked, by as many people as it takes. Answers it.
async fn of_change(
    store: &Store,
    tenant: &TenantKey,
    (kind, id): (&str, &AdjustmentId),
    entry: &Entry,
    found: &mut Found,
) -> Result<Option<Change>, CaseError> {
    let change = store.get_adjustment(tenant, kind, id).await?.map(|stored| stored.adjustment);
    let told = change.as_ref().map(|change| change.state.word());
    found.expect("V9", || format!("the {kind} behind {}", entry.id), Some("booked"), told);
    if let Some(change) = &change
        && let AdjustmentState::Booked { approved_by } = &change.state
    {
        // LED-7: four eyes, and not two of them twice. Above which amount is a setting that may have changed since.
        let must_be_approved = change.change.needs_a_second_person(u32::MAX);
        let is_approved = approved_by.as_ref().is_some_and(|by| *by != change.requested_by.id);
        let may_go_alone = !must_be_approved && approved_by.is_none();
        found.expect("V9", || format!("who approved {id}"), true, is_approved || may_go_alone);
    }
    Ok(change.map(|change| change.change))
}

/// PAY-9: what is released came back: of a payout of this account that was returned, as much as came, both halves of it,
/// by a change that says the same.
async fn of_release(store: &Store, tenant: &TenantKey, entry: &Entry, found: &mut Found) -> Result<(), CaseError> {
    let by = entry.notes.iter().find_map(|note| AdjustmentId::parse(note.strip_prefix(RELEASED_BY)?).ok());
    let Some(((half, payout), id)) = ReleaseHalf::parse(&entry.key).zip(by) else {
        found.tell("V9", entry.id.to_string(), "a release".to_owned(), entry.key.clone());
        return Ok(());
    };
    let size = if half == ReleaseHalf::Out { entry.amount.negate()? } else { entry.amount };
    let change = of_change(store, tenant, ("release", &id), entry, found).await?;
    let asked = Some(Change::Release { payout: payout.clone(), amount: size });
    found.expect("V9", || format!("the release behind {}", entry.id), asked, change);
    let other = store.get_entry(tenant, &EntryId::of(&half.other().key(&payout))).await?;
    let opposite = other.map(|other| (other.account, other.amount));
    let expected = Some((entry.account.clone(), entry.amount.negate()?));
    found.expect("V1", || format!("the other half of {}", entry.id), expected, opposite);
    let back = store.get_entry(tenant, &EntryId::of(&returned_key(&payout))).await?;
    let back = back.map(|back| (back.account, back.amount, back.place));
    let expected = Some((entry.account.clone(), size, Place::Held));
    found.expect("V9", || format!("what came back of {payout}"), expected, back);
    Ok(())
}

/// PAY-1: what is carried past a payout is a payout's, of this account, in the last slot that it covers and the one behind;
/// and what left the one is in the other.
async fn of_carry(store: &Store, tenant: &TenantKey, entry: &Entry, found: &mut Found) -> Result<(), CaseError> {
    let Some((half, id)) = CarryHalf::parse(&entry.key) else {
        found.tell("V9", entry.id.to_string(), "a rest of a payout".to_owned(), entry.key.clone());
        return Ok(());
    };
    let payout = store.get_payout(tenant, &id).await?.map(|stored| stored.payout);
    let stands = payout.and_then(|payout| Some((payout.account(), Place::Slot(half.slot(payout.to)?))));
    let here = Some((entry.account.clone(), entry.place));
    found.expect("V9", || format!("the payout behind {}", entry.id), stands, here);
    found.expect("V1", || format!("the sign of {}", entry.id), half == CarryHalf::Out, entry.amount.is_negative());
    let other = store.get_entry(tenant, &EntryId::of(&half.other().key(&id))).await?;
    let other = other.map(|other| (other.account, other.amount));
    let expected = Some((entry.account.clone(), entry.amount.negate()?));
    found.expect("V1", || format!("the other half of {}", entry.id), expected, other);
    Ok(())
}

/// AWD-3: what an award books is an award's, of this account and this amount; what takes it back, of one that is withdrawn.
async fn of_award(store: &Store, tenant: &TenantKey, entry: &Entry, found: &mut Found) -> Result<(), CaseError> {
    let id = entry.key.split_once('/').and_then(|(_, id)| AwardId::parse(id).ok());
    let award = match id {
        Some(id) => store.get_award(tenant, &id).await?.map(|stored| stored.award),
        None => None,
    };
    let takes_back = entry.kind == EntryKind::AwardWithdrawn;
    let asked = award.as_ref().map(|award| {
        let taken = || award.taken_back("", Place::Held, award.moved_at).map(|entry| entry.amount);
        let amount = if takes_back { taken() } else { Ok(award.gross) };
        (award.account(), amount.ok())
    });
    let booked = Some((entry.account.clone(), Some(entry.amount)));
    found.expect("V9", || format!("the award behind {}", entry.id), asked, booked);
    if let (true, Some(award)) = (takes_back, award) {
        let is_withdrawn = matches!(award.state, AwardState::Withdrawn { .. });
        found.expect("V9", || format!("whether {} is withdrawn", award.id), true, is_withdrawn);
    }
    Ok(())
}

/// A trail that is whole, and there where one must be. Answers it.
pub(super) async fn of(
    store: &Store,
    tenant: &TenantKey,
    aggregate: &str,
    must_be: bool,
    found: &mut Found,
) -> Result<Vec<AuditEntry>, CaseError> {
    let entries = store.list_audit(tenant, aggregate).await?;
    let end = entries.last().map_or(ChainEnd::START, AuditEntry::end);
    found.expect("V10", || format!("audit of {aggregate}"), Ok(end), check_chain(aggregate, &entries));
    if must_be && entries.is_empty() {
        found.tell("V10", format!("audit of {aggregate}"), "who did it, and why".to_owned(), "nothing".to_owned());
    }
    Ok(entries)
}
