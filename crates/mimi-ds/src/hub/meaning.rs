//! What proposals mean for a room, and what a set of them would leave behind (sections 4.3.2, 5.3 and 7.5).

use std::collections::BTreeSet;

use mimi_arch::{RoleIndex, UserUri};
use mimi_protocol::{
    KeyPackageRef, Wire,
    mls::{AppDataOperation, ComponentId, ProposalView},
    participant_list::ParticipantListUpdate,
};

use super::{
    NotAllowed, UpdateRefusal,
    participants::ParticipantChange,
    policy::{Action, authorize},
    roster::Member,
};
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
    /// The participant list changes.
    Participants(ParticipantListUpdate),
    /// Part of every external commit, without a meaning for the room.
    ExternalInit,
}

/// What a set of proposals would do together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) added: Vec<(Member, KeyPackageRef)>,
    pub(super) removed: BTreeSet<u32>,
    pub(super) participants: Option<ParticipantChange>,
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
                    ParticipantListUpdate::from_bytes(data)
                        .map(Meaning::Participants)
                        .map_err(|error| invalid(format!("participant list update: {error}")))
                }
                // A room without a participant list is none (section 7.1), and updates of components that the hub does
                // not know cannot be followed: what they mean is the component's own affair.
                _ => Err(NotAllowed::Component(update.component_id.0).into()),
            },
            ProposalView::ExternalInit { .. } if sender.is_none() => Ok(Meaning::ExternalInit),
            ProposalView::Update(_)
            | ProposalView::PreSharedKey(_)
            | ProposalView::ReInit(_)
            | ProposalView::ExternalInit { .. }
            | ProposalView::GroupContextExtensions(_)
            | ProposalView::AppEphemeral(_) => Err(unsupported()),
        }
    }

    /// Whether the policy lets this user do what the proposal means.
    // req: MP06-3.2-13
    // req: MP06-3.3-06
    // req: MP06-3.5-07
    pub(super) fn authorize(
        &self,
        actor: &UserUri,
        role: Option<RoleIndex>,
        meaning: &Meaning,
    ) -> Result<(), UpdateRefusal> {
        let check =
            |action: Action<'_>| authorize(actor, role, &action).map_err(|denied| NotAllowed::from(denied).into());
        match meaning {
            Meaning::Add { member, .. } => check(Action::AddClient { user: &member.user }),
            Meaning::Remove { leaf, .. } => check(Action::RemoveClient { user: &leaf.member.user }),
            Meaning::ExternalInit => check(Action::Join),
            Meaning::Participants(update) => {
                let change = self.participants.change([update])?;
                change.added.iter().try_for_each(|(user, role)| check(Action::AddParticipant { user, role: *role }))?;
                change.removed.iter().try_for_each(|user| check(Action::RemoveParticipant { user }))?;
                change
                    .changed
                    .iter()
                    .try_for_each(|(user, from, to)| check(Action::ChangeRole { user, from: *from, to: *to }))
            }
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
                Meaning::Participants(_) | Meaning::ExternalInit => {}
            }
        }
        let updates: Vec<_> = meanings
            .filter_map(|meaning| match meaning {
                Meaning::Participants(update) => Some(update),
                _ => None,
            })
            .collect();
        if !updates.is_empty() {
            outcome.participants = Some(self.participants.change(updates)?);
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
