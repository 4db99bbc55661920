//! That an identifier has these mappings in a snapshot, or none (discovery profile 0 section 8).

use mimi_arch::codec::{DecodeError, EncodeError, Reader, Wire, rules};
use sha2::{Digest as _, Sha256};

use super::Digest32;
use crate::csi::CsiKey;

/// The deepest place in the tree: one level for every bit of a key.
pub(super) const MAX_DEPTH: usize = 256;

rules! {
    PLACE_UNKNOWN = "a place in the tree is neither a leaf nor empty", "discovery profile 0 section 8";
    PROOF_TOO_DEEP = "a proof is deeper than 256 levels", "discovery profile 0 section 8";
}

/// What is at the end of the path.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Place {
    /// The identifier itself, with the digest of its mappings.
    Leaf {
        /// Hides what is there from who sees the hash alone.
        salt: [u8; 16],
    },
    /// Nothing; so the identifier has no mapping.
    Empty {
        /// Hides that nothing is there from who sees the hash alone.
        salt: [u8; 16],
    },
    /// Another identifier, and nothing else, in this part of the tree; so this one has no mapping. This shows the key of the other one and
    /// occurs for one in 4,096 identifiers that have no mapping.
    Other {
        /// The key of the other one.
        key: CsiKey,
        /// The digest of its mappings.
        content: Digest32,
        /// As of a leaf.
        salt: [u8; 16],
    },
}

/// A path from an identifier's place to the root.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Proof {
    /// What is at its end.
    pub place: Place,
    /// The hashes beside the path, from the root's children down.
    pub siblings: Vec<Digest32>,
}

/// A proof that proves nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The root is another one.
    #[error("the proof does not lead to the snapshot's root")]
    OtherRoot,
    /// It shows that there are no mappings while the answer has some, or the other way round.
    #[error("the proof is of presence where the answer is of absence, or the other way round")]
    Contradiction,
    /// The other identifier that it shows is the one asked for, or lies elsewhere in the tree.
    #[error("the identifier that the proof shows is not another one of the same part of the tree")]
    NotElsewhere,
}

impl Proof {
    /// Checks the path; `content` is the digest of the mappings in the answer, `None` when it has none.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn verify(&self, root: &Digest32, key: &CsiKey, content: Option<&Digest32>) -> Result<(), ProofError> {
        let depth = self.siblings.len();
        let mut hash = match (&self.place, content) {
            (Place::Leaf { salt }, Some(content)) => leaf_hash(depth, key, content, salt),
            (Place::Empty { salt }, None) => empty_hash(depth, key, salt),
            (Place::Other { key: other, content, salt }, None) => {
                if other == key || common_bits(other, key) < depth {
                    return Err(ProofError::NotElsewhere);
                }
                leaf_hash(depth, other, content, salt)
            }
            _ => return Err(ProofError::Contradiction),
        };
        for (level, sibling) in self.siblings.iter().enumerate().rev() {
            hash = if bit(key, level) { inner_hash(sibling, &hash) } else { inner_hash(&hash, sibling) };
        }
        if hash == *root { Ok(()) } else { Err(ProofError::OtherRoot) }
    }
}

/// The bit of a key that decides at a level; false is left.
pub(super) fn bit(key: &CsiKey, level: usize) -> bool {
    key.0.get(level / 8).is_some_and(|octet| octet >> (7 - level % 8) & 1 == 1)
}

/// How many bits two keys have in common at their beginning.
pub(super) fn common_bits(a: &CsiKey, b: &CsiKey) -> usize {
    let mut bits = 0;
    for (a, b) in a.0.iter().zip(&b.0) {
        let same = (a ^ b).leading_zeros() as usize;
        bits += same;
        if same < 8 {
            break;
        }
    }
    bits
}

pub(super) fn leaf_hash(depth: usize, key: &CsiKey, content: &Digest32, salt: &[u8; 16]) -> Digest32 {
    hash(&[&[0], &level(depth), &key.0, content, salt])
}

pub(super) fn inner_hash(left: &Digest32, right: &Digest32) -> Digest32 {
    hash(&[&[1], left, right])
}

/// The hash of an empty place: of the bits that lead there, the rest of the key is zeros.
pub(super) fn empty_hash(depth: usize, key: &CsiKey, salt: &[u8; 16]) -> Digest32 {
    hash(&[&[2], &level(depth), &prefix(depth, key), salt])
}

pub(super) fn prefix(depth: usize, key: &CsiKey) -> [u8; 32] {
    let mut prefix = [0; 32];
    for (place, (to, from)) in prefix.iter_mut().zip(&key.0).enumerate() {
        let bits = depth.saturating_sub(place * 8).min(8);
        *to = if bits == 0 { 0 } else { from & (0xff_u8 << (8 - bits)) };
    }
    prefix
}

fn level(depth: usize) -> [u8; 2] {
    u16::try_from(depth).unwrap_or(u16::MAX).to_be_bytes()
}

fn hash(parts: &[&[u8]]) -> Digest32 {
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().into()
}

impl Wire for Place {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        Ok(match r.u8()? {
            1 => Self::Leaf { salt: r.array()? },
            2 => Self::Empty { salt: r.array()? },
            3 => Self::Other { key: CsiKey(r.array()?), content: r.array()?, salt: r.array()? },
            _ => return Err(start.error(&PLACE_UNKNOWN)),
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::Leaf { salt } => {
                out.push(1);
                out.extend_from_slice(salt);
            }
            Self::Empty { salt } => {
                out.push(2);
                out.extend_from_slice(salt);
            }
            Self::Other { key, content, salt } => {
                out.push(3);
                out.extend_from_slice(&key.0);
                out.extend_from_slice(content);
                out.extend_from_slice(salt);
            }
        }
        Ok(())
    }
}

impl Wire for Proof {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let place = Place::decode(r)?;
        let start = r.clone();
        let depth = usize::from(r.u16()?);
        if depth > MAX_DEPTH {
            return Err(start.error(&PROOF_TOO_DEEP));
        }
        let mut siblings = Vec::new();
        for _ in 0..depth {
            siblings.push(r.array()?);
        }
        Ok(Self { place, siblings })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if self.siblings.len() > MAX_DEPTH {
            return Err(EncodeError::new(&PROOF_TOO_DEEP));
        }
        self.place.encode(out)?;
        out.extend_from_slice(&level(self.siblings.len()));
        self.siblings.iter().for_each(|sibling| out.extend_from_slice(sibling));
        Ok(())
    }
}
