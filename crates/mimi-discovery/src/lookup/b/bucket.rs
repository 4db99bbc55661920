//! Making buckets (discovery profile 0 section 11).
//!
//! A bucket is a function of the provider's secrets, the number of the snapshot and the records in it: it need not be stored, and is the same whenever
//! it is made again. Kept is one hash per bucket ([`BucketTree`]).

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{InclusionProof, RootHash};
use mimi_arch::codec::{DecodeError, EncodeError, Reader, Wire};
use sha2::{Digest as _, Sha256};
use sha2_011::Sha256 as TreeHash;

use super::{
    BUCKET_ROWS, BucketParameters, MAX_ROWS, NONCE_SIZE, ProvenBucket, ROW_PLAINTEXT, ROW_SIZE, RowSecret, TAG_SIZE,
};
use crate::entropy::{Seed, prf};
use crate::freshness::MAX_MAPPINGS;
use crate::profile::{PROFILE, framed};
use crate::record::Record;
use crate::snapshot::{Digest32, Snapshot};

/// A bucket: its rows by tag, one after the other.
#[derive(Clone, PartialEq, Eq)]
pub struct Bucket {
    pub(crate) index: u32,
    /// A multiple of [`ROW_SIZE`] octets.
    pub(crate) rows: Vec<u8>,
}

impl std::fmt::Debug for Bucket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bucket({}, {} rows)", self.index, self.rows.len() / ROW_SIZE)
    }
}

impl Bucket {
    /// Its number.
    #[must_use]
    pub const fn index(&self) -> u32 {
        self.index
    }

    /// Its rows, with their tags.
    pub fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.rows.chunks_exact(ROW_SIZE)
    }

    /// What the tree has of it: bound to the parameters and the number of the snapshot.
    #[must_use]
    pub fn hash(&self, parameters: &BucketParameters, snapshot: u64) -> Digest32 {
        let mut start = Vec::with_capacity(128);
        framed(&mut start, PROFILE.as_bytes());
        framed(&mut start, b"Bucket");
        framed(&mut start, &parameters.key.0);
        framed(&mut start, &[parameters.bits]);
        framed(&mut start, &parameters.rows.to_be_bytes());
        framed(&mut start, &snapshot.to_be_bytes());
        framed(&mut start, &self.index.to_be_bytes());
        let mut hasher = Sha256::new();
        hasher.update(&start);
        hasher.update(&self.rows);
        hasher.finalize().into()
    }
}

impl Wire for Bucket {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let index = r.u32()?;
        let start = r.clone();
        let rows = r.u16()?;
        if rows == 0 || rows > MAX_ROWS {
            return Err(start.error(&BUCKET_ROWS));
        }
        Ok(Self { index, rows: r.take(usize::from(rows) * ROW_SIZE)?.to_vec() })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let wrong = EncodeError::new(&BUCKET_ROWS);
        let rows = u16::try_from(self.rows.len() / ROW_SIZE).map_err(|_| wrong)?;
        if rows == 0 || rows > MAX_ROWS || !self.rows.len().is_multiple_of(ROW_SIZE) {
            return Err(wrong);
        }
        self.index.encode(out)?;
        rows.encode(out)?;
        out.extend_from_slice(&self.rows);
        Ok(())
    }
}

/// Buckets that cannot be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BucketError {
    /// More records than rows are in one bucket: [`BucketParameters::doubled`] helps.
    #[error("bucket {bucket} has {records} records and {rows} rows")]
    Overflow {
        /// Which.
        bucket: u32,
        /// How many records belong in it.
        records: usize,
        /// How many rows it has.
        rows: u16,
    },
    /// An identifier has more records than slots.
    #[error("an identifier has {records} records, more than {MAX_MAPPINGS}")]
    TooManyRecords {
        /// How many.
        records: usize,
    },
    /// Something belongs in another bucket.
    #[error("the identifier belongs in bucket {belongs}")]
    OtherBucket {
        /// In which.
        belongs: u32,
    },
    /// A record has no encoding.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The cipher failed.
    #[error("a row cannot be encrypted")]
    Cipher,
}

/// What makes the buckets of one snapshot.
#[derive(Clone, Debug)]
pub struct Maker {
    /// The parameters.
    pub parameters: BucketParameters,
    /// The number of the snapshot.
    pub snapshot: u64,
    /// From what unused rows are made; known to the provider alone, and the same as long as the snapshot is served.
    pub filler: Seed,
}

impl Maker {
    /// Makes a bucket of the identifiers in it, each with what the keyed function gives for it, and its records in the order of their names.
    ///
    /// # Errors
    /// There are too many, or one that belongs elsewhere.
    pub fn bucket<'a>(
        &self,
        index: u32,
        entries: impl IntoIterator<Item = (&'a RowSecret, &'a [Record])>,
    ) -> Result<Bucket, BucketError> {
        let mut rows: Vec<Vec<u8>> = Vec::with_capacity(usize::from(self.parameters.rows));
        for (secret, records) in entries {
            let belongs = secret.bucket(&self.parameters);
            if belongs != index {
                return Err(BucketError::OtherBucket { belongs });
            }
            let count = u8::try_from(records.len()).ok().filter(|count| usize::from(*count) <= MAX_MAPPINGS);
            let count = count.ok_or(BucketError::TooManyRecords { records: records.len() })?;
            for (slot, record) in (0..count).zip(records) {
                rows.push(self.row(index, secret, slot, count, record)?);
            }
        }
        let wanted = usize::from(self.parameters.rows);
        if rows.len() > wanted {
            let rows_there = self.parameters.rows;
            return Err(BucketError::Overflow { bucket: index, records: rows.len(), rows: rows_there });
        }
        let key = prf(self.filler.octets(), "filler", &[&self.snapshot.to_be_bytes(), &index.to_be_bytes()]);
        for unused in rows.len()..wanted {
            rows.push(filler(&key, unused)?);
        }
        rows.sort_unstable();
        Ok(Bucket { index, rows: rows.concat() })
    }

    fn row(
        &self,
        index: u32,
        secret: &RowSecret,
        slot: u8,
        count: u8,
        record: &Record,
    ) -> Result<Vec<u8>, BucketError> {
        let mut plaintext = Vec::with_capacity(ROW_PLAINTEXT);
        plaintext.push(count);
        record.encode(&mut plaintext)?;
        plaintext.resize(ROW_PLAINTEXT, 0);
        let (tag, key) = secret.row(self.snapshot, slot);
        // Made from key and content: a snapshot that is made again with other content does not use a nonce twice.
        let mut nonce = [0; NONCE_SIZE];
        nonce.iter_mut().zip(prf(&key, "row nonce", &[&plaintext])).for_each(|(to, from)| *to = from);
        let aad = row_aad(self.snapshot, index, slot);
        let payload = Payload { msg: &plaintext, aad: &aad };
        let cipher = ChaCha20Poly1305::new(&key.into());
        let ciphertext = cipher.encrypt(Nonce::from_slice(&nonce), payload).map_err(|_| BucketError::Cipher)?;
        Ok([tag.as_slice(), &nonce, &ciphertext].concat())
    }
}

/// An unused row: the key stream of a cipher, which nobody without the key can tell from a used one.
fn filler(key: &[u8; 32], row: usize) -> Result<Vec<u8>, BucketError> {
    let mut nonce = [0; NONCE_SIZE];
    nonce.iter_mut().zip((row as u64).to_be_bytes()).for_each(|(to, from)| *to = from);
    let zeros = [0; ROW_SIZE - 16];
    ChaCha20Poly1305::new(key.into())
        .encrypt(Nonce::from_slice(&nonce), zeros.as_slice())
        .map_err(|_| BucketError::Cipher)
}

pub(super) fn row_aad(snapshot: u64, index: u32, slot: u8) -> Vec<u8> {
    [snapshot.to_be_bytes().as_slice(), &index.to_be_bytes(), &[slot]].concat()
}

/// Opens a row; `None` when it is not encrypted under the key.
pub(super) fn open_row(row: &[u8], key: &[u8; 32], aad: &[u8]) -> Option<Vec<u8>> {
    let (nonce, ciphertext) = row.get(TAG_SIZE..)?.split_at_checked(NONCE_SIZE)?;
    let payload = Payload { msg: ciphertext, aad };
    ChaCha20Poly1305::new(key.into()).decrypt(Nonce::from_slice(nonce), payload).ok()
}

/// The hashes of all buckets of a snapshot: the tree of RFC 6962 section 2.1 over them.
pub struct BucketTree(MemoryBackedTree<TreeHash, Digest32>);

impl std::fmt::Debug for BucketTree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BucketTree({} buckets)", self.0.len())
    }
}

impl BucketTree {
    /// Of the hashes of all buckets, in order.
    #[must_use]
    pub fn new(hashes: impl IntoIterator<Item = Digest32>) -> Self {
        let mut tree = MemoryBackedTree::new();
        hashes.into_iter().for_each(|hash| tree.push(hash));
        Self(tree)
    }

    /// The root, for the snapshot.
    #[must_use]
    pub fn root(&self) -> Digest32 {
        (*self.0.root().as_bytes()).into()
    }

    /// The path of a bucket; `None` when there is no such bucket.
    #[must_use]
    pub fn prove(&self, index: u32) -> Option<Vec<Digest32>> {
        if u64::from(index) >= self.0.len() {
            return None;
        }
        let proof = self.0.prove_inclusion(usize::try_from(index).ok()?);
        Some(proof.as_bytes().as_chunks().0.to_vec())
    }
}

/// Whether a bucket's hash is in the tree of a root.
pub(super) fn is_included(
    hash: &Digest32,
    index: u32,
    parameters: &BucketParameters,
    inclusion: &[Digest32],
    root: &Digest32,
) -> bool {
    let root: RootHash<TreeHash> = RootHash::new((*root).into(), u64::from(parameters.buckets()));
    let Ok(proof) = InclusionProof::try_from_bytes(inclusion.as_flattened().to_vec()) else { return false };
    root.verify_inclusion(hash, u64::from(index), &proof).is_ok()
}

/// All buckets of a snapshot in memory: for a provider with few identifiers. One with many makes each bucket when it is asked for, with [`Maker`].
#[derive(Debug)]
pub struct Buckets {
    buckets: Vec<Bucket>,
    tree: BucketTree,
}

impl Buckets {
    /// Makes all buckets.
    ///
    /// # Errors
    /// One overflows.
    pub fn build<'a>(
        maker: &Maker,
        entries: impl IntoIterator<Item = (&'a RowSecret, &'a [Record])>,
    ) -> Result<Self, BucketError> {
        let mut by_bucket: Vec<Vec<(&RowSecret, &[Record])>> = vec![Vec::new(); maker.parameters.buckets() as usize];
        for (secret, records) in entries {
            if let Some(bucket) = by_bucket.get_mut(secret.bucket(&maker.parameters) as usize) {
                bucket.push((secret, records));
            }
        }
        let buckets =
            (0..).zip(by_bucket).map(|(index, entries)| maker.bucket(index, entries)).collect::<Result<Vec<_>, _>>()?;
        let tree = BucketTree::new(buckets.iter().map(|bucket| bucket.hash(&maker.parameters, maker.snapshot)));
        Ok(Self { buckets, tree })
    }

    /// The root, for the snapshot.
    #[must_use]
    pub fn root(&self) -> Digest32 {
        self.tree.root()
    }

    /// A bucket with its proof in the snapshot of that root; `None` when there is no such bucket.
    #[must_use]
    pub fn prove(&self, index: u32, snapshot: &Snapshot) -> Option<ProvenBucket> {
        let bucket = self.buckets.get(usize::try_from(index).ok()?)?.clone();
        Some(ProvenBucket { snapshot: snapshot.clone(), bucket, inclusion: self.tree.prove(index)? })
    }
}
