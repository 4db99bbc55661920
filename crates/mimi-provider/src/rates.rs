//! Rate limits per room, per provider and per user: token buckets in memory. Whoever is over a limit is told when to come back.
//!
//! A provider is counted before its request is read, by the name that its certificate proves. A room is counted where its
//! requests are decided. A user is counted where it is authenticated, which is at its own provider, and at the hub where a
//! request names a user of the provider that sends it: nobody can use up the bucket of another provider's user.

use std::{
    hash::{BuildHasher, Hash, RandomState},
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::NoOpMiddleware,
    state::keyed::DashMapStateStore,
};
use http::{HeaderMap, header::FROM};
use mimi_arch::{ClientUri, Domain, RoomUri, UserUri};
use mimi_protocol::{
    host_from,
    http::server::{Call, InboundRequest, PeerIdentity, Problem},
    mls::Credential,
};
use thiserror::Error;
use tonic::{Status, metadata::MetadataValue};

use crate::config::{Rate, RatesConfig};

/// How often buckets that are full again are forgotten.
pub(crate) const SWEEP_TIME: Duration = Duration::from_secs(10);

/// Over a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("over the rate limit of this {kind}; try again in {} ms", retry_after.as_millis())]
pub(crate) struct Limited {
    /// Whose limit: room, provider, user or code.
    pub(crate) kind: &'static str,
    /// When the next request may come.
    pub(crate) retry_after: Duration,
}

impl From<Limited> for Problem {
    fn from(limited: Limited) -> Self {
        Self::too_many_requests(limited.to_string(), limited.retry_after)
    }
}

impl From<Limited> for Status {
    fn from(limited: Limited) -> Self {
        with_retry_after(Self::resource_exhausted(limited.to_string()), limited.retry_after)
    }
}

/// Says to a client when to come back: whole seconds, as in HTTP.
pub(crate) fn with_retry_after(mut status: Status, delay: Duration) -> Status {
    let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
    status.metadata_mut().insert("retry-after", MetadataValue::from(seconds));
    status
}

/// Buckets by a hash of their name, so that long names cost no memory.
type Buckets<C> = RateLimiter<u64, DashMapStateStore<u64>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// All buckets of a provider.
pub(crate) struct RateLimits<C: Clock = DefaultClock> {
    clock: C,
    names: RandomState,
    rooms: Buckets<C>,
    providers: Buckets<C>,
    users: Buckets<C>,
    codes: Buckets<C>,
}

impl RateLimits {
    pub(crate) fn new(rates: &RatesConfig) -> Self {
        Self::with_clock(rates, DefaultClock::default())
    }
}

impl<C: Clock + Clone> RateLimits<C> {
    fn with_clock(rates: &RatesConfig, clock: C) -> Self {
        let buckets = |rate: Rate| {
            RateLimiter::dashmap_with_clock(Quota::per_second(rate.per_second).allow_burst(rate.burst), clock.clone())
        };
        Self {
            rooms: buckets(rates.room),
            providers: buckets(rates.provider),
            users: buckets(rates.user),
            codes: buckets(rates.code),
            names: RandomState::new(),
            clock,
        }
    }

    fn take(&self, buckets: &Buckets<C>, kind: &'static str, name: impl Hash) -> Result<(), Limited> {
        buckets.check_key(&self.names.hash_one(name)).map_err(|not_until| Limited {
            kind,
            // Never none: a peer that is told to wait no time at all would come back at once.
            retry_after: not_until.wait_time_from(self.clock.now()).max(Duration::from_millis(1)),
        })
    }

    // req: DS06-11-01
    pub(crate) fn room(&self, room: &RoomUri) -> Result<(), Limited> {
        self.take(&self.rooms, "room", room)
    }

    pub(crate) fn provider(&self, provider: &Domain) -> Result<(), Limited> {
        self.take(&self.providers, "provider", provider)
    }

    pub(crate) fn user(&self, user: &UserUri) -> Result<(), Limited> {
        self.take(&self.users, "user", user.as_str())
    }

    /// Nobody is authenticated yet: one bucket for all.
    pub(crate) fn registration(&self) -> Result<(), Limited> {
        self.take(&self.users, "user", "")
    }

    /// A joining code that a provider shows for a room, right or wrong.
    pub(crate) fn code(&self, room: &RoomUri, provider: &Domain) -> Result<(), Limited> {
        self.take(&self.codes, "code", (room, provider))
    }

    /// Forgets the buckets that are full again.
    pub(crate) fn sweep(&self) {
        for buckets in [&self.rooms, &self.providers, &self.users, &self.codes] {
            buckets.retain_recent();
            buckets.shrink_to_fit();
        }
    }
}

/// The provider to count a request for before it is read: the one in From if the certificate proves it, otherwise the
/// certificate's first.
pub(crate) fn provider_of<'a>(peer: &'a PeerIdentity, headers: &HeaderMap) -> Option<&'a Domain> {
    let said = headers.get(FROM).and_then(|value| host_from::parse_from(value.to_str().ok()?).ok());
    peer.names().iter().find(|name| said.as_ref() == Some(name)).or(peer.names().first())
}

/// The user in whose name a request of another provider is made, as far as the request says so and the provider may speak
/// for the user.
pub(crate) fn user_of(inbound: &InboundRequest) -> Option<UserUri> {
    let user: Option<UserUri> = match &inbound.call {
        Call::KeyMaterial { request, .. } => request.unverified_tbs().requesting_user.as_str().parse().ok(),
        Call::SubmitMessage { request, .. } => request.sending_uri.as_str().parse().ok(),
        Call::GroupInfo { request, .. } => user_of_credential(&request.unverified_tbs().requesting_credential),
        _ => None,
    };
    user.filter(|user| user.domain() == &inbound.source)
}

fn user_of_credential(credential: &Credential) -> Option<UserUri> {
    ClientUri::from_bytes(credential.as_basic()?).ok()?.user()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use governor::clock::FakeRelativeClock;

    use super::*;

    fn limits(clock: &FakeRelativeClock) -> RateLimits<FakeRelativeClock> {
        let rates = RatesConfig {
            room: Rate::of(2, 3),
            provider: Rate::of(10, 10),
            user: Rate::of(1, 1),
            code: Rate::of(1, 2),
        };
        RateLimits::with_clock(&rates, clock.clone())
    }

    fn room(name: &str) -> RoomUri {
        format!("mimi://a.example/r/{name}").parse().unwrap()
    }

    #[test]
    fn a_burst_passes_then_the_rate_holds_and_the_wait_said_is_long_enough() {
        let clock = FakeRelativeClock::default();
        let limits = limits(&clock);
        for _ in 0..3 {
            limits.room(&room("x")).unwrap();
        }
        let limited = limits.room(&room("x")).unwrap_err();
        assert_eq!(limited, Limited { kind: "room", retry_after: Duration::from_millis(500) });
        clock.advance(Duration::from_millis(499));
        assert_eq!(limits.room(&room("x")).unwrap_err().retry_after, Duration::from_millis(1));
        clock.advance(Duration::from_millis(1));
        limits.room(&room("x")).unwrap();
        assert!(limits.room(&room("x")).is_err());
    }

    #[test]
    fn each_room_provider_and_user_has_a_bucket_of_its_own() {
        let clock = FakeRelativeClock::default();
        let limits = limits(&clock);
        let (anna, bert) = ("mimi://a.example/u/anna".parse().unwrap(), "mimi://a.example/u/bert".parse().unwrap());
        limits.user(&anna).unwrap();
        assert_eq!(limits.user(&anna).unwrap_err().kind, "user");
        limits.user(&bert).unwrap();
        limits.registration().unwrap();
        limits.provider(&"a.example".parse().unwrap()).unwrap();
        for _ in 0..3 {
            limits.room(&room("x")).unwrap();
        }
        limits.room(&room("y")).unwrap();
    }

    #[test]
    fn codes_are_counted_for_each_room_and_provider() {
        let clock = FakeRelativeClock::default();
        let limits = limits(&clock);
        let providers = ["b.example", "c.example"].map(|name| name.parse::<Domain>().unwrap());
        for _ in 0..2 {
            limits.code(&room("x"), &providers[0]).unwrap();
        }
        assert_eq!(limits.code(&room("x"), &providers[0]).unwrap_err().kind, "code");
        limits.code(&room("x"), &providers[1]).unwrap();
        limits.code(&room("y"), &providers[0]).unwrap();
        limits.room(&room("x")).unwrap();
    }

    #[test]
    fn buckets_that_are_full_again_are_forgotten() {
        let clock = FakeRelativeClock::default();
        let limits = limits(&clock);
        for number in 0..1000 {
            limits.room(&room(&format!("r{number}"))).unwrap();
        }
        assert_eq!(limits.rooms.len(), 1000);
        clock.advance(Duration::from_secs(60));
        limits.room(&room("last")).unwrap();
        limits.sweep();
        assert_eq!(limits.rooms.len(), 1);
    }

    #[test]
    fn a_provider_is_counted_by_a_name_that_its_certificate_proves() {
        let names = ["b.example", "c.example"].map(|name| name.parse::<Domain>().unwrap());
        let peer = PeerIdentity::new(names.to_vec());
        let counted = |from: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(FROM, from.parse().unwrap());
            provider_of(&peer, &headers).unwrap().to_string()
        };
        assert_eq!(counted("mimi@c.example"), "c.example");
        assert_eq!(counted("mimi@d.example"), "b.example");
        assert_eq!(counted("nonsense"), "b.example");
        assert_eq!(provider_of(&PeerIdentity::none(), &HeaderMap::new()), None);
    }

    #[test]
    fn a_status_for_clients_says_when_to_come_back() {
        let status = Status::from(Limited { kind: "user", retry_after: Duration::from_millis(1200) });
        assert_eq!(status.code(), tonic::Code::ResourceExhausted);
        assert_eq!(status.metadata().get("retry-after").unwrap(), "2");
    }
}
