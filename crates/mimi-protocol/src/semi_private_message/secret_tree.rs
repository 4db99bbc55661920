//! The handshake ratchets of all members, from the encryption secret of an epoch (RFC 9420 section 9).

use std::collections::BTreeMap;
use std::fmt;

use super::secrets::{HandshakeSecrets, SecretsError, derive, hash_length};
use crate::crypto::{AeadKey, expand_with_label};
use crate::values::CipherSuite;

/// The most leaves that a tree may have here.
const MAX_LEAVES: u32 = 1 << 16;
/// How many generations may be skipped at once.
const MAX_AHEAD: u32 = 1000;
/// How many skipped keys are kept for each sender.
const MAX_KEPT: usize = 100;

/// A secret tree that cannot be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretTreeError {
    /// The cipher suite is none of RFC 9420.
    #[error("cipher suite {0} is not supported (RFC 9420 section 17.1)")]
    UnsupportedCipherSuite(CipherSuite),
    /// The tree has no leaf, or too many.
    #[error("a tree of {leaves} leaves is not supported (RFC 9420 section 9)")]
    Leaves {
        /// How many.
        leaves: u32,
    },
}

impl SecretTreeError {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        match self {
            Self::UnsupportedCipherSuite(_) => "RFC 9420 section 17.1",
            Self::Leaves { .. } => "RFC 9420 section 9",
        }
    }
}

/// The handshake ratchets of an epoch.
///
/// All ratchets are derived at once and the encryption secret is not kept, so that what was used cannot be derived again. Keys
/// of skipped generations are kept, up to 100 for each sender; no more than 1000 generations are skipped at once.
// req: SP07-3.1-01
#[derive(Clone)]
pub struct SecretTree {
    suite: CipherSuite,
    sender_data_secret: Vec<u8>,
    ratchets: Vec<Ratchet>,
}

#[derive(Clone)]
struct Ratchet {
    secret: Vec<u8>,
    /// The generation of `secret`; nothing when the last one is used.
    generation: Option<u32>,
    kept: BTreeMap<u32, AeadKey>,
}

impl SecretTree {
    /// The ratchets of a tree with this many leaves, blank ones included.
    ///
    /// # Errors
    /// When the suite is none of RFC 9420, or the tree has no leaf or more than 65,536.
    pub fn new(
        suite: CipherSuite,
        leaves: u32,
        encryption_secret: &[u8],
        sender_data_secret: &[u8],
    ) -> Result<Self, SecretTreeError> {
        if !(1..=MAX_LEAVES).contains(&leaves) {
            return Err(SecretTreeError::Leaves { leaves });
        }
        let unsupported = || SecretTreeError::UnsupportedCipherSuite(suite);
        let length = u16::try_from(hash_length(suite).ok_or_else(unsupported)?).map_err(|_| unsupported())?;
        let expand = |secret: &[u8], label: &str, context: &[u8]| {
            expand_with_label(suite, secret, label, context, length).ok_or_else(unsupported)
        };
        let mut nodes = vec![encryption_secret.to_vec()];
        for _ in 0..leaves.next_power_of_two().trailing_zeros() {
            let mut below = Vec::with_capacity(nodes.len() * 2);
            for node in &nodes {
                below.push(expand(node, "tree", b"left")?);
                below.push(expand(node, "tree", b"right")?);
            }
            nodes = below;
        }
        let mut ratchets = Vec::new();
        for node in nodes.iter().zip(0..leaves).map(|(node, _)| node) {
            let secret = expand(node, "handshake", b"")?;
            ratchets.push(Ratchet { secret, generation: Some(0), kept: BTreeMap::new() });
        }
        Ok(Self { suite, sender_data_secret: sender_data_secret.to_vec(), ratchets })
    }

    fn ratchet(&mut self, leaf_index: u32) -> Result<&mut Ratchet, SecretsError> {
        let place = usize::try_from(leaf_index).unwrap_or(usize::MAX);
        self.ratchets.get_mut(place).ok_or(SecretsError::NoSuchLeaf { leaf_index })
    }
}

impl Ratchet {
    /// The key of the next generation, which is used up.
    fn step(&mut self, suite: CipherSuite) -> Option<(u32, AeadKey)> {
        let generation = self.generation?;
        let context = generation.to_be_bytes();
        let key = derive(suite, |label, length| expand_with_label(suite, &self.secret, label, &context, length))?;
        let length = u16::try_from(self.secret.len()).ok()?;
        self.secret = expand_with_label(suite, &self.secret, "secret", &context, length)?;
        self.generation = generation.checked_add(1);
        Some((generation, key))
    }
}

impl HandshakeSecrets for SecretTree {
    fn sender_data_secret(&self) -> &[u8] {
        &self.sender_data_secret
    }

    fn next(&mut self, own_leaf_index: u32) -> Result<(u32, AeadKey), SecretsError> {
        let suite = self.suite;
        self.ratchet(own_leaf_index)?.step(suite).ok_or(SecretsError::Exhausted { leaf_index: own_leaf_index })
    }

    fn key(&mut self, leaf_index: u32, generation: u32) -> Result<AeadKey, SecretsError> {
        let suite = self.suite;
        let ratchet = self.ratchet(leaf_index)?;
        if let Some(key) = ratchet.kept.get(&generation) {
            return Ok(key.clone());
        }
        let gone = SecretsError::Gone { leaf_index, generation };
        let next = ratchet.generation.ok_or(gone)?;
        if generation < next {
            return Err(gone);
        }
        if generation - next > MAX_AHEAD {
            return Err(SecretsError::TooFarAhead { generation, limit: MAX_AHEAD });
        }
        for _ in next..=generation {
            let (reached, key) = ratchet.step(suite).ok_or(SecretsError::Exhausted { leaf_index })?;
            ratchet.kept.insert(reached, key);
            if ratchet.kept.len() > MAX_KEPT {
                ratchet.kept.pop_first();
            }
        }
        ratchet.kept.get(&generation).cloned().ok_or(gone)
    }

    fn used(&mut self, leaf_index: u32, generation: u32) {
        if let Ok(ratchet) = self.ratchet(leaf_index) {
            ratchet.kept.remove(&generation);
        }
    }
}

impl fmt::Debug for SecretTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretTree").field("leaves", &self.ratchets.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use crate::semi_private_message::secrets::sender_data_key;

    const SUITE: CipherSuite = CipherSuite(1);

    fn tree() -> SecretTree {
        SecretTree::new(SUITE, 8, &[1; 32], &[2; 32]).unwrap()
    }

    #[test]
    fn ratchets_are_those_that_the_mls_working_group_published() {
        // req: SP07-3.1-01
        // Cipher suite 1, eight leaves, of the published secret-tree vectors.
        let secret = hex::decode("9d4ecb550dc4fbcbaae66d120a2215cbeca20d45d66791df5b4349eace30fd3f").unwrap();
        let mut tree = SecretTree::new(SUITE, 8, &secret, &[]).unwrap();
        for (leaf, generation, key, nonce) in [
            (0, 0, "199d6d2b8810a8f6e81e80e49e6a29ce", "18f6c449223678070da1a24b"),
            (0, 15, "e6c01a531c31e31faa37eaa6ec405cbd", "579ee05a5d60db32f9c8aef0"),
            (5, 15, "9a494c83e2d9dfab6008d8df9ba63aab", "95edab0a7777e09c30514561"),
            (5, 0, "579d500a6e78803ffd6187c1e4a3448d", "8bdceebc9e6f8838c93ebe06"),
        ] {
            let found = tree.key(leaf, generation).unwrap();
            assert_eq!((hex::encode(found.key).as_str(), hex::encode(found.nonce).as_str()), (key, nonce));
        }
    }

    #[test]
    fn the_key_of_sender_data_is_the_published_one() {
        // Cipher suite 1, one leaf, of the published secret-tree vectors.
        let secret = hex::decode("95684b805e1bbd9c71d1abaf8a1930c12112b9a06c12db937970be5bbb916573").unwrap();
        let ciphertext = hex::decode(
            "156f2eb3fa482cff20e3a090c267ce6481d4a0976aee2adb921d70ae8a04a6494339462ac049f185e7184d8245270e54e68b72bd5df66800367c50e4\
             23cafec0260ac4dc743c24cabfc6060fc5",
        );
        let key = sender_data_key(SUITE, &secret, &ciphertext.unwrap()).unwrap();
        assert_eq!(hex::encode(key.key), "92667d9c889a6b768c157538c0a79fed");
        assert_eq!(hex::encode(key.nonce), "362785b1cc8bc775fcc216e7");
    }

    #[test]
    fn a_key_that_was_used_is_gone() {
        let mut tree = tree();
        let first = tree.key(3, 1).unwrap();
        assert_eq!(tree.key(3, 1).unwrap(), first);
        tree.used(3, 1);
        assert_eq!(tree.key(3, 1), Err(SecretsError::Gone { leaf_index: 3, generation: 1 }));
        assert_ne!(tree.key(3, 0).unwrap(), first);
    }

    #[test]
    fn no_own_generation_comes_twice() {
        let mut tree = tree();
        let (a, b) = (tree.next(2).unwrap(), tree.next(2).unwrap());
        assert_eq!((a.0, b.0), (0, 1));
        assert_ne!(a.1, b.1);
        assert_eq!(tree.key(2, 0), Err(SecretsError::Gone { leaf_index: 2, generation: 0 }));
    }

    #[test]
    fn skipping_and_keeping_have_limits() {
        let mut tree = tree();
        let far = SecretsError::TooFarAhead { generation: 1001, limit: 1000 };
        assert_eq!(tree.key(0, 1001), Err(far));
        assert_eq!(tree.key(0, u32::MAX), Err(SecretsError::TooFarAhead { generation: u32::MAX, limit: 1000 }));
        tree.key(0, 1000).unwrap();
        tree.key(0, 901).unwrap();
        assert_eq!(tree.key(0, 900), Err(SecretsError::Gone { leaf_index: 0, generation: 900 }));
        assert_eq!(tree.key(8, 0), Err(SecretsError::NoSuchLeaf { leaf_index: 8 }));
    }

    #[test]
    fn trees_without_leaves_or_of_unknown_suites_are_not_made() {
        assert_eq!(SecretTree::new(SUITE, 0, &[], &[]).unwrap_err(), SecretTreeError::Leaves { leaves: 0 });
        assert_eq!(SecretTree::new(SUITE, 65_537, &[], &[]).unwrap_err(), SecretTreeError::Leaves { leaves: 65_537 });
        let suite = CipherSuite(0xf001);
        let error = SecretTree::new(suite, 1, &[], &[]).unwrap_err();
        assert_eq!(error, SecretTreeError::UnsupportedCipherSuite(suite));
    }
}
