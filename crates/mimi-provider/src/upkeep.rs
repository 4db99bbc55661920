//! Keeps what waits for clients within bounds, and forgets key packages whose time is over.

use std::sync::Arc;

use mimi_ds::{Effect, StoreError, store::QueueBounds};
use mimi_protocol::AcceptedTimestamp;
use tracing::{info, warn};

use crate::{QueuesConfig, clock, provider::Core};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// How long an expired key package is remembered in seconds: a Welcome for it may still be on its way.
const KEY_PACKAGE_GRACE: u64 = 7 * 24 * 60 * 60;

/// Looks after them, at once and then every so often, until the provider stops.
pub(crate) async fn run(core: Arc<Core>, config: QueuesConfig) {
    loop {
        let held = core.clone();
        if let Err(error) = core.blocking(move || sweep(&held, config, clock::now())).await {
            warn!(%error, "queues and key packages could not be looked after");
        }
        tokio::select! {
            () = core.stopped() => return,
            () = tokio::time::sleep(config.sweep) => {}
        }
    }
}

fn sweep(core: &Arc<Core>, config: QueuesConfig, now: AcceptedTimestamp) -> Result<(), StoreError> {
    let oldest = AcceptedTimestamp(now.0.saturating_sub(config.days.saturating_mul(DAY_MS)));
    for queue in core.store.overfull_queues(QueueBounds { messages: config.messages, oldest })? {
        let (client, room) = (queue.client.clone(), queue.room.clone());
        core.store.commit(vec![Effect::DropApplications { queue, oldest }])?;
        core.metrics.queue_cut();
        info!(%client, %room, "application messages that were not fetched are dropped");
    }
    core.store.commit(vec![Effect::DropExpired { now: (now.0 / 1000).saturating_sub(KEY_PACKAGE_GRACE) }])
}
