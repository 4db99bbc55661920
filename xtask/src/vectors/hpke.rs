//! HPKE, HKDF and AES-128-GCM for cipher suite 1, by hand from RFC 9180 and RFC 5869: another witness than the MLS library that
//! opens what is sealed here. Ephemeral keys belong to names, so that the vectors are the same each time.

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes128Gcm, Nonce};
use anyhow::{Result, anyhow};
use sha2::{Digest, Sha256};
use x25519_dalek::{PublicKey, StaticSecret};

use super::keys::{labelled, octets32};

const KEM: &[u8] = b"KEM\x00\x20";
const SUITE: &[u8] = b"HPKE\x00\x20\x00\x01\x00\x01";

/// HMAC-SHA256 by RFC 2104, for keys that are not longer than a block.
fn hmac(key: &[u8], data: &[u8]) -> Vec<u8> {
    let pad =
        |with: u8| -> Vec<u8> { (0..64).map(|place| key.get(place).copied().unwrap_or_default() ^ with).collect() };
    let inner = Sha256::digest([&pad(0x36), data].concat());
    Sha256::digest([&pad(0x5c), &inner[..]].concat()).to_vec()
}

/// HKDF-Expand for at most one block.
fn expand(secret: &[u8], info: &[u8], length: usize) -> Vec<u8> {
    let mut block = hmac(secret, &[info, &[1]].concat());
    block.truncate(length);
    block
}

/// ExpandWithLabel (RFC 9420 section 8), for at most 32 octets.
pub(crate) fn expand_with_label(secret: &[u8], label: &str, context: &[u8], length: u16) -> Vec<u8> {
    expand(secret, &[&length.to_be_bytes()[..], &labelled(label, context)].concat(), usize::from(length))
}

/// AES-128-GCM.
pub(crate) fn aes_128_gcm(key: &[u8], nonce: &[u8], aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>> {
    let cipher = Aes128Gcm::new_from_slice(key).map_err(|_| anyhow!("a key of {} octets", key.len()))?;
    let sealed = cipher.encrypt(Nonce::from_slice(nonce), Payload { msg: plaintext, aad });
    sealed.map_err(|_| anyhow!("AES-128-GCM"))
}

fn labeled_extract(suite: &[u8], salt: &[u8], label: &str, ikm: &[u8]) -> Vec<u8> {
    hmac(salt, &[b"HPKE-v1", suite, label.as_bytes(), ikm].concat())
}

fn labeled_expand(suite: &[u8], secret: &[u8], label: &str, info: &[u8], length: u16) -> Vec<u8> {
    let info = [&length.to_be_bytes()[..], b"HPKE-v1", suite, label.as_bytes(), info].concat();
    expand(secret, &info, usize::from(length))
}

/// The X25519 private key of a name.
pub(crate) fn private_key(name: &str) -> [u8; 32] {
    octets32(&format!("X25519 key of {name}"))
}

/// The X25519 public key of a name.
pub(crate) fn public_key(name: &str) -> [u8; 32] {
    PublicKey::from(&StaticSecret::from(private_key(name))).to_bytes()
}

/// EncryptWithLabel (RFC 9420 section 5.1.3) to the key of a name: KEM output and ciphertext.
pub(crate) fn encrypt_with_label(
    receiver: &str,
    ephemeral: &str,
    label: &str,
    context: &[u8],
    plaintext: &[u8],
) -> Result<(Vec<u8>, Vec<u8>)> {
    let kem_output = public_key(ephemeral);
    let receiver = PublicKey::from(public_key(receiver));
    let shared = StaticSecret::from(private_key(ephemeral)).diffie_hellman(&receiver);
    let secret = labeled_extract(KEM, b"", "eae_prk", shared.as_bytes());
    let kem_context = [&kem_output[..], receiver.as_bytes()].concat();
    let shared_secret = labeled_expand(KEM, &secret, "shared_secret", &kem_context, 32);
    let schedule = [
        &[0],
        &labeled_extract(SUITE, b"", "psk_id_hash", b"")[..],
        &labeled_extract(SUITE, b"", "info_hash", &labelled(label, context)),
    ]
    .concat();
    let secret = labeled_extract(SUITE, &shared_secret, "secret", b"");
    let key = labeled_expand(SUITE, &secret, "key", &schedule, 16);
    let nonce = labeled_expand(SUITE, &secret, "base_nonce", &schedule, 12);
    Ok((kem_output.to_vec(), aes_128_gcm(&key, &nonce, b"", plaintext)?))
}
