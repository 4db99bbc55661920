//! Who may speak for an identifier: the statement of its issuer (discovery profile 0 section 3).
//!
//! The issuer (CSIP: a carrier, a mail provider) says that a key speaks for an identifier, for a time and an assignment. When it gives the
//! identifier to somebody else, the next attestation has a higher [`AssignmentEpoch`], and what was made under the lower one is void.

use mimi_arch::Domain;
use mimi_arch::codec::{DecodeError, EncodeError, Reader, Wire};
use mimi_arch::wire_newtype;
use sha2::{Digest, Sha256};

use crate::csi::Csi;
use crate::profile::{Key, PublicKey, Signature, SignatureError, Validity, domain, put_domain};

/// Grows whenever an identifier is assigned to somebody else.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct AssignmentEpoch(pub u64);

wire_newtype!(AssignmentEpoch(u64));

/// The longest time for which an attestation may be valid, in seconds: 400 days. So long tombstones are kept.
pub const MAX_ATTESTATION: u64 = 400 * 86_400;

const LABEL: &str = "CsiAttestation";

/// That a key speaks for an identifier, as its issuer says (discovery profile 0 section 3). Not verified: see [`crate::record::Record::verify`].
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct CsiAttestation {
    /// The identifier.
    pub csi: Csi,
    /// The issuer.
    pub csip: Domain,
    /// Which of the issuer's keys has signed.
    pub csip_key: PublicKey,
    /// The key that speaks for the identifier.
    pub subject_key: PublicKey,
    /// To whom the identifier is assigned, as a number that grows.
    pub assignment_epoch: AssignmentEpoch,
    /// For how long.
    pub validity: Validity,
    /// By the issuer over all of the above.
    pub signature: Signature,
}

/// What an issuer says of an identifier.
#[derive(Clone, Copy, Debug)]
pub struct NewAttestation<'a> {
    /// The identifier.
    pub csi: &'a Csi,
    /// The issuer.
    pub csip: &'a Domain,
    /// The key that speaks for the identifier.
    pub subject_key: PublicKey,
    /// To whom the identifier is assigned.
    pub assignment_epoch: AssignmentEpoch,
    /// For how long.
    pub validity: Validity,
}

impl NewAttestation<'_> {
    /// Signs it.
    ///
    /// # Errors
    /// When a value has no encoding.
    pub fn sign(&self, csip_key: &Key) -> Result<CsiAttestation, EncodeError> {
        let mut attestation = CsiAttestation {
            csi: self.csi.clone(),
            csip: self.csip.clone(),
            csip_key: csip_key.public(),
            subject_key: self.subject_key,
            assignment_epoch: self.assignment_epoch,
            validity: self.validity,
            signature: Signature([0; 64]),
        };
        attestation.signature = csip_key.sign(LABEL, &attestation.content()?);
        Ok(attestation)
    }
}

/// SHA-256 of an encoded [`CsiAttestation`], by which mappings and removals name theirs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AttestationHash(pub [u8; 32]);

impl Wire for AttestationHash {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array().map(Self)
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend_from_slice(&self.0);
        Ok(())
    }
}

impl CsiAttestation {
    /// The hash by which others name it.
    ///
    /// # Errors
    /// When a value has no encoding.
    pub fn hash(&self) -> Result<AttestationHash, EncodeError> {
        Ok(AttestationHash(Sha256::digest(self.to_bytes()?).into()))
    }

    /// Whether the key that it names has signed it. Whether that key is the issuer's is for who knows the issuers.
    pub(crate) fn verify_signature(&self) -> Result<(), SignatureError> {
        // What was decoded or signed has an encoding.
        let content = self.content().map_err(|_| SignatureError::Invalid)?;
        self.csip_key.verify(LABEL, &content, &self.signature)
    }

    fn content(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::with_capacity(192);
        self.encode_content(&mut out)?;
        Ok(out)
    }

    fn encode_content(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.csi.encode(out)?;
        put_domain(out, &self.csip)?;
        self.csip_key.encode(out)?;
        self.subject_key.encode(out)?;
        self.assignment_epoch.encode(out)?;
        self.validity.encode(out)
    }
}

impl Wire for CsiAttestation {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            csi: Csi::decode(r)?,
            csip: domain(r)?,
            csip_key: PublicKey::decode(r)?,
            subject_key: PublicKey::decode(r)?,
            assignment_epoch: AssignmentEpoch::decode(r)?,
            validity: Validity::decode(r)?,
            signature: Signature::decode(r)?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.encode_content(out)?;
        self.signature.encode(out)
    }
}
