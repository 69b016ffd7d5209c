use http::{HeaderValue, Method};

use super::*;

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

fn visit(uri: &str, headers: &[(&str, &str)]) -> Visit {
    let mut request = Request::builder().method(Method::GET).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Visit::of(&request.body(()).expect("a request"), None)
}

#[test]
fn only_known_parameters_are_carried_and_the_first_of_each() {
    let query = "/r/a?utm_source=news&utm_source=x&sub1=a%26b&to=https%3A%2F%2Fevil.example&sub9=9&sub2=&trb=t";
    let expected = [("utm_source", "news"), ("sub1", "a&b")].map(|(n, v)| (n.to_owned(), v.to_owned()));
    assert_eq!(visit(query, &[]).carried, expected);
    let long = format!("/r/a?sub1={}", "x".repeat(CARRIED_BYTES_MAX + 1));
    assert_eq!(visit(&long, &[]).carried, []);
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
        assert_eq!(visit(uri, &[]).paid_traffic, expected, "{uri}");
    }
}

#[test]
fn of_the_referrer_only_the_host_is_read() {
    let referrer = |value| visit("/r/a", &[("referer", value)]).referrer_host;
    assert_eq!(referrer("https://blog.example/post?token=secret"), "blog.example");
    assert_eq!(referrer("android-app://org.example.mail"), "org.example.mail");
    assert_eq!(referrer("nonsense"), "");
}

#[test]
fn gpc_and_dnt_ask_for_privacy() {
    for (name, value, expected) in [("sec-gpc", "1", true), ("dnt", "1", true), ("dnt", "0", false)] {
        assert_eq!(visit("/r/a", &[(name, value)]).is_private, expected);
    }
}

#[test]
fn what_a_page_says_of_its_visit_is_read_in_place_of_the_request() {
    let request = Request::post("/v1/clicks?utm_source=not-this").header("user-agent", FIREFOX);
    let request = request.header("referer", "https://shop.example/").body(()).expect("a request");
    let page =
        Page { query: "via=casey&utm_source=news&gclid=1", referrer: "https://blog.example/a", is_driven: false };
    let told = Visit::at(&request, None, page);
    assert_eq!(told.carried, [("utm_source".to_owned(), "news".to_owned())]);
    assert_eq!((told.referrer_host.as_str(), told.paid_traffic, told.bot), ("blog.example", Some("gclid"), None));
    let driven = Visit::at(&request, None, Page { is_driven: true, ..page });
    assert_eq!(driven.bot, Some(Bot::Driven));
}

#[test]
fn eight_kilobytes_invalid_utf_8_and_control_characters_are_cut_and_cleaned() {
    let with = |name: HeaderName, value: &[u8]| {
        let mut request = Request::get("/r/a?sub1=a%00b%1b%5b31mc&utm_source=%ff%fe").body(()).expect("a request");
        let value = HeaderValue::from_bytes(value).expect("a value that HTTP allows");
        request.headers_mut().insert(USER_AGENT, HeaderValue::from_static(FIREFOX));
        request.headers_mut().insert(name, value);
        Visit::of(&request, None)
    };
    let long = "ü".repeat(4096);
    let seen = with(USER_AGENT, long.as_bytes());
    assert_eq!(seen.user_agent, "ü".repeat(128));
    let seen = with(USER_AGENT, b"Mozilla/5.0\tGecko \xff\xfe Firefox");
    assert_eq!(seen.user_agent, "Mozilla/5.0 Gecko \u{fffd}\u{fffd} Firefox");
    assert_eq!(with(ACCEPT_LANGUAGE, long.as_bytes()).language.len(), HEADER_BYTES_MAX);
    assert_eq!(with(REFERER, long.as_bytes()).referrer_host, "");
    assert_eq!(with(PLATFORM.clone(), &[0xff; 8192]).platform.len(), 63);
    let carried: Vec<String> = seen.carried.into_iter().map(|(_, value)| value).collect();
    assert_eq!(carried, ["a b [31mc", "\u{fffd}\u{fffd}"]);
}
