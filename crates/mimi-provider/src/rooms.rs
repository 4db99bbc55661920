//! The rooms of which this provider is the hub, loaded on demand, one decision at a time per room.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use mimi_arch::RoomUri;
use mimi_ds::{Effect, OpenMlsRoomGroup, StoreError, hub::HubRoom, store::StoredRoom};
use mimi_protocol::AcceptedTimestamp;
use prometheus_client::metrics::counter::Counter;
use tracing::{debug, error, warn};

use crate::{
    RoomsConfig, clock,
    held::Held,
    provider::{Core, Submitted},
};

/// How often [`tend`] looks.
const TEND_TIME: Duration = Duration::from_secs(60);
/// How long a snapshot is the latest before it takes the place of the older one, too, in milliseconds.
const MIRROR_AGE: u64 = 3_600_000;
/// How long a room that cannot be read is not read again.
const UNREADABLE_TIME: Duration = Duration::from_secs(5);
/// With so many commits after its snapshot, a room that is idle is written whole before it leaves memory: so many a visitor does not mind
/// waiting for, and a snapshot for each single commit would cost a large room more than it saves.
const COMMITS_TO_REPLAY: u32 = 8;

/// A hub room on OpenMLS.
pub(crate) type Room = HubRoom<OpenMlsRoomGroup>;

#[derive(Default)]
enum Slot {
    #[default]
    NotLoaded,
    Loaded(Box<Room>),
    /// Both snapshots are damaged, or the log is; found at that time.
    Unreadable(StoreError, Instant),
}

/// All rooms that are in memory. A visit holds the room's slot until what it decided is on the disk; so a room that leaves memory has
/// nothing under way, and who loads it next finds all of it.
pub(crate) struct Rooms {
    slots: Held<RoomUri, Slot>,
    idle_time: Duration,
    evicted: Counter,
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
    /// `evicted` counts the rooms that leave memory.
    pub(crate) fn new(config: RoomsConfig, evicted: Counter) -> Self {
        Self { slots: Held::new(config.open), idle_time: config.idle_time, evicted }
    }

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
        let visit = visit(core, room, &slot, decide);
        drop(slot);
        if matches!(visit, Ok(Visit::NoSuchRoom)) {
            self.forget(room);
        }
        visit
    }

    /// Stores a new room, then keeps it in memory, and says on which room it depends. Blocks. The store refuses a room that exists.
    pub(crate) fn create(
        &self,
        core: &Arc<Core>,
        room: &RoomUri,
        created: Room,
        effects: Vec<Effect>,
    ) -> Result<Option<RoomUri>, StoreError> {
        let slot = self.slot(room);
        let mut held = hold(&slot);
        let parent = created.parent();
        let stored = core.submit(effects).wait();
        if stored.is_ok() {
            *held = Slot::Loaded(Box::new(created));
        }
        drop(held);
        drop(slot);
        if stored.is_err() {
            self.forget(room);
        }
        stored.map(|()| parent)
    }

    /// How many rooms are held in memory.
    pub(crate) fn open(&self) -> usize {
        self.slots.len()
    }

    /// Lets rooms go that nobody has visited for long. Blocks.
    fn rest(&self, core: &Arc<Core>) {
        let Some(before) = Instant::now().checked_sub(self.idle_time) else { return };
        for room in self.slots.idle(before) {
            if let Some(slot) = self.slots.peek(&room)
                && let Err(error) = write_whole(core, &room, &slot)
            {
                // The snapshot before it and the log still serve.
                warn!(%room, %error, "an idle room cannot be written whole");
            }
            if self.slots.let_go(&room, before, |_| true) {
                self.evicted.inc();
                debug!(%room, "an idle room has left memory");
            }
        }
    }

    fn slot(&self, room: &RoomUri) -> Arc<Mutex<Slot>> {
        let (slot, evicted) = self.slots.get(room, Instant::now());
        self.evicted.inc_by(u64::try_from(evicted).unwrap_or(u64::MAX));
        slot
    }

    /// Nothing is kept under the names of rooms that there are not.
    fn forget(&self, room: &RoomUri) {
        let later = Instant::now() + Duration::from_secs(1);
        self.slots.let_go(room, later, |slot| matches!(slot, Slot::NotLoaded));
    }
}

/// What a decision has come to before its effects are durable.
enum Step<T> {
    NoSuchRoom,
    Done(T),
    Submitted(T, Submitted),
}

/// A visit to the room of this slot.
fn visit<T>(
    core: &Arc<Core>,
    room: &RoomUri,
    slot: &Mutex<Slot>,
    decide: impl FnOnce(&mut Room) -> (T, Change),
) -> Result<Visit<T>, StoreError> {
    match decide_on(core, room, slot, decide)? {
        Step::NoSuchRoom => Ok(Visit::NoSuchRoom),
        Step::Done(answer) => Ok(Visit::Done(answer)),
        Step::Submitted(answer, submitted) => ended(slot, submitted.wait()).map(|()| Visit::Done(answer)),
    }
}

/// The part of a visit in which the room is held; it is loaded if it has to be.
fn decide_on<T>(
    core: &Arc<Core>,
    room: &RoomUri,
    slot: &Mutex<Slot>,
    decide: impl FnOnce(&mut Room) -> (T, Change),
) -> Result<Step<T>, StoreError> {
    let mut held = hold(slot);
    match &*held {
        Slot::Loaded(_) => {}
        Slot::Unreadable(error, since) if since.elapsed() < UNREADABLE_TIME => return Err(error.clone()),
        Slot::NotLoaded | Slot::Unreadable(..) => match load(core, room) {
            Ok(Some(loaded)) => *held = Slot::Loaded(Box::new(loaded)),
            Ok(None) => return Ok(Step::NoSuchRoom),
            Err(error) => {
                if matches!(error, StoreError::Damaged { .. }) {
                    *held = Slot::Unreadable(error.clone(), Instant::now());
                }
                return Err(error);
            }
        },
    }
    Ok(decide_held(core, &mut held, decide))
}

/// The decision itself, on a room that is loaded.
fn decide_held<T>(core: &Arc<Core>, held: &mut Slot, decide: impl FnOnce(&mut Room) -> (T, Change)) -> Step<T> {
    let Slot::Loaded(loaded) = held else { return Step::NoSuchRoom };
    let (answer, change) = decide(loaded);
    match change {
        Change::None => Step::Done(answer),
        Change::Broken => {
            *held = Slot::NotLoaded;
            Step::Done(answer)
        }
        // While the room is held, so that its effects get to the store in the order of its decisions.
        Change::Durable(effects) => Step::Submitted(answer, core.submit(effects)),
    }
}

/// What has become of the effects. When the store fails, the room in memory is ahead of the disk.
fn ended(slot: &Mutex<Slot>, stored: Result<(), StoreError>) -> Result<(), StoreError> {
    if stored.is_err() {
        *hold(slot) = Slot::NotLoaded;
    }
    stored
}

/// [`Rooms::visit`] for a decision that takes no longer than reading its request did: it is made at once, on this thread, if the room is
/// loaded and nobody else holds it, and elsewhere if not. No thread waits for the disk.
pub(crate) async fn visit_briefly<T: Send + 'static>(
    core: &Arc<Core>,
    room: RoomUri,
    decide: impl FnOnce(&mut Room) -> (T, Change) + Send + 'static,
) -> Result<Visit<T>, StoreError> {
    let core = core.clone();
    // A task of its own, because nobody may give it up between the decision and what follows from it: the peer's connection may break.
    let task = core.runtime.clone().spawn(async move {
        let slot = core.rooms.slot(&room);
        let at_once = match slot.try_lock() {
            Ok(mut held) if matches!(*held, Slot::Loaded(_)) => Ok(decide_held(&core, &mut held, decide)),
            _ => Err(decide),
        };
        let step = match at_once {
            Ok(step) => step,
            Err(decide) => {
                let (core, room, slot) = (core.clone(), room.clone(), Arc::clone(&slot));
                core.clone().blocking(move || decide_on(&core, &room, &slot, decide)).await?
            }
        };
        match step {
            Step::Done(answer) => Ok(Visit::Done(answer)),
            Step::Submitted(answer, submitted) => ended(&slot, submitted.durable().await).map(|()| Visit::Done(answer)),
            Step::NoSuchRoom => {
                drop(slot);
                core.rooms.forget(&room);
                Ok(Visit::NoSuchRoom)
            }
        }
    });
    task.await.unwrap_or(Err(StoreError::Closed))
}

/// Writes a room that is in memory as a snapshot, if loading it would take long otherwise.
fn write_whole(core: &Arc<Core>, room: &RoomUri, slot: &Mutex<Slot>) -> Result<(), StoreError> {
    if !matches!(*hold(slot), Slot::Loaded(_)) {
        return Ok(());
    }
    let written = visit(core, room, slot, |room| match room.checkpoint_after(COMMITS_TO_REPLAY) {
        Ok(None) => (Ok(()), Change::None),
        Ok(Some(effect)) => (Ok(()), Change::Durable(vec![effect])),
        Err(error) => (Err(error), Change::None),
    })?;
    match written {
        Visit::Done(Err(error)) => Err(StoreError::Damaged { what: "room", reason: error.to_string() }),
        Visit::Done(Ok(())) | Visit::NoSuchRoom => Ok(()),
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

/// Sees to it, until the provider stops, that rooms nobody visits leave memory.
pub(crate) async fn let_rest(core: Arc<Core>) {
    let interval = (core.rooms.idle_time / 4).clamp(Duration::from_millis(250), TEND_TIME);
    loop {
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            () = core.stopped() => return,
        }
        let held = core.clone();
        let rested = core.blocking(move || {
            held.rooms.rest(&held);
            Ok(())
        });
        if let Err(error) = rested.await {
            warn!(%error, "idle rooms cannot be looked after");
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
