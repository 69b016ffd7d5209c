//! Where a link leads. Pure.

use std::net::IpAddr;

/// The longest destination that is kept.
const LENGTH_MAX: usize = 2048;

/// An absolute https URL without credentials; on a development stage also http to this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination(String);

/// Why a text is not a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DestinationFault {
    /// Longer than 2,048 characters.
    #[error("a destination has at most 2048 characters")]
    Length,
    /// Not a URL with a host.
    #[error("a destination is an absolute URL with a host")]
    NotAbsolute,
    /// Some other scheme.
    #[error("a destination begins with https://")]
    NotHttps,
    /// A user name or password inside the URL.
    #[error("a destination carries no user name or password")]
    Credentials,
}

impl Destination {
    /// Reads a destination; `is_dev` says whether plain http to localhost is let through.
    ///
    /// # Errors
    /// Too long, not absolute, not https, or with credentials in it.
    pub fn parse(text: &str, is_dev: bool) -> Result<Self, DestinationFault> {
        if text.len() > LENGTH_MAX {
            return Err(DestinationFault::Length);
        }
        // Control characters and white space are dropped silently by URL parsers: refuse them instead.
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(DestinationFault::NotAbsolute);
        }
        let url = url::Url::parse(text).map_err(|_| DestinationFault::NotAbsolute)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(DestinationFault::NotAbsolute)?;
        match url.scheme() {
            "https" => {}
            "http" if is_dev && is_this_machine(host) => {}
            _ => return Err(DestinationFault::NotHttps),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(DestinationFault::Credentials);
        }
        // The parsed spelling is what is stored: host in lower case and punycode, path escaped. It may be longer.
        let normal = url.to_string();
        if normal.len() > LENGTH_MAX { Err(DestinationFault::Length) } else { Ok(Self(normal)) }
    }

    /// The destination as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_https_url_is_kept_in_its_normal_spelling() {
        let kept = Destination::parse("https://Shop.Example/Path?a=1#top", false);
        assert_eq!(kept.as_ref().map(Destination::as_str), Ok("https://shop.example/Path?a=1#top"));
    }

    #[test]
    fn destinations_that_mislead_are_refused_with_the_reason() {
        for (text, fault) in [
            ("http://shop.example/", DestinationFault::NotHttps),
            ("javascript:alert(1)", DestinationFault::NotAbsolute),
            ("data:text/html,hi", DestinationFault::NotAbsolute),
            ("ftp://shop.example/", DestinationFault::NotHttps),
            ("/relative", DestinationFault::NotAbsolute),
            ("//shop.example/x", DestinationFault::NotAbsolute),
            ("https://", DestinationFault::NotAbsolute),
            ("https://user@shop.example/", DestinationFault::Credentials),
            ("https://user:pass@shop.example/", DestinationFault::Credentials),
            (" https://shop.example/", DestinationFault::NotAbsolute),
            ("https://shop.example/\r\nSet-Cookie: a=b", DestinationFault::NotAbsolute),
            ("http://localhost:3000/", DestinationFault::NotHttps),
        ] {
            assert_eq!(Destination::parse(text, false), Err(fault), "{text}");
        }
        let long = format!("https://shop.example/{}", "a".repeat(LENGTH_MAX));
        assert_eq!(Destination::parse(&long, false), Err(DestinationFault::Length));
    }

    #[test]
    fn a_development_stage_leads_to_this_machine_by_http_and_nowhere_else() {
        for text in ["http://localhost:3000/x", "http://127.0.0.1:3000/", "http://[::1]:3000/"] {
            assert!(Destination::parse(text, true).is_ok(), "{text}");
        }
        assert_eq!(Destination::parse("http://localhost.example/", true), Err(DestinationFault::NotHttps));
    }
}
