//! What discovery providers commit themselves to, answer and publish (discovery profile 0 sections 8 to 11 and 15).

use mimi_discovery::answer::Answer;
use mimi_discovery::config::{DpConfig, Modes, TokenIssuer};
use mimi_discovery::directory::{ListedProvider, PrefixDirectory, Range};
use mimi_discovery::lookup::b::BucketParameters;
use mimi_discovery::oblivious::ObliviousKey;
use mimi_discovery::snapshot::{Digest32, Place, Proof, Snapshot};

use super::super::tree::Tree;
use super::{kind, public_key, records, signature, validity};

pub(super) fn snapshot(snapshot: &Snapshot) -> Tree {
    Tree::fields([
        ("dp", Tree::text(snapshot.dp.as_str())),
        ("number", Tree::number(snapshot.number)),
        ("validity", validity(&snapshot.validity)),
        ("root", Tree::octets(snapshot.root)),
        ("buckets_root", Tree::octets(snapshot.buckets_root)),
        ("signature", signature(&snapshot.signature)),
    ])
}

pub(super) fn proof(proof: &Proof) -> Tree {
    let place = match &proof.place {
        Place::Leaf { salt } => Tree::fields([("place", Tree::constant("leaf", 1)), ("salt", Tree::octets(*salt))]),
        Place::Empty { salt } => Tree::fields([("place", Tree::constant("empty", 2)), ("salt", Tree::octets(*salt))]),
        Place::Other { key, content, salt } => Tree::fields([
            ("place", Tree::constant("other", 3)),
            ("key", Tree::octets(key.0)),
            ("content", Tree::octets(*content)),
            ("salt", Tree::octets(*salt)),
        ]),
    };
    place.and([("siblings", digests(&proof.siblings))])
}

pub(super) fn digests(digests: &[Digest32]) -> Tree {
    Tree::list(digests, |digest| Tree::octets(*digest))
}

pub(super) fn answer(answer: &Answer) -> Tree {
    Tree::fields([
        ("snapshot", snapshot(&answer.snapshot)),
        ("proof", proof(&answer.proof)),
        ("records", Tree::list(&answer.records, records::record)),
    ])
}

pub(super) fn config(config: &DpConfig) -> Tree {
    Tree::fields([
        ("domain", Tree::text(config.domain.as_str())),
        ("snapshot_key", public_key(&config.snapshot_key)),
        ("modes", modes(config.modes)),
        ("oblivious_key", oblivious_key(&config.oblivious_key)),
        ("buckets", Tree::optional(config.buckets.as_ref(), buckets)),
        ("issuers", Tree::list(&config.issuers, issuer)),
        ("validity", validity(&config.validity)),
        ("signature", signature(&config.signature)),
    ])
}

fn modes(modes: Modes) -> Tree {
    Tree::fields([("s", Tree::Bool(modes.s)), ("b", Tree::Bool(modes.b)), ("p", Tree::Bool(modes.p))])
}

pub(super) fn oblivious_key(key: &ObliviousKey) -> Tree {
    Tree::fields([("key_id", Tree::number(key.key_id)), ("public", Tree::octets(key.public))])
}

pub(super) fn buckets(parameters: &BucketParameters) -> Tree {
    Tree::fields([
        ("key", Tree::octets(parameters.key.0)),
        (
            "bits",
            Tree::Number { value: parameters.bits.into(), note: format!("{} buckets", parameters.buckets()).into() },
        ),
        ("rows", Tree::number(parameters.rows)),
    ])
}

pub(super) fn issuer(issuer: &TokenIssuer) -> Tree {
    Tree::fields([
        ("msp", Tree::text(issuer.msp.as_str())),
        ("key", Tree::octets(issuer.key.0.0)),
        ("validity", validity(&issuer.validity)),
    ])
}

pub(super) fn directory(directory: &PrefixDirectory) -> Tree {
    let directory = directory.unverified();
    Tree::fields([
        ("root", Tree::text(directory.root.as_str())),
        ("number", Tree::number(directory.number)),
        ("validity", validity(&directory.validity)),
        ("ranges", Tree::list(directory.ranges, range)),
        ("signature", signature(directory.signature)),
    ])
}

pub(super) fn range(range: &Range) -> Tree {
    Tree::fields([
        ("kind", kind(range.kind)),
        ("of", Tree::text(range.of.as_str())),
        ("providers", Tree::list(&range.providers, listed)),
    ])
}

pub(super) fn listed(provider: &ListedProvider) -> Tree {
    Tree::fields([("domain", Tree::text(provider.domain.as_str())), ("key", public_key(&provider.key))])
}
