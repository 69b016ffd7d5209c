//! Hosts of web pages, as people name them and as browsers tell them.

/// The longest that a name may be.
const CHARS_MAX: usize = 253;

/// A host's name as it is compared: lower case, without a dot at its end; `None` when it is none. An address in numbers
/// is one too; a port, a path or a star is not.
#[must_use]
pub fn normal(text: &str) -> Option<String> {
    let host = text.trim().trim_end_matches('.').to_ascii_lowercase();
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    (host.len() <= CHARS_MAX && host.split('.').all(is_label)).then_some(host)
}

/// TRK-6: may a page on this host tell of clicks? Each name allows itself and what is below it. Both in normal form.
#[must_use]
pub fn allows(allowed: &[String], host: &str) -> bool {
    allowed.iter().any(|name| {
        host == name || host.strip_suffix(name.as_str()).is_some_and(|before| before.ends_with('.') && before.len() > 1)
    })
}

/// TRK-6: may a page on this host tell us anything? Where a programme names hosts, a page on one of them; where it names
/// none, a page on the host that its own link leads to, and for what no link has told, none. Both in normal form.
#[must_use]
pub fn may_tell(named: &[String], own: Option<String>, host: &str) -> bool {
    if named.is_empty() { own.is_some_and(|own| allows(&[own], host)) } else { allows(named, host) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_named_without_scheme_port_path_or_star() {
        let rows = [
            (" Shop.Example. ", Some("shop.example")),
            ("localhost", Some("localhost")),
            ("127.0.0.1", Some("127.0.0.1")),
            ("xn--bcher-kva.example", Some("xn--bcher-kva.example")),
            ("https://shop.example", None),
            ("shop.example:8080", None),
            ("shop.example/a", None),
            ("*.shop.example", None),
            ("-a.example", None),
            ("a..example", None),
            ("bücher.example", None),
            ("", None),
        ];
        for (text, expected) in rows {
            assert_eq!(normal(text).as_deref(), expected, "{text:?}");
        }
        assert_eq!(normal(&format!("{}.example", "a.".repeat(130))), None);
    }

    #[test]
    fn a_name_allows_itself_and_what_is_below_it_and_nothing_that_only_looks_like_it() {
        let allowed = ["shop.example".to_owned()];
        let rows = [
            ("shop.example", true),
            ("www.shop.example", true),
            ("a.b.shop.example", true),
            ("evilshop.example", false),
            (".shop.example", false),
            ("shop.example.evil", false),
            ("example", false),
            ("", false),
        ];
        for (host, expected) in rows {
            assert_eq!(allows(&allowed, host), expected, "{host}");
        }
        assert!(!allows(&[], "shop.example"));
    }

    #[test]
    fn a_programme_that_names_no_hosts_lets_the_destinations_pages_tell_and_no_others() {
        let (shop, other) = ("shop.example", "other.example");
        let named = |name: &str| vec![name.to_owned()];
        let own = || Some(other.to_owned());
        for (named, own, host, expected) in [
            (named(shop), None, shop, true),
            (named(shop), own(), other, false),
            (Vec::new(), own(), "www.other.example", true),
            (Vec::new(), own(), shop, false),
            (Vec::new(), None, shop, false),
        ] {
            assert_eq!(may_tell(&named, own.clone(), host), expected, "{named:?} {own:?} {host}");
        }
    }
}
