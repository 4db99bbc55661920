//! What members do to each other and to the room, as others see it.

use mimi_arch::RoleIndex;
use mimi_protocol::{
    codec::Wire as _,
    mls::{AppDataOperation, ProposalOrRef, ProposalView},
    participant_list::ParticipantListUpdate,
    room_metadata::Utf8String,
    update::HandshakeBundle,
};
use mimi_room_policy::ready_made::RoomKind;

use super::{Device, Hub, commit_event, in_agreement, proposals_event, room, text_event};
use crate::{
    ClientError, Event, Intent, IntentFault, MetadataChange, Relation,
    session::{Draft, RoomOptions},
};

const MEMBER: RoleIndex = RoleIndex(2);
const ADMIN: RoleIndex = RoleIndex(3);

/// A room of Alice's with Bob, who has two devices, and Cathy.
fn four() -> (Hub, [Device; 4]) {
    let mut hub = Hub::new();
    let mut devices = [
        Device::new("a.example", "alice", "1"),
        Device::new("b.example", "bob", "1"),
        Device::new("b.example", "bob", "2"),
        Device::new("c.example", "cathy", "1"),
    ];
    hub.create_room(&devices[0]);
    devices[2].user = devices[1].user.clone();
    let (_, welcome) = hub.add(&devices[0], &[&devices[1], &devices[2]]);
    devices[1].gets(&welcome);
    devices[2].gets(&welcome);
    let (commit, welcome) = hub.add(&devices[0], &[&devices[3]]);
    devices[1].gets(&commit);
    devices[2].gets(&commit);
    devices[3].gets(&welcome);
    (hub, devices)
}

/// The events of a member's intent at the other devices, in their order.
fn carried_out(hub: &mut Hub, devices: &mut [Device; 4], author: usize, intent: &Intent) -> Vec<Vec<Event>> {
    let prepared = devices[author].session().prepare_intent(&room(), intent, &[]).unwrap();
    assert!(prepared.whole);
    devices[author].session().confirm(&prepared.update).unwrap();
    hub.follow(&devices[author], &prepared.update);
    let event = commit_event(&prepared.update);
    let others = devices.iter_mut().enumerate().filter(|(index, _)| *index != author);
    others.map(|(_, device)| device.gets(&event)).collect()
}

fn fault(device: &Device, intent: &Intent) -> IntentFault {
    match device.session().prepare_intent(&room(), intent, &[]) {
        Err(ClientError::Intent { fault, .. }) => fault,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("prepared"),
    }
}

#[test]
fn a_ban_removes_every_client_and_stays_on_the_list_until_it_is_lifted() {
    // req: RP03-8.1.3-07, RP03-8.1.3-13, MP06-5.3-05
    let (mut hub, mut devices) = four();
    let bob = devices[1].user.clone();
    let events = carried_out(&mut hub, &mut devices, 0, &Intent::Ban { user: bob.clone() });
    assert!(matches!(events[0].as_slice(), [Event::Removed { .. }]));
    assert!(matches!(events[1].as_slice(), [Event::Removed { .. }]));
    assert!(
        matches!(events[2].as_slice(), [Event::Committed { added, removed, .. }, Event::RolesChanged { roles, .. }]
            if added.is_empty() && removed.is_empty() && *roles == [(bob.clone(), RoleIndex::BANNED)]),
        "{events:?}"
    );
    in_agreement(&[&devices[0], &devices[3]]);
    assert_eq!(devices[0].room().members.len(), 2);
    assert_eq!(
        fault(&devices[0], &Intent::Ban { user: bob.clone() }),
        IntentFault::HasRole { user: bob.clone(), role: RoleIndex::BANNED }
    );
    assert_eq!(fault(&devices[0], &Intent::Kick { user: bob.clone() }), IntentFault::NoClients { user: bob.clone() });

    let events = carried_out(&mut hub, &mut devices, 0, &Intent::Unban { user: bob.clone(), role: None });
    assert!(
        matches!(events[2].as_slice(), [_, Event::RolesChanged { roles, .. }] if *roles == [(bob.clone(), MEMBER)])
    );
    let lifted = Intent::Unban { user: bob.clone(), role: None };
    assert_eq!(fault(&devices[0], &lifted), IntentFault::NotBanned { user: bob });
    let external = hub.external_commit(&devices[1]);
    devices[1].session().confirm(&external).unwrap();
    for index in [0, 3] {
        devices[index].gets(&commit_event(&external));
    }
    in_agreement(&[&devices[0], &devices[1], &devices[3]]);
}

#[test]
fn a_kick_leaves_the_list_and_a_removal_does_not() {
    // req: RP03-8.1.2-01, RP03-8.1.2-12
    let (mut hub, mut devices) = four();
    let (bob, cathy) = (devices[1].user.clone(), devices[3].user.clone());
    let events = carried_out(&mut hub, &mut devices, 0, &Intent::Kick { user: bob.clone() });
    assert!(matches!(events[2].as_slice(), [Event::Committed { removed, .. }] if removed.is_empty()), "{events:?}");
    assert_eq!(devices[3].room().participants.len(), 3);
    assert_eq!(devices[3].room().members.len(), 2);
    let events = carried_out(&mut hub, &mut devices, 0, &Intent::Remove { user: bob.clone() });
    assert!(matches!(events[2].as_slice(), [Event::Committed { removed, .. }] if *removed == [bob.clone()]));
    assert_eq!(fault(&devices[0], &Intent::Remove { user: bob.clone() }), IntentFault::NoParticipant { user: bob });
    for intent in [
        Intent::Remove { user: cathy.clone() },
        Intent::Kick { user: cathy.clone() },
        Intent::Ban { user: cathy.clone() },
    ] {
        assert_eq!(fault(&devices[3], &intent), IntentFault::OnOneself);
    }
}

#[test]
fn a_ban_of_somebody_who_was_never_there_is_no_arrival() {
    let (mut hub, mut devices) = four();
    let eve = super::user("mimi://b.example/u/eve");
    let events = carried_out(&mut hub, &mut devices, 0, &Intent::Ban { user: eve.clone() });
    assert!(
        matches!(events[2].as_slice(), [Event::Committed { added, .. }, Event::RolesChanged { roles, .. }]
            if added.is_empty() && *roles == [(eve.clone(), RoleIndex::BANNED)]),
        "{events:?}"
    );
    // Off the list again, nobody has left.
    let events = carried_out(&mut hub, &mut devices, 0, &Intent::Remove { user: eve });
    assert!(matches!(events[2].as_slice(), [Event::Committed { removed, .. }] if removed.is_empty()), "{events:?}");
}

#[test]
fn a_lost_device_is_removed_by_another_one_of_its_user() {
    // req: RP03-8.1.2-05
    let (mut hub, mut devices) = four();
    let (lost, own) = (devices[2].id.clone(), devices[1].id.clone());
    let events = carried_out(&mut hub, &mut devices, 1, &Intent::RemoveClient { client: lost.clone() });
    assert!(matches!(events[1].as_slice(), [Event::Removed { .. }]));
    for (device, client) in [(&devices[1], lost), (&devices[1], own), (&devices[0], devices[3].id.clone())] {
        let intent = Intent::RemoveClient { client: client.clone() };
        assert_eq!(fault(device, &intent), IntentFault::NotOwnClient { client });
    }
}

#[test]
fn metadata_change_field_by_field_and_reach_everybody() {
    // req: MP06-7.6-09, MP06-7.6-11
    let (mut hub, mut devices) = four();
    let text = |text: &str| Some(Utf8String::new(text).unwrap());
    assert_eq!(devices[0].session().details(&room()).unwrap().metadata, None);
    let name = Intent::SetMetadata(MetadataChange { name: text("Club"), ..MetadataChange::default() });
    carried_out(&mut hub, &mut devices, 0, &name);
    assert_eq!(fault(&devices[0], &name), IntentFault::NothingNew);
    let mood = Intent::SetMetadata(MetadataChange { mood: text("merry"), ..MetadataChange::default() });
    let events = carried_out(&mut hub, &mut devices, 1, &mood);
    let [_, Event::MetadataChanged { metadata, .. }] = events[0].as_slice() else { panic!("{events:?}") };
    assert_eq!((metadata.room_name.as_str(), metadata.room_mood.as_str()), ("Club", "merry"));
    assert_eq!(metadata.room_uri.as_str(), room().as_str());
    for device in &devices {
        assert_eq!(device.session().details(&room()).unwrap().metadata.as_ref(), Some(&**metadata));
    }
    in_agreement(&[&devices[0], &devices[1], &devices[2], &devices[3]]);
}

#[test]
fn what_waits_about_a_user_is_committed_before_anything_else_is_done_to_the_user() {
    // req: RP03-8.1.3-01
    let (mut hub, mut devices) = four();
    let (bob, cathy) = (devices[1].user.clone(), devices[3].user.clone());
    let leaving = devices[3].session().prepare_leave(&room()).unwrap();
    for device in &mut devices {
        device.gets(&proposals_event(&leaving));
    }
    // Of somebody else: one commit does both.
    let promoting = Intent::ChangeRole { user: bob.clone(), role: ADMIN };
    let both = devices[0].session().prepare_intent(&room(), &promoting, &[]).unwrap();
    assert!(both.whole);
    let HandshakeBundle::Commit { commit, .. } = &both.update.bundle else { panic!() };
    let proposals = &commit.as_commit().unwrap().proposals;
    assert_eq!(proposals.iter().filter(|p| matches!(p, ProposalOrRef::Reference(_))).count(), 2);
    let update = proposals.iter().find_map(|proposal| match proposal {
        ProposalOrRef::Proposal(proposal) => match proposal {
            ProposalView::AppDataUpdate(update) => match &update.operation {
                AppDataOperation::Update(data) => ParticipantListUpdate::from_bytes(data).ok(),
                AppDataOperation::Remove => None,
            },
            _ => None,
        },
        ProposalOrRef::Reference(_) => None,
    });
    assert_eq!(update.unwrap().changed_role_participants[0].role_index, ADMIN);
    devices[0].session().discard(&both.update).unwrap();

    let first = devices[0].session().prepare_intent(&room(), &Intent::Ban { user: cathy.clone() }, &[]).unwrap();
    assert!(!first.whole);
    devices[0].session().confirm(&first.update).unwrap();
    hub.follow(&devices[0], &first.update);
    for device in &mut devices[1..] {
        device.gets(&commit_event(&first.update));
    }
    carried_out(&mut hub, &mut devices, 0, &Intent::Ban { user: cathy.clone() });
    assert!(devices[1].room().participants.contains(&(cathy, RoleIndex::BANNED)));
}

#[test]
fn a_room_says_of_which_kind_it_is_and_what_its_roles_are_called() {
    for kind in [RoomKind::Group, RoomKind::ModeratedGroup, RoomKind::Announcement, RoomKind::OpenCommunity] {
        let mut hub = Hub::new();
        let alice = Device::new("a.example", "alice", "1");
        hub.create_room_with(&alice, RoomOptions { kind, ..RoomOptions::default() });
        let details = alice.session().details(&room()).unwrap();
        assert_eq!(details.kind(), Some(kind));
        let own = details.summary.participants[0].1;
        let name = details.role_name(own).unwrap();
        assert_eq!(details.role_called(name), Some(own));
        assert_eq!(details.role_called(&own.0.to_string()), Some(own));
        assert_eq!(details.role_called("emperor"), None);
    }
}

#[test]
fn messages_about_messages_say_about_which() {
    // req: MC08-5.2-01, MC08-5.3-01, MC08-5.5-01, MC08-5.6-01, MC08-5.7-01
    let (_, mut devices) = four();
    let mut told = |draft: Draft| {
        let sealed = devices[0].session().seal_draft(&room(), &draft, true).unwrap();
        let events = devices[3].gets(&text_event(&sealed.message));
        let [Event::Message { id, relation, text, .. }] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!(*id, Some(sealed.id));
        for device in [&devices[0], &devices[3]] {
            assert_eq!(device.session().find_message(&room(), &sealed.id.to_string()).unwrap(), [sealed.id]);
        }
        (sealed.id, *relation, text.clone())
    };
    let (first, relation, text) = told(Draft::Text("a".into()));
    assert_eq!((relation, text.as_str()), (Relation::None, "a"));
    assert_eq!(told(Draft::Markdown("*b*".into())).2, "b");
    assert_eq!(told(Draft::Reply { to: first, text: "c".into() }).1, Relation::ReplyTo(first));
    let (reaction, relation, text) = told(Draft::Reaction { to: first, reaction: "❤".into() });
    assert_eq!((relation, text.as_str()), (Relation::ReactionTo(first), "❤"));
    assert_eq!(told(Draft::Unreaction { reaction, to: first }).1, Relation::Deletes(reaction));
    let (_, relation, text) = told(Draft::Edit { first, text: "d".into() });
    assert_eq!((relation, text.as_str()), (Relation::Edits(first), "d"));
    assert_eq!(told(Draft::Deletion { first }).1, Relation::Deletes(first));
}
