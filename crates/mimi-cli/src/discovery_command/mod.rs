//! `mimi discovery`: runs a discovery provider or a relay, registers and removes mappings, looks up, and makes a throw-away issuer (the project's
//! discovery profile 0, experimental).

mod capability;
mod configuration;
mod issuer;
mod mine;
mod serve;
pub(crate) mod setup;
pub(crate) mod trust;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use mimi_arch::Domain;
use mimi_client::{Client, LookUpMode, LookUpOptions};
use mimi_discovery::{Csi, mapping::Tag};

use crate::state_command::{self, PassphraseArguments};

#[derive(Subcommand)]
pub(crate) enum DiscoveryCommand {
    /// Runs a discovery provider or a relay until it is interrupted.
    Serve(serve::ServeArguments),
    /// Shows the key of a client's user, for an issuer to attest.
    Key(ClientArguments),
    /// Registers where the holder of an identifier can be reached.
    Register(mine::RegisterArguments),
    /// Takes back what was registered.
    Remove(mine::RemoveArguments),
    /// Makes a capability: who has it opens the entries that are sealed for it.
    Capability(capability::CapabilityArguments),
    /// Looks up an identifier and shows all that came of it.
    Lookup {
        /// A telephone number with country code, a mail address, or the MIMI URI of a user.
        identifier: String,
        #[command(flatten)]
        client: ClientArguments,
        #[command(flatten)]
        options: LookUpArguments,
    },
    /// Makes the key of an issuer, to try things out, and prints what belongs in a file of trusted issuers.
    IssuerKey(issuer::KeyArguments),
    /// Attests as an issuer that a key speaks for an identifier, to try things out.
    Attest(issuer::AttestArguments),
}

/// Which client.
#[derive(Args)]
pub(crate) struct ClientArguments {
    /// The file that holds the client's keys and rooms.
    #[arg(long, value_name = "FILE", env = "MIMI_STATE")]
    state: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseArguments,
}

impl ClientArguments {
    pub(crate) async fn open(&self) -> anyhow::Result<Client> {
        state_command::open(&self.state, self.passphrase.read()?.as_ref()).await
    }
}

/// How to look up.
#[derive(Args)]
pub(crate) struct LookUpArguments {
    /// Which issuers of identifiers are trusted (TOML); `mimi discovery issuer-key` prints an entry.
    #[arg(long, value_name = "FILE", env = "MIMI_TRUST")]
    trust: PathBuf,
    /// s: the discovery provider sees whom is asked for and not who asks. b: it sees neither, but a bucket of many. p (experimental, needs a build with `--features
    /// pir`): it does not see the bucket either; costs two tokens.
    #[arg(long, value_enum, default_value = "s")]
    mode: ModeArgument,
    /// The discovery provider; without it, the one that the own provider uses.
    #[arg(long, value_name = "DOMAIN")]
    dp: Option<String>,
    /// Words that are looked for among the tags of entries.
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// A capability that the holder has handed on, for entries that are sealed for it; several are tried.
    #[arg(long, value_name = "FILE")]
    capability: Vec<PathBuf>,
    /// The authority of the relay (PEM); without it, that of the own provider.
    #[arg(long, value_name = "FILE")]
    relay_ca: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum ModeArgument {
    S,
    B,
    P,
}

impl LookUpArguments {
    pub(crate) fn read(&self) -> anyhow::Result<LookUpOptions> {
        let mode = match self.mode {
            ModeArgument::S => LookUpMode::S,
            ModeArgument::B => LookUpMode::B,
            ModeArgument::P if !cfg!(feature = "pir") => anyhow::bail!(
                "mode p is experimental and not in this program: build it with `cargo build -p mimi-cli --features pir`, or take --mode b"
            ),
            ModeArgument::P => LookUpMode::P,
        };
        Ok(LookUpOptions {
            mode,
            anchors: trust::read(&self.trust)?,
            dp: self.dp.as_deref().map(domain).transpose()?,
            wanted: self.tag.iter().map(|tag| Ok(Tag::new(tag)?)).collect::<anyhow::Result<_>>()?,
            capabilities: capability::read_all(&self.capability)?,
            relay_ca_pem: self
                .relay_ca
                .as_ref()
                .map(|path| std::fs::read(path).with_context(|| format!("cannot read {}", path.display())))
                .transpose()?,
        })
    }
}

pub(crate) fn identifier(text: &str) -> anyhow::Result<Csi> {
    Csi::parse(text).with_context(|| format!("{text:?} is no identifier"))
}

fn domain(text: &str) -> anyhow::Result<Domain> {
    text.parse().with_context(|| format!("{text:?} is not a domain name"))
}

pub(crate) async fn run(command: DiscoveryCommand) -> anyhow::Result<ExitCode> {
    match command {
        DiscoveryCommand::Serve(arguments) => return serve::run(arguments).await,
        DiscoveryCommand::Key(client) => println!("{}", hex::encode(client.open().await?.discovery_key().await?.0)),
        DiscoveryCommand::Register(arguments) => mine::register(arguments).await?,
        DiscoveryCommand::Capability(arguments) => capability::make(&arguments)?,
        DiscoveryCommand::Remove(arguments) => mine::remove(arguments).await?,
        DiscoveryCommand::Lookup { identifier: text, client, options } => {
            let (csi, options) = (identifier(&text)?, options.read()?);
            let found = client.open().await?.look_up(&csi, &options).await?;
            println!("{}: {}", found.dp, mine::finding(found.finding));
            println!("{}", mine::selection(&found.selection));
        }
        DiscoveryCommand::IssuerKey(arguments) => issuer::key(&arguments)?,
        DiscoveryCommand::Attest(arguments) => issuer::attest(&arguments)?,
    }
    Ok(ExitCode::SUCCESS)
}
