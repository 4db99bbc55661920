//! Registering and removing, and what look-ups say in words.

use std::{collections::BTreeSet, path::PathBuf};

use anyhow::Context;
use clap::Args;
use mimi_arch::Domain;
use mimi_client::NewRegistration;
use mimi_discovery::{
    answer::Finding,
    mapping::{EntryFlags, MappingEntry, MappingName, Tag},
    sealed::SealedEntries,
    selection::Selection,
};

use super::{ClientArguments, capability, domain, identifier, issuer};
use crate::client_command::printable;

#[derive(Args)]
pub(crate) struct RegisterArguments {
    #[command(flatten)]
    client: ClientArguments,
    /// The attestation of the identifier's issuer for this client's key.
    #[arg(long, value_name = "FILE")]
    attestation: PathBuf,
    /// A service at which the holder can be reached; several in the order in which they are preferred. Without one, and without
    /// --sealed-service, it is the client's own.
    #[arg(long, value_name = "DOMAIN")]
    service: Vec<String>,
    /// A service that those alone see who have the capability of --sealed-for; several in the order in which they are preferred. Everybody sees that there
    /// are some.
    #[arg(long, value_name = "DOMAIN", requires = "sealed_for")]
    sealed_service: Vec<String>,
    /// The capability, as `mimi discovery capability` makes it, for which --sealed-service is; several open the same, each by itself.
    #[arg(long, value_name = "FILE", requires = "sealed_service")]
    sealed_for: Vec<PathBuf>,
    /// A word about the services, such as business.
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// Only senders of the same service may take an entry.
    #[arg(long)]
    same_service_only: bool,
    /// Says that the holder does not want to be found.
    #[arg(long, conflicts_with_all = ["service", "sealed_service", "tag", "same_service_only"])]
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
    let parsed = |names: &[String]| names.iter().map(|name| domain(name)).collect::<anyhow::Result<Vec<_>>>();
    let (mut services, sealed_services) = (parsed(&arguments.service)?, parsed(&arguments.sealed_service)?);
    if services.is_empty() && sealed_services.is_empty() && !arguments.opt_out {
        services.push(client.user().domain().clone());
    }
    let entries_of = |services: Vec<Domain>| {
        let flags = EntryFlags { same_service_only: arguments.same_service_only };
        let entry = |(priority, msp)| MappingEntry { flags, tags: tags.clone(), ..MappingEntry::new(msp, priority) };
        (0_u16..).zip(services).map(entry).collect::<Vec<_>>()
    };
    let (entries, sealed_entries) = (entries_of(services), entries_of(sealed_services));
    let attestation = issuer::read_attestation(&arguments.attestation)?;
    let sealed = capability::read_all(&arguments.sealed_for)?;
    let seal = |capability| SealedEntries::seal(&attestation.csi, capability, rand::random(), &sealed_entries);
    let sealed = sealed.iter().map(seal).collect::<Result<Vec<_>, _>>().context("the services cannot be sealed")?;
    let registration = NewRegistration {
        attestation,
        dp: arguments.dp.as_deref().map(domain).transpose()?,
        name: MappingName::default(),
        entries,
        sealed,
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
        Finding::Several => "several services, or sealed ones",
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
