//! What the provider counts, for `/metrics` of the admin listener.
//!
//! Labels are names of ours, statuses and domains of other providers; never rooms, users or anything a message holds.

use std::{
    fmt::{Debug, Write as _},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use mimi_arch::Domain;
use mimi_ds::store::CommitSample;
use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

/// Bounds of request times in seconds.
const REQUEST_BUCKETS: [f64; 10] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];
/// Bounds of the times of store transactions in seconds.
const COMMIT_BUCKETS: [f64; 10] = [0.000_1, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.1, 0.5, 2.0];
/// Bounds of the number of decisions in one transaction.
const GROUP_BUCKETS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
/// How deep names of refusals go: `NotAllowed.Denied.X`.
const RULE_DEPTH: usize = 3;

/// Who connects to a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Listener {
    Providers,
    Clients,
}

impl Listener {
    pub(crate) const ALL: [Self; 2] = [Self::Providers, Self::Clients];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Providers => "providers",
            Self::Clients => "clients",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    listener: &'static str,
    endpoint: String,
    status: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EndpointLabels {
    listener: &'static str,
    endpoint: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RuleLabels {
    operation: &'static str,
    rule: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProviderLabels {
    provider: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct NotifyLabels {
    provider: String,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ListenerLabels {
    listener: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabels {
    result: &'static str,
}

type Histograms = Family<EndpointLabels, Histogram, fn() -> Histogram>;

/// What is only known by asking, at the time of a scrape.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    pub(crate) outbox: Vec<(Domain, u64)>,
    pub(crate) queued: u64,
    pub(crate) open_rooms: usize,
}

/// Everything that is counted while the provider runs.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    request_times: Histograms,
    accepted: Family<KindLabels, Counter>,
    refused: Family<RuleLabels, Counter>,
    notifies: Family<NotifyLabels, Counter>,
    retries: Family<ProviderLabels, Counter>,
    limited: Family<KindLabels, Counter>,
    connections: Family<ListenerLabels, Gauge>,
    connections_opened: Family<ListenerLabels, Counter>,
    handshakes_refused: Family<ListenerLabels, Counter>,
    commits: CommitMetrics,
    room_damage: Family<ResultLabels, Counter>,
    tls_reloads: Family<ResultLabels, Counter>,
    certificate_end: Gauge,
    outbox: Family<ProviderLabels, Gauge>,
    queued: Gauge,
    open_rooms: Gauge,
    evicted_rooms: Counter,
    irregular: Family<RuleLabels, Counter>,
    cut_queues: Counter,
}

/// What the store's writer reports.
#[derive(Clone, Debug)]
pub(crate) struct CommitMetrics {
    times: Histogram,
    groups: Histogram,
    failed: Counter,
    last_failure: Arc<Mutex<Option<Instant>>>,
}

impl CommitMetrics {
    pub(crate) fn new() -> Self {
        Self {
            times: Histogram::new(COMMIT_BUCKETS),
            groups: Histogram::new(GROUP_BUCKETS),
            failed: Counter::default(),
            last_failure: Arc::default(),
        }
    }

    /// How long ago the store last failed to write.
    fn failed_ago(&self) -> Option<Duration> {
        self.last_failure.lock().unwrap_or_else(PoisonError::into_inner).map(|at| at.elapsed())
    }

    pub(crate) fn observe(&self, sample: &CommitSample) {
        self.times.observe(sample.elapsed.as_secs_f64());
        // Up to 256.
        self.groups.observe(u32::try_from(sample.decisions).map_or(f64::INFINITY, f64::from));
        if sample.failed {
            self.failed.inc();
            *self.last_failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
    }
}

impl Metrics {
    pub(crate) fn new(commits: CommitMetrics) -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("mimi"),
            requests: Family::default(),
            request_times: Family::new_with_constructor(|| Histogram::new(REQUEST_BUCKETS)),
            accepted: Family::default(),
            refused: Family::default(),
            notifies: Family::default(),
            retries: Family::default(),
            limited: Family::default(),
            connections: Family::default(),
            connections_opened: Family::default(),
            handshakes_refused: Family::default(),
            commits,
            room_damage: Family::default(),
            tls_reloads: Family::default(),
            certificate_end: Gauge::default(),
            outbox: Family::default(),
            queued: Gauge::default(),
            open_rooms: Gauge::default(),
            evicted_rooms: Counter::default(),
            irregular: Family::default(),
            cut_queues: Counter::default(),
        };
        metrics.register();
        metrics.begin_with_zeros();
        metrics
    }

    /// What has a few labels, known beforehand, is there from the start: a rate over it has a first value.
    fn begin_with_zeros(&self) {
        for kind in ["room", "provider", "user"] {
            let _ = self.limited.get_or_create(&KindLabels { kind });
        }
        for kind in ["room", "message", "commit", "proposals", "destruction"] {
            let _ = self.accepted.get_or_create(&KindLabels { kind });
        }
        for rule in ["EpochGap", "SameTime"] {
            let _ = self.irregular.get_or_create(&RuleLabels { operation: "notify", rule: rule.to_owned() });
        }
        for result in ["recovered", "unreadable"] {
            let _ = self.room_damage.get_or_create(&ResultLabels { result });
        }
        for result in ["loaded", "failed"] {
            let _ = self.tls_reloads.get_or_create(&ResultLabels { result });
        }
        for listener in Listener::ALL.map(Listener::name) {
            let _ = self.connections.get_or_create(&ListenerLabels { listener });
            let _ = self.connections_opened.get_or_create(&ListenerLabels { listener });
            let _ = self.handshakes_refused.get_or_create(&ListenerLabels { listener });
        }
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "requests",
            "Requests answered, by listener, endpoint and status (HTTP for providers, gRPC for clients)",
            self.requests.clone(),
        );
        registry.register_with_unit(
            "request",
            "Time from the head of a request to its answer",
            Unit::Seconds,
            self.request_times.clone(),
        );
        registry.register("accepted", "Events accepted as hub, by kind", self.accepted.clone());
        registry.register("refused", "Requests refused, by operation and rule", self.refused.clone());
        registry.register("notifies", "Notifications sent to followers, by result", self.notifies.clone());
        registry.register("retries", "Notifications that will be sent once more", self.retries.clone());
        registry.register("rate_limited", "Requests over a rate limit, by whose limit it is", self.limited.clone());
        registry.register("connections", "Open connections", self.connections.clone());
        registry.register(
            "connections_opened",
            "Connections after their TLS handshake",
            self.connections_opened.clone(),
        );
        registry.register("handshakes_refused", "Connections without TLS handshake", self.handshakes_refused.clone());
        registry.register_with_unit(
            "store_commit",
            "Time of a transaction of the store, flush included",
            Unit::Seconds,
            self.commits.times.clone(),
        );
        registry.register("store_commit_decisions", "Decisions in one transaction", self.commits.groups.clone());
        registry.register(
            "store_commits_failed",
            "Transactions in which something could not be written",
            self.commits.failed.clone(),
        );
        registry.register(
            "room_damage",
            "Rooms whose latest snapshot was damaged, by whether the older one could stand in",
            self.room_damage.clone(),
        );
        registry.register("tls_reloads", "Attempts to load changed PEM files", self.tls_reloads.clone());
        registry.register_with_unit(
            "certificate_end",
            "When the certificate in use ends, since the Unix epoch; 0 when unknown",
            Unit::Seconds,
            self.certificate_end.clone(),
        );
        registry.register("outbox_messages", "Messages that wait for another provider", self.outbox.clone());
        registry.register("queue_messages", "Messages that wait for local clients", self.queued.clone());
        registry.register(
            "irregular_fanouts",
            "Events of other hubs that were taken although something is wrong with their order, by rule",
            self.irregular.clone(),
        );
        registry.register(
            "cut_queues",
            "How often application messages of a room were dropped from a client's queue as too many or too old",
            self.cut_queues.clone(),
        );
        registry.register("open_rooms", "Rooms held in memory", self.open_rooms.clone());
        registry.register(
            "evicted_rooms",
            "Rooms that have left memory, idle or for want of place",
            self.evicted_rooms.clone(),
        );
    }

    pub(crate) fn request(&self, listener: Listener, endpoint: &str, status: impl ToString, time: Duration) {
        let (listener, endpoint) = (listener.name(), endpoint.to_owned());
        let labels = RequestLabels { listener, endpoint: endpoint.clone(), status: status.to_string() };
        self.requests.get_or_create(&labels).inc();
        self.request_times.get_or_create(&EndpointLabels { listener, endpoint }).observe(time.as_secs_f64());
    }

    /// How long ago the store last failed to write.
    pub(crate) fn store_failed_ago(&self) -> Option<Duration> {
        self.commits.failed_ago()
    }

    pub(crate) fn accepted(&self, kind: &'static str) {
        self.accepted.get_or_create(&KindLabels { kind }).inc();
    }

    /// `refusal` is the enum value; its variants are the rule's name.
    pub(crate) fn refused(&self, operation: &'static str, refusal: &impl Debug) {
        self.refused.get_or_create(&RuleLabels { operation, rule: rule_name(refusal) }).inc();
    }

    /// `irregularity` is the enum value, as for refusals.
    pub(crate) fn irregular(&self, irregularity: &impl Debug) {
        self.irregular.get_or_create(&RuleLabels { operation: "notify", rule: rule_name(irregularity) }).inc();
    }

    pub(crate) fn queue_cut(&self) {
        self.cut_queues.inc();
    }

    /// The counter of rooms that leave memory.
    pub(crate) fn evicted_rooms(&self) -> Counter {
        self.evicted_rooms.clone()
    }

    pub(crate) fn notified(&self, provider: &Domain, result: &'static str) {
        self.notifies.get_or_create(&NotifyLabels { provider: provider.to_string(), result }).inc();
        if result != "accepted" {
            self.retries.get_or_create(&ProviderLabels { provider: provider.to_string() }).inc();
        }
    }

    pub(crate) fn limited(&self, kind: &'static str) {
        self.limited.get_or_create(&KindLabels { kind }).inc();
    }

    pub(crate) fn room_damage(&self, result: &'static str) {
        self.room_damage.get_or_create(&ResultLabels { result }).inc();
    }

    pub(crate) fn handshake_refused(&self, listener: Listener) {
        self.handshakes_refused.get_or_create(&ListenerLabels { listener: listener.name() }).inc();
    }

    /// Counts the connection as open until the value is dropped.
    pub(crate) fn connection(&self, listener: Listener) -> OpenConnection {
        let labels = ListenerLabels { listener: listener.name() };
        self.connections_opened.get_or_create(&labels).inc();
        let open = self.connections.get_or_create_owned(&labels);
        open.inc();
        OpenConnection(open)
    }

    pub(crate) fn certificate(&self, end: Option<SystemTime>) {
        let end = end.and_then(|end| end.duration_since(UNIX_EPOCH).ok()).map_or(0, |end| end.as_secs());
        self.certificate_end.set(i64::try_from(end).unwrap_or(i64::MAX));
    }

    pub(crate) fn tls_reload(&self, result: &'static str) {
        self.tls_reloads.get_or_create(&ResultLabels { result }).inc();
    }

    /// All metrics in the OpenMetrics text format, which Prometheus reads.
    pub(crate) fn encode(&self, standing: &Standing) -> String {
        let set = |gauge: &Gauge, value: u64| gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        self.outbox.clear();
        for (provider, length) in &standing.outbox {
            set(&self.outbox.get_or_create(&ProviderLabels { provider: provider.to_string() }), *length);
        }
        set(&self.queued, standing.queued);
        set(&self.open_rooms, u64::try_from(standing.open_rooms).unwrap_or(u64::MAX));
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = text::encode(&mut text, &self.registry);
        text
    }
}

/// A connection that counts as open.
pub(crate) struct OpenConnection(Gauge);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// The names of the variants of an enum value, outer ones first; nothing of what they carry.
fn rule_name(refusal: &impl Debug) -> String {
    let mut head = Head { text: String::new() };
    // Writing ends with an error when the head is full; what is there by then is enough.
    let _ = write!(head, "{refusal:?}");
    let mut names = Vec::with_capacity(RULE_DEPTH);
    let mut rest = head.text.as_str();
    while names.len() < RULE_DEPTH && rest.starts_with(|c: char| c.is_ascii_uppercase()) {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        names.push(name);
        let Some(inner) = after.strip_prefix('(') else { break };
        rest = inner;
    }
    names.join(".")
}

/// The first octets of what is written.
struct Head {
    text: String,
}

impl std::fmt::Write for Head {
    fn write_str(&mut self, part: &str) -> std::fmt::Result {
        if self.text.len() > 160 {
            return Err(std::fmt::Error);
        }
        self.text.extend(part.chars().take(160));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use mimi_ds::hub::{NotAllowed, SubmitRefusal, UpdateRefusal};

    use super::*;

    #[test]
    fn a_rule_is_named_by_the_variants_alone() {
        let denied = UpdateRefusal::NotAllowed(NotAllowed::UnknownMember(7));
        assert_eq!(rule_name(&denied), "NotAllowed.UnknownMember");
        let sender = UpdateRefusal::NotAllowed(NotAllowed::Sender("Secret"));
        assert_eq!(rule_name(&sender), "NotAllowed.Sender");
        let proposal = UpdateRefusal::InvalidProposal { references: Vec::new(), reason: "Secret".to_owned() };
        assert_eq!(rule_name(&proposal), "InvalidProposal");
        assert_eq!(rule_name(&SubmitRefusal::WrongGroup), "WrongGroup");
        assert_eq!(rule_name(&"Secret(A"), "");
    }

    #[test]
    fn what_was_counted_is_in_the_text() {
        let commits = CommitMetrics::new();
        let metrics = Metrics::new(commits);
        metrics.request(Listener::Providers, "submitMessage", 429, Duration::from_millis(2));
        metrics.limited("room");
        metrics.notified(&"b.example".parse().unwrap(), "refused");
        let open = metrics.connection(Listener::Clients);
        let standing = Standing { outbox: vec![("b.example".parse().unwrap(), 3)], queued: 5, open_rooms: 2 };
        let text = metrics.encode(&standing);
        for line in [
            "mimi_requests_total{listener=\"providers\",endpoint=\"submitMessage\",status=\"429\"} 1",
            "mimi_rate_limited_total{kind=\"room\"} 1",
            "mimi_retries_total{provider=\"b.example\"} 1",
            "mimi_connections{listener=\"clients\"} 1",
            "mimi_outbox_messages{provider=\"b.example\"} 3",
            "mimi_queue_messages 5",
            "mimi_open_rooms 2",
        ] {
            assert!(text.lines().any(|found| found == line), "no {line} in\n{text}");
        }
        drop(open);
        let text = metrics.encode(&Standing::default());
        assert!(text.contains("mimi_connections{listener=\"clients\"} 0"), "{text}");
        assert!(!text.contains("mimi_outbox_messages{"), "an empty outbox is still shown:\n{text}");
    }
}
