//! What the provider has committed itself to: the tree, and the snapshot signed over its root. Both change together.

use mimi_arch::Domain;
use mimi_discovery::Seconds;
use mimi_discovery::profile::{Key, Validity};
use mimi_discovery::snapshot::{Digest32, Snapshot, Tree, TreeSecret};
use mimi_discovery::store::{Change, DiscoveryStore};
use tracing::error;

use super::DiscoveryError;

/// How long answers may use a snapshot, in seconds.
const SNAPSHOT_TIME: u64 = 60;
/// How many numbers of snapshots are set aside at a start: more than a process can use.
const NUMBERS: u64 = 1 << 32;

#[derive(Debug)]
pub(crate) struct Published {
    domain: Domain,
    key: Key,
    next: u64,
    pub(crate) tree: Tree,
    pub(crate) snapshot: Snapshot,
}

impl Published {
    pub(crate) fn new(
        domain: Domain,
        key: Key,
        secret: TreeSecret,
        store: &DiscoveryStore,
        now: Seconds,
    ) -> Result<Self, DiscoveryError> {
        let number = store.next_snapshots(NUMBERS)?;
        let tree = Tree::new(secret, store.contents()?);
        let snapshot = Snapshot::sign(&domain, number, validity(now), tree.root(), [0; 32], &key)?;
        Ok(Self { domain, key, next: number.saturating_add(1), tree, snapshot })
    }

    /// Takes up what has become durable.
    pub(crate) fn follow(&mut self, changes: &[Change], now: Seconds) {
        changes.iter().for_each(|change| self.tree.set(change.key, change.content));
        self.publish(now);
    }

    /// A number for a snapshot of buckets, and the root of the tree as it is.
    pub(crate) fn take_number(&mut self) -> (u64, Digest32) {
        let number = self.next;
        self.next = self.next.saturating_add(1);
        (number, self.tree.root())
    }

    /// Signs a new snapshot of the same when the last one is half over.
    pub(crate) fn renew(&mut self, now: Seconds) {
        if self.snapshot.validity.not_after < now.plus(SNAPSHOT_TIME / 2) {
            self.publish(now);
        }
    }

    fn publish(&mut self, now: Seconds) {
        let root = self.tree.root();
        match Snapshot::sign(&self.domain, self.next, validity(now), root, [0; 32], &self.key) {
            Ok(snapshot) => {
                self.snapshot = snapshot;
                self.next = self.next.saturating_add(1);
            }
            Err(error) => error!(%error, "a snapshot cannot be signed"),
        }
    }
}

const fn validity(now: Seconds) -> Validity {
    Validity { not_before: now, not_after: now.plus(SNAPSHOT_TIME) }
}
