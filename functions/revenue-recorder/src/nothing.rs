//! Sign-ups and qualified leads: kept as sales of nothing, which the rules may reward.

use domain::currency::Currency;
use domain::fact::{Buyer, CustomerSeen, Lead, PaymentKey, SalePaid, SaleTraits, SaleType, SignUp};
use domain::money::Money;

use crate::booking::{Booked, BookingError, Recorder};

impl Recorder<'_> {
    /// A sign-up meets its customer as a check-out does, and is a sale of nothing by its own key.
    pub(crate) async fn book_sign_up(&self, told: &SignUp) -> Result<Booked, BookingError> {
        let seen = CustomerSeen {
            event: told.event.clone(),
            customer: told.customer.clone(),
            occurred_at: told.occurred_at,
            click_token: told.click_token.clone(),
            coupon: told.coupon.clone(),
            buyer: Buyer::default(),
            email: told.email,
        };
        // Two facts of one event, each whole: what a crash leaves out the next delivery does.
        self.meet_customer(&seen).await?;
        let sale = SalePaid {
            customer: Some(told.customer.clone()),
            traits: SaleTraits { coupon: told.coupon.clone(), ..SaleTraits::default() },
            email: told.email,
            ..sale_of_nothing(&told.event, told.occurred_at, SaleType::SignUp)
        };
        self.book_sale(&sale).await
    }

    /// A lead that is worth a reward by itself is a sale of nothing; whom others brought is remembered by its address.
    pub(crate) async fn book_lead(&self, told: &Lead) -> Result<Booked, BookingError> {
        // Two facts of one event, each whole, as above.
        let remembered = self.remember_lead(told).await?;
        if !told.is_qualified {
            return Ok(remembered);
        }
        let sale = SalePaid {
            click_token: told.click_token.clone(),
            email: Some(told.email),
            ..sale_of_nothing(&told.event, told.occurred_at, SaleType::QualifiedLead)
        };
        self.book_sale(&sale).await
    }
}

fn sale_of_nothing(event: &PaymentKey, occurred_at: domain::time::Timestamp, event_type: SaleType) -> SalePaid {
    let nothing = Money::zero(Currency::USD);
    SalePaid {
        payment: event.clone(),
        aliases: Vec::new(),
        customer: None,
        occurred_at,
        paid: nothing,
        total: nothing,
        tax: nothing,
        shipping: nothing,
        fees: nothing,
        items: Vec::new(),
        subscription: None,
        period_start: None,
        period_end: None,
        services: Vec::new(),
        traits: SaleTraits::default(),
        buyer: Buyer::default(),
        click_token: None,
        email: None,
        event_type,
        invoice: event.as_str().split_once(':').map_or("", |(_, id)| id).to_owned(),
    }
}
