//! The beginnings of words by which a partner is found, each as a short piece of a keyed hash: what is personal is searched
//! and not stored. Pure.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::payee::FingerprintKey;

/// The shortest beginning that finds anything.
pub const BEGINNING_CHARS_MIN: usize = 2;
/// The longest beginning that is kept; what is asked for beyond it is not looked at.
const BEGINNING_CHARS_MAX: usize = 24;
/// The most words of a partner, and of a question.
const WORDS_MAX: usize = 8;
/// Thirty bits: of ten thousand partners with forty beginnings each, one in some thousands of questions finds one too many.
const PIECE_CHARS: usize = 5;

/// The beginnings of a partner's words, as they are stored.
#[must_use]
pub fn beginnings_of<'a>(key: &FingerprintKey, texts: impl Iterator<Item = &'a str>) -> String {
    let mut pieces = BTreeSet::new();
    for word in texts.flat_map(words_of) {
        let chars: Vec<char> = word.chars().take(BEGINNING_CHARS_MAX).collect();
        for length in BEGINNING_CHARS_MIN..=chars.len() {
            pieces.insert(piece(key, &chars[..length].iter().collect::<String>()));
        }
    }
    pieces.into_iter().collect()
}

/// What is asked for, ready to be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sought(Vec<String>);

impl Sought {
    /// The words of a question; `None` where one of them is too short to find anything, or there is none.
    #[must_use]
    pub fn of(key: &FingerprintKey, question: &str) -> Option<Self> {
        let words = words_of(question);
        let is_fine = !words.is_empty() && words.iter().all(|word| word.chars().count() >= BEGINNING_CHARS_MIN);
        let cut = |word: &String| word.chars().take(BEGINNING_CHARS_MAX).collect::<String>();
        is_fine.then(|| Self(words.iter().map(|word| piece(key, &cut(word))).collect()))
    }

    /// Does each word of the question begin one of the words whose beginnings are stored?
    #[must_use]
    pub fn is_in(&self, stored: &str) -> bool {
        let stored: BTreeSet<&[u8]> = stored.as_bytes().chunks(PIECE_CHARS).collect();
        self.0.iter().all(|piece| stored.contains(piece.as_bytes()))
    }
}

/// Lower-case, at blanks; an address is one word, and what stands behind its `@` another.
fn words_of(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let mut words: Vec<String> = Vec::new();
    for word in lower.split(|c: char| c.is_whitespace() || c == ',' || c == '"') {
        words.push(word.to_owned());
        if let Some((_, domain)) = word.split_once('@') {
            words.push(domain.to_owned());
        }
    }
    words.retain(|word| !word.is_empty());
    words.truncate(WORDS_MAX);
    words
}

fn piece(key: &FingerprintKey, beginning: &str) -> String {
    let digest = key.of_beginning(beginning);
    let mut text = URL_SAFE_NO_PAD.encode(&digest.as_bytes()[..4]);
    text.truncate(PIECE_CHARS);
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(byte: u8) -> FingerprintKey {
        FingerprintKey::from_bytes(&[byte; 32])
    }

    fn finds(question: &str) -> bool {
        let stored = beginnings_of(&key(1), ["Ada Lovelace", "Ada.L@mail.example", "Engines"].into_iter());
        Sought::of(&key(1), question).is_some_and(|sought| sought.is_in(&stored))
    }

    #[test]
    fn a_partner_is_found_by_the_beginning_of_each_word_and_by_nothing_else() {
        for question in ["ad", "ADA", "love", "lovelace ada", "ada.l@mail", "mail.ex", "eng ada", "ada.l@mail.example"]
        {
            assert!(finds(question), "{question}");
        }
        for question in ["lace", "adam", "ada bob", "a", "", "  ", "ada.l@other"] {
            assert!(!finds(question), "{question}");
        }
    }

    #[test]
    fn what_is_stored_says_nothing_without_the_key() {
        let stored = beginnings_of(&key(1), std::iter::once("Ada"));
        assert_eq!(stored.len(), 2 * PIECE_CHARS);
        assert!(!Sought::of(&key(2), "ada").expect("a word").is_in(&stored));
    }

    proptest! {
        #[test]
        fn every_beginning_of_every_word_is_found(words in proptest::collection::vec("[a-z]{2,30}", 1..5), cut in 2_usize..30) {
            let stored = beginnings_of(&key(3), std::iter::once(words.join(" ").as_str()));
            for word in &words {
                let beginning: String = word.chars().take(cut).collect();
                prop_assert!(Sought::of(&key(3), &beginning).expect("a word").is_in(&stored));
            }
        }
    }
}
