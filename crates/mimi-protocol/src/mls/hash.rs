//! References by hash (RFC 9420 section 5.2).

use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::codec::{self, EncodeError};
use crate::values::{CipherSuite, HashFunction};

/// A reference that cannot be computed (RFC 9420 section 5.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// The hash function of the cipher suite is not known.
    #[error("cipher suite {0} is not supported (RFC 9420 section 17.1)")]
    UnsupportedCipherSuite(CipherSuite),
    /// The message is not a proposal in a public message.
    #[error("the message is not a proposal in a PublicMessage (RFC 9420 section 5.2)")]
    NotAProposal,
    /// The value is too long.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl ReferenceError {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        match self {
            Self::UnsupportedCipherSuite(_) => "RFC 9420 section 17.1",
            Self::NotAProposal => "RFC 9420 section 5.2",
            Self::Encode(error) => error.section(),
        }
    }
}

/// `RefHash` (RFC 9420 section 5.2).
pub(crate) fn ref_hash(suite: CipherSuite, label: &[u8], value: &[u8]) -> Result<Vec<u8>, ReferenceError> {
    let hash = suite.hash_function().ok_or(ReferenceError::UnsupportedCipherSuite(suite))?;
    let mut input = Vec::with_capacity(label.len() + value.len() + 8);
    codec::put_opaque(&mut input, label)?;
    codec::put_opaque(&mut input, value)?;
    Ok(match hash {
        HashFunction::Sha256 => Sha256::digest(&input).to_vec(),
        HashFunction::Sha384 => Sha384::digest(&input).to_vec(),
        HashFunction::Sha512 => Sha512::digest(&input).to_vec(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn reference_hashes_are_those_that_the_mls_working_group_published() {
        // `ref_hash` of the published crypto-basics vectors, one for each hash function.
        for (suite, value, expected) in [
            (
                1,
                "d6118d082d81be525739f3386c1276bf6c93dee043a51bdc90f8acee4aa3a559",
                "2b4e7d394c697423980c61d328c092f53a2f281003a56c3c2e6d0247d04631b4",
            ),
            (
                7,
                "c003fcd16cebd94030f7ae9c2c98b82a4e0d032e951731b51d3f99f0558f83fb32955e9f3a50049b9c5bcca21ad7748f",
                "080d4d99a9ff1c9238d7edeccae89eafc92a7b85f78ce29c3bc27dea0d49c9ca72e75d214545b7fd6f69870e01fa49de",
            ),
            (
                6,
                "8bd70fe2f606f93b40229312311a312aa28954bee0924eebc186dd0bf71be6c6\
                 497a2f2edc76fc0b340b17e82d50bd05d3161a5dfedd3168f2e91370cd229542",
                "561837755ffcc0b93b5430fcbac378c2382bf442ed3a50af6d3cba1c8ba8ecde\
                 7e5d62486fdb48f3145f5f907c38cd3a565a298fd62004d6ba7c842a5c12c264",
            ),
        ] {
            let reference = ref_hash(CipherSuite(suite), b"RefHash", &hex::decode(value).unwrap()).unwrap();
            assert_eq!(hex::encode(reference), expected);
        }
    }

    #[test]
    fn an_unknown_cipher_suite_has_no_references() {
        let error = ref_hash(CipherSuite(0xf001), b"RefHash", b"").unwrap_err();
        assert_eq!(error, ReferenceError::UnsupportedCipherSuite(CipherSuite(0xf001)));
        assert_eq!(error.to_string(), "cipher suite 0xF001 is not supported (RFC 9420 section 17.1)");
    }
}
