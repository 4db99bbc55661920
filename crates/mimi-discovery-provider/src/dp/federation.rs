//! Exchanging records with other discovery providers (discovery profile 0 section 14).

use std::sync::Arc;
use std::time::Duration;

use mimi_arch::Domain;
use mimi_arch::codec::Wire;
use mimi_discovery::push::{MAX_PUSH, Push, PushResponse};
use mimi_discovery::record::RecordError;
use mimi_discovery::store::StoreError;
use tracing::{debug, warn};

use super::{Core, paths};
use crate::clock;
use crate::net::WIRE;

/// How many identifiers are pushed at once; each has six statements at most.
const IDENTIFIERS: usize = MAX_PUSH / 8;
/// How long is waited after a push that did not arrive, at first and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(60));
/// How often it is looked whether something is to be pushed, when nobody says so.
const LOOK: Duration = Duration::from_secs(30);

impl Core {
    /// Verifies what another provider sent, and takes up what is fresh. Records that do not hold are counted and dropped.
    pub(crate) fn merge(&self, push: Push) -> Result<PushResponse, StoreError> {
        let (now, mut refused) = (clock::now(), 0);
        let mut verified = Vec::with_capacity(push.records.len());
        for record in push.records {
            match record.verify(&self.anchors, now) {
                Ok(record) => verified.push(record),
                Err(error) => {
                    debug!(%error, "a pushed record is not taken");
                    refused += 1;
                    if matches!(error, RecordError::Signature(_) | RecordError::AttestationSignature(_)) {
                        warn!("a pushed record is forged");
                    }
                }
            }
        }
        let applied = self.store.merge(verified)?;
        Ok(PushResponse { applied: u32::try_from(applied).unwrap_or(u32::MAX), refused })
    }

    /// Pushes to one provider what changes, in order, and again until it has it.
    pub(crate) async fn push_to(self: Arc<Self>, peer: Domain) {
        let mut wait = RETRY.0;
        loop {
            let changed = self.changed.notified();
            match self.push_once(&peer).await {
                Ok(true) => wait = RETRY.0,
                Ok(false) => {
                    wait = RETRY.0;
                    let _ = tokio::time::timeout(LOOK, changed).await;
                }
                Err(error) => {
                    debug!(%peer, error, "a push did not arrive, will retry");
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(RETRY.1);
                }
            }
        }
    }

    /// Whether there was something.
    async fn push_once(self: &Arc<Self>, peer: &Domain) -> Result<bool, String> {
        let (core, to) = (self.clone(), peer.clone());
        let read = tokio::task::spawn_blocking(move || core.store.changed_after(core.store.pushed(&to)?, IDENTIFIERS));
        let read = read.await.map_err(|error| error.to_string())?;
        let (records, reached) = read.map_err(|error| error.to_string())?;
        let before = self.store.pushed(peer).map_err(|error| error.to_string())?;
        if reached == before {
            return Ok(false);
        }
        if !records.is_empty() {
            let push = Push { records: records.iter().map(|record| record.record().clone()).collect() };
            let body = push.to_bytes().map_err(|error| error.to_string())?;
            let answer = self.peers.post(peer, paths::PUSH, WIRE, body).await.map_err(|error| error.to_string())?;
            PushResponse::from_bytes(&answer).map_err(|error| error.to_string())?;
        }
        let (core, to) = (self.clone(), peer.clone());
        let written = tokio::task::spawn_blocking(move || core.store.set_pushed(&to, reached)).await;
        written.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        Ok(true)
    }
}
