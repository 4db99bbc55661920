//! Franking: the stamp, what receivers make of it, and what the hub makes of a report.

use mimi_arch::{Domain, RoomUri};
use mimi_protocol::crypto::Ed25519Signer;
use mimi_protocol::franking::{
    AgentError, FrankAad, FrankRefusal, FrankedContent, Franker, FrankingAgentData, FrankingIntegrityTbs, FrankingTag,
    HubKey, Received, ReportRefusal, Reported, ServerFrankingContext, franking_tag,
};
use mimi_protocol::mls::Credential;
use mimi_protocol::safe_aad::SafeAad;
use mimi_protocol::submit_message::Frank;
use mimi_protocol::{AcceptedTimestamp, CipherSuite, IdentifierUri, Wire};
use serde_json::{Value, json};
use spec_vectors::{ExpectedError, TestCase};

use crate::rules::signature_error;
use crate::{Verdict, describe, kebab, refused};

pub(crate) fn safe_aad(aad: &SafeAad) -> Value {
    let item = |item: &mimi_protocol::safe_aad::SafeAadItem| json!({"component_id": item.component_id.0, "aad_item_data": hex::encode(&item.aad_item_data)});
    json!({"aad_items": aad.items().iter().map(item).collect::<Value>()})
}

pub(crate) fn frank_aad(aad: &FrankAad) -> Value {
    json!({"franking_tag": hex::encode(aad.franking_tag.as_bytes())})
}

pub(crate) fn agent(agent: &FrankingAgentData) -> Value {
    json!({
        "franking_signature_key": hex::encode(&agent.franking_signature_key),
        "credential": describe::credential(&agent.credential),
    })
}

pub(crate) fn tbs(tbs: &FrankingIntegrityTbs) -> Value {
    json!({
        "server_frank": hex::encode(tbs.server_frank.as_bytes()),
        "franking_signature_ciphersuite": tbs.franking_signature_ciphersuite.0,
        "context": {
            "sender_uri": tbs.context.sender_uri.as_str(),
            "room_uri": tbs.context.room_uri.as_str(),
            "accepted_timestamp": tbs.context.accepted_timestamp.0,
        },
    })
}

/// What all three groups have, read once.
struct Input {
    room: RoomUri,
    time: AcceptedTimestamp,
    salt: [u8; 16],
    content: Vec<u8>,
    sender_uri: IdentifierUri,
    room_uri: IdentifierUri,
    frank: Option<Frank>,
    hub_keys: Vec<HubKey>,
}

impl Input {
    fn read(test: &TestCase) -> Self {
        let list = |name: &str| test.fields.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        let key = |key: &Value| HubKey::new(hex::decode(key.as_str().unwrap()).unwrap().try_into().unwrap());
        let uri = |name: &str| IdentifierUri::new(test.text(name).unwrap_or_default());
        Self {
            room: test.text("roomUri").unwrap().parse().unwrap(),
            time: AcceptedTimestamp(test.fields["acceptedTimestamp"].as_u64().unwrap()),
            salt: test.octets("salt").unwrap().try_into().unwrap(),
            content: test.octets("content").unwrap(),
            sender_uri: uri("contentSender"),
            room_uri: uri("contentRoom"),
            frank: test.octets("frank").map(|frank| Frank::from_bytes(&frank).unwrap()),
            hub_keys: list("hubKeys").iter().map(key).collect(),
        }
    }

    fn content(&self) -> FrankedContent<'_> {
        FrankedContent {
            application_data: &self.content,
            salt: &self.salt,
            sender_uri: &self.sender_uri,
            room_uri: &self.room_uri,
        }
    }
}

fn suite(test: &TestCase) -> CipherSuite {
    CipherSuite(u16::try_from(test.fields["cipherSuite"].as_u64().unwrap()).unwrap())
}

fn agent_of(test: &TestCase) -> Option<FrankingAgentData> {
    test.octets("agent").map(|agent| FrankingAgentData::from_bytes(&agent).unwrap())
}

fn hub(test: &TestCase) -> Domain {
    test.text("hub").unwrap().parse().unwrap()
}

/// The sender's tag and the hub's stamp.
pub(crate) fn frank(test: &TestCase) -> Verdict {
    // req: MP06-5.4.1.1-03, MP06-5.4.1.2-02, MP06-5.4.1.2-03, MP06-5.4.1.2-04, MP06-5.4.1.2-05
    let input = Input::read(test);
    let tag = franking_tag(&input.salt, &input.content);
    assert_eq!(tag.as_bytes()[..], test.octets("tag").unwrap(), "test {}", test.tc_id);
    let context = ServerFrankingContext {
        sender_uri: IdentifierUri::new(test.text("senderUri").unwrap()),
        room_uri: IdentifierUri::from(&input.room),
        accepted_timestamp: input.time,
    };
    assert_eq!(context.to_bytes().unwrap(), test.octets("context").unwrap(), "test {}", test.tc_id);
    let (hub, agent) = (hub(test), agent_of(test).unwrap());
    let signer = Ed25519Signer::from_seed(test.octets("seed").unwrap().try_into().unwrap());
    let franker =
        Franker { hub: &hub, hub_key: &input.hub_keys[0], signer: &signer, agent: &agent, suite: suite(test) };
    assert_eq!(Some(franker.frank(&tag, &context).unwrap()), input.frank, "test {} ({})", test.tc_id, test.comment);
    Ok(())
}

/// What a receiver makes of a frank.
pub(crate) fn verify(test: &TestCase) -> Verdict {
    // req: MP06-5.4.1.3-01, MP06-5.4.1.3-02, MP06-5.4.1.3-03, MP06-5.4.1.3-04, MP06-5.4.1.3-05, MP06-5.4.1.4-02
    let input = Input::read(test);
    let aad = FrankAad::read(&test.octets("authenticatedData").unwrap()).unwrap();
    let tag: Option<FrankingTag> = aad.map(|aad| aad.franking_tag);
    let (hub, agent) = (hub(test), agent_of(test));
    let leaf_credential = Credential::basic(test.text("leafIdentity").unwrap());
    let received = Received {
        suite: suite(test),
        hub: &hub,
        agent: agent.as_ref(),
        room: &input.room,
        accepted_timestamp: input.time,
        tag: tag.as_ref(),
        frank: input.frank.as_ref(),
        leaf_credential: &leaf_credential,
        content: input.content(),
    };
    received.verify().map(|_| ()).map_err(receiver_error)
}

/// What the hub makes of a report.
pub(crate) fn report(test: &TestCase) -> Verdict {
    let input = Input::read(test);
    let keys: Vec<Vec<u8>> = test.fields["publicKeys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| hex::decode(key.as_str().unwrap()).unwrap())
        .collect();
    let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
    let alleged = IdentifierUri::new(test.text("allegedSender").unwrap());
    let reported = Reported {
        content: input.content(),
        frank: input.frank.as_ref().unwrap(),
        accepted_timestamp: input.time,
        room: &input.room,
        alleged_sender: Some(&alleged),
    };
    let proven = reported.verify(&input.hub_keys, &keys).map_err(report_error)?;
    assert_eq!(Some(proven.hub_key() as u64), test.fields["hubKey"].as_u64(), "test {}", test.tc_id);
    Ok(())
}

fn receiver_error(error: FrankRefusal) -> ExpectedError {
    let section = error.section();
    match error {
        FrankRefusal::Signature(error) | FrankRefusal::Agent(AgentError::Key(error)) => signature_error(error),
        FrankRefusal::Agent(_) => refused("agent-not-the-hub", section),
        FrankRefusal::OtherCipherSuite { .. } => refused("other-cipher-suite", section),
        other => refused(&kebab(&format!("{other:?}")), section),
    }
}

fn report_error(error: ReportRefusal) -> ExpectedError {
    let section = error.section();
    match error {
        ReportRefusal::Signature(error) => signature_error(error),
        ReportRefusal::OtherRoom => refused("report-of-other-room", section),
        ReportRefusal::OtherSender => refused("report-of-other-sender", section),
        _ => refused("not-our-frank", section),
    }
}
