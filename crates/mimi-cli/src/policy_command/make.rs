//! `mimi policy make`: policies that are ready to use.

use std::{
    fs,
    io::{IsTerminal, stdout},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, anyhow, bail};
use clap::{Args, ValueEnum};
use mimi_arch::{Domain, RoomUri, Uri};
use mimi_protocol::{
    codec::Wire,
    mls::{AppDataDictionary, ComponentData},
};
use mimi_room_policy::{
    policy::RoomPolicy,
    ready_made::{self, RoleSet, RoomKind},
};

use crate::{input::name, screen::print};

/// What can be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Kind {
    /// Two users who stay together.
    DirectMessage,
    /// People who know each other; everyone adds others.
    Group,
    /// Only some may speak.
    ModeratedGroup,
    /// A few speak, all others read.
    Announcement,
    /// Anyone may join.
    OpenCommunity,
    /// Participants of another room; needs --parent.
    ParentDependent,
    /// A group with the roles of the draft's appendix A.1.
    Cooperative,
    /// A group with the roles of the draft's appendix A.2.
    Strict,
    /// A group with the roles of the draft's appendix A.3.
    Moderated,
    /// A group with the roles of the draft's appendix A.4.
    MultiOrganization,
}

#[derive(Args)]
pub(crate) struct MakeArguments {
    /// The kind of room.
    #[arg(value_name = "KIND")]
    kind: Kind,
    /// A provider whose users upload assets to a host of the same name; may be given several times. Without any, assets may be anywhere.
    #[arg(long, value_name = "DOMAIN")]
    provider: Vec<Domain>,
    /// The URI of the parent room.
    #[arg(long, value_name = "URI", required_if_eq("kind", "parent-dependent"))]
    parent: Option<RoomUri>,
    /// The file to write; standard output without it.
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn run(arguments: &MakeArguments) -> anyhow::Result<ExitCode> {
    if arguments.out.is_none() && stdout().is_terminal() {
        bail!("a policy is binary, and standard output is a terminal: give --out FILE, or a pipe");
    }
    let policy = policy(arguments.kind, &arguments.provider, arguments.parent.as_ref())?;
    let octets = octets_of(&policy)?;
    let Some(file) = &arguments.out else {
        print(&octets)?;
        return Ok(ExitCode::SUCCESS);
    };
    fs::write(file, &octets).with_context(|| format!("cannot write {}", name(file)))?;
    print(format!("{}: {} octets\n", name(file), octets.len()).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn policy(kind: Kind, providers: &[Domain], parent: Option<&RoomUri>) -> anyhow::Result<RoomPolicy> {
    let roles = |set: RoleSet| Ok(ready_made::with_roles(set.roles(), providers));
    let kind = match kind {
        Kind::DirectMessage => RoomKind::DirectMessage,
        Kind::Group => RoomKind::Group,
        Kind::ModeratedGroup => RoomKind::ModeratedGroup,
        Kind::Announcement => RoomKind::Announcement,
        Kind::OpenCommunity => RoomKind::OpenCommunity,
        Kind::ParentDependent => RoomKind::ParentDependent,
        Kind::Cooperative => return roles(RoleSet::Cooperative),
        Kind::Strict => return roles(RoleSet::Strict),
        Kind::Moderated => return roles(RoleSet::Moderated),
        Kind::MultiOrganization => return roles(RoleSet::MultiOrganization),
    };
    let parent = parent.map(|room| Uri::new(room.as_str())).transpose()?;
    kind.policy(providers, parent.as_ref()).ok_or_else(|| anyhow!("a {kind} room needs --parent"))
}

/// The components as the app_data_dictionary extension has them.
pub(super) fn octets_of(policy: &RoomPolicy) -> anyhow::Result<Vec<u8>> {
    let components = policy.components()?.into_iter();
    let entries = components.map(|(component_id, data)| ComponentData { component_id, data }).collect();
    Ok(AppDataDictionary::new(entries)?.to_bytes()?)
}
