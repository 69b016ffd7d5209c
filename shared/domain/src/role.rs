//! Who somebody is to the product.

use std::fmt;

/// A role of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sets rules, approves payouts.
    Admin,
    /// Sends and confirms payouts.
    FinanceManager,
    /// Helps partners; moves no money.
    Support,
    /// Reads everything, changes nothing.
    Auditor,
    /// A partner, over its own.
    Partner,
    /// A member of the award queue, over its own.
    Member,
    /// A machine with scopes.
    Service,
    /// Runs the deployment and creates tenants.
    Operator,
    /// A key that stands in a page for everybody to read: it leaves leads with one programme, and nothing else.
    Publishable,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 9] = [
        Self::Admin,
        Self::FinanceManager,
        Self::Support,
        Self::Auditor,
        Self::Partner,
        Self::Member,
        Self::Service,
        Self::Operator,
        Self::Publishable,
    ];

    /// The word used outside.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::FinanceManager => "finance_manager",
            Self::Support => "support",
            Self::Auditor => "auditor",
            Self::Partner => "partner",
            Self::Member => "member",
            Self::Service => "service",
            Self::Operator => "operator",
            Self::Publishable => "publishable",
        }
    }

    /// Reads the word; `None` when it is no role.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}
