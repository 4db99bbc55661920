//! What members do to participants and to the room (draft-ietf-mimi-room-policy-03 sections 8.1 and 8.2). All of it is an [`Intent`] that
//! [`Client::carry_out`] carries out; the room's policy decides who may.

use mimi_arch::{ClientUri, RoleIndex, RoomUri, UserUri};
use mimi_protocol::AcceptedTimestamp;

use super::Client;
use crate::{
    error::ClientError,
    session::{Intent, MetadataChange},
};

impl Client {
    /// Takes a user off the participant list, with all clients.
    ///
    /// # Errors
    /// As [`Client::carry_out`].
    pub async fn remove(&self, room: &RoomUri, user: &UserUri) -> Result<AcceptedTimestamp, ClientError> {
        self.carry_out(room, Intent::Remove { user: user.clone() }).await
    }

    /// Removes all clients of a user, who stays a participant and may come back by [`Client::join_external`].
    ///
    /// # Errors
    /// As [`Client::carry_out`].
    pub async fn kick(&self, room: &RoomUri, user: &UserUri) -> Result<AcceptedTimestamp, ClientError> {
        self.carry_out(room, Intent::Kick { user: user.clone() }).await
    }

    /// Bans a user, who may be a participant or not: removes all clients, and lets none of them back in.
    ///
    /// # Errors
    /// As [`Client::carry_out`].
    pub async fn ban(&self, room: &RoomUri, user: &UserUri) -> Result<AcceptedTimestamp, ClientError> {
        self.carry_out(room, Intent::Ban { user: user.clone() }).await
    }

    /// Gives a banned user a role; without one, the lowest that this user may give. The user is a participant then, without clients.
    /// [`Client::remove`] takes a banned user off the list instead.
    ///
    /// # Errors
    /// As [`Client::carry_out`].
    pub async fn unban(
        &self,
        room: &RoomUri,
        user: &UserUri,
        role: Option<RoleIndex>,
    ) -> Result<AcceptedTimestamp, ClientError> {
        self.carry_out(room, Intent::Unban { user: user.clone(), role }).await
    }

    /// Gives a participant another role; of this user itself, too.
    ///
    /// # Errors
    /// As [`Client::carry_out`].
    pub async fn change_role(
        &self,
        room: &RoomUri,
        user: &UserUri,
        role: RoleIndex,
    ) -> Result<AcceptedTimestamp, ClientError> {
        self.carry_out(room, Intent::ChangeRole { user: user.clone(), role }).await
    }

    /// Removes another client of this user, for example of a device that is lost.
    ///
    /// # Errors
    /// As [`Client::carry_out`].
    pub async fn remove_client(&self, room: &RoomUri, client: &ClientUri) -> Result<AcceptedTimestamp, ClientError> {
        self.carry_out(room, Intent::RemoveClient { client: client.clone() }).await
    }

    /// Changes what the room says of itself (draft-ietf-mimi-protocol-06 section 7.6).
    ///
    /// # Errors
    /// As [`Client::carry_out`].
    pub async fn set_metadata(&self, room: &RoomUri, change: MetadataChange) -> Result<AcceptedTimestamp, ClientError> {
        self.carry_out(room, Intent::SetMetadata(change)).await
    }
}
