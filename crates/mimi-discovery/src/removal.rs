//! Taking mappings back (discovery profile 0 section 6): by the recipient, or by the issuer when the identifier is no longer assigned (R9, R10).

use mimi_arch::Domain;
use mimi_arch::codec::{self, DecodeError, EncodeError, Reader, Wire, rules};

use crate::attestation::{AssignmentEpoch, AttestationHash, CsiAttestation};
use crate::csi::Csi;
use crate::mapping::{MappingName, Sequence};
use crate::profile::{Key, PublicKey, Seconds, Signature, SignatureError, domain, put_domain};

rules! {
    REMOVER_UNKNOWN = "a removal is neither by the recipient nor by the issuer", "discovery profile 0 section 6";
}

const LABEL: &str = "Removal";

/// Who removes, and what (discovery profile 0 section 6).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Remover {
    /// The recipient takes back one mapping, or all of them.
    Recipient {
        /// The attestation of the key that signs.
        attestation: AttestationHash,
        /// Higher than in every statement before that it is to undo.
        sequence: Sequence,
        /// The mapping; all when there is none.
        name: Option<MappingName>,
    },
    /// The issuer ends an assignment, and with it all mappings made under it and under those before.
    Csip {
        /// The issuer.
        csip: Domain,
        /// Which of its keys signs.
        csip_key: PublicKey,
    },
}

/// That mappings of an identifier are void (discovery profile 0 section 6). Not verified: see [`crate::record::Record::verify`].
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Removal {
    pub(crate) csi: Csi,
    pub(crate) assignment_epoch: AssignmentEpoch,
    pub(crate) made: Seconds,
    pub(crate) remover: Remover,
    pub(crate) signature: Signature,
}

/// What a removal claims, for a person to look at; nothing is to be decided by it.
#[derive(Clone, Copy, Debug)]
pub struct UnverifiedRemoval<'a> {
    /// The identifier.
    pub csi: &'a Csi,
    /// To whom the identifier is assigned.
    pub assignment_epoch: AssignmentEpoch,
    /// When it was made.
    pub made: Seconds,
    /// Who removes, and what.
    pub remover: &'a Remover,
    /// By the remover.
    pub signature: &'a Signature,
}

impl Removal {
    /// By the recipient, whose key the attestation names.
    ///
    /// # Errors
    /// When a value has no encoding.
    pub fn by_recipient(
        attestation: &CsiAttestation,
        sequence: Sequence,
        name: Option<MappingName>,
        made: Seconds,
        subject_key: &Key,
    ) -> Result<Self, EncodeError> {
        let remover = Remover::Recipient { attestation: attestation.hash()?, sequence, name };
        Self::sign(attestation.csi.clone(), attestation.assignment_epoch, made, remover, subject_key)
    }

    /// By the issuer: the assignment is over.
    ///
    /// # Errors
    /// When a value has no encoding.
    pub fn by_csip(
        csi: &Csi,
        assignment_epoch: AssignmentEpoch,
        csip: &Domain,
        made: Seconds,
        csip_key: &Key,
    ) -> Result<Self, EncodeError> {
        let remover = Remover::Csip { csip: csip.clone(), csip_key: csip_key.public() };
        Self::sign(csi.clone(), assignment_epoch, made, remover, csip_key)
    }

    fn sign(
        csi: Csi,
        assignment_epoch: AssignmentEpoch,
        made: Seconds,
        remover: Remover,
        key: &Key,
    ) -> Result<Self, EncodeError> {
        let mut removal = Self { csi, assignment_epoch, made, remover, signature: Signature([0; 64]) };
        removal.signature = key.sign(LABEL, &removal.content()?);
        Ok(removal)
    }

    /// The identifier that it claims to be about.
    #[must_use]
    pub const fn csi(&self) -> &Csi {
        &self.csi
    }

    /// What it claims, not verified.
    #[must_use]
    pub const fn unverified(&self) -> UnverifiedRemoval<'_> {
        let Self { csi, assignment_epoch, made, remover, signature } = self;
        UnverifiedRemoval { csi, assignment_epoch: *assignment_epoch, made: *made, remover, signature }
    }

    pub(crate) fn verify_signature(&self, key: &PublicKey) -> Result<(), SignatureError> {
        let content = self.content().map_err(|_| SignatureError::Invalid)?;
        key.verify(LABEL, &content, &self.signature)
    }

    fn content(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::with_capacity(160);
        self.encode_content(&mut out)?;
        Ok(out)
    }

    fn encode_content(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.csi.encode(out)?;
        self.assignment_epoch.encode(out)?;
        self.made.encode(out)?;
        match &self.remover {
            Remover::Recipient { attestation, sequence, name } => {
                out.push(1);
                attestation.encode(out)?;
                sequence.encode(out)?;
                codec::put_optional(out, name.as_ref())
            }
            Remover::Csip { csip, csip_key } => {
                out.push(2);
                put_domain(out, csip)?;
                csip_key.encode(out)
            }
        }
    }
}

impl Wire for Removal {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (csi, assignment_epoch, made) = (Csi::decode(r)?, AssignmentEpoch::decode(r)?, Seconds::decode(r)?);
        let start = r.clone();
        let remover = match r.u8()? {
            1 => Remover::Recipient {
                attestation: AttestationHash::decode(r)?,
                sequence: Sequence::decode(r)?,
                name: r.optional()?,
            },
            2 => Remover::Csip { csip: domain(r)?, csip_key: PublicKey::decode(r)? },
            _ => return Err(start.error(&REMOVER_UNKNOWN)),
        };
        Ok(Self { csi, assignment_epoch, made, remover, signature: Signature::decode(r)? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.encode_content(out)?;
        self.signature.encode(out)
    }
}
