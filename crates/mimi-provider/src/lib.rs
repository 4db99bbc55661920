//! One runnable MIMI provider: TLS, the endpoints of the protocol draft, storage, and the client API.
//!
//! Two types matter. [`Config`] says who the provider is and where its files are; [`Provider`] is bound to its
//! sockets by [`Provider::bind`] and then runs. Everything that is decided is decided in `mimi-ds`; this crate turns
//! octets into its events and its effects into octets, and says yes only after the store has said that the data are durable.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod accept;
mod accounts;
mod client_api;
mod client_listener;
mod clock;
mod config;
mod delivery;
mod hub_calls;
mod key_material;
mod lanes;
mod peer_listener;
mod provider;
mod rooms;
pub mod throwaway_ca;
pub mod tls;

pub use config::{Config, ConfigError, LimitsConfig, PeerConfig, TlsConfig};
pub use provider::{BoundProvider, Provider, ProviderError, RunningProvider};
