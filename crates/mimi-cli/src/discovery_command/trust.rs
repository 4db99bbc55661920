//! The file of trusted issuers: who may say that a key speaks for an identifier, and for which ones.

use std::path::Path;

use anyhow::{Context, bail};
use mimi_discovery::{Anchors, CsiKind, PublicKey, record::Scope};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrustFile {
    #[serde(default)]
    issuers: Vec<Issuer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Issuer {
    domain: String,
    key: String,
    kind: Kind,
    /// Telephone numbers that begin so.
    prefix: Option<String>,
    /// Mail addresses and MIMI URIs of this domain.
    of: Option<String>,
}

/// The kinds of identifiers, as files name them.
#[derive(Clone, Copy, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Telephone numbers.
    Phone,
    /// Mail addresses.
    Mail,
    /// MIMI URIs.
    Mimi,
}

impl From<Kind> for CsiKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Phone => Self::E164,
            Kind::Mail => Self::MAIL,
            Kind::Mimi => Self::MIMI_URI,
        }
    }
}

/// Reads the file.
pub(crate) fn read(path: &Path) -> anyhow::Result<Anchors> {
    let text = std::fs::read_to_string(path).with_context(|| {
        format!("cannot read the trusted issuers in {}: `mimi discovery issuer-key` prints an entry", path.display())
    })?;
    anchors(&text).with_context(|| format!("{} is no file of trusted issuers", path.display()))
}

fn anchors(text: &str) -> anyhow::Result<Anchors> {
    let file: TrustFile = toml::from_str(text)?;
    let mut anchors = Anchors::default();
    for issuer in file.issuers {
        let scope = match (issuer.kind, issuer.prefix, issuer.of) {
            (_, None, None) => Scope::All,
            (Kind::Phone, Some(prefix), None) => Scope::Prefix(prefix),
            (Kind::Mail | Kind::Mimi, None, Some(of)) => Scope::Domain(super::domain(&of)?),
            _ => bail!("{}: `prefix` is for kind = \"phone\", `of` for the others", issuer.domain),
        };
        anchors.trust(super::domain(&issuer.domain)?, public_key(&issuer.key)?, issuer.kind.into(), scope);
    }
    Ok(anchors)
}

/// A key as it stands in files.
pub(crate) fn public_key(text: &str) -> anyhow::Result<PublicKey> {
    let octets = hex::decode(text.trim()).ok().and_then(|octets| octets.try_into().ok());
    octets.map(PublicKey).with_context(|| format!("{text:?} is no key of 64 hexadecimal digits"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn a_scope_fits_the_kind() {
        let key = "00".repeat(32);
        let issuer = |more: &str| format!("[[issuers]]\ndomain = \"carrier.example\"\nkey = \"{key}\"\n{more}");
        anchors(&issuer("kind = \"phone\"\nprefix = \"+1\"")).unwrap();
        anchors(&issuer("kind = \"mail\"\nof = \"example.com\"")).unwrap();
        anchors(&issuer("kind = \"mimi\"")).unwrap();
        assert!(anchors(&issuer("kind = \"phone\"\nof = \"example.com\"")).is_err());
        assert!(anchors(&issuer("kind = \"fax\"")).is_err());
        assert!(anchors("[[issuers]]\ndomain = \"x\"").is_err());
        anchors("").unwrap();
    }
}
