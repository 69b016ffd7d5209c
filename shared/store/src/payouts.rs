//! Payouts and their steps, each one transaction with its audit entry and the head's part.

#![expect(
    clippy::disallowed_types,
    reason = "serde writes floats into what it derives for a flattened field; nothing here uses one"
)]

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::audit::{AuditEntry, ChainEnd};
use domain::digest::Digest;
use domain::id::{PartnerId, PayoutId, TenantId};
use domain::ledger::{Close, Head};
use domain::line::Account;
use domain::money::Money;
use domain::payee::Payee;
use domain::payout::attempt::Attempt;
use domain::payout::{Approval, HeadMove, Payout, PayoutState, Terms, reference_name};
use domain::slot::Slot;
use domain::tax::Net;
use domain::time::{BusinessDay, Timestamp, sortable};
use domain::{audit::Actor, currency::Currency};
use serde::{Deserialize, Serialize};

use crate::accounts::{folding, slot_text};
use crate::attempts::StoredAttempt;
use crate::desk::{BETWEEN, start_at};
use crate::entries::{EntryBooking, EntryWritten};
use crate::item::{self, Attributes, inconsistent, number, text};
use crate::keys::Key;
use crate::request::{self, Range, Transacted, UpdateBuilder};
use crate::{Page, Store, StoreError, TenantKey};

mod part;

/// A payout as it is stored, with the end of its audit chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPayout {
    /// The payout.
    pub payout: Payout,
    /// The end of its audit chain; also its version.
    pub chain: ChainEnd,
}

#[derive(Serialize, Deserialize)]
struct PayoutItem {
    entity: String,
    v: u32,
    version: u64,
    tenant: TenantId,
    id: PayoutId,
    partner: PartnerId,
    currency: Currency,
    amount_minor: i64,
    from_slot: Option<Slot>,
    to_slot: Slot,
    lines: u64,
    close_hash: Digest,
    seal: Digest,
    asked_under: String,
    requested_by: Actor,
    requested_at: Timestamp,
    moved_at: Timestamp,
    #[serde(flatten)]
    state: PayoutState,
    approvals: Vec<Approval>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payee: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    methods: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    approvers: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fee_minor: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    withheld_minor: Option<i64>,
    audit_no: u32,
    audit_hash: Digest,
    desk_pk: String,
    desk_sk: String,
}

impl PayoutItem {
    fn new(tenant: &TenantKey, payout: &Payout, chain: ChainEnd) -> Self {
        Self {
            entity: "payout".to_owned(),
            v: 1,
            version: u64::from(chain.no),
            tenant: tenant.tenant().clone(),
            id: payout.id.clone(),
            partner: payout.partner.clone(),
            currency: payout.amount.currency(),
            amount_minor: payout.amount.minor(),
            from_slot: payout.from,
            to_slot: payout.to,
            lines: payout.lines,
            close_hash: payout.close_hash,
            seal: payout.seal,
            asked_under: payout.asked_under.clone(),
            requested_by: payout.requested_by.clone(),
            requested_at: payout.requested_at,
            moved_at: payout.moved_at,
            state: payout.state.clone(),
            approvals: payout.approvals.clone(),
            payee: payout.terms.payee.as_ref().map(Payee::to_text),
            methods: payout.terms.methods,
            approvers: payout.terms.approvers,
            fee_minor: payout.net.map(|net| net.fee.minor()),
            withheld_minor: payout.net.map(|net| net.withheld.minor()),
            audit_no: chain.no,
            audit_hash: chain.hash,
            desk_pk: tenant.desk(),
            desk_sk: format!("{}#{}", sortable(payout.requested_at), payout.id),
        }
    }

    /// Terms that do not parse are none: the seal, which binds them, then differs, and nothing is approved or sent.
    fn terms(&self) -> Terms {
        Terms { payee: self.payee.as_deref().and_then(Payee::parse), methods: self.methods, approvers: self.approvers }
    }

    fn net(&self) -> Option<Net> {
        let (fee, withheld) = self.fee_minor.zip(self.withheld_minor)?;
        let money = |minor| Money::from_minor(minor, self.currency);
        // The parts are the whole, so the net itself is not kept.
        let net = money(self.amount_minor.checked_sub(fee)?.checked_sub(withheld)?);
        Some(Net { fee: money(fee), withheld: money(withheld), net })
    }
}

impl From<PayoutItem> for StoredPayout {
    fn from(item: PayoutItem) -> Self {
        let (terms, net) = (item.terms(), item.net());
        let chain = ChainEnd { no: item.audit_no, hash: item.audit_hash };
        let payout = Payout {
            id: item.id,
            partner: item.partner,
            amount: Money::from_minor(item.amount_minor, item.currency),
            from: item.from_slot,
            to: item.to_slot,
            lines: item.lines,
            close_hash: item.close_hash,
            seal: item.seal,
            asked_under: item.asked_under,
            requested_by: item.requested_by,
            requested_at: item.requested_at,
            moved_at: item.moved_at,
            state: item.state,
            approvals: item.approvals,
            terms,
            net,
        };
        Self { payout, chain }
    }
}

/// What became of a payout that was to be born.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Born {
    /// It exists now, and its amount is reserved.
    Yes,
    /// The account changed since it was read; nothing was written.
    AccountChanged,
}

/// What became of a step of a payout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stepped {
    /// It is taken.
    Yes,
    /// The payout changed since it was read; nothing was written.
    Changed,
    /// The reference has confirmed another payout; nothing was written.
    ReferenceUsed(PayoutId),
}

/// What a bank's reference confirmed: never changed, so that it confirms nothing else.
#[derive(Serialize, Deserialize)]
struct ReferenceItem {
    entity: String,
    v: u32,
    payout: PayoutId,
}

impl Store {
    /// One payout, strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_payout(&self, tenant: &TenantKey, id: &PayoutId) -> Result<Option<StoredPayout>, StoreError> {
        let found: Option<PayoutItem> = self.get(&self.tables.core, &tenant.payout(id), "reading a payout").await?;
        Ok(found.map(StoredPayout::from))
    }

    /// The payouts of an account, oldest first; strongly consistent.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_account_payouts(
        &self,
        tenant: &TenantKey,
        account: &Account,
    ) -> Result<Vec<StoredPayout>, StoreError> {
        let pk = tenant.account(&account.partner);
        let range = Range::prefix(&pk, &TenantKey::payouts_prefix(account.currency));
        let found: Vec<PayoutItem> =
            self.list_range(&self.tables.core, &range, "listing the payouts of an account").await?;
        Ok(found.into_iter().map(StoredPayout::from).collect())
    }

    /// A page of the tenant's payouts, newest first, in the order of the desk's index.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn list_payouts(
        &self,
        tenant: &TenantKey,
        limit: i32,
        after: Option<&PayoutPlace>,
    ) -> Result<Page<StoredPayout>, StoreError> {
        let desk = tenant.desk();
        let start = after.map(|after| after.start(tenant));
        let page = self.list_desk::<PayoutItem>(&desk, limit, start, "listing the payouts").await?;
        Ok(Page { items: page.items.into_iter().map(StoredPayout::from).collect(), next: page.next })
    }

    /// A payout is born: it, its audit entry, the close that it needed, and the head's part, in one transaction.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn create_payout(
        &self,
        tenant: &TenantKey,
        head: &Head,
        close: Option<&Close>,
        payout: &Payout,
        entry: &AuditEntry,
    ) -> Result<Born, StoreError> {
        let account = payout.account();
        let key = tenant.head(&account);
        let closed_net = close.map_or(0, |close| close.net.minor());
        let mut update = UpdateBuilder::new(&self.tables.core, &key);
        update = match close {
            Some(close) => folding(update, head, close),
            None => update.require("closed", slot_text(head.closed)).require("fence", slot_text(head.closed)),
        };
        let update =
            reserving(update, head, payout).add("available", closed_net - payout.amount.minor()).add("version", 1);
        let item = PayoutItem::new(tenant, payout, entry.end());
        let mut items = vec![
            update.build_transact()?,
            request::put_new(&self.tables.core, &tenant.payout(&payout.id), &item)?,
            self.new_audit_entry(tenant, entry)?,
        ];
        if let Some(close) = close {
            items.push(self.new_close(tenant, &account, close)?);
        }
        Ok(match self.transact(items, "reserving a payout").await? {
            Transacted::Yes => Born::Yes,
            Transacted::ConditionFailed(_) => Born::AccountChanged,
        })
    }

    /// A payout takes a step: it, its audit entry, the head's part and, where it is paid, the reference that says so, in
    /// one transaction, on the payout as read.
    ///
    /// # Errors
    /// The store does not answer, or what the reference confirmed cannot be read.
    pub async fn replace_payout(
        &self,
        tenant: &TenantKey,
        before: ChainEnd,
        after: &Payout,
        head_move: HeadMove,
        entry: &AuditEntry,
    ) -> Result<Stepped, StoreError> {
        self.replace_payout_and(tenant, before, (after, head_move), entry, Vec::new()).await
    }

    /// As [`Store::replace_payout`], with the attempt of a rail that moves along; `Changed` also where that was another.
    ///
    /// # Errors
    /// As [`Store::replace_payout`].
    pub async fn replace_payout_and_attempt(
        &self,
        tenant: &TenantKey,
        before: ChainEnd,
        step: (&Payout, HeadMove),
        entry: &AuditEntry,
        (read, attempt): (&StoredAttempt, &Attempt),
    ) -> Result<Stepped, StoreError> {
        let others = vec![self.attempt_moved(tenant, read, attempt)?];
        self.replace_payout_and(tenant, before, step, entry, others).await
    }

    async fn replace_payout_and(
        &self,
        tenant: &TenantKey,
        before: ChainEnd,
        (after, head_move): (&Payout, HeadMove),
        entry: &AuditEntry,
        others: Vec<TransactWriteItem>,
    ) -> Result<Stepped, StoreError> {
        let core = &self.tables.core;
        let item = PayoutItem::new(tenant, after, entry.end());
        let mut items = vec![
            request::replace(core, &tenant.payout(&after.id), &item, u64::from(before.no))?,
            self.new_audit_entry(tenant, entry)?,
        ];
        let key = tenant.head(&after.account());
        if let Some(update) = self.end_of_payout(&key, after, head_move) {
            items.push(update.build_transact()?);
        }
        // FRD-4, PAY-16: a review may have stopped it, or a person suspended the partner, since somebody looked. From
        // here on the money is on its way; each step before this one may still be taken back, so looking is enough there:
        // whoever is stopped between the look and the request, or the approval, has a payout that does not go out.
        if after.goes_out_now() {
            items.push(self.nothing_stops(tenant, &after.partner, after.terms.methods)?);
        }
        // One payment of a bank pays one payout: its reference is taken with the step, or the step is not.
        let reference = match &after.state {
            PayoutState::Paid { reference, .. } => Some(tenant.reference(&reference_name(reference))),
            _ => None,
        };
        items.extend(others);
        if let Some(key) = &reference {
            let item = ReferenceItem { entity: "reference".to_owned(), v: 1, payout: after.id.clone() };
            items.push(request::put_new(core, key, &item)?);
        }
        if self.transact(items, "moving a payout").await? == Transacted::Yes {
            return Ok(Stepped::Yes);
        }
        let Some(key) = reference else { return Ok(Stepped::Changed) };
        let taken: Option<ReferenceItem> = self.get(core, &key, "reading what a reference confirmed").await?;
        // Its own: the client's retry met what the client's first try had written.
        let another = taken.map(|taken| taken.payout).filter(|payout| *payout != after.id);
        Ok(another.map_or(Stepped::Changed, Stepped::ReferenceUsed))
    }

    /// PAY-9: what was paid came back: the payout, its audit entry, and the entry that gives its amount to the account
    /// again, in one transaction.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn return_payout(
        &self,
        tenant: &TenantKey,
        before: ChainEnd,
        (after, told): (&Payout, &AuditEntry),
        booking: EntryBooking<'_>,
        booked_day: BusinessDay,
    ) -> Result<EntryWritten, StoreError> {
        let item = PayoutItem::new(tenant, after, told.end());
        let others = vec![
            request::replace(&self.tables.core, &tenant.payout(&after.id), &item, u64::from(before.no))?,
            self.new_audit_entry(tenant, told)?,
        ];
        self.book_entries(tenant, &[booking], booked_day, others, "booking a payout that came back").await
    }

    fn end_of_payout<'a>(&'a self, key: &'a Key, payout: &Payout, head_move: HeadMove) -> Option<UpdateBuilder<'a>> {
        let amount = payout.amount.minor();
        let update = UpdateBuilder::new(&self.tables.core, key)
            .add("reserved", -amount)
            .add("version", 1)
            .remove("open_payout")
            .require("open_payout", Some(text(payout.id.as_str())));
        match head_move {
            HeadMove::None => None,
            HeadMove::Settle => Some(update.add("settled", amount).set("paid", text(payout.to.to_string()))),
            // The range begins where the last paid one ended, so `covered` goes back to there.
            HeadMove::GiveBack => {
                let update = update.add("available", amount);
                Some(match payout.from {
                    Some(from) => update.set("covered", text(from.to_string())),
                    None => update.remove("covered"),
                })
            }
        }
    }
}

/// The head's part of a payout that is born: its amount is reserved and its slots are covered, on the head as read.
fn reserving<'a>(update: UpdateBuilder<'a>, head: &Head, payout: &Payout) -> UpdateBuilder<'a> {
    update
        .add("reserved", payout.amount.minor())
        .set("covered", text(payout.to.to_string()))
        .set("open_payout", text(payout.id.as_str()))
        .set("payout_no", number(payout.id.account_and_number().2))
        .require("open_payout", None)
        .require("payout_no", Some(number(head.payout_no)))
        .require("available", Some(number(head.available)))
}

/// Where a list of payouts goes on: a place in the desk's index, as the last page told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayoutPlace {
    desk_sk: String,
    id: PayoutId,
}

impl PayoutPlace {
    /// The place of a payout, as text that a URL carries as it is.
    #[must_use]
    pub fn text_of(payout: &Payout) -> String {
        format!("{}{BETWEEN}{}", sortable(payout.requested_at), payout.id)
    }

    /// Reads the place that a page answered as `next`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (at, id) = text.rsplit_once(BETWEEN)?;
        Some(Self { desk_sk: format!("{at}#{id}"), id: PayoutId::parse(id).ok()? })
    }

    fn start(&self, tenant: &TenantKey) -> Attributes {
        start_at(&tenant.payout(&self.id), &tenant.desk(), &self.desk_sk)
    }
}

/// What the stream says of a payout that moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayoutSeen {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub id: PayoutId,
    /// Its exact state.
    pub state: String,
    /// When it last moved.
    pub moved_at: Timestamp,
}

/// Reads a payout's image from the stream, already turned into the SDK's attributes.
///
/// # Errors
/// Not a payout that this code can have written.
pub fn read_payout_image(attributes: Attributes) -> Result<PayoutSeen, StoreError> {
    let (pk, sk) = item::place_of(&attributes);
    let found: PayoutItem = item::read(attributes)?;
    let (partner, currency, _) = found.id.account_and_number();
    if partner != found.partner || currency != found.currency {
        return Err(inconsistent(&Key { pk, sk }, "the id names another account"));
    }
    let (tenant, id, moved_at) = (found.tenant, found.id, found.moved_at);
    Ok(PayoutSeen { tenant, id, state: found.state.word().to_owned(), moved_at })
}
