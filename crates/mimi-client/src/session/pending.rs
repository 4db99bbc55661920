//! The proposals that wait in a room, as the strategy for committing them has to know them (draft-ietf-mimi-room-policy-03 section 7.1).

use std::collections::BTreeSet;

use mimi_arch::{RoleIndex, RoomUri};
use mimi_protocol::{AcceptedTimestamp, Epoch};
use mimi_room_policy::operational::PendingProposalPolicy;
use openmls::{
    group::MlsGroup,
    prelude::{LeafNodeIndex, OpenMlsProvider as _, Proposal, Sender},
};
use openmls_traits::random::OpenMlsRand as _;

use super::{Session, member};
use crate::{
    error::ClientError,
    mls::{Provider, components, library, participants, room_group},
    pending::{CommitTime, WaitingProposals},
    state::rooms::{self, Standing},
};

impl Session {
    /// When this client is to commit the proposals that wait in a room, and in which epoch they do; `None` if there are none, or this
    /// client is no member. They were accepted at `accepted`.
    ///
    /// # Errors
    /// When the file fails, the room's policy does not decode, or there is no randomness.
    pub(crate) fn when_to_commit(
        &mut self,
        room: &RoomUri,
        now: AcceptedTimestamp,
        accepted: AcceptedTimestamp,
    ) -> Result<Option<(Epoch, CommitTime)>, ClientError> {
        let user = &self.account.user;
        self.state.peek(|connection| {
            let provider = Provider::new(connection);
            if !rooms::get(connection, room)?.is_some_and(|row| row.standing == Standing::Member) {
                return Ok(None);
            }
            let (row, group) = member(connection, &provider, room)?;
            if group.pending_proposals().next().is_none() {
                return Ok(None);
            }
            let context = group.public_group().group_context();
            let operational = components::policy(context)?.operational;
            let role = participants::of(context)?.role_of(user);
            let waiting = WaitingProposals {
                accepted,
                policy: operational.map_or(PendingProposalPolicy::Unspecified, |policy| policy.pending_proposal_policy),
                committers: staying(&group),
                may_commit: row.pending.is_none() && role.is_some_and(|role| role != RoleIndex::BANNED),
                is_leaving: room_group::is_leaving(&group),
            };
            let draw = u64::from_be_bytes(provider.rand().random_array().map_err(library("drawing a delay"))?);
            Ok(Some((Epoch(group.epoch().as_u64()), waiting.when_to_commit(now, draw))))
        })
    }
}

/// How many members the proposals that wait leave in the group.
fn staying(group: &MlsGroup) -> usize {
    let leaving: BTreeSet<LeafNodeIndex> = group
        .pending_proposals()
        .filter_map(|pending| match (pending.proposal(), pending.sender()) {
            (Proposal::Remove(remove), _) => Some(remove.removed()),
            (Proposal::SelfRemove, Sender::Member(leaf)) => Some(*leaf),
            _ => None,
        })
        .collect();
    group.members().filter(|member| !leaving.contains(&member.index)).count()
}
