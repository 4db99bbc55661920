//! Bob adds cathy through the hub (draft-ietf-mimi-protocol-06 section 3.3).

use mimi_client::Event;
use mimi_protocol::update::{GroupInfoOption, HandshakeBundle, UpdateRoomResponse};

use super::{participants, same_state, short};
use crate::check::{Check, Draft, Level};
use crate::peer::Endpoint;
use crate::raw;
use crate::scenario::{
    Halt, Scenario, Verdict, described, events_until, expect, has_to, left_by_earlier, nothing_comes,
};

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "flow.s3.3.key-material-through-hub",
        sentence: "A follower's client gets key material of a third provider's user through the hub.",
        explanation: "Cathy registers a client at the third provider. Bob's client asks for her key material; the request goes to \
            his provider, from there to the hub, and from there to cathy's provider. Bob's client makes a commit of it \
            that adds cathy, with a Welcome for one key package. A failure means that one of the three did not pass the \
            request on, or refused it.",
        draft: Draft::Protocol,
        section: "3.3",
        level: Level::Must,
        requirements: &["MP06-3.3-01", "MP06-3.3-03", "MP06-4.3-01", "MP06-4.3-03", "MP06-4.3.1-01", "MP06-5.2-05"],
        needs: &["flow.s3.2.same-state"],
        ask: |scenario| Box::pin(key_material_through_hub(scenario)),
    },
    Check {
        id: "flow.s7.4.hub-is-external-sender",
        sentence: "The first external sender of the room's group is the hub.",
        explanation: "The GroupInfo that belongs to bob's commit is looked at. Its group context has to have an external_senders \
            extension whose first entry holds the URI of the hub and a signature key. A failure means that nobody could \
            verify what the hub signs: its own proposals, and its answers to requests for group information.",
        draft: Draft::Protocol,
        section: "7.4",
        level: Level::Must,
        requirements: &["MP06-7.4-01", "MP06-7.4-02", "MP06-7.4-03"],
        needs: &["flow.s3.3.key-material-through-hub"],
        ask: |scenario| Box::pin(hub_is_external_sender(scenario)),
    },
    Check {
        id: "flow.s5.2.key-material-once",
        sentence: "A key package that was given out is not given out again.",
        explanation: "The suite asks cathy's provider twice for her key material, as the hub of a room of its own. Both answers \
            have to be successful, and the key packages in them have to differ. A failure means that two groups share a key \
            package, so that a Welcome can be opened by keys that were meant for another room.",
        draft: Draft::Protocol,
        section: "5.2",
        level: Level::Must,
        requirements: &["MP06-3.2-11", "MP06-3.3-04", "MP06-5.2-02", "MP06-5.2-23"],
        needs: &["flow.s3.3.key-material-through-hub"],
        ask: |scenario| Box::pin(key_material_once(scenario)),
    },
    Check {
        id: "flow.s3.3.bob-adds-cathy",
        sentence: "The hub accepts a follower's commit that adds a user of a third provider.",
        explanation: "Bob's client sends its commit to the hub by way of its provider. The hub has to answer success with a \
            timestamp. A failure means that the hub refused a proper commit, or that the answer did not come back.",
        draft: Draft::Protocol,
        section: "3.3",
        level: Level::Must,
        requirements: &["MP06-3.3-01", "MP06-3.3-06", "MP06-5.3-01", "MP06-5.3-02", "MP06-5.3-23"],
        needs: &["flow.s3.3.key-material-through-hub"],
        ask: |scenario| Box::pin(bob_adds_cathy(scenario)),
    },
    Check {
        id: "flow.s3.3.commit-fanned-out",
        sentence: "The commit reaches the clients that were in the room before it.",
        explanation: "Alice's client has to get bob's commit, which takes it to epoch 2 and adds cathy, with the timestamp that \
            the hub gave to bob. A failure means that the hub accepted a commit and did not distribute it.",
        draft: Draft::Protocol,
        section: "3.3",
        level: Level::Must,
        requirements: &["MP06-3.3-02", "MP06-5.5-01", "MP06-5.5-11", "MP06-5.5-16"],
        needs: &["flow.s3.3.bob-adds-cathy"],
        ask: |scenario| Box::pin(commit_fanned_out(scenario)),
    },
    Check {
        id: "flow.s3.3.welcome-routed",
        sentence: "The Welcome made by a follower's client reaches the new user's client through the hub.",
        explanation: "Cathy's client has to join at epoch 2. The bystander at bob's provider has to get nothing. A failure means \
            that the hub did not remember which provider the key package came from when it passed it on.",
        draft: Draft::Protocol,
        section: "3.3",
        level: Level::Must,
        requirements: &["MP06-3.3-02", "MP06-3.3-05", "MP06-3.3-07", "MP06-4.3.1-08", "MP06-4.3.1-09", "MP06-5.5-03"],
        needs: &["flow.s3.3.bob-adds-cathy"],
        ask: |scenario| Box::pin(welcome_routed(scenario)),
    },
    Check {
        id: "flow.s3.3.same-state",
        sentence: "Clients of three providers agree on the whole state of the room.",
        explanation: "Epoch, epoch authenticator, participants and members are compared between the clients of alice, bob and \
            cathy. A failure means that somebody got another commit, another Welcome or another tree than the others.",
        draft: Draft::Protocol,
        section: "3.3",
        level: Level::Must,
        requirements: &["MP06-7.3-04", "MP06-7.3-05"],
        needs: &["flow.s3.3.commit-fanned-out", "flow.s3.3.welcome-routed"],
        ask: |scenario| Box::pin(all_agree(scenario)),
    },
];

// req: MP06-3.3-01, MP06-3.3-03, MP06-4.3-01, MP06-4.3-03, MP06-4.3.1-01, MP06-5.2-05
async fn key_material_through_hub(scenario: &mut Scenario) -> Verdict {
    let cathy = scenario.register(2, "cathy", "C1", None).await?;
    let room = left_by_earlier(scenario.flow.room.as_ref())?;
    let bob = left_by_earlier(scenario.flow.bob.as_ref())?;
    let prepared = has_to("bob can fetch cathy's key material", bob.prepare_add(room, cathy.user()).await)?;
    let welcomed = match &prepared.bundle {
        HandshakeBundle::Commit { welcome: Some(welcome), .. } => welcome.new_members().len(),
        _ => 0,
    };
    expect(welcomed == 1, "a commit with a Welcome for one key package", format!("a Welcome for {welcomed}"))?;
    let observed = format!("one key package of {}", cathy.id());
    scenario.flow.cathy = Some(cathy);
    scenario.flow.adds_cathy = Some(prepared);
    Ok(observed)
}

// req: MP06-7.4-01, MP06-7.4-02, MP06-7.4-03
async fn hub_is_external_sender(scenario: &mut Scenario) -> Verdict {
    let hub = format!("mimi://{}", scenario.provider(0)?.domain);
    let prepared = left_by_earlier(scenario.flow.adds_cathy.as_ref())?;
    let HandshakeBundle::Commit { group_info: GroupInfoOption::Full(group_info), .. } = &prepared.bundle else {
        return Err(Halt::Skipped("bob's client sends no full GroupInfo to look at".to_owned()));
    };
    let senders = group_info
        .group_context()
        .external_senders()
        .map_err(|error| Halt::failed("an external_senders extension", error.to_string()))?;
    let first = senders.first().ok_or_else(|| Halt::failed("an external sender", "none"))?;
    let name = first.credential.as_basic().map(String::from_utf8_lossy).unwrap_or_default();
    expect(name == hub, hub.clone(), name.clone())?;
    expect(!first.signature_key.is_empty(), "a signature key", "none")?;
    Ok(format!("{hub} with the key {}", short(&first.signature_key)))
}

// req: MP06-3.2-11, MP06-3.3-04, MP06-5.2-02, MP06-5.2-23
async fn key_material_once(scenario: &mut Scenario) -> Verdict {
    let provider = scenario.provider(2)?;
    let cathy = left_by_earlier(scenario.flow.cathy.as_ref())?.user().to_string();
    let (dora, client) = scenario.suite.user("dora");
    let room = scenario.suite.room("once");
    let mut given = Vec::new();
    for _ in 0..2 {
        let body = raw::key_material_request(&dora, &client, &cathy, &room);
        let reply = scenario.suite.post(&provider, Endpoint::KeyMaterial, &cathy, body).await?;
        let answer = raw::KeyMaterialAnswer::read(reply.ok()?)?;
        expect(answer.user_status == 0, "success", answer.name())?;
        given.push(answer.clients);
    }
    let same = matches!(given.as_slice(), [first, second] if first == second);
    expect(!same, "two different key packages", "the same one twice")?;
    Ok("two requests, two key packages".to_owned())
}

// req: MP06-3.3-01, MP06-3.3-06, MP06-5.3-01, MP06-5.3-02, MP06-5.3-23
async fn bob_adds_cathy(scenario: &mut Scenario) -> Verdict {
    let prepared = scenario.flow.adds_cathy.take();
    let prepared = prepared.ok_or_else(|| Halt::Skipped("there is no commit to send".to_owned()))?;
    let room = left_by_earlier(scenario.flow.room.as_ref())?;
    let bob = left_by_earlier(scenario.flow.bob.as_ref())?;
    let response = has_to("bob can send the commit", bob.submit_prepared(&prepared).await)?;
    let UpdateRoomResponse::Success { accepted_timestamp, .. } = response else {
        return Err(Halt::failed("success", format!("{response:?}")));
    };
    has_to("bob's client can take its commit over", bob.confirm(prepared).await)?;
    let summary = has_to("bob knows the room", bob.room(room).await)?;
    expect(summary.epoch.0 == 2, "epoch 2", format!("epoch {}", summary.epoch.0))?;
    scenario.flow.accepted.push(("bob adds cathy", accepted_timestamp));
    Ok(format!("accepted, epoch 2, participants {}", participants(&summary)))
}

// req: MP06-3.3-02, MP06-5.5-01, MP06-5.5-11, MP06-5.5-16
async fn commit_fanned_out(scenario: &mut Scenario) -> Verdict {
    let alice = left_by_earlier(scenario.flow.alice.as_ref())?;
    let cathy = left_by_earlier(scenario.flow.cathy.as_ref())?;
    let told = scenario.flow.accepted.last().map(|(_, accepted)| *accepted);
    let events = events_until(alice, "bob's commit", |events| !events.is_empty()).await?;
    let [Event::Committed { epoch, added, removed, accepted, .. }] = events.as_slice() else {
        return Err(Halt::failed("one commit", described(&events)));
    };
    let right = epoch.0 == 2 && removed.is_empty() && added.as_slice() == [cathy.user().clone()];
    expect(right, "a commit to epoch 2 that adds cathy", described(&events))?;
    expect(
        told == Some(*accepted),
        format!("the timestamp that bob was given, {}", told.unwrap_or(*accepted).0),
        format!("{}", accepted.0),
    )?;
    Ok(format!("{} is at epoch 2, {} was added", alice.id(), cathy.user()))
}

// req: MP06-3.3-02, MP06-3.3-05, MP06-3.3-07, MP06-4.3.1-08, MP06-4.3.1-09, MP06-5.5-03
async fn welcome_routed(scenario: &mut Scenario) -> Verdict {
    let room = left_by_earlier(scenario.flow.room.as_ref())?;
    let cathy = left_by_earlier(scenario.flow.cathy.as_ref())?;
    let bystander = left_by_earlier(scenario.flow.bystander.as_ref())?;
    let events = events_until(cathy, "a Welcome", |events| !events.is_empty()).await?;
    let joined = matches!(events.as_slice(), [Event::Joined { room: joined, epoch }] if joined == room && epoch.0 == 2);
    expect(joined, "cathy's client to join at epoch 2 and get nothing else", described(&events))?;
    nothing_comes(bystander).await?;
    Ok(format!("{} joined at epoch 2", cathy.id()))
}

// req: MP06-7.3-04, MP06-7.3-05
async fn all_agree(scenario: &mut Scenario) -> Verdict {
    let room = left_by_earlier(scenario.flow.room.as_ref())?;
    let alice = left_by_earlier(scenario.flow.alice.as_ref())?;
    let bob = left_by_earlier(scenario.flow.bob.as_ref())?;
    let cathy = left_by_earlier(scenario.flow.cathy.as_ref())?;
    let summary = same_state(room, &[alice, bob, cathy]).await?;
    expect(summary.participants.len() == 3, "three participants", participants(&summary))?;
    Ok(format!("epoch {}, authenticator {}", summary.epoch.0, short(&summary.epoch_authenticator)))
}
