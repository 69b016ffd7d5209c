//! TRK-5: a device as far as a server can tell, on purpose by few traits: browser family, platform, language and
//! network. It changes with each UTC day's salt, as a visitor does.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::salt::hashed;
use super::{DaySalt, VisitorHash, agent};

/// A device on one day: eight bytes of a keyed hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceHash(VisitorHash);

impl DeviceHash {
    /// Sixteen hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        VisitorHash::parse(text).map(Self)
    }
}

impl std::fmt::Display for DeviceHash {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(out)
    }
}

/// What a request says about the device that sends it.
#[derive(Clone, Copy)]
pub struct DeviceHints<'a> {
    /// The user agent.
    pub user_agent: &'a str,
    /// `Sec-CH-UA-Platform`, empty when the browser does not say.
    pub platform: &'a str,
    /// `Accept-Language`.
    pub language: &'a str,
    /// The IP address, as text; only its network counts.
    pub address: &'a str,
}

impl DaySalt {
    /// The device behind a request; `None` when the request says nothing of it.
    #[must_use]
    pub fn device(&self, hints: DeviceHints<'_>) -> Option<DeviceHash> {
        let network = network_of(hints.address)?;
        if hints.user_agent.is_empty() {
            return None;
        }
        let traits = [agent::browser_of(hints.user_agent), platform_of(hints), language_of(hints.language), &network];
        Some(DeviceHash(hashed(&self.device, &traits)))
    }
}

/// The system, by the browser's hint where it gives one.
fn platform_of(hints: DeviceHints<'_>) -> &'static str {
    // The hint of a Mac is `"macOS"`, its user agent's word is another.
    let said = if hints.platform.contains("mac") { "Mac OS X" } else { hints.platform };
    agent::system_of(if said.is_empty() { hints.user_agent } else { said })
}

/// The first language asked for, as `de-AT`.
fn language_of(header: &str) -> &str {
    header.split([',', ';']).next().unwrap_or_default().trim()
}

/// The /24 or /48 that an address is in.
fn network_of(address: &str) -> Option<String> {
    Some(match address.parse::<IpAddr>().ok()? {
        IpAddr::V4(address) => v4_network(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => v4_network(address),
            None => v6_network(address),
        },
    })
}

fn v4_network(address: Ipv4Addr) -> String {
    let [a, b, c, _] = address.octets();
    format!("{a}.{b}.{c}.0/24")
}

fn v6_network(address: Ipv6Addr) -> String {
    let [a, b, c, ..] = address.segments();
    format!("{a:x}:{b:x}:{c:x}::/48")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0.0.0 Safari/537.36";

    fn hints(user_agent: &'static str, address: &'static str) -> DeviceHints<'static> {
        DeviceHints { user_agent, platform: "", language: "de-AT,de;q=0.9", address }
    }

    #[test]
    fn a_device_is_the_same_through_updates_and_within_its_network_for_one_day() {
        let salt = DaySalt::from_bytes([1; 32]);
        let here = salt.device(hints(CHROME, "203.0.113.7"));
        assert!(here.is_some());
        let same = [
            hints("Mozilla/5.0 (Windows NT 11.0) Chrome/142.0.1.2 Safari/537.36", "203.0.113.99"),
            hints(CHROME, "::ffff:203.0.113.8"),
            DeviceHints { platform: "\"Windows\"", ..hints(CHROME, "203.0.113.7") },
        ];
        for hints in same {
            assert_eq!(salt.device(hints), here, "{}", hints.address);
        }
        let other = [
            hints("Mozilla/5.0 (Windows NT 10.0) Gecko Firefox/140.0", "203.0.113.7"),
            hints("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Chrome/141.0 Safari/537.36", "203.0.113.7"),
            hints(CHROME, "203.0.114.7"),
            DeviceHints { language: "en-GB", ..hints(CHROME, "203.0.113.7") },
        ];
        for hints in other {
            assert_ne!(salt.device(hints), here, "{}", hints.address);
        }
        assert_ne!(DaySalt::from_bytes([2; 32]).device(hints(CHROME, "203.0.113.7")), here);
    }

    #[test]
    fn without_a_user_agent_or_an_address_there_is_no_device() {
        let salt = DaySalt::from_bytes([1; 32]);
        assert_eq!(salt.device(hints("", "203.0.113.7")), None);
        assert_eq!(salt.device(hints(CHROME, "")), None);
    }

    #[test]
    fn of_an_address_only_its_network_counts() {
        let rows = [
            ("203.0.113.7", Some("203.0.113.0/24")),
            ("2001:db8:1:2:3::4", Some("2001:db8:1::/48")),
            ("::ffff:203.0.113.7", Some("203.0.113.0/24")),
            ("nowhere", None),
        ];
        for (address, network) in rows {
            assert_eq!(network_of(address).as_deref(), network, "{address}");
        }
    }
}
