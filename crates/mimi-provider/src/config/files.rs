//! Whether the files that a configuration names can be used.

use std::path::Path;

use mimi_ds::store::{SqliteStore, StoreError};

use super::{Config, SettingProblem};
use crate::tls::{TlsError, TlsIdentity};

/// All problems of the files.
pub(super) fn check(config: &Config) -> Vec<SettingProblem> {
    let mut problems = Vec::new();
    check_tls(config, &mut problems);
    check_database(&config.database, &mut problems);
    problems
}

fn check_tls(config: &Config, problems: &mut Vec<SettingProblem>) {
    let mut unreadable = false;
    for (setting, path) in [
        ("tls.certificate", &config.tls.certificate),
        ("tls.key", &config.tls.key),
        ("tls.authorities", &config.tls.authorities),
    ] {
        if let Err(error) = std::fs::File::open(path) {
            problems.push(SettingProblem::new(setting, format!("cannot read {}: {error}", path.display())));
            unreadable = true;
        }
    }
    if unreadable {
        return;
    }
    let identity = TlsIdentity::from_files(&config.tls.certificate, &config.tls.key, &config.tls.authorities);
    if let Err(error) = identity.and_then(|identity| identity.check(&config.domain).map(drop)) {
        let setting = match &error {
            TlsError::Pem { what, .. } | TlsError::NoCertificate { what } => setting_of(config, what),
            TlsError::OtherDomain { .. } | TlsError::Validity(_) => "tls.certificate",
            TlsError::Verifier(_) => "tls.authorities",
            _ => "tls",
        };
        problems.push(SettingProblem::new(setting, error.to_string()));
    }
}

fn setting_of(config: &Config, what: &str) -> &'static str {
    let is = |path: &Path| path.display().to_string() == what;
    if is(&config.tls.certificate) {
        "tls.certificate"
    } else if is(&config.tls.key) {
        "tls.key"
    } else {
        "tls.authorities"
    }
}

fn check_database(path: &Path, problems: &mut Vec<SettingProblem>) {
    let problem = if path.exists() {
        match SqliteStore::open_read_only(path) {
            // An older one is brought up to date when the provider starts.
            Err(StoreError::SchemaVersion { found, known }) if found < known => None,
            opened => opened.err().map(|error| error.to_string()),
        }
    } else {
        match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
                Some(format!("there is no folder {}", folder.display()))
            }
            _ => None,
        }
    };
    if let Some(problem) = problem {
        problems.push(SettingProblem::new("database", format!("{}: {problem}", path.display())));
    }
}
