//! Who comes in, who gets which role, who leaves.

use std::collections::BTreeSet;

use mimi_arch::RoleIndex;

use super::powers::{can_move, powers};
use super::{Report, called, moves};
use crate::capability::CapabilityType as C;
use crate::policy::RoomPolicy;
use crate::preauth::PreAuthRoleEntry;
use crate::roles::{Role, RolesList};

const NOBODY: RoleIndex = RoleIndex::NON_PARTICIPANT;
const SECTION_3: &str = "draft-ietf-mimi-room-policy-03 section 3";
const SECTION_4: &str = "draft-ietf-mimi-room-policy-03 section 4";
const SECTION_5: &str = "draft-ietf-mimi-room-policy-03 section 5";
const LINKS: &str = "draft-ietf-mimi-room-policy-03 section 6.2";
const ADDING: &str = "draft-ietf-mimi-room-policy-03 section 8.1.1";
const REMOVING: &str = "draft-ietf-mimi-room-policy-03 section 8.1.2";

pub(super) fn lint(policy: &RoomPolicy, roles: &RolesList, report: &mut Report) {
    unreachable_roles(policy, roles, report);
    minima(roles, report);
    open_join(policy, roles, report);
    fixed_membership(policy, roles, report);
    ways_in(policy, roles, report);
    preauthorizations(policy, roles, report);
}

fn entries(policy: &RoomPolicy) -> &[PreAuthRoleEntry] {
    policy.preauth.as_ref().map(|preauth| preauth.preauthorized_entries.as_slice()).unwrap_or_default()
}

fn outsiders_have(roles: &RolesList, capability: C) -> bool {
    roles.get(NOBODY).is_some_and(|role| role.has(capability))
}

/// Roles that one can have from the beginning only.
fn unreachable_roles(policy: &RoomPolicy, roles: &RolesList, report: &mut Report) {
    let mut reached: BTreeSet<RoleIndex> = roles
        .roles()
        .iter()
        .flat_map(|role| moves(role).filter(|(from, to)| can_move(role, *from, *to)).map(|(_, to)| to))
        .collect();
    let own_change = roles.roles().iter().any(|role| role.has(C::CAN_CHANGE_OWN_ROLE));
    for entry in entries(policy) {
        let index = entry.target_role.role_index;
        if own_change || roles.get(index).is_some_and(|role| role.has(C::CAN_JOIN_IF_PREAUTHORIZED)) {
            reached.insert(index);
        }
    }
    let fixed = policy.base.as_ref().is_some_and(|base| base.fixed_membership);
    for role in roles.roles().iter().filter(|role| role.role_index != NOBODY && !reached.contains(&role.role_index)) {
        // In a room whose participants stay, everyone has a role from the beginning.
        if !fixed {
            let sentence = format!("nobody can get {} after the room was created", called(role));
            report.unreachable("role-unreachable", SECTION_3, sentence);
        }
    }
}

fn minima(roles: &RolesList, report: &mut Report) {
    for role in roles.roles().iter().filter(|role| role.role_index != NOBODY) {
        let (least, most) = (role.minimum_participants_constraint, role.maximum_participants_constraint);
        if role.has(C::CAN_REMOVE_SELF) && least > 0 {
            let who = called(role);
            if most == Some(least) {
                let sentence = format!("a holder of {who} can never leave, since there have to be exactly {least}");
                report.unreachable("leaving-impossible", REMOVING, sentence);
            } else {
                let last = if least == 1 { "one".to_owned() } else { least.to_string() };
                let sentence = format!("the last {last} with {who} cannot leave");
                report.hint("leaving-limited", REMOVING, sentence);
            }
        }
        if most == Some(0) {
            let sentence = format!("{} is for nobody, since its maximum is 0", called(role));
            report.unreachable("role-for-nobody", SECTION_3, sentence);
        }
    }
}

fn open_join(policy: &RoomPolicy, roles: &RolesList, report: &mut Report) {
    if !outsiders_have(roles, C::CAN_OPEN_JOIN) {
        return;
    }
    let ban = roles.banned().is_some() && roles.roles().iter().any(|role| role.has(C::CAN_BAN));
    if !ban {
        let sentence = "anyone can join and nobody can be banned, so whoever is removed comes back at once";
        report.dangerous("open-join-without-ban", ADDING, sentence);
    }
    for role in roles.roles().iter().filter(|role| role.has(C::CAN_ADD_PARTICIPANT)) {
        let targets = |role: &Role| crate::consistency::targets(role, NOBODY).collect::<BTreeSet<_>>();
        let open = roles.get(NOBODY).map(&targets).unwrap_or_default();
        if targets(role).is_subset(&open) {
            let sentence = format!("{} adds others to roles that anyone can join by itself", called(role));
            report.hint("open-join-and-adding", ADDING, sentence);
        }
    }
    if policy.base.as_ref().is_some_and(|base| base.max_users.is_none()) {
        report.hint("open-join-without-limit", SECTION_5, "anyone can join and max_users sets no limit");
    }
}

fn fixed_membership(policy: &RoomPolicy, roles: &RolesList, report: &mut Report) {
    if !policy.base.as_ref().is_some_and(|base| base.fixed_membership) {
        return;
    }
    // req: RP03-5-03, RP03-5-05
    let moving = [
        C::CAN_OPEN_JOIN,
        C::CAN_USE_JOIN_CODE,
        C::CAN_JOIN_IF_PREAUTHORIZED,
        C::CAN_REMOVE_SELF,
        C::CAN_REMOVE_PARTICIPANT,
        C::CAN_BAN,
    ];
    for role in roles.roles() {
        for capability in moving.into_iter().filter(|capability| role.has(*capability)) {
            let sentence = format!("{} has {capability}, and the membership of the room is fixed", called(role));
            report.unreachable("fixed-membership-moves", SECTION_5, sentence);
        }
    }
}

/// Join links, searching and external commits against what roles may do.
fn ways_in(policy: &RoomPolicy, roles: &RolesList, report: &mut Report) {
    let codes = outsiders_have(roles, C::CAN_USE_JOIN_CODE);
    let open = outsiders_have(roles, C::CAN_OPEN_JOIN);
    let preauthorized = roles.roles().iter().any(|role| role.has(C::CAN_JOIN_IF_PREAUTHORIZED));
    if !codes && policy.join_links.as_ref().is_some_and(|links| !links.links.is_empty()) {
        report.unreachable("join-links-unusable", LINKS, "there are join links, and role 0 lacks canUseJoinCode");
    }
    if let Some(links) = policy.join_link_policy.as_ref().filter(|links| links.expiration == 0) {
        let sentence = if links.on_request { "a join link expires at once" } else { "join links expire at once" };
        report.unreachable("join-links-expired", LINKS, sentence);
    }
    let Some(base) = &policy.base else { return };
    if base.discoverable && !codes && !open && !preauthorized {
        report.hint("found-and-closed", SECTION_5, "the room can be found by searching, and nobody can join by itself");
    }
    if base.max_users == Some(0) || base.max_clients == Some(0) {
        report.unreachable("room-for-nobody", SECTION_5, "max_users or max_clients is 0, so nobody can be in the room");
    }
    if let (Some(users), Some(clients)) = (base.max_users, base.max_clients)
        && clients < users
    {
        let sentence = format!("of {users} users only {clients} can have a client at a time");
        report.hint("fewer-clients-than-users", SECTION_5, sentence);
    }
    let closed = policy
        .operational
        .as_ref()
        .is_some_and(|operational| !operational.external_commit_allowed && !operational.external_proposal_allowed);
    if closed && (codes || open || preauthorized) {
        let sentence = "users may join by themselves, and neither external commits nor external proposals are allowed";
        report.unreachable("external-join-forbidden", "draft-ietf-mimi-room-policy-03 section 7.1", sentence);
    }
}

fn preauthorizations(policy: &RoomPolicy, roles: &RolesList, report: &mut Report) {
    let own_change = roles.roles().iter().any(|role| role.has(C::CAN_CHANGE_OWN_ROLE));
    for (later, entry) in entries(policy).iter().enumerate() {
        // req: RP03-4-07
        let before = entries(policy).iter().take(later);
        if let Some(earlier) = before.enumerate().find(|(_, before)| before.matches(&entry.claimset)) {
            let earlier = earlier.0;
            let sentence =
                format!("preauthorization {later} never counts: whoever matches it matches {earlier} before");
            report.unreachable("preauth-covered", SECTION_4, sentence);
        }
        let Some(role) = roles.get(entry.target_role.role_index) else { continue };
        let joins = role.has(C::CAN_JOIN_IF_PREAUTHORIZED);
        if entry.claimset.is_empty() && (joins || own_change) {
            let sentence = format!("preauthorization {later} asks for no claim, so everyone can get {}", called(role));
            if powers(role).next().is_some() {
                report.dangerous("preauth-for-everyone", SECTION_4, sentence);
            } else {
                report.hint("preauth-for-everyone", SECTION_4, sentence);
            }
        }
        if !joins && !own_change {
            let sentence = format!(
                "preauthorization {later} lets nobody join: {} lacks canJoinIfPreauthorized; it can only serve an external sender",
                called(role)
            );
            report.hint("preauth-without-join", SECTION_4, sentence);
        }
    }
    let named = |role: &Role| entries(policy).iter().any(|entry| entry.target_role.role_index == role.role_index);
    let inside = || roles.roles().iter().filter(|role| role.role_index != NOBODY);
    for role in inside().filter(|role| role.has(C::CAN_JOIN_IF_PREAUTHORIZED) && !named(role)) {
        let sentence = format!("{} has canJoinIfPreauthorized, and no preauthorization is for it", called(role));
        report.unreachable("preauth-missing", ADDING, sentence);
    }
    if entries(policy).is_empty() {
        for role in inside().filter(|role| role.has(C::CAN_CHANGE_OWN_ROLE)) {
            let sentence = format!("{} has canChangeOwnRole, and there are no preauthorizations", called(role));
            report.unreachable("own-role-unchangeable", "draft-ietf-mimi-room-policy-03 section 8.1.3", sentence);
        }
    }
}
