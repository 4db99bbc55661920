//! Opening a message as a member or as an external receiver (draft-mahy-mls-semiprivatemessage-07 sections 3.2 and 3.3).

use std::collections::BTreeSet;

use super::framed::{AuthenticatedHandshake, FramedContent, read_plaintext};
use super::receivers::{NotUsable, receivers_of};
use super::secrets::{HandshakeSecrets, SecretsError, SenderData, sender_data_aad, sender_data_key};
use super::wire::{ExternalReceiver, PerMessageKeyAndNonces, SemiPrivateMessage};
use super::{AS_MEMBER, AS_RECEIVER, ENCRYPTION, RECEIVER_LABEL, partial_context_hash};
use crate::codec::{DecodeError, EncodeError, Wire};
use crate::crypto::{AeadKey, Hpke, HpkeError, SignatureError, encrypt_context};
use crate::mls::GroupContext;
use crate::values::{CipherSuite, Epoch};

/// A message that is not what it should be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The group cannot use SemiPrivateMessage.
    #[error(transparent)]
    NotUsable(#[from] NotUsable),
    /// It belongs to another group.
    #[error("the message belongs to another group (RFC 9420 section 6)")]
    OtherGroup,
    /// It belongs to another epoch.
    #[error("the message belongs to epoch {}, the group is in {} (RFC 9420 section 6)", message.0, group.0)]
    OtherEpoch {
        /// The message's.
        message: Epoch,
        /// The group's.
        group: Epoch,
    },
    /// The cipher suite is none of RFC 9420.
    #[error("cipher suite {0} is not supported (RFC 9420 section 17.1)")]
    UnsupportedCipherSuite(CipherSuite),
    /// It has a key for someone who is no external receiver of the group.
    #[error("a receiver is not one of the group's (draft-mahy-mls-semiprivatemessage-07 section 3)")]
    ReceiverNotListed,
    /// It has no key for one of the group's external receivers.
    #[error("a receiver of the group has no key (draft-mahy-mls-semiprivatemessage-07 section 3)")]
    ReceiverMissing,
    /// It has no key for us.
    #[error("there is no key for this receiver (draft-mahy-mls-semiprivatemessage-07 section 3.3)")]
    NotForUs,
    /// The sender data do not open.
    #[error("the sender data do not open (RFC 9420 section 6.3.2)")]
    SenderData,
    /// The sender's leaf is blank or not in the tree.
    #[error("leaf {leaf_index} is blank (draft-mahy-mls-semiprivatemessage-07 section 3.2)")]
    BlankLeaf {
        /// The leaf.
        leaf_index: u32,
    },
    /// The key of the ratchet is not to be had.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The keys for the receiver do not open.
    #[error("the keys for the receiver: {0} (draft-mahy-mls-semiprivatemessage-07 section 3.3)")]
    Keys(#[source] HpkeError),
    /// The keys for the receiver are malformed, or not as long as the cipher suite wants them.
    #[error("the keys for the receiver are malformed (draft-mahy-mls-semiprivatemessage-07 section 3.1)")]
    KeysMalformed,
    /// `partial_context_hash` is not that of sender and nonce.
    #[error("partial_context_hash does not fit sender and nonce (draft-mahy-mls-semiprivatemessage-07 section 3.1)")]
    PartialContextHash,
    /// The content does not open.
    #[error("the content does not open (draft-mahy-mls-semiprivatemessage-07 section 3.1)")]
    Content,
    /// The content is malformed. The offset counts from the start of the plaintext.
    #[error("content: {0}")]
    ContentMalformed(#[source] DecodeError),
    /// `framed_content_tbs_hash` is not that of what the sender signed.
    #[error("framed_content_tbs_hash does not fit the content (draft-mahy-mls-semiprivatemessage-07 section 3.1)")]
    TbsHash,
    /// The sender's signature does not hold.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// A part of the message is too long.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl OpenError {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        match self {
            Self::NotUsable(error) => error.section(),
            Self::OtherGroup | Self::OtherEpoch { .. } => "RFC 9420 section 6",
            Self::UnsupportedCipherSuite(_) => "RFC 9420 section 17.1",
            Self::ReceiverNotListed | Self::ReceiverMissing => super::USAGE,
            Self::NotForUs | Self::Keys(_) => AS_RECEIVER,
            Self::SenderData => "RFC 9420 section 6.3.2",
            Self::BlankLeaf { .. } => AS_MEMBER,
            Self::Secrets(error) => error.section(),
            Self::KeysMalformed | Self::PartialContextHash | Self::Content | Self::TbsHash => ENCRYPTION,
            Self::ContentMalformed(error) => error.section(),
            Self::Signature(error) => error.section(),
            Self::Encode(error) => error.section(),
        }
    }
}

/// Opens a message as a member. `signature_key` gives the signature key of a leaf in the epoch of `context`; nothing if the leaf
/// is blank.
///
/// The key of the ratchet is used up only by a message that passes all checks.
///
/// # Errors
/// See [`OpenError`].
// req: SP07-3.2-01, SP07-3.2-02, SP07-3.2-03, SP07-3.2-04
pub fn open_as_member(
    message: &SemiPrivateMessage,
    context: &GroupContext,
    secrets: &mut dyn HandshakeSecrets,
    signature_key: impl Fn(u32) -> Option<Vec<u8>>,
) -> Result<AuthenticatedHandshake, OpenError> {
    let suite = context.cipher_suite;
    let unsupported = || OpenError::UnsupportedCipherSuite(suite);
    check_context(message, context)?;
    let sender = sender_data_key(suite, secrets.sender_data_secret(), &message.ciphertext)
        .ok_or_else(unsupported)?
        .open(suite, &sender_data_aad(message)?, &message.encrypted_sender_data)
        .map_err(|_| OpenError::SenderData)?;
    let sender = SenderData::from_bytes(&sender).map_err(|_| OpenError::SenderData)?;
    let blank = OpenError::BlankLeaf { leaf_index: sender.leaf_index };
    let signature_key = signature_key(sender.leaf_index).ok_or(blank)?;
    let key = secrets.key(sender.leaf_index, sender.generation)?;
    let opened = open_content(message, suite, sender.leaf_index, &key, sender.reuse_guard)?;
    check_content(&opened, message, context, &signature_key)?;
    secrets.used(sender.leaf_index, sender.generation);
    Ok(opened)
}

/// Opens a message as an external receiver.
///
/// Without the group context no more can be checked than is checked here; see [`UnverifiedHandshake::verify`].
///
/// # Errors
/// See [`OpenError`].
// req: SP07-3.3-01, SP07-3.3-02
pub fn open_as_receiver(
    message: &SemiPrivateMessage,
    suite: CipherSuite,
    receiver: &ExternalReceiver,
    private_key: &[u8],
    hpke: &dyn Hpke,
) -> Result<UnverifiedHandshake, OpenError> {
    let reference = receiver.reference(suite).ok_or(OpenError::UnsupportedCipherSuite(suite))?;
    let ours = |key: &&super::KeyForExternalReceiver| key.external_receiver_ref == reference;
    let sealed = message.keys_for_external_receivers.iter().find(ours).ok_or(OpenError::NotForUs)?;
    let info = encrypt_context(RECEIVER_LABEL, &message.receiver_context().to_bytes()?);
    let keys = hpke.open(suite, private_key, &info, b"", &sealed.encrypted_keys_and_nonces).map_err(OpenError::Keys)?;
    let keys = PerMessageKeyAndNonces::from_bytes(&keys).map_err(|_| OpenError::KeysMalformed)?;
    let key = AeadKey { key: keys.key, nonce: keys.nonce };
    if !key.fits(suite) {
        return Err(OpenError::KeysMalformed);
    }
    let handshake = open_content(message, suite, keys.sender_leaf_index, &key, keys.reuse_guard)?;
    Ok(UnverifiedHandshake { handshake, message: message.clone() })
}

/// A message that opened for an external receiver. Whether it is what the sender signed, and what the members got, is not known
/// before [`verify`](Self::verify).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnverifiedHandshake {
    handshake: AuthenticatedHandshake,
    message: SemiPrivateMessage,
}

impl UnverifiedHandshake {
    /// Checks group, epoch, receivers, the hash of what was signed, and the signature. `signature_key` gives the signature key of
    /// a leaf in the epoch of `context`; nothing if the leaf is blank.
    ///
    /// # Errors
    /// See [`OpenError`].
    // req: SP07-3.3-06
    pub fn verify(
        self,
        context: &GroupContext,
        signature_key: impl Fn(u32) -> Option<Vec<u8>>,
    ) -> Result<AuthenticatedHandshake, OpenError> {
        check_context(&self.message, context)?;
        let leaf_index = self.handshake.sender_leaf_index();
        let signature_key = signature_key(leaf_index).ok_or(OpenError::BlankLeaf { leaf_index })?;
        check_content(&self.handshake, &self.message, context, &signature_key)?;
        Ok(self.handshake)
    }

    /// The handshake, for those who have no group context.
    pub const fn unverified(&self) -> &AuthenticatedHandshake {
        &self.handshake
    }
}

/// Group, epoch, and that the receivers are those of the group, each of them once.
// req: SP07-3-04, SP07-3-06
fn check_context(message: &SemiPrivateMessage, context: &GroupContext) -> Result<(), OpenError> {
    let suite = context.cipher_suite;
    if message.group_id != context.group_id {
        return Err(OpenError::OtherGroup);
    }
    if message.epoch != context.epoch {
        return Err(OpenError::OtherEpoch { message: message.epoch, group: context.epoch });
    }
    let receivers = receivers_of(context)?;
    let listed: Option<BTreeSet<_>> = receivers.as_slice().iter().map(|receiver| receiver.reference(suite)).collect();
    let listed = listed.ok_or(OpenError::UnsupportedCipherSuite(suite))?;
    let named: BTreeSet<_> =
        message.keys_for_external_receivers.iter().map(|key| key.external_receiver_ref.clone()).collect();
    if !named.is_subset(&listed) {
        return Err(OpenError::ReceiverNotListed);
    }
    if named == listed { Ok(()) } else { Err(OpenError::ReceiverMissing) }
}

// req: SP07-3.2-03, SP07-3.3-03, SP07-3.2-04, SP07-3.3-04
fn open_content(
    message: &SemiPrivateMessage,
    suite: CipherSuite,
    sender_leaf_index: u32,
    key: &AeadKey,
    reuse_guard: [u8; 4],
) -> Result<AuthenticatedHandshake, OpenError> {
    let expected = partial_context_hash(suite, sender_leaf_index, &key.nonce);
    if expected.ok_or(OpenError::UnsupportedCipherSuite(suite))? != message.partial_context_hash {
        return Err(OpenError::PartialContextHash);
    }
    let aad = message.content_aad()?;
    let plaintext = key.guarded(reuse_guard).open(suite, &aad, &message.ciphertext).map_err(|_| OpenError::Content)?;
    let (content, signature, confirmation_tag) =
        read_plaintext(message.content_type, &plaintext).map_err(OpenError::ContentMalformed)?;
    let framed = FramedContent {
        group_id: message.group_id.clone(),
        epoch: message.epoch,
        sender_leaf_index,
        authenticated_data: message.authenticated_data.clone(),
        content,
    };
    Ok(AuthenticatedHandshake { framed, signature, confirmation_tag })
}

// req: SP07-3.2-06, SP07-3.2-07, SP07-3.3-06, SP07-3.3-07
fn check_content(
    opened: &AuthenticatedHandshake,
    message: &SemiPrivateMessage,
    context: &GroupContext,
    signature_key: &[u8],
) -> Result<(), OpenError> {
    let hash = opened.framed.tbs_hash(context)?;
    if hash.ok_or(OpenError::UnsupportedCipherSuite(context.cipher_suite))? != message.framed_content_tbs_hash {
        return Err(OpenError::TbsHash);
    }
    opened.verify(context, signature_key).map_err(OpenError::Signature)
}
