//! OPS-4: what a person may ask for: to be forgotten, and not to be sold.
//!
//! Erasing destroys everything that is sealed for the person, and with it the data key, which lies wrapped in each sealed
//! value and nowhere else; hashes by which an address would be known again go too. The ledger keeps opaque ids and amounts,
//! and every law of it holds afterwards as before.

mod customers;
pub mod ended;
mod papers;

use domain::attribution::claim::Claim;
use domain::audit::{Actor, Told};
use domain::currency::Currency;
use domain::digest::Digest;
use domain::fraud::marks::{Mark, MarkKind};
use domain::id::{ApplicationId, KeyId, LeadId, MemberId, PartnerId, UserId};
use domain::ledger::Head;
use domain::money::Money;
use domain::payout::Payout;
use domain::time::Timestamp;
use domain::user::UserState;
use store::applications::StoredApplication;
use store::partners::PartnerStatus;
use store::privacy::{Asked, PayeeErasure};
use store::users::KeptUser;
use store::{Store, TenantKey, Written};

pub use customers::{CustomerName, HeldCustomer, claims_about, claims_of, customer_of};

use crate::error::CaseError;
use crate::leads::{self, Moved, Step};

/// How many keys are looked through at once.
const KEYS_AT_ONCE: usize = 100;
/// How often an erasure that others raced is begun again.
const TRIES_MAX: usize = 8;

/// Whose data it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectId {
    /// A partner.
    Partner(PartnerId),
    /// A member of the queue of awards.
    Member(MemberId),
    /// A lead.
    Lead(LeadId),
    /// A customer, whether we bill them or not.
    Customer(CustomerName),
    /// Somebody who signs in.
    User(UserId),
    /// Somebody who asked to become a partner.
    Application(ApplicationId),
}

impl SubjectId {
    /// Reads an id of any kind that has a person behind it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let partner = PartnerId::parse(text).ok().map(Self::Partner);
        let member = || MemberId::parse(text).ok().map(Self::Member);
        let lead = || LeadId::parse(text).ok().map(Self::Lead);
        let customer = || CustomerName::parse(text).map(Self::Customer);
        let user = || UserId::parse(text).ok().map(Self::User);
        let application = || ApplicationId::parse(text).ok().map(Self::Application);
        partner.or_else(member).or_else(lead).or_else(customer).or_else(user).or_else(application)
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Partner(id) => id.as_str(),
            Self::Member(id) => id.as_str(),
            Self::Lead(id) => id.as_str(),
            Self::Customer(name) => name.id.as_str(),
            Self::User(id) => id.as_str(),
            Self::Application(id) => id.as_str(),
        }
    }

    /// The kind, in answers.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Partner(_) => "partner",
            Self::Member(_) => "member",
            Self::Lead(_) => "lead",
            Self::Customer(_) => "customer",
            Self::User(_) => "user",
            Self::Application(_) => "application",
        }
    }
}

/// Who asks for it, when.
#[derive(Clone, Debug)]
pub struct Asking {
    /// Who.
    pub actor: Actor,
    /// When.
    pub at: Timestamp,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Erased {
    /// Nothing personal is left, but what the law wants kept; since when.
    Done {
        /// Since when.
        at: Timestamp,
        /// What is kept, and why.
        kept: Vec<Kept>,
    },
    /// There is no such person.
    NotFound,
    /// Not yet: something must be done first.
    Refused(Refusal),
}

/// Something that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The tax form of somebody who was paid.
    TaxForm,
    /// Files for a bank in which they are named with their account.
    BankFiles,
    /// The receipts of what was paid to them, which are made anew without their name.
    Receipts,
    /// From where and with what they did what the audit tells of them.
    AuditOrigin,
}

/// Why nothing was erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Money is still theirs, or owed by them.
    HasMoney(Vec<Money>),
    /// A payout or an award is under way.
    PayoutUnderWay,
    /// The partner still earns.
    IsActive,
    /// No other admin would be left.
    LastAdmin,
    /// The lead has ended in a way that cannot be erased.
    Ended,
}

/// Destroys everything personal of somebody. Done again it is answered as done; what came since goes too.
///
/// # Errors
/// The store does not answer, or others raced each try.
pub async fn erase(
    store: &Store,
    tenant: &TenantKey,
    subject: &SubjectId,
    asking: &Asking,
) -> Result<Erased, CaseError> {
    for _ in 0..TRIES_MAX {
        let asked = Asked { at: asking.at, by: asking.actor.id.clone() };
        let telling = store.telling(tenant, told(subject, asking, "privacy.erased"));
        let erasing = Erasing { store, telling: &telling, tenant, asked: &asked, actor: &asking.actor };
        let erased = match subject {
            SubjectId::Partner(id) => erasing.partner(id).await?,
            SubjectId::Member(id) => erasing.member(id).await?,
            SubjectId::Lead(id) => erasing.lead(id, asking).await?,
            SubjectId::Customer(name) => erasing.customer(name).await?,
            SubjectId::User(id) => erasing.user(id).await?,
            SubjectId::Application(id) => erasing.application(id).await?,
        };
        if let Some(erased) = erased {
            return Ok(erased);
        }
    }
    Err(CaseError::Busy)
}

/// What is held of somebody is not to be sold. The first time stands; `None` where there is no such person.
///
/// # Errors
/// The store does not answer.
pub async fn do_not_sell(
    store: &Store,
    tenant: &TenantKey,
    subject: &SubjectId,
    asking: &Asking,
) -> Result<Option<Timestamp>, CaseError> {
    if !exists(store, tenant, subject).await? {
        return Ok(None);
    }
    let asked = Asked { at: asking.at, by: asking.actor.id.clone() };
    let telling = store.telling(tenant, told(subject, asking, "privacy.do_not_sell"));
    if telling.record_do_not_sell(tenant, subject.as_str(), &asked).await? == Written::Yes {
        return Ok(Some(asking.at));
    }
    Ok(store.get_subject(tenant, subject.as_str()).await?.do_not_sell.map(|asked| asked.at))
}

/// Is there such a person, or was there?
///
/// # Errors
/// The store does not answer.
pub async fn exists(store: &Store, tenant: &TenantKey, subject: &SubjectId) -> Result<bool, CaseError> {
    Ok(match subject {
        SubjectId::Partner(id) => store.get_partner(tenant, id).await?.is_some(),
        SubjectId::Member(id) => store.get_member(tenant, id).await?.is_some(),
        SubjectId::Lead(id) => store.get_lead(tenant, id).await?.is_some(),
        SubjectId::Customer(name) => customer_of(store, tenant, name).await?.is_some(),
        SubjectId::User(id) => store.get_user(tenant, id).await?.is_some(),
        SubjectId::Application(id) => store.get_application(tenant, id).await?.is_some(),
    })
}

/// The applications that were sent from a partner's addresses, to whichever programmes.
///
/// # Errors
/// The store does not answer.
pub async fn applications_of(
    store: &Store,
    tenant: &TenantKey,
    marks: &[Mark],
) -> Result<Vec<StoredApplication>, CaseError> {
    let mut found = Vec::new();
    for program in store.list_programs(tenant).await? {
        for mark in marks.iter().filter(|mark| mark.kind == MarkKind::Email) {
            let id = ApplicationId::of(&program.id, &mark.digest);
            found.extend(store.get_application(tenant, &id).await?);
        }
    }
    Ok(found)
}

/// Was this payee erased? Nothing of theirs is written any more.
///
/// # Errors
/// The store does not answer.
pub async fn is_erased(store: &Store, tenant: &TenantKey, payee: &PartnerId) -> Result<bool, CaseError> {
    Ok(store.get_subject(tenant, payee.as_str()).await?.erased.is_some())
}

/// What is kept of whoever acted here themselves.
fn kept_of_actor() -> Vec<Kept> {
    vec![Kept::AuditOrigin]
}

/// What is kept of whoever money may have gone to, and why: by what became of their payouts, not by what they asked for.
fn kept_of_payee(payouts: &[Payout], keeps_form: bool) -> Vec<Kept> {
    let mut kept = kept_of_actor();
    kept.extend(payouts.iter().any(papers::may_be_in_file).then_some(Kept::BankFiles));
    kept.extend(payouts.iter().any(papers::has_receipt).then_some(Kept::Receipts));
    kept.extend(keeps_form.then_some(Kept::TaxForm));
    kept
}

/// OPS-3: the audit of what was asked stands beside the thing's own: members keep the end of theirs themselves.
fn told(subject: &SubjectId, asking: &Asking, action: &'static str) -> Told {
    Told::new(format!("privacy#{}", subject.as_str()), asking.actor.clone(), asking.at, action)
        .is("kind", subject.kind())
}

/// What stands against an erasure on these accounts.
fn money_of(heads: &[Head]) -> Result<Option<Refusal>, CaseError> {
    if heads.iter().any(|head| head.open_payout.is_some()) {
        return Ok(Some(Refusal::PayoutUnderWay));
    }
    let mut owed = Vec::new();
    for head in heads {
        let mut open = head.open.values().copied().chain([head.available, head.reserved, head.held]);
        if open.any(|minor| minor != 0) {
            owed.push(head.total()?);
        }
    }
    Ok((!owed.is_empty()).then_some(Refusal::HasMoney(owed)))
}

/// In which of these currencies there is no account.
fn absent_of(currencies: &[Currency], heads: &[Head]) -> Vec<Currency> {
    let mut absent = currencies.to_vec();
    absent.sort_unstable();
    absent.dedup();
    absent.retain(|currency| heads.iter().all(|head| head.currency != *currency));
    absent
}

/// One try; `None` where it was raced.
struct Erasing<'a> {
    store: &'a Store,
    telling: &'a Store,
    tenant: &'a TenantKey,
    asked: &'a Asked,
    actor: &'a Actor,
}

impl Erasing<'_> {
    async fn partner(&self, id: &PartnerId) -> Result<Option<Erased>, CaseError> {
        let Some(partner) = self.store.get_partner(self.tenant, id).await? else { return Ok(Some(Erased::NotFound)) };
        // Whoever still earns would be somebody whom nobody knows and everybody owes.
        if partner.status == PartnerStatus::Active {
            return Ok(Some(Erased::Refused(Refusal::IsActive)));
        }
        let mut absent: Vec<Currency> = Vec::new();
        for place in self.store.list_enrolments(self.tenant, id).await? {
            absent.extend(self.store.get_program(self.tenant, &place.program).await?.map(|program| program.currency));
        }
        self.payee(id, id.as_str(), Some(absent)).await
    }

    async fn member(&self, id: &MemberId) -> Result<Option<Erased>, CaseError> {
        let Some(stored) = self.store.get_member(self.tenant, id).await? else { return Ok(Some(Erased::NotFound)) };
        if matches!(stored.member.state, domain::member::MemberState::Awarded { .. }) {
            return Ok(Some(Erased::Refused(Refusal::PayoutUnderWay)));
        }
        self.payee(&id.payee(), id.as_str(), None).await
    }

    /// Somebody to whom money goes; of a partner, the currencies in which they could begin to earn.
    async fn payee(
        &self,
        payee: &PartnerId,
        subject: &str,
        earns_in: Option<Vec<Currency>>,
    ) -> Result<Option<Erased>, CaseError> {
        let heads = self.store.list_heads(self.tenant, payee).await?;
        if let Some(refusal) = money_of(&heads)? {
            return Ok(Some(Erased::Refused(refusal)));
        }
        let methods = self.store.get_payout_methods(self.tenant, payee).await?;
        let form = self.store.get_tax_form(self.tenant, payee).await?;
        let marks = self.store.list_marks(self.tenant, payee).await?;
        let person = self.store.get_person_whole(self.tenant, payee).await?;
        let payouts = papers::payouts_of(self.store, self.tenant, (payee, &heads)).await?;
        let was_paid = payouts.iter().any(papers::may_have_paid);
        let kept = kept_of_payee(&payouts, was_paid && form.is_some());
        let has_form = form.is_some() && !was_paid;
        let claims = claims_of(self.store, self.tenant, payee).await?;
        let is_silent = claims.iter().all(Claim::is_forgotten);
        let is_bare = person.is_none() && methods.ranked.is_empty() && !has_form && marks.is_empty() && is_silent;
        if is_bare && let Some(before) = self.store.get_subject(self.tenant, subject).await?.erased {
            papers::unname(self.store, self.tenant, &payouts, before.at).await?;
            return Ok(Some(Erased::Done { at: before.at, kept }));
        }
        if earns_in.is_some() {
            // They are found by the address's mark: before it goes.
            for stored in applications_of(self.store, self.tenant, &marks).await? {
                if self.application(&stored.application.id).await?.is_none() {
                    return Ok(None);
                }
            }
            self.revoke_keys(payee).await?;
        }
        let absent = absent_of(earns_in.as_deref().unwrap_or_default(), &heads);
        let erasure = PayeeErasure {
            payee,
            methods: &methods,
            marks: &marks,
            tax_form: form.as_ref(),
            keeps_form: was_paid,
            heads: &heads,
            absent: &absent,
            is_partner: earns_in.is_some(),
        };
        self.store.purge_payee(self.tenant, &erasure).await?;
        self.forget(&claims).await?;
        if self.telling.erase_payee(self.tenant, subject, &erasure, self.asked).await? != Written::Yes {
            return Ok(None);
        }
        // Those of the instant before: behind the tombstone none is made.
        self.forget(&claims_of(self.store, self.tenant, payee).await?).await?;
        papers::unname(self.store, self.tenant, &payouts, self.asked.at).await?;
        Ok(Some(Erased::Done { at: self.asked.at, kept }))
    }

    /// The keys of a partner open nothing any more.
    async fn revoke_keys(&self, partner: &PartnerId) -> Result<(), CaseError> {
        let mut after: Option<KeyId> = None;
        loop {
            let page = self.store.list_api_keys(self.tenant, after.as_ref(), KEYS_AT_ONCE).await?;
            for key in page.items.iter().filter(|key| key.subject == partner.as_str() && key.revoked_at.is_none()) {
                let Some(hash) = self.store.find_api_key(self.tenant, &key.id).await? else { continue };
                let told = Told::new(key.id.to_string(), self.actor.clone(), self.asked.at, "api_key.revoked");
                let telling = self.store.telling(self.tenant, told.is("why", "its partner was erased"));
                telling.record_api_key_revoked(self.tenant, &hash, self.asked.at).await?;
            }
            after = page.next.as_deref().and_then(|text| KeyId::parse(text).ok());
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// Somebody who asked to become a partner, whatever was decided.
    async fn application(&self, id: &ApplicationId) -> Result<Option<Erased>, CaseError> {
        let Some(stored) = self.store.get_application(self.tenant, id).await? else {
            return Ok(Some(Erased::NotFound));
        };
        if stored.form_sealed.is_empty()
            && let Some(before) = self.store.get_subject(self.tenant, id.as_str()).await?.erased
        {
            return Ok(Some(Erased::Done { at: before.at, kept: Vec::new() }));
        }
        let told = Told::new(format!("privacy#{id}"), self.actor.clone(), self.asked.at, "privacy.erased");
        let telling = self.store.telling(self.tenant, told.is("kind", "application"));
        let written = telling.erase_application(self.tenant, &stored, self.asked).await?;
        Ok((written == Written::Yes).then_some(Erased::Done { at: self.asked.at, kept: Vec::new() }))
    }

    async fn lead(&self, id: &LeadId, asking: &Asking) -> Result<Option<Erased>, CaseError> {
        let before = self.store.get_subject(self.tenant, id.as_str()).await?.erased;
        let known = self.store.get_lead(self.tenant, id).await?;
        if let (Some(before), Some(known)) = (before, &known)
            && known.lead.state.word() == "erased"
        {
            return Ok(Some(Erased::Done { at: before.at, kept: Vec::new() }));
        }
        if known.as_ref().is_some_and(|known| known.lead.state.word() != "erased") {
            match leads::step(self.store, self.tenant, id, Step::Erase, (&asking.actor, asking.at)).await? {
                Moved::NotFound => return Ok(Some(Erased::NotFound)),
                Moved::Refused(_) => return Ok(Some(Erased::Refused(Refusal::Ended))),
                Moved::Done(_) => {}
            }
        } else if known.is_none() {
            return Ok(Some(Erased::NotFound));
        }
        let written = self.telling.record_erased(self.tenant, id.as_str(), self.asked).await?;
        Ok((written == Written::Yes).then_some(Erased::Done { at: self.asked.at, kept: Vec::new() }))
    }

    async fn user(&self, id: &UserId) -> Result<Option<Erased>, CaseError> {
        let Some(before) = self.store.get_user(self.tenant, id).await? else { return Ok(Some(Erased::NotFound)) };
        if before.email_sealed.is_empty()
            && let Some(erased) = self.store.get_subject(self.tenant, id.as_str()).await?.erased
        {
            return Ok(Some(Erased::Done { at: erased.at, kept: kept_of_actor() }));
        }
        let mut user = before.user.clone();
        user.state = UserState::Disabled;
        // Of nobody's address: nothing hashes to it, and no two users have the same.
        user.email = Digest::of(&[b"erased user", id.as_str().as_bytes()]);
        (user.epoch, user.version, user.changed_at) = (user.epoch + 1, user.version + 1, self.asked.at);
        let after = KeptUser { user, email_sealed: String::new(), name_sealed: String::new() };
        let written = self.telling.erase_user(self.tenant, (&before, &after), self.asked).await?;
        if written == Written::Yes {
            return Ok(Some(Erased::Done { at: self.asked.at, kept: kept_of_actor() }));
        }
        let now = self.store.get_user(self.tenant, id).await?;
        // Nobody changed them: it is the count of admins that forbids it.
        let is_last = now.is_some_and(|now| now.user.version == before.user.version && before.user.is_active_admin());
        Ok(is_last.then_some(Erased::Refused(Refusal::LastAdmin)))
    }
}
