//! What a party sees, for tests that assert what it does not see.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use mimi_arch::Domain;

/// Who sees something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Party {
    /// The relay.
    Relay,
    /// The discovery provider.
    DiscoveryProvider,
}

/// Everything that a party learns of one request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    /// Who.
    pub party: Party,
    /// From where the connection came.
    pub from: IpAddr,
    /// Whose certificate the other end showed; none when it showed none.
    pub certificate: Option<Domain>,
    /// The path.
    pub path: String,
    /// Names and values of all header fields, as text.
    pub headers: Vec<(String, String)>,
    /// The body as it came.
    pub body: Vec<u8>,
    /// The body after decryption, where the party can decrypt it.
    pub opened: Option<Vec<u8>>,
    /// The body of the answer, as it left.
    pub answer: Vec<u8>,
}

/// Is told of every request; for tests. Nothing is kept without one.
#[derive(Clone, Default)]
pub struct Observer(Option<Arc<dyn Fn(Seen) + Send + Sync>>);

impl Observer {
    /// Calls `tell` for every request.
    pub fn new(tell: impl Fn(Seen) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(tell)))
    }

    /// Whether anybody listens.
    pub(crate) const fn is_there(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn tell(&self, seen: impl FnOnce() -> Seen) {
        if let Some(tell) = &self.0 {
            tell(seen());
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observer").field("there", &self.is_there()).finish()
    }
}

impl Seen {
    pub(crate) fn of(
        party: Party,
        inbound: &crate::net::Inbound,
        opened: Option<Vec<u8>>,
        answer: &crate::net::Outbound,
    ) -> Self {
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = &inbound.head.headers;
        Self {
            party,
            from: inbound.from,
            certificate: inbound.names.first().cloned(),
            path: inbound.head.uri.path().to_owned(),
            headers: headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            body: inbound.body.to_vec(),
            opened,
            answer: answer.body.clone(),
        }
    }
}
