//! Looking up in mode P: the bucket of the identifier by private information retrieval (discovery profile 0 section 12).

use mimi_discovery::{
    Csi,
    answer::VerifiedAnswer,
    lookup::{
        b,
        p::{self, RetrieveError, Shape, Spiral},
    },
};

use super::{DiscoveryError, LookUpOptions, now, relay::Relay, seed, source::Source};
use crate::client::Client;

impl Client {
    /// Whatever goes wrong after the first request, the discovery provider is not told, and nothing is asked again.
    pub(super) async fn ask_p(
        &self,
        source: &Source,
        relay: &Relay,
        csi: &Csi,
        options: &LookUpOptions,
        seen: u64,
    ) -> Result<VerifiedAnswer, DiscoveryError> {
        // Both before anything is asked, so that a look-up is not begun that cannot be ended.
        let (first, second) = (self.take_token(source).await?, self.take_token(source).await?);
        let (request, pending) = b::ask(&source.config, csi, first, seed()?)?;
        let (located, _) = pending.open(&relay.post(request).await?)?;
        let (asked, config, seed) = (located.clone(), source.config.clone(), seed()?);
        let (request, pending) = off_the_runtime(move || {
            let buckets = config.get().buckets.ok_or(RetrieveError::NotOffered)?;
            p::ask(&asked, &config, second, Spiral::new(Shape::of(&buckets))?, &seed)
        })
        .await?;
        let response = relay.post(request).await?;
        let bucket = off_the_runtime(move || pending.open(&response)).await?;
        Ok(located.find(bucket, &source.config.provider(seen), &options.anchors, now())?)
    }
}

/// Computes on a thread that may be kept busy.
async fn off_the_runtime<T: Send + 'static>(
    compute: impl FnOnce() -> Result<T, RetrieveError> + Send + 'static,
) -> Result<T, DiscoveryError> {
    match tokio::task::spawn_blocking(compute).await {
        Ok(computed) => Ok(computed?),
        Err(_) => Err(DiscoveryError::NotReady("the computation of the retrieval was broken off")),
    }
}
