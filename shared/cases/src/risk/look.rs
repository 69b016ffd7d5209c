//! The look for fraud at a sale, for each partner who is credited with it: the same one whenever that comes about, at its
//! booking, when its customer is met, by a person's word, or in the night. Hashes only, and only what gives reason to read.

use std::collections::BTreeSet;

use domain::attribution::Credit;
use domain::attribution::customer::Customer;
use domain::digest::Digest;
use domain::fact::Buyer;
use domain::fraud::Finding;
use domain::fraud::marks::OwnMarks;
use domain::fraud::policy::Policy;
use domain::fraud::purchase::{Landing, Purchase, signals};
use domain::fraud::review::{Review, Traces};
use domain::id::PartnerId;
use domain::sale::{HoldReason, Sale};
use domain::time::Timestamp;
use domain::touch::{DeviceHash, Touch, VisitorHash};
use store::risk::{ReviewPart, StoredReview};
use store::{Store, StoreError, TenantKey};

const DAY_MS: i64 = 24 * 3_600_000;
/// How long it is known where a partner worked from, and the day before that begins with it.
const SESSION_DAYS_MS: i64 = 3 * DAY_MS;

/// Who looks: by which points, and when.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    /// The store.
    pub store: &'a Store,
    /// Whose.
    pub tenant: &'a TenantKey,
    /// What each signal weighs.
    pub policy: &'a Policy,
    /// The present.
    pub now: Timestamp,
}

/// What came with a sale, or with the check-out that decides it, of whoever pays.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Digest of the normalised e-mail.
    pub email: Option<Digest>,
    /// What else is known of the buyer.
    pub buyer: Buyer,
    /// The visits that the token tells of which came along.
    pub touches: Vec<Touch>,
}

/// What is noticed about a sale that is decided once more.
pub enum Noticed {
    /// Nothing, or nothing new.
    Nothing,
    /// Something, for the first time.
    First(Box<Review>),
    /// More than the review of before tells: as it is kept, and as it is from now on.
    More(Box<(StoredReview, Review)>),
}

impl Noticed {
    /// What of it goes into the transaction of the sale.
    #[must_use]
    pub fn part(&self) -> Option<ReviewPart<'_>> {
        match self {
            Self::Nothing => None,
            Self::First(review) => Some(ReviewPart::Opened(review)),
            Self::More(more) => Some(ReviewPart::Graver(&more.0, &more.1)),
        }
    }
}

impl Look<'_> {
    /// FRD-4: looks at a decided sale that is not booked yet. From the hold band on it is held before its first line is
    /// written; the review goes into the transaction of the booking.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn at_first(
        &self,
        sale: &mut Sale,
        seen: Seen,
        customer: Option<&Customer>,
    ) -> Result<Option<Review>, StoreError> {
        let review = self.find(sale, &[seen], customer).await?;
        if review.as_ref().is_some_and(Review::holds_sale) && sale.hold.is_none() {
            sale.hold = Some(HoldReason::Risk);
        }
        Ok(review)
    }

    /// FRD-4: looks at a sale that is decided once more, by what is kept of its own buyer and by what came with the
    /// check-out that decides it, if one does. There may be a review from the time before: what was noticed then stays
    /// noticed; FRD-5: what a person ended stays ended for those at whom they looked, and whoever else is noticed gets a
    /// review of their own.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn again(
        &self,
        sale: &mut Sale,
        seen: Option<Seen>,
        customer: Option<&Customer>,
    ) -> Result<Noticed, StoreError> {
        let own = Seen { email: sale.email, buyer: sale.buyer.clone(), touches: Vec::new() };
        let seen: Vec<Seen> = seen.into_iter().chain([own]).collect();
        let Some(mut review) = self.find(sale, &seen, customer).await? else { return Ok(Noticed::Nothing) };
        let mut known = self.store.get_review(self.tenant, &review.id).await?;
        let (mut looked_at, mut no) = (BTreeSet::new(), 1_u32);
        // Each further review is made behind one that was ended: so this comes to an end.
        while let Some(ended) = known.as_ref().filter(|known| known.review.ended().is_some()) {
            looked_at.extend(ended.review.partners());
            no = no.saturating_add(1);
            let Some(others) = review.of_others(&looked_at, no) else { return Ok(Noticed::Nothing) };
            review = others;
            known = self.store.get_review(self.tenant, &review.id).await?;
        }
        let graver = known.as_ref().map_or(Some(review.clone()), |known| known.review.with_more(&review));
        let holds = [Some(&review), graver.as_ref()].into_iter().flatten().any(Review::holds_sale);
        if holds && sale.hold.is_none() {
            sale.hold = Some(HoldReason::Risk);
        }
        Ok(match (known, graver) {
            (_, None) => Noticed::Nothing,
            (None, Some(review)) => Noticed::First(Box::new(review)),
            (Some(known), Some(graver)) => Noticed::More(Box::new((known, graver))),
        })
    }

    /// What is noticed about a sale for each partner who is credited; `None` when nothing is.
    async fn find(
        &self,
        sale: &mut Sale,
        seen: &[Seen],
        customer: Option<&Customer>,
    ) -> Result<Option<Review>, StoreError> {
        if sale.decision.credits().is_empty() {
            return Ok(None);
        }
        let touches = touches_of(seen, customer);
        let (mut findings, mut visitor) = (Vec::new(), None);
        for credit in sale.decision.credits() {
            let landing = match credited(&touches, credit) {
                Some(touch) => {
                    visitor = visitor.or_else(|| visitor_of(touch, sale.occurred_at));
                    self.landing_of(touch).await?
                }
                None => None,
            };
            let own = self.own_marks(&credit.partner, seen, &touches).await?;
            let mut finding = Finding { partner: credit.partner.clone(), signals: Vec::new() };
            for seen in seen {
                let purchase = Purchase {
                    occurred_at: sale.occurred_at,
                    email: seen.email,
                    buyer: &seen.buyer,
                    touches: &touches,
                    credit,
                    landing: landing.as_ref(),
                    own: &own,
                };
                finding.add(&signals(&purchase, self.policy));
            }
            findings.push(finding);
        }
        // FRD-2: by this the night sees that several customers came from one address.
        sale.visitor = visitor;
        let traces = Traces {
            email: seen.iter().find_map(|seen| seen.email),
            paid_from: seen.iter().find_map(|seen| seen.buyer.paid_from),
        };
        Ok(Review::of_sale(&sale.id, findings, traces, self.now))
    }

    async fn landing_of(&self, touch: &Touch) -> Result<Option<Landing>, StoreError> {
        let click = self.store.get_click(self.tenant, &touch.link, touch.at, touch.visitor).await?;
        Ok(click.map(|click| Landing {
            referrer_host: click.referrer_host,
            paid_traffic: click.paid_traffic,
            device: click.device.as_deref().and_then(DeviceHash::parse),
        }))
    }

    async fn own_marks(&self, partner: &PartnerId, seen: &[Seen], touches: &[Touch]) -> Result<OwnMarks, StoreError> {
        let mut own = OwnMarks::default();
        if seen.iter().any(|seen| seen.email.is_some() || seen.buyer.paid_from.is_some()) {
            own.marks = self.store.list_marks(self.tenant, partner).await?.into_iter().collect();
        }
        if touches.iter().any(|touch| is_of_late(touch, self.now)) {
            own.sessions = self.store.list_sessions(self.tenant, partner, self.now).await?;
        }
        Ok(own)
    }
}

/// The visits that brought the buyer: those of the tokens that came along, and those that their customer is known by.
/// Most sales of a subscription come without a token: their check-out had it.
fn touches_of(seen: &[Seen], customer: Option<&Customer>) -> Vec<Touch> {
    let mut touches: Vec<Touch> = seen.iter().flat_map(|seen| seen.touches.iter().cloned()).collect();
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

/// The touch whose click is credited. Cut to the millisecond, as the token has it.
fn credited<'a>(touches: &'a [Touch], credit: &Credit) -> Option<&'a Touch> {
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
