//! The client without its network: every step reads and writes the state file in one transaction, takes the octets
//! that came and gives the octets to send.
//!
//! An update takes two steps (draft-ietf-mimi-protocol-06 section 5.3). Preparing one writes it to the state file
//! before anybody can send it; its answer then confirms or discards it. If the answer is lost, both are still possible:
//! the update stays until the queue shows what the hub took.

mod content;
mod details;
mod draft;
mod forbidden;
mod founding;
mod intent;
mod join_links;
mod joining;
mod message;
mod new_room;
mod pending;
mod receive;
mod report;
mod update;

use std::path::Path;

use mimi_arch::RoomUri;
use mimi_protocol::{Epoch, codec::Wire as _, mls::ExternalSender};
use openmls::group::MlsGroup;
use rusqlite::Connection;

pub use self::{
    details::RoomDetails,
    draft::Draft,
    founding::RoomOptions,
    intent::{Intent, MetadataChange},
    join_links::NewJoinLink,
    new_room::NewRoom,
    report::ReportOptions,
    update::{PrepareOptions, PreparedUpdate},
};
pub(crate) use self::{join_links::opened, joining::JoinStep, message::Sealed};
use crate::{
    error::{ClientError, StateError},
    events::RoomSummary,
    mls::{Provider, external_senders, key_package, participants, room_group},
    state::{
        State,
        account::{self, Account},
        queue,
        rooms::{self, RoomRow, Standing},
        vault::Passphrase,
    },
};

/// An account with its state file.
pub(crate) struct Session {
    state: State,
    account: Account,
    /// The key and credential by which this client's provider may be an external sender, once it has told them.
    own_provider: Option<ExternalSender>,
}

impl Session {
    /// Puts a new account into a state file.
    ///
    /// # Errors
    /// When there is one in it already, or the file fails.
    pub(crate) fn create(mut state: State, account: Account) -> Result<Self, ClientError> {
        state.write(|transaction| Ok(account::put(transaction, &account)?))?;
        Ok(Self { state, account, own_provider: None })
    }

    /// Opens the account of a state file.
    ///
    /// # Errors
    /// When there is none in it, or the file fails.
    #[cfg(test)]
    pub(crate) fn open(path: &Path) -> Result<Self, ClientError> {
        Self::open_with(path, None)
    }

    /// The same with the passphrase of an encrypted file.
    ///
    /// # Errors
    /// As [`Session::open`], and when the passphrase is missing, too much or another one.
    pub(crate) fn open_with(path: &Path, passphrase: Option<&Passphrase>) -> Result<Self, ClientError> {
        let mut state = State::open_with(path, passphrase)?;
        let account = state.peek(|connection| Ok(account::load(connection)?))?.ok_or(StateError::NoAccount)?;
        Ok(Self { state, account, own_provider: None })
    }

    /// Notes the key and credential of this client's provider.
    ///
    /// # Errors
    /// When they do not decode, or name another provider.
    pub(crate) fn know_provider(&mut self, external_sender: &[u8]) -> Result<(), ClientError> {
        let sender = ExternalSender::from_bytes(external_sender)?;
        let named = external_senders::domain_of(&sender);
        self.own_provider = Some(sender).filter(|_| named.as_ref() == Some(self.account.user.domain()));
        Ok(())
    }

    /// Whether the provider has told its key and credential.
    pub(crate) fn knows_provider(&self) -> bool {
        self.own_provider.is_some()
    }

    /// Who this is.
    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    /// Makes key packages; their private keys are durable when this returns.
    ///
    /// # Errors
    /// When the library or the file fails.
    pub(crate) fn make_key_packages(&mut self, count: usize) -> Result<Vec<Vec<u8>>, ClientError> {
        let identity = &self.account.identity;
        self.state.write(|transaction| key_package::make(&Provider::new(transaction), identity, count))
    }

    /// Id of the last queued event that was processed.
    ///
    /// # Errors
    /// When the file fails.
    pub(crate) fn position(&mut self) -> Result<u64, ClientError> {
        self.state.peek(|connection| Ok(queue::position(connection)?))
    }

    /// All rooms that this client is or was a member of.
    ///
    /// # Errors
    /// When the file fails.
    pub(crate) fn rooms(&mut self) -> Result<Vec<RoomSummary>, ClientError> {
        self.state.peek(|connection| {
            let rows = rooms::all(connection)?;
            let known = rows.iter().filter(|row| matches!(row.standing, Standing::Member | Standing::Gone));
            known.map(|row| summary(connection, row)).collect()
        })
    }

    /// One room.
    ///
    /// # Errors
    /// When this client never was a member of it, or the file fails.
    pub(crate) fn room(&mut self, room: &RoomUri) -> Result<RoomSummary, ClientError> {
        self.state.peek(|connection| {
            let row = rooms::get(connection, room)?
                .filter(|row| matches!(row.standing, Standing::Member | Standing::Gone))
                .ok_or_else(|| ClientError::NotAMember { room: room.clone() })?;
            summary(connection, &row)
        })
    }

    /// The group's tree, as the hub would hand it out.
    #[cfg(test)]
    pub(crate) fn ratchet_tree(&mut self, room: &RoomUri) -> Result<mimi_protocol::mls::RatchetTree, ClientError> {
        self.state.peek(|connection| {
            let group = room_group::load_member(&Provider::new(connection), room)?;
            crate::mls::create::ratchet_tree(&group)
        })
    }

    /// Rooms of which the provider has to be told that this client is gone.
    ///
    /// # Errors
    /// When the file fails.
    pub(crate) fn awaiting_forget(&mut self) -> Result<Vec<RoomUri>, ClientError> {
        self.state.peek(|connection| {
            Ok(rooms::all(connection)?.into_iter().filter(|row| row.forget).map(|row| row.room).collect())
        })
    }

    /// Runs a step on what is kept for discovery.
    ///
    /// # Errors
    /// When the file fails.
    pub(crate) fn discovery<T>(
        &mut self,
        step: impl FnOnce(&Connection) -> Result<T, StateError>,
    ) -> Result<T, ClientError> {
        self.state.write(|transaction| Ok(step(transaction)?))
    }

    /// Notes that the provider has been told.
    ///
    /// # Errors
    /// When the file fails.
    pub(crate) fn forgotten(&mut self, room: &RoomUri) -> Result<(), ClientError> {
        self.state.write(|transaction| {
            if let Some(mut row) = rooms::get(transaction, room)? {
                row.forget = false;
                rooms::put(transaction, &row)?;
            }
            Ok(())
        })
    }
}

/// The row and group of a room that this client is a member of.
fn member(
    connection: &Connection,
    provider: &Provider<'_>,
    room: &RoomUri,
) -> Result<(RoomRow, MlsGroup), ClientError> {
    let row = rooms::get(connection, room)?
        .filter(|row| row.standing == Standing::Member)
        .ok_or_else(|| ClientError::NotAMember { room: room.clone() })?;
    Ok((row, room_group::load_member(provider, room)?))
}

/// The room is over for this client: its keys go, and the provider has to be told.
fn end_room(connection: &Connection, mut row: RoomRow) -> Result<(), ClientError> {
    room_group::delete(&Provider::new(connection), &row.room)?;
    row.standing = Standing::Gone;
    row.pending = None;
    row.forget = true;
    Ok(rooms::put(connection, &row)?)
}

fn summary(connection: &Connection, row: &RoomRow) -> Result<RoomSummary, ClientError> {
    let provider = Provider::new(connection);
    let group = match row.standing {
        Standing::Member => room_group::load(&provider, &row.room)?,
        _ => None,
    };
    let Some(group) = group else {
        return Ok(RoomSummary {
            room: row.room.clone(),
            epoch: row.last_epoch,
            participants: Vec::new(),
            members: Vec::new(),
            pending_proposals: 0,
            active: false,
            epoch_authenticator: Vec::new(),
        });
    };
    Ok(RoomSummary {
        room: row.room.clone(),
        epoch: Epoch(group.epoch().as_u64()),
        participants: participants::of(group.public_group().group_context())?
            .participants()
            .iter()
            .map(|entry| (entry.user().clone(), entry.role_index()))
            .collect(),
        members: room_group::members(&group)?,
        pending_proposals: group.pending_proposals().count(),
        active: group.is_active(),
        epoch_authenticator: group.epoch_authenticator().as_slice().to_vec(),
    })
}
