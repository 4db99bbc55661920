//! Mode P (discovery profile 0 section 12): the buckets of mode B, prepared for private retrieval each time they are made anew, and kept in memory.
//!
//! An answer is computed over all buckets and takes all processors for about a second, so one is computed at a time, a few requests wait, and the others are
//! refused before their token is spent. None of this happens on a thread of the asynchronous runtime.

use std::num::NonZeroUsize;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use mimi_discovery::Seconds;
use mimi_discovery::lookup::b::BucketParameters;
use mimi_discovery::lookup::p::{
    Item, PirBackend as _, PirError, RetrieveRequest, RetrieveResponse, Retrieved, Shape, Spiral, SpiralServer,
};
use mimi_discovery::lookup::{Refusal, RequestError, Responder};
use mimi_discovery::oblivious::ObliviousError;
use mimi_discovery::profile::Moment;
use mimi_discovery::snapshot::Snapshot;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tracing::{error, info, warn};

use super::{Core, DiscoveryError, RetrievalLimits, buckets};
use crate::clock;

/// How many answers are computed at the same time: each has all processors.
const AT_ONCE: usize = 1;
/// After it was prepared, buckets are not prepared anew for so many times as long as it took.
const REST: u32 = 4;

/// What mode P is served with.
#[derive(Debug)]
pub(crate) struct Mode {
    limits: RetrievalLimits,
    served: RwLock<Option<Arc<Served>>>,
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

/// The buckets of one snapshot, prepared.
#[derive(Debug)]
struct Served {
    parameters: BucketParameters,
    spiral: Spiral,
    server: SpiralServer,
    snapshot: Snapshot,
}

/// A request whose token is spent, and which has a place among those that wait.
pub(crate) struct Admitted {
    request: RetrieveRequest,
    responder: Responder,
    place: OwnedSemaphorePermit,
}

/// Why buckets are not prepared.
#[derive(Debug, thiserror::Error)]
enum PrepareError {
    #[error(transparent)]
    Pir(#[from] PirError),
    #[error(transparent)]
    Encode(#[from] mimi_arch::EncodeError),
    #[error(
        "mode P of so many mappings takes {needed} octets of memory and may take {limit}; it is not offered any more"
    )]
    Memory { needed: u64, limit: u64 },
}

/// The memory that so many buckets take: those that are served and those that are prepared meanwhile, and once as they are.
fn memory(spiral: &Spiral, shape: &Shape) -> u64 {
    spiral.server_size().saturating_mul(2).saturating_add(shape.size as u64 * u64::from(shape.items()))
}

impl Mode {
    /// Makes room for requests; says at once when what is stored does not fit in the memory that mode P may take.
    pub(crate) fn new(limits: RetrievalLimits, now_needed: &BucketParameters) -> Result<Self, DiscoveryError> {
        let shape = Shape::of(now_needed);
        let needed = memory(&Spiral::new(shape)?, &shape);
        if needed > limits.memory {
            return Err(DiscoveryError::RetrievalMemory { buckets: shape.items(), needed, limit: limits.memory });
        }
        let (places, turns) = (Arc::new(Semaphore::new(limits.waiting)), Arc::new(Semaphore::new(AT_ONCE)));
        Ok(Self { limits, served: RwLock::default(), places, turns })
    }

    fn served(&self, now: Seconds) -> Option<Arc<Served>> {
        let served = self.served.read().unwrap_or_else(PoisonError::into_inner).clone();
        served.filter(|served| served.snapshot.validity.at(now) == Moment::Within)
    }

    /// How the buckets are made that can be retrieved; none while nothing can.
    pub(crate) fn parameters(&self, now: Seconds) -> Option<BucketParameters> {
        self.served(now).map(|served| served.parameters)
    }

    /// A place for a question of the right size, or why there is none. It does not depend on what is asked for.
    pub(crate) fn place(&self, request: &RetrieveRequest, now: Seconds) -> Result<OwnedSemaphorePermit, Refusal> {
        let served = self.served(now).ok_or(Refusal::Unavailable)?;
        if request.question.len() != served.spiral.question_size() {
            return Err(Refusal::Unavailable);
        }
        self.places.clone().try_acquire_owned().map_err(|_| Refusal::Unavailable)
    }

    fn prepare(&self, buckets: &buckets::Served) -> Result<Served, PrepareError> {
        let parameters = buckets.parameters;
        let shape = Shape::of(&parameters);
        let spiral = Spiral::new(shape)?;
        let (needed, limit) = (memory(&spiral, &shape), self.limits.memory);
        if needed > limit {
            return Err(PrepareError::Memory { needed, limit });
        }
        let mut items = Vec::with_capacity(shape.size.saturating_mul(shape.items() as usize));
        for index in 0..shape.items() {
            let proven = buckets.buckets.prove(index, &buckets.snapshot).ok_or(PirError::NoItem { index })?;
            items.extend(Item { bucket: proven.bucket, inclusion: proven.inclusion }.to_padded(&shape)?);
        }
        // Half of the processors, so that look-ups go on.
        let threads = std::thread::available_parallelism().map_or(1, |count| count.get().div_ceil(2));
        let server = spiral.server(&items, NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN))?;
        Ok(Served { parameters, spiral, server, snapshot: buckets.snapshot.clone() })
    }
}

impl Admitted {
    pub(crate) const fn new(request: RetrieveRequest, responder: Responder, place: OwnedSemaphorePermit) -> Self {
        Self { request, responder, place }
    }
}

impl Core {
    /// Waits for its turn and answers. Who gives up while waiting gives the place to others; once begun, an answer is computed to the end.
    pub(crate) async fn retrieve(self: &Arc<Self>, admitted: Admitted) -> Result<Vec<u8>, RequestError> {
        let Admitted { request, responder, place } = admitted;
        let turn = match &self.retrieval {
            Some(mode) => mode.turns.clone().acquire_owned().await.ok(),
            None => None,
        };
        let core = self.clone();
        let answered = tokio::task::spawn_blocking(move || {
            let response = core.answer_question(&request.question);
            drop((turn, place));
            responder.answer(&response).map_err(|_| RequestError::from(ObliviousError::Encapsulation))
        });
        answered.await.unwrap_or(Err(ObliviousError::Message.into()))
    }

    fn answer_question(&self, question: &[u8]) -> RetrieveResponse {
        let served = self.retrieval.as_ref().and_then(|mode| mode.served(clock::now()));
        let Some(served) = served else { return RetrieveResponse::Refused(Refusal::Unavailable) };
        match served.spiral.answer(&served.server, question) {
            Ok(answer) => {
                RetrieveResponse::Retrieved(Box::new(Retrieved { snapshot: served.snapshot.clone(), answer }))
            }
            Err(error) => {
                warn!(%error, "a retrieval has no answer");
                RetrieveResponse::Refused(Refusal::Unavailable)
            }
        }
    }

    /// Prepares the buckets of mode B for retrieval at the start and whenever they have been made anew, with pauses.
    pub(crate) async fn keep_retrieval(self: Arc<Self>) {
        let mut prepared = None;
        loop {
            let remade = self.buckets.remade.notified();
            let buckets = self.buckets.served().filter(|buckets| prepared != Some(buckets.snapshot.number));
            let Some(buckets) = buckets else {
                remade.await;
                continue;
            };
            prepared = Some(buckets.snapshot.number);
            let (core, begun) = (self.clone(), Instant::now());
            let done = tokio::task::spawn_blocking(move || core.prepare(&buckets)).await;
            let took = begun.elapsed();
            match done {
                Ok(Ok(())) => info!(seconds = took.as_secs_f32(), "buckets are prepared for retrieval"),
                Ok(Err(error)) => error!(%error, "buckets cannot be prepared for retrieval"),
                Err(error) => error!(%error, "buckets cannot be prepared for retrieval"),
            }
            tokio::time::sleep(took.saturating_mul(REST).min(Duration::from_secs(60))).await;
        }
    }

    fn prepare(&self, buckets: &buckets::Served) -> Result<(), PrepareError> {
        let Some(mode) = &self.retrieval else { return Ok(()) };
        let served = Arc::new(mode.prepare(buckets)?);
        *mode.served.write().unwrap_or_else(PoisonError::into_inner) = Some(served);
        Ok(())
    }
}
