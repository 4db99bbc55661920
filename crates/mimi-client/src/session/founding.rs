//! Making a room (draft-ietf-mimi-protocol-06 section 3.1).

use mimi_arch::RoomUri;
use mimi_protocol::{
    Epoch,
    codec::Wire as _,
    mls::{AppDataDictionary, ComponentId, ExternalSender},
    participant_list::ParticipantListData,
};
use mimi_room_policy::{ready_made::RoomKind, roles::RolesList};

use super::{NewRoom, Session};
use crate::{
    error::ClientError,
    mls::{
        Provider,
        create::{self, Founding},
        participants, room_group,
    },
    state::rooms::{self, RoomRow, Standing},
};

/// How a room is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomOptions {
    /// Which ready-made policy the room gets (draft-ietf-mimi-room-policy-03). Rooms that depend on another one, and those whose participants are fixed,
    /// are not made this way.
    pub kind: RoomKind,
    /// Whether the room says which media types its members understand, so that every message says its own
    /// (draft-ietf-mls-extensions section 6.2). Without it all messages are MIMI content.
    pub media_types: bool,
}

impl Default for RoomOptions {
    fn default() -> Self {
        Self { kind: RoomKind::Group, media_types: false }
    }
}

impl Session {
    /// Makes the group of a room, or takes the one up again whose creation was not answered.
    ///
    /// # Errors
    /// When this client knows the room already, or the hub's key is not usable.
    pub(crate) fn found_as(
        &mut self,
        room: &RoomUri,
        external_sender: &[u8],
        new: &NewRoom,
    ) -> Result<Founding, ClientError> {
        let hub = ExternalSender::from_bytes(external_sender)?;
        let identity = &self.account.identity;
        self.state.write(|transaction| {
            let provider = Provider::new(transaction);
            match rooms::get(transaction, room)?.map(|row| row.standing) {
                Some(Standing::Creating) => {
                    let group = room_group::load_member(&provider, room)?;
                    return create::founding(&provider, identity, &group);
                }
                None => {}
                Some(_) => return Err(ClientError::AlreadyAMember { room: room.clone() }),
            }
            let founding = create::create(&provider, identity, room, &hub, new)?;
            rooms::put(transaction, &RoomRow::new(room, Standing::Creating, Epoch(0)))?;
            Ok(founding)
        })
    }

    /// Makes the next group of a room that has none, out of what the room holds; or takes the one up again whose creation was not answered. A user
    /// who is no participant is put at the end of the list.
    ///
    /// # Errors
    /// When what the room holds does not decode, or the hub's key is not usable.
    // req: RP03-5-22
    pub(crate) fn found_next(
        &mut self,
        room: &RoomUri,
        external_sender: &[u8],
        number: u32,
        dictionary: &[u8],
    ) -> Result<Founding, ClientError> {
        let hub = ExternalSender::from_bytes(external_sender)?;
        let dictionary = AppDataDictionary::from_bytes(dictionary)?;
        let user = self.account.user.clone();
        let identity = &self.account.identity;
        self.state.write(|transaction| {
            let provider = Provider::new(transaction);
            match rooms::get(transaction, room)?.map(|row| row.standing) {
                Some(Standing::Creating) if provider.group_number(room)? == number => {
                    let group = room_group::load_member(&provider, room)?;
                    return create::founding(&provider, identity, &group);
                }
                // Who believes to be a member has not seen yet that the group has ended.
                _ => room_group::delete(&provider, room)?,
            }
            let mut components = Vec::new();
            for entry in dictionary.entries() {
                let mut data = entry.data.clone();
                if entry.component_id == ComponentId::PARTICIPANT_LIST {
                    let list = ParticipantListData::from_bytes(&data)?;
                    if list.index_of(&user).is_none() {
                        let roles = dictionary.find(ComponentId::ROLES_LIST).map(RolesList::from_bytes).transpose()?;
                        data = participants::joined_by(&list, &user, roles.as_ref())?.to_bytes()?;
                    }
                }
                components.push((entry.component_id, data));
            }
            let founding = create::with_components(&provider, identity, room, number, &hub, components)?;
            rooms::put(transaction, &RoomRow::new(room, Standing::Creating, Epoch(0)))?;
            Ok(founding)
        })
    }

    /// The provider has the room.
    ///
    /// # Errors
    /// When the file fails.
    pub(crate) fn founded(&mut self, room: &RoomUri) -> Result<(), ClientError> {
        self.state.write(|transaction| Ok(rooms::put(transaction, &RoomRow::new(room, Standing::Member, Epoch(0)))?))
    }

    /// The provider refused the room.
    ///
    /// # Errors
    /// When the file fails.
    pub(crate) fn not_founded(&mut self, room: &RoomUri) -> Result<(), ClientError> {
        self.state.write(|transaction| {
            room_group::delete(&Provider::new(transaction), room)?;
            Ok(rooms::delete(transaction, room)?)
        })
    }

    /// The same for a room of a ready-made kind.
    #[cfg(test)]
    pub(crate) fn found(
        &mut self,
        room: &RoomUri,
        external_sender: &[u8],
        options: RoomOptions,
    ) -> Result<Founding, ClientError> {
        self.found_as(room, external_sender, &NewRoom::of(options)?)
    }
}
