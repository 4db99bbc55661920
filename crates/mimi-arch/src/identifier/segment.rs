//! One path segment: RFC 3986 sections 2.1 (percent-encoding), 2.3 (unreserved characters),
//! 3.3 (what a segment may hold) and 6.2.2 (its one normal form).

use super::{UriError, UriRule};

/// Checks a segment that starts at `base` of the input and appends its normal form to `out`:
/// percent-encoded unreserved characters plain, all other percent-encoding in upper-case digits.
pub(super) fn normalise_into(segment: &[u8], base: usize, out: &mut String) -> Result<(), UriError> {
    let start = out.len();
    let mut decoded = Decoded::default();
    let mut octets = segment.iter().copied().enumerate();
    while let Some((at, octet)) = octets.next() {
        let offset = base + at;
        if octet != b'%' {
            if !is_plain(octet) {
                return Err(UriError::new(offset, UriRule::SegmentCharacter));
            }
            decoded.push(octet, offset);
            out.push(char::from(octet));
            continue;
        }
        let high = octets.next().and_then(|(_, digit)| hex_value(digit));
        let low = octets.next().and_then(|(_, digit)| hex_value(digit));
        let (Some(high), Some(low)) = (high, low) else {
            return Err(UriError::new(offset, UriRule::PercentEncodingBroken));
        };
        let octet = high << 4 | low;
        if octet == 0 {
            return Err(UriError::new(offset, UriRule::NulOctet));
        }
        decoded.push(octet, offset);
        push_octet(octet, is_unreserved(octet), out);
    }
    decoded.check_utf8()?;
    match out.get(start..) {
        None | Some("") => Err(UriError::new(base, UriRule::SegmentEmpty)),
        Some("." | "..") => Err(UriError::new(base, UriRule::SegmentIsDots)),
        Some(_) => Ok(()),
    }
}

/// Appends `name` as one segment: what may stand plain stays plain, the rest is percent-encoded.
pub(super) fn encode_into(name: &str, out: &mut String) {
    for octet in name.bytes() {
        push_octet(octet, is_plain(octet), out);
    }
}

/// Undoes the percent-encoding of a segment that has been checked.
pub(super) fn decode(segment: &str) -> String {
    let mut octets = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(octet) = rest.next() {
        if octet != b'%' {
            octets.push(octet);
            continue;
        }
        let high = rest.next().and_then(hex_value).unwrap_or_default();
        let low = rest.next().and_then(hex_value).unwrap_or_default();
        octets.push(high << 4 | low);
    }
    String::from_utf8_lossy(&octets).into_owned()
}

/// The octets a segment means, each with the place in the input it was written at.
#[derive(Default)]
struct Decoded {
    octets: Vec<u8>,
    offsets: Vec<usize>,
}

impl Decoded {
    fn push(&mut self, octet: u8, offset: usize) {
        self.octets.push(octet);
        self.offsets.push(offset);
    }

    fn check_utf8(&self) -> Result<(), UriError> {
        let Err(error) = std::str::from_utf8(&self.octets) else {
            return Ok(());
        };
        let offset = self.offsets.get(error.valid_up_to()).copied();
        Err(UriError::new(offset.unwrap_or_default(), UriRule::PercentEncodingNotUtf8))
    }
}

fn push_octet(octet: u8, plain: bool, out: &mut String) {
    if plain {
        out.push(char::from(octet));
        return;
    }
    out.push('%');
    for digit in [octet >> 4, octet & 0x0f] {
        let digit = char::from_digit(u32::from(digit), 16).unwrap_or('0');
        out.push(digit.to_ascii_uppercase());
    }
}

fn hex_value(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// `unreserved` of RFC 3986 section 2.3.
const fn is_unreserved(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~')
}

/// `pchar` of RFC 3986 section 3.3 without percent-encoding.
// req: ID05-4-06
const fn is_plain(octet: u8) -> bool {
    is_unreserved(octet)
        || matches!(octet, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' | b'@')
}
