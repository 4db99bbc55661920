//! Consent: entries on the wire, on their way from one provider to another, and what comes of a sequence of them.

use mimi_arch::{Domain, RoomUri, UserUri};
use mimi_protocol::Wire;
use mimi_protocol::consent::{
    ConsentEndpoint, ConsentEntry, ConsentOperation, ConsentRefusal, ConsentResponse, ConsentScope, ConsentStates,
    Keeper, Limits, Outcome, Peers,
};
use serde_json::{Value, json};
use spec_vectors::TestCase;

use crate::{Verdict, describe, kebab, refused};

const SECTION: &str = "draft-ietf-mimi-protocol-06 section 5.7";

/// The meaning of an entry.
pub(crate) fn entry(entry: &ConsentEntry) -> Value {
    let extensions: Vec<Value> = entry
        .consent_extensions
        .entries()
        .iter()
        .map(|component| json!({"component_id": component.component_id.0, "data": hex::encode(&component.data)}))
        .collect();
    let mut value = json!({
        "consentOperation": kebab(&format!("{:?}", entry.operation())),
        "requesterUri": entry.scope.requester().as_str(),
        "targetUri": entry.scope.target().as_str(),
        "roomId": entry.scope.room().map(RoomUri::as_str),
        "consent_extensions": extensions,
    });
    if entry.operation() == ConsentOperation::Grant {
        value["clientKeyPackages"] = entry.client_key_packages().iter().map(describe::key_package).collect();
    }
    value
}

/// Checks an entry on its way and gives the answer.
pub(crate) fn endpoint(test: &TestCase) -> Verdict {
    // req: MP06-5.7-01, MP06-5.7-02, MP06-5.7-07, MP06-5.7-08, MP06-5.7-09, MP06-5.7-11, MP06-5.7-16, MP06-5.7-21
    // req: MP06-5.7-22, MP06-5.7-23, MP06-5.7-24, MP06-5.7-26, MP06-5.7-29, MP06-8-11
    let domains = |name: &str| {
        let list = test.fields[name].as_array().unwrap();
        list.iter().map(|domain| domain.as_str().unwrap().parse().unwrap()).collect::<Vec<Domain>>()
    };
    let endpoint = match test.text("endpoint").unwrap() {
        "requestConsent" => ConsentEndpoint::RequestConsent,
        "updateConsent" => ConsentEndpoint::UpdateConsent,
        other => panic!("endpoint {other}"),
    };
    let entry = ConsentEntry::from_bytes(&test.octets("encoded").unwrap()).unwrap();
    if !endpoint.path_fits(&entry.scope, test.text("value").unwrap()) {
        return Err(refused("path-not-of-receiving-user", SECTION));
    }
    let (sender, receiver) = (domains("senderDomains"), domains("receiverDomains"));
    endpoint.check(&entry, Peers { sender: &sender, receiver: &receiver }).map_err(|error| {
        let rule = match error {
            ConsentRefusal::OperationOfOtherEndpoint { .. } => "operation-of-other-endpoint",
            ConsentRefusal::TargetNotOfReceiver { .. } => "target-not-of-receiver",
            ConsentRefusal::RequesterNotOfSender { .. } => "requester-not-of-sender",
            ConsentRefusal::RequesterNotOfReceiver { .. } => "requester-not-of-receiver",
            ConsentRefusal::TargetNotOfSender { .. } => "target-not-of-sender",
            ConsentRefusal::KeyPackageNotOfTarget { .. } => "key-package-not-of-target",
            _ => "another rule",
        };
        refused(rule, error.section())
    })?;
    let answer = match test.fields.get("revealsUnknownUsers") {
        Some(reveals) => ConsentResponse::to_unknown_user(reveals.as_bool().unwrap()),
        None => {
            let mut states = ConsentStates::new(endpoint.keeper(), Limits { requests: 1, decisions: 1 });
            ConsentResponse::to(states.apply(entry.operation(), &entry.scope))
        }
    };
    assert_eq!(json!(answer.status()), test.fields["status"], "test {} ({})", test.tc_id, test.comment);
    Ok(())
}

/// Does the steps of a sequence and compares what comes of each.
pub(crate) fn states(test: &TestCase) -> Verdict {
    // req: MP06-5.7-06, MP06-5.7-12, MP06-5.7-19, MP06-5.7-20, MP06-8-01, MP06-8-02, MP06-8-03, MP06-8-04, MP06-8-05, MP06-8-06
    let limit = |name: &str| usize::try_from(test.fields["limits"][name].as_u64().unwrap()).unwrap();
    let keeper = match test.text("keeper").unwrap() {
        "target" => Keeper::TargetProvider,
        "requester" => Keeper::RequesterProvider,
        other => panic!("keeper {other}"),
    };
    let limits = Limits { requests: limit("requests"), decisions: limit("decisions") };
    let mut states = ConsentStates::new(keeper, limits);
    for (index, step) in test.fields["steps"].as_array().unwrap().iter().enumerate() {
        let user = |name: &str| step[name].as_str().unwrap().parse::<UserUri>().unwrap();
        let (requester, target) = (user("requester"), user("target"));
        let room = step.get("roomId").map(|room| room.as_str().unwrap().parse::<RoomUri>().unwrap());
        let came = match step["operation"].as_str().unwrap() {
            "may" => kebab(&format!("{:?}", states.may(&requester, &target, room.as_ref()))),
            operation => {
                let operation = match operation {
                    "cancel" => ConsentOperation::Cancel,
                    "request" => ConsentOperation::Request,
                    "grant" => ConsentOperation::Grant,
                    "revoke" => ConsentOperation::Revoke,
                    other => panic!("operation {other}"),
                };
                match states.apply(operation, &ConsentScope::new(requester, target, room)) {
                    Outcome::Granted { solicited: true } => "granted-in-answer".to_owned(),
                    Outcome::Granted { solicited: false } => "granted-unasked".to_owned(),
                    Outcome::Revoked { solicited: true } => "revoked-in-answer".to_owned(),
                    Outcome::Revoked { solicited: false } => "revoked-unasked".to_owned(),
                    other => kebab(&format!("{other:?}")),
                }
            }
        };
        assert_eq!(came, step["expect"].as_str().unwrap(), "test {} ({}), step {index}", test.tc_id, test.comment);
    }
    Ok(())
}
