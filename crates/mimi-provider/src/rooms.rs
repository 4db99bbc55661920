//! The rooms of which this provider is the hub, loaded on demand, one decision at a time per room.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use mimi_arch::RoomUri;
use mimi_ds::{Effect, OpenMlsRoomGroup, StoreError, hub::HubRoom, store::StoredRoom};

use crate::provider::Core;

/// A hub room on OpenMLS.
pub(crate) type Room = HubRoom<OpenMlsRoomGroup>;

enum Slot {
    NotLoaded,
    Loaded(Box<Room>),
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
        if matches!(*held, Slot::NotLoaded) {
            let Some(stored) = core.store.load_room(room)? else {
                drop(held);
                self.forget(room);
                return Ok(Visit::NoSuchRoom);
            };
            *held = Slot::Loaded(Box::new(restore(&stored)?));
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

fn restore(stored: &StoredRoom) -> Result<Room, StoreError> {
    Room::restore(stored).map_err(|error| StoreError::Damaged { what: "room", reason: error.to_string() })
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
