//! A provider that does what only another provider may do.

use mimi_client::PrepareOptions;

use super::{ROOM, sample};
use crate::check::{Check, Draft, Level};
use crate::peer::Endpoint;
use crate::raw;
use crate::scenario::{Halt, Scenario, Verdict, has_to};

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "input.s5.2.foreign-requester",
        sentence: "A provider cannot ask the hub for key material in the name of another provider's user.",
        explanation: "The suite's provider asks the hub for key material of ben, for the room, with amy as the requesting user. The \
            answer has to be a 4xx status with a problem document, or noConsent (5) or noConsentForThisRoom (6) without \
            clients. A failure means that any provider can drain the key packages of anyone.",
        draft: Draft::Protocol,
        section: "5.2",
        level: Level::Interpretation("IP-14"),
        requirements: &["MP06-3.2-10", "MP06-3.3-03", "MP06-5.2-34"],
        needs: &[ROOM],
        ask: |scenario| Box::pin(foreign_requester(scenario)),
    },
    Check {
        id: "input.s5.2.bad-signature",
        sentence: "A request for key material whose signature does not hold is refused.",
        explanation: "One bit of the signature of a proper request is changed. The answer has to be a 4xx status with a problem \
            document, or noConsent (5) or noConsentForThisRoom (6) without clients. A failure means that the requester is not \
            authenticated.",
        draft: Draft::Protocol,
        section: "5.2",
        level: Level::Must,
        requirements: &["MP06-5.2-12", "MP06-5.2-16"],
        needs: &[ROOM],
        ask: |scenario| Box::pin(key_material_bad_signature(scenario)),
    },
    Check {
        id: "input.s5.3.foreign-commit",
        sentence: "A provider cannot send the commit of another provider's client.",
        explanation: "Ben's client makes a proper commit, and the suite's provider sends it to the hub. The code has to be \
            notAllowed (2), and the room has to stay as it was. A failure means that whoever gets hold of a commit can \
            choose when it takes effect.",
        draft: Draft::Protocol,
        section: "5.3",
        level: Level::Must,
        requirements: &["MP06-5.3-26", "MP06-4.3-02"],
        needs: &[ROOM],
        ask: |scenario| Box::pin(foreign_commit(scenario)),
    },
    Check {
        id: "input.s5.4.foreign-sender",
        sentence: "A provider cannot submit a message in the name of another provider's user.",
        explanation: "Ben's client seals a message, and the suite's provider submits it with ben as the sender. The code has to be \
            notAllowed (1), and nobody may get the message. A failure means that the hub does not compare sender and source.",
        draft: Draft::Protocol,
        section: "5.4",
        level: Level::Must,
        requirements: &["MP06-5.4-04", "MP06-5.4-12"],
        needs: &[ROOM],
        ask: |scenario| Box::pin(foreign_sender(scenario)),
    },
    Check {
        id: "input.s5.4.outsider",
        sentence: "A user who is no participant cannot submit a message.",
        explanation: "The suite's provider submits a message in the name of a user of its own who is not in the room. The code has \
            to be notAllowed (1), and nobody may get the message. A failure means that anyone can fill the room with \
            messages.",
        draft: Draft::Protocol,
        section: "5.4",
        level: Level::Must,
        requirements: &["MP06-5.4-04", "MP06-5.4-12"],
        needs: &[ROOM],
        ask: |scenario| Box::pin(outsider(scenario)),
    },
    Check {
        id: "input.s5.5.not-the-hub",
        sentence: "A fan-out from a provider that is not the room's hub is refused.",
        explanation: "Amy's client seals a message that ben's client could open, and the suite's provider sends it to ben's provider \
            as a fan-out of the room. The answer has to be a 4xx status with a problem document, and ben's client may not get \
            the message. A failure means that anyone can go round the hub.",
        draft: Draft::Protocol,
        section: "5.5",
        level: Level::Must,
        requirements: &["MP06-5.5-01", "MP06-5.5-23", "MP06-4.1-10"],
        needs: &[ROOM],
        ask: |scenario| Box::pin(not_the_hub(scenario)),
    },
    Check {
        id: "input.s5.6.foreign-requester",
        sentence: "A provider cannot ask for group information in the name of another provider's client.",
        explanation: "The suite's provider asks the hub for group information with the credential of ben's client and a key of its \
            own. The code has to be notAuthorized (2). A failure means that any provider gets the tree of any room.",
        draft: Draft::Protocol,
        section: "5.6",
        level: Level::Must,
        requirements: &["MP06-3.6-05", "MP06-5.6-03", "MP06-5.6-24"],
        needs: &[ROOM],
        ask: |scenario| Box::pin(group_info_for_foreign(scenario)),
    },
    Check {
        id: "input.s5.6.outsider",
        sentence: "A user who is no participant gets no group information.",
        explanation: "The suite's provider asks for group information for a client of its own, whose user is not in the room. The \
            code has to be notAuthorized (2). A failure means that outsiders can read who is in a room.",
        draft: Draft::Protocol,
        section: "5.6",
        level: Level::Must,
        requirements: &["MP06-3.6-05", "MP06-5.6-24"],
        needs: &[ROOM],
        ask: |scenario| Box::pin(group_info_for_outsider(scenario)),
    },
    Check {
        id: "input.s5.6.bad-signature",
        sentence: "A request for group information whose signature does not hold is refused.",
        explanation: "One bit of the signature of a request is changed. The answer has to be notAuthorized (2), or a 4xx status with a \
            problem document. A failure means that the requester does not have to own the key in the request.",
        draft: Draft::Protocol,
        section: "5.6",
        level: Level::Must,
        requirements: &["MP06-5.6-07", "MP06-5.6-12"],
        needs: &[ROOM],
        ask: |scenario| Box::pin(group_info_bad_signature(scenario)),
    },
];

async fn ask_key_material(scenario: &mut Scenario, sample: super::Sample) -> Verdict {
    let reply = scenario.suite.post(&sample.provider, Endpoint::KeyMaterial, &sample.value, sample.body).await?;
    if reply.status == 200 {
        return raw::KeyMaterialAnswer::read(&reply.body)?.is_refusal(&[5, 6]);
    }
    reply.refused()
}

// req: MP06-3.2-10, MP06-3.3-03, MP06-5.2-34
async fn foreign_requester(scenario: &mut Scenario) -> Verdict {
    let hub = scenario.provider(0)?;
    let room = scenario.input.room()?;
    let (amy, ben) = (&room.amy, room.ben.user().to_string());
    let body = raw::key_material_request(amy.user().as_str(), amy.id().as_str(), &ben, room.room.as_str());
    ask_key_material(scenario, super::Sample { provider: hub, value: ben, body }).await
}

/// Changes one bit of the last octet, which belongs to the signature.
fn with_bad_signature(mut body: Vec<u8>) -> Vec<u8> {
    if let Some(last) = body.last_mut() {
        *last ^= 1;
    }
    body
}

// req: MP06-5.2-12, MP06-5.2-16
async fn key_material_bad_signature(scenario: &mut Scenario) -> Verdict {
    let sample = sample(scenario, Endpoint::KeyMaterial).await?;
    let body = with_bad_signature(sample.body);
    ask_key_material(scenario, super::Sample { body, ..sample }).await
}

// req: MP06-5.3-26, MP06-4.3-02
async fn foreign_commit(scenario: &mut Scenario) -> Verdict {
    let hub = scenario.provider(0)?;
    let room = scenario.input.room()?;
    let options = PrepareOptions { include_pending: true };
    let prepared = has_to("ben can make a commit", room.ben.prepare_commit(&room.room, options).await)?;
    let body = has_to("ben's commit can be encoded", prepared.body())?;
    has_to("ben's client can drop its commit", room.ben.discard(prepared).await)?;
    let reply = scenario.suite.post(&hub, Endpoint::Update, room.room.as_str(), body).await?;
    room.is_untouched().await?;
    raw::UpdateAnswer::read(reply.ok()?)?.is_not_allowed()
}

// req: MP06-5.4-04, MP06-5.4-12
async fn foreign_sender(scenario: &mut Scenario) -> Verdict {
    let hub = scenario.provider(0)?;
    let room = scenario.input.room()?;
    let sealed = has_to("ben can seal a message", room.ben.seal(&room.room, "not sent by ben's provider").await)?;
    let body = raw::submit_message_request(sealed.as_bytes(), room.ben.user().as_str());
    let reply = scenario.suite.post(&hub, Endpoint::SubmitMessage, room.room.as_str(), body).await?;
    room.is_untouched().await?;
    raw::SubmitAnswer::read(reply.ok()?)?.is_not_allowed()
}

// req: MP06-5.4-04, MP06-5.4-12
async fn outsider(scenario: &mut Scenario) -> Verdict {
    let sample = sample(scenario, Endpoint::SubmitMessage).await?;
    let reply = scenario.suite.post(&sample.provider, Endpoint::SubmitMessage, &sample.value, sample.body).await?;
    scenario.input.room()?.is_untouched().await?;
    raw::SubmitAnswer::read(reply.ok()?)?.is_not_allowed()
}

// req: MP06-5.5-01, MP06-5.5-23, MP06-4.1-10
async fn not_the_hub(scenario: &mut Scenario) -> Verdict {
    let follower = scenario.provider(1)?;
    let room = scenario.input.room()?;
    let sealed = has_to("amy can seal a message", room.amy.seal(&room.room, "round the hub").await)?;
    let body = raw::fanout_of_application(1_900_000_000_000, sealed.as_bytes());
    let reply = scenario.suite.post(&follower, Endpoint::Notify, room.room.as_str(), body).await?;
    room.is_untouched().await?;
    reply.refused()
}

async fn ask_group_info(scenario: &mut Scenario, body: Vec<u8>) -> Verdict {
    let hub = scenario.provider(0)?;
    let room = scenario.input.room()?.room.to_string();
    let reply = scenario.suite.post(&hub, Endpoint::GroupInfo, &room, body).await?;
    match raw::group_info_code(reply.ok()?)? {
        2 => Ok("notAuthorized".to_owned()),
        3 => Err(Halt::failed("notAuthorized (2)", "noSuchRoom")),
        _ => Err(Halt::failed("notAuthorized (2)", "success")),
    }
}

// req: MP06-3.6-05, MP06-5.6-03, MP06-5.6-24
async fn group_info_for_foreign(scenario: &mut Scenario) -> Verdict {
    let body = raw::group_info_request(scenario.input.room()?.ben.id().as_str());
    ask_group_info(scenario, body).await
}

// req: MP06-3.6-05, MP06-5.6-24
async fn group_info_for_outsider(scenario: &mut Scenario) -> Verdict {
    let (_, client) = scenario.suite.user("dora");
    ask_group_info(scenario, raw::group_info_request(&client)).await
}

// req: MP06-5.6-07, MP06-5.6-12
async fn group_info_bad_signature(scenario: &mut Scenario) -> Verdict {
    let sample = sample(scenario, Endpoint::GroupInfo).await?;
    let body = with_bad_signature(sample.body);
    let reply = scenario.suite.post(&sample.provider, Endpoint::GroupInfo, &sample.value, body).await?;
    if reply.status == 200 {
        return match raw::group_info_code(&reply.body)? {
            2 => Ok("notAuthorized".to_owned()),
            code => Err(Halt::failed("notAuthorized (2)", format!("code {code}"))),
        };
    }
    reply.refused()
}
