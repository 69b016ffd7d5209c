//! Names and memos in the capitals of ASCII that banks' files are written in.
//!
//! The mapping is defined, not guessed: a letter of the Latin script loses its marks (`É` is `E`, `Ł` is `L`), a
//! ligature is its two letters (`Æ` is `AE`, `ß` is `SS`), typographic quotes, dashes and blanks are the plain ones,
//! small letters become capitals, and several blanks are one. What is left is printable ASCII, or the text is refused
//! with the character that has no place: a name in another script has no spelling here that its bank would know.

use icu_normalizer::DecomposingNormalizerBorrowed;
use thiserror::Error;

/// Letters that Unicode does not take apart, and signs with a plain form.
const PLAIN: [(&str, &str); 24] = [
    ("ß", "SS"),
    ("ẞ", "SS"),
    ("æÆ", "AE"),
    ("œŒ", "OE"),
    ("øØ", "O"),
    ("đĐðÐ", "D"),
    ("þÞ", "TH"),
    ("łŁ", "L"),
    ("ħĦ", "H"),
    ("ŧŦ", "T"),
    ("ŋŊ", "NG"),
    ("ıȷ", "I"),
    ("ĸ", "K"),
    ("ĳĲ", "IJ"),
    ("ŀĿ", "L"),
    ("ª", "A"),
    ("º°", "O"),
    ("‘’ʼ‛′`´", "'"),
    ("“”„‟″«»", "\""),
    ("‐‑‒–—―−", "-"),
    ("…", "..."),
    ("·•", "."),
    ("ſ", "S"),
    ("\u{a0}\u{2007}\u{2009}\u{200a}\u{202f}\u{3000}", " "),
];

/// Why a text has no place in a bank's file.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum NotPlain {
    /// Nothing is left of it.
    #[error("is empty")]
    Empty,
    /// A character without a form in ASCII.
    #[error("has {0:?}, which a bank's file cannot carry; it has to be written in Latin letters, as the bank has it")]
    Character(char),
}

/// The text in capitals of ASCII.
///
/// # Errors
/// A character without a plain form, or nothing to write.
pub fn plain(text: &str) -> Result<String, NotPlain> {
    let mut written = String::with_capacity(text.len());
    for found in text.chars() {
        append(found, &mut written)?;
    }
    let words: Vec<&str> = written.split(' ').filter(|word| !word.is_empty()).collect();
    if words.is_empty() { Err(NotPlain::Empty) } else { Ok(words.join(" ")) }
}

/// The first `width` characters of a plain text, as names are cut where a field is narrower than they are.
#[must_use]
pub fn cut(plain: &str, width: usize) -> &str {
    plain.get(..width).unwrap_or(plain).trim_end()
}

fn append(found: char, written: &mut String) -> Result<(), NotPlain> {
    if found == ' ' || found.is_ascii_graphic() {
        // The grave aside, ASCII is plain already.
        written.push(if found == '`' { '\'' } else { found.to_ascii_uppercase() });
        return Ok(());
    }
    if let Some((_, plain)) = PLAIN.iter().find(|(from, _)| from.contains(found)) {
        written.push_str(plain);
        return Ok(());
    }
    let mut buffer = [0; 4];
    for part in DecomposingNormalizerBorrowed::new_nfd().normalize(found.encode_utf8(&mut buffer)).chars() {
        match part {
            // A mark above or below a letter; a text may bring it by itself.
            '\u{300}'..='\u{36f}' => {}
            _ if part.is_ascii_graphic() => written.push(part.to_ascii_uppercase()),
            _ => match PLAIN.iter().find(|(from, _)| from.contains(part)) {
                // Letters such as the o with stroke and acute.
                Some((_, plain)) => written.push_str(plain),
                None => return Err(NotPlain::Character(found)),
            },
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_the_latin_script_are_written_in_capitals_without_marks() {
        let table = [
            ("Jane Doe", "JANE DOE"),
            ("  Jane \u{a0} Doe ", "JANE DOE"),
            ("José Ángel Núñez", "JOSE ANGEL NUNEZ"),
            ("Jürgen Groß", "JURGEN GROSS"),
            ("Ju\u{308}rgen", "JURGEN"),
            ("Søren Kjær Ørsted", "SOREN KJAER ORSTED"),
            ("Łukasz Żółć", "LUKASZ ZOLC"),
            ("Þórður Eiðsson", "THORDUR EIDSSON"),
            ("Nguyễn Thị Bích", "NGUYEN THI BICH"),
            ("Çağlar Şimşek Işık", "CAGLAR SIMSEK ISIK"),
            ("O’Brien–Smith & Sons, Inc.", "O'BRIEN-SMITH & SONS, INC."),
            ("Œuvres “Réunies”", "OEUVRES \"REUNIES\""),
            ("Mª José Ǿ", "MA JOSE O"),
        ];
        for (text, expected) in table {
            assert_eq!(plain(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_name_in_another_script_is_refused_by_its_character() {
        let table = [
            ("Иван", NotPlain::Character('И')),
            ("山田", NotPlain::Character('山')),
            ("한", NotPlain::Character('한')),
            ("Ada 💰", NotPlain::Character('💰')),
            ("a\tb", NotPlain::Character('\t')),
            ("a\nb", NotPlain::Character('\n')),
            ("a\u{0}b", NotPlain::Character('\u{0}')),
            ("a\u{202e}b", NotPlain::Character('\u{202e}')),
            ("", NotPlain::Empty),
            ("  ", NotPlain::Empty),
            ("\u{301}", NotPlain::Empty),
        ];
        for (text, expected) in table {
            assert_eq!(plain(text), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn what_is_wider_than_its_field_is_cut_at_the_field() {
        assert_eq!(cut("JOHN JACOB JINGLEHEIMER SCHMIDT", 22), "JOHN JACOB JINGLEHEIME");
        assert_eq!(cut("JANE DOE", 22), "JANE DOE");
        assert_eq!(cut("JANE DOE", 5), "JANE");
    }

    proptest! {
        #[test]
        fn what_comes_out_is_printable_ascii_and_stays_as_it_is(text in ".{0,40}") {
            if let Ok(once) = plain(&text) {
                prop_assert!(once.bytes().all(|byte| (b' '..=b'~').contains(&byte) && !byte.is_ascii_lowercase()));
                prop_assert_eq!(plain(&once), Ok(once.clone()));
            }
        }

        #[test]
        fn every_letter_of_the_latin_blocks_is_written(found in prop::char::ranges(vec!['À'..='Ö', 'Ø'..='ö', 'ø'..='ň', 'Ŋ'..='ž'].into())) {
            let written = plain(&found.to_string());
            prop_assert!(written.is_ok_and(|text| text.bytes().all(|byte| byte.is_ascii_uppercase())));
        }
    }
}
