//! What the night notices of a partner: many sales together say what no single one does.

use domain::attribution::Source;
use domain::fraud::Reason;
use domain::fraud::Signal;
use domain::fraud::habits::{HabitSale, signals};
use domain::fraud::marks::{Mark, day_of};
use domain::fraud::policy::Policy;
use domain::fraud::review::Review;
use domain::id::PartnerId;
use domain::sale::Sale;
use domain::time::Timestamp;
use store::{Store, TenantKey, Written};

use crate::error::CaseError;

/// How often a review that others raced is looked at again.
const TRIES_MAX: usize = 4;

/// FRD-2: looks at a partner's sales of the open periods and opens, or makes graver, the review of the month in which the
/// newest of them happened. Looking again changes nothing; what a person ended stays ended for that month.
///
/// # Errors
/// The store does not answer, or others raced each try.
pub async fn review(
    store: &Store,
    tenant: &TenantKey,
    partner: &PartnerId,
    sales: &[&Sale],
    now: Timestamp,
) -> Result<Option<Review>, CaseError> {
    let Some(newest) = sales.iter().map(|sale| sale.occurred_at).max() else { return Ok(None) };
    let policy = store.get_settings(tenant).await?.risk;
    let seen: Vec<HabitSale> = sales.iter().filter_map(|sale| habit(sale, partner)).collect();
    let month: String = day_of(newest).chars().take(6).collect();
    notice(store, tenant, partner, &format!("habits/{month}"), signals(&seen, &policy), now).await
}

/// FRD-3: marks of a partner are recorded, and another partner with the same one is noticed.
///
/// # Errors
/// The store does not answer, or others raced each try.
pub async fn record_marks(
    store: &Store,
    tenant: &TenantKey,
    partner: &PartnerId,
    marks: &[Mark],
    now: Timestamp,
) -> Result<Option<Review>, CaseError> {
    store.record_marks(tenant, partner, marks, now).await?;
    let mut shared = Vec::new();
    for mark in marks.iter().filter(|mark| mark.kind.is_of_one_partner()) {
        // Read after the write: of two partners made at once at least the later one sees the other.
        let others = store.list_marked(tenant, mark).await?;
        if others.iter().any(|other| other != partner) {
            shared.push(mark.kind.word());
        }
    }
    let policy = if shared.is_empty() { Policy::default() } else { store.get_settings(tenant).await?.risk };
    let detail = format!("another partner has the same {}", shared.join(" and "));
    let found = (!shared.is_empty()).then(|| policy.signal(Reason::DuplicatePartner, detail)).flatten();
    notice(store, tenant, partner, "duplicate", found.into_iter().collect(), now).await
}

async fn notice(
    store: &Store,
    tenant: &TenantKey,
    partner: &PartnerId,
    cause: &str,
    signals: Vec<Signal>,
    now: Timestamp,
) -> Result<Option<Review>, CaseError> {
    let Some(review) = Review::of_partner(partner, cause, signals, now) else { return Ok(None) };
    for _ in 0..TRIES_MAX {
        let (written, after) = match store.get_review(tenant, &review.id).await? {
            None => (store.create_review(tenant, &review).await?, review.clone()),
            Some(before) => match before.review.with_more(&review) {
                None => return Ok(Some(before.review)),
                Some(graver) => (store.replace_review(tenant, &before, &graver).await?, graver),
            },
        };
        if written == Written::Yes {
            tracing::warn!(review.id = %after.id, partner.id = %partner, score = after.score(), "signals of fraud noticed");
            return Ok(Some(after));
        }
    }
    Err(CaseError::Busy)
}

/// A sale as far as habits go; `None` when it is not credited to the partner.
fn habit(sale: &Sale, partner: &PartnerId) -> Option<HabitSale> {
    let credit = sale.decision.credits().iter().find(|credit| credit.partner == *partner)?;
    Some(HabitSale {
        occurred_at: sale.occurred_at,
        customer: sale.customer.clone(),
        clicked_at: credit.clicked_at.filter(|_| credit.source == Source::Click),
        visitor: sale.visitor,
        is_paid: !sale.paid.is_zero(),
        is_returned: sale.is_wholly_reversed(),
    })
}
