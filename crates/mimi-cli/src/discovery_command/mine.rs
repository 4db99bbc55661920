//! Registering and removing, and what look-ups say in words.

use std::{collections::BTreeSet, path::PathBuf};

use anyhow::bail;
use clap::Args;
use mimi_client::NewRegistration;
use mimi_discovery::{
    answer::Finding,
    mapping::{EntryFlags, MappingEntry, MappingName, Tag},
    selection::Selection,
};

use super::{ClientArguments, domain, identifier, issuer};
use crate::client_command::printable;

#[derive(Args)]
pub(crate) struct RegisterArguments {
    #[command(flatten)]
    client: ClientArguments,
    /// The attestation of the identifier's issuer for this client's key.
    #[arg(long, value_name = "FILE")]
    attestation: PathBuf,
    /// A service at which the holder can be reached; several in the order in which they are preferred. Without one it is the client's own.
    #[arg(long, value_name = "DOMAIN")]
    service: Vec<String>,
    /// A word about the services, such as business.
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// Only senders of the same service may take an entry.
    #[arg(long)]
    same_service_only: bool,
    /// Says that the holder does not want to be found.
    #[arg(long, conflicts_with_all = ["service", "tag", "same_service_only"])]
    opt_out: bool,
    /// The discovery provider; without it, the one that the own provider uses.
    #[arg(long, value_name = "DOMAIN")]
    dp: Option<String>,
}

#[derive(Args)]
pub(crate) struct RemoveArguments {
    /// The identifier.
    identifier: String,
    #[command(flatten)]
    client: ClientArguments,
    /// The attestation, if this client has not registered it.
    #[arg(long, value_name = "FILE")]
    attestation: Option<PathBuf>,
    /// The discovery provider; without it, the one that the own provider uses.
    #[arg(long, value_name = "DOMAIN")]
    dp: Option<String>,
}

pub(super) async fn register(arguments: RegisterArguments) -> anyhow::Result<()> {
    let client = arguments.client.open().await?;
    let tags: BTreeSet<Tag> = arguments.tag.iter().map(|tag| Ok(Tag::new(tag)?)).collect::<anyhow::Result<_>>()?;
    let mut services = arguments.service.iter().map(|name| domain(name)).collect::<anyhow::Result<Vec<_>>>()?;
    if services.is_empty() && !arguments.opt_out {
        services.push(client.user().domain().clone());
    }
    let mut entries = Vec::with_capacity(services.len());
    for (priority, msp) in services.into_iter().enumerate() {
        let Ok(priority) = u16::try_from(priority) else { bail!("these are too many services") };
        let flags = EntryFlags { same_service_only: arguments.same_service_only };
        entries.push(MappingEntry { flags, tags: tags.clone(), ..MappingEntry::new(msp, priority) });
    }
    let registration = NewRegistration {
        attestation: issuer::read_attestation(&arguments.attestation)?,
        dp: arguments.dp.as_deref().map(domain).transpose()?,
        name: MappingName::default(),
        entries,
        sealed: Vec::new(),
    };
    let csi = registration.attestation.csi.clone();
    let dp = client.register_mapping(registration).await?;
    println!("{csi} is registered with {dp}");
    if !arguments.opt_out {
        println!(
            "Who finds it asks the service for the user: `mimi client profile set` with --searchable exactly makes the user be found there."
        );
    }
    Ok(())
}

pub(super) async fn remove(arguments: RemoveArguments) -> anyhow::Result<()> {
    let csi = identifier(&arguments.identifier)?;
    let attestation = arguments.attestation.as_deref().map(issuer::read_attestation).transpose()?;
    let dp = arguments.dp.as_deref().map(domain).transpose()?;
    let dp = arguments.client.open().await?.remove_mapping(&csi, None, attestation, dp).await?;
    println!("{csi} is removed from {dp}");
    Ok(())
}

pub(crate) const fn finding(finding: Finding) -> &'static str {
    match finding {
        Finding::NoMapping => "no mapping",
        Finding::OptedOut => "the holder does not want to be found",
        Finding::One => "one service",
        Finding::Several => "several services",
        Finding::SeveralMappings => "several mappings",
    }
}

pub(crate) fn selection(selection: &Selection) -> String {
    match selection {
        Selection::NoMapping => "nobody has registered this identifier".to_owned(),
        Selection::OptedOut => "the holder of this identifier does not want to be found".to_owned(),
        Selection::NotForThisSender => "none of the services is for this sender".to_owned(),
        Selection::Entry { entry, sealed } => {
            let tags: Vec<String> = entry.tags.iter().map(|tag| printable(tag.as_str())).collect();
            let tags = if tags.is_empty() { String::new() } else { format!("  ({})", tags.join(", ")) };
            format!("service {}{tags}{}", entry.msp, if *sealed { "  (sealed for this sender)" } else { "" })
        }
    }
}
