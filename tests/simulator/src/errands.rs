//! What people do at the desk, as the handlers behind revenue-api and admin-api do it.
//!
//! To add one: a line in [`ERRANDS`], with how it is planned and what it does. Who got no answer is sent again, so an
//! errand must be one that can be done twice. At the end of a world each is done once more in full health: what it then
//! answers is what the model is told.

mod credit;
mod holds;
mod money;
mod recompute;
mod reviews;

use domain::audit::Actor;
use domain::id::{PartnerId, SaleId};
use domain::role::Role;
use domain::time::Timestamp;
use futures::future::LocalBoxFuture;
use model::Fact;
use store::{Store, TenantKey};

use crate::dice::Dice;
use crate::plan::{HOUR_MS, Plan, partner_id};

/// An errand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errand {
    /// What, by its name in [`ERRANDS`].
    pub name: &'static str,
    /// The number of what is asked for: asked again, it is the same.
    pub number: u64,
    /// The payment of the sale that it is about.
    pub payment: String,
    /// The partner that it is about, by number; `None` for nobody.
    pub partner: Option<usize>,
    /// How much, minor units.
    pub amount: i64,
    /// In which currency.
    pub currency: &'static str,
    /// From when to when, ms.
    pub span: (i64, i64),
}

/// What an errand has come to.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// What the model is to know.
    pub facts: Vec<Fact>,
    /// What is booked to accounts beside all sales: partner, currency, minor units.
    pub booked: Vec<(String, String, i128)>,
    /// In a word.
    pub answer: String,
}

impl Told {
    /// Nothing that the model must know.
    pub(crate) fn plainly(answer: impl std::fmt::Debug) -> Self {
        let mut answer = format!("{answer:?}");
        answer.truncate(answer.char_indices().nth(60).map_or(answer.len(), |(at, _)| at));
        Self { answer, ..Self::default() }
    }
}

/// Where errands are run.
#[derive(Clone)]
pub struct Office {
    /// The store.
    pub store: Store,
    /// Whose.
    pub tenant: TenantKey,
    /// When.
    pub now: Timestamp,
    /// How long lines wait.
    pub hold_days: u16,
}

/// How an errand is run.
type Run = fn(Office, Errand) -> LocalBoxFuture<'static, Result<Told, String>>;

/// A kind of errand.
pub struct ErrandKind {
    /// Its name in the totals.
    pub name: &'static str,
    /// How often it is planned, beside the others; 0 when another one plans it.
    pub weight: usize,
    /// Plans it.
    pub draw: fn(&mut Plan, &mut Dice),
    /// Runs it.
    pub run: Run,
    /// FRD-4: may a hold end by it?
    pub ends_holds: bool,
    /// In which order they are done once more at the end of a world; `None` when that is of no use.
    pub again: Option<u8>,
}

/// Every kind of errand.
pub const ERRANDS: &[ErrandKind] = &[
    ErrandKind { name: "hold", weight: 3, draw: holds::draw, run: holds::hold, ends_holds: false, again: None },
    ErrandKind { name: "release", weight: 0, draw: holds::draw, run: holds::release, ends_holds: true, again: None },
    ErrandKind {
        name: "reject",
        weight: 1,
        draw: holds::draw_rejection,
        run: holds::reject,
        ends_holds: true,
        again: Some(2),
    },
    ErrandKind {
        name: "credit anew",
        weight: 3,
        draw: credit::draw,
        run: credit::run,
        ends_holds: false,
        again: Some(1),
    },
    ErrandKind {
        name: "review released",
        weight: 2,
        draw: reviews::draw,
        run: reviews::release,
        ends_holds: true,
        again: Some(3),
    },
    ErrandKind {
        name: "review rejected",
        weight: 0,
        draw: reviews::draw,
        run: reviews::reject,
        ends_holds: true,
        again: Some(3),
    },
    ErrandKind {
        name: "partners' reviews released",
        weight: 1,
        draw: reviews::draw_partners,
        run: reviews::release_partners,
        ends_holds: false,
        again: None,
    },
    ErrandKind {
        name: "correction",
        weight: 3,
        draw: money::draw_correction,
        run: money::correct,
        ends_holds: false,
        again: Some(4),
    },
    ErrandKind {
        name: "exchange",
        weight: 2,
        draw: money::draw_exchange,
        run: money::exchange,
        ends_holds: false,
        again: Some(4),
    },
    ErrandKind {
        name: "write-off",
        weight: 2,
        draw: money::draw_write_off,
        run: money::write_off,
        ends_holds: false,
        again: Some(4),
    },
    ErrandKind {
        name: "recompute",
        weight: 2,
        draw: recompute::draw,
        run: recompute::run,
        ends_holds: false,
        again: Some(5),
    },
];

impl Errand {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Option<&'static ErrandKind> {
        ERRANDS.iter().find(|kind| kind.name == self.name)
    }

    /// About nothing yet.
    pub(crate) fn new() -> Self {
        let (payment, partner) = (String::new(), None);
        Self { name: "", number: 0, payment, partner, amount: 0, currency: "usd", span: (0, 0) }
    }

    fn sale(&self) -> Result<SaleId, String> {
        let payment = domain::fact::PaymentKey::parse(&self.payment).map_err(|error| error.to_string())?;
        Ok(SaleId::of(&payment))
    }

    fn partner_id(&self) -> Result<Option<PartnerId>, String> {
        let parse = |number: usize| PartnerId::parse(&partner_id(number)).map_err(|error| error.to_string());
        self.partner.map(parse).transpose()
    }
}

/// Somebody with a role.
pub(crate) fn person(role: Role, id: &str) -> Actor {
    Actor::new(role, id)
}

/// A sale of the plan, and an instant some time after it at which much is done.
fn sale_and_time(plan: &Plan, dice: &mut Dice) -> Option<(String, i64)> {
    if plan.sales.is_empty() {
        return None;
    }
    let sale = &plan.sales[dice.place(plan.sales.len())];
    let after_ms = sale.at_ms + dice.between(0, 10 * 24) * HOUR_MS;
    Some((sale.payment.clone(), plan.burst_after(after_ms, dice)))
}
