//! E-mail addresses, as far as their text tells. Pure.

/// The longest address that mail servers take.
const LENGTH_MAX: usize = 254;
const LOCAL_MAX: usize = 64;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_kept_with_their_domain_in_lower_case() {
        for (text, kept) in [
            ("Ada@Example.COM", "Ada@example.com"),
            (" a.b+tag@mail.example.org ", "a.b+tag@mail.example.org"),
            ("o'neil@exämple.de", "o'neil@exämple.de"),
        ] {
            assert_eq!(Email::parse(text).as_ref().map(Email::as_str), Ok(kept), "{text}");
        }
    }

    #[test]
    fn what_could_not_be_an_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(65));
        let bad = [
            "",
            "@",
            "ada",
            "ada@",
            "@example.com",
            "ada@example",
            "a b@example.com",
            "ada@-x.com",
            "ada@x..com",
            ".ada@example.com",
            "a..b@example.com",
            "ada@example.com\r\nBcc: all@example.com",
            "<ada@example.com>",
            "a@b@example.com",
            "a,b@example.com",
            &long,
        ];
        for text in bad {
            assert_eq!(Email::parse(text), Err(NotAnEmail), "{text}");
        }
    }
}
