//! Consent between users of two providers (draft-ietf-mimi-protocol-06 sections 5.2, 5.7 and 8): the dialogue, and what a
//! stranger may not do. Nothing here passes a hub.

mod key_packages;
mod stranger;

use mimi_arch::{RoomUri, UserUri};
use mimi_client::{Client, ClientError, ConsentSummary, Event, KeyMaterialFailure};
use mimi_protocol::consent::ScopeState;
use mimi_protocol::key_material::KeyMaterialUserCode;

use crate::check::{Check, Draft, Level};
use crate::peer::Endpoint;
use crate::scenario::{Halt, Scenario, Verdict, events_until, expect, has_to, left_by_earlier};

/// The checks of this group.
pub(crate) static CHECKS: &[&[Check]] = &[DIALOGUE, stranger::CHECKS, key_packages::CHECKS];

/// The check that registers the users for all others of the group.
const USERS: &str = "consent.s5.7.users";

/// What the checks of this group share.
#[derive(Default)]
pub(crate) struct Consent {
    people: Option<People>,
    /// Two rooms of cora.
    rooms: Option<[RoomUri; 2]>,
}

/// Who there is.
pub(crate) struct People {
    /// At the first provider.
    pub(crate) cora: Client,
    /// At the second provider.
    pub(crate) dan: Client,
}

impl Consent {
    pub(crate) fn people(&self) -> Result<&People, Halt> {
        left_by_earlier(self.people.as_ref())
    }
}

static DIALOGUE: &[Check] = &[
    Check {
        id: "consent.s5.7.users",
        sentence: "There are users of two providers who do not know each other.",
        explanation: "Cora registers at the first provider, dan at the second; the second provider's directory has to \
            list both consent endpoints, or the group is skipped. A failure means that users cannot \
            register.",
        draft: Draft::Protocol,
        section: "5.7",
        level: Level::Must,
        requirements: &["MP06-5.7-01"],
        needs: &[],
        ask: |scenario| Box::pin(users(scenario)),
    },
    Check {
        id: "consent.s5.7.request",
        sentence: "A request for consent arrives at the user who is asked.",
        explanation: "Cora asks dan for consent for any room, and for one room. Dan's provider has to list both \
            requests, and consent to nothing. A failure means that requests are lost between the providers.",
        draft: Draft::Protocol,
        section: "5.7",
        level: Level::Must,
        requirements: &["MP06-5.7-02", "MP06-5.7-03", "MP06-5.7-04", "MP06-5.7-05", "MP06-8-08"],
        needs: &[USERS],
        ask: |scenario| Box::pin(request(scenario)),
    },
    Check {
        id: "consent.s5.7.cancel",
        sentence: "A cancellation takes back the request with the same scope and no other.",
        explanation: "Cora takes back her request for the one room, and then once more, which her own provider has to \
            refuse since no such request waits. Dan's provider has to list the request for any room alone. \
            A failure means that scopes are confused.",
        draft: Draft::Protocol,
        section: "5.7",
        level: Level::Must,
        requirements: &["MP06-5.7-06"],
        needs: &["consent.s5.7.request"],
        ask: |scenario| Box::pin(cancel(scenario)),
    },
    Check {
        id: "consent.s5.2.no-consent",
        sentence: "Without consent there is no key material of a user who requires it.",
        explanation: "Dan requires consent and has decided nothing. Cora asks for his key material for a room of \
            hers. The user code has to be noConsent (5) or noConsentForThisRoom (6). A failure means that \
            anyone can be added to any room.",
        draft: Draft::Protocol,
        section: "5.2",
        level: Level::Must,
        requirements: &["MP06-5.2-34", "MP06-5.2-35"],
        needs: &["consent.s5.7.request"],
        ask: |scenario| Box::pin(no_consent(scenario)),
    },
    Check {
        id: "consent.s5.7.grant",
        sentence: "A grant for one room arrives, and the user can be added to that room and to no other.",
        explanation: "Dan grants consent for one of two rooms of cora, although she asked for any. Cora's provider \
            has to list the grant; adding dan to the one room has to succeed, to the other one it has to be \
            refused. A failure means that a grant is lost, or that it goes too far.",
        draft: Draft::Protocol,
        section: "5.7",
        level: Level::Must,
        requirements: &["MP06-5.7-16", "MP06-5.7-18", "MP06-5.7-20", "MP06-8-02", "MP06-8-05"],
        needs: &["consent.s5.2.no-consent"],
        ask: |scenario| Box::pin(grant(scenario)),
    },
    Check {
        id: "consent.s5.7.revoke",
        sentence: "A revocation for any room ends consent, and the requester is not told.",
        explanation: "Dan revokes consent for any room without letting others know. Key material for the room he \
            consented to before has to be refused, and cora's provider has to list the grant as before. A \
            failure means that a revocation has no effect, or that it is not private.",
        draft: Draft::Protocol,
        section: "5.7",
        level: Level::Should,
        requirements: &["MP06-5.7-27", "MP06-8-04", "MP06-8-10"],
        needs: &["consent.s5.7.grant"],
        ask: |scenario| Box::pin(revoke(scenario)),
    },
    Check {
        id: "consent.s5.7.unsolicited-grant",
        sentence: "A grant that nobody asked for counts, and its key packages are enough to add the user.",
        explanation: "Dan grants consent to carl, a user of the first provider who never asked, for any room and with \
            key packages. Carl adds dan to a room of his. Dan has to get the Welcome. A failure means that \
            key packages of a grant are not kept, or that their Welcome finds no way.",
        draft: Draft::Protocol,
        section: "5.7",
        level: Level::Must,
        requirements: &["MP06-5.7-19", "MP06-5.7-21", "MP06-8-03"],
        needs: &[USERS],
        ask: |scenario| Box::pin(unsolicited_grant(scenario)),
    },
    Check {
        id: "consent.s8.denied-beforehand",
        sentence: "Consent can be denied before anybody asks, and asking does not lift the denial.",
        explanation: "Dan, who does not require consent any more, denies it to carol, a user of the first provider. \
            Key material for a room of carol's has to be refused, before and after she asks for consent. A \
            failure means that a denial is forgotten.",
        draft: Draft::Protocol,
        section: "8",
        level: Level::Must,
        requirements: &["MP06-8-06"],
        needs: &[USERS],
        ask: |scenario| Box::pin(denied_beforehand(scenario)),
    },
];

/// The states of what is listed about one user: for any room first, then by room.
fn states(consents: &[ConsentSummary], user: &UserUri) -> Vec<(bool, ScopeState)> {
    let of = consents.iter().filter(|consent| consent.user == *user);
    of.map(|consent| (consent.room.is_some(), consent.state)).collect()
}

/// What others asked a client's user for, and what was decided about one of them.
pub(super) async fn asked_of(client: &Client, other: &UserUri) -> Result<Vec<(bool, ScopeState)>, Halt> {
    Ok(states(&has_to("consents can be listed", client.consents().await)?.of_others, other))
}

/// What a client's user asked another one for, and what came of it.
pub(super) async fn asked_by(client: &Client, other: &UserUri) -> Result<Vec<(bool, ScopeState)>, Halt> {
    Ok(states(&has_to("consents can be listed", client.consents().await)?.to_others, other))
}

fn lists(who: &Client, found: &[(bool, ScopeState)], wanted: &[(bool, ScopeState)]) -> Result<(), Halt> {
    let words = |states: &[(bool, ScopeState)]| {
        let each = states.iter().map(|(room, state)| format!("{state:?} for {}", if *room { "a room" } else { "any" }));
        format!("[{}] at {}", each.collect::<Vec<_>>().join(", "), who.id())
    };
    expect(found == wanted, words(wanted), words(found))
}

/// Adding has to fail for want of consent.
async fn is_not_added(client: &Client, room: &RoomUri, user: &UserUri) -> Verdict {
    match client.add(room, user).await {
        Err(ClientError::KeyMaterial(KeyMaterialFailure::NotProvided {
            status: status @ (KeyMaterialUserCode::NoConsent | KeyMaterialUserCode::NoConsentForThisRoom),
            ..
        })) => Ok(format!("{status:?}")),
        Err(other) => Err(Halt::failed("noConsent (5) or noConsentForThisRoom (6)", other.to_string())),
        Ok(_) => Err(Halt::failed("noConsent (5) or noConsentForThisRoom (6)", format!("{user} was added"))),
    }
}

async fn is_added(client: &Client, room: &RoomUri, added: &Client) -> Result<(), Halt> {
    has_to(&format!("{} can be added", added.user()), client.add(room, added.user()).await)?;
    let joined = |event: &Event| matches!(event, Event::Joined { room: joined, .. } if joined == room);
    events_until(added, "a Welcome", |events| events.iter().any(joined)).await.map(drop)
}

// req: MP06-5.7-01
async fn users(scenario: &mut Scenario) -> Verdict {
    for number in [0, 1] {
        let provider = scenario.provider(number)?;
        scenario.suite.offers(&provider, &[Endpoint::RequestConsent, Endpoint::UpdateConsent]).await?;
    }
    let cora = scenario.register(0, "cora", "A6", None).await?;
    let dan = scenario.register(1, "dan", "B6", None).await?;
    let observed = format!("{} and {}", cora.user(), dan.user());
    scenario.consent.people = Some(People { cora, dan });
    Ok(observed)
}

// req: MP06-5.7-02, MP06-5.7-03, MP06-5.7-04, MP06-5.7-05, MP06-8-08
async fn request(scenario: &mut Scenario) -> Verdict {
    let People { cora, dan } = scenario.consent.people()?;
    let mut rooms = Vec::new();
    for name in ["consent-one", "consent-two"] {
        rooms.push(has_to("cora can create a room", cora.create_room(&scenario.name(name)).await)?);
    }
    let rooms = <[RoomUri; 2]>::try_from(rooms).map_err(|_| Halt::Skipped("no rooms were made".to_owned()))?;
    has_to("cora can ask for any room", cora.request_consent(dan.user(), None).await)?;
    has_to("cora can ask for a room", cora.request_consent(dan.user(), Some(&rooms[0])).await)?;
    let asked = [(false, ScopeState::Requested), (true, ScopeState::Requested)];
    lists(dan, &asked_of(dan, cora.user()).await?, &asked)?;
    lists(cora, &asked_by(cora, dan.user()).await?, &asked)?;
    scenario.consent.rooms = Some(rooms);
    Ok("two requests wait for dan".to_owned())
}

// req: MP06-5.7-06
async fn cancel(scenario: &mut Scenario) -> Verdict {
    let People { cora, dan } = scenario.consent.people()?;
    let [room, _] = left_by_earlier(scenario.consent.rooms.as_ref())?;
    has_to("cora can take a request back", cora.cancel_consent(dan.user(), Some(room)).await)?;
    let again = cora.cancel_consent(dan.user(), Some(room)).await;
    expect(again.is_err(), "a refusal of the second cancellation", "success")?;
    lists(dan, &asked_of(dan, cora.user()).await?, &[(false, ScopeState::Requested)])?;
    Ok("the request for any room waits alone".to_owned())
}

// req: MP06-5.2-34, MP06-5.2-35
async fn no_consent(scenario: &mut Scenario) -> Verdict {
    let People { cora, dan } = scenario.consent.people()?;
    let [room, _] = left_by_earlier(scenario.consent.rooms.as_ref())?;
    has_to("dan can require consent", dan.requires_consent(Some(true)).await)?;
    is_not_added(cora, room, dan.user()).await
}

// req: MP06-5.7-16, MP06-5.7-18, MP06-5.7-20, MP06-8-02, MP06-8-05
async fn grant(scenario: &mut Scenario) -> Verdict {
    let People { cora, dan } = scenario.consent.people()?;
    let [room, other] = left_by_earlier(scenario.consent.rooms.as_ref())?;
    has_to("dan can grant consent", dan.grant_consent(cora.user(), Some(room), false).await)?;
    let granted = [(false, ScopeState::Requested), (true, ScopeState::Granted)];
    lists(cora, &asked_by(cora, dan.user()).await?, &granted)?;
    is_added(cora, room, dan).await?;
    is_not_added(cora, other, dan.user()).await
}

// req: MP06-5.7-27, MP06-8-04, MP06-8-10
async fn revoke(scenario: &mut Scenario) -> Verdict {
    let People { cora, dan } = scenario.consent.people()?;
    let [room, _] = left_by_earlier(scenario.consent.rooms.as_ref())?;
    has_to("dan can revoke consent", dan.revoke_consent(cora.user(), None, false).await)?;
    lists(dan, &asked_of(dan, cora.user()).await?, &[(false, ScopeState::Denied)])?;
    let granted = [(false, ScopeState::Requested), (true, ScopeState::Granted)];
    lists(cora, &asked_by(cora, dan.user()).await?, &granted)?;
    is_not_added(cora, room, dan.user()).await
}

// req: MP06-5.7-19, MP06-5.7-21, MP06-8-03
async fn unsolicited_grant(scenario: &mut Scenario) -> Verdict {
    let carl = scenario.register(0, "carl", "A7", None).await?;
    let dan = &scenario.consent.people()?.dan;
    has_to("dan can grant consent", dan.grant_consent(carl.user(), None, true).await)?;
    lists(&carl, &asked_by(&carl, dan.user()).await?, &[(false, ScopeState::Granted)])?;
    let room = has_to("carl can create a room", carl.create_room(&scenario.name("granted")).await)?;
    is_added(&carl, &room, dan).await?;
    Ok("dan joined by a key package of his grant".to_owned())
}

// req: MP06-8-06
async fn denied_beforehand(scenario: &mut Scenario) -> Verdict {
    let carol = scenario.register(0, "carol", "A8", None).await?;
    let dan = &scenario.consent.people()?.dan;
    has_to("dan can stop requiring consent", dan.requires_consent(Some(false)).await)?;
    has_to("dan can deny consent", dan.revoke_consent(carol.user(), None, false).await)?;
    let room = has_to("carol can create a room", carol.create_room(&scenario.name("denied")).await)?;
    is_not_added(&carol, &room, dan.user()).await?;
    has_to("carol can ask", carol.request_consent(dan.user(), None).await)?;
    lists(dan, &asked_of(dan, carol.user()).await?, &[(false, ScopeState::DeniedRequested)])?;
    is_not_added(&carol, &room, dan.user()).await
}
