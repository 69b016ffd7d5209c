//! Keys of what we bill: customers, plans, rates of sales tax.

use domain::fact::PaymentKey;
use domain::id::{CustomerId, PlanId};
use domain::sales_tax::Jurisdiction;
use domain::time::BusinessDay;

use super::{Key, TenantKey};

impl TenantKey {
    pub(crate) fn buyers(&self) -> String {
        self.pk("buyers")
    }

    pub(crate) fn buyer(&self, customer: &CustomerId) -> Key {
        Key::new(self.buyers(), customer.as_str())
    }

    pub(crate) fn plans(&self) -> String {
        self.pk("plans")
    }

    pub(crate) fn plan(&self, plan: &PlanId) -> Key {
        Key::new(self.plans(), plan.as_str())
    }

    pub(crate) fn dunning(&self, payment: &PaymentKey) -> Key {
        Key::new(self.pk("dunning"), payment.as_str())
    }

    pub(crate) fn tax_rates(&self) -> String {
        self.pk("tax-rates")
    }

    pub(crate) fn tax_rate(&self, place: &Jurisdiction, from: BusinessDay) -> Key {
        Key::new(self.tax_rates(), format!("{place}#{from}"))
    }
}
