//! Language tags as they stand in room metadata (RFC 5646).

/// The grandfathered tags that the grammar of RFC 5646 section 2.1 would not give.
const GRANDFATHERED: [&str; 26] = [
    "art-lojban",
    "cel-gaulish",
    "en-gb-oed",
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
    "no-bok",
    "no-nyn",
    "sgn-be-fr",
    "sgn-be-nl",
    "sgn-ch-de",
    "zh-guoyu",
    "zh-hakka",
    "zh-min",
    "zh-min-nan",
    "zh-xiang",
];

/// Whether a tag is well-formed (RFC 5646 section 2.2.9): it follows the grammar or is grandfathered. Whether its subtags are registered
/// or repeated is not asked, so that all implementations say the same in all years.
pub fn is_well_formed(tag: &str) -> bool {
    GRANDFATHERED.iter().any(|known| known.eq_ignore_ascii_case(tag)) || follows_grammar(tag)
}

fn follows_grammar(tag: &str) -> bool {
    let subtags: Vec<&str> = tag.split('-').collect();
    if !subtags.iter().all(|subtag| alphanumeric(subtag, 1, 8)) {
        return false;
    }
    let mut rest = subtags.as_slice();
    if !is_x(rest) {
        if !skip(&mut rest, |s| alphabetic(s, 2, 8)) {
            return false;
        }
        if subtags.first().is_some_and(|language| language.len() <= 3) {
            let mut extended = 0;
            while extended < 3 && skip(&mut rest, |s| alphabetic(s, 3, 3)) {
                extended += 1;
            }
        }
        skip(&mut rest, |s| alphabetic(s, 4, 4));
        skip(&mut rest, |s| alphabetic(s, 2, 2) || (s.len() == 3 && s.bytes().all(|octet| octet.is_ascii_digit())));
        while skip(&mut rest, |s| {
            alphanumeric(s, 5, 8) || (s.len() == 4 && s.starts_with(|first: char| first.is_ascii_digit()))
        }) {}
        while !is_x(rest) && skip(&mut rest, |s| s.len() == 1) {
            if !skip(&mut rest, |s| s.len() >= 2) {
                return false;
            }
            while skip(&mut rest, |s| s.len() >= 2) {}
        }
    }
    // What is private takes any subtags, but at least one.
    rest.is_empty() || (is_x(rest) && rest.len() > 1)
}

fn is_x(rest: &[&str]) -> bool {
    rest.first().is_some_and(|subtag| subtag.eq_ignore_ascii_case("x"))
}

/// Passes over the next subtag if it is of this kind.
fn skip(rest: &mut &[&str], kind: impl Fn(&str) -> bool) -> bool {
    match rest.split_first() {
        Some((first, after)) if kind(first) => {
            *rest = after;
            true
        }
        _ => false,
    }
}

fn alphabetic(subtag: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&subtag.len()) && subtag.bytes().all(|octet| octet.is_ascii_alphabetic())
}

fn alphanumeric(subtag: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&subtag.len()) && subtag.bytes().all(|octet| octet.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::is_well_formed;

    #[test]
    fn tags_of_every_form_of_the_grammar_are_well_formed() {
        // req: MP06-7.6-01
        for tag in [
            "de",
            "EN",
            "mas",
            "abcd",
            "abcdefgh",
            "zh-Hant",
            "zh-abc-def-ghi",
            "zh-cmn-Hans-CN",
            "sr-Latn-RS",
            "es-419",
            "de-CH-1901",
            "sl-rozaj-biske-1994",
            "de-DE-u-co-phonebk",
            "en-a-myext-b-another",
            "de-CH-x-phonebk",
            "az-Arab-x-AZE-derbend",
            "x-whatever",
            "x-a-b",
            "ar-a-aaa-b-bbb-a-ccc",
            "de-1901-1901",
            "i-klingon",
            "I-DEFAULT",
            "zh-min-nan",
            "sgn-BE-FR",
            "en-GB-oed",
        ] {
            assert!(is_well_formed(tag), "{tag}");
        }
    }

    #[test]
    fn everything_else_is_not() {
        // req: MP06-7.6-01
        for tag in [
            "",
            "d",
            "-",
            "de-",
            "-de",
            "de--DE",
            "abcdefghi",
            "1a",
            "de_DE",
            "de DE",
            "x",
            "x-",
            "de-x",
            "de-a",
            "de-a-x-b",
            "i-unknown",
            "a-DE",
            "de-DE-DE",
            "de,en",
            "d\u{e9}",
            "de-419-DE",
            "de-123456789",
            "en-GB-oe",
            "zh-abc-def-ghi-jkl",
            "abcd-def",
        ] {
            assert!(!is_well_formed(tag), "{tag}");
        }
    }
}
