//! What proposals mean for a room, and what a set of them would leave behind (sections 4.3.2, 5.3 and 7.5).

use std::collections::BTreeSet;

use mimi_arch::RoleIndex;
use mimi_protocol::{
    KeyPackageRef, Wire,
    mls::{AppDataOperation, AppDataUpdate, ComponentData, ComponentId, ExternalSenders, ProposalView, ReInit},
    participant_list::{ParticipantListData, ParticipantListUpdate},
};

use super::{NotAllowed, UpdateRefusal, participants::ParticipantChange, policy::is_policy, roster::Member};
use crate::{group::RoomGroup, hub::HubRoom};

/// A member with its place in the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    pub(super) index: u32,
    pub(super) member: Member,
}

/// What one proposal means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A client joins.
    Add { member: Member, reference: KeyPackageRef },
    /// A member goes; by its own wish if `own`.
    Remove { leaf: Leaf, own: bool },
    /// The participant list changes; the update, and the proposal that it was read from.
    Participants { update: ParticipantListUpdate, proposal: AppDataUpdate },
    /// The hub becomes the room's franking agent.
    FrankingAgent(AppDataUpdate),
    /// Another component changes: the metadata, or a part of the policy.
    Component(AppDataUpdate),
    /// The external senders of the group become these, and nothing else changes.
    ExternalSenders(ExternalSenders),
    /// The group gives way to the one that is named.
    ReInit(ReInit),
    /// Part of every external commit, without a meaning for the room.
    ExternalInit,
}

/// What a set of proposals would do together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) added: Vec<(Member, KeyPackageRef)>,
    pub(super) removed: BTreeSet<u32>,
    pub(super) participants: Option<ParticipantChange>,
    /// What the components hold that the updates change.
    pub(super) components: Vec<ComponentData>,
}

impl<G: RoomGroup> HubRoom<G> {
    /// What a proposal means; `sender` is the member who made it, `None` a client that joins by external commit.
    pub(super) fn meaning(&self, proposal: &ProposalView, sender: Option<&Leaf>) -> Result<Meaning, UpdateRefusal> {
        let unsupported = || NotAllowed::ProposalType(proposal.proposal_type()).into();
        match proposal {
            ProposalView::Add(key_package) => {
                let member = Member::from_credential(key_package.credential()).ok_or(NotAllowed::Credential)?;
                let reference = key_package.reference().map_err(|error| invalid(error.to_string()))?;
                Ok(Meaning::Add { member, reference })
            }
            ProposalView::Remove(index) => {
                let member =
                    self.roster.get(*index).ok_or_else(|| invalid(format!("there is no member at leaf {index}")))?;
                let leaf = Leaf { index: *index, member: member.clone() };
                Ok(Meaning::Remove { leaf, own: false })
            }
            ProposalView::SelfRemove => {
                let leaf = sender.ok_or_else(unsupported)?.clone();
                Ok(Meaning::Remove { leaf, own: true })
            }
            ProposalView::AppDataUpdate(update) => match &update.operation {
                AppDataOperation::Update(data) if update.component_id == ComponentId::PARTICIPANT_LIST => {
                    let list = ParticipantListUpdate::from_bytes(data)
                        .map_err(|error| invalid(format!("participant list update: {error}")))?;
                    Ok(Meaning::Participants { update: list, proposal: update.clone() })
                }
                AppDataOperation::Update(data) if update.component_id == ComponentId::FRANKING_AGENT => {
                    self.check_franking_agent(data)?;
                    Ok(Meaning::FrankingAgent(update.clone()))
                }
                AppDataOperation::Update(_)
                    if update.component_id == ComponentId::ROOM_METADATA || is_policy(update.component_id) =>
                {
                    Ok(Meaning::Component(update.clone()))
                }
                // A room without a participant list is none (section 7.1), and updates of components that the hub does
                // not know cannot be followed: what they mean is the component's own affair.
                _ => Err(NotAllowed::Component(update.component_id.0).into()),
            },
            ProposalView::GroupContextExtensions(extensions) => {
                Ok(Meaning::ExternalSenders(self.senders_proposed(extensions)?))
            }
            ProposalView::ReInit(reinit) if sender.is_some() => {
                self.check_reinit(reinit)?;
                Ok(Meaning::ReInit(reinit.clone()))
            }
            ProposalView::ExternalInit { .. } if sender.is_none() => Ok(Meaning::ExternalInit),
            ProposalView::Update(_)
            | ProposalView::PreSharedKey(_)
            | ProposalView::ReInit(_)
            | ProposalView::ExternalInit { .. }
            | ProposalView::AppEphemeral(_) => Err(unsupported()),
        }
    }

    /// What these proposals would do together.
    pub(super) fn outcome<'a>(
        &self,
        meanings: impl Iterator<Item = &'a Meaning> + Clone,
    ) -> Result<Outcome, UpdateRefusal> {
        let mut outcome = Outcome::default();
        for meaning in meanings.clone() {
            match meaning {
                Meaning::Add { member, reference } => {
                    outcome.added.push((member.clone(), reference.clone()));
                }
                Meaning::Remove { leaf, .. } => {
                    if !outcome.removed.insert(leaf.index) {
                        return Err(invalid(format!("leaf {} is removed twice", leaf.index)));
                    }
                }
                Meaning::Participants { .. }
                | Meaning::FrankingAgent(_)
                | Meaning::Component(_)
                | Meaning::ExternalSenders(_)
                | Meaning::ReInit(_)
                | Meaning::ExternalInit => {}
            }
        }
        let proposals = meanings.clone().filter_map(|meaning| match meaning {
            Meaning::Participants { proposal, .. }
            | Meaning::FrankingAgent(proposal)
            | Meaning::Component(proposal) => Some(proposal),
            _ => None,
        });
        outcome.components = self.resolve(proposals)?;
        let list = outcome.components.iter().find(|component| component.component_id == ComponentId::PARTICIPANT_LIST);
        if let Some(list) = list {
            let list = ParticipantListData::from_bytes(&list.data).map_err(|error| invalid(error.to_string()))?;
            let updates = meanings.filter_map(|meaning| match meaning {
                Meaning::Participants { update, .. } => Some(update),
                _ => None,
            });
            outcome.participants = Some(self.participants.change_to(list, updates));
        }
        Ok(outcome)
    }

    /// Participant list and membership have to agree after it: a member's user is a participant who is not banned, and who is
    /// removed or banned has no client left. Only what changes is looked at.
    // req: MP06-5.3-04
    // req: MP06-5.3-05
    // req: AR02-4.2-02
    pub(super) fn check_agreement(&self, outcome: &Outcome, joiner: Option<&Member>) -> Result<(), NotAllowed> {
        let mut newcomers = BTreeSet::new();
        for member in outcome.added.iter().map(|(member, _)| member).chain(joiner) {
            let role = match &outcome.participants {
                Some(change) => change.role_after(&self.participants, &member.user),
                None => self.participants.role(&member.user),
            };
            if role.is_none_or(|role| role <= RoleIndex::BANNED) {
                return Err(NotAllowed::NotAParticipant(member.user.clone()));
            }
            let stays = self.roster.leaf_of(&member.client).is_some_and(|leaf| !outcome.removed.contains(&leaf));
            if stays || !newcomers.insert(&member.client) {
                return Err(NotAllowed::DuplicateClient(member.client.clone()));
            }
        }
        let Some(change) = &outcome.participants else { return Ok(()) };
        for user in change.put_out() {
            if self.roster.leaves_of(user).any(|leaf| !outcome.removed.contains(&leaf)) {
                return Err(NotAllowed::ClientsRemain(user.clone()));
            }
        }
        Ok(())
    }
}

pub(super) fn invalid(reason: impl Into<String>) -> UpdateRefusal {
    UpdateRefusal::InvalidProposal { references: Vec::new(), reason: reason.into() }
}
