//! The table `[discovery]` of the file: which discovery providers own users use.

use std::{collections::BTreeMap, net::SocketAddr};

use mimi_arch::Domain;
use mimi_discovery::{
    PublicKey,
    token::{Day, KeySchedule, ScheduleError},
};
use reqwest::Url;
use serde::Deserialize;
use toml::{Value, value::Datetime};

use super::{DiscoveryConfig, DiscoveryProviderConfig, file::Reader};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderFile {
    key: String,
    relay: String,
    address: Option<SocketAddr>,
    relay_address: Option<SocketAddr>,
}

impl Reader {
    pub(super) fn discovery(&mut self) -> DiscoveryConfig {
        let tokens_per_day = self.optional("discovery.tokens_per_day");
        let issuing_key = self.issuing_key();
        let root = self.optional::<String>("discovery.root").and_then(|text| self.domain("discovery.root", &text));
        let providers = self.discovery_providers();
        if let Some(root) = root.as_ref().filter(|root| !providers.contains_key(root)) {
            self.wrong("discovery.root", format!("{root} is none of discovery.providers"));
        }
        let tokens_per_day = tokens_per_day.unwrap_or(DiscoveryConfig::default().tokens_per_day);
        DiscoveryConfig { tokens_per_day, issuing_key, root, providers }
    }

    fn issuing_key(&mut self) -> KeySchedule {
        let number = self.optional("discovery.issuing_key");
        // A date comes as its text.
        let since = self.optional::<String>("discovery.issuing_key_since").and_then(|since| {
            let day = since.parse().ok().as_ref().and_then(day_of);
            if day.is_none() {
                self.wrong(
                    "discovery.issuing_key_since",
                    "has to be a day from 1970 on, without a time, as in 2026-12-01",
                );
            }
            day
        });
        match KeySchedule::new(number.unwrap_or(1), since) {
            Ok(schedule) => schedule,
            Err(error @ ScheduleError::FirstWithDay) => {
                self.wrong("discovery.issuing_key_since", error.to_string());
                KeySchedule::default()
            }
            Err(error) => {
                self.wrong("discovery.issuing_key", error.to_string());
                KeySchedule::default()
            }
        }
    }

    fn discovery_providers(&mut self) -> BTreeMap<Domain, DiscoveryProviderConfig> {
        self.asked.extend([
            "discovery.providers.\"DOMAIN\".key",
            "discovery.providers.\"DOMAIN\".relay",
            "discovery.providers.\"DOMAIN\".address",
            "discovery.providers.\"DOMAIN\".relay_address",
        ]);
        let mut providers = BTreeMap::new();
        let table = self.left.get_mut("discovery").and_then(Value::as_table_mut);
        let found = match table.and_then(|table| table.remove("providers")) {
            None => return providers,
            Some(Value::Table(found)) => found,
            Some(_) => {
                self.wrong(
                    "discovery.providers",
                    "has to be a table for each, as in [discovery.providers.\"dp.example\"]",
                );
                return providers;
            }
        };
        for (name, value) in found {
            let section = format!("discovery.providers.\"{name}\"");
            let domain = self.domain(&section, &name);
            let file: ProviderFile = match value.try_into() {
                Ok(file) => file,
                Err(error) => {
                    self.wrong(section.as_str(), error.message());
                    continue;
                }
            };
            let key = hex::decode(&file.key).ok().and_then(|octets| octets.try_into().ok()).map(PublicKey);
            if key.is_none() {
                self.wrong(
                    format!("{section}.key"),
                    "has to be 64 hexadecimal digits, as `mimi discovery serve` prints them",
                );
            }
            let relay = base(&file.relay);
            if relay.is_none() {
                self.wrong(
                    format!("{section}.relay"),
                    format!("{:?} is not https://HOST or https://HOST:PORT", file.relay),
                );
            }
            if let (Some(domain), Some(key), Some(relay)) = (domain, key, relay) {
                let (address, relay_address) = (file.address, file.relay_address);
                providers.insert(domain, DiscoveryProviderConfig { key, address, relay, relay_address });
            }
        }
        providers
    }
}

/// The day (UTC) of a date without a time.
fn day_of(date: &Datetime) -> Option<Day> {
    let (toml::value::Date { year, month, day }, None, None) = (date.date?, date.time, date.offset) else {
        return None;
    };
    // The year begins in March here, so that the day that not every year has is its last one.
    let (year, month) = if month < 3 { (u64::from(year).checked_sub(1)?, month + 9) } else { (year.into(), month - 3) };
    let day_of_year = (153 * u64::from(month) + 2) / 5 + u64::from(day) - 1;
    let since_year_0 = year * 365 + year / 4 - year / 100 + year / 400 + day_of_year;
    // From 1 March of the year 0 to 1970.
    since_year_0.checked_sub(719_468).map(Day)
}

/// The base of a relay's URLs, without anything after the port.
fn base(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let is_base = url.scheme() == "https"
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    is_base.then(|| url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{Day, day_of};

    #[test]
    fn days_are_counted_from_1970() {
        for (text, day) in [
            ("1970-01-01", Some(0)),
            ("2000-02-29", Some(11_016)),
            ("2000-03-01", Some(11_017)),
            ("2027-01-15", Some(20_833)),
            ("1969-12-31", None),
            ("2027-01-15T08:00:00Z", None),
            ("08:00:00", None),
        ] {
            assert_eq!(day_of(&text.parse().unwrap()), day.map(Day), "{text}");
        }
    }
}
