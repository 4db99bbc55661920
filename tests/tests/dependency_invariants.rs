//! What the crates of the workspace depend on, and on purpose do not: the invariants of the architecture, over what cargo says.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::LazyLock;

use serde_json::Value;

/// Crates that others take without the rest: they build without tokio and without an MLS library.
const WIRE_CRATES: [&str; 5] = ["mimi-arch", "mimi-content", "mimi-room-policy", "mimi-protocol", "mimi-discovery"];

/// Licences that permit every use, as SPDX names them.
const PERMISSIVE: [&str; 16] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "BlueOak-1.0.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
];

/// Packages with another licence, and why that is all right.
const LICENCE_EXCEPTIONS: [(&str, &str, &str); 4] = [
    ("hpke-rs", "MPL-2.0", "comes with OpenMLS; binds only changes of its own files, and we change none"),
    ("hpke-rs-crypto", "MPL-2.0", "part of hpke-rs"),
    ("hpke-rs-libcrux", "MPL-2.0", "part of hpke-rs"),
    ("hpke-rs-rust-crypto", "MPL-2.0", "part of hpke-rs"),
];

/// One package of the resolved graph.
struct Package {
    name: String,
    licence: Option<String>,
    source: Option<String>,
    is_ours: bool,
    /// Root files of libraries and binaries.
    roots: Vec<String>,
    /// Packages that it is built from: normal and build dependencies, by package ID.
    built_from: Vec<String>,
    /// Development dependencies, by package ID.
    tested_with: Vec<String>,
}

static PACKAGES: LazyLock<BTreeMap<String, Package>> = LazyLock::new(packages);

/// Runs cargo in the workspace without the network, and with it only if that does not do.
fn cargo(arguments: &[&str]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let run = |more: &[&str]| -> Output {
        Command::new(env!("CARGO")).args(arguments).args(more).current_dir(root).output().unwrap()
    };
    let mut output = run(&["--offline", "--locked"]);
    if !output.status.success() {
        output = run(&["--locked"]);
    }
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The platform that we run on: packages for others need not be on the disk.
fn host() -> String {
    let compiler = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let output = Command::new(compiler).arg("-vV").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

fn packages() -> BTreeMap<String, Package> {
    let text = cargo(&["metadata", "--format-version", "1", "--filter-platform", &host()]);
    let metadata: Value = serde_json::from_str(&text).unwrap();
    let ours: BTreeSet<&str> = list(&metadata["workspace_members"]).iter().map(|id| id.as_str().unwrap()).collect();
    let mut packages = BTreeMap::new();
    for package in list(&metadata["packages"]) {
        let id = package["id"].as_str().unwrap();
        let is_root = |target: &&Value| {
            list(&target["kind"]).iter().any(|kind| ["lib", "bin", "proc-macro"].contains(&kind.as_str().unwrap()))
        };
        let roots = list(&package["targets"]).iter().filter(is_root);
        packages.insert(
            id.to_owned(),
            Package {
                name: package["name"].as_str().unwrap().to_owned(),
                licence: package["license"].as_str().map(str::to_owned),
                source: package["source"].as_str().map(str::to_owned),
                is_ours: ours.contains(id),
                roots: roots.map(|target| target["src_path"].as_str().unwrap().to_owned()).collect(),
                built_from: Vec::new(),
                tested_with: Vec::new(),
            },
        );
    }
    for node in list(&metadata["resolve"]["nodes"]) {
        let package = packages.get_mut(node["id"].as_str().unwrap()).unwrap();
        for dependency in list(&node["deps"]) {
            let id = dependency["pkg"].as_str().unwrap();
            for kind in list(&dependency["dep_kinds"]) {
                let into = if kind["kind"] == "dev" { &mut package.tested_with } else { &mut package.built_from };
                into.push(id.to_owned());
            }
        }
    }
    packages
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn ours() -> impl Iterator<Item = &'static Package> {
    PACKAGES.values().filter(|package| package.is_ours)
}

fn named(name: &str) -> Option<&'static Package> {
    ours().find(|package| package.name == name)
}

/// Names of everything that a package is built from, near and far, without going through the package named `stop`.
fn closure(package: &Package, stop: Option<&str>) -> BTreeSet<&'static str> {
    let mut names = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut pending: Vec<&str> = package.built_from.iter().map(String::as_str).collect();
    while let Some(id) = pending.pop() {
        let next = &PACKAGES[id];
        if !seen.insert(id.to_owned()) || stop == Some(next.name.as_str()) {
            continue;
        }
        names.insert(next.name.as_str());
        pending.extend(next.built_from.iter().map(String::as_str));
    }
    names
}

/// The same, and what its own tests are built with.
fn closure_with_tests(package: &Package) -> BTreeSet<&'static str> {
    let mut names = closure(package, None);
    for id in &package.tested_with {
        names.insert(PACKAGES[id].name.as_str());
        names.extend(closure(&PACKAGES[id], None));
    }
    names
}

#[test]
fn a_hub_cannot_read_messages_because_mimi_ds_does_not_know_their_content() {
    // req: AR02-2-15
    let names = closure_with_tests(named("mimi-ds").unwrap());
    assert!(!names.contains("mimi-content"), "mimi-ds depends on mimi-content");
}

#[test]
fn the_conformance_suite_does_not_grade_itself() {
    let names = closure_with_tests(named("mimi-conformance").unwrap());
    for provider_side in ["mimi-ds", "mimi-provider"] {
        assert!(!names.contains(provider_side), "mimi-conformance depends on {provider_side}");
    }
}

#[test]
fn mimi_arch_depends_on_none_of_ours() {
    let names = closure_with_tests(named("mimi-arch").unwrap());
    let found: Vec<_> = ours().filter(|package| names.contains(package.name.as_str())).map(|p| &p.name).collect();
    assert!(found.is_empty(), "mimi-arch depends on {found:?}");
}

#[test]
fn only_mimi_cli_brings_provider_and_conformance_together() {
    for package in ours().filter(|package| package.name != "mimi-cli") {
        // What has both because it has mimi-cli has them by way of it.
        let names = closure(package, Some("mimi-cli"));
        let both = names.contains("mimi-provider") && names.contains("mimi-conformance");
        assert!(!both, "{} depends on both mimi-provider and mimi-conformance", package.name);
    }
    let names = closure(named("mimi-cli").unwrap(), None);
    assert!(names.contains("mimi-provider") && names.contains("mimi-conformance"));
}

/// Names of what one package alone is built from: in the metadata features are united over the workspace.
fn tree_alone(package: &Package, features: &[&str]) -> BTreeSet<String> {
    let arguments = [&["tree", "-p", package.name.as_str(), "-e", "normal", "--prefix", "none"], features].concat();
    cargo(&arguments).lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn the_wire_crates_build_without_tokio_and_without_openmls() {
    for package in WIRE_CRATES.into_iter().filter_map(named) {
        for dependency in tree_alone(package, &["--no-default-features"]) {
            let is_absent = dependency != "tokio" && !dependency.starts_with("openmls");
            assert!(is_absent, "{} depends on {dependency}", package.name);
        }
    }
}

#[test]
fn mimi_ds_leaves_sockets_to_the_provider() {
    let names = tree_alone(named("mimi-ds").unwrap(), &[]);
    for runtime in ["hyper", "reqwest", "rustls", "tonic"] {
        assert!(!names.contains(runtime), "mimi-ds depends on {runtime}");
    }
}

#[test]
fn every_crate_of_ours_forbids_unsafe_code() {
    let mut lacking = Vec::new();
    for package in ours() {
        for root in &package.roots {
            let text = std::fs::read_to_string(root).unwrap();
            if !text.contains("#![forbid(unsafe_code)]") {
                lacking.push(root);
            }
        }
    }
    assert!(lacking.is_empty(), "#![forbid(unsafe_code)] is missing in {lacking:#?}");
}

#[test]
fn everything_comes_from_crates_io_so_that_the_workspace_can_be_vendored() {
    for package in PACKAGES.values().filter(|package| !package.is_ours) {
        let source = package.source.as_deref().unwrap_or("a path");
        assert!(
            source.starts_with("registry+") || source.starts_with("sparse+"),
            "{} comes from {source}",
            package.name
        );
    }
}

#[test]
fn every_licence_is_permissive_but_for_the_listed_exceptions() {
    let mut used = BTreeSet::new();
    let mut refused = Vec::new();
    for package in PACKAGES.values() {
        let licence = package.licence.as_deref().unwrap_or("no licence field");
        let exception =
            LICENCE_EXCEPTIONS.iter().find(|(name, expression, _)| *name == package.name && *expression == licence);
        match exception {
            Some((name, ..)) => {
                used.insert(*name);
            }
            None if is_permissive(licence) => {}
            None => refused.push(format!("{}: {licence}", package.name)),
        }
    }
    assert!(refused.is_empty(), "not permissive: {refused:#?}");
    let stale: Vec<_> = LICENCE_EXCEPTIONS.iter().filter(|(name, ..)| !used.contains(name)).collect();
    assert!(stale.is_empty(), "exceptions that nothing needs any more: {stale:?}");
}

#[test]
fn licence_expressions_are_read_as_spdx_means_them() {
    for expression in
        ["MIT", "MIT OR GPL-3.0", "MIT/Apache-2.0", "(MIT OR Apache-2.0) AND Unicode-3.0", "GPL-2.0 OR (MIT AND ISC)"]
    {
        assert!(is_permissive(expression), "{expression}");
    }
    for expression in
        ["GPL-3.0", "MIT AND GPL-3.0", "LGPL-2.1 OR AGPL-3.0", "(MIT AND MPL-2.0) OR GPL-3.0", "", "no licence field"]
    {
        assert!(!is_permissive(expression), "{expression}");
    }
}

/// Whether an SPDX expression lets one choose permissive licences only. AND binds tighter than OR.
fn is_permissive(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    let permissive = any_of(&mut words);
    permissive && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any_of(words: &mut Words<'_>) -> bool {
    let mut permissive = all_of(words);
    while words.next_if_eq(&"OR").is_some() {
        permissive |= all_of(words);
    }
    permissive
}

fn all_of(words: &mut Words<'_>) -> bool {
    let mut permissive = one_of(words);
    while words.next_if_eq(&"AND").is_some() {
        permissive &= one_of(words);
    }
    permissive
}

fn one_of(words: &mut Words<'_>) -> bool {
    if words.next_if_eq(&"(").is_some() {
        let permissive = any_of(words);
        return words.next_if_eq(&")").is_some() && permissive;
    }
    let mut licence = words.next().unwrap_or_default().to_owned();
    if words.next_if_eq(&"WITH").is_some() {
        licence = format!("{licence} WITH {}", words.next().unwrap_or_default());
    }
    PERMISSIVE.contains(&licence.as_str())
}
