//! Creating a room (draft-ietf-mimi-protocol-06 section 3.1).

use mimi_arch::RoomUri;
use mimi_client_api::CreateRoomRequest;
use mimi_room_policy::policy::RoomPolicy;

use super::Client;
use crate::{
    error::ClientError,
    mls::create::Founding,
    session::{NewRoom, RoomOptions},
};

impl Client {
    /// Creates a room at this client's own provider, which is its hub, with this user as administrator.
    ///
    /// When the answer was lost, calling this again with the same name submits the same group again.
    ///
    /// # Errors
    /// When this client knows the room already, or the provider refuses or cannot be reached.
    pub async fn create_room(&self, name: &str) -> Result<RoomUri, ClientError> {
        self.create_room_with(name, RoomOptions::default()).await
    }

    /// The same with options.
    ///
    /// # Errors
    /// As [`Client::create_room`].
    pub async fn create_room_with(&self, name: &str, options: RoomOptions) -> Result<RoomUri, ClientError> {
        self.create_room_as(name, NewRoom::of(options)?).await
    }

    /// The same with a policy that need not be a ready-made one. The hub refuses one that contradicts itself.
    ///
    /// # Errors
    /// As [`Client::create_room`].
    pub async fn create_room_by_policy(&self, name: &str, policy: RoomPolicy) -> Result<RoomUri, ClientError> {
        self.create_room_as(name, NewRoom { policy, participants: Vec::new(), media_types: false }).await
    }

    /// The same with a policy of one's own, and where it has participants fixed, with all of them. Their clients are added afterwards, by
    /// [`Client::add`], or come by themselves.
    ///
    /// # Errors
    /// As [`Client::create_room`]; the provider refuses a second room with the same fixed participants.
    pub async fn create_room_as(&self, name: &str, new: NewRoom) -> Result<RoomUri, ClientError> {
        let room = RoomUri::new(self.user().domain(), name)?;
        let hub = self.api().describe().await?.external_sender;
        let founding = {
            let room = room.clone();
            self.step(move |session| session.found_as(&room, &hub, &new)).await?
        };
        self.submit_founding(&room, founding).await?;
        Ok(room)
    }

    /// Makes the next group of a persistent room of this client's own provider, in which no client is left
    /// (draft-ietf-mimi-room-policy-03 section 5). Participants, policy and metadata are as before. Clients of other providers come back by
    /// [`Client::join_external`], where the room's hub still has the former group.
    ///
    /// # Errors
    /// When the room has a group or is over, this user may not come in, or the provider cannot be reached.
    pub async fn reopen(&self, room: &RoomUri) -> Result<(), ClientError> {
        let state = self.api().fetch_room_state(room.to_string()).await?;
        let hub = self.api().describe().await?.external_sender;
        let of = room.clone();
        let founding = self
            .step(move |session| session.found_next(&of, &hub, state.group_number, &state.app_data_dictionary))
            .await?;
        self.submit_founding(room, founding).await
    }

    async fn submit_founding(&self, room: &RoomUri, founding: Founding) -> Result<(), ClientError> {
        let request = CreateRoomRequest {
            room_uri: room.to_string(),
            group_info: founding.group_info.as_bytes().to_vec(),
            ratchet_tree: founding.ratchet_tree.as_bytes().to_vec(),
        };
        let outcome = self.api().create_room(request).await;
        let settled = room.clone();
        match outcome {
            Ok(_) => self.step(move |session| session.founded(&settled)).await?,
            Err(error) => {
                if !error.is_undecided() {
                    self.step(move |session| session.not_founded(&settled)).await?;
                }
                return Err(error.into());
            }
        }
        Ok(())
    }
}
