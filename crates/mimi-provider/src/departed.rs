//! Users of this provider who are gone: as the hub it proposes their removal from its rooms (draft-ietf-mimi-protocol-06 section 5.5).
//!
//! In the rooms of other hubs a user is removed by the means that a follower has: its clients leave, or a participant removes it.

use std::sync::Arc;

use mimi_arch::UserUri;
use mimi_ds::{StoreError, hub::Gone};
use tracing::warn;

use crate::{
    clock,
    provider::Core,
    rooms::{Change, Visit},
};

/// Proposes the removal of a user in every room of this hub in which it is a participant. Blocks. A room in which that is not possible is
/// told of and does not keep the others from it.
///
/// Done a second time it does nothing where the removal waits or is committed.
// req: MP06-5.5-05
pub(crate) fn propose_removal(core: &Arc<Core>, user: &UserUri) -> Result<(), StoreError> {
    let gone = Gone::User(user.clone());
    for room in core.store.rooms()? {
        let visit = core.rooms.visit(core, &room, |held| {
            if held.role(user).is_none() {
                return (Ok(false), Change::None);
            }
            match held.propose_removal(clock::now(), &gone, &core.signer) {
                Ok(Some(accepted)) => (Ok(true), Change::Durable(accepted.effects)),
                Ok(None) => (Ok(false), Change::None),
                Err(refusal) => (Err(refusal), Change::None),
            }
        });
        match visit {
            Ok(Visit::Done(Ok(true))) => core.metrics.accepted("proposals"),
            Ok(Visit::Done(Ok(false)) | Visit::NoSuchRoom) => {}
            Ok(Visit::Done(Err(refusal))) => warn!(%room, %refusal, "the removal of a deleted user cannot be proposed"),
            // One damaged room is not the others' fault; a store that takes nothing is.
            Err(error @ StoreError::Damaged { .. }) => {
                warn!(%room, %error, "the removal of a deleted user cannot be proposed");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
