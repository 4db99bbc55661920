//! Seeds for the fuzz targets over mimi-protocol and mimi-arch: one valid vector of each form, and one value of each type that has no
//! vectors of its own.

#[path = "../../../fuzz/laws/types.rs"]
mod types;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::Value;
use spec_vectors::{Outcome, TestCase};

use super::builder::Built;
use super::{layout, mls};

/// Most seeds of one type.
const MOST: usize = 8;

/// Where the seeds are; whatever else is there is stale.
pub(crate) const FOLDERS: [&str; 4] =
    ["fuzz/corpus/protocol", "fuzz/corpus/uris", "fuzz/corpus/directory", "fuzz/corpus/http"];

/// A seed: its path from the root, and its octets.
pub(crate) type Seed = (String, Vec<u8>);

/// Seeds of all targets.
pub(crate) fn build(files: &[Built]) -> Result<Vec<Seed>> {
    let mut seeds = Vec::new();
    let mut requests = Vec::new();
    for Built { path, file } in files {
        for (name, octets) in one_of_each_form(file.tests().map(|(_, test)| test)) {
            if let Some(endpoint) = endpoint_of(&file.r#type) {
                requests.push((format!("{}-{name}", file.r#type), request(endpoint, &octets)));
            }
            seeds.extend(seed(&file.r#type, &name, &octets));
        }
        match path.as_str() {
            "mimi-arch/identity-05/uris.json" => seeds.extend(text_seeds("uris", "uri", file, 40)),
            "mimi-protocol/draft-06/host-from.json" => seeds.extend(text_seeds("uris", "value", file, 20)),
            "mimi-protocol/draft-06/proxy-download.json" => seeds.extend(text_seeds("uris", "url", file, 20)),
            "mimi-protocol/draft-06/directory.json" => seeds.extend(text_seeds("directory", "document", file, 20)),
            _ => {}
        }
    }
    for (r#type, octets) in parts()? {
        seeds.extend(seed(r#type, "part", &octets));
    }
    requests.push(("directory".to_owned(), head("GET", "/.well-known/mimi-protocol-directory")));
    seeds.extend(requests.into_iter().map(|(name, octets)| (format!("fuzz/corpus/http/{name}"), octets)));
    for (name, text) in [
        ("template", "https://a.example/v1/update/{roomId}"),
        ("bracket", "https://a.example/~1?/uhttps://aamdat/;Idmoro]"),
        ("template-casing", "Https://A.example/~2/update/v1{roomId}"),
        ("media-type", "text/plain;charset=utf-8"),
    ] {
        seeds.push((format!("fuzz/corpus/uris/{name}"), text.into()));
    }
    Ok(seeds)
}

/// A seed of the target `protocol`, if it knows the type.
fn seed(r#type: &str, name: &str, octets: &[u8]) -> Option<Seed> {
    let number = types::TYPES.iter().position(|known| *known == r#type)?;
    let number = u8::try_from(number).ok()?;
    Some((format!("fuzz/corpus/protocol/{type}-{name}"), [&[number], octets].concat()))
}

/// The first valid vectors whose decoded values have members that no earlier one had.
fn one_of_each_form<'a>(tests: impl Iterator<Item = &'a TestCase>) -> Vec<(String, Vec<u8>)> {
    let mut forms = BTreeSet::new();
    let mut found = Vec::new();
    for test in tests.filter(|test| test.result == Outcome::Valid) {
        let (Some(decoded), Some(octets)) = (test.fields.get("decoded"), test.octets("encoded")) else { continue };
        let mut form = BTreeSet::new();
        collect(decoded, &mut form);
        if found.len() < MOST && octets.len() < 8192 && forms.insert(form) {
            found.push((test.tc_id.to_string(), octets));
        }
    }
    found
}

/// Names of all members.
fn collect(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                names.insert(name.clone());
                collect(value, names);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        _ => {}
    }
}

fn text_seeds(target: &str, field: &str, file: &spec_vectors::VectorFile, most: usize) -> Vec<Seed> {
    let texts = file.tests().filter_map(|(_, test)| Some((test.tc_id, test.text(field)?)));
    let distinct: BTreeMap<&str, u32> = texts.map(|(number, text)| (text, number)).collect();
    let mut seeds: Vec<Seed> = distinct
        .into_iter()
        .filter(|(text, _)| text.len() < 512)
        .map(|(text, number)| (format!("fuzz/corpus/{target}/{field}-{number}"), text.into()))
        .collect();
    seeds.sort();
    seeds.truncate(most);
    seeds
}

/// Values that stand inside others only.
fn parts() -> Result<Vec<(&'static str, Vec<u8>)>> {
    let context = mls::group_context(7);
    let dictionary = layout::vector([layout::u16(0x0022), layout::opaque(&mls::participants(&[]).octets())]);
    let alice = mls::credential("mimi://a.example/d/alice/ClientA1");
    let receiver = layout::raw(alice.octets());
    let commit = mls::commit("mimi://a.example/d/alice/ClientA1", 0, [mls::by_value(mls::self_remove())]);
    Ok(vec![
        ("MLSMessage", mls::key_package_message("mimi://b.example/d/bob/ClientB1").octets()),
        ("KeyPackage", mls::key_package("mimi://b.example/d/bob/ClientB1").octets()),
        ("Welcome", mls::welcome(&["mimi://b.example/d/bob/ClientB1"]).octets()),
        ("GroupInfo", mls::group_info(7, "mimi://a.example/d/alice/ClientA1", 0, false).octets()),
        ("GroupContext", context.octets()),
        ("ratchet_tree", mls::ratchet_tree().octets()),
        ("Credential", mls::credential("mimi://a.example/d/alice/ClientA1").octets()),
        ("Capabilities", mls::capabilities().octets()),
        ("RequiredCapabilities", mls::required_capabilities().octets()),
        ("Proposal", mls::add("mimi://b.example/d/bob/ClientB1").octets()),
        ("Commit", commit.octets()),
        ("AppDataDictionary", dictionary.octets()),
        ("Extensions", context.part("extensions").context("a group context has extensions")?.octets()),
        ("Frank", mls::frank().octets()),
        ("RatchetTreeOption", mls::tree_full().octets()),
        ("PartialGroupInfo", vec![0, 0, 0]),
        ("PreSharedKeyID", vec![1, 1, b'a', 1, b'b']),
        ("AppEphemeral", vec![0, 0x22, 1, 0]),
        ("ExternalSenders", vec![0]),
        ("MediaType", b"\x0atext/plain\0".to_vec()),
        ("Uri", b"\x10mimi://a.example".to_vec()),
        ("SemiPrivateMessage", semi_private_message()),
        ("external_receivers", layout::vector([layout::opaque(b"key"), receiver]).octets()),
        ("PseudonymousCredential", b"\x17mimi://a.example/d/p7/x\x15mimi://a.example/u/p7\x01a\x01b".to_vec()),
        ("IdentityLinkTBE", [b"\x01s".as_slice(), &alice.octets()].concat()),
        ("SealedRing", [b"\x01g".as_slice(), &7_u64.to_be_bytes(), b"\x01n\x01c"].concat()),
        ("LinkKeyRing", [b"\x22\x01h".as_slice(), &[7; 32]].concat()),
    ])
}

/// A handshake that a hub can read.
fn semi_private_message() -> Vec<u8> {
    let key = layout::raw([layout::opaque(b"reference").octets(), vec![1, b'k', 1, b'c']].concat());
    [
        layout::opaque(b"group").octets(),
        layout::u64(7).octets(),
        layout::u8(3).octets(),
        layout::opaque(b"").octets(),
        layout::opaque(&[8; 32]).octets(),
        layout::vector([key]).octets(),
        layout::opaque(&[9; 32]).octets(),
        layout::opaque(&[10; 28]).octets(),
        layout::opaque(&[11; 40]).octets(),
    ]
    .concat()
}

/// Endpoint and value in the path for the body of a request.
fn endpoint_of(r#type: &str) -> Option<(&'static str, &'static str)> {
    const ROOM: &str = "mimi%3A%2F%2Fa.example%2Fr%2Fclubhouse";
    Some(match r#type {
        "KeyMaterialRequest" => ("keyMaterial", "mimi%3A%2F%2Fb.example%2Fu%2Fbob"),
        "UpdateRequest" => ("update", ROOM),
        "SubmitMessageRequest" => ("submitMessage", ROOM),
        "FanoutMessage" => ("notify", ROOM),
        "GroupInfoRequest" => ("groupInfo", ROOM),
        "AbuseReport" => ("reportAbuse", ROOM),
        "ConsentEntry" => ("requestConsent", "b.example"),
        "IdentifierRequest" => ("identifierQuery", "a.example"),
        _ => return None,
    })
}

fn head(method: &str, path: &str) -> Vec<u8> {
    format!("{method} {path}\r\nhost: a.example\r\nfrom: mimi@b.example\r\n\r\n").into()
}

fn request((endpoint, value): (&str, &str), body: &[u8]) -> Vec<u8> {
    [head("POST", &format!("/mimi/v1/{endpoint}/{value}")).as_slice(), body].concat()
}
