//! [`Client`]: the session with its provider at the other end of a channel.
//!
//! One file per step of draft-ietf-mimi-protocol-06 section 3. Each operation is the same chain: a step of the session
//! (durable), a call, a step of the session for its answer.

mod add;
mod attend;
mod consent;
mod create;
mod discovery;
mod download;
mod encryption;
mod intent;
mod join;
mod join_links;
mod leave;
mod moderate;
mod profile;
mod queue;
mod rejoin;
mod report;
mod send;
mod stock;
mod two_step;
mod write;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
};

use mimi_arch::{ClientUri, Domain, RoomUri, UserUri};
use mimi_client_api::{RegisterRequest, RoomCall};
use openmls_basic_credential::SignatureKeyPair;

pub use self::{
    consent::{ConsentSummary, Consents, Conveyed},
    discovery::{
        DiscoveryError, LookUp, LookUpMode, LookUpOptions, NewRegistration, Next, NotReachable, Progress, Reached,
    },
    download::Download,
    join_links::JoinLinkOptions,
    profile::{ProfileField, ProfileFieldName},
    rejoin::Recovered,
    send::Sent,
    two_step::Endpoint,
};
use crate::{
    api::Api,
    error::{ClientError, StateError},
    events::{Event, RoomSummary},
    mls::{Identity, SUITE, library},
    session::Session,
    state::{
        State,
        account::{self, Account, Provider},
        vault::Passphrase,
    },
};

/// How many key packages a new client uploads.
const FIRST_KEY_PACKAGES: usize = 20;

/// Where a client keeps its state and finds its provider.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// The SQLite file; made if there is none. It holds private keys and can be read by its owner alone.
    pub state: PathBuf,
    /// Where the provider's client API listens, as `https://ADDRESS:PORT`.
    pub endpoint: String,
    /// The provider's domain, which its certificate has to name.
    pub domain: Domain,
    /// The certificates, in PEM, one of which has to have signed the provider's.
    pub ca_pem: Vec<u8>,
}

/// One MLS client of a user.
///
/// Cheap to clone; clones share the state and the channel. Operations may run at the same time and in several
/// processes: each step is one transaction of the state file.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    account: Account,
    session: Mutex<Session>,
    api: Api,
    /// What came through the queue while an operation caught up, and is not reported yet.
    unreported: Mutex<Vec<Event>>,
    /// Held for a room while an operation changes it: the next one is made for what comes of it.
    changing: Mutex<HashMap<RoomUri, Arc<tokio::sync::Mutex<()>>>>,
    /// The rooms in which proposals wait for a commit.
    waiting: Mutex<attend::Waiting>,
    /// Whether the provider's stock of key packages is known to be enough.
    stocked: AtomicBool,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("id", self.id()).finish_non_exhaustive()
    }
}

impl Client {
    /// Makes an account with its first client, or adds a client to the account whose secret is given, keeps both in a new
    /// state file, and uploads key packages.
    ///
    /// # Errors
    /// When the state file holds an account already, or the provider refuses or cannot be reached. When only the upload
    /// failed, the account is there: open it and upload again.
    pub async fn register(
        config: ClientConfig,
        user: &str,
        device: &str,
        user_secret: Option<&str>,
    ) -> Result<Self, ClientError> {
        Self::register_with(config, user, device, user_secret, None).await
    }

    async fn register_with(
        config: ClientConfig,
        user: &str,
        device: &str,
        user_secret: Option<&str>,
        passphrase: Option<Passphrase>,
    ) -> Result<Self, ClientError> {
        let path = config.state.clone();
        let state = blocking(move || {
            let mut state = State::create_with(&path, passphrase.as_ref())?;
            match state.peek(|connection| Ok(account::load(connection)?))? {
                None => Ok(state),
                Some(existing) => {
                    Err(StateError::AlreadyRegistered { client: existing.identity.client.to_string() }.into())
                }
            }
        })
        .await?;
        let provider = Provider { endpoint: config.endpoint, domain: config.domain, ca_pem: config.ca_pem };
        let api = Api::new(&provider)?;
        let answer = api
            .register(RegisterRequest {
                user: user.to_owned(),
                client: device.to_owned(),
                user_secret: user_secret.unwrap_or_default().to_owned(),
            })
            .await?;
        let signer = SignatureKeyPair::new(SUITE.signature_algorithm()).map_err(library("making a signature key"))?;
        let account = Account {
            provider,
            user: answer.user_uri.parse()?,
            user_secret: answer.user_secret,
            identity: Identity { client: answer.client_uri.parse()?, signer },
            token: answer.token,
        };
        let session = blocking(move || Session::create(state, account)).await?;
        let client = Self::over(session, api)?;
        client.upload_key_packages(FIRST_KEY_PACKAGES).await?;
        Ok(client)
    }

    /// Opens the account of a state file. Connects when it is first used. Must run within a Tokio runtime.
    ///
    /// # Errors
    /// When the file holds no account or cannot be used.
    pub async fn open(state: &Path) -> Result<Self, ClientError> {
        Self::open_with(state, None).await
    }

    async fn open_with(state: &Path, passphrase: Option<Passphrase>) -> Result<Self, ClientError> {
        let path = state.to_owned();
        let session = blocking(move || Session::open_with(&path, passphrase.as_ref())).await?;
        let api = Api::new(&session.account().provider)?;
        Self::over(session, api)
    }

    fn over(session: Session, api: Api) -> Result<Self, ClientError> {
        let account = session.account().clone();
        let api = api.with_token(&account.token)?;
        Ok(Self {
            inner: Arc::new(Inner {
                account,
                session: Mutex::new(session),
                api,
                unreported: Mutex::default(),
                changing: Mutex::default(),
                waiting: Mutex::default(),
                stocked: AtomicBool::new(false),
            }),
        })
    }

    /// The user whose client this is.
    pub fn user(&self) -> &UserUri {
        &self.inner.account.user
    }

    /// This client.
    pub fn id(&self) -> &ClientUri {
        &self.inner.account.identity.client
    }

    /// The secret with which the user registers further clients.
    pub fn user_secret(&self) -> &str {
        &self.inner.account.user_secret
    }

    /// Makes key packages and hands them to the provider, which then holds as many as the answer says.
    ///
    /// # Errors
    /// When the provider refuses or cannot be reached.
    pub async fn upload_key_packages(&self, count: usize) -> Result<u32, ClientError> {
        let key_packages = self.step(move |session| session.make_key_packages(count)).await?;
        Ok(self.inner.api.upload_key_packages(key_packages).await?)
    }

    /// All rooms that this client is or was a member of, ordered by URI.
    ///
    /// # Errors
    /// When the state file fails.
    pub async fn rooms(&self) -> Result<Vec<RoomSummary>, ClientError> {
        self.step(Session::rooms).await
    }

    /// One room.
    ///
    /// # Errors
    /// When this client never was a member of it, or the state file fails.
    pub async fn room(&self, room: &RoomUri) -> Result<RoomSummary, ClientError> {
        let room = room.clone();
        self.step(move |session| session.room(&room)).await
    }

    /// Runs a step of the session where it may block.
    async fn step<T: Send + 'static>(
        &self,
        step: impl FnOnce(&mut Session) -> Result<T, ClientError> + Send + 'static,
    ) -> Result<T, ClientError> {
        let inner = Arc::clone(&self.inner);
        blocking(move || {
            // A step that panicked has rolled its transaction back, and the session keeps nothing else.
            let mut session = inner.session.lock().unwrap_or_else(PoisonError::into_inner);
            step(&mut session)
        })
        .await
    }

    /// Waits until no other operation of this client changes the room.
    async fn alone(&self, room: &RoomUri) -> tokio::sync::OwnedMutexGuard<()> {
        let lock = {
            let mut changing = self.inner.changing.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(changing.entry(room.clone()).or_default())
        };
        lock.lock_owned().await
    }

    fn api(&self) -> &Api {
        &self.inner.api
    }
}

fn call(room: &RoomUri, body: Vec<u8>) -> RoomCall {
    RoomCall { room_uri: room.to_string(), target_user: String::new(), body }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ClientError> + Send + 'static,
) -> Result<T, ClientError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ClientError::ShuttingDown)?
}
