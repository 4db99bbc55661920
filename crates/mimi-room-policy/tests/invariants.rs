//! No sequence of authorized actions breaks what always holds in a room: who has a client is a participant, nobody has two roles, who is banned
//! has no client, the constraints and limits are kept, and the participants of a fixed-membership room stay the same.
//!
//! What the actions mean is followed here by a plain table of users that knows nothing of the library's state.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use mimi_arch::{RoleIndex, UserUri, mls::CredentialType};
use mimi_room_policy::{
    authorize::{Action, Actor, JoinCode, RoomState, Sent, Step},
    base_room_policy::BaseRoomPolicy,
    capability::CapabilityType as C,
    preauth::{Claim, PreAuthRoleEntry, PreauthList},
    roles::{Role, RolesList},
};
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

/// Role and clients of those who are in the list, followed from the meaning of the steps.
type Table = BTreeMap<UserUri, (u32, u64)>;

fn users() -> Vec<UserUri> {
    (b'a'..=b'f').map(|name| format!("mimi://a.example/u/{}", char::from(name)).parse().unwrap()).collect()
}

fn claims() -> Vec<Claim> {
    vec![Claim::new(CredentialType(0xf005), "x", "1")]
}

/// A room in which much is allowed, within these limits.
fn room(limits: &[u8], fixed: bool) -> (RoomState, RolesList) {
    let all = [
        C::CAN_ADD_PARTICIPANT,
        C::CAN_REMOVE_PARTICIPANT,
        C::CAN_ADD_OWN_CLIENT,
        C::CAN_REMOVE_OWN_CLIENT,
        C::CAN_JOIN_IF_PREAUTHORIZED,
        C::CAN_REMOVE_SELF,
        C::CAN_BAN,
        C::CAN_UNBAN,
        C::CAN_KICK,
        C::CAN_CHANGE_USER_ROLE,
        C::CAN_CHANGE_OWN_ROLE,
    ];
    let moves = |role: Role| (0..5).fold(role, |role, from| role.changing(from, &[0, 1, 2, 3, 4]));
    let limit =
        |place: usize, least: u32| (!limits[place].is_multiple_of(3)).then(|| least + u32::from(limits[place] % 3));
    let roles = RolesList::new(vec![
        moves(Role::new(0, "").with([C::CAN_OPEN_JOIN, C::CAN_USE_JOIN_CODE])),
        Role::new(1, "banned").participants(0, limit(0, 0)).active_participants(0, Some(0)),
        moves(Role::new(2, "user").with(all)).participants(0, limit(1, 1)).active_participants(0, limit(2, 1)),
        moves(Role::new(3, "guest").with(all)).participants(0, limit(3, 0)).active_participants(0, limit(4, 0)),
        moves(Role::new(4, "admin").with(all))
            .participants(u32::from(limits[5] % 2), limit(6, 1))
            .active_participants(u32::from(limits[7] % 2), limit(8, 1)),
    ])
    .unwrap();
    let preauth = PreauthList {
        preauthorized_entries: vec![PreAuthRoleEntry {
            claimset: claims(),
            target_role: roles.get(RoleIndex(3)).unwrap().clone(),
        }],
    };
    let base = BaseRoomPolicy {
        fixed_membership: fixed,
        multi_device: limits[9].is_multiple_of(2),
        max_clients: limit(10, 3),
        max_users: limit(11, 2),
        ..BaseRoomPolicy::default()
    };
    let mut state = RoomState::new(&roles, preauth, base);
    state.insert(users()[0].clone(), RoleIndex(4), 1).unwrap();
    state.insert(users()[1].clone(), RoleIndex(2), 1).unwrap();
    (state, roles)
}

/// A step out of four octets.
fn step<'a>([kind, who, role, count]: [u8; 4], users: &'a [UserUri], own: &UserUri, table: &Table) -> Step<'a> {
    let user = &users[usize::from(who) % users.len()];
    let role = RoleIndex(u32::from(role) % 5);
    let of = |user: &UserUri| table.get(user).map_or(0, |(_, clients)| u32::try_from(*clients).unwrap());
    // All of them, mostly.
    let clients = |user: &UserUri| if count.is_multiple_of(4) { u32::from(count / 4) % 3 } else { of(user) };
    match kind % 17 {
        0 | 1 => Step::AddParticipant { user, role, clients: u32::from(count) % 3 },
        2 => Step::RemoveParticipant { user, clients: clients(user) },
        3 => Step::Leave { clients: clients(own) },
        4 | 5 => Step::ChangeRole { user, role },
        6 => Step::ChangeOwnRole { role },
        7 => Step::Ban { user, clients: clients(user) },
        8 => Step::Unban { user, role },
        9 => Step::Kick { user, clients: clients(user) },
        10 => Step::AddOwnClient { replaces: u32::from(count % 2).min(of(own)) },
        11 => Step::AddOtherOwnClients { clients: u32::from(count) % 3 },
        12 => Step::RemoveOwnClients { clients: of(own).min(1), acting: count.is_multiple_of(2) },
        13 => Step::OpenJoin { role },
        14 => Step::JoinPreauthorized { role },
        15 => Step::JoinByCode { role, code: JoinCode::Valid { role } },
        _ => Step::AddClientsOf { user, clients: 1 },
    }
}

/// What a step means for the table; the clients may be those of nobody in the list, which the table then shows as role zero.
fn follow(table: &mut Table, own: &UserUri, step: &Step<'_>) {
    let mut to = |user: &UserUri, role: Option<u32>, come: u32, go: u32| {
        let entry = table.entry(user.clone()).or_insert((0, 0));
        entry.0 = role.unwrap_or(entry.0);
        entry.1 = (entry.1 + u64::from(come)).checked_sub(u64::from(go)).expect("nobody loses clients that they lack");
    };
    match *step {
        Step::AddParticipant { user, role, clients } => to(user, Some(role.0), clients, 0),
        Step::RemoveParticipant { user, clients } => to(user, Some(0), 0, clients),
        Step::Leave { clients } => to(own, Some(0), 0, clients),
        Step::ChangeRole { user, role } | Step::Unban { user, role } => to(user, Some(role.0), 0, 0),
        Step::ChangeOwnRole { role } => to(own, Some(role.0), 0, 0),
        Step::Ban { user, clients } => to(user, Some(1), 0, clients),
        Step::Kick { user, clients } => to(user, None, 0, clients),
        Step::AddOwnClient { replaces } => to(own, None, 1, replaces),
        Step::AddOtherOwnClients { clients } => to(own, None, clients, 0),
        Step::RemoveOwnClients { clients, .. } => to(own, None, 0, clients),
        Step::AddClientsOf { user, clients } => to(user, None, clients, 0),
        Step::OpenJoin { role } | Step::JoinPreauthorized { role } | Step::JoinByCode { role, .. } => {
            to(own, Some(role.0), 1, 0)
        }
        _ => {}
    }
}

/// What always holds.
fn holds(state: &RoomState, roles: &RolesList, table: &Table, before: &BTreeSet<UserUri>, by_hub: bool) {
    let listed: Table =
        table.iter().filter(|(_, (role, _))| *role > 0).map(|(user, value)| (user.clone(), *value)).collect();
    let known: Table = state
        .participants()
        .map(|(user, participant)| (user.clone(), (participant.role.0, u64::from(participant.clients))))
        .collect();
    assert_eq!(known, listed, "the state is what the steps mean");
    for (user, (role, clients)) in table {
        assert!(*role > 0 || *clients == 0, "{user} has {clients} clients and is no participant");
        assert!(*role != 1 || *clients == 0, "{user} is banned and has {clients} clients");
    }
    for role in roles.roles().iter().filter(|role| role.role_index.0 > 0) {
        let held = listed.values().filter(|(held, _)| *held == role.role_index.0);
        let (all, active) = (held.clone().count(), held.filter(|(_, clients)| *clients > 0).count());
        let count = state.count(role.role_index);
        assert_eq!(
            (u64::from(count.participants), u64::from(count.active)),
            (all as u64, active as u64),
            "the counts are kept"
        );
        let within = |limit: Option<u32>, there: usize| limit.is_none_or(|limit| there <= limit as usize);
        assert!(within(role.maximum_participants_constraint, all), "too many have role {}", role.role_index);
        assert!(
            within(role.maximum_active_participants_constraint, active),
            "too many are active in {}",
            role.role_index
        );
        assert!(by_hub || all >= role.minimum_participants_constraint as usize, "too few have {}", role.role_index);
        assert!(by_hub || active >= role.minimum_active_participants_constraint as usize, "too few are active");
    }
    let base = state.base();
    let clients: u64 = listed.values().map(|(_, clients)| clients).sum();
    let users = listed.values().filter(|(role, _)| *role != 1).count();
    assert_eq!(state.clients(), clients);
    assert!(base.max_clients.is_none_or(|most| clients <= u64::from(most)), "{clients} clients");
    assert!(base.max_users.is_none_or(|most| users <= most as usize), "{users} users");
    assert!(base.multi_device || listed.values().all(|(_, clients)| *clients <= 1), "two clients of one user");
    assert!(!base.fixed_membership || by_hub || listed.keys().eq(before), "the list of a fixed room changed");
}

// req: RP03-3-08, RP03-3-10, RP03-5-05, RP03-5-15, RP03-5-16, RP03-5-17, RP03-8.1.2-02, RP03-8.1.2-09, RP03-8.1.3-08
#[test]
fn no_sequence_of_authorized_actions_breaks_what_always_holds() {
    let (allowed, refused) = (Cell::new(0u32), Cell::new(0u32));
    let config = Config { cases: 1000, failure_persistence: None, ..Config::default() };
    let strategy = (vec(any::<u8>(), 12), any::<bool>(), vec((any::<[u8; 4]>(), vec(any::<[u8; 4]>(), 3)), 1..60));
    TestRunner::new(config)
        .run(&strategy, |(limits, fixed, actions)| {
            let (users, claims) = (users(), claims());
            let (mut state, roles) = room(&limits, fixed && limits[0].is_multiple_of(2));
            let mut table: Table = users[..2].iter().cloned().zip([(4, 1), (2, 1)]).collect();
            let before: BTreeSet<UserUri> = table.keys().cloned().collect();
            let mut by_hub = false;
            for ([who, kind, how, with_claims], steps) in actions {
                let own = &users[usize::from(who) % users.len()];
                let has_client = table.get(own).is_some_and(|(_, clients)| *clients > 0);
                let claims: &[Claim] = if with_claims.is_multiple_of(2) { &claims } else { &[] };
                let member = has_client && !how.is_multiple_of(4);
                let (actor, sent) = match kind % 16 {
                    0 => (Actor::Hub, Sent::Proposals),
                    1 => (Actor::ExternalSender { claims }, Sent::Proposals),
                    _ if how.is_multiple_of(5) => (Actor::User { user: own, claims, member }, Sent::Proposals),
                    _ if member => (Actor::User { user: own, claims, member }, Sent::Commit),
                    _ => (Actor::User { user: own, claims, member }, Sent::ExternalCommit),
                };
                // Mostly one step, and from outside mostly one that brings the client in.
                let count = usize::from(how / 16).saturating_sub(12).clamp(1, 3);
                let steps: Vec<Step<'_>> = steps
                    .into_iter()
                    .take(count)
                    .map(|[kind, who, role, number]| {
                        let kind = match table.get(own) {
                            _ if member || kind.is_multiple_of(4) => kind,
                            Some((held, _)) if *held > 0 => 10,
                            _ => 13 + kind % 3,
                        };
                        step([kind, who, role, number], &users, own, &table)
                    })
                    .collect();
                let unchanged = state.clone();
                if state.act(&actor, &Action::Change { sent, steps: &steps }).is_allowed() {
                    allowed.set(allowed.get() + 1);
                    by_hub |= matches!(actor, Actor::Hub);
                    // Clients come before others go, so that the order within a commit does not matter.
                    for step in &steps {
                        follow(&mut table, own, step);
                    }
                } else {
                    refused.set(refused.get() + 1);
                    if state != unchanged {
                        return Err(TestCaseError::fail("a refused action changed the state"));
                    }
                }
                holds(&state, &roles, &table, &before, by_hub);
            }
            Ok(())
        })
        .unwrap();
    let (allowed, refused) = (allowed.get(), refused.get());
    assert!(allowed > 2_000 && refused > 2_000, "{allowed} allowed, {refused} refused");
}
