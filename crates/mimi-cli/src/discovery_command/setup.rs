//! `mimi init --discovery`: a discovery provider, a relay of another operator and an issuer beside the providers, to try things out.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use mimi_arch::Domain;
use mimi_discovery_provider::DiscoveryProvider;
use mimi_provider::throwaway_ca::ThrowawayCa;

use super::issuer;

const DP: &str = "dp.example";
const RELAY: &str = "relay.example";
const ISSUER: &str = "carrier.example";

/// Writes certificates, configurations, keys and the file of trusted issuers; gives the table for the configurations of the providers.
pub(crate) fn write(
    folder: &Path,
    ca: &ThrowawayCa,
    providers: &[(Domain, u16)],
    first_port: u16,
) -> anyhow::Result<String> {
    let port = |offset| first_port.checked_add(offset).context("the ports go past 65535: choose a lower --first-port");
    let (dp_port, relay_port) = (port(200)?, port(201)?);
    for name in [DP, RELAY] {
        ca.issue(&name.parse()?)?.write_to(folder)?;
    }
    let key = DiscoveryProvider::key_of(&folder.join(format!("{DP}.db")))?;
    let issuer = issuer::make_key(&folder.join(format!("{ISSUER}.issuer-key")))?;
    let trust =
        format!("[[issuers]]\ndomain = \"{ISSUER}\"\nkey = \"{}\"\nkind = \"phone\"\n", hex::encode(issuer.public().0));
    put(folder.join("trust.toml"), &trust)?;
    let names: Vec<String> = providers.iter().map(|(domain, _)| format!("\"{domain}\"")).collect();
    let mut dp = head("provider", DP, dp_port);
    let _ = write!(
        dp,
        "database = \"{DP}.db\"\ntrust = \"trust.toml\"\nmessaging_providers = [{}]\nrelays = [\"{RELAY}\"]\n",
        names.join(", ")
    );
    dp.push_str(&tls(DP));
    dp.push_str("\n[addresses]\n");
    for (domain, port) in providers {
        let _ = writeln!(dp, "\"{domain}\" = \"127.0.0.1:{port}\"");
    }
    put(folder.join(format!("{DP}.toml")), &dp)?;
    let mut relay = head("relay", RELAY, relay_port);
    let _ = writeln!(relay, "gateways = [\"{DP}\"]");
    relay.push_str(&tls(RELAY));
    let _ = write!(relay, "\n[addresses]\n\"{DP}\" = \"127.0.0.1:{dp_port}\"\n");
    put(folder.join(format!("{RELAY}.toml")), &relay)?;
    for name in [DP, RELAY] {
        println!("{name}: mimi discovery serve --config {}", folder.join(format!("{name}.toml")).display());
    }
    println!("issuer {ISSUER}: its key is {ISSUER}.issuer-key, who trusts it is in trust.toml");
    Ok(format!(
        "\n[discovery.providers.\"{DP}\"]\nkey = \"{}\"\naddress = \"127.0.0.1:{dp_port}\"\n\
         relay = \"https://{RELAY}:{relay_port}\"\nrelay_address = \"127.0.0.1:{relay_port}\"\n",
        hex::encode(key.0)
    ))
}

fn head(role: &str, domain: &str, port: u16) -> String {
    format!("role = \"{role}\"\ndomain = \"{domain}\"\nlisten = \"127.0.0.1:{port}\"\n")
}

fn tls(domain: &str) -> String {
    format!("\n[tls]\ncertificate = \"{domain}.pem\"\nkey = \"{domain}.key\"\nauthorities = \"ca.pem\"\n")
}

fn put(path: PathBuf, text: &str) -> anyhow::Result<()> {
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}
