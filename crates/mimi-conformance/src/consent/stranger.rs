//! What a provider that is none of the two may not do about consent, and what it may not learn.

use mimi_protocol::consent::ScopeState;
use reqwest::Method;

use super::{USERS, asked_by, asked_of, lists};
use crate::check::{Check, Draft, Level};
use crate::peer::{Endpoint, Reply, Request, Speaks};
use crate::raw::{self, CANCEL, GRANT, REQUEST, REVOKE};
use crate::scenario::{Halt, Scenario, Verdict, expect, has_to};

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "consent.s5.7.received",
        sentence: "The answer to a request does not depend on what the user did.",
        explanation: "The suite asks dan for consent, takes a request back that it never made, and asks again after \
            he has denied it. Each answer has to be status 201 without a body. A failure means that the \
            asker learns what the user decided, or whether the user saw the request.",
        draft: Draft::Protocol,
        section: "5.7",
        level: Level::Must,
        requirements: &["MP06-5.7-09", "MP06-5.7-10", "MP06-5.7-12", "MP06-8-09"],
        needs: &[USERS],
        ask: |scenario| Box::pin(received(scenario)),
    },
    Check {
        id: "consent.s5.7.unknown-user",
        sentence: "Consent for or from an unknown user is answered by 201, or by 404.",
        explanation: "The suite asks for the consent of a user that was never registered, and grants consent to one. \
            Each answer has to be status 201, or 404 with a problem document, and the same for both. A \
            failure means that the provider answers with a status that the draft does not have.",
        draft: Draft::Protocol,
        section: "5.7",
        level: Level::Must,
        requirements: &["MP06-5.7-09", "MP06-5.7-11", "MP06-5.7-24", "MP06-5.7-26"],
        needs: &[USERS],
        ask: |scenario| Box::pin(unknown_user(scenario)),
    },
    Check {
        id: "consent.s5.7.foreign-requester",
        sentence: "A provider cannot ask for consent in the name of another provider's user.",
        explanation: "The suite asks dan for consent with erin, a user of the first provider, as the requester. The \
            answer has to be a 4xx status with a problem document, and dan's provider may not list the \
            request. A failure means that anyone can ask in anyone's name.",
        draft: Draft::Protocol,
        section: "5.7",
        level: Level::Must,
        requirements: &["MP06-5.7-08"],
        needs: &[USERS],
        ask: |scenario| Box::pin(foreign_requester(scenario)),
    },
    Check {
        id: "consent.s5.7.foreign-target",
        sentence: "A request goes to the provider of the user who is asked.",
        explanation: "The suite sends the second provider a request for a user of the first one. The answer has to be \
            a 4xx status with a problem document. A failure means that a provider keeps requests for users \
            it does not have.",
        draft: Draft::Protocol,
        section: "5.7",
        level: Level::Must,
        requirements: &["MP06-5.7-07"],
        needs: &[USERS],
        ask: |scenario| Box::pin(foreign_target(scenario)),
    },
    Check {
        id: "consent.s5.7.foreign-grant",
        sentence: "A provider cannot grant consent in the name of another provider's user.",
        explanation: "The suite grants erin's consent to dan, and revokes it, although erin is a user of the first \
            provider. The answers have to be a 4xx status with a problem document, and dan's provider may \
            not list the grant. A failure means that anyone can consent for anyone.",
        draft: Draft::Protocol,
        section: "5.7",
        level: Level::Must,
        requirements: &["MP06-5.7-22", "MP06-5.7-23"],
        needs: &[USERS],
        ask: |scenario| Box::pin(foreign_grant(scenario)),
    },
    Check {
        id: "consent.s5.7.other-operation",
        sentence: "Each consent endpoint takes its own operations and no others.",
        explanation: "The suite sends a grant and a revocation to requestConsent, and a request and a cancellation to \
            updateConsent. Each answer has to be a 4xx status with a problem document. A failure means that \
            a decision can be smuggled in as a request.",
        draft: Draft::Protocol,
        section: "5.7",
        level: Level::Must,
        requirements: &["MP06-5.7-02", "MP06-5.7-16"],
        needs: &[USERS],
        ask: |scenario| Box::pin(other_operation(scenario)),
    },
    Check {
        id: "consent.s5.7.malformed",
        sentence: "A malformed body of a consent endpoint is refused.",
        explanation: "Well-formed entries are sent to both endpoints cut short, with an octet after the end, with an \
            unknown operation, and with users and rooms that are none. Each answer has to be a 4xx status \
            with a problem document, and dan's provider may list nothing of it. A failure means that the \
            provider acts on half an entry, or breaks on it.",
        draft: Draft::Protocol,
        section: "5.7",
        level: Level::Must,
        requirements: &["MP06-5.7-13", "MP06-5.7-14", "MP06-5.7-15"],
        needs: &[USERS],
        ask: |scenario| Box::pin(malformed(scenario)),
    },
    Check {
        id: "consent.s5.7.unknown-method",
        sentence: "A consent endpoint takes POST and no other method.",
        explanation: "GET, PUT and DELETE are sent to both endpoints. The answer has to be status 405 with a problem \
            document. A failure means that a request is carried out that the draft does not know.",
        draft: Draft::Protocol,
        section: "5.7",
        level: Level::Must,
        requirements: &["MP06-5.7-29"],
        needs: &[USERS],
        ask: |scenario| Box::pin(unknown_method(scenario)),
    },
    Check {
        id: "consent.s5.7.foreign-key-package",
        sentence: "A grant has key packages of the user who grants and of nobody else.",
        explanation: "The suite gets a key package of dan and grants the consent of its own user with it. The answer \
            has to be a 4xx status with a problem document. A failure means that a user who consents can \
            make others add somebody else.",
        draft: Draft::Protocol,
        section: "5.7",
        level: Level::Must,
        requirements: &["MP06-5.7-21"],
        needs: &[USERS],
        ask: |scenario| Box::pin(foreign_key_package(scenario)),
    },
];

/// Sends an entry to the second provider.
async fn send(scenario: &mut Scenario, endpoint: Endpoint, user: &str, body: Vec<u8>) -> Result<Reply, Halt> {
    let provider = scenario.provider(1)?;
    scenario.suite.post(&provider, endpoint, user, body).await
}

fn dan(scenario: &Scenario) -> Result<String, Halt> {
    Ok(scenario.consent.people()?.dan.user().to_string())
}

fn is_received(reply: &Reply) -> Result<(), Halt> {
    expect(reply.status == 201 && reply.body.is_empty(), "status 201 without a body", reply.describe())
}

// req: MP06-5.7-09, MP06-5.7-10, MP06-5.7-12, MP06-8-09
async fn received(scenario: &mut Scenario) -> Verdict {
    let (dora, _) = scenario.suite.user("dora");
    let user: mimi_arch::UserUri = dora.parse().map_err(|_| Halt::Skipped("the suite's user has no URI".to_owned()))?;
    let dan = dan(scenario)?;
    let entry = |operation| raw::consent_entry(operation, &dora, &dan, "");
    is_received(&send(scenario, Endpoint::RequestConsent, &dan, entry(CANCEL)).await?)?;
    is_received(&send(scenario, Endpoint::RequestConsent, &dan, entry(REQUEST)).await?)?;
    is_received(&send(scenario, Endpoint::RequestConsent, &dan, entry(REQUEST)).await?)?;
    let client = &scenario.consent.people()?.dan;
    lists(client, &asked_of(client, &user).await?, &[(false, ScopeState::Requested)])?;
    has_to("dan can deny consent", client.revoke_consent(&user, None, false).await)?;
    is_received(&send(scenario, Endpoint::RequestConsent, &dan, entry(REQUEST)).await?)?;
    is_received(&send(scenario, Endpoint::RequestConsent, &dan, entry(CANCEL)).await?)?;
    Ok("201 each time".to_owned())
}

// req: MP06-5.7-09, MP06-5.7-11, MP06-5.7-24, MP06-5.7-26
async fn unknown_user(scenario: &mut Scenario) -> Verdict {
    let (dora, _) = scenario.suite.user("dora");
    let nobody = format!("mimi://{}/u/{}", scenario.provider(1)?.domain, scenario.name("nobody"));
    let asked = raw::consent_entry(REQUEST, &dora, &nobody, "");
    let asked = send(scenario, Endpoint::RequestConsent, &nobody, asked).await?;
    let granted = raw::consent_entry(GRANT, &nobody, &dora, "");
    let granted = send(scenario, Endpoint::UpdateConsent, &nobody, granted).await?;
    expect(asked.status == granted.status, format!("{} for a grant", asked.status), granted.describe())?;
    if asked.status == 201 {
        is_received(&asked)?;
        return Ok("201, as for a user who exists".to_owned());
    }
    asked.refused_with(&[404])
}

/// Erin is a user of the first provider whom nobody has registered: it is not the second provider's to know.
fn erin(scenario: &Scenario) -> Result<String, Halt> {
    Ok(format!("mimi://{}/u/{}", scenario.provider(0)?.domain, scenario.name("erin")))
}

async fn nothing_of(scenario: &Scenario, other: &str) -> Result<(), Halt> {
    let client = &scenario.consent.people()?.dan;
    let other = other.parse().map_err(|_| Halt::Skipped("a user has no URI".to_owned()))?;
    lists(client, &asked_of(client, &other).await?, &[])?;
    lists(client, &asked_by(client, &other).await?, &[])
}

// req: MP06-5.7-08
async fn foreign_requester(scenario: &mut Scenario) -> Verdict {
    let (erin, dan) = (erin(scenario)?, dan(scenario)?);
    let body = raw::consent_entry(REQUEST, &erin, &dan, "");
    let text = send(scenario, Endpoint::RequestConsent, &dan, body).await?.refused()?;
    nothing_of(scenario, &erin).await?;
    Ok(text)
}

// req: MP06-5.7-07
async fn foreign_target(scenario: &mut Scenario) -> Verdict {
    let (dora, _) = scenario.suite.user("dora");
    let cora = scenario.consent.people()?.cora.user().to_string();
    let body = raw::consent_entry(REQUEST, &dora, &cora, "");
    send(scenario, Endpoint::RequestConsent, &cora, body).await?.refused()
}

// req: MP06-5.7-22, MP06-5.7-23
async fn foreign_grant(scenario: &mut Scenario) -> Verdict {
    let (erin, dan) = (erin(scenario)?, dan(scenario)?);
    let (dora, _) = scenario.suite.user("dora");
    let mut text = String::new();
    for operation in [GRANT, REVOKE] {
        let body = raw::consent_entry(operation, &dan, &erin, "");
        text = send(scenario, Endpoint::UpdateConsent, &dan, body).await?.refused()?;
        // For a requester who is not the receiver's.
        let body = raw::consent_entry(operation, &erin, &dora, "");
        send(scenario, Endpoint::UpdateConsent, &erin, body).await?.refused()?;
    }
    nothing_of(scenario, &erin).await?;
    Ok(text)
}

// req: MP06-5.7-02, MP06-5.7-16
async fn other_operation(scenario: &mut Scenario) -> Verdict {
    let dan = dan(scenario)?;
    let (dave, _) = scenario.suite.user("dave");
    let mut text = String::new();
    for operation in [GRANT, REVOKE] {
        let body = raw::consent_entry(operation, &dave, &dan, "");
        text = send(scenario, Endpoint::RequestConsent, &dan, body).await?.refused()?;
    }
    for operation in [REQUEST, CANCEL] {
        let body = raw::consent_entry(operation, &dan, &dave, "");
        send(scenario, Endpoint::UpdateConsent, &dan, body).await?.refused()?;
    }
    nothing_of(scenario, &dave).await?;
    Ok(text)
}

// req: MP06-5.7-13, MP06-5.7-14, MP06-5.7-15
async fn malformed(scenario: &mut Scenario) -> Verdict {
    let dan = dan(scenario)?;
    let (dave, _) = scenario.suite.user("dave");
    let room = scenario.suite.room("own");
    let mut sent = 0_usize;
    for endpoint in [Endpoint::RequestConsent, Endpoint::UpdateConsent] {
        let (operation, requester, target) = match endpoint {
            Endpoint::RequestConsent => (REQUEST, dave.as_str(), dan.as_str()),
            _ => (GRANT, dan.as_str(), dave.as_str()),
        };
        let good = raw::consent_entry(operation, requester, target, &room);
        let mut bodies = raw::truncations(&good);
        bodies.push([good.as_slice(), &[0]].concat());
        bodies.push(raw::consent_entry(4, requester, target, &room));
        bodies.push(raw::consent_entry(255, requester, target, &room));
        bodies.push(raw::consent_entry(operation, requester, target, "mimi:no-room"));
        bodies.push(raw::consent_entry(operation, &room, target, ""));
        bodies.push(raw::consent_entry(operation, requester, &room, ""));
        bodies.push(raw::consent_entry(operation, "", "", ""));
        // A room whose presence octet is neither 0 nor 1.
        let without = raw::consent_entry(operation, requester, target, "");
        let ending = if operation == GRANT { 3 } else { 2 };
        let presence = without.len().saturating_sub(ending);
        bodies.push(without.iter().enumerate().map(|(at, octet)| if at == presence { 2 } else { *octet }).collect());
        for body in bodies {
            let length = body.len();
            sent += 1;
            send(scenario, endpoint, &dan, body).await?.refused().map_err(|halt| match halt {
                Halt::Failed { expected, observed } => {
                    Halt::failed(expected, format!("{observed}, {} with {length} octets", endpoint.name()))
                }
                other => other,
            })?;
        }
    }
    nothing_of(scenario, &dave).await?;
    Ok(format!("{sent} bodies refused"))
}

// req: MP06-5.7-29
async fn unknown_method(scenario: &mut Scenario) -> Verdict {
    let provider = scenario.provider(1)?;
    let dan = dan(scenario)?;
    let (dora, _) = scenario.suite.user("dora");
    for endpoint in [Endpoint::RequestConsent, Endpoint::UpdateConsent] {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let body = raw::consent_entry(REQUEST, &dora, &dan, "");
            let request = scenario.suite.request_to(&provider, endpoint, &dan, body).await?;
            let request = Request { method, ..request };
            scenario.suite.call(&provider, Speaks::Http2, request).await?.refused_with(&[405])?;
        }
    }
    Ok("405 for GET, PUT and DELETE".to_owned())
}

// req: MP06-5.7-21
async fn foreign_key_package(scenario: &mut Scenario) -> Verdict {
    let provider = scenario.provider(1)?;
    let fay = scenario.register(1, "fay", "B7", None).await?.user().to_string();
    let (dora, client) = scenario.suite.user("dora");
    let body = raw::key_material_request(&dora, &client, &fay, &scenario.suite.room("own"));
    let reply = scenario.suite.post(&provider, Endpoint::KeyMaterial, &fay, body).await?;
    let answer = raw::KeyMaterialAnswer::read(reply.ok()?)?;
    let Some((0, key_package)) = answer.only_client() else {
        return Err(Halt::Skipped(format!("no key package of {fay}: {}", answer.name())));
    };
    let dan = dan(scenario)?;
    let body = raw::consent_entry_with(GRANT, &dan, &dora, "", key_package);
    send(scenario, Endpoint::UpdateConsent, &dan, body).await?.refused()
}
