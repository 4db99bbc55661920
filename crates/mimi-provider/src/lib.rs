//! One runnable MIMI provider: TLS, the endpoints of the protocol draft, storage, and the client API.
//!
//! Two types matter. [`Config`] says who the provider is and where its files are; [`Provider`] is bound to its
//! sockets by [`Provider::bind`] and then runs. Everything that is decided is decided in `mimi-ds`; this crate turns
//! octets into its events and its effects into octets, and says yes only after the store has said that the data are durable.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod accept;
mod accounts;
mod admin_listener;
mod client_api;
mod client_listener;
mod clock;
pub mod config;
mod consent;
pub mod database_lock;
mod delivery;
mod departed;
mod dependent;
mod destruction;
mod discovery;
mod franking;
mod held;
mod hub_calls;
mod identifier_query;
mod key_material;
mod lanes;
mod metrics;
mod peer_listener;
mod provider;
mod proxy_download;
mod rates;
mod report_abuse;
mod restore;
mod rooms;
pub mod throwaway_ca;
pub mod tls;
mod tls_state;
mod upkeep;
mod users_config;

pub use config::{
    AssetHost, AssetsConfig, Config, ConfigError, DiscoveryConfig, DiscoveryProviderConfig, DownloadsConfig,
    FrankingConfig, LimitsConfig, OperationConfig, PeerConfig, QueuesConfig, Rate, RatesConfig, RoomsConfig, TlsConfig,
};
pub use provider::{BoundProvider, Provider, ProviderError, RunningProvider, Stopped};
pub use report_abuse::{ReceivedReport, StoredReports};
pub use restore::{RestoreError, restore};
pub use users_config::{SearchConfig, UsersConfig};
