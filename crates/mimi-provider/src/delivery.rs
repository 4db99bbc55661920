//! Wakes the streams of clients that wait for their queue to grow. The queue itself is in the store.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use mimi_arch::ClientUri;
use tokio::sync::watch;

/// Who waits for which queue.
#[derive(Default)]
pub(crate) struct Watchers {
    queues: Mutex<HashMap<ClientUri, watch::Sender<u64>>>,
}

impl Watchers {
    /// A receiver that changes when something is delivered to the client from now on.
    /// Look at the queue after this call, or a delivery in between is missed.
    pub(crate) fn subscribe(&self, client: &ClientUri) -> watch::Receiver<u64> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        queues.retain(|_, sender| sender.receiver_count() > 0);
        queues.entry(client.clone()).or_insert_with(|| watch::Sender::new(0)).subscribe()
    }

    /// Something was delivered to these clients.
    pub(crate) fn wake(&self, clients: &[ClientUri]) {
        let queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if queues.is_empty() {
            return;
        }
        for sender in clients.iter().filter_map(|client| queues.get(client)) {
            sender.send_modify(|count| *count = count.wrapping_add(1));
        }
    }
}
