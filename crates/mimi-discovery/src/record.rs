//! What is kept and passed on: a statement with all that is needed to verify it (discovery profile 0 section 7).
//!
//! A [`Record`] is what came over the wire and says nothing yet. [`Record::verify`] makes it a [`VerifiedRecord`], against the issuers that the
//! caller trusts: the provider of the service can neither make one nor change one (R1, R4).

use std::collections::{BTreeMap, BTreeSet};

use mimi_arch::Domain;
use mimi_arch::codec::{DecodeError, EncodeError, Reader, Wire, rules};
use sha2::{Digest, Sha256};

use crate::attestation::{AssignmentEpoch, AttestationHash, CsiAttestation, MAX_ATTESTATION};
use crate::csi::{Csi, CsiKind};
use crate::mapping::{Mapping, MappingEntry, MappingName, Sequence};
use crate::profile::{CLOCK_SKEW, Moment, PublicKey, Seconds, SignatureError, Validity};
use crate::removal::{Removal, Remover};
use crate::sealed::SealedEntries;

rules! {
    RECORD_TYPE_UNKNOWN = "a record is neither a mapping nor a removal", "discovery profile 0 section 7";
    RECORD_TOO_LONG = "a record is longer than 1024 octets", "discovery profile 0 section 7";
    REMOVAL_MISPLACED = "a removal by the issuer comes with an attestation, or one by the recipient without", "discovery profile 0 section 7";
}

/// The longest record, in octets.
pub const MAX_RECORD: usize = 1024;

/// A statement about an identifier as it is stored, pushed and answered, not verified.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Record {
    /// A mapping, with the attestation of the key that signed it.
    Mapping(Box<CsiAttestation>, Mapping),
    /// A removal by the recipient, with the attestation of the key that signed it.
    RecipientRemoval(Box<CsiAttestation>, Removal),
    /// A removal by the issuer, which needs no attestation.
    CsipRemoval(Removal),
}

impl Wire for Record {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let record = match r.u8()? {
            1 => Self::Mapping(Box::new(CsiAttestation::decode(r)?), Mapping::decode(r)?),
            2 => Self::RecipientRemoval(Box::new(CsiAttestation::decode(r)?), Removal::decode(r)?),
            3 => Self::CsipRemoval(Removal::decode(r)?),
            _ => return Err(start.error(&RECORD_TYPE_UNKNOWN)),
        };
        if r.offset() - start.offset() > MAX_RECORD {
            return Err(start.error(&RECORD_TOO_LONG));
        }
        if !record.is_placed() {
            return Err(start.error(&REMOVAL_MISPLACED));
        }
        Ok(record)
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if !self.is_placed() {
            return Err(EncodeError::new(&REMOVAL_MISPLACED));
        }
        let start = out.len();
        match self {
            Self::Mapping(attestation, mapping) => {
                out.push(1);
                attestation.encode(out)?;
                mapping.encode(out)?;
            }
            Self::RecipientRemoval(attestation, removal) => {
                out.push(2);
                attestation.encode(out)?;
                removal.encode(out)?;
            }
            Self::CsipRemoval(removal) => {
                out.push(3);
                removal.encode(out)?;
            }
        }
        if out.len() - start > MAX_RECORD { Err(EncodeError::new(&RECORD_TOO_LONG)) } else { Ok(()) }
    }
}

/// Which issuers speak for which identifiers, and with which keys. Whoever verifies decides that; the service does not.
#[derive(Clone, Debug, Default)]
pub struct Anchors {
    issuers: BTreeMap<Domain, Issuer>,
}

/// An issuer that is trusted.
#[derive(Clone, Debug, Default)]
struct Issuer {
    keys: BTreeSet<PublicKey>,
    /// The beginnings of identifiers that it issues, by kind.
    scopes: Vec<(CsiKind, Scope)>,
}

/// Which identifiers of a kind an issuer issues.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Scope {
    /// All of them.
    All,
    /// Those that begin with this text, such as `+1212`.
    Prefix(String),
    /// Mail addresses and MIMI URIs of this domain.
    Domain(Domain),
}

impl Scope {
    fn holds(&self, csi: &Csi) -> bool {
        match self {
            Self::All => true,
            Self::Prefix(prefix) => csi.value().starts_with(prefix.as_str()),
            Self::Domain(domain) => match csi.kind() {
                CsiKind::MAIL => csi.value().rsplit_once('@').is_some_and(|(_, host)| host == domain.as_str()),
                CsiKind::MIMI_URI => {
                    csi.value().parse::<mimi_arch::UserUri>().is_ok_and(|user| user.domain() == domain)
                }
                _ => false,
            },
        }
    }
}

impl Anchors {
    /// Trusts an issuer with this key for identifiers of a kind; may be called several times for several keys and kinds.
    pub fn trust(&mut self, csip: Domain, key: PublicKey, kind: CsiKind, scope: Scope) {
        let issuer = self.issuers.entry(csip).or_default();
        issuer.keys.insert(key);
        if !issuer.scopes.contains(&(kind, scope.clone())) {
            issuer.scopes.push((kind, scope));
        }
    }

    /// Whether this issuer may speak for the identifier with this key.
    fn check(&self, csip: &Domain, key: &PublicKey, csi: &Csi) -> Result<(), RecordError> {
        let unknown = || RecordError::UnknownIssuer { csip: csip.clone() };
        let issuer = self.issuers.get(csip).filter(|issuer| issuer.keys.contains(key)).ok_or_else(unknown)?;
        let within = issuer.scopes.iter().any(|(kind, scope)| *kind == csi.kind() && scope.holds(csi));
        if within { Ok(()) } else { Err(RecordError::OutOfScope { csip: csip.clone() }) }
    }
}

/// Why a record does not count (discovery profile 0 section 7).
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// Nobody who is trusted has attested it.
    #[error("{csip} is no issuer that is trusted, or has signed with another key")]
    UnknownIssuer {
        /// The issuer.
        csip: Domain,
    },
    /// The issuer is trusted, for other identifiers.
    #[error("{csip} does not issue such identifiers")]
    OutOfScope {
        /// The issuer.
        csip: Domain,
    },
    /// The attestation is not the issuer's.
    #[error("the attestation: {0}")]
    AttestationSignature(SignatureError),
    /// The attestation has ended.
    #[error("the attestation ended at {}", .ended.0)]
    AttestationExpired {
        /// Its last second.
        ended: Seconds,
    },
    /// The attestation is valid for longer than tombstones are kept.
    #[error("the attestation is valid for more than 400 days")]
    AttestationTooLong,
    /// The attestation has not begun.
    #[error("the attestation begins at {}", .begins.0)]
    AttestationInFuture {
        /// Its first second.
        begins: Seconds,
    },
    /// It is about another identifier than its attestation.
    #[error("it is about another identifier than its attestation")]
    OtherCsi,
    /// It was made under another attestation than the one that is there.
    #[error("it names another attestation than the one that comes with it")]
    OtherAttestation,
    /// It was made for another assignment than the one attested.
    #[error("it is of assignment {found}, the attestation is of {attested}", found = .found.0, attested = .attested.0)]
    OtherAssignment {
        /// In the mapping or removal.
        found: AssignmentEpoch,
        /// In the attestation.
        attested: AssignmentEpoch,
    },
    /// It is not signed by who may.
    #[error("the statement: {0}")]
    Signature(SignatureError),
    /// It has ended.
    #[error("it ended at {}", .ended.0)]
    Expired {
        /// Its last second.
        ended: Seconds,
    },
    /// It was made in the future, or begins there.
    #[error("it begins at {}", .begins.0)]
    InFuture {
        /// Its first second.
        begins: Seconds,
    },
}

impl RecordError {
    /// Document and section of the rule.
    #[must_use]
    pub const fn section(&self) -> &'static str {
        match self {
            Self::UnknownIssuer { .. }
            | Self::OutOfScope { .. }
            | Self::AttestationSignature(_)
            | Self::AttestationExpired { .. }
            | Self::AttestationTooLong
            | Self::AttestationInFuture { .. } => "discovery profile 0 section 3",
            _ => "discovery profile 0 section 7",
        }
    }
}

impl Record {
    /// The identifier that it claims to be about.
    #[must_use]
    pub const fn csi(&self) -> &Csi {
        match self {
            Self::Mapping(_, mapping) => mapping.csi(),
            Self::RecipientRemoval(_, removal) | Self::CsipRemoval(removal) => removal.csi(),
        }
    }

    fn is_placed(&self) -> bool {
        match self {
            Self::Mapping(..) => true,
            Self::RecipientRemoval(_, removal) => matches!(removal.remover, Remover::Recipient { .. }),
            Self::CsipRemoval(removal) => matches!(removal.remover, Remover::Csip { .. }),
        }
    }

    /// Checks that who may say this has said it, and that it holds now.
    ///
    /// # Errors
    /// The first rule that it breaks.
    // req: UD03-6-01, UD03-6-02, UD03-9-01, UD03-9-02, UD03-14-02, UD03-14-03, UD03-14-06, UD03-14-07
    pub fn verify(self, anchors: &Anchors, now: Seconds) -> Result<VerifiedRecord, RecordError> {
        match &self {
            Self::Mapping(attestation, mapping) => {
                check_attestation(attestation, anchors, now)?;
                check_belongs(attestation, &mapping.csi, mapping.assignment_epoch, Some(mapping.attestation))?;
                mapping.verify_signature(&attestation.subject_key).map_err(RecordError::Signature)?;
                match mapping.validity.at(now) {
                    Moment::Before => return Err(RecordError::InFuture { begins: mapping.validity.not_before }),
                    Moment::After => return Err(RecordError::Expired { ended: mapping.validity.not_after }),
                    Moment::Within => {}
                }
            }
            Self::RecipientRemoval(attestation, removal) => {
                check_attestation(attestation, anchors, now)?;
                let named = match &removal.remover {
                    Remover::Recipient { attestation, .. } => Some(*attestation),
                    Remover::Csip { .. } => None,
                };
                check_belongs(attestation, &removal.csi, removal.assignment_epoch, named)?;
                removal.verify_signature(&attestation.subject_key).map_err(RecordError::Signature)?;
                check_made(removal, now)?;
            }
            Self::CsipRemoval(removal) => {
                let Remover::Csip { csip, csip_key } = &removal.remover else {
                    return Err(RecordError::OtherAttestation);
                };
                anchors.check(csip, csip_key, &removal.csi)?;
                removal.verify_signature(csip_key).map_err(RecordError::Signature)?;
                check_made(removal, now)?;
            }
        }
        Ok(VerifiedRecord { record: self })
    }
}

fn check_made(removal: &Removal, now: Seconds) -> Result<(), RecordError> {
    if removal.made > now.plus(CLOCK_SKEW) { Err(RecordError::InFuture { begins: removal.made }) } else { Ok(()) }
}

fn check_attestation(attestation: &CsiAttestation, anchors: &Anchors, now: Seconds) -> Result<(), RecordError> {
    anchors.check(&attestation.csip, &attestation.csip_key, &attestation.csi)?;
    attestation.verify_signature().map_err(RecordError::AttestationSignature)?;
    let Validity { not_before, not_after } = attestation.validity;
    if not_after > not_before.plus(MAX_ATTESTATION) {
        return Err(RecordError::AttestationTooLong);
    }
    match attestation.validity.at(now) {
        Moment::Before => Err(RecordError::AttestationInFuture { begins: attestation.validity.not_before }),
        Moment::After => Err(RecordError::AttestationExpired { ended: attestation.validity.not_after }),
        Moment::Within => Ok(()),
    }
}

fn check_belongs(
    attestation: &CsiAttestation,
    csi: &Csi,
    epoch: AssignmentEpoch,
    named: Option<AttestationHash>,
) -> Result<(), RecordError> {
    if attestation.csi != *csi {
        return Err(RecordError::OtherCsi);
    }
    if attestation.assignment_epoch != epoch {
        return Err(RecordError::OtherAssignment { found: epoch, attested: attestation.assignment_epoch });
    }
    // What was decoded has an encoding.
    if attestation.hash().ok() != named {
        return Err(RecordError::OtherAttestation);
    }
    Ok(())
}

/// A statement that holds: made by who may make it, within its time.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct VerifiedRecord {
    record: Record,
}

/// What a verified record says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Statement<'a> {
    /// Where the person can be reached.
    Mapping(VerifiedMapping<'a>),
    /// The recipient takes back one mapping.
    RemoveOne(&'a MappingName),
    /// The recipient takes back all mappings.
    RemoveAll,
    /// The issuer ends the assignment.
    EndAssignment,
}

/// A mapping that holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VerifiedMapping<'a> {
    mapping: &'a Mapping,
}

impl<'a> VerifiedMapping<'a> {
    /// The identifier.
    #[must_use]
    pub const fn csi(self) -> &'a Csi {
        &self.mapping.csi
    }

    /// Which of the person's mappings it is.
    #[must_use]
    pub const fn name(self) -> &'a MappingName {
        &self.mapping.name
    }

    /// The entries that everybody may see; none when the person does not want to be found.
    #[must_use]
    pub fn entries(self) -> &'a [MappingEntry] {
        &self.mapping.entries
    }

    /// The parts for those who hold a capability.
    #[must_use]
    pub fn sealed(self) -> &'a [SealedEntries] {
        &self.mapping.sealed
    }
}

impl VerifiedRecord {
    /// One that was verified before it was stored.
    #[cfg(feature = "sqlite")]
    pub(crate) const fn stored(record: Record) -> Self {
        Self { record }
    }

    /// The record, to store it or pass it on.
    #[must_use]
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// The identifier.
    #[must_use]
    pub const fn csi(&self) -> &Csi {
        self.record.csi()
    }

    /// What it says.
    #[must_use]
    pub const fn statement(&self) -> Statement<'_> {
        match &self.record {
            Record::Mapping(_, mapping) => Statement::Mapping(VerifiedMapping { mapping }),
            Record::RecipientRemoval(_, removal) | Record::CsipRemoval(removal) => match &removal.remover {
                Remover::Recipient { name: Some(name), .. } => Statement::RemoveOne(name),
                Remover::Recipient { name: None, .. } => Statement::RemoveAll,
                Remover::Csip { .. } => Statement::EndAssignment,
            },
        }
    }

    /// The assignment under which it was made.
    #[must_use]
    pub const fn assignment_epoch(&self) -> AssignmentEpoch {
        match &self.record {
            Record::Mapping(_, mapping) => mapping.assignment_epoch,
            Record::RecipientRemoval(_, removal) | Record::CsipRemoval(removal) => removal.assignment_epoch,
        }
    }

    /// Its place among the recipient's statements; the last one there is for the issuer's.
    #[must_use]
    pub const fn sequence(&self) -> Sequence {
        match &self.record {
            Record::Mapping(_, mapping) => mapping.sequence,
            Record::RecipientRemoval(_, removal) | Record::CsipRemoval(removal) => match &removal.remover {
                Remover::Recipient { sequence, .. } => *sequence,
                Remover::Csip { .. } => Sequence(u64::MAX),
            },
        }
    }

    /// Until when it counts. A mapping, until it or its attestation ends; a removal by the recipient, until the attestation ends, as nothing
    /// older can come back after that; a removal by the issuer, until all attestations that were there when it was made have ended.
    #[must_use]
    pub fn counts_until(&self) -> Seconds {
        match &self.record {
            Record::Mapping(attestation, mapping) => attestation.validity.not_after.min(mapping.validity.not_after),
            Record::RecipientRemoval(attestation, _) => attestation.validity.not_after,
            Record::CsipRemoval(removal) => removal.made.plus(MAX_ATTESTATION),
        }
    }

    /// Until when attestations of earlier assignments may be valid: they were made before this one.
    #[must_use]
    pub const fn earlier_until(&self) -> Seconds {
        match &self.record {
            Record::Mapping(attestation, _) | Record::RecipientRemoval(attestation, _) => {
                attestation.validity.not_before.plus(MAX_ATTESTATION)
            }
            Record::CsipRemoval(removal) => removal.made.plus(MAX_ATTESTATION),
        }
    }

    /// SHA-256 of the encoding. Of two statements with the same place the one with the higher digest stands, so that all who have both agree.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        // What was verified has an encoding.
        Sha256::digest(self.record.to_bytes().unwrap_or_default()).into()
    }
}
