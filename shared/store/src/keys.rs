//! Every key format, and every access pattern.
//!
//! Every partition key begins with the tenant, by [`TenantKey`]; the one exception is the directory of link codes,
//! which are unique per deployment and lead to their tenant.
//!
//! | Pattern | Table | pk | sk | Operation |
//! |---|---|---|---|---|
//! | tenant's settings | core | `T#tenant` | `settings` | Get, Update |
//! | registry of tenants, with the default one | core | `T#tenants` | `ten_…` | Get, Query, Put, Update |
//! | program | core | `T#program` | `prg_…` | Get, Query, Put |
//! | rule versions of a program | core | `T#rules#prg_…` | `<effective_from>#rul_…` | Query, Put |
//! | how many rule versions of a program were made | core | `T#rules-made#prg_…` | `count` | Get, Update |
//! | whose a program is, with the default tenant | core | `T#program-owners` | `prg_…` | Get, Put |
//! | that a program has, or had, a partner | core | `T#used#prg_…` | `used` | Get, Update, ConditionCheck |
//! | groups of partners | core | `T#groups` | `grp_…` | Get, Query, Put |
//! | row by which a partner is listed and found | core | `T#partners` | `par_…` | Query, Update |
//! | what a partner is to be told | core | `T#partner#par_…` | `news#<version>` | Put |
//! | application to a program, sealed | core | `T#application#apl_…` | `application` | Get, Put |
//! | what an applicant is to be told | core | `T#application#apl_…` | `news#<version>` | Put |
//! | applications by state, newest first | core, index `desk` | `T#applications#prg_…#<state>` | `<applied_at>#apl_…` | Query |
//! | whom an application of an address made a partner | core | `T#taken-on#<sha256>` | `taken-on` | Get, Update, Delete |
//! | partner | core | `T#partner#par_…` | `profile` | Get, Put, Update |
//! | partner's person, sealed | core | `T#partner#par_…` | `person` | Get, Put |
//! | enrolment of a partner | core | `T#partner#par_…` | `enrolment#prg_…` | Query, Put |
//! | whom a partner referred, or had | core | `T#partner#par_…` | `referred#par_…#prg_…` | Query, Put |
//! | link of a partner | core | `T#partner#par_…` | `link#lnk_…` | Query, Put |
//! | coupon of a partner | core | `T#partner#par_…` | `coupon#<CODE>` | Query, Put |
//! | that a partner's coupons of before are listed with it | core | `T#partner#par_…` | `coupons-listed` | Get, Put |
//! | that a partner is being deleted, or was | core | `T#partner#par_…` | `leaving` | Get, Update, ConditionCheck |
//! | how often somebody was invited to sign in for a partner | core | `T#partner#par_…` | `invited` | Get, Update |
//! | where a partner's money goes, sealed | core | `T#partner#par_…` | `payout-methods` | Get, Put |
//! | tax form of a partner, sealed | core | `T#partner#par_…` | `tax-form` | Get, Put |
//! | tax forms that gave way to another | core | `T#partner#par_…` | `tax-form#<n>` | Put |
//! | payouts that were built together | core | `T#payout-runs` | `prn_…` | Get, Query, Put |
//! | who overrode the report of a payout run | core | `T#payout-run#prn_…` | `override` | Get, Put |
//! | files of payouts for banks | core | `T#payout-files` | `pfl_…` | Get, Query, Put |
//! | numbers that files of payouts were given | core | `T#payout-files` | `numbers` | Get, Put |
//! | notes beside a payout | core | `T#payout-notes#pay_…` | `pnt_…` | Query, Put |
//! | what a file of payouts holds, sealed | core | `T#payout-file#pfl_…` | `content` | Get, Put |
//! | what a rail knows a payout of a file by | core | `T#sent#<rail>#<reference>` | `payout` | Get, Put |
//! | file of returns that was taken in | core | `T#payout-returns` | `<sha256>` | Get, Put |
//! | what a bank asks to be changed of a method | core | `T#partner#par_…` | `method-notice#mth_…` | Get, Put |
//! | what a tenant's banks need in their files, sealed | core | `T#tenant` | `rail-settings` | Get, Put |
//! | what a tenant decided about payouts | core | `T#tenant` | `payout-policy` | Get, Put |
//! | through which day payouts are built by schedule | core | `T#tenant` | `payout-schedule` | Get, Put |
//! | key of the hashes of accounts, sealed | core | `T#tenant` | `fingerprint-key` | Get, Put |
//! | registry of partners | core | `T#registry#<00…15>` | `par_…` | Query, Put |
//! | link | core | `T#link#lnk_…` | `link` | Get, Put |
//! | registry of links | core | `T#links#<00…15>` | `lnk_…` | Query, Put |
//! | directory of codes | core | `code#<code>` | `link` | Get, Put |
//! | API key | core | `T#key#<sha256>` | `key` | Get, Put, Update |
//! | registry of API keys | core | `T#keys` | `key_…` | Get, Query, Put |
//! | user, their address and name sealed | core | `T#users` | `usr_…` | Get, Query, Put |
//! | user who signs in for a partner | core | `T#partner#par_…` | `user#usr_…` | Query, Put |
//! | user of an address | core | `T#user-email#<sha256>` | `user` | Get, Put, Delete |
//! | how many active admins there are | core | `T#tenant` | `admins` | Get, Update |
//! | active admin among the users | core | `T#admins` | `usr_…` | Query, Put, Delete |
//! | links by which a user signs in, sealed | core | `T#user#usr_…` | `sign-in#<0…7>` | Get, Put, Update |
//! | authenticator of a user, sealed | core | `T#user#usr_…` | `authenticator` | Get, Put, Update, Delete |
//! | user of a subject of another issuer | core | `T#user-subject#<sha256>` | `user` | Get, Put, Delete |
//! | subject that a user is tied to | core | `T#user#usr_…` | `subject` | Get, Put, Delete |
//! | customer | core | `T#customer#<provider:id>` | `customer` | Get, Put, Update |
//! | sales of a customer that nobody is paid for | core | `T#customer#<provider:id>` | `undecided#sal_…` | Query, Put, Delete |
//! | sales of a customer whom several partners have, and whose are all there | core | `T#customer#<provider:id>` | `listed#sal_…` or `listed#par_…#<CUR>` | Query, Put |
//! | customer on a partner's account list | core | `T#partner#par_…` | `managed#<provider:id>` | Query, Put |
//! | terms that a partner accepted | core | `T#partner#par_…` | `agreed#<version>` | Query, Put |
//! | coupon | core | `T#coupons` | `<CODE>` | Get, Query, Put, Update |
//! | coupon by its promotion code at the provider | core | `T#promotions` | `promo_…` | Get, Put |
//! | leads of an address | core | `T#lead#<sha256>` | `leads` | Get, Put |
//! | who waits to hear of a lead | core | `T#lead#<sha256>` | `waits#<provider:id>` | Query, Update |
//! | lead of an address, by programme | core | `T#lead#<sha256>` | `program#prg_…` | Query, Put, Delete |
//! | lead | core | `T#lead#led_…` | `lead` | Get, Put |
//! | leads, newest first, and oldest first | core, index `desk` | `T#leads` | `<captured_at>#led_…` | Query |
//! | through which lead those whose days are over have ended | ops | `T#leads` | `ended` | Get, Update |
//! | counts of a day's leads | core | `T#lead-days` | `<yyyy-mm-dd>#prg_…#<source>` | Query, Update |
//! | sources by which a programme's leads are counted | core | `T#lead-sources` | `prg_…` | Get, Update |
//! | claims of a partner | core | `T#partner#par_…` | `claim#clm_…` | Query, Put |
//! | what a partner has claimed, by its words | core | `T#partner#par_…` | `claimed#<sha256>` | Get, Put, Delete |
//! | claim to a customer | core | `T#claims` | `clm_…` | Get, Query, Put |
//! | sale | core | `T#sale#sal_…` | `sale` | Get, Put, Update |
//! | refund of a sale | core | `T#sale#sal_…` | `refund#<provider:id>` | Get, Put |
//! | another name of a payment | core | `T#sale#sal_…` of that name | `sale` | Get, Update |
//! | dispute of a sale, by phase | core | `T#sale#sal_…` | `dispute#<provider:id>#<phase>` | Put |
//! | fact parked under a payment's name | core | `T#sale#sal_…` of that name | `parked#<hash>` | Query, Put, Delete |
//! | what waits for a payment or a person | core | `T#waiting` | `fact#<since>#<name>#<hash>`, `event#<provider>#<day>#<event id>` | Query, Put, Delete |
//! | head of an account | core | `T#account#par_…` | `head#<CUR>` | Get, Query, Update |
//! | lines of an account, by slot | core | `T#account#par_…` | `<CUR>#line#<slot>#<sal or ent>#<n>` | Query, Put |
//! | closes of an account | core | `T#account#par_…` | `<CUR>#close#<n>` | Query, Put |
//! | payouts of an account | core | `T#account#par_…` | `<CUR>#payout#<n>` | Get, Query, Put, Update |
//! | what a bank's reference confirmed | core | `T#reference#<sha256>` | `payout` | Get, Put |
//! | what a rail was asked for | core | `T#attempts#pay_…` | `<n>` | Get, Query, Put |
//! | attempts whose outcome is looked for | core, index `desk` | `T#looked-for` | `<due_at>#pay_…#<n>` | Query |
//! | entry of an account | core | `T#entry#ent_…` | `entry` | Get, Put |
//! | changes by hand, by kind | core | `T#adjustments#<kind>` | `adj_…` | Get, Query, Put |
//! | rates of exchange | core | `T#fx-rates` | `<FROM>#<TO>#<told at>#<hash of source>` | Query, Put |
//! | disputes, open and settled | core | `T#disputes` | `<provider:id>` | Query, Put |
//! | subscription | core | `T#subscriptions` | `sub_…` | Get, Query, Put |
//! | customer whom we bill | core | `T#buyers` | `cus_…` | Get, Query, Put |
//! | plan | core | `T#plans` | `pln_…` | Get, Query, Put |
//! | reminders of a payment that failed | core | `T#dunning` | `<provider:id>` | Get, Put |
//! | member | core | `T#member#mem_…` | `profile` | Get, Put |
//! | registry of members | core | `T#members` | `mem_…` | Query, Put |
//! | queue of members, by tenure | core | `T#award-queue` | `<since>#mem_…` | Query, Put, Delete |
//! | tally of awards | core | `T#awards` | `tally` | Get, Put |
//! | award | core | `T#awards` | `awd_…` | Get, Query, Put |
//! | rates of sales tax | core | `T#tax-rates` | `<DE or US-NY>#<first day>` | Get, Query, Put |
//! | year that is told to the tax office | core | `T#tax-years` | `<year>` | Get, Query, Put |
//! | count of such a year | core | `T#tax-year#<year>` | `count#<n>` | Get, Put |
//! | row of a count | core | `T#tax-rows#<year>#<n>` | `<form>#par_…` | Query, Put |
//! | file of a count, sealed | core | `T#tax-files#<year>#<n>` | `<form>-<nnn>` | Get, Put |
//! | what of the tax withheld was handed on | core | `T#tax-remittances` | `rem_…` | Get, Query, Put |
//! | deposit that a booked remittance named, by the hash of its reference | core | `T#tax-deposit#<year>#<sha256>` | `remittance` | Get, Put, Delete |
//! | what a tenant decided about telling the tax office, sealed | core | `T#tenant` | `tax-settings` | Get, Put |
//! | payment that failed | core | `T#failed-payments` | `<provider:id>` | Get, Query, Put |
//! | payment that failed and is open | core | `T#open-payments` | `<provider:id>` | Query, Put, Delete |
//! | object of a provider, by kind | core | `T#provider#<kind>` | `<provider:id>` | Get, Query, Put |
//! | webhook endpoint | core | `T#webhook-endpoints` | `whk_…` | Get, Query, Put, Update |
//! | comparings of a provider with the ledger | core | `T#reconciliations` | `<at>#<provider>` | Query, Put |
//! | mark of a partner | core | `T#partner#par_…` | `mark#<kind>#<sha256>` | Query, Put |
//! | partners with a mark | core | `T#mark#<kind>#<sha256>` | `par_…` | Query, Put |
//! | what stops a partner's payouts | core | `T#partner#par_…` | `stop#rsk_…` | Query, Put, Delete |
//! | how many stop a partner's payouts | core | `T#partner#par_…` | `stops` | Update, ConditionCheck |
//! | review of signals of fraud | core | `T#risk#rsk_…` | `review` | Get, Put |
//! | reviews by state | core, index `desk` | `T#risk#<state>` | `<opened_at>#rsk_…` | Query |
//! | what is counted of a customer of an account | core | `T#account#par_…` | `<CUR>#counted#<provider:id>` | Get, Put |
//! | what is counted of a programme of an account | core | `T#account#par_…` | `<CUR>#standing#prg_…` | Get, Put |
//! | how far a capped programme is frozen and counted | core | `T#counted#prg_…` | `counted` | Get, Update, ConditionCheck |
//! | recompute of a programme under way | core | `T#counted#prg_…` | `recomputing` | Get, Update |
//! | recomputes of a programme | core | `T#recompute#prg_…` | `rcp_…` | Get, Query, Put |
//! | what a recompute makes of an account | core | `T#difference#rcp_…` | `<round>#par_…#<CUR>#<through par_…>` | Query, Put |
//! | unit of a nightly run | core | `T#run#run_…` | `par_…#<CUR>`, `prg_…` or `rcp_…` | Get, Query, Put |
//! | what a subject of personal data asked for | core | `T#subject#<id>` | `erased` or `do-not-sell` | Get, Put |
//! | audit of a thing | core | `T#audit#<id>` | `<n>` | Query, BatchGet, Put |
//! | audit of a day | core, index `day-log` | `T#audit-day#<yyyy-mm-dd>` | `<at>|<id>|<n>` | Query |
//! | heads of the audit's days | ops | `T#audit-heads` | `<yyyy-mm-dd>` | Query, Put |
//! | nightly runs | core | `T#runs` | `<date>` | Get, Query, Put, Update |
//! | report | core | `T#report#rpt_…` | `report` | Get, Put |
//! | instructions for paying by hand, wanted and made, sealed | core | `T#report#rpt_…` | `instructions-asked`, `instructions-made` | Get, Put |
//! | live accounts | core, index `live` | `T#live#<00…15>` | `par_…#<CUR>` | Query |
//! | journal of a day | core, index `day-log` | `T#day#<yymmdd>#<0…7>` | `<booked_at>#<id>` | Query |
//! | payout desk | core, index `desk` | `T#desk` | `<requested_at>#pay_…` | Query |
//! | click | clicks | `T#lnk_…#<yyyymmdd>` | `<hour>#<visitor hash>` | Get, Query, Update |
//! | what is counted of a link's day | ops | `T#clicks#lnk_…` | `<yyyymmdd>` | Get, Query, Put |
//! | what a link sold in all, by currency | ops | `T#link-sales#lnk_…` | `total` | BatchGet, Update |
//! | what a sale is to a link | ops | `T#link-sales#lnk_…` | `sale#sal_…` | Get, Put |
//! | through which day clicks are counted exactly | ops | `T#clicks` | `counted` | Get, Put |
//! | raw event | ops | `T#raw#<provider>#<yyyymmdd>` | `<event id>` | Get, Query, Put, Update |
//! | day on which an event was first told | ops | `T#event-day#<provider>#<event id>` | `day` | Put |
//! | how many calls somebody made within a window | ops | `T#calls#<kind>#<caller>` | `<second>` | Update |
//! | how often a key was used in a minute | ops | `T#pace#key_…` | `<second>` | Update |
//! | how often strangers used a door in a minute | ops | `T#pace#<door>` | `<second>` | Update |
//! | when a key was last used | ops | `T#keys-used` | `key_…` | Query, Update |
//! | session of a user | ops | `T#signed-in#usr_…` | `ses_…` | Get, Query, Put, Update |
//! | token of another issuer that was used | ops | `T#issued#<sha256>` | `token` | Put |
//! | sign-in that was asked for by an address of nobody | ops | `T#nobody#<sha256>` | `sign-in` | Put |
//! | answer to an idempotency key | ops | `T#idempotency#<hash>` | `answer` | Get, Put, Update |
//! | what a part of a close's lines comes to, day by day | ops | `T#figures#par_…` | `<CUR>#<close>#<part>` | Query, Put |
//! | how far the recount behind a close has come | ops | `T#recount#par_…` | `<CUR>#<n>` | Get, Update |
//! | where a partner worked from | ops | `T#session#par_…` | `<yyyymmdd>#<visitor hash>` | Query, Put |
//! | how far a tenant's items are migrated | ops | `T#migration` | `journal` | Get, Put |
//! | last run of a job of the deployment, with the default tenant | ops | `T#jobs` | `<job>` | Get, Query, Update |
//! | what the last proof of a ledger found, and the last look at the seals of its audit | ops | `T#proofs` | `recent`, `whole`, `seals` | Get, Update |
//! | salt of a day, with the default tenant | ops | `T#salts` | `<yyyymmdd>` | Get, Query, Put, Delete |
//! | notice | ops | `T#notice#ntc_…` | `notice` | Get, Put, Update |

mod accounts;
mod attempted;
mod audited;
mod awarded;
mod billed;
pub(crate) mod brought;
mod captured;
mod claimed;
mod clicked;
pub(crate) mod enrolled;
mod figures;
mod limited;
mod listed;
mod moving;
mod payees;
mod recomputed;
mod run;
mod signed_in;
mod taxed;
mod told;
mod watched;

use domain::digest::Digest;
use domain::fact::PaymentKey;
use domain::id::{ClaimId, LinkId, NoticeId, PartnerId, ProgramId, ReportId, RuleId, RunId, SaleId, TenantId};
use domain::line::Account;
use domain::slot::Slot;
use domain::time::{BusinessDay, Timestamp, sortable};

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

    pub(crate) fn leads(&self, email: &Digest) -> Key {
        Key::new(self.pk(&format!("lead#{email}")), "leads")
    }

    pub(crate) fn claims(&self) -> String {
        self.pk("claims")
    }

    pub(crate) fn claim(&self, claim: &ClaimId) -> Key {
        Key::new(self.claims(), claim.as_str())
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

    pub(crate) fn dispute(&self, sale: &SaleId, dispute: &PaymentKey, phase: &str) -> Key {
        Key::new(self.sale(sale).pk, format!("dispute#{dispute}#{phase}"))
    }

    pub(crate) fn parked(&self, name: &PaymentKey, mark: &str) -> Key {
        Key::new(self.alias(name).pk, format!("parked#{mark}"))
    }

    pub(crate) fn waiting(&self) -> String {
        self.pk("waiting")
    }

    pub(crate) fn adjustments(&self, kind: &str) -> String {
        self.pk(&format!("adjustments#{kind}"))
    }

    pub(crate) fn fx_rates(&self) -> String {
        self.pk("fx-rates")
    }

    pub(crate) fn disputes(&self) -> String {
        self.pk("disputes")
    }

    pub(crate) fn audit(&self, aggregate: &str, no: u32) -> Key {
        Key::new(self.pk(&format!("audit#{aggregate}")), format!("{no:08}"))
    }

    pub(crate) fn customer_count(&self, account: &Account, customer: &PaymentKey) -> Key {
        Key::new(self.account(&account.partner), format!("{}#counted#{customer}", account.currency))
    }

    pub(crate) fn program_count(&self, account: &Account, program: &ProgramId) -> Key {
        Key::new(self.account(&account.partner), format!("{}#standing#{program}", account.currency))
    }

    pub(crate) fn program_counted(&self, program: &ProgramId) -> Key {
        Key::new(self.pk(&format!("counted#{program}")), "counted")
    }

    /// The tenants of the deployment stand with the default one.
    pub(crate) fn tenants() -> String {
        Self(TenantId::default_tenant()).pk("tenants")
    }

    /// The salts of the deployment's days stand with the default tenant.
    pub(crate) fn salts() -> String {
        Self(TenantId::default_tenant()).pk("salts")
    }

    pub(crate) fn salt(day: &str) -> Key {
        Key::new(Self::salts(), day)
    }

    pub(crate) fn registered_tenant(&self) -> Key {
        Key::new(Self::tenants(), self.0.as_str())
    }

    pub(crate) fn run_units(&self, run: &RunId) -> String {
        self.pk(&format!("run#{run}"))
    }

    pub(crate) fn run_unit(&self, run: &RunId, unit: &str) -> Key {
        Key::new(self.run_units(run), unit)
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
}

/// The day in the partition of a journal.
pub(crate) fn day_of_shard(pk: &str) -> Option<BusinessDay> {
    let digits = pk.rsplit('#').nth(1)?;
    Slot::parse(&format!("{digits}.00")).ok().map(Slot::day)
}

/// A stable shard of a text.
fn shard_of(text: &str, shards: u8) -> u8 {
    Digest::of_bytes(text.as_bytes()).as_bytes()[0] % shards
}

#[cfg(test)]
mod tests;
