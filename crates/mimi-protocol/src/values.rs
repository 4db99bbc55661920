//! Small values that several requests share: epochs, times, cipher suites, references by hash.

use std::fmt;

use crate::codec::{self, DecodeError, EncodeError, Reader, Wire};

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

/// An MLS cipher suite (RFC 9420 section 17.1). The registry is open: unknown values are kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CipherSuite(pub u16);

/// The hash function of a cipher suite (RFC 9420 section 17.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum HashFunction {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// The signature scheme of a cipher suite (RFC 9420 section 17.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SignatureScheme {
    /// Ed25519.
    Ed25519,
    /// ECDSA with P-256 and SHA-256.
    EcdsaP256,
    /// ECDSA with P-384 and SHA-384.
    EcdsaP384,
    /// ECDSA with P-521 and SHA-512.
    EcdsaP521,
    /// Ed448.
    Ed448,
}

impl CipherSuite {
    /// MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519.
    pub const X25519_AES128GCM_SHA256_ED25519: Self = Self(1);
    /// MLS_128_DHKEMP256_AES128GCM_SHA256_P256.
    pub const P256_AES128GCM_SHA256_P256: Self = Self(2);
    /// MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519.
    pub const X25519_CHACHA20POLY1305_SHA256_ED25519: Self = Self(3);
    /// MLS_256_DHKEMX448_AES256GCM_SHA512_Ed448.
    pub const X448_AES256GCM_SHA512_ED448: Self = Self(4);
    /// MLS_256_DHKEMP521_AES256GCM_SHA512_P521.
    pub const P521_AES256GCM_SHA512_P521: Self = Self(5);
    /// MLS_256_DHKEMX448_CHACHA20POLY1305_SHA512_Ed448.
    pub const X448_CHACHA20POLY1305_SHA512_ED448: Self = Self(6);
    /// MLS_256_DHKEMP384_AES256GCM_SHA384_P384.
    pub const P384_AES256GCM_SHA384_P384: Self = Self(7);

    /// The hash function, if the suite is one of RFC 9420.
    pub const fn hash_function(self) -> Option<HashFunction> {
        match self.0 {
            1..=3 => Some(HashFunction::Sha256),
            4..=6 => Some(HashFunction::Sha512),
            7 => Some(HashFunction::Sha384),
            _ => None,
        }
    }

    /// The signature scheme, if the suite is one of RFC 9420.
    pub const fn signature_scheme(self) -> Option<SignatureScheme> {
        match self.0 {
            1 | 3 => Some(SignatureScheme::Ed25519),
            2 => Some(SignatureScheme::EcdsaP256),
            4 | 6 => Some(SignatureScheme::Ed448),
            5 => Some(SignatureScheme::EcdsaP521),
            7 => Some(SignatureScheme::EcdsaP384),
            _ => None,
        }
    }
}

impl fmt::Display for CipherSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:04X}", self.0)
    }
}

macro_rules! wire_newtype {
    ($($type:ident($inner:ident))+) => {
        $(impl Wire for $type {
            fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
                $inner::decode(r).map(Self)
            }

            fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
                self.0.encode(out)
            }
        })+
    };
}
pub(crate) use wire_newtype;

wire_newtype!(Epoch(u64) AcceptedTimestamp(u64) CipherSuite(u16));

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
