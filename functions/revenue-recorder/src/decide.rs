//! Who brought the customer of a sale: what came with it is looked up, merged into what is known, and decided.

use domain::attribution::candidate::{Candidate, CandidateTarget};
use domain::attribution::customer::{Customer, Meeting, Mention};
use domain::attribution::{LossReason, Source};
use domain::digest::Digest;
use domain::fact::{CustomerSeen, PaymentKey, SalePaid, SaleType};
use domain::fraud::marks::{MarkKind, OwnMarks};
use domain::id::{PartnerId, ProgramId, SaleId};
use domain::sale::Decision;
use domain::time::Timestamp;
use domain::touch::{Touch, VisitorHash};
use store::StoreError;
use store::coupons::CouponCode;
use store::customers::{CustomerChange, LeadsRead};

use crate::booking::Recorder;

/// What a sale or check-out brings that may say who brought the customer.
#[derive(Clone, Copy)]
pub(crate) struct Evidence<'a> {
    pub(crate) at: Timestamp,
    pub(crate) by: &'a PaymentKey,
    pub(crate) click_token: Option<&'a str>,
    pub(crate) coupon: Option<&'a str>,
    pub(crate) email: Option<Digest>,
}

impl<'a> From<&'a SalePaid> for Evidence<'a> {
    fn from(paid: &'a SalePaid) -> Self {
        Self {
            at: paid.occurred_at,
            by: &paid.payment,
            click_token: paid.click_token.as_deref(),
            coupon: paid.traits.coupon.as_deref(),
            email: paid.email,
        }
    }
}

impl<'a> From<&'a CustomerSeen> for Evidence<'a> {
    fn from(seen: &'a CustomerSeen) -> Self {
        Self {
            at: seen.occurred_at,
            by: &seen.event,
            click_token: seen.click_token.as_deref(),
            coupon: seen.coupon.as_deref(),
            email: seen.email,
        }
    }
}

/// A customer as they were read, and what a fact makes of them.
pub(crate) struct Found {
    key: PaymentKey,
    before: Option<u64>,
    after: Customer,
    is_news: bool,
    relies_on: Vec<LeadsRead>,
    moves: Vec<PartnerId>,
}

impl Found {
    /// What is to be written of them.
    pub(crate) fn change(&self) -> CustomerChange<'_> {
        let Self { key, before, after, is_news, relies_on, moves } = self;
        CustomerChange { key, before: *before, after: is_news.then_some(after), relies_on, moves }
    }

    /// Is anything of them news?
    pub(crate) fn is_news(&self) -> bool {
        self.is_news
    }

    /// COM-3: a sale of theirs is decided so in the end.
    pub(crate) fn credit(&mut self, decision: &Decision) {
        if self.after.credit(decision) && !self.is_news {
            self.is_news = true;
            self.after.version += 1;
        }
    }

    /// What is known of them from now on.
    pub(crate) fn customer(&self) -> &Customer {
        &self.after
    }
}

impl Recorder<'_> {
    /// The decision for a sale, and its customer as found and changed by it. A guest is decided by the sale alone.
    pub(crate) async fn decide(&self, paid: &SalePaid) -> Result<(Decision, Option<Found>), StoreError> {
        let evidence = Evidence::from(paid);
        let Some(key) = &paid.customer else { return self.decide_guest(paid, &evidence).await };
        let known = self.store.get_customer(self.tenant, key).await?;
        let mut customer = known.clone().unwrap_or_default();
        self.meet_by_sale(&mut customer, &evidence).await?;
        let sale = SaleId::of(&paid.payment);
        // An event of the tenant's own is no payment: the first invoice behind it is the first one.
        if paid.event_type.is_payment() && paid.paid.minor() > 0 {
            customer.pay(paid.occurred_at, &sale);
        }
        if paid.event_type == SaleType::SignUp {
            customer.sign_up(paid.occurred_at, &sale);
        }
        let relies_on = self.look_for_leads(&evidence, &mut customer).await?;
        // What lost is kept once, with the customer: so a sale stays within its kilobyte.
        let mut decision = customer.decide(paid.occurred_at, evidence.coupon).without_losers();
        self.store.fill_terms(self.tenant, &mut decision, &[]).await?;
        Ok((decision, Some(found(key, known.as_ref(), customer, relies_on))))
    }

    /// Whoever pays without being anybody's customer is decided by the sale alone. Where it gives an address, and nothing
    /// counts for it but leads, they are kept as a customer of that one sale: so a lead that is told later finds it, and
    /// a nearer one than decided it takes it over.
    async fn decide_guest(
        &self,
        paid: &SalePaid,
        evidence: &Evidence<'_>,
    ) -> Result<(Decision, Option<Found>), StoreError> {
        let mut guest = Customer::default();
        guest.meet(&self.meeting_of(evidence, &guest, true).await?);
        let relies_on = self.look_for_leads(evidence, &mut guest).await?;
        let mut decision = guest.decide(paid.occurred_at, evidence.coupon);
        self.store.fill_terms(self.tenant, &mut decision, &[]).await?;
        // V13: a lead goes below everything else, so that whom a click or a coupon brought waits for none.
        let by_leads = decision.credits().iter().all(|credit| credit.source == Source::LeadEmail);
        let key = Customer::key_of_guest(&SaleId::of(&paid.payment)).filter(|_| by_leads && !relies_on.is_empty());
        Ok((decision, key.map(|key| found(&key, None, guest, relies_on))))
    }

    /// A customer as a sale leaves them that is told again.
    pub(crate) async fn met_again(&self, key: &PaymentKey, evidence: &Evidence<'_>) -> Result<Found, StoreError> {
        let known = self.store.get_customer(self.tenant, key).await?;
        let mut customer = known.clone().unwrap_or_default();
        self.meet_by_sale(&mut customer, evidence).await?;
        let relies_on = self.look_for_leads(evidence, &mut customer).await?;
        Ok(found(key, known.as_ref(), customer, relies_on))
    }

    /// A sale without a touch meets nobody: its check-out may still come.
    async fn meet_by_sale(&self, customer: &mut Customer, evidence: &Evidence<'_>) -> Result<(), StoreError> {
        let meeting = self.meeting_of(evidence, customer, false).await?;
        if meeting.token_refused || !meeting.candidates.is_empty() {
            customer.meet(&meeting);
        }
        Ok(())
    }

    /// A customer as a check-out or sign-up leaves them.
    pub(crate) async fn met_at(&self, key: &PaymentKey, evidence: &Evidence<'_>) -> Result<Found, StoreError> {
        let known = self.store.get_customer(self.tenant, key).await?;
        let mut customer = known.clone().unwrap_or_default();
        customer.meet(&self.meeting_of(evidence, &customer, false).await?);
        let relies_on = self.look_for_leads(evidence, &mut customer).await?;
        Ok(found(key, known.as_ref(), customer, relies_on))
    }

    /// The touches of a token and a coupon, looked up. What the customer is known to have brought earlier is no news,
    /// and costs no look-up. `all` of a guest's coupons are told; among a customer's only those that are a partner's.
    async fn meeting_of(&self, evidence: &Evidence<'_>, known: &Customer, all: bool) -> Result<Meeting, StoreError> {
        let (at, by) = (evidence.at, evidence.by.clone());
        let mut meeting = Meeting { at, by, candidates: Vec::new(), token_refused: false };
        match evidence.click_token.map(|token| self.keys.verify(self.tenant.tenant(), token)) {
            Some(Ok(touches)) => {
                for touch in touches.as_slice() {
                    match known.seen(&as_click(touch), at) {
                        None => meeting.candidates.push(self.look_up_click(touch, evidence.email).await?),
                        Some(seen) => meeting.candidates.extend(self.told_by_its_partner(seen, evidence.email).await?),
                    }
                }
            }
            Some(Err(refused)) => {
                tracing::warn!(reason = %refused, "a click token is not one of ours, nobody is credited by it");
                meeting.token_refused = true;
            }
            None => {}
        }
        if let Some(code) = evidence.coupon.and_then(CouponCode::parse) {
            let touch = as_coupon(&code, at);
            let news = match known.seen(&touch, at) {
                None => Some(self.look_up_coupon(touch, &code, evidence.email).await?),
                Some(seen) => self.told_by_its_partner(seen, evidence.email).await?,
            };
            meeting.candidates.extend(news.filter(|touch| all || touch.target.is_some()));
        }
        Ok(meeting)
    }

    /// ATT-3: leads of an address count least; they are asked for only where nothing else has bound the customer by then.
    /// Until that turns out to be so the address is kept. Answers what the customer's change relies on, where a later lead
    /// must find them.
    async fn look_for_leads(
        &self,
        evidence: &Evidence<'_>,
        customer: &mut Customer,
    ) -> Result<Vec<LeadsRead>, StoreError> {
        if let Some(email) = evidence.email {
            let mention = Mention { email, at: evidence.at, by: evidence.by.clone() };
            let is_unbound = || customer.bound_at().is_none_or(|bound| bound > evidence.at);
            if customer.mentions.iter().all(|known| known.email != email) {
                customer.note(&mention);
            } else if customer.mentions_later(&mention) || is_unbound() {
                // V13: told earlier than it was asked about, its leads count from then, whoever is thought to have brought
                // the customer by now.
                let leads = self.store.get_leads(self.tenant, email).await?;
                customer.mention(mention, &leads.candidates);
            }
        }
        let mut relies_on = Vec::new();
        for mention in customer.to_ask() {
            let leads = self.store.get_leads(self.tenant, mention.email).await?;
            relies_on.push(LeadsRead { email: mention.email, version: leads.version });
            customer.mention(mention, &leads.candidates);
        }
        Ok(relies_on)
    }

    /// What a click stands for, by the standing of its partner at its own time.
    pub(crate) async fn look_up_click(&self, touch: &Touch, email: Option<Digest>) -> Result<Candidate, StoreError> {
        let mut click = as_click(touch);
        let Some(link) = self.store.get_link(self.tenant, &touch.link).await? else {
            return Ok(Candidate { refused: Some(LossReason::UnknownLink), ..click });
        };
        // ATT-1: the programme's window holds for all its links, as it is when the click is looked up.
        let (target, was_open) = self.settings_of(&link.program, touch.at, link.window_days).await?;
        click.refused = match was_open {
            true => self.refused((&link.partner, &link.program), touch.at, email).await?,
            false => Some(LossReason::ClosedProgram),
        };
        click.target = Some(CandidateTarget { partner: link.partner, ..target });
        Ok(click)
    }

    /// ATT-6: what a coupon stands for at its use.
    async fn look_up_coupon(
        &self,
        touch: Candidate,
        code: &CouponCode,
        email: Option<Digest>,
    ) -> Result<Candidate, StoreError> {
        let Some(coupon) = self.store.get_coupon(self.tenant, code).await? else {
            return Ok(Candidate { refused: Some(LossReason::UnknownCoupon), ..touch });
        };
        let (target, was_open) = self.settings_of(&coupon.program, touch.at, 0).await?;
        let refused = match (coupon.is_valid_at(touch.at), was_open) {
            (false, _) => Some(LossReason::ExpiredCoupon),
            (true, false) => Some(LossReason::ClosedProgram),
            (true, true) => self.refused((&coupon.partner, &coupon.program), touch.at, email).await?,
        };
        let target = CandidateTarget { partner: coupon.partner, ..target };
        Ok(Candidate { target: Some(target), refused, ..touch })
    }

    /// ATT-1: a touch counts by the standing of its own time, with the tenant and in the programme.
    async fn refused(
        &self,
        (partner, program): (&PartnerId, &ProgramId),
        at: Timestamp,
        email: Option<Digest>,
    ) -> Result<Option<LossReason>, StoreError> {
        let standing = self.store.get_standing(self.tenant, partner).await?;
        if !standing.is_some_and(|standing| standing.was_active_in(program, at)) {
            return Ok(Some(LossReason::InactivePartner));
        }
        let is_own = match email {
            Some(email) => self.is_address_of(partner, email).await?,
            None => false,
        };
        Ok(is_own.then_some(LossReason::SelfReferral))
    }

    /// A touch that is known, if whoever tells it again does so under the address of its own partner: FRD-1 holds
    /// whichever of the two meetings is told first.
    async fn told_by_its_partner(
        &self,
        seen: &Candidate,
        email: Option<Digest>,
    ) -> Result<Option<Candidate>, StoreError> {
        let (Some(target), Some(email), None) = (&seen.target, email, seen.refused) else { return Ok(None) };
        let is_own = self.is_address_of(&target.partner, email).await?;
        Ok(is_own.then(|| Candidate { refused: Some(LossReason::SelfReferral), ..seen.clone() }))
    }

    async fn is_address_of(&self, partner: &PartnerId, email: Digest) -> Result<bool, StoreError> {
        let marks = self.store.list_marks(self.tenant, partner).await?.into_iter().collect();
        Ok(OwnMarks { marks, ..OwnMarks::default() }.has(MarkKind::Email, email))
    }

    /// What a programme sets, as a target that is nobody's yet, and whether it was open at an instant. One that is not there
    /// was never closed, and its window is what is known of it otherwise.
    async fn settings_of(
        &self,
        program: &ProgramId,
        at: Timestamp,
        known_days: u16,
    ) -> Result<(CandidateTarget, bool), StoreError> {
        let found = self.store.get_program_record_eventually(self.tenant, program).await?;
        let was_open = found.as_ref().is_none_or(|found| found.was_open_at(at));
        let nobody = PartnerId::from_ulid(0_u128.into());
        let window_days = found.as_ref().map_or(known_days, |found| found.program.window_days);
        let settings = found.map(|found| found.program.attribution).unwrap_or_default();
        Ok((CandidateTarget { partner: nobody, program: program.clone(), window_days, settings }, was_open))
    }
}

fn found(key: &PaymentKey, known: Option<&Customer>, mut customer: Customer, relies_on: Vec<LeadsRead>) -> Found {
    let before = known.map(|known| known.version);
    let is_news = known.map_or_else(|| customer != Customer::default(), |known| customer != *known);
    if is_news {
        customer.version += 1;
    }
    let moves = known.map(|known| customer.moves_from(known)).unwrap_or_default();
    Found { key: key.clone(), before, after: customer, is_news, relies_on, moves }
}

fn as_click(touch: &Touch) -> Candidate {
    let link = Some(touch.link.clone());
    let visitor = Some(touch.visitor).filter(|visitor| *visitor != VisitorHash::NOBODY);
    Candidate { source: Source::Click, at: touch.at, link, coupon: None, visitor, target: None, refused: None }
}

fn as_coupon(code: &CouponCode, at: Timestamp) -> Candidate {
    let coupon = Some(code.as_str().to_owned());
    Candidate { source: Source::Coupon, at, link: None, coupon, visitor: None, target: None, refused: None }
}
