//! Fetching key material: draft-ietf-mimi-protocol-06 section 5.2.

use anyhow::Result;
use mimi_arch::revisions;
use serde_json::{Value, json};
use spec_vectors::BugType;

use super::builder::{Built, Case, FileBuilder, Rule};
use super::keys::Key;
use super::layout::{Part, Struct, opaque, optional, raw, u8, u16, u16s, vector};
use super::mls::{
    ALICE, ALICE_CLIENT, BOB, BOB_CLIENT, ROOM, SUITE, capabilities, capabilities_decoded, credential, key_package,
    key_package_decoded, required_capabilities,
};
use super::rules::{NOT_UTF8, PRESENCE_INVALID, SIGNATURE_INVALID, SUITE_UNSUPPORTED, VERSION_UNKNOWN};
use super::wire::{self, GROUP_TYPE, broken, replaced, valid};

const SECTION: &str = "draft-ietf-mimi-protocol-06 section 5.2";
const LABEL: &str = "KeyMaterialRequestTBS";

const NO_SUITE: Rule = Rule("no-cipher-suite", SECTION);
const REQUESTER_EMPTY: Rule = Rule("requesting-user-empty", SECTION);
const TARGET_EMPTY: Rule = Rule("target-user-empty", SECTION);
const USER_CODE: Rule = Rule("user-code-unknown", SECTION);
const CLIENT_CODE: Rule = Rule("client-code-unknown", SECTION);
const CLIENTS_NOT_ALLOWED: Rule = Rule("clients-not-allowed", SECTION);
const CREDENTIAL_TYPE: Rule = Rule("credential-type-unknown", "RFC 9420 section 5.3");
const LEAF_SOURCE: Rule = Rule("leaf-not-of-key-package", "RFC 9420 section 10");

/// Builds the files.
pub(crate) fn build() -> Result<Vec<Built>> {
    Ok(vec![request()?, response()?])
}

fn tbs(room: &str, suites: &[u16]) -> Struct {
    Struct::new()
        .add("protocol", u8(1))
        .add("requestingUser", opaque(ALICE.as_bytes()))
        .add("targetUser", opaque(BOB.as_bytes()))
        .add("roomId", opaque(room.as_bytes()))
        .add("acceptableCiphersuites", u16s(suites))
        .add("requiredCapabilities", Part::Struct(required_capabilities()))
        .add("requesterSignatureKey", opaque(&Key::of(ALICE_CLIENT).public()))
        .add("requesterCredential", Part::Struct(credential(ALICE_CLIENT)))
}

fn sign(tbs: Struct, key: &Key, label: &str) -> Struct {
    let signature = key.sign(label, &tbs.octets());
    tbs.add("key_material_request_signature", opaque(&signature))
}

fn signed(tbs: Struct) -> Struct {
    sign(tbs, &Key::of(ALICE_CLIENT), LABEL)
}

fn decoded(room: &str, suites: &[u16], required: Value, message: &Struct) -> Value {
    let octets = message.octets();
    let signature = octets.get(octets.len() - 64..).unwrap_or_default();
    json!({
        "protocol": "mls10",
        "requestingUser": ALICE,
        "targetUser": BOB,
        "roomId": room,
        "acceptableCiphersuites": suites,
        "requiredCapabilities": required,
        "requesterSignatureKey": hex::encode(Key::of(ALICE_CLIENT).public()),
        "requesterCredential": {"basic": ALICE_CLIENT},
        "key_material_request_signature": hex::encode(signature),
    })
}

fn request() -> Result<Built> {
    let required = json!({"extensionTypes": [6], "proposalTypes": [8, 10], "credentialTypes": []});
    let usual = signed(tbs(ROOM, &[SUITE]));
    let two_suites = signed(tbs(ROOM, &[2, SUITE]));
    let no_room = signed(tbs("", &[SUITE]));
    let nothing = Struct::new()
        .add("extension_types", u16s(&[]))
        .add("proposal_types", u16s(&[]))
        .add("credential_types", u16s(&[]));
    let requires_nothing = signed(tbs(ROOM, &[SUITE]).replace("requiredCapabilities", Part::Struct(nothing)));
    let none = json!({"extensionTypes": [], "proposalTypes": [], "credentialTypes": []});

    let mut cases = vec![
        valid("a request for a room", &usual, decoded(ROOM, &[SUITE], required.clone(), &usual)),
        valid("nothing is required", &requires_nothing, decoded(ROOM, &[SUITE], none, &requires_nothing)),
        valid("no room, because nobody is to be added to one", &no_room, decoded("", &[SUITE], required, &no_room)),
    ];
    cases.push(
        Case::acceptable(
            "two cipher suites with different signature schemes; the draft does not say which one the signature is made with, we take the first that is supported",
            "Undecided",
        )
        .octets("encoded", &two_suites.octets()),
    );
    cases.extend(wire::malformed(&usual, "key_material_request_signature", "targetUser")?);
    cases.extend(wire::unknown_protocols(&usual)?);
    cases.push(replaced(
        "no acceptable cipher suite",
        "Forbidden",
        NO_SUITE,
        &usual,
        "acceptableCiphersuites",
        u16s(&[]),
    )?);
    cases.push(replaced("no requesting user", "Forbidden", REQUESTER_EMPTY, &usual, "requestingUser", opaque(&[]))?);
    cases.push(replaced("no target user", "Forbidden", TARGET_EMPTY, &usual, "targetUser", opaque(&[]))?);
    let text = usual.clone().replace("roomId", opaque(b"mimi://a.example/r/\xff"));
    let at = text.offset("roomId/content").unwrap_or_default() + 19;
    cases.push(
        Case::invalid("an identifier that is not UTF-8", "Forbidden", NOT_UTF8.at(at))
            .octets("encoded", &text.octets()),
    );
    let odd = usual.clone().replace("acceptableCiphersuites", vector([u16(SUITE), u8(0)]));
    let at = odd.offset("acceptableCiphersuites/1").unwrap_or_default();
    cases.push(
        Case::invalid("half a cipher suite at the end of the list", "Truncated", super::rules::TRUNCATED.at(at))
            .octets("encoded", &odd.octets()),
    );
    cases.push(replaced(
        "a credential of a type that is not defined",
        "UnknownValue",
        CREDENTIAL_TYPE,
        &usual,
        "requesterCredential/credential_type",
        u16(0x0a0a),
    )?);
    let forged = |comment: &str, message: &Struct| {
        Case::invalid(comment, "Signature", SIGNATURE_INVALID.nowhere()).octets("encoded", &message.octets())
    };
    cases.push(forged("signed with another key", &sign(tbs(ROOM, &[SUITE]), &Key::of(BOB_CLIENT), LABEL)));
    cases.push(forged(
        "signed with another label",
        &sign(tbs(ROOM, &[SUITE]), &Key::of(ALICE_CLIENT), "KeyMaterialRequest"),
    ));
    cases.push(forged(
        "the room was changed after signing",
        &usual.clone().replace("roomId", opaque(b"mimi://a.example/r/clubhousf")),
    ));
    cases.push(forged(
        "the target was changed after signing",
        &usual.clone().replace("targetUser", opaque(b"mimi://b.example/u/bop")),
    ));
    let other = signed(tbs(ROOM, &[2]));
    cases.push(
        Case::invalid(
            "only a cipher suite whose signature scheme is not Ed25519, but an Ed25519 signature",
            "Signature",
            SUITE_UNSUPPORTED.nowhere(),
        )
        .octets("encoded", &other.octets()),
    );

    let file = FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "key-material-request", "KeyMaterialRequest", "5.2")
        .header("Alice's client asks for key material of Bob. A test passes if decoding and verifying the signature give the result.")
        .note("Forbidden", BugType::MissingCheck, SECTION, "values that the draft does not allow together or at all", None)
        .note("Undecided", BugType::Disagreement, SECTION, "the draft can be read in more than one way", None)
        .note("Signature", BugType::AuthenticationBypass, SECTION, "the signature does not hold", Some("anyone claims key packages in another user's name, until none are left"));
    let file = wire::unknown_value_note(wire::valid_note(wire::notes(file), SECTION), SECTION);
    file.group(GROUP_TYPE, cases).finish()
}

fn client(status: u8, uri: &str, rest: Option<Part>) -> Part {
    let client = Struct::new().add("clientStatus", u8(status)).add("clientUri", opaque(uri.as_bytes()));
    Part::Struct(match rest {
        Some(rest) => client.add("rest", rest),
        None => client,
    })
}

fn body(status: u8, clients: impl IntoIterator<Item = Part>) -> Struct {
    Struct::new()
        .add("protocol", u8(1))
        .add("userStatus", u8(status))
        .add("userUri", opaque(BOB.as_bytes()))
        .add("clients", vector(clients))
}

fn body_decoded(status: &str, clients: Value) -> Value {
    json!({"protocol": "mls10", "userStatus": status, "userUri": BOB, "clients": clients})
}

fn response() -> Result<Built> {
    const SECOND: &str = "mimi://b.example/d/bob/ClientB2";
    const THIRD: &str = "mimi://b.example/d/bob/ClientB3";
    let success = |uri| client(0, uri, Some(Part::Struct(key_package(uri))));
    let success_decoded =
        |uri| json!({"clientStatus": "success", "clientUri": uri, "keyPackage": key_package_decoded(uri)});
    let exhausted_decoded = |uri| json!({"clientStatus": "keyMaterialExhausted", "clientUri": uri});
    let incompatible = |uri, with: bool| client(2, uri, Some(optional(with.then(|| Part::Struct(capabilities())))));
    let incompatible_decoded = |uri, with: bool| {
        let capabilities = if with { capabilities_decoded() } else { Value::Null };
        json!({"clientStatus": "nothingCompatible", "clientUri": uri, "clientCapabilities": capabilities})
    };
    let one = body(0, [success(BOB_CLIENT)]);
    let two = body(0, [success(BOB_CLIENT), success(SECOND)]);
    let partial = body(1, [success(BOB_CLIENT), client(1, SECOND, None), incompatible(THIRD, true)]);
    let nothing = body(3, [incompatible(BOB_CLIENT, false), incompatible(SECOND, true)]);
    let mut cases = vec![
        valid("one client", &one, body_decoded("success", json!([success_decoded(BOB_CLIENT)]))),
        valid(
            "two clients",
            &two,
            body_decoded("success", json!([success_decoded(BOB_CLIENT), success_decoded(SECOND)])),
        ),
        valid(
            "one client of each code",
            &partial,
            body_decoded(
                "partialSuccess",
                json!([success_decoded(BOB_CLIENT), exhausted_decoded(SECOND), incompatible_decoded(THIRD, true)]),
            ),
        ),
        valid(
            "nothing compatible, clients listed",
            &nothing,
            body_decoded(
                "noCompatibleMaterial",
                json!([incompatible_decoded(BOB_CLIENT, false), incompatible_decoded(SECOND, true)]),
            ),
        ),
    ];
    let codes = [
        (2, "incompatibleProtocol"),
        (3, "noCompatibleMaterial"),
        (4, "userUnknown"),
        (5, "noConsent"),
        (6, "noConsentForThisRoom"),
        (7, "userDeleted"),
    ];
    for (code, name) in codes {
        cases.push(valid(&format!("{name}, no clients"), &body(code, []), body_decoded(name, json!([]))));
    }
    cases.extend(wire::malformed(&one, "clients", "userUri")?);
    cases.extend(wire::unknown_protocols(&one)?);
    cases.push(replaced("user code 8", "UnknownValue", USER_CODE, &one, "userStatus", u8(8))?);
    cases.push(replaced("user code 255", "UnknownValue", USER_CODE, &one, "userStatus", u8(255))?);
    cases.push(replaced("client code 3", "UnknownValue", CLIENT_CODE, &one, "clients/0/clientStatus", u8(3))?);
    for (code, name) in codes.into_iter().filter(|(code, _)| *code != 3) {
        let message = body(code, [client(1, BOB_CLIENT, None)]);
        cases.push(broken(&format!("{name} with a client"), "Forbidden", CLIENTS_NOT_ALLOWED, &message, "clients")?);
    }
    let presence = body(3, [client(2, BOB_CLIENT, Some(u8(2)))]);
    cases.push(broken(
        "the octet before optional capabilities is 2",
        "Forbidden",
        PRESENCE_INVALID,
        &presence,
        "clients/0/rest",
    )?);
    cases.push(replaced(
        "a key package of another MLS version",
        "UnknownValue",
        VERSION_UNKNOWN,
        &one,
        "clients/0/rest/version",
        u16(2),
    )?);
    let path = "clients/0/rest/leaf_node";
    let update = one
        .clone()
        .replace(&format!("{path}/source"), u8(2))
        .replace(&format!("{path}/not_before"), raw([]))
        .replace(&format!("{path}/not_after"), raw([]));
    cases.push(broken(
        "a key package whose leaf node was made for an update",
        "WrongKind",
        LEAF_SOURCE,
        &update,
        path,
    )?);

    let file = FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "key-material-response", "KeyMaterialResponse", "5.2")
        .header("The key packages are well formed and rightly signed; they are valid for a hundred years, so that the vectors do not expire. clientCapabilities is null where the optional value is absent.")
        .note("Forbidden", BugType::MissingCheck, SECTION, "values that the draft does not allow together or at all", Some("a client is added although its user was not to be reached"));
    let file = wire::unknown_value_note(wire::valid_note(wire::notes(file), SECTION), SECTION);
    wire::wrong_kind_note(file, "RFC 9420 section 10").group(GROUP_TYPE, cases).finish()
}
