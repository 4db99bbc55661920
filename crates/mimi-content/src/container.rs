//! The message itself, sections 3.5 and 4.1.

use alloc::vec::Vec;

use crate::cbor::Writer;
use crate::error::DecodeError;
use crate::{Expiration, Extensions, MessageId, MessageIdError, MimiContentRef, NestedPart, Salt, TopicId};

/// A message. Whatever can be built out of its parts can be sent: [`MimiContent::encode`] cannot fail, and
/// [`MimiContent::decode`] takes what it makes.
#[derive(Clone, PartialEq, Eq, Debug)]
// req: MC08-4.1-02
pub struct MimiContent {
    /// Random octets of this message alone.
    pub salt: Salt,
    /// The message that this one edits or deletes, by the ID of its first instance.
    pub replaces: Option<MessageId>,
    /// Topic; empty for none.
    pub topic_id: TopicId,
    /// When the message is to vanish.
    pub expires: Option<Expiration>,
    /// The message that this one answers or reacts to.
    pub in_reply_to: Option<MessageId>,
    /// Extensions.
    pub extensions: Extensions,
    /// The body.
    pub body: NestedPart,
}

impl MimiContent {
    /// Reads a message; the octets have to be exactly one. The checks are those of [`MimiContentRef::decode`].
    ///
    /// # Errors
    /// The rule that is broken, and where.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        MimiContentRef::decode(octets).map(|content| content.to_owned())
    }

    /// Writes the message. There is one encoding only.
    // req: MC08-6.1-01
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(256);
        writer.array(7);
        writer.bytes(self.salt.as_bytes());
        write_id(self.replaces.as_ref(), &mut writer);
        writer.bytes(self.topic_id.as_bytes());
        Expiration::write(self.expires, &mut writer);
        write_id(self.in_reply_to.as_ref(), &mut writer);
        self.extensions.write(&mut writer);
        self.body.write(&mut writer);
        writer.into_octets()
    }

    /// ID of the message in a room, section 3.3. Encodes the message for it; who has the octets already calls
    /// [`MessageId::compute`] or [`MimiContentRef::message_id`].
    ///
    /// # Errors
    /// [`MessageIdError::UriTooLong`]
    pub fn message_id(&self, sender_uri: &str, room_uri: &str) -> Result<MessageId, MessageIdError> {
        MessageId::compute(&self.encode(), sender_uri, room_uri, &self.salt)
    }

    /// ID of the message with the sender and room that its extensions name. Nobody vouches for these two.
    ///
    /// # Errors
    /// [`MessageIdError::NoUris`], [`MessageIdError::UriTooLong`]
    pub fn message_id_by_extensions(&self) -> Result<MessageId, MessageIdError> {
        match (self.extensions.sender_uri(), self.extensions.room_uri()) {
            (Some(sender), Some(room)) => self.message_id(sender, room),
            _ => Err(MessageIdError::NoUris),
        }
    }
}

fn write_id(id: Option<&MessageId>, writer: &mut Writer) {
    match id {
        None => writer.null(),
        Some(id) => writer.bytes(id.as_bytes()),
    }
}
