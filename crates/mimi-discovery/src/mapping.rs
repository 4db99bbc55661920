//! Where a person can be reached: what the person alone can say (discovery profile 0 section 4).

use std::collections::BTreeSet;
use std::fmt;

use mimi_arch::Domain;
use mimi_arch::codec::{self, DecodeError, EncodeError, Reader, Wire, rules};
use mimi_arch::wire_newtype;

use crate::attestation::{AssignmentEpoch, AttestationHash};
use crate::csi::Csi;
use crate::profile::{Key, PublicKey, Signature, SignatureError, Validity, domain, put_domain};
use crate::sealed::SealedEntries;

/// How many entries a mapping has at most.
pub const MAX_ENTRIES: usize = 16;
/// How many tags an entry has at most.
pub const MAX_TAGS: usize = 8;
/// The longest tag, in octets.
pub const MAX_TAG: usize = 32;
/// The longest name of a mapping, in octets.
pub const MAX_NAME: usize = 32;
/// How many sealed parts a mapping has at most.
pub const MAX_SEALED: usize = 8;

rules! {
    TOO_MANY_ENTRIES = "a mapping has more than 16 entries", "discovery profile 0 section 4";
    ENTRY_TWICE = "a provider is listed twice", "discovery profile 0 section 4";
    ENTRIES_NOT_SORTED = "entries are not sorted by provider", "discovery profile 0 section 4";
    FLAGS_UNKNOWN = "a flag is set that has no meaning", "discovery profile 0 section 4";
    TOO_MANY_TAGS = "an entry has more than 8 tags", "discovery profile 0 section 4";
    TAGS_NOT_SORTED = "tags are not sorted, or there is one twice", "discovery profile 0 section 4";
    TAG_LENGTH = "a tag has not 1 to 32 octets", "discovery profile 0 section 4";
    TAG_NOT_TEXT = "a tag is not UTF-8 without control characters", "discovery profile 0 section 4";
    NAME_LENGTH = "the name of a mapping is longer than 32 octets", "discovery profile 0 section 4";
    NAME_NOT_TEXT = "the name of a mapping is not UTF-8 without control characters", "discovery profile 0 section 4";
    TOO_MANY_SEALED = "a mapping has more than 8 sealed parts", "discovery profile 0 section 5";
}

/// Grows with every statement that a person makes about one mapping.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Sequence(pub u64);

wire_newtype!(Sequence(u64));

/// A word of the recipient's about an entry, such as `business` (R2).
// req: UD03-7-02
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Tag(String);

impl Tag {
    /// A tag of 1 to 32 octets without control characters.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn new(text: &str) -> Result<Self, EncodeError> {
        check_text(text, 1, MAX_TAG, &TAG_LENGTH, &TAG_NOT_TEXT).map_err(EncodeError::new)?;
        Ok(Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Wire for Tag {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        text(r, 1, MAX_TAG, &TAG_LENGTH, &TAG_NOT_TEXT).map(Self)
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_opaque(out, self.0.as_bytes())
    }
}

/// Which of a person's mappings it is: a person may have several for one identifier (R5). Usually empty.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct MappingName(String);

impl MappingName {
    /// A name of up to 32 octets without control characters.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn new(text: &str) -> Result<Self, EncodeError> {
        check_text(text, 0, MAX_NAME, &NAME_LENGTH, &NAME_NOT_TEXT).map_err(EncodeError::new)?;
        Ok(Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Wire for MappingName {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        text(r, 0, MAX_NAME, &NAME_LENGTH, &NAME_NOT_TEXT).map(Self)
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_opaque(out, self.0.as_bytes())
    }
}

fn check_text(
    text: &str,
    least: usize,
    most: usize,
    length: &'static codec::Rule,
    control: &'static codec::Rule,
) -> Result<(), &'static codec::Rule> {
    if !(least..=most).contains(&text.len()) {
        return Err(length);
    }
    if text.chars().any(char::is_control) { Err(control) } else { Ok(()) }
}

fn text(
    r: &mut Reader<'_>,
    least: usize,
    most: usize,
    length: &'static codec::Rule,
    not_text: &'static codec::Rule,
) -> Result<String, DecodeError> {
    let start = r.clone();
    let octets = r.opaque()?;
    let text = std::str::from_utf8(octets).map_err(|_| start.error(not_text))?;
    check_text(text, least, most, length, not_text).map_err(|rule| start.error(rule))?;
    Ok(text.to_owned())
}

/// What a person wants of an entry (discovery profile 0 section 4). Bits without a meaning are refused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct EntryFlags {
    /// Only for senders who use the same service (second user journey).
    pub same_service_only: bool,
}

impl Wire for EntryFlags {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        match r.u8()? {
            0 => Ok(Self { same_service_only: false }),
            1 => Ok(Self { same_service_only: true }),
            _ => Err(start.error(&FLAGS_UNKNOWN)),
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.push(u8::from(self.same_service_only));
        Ok(())
    }
}

/// A provider at which the person can be reached.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct MappingEntry {
    /// The provider.
    pub msp: Domain,
    /// The lower, the rather.
    pub priority: u16,
    /// Conditions.
    pub flags: EntryFlags,
    /// Words of the recipient's, sorted.
    pub tags: BTreeSet<Tag>,
}

impl MappingEntry {
    /// An entry without conditions and tags.
    #[must_use]
    pub fn new(msp: Domain, priority: u16) -> Self {
        Self { msp, priority, flags: EntryFlags::default(), tags: BTreeSet::new() }
    }
}

impl Wire for MappingEntry {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (msp, priority, flags) = (domain(r)?, r.u16()?, EntryFlags::decode(r)?);
        let start = r.clone();
        let list: Vec<Tag> = r.list()?;
        if list.len() > MAX_TAGS {
            return Err(start.error(&TOO_MANY_TAGS));
        }
        if !list.is_sorted_by(|before, after| before < after) {
            return Err(start.error(&TAGS_NOT_SORTED));
        }
        Ok(Self { msp, priority, flags, tags: list.into_iter().collect() })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if self.tags.len() > MAX_TAGS {
            return Err(EncodeError::new(&TOO_MANY_TAGS));
        }
        put_domain(out, &self.msp)?;
        self.priority.encode(out)?;
        self.flags.encode(out)?;
        codec::put_list(out, &self.tags.iter().cloned().collect::<Vec<_>>())
    }
}

pub(crate) fn decode_entries(r: &mut Reader<'_>) -> Result<Vec<MappingEntry>, DecodeError> {
    let start = r.clone();
    let entries = r.list()?;
    check_entries(&entries).map_err(|rule| start.error(rule))?;
    Ok(entries)
}

pub(crate) fn encode_entries(out: &mut Vec<u8>, entries: &[MappingEntry]) -> Result<(), EncodeError> {
    check_entries(entries).map_err(EncodeError::new)?;
    codec::put_list(out, entries)
}

fn check_entries(entries: &[MappingEntry]) -> Result<(), &'static codec::Rule> {
    if entries.len() > MAX_ENTRIES {
        return Err(&TOO_MANY_ENTRIES);
    }
    for pair in entries.windows(2) {
        if let [before, after] = pair {
            match before.msp.cmp(&after.msp) {
                std::cmp::Ordering::Less => {}
                std::cmp::Ordering::Equal => return Err(&ENTRY_TWICE),
                std::cmp::Ordering::Greater => return Err(&ENTRIES_NOT_SORTED),
            }
        }
    }
    Ok(())
}

const LABEL: &str = "Mapping";

/// Where a person can be reached, as the person says (discovery profile 0 section 4). Not verified: what it says counts after
/// [`crate::record::Record::verify`].
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Mapping {
    pub(crate) csi: Csi,
    pub(crate) name: MappingName,
    pub(crate) assignment_epoch: AssignmentEpoch,
    pub(crate) sequence: Sequence,
    pub(crate) validity: Validity,
    pub(crate) attestation: AttestationHash,
    pub(crate) entries: Vec<MappingEntry>,
    pub(crate) sealed: Vec<SealedEntries>,
    pub(crate) signature: Signature,
}

/// What a person says of where to be reached.
#[derive(Clone, Debug)]
pub struct NewMapping {
    /// Which of the person's mappings it is.
    pub name: MappingName,
    /// Higher than in every statement before.
    pub sequence: Sequence,
    /// For how long.
    pub validity: Validity,
    /// The providers; none when the person does not want to be found. Sorted by provider when signed.
    pub entries: Vec<MappingEntry>,
    /// Parts for those who hold a capability.
    pub sealed: Vec<SealedEntries>,
}

impl NewMapping {
    /// Signs it with the key that the attestation names.
    ///
    /// # Errors
    /// When a value has no encoding: too many entries, one provider twice.
    pub fn sign(
        &self,
        attestation: &crate::attestation::CsiAttestation,
        subject_key: &Key,
    ) -> Result<Mapping, EncodeError> {
        let mut entries = self.entries.clone();
        entries.sort_by(|a, b| a.msp.cmp(&b.msp));
        let mut mapping = Mapping {
            csi: attestation.csi.clone(),
            name: self.name.clone(),
            assignment_epoch: attestation.assignment_epoch,
            sequence: self.sequence,
            validity: self.validity,
            attestation: attestation.hash()?,
            entries,
            sealed: self.sealed.clone(),
            signature: Signature([0; 64]),
        };
        mapping.signature = subject_key.sign(LABEL, &mapping.content()?);
        Ok(mapping)
    }
}

/// What a mapping claims, for a person to look at; nothing is to be decided by it.
#[derive(Clone, Copy, Debug)]
pub struct UnverifiedMapping<'a> {
    /// The identifier.
    pub csi: &'a Csi,
    /// Which of the person's mappings it is.
    pub name: &'a MappingName,
    /// To whom the identifier is assigned.
    pub assignment_epoch: AssignmentEpoch,
    /// Its place among the statements of the person.
    pub sequence: Sequence,
    /// For how long it holds.
    pub validity: Validity,
    /// The attestation of the key that signs.
    pub attestation: &'a AttestationHash,
    /// The entries that everybody may see.
    pub entries: &'a [MappingEntry],
    /// The parts for those who hold a capability.
    pub sealed: &'a [SealedEntries],
    /// By the holder of the attested key.
    pub signature: &'a Signature,
}

impl Mapping {
    /// The identifier that it claims to be about.
    #[must_use]
    pub const fn csi(&self) -> &Csi {
        &self.csi
    }

    /// What it claims, not verified.
    #[must_use]
    pub fn unverified(&self) -> UnverifiedMapping<'_> {
        let Self { csi, name, attestation, entries, sealed, signature, .. } = self;
        let (assignment_epoch, sequence, validity) = (self.assignment_epoch, self.sequence, self.validity);
        UnverifiedMapping { csi, name, assignment_epoch, sequence, validity, attestation, entries, sealed, signature }
    }

    pub(crate) fn verify_signature(&self, key: &PublicKey) -> Result<(), SignatureError> {
        let content = self.content().map_err(|_| SignatureError::Invalid)?;
        key.verify(LABEL, &content, &self.signature)
    }

    fn content(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::with_capacity(256);
        self.encode_content(&mut out)?;
        Ok(out)
    }

    fn encode_content(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if self.sealed.len() > MAX_SEALED {
            return Err(EncodeError::new(&TOO_MANY_SEALED));
        }
        self.csi.encode(out)?;
        self.name.encode(out)?;
        self.assignment_epoch.encode(out)?;
        self.sequence.encode(out)?;
        self.validity.encode(out)?;
        self.attestation.encode(out)?;
        encode_entries(out, &self.entries)?;
        codec::put_list(out, &self.sealed)
    }
}

impl Wire for Mapping {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let csi = Csi::decode(r)?;
        let name = MappingName::decode(r)?;
        let assignment_epoch = AssignmentEpoch::decode(r)?;
        let sequence = Sequence::decode(r)?;
        let validity = Validity::decode(r)?;
        let attestation = AttestationHash::decode(r)?;
        let entries = decode_entries(r)?;
        let start = r.clone();
        let sealed: Vec<SealedEntries> = r.list()?;
        if sealed.len() > MAX_SEALED {
            return Err(start.error(&TOO_MANY_SEALED));
        }
        let signature = Signature::decode(r)?;
        Ok(Self { csi, name, assignment_epoch, sequence, validity, attestation, entries, sealed, signature })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.encode_content(out)?;
        self.signature.encode(out)
    }
}
