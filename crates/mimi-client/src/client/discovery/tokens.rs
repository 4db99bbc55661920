//! Single-use tokens: fetched in batches, taken out of the file before they are used, so that none is used twice whatever fails.

use mimi_arch::codec::Wire as _;
use mimi_client_api::IssueDiscoveryTokensRequest;
use mimi_discovery::token::{Day, Token, TokenResponse};

use super::{DiscoveryError, now, seed, source::Source};
use crate::{client::Client, error::TransportError, state::discovery};

/// How many tokens are fetched at once: the provider, who sees when they are fetched, does not see when one of them is used.
const BATCH: usize = 10;

impl Client {
    /// A token for one look-up. It is spent when this returns.
    // req: UD03-13-01
    pub(super) async fn take_token(&self, source: &Source) -> Result<Token, DiscoveryError> {
        let today = Day::of(now());
        // One of yesterday is taken until midnight.
        let oldest = today.0.saturating_sub(1);
        let dp = source.domain.to_string();
        let take = || {
            let dp = dp.clone();
            self.step(move |session| session.discovery(|file| discovery::take_token(file, &dp, oldest)))
        };
        while let Some(token) = take().await? {
            let token = Token::from_bytes(&token)?;
            let mut taken = source.config.issuer_keys(self.user().domain(), now());
            // One of a key that has ended meanwhile is worth nothing any more.
            if taken.any(|key| key.id() == *token.token_key_id()) {
                return Ok(token);
            }
        }
        let tokens = self.fetch_tokens(source, today).await?;
        let encoded = tokens.iter().map(|token| token.to_bytes()).collect::<Result<Vec<_>, _>>()?;
        {
            let dp = dp.clone();
            self.step(move |session| session.discovery(|file| discovery::put_tokens(file, &dp, today.0, &encoded)))
                .await?;
        }
        let token = take().await?.ok_or_else(|| DiscoveryError::NoTokens("another process took it".to_owned()))?;
        Ok(Token::from_bytes(&token)?)
    }

    async fn fetch_tokens(&self, source: &Source, today: Day) -> Result<Vec<Token>, DiscoveryError> {
        let (dp, msp) = (&source.domain, self.user().domain());
        let key = source
            .config
            .issuer_key(msp, now())
            .ok_or_else(|| DiscoveryError::NoIssuer { dp: dp.clone(), msp: msp.clone() })?;
        let (request, pending) = key.request(dp, msp, today, BATCH, &seed()?)?;
        let request = IssueDiscoveryTokensRequest { dp: dp.to_string(), request: request.to_bytes()? };
        let issued = self.api().issue_discovery_tokens(request).await.map_err(|error| match error {
            TransportError::Refused { code, message } if code == "ResourceExhausted" => {
                DiscoveryError::NoTokens(message)
            }
            error => error.into(),
        })?;
        Ok(pending.finish(&TokenResponse::from_bytes(&issued.response)?)?)
    }

    /// How many tokens for a discovery provider are kept and not spent.
    ///
    /// # Errors
    /// When the state file fails.
    pub async fn discovery_tokens(&self, dp: &mimi_arch::Domain) -> Result<u64, DiscoveryError> {
        let (dp, oldest) = (dp.to_string(), Day::of(now()).0.saturating_sub(1));
        Ok(self.step(move |session| session.discovery(|file| discovery::tokens_left(file, &dp, oldest))).await?)
    }
}
