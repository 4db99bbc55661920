//! From a TOML table to a [`Config`], collecting everything that is wrong with it.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::NonZeroU32,
    path::{Path, PathBuf},
    time::Duration,
};

use mimi_arch::Domain;
use serde::{Deserialize, de::DeserializeOwned};
use toml::{Table, Value};

use super::{
    AssetHost, AssetsConfig, Config, DownloadsConfig, FrankingConfig, LimitsConfig, OperationConfig, PeerConfig,
    QueuesConfig, Rate, RatesConfig, RoomsConfig, SettingProblem, TlsConfig, settings::SETTINGS,
};
use crate::users_config::{SearchConfig, UsersConfig};

/// The smallest limit on bodies with which a small room works.
const SMALLEST_BODY: usize = 64 * 1024;

/// Reads the settings; paths are relative to `base`.
pub(super) fn read(table: Table, base: &Path) -> Result<Config, Vec<SettingProblem>> {
    let mut reader = Reader::new(table);
    let config = read_all(&mut reader, base);
    let problems = reader.finish();
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        _ => Err(problems),
    }
}

fn read_all(reader: &mut Reader, base: &Path) -> Option<Config> {
    // Everything is read before anything is missed, so that all problems are found.
    let domain = reader.required::<String>("domain").and_then(|text| reader.domain("domain", &text));
    let listen = reader.required::<SocketAddr>("listen");
    let client_listen = reader.required::<SocketAddr>("client_listen");
    let database = reader.required::<PathBuf>("database");
    let stop_time = reader.stop_time();
    let certificate = reader.required::<PathBuf>("tls.certificate");
    let key = reader.required::<PathBuf>("tls.key");
    let authorities = reader.required::<PathBuf>("tls.authorities");
    let tls_poll = reader.tls_poll();
    let limits = reader.limits();
    let admin = reader.admin();
    let rates = reader.rates();
    let queues = reader.queues();
    let rooms = reader.rooms();
    let franking = reader.franking();
    let downloads = reader.downloads();
    let assets = reader.assets();
    let users = reader.users();
    let search = reader.search();
    let discovery = reader.discovery();
    let peers = reader.peers(domain.as_ref());
    if listen.is_some() && listen == client_listen && listen.is_some_and(|address| address.port() != 0) {
        reader.wrong("client_listen", "is the address of `listen`: providers and clients need a listener each");
    }
    Some(Config {
        domain: domain?,
        listen: listen?,
        client_listen: client_listen?,
        database: base.join(database?),
        tls: TlsConfig {
            certificate: base.join(certificate?),
            key: base.join(key?),
            authorities: base.join(authorities?),
        },
        peers,
        limits,
        franking,
        assets,
        downloads,
        users,
        search,
        discovery,
        operation: OperationConfig { admin, stop_time, tls_poll, rates, queues, rooms },
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AssetHostFile {
    host: String,
    port: Option<u16>,
    address: Option<SocketAddr>,
}

pub(super) struct Reader {
    pub(super) left: Table,
    problems: Vec<SettingProblem>,
    /// What was asked for, to be compared with the documentation.
    pub(super) asked: Vec<&'static str>,
}

impl Reader {
    fn new(left: Table) -> Self {
        Self { left, problems: Vec::new(), asked: Vec::new() }
    }

    pub(super) fn wrong(&mut self, setting: impl Into<String>, problem: impl Into<String>) {
        self.problems.push(SettingProblem::new(setting, problem));
    }

    /// Takes a setting out of the table.
    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.asked.push(name);
        let mut table = &mut self.left;
        let mut sections = name.split('.').peekable();
        while let Some(section) = sections.next() {
            if sections.peek().is_none() {
                return table.remove(section);
            }
            table = table.get_mut(section)?.as_table_mut()?;
        }
        None
    }

    pub(super) fn optional<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        let value = self.take(name)?;
        match value.try_into() {
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

    pub(super) fn domain(&mut self, setting: &str, text: &str) -> Option<Domain> {
        match text.parse() {
            Ok(domain) => Some(domain),
            Err(error) => {
                self.wrong(setting, format!("{text:?} is not a domain name: {error}"));
                None
            }
        }
    }

    fn stop_time(&mut self) -> Duration {
        let seconds = self.optional("stop_seconds");
        seconds.map_or(OperationConfig::default().stop_time, Duration::from_secs)
    }

    fn tls_poll(&mut self) -> Option<Duration> {
        match self.optional("tls.poll_seconds") {
            Some(0) => None,
            Some(seconds) => Some(Duration::from_secs(seconds)),
            None => OperationConfig::default().tls_poll,
        }
    }

    fn limits(&mut self) -> LimitsConfig {
        let default = LimitsConfig::default();
        let body = self.optional("limits.body").unwrap_or(default.body);
        if body < SMALLEST_BODY {
            self.wrong(
                "limits.body",
                format!("{body} octets is less than the {SMALLEST_BODY} that a small room needs"),
            );
        }
        let request_seconds = self.optional("limits.request_seconds").unwrap_or(default.request_seconds);
        if request_seconds == 0 {
            self.wrong("limits.request_seconds", "has to be at least 1");
        }
        LimitsConfig { body, request_seconds }
    }

    fn franking(&mut self) -> FrankingConfig {
        let default = FrankingConfig::default();
        FrankingConfig { key_days: self.optional("franking.key_days").unwrap_or(default.key_days) }
    }

    fn downloads(&mut self) -> DownloadsConfig {
        let default = DownloadsConfig::default();
        let downloads = DownloadsConfig {
            octets: self.optional("downloads.octets").unwrap_or(default.octets),
            seconds: self.optional("downloads.seconds").unwrap_or(default.seconds),
            at_once: self.optional("downloads.at_once").unwrap_or(default.at_once),
            octets_per_hour: self.optional("downloads.octets_per_hour").unwrap_or(default.octets_per_hour),
        };
        let zeros = [
            ("downloads.octets", downloads.octets == 0),
            ("downloads.seconds", downloads.seconds == 0),
            ("downloads.at_once", downloads.at_once == 0),
        ];
        for (name, _) in zeros.into_iter().filter(|(_, is_zero)| *is_zero) {
            self.wrong(name, "has to be at least 1");
        }
        downloads
    }

    fn assets(&mut self) -> BTreeMap<Domain, AssetsConfig> {
        self.asked.extend(["assets.\"DOMAIN\".host", "assets.\"DOMAIN\".port", "assets.\"DOMAIN\".address"]);
        let mut assets = BTreeMap::new();
        let found = match self.left.remove("assets") {
            None => return assets,
            Some(Value::Table(found)) => found,
            Some(_) => {
                self.wrong("assets", "has to be hosts for each provider, as in [[assets.\"b.example\"]]");
                return assets;
            }
        };
        for (name, hosts) in found {
            let section = format!("assets.\"{name}\"");
            let domain = self.domain(&section, &name);
            let hosts: Vec<AssetHostFile> = match hosts.try_into() {
                Ok(hosts) => hosts,
                Err(error) => {
                    self.wrong(section.as_str(), error.message());
                    continue;
                }
            };
            let mut read = Vec::with_capacity(hosts.len());
            for AssetHostFile { host, port, address } in hosts {
                if let Some(host) = self.domain(&format!("{section}.host"), &host) {
                    read.push(AssetHost { host, port: port.unwrap_or(443), address });
                }
            }
            domain.map(|domain| assets.insert(domain, AssetsConfig { hosts: read }));
        }
        assets
    }

    fn users(&mut self) -> UsersConfig {
        let default = UsersConfig::default();
        UsersConfig {
            reveal_unknown: self.optional("users.reveal_unknown").unwrap_or(default.reveal_unknown),
            tell_rooms_apart: self.optional("users.tell_rooms_apart").unwrap_or(default.tell_rooms_apart),
            enqueue_authorization: self
                .optional("users.enqueue_authorization")
                .unwrap_or(default.enqueue_authorization),
        }
    }

    fn search(&mut self) -> SearchConfig {
        let search = SearchConfig {
            fields: self.optional("search.fields"),
            forbidden: self.optional("search.forbidden").unwrap_or_default(),
            exact: self.optional("search.exact").unwrap_or_default(),
            max_results: self.optional("search.max_results"),
        };
        self.problems.extend(search.policy().err());
        search
    }

    fn admin(&mut self) -> Option<SocketAddr> {
        let address = self.optional::<IpAddr>("admin.address").unwrap_or(Ipv4Addr::LOCALHOST.into());
        let port = self.optional::<u16>("admin.port")?;
        Some(SocketAddr::new(address, port))
    }

    fn queues(&mut self) -> QueuesConfig {
        let default = QueuesConfig::default();
        let queues = QueuesConfig {
            messages: self.optional("queues.messages").unwrap_or(default.messages),
            days: self.optional("queues.days").unwrap_or(default.days),
            sweep: self.optional("queues.sweep_seconds").map_or(default.sweep, Duration::from_secs),
            low_key_packages: self.optional("queues.low_key_packages").unwrap_or(default.low_key_packages),
        };
        let zeros = [
            ("queues.messages", queues.messages == 0),
            ("queues.days", queues.days == 0),
            ("queues.sweep_seconds", queues.sweep.is_zero()),
        ];
        for (name, _) in zeros.into_iter().filter(|(_, is_zero)| *is_zero) {
            self.wrong(name, "has to be at least 1");
        }
        queues
    }

    fn rooms(&mut self) -> RoomsConfig {
        let default = RoomsConfig::default();
        let rooms = RoomsConfig {
            idle_time: self.optional("rooms.idle_seconds").map_or(default.idle_time, Duration::from_secs),
            open: self.optional("rooms.open").unwrap_or(default.open),
        };
        if rooms.open == 0 {
            self.wrong("rooms.open", "has to be at least 1");
        }
        rooms
    }

    fn rates(&mut self) -> Option<RatesConfig> {
        let default = RatesConfig::default();
        let enabled = self.optional("rates.enabled").unwrap_or(true);
        let rates = RatesConfig {
            room: self.rate("rates.room.per_second", "rates.room.burst", default.room),
            provider: self.rate("rates.provider.per_second", "rates.provider.burst", default.provider),
            user: self.rate("rates.user.per_second", "rates.user.burst", default.user),
            code: self.rate("rates.code.per_second", "rates.code.burst", default.code),
        };
        enabled.then_some(rates)
    }

    fn rate(&mut self, per_second: &'static str, burst: &'static str, default: Rate) -> Rate {
        Rate {
            per_second: self.at_least_one(per_second).unwrap_or(default.per_second),
            burst: self.at_least_one(burst).unwrap_or(default.burst),
        }
    }

    fn at_least_one(&mut self, name: &'static str) -> Option<NonZeroU32> {
        let value = self.optional::<u32>(name)?;
        let checked = NonZeroU32::new(value);
        if checked.is_none() {
            self.wrong(name, "has to be at least 1; `rates.enabled = false` switches all rates off");
        }
        checked
    }

    fn peers(&mut self, own: Option<&Domain>) -> BTreeMap<Domain, PeerConfig> {
        self.asked.push("peers.\"DOMAIN\".address");
        let mut peers = BTreeMap::new();
        let found = match self.left.remove("peers") {
            None => return peers,
            Some(Value::Table(found)) => found,
            Some(_) => {
                self.wrong("peers", "has to be a table for each provider, as in [peers.\"b.example\"]");
                return peers;
            }
        };
        for (name, value) in found {
            let section = format!("peers.\"{name}\"");
            let domain = self.domain(&section, &name);
            if domain.is_some() && domain.as_ref() == own {
                self.wrong(section.as_str(), "is the provider itself");
            }
            let Value::Table(mut peer) = value else {
                self.wrong(section.as_str(), "has to be a table with `address`");
                continue;
            };
            match peer.remove("address").map(Value::try_into) {
                Some(Ok(address)) => {
                    domain.map(|domain| peers.insert(domain, PeerConfig { address }));
                }
                Some(Err(error)) => self.wrong(format!("{section}.address"), error.message()),
                None => self.wrong(format!("{section}.address"), "is missing"),
            }
            for unknown in peer.keys() {
                self.wrong(format!("{section}.{unknown}"), "there is no such setting; there is: address");
            }
        }
        peers
    }

    /// Everything that was wrong; what nobody asked for is unknown.
    fn finish(mut self) -> Vec<SettingProblem> {
        let left = std::mem::take(&mut self.left);
        // A file of ours nests two levels deep: what is deeper is unknown as a whole.
        for (name, value) in left {
            match value {
                Value::Table(section) if is_section(&name) => {
                    for (inner, value) in section {
                        let path = format!("{name}.{inner}");
                        match value {
                            Value::Table(deepest) if is_section(&path) => {
                                deepest.keys().for_each(|key| self.unknown(format!("{path}.{key}")));
                            }
                            _ => self.unknown(path),
                        }
                    }
                }
                _ => self.unknown(name),
            }
        }
        self.problems
    }

    fn unknown(&mut self, path: String) {
        let section = path.rsplit_once('.').map_or("", |(section, _)| section);
        let known: Vec<&str> = SETTINGS.iter().filter(|known| known.section() == section).map(|s| s.key()).collect();
        self.wrong(path.as_str(), format!("there is no such setting here; there is: {}", known.join(", ")));
    }
}

/// Whether settings of ours are inside the table of this name.
fn is_section(name: &str) -> bool {
    SETTINGS.iter().any(|known| known.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use mimi_discovery::token::{Day, KeySchedule};

    use super::{
        super::{
            DiscoveryConfig,
            settings::{Need, example},
        },
        *,
    };

    const GOOD: &str = r#"
        domain = "a.example"
        listen = "127.0.0.1:0"
        client_listen = "127.0.0.1:0"
        database = "a.db"
        [tls]
        certificate = "a.pem"
        key = "a.key"
        authorities = "/etc/ca.pem"
        [peers."b.example"]
        address = "127.0.0.1:7002"
    "#;

    fn check(text: &str) -> Result<Config, Vec<String>> {
        read(text.parse().unwrap(), Path::new("/base"))
            .map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    fn problem(text: &str) -> String {
        let problems = check(text).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        problems[0].clone()
    }

    #[test]
    fn relative_paths_are_relative_to_the_file() {
        let config = check(GOOD).unwrap();
        assert_eq!(config.database, Path::new("/base/a.db"));
        assert_eq!(config.tls.authorities, Path::new("/etc/ca.pem"));
        assert_eq!(config.limits, LimitsConfig::default());
        assert_eq!(config.operation, OperationConfig::default());
    }

    #[test]
    fn all_problems_are_told_at_once_with_the_names_of_the_settings() {
        let text = r#"
            domain = "a..example"
            listen = "localhost"
            databse = "a.db"
            stop_seconds = "ten"
            [tls]
            certificate = 7
            key = "a.key"
            [limits]
            body = 10
            request_seconds = 0
            speed = 1
            [rates]
            user.burst = 0
            user.brst = 1
            [peers."b.example"]
            adress = "127.0.0.1:1"
            [nonsense]
            a = 1
        "#;
        let problems = check(text).unwrap_err();
        let names: Vec<&str> = problems.iter().map(|text| text.split(": ").next().unwrap()).collect();
        for expected in [
            "domain",
            "listen",
            "client_listen",
            "database",
            "databse",
            "stop_seconds",
            "tls.certificate",
            "tls.authorities",
            "limits.body",
            "limits.request_seconds",
            "limits.speed",
            "rates.user.burst",
            "rates.user.brst",
            "peers.\"b.example\".address",
            "peers.\"b.example\".adress",
            "nonsense",
        ] {
            assert!(names.contains(&expected), "{expected} is not among {problems:#?}");
        }
        assert_eq!(names.len(), 16, "{problems:#?}");
    }

    #[test]
    fn an_unknown_setting_comes_with_those_that_there_are() {
        let text = problem(&GOOD.replace("[tls]", "databse = 1\n[tls]"));
        assert!(text.starts_with("databse: ") && text.contains("database"), "{text}");
        let text = problem(&format!("{GOOD}\n[limits]\nbdy = 1"));
        assert!(text.starts_with("limits.bdy: ") && text.contains("body, request_seconds"), "{text}");
    }

    #[test]
    fn a_section_that_is_a_value_is_unknown_and_what_is_in_it_missing() {
        let text = GOOD.replace("[tls]", "tls = 1\n[other]");
        assert!(check(&text).unwrap_err().iter().any(|text| text.starts_with("tls: ")));
    }

    #[test]
    fn a_provider_is_not_its_own_peer_and_a_peer_has_a_domain() {
        assert!(problem(&GOOD.replace("b.example", "a.example")).starts_with("peers.\"a.example\": "));
        assert!(problem(&GOOD.replace("b.example", "b..example")).starts_with("peers.\"b..example\": "));
    }

    #[test]
    fn the_admin_listener_is_off_and_on_loopback_when_it_has_a_port_alone() {
        assert_eq!(check(GOOD).unwrap().operation.admin, None);
        let with = check(&format!("{GOOD}\n[admin]\nport = 9464")).unwrap();
        assert_eq!(with.operation.admin, Some("127.0.0.1:9464".parse().unwrap()));
        let elsewhere = check(&format!("{GOOD}\n[admin]\nport = 9464\naddress = \"::\"")).unwrap();
        assert_eq!(elsewhere.operation.admin, Some("[::]:9464".parse().unwrap()));
    }

    #[test]
    fn hosts_with_assets_are_listed_by_provider() {
        // req: MP06-5.10.2-02
        let assets = r#"
            [[assets."b.example"]]
            host = "assets.b.example"
            [[assets."b.example"]]
            host = "cdn.b.example"
            port = 8443
            address = "127.0.0.1:9"
        "#;
        let config = check(&format!("{GOOD}\n{assets}")).unwrap();
        let hosts = &config.assets[&"b.example".parse().unwrap()].hosts;
        assert_eq!((hosts[0].host.as_str(), hosts[0].port, hosts[0].address), ("assets.b.example", 443, None));
        assert_eq!((hosts[1].port, hosts[1].address), (8443, Some("127.0.0.1:9".parse().unwrap())));
        assert!(
            problem(&format!("{GOOD}\n{}", assets.replace("cdn.b", "cdn..b")))
                .starts_with("assets.\"b.example\".host: ")
        );
        assert!(problem(&format!("{GOOD}\n{}", assets.replace("port", "prt"))).starts_with("assets.\"b.example\": "));
        assert!(problem(&format!("{GOOD}\n[downloads]\nat_once = 0")).starts_with("downloads.at_once: "));
    }

    #[test]
    fn the_issuing_key_of_tokens_has_a_number_and_a_day() {
        let key = |settings: &str| {
            check(&format!("{GOOD}\n[discovery]\n{settings}")).map(|config| config.discovery.issuing_key)
        };
        assert_eq!(key("").unwrap(), KeySchedule::default());
        assert_eq!(key("issuing_key = 3").unwrap(), KeySchedule::new(3, None).unwrap());
        let since = key("issuing_key = 3\nissuing_key_since = 1970-01-11").unwrap();
        assert_eq!(since, KeySchedule::new(3, Some(Day(10))).unwrap());
        for (settings, wrong) in [
            ("issuing_key = 0", "discovery.issuing_key: "),
            ("issuing_key = -1", "discovery.issuing_key: "),
            ("issuing_key_since = 1970-01-11", "discovery.issuing_key_since: "),
            ("issuing_key = 2\nissuing_key_since = 1970-01-11T00:00:00Z", "discovery.issuing_key_since: "),
            ("issuing_key = 2\nissuing_key_since = \"soon\"", "discovery.issuing_key_since: "),
        ] {
            let problems = key(settings).unwrap_err();
            assert!(problems.len() == 1 && problems[0].starts_with(wrong), "{settings}: {problems:?}");
        }
    }

    #[test]
    fn rates_can_be_switched_off() {
        assert_eq!(check(&format!("{GOOD}\n[rates]\nenabled = false")).unwrap().operation.rates, None);
    }

    #[test]
    fn what_is_documented_is_what_is_read() {
        let mut reader = Reader::new(Table::new());
        let _ = read_all(&mut reader, Path::new(""));
        let mut asked = reader.asked.clone();
        let mut documented: Vec<&str> = SETTINGS.iter().map(|setting| setting.name).collect();
        asked.sort_unstable();
        documented.sort_unstable();
        assert_eq!(asked, documented);
    }

    #[test]
    fn the_example_is_a_configuration_as_it_stands_and_with_everything_in_it_uncommented() {
        let plain = check(&example()).unwrap();
        assert_eq!((&plain.limits, &plain.operation), (&LimitsConfig::default(), &OperationConfig::default()));
        assert!(plain.peers.is_empty());
        let full: String = example()
            .lines()
            .map(|line| {
                line.strip_prefix('#').filter(|rest| !rest.is_empty() && !rest.starts_with(' ')).unwrap_or(line)
            })
            .map(|line| format!("{line}\n"))
            .collect();
        let full = check(&full).unwrap();
        assert_eq!(full.operation.admin, Some("127.0.0.1:9464".parse().unwrap()));
        assert_eq!((full.peers.len(), full.assets.len(), full.discovery.providers.len()), (1, 1, 1));
        // 2026-12-01.
        assert_eq!(full.discovery.issuing_key, KeySchedule::new(2, Some(Day(20_788))).unwrap());
        let rest = Config {
            peers: BTreeMap::new(),
            assets: BTreeMap::new(),
            // Without the lists there is no limit either: both are said when they are left out.
            search: SearchConfig { fields: None, max_results: None, ..full.search },
            discovery: DiscoveryConfig {
                issuing_key: KeySchedule::default(),
                root: None,
                providers: BTreeMap::new(),
                ..full.discovery
            },
            operation: OperationConfig { admin: None, ..full.operation },
            ..full
        };
        assert_eq!(rest, plain, "a documented default is not the default");
    }

    #[test]
    fn exactly_the_settings_said_to_be_required_are_required() {
        let problems = check("").unwrap_err();
        let missing: Vec<String> =
            problems.iter().map(|text| text.strip_suffix(": is missing").unwrap().to_owned()).collect();
        let required: Vec<&str> =
            SETTINGS.iter().filter(|setting| setting.need == Need::Required).map(|setting| setting.name).collect();
        assert_eq!(missing, required);
    }
}
