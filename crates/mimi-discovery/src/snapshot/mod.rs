//! What a discovery provider commits itself to (discovery profile 0 section 8): a signed root over all identifiers with a mapping.
//!
//! Every answer comes with a proof against a [`Snapshot`]: that these are the mappings of the identifier, or that there is none. A provider that
//! omits, swaps or forges something for one asker would have to show that asker another snapshot than everybody else.

mod proof;
mod tree;

use mimi_arch::Domain;
use mimi_arch::codec::{DecodeError, EncodeError, Reader, Wire, rules};

use crate::profile::{
    CLOCK_SKEW, Key, Moment, PublicKey, Seconds, Signature, SignatureError, Validity, domain, put_domain,
};

pub use proof::{Place, Proof, ProofError};
pub use tree::{Tree, TreeSecret};

const LABEL: &str = "Snapshot";

rules! {
    SNAPSHOT_ZERO = "a snapshot has the number 0", "discovery profile 0 section 8";
}

/// A digest of SHA-256.
pub type Digest32 = [u8; 32];

/// What a provider has at a moment, signed (discovery profile 0 section 8). Not verified: see [`Snapshot::verify`].
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Snapshot {
    /// The discovery provider.
    pub dp: Domain,
    /// Grows with every snapshot of the provider; the first is 1.
    pub number: u64,
    /// When it was made, and until when answers may use it.
    pub validity: Validity,
    /// Root of the tree of identifiers.
    pub root: Digest32,
    /// Root over the buckets of mode B, or zeros where that mode is not served (section 11).
    pub buckets_root: Digest32,
    /// By the provider.
    pub signature: Signature,
}

impl Snapshot {
    /// Signs a snapshot.
    ///
    /// # Errors
    /// When a value has no encoding.
    pub fn sign(
        dp: &Domain,
        number: u64,
        validity: Validity,
        root: Digest32,
        buckets_root: Digest32,
        key: &Key,
    ) -> Result<Self, EncodeError> {
        let mut snapshot = Self { dp: dp.clone(), number, validity, root, buckets_root, signature: Signature([0; 64]) };
        snapshot.signature = key.sign(LABEL, &snapshot.content()?);
        Ok(snapshot)
    }

    fn content(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::with_capacity(160);
        self.encode_content(&mut out)?;
        Ok(out)
    }

    fn encode_content(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if self.number == 0 {
            return Err(EncodeError::new(&SNAPSHOT_ZERO));
        }
        put_domain(out, &self.dp)?;
        self.number.encode(out)?;
        self.validity.encode(out)?;
        out.extend_from_slice(&self.root);
        out.extend_from_slice(&self.buckets_root);
        Ok(())
    }

    /// Checks that it is of this provider, holds now, and is not older than one that was seen before.
    ///
    /// # Errors
    /// The first of these that fails.
    pub fn verify(self, dp: &TrustedProvider, now: Seconds) -> Result<VerifiedSnapshot, SnapshotError> {
        if self.dp != dp.domain {
            return Err(SnapshotError::OtherProvider(self.dp));
        }
        let content = self.content().map_err(|_| SignatureError::Invalid)?;
        dp.key.verify(LABEL, &content, &self.signature)?;
        match self.validity.at(now) {
            Moment::Before => return Err(SnapshotError::InFuture { made: self.validity.not_before }),
            Moment::After if self.validity.not_after.plus(CLOCK_SKEW) < now => {
                return Err(SnapshotError::Old { ended: self.validity.not_after });
            }
            Moment::After | Moment::Within => {}
        }
        if self.number < dp.seen {
            return Err(SnapshotError::RolledBack { given: self.number, seen: dp.seen });
        }
        Ok(VerifiedSnapshot(self))
    }
}

impl Wire for Snapshot {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let dp = domain(r)?;
        let start = r.clone();
        let number = r.u64()?;
        if number == 0 {
            return Err(start.error(&SNAPSHOT_ZERO));
        }
        Ok(Self {
            dp,
            number,
            validity: Validity::decode(r)?,
            root: r.array()?,
            buckets_root: r.array()?,
            signature: Signature::decode(r)?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.encode_content(out)?;
        self.signature.encode(out)
    }
}

/// A discovery provider as an asker knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrustedProvider {
    /// Its domain.
    pub domain: Domain,
    /// The key that signs its snapshots.
    pub key: PublicKey,
    /// The highest number of a snapshot of it that was seen; 0 at first.
    pub seen: u64,
}

/// A snapshot that does not count.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// It is another provider's.
    #[error("the snapshot is of {0}")]
    OtherProvider(Domain),
    /// The provider has not signed it.
    #[error("the snapshot: {0}")]
    Signature(#[from] SignatureError),
    /// It was made in the future.
    #[error("the snapshot was made at {}, which has not come", .made.0)]
    InFuture {
        /// When.
        made: Seconds,
    },
    /// It may not be used any more.
    #[error("the snapshot was good until {}", .ended.0)]
    Old {
        /// Its last second.
        ended: Seconds,
    },
    /// A later one was seen.
    #[error("the snapshot has number {given}, number {seen} was seen before")]
    RolledBack {
        /// Its number.
        given: u64,
        /// The highest that was seen.
        seen: u64,
    },
}

/// A snapshot that holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifiedSnapshot(Snapshot);

impl VerifiedSnapshot {
    /// What it says.
    #[must_use]
    pub const fn get(&self) -> &Snapshot {
        &self.0
    }
}
