//! What an asker gets (discovery profile 0 section 9): all mappings of an identifier, or none, with the proof that it is so.

use mimi_arch::codec::{self, DecodeError, EncodeError, Reader, Wire, rules};
use sha2::{Digest as _, Sha256};

use crate::csi::Csi;
use crate::freshness::MAX_MAPPINGS;
use crate::profile::Seconds;
use crate::record::{Anchors, Record, RecordError, Statement, VerifiedMapping, VerifiedRecord};
use crate::snapshot::{Digest32, Proof, ProofError, Snapshot, SnapshotError, TrustedProvider, VerifiedSnapshot};

rules! {
    TOO_MANY_RECORDS = "an answer has more than 4 records", "discovery profile 0 section 9";
    NOT_A_MAPPING = "an answer has a record that is no mapping", "discovery profile 0 section 9";
    ANSWER_PADDING = "the padding of an answer is not zero", "discovery profile 0 section 9";
    ANSWER_SIZE_WRONG = "an answer has not 8192 octets", "discovery profile 0 section 9";
}

/// The size of a padded answer, in octets: the same whatever is in it.
pub const ANSWER_SIZE: usize = 8192;

/// The mappings of an identifier with proof, not verified: see [`Answer::verify`].
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Answer {
    /// What the provider has committed itself to.
    pub snapshot: Snapshot,
    /// That the records are what the identifier has in it.
    pub proof: Proof,
    /// The mappings, by name; none when there is none.
    pub records: Vec<Record>,
}

impl Wire for Answer {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (snapshot, proof) = (Snapshot::decode(r)?, Proof::decode(r)?);
        let start = r.clone();
        let records: Vec<Record> = r.list()?;
        check_records(&records).map_err(|rule| start.error(rule))?;
        Ok(Self { snapshot, proof, records })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        check_records(&self.records).map_err(EncodeError::new)?;
        self.snapshot.encode(out)?;
        self.proof.encode(out)?;
        codec::put_list(out, &self.records)
    }
}

fn check_records(records: &[Record]) -> Result<(), &'static codec::Rule> {
    if records.len() > MAX_MAPPINGS {
        return Err(&TOO_MANY_RECORDS);
    }
    if records.iter().any(|record| !matches!(record, Record::Mapping(..))) { Err(&NOT_A_MAPPING) } else { Ok(()) }
}

/// The digest of the mappings of an identifier, as the tree of the snapshot has it; `None` when there are none.
///
/// # Errors
/// When a record has no encoding.
pub fn content<'a>(records: impl IntoIterator<Item = &'a Record>) -> Result<Option<Digest32>, EncodeError> {
    let mut hasher = Sha256::new();
    let mut count = 0_u64;
    for record in records {
        let octets = record.to_bytes()?;
        hasher.update((octets.len() as u64).to_be_bytes());
        hasher.update(&octets);
        count += 1;
    }
    hasher.update(count.to_be_bytes());
    Ok((count > 0).then(|| hasher.finalize().into()))
}

impl Answer {
    /// The encoding, with zeros up to [`ANSWER_SIZE`].
    ///
    /// # Errors
    /// When it has none, or a longer one; what a provider admits and the depth of its tree keep it shorter.
    pub fn to_padded(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = self.to_bytes()?;
        if out.len() > ANSWER_SIZE {
            return Err(EncodeError::new(&ANSWER_SIZE_WRONG));
        }
        out.resize(ANSWER_SIZE, 0);
        Ok(out)
    }

    /// Reads what [`Answer::to_padded`] wrote.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn from_padded(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() != ANSWER_SIZE {
            return Err(DecodeError::new(bytes.len().min(ANSWER_SIZE), &ANSWER_SIZE_WRONG));
        }
        let mut reader = Reader::new(bytes);
        let answer = Self::decode(&mut reader)?;
        if let Some(place) = reader.rest().iter().position(|octet| *octet != 0) {
            return Err(DecodeError::new(reader.offset() + place, &ANSWER_PADDING));
        }
        Ok(answer)
    }

    /// Checks that the provider has committed itself to this, that nothing of it was left out, added or changed, and that each mapping is the
    /// recipient's own.
    ///
    /// A mapping that has just ended, or whose attestation has, may still be in a snapshot; it is left out of the result.
    ///
    /// # Errors
    /// The first thing that is wrong. Nothing of the answer is to be used then.
    // req: UD03-8-01, UD03-8-02, UD03-9-01, UD03-9-02, UD03-10-01
    pub fn verify(
        self,
        csi: &Csi,
        dp: &TrustedProvider,
        anchors: &Anchors,
        now: Seconds,
    ) -> Result<VerifiedAnswer, AnswerError> {
        let snapshot = self.snapshot.verify(dp, now)?;
        let content = content(&self.records).map_err(|_| ProofError::OtherRoot)?;
        self.proof.verify(&snapshot.get().root, &csi.key(), content.as_ref())?;
        VerifiedAnswer::of(snapshot, self.records, csi, anchors, now)
    }
}

/// An answer that is not to be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// The snapshot does not count.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The answer is not what the provider has committed itself to.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// A record is about somebody else, or is no mapping.
    #[error("a record is about another identifier than the one asked for, or no mapping")]
    OtherCsi,
    /// A record is not the recipient's.
    #[error("a record: {0}")]
    Record(#[from] RecordError),
}

/// An answer that holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifiedAnswer {
    snapshot: VerifiedSnapshot,
    records: Vec<VerifiedRecord>,
}

/// What the answer comes to (R5).
// req: UD03-10-02, UD03-10-03, UD03-10-04, UD03-10-05, UD03-10-06, UD03-10-07
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Finding {
    /// No mapping exists.
    NoMapping,
    /// Mappings exist and list no provider: the recipient does not want to be found.
    OptedOut,
    /// One mapping with one provider.
    One,
    /// One mapping with several providers, or with sealed parts.
    Several,
    /// Several mappings.
    SeveralMappings,
}

impl VerifiedAnswer {
    /// Of records to which the provider has committed itself in a snapshot.
    pub(crate) fn of(
        snapshot: VerifiedSnapshot,
        records: Vec<Record>,
        csi: &Csi,
        anchors: &Anchors,
        now: Seconds,
    ) -> Result<Self, AnswerError> {
        let mut verified = Vec::with_capacity(records.len());
        for record in records {
            if record.csi() != csi || !matches!(record, Record::Mapping(..)) {
                return Err(AnswerError::OtherCsi);
            }
            match record.verify(anchors, now) {
                Ok(record) => verified.push(record),
                Err(RecordError::Expired { .. } | RecordError::AttestationExpired { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Self { snapshot, records: verified })
    }

    /// The snapshot, whose number the asker remembers.
    #[must_use]
    pub const fn snapshot(&self) -> &VerifiedSnapshot {
        &self.snapshot
    }

    /// All mappings, by name.
    pub fn mappings(&self) -> impl Iterator<Item = VerifiedMapping<'_>> {
        self.records.iter().filter_map(|record| match record.statement() {
            Statement::Mapping(mapping) => Some(mapping),
            _ => None,
        })
    }

    /// Their records.
    #[must_use]
    pub fn records(&self) -> &[VerifiedRecord] {
        &self.records
    }

    /// Which of the results of R5 it is.
    #[must_use]
    pub fn finding(&self) -> Finding {
        let empty = |mapping: &VerifiedMapping<'_>| mapping.entries().is_empty() && mapping.sealed().is_empty();
        let mut mappings = self.mappings();
        match (mappings.next(), mappings.next()) {
            (None, _) => Finding::NoMapping,
            (Some(_), _) if self.mappings().all(|mapping| empty(&mapping)) => Finding::OptedOut,
            (Some(only), None) if only.entries().len() == 1 && only.sealed().is_empty() => Finding::One,
            (Some(_), None) => Finding::Several,
            (Some(_), Some(_)) => Finding::SeveralMappings,
        }
    }
}
