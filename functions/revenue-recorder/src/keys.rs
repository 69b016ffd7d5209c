//! The keys by which the click tokens of an event are read.

use std::sync::Arc;

use domain::fact::Fact;
use domain::time::Timestamp;
use domain::touch::{ClickKeys, TokenRefused};
use edge::click_keys::{Again, may_be_of_a_new_key};
use edge::lambda::{Delivery, Failure};
use store::TenantKey;
use thiserror::Error;

use crate::App;

/// Why an event waits for its keys.
#[derive(Debug, Error)]
enum KeysInDoubt {
    #[error("the keys of clicks cannot be read now")]
    Away,
    #[error("a click token comes under a key that is not known yet")]
    Unknown,
}

impl App {
    /// The keys for the tokens of some facts.
    ///
    /// TRK-2: a key may have taken another's place since this process read it. Nobody is refused before it was read again;
    /// where that was done a moment ago, the event waits for its next try: what is nobody's for a token stays so.
    pub(crate) async fn keys_for(
        &self,
        tenant: &TenantKey,
        facts: &[Fact],
        delivery: &Delivery,
        now: Timestamp,
    ) -> Result<Arc<ClickKeys>, Failure> {
        let keys = self.keys.get(now).await.ok_or_else(|| Failure::retry(KeysInDoubt::Away))?;
        let refused = |token: &str| keys.verify(tenant.tenant(), token).err();
        let doubted: Vec<TokenRefused> = facts.iter().filter_map(token_of).filter_map(refused).collect();
        if !doubted.iter().any(|refused| may_be_of_a_new_key(*refused)) {
            return Ok(keys);
        }
        match self.keys.again(now).await {
            Again::Read(keys) => Ok(keys),
            Again::Later if delivery.receive_count <= 1 && doubted.contains(&TokenRefused::UnknownKey) => {
                Err(Failure::retry(KeysInDoubt::Unknown))
            }
            Again::Later | Again::Never => Ok(keys),
        }
    }
}

/// The click token that a fact carries.
fn token_of(fact: &Fact) -> Option<&str> {
    let token = match fact {
        Fact::SalePaid(paid) => &paid.click_token,
        Fact::PaidAgain(told) => &told.sale.click_token,
        Fact::CustomerSeen(seen) => &seen.click_token,
        Fact::SignUp(told) => &told.click_token,
        Fact::Lead(told) => &told.click_token,
        Fact::PaymentAlias(_)
        | Fact::Refund(_)
        | Fact::Dispute(_)
        | Fact::SubscriptionChanged(_)
        | Fact::PaymentFailed(_)
        | Fact::ProviderObject(_) => return None,
    };
    token.as_deref()
}
