//! Rooms that depend on another one of this hub's (draft-ietf-mimi-room-policy-03 section 5): who is no participant of the parent room any
//! more is removed from them.
//!
//! Two rooms are never held at once. A child's decision is made with what its parent said just before; after each commit of a parent or
//! a child, and when the provider starts, the two are compared, and the hub proposes what is missing. See `mimi_ds::hub`,
//! `membership_style`.

use std::sync::Arc;

use mimi_arch::RoomUri;
use mimi_ds::{
    StoreError,
    hub::{Gone, ParentParticipants},
};
use tracing::warn;

use crate::{
    clock,
    provider::Core,
    rooms::{Change, Room, Visit},
};

/// Who is a participant of a room on which others depend; `None` when there is no such room. Blocks.
pub(crate) fn participants(core: &Arc<Core>, parent: &RoomUri) -> Result<Option<ParentParticipants>, StoreError> {
    match core.rooms.visit(core, parent, |held| (held.participants_for_children(), Change::None))? {
        Visit::Done(participants) => Ok(Some(participants)),
        Visit::NoSuchRoom => Ok(None),
    }
}

/// The room on which another one depends, with its participants. Blocks.
pub(crate) fn parent_of(core: &Arc<Core>, room: &RoomUri) -> Result<Option<(RoomUri, ParentParticipants)>, StoreError> {
    match core.rooms.visit(core, room, |held| (held.parent(), Change::None))? {
        Visit::Done(Some(parent)) => Ok(participants(core, &parent)?.map(|known| (parent, known))),
        Visit::Done(None) | Visit::NoSuchRoom => Ok(None),
    }
}

/// Compares a room with those that depend on it, after something of it was committed, or of one of them. Blocks.
// req: RP03-5-09
pub(crate) fn compare(core: &Arc<Core>, parent: &RoomUri) -> Result<(), StoreError> {
    let children = core.store.children(parent)?;
    if children.is_empty() {
        return Ok(());
    }
    let Some(known) = participants(core, parent)? else { return Ok(()) };
    for child in children {
        let visit = core.rooms.visit(core, &child, |held| remove_foreign(core, held, &known));
        match visit {
            Ok(Visit::Done(Ok(0)) | Visit::NoSuchRoom) => {}
            Ok(Visit::Done(Ok(_))) => core.metrics.accepted("proposals"),
            Ok(Visit::Done(Err(refusal))) => {
                warn!(%child, %refusal, "who left the parent room cannot be removed from a room that depends on it");
            }
            // One damaged room is not the others' fault; a store that takes nothing is.
            Err(error @ StoreError::Damaged { .. }) => {
                warn!(%child, %error, "a room cannot be compared with its parent")
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Proposes the removal of all who are none of the parent's; how many they are.
fn remove_foreign(core: &Core, held: &mut Room, known: &ParentParticipants) -> (Result<usize, String>, Change) {
    let mut effects = Vec::new();
    let foreign = held.not_of(known);
    for user in &foreign {
        match held.propose_removal(clock::now(), &Gone::User(user.clone()), &core.signer) {
            Ok(accepted) => effects.extend(accepted.into_iter().flat_map(|accepted| accepted.effects)),
            // What was proposed before it is in memory alone.
            Err(refusal) => return (Err(refusal.to_string()), Change::Broken),
        }
    }
    if effects.is_empty() { (Ok(0), Change::None) } else { (Ok(foreign.len()), Change::Durable(effects)) }
}

/// Compares all rooms with those that depend on them: the provider may have stopped between a commit and that.
pub(crate) async fn compare_all(core: Arc<Core>) {
    let held = core.clone();
    let compared = core.blocking(move || held.store.parents()?.iter().try_for_each(|parent| compare(&held, parent)));
    if let Err(error) = compared.await {
        warn!(%error, "rooms that depend on others could not be compared with them");
    }
}
