//! Fanning out: draft-ietf-mimi-protocol-06 section 5.5.

use anyhow::Result;
use mimi_arch::revisions;
use serde_json::{Value, json};
use spec_vectors::BugType;

use super::builder::{Built, Case, FileBuilder, Rule};
use super::layout::{Part, Struct, opaque, optional, u8, u16, u64, vector};
use super::mls::{
    ALICE_CLIENT, CATHY_CLIENT, Content, EPOCH, HUB, Sender, frank, frank_decoded, key_package_message,
    private_decoded, private_message, proposal_decoded, public_message, remove, tree_at_service, tree_full,
    welcome_decoded, welcome_message,
};
use super::rules::{NOT_A_PROPOSAL, PRESENCE_INVALID, REPRESENTATION_UNKNOWN, TRUNCATED, WIRE_FORMAT_UNKNOWN};
use super::update::{add_commit, add_commit_decoded, external_commit, external_commit_decoded, leave, tree_decoded};
use super::wire::{self, GROUP_TYPE, broken, replaced, valid};

const SECTION: &str = "draft-ietf-mimi-protocol-06 section 5.5";
const TIME: u64 = 1_767_225_600_789;

const NOT_FANNED_OUT: Rule = Rule("not-fanned-out", SECTION);
const NOT_APPLICATION: Rule = Rule("not-an-application-message", "draft-ietf-mimi-protocol-06 section 5.4");
const COMMIT_NOT_EXTERNAL: Rule = Rule("commit-not-external", SECTION);
const STAPLED_EPOCH: Rule = Rule("stapled-not-of-next-epoch", SECTION);
const STAPLED_SENDER: Rule = Rule("stapled-not-external", SECTION);
const NOTHING: Rule = Rule("nothing-to-notify", SECTION);
const SEVERAL_GROUPS: Rule = Rule("proposals-of-several-groups", "draft-ietf-mimi-protocol-06 section 5.3");

fn fanout(message: Struct, name: &str, rest: Part) -> Struct {
    Struct::new().add("timestamp", u64(TIME)).add("message", Part::Struct(message)).add(name, rest)
}

fn list(messages: impl IntoIterator<Item = Struct>) -> Part {
    vector(messages.into_iter().map(Part::Struct))
}

/// Builds the file.
pub(crate) fn build() -> Result<Built> {
    let application = fanout(private_message(EPOCH, Content::Application, 180), "frank", optional(None));
    let franked =
        fanout(private_message(EPOCH, Content::Application, 180), "frank", optional(Some(Part::Struct(frank()))));
    let welcome = fanout(welcome_message(&[CATHY_CLIENT]), "ratchetTreeOption", Part::Struct(tree_full()));
    let welcome_short = fanout(welcome_message(&[CATHY_CLIENT]), "ratchetTreeOption", Part::Struct(tree_at_service()));
    let [(first, first_decoded), (second, second_decoded), (third, third_decoded)] = leave();
    let proposals = fanout(first.clone(), "moreProposals", list([second.clone(), third]));
    let commit = fanout(add_commit(), "externalProposals", list([]));
    let hub_removes = |epoch| public_message(epoch, Sender::External(0), HUB, Content::Proposal, remove(3));
    let external = fanout(external_commit(), "externalProposals", list([]));
    let stapled = fanout(external_commit(), "externalProposals", list([hub_removes(EPOCH + 1)]));

    let application_decoded = json!({"timestamp": TIME, "message": private_decoded(EPOCH), "frank": null});
    let welcome_of = |tree: &str| json!({"timestamp": TIME, "message": welcome_decoded(&[CATHY_CLIENT]), "ratchetTreeOption": tree_decoded(tree)});
    let commit_of = |message: Value, proposals: Value| json!({"timestamp": TIME, "message": message, "externalProposals": proposals});
    let leave_of =
        json!({"timestamp": TIME, "message": first_decoded, "moreProposals": [second_decoded, third_decoded]});
    let hub_decoded = proposal_decoded(EPOCH + 1, "external 0", "remove", &hub_removes(EPOCH + 1));
    let three = Struct::new().add_all(commit.clone()).add_all(welcome_short.clone()).add_all(application.clone());

    let mut cases = vec![
        valid("an application message", &application, json!([application_decoded])),
        valid(
            "an application message with a frank",
            &franked,
            json!([{"timestamp": TIME, "message": private_decoded(EPOCH), "frank": frank_decoded()}]),
        ),
        valid("a Welcome with the whole tree", &welcome, json!([welcome_of("full")])),
        valid("a Welcome without the tree", &welcome_short, json!([welcome_of("distributionService")])),
        valid("the proposals of a leave", &proposals, json!([leave_of])),
        valid("a commit", &commit, json!([commit_of(add_commit_decoded(), json!([]))])),
        valid("an external commit", &external, json!([commit_of(external_commit_decoded(), json!([]))])),
        valid(
            "an external commit with the hub's proposal for the new epoch",
            &stapled,
            json!([commit_of(external_commit_decoded(), json!([hub_decoded]))]),
        ),
        valid(
            "a commit, a Welcome and an application message in one request",
            &three,
            json!([commit_of(add_commit_decoded(), json!([])), welcome_of("distributionService"), application_decoded]),
        ),
    ];
    let last = "frank/value/franking_integrity_signature";
    let malformed = wire::malformed(&franked, last, "message/ciphertext")?;
    // What follows a message in this request is another one, so neither an empty body nor a surplus octet is what it is elsewhere.
    cases.extend(malformed.into_iter().filter(|case| !case.has_flag("Trailing") && !case.is_empty("encoded")));
    let whole = franked.octets();
    cases.push(Case::invalid("no message", "Forbidden", NOTHING.at(0)).octets("encoded", &[]));
    cases.push(
        Case::invalid("one octet too many, with which another message begins", "Truncated", TRUNCATED.at(whole.len()))
            .octets("encoded", &[&whole[..], &[0]].concat()),
    );
    let wrong = |comment: &str, rule: Rule, message: Struct| {
        broken(comment, "WrongKind", rule, &fanout(message, "rest", u8(0)), "message")
    };
    cases.push(wrong("a key package", NOT_FANNED_OUT, key_package_message(CATHY_CLIENT))?);
    cases.push(wrong("an encrypted commit", NOT_APPLICATION, private_message(EPOCH, Content::Commit, 100))?);
    cases.push(wrong(
        "application data in the clear",
        NOT_FANNED_OUT,
        public_message(EPOCH, Sender::Member(0), ALICE_CLIENT, Content::Application, opaque(b"hello")),
    )?);
    cases.push(replaced(
        "a wire format that is not defined",
        "UnknownValue",
        WIRE_FORMAT_UNKNOWN,
        &application,
        "message/wire_format",
        u16(0x0a0a),
    )?);
    cases.push(replaced(
        "ratchet tree representation 0",
        "UnknownValue",
        REPRESENTATION_UNKNOWN,
        &welcome,
        "ratchetTreeOption/representation",
        u8(0),
    )?);
    cases.push(replaced(
        "the octet before the optional frank is 2",
        "Forbidden",
        PRESENCE_INVALID,
        &application,
        "frank",
        u8(2),
    )?);
    let with = |comment: &str, flag: &str, rule: Rule, message: Struct, name: &str, item: Struct| {
        broken(comment, flag, rule, &fanout(message, name, list([item])), &format!("{name}/0"))
    };
    let old = public_message(EPOCH + 1, Sender::Member(1), super::mls::BOB_CLIENT, Content::Proposal, remove(3));
    cases.push(with(
        "a commit among further proposals",
        "WrongKind",
        NOT_A_PROPOSAL,
        first.clone(),
        "moreProposals",
        add_commit(),
    )?);
    cases.push(with("proposals of two epochs", "Forbidden", SEVERAL_GROUPS, first, "moreProposals", old)?);
    cases.push(with(
        "a proposal stapled to a member's commit",
        "Forbidden",
        COMMIT_NOT_EXTERNAL,
        add_commit(),
        "externalProposals",
        hub_removes(EPOCH + 1),
    )?);
    cases.push(with(
        "a stapled proposal of the old epoch",
        "Forbidden",
        STAPLED_EPOCH,
        external_commit(),
        "externalProposals",
        hub_removes(EPOCH),
    )?);
    cases.push(with(
        "a stapled proposal of a member",
        "Forbidden",
        STAPLED_SENDER,
        external_commit(),
        "externalProposals",
        second,
    )?);

    let file = FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "fanout-message", "FanoutMessage", "5.5")
        .header("The octets are the whole body of a notify request: one or more messages of the same room, one after the other. decoded is the list.")
        .note("Forbidden", BugType::MissingCheck, SECTION, "parts that may not stand together or in this place", Some("a follower's clients and the hub disagree on the proposals of an epoch"));
    let file = wire::unknown_value_note(wire::valid_note(wire::notes_without_trailing(file), SECTION), SECTION);
    wire::wrong_kind_note(file, SECTION).group(GROUP_TYPE, cases).finish()
}
