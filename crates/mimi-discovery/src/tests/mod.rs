//! The objects of the profile, the rules about them, and the journeys of the requirements.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod answers;
mod buckets;
mod directory;
mod freshness;
mod identifiers;
mod journeys;
mod lookups;
mod records;
#[cfg(feature = "pir")]
mod retrieval;
mod rotation;
mod sealing;
mod tokens;
mod tree;
mod vectors;
mod wire;

use crate::attestation::{AssignmentEpoch, CsiAttestation, NewAttestation};
use crate::csi::{Csi, CsiKind};
use crate::mapping::{Mapping, MappingEntry, MappingName, NewMapping, Sequence};
use crate::profile::{Key, Seconds, Validity};
use crate::record::{Anchors, Record, Scope, VerifiedRecord};
use crate::removal::Removal;

const NOW: Seconds = Seconds(1_800_000_000);

fn carrier() -> Key {
    Key::from_seed([0xca; 32])
}

fn bob() -> Key {
    Key::from_seed([0xb0; 32])
}

fn number() -> Csi {
    Csi::parse("+12125551212").unwrap()
}

fn domain(name: &str) -> mimi_arch::Domain {
    name.parse().unwrap()
}

fn validity() -> Validity {
    Validity { not_before: NOW.minus(1000), not_after: NOW.plus(100_000) }
}

fn anchors() -> Anchors {
    let mut anchors = Anchors::default();
    anchors.trust(domain("carrier.example"), carrier().public(), CsiKind::E164, Scope::Prefix("+1".to_owned()));
    anchors
}

fn attested_at(epoch: u64, holder: &Key) -> CsiAttestation {
    attestation(&number(), epoch, holder, validity(), &carrier())
}

fn attestation(csi: &Csi, epoch: u64, holder: &Key, validity: Validity, signer: &Key) -> CsiAttestation {
    let csip = domain("carrier.example");
    let assignment_epoch = AssignmentEpoch(epoch);
    NewAttestation { csi, csip: &csip, subject_key: holder.public(), assignment_epoch, validity }.sign(signer).unwrap()
}

fn entry(msp: &str, priority: u16) -> MappingEntry {
    MappingEntry::new(domain(msp), priority)
}

fn name(text: &str) -> MappingName {
    MappingName::new(text).unwrap()
}

fn new_mapping(mapping_name: &str, sequence: u64, entries: Vec<MappingEntry>) -> NewMapping {
    NewMapping { name: name(mapping_name), sequence: Sequence(sequence), validity: validity(), entries, sealed: vec![] }
}

fn mapping(attestation: &CsiAttestation, holder: &Key, new: &NewMapping) -> Mapping {
    new.sign(attestation, holder).unwrap()
}

fn mapping_record(epoch: u64, holder: &Key, new: &NewMapping) -> Record {
    let attestation = attested_at(epoch, holder);
    let mapping = mapping(&attestation, holder, new);
    Record::Mapping(Box::new(attestation), mapping)
}

fn removal_record(epoch: u64, holder: &Key, sequence: u64, removed: Option<&str>) -> Record {
    let attestation = attested_at(epoch, holder);
    let removal =
        Removal::by_recipient(&attestation, Sequence(sequence), removed.map(name), NOW.minus(1), holder).unwrap();
    Record::RecipientRemoval(Box::new(attestation), removal)
}

fn csip_removal(epoch: u64) -> Record {
    let csip = domain("carrier.example");
    Record::CsipRemoval(Removal::by_csip(&number(), AssignmentEpoch(epoch), &csip, NOW.minus(1), &carrier()).unwrap())
}

fn verified(record: Record) -> VerifiedRecord {
    record.verify(&anchors(), NOW).unwrap()
}

/// A mapping of Bob's to one provider, in assignment 1.
fn simple(sequence: u64) -> VerifiedRecord {
    verified(mapping_record(1, &bob(), &new_mapping("", sequence, vec![entry("b.example", 0)])))
}
