//! Adding a user (draft-ietf-mimi-protocol-06 sections 3.2 and 3.3).

use mimi_arch::{RoomUri, UserUri};
use mimi_protocol::AcceptedTimestamp;

use super::Client;
use crate::{
    error::ClientError,
    session::{Intent, PreparedUpdate},
};

impl Client {
    /// Adds a user with all of the user's clients that have key material, in one commit, which carries the proposals that
    /// wait too. A user who is a participant already gets only the clients added that are not members yet.
    ///
    /// # Errors
    /// When there is no usable key material, the hub refuses, or an answer is lost.
    pub async fn add(&self, room: &RoomUri, user: &UserUri) -> Result<AcceptedTimestamp, ClientError> {
        self.carry_out(room, Intent::Add { user: user.clone() }).await
    }

    /// Fetches key material of the user through the room's hub and prepares the commit; see [`Client::submit_prepared`].
    ///
    /// # Errors
    /// When there is no usable key material, or the room cannot be changed now.
    pub async fn prepare_add(&self, room: &RoomUri, user: &UserUri) -> Result<PreparedUpdate, ClientError> {
        let material = self.key_material(room, user).await?;
        let (room, user) = (room.clone(), user.clone());
        self.step(move |session| session.prepare_add(&room, &user, &material)).await
    }
}
