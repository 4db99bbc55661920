//! The configuration of one provider: a TOML file for `mimi serve`, or values for the embedded run.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use mimi_arch::Domain;
use mimi_protocol::http::server::Limits;
use serde::Deserialize;
use thiserror::Error;

/// Why a configuration is not usable. Every message names the setting.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file could not be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not TOML of the expected shape; the message has line and column.
    #[error("{path}: {source}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where and what.
        source: Box<toml::de::Error>,
    },
    /// A setting has a value that cannot be used.
    #[error("setting `{setting}`: {problem}")]
    Value {
        /// The setting's path in the file.
        setting: String,
        /// What is wrong and what would be right.
        problem: String,
    },
}

/// Who a provider is, where it listens, where its files are, whom it knows.
#[derive(Clone, Debug)]
pub struct Config {
    /// The provider's domain, as its certificate has it.
    pub domain: Domain,
    /// Where other providers connect. Port 0: the system chooses.
    pub listen: SocketAddr,
    /// Where the provider's own clients connect. Port 0: the system chooses.
    pub client_listen: SocketAddr,
    /// The SQLite file; made when it does not exist.
    pub database: PathBuf,
    /// PEM files.
    pub tls: TlsConfig,
    /// Providers reached at a fixed address instead of through DNS.
    pub peers: BTreeMap<Domain, PeerConfig>,
    /// Limits on what others may send.
    pub limits: LimitsConfig,
}

/// Paths of PEM files.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// Certificate chain of the provider, leaf first; used towards other providers and clients alike.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Certificates of the authorities that other providers' certificates must come from.
    pub authorities: PathBuf,
}

/// One provider that is reached at a fixed address.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerConfig {
    /// IP address and port of its provider listener.
    pub address: SocketAddr,
}

/// Limits on what others may send.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Largest request body in octets. Updates and notifications carry key packages and trees and get sixteen times as much.
    pub body: usize,
    /// Seconds a peer may take for a TLS handshake or a request.
    pub request_seconds: u64,
}

impl LimitsConfig {
    /// The limit of each endpoint. Updates and notifications carry ratchet trees and Welcomes for many clients.
    pub(crate) fn per_endpoint(self) -> Limits {
        let large = self.body.saturating_mul(16);
        Limits {
            key_material: self.body,
            update: large,
            notify: large,
            submit_message: self.body,
            group_info: self.body,
        }
    }
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self { body: 1024 * 1024, request_seconds: 30 }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigFile {
    domain: String,
    listen: SocketAddr,
    client_listen: SocketAddr,
    database: PathBuf,
    tls: TlsConfig,
    #[serde(default)]
    peers: BTreeMap<String, PeerConfig>,
    #[serde(default)]
    limits: LimitsConfig,
}

impl Config {
    /// Reads and checks a TOML file. Relative paths in it are relative to its folder.
    ///
    /// # Errors
    /// When the file cannot be read, is not TOML of this shape, or a value cannot be used.
    pub fn from_file(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let file: ConfigFile = toml::from_str(&text)
            .map_err(|source| ConfigError::Parse { path: path.to_owned(), source: Box::new(source) })?;
        let base = path.parent().unwrap_or(Path::new(""));
        file.check(base)
    }
}

impl ConfigFile {
    fn check(self, base: &Path) -> Result<Config, ConfigError> {
        let domain = domain("domain", &self.domain)?;
        let mut peers = BTreeMap::new();
        for (name, peer) in self.peers {
            let setting = format!("peers.\"{name}\"");
            let peer_domain = self::domain(&setting, &name)?;
            if peer_domain == domain {
                return Err(ConfigError::Value { setting, problem: "is the provider itself".to_owned() });
            }
            peers.insert(peer_domain, peer);
        }
        if self.limits.body < 64 * 1024 {
            return Err(ConfigError::Value {
                setting: "limits.body".to_owned(),
                problem: format!("{} octets is less than the 65536 that a small room needs", self.limits.body),
            });
        }
        if self.limits.request_seconds == 0 {
            return Err(ConfigError::Value {
                setting: "limits.request_seconds".to_owned(),
                problem: "has to be at least 1".to_owned(),
            });
        }
        Ok(Config {
            domain,
            listen: self.listen,
            client_listen: self.client_listen,
            database: base.join(self.database),
            tls: TlsConfig {
                certificate: base.join(self.tls.certificate),
                key: base.join(self.tls.key),
                authorities: base.join(self.tls.authorities),
            },
            peers,
            limits: self.limits,
        })
    }
}

fn domain(setting: &str, text: &str) -> Result<Domain, ConfigError> {
    text.parse().map_err(|error| ConfigError::Value {
        setting: setting.to_owned(),
        problem: format!("{text:?} is not a domain name: {error}"),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    const GOOD: &str = r#"
        domain = "a.example"
        listen = "127.0.0.1:0"
        client_listen = "127.0.0.1:0"
        database = "a.db"
        [tls]
        certificate = "a.pem"
        key = "a.key"
        authorities = "/etc/ca.pem"
        [peers."b.example"]
        address = "127.0.0.1:7002"
    "#;

    fn check(text: &str) -> Result<Config, String> {
        let file: ConfigFile = toml::from_str(text).map_err(|error| error.to_string())?;
        file.check(Path::new("/base")).map_err(|error| error.to_string())
    }

    #[test]
    fn relative_paths_are_relative_to_the_file() {
        let config = check(GOOD).unwrap();
        assert_eq!(config.database, Path::new("/base/a.db"));
        assert_eq!(config.tls.authorities, Path::new("/etc/ca.pem"));
        assert_eq!(config.limits.body, 1024 * 1024);
    }

    #[test]
    fn an_unknown_setting_is_named() {
        let error = check(&GOOD.replace("[tls]", "databse = 1\n[tls]")).unwrap_err();
        assert!(error.contains("databse"), "{error}");
    }

    #[test]
    fn a_domain_that_is_none_is_named_with_its_setting() {
        let error = check(&GOOD.replace("b.example", "b..example")).unwrap_err();
        assert!(error.contains("peers.\"b..example\""), "{error}");
    }

    #[test]
    fn a_provider_is_not_its_own_peer() {
        assert!(check(&GOOD.replace("b.example", "a.example")).is_err());
    }

    #[test]
    fn a_limit_too_small_for_a_room_is_refused() {
        assert!(check(&format!("{GOOD}\n[limits]\nbody = 10")).unwrap_err().contains("limits.body"));
    }
}
