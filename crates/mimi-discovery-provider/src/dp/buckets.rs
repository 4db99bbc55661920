//! The buckets of mode B and P (discovery profile 0 section 11), made anew when mappings have changed, and kept in memory.
//!
//! Rows change with every snapshot, so buckets have snapshots of their own, less often than mode S has. Askers remember the highest
//! number of each mode.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use mimi_discovery::csi::CsiKey;
use mimi_discovery::lookup::Refusal;
use mimi_discovery::lookup::b::{
    BucketError, BucketKey, BucketParameters, BucketResponse, Buckets, EvaluateRequest, EvaluateResponse, Maker,
    RowSecret,
};
use mimi_discovery::oprf::OprfError;
use mimi_discovery::profile::Validity;
use mimi_discovery::snapshot::Snapshot;
use mimi_discovery::store::StoreError;
use mimi_discovery::{Record, Seconds, Seed};
use tracing::{error, info};

use super::Core;
use crate::clock;

/// How long answers may use the snapshot of buckets, in seconds.
const BUCKETS_TIME: u64 = 3600;
/// How many identifiers are read at once.
const PAGE: usize = 1024;
/// The most buckets that are kept in memory: at 80 rows they have 180 MiB.
const MAX_BITS: u8 = 11;
/// How long changes are collected before buckets are made anew.
const COLLECT: Duration = Duration::from_millis(500);

/// What mode B is served with.
#[derive(Debug)]
pub(crate) struct Mode {
    key: BucketKey,
    filler: Seed,
    secrets: Mutex<BTreeMap<CsiKey, RowSecret>>,
    served: RwLock<Option<Arc<Served>>>,
    /// Told each time that buckets have been made.
    pub(crate) remade: tokio::sync::Notify,
}

/// The buckets of one snapshot.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) parameters: BucketParameters,
    pub(crate) buckets: Buckets,
    pub(crate) snapshot: Snapshot,
}

/// Why there are no new buckets.
#[derive(Debug, thiserror::Error)]
enum BuildError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Oprf(#[from] OprfError),
    #[error(transparent)]
    Bucket(#[from] BucketError),
    #[error(transparent)]
    Encode(#[from] mimi_arch::EncodeError),
    #[error("there are more mappings than mode B holds in memory; look-ups of mode B get the last buckets that fit")]
    TooMany,
}

impl Mode {
    pub(crate) fn new(secret: &[u8; 32], filler: [u8; 32]) -> Result<Self, OprfError> {
        Ok(Self {
            key: BucketKey::derive(secret)?,
            filler: Seed::new(filler),
            secrets: Mutex::default(),
            served: RwLock::default(),
            remade: tokio::sync::Notify::new(),
        })
    }

    pub(crate) fn served(&self) -> Option<Arc<Served>> {
        self.served.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    #[cfg(feature = "pir")]
    pub(crate) fn public_key(&self) -> mimi_discovery::oprf::Element {
        self.key.public()
    }

    pub(crate) fn evaluate(&self, request: &EvaluateRequest) -> EvaluateResponse {
        match self.key.evaluate(&request.blinded, &Seed::new(rand::random())) {
            Ok(evaluation) => EvaluateResponse::Evaluated(evaluation),
            Err(_) => EvaluateResponse::Refused(Refusal::Unavailable),
        }
    }

    pub(crate) fn bucket(&self, index: u32) -> BucketResponse {
        let served = self.served();
        match served.and_then(|served| served.buckets.prove(index, &served.snapshot)) {
            Some(bucket) => BucketResponse::Bucket(Box::new(bucket)),
            None => BucketResponse::Refused(Refusal::Unavailable),
        }
    }
}

impl Core {
    /// Makes buckets at the start, and anew when something has changed or they get old.
    pub(crate) async fn keep_buckets(self: Arc<Self>) {
        loop {
            let changed = self.changed.notified();
            let core = self.clone();
            match tokio::task::spawn_blocking(move || core.make_buckets(clock::now())).await {
                Ok(Ok(buckets)) => info!(buckets, "buckets are made"),
                Ok(Err(error)) => error!(%error, "buckets cannot be made"),
                Err(error) => error!(%error, "buckets cannot be made"),
            }
            let _ = tokio::time::timeout(Duration::from_secs(BUCKETS_TIME / 2), changed).await;
            tokio::time::sleep(COLLECT).await;
        }
    }

    fn make_buckets(&self, now: Seconds) -> Result<u32, BuildError> {
        let all = self.all_with_secrets()?;
        let records = all.iter().map(|(_, records)| records.len() as u64).sum();
        let before = self.buckets.served().map(|served| served.parameters);
        let wanted = BucketParameters::for_records(self.buckets.key.public(), records);
        // Fewer buckets than before would be another configuration for nothing.
        let mut parameters = before.filter(|before| before.bits >= wanted.bits).unwrap_or(wanted);
        let (number, root) = self.published.write().unwrap_or_else(PoisonError::into_inner).take_number();
        let buckets = loop {
            if parameters.bits > MAX_BITS {
                return Err(BuildError::TooMany);
            }
            let maker = Maker { parameters, snapshot: number, filler: self.buckets.filler.clone() };
            match Buckets::build(&maker, all.iter().map(|(secret, records)| (secret, records.as_slice()))) {
                Ok(buckets) => break buckets,
                Err(BucketError::Overflow { .. }) => parameters = parameters.doubled().ok_or(BuildError::TooMany)?,
                Err(error) => return Err(error.into()),
            }
        };
        let validity = Validity { not_before: now, not_after: now.plus(BUCKETS_TIME) };
        let snapshot = Snapshot::sign(&self.domain, number, validity, root, buckets.root(), &self.key)?;
        let served = Arc::new(Served { parameters, buckets, snapshot });
        *self.buckets.served.write().unwrap_or_else(PoisonError::into_inner) = Some(served);
        self.buckets.remade.notify_waiters();
        Ok(parameters.buckets())
    }

    /// All mappings, with what the keyed function gives for their identifiers: computed once for each.
    fn all_with_secrets(&self) -> Result<Vec<(RowSecret, Vec<Record>)>, BuildError> {
        let mut secrets = self.buckets.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut all, mut kept, mut after) = (Vec::new(), BTreeMap::new(), None);
        loop {
            let page = self.store.mappings_after(after, PAGE)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            for (key, records) in page {
                let Some(csi) = records.first().map(|record| record.csi()) else { continue };
                let secret = match secrets.remove(&key) {
                    Some(secret) => secret,
                    None => self.buckets.key.secret_of(csi)?,
                };
                kept.insert(key, secret.clone());
                all.push((secret, records));
            }
        }
        *secrets = kept;
        Ok(all)
    }
}
