//! What `mimi admin` lists. Nothing here reads keys, secrets or messages.

use anyhow::bail;
use mimi_arch::RoomUri;
use mimi_ds::{
    OpenMlsRoomGroup, SqliteStore, Store,
    hub::{HubRoom, Life},
};
use serde_json::json;

use super::listing::{Listing, time};

pub(super) fn rooms(store: &SqliteStore) -> anyhow::Result<Listing> {
    let rows = store.room_summaries()?.into_iter().map(|room| {
        vec![
            json!(room.room.as_str()),
            json!(room.last_sequence),
            time(room.last_accepted),
            json!(room.snapshot_octets),
            json!(room.handshakes),
        ]
    });
    let columns = ["room", "events", "last event", "snapshot octets", "handshakes after it"];
    Ok(Listing::table(&columns, "this provider is the hub of no room", rows.collect()))
}

pub(super) fn room(store: &SqliteStore, room: &RoomUri) -> anyhow::Result<Listing> {
    let Some(stored) = store.load_room(room)? else {
        bail!("this provider is not the hub of {room}");
    };
    let hub = HubRoom::<OpenMlsRoomGroup>::restore(&stored)?;
    let participants = hub.participant_list().participants().iter().map(|participant| {
        let of_user = hub.members().filter(|member| &member.user == participant.user());
        let clients: Vec<&str> = of_user.map(|member| member.client.as_str()).collect();
        json!({ "user": participant.user().as_str(), "role": participant.role_index().0, "clients": clients })
    });
    Ok(Listing::single(vec![
        ("room", json!(room.as_str())),
        ("state", json!(life(hub.life()))),
        ("epoch", json!(hub.epoch().0)),
        ("events", json!(stored.last_sequence)),
        ("last event", time(stored.last_accepted)),
        ("proposals pending", json!(hub.pending())),
        ("snapshot octets", json!(stored.snapshot.len())),
        ("handshakes after it", json!(stored.log.len())),
        ("participants", participants.collect()),
    ]))
}

/// Where a room is in its life, in words.
pub(super) fn life(life: &Life) -> String {
    match life {
        Life::Active => "active".to_owned(),
        Life::Dormant => "dormant: no client is left in it".to_owned(),
        Life::Replaced(_) => "its group was reinitialized, and the next one is not there yet".to_owned(),
        Life::Over(ending) => format!("over: {ending}"),
    }
}

pub(super) fn users(store: &SqliteStore) -> anyhow::Result<Listing> {
    let rows = store
        .user_summaries()?
        .into_iter()
        .map(|user| vec![json!(user.user.as_str()), json!(user.clients), json!(user.key_packages)]);
    Ok(Listing::table(&["user", "clients", "key packages"], "no user has registered", rows.collect()))
}

pub(super) fn queues(store: &SqliteStore) -> anyhow::Result<Listing> {
    let rows = store
        .queue_summaries()?
        .into_iter()
        .map(|queue| vec![json!(queue.client.as_str()), json!(queue.rows), json!(queue.octets), json!(queue.oldest)]);
    Ok(Listing::table(&["client", "messages", "octets", "oldest row"], "nothing waits for any client", rows.collect()))
}

pub(super) fn outbox(store: &SqliteStore) -> anyhow::Result<Listing> {
    let rows = store.outbox_summaries()?.into_iter().map(|lane| {
        vec![json!(lane.provider.as_str()), json!(lane.room.as_str()), json!(lane.rows), json!(lane.octets)]
    });
    let nothing = "nothing waits for another provider";
    Ok(Listing::table(&["provider", "room", "messages", "octets"], nothing, rows.collect()))
}
