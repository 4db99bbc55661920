//! Snapshot, proof and mappings together (profile sections 8 and 9).

use anyhow::Result;
use sha2::{Digest, Sha256};
use spec_vectors::BugType;

use super::super::builder::{Built, Case, Rule};
use super::super::keys::{Key, octets32};
use super::super::layout::{Part, Struct, opaque, raw, u8, u16, u64, vector};
use super::{Attestation, Csi, Mapping, NOW, NUMBER, OTHER_NUMBER, file, section, sign};

const SNAPSHOT: &str = "discovery profile 0 section 8";
const ANSWER: &str = "discovery profile 0 section 9";
const DP: &str = "dp.example";
const DEPTH: usize = 13;

/// What is at the end of the path.
enum Place {
    Leaf,
    Empty,
    Other(Csi, Vec<u8>),
}

fn salt() -> Vec<u8> {
    octets32("salt").get(..16).unwrap_or_default().to_vec()
}

fn siblings() -> Vec<[u8; 32]> {
    (0..DEPTH).map(|level| octets32(&format!("sibling {level}"))).collect()
}

fn hash(parts: &[&[u8]]) -> Vec<u8> {
    Sha256::digest(parts.concat()).to_vec()
}

fn bit(key: &[u8; 32], level: usize) -> bool {
    key.get(level / 8).is_some_and(|octet| octet >> (7 - level % 8) & 1 == 1)
}

/// The root to which the path of a key leads from its end.
fn root(key: &[u8; 32], place: &Place, content: &[u8]) -> Vec<u8> {
    let depth = 13_u16.to_be_bytes();
    let end = match place {
        Place::Leaf => hash(&[&[0], &depth, key, content, &salt()]),
        Place::Other(csi, content) => hash(&[&[0], &depth, &csi.key(), content, &salt()]),
        Place::Empty => {
            // The bits that lead there, then zeros.
            let mut prefix = [0; 32];
            for (at, octet) in prefix.iter_mut().enumerate() {
                for place in 0..8 {
                    if at * 8 + place < DEPTH && bit(key, at * 8 + place) {
                        *octet |= 0x80 >> place;
                    }
                }
            }
            hash(&[&[2], &depth, &prefix, &salt()])
        }
    };
    siblings().iter().enumerate().rev().fold(end, |here, (level, beside)| {
        if bit(key, level) { hash(&[&[1], beside, &here]) } else { hash(&[&[1], &here, beside]) }
    })
}

fn proof(place: &Place) -> Struct {
    let place = match place {
        Place::Leaf => Struct::new().add("type", u8(1)).add("salt", raw(salt())),
        Place::Empty => Struct::new().add("type", u8(2)).add("salt", raw(salt())),
        Place::Other(csi, content) => Struct::new()
            .add("type", u8(3))
            .add("key", raw(csi.key()))
            .add("content", raw(content.clone()))
            .add("salt", raw(salt())),
    };
    place.add("depth", u16(13)).add("siblings", raw(siblings().concat()))
}

/// The digest of mappings, as the tree has it.
fn content(records: &[Struct]) -> Vec<u8> {
    let mut all: Vec<u8> = Vec::new();
    for record in records {
        let octets = record.octets();
        all.extend((octets.len() as u64).to_be_bytes());
        all.extend(octets);
    }
    all.extend((records.len() as u64).to_be_bytes());
    Sha256::digest(all).to_vec()
}

/// An answer; each field is what somebody may change.
struct Answer {
    dp: &'static str,
    number: u64,
    from: u64,
    to: u64,
    root: Vec<u8>,
    signer: Key,
    place: Place,
    records: Vec<Struct>,
    seen: u64,
}

impl Answer {
    fn of(place: Place, records: Vec<Struct>) -> Self {
        let root = root(&NUMBER.key(), &place, &content(&records));
        Self { dp: DP, number: 7, from: NOW - 10, to: NOW + 10, root, signer: Key::of(DP), place, records, seen: 7 }
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn case(&self, case: Case) -> Case {
        let snapshot = Struct::new()
            .add("dp", opaque(self.dp.as_bytes()))
            .add("number", u64(self.number))
            .add("not_before", u64(self.from))
            .add("not_after", u64(self.to))
            .add("root", raw(self.root.clone()))
            .add("buckets_root", raw([0; 32]));
        let signature = sign(&self.signer, "Snapshot", &snapshot);
        let answer = Struct::new()
            .add("snapshot", Part::Struct(snapshot.add("signature", raw(signature))))
            .add("proof", Part::Struct(proof(&self.place)))
            .add("records", vector(self.records.iter().cloned().map(Part::Struct)));
        case.octets("encoded", &answer.octets())
            .octets("csi", &NUMBER.layout().octets())
            .with("now", NOW)
            .with("seen", self.seen)
            .with("provider", DP)
            .octets("publicKey", &Key::of(DP).public())
            .octets("issuerKey", &Key::of(super::CARRIER).public())
    }

    fn good(self, comment: &str) -> Case {
        self.case(Case::valid(comment, "Valid")).with("mappings", self.records.len() as u64)
    }

    fn bad(self, comment: &str, flag: &str, rule: &'static str, section: &'static str) -> Case {
        self.case(Case::invalid(comment, flag, Rule(rule, section).nowhere()))
    }
}

fn record(sequence: u64, name: &'static str) -> Struct {
    let attestation = Attestation::new("Bob");
    Mapping { sequence, name, ..Mapping::under(&attestation) }.record(&attestation)
}

pub(super) fn build() -> Result<Built> {
    let one = || vec![record(1, "")];
    let present = || Answer::of(Place::Leaf, one());
    let absent = || Answer::of(Place::Empty, vec![]);
    let forged = {
        let attestation = Attestation::new("Bob");
        Mapping { signer: Key::of(DP), ..Mapping::under(&attestation) }.record(&attestation)
    };
    let mut cases = vec![
        present().good("one mapping"),
        Answer::of(Place::Leaf, vec![record(1, ""), record(2, "work")]).good("two mappings"),
        absent().good("no mapping: the place is empty"),
        present()
            .with(|answer| (answer.from, answer.to) = (NOW - 400, NOW - 300))
            .good("a snapshot that ended 300 seconds ago"),
        present().with(|answer| answer.records.clear()).bad(
            "the mappings are left out",
            "Proof",
            "contradiction",
            ANSWER,
        ),
        absent().with(|answer| answer.records = one()).bad(
            "mappings with the proof of absence",
            "Proof",
            "contradiction",
            ANSWER,
        ),
        Answer::of(Place::Leaf, vec![record(1, ""), record(2, "work")]).with(|answer| drop(answer.records.pop())).bad(
            "one of two mappings is left out",
            "Proof",
            "other-root",
            ANSWER,
        ),
        present().with(|answer| answer.records = vec![record(0, "")]).bad(
            "an older mapping",
            "Proof",
            "other-root",
            ANSWER,
        ),
        present().with(|answer| answer.root = octets32("another root").to_vec()).bad(
            "another root",
            "Proof",
            "other-root",
            ANSWER,
        ),
        absent().with(|answer| answer.place = Place::Leaf).with(|answer| answer.records = one()).bad(
            "the leaf of another tree",
            "Proof",
            "other-root",
            ANSWER,
        ),
        Answer::of(Place::Other(NUMBER, content(&one())), vec![]).bad(
            "absence shown by the identifier itself",
            "Proof",
            "not-elsewhere",
            ANSWER,
        ),
        present().with(|answer| answer.dp = "other.example").bad(
            "a snapshot of another provider",
            "Snapshot",
            "other-provider",
            SNAPSHOT,
        ),
        present().with(|answer| answer.signer = Key::of("Mallory")).bad(
            "a snapshot signed by somebody else",
            "Snapshot",
            "signature",
            SNAPSHOT,
        ),
        present().with(|answer| answer.seen = 8).bad(
            "a snapshot before one that was seen",
            "Snapshot",
            "rolled-back",
            SNAPSHOT,
        ),
        present().with(|answer| answer.to = NOW - 301).with(|answer| answer.from = NOW - 400).bad(
            "a snapshot that ended 301 seconds ago",
            "Snapshot",
            "old",
            SNAPSHOT,
        ),
        present().with(|answer| answer.from = NOW + 301).with(|answer| answer.to = NOW + 400).bad(
            "a snapshot of the future",
            "Snapshot",
            "in-future",
            SNAPSHOT,
        ),
        Answer::of(Place::Leaf, vec![forged]).bad("a mapping that the provider has made", "Records", "record", ANSWER),
    ];
    let elsewhere = Answer::of(Place::Other(OTHER_NUMBER, content(&one())), vec![]);
    cases.push(elsewhere.bad("absence shown by an identifier that lies elsewhere", "Proof", "not-elsewhere", ANSWER));
    file("answers", "Answer", "9")
        .header("Not padded. seen is the highest number of a snapshot of the provider that was seen; issuerKey as in records.json.")
        .note("Valid", BugType::Basic, &section("9"), "an answer that holds, with how many mappings", None)
        .note("Proof", BugType::MissingCheck, &section("8"), "an answer that is not what the provider has committed itself to", Some("a provider hides or swaps mappings for one asker"))
        .note("Snapshot", BugType::MissingCheck, &section("8"), "a snapshot that does not count", Some("an old state is shown again"))
        .note("Records", BugType::AuthenticationBypass, &section("9"), "a mapping that is not the recipient's", Some("a provider redirects whom it likes"))
        .group("AnswerVerify", cases)
        .finish()
}
