//! `mimi content make`: a message out of options or JSON.

use std::{
    fs,
    io::{IsTerminal, stdout},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::{ArgGroup, Args};
use mimi_content::{Disposition, Expiration, Language, MessageId, MimiContent, Salt, TopicId, markdown::Markdown};

use super::json;
use crate::input::{name, read};
use crate::screen::print;

#[derive(Args)]
#[command(group = ArgGroup::new("body").required(true))]
pub(crate) struct MakeArguments {
    /// Plain text.
    #[arg(long, group = "body", allow_hyphen_values = true)]
    text: Option<String>,
    /// Markdown (GFM-MIMI); HTML tags in it are disarmed.
    #[arg(long, group = "body", value_name = "TEXT", allow_hyphen_values = true)]
    markdown: Option<String>,
    /// A reaction, usually one emoji, to the message of --reply-to.
    #[arg(long, group = "body", value_name = "EMOJI", requires = "reply_to", conflicts_with = "language")]
    react: Option<String>,
    /// Deletes the message with this ID.
    #[arg(long, group = "body", value_name = "ID", conflicts_with_all = ["language", "edit"])]
    delete: Option<MessageId>,
    /// Takes back the reaction with this ID, which was one to the message of --reply-to.
    #[arg(long, group = "body", value_name = "ID", requires = "reply_to", conflicts_with_all = ["language", "edit"])]
    unreact: Option<MessageId>,
    /// Takes the message from JSON, as `mimi content show --json` prints it; - is standard input.
    #[arg(long, group = "body", value_name = "FILE", conflicts_with_all =
        ["reply_to", "edit", "topic", "expires", "sender", "room", "language", "disposition"])]
    json: Option<PathBuf>,
    /// The message that this one answers: 64 hexadecimal digits.
    #[arg(long, value_name = "ID")]
    reply_to: Option<MessageId>,
    /// The message that this one replaces, by the ID that its first version has.
    #[arg(long, value_name = "ID")]
    edit: Option<MessageId>,
    /// The topic (thread) that the message belongs to.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    topic: Option<String>,
    /// When the message vanishes: seconds since 1970, or + and seconds after it was read.
    #[arg(long, value_name = "[+]SECONDS", value_parser = expiration)]
    expires: Option<Expiration>,
    /// The sender's URI, for the extension senderUri.
    #[arg(long, value_name = "URI")]
    sender: Option<String>,
    /// The room's URI, for the extension roomUri.
    #[arg(long, value_name = "URI")]
    room: Option<String>,
    /// Languages of the content: language tags with commas between them, no spaces.
    #[arg(long, value_name = "TAGS")]
    language: Option<Language>,
    /// What text or Markdown is for: a name of the draft, or a number. Without it: render.
    #[arg(long, value_name = "NAME", value_parser = json::disposition,
        conflicts_with_all = ["react", "delete", "unreact"])]
    disposition: Option<Disposition>,
    /// A salt of 32 hexadecimal digits instead of a random one, to make the same octets again. For tests only: no two messages may
    /// have the same salt.
    #[arg(long, value_name = "HEX", value_parser = salt)]
    salt_hex: Option<Salt>,
    /// The file to write; standard output without it.
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn run(arguments: &MakeArguments) -> anyhow::Result<ExitCode> {
    if arguments.out.is_none() && stdout().is_terminal() {
        bail!("a message is binary, and standard output is a terminal: give --out FILE, or a pipe");
    }
    let content = build(arguments)?;
    let octets = content.encode();
    let Some(file) = &arguments.out else {
        print(&octets)?;
        return Ok(ExitCode::SUCCESS);
    };
    fs::write(file, &octets).with_context(|| format!("cannot write {}", name(file)))?;
    let id = content.message_id_by_extensions().map_or_else(|_| String::new(), |id| format!(", message ID {id}"));
    print(format!("{}: {} octets{id}\n", name(file), octets.len()).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn build(arguments: &MakeArguments) -> anyhow::Result<MimiContent> {
    let new_salt = || arguments.salt_hex.unwrap_or_else(|| Salt::new(rand::random()));
    if let Some(file) = &arguments.json {
        let text = read(file).with_context(|| name(file))?;
        let message: json::Message =
            serde_json::from_slice(&text).with_context(|| format!("{} is no message in JSON", name(file)))?;
        let mut content =
            message.into_content(new_salt).with_context(|| format!("{} is no message in JSON", name(file)))?;
        content.salt = arguments.salt_hex.unwrap_or(content.salt);
        return Ok(content);
    }
    let salt = new_salt();
    let mut content = match arguments {
        MakeArguments { text: Some(text), .. } => MimiContent::text(text, salt).build(),
        MakeArguments { markdown: Some(text), .. } => {
            MimiContent::markdown(Markdown::new(text).into_string(), salt).build()
        }
        MakeArguments { react: Some(reaction), reply_to: Some(to), .. } => {
            MimiContent::react(reaction, *to, salt).build()
        }
        MakeArguments { unreact: Some(reaction), reply_to: Some(to), .. } => {
            MimiContent::unreact(*reaction, *to, salt).build()
        }
        MakeArguments { delete: Some(id), .. } => MimiContent::delete(*id, salt).build(),
        _ => bail!("give one of --text, --markdown, --react, --unreact, --delete and --json"),
    };
    content.in_reply_to = arguments.reply_to;
    content.replaces = arguments.edit.or(content.replaces);
    content.expires = arguments.expires;
    if let Some(topic) = &arguments.topic {
        content.topic_id = TopicId::new(topic.as_bytes())?;
    }
    if let Some(uri) = &arguments.sender {
        content.extensions.set_sender_uri(uri);
    }
    if let Some(uri) = &arguments.room {
        content.extensions.set_room_uri(uri);
    }
    if let Some(language) = &arguments.language {
        content.body.language = language.clone();
    }
    content.body.disposition = arguments.disposition.unwrap_or(content.body.disposition);
    Ok(content)
}

fn expiration(text: &str) -> Result<Expiration, String> {
    let wrong = |_| format!("0 to {} seconds since 1970, or + and seconds after reading", u32::MAX);
    match text.strip_prefix('+') {
        Some(seconds) => number(seconds).map(Expiration::Relative),
        None => number(text).map(Expiration::Absolute),
    }
    .map_err(wrong)
}

fn number(digits: &str) -> Result<u32, ()> {
    if digits.starts_with('+') { Err(()) } else { digits.parse().map_err(|_| ()) }
}

fn salt(text: &str) -> Result<Salt, String> {
    let octets = hex::decode(text).map_err(|error| error.to_string())?;
    let length = octets.len();
    octets.try_into().map(Salt::new).map_err(|_| format!("{length} octets instead of 16"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expiry_is_a_time_or_a_time_after_reading() {
        assert_eq!(expiration("1644390004"), Ok(Expiration::Absolute(1_644_390_004)));
        assert_eq!(expiration("+600"), Ok(Expiration::Relative(600)));
        for wrong in ["", "+", "++1", "-1", "10m", "4294967296"] {
            assert!(expiration(wrong).is_err(), "{wrong}");
        }
    }
}
