//! Application messages (section 5.4).

use mimi_ds::hub::SubmitRefusal;
use mimi_protocol::{
    Epoch, IdentifierUri,
    mls::MlsMessage,
    submit_message::{SubmitMessageRequest, SubmitMessageResponse},
};

use crate::support::*;

fn refuse(world: &mut World, source: &str, sending_uri: &str, app_message: MlsMessage) -> SubmitRefusal {
    let before = world.fingerprint();
    let now = world.now();
    let request = SubmitMessageRequest { app_message, sending_uri: IdentifierUri::new(sending_uri) };
    let refusal = world.room.submit(now, &domain(source), &request, &franking()).unwrap_err();
    assert_eq!(world.fingerprint(), before);
    refusal
}

#[test]
fn only_a_participant_of_the_sending_provider_may_speak() {
    // req: MP06-5.4-04
    // req: MP06-5.4-12
    let mut world = World::three();
    let message = world.client("cathy").seal("x");
    let cathy = "mimi://c.example/u/cathy";
    let refusal = refuse(&mut world, "b.example", cathy, message.clone());
    assert_eq!(refusal, SubmitRefusal::ForeignSender(domain("b.example")));
    let refusal = refuse(&mut world, "c.example", "mimi://c.example/d/cathy/1", message.clone());
    assert_eq!(refusal, SubmitRefusal::ForeignSender(domain("c.example")));
    let refusal = refuse(&mut world, "c.example", "mimi://c.example/u/nobody", message);
    assert!(matches!(refusal, SubmitRefusal::Denied(_)));
    assert_eq!(refusal.response(), Some(SubmitMessageResponse::NotAllowed));
}

#[test]
fn a_user_who_is_leaving_neither_sends_nor_is_sent_messages() {
    // req: MP06-5.3-06
    // req: MP06-7.1-05
    let mut world = World::three();
    let message = world.client("bob2").seal("last words");
    let other = world.client("alice").seal("sealed before the leave was known");
    let leave = world.client("bob").leave(&[2]);
    let _ = world.accept("bob", leave);
    let refusal = refuse(&mut world, "b.example", "mimi://b.example/u/bob", message);
    assert_eq!(refusal, SubmitRefusal::Leaving(user("mimi://b.example/u/bob")));
    let request =
        SubmitMessageRequest { app_message: other, sending_uri: IdentifierUri::new("mimi://a.example/u/alice") };
    let accepted = world.room.submit(NOW, &domain("a.example"), &request, &franking()).unwrap();
    assert_eq!(recipients(&accepted), ["c.example application", "mimi://a.example/d/alice/1 application"]);
}

#[test]
fn only_the_current_epoch_is_accepted() {
    // req: MP06-5.4-13
    // req: MP06-5.4-14
    // req: MP06-5.4-15
    let mut world = World::three();
    let old = world.client("cathy").seal("of epoch 2");
    let bundle = world.client("alice").commit(Commit { path: true, ..Default::default() });
    let _ = world.accept("alice", bundle);
    let refusal = refuse(&mut world, "c.example", "mimi://c.example/u/cathy", old.clone());
    assert_eq!(refusal, SubmitRefusal::EpochTooOld { current: Epoch(3) });
    let response = SubmitMessageResponse::EpochTooOld { current_epoch: Epoch(3) };
    assert_eq!(refusal.response(), Some(response));

    let mut ahead = old.as_private().unwrap().clone();
    ahead.epoch = Epoch(4);
    let ahead = MlsMessage::private(ahead).unwrap();
    let refusal = refuse(&mut world, "c.example", "mimi://c.example/u/cathy", ahead);
    assert_eq!(refusal, SubmitRefusal::EpochAhead { current: Epoch(3) });
    assert_eq!(refusal.response(), Some(SubmitMessageResponse::NotAllowed));
}

// req: DS06-9.4-01
#[test]
fn the_message_has_to_be_an_application_message_of_this_room() {
    // req: MP06-5.4-03
    let mut world = World::three();
    let handshake = world.client("cathy").propose_remove(0);
    let cathy = "mimi://c.example/u/cathy";
    assert_eq!(refuse(&mut world, "c.example", cathy, handshake), SubmitRefusal::NotApplication);
    world.client("cathy").forget_proposals();
    let mut other = world.client("cathy").seal("x").as_private().unwrap().clone();
    other.group_id = b"mimi://a.example/g/other".to_vec();
    let other = MlsMessage::private(other).unwrap();
    assert_eq!(refuse(&mut world, "c.example", cathy, other), SubmitRefusal::WrongGroup);
}

#[test]
fn a_participant_without_a_client_in_the_group_does_not_speak() {
    // req: MP06-5.4-04
    // req: MP06-7.5-05
    let mut world = World::three();
    let dora = user("mimi://d.example/u/dora");
    let bundle = world.client("alice").commit(Commit { list: vec![adding(&[&dora])], ..Default::default() });
    let _ = world.accept("alice", bundle);
    let message = world.client("alice").seal("x");
    let refusal = refuse(&mut world, "d.example", dora.as_str(), message);
    assert_eq!(refusal, SubmitRefusal::Inactive(dora));
}
