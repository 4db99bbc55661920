//! How the input is written: as it stands on the wire, or in hex or base64 digits.

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use clap::ValueEnum;

/// A way of writing octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Encoding {
    /// As they are.
    Raw,
    /// Two hexadecimal digits an octet, with white space anywhere between octets.
    Hex,
    /// Base64 or base64url (RFC 4648), with or without padding, in lines.
    Base64,
}

const ANY_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// The octets that `input` writes in this encoding, or why it does not.
pub(super) fn decode(input: &[u8], encoding: Encoding) -> Result<Vec<u8>, String> {
    let digits = || -> Vec<u8> { input.iter().copied().filter(|octet| !octet.is_ascii_whitespace()).collect() };
    match encoding {
        Encoding::Raw => Ok(input.to_vec()),
        Encoding::Hex => hex::decode(digits()).map_err(|error| format!("the input is not hex: {error}")),
        Encoding::Base64 => {
            let digits = digits();
            let is_url_safe = digits.iter().any(|octet| matches!(octet, b'-' | b'_'));
            let alphabet = if is_url_safe { &URL_SAFE } else { &STANDARD };
            GeneralPurpose::new(alphabet, ANY_PADDING)
                .decode(digits)
                .map_err(|error| format!("the input is not base64: {error}"))
        }
    }
}

/// The octets and how they were written: hex if all of it is pairs of hexadecimal digits, else base64 if all of it is that, else as
/// it is.
pub(super) fn detect(input: &[u8]) -> (Vec<u8>, Encoding) {
    let has_digits = input.iter().any(|octet| !octet.is_ascii_whitespace());
    for encoding in [Encoding::Hex, Encoding::Base64] {
        if let (true, Ok(octets)) = (has_digits, decode(input, encoding)) {
            return (octets, encoding);
        }
    }
    (input.to_vec(), Encoding::Raw)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn hex_and_base64_are_told_apart_and_from_raw_octets() {
        let octets = vec![0, 1, 0xfb, 0xff];
        for (input, encoding) in [
            (&b"0001fbff"[..], Encoding::Hex),
            (b"00 01\nFB ff\n", Encoding::Hex),
            (b"AAH7/w==", Encoding::Base64),
            (b"AAH7/w", Encoding::Base64),
            (b"AAH7_w\n", Encoding::Base64),
            (&[0, 1, 0xfb, 0xff], Encoding::Raw),
        ] {
            assert_eq!(detect(input), (octets.clone(), encoding), "{input:?}");
        }
    }

    #[test]
    fn what_is_neither_hex_nor_base64_stays_as_it_is() {
        for input in [&b""[..], b"\n", b"mimi://a.example", b"{}", b"AAH7/_==", b"AAAAA"] {
            assert_eq!(detect(input), (input.to_vec(), Encoding::Raw));
        }
    }

    #[test]
    fn an_encoding_that_was_asked_for_is_not_guessed_away() {
        assert_eq!(decode(b"00", Encoding::Raw).unwrap(), b"00");
        assert!(decode(b"0", Encoding::Hex).unwrap_err().starts_with("the input is not hex"));
        assert!(decode(b"*", Encoding::Base64).unwrap_err().starts_with("the input is not base64"));
    }
}
