//! Finding an identifier's records in a bucket, and verifying all of it (discovery profile 0 section 11).

use std::fmt;

use mimi_arch::codec::{DecodeError, Reader, Wire};

use super::bucket::{is_included, open_row, row_aad};
use super::{BucketRequest, BucketResponse, Located, ProvenBucket, TAG_SIZE};
use crate::answer::{AnswerError, VerifiedAnswer};
use crate::config::VerifiedConfig;
use crate::freshness::MAX_MAPPINGS;
use crate::lookup::{REQUEST_PADDING, ResponseError};
use crate::oblivious::{self, Endpoint, PendingResponse};
use crate::profile::Seconds;
use crate::record::{Anchors, Record};
use crate::snapshot::{SnapshotError, TrustedProvider};

/// A bucket that is not to be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FindError {
    /// The snapshot does not count.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// It is another bucket than the identifier's, or has another size.
    #[error("bucket {found} of {rows} rows instead of bucket {asked} of {expected}")]
    OtherBucket {
        /// The number that came.
        found: u32,
        /// Its rows.
        rows: usize,
        /// The number that was asked for.
        asked: u32,
        /// The rows of every bucket.
        expected: u16,
    },
    /// The provider has not committed itself to it.
    #[error("the bucket is not in the snapshot")]
    NotIncluded,
    /// The rows are not in the order of their tags, or two have the same.
    #[error("the rows are not in ascending order")]
    NotSorted,
    /// A row has a tag of the identifier, and is not encrypted under its key.
    #[error("row {slot} of the identifier does not open")]
    Sealed {
        /// Which of its rows.
        slot: u8,
    },
    /// A row of the identifier is missing, or there is one too many.
    #[error("of the identifier's {count} rows, row {slot} is missing, or is there all the same")]
    Incomplete {
        /// Which of its rows.
        slot: u8,
        /// How many the first row says there are.
        count: u8,
    },
    /// What is in a row is malformed.
    #[error("row {slot} of the identifier: {error}")]
    Malformed {
        /// Which of its rows.
        slot: u8,
        /// What is wrong.
        error: DecodeError,
    },
    /// A record is not the recipient's, or somebody else's.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// The response.
    #[error(transparent)]
    Response(#[from] ResponseError),
}

impl Located {
    /// Makes the request for the bucket, for the relay.
    ///
    /// # Errors
    /// The provider's key is none.
    pub fn ask(&self, config: &VerifiedConfig) -> Result<(Vec<u8>, PendingBucket), ResponseError> {
        let content = BucketRequest { index: self.bucket() }.to_bytes()?;
        let config = config.get();
        let (encapsulated, pending) =
            oblivious::encapsulate(&config.domain, &config.oblivious_key, Endpoint::Bucket, &content)?;
        Ok((encapsulated, PendingBucket(pending)))
    }

    /// Finds the identifier's mappings in its bucket, or that it has none. All is verified: that the provider has committed itself to the bucket, that it is
    /// the right one, that no row was left out, and that each mapping is the recipient's own.
    ///
    /// # Errors
    /// The first thing that is wrong. Nothing of the bucket is to be used then.
    // req: UD03-8-01, UD03-9-01, UD03-10-01, UD03-11-01
    pub fn find(
        &self,
        proven: ProvenBucket,
        dp: &TrustedProvider,
        anchors: &Anchors,
        now: Seconds,
    ) -> Result<VerifiedAnswer, FindError> {
        let ProvenBucket { snapshot, bucket, inclusion } = proven;
        let snapshot = snapshot.verify(dp, now)?;
        let (index, rows) = (bucket.index(), bucket.rows().count());
        if index != self.bucket() || rows != usize::from(self.parameters.rows) {
            let (asked, expected) = (self.bucket(), self.parameters.rows);
            return Err(FindError::OtherBucket { found: index, rows, asked, expected });
        }
        let number = snapshot.get().number;
        let hash = bucket.hash(&self.parameters, number);
        if !is_included(&hash, index, &self.parameters, &inclusion, &snapshot.get().buckets_root) {
            return Err(FindError::NotIncluded);
        }
        let tag_of = |row: &[u8]| row.first_chunk::<TAG_SIZE>().copied().unwrap_or_default();
        let by_tag: Vec<_> = bucket.rows().map(|row| (tag_of(row), row)).collect();
        if !by_tag.is_sorted_by(|(before, _), (after, _)| before < after) {
            return Err(FindError::NotSorted);
        }
        let mut count = 0;
        let mut records = Vec::new();
        for slot in 0..u8::try_from(MAX_MAPPINGS).unwrap_or(u8::MAX) {
            let (tag, key) = self.secret.row(number, slot);
            let row = by_tag.binary_search_by_key(&tag, |(tag, _)| *tag).ok().and_then(|place| by_tag.get(place));
            let Some((_, row)) = row else {
                if slot < count {
                    return Err(FindError::Incomplete { slot, count });
                }
                continue;
            };
            let plaintext = open_row(row, &key, &row_aad(number, index, slot)).ok_or(FindError::Sealed { slot })?;
            let (claimed, record) = read(&plaintext).map_err(|error| FindError::Malformed { slot, error })?;
            if slot == 0 {
                count = claimed;
            }
            if slot >= count || claimed != count {
                return Err(FindError::Incomplete { slot, count });
            }
            records.push(record);
        }
        Ok(VerifiedAnswer::of(snapshot, records, &self.csi, anchors, now)?)
    }
}

/// How many rows the identifier has, and one record of it.
fn read(plaintext: &[u8]) -> Result<(u8, Record), DecodeError> {
    let mut reader = Reader::new(plaintext);
    let count = reader.u8()?;
    let record = Record::decode(&mut reader)?;
    match reader.rest().iter().position(|octet| *octet != 0) {
        None => Ok((count, record)),
        Some(place) => Err(DecodeError::new(reader.offset() + place, &REQUEST_PADDING)),
    }
}

/// A bucket that is awaited.
pub struct PendingBucket(PendingResponse);

impl fmt::Debug for PendingBucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PendingBucket")
    }
}

impl PendingBucket {
    /// Opens the response. The bucket is not verified: see [`Located::find`].
    ///
    /// # Errors
    /// It is not the provider's response to this request, malformed, or a refusal.
    pub fn open(self, encapsulated: &[u8]) -> Result<ProvenBucket, ResponseError> {
        match BucketResponse::from_bytes(&self.0.open(encapsulated)?)? {
            BucketResponse::Bucket(bucket) => Ok(*bucket),
            BucketResponse::Refused(refusal) => Err(refusal.into()),
        }
    }
}
