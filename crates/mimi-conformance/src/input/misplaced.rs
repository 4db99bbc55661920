//! Requests that name something that is not there.

use reqwest::Method;

use super::{ROOM, sample};
use crate::check::{Check, Draft, Level};
use crate::peer::{Endpoint, Request, Speaks};
use crate::raw;
use crate::scenario::{Halt, Scenario, Verdict};

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "input.s5.2.unknown-user",
        sentence: "A request for key material of an unknown user is answered userUnknown.",
        explanation: "The suite asks a provider, as the hub of a room of its own, for key material of a user that was never \
            registered. The user status has to be userUnknown (4), or noConsent (5), which may stand for it. No client may be \
            listed. A failure means that an unknown user looks like a known one.",
        draft: Draft::Protocol,
        section: "5.2",
        level: Level::Must,
        requirements: &["MP06-5.2-17", "MP06-5.2-22", "MP06-5.2-33", "MP06-5.2-35"],
        needs: &[],
        ask: |scenario| Box::pin(unknown_user(scenario)),
    },
    Check {
        id: "input.s5.2.unknown-room",
        sentence: "A request for key material for a room that its hub does not have is refused.",
        explanation: "The suite asks the hub for key material of ben for a room of the hub that does not exist. The answer has to be \
            a 4xx status with a problem document, or noConsent (5) or noConsentForThisRoom (6) without clients. A failure means \
            that key packages can be drained for rooms that nobody has.",
        draft: Draft::Protocol,
        section: "5.2",
        level: Level::Interpretation("IP-12"),
        requirements: &["MP06-5.2-08", "MP06-5.2-36"],
        needs: &[ROOM],
        ask: |scenario| Box::pin(key_material_for_unknown_room(scenario)),
    },
    Check {
        id: "input.s5.3.unknown-room",
        sentence: "An update of a room that does not exist is refused.",
        explanation: "A well-formed update is sent for a room that the hub does not have. The answer has to be a 4xx status with a \
            problem document, or the code notAllowed (2). A failure means that the hub makes rooms out of nothing.",
        draft: Draft::Protocol,
        section: "5.3",
        level: Level::Interpretation("IP-12"),
        requirements: &["MP06-5.3-02", "MP06-5.3-26"],
        needs: &[ROOM],
        ask: |scenario| Box::pin(unknown_room(scenario, Endpoint::Update)),
    },
    Check {
        id: "input.s5.4.unknown-room",
        sentence: "A message to a room that does not exist is refused.",
        explanation: "A well-formed message is submitted for a room that the hub does not have. The answer has to be a 4xx status \
            with a problem document, or the code notAllowed (1). A failure means that the hub takes messages for nobody.",
        draft: Draft::Protocol,
        section: "5.4",
        level: Level::Interpretation("IP-12"),
        requirements: &["MP06-5.4-01", "MP06-5.4-12"],
        needs: &[ROOM],
        ask: |scenario| Box::pin(unknown_room(scenario, Endpoint::SubmitMessage)),
    },
    Check {
        id: "input.s5.5.unknown-room",
        sentence: "A fan-out for a room that the follower has no client in is refused.",
        explanation: "The suite sends a message as the hub of a room of its own, in which no client of the provider is. The answer \
            has to be a 4xx status with a problem document; 201 is a warning, since the draft has no code for this. A failure \
            means that the provider breaks on it.",
        draft: Draft::Protocol,
        section: "5.5",
        level: Level::Interpretation("IP-12"),
        requirements: &["MP06-5.5-09", "MP06-5.5-23"],
        needs: &[ROOM],
        ask: |scenario| Box::pin(fanout_for_unknown_room(scenario)),
    },
    Check {
        id: "input.s5.6.unknown-room",
        sentence: "A request for group information of an unknown room is answered noSuchRoom.",
        explanation: "A signed request is sent for a room that the hub does not have. The code has to be noSuchRoom (3), or \
            notAuthorized (2), which may stand for it. A failure means that a client cannot tell why it cannot join.",
        draft: Draft::Protocol,
        section: "5.6",
        level: Level::Must,
        requirements: &["MP06-5.6-25", "MP06-5.6-26"],
        needs: &[ROOM],
        ask: |scenario| Box::pin(group_info_of_unknown_room(scenario)),
    },
    Check {
        id: "input.s5.unknown-method",
        sentence: "A method that an endpoint does not have is refused.",
        explanation: "GET, PUT and DELETE are sent to each endpoint. The answer has to be status 405 with a problem document, and \
            the room has to stay as it was. A failure means that a request is carried out that the draft does not know.",
        draft: Draft::Protocol,
        section: "5",
        level: Level::Interpretation("IP-12"),
        requirements: &["MP06-5.2-03", "MP06-5.3-02", "MP06-5.4-01", "MP06-5.5-09", "MP06-5.6-02"],
        needs: &[ROOM],
        ask: |scenario| Box::pin(unknown_method(scenario)),
    },
    Check {
        id: "input.s5.unknown-path",
        sentence: "A path that no endpoint has is not found.",
        explanation: "A POST is sent to a path that is in no directory, and one with a value that is no URI to each endpoint. The \
            answers have to be a 4xx status with a problem document. A failure means that a mistyped URL looks like success.",
        draft: Draft::Protocol,
        section: "5",
        level: Level::Interpretation("IP-12"),
        requirements: &["MP06-5.1-01", "MP06-5.2-04"],
        needs: &[ROOM],
        ask: |scenario| Box::pin(unknown_path(scenario)),
    },
];

// req: MP06-5.2-17, MP06-5.2-22, MP06-5.2-33, MP06-5.2-35
async fn unknown_user(scenario: &mut Scenario) -> Verdict {
    let provider = scenario.provider(1)?;
    let nobody = format!("mimi://{}/u/{}", provider.domain, scenario.name("nobody"));
    let (dora, client) = scenario.suite.user("dora");
    let body = raw::key_material_request(&dora, &client, &nobody, &scenario.suite.room("own"));
    let reply = scenario.suite.post(&provider, Endpoint::KeyMaterial, &nobody, body).await?;
    let answer = raw::KeyMaterialAnswer::read(reply.ok()?)?;
    answer.is_refusal(&[4, 5])
}

fn missing_room(scenario: &Scenario) -> Result<String, Halt> {
    Ok(format!("mimi://{}/r/{}", scenario.provider(0)?.domain, scenario.name("nowhere")))
}

// req: MP06-5.2-08, MP06-5.2-36
async fn key_material_for_unknown_room(scenario: &mut Scenario) -> Verdict {
    let hub = scenario.provider(0)?;
    let ben = scenario.input.room()?.ben.user().to_string();
    let (dora, client) = scenario.suite.user("dora");
    let body = raw::key_material_request(&dora, &client, &ben, &missing_room(scenario)?);
    let reply = scenario.suite.post(&hub, Endpoint::KeyMaterial, &ben, body).await?;
    if reply.status == 200 {
        return raw::KeyMaterialAnswer::read(&reply.body)?.is_refusal(&[5, 6]);
    }
    reply.refused()
}

// req: MP06-5.3-02, MP06-5.3-26, MP06-5.4-01, MP06-5.4-12
async fn unknown_room(scenario: &mut Scenario, endpoint: Endpoint) -> Verdict {
    let hub = scenario.provider(0)?;
    let missing = missing_room(scenario)?;
    let message_group = missing.replace("/r/", "/g/");
    let (dora, _) = scenario.suite.user("dora");
    let body = match endpoint {
        Endpoint::Update => raw::update_with_proposal(&raw::remove_proposal(&message_group, 1)),
        _ => raw::submit_message_request(&raw::private_message(&message_group, 1), &dora),
    };
    let reply = scenario.suite.post(&hub, endpoint, &missing, body).await?;
    match (reply.status, endpoint) {
        (200, Endpoint::Update) => raw::UpdateAnswer::read(&reply.body)?.is_not_allowed(),
        (200, _) => raw::SubmitAnswer::read(&reply.body)?.is_not_allowed(),
        _ => reply.refused(),
    }
}

// req: MP06-5.5-09, MP06-5.5-23
async fn fanout_for_unknown_room(scenario: &mut Scenario) -> Verdict {
    let sample = sample(scenario, Endpoint::Notify).await?;
    let reply = scenario.suite.post(&sample.provider, Endpoint::Notify, &sample.value, sample.body).await?;
    scenario.input.room()?.is_untouched().await?;
    if reply.status == 201 {
        return Err(Halt::Warning("201, although nobody is there to get the message".to_owned()));
    }
    reply.refused()
}

// req: MP06-5.6-25, MP06-5.6-26
async fn group_info_of_unknown_room(scenario: &mut Scenario) -> Verdict {
    let hub = scenario.provider(0)?;
    let missing = missing_room(scenario)?;
    let (_, client) = scenario.suite.user("dora");
    let reply = scenario.suite.post(&hub, Endpoint::GroupInfo, &missing, raw::group_info_request(&client)).await?;
    match raw::group_info_code(reply.ok()?)? {
        3 => Ok("noSuchRoom".to_owned()),
        2 => Ok("notAuthorized".to_owned()),
        _ => Err(Halt::failed("noSuchRoom (3)", "success")),
    }
}

// req: MP06-5.2-03, MP06-5.3-02, MP06-5.4-01, MP06-5.5-09, MP06-5.6-02, MP06-5.9-01
async fn unknown_method(scenario: &mut Scenario) -> Verdict {
    for endpoint in Endpoint::ALL {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let sample = sample(scenario, endpoint).await?;
            let request = scenario.suite.request_to(&sample.provider, endpoint, &sample.value, sample.body).await?;
            let request = Request { method, ..request };
            scenario.suite.call(&sample.provider, Speaks::Http2, request).await?.refused_with(&[405])?;
        }
    }
    scenario.input.room()?.is_untouched().await?;
    Ok("405 for GET, PUT and DELETE at every endpoint".to_owned())
}

// req: MP06-5.1-01, MP06-5.2-04
async fn unknown_path(scenario: &mut Scenario) -> Verdict {
    let hub = scenario.provider(0)?;
    for endpoint in Endpoint::ALL {
        let sample = sample(scenario, endpoint).await?;
        let reply = scenario.suite.post(&sample.provider, endpoint, "not a URI", sample.body).await?;
        reply.refused()?;
    }
    let request = scenario.suite.directory_request(&hub);
    let url = format!("https://{}/no/such/path", hub.domain);
    let request = Request { method: Method::POST, url, ..request };
    scenario.suite.call(&hub, Speaks::Http2, request).await?.refused_with(&[404])
}
