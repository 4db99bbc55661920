//! The tree over all identifiers with a mapping (discovery profile 0 section 8).
//!
//! A binary tree by the bits of the key. An identifier's leaf lies [`EXTRA`] levels below the point where no other key shares its bits, so that the
//! path of an identifier without mapping nearly always ends in an empty place and shows nobody else. All leaves and empty places are
//! salted: the hashes beside a path tell neither who is there nor whether anybody is.
//!
//! Kept are the sorted keys with the digests of what they have, and the hashes of the upper levels; what is below is computed when it is asked for.

use sha2::{Digest as _, Sha256};

use super::Digest32;
use super::proof::{MAX_DEPTH, Place, Proof, bit, common_bits, empty_hash, inner_hash, leaf_hash, prefix};
use crate::csi::CsiKey;

/// How far below the last fork a leaf lies.
const EXTRA: usize = 12;
/// About how many leaves are below a hash of the lowest level that is kept.
const LEAVES_BELOW: usize = 4;
/// The lowest level that is ever kept.
const MAX_KEPT: usize = 20;

/// From what the salts are derived; known to the provider alone.
#[derive(Clone)]
pub struct TreeSecret([u8; 32]);

impl TreeSecret {
    /// From 32 octets of a random number generator.
    #[must_use]
    pub const fn new(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    fn salt(&self, kind: u8, depth: usize, of: &[u8; 32]) -> [u8; 16] {
        let mut hasher = Sha256::new();
        hasher.update(self.0);
        hasher.update([kind]);
        hasher.update((depth as u64).to_be_bytes());
        hasher.update(of);
        let digest: [u8; 32] = hasher.finalize().into();
        let mut salt = [0; 16];
        salt.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        salt
    }
}

impl std::fmt::Debug for TreeSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TreeSecret(..)")
    }
}

/// An identifier's key with the digest of its mappings.
type Leaf = (CsiKey, Digest32);

/// All identifiers with a mapping.
#[derive(Clone, Debug)]
pub struct Tree {
    secret: TreeSecret,
    /// By key, each once.
    leaves: Vec<(CsiKey, Digest32)>,
    /// The lowest level that is kept.
    kept: usize,
    /// The hashes of the levels 0 to `kept`: level d has 2^d of them.
    levels: Vec<Vec<Digest32>>,
}

impl Tree {
    /// A tree of these identifiers and the digests of their mappings. Of one key given twice the last counts.
    #[must_use]
    pub fn new(secret: TreeSecret, leaves: impl IntoIterator<Item = (CsiKey, Digest32)>) -> Self {
        let mut all: Vec<_> = leaves.into_iter().collect();
        all.sort_by_key(|(key, _)| *key);
        all.reverse();
        all.dedup_by_key(|(key, _)| *key);
        all.reverse();
        let mut tree = Self { secret, leaves: all, kept: 0, levels: Vec::new() };
        tree.rebuild();
        tree
    }

    /// How many identifiers have a mapping.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.leaves.len()
    }

    /// Whether none has.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Digest32 {
        self.levels.first().and_then(|level| level.first()).copied().unwrap_or_default()
    }

    /// The digest of an identifier's mappings, if it has any.
    #[must_use]
    pub fn content(&self, key: &CsiKey) -> Option<&Digest32> {
        let place = self.leaves.binary_search_by_key(key, |(known, _)| *known).ok()?;
        self.leaves.get(place).map(|(_, content)| content)
    }

    /// Sets what an identifier has; `None` takes it out.
    pub fn set(&mut self, key: CsiKey, content: Option<Digest32>) {
        match (self.leaves.binary_search_by_key(&key, |(known, _)| *known), content) {
            (Ok(place), Some(content)) => {
                if let Some((_, known)) = self.leaves.get_mut(place) {
                    *known = content;
                }
            }
            (Ok(place), None) => {
                self.leaves.remove(place);
            }
            (Err(place), Some(content)) => self.leaves.insert(place, (key, content)),
            (Err(_), None) => return,
        }
        // One level more or less does no harm, and a size that goes back and forth over a bound must not rebuild each time.
        if self.wanted_level().abs_diff(self.kept) <= 1 { self.refresh(&key) } else { self.rebuild() }
    }

    /// The proof of what an identifier has, or of that it has nothing.
    #[must_use]
    pub fn prove(&self, key: &CsiKey) -> Proof {
        let kept = self.kept;
        let mut siblings = Vec::new();
        for depth in 1..=kept {
            let place = slot(key, depth) ^ 1;
            siblings.push(self.levels.get(depth).and_then(|level| level.get(place)).copied().unwrap_or_default());
        }
        let below = self.below(key, kept);
        let mut here = below;
        let mut depth = kept;
        loop {
            let last = match here {
                [] => Some(Place::Empty { salt: self.empty_salt(depth, key) }),
                [(only, content)] if depth >= self.leaf_depth(only) => {
                    let salt = self.leaf_salt(only);
                    let place = if only == key {
                        Place::Leaf { salt }
                    } else {
                        Place::Other { key: *only, content: *content, salt }
                    };
                    Some(place)
                }
                _ => None,
            };
            if let Some(place) = last {
                return Proof { place, siblings };
            }
            let (left, right) = split(here, depth);
            let mut other = *key;
            flip(&mut other, depth);
            let (mine, beside) = if bit(key, depth) { (right, left) } else { (left, right) };
            siblings.push(self.hash(beside, depth + 1, &other));
            here = mine;
            depth += 1;
        }
    }

    fn wanted_level(&self) -> usize {
        let level = (self.leaves.len() / LEAVES_BELOW).checked_ilog2().unwrap_or_default() as usize;
        level.min(MAX_KEPT)
    }

    fn rebuild(&mut self) {
        let kept = self.wanted_level();
        self.kept = kept;
        let mut lowest = Vec::with_capacity(1 << kept);
        for place in 0..1_usize << kept {
            let start = key_at(place, kept);
            lowest.push(self.hash(self.below(&start, kept), kept, &start));
        }
        let mut levels = vec![lowest];
        for _ in 0..kept {
            let below = levels.last().map(Vec::as_slice).unwrap_or_default();
            let level = below.chunks_exact(2).map(|pair| match pair {
                [left, right] => inner_hash(left, right),
                _ => Digest32::default(),
            });
            levels.push(level.collect());
        }
        levels.reverse();
        self.levels = levels;
    }

    /// Computes the path of a key anew.
    fn refresh(&mut self, key: &CsiKey) {
        let kept = self.kept;
        let mut hash = self.hash(self.below(key, kept), kept, key);
        for depth in (0..=kept).rev() {
            let place = slot(key, depth);
            let Some(level) = self.levels.get_mut(depth) else { return };
            if let Some(stored) = level.get_mut(place) {
                *stored = hash;
            }
            if let Some(beside) = level.get(place ^ 1).filter(|_| depth > 0) {
                hash = if place & 1 == 1 { inner_hash(beside, &hash) } else { inner_hash(&hash, beside) };
            }
        }
    }

    /// The leaves that share the first bits of a key.
    fn below(&self, key: &CsiKey, depth: usize) -> &[(CsiKey, Digest32)] {
        let start = self.leaves.partition_point(|(known, _)| known < key && common_bits(known, key) < depth);
        let rest = self.leaves.get(start..).unwrap_or_default();
        let end = rest.partition_point(|(known, _)| common_bits(known, key) >= depth);
        rest.get(..end).unwrap_or_default()
    }

    /// At which level a leaf lies: below the last fork with its neighbours. Neighbours beyond the lowest level that is kept do not count, so
    /// that a change never reaches into another part.
    fn leaf_depth(&self, key: &CsiKey) -> usize {
        let kept = self.kept;
        let Ok(place) = self.leaves.binary_search_by_key(key, |(known, _)| *known) else { return kept };
        let neighbours = [place.checked_sub(1), Some(place + 1)];
        let neighbours = neighbours.into_iter().flatten().filter_map(|place| self.leaves.get(place));
        let forks = neighbours.map(|(neighbour, _)| common_bits(key, neighbour) + 1);
        (forks.max().unwrap_or_default().max(kept) + EXTRA).min(MAX_DEPTH)
    }

    /// The hash of the part of the tree at `depth` on the way to `key`, in which these leaves are.
    fn hash(&self, leaves: &[(CsiKey, Digest32)], depth: usize, key: &CsiKey) -> Digest32 {
        match leaves {
            [] => empty_hash(depth, key, &self.empty_salt(depth, key)),
            [(only, content)] => {
                let lies = self.leaf_depth(only).max(depth);
                let mut hash = leaf_hash(lies, only, content, &self.leaf_salt(only));
                for level in (depth..lies).rev() {
                    let mut other = *only;
                    flip(&mut other, level);
                    let beside = empty_hash(level + 1, &other, &self.empty_salt(level + 1, &other));
                    hash = if bit(only, level) { inner_hash(&beside, &hash) } else { inner_hash(&hash, &beside) };
                }
                hash
            }
            _ => {
                let (left, right) = split(leaves, depth);
                let (mut zero, mut one) = (*key, *key);
                set_bit(&mut zero, depth, false);
                set_bit(&mut one, depth, true);
                inner_hash(&self.hash(left, depth + 1, &zero), &self.hash(right, depth + 1, &one))
            }
        }
    }

    fn empty_salt(&self, depth: usize, key: &CsiKey) -> [u8; 16] {
        self.secret.salt(2, depth, &prefix(depth, key))
    }

    fn leaf_salt(&self, key: &CsiKey) -> [u8; 16] {
        self.secret.salt(0, 0, &key.0)
    }
}

/// The first `depth` bits of a key as a number.
fn slot(key: &CsiKey, depth: usize) -> usize {
    (0..depth).fold(0, |slot, level| slot << 1 | usize::from(bit(key, level)))
}

/// The first key whose first `depth` bits are this number.
fn key_at(slot: usize, depth: usize) -> CsiKey {
    let mut key = CsiKey([0; 32]);
    for level in 0..depth {
        set_bit(&mut key, level, slot >> (depth - 1 - level) & 1 == 1);
    }
    key
}

fn set_bit(key: &mut CsiKey, level: usize, value: bool) {
    if let Some(octet) = key.0.get_mut(level / 8) {
        let mask = 0x80_u8 >> (level % 8);
        *octet = if value { *octet | mask } else { *octet & !mask };
    }
}

fn flip(key: &mut CsiKey, level: usize) {
    let value = !bit(key, level);
    set_bit(key, level, value);
}

/// The leaves left and right of the fork at `depth`; all share the bits before.
fn split(leaves: &[Leaf], depth: usize) -> (&[Leaf], &[Leaf]) {
    leaves.split_at(leaves.partition_point(|(key, _)| !bit(key, depth)))
}
