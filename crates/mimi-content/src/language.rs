//! The languages of a part, section 4.4: nothing, or language tags of RFC 5646 with commas between them.
//!
//! Tags have to be well-formed (RFC 5646 section 2.2.9: the grammar of section 2.1, with the grandfathered tags);
//! whether a subtag is registered is not asked, as section 9.1 counts unknown tags as legitimate. White space around the commas is refused:
//! neither document lets it stand there.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

/// A list of language tags, possibly empty, as it was written.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub struct Language(String);

/// A language list that cannot be written so.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[error("offset {offset}: no well-formed language tag (RFC 5646 section 2.1)")]
pub struct LanguageError {
    offset: usize,
}

impl LanguageError {
    /// Where the tag starts that is not well-formed.
    pub const fn offset(&self) -> usize {
        self.offset
    }
}

impl Language {
    /// No language.
    pub const NONE: Self = Self(String::new());

    /// Takes a list.
    ///
    /// # Errors
    /// At the first tag that is not well-formed.
    pub fn new(list: impl Into<String>) -> Result<Self, LanguageError> {
        let list = list.into();
        check(&list)?;
        Ok(Self(list))
    }

    pub(crate) fn from_checked(list: &str) -> Self {
        Self(list.into())
    }

    /// The list as it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether no language is named.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tags in order.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.0.split(',').filter(|tag| !tag.is_empty())
    }
}

impl FromStr for Language {
    type Err = LanguageError;

    fn from_str(list: &str) -> Result<Self, Self::Err> {
        Self::new(list)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub(crate) fn check(list: &str) -> Result<(), LanguageError> {
    if list.is_empty() {
        return Ok(());
    }
    let mut offset = 0;
    for tag in list.split(',') {
        if !well_formed(tag) {
            return Err(LanguageError { offset });
        }
        offset += tag.len() + 1;
    }
    Ok(())
}

/// The irregular grandfathered tags; the regular ones follow the grammar anyway.
const IRREGULAR: [&str; 17] = [
    "en-GB-oed",
    "i-ami",
    "i-bnn",
    "i-default",
    "i-enochian",
    "i-hak",
    "i-klingon",
    "i-lux",
    "i-mingo",
    "i-navajo",
    "i-pwn",
    "i-tao",
    "i-tay",
    "i-tsu",
    "sgn-BE-FR",
    "sgn-BE-NL",
    "sgn-CH-DE",
];

/// The regular grandfathered tags with subtags that the grammar has no place for.
const REGULAR: [&str; 9] =
    ["art-lojban", "cel-gaulish", "no-bok", "no-nyn", "zh-guoyu", "zh-hakka", "zh-min", "zh-min-nan", "zh-xiang"];

/// RFC 5646 section 2.1.
fn well_formed(tag: &str) -> bool {
    let mut subtags = tag.split('-').peekable();
    let Some(first) = subtags.next() else {
        return false;
    };
    let grandfathered = || IRREGULAR.iter().chain(&REGULAR).any(|known| known.eq_ignore_ascii_case(tag));
    if first.eq_ignore_ascii_case("x") {
        return private_use(subtags);
    }
    if !alphabetic(first, 2, 8) {
        return grandfathered();
    }
    if first.len() <= 3 {
        let mut extended = 0;
        while extended < 3 && subtags.next_if(|s| alphabetic(s, 3, 3)).is_some() {
            extended += 1;
        }
    }
    let _script = subtags.next_if(|s| alphabetic(s, 4, 4));
    let _region = subtags.next_if(|s| alphabetic(s, 2, 2) || (s.len() == 3 && s.bytes().all(|b| b.is_ascii_digit())));
    while subtags.next_if(|s| variant(s)).is_some() {}
    while subtags.next_if(|s| alphanumeric(s, 1, 1) && !s.eq_ignore_ascii_case("x")).is_some() {
        let mut extension = 0;
        while subtags.next_if(|s| alphanumeric(s, 2, 8)).is_some() {
            extension += 1;
        }
        if extension == 0 {
            return false;
        }
    }
    match subtags.next() {
        None => true,
        Some(x) if x.eq_ignore_ascii_case("x") => private_use(subtags),
        Some(_) => grandfathered(),
    }
}

fn private_use<'a>(subtags: impl Iterator<Item = &'a str>) -> bool {
    let mut any = false;
    for subtag in subtags {
        if !alphanumeric(subtag, 1, 8) {
            return false;
        }
        any = true;
    }
    any
}

fn variant(subtag: &str) -> bool {
    alphanumeric(subtag, 5, 8) || (alphanumeric(subtag, 4, 4) && subtag.starts_with(|c: char| c.is_ascii_digit()))
}

fn alphabetic(subtag: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&subtag.len()) && subtag.bytes().all(|b| b.is_ascii_alphabetic())
}

fn alphanumeric(subtag: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&subtag.len()) && subtag.bytes().all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_5646_appendix_a_are_well_formed() {
        // req: MC08-4.4-07
        for tag in [
            "de",
            "fr",
            "ja",
            "i-enochian",
            "zh-Hant",
            "zh-Hans",
            "sr-Cyrl",
            "sr-Latn",
            "zh-cmn-Hans-CN",
            "cmn-Hans-CN",
            "zh-yue-HK",
            "yue-HK",
            "zh-Hans-CN",
            "sr-Latn-RS",
            "sl-rozaj",
            "sl-rozaj-biske",
            "sl-nedis",
            "de-CH-1901",
            "sl-IT-nedis",
            "hy-Latn-IT-arevela",
            "de-DE",
            "en-US",
            "es-419",
            "de-CH-x-phonebk",
            "az-Arab-x-AZE-derbend",
            "x-whatever",
            "qaa-Qaaa-QM-x-southern",
            "de-Qaaa",
            "sr-Latn-QM",
            "sr-Qaaa-RS",
            "en-US-u-islamcal",
            "zh-CN-a-myext-x-private",
            "en-a-myext-b-another",
            "ar-a-aaa-b-bbb-a-ccc",
            "zh-min-nan",
            "EN-gb-OED",
            "en,fr-CA",
        ] {
            assert_eq!(check(tag), Ok(()), "{tag}");
        }
    }

    #[test]
    fn lists_that_are_not_well_formed_are_refused_at_the_wrong_tag() {
        // req: MC08-4.4-07
        for (list, offset) in [
            ("a-DE", 0),
            ("de-419-DE", 0),
            ("en-", 0),
            ("x", 0),
            ("en-a", 0),
            ("en_US", 0),
            ("en, fr", 3),
            ("en,", 3),
            (",", 0),
            ("en,fr,deutschland", 6),
            ("ü", 0),
        ] {
            assert_eq!(check(list), Err(LanguageError { offset }), "{list}");
        }
    }
}
