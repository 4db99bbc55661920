//! No sequence of allowed actions breaks what always holds: a member's user is a participant with a defined role that is not zero, nobody
//! banned has a client, counts are those of a walk over the list, and the limits of the base policy are kept.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const NAMES: [&str; 5] = ["me", "a", "b", "c", "d"];

/// Figures from which a step is made once the users it borrows are there.
type Figures = (usize, usize, u32, u32);

fn step(users: &[UserUri], (kind, who, index, clients): Figures) -> Step<'_> {
    let (user, role) = (&users[who], role(index));
    match kind {
        0 => Step::AddParticipant { user, role, clients },
        1 => Step::RemoveParticipant { user, clients },
        2 => Step::Leave { clients },
        3 => Step::ChangeRole { user, role },
        4 => Step::ChangeOwnRole { role },
        5 => Step::Ban { user, clients },
        6 => Step::Unban { user, role },
        7 => Step::Kick { user, clients },
        8 => Step::AddOwnClient { replaces: clients },
        9 => Step::AddOtherOwnClients { clients },
        10 => Step::RemoveOwnClients { clients, acting: clients > 1 },
        11 => Step::OpenJoin { role },
        12 => Step::JoinPreauthorized { role },
        _ => Step::JoinByCode { role, code: JoinCode::Valid { role } },
    }
}

fn generous() -> Room {
    let everything: Vec<_> = Cap::registered().filter(|capability| *capability != Cap::CAN_OPEN_JOIN).collect();
    Room::with(&everything).preauthorizing("x", OTHER).change(|room| {
        let changes = room.actor.authorized_role_changes.clone();
        for role in [&mut room.guest, &mut room.other, &mut room.banned] {
            role.role_capabilities.clone_from(&everything);
            role.authorized_role_changes.clone_from(&changes);
        }
        room.banned.maximum_active_participants_constraint = None;
        room.zero = room.zero.clone().with(Cap::registered()).changing(0, &[0, 1, 2, 3, 4]);
        room.guest = room.guest.clone().participants(0, Some(3)).active_participants(0, Some(2));
        (room.base.max_users, room.base.max_clients) = (Some(4), Some(6));
    })
}

fn holds(state: &RoomState) {
    let mut counts: BTreeMap<RoleIndex, RoleCount> = BTreeMap::new();
    for (user, participant) in state.participants() {
        assert_ne!(participant.role, RoleIndex::NON_PARTICIPANT);
        assert!(state.role(participant.role).is_some());
        assert!(participant.role != RoleIndex::BANNED || participant.clients == 0, "{user} is banned with clients");
        let count = counts.entry(participant.role).or_default();
        count.participants += 1;
        count.active += u32::from(participant.clients > 0);
    }
    for index in 0..6 {
        assert_eq!(state.count(role(index)), counts.get(&role(index)).copied().unwrap_or_default());
    }
    let guests = state.count(role(GUEST));
    assert!(guests.participants <= 3 && guests.active <= 2);
    let clients: u64 = state.participants().map(|(_, participant)| u64::from(participant.clients)).sum();
    assert_eq!(state.clients(), clients);
    assert!(clients <= 6);
    assert!(state.entries() - u64::from(state.count(RoleIndex::BANNED).participants) <= 4);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_sequence_of_allowed_actions_breaks_an_invariant(
        actions in prop::collection::vec(
            (0usize..6, 0u8..3, prop::collection::vec((0usize..14, 0usize..5, 0u32..6, 0u32..4), 0..4)),
            1..40,
        ),
    ) {
        let users: Vec<_> = NAMES.iter().map(|name| user(name)).collect();
        let claims = [claim("x")];
        let mut state = generous().state();
        for (who, how, figures) in actions {
            let steps: Vec<_> = figures.into_iter().map(|figures| step(&users, figures)).collect();
            let actor = users.get(who).map_or(Actor::Hub, |user| Actor::User { user, claims: &claims, member: how == 1 });
            let sent = [Sent::Proposals, Sent::Commit, Sent::ExternalCommit][usize::from(how)];
            let before = state.clone();
            let decision = state.act(&actor, &Action::Change { sent, steps: &steps });
            if let Some(refusal) = decision.refusal() {
                prop_assert_eq!(&state, &before, "{}", refusal);
            } else {
                prop_assert_eq!(decision.grounds().len(), steps.len().max(1));
            }
            holds(&state);
            for (user, participant) in before.participants() {
                let banned = participant.role == RoleIndex::BANNED;
                let back = state.participant(user).is_some_and(|after| after.role != RoleIndex::BANNED);
                let unbanned = steps.iter().any(|step| match step {
                    Step::Unban { user: target, .. } | Step::ChangeRole { user: target, .. } => *target == user,
                    _ => false,
                });
                prop_assert!(!banned || !back || unbanned, "{} came back by no unban", user);
            }
        }
    }
}
