//! Every setting of the configuration file, with what it means. The example and docs/configuration.md are made from this table.

use std::fmt::Write as _;

/// What happens when a setting is not in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The file is refused.
    Required,
    /// The example's value is used.
    Default,
    /// What it is for is off.
    Off,
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its path in the file.
    pub name: &'static str,
    /// Whether it can be left out.
    pub need: Need,
    /// A value as TOML; the default where there is one.
    pub value: &'static str,
    /// What it means.
    pub text: &'static str,
}

impl Setting {
    /// The table that it is in; empty for the file itself.
    pub fn section(&self) -> &'static str {
        self.name.rsplit_once('.').map_or("", |(section, _)| section)
    }

    /// Its name in that table.
    pub fn key(&self) -> &'static str {
        self.name.rsplit_once('.').map_or(self.name, |(_, key)| key)
    }
}

const fn setting(name: &'static str, need: Need, value: &'static str, text: &'static str) -> Setting {
    Setting { name, need, value, text }
}

/// All settings, those of one table together.
pub const SETTINGS: [Setting; 52] = [
    setting("domain", Need::Required, "\"a.example\"", "The provider's domain. Its certificate has to name it."),
    setting(
        "listen",
        Need::Required,
        "\"0.0.0.0:7001\"",
        "Where other providers connect, in mutually authenticated TLS. Port 0 lets the system choose.",
    ),
    setting(
        "client_listen",
        Need::Required,
        "\"0.0.0.0:7101\"",
        "Where the provider's own clients connect, in TLS. Port 0 lets the system choose.",
    ),
    setting(
        "database",
        Need::Required,
        "\"a.example.db\"",
        "The SQLite file with everything the provider knows. It is made when it does not exist. Next to it are NAME-wal and NAME-shm \
         while the provider runs, and NAME.lock, which keeps a second provider away.",
    ),
    setting(
        "stop_seconds",
        Need::Default,
        "10",
        "After SIGTERM or SIGINT nothing new is accepted; requests that were accepted get this long to finish, then they are cut.",
    ),
    setting(
        "tls.certificate",
        Need::Required,
        "\"a.example.pem\"",
        "The provider's certificate chain as PEM, leaf first, shown to other providers (as server and as client) and to clients.",
    ),
    setting("tls.key", Need::Required, "\"a.example.key\"", "Its private key as PEM."),
    setting(
        "tls.authorities",
        Need::Required,
        "\"ca.pem\"",
        "The authorities, as PEM, that certificates of other providers have to come from.",
    ),
    setting(
        "tls.poll_seconds",
        Need::Default,
        "60",
        "How often the three PEM files are looked at. When they have changed and are good, new connections use them; when they are not \
         good, the old ones stay in use and an error is logged. SIGHUP makes the provider look at once. 0 leaves only SIGHUP.",
    ),
    setting(
        "limits.body",
        Need::Default,
        "1048576",
        "Largest request body in octets, at least 65536. Updates and notifications carry ratchet trees and get sixteen times as much, \
         grants of consent and reports of abuse four times as much; requests for consent and queries get 64 KiB at most.",
    ),
    setting(
        "limits.request_seconds",
        Need::Default,
        "30",
        "How long a peer may take for a TLS handshake, for sending a request, or for answering one.",
    ),
    setting(
        "franking.key_days",
        Need::Default,
        "90",
        "After how many days a new secret for franking is made. The old ones are kept for reports.",
    ),
    setting(
        "downloads.octets",
        Need::Default,
        "67108864",
        "Octets of the largest asset that is downloaded for others.",
    ),
    setting("downloads.seconds", Need::Default, "120", "How long one download may take."),
    setting("downloads.at_once", Need::Default, "8", "How many downloads of one provider run at the same time."),
    setting(
        "downloads.octets_per_hour",
        Need::Default,
        "4294967296",
        "How much is downloaded for one provider in an hour.",
    ),
    setting(
        "admin.address",
        Need::Default,
        "\"127.0.0.1\"",
        "The address of the admin listener. It speaks plain HTTP and asks nobody who they are, so keep it on loopback or on a network \
         that only operators reach.",
    ),
    setting(
        "admin.port",
        Need::Off,
        "9464",
        "The port of the admin listener, with /metrics (Prometheus), /healthz and /readyz. Without it there is none. Port 0 lets \
         the system choose.",
    ),
    setting(
        "rates.enabled",
        Need::Default,
        "true",
        "Whether requests are limited. Each room, provider and user has a token bucket, in memory. Over the limit, providers are \
         answered 429 with Retry-After, clients RESOURCE_EXHAUSTED with retry-after. A hub whose notification is refused sends it again later, so that nothing is lost.",
    ),
    setting(
        "rates.room.per_second",
        Need::Default,
        "2000",
        "How many requests a second may concern one room of this provider, whoever makes them.",
    ),
    setting("rates.room.burst", Need::Default, "10000", "How many of these may come at once."),
    setting("rates.provider.per_second", Need::Default, "10000", "How many requests a second one provider may make."),
    setting("rates.provider.burst", Need::Default, "50000", "How many of these may come at once."),
    setting(
        "rates.user.per_second",
        Need::Default,
        "1000",
        "How many requests a second one user may make: with all clients of the user, and as far as requests of other providers name \
         the user. Registrations share one bucket of this size.",
    ),
    setting("rates.user.burst", Need::Default, "5000", "How many of these may come at once."),
    setting(
        "rates.code.per_second",
        Need::Default,
        "10",
        "How many joining codes a second the users of one provider may show for one room of this provider, right or wrong: nobody tries many.",
    ),
    setting("rates.code.burst", Need::Default, "100", "How many of these may come at once."),
    setting(
        "queues.messages",
        Need::Default,
        "10000",
        "How many application messages of one room wait for one client at most. The oldest go, and the client is told how many they were. \
         Handshake messages wait until the client has them or its account is deleted.",
    ),
    setting(
        "queues.days",
        Need::Default,
        "90",
        "How many days after the hub accepted it an application message waits at most for a client.",
    ),
    setting(
        "queues.sweep_seconds",
        Need::Default,
        "60",
        "How often the queues are looked at. Key packages are looked at then, too: those that expired more than seven days ago go. Expired \
         ones are never given out.",
    ),
    setting(
        "queues.low_key_packages",
        Need::Default,
        "8",
        "A client that has fewer unclaimed key packages is told so when it acknowledges what it has fetched.",
    ),
    setting(
        "rooms.idle_seconds",
        Need::Default,
        "300",
        "How long a room that nobody visits stays in memory. It is read from the disk again when somebody does; one that would take long to \
         read is written whole before it leaves memory.",
    ),
    setting(
        "rooms.open",
        Need::Default,
        "10000",
        "How many rooms are held in memory at most. The least recently visited ones leave it first; a room that is being visited stays.",
    ),
    setting(
        "users.reveal_unknown",
        Need::Default,
        "false",
        "Whether other providers are told that a user is unknown or deleted, where noConsent or 201 would hide it.",
    ),
    setting(
        "users.tell_rooms_apart",
        Need::Default,
        "false",
        "Whether other providers are told that consent is missing for one room and not for others.",
    ),
    setting(
        "users.enqueue_authorization",
        Need::Default,
        "false",
        "Whether a hub has to show the tokens that came with the key packages of the clients for whom it sends something \
         (draft-robert-mimi-delivery-service, Enqueue authorization; the header field is ours). A client whose token is not shown gets \
         nothing: neither from hubs that know nothing of it, nor in rooms that it was in before it had a token.",
    ),
    setting(
        "search.fields",
        Need::Off,
        "[\"handle\", \"nick\", \"email\"]",
        "The fields that identifier queries are supported on: handle, nick, email, phone, partialName, wholeProfile, oidcStdClaim:NAME, \
         vcardField:NAME. When it is left out: all kinds, all standard claims and the usual vCard properties.",
    ),
    setting(
        "search.forbidden",
        Need::Default,
        "[]",
        "Supported fields that may not be searched; [\"*\"] forbids all queries.",
    ),
    setting(
        "search.exact",
        Need::Default,
        "[]",
        "Combinations of fields of which a query has to match one exactly, each a list.",
    ),
    setting("search.max_results", Need::Off, "16", "How many users an answer names at most; 16 when it is left out."),
    setting(
        "assets.\"DOMAIN\".host",
        Need::Off,
        "\"assets.b.example\"",
        "A host from which assets of this provider may be downloaded; there may be several. Its certificate has to name it.",
    ),
    setting("assets.\"DOMAIN\".port", Need::Off, "443", "The port in URLs of the host; 443 when it is left out."),
    setting(
        "assets.\"DOMAIN\".address",
        Need::Off,
        "\"192.0.2.8:443\"",
        "Where the host is reached instead of where DNS says. It may be a private address, as the operator has named it.",
    ),
    setting(
        "discovery.tokens_per_day",
        Need::Default,
        "100",
        "How many tokens for look-ups an account gets on a day, for all discovery providers together. A look-up costs one.",
    ),
    setting(
        "discovery.issuing_key",
        Need::Off,
        "2",
        "The number of the key that issues tokens; 1 when it is left out. Raising it changes the key of every discovery provider, which hears of it within a minute.",
    ),
    setting(
        "discovery.issuing_key_since",
        Need::Off,
        "2026-12-01",
        "The day (UTC) from which the key with this number issues; until then the one before it does, and of that one tokens are taken to the end of that day. \
         Without it the key before ends at once: for one that has leaked.",
    ),
    setting(
        "discovery.root",
        Need::Off,
        "\"dp.example\"",
        "The discovery provider whose prefix directory says which one has which identifiers; it is one of discovery.providers. Without it the \
         first of them by name is asked.",
    ),
    setting(
        "discovery.providers.\"DOMAIN\".key",
        Need::Off,
        "\"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a\"",
        "The key with which the discovery provider signs: 64 hexadecimal digits, as `mimi discovery serve` prints them.",
    ),
    setting(
        "discovery.providers.\"DOMAIN\".relay",
        Need::Off,
        "\"https://relay.example\"",
        "The relay through which own users look up. Discovery provider and relay together could tell who looks for whom: two operators have to run them.",
    ),
    setting(
        "discovery.providers.\"DOMAIN\".address",
        Need::Off,
        "\"192.0.2.9:7201\"",
        "IP address and port of a discovery provider that DNS does not find.",
    ),
    setting(
        "discovery.providers.\"DOMAIN\".relay_address",
        Need::Off,
        "\"192.0.2.10:7202\"",
        "IP address and port of a relay that DNS does not find; clients get it.",
    ),
    setting(
        "peers.\"DOMAIN\".address",
        Need::Off,
        "\"192.0.2.7:7001\"",
        "IP address and port of a provider that DNS does not find.",
    ),
];

/// An example of the whole file: what is required as it is, what has a default commented out with it.
pub fn example() -> String {
    let mut text = String::from(
        "# Configuration of a MIMI provider, for `mimi serve --config FILE`.\n\
         # Relative paths are relative to the folder of this file. A setting behind a # has the value shown unless it is said not to be set.\n",
    );
    let mut section = "";
    for setting in &SETTINGS {
        if setting.section() != section {
            section = setting.section();
            let example = if section.starts_with("discovery.") { "dp.example" } else { "b.example" };
            let header = section.replace("DOMAIN", example);
            let comment = if header == section { "" } else { "#" };
            let header = if section.starts_with("assets.") { format!("[{header}]") } else { header };
            let _ = write!(text, "\n{comment}[{header}]\n");
        } else {
            text.push('\n');
        }
        for line in wrapped(setting.text, 118) {
            let _ = writeln!(text, "# {line}");
        }
        if setting.need == Need::Off {
            text.push_str("# (not set)\n");
        }
        let comment = if setting.need == Need::Required { "" } else { "#" };
        let _ = writeln!(text, "{comment}{} = {}", setting.key(), setting.value);
    }
    text
}

/// The page docs/configuration.md.
pub fn to_markdown() -> String {
    let mut page = String::from(
        "# Configuration\n\n\
         `mimi serve --config FILE` reads a TOML file. `mimi serve --print-config` prints an example of it with a comment for every setting;\n\
         `mimi serve --config FILE --check` says everything that is wrong with a file, and with the files it names, and starts nothing. Relative\n\
         paths are relative to the folder of the file. This page is made from the table that the program itself uses\n\
         (`mimi_provider::config::settings`); a test holds it against what the program reads.\n\n\
         | setting | default | what it is |\n|---|---|---|\n",
    );
    for setting in &SETTINGS {
        let default = match setting.need {
            Need::Required => format!("required, for example `{}`", setting.value),
            Need::Default => format!("`{}`", setting.value),
            Need::Off => format!("not set; for example `{}`", setting.value),
        };
        let _ = writeln!(page, "| `{}` | {default} | {} |", setting.name, setting.text);
    }
    page
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.len() + 1 + word.len() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
