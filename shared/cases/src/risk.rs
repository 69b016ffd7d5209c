//! Signals of fraud: a person decides a review, and the night looks at a partner's habits.
//!
//! Money leaves `held` here by a person's word, or at the ledger's desk by another's. Nothing in this file, or called by
//! it, asks how long something has been held.

pub mod habits;
pub mod look;

use domain::audit::{ChainEnd, append};
use domain::commission::EarningReason;
use domain::fraud::review::{Deciding, Refused, Review, Step, Verdict};
use domain::id::{PartnerId, ReviewId};
use domain::line::Line;
use domain::retarget::{Booking, Marks, booked_targets, retarget};
use domain::sale::{HoldReason, Sale};
use store::partner_news::{PartnerNews, PartnerNewsKind};
use store::partners::PartnerStatus;
use store::risk::{DecidedReview, StoredReview, Suspension};
use store::sales::{NewSale, SaleWritten};
use store::{Store, StoreError, TenantKey};

use crate::error::CaseError;
use crate::fences::fences_of;

/// How often a decision that a booking raced is begun again.
const TRIES_MAX: usize = 8;

/// What became of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruled {
    /// It is done.
    Done(Box<Review>),
    /// The same person had decided the same before; nothing was written.
    Already(Box<Review>),
    /// There is no such review.
    NotFound,
    /// It is not possible.
    Refused(Refused),
    /// Another person decided at the same time.
    Overtaken,
}

/// The reviews of a sale: the first one, and behind each that is ended the one of partners at whom nobody had looked by then.
pub(crate) async fn reviews_of(store: &Store, tenant: &TenantKey, sale: &Sale) -> Result<Vec<Review>, StoreError> {
    let (mut reviews, mut no) = (Vec::<Review>::new(), 1_u32);
    while reviews.last().is_none_or(|review| review.ended().is_some()) {
        let Some(next) = store.get_review(tenant, &ReviewId::of_sale_no(&sale.id, no)).await? else { break };
        reviews.push(next.review);
        no = no.saturating_add(1);
    }
    Ok(reviews)
}

/// FRD-5: a person decides a review. The review, the sale with its lines and heads, what was stopped and the audit trail
/// change together, or not at all; of two who decide at once one wins.
///
/// # Errors
/// The store does not answer, amounts are out of range, or bookings raced each try.
pub async fn decide(store: &Store, tenant: &TenantKey, id: &ReviewId, deciding: &Deciding) -> Result<Ruled, CaseError> {
    let mut first_version = None;
    for _ in 0..TRIES_MAX {
        let Some(stored) = store.get_review(tenant, id).await? else { return Ok(Ruled::NotFound) };
        if stored.review.keeps(deciding) {
            // The client's own retry can report a failed condition for a write that succeeded.
            return Ok(Ruled::Done(Box::new(stored.review)));
        }
        if stored.review.ended().is_some_and(|(verdict, by)| verdict == deciding.verdict && by.by == deciding.by.id) {
            return Ok(Ruled::Already(Box::new(stored.review)));
        }
        if *first_version.get_or_insert(stored.version) != stored.version {
            return Ok(Ruled::Overtaken);
        }
        let step = match stored.review.clone().decide(deciding.clone()) {
            Ok(step) => step,
            Err(refused) => return Ok(Ruled::Refused(refused)),
        };
        if let Some(review) = write(store, tenant, &stored, step, deciding).await? {
            return Ok(Ruled::Done(Box::new(review)));
        }
    }
    Err(CaseError::Busy)
}

/// One try; `None` when others were faster.
async fn write(
    store: &Store,
    tenant: &TenantKey,
    before: &StoredReview,
    step: Step,
    deciding: &Deciding,
) -> Result<Option<Review>, CaseError> {
    let aggregate = step.review.id.to_string();
    let end = store.get_last_told(tenant, &aggregate).await?.map_or(ChainEnd::START, |entry| entry.end());
    let entry = append(end, &aggregate, step.deed);
    let sale = match step.review.subject.sale() {
        Some(id) => store.get_sale(tenant, id).await?,
        None => None,
    };
    let changed = match sale {
        Some(sale) => change(store, tenant, sale, deciding).await?,
        None => None,
    };
    let sale = changed.as_ref().map(|changed| {
        let (sale, lines) = (&changed.sale, changed.lines.as_slice());
        (changed.before, NewSale { sale, lines, aliases: &[], open_in: &[], meets: None, review: None })
    });
    let suspended = suspensions(store, tenant, &step.suspended, deciding).await?;
    let decided = DecidedReview { before, after: &step.review, entry: &entry, sale, suspended: &suspended };
    Ok(match store.decide_review(tenant, &decided).await? {
        SaleWritten::Yes => Some(step.review),
        SaleWritten::AlreadySeen | SaleWritten::BehindFence | SaleWritten::CustomerMet | SaleWritten::AliasTaken => {
            None
        }
    })
}

/// Whom a decision suspends, and what each of them is told: that they are, and the words that are for them. What the
/// reviewer noted is not: it would say what was noticed.
async fn suspensions(
    store: &Store,
    tenant: &TenantKey,
    partners: &[PartnerId],
    deciding: &Deciding,
) -> Result<Vec<Suspension>, CaseError> {
    let mut suspensions = Vec::with_capacity(partners.len());
    for partner in partners {
        let record = store.get_partner_record(tenant, partner).await?;
        let active = record.filter(|record| record.partner.status == PartnerStatus::Active);
        let news = active.map(|record| {
            let (kind, reason) = (PartnerNewsKind::PartnerSuspended, deciding.told_partner.clone());
            (record.version, PartnerNews { kind, program: None, reason, at: deciding.at })
        });
        suspensions.push(Suspension { partner: partner.clone(), news });
    }
    Ok(suspensions)
}

/// A sale whose money a decision moves.
struct ChangedSale {
    before: u64,
    sale: Sale,
    lines: Vec<Line>,
}

/// What a verdict does to a sale; `None` when nothing.
async fn change(
    store: &Store,
    tenant: &TenantKey,
    mut sale: Sale,
    deciding: &Deciding,
) -> Result<Option<ChangedSale>, CaseError> {
    let mut targets = booked_targets(&sale);
    if let Some(told) = &deciding.told_partner {
        // FRD-5: the partner reads it in the explanation of what is taken back.
        let note = format!("reviewer: {told}");
        targets.iter_mut().for_each(|target| target.trace.notes.push(note.clone()));
    }
    let cause = match deciding.verdict {
        Verdict::Watch => return Ok(None),
        // Held by a person as well, it stays held: whoever did that has the word.
        Verdict::Release if sale.hold != Some(HoldReason::Risk) => return Ok(None),
        Verdict::Release => EarningReason::Released,
        Verdict::Reject if sale.rejected => return Ok(None),
        Verdict::Reject => {
            sale.rejected = true;
            EarningReason::Rejected
        }
    };
    if sale.hold == Some(HoldReason::Risk) {
        sale.hold = None;
    }
    let fences = fences_of(store, tenant, &sale, &[]).await?;
    let booking = Booking {
        now: deciding.at,
        today: store.get_settings(tenant).await?.ledger_zone.day_of(deciding.at),
        occurred_at: deciding.at,
        cause,
        fence_of: &|account| fences.get(account).and_then(|head| head.fence),
        marks_of: &|account| fences.get(account).map(Marks::from).unwrap_or_default(),
    };
    let lines = retarget(&mut sale, &targets, &booking)?;
    let before = sale.version;
    sale.version += 1;
    Ok(Some(ChangedSale { before, sale, lines }))
}
