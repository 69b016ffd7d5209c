//! TRK-4: who or what is no person. Names and heuristics; whoever lies well is a signal of fraud's affair.

use http::{HeaderMap, Method};

/// Who or what is not a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bot {
    /// A HEAD request looks at a link and does not follow it.
    Head,
    /// Fetched ahead: nobody has clicked yet.
    Prefetch,
    /// No user agent at all.
    Nameless,
    /// The user agent says so.
    Named,
    /// A browser that says that a program drives it.
    Driven,
}

impl Bot {
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Prefetch => "prefetch",
            Self::Nameless => "no_user_agent",
            Self::Named => "user_agent",
            Self::Driven => "driven",
        }
    }
}

/// Flags what is certainly no person.
pub(super) fn bot(method: &Method, headers: &HeaderMap, user_agent: &str) -> Option<Bot> {
    if method == Method::HEAD {
        return Some(Bot::Head);
    }
    if is_fetched_ahead(headers) {
        return Some(Bot::Prefetch);
    }
    if user_agent.trim().is_empty() {
        return Some(Bot::Nameless);
    }
    is_named(user_agent).then_some(Bot::Named)
}

fn is_fetched_ahead(headers: &HeaderMap) -> bool {
    ["sec-purpose", "purpose", "x-moz", "x-purpose"].iter().any(|name| {
        let value = headers.get(*name).map(|value| value.as_bytes().to_ascii_lowercase()).unwrap_or_default();
        let value = String::from_utf8_lossy(&value);
        value.contains("prefetch") || value.contains("preview")
    })
}

/// Crawlers, previews, drivers and HTTP libraries by what they call themselves.
fn is_named(user_agent: &str) -> bool {
    /// What the heuristic of the crate takes for a browser, because it names an engine.
    const DRIVEN: &[&str] = &[
        "headless",
        "lighthouse",
        "phantomjs",
        "slimerjs",
        "puppeteer",
        "playwright",
        "selenium",
        "cypress",
        "slurp",
        "scan",
        "facebookexternalhit",
        "whatsapp",
        "google-inspectiontool",
        "googleother",
    ];
    // Telephones called Cubot are no robots.
    let user_agent = user_agent.to_ascii_lowercase().replace("cubot", "");
    DRIVEN.iter().any(|word| user_agent.contains(word)) || is_crawler(&user_agent)
}

/// The crate remembers what it has said by a text's place in memory, its length and its ends; two texts in one place,
/// of one length, both a browser's at their ends, would be answered alike. Eight digits of a sum at the end tell them
/// apart.
fn is_crawler(user_agent: &str) -> bool {
    const SUMS: u32 = 100_000_000;
    /// What is longer the crate does not look at.
    const BYTES_MAX: usize = 500;
    let user_agent = user_agent.get(..user_agent.floor_char_boundary(BYTES_MAX)).unwrap_or_default();
    let sum = crc32fast::hash(user_agent.as_bytes()) % SUMS;
    iscrawl::is_crawler(&format!("{user_agent} {sum:08}"))
}

#[cfg(test)]
mod tests;
