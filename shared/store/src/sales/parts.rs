//! The parts of a booking's transaction, so that a refusal can be told by the part that refused.

use aws_sdk_dynamodb::types::TransactWriteItem;

use crate::request::Transacted;

/// What became of a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaleWritten {
    /// It is booked.
    Yes,
    /// It was booked before, or has changed since it was read.
    AlreadySeen,
    /// The customer was met meanwhile: decide again.
    CustomerMet,
    /// Another name of the payment already means another payment.
    AliasTaken,
    /// A slot has become final meanwhile: take a later one.
    BehindFence,
}

/// Which part of a booking an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Sale,
    Head,
    Alias,
    Customer,
    Other,
}

/// Items of one transaction, each with its part.
#[derive(Default)]
pub(crate) struct Parts {
    pub(crate) items: Vec<TransactWriteItem>,
    parts: Vec<Part>,
}

impl Parts {
    pub(crate) fn push(&mut self, part: Part, item: TransactWriteItem) {
        self.parts.push(part);
        self.items.push(item);
    }

    /// What the refusal of some parts means; the sale's own word comes first.
    pub(crate) fn outcome(&self, transacted: &Transacted) -> SaleWritten {
        let Transacted::ConditionFailed(places) = transacted else { return SaleWritten::Yes };
        let failed = |part: Part| places.iter().any(|place| self.parts.get(*place) == Some(&part));
        if failed(Part::Sale) || failed(Part::Other) {
            SaleWritten::AlreadySeen
        } else if failed(Part::Customer) {
            SaleWritten::CustomerMet
        } else if failed(Part::Alias) {
            SaleWritten::AliasTaken
        } else {
            SaleWritten::BehindFence
        }
    }
}
