//! The canonical order of sales, and what each is in it: first sale or renewal, which occurrence.

use std::collections::BTreeMap;

use super::{History, Scope};
use crate::fact::{PaymentKey, SaleType};
use crate::id::SaleId;
use crate::rule::Event;
use crate::sale::Sale;
use crate::time::Timestamp;

/// A sale in its place.
pub(super) struct Placed<'a> {
    /// The sale.
    pub(super) sale: &'a Sale,
    /// What the rules see in it; none where nothing was paid.
    pub(super) event: Option<Event>,
    /// When the customer first paid.
    pub(super) first_paid: Timestamp,
    /// How many paid sales of the customer and subscription came before it.
    pub(super) index: u32,
    /// Had the customer signed up before?
    pub(super) signed_up_before: bool,
}

type Moment<'a> = (Timestamp, &'a SaleId);

/// What the sales in scope and the history say of a customer together.
#[derive(Default)]
struct Customer<'a> {
    first_paid: Option<Moment<'a>>,
    signed_up: Option<Moment<'a>>,
}

/// Is it a payment with money in it? A zero invoice or trial earns nothing and consumes no occurrence.
fn is_paid(sale: &Sale) -> bool {
    matches!(sale.event_type, SaleType::InvoicePayment | SaleType::OneOffSale) && sale.paid.minor() > 0
}

/// The sales of a scope by (time, natural key), each with what it is in that order.
pub(super) fn place<'a>(scope: &Scope<'a>) -> Vec<Placed<'a>> {
    let mut sales = scope.sales.clone();
    sales.sort_by(|a, b| (a.occurred_at, &a.payment).cmp(&(b.occurred_at, &b.payment)));
    let customers = customers(&sales, scope.histories);
    let indexes = indexes(&sales, scope.histories);
    sales
        .into_iter()
        .map(|sale| {
            let customer = sale.customer.as_ref().and_then(|customer| customers.get(customer));
            let first_paid = customer.and_then(|customer| customer.first_paid.as_ref());
            let signed_up = customer.and_then(|customer| customer.signed_up.as_ref());
            Placed {
                sale,
                event: event_of(sale, first_paid),
                first_paid: first_paid.map_or(sale.occurred_at, |(at, _)| *at),
                index: indexes.get(&sale.id).copied().unwrap_or(0),
                signed_up_before: signed_up.is_some_and(|(_, first)| **first != sale.id),
            }
        })
        .collect()
}

/// COM-1: what a sale is. Being first is a matter of time alone: a refund later does not make the next one first.
fn event_of(sale: &Sale, first_paid: Option<&Moment<'_>>) -> Option<Event> {
    let is_first = first_paid.is_some_and(|(_, first)| **first == sale.id);
    match sale.event_type {
        SaleType::SignUp => Some(Event::SignUp),
        SaleType::QualifiedLead => Some(Event::QualifiedLead),
        SaleType::Custom => Some(Event::Custom),
        SaleType::InvoicePayment | SaleType::OneOffSale if !is_paid(sale) => None,
        SaleType::InvoicePayment | SaleType::OneOffSale if is_first => Some(Event::FirstSale),
        SaleType::InvoicePayment | SaleType::OneOffSale if sale.subscription.is_none() => Some(Event::OneOffSale),
        // A subscription of nobody known: nothing says that it was paid before.
        SaleType::InvoicePayment | SaleType::OneOffSale if sale.customer.is_none() => Some(Event::FirstSale),
        SaleType::InvoicePayment | SaleType::OneOffSale => Some(Event::Renewal),
    }
}

fn customers<'a>(
    sales: &[&'a Sale],
    histories: &'a BTreeMap<PaymentKey, History>,
) -> BTreeMap<&'a PaymentKey, Customer<'a>> {
    let mut customers: BTreeMap<&PaymentKey, Customer<'a>> = BTreeMap::new();
    for sale in sales {
        let Some(key) = &sale.customer else { continue };
        let customer = customers.entry(key).or_insert_with(|| {
            let of = |moment: &'a Option<(Timestamp, SaleId)>| moment.as_ref().map(|(at, sale)| (*at, sale));
            let history = histories.get(key);
            Customer {
                first_paid: history.and_then(|history| of(&history.first_paid)),
                signed_up: history.and_then(|history| of(&history.signed_up)),
            }
        });
        let moment = (sale.occurred_at, &sale.id);
        if is_paid(sale) {
            earliest(&mut customer.first_paid, moment);
        } else if sale.event_type == SaleType::SignUp && !sale.rejected {
            earliest(&mut customer.signed_up, moment);
        }
    }
    customers
}

fn earliest<'a>(known: &mut Option<Moment<'a>>, moment: Moment<'a>) {
    if known.as_ref().is_none_or(|known| moment < *known) {
        *known = Some(moment);
    }
}

/// COM-3: the index counts prior paid sales that were not reversed, of that customer and subscription, by period
/// order and not by arrival.
fn indexes<'a>(sales: &[&'a Sale], histories: &BTreeMap<PaymentKey, History>) -> BTreeMap<&'a SaleId, u32> {
    let mut series: BTreeMap<(&PaymentKey, &str), Vec<&'a Sale>> = BTreeMap::new();
    for sale in sales.iter().filter(|sale| is_paid(sale)) {
        let Some(customer) = &sale.customer else { continue };
        series.entry((customer, sale.subscription.as_deref().unwrap_or(""))).or_default().push(sale);
    }
    let mut indexes = BTreeMap::new();
    for ((customer, subscription), mut sales) in series {
        let frozen = histories.get(customer).and_then(|history| history.occurrences.get(subscription));
        let mut index = frozen.copied().unwrap_or(0);
        sales.sort_by(|a, b| {
            let order = |sale: &Sale| (sale.period_start.unwrap_or(sale.occurred_at), sale.occurred_at);
            order(a).cmp(&order(b)).then_with(|| a.payment.cmp(&b.payment))
        });
        for sale in sales {
            indexes.insert(&sale.id, index);
            index = index.saturating_add(u32::from(!sale.is_wholly_reversed()));
        }
    }
    indexes
}
