//! Payout methods: where a partner's money goes, in which order, and from when on it may go there.
//!
//! The details of a method are sealed at the border; here are what may be shown of them, and a keyed hash by which the
//! same account is known again.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::{Actor, Deed};
use crate::currency::Currency;
use crate::digest::Digest;
use crate::id::{MethodId, PartnerId};
use crate::time::{Timestamp, sortable};

mod destination;
mod fingerprint;
mod rail;

pub use destination::{AccountKind, Destination, HolderKind, PostalAddress, wished_details};
pub use fingerprint::FingerprintKey;
pub use rail::Rail;

/// PAY-12: how long nothing leaves by a method that was changed.
pub const COOLING_OFF_HOURS: i64 = 72;
/// PAY-4: for how long whoever changed where money goes approves no payout of that partner.
pub const EDITOR_BARRED_DAYS: i64 = 30;
/// How many methods a partner may rank.
pub const METHODS_MAX: usize = 5;

const HOUR_MS: i64 = 3_600_000;

/// One method, without its details.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PayoutMethod {
    /// Which.
    pub id: MethodId,
    /// The way the money goes.
    pub rail: Rail,
    /// The only currency that it is for; any that the rail takes, where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// What may be shown: the last four characters.
    pub last_four: String,
    /// By what the same account is known again, under the tenant's key.
    pub fingerprint: Digest,
    /// Since when it is as it is.
    pub since: Timestamp,
    /// Who set it: a user, partner or key.
    pub set_by: String,
    /// The details, sealed.
    pub sealed: String,
}

impl PayoutMethod {
    /// From when on money may leave by it.
    #[must_use]
    pub fn usable_from(&self) -> Timestamp {
        let ms = self.since.as_millisecond().saturating_add(COOLING_OFF_HOURS * HOUR_MS);
        Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
    }

    /// Can money of a currency leave by it at all?
    #[must_use]
    pub fn takes(&self, currency: Currency) -> bool {
        self.rail.takes(currency) && self.currency.is_none_or(|only| only == currency)
    }
}

/// Somebody changed where a partner's money goes.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Edit {
    /// A user, partner or key.
    pub by: String,
    /// When, ms since the epoch.
    pub at_ms: i64,
}

/// A partner's methods, in the order in which they are used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PayoutMethods {
    /// How often they were changed; 0 before the first.
    pub version: u32,
    /// The first one is used; the next after a definite failure only.
    pub ranked: Vec<PayoutMethod>,
    /// Who changed them of late, oldest first.
    pub edits: Vec<Edit>,
}

/// What a payout says of where it goes. Approvals bind to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payee {
    /// The method.
    pub method: MethodId,
    /// Its rail.
    pub rail: Rail,
}

impl Payee {
    /// As it is told: method and rail.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{} {}", self.method, self.rail.word())
    }

    /// Reads what [`Payee::to_text`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (method, rail) = text.split_once(' ')?;
        Some(Self { method: MethodId::parse(method).ok()?, rail: Rail::parse(rail)? })
    }
}

/// By which method a payout would go now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// By this one.
    Payee(Payee),
    /// PAY-12: by this one, and not before its cooling-off is over.
    CoolingOff {
        /// The method.
        method: MethodId,
        /// When it is over.
        until: Timestamp,
    },
    /// There is none for the currency.
    NoMethod,
}

/// A method in a list that is to hold from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// One that is there.
    Keep(MethodId),
    /// A new one.
    New(Box<PayoutMethod>),
}

/// Why a list of methods cannot hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// There are more than [`METHODS_MAX`].
    #[error("at most {METHODS_MAX} methods")]
    TooMany,
    /// The one at this place is not the partner's.
    #[error("no such method of this partner")]
    Unknown {
        /// Its place in the list.
        at: usize,
    },
    /// The one at this place is in the list already.
    #[error("is in the list already")]
    Twice {
        /// Its place in the list.
        at: usize,
    },
}

/// A change of methods: what holds from now on, and what the audit says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The methods after.
    pub methods: PayoutMethods,
    /// The audit's part.
    pub deed: Deed,
}

impl PayoutMethods {
    /// The list that is wished for; `None` when it is the one that holds already.
    ///
    /// # Errors
    /// See [`Unfit`].
    pub fn change(&self, wishes: Vec<Wish>, by: Actor, at: Timestamp) -> Result<Option<Changed>, Unfit> {
        if wishes.len() > METHODS_MAX {
            return Err(Unfit::TooMany);
        }
        let mut ranked: Vec<PayoutMethod> = Vec::with_capacity(wishes.len());
        for (place, wish) in wishes.into_iter().enumerate() {
            let method = match wish {
                // The same request again, sealed anew: what its first run wrote stands.
                Wish::New(method) => self.get(&method.id).cloned().unwrap_or(*method),
                Wish::Keep(id) => self.get(&id).cloned().ok_or(Unfit::Unknown { at: place })?,
            };
            if ranked.iter().any(|other| other.id == method.id || other.fingerprint == method.fingerprint) {
                return Err(Unfit::Twice { at: place });
            }
            ranked.push(method);
        }
        if ranked == self.ranked {
            return Ok(None);
        }
        let oldest_ms = at.as_millisecond() - EDITOR_BARRED_DAYS * 24 * HOUR_MS;
        let mut edits: Vec<Edit> = self.edits.iter().filter(|edit| edit.at_ms >= oldest_ms).cloned().collect();
        // Of one person the last change is enough, so that the list does not grow with their zeal.
        edits.retain(|edit| edit.by != by.id);
        edits.push(Edit { by: by.id.clone(), at_ms: at.as_millisecond() });
        let after = Self { version: self.version + 1, ranked, edits };
        let deed = Deed { at, actor: by, action: "payout_methods.changed", old: self.told(), new: after.told() };
        Ok(Some(Changed { methods: after, deed }))
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, id: &MethodId) -> Option<&PayoutMethod> {
        self.ranked.iter().find(|method| method.id == *id)
    }

    /// By which one a payout of a currency goes at an instant: the first that takes the currency. A later one is not a
    /// way around the cooling-off of the first.
    #[must_use]
    pub fn choose(&self, currency: Currency, at: Timestamp) -> Choice {
        self.choose_besides(&BTreeSet::new(), currency, at)
    }

    /// As [`PayoutMethods::choose`], of those that were not tried before.
    #[must_use]
    pub fn choose_besides(&self, tried: &BTreeSet<MethodId>, currency: Currency, at: Timestamp) -> Choice {
        let next = self.ranked.iter().find(|method| method.takes(currency) && !tried.contains(&method.id));
        let Some(method) = next else { return Choice::NoMethod };
        // PAY-12: nothing leaves by a method within 72 hours of its change.
        if at < method.usable_from() {
            return Choice::CoolingOff { method: method.id.clone(), until: method.usable_from() };
        }
        Choice::Payee(Payee { method: method.id.clone(), rail: method.rail })
    }

    /// PAY-4: who changed where the money goes, and approves nothing of this partner for now: whoever set a method that
    /// is there, and whoever changed the list of late.
    #[must_use]
    pub fn editors(&self, at: Timestamp) -> BTreeSet<String> {
        let oldest_ms = at.as_millisecond() - EDITOR_BARRED_DAYS * 24 * HOUR_MS;
        let late = self.edits.iter().filter(|edit| edit.at_ms >= oldest_ms).map(|edit| edit.by.clone());
        self.ranked.iter().map(|method| method.set_by.clone()).chain(late).collect()
    }

    /// What the audit says: never more than what may be shown.
    #[must_use]
    pub fn told(&self) -> BTreeMap<String, String> {
        let numbered = self.ranked.iter().enumerate();
        let mut told: BTreeMap<String, String> = numbered
            .map(|(n, method)| {
                let PayoutMethod { id, rail, last_four, since, .. } = method;
                (format!("method_{}", n + 1), format!("{id} {} …{last_four} since {}", rail.word(), sortable(*since)))
            })
            .collect();
        told.insert("version".to_owned(), self.version.to_string());
        told
    }

    /// The name under which the audit trail of a partner's methods stands.
    #[must_use]
    pub fn aggregate(partner: &PartnerId) -> String {
        format!("payout_methods#{partner}")
    }
}

/// The last four characters of what names an account.
#[must_use]
pub fn last_four(text: &str) -> String {
    let plain: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    // A short name is not shown whole.
    let shown = if plain.len() > 4 { 4 } else { plain.len() / 2 };
    plain[plain.len() - shown..].iter().collect()
}

#[cfg(test)]
mod tests;
