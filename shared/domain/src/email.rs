//! E-mail addresses as far as their text tells: whether it could be one, when two are one, and whether it was made to be
//! thrown away. Pure; only digests go further than the border.

use url::Host;

use crate::digest::Digest;

/// The longest address that mail servers take.
const LENGTH_MAX: usize = 254;
const LOCAL_MAX: usize = 64;

/// Domains that give out addresses to throw away, one a line, sorted; `#` begins a comment. A subdomain of one counts.
const DISPOSABLE: &str = include_str!("email/disposable.txt");

/// An address that could be one: whether anybody reads it, only a mail tells.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(String);

/// A text that is no e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address")]
pub struct NotAnEmail;

impl Email {
    /// Reads an address; the domain is folded to lower case, the rest stays as it is.
    ///
    /// # Errors
    /// Not of the form name@domain.tld.
    pub fn parse(text: &str) -> Result<Self, NotAnEmail> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or(NotAnEmail)?;
        let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !"@,;:<>()[]\\\"".contains(c);
        let local_is_fine = (1..=LOCAL_MAX).contains(&local.len())
            && local.chars().all(is_plain)
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..");
        let labels: Vec<&str> = domain.split('.').collect();
        let is_label = |label: &&str| {
            (1..=63).contains(&label.len())
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let domain_is_fine = labels.len() >= 2 && labels.iter().all(is_label);
        if text.len() > LENGTH_MAX || !local_is_fine || !domain_is_fine {
            return Err(NotAnEmail);
        }
        Ok(Self(format!("{local}@{}", domain.to_lowercase())))
    }

    /// The address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Email {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("[redacted]")
    }
}

/// The digest of the normalised address, by which a lead, a customer and a partner are known to be one person; none for
/// what is no address.
#[must_use]
pub fn digest(address: &str) -> Option<Digest> {
    normalise(address).map(|normal| Digest::of(&[b"email", normal.as_bytes()]))
}

/// FRD-3: is the address of a domain that gives out addresses to throw away, or of a subdomain of one?
#[must_use]
pub fn is_disposable(address: &str) -> bool {
    let Some((_, domain)) = parts(address) else { return false };
    let mut rest = domain.as_str();
    loop {
        if is_listed(rest) {
            return true;
        }
        match rest.split_once('.') {
            Some((_, parent)) if parent.contains('.') => rest = parent,
            _ => return false,
        }
    }
}

fn is_listed(domain: &str) -> bool {
    DISPOSABLE.lines().any(|line| line == domain)
}

/// Trimmed, lower-case, the domain in IDNA's ASCII, without `+tag`; dots are dropped for gmail alone, which ignores
/// them: elsewhere they tell two people apart.
fn normalise(address: &str) -> Option<String> {
    let (local, domain) = parts(address)?;
    let local = local.split('+').next().filter(|local| !local.is_empty())?;
    if matches!(domain.as_str(), "gmail.com" | "googlemail.com") {
        let local = local.replace('.', "");
        return (!local.is_empty()).then(|| format!("{local}@gmail.com"));
    }
    Some(format!("{local}@{domain}"))
}

fn parts(address: &str) -> Option<(String, String)> {
    let (local, domain) = address.trim().rsplit_once('@')?;
    // A dot at the end says what is said without it.
    let Ok(Host::Domain(domain)) = Host::parse(domain.trim_end_matches('.')) else { return None };
    Some((local.to_lowercase(), domain))
}

#[cfg(test)]
mod tests;
