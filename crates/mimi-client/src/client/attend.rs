//! Watching and, beside it, committing what others proposed, when the strategy of the room says so
//! (draft-ietf-mimi-room-policy-03 section 7.1).
//!
//! What is decided is in [`crate::WaitingProposals`]; here is the clock. One commit of several for an epoch is taken, and who comes too
//! late learns of the other one through the queue: that is the usual end, not a failure.

use std::{
    collections::BTreeMap,
    sync::PoisonError,
    time::{Duration, SystemTime},
};

use mimi_arch::{RoleIndex, RoomUri};
use mimi_protocol::{AcceptedTimestamp, Epoch, update::UpdateRoomResponse};
use tokio::time::Instant;

use super::{Client, intent::PAUSE};
use crate::{
    error::ClientError,
    events::{Event, RoomSummary},
    pending::CommitTime,
    session::PrepareOptions,
};

/// How often a commit is tried that the hub refuses for another reason than its epoch.
const REFUSALS: u32 = 5;
/// The pause after a first failure; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(if cfg!(test) { 10 } else { 1000 });
/// Where the doubling ends.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How long the commit of somebody who was faster may take to arrive before this client asks what became of its own.
const OVERTAKEN: Duration = Duration::from_secs(10);
/// No plan is made for longer than that; then it is thought over.
const FAR_AWAY: Duration = Duration::from_secs(24 * 3600);

/// When this client is to commit what waits in a room.
#[derive(Clone, Copy, Debug)]
struct Plan {
    epoch: Epoch,
    at: Instant,
    failures: u32,
}

/// The rooms in which proposals wait.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// Whether the rooms were looked through that the state file had when it was opened.
    looked_through: bool,
    /// Rooms for which nothing is decided yet, with the time of acceptance.
    noticed: BTreeMap<RoomUri, AcceptedTimestamp>,
    planned: BTreeMap<RoomUri, Plan>,
}

impl Waiting {
    /// Takes note of what came through the queue.
    fn note(&mut self, events: &[Event]) {
        for event in events {
            match event {
                Event::ProposalsReceived { room, accepted, .. } => {
                    self.noticed.entry(room.clone()).or_insert(*accepted);
                }
                // No proposal outlives its epoch.
                Event::Committed { room, .. } | Event::Removed { room, .. } | Event::Joined { room, .. } => {
                    self.noticed.remove(room);
                    self.planned.remove(room);
                }
                _ => {}
            }
        }
    }
}

impl Client {
    /// As [`Client::watch`], and commits what others have proposed, as the room wants it: at once, after a random delay, or, in rooms that
    /// say nothing of it, after a short one that grows with the number of members. A commit of this client is reported as
    /// [`Event::Committed`], like one of somebody else.
    ///
    /// Call it again and again: what is due after the given time is done by a later call.
    ///
    /// # Errors
    /// As [`Client::watch`]. That a commit was refused or its answer lost is none: it is tried again some times, unless somebody else was
    /// faster.
    pub async fn attend(&self, timeout: Duration) -> Result<Vec<Event>, ClientError> {
        let deadline = Instant::now() + timeout;
        loop {
            let next = self.plan().await?;
            let now = Instant::now();
            if let Some((room, plan)) = &next
                && plan.at <= now
            {
                let events = self.commit_planned(room, *plan).await?;
                if !events.is_empty() {
                    return Ok(events);
                }
                continue;
            }
            let until = next.map_or(deadline, |(_, plan)| plan.at.min(deadline));
            let events = self.watch(until.saturating_duration_since(now)).await?;
            if !events.is_empty() || Instant::now() >= deadline {
                return Ok(events);
            }
            // A provider that ends the stream is not asked without pause.
            tokio::time::sleep_until(until.min(Instant::now() + PAUSE)).await;
        }
    }

    /// Takes note of what came through the queue, whoever asked for it.
    pub(super) fn note_proposals(&self, events: &[Event]) {
        self.waiting().note(events);
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.inner.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides for the rooms that were noticed; gives the plan that comes first.
    async fn plan(&self) -> Result<Option<(RoomUri, Plan)>, ClientError> {
        let now = clock();
        if !std::mem::replace(&mut self.waiting().looked_through, true) {
            // When the hub accepted what waited then is not kept: the delay begins anew.
            for room in self.rooms().await?.into_iter().filter(|room| room.active && room.pending_proposals > 0) {
                self.waiting().noticed.entry(room.room).or_insert(now);
            }
        }
        let noticed = std::mem::take(&mut self.waiting().noticed);
        for (room, accepted) in noticed {
            let of = room.clone();
            let decided = self.step(move |session| session.when_to_commit(&of, now, accepted)).await?;
            let mut waiting = self.waiting();
            match decided {
                // More proposals do not put the commit off.
                Some((epoch, _)) if waiting.planned.get(&room).is_some_and(|plan| plan.epoch == epoch) => {}
                Some((epoch, CommitTime::Now)) => {
                    waiting.planned.insert(room, Plan { epoch, at: Instant::now(), failures: 0 });
                }
                Some((epoch, CommitTime::At(at))) => {
                    let delay = Duration::from_millis(at.0.saturating_sub(now.0)).min(FAR_AWAY);
                    waiting.planned.insert(room, Plan { epoch, at: Instant::now() + delay, failures: 0 });
                }
                Some((_, CommitTime::Never)) | None => {
                    waiting.planned.remove(&room);
                }
            }
        }
        let waiting = self.waiting();
        Ok(waiting.planned.iter().min_by_key(|(_, plan)| plan.at).map(|(room, plan)| (room.clone(), *plan)))
    }

    /// Commits what waits in a room, if it still does; gives what that changed.
    // req: RP03-7.1-02, RP03-7.1-03
    async fn commit_planned(&self, room: &RoomUri, plan: Plan) -> Result<Vec<Event>, ClientError> {
        let (before, outcome) = {
            let _alone = self.alone(room).await;
            let before = self.room(room).await?;
            let idle = before.pending_proposals == 0 || before.epoch != plan.epoch || !before.active;
            if idle && self.unresolved(room).await?.is_none() {
                self.waiting().planned.remove(room);
                return Ok(Vec::new());
            }
            (before, self.commit_once(room).await)
        };
        let again = match outcome {
            Ok(accepted) => {
                self.waiting().planned.remove(room);
                return Ok(difference(&before, &self.room(room).await?, accepted));
            }
            // Somebody was faster, and the queue brings that commit; or it was this very one, delivered twice.
            Err(ClientError::UpdateRefused(UpdateRoomResponse::WrongEpoch { .. })) => Some(OVERTAKEN),
            Err(ClientError::UpdateRefused(_)) if plan.failures >= REFUSALS => None,
            Err(ClientError::UpdateRefused(_) | ClientError::Transport(_)) => {
                Some(FIRST_PAUSE.saturating_mul(1 << plan.failures.min(6)).min(LONGEST_PAUSE))
            }
            Err(ClientError::State(error)) => return Err(error.into()),
            // It is leaving by now, or cannot commit for a reason that time does not heal.
            Err(_) => None,
        };
        let mut waiting = self.waiting();
        match again {
            Some(pause) => {
                let failures = plan.failures.saturating_add(1);
                waiting.planned.insert(room.clone(), Plan { at: Instant::now() + pause, failures, ..plan });
            }
            None => {
                waiting.planned.remove(room);
            }
        }
        Ok(Vec::new())
    }

    /// One attempt: an update whose answer was lost is sent again, or else a commit is made.
    async fn commit_once(&self, room: &RoomUri) -> Result<AcceptedTimestamp, ClientError> {
        let prepared = match self.unresolved(room).await? {
            Some(prepared) => prepared,
            None => self.prepare_commit(room, PrepareOptions::default()).await?,
        };
        self.submit_and_settle(prepared).await
    }
}

fn clock() -> AcceptedTimestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    AcceptedTimestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// What a commit of this client changed, in the words in which those of others are told.
fn difference(before: &RoomSummary, after: &RoomSummary, accepted: AcceptedTimestamp) -> Vec<Event> {
    if after.epoch == before.epoch || !after.active {
        return Vec::new();
    }
    let role =
        |list: &RoomSummary, user: &_| list.participants.iter().find(|(other, _)| other == user).map(|(_, r)| *r);
    let only = |of: &RoomSummary, other: &RoomSummary| {
        let stands = of.participants.iter().filter(|(_, role)| *role != RoleIndex::BANNED);
        stands.filter(|(user, _)| role(other, user).is_none()).map(|(user, _)| user.clone()).collect()
    };
    let room = after.room.clone();
    let (added, removed) = (only(after, before), only(before, after));
    let mut events = vec![Event::Committed { room: room.clone(), epoch: after.epoch, added, removed, accepted }];
    let changed = after.participants.iter().filter(|(user, now)| match role(before, user) {
        Some(then) => then != *now,
        None => *now == RoleIndex::BANNED,
    });
    let roles: Vec<_> = changed.cloned().collect();
    if !roles.is_empty() {
        events.push(Event::RolesChanged { room, roles, accepted });
    }
    events
}
