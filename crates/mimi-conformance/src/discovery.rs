//! From a telephone number to a conversation, over a discovery provider and a relay of other operators
//! (draft-interop-mimi-discovery-requirements-03, by the project's experimental discovery profile 0).

use std::time::{SystemTime, UNIX_EPOCH};

use mimi_client::{Client, Event, LookUpMode, LookUpOptions, NewRegistration, Next, ProfileField, ProfileFieldName};
use mimi_discovery::{
    Anchors, Csi, CsiKind, Seconds,
    answer::Finding,
    attestation::{AssignmentEpoch, CsiAttestation, NewAttestation},
    mapping::MappingEntry,
    profile::{Key, Validity},
    record::Scope,
    selection::Selection,
};
use mimi_protocol::identifier_query::Searchable;

use crate::check::{Check, Draft, Level};
use crate::scenario::{Halt, Scenario, Verdict, events_until, expect, has_to, left_by_earlier};
use crate::target::DiscoveryTarget;

/// The checks of this group.
pub(crate) static CHECKS: &[&[Check]] = &[DISCOVERY];

/// What the checks of this group share: who looks, who is found, and by what.
#[derive(Default)]
pub(crate) struct Discovery {
    alice: Option<Client>,
    bob: Option<Client>,
    number: Option<Csi>,
}

static DISCOVERY: &[Check] = &[
    Check {
        id: "discovery.s10.nobody",
        sentence: "For a number without a mapping the discovery provider proves that there is none.",
        explanation: "Ulla, of the first provider, gets tokens from it and looks for a number through the relay, in both modes. The answers have to \
            verify against the discovery provider's snapshot and say that there is no mapping. A failure means that tokens, relay, discovery \
            provider or proofs do not work.",
        draft: Draft::Discovery,
        section: "10",
        level: Level::Must,
        requirements: &["UD03-9-01", "UD03-10-01"],
        needs: &[],
        ask: |scenario| Box::pin(nobody(scenario)),
    },
    Check {
        id: "discovery.s6.forged-refused",
        sentence: "A mapping whose attestation no trusted issuer made is refused.",
        explanation: "Viktor, of the second provider, registers the number with an attestation by an issuer that nobody trusts. The discovery provider has to \
            refuse it, and nobody may be found. A failure means that anybody can take anybody's number.",
        draft: Draft::Discovery,
        section: "6",
        level: Level::Must,
        requirements: &["UD03-6-01"],
        needs: &["discovery.s10.nobody"],
        ask: |scenario| Box::pin(forged_refused(scenario)),
    },
    Check {
        id: "discovery.s8.found",
        sentence: "Who has registered a number is found by it, by a sender whom the discovery provider does not see.",
        explanation: "Viktor registers the number with the issuer's attestation, ulla looks for it through the relay. She has to get the one mapping with viktor's \
            provider. A failure means that registered users are not found.",
        draft: Draft::Discovery,
        section: "8",
        level: Level::Must,
        requirements: &["UD03-8-01", "UD03-11-01"],
        needs: &["discovery.s6.forged-refused"],
        ask: |scenario| Box::pin(found(scenario)),
    },
    Check {
        id: "discovery.s11.bucket",
        sentence: "The same is found in a bucket, when the discovery provider sees neither who looks nor whom for.",
        explanation: "Ulla has the discovery provider evaluate the number unseen, fetches the bucket and looks for viktor's row. Buckets are made anew some time \
            after a change; a failure means that mode B does not find who is registered.",
        draft: Draft::Discovery,
        section: "11",
        level: Level::Must,
        requirements: &["UD03-11-01"],
        needs: &["discovery.s8.found"],
        ask: |scenario| Box::pin(bucket(scenario)),
    },
    Check {
        id: "discovery.s3.way-on",
        sentence: "From the number the way goes on to the user, consent and a conversation.",
        explanation: "Ulla's client takes one service, asks it for the user with identifierQuery, and the user for consent, which viktor grants; then she opens a \
            room with him and he reads a message. A failure means that finding a service does not lead to a person.",
        draft: Draft::Discovery,
        section: "3",
        level: Level::Interpretation("IUD-01"),
        requirements: &["UD03-8-01"],
        needs: &["discovery.s8.found"],
        ask: |scenario| Box::pin(way_on(scenario)),
    },
    Check {
        id: "discovery.s10.opted-out",
        sentence: "A recipient who lists no provider is told apart from one without a mapping.",
        explanation: "Viktor registers a mapping without entries. Ulla has to learn that there is one and that it lists nobody. A failure means that opting out \
            looks like never having registered.",
        draft: Draft::Discovery,
        section: "10",
        level: Level::Must,
        requirements: &["UD03-10-01"],
        needs: &["discovery.s3.way-on"],
        ask: |scenario| Box::pin(opted_out(scenario)),
    },
    Check {
        id: "discovery.s14.removed",
        sentence: "A mapping that its recipient has removed is not returned any more.",
        explanation: "Viktor removes the mapping, ulla looks once more and has to get the proof that there is none. A failure means that people cannot withdraw.",
        draft: Draft::Discovery,
        section: "14",
        level: Level::Must,
        requirements: &["UD03-14-01", "UD03-14-02"],
        needs: &["discovery.s10.opted-out"],
        ask: |scenario| Box::pin(removed(scenario)),
    },
];

fn target(scenario: &Scenario) -> Result<DiscoveryTarget, Halt> {
    let none = || Halt::Skipped("the target has no discovery provider".to_owned());
    scenario.target.discovery.clone().ok_or_else(none)
}

fn now() -> Seconds {
    Seconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
}

fn issuer(target: &DiscoveryTarget) -> Key {
    Key::from_seed(target.issuer_seed)
}

/// Whom ulla trusts, and how she looks.
fn options(target: &DiscoveryTarget, mode: LookUpMode) -> LookUpOptions {
    let mut anchors = Anchors::default();
    anchors.trust(target.issuer.clone(), issuer(target).public(), CsiKind::E164, Scope::All);
    LookUpOptions { mode, anchors, dp: Some(target.dp.clone()), ..LookUpOptions::default() }
}

async fn attested(target: &DiscoveryTarget, csi: &Csi, bob: &Client, by: &Key) -> Result<CsiAttestation, Halt> {
    let subject_key = works("viktor has a key", bob.discovery_key().await)?;
    let validity = Validity { not_before: now().minus(60), not_after: now().plus(86_400) };
    let new = NewAttestation { csi, csip: &target.issuer, subject_key, assignment_epoch: AssignmentEpoch(1), validity };
    works("the issuer can attest the number", new.sign(by))
}

/// The result of something that has to succeed.
fn works<T, E: ToString>(what: &str, result: Result<T, E>) -> Result<T, Halt> {
    result.map_err(|error| Halt::failed(what, error.to_string()))
}

async fn look(scenario: &Scenario, mode: LookUpMode) -> Result<(Finding, Selection), Halt> {
    let target = target(scenario)?;
    let alice = left_by_earlier(scenario.discovery.alice.as_ref())?;
    let number = left_by_earlier(scenario.discovery.number.as_ref())?;
    let looked = works("ulla can look the number up", alice.look_up(number, &options(&target, mode)).await)?;
    Ok((looked.finding, looked.selection))
}

async fn register(scenario: &Scenario, entries: Vec<MappingEntry>) -> Result<(), Halt> {
    let target = target(scenario)?;
    let bob = left_by_earlier(scenario.discovery.bob.as_ref())?;
    let number = left_by_earlier(scenario.discovery.number.as_ref())?;
    let attestation = attested(&target, number, bob, &issuer(&target)).await?;
    let registration =
        NewRegistration { attestation, dp: Some(target.dp), name: Default::default(), entries, sealed: vec![] };
    works("viktor can register", bob.register_mapping(registration).await).map(|_| ())
}

async fn nobody(scenario: &mut Scenario) -> Verdict {
    target(scenario)?;
    scenario.discovery.alice = Some(scenario.register(0, "ulla", "A9", None).await?);
    scenario.discovery.bob = Some(scenario.register(1, "viktor", "B9", None).await?);
    // A number that no other run against the same discovery provider uses, as far as time tells.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let text = format!("+1212{:07}", 2_000_000 + since.as_millis() % 8_000_000);
    scenario.discovery.number = Some(works("there is such a number", Csi::parse(&text))?);
    for mode in [LookUpMode::S, LookUpMode::B] {
        let (finding, _) = look(scenario, mode).await?;
        expect(finding == Finding::NoMapping, "no mapping", format!("{finding:?} in mode {mode:?}"))?;
    }
    Ok("no mapping, proven in modes S and B".to_owned())
}

async fn forged_refused(scenario: &mut Scenario) -> Verdict {
    let target = target(scenario)?;
    let bob = left_by_earlier(scenario.discovery.bob.as_ref())?;
    let number = left_by_earlier(scenario.discovery.number.as_ref())?;
    let attestation = attested(&target, number, bob, &Key::from_seed([0x66; 32])).await?;
    let entries = vec![MappingEntry::new(bob.user().domain().clone(), 0)];
    let registration =
        NewRegistration { attestation, dp: Some(target.dp), name: Default::default(), entries, sealed: vec![] };
    let refused = match bob.register_mapping(registration).await {
        Ok(_) => return Err(Halt::failed("a refusal", "registered")),
        Err(error) => error.to_string(),
    };
    let (finding, _) = look(scenario, LookUpMode::S).await?;
    expect(finding == Finding::NoMapping, "nobody is found", format!("{finding:?}"))?;
    Ok(refused)
}

async fn found(scenario: &mut Scenario) -> Verdict {
    let service = left_by_earlier(scenario.discovery.bob.as_ref())?.user().domain().clone();
    register(scenario, vec![MappingEntry::new(service.clone(), 0)]).await?;
    let (finding, selection) = look(scenario, LookUpMode::S).await?;
    expect(finding == Finding::One, "one mapping with one provider", format!("{finding:?}"))?;
    let taken = matches!(&selection, Selection::Entry { entry, .. } if entry.msp == service);
    expect(taken, format!("{service} is taken"), format!("{selection:?}"))?;
    Ok(format!("found at {service}"))
}

async fn bucket(scenario: &mut Scenario) -> Verdict {
    for _ in 0..20 {
        if look(scenario, LookUpMode::B).await?.0 == Finding::One {
            return Ok("found in a bucket".to_owned());
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    Err(Halt::failed("viktor is found in a bucket within 2 s", "no mapping"))
}

async fn way_on(scenario: &mut Scenario) -> Verdict {
    let target = target(scenario)?;
    let alice = left_by_earlier(scenario.discovery.alice.as_ref())?;
    let bob = left_by_earlier(scenario.discovery.bob.as_ref())?;
    let number = left_by_earlier(scenario.discovery.number.as_ref())?;
    let phone = ProfileField {
        name: ProfileFieldName::OidcStdClaim("phone_number".to_owned()),
        value: number.value().to_owned(),
        searchable: Searchable::Exactly,
    };
    has_to("viktor can set a profile", bob.set_profile(vec![phone]).await)?;
    has_to("viktor can ask for consent before he is added", bob.requires_consent(Some(true)).await)?;
    let options = options(&target, LookUpMode::S);
    let reached = works("ulla can go the way", alice.find_by_identifier(number, &options, true).await)?;
    let is_waiting = matches!(&reached.next, Next::Wait(user) if user == bob.user());
    expect(is_waiting, format!("consent of {} is awaited", bob.user()), format!("{:?}", reached.next))?;
    has_to("viktor can grant consent", bob.grant_consent(alice.user(), None, false).await)?;
    let reached = works("ulla can go the way", alice.find_by_identifier(number, &options, true).await)?;
    let may_talk = matches!(&reached.next, Next::Talk(user) if user == bob.user());
    expect(may_talk, format!("{} has consented", bob.user()), format!("{:?}", reached.next))?;
    let name = scenario.name("found");
    let room = works("ulla can open a conversation", alice.open_conversation(bob.user(), &name).await)?;
    has_to("ulla can send", alice.send(&room, "found you").await)?;
    let read = |events: &[Event]| {
        events.iter().any(|event| matches!(event, Event::Message { text, .. } if text == "found you"))
    };
    events_until(bob, "ulla's message", read).await?;
    Ok(format!("{} reads what {} says", bob.user(), alice.user()))
}

async fn opted_out(scenario: &mut Scenario) -> Verdict {
    register(scenario, vec![]).await?;
    let (finding, selection) = look(scenario, LookUpMode::S).await?;
    expect(finding == Finding::OptedOut, "a mapping without entries", format!("{finding:?}"))?;
    expect(selection == Selection::OptedOut, "opted out", format!("{selection:?}"))?;
    Ok("a mapping that lists nobody".to_owned())
}

async fn removed(scenario: &mut Scenario) -> Verdict {
    let target = target(scenario)?;
    let bob = left_by_earlier(scenario.discovery.bob.as_ref())?;
    let number = left_by_earlier(scenario.discovery.number.as_ref())?;
    works("viktor can remove the mapping", bob.remove_mapping(number, None, None, Some(target.dp)).await)?;
    let (finding, _) = look(scenario, LookUpMode::S).await?;
    expect(finding == Finding::NoMapping, "no mapping", format!("{finding:?}"))?;
    Ok("no mapping any more".to_owned())
}
