//! `mimi client`: one client of one user, its state in one file, so that people can chat from several terminals.

use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use mimi_arch::{Domain, RoleIndex, RoomUri, UserUri};
use mimi_client::{
    Client, ClientConfig, EndedBy, Event, Form, Franking, Passphrase, Relation, ReportOptions, RoomSummary,
};
use mimi_protocol::{AcceptedTimestamp, report_abuse::AbuseType};

use crate::{
    create_command,
    join_link_command::{self, JoinLinkAction},
    people_command::{self, ConsentAction, FindArguments, ProfileAction},
    room_command::{self, RoomAction, about, short},
    screen::{Tone, tinted},
    state_command::{self, PassphraseArguments, StateAction},
};

#[derive(Args)]
pub(crate) struct ClientCommand {
    /// The file that holds this client's keys and rooms.
    #[arg(long, value_name = "FILE", env = "MIMI_STATE")]
    state: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseArguments,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Registers this client with a provider and uploads key packages, so that others can add it to rooms.
    Register {
        /// The client address of the provider, as `mimi serve` prints it.
        #[arg(long, value_name = "URL")]
        provider: String,
        /// The provider's domain, which its certificate has to show.
        #[arg(long)]
        domain: String,
        /// The certificate authority (PEM).
        #[arg(long, value_name = "FILE")]
        ca: PathBuf,
        /// Name of the user at the provider.
        #[arg(long)]
        user: String,
        /// Name of this client among the user's clients.
        #[arg(long, default_value = "first")]
        client: String,
        /// The account's secret, to add a further client to a user who exists.
        #[arg(long, env = "MIMI_USER_SECRET", hide_env_values = true)]
        secret: Option<String>,
    },
    /// Says who this client is; with --secret also the account's secret, which registers further clients.
    Whoami {
        /// Prints the account's secret, too.
        #[arg(long)]
        secret: bool,
    },
    /// Lists the rooms with their participants and clients.
    Rooms,
    /// Creates a room at this client's provider.
    Create {
        /// The room's name; its URI is mimi://DOMAIN/r/NAME.
        name: String,
        /// Has every message of the room say its media type.
        #[arg(long)]
        media_types: bool,
        /// Which rules the room has.
        #[arg(long, value_enum, default_value = "group")]
        kind: room_command::Kind,
        #[command(flatten)]
        style: create_command::Style,
    },
    /// Adds a user of any provider to a room.
    Add {
        /// The room's URI, or its name when the room is at this client's provider.
        room: String,
        /// The user's URI, for example mimi://b.example/u/bob.
        user: String,
    },
    /// Sends a text message to a room.
    Send {
        /// The room's URI or name.
        room: String,
        /// The text.
        text: String,
    },
    /// Reports a user to the hub of a room, with the newest of the user's messages. The hub gets to see these messages.
    Report {
        /// The room's URI or name.
        room: String,
        /// The user's URI.
        user: String,
        /// How many of the user's messages are shown to the hub.
        #[arg(long, value_name = "N", default_value_t = 1)]
        messages: usize,
        /// A word to whoever reads the report.
        #[arg(long, value_name = "TEXT", default_value = "")]
        note: String,
        /// Does not say who reports.
        #[arg(long)]
        anonymous: bool,
    },
    /// Downloads an attachment through the room's hub, which alone the asset's server sees. The file is as the server has it.
    Download {
        /// The room's URI or name.
        room: String,
        /// The attachment's https URL.
        url: String,
        /// Where it is written; the file must not exist.
        file: PathBuf,
    },
    /// Prints what happens in the rooms, as it happens, and commits what others have proposed (for example to leave), when the room's
    /// policy says so.
    Watch {
        /// Ends after this many messages.
        #[arg(long, value_name = "N")]
        messages: Option<usize>,
        /// Ends after this many seconds.
        #[arg(long, value_name = "SECONDS")]
        seconds: Option<u64>,
    },
    /// Joins a room with this client (an external commit): one of which the user is a participant already, one that is open, or
    /// one to which somebody has given a join link.
    Join {
        /// The room's URI or name, or the join link.
        room: String,
        /// The code of a join link.
        #[arg(long, env = "MIMI_JOIN_CODE", hide_env_values = true, conflicts_with = "replacing")]
        code: Option<String>,
        /// Removes this client of the user from the room, whose device or state is lost: its URI, or its name among the user's clients.
        #[arg(long, value_name = "CLIENT")]
        replacing: Option<String>,
    },
    /// Comes back after the state file was restored from an older copy: joins every room anew that the copy knows, and replaces the key
    /// packages at the provider. To be run before anything else.
    Rejoin {
        /// One room alone, which the copy need not know: its URI or name.
        room: Option<String>,
    },
    /// Ends another client of the user at the provider, for example of a lost device: it has no access any more, and nobody adds it to rooms.
    EndClient {
        /// The client's URI, or its name among the user's clients.
        client: String,
    },
    /// Consent to be added to rooms: asks for it, gives it, takes it back.
    Consent {
        #[command(subcommand)]
        action: ConsentAction,
    },
    /// The user's profile: what others may find, and by what.
    Profile {
        #[command(subcommand)]
        action: ProfileAction,
    },
    /// Looks for users of a provider.
    Find(FindArguments),
    /// Deletes the user's account with all its clients, for good.
    DeleteAccount {
        /// Means it.
        #[arg(long, required = true)]
        yes: bool,
    },
    #[command(flatten)]
    JoinLink(JoinLinkAction),
    #[command(flatten)]
    Room(RoomAction),
    #[command(flatten)]
    State(StateAction),
    /// Makes the next group of a persistent room of this client's provider in which nobody is left.
    Reopen {
        /// The room's URI or name.
        room: String,
    },
    /// Takes this client out of a room; the user stays a participant and may come back with `join`.
    StepOut {
        /// The room's URI or name.
        room: String,
    },
    /// Destroys a room, where this user's role may: everybody is out of it, and nothing is accepted in it any more.
    Destroy {
        /// The room's URI or name.
        room: String,
        /// Means it.
        #[arg(long, required = true)]
        yes: bool,
    },
    /// Leaves a room with all clients of the user, as soon as another client commits it.
    Leave {
        /// The room's URI or name.
        room: String,
    },
}

pub(crate) async fn run(command: ClientCommand) -> anyhow::Result<ExitCode> {
    let ClientCommand { state, passphrase, action } = command;
    let passphrase = passphrase.read()?;
    let action = match action {
        Action::Register { provider, domain, ca, user, client, secret } => {
            register(state, provider, &domain, &ca, &user, &client, secret.as_deref(), passphrase).await?;
            return Ok(ExitCode::SUCCESS);
        }
        Action::State(action) => return state_command::run(&state, passphrase, action).await,
        action => action,
    };
    let client = state_command::open(&state, passphrase.as_ref()).await?;
    let outcome = act(&client, action).await;
    // What came while an operation caught up would not come a second time.
    for event in client.unreported() {
        println!("{}", line(&event));
    }
    outcome.map(|()| ExitCode::SUCCESS)
}

async fn act(client: &Client, action: Action) -> anyhow::Result<()> {
    match action {
        Action::Register { .. } | Action::State(_) => {}
        Action::Whoami { secret } => {
            println!("user    {}\nclient  {}", client.user(), client.id());
            if secret {
                println!("secret  {}", client.user_secret());
            }
        }
        Action::Rooms => {
            catch_up(client).await?;
            list_rooms(client).await?;
        }
        Action::Create { name, media_types, kind, style } => {
            create_command::run(client, &name, kind, media_types, style).await?;
        }
        Action::Add { room, user } => {
            let room = room_uri(client, &room)?;
            let user: UserUri = user.parse().with_context(|| format!("{user:?} is not a user's URI"))?;
            catch_up(client).await?;
            let accepted = client.add(&room, &user).await?;
            println!("{} added {user} to {room}", clock(accepted));
        }
        Action::Send { room, text } => {
            let room = room_uri(client, &room)?;
            catch_up(client).await?;
            let sent = client.submit(&room, &text).await?;
            println!("{} sent to {room} as {}", clock(sent.accepted), short(&sent.id));
        }
        Action::Report { room, user, messages, note, anonymous } => {
            let room = room_uri(client, &room)?;
            let abuser: UserUri = user.parse().with_context(|| format!("{user:?} is not a user's URI"))?;
            catch_up(client).await?;
            let messages = client.reportable(&room, &abuser, messages).await?;
            let count = messages.len();
            let reason = AbuseType::RESERVED;
            client.report(&room, ReportOptions { abuser, messages, reason, note, anonymous }).await?;
            println!("reported {user} to the hub of {room}, with {count} messages");
        }
        Action::Download { room, url, file } => {
            let room = room_uri(client, &room)?;
            let octets = download(client, &room, &url, &file).await?;
            println!("{octets} octets in {}", file.display());
        }
        Action::Watch { messages, seconds } => watch(client, messages, seconds.map(Duration::from_secs)).await?,
        Action::Join { room, replacing: None, code } => {
            let room = match join_link_command::invitation(client, &room, code.as_deref())? {
                Some(invitation) => {
                    client.join_by_code(&invitation).await?;
                    invitation.room
                }
                None => {
                    let room = room_uri(client, &room)?;
                    client.join_external(&room).await?;
                    room
                }
            };
            println!("joined {room}");
        }
        Action::Join { room, replacing: Some(lost), code: _ } => {
            let room = room_uri(client, &room)?;
            let lost = room_command::own_client(client, &lost)?;
            client.take_over(&room, &lost).await?;
            println!("joined {room} in the place of {lost}");
        }
        Action::Rejoin { room: Some(room) } => {
            let room = room_uri(client, &room)?;
            client.rejoin(&room).await?;
            println!("joined {room} anew");
        }
        Action::EndClient { client: lost } => {
            let lost = room_command::own_client(client, &lost)?;
            client.end_client(&lost).await?;
            println!("{lost} has no access any more");
        }
        Action::Rejoin { room: None } => recover(client).await?,
        Action::JoinLink(action) => join_link_command::run(client, action).await?,
        Action::Consent { action } => people_command::consent(client, action).await?,
        Action::Profile { action } => people_command::profile(client, action).await?,
        Action::Find(arguments) => people_command::find(client, arguments).await?,
        Action::Room(action) => room_command::run(client, action).await?,
        Action::DeleteAccount { .. } => {
            client.delete_account().await?;
            println!("deleted {} with all its clients", client.user());
        }
        Action::Reopen { room } => {
            let room = room_uri(client, &room)?;
            client.reopen(&room).await?;
            println!("reopened {room}");
        }
        Action::StepOut { room } => {
            let room = room_uri(client, &room)?;
            catch_up(client).await?;
            client.step_out(&room).await?;
            println!("this client goes from {room}; {} stays a participant", client.user());
        }
        Action::Destroy { room, .. } => {
            let room = room_uri(client, &room)?;
            catch_up(client).await?;
            let accepted = client.destroy_room(&room).await?;
            println!("{} destroyed {room}", clock(accepted));
        }
        Action::Leave { room } => {
            let room = room_uri(client, &room)?;
            catch_up(client).await?;
            client.leave(&room).await?;
            if client.room(&room).await?.active {
                println!("leaving {room}: no more messages can be sent; done as soon as another client commits it");
            } else {
                println!("left {room}, where nobody else was");
            }
        }
    }
    Ok(())
}

/// Joins all rooms anew; fails if one of them refuses, after all were asked.
async fn recover(client: &Client) -> anyhow::Result<()> {
    let mut refused = 0usize;
    for (room, outcome) in client.recover().await? {
        match outcome {
            Ok(()) => println!("joined {room} anew"),
            Err(error) => {
                refused += 1;
                println!("{room} {}", tinted(&format!("not joined: {error}"), Tone::Bad));
            }
        }
    }
    if refused > 0 {
        bail!("{refused} rooms were not joined");
    }
    println!("the key packages are replaced");
    Ok(())
}

/// Writes an asset to a new file, piece by piece. A download that breaks off leaves no file.
async fn download(client: &Client, room: &RoomUri, url: &str, path: &Path) -> anyhow::Result<u64> {
    let mut download = client.download(room, url).await?;
    let mut file = File::create_new(path).with_context(|| format!("cannot make {}", path.display()))?;
    let mut octets = 0u64;
    let written = async {
        while let Some(piece) = download.piece().await? {
            file.write_all(&piece).with_context(|| format!("cannot write {}", path.display()))?;
            octets = octets.saturating_add(piece.len() as u64);
        }
        anyhow::Ok(())
    };
    if let Err(error) = written.await {
        let _ = std::fs::remove_file(path);
        return Err(error);
    }
    Ok(octets)
}

#[expect(clippy::too_many_arguments, reason = "as many as the command has")]
async fn register(
    state: PathBuf,
    endpoint: String,
    domain: &str,
    ca: &Path,
    user: &str,
    device: &str,
    secret: Option<&str>,
    passphrase: Option<Passphrase>,
) -> anyhow::Result<()> {
    if state.exists() {
        bail!("{} exists: one file holds one client; choose another --state", state.display());
    }
    let domain: Domain = domain.parse().with_context(|| format!("{domain:?} is not a domain name"))?;
    let ca_pem = std::fs::read(ca).with_context(|| format!("cannot read {}", ca.display()))?;
    let config = ClientConfig { state: state.clone(), endpoint, domain, ca_pem };
    let registered = match &passphrase {
        Some(passphrase) => Client::register_encrypted(config, user, device, secret, passphrase).await,
        None => Client::register(config, user, device, secret).await,
    };
    let client = match registered {
        Ok(client) => client,
        Err(error) => {
            // Nothing was registered: the name of the file stays free for the next attempt.
            let _ = std::fs::remove_file(&state);
            return Err(error.into());
        }
    };
    println!("registered {} as a client of {}", client.id(), client.user());
    Ok(())
}

/// Rooms of the own provider may be named without the URI around it.
pub(crate) fn room_uri(client: &Client, text: &str) -> anyhow::Result<RoomUri> {
    if text.contains(':') {
        return text.parse().with_context(|| format!("{text:?} is not a room's URI"));
    }
    RoomUri::new(client.user().domain(), text).with_context(|| format!("{text:?} cannot be a room's name"))
}

/// Takes in what has happened since, and shows it.
pub(crate) async fn catch_up(client: &Client) -> anyhow::Result<()> {
    for event in client.sync().await? {
        println!("{}", line(&event));
    }
    Ok(())
}

async fn list_rooms(client: &Client) -> anyhow::Result<()> {
    let rooms = client.rooms().await?;
    if rooms.is_empty() {
        println!("no rooms: create one, or have someone add {}", client.user());
    }
    for room in rooms {
        print_room(&room);
    }
    Ok(())
}

pub(crate) fn print_room(room: &RoomSummary) {
    let note = match (room.active, room.pending_proposals) {
        (false, _) => ", left".to_owned(),
        (true, 0) => String::new(),
        (true, count) => format!(", {count} proposals wait for a commit"),
    };
    println!("{} (epoch {}{note})", room.room, room.epoch.0);
    for (user, role) in &room.participants {
        let devices: Vec<String> = room
            .members
            .iter()
            .filter(|member| member.user().as_ref() == Some(user))
            .map(|member| member.device())
            .collect();
        println!("  {user}  role {}  clients: {}", role.0, devices.join(", "));
    }
}

async fn watch(client: &Client, messages: Option<usize>, time: Option<Duration>) -> anyhow::Result<()> {
    let until = time.map(|time| Instant::now() + time);
    let mut seen = 0usize;
    loop {
        let wait = match until {
            Some(until) => match until.checked_duration_since(Instant::now()) {
                Some(left) if !left.is_zero() => left.min(Duration::from_secs(30)),
                _ => return Ok(()),
            },
            None => Duration::from_secs(30),
        };
        for event in &client.attend(wait).await? {
            println!("{}", line(event));
            seen += usize::from(matches!(event, Event::Message { .. }));
        }
        if messages.is_some_and(|messages| seen >= messages) {
            return Ok(());
        }
    }
}

fn line(event: &Event) -> String {
    match event {
        Event::Joined { room, epoch } => format!("{} joined at epoch {}", room, epoch.0),
        Event::Message { room, sender, accepted, text, id, relation, form, franking } => {
            let who = sender.user().map_or_else(|| sender.to_string(), |user| user.to_string());
            let said = printable(text);
            let mark = match (form, franking) {
                (_, Franking::Refused(refusal)) => tinted(&format!(" (not proven: {refusal})"), Tone::Bad),
                (Form::Plain, _) => tinted(" (plain text)", Tone::Quiet),
                _ => String::new(),
            };
            let about = match relation {
                Relation::ReplyTo(other) => format!(" answers {}", short(other)),
                Relation::ReactionTo(other) => format!(" reacts to {}", short(other)),
                Relation::Edits(other) => format!(" edits {}", short(other)),
                Relation::Deletes(other) => format!(" deletes {}", short(other)),
                _ => String::new(),
            };
            let id = id.as_ref().map(|id| tinted(&format!("{} ", short(id)), Tone::Quiet)).unwrap_or_default();
            format!("{} {room} {id}{}{about}: {said}{mark}", clock(*accepted), tinted(&who, Tone::Good))
        }
        Event::Committed { room, epoch, added, removed, accepted } => {
            let mut what: Vec<String> = added.iter().map(|user| format!("{user} was added")).collect();
            what.extend(removed.iter().map(|user| format!("{user} left")));
            if what.is_empty() {
                what.push("keys or clients changed".to_owned());
            }
            format!("{} {room} {} (epoch {})", clock(*accepted), what.join(", "), epoch.0)
        }
        Event::RolesChanged { room, roles, accepted } => {
            let what: Vec<String> = roles
                .iter()
                .map(|(user, role)| match *role {
                    RoleIndex::BANNED => format!("{user} was banned"),
                    role => format!("{user} has the role {} now", role.0),
                })
                .collect();
            format!("{} {room} {}", clock(*accepted), what.join(", "))
        }
        Event::MetadataChanged { room, metadata, accepted } => {
            format!("{} {room} says of itself: {}", clock(*accepted), about(metadata))
        }
        Event::ProposalsReceived { room, count, accepted } => {
            format!("{} {room} {count} proposals to commit", clock(*accepted))
        }
        Event::RoomEnded { room, by, accepted } => {
            let how = match by {
                EndedBy::Participant(user) => format!("{user} destroyed the room"),
                EndedBy::Hub => "the room's provider destroyed it".to_owned(),
                _ => "everybody has left the room".to_owned(),
            };
            format!("{} {room} {how}", clock(*accepted))
        }
        Event::Removed { room, accepted } => format!("{} {room} this client was removed", clock(*accepted)),
        Event::Dropped { room, count } => format!("{room} the provider dropped {count} messages that were not fetched"),
        Event::Undecryptable { room, reason, accepted } => {
            format!("{} {room} {}", clock(*accepted), tinted(&format!("not readable: {reason}"), Tone::Bad))
        }
        other => format!("{} {other:?}", other.room()),
    }
}

/// A text from somebody else must not steer the terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}

/// The hub's acceptance time as time of day, UTC.
pub(crate) fn clock(time: AcceptedTimestamp) -> String {
    let seconds = time.0 / 1000 % 86_400;
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_cannot_send_escape_sequences_to_the_terminal() {
        assert_eq!(printable("a\x1b[2Jb\tc\n"), "a\u{fffd}[2Jb\tc\u{fffd}");
    }

    #[test]
    fn acceptance_times_are_shown_as_time_of_day() {
        assert_eq!(clock(AcceptedTimestamp(1_700_000_000_123)), "22:13:20");
    }
}
