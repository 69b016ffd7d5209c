//! Disputes of a sale: one item a dispute and phase; how far it is stands in the sale.

use domain::fact::{Dispute, DisputePhase, PaymentKey};
use domain::id::SaleId;
use domain::line::Line;
use domain::money::Money;
use domain::sale::Sale;
use domain::time::{BusinessDay, Timestamp};
use serde::{Deserialize, Serialize};

use crate::request;
use crate::sales::{NewSale, SaleWritten};
use crate::{Store, StoreError, TenantKey};

/// A phase of a dispute as it is stored: its fact, whole.
#[derive(Serialize, Deserialize)]
struct DisputeItem {
    entity: String,
    v: u32,
    sale: SaleId,
    dispute: PaymentKey,
    payment: PaymentKey,
    phase: DisputePhase,
    amount: Money,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    evidence_due: Option<Timestamp>,
    occurred_at: Timestamp,
    day_pk: String,
    day_sk: String,
}

/// A word about a dispute that is to be applied, and the sale after it.
#[derive(Clone, Debug)]
pub struct AppliedDispute<'a> {
    /// The dispute.
    pub dispute: &'a Dispute,
    /// Is it the first word of this phase? A second one changes the sale and is no fact of its own.
    pub is_new_phase: bool,
    /// The version of the sale as read.
    pub sale_before: u64,
    /// The sale after.
    pub sale: &'a Sale,
    /// The lines that it makes.
    pub lines: &'a [Line],
    /// The journal's day.
    pub booked_day: BusinessDay,
    /// When it is booked.
    pub booked_at: Timestamp,
}

impl Store {
    /// A word about a dispute is applied: the fact, the sale in its version, the lines that it makes and their heads, in
    /// one transaction.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn apply_dispute(
        &self,
        tenant: &TenantKey,
        applied: &AppliedDispute<'_>,
    ) -> Result<SaleWritten, StoreError> {
        let told = applied.dispute;
        let mut others = Vec::new();
        if applied.is_new_phase {
            let key = tenant.dispute(&applied.sale.id, &told.dispute, word(told.phase));
            let day = tenant.day_log(applied.booked_day, applied.booked_at, told.dispute.as_str());
            let item = DisputeItem {
                entity: "dispute".to_owned(),
                v: 1,
                sale: applied.sale.id.clone(),
                dispute: told.dispute.clone(),
                payment: told.payment.clone(),
                phase: told.phase,
                amount: told.amount,
                evidence_due: told.evidence_due,
                occurred_at: told.occurred_at,
                day_pk: day.pk,
                day_sk: day.sk,
            };
            others.push(request::put_new(&self.tables.core, &key, &item)?);
            others.push(self.dispute_listed(tenant, &told.dispute, &applied.sale.id)?);
        }
        others.extend(self.woken_by(tenant, applied.sale, applied.lines)?);
        let new =
            NewSale { sale: applied.sale, lines: applied.lines, aliases: &[], open_in: &[], meets: None, review: None };
        self.change_sale(tenant, applied.sale_before, &new, others, "applying a dispute").await
    }
}

/// The phase in a key.
fn word(phase: DisputePhase) -> &'static str {
    match phase {
        DisputePhase::Inquiry => "inquiry",
        DisputePhase::Opened => "opened",
        DisputePhase::Won => "won",
        DisputePhase::Lost => "lost",
    }
}
