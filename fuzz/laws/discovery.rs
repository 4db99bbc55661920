//! What holds for any octets that are said to be an object or a message of discovery. Used by the fuzz target and by the test that replays the
//! corpus.

use mimi_arch::codec::{TRAILING, Wire};
use mimi_discovery::answer::Answer;
use mimi_discovery::config::DpConfig;
use mimi_discovery::directory::PrefixDirectory;
use mimi_discovery::lookup::{b, p, s};
use mimi_discovery::mapping::{Mapping, MappingEntry};
use mimi_discovery::oblivious::{Gateway, ObliviousKey};
use mimi_discovery::push::{Push, PushResponse, RegisterResponse};
use mimi_discovery::sealed::SealedEntries;
use mimi_discovery::snapshot::{Proof, Snapshot};
use mimi_discovery::token::{IssuingKeys, Token, TokenChallenge, TokenRequest, TokenResponse};
use mimi_discovery::{Csi, CsiAttestation, Record, Removal, lookup};

/// Whether octets are a value; panics if a law does not hold.
type Law = fn(&[u8]) -> bool;

/// The choices by their number. New ones go to the end, so that the corpus keeps its meaning.
pub(crate) const CHOICES: &[(&str, Law)] = &[
    ("Csi", wire::<Csi>),
    ("CsiAttestation", wire::<CsiAttestation>),
    ("MappingEntry", wire::<MappingEntry>),
    ("Mapping", wire::<Mapping>),
    ("SealedEntries", wire::<SealedEntries>),
    ("Removal", wire::<Removal>),
    ("Record", wire::<Record>),
    ("Snapshot", wire::<Snapshot>),
    ("Proof", wire::<Proof>),
    ("Answer", wire::<Answer>),
    ("PaddedAnswer", padded_answer),
    ("Token", wire::<Token>),
    ("TokenChallenge", wire::<TokenChallenge>),
    ("TokenRequest", wire::<TokenRequest>),
    ("TokenResponse", wire::<TokenResponse>),
    ("DpConfig", wire::<DpConfig>),
    ("ObliviousKey", wire::<ObliviousKey>),
    ("LookupRequest", wire::<s::LookupRequest>),
    ("LookupResponse", wire::<s::LookupResponse>),
    ("BucketParameters", wire::<b::BucketParameters>),
    ("EvaluateRequest", wire::<b::EvaluateRequest>),
    ("EvaluateResponse", wire::<b::EvaluateResponse>),
    ("BucketRequest", wire::<b::BucketRequest>),
    ("BucketResponse", wire::<b::BucketResponse>),
    ("Transcript", wire::<b::Transcript>),
    ("Encapsulated", encapsulated),
    ("Typed", typed),
    ("RetrieveRequest", wire::<p::RetrieveRequest>),
    ("RetrieveResponse", wire::<p::RetrieveResponse>),
    ("Item", wire::<p::Item>),
    ("IssuingKeys", wire::<IssuingKeys>),
    ("Push", wire::<Push>),
    ("PushResponse", wire::<PushResponse>),
    ("RegisterResponse", wire::<RegisterResponse>),
    ("PrefixDirectory", wire::<PrefixDirectory>),
    ("ProvenBucket", wire::<b::ProvenBucket>),
];

/// The first octet chooses, the others are a value of it or not. Gives the choice's name, and whether they are.
///
/// # Panics
///
/// If a law does not hold.
pub(crate) fn check(octets: &[u8]) -> Option<(&'static str, bool)> {
    let (first, octets) = octets.split_first()?;
    let (name, law) = CHOICES[usize::from(*first) % CHOICES.len()];
    Some((name, law(octets)))
}

/// One value has one encoding, and a refusal has a reason and a place.
fn wire<T: Wire>(octets: &[u8]) -> bool {
    match T::from_bytes(octets) {
        Ok(value) => {
            let encoded = value.to_bytes().expect("what was read can be written");
            assert_eq!(encoded, octets, "a value has one encoding");
            let Err(error) = T::from_bytes(&[octets, &[0]].concat()) else { panic!("an octet more is accepted") };
            assert_eq!((error.offset(), error.rule()), (octets.len(), &TRAILING));
            true
        }
        Err(error) => {
            assert!(error.offset() <= octets.len(), "an offset lies in the octets");
            assert!(!error.section().is_empty() && !error.rule().text().is_empty());
            false
        }
    }
}

fn padded_answer(octets: &[u8]) -> bool {
    match Answer::from_padded(octets) {
        Ok(answer) => {
            assert_eq!(answer.to_padded().expect("what was read can be written"), octets);
            true
        }
        Err(error) => {
            assert!(error.offset() <= octets.len());
            false
        }
    }
}

/// What a relay forwards.
fn encapsulated(octets: &[u8]) -> bool {
    let domain = "dp.example".parse().expect("a domain");
    let gateway = Gateway::new(domain, 7, &[0x67; 32]).expect("a key");
    lookup::open(&gateway, octets).is_ok()
}

/// What a person types: its canonical form is read as itself.
fn typed(octets: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(octets) else { return false };
    match Csi::parse(text) {
        Ok(csi) => {
            assert_eq!(Csi::new(csi.kind(), csi.value()).as_ref(), Ok(&csi));
            assert_eq!(Csi::parse(csi.value()).as_ref(), Ok(&csi));
            true
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            false
        }
    }
}
