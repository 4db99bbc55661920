//! `mimi client join-link`, `join-links`, `revoke-join-link`: the links by which users join a room.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use mimi_client::{Client, Invitation, JoinLinkOptions};
use mimi_room_policy::join_code::CodeLink;

use crate::{
    client_command::{catch_up, clock, room_uri},
    room_command::role_called,
};

/// Digits of a digest that are shown; a room has few links.
const SHOWN: usize = 8;
const HOUR: u32 = 3_600;

#[derive(Subcommand)]
pub(crate) enum JoinLinkAction {
    /// Makes a link by which others join a room, and prints it. Whoever has the link may join: it is shown once, and kept nowhere.
    JoinLink(NewLink),
    /// Lists the join links of a room: what they are good for, not the codes.
    JoinLinks {
        /// The room's URI or name.
        room: String,
    },
    /// Takes a join link back. Nobody comes in by it any more.
    RevokeJoinLink {
        /// The room's URI or name.
        room: String,
        /// The link's first digits, as `mimi client join-links` shows them, or the link itself.
        link: String,
    },
}

#[derive(Args)]
pub(crate) struct NewLink {
    /// The room's URI or name.
    room: String,
    /// The role of whoever joins by it, by name or number; without it, the lowest that the room lets links give.
    #[arg(long)]
    role: Option<String>,
    /// The link is for more than one user, if the room allows that; without it, for one.
    #[arg(long)]
    several: bool,
    /// For how many hours it is valid; without it, as long as the room lets it.
    #[arg(long, value_name = "HOURS")]
    hours: Option<u32>,
}

pub(crate) async fn run(client: &Client, action: JoinLinkAction) -> anyhow::Result<()> {
    match action {
        JoinLinkAction::JoinLink(NewLink { room, role, several, hours }) => {
            let room = room_uri(client, &room)?;
            let role = match role {
                Some(role) => Some(role_called(client, &room, &role).await?),
                None => {
                    catch_up(client).await?;
                    None
                }
            };
            let lifetime = hours.map(|hours| hours.saturating_mul(HOUR));
            let options = JoinLinkOptions { role, multiuser: several, lifetime };
            println!("{}", client.create_join_link(&room, options).await?);
        }
        JoinLinkAction::JoinLinks { room } => {
            let room = room_uri(client, &room)?;
            catch_up(client).await?;
            let details = client.details(&room).await?;
            let links = details.join_links();
            if links.is_empty() {
                println!("{room} has no join links");
            }
            for link in links {
                let role = details.role_name(link.terms.role).unwrap_or("a role that is not defined");
                let users = if link.terms.multiuser { "several users" } else { "one user" };
                println!("{}  for {users}, as {role}, {}", digits(&link), time_left(&link));
            }
        }
        JoinLinkAction::RevokeJoinLink { room, link } => {
            let room = room_uri(client, &room)?;
            catch_up(client).await?;
            let links = client.details(&room).await?.join_links();
            let link = found(&links, &link)?;
            let accepted = client.remove_join_link(&room, link).await?;
            println!("{} nobody joins {room} by link {} any more", clock(accepted), digits(link));
        }
    }
    Ok(())
}

/// The one link that the text names.
fn found<'a>(links: &'a [CodeLink], text: &str) -> anyhow::Result<&'a CodeLink> {
    let by_code = text.parse::<Invitation>().ok();
    let named = links.iter().filter(|link| match &by_code {
        Some(invitation) => CodeLink::new(&invitation.code, link.terms) == **link,
        None => hex::encode(link.digest()).starts_with(&text.to_ascii_lowercase()),
    });
    match named.collect::<Vec<_>>().as_slice() {
        [link] => Ok(link),
        [] => bail!("the room has no such join link: `mimi client join-links` lists them"),
        several => bail!("{} join links begin with {text:?}: give more digits", several.len()),
    }
}

fn digits(link: &CodeLink) -> String {
    hex::encode(link.digest()).chars().take(SHOWN).collect()
}

fn time_left(link: &CodeLink) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    match link.terms.not_after.saturating_sub(now) {
        0 => "its time is over".to_owned(),
        left => format!("valid for {} h {} min", left / 3_600, left / 60 % 60),
    }
}

/// The invitation in what was given: a link, or a room and a code.
pub(crate) fn invitation(client: &Client, room: &str, code: Option<&str>) -> anyhow::Result<Option<Invitation>> {
    match code {
        Some(code) => {
            // The link itself is taken for the code, too.
            if let Ok(invitation) = code.parse() {
                return Ok(Some(invitation));
            }
            Ok(Some(Invitation { room: room_uri(client, room)?, code: Invitation::code(code)? }))
        }
        None if room.contains('#') => {
            Ok(Some(room.parse::<Invitation>().context("this is neither a room nor a join link")?))
        }
        None => Ok(None),
    }
}
