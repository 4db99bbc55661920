//! Accounts of the provider's own users: who may register, and which client a token speaks for.
//!
//! Tokens and account secrets are 256 random bits; the store holds their SHA-256 alone.

use mimi_arch::{ClientUri, Domain, UriError, UserUri};
use mimi_ds::{
    effect::Effect,
    store::{Store, StoreError},
};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use thiserror::Error;

/// Why a registration is refused.
#[derive(Debug, Error)]
pub(crate) enum RegisterError {
    #[error("{0}")]
    Name(#[from] UriError),
    #[error("the user exists already: show the account's secret to add a client to it")]
    UserExists,
    #[error("the account's secret is not right")]
    WrongSecret,
    #[error("the user has a client of that name already")]
    ClientExists,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A client that was registered.
pub(crate) struct Registered {
    pub(crate) user: UserUri,
    pub(crate) client: ClientUri,
    pub(crate) token: String,
    pub(crate) user_secret: String,
}

/// Makes the account with its first client, or adds a client when the account's secret is shown. Blocks.
pub(crate) fn register(
    store: &dyn Store,
    domain: &Domain,
    user: &str,
    device: &str,
    shown: &str,
) -> Result<Registered, RegisterError> {
    let user = UserUri::new(domain, user)?;
    let client = ClientUri::of_user(&user, device)?;
    let token = random_secret();
    let mut effects = Vec::with_capacity(2);
    let user_secret = match (store.account_secret(&user)?, shown) {
        (None, _) => {
            let secret = random_secret();
            effects.push(Effect::PutAccount { user: user.clone(), secret_digest: digest(&secret) });
            secret
        }
        (Some(_), "") => return Err(RegisterError::UserExists),
        (Some(stored), shown) if bool::from(stored.ct_eq(&digest(shown))) => shown.to_owned(),
        (Some(_), _) => return Err(RegisterError::WrongSecret),
    };
    effects.push(Effect::PutClient { client: client.clone(), user: user.clone(), token_digest: digest(&token) });
    match store.commit(effects) {
        Ok(()) => Ok(Registered { user, client, token, user_secret }),
        Err(StoreError::Conflict(_)) => Err(RegisterError::ClientExists),
        Err(error) => Err(error.into()),
    }
}

/// The client that the token speaks for. Blocks.
pub(crate) fn authenticate(store: &dyn Store, token: &str) -> Result<Option<ClientUri>, StoreError> {
    store.client_by_token(&digest(token))
}

/// Whether this is the account's secret. Blocks.
pub(crate) fn is_secret_of(store: &dyn Store, user: &UserUri, shown: &str) -> Result<bool, StoreError> {
    Ok(store.account_secret(user)?.is_some_and(|stored| stored.ct_eq(&digest(shown)).into()))
}

fn random_secret() -> String {
    hex::encode(rand::random::<[u8; 32]>())
}

fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}
