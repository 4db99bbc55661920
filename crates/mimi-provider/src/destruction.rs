//! Rooms that the operator of this provider, their hub, has destroyed (draft-ietf-mimi-room-policy-03 section 8.6). The order stands in the
//! database, where `mimi admin` puts it: it is carried out whether the provider runs at that moment or is started later, and once.

use std::{sync::Arc, time::Duration};

use mimi_arch::RoomUri;
use mimi_ds::{Effect, StoreError};
use tracing::{info, warn};

use crate::{
    clock,
    provider::Core,
    rooms::{Change, Visit},
};

/// How often the orders are looked at.
const LOOK_TIME: Duration = Duration::from_secs(1);

/// Carries orders out until the provider stops.
pub(crate) async fn run(core: Arc<Core>) {
    loop {
        let held = core.clone();
        if let Err(error) = core.blocking(move || carry_out(&held)).await {
            warn!(%error, "orders to destroy rooms cannot be looked at");
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_TIME) => {}
            () = core.stopped() => return,
        }
    }
}

fn carry_out(core: &Arc<Core>) -> Result<(), StoreError> {
    for room in core.store.rooms_to_destroy()? {
        match destroy(core, &room) {
            Ok(was_there) => info!(%room, was_there, "a room is destroyed by order of the operator"),
            // One damaged room is not the others' fault; its order stays.
            Err(error @ StoreError::Damaged { .. }) => {
                warn!(%room, %error, "a room cannot be destroyed");
                continue;
            }
            Err(error) => return Err(error),
        }
        core.store.commit(vec![Effect::DropOrder { room }])?;
    }
    Ok(())
}

/// Destroys a room of this hub; whether it was there and not over before. Blocks.
// req: RP03-8.6-04
pub(crate) fn destroy(core: &Arc<Core>, room: &RoomUri) -> Result<bool, StoreError> {
    let visit = core.rooms.visit(core, room, |held| match held.destroy(clock::now(), &core.signer) {
        Ok(Some(accepted)) => (Ok(true), Change::Durable(accepted.effects)),
        Ok(None) => (Ok(false), Change::None),
        Err(refusal) => (Err(refusal), Change::Broken),
    })?;
    match visit {
        Visit::Done(Ok(destroyed)) => {
            if destroyed {
                core.metrics.accepted("destruction");
            }
            Ok(destroyed)
        }
        Visit::Done(Err(refusal)) => Err(StoreError::Damaged { what: "room", reason: refusal.to_string() }),
        Visit::NoSuchRoom => Ok(false),
    }
}
