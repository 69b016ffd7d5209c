//! What is kept of a coupon at the provider.

use domain::currency::Currency;
use domain::money::Money;
use domain::promotion::{Discount, Lasting, Off, Promotion, PromotionState};
use domain::rate::Rate;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Coupon, CouponCode};
use crate::item::{self, inconsistent};
use crate::keys::Key;
use crate::request::{self, Transacted, UpdateBuilder, Written};
use crate::{Store, StoreError, TenantKey};

#[derive(Serialize, Deserialize)]
pub(super) struct PromotionItem {
    coupon_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rate: Option<Rate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    amount: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    currency: Option<Currency>,
    /// `once`, `forever` or a number of months.
    lasting: String,
    state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    tries: u32,
}

#[derive(Serialize, Deserialize)]
struct NameItem {
    entity: String,
    v: u32,
    code: CouponCode,
}

impl From<&Promotion> for PromotionItem {
    fn from(promotion: &Promotion) -> Self {
        let Promotion { coupon_id, discount, state, tries, since, .. } = promotion;
        let (rate, amount) = match discount.off {
            Off::Share(rate) => (Some(rate), None),
            Off::Amount(amount) => (None, Some(amount)),
        };
        let lasting = match discount.lasting {
            Lasting::Once => "once".to_owned(),
            Lasting::Forever => "forever".to_owned(),
            Lasting::Months(months) => months.to_string(),
        };
        let reason = match state {
            PromotionState::Refused(reason) => Some(reason.clone()),
            _ => None,
        };
        Self {
            coupon_id: coupon_id.clone(),
            rate,
            amount: amount.map(Money::minor),
            currency: amount.map(Money::currency),
            lasting,
            state: state.word().to_owned(),
            id: state.id().map(str::to_owned),
            reason,
            since: *since,
            tries: *tries,
        }
    }
}

impl PromotionItem {
    pub(super) fn read(self, changes: u64, key: &Key) -> Result<Promotion, StoreError> {
        let off = match (self.rate, self.amount.zip(self.currency)) {
            (Some(rate), None) => Off::Share(rate),
            (None, Some((minor, currency))) => Off::Amount(Money::from_minor(minor, currency)),
            _ => return Err(inconsistent(key, "a discount of a share or of an amount")),
        };
        let lasting = match (self.lasting.as_str(), self.lasting.parse()) {
            ("once", _) => Lasting::Once,
            ("forever", _) => Lasting::Forever,
            (_, Ok(months)) => Lasting::Months(months),
            _ => return Err(inconsistent(key, "an unknown time of a discount")),
        };
        let state = match (self.state.as_str(), self.id, self.reason) {
            ("making", None, _) => PromotionState::Making,
            ("active", Some(id), _) => PromotionState::Active(id),
            ("refused", _, Some(reason)) => PromotionState::Refused(reason),
            ("ending", id, _) => PromotionState::Ending(id),
            ("ended", id, _) => PromotionState::Ended(id),
            (word, ..) => return Err(inconsistent(key, format!("a promotion in the state {word}"))),
        };
        let (coupon_id, discount) = (self.coupon_id, Discount { off, lasting });
        Ok(Promotion { coupon_id, discount, state, tries: self.tries, since: self.since, changes })
    }
}

/// The promotion of a coupon gives way to its next state.
pub(super) fn over<'a>(
    update: UpdateBuilder<'a>,
    key: &Key,
    (before, after): (&Promotion, &Promotion),
) -> Result<UpdateBuilder<'a>, StoreError> {
    let value =
        serde_dynamo::to_attribute_value(PromotionItem::from(after)).map_err(|error| inconsistent(key, error))?;
    Ok(update
        .set("promotion", value)
        .set("changes", item::number(after.changes))
        .require("changes", Some(item::number(before.changes))))
}

impl Store {
    /// The promotion of a coupon gives way to its next state, or is tried once more; where the provider's id is news, the
    /// coupon is found by it from now on. `ConditionFailed` when it has changed meanwhile.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn replace_promotion(
        &self,
        tenant: &TenantKey,
        coupon: &Coupon,
        (before, after): (&Promotion, &Promotion),
    ) -> Result<Written, StoreError> {
        let core = &self.tables.core;
        let key = tenant.coupon(coupon.code.as_str());
        let mut parts = vec![over(UpdateBuilder::new(core, &key), &key, (before, after))?.build_transact()?];
        if let Some(id) = after.state.id().filter(|id| before.state.id() != Some(*id)) {
            let item = NameItem { entity: "promotion".to_owned(), v: 1, code: coupon.code.clone() };
            // The provider's ids are told apart by it; what is under this one is this coupon already.
            parts.push(request::put_over(core, &tenant.promotion(id), &item)?);
        }
        match self.transact(parts, "changing the promotion of a coupon").await? {
            Transacted::Yes => Ok(Written::Yes),
            Transacted::ConditionFailed(_) => {
                // The client's own retry can report a failed condition for a write that succeeded: read it back.
                let there = self.get_coupon(tenant, &coupon.code).await?.and_then(|there| there.promotion);
                Ok(if there.as_ref() == Some(after) { Written::Yes } else { Written::ConditionFailed })
            }
        }
    }

    /// The code of the coupon that the provider knows by an id of its own.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get_promoted_code(&self, tenant: &TenantKey, id: &str) -> Result<Option<CouponCode>, StoreError> {
        let key = tenant.promotion(id);
        let found: Option<NameItem> = self.get(&self.tables.core, &key, "reading whose a promotion code is").await?;
        Ok(found.map(|item| item.code))
    }
}
