//! Sealed entries, the prefix directory and the challenge of tokens (profile sections 5, 13 and 15).

use anyhow::{Context, Result};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use sha2::{Digest, Sha256};
use spec_vectors::BugType;

use super::super::builder::{Built, Case, Rule};
use super::super::keys::{Key, octets, octets32};
use super::super::layout::{Part, Struct, opaque, raw, u8, u16, u64, vector};
use super::{Csi, NOW, NUMBER, OTHER_NUMBER, entry, file, prf, section, sign};

const SEALED: &str = "discovery profile 0 section 5";
const DIRECTORY: &str = "discovery profile 0 section 15";

pub(super) fn build() -> Result<Vec<Built>> {
    Ok(vec![sealed()?, directory()?, challenge()?])
}

/// Seals a plaintext as it is.
fn seal(csi: Csi, capability: &[u8; 32], nonce: &[u8], plaintext: &[u8]) -> Result<Struct> {
    let key = prf(capability, "SealedEntries", &[&csi.key()]);
    let cipher = ChaCha20Poly1305::new_from_slice(&key).ok().context("key")?;
    let payload = Payload { msg: plaintext, aad: &csi.key() };
    let ciphertext = cipher.encrypt(Nonce::from_slice(nonce), payload).ok().context("cipher")?;
    Ok(Struct::new().add("nonce", raw(nonce)).add("ciphertext", opaque(&ciphertext)))
}

fn padded(entries: Vec<Part>, to: usize) -> Vec<u8> {
    let mut plaintext = vector(entries).octets();
    plaintext.resize(to, 0);
    plaintext
}

fn sealed() -> Result<Built> {
    let capability = octets32("capability");
    let nonce = octets("nonce", 12);
    let given = |case: Case, csi: Csi, capability: &[u8; 32], sealed: &Struct| {
        case.octets("encoded", &sealed.octets()).octets("csi", &csi.layout().octets()).octets("capability", capability)
    };
    let one = seal(NUMBER, &capability, &nonce, &padded(vec![entry("b.example", 0, 0, &[])], 128))?;
    let long: Vec<Part> = (0..9).map(|n| entry(&format!("m{n}.example"), n, 0, &["soccer"])).collect();
    let nine = seal(NUMBER, &capability, &nonce, &padded(long, 256))?;
    let mut dirty = padded(vec![entry("b.example", 0, 0, &[])], 128);
    if let Some(last) = dirty.last_mut() {
        *last = 1;
    }
    let dirty = seal(NUMBER, &capability, &nonce, &dirty)?;
    let more = seal(NUMBER, &capability, &nonce, &padded(vec![entry("b.example", 0, 0, &[])], 256))?;
    let at = vector([entry("b.example", 0, 0, &[])]).octets().len();
    let bad = |comment: &str, rule: &'static str, sealed: &Struct| {
        given(Case::invalid(comment, "Padding", Rule(rule, SEALED).at(at)), NUMBER, &capability, sealed)
    };
    let cases = vec![
        given(Case::valid("one entry", "Valid"), NUMBER, &capability, &one).with("providers", vec!["b.example"]),
        given(Case::valid("nine entries", "Valid"), NUMBER, &capability, &nine)
            .with("providers", (0..9).map(|n| format!("m{n}.example")).collect::<Vec<_>>()),
        given(Case::valid("another capability opens nothing", "Other"), NUMBER, &octets32("another"), &one)
            .with("providers", serde_json::Value::Null),
        given(Case::valid("for another identifier", "Other"), OTHER_NUMBER, &capability, &one)
            .with("providers", serde_json::Value::Null),
        bad("the padding is not zero", "sealed-padding-not-zero", &dirty),
        bad("more padding than to the next 128 octets", "padding-too-long", &more),
    ];
    file("sealed-entries", "SealedEntries", "5")
        .header("providers are those of the entries, null when the capability does not open them. The nonce is fixed here alone.")
        .note("Valid", BugType::Basic, SEALED, "entries that open", None)
        .note("Other", BugType::AuthenticationBypass, SEALED, "entries for another capability or identifier", Some("who is not meant reads them"))
        .note("Padding", BugType::Malleability, SEALED, "padding that is not in its one form", None)
        .group("SealedOpen", cases)
        .finish()
}

fn directory() -> Result<Built> {
    let listed = |name: &str| {
        Part::Struct(Struct::new().add("domain", opaque(name.as_bytes())).add("key", raw(Key::of(name).public())))
    };
    let range = |kind: u16, of: &str, providers: &[&str]| {
        let providers = vector(providers.iter().map(|name| listed(name)));
        Part::Struct(Struct::new().add("kind", u16(kind)).add("of", opaque(of.as_bytes())).add("providers", providers))
    };
    let signed = |number: u64, ranges: Vec<Part>, key: &Key| {
        let content = Struct::new()
            .add("root", opaque(b"root.example"))
            .add("number", u64(number))
            .add("not_before", u64(NOW - 10))
            .add("not_after", u64(NOW + 1000))
            .add("ranges", vector(ranges));
        let signature = sign(key, "PrefixDirectory", &content);
        content.add("signature", raw(signature))
    };
    let root = Key::of("root.example");
    let ranges = || {
        vec![
            range(1, "+1", &["na.example"]),
            range(1, "+1212", &["ny.example", "ny2.example"]),
            range(2, "", &["mail.example"]),
            range(2, "corp.example", &["corp-dp.example"]),
        ]
    };
    let given = |case: Case, directory: &Struct, csi: Csi| {
        case.octets("encoded", &directory.octets())
            .octets("csi", &csi.layout().octets())
            .with("now", NOW)
            .with("seen", 3)
            .with("provider", "root.example")
            .octets("publicKey", &root.public())
    };
    let found = |comment: &str, csi: Csi, providers: &[&str]| {
        given(Case::valid(comment, "Valid"), &signed(3, ranges(), &root), csi).with("providers", providers.to_vec())
    };
    let bad = |comment: &str, flag: &str, rule: &'static str, directory: Struct| {
        given(Case::invalid(comment, flag, Rule(rule, DIRECTORY).nowhere()), &directory, NUMBER)
    };
    let twice = signed(3, vec![range(1, "+1", &["a.example"]), range(1, "+1", &["b.example"])], &root);
    let none = signed(3, vec![range(1, "+1", &[])], &root);
    let malformed = |comment: &str, rule: &'static str, directory: &Struct, path: &str| {
        let error = Rule(rule, DIRECTORY).at(directory.offset(path).unwrap_or_default());
        given(Case::invalid(comment, "Malformed", error), directory, NUMBER)
    };
    let cases = vec![
        found("the longest range", NUMBER, &["ny.example", "ny2.example"]),
        found("a shorter range", Csi(1, "+14155552671"), &["na.example"]),
        found("no range", Csi(1, "+4930901820"), &[]),
        found("the range of a domain", Csi(2, "bob@corp.example"), &["corp-dp.example"]),
        found("a domain below is another one", Csi(2, "bob@sub.corp.example"), &["mail.example"]),
        bad("signed by somebody else", "Refused", "signature", signed(3, ranges(), &Key::of("Mallory"))),
        bad("before one that was seen", "Refused", "rolled-back", signed(2, ranges(), &root)),
        malformed("a range twice", "ranges-not-sorted", &twice, "ranges"),
        malformed("a range without providers", "providers-count", &none, "ranges/0"),
        malformed("the number 0", "directory-zero", &signed(0, ranges(), &root), "number"),
    ];
    file("prefix-directory", "PrefixDirectory", "15")
        .header("providers are those of the identifier csi.")
        .note("Valid", BugType::Basic, DIRECTORY, "who has an identifier", None)
        .note(
            "Refused",
            BugType::MissingCheck,
            DIRECTORY,
            "a directory that does not count",
            Some("askers are sent to another provider"),
        )
        .note("Malformed", BugType::Malleability, DIRECTORY, "a directory that is not in its one form", None)
        .group("DirectoryResolve", cases)
        .finish()
}

fn challenge() -> Result<Built> {
    let case = |comment: &str, dp: &str, msp: &str, day: u64| {
        let context = prf(&[0; 32], "TokenChallenge", &[&day.to_be_bytes()]);
        let length = |text: &str| u16(u16::try_from(text.len()).unwrap_or(u16::MAX));
        let challenge = Struct::new()
            .add("token_type", u16(5))
            .add("issuer_length", length(msp))
            .add("issuer_name", raw(msp.as_bytes()))
            .add("context_length", u8(32))
            .add("redemption_context", raw(context))
            .add("origin_length", length(dp))
            .add("origin_info", raw(dp.as_bytes()));
        Case::valid(comment, "Valid")
            .with("provider", dp)
            .with("issuer", msp)
            .with("day", day)
            .octets("encoded", &challenge.octets())
            .octets("digest", &Sha256::digest(challenge.octets()))
    };
    let cases = vec![
        case("a day", "dp.example", "a.example", NOW / 86_400),
        case("the next day", "dp.example", "a.example", NOW / 86_400 + 1),
        case("another discovery provider", "dp2.example", "a.example", NOW / 86_400),
        case("another messaging provider", "dp.example", "b.example", NOW / 86_400),
    ];
    file("token-challenge", "TokenChallenge", "13")
        .note(
            "Valid",
            BugType::Basic,
            &section("13"),
            "the challenge that both sides make, and its digest in tokens",
            None,
        )
        .group("TokenChallenge", cases)
        .finish()
}
