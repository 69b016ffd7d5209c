//! Prints: two sets of rows are the same when their prints are, whatever order they came in and however many they are.

use domain::digest::Digest;
use domain::id::PartnerId;
use domain::line::{Line, LineKind, Place};
use domain::sale::Sale;

/// The print of a set of rows: how many, and the sum of their digests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Print {
    count: u64,
    sum: u128,
}

impl Print {
    fn add(&mut self, text: &str) {
        let digest = Digest::of_bytes(text.as_bytes());
        let half = digest.as_bytes().first_chunk().copied().unwrap_or_default();
        self.count += 1;
        // It is meant to wrap: a sum that forgets the order, not an amount.
        self.sum = self.sum.wrapping_add(u128::from_be_bytes(half));
    }

    /// Takes in a line as the account has it.
    pub(super) fn add_line(&mut self, line: &Line) {
        self.add(&row(line.place, line.origin.as_str(), line.n, line.amount.minor(), line.kind));
    }

    /// Takes in the lines of one partner as their sale has them.
    pub(super) fn add_sale(&mut self, sale: &Sale, partner: &PartnerId) {
        for line in sale.lines.iter().filter(|line| line.partner == *partner) {
            self.add(&row(line.place, sale.id.as_str(), line.n, line.amount.minor(), line.kind));
        }
    }
}

fn row(place: Place, origin: &str, n: u32, minor: i64, kind: LineKind) -> String {
    format!("{}#{origin}#{n}#{minor}#{}", place.to_text(), kind.word())
}
