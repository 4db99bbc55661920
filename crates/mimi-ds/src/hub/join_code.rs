//! Coming in with a joining code (section 5.6, draft-ietf-mimi-room-policy-03 sections 6.2 and 8.1.1).
//!
//! A code is shown once, in the request for the GroupInfo, which its client has signed. The hub remembers that client and key with the
//! link that the code opens, for the epoch of the GroupInfo: an external commit of that epoch by that client with that key is by the
//! code, and carries it neither to members nor to followers (interpretation IP-120). A link for one user is removed by the commit that
//! uses it, so that its use is a part of the room's state like any other (IRP-71).

use mimi_arch::{ClientUri, Domain, UserUri, mls::ComponentId};
use mimi_protocol::{
    AcceptedTimestamp, DecodeError, Epoch, Wire,
    group_info::{GroupInfoRatchetTreeTbe, GroupInfoRequest},
    mls::{AppDataOperation, CommitView},
    update::{HandshakeBundle, UpdateRequest},
};
use mimi_room_policy::{
    join_code::{CodeLink, JoiningCode, LinkTermsError},
    join_link::{JoinLinks, JoinLinksUpdate},
};

use super::{
    GroupInfoRefusal, HubRoom, Member, NotAllowed, UpdateRefusal,
    deed::{ByCode, Deed, Door},
    meaning::{Meaning, invalid},
};
use crate::{effect::Effect, group::RoomGroup};

/// A client that has shown a code, as the store remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinGrant {
    /// The client.
    pub client: ClientUri,
    /// The key that signed its request, and has to be that of its leaf.
    pub signature_key: Vec<u8>,
    /// The digest of the code, which names the link.
    pub link: [u8; 32],
    /// The epoch of the GroupInfo that was given out, and the only one in which the grant holds.
    pub epoch: Epoch,
}

/// A GroupInfo to be handed out, once the effects are durable.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "the effects have to be durable before the contents are given out"]
pub struct ClaimedGroupInfo {
    /// What the response encrypts.
    pub contents: GroupInfoRatchetTreeTbe,
    /// That the client may come in by its code, if it does so by one.
    pub effects: Vec<Effect>,
}

/// Why the hub does not take a join link into a room.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JoinLinkFault {
    /// Nothing says what links of the room are like.
    #[error("the room has no join_link_policy")]
    NoPolicy,
    /// A form that the hub cannot check codes against.
    #[error("a join link: {0}")]
    Form(DecodeError),
    /// Terms that the policy does not allow.
    #[error(transparent)]
    Terms(#[from] LinkTermsError),
}

/// The client of an external commit, about which [`crate::Store::join_grant`] has to be asked.
pub fn joiner_named(request: &UpdateRequest) -> Option<ClientUri> {
    let HandshakeBundle::Commit { commit, .. } = &request.0 else { return None };
    match commit.as_public()?.sender {
        mimi_protocol::mls::Sender::NewMemberCommit => {
            Some(Member::from_credential(&commit.as_commit()?.path.as_deref()?.leaf_node.credential)?.client)
        }
        _ => None,
    }
}

/// Whole seconds since the Unix epoch.
const fn seconds(time: AcceptedTimestamp) -> u64 {
    time.0 / 1_000
}

impl<G: RoomGroup> HubRoom<G> {
    /// What a client needs in order to join by external commit; the request is verified already. Somebody who is not on the participant
    /// list and shows a code comes in by the code or not at all; participants need none.
    ///
    /// # Errors
    /// The refusal.
    // req: MP06-5.6-06
    // req: RP03-8.1.1-15
    pub fn claim_group_info(
        &self,
        now: AcceptedTimestamp,
        source: &Domain,
        request: &GroupInfoRequest,
    ) -> Result<ClaimedGroupInfo, GroupInfoRefusal> {
        self.check_joinable()?;
        let requester = Self::requester(source, request)?;
        let code = request.tbs().joining_code.as_ref().filter(|_| self.role(&requester.user).is_none());
        let Some(code) = code else {
            let contents = self.group_info(source, request)?;
            return Ok(ClaimedGroupInfo { contents, effects: Vec::new() });
        };
        let (_, link) = CodeLink::opened_by(self.join_links(), &JoiningCode::from_octets(code.clone()))
            .ok_or(GroupInfoRefusal::Code)?;
        if link.terms.is_over(seconds(self.next_timestamp(now))) {
            return Err(GroupInfoRefusal::CodeExpired);
        }
        self.policy.may_come_by_code(&requester, link.terms.role)?;
        self.check_not_on_the_way_out(&requester.user)?;
        let grant = JoinGrant {
            client: requester.client,
            signature_key: request.tbs().requesting_signature_key.clone(),
            link: *link.digest(),
            epoch: self.epoch(),
        };
        let effects = vec![Effect::PutJoinGrant { room: self.room.clone(), grant }];
        Ok(ClaimedGroupInfo { contents: self.group_info_contents()?, effects })
    }

    /// The code by which a joiner may come in, if it has shown one for this epoch and its link is still there.
    // req: MP06-5.6-04
    pub(super) fn by_code(
        &self,
        now: AcceptedTimestamp,
        grant: Option<&JoinGrant>,
        joiner: &Member,
        commit: &CommitView,
    ) -> Option<ByCode> {
        let leaf = &commit.path.as_deref()?.leaf_node;
        let grant = grant.filter(|grant| {
            grant.client == joiner.client && grant.signature_key == leaf.signature_key && grant.epoch == self.epoch()
        })?;
        let (place, link) = CodeLink::all(self.join_links()).find(|(_, link)| *link.digest() == grant.link)?;
        if link.terms.is_over(seconds(now)) {
            return None;
        }
        Some(ByCode { role: link.terms.role, uses_up: (!link.terms.multiuser).then_some(place) })
    }

    /// Whether a commit is allowed, whose last deed is the committer's; a joiner may come in by any door that is open, and the first one is
    /// told.
    pub(super) fn way_in(
        &self,
        user: &UserUri,
        deeds: &[Deed],
        by_code: Option<ByCode>,
    ) -> Result<Door, UpdateRefusal> {
        let open = self.authorize(user, deeds, Door::Open);
        if open.is_ok() || !deeds.iter().any(Deed::comes_from_outside) {
            return open.map(|()| Door::Open);
        }
        if self.authorize(user, deeds, Door::Preauthorized).is_ok() {
            return Ok(Door::Preauthorized);
        }
        let Some(by) = by_code else { return open.map(|()| Door::Open) };
        self.authorize(user, deeds, Door::Code(by))?;
        // Whoever comes by a link for one user takes it away.
        match by.uses_up {
            Some(place) if !deeds.last().is_some_and(|deed| deed.uses_up(place)) => {
                Err(NotAllowed::OneTimeLinkStays.into())
            }
            _ => Ok(Door::Code(by)),
        }
    }

    /// Whether the hub can check codes against the links that these proposals add, and the policy allows their terms.
    // req: RP03-6.2-04, RP03-6.2-05
    pub(super) fn check_new_links<'a>(
        &self,
        now: AcceptedTimestamp,
        meanings: impl IntoIterator<Item = &'a Meaning>,
    ) -> Result<(), UpdateRefusal> {
        for meaning in meanings {
            let Meaning::Component(update) = meaning else { continue };
            let AppDataOperation::Update(data) = &update.operation else { continue };
            if update.component_id == ComponentId::JOIN_LINKS {
                let update = JoinLinksUpdate::from_bytes(data)
                    .map_err(|error| invalid(format!("join links update: {error}")))?;
                self.policy.check_links(&update.added_links, seconds(now)).map_err(NotAllowed::from)?;
            }
        }
        Ok(())
    }

    fn join_links(&self) -> &JoinLinks {
        static NONE: JoinLinks = JoinLinks { links: Vec::new() };
        self.policy().join_links.as_ref().unwrap_or(&NONE)
    }
}
