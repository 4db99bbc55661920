//! One runnable discovery provider, and a relay, of discovery profile 0 (the project's `docs/discovery.md`): sockets, tasks and keys around
//! what `mimi-discovery` decides.
//!
//! [`DiscoveryProvider`] keeps mappings and answers look-ups; [`Relay`] forwards encrypted look-ups and has to be run by somebody else. Both take
//! ready TLS configurations: how certificates are read is for the caller. They speak TLS 1.3 and nothing earlier, whatever these allow.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod clock;
mod dp;
mod net;
mod observe;
mod peers;
mod relay;
mod tls;

pub use dp::{Answerer, DiscoveryConfig, DiscoveryError, DiscoveryProvider, RetrievalLimits, paths};
pub use net::{Running, Tls};
pub use observe::{Observer, Party, Seen};
pub use peers::{PeerError, Peers};
pub use relay::{Relay, RelayConfig};
