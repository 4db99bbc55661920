//! Consent: draft-ietf-mimi-protocol-06 sections 5.7 and 8.

mod states;

use anyhow::Result;
use mimi_arch::revisions;
use serde_json::{Value, json};
use spec_vectors::BugType;

use super::builder::{Built, Case, FileBuilder, Rule};
use super::layout::{Part, Struct, opaque, optional, u8, u16, vector};
use super::mls::{ALICE, BOB, BOB_CLIENT, CATHY_CLIENT, PARTICIPANT_LIST, ROOM, key_package, key_package_decoded};
use super::rules::{NOT_UTF8, PRESENCE_INVALID, TRAILING, TRUNCATED};
use super::wire::{self, GROUP_TYPE, broken, replaced, valid};

const SECTION: &str = "draft-ietf-mimi-protocol-06 section 5.7";

const OPERATION_UNKNOWN: Rule = Rule("consent-operation-unknown", SECTION);
const REQUESTER_INVALID: Rule = Rule("consent-requester-not-a-user", SECTION);
const TARGET_INVALID: Rule = Rule("consent-target-not-a-user", SECTION);
const ROOM_INVALID: Rule = Rule("consent-room-not-a-room", SECTION);
const NOT_SORTED: Rule = Rule("components-not-sorted", "draft-ietf-mls-extensions section 4.6");

const OTHER_ENDPOINT: Rule = Rule("operation-of-other-endpoint", SECTION);
const TARGET_NOT_OF_RECEIVER: Rule = Rule("target-not-of-receiver", SECTION);
const REQUESTER_NOT_OF_SENDER: Rule = Rule("requester-not-of-sender", SECTION);
const REQUESTER_NOT_OF_RECEIVER: Rule = Rule("requester-not-of-receiver", SECTION);
const TARGET_NOT_OF_SENDER: Rule = Rule("target-not-of-sender", SECTION);
const KEY_PACKAGE_NOT_OF_TARGET: Rule = Rule("key-package-not-of-target", SECTION);
const PATH: Rule = Rule("path-not-of-receiving-user", SECTION);

const NAMES: [&str; 4] = ["cancel", "request", "grant", "revoke"];
const CANCEL: u8 = 0;
const REQUEST: u8 = 1;
const GRANT: u8 = 2;
const REVOKE: u8 = 3;

/// Builds the files.
pub(crate) fn build() -> Result<Vec<Built>> {
    Ok(vec![entry()?, endpoint()?, states::build()?])
}

/// An entry about Alice, who asks, and Bob. Only a grant has a list of key packages.
fn message(operation: u8, room: Option<&str>, clients: &[&str], extensions: &[(u16, &[u8])]) -> Struct {
    let mut entry = Struct::new()
        .add("consentOperation", u8(operation))
        .add("requesterUri", opaque(ALICE.as_bytes()))
        .add("targetUri", opaque(BOB.as_bytes()))
        .add("roomId", optional(room.map(|room| opaque(room.as_bytes()))));
    if operation == GRANT {
        let packages = clients.iter().map(|client| Part::Struct(key_package(client)));
        entry = entry.add("clientKeyPackages", vector(packages));
    }
    let components = extensions
        .iter()
        .map(|(id, data)| Part::Struct(Struct::new().add("component_id", u16(*id)).add("data", opaque(data))));
    entry.add("consent_extensions", vector(components))
}

fn decoded(operation: u8, room: Option<&str>, clients: &[&str], extensions: &[(u16, &[u8])]) -> Value {
    let extensions: Value =
        extensions.iter().map(|(id, data)| json!({"component_id": id, "data": hex::encode(data)})).collect();
    let mut value = json!({
        "consentOperation": NAMES.get(usize::from(operation)), "requesterUri": ALICE, "targetUri": BOB, "roomId": room,
        "consent_extensions": extensions,
    });
    if let (GRANT, Some(object)) = (operation, value.as_object_mut()) {
        let packages: Value = clients.iter().map(|client| key_package_decoded(client)).collect();
        object.insert("clientKeyPackages".to_owned(), packages);
    }
    value
}

fn entry() -> Result<Built> {
    const EXTENSIONS: &[(u16, &[u8])] = &[(PARTICIPANT_LIST, b""), (0xf00d, b"unknown")];
    let of = |comment: &str, operation, room, clients: &[&str], extensions: &[(u16, &[u8])]| {
        valid(comment, &message(operation, room, clients, extensions), decoded(operation, room, clients, extensions))
    };
    let spelt = message(REQUEST, None, &[], &[])
        .replace("requesterUri", opaque(b"mimi://A.example/u/%61lice"))
        .replace("roomId", optional(Some(opaque(b"mimi://a.Example/r/clubhouse"))));
    let usual = message(GRANT, Some(ROOM), &[BOB_CLIENT], EXTENSIONS);
    let mut cases = vec![
        of("a request for any room", REQUEST, None, &[], &[]),
        of("a request for one room", REQUEST, Some(ROOM), &[], &[]),
        of("a request is taken back", CANCEL, None, &[], &[]),
        of("a request for one room is taken back", CANCEL, Some(ROOM), &[], &[]),
        of("a grant without key packages", GRANT, None, &[], &[]),
        of("a grant with a key package", GRANT, Some(ROOM), &[BOB_CLIENT], &[]),
        of(
            "a grant with two key packages; whose they are is no matter of the encoding",
            GRANT,
            None,
            &[BOB_CLIENT, CATHY_CLIENT],
            &[],
        ),
        of("a revocation", REVOKE, None, &[], &[]),
        of("a revocation for one room", REVOKE, Some(ROOM), &[], &[]),
        of("extensions, one of them unknown", REQUEST, None, &[], EXTENSIONS),
        valid(
            "URIs that are not in their normal form keep their octets",
            &spelt,
            decoded(REQUEST, Some(ROOM), &[], &[]),
        ),
    ];
    cases.extend(wire::malformed(&usual, "consent_extensions", "targetUri")?);
    for value in [4, 255] {
        let comment = format!("consent operation {value}");
        cases.push(replaced(&comment, "UnknownValue", OPERATION_UNKNOWN, &usual, "consentOperation", u8(value))?);
    }
    for (path, rule, others) in [
        ("requesterUri", REQUESTER_INVALID, ["", "alice", "mimi://a.example/d/alice/ClientA1"]),
        ("targetUri", TARGET_INVALID, ["", "mimi://b.example", ROOM]),
    ] {
        for other in others {
            let comment = format!("{path} is \"{other}\"");
            cases.push(replaced(&comment, "Forbidden", rule, &usual, path, opaque(other.as_bytes()))?);
        }
    }
    for other in ["", ALICE, "mimi://a.example/g/clubhouse"] {
        let comment = format!("there is a room and it is \"{other}\"");
        cases.push(replaced(&comment, "Forbidden", ROOM_INVALID, &usual, "roomId/value", opaque(other.as_bytes()))?);
    }
    let text = usual.clone().replace("requesterUri", opaque(b"mimi://a.example/u/\xff"));
    let at = text.offset("requesterUri/content").unwrap_or_default() + 19;
    cases.push(
        Case::invalid("a user that is not UTF-8", "Forbidden", NOT_UTF8.at(at)).octets("encoded", &text.octets()),
    );
    cases.push(replaced("presence octet 2", "Presence", PRESENCE_INVALID, &usual, "roomId/presence", u8(2))?);
    cases.push(broken(
        "a component twice in the extensions",
        "Forbidden",
        NOT_SORTED,
        &message(REQUEST, None, &[], &[(7, b"a"), (7, b"b")]),
        "consent_extensions",
    )?);
    cases.push(broken(
        "extensions that are not sorted by component",
        "Forbidden",
        NOT_SORTED,
        &message(REQUEST, None, &[], &[(8, b""), (7, b"")]),
        "consent_extensions",
    )?);
    for operation in [CANCEL, REQUEST, REVOKE] {
        let with_list = message(GRANT, None, &[], &[]).replace("consentOperation", u8(operation));
        let comment = format!("a list of key packages where there is none, operation {operation}");
        cases.push(broken(&comment, "Trailing", TRAILING, &with_list, "consent_extensions")?);
    }
    let without_list = message(REVOKE, None, &[], &[]).replace("consentOperation", u8(GRANT));
    let at = without_list.octets().len();
    cases.push(
        Case::invalid("a grant without the list of key packages", "Truncated", TRUNCATED.at(at))
            .octets("encoded", &without_list.octets()),
    );
    let file = FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "consent-entry", "ConsentEntry", "5.7")
        .header("The body of requestConsent and updateConsent. decoded gives users and room in their normal form.")
        .header("The type RoomId is not defined in the draft; it is read as an IdentifierUri.")
        .note(
            "Forbidden",
            BugType::MissingCheck,
            SECTION,
            "fields that the draft does not allow",
            Some("consent is recorded for somebody or something else"),
        )
        .note("Presence", BugType::Malleability, "RFC 9420 section 2.1.1", "a presence octet other than 0 and 1", None);
    let file = wire::unknown_value_note(file, SECTION);
    wire::valid_note(wire::notes(file), SECTION).group(GROUP_TYPE, cases).finish()
}

/// Who sent an entry to whom, and how.
#[derive(Clone, Copy)]
struct Call {
    endpoint: &'static str,
    sender: &'static [&'static str],
    receiver: &'static [&'static str],
    path: &'static str,
}

fn endpoint() -> Result<Built> {
    const ASK: Call =
        Call { endpoint: "requestConsent", sender: &["a.example"], receiver: &["b.example"], path: "b.example" };
    const TELL: Call =
        Call { endpoint: "updateConsent", sender: &["b.example"], receiver: &["a.example"], path: "a.example" };
    let fields = |case: Case, call: Call, message: &Struct| {
        case.with("endpoint", call.endpoint)
            .with("senderDomains", call.sender.to_vec())
            .with("receiverDomains", call.receiver.to_vec())
            .with("value", call.path)
            .octets("encoded", &message.octets())
    };
    let good = |comment: &str, call: Call, operation: u8, room: Option<&str>, clients: &[&str]| {
        fields(Case::valid(comment, "Valid"), call, &message(operation, room, clients, &[])).with("status", 201)
    };
    let bad = |comment: &str, rule: Rule, call: Call, operation: u8, clients: &[&str]| {
        fields(Case::invalid(comment, "Forbidden", rule.nowhere()), call, &message(operation, None, clients, &[]))
    };
    let unknown = |comment: &str, call: Call, operation: u8, reveals: bool, status: u16| {
        fields(Case::valid(comment, "UnknownUser"), call, &message(operation, None, &[], &[]))
            .with("revealsUnknownUsers", reveals)
            .with("status", status)
    };
    let hub: &[&str] = &["c.example"];
    let cases = vec![
        good("a request", ASK, REQUEST, None, &[]),
        good("a request for a room of another provider", ASK, REQUEST, Some("mimi://c.example/r/garden"), &[]),
        good("a cancellation, although nothing was requested", ASK, CANCEL, None, &[]),
        good("a grant, although nothing was requested", TELL, GRANT, None, &[]),
        good("a grant with a key package", TELL, GRANT, None, &[BOB_CLIENT]),
        good("a denial, although nothing was requested", TELL, REVOKE, Some(ROOM), &[]),
        good("a sender with several domains", Call { sender: &["z.example", "a.example"], ..ASK }, REQUEST, None, &[]),
        good(
            "a receiver with several domains",
            Call { receiver: &["z.example", "a.example"], ..TELL },
            REVOKE,
            None,
            &[],
        ),
        good("the path names the user, as in section 5.1", Call { path: BOB, ..ASK }, REQUEST, None, &[]),
        good("the path names the requester at updateConsent", Call { path: ALICE, ..TELL }, REVOKE, None, &[]),
        unknown("the target does not exist, and that may be known", ASK, REQUEST, true, 404),
        unknown("the target does not exist, and that is kept secret", ASK, REQUEST, false, 201),
        unknown("the target of a cancellation does not exist", ASK, CANCEL, true, 404),
        unknown("the requester does not exist, and that may be known", TELL, GRANT, true, 404),
        unknown("the requester does not exist, and that is kept secret", TELL, REVOKE, false, 201),
        bad("a grant at requestConsent", OTHER_ENDPOINT, ASK, GRANT, &[]),
        bad("a revocation at requestConsent", OTHER_ENDPOINT, ASK, REVOKE, &[]),
        bad("a request at updateConsent", OTHER_ENDPOINT, TELL, REQUEST, &[]),
        bad("a cancellation at updateConsent", OTHER_ENDPOINT, TELL, CANCEL, &[]),
        bad("a request through a third provider", REQUESTER_NOT_OF_SENDER, Call { sender: hub, ..ASK }, REQUEST, &[]),
        bad(
            "a cancellation in the name of another's user",
            REQUESTER_NOT_OF_SENDER,
            Call { sender: hub, ..ASK },
            CANCEL,
            &[],
        ),
        bad("a request to a third provider", TARGET_NOT_OF_RECEIVER, Call { receiver: hub, ..ASK }, REQUEST, &[]),
        bad(
            "a request from the target's provider to the requester's",
            TARGET_NOT_OF_RECEIVER,
            Call { endpoint: "requestConsent", path: "b.example", ..TELL },
            REQUEST,
            &[],
        ),
        bad("a grant in the name of another's user", TARGET_NOT_OF_SENDER, Call { sender: hub, ..TELL }, GRANT, &[]),
        bad(
            "a revocation in the name of another's user",
            TARGET_NOT_OF_SENDER,
            Call { sender: hub, ..TELL },
            REVOKE,
            &[],
        ),
        bad("a grant to a third provider", REQUESTER_NOT_OF_RECEIVER, Call { receiver: hub, ..TELL }, GRANT, &[]),
        bad(
            "a grant from the requester's provider to the target's",
            REQUESTER_NOT_OF_RECEIVER,
            Call { endpoint: "updateConsent", path: "a.example", ..ASK },
            GRANT,
            &[],
        ),
        bad(
            "a grant with a key package of somebody else",
            KEY_PACKAGE_NOT_OF_TARGET,
            TELL,
            GRANT,
            &[BOB_CLIENT, CATHY_CLIENT],
        ),
        bad(
            "a grant with a key package of another provider's client of the same name",
            KEY_PACKAGE_NOT_OF_TARGET,
            TELL,
            GRANT,
            &["mimi://c.example/d/bob/ClientB1"],
        ),
        bad(
            "a grant with a key package whose client names no user",
            KEY_PACKAGE_NOT_OF_TARGET,
            TELL,
            GRANT,
            &["mimi://b.example/d/ClientB1"],
        ),
        bad("the path names another domain", PATH, Call { path: "c.example", ..ASK }, REQUEST, &[]),
        bad("the path names the other user", PATH, Call { path: ALICE, ..ASK }, REQUEST, &[]),
        bad(
            "the path names another user of the domain",
            PATH,
            Call { path: "mimi://a.example/u/alicia", ..TELL },
            REVOKE,
            &[],
        ),
    ];
    FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "consent-endpoint", "ConsentEndpoint", "5.7")
        .header("Who may send which entry to whom. value is what stands in the path; status is what is answered.")
        .header("Where revealsUnknownUsers is given the receiving provider does not have its user of the entry, otherwise it does and nothing is kept yet.")
        .note("Valid", BugType::Basic, SECTION, "an entry on its right way", None)
        .note("UnknownUser", BugType::Disagreement, SECTION, "the receiving provider does not have the user", Some("who has an account somewhere is told to whoever asks"))
        .note("Forbidden", BugType::AuthenticationBypass, SECTION, "an entry from or to the wrong provider, or with what is not the sender's to give", Some("a provider speaks for users of another one"))
        .group("ConsentEndpoint", cases)
        .finish()
}
