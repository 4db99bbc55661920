//! The hub between the requester and the target's provider (section 5.2): which requests it passes on, and what it remembers of the
//! answers so that a Welcome finds its way.

use mimi_arch::{Domain, RoomUri, UserUri};
use mimi_protocol::{
    IdentifierUri,
    key_material::{KeyMaterialRequest, KeyMaterialResponse},
};

use mimi_room_policy::capability::CapabilityType;

use super::{HubRoom, Member, NoGroup, Standing, policy::Denied};
use crate::{effect::Effect, group::RoomGroup};

/// Why the hub does not pass a request on. The draft has no code for a hub's own refusal; the answer to the requester is a user
/// status of noConsent, or an HTTP error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyMaterialRefusal {
    /// The room has no group to which anybody could be added.
    #[error(transparent)]
    NoGroup(#[from] NoGroup),
    /// The request names another room, or none.
    #[error("the request is not for room {0}")]
    OtherRoom(RoomUri),
    /// An identifier is not a user URI.
    #[error("{0} is not a user URI")]
    NotAUser(IdentifierUri),
    /// The path names another user than the body.
    #[error("the request's path names {0}, its body another user")]
    OtherTarget(UserUri),
    /// The credential is not of a client of the requesting user.
    #[error("the credential is not that of a client of {0}")]
    Credential(UserUri),
    /// The requesting client is no member, or signs with another key than in the group: only a member can use key packages.
    #[error("the request is not signed with the key of a client of {0} in the group")]
    NotAMember(UserUri),
    /// The request came from another provider than the requester's.
    #[error("{user} is not a user of {source_provider}, which sent the request")]
    ForeignUser {
        /// The requesting user.
        user: UserUri,
        /// Which provider sent the request.
        source_provider: Domain,
    },
    /// The user's removal is accepted already.
    #[error("{0} is leaving the room")]
    Leaving(UserUri),
    /// The policy says no.
    #[error(transparent)]
    Denied(#[from] Denied),
}

/// Why the hub does not pass an answer back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadKeyMaterial {
    /// The answer is about another user.
    #[error("the answer is about {0}, not the user asked for")]
    OtherUser(IdentifierUri),
    /// A key package is not of a client of the user at the provider that answered.
    #[error("the key package given for {0} is not one of a client of the target user")]
    OtherClient(IdentifierUri),
    /// A key package's reference cannot be computed.
    #[error("a key package has a cipher suite without a known hash function")]
    CipherSuite,
}

impl<G: RoomGroup> HubRoom<G> {
    /// Whether the hub passes on a request that `source` sent for a user of this path; if so, to which provider. The request's
    /// signature is verified already.
    ///
    /// # Errors
    /// The refusal.
    // req: MP06-3.3-01
    // req: MP06-3.3-03
    // req: MP06-5.2-05
    // req: MP06-5.2-08
    pub fn key_material(
        &self,
        source: &Domain,
        target: &UserUri,
        request: &KeyMaterialRequest,
    ) -> Result<Domain, KeyMaterialRefusal> {
        let tbs = request.tbs();
        if tbs.room_id.parse().ok().as_ref() != Some(self.room()) {
            return Err(KeyMaterialRefusal::OtherRoom(self.room().clone()));
        }
        self.check_has_group()?;
        let user = parse_user(&tbs.requesting_user)?;
        if parse_user(&tbs.target_user)? != *target {
            return Err(KeyMaterialRefusal::OtherTarget(target.clone()));
        }
        if user.domain() != source {
            return Err(KeyMaterialRefusal::ForeignUser { user, source_provider: source.clone() });
        }
        let requester = Member::from_credential(&tbs.requester_credential).filter(|requester| requester.user == user);
        let Some(requester) = requester else {
            return Err(KeyMaterialRefusal::Credential(user));
        };
        if user == *target {
            self.policy.holds(&user, CapabilityType::CAN_ADD_OWN_CLIENT)?;
        } else if self.policy.is_fixed() {
            // Nobody is added, but clients of participants are.
            self.policy.may_be_brought(target)?;
        } else {
            self.policy.holds(&user, CapabilityType::CAN_ADD_PARTICIPANT)?;
        }
        if matches!(self.standing(&user), Standing::Leaving | Standing::LeavingInactive) {
            return Err(KeyMaterialRefusal::Leaving(user));
        }
        let key = self.leaf_of(&requester.client).and_then(|leaf| self.group.signature_key(leaf));
        if key != Some(tbs.requester_signature_key.as_slice()) {
            return Err(KeyMaterialRefusal::NotAMember(user));
        }
        Ok(target.domain().clone())
    }
}

/// What the hub remembers of an answer before it passes it on: for each key package the provider it leads to.
///
/// # Errors
/// The answer is not one to this request; it is not passed on.
// req: MP06-3.2-12
// req: MP06-3.3-05
// req: MP06-4.3.1-08
// req: MP06-5.2-44
pub fn routes(target: &UserUri, response: &KeyMaterialResponse) -> Result<Vec<Effect>, BadKeyMaterial> {
    if response.user_uri.parse().ok().as_ref() != Some(target) {
        return Err(BadKeyMaterial::OtherUser(response.user_uri.clone()));
    }
    let mut effects = Vec::new();
    for client in &response.clients {
        let Some(key_package) = client.key_package() else { continue };
        let owner = Member::from_credential(key_package.credential())
            .filter(|owner| owner.user == *target && client.client_uri().parse().ok().as_ref() == Some(&owner.client));
        if owner.is_none() {
            return Err(BadKeyMaterial::OtherClient(client.client_uri().clone()));
        }
        effects.push(Effect::PutRoute {
            reference: key_package.reference().map_err(|_| BadKeyMaterial::CipherSuite)?,
            provider: target.domain().clone(),
            not_after: key_package.not_after(),
        });
    }
    Ok(effects)
}

fn parse_user(uri: &IdentifierUri) -> Result<UserUri, KeyMaterialRefusal> {
    uri.parse().map_err(|_| KeyMaterialRefusal::NotAUser(uri.clone()))
}
