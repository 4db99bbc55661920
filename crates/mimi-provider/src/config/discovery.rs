//! The table `[discovery]` of the file: which discovery providers own users use.

use std::{collections::BTreeMap, net::SocketAddr};

use mimi_arch::Domain;
use mimi_discovery::PublicKey;
use reqwest::Url;
use serde::Deserialize;
use toml::Value;

use super::{DiscoveryConfig, DiscoveryProviderConfig, file::Reader};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderFile {
    key: String,
    relay: String,
    address: Option<SocketAddr>,
    relay_address: Option<SocketAddr>,
}

impl Reader {
    pub(super) fn discovery(&mut self) -> DiscoveryConfig {
        let tokens_per_day = self.optional("discovery.tokens_per_day");
        let root = self.optional::<String>("discovery.root").and_then(|text| self.domain("discovery.root", &text));
        let providers = self.discovery_providers();
        if let Some(root) = root.as_ref().filter(|root| !providers.contains_key(root)) {
            self.wrong("discovery.root", format!("{root} is none of discovery.providers"));
        }
        let tokens_per_day = tokens_per_day.unwrap_or(DiscoveryConfig::default().tokens_per_day);
        DiscoveryConfig { tokens_per_day, root, providers }
    }

    fn discovery_providers(&mut self) -> BTreeMap<Domain, DiscoveryProviderConfig> {
        self.asked.extend([
            "discovery.providers.\"DOMAIN\".key",
            "discovery.providers.\"DOMAIN\".relay",
            "discovery.providers.\"DOMAIN\".address",
            "discovery.providers.\"DOMAIN\".relay_address",
        ]);
        let mut providers = BTreeMap::new();
        let table = self.left.get_mut("discovery").and_then(Value::as_table_mut);
        let found = match table.and_then(|table| table.remove("providers")) {
            None => return providers,
            Some(Value::Table(found)) => found,
            Some(_) => {
                self.wrong(
                    "discovery.providers",
                    "has to be a table for each, as in [discovery.providers.\"dp.example\"]",
                );
                return providers;
            }
        };
        for (name, value) in found {
            let section = format!("discovery.providers.\"{name}\"");
            let domain = self.domain(&section, &name);
            let file: ProviderFile = match value.try_into() {
                Ok(file) => file,
                Err(error) => {
                    self.wrong(section.as_str(), error.message());
                    continue;
                }
            };
            let key = hex::decode(&file.key).ok().and_then(|octets| octets.try_into().ok()).map(PublicKey);
            if key.is_none() {
                self.wrong(
                    format!("{section}.key"),
                    "has to be 64 hexadecimal digits, as `mimi discovery serve` prints them",
                );
            }
            let relay = base(&file.relay);
            if relay.is_none() {
                self.wrong(
                    format!("{section}.relay"),
                    format!("{:?} is not https://HOST or https://HOST:PORT", file.relay),
                );
            }
            if let (Some(domain), Some(key), Some(relay)) = (domain, key, relay) {
                let (address, relay_address) = (file.address, file.relay_address);
                providers.insert(domain, DiscoveryProviderConfig { key, address, relay, relay_address });
            }
        }
        providers
    }
}

/// The base of a relay's URLs, without anything after the port.
fn base(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let is_base = url.scheme() == "https"
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    is_base.then(|| url.as_str().trim_end_matches('/').to_owned())
}
