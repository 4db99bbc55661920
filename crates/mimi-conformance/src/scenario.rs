//! What passes from one check to the next: the suite's clients, and what has been seen so far.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::{Duration, Instant, SystemTime};

use mimi_client::{Client, ClientConfig, ClientError, Event};

use crate::client::ClientRooms;
use crate::consent::Consent;
use crate::discovery::Discovery;
use crate::flow::Flow;
use crate::follower::Follower;
use crate::franking::Franked;
use crate::input::Input;
use crate::joining::Joining;
use crate::lifecycle::Lifecycle;
use crate::moderation::Moderation;
use crate::peer::Suite;
use crate::query::Query;
use crate::target::{ProviderTarget, Target};

/// How long something that was sent may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(5);
/// How long the suite waits before it says that nothing came.
const QUIET: Duration = Duration::from_millis(150);

/// What a check comes to: what was observed when it passed, or why it did not pass.
pub(crate) type Verdict = Result<String, Halt>;

/// A check that is being asked.
pub(crate) type Asked<'a> = Pin<Box<dyn Future<Output = Verdict> + 'a>>;

/// Why a check did not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Halt {
    /// It is not as it has to be.
    Failed {
        /// What should have been seen.
        expected: String,
        /// What was seen.
        observed: String,
    },
    /// It could not be asked.
    Skipped(String),
    /// It is allowed, but worth a look.
    Warning(String),
}

impl Halt {
    pub(crate) fn failed(expected: impl Into<String>, observed: impl Into<String>) -> Self {
        Self::Failed { expected: expected.into(), observed: observed.into() }
    }
}

/// Fails unless the condition holds.
pub(crate) fn expect(holds: bool, expected: impl Into<String>, observed: impl Into<String>) -> Result<(), Halt> {
    if holds { Ok(()) } else { Err(Halt::failed(expected, observed)) }
}

/// What an earlier check left behind.
pub(crate) fn left_by_earlier<T>(slot: Option<&T>) -> Result<&T, Halt> {
    slot.ok_or_else(|| Halt::Skipped("an earlier check did not get so far".to_owned()))
}

/// The result of a client's call that has to succeed.
pub(crate) fn has_to<T>(what: &str, result: Result<T, ClientError>) -> Result<T, Halt> {
    result.map_err(|error| Halt::failed(what, error.to_string()))
}

/// Reads a client's queue until the events fulfil a condition, and gives all that came.
pub(crate) async fn events_until(
    client: &Client,
    expected: &str,
    enough: impl Fn(&[Event]) -> bool,
) -> Result<Vec<Event>, Halt> {
    let start = Instant::now();
    let mut events = Vec::new();
    while !enough(&events) {
        let Some(left) = ARRIVAL.checked_sub(start.elapsed()) else {
            return Err(Halt::failed(
                format!("{expected} within {} s at {}", ARRIVAL.as_secs(), client.id()),
                described(&events),
            ));
        };
        events.extend(has_to("the queue can be read", client.watch(left).await)?);
    }
    Ok(events)
}

/// Reads a client's queue for a while in which nothing may come.
pub(crate) async fn nothing_comes(client: &Client) -> Result<(), Halt> {
    let events = has_to("the queue can be read", client.watch(QUIET).await)?;
    expect(events.is_empty(), format!("nothing at {}", client.id()), described(&events))
}

/// Events in words.
pub(crate) fn described(events: &[Event]) -> String {
    if events.is_empty() {
        return "nothing".to_owned();
    }
    let words: Vec<String> = events
        .iter()
        .map(|event| match event {
            Event::Joined { epoch, .. } => format!("joined at epoch {}", epoch.0),
            Event::Message { sender, text, .. } => format!("{text:?} from {sender}"),
            Event::Committed { epoch, .. } => format!("a commit to epoch {}", epoch.0),
            Event::ProposalsReceived { count, .. } => format!("{count} proposals"),
            Event::Removed { .. } => "removed".to_owned(),
            Event::Undecryptable { reason, .. } => format!("something that cannot be opened: {reason}"),
            other => format!("{other:?}"),
        })
        .collect();
    words.join(", ")
}

/// Everything that a run remembers.
pub(crate) struct Scenario {
    pub(crate) target: Target,
    pub(crate) suite: Suite,
    pub(crate) flow: Flow,
    pub(crate) input: Input,
    pub(crate) franked: Franked,
    pub(crate) consent: Consent,
    pub(crate) query: Query,
    pub(crate) moderation: Moderation,
    pub(crate) discovery: Discovery,
    pub(crate) clients: ClientRooms,
    pub(crate) joining: Joining,
    pub(crate) follower: Follower,
    pub(crate) lifecycle: Lifecycle,
    /// Makes the names of this run's users and rooms different from those of other runs against the same providers.
    tag: String,
}

impl Scenario {
    /// `part` tells the names of this scenario from those of others that are begun at the same moment.
    pub(crate) fn new(target: Target, part: &str) -> Self {
        let suite = Suite::new(&target);
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let tag = format!("{:x}{:05x}{part}", since.as_secs(), since.subsec_micros());
        Self {
            target,
            suite,
            flow: Flow::default(),
            input: Input::default(),
            franked: Franked::default(),
            consent: Consent::default(),
            query: Query::default(),
            moderation: Moderation::default(),
            discovery: Discovery::default(),
            clients: ClientRooms::default(),
            joining: Joining::default(),
            follower: Follower::default(),
            lifecycle: Lifecycle::default(),
            tag,
        }
    }

    /// A name that no other run has used.
    pub(crate) fn name(&self, name: &str) -> String {
        format!("{name}-{}", self.tag)
    }

    /// The provider with this number: 0 is the hub.
    pub(crate) fn provider(&self, number: usize) -> Result<ProviderTarget, Halt> {
        self.target.providers.get(number).cloned().ok_or_else(|| {
            let count = self.target.providers.len();
            Halt::Skipped(format!("the target has {count} providers, and this needs {}", number + 1))
        })
    }

    /// Where the state of a client is that this run has registered.
    pub(crate) fn state_file(&self, provider: usize, user: &str, device: &str) -> Result<PathBuf, Halt> {
        let domain = self.provider(provider)?.domain;
        Ok(self.target.scratch.join(format!("{domain}-{}-{device}.sqlite", self.name(user))))
    }

    /// Registers a client at a provider. Its state is a file of its own in the scratch folder.
    pub(crate) async fn register(
        &self,
        provider: usize,
        user: &str,
        device: &str,
        secret: Option<&str>,
    ) -> Result<Client, Halt> {
        let state = self.state_file(provider, user, device)?;
        let provider = self.provider(provider)?;
        let user = self.name(user);
        std::fs::create_dir_all(&self.target.scratch)
            .map_err(|error| Halt::Skipped(format!("the scratch folder cannot be made: {error}")))?;
        let config = ClientConfig {
            state,
            endpoint: provider.client_endpoint,
            domain: provider.domain,
            ca_pem: self.target.ca_pem.clone(),
        };
        let registered = Client::register(config, &user, device, secret).await;
        has_to(&format!("{user} can register the client {device}"), registered)
    }
}
