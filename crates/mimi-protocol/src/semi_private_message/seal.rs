//! Sealing a handshake (draft-mahy-mls-semiprivatemessage-07 section 3.1).

use super::framed::{AuthenticatedHandshake, lacks_tag};
use super::receivers::{NotUsable, receivers_of};
use super::secrets::{HandshakeSecrets, SecretsError, SenderData, sender_data_aad, sender_data_key};
use super::wire::{ExternalReceiver, KeyForExternalReceiver, PerMessageKeyAndNonces, SemiPrivateMessage};
use super::{ENCRYPTION, RECEIVER_LABEL, partial_context_hash};
use crate::codec::{EncodeError, Wire};
use crate::crypto::{AeadError, Hpke, HpkeError, encrypt_context};
use crate::mls::GroupContext;
use crate::values::CipherSuite;

/// What sealing needs besides handshake and secrets.
#[derive(Clone, Copy)]
pub struct Sealing<'a> {
    /// The group context of the epoch that the handshake is sent in.
    pub context: &'a GroupContext,
    /// HPKE of the group's cipher suite.
    pub hpke: &'a dyn Hpke,
    /// Four octets, fresh from a random number generator.
    pub reuse_guard: [u8; 4],
    /// How many zeros to add, so that the length says less.
    pub padding: usize,
}

/// A handshake that could not be sealed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The group cannot use SemiPrivateMessage.
    #[error(transparent)]
    NotUsable(#[from] NotUsable),
    /// The handshake was signed for another group or epoch.
    #[error("the handshake belongs to another group or epoch (draft-mahy-mls-semiprivatemessage-07 section 3.1)")]
    OtherGroupOrEpoch,
    /// A commit has no confirmation tag yet.
    #[error("the commit has no confirmation tag (RFC 9420 section 6.1)")]
    TagMissing,
    /// The cipher suite is none of RFC 9420.
    #[error("cipher suite {0} is not supported (RFC 9420 section 17.1)")]
    UnsupportedCipherSuite(CipherSuite),
    /// There is no key left.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The keys could not be encrypted to a receiver.
    #[error(transparent)]
    Hpke(#[from] HpkeError),
    /// The content could not be encrypted.
    #[error(transparent)]
    Aead(#[from] AeadError),
    /// Something is too long.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl SealError {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        match self {
            Self::NotUsable(error) => error.section(),
            Self::OtherGroupOrEpoch | Self::Hpke(_) => ENCRYPTION,
            Self::TagMissing => "RFC 9420 section 6.1",
            Self::UnsupportedCipherSuite(_) => "RFC 9420 section 17.1",
            Self::Secrets(error) => error.section(),
            Self::Aead(error) => error.section(),
            Self::Encode(error) => error.section(),
        }
    }
}

/// Seals a handshake for the members and every external receiver of the group. One generation of the own handshake ratchet is
/// used up.
///
/// # Errors
/// See [`SealError`].
// req: SP07-3.1-01, SP07-3.1-02, SP07-3.1-03, SP07-3-06
pub fn seal(
    handshake: &AuthenticatedHandshake,
    sealing: &Sealing<'_>,
    secrets: &mut dyn HandshakeSecrets,
) -> Result<SemiPrivateMessage, SealError> {
    let Sealing { context, hpke, reuse_guard, padding } = *sealing;
    let suite = context.cipher_suite;
    let unsupported = || SealError::UnsupportedCipherSuite(suite);
    if handshake.group_id() != context.group_id || handshake.epoch() != context.epoch {
        return Err(SealError::OtherGroupOrEpoch);
    }
    if lacks_tag(handshake) {
        return Err(SealError::TagMissing);
    }
    let receivers = receivers_of(context)?;
    let plaintext = handshake.plaintext(padding)?;
    let framed_content_tbs_hash = handshake.framed.tbs_hash(context)?.ok_or_else(unsupported)?;
    let leaf_index = handshake.sender_leaf_index();
    let (generation, key) = secrets.next(leaf_index)?;

    let mut message = SemiPrivateMessage {
        group_id: context.group_id.clone(),
        epoch: context.epoch,
        content_type: handshake.content().content_type(),
        authenticated_data: handshake.authenticated_data().to_vec(),
        partial_context_hash: partial_context_hash(suite, leaf_index, &key.nonce).ok_or_else(unsupported)?,
        keys_for_external_receivers: Vec::new(),
        framed_content_tbs_hash,
        encrypted_sender_data: Vec::new(),
        ciphertext: Vec::new(),
    };
    let keys = PerMessageKeyAndNonces {
        key: key.key.clone(),
        nonce: key.nonce.clone(),
        reuse_guard,
        sender_leaf_index: leaf_index,
    }
    .to_bytes()?;
    // req: SP07-3.1-07
    let info = encrypt_context(RECEIVER_LABEL, &message.receiver_context().to_bytes()?);
    let encrypt = |receiver: &ExternalReceiver| {
        Ok(KeyForExternalReceiver {
            external_receiver_ref: receiver.reference(suite).ok_or_else(unsupported)?,
            encrypted_keys_and_nonces: hpke.seal(suite, &receiver.external_receiver_public_key, &info, b"", &keys)?,
        })
    };
    message.keys_for_external_receivers = receivers.as_slice().iter().map(encrypt).collect::<Result<_, SealError>>()?;
    // req: SP07-3.1-14
    message.ciphertext = key.guarded(reuse_guard).seal(suite, &message.content_aad()?, &plaintext)?;
    // req: SP07-3.1-15
    let sender_data = SenderData { leaf_index, generation, reuse_guard }.to_bytes()?;
    let sender_data_key =
        sender_data_key(suite, secrets.sender_data_secret(), &message.ciphertext).ok_or_else(unsupported)?;
    message.encrypted_sender_data = sender_data_key.seal(suite, &sender_data_aad(&message)?, &sender_data)?;
    Ok(message)
}
