//! Fetching key material (draft-ietf-mimi-protocol-06 section 5.2), in both parts a provider has in it: as the hub, which asks the
//! target's provider and remembers where each key package came from, and as the target's provider, which hands out
//! one key package per client and never the same again.

use std::sync::Arc;

use mimi_arch::{ClientUri, Domain, RoomUri, UserUri};
use mimi_ds::{
    Effect, KeyPackageError, StoreError,
    follower::{TargetUser, answer_from_grant, claim_key_material},
    hub,
    store::Conflict,
    verify_key_package,
};
use mimi_protocol::{
    key_material::{KeyMaterialRequest, KeyMaterialRequestIn, KeyMaterialResponse, KeyMaterialUserCode},
    mls::KeyPackage,
};
use thiserror::Error;

use crate::{
    clock,
    hub_calls::CallError,
    provider::Core,
    rooms::{Change, Visit},
};

/// How often a claim is tried anew when other requests claim the same key packages at the same time.
const CLAIM_ATTEMPTS: usize = 16;

/// A client of ours asks for itself, for the user and room that the call names.
pub(crate) fn check_own(
    client: &ClientUri,
    room: &RoomUri,
    target: &UserUri,
    request: &KeyMaterialRequestIn,
) -> Result<(), &'static str> {
    let own = client.user();
    if own.as_ref().map(UserUri::as_str) != Some(request.unverified_tbs().requesting_user.as_str()) {
        return Err("requestingUser is not the caller's user");
    }
    if request.unverified_tbs().room_id.as_str() != room.as_str() {
        return Err("roomId is not the room of the call");
    }
    if request.unverified_tbs().target_user.as_str() != target.as_str() {
        return Err("targetUser is not the user of the call");
    }
    Ok(())
}

/// Answers a request that reached this provider from `source` (itself, for its own clients).
// req: MP06-3.2-08, MP06-4.3-01, MP06-4.3.1-01
pub(crate) async fn fetch(
    core: &Arc<Core>,
    source: &Domain,
    target: &UserUri,
    request: KeyMaterialRequestIn,
) -> Result<KeyMaterialResponse, CallError> {
    let verified = request.verify()?;
    if verified.tbs().target_user.as_str() != target.as_str() {
        return Err(CallError::Denied("targetUser is not the user in the path".to_owned()));
    }
    let room: Option<RoomUri> = verified.tbs().room_id.as_str().parse().ok();
    match room {
        Some(room) if room.domain() == &core.domain => as_hub(core, source, target, &room, verified).await,
        _ if target.domain() == &core.domain => claim(core, source.clone(), target.clone(), verified).await,
        _ => Err(CallError::NotHere(target.to_string())),
    }
}

/// The room is ours: check the requester, get the material, remember the routes, answer.
// req: MP06-3.2-09, MP06-5.5-15, MP06-5.2-45
async fn as_hub(
    core: &Arc<Core>,
    source: &Domain,
    target: &UserUri,
    room: &RoomUri,
    request: KeyMaterialRequest,
) -> Result<KeyMaterialResponse, CallError> {
    core.limit_room(room)?;
    let allowed = {
        let (held, source, room) = (core.clone(), source.clone(), room.clone());
        let (target, request) = (target.clone(), request.clone());
        core.blocking(move || {
            held.rooms.visit(&held, &room, |room| (room.key_material(&source, &target, &request), Change::None))
        })
        .await?
    };
    match allowed {
        Visit::NoSuchRoom => return Err(CallError::UnknownRoom(room.clone())),
        Visit::Done(Err(refusal)) => {
            core.metrics.refused("keyMaterial", &refusal);
            return Err(CallError::Denied(refusal.to_string()));
        }
        Visit::Done(Ok(_)) => {}
    }
    if source == &core.domain
        && let Some(response) = granted(core, target.clone(), request.clone()).await?
    {
        return Ok(response);
    }
    let response = if target.domain() == &core.domain {
        claim(core, core.domain.clone(), target.clone(), request).await?
    } else {
        core.peers.key_material(target.domain(), target, request.to_bytes()?).await.map_err(CallError::Peer)?
    };
    let routes =
        hub::key_material::routes(target, &response).map_err(|refusal| CallError::Denied(refusal.to_string()))?;
    if !routes.is_empty() {
        let held = core.clone();
        core.blocking(move || held.submit(routes).wait()).await?;
    }
    Ok(response)
}

/// The requester is ours as well, and the target has granted consent with key packages: what fits is used up, durably, and
/// nobody is asked. Their routes are there since the grant.
async fn granted(
    core: &Arc<Core>,
    target: UserUri,
    request: KeyMaterialRequest,
) -> Result<Option<KeyMaterialResponse>, CallError> {
    let Ok(requester) = request.tbs().requesting_user.parse::<UserUri>() else { return Ok(None) };
    let held = core.clone();
    let taken = core.blocking(move || {
        for _ in 0..CLAIM_ATTEMPTS {
            let packages = held.store.granted_key_packages(&requester, &target)?;
            let Some((response, effects)) = answer_from_grant(&request, &packages, clock::now().0 / 1000) else {
                return Ok(None);
            };
            match held.submit(effects).wait() {
                Ok(()) => return Ok(Some(response)),
                Err(StoreError::Conflict(Conflict::KeyPackageClaimed)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    });
    Ok(taken.await?)
}

/// The answer to a request for another end-to-end protocol than MLS 1.0, whoever the user is.
// req: MP06-5.2-31
pub(crate) fn other_protocol(target: &UserUri) -> KeyMaterialResponse {
    let user_status = KeyMaterialUserCode::IncompatibleProtocol;
    KeyMaterialResponse { user_status, user_uri: target.into(), clients: Vec::new() }
}

/// The target is ours: hand out what fits, durably, each key package once.
// req: MP06-3.3-04, MP06-5.2-02
async fn claim(
    core: &Arc<Core>,
    source: Domain,
    target: UserUri,
    request: KeyMaterialRequest,
) -> Result<KeyMaterialResponse, CallError> {
    let held = core.clone();
    core.blocking(move || {
        for _ in 0..CLAIM_ATTEMPTS {
            let facts = TargetUser::read(&*held.store, &target, request.tbs())?;
            let claimed =
                claim_key_material(&source, &request, &facts, &held.domain, held.claim_policy, clock::now().0 / 1000);
            let (response, effects) = match claimed {
                Ok(claimed) => claimed,
                Err(refusal) => {
                    held.metrics.refused("keyMaterial", &refusal);
                    return Ok(Err(CallError::Denied(refusal.to_string())));
                }
            };
            if effects.is_empty() {
                return Ok(Ok(response));
            }
            match held.submit(effects).wait() {
                Ok(()) => return Ok(Ok(response)),
                Err(StoreError::Conflict(Conflict::KeyPackageClaimed)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Err(CallError::Denied("the user's key packages are asked for by too many at once".to_owned())))
    })
    .await?
}

/// Why an uploaded key package is not stored.
#[derive(Debug, Error)]
pub(crate) enum UploadError {
    #[error("the key package is not of the client that uploads it")]
    OtherClient,
    #[error(transparent)]
    Invalid(#[from] KeyPackageError),
    #[error("the key package has a cipher suite without a known hash function")]
    CipherSuite,
}

/// What storing an uploaded key package means, after the checks that keep others from being misled: a client uploads for itself, and
/// what others can use.
// req: MP06-3.2-07, MP06-4.3.1-02
pub(crate) fn check_upload(client: &ClientUri, package: KeyPackage) -> Result<Effect, UploadError> {
    let owner = package.credential().as_basic().and_then(|identity| ClientUri::from_bytes(identity).ok());
    let (Some(owner), Some(user)) = (owner.filter(|owner| owner == client), client.user()) else {
        return Err(UploadError::OtherClient);
    };
    verify_key_package(&package)?;
    Ok(Effect::PutKeyPackage {
        client: owner,
        user,
        reference: package.reference().map_err(|_| UploadError::CipherSuite)?,
        not_after: package.not_after(),
        last_resort: package.is_last_resort(),
        bytes: package.as_bytes().to_vec(),
    })
}
