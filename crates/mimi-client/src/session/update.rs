//! Updates of a room by a member: preparing, and what their answer does (draft-ietf-mimi-protocol-06 sections 3.2 to
//! 3.5 and 5.3).

use mimi_arch::{ClientUri, RoomUri, UserUri};
use mimi_protocol::{
    CipherSuite, Epoch, IdentifierUri,
    codec::Wire as _,
    key_material::{ClientKeyMaterial, KeyMaterialRequestTbs, KeyMaterialResponse, KeyMaterialUserCode},
    mls::Credential,
    update::{HandshakeBundle, UpdateRequest, UpdateRoomResponse},
};
use openmls::group::MlsGroup;
use rusqlite::Connection;

use super::{Session, member};
use crate::{
    crypto::Signer,
    error::{ClientError, KeyMaterialFailure, StateError},
    mls::{
        Identity, Provider, SUITE,
        commit::{self, Plan},
        components, key_package, leave, participants, process, room_group,
    },
    state::rooms::{self, RoomRow, Standing},
};

/// How a commit is prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrepareOptions {
    /// Whether the proposals that wait are carried, as the hub demands (section 3.5).
    pub include_pending: bool,
}

impl Default for PrepareOptions {
    fn default() -> Self {
        Self { include_pending: true }
    }
}

/// An update that is written to the state file and not sent yet.
///
/// It has to end in [`crate::Client::confirm`] or [`crate::Client::discard`], or be settled by what comes through the
/// queue.
#[derive(Clone, Debug)]
pub struct PreparedUpdate {
    /// The room it changes.
    pub room: RoomUri,
    /// What is sent.
    pub bundle: HandshakeBundle,
}

impl PreparedUpdate {
    /// The request body that the hub gets.
    ///
    /// # Errors
    /// When something in it is too large to encode.
    pub fn body(&self) -> Result<Vec<u8>, ClientError> {
        Ok(UpdateRequest(self.bundle.clone()).to_bytes()?)
    }
}

impl Session {
    /// The signed request for key material of a user, for one room.
    ///
    /// # Errors
    /// When this client is not a member of the room.
    pub(crate) fn key_material_request(&mut self, room: &RoomUri, target: &UserUri) -> Result<Vec<u8>, ClientError> {
        let account = &self.account;
        self.state.peek(|connection| {
            let provider = Provider::new(connection);
            let (_, group) = member(connection, &provider, room)?;
            let identity = &account.identity;
            // req: MP06-3.2-03, MP06-5.2-05, MP06-5.2-08, MP06-5.2-11, MP06-5.2-12
            let request = KeyMaterialRequestTbs {
                requesting_user: IdentifierUri::from(&account.user),
                target_user: IdentifierUri::from(target),
                room_id: IdentifierUri::from(room),
                acceptable_ciphersuites: vec![CipherSuite(SUITE.into())],
                required_capabilities: room_group::required_capabilities(&group)?,
                requester_signature_key: identity.signer.public().to_vec(),
                requester_credential: Credential::basic(identity.client.as_str().as_bytes().to_vec()),
            };
            let request = request.sign(&Signer(&identity.signer)).map_err(crate::crypto::signing)?;
            Ok(request.to_bytes()?)
        })
    }

    /// Prepares the commit that adds the clients whose key packages came, and their user if it is no participant yet.
    ///
    /// # Errors
    /// When the answer holds none, one of them cannot be used, or the room cannot be changed now.
    pub(crate) fn prepare_add(
        &mut self,
        room: &RoomUri,
        target: &UserUri,
        response: &[u8],
    ) -> Result<PreparedUpdate, ClientError> {
        let response = KeyMaterialResponse::from_bytes(response)?;
        let packages = provided(target, response)?;
        let own = room_group::user_of(&self.account.identity.client)?;
        self.prepare(room, |provider, group| {
            let members = room_group::members(group)?;
            let mut adds = Vec::new();
            for (client, package) in &packages {
                let checked = key_package::check(provider, target, client, package)?;
                components::check_understands(group.public_group().group_context(), checked.leaf_node())?;
                if !members.contains(client) {
                    adds.push(checked);
                }
            }
            // One client of each user at a time: the first that was given out, if none is there.
            // req: RP03-5-15
            if components::is_single_device(group.public_group().group_context()) {
                let there = members.iter().any(|member| member.user().as_ref() == Some(target));
                adds.truncate(usize::from(!there));
            }
            if adds.is_empty() {
                return Err(ClientError::NobodyToAdd { room: room.clone(), user: target.clone() });
            }
            let known = participants::of(group.public_group().group_context())?.index_of(target).is_some();
            let role = participants::role_given_by(group.public_group().group_context(), &own);
            Ok(Plan { adds, list: (!known).then(|| participants::adding(target, role)), ..Plan::with_pending() })
        })
    }

    /// Prepares a commit of nothing but, if wanted, the proposals that wait.
    ///
    /// # Errors
    /// When the room cannot be changed now.
    pub(crate) fn prepare_commit(
        &mut self,
        room: &RoomUri,
        options: PrepareOptions,
    ) -> Result<PreparedUpdate, ClientError> {
        self.prepare(room, |_, _| Ok(Plan { include_pending: options.include_pending, ..Plan::default() }))
    }

    /// Prepares a commit that brings a new token for this client.
    ///
    /// # Errors
    /// When the room cannot be changed now.
    pub(crate) fn prepare_new_token(&mut self, room: &RoomUri) -> Result<PreparedUpdate, ClientError> {
        self.prepare(room, |_, _| Ok(Plan { include_pending: true, new_token: true, ..Plan::default() }))
    }

    /// Prepares the proposals by which this client's user leaves.
    ///
    /// # Errors
    /// When the room cannot be changed now.
    pub(crate) fn prepare_leave(&mut self, room: &RoomUri) -> Result<PreparedUpdate, ClientError> {
        self.prepare_proposals(room, leave::propose)
    }

    /// Prepares the proposal by which this client goes and its user stays.
    ///
    /// # Errors
    /// When the room cannot be changed now.
    pub(crate) fn prepare_step_out(&mut self, room: &RoomUri) -> Result<PreparedUpdate, ClientError> {
        self.prepare_proposals(room, leave::step_out)
    }

    /// Prepares the proposals by which this client's user destroys the room.
    ///
    /// # Errors
    /// When the room cannot be changed now.
    pub(crate) fn prepare_destroy(&mut self, room: &RoomUri) -> Result<PreparedUpdate, ClientError> {
        self.prepare_proposals(room, leave::destroy)
    }

    fn prepare_proposals(
        &mut self,
        room: &RoomUri,
        propose: impl FnOnce(&Provider<'_>, &Identity, &mut MlsGroup) -> Result<HandshakeBundle, ClientError>,
    ) -> Result<PreparedUpdate, ClientError> {
        let identity = &self.account.identity;
        self.state.write(|transaction| {
            // What the library stores beside the proposals lapses with the savepoint: they count once the hub has them.
            let savepoint = transaction.savepoint().map_err(StateError::from)?;
            let bundle = {
                let provider = Provider::new(&savepoint);
                let (_, mut group) = changeable(&savepoint, &provider, room)?;
                propose(&provider, identity, &mut group)?
            };
            savepoint.finish().map_err(StateError::from)?;
            let prepared = PreparedUpdate { room: room.clone(), bundle };
            let (mut row, _) = changeable(transaction, &Provider::new(transaction), room)?;
            row.pending = Some(prepared.body()?);
            rooms::put(transaction, &row)?;
            Ok(prepared)
        })
    }

    /// The update of a room whose answer is still out.
    ///
    /// # Errors
    /// When the file fails.
    pub(crate) fn unresolved(&mut self, room: &RoomUri) -> Result<Option<PreparedUpdate>, ClientError> {
        self.state.peek(|connection| {
            let pending = rooms::get(connection, room)?.and_then(|row| row.pending);
            pending
                .map(|body| Ok(PreparedUpdate { room: room.clone(), bundle: UpdateRequest::from_bytes(&body)?.0 }))
                .transpose()
        })
    }

    /// Takes an update in that the hub accepted. Does nothing if the queue has settled it already.
    ///
    /// # Errors
    /// When the file fails.
    pub(crate) fn confirm(&mut self, prepared: &PreparedUpdate) -> Result<(), ClientError> {
        let body = prepared.body()?;
        self.state.write(|transaction| {
            let provider = Provider::new(transaction);
            let Some(mut row) = pending_row(transaction, &prepared.room, &body)? else { return Ok(()) };
            let Some(mut group) = room_group::load(&provider, &prepared.room)? else { return Ok(()) };
            match (&prepared.bundle, row.standing) {
                (_, Standing::Joining) => row.standing = Standing::Member,
                (HandshakeBundle::Commit { .. }, _) => {
                    process::merge(&provider, &prepared.room, &mut group, None)?;
                }
                (HandshakeBundle::Proposals { first, more }, _) => {
                    for message in std::iter::once(first).chain(more) {
                        process::process(&provider, &prepared.room, &mut group, message)?;
                    }
                }
            }
            row.pending = None;
            row.last_epoch = Epoch(group.epoch().as_u64());
            if leave::group_end(&group)?.is_some() {
                return super::end_room(transaction, row);
            }
            Ok(rooms::put(transaction, &row)?)
        })
    }

    /// Takes an update back that the hub refused. Does nothing if the queue has settled it already.
    ///
    /// # Errors
    /// When the file fails.
    pub(crate) fn discard(&mut self, prepared: &PreparedUpdate) -> Result<(), ClientError> {
        let body = prepared.body()?;
        self.state.write(|transaction| {
            let provider = Provider::new(transaction);
            let Some(mut row) = pending_row(transaction, &prepared.room, &body)? else { return Ok(()) };
            if row.standing == Standing::Joining {
                room_group::delete(&provider, &prepared.room)?;
                return Ok(rooms::delete(transaction, &prepared.room)?);
            }
            if let Some(mut group) = room_group::load(&provider, &prepared.room)? {
                use openmls::prelude::OpenMlsProvider as _;
                group.clear_pending_commit(provider.storage()).map_err(crate::mls::storage)?;
            }
            row.pending = None;
            Ok(rooms::put(transaction, &row)?)
        })
    }

    /// Settles an update that the hub refused, as far as the refusal does.
    ///
    /// The wrong epoch alone settles nothing while the hub is ahead of this client: the epoch may be over because the hub
    /// took this very commit when a provider in between sent it before. The commit that comes through the queue tells.
    ///
    /// # Errors
    /// When the file fails.
    pub(crate) fn refused(
        &mut self,
        prepared: &PreparedUpdate,
        response: &UpdateRoomResponse,
    ) -> Result<(), ClientError> {
        let is_commit = matches!(prepared.bundle, HandshakeBundle::Commit { .. });
        if let UpdateRoomResponse::WrongEpoch { current_epoch, .. } = response
            && is_commit
            && self.room(&prepared.room).is_ok_and(|room| room.active && room.epoch < *current_epoch)
        {
            return Ok(());
        }
        self.discard(prepared)
    }

    /// A commit of any content, for tests of what others make of it.
    #[cfg(test)]
    pub(crate) fn prepare_plan(
        &mut self,
        room: &RoomUri,
        adds: &[(&ClientUri, mimi_protocol::mls::KeyPackage)],
        list: Option<mimi_protocol::participant_list::ParticipantListUpdate>,
    ) -> Result<PreparedUpdate, ClientError> {
        self.prepare(room, |provider, _| {
            let mut checked = Vec::new();
            for (client, package) in adds {
                let user = room_group::user_of(client)?;
                checked.push(key_package::check(provider, &user, client, package)?);
            }
            Ok(Plan { adds: checked, list, ..Plan::default() })
        })
    }

    /// Prepares a commit of what the plan says, which is made for the group as it stands.
    pub(super) fn prepare(
        &mut self,
        room: &RoomUri,
        plan: impl FnOnce(&Provider<'_>, &MlsGroup) -> Result<Plan, ClientError>,
    ) -> Result<PreparedUpdate, ClientError> {
        let identity = &self.account.identity;
        let own_provider = self.own_provider.as_ref().filter(|_| room.domain() != self.account.user.domain());
        self.state.write(|transaction| {
            let provider = Provider::new(transaction);
            let (mut row, mut group) = changeable(transaction, &provider, room)?;
            let plan = plan(&provider, &group)?;
            let bundle = commit::prepare(&provider, identity, &mut group, plan, own_provider)?;
            let prepared = PreparedUpdate { room: room.clone(), bundle };
            row.pending = Some(prepared.body()?);
            rooms::put(transaction, &row)?;
            Ok(prepared)
        })
    }
}

/// A room that this client may change now: no update of its own is out, and it is not leaving.
fn changeable(
    connection: &Connection,
    provider: &Provider<'_>,
    room: &RoomUri,
) -> Result<(RoomRow, MlsGroup), ClientError> {
    let (row, group) = member(connection, provider, room)?;
    if row.pending.is_some() {
        return Err(ClientError::UpdateUnresolved { room: room.clone() });
    }
    if room_group::is_leaving(&group) {
        return Err(ClientError::Leaving { room: room.clone() });
    }
    Ok((row, group))
}

fn pending_row(connection: &Connection, room: &RoomUri, body: &[u8]) -> Result<Option<RoomRow>, ClientError> {
    Ok(rooms::get(connection, room)?.filter(|row| row.pending.as_deref() == Some(body)))
}

/// The key packages of an answer, with the client each is said to belong to (section 5.2).
fn provided(
    target: &UserUri,
    response: KeyMaterialResponse,
) -> Result<Vec<(ClientUri, mimi_protocol::mls::KeyPackage)>, ClientError> {
    match response.user_status {
        KeyMaterialUserCode::Success | KeyMaterialUserCode::PartialSuccess => {}
        status => return Err(KeyMaterialFailure::NotProvided { user: target.clone(), status }.into()),
    }
    let is_target = response.user_uri.parse::<UserUri>().is_ok_and(|user| user == *target);
    if !is_target {
        let got = response.user_uri.as_str().to_owned();
        return Err(KeyMaterialFailure::OtherUser { wanted: target.clone(), got }.into());
    }
    let mut packages: Vec<(ClientUri, _)> = Vec::new();
    for client in response.clients {
        let ClientKeyMaterial::Success { client_uri, key_package } = client else { continue };
        let client: ClientUri = client_uri.parse()?;
        if packages.iter().any(|(other, _)| *other == client) {
            return Err(KeyMaterialFailure::Malformed("a client is listed twice").into());
        }
        packages.push((client, *key_package));
    }
    if packages.is_empty() {
        return Err(KeyMaterialFailure::Malformed("no client is listed although the code says so").into());
    }
    Ok(packages)
}
