//! Which discovery provider is asked, and what is known of it: all from the own provider, and signed by who is asked.

use mimi_arch::Domain;
use mimi_arch::codec::Wire as _;
use mimi_client_api::{FetchDiscoveryRequest, FetchDiscoveryResponse};
use mimi_discovery::{
    Csi, PublicKey,
    config::{DpConfig, VerifiedConfig},
    directory::PrefixDirectory,
};

use super::{DiscoveryError, now};
use crate::{
    client::Client,
    state::discovery::{self, Numbered},
};

/// A discovery provider, ready to be asked.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) domain: Domain,
    pub(super) config: VerifiedConfig,
    /// The base of the relay's URLs.
    pub(super) relay: String,
    /// Where the relay is when DNS does not find it.
    pub(super) relay_address: Option<std::net::SocketAddr>,
}

impl Source {
    fn read(found: &FetchDiscoveryResponse) -> Result<Self, DiscoveryError> {
        let domain: Domain =
            found.dp.parse().map_err(|_| DiscoveryError::Malformed("the discovery provider's domain"))?;
        let config = DpConfig::from_bytes(&found.config)?
            .verify(&domain, &key_of(found)?, now())
            .map_err(|error| DiscoveryError::Config { dp: domain.clone(), error })?;
        let relay_address = match found.relay_address.as_str() {
            "" => None,
            text => Some(text.parse().map_err(|_| DiscoveryError::Malformed("the relay's address"))?),
        };
        Ok(Self { domain, config, relay: found.relay.clone(), relay_address })
    }
}

fn key_of(found: &FetchDiscoveryResponse) -> Result<PublicKey, DiscoveryError> {
    let key = found.key.as_slice().try_into().map_err(|_| DiscoveryError::Malformed("the discovery provider's key"))?;
    Ok(PublicKey(key))
}

impl Client {
    /// The discovery provider for an identifier: the one that is named, or the one that the prefix directory of the own provider's
    /// root names, resolved here so that nobody learns the question, or the own provider's only one.
    pub(super) async fn source(&self, csi: &Csi, dp: Option<&Domain>) -> Result<Source, DiscoveryError> {
        let found = self.fetch_source(dp).await?;
        if dp.is_some() || !found.is_root {
            return Source::read(&found);
        }
        let root: Domain = found.dp.parse().map_err(|_| DiscoveryError::Malformed("the root's domain"))?;
        let listed = {
            let (root, key) = (root.clone(), key_of(&found)?);
            let directory = PrefixDirectory::from_bytes(&found.directory)?;
            let name = root.to_string();
            let seen = {
                let name = name.clone();
                self.step(move |session| session.discovery(|file| discovery::seen(file, &name, Numbered::Directory)))
                    .await?
            };
            let directory = directory.verify(&root, &key, seen, now())?;
            let number = directory.number();
            self.step(move |session| {
                session.discovery(|file| discovery::put_seen(file, &name, Numbered::Directory, number))
            })
            .await?;
            directory.resolve(csi).to_vec()
        };
        if listed.is_empty() {
            return Err(DiscoveryError::NobodyHasIt);
        }
        // Each has all identifiers of the range; the first that the own provider uses is as good as the others.
        let mut last = DiscoveryError::NobodyHasIt;
        for provider in listed {
            let found = match self.fetch_source(Some(&provider.domain)).await {
                Ok(found) => found,
                Err(error) => {
                    last = error;
                    continue;
                }
            };
            if key_of(&found)? != provider.key {
                return Err(DiscoveryError::OtherKey { dp: provider.domain });
            }
            return Source::read(&found);
        }
        Err(last)
    }

    async fn fetch_source(&self, dp: Option<&Domain>) -> Result<FetchDiscoveryResponse, DiscoveryError> {
        let request = FetchDiscoveryRequest { dp: dp.map(ToString::to_string).unwrap_or_default() };
        let found = self.api().fetch_discovery(request).await?;
        if dp.is_some_and(|dp| dp.as_str() != found.dp) {
            return Err(DiscoveryError::Malformed("another discovery provider than the one asked for"));
        }
        Ok(found)
    }
}
