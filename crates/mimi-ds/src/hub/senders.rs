//! The external senders of a room's group (section 7.4): the hub first, for ever; each follower that wants to be there, as long as a user of it
//! is a participant. And what a follower may propose as one of them.

use std::collections::BTreeSet;

use mimi_arch::{Domain, ProviderUri, RoleIndex, UserUri};
use mimi_protocol::{
    AcceptedTimestamp, ProposalRef, Wire,
    crypto::LabelSigner,
    mls::{
        Extension, ExtensionType, Extensions, ExternalSender, ExternalSenders, GroupInfo, MlsMessage, ProposalView,
        external_proposal::{Framing, HUB, external_proposal},
        proposal,
    },
    participant_list::ParticipantListData,
};

use super::{
    HubRoom, Life, NotAllowed, UpdateRefusal,
    meaning::{Meaning, Outcome, invalid},
};
use crate::{effect::Effect, group::RoomGroup};

/// Why the external senders cannot be so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SenderRule {
    /// The hub's entry is another one, or not the first.
    #[error("the hub is the first external sender and stays so")]
    Hub,
    /// The credential is not a basic one with a provider URI.
    #[error("the credential of external sender {0} names no provider")]
    Name(usize),
    /// A provider is there twice.
    #[error("{0} would be an external sender twice")]
    Twice(Domain),
    /// A provider's entry is put in or changed by somebody else.
    #[error("the entry of {0} is for its own clients to put in")]
    Foreign(Domain),
    /// No user of the provider would be a participant.
    #[error("no user of {0} would be a participant")]
    NoParticipant(Domain),
    /// A provider with participants would lose its entry.
    #[error("{0} has participants, and its entry stays")]
    Stays(Domain),
}

impl<G: RoomGroup> HubRoom<G> {
    /// The external senders of the group.
    pub(super) fn external_senders(&self) -> Result<ExternalSenders, UpdateRefusal> {
        let extensions = self.group.context_extensions().map_err(internal)?;
        Ok(extensions.read(ExtensionType::EXTERNAL_SENDERS).map_err(internal)?.unwrap_or_default())
    }

    /// The external senders that proposed context extensions hold; nothing else in them may differ from what the group has.
    pub(super) fn senders_proposed(&self, proposed: &Extensions) -> Result<ExternalSenders, UpdateRefusal> {
        let present = self.group.context_extensions().map_err(internal)?;
        let same = |(new, old): (&Extension, &Extension)| {
            new == old
                || (new.extension_type == old.extension_type && new.extension_type == ExtensionType::EXTERNAL_SENDERS)
        };
        if proposed.iter().count() != present.iter().count() || !proposed.iter().zip(present.iter()).all(same) {
            return Err(NotAllowed::ContextExtensions.into());
        }
        let senders = proposed.read(ExtensionType::EXTERNAL_SENDERS).map_err(|error| invalid(error.to_string()))?;
        senders.ok_or_else(|| NotAllowed::ContextExtensions.into())
    }

    /// Whether a commit of a client of the provider `source` may change the external senders as it does; what the hub has proposed is no
    /// question. Who comes from outside changes nothing of the group's context.
    pub(super) fn check_senders_in(
        &self,
        covered: &[(Option<ProposalRef>, Meaning)],
        outcome: &Outcome,
        source: &Domain,
        joins: bool,
    ) -> Result<(), UpdateRefusal> {
        for (reference, meaning) in covered {
            let (None, Meaning::ExternalSenders(senders)) = (reference, meaning) else { continue };
            if joins {
                return Err(NotAllowed::ProposalType(proposal::GROUP_CONTEXT_EXTENSIONS).into());
            }
            self.check_senders(senders, outcome, source)?;
        }
        Ok(())
    }

    /// Whether a client of the provider `source` may change the external senders to these, in a commit with this outcome.
    // req: MP06-7.4-03, MP06-7.4-04, MP06-7.4-05
    fn check_senders(&self, after: &ExternalSenders, outcome: &Outcome, source: &Domain) -> Result<(), UpdateRefusal> {
        let before = self.external_senders()?;
        if after.0.first() != before.0.first() || after.0.is_empty() {
            return Err(NotAllowed::ExternalSenders(SenderRule::Hub).into());
        }
        let list = outcome.participants.as_ref().map_or_else(|| self.participants.data(), |change| &change.data);
        let mut domains = BTreeSet::from([self.hub().clone()]);
        for (index, sender) in after.0.iter().enumerate().skip(1) {
            let domain = domain_of(sender).ok_or(NotAllowed::ExternalSenders(SenderRule::Name(index)))?;
            let rule = if !domains.insert(domain.clone()) {
                SenderRule::Twice(domain)
            } else if !before.0.contains(sender) && domain != *source {
                SenderRule::Foreign(domain)
            } else if !takes_part(list, &domain) {
                SenderRule::NoParticipant(domain)
            } else {
                continue;
            };
            return Err(NotAllowed::ExternalSenders(rule).into());
        }
        for gone in before.0.iter().skip(1).filter_map(domain_of).filter(|domain| !domains.contains(domain)) {
            if takes_part(list, &gone) {
                return Err(NotAllowed::ExternalSenders(SenderRule::Stays(gone)).into());
            }
        }
        Ok(())
    }

    /// After a commit the hub proposes that those go who have no participant any more. The proposal is an event of its own, since proposals are
    /// stapled to external commits alone (section 5.5); there the hub has stapled this one.
    // req: MP06-7.4-05
    pub(super) fn take_senders_out(
        &mut self,
        now: AcceptedTimestamp,
        key: &dyn LabelSigner,
    ) -> Result<Vec<Effect>, UpdateRefusal> {
        let waits = self.pending.iter().any(|pending| matches!(pending.meaning, Meaning::ExternalSenders(_)));
        if waits || self.life != Life::Active {
            return Ok(Vec::new());
        }
        let message = self.senders_proposed_out(self.group.group_info(), self.participants.data(), key)?;
        // The policy has no word on it, so that it is about nobody.
        let Some(anybody) = self.roster.leaves().next().map(|(_, member)| member.user.clone()) else {
            return Ok(Vec::new());
        };
        let accepted = self.propose_own(now, &anybody, message.as_slice())?;
        Ok(accepted.map(|accepted| accepted.effects).unwrap_or_default())
    }

    /// The hub's proposal, for the epoch of a GroupInfo, to take out those without a participant on the list; nothing when all have one.
    // req: MP06-7.4-05
    pub(super) fn senders_proposed_out(
        &self,
        after: &GroupInfo,
        list: &ParticipantListData,
        key: &dyn LabelSigner,
    ) -> Result<Option<MlsMessage>, UpdateRefusal> {
        let context = after.group_context();
        let senders: ExternalSenders =
            context.extensions.read(ExtensionType::EXTERNAL_SENDERS).map_err(internal)?.unwrap_or_default();
        let stays = |(index, sender): &(usize, ExternalSender)| {
            *index == 0 || domain_of(sender).is_some_and(|domain| takes_part(list, &domain))
        };
        let count = senders.0.len();
        let staying: Vec<_> = senders.0.into_iter().enumerate().filter(stays).map(|(_, sender)| sender).collect();
        if staying.len() == count {
            return Ok(None);
        }
        let extension_data = ExternalSenders(staying).to_bytes().map_err(internal)?;
        let changed = context.extensions.iter().map(|extension| match extension.extension_type {
            ExtensionType::EXTERNAL_SENDERS => {
                Extension { extension_type: ExtensionType::EXTERNAL_SENDERS, extension_data: extension_data.clone() }
            }
            _ => extension.clone(),
        });
        let extensions = Extensions::new(changed.collect()).map_err(internal)?;
        let framing = Framing {
            group_id: self.group.group_id(),
            epoch: context.epoch,
            sender_index: HUB,
            safe_aad: self.group.component(mimi_protocol::mls::ComponentId::SAFE_AAD).is_some(),
        };
        external_proposal(framing, ProposalView::GroupContextExtensions(extensions), key).map(Some).map_err(internal)
    }

    /// The follower that is the external sender at this index, if the request came from it. The hub proposes nothing over the network.
    // req: MP06-7.3-01
    pub(super) fn follower_at(&self, index: u32, source: &Domain) -> Result<Domain, NotAllowed> {
        let other = NotAllowed::Sender("external sender");
        if index == HUB {
            return Err(other);
        }
        match self.provider_of_sender(index) {
            Some(domain) if domain == *source => Ok(domain),
            _ => Err(other),
        }
    }

    /// The provider that an external sender is.
    pub(super) fn provider_of_sender(&self, index: u32) -> Option<Domain> {
        let senders = self.external_senders().ok()?;
        domain_of(senders.0.get(usize::try_from(index).ok()?)?)
    }

    /// A follower proposes the removal of its own users and their clients, and nothing else: it says that they are gone. Tells whom it is about.
    // req: MP06-5.5-05
    pub(super) fn gone_at(&self, meaning: &Meaning, provider: &Domain) -> Result<UserUri, NotAllowed> {
        let not_its_own = || NotAllowed::NotItsOwn(provider.clone());
        let users = match meaning {
            Meaning::Remove { leaf, .. } => vec![leaf.member.user.clone()],
            Meaning::Participants { update, .. }
                if update.changed_role_participants.is_empty() && update.added_participants.is_empty() =>
            {
                self.participants.users_taken_off(update)
            }
            _ => return Err(not_its_own()),
        };
        match users.first() {
            Some(first) if users.iter().all(|user| user.domain() == provider) => Ok(first.clone()),
            _ => Err(not_its_own()),
        }
    }
}

/// Whether a user of the provider is a participant who is not banned.
fn takes_part(list: &ParticipantListData, domain: &Domain) -> bool {
    list.participants().iter().any(|entry| entry.role_index() > RoleIndex::BANNED && entry.user().domain() == domain)
}

fn domain_of(sender: &ExternalSender) -> Option<Domain> {
    Some(ProviderUri::from_bytes(sender.credential.as_basic()?).ok()?.domain().clone())
}

fn internal(error: impl ToString) -> UpdateRefusal {
    UpdateRefusal::Internal(error.to_string())
}
