//! What the rules give for one sale at its booking. What depends on other sales is provisional: the night knows them.

use cases::alone::{Alone, AloneError, Frozen, Worth, history_of, settle_currency};
use domain::attribution::NobodyReason;
use domain::attribution::customer::Customer;
use domain::sale::{Decision, Sale};

use crate::booking::{BookingError, Fences, Recorder};

impl From<AloneError> for BookingError {
    fn from(error: AloneError) -> Self {
        match error {
            AloneError::Store(error) => Self::Store(error),
            AloneError::Assess(error) => Self::Commission(error),
            AloneError::Month(error) => Self::Month(error),
        }
    }
}

impl Recorder<'_> {
    /// What the sale earns alone. Without a rule in force it is nobody's, with that reason.
    pub(crate) async fn worth_of(
        &self,
        sale: &mut Sale,
        customer: Option<&Customer>,
        fences: &Fences,
    ) -> Result<Worth, BookingError> {
        settle_currency(self.store, self.tenant, sale).await?;
        // Heads are read only where one has refused: as a rule a booking costs no read of them.
        let frozen = |account: &_| fences.frozen(account);
        let alone = Alone {
            store: self.store,
            tenant: self.tenant,
            ledger_zone: self.ledger_zone,
            frames: None,
            counting: None,
            frozen: Frozen::Known(&frozen),
        };
        // Whatever is booked here was nobody's until now.
        let worth = alone.worth(sale, &[], customer.map(history_of)).await?;
        if worth.targets.is_empty() && !sale.decision.credits().is_empty() {
            let losers = sale.decision.losers().to_vec();
            sale.decision = Decision::Nobody { reason: NobodyReason::NoRule, losers };
        }
        Ok(worth)
    }
}
