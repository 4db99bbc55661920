//! Keys and octets from a fixed seed. Nothing here is secret or random.

use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest, Sha256};

use super::layout::{Struct, opaque};

const SEED: &str = "mimi spec-vectors, seed 1";

/// 32 octets that belong to a name.
pub(crate) fn octets32(name: &str) -> [u8; 32] {
    Sha256::digest(format!("{SEED}: {name}").as_bytes()).into()
}

/// As many octets as asked for, that belong to a name.
pub(crate) fn octets(name: &str, length: usize) -> Vec<u8> {
    (0u32..).flat_map(|block| octets32(&format!("{name}/{block}"))).take(length).collect()
}

/// An Ed25519 key pair that belongs to a name.
#[derive(Clone)]
pub(crate) struct Key {
    seed: [u8; 32],
    signing: SigningKey,
}

impl Key {
    /// The key of a name.
    pub(crate) fn of(name: &str) -> Self {
        let seed = octets32(&format!("Ed25519 key of {name}"));
        Self { seed, signing: SigningKey::from_bytes(&seed) }
    }

    /// The seed, which is the private key of RFC 8032.
    pub(crate) fn seed(&self) -> &[u8] {
        &self.seed
    }

    /// The public key.
    pub(crate) fn public(&self) -> Vec<u8> {
        self.signing.verifying_key().to_bytes().to_vec()
    }

    /// Signs octets as they are.
    pub(crate) fn sign_octets(&self, octets: &[u8]) -> Vec<u8> {
        self.signing.sign(octets).to_bytes().to_vec()
    }

    /// SignWithLabel (RFC 9420 section 5.1.2).
    pub(crate) fn sign(&self, label: &str, content: &[u8]) -> Vec<u8> {
        self.signing.sign(&labelled(label, content)).to_bytes().to_vec()
    }
}

/// SignContent and EncryptContext of RFC 9420 sections 5.1.2 and 5.1.3, which are laid out alike.
pub(crate) fn labelled(label: &str, content: &[u8]) -> Vec<u8> {
    Struct::new().add("label", opaque(format!("MLS 1.0 {label}").as_bytes())).add("content", opaque(content)).octets()
}

/// RefHash (RFC 9420 section 5.2) with SHA-256.
pub(crate) fn ref_hash(label: &str, value: &[u8]) -> Vec<u8> {
    let input = Struct::new().add("label", opaque(label.as_bytes())).add("value", opaque(value)).octets();
    Sha256::digest(input).to_vec()
}
