//! Discovery profile 0: the experimental profile of this project (`docs/discovery.md`), of no draft. Laid out here from that page.

mod answers;
mod identifiers;
mod parts;
mod records;
mod states;

use anyhow::Result;
use sha2::{Digest, Sha256};

use super::builder::{Built, FileBuilder};
use super::keys::Key;
use super::layout::{Part, Struct, opaque, optional, raw, u8, u16, u64, vector};

/// The name that all signatures and derivations bind.
const PROFILE: &str = "MIMI discovery profile 0";
/// The time at which everything is looked at.
const NOW: u64 = 1_800_000_000;
const CARRIER: &str = "carrier.example";

/// Builds the files.
pub(crate) fn build() -> Result<Vec<Built>> {
    let mut files = vec![identifiers::build()?];
    files.extend(parts::build()?);
    files.push(records::build()?);
    files.push(states::build()?);
    files.push(answers::build()?);
    Ok(files)
}

fn file(name: &str, r#type: &str, section: &str) -> FileBuilder {
    FileBuilder::of_profile(name, r#type, section)
        .header("Of the experimental discovery profile of this project, docs/discovery.md; no draft has it.")
}

fn section(number: &str) -> String {
    format!("discovery profile 0 section {number}")
}

/// Parts, each with its length in eight octets before it.
fn framed(parts: &[&[u8]]) -> Vec<u8> {
    parts.iter().flat_map(|part| [&(part.len() as u64).to_be_bytes()[..], part].concat()).collect()
}

/// HMAC-SHA-256 over the profile, a label and parts.
fn prf(key: &[u8; 32], label: &str, parts: &[&[u8]]) -> Vec<u8> {
    let all: Vec<&[u8]> = [PROFILE.as_bytes(), label.as_bytes()].into_iter().chain(parts.iter().copied()).collect();
    super::franking::hmac(key, &framed(&all))
}

fn sign(key: &Key, label: &str, content: &Struct) -> Vec<u8> {
    key.sign_octets(&framed(&[format!("{PROFILE} {label}").as_bytes(), &content.octets()]))
}

/// An identifier.
#[derive(Clone, Copy)]
struct Csi(u16, &'static str);

const NUMBER: Csi = Csi(1, "+12125551212");
const OTHER_NUMBER: Csi = Csi(1, "+12125551213");

impl Csi {
    fn layout(self) -> Struct {
        Struct::new().add("kind", u16(self.0)).add("value", opaque(self.1.as_bytes()))
    }

    fn key(self) -> [u8; 32] {
        let kind = self.0.to_be_bytes();
        let parts = [framed(&[PROFILE.as_bytes(), b"CSI"]), kind.to_vec(), framed(&[self.1.as_bytes()])];
        Sha256::digest(parts.concat()).into()
    }
}

#[derive(Clone)]
struct Attestation {
    csi: Csi,
    csip: &'static str,
    csip_key: Key,
    subject: Key,
    epoch: u64,
    from: u64,
    to: u64,
}

impl Attestation {
    fn new(subject: &str) -> Self {
        let (csip_key, subject) = (Key::of(CARRIER), Key::of(subject));
        Self { csi: NUMBER, csip: CARRIER, csip_key, subject, epoch: 1, from: NOW - 1000, to: NOW + 100_000 }
    }

    fn layout(&self) -> Struct {
        let content = Struct::new()
            .add("csi", Part::Struct(self.csi.layout()))
            .add("csip", opaque(self.csip.as_bytes()))
            .add("csip_key", raw(self.csip_key.public()))
            .add("subject_key", raw(self.subject.public()))
            .add("assignment_epoch", u64(self.epoch))
            .add("not_before", u64(self.from))
            .add("not_after", u64(self.to));
        let signature = sign(&self.csip_key, "CsiAttestation", &content);
        content.add("signature", raw(signature))
    }

    fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.layout().octets()).to_vec()
    }
}

fn entry(msp: &str, priority: u16, flags: u8, tags: &[&str]) -> Part {
    let tags = vector(tags.iter().map(|tag| opaque(tag.as_bytes())));
    let entry = Struct::new().add("msp", opaque(msp.as_bytes())).add("priority", u16(priority));
    Part::Struct(entry.add("flags", u8(flags)).add("tags", tags))
}

#[derive(Clone)]
struct Mapping {
    csi: Csi,
    name: &'static str,
    epoch: u64,
    sequence: u64,
    from: u64,
    to: u64,
    attestation: Vec<u8>,
    entries: Vec<Part>,
    sealed: Vec<Part>,
    signer: Key,
}

impl Mapping {
    fn under(attestation: &Attestation) -> Self {
        Self {
            csi: attestation.csi,
            name: "",
            epoch: attestation.epoch,
            sequence: 1,
            from: NOW - 1000,
            to: NOW + 100_000,
            attestation: attestation.hash(),
            entries: vec![entry("b.example", 0, 0, &[])],
            sealed: vec![],
            signer: attestation.subject.clone(),
        }
    }

    fn layout(&self) -> Struct {
        let content = Struct::new()
            .add("csi", Part::Struct(self.csi.layout()))
            .add("name", opaque(self.name.as_bytes()))
            .add("assignment_epoch", u64(self.epoch))
            .add("sequence", u64(self.sequence))
            .add("not_before", u64(self.from))
            .add("not_after", u64(self.to))
            .add("attestation", raw(self.attestation.clone()))
            .add("entries", vector(self.entries.clone()))
            .add("sealed", vector(self.sealed.clone()));
        let signature = sign(&self.signer, "Mapping", &content);
        content.add("signature", raw(signature))
    }

    fn record(&self, attestation: &Attestation) -> Struct {
        record(1, Some(attestation), self.layout())
    }
}

fn record(kind: u8, attestation: Option<&Attestation>, statement: Struct) -> Struct {
    let record = Struct::new().add("type", u8(kind));
    let record = match attestation {
        Some(attestation) => record.add("attestation", Part::Struct(attestation.layout())),
        None => record,
    };
    record.add("statement", Part::Struct(statement))
}

/// A removal by the recipient: of one mapping, or of all.
fn recipient_removal(attestation: &Attestation, sequence: u64, name: Option<&str>, made: u64, signer: &Key) -> Struct {
    let content = Struct::new()
        .add("csi", Part::Struct(attestation.csi.layout()))
        .add("assignment_epoch", u64(attestation.epoch))
        .add("made", u64(made))
        .add("remover", u8(1))
        .add("attestation", raw(attestation.hash()))
        .add("sequence", u64(sequence))
        .add("name", optional(name.map(|name| opaque(name.as_bytes()))));
    let signature = sign(signer, "Removal", &content);
    record(2, Some(attestation), content.add("signature", raw(signature)))
}

/// A removal by the issuer.
fn csip_removal(epoch: u64, made: u64, key: &Key) -> Struct {
    let content = Struct::new()
        .add("csi", Part::Struct(NUMBER.layout()))
        .add("assignment_epoch", u64(epoch))
        .add("made", u64(made))
        .add("remover", u8(2))
        .add("csip", opaque(CARRIER.as_bytes()))
        .add("csip_key", raw(key.public()));
    let signature = sign(key, "Removal", &content);
    record(3, None, content.add("signature", raw(signature)))
}
