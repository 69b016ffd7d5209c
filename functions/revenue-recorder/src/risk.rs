//! What is noticed about a sale before it is booked. Hashes only, and only what the sale itself gives reason to read.

use domain::attribution::customer::Customer;
use domain::digest::Digest;
use domain::fact::{Buyer, CustomerSeen, SalePaid};
use domain::fraud::Finding;
use domain::fraud::marks::OwnMarks;
use domain::fraud::purchase::{Landing, Purchase, signals};
use domain::fraud::review::{Review, Traces};
use domain::sale::{HoldReason, Sale};
use domain::time::Timestamp;
use domain::touch::{DeviceHash, Touch, VisitorHash};
use store::StoreError;
use store::risk::StoredReview;

use crate::booking::Recorder;

const DAY_MS: i64 = 24 * 3_600_000;
/// How long it is known where a partner worked from, and the day before that begins with it.
const SESSION_DAYS_MS: i64 = 3 * DAY_MS;

/// What came with a sale, or with the check-out that decides it, of whoever pays.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'a> {
    email: Option<Digest>,
    buyer: &'a Buyer,
    click_token: Option<&'a str>,
}

impl<'a> From<&'a SalePaid> for Seen<'a> {
    fn from(paid: &'a SalePaid) -> Self {
        Self { email: paid.email, buyer: &paid.buyer, click_token: paid.click_token.as_deref() }
    }
}

impl<'a> From<&'a CustomerSeen> for Seen<'a> {
    fn from(seen: &'a CustomerSeen) -> Self {
        Self { email: seen.email, buyer: &seen.buyer, click_token: seen.click_token.as_deref() }
    }
}

/// What is noticed about a sale that is decided once more.
pub(crate) enum Noticed {
    /// Nothing, or nothing new.
    Nothing,
    /// Something, for the first time.
    First(Box<Review>),
    /// More than the review of before tells: as it is kept, and as it is from now on.
    More(Box<(StoredReview, Review)>),
}

impl Noticed {
    /// The review that is opened.
    pub(crate) fn first(&self) -> Option<&Review> {
        if let Self::First(review) = self { Some(review) } else { None }
    }

    /// The review that gives way to a graver one, and that.
    pub(crate) fn more(&self) -> Option<(&StoredReview, &Review)> {
        if let Self::More(more) = self { Some((&more.0, &more.1)) } else { None }
    }
}

impl Recorder<'_> {
    /// FRD-4: looks at a decided sale that is not booked yet, for each partner who is credited. From the hold band on it
    /// is held before its first line is written; the review goes into the transaction of the booking.
    pub(crate) async fn look_for_fraud(
        &self,
        sale: &mut Sale,
        seen: Seen<'_>,
        customer: Option<&Customer>,
    ) -> Result<Option<Review>, StoreError> {
        let credits = sale.decision.credits();
        if credits.is_empty() {
            return Ok(None);
        }
        let touches = self.touches_of(seen, customer);
        let touches = touches.as_slice();
        let (mut findings, mut visitor) = (Vec::new(), None);
        for credit in credits {
            let landing = match credited(touches, credit) {
                Some(touch) => {
                    visitor = visitor.or_else(|| visitor_of(touch, sale.occurred_at));
                    self.landing_of(touch).await?
                }
                None => None,
            };
            let own = self.own_marks(&credit.partner, seen, touches).await?;
            let purchase = Purchase {
                occurred_at: sale.occurred_at,
                email: seen.email,
                buyer: seen.buyer,
                touches,
                credit,
                landing: landing.as_ref(),
                own: &own,
            };
            findings.push(Finding { partner: credit.partner.clone(), signals: signals(&purchase, self.policy) });
        }
        // FRD-2: by this the night sees that several customers came from one address.
        sale.visitor = visitor;
        let traces = Traces { email: seen.email, paid_from: seen.buyer.paid_from };
        let review = Review::of_sale(&sale.id, findings, traces, self.now);
        if review.as_ref().is_some_and(Review::holds_sale) && sale.hold.is_none() {
            sale.hold = Some(HoldReason::Risk);
        }
        Ok(review)
    }

    /// FRD-4: looks at a sale that is decided once more, and that may have a review from the time before. What was noticed
    /// then stays noticed; FRD-5: what a person ended stays ended, and nothing is held that nobody could release.
    pub(crate) async fn look_again(
        &self,
        sale: &mut Sale,
        seen: Seen<'_>,
        customer: Option<&Customer>,
    ) -> Result<Noticed, StoreError> {
        let held = sale.hold;
        let Some(review) = self.look_for_fraud(sale, seen, customer).await? else { return Ok(Noticed::Nothing) };
        let Some(known) = self.store.get_review(self.tenant, &review.id).await? else {
            return Ok(Noticed::First(Box::new(review)));
        };
        if known.review.ended().is_some() {
            sale.hold = held;
            return Ok(Noticed::Nothing);
        }
        let Some(after) = known.review.with_more(&review) else { return Ok(Noticed::Nothing) };
        if after.holds_sale() && sale.hold.is_none() {
            sale.hold = Some(HoldReason::Risk);
        }
        Ok(Noticed::More(Box::new((known, after))))
    }

    /// The visits that brought the buyer: those of the token that came along, and those that their customer is known by.
    /// Most sales of a subscription come without a token: their check-out had it.
    fn touches_of(&self, seen: Seen<'_>, customer: Option<&Customer>) -> Vec<Touch> {
        let token = seen.click_token.and_then(|token| self.keys.verify(token).ok()).unwrap_or_default();
        let mut touches = token.as_slice().to_vec();
        for known in customer.into_iter().flat_map(|customer| &customer.sightings) {
            let touch = &known.candidate;
            let (Some(link), Some(visitor)) = (&touch.link, touch.visitor) else { continue };
            let touch = Touch { at: touch.at, link: link.clone(), visitor };
            if !touches.contains(&touch) {
                touches.push(touch);
            }
        }
        touches
    }

    async fn landing_of(&self, touch: &Touch) -> Result<Option<Landing>, StoreError> {
        let click = self.store.get_click(self.tenant, &touch.link, touch.at, touch.visitor).await?;
        Ok(click.map(|click| Landing {
            referrer_host: click.referrer_host,
            paid_traffic: click.paid_traffic,
            device: click.device.as_deref().and_then(DeviceHash::parse),
        }))
    }

    async fn own_marks(
        &self,
        partner: &domain::id::PartnerId,
        seen: Seen<'_>,
        touches: &[Touch],
    ) -> Result<OwnMarks, StoreError> {
        let mut own = OwnMarks::default();
        if seen.email.is_some() || seen.buyer.paid_from.is_some() {
            own.marks = self.store.list_marks(self.tenant, partner).await?.into_iter().collect();
        }
        if touches.iter().any(|touch| is_of_late(touch, self.now)) {
            own.sessions = self.store.list_sessions(self.tenant, partner, self.now).await?;
        }
        Ok(own)
    }
}

/// The touch whose click is credited. Cut to the millisecond, as the token has it.
fn credited<'a>(touches: &'a [Touch], credit: &domain::attribution::Credit) -> Option<&'a Touch> {
    let clicked_ms = credit.clicked_at?.as_millisecond();
    touches.iter().find(|touch| Some(&touch.link) == credit.link.as_ref() && touch.at.as_millisecond() == clicked_ms)
}

/// Who clicked, where the sale came within a day of it. Renewals carry their first click along: it says nothing new.
fn visitor_of(touch: &Touch, occurred_at: Timestamp) -> Option<VisitorHash> {
    let elapsed_ms = occurred_at.as_millisecond() - touch.at.as_millisecond();
    (elapsed_ms < DAY_MS && touch.visitor != VisitorHash::NOBODY).then_some(touch.visitor)
}

/// Could it still be known where the partner worked from on the day of the touch?
fn is_of_late(touch: &Touch, now: Timestamp) -> bool {
    touch.visitor != VisitorHash::NOBODY && now.as_millisecond() - touch.at.as_millisecond() < SESSION_DAYS_MS
}
