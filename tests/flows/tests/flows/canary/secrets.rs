//! Secrets that can be found again, however they are written.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::api::Answer;

/// Shorter ones stand somewhere by chance.
const CHARS_MIN: usize = 9;

/// The secrets, and everything that the product answered.
#[derive(Default)]
pub(super) struct Canaries {
    secrets: BTreeMap<&'static str, String>,
    /// What was answered, and what is shown in it on purpose.
    answers: Vec<(String, Vec<&'static str>)>,
}

impl Canaries {
    pub(super) fn is(&mut self, name: &'static str, secret: &str) {
        assert!(secret.len() >= CHARS_MIN, "{name} is too short to be found by");
        self.secrets.insert(name, secret.to_owned());
    }

    /// Keeps an answer, and the names of what it shows on purpose.
    pub(super) fn told(&mut self, answer: &Answer, shown: &[&'static str]) {
        self.answers.push((format!("{} {:?}", answer.text, answer.headers), shown.to_vec()));
    }

    /// Keeps what a command said.
    pub(super) fn said(&mut self, text: &str) {
        self.answers.push((text.to_owned(), Vec::new()));
    }

    /// Each secret that a text has in it, as it is or as some encoding writes it.
    pub(super) fn found_in(&self, text: &str) -> Vec<&'static str> {
        let has = |secret: &str| spellings(secret).iter().any(|spelled| text.contains(spelled));
        self.secrets.iter().filter(|(_, secret)| has(secret)).map(|(name, _)| *name).collect()
    }

    /// Each secret in an answer that does not show it on purpose.
    pub(super) fn told_again(&self) -> Vec<String> {
        let of_one = |(text, shown): &(String, Vec<&'static str>)| {
            let found = self.found_in(text).into_iter().filter(|name| !shown.contains(name));
            found.map(|name| format!("{name} in the answer {text}")).collect::<Vec<_>>()
        };
        self.answers.iter().flat_map(of_one).collect()
    }
}

/// A secret as plain text, hex, and base64 wherever in a text it begins.
fn spellings(secret: &str) -> Vec<String> {
    let mut spelled = vec![secret.to_owned(), hex::encode(secret)];
    for before in 0..3 {
        let padded = [vec![0; before], secret.as_bytes().to_vec()].concat();
        // The letters at the ends hang on what stands beside it.
        let (from, cut) = (if before == 0 { 0 } else { 4 }, if padded.len() % 3 == 0 { 0 } else { 2 });
        for encoded in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            spelled.push(encoded.get(from..encoded.len() - cut).unwrap_or_default().to_owned());
        }
    }
    spelled
}

#[test]
fn a_secret_is_found_however_it_is_written() {
    let mut canaries = Canaries::default();
    canaries.is("one", "a-secret-of-some-length");
    for before in ["", "x", "xy", "xyz"] {
        let text = format!("{before}a-secret-of-some-length and more");
        for written in [text.clone(), hex::encode(&text), STANDARD_NO_PAD.encode(&text), URL_SAFE_NO_PAD.encode(&text)]
        {
            assert_eq!(canaries.found_in(&format!("<{written}>")), ["one"], "{before:?}");
        }
    }
    assert!(canaries.found_in("a-secret of-some-length").is_empty());
}
