//! What the text of an address says of whoever left it.

use crate::digest::Digest;
use crate::email::{self, Email};

/// Names that stand for a desk and for no person, sorted.
const ROLES: [&str; 42] = [
    "abuse",
    "accounting",
    "admin",
    "administrator",
    "billing",
    "careers",
    "compliance",
    "contact",
    "enquiries",
    "feedback",
    "finance",
    "hello",
    "help",
    "hostmaster",
    "hr",
    "info",
    "inquiries",
    "it",
    "jobs",
    "legal",
    "mail",
    "mailer-daemon",
    "marketing",
    "media",
    "news",
    "newsletter",
    "no-reply",
    "noreply",
    "office",
    "orders",
    "postmaster",
    "pr",
    "press",
    "privacy",
    "root",
    "sales",
    "security",
    "service",
    "support",
    "team",
    "webmaster",
    "welcome",
];
/// Where anybody has an address: whole domains, sorted.
const FREE: [&str; 23] = [
    "126.com",
    "163.com",
    "aol.com",
    "free.fr",
    "gmail.com",
    "googlemail.com",
    "icloud.com",
    "libero.it",
    "mac.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "orange.fr",
    "pm.me",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "seznam.cz",
    "t-online.de",
    "web.de",
    "wp.pl",
    "zoho.com",
];
/// The same, by the name before the country: `yahoo.co.uk`.
const FREE_BRANDS: [&str; 6] = ["gmx", "hotmail", "live", "outlook", "yahoo", "yandex"];

/// An address, as far as its text tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// The digest of its normalised form.
    pub digest: Digest,
    /// Was it made to be thrown away?
    pub is_disposable: bool,
    /// Does it stand for a desk and for no person?
    pub is_role: bool,
    /// Is it of a host where anybody has one?
    pub is_free: bool,
}

impl Address {
    /// Looks at an address; `None` when its domain is none.
    #[must_use]
    pub fn of(address: &Email) -> Option<Self> {
        let text = address.as_str();
        let (local, domain) = text.rsplit_once('@')?;
        let local = local.split('+').next().unwrap_or(local).to_lowercase();
        let is_brand = |brand: &&str| domain.split('.').next() == Some(*brand);
        Some(Self {
            digest: email::digest(text)?,
            is_disposable: email::is_disposable(text),
            is_role: ROLES.contains(&local.as_str()),
            is_free: FREE.contains(&domain) || FREE_BRANDS.iter().any(is_brand),
        })
    }
}
