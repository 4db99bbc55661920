//! The target's side of a claim for key packages (section 5.2).

use mimi_arch::{ClientUri, Domain, RoomUri, UserUri};
use mimi_protocol::{
    IdentifierUri, Wire,
    consent::{Consent, ConsentScope, Keeper},
    key_material::{
        ClientKeyMaterial, KeyMaterialRequest, KeyMaterialRequestTbs, KeyMaterialResponse, KeyMaterialUserCode,
    },
    mls::KeyPackage,
};

use crate::{
    consent::UserConsents,
    effect::Effect,
    hub::Member,
    store::{GrantedKeyPackage, Store, StoreError, StoredKeyPackage},
};

/// What the store knows of the user whose key packages are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetUser {
    /// The user.
    pub user: UserUri,
    /// Whether there is such an account, or was.
    pub known: bool,
    /// Whether the account was deleted.
    pub deleted: bool,
    /// Whether the user's consent is needed where the user has not decided.
    pub requires_consent: bool,
    /// What the user has decided about the requester and the room.
    pub consent: Consent,
    /// The user's clients.
    pub clients: Vec<ClientUri>,
    /// Their unclaimed key packages, oldest first.
    pub key_packages: Vec<StoredKeyPackage>,
}

impl TargetUser {
    /// Reads it from the store, for a request.
    ///
    /// # Errors
    /// The store cannot be read.
    // req: DS06-9.5-01, DS06-9.5-02
    pub fn read(store: &dyn Store, user: &UserUri, request: &KeyMaterialRequestTbs) -> Result<Self, StoreError> {
        let account = store.account(user)?;
        let consent = match request.requesting_user.parse::<UserUri>() {
            Ok(requester) => {
                let scope = ConsentScope::new(requester, user.clone(), request.room_id.parse().ok());
                UserConsents::read(store, Keeper::TargetProvider, user)?.may(&scope)
            }
            Err(_) => Consent::Unknown,
        };
        Ok(Self {
            user: user.clone(),
            known: account.is_some(),
            deleted: account.is_some_and(|account| account.deleted),
            requires_consent: account.is_some_and(|account| account.requires_consent),
            consent,
            clients: store.clients(user)?,
            key_packages: store.key_packages(user)?,
        })
    }
}

/// What a provider tells requesters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ClaimPolicy {
    /// Whether they are told that a user is unknown or deleted; noConsent otherwise.
    // req: MP06-5.2-35, MP06-5.2-39
    pub reveals_unknown_users: bool,
    /// Whether they are told that consent is missing for this room alone; noConsent otherwise.
    // req: MP06-5.2-37
    pub tells_rooms_apart: bool,
}

impl ClaimPolicy {
    /// The code with which a request is refused before any client is looked at.
    ///
    /// A user needs nobody's consent to add own clients. Where the user has decided nothing, the user's setting counts.
    // req: MP06-5.2-33, MP06-5.2-34, MP06-5.2-36, MP06-5.2-38, MP06-8-07
    fn refusal(self, requester: &UserUri, target: &TargetUser) -> Option<KeyMaterialUserCode> {
        let gone = match (target.known, target.deleted) {
            (false, _) => Some(KeyMaterialUserCode::UserUnknown),
            (true, true) => Some(KeyMaterialUserCode::UserDeleted),
            (true, false) => None,
        };
        if let Some(code) = gone {
            return Some(if self.reveals_unknown_users { code } else { KeyMaterialUserCode::NoConsent });
        }
        match target.consent {
            _ if *requester == target.user => None,
            Consent::Unknown if !target.requires_consent => None,
            consent => consent.refusal(self.tells_rooms_apart),
        }
    }
}

/// Why a request is not answered at all. (What the draft has a code for is an answer.)
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimRefusal {
    /// The path names another user than the body.
    #[error("the request's path names {0}, its body another user")]
    OtherTarget(UserUri),
    /// The target user is not one of this provider.
    #[error("{0} is not a user of this provider")]
    ForeignTarget(UserUri),
    /// An identifier is not what it should be.
    #[error("{0:?} is not a {1} URI")]
    Identifier(IdentifierUri, &'static str),
    /// The provider that sent the request is neither the requester's nor the hub of the room.
    #[error("{0} is neither the provider of the requesting user nor the hub of the room")]
    Source(Domain),
    /// The credential is not of a client of the requesting user.
    #[error("the credential is not that of a client of {0}")]
    Credential(UserUri),
}

/// Claims one key package of each of the user's clients. `source` is the provider that sent the request, `now` in seconds since the
/// Unix epoch; the request's signature is verified already.
///
/// The effects conflict when another claim was faster; then the answer must not be given, and the claim is made anew.
///
/// # Errors
/// The request is not one that this provider answers.
// req: MP06-3.2-10
// req: MP06-3.2-11
// req: MP06-5.2-01
// req: MP06-5.2-23
// req: MP06-5.2-24
// req: MP06-5.2-43
// req: MP06-5.2-29, MP06-5.2-30, MP06-5.2-32, MP06-5.2-33, MP06-5.2-40
pub fn claim_key_material(
    source: &Domain,
    request: &KeyMaterialRequest,
    target: &TargetUser,
    own: &Domain,
    policy: ClaimPolicy,
    now: u64,
) -> Result<(KeyMaterialResponse, Vec<Effect>), ClaimRefusal> {
    let tbs = request.tbs();
    if parse::<UserUri>(&tbs.target_user, "user")? != target.user {
        return Err(ClaimRefusal::OtherTarget(target.user.clone()));
    }
    if target.user.domain() != own {
        return Err(ClaimRefusal::ForeignTarget(target.user.clone()));
    }
    let requester: UserUri = parse(&tbs.requesting_user, "user")?;
    let hub = match tbs.room_id.is_empty() {
        true => None,
        false => Some(parse::<RoomUri>(&tbs.room_id, "room")?.domain().clone()),
    };
    if requester.domain() != source && hub.as_ref() != Some(source) {
        return Err(ClaimRefusal::Source(source.clone()));
    }
    let client = Member::from_credential(&tbs.requester_credential);
    if client.is_none_or(|client| client.user != requester) {
        return Err(ClaimRefusal::Credential(requester));
    }

    let user_uri = IdentifierUri::from(&target.user);
    if let Some(user_status) = policy.refusal(&requester, target) {
        return Ok((KeyMaterialResponse { user_status, user_uri, clients: Vec::new() }, Vec::new()));
    }
    let mut effects = Vec::new();
    let clients: Vec<ClientKeyMaterial> = target
        .clients
        .iter()
        .map(|client| match choose(client, &target.key_packages, tbs, now) {
            Choice::Found(stored, key_package) => {
                effects.push(Effect::ClaimKeyPackage { reference: stored.reference.clone() });
                ClientKeyMaterial::Success { client_uri: client.into(), key_package }
            }
            Choice::Exhausted => ClientKeyMaterial::KeyMaterialExhausted { client_uri: client.into() },
            // The capabilities stay out: what software a client runs is nobody's business without need.
            Choice::Incompatible => {
                ClientKeyMaterial::NothingCompatible { client_uri: client.into(), client_capabilities: None }
            }
        })
        .collect();
    let user_status = match effects.len() {
        0 => KeyMaterialUserCode::NoCompatibleMaterial,
        some if some < clients.len() => KeyMaterialUserCode::PartialSuccess,
        _ => KeyMaterialUserCode::Success,
    };
    Ok((KeyMaterialResponse { user_status, user_uri, clients }, effects))
}

/// Claims one key package of each of the user's clients for a grant of consent (section 5.7): any cipher suite, none of last
/// resort. Clients without one are left out.
// req: MP06-5.7-21
// req: MP06-5.2-23
pub fn claim_for_grant(
    clients: &[ClientUri],
    key_packages: &[StoredKeyPackage],
    now: u64,
) -> (Vec<KeyPackage>, Vec<Effect>) {
    let usable = |client: &ClientUri| {
        key_packages.iter().filter(|stored| stored.client == *client && !stored.last_resort).find_map(|stored| {
            let key_package = KeyPackage::from_bytes(&stored.bytes).ok()?;
            let claimed = Effect::ClaimKeyPackage { reference: stored.reference.clone() };
            is_current(&key_package, now).then_some((key_package, claimed))
        })
    };
    clients.iter().filter_map(usable).unzip()
}

/// Answers a request from key packages that the target granted to the requester before (section 5.7), without asking the
/// target's provider; `None` when none of them fits. Each is used once: the effects conflict when another request was faster.
///
/// `request` is one that the hub of the room, which is the requester's provider, would pass on.
// req: MP06-5.7-21
pub fn answer_from_grant(
    request: &KeyMaterialRequest,
    granted: &[GrantedKeyPackage],
    now: u64,
) -> Option<(KeyMaterialResponse, Vec<Effect>)> {
    let tbs = request.tbs();
    let room: Option<RoomUri> = tbs.room_id.parse().ok();
    let fitting: Vec<StoredKeyPackage> = granted
        .iter()
        .filter(|granted| granted.room.is_none() || granted.room == room)
        .map(|granted| granted.key_package.clone())
        .collect();
    let mut owners: Vec<&ClientUri> = fitting.iter().map(|stored| &stored.client).collect();
    owners.sort_unstable();
    owners.dedup();
    let (clients, effects): (Vec<_>, Vec<_>) = owners
        .into_iter()
        .filter_map(|client| match choose(client, &fitting, tbs, now) {
            Choice::Found(stored, key_package) => Some((
                ClientKeyMaterial::Success { client_uri: client.into(), key_package },
                Effect::TakeGrantedKeyPackage { reference: stored.reference.clone() },
            )),
            Choice::Exhausted | Choice::Incompatible => None,
        })
        .unzip();
    let (user_status, user_uri) = (KeyMaterialUserCode::Success, tbs.target_user.clone());
    (!clients.is_empty()).then_some((KeyMaterialResponse { user_status, user_uri, clients }, effects))
}

fn is_current(key_package: &KeyPackage, now: u64) -> bool {
    key_package.not_before() <= now && now < key_package.not_after()
}

enum Choice<'a> {
    Found(&'a StoredKeyPackage, Box<KeyPackage>),
    Exhausted,
    Incompatible,
}

/// The oldest usable key package of a client; one of last resort only when there is no other.
// req: MP06-4.3.1-04
// req: MP06-5.2-41
// req: MP06-5.2-42
fn choose<'a>(
    client: &ClientUri,
    stored: &'a [StoredKeyPackage],
    wanted: &KeyMaterialRequestTbs,
    now: u64,
) -> Choice<'a> {
    let mut nothing = Choice::Exhausted;
    let (mut last_resort, mut ordinary) = (Vec::new(), Vec::new());
    for stored in stored.iter().filter(|stored| stored.client == *client && stored.not_after > now) {
        if stored.last_resort { last_resort.push(stored) } else { ordinary.push(stored) }
    }
    for stored in ordinary.into_iter().chain(last_resort) {
        let Ok(key_package) = KeyPackage::from_bytes(&stored.bytes) else { continue };
        if !is_current(&key_package, now) {
            continue;
        }
        if wanted.acceptable_ciphersuites.contains(&key_package.cipher_suite())
            && wanted.required_capabilities.satisfied_by(key_package.capabilities())
        {
            return Choice::Found(stored, Box::new(key_package));
        }
        nothing = Choice::Incompatible;
    }
    nothing
}

fn parse<T: std::str::FromStr>(uri: &IdentifierUri, kind: &'static str) -> Result<T, ClaimRefusal> {
    uri.parse().map_err(|_| ClaimRefusal::Identifier(uri.clone(), kind))
}
