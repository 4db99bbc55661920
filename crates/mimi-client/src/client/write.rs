//! Messages about messages: replies, reactions, edits and deletions (draft-ietf-mimi-content-08 section 5).

use mimi_arch::RoomUri;
use mimi_content::MessageId;

use super::{Client, Sent};
use crate::{error::ClientError, session::Draft};

impl Client {
    /// Answers a message.
    ///
    /// # Errors
    /// As [`Client::submit`].
    pub async fn reply(&self, room: &RoomUri, to: MessageId, text: &str) -> Result<Sent, ClientError> {
        self.submit_draft(room, Draft::Reply { to, text: text.to_owned() }).await
    }

    /// Reacts to a message, usually with one emoji.
    ///
    /// # Errors
    /// As [`Client::submit`].
    pub async fn react(&self, room: &RoomUri, to: MessageId, reaction: &str) -> Result<Sent, ClientError> {
        self.submit_draft(room, Draft::Reaction { to, reaction: reaction.to_owned() }).await
    }

    /// Takes an own reaction back: `reaction` is the message that reacted, `to` the one it reacted to.
    ///
    /// # Errors
    /// As [`Client::submit`].
    pub async fn unreact(&self, room: &RoomUri, reaction: MessageId, to: MessageId) -> Result<Sent, ClientError> {
        self.submit_draft(room, Draft::Unreaction { reaction, to }).await
    }

    /// Puts another text in place of a message, by the ID of its first version.
    ///
    /// # Errors
    /// As [`Client::submit`].
    pub async fn edit(&self, room: &RoomUri, first: MessageId, text: &str) -> Result<Sent, ClientError> {
        self.submit_draft(room, Draft::Edit { first, text: text.to_owned() }).await
    }

    /// Deletes a message, by the ID of its first version. Those who have it decide whether to hide it.
    ///
    /// # Errors
    /// As [`Client::submit`].
    pub async fn delete(&self, room: &RoomUri, first: MessageId) -> Result<Sent, ClientError> {
        self.submit_draft(room, Draft::Deletion { first }).await
    }

    /// The messages that this client has seen or sent lately in a room and whose ID begins with these hexadecimal digits.
    ///
    /// # Errors
    /// When the state file fails.
    pub async fn find_message(&self, room: &RoomUri, digits: &str) -> Result<Vec<MessageId>, ClientError> {
        let (room, digits) = (room.clone(), digits.to_ascii_lowercase());
        self.step(move |session| session.find_message(&room, &digits)).await
    }
}
