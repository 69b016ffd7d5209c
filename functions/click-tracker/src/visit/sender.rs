//! Who sends a request, and from where on earth. TRK-3: what a distribution in front says of its viewer is believed only
//! with its secret; else the address is what API Gateway saw, and the country what the registries say of its range.

use std::net::IpAddr;

use edge::viewer::Front;
use http::{HeaderMap, HeaderName, Request};
use lambda_http::request::RequestContext;
use store::clicks::Place;

use super::text;

static VIEWER_COUNTRY: HeaderName = HeaderName::from_static("cloudfront-viewer-country");
static VIEWER_REGION: HeaderName = HeaderName::from_static("cloudfront-viewer-country-region");
static VIEWER_CITY: HeaderName = HeaderName::from_static("cloudfront-viewer-city");

/// What may be believed of a request's sender.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sender {
    /// The address; never kept.
    pub(crate) address: String,
    /// From where.
    pub(crate) place: Place,
}

impl Sender {
    /// Reads it; without a secret of our own no header is believed.
    pub(crate) fn of<B>(request: &Request<B>, front: Option<&Front>) -> Self {
        let headers = request.headers();
        let viewer = front.and_then(|front| front.viewer(headers));
        // Not `X-Forwarded-For`, which anybody can write.
        let address = viewer.map_or_else(|| source_address(request), |viewer| viewer.to_string());
        let place =
            if front.is_some_and(|front| front.sent(headers)) { viewer_place(headers) } else { Place::default() };
        if place.country.is_empty() {
            return Self { place: Place { country: country_of(&address), ..Place::default() }, address };
        }
        Self { address, place }
    }
}

/// The address that API Gateway saw.
fn source_address<B>(request: &Request<B>) -> String {
    match request.extensions().get::<RequestContext>() {
        Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.clone().unwrap_or_default(),
        _ => String::new(),
    }
}

fn viewer_place(headers: &HeaderMap) -> Place {
    let code = |name: &HeaderName, chars_max: usize| {
        let told = text(headers, name, chars_max);
        let is_code = told.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if is_code { told.to_ascii_uppercase() } else { String::new() }
    };
    let country = code(&VIEWER_COUNTRY, 2);
    if country.len() != 2 {
        return Place::default();
    }
    Place { country, region: code(&VIEWER_REGION, 3), city: city(&text(headers, &VIEWER_CITY, 200)) }
}

/// Cities come as Latin-1 or percent-encoded.
fn city(told: &str) -> String {
    let bytes: Vec<u8> = url::form_urlencoded::parse(told.replace('+', "%2B").replace('&', "%26").as_bytes())
        .next()
        .map(|(name, _)| name.into_owned().into_bytes())
        .unwrap_or_default();
    super::clean(&String::from_utf8_lossy(&bytes), 48)
}

fn country_of(address: &str) -> String {
    address.parse::<IpAddr>().ok().and_then(iptocc::country_code).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use edge::secrets::Rotating;
    use edge::telemetry::Secret;

    use super::*;

    const KEY: &str = "the distribution's key";
    const BEFORE: &str = "the one before";

    fn keys(current: &str, previous: &str) -> Front {
        let secret = |text: &str| Secret::new(text.to_owned());
        Front::new(Rotating { current: secret(current), previous: Some(secret(previous)) })
    }

    fn sender(headers: &[(&str, &str)]) -> Sender {
        let mut request = Request::builder().uri("/r/a");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(()).expect("a request");
        let mut context = lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext::default();
        context.http.source_ip = Some("8.8.8.8".to_owned());
        request.extensions_mut().insert(RequestContext::ApiGatewayV2(context));
        Sender::of(&request, Some(&keys(KEY, BEFORE)))
    }

    fn place(country: &str, region: &str, city: &str) -> Place {
        Place { country: country.to_owned(), region: region.to_owned(), city: city.to_owned() }
    }

    #[test]
    fn what_the_distribution_says_is_believed_with_its_secret_only() {
        let viewer = [
            ("cloudfront-viewer-address", "203.0.113.7:46532"),
            ("cloudfront-viewer-country", "DE"),
            ("cloudfront-viewer-country-region", "BE"),
            ("cloudfront-viewer-city", "Berlin"),
            ("x-forwarded-for", "192.0.2.9"),
        ];
        let with = |key: &'static str| sender(&[&viewer[..], &[("x-tributary-edge-key", key)]].concat());
        for key in [KEY, BEFORE] {
            assert_eq!(with(key), Sender { address: "203.0.113.7".to_owned(), place: place("DE", "BE", "Berlin") });
        }
        // TRK-3: anybody can write these headers.
        let seen = Sender { address: "8.8.8.8".to_owned(), place: place("US", "", "") };
        for other in ["", "another", "the distribution's key "] {
            assert_eq!(with(other), seen, "{other:?}");
        }
        assert_eq!(sender(&viewer), seen);
    }

    #[test]
    fn without_a_secret_of_ours_no_secret_of_theirs_is_right() {
        let request = Request::get("/r/a").header("x-tributary-edge-key", "").header("cloudfront-viewer-country", "DE");
        let request = request.body(()).expect("a request");
        for ours in [None, Some(&keys("", ""))] {
            assert_eq!(Sender::of(&request, ours), Sender::default());
        }
    }

    #[test]
    fn a_viewers_headers_that_make_no_sense_are_as_good_as_none() {
        let with = |name: &'static str, value: &'static str| {
            sender(&[("x-tributary-edge-key", KEY), ("cloudfront-viewer-country", "FR"), (name, value)])
        };
        let rows = [
            ("cloudfront-viewer-address", "nonsense", "8.8.8.8", place("FR", "", "")),
            ("cloudfront-viewer-address", "2001:db8::7:46532", "2001:db8::7", place("FR", "", "")),
            ("cloudfront-viewer-address", "[2001:db8::7]:46532", "2001:db8::7", place("FR", "", "")),
            ("cloudfront-viewer-country-region", "<b>", "8.8.8.8", place("FR", "", "")),
            ("cloudfront-viewer-city", "S%C3%A3o Paulo", "8.8.8.8", place("FR", "", "São Paulo")),
            ("cloudfront-viewer-city", "a%0Ab%ff", "8.8.8.8", place("FR", "", "a b\u{fffd}")),
        ];
        for (name, value, address, expected) in rows {
            assert_eq!(with(name, value), Sender { address: address.to_owned(), place: expected }, "{name}: {value}");
        }
    }

    #[test]
    fn a_country_is_found_by_the_range_of_an_address() {
        let rows = [("8.8.8.8", "US"), ("2001:4860:4860::8888", "US"), ("10.0.0.1", ""), ("127.0.0.1", ""), ("", "")];
        for (address, expected) in rows {
            assert_eq!(country_of(address), expected, "{address}");
        }
    }
}
