//! The fan-out workers (draft-ietf-mimi-protocol-06 section 5.5): one lane per follower provider and room, so that
//! neither a slow provider nor a room that a provider refuses holds up anything else.
//!
//! A lane posts what the outbox holds in hub order, several messages in one request when they have piled up, and removes
//! rows only after a 201. It ends when its outbox is empty and is started again by the next message.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use mimi_arch::{Domain, RoomUri};
use mimi_ds::{effect::Effect, retry};
use mimi_protocol::http::client::NotifyOutcome;
use tracing::{debug, warn};

use crate::provider::Core;

/// How many messages one notify request carries at most.
const MESSAGES_PER_REQUEST: usize = 64;
/// How many octets of messages one notify request carries at most, unless a single message is larger.
const OCTETS_PER_REQUEST: usize = 512 * 1024;

type Lane = (Domain, RoomUri);

/// The lanes that run. The value says whether something was added since the lane last looked.
#[derive(Default)]
pub(crate) struct Lanes {
    running: Mutex<HashMap<Lane, bool>>,
}

/// Something is in the outbox of the lane: makes sure that it is being sent.
pub(crate) fn wake(core: &Arc<Core>, to: Domain, room: RoomUri) {
    let lane = (to, room);
    let mut running = core.lanes.running.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(added) = running.get_mut(&lane) {
        *added = true;
        return;
    }
    running.insert(lane.clone(), false);
    drop(running);
    let core = core.clone();
    let runtime = core.runtime.clone();
    runtime.spawn(async move {
        tokio::select! {
            () = run(&core, lane) => {}
            () = core.stopped() => {}
        }
    });
}

/// Whether the lane may end: nothing was added since it last looked.
fn may_end(core: &Core, lane: &Lane) -> bool {
    let mut running = core.lanes.running.lock().unwrap_or_else(PoisonError::into_inner);
    match running.get_mut(lane) {
        Some(added) if *added => {
            *added = false;
            false
        }
        _ => {
            running.remove(lane);
            true
        }
    }
}

// req: MP06-5.5-02, MP06-5.5-25, MP06-5.5-26
async fn run(core: &Arc<Core>, lane: Lane) {
    let (to, room) = &lane;
    let mut attempt = 0u32;
    let mut done = 0u64;
    loop {
        let rows = {
            let (store, to, room) = (core.store.clone(), to.clone(), room.clone());
            core.blocking(move || store.outbox(&to, &room, done, MESSAGES_PER_REQUEST, OCTETS_PER_REQUEST)).await
        };
        let rows = match rows {
            Ok(rows) if rows.is_empty() => {
                if may_end(core, &lane) {
                    return;
                }
                continue;
            }
            Ok(rows) => rows,
            Err(error) => {
                warn!(%to, %room, %error, "the outbox cannot be read");
                pause(&mut attempt, None).await;
                continue;
            }
        };
        let mut body = Vec::with_capacity(rows.iter().map(|row| row.message.len()).sum());
        rows.iter().for_each(|row| body.extend_from_slice(&row.message));
        // What came with the key packages of those who are there: their provider may want to see it.
        let shown = {
            let (store, to, room) = (core.store.clone(), to.clone(), room.clone());
            core.blocking(move || store.tokens_to_show(&to, &room)).await.unwrap_or_default()
        };
        match core.peers.notify_with(to, room, body, &shown).await {
            Ok(NotifyOutcome::Accepted) => {
                core.metrics.notified(to, "accepted");
                let (first, up_to) = (rows.first().map_or(0, |row| row.id), rows.last().map_or(0, |row| row.id));
                // They were the oldest ones.
                let after = first.saturating_sub(1);
                let sent = Effect::Sent { to: to.clone(), room: room.clone(), after, up_to };
                let store = core.store.clone();
                if let Err(error) = core.blocking(move || store.commit(vec![sent])).await {
                    // The rows are sent once more; the follower drops what it has seen.
                    warn!(%to, %room, %error, "sent messages cannot be marked as sent");
                    pause(&mut attempt, None).await;
                } else {
                    attempt = 0;
                    done = up_to;
                }
            }
            Ok(NotifyOutcome::Retry { after, status, problem }) => {
                core.metrics.notified(to, "refused");
                let detail = problem.and_then(|problem| problem.detail).unwrap_or_default();
                debug!(%to, %room, %status, detail, "notify was not accepted, will retry");
                pause(&mut attempt, after).await;
            }
            Err(error) => {
                core.metrics.notified(to, "failed");
                // A follower that limits rates may do so when it is asked for its directory.
                let after = error.retry_after();
                debug!(%to, %room, %error, "notify failed, will retry");
                pause(&mut attempt, after).await;
            }
        }
    }
}

async fn pause(attempt: &mut u32, retry_after: Option<Duration>) {
    let delay = retry::next_delay(*attempt, retry_after, rand::random::<f64>());
    *attempt = attempt.saturating_add(1);
    tokio::time::sleep(delay).await;
}
