use super::*;
use crate::Expiration;

fn expiring(number: u16, expiration: Expiration) -> Received {
    message(number, ALICE, 10, MimiContent::text("a", salt()).topic(topic("tea")).expires(expiration))
}

#[test]
fn an_absolute_expiry_needs_no_reading_and_leaves_nothing_to_see() {
    // req: MC08-5.8-01
    let mut timeline = Timeline::new();
    timeline.insert(expiring(1, Expiration::Absolute(100)));
    timeline.insert(message(2, ALICE, 20, MimiContent::text("b", salt()).edit(id(1))));
    assert_eq!(timeline.next_expiry(), Some(Timestamp(100_000)));
    assert_eq!(timeline.expire(Timestamp(99_999)), []);
    assert_eq!(timeline.expire(Timestamp(100_000)), [Change::Expired { id: id(1) }]);
    assert_eq!(timeline.len(), 0);
    assert_eq!(timeline.topics().count(), 0);
    assert_eq!(timeline.next_expiry(), None);
    let entry = timeline.entry(&id(1)).unwrap();
    assert_eq!(entry.shown(), Shown::Expired);
    assert!(entry.original().is_none());
    assert!(entry.versions().all(|version| version.body.is_none()));
    // Its ID is remembered.
    assert!(timeline.contains(&id(1)));
}

#[test]
fn a_relative_expiry_runs_from_the_first_reading() {
    // req: MC08-5.8-02
    let mut timeline = Timeline::new();
    timeline.insert(expiring(1, Expiration::Relative(60)));
    assert_eq!(timeline.expire(Timestamp(u64::MAX / 2)), []);
    let mut timeline = Timeline::new();
    timeline.insert(expiring(1, Expiration::Relative(60)));
    let read = timeline.mark_read(&id(1), Timestamp(5_000));
    assert_eq!(read, [Change::Read { id: id(1), expires: Some(Timestamp(65_000)) }]);
    assert_eq!(timeline.mark_read(&id(1), Timestamp(9_000)), []);
    assert_eq!(timeline.next_expiry(), Some(Timestamp(65_000)));
    assert_eq!(timeline.expire(Timestamp(65_000)), [Change::Expired { id: id(1) }]);
}

#[test]
fn what_arrives_after_its_expiry_expires_on_arrival() {
    let mut timeline = Timeline::new();
    timeline.expire(Timestamp(200_000));
    let changes = timeline.insert(expiring(1, Expiration::Absolute(100)));
    assert_eq!(changes.last(), Some(&Change::Expired { id: id(1) }));
    assert!(timeline.is_empty());
}

#[test]
fn reading_an_edited_version_is_reading_the_message_even_before_it_arrives() {
    let mut timeline = Timeline::new();
    timeline.insert(message(2, ALICE, 20, MimiContent::text("b", salt()).edit(id(1))));
    assert_eq!(timeline.mark_read(&id(2), Timestamp(5_000)), []);
    timeline.insert(expiring(1, Expiration::Relative(60)));
    let entry = timeline.entry(&id(1)).unwrap();
    assert_eq!((entry.read_at(), entry.expires_at()), (Some(Timestamp(5_000)), Some(Timestamp(65_000))));
}

#[test]
fn a_reaction_expires_too_and_a_reply_sees_that_its_target_has() {
    let mut timeline = Timeline::new();
    timeline.insert(expiring(1, Expiration::Absolute(50)));
    timeline.insert(message(2, BOB, 20, MimiContent::react("+", id(1), salt()).expires(Expiration::Absolute(40))));
    timeline.insert(message(3, BOB, 30, MimiContent::text("so?", salt()).reply_to(id(1))));
    assert_eq!(timeline.expire(Timestamp(60_000)), [Change::Expired { id: id(2) }, Change::Expired { id: id(1) }]);
    assert_eq!(timeline.reactions_to(&id(1)), []);
    assert_eq!(timeline.entry(&id(3)).unwrap().reply_target(), Some(ReplyTarget::Expired { of: id(1) }));
}

#[test]
fn a_held_edit_is_not_offered_past_its_own_expiry() {
    let mut timeline = Timeline::new();
    let edit = MimiContent::text("b", salt()).expires(Expiration::Absolute(40)).edit(id(1));
    timeline.insert(message(2, ALICE, 20, edit));
    assert_eq!(timeline.held().count(), 1);
    timeline.expire(Timestamp(40_000));
    assert_eq!(timeline.held().count(), 0);
}
