//! TRK-3: families of browsers, systems and devices, by what a stored user agent says. Few and coarse: they are for
//! counting, and an update of a browser makes no new family.

/// The browser's family.
#[must_use]
pub fn browser_of(user_agent: &str) -> &'static str {
    // Each names those that it claims to be like, so the particular ones come first.
    const FAMILIES: [(&str, &str); 12] = [
        ("Edg", "edge"),
        ("OPR/", "opera"),
        ("Opera", "opera"),
        ("SamsungBrowser/", "samsung"),
        ("Firefox/", "firefox"),
        ("FxiOS/", "firefox"),
        ("CriOS/", "chrome"),
        ("Chromium/", "chrome"),
        ("Chrome/", "chrome"),
        ("Safari/", "safari"),
        ("Trident/", "internet_explorer"),
        ("MSIE ", "internet_explorer"),
    ];
    first(&FAMILIES, user_agent)
}

/// The system's family.
#[must_use]
pub fn system_of(user_agent: &str) -> &'static str {
    const FAMILIES: [(&str, &str); 9] = [
        ("Android", "android"),
        ("iPhone", "ios"),
        ("iPad", "ios"),
        ("iPod", "ios"),
        ("iOS", "ios"),
        ("Windows", "windows"),
        ("Mac OS X", "macos"),
        ("CrOS", "chromeos"),
        ("Linux", "linux"),
    ];
    first(&FAMILIES, user_agent)
}

/// What kind of device it is.
#[must_use]
pub fn device_of(user_agent: &str) -> &'static str {
    const FAMILIES: [(&str, &str); 9] = [
        ("iPad", "tablet"),
        ("Tablet", "tablet"),
        ("iPhone", "phone"),
        ("Mobile", "phone"),
        // Android without `Mobile` is a tablet, by Android's own word.
        ("Android", "tablet"),
        ("Windows", "desktop"),
        ("Macintosh", "desktop"),
        ("CrOS", "desktop"),
        ("Linux", "desktop"),
    ];
    first(&FAMILIES, user_agent)
}

fn first(families: &[(&str, &'static str)], user_agent: &str) -> &'static str {
    families.iter().find(|(sign, _)| user_agent.contains(sign)).map_or("other", |(_, family)| family)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_read_from_what_browsers_say() {
        let rows = [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "firefox linux desktop"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
                "chrome windows desktop",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
                "edge windows desktop",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
                "safari macos desktop",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0 Mobile/15E148 Safari/604.1",
                "chrome ios phone",
            ),
            (
                "Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
                "safari ios tablet",
            ),
            (
                "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
                "chrome android phone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; SM-X910) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Safari/537.36",
                "samsung android tablet",
            ),
            ("Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "firefox android phone"),
            (
                "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
                "chrome chromeos desktop",
            ),
            ("Opera/9.80 (Windows NT 6.1) Presto/2.12.388 Version/12.18", "opera windows desktop"),
            (
                "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
                "internet_explorer windows desktop",
            ),
            ("curl/8.7.1", "other other other"),
            ("", "other other other"),
        ];
        for (user_agent, expected) in rows {
            let found = format!("{} {} {}", browser_of(user_agent), system_of(user_agent), device_of(user_agent));
            assert_eq!(found, expected, "{user_agent}");
        }
    }
}
