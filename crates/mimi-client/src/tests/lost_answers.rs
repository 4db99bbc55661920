//! The answer to an update or a message does not come; the queue tells what became of it.

use mimi_protocol::{
    Epoch,
    update::{HandshakeBundle, UpdateRoomResponse},
};

use super::{Device, Hub, commit_event, in_agreement, proposals_event, room, text_event};
use crate::{ClientError, Event, PrepareOptions, PreparedUpdate, RoomOptions, session::JoinStep};

/// A room with two clients.
fn two() -> (Hub, Device, Device) {
    let mut hub = Hub::new();
    let alice = Device::new("a.example", "alice", "1");
    let mut bob = Device::new("b.example", "bob", "1");
    hub.create_room(&alice);
    let (_, welcome) = hub.add(&alice, &[&bob]);
    bob.gets(&welcome);
    (hub, alice, bob)
}

fn empty_commit(device: &Device) -> PreparedUpdate {
    device.session().prepare_commit(&room(), PrepareOptions::default()).unwrap()
}

#[test]
fn an_own_commit_whose_answer_was_lost_is_merged_when_it_comes_back() {
    let (_, mut alice, mut bob) = two();
    let commit = empty_commit(&alice);
    let again = alice.session().prepare_commit(&room(), PrepareOptions::default());
    assert!(matches!(again, Err(ClientError::UpdateUnresolved { .. })));
    assert_eq!(alice.session().unresolved(&room()).unwrap().unwrap().bundle, commit.bundle);

    let events = alice.gets(&commit_event(&commit));
    assert!(matches!(events.as_slice(), [Event::Committed { epoch: Epoch(2), .. }]), "{events:?}");
    bob.gets(&commit_event(&commit));
    in_agreement(&[&alice, &bob]);
    assert!(alice.session().unresolved(&room()).unwrap().is_none());
    alice.session().confirm(&commit).unwrap();
    alice.session().discard(&commit).unwrap();
    in_agreement(&[&alice, &bob]);
}

#[test]
fn an_own_commit_gives_way_to_another_one_of_its_epoch() {
    let (_, mut alice, bob) = two();
    let lost = empty_commit(&alice);
    let taken = empty_commit(&bob);
    bob.session().confirm(&taken).unwrap();
    assert!(matches!(alice.gets(&commit_event(&taken)).as_slice(), [Event::Committed { .. }]));
    assert!(alice.session().unresolved(&room()).unwrap().is_none());
    in_agreement(&[&alice, &bob]);
    alice.session().confirm(&lost).unwrap();
    in_agreement(&[&alice, &bob]);
    empty_commit(&alice);
}

#[test]
fn a_refused_commit_is_gone_and_the_next_one_can_be_made() {
    let (_, alice, mut bob) = two();
    let refused = empty_commit(&alice);
    let answer = UpdateRoomResponse::NotAllowed { error_description: String::new() };
    alice.session().refused(&refused, &answer).unwrap();
    let commit = empty_commit(&alice);
    alice.session().confirm(&commit).unwrap();
    bob.gets(&commit_event(&commit));
    in_agreement(&[&alice, &bob]);
}

#[test]
fn a_refusal_for_an_epoch_ahead_waits_for_the_queue() {
    let (_, mut alice, mut bob) = two();
    let commit = empty_commit(&alice);
    let answer = UpdateRoomResponse::WrongEpoch { error_description: String::new(), current_epoch: Epoch(2) };
    alice.session().refused(&commit, &answer).unwrap();
    assert!(alice.session().unresolved(&room()).unwrap().is_some());
    // It was this very commit that began epoch 2.
    assert!(matches!(alice.gets(&commit_event(&commit)).as_slice(), [Event::Committed { .. }]));
    bob.gets(&commit_event(&commit));
    in_agreement(&[&alice, &bob]);
}

#[test]
fn an_own_message_is_reported_when_it_comes_back_unanswered_and_only_then() {
    let (_, mut alice, _) = two();
    let lost = alice.session().seal(&room(), "lost", true).unwrap();
    let answered = alice.session().seal(&room(), "answered", true).unwrap();
    alice.session().answered(&room(), &answered).unwrap();
    assert_eq!(alice.gets(&text_event(&answered)), []);
    let events = alice.gets(&text_event(&lost));
    assert!(
        matches!(events.as_slice(), [Event::Message { sender, text, .. }] if *sender == alice.id && text == "lost"),
        "{events:?}"
    );
    assert_eq!(alice.gets(&text_event(&lost)), []);
}

#[test]
fn leaving_proposals_whose_answer_was_lost_count_when_they_come_back() {
    let (_, mut alice, mut bob) = two();
    let leaving = bob.session().prepare_leave(&room()).unwrap();
    assert_eq!(bob.room().pending_proposals, 0);
    let events = bob.gets(&proposals_event(&leaving));
    assert!(matches!(events.as_slice(), [Event::ProposalsReceived { count: 2, .. }]), "{events:?}");
    assert!(bob.session().unresolved(&room()).unwrap().is_none());
    assert!(matches!(
        bob.session().prepare_commit(&room(), PrepareOptions::default()),
        Err(ClientError::Leaving { .. })
    ));
    alice.gets(&proposals_event(&leaving));
    let commit = empty_commit(&alice);
    assert!(matches!(bob.gets(&commit_event(&commit)).as_slice(), [Event::Removed { .. }]));
}

#[test]
fn leaving_proposals_that_the_hub_refused_leave_no_trace() {
    let (_, mut alice, bob) = two();
    let leaving = bob.session().prepare_leave(&room()).unwrap();
    bob.session().discard(&leaving).unwrap();
    let commit = empty_commit(&bob);
    bob.session().confirm(&commit).unwrap();
    alice.gets(&commit_event(&commit));
    in_agreement(&[&alice, &bob]);
}

#[test]
fn an_own_external_commit_makes_a_member_when_it_comes_back() {
    let (hub, mut alice, _) = two();
    let mut tablet = Device::new("a.example", "alice", "tablet");
    let external = hub.external_commit(&tablet);
    let event = commit_event(&external);
    assert_eq!(tablet.gets(&event), [Event::Joined { room: room(), epoch: Epoch(2) }]);
    alice.gets(&event);
    in_agreement(&[&alice, &tablet]);
}

#[test]
fn asking_again_finds_out_that_the_external_commit_was_accepted() {
    let (mut hub, mut alice, _) = two();
    let tablet = Device::new("a.example", "alice", "tablet");
    let external = hub.external_commit(&tablet);
    alice.gets(&commit_event(&external));
    let HandshakeBundle::Commit { group_info: mimi_protocol::update::GroupInfoOption::Full(info), .. } =
        &external.bundle
    else {
        panic!("no group info")
    };
    hub.group_info = Some((**info).clone());
    hub.tree = Some(alice.session().ratchet_tree(&room()).unwrap());

    let question = tablet.session().group_info_question(None).unwrap();
    let step = tablet.session().prepare_join(&room(), &question, &hub.group_info(&question.body)).unwrap();
    assert!(matches!(step, JoinStep::Joined));
    in_agreement(&[&alice, &tablet]);
    let again = tablet.session().prepare_join(&room(), &question, &hub.group_info(&question.body));
    assert!(matches!(again, Err(ClientError::AlreadyAMember { .. })));
}

#[test]
fn an_external_commit_that_lost_the_race_can_be_made_anew() {
    let (mut hub, mut alice, bob) = two();
    let mut tablet = Device::new("a.example", "alice", "tablet");
    hub.external_commit(&tablet);
    let taken = empty_commit(&bob);
    bob.session().confirm(&taken).unwrap();
    hub.follow(&bob, &taken);
    alice.gets(&commit_event(&taken));
    assert_eq!(tablet.gets(&commit_event(&taken)), []);

    let external = hub.external_commit(&tablet);
    tablet.session().confirm(&external).unwrap();
    alice.gets(&commit_event(&external));
    in_agreement(&[&alice, &tablet]);
}

#[test]
fn a_client_that_lost_the_thread_joins_anew_in_place_of_its_old_leaf() {
    let (mut hub, mut alice, bob) = two();
    let missed = empty_commit(&alice);
    alice.session().confirm(&missed).unwrap();
    hub.follow(&alice, &missed);
    let external = hub.external_commit(&bob);
    bob.session().confirm(&external).unwrap();
    let events = alice.gets(&commit_event(&external));
    assert!(matches!(events.as_slice(), [Event::Committed { .. }]), "{events:?}");
    in_agreement(&[&alice, &bob]);
    assert_eq!(alice.room().members.len(), 2);
}

#[test]
fn an_event_that_was_processed_is_not_processed_again() {
    let (_, alice, bob) = two();
    let hello = text_event(&alice.session().seal(&room(), "hello", false).unwrap());
    assert_eq!(bob.gets_as(20, &hello).len(), 1);
    assert_eq!(bob.gets_as(20, &hello), []);
    assert_eq!(bob.gets_as(3, &hello), []);
    assert_eq!(bob.session().position().unwrap(), 20);
}

#[test]
fn a_room_whose_creation_was_not_answered_is_submitted_again_unchanged() {
    let hub = Hub::new();
    let alice = Device::new("a.example", "alice", "1");
    let first = alice.session().found(&room(), &hub.external_sender(), RoomOptions::default()).unwrap();
    let second = alice.session().found(&room(), &hub.external_sender(), RoomOptions::default()).unwrap();
    assert_eq!(first.group_info.group_context_bytes(), second.group_info.group_context_bytes());
    assert_eq!(first.ratchet_tree, second.ratchet_tree);
    alice.session().not_founded(&room()).unwrap();
    alice.session().found(&room(), &hub.external_sender(), RoomOptions::default()).unwrap();
    alice.session().founded(&room()).unwrap();
    assert!(alice.room().active);
}

#[test]
fn a_commit_that_carries_unanswered_proposals_of_this_client_is_understood() {
    let (_, mut alice, mut bob) = two();
    let leaving = bob.session().prepare_leave(&room()).unwrap();
    alice.gets(&proposals_event(&leaving));
    let commit = empty_commit(&alice);
    assert!(matches!(bob.gets(&commit_event(&commit)).as_slice(), [Event::Removed { .. }]));
}

#[test]
fn asking_for_group_information_finds_out_that_a_commit_was_accepted() {
    let (mut hub, alice, mut bob) = two();
    let commit = empty_commit(&alice);
    bob.gets(&commit_event(&commit));
    hub.follow(&bob, &commit);
    let question = alice.session().group_info_question(None).unwrap();
    let step = alice.session().prepare_join(&room(), &question, &hub.group_info(&question.body)).unwrap();
    assert!(matches!(step, JoinStep::Joined));
    assert!(alice.session().unresolved(&room()).unwrap().is_none());
    in_agreement(&[&alice, &bob]);
}

#[test]
fn two_users_who_leave_in_one_epoch_are_both_taken_off_the_list() {
    // req: MP06-7.5-13
    let (mut hub, mut alice, mut bob) = two();
    let mut cathy = Device::new("c.example", "cathy", "1");
    let (commit, welcome) = hub.add(&alice, &[&cathy]);
    bob.gets(&commit);
    cathy.gets(&welcome);
    let first = bob.session().prepare_leave(&room()).unwrap();
    let second = cathy.session().prepare_leave(&room()).unwrap();
    for leaving in [&first, &second] {
        for device in [&mut alice, &mut bob, &mut cathy] {
            device.gets(&proposals_event(leaving));
        }
    }
    let commit = empty_commit(&alice);
    alice.session().confirm(&commit).unwrap();
    assert_eq!(alice.room().participants.len(), 1);
    for leaver in [&mut bob, &mut cathy] {
        assert!(matches!(leaver.gets(&commit_event(&commit)).as_slice(), [Event::Removed { .. }]));
    }
}

#[test]
fn a_message_of_the_next_epoch_shows_that_the_unanswered_commit_was_accepted() {
    // req: MP06-5.5-18
    let (_, mut alice, mut bob) = two();
    let commit = empty_commit(&alice);
    bob.gets(&commit_event(&commit));
    let hello = bob.session().seal(&room(), "hello", false).unwrap();
    let events = alice.gets(&text_event(&hello));
    assert!(
        matches!(events.as_slice(), [Event::Committed { epoch: Epoch(2), .. }, Event::Message { .. }]),
        "{events:?}"
    );
    in_agreement(&[&alice, &bob]);
    assert_eq!(alice.gets(&commit_event(&commit)), []);
}

#[test]
fn a_message_of_another_epoch_2_does_not_make_the_unanswered_commit_count() {
    let (_, mut alice, bob) = two();
    let refused = empty_commit(&alice);
    let taken = empty_commit(&bob);
    bob.session().confirm(&taken).unwrap();
    let hello = bob.session().seal(&room(), "hello", false).unwrap();
    assert!(matches!(alice.gets(&text_event(&hello)).as_slice(), [Event::Undecryptable { .. }]));
    assert_eq!(alice.session().unresolved(&room()).unwrap().unwrap().bundle, refused.bundle);
    assert!(matches!(alice.gets(&commit_event(&taken)).as_slice(), [Event::Committed { .. }]));
    in_agreement(&[&alice, &bob]);
}
