//! OPS-4, what a person asked of us about what we hold of them: to forget it, and not to sell it.
//!
//! The data key of a person lies wrapped in each value that is sealed for them, and nowhere else: with the last such value
//! the key is gone. What is left is a tombstone, the ledger's opaque ids and amounts, and the audit.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::application::{Application, ApplicationState, DecidedBy};
use domain::attribution::customer::Customer;
use domain::currency::Currency;
use domain::digest::Digest;
use domain::fact::PaymentKey;
use domain::fraud::marks::{Mark, MarkKind};
use domain::id::{CustomerId, PartnerId};
use domain::ledger::Head;
use domain::line::Account;
use domain::payee::PayoutMethods;
use domain::tax::TaxForm;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::applications::StoredApplication;
use crate::buyers::BillingCustomer;
use crate::customers::CustomerChange;
use crate::keys::Key;
use crate::partners::PartnerStatus;
use crate::request::{self, Transacted, UpdateBuilder, Written};
use crate::users::KeptUser;
use crate::{Store, StoreError, TenantKey, item};

/// How much is deleted at once of what a person may have any number of.
const PURGED_AT_ONCE: usize = 50;
/// How many places for sign-in links a user has.
const SIGN_IN_SLOTS: u8 = 8;

/// What a subject asked for, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// When it was done.
    pub at: Timestamp,
    /// By whom: the id of a user or key.
    pub by: String,
}

/// What is known of what a subject asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Everything personal was destroyed.
    pub erased: Option<Asked>,
    /// What is held of them is given to nobody for money or its like.
    pub do_not_sell: Option<Asked>,
}

#[derive(Serialize, Deserialize)]
struct AskedItem {
    entity: String,
    v: u32,
    at: Timestamp,
    by: String,
}

/// What is erased of somebody to whom money goes: a partner, or the payee of a member.
#[derive(Clone, Debug)]
pub struct PayeeErasure<'a> {
    /// Who.
    pub payee: &'a PartnerId,
    /// The methods as they were read.
    pub methods: &'a PayoutMethods,
    /// By what they are known again.
    pub marks: &'a [Mark],
    /// The tax form as it was read.
    pub tax_form: Option<&'a TaxForm>,
    /// Whether the law wants the form kept, with those before it.
    pub keeps_form: bool,
    /// The accounts as they were read, without money: a line that is booked meanwhile raises its head's version.
    pub heads: &'a [Head],
    /// In which currencies an account could begin, and had not.
    pub absent: &'a [Currency],
    /// Whether they are a partner, who must not earn.
    pub is_partner: bool,
}

/// What is erased of a customer.
#[derive(Clone, Debug)]
pub struct CustomerErasure<'a> {
    /// Who.
    pub id: &'a CustomerId,
    /// Whom we bill: without anything personal, in the next version. `None` of whom only a provider's events tell.
    pub buyer: Option<&'a BillingCustomer>,
    /// Who brought them, as it was read and without their addresses, where anything is known.
    pub customer: Option<(&'a PaymentKey, u64, &'a Customer)>,
    /// The addresses under which they wait to hear of a lead.
    pub addresses: &'a [Digest],
}

impl Store {
    /// What a subject asked for, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn get_subject(&self, tenant: &TenantKey, subject: &str) -> Result<Subject, StoreError> {
        let doing = "reading what a subject asked for";
        let mut known = Subject::default();
        for (sk, place) in [("erased", &mut known.erased), ("do-not-sell", &mut known.do_not_sell)] {
            let found: Option<AskedItem> = self.get(&self.tables.core, &tenant.subject(subject, sk), doing).await?;
            *place = found.map(|found| Asked { at: found.at, by: found.by });
        }
        Ok(known)
    }

    /// What is held of a subject is not sold; `ConditionFailed` when they asked for it before. The first time stands.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_do_not_sell(
        &self,
        tenant: &TenantKey,
        subject: &str,
        asked: &Asked,
    ) -> Result<Written, StoreError> {
        let key = tenant.subject(subject, "do-not-sell");
        self.put_new(&self.tables.core, &key, &AskedItem::of(asked), "marking as not to be sold").await
    }

    /// A subject is erased whose data went by another way: a lead's.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn record_erased(&self, tenant: &TenantKey, subject: &str, asked: &Asked) -> Result<Written, StoreError> {
        self.erased(vec![self.tombstone(tenant, subject, asked)?], "putting a tombstone").await
    }

    /// What somebody to whom money goes may have any number of is destroyed, page by page: marks, and tax forms that gave
    /// way. Before [`Self::erase_payee`], which one transaction must hold; broken off, it is done again.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn purge_payee(&self, tenant: &TenantKey, erasure: &PayeeErasure<'_>) -> Result<(), StoreError> {
        let (core, payee) = (&self.tables.core, erasure.payee);
        let forms = erasure.tax_form.filter(|_| !erasure.keeps_form).map_or(0, |form| form.version);
        let mut keys: Vec<Key> = (1..forms).map(|version| tenant.tax_form_before(payee, version)).collect();
        for mark in erasure.marks {
            // What leads to the person goes first: broken off between the two, the list of their marks still has it.
            if mark.kind == MarkKind::Email {
                // Of another partner of that address nothing is lost: they are found by their marks.
                keys.push(tenant.taken_on(&mark.digest));
            }
            keys.push(Key::new(tenant.marked(mark), payee.as_str()));
            keys.push(tenant.mark(payee, mark));
        }
        for page in keys.chunks(PURGED_AT_ONCE) {
            let deletes: Result<Vec<_>, _> = page.iter().map(|key| request::delete_any(core, key)).collect();
            self.transact(deletes?, "erasing what a payee has many of").await?;
        }
        Ok(())
    }

    /// Everything personal of somebody to whom money goes is destroyed: person, where money goes, tax form. What they may
    /// have any number of went before. `ConditionFailed` when it changed since it was read, when money came in, or when the
    /// partner earns again.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn erase_payee(
        &self,
        tenant: &TenantKey,
        subject: &str,
        erasure: &PayeeErasure<'_>,
        asked: &Asked,
    ) -> Result<Written, StoreError> {
        let (core, payee) = (&self.tables.core, erasure.payee);
        let mut items =
            vec![self.tombstone(tenant, subject, asked)?, request::delete_any(core, &tenant.person(payee))?];
        items.extend(self.methods_erased(tenant, payee, erasure.methods)?);
        if subject != payee.as_str() {
            // A member's tombstone stands under the member's id; where money goes asks by the payee's.
            items.push(self.tombstone(tenant, payee.as_str(), asked)?);
        }
        items.extend(self.form_erased(tenant, erasure)?);
        items.extend(self.without_money(tenant, erasure)?);
        if erasure.is_partner {
            let suspended = ("status", item::text(PartnerStatus::Suspended.word()));
            items.push(request::check_is(core, &tenant.partner(payee), suspended)?);
        }
        // The pieces of words by which they are searched. A payee who is no partner has no row, and this makes none.
        let row = tenant.partner_row(payee);
        items.push(UpdateBuilder::new(core, &row).set("words", item::text("")).build_transact()?);
        self.erased(items, "erasing a payee").await
    }

    /// The tax form goes as it was read, or none has come meanwhile.
    fn form_erased(
        &self,
        tenant: &TenantKey,
        erasure: &PayeeErasure<'_>,
    ) -> Result<Option<TransactWriteItem>, StoreError> {
        let (core, key) = (&self.tables.core, tenant.tax_form(erasure.payee));
        Ok(match erasure.tax_form {
            None => Some(request::check(core, &key, "attribute_not_exists(pk)")?),
            Some(_) if erasure.keeps_form => None,
            Some(form) => Some(request::delete_version(core, &key, u64::from(form.version))?),
        })
    }

    /// The condition that nothing was booked since the accounts were read.
    fn without_money(
        &self,
        tenant: &TenantKey,
        erasure: &PayeeErasure<'_>,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let core = &self.tables.core;
        let account = |currency| tenant.head(&Account { partner: erasure.payee.clone(), currency });
        let there =
            erasure.heads.iter().map(|head| request::check_version(core, &account(head.currency), head.version));
        let absent =
            erasure.absent.iter().map(|currency| request::check(core, &account(*currency), "attribute_not_exists(pk)"));
        there.chain(absent).collect()
    }

    /// The condition that a payee was not erased, for a transaction that would write something of theirs.
    pub(crate) fn not_erased(&self, tenant: &TenantKey, payee: &PartnerId) -> Result<TransactWriteItem, StoreError> {
        request::check(&self.tables.core, &tenant.subject(payee.as_str(), "erased"), "attribute_not_exists(pk)")
    }

    /// An application is erased: what the applicant wrote, and the digest of their address. One that waited is declined:
    /// nobody is left to take on. `ConditionFailed` when it changed since it was read.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn erase_application(
        &self,
        tenant: &TenantKey,
        before: &StoredApplication,
        asked: &Asked,
    ) -> Result<Written, StoreError> {
        let application = before.application.clone();
        let state = match application.state {
            ApplicationState::Pending => {
                let decided = DecidedBy { by: asked.by.clone(), at: asked.at };
                ApplicationState::Declined { reason: None, decided }
            }
            // The reason is a text about a person.
            ApplicationState::Declined { decided, .. } => ApplicationState::Declined { reason: None, decided },
            approved @ ApplicationState::Approved { .. } => approved,
        };
        // Of nobody's address: nothing hashes to it.
        let email = Digest::of(&[b"erased application", application.id.as_str().as_bytes()]);
        let after = StoredApplication {
            application: Application { email, state, ..application },
            form_sealed: String::new(),
            version: before.version + 1,
        };
        let id = after.application.id.as_str();
        let items = vec![self.tombstone(tenant, id, asked)?, self.application_put(tenant, &after)?];
        self.erased(items, "erasing an application").await
    }

    /// A user is erased: their address leads nowhere, and they sign in no more. `ConditionFailed` when they changed since
    /// they were read, or are the last admin.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn erase_user(
        &self,
        tenant: &TenantKey,
        (before, after): (&KeptUser, &KeptUser),
        asked: &Asked,
    ) -> Result<Written, StoreError> {
        let (core, id) = (&self.tables.core, &before.user.id);
        let mut items = vec![
            self.tombstone(tenant, id.as_str(), asked)?,
            self.user_replaced(tenant, after)?,
            request::delete_any(core, &tenant.user_of_email(&before.user.email))?,
            request::delete_any(core, &tenant.authenticator(id))?,
        ];
        for slot in 0..SIGN_IN_SLOTS {
            items.push(request::delete_any(core, &tenant.sign_in(id, slot))?);
        }
        items.extend(self.subject_deleted(tenant, id).await?);
        if before.user.is_active_admin() {
            let key = tenant.admins();
            let count = UpdateBuilder::new(core, &key).add("active", -1).require_above("active", item::number(1));
            items.push(count.build_transact()?);
            items.extend(self.admin_entry(tenant, id, -1)?);
        }
        self.erased(items, "erasing a user").await
    }

    /// A customer is erased: of one whom we bill address, name, place and card; and by what else they were known.
    /// `ConditionFailed` when they changed since they were read.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn erase_customer(
        &self,
        tenant: &TenantKey,
        erasure: &CustomerErasure<'_>,
        asked: &Asked,
    ) -> Result<Written, StoreError> {
        let core = &self.tables.core;
        let mut items = vec![self.tombstone(tenant, erasure.id.as_str(), asked)?];
        items.push(match erasure.buyer {
            Some(after) => self.buyer_replaced(tenant, after)?,
            None => request::check(core, &tenant.buyer(erasure.id), "attribute_not_exists(pk)")?,
        });
        if let Some((key, before, after)) = erasure.customer {
            let change = CustomerChange { key, before: Some(before), after: Some(after), relies_on: &[], moves: &[] };
            items.extend(self.customer_parts(tenant, &change)?);
            for address in erasure.addresses {
                items.push(request::delete_any(core, &tenant.waits_for_lead(address, key))?);
            }
        }
        self.erased(items, "erasing a customer").await
    }

    fn tombstone(&self, tenant: &TenantKey, subject: &str, asked: &Asked) -> Result<TransactWriteItem, StoreError> {
        // Erased again, for what came since: the later instant holds, and the audit tells both.
        request::put_over(&self.tables.core, &tenant.subject(subject, "erased"), &AskedItem::of(asked))
    }

    async fn erased(&self, items: Vec<TransactWriteItem>, doing: &'static str) -> Result<Written, StoreError> {
        Ok(match self.transact(items, doing).await? {
            Transacted::Yes => Written::Yes,
            Transacted::ConditionFailed(_) => Written::ConditionFailed,
        })
    }
}

impl AskedItem {
    fn of(asked: &Asked) -> Self {
        Self { entity: "subject_asked".to_owned(), v: 1, at: asked.at, by: asked.by.clone() }
    }
}
