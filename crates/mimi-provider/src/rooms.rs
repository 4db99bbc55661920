//! The rooms of which this provider is the hub, loaded on demand, one decision at a time per room.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use mimi_arch::RoomUri;
use mimi_ds::{Effect, OpenMlsRoomGroup, StoreError, hub::HubRoom, store::StoredRoom};
use mimi_protocol::AcceptedTimestamp;
use tracing::{error, warn};

use crate::{clock, provider::Core};

/// How often [`tend`] looks.
const TEND_TIME: Duration = Duration::from_secs(60);
/// How long a snapshot is the latest before it takes the place of the older one, too, in milliseconds.
const MIRROR_AGE: u64 = 3_600_000;
/// How long a room that cannot be read is not read again.
const UNREADABLE_TIME: Duration = Duration::from_secs(5);

/// A hub room on OpenMLS.
pub(crate) type Room = HubRoom<OpenMlsRoomGroup>;

enum Slot {
    NotLoaded,
    Loaded(Box<Room>),
    /// Both snapshots are damaged, or the log is; found at that time.
    Unreadable(StoreError, Instant),
}

/// All rooms that are in memory.
#[derive(Default)]
pub(crate) struct Rooms {
    slots: Mutex<HashMap<RoomUri, Arc<Mutex<Slot>>>>,
}

/// What a decision has done to the room in memory.
pub(crate) enum Change {
    /// Nothing.
    None,
    /// It has changed it, and these effects have to become durable before the answer is given.
    Durable(Vec<Effect>),
    /// It failed half way: the room is loaded anew before anyone else sees it.
    Broken,
}

/// What came of a visit to a room.
pub(crate) enum Visit<T> {
    /// There is no such room here.
    NoSuchRoom,
    /// The room was there, and what was decided is durable.
    Done(T),
}

impl Rooms {
    /// Lets `decide` work on the room and returns its answer after its effects are durable. Blocks.
    ///
    /// The room is held only while it is decided, so that decisions on one room share a commit of the store.
    /// When the store fails, the room in memory is ahead of the disk and is dropped; the next visit loads it anew.
    pub(crate) fn visit<T>(
        &self,
        core: &Arc<Core>,
        room: &RoomUri,
        decide: impl FnOnce(&mut Room) -> (T, Change),
    ) -> Result<Visit<T>, StoreError> {
        let slot = self.slot(room);
        let mut held = hold(&slot);
        match &*held {
            Slot::Loaded(_) => {}
            Slot::Unreadable(error, since) if since.elapsed() < UNREADABLE_TIME => return Err(error.clone()),
            Slot::NotLoaded | Slot::Unreadable(..) => match load(core, room) {
                Ok(Some(loaded)) => *held = Slot::Loaded(Box::new(loaded)),
                Ok(None) => {
                    drop(held);
                    self.forget(room);
                    return Ok(Visit::NoSuchRoom);
                }
                Err(error) => {
                    if matches!(error, StoreError::Damaged { .. }) {
                        *held = Slot::Unreadable(error.clone(), Instant::now());
                    }
                    return Err(error);
                }
            },
        }
        let Slot::Loaded(loaded) = &mut *held else {
            return Ok(Visit::NoSuchRoom);
        };
        let (answer, change) = decide(loaded);
        let submitted = match change {
            Change::None => return Ok(Visit::Done(answer)),
            Change::Broken => {
                *held = Slot::NotLoaded;
                return Ok(Visit::Done(answer));
            }
            Change::Durable(effects) => core.submit(effects),
        };
        drop(held);
        match submitted.wait() {
            Ok(()) => Ok(Visit::Done(answer)),
            Err(error) => {
                *hold(&slot) = Slot::NotLoaded;
                Err(error)
            }
        }
    }

    /// Stores a new room, then keeps it in memory. Blocks. The store refuses a room that exists.
    pub(crate) fn create(
        &self,
        core: &Arc<Core>,
        room: &RoomUri,
        created: Room,
        effects: Vec<Effect>,
    ) -> Result<(), StoreError> {
        let slot = self.slot(room);
        let mut held = hold(&slot);
        core.submit(effects).wait()?;
        *held = Slot::Loaded(Box::new(created));
        Ok(())
    }

    /// How many rooms are held in memory.
    pub(crate) fn open(&self) -> usize {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn slot(&self, room: &RoomUri) -> Arc<Mutex<Slot>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.entry(room.clone()).or_insert_with(|| Arc::new(Mutex::new(Slot::NotLoaded))).clone()
    }

    fn forget(&self, room: &RoomUri) {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).remove(room);
    }
}

/// The room from its latest snapshot, or when that is damaged from the one before it; then a fresh one is written.
fn load(core: &Core, room: &RoomUri) -> Result<Option<Room>, StoreError> {
    let damage = match core.store.load_room(room).and_then(restore) {
        Err(damage @ StoreError::Damaged { .. }) => damage,
        other => return other,
    };
    let loaded = match core.store.load_older_room(room).and_then(restore) {
        Ok(Some(loaded)) => loaded,
        Ok(None) => return Err(unreadable(core, room, damage, None)),
        Err(StoreError::Damaged { what, reason }) => {
            let older = StoreError::Damaged { what, reason };
            return Err(unreadable(core, room, damage, Some(&older)));
        }
        Err(error) => return Err(error),
    };
    core.metrics.room_damage("recovered");
    error!(%room, %damage, "a room's latest snapshot is damaged; the room is whole again from the older one and the log after it");
    let fresh = loaded.fresh_snapshot().map_err(|error| error.to_string());
    let written = fresh.and_then(|effect| core.store.commit(vec![effect]).map_err(|error| error.to_string()));
    if let Err(error) = written {
        // The older one still serves.
        warn!(%room, %error, "a fresh snapshot cannot be written in place of the damaged one");
    }
    Ok(Some(loaded))
}

fn unreadable(core: &Core, room: &RoomUri, damage: StoreError, older: Option<&StoreError>) -> StoreError {
    core.metrics.room_damage("unreadable");
    let older = older.map_or_else(|| "there is none".to_owned(), ToString::to_string);
    error!(%room, %damage, %older, "a room cannot be read, neither from its latest snapshot nor from the older one");
    damage
}

fn restore(stored: Option<StoredRoom>) -> Result<Option<Room>, StoreError> {
    stored
        .map(|stored| Room::restore(&stored))
        .transpose()
        .map_err(|error| StoreError::Damaged { what: "room", reason: error.to_string() })
}

/// Sees to it, until the provider stops, that older snapshots do not get too old to be of use.
pub(crate) async fn tend(core: Arc<Core>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(TEND_TIME) => {}
            () = core.stopped() => return,
        }
        let before = AcceptedTimestamp(clock::now().0.saturating_sub(MIRROR_AGE));
        let store = core.store.clone();
        if let Err(error) = core.blocking(move || store.commit(vec![Effect::MirrorSnapshots { before }])).await {
            warn!(%error, "snapshots cannot be looked after");
        }
    }
}

/// A decision that panicked may have left the room half changed: it is loaded anew.
fn hold(slot: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    match slot.lock() {
        Ok(held) => held,
        Err(poisoned) => {
            let mut held = poisoned.into_inner();
            *held = Slot::NotLoaded;
            slot.clear_poison();
            held
        }
    }
}
