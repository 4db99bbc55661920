//! The AEAD algorithms that take content as a whole only.

use alloc::vec::Vec;

use aes::{Aes128, Aes256};
use aes_gcm_siv::{Aes128GcmSiv, Aes256GcmSiv};
use ccm::{
    Ccm,
    aead::{Aead, KeyInit, Payload},
    consts::{U12, U16},
};

use super::{AeadAlgorithm, cipher::Secret};

/// Ciphertext with its tag, or content without. Nothing if it is not authentic, cannot be encrypted, or if the algorithm is one
/// of the others.
pub(super) struct Whole<'a> {
    pub(super) secret: &'a Secret,
    pub(super) nonce: &'a [u8; AeadAlgorithm::NONCE_LEN],
    pub(super) aad: &'a [u8],
}

impl Whole<'_> {
    pub(super) fn seal(&self, content: &[u8]) -> Option<Vec<u8>> {
        self.run(content, Direction::Seal)
    }

    pub(super) fn open(&self, ciphertext: &[u8]) -> Option<Vec<u8>> {
        self.run(ciphertext, Direction::Open)
    }

    fn run(&self, msg: &[u8], direction: Direction) -> Option<Vec<u8>> {
        match self.secret {
            Secret::Aes128Ccm(key) => self.with(&Ccm::<Aes128, U16, U12>::new(key.into()), msg, direction),
            Secret::Aes256Ccm(key) => self.with(&Ccm::<Aes256, U16, U12>::new(key.into()), msg, direction),
            Secret::Aes128GcmSiv(key) => self.with(&Aes128GcmSiv::new(key.into()), msg, direction),
            Secret::Aes256GcmSiv(key) => self.with(&Aes256GcmSiv::new(key.into()), msg, direction),
            Secret::Aes128Gcm(_) | Secret::Aes256Gcm(_) | Secret::ChaCha20Poly1305(_) => None,
        }
    }

    fn with<A: Aead<NonceSize = U12>>(&self, aead: &A, msg: &[u8], direction: Direction) -> Option<Vec<u8>> {
        let payload = Payload { msg, aad: self.aad };
        match direction {
            Direction::Seal => aead.encrypt(self.nonce.into(), payload),
            Direction::Open => aead.decrypt(self.nonce.into(), payload),
        }
        .ok()
    }
}

enum Direction {
    Seal,
    Open,
}
