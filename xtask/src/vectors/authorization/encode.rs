//! The octets of the model's values, laid out by hand.

use serde_json::{Value, json};

use super::super::layout::{Part, Struct, opaque, optional, u8, u16, u16s, u32, vector};
use super::facts::{Action, Base, Claim, Preauthorization, Role, Room, Step};

/// The registry of section 10.2: value and name.
#[rustfmt::skip]
pub(crate) const REGISTRY: &[(u16, &str)] = &[
    (0x0000, "canAddParticipant"), (0x0001, "canRemoveParticipant"), (0x0002, "canAddOwnClient"), (0x0003, "canRemoveOwnClient"),
    (0x0004, "canOpenJoin"), (0x0005, "canJoinIfPreauthorized"), (0x0006, "canRemoveSelf"), (0x0007, "canCreateJoinCode"),
    (0x0008, "canDeleteJoinCode"), (0x0009, "canUseJoinCode"), (0x000a, "canBan"), (0x000b, "canUnBan"), (0x000c, "canKick"),
    (0x000d, "canKnock"), (0x000e, "canAcceptKnock"), (0x000f, "canChangeUserRole"), (0x0010, "canChangeOwnRole"),
    (0x0011, "canCreateSubgroup"), (0x0100, "canSendMessage"), (0x0101, "canReceiveMessage"), (0x0102, "canCopyMessage"),
    (0x0103, "canReportAbuse"), (0x0104, "canReplyToMessage"), (0x0105, "canReactToMessage"), (0x0106, "canEditReaction"),
    (0x0107, "canDeleteOwnReaction"), (0x0108, "canDeleteOtherReaction"), (0x0109, "canEditOwnMessage"),
    (0x010a, "canDeleteOwnMessage"), (0x010b, "canDeleteOtherMessage"), (0x010c, "canStartTopic"), (0x010d, "canReplyInTopic"),
    (0x010e, "canEditOwnTopic"), (0x010f, "canEditOtherTopic"), (0x0110, "canSendDirectMessage"), (0x0111, "canTargetMessage"),
    (0x0200, "canUploadImage"), (0x0201, "canUploadAudio"), (0x0202, "canUploadVideo"), (0x0203, "canUploadAttachment"),
    (0x0204, "canDownloadImage"), (0x0205, "canDownloadAudio"), (0x0206, "canDownloadVideo"), (0x0207, "canDownloadAttachment"),
    (0x0208, "canSendLink"), (0x0209, "canSendLinkPreview"), (0x020a, "canFollowLink"), (0x020b, "canCopyLink"),
    (0x0300, "canChangeRoomName"), (0x0301, "canChangeRoomDescription"), (0x0302, "canChangeRoomAvatar"),
    (0x0303, "canChangeRoomSubject"), (0x0304, "canChangeRoomMood"), (0x0380, "canChangeOwnName"), (0x0381, "canChangeOwnPresence"),
    (0x0382, "canChangeOwnMood"), (0x0383, "canChangeOwnAvatar"), (0x0400, "canStartCall"), (0x0401, "canJoinCall"),
    (0x0402, "canSendAudio"), (0x0403, "canReceiveAudio"), (0x0404, "canSendVideo"), (0x0405, "canReceiveVideo"),
    (0x0406, "canShareScreen"), (0x0407, "canViewSharedScreen"), (0x0500, "canCreateRoom"), (0x0501, "canDestroyRoom"),
    (0x0502, "canChangeRoomMembershipStyle"), (0x0503, "canChangeRoleDefinitions"), (0x0504, "canChangePreauthorizedUserList"),
    (0x0505, "canChangeOtherPolicyAttribute"), (0x0600, "canChangeMlsOperationalPolicies"), (0x0601, "canSendMLSReinitProposal"),
    (0x0602, "canSendMLSUpdateProposal"), (0x0603, "canSendMLSPSKProposal"), (0x0604, "canSendMLSExternalProposal"),
    (0x0605, "canSendMLSExternalCommit"),
];

/// The number of a capability; a name that nobody knows has a number for private use.
fn number(name: &str) -> u16 {
    REGISTRY.iter().find(|(_, known)| *known == name).map_or(0xffff, |(value, _)| *value)
}

/// A boolean.
pub(crate) fn bool(value: bool) -> Part {
    u8(value.into())
}

/// `Role`.
pub(crate) fn role(role: &Role) -> Struct {
    let capabilities: Vec<u16> = role.capabilities.iter().map(|name| number(name)).collect();
    let changes = role.authorized_role_changes.iter().map(|(from, to)| {
        let to = vector(to.iter().map(|target| u32(*target)));
        Part::Struct(Struct::new().add("from_role_index", u32(*from)).add("target_role_indexes", to))
    });
    Struct::new()
        .add("role_index", u32(role.index))
        .add("role_name", opaque(role.name.as_bytes()))
        .add("role_description", opaque(b""))
        .add("role_capabilities", u16s(&capabilities))
        .add("minimum_participants_constraint", u32(role.minimum_participants))
        .add("maximum_participants_constraint", optional(role.maximum_participants.map(u32)))
        .add("minimum_active_participants_constraint", u32(role.minimum_active_participants))
        .add("maximum_active_participants_constraint", optional(role.maximum_active_participants.map(u32)))
        .add("authorized_role_changes", vector(changes))
}

/// `RoleData`.
pub(crate) fn roles(roles: &[Role]) -> Struct {
    Struct::new().add("roles", vector(roles.iter().map(|one| Part::Struct(role(one)))))
}

/// `Claim`.
pub(crate) fn claim(claim: &Claim) -> Struct {
    Struct::new()
        .add("credential_type", u16(claim.credential_type))
        .add("id", opaque(claim.id.as_bytes()))
        .add("claim_value", opaque(claim.value.as_bytes()))
}

/// `PreAuthData`; each entry has the role as the room defines it, and one that it does not define without anything but its number.
pub(crate) fn preauthorized(list: &[Preauthorization], defined: &[Role]) -> Struct {
    let entries = list.iter().map(|entry| {
        let known = defined.iter().find(|role| role.index == entry.role).cloned();
        let target = known.unwrap_or_else(|| Role::new(entry.role, "", &[], &[]));
        let claimset = vector(entry.claimset.iter().map(|one| Part::Struct(claim(one))));
        Part::Struct(Struct::new().add("claimset", claimset).add("target_role", Part::Struct(role(&target))))
    });
    Struct::new().add("preauthorized_entries", vector(entries))
}

/// `BaseRoomPolicy`, with false and nothing for what the model does not know.
pub(crate) fn base(base: &Base) -> Struct {
    Struct::new()
        .add("fixed_membership", bool(base.fixed_membership))
        .add("parent_dependant", bool(base.parent_room.is_some()))
        .add("parent_room", vector(base.parent_room.iter().map(|parent| opaque(parent.as_bytes()))))
        .add("multi_device", bool(base.multi_device))
        .add("max_clients", optional(base.max_clients.map(u32)))
        .add("max_users", optional(base.max_users.map(u32)))
        .add("pseudonyms_allowed", bool(false))
        .add("persistent_room", bool(false))
        .add("discoverable", bool(false))
        .add("policy_component_ids", u16s(&[]))
}

/// A room as it stands in the vectors.
pub(crate) fn room_json(room: &Room) -> Value {
    let mut value = json!(room);
    if let Some(object) = value.as_object_mut() {
        object.insert("rolesEncoded".into(), hex::encode(roles(&room.roles).octets()).into());
        let preauthorized = self::preauthorized(&room.preauthorized, &room.roles).octets();
        object.insert("preauthorizedEncoded".into(), hex::encode(preauthorized).into());
        object.insert("baseEncoded".into(), hex::encode(base(&room.base).octets()).into());
    }
    value
}

/// An action as it stands in the vectors: the octets of an update stand beside its meaning.
pub(crate) fn action_json(action: &Action, room: &Room) -> Value {
    let mut value = json!(action);
    let Action::Change { steps, .. } = action else { return value };
    let Some(items) = value.get_mut("steps").and_then(Value::as_array_mut) else { return value };
    for (item, step) in items.iter_mut().zip(steps) {
        let octets = match step {
            Step::UpdateRoles { roles } => self::roles(roles).octets(),
            Step::UpdatePreauthorized { preauthorized } => self::preauthorized(preauthorized, &room.roles).octets(),
            Step::UpdateBasePolicy { base } => self::base(base).octets(),
            _ => continue,
        };
        if let Some(object) = item.as_object_mut() {
            object.insert("encoded".into(), hex::encode(octets).into());
        }
    }
    value
}
