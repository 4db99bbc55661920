//! Claiming group key information for an external join (draft-ietf-mimi-protocol-06 section 5.6): `POST
//! /groupInfo/{roomId}`.
//!
//! The request is signed by the client that wants to join and names an HPKE key; the response is encrypted to that
//! key and signed by the hub. Types ending in `In` are what came in, not verified.

use std::fmt;

use crate::codec::{self, DecodeError, EncodeError, Reader, Rule, Wire, rules};
use crate::crypto::{
    Hpke, HpkeCiphertext, HpkeError, LabelSigner, SignError, SignatureError, encrypt_context, verify_with_label,
};
use crate::identifier_uri::IdentifierUri;
use crate::mls::{Credential, ExternalSender, GroupInfo, MlsMessage};
use crate::protocol::Protocol;
use crate::ratchet_tree::{RatchetTreeOption, decode_without_tree, encode_without_tree};
use crate::update::check_proposal;
use crate::values::{AcceptedTimestamp, CipherSuite};

rules! {
    GROUP_INFO_CODE_UNKNOWN = "the status is not one that is defined", "draft-ietf-mimi-protocol-06 section 5.6";
    PENDING_OF_ANOTHER_GROUP = "a pending proposal is not of the group info's group and epoch",
        "draft-ietf-mimi-protocol-06 section 5.6";
    GROUP_INFO_ROOM_EMPTY = "the room of the response is empty", "draft-ietf-mimi-protocol-06 section 5.6";
}

const REQUEST_LABEL: &str = "GroupInfoRequestTBS";
const RESPONSE_LABEL: &str = "GroupInfoResponseTBS";
const ENCRYPTION_LABEL: &str = "GroupInfo and ratchet_tree encryption";

/// What a request for the group info says; also what its signature covers (draft-ietf-mimi-protocol-06 section 5.6).
// req: MP06-5.6-03, MP06-5.6-06, MP06-5.6-07, MP06-5.6-08, MP06-5.6-10
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct GroupInfoRequestTbs {
    /// The algorithms of the signatures and of the encryption.
    pub cipher_suite: CipherSuite,
    /// The key that signs the request.
    pub requesting_signature_key: Vec<u8>,
    /// Who the asking client is.
    pub requesting_credential: Credential,
    /// The HPKE key that the answer is encrypted to.
    pub group_info_public_key: Vec<u8>,
    /// A proof of permission, where one is needed. `Debug` does not show it: whoever reads it may join.
    pub joining_code: Option<Vec<u8>>,
}

impl fmt::Debug for GroupInfoRequestTbs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupInfoRequestTbs")
            .field("cipher_suite", &self.cipher_suite)
            .field("requesting_signature_key", &self.requesting_signature_key)
            .field("requesting_credential", &self.requesting_credential)
            .field("group_info_public_key", &self.group_info_public_key)
            .field("joining_code", &self.joining_code.as_ref().map(|_| ".."))
            .finish()
    }
}

impl GroupInfoRequestTbs {
    /// Signs the request.
    ///
    /// # Errors
    /// When `requesting_signature_key` is not the signer's, the request has no encoding, or the signer fails.
    // req: MP06-5.6-12
    pub fn sign(self, signer: &dyn LabelSigner) -> Result<GroupInfoRequest, SignError> {
        if signer.public_key() != self.requesting_signature_key {
            return Err(SignError::KeyMismatch);
        }
        let signature = signer.sign_with_label(REQUEST_LABEL, &self.to_bytes()?)?;
        Ok(GroupInfoRequest { tbs: self, signature })
    }
}

impl Wire for GroupInfoRequestTbs {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Protocol::decode(r)?;
        Ok(Self {
            cipher_suite: CipherSuite::decode(r)?,
            requesting_signature_key: r.opaque()?.to_vec(),
            requesting_credential: Credential::decode(r)?,
            group_info_public_key: r.opaque()?.to_vec(),
            joining_code: r.optional_with(|r| r.opaque().map(<[u8]>::to_vec))?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        Protocol::Mls10.encode(out)?;
        self.cipher_suite.encode(out)?;
        codec::put_opaque(out, &self.requesting_signature_key)?;
        self.requesting_credential.encode(out)?;
        codec::put_opaque(out, &self.group_info_public_key)?;
        out.push(u8::from(self.joining_code.is_some()));
        self.joining_code.as_ref().map_or(Ok(()), |code| codec::put_opaque(out, code))
    }
}

/// A request for the group info whose signature holds (draft-ietf-mimi-protocol-06 section 5.6).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct GroupInfoRequest {
    tbs: GroupInfoRequestTbs,
    signature: Vec<u8>,
}

impl GroupInfoRequest {
    /// What the request says.
    pub const fn tbs(&self) -> &GroupInfoRequestTbs {
        &self.tbs
    }

    /// The body, as it is sent.
    ///
    /// # Errors
    /// When the request has no encoding.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EncodeError> {
        GroupInfoRequestIn::from(self.clone()).to_bytes()
    }
}

/// A request for the group info as it came in, not verified (draft-ietf-mimi-protocol-06 section 5.6).
// req: MP06-5.6-11
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct GroupInfoRequestIn {
    tbs: GroupInfoRequestTbs,
    signature: Vec<u8>,
}

impl GroupInfoRequestIn {
    /// A request with this signature, whatever it is worth.
    pub const fn new(tbs: GroupInfoRequestTbs, signature: Vec<u8>) -> Self {
        Self { tbs, signature }
    }

    /// What the request claims.
    pub const fn unverified_tbs(&self) -> &GroupInfoRequestTbs {
        &self.tbs
    }

    /// The signature, not verified.
    pub const fn unverified_signature(&self) -> &[u8] {
        self.signature.as_slice()
    }

    /// Verifies the signature with the key in the request.
    ///
    /// # Errors
    /// When the signature does not hold or the cipher suite is not supported.
    // req: MP06-5.6-09, MP06-5.6-12
    pub fn verify(self) -> Result<GroupInfoRequest, SignatureError> {
        let Self { tbs, signature } = self;
        let content = tbs.to_bytes()?;
        verify_with_label(tbs.cipher_suite, &tbs.requesting_signature_key, REQUEST_LABEL, &content, &signature)?;
        Ok(GroupInfoRequest { tbs, signature })
    }
}

impl From<GroupInfoRequest> for GroupInfoRequestIn {
    fn from(request: GroupInfoRequest) -> Self {
        Self { tbs: request.tbs, signature: request.signature }
    }
}

impl Wire for GroupInfoRequestIn {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { tbs: GroupInfoRequestTbs::decode(r)?, signature: r.opaque()?.to_vec() })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.tbs.encode(out)?;
        codec::put_opaque(out, &self.signature)
    }
}

/// How the request went (draft-ietf-mimi-protocol-06 section 5.6).
// req: MP06-5.6-14
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum GroupInfoCode {
    /// Group info and ratchet tree are in the response.
    Success = 1,
    /// The requester may not have them.
    NotAuthorized = 2,
    /// There is no such room.
    NoSuchRoom = 3,
}

impl Wire for GroupInfoCode {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        Ok(match r.u8()? {
            1 => Self::Success,
            2 => Self::NotAuthorized,
            3 => Self::NoSuchRoom,
            _ => return Err(start.error(&GROUP_INFO_CODE_UNKNOWN)),
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.push(*self as u8);
        Ok(())
    }
}

/// A proposal that waits for a commit (draft-ietf-mimi-protocol-06 section 5.6).
// req: MP06-5.6-15
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PendingProposal {
    /// The proposal, in a PublicMessage.
    pub proposal: MlsMessage,
    /// When the hub accepted it.
    pub hub_accepted_time: AcceptedTimestamp,
}

impl Wire for PendingProposal {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let proposal = MlsMessage::decode(r)?;
        check_proposal(&proposal).map_err(|rule| start.error(rule))?;
        Ok(Self { proposal, hub_accepted_time: AcceptedTimestamp::decode(r)? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        check_proposal(&self.proposal).map_err(EncodeError::new)?;
        self.proposal.encode(out)?;
        self.hub_accepted_time.encode(out)
    }
}

/// What the response encrypts (draft-ietf-mimi-protocol-06 section 5.6).
// req: MP06-5.6-16
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct GroupInfoRatchetTreeTbe {
    /// The group info, without the ratchet tree.
    pub group_info: GroupInfo,
    /// The ratchet tree.
    pub ratchet_tree: RatchetTreeOption,
    /// The valid proposals that the hub accepted in this epoch.
    pub pending_proposals: Vec<PendingProposal>,
}

impl GroupInfoRatchetTreeTbe {
    // req: MP06-5.6-18
    fn check(&self) -> Result<(), &'static Rule> {
        let current = Some((self.group_info.group_id(), self.group_info.epoch()));
        let all_current = self.pending_proposals.iter().all(|p| p.proposal.group_and_epoch() == current);
        if all_current { Ok(()) } else { Err(&PENDING_OF_ANOTHER_GROUP) }
    }
}

impl Wire for GroupInfoRatchetTreeTbe {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let group_info = decode_without_tree(r)?;
        let ratchet_tree = RatchetTreeOption::decode(r)?;
        let start = r.clone();
        let tbe = Self { group_info, ratchet_tree, pending_proposals: r.list()? };
        tbe.check().map(|()| tbe).map_err(|rule| start.error(rule))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.check().map_err(EncodeError::new)?;
        encode_without_tree(&self.group_info, out)?;
        self.ratchet_tree.encode(out)?;
        codec::put_list(out, &self.pending_proposals)
    }
}

/// What the hub's signature covers (draft-ietf-mimi-protocol-06 section 5.6).
// req: MP06-5.6-20
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct GroupInfoResponseTbs {
    /// The room, as in the request's path.
    pub room_id: IdentifierUri,
    /// The algorithms of the signature and of the encryption; those of the request.
    pub cipher_suite: CipherSuite,
    /// The hub, as the first of the group's external senders.
    pub hub_sender: ExternalSender,
    /// The encrypted [`GroupInfoRatchetTreeTbe`].
    pub encrypted_groupinfo_and_tree: HpkeCiphertext,
}

impl GroupInfoResponseTbs {
    /// Signs the response.
    ///
    /// # Errors
    /// When the key of `hub_sender` is not the signer's, the response has no encoding, or the signer fails.
    // req: MP06-5.6-22
    pub fn sign(self, signer: &dyn LabelSigner) -> Result<GroupInfoResponse, SignError> {
        if signer.public_key() != self.hub_sender.signature_key {
            return Err(SignError::KeyMismatch);
        }
        let signature = signer.sign_with_label(RESPONSE_LABEL, &self.to_bytes()?)?;
        Ok(GroupInfoResponse::Success { tbs: Box::new(self), signature })
    }
}

impl Wire for GroupInfoResponseTbs {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (room_id, status_place, status) = decode_status(r)?;
        if status != GroupInfoCode::Success {
            return Err(status_place.error(&GROUP_INFO_CODE_UNKNOWN));
        }
        Self::decode_after_status(r, room_id)
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        encode_status(out, &self.room_id, GroupInfoCode::Success)?;
        self.cipher_suite.encode(out)?;
        self.hub_sender.encode(out)?;
        self.encrypted_groupinfo_and_tree.encode(out)
    }
}

impl GroupInfoResponseTbs {
    fn decode_after_status(r: &mut Reader<'_>, room_id: IdentifierUri) -> Result<Self, DecodeError> {
        Ok(Self {
            room_id,
            cipher_suite: CipherSuite::decode(r)?,
            hub_sender: ExternalSender::decode(r)?,
            encrypted_groupinfo_and_tree: HpkeCiphertext::decode(r)?,
        })
    }
}

fn decode_status<'a>(r: &mut Reader<'a>) -> Result<(IdentifierUri, Reader<'a>, GroupInfoCode), DecodeError> {
    Protocol::decode(r)?;
    let start = r.clone();
    let room_id = IdentifierUri::decode(r)?;
    if room_id.is_empty() {
        return Err(start.error(&GROUP_INFO_ROOM_EMPTY));
    }
    let start = r.clone();
    Ok((room_id, start, GroupInfoCode::decode(r)?))
}

fn encode_status(out: &mut Vec<u8>, room_id: &IdentifierUri, status: GroupInfoCode) -> Result<(), EncodeError> {
    if room_id.is_empty() {
        return Err(EncodeError::new(&GROUP_INFO_ROOM_EMPTY));
    }
    Protocol::Mls10.encode(out)?;
    room_id.encode(out)?;
    status.encode(out)
}

/// The answer of a hub (draft-ietf-mimi-protocol-06 section 5.6).
// req: MP06-5.6-21
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum GroupInfoResponse {
    /// Group info and ratchet tree.
    Success {
        /// What is signed.
        tbs: Box<GroupInfoResponseTbs>,
        /// The hub's signature.
        signature: Vec<u8>,
    },
    /// The requester may not have them.
    NotAuthorized {
        /// The room.
        room_id: IdentifierUri,
    },
    /// There is no such room.
    NoSuchRoom {
        /// The room.
        room_id: IdentifierUri,
    },
}

impl GroupInfoResponse {
    /// How the request went.
    pub const fn status(&self) -> GroupInfoCode {
        match self {
            Self::Success { .. } => GroupInfoCode::Success,
            Self::NotAuthorized { .. } => GroupInfoCode::NotAuthorized,
            Self::NoSuchRoom { .. } => GroupInfoCode::NoSuchRoom,
        }
    }

    /// The body, as it is sent.
    ///
    /// # Errors
    /// When the response has no encoding.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::new();
        match self {
            Self::Success { tbs, signature } => {
                tbs.encode(&mut out)?;
                codec::put_opaque(&mut out, signature)?;
            }
            Self::NotAuthorized { room_id } | Self::NoSuchRoom { room_id } => {
                encode_status(&mut out, room_id, self.status())?;
            }
        }
        Ok(out)
    }
}

/// The answer of a hub as it came in, neither verified nor opened (draft-ietf-mimi-protocol-06 section 5.6).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct GroupInfoResponseIn(GroupInfoResponse);

impl From<GroupInfoResponse> for GroupInfoResponseIn {
    fn from(response: GroupInfoResponse) -> Self {
        Self(response)
    }
}

impl Wire for GroupInfoResponseIn {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (room_id, _, status) = decode_status(r)?;
        Ok(Self(match status {
            GroupInfoCode::Success => GroupInfoResponse::Success {
                tbs: Box::new(GroupInfoResponseTbs::decode_after_status(r, room_id)?),
                signature: r.opaque()?.to_vec(),
            },
            GroupInfoCode::NotAuthorized => GroupInfoResponse::NotAuthorized { room_id },
            GroupInfoCode::NoSuchRoom => GroupInfoResponse::NoSuchRoom { room_id },
        }))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend_from_slice(&self.0.to_bytes()?);
        Ok(())
    }
}

/// A response that could not be made (draft-ietf-mimi-protocol-06 section 5.6).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealResponseError {
    /// The content has no encoding.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// It could not be encrypted.
    #[error(transparent)]
    Hpke(#[from] HpkeError),
    /// It could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// Encrypts and signs a successful response (draft-ietf-mimi-protocol-06 section 5.6).
///
/// `hub_credential` and the signer's key are the hub's entry, the first among the group's external senders.
///
/// # Errors
/// When the requester's key or cipher suite cannot be encrypted to, or the hub's key cannot sign.
// req: MP06-5.6-13, MP06-5.6-19
pub fn seal_response(
    hpke: &dyn Hpke,
    signer: &dyn LabelSigner,
    hub_credential: Credential,
    room_id: IdentifierUri,
    request: &GroupInfoRequest,
    content: &GroupInfoRatchetTreeTbe,
) -> Result<GroupInfoResponse, SealResponseError> {
    let suite = request.tbs.cipher_suite;
    let info = encrypt_context(ENCRYPTION_LABEL, room_id.as_bytes());
    let sealed = hpke.seal(suite, &request.tbs.group_info_public_key, &info, &[], &content.to_bytes()?)?;
    let tbs = GroupInfoResponseTbs {
        room_id,
        cipher_suite: suite,
        hub_sender: ExternalSender { signature_key: signer.public_key().to_vec(), credential: hub_credential },
        encrypted_groupinfo_and_tree: sealed,
    };
    Ok(tbs.sign(signer)?)
}

/// A response that is of no use to the one who asked (draft-ietf-mimi-protocol-06 section 5.6).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenResponseError {
    /// The hub refused.
    #[error("the hub refused: {0:?} (draft-ietf-mimi-protocol-06 section 5.6)")]
    Refused(GroupInfoCode),
    /// The response is about another room.
    #[error("the response is about room {0} (draft-ietf-mimi-protocol-06 section 5.6)")]
    OtherRoom(IdentifierUri),
    /// The response uses another cipher suite than the request.
    #[error("the response uses cipher suite {0}, not that of the request (draft-ietf-mimi-protocol-06 section 5.6)")]
    OtherCipherSuite(CipherSuite),
    /// The hub's signature does not hold.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// It does not open.
    #[error(transparent)]
    Hpke(#[from] HpkeError),
    /// What it contains is malformed. The offset counts from the start of the decrypted content.
    #[error("decrypted content: {0}")]
    Decode(#[from] DecodeError),
    /// The signer of the response is not the first external sender of the group that it describes.
    #[error(
        "the signer of the response is not the group's first external sender (draft-ietf-mimi-protocol-06 section 5.6)"
    )]
    SignerNotHub,
}

/// A response that was verified and opened (draft-ietf-mimi-protocol-06 section 5.6).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct OpenedGroupInfo {
    /// The hub; the first external sender of the group.
    pub hub_sender: ExternalSender,
    /// What was encrypted.
    pub content: GroupInfoRatchetTreeTbe,
}

impl GroupInfoResponseIn {
    /// What the response claims.
    pub const fn unverified(&self) -> &GroupInfoResponse {
        &self.0
    }

    /// How the request went, according to the response.
    pub const fn status(&self) -> GroupInfoCode {
        self.0.status()
    }

    /// Verifies the hub's signature, decrypts, and reads the content.
    ///
    /// `private_key` belongs to the request's HPKE key; `room_id` and `cipher_suite` are those of the request. The
    /// signer has to be the first external sender of the group that the content describes. The signature of the group
    /// info itself is verified by the MLS library.
    ///
    /// # Errors
    /// When the hub refused, or anything about the response is not as it should be.
    // req: MP06-5.6-19, MP06-5.6-22
    pub fn verify_and_open(
        self,
        hpke: &dyn Hpke,
        private_key: &[u8],
        room_id: &IdentifierUri,
        cipher_suite: CipherSuite,
    ) -> Result<OpenedGroupInfo, OpenResponseError> {
        let status = self.status();
        let GroupInfoResponse::Success { tbs, signature } = self.0 else {
            return Err(OpenResponseError::Refused(status));
        };
        if tbs.room_id != *room_id {
            return Err(OpenResponseError::OtherRoom(tbs.room_id));
        }
        if tbs.cipher_suite != cipher_suite {
            return Err(OpenResponseError::OtherCipherSuite(tbs.cipher_suite));
        }
        let signed = tbs.to_bytes().map_err(SignatureError::from)?;
        verify_with_label(cipher_suite, &tbs.hub_sender.signature_key, RESPONSE_LABEL, &signed, &signature)?;
        let info = encrypt_context(ENCRYPTION_LABEL, room_id.as_bytes());
        let opened = hpke.open(cipher_suite, private_key, &info, &[], &tbs.encrypted_groupinfo_and_tree)?;
        let content = GroupInfoRatchetTreeTbe::from_bytes(&opened)?;
        if content.group_info.group_context().external_senders()?.first() != Some(&tbs.hub_sender) {
            return Err(OpenResponseError::SignerNotHub);
        }
        Ok(OpenedGroupInfo { hub_sender: tbs.hub_sender, content })
    }
}

#[cfg(test)]
mod tests;
