//! Joining codes: good ones, and every way in which one is not.

use mimi_arch::RoleIndex;
use mimi_client::{Event, Invitation, JoinLinkOptions, RoomOptions};
use mimi_protocol::update::UpdateRoomResponse;
use mimi_room_policy::join_code::{CODE_LENGTH, JoiningCode};
use mimi_room_policy::ready_made::RoomKind;

use super::{Joining, committed, kept_out, refused};
use crate::check::{Check, Draft, Level};
use crate::flow::same_state;
use crate::scenario::{Halt, Scenario, Verdict, events_until, expect, has_to, nothing_comes};

/// The check that makes the room for the others.
const ROOM: &str = "joining.s6.2.link-made";
const BY_CODE: &str = "joining.s8.1.1.by-code";
const USED: &str = "joining.s8.1.1.used-code";

pub(super) static CODES: &[Check] = &[
    Check {
        id: ROOM,
        sentence: "An owner makes a join link, and the room keeps it without its code.",
        explanation: "Ada makes a room whose policy has join links for several users, and a link for it. The hub has to accept the \
            change of the component join_links; the component may not contain the code, which every member would read. A \
            failure means that there are no join links, or that every member holds a key to the room.",
        draft: Draft::RoomPolicy,
        section: "6.2",
        level: Level::Must,
        requirements: &["RP03-6.2-07", "RP03-6.2-10"],
        needs: &[],
        ask: |scenario| Box::pin(link_made(scenario)),
    },
    Check {
        id: "joining.s8.1.1.wrong-code",
        sentence: "A code that is wrong, of another room, or the digest that the room keeps, opens nothing.",
        explanation: "Ben, who is no participant, asks for the group information without a code, with a random code, with the code of another \
            room of ada's, with an empty one and with the digest of the right one. The hub has to answer notAuthorized \
            to each, and ada gets nothing. A failure means that codes are not checked.",
        draft: Draft::RoomPolicy,
        section: "8.1.1",
        level: Level::Must,
        requirements: &["RP03-8.1.1-15", "MP06-5.6-24"],
        needs: &[ROOM],
        ask: |scenario| Box::pin(wrong_code(scenario)),
    },
    Check {
        id: BY_CODE,
        sentence: "An outsider joins by a code, with the role of its link.",
        explanation: "Ben shows the code of ada's link, gets the group information and joins by an external commit that puts him on the \
            participant list with role 2. Ada's client has to follow, and both have to agree on the room. The link is for several \
            users and has to stay. A failure means that links do not let anybody in.",
        draft: Draft::RoomPolicy,
        section: "8.1.1",
        level: Level::Must,
        requirements: &["RP03-8.1.1-15", "RP03-8.1.1-16", "MP06-5.6-06"],
        needs: &[ROOM],
        ask: |scenario| Box::pin(by_code(scenario)),
    },
    Check {
        id: "joining.s6.2.members-refused",
        sentence: "Who may not make join links makes and removes none.",
        explanation: "Ben, whose role has neither canCreateJoinCode nor canDeleteJoinCode, sends commits that add a link and remove ada's. The \
            hub has to answer notAllowed (2) to both, and ada gets nothing. A failure means that every member can open the room.",
        draft: Draft::RoomPolicy,
        section: "6.2",
        level: Level::Must,
        requirements: &["RP03-6.2-07"],
        needs: &[BY_CODE],
        ask: |scenario| Box::pin(members_refused(scenario)),
    },
    Check {
        id: "joining.s6.2.terms",
        sentence: "A link that is valid for longer than the policy says is refused.",
        explanation: "Ada adds a link that is valid for 30 days in a room whose expiration is 7. The hub has to answer notAllowed \
            (2). A failure means that the policy's expiration binds nobody.",
        draft: Draft::RoomPolicy,
        section: "6.2",
        level: Level::Must,
        requirements: &["RP03-6.2-05"],
        needs: &[BY_CODE],
        ask: |scenario| Box::pin(terms(scenario)),
    },
    Check {
        id: USED,
        sentence: "A link for one user lets one in, and goes with its use.",
        explanation: "Ada makes a link for one user and passes it to cleo, who joins by it, and to another user of ben's provider, who has asked with it \
            before that. The hub has to take cleo's commit, to refuse the other one, and to give \
            the other one no group information any more; at ada the link is gone. A failure means that a link for one user lets in many.",
        draft: Draft::RoomPolicy,
        section: "8.1.1",
        level: Level::Must,
        requirements: &["RP03-8.1.1-15", "RP03-6.2-04"],
        needs: &[BY_CODE],
        ask: |scenario| Box::pin(used_code(scenario)),
    },
    Check {
        id: "joining.s8.1.3.banned-code",
        sentence: "A banned user does not come in by a code.",
        explanation: "Ada bans cleo, who then shows the code of a link that is valid. The hub has to answer notAuthorized. A failure means \
            that a link undoes every ban.",
        draft: Draft::RoomPolicy,
        section: "8.1.3",
        level: Level::Must,
        requirements: &["RP03-8.1.3-08"],
        needs: &[USED],
        ask: |scenario| Box::pin(banned_code(scenario)),
    },
    Check {
        id: "joining.s6.2.revoked",
        sentence: "A link that is taken back opens nothing from then on, even for who has asked with it already.",
        explanation: "A user of ben's provider asks with ada's link and gets the group information; ada removes the link; the user sends its external \
            commit and asks again. The hub has to refuse the commit, and to answer notAuthorized. A failure means that \
            a link which got into wrong hands cannot be stopped.",
        draft: Draft::RoomPolicy,
        section: "6.2",
        level: Level::Must,
        requirements: &["RP03-6.2-07", "MP06-5.6-04"],
        needs: &["joining.s8.1.3.banned-code"],
        ask: |scenario| Box::pin(revoked(scenario)),
    },
];

const SEVERAL: JoinLinkOptions = JoinLinkOptions { role: None, multiuser: true, lifetime: None };
const ONE: JoinLinkOptions = JoinLinkOptions { role: None, multiuser: false, lifetime: None };

const fn announcement() -> RoomOptions {
    RoomOptions { kind: RoomKind::Announcement, media_types: false }
}

// req: RP03-6.2-07, RP03-6.2-10
async fn link_made(scenario: &mut Scenario) -> Verdict {
    let ada = scenario.register(0, "join-ada", "one", None).await?;
    let ben = scenario.register(1, "join-ben", "one", None).await?;
    let cleo = scenario.register(2, "join-cleo", "one", None).await?;
    let name = scenario.name("by-link");
    let room = has_to("ada can make a room with links", ada.create_room_with(&name, announcement()).await)?;
    let link = has_to("ada can make a link", ada.create_join_link(&room, SEVERAL).await)?;
    let details = has_to("ada knows the room", ada.details(&room).await)?;
    let kept: Vec<&[u8]> = details.policy.join_links.iter().flat_map(|it| &it.links).map(|it| it.as_bytes()).collect();
    expect(kept.len() == 1, "one link in the room", kept.len().to_string())?;
    let code = link.code.as_bytes();
    let contained = kept.iter().any(|kept| kept.windows(code.len()).any(|part| part == code));
    expect(!contained, "a link without its code", "the code is in the component join_links")?;
    scenario.joining = Joining { room: Some(room), ada: Some(ada), ben: Some(ben), cleo: Some(cleo), link: Some(link) };
    Ok(format!("a link of {} octets", kept.first().map_or(0, |kept| kept.len())))
}

// req: RP03-8.1.1-15, MP06-5.6-24
async fn wrong_code(scenario: &mut Scenario) -> Verdict {
    let name = scenario.name("other-link");
    let (room, [ada, ben, _], link) = scenario.joining.all()?;
    let other = has_to("ada can make another room", ada.create_room_with(&name, announcement()).await)?;
    let foreign = has_to("ada can make a link for it", ada.create_join_link(&other, SEVERAL).await)?;
    let links = has_to("ada knows the room", ada.details(room).await)?.join_links();
    let digest = links.first().map(|link| link.digest().to_vec()).unwrap_or_default();
    kept_out("ben without a code", ben.join_external(room).await)?;
    for (what, code) in [
        ("a random code", JoiningCode::from_random([0x3c; CODE_LENGTH])),
        ("the code of another room", foreign.code),
        ("an empty code", JoiningCode::from_octets(Vec::new())),
        ("the digest of the code", JoiningCode::from_octets(digest)),
        ("a code with an octet more", JoiningCode::from_octets([link.code.as_bytes(), &[0]].concat())),
    ] {
        let wrong = Invitation { room: room.clone(), code };
        kept_out(&format!("ben with {what}"), ben.join_by_code(&wrong).await)?;
    }
    nothing_comes(ada).await?;
    Ok("notAuthorized six times".to_owned())
}

// req: RP03-8.1.1-15, RP03-8.1.1-16, MP06-5.6-06
async fn by_code(scenario: &mut Scenario) -> Verdict {
    let (room, [ada, ben, _], link) = scenario.joining.all()?;
    has_to("ben can join by the code", ben.join_by_code(link).await)?;
    events_until(ada, "ben's commit", |events| committed(events) >= 1).await?;
    let summary = same_state(room, &[ada, ben]).await?;
    let role = summary.participants.iter().find(|(user, _)| user == ben.user()).map(|(_, role)| role.0);
    expect(role == Some(2), "ben with role 2", format!("{role:?}"))?;
    let links = has_to("ada knows the room", ada.details(room).await)?.join_links().len();
    expect(links == 1, "the link still there", links.to_string())?;
    Ok(format!("{} participants at epoch {}", summary.participants.len(), summary.epoch.0))
}

// req: RP03-6.2-07
async fn members_refused(scenario: &mut Scenario) -> Verdict {
    let (room, [ada, ben, _], _) = scenario.joining.all()?;
    refused("ben adds a link", ben.create_join_link(room, ONE).await)?;
    let links = has_to("ben knows the room", ben.details(room).await)?.join_links();
    for link in &links {
        refused("ben removes ada's link", ben.remove_join_link(room, link).await)?;
    }
    nothing_comes(ada).await?;
    same_state(room, &[ada, ben]).await?;
    Ok(format!("notAllowed {} times", links.len() + 1))
}

// req: RP03-6.2-05
async fn terms(scenario: &mut Scenario) -> Verdict {
    let (room, [ada, _, _], _) = scenario.joining.all()?;
    let month = JoinLinkOptions { lifetime: Some(30 * 86_400), ..SEVERAL };
    refused("ada adds a link for 30 days", ada.create_join_link(room, month).await)?;
    Ok("notAllowed".to_owned())
}

// req: RP03-8.1.1-15, RP03-6.2-04
async fn used_code(scenario: &mut Scenario) -> Verdict {
    let late = scenario.register(1, "join-late", "one", None).await?;
    let (room, [ada, ben, cleo], _) = scenario.joining.all()?;
    let link = has_to("ada can make a link for one user", ada.create_join_link(room, ONE).await)?;
    let prepared = late.prepare_join_by_code(room, Some(&link.code)).await;
    let prepared = has_to("another user can ask with it", prepared)?;
    has_to("cleo can join by it", cleo.join_by_code(&link).await)?;
    let answer = has_to("an answer comes", late.submit_prepared(&prepared).await)?;
    if matches!(answer, UpdateRoomResponse::Success { .. }) {
        return Err(Halt::failed("the second commit by the link refused", "accepted"));
    }
    has_to("the commit can be taken back", late.discard(prepared).await)?;
    kept_out("who comes late", late.join_by_code(&link).await)?;
    events_until(ada, "cleo's commit", |events| committed(events) >= 1).await?;
    events_until(ben, "both commits", |events| committed(events) >= 2).await?;
    same_state(room, &[ada, ben, cleo]).await?;
    let links = has_to("ada knows the room", ada.details(room).await)?.join_links().len();
    expect(links == 1, "the link for one user gone, and the other one there", links.to_string())?;
    Ok("one came in, the other did not".to_owned())
}

// req: RP03-8.1.3-08
async fn banned_code(scenario: &mut Scenario) -> Verdict {
    let (room, [ada, ben, cleo], link) = scenario.joining.all()?;
    has_to("ada can ban cleo", ada.ban(room, cleo.user()).await)?;
    let removed = |event: &Event| matches!(event, Event::Removed { .. });
    events_until(cleo, "the removal", |events| events.iter().any(removed)).await?;
    kept_out("cleo", cleo.join_by_code(link).await)?;
    events_until(ben, "the ban", |events| committed(events) >= 1).await?;
    let summary = same_state(room, &[ada, ben]).await?;
    let role = summary.participants.iter().find(|(user, _)| user == cleo.user()).map(|(_, role)| *role);
    expect(role == Some(RoleIndex::BANNED), "cleo banned", format!("{role:?}"))?;
    Ok("notAuthorized".to_owned())
}

// req: RP03-6.2-07, MP06-5.6-04
async fn revoked(scenario: &mut Scenario) -> Verdict {
    let dora = scenario.register(1, "join-dora", "one", None).await?;
    let (room, [ada, ben, _], link) = scenario.joining.all()?;
    let prepared = dora.prepare_join_by_code(room, Some(&link.code)).await;
    let prepared = has_to("dora can ask with the link", prepared)?;
    let links = has_to("ada knows the room", ada.details(room).await)?.join_links();
    for link in &links {
        has_to("ada can remove the link", ada.remove_join_link(room, link).await)?;
    }
    let answer = has_to("an answer comes", dora.submit_prepared(&prepared).await)?;
    if matches!(answer, UpdateRoomResponse::Success { .. }) {
        return Err(Halt::failed("the commit by the removed link refused", "accepted"));
    }
    has_to("the commit can be taken back", dora.discard(prepared).await)?;
    kept_out("dora", dora.join_by_code(link).await)?;
    events_until(ben, "the removal of the link", |events| committed(events) >= 1).await?;
    same_state(room, &[ada, ben]).await?;
    let left = has_to("ben knows the room", ben.details(room).await)?.join_links().len();
    expect(left == 0, "no link at ben", left.to_string())?;
    Ok("refused at once".to_owned())
}
