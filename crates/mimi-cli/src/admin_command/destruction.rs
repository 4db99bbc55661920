//! `mimi admin rooms destroy`: the order is put into the database, and the provider that serves it carries it out.

use std::{
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use mimi_arch::RoomUri;
use mimi_ds::{
    Effect, OpenMlsRoomGroup, SqliteStore, Store,
    hub::{HubRoom, Life},
};
use serde_json::json;

use super::{exists, listing::Listing, listings::life};

/// How long a provider that runs is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often the room is looked at meanwhile.
const LOOK_TIME: Duration = Duration::from_millis(100);

pub(super) fn order(database: &Path, room: &RoomUri) -> anyhow::Result<Listing> {
    exists(database)?;
    let store = SqliteStore::open(database).with_context(|| format!("{} cannot be opened", database.display()))?;
    if matches!(state(&store, room)?, Life::Over(_)) {
        bail!("{room} is over already");
    }
    store.commit(vec![Effect::OrderDestruction { room: room.clone() }])?;
    let until = Instant::now() + PATIENCE;
    let now = loop {
        let now = state(&store, room)?;
        if matches!(now, Life::Over(_)) || Instant::now() >= until {
            break now;
        }
        sleep(LOOK_TIME);
    };
    let is_done = matches!(now, Life::Over(_));
    let note = if is_done { "done" } else { "ordered: the provider does it as soon as it runs" };
    Ok(Listing::single(vec![
        ("room", json!(room.as_str())),
        ("state", json!(life(&now))),
        ("destruction", json!(note)),
    ]))
}

fn state(store: &SqliteStore, room: &RoomUri) -> anyhow::Result<Life> {
    let Some(stored) = store.load_room(room)? else {
        bail!("this provider is not the hub of {room}");
    };
    Ok(HubRoom::<OpenMlsRoomGroup>::restore(&stored)?.life().clone())
}
