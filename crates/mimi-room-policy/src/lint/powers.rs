//! What roles may do: capabilities without use, too much power, too little.

use std::collections::BTreeSet;

use mimi_arch::RoleIndex;

use super::{Report, called, moves};
use crate::capability::CapabilityType as C;
use crate::policy::RoomPolicy;
use crate::roles::{Role, RolesList};

const NOBODY: RoleIndex = RoleIndex::NON_PARTICIPANT;
const BANNED: RoleIndex = RoleIndex::BANNED;
const SECTION_3: &str = "draft-ietf-mimi-room-policy-03 section 3";
const ADDING: &str = "draft-ietf-mimi-room-policy-03 section 8.1.1";
const REMOVING: &str = "draft-ietf-mimi-room-policy-03 section 8.1.2";
const CHANGING: &str = "draft-ietf-mimi-room-policy-03 section 8.1.3";
const REGISTRY: &str = "draft-ietf-mimi-room-policy-03 section 10.2";

/// Capabilities over others and over the rules.
const POWERS: [C; 13] = [
    C::CAN_ADD_PARTICIPANT,
    C::CAN_REMOVE_PARTICIPANT,
    C::CAN_BAN,
    C::CAN_UNBAN,
    C::CAN_KICK,
    C::CAN_CHANGE_USER_ROLE,
    C::CAN_DELETE_OTHER_MESSAGE,
    C::CAN_DELETE_OTHER_REACTION,
    C::CAN_DESTROY_ROOM,
    C::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE,
    C::CAN_CHANGE_ROLE_DEFINITIONS,
    C::CAN_CHANGE_PREAUTHORIZED_USER_LIST,
    C::CAN_SEND_MLS_REINIT_PROPOSAL,
];

/// The powers of a role.
pub(super) fn powers(role: &Role) -> impl Iterator<Item = C> {
    POWERS.into_iter().filter(|capability| role.has(*capability))
}

/// A move that a role's capabilities and transitions together allow.
///
/// Unlike the decision about an action this leaves constraints aside: it asks what can ever happen.
pub(super) fn can_move(role: &Role, from: RoleIndex, to: RoleIndex) -> bool {
    if !role.may_change(from, to) || from == to {
        return false;
    }
    match (from, to) {
        (NOBODY, _) => {
            let outside = role.role_index == NOBODY && (role.has(C::CAN_OPEN_JOIN) || role.has(C::CAN_USE_JOIN_CODE));
            outside || role.has(C::CAN_ADD_PARTICIPANT) || (to == BANNED && role.has(C::CAN_BAN))
        }
        (from, NOBODY) => {
            role.has(C::CAN_REMOVE_PARTICIPANT) || (from == role.role_index && role.has(C::CAN_REMOVE_SELF))
        }
        (_, BANNED) => role.has(C::CAN_BAN) || role.has(C::CAN_CHANGE_USER_ROLE),
        (BANNED, _) => role.has(C::CAN_UNBAN) || role.has(C::CAN_CHANGE_USER_ROLE),
        _ => role.has(C::CAN_CHANGE_USER_ROLE),
    }
}

pub(super) fn lint(policy: &RoomPolicy, roles: &RolesList, report: &mut Report) {
    for role in roles.roles() {
        registry(role, report);
        without_transition(role, report);
        without_capability(role, report);
        promotion(role, roles, report);
        outsiders(policy, role, report);
        without_clients(role, report);
        without_sending(role, report);
    }
    removable(policy, roles, report);
    silent(roles, report);
}

fn registry(role: &Role, report: &mut Report) {
    let held: BTreeSet<C> = role.role_capabilities.iter().copied().collect();
    let mut tell = |code, section, what: &str, concerned: &dyn Fn(&C) -> bool| {
        let names: Vec<String> = held.iter().filter(|it| concerned(it)).map(ToString::to_string).collect();
        if !names.is_empty() {
            report.hint(code, section, format!("{} has what {what}: {}", called(role), names.join(", ")));
        }
    };
    // req: RP03-8.7-01
    let section = "draft-ietf-mimi-room-policy-03 section 8.7";
    tell("capability-reserved", section, "is reserved and allows nothing", &|it| {
        it.is_reserved() && ![C::CAN_CREATE_JOIN_CODE, C::CAN_DELETE_JOIN_CODE].contains(it)
    });
    tell("capability-private", REGISTRY, "is for private use", &|it| it.is_private_use());
    tell("capability-unknown", REGISTRY, "is not registered", &|it| it.name().is_none() && !it.is_private_use());
}

/// Capabilities that consult the transitions and find none.
fn without_transition(role: &Role, report: &mut Report) {
    let own = role.role_index;
    let any = |wanted: &dyn Fn(RoleIndex, RoleIndex) -> bool| moves(role).any(|(from, to)| wanted(from, to));
    let inside = |index: RoleIndex| index != NOBODY;
    let cases: [(C, &str, bool, &str); 7] = [
        (C::CAN_ADD_PARTICIPANT, ADDING, any(&|from, to| from == NOBODY && inside(to)), "from 0 to a role"),
        (C::CAN_USE_JOIN_CODE, ADDING, any(&|from, to| from == NOBODY && inside(to)), "from 0 to a role"),
        (C::CAN_REMOVE_PARTICIPANT, REMOVING, any(&|from, to| inside(from) && to == NOBODY), "from a role to 0"),
        (C::CAN_REMOVE_SELF, REMOVING, any(&|from, to| from == own && to == NOBODY), "from itself to 0"),
        (
            C::CAN_CHANGE_USER_ROLE,
            CHANGING,
            any(&|from, to| inside(from) && inside(to) && from != to),
            "from one role to another",
        ),
        (C::CAN_BAN, CHANGING, any(&|from, to| from != BANNED && to == BANNED), "from a role to 1"),
        (
            C::CAN_UNBAN,
            CHANGING,
            any(&|from, to| from == BANNED && to != BANNED && inside(to)),
            "from 1 to another role",
        ),
    ];
    for (capability, section, usable, transition) in cases {
        if role.has(capability) && !usable {
            let role = called(role);
            let sentence = format!("{role} has {capability} and no transition {transition}, so it can never use it");
            report.unreachable("capability-without-transition", section, sentence);
        }
    }
}

/// Transitions that no capability consults.
fn without_capability(role: &Role, report: &mut Report) {
    for (from, to) in moves(role).collect::<BTreeSet<_>>() {
        if from == to {
            let sentence = format!("{} has a transition from {from} to {to}, which changes nothing", called(role));
            report.hint("transition-to-itself", SECTION_3, sentence);
        } else if !can_move(role, from, to) {
            let sentence = format!("{} has a transition from {from} to {to} and no capability to use it", called(role));
            report.hint("transition-without-capability", SECTION_3, sentence);
        }
    }
}

/// Two who work together could give each other more than they have.
fn promotion(role: &Role, roles: &RolesList, report: &mut Report) {
    let targets: BTreeSet<RoleIndex> =
        moves(role).filter(|(from, to)| *to != NOBODY && can_move(role, *from, *to)).map(|(_, to)| to).collect();
    for target in targets {
        let Some(target) = roles.get(target).filter(|target| target.role_index != role.role_index) else { continue };
        // Whoever can join anyway loses nothing when those who did can add others.
        let harmless = |power: C| role.role_index == NOBODY && power == C::CAN_ADD_PARTICIPANT;
        let beyond = powers(target).filter(|power| !role.has(*power) && !harmless(*power));
        let more: Vec<String> = beyond.map(|power| power.to_string()).collect();
        if more.is_empty() {
            continue;
        }
        let (who, whom, more) = (called(role), called(target), more.join(", "));
        if role.role_index == NOBODY {
            let sentence = format!("whoever joins by itself can become {whom}, with {more}");
            report.dangerous("joins-with-power", ADDING, sentence);
        } else {
            let sentence = format!("{who} can make others {whom}, who have more than it has: {more}");
            report.dangerous("promotes-to-more", CHANGING, sentence);
        }
    }
}

/// Role zero is everyone in the world.
fn outsiders(policy: &RoomPolicy, role: &Role, report: &mut Report) {
    if role.role_index == NOBODY {
        for power in powers(role) {
            let sentence = format!("everyone who is not in the room has {power}, since role 0 has it");
            report.dangerous("outsiders-with-power", SECTION_3, sentence);
        }
        if role.has(C::CAN_JOIN_IF_PREAUTHORIZED) {
            let sentence = "role 0 has canJoinIfPreauthorized, which counts on the role that is joined only";
            report.unreachable("preauthorized-join-on-role-zero", ADDING, sentence);
        }
    } else if role.has(C::CAN_USE_JOIN_CODE) && !is_preauthorized(policy, role.role_index) {
        let sentence = format!("{} has canUseJoinCode, which is of use to those outside only", called(role));
        report.unreachable("join-code-inside", ADDING, sentence);
    }
}

/// Roles whose holders have no clients.
fn without_clients(role: &Role, report: &mut Report) {
    let none = role.maximum_active_participants_constraint == Some(0) && role.role_index != NOBODY;
    for capability in [C::CAN_ADD_OWN_CLIENT, C::CAN_SEND_MESSAGE, C::CAN_RECEIVE_MESSAGE] {
        if none && role.has(capability) {
            let sentence = format!("{} has {capability}, and its holders have no clients", called(role));
            report.unreachable("capability-without-client", SECTION_3, sentence);
        }
    }
}

fn is_preauthorized(policy: &RoomPolicy, index: RoleIndex) -> bool {
    let entries = policy.preauth.iter().flat_map(|preauth| &preauth.preauthorized_entries);
    entries.into_iter().any(|entry| entry.target_role.role_index == index)
}

/// What travels in messages, which a hub cannot tell apart: without canSendMessage it lets none pass.
fn without_sending(role: &Role, report: &mut Report) {
    const IN_MESSAGES: [C; 17] = [
        C::CAN_REPLY_TO_MESSAGE,
        C::CAN_REACT_TO_MESSAGE,
        C::CAN_EDIT_REACTION,
        C::CAN_DELETE_OWN_REACTION,
        C::CAN_DELETE_OTHER_REACTION,
        C::CAN_EDIT_OWN_MESSAGE,
        C::CAN_DELETE_OWN_MESSAGE,
        C::CAN_DELETE_OTHER_MESSAGE,
        C::CAN_START_TOPIC,
        C::CAN_REPLY_IN_TOPIC,
        C::CAN_EDIT_OWN_TOPIC,
        C::CAN_EDIT_OTHER_TOPIC,
        C::CAN_UPLOAD_IMAGE,
        C::CAN_UPLOAD_AUDIO,
        C::CAN_UPLOAD_VIDEO,
        C::CAN_UPLOAD_ATTACHMENT,
        C::CAN_SEND_LINK,
    ];
    let held: Vec<String> =
        IN_MESSAGES.into_iter().filter(|capability| role.has(*capability)).map(|it| it.to_string()).collect();
    if !held.is_empty() && !role.has(C::CAN_SEND_MESSAGE) {
        let sentence =
            format!("{} lacks canSendMessage, without which it cannot use {}", called(role), held.join(", "));
        report.unreachable("message-without-sending", "draft-ietf-mimi-room-policy-03 section 8.3", sentence);
    }
}

/// Someone can be made to leave, whoever it is that misbehaves.
fn removable(policy: &RoomPolicy, roles: &RolesList, report: &mut Report) {
    if policy.base.as_ref().is_some_and(|base| base.fixed_membership) {
        return;
    }
    let (banning, one) = (roles.banned().is_some(), roles.get(BANNED).is_some());
    for role in roles.roles().iter().filter(|role| role.role_index.0 > 1 && role.has(C::CAN_SEND_MESSAGE)) {
        let index = role.role_index;
        let removes = |by: &&Role| {
            let removal = by.has(C::CAN_REMOVE_PARTICIPANT) && by.may_change(index, NOBODY);
            let ban = banning && by.has(C::CAN_BAN);
            let demotion = one && by.has(C::CAN_CHANGE_USER_ROLE) && by.has(C::CAN_KICK);
            removal || ((ban || demotion) && by.may_change(index, BANNED))
        };
        if !roles.roles().iter().any(|by| removes(&by)) {
            let sentence = format!("nobody can remove or ban a troublemaker with {}", called(role));
            report.dangerous("troublemaker-stays", REMOVING, sentence);
        }
    }
}

fn silent(roles: &RolesList, report: &mut Report) {
    let anyone = |capability| roles.roles().iter().any(|role| role.role_index != NOBODY && role.has(capability));
    let section = "draft-ietf-mimi-room-policy-03 section 8.3";
    if !anyone(C::CAN_SEND_MESSAGE) {
        report.unreachable("nobody-sends", section, "no role has canSendMessage, so nobody can say anything");
    }
    if !anyone(C::CAN_RECEIVE_MESSAGE) {
        report.unreachable("nobody-receives", section, "no role has canReceiveMessage, so nobody hears anything");
    }
    if !anyone(C::CAN_CHANGE_ROLE_DEFINITIONS) {
        let section = "draft-ietf-mimi-room-policy-03 section 8.6";
        report.hint("roles-for-ever", section, "no role has canChangeRoleDefinitions, so the roles stay as they are");
    }
}
