//! Enqueue authorization (draft-robert-mimi-delivery-service, section "Enqueue authorization"): a key package carries a token, and
//! whoever brings messages for its client has to show it.
//!
//! That draft is a sketch: it names no code point, no length and no place in a request. draft-ietf-mimi-protocol-06 has none of it. The
//! extension type, the length and the header field here are ours (docs/interpretations.md, IP-153 to IP-156).

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mimi_arch::mls::ExtensionType;
use subtle::ConstantTimeEq;

use crate::{
    codec::{self, DecodeError, EncodeError, Reader, Wire, rules},
    mls::{Extensions, KeyPackage, LeafNode},
};

rules! {
    TOKEN_LENGTH = "a token has not from 16 to 32 octets", "draft-robert-mimi-delivery-service, Enqueue authorization";
}

/// The header field of a notify request with the tokens of those for whom it is: a list of byte sequences (RFC 9651 sections 3.1 and
/// 3.3.5), each of them a token.
pub const FIELD: &str = "mimi-enqueue-authorization";

/// The most tokens that one request shows, so that the field stays below the 16 KiB that servers take by default.
pub const MAX_TOKENS: usize = 256;

/// The token of one client (draft-robert-mimi-delivery-service, section "Enqueue authorization"): 16 to 32 octets that nobody can guess.
/// It is compared in constant time, and its `Debug` does not show it.
#[derive(Clone)]
pub struct FanoutAuthToken(Vec<u8>);

impl FanoutAuthToken {
    /// A token of 16 random octets, which the caller draws.
    pub fn new(random: [u8; 16]) -> Self {
        Self(random.to_vec())
    }

    /// A token of stored octets.
    ///
    /// # Errors
    /// When there are too few or too many.
    pub fn from_octets(octets: Vec<u8>) -> Result<Self, EncodeError> {
        if (16..=32).contains(&octets.len()) { Ok(Self(octets)) } else { Err(EncodeError::new(&TOKEN_LENGTH)) }
    }

    /// The octets, for storing and sending them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Whether it is among these. How long that takes says nothing of the octets.
    pub fn is_among(&self, shown: &[Self]) -> bool {
        bool::from(shown.iter().fold(subtle::Choice::from(0), |found, one| found | self.0.ct_eq(&one.0)))
    }

    /// The token of a key package; `None` without one, or with one that is not of its form.
    pub fn of_key_package(key_package: &KeyPackage) -> Option<Self> {
        Self::of(&key_package.view().extensions)
    }

    /// The token of a leaf node, by which a client changes it.
    pub fn of_leaf_node(leaf_node: &LeafNode) -> Option<Self> {
        Self::of(&leaf_node.extensions)
    }

    fn of(extensions: &Extensions) -> Option<Self> {
        extensions.read(ExtensionType::FANOUT_AUTH).ok().flatten()
    }
}

impl PartialEq for FanoutAuthToken {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for FanoutAuthToken {}

impl fmt::Debug for FanoutAuthToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FanoutAuthToken").finish_non_exhaustive()
    }
}

impl Wire for FanoutAuthToken {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        Self::from_octets(r.opaque()?.to_vec()).map_err(|_| start.error(&TOKEN_LENGTH))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_opaque(out, &self.0)
    }
}

/// Why a header field is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldError {
    /// It is not a list of byte sequences without parameters.
    #[error("the field {FIELD} is not a list of byte sequences (RFC 9651 section 3.1)")]
    Form,
    /// A byte sequence is not as long as a token.
    #[error("the field {FIELD} holds what is no token")]
    Token,
    /// There are more than [`MAX_TOKENS`].
    #[error("the field {FIELD} holds more than {MAX_TOKENS} tokens")]
    TooMany,
}

/// The field's value; `None` when there is nothing to show. Tokens beyond [`MAX_TOKENS`] are left out.
pub fn field_value<'a>(tokens: impl IntoIterator<Item = &'a FanoutAuthToken>) -> Option<String> {
    let items: Vec<String> =
        tokens.into_iter().take(MAX_TOKENS).map(|token| format!(":{}:", STANDARD.encode(&token.0))).collect();
    (!items.is_empty()).then(|| items.join(", "))
}

/// Reads the values of the field, of which there may be several that count as one list.
///
/// # Errors
/// Which rule the values break; nothing of what they hold is repeated.
pub fn read_field<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<FanoutAuthToken>, FieldError> {
    let mut tokens = Vec::new();
    for value in values {
        let value = std::str::from_utf8(value).map_err(|_| FieldError::Form)?;
        for item in value.split(',').map(|item| item.trim_matches([' ', '\t'])) {
            if tokens.len() == MAX_TOKENS {
                return Err(FieldError::TooMany);
            }
            let encoded = item.strip_prefix(':').and_then(|item| item.strip_suffix(':')).ok_or(FieldError::Form)?;
            let octets = STANDARD.decode(encoded).map_err(|_| FieldError::Form)?;
            tokens.push(FanoutAuthToken::from_octets(octets).map_err(|_| FieldError::Token)?);
        }
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use crate::{
        mls::Extension,
        testing::{key_package, key_package_bytes, key_package_source},
    };

    fn token(octet: u8) -> FanoutAuthToken {
        FanoutAuthToken::new([octet; 16])
    }

    #[test]
    fn a_token_has_sixteen_to_thirty_two_octets() {
        assert_eq!(token(7).to_bytes().unwrap(), [&[16][..], &[7; 16]].concat());
        assert_eq!(FanoutAuthToken::from_bytes(&[&[32][..], &[1; 32]].concat()).unwrap().expose(), [1; 32]);
        for length in [0u8, 15, 33] {
            let bytes = [&[length][..], &vec![1; usize::from(length)]].concat();
            let error = FanoutAuthToken::from_bytes(&bytes).unwrap_err();
            assert_eq!((error.offset(), error.rule()), (0, &TOKEN_LENGTH));
        }
    }

    #[test]
    fn a_key_package_shows_its_token_and_nothing_shows_it_by_itself() {
        assert_eq!(FanoutAuthToken::of_key_package(&key_package()), None);
        let with = |extension_data| {
            let extension = Extension { extension_type: ExtensionType::FANOUT_AUTH, extension_data };
            KeyPackage::from_bytes(&key_package_bytes(key_package_source(), vec![extension])).unwrap()
        };
        assert_eq!(FanoutAuthToken::of_key_package(&with(token(9).to_bytes().unwrap())), Some(token(9)));
        assert_eq!(FanoutAuthToken::of_key_package(&with(vec![3, 1, 2, 3])), None, "too short");
        assert_eq!(format!("{:?}", token(9)), "FanoutAuthToken { .. }");
    }

    #[test]
    fn tokens_are_found_among_others() {
        assert!(token(1).is_among(&[token(2), token(1)]));
        assert!(!token(1).is_among(&[token(2), FanoutAuthToken::from_octets(vec![1; 17]).unwrap()]));
        assert!(!token(1).is_among(&[]));
    }

    #[test]
    fn the_field_is_a_list_of_byte_sequences() {
        let value = field_value([&token(0), &token(0xff)]).unwrap();
        assert_eq!(value, ":AAAAAAAAAAAAAAAAAAAAAA==:, ://///////////////////w==:");
        assert_eq!(read_field([value.as_bytes()]).unwrap(), [token(0), token(0xff)]);
        let two = value.split(", ").map(str::as_bytes);
        assert_eq!(read_field(two).unwrap(), [token(0), token(0xff)], "several fields are one list");
        assert_eq!(read_field([]).unwrap(), []);
        assert_eq!(field_value([]), None);
        let many: Vec<_> = (0..=255).chain([0]).map(token).collect();
        let value = field_value(&many).unwrap();
        assert_eq!(read_field([value.as_bytes()]).unwrap().len(), MAX_TOKENS);
        let more = format!("{value}, :AAAAAAAAAAAAAAAAAAAAAA==:");
        assert_eq!(read_field([more.as_bytes()]), Err(FieldError::TooMany));
    }

    #[test]
    fn anything_else_is_no_list_of_tokens() {
        let good = ":AAAAAAAAAAAAAAAAAAAAAA==:";
        for bad in [
            "",
            ":",
            "::x",
            "AAAA",
            &format!("{good},"),
            &format!("{good};a=1"),
            "(:AAAA:)",
            ":AA_A:",
            ":AAAAAAAAAAAAAAAAAAAAAA:",
        ] {
            assert_eq!(read_field([bad.as_bytes()]), Err(FieldError::Form), "{bad:?}");
        }
        assert_eq!(read_field([&[0xff][..]]), Err(FieldError::Form));
        assert_eq!(read_field([&b":AAAA:"[..]]), Err(FieldError::Token));
        assert_eq!(read_field([&b"::"[..]]), Err(FieldError::Token));
    }
}
