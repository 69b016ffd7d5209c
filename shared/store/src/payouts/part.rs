//! PAY-1: a payout of a part, with the pair of lines that carries the rest past it.

use domain::audit::AuditEntry;
use domain::ledger::Head;
use domain::line::Place;
use domain::payout::Payout;
use domain::payout::carry::Carry;
use domain::time::BusinessDay;

use super::{Born, PayoutItem, reserving};
use crate::accounts::{slot_attribute, slot_text};
use crate::item::{number, text};
use crate::request::{self, Transacted, UpdateBuilder};
use crate::{Store, StoreError, TenantKey};

impl Store {
    /// A payout of a part is born: it, its audit entry, both halves of what it leaves behind, the close of the first, and
    /// the head's part, in one transaction. Everything that has matured is closed already.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn create_part_payout(
        &self,
        tenant: &TenantKey,
        head: &Head,
        (payout, carry): (&Payout, &Carry),
        told: &AuditEntry,
        booked_day: BusinessDay,
    ) -> Result<Born, StoreError> {
        let core = &self.tables.core;
        let account = payout.account();
        let (key, live) = (tenant.head(&account), tenant.live(&account));
        let close = &carry.close;
        let rest = carry.back.amount.minor();
        let mut update = reserving(UpdateBuilder::new(core, &key), head, payout)
            // The closed line takes the rest out of what is available, and the payout the part.
            .add("available", close.net.minor() - payout.amount.minor())
            .add("bookings", 1)
            .add("version", 1)
            .set("fence", text(close.to.to_string()))
            .set("closed", text(close.to.to_string()))
            .set("close_no", number(close.no))
            .set("close_hash", text(close.hash.to_hex()))
            .set("live_pk", text(live.pk))
            .set("live_sk", text(live.sk))
            .require("fence", slot_text(close.from))
            .require("closed", slot_text(close.from))
            .require("close_no", Some(number(head.close_no)))
            // V14: what anybody booked there meanwhile would be closed and not counted.
            .require(&slot_attribute(close.to), None);
        if let Place::Slot(behind) = carry.back.place {
            update = update.add(&slot_attribute(behind), rest);
        }
        let item = PayoutItem::new(tenant, payout, told.end());
        let mut items = vec![
            update.build_transact()?,
            request::put_new(core, &tenant.payout(&payout.id), &item)?,
            self.new_audit_entry(tenant, told)?,
            self.new_close(tenant, &account, close)?,
        ];
        for entry in [&carry.out, &carry.back] {
            items.push(self.new_entry(tenant, entry, booked_day)?);
            items.push(self.new_line(tenant, &entry.line())?);
        }
        Ok(match self.transact(items, "reserving a part of a balance").await? {
            Transacted::Yes => Born::Yes,
            Transacted::ConditionFailed(_) => Born::AccountChanged,
        })
    }
}
