//! What comes through the queue, event by event (draft-ietf-mimi-protocol-06 section 5.5).
//!
//! Each event is one transaction: what it changes, and the position in the queue. An event that cannot be processed
//! changes the position alone, so nothing is tried for ever; only a failure of the state file stops the queue.

use mimi_arch::RoomUri;
use mimi_protocol::{
    AcceptedTimestamp, Epoch,
    codec::Wire as _,
    mls::{MlsMessage, RatchetTree},
    notify::{FanoutEvent, FanoutMessage},
    ratchet_tree::RatchetTreeOption,
    submit_message::Frank,
    update::{HandshakeBundle, UpdateRequest},
};
use rusqlite::{Connection, Transaction};

use super::{
    Session,
    content::{self, Incoming},
};
use crate::{
    error::{ClientError, MlsFailure, StateError},
    events::{EndedBy, Event, Form, Franking, Relation},
    mls::{
        Identity, Provider, join,
        leave::{self, GroupEnd},
        process::{self, Changes, Opened, Processed},
        room_group,
    },
    state::{
        message_ids,
        messages::{self, Kept},
        queue,
        rooms::{self, RoomRow, Standing},
    },
};

impl Session {
    /// Processes one queued event; it is durable when this returns. An event that was processed before does nothing.
    ///
    /// # Errors
    /// When the state file fails. The event is then as if it had not come.
    pub(crate) fn receive(&mut self, id: u64, room: &str, fanout: &[u8]) -> Result<Vec<Event>, ClientError> {
        let identity = &self.account.identity;
        self.state.write(|transaction| {
            if id <= queue::position(transaction)? {
                return Ok(Vec::new());
            }
            let events = match room.parse::<RoomUri>() {
                Ok(room) => in_room(transaction, identity, &room, fanout)?,
                // Nothing can be said of a room that has no name; this client is in none such.
                Err(_) => Vec::new(),
            };
            queue::set_position(transaction, id)?;
            Ok(events)
        })
    }

    /// Passes by an event in the queue that stands for messages which the provider dropped.
    pub(crate) fn skip(&mut self, id: u64, room: &str, count: u64) -> Result<Vec<Event>, ClientError> {
        self.state.write(|transaction| {
            if id <= queue::position(transaction)? {
                return Ok(Vec::new());
            }
            queue::set_position(transaction, id)?;
            Ok(room.parse().map(|room| Event::Dropped { room, count }).into_iter().collect())
        })
    }
}

fn in_room(
    transaction: &mut Transaction<'_>,
    identity: &Identity,
    room: &RoomUri,
    fanout: &[u8],
) -> Result<Vec<Event>, ClientError> {
    let mut accepted = AcceptedTimestamp(0);
    let savepoint = transaction.savepoint().map_err(StateError::from)?;
    let outcome = FanoutMessage::from_bytes(fanout).map_err(ClientError::from).and_then(|message| {
        accepted = message.timestamp;
        Arrival { connection: &savepoint, identity, room, accepted }.take(&message.event)
    });
    match outcome {
        Ok(events) => {
            savepoint.commit().map_err(StateError::from)?;
            Ok(events)
        }
        Err(ClientError::State(error)) => Err(error.into()),
        Err(error) => {
            savepoint.finish().map_err(StateError::from)?;
            Ok(vec![Event::Undecryptable { room: room.clone(), reason: error.to_string(), accepted }])
        }
    }
}

/// One event that came for a room.
struct Arrival<'a> {
    connection: &'a Connection,
    identity: &'a Identity,
    room: &'a RoomUri,
    accepted: AcceptedTimestamp,
}

impl Arrival<'_> {
    fn take(&self, event: &FanoutEvent) -> Result<Vec<Event>, ClientError> {
        let row = rooms::get(self.connection, self.room)?
            .filter(|row| matches!(row.standing, Standing::Member | Standing::Joining));
        let Some((caught_up, row)) = self.catch_up(event, &row)? else {
            return self.dispatch(event, row);
        };
        let mut events = caught_up;
        events.extend(self.dispatch(event, Some(row))?);
        Ok(events)
    }

    /// A hub need not send a client's own commit back to it. When the answer was lost too, the first message of the epoch
    /// that the commit would begin says that it was accepted: the commit is merged, and stays so only if the message then
    /// proves to be made with the keys of that epoch.
    fn catch_up(
        &self,
        event: &FanoutEvent,
        row: &Option<RoomRow>,
    ) -> Result<Option<(Vec<Event>, RoomRow)>, ClientError> {
        let (FanoutEvent::Application { message, .. } | FanoutEvent::Commit { message, .. }, Some(row)) = (event, row)
        else {
            return Ok(None);
        };
        if row.standing != Standing::Member || !matches!(pending(row), Some(HandshakeBundle::Commit { .. })) {
            return Ok(None);
        }
        let provider = Provider::new(self.connection);
        let mut group = room_group::load_member(&provider, self.room)?;
        if epoch_of(message) != group.epoch().as_u64().checked_add(1).map(Epoch) {
            return Ok(None);
        }
        let Processed::Committed { epoch, changes } = process::merge(&provider, self.room, &mut group, None)? else {
            return Ok(None);
        };
        let row = RoomRow { pending: None, last_epoch: epoch, ..row.clone() };
        rooms::put(self.connection, &row)?;
        Ok(Some((self.committed(epoch, changes), row)))
    }

    fn dispatch(&self, event: &FanoutEvent, row: Option<RoomRow>) -> Result<Vec<Event>, ClientError> {
        match (event, row) {
            (FanoutEvent::Welcome { message, ratchet_tree }, row) => self.welcome(row, message, ratchet_tree),
            // Of a room before this client joined it, or after it left.
            (_, None) => Ok(Vec::new()),
            (FanoutEvent::Application { message, frank }, Some(row)) => self.application(&row, message, frank.as_ref()),
            (FanoutEvent::Proposals { message, more }, Some(row)) => {
                self.proposals(row, std::iter::once(message).chain(more))
            }
            (FanoutEvent::Commit { message, external_proposals }, Some(row)) => {
                self.commit(row, message, external_proposals)
            }
        }
    }

    fn welcome(
        &self,
        row: Option<RoomRow>,
        message: &MlsMessage,
        ratchet_tree: &RatchetTreeOption,
    ) -> Result<Vec<Event>, ClientError> {
        let provider = Provider::new(self.connection);
        let tree: &RatchetTree = match ratchet_tree {
            RatchetTreeOption::Full(tree) => tree,
            _ => return Err(MlsFailure::NoRatchetTree.into()),
        };
        if row.is_some_and(|row| row.standing == Standing::Member) {
            return Err(ClientError::AlreadyAMember { room: self.room.clone() });
        }
        // What is left of an earlier membership, or an external commit that a member was faster than.
        room_group::delete(&provider, self.room)?;
        let group = join::welcome(&provider, self.room, message, tree)?;
        let epoch = Epoch(group.epoch().as_u64());
        rooms::put(self.connection, &RoomRow::new(self.room, Standing::Member, epoch))?;
        Ok(vec![Event::Joined { room: self.room.clone(), epoch }])
    }

    fn application(
        &self,
        row: &RoomRow,
        message: &MlsMessage,
        frank: Option<&Frank>,
    ) -> Result<Vec<Event>, ClientError> {
        match self.process(message) {
            Ok(Processed::Application(opened)) => self.message(opened, frank),
            // req: MP06-5.5-18
            Ok(Processed::OwnText) => {
                let noted = queue::take_outgoing(self.connection, self.room, message.as_bytes())?;
                let own = |text| Event::Message {
                    room: self.room.clone(),
                    sender: self.identity.client.clone(),
                    accepted: self.accepted,
                    text,
                    id: None,
                    relation: Relation::None,
                    form: Form::MimiContent,
                    franking: Franking::Own,
                };
                Ok(noted.map(own).into_iter().collect())
            }
            Ok(Processed::Stale) => Ok(Vec::new()),
            Ok(_) => Err(MlsFailure::Unexpected { expected: "an application message" }.into()),
            Err(ClientError::State(error)) => Err(error.into()),
            // Messages from before this client joined were never meant for it.
            Err(_) if epoch_of(message).is_some_and(|epoch| epoch < row.first_epoch) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// A message that was opened. With a frank that holds it is kept, so that it can be reported.
    fn message(&self, opened: Opened, frank: Option<&Frank>) -> Result<Vec<Event>, ClientError> {
        let Incoming { text, id, relation, form, franking, proof } =
            content::incoming(&opened, self.room, self.accepted, frank)?;
        let Opened { sender, application_data, .. } = opened;
        if let (Some(proof), Some(user)) = (proof, sender.user()) {
            let kept = Kept { application_data, frank: proof.frank().clone() };
            messages::put(self.connection, self.room, &user, self.accepted, &kept)?;
        }
        if let Some(id) = &id {
            message_ids::put(self.connection, self.room, id)?;
        }
        let (room, accepted) = (self.room.clone(), self.accepted);
        Ok(vec![Event::Message { room, sender, accepted, text, id, relation, form, franking }])
    }

    fn proposals<'m>(
        &self,
        mut row: RoomRow,
        messages: impl Iterator<Item = &'m MlsMessage>,
    ) -> Result<Vec<Event>, ClientError> {
        let messages: Vec<&MlsMessage> = messages.collect();
        let mut count = 0;
        let mut events = Vec::new();
        for message in &messages {
            match self.process(message) {
                Ok(Processed::Proposal { new }) => count += usize::from(new),
                Ok(Processed::Stale) => {}
                Ok(_) => return Err(MlsFailure::Unexpected { expected: "proposals" }.into()),
                Err(ClientError::State(error)) => return Err(error.into()),
                Err(error) => events.push(self.undecryptable(&error)),
            }
        }
        if let Some(HandshakeBundle::Proposals { first, .. }) = pending(&row)
            && messages.first() == Some(&&first)
        {
            row.pending = None;
            rooms::put(self.connection, &row)?;
        }
        let group = room_group::load_member(&Provider::new(self.connection), self.room)?;
        if let Some(end) = leave::group_end(&group)? {
            super::end_room(self.connection, row)?;
            let by = match end {
                GroupEnd::Destroyed(user) => EndedBy::Participant(user),
                GroupEnd::ByHub => EndedBy::Hub,
                GroupEnd::Left => EndedBy::Everybody,
            };
            events.push(Event::RoomEnded { room: self.room.clone(), by, accepted: self.accepted });
        } else if count > 0 {
            events.insert(0, Event::ProposalsReceived { room: self.room.clone(), count, accepted: self.accepted });
        }
        Ok(events)
    }

    fn commit(
        &self,
        mut row: RoomRow,
        message: &MlsMessage,
        external_proposals: &[MlsMessage],
    ) -> Result<Vec<Event>, ClientError> {
        let mut events = Vec::new();
        if row.standing == Standing::Joining {
            events = self.joining(&mut row, message)?;
            if row.standing != Standing::Member {
                return Ok(events);
            }
        } else {
            self.take_own_proposals_in(&row)?;
            match self.process(message)? {
                Processed::Committed { epoch, changes } => {
                    // It took the epoch that an update of this client was made for, or was that update.
                    row.pending = None;
                    row.last_epoch = epoch;
                    rooms::put(self.connection, &row)?;
                    events = self.committed(epoch, changes);
                }
                Processed::Removed => return self.removed(row),
                // This client's own external commit, of which it knew that it was accepted; what is stapled to it is of the new epoch.
                Processed::Stale => {}
                _ => return Err(MlsFailure::Unexpected { expected: "a commit" }.into()),
            }
        }
        // req: MP06-5.5-14
        if !external_proposals.is_empty() {
            events.extend(self.proposals(row, external_proposals.iter())?);
        }
        Ok(events)
    }

    fn committed(&self, epoch: Epoch, changes: Changes) -> Vec<Event> {
        let (room, accepted) = (self.room.clone(), self.accepted);
        let Changes { added, removed, roles, metadata } = changes;
        let mut events = vec![Event::Committed { room: room.clone(), epoch, added, removed, accepted }];
        if !roles.is_empty() {
            events.push(Event::RolesChanged { room: room.clone(), roles, accepted });
        }
        if let Some(metadata) = metadata {
            events.push(Event::MetadataChanged { room, metadata: Box::new(metadata), accepted });
        }
        events
    }

    /// A commit that comes while this client's own external commit is not answered.
    fn joining(&self, row: &mut RoomRow, message: &MlsMessage) -> Result<Vec<Event>, ClientError> {
        let own = match pending(row) {
            Some(HandshakeBundle::Commit { commit, .. }) => commit,
            _ => return Err(StateError::Corrupt { what: "external commit" }.into()),
        };
        if own == *message {
            row.standing = Standing::Member;
            row.pending = None;
            rooms::put(self.connection, row)?;
            return Ok(vec![Event::Joined { room: self.room.clone(), epoch: row.first_epoch }]);
        }
        if epoch_of(message) == epoch_of(&own) {
            // Another commit took the epoch: the hub did not and will not accept this client's.
            room_group::delete(&Provider::new(self.connection), self.room)?;
            rooms::delete(self.connection, self.room)?;
        }
        Ok(Vec::new())
    }

    /// A commit may carry proposals of this client whose answer was lost and that did not come back before it.
    fn take_own_proposals_in(&self, row: &RoomRow) -> Result<(), ClientError> {
        if let Some(HandshakeBundle::Proposals { first, more }) = pending(row) {
            for message in std::iter::once(&first).chain(&more) {
                // If they are of another epoch by now, the commit does not carry them.
                if let Err(ClientError::State(error)) = self.process(message) {
                    return Err(error.into());
                }
            }
        }
        Ok(())
    }

    fn removed(&self, row: RoomRow) -> Result<Vec<Event>, ClientError> {
        super::end_room(self.connection, row)?;
        Ok(vec![Event::Removed { room: self.room.clone(), accepted: self.accepted }])
    }

    fn process(&self, message: &MlsMessage) -> Result<Processed, ClientError> {
        let provider = Provider::new(self.connection);
        let mut group = room_group::load_member(&provider, self.room)?;
        process::process(&provider, self.room, &mut group, message)
    }

    fn undecryptable(&self, error: &ClientError) -> Event {
        Event::Undecryptable { room: self.room.clone(), reason: error.to_string(), accepted: self.accepted }
    }
}

fn pending(row: &RoomRow) -> Option<HandshakeBundle> {
    let body = row.pending.as_deref()?;
    UpdateRequest::from_bytes(body).ok().map(|request| request.0)
}

fn epoch_of(message: &MlsMessage) -> Option<Epoch> {
    message.group_and_epoch().map(|(_, epoch)| epoch)
}
