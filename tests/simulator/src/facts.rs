//! The kinds of facts that a world is made of.
//!
//! To add one: a function that draws it (the provider's events, and what the model is told), and a line in [`FACTS`].

mod lemon_squeezy;
mod stripe;

pub(crate) use stripe::{Dispute, Refund};

use crate::dice::Dice;
use crate::plan::Plan;

/// A kind of fact: how to draw one.
pub struct FactKind {
    /// Its name in the totals.
    pub name: &'static str,
    /// How often it is drawn, beside the others.
    pub weight: usize,
    /// Draws one, with every event that tells it.
    pub draw: fn(&mut Plan, &mut Dice),
    /// What it may tell, as the totals name it.
    pub tells: &'static [&'static str],
}

/// Every kind of fact.
pub const FACTS: &[FactKind] = &[
    FactKind {
        name: "subscriber",
        weight: 6,
        draw: stripe::subscriber,
        tells: &["check-out", "invoice", "name of a payment"],
    },
    FactKind {
        name: "subscriber of Lemon Squeezy",
        weight: 3,
        draw: lemon_squeezy::subscriber,
        tells: &["order", "subscription", "first invoice", "renewal", "running refund"],
    },
    FactKind { name: "guest", weight: 3, draw: stripe::guest, tells: &["one-off sale"] },
    FactKind { name: "buyer", weight: 2, draw: stripe::buyer, tells: &["one-off sale"] },
    FactKind { name: "refund", weight: 7, draw: stripe::refund, tells: &["refund", "failed refund"] },
    FactKind { name: "dispute", weight: 3, draw: stripe::dispute, tells: &["dispute"] },
    FactKind { name: "poison", weight: 1, draw: stripe::poison, tells: &["poison"] },
];
