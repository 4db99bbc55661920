//! The identifier URI of a user, client or room as it stands in requests (draft-ietf-mimi-protocol-06 section 5.2).
//!
//! On the wire it is only an octet string. [`IdentifierUri`] holds it as it came, checked to be UTF-8;
//! [`IdentifierUri::parse`] turns it into one of the types of `mimi-arch` where a particular kind is meant.

use std::fmt;
use std::str::FromStr;

use mimi_arch::{ClientUri, GroupUri, ProviderUri, PseudonymUri, RoomUri, TeamUri, UserUri};

use crate::codec::{self, DecodeError, EncodeError, Reader, Wire};

/// An identifier URI, kept as it stood on the wire (draft-ietf-mimi-protocol-06 section 5.2).
///
/// It may be empty: a request for key material outside any room has an empty room identifier.
// req: MP06-5.2-13
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct IdentifierUri(String);

impl IdentifierUri {
    /// An identifier with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as it stands on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The octets as they stand on the wire, without their length.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads the text as one of the identifier types, normalised.
    ///
    /// # Errors
    /// Those of the type.
    pub fn parse<T: FromStr>(&self) -> Result<T, T::Err> {
        self.0.parse()
    }
}

impl fmt::Debug for IdentifierUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdentifierUri({:?})", self.0)
    }
}

impl fmt::Display for IdentifierUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! from_uri {
    ($($type:ident)+) => {
        $(
            impl From<&$type> for IdentifierUri {
                fn from(uri: &$type) -> Self {
                    Self(uri.as_str().to_owned())
                }
            }

            impl From<$type> for IdentifierUri {
                fn from(uri: $type) -> Self {
                    Self::from(&uri)
                }
            }
        )+
    };
}
from_uri!(ProviderUri UserUri PseudonymUri ClientUri RoomUri GroupUri TeamUri);

impl Wire for IdentifierUri {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.text().map(Self::new)
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_opaque(out, self.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use crate::codec::NOT_UTF8;
    use crate::testing::{laws, refused};

    #[test]
    fn an_identifier_is_a_vector_of_its_octets_as_they_came() {
        // req: MP06-5.2-13
        assert_eq!(laws(&IdentifierUri::new("mimi:")), b"\x05mimi:");
        assert_eq!(laws(&IdentifierUri::default()), [0]);
        laws(&IdentifierUri::new("mimi://A.Example/u/%61lice"));
    }

    #[test]
    fn an_identifier_is_utf8() {
        refused::<IdentifierUri>(&[2, b'm', 0xff], 2, &NOT_UTF8);
    }

    #[test]
    fn parsing_normalises_while_the_text_stays() {
        let uri = IdentifierUri::new("mimi://A.Example/u/%61lice");
        let user: UserUri = uri.parse().unwrap();
        assert_eq!(user.as_str(), "mimi://a.example/u/alice");
        assert_eq!(uri.as_str(), "mimi://A.Example/u/%61lice");
        assert!(uri.parse::<RoomUri>().is_err());
        assert_eq!(IdentifierUri::from(user).as_str(), "mimi://a.example/u/alice");
    }
}
