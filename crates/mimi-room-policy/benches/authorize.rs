//! What a decision costs in a room of 10,000 participants. `cargo bench -p mimi-room-policy`.
//!
//! A message is to take less than a microsecond; that is asserted at the end. Users of messages are taken in an order without pattern, so
//! that the search does not find everything in the cache.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs)]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use criterion::{BatchSize, Criterion};
use mimi_arch::{RoleIndex, UserUri};
use mimi_room_policy::{
    authorize::{Action, Actor, RoomState, Step, authorize},
    base_room_policy::BaseRoomPolicy,
    capability::CapabilityType,
    preauth::PreauthList,
    roles::{Role, RolesList},
};

const PARTICIPANTS: usize = 10_000;
const CHANGED: usize = 1000;
const BAR: Duration = Duration::from_micros(1);

fn users() -> Vec<UserUri> {
    (0..PARTICIPANTS)
        .map(|n| {
            let provider = char::from(b'a' + u8::try_from(n % 10).unwrap());
            format!("mimi://{provider}.example/u/participant{n}").parse().unwrap()
        })
        .collect()
}

fn room(users: &[UserUri]) -> RoomState {
    let everything: Vec<_> =
        CapabilityType::registered().filter(|capability| *capability != CapabilityType::CAN_OPEN_JOIN).collect();
    let roles = vec![
        Role::new(0, "none"),
        Role::new(1, "banned").active_participants(0, Some(0)),
        Role::new(2, "user").with(everything.clone()).changing(2, &[0]),
        Role::new(3, "speaker").with(everything.clone()).participants(0, Some(5000)),
        Role::new(4, "admin").with(everything).participants(1, None).changing(2, &[0, 1, 3]).changing(0, &[2]),
    ];
    let mut state = RoomState::new(&RolesList::new(roles).unwrap(), PreauthList::default(), BaseRoomPolicy::default());
    for (n, user) in users.iter().enumerate() {
        state.insert(user.clone(), RoleIndex(if n == 0 { 4 } else { 2 }), 2).unwrap();
    }
    state
}

/// The users, each at a place far from the last one. 7919 has no common divisor with their number.
fn mixed(users: &[UserUri]) -> impl Iterator<Item = &UserUri> {
    (0..).map(|n| &users[n * 7919 % users.len()])
}

fn main() {
    let users = users();
    let state = room(&users);
    let mut criterion = Criterion::default().configure_from_args();

    let mut sender = mixed(&users);
    criterion.bench_function("a message in a room of 10,000", |bencher| {
        bencher.iter_batched(
            || sender.next().unwrap(),
            |user| authorize(black_box(&state), &Actor::member(user), &Action::Message),
            BatchSize::SmallInput,
        );
    });

    let admin = Actor::member(&users[0]);
    let changes: Vec<_> = users[1..=CHANGED].iter().map(|user| Step::ChangeRole { user, role: RoleIndex(3) }).collect();
    criterion.bench_function("1000 role changes in a room of 10,000", |bencher| {
        bencher.iter(|| authorize(black_box(&state), &admin, &Action::commit(&changes)));
    });
    criterion.bench_function("one role change in a room of 10,000", |bencher| {
        bencher.iter(|| authorize(black_box(&state), &admin, &Action::commit(&changes[..1])));
    });
    criterion.final_summary();

    let rounds = 200_000;
    let senders: Vec<_> = mixed(&users).take(rounds).collect();
    let start = Instant::now();
    for user in &senders {
        assert!(authorize(black_box(&state), &Actor::member(user), &Action::Message).is_allowed());
    }
    let each = start.elapsed() / u32::try_from(rounds).unwrap();
    println!("a message: {each:?} on average of {rounds}, bar {BAR:?}");
    assert!(each < BAR, "a message takes {each:?}");
    assert!(authorize(&state, &admin, &Action::commit(&changes)).is_allowed());
}
