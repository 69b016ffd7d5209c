//! API-4: what a machine's key opens: an area of the API, to read or to write.
//!
//! The area of a request is found by its path alone, in one table. What stands in no row opens for no scope, so that a
//! path that is added later is closed until somebody decides about it. A second table names what stands in an area and is
//! a person's all the same.

use std::collections::BTreeSet;
use std::fmt;

/// An area of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Area {
    /// Leads, sign-ups, sales and refunds that the tenant's own server tells.
    Track,
    /// Leads.
    Leads,
    /// Programmes and their rules: groups, achievements, who takes part and how.
    Programs,
    /// Partners' profiles, links, coupons, claims that are made.
    Partners,
    /// Lines of commission, balances, adjustments.
    Commissions,
    /// Payouts, methods and tax forms.
    Payouts,
    /// Members and awards.
    Members,
    /// Customers, plans, subscriptions, sales tax.
    Billing,
    /// Figures.
    Analytics,
    /// Documents and exports.
    Reports,
    /// Signals of fraud.
    Risk,
    /// What providers have sent.
    Webhooks,
}

/// To read, or to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Looks, and changes nothing.
    Read,
    /// Changes, and does not look.
    Write,
}

/// What one word on a key opens: `leads:read`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope {
    /// Where.
    pub area: Area,
    /// For what.
    pub access: Access,
}

/// A word that is no scope, or one that no machine may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAScope {
    /// There is no such word.
    #[error("no such scope")]
    Unknown,
    /// Money and rules are for persons: a machine may read there, and that is all.
    #[error("a machine may read here, and not write: this needs a person")]
    NeedsAPerson,
}

impl Area {
    /// Every area.
    pub const ALL: [Self; 12] = [
        Self::Track,
        Self::Leads,
        Self::Programs,
        Self::Partners,
        Self::Commissions,
        Self::Payouts,
        Self::Members,
        Self::Billing,
        Self::Analytics,
        Self::Reports,
        Self::Risk,
        Self::Webhooks,
    ];

    /// The word before the colon.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Leads => "leads",
            Self::Programs => "programs",
            Self::Partners => "partners",
            Self::Commissions => "commissions",
            Self::Payouts => "payouts",
            Self::Members => "members",
            Self::Billing => "billing",
            Self::Analytics => "analytics",
            Self::Reports => "reports",
            Self::Risk => "risk",
            Self::Webhooks => "webhooks",
        }
    }

    /// May a machine write here? Where money leaves, where it is earned and what decides it, two persons stand behind a
    /// change, and a machine is none.
    #[must_use]
    pub fn takes_writes(self) -> bool {
        matches!(self, Self::Track | Self::Leads | Self::Partners | Self::Billing | Self::Reports)
    }

    /// The area of a path; `None` for what no scope opens.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        PATHS.iter().find(|(beginning, _)| is_under(path, beginning)).map(|(_, area)| *area)
    }
}

/// The beginning of a path, segment by segment, and its area; `*` is any one segment. The first that fits counts, so the
/// narrower stands before the wider.
///
/// API-4: what decides about money is no matter of partners' profiles: where it goes, who may earn it, by which tier and
/// group, whose a customer is. Such rows have an area where machines read only.
const PATHS: &[(&str, Area)] = &[
    ("/v1/track", Area::Track),
    ("/v1/programs", Area::Programs),
    ("/v1/groups", Area::Programs),
    ("/v1/achievements", Area::Programs),
    ("/v1/partners/revenue/payouts", Area::Payouts),
    ("/v1/partners/revenue", Area::Commissions),
    ("/v1/partners/*/payout-method", Area::Payouts),
    ("/v1/partners/*/tax-form", Area::Payouts),
    ("/v1/partners/*/enrolments", Area::Programs),
    ("/v1/partners/*/accounts", Area::Programs),
    ("/v1/partners/*/approve", Area::Programs),
    ("/v1/partners/*/decline", Area::Programs),
    ("/v1/partners/*/suspend", Area::Programs),
    ("/v1/partners/*/reinstate", Area::Programs),
    ("/v1/partners", Area::Partners),
    ("/v1/coupons", Area::Partners),
    // To make a claim is a partner's; to judge it books commission.
    ("/v1/claims/*/*", Area::Commissions),
    ("/v1/claims", Area::Partners),
    ("/v1/members", Area::Members),
    // What is told to the tax office, and handed on to it, is money's: no machine writes there.
    ("/v1/reports/tax-forms", Area::Payouts),
    ("/v1/reports", Area::Reports),
    ("/v1/risk", Area::Risk),
    ("/v1/webhooks/deliveries", Area::Webhooks),
    ("/v1/webhooks/endpoints", Area::Webhooks),
    ("/v1/revenue/affiliates", Area::Partners),
    ("/v1/revenue/leads", Area::Leads),
    ("/v1/revenue/payouts", Area::Payouts),
    ("/v1/revenue/payout-runs", Area::Payouts),
    ("/v1/revenue/customers", Area::Billing),
    ("/v1/revenue/plans", Area::Billing),
    ("/v1/revenue/subscriptions", Area::Billing),
    ("/v1/revenue/payments", Area::Billing),
    ("/v1/revenue/tax/settings", Area::Payouts),
    ("/v1/revenue/tax/remittances", Area::Payouts),
    ("/v1/revenue/tax", Area::Billing),
    ("/v1/revenue/analytics", Area::Analytics),
    ("/v1/revenue/partners", Area::Analytics),
    ("/v1/revenue/metrics", Area::Analytics),
    ("/v1/revenue/health", Area::Analytics),
    ("/v1/revenue/targets", Area::Analytics),
    ("/v1/revenue", Area::Commissions),
];

/// API-4: doors within an area that no scope opens: the method, `*` for any, and the beginning of the path.
const OF_PERSONS: &[(&str, &str)] = &[
    // Who signs in for a partner: a machine that could make one would be one.
    ("*", "/v1/partners/*/users"),
    // Terms bind whoever accepts them: no machine of the tenant's does it for a partner.
    ("POST", "/v1/partners/*/terms"),
    // With a partner go its enrolments, and the marks by which it would be known again.
    ("DELETE", "/v1/partners/*"),
    // What a code takes off at the provider is the tenant's money.
    ("*", "/v1/coupons/*/retry"),
    // The numbers of payees stand in them.
    ("*", "/v1/reports/tax-forms/*/files"),
    // Where a payee's money goes stands on it, whole.
    ("*", "/v1/revenue/payouts/*/instructions"),
];

fn is_under(path: &str, beginning: &str) -> bool {
    let mut segments = path.split('/');
    beginning
        .split('/')
        .all(|wanted| segments.next().is_some_and(|given| given == wanted || (wanted == "*" && !given.is_empty())))
}

impl Scope {
    /// The scope that a request needs, by its method in capitals; `None` where no scope opens it.
    #[must_use]
    pub fn needed(method: &str, path: &str) -> Option<Self> {
        let is_meant = |known: &str| known == "*" || known == method;
        if OF_PERSONS.iter().any(|(known, beginning)| is_meant(known) && is_under(path, beginning)) {
            return None;
        }
        let access = if matches!(method, "GET" | "HEAD" | "OPTIONS") { Access::Read } else { Access::Write };
        Area::of_path(path).map(|area| Self { area, access })
    }

    /// May any machine have it?
    #[must_use]
    pub fn is_for_machines(self) -> bool {
        match self.access {
            Access::Read => self.area != Area::Track,
            Access::Write => self.area.takes_writes(),
        }
    }

    /// Every scope that a key may have.
    pub fn all() -> impl Iterator<Item = Self> {
        let both = |area| [Access::Read, Access::Write].map(|access| Self { area, access });
        Area::ALL.into_iter().flat_map(both).filter(|scope| scope.is_for_machines())
    }

    /// Reads `leads:read`.
    ///
    /// # Errors
    /// No such scope, or one that no machine may have.
    pub fn parse(text: &str) -> Result<Self, NotAScope> {
        let (area, access) = text.split_once(':').ok_or(NotAScope::Unknown)?;
        let area = Area::ALL.into_iter().find(|known| known.word() == area).ok_or(NotAScope::Unknown)?;
        let access = match access {
            "read" => Access::Read,
            "write" => Access::Write,
            _ => return Err(NotAScope::Unknown),
        };
        let scope = Self { area, access };
        if scope.is_for_machines() { Ok(scope) } else { Err(NotAScope::NeedsAPerson) }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let access = if self.access == Access::Read { "read" } else { "write" };
        write!(out, "{}:{access}", self.area.word())
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl serde::Serialize for Scope {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Scope {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// The scopes of a key.
pub type Scopes = BTreeSet<Scope>;

#[cfg(test)]
mod tests;
