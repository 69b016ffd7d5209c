//! Link codes: the word that a visitor sees behind `/r/`. Pure.

/// Words that a code may not be: they read as pages of the product or as someone in charge.
const RESERVED: &[&str] = &[
    "account",
    "accounts",
    "admin",
    "api",
    "app",
    "assets",
    "auth",
    "billing",
    "blog",
    "click",
    "clicks",
    "dashboard",
    "docs",
    "favicon",
    "health",
    "help",
    "home",
    "index",
    "join",
    "legal",
    "local",
    "login",
    "logout",
    "null",
    "oauth",
    "openapi",
    "partner",
    "partners",
    "payout",
    "payouts",
    "portal",
    "pricing",
    "privacy",
    "program",
    "programs",
    "ready",
    "robots",
    "root",
    "security",
    "settings",
    "signin",
    "signup",
    "sitemap",
    "static",
    "status",
    "support",
    "system",
    "terms",
    "tributary",
    "undefined",
    "webhook",
    "webhooks",
    "well-known",
    "www",
];

/// Letters and digits that nobody reads for one another: no 0 o, 1 l i, u v, 5 s, 2 z.
const UNAMBIGUOUS: &[u8; 24] = b"abcdefghjkmnpqrtwxy34679";

/// How long a generated code is: 24^9 codes are 2.6 million million.
const GENERATED_LENGTH: usize = 9;

/// A link code: 3 to 64 of a–z, 0–9 and hyphen, in lower case, not a reserved word.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkCode(String);

/// Why a text is not a link code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeFault {
    /// Shorter than 3 or longer than 64.
    #[error("a code has 3 to 64 characters")]
    Length,
    /// Something else than a letter, digit or hyphen.
    #[error("a code is made of the letters a to z, digits and hyphens")]
    Character,
    /// A blank.
    #[error("a code has no blanks; a hyphen stands well for one")]
    Blank,
    /// A letter of another alphabet, which may look like one of ours.
    #[error("`{0}` is no letter from a to z, though it may look like one")]
    Foreign(char),
    /// Begins or ends with a hyphen.
    #[error("a code begins and ends with a letter or a digit")]
    Edge,
    /// A word that the product keeps for itself.
    #[error("this code is reserved")]
    Reserved,
    /// A word that reads like one that the product keeps for itself.
    #[error("this code reads like `{0}`, which is reserved")]
    ReadsReserved(&'static str),
}

impl LinkCode {
    /// Reads a code that somebody chose; capitals are folded.
    ///
    /// # Errors
    /// A wrong length or character, a hyphen at an edge, a reserved word.
    pub fn parse(text: &str) -> Result<Self, CodeFault> {
        if !(3..=64).contains(&text.chars().count()) {
            return Err(CodeFault::Length);
        }
        let code = text.to_ascii_lowercase();
        if code.chars().any(char::is_whitespace) {
            return Err(CodeFault::Blank);
        }
        if let Some(foreign) = code.chars().find(|letter| !letter.is_ascii() && letter.is_alphanumeric()) {
            return Err(CodeFault::Foreign(foreign));
        }
        if !code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
            return Err(CodeFault::Character);
        }
        if code.starts_with('-') || code.ends_with('-') {
            return Err(CodeFault::Edge);
        }
        if RESERVED.binary_search(&code.as_str()).is_ok() {
            return Err(CodeFault::Reserved);
        }
        let looks = as_read(&code);
        if let Some(word) = RESERVED.iter().find(|word| as_read(word) == looks) {
            return Err(CodeFault::ReadsReserved(word));
        }
        Ok(Self(code))
    }

    /// Reads a code that is looked for: one that was given out before a word was reserved is still found.
    #[must_use]
    pub fn sought(text: &str) -> Option<Self> {
        let code = text.to_ascii_lowercase();
        let is_plain = code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        (is_plain && (3..=64).contains(&code.len())).then_some(Self(code))
    }

    /// A fresh code, from random bytes, for a link whose maker chose none.
    #[must_use]
    pub fn generate(mut random: impl FnMut() -> [u8; 16]) -> Self {
        let mut code = String::with_capacity(GENERATED_LENGTH);
        while code.len() < GENERATED_LENGTH {
            // 240 = 10 × 24: bytes above it would make some letters likelier than others.
            let fair = random().into_iter().filter(|byte| *byte < 240).map(|byte| byte % 24);
            let room = GENERATED_LENGTH - code.len();
            code.extend(fair.take(room).map(|digit| char::from(UNAMBIGUOUS[usize::from(digit)])));
        }
        Self(code)
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A code as a hasty reader takes it: without hyphens, digits as the letters that they look like.
fn as_read(code: &str) -> String {
    let letter = |letter: char| match letter {
        '0' => 'o',
        '1' | 'i' => 'l',
        '5' => 's',
        '2' => 'z',
        other => other,
    };
    code.chars().filter(|letter| *letter != '-').map(letter).collect()
}

impl std::fmt::Display for LinkCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_code_is_one_however_it_is_written_and_folding_again_changes_nothing(text in "[a-zA-Z0-9-]{1,66}") {
            let read = LinkCode::parse(&text);
            prop_assert_eq!(&LinkCode::parse(&text.to_ascii_uppercase()), &read);
            prop_assert_eq!(&LinkCode::parse(&text.to_ascii_lowercase()), &read);
            if let Ok(code) = read {
                prop_assert_eq!(LinkCode::parse(code.as_str()), Ok(code.clone()));
                prop_assert_eq!(LinkCode::sought(&text), Some(code.clone()));
                prop_assert!(!code.as_str().bytes().any(|byte| byte.is_ascii_uppercase()));
            }
        }

        #[test]
        fn whatever_is_written_a_code_goes_into_an_address_as_it_is(text in ".{0,70}") {
            if let Ok(code) = LinkCode::parse(&text) {
                let url = url::Url::parse(&format!("https://go.example/r/{code}")).expect("an address");
                prop_assert_eq!(url.path(), format!("/r/{code}"));
            }
        }
    }

    #[test]
    fn reserved_words_are_sorted_for_the_search() {
        assert!(RESERVED.is_sorted());
    }

    #[test]
    fn a_code_is_folded_to_lower_case() {
        assert_eq!(LinkCode::parse("Spring-Sale26").map(|code| code.to_string()), Ok("spring-sale26".to_owned()));
    }

    #[test]
    fn codes_that_mislead_are_refused_with_the_reason() {
        for (text, fault) in [
            ("ab", CodeFault::Length),
            ("", CodeFault::Length),
            ("with space", CodeFault::Blank),
            ("spring\u{a0}sale", CodeFault::Blank),
            ("ünique", CodeFault::Foreign('ü')),
            ("pаypal", CodeFault::Foreign('а')), // a Cyrillic a
            ("spring①", CodeFault::Foreign('①')),
            ("spring🌱", CodeFault::Character),
            ("under_score", CodeFault::Character),
            ("-edge", CodeFault::Edge),
            ("edge-", CodeFault::Edge),
            ("Admin", CodeFault::Reserved),
            ("adm1n", CodeFault::ReadsReserved("admin")),
            ("log-in", CodeFault::ReadsReserved("login")),
            ("SUPP0RT", CodeFault::ReadsReserved("support")),
        ] {
            assert_eq!(LinkCode::parse(text), Err(fault), "{text}");
        }
        assert_eq!(LinkCode::parse(&"a".repeat(65)), Err(CodeFault::Length));
        assert!(LinkCode::parse(&"a".repeat(64)).is_ok());
    }

    #[test]
    fn generated_codes_are_valid_unlike_and_unambiguous() {
        let random = edge::random::bytes::<16>;
        let codes: std::collections::BTreeSet<LinkCode> = (0..500).map(|_| LinkCode::generate(random)).collect();
        assert_eq!(codes.len(), 500);
        for code in &codes {
            assert_eq!(LinkCode::parse(code.as_str()).as_ref(), Ok(code));
            assert!(!code.as_str().contains(['0', 'o', '1', 'l', 'i', 'u', 'v', '5', 's', '2', 'z']));
        }
    }
}
