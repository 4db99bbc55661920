//! Changing the state of a room: draft-ietf-mimi-protocol-06 section 5.3.

use anyhow::Result;
use mimi_arch::revisions;
use serde_json::{Value, json};
use spec_vectors::BugType;

use super::builder::{Built, Case, FileBuilder, Rule};
use super::keys::octets;
use super::layout::{Part, Struct, opaque, optional, u8, u16, u64, vector};
use super::mls::{
    ALICE_CLIENT, BOB_CLIENT, CATHY, CATHY_CLIENT, CATHY_TABLET, Content, EPOCH, HUB, Sender, add, app_data_update,
    by_reference, by_value, commit, commit_decoded, external_init, group_info, group_info_decoded, key_package_message,
    participants_update, private_message, proposal_decoded, proposal_ref, public_message, remove, self_remove, tree_at,
    tree_at_service, tree_full, tree_out_of_band, welcome, welcome_decoded, welcome_message,
};
use super::rules::{
    NOT_A_PROPOSAL, NOT_UTF8, PRESENCE_INVALID, REPRESENTATION_UNKNOWN, URL_NOT_HTTPS, VERSION_UNKNOWN,
    WIRE_FORMAT_UNKNOWN,
};
use super::wire::{self, GROUP_TYPE, broken, replaced, valid};

const SECTION: &str = "draft-ietf-mimi-protocol-06 section 5.3";

const NOT_A_HANDSHAKE: Rule = Rule("not-a-handshake-in-the-clear", SECTION);
const SEVERAL_GROUPS: Rule = Rule("proposals-of-several-groups", SECTION);
const INFO_REPRESENTATION: Rule = Rule("group-info-representation-unknown", SECTION);
const TREE_INSIDE: Rule = Rule("tree-in-group-info", SECTION);
const TREE_IN_PARTIAL: Rule = Rule("tree-in-partial-group-info", "draft-mahy-mls-ratchet-tree-options-03 section 4");
const PRESENCE: Rule = Rule("tree-presence-unknown", "draft-mahy-mls-ratchet-tree-options-03 section 4");
const RESPONSE_CODE: Rule = Rule("update-response-code-unknown", SECTION);
const SENDER_TYPE: Rule = Rule("sender-type-unknown", "RFC 9420 section 6");
const CONTENT_TYPE: Rule = Rule("content-type-unknown", "RFC 9420 section 6");
const SENDER_CONTENT: Rule = Rule("sender-cannot-send-content", "RFC 9420 section 6");
const PROPOSAL_TYPE: Rule = Rule("proposal-type-unknown", "RFC 9420 section 12.1");
const PROPOSAL_OR_REF: Rule = Rule("proposal-or-ref-unknown", "RFC 9420 section 12.4");

/// Builds the files.
pub(crate) fn build() -> Result<Vec<Built>> {
    Ok(vec![request()?, response()?])
}

/// The commit by which Bob adds Cathy.
pub(crate) fn add_commit() -> Struct {
    let update = participants_update(&[], &[], &[(CATHY, 2)]);
    let content = commit(BOB_CLIENT, 1, [by_value(app_data_update(&update)), by_value(add(CATHY_CLIENT))]);
    public_message(EPOCH, Sender::Member(1), BOB_CLIENT, Content::Commit, content)
}

/// What a reader finds in [`add_commit`].
pub(crate) fn add_commit_decoded() -> Value {
    commit_decoded(EPOCH, "member 1", &["appDataUpdate", "add"])
}

/// The commit by which Cathy's second client joins.
pub(crate) fn external_commit() -> Struct {
    let content = commit(CATHY_TABLET, 2, [by_value(external_init())]);
    public_message(EPOCH, Sender::NewMemberCommit, CATHY_TABLET, Content::Commit, content)
}

/// What a reader finds in [`external_commit`].
pub(crate) fn external_commit_decoded() -> Value {
    commit_decoded(EPOCH, "new member", &["externalInit"])
}

/// The proposals by which Bob leaves: messages, the names of their senders, and of the proposals.
pub(crate) fn leave() -> [(Struct, Value); 3] {
    let proposal = |content: Part, name: &str| {
        let message = public_message(EPOCH, Sender::Member(1), BOB_CLIENT, Content::Proposal, content);
        let decoded = proposal_decoded(EPOCH, "member 1", name, &message);
        (message, decoded)
    };
    let update = participants_update(&[], &[1], &[]);
    [
        proposal(self_remove(), "selfRemove"),
        proposal(remove(3), "remove"),
        proposal(app_data_update(&update), "appDataUpdate"),
    ]
}

fn partial_info(presence: u8, extensions: impl IntoIterator<Item = Part>) -> Struct {
    let partial = Struct::new()
        .add("ratchet_tree_presence", u8(presence))
        .add("group_info_extensions", vector(extensions))
        .add("signature", opaque(&octets("group info signature", 64)));
    Struct::new().add("representation", u8(2)).add("partialGroupInfo", Part::Struct(partial))
}

fn partial_decoded(presence: &str, extensions: &[u16]) -> Value {
    json!({
        "representation": "partial", "ratchet_tree_presence": presence, "extensions": extensions,
        "signature": hex::encode(octets("group info signature", 64)),
    })
}

fn full_info(signer: &str, leaf: u32, with_tree: bool) -> Struct {
    Struct::new()
        .add("representation", u8(1))
        .add("groupInfo", Part::Struct(group_info(EPOCH + 1, signer, leaf, with_tree)))
}

fn full_decoded(leaf: u32) -> Value {
    json!({"representation": "full", "groupInfo": group_info_decoded(EPOCH + 1, leaf)})
}

/// What a reader finds in the ratchet tree options of this file.
pub(crate) fn tree_decoded(representation: &str) -> Value {
    let signature = hex::encode(octets("tree signature", 64));
    match representation {
        "full" => json!({"representation": "full", "nodes": 3, "members": 2}),
        "httpsUri" => {
            json!({"representation": "httpsUri", "ratchet_tree_url": "https://a.example/trees/1", "tree_signature": signature})
        }
        "outOfBand" => json!({"representation": "outOfBand", "tree_signature": signature}),
        other => json!({"representation": other}),
    }
}

fn bundle(commit: Struct, welcome: Option<Struct>, info: Struct, tree: Struct) -> Struct {
    Struct::new()
        .add("proposalOrCommit", Part::Struct(commit))
        .add("welcome", optional(welcome.map(Part::Struct)))
        .add("groupInfoOption", Part::Struct(info))
        .add("ratchetTreeOption", Part::Struct(tree))
}

fn proposals(first: Struct, more: impl IntoIterator<Item = Struct>) -> Struct {
    Struct::new()
        .add("proposalOrCommit", Part::Struct(first))
        .add("moreProposals", vector(more.into_iter().map(Part::Struct)))
}

fn request() -> Result<Built> {
    let usual = || bundle(add_commit(), Some(welcome(&[CATHY_CLIENT])), full_info(BOB_CLIENT, 1, false), tree_full());
    let decoded = |commit: Value, welcome: Value, info: Value, tree: Value| json!({"commit": commit, "welcome": welcome, "groupInfoOption": info, "ratchetTreeOption": tree});
    let one_welcome = || {
        let mut decoded = welcome_decoded(&[CATHY_CLIENT]);
        if let Some(fields) = decoded.as_object_mut() {
            fields.remove("wireFormat");
        }
        decoded
    };
    let [(first, first_decoded), (second, second_decoded), (third, third_decoded)] = leave();
    let committed: Vec<Part> = leave().iter().map(|(message, _)| by_reference(&proposal_ref(message))).collect();
    let commit_of_leave =
        public_message(EPOCH, Sender::Member(0), ALICE_CLIENT, Content::Commit, commit(ALICE_CLIENT, 0, committed));
    let hub_removes = public_message(EPOCH, Sender::External(0), HUB, Content::Proposal, remove(3));

    let mut cases = vec![
        valid(
            "a commit that adds a user, with everything in full",
            &usual(),
            decoded(add_commit_decoded(), one_welcome(), full_decoded(1), tree_decoded("full")),
        ),
        valid(
            "the same with a partial GroupInfo and the tree left to the hub",
            &bundle(add_commit(), Some(welcome(&[CATHY_CLIENT])), partial_info(0, []), tree_at_service()),
            decoded(
                add_commit_decoded(),
                one_welcome(),
                partial_decoded("no_ratchet_tree", &[]),
                tree_decoded("distributionService"),
            ),
        ),
        valid(
            "an external commit: no Welcome",
            &bundle(external_commit(), None, full_info(CATHY_TABLET, 2, false), tree_at_service()),
            decoded(external_commit_decoded(), Value::Null, full_decoded(2), tree_decoded("distributionService")),
        ),
        valid(
            "a commit that carries the proposals of a leave by reference",
            &bundle(commit_of_leave, None, partial_info(0, []), tree_out_of_band()),
            decoded(
                commit_decoded(EPOCH, "member 0", &["reference", "reference", "reference"]),
                Value::Null,
                partial_decoded("no_ratchet_tree", &[]),
                tree_decoded("outOfBand"),
            ),
        ),
        valid(
            "the tree at a URL",
            &bundle(external_commit(), None, partial_info(0, []), tree_at("https://a.example/trees/1")),
            decoded(
                external_commit_decoded(),
                Value::Null,
                partial_decoded("no_ratchet_tree", &[]),
                tree_decoded("httpsUri"),
            ),
        ),
        valid("one proposal", &proposals(first.clone(), []), json!({"proposals": [first_decoded]})),
        valid(
            "the proposals of a leave: SelfRemove, Remove of another device, the list change",
            &proposals(first.clone(), [second.clone(), third.clone()]),
            json!({"proposals": [first_decoded, second_decoded, third_decoded]}),
        ),
        valid(
            "a proposal of the hub as external sender",
            &proposals(hub_removes.clone(), []),
            json!({"proposals": [proposal_decoded(EPOCH, "external 0", "remove", &hub_removes)]}),
        ),
    ];
    for (presence, name) in [(1, "present"), (2, "removed"), (3, "added")] {
        let external_pub = Struct::new()
            .add("extension_type", u16(4))
            .add("extension_data", opaque(&opaque(&octets("external key", 32)).octets()));
        cases.push(valid(
            &format!("a partial GroupInfo with an extension; the tree extension is {name}"),
            &bundle(external_commit(), None, partial_info(presence, [Part::Struct(external_pub)]), tree_at_service()),
            decoded(
                external_commit_decoded(),
                Value::Null,
                partial_decoded(name, &[4]),
                tree_decoded("distributionService"),
            ),
        ));
    }
    cases.extend(wire::malformed(&usual(), "ratchetTreeOption/ratchet_tree", "proposalOrCommit/group_id")?);
    cases.extend(bad_commits(&usual())?);
    cases.extend(bad_options(&usual())?);
    cases.extend(bad_proposals(&first, &second)?);

    let file = FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "update-request", "UpdateRequest", "5.3")
        .header("The room is mimi://a.example/r/clubhouse; its protocol, MLS 1.0, is not on the wire.")
        .header("Public messages, GroupInfo and key packages are signed; tags, hashes and ciphertexts are arbitrary octets.")
        .note("Forbidden", BugType::MissingCheck, SECTION, "parts that may not stand together or in this place", Some("two implementations take different trees or proposals for the room's"));
    let file = wire::unknown_value_note(wire::valid_note(wire::notes(file), SECTION), SECTION);
    wire::wrong_kind_note(file, SECTION).group(GROUP_TYPE, cases).finish()
}

fn bad_commits(usual: &Struct) -> Result<Vec<Case>> {
    let at = |path: &str| format!("proposalOrCommit/{path}");
    let first = |comment: &str, message: Struct| {
        broken(
            comment,
            "WrongKind",
            NOT_A_HANDSHAKE,
            &Struct::new().add("proposalOrCommit", Part::Struct(message)),
            "proposalOrCommit",
        )
    };
    let mut by_external = usual.clone().replace(
        &at("sender"),
        Part::Struct(Struct::new().add("sender_type", u8(2)).add("sender_index", super::layout::u32(0))),
    );
    by_external = by_external.replace(&at("membership_tag"), super::layout::raw([]));
    Ok(vec![
        first(
            "a handshake as PrivateMessage, which the hub cannot read",
            private_message(EPOCH, Content::Commit, 200),
        )?,
        first("an application message", private_message(EPOCH, Content::Application, 200))?,
        first("a Welcome by itself", welcome_message(&[CATHY_CLIENT]))?,
        first("a key package", key_package_message(CATHY_CLIENT))?,
        first(
            "application data in a PublicMessage",
            public_message(EPOCH, Sender::Member(1), BOB_CLIENT, Content::Application, opaque(b"hello")),
        )?,
        replaced("MLS version 2", "UnknownValue", VERSION_UNKNOWN, usual, &at("version"), u16(2))?,
        replaced("wire format 0", "UnknownValue", WIRE_FORMAT_UNKNOWN, usual, &at("wire_format"), u16(0))?,
        replaced(
            "a wire format that is not defined",
            "UnknownValue",
            WIRE_FORMAT_UNKNOWN,
            usual,
            &at("wire_format"),
            u16(0x0a0a),
        )?,
        replaced("sender type 0", "UnknownValue", SENDER_TYPE, usual, &at("sender/sender_type"), u8(0))?,
        replaced("sender type 5", "UnknownValue", SENDER_TYPE, usual, &at("sender/sender_type"), u8(5))?,
        replaced("content type 0", "UnknownValue", CONTENT_TYPE, usual, &at("content_type"), u8(0))?,
        replaced("content type 4", "UnknownValue", CONTENT_TYPE, usual, &at("content_type"), u8(4))?,
        replaced(
            "a proposal type that is not defined",
            "UnknownValue",
            PROPOSAL_TYPE,
            usual,
            &at("content/proposals/0/proposal/proposal_type"),
            u16(0x0a0a),
        )?,
        replaced(
            "a commit's item that is neither proposal nor reference",
            "UnknownValue",
            PROPOSAL_OR_REF,
            usual,
            &at("content/proposals/0/type"),
            u8(0),
        )?,
        broken("a commit by an external sender", "Forbidden", SENDER_CONTENT, &by_external, &at("content_type"))?,
    ])
}

fn bad_options(usual: &Struct) -> Result<Vec<Case>> {
    let tree = |option: Struct| usual.clone().replace("ratchetTreeOption", Part::Struct(option));
    let info = |option: Struct| usual.clone().replace("groupInfoOption", Part::Struct(option));
    let extension =
        Struct::new().add("extension_type", u16(2)).add("extension_data", opaque(&super::mls::ratchet_tree().octets()));
    let with_tree = info(partial_info(0, [Part::Struct(extension)]));
    let mut cases = Vec::new();
    for value in [0, 5, 255] {
        cases.push(replaced(
            &format!("ratchet tree representation {value}"),
            "UnknownValue",
            REPRESENTATION_UNKNOWN,
            usual,
            "ratchetTreeOption/representation",
            u8(value),
        )?);
    }
    for value in [0, 3] {
        cases.push(replaced(
            &format!("group info representation {value}"),
            "UnknownValue",
            INFO_REPRESENTATION,
            usual,
            "groupInfoOption/representation",
            u8(value),
        )?);
    }
    for (url, comment) in [
        ("http://a.example/trees/1", "a tree over plain http"),
        ("", "an empty URL"),
        ("https://", "a URL without a host"),
    ] {
        cases.push(broken(
            comment,
            "Forbidden",
            URL_NOT_HTTPS,
            &tree(tree_at(url)),
            "ratchetTreeOption/ratchet_tree_url",
        )?);
    }
    cases.push(broken(
        "the ratchet tree inside the GroupInfo",
        "Forbidden",
        TREE_INSIDE,
        &info(full_info(BOB_CLIENT, 1, true)),
        "groupInfoOption/groupInfo",
    )?);
    cases.push(broken(
        "the ratchet tree inside the partial GroupInfo",
        "Forbidden",
        TREE_IN_PARTIAL,
        &with_tree,
        "groupInfoOption/partialGroupInfo/group_info_extensions",
    )?);
    cases.push(replaced(
        "ratchet tree presence 4",
        "UnknownValue",
        PRESENCE,
        &info(partial_info(0, [])),
        "groupInfoOption/partialGroupInfo/ratchet_tree_presence",
        u8(4),
    )?);
    cases.push(replaced(
        "the octet before the optional Welcome is 2",
        "Forbidden",
        PRESENCE_INVALID,
        usual,
        "welcome/presence",
        u8(2),
    )?);
    Ok(cases)
}

fn bad_proposals(first: &Struct, second: &Struct) -> Result<Vec<Case>> {
    let later = public_message(EPOCH + 1, Sender::Member(1), BOB_CLIENT, Content::Proposal, remove(3));
    let other_group = second.clone().replace("group_id", opaque(b"mimi://a.example/g/elsewhere"));
    let with = |comment: &str, flag: &str, rule: Rule, message: Struct| {
        broken(comment, flag, rule, &proposals(first.clone(), [message]), "moreProposals/0")
    };
    Ok(vec![
        with("a commit among the proposals", "WrongKind", NOT_A_PROPOSAL, add_commit())?,
        with(
            "a PrivateMessage among the proposals",
            "WrongKind",
            NOT_A_PROPOSAL,
            private_message(EPOCH, Content::Proposal, 100),
        )?,
        with("proposals of two epochs", "Forbidden", SEVERAL_GROUPS, later)?,
        with("proposals of two groups", "Forbidden", SEVERAL_GROUPS, other_group)?,
    ])
}

fn response() -> Result<Built> {
    const TIME: u64 = 1_767_225_600_123;
    let answer = |code: u8, text: &str, rest: Option<Part>| {
        let answer = Struct::new().add("responseCode", u8(code)).add("errorDescription", opaque(text.as_bytes()));
        match rest {
            Some(rest) => answer.add("rest", rest),
            None => answer,
        }
    };
    let success = answer(0, "", Some(u64(TIME)));
    let references = || vector([opaque(&octets("bad proposal 1", 32)), opaque(&octets("bad proposal 2", 32))]);
    let invalid = answer(3, "no such member", Some(references()));
    let listed = json!([hex::encode(octets("bad proposal 1", 32)), hex::encode(octets("bad proposal 2", 32))]);
    let mut cases = vec![
        valid(
            "success",
            &success,
            json!({"responseCode": "success", "errorDescription": "", "accepted_timestamp": TIME}),
        ),
        valid(
            "wrong epoch",
            &answer(1, "the group is in epoch 8", Some(u64(8))),
            json!({"responseCode": "wrongEpoch", "errorDescription": "the group is in epoch 8", "currentEpoch": 8}),
        ),
        valid(
            "not allowed",
            &answer(2, "gesch\u{fc}tzt", None),
            json!({"responseCode": "notAllowed", "errorDescription": "gesch\u{fc}tzt"}),
        ),
        valid(
            "two invalid proposals",
            &invalid,
            json!({"responseCode": "invalidProposal", "errorDescription": "no such member", "invalidProposals": listed}),
        ),
        valid(
            "an invalid proposal that is not named",
            &answer(3, "", Some(vector([]))),
            json!({"responseCode": "invalidProposal", "errorDescription": "", "invalidProposals": []}),
        ),
        valid(
            "the largest epoch",
            &answer(1, "", Some(u64(u64::MAX))),
            json!({"responseCode": "wrongEpoch", "errorDescription": "", "currentEpoch": u64::MAX}),
        ),
    ];
    cases.extend(wire::malformed(&success, "rest", "errorDescription")?);
    cases.push(replaced("response code 4", "UnknownValue", RESPONSE_CODE, &success, "responseCode", u8(4))?);
    cases.push(replaced("response code 255", "UnknownValue", RESPONSE_CODE, &success, "responseCode", u8(255))?);
    let text = answer(2, "", None).replace("errorDescription", opaque(b"ab\xc3"));
    let at = text.offset("errorDescription/content").unwrap_or_default() + 2;
    cases.push(
        Case::invalid("a description that is cut inside a character", "Forbidden", NOT_UTF8.at(at))
            .octets("encoded", &text.octets()),
    );
    let file =
        FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "update-room-response", "UpdateRoomResponse", "5.3")
            .header("`string` is read as opaque<V> that holds UTF-8.")
            .note("Forbidden", BugType::MissingCheck, SECTION, "text that is not UTF-8", None);
    let file = wire::unknown_value_note(wire::valid_note(wire::notes(file), SECTION), SECTION);
    file.group(GROUP_TYPE, cases).finish()
}
