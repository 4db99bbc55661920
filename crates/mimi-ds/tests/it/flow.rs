//! The example flow of section 3 at the hub.

use mimi_arch::RoleIndex;
use mimi_ds::{Effect, hub::Accepted};
use mimi_protocol::{
    IdentifierUri,
    crypto::LabelSigner,
    group_info::GroupInfoRequestTbs,
    mls::{ContentType, Credential, MlsMessage, PrivateMessageView},
    submit_message::SubmitMessageRequest,
};

use crate::support::*;

pub(crate) struct Signer(pub(crate) openmls_basic_credential::SignatureKeyPair);

impl LabelSigner for Signer {
    fn public_key(&self) -> &[u8] {
        self.0.public()
    }

    fn sign_with_label(&self, label: &str, content: &[u8]) -> Result<Vec<u8>, mimi_protocol::crypto::SignError> {
        use openmls_traits::signatures::Signer as _;
        Ok(self.0.sign(&mimi_protocol::crypto::sign_content(label, content)).unwrap())
    }
}

pub(crate) fn group_info_request(client: &Client) -> mimi_protocol::group_info::GroupInfoRequest {
    group_info_request_with(client, None)
}

pub(crate) fn group_info_request_with(
    client: &Client,
    joining_code: Option<Vec<u8>>,
) -> mimi_protocol::group_info::GroupInfoRequest {
    let signer = Signer(client.signer.clone());
    GroupInfoRequestTbs {
        cipher_suite: SUITE,
        requesting_signature_key: signer.public_key().to_vec(),
        requesting_credential: Credential::basic(client.uri.as_str().as_bytes()),
        group_info_public_key: vec![1; 32],
        joining_code,
    }
    .sign(&signer)
    .unwrap()
}

pub(crate) fn send(world: &mut World, by: &str, text: &str) -> Accepted {
    let now = world.now();
    let client = world.client(by);
    let request =
        SubmitMessageRequest { app_message: client.seal(text), sending_uri: IdentifierUri::from(client.user()) };
    let source = client.uri.domain().clone();
    let accepted = world.room.submit(now, &source, &request, &franking()).unwrap();
    world.effects.extend(accepted.effects.clone());
    accepted
}

/// A message that nobody can open, from a client whose library would not seal one while proposals wait; the hub cannot tell.
pub(crate) fn send_sealed(world: &mut World, by: &str) {
    let now = world.now();
    let app_message = MlsMessage::private(PrivateMessageView {
        group_id: room_uri().group().as_str().as_bytes().to_vec(),
        epoch: world.room.epoch(),
        content_type: ContentType::Application,
        authenticated_data: vec![],
        encrypted_sender_data: vec![0x5d; 16],
        ciphertext: world.clock.to_be_bytes().to_vec(),
    });
    let (user, source) = (world.clients[by].user(), world.clients[by].uri.domain().clone());
    let request = SubmitMessageRequest { app_message: app_message.unwrap(), sending_uri: IdentifierUri::from(user) };
    let accepted = world.room.submit(now, &source, &request, &franking()).unwrap();
    world.effects.extend(accepted.effects);
}

#[test]
// req: MP06-5.4-05, MP06-4.3.1-06, MP06-7.5-04
// req: DS06-3-03, DS06-7-02
fn three_users_of_three_providers_meet_talk_part_and_a_new_device_joins() {
    // req: MP06-3.2-01
    // req: MP06-3.2-02
    // req: MP06-3.2-13
    // req: MP06-3.2-14
    // req: MP06-3.3-02
    // req: MP06-3.4-02
    // req: MP06-3.5-05
    // req: MP06-3.5-06
    // req: MP06-3.6-03
    // req: MP06-5.5-01
    // req: MP06-5.5-03
    let mut world = World::three();
    assert_eq!(world.room.epoch().0, 2);
    for name in ["alice", "bob", "bob2", "cathy"] {
        assert_eq!(world.client(name).epoch(), 2, "{name}");
        assert_eq!(&world.client(name).list(), world.room.participant_list());
    }

    let accepted = send(&mut world, "cathy", "hello");
    assert_eq!(
        recipients(&accepted),
        ["b.example application", "c.example application", "mimi://a.example/d/alice/1 application"]
    );
    let texts = world.distribute(&accepted);
    assert_eq!(texts["alice"], ["hello"]);
    assert_eq!(texts["bob"], ["hello"]);
    assert_eq!(texts["bob2"], ["hello"]);

    let leave = world.client("bob").leave(&[2]);
    let accepted = world.accept("bob", leave);
    assert_eq!(world.room.pending(), 3);
    assert_eq!(
        recipients(&accepted),
        ["b.example proposals", "c.example proposals", "mimi://a.example/d/alice/1 proposals"]
    );

    let commit = world.client("cathy").commit(Commit::default());
    let accepted = world.accept("cathy", commit);
    // Bob's provider had a member before the commit, so that his clients learn that they are out.
    assert_eq!(recipients(&accepted), ["b.example commit", "c.example commit", "mimi://a.example/d/alice/1 commit"]);
    assert_eq!(world.room.epoch().0, 3);
    assert_eq!(world.room.pending(), 0);
    assert!(!world.client("bob").group().is_active());
    assert!(!world.client("bob2").group().is_active());
    assert_eq!(world.room.members().count(), 2);

    let mut phone = Client::new("mimi://c.example/d/cathy/2");
    let given = world.room.group_info(&domain("c.example"), &group_info_request(&phone)).unwrap();
    let bundle = phone.join(&given, None);
    world.clients.insert("cathy2", phone);
    let accepted = world.accept("cathy2", bundle);
    assert_eq!(recipients(&accepted), ["c.example commit", "mimi://a.example/d/alice/1 commit"]);
    let accepted = send(&mut world, "cathy2", "from my phone");
    let texts = world.distribute(&accepted);
    assert_eq!(texts["alice"], ["from my phone"]);
    assert_eq!(texts["cathy"], ["from my phone"]);
    let roles: Vec<_> =
        world.room.participant_list().participants().iter().map(|p| (p.user().name(), p.role_index())).collect();
    assert_eq!(roles, [("alice".to_owned(), RoleIndex(3)), ("cathy".to_owned(), RoleIndex(2))]);
}

#[test]
fn a_commit_goes_out_before_its_welcome_and_the_welcome_only_to_the_providers_of_the_added() {
    // req: MP06-5.5-02
    // req: MP06-5.5-03
    // req: MP06-5.5-04
    let mut world = World::three();
    let dora = Client::new("mimi://a.example/d/dora/1");
    let emil = Client::new("mimi://b.example/d/emil/1");
    let adds = vec![dora.key_package(), emil.key_package()];
    world.route(&adds[0], "a.example");
    world.route(&adds[1], "b.example");
    let list = vec![adding(&[&dora.user(), &emil.user()])];
    world.clients.extend([("dora", dora), ("emil", emil)]);
    let bundle = world.client("cathy").commit(Commit { adds, list, ..Default::default() });
    let accepted = world.accept("cathy", bundle);
    assert_eq!(
        recipients(&accepted),
        [
            "b.example commit",
            "c.example commit",
            "mimi://a.example/d/alice/1 commit",
            "b.example welcome",
            "mimi://a.example/d/dora/1 welcome",
        ]
    );
    let dropped = |effect: &&Effect| matches!(effect, Effect::DropRoute { .. });
    assert_eq!(accepted.effects.iter().filter(dropped).count(), 2);
    for name in ["alice", "dora", "emil"] {
        assert_eq!(world.client(name).epoch(), 3, "{name}");
    }
}

#[test]
fn accepted_timestamps_grow_even_when_the_clock_stands_or_goes_back() {
    // req: MP06-5.3-21
    // req: MP06-5.5-11
    let mut world = World::three();
    let first = send(&mut world, "alice", "1").timestamp;
    world.clock -= 1_000_000;
    let second = send(&mut world, "alice", "2").timestamp;
    let third = send(&mut world, "cathy", "3").timestamp;
    assert!(first < second && second < third);
    assert_eq!(second.0, first.0 + 1);
}
