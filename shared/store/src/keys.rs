//! Every key format, and every access pattern.
//!
//! Every partition key begins with the tenant, by [`TenantKey`]; the one exception is the directory of link codes,
//! which are unique per deployment and lead to their tenant.
//!
//! | Pattern | Table | pk | sk | Operation |
//! |---|---|---|---|---|
//! | tenant's settings | core | `T#tenant` | `settings` | Get, Put |
//! | program | core | `T#program` | `prg_…` | Get, Query, Put |
//! | rule versions of a program | core | `T#rules#prg_…` | `<effective_from>#rul_…` | Query, Put |
//! | partner | core | `T#partner#par_…` | `profile` | Get, Put, Update |
//! | partner's person, sealed | core | `T#partner#par_…` | `person` | Get, Put |
//! | enrolment of a partner | core | `T#partner#par_…` | `enrolment#prg_…` | Query, Put |
//! | link of a partner | core | `T#partner#par_…` | `link#lnk_…` | Query, Put |
//! | registry of partners | core | `T#registry#<00…15>` | `par_…` | Query, Put |
//! | link | core | `T#link#lnk_…` | `link` | Get, Put |
//! | registry of links | core | `T#links#<00…15>` | `lnk_…` | Query, Put |
//! | directory of codes | core | `code#<code>` | `link` | Get, Put |
//! | API key | core | `T#key#<sha256>` | `key` | Get, Put |
//! | customer | core | `T#customer#<provider:id>` | `customer` | Get, Put, Update |
//! | undecided sales of a customer | core | `T#customer#<provider:id>` | `undecided#sal_…` | Query, Put, Delete |
//! | sale | core | `T#sale#sal_…` | `sale` | Get, Put, Update |
//! | refund of a sale | core | `T#sale#sal_…` | `refund#<provider:id>` | Get, Put |
//! | another name of a payment | core | `T#sale#sal_…` of that name | `sale` | Get, Update |
//! | refund parked under a payment's name | core | `T#sale#sal_…` of that name | `parked#<provider:id>` | Query, Put, Delete |
//! | head of an account | core | `T#account#par_…` | `head#<CUR>` | Get, Query, Update |
//! | lines of an account, by slot | core | `T#account#par_…` | `<CUR>#line#<slot>#<sal>#<n>` | Query, Put |
//! | closes of an account | core | `T#account#par_…` | `<CUR>#close#<n>` | Query, Put |
//! | payouts of an account | core | `T#account#par_…` | `<CUR>#payout#<n>` | Get, Query, Put, Update |
//! | audit of a thing | core | `T#audit#<id>` | `<n>` | Query, Put |
//! | nightly runs | core | `T#runs` | `<date>` | Get, Query, Put, Update |
//! | report | core | `T#report#rpt_…` | `report` | Get, Put |
//! | live accounts | core, index `live` | `T#live#<00…15>` | `par_…#<CUR>` | Query |
//! | journal of a day | core, index `day-log` | `T#day#<yymmdd>#<0…7>` | `<booked_at>#<id>` | Query |
//! | payout desk | core, index `desk` | `T#desk` | `<requested_at>#pay_…` | Query |
//! | click | clicks | `T#lnk_…#<yyyymmddhh>` | `<visitor hash>` | Update |
//! | raw event | ops | `T#raw#<provider>#<yyyymmdd>` | `<event id>` | Get, Put |
//! | answer to an idempotency key | ops | `T#idempotency#<hash>` | `answer` | Get, Put, Update |
//! | notice | ops | `T#notice#ntc_…` | `notice` | Get, Put, Update |

use domain::currency::Currency;
use domain::digest::Digest;
use domain::fact::PaymentKey;
use domain::id::{LinkId, NoticeId, PartnerId, PayoutId, ProgramId, ReportId, RuleId, SaleId, TenantId};
use domain::line::{Account, Place};
use domain::slot::Slot;
use domain::time::{BusinessDay, Timestamp, sortable};
use domain::touch::{VisitorHash, hour_of};

/// Over how many partitions the registry of partners and the index of live accounts are spread.
pub const SHARDS: u8 = 16;
/// Over how many partitions one day of the journal is spread.
pub const DAY_SHARDS: u8 = 8;

/// Where an item is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The partition.
    pub pk: String,
    /// The place within it.
    pub sk: String,
}

impl Key {
    pub(crate) fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }
}

/// The tenant, as the beginning of every key. No key is made from a bare string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantKey(TenantId);

impl From<&TenantId> for TenantKey {
    fn from(tenant: &TenantId) -> Self {
        Self(tenant.clone())
    }
}

/// The directory of link codes: the one key without a tenant.
#[must_use]
pub(crate) fn code(code: &str) -> Key {
    Key::new(format!("code#{code}"), "link")
}

impl TenantKey {
    /// The tenant.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.0
    }

    pub(crate) fn pk(&self, rest: &str) -> String {
        format!("{}#{rest}", self.0)
    }

    pub(crate) fn settings(&self) -> Key {
        Key::new(self.pk("tenant"), "settings")
    }

    pub(crate) fn programs(&self) -> String {
        self.pk("program")
    }

    pub(crate) fn program(&self, program: &ProgramId) -> Key {
        Key::new(self.programs(), program.as_str())
    }

    pub(crate) fn rules(&self, program: &ProgramId) -> String {
        self.pk(&format!("rules#{program}"))
    }

    pub(crate) fn rule(&self, program: &ProgramId, effective_from: Timestamp, rule: &RuleId) -> Key {
        Key::new(self.rules(program), format!("{}#{rule}", sortable(effective_from)))
    }

    pub(crate) fn partner_partition(&self, partner: &PartnerId) -> String {
        self.pk(&format!("partner#{partner}"))
    }

    pub(crate) fn partner(&self, partner: &PartnerId) -> Key {
        Key::new(self.partner_partition(partner), "profile")
    }

    pub(crate) fn person(&self, partner: &PartnerId) -> Key {
        Key::new(self.partner_partition(partner), "person")
    }

    pub(crate) fn enrolment(&self, partner: &PartnerId, program: &ProgramId) -> Key {
        Key::new(self.partner_partition(partner), format!("enrolment#{program}"))
    }

    pub(crate) fn partner_link(&self, partner: &PartnerId, link: &LinkId) -> Key {
        Key::new(self.partner_partition(partner), format!("link#{link}"))
    }

    pub(crate) fn registry(&self, shard: u8) -> String {
        self.pk(&format!("registry#{shard:02}"))
    }

    pub(crate) fn registered(&self, partner: &PartnerId) -> Key {
        Key::new(self.registry(shard_of(partner.as_str(), SHARDS)), partner.as_str())
    }

    pub(crate) fn link(&self, link: &LinkId) -> Key {
        Key::new(self.pk(&format!("link#{link}")), "link")
    }

    pub(crate) fn link_registry(&self, shard: u8) -> String {
        self.pk(&format!("links#{shard:02}"))
    }

    pub(crate) fn link_registered(&self, link: &LinkId) -> Key {
        Key::new(self.link_registry(shard_of(link.as_str(), SHARDS)), link.as_str())
    }

    pub(crate) fn api_key(&self, hash: &Digest) -> Key {
        Key::new(self.pk(&format!("key#{hash}")), "key")
    }

    pub(crate) fn customer(&self, customer: &PaymentKey) -> Key {
        Key::new(self.pk(&format!("customer#{customer}")), "customer")
    }

    pub(crate) fn undecided(&self, customer: &PaymentKey, sale: &SaleId) -> Key {
        Key::new(self.customer(customer).pk, format!("undecided#{sale}"))
    }

    pub(crate) fn sale(&self, sale: &SaleId) -> Key {
        Key::new(self.pk(&format!("sale#{sale}")), "sale")
    }

    pub(crate) fn refund(&self, sale: &SaleId, refund: &PaymentKey) -> Key {
        Key::new(self.sale(sale).pk, format!("refund#{refund}"))
    }

    pub(crate) fn alias(&self, name: &PaymentKey) -> Key {
        // At the place of the sale that the name would have: a name is a sale's own or another's, never both.
        self.sale(&SaleId::of(name))
    }

    pub(crate) fn parked(&self, name: &PaymentKey, fact: &PaymentKey) -> Key {
        Key::new(self.alias(name).pk, format!("parked#{fact}"))
    }

    pub(crate) fn account(&self, partner: &PartnerId) -> String {
        self.pk(&format!("account#{partner}"))
    }

    pub(crate) fn head(&self, account: &Account) -> Key {
        Key::new(self.account(&account.partner), format!("head#{}", account.currency))
    }

    pub(crate) fn line(&self, account: &Account, place: Place, sale: &SaleId, n: u32) -> Key {
        Key::new(self.account(&account.partner), format!("{}#line#{}#{sale}#{n:04}", account.currency, place.to_text()))
    }

    /// The sort keys of the lines in slots after one, up to and with another.
    pub(crate) fn lines_between(account: &Account, after: Option<Slot>, last: Slot) -> (String, String) {
        let prefix = format!("{}#line#", account.currency);
        // `~` sorts behind every character of a sale's id, so the slot itself is left out below and taken in above.
        let from = after.map_or_else(|| prefix.clone(), |slot| format!("{prefix}{slot}#~"));
        (from, format!("{prefix}{last}#~"))
    }

    pub(crate) fn close(&self, account: &Account, no: u32) -> Key {
        Key::new(self.account(&account.partner), format!("{}#close#{no:08}", account.currency))
    }

    pub(crate) fn payout(&self, payout: &PayoutId) -> Key {
        let (partner, currency, no) = payout.account_and_number();
        Key::new(self.account(&partner), format!("{currency}#payout#{no:08}"))
    }

    pub(crate) fn payouts_prefix(currency: Currency) -> String {
        format!("{currency}#payout#")
    }

    pub(crate) fn audit(&self, aggregate: &str, no: u32) -> Key {
        Key::new(self.pk(&format!("audit#{aggregate}")), format!("{no:08}"))
    }

    pub(crate) fn runs(&self) -> String {
        self.pk("runs")
    }

    pub(crate) fn run(&self, day: BusinessDay) -> Key {
        Key::new(self.runs(), day.to_string())
    }

    pub(crate) fn report(&self, report: &ReportId) -> Key {
        Key::new(self.pk(&format!("report#{report}")), "report")
    }

    pub(crate) fn notice(&self, notice: &NoticeId) -> Key {
        Key::new(self.pk(&format!("notice#{notice}")), "notice")
    }

    pub(crate) fn live(&self, account: &Account) -> Key {
        let text = format!("{}#{}", account.partner, account.currency);
        Key::new(self.live_shard(shard_of(account.partner.as_str(), SHARDS)), text)
    }

    pub(crate) fn live_shard(&self, shard: u8) -> String {
        self.pk(&format!("live#{shard:02}"))
    }

    pub(crate) fn day_log(&self, booked_day: BusinessDay, booked_at: Timestamp, id: &str) -> Key {
        Key::new(self.day_shard(booked_day, shard_of(id, DAY_SHARDS)), format!("{}#{id}", sortable(booked_at)))
    }

    pub(crate) fn day_shard(&self, day: BusinessDay, shard: u8) -> String {
        self.pk(&format!("day#{}#{shard}", &Slot::of_day(day).to_string()[..6]))
    }

    pub(crate) fn desk(&self) -> String {
        self.pk("desk")
    }

    pub(crate) fn idempotency(&self, key: &Digest) -> Key {
        Key::new(self.pk(&format!("idempotency#{key}")), "answer")
    }

    pub(crate) fn click(&self, link: &LinkId, at: Timestamp, visitor: VisitorHash) -> Key {
        Key::new(self.pk(&format!("{link}#{}", hour_of(at))), visitor.to_string())
    }

    pub(crate) fn raw_event(&self, provider: &str, day_text: &str, event_id: &str) -> Key {
        Key::new(self.pk(&format!("raw#{provider}#{day_text}")), event_id)
    }
}

/// A stable shard of a text.
fn shard_of(text: &str, shards: u8) -> u8 {
    Digest::of_bytes(text.as_bytes()).as_bytes()[0] % shards
}

#[cfg(test)]
mod tests;
