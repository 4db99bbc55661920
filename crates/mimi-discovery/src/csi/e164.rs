//! Telephone numbers (ITU-T E.164): canonical is `+` and digits, without anything between them.

use std::str::FromStr as _;

use phonenumber::PhoneNumber;

/// The most digits a number has (ITU-T E.164 section 6).
const MAX_DIGITS: usize = 15;
/// Fewer digits than this have no country code and subscriber number in them.
const MIN_DIGITS: usize = 5;

/// Text that is no telephone number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum E164Error {
    /// Without `+` it is not known which country's number it is.
    #[error("the telephone number has no country code; write it with + and the country code, as in +12125551212")]
    NoCountryCode,
    /// Something else than digits, and blanks, hyphens, dots and brackets between them.
    #[error("character {at} of the telephone number is no digit")]
    Character {
        /// Which, counted from 1.
        at: usize,
    },
    /// Too many or too few digits.
    #[error("a telephone number has 5 to 15 digits, this one has {digits}")]
    Length {
        /// How many.
        digits: usize,
    },
    /// No country has numbers like this one.
    #[error("there is no such telephone number: country code or length is wrong")]
    NotANumber,
}

/// What a person would write as a number without `+`.
pub(super) fn looks_like_a_number(text: &str) -> bool {
    text.chars().any(|c| c.is_ascii_digit()) && text.chars().all(|c| c.is_ascii_digit() || is_separator(c))
}

const fn is_separator(c: char) -> bool {
    matches!(c, ' ' | '-' | '.' | '(' | ')')
}

/// The canonical form of what a person typed; the separators of RFC 3966 section 5.1.1 and blanks between digits go.
pub(super) fn canonical(text: &str) -> Result<String, E164Error> {
    let rest = text.strip_prefix('+').ok_or(E164Error::NoCountryCode)?;
    let mut number = String::from("+");
    for (place, c) in rest.chars().enumerate() {
        if c.is_ascii_digit() {
            number.push(c);
        } else if !is_separator(c) {
            return Err(E164Error::Character { at: place + 2 });
        }
    }
    check(&number)?;
    Ok(number)
}

pub(super) fn is_canonical(value: &str) -> bool {
    value.strip_prefix('+').is_some_and(|digits| digits.bytes().all(|octet| octet.is_ascii_digit()))
        && check(value).is_ok()
}

/// `number` is `+` and digits.
fn check(number: &str) -> Result<(), E164Error> {
    let digits = number.len().saturating_sub(1);
    if !(MIN_DIGITS..=MAX_DIGITS).contains(&digits) {
        return Err(E164Error::Length { digits });
    }
    let parsed = PhoneNumber::from_str(number).map_err(|_| E164Error::NotANumber)?;
    let known = parsed.country().id().is_some() || parsed.is_valid();
    // The library drops zeros that it takes for a national prefix; what it writes has to be what was given.
    let written = parsed.format().mode(phonenumber::Mode::E164).to_string();
    if known && written == number { Ok(()) } else { Err(E164Error::NotANumber) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn separators_go_and_the_rest_stays() {
        for text in ["+12125551212", "+1 212 555 1212", "+1 (212) 555-1212", "+1.212.555.1212"] {
            assert_eq!(canonical(text).unwrap(), "+12125551212");
        }
        assert_eq!(canonical("+49 30 901820").unwrap(), "+4930901820");
        assert_eq!(
            canonical("+39 06 698 83145").unwrap(),
            "+390669883145",
            "the zero of an Italian number is part of it"
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(canonical("2125551212"), Err(E164Error::NoCountryCode));
        assert_eq!(canonical("+1212555121x"), Err(E164Error::Character { at: 12 }));
        assert_eq!(canonical("+1212;ext=5"), Err(E164Error::Character { at: 6 }));
        assert_eq!(canonical("+1"), Err(E164Error::Length { digits: 1 }));
        assert_eq!(canonical("+1234567890123456"), Err(E164Error::Length { digits: 16 }));
        assert_eq!(canonical("+0123456789"), Err(E164Error::NotANumber));
        assert_eq!(canonical("+99912345678"), Err(E164Error::NotANumber));
    }

    #[test]
    fn digits_of_other_scripts_are_no_digits() {
        assert_eq!(canonical("+1212555121\u{0662}"), Err(E164Error::Character { at: 12 }));
    }

    #[test]
    fn only_plus_and_digits_are_canonical() {
        assert!(is_canonical("+12125551212"));
        for text in ["12125551212", "+1-212-555-1212", "+1 2125551212", "+", ""] {
            assert!(!is_canonical(text), "{text}");
        }
    }
}
