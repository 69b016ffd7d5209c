//! What is personal of a lead, as it was said form by form.
//!
//! Who takes a form can seal and not open: what one form says cannot be laid over what another said. So the sealed pieces
//! are kept beside each other, each with the names of the fields that it says, and whoever may open them puts them
//! together. A piece that says nothing that another has not said already is not kept: there are never more pieces than
//! fields.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Something that a form says of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonField {
    /// Their address.
    Email,
    /// Their name.
    Name,
    /// Their company.
    Company,
    /// What they do there.
    JobTitle,
    /// Their telephone number.
    Phone,
}

impl PersonField {
    /// Every field; so many pieces there are at most.
    pub const ALL: [Self; 5] = [Self::Email, Self::Name, Self::Company, Self::JobTitle, Self::Phone];
}

/// Whose word a form is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Teller {
    /// A page's: anybody can send it, for any address.
    Page,
    /// The tenant's own server's.
    Server,
}

/// What one form said, sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonPiece {
    /// Which fields it says.
    pub says: BTreeSet<PersonField>,
    /// The sealed text.
    pub sealed: String,
}

impl std::fmt::Debug for PersonPiece {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "PersonPiece({:?}, [sealed])", self.says)
    }
}

/// The pieces from now on, the one that is believed first in front.
///
/// REV-2: what a page says fills in what is missing and replaces nothing, for anybody can name an address; what the
/// tenant's own server says goes above what was said before.
#[must_use]
pub fn with(known: &[PersonPiece], piece: PersonPiece, teller: Teller) -> Vec<PersonPiece> {
    let mut all = known.to_vec();
    match teller {
        Teller::Page => all.push(piece),
        Teller::Server => all.insert(0, piece),
    }
    let mut said = BTreeSet::new();
    all.retain(|piece| {
        let before = said.len();
        said.extend(piece.says.iter().copied());
        said.len() > before
    });
    all
}

#[cfg(test)]
mod tests;
