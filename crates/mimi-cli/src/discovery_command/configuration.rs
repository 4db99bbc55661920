//! The configuration of a discovery provider or a relay: a TOML file, read so that everything that is wrong with it and with the files it names is told
//! at once.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mimi_arch::Domain;
use mimi_arch::codec::Wire as _;
use mimi_discovery::config::Modes;
use mimi_discovery::directory::{ListedProvider, MAX_PROVIDERS, Range};
use mimi_discovery::{Anchors, PublicKey};
use mimi_discovery_provider::{DiscoveryConfig, Observer, RelayConfig, RetrievalLimits, Tls};
use mimi_provider::config::{ConfigError, SettingProblem};
use mimi_provider::tls::{TlsError, TlsIdentity};
use serde::{Deserialize, de::DeserializeOwned};
use toml::{Table, Value};

use super::trust::{self, Kind};

/// What can be served.
pub(super) enum Party {
    /// A discovery provider.
    Provider(Box<DiscoveryConfig>),
    /// A relay, and its domain.
    Relay(Domain, Box<RelayConfig>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RangeFile {
    kind: Kind,
    of: String,
    #[serde(default)]
    own: bool,
    #[serde(default)]
    providers: Vec<ListedFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListedFile {
    domain: String,
    key: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Role {
    Provider,
    Relay,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    S,
    B,
    P,
}

/// Reads the file and the files that it names.
///
/// # Errors
/// The file cannot be read or is not TOML, or everything else that is wrong.
pub(super) fn read(path: &Path) -> Result<(SocketAddr, Party), ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.into(), source })?;
    let table =
        toml::from_str(&text).map_err(|source| ConfigError::Parse { path: path.into(), source: Box::new(source) })?;
    let mut reader = Reader { left: table, problems: Vec::new(), known: Vec::new() };
    let read = read_all(&mut reader, path.parent().unwrap_or(Path::new("")));
    let problems = reader.finish();
    match read {
        Some(read) if problems.is_empty() => Ok(read),
        _ => Err(ConfigError::Settings { path: path.into(), problems }),
    }
}

fn read_all(reader: &mut Reader, base: &Path) -> Option<(SocketAddr, Party)> {
    // Everything is read before anything is missed, so that all problems are found.
    let role = reader.required::<Role>("role");
    let domain = reader.domain("domain");
    let listen = reader.required::<SocketAddr>("listen");
    let tls = reader.tls(base, domain.as_ref());
    let addresses = reader.addresses();
    let party = match role? {
        Role::Provider => reader.provider(base, domain, tls, addresses).map(|config| Party::Provider(Box::new(config))),
        Role::Relay => reader.relay(domain, tls, addresses),
    };
    Some((listen?, party?))
}

/// Takes settings out of the table and remembers what is wrong.
struct Reader {
    left: Table,
    problems: Vec<SettingProblem>,
    /// What was asked for; all else is unknown.
    known: Vec<&'static str>,
}

impl Reader {
    fn wrong(&mut self, setting: impl Into<String>, problem: impl Into<String>) {
        self.problems.push(SettingProblem { setting: setting.into(), problem: problem.into() });
    }

    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        match name.split_once('.') {
            Some((section, key)) => self.left.get_mut(section)?.as_table_mut()?.remove(key),
            None => self.left.remove(name),
        }
    }

    fn optional<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        match self.take(name)?.try_into() {
            Ok(value) => Some(value),
            Err(error) => {
                self.wrong(name, error.message());
                None
            }
        }
    }

    fn required<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        let before = self.problems.len();
        let value = self.optional(name);
        if value.is_none() && self.problems.len() == before {
            self.wrong(name, "is missing");
        }
        value
    }

    fn parsed(&mut self, setting: impl Into<String>, text: &str) -> Option<Domain> {
        match text.parse() {
            Ok(domain) => Some(domain),
            Err(error) => {
                self.wrong(setting, format!("{text:?} is not a domain name: {error}"));
                None
            }
        }
    }

    fn domain(&mut self, name: &'static str) -> Option<Domain> {
        let text = self.required::<String>(name)?;
        self.parsed(name, &text)
    }

    fn domains(&mut self, name: &'static str, texts: Option<Vec<String>>) -> BTreeSet<Domain> {
        texts.unwrap_or_default().iter().filter_map(|text| self.parsed(name, text)).collect()
    }

    /// The addresses of parties. The table is for all of them, whatever their names.
    fn addresses(&mut self) -> BTreeMap<Domain, SocketAddr> {
        let table = self.optional::<Table>("addresses").unwrap_or_default();
        let mut addresses = BTreeMap::new();
        for (name, value) in table {
            let setting = format!("addresses.\"{name}\"");
            let domain = self.parsed(setting.as_str(), &name);
            match value.try_into::<SocketAddr>() {
                Ok(address) => addresses.extend(domain.map(|domain| (domain, address))),
                Err(error) => self.wrong(setting, error.message()),
            }
        }
        addresses
    }

    fn tls(&mut self, base: &Path, domain: Option<&Domain>) -> Option<TlsIdentity> {
        let names = ["tls.certificate", "tls.key", "tls.authorities"];
        let files = names.map(|name| (name, self.required::<PathBuf>(name).map(|file| base.join(file))));
        let mut readable = Vec::with_capacity(files.len());
        for (name, file) in files {
            let Some(file) = file else { continue };
            match std::fs::File::open(&file) {
                Ok(_) => readable.push((name, file)),
                Err(error) => self.wrong(name, format!("cannot read {}: {error}", file.display())),
            }
        }
        let [(_, certificate), (_, key), (_, authorities)] = readable.as_slice() else { return None };
        let identity = TlsIdentity::from_files(certificate, key, authorities);
        let checked = identity.and_then(|identity| {
            domain.map(|domain| identity.check(domain)).transpose()?;
            Ok(identity.tls13())
        });
        match checked {
            Ok(identity) => Some(identity),
            Err(error) => {
                let of_file = |what: &str| {
                    readable
                        .iter()
                        .find(|(_, file)| file.display().to_string() == what)
                        .map_or("tls.authorities", |(name, _)| name)
                };
                let setting = match &error {
                    TlsError::Pem { what, .. } | TlsError::NoCertificate { what } => of_file(what),
                    TlsError::OtherDomain { .. } | TlsError::Validity(_) => "tls.certificate",
                    TlsError::Verifier(_) => "tls.authorities",
                    _ => "tls",
                };
                self.wrong(setting, error.to_string());
                None
            }
        }
    }

    /// What TLS is made of an identity; what is wrong with it shows here.
    fn tls_of(
        &mut self,
        identity: Option<TlsIdentity>,
        make: impl FnOnce(&TlsIdentity) -> Result<Tls, TlsError>,
    ) -> Option<Tls> {
        make(&identity?).map_err(|error| self.wrong("tls", error.to_string())).ok()
    }

    fn provider(
        &mut self,
        base: &Path,
        domain: Option<Domain>,
        tls: Option<TlsIdentity>,
        addresses: BTreeMap<Domain, SocketAddr>,
    ) -> Option<DiscoveryConfig> {
        let database = self.required::<PathBuf>("database").map(|file| base.join(file));
        if let Some(problem) = database.as_deref().and_then(database_problem) {
            self.wrong("database", problem);
        }
        let anchors = self.required::<PathBuf>("trust").and_then(|file| self.anchors(&base.join(file)));
        let msps = self.required("messaging_providers");
        let msps = self.domains("messaging_providers", msps);
        let relays = self.required("relays");
        let relays = self.domains("relays", relays);
        let federation = self.optional("federation");
        let federation = self.domains("federation", federation);
        let modes = self.modes();
        let retrieval = self.retrieval();
        let ranges = self.ranges(domain.as_ref());
        let tls = self.tls_of(tls, |identity| {
            Ok(Tls { server: Arc::new(identity.peer_server()?), client: identity.peer_client()? })
        });
        Some(DiscoveryConfig {
            domain: domain?,
            database: database?,
            tls: tls?,
            anchors: anchors?,
            msps,
            relays,
            federation,
            addresses,
            ranges,
            modes,
            retrieval,
            observer: Observer::default(),
        })
    }

    fn relay(
        &mut self,
        domain: Option<Domain>,
        tls: Option<TlsIdentity>,
        addresses: BTreeMap<Domain, SocketAddr>,
    ) -> Option<Party> {
        let retrievals = self.optional("retrievals").unwrap_or_default();
        let gateways = self.required("gateways");
        let gateways = self.domains("gateways", gateways);
        let gateways =
            gateways.into_iter().map(|gateway| (gateway.clone(), addresses.get(&gateway).copied())).collect();
        let tls = self.tls_of(tls, |identity| {
            Ok(Tls { server: Arc::new(identity.client_api_server()?), client: identity.peer_client()? })
        })?;
        let config = RelayConfig { tls, gateways, retrievals, observer: Observer::default() };
        Some(Party::Relay(domain?, Box::new(config)))
    }

    fn anchors(&mut self, file: &Path) -> Option<Anchors> {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) => {
                self.wrong("trust", format!("cannot read {}: {error}", file.display()));
                return None;
            }
        };
        match trust::anchors(&text) {
            Ok(anchors) => Some(anchors),
            Err(problems) => {
                problems.iter().for_each(|problem| self.wrong("trust", format!("{}: {problem}", file.display())));
                None
            }
        }
    }

    fn modes(&mut self) -> Modes {
        let before = self.problems.len();
        let modes = self.optional::<Vec<Mode>>("modes");
        if self.problems.len() > before {
            return Modes::default();
        }
        let modes = modes.unwrap_or_else(|| vec![Mode::S, Mode::B]);
        if modes.is_empty() {
            self.wrong("modes", "is empty: a discovery provider offers \"s\", \"b\" or both");
        }
        let p = modes.contains(&Mode::P);
        if p && !cfg!(feature = "pir") {
            let build = "build it with `cargo build -p mimi-cli --features pir`";
            self.wrong("modes", format!("mode \"p\" is experimental and not in this program: {build}"));
        }
        Modes { s: modes.contains(&Mode::S), b: modes.contains(&Mode::B), p }
    }

    /// What mode P may take.
    fn retrieval(&mut self) -> RetrievalLimits {
        let default = RetrievalLimits::default();
        let memory = self.optional::<u32>("retrieval.memory_mib").map(|mib| u64::from(mib) << 20);
        let waiting = self.optional::<u8>("retrieval.waiting").map(usize::from);
        if waiting == Some(0) {
            self.wrong("retrieval.waiting", "is 0: nobody would be answered");
        }
        RetrievalLimits { memory: memory.unwrap_or(default.memory), waiting: waiting.unwrap_or(default.waiting) }
    }

    fn ranges(&mut self, own_domain: Option<&Domain>) -> Vec<(Range, bool)> {
        let tables = self.optional::<Vec<Value>>("ranges").unwrap_or_default();
        let mut ranges = Vec::with_capacity(tables.len());
        let mut seen = BTreeSet::new();
        for (number, value) in (1_usize..).zip(tables) {
            let setting = format!("ranges, the {number}.");
            let RangeFile { kind, of, own, providers: listed } = match value.try_into() {
                Ok(range) => range,
                Err(error) => {
                    self.wrong(setting, error.message());
                    continue;
                }
            };
            let mut providers = Vec::with_capacity(listed.len());
            let count = listed.len() + usize::from(own);
            for ListedFile { domain, key } in listed {
                let domain = self.parsed(setting.as_str(), &domain);
                match (domain, trust::public_key(&key)) {
                    (Some(domain), Ok(key)) => providers.push(ListedProvider { domain, key }),
                    (_, Err(error)) => self.wrong(setting.as_str(), error.to_string()),
                    (None, Ok(_)) => {}
                }
            }
            if count == 0 || count > MAX_PROVIDERS {
                let problem = format!(
                    "has {count} discovery providers: 1 to {MAX_PROVIDERS} are listed, `own = true` among them"
                );
                self.wrong(setting.as_str(), problem);
            }
            if !seen.insert((kind, of.clone())) {
                self.wrong(setting.as_str(), format!("{of:?} is there twice"));
            }
            let range = Range { kind: kind.into(), of, providers };
            // Whether the text is right shows when it is encoded, with one discovery provider whatever is listed.
            let form = own_domain.map(|domain| {
                let one = ListedProvider { domain: domain.clone(), key: PublicKey([0; 32]) };
                Range { providers: vec![one], ..range.clone() }.to_bytes()
            });
            if let Some(Err(error)) = form {
                self.wrong(setting.as_str(), error.to_string());
            }
            ranges.push((range, own));
        }
        ranges
    }

    /// Everything that was wrong; what nobody asked for is unknown.
    fn finish(mut self) -> Vec<SettingProblem> {
        // Which settings there are depends on the role.
        if !self.known.contains(&"gateways") && !self.known.contains(&"database") {
            return self.problems;
        }
        for (name, value) in std::mem::take(&mut self.left) {
            match value {
                Value::Table(section) if self.known.iter().any(|known| known.starts_with(&format!("{name}."))) => {
                    section.keys().for_each(|key| self.unknown(&format!("{name}.{key}")));
                }
                _ => self.unknown(&name),
            }
        }
        self.problems
    }

    fn unknown(&mut self, name: &str) {
        let section = |name: &str| name.split_once('.').map(|(section, _)| section.to_owned());
        let known: Vec<&str> = self.known.iter().filter(|known| section(known) == section(name)).copied().collect();
        self.wrong(name, format!("there is no such setting here; there is: {}", known.join(", ")));
    }
}

/// What is wrong with the file of the database, which need not be there.
fn database_problem(file: &Path) -> Option<String> {
    const MAGIC: &[u8] = b"SQLite format 3\0";
    if !file.exists() {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir())?;
        return Some(format!("there is no folder {}", folder.display()));
    }
    let mut start = Vec::new();
    let read = std::fs::File::open(file)
        .and_then(|file| std::io::Read::read_to_end(&mut std::io::Read::take(file, MAGIC.len() as u64), &mut start));
    match read {
        Err(error) => Some(format!("cannot read {}: {error}", file.display())),
        Ok(_) if !start.is_empty() && start != MAGIC => Some(format!("{} is no SQLite database", file.display())),
        Ok(_) => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use mimi_provider::throwaway_ca::ThrowawayCa;

    use super::super::serve::EXAMPLE;
    use super::*;

    /// A folder with a configuration and the files that the example names.
    fn folder(configuration: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let ca = ThrowawayCa::new("test").unwrap();
        ca.issue(&"dp.example".parse().unwrap()).unwrap().write_to(folder.path()).unwrap();
        ca.write_to(folder.path()).unwrap();
        let issuer = format!("[[issuers]]\ndomain = \"c.example\"\nkey = \"{}\"\nkind = \"phone\"\n", "ab".repeat(32));
        std::fs::write(folder.path().join("trust.toml"), issuer).unwrap();
        std::fs::write(folder.path().join("dp.toml"), configuration).unwrap();
        folder
    }

    fn problems(folder: &Path) -> Vec<String> {
        match read(&folder.join("dp.toml")) {
            Ok(_) => Vec::new(),
            Err(ConfigError::Settings { problems, .. }) => problems.iter().map(ToString::to_string).collect(),
            Err(error) => panic!("{error}"),
        }
    }

    fn uncommented() -> String {
        let lines = EXAMPLE.lines();
        let lines = lines.map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line));
        lines.map(|line| format!("{line}\n")).collect()
    }

    #[test]
    fn the_example_reads_as_it_stands_and_uncommented() {
        assert_eq!(problems(folder(EXAMPLE).path()), Vec::<String>::new());
        let full = folder(&uncommented());
        let Ok((_, Party::Provider(config))) = read(&full.path().join("dp.toml")) else { panic!("a provider") };
        assert_eq!((config.ranges.len(), config.federation.len(), config.addresses.len()), (2, 1, 1));
        assert_eq!(config.modes, Modes { s: true, b: true, p: false });
        assert_eq!(config.retrieval, RetrievalLimits::default());
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let wrong = uncommented()
            .replace("listen = \"0.0.0.0:7201\"", "listen = \"everywhere\"")
            .replace("trust.toml", "nowhere.toml")
            .replace("\"a.example\", \"b.example\"", "\"a.example\", \"-\"")
            .replace("[\"s\", \"b\"]", "[]")
            .replace("waiting = 8", "waiting = 0\ncalm = true")
            .replace("database = \"dp.example.db\"", "database = \"nowhere/dp.example.db\"\ncolour = \"red\"")
            .replace("authorities = \"ca.pem\"", "authorities = \"dp.example.key\"")
            .replace("\"192.0.2.7:7001\"", "7001")
            .replace("of = \"+1\"\nown = true", "of = \"1\"\nown = false");
        let found = problems(folder(&wrong).path());
        let of = |start: &str| found.iter().filter(|problem| problem.starts_with(start)).count();
        for (start, count) in [
            ("listen: ", 1),
            ("trust: cannot read", 1),
            ("messaging_providers: \"-\" is not a domain name", 1),
            ("modes: ", 1),
            ("retrieval.waiting: ", 1),
            ("retrieval.calm: there is no such setting here", 1),
            ("database: there is no folder", 1),
            ("colour: there is no such setting here", 1),
            ("tls.authorities: ", 1),
            ("addresses.\"a.example\": ", 1),
            ("ranges, the 1.: ", 2),
        ] {
            assert_eq!(of(start), count, "{start} in {found:#?}");
        }
        assert_eq!(found.len(), 12, "{found:#?}");
    }

    #[test]
    fn what_is_missing_is_told_for_the_role() {
        let found = problems(folder("role = \"relay\"\ndatabase = \"x\"\n").path());
        let missing = ["domain", "listen", "tls.certificate", "tls.key", "tls.authorities", "gateways"];
        for setting in missing {
            assert!(found.contains(&format!("{setting}: is missing")), "{setting} in {found:#?}");
        }
        assert!(
            found.iter().any(|problem| problem.starts_with("database: there is no such setting here")),
            "{found:#?}"
        );
        assert_eq!(found.len(), missing.len() + 1, "{found:#?}");
        let found = problems(folder("").path());
        assert!(found.contains(&"role: is missing".to_owned()), "{found:#?}");
    }

    #[test]
    fn a_certificate_of_somebody_else_and_a_file_that_is_no_database_are_told() {
        let folder = folder(&EXAMPLE.replace("domain = \"dp.example\"", "domain = \"other.example\""));
        std::fs::write(folder.path().join("dp.example.db"), "no database").unwrap();
        let found = problems(folder.path());
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(found[0].starts_with("tls.certificate: the certificate is not for other.example"), "{found:#?}");
        assert!(found[1].ends_with("is no SQLite database"), "{found:#?}");
    }
}
