//! What a request says about a visit, cut to what we keep. Every text is bounded, valid UTF-8 and without control
//! characters before anything looks at it.

mod bot;
mod sender;

use std::collections::BTreeMap;

use domain::touch::{DaySalt, DeviceHash, DeviceHints, Origin, VisitorHash};
use edge::viewer::Front;
use http::Request;
use http::header::{ACCEPT_LANGUAGE, HeaderMap, HeaderName, REFERER, USER_AGENT};
use url::{Url, form_urlencoded};

pub(crate) use bot::Bot;
pub(crate) use sender::Sender;

/// Parameters that travel on to the destination and are kept with the click.
const CARRIED: &[&str] =
    &["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "sub1", "sub2", "sub3", "sub4", "sub5"];
/// Parameters by which advertising networks follow their own clicks. FRD-3: who pays for visits through a partner's link
/// says so by one of them. `fbclid` comes last: it also stands on links that people share.
const PAID_TRAFFIC: &[&str] =
    &["gclid", "gbraid", "wbraid", "dclid", "msclkid", "ttclid", "twclid", "li_fat_id", "yclid", "fbclid"];
/// A parameter longer than this is not carried.
const CARRIED_BYTES_MAX: usize = 256;
/// Of a header no more is looked at.
const HEADER_BYTES_MAX: usize = 1024;
/// As much of a user agent is kept and hashed.
const USER_AGENT_BYTES_MAX: usize = 256;

/// One request, read.
pub(crate) struct Visit {
    pub(crate) user_agent: String,
    pub(crate) language: String,
    pub(crate) referrer_host: String,
    pub(crate) carried: Vec<(String, String)>,
    /// The advertiser's parameter, by name; its value is of no use here.
    pub(crate) paid_traffic: Option<&'static str>,
    pub(crate) bot: Option<Bot>,
    /// GPC or DNT: nothing is kept that could tell this visitor from another.
    pub(crate) is_private: bool,
    pub(crate) sender: Sender,
    platform: String,
}

/// What a page says about a visit to it, where the request itself says it of the page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page<'a> {
    /// The query of the page's address.
    pub(crate) query: &'a str,
    /// Where the page's visitor came from, as an address.
    pub(crate) referrer: &'a str,
    /// The browser says that a program drives it.
    pub(crate) is_driven: bool,
}

impl Visit {
    /// A visit through the redirect.
    pub(crate) fn of<B>(request: &Request<B>, front: Option<&Front>) -> Self {
        let referrer = text(request.headers(), &REFERER, HEADER_BYTES_MAX);
        let query = request.uri().query().unwrap_or_default();
        Self::at(request, front, Page { query, referrer: &referrer, is_driven: false })
    }

    /// A visit that a page tells of.
    pub(crate) fn at<B>(request: &Request<B>, front: Option<&Front>, page: Page<'_>) -> Self {
        let headers = request.headers();
        let user_agent = text(headers, &USER_AGENT, HEADER_BYTES_MAX);
        let bot = bot::bot(request.method(), headers, &user_agent);
        Self {
            bot: bot.or(page.is_driven.then_some(Bot::Driven)),
            user_agent: cut(&user_agent, USER_AGENT_BYTES_MAX).to_owned(),
            language: text(headers, &ACCEPT_LANGUAGE, HEADER_BYTES_MAX),
            referrer_host: referrer_host(page.referrer),
            carried: carried(page.query),
            paid_traffic: paid_traffic(page.query),
            platform: text(headers, &PLATFORM, 64),
            is_private: asks_for_privacy(headers),
            sender: Sender::of(request, front),
        }
    }

    /// TRK-1: with the parameters of the link's own, where the visitor brings none of that name.
    pub(crate) fn with_own(mut self, sub_ids: &BTreeMap<String, String>) -> Self {
        for (name, value) in sub_ids {
            if self.carried.iter().all(|(known, _)| known != name) {
                self.carried.push((name.clone(), value.clone()));
            }
        }
        self
    }

    /// Who visits, for one UTC day; nobody in particular when privacy was asked for.
    pub(crate) fn visitor(&self, salt: &DaySalt) -> VisitorHash {
        if self.is_private {
            return VisitorHash::NOBODY;
        }
        salt.visitor(Origin { address: &self.sender.address, user_agent: &self.user_agent })
    }

    /// TRK-5: the device, for one UTC day; none when privacy was asked for.
    pub(crate) fn device(&self, salt: &DaySalt) -> Option<DeviceHash> {
        let (user_agent, address) = (self.user_agent.as_str(), self.sender.address.as_str());
        let hints = DeviceHints { user_agent, platform: &self.platform, language: &self.language, address };
        salt.device(hints).filter(|_| !self.is_private)
    }
}

/// What the browser says that it runs on.
static PLATFORM: HeaderName = HeaderName::from_static("sec-ch-ua-platform");

/// A header's text, clean and cut.
fn text(headers: &HeaderMap, name: &HeaderName, bytes_max: usize) -> String {
    let bytes = headers.get(name).map(http::HeaderValue::as_bytes).unwrap_or_default();
    // Three bytes stand for each that is no UTF-8, so what is cut off here could not have been kept.
    clean(&String::from_utf8_lossy(bytes.get(..bytes_max).unwrap_or(bytes)), bytes_max)
}

/// At most so many bytes, never half a character, and blanks for control characters.
pub(crate) fn clean(text: &str, bytes_max: usize) -> String {
    let blank = |character: char| if character.is_control() { ' ' } else { character };
    let clean: String = text.chars().map(blank).collect();
    cut(&clean, bytes_max).to_owned()
}

fn cut(text: &str, bytes_max: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or_default()
}

fn referrer_host(referrer: &str) -> String {
    let url = Url::parse(referrer).ok();
    url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

fn asks_for_privacy(headers: &HeaderMap) -> bool {
    ["sec-gpc", "dnt"].iter().any(|name| headers.get(*name).is_some_and(|value| value.as_bytes() == b"1"))
}

/// TRK-1: the known parameters, the first of each name.
fn carried(query: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let wanted = CARRIED.contains(&name.as_ref()) && !value.is_empty() && value.len() <= CARRIED_BYTES_MAX;
        if wanted && found.iter().all(|(known, _)| *known != name) {
            found.push((name.into_owned(), clean(&value, CARRIED_BYTES_MAX)));
        }
    }
    found
}

/// The first of the advertisers' parameters that is there, by our order.
fn paid_traffic(query: &str) -> Option<&'static str> {
    let places = form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !value.is_empty());
    let first = places.filter_map(|(name, _)| PAID_TRAFFIC.iter().position(|known| *known == name)).min();
    first.and_then(|first| PAID_TRAFFIC.get(first).copied())
}

#[cfg(test)]
mod tests;
