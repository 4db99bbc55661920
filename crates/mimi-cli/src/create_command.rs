//! `mimi client create`: which rules a room has, and who is in it from the start.

use anyhow::{Context, bail};
use clap::Args;
use mimi_arch::UserUri;
use mimi_client::{Client, NewRoom};
use mimi_room_policy::ready_made::RoomKind;

use crate::{
    client_command::room_uri,
    room_command::Kind,
    screen::{Tone, tinted},
};

#[derive(Args)]
pub(crate) struct Style {
    /// Another participant of a direct-message room; may be given several times.
    #[arg(long, value_name = "USER")]
    with: Vec<String>,
    /// Makes it a part of another room of the same provider: its participants are some of that one's, and who leaves that one leaves this one.
    #[arg(long, value_name = "ROOM")]
    parent: Option<String>,
    /// Each user may be in it with one client at a time.
    #[arg(long)]
    single_device: bool,
    /// The most users.
    #[arg(long, value_name = "N")]
    max_users: Option<u32>,
    /// The most clients.
    #[arg(long, value_name = "N")]
    max_clients: Option<u32>,
}

pub(crate) async fn run(
    client: &Client,
    name: &str,
    kind: Kind,
    media_types: bool,
    style: Style,
) -> anyhow::Result<()> {
    let kind = RoomKind::from(kind);
    let mut others: Vec<UserUri> = Vec::new();
    for user in &style.with {
        others.push(user.parse().with_context(|| format!("{user:?} is not a user's URI"))?);
    }
    let mut new = match (kind, others.is_empty()) {
        (RoomKind::DirectMessage, true) => bail!("say with whom: --with USER"),
        (RoomKind::DirectMessage, false) => NewRoom::direct_message(others.clone()),
        (_, false) => {
            bail!("only a direct-message room has participants from the start: use `mimi client add` afterwards")
        }
        (kind, true) => NewRoom::of_kind(kind),
    };
    if let Some(parent) = &style.parent {
        new = new.under(&room_uri(client, parent)?)?;
    }
    if style.single_device {
        new = new.single_device();
    }
    new = style.max_users.into_iter().fold(new, NewRoom::max_users);
    new = style.max_clients.into_iter().fold(new, NewRoom::max_clients);
    new.media_types = media_types;
    let room = client.create_room_as(name, new).await?;
    println!("created {room}");
    for user in others {
        match client.add(&room, &user).await {
            Ok(_) => println!("added {user} to {room}"),
            // The user is a participant all the same, and may join with a client at any time.
            Err(error) => eprintln!("{}", tinted(&format!("no client of {user} was added: {error}"), Tone::Quiet)),
        }
    }
    Ok(())
}
