//! A room's group at this client: loading it, what it holds, and the rules of a room that OpenMLS does not know.

use std::collections::BTreeSet;

use mimi_arch::{ClientUri, ProviderUri, RoleIndex, RoomUri, UserUri};
use mimi_protocol::{
    codec::Wire as _,
    mls::{ExternalSender, RequiredCapabilities},
    participant_list::UserRolePair,
};
use openmls::{
    group::{GroupContext, GroupId, MlsGroup},
    prelude::{Credential, ExtensionType, OpenMlsProvider as _, Proposal, Sender, tls_codec::Serialize as _},
};

use super::{Provider, client_of, encoded, participants, storage};
use crate::error::{ClientError, MlsFailure};

/// The MLS group id of a room's group with this number: that of the first is the octets of the room's group URI
/// (draft-ietf-mimi-protocol-06 section 3.1, interpretation IP-103).
pub(crate) fn group_id(room: &RoomUri, number: u32) -> GroupId {
    // req: MP06-3.1-05, MP06-4.2-01
    GroupId::from_slice(&room.group_id(number))
}

/// The number of a room's group.
///
/// # Errors
/// When the group is not one of the room's.
pub(crate) fn number_of(room: &RoomUri, group_id: &GroupId) -> Result<u32, MlsFailure> {
    room.group_number(group_id.as_slice()).ok_or_else(|| MlsFailure::ForeignGroup { room: room.clone() })
}

/// The room's group, if this client has one.
///
/// # Errors
/// When the state file cannot be read.
pub(crate) fn load(provider: &Provider<'_>, room: &RoomUri) -> Result<Option<MlsGroup>, ClientError> {
    MlsGroup::load(provider.storage(), &group_id(room, provider.group_number(room)?)).map_err(storage)
}

/// The room's group, of which this client must be a member.
///
/// # Errors
/// When it is not one, or the state file cannot be read.
pub(crate) fn load_member(provider: &Provider<'_>, room: &RoomUri) -> Result<MlsGroup, ClientError> {
    load(provider, room)?.filter(MlsGroup::is_active).ok_or_else(|| ClientError::NotAMember { room: room.clone() })
}

/// Forgets the room's group and its keys.
///
/// # Errors
/// When the state file cannot be written.
pub(crate) fn delete(provider: &Provider<'_>, room: &RoomUri) -> Result<(), ClientError> {
    match load(provider, room)? {
        Some(mut group) => group.delete(provider.storage()).map_err(storage),
        None => Ok(()),
    }
}

/// Clients in the group, in leaf order.
///
/// # Errors
/// When a leaf's credential does not name a client.
pub(crate) fn members(group: &MlsGroup) -> Result<Vec<ClientUri>, MlsFailure> {
    group.members().map(|member| client_of(&member.credential)).collect()
}

/// The user of a client whose URI has the form that names one.
///
/// # Errors
/// When the URI is of the form that does not.
pub(crate) fn user_of(client: &ClientUri) -> Result<UserUri, MlsFailure> {
    client.user().ok_or_else(|| MlsFailure::Credential(format!("{client} does not name its user")))
}

/// Whether a proposal waits that takes this client out of the group: its own, or that of another device of its user.
/// It can then only wait for somebody else's commit.
pub(crate) fn is_leaving(group: &MlsGroup) -> bool {
    let own = group.own_leaf_index();
    group.pending_proposals().any(|pending| match pending.proposal() {
        Proposal::SelfRemove => *pending.sender() == Sender::Member(own),
        Proposal::Remove(remove) => remove.removed() == own,
        _ => false,
    })
}

/// Checks that a group context is one of this room and of this room's hub.
///
/// # Errors
/// When the group id is another one, the first external sender is not the hub (section 7.4), there is no participant
/// list, or the app_data_dictionary is not the last extension: OpenMLS moves it there at each update, and other
/// libraries would come to other keys.
pub(crate) fn check_context(room: &RoomUri, context: &GroupContext) -> Result<ExternalSender, MlsFailure> {
    number_of(room, context.group_id())?;
    let last = context.extensions().iter().last().map(openmls::prelude::Extension::extension_type);
    if last != Some(ExtensionType::AppDataDictionary) {
        return Err(MlsFailure::AppData {
            component: participants::COMPONENT,
            rule: "the dictionary has to be the last extension of the group context",
        });
    }
    participants::of(context)?;
    hub_of(room, context)
}

/// The first external sender, which has to be the room's hub (section 7.4).
fn hub_of(room: &RoomUri, context: &GroupContext) -> Result<ExternalSender, MlsFailure> {
    let wrong = |reason| MlsFailure::NotTheHub { room: room.clone(), reason };
    // req: MP06-7.4-02, MP06-7.4-03
    let sender = context
        .extensions()
        .external_senders()
        .and_then(|senders| senders.first())
        .ok_or_else(|| wrong("there is none"))?;
    let bytes = encoded("external sender", sender.tls_serialize_detached())?;
    let sender = ExternalSender::from_bytes(&bytes).map_err(|_| wrong("it does not decode"))?;
    check_hub(room, &sender)?;
    Ok(sender)
}

/// Checks that an external sender's credential names the provider of the room.
///
/// # Errors
/// When it names another one, or is not a basic credential.
pub(crate) fn check_hub(room: &RoomUri, sender: &ExternalSender) -> Result<(), MlsFailure> {
    let wrong = |reason| MlsFailure::NotTheHub { room: room.clone(), reason };
    let identity = sender.credential.as_basic().ok_or_else(|| wrong("its credential is not basic"))?;
    let provider = ProviderUri::from_bytes(identity).map_err(|_| wrong("its credential names no provider"))?;
    if provider.domain() != room.domain() {
        return Err(wrong("its credential names another provider"));
    }
    Ok(())
}

/// Checks that every client in the group belongs to a participant: both lists change together (section 5.3).
///
/// # Errors
/// When one does not.
pub(crate) fn check_members<'c>(
    context: &GroupContext,
    credentials: impl IntoIterator<Item = &'c Credential>,
) -> Result<(), MlsFailure> {
    // req: MP06-5.3-04, MP06-5.3-05, MP06-7.5-06
    let list = participants::of(context)?;
    let standing = list.participants().iter().filter(|entry| entry.role_index() != RoleIndex::BANNED);
    let allowed: BTreeSet<&UserUri> = standing.map(UserRolePair::user).collect();
    for credential in credentials {
        let user = user_of(&client_of(credential)?)?;
        if !allowed.contains(&user) {
            return Err(MlsFailure::NotAParticipant { user });
        }
    }
    Ok(())
}

/// What the room requires of a client's leaf, as the key material request carries it (section 5.2).
///
/// # Errors
/// When the extension does not decode.
pub(crate) fn required_capabilities(group: &MlsGroup) -> Result<RequiredCapabilities, ClientError> {
    match group.extensions().required_capabilities() {
        Some(required) => {
            let bytes = encoded("required capabilities", required.tls_serialize_detached())?;
            Ok(RequiredCapabilities::from_bytes(&bytes)?)
        }
        None => Ok(RequiredCapabilities::default()),
    }
}
