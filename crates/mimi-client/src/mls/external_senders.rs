//! The external senders of a room's group (draft-ietf-mimi-protocol-06 section 7.4): what this client makes of them in its commits, and what it
//! lets the hub make of them.

use mimi_arch::{Domain, ProviderUri, RoleIndex};
use mimi_protocol::{
    codec::Wire as _,
    mls::{
        Extension as WireExtension, ExtensionType as WireType, Extensions as WireExtensions, ExternalSender,
        ExternalSenders,
    },
    participant_list::{ParticipantListData, ParticipantListUpdate},
};
use openmls::{
    group::{GroupContext, MlsGroup},
    prelude::{
        Extension, Extensions, Proposal,
        tls_codec::{DeserializeBytes as _, Serialize as _},
    },
};

use super::{encoded, library, participants};
use crate::error::{ClientError, MlsFailure};

/// The external senders of a group.
///
/// # Errors
/// When they do not decode.
pub(crate) fn of(context: &GroupContext) -> Result<ExternalSenders, ClientError> {
    Ok(match context.extensions().external_senders() {
        Some(senders) => ExternalSenders::from_bytes(&encoded("external senders", senders.tls_serialize_detached())?)?,
        None => ExternalSenders::default(),
    })
}

/// The provider that an external sender is.
pub(crate) fn domain_of(sender: &ExternalSender) -> Option<Domain> {
    Some(ProviderUri::from_bytes(sender.credential.as_basic()?).ok()?.domain().clone())
}

/// The context extensions that a commit of this client proposes, which changes the participant list so: with the entry of its own provider, if
/// that is a follower, and without the entries of followers that have no participant any more. `None` when the external senders are as
/// they should be, or when changes of components wait: the library wants context extensions ahead of them, and the hub takes out by
/// itself who has to go.
///
/// # Errors
/// When the group's extensions do not decode.
// req: MP06-7.4-04, MP06-7.4-05, MP06-7.4-06
pub(crate) fn to_propose(
    group: &MlsGroup,
    own: Option<&ExternalSender>,
    list: Option<&ParticipantListUpdate>,
    include_pending: bool,
) -> Result<Option<Extensions<GroupContext>>, ClientError> {
    let context = group.public_group().group_context();
    let component_waits =
        |proposal: &Proposal| matches!(proposal, Proposal::AppDataUpdate(_) | Proposal::GroupContextExtensions(_));
    if include_pending && group.pending_proposals().any(|pending| component_waits(pending.proposal())) {
        return Ok(None);
    }
    let before = participants::of(context)?;
    let after = match list {
        // What does not apply is refused where the components are resolved.
        Some(update) => match before.apply(update) {
            Ok(after) => after,
            Err(_) => return Ok(None),
        },
        None => before,
    };
    let present = of(context)?;
    let mut senders: Vec<ExternalSender> = Vec::new();
    for (index, sender) in present.0.iter().enumerate() {
        if index == 0 || domain_of(sender).is_some_and(|domain| takes_part(&after, &domain)) {
            senders.push(sender.clone());
        }
    }
    if let Some(own) = own
        && let Some(domain) = domain_of(own)
        && takes_part(&after, &domain)
        && !senders.iter().any(|sender| domain_of(sender).as_ref() == Some(&domain))
    {
        senders.push(own.clone());
    }
    if senders == present.0 { Ok(None) } else { with(context, senders).map(Some) }
}

fn with(context: &GroupContext, senders: Vec<ExternalSender>) -> Result<Extensions<GroupContext>, ClientError> {
    let mut list = Vec::with_capacity(senders.len());
    for sender in senders {
        let bytes = sender.to_bytes()?;
        list.push(
            openmls::prelude::ExternalSender::tls_deserialize_exact_bytes(&bytes)
                .map_err(library("external sender"))?,
        );
    }
    let changed = context.extensions().iter().map(|extension| match extension {
        Extension::ExternalSenders(_) => Extension::ExternalSenders(list.clone()),
        other => other.clone(),
    });
    Ok(Extensions::from_vec(changed.collect()).map_err(library("context extensions"))?)
}

/// What the hub may propose: that entries go whose providers have no participant, and nothing else.
///
/// # Errors
/// When it proposes something else.
// req: MP06-7.4-05
pub(crate) fn check_proposed(context: &GroupContext, proposed: &WireExtensions) -> Result<(), ClientError> {
    let other = || MlsFailure::Unexpected { expected: "the removal of external senders without participants" };
    let bytes = encoded("context extensions", context.extensions().tls_serialize_detached())?;
    let present = WireExtensions::from_bytes(&bytes)?;
    let same = |(new, old): (&WireExtension, &WireExtension)| {
        new == old || (new.extension_type == old.extension_type && new.extension_type == WireType::EXTERNAL_SENDERS)
    };
    if proposed.iter().count() != present.iter().count() || !proposed.iter().zip(present.iter()).all(same) {
        return Err(other().into());
    }
    let before = of(context)?;
    let after: ExternalSenders = proposed.read(WireType::EXTERNAL_SENDERS)?.unwrap_or_default();
    let list = participants::of(context)?;
    let stays = |(index, sender): &(usize, &ExternalSender)| {
        *index == 0 || domain_of(sender).is_some_and(|domain| takes_part(&list, &domain))
    };
    let expected: Vec<_> = before.0.iter().enumerate().filter(stays).map(|(_, sender)| sender).collect();
    if after.0.iter().collect::<Vec<_>>() == expected { Ok(()) } else { Err(other().into()) }
}

fn takes_part(list: &ParticipantListData, domain: &Domain) -> bool {
    list.participants().iter().any(|entry| entry.role_index() > RoleIndex::BANNED && entry.user().domain() == domain)
}
