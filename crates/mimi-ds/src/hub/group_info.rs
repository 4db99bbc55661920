//! Handing out what an external join needs (section 5.6).

use mimi_arch::{ClientUri, Domain, UserUri};
use mimi_protocol::{
    group_info::{GroupInfoCode, GroupInfoRatchetTreeTbe, GroupInfoRequest, PendingProposal},
    ratchet_tree::RatchetTreeOption,
};

use super::{HubRoom, Member, NoGroup, Standing, policy::Denied};
use crate::group::{GroupError, RoomGroup};

/// Why the hub does not hand out the GroupInfo.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupInfoRefusal {
    /// The room has no group that could be joined.
    #[error(transparent)]
    NoGroup(#[from] NoGroup),
    /// The credential names no client.
    #[error("the credential is not a basic credential with a client URI that names its user")]
    Credential,
    /// The request came from another provider than the client's.
    #[error("{0} is not a client of the provider that sent the request")]
    ForeignClient(ClientUri),
    /// The user's removal is accepted already.
    #[error("{0} is leaving the room")]
    Leaving(UserUri),
    /// The user's ban is accepted already.
    #[error("{0} is being banned")]
    Barred(UserUri),
    /// The user is no participant, or banned.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The joining code opens no link of the room: it never did, the link was taken back, or it is used up.
    #[error("the joining code is not one of the room")]
    Code,
    /// The time of the joining code's link is over.
    #[error("the time of the joining code is over")]
    CodeExpired,
    /// The hub itself failed; the draft has no code for that.
    #[error(transparent)]
    Internal(#[from] GroupError),
}

impl GroupInfoRefusal {
    /// The status of the draft's answer; `None` when the fault is the hub's, which is an HTTP 500.
    // req: MP06-5.6-24
    pub fn code(&self) -> Option<GroupInfoCode> {
        match self {
            Self::Internal(_) => None,
            Self::NoGroup(_) => Some(GroupInfoCode::NoSuchRoom),
            _ => Some(GroupInfoCode::NotAuthorized),
        }
    }
}

impl<G: RoomGroup> HubRoom<G> {
    /// What a client needs in order to join by external commit without a code; the request is verified already. A code in it is not
    /// looked at: [`HubRoom::claim_group_info`] does that.
    ///
    /// # Errors
    /// The refusal.
    // req: MP06-3.6-05
    // req: MP06-5.6-05
    // req: MP06-5.6-13
    // req: MP06-5.6-17
    // req: MP06-5.6-18
    // req: MP06-5.6-23
    // req: DS06-7-02, DS06-9.6-01
    pub fn group_info(
        &self,
        source: &Domain,
        request: &GroupInfoRequest,
    ) -> Result<GroupInfoRatchetTreeTbe, GroupInfoRefusal> {
        self.check_joinable()?;
        let requester = Self::requester(source, request)?;
        self.policy.may_come_in(&requester)?;
        self.check_not_on_the_way_out(&requester.user)?;
        Ok(self.group_info_contents()?)
    }

    pub(super) fn requester(source: &Domain, request: &GroupInfoRequest) -> Result<Member, GroupInfoRefusal> {
        let requester =
            Member::from_credential(&request.tbs().requesting_credential).ok_or(GroupInfoRefusal::Credential)?;
        if requester.domain() == source {
            Ok(requester)
        } else {
            Err(GroupInfoRefusal::ForeignClient(requester.client))
        }
    }

    pub(super) fn check_not_on_the_way_out(&self, user: &UserUri) -> Result<(), GroupInfoRefusal> {
        match self.standing(user) {
            Standing::Leaving | Standing::LeavingInactive => Err(GroupInfoRefusal::Leaving(user.clone())),
            Standing::Barred => Err(GroupInfoRefusal::Barred(user.clone())),
            _ => Ok(()),
        }
    }

    pub(super) fn group_info_contents(&self) -> Result<GroupInfoRatchetTreeTbe, GroupError> {
        let pending_proposals = self
            .pending
            .iter()
            .map(|pending| PendingProposal { proposal: pending.message.clone(), hub_accepted_time: pending.accepted })
            .collect();
        Ok(GroupInfoRatchetTreeTbe {
            group_info: self.group.group_info().clone(),
            ratchet_tree: RatchetTreeOption::Full(self.group.tree()?),
            pending_proposals,
        })
    }
}
