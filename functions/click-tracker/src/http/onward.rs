//! The address a visitor is sent to: the stored destination, with parameters added and nothing else changed.

use url::Url;

/// The name of the click token at the destination.
const TOKEN: &str = "trb";

/// The destination with what is carried (the destination's own parameters win) and the token (ours wins).
pub(super) fn location(destination: &str, carried: &[(String, String)], token: Option<&str>) -> Option<String> {
    let mut url = Url::parse(destination).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let own: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    if own.iter().any(|(name, _)| name == TOKEN) {
        let others = own.iter().filter(|(name, _)| name != TOKEN);
        url.query_pairs_mut().clear().extend_pairs(others);
    }
    let added = carried.iter().filter(|(name, _)| own.iter().all(|(known, _)| known != name));
    let added: Vec<(&str, &str)> = added.map(|(name, value)| (name.as_str(), value.as_str())).collect();
    if !added.is_empty() {
        url.query_pairs_mut().extend_pairs(added);
    }
    if let Some(token) = token {
        url.query_pairs_mut().append_pair(TOKEN, token);
    }
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_added_and_the_destination_stays() {
        let carried = [("utm_source", "news"), ("sub1", "a&b=c d")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        let cases = [
            ("https://shop.example/", Some("t"), "https://shop.example/?utm_source=news&sub1=a%26b%3Dc+d&trb=t"),
            ("https://shop.example/a?x=1#top", None, "https://shop.example/a?x=1&utm_source=news&sub1=a%26b%3Dc+d#top"),
            (
                "https://shop.example/?utm_source=own",
                Some("t"),
                "https://shop.example/?utm_source=own&sub1=a%26b%3Dc+d&trb=t",
            ),
            (
                "https://shop.example/?trb=old&y=2",
                Some("t"),
                "https://shop.example/?y=2&utm_source=news&sub1=a%26b%3Dc+d&trb=t",
            ),
        ];
        for (destination, token, expected) in cases {
            assert_eq!(location(destination, &carried, token).as_deref(), Some(expected));
        }
        assert_eq!(
            location("https://shop.example/a%2Fb?q=%E2%82%AC", &[], None).as_deref(),
            Some("https://shop.example/a%2Fb?q=%E2%82%AC")
        );
    }

    #[test]
    fn what_is_no_web_address_leads_nowhere() {
        for destination in ["", "javascript:alert(1)", "/relative", "data:text/html,x"] {
            assert_eq!(location(destination, &[], None), None, "{destination}");
        }
    }
}
