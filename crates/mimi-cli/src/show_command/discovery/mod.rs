//! Objects of the discovery profile of this project (docs/discovery.md), which no draft has: by the names of their members in `mimi-discovery`.

mod answers;
mod look_ups;
mod records;
mod tokens;

use mimi_discovery::answer::{ANSWER_SIZE, Answer};
use mimi_discovery::attestation::CsiAttestation;
use mimi_discovery::config::{DpConfig, TokenIssuer};
use mimi_discovery::directory::{ListedProvider, PrefixDirectory, Range};
use mimi_discovery::lookup::b::{
    Bucket, BucketParameters, BucketRequest, BucketResponse, EvaluateRequest, EvaluateResponse, Evaluation,
    ProvenBucket, Transcript,
};
use mimi_discovery::lookup::s::{LookupRequest, LookupResponse};
use mimi_discovery::mapping::MappingEntry;
use mimi_discovery::oblivious::ObliviousKey;
use mimi_discovery::profile::{Seconds, Signature, Validity};
use mimi_discovery::push::{Push, PushResponse, RegisterResponse};
use mimi_discovery::sealed::SealedEntries;
use mimi_discovery::snapshot::{Proof, Snapshot};
use mimi_discovery::token::{Token, TokenChallenge, TokenRequest, TokenResponse};
use mimi_discovery::{Csi, CsiKind, Mapping, PublicKey, Record, Removal};

use super::registry::ShowType;
use super::tree::{ShowError, Tree, read};
use crate::screen::utc;

/// Statements of recipients and issuers, what discovery providers publish and answer, look-ups, tokens.
pub(super) const TYPES: &[ShowType] = &[
    ShowType::wire("Csi", "discovery profile 0 section 1", |octets| read::<Csi>(octets, csi)),
    ShowType::wire("CsiAttestation", "discovery profile 0 section 3", |octets| {
        read::<CsiAttestation>(octets, records::attestation)
    }),
    ShowType::wire("Mapping", "discovery profile 0 section 4", |octets| read::<Mapping>(octets, records::mapping)),
    ShowType::part("MappingEntry", "discovery profile 0 section 4", |octets| {
        read::<MappingEntry>(octets, records::entry)
    }),
    ShowType::wire("SealedEntries", "discovery profile 0 section 5", |octets| {
        read::<SealedEntries>(octets, records::sealed)
    }),
    ShowType::wire("Removal", "discovery profile 0 section 6", |octets| read::<Removal>(octets, records::removal)),
    ShowType::wire("Record", "discovery profile 0 section 7", |octets| read::<Record>(octets, records::record)),
    ShowType::wire("Snapshot", "discovery profile 0 section 8", |octets| read::<Snapshot>(octets, answers::snapshot)),
    ShowType::wire("Proof", "discovery profile 0 section 8", |octets| read::<Proof>(octets, answers::proof)),
    ShowType::wire("Answer", "discovery profile 0 section 9", answer),
    ShowType::wire("DpConfig", "discovery profile 0 section 10", |octets| read::<DpConfig>(octets, answers::config)),
    ShowType::part("ObliviousKey", "RFC 9458 section 3.1", |octets| {
        read::<ObliviousKey>(octets, answers::oblivious_key)
    }),
    ShowType::part("TokenIssuer", "discovery profile 0 section 10", |octets| {
        read::<TokenIssuer>(octets, answers::issuer)
    }),
    ShowType::wire("LookupRequest", "discovery profile 0 section 10", |octets| {
        read::<LookupRequest>(octets, look_ups::request)
    }),
    ShowType::wire("LookupResponse", "discovery profile 0 section 10", |octets| {
        read::<LookupResponse>(octets, look_ups::response)
    }),
    ShowType::part("BucketParameters", "discovery profile 0 section 11", |octets| {
        read::<BucketParameters>(octets, answers::buckets)
    }),
    ShowType::wire("EvaluateRequest", "discovery profile 0 section 11", |octets| {
        read::<EvaluateRequest>(octets, look_ups::evaluate_request)
    }),
    ShowType::wire("EvaluateResponse", "discovery profile 0 section 11", |octets| {
        read::<EvaluateResponse>(octets, look_ups::evaluate_response)
    }),
    ShowType::part("Evaluation", "discovery profile 0 section 11", |octets| {
        read::<Evaluation>(octets, look_ups::evaluation)
    }),
    ShowType::part("Transcript", "discovery profile 0 section 11", |octets| {
        read::<Transcript>(octets, look_ups::transcript)
    }),
    ShowType::wire("BucketRequest", "discovery profile 0 section 11", |octets| {
        read::<BucketRequest>(octets, look_ups::bucket_request)
    }),
    ShowType::wire("BucketResponse", "discovery profile 0 section 11", |octets| {
        read::<BucketResponse>(octets, look_ups::bucket_response)
    }),
    ShowType::wire("ProvenBucket", "discovery profile 0 section 11", |octets| {
        read::<ProvenBucket>(octets, look_ups::proven_bucket)
    }),
    ShowType::wire("Bucket", "discovery profile 0 section 11", |octets| read::<Bucket>(octets, look_ups::bucket)),
    ShowType::wire("TokenChallenge", "discovery profile 0 section 13", |octets| {
        read::<TokenChallenge>(octets, tokens::challenge)
    }),
    ShowType::wire("Token", "discovery profile 0 section 13", |octets| read::<Token>(octets, tokens::token)),
    ShowType::wire("TokenRequest", "discovery profile 0 section 13", |octets| {
        read::<TokenRequest>(octets, tokens::request)
    }),
    ShowType::wire("TokenResponse", "discovery profile 0 section 13", |octets| {
        read::<TokenResponse>(octets, tokens::response)
    }),
    ShowType::wire("Push", "discovery profile 0 section 14", |octets| read::<Push>(octets, records::push)),
    ShowType::part("PushResponse", "discovery profile 0 section 14", |octets| {
        read::<PushResponse>(octets, records::push_response)
    }),
    ShowType::wire("PrefixDirectory", "discovery profile 0 section 15", |octets| {
        read::<PrefixDirectory>(octets, answers::directory)
    }),
    ShowType::part("Range", "discovery profile 0 section 15", |octets| read::<Range>(octets, answers::range)),
    ShowType::part("ListedProvider", "discovery profile 0 section 15", |octets| {
        read::<ListedProvider>(octets, answers::listed)
    }),
    ShowType::part("RegisterResponse", "discovery profile 0 section 17", |octets| {
        read::<RegisterResponse>(octets, records::register_response)
    }),
];

/// An answer, padded as in a response or not.
fn answer(octets: &[u8]) -> Result<Tree, ShowError> {
    if octets.len() == ANSWER_SIZE {
        return Ok(answers::answer(&Answer::from_padded(octets)?));
    }
    read::<Answer>(octets, answers::answer)
}

fn kind_name(number: u64) -> &'static str {
    match u16::try_from(number).ok().and_then(CsiKind::new) {
        Some(CsiKind::E164) => "telephone number",
        Some(CsiKind::MAIL) => "mail address",
        Some(CsiKind::MIMI_URI) => "MIMI URI",
        Some(kind) if kind >= CsiKind::PRIVATE => "private use",
        _ => "",
    }
}

fn kind(kind: CsiKind) -> Tree {
    Tree::named(kind.number(), kind_name)
}

fn csi(csi: &Csi) -> Tree {
    Tree::fields([("kind", kind(csi.kind())), ("value", Tree::text(csi.value()))])
}

/// A time, with the date as long as the year has four digits.
fn seconds(time: Seconds) -> Tree {
    let note = if time.0 < 253_402_300_800 { utc(time.0) } else { String::new() };
    Tree::Number { value: time.0, note: note.into() }
}

fn validity(validity: &Validity) -> Tree {
    Tree::fields([("not_before", seconds(validity.not_before)), ("not_after", seconds(validity.not_after))])
}

fn public_key(key: &PublicKey) -> Tree {
    Tree::octets(key.0)
}

fn signature(signature: &Signature) -> Tree {
    Tree::octets(signature.0)
}
