//! What stands on the wire (draft-mahy-mls-semiprivatemessage-07 sections 3 and 3.1).

use std::collections::HashSet;
use std::fmt;

use crate::codec::{self, DecodeError, EncodeError, Reader, Rule, Wire, rules};
use crate::crypto::{HpkeCiphertext, hash};
use crate::mls::{ContentType, Credential};
use crate::values::{CipherSuite, Epoch};

rules! {
    APPLICATION_CONTENT = "a SemiPrivateMessage carries application data",
        "draft-mahy-mls-semiprivatemessage-07 section 3.1";
    RECEIVER_TWICE = "an external receiver is named twice", "draft-mahy-mls-semiprivatemessage-07 section 3.1";
    PADDING_NOT_ZERO = "the padding is not all zero", "draft-mahy-mls-semiprivatemessage-07 section 3.2";
    NO_RECEIVER = "there is no external receiver", "draft-mahy-mls-semiprivatemessage-07 section 3";
}

/// Someone outside the group who can read its handshakes (draft-mahy-mls-semiprivatemessage-07 section 3).
// req: SP07-3-02
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ExternalReceiver {
    /// The HPKE public key that the receiver's keys are encrypted to.
    pub external_receiver_public_key: Vec<u8>,
    /// Who the receiver is.
    pub credential: Credential,
}

impl ExternalReceiver {
    /// The reference by which messages name the receiver: the plain hash of its encoding. Nothing if it has no encoding or the
    /// suite is none of RFC 9420.
    // req: SP07-3.1-08
    pub fn reference(&self, suite: CipherSuite) -> Option<ExternalReceiverRef> {
        hash(suite, &self.to_bytes().ok()?).map(ExternalReceiverRef)
    }
}

impl Wire for ExternalReceiver {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { external_receiver_public_key: r.opaque()?.to_vec(), credential: Credential::decode(r)? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_opaque(out, &self.external_receiver_public_key)?;
        self.credential.encode(out)
    }
}

/// The hash of an [`ExternalReceiver`], as an `opaque<V>` (draft-mahy-mls-semiprivatemessage-07 section 3.1).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExternalReceiverRef(Vec<u8>);

impl ExternalReceiverRef {
    /// A reference of these octets.
    pub fn new(octets: impl Into<Vec<u8>>) -> Self {
        Self(octets.into())
    }

    /// The octets.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for ExternalReceiverRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExternalReceiverRef(")?;
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))?;
        f.write_str(")")
    }
}

impl Wire for ExternalReceiverRef {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.opaque().map(Self::new)
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_opaque(out, &self.0)
    }
}

/// What an external receiver needs to open one message (draft-mahy-mls-semiprivatemessage-07 section 3.1). It is a secret.
// req: SP07-3.1-04
#[derive(Clone, PartialEq, Eq)]
pub struct PerMessageKeyAndNonces {
    /// The key of the sender's handshake ratchet.
    pub key: Vec<u8>,
    /// The nonce of the ratchet, before the reuse guard.
    pub nonce: Vec<u8>,
    /// What the first octets of the nonce are changed by.
    pub reuse_guard: [u8; 4],
    /// The sender's leaf.
    pub sender_leaf_index: u32,
}

impl fmt::Debug for PerMessageKeyAndNonces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerMessageKeyAndNonces")
            .field("sender_leaf_index", &self.sender_leaf_index)
            .finish_non_exhaustive()
    }
}

impl Wire for PerMessageKeyAndNonces {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            key: r.opaque()?.to_vec(),
            nonce: r.opaque()?.to_vec(),
            reuse_guard: r.array()?,
            sender_leaf_index: r.u32()?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_opaque(out, &self.key)?;
        codec::put_opaque(out, &self.nonce)?;
        out.extend_from_slice(&self.reuse_guard);
        self.sender_leaf_index.encode(out)
    }
}

/// The context of the encryption to a receiver (draft-mahy-mls-semiprivatemessage-07 section 3.1).
// req: SP07-3.1-06
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SemiPrivateMessageContext {
    /// The group.
    pub group_id: Vec<u8>,
    /// The epoch.
    pub epoch: Epoch,
    /// See [`partial_context_hash`](super::partial_context_hash).
    pub partial_context_hash: Vec<u8>,
}

impl Wire for SemiPrivateMessageContext {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            group_id: r.opaque()?.to_vec(),
            epoch: Epoch::decode(r)?,
            partial_context_hash: r.opaque()?.to_vec(),
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_opaque(out, &self.group_id)?;
        self.epoch.encode(out)?;
        codec::put_opaque(out, &self.partial_context_hash)
    }
}

/// The keys for one external receiver (draft-mahy-mls-semiprivatemessage-07 section 3.1).
// req: SP07-3.1-09
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct KeyForExternalReceiver {
    /// Which receiver.
    pub external_receiver_ref: ExternalReceiverRef,
    /// [`PerMessageKeyAndNonces`], encrypted.
    pub encrypted_keys_and_nonces: HpkeCiphertext,
}

impl Wire for KeyForExternalReceiver {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            external_receiver_ref: ExternalReceiverRef::decode(r)?,
            encrypted_keys_and_nonces: HpkeCiphertext::decode(r)?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.external_receiver_ref.encode(out)?;
        self.encrypted_keys_and_nonces.encode(out)
    }
}

/// A handshake for members and external receivers (draft-mahy-mls-semiprivatemessage-07 section 3.1), as it stands in an
/// MLSMessage after the wire format.
// req: SP07-3.1-11
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SemiPrivateMessage {
    /// The group.
    pub group_id: Vec<u8>,
    /// The epoch it was sent in.
    pub epoch: Epoch,
    /// What the ciphertext contains: a proposal or a commit.
    pub content_type: ContentType,
    /// Additional data that everyone can read and the sender's signature covers.
    pub authenticated_data: Vec<u8>,
    /// See [`partial_context_hash`](super::partial_context_hash).
    pub partial_context_hash: Vec<u8>,
    /// The keys for each external receiver.
    pub keys_for_external_receivers: Vec<KeyForExternalReceiver>,
    /// The hash of what the sender's signature covers.
    pub framed_content_tbs_hash: Vec<u8>,
    /// Who sent it, encrypted for members.
    pub encrypted_sender_data: Vec<u8>,
    /// What it says, encrypted.
    pub ciphertext: Vec<u8>,
}

impl SemiPrivateMessage {
    /// `SemiPrivateContentAAD`: the fields before `encrypted_sender_data`, which the encryption of the content covers.
    ///
    /// # Errors
    /// When a field is too long, or breaks a rule of the message.
    // req: SP07-3.1-13
    pub fn content_aad(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::new();
        self.encode_head(&mut out)?;
        Ok(out)
    }

    /// The context of the encryption to a receiver.
    pub fn receiver_context(&self) -> SemiPrivateMessageContext {
        SemiPrivateMessageContext {
            group_id: self.group_id.clone(),
            epoch: self.epoch,
            partial_context_hash: self.partial_context_hash.clone(),
        }
    }

    fn encode_head(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if self.content_type == ContentType::Application {
            return Err(EncodeError::new(&APPLICATION_CONTENT));
        }
        check_receivers(&self.keys_for_external_receivers).map_err(EncodeError::new)?;
        codec::put_opaque(out, &self.group_id)?;
        self.epoch.encode(out)?;
        self.content_type.encode(out)?;
        codec::put_opaque(out, &self.authenticated_data)?;
        codec::put_opaque(out, &self.partial_context_hash)?;
        codec::put_list(out, &self.keys_for_external_receivers)?;
        codec::put_opaque(out, &self.framed_content_tbs_hash)
    }
}

impl Wire for SemiPrivateMessage {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let group_id = r.opaque()?.to_vec();
        let epoch = Epoch::decode(r)?;
        let content_type = handshake_type(r)?;
        let authenticated_data = r.opaque()?.to_vec();
        let partial_context_hash = r.opaque()?.to_vec();
        let start = r.clone();
        let keys_for_external_receivers = r.list()?;
        check_receivers(&keys_for_external_receivers).map_err(|rule| start.error(rule))?;
        Ok(Self {
            group_id,
            epoch,
            content_type,
            authenticated_data,
            partial_context_hash,
            keys_for_external_receivers,
            framed_content_tbs_hash: r.opaque()?.to_vec(),
            encrypted_sender_data: r.opaque()?.to_vec(),
            ciphertext: r.opaque()?.to_vec(),
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.encode_head(out)?;
        codec::put_opaque(out, &self.encrypted_sender_data)?;
        codec::put_opaque(out, &self.ciphertext)
    }
}

// req: SP07-1-01, SP07-3.1-12
fn handshake_type(r: &mut Reader<'_>) -> Result<ContentType, DecodeError> {
    let start = r.clone();
    match ContentType::decode(r)? {
        ContentType::Application => Err(start.error(&APPLICATION_CONTENT)),
        handshake => Ok(handshake),
    }
}

// req: SP07-3-04, SP07-3-06
fn check_receivers(keys: &[KeyForExternalReceiver]) -> Result<(), &'static Rule> {
    if keys.is_empty() {
        return Err(&NO_RECEIVER);
    }
    let mut seen = HashSet::with_capacity(keys.len());
    if keys.iter().all(|key| seen.insert(&key.external_receiver_ref)) { Ok(()) } else { Err(&RECEIVER_TWICE) }
}
