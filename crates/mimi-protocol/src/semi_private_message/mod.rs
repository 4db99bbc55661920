//! SemiPrivateMessage (draft-mahy-mls-semiprivatemessage-07): a proposal or commit that the members of a group and a list of
//! external receivers can read, and nobody else.
//!
//! The group agrees on the list in the component [`ExternalReceivers`]. A member signs a handshake
//! ([`AuthenticatedHandshake::sign`]) and seals it ([`seal`]); members open it with the secrets of their epoch
//! ([`open_as_member`]), an external receiver with its HPKE key ([`open_as_receiver`]).
//!
//! What only an MLS library has comes in through [`HandshakeSecrets`]. [`SecretTree`] is that from the two secrets of an
//! epoch, for libraries that show them; OpenMLS does not.

mod framed;
mod open;
mod receivers;
mod seal;
mod secret_tree;
mod secrets;
pub mod wire;

pub use framed::{AuthenticatedHandshake, FramingError, Handshake};
pub use open::{OpenError, UnverifiedHandshake, open_as_member, open_as_receiver};
pub use receivers::{ExternalReceivers, NotUsable, ReceiversError, WireFormats, receivers_of, supported_by};
pub use seal::{SealError, Sealing, seal};
pub use secret_tree::{SecretTree, SecretTreeError};
pub use secrets::{HandshakeSecrets, SecretsError, SenderData};
pub use wire::{
    ExternalReceiver, ExternalReceiverRef, KeyForExternalReceiver, PerMessageKeyAndNonces, SemiPrivateMessage,
    SemiPrivateMessageContext,
};

use crate::crypto::hash;
use crate::values::CipherSuite;

/// The label under which an external receiver's keys are encrypted (draft-mahy-mls-semiprivatemessage-07 section 5.3).
// req: SP07-5.3-01
pub const RECEIVER_LABEL: &str = "SemiPrivateMessageReceiver";

const USAGE: &str = "draft-mahy-mls-semiprivatemessage-07 section 3";
const ENCRYPTION: &str = "draft-mahy-mls-semiprivatemessage-07 section 3.1";
const AS_MEMBER: &str = "draft-mahy-mls-semiprivatemessage-07 section 3.2";
const AS_RECEIVER: &str = "draft-mahy-mls-semiprivatemessage-07 section 3.3";

/// `partial_context_hash`: the hash of the sender's leaf index in four octets and of the nonce as it came out of the ratchet,
/// without a length (draft-mahy-mls-semiprivatemessage-07 section 3.1). Nothing if the suite is none of RFC 9420.
// req: SP07-3.1-05
pub fn partial_context_hash(suite: CipherSuite, sender_leaf_index: u32, nonce: &[u8]) -> Option<Vec<u8>> {
    hash(suite, &[&sender_leaf_index.to_be_bytes(), nonce].concat())
}

#[cfg(test)]
mod tests;
