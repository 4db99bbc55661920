//! Small values that several requests share: epochs, times, cipher suites, references by hash.

use std::fmt;

use mimi_arch::wire_newtype;

use crate::codec::{self, DecodeError, EncodeError, Reader, Wire};

pub use mimi_arch::mls::{CipherSuite, HashFunction, SignatureScheme};

/// The epoch of an MLS group (RFC 9420 section 2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Epoch(pub u64);

/// When the hub accepted something, in milliseconds since the Unix epoch (draft-ietf-mimi-protocol-06 section 5.3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct AcceptedTimestamp(pub u64);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for AcceptedTimestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

wire_newtype!(Epoch(u64) AcceptedTimestamp(u64));

macro_rules! hash_reference {
    ($(#[$doc:meta])+ $type:ident) => {
        $(#[$doc])+
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(Vec<u8>);

        impl $type {
            /// A reference with these octets.
            pub fn new(octets: impl Into<Vec<u8>>) -> Self {
                Self(octets.into())
            }

            /// The hash value.
            pub fn as_bytes(&self) -> &[u8] {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($type), "({})"), self)
            }
        }

        impl Wire for $type {
            fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
                r.opaque().map(Self::new)
            }

            fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
                codec::put_opaque(out, &self.0)
            }
        }
    };
}

hash_reference! {
    /// Names a key package by hash (RFC 9420 section 5.2).
    KeyPackageRef
}
hash_reference! {
    /// Names a proposal by hash (RFC 9420 section 5.2).
    ProposalRef
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use crate::testing::laws;

    #[test]
    fn small_values_are_written_as_numbers_and_references_as_vectors() {
        assert_eq!(laws(&Epoch(1)), [0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(laws(&AcceptedTimestamp(0x0102)), [0, 0, 0, 0, 0, 0, 1, 2]);
        assert_eq!(laws(&CipherSuite::X25519_AES128GCM_SHA256_ED25519), [0, 1]);
        assert_eq!(laws(&KeyPackageRef::new([7, 8])), [2, 7, 8]);
        assert_eq!(laws(&ProposalRef::new([9])), [1, 9]);
    }

    #[test]
    fn an_unknown_cipher_suite_is_kept_but_has_no_algorithms() {
        let suite = CipherSuite::from_bytes(&[0xf0, 0x01]).unwrap();
        assert_eq!((suite.hash_function(), suite.signature_scheme()), (None, None));
        assert_eq!(suite.to_string(), "0xF001");
    }

    #[test]
    fn references_are_shown_in_hexadecimal() {
        assert_eq!(ProposalRef::new([0x0a, 0xff]).to_string(), "0aff");
    }
}
