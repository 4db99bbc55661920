//! The file of trusted issuers: who may say that a key speaks for an identifier, and for which ones.

use std::path::Path;

use anyhow::{Context, anyhow};
use mimi_discovery::{Anchors, CsiKind, PublicKey, record::Scope};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrustFile {
    #[serde(default)]
    issuers: Vec<toml::Value>,
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
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, clap::ValueEnum)]
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
    anchors(&text)
        .map_err(|problems| anyhow!("{} is no file of trusted issuers:\n  {}", path.display(), problems.join("\n  ")))
}

/// Reads the text of the file.
///
/// # Errors
/// Everything that is wrong with it, a sentence each.
pub(super) fn anchors(text: &str) -> Result<Anchors, Vec<String>> {
    let file: TrustFile = toml::from_str(text).map_err(|error| vec![error.to_string().trim_end().to_owned()])?;
    let mut anchors = Anchors::default();
    let mut problems = Vec::new();
    for (number, value) in (1_usize..).zip(file.issuers) {
        let issuer: Issuer = match value.try_into() {
            Ok(issuer) => issuer,
            Err(error) => {
                problems.push(format!("issuer {number}: {}", error.message()));
                continue;
            }
        };
        let scope = match (issuer.kind, issuer.prefix, issuer.of) {
            (_, None, None) => Ok(Scope::All),
            (Kind::Phone, Some(prefix), None) => Ok(Scope::Prefix(prefix)),
            (Kind::Mail | Kind::Mimi, None, Some(of)) => super::domain(&of).map(Scope::Domain),
            _ => Err(anyhow!("`prefix` is for kind = \"phone\", `of` for the others")),
        };
        let mut wrong = |error: anyhow::Error| problems.push(format!("issuer {number}: {error}"));
        let domain = super::domain(&issuer.domain).map_err(&mut wrong).ok();
        let key = public_key(&issuer.key).map_err(&mut wrong).ok();
        let scope = scope.map_err(&mut wrong).ok();
        if let (Some(domain), Some(key), Some(scope)) = (domain, key, scope) {
            anchors.trust(domain, key, issuer.kind.into(), scope);
        }
    }
    if problems.is_empty() { Ok(anchors) } else { Err(problems) }
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
        let all =
            format!("{}\n{}", issuer("kind = \"fax\""), issuer("kind = \"mail\"\nof = \"-\"").replace(&key, "00"));
        let problems = anchors(&all).unwrap_err();
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(problems[0].starts_with("issuer 1: ") && problems[1].starts_with("issuer 2: "), "{problems:?}");
        anchors("").unwrap();
    }
}
