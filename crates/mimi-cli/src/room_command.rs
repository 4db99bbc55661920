//! The part of `mimi client` that is about a room and its messages: who may be in it and as what, what it says of itself, and messages
//! about other messages.

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use mimi_arch::{ClientUri, HttpsUri, RoleIndex, RoomUri, UserUri};
use mimi_client::{Client, Intent, MetadataChange, RoomDetails, RoomSummary};
use mimi_protocol::{
    AcceptedTimestamp,
    room_metadata::{RichDescription, RoomMetaData, Utf8String},
};
use mimi_room_policy::ready_made::RoomKind;

use crate::client_command::{catch_up, clock, print_room, printable, room_uri};

/// The kinds of rooms that one user can make alone.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Kind {
    /// People who know each other; everyone adds others.
    Group,
    /// Only some may speak.
    ModeratedGroup,
    /// A few speak, all others read.
    Announcement,
    /// Anyone may join.
    OpenCommunity,
    /// The participants are fixed when it is created: name the others with --with.
    DirectMessage,
}

impl From<Kind> for RoomKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Group => Self::Group,
            Kind::ModeratedGroup => Self::ModeratedGroup,
            Kind::Announcement => Self::Announcement,
            Kind::OpenCommunity => Self::OpenCommunity,
            Kind::DirectMessage => Self::DirectMessage,
        }
    }
}

#[derive(Subcommand)]
pub(crate) enum RoomAction {
    /// Shows a room: its metadata, its policy with the roles, its participants and clients.
    Room {
        /// The room's URI, or its name when the room is at this client's provider.
        room: String,
    },
    /// Takes a user off the participant list of a room, with all clients.
    Remove(Target),
    /// Removes all clients of a user from a room. The user stays a participant and may come back.
    Kick(Target),
    /// Bans a user from a room: removes all clients, and lets none back in.
    Ban(Target),
    /// Gives a banned user a role again; the user may then join.
    Unban {
        #[command(flatten)]
        target: Target,
        /// The role's name or number; without it, the lowest that this user may give.
        #[arg(long)]
        role: Option<String>,
    },
    /// Gives a participant another role.
    Role {
        #[command(flatten)]
        target: Target,
        /// The role's name or number, as `mimi client room` shows them.
        role: String,
    },
    /// Removes another client of this user from a room, for example of a device that is lost.
    RemoveClient {
        /// The room's URI or name.
        room: String,
        /// The client's URI, or its name among the user's clients.
        client: String,
    },
    /// Changes what a room says of itself. An empty text takes away what was there.
    Describe(Description),
    /// Answers a message.
    Reply {
        #[command(flatten)]
        message: Message,
        /// The answer.
        text: String,
    },
    /// Reacts to a message.
    React {
        #[command(flatten)]
        message: Message,
        /// The reaction, usually one emoji.
        reaction: String,
    },
    /// Puts another text in place of an own message.
    Edit {
        #[command(flatten)]
        message: Message,
        /// The text.
        text: String,
    },
    /// Deletes an own message. Those who have it already decide whether to hide it.
    Delete(Message),
}

/// Another client of the user, by its URI or its name.
pub(crate) fn own_client(client: &Client, device: &str) -> anyhow::Result<ClientUri> {
    if device.contains(':') {
        return device.parse().with_context(|| format!("{device:?} is not a client's URI"));
    }
    ClientUri::of_user(client.user(), device).with_context(|| format!("{device:?} cannot be a client's name"))
}

#[derive(Args)]
pub(crate) struct Target {
    /// The room's URI or name.
    room: String,
    /// The user's URI, for example mimi://b.example/u/bob.
    user: String,
}

impl Target {
    fn parse(&self, client: &Client) -> anyhow::Result<(RoomUri, UserUri)> {
        let user = self.user.parse().with_context(|| format!("{:?} is not a user's URI", self.user))?;
        Ok((room_uri(client, &self.room)?, user))
    }
}

#[derive(Args)]
pub(crate) struct Message {
    /// The room's URI or name.
    room: String,
    /// The message's ID or its first digits, as they stand before it.
    message: String,
}

#[derive(Args)]
pub(crate) struct Description {
    /// The room's URI or name.
    room: String,
    /// The room's name for people.
    #[arg(long)]
    name: Option<String>,
    /// What it is about, in plain text.
    #[arg(long)]
    description: Option<String>,
    /// The https URL of its picture.
    #[arg(long, value_name = "URL")]
    avatar: Option<String>,
    /// What is being talked about.
    #[arg(long)]
    subject: Option<String>,
    /// The mood.
    #[arg(long)]
    mood: Option<String>,
}

impl Description {
    fn change(&self) -> anyhow::Result<MetadataChange> {
        let text = |text: &Option<String>| text.as_deref().map(Utf8String::new).transpose();
        let descriptions = match self.description.as_deref() {
            None => None,
            Some("") => Some(Vec::new()),
            Some(text) => Some(vec![RichDescription::plain("", text)?]),
        };
        let avatar = match self.avatar.as_deref() {
            None => None,
            Some("") => Some(None),
            Some(url) => Some(Some(HttpsUri::new(url).with_context(|| format!("{url:?} is not an https URL"))?)),
        };
        let (name, subject, mood) = (text(&self.name)?, text(&self.subject)?, text(&self.mood)?);
        let change = MetadataChange { name, descriptions, avatar, subject, mood };
        if change == MetadataChange::default() {
            bail!("say what changes: --name, --description, --avatar, --subject or --mood");
        }
        Ok(change)
    }
}

pub(crate) async fn run(client: &Client, action: RoomAction) -> anyhow::Result<()> {
    match action {
        RoomAction::Room { room } => {
            let room = room_uri(client, &room)?;
            catch_up(client).await?;
            show(&client.details(&room).await?);
        }
        RoomAction::Remove(target) => {
            let (room, user) = target.parse(client)?;
            let accepted = carry_out(client, &room, Intent::Remove { user: user.clone() }).await?;
            println!("{} removed {user} from {room}", clock(accepted));
        }
        RoomAction::Kick(target) => {
            let (room, user) = target.parse(client)?;
            let accepted = carry_out(client, &room, Intent::Kick { user: user.clone() }).await?;
            println!("{} kicked {user} out of {room}", clock(accepted));
        }
        RoomAction::Ban(target) => {
            let (room, user) = target.parse(client)?;
            let accepted = carry_out(client, &room, Intent::Ban { user: user.clone() }).await?;
            println!("{} banned {user} from {room}", clock(accepted));
        }
        RoomAction::Unban { target, role } => {
            let (room, user) = target.parse(client)?;
            let role = match role {
                Some(role) => Some(role_called(client, &room, &role).await?),
                None => None,
            };
            let accepted = carry_out(client, &room, Intent::Unban { user: user.clone(), role }).await?;
            println!("{} {user} is no longer banned from {room}", clock(accepted));
        }
        RoomAction::Role { target, role } => {
            let (room, user) = target.parse(client)?;
            let role = role_called(client, &room, &role).await?;
            let accepted = carry_out(client, &room, Intent::ChangeRole { user: user.clone(), role }).await?;
            println!("{} {user} has the role {} in {room}", clock(accepted), role.0);
        }
        RoomAction::RemoveClient { room, client: device } => {
            let room = room_uri(client, &room)?;
            let device = own_client(client, &device)?;
            let accepted = carry_out(client, &room, Intent::RemoveClient { client: device.clone() }).await?;
            println!("{} removed {device} from {room}", clock(accepted));
        }
        RoomAction::Describe(description) => {
            let room = room_uri(client, &description.room)?;
            let accepted = carry_out(client, &room, Intent::SetMetadata(description.change()?)).await?;
            println!("{} changed what {room} says of itself", clock(accepted));
        }
        RoomAction::Reply { message, text } => {
            let (room, id) = find(client, &message).await?;
            let sent = client.reply(&room, id, &text).await?;
            println!("{} answered as {}", clock(sent.accepted), short(&sent.id));
        }
        RoomAction::React { message, reaction } => {
            let (room, id) = find(client, &message).await?;
            let sent = client.react(&room, id, &reaction).await?;
            println!("{} reacted as {}", clock(sent.accepted), short(&sent.id));
        }
        RoomAction::Edit { message, text } => {
            let (room, id) = find(client, &message).await?;
            let sent = client.edit(&room, id, &text).await?;
            println!("{} edited by {}", clock(sent.accepted), short(&sent.id));
        }
        RoomAction::Delete(message) => {
            let (room, id) = find(client, &message).await?;
            let sent = client.delete(&room, id).await?;
            println!("{} deleted by {}", clock(sent.accepted), short(&sent.id));
        }
    }
    Ok(())
}

async fn carry_out(client: &Client, room: &RoomUri, intent: Intent) -> anyhow::Result<AcceptedTimestamp> {
    catch_up(client).await?;
    Ok(client.carry_out(room, intent).await?)
}

pub(crate) async fn role_called(client: &Client, room: &RoomUri, name: &str) -> anyhow::Result<RoleIndex> {
    catch_up(client).await?;
    let details = client.details(room).await?;
    details.role_called(name).with_context(|| format!("{room} has no role {name:?}: `mimi client room` shows them"))
}

async fn find(client: &Client, message: &Message) -> anyhow::Result<(RoomUri, mimi_client::MessageId)> {
    let room = room_uri(client, &message.room)?;
    catch_up(client).await?;
    if let Ok(id) = message.message.parse() {
        return Ok((room, id));
    }
    match client.find_message(&room, &message.message).await?.as_slice() {
        [id] => Ok((room, *id)),
        [] => bail!("no message of {room} that this client knows begins with {:?}", message.message),
        several => bail!("{} messages of {room} begin with {:?}: give more digits", several.len(), message.message),
    }
}

/// The first digits of a message's ID. The first two name the hash, and are the same for all.
pub(crate) fn short(id: &mimi_client::MessageId) -> String {
    id.to_string().chars().take(10).collect()
}

/// Metadata in one line.
pub(crate) fn about(metadata: &RoomMetaData) -> String {
    let quoted = |name: &str, text: &str| (!text.is_empty()).then(|| format!("{name} {:?}", printable(text)));
    let mut parts: Vec<String> = [
        quoted("name", metadata.room_name.as_str()),
        quoted("subject", metadata.room_subject.as_str()),
        quoted("mood", metadata.room_mood.as_str()),
        metadata.room_avatar.as_ref().map(|url| format!("avatar {}", printable(url.as_str()))),
    ]
    .into_iter()
    .flatten()
    .collect();
    for description in &metadata.room_descriptions {
        parts.push(match description.text() {
            Some(text) => format!("description {:?}", printable(text)),
            None => format!("description of type {}", printable(description.media_type_text())),
        });
    }
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
}

fn show(details: &RoomDetails) {
    let RoomSummary { participants, .. } = &details.summary;
    print_room(&details.summary);
    if let Some(metadata) = &details.metadata {
        println!("  says of itself: {}", about(metadata));
    }
    let kind = details.kind().map_or("of its own", RoomKind::name);
    let senders: Vec<_> = details.external_senders.iter().map(ToString::to_string).collect();
    println!("  external senders: {}", senders.join(", "));
    println!("  policy: {kind}");
    if let Some(base) = &details.policy.base {
        let mut facts = Vec::new();
        let mut fact = |holds: bool, name: &str| {
            if holds {
                facts.push(name.to_owned());
            }
        };
        fact(base.fixed_membership, "participants are fixed");
        fact(base.persistent_room, "stays when empty");
        fact(base.discoverable, "may be found");
        fact(base.pseudonyms_allowed, "pseudonyms allowed");
        fact(base.multi_device, "several clients a user");
        facts.extend(base.max_users.map(|count| format!("at most {count} users")));
        facts.extend(base.max_clients.map(|count| format!("at most {count} clients")));
        if !facts.is_empty() {
            println!("    {}", facts.join(", "));
        }
    }
    let roles = details.policy.roles.as_ref().map(|roles| roles.roles()).unwrap_or_default();
    for role in roles {
        let holders = participants.iter().filter(|(_, held)| *held == role.role_index).count();
        println!(
            "    role {} {}: {holders} participants, {} capabilities",
            role.role_index.0,
            printable(&role.role_name),
            role.role_capabilities.len()
        );
    }
}
