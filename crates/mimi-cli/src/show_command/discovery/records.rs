//! What recipients and issuers say, and how it travels (discovery profile 0 sections 3 to 7 and 14).

use mimi_discovery::attestation::CsiAttestation;
use mimi_discovery::mapping::{MappingEntry, Tag};
use mimi_discovery::push::{Push, PushResponse, RegisterResponse};
use mimi_discovery::removal::Remover;
use mimi_discovery::sealed::SealedEntries;
use mimi_discovery::{Mapping, Record, Removal};

use super::super::tree::Tree;
use super::{csi, public_key, seconds, signature, validity};

pub(super) fn attestation(attestation: &CsiAttestation) -> Tree {
    Tree::fields([
        ("csi", csi(&attestation.csi)),
        ("csip", Tree::text(attestation.csip.as_str())),
        ("csip_key", public_key(&attestation.csip_key)),
        ("subject_key", public_key(&attestation.subject_key)),
        ("assignment_epoch", Tree::number(attestation.assignment_epoch.0)),
        ("validity", validity(&attestation.validity)),
        ("signature", signature(&attestation.signature)),
    ])
}

pub(super) fn mapping(mapping: &Mapping) -> Tree {
    let mapping = mapping.unverified();
    Tree::fields([
        ("csi", csi(mapping.csi)),
        ("name", Tree::text(mapping.name.as_str())),
        ("assignment_epoch", Tree::number(mapping.assignment_epoch.0)),
        ("sequence", Tree::number(mapping.sequence.0)),
        ("validity", validity(&mapping.validity)),
        ("attestation", Tree::octets(mapping.attestation.0)),
        ("entries", Tree::list(mapping.entries, entry)),
        ("sealed", Tree::list(mapping.sealed, sealed)),
        ("signature", signature(mapping.signature)),
    ])
}

pub(super) fn entry(entry: &MappingEntry) -> Tree {
    let flags = Tree::fields([("same_service_only", Tree::Bool(entry.flags.same_service_only))]);
    Tree::fields([
        ("msp", Tree::text(entry.msp.as_str())),
        ("priority", Tree::number(entry.priority)),
        ("flags", flags),
        ("tags", Tree::list(&entry.tags, |tag: &Tag| Tree::text(tag.as_str()))),
    ])
}

pub(super) fn sealed(sealed: &SealedEntries) -> Tree {
    Tree::fields([("nonce", Tree::octets(*sealed.nonce())), ("ciphertext", Tree::octets(sealed.ciphertext()))])
}

pub(super) fn removal(removal: &Removal) -> Tree {
    let removal = removal.unverified();
    let tree = Tree::fields([
        ("csi", csi(removal.csi)),
        ("assignment_epoch", Tree::number(removal.assignment_epoch.0)),
        ("made", seconds(removal.made)),
    ]);
    let with_remover = match removal.remover {
        Remover::Recipient { attestation, sequence, name } => tree.and([
            ("remover", Tree::constant("recipient", 1)),
            ("attestation", Tree::octets(attestation.0)),
            ("sequence", Tree::number(sequence.0)),
            ("name", Tree::optional(name.as_ref(), |name| Tree::text(name.as_str()))),
        ]),
        Remover::Csip { csip, csip_key } => tree.and([
            ("remover", Tree::constant("csip", 2)),
            ("csip", Tree::text(csip.as_str())),
            ("csip_key", public_key(csip_key)),
        ]),
    };
    with_remover.and([("signature", signature(removal.signature))])
}

pub(super) fn record(record: &Record) -> Tree {
    match record {
        Record::Mapping(attested, made) => Tree::fields([
            ("record", Tree::constant("mapping", 1)),
            ("attestation", attestation(attested)),
            ("mapping", mapping(made)),
        ]),
        Record::RecipientRemoval(attested, made) => Tree::fields([
            ("record", Tree::constant("recipientRemoval", 2)),
            ("attestation", attestation(attested)),
            ("removal", removal(made)),
        ]),
        Record::CsipRemoval(made) => {
            Tree::fields([("record", Tree::constant("csipRemoval", 3)), ("removal", removal(made))])
        }
    }
}

pub(super) fn push(push: &Push) -> Tree {
    Tree::fields([("records", Tree::list(&push.records, record))])
}

pub(super) fn push_response(response: &PushResponse) -> Tree {
    Tree::fields([("applied", Tree::number(response.applied)), ("refused", Tree::number(response.refused))])
}

pub(super) fn register_response(response: &RegisterResponse) -> Tree {
    match response {
        RegisterResponse::Registered => Tree::fields([("response", Tree::constant("registered", 0))]),
        RegisterResponse::Known => Tree::fields([("response", Tree::constant("known", 1))]),
        RegisterResponse::Refused { reason } => {
            Tree::fields([("response", Tree::constant("refused", 2)), ("reason", Tree::text(reason.as_str()))])
        }
    }
}
