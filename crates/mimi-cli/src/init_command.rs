//! `mimi init`: everything that is needed to run a few providers on one machine, for trying things out.

use std::{fmt::Write as _, fs, path::PathBuf, process::ExitCode};

use anyhow::{Context, bail};
use clap::Args;
use mimi_arch::Domain;
use mimi_provider::throwaway_ca::ThrowawayCa;

use crate::discovery_command::setup;

#[derive(Args)]
pub(crate) struct InitArguments {
    /// The folder to write into; made when it does not exist, refused when it holds a ca.pem already.
    folder: PathBuf,
    /// The providers' domains.
    #[arg(long, value_delimiter = ',', default_value = "a.example,b.example", value_name = "DOMAIN,...")]
    domains: Vec<String>,
    /// Provider listeners get this port and the following ones, client listeners those from a hundred above.
    #[arg(long, default_value_t = 7001, value_name = "PORT")]
    first_port: u16,
    /// Also writes a discovery provider, a relay and an issuer of telephone numbers (experimental, of this project).
    #[arg(long)]
    discovery: bool,
}

pub(crate) fn run(arguments: &InitArguments) -> anyhow::Result<ExitCode> {
    let folder = &arguments.folder;
    if folder.join("ca.pem").exists() {
        bail!("{} holds a ca.pem already; choose another folder or remove it", folder.display());
    }
    let domains: Vec<Domain> = arguments
        .domains
        .iter()
        .map(|text| text.parse().with_context(|| format!("{text:?} is not a domain name")))
        .collect::<Result<_, _>>()?;
    let ports = |offset: u16| -> anyhow::Result<Vec<u16>> {
        (0..domains.len())
            .map(|index| {
                u16::try_from(index)
                    .ok()
                    .and_then(|index| arguments.first_port.checked_add(offset)?.checked_add(index))
                    .context("the ports go past 65535: choose a lower --first-port")
            })
            .collect()
    };
    let (peer_ports, client_ports) = (ports(0)?, ports(100)?);
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let ca = ThrowawayCa::new("MIMI throw-away authority")?;
    ca.write_to(folder)?;
    let discovery = if arguments.discovery {
        let providers: Vec<(Domain, u16)> = domains.iter().cloned().zip(peer_ports.iter().copied()).collect();
        setup::write(folder, &ca, &providers, arguments.first_port)?
    } else {
        String::new()
    };
    for ((domain, port), client_port) in domains.iter().zip(&peer_ports).zip(&client_ports) {
        ca.issue(domain)?.write_to(folder)?;
        let mut text = format!(
            "domain = \"{domain}\"\nlisten = \"127.0.0.1:{port}\"\nclient_listen = \"127.0.0.1:{client_port}\"\n\
             database = \"{domain}.db\"\n\n[tls]\ncertificate = \"{domain}.pem\"\nkey = \"{domain}.key\"\n\
             authorities = \"ca.pem\"\n"
        );
        for (other, other_port) in domains.iter().zip(&peer_ports).filter(|(other, _)| *other != domain) {
            let _ = write!(text, "\n[peers.\"{other}\"]\naddress = \"127.0.0.1:{other_port}\"\n");
        }
        text.push_str(&discovery);
        let path = folder.join(format!("{domain}.toml"));
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        println!("{domain}: mimi serve --config {}", path.display());
    }
    println!("The authority's key was not kept: these certificates are for trying things out.");
    Ok(ExitCode::SUCCESS)
}
