//! Making a room (draft-ietf-mimi-protocol-06 section 3.1).

use mimi_arch::RoomUri;
use mimi_protocol::{Epoch, codec::Wire as _, mls::ExternalSender};

use super::Session;
use crate::{
    error::ClientError,
    mls::{
        Provider,
        create::{self, Founding},
        room_group,
    },
    state::rooms::{self, RoomRow, Standing},
};

impl Session {
    /// Makes the group of a room, or takes the one up again whose creation was not answered.
    ///
    /// # Errors
    /// When this client knows the room already, or the hub's key is not usable.
    pub(crate) fn found(&mut self, room: &RoomUri, external_sender: &[u8]) -> Result<Founding, ClientError> {
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
            let founding = create::create(&provider, identity, room, &hub)?;
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
}
