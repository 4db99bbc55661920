//! Labelled signatures, encryption and key derivation outside a group (RFC 9420 sections 5.1.2, 5.1.3 and 8).
//!
//! The draft signs requests with `SignWithLabel` and encrypts the group info with `EncryptWithLabel`. Signing is a
//! trait, so that a key can live elsewhere; encryption to a public key is a trait because HPKE comes with the MLS library,
//! which this crate does without. Hashes, HKDF and the AEADs of the cipher suites are here.

mod aead;
mod kdf;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use crate::codec;
pub use crate::mls::HpkeCiphertext;
use crate::values::{CipherSuite, SignatureScheme};
pub use aead::{AeadError, AeadKey};
pub use kdf::{expand_with_label, hash};

const LABEL_PREFIX: &[u8] = b"MLS 1.0 ";

/// `SignContent`: what is really signed when `content` is signed with `label` (RFC 9420 section 5.1.2).
///
/// Content longer than 2^30-1 octets has no such encoding; it gets a longer length, which verifies nowhere else.
pub fn sign_content(label: &str, content: &[u8]) -> Vec<u8> {
    labelled(label, content)
}

/// `EncryptContext`: the HPKE `info` of `EncryptWithLabel` (RFC 9420 section 5.1.3).
///
/// A context longer than 2^30-1 octets has no such encoding; it gets a longer length, which opens nowhere else.
pub fn encrypt_context(label: &str, context: &[u8]) -> Vec<u8> {
    labelled(label, context)
}

fn labelled(label: &str, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(LABEL_PREFIX.len() + label.len() + content.len() + 16);
    put_any(&mut out, &[LABEL_PREFIX, label.as_bytes()].concat());
    put_any(&mut out, content);
    out
}

/// An `opaque<V>`, or, beyond its limit, the eight-octet length that QUIC has for this case and MLS does not.
fn put_any(out: &mut Vec<u8>, bytes: &[u8]) {
    if codec::put_opaque(out, bytes).is_err() {
        let length = bytes.len() as u64 | 0b11 << 62;
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(bytes);
    }
}

/// A signature that could not be made (RFC 9420 section 5.1.2).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The value to be signed has no encoding.
    #[error(transparent)]
    Encode(#[from] crate::codec::EncodeError),
    /// The key named in the value is not the signer's.
    #[error("the public key in the value is not the signer's")]
    KeyMismatch,
    /// The signer failed.
    #[error("signer: {0}")]
    Signer(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A signature that does not hold (RFC 9420 section 5.1.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The signature scheme of the cipher suite is not supported here.
    #[error("signatures of cipher suite {0} are not supported (RFC 9420 section 17.1)")]
    UnsupportedCipherSuite(CipherSuite),
    /// The public key is not one of the scheme.
    #[error("malformed signature key (RFC 9420 section 5.1.1)")]
    MalformedKey,
    /// The signature is not one of the scheme.
    #[error("malformed signature (RFC 9420 section 5.1.1)")]
    MalformedSignature,
    /// The signature is not by this key over this content.
    #[error("the signature does not verify (RFC 9420 section 5.1.2)")]
    Invalid,
    /// The signed value has no encoding.
    #[error(transparent)]
    Encode(#[from] crate::codec::EncodeError),
}

impl SignatureError {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        match self {
            Self::UnsupportedCipherSuite(_) => "RFC 9420 section 17.1",
            Self::MalformedKey | Self::MalformedSignature => "RFC 9420 section 5.1.1",
            Self::Invalid => "RFC 9420 section 5.1.2",
            Self::Encode(error) => error.section(),
        }
    }
}

/// Something that holds a signature key (RFC 9420 section 5.1.2).
pub trait LabelSigner: Send + Sync {
    /// The public key, as MLS writes it.
    fn public_key(&self) -> &[u8];

    /// `SignWithLabel` (RFC 9420 section 5.1.2).
    ///
    /// # Errors
    /// When the key cannot be used.
    fn sign_with_label(&self, label: &str, content: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// An Ed25519 key in memory (RFC 9420 section 5.1.2).
#[derive(Clone)]
pub struct Ed25519Signer {
    key: SigningKey,
    public_key: [u8; 32],
}

impl Ed25519Signer {
    /// The key that this seed determines (RFC 8032 section 5.1.5).
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let key = SigningKey::from_bytes(&seed);
        let public_key = key.verifying_key().to_bytes();
        Self { key, public_key }
    }
}

impl std::fmt::Debug for Ed25519Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ed25519Signer").finish_non_exhaustive()
    }
}

impl LabelSigner for Ed25519Signer {
    fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    fn sign_with_label(&self, label: &str, content: &[u8]) -> Result<Vec<u8>, SignError> {
        Ok(self.key.sign(&sign_content(label, content)).to_bytes().to_vec())
    }
}

/// `VerifyWithLabel` (RFC 9420 section 5.1.2), for the cipher suites with Ed25519.
///
/// # Errors
/// When the signature does not hold, or the suite has another signature scheme.
pub fn verify_with_label(
    suite: CipherSuite,
    public_key: &[u8],
    label: &str,
    content: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    if suite.signature_scheme() != Some(SignatureScheme::Ed25519) {
        return Err(SignatureError::UnsupportedCipherSuite(suite));
    }
    let key: &[u8; 32] = public_key.try_into().map_err(|_| SignatureError::MalformedKey)?;
    let key = VerifyingKey::from_bytes(key).map_err(|_| SignatureError::MalformedKey)?;
    let signature = Signature::from_slice(signature).map_err(|_| SignatureError::MalformedSignature)?;
    key.verify_strict(&sign_content(label, content), &signature).map_err(|_| SignatureError::Invalid)
}

/// HPKE that failed (RFC 9420 section 5.1.3).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HpkeError {
    /// The cipher suite is not supported by the implementation.
    #[error("HPKE of cipher suite {0} is not supported (RFC 9420 section 17.1)")]
    UnsupportedCipherSuite(CipherSuite),
    /// The key is malformed.
    #[error("malformed HPKE key (RFC 9420 section 5.1.1)")]
    MalformedKey,
    /// The ciphertext does not open with this key, info and additional data.
    #[error("the ciphertext does not open (RFC 9420 section 5.1.3)")]
    Open,
    /// Anything else that the implementation reports.
    #[error("HPKE: {0}")]
    Other(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Single-shot HPKE in base mode (RFC 9180 section 6.1) with the algorithms of a cipher suite.
///
/// Whoever has an MLS library has this; it is filled in over that library.
pub trait Hpke: Send + Sync {
    /// Encrypts to a public key.
    ///
    /// # Errors
    /// When the suite is not supported or the key is malformed.
    fn seal(
        &self,
        suite: CipherSuite,
        public_key: &[u8],
        info: &[u8],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<HpkeCiphertext, HpkeError>;

    /// Decrypts with a private key.
    ///
    /// # Errors
    /// When the suite is not supported, the key is malformed, or the ciphertext does not open.
    fn open(
        &self,
        suite: CipherSuite,
        private_key: &[u8],
        info: &[u8],
        aad: &[u8],
        ciphertext: &HpkeCiphertext,
    ) -> Result<Vec<u8>, HpkeError>;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    const SUITE: CipherSuite = CipherSuite::X25519_AES128GCM_SHA256_ED25519;

    fn seed() -> [u8; 32] {
        hex::decode("0e0ebe3af8b15d3f774257223ccb07e75241dea117c514138344460db07e779f").unwrap().try_into().unwrap()
    }

    #[test]
    fn labelled_content_has_these_octets() {
        assert_eq!(sign_content("Ab", b"xy"), b"\x0aMLS 1.0 Ab\x02xy");
        assert_eq!(encrypt_context("Ab", b""), b"\x0aMLS 1.0 Ab\x00");
    }

    #[test]
    fn signing_with_label_gives_what_the_mls_working_group_published() {
        // `sign_with_label` of the published crypto-basics vectors, cipher suite 1.
        let content = hex::decode("ec0050f527ca7e9e22d050d1ff2914025b66572a0b53d0bad66860be54b4c067").unwrap();
        let signer = Ed25519Signer::from_seed(seed());
        assert_eq!(
            hex::encode(signer.public_key()),
            "d412afae39be053c8606cea6e6d5961a73ef55eedc1c67b417d3cb4af8e05cea"
        );
        let signature = signer.sign_with_label("SignWithLabel", &content).unwrap();
        assert_eq!(
            hex::encode(&signature),
            "b2a730f27bd610715d635901eea817ed251d584e72f8deac46c643e78f7e331e\
             6d16d54b0c0d84c23d43b28897d677c4afb078b94330d063c6b7c6741ad85d09"
        );
        verify_with_label(SUITE, signer.public_key(), "SignWithLabel", &content, &signature).unwrap();
    }

    #[test]
    fn a_signature_holds_for_its_key_label_and_content_only() {
        let signer = Ed25519Signer::from_seed(seed());
        let key = signer.public_key();
        let signature = signer.sign_with_label("Label", b"content").unwrap();
        let other = Ed25519Signer::from_seed([1; 32]);
        let verify = |key: &[u8], label, content: &[u8], signature: &[u8]| {
            verify_with_label(SUITE, key, label, content, signature)
        };
        assert_eq!(verify(key, "Label", b"content", &signature), Ok(()));
        assert_eq!(verify(other.public_key(), "Label", b"content", &signature), Err(SignatureError::Invalid));
        assert_eq!(verify(key, "Labe", b"lcontent", &signature), Err(SignatureError::Invalid));
        assert_eq!(verify(key, "Label", b"contenT", &signature), Err(SignatureError::Invalid));
        for place in 0..signature.len() {
            let mut wrong = signature.clone();
            wrong[place] ^= 1;
            assert!(verify(key, "Label", b"content", &wrong).is_err());
        }
    }

    #[test]
    fn malformed_keys_and_signatures_are_told_apart() {
        let signer = Ed25519Signer::from_seed(seed());
        let signature = signer.sign_with_label("Label", b"").unwrap();
        let key = signer.public_key();
        let verify = |key: &[u8], signature: &[u8]| verify_with_label(SUITE, key, "Label", b"", signature);
        assert_eq!(verify(&key[1..], &signature), Err(SignatureError::MalformedKey));
        assert_eq!(verify(&[], &signature), Err(SignatureError::MalformedKey));
        assert_eq!(verify(key, &signature[1..]), Err(SignatureError::MalformedSignature));
        assert_eq!(verify(key, &[]), Err(SignatureError::MalformedSignature));
    }

    #[test]
    fn suites_without_ed25519_are_unsupported_and_say_so() {
        let signer = Ed25519Signer::from_seed(seed());
        let signature = signer.sign_with_label("Label", b"").unwrap();
        for suite in [2, 4, 5, 6, 7, 0xf001] {
            let suite = CipherSuite(suite);
            let outcome = verify_with_label(suite, signer.public_key(), "Label", b"", &signature);
            assert_eq!(outcome, Err(SignatureError::UnsupportedCipherSuite(suite)));
        }
        for suite in [1, 3] {
            verify_with_label(CipherSuite(suite), signer.public_key(), "Label", b"", &signature).unwrap();
        }
    }

    #[test]
    fn a_signer_does_not_show_its_key() {
        assert_eq!(format!("{:?}", Ed25519Signer::from_seed(seed())), "Ed25519Signer { .. }");
    }
}
