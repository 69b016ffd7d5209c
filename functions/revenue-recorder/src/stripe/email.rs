//! The digest of an e-mail address, by which a lead and a customer are known to be one person.

use domain::digest::Digest;
use url::Host;

/// The digest of the normalised address; none for what is no address.
pub(super) fn digest(address: &str) -> Option<Digest> {
    normalise(address).map(|normal| Digest::of(&[b"email", normal.as_bytes()]))
}

/// Trimmed, lower-case, the domain in IDNA's ASCII, without `+tag`; dots are dropped for gmail alone, which ignores
/// them: elsewhere they tell two people apart.
fn normalise(address: &str) -> Option<String> {
    let (local, domain) = address.trim().rsplit_once('@')?;
    let Ok(Host::Domain(domain)) = Host::parse(domain) else { return None };
    let local = local.to_lowercase();
    let local = local.split('+').next().filter(|local| !local.is_empty())?;
    if matches!(domain.as_str(), "gmail.com" | "googlemail.com") {
        return Some(format!("{}@gmail.com", local.replace('.', "")));
    }
    Some(format!("{local}@{domain}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spellings_of_one_address_are_one() {
        let cases = [
            (" Casey@Customer.EXAMPLE ", Some("casey@customer.example")),
            ("casey+shop@customer.example", Some("casey@customer.example")),
            ("ca.sey@customer.example", Some("ca.sey@customer.example")),
            ("ca.s.ey+x@gmail.com", Some("casey@gmail.com")),
            ("casey@googlemail.com", Some("casey@gmail.com")),
            ("casey@bücher.example", Some("casey@xn--bcher-kva.example")),
            ("nobody", None),
            ("@customer.example", None),
            ("+tag@customer.example", None),
            ("casey@", None),
        ];
        for (address, expected) in cases {
            assert_eq!(normalise(address).as_deref(), expected, "{address}");
        }
        assert_eq!(digest("Casey@customer.example"), digest("casey+1@customer.example"));
        assert_ne!(digest("casey@customer.example"), digest("kim@customer.example"));
    }
}
