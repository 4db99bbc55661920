//! Authorizing a message allocates nothing, however many participants there are, and whether it is allowed or not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::alloc::System;

use mimi_arch::{RoleIndex, UserUri};
use mimi_room_policy::{
    authorize::{Action, Actor, AssetKind, Decision, RoomState, authorize},
    base_room_policy::BaseRoomPolicy,
    capability::CapabilityType,
    preauth::PreauthList,
    roles::{Role, RolesList},
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn user(n: u32) -> UserUri {
    format!("mimi://a.example/u/user{n}").parse().unwrap()
}

/// One test for all, because the counters are those of the whole process.
#[test]
fn authorizing_a_message_allocates_nothing() {
    let speaker = [CapabilityType::CAN_SEND_MESSAGE, CapabilityType::CAN_RECEIVE_MESSAGE];
    let roles = RolesList::new(vec![Role::new(2, "speaker").with(speaker), Role::new(3, "listener")]).unwrap();
    let mut state = RoomState::new(&roles, PreauthList::default(), BaseRoomPolicy::default());
    for n in 0..1000 {
        state.insert(user(n), RoleIndex(if n < 500 { 2 } else { 3 }), 1).unwrap();
    }
    let (speaker, listener) = (user(123), user(789));
    let asked = [
        (Actor::member(&speaker), Action::Message, true),
        (Actor::outside(&speaker), Action::Receive, true),
        (Actor::member(&listener), Action::Message, false),
        (Actor::member(&speaker), Action::Upload(AssetKind::Image), false),
    ];
    for (actor, action, allowed) in asked {
        let region = Region::new(ALLOCATOR);
        let decision: Decision = authorize(&state, &actor, &action);
        let stats = region.change();
        assert_eq!(decision.is_allowed(), allowed);
        assert_eq!((stats.allocations, stats.reallocations), (0, 0), "{action:?}: {stats:?}");
    }
    // The counter counts: a refusal that names a user has a copy of the name.
    let (stranger, region) = (user(5000), Region::new(ALLOCATOR));
    let add = [mimi_room_policy::authorize::Step::AddParticipant { user: &stranger, role: RoleIndex(2), clients: 0 }];
    assert!(!authorize(&state, &Actor::member(&speaker), &Action::commit(&add)).is_allowed());
    assert!(region.change().allocations > 0);
}
