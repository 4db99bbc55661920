//! The secrets that this provider franks with as a hub (draft-ietf-mimi-protocol-06 section 5.4.1.2).
//!
//! The newest one is used; the older ones stay, because a report of abuse may be of a message of any age. A new one is made
//! when the newest has reached its age, and whenever the operator wants one.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use mimi_ds::{
    effect::Effect,
    store::{Store, StoreError},
};
use mimi_protocol::{AcceptedTimestamp, franking::HubKey};
use tracing::warn;

use crate::{clock, provider::Core};

/// How often the age of the newest secret is looked at.
const LOOK: Duration = Duration::from_secs(60 * 60);
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// All secrets, the newest first.
pub(crate) struct FrankingKeys(RwLock<Vec<(HubKey, AcceptedTimestamp)>>);

impl FrankingKeys {
    /// The secrets of the store; the first one is made at the first start. Blocks.
    pub(crate) fn load(store: &dyn Store, max_age_days: u32) -> Result<Self, StoreError> {
        let stored = store.franking_keys()?;
        let keys =
            Self(RwLock::new(stored.into_iter().map(|stored| (HubKey::new(stored.key), stored.since)).collect()));
        keys.renew(store, max_age_days)?;
        Ok(keys)
    }

    /// The secret to frank with.
    pub(crate) fn newest(&self) -> Option<HubKey> {
        self.read(|keys| keys.first().map(|(key, _)| key.clone()))
    }

    /// All of them, to recognise a stamp with.
    pub(crate) fn all(&self) -> Vec<HubKey> {
        self.read(|keys| keys.iter().map(|(key, _)| key.clone()).collect())
    }

    /// Makes a new secret; it is durable before it is used. Blocks.
    pub(crate) fn rotate(&self, store: &dyn Store) -> Result<(), StoreError> {
        let (key, since) = (rand::random::<[u8; 32]>(), clock::now());
        store.commit(vec![Effect::PutFrankingKey { key, since }])?;
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        keys.insert(0, (HubKey::new(key), since));
        Ok(())
    }

    /// Makes a new secret if there is none, or the newest one is too old.
    fn renew(&self, store: &dyn Store, max_age_days: u32) -> Result<(), StoreError> {
        let newest = self.read(|keys| keys.first().map(|(_, since)| *since));
        let ends = newest.map(|since| since.0.saturating_add(u64::from(max_age_days).saturating_mul(DAY_MS)));
        if ends.is_some_and(|ends| clock::now().0 < ends) { Ok(()) } else { self.rotate(store) }
    }

    fn read<T>(&self, read: impl FnOnce(&[(HubKey, AcceptedTimestamp)]) -> T) -> T {
        read(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Looks after the age of the newest secret until the provider stops.
pub(crate) async fn run(core: Arc<Core>, max_age_days: u32) {
    loop {
        tokio::select! {
            () = core.stopped() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        let held = core.clone();
        if let Err(error) = core.blocking(move || held.franking.renew(&*held.store, max_age_days)).await {
            warn!(%error, "no new franking secret could be made");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use mimi_ds::SqliteStore;

    use super::*;

    #[test]
    fn a_secret_is_made_at_the_first_start_and_anew_when_it_is_old_and_none_is_forgotten() {
        // req: MP06-5.9-09
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("a.db")).unwrap();
        let count = |days| FrankingKeys::load(&store, days).unwrap().all().len();
        assert_eq!(count(90), 1);
        assert_eq!(count(90), 1, "it is young");
        assert_eq!(count(0), 2, "it is old");
        FrankingKeys::load(&store, 90).unwrap().rotate(&store).unwrap();
        assert_eq!(count(90), 3);
    }
}
