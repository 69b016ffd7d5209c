//! ATT-6: which coupon of ours an event means that names the provider's promotion code by its id.

use domain::fact::Fact;
use edge::lambda::Failure;
use store::TenantKey;

use crate::App;

/// With what Stripe's ids of promotion codes begin.
const PREFIX: &str = "promo_";

impl App {
    /// The facts with the codes of our own coupons, where they name one by the provider's id: events tell the id alone as
    /// long as nobody asks for more. An id that is none of ours stays as it is.
    pub(crate) async fn with_coupons(&self, tenant: &TenantKey, mut facts: Vec<Fact>) -> Result<Vec<Fact>, Failure> {
        for fact in &mut facts {
            let Some(coupon) = coupon_of(fact) else { continue };
            let Some(id) = coupon.clone().filter(|coupon| coupon.starts_with(PREFIX)) else { continue };
            if let Some(code) = self.store.get_promoted_code(tenant, &id).await.map_err(Failure::retry)? {
                *coupon = Some(code.as_str().to_owned());
            }
        }
        Ok(facts)
    }
}

fn coupon_of(fact: &mut Fact) -> Option<&mut Option<String>> {
    match fact {
        Fact::SalePaid(paid) => Some(&mut paid.traits.coupon),
        Fact::PaidAgain(told) => Some(&mut told.sale.traits.coupon),
        Fact::CustomerSeen(seen) => Some(&mut seen.coupon),
        Fact::SignUp(told) => Some(&mut told.coupon),
        Fact::PaymentAlias(_)
        | Fact::Refund(_)
        | Fact::Dispute(_)
        | Fact::Lead(_)
        | Fact::SubscriptionChanged(_)
        | Fact::PaymentFailed(_)
        | Fact::ProviderObject(_) => None,
    }
}
