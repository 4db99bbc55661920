//! The links by which users join a room (draft-ietf-mimi-room-policy-03 section 6.2), as a member makes and takes them back.

use mimi_arch::{RoleIndex, UserUri};
use mimi_room_policy::{
    capability::CapabilityType,
    join_code::{CODE_LENGTH, CodeLink, JoiningCode, LinkTerms},
    join_link::{JoinLinks, JoinLinksUpdate},
    policy::RoomPolicy,
};
use openmls::group::GroupContext;
use openmls_traits::{OpenMlsProvider as _, random::OpenMlsRand as _};

use super::{RoomDetails, Session};
use crate::{
    error::ClientError,
    mls::{Provider, components, library, participants},
};

/// A link that a member wants to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJoinLink {
    /// The code that is to open it.
    pub code: JoiningCode,
    /// The role of whoever joins by it; without one the lowest that the policy lets codes give.
    pub role: Option<RoleIndex>,
    /// Whether it is for more than one user.
    pub multiuser: bool,
    /// Now, in seconds since the Unix epoch.
    pub now: u64,
    /// For how many seconds it is to be valid; without them as long as the policy lets it.
    pub lifetime: Option<u32>,
}

impl NewJoinLink {
    /// The change of the links that it means; links whose time is over go along, if this user may remove them.
    pub(super) fn update(&self, context: &GroupContext, own: &UserUri) -> Result<JoinLinksUpdate, ClientError> {
        let policy = components::policy(context)?;
        let longest = policy.join_link_policy.as_ref().map_or(0, |policy| policy.expiration);
        let lifetime = self.lifetime.unwrap_or(longest);
        let terms = LinkTerms {
            role: self.role.unwrap_or_else(|| participants::lowest_role_by_code(context)),
            multiuser: self.multiuser,
            not_after: self.now.saturating_add(u64::from(lifetime)),
        };
        let removed_indices = if may_remove(context, &policy, own) {
            let links = policy.join_links.unwrap_or_default();
            CodeLink::all(&links).filter(|(_, link)| link.terms.is_over(self.now)).map(|(place, _)| place).collect()
        } else {
            Vec::new()
        };
        let added_links = vec![CodeLink::new(&self.code, terms).to_link()?];
        Ok(JoinLinksUpdate { removed_indices, added_links })
    }
}

fn may_remove(context: &GroupContext, policy: &RoomPolicy, own: &UserUri) -> bool {
    let role = participants::of(context).ok().and_then(|list| list.role_of(own));
    let role = role.and_then(|role| policy.roles.as_ref()?.get(role));
    role.is_some_and(|role| role.has(CapabilityType::CAN_DELETE_JOIN_CODE))
}

/// The change that takes a link back; `None` when there is no such link.
pub(super) fn removal(context: &GroupContext, digest: &[u8; 32]) -> Result<Option<JoinLinksUpdate>, ClientError> {
    let links = components::policy(context)?.join_links.unwrap_or_default();
    let place = CodeLink::all(&links).find(|(_, link)| link.digest() == digest).map(|(place, _)| place);
    Ok(place.map(|place| JoinLinksUpdate { removed_indices: vec![place], ..JoinLinksUpdate::default() }))
}

/// What a joiner's code is good for: the link that it opens, and its place if coming in by it takes it away.
pub(crate) fn opened(context: &GroupContext, code: &JoiningCode) -> Option<(CodeLink, Option<u32>)> {
    let links: JoinLinks = components::policy(context).ok()?.join_links?;
    let (place, link) = CodeLink::opened_by(&links, code)?;
    Some((link, (!link.terms.multiuser).then_some(place)))
}

impl RoomDetails {
    /// The links by which users join, as far as they are of the form that holds a digest of the code.
    pub fn join_links(&self) -> Vec<CodeLink> {
        self.policy.join_links.iter().flat_map(CodeLink::all).map(|(_, link)| link).collect()
    }
}

impl Session {
    /// A new code.
    ///
    /// # Errors
    /// When there is no randomness.
    pub(crate) fn make_joining_code(&mut self) -> Result<JoiningCode, ClientError> {
        self.state.peek(|connection| {
            let provider = Provider::new(connection);
            let octets: [u8; CODE_LENGTH] = provider.rand().random_array().map_err(library("making a joining code"))?;
            Ok(JoiningCode::from_random(octets))
        })
    }
}
