//! Reviews of signals of fraud, what stops a partner's payouts, and the marks by which a partner is known again.

mod marks;

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use domain::audit::AuditEntry;
use domain::fraud::Finding;
use domain::fraud::review::{Review, ReviewState, Subject, Traces, Verdict};
use domain::id::{PartnerId, ReviewId};
use domain::time::{Timestamp, sortable};
use serde::{Deserialize, Serialize};

use crate::desk::{BETWEEN, start_at};
use crate::item::{self, Attributes, number, text};
use crate::keys::Key;
use crate::partner_news::PartnerNews;
use crate::partners::{PartnerStatus, StatusChange};
use crate::registry::Entry;
use crate::request::{self, Range, Transacted, UpdateBuilder};
use crate::sales::{NewSale, SaleWritten};
use crate::{Page, Store, StoreError, TenantKey, Written};

/// A review as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredReview {
    /// The review.
    pub review: Review,
    /// How often it was written.
    pub version: u64,
}

#[derive(Serialize, Deserialize)]
struct ReviewItem {
    entity: String,
    v: u32,
    version: u64,
    id: ReviewId,
    subject: Subject,
    findings: Vec<Finding>,
    traces: Traces,
    opened_at: Timestamp,
    state: ReviewState,
    desk_pk: String,
    desk_sk: String,
}

impl ReviewItem {
    fn new(tenant: &TenantKey, review: &Review, version: u64) -> Self {
        Self {
            entity: "review".to_owned(),
            v: 1,
            version,
            id: review.id.clone(),
            subject: review.subject.clone(),
            findings: review.findings.clone(),
            traces: review.traces.clone(),
            opened_at: review.opened_at,
            state: review.state.clone(),
            desk_pk: tenant.reviews(review.state.word()),
            desk_sk: format!("{}#{}", sortable(review.opened_at), review.id),
        }
    }
}

impl From<ReviewItem> for StoredReview {
    fn from(item: ReviewItem) -> Self {
        let ReviewItem { version, id, subject, findings, traces, opened_at, state, .. } = item;
        Self { review: Review { id, subject, findings, traces, opened_at, state }, version }
    }
}

/// A decision about a review that is to be written, with everything that it changes.
#[derive(Clone, Debug)]
pub struct DecidedReview<'a> {
    /// The review as it was read.
    pub before: &'a StoredReview,
    /// The review after.
    pub after: &'a Review,
    /// What the audit trail says.
    pub entry: &'a AuditEntry,
    /// The sale whose commission changes, and its version as read.
    pub sale: Option<(u64, NewSale<'a>)>,
    /// The partners who are suspended.
    pub suspended: &'a [Suspension],
}

/// A partner whom a decision suspends.
#[derive(Clone, Debug)]
pub struct Suspension {
    /// Whom.
    pub partner: PartnerId,
    /// The mail to them, and the version in which they were read; none to whom is suspended already.
    pub news: Option<(u64, PartnerNews)>,
}

/// What was noticed about a sale, for the transaction that books it.
#[derive(Clone, Copy, Debug)]
pub enum ReviewPart<'a> {
    /// Something, for the first time: the review is opened.
    Opened(&'a Review),
    /// More than before: the review as read gives way to a graver one.
    Graver(&'a StoredReview, &'a Review),
}

impl Store {
    /// A review, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_review(&self, tenant: &TenantKey, id: &ReviewId) -> Result<Option<StoredReview>, StoreError> {
        let item: Option<ReviewItem> = self.get(&self.tables.core, &tenant.review(id), "reading a review").await?;
        Ok(item.map(StoredReview::from))
    }

    /// A page of the reviews in a state, newest first.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_reviews(
        &self,
        tenant: &TenantKey,
        state: &str,
        limit: i32,
        after: Option<&ReviewPlace>,
    ) -> Result<Page<StoredReview>, StoreError> {
        let desk = tenant.reviews(state);
        let start = after.map(|after| after.start(tenant, &desk));
        let page = self.list_desk::<ReviewItem>(&desk, limit, start, "listing the reviews").await?;
        let mut items: Vec<StoredReview> = page.items.into_iter().map(StoredReview::from).collect();
        // The index may lag behind a decision; the review itself does not.
        items.retain(|stored| stored.review.state.word() == state);
        Ok(Page { items, next: page.next })
    }

    /// A review that is of no sale is opened, with what it stops. `ConditionFailed` when there is one already.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn create_review(&self, tenant: &TenantKey, review: &Review) -> Result<Written, StoreError> {
        let items = self.new_review(tenant, review)?;
        Ok(written(&self.transact(items, "opening a review").await?))
    }

    /// More was noticed before anybody decided: the review as read gives way to a graver one, with what it stops.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn replace_review(
        &self,
        tenant: &TenantKey,
        before: &StoredReview,
        after: &Review,
    ) -> Result<Written, StoreError> {
        let items = self.noticed_more(tenant, before, after)?;
        Ok(written(&self.transact(items, "noticing more in a review").await?))
    }

    /// What was noticed, and what that stops, for the transaction of the sale.
    pub(crate) fn review_part(
        &self,
        tenant: &TenantKey,
        part: ReviewPart<'_>,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        match part {
            ReviewPart::Opened(review) => self.new_review(tenant, review),
            ReviewPart::Graver(before, after) => self.noticed_more(tenant, before, after),
        }
    }

    /// A review as read that gives way to a graver one, and what that stops, for the transaction of what made it.
    fn noticed_more(
        &self,
        tenant: &TenantKey,
        before: &StoredReview,
        after: &Review,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let mut items = vec![self.review_replaced(tenant, before, after)?];
        let stopped = before.review.stopped();
        for partner in after.stopped().iter().filter(|partner| !stopped.contains(partner)) {
            items.extend(self.new_stop(tenant, partner, &after.id)?);
        }
        Ok(items)
    }

    /// A person decides: the review as read, the audit trail, the sale with its lines and heads, what was stopped, who is
    /// suspended and told so, and what is learnt, in one transaction. `AlreadySeen` when review, sale or partner have
    /// changed since.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn decide_review(
        &self,
        tenant: &TenantKey,
        decided: &DecidedReview<'_>,
    ) -> Result<SaleWritten, StoreError> {
        let core = &self.tables.core;
        let (before, after) = (decided.before, decided.after);
        let mut items =
            vec![self.review_replaced(tenant, before, after)?, self.new_audit_entry(tenant, decided.entry)?];
        // What stops whom changes in one item a partner, and a transaction writes an item once.
        let mut stops: BTreeMap<&PartnerId, StopsChange> = BTreeMap::new();
        let stopped = if after.ended().is_some() { before.review.stopped() } else { Vec::new() };
        for partner in &stopped {
            items.push(request::delete_existing(core, &tenant.stop(partner, &after.id))?);
            stops.entry(partner).or_default().reviews -= 1;
        }
        if let Some((Verdict::Reject, how)) = after.ended() {
            // ATT-1: from now on; clicks of before keep what they bring.
            let change = StatusChange { at: how.at, status: PartnerStatus::Suspended };
            for Suspension { partner, news } in decided.suspended {
                let seen = news.as_ref().map(|(version, _)| *version);
                items.extend(self.partner_changed(tenant, partner, (seen, change))?);
                if let Some((version, news)) = news {
                    items.push(self.new_partner_news(tenant, (partner, version + 1), news)?);
                }
                stops.entry(partner).or_default().status = Some(change.status);
            }
        }
        for (partner, change) in stops {
            items.push(self.stops_changed(tenant, partner, change)?);
        }
        if let Some((Verdict::Reject, how)) = after.ended() {
            for (partner, mark) in after.lessons() {
                items.push(self.mark_recorded(tenant, &partner, &mark, how.at)?);
            }
        }
        let doing = "deciding a review";
        match &decided.sale {
            Some((version, sale)) => {
                items.extend(self.woken_by(tenant, sale.sale, sale.lines)?);
                self.change_sale(tenant, *version, sale, items, doing).await
            }
            None => Ok(match self.transact(items, doing).await? {
                Transacted::Yes => SaleWritten::Yes,
                Transacted::ConditionFailed(_) => SaleWritten::AlreadySeen,
            }),
        }
    }

    /// Is nothing to be paid to a partner until a person has decided a review? Strongly consistent.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn list_stops(&self, tenant: &TenantKey, partner: &PartnerId) -> Result<Vec<ReviewId>, StoreError> {
        let pk = tenant.partner_partition(partner);
        let found =
            self.list_attributes(&self.tables.core, &Range::prefix(&pk, STOP), "reading what stops payouts").await?;
        let read = |attributes: &Attributes| {
            let (pk, sk) = item::place_of(attributes);
            let id = ReviewId::parse(sk.strip_prefix(STOP).unwrap_or_default());
            id.map_err(|error| item::inconsistent(&Key { pk, sk }, error))
        };
        found.iter().map(read).collect()
    }

    /// A new review and what it stops, for the transaction of what made it.
    fn new_review(&self, tenant: &TenantKey, review: &Review) -> Result<Vec<TransactWriteItem>, StoreError> {
        let item = ReviewItem::new(tenant, review, 1);
        let mut items = vec![request::put_new(&self.tables.core, &tenant.review(&review.id), &item)?];
        for partner in review.stopped() {
            items.extend(self.new_stop(tenant, &partner, &review.id)?);
        }
        Ok(items)
    }

    fn review_replaced(
        &self,
        tenant: &TenantKey,
        before: &StoredReview,
        after: &Review,
    ) -> Result<TransactWriteItem, StoreError> {
        let item = ReviewItem::new(tenant, after, before.version + 1);
        request::replace(&self.tables.core, &tenant.review(&after.id), &item, before.version)
    }

    fn new_stop(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
        review: &ReviewId,
    ) -> Result<[TransactWriteItem; 2], StoreError> {
        let stop = request::put_new(&self.tables.core, &tenant.stop(partner, review), &Entry::of("stop"))?;
        let change = StopsChange { reviews: 1, ..StopsChange::default() };
        Ok([stop, self.stops_changed(tenant, partner, change)?])
    }

    /// FRD-4, PAY-16: how many reviews stop a partner's payouts, and whether the partner is suspended, in one item that
    /// the last step of a payout can make its condition: two would cost that step two units more.
    pub(crate) fn stops_changed(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
        change: StopsChange,
    ) -> Result<TransactWriteItem, StoreError> {
        let key = tenant.stops(partner);
        let update = UpdateBuilder::new(&self.tables.core, &key).add(STOPS, change.reviews);
        let update = match change.status {
            None => update,
            Some(PartnerStatus::Suspended) => update.set(SUSPENDED, AttributeValue::Bool(true)),
            Some(PartnerStatus::Active) => update.remove(SUSPENDED),
        };
        let update = match change.methods {
            None => update,
            Some(version) => update.set(METHODS, number(version)),
        };
        update.set("entity", text(STOPS)).set("v", number(1)).build_transact()
    }

    /// The condition that nothing stops a partner's payouts, and that their money still goes where the payout says
    /// (PAY-12), for the transaction in which one goes out.
    pub(crate) fn nothing_stops(
        &self,
        tenant: &TenantKey,
        partner: &PartnerId,
        methods: Option<u32>,
    ) -> Result<TransactWriteItem, StoreError> {
        let unchanged = (METHODS, methods.map(number));
        request::check_none(&self.tables.core, &tenant.stops(partner), (STOPS, SUSPENDED), unchanged)
    }
}

const STOP: &str = "stop#";
const STOPS: &str = "stops";
const SUSPENDED: &str = "suspended";
/// The version of the partner's payout methods; absent before the first.
const METHODS: &str = "methods";

/// What changes of what stops a partner's payouts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct StopsChange {
    /// How many reviews more, or fewer.
    pub(crate) reviews: i64,
    /// What the partner becomes.
    pub(crate) status: Option<PartnerStatus>,
    /// The version that their payout methods have from now on.
    pub(crate) methods: Option<u32>,
}

fn written(transacted: &Transacted) -> Written {
    match transacted {
        Transacted::Yes => Written::Yes,
        Transacted::ConditionFailed(_) => Written::ConditionFailed,
    }
}

/// Where a list of reviews goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewPlace {
    desk_sk: String,
    id: ReviewId,
}

impl ReviewPlace {
    /// The place of a review, as text that a URL carries as it is.
    #[must_use]
    pub fn text_of(review: &Review) -> String {
        format!("{}{BETWEEN}{}", sortable(review.opened_at), review.id)
    }

    /// Reads the place that a page answered as `next`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (at, id) = text.rsplit_once(BETWEEN)?;
        let is_instant = at.len() < 40 && !at.is_empty() && at.bytes().all(|byte| byte.is_ascii_graphic());
        let id = ReviewId::parse(id).ok().filter(|_| is_instant)?;
        Some(Self { desk_sk: format!("{at}#{id}"), id })
    }

    fn start(&self, tenant: &TenantKey, desk: &str) -> Attributes {
        start_at(&tenant.review(&self.id), desk, &self.desk_sk)
    }
}

#[cfg(test)]
mod tests;
