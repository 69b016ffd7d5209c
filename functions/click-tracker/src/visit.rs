//! What a request says about a visit, cut to what we keep.

use std::borrow::Cow;

use domain::touch::{ClickKeys, DeviceHash, DeviceHints, Origin, VisitorHash};
use http::header::{ACCEPT_LANGUAGE, HeaderMap, HeaderName, REFERER, USER_AGENT};
use http::{Method, Request};
use jiff::Timestamp;
use lambda_http::request::RequestContext;
use url::{Url, form_urlencoded};

/// Parameters that travel on to the destination and are kept with the click.
const CARRIED: &[&str] =
    &["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "sub1", "sub2", "sub3", "sub4", "sub5"];
/// Parameters by which advertising networks follow their own clicks. FRD-3: who pays for visits through a partner's link
/// says so by one of them. `fbclid` comes last: it also stands on links that people share.
const PAID_TRAFFIC: &[&str] =
    &["gclid", "gbraid", "wbraid", "dclid", "msclkid", "ttclid", "twclid", "li_fat_id", "yclid", "fbclid"];
/// A parameter longer than this is not carried.
const CARRIED_BYTES_MAX: usize = 256;

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
}

impl Bot {
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Prefetch => "prefetch",
            Self::Nameless => "no_user_agent",
            Self::Named => "user_agent",
        }
    }
}

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
    address: String,
    platform: String,
}

impl Visit {
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        let headers = request.headers();
        let user_agent = text(headers, &USER_AGENT);
        Self {
            bot: bot(request.method(), headers, &user_agent),
            user_agent: user_agent.into_owned(),
            language: text(headers, &ACCEPT_LANGUAGE).into_owned(),
            referrer_host: referrer_host(headers),
            carried: carried(request.uri().query().unwrap_or_default()),
            paid_traffic: paid_traffic(request.uri().query().unwrap_or_default()),
            platform: text(headers, &PLATFORM).into_owned(),
            is_private: asks_for_privacy(headers),
            address: source_address(request),
        }
    }

    /// Who visits, for one UTC day; nobody in particular when privacy was asked for.
    pub(crate) fn visitor(&self, keys: &ClickKeys, at: Timestamp) -> VisitorHash {
        if self.is_private {
            return VisitorHash::NOBODY;
        }
        keys.visitor_on_day(at, Origin { address: &self.address, user_agent: &self.user_agent })
    }

    /// The device, for one UTC day; none when privacy was asked for.
    pub(crate) fn device(&self, keys: &ClickKeys, at: Timestamp) -> Option<DeviceHash> {
        let (user_agent, address) = (self.user_agent.as_str(), self.address.as_str());
        let hints = DeviceHints { user_agent, platform: &self.platform, language: &self.language, address };
        keys.device_on_day(at, hints).filter(|_| !self.is_private)
    }
}

/// What the browser says that it runs on.
static PLATFORM: HeaderName = HeaderName::from_static("sec-ch-ua-platform");

/// The address that API Gateway saw. Not `X-Forwarded-For`, which anybody can write.
fn source_address<B>(request: &Request<B>) -> String {
    match request.extensions().get::<RequestContext>() {
        Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.clone().unwrap_or_default(),
        _ => String::new(),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Cow<'a, str> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes())).unwrap_or_default()
}

fn referrer_host(headers: &HeaderMap) -> String {
    let url = Url::parse(&text(headers, &REFERER)).ok();
    url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

fn asks_for_privacy(headers: &HeaderMap) -> bool {
    ["sec-gpc", "dnt"].iter().any(|name| headers.get(*name).is_some_and(|value| value.as_bytes() == b"1"))
}

/// The known parameters, the first of each name.
fn carried(query: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let wanted = CARRIED.contains(&name.as_ref()) && !value.is_empty() && value.len() <= CARRIED_BYTES_MAX;
        if wanted && found.iter().all(|(known, _)| *known != name) {
            found.push((name.into_owned(), value.into_owned()));
        }
    }
    found
}

/// The first of the advertisers' parameters that is there, by our order.
fn paid_traffic(query: &str) -> Option<&'static str> {
    let has = |wanted: &str| {
        form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == wanted && !value.is_empty())
    };
    PAID_TRAFFIC.iter().copied().find(|name| has(name))
}

/// Flags what is certainly no person. Families and lists are told apart later, off the visitor's path.
fn bot(method: &Method, headers: &HeaderMap, user_agent: &str) -> Option<Bot> {
    if method == Method::HEAD {
        return Some(Bot::Head);
    }
    let is_prefetch = ["sec-purpose", "purpose", "x-moz", "x-purpose"].iter().any(|name| {
        let value = headers.get(*name).map(|value| value.as_bytes().to_ascii_lowercase()).unwrap_or_default();
        let value = String::from_utf8_lossy(&value);
        value.contains("prefetch") || value.contains("preview")
    });
    if is_prefetch {
        return Some(Bot::Prefetch);
    }
    if user_agent.is_empty() {
        return Some(Bot::Nameless);
    }
    is_named_bot(user_agent).then_some(Bot::Named)
}

/// Words by which crawlers, previews and HTTP libraries name themselves.
fn is_named_bot(user_agent: &str) -> bool {
    const WORDS: &[&str] = &[
        "bot",
        "crawl",
        "spider",
        "slurp",
        "scan",
        "monitor",
        "preview",
        "headless",
        "lighthouse",
        "facebookexternalhit",
        "whatsapp",
        "curl/",
        "wget/",
        "python-",
        "okhttp",
        "go-http-client",
        "java/",
        "libwww",
        "axios/",
        "node-fetch",
        "postman",
        "httpclient",
        "ruby",
        "phantomjs",
    ];
    // Telephones called Cubot are no robots.
    let user_agent = user_agent.to_ascii_lowercase().replace("cubot", "");
    WORDS.iter().any(|word| user_agent.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

    fn visit(method: Method, uri: &str, headers: &[(&str, &str)]) -> Visit {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Visit::of(&request.body(()).expect("a request"))
    }

    #[test]
    fn persons_and_bots_are_told_apart() {
        let cases = [
            (Method::GET, vec![("user-agent", FIREFOX)], None),
            (Method::GET, vec![("user-agent", "Mozilla/5.0 (Linux; Android 9; CUBOT X18) Chrome/130 Mobile")], None),
            (Method::HEAD, vec![("user-agent", FIREFOX)], Some(Bot::Head)),
            (Method::GET, vec![], Some(Bot::Nameless)),
            (Method::GET, vec![("user-agent", "Mozilla/5.0 (compatible; Googlebot/2.1)")], Some(Bot::Named)),
            (Method::GET, vec![("user-agent", "curl/8.7.1")], Some(Bot::Named)),
            (Method::GET, vec![("user-agent", FIREFOX), ("sec-purpose", "prefetch;prerender")], Some(Bot::Prefetch)),
            (Method::GET, vec![("user-agent", FIREFOX), ("X-Moz", "Prefetch")], Some(Bot::Prefetch)),
        ];
        for (method, headers, expected) in cases {
            assert_eq!(visit(method, "/r/a", &headers).bot, expected, "{headers:?}");
        }
    }

    #[test]
    fn only_known_parameters_are_carried_and_the_first_of_each() {
        let query = "/r/a?utm_source=news&utm_source=x&sub1=a%26b&to=https%3A%2F%2Fevil.example&sub9=9&sub2=&trb=t";
        let expected = [("utm_source", "news"), ("sub1", "a&b")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(visit(Method::GET, query, &[]).carried, expected);
        let long = format!("/r/a?sub1={}", "x".repeat(CARRIED_BYTES_MAX + 1));
        assert_eq!(visit(Method::GET, &long, &[]).carried, []);
    }

    #[test]
    fn an_advertisers_parameter_is_known_by_its_name_alone() {
        let rows = [
            ("/r/a?gclid=secret", Some("gclid")),
            ("/r/a?fbclid=x&msclkid=y", Some("msclkid")),
            ("/r/a?utm_source=news&fbclid=IwAR", Some("fbclid")),
            ("/r/a?gclid=&x=gclid", None),
            ("/r/a?GCLID=1", None),
            ("/r/a", None),
        ];
        for (uri, expected) in rows {
            assert_eq!(visit(Method::GET, uri, &[]).paid_traffic, expected, "{uri}");
        }
    }

    #[test]
    fn of_the_referrer_only_the_host_is_read() {
        let referrer = |value| visit(Method::GET, "/r/a", &[("referer", value)]).referrer_host;
        assert_eq!(referrer("https://blog.example/post?token=secret"), "blog.example");
        assert_eq!(referrer("android-app://org.example.mail"), "org.example.mail");
        assert_eq!(referrer("nonsense"), "");
    }

    #[test]
    fn gpc_and_dnt_ask_for_privacy() {
        for (name, value, expected) in [("sec-gpc", "1", true), ("dnt", "1", true), ("dnt", "0", false)] {
            assert_eq!(visit(Method::GET, "/r/a", &[(name, value)]).is_private, expected);
        }
    }
}
