//! One page of the queue: reviews of a state, newest first, of one band where that is asked for.

use domain::fraud::Band;
use store::risk::{ReviewPlace, StoredReview};
use store::{Page, StoreError, TenantKey};

use crate::App;

/// How many requests one page may cost: a page that finds too few by then says where to go on.
const READS_MAX: usize = 10;

/// What is asked for.
pub(super) struct Asked<'a> {
    /// The word of the state.
    pub(super) status: &'a str,
    /// The band; every one when none.
    pub(super) band: Option<Band>,
    /// How many.
    pub(super) limit: usize,
    /// Behind which review to begin.
    pub(super) after: Option<ReviewPlace>,
}

/// The page.
pub(super) async fn page(app: &App, tenant: &TenantKey, asked: Asked<'_>) -> Result<Page<StoredReview>, StoreError> {
    let Asked { status, band, limit, mut after } = asked;
    let at_once = i32::try_from(limit).unwrap_or(i32::MAX);
    let (mut items, mut next) = (Vec::new(), None);
    for _ in 0..READS_MAX {
        let read = app.store.list_reviews(tenant, status, at_once, after.as_ref()).await?;
        next = read.next;
        let mut left = read.items.into_iter();
        for stored in left.by_ref() {
            if band.is_some_and(|band| band != stored.review.band()) {
                continue;
            }
            let place = ReviewPlace::text_of(&stored.review);
            items.push(stored);
            if items.len() == limit {
                // What was read behind the last one of the page is read again by the next.
                let is_end = left.len() == 0 && next.is_none();
                return Ok(Page { items, next: (!is_end).then_some(place) });
            }
        }
        after = next.as_deref().and_then(ReviewPlace::parse);
        if after.is_none() {
            break;
        }
    }
    Ok(Page { items, next })
}
