//! Key material (draft-ietf-mimi-protocol-06 section 5.2): what is given out, and what is not.

use std::collections::BTreeSet;

use super::USERS;
use crate::check::{Check, Draft, Level};
use crate::peer::Endpoint;
use crate::raw;
use crate::scenario::{Halt, Scenario, Verdict, expect};

/// No client has so many key packages waiting.
const PATIENCE: usize = 512;

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "consent.s5.2.one-use",
        sentence: "A key package is given out once.",
        explanation: "The suite, as the hub of rooms of its own, asks for key material of gus until none is left. No \
            key package may come twice, and the last answer has to say keyMaterialExhausted (1) for the \
            client. A failure means that two groups can be made with one key package.",
        draft: Draft::Protocol,
        section: "5.2",
        level: Level::Must,
        requirements: &["MP06-5.2-23", "MP06-5.2-41"],
        needs: &[USERS],
        ask: |scenario| Box::pin(one_use(scenario)),
    },
    Check {
        id: "consent.s5.2.capabilities",
        sentence: "Key material that lacks a required capability is not given out.",
        explanation: "The suite asks for key material of ivy with an extension required that nobody has. The user \
            code has to be noCompatibleMaterial (3), and the client's code, if it is listed, \
            nothingCompatible (2). A failure means that a group gets members who cannot follow it.",
        draft: Draft::Protocol,
        section: "5.2",
        level: Level::Must,
        requirements: &["MP06-5.2-32", "MP06-5.2-42"],
        needs: &[USERS],
        ask: |scenario| Box::pin(capabilities(scenario)),
    },
    Check {
        id: "consent.s5.2.other-protocol",
        sentence: "A request for another end-to-end protocol than MLS 1.0 is answered incompatibleProtocol.",
        explanation: "The suite asks for key material with protocol 2, which is none yet. The user code has to be \
            incompatibleProtocol (2); a 4xx status with a problem document is a warning. A failure means \
            that what stands in such a request is taken for MLS.",
        draft: Draft::Protocol,
        section: "5.2",
        level: Level::Must,
        requirements: &["MP06-5.2-31"],
        needs: &[USERS],
        ask: |scenario| Box::pin(other_protocol(scenario)),
    },
];

async fn ask(scenario: &mut Scenario, user: &str, body: Vec<u8>) -> Result<raw::KeyMaterialAnswer, Halt> {
    let provider = scenario.provider(1)?;
    let reply = scenario.suite.post(&provider, Endpoint::KeyMaterial, user, body).await?;
    raw::KeyMaterialAnswer::read(reply.ok()?)
}

// req: MP06-5.2-23, MP06-5.2-41
async fn one_use(scenario: &mut Scenario) -> Verdict {
    let gus = scenario.register(1, "gwen", "B8", None).await?.user().to_string();
    let (dora, client) = scenario.suite.user("dora");
    let mut seen = BTreeSet::new();
    for number in 0..PATIENCE {
        let room = scenario.suite.room(&format!("own-{number}"));
        let body = raw::key_material_request(&dora, &client, &gus, &room);
        let answer = ask(scenario, &gus, body).await?;
        match answer.only_client() {
            Some((0, key_package)) => {
                expect(seen.insert(key_package.to_vec()), "key packages of their own", "one that was given before")?;
            }
            Some((1, [])) => return Ok(format!("{} key packages, then keyMaterialExhausted", seen.len())),
            _ => return Err(Halt::failed("a key package, or keyMaterialExhausted (1)", answer.name())),
        }
    }
    Err(Halt::Warning(format!("there are more than {PATIENCE} key packages of one client")))
}

// req: MP06-5.2-32, MP06-5.2-42
async fn capabilities(scenario: &mut Scenario) -> Verdict {
    let ivy = scenario.register(1, "ivy", "B9", None).await?.user().to_string();
    let (dora, client) = scenario.suite.user("dora");
    // Extension type 0xfe01, which is for private use; no proposal type, no credential type.
    let required = [2, 0xfe, 0x01, 0, 0];
    let body = raw::key_material_request_for(&dora, &client, &ivy, &scenario.suite.room("own"), &required);
    let answer = ask(scenario, &ivy, body).await?;
    let status = answer.only_client().map(|(status, _)| status);
    expect(
        answer.user_status == 3 && matches!(status, None | Some(2)),
        "noCompatibleMaterial (3), and nothingCompatible (2) if the client is listed",
        format!("{}, client status {status:?}", answer.name()),
    )?;
    Ok(answer.name().to_owned())
}

// req: MP06-5.2-31
async fn other_protocol(scenario: &mut Scenario) -> Verdict {
    let provider = scenario.provider(1)?;
    let dan = scenario.consent.people()?.dan.user().to_string();
    let (dora, client) = scenario.suite.user("dora");
    let mut body = raw::key_material_request(&dora, &client, &dan, &scenario.suite.room("own"));
    if let Some(protocol) = body.first_mut() {
        *protocol = 2;
    }
    let reply = scenario.suite.post(&provider, Endpoint::KeyMaterial, &dan, body).await?;
    if reply.status != 200 {
        let text = reply.refused()?;
        return Err(Halt::Warning(format!("{text}, where incompatibleProtocol says it")));
    }
    raw::KeyMaterialAnswer::read(&reply.body)?.is_refusal(&[2])
}
