//! What joiners are helped with: the tree of the epoch of a Welcome, however late, and a GroupInfo that the hub rebuilds
//! (draft-ietf-mimi-protocol-06 sections 5.3 and 5.5).

use mimi_client::{Client, Event, PrepareOptions, PreparedUpdate};
use mimi_protocol::codec::Wire as _;
use mimi_protocol::update::{
    GroupInfoOption, HandshakeBundle, PartialGroupInfo, RatchetTreePresence, UpdateRequest, UpdateRoomResponse,
};

use super::committed;
use crate::check::{Check, Draft, Level};
use crate::flow::same_state;
use crate::scenario::{Halt, Scenario, Verdict, events_until, has_to};

pub(super) static WELCOMES: &[Check] = &[
    Check {
        id: "joining.s5.5.late-welcome",
        sentence: "A client that fetches its Welcome epochs later joins by it, and follows from there.",
        explanation: "Ada adds ben, names no ratchet tree, and commits three times before ben's client looks. It has to get the Welcome with \
            the tree of its own epoch, join, and follow the three commits to the same state. A failure means that the tree is that of \
            another epoch, and that who is offline while being added never comes in.",
        draft: Draft::Protocol,
        section: "5.5",
        level: Level::Must,
        requirements: &["MP06-5.5-03", "RT03-3-07"],
        needs: &[],
        ask: |scenario| Box::pin(late_welcome(scenario)),
    },
    Check {
        id: "joining.s5.3.partial-group-info",
        sentence: "The hub rebuilds a GroupInfo from a part of it, and refuses one whose signature does not hold.",
        explanation: "Ada commits with a PartialGroupInfo: extensions and signature alone. Cleo then joins by an external commit, for which the \
            GroupInfo that the hub gives has to be the one that ada signed, octet by octet. Before that, ada's commit with an octet of the signature changed has to be \
            refused. A failure means that rooms cannot be entered after such commits, or that the hub hands out what nobody signed.",
        draft: Draft::Protocol,
        section: "5.3",
        level: Level::Must,
        requirements: &["MP06-5.3-17", "RT03-4-01"],
        needs: &[],
        ask: |scenario| Box::pin(partial_group_info(scenario)),
    },
];

async fn commits(client: &Client, room: &mimi_arch::RoomUri, count: usize) -> Result<(), Halt> {
    for _ in 0..count {
        let options = PrepareOptions::default();
        let prepared = has_to("a commit can be prepared", client.prepare_commit(room, options).await)?;
        let answer = has_to("an answer comes", client.submit_prepared(&prepared).await)?;
        accepted(&answer)?;
        has_to("it can be confirmed", client.confirm(prepared).await)?;
    }
    Ok(())
}

fn accepted(answer: &UpdateRoomResponse) -> Result<(), Halt> {
    match answer {
        UpdateRoomResponse::Success { .. } => Ok(()),
        other => Err(Halt::failed("the commit accepted", format!("{other:?}"))),
    }
}

// req: MP06-5.5-03, RT03-3-07
// req: DS06-7-03
async fn late_welcome(scenario: &mut Scenario) -> Verdict {
    let ada = scenario.register(0, "late-ada", "one", None).await?;
    let ben = scenario.register(1, "late-ben", "one", None).await?;
    let cleo = scenario.register(2, "late-cleo", "one", None).await?;
    let room = has_to("ada can make a room", ada.create_room(&scenario.name("late")).await)?;
    has_to("ada can add cleo", ada.add(&room, cleo.user()).await)?;
    has_to("ada can add ben", ada.add(&room, ben.user()).await)?;
    let joined_at = has_to("ada knows the room", ada.room(&room).await)?.epoch;
    commits(&ada, &room, 2).await?;
    has_to("ada can remove cleo", ada.remove(&room, cleo.user()).await)?;
    let events = events_until(&ben, "three commits after the Welcome", |events| committed(events) >= 3).await?;
    let at = events.iter().find_map(|event| match event {
        Event::Joined { epoch, .. } => Some(*epoch),
        _ => None,
    });
    if at != Some(joined_at) {
        return Err(Halt::failed(format!("joined at epoch {}", joined_at.0), format!("{at:?}")));
    }
    let summary = same_state(&room, &[&ada, &ben]).await?;
    Ok(format!("joined at epoch {}, followed to epoch {}", joined_at.0, summary.epoch.0))
}

/// The body of an update with a part of the GroupInfo in place of it, and the last octet of its signature changed by `flip`.
fn in_part(prepared: &PreparedUpdate, flip: u8) -> Result<Vec<u8>, Halt> {
    let mut bundle = prepared.bundle.clone();
    let HandshakeBundle::Commit { group_info, .. } = &mut bundle else {
        return Err(Halt::Skipped("the client has prepared no commit".to_owned()));
    };
    let GroupInfoOption::Full(whole) = &*group_info else {
        return Err(Halt::Skipped("the client gives no whole GroupInfo".to_owned()));
    };
    let mut signature = whole.signature().to_vec();
    if let Some(last) = signature.last_mut() {
        *last ^= flip;
    }
    *group_info = GroupInfoOption::Partial(PartialGroupInfo {
        ratchet_tree_presence: RatchetTreePresence::NoRatchetTree,
        group_info_extensions: whole.extensions().clone(),
        signature,
    });
    UpdateRequest(bundle).to_bytes().map_err(|error| Halt::Skipped(error.to_string()))
}

// req: MP06-5.3-17, RT03-4-01
async fn partial_group_info(scenario: &mut Scenario) -> Verdict {
    let ada = scenario.register(0, "part-ada", "one", None).await?;
    let cleo = scenario.register(2, "part-cleo", "one", None).await?;
    let room = has_to("ada can make a room", ada.create_room(&scenario.name("in-part")).await)?;
    has_to("ada can add cleo", ada.add(&room, cleo.user()).await)?;
    let joined = |event: &Event| matches!(event, Event::Joined { .. });
    events_until(&cleo, "the Welcome", |events| events.iter().any(joined)).await?;
    let second = scenario.register(2, "part-cleo", "two", Some(cleo.user_secret())).await?;
    let prepared = has_to("a commit can be prepared", ada.prepare_commit(&room, PrepareOptions::default()).await)?;
    let answer = has_to("an answer comes", ada.submit_raw(&room, in_part(&prepared, 1)?).await)?;
    match UpdateRoomResponse::from_bytes(&answer) {
        Ok(UpdateRoomResponse::NotAllowed { .. } | UpdateRoomResponse::InvalidProposal { .. }) => {}
        other => return Err(Halt::failed("a signature that does not hold refused", format!("{other:?}"))),
    }
    let answer = has_to("an answer comes", ada.submit_raw(&room, in_part(&prepared, 0)?).await)?;
    let answer = UpdateRoomResponse::from_bytes(&answer);
    accepted(&answer.map_err(|error| Halt::failed("an answer of section 5.3", error.to_string()))?)?;
    has_to("it can be confirmed", ada.confirm(prepared).await)?;
    has_to("cleo's second client can join", second.join_external(&room).await)?;
    for client in [&ada, &cleo] {
        let wanted = if client.id() == ada.id() { 1 } else { 2 };
        events_until(client, "the commits", |events| committed(events) >= wanted).await?;
    }
    let summary = same_state(&room, &[&ada, &cleo, &second]).await?;
    Ok(format!("{} members at epoch {}", summary.members.len(), summary.epoch.0))
}
