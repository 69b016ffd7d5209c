//! Ids: a prefix and 26 characters, one type each. An id that must not be minted twice is derived from its cause.

use std::fmt;

use thiserror::Error;
use ulid::Ulid;

use crate::currency::Currency;
use crate::digest::Digest;
use crate::fact::PaymentKey;
use crate::line::Origin;
use crate::time::BusinessDay;

/// A text that is not the id it should be.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
#[error("not {expected}")]
pub struct IdError {
    expected: &'static str,
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

macro_rules! ulid_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $what:literal) => {
        text_id!($(#[$doc])* $name);

        impl $name {
            /// What every id of this kind begins with.
            pub const PREFIX: &'static str = $prefix;

            /// An id from a ULID that the caller minted.
            #[must_use]
            pub fn from_ulid(ulid: Ulid) -> Self {
                Self(format!("{}{ulid}", $prefix))
            }

            /// Reads an id.
            ///
            /// # Errors
            /// Another prefix, or not 26 characters of a ULID.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                let id = text.strip_prefix($prefix).and_then(parse_ulid).map(Self::from_ulid);
                id.filter(|id| id.0 == text).ok_or(IdError { expected: $what })
            }

            /// The ULID behind the prefix.
            #[must_use]
            pub fn ulid(&self) -> Ulid {
                parse_ulid(&self.0[$prefix.len()..]).unwrap_or(Ulid::from(0_u128))
            }
        }
    };
}

fn parse_ulid(text: &str) -> Option<Ulid> {
    if text.len() == 26 { Ulid::from_string(text).ok() } else { None }
}

ulid_id!(
    /// A tenant: one company that runs programmes here.
    TenantId, "ten_", "a tenant id (ten_ and 26 characters)");
ulid_id!(
    /// A programme.
    ProgramId, "prg_", "a program id (prg_ and 26 characters)");
ulid_id!(
    /// A partner.
    PartnerId, "par_", "a partner id (par_ and 26 characters)");
ulid_id!(
    /// A link.
    LinkId, "lnk_", "a link id (lnk_ and 26 characters)");
ulid_id!(
    /// A sale, derived from the natural key of its payment.
    SaleId, "sal_", "a sale id (sal_ and 26 characters)");
ulid_id!(
    /// One version of a programme's rule.
    RuleId, "rul_", "a rule id (rul_ and 26 characters)");
ulid_id!(
    /// A lead, derived from its programme and address.
    LeadId, "led_", "a lead id (led_ and 26 characters)");
ulid_id!(
    /// Something to reach in a programme, derived from its name there.
    AchievementId, "ach_", "an achievement id (ach_ and 26 characters)");
ulid_id!(
    /// A nightly run, derived from tenant and business date.
    RunId, "run_", "a run id (run_ and 26 characters)");
ulid_id!(
    /// A person of the tenant's own staff.
    UserId, "usr_", "a user id (usr_ and 26 characters)");
ulid_id!(
    /// An API key.
    KeyId, "key_", "a key id (key_ and 26 characters)");
ulid_id!(
    /// One signing-in of a person, until it ends.
    SessionId, "ses_", "a session id (ses_ and 26 characters)");
ulid_id!(
    /// A report or document.
    ReportId, "rpt_", "a report id (rpt_ and 26 characters)");
ulid_id!(
    /// A notice to one person about one thing.
    NoticeId, "ntc_", "a notice id (ntc_ and 26 characters)");
ulid_id!(
    /// An entry of an account that is of no sale, derived from its natural key.
    EntryId, "ent_", "an entry id (ent_ and 26 characters)");
ulid_id!(
    /// A recompute of past sales by other rules.
    RecomputeId, "rcp_", "a recompute id (rcp_ and 26 characters)");
ulid_id!(
    /// A change of an account by hand: a correction, a debt given up, an exchange.
    AdjustmentId, "adj_", "an adjustment id (adj_ and 26 characters)");
ulid_id!(
    /// A review of signals of fraud, derived from what it is about.
    ReviewId, "rsk_", "a review id (rsk_ and 26 characters)");
ulid_id!(
    /// A partner's claim to a customer.
    ClaimId, "clm_", "a claim id (clm_ and 26 characters)");
ulid_id!(
    /// A subscription, derived from its provider's own id.
    SubscriptionId, "sub_", "a subscription id (sub_ and 26 characters)");
ulid_id!(
    /// A customer whom we bill, derived from the provider's own id.
    CustomerId, "cus_", "a customer id (cus_ and 26 characters)");
ulid_id!(
    /// A plan that customers subscribe to.
    PlanId, "pln_", "a plan id (pln_ and 26 characters)");
ulid_id!(
    /// A rate of sales tax, derived from its place and its first day.
    TaxRateId, "txr_", "a tax rate id (txr_ and 26 characters)");
ulid_id!(
    /// What was withheld and handed on to the tax office.
    RemittanceId, "rem_", "a remittance id (rem_ and 26 characters)");
ulid_id!(
    /// Payouts that were built together.
    PayoutRunId, "prn_", "a payout run id (prn_ and 26 characters)");
ulid_id!(
    /// A file of payouts for a bank.
    PayoutFileId, "pfl_", "a payout file id (pfl_ and 26 characters)");
ulid_id!(
    /// A note beside a payout.
    PayoutNoteId, "pnt_", "a payout note id (pnt_ and 26 characters)");
ulid_id!(
    /// A method by which a partner is paid.
    MethodId, "mth_", "a payout method id (mth_ and 26 characters)");
ulid_id!(
    /// A member of the queue of awards.
    MemberId, "mem_", "a member id (mem_ and 26 characters)");
ulid_id!(
    /// An award, derived from its member and how often the member was given one.
    AwardId, "awd_", "an award id (awd_ and 26 characters)");
ulid_id!(
    /// An application to a programme, derived from the programme and the applicant's address.
    ApplicationId, "apl_", "an application id (apl_ and 26 characters)");
ulid_id!(
    /// A group of partners, derived from its name.
    GroupId, "grp_", "a group id (grp_ and 26 characters)");
text_id!(
    /// A line of commission: of a sale and its number, or of an account and its number.
    LineId
);
text_id!(
    /// A webhook endpoint of a tenant, through which providers tell: it names its tenant.
    EndpointId
);
text_id!(
    /// A payout: account and number, so that it is found without an index.
    PayoutId
);

impl TenantId {
    /// The tenant of a deployment that has only one.
    #[must_use]
    pub fn default_tenant() -> Self {
        Self::from_ulid(Ulid::from(0_u128))
    }
}

impl MemberId {
    /// The payee through whom the member is paid: it has the member's own ULID, so that each names the other.
    #[must_use]
    pub fn payee(&self) -> PartnerId {
        PartnerId::from_ulid(self.ulid())
    }
}

impl AwardId {
    /// The `n`th award that was begun for a member: begun twice, it is the same one.
    #[must_use]
    pub fn of(member: &MemberId, n: u32) -> Self {
        Self::from_ulid(Digest::of(&[b"award", member.as_str().as_bytes(), &n.to_be_bytes()]).to_ulid())
    }
}

impl SaleId {
    /// The sale of a payment.
    #[must_use]
    pub fn of(payment: &PaymentKey) -> Self {
        Self::from_ulid(Digest::of(&[b"sale", payment.as_str().as_bytes()]).to_ulid())
    }
}

impl AchievementId {
    /// What is to be reached in a programme under a name: in every version of its rule the same.
    #[must_use]
    pub fn of(program: &ProgramId, name: &str) -> Self {
        Self::from_ulid(Digest::of(&[b"achievement", program.as_str().as_bytes(), name.as_bytes()]).to_ulid())
    }
}

impl SubscriptionId {
    /// The subscription of a provider's own id.
    #[must_use]
    pub fn of(subscription: &PaymentKey) -> Self {
        Self::from_ulid(Digest::of(&[b"subscription", subscription.as_str().as_bytes()]).to_ulid())
    }
}

impl LeadId {
    /// The lead of an address in a programme: left again, it is the same one.
    #[must_use]
    pub fn of(program: &ProgramId, email: &Digest) -> Self {
        Self::from_ulid(Digest::of(&[b"lead", program.as_str().as_bytes(), email.as_bytes()]).to_ulid())
    }
}

impl ApplicationId {
    /// The application of an address to a programme: sent again, it is the same one.
    #[must_use]
    pub fn of(program: &ProgramId, email: &Digest) -> Self {
        Self::from_ulid(Digest::of(&[b"application", program.as_str().as_bytes(), email.as_bytes()]).to_ulid())
    }
}

impl GroupId {
    /// The group of a name: made twice, it is the same one.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self::from_ulid(Digest::of(&[b"group", name.as_bytes()]).to_ulid())
    }
}

impl CustomerId {
    /// The customer of a provider's own id.
    #[must_use]
    pub fn of(customer: &PaymentKey) -> Self {
        Self::from_ulid(Digest::of(&[b"customer", customer.as_str().as_bytes()]).to_ulid())
    }
}

impl TaxRateId {
    /// The rate of a place from a day on.
    #[must_use]
    pub fn of(place: &str, from: BusinessDay) -> Self {
        Self::from_ulid(Digest::of(&[b"tax-rate", place.as_bytes(), from.to_string().as_bytes()]).to_ulid())
    }
}

impl EntryId {
    /// The entry of a natural key, such as `bands/prg_…/par_…/USD/2026-11/3`.
    #[must_use]
    pub fn of(key: &str) -> Self {
        Self::from_ulid(Digest::of(&[b"entry", key.as_bytes()]).to_ulid())
    }
}

impl RunId {
    /// The run of a tenant's business date.
    #[must_use]
    pub fn of(tenant: &TenantId, day: BusinessDay) -> Self {
        Self::from_ulid(Digest::of(&[b"run", tenant.as_str().as_bytes(), day.to_string().as_bytes()]).to_ulid())
    }
}

impl ReviewId {
    /// The review of a sale.
    #[must_use]
    pub fn of_sale(sale: &SaleId) -> Self {
        Self::from_ulid(Digest::of(&[b"risk", sale.as_str().as_bytes()]).to_ulid())
    }

    /// A further review of a sale, of partners at whom nobody had looked when those before it were ended: its second, its
    /// third, and so on. By number, so that all are found whoever is credited by then.
    #[must_use]
    pub fn of_sale_no(sale: &SaleId, no: u32) -> Self {
        if no <= 1 {
            return Self::of_sale(sale);
        }
        Self::from_ulid(Digest::of(&[b"risk", sale.as_str().as_bytes(), no.to_string().as_bytes()]).to_ulid())
    }

    /// The review of a partner for a cause: noticed twice, it is the same one.
    #[must_use]
    pub fn of_partner(partner: &PartnerId, cause: &str) -> Self {
        Self::from_ulid(Digest::of(&[b"risk", partner.as_str().as_bytes(), cause.as_bytes()]).to_ulid())
    }
}

impl ReportId {
    /// The report of a kind about a subject: asked for twice, it is the same one.
    #[must_use]
    pub fn of(tenant: &TenantId, kind: &str, subject: &str) -> Self {
        let parts = [b"report".as_slice(), tenant.as_str().as_bytes(), kind.as_bytes(), subject.as_bytes()];
        Self::from_ulid(Digest::of(&parts).to_ulid())
    }
}

impl NoticeId {
    /// The notice of a kind about a subject: found twice in the stream, it is the same one.
    #[must_use]
    pub fn of(tenant: &TenantId, kind: &str, subject: &str) -> Self {
        let parts = [b"notice".as_slice(), tenant.as_str().as_bytes(), kind.as_bytes(), subject.as_bytes()];
        Self::from_ulid(Digest::of(&parts).to_ulid())
    }
}

const LINE_PREFIX: &str = "com_";
/// Stands before the number of an entry's line; no ULID begins with it.
const ENTRY_MARK: char = 'e';
const LINE_WHAT: &str = "a commission id (com_, 26 characters, a dash and a number)";

impl LineId {
    /// Line `n` of a sale.
    #[must_use]
    pub fn of_sale(sale: &SaleId, n: u32) -> Self {
        Self(format!("{LINE_PREFIX}{}-{n}", sale.ulid()))
    }

    /// Line `n` of a sale or an entry.
    #[must_use]
    pub fn of(origin: &Origin, n: u32) -> Self {
        match origin {
            Origin::Sale(sale) => Self::of_sale(sale, n),
            Origin::Entry(entry) => Self(format!("{LINE_PREFIX}{ENTRY_MARK}{}-{n}", entry.ulid())),
        }
    }

    /// Reads an id.
    ///
    /// # Errors
    /// Not a line id.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        Self::split(text)
            .map(|(origin, n)| Self::of(&origin, n))
            .filter(|id| id.0 == text)
            .ok_or(IdError { expected: LINE_WHAT })
    }

    /// What the line belongs to, and its number there.
    #[must_use]
    pub fn origin_and_number(&self) -> (Origin, u32) {
        Self::split(&self.0).unwrap_or((Origin::Sale(SaleId::from_ulid(Ulid::from(0_u128))), 0))
    }

    fn split(text: &str) -> Option<(Origin, u32)> {
        let (ulid, n) = text.strip_prefix(LINE_PREFIX)?.split_once('-')?;
        let origin = match ulid.strip_prefix(ENTRY_MARK) {
            Some(ulid) => Origin::Entry(EntryId::from_ulid(parse_ulid(ulid)?)),
            None => Origin::Sale(SaleId::from_ulid(parse_ulid(ulid)?)),
        };
        Some((origin, n.parse().ok()?))
    }
}

const ENDPOINT_PREFIX: &str = "whk_";
const ENDPOINT_WHAT: &str = "a webhook endpoint id (whk_, the tenant's 26 characters and 26 of its own)";

impl EndpointId {
    /// An endpoint of a tenant: it names its tenant, so that no directory is needed to find it.
    #[must_use]
    pub fn of(tenant: &TenantId, own: Ulid) -> Self {
        Self(format!("{ENDPOINT_PREFIX}{}{own}", tenant.ulid()))
    }

    /// Reads an id.
    ///
    /// # Errors
    /// Not an endpoint id.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let id = Self::split(text).map(|(tenant, own)| Self::of(&tenant, own));
        id.filter(|id| id.0 == text).ok_or(IdError { expected: ENDPOINT_WHAT })
    }

    /// Whose it is.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        Self::split(&self.0).map_or_else(TenantId::default_tenant, |(tenant, _)| tenant)
    }

    /// What tells it from the tenant's other endpoints.
    #[must_use]
    pub fn own_part(&self) -> &str {
        self.0.get(ENDPOINT_PREFIX.len() + 26..).unwrap_or_default()
    }

    fn split(text: &str) -> Option<(TenantId, Ulid)> {
        let (tenant, own) = text.strip_prefix(ENDPOINT_PREFIX)?.split_at_checked(26)?;
        Some((TenantId::from_ulid(parse_ulid(tenant)?), parse_ulid(own)?))
    }
}

const PAYOUT_PREFIX: &str = "pay_";
const PAYOUT_WHAT: &str = "a payout id (pay_, the partner's 26 characters, the currency and a number)";

impl PayoutId {
    /// Payout number `n` of an account.
    #[must_use]
    pub fn of(partner: &PartnerId, currency: Currency, n: u32) -> Self {
        Self(format!("{PAYOUT_PREFIX}{}{currency}{n:06}", partner.ulid()))
    }

    /// Reads an id.
    ///
    /// # Errors
    /// Not a payout id.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let parts = Self::split(text).ok_or(IdError { expected: PAYOUT_WHAT })?;
        let id = Self::of(&parts.0, parts.1, parts.2);
        if id.0 == text { Ok(id) } else { Err(IdError { expected: PAYOUT_WHAT }) }
    }

    /// The account and the number within it.
    #[must_use]
    pub fn account_and_number(&self) -> (PartnerId, Currency, u32) {
        Self::split(&self.0).unwrap_or((PartnerId::from_ulid(Ulid::from(0_u128)), Currency::USD, 0))
    }

    fn split(text: &str) -> Option<(PartnerId, Currency, u32)> {
        let rest = text.strip_prefix(PAYOUT_PREFIX)?;
        let (ulid, rest) = rest.split_at_checked(26)?;
        let (currency, n) = rest.split_at_checked(3)?;
        if n.len() < 6 || !n.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Some((PartnerId::from_ulid(parse_ulid(ulid)?), Currency::parse(currency).ok()?, n.parse().ok()?))
    }
}

#[cfg(test)]
mod tests;
