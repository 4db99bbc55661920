//! The AEAD algorithms in pieces: keystream and authenticator by themselves, so that a file can be verified before the first
//! octet of it is decrypted. Whole-message implementations cannot do that in constant memory.

use aes::{
    Aes128, Aes256, Block,
    cipher::{BlockEncrypt, KeyInit},
};
use chacha20::ChaCha20;
use ctr::{
    Ctr32BE,
    cipher::{KeyIvInit, StreamCipher, StreamCipherSeek},
};
use ghash::{GHash, universal_hash::UniversalHash};
use poly1305::Poly1305;
use subtle::ConstantTimeEq;

use super::{AeadAlgorithm, PartError};

const BLOCK: usize = 16;
const TAG_LEN: usize = AeadAlgorithm::TAG_LEN;
const NONCE_LEN: usize = AeadAlgorithm::NONCE_LEN;

/// The key of one encryption, as long as its algorithm asks.
pub(super) enum Secret {
    Aes128Gcm([u8; 16]),
    Aes256Gcm([u8; 32]),
    Aes128Ccm([u8; 16]),
    Aes256Ccm([u8; 32]),
    ChaCha20Poly1305([u8; 32]),
    Aes128GcmSiv([u8; 16]),
    Aes256GcmSiv([u8; 32]),
}

impl Secret {
    pub(super) fn new(algorithm: AeadAlgorithm, key: &[u8]) -> Result<Self, PartError> {
        match algorithm {
            AeadAlgorithm::Aes128Gcm => key.try_into().map(Self::Aes128Gcm),
            AeadAlgorithm::Aes256Gcm => key.try_into().map(Self::Aes256Gcm),
            AeadAlgorithm::Aes128Ccm => key.try_into().map(Self::Aes128Ccm),
            AeadAlgorithm::Aes256Ccm => key.try_into().map(Self::Aes256Ccm),
            AeadAlgorithm::ChaCha20Poly1305 => key.try_into().map(Self::ChaCha20Poly1305),
            AeadAlgorithm::Aes128GcmSiv => key.try_into().map(Self::Aes128GcmSiv),
            AeadAlgorithm::Aes256GcmSiv => key.try_into().map(Self::Aes256GcmSiv),
        }
        .map_err(|_| PartError::KeyLength { algorithm, found: key.len() })
    }

    pub(super) const fn algorithm(&self) -> AeadAlgorithm {
        match self {
            Self::Aes128Gcm(_) => AeadAlgorithm::Aes128Gcm,
            Self::Aes256Gcm(_) => AeadAlgorithm::Aes256Gcm,
            Self::Aes128Ccm(_) => AeadAlgorithm::Aes128Ccm,
            Self::Aes256Ccm(_) => AeadAlgorithm::Aes256Ccm,
            Self::ChaCha20Poly1305(_) => AeadAlgorithm::ChaCha20Poly1305,
            Self::Aes128GcmSiv(_) => AeadAlgorithm::Aes128GcmSiv,
            Self::Aes256GcmSiv(_) => AeadAlgorithm::Aes256GcmSiv,
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Aes128Gcm(key) | Self::Aes128Ccm(key) | Self::Aes128GcmSiv(key) => key,
            Self::Aes256Gcm(key) | Self::Aes256Ccm(key) | Self::ChaCha20Poly1305(key) | Self::Aes256GcmSiv(key) => key,
        }
    }
}

/// The keystream at the first octet of the content, and the authenticator past `aad`; nothing for algorithms that need the
/// content as a whole.
pub(super) fn start(secret: &Secret, nonce: &[u8; NONCE_LEN], aad: &[u8]) -> Option<(Keystream, Authenticator)> {
    let mut mask = [0; TAG_LEN];
    let (keystream, mac) = match secret {
        Secret::Aes128Gcm(key) => {
            let mut subkey = Block::default();
            Aes128::new(key.into()).encrypt_block(&mut subkey);
            let mut stream = Ctr32BE::<Aes128>::new(key.into(), &counter_block(nonce).into());
            stream.apply_keystream(&mut mask);
            (Keystream::Aes128(stream), Mac::Ghash(GHash::new(&subkey)))
        }
        Secret::Aes256Gcm(key) => {
            let mut subkey = Block::default();
            Aes256::new(key.into()).encrypt_block(&mut subkey);
            let mut stream = Ctr32BE::<Aes256>::new(key.into(), &counter_block(nonce).into());
            stream.apply_keystream(&mut mask);
            (Keystream::Aes256(stream), Mac::Ghash(GHash::new(&subkey)))
        }
        Secret::ChaCha20Poly1305(key) => {
            let mut stream = ChaCha20::new(key.into(), nonce.into());
            let mut once = [0; 32];
            stream.apply_keystream(&mut once);
            stream.seek(64_u64);
            (Keystream::ChaCha20(stream), Mac::Poly1305(Poly1305::new((&once).into())))
        }
        Secret::Aes128Ccm(_) | Secret::Aes256Ccm(_) | Secret::Aes128GcmSiv(_) | Secret::Aes256GcmSiv(_) => return None,
    };
    let mut authenticator =
        Authenticator { mac, mask, aad: aad.len() as u64, content: 0, partial: [0; BLOCK], filled: 0 };
    authenticator.absorb(aad);
    authenticator.pad();
    Some((keystream, authenticator))
}

/// The counter block whose encryption masks the tag of GCM; the content starts at the next one.
fn counter_block(nonce: &[u8; NONCE_LEN]) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    for (to, from) in block.iter_mut().zip(nonce.iter().chain(&[0, 0, 0, 1_u8])) {
        *to = *from;
    }
    block
}

/// Turns content into ciphertext and back, in order.
#[expect(clippy::large_enum_variant, reason = "there is one of them for each file")]
pub(super) enum Keystream {
    Aes128(Ctr32BE<Aes128>),
    Aes256(Ctr32BE<Aes256>),
    ChaCha20(ChaCha20),
}

/// The keystream is at its end: the content is too long.
#[derive(Debug)]
pub(super) struct Exhausted;

impl Keystream {
    pub(super) fn apply(&mut self, bytes: &mut [u8]) -> Result<(), Exhausted> {
        match self {
            Self::Aes128(stream) => stream.try_apply_keystream(bytes),
            Self::Aes256(stream) => stream.try_apply_keystream(bytes),
            Self::ChaCha20(stream) => stream.try_apply_keystream(bytes),
        }
        .map_err(|_| Exhausted)
    }
}

#[expect(clippy::large_enum_variant, reason = "there is one of them for each file")]
enum Mac {
    Ghash(GHash),
    Poly1305(Poly1305),
}

/// Computes the tag over the ciphertext.
pub(super) struct Authenticator {
    mac: Mac,
    mask: [u8; TAG_LEN],
    aad: u64,
    content: u64,
    partial: [u8; BLOCK],
    filled: usize,
}

impl Authenticator {
    /// Takes the next octets of ciphertext.
    pub(super) fn update(&mut self, ciphertext: &[u8]) {
        self.content = self.content.wrapping_add(ciphertext.len() as u64);
        self.absorb(ciphertext);
    }

    /// The tag.
    pub(super) fn finish(mut self) -> [u8; TAG_LEN] {
        self.pad();
        let mut lengths = [0; BLOCK];
        let (aad, content) = match self.mac {
            Mac::Ghash(_) => (self.aad.wrapping_mul(8).to_be_bytes(), self.content.wrapping_mul(8).to_be_bytes()),
            Mac::Poly1305(_) => (self.aad.to_le_bytes(), self.content.to_le_bytes()),
        };
        for (to, from) in lengths.iter_mut().zip(aad.iter().chain(&content)) {
            *to = *from;
        }
        self.absorb(&lengths);
        let mut tag: [u8; TAG_LEN] = match self.mac {
            Mac::Ghash(mac) => mac.finalize().into(),
            Mac::Poly1305(mac) => mac.finalize().into(),
        };
        for (octet, mask) in tag.iter_mut().zip(self.mask) {
            *octet ^= mask;
        }
        tag
    }

    /// Whether `tag` is the right one, in constant time.
    pub(super) fn verify(self, tag: &[u8]) -> bool {
        bool::from(self.finish().as_slice().ct_eq(tag))
    }

    fn absorb(&mut self, mut bytes: &[u8]) {
        if self.filled > 0 {
            let (head, rest) = bytes.split_at(bytes.len().min(BLOCK - self.filled));
            for (to, from) in self.partial.iter_mut().skip(self.filled).zip(head) {
                *to = *from;
            }
            self.filled += head.len();
            bytes = rest;
            if self.filled < BLOCK {
                return;
            }
            self.pad();
        }
        let (blocks, rest) = bytes.split_at(bytes.len() - bytes.len() % BLOCK);
        self.blocks(blocks);
        for (to, from) in self.partial.iter_mut().zip(rest) {
            *to = *from;
        }
        self.filled = rest.len();
    }

    /// Fills the block under way with zeros.
    fn pad(&mut self) {
        if self.filled > 0 {
            let mut block = [0; BLOCK];
            for (to, from) in block.iter_mut().zip(self.partial.iter().take(self.filled)) {
                *to = *from;
            }
            self.filled = 0;
            self.blocks(&block);
        }
    }

    fn blocks(&mut self, blocks: &[u8]) {
        match &mut self.mac {
            Mac::Ghash(mac) => mac.update_padded(blocks),
            Mac::Poly1305(mac) => mac.update_padded(blocks),
        }
    }
}
