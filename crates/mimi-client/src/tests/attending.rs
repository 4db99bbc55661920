//! Committing what others proposed, when the room wants it, against a provider with prepared answers.

use std::time::{Duration, Instant, SystemTime};

use mimi_client_api::QueuedEvent;
use mimi_protocol::{
    AcceptedTimestamp, Epoch,
    codec::Wire as _,
    notify::{FanoutEvent, FanoutMessage},
};
use mimi_room_policy::operational::PendingProposalPolicy;
use tonic::Code;

use super::{
    Device, Hub, commit_event,
    fake_provider::FakeProvider,
    proposals_event, room,
    trying_again::{not_allowed, success, wrong_epoch},
};
use crate::{Client, CommitTime, Event, PrepareOptions};

const SOON: Duration = Duration::from_secs(5);
const A_MOMENT: Duration = Duration::from_millis(120);

/// Alice attends; Bob and Cathy are members beside her.
struct Scene {
    provider: FakeProvider,
    client: Client,
    alice: Device,
    bob: Device,
    cathy: Device,
}

impl Scene {
    async fn new(strategy: PendingProposalPolicy) -> Self {
        let provider = FakeProvider::start("a.example").await;
        let folder = tempfile::tempdir().unwrap();
        let client = Client::register(provider.config(folder.path()), "alice", "1", None).await.unwrap();
        let alice = Device { folder, user: client.user().clone(), id: client.id().clone(), next_event: 1 };
        let mut bob = Device::new("b.example", "bob", "1");
        let mut cathy = Device::new("c.example", "cathy", "1");
        let mut hub = Hub::new();
        hub.create_room_with_strategy(&alice, strategy);
        let (_, welcome) = hub.add(&alice, &[&bob]);
        bob.gets(&welcome);
        let (commit, welcome) = hub.add(&alice, &[&cathy]);
        bob.gets(&commit);
        cathy.gets(&welcome);
        Self { provider, client, alice, bob, cathy }
    }

    /// Bob's leave, in the queue of Alice's client.
    fn bob_leaves(&mut self) -> FanoutEvent {
        let event = proposals_event(&self.bob.session().prepare_leave(&room()).unwrap());
        self.cathy.gets(&event);
        self.provider.script.lock().unwrap().queue.push(queued(1, &event));
        event
    }

    fn answers(&self, answer: Result<Vec<u8>, Code>) {
        self.provider.script.lock().unwrap().update = Some(answer);
    }

    fn updates(&self) -> usize {
        self.provider.script.lock().unwrap().updates
    }
}

fn now() -> AcceptedTimestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    AcceptedTimestamp(u64::try_from(since.as_millis()).unwrap())
}

fn queued(id: u64, event: &FanoutEvent) -> QueuedEvent {
    let fanout_message = FanoutMessage { timestamp: now(), event: event.clone() }.to_bytes().unwrap();
    QueuedEvent { id, room_uri: room().to_string(), fanout_message, dropped: 0 }
}

fn is_proposals(events: &[Event]) -> bool {
    matches!(events, [Event::ProposalsReceived { .. }])
}

// req: DS06-8-01
#[tokio::test]
async fn a_leave_is_committed_at_once_where_the_room_wants_that() {
    // req: RP03-7.1-02
    let mut scene = Scene::new(PendingProposalPolicy::ImmediateCommit).await;
    scene.bob_leaves();
    scene.answers(Ok(success()));
    assert!(is_proposals(&scene.client.attend(SOON).await.unwrap()));
    assert_eq!(scene.updates(), 0, "what came is told first");
    let events = scene.client.attend(SOON).await.unwrap();
    let expected = Event::Committed {
        room: room(),
        epoch: Epoch(3),
        added: Vec::new(),
        removed: vec![scene.bob.user.clone()],
        accepted: AcceptedTimestamp(77),
    };
    assert_eq!(events, [expected]);
    assert_eq!(scene.client.attend(A_MOMENT).await.unwrap(), []);
    assert_eq!((scene.updates(), scene.alice.room().members.len()), (1, 2));
}

#[tokio::test]
async fn a_random_delay_is_waited_for() {
    // req: RP03-7.1-03
    let delay = PendingProposalPolicy::RandomDelay { minimum_delay_ms: 600, maximum_delay_ms: 700 };
    let mut scene = Scene::new(delay).await;
    let begun = Instant::now();
    scene.bob_leaves();
    scene.answers(Ok(success()));
    assert!(is_proposals(&scene.client.attend(SOON).await.unwrap()));
    assert_eq!(scene.client.attend(A_MOMENT).await.unwrap(), []);
    assert_eq!(scene.updates(), 0);
    assert!(matches!(scene.client.attend(SOON).await.unwrap().as_slice(), [Event::Committed { .. }]));
    assert!(begun.elapsed() >= Duration::from_millis(600), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn who_is_overtaken_makes_no_second_commit() {
    let mut scene = Scene::new(PendingProposalPolicy::ImmediateCommit).await;
    scene.bob_leaves();
    let faster = scene.cathy.session().prepare_commit(&room(), PrepareOptions::default()).unwrap();
    scene.cathy.session().confirm(&faster).unwrap();
    scene.provider.script.lock().unwrap().surprise =
        Some((wrong_epoch(Epoch(3)), vec![queued(2, &commit_event(&faster))]));
    assert!(is_proposals(&scene.client.attend(SOON).await.unwrap()));
    let events = scene.client.attend(SOON).await.unwrap();
    assert!(
        matches!(events.as_slice(), [Event::Committed { epoch: Epoch(3), removed, .. }] if removed.len() == 1),
        "{events:?}"
    );
    assert_eq!(scene.client.attend(A_MOMENT).await.unwrap(), []);
    assert_eq!(scene.updates(), 1);
    super::in_agreement(&[&scene.alice, &scene.cathy]);
}

#[tokio::test]
async fn a_commit_that_comes_before_the_delay_is_over_leaves_nothing_to_do() {
    let delay = PendingProposalPolicy::RandomDelay { minimum_delay_ms: 200, maximum_delay_ms: 200 };
    let mut scene = Scene::new(delay).await;
    scene.bob_leaves();
    assert!(is_proposals(&scene.client.attend(SOON).await.unwrap()));
    let faster = scene.cathy.session().prepare_commit(&room(), PrepareOptions::default()).unwrap();
    scene.provider.script.lock().unwrap().queue.push(queued(2, &commit_event(&faster)));
    assert!(matches!(scene.client.attend(SOON).await.unwrap().as_slice(), [Event::Committed { .. }]));
    assert_eq!(scene.client.attend(Duration::from_millis(300)).await.unwrap(), []);
    assert_eq!(scene.updates(), 0);
}

#[tokio::test]
async fn a_hub_that_refuses_is_asked_a_bounded_number_of_times() {
    let mut scene = Scene::new(PendingProposalPolicy::ImmediateCommit).await;
    scene.bob_leaves();
    scene.answers(Ok(not_allowed()));
    assert!(is_proposals(&scene.client.attend(SOON).await.unwrap()));
    assert_eq!(scene.client.attend(Duration::from_secs(2)).await.unwrap(), []);
    assert_eq!(scene.updates(), 6);
    assert!(scene.alice.session().unresolved(&room()).unwrap().is_none());
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_sent_again() {
    let mut scene = Scene::new(PendingProposalPolicy::ImmediateCommit).await;
    scene.bob_leaves();
    scene.answers(Err(Code::Unavailable));
    assert!(is_proposals(&scene.client.attend(SOON).await.unwrap()));
    assert_eq!(scene.client.attend(A_MOMENT).await.unwrap(), []);
    assert!(scene.updates() >= 1);
    scene.answers(Ok(success()));
    let events = scene.client.attend(SOON).await.unwrap();
    assert!(matches!(events.as_slice(), [Event::Committed { epoch: Epoch(3), .. }]), "{events:?}");
    assert_eq!(scene.alice.room().participants.len(), 2);
}

#[tokio::test]
async fn what_waited_when_the_client_was_opened_is_committed() {
    let mut scene = Scene::new(PendingProposalPolicy::Unspecified).await;
    let event = scene.bob_leaves();
    scene.alice.gets(&event);
    scene.answers(Ok(success()));
    let again = Client::open(&scene.alice.path()).await.unwrap();
    let events = again.attend(SOON).await.unwrap();
    assert!(matches!(events.as_slice(), [Event::Committed { .. }]), "{events:?}");
    assert_eq!(scene.updates(), 1);
}

#[tokio::test]
async fn who_is_leaving_commits_nothing() {
    let mut scene = Scene::new(PendingProposalPolicy::ImmediateCommit).await;
    let leaving = scene.alice.session().prepare_leave(&room()).unwrap();
    scene.alice.session().confirm(&leaving).unwrap();
    scene.bob_leaves();
    scene.answers(Ok(success()));
    scene.client.attend(SOON).await.unwrap();
    assert_eq!(scene.client.attend(A_MOMENT).await.unwrap(), []);
    assert_eq!(scene.updates(), 0);
    let decided = scene.alice.session().when_to_commit(&room(), now(), now()).unwrap();
    assert_eq!(decided, Some((Epoch(2), CommitTime::Never)));
}
