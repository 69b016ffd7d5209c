//! Who brought the customer of a sale.

use domain::attribution::{Candidate, CandidateTarget, Choice, NobodyReason, choose};
use domain::fact::SalePaid;
use domain::sale::Decision;
use domain::time::Timestamp;
use store::StoreError;
use store::partners::PartnerStatus;
use store::sales::Customer;

use crate::booking::{Recorder, decision_of};

impl Recorder<'_> {
    /// The decision for a sale, and the customer whom it meets first, if it does.
    ///
    /// A known customer was decided once and for all. An unknown one is met by a sale that carries a click token; one
    /// that carries none waits for the check-out. A guest is decided by the sale alone.
    pub(crate) async fn decide(&self, paid: &SalePaid) -> Result<(Decision, Option<Customer>), StoreError> {
        let known = match &paid.customer {
            Some(customer) => self.store.get_customer(self.tenant, customer).await?,
            None => None,
        };
        if let Some(known) = known {
            return Ok((decision_of(&known, paid.occurred_at), None));
        }
        let token = paid.click_token.as_deref();
        if token.is_none() && paid.customer.is_some() {
            return Ok((Decision::Nobody { reason: NobodyReason::CustomerUnknown, losers: Vec::new() }, None));
        }
        let refused = token.is_some_and(|token| self.keys.verify(token).is_err());
        let choice = self.choose(token, paid.occurred_at).await?;
        let met = paid.customer.as_ref().map(|_| Customer { winner: choice.winner.clone(), met_at: paid.occurred_at });
        let decision = match choice.winner {
            Some(winner) => Decision::Partner { winner, losers: choice.losers },
            None => Decision::Nobody { reason: nobody_because(token, refused), losers: choice.losers },
        };
        Ok((decision, met))
    }

    /// The choice between the touches of a token; a token that is not ours has none.
    pub(crate) async fn choose(&self, token: Option<&str>, occurred_at: Timestamp) -> Result<Choice, StoreError> {
        let touches = match token.map(|token| self.keys.verify(token)) {
            Some(Ok(touches)) => touches,
            Some(Err(refused)) => {
                tracing::warn!(reason = %refused, "a click token is not one of ours, nobody is credited by it");
                return Ok(choose(&[], occurred_at));
            }
            None => return Ok(choose(&[], occurred_at)),
        };
        let mut candidates = Vec::new();
        for touch in touches.as_slice() {
            let link = self.store.get_link(self.tenant, &touch.link).await?;
            let target = match link {
                Some(link) => {
                    let partner = self.store.get_partner(self.tenant, &link.partner).await?;
                    let partner_is_active = partner.is_some_and(|partner| partner.status == PartnerStatus::Active);
                    Some(CandidateTarget {
                        partner: link.partner,
                        program: link.program,
                        window_days: link.window_days,
                        partner_is_active,
                    })
                }
                None => None,
            };
            candidates.push(Candidate { clicked_at: touch.at, link: touch.link.clone(), target });
        }
        Ok(choose(&candidates, occurred_at))
    }
}

fn nobody_because(token: Option<&str>, refused: bool) -> NobodyReason {
    match token {
        None => NobodyReason::NoTouch,
        Some(_) if refused => NobodyReason::TokenRefused,
        Some(_) => NobodyReason::NoEligibleTouch,
    }
}
