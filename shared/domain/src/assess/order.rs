//! The canonical order of sales, and what each is in it: first sale or renewal, which occurrence.

use std::collections::{BTreeMap, BTreeSet};

use super::{History, Scope};
use crate::fact::{PaymentKey, SaleType};
use crate::id::SaleId;
use crate::rule::Event;
use crate::sale::Sale;
use crate::time::Timestamp;

/// A paid sale of a customer that was not wholly reversed, and where it stands among those of its subscription: by the
/// period that was paid for, then by time, then by natural key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Occurrence {
    /// When the period begins that was paid for; where nothing is said of it, when the sale happened.
    pub period_ms: i64,
    /// When the sale happened.
    pub at_ms: i64,
    /// Which payment.
    pub payment: PaymentKey,
}

impl Occurrence {
    /// Of a sale; `None` where it uses up no occurrence.
    #[must_use]
    pub fn of(sale: &Sale) -> Option<Self> {
        let (period_ms, at_ms, payment) = rank(sale);
        (is_paid(sale) && !sale.is_wholly_reversed()).then(|| Self { period_ms, at_ms, payment: payment.clone() })
    }

    /// The subscription of a sale, as occurrences are counted by it: one-off sales are a series of their own.
    #[must_use]
    pub fn series(sale: &Sale) -> &str {
        sale.subscription.as_deref().unwrap_or("")
    }

    fn rank(&self) -> Rank<'_> {
        (self.period_ms, self.at_ms, &self.payment)
    }
}

/// The order among the sales of a subscription.
type Rank<'a> = (i64, i64, &'a PaymentKey);

fn rank(sale: &Sale) -> Rank<'_> {
    let period = sale.period_start.unwrap_or(sale.occurred_at);
    (period.as_millisecond(), sale.occurred_at.as_millisecond(), &sale.payment)
}

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
    sale.event_type.is_payment() && sale.paid.minor() > 0
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
/// order and not by arrival, whoever is paid for them.
fn indexes<'a>(sales: &[&'a Sale], histories: &'a BTreeMap<PaymentKey, History>) -> BTreeMap<&'a SaleId, u32> {
    let mut series: BTreeMap<(&PaymentKey, &str), Vec<&'a Sale>> = BTreeMap::new();
    for sale in sales.iter().filter(|sale| is_paid(sale)) {
        let Some(customer) = &sale.customer else { continue };
        series.entry((customer, Occurrence::series(sale))).or_default().push(sale);
    }
    let mut indexes = BTreeMap::new();
    for ((customer, subscription), sales) in series {
        let history = histories.get(customer);
        let counted = history.and_then(|history| history.occurrences.get(subscription));
        let elsewhere = history.and_then(|history| history.paid.get(subscription));
        let mut index = counted.copied().unwrap_or(0);
        for (_, sale) in in_order(&sales, elsewhere) {
            if let Some(sale) = sale {
                indexes.insert(&sale.id, index);
            }
            let counts = sale.is_none_or(|sale| !sale.is_wholly_reversed());
            index = index.saturating_add(u32::from(counts));
        }
    }
    indexes
}

/// The sales in scope among all of their subscription that are known. Of a sale that is in scope the scope says what it
/// is now: a sale that several partners share, or that went over from one to another, is one.
fn in_order<'a>(sales: &[&'a Sale], elsewhere: Option<&'a BTreeSet<Occurrence>>) -> Vec<(Rank<'a>, Option<&'a Sale>)> {
    let mut order: Vec<(Rank<'a>, Option<&'a Sale>)> = sales.iter().map(|sale| (rank(sale), Some(*sale))).collect();
    if let Some(elsewhere) = elsewhere {
        let own: BTreeSet<&PaymentKey> = sales.iter().map(|sale| &sale.payment).collect();
        let others = elsewhere.iter().filter(|occurrence| !own.contains(&occurrence.payment));
        order.extend(others.map(|occurrence| (occurrence.rank(), None)));
    }
    order.sort_by_key(|(rank, _)| *rank);
    order
}
