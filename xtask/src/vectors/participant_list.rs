//! The participant list: draft-ietf-mimi-protocol-06 section 7.5.

use anyhow::Result;
use mimi_arch::revisions;
use serde_json::{Value, json};
use spec_vectors::BugType;

use super::builder::{Built, Case, FileBuilder, Rule};
use super::layout::{Struct, opaque, raw, u16};
use super::mls::{ALICE, BOB, CATHY, participants, participants_update};
use super::rules::TRUNCATED;
use super::wire::{self, GROUP_TYPE, replaced, valid};

const SECTION: &str = "draft-ietf-mimi-protocol-06 section 7.5";
const DIANA: &str = "mimi://d.example/u/diana";

const USER_INVALID: Rule = Rule("participant-not-a-user", SECTION);
const USER_TWICE: Rule = Rule("participant-twice", SECTION);
const OUT_OF_RANGE: Rule = Rule("index-out-of-range", SECTION);
const TOUCHED_TWICE: Rule = Rule("user-touched-twice", SECTION);
const ALREADY: Rule = Rule("already-participant", SECTION);

type List<'a> = &'a [(&'a str, u32)];

/// Builds the files.
pub(crate) fn build() -> Result<Vec<Built>> {
    Ok(vec![data()?, update()?, apply()?])
}

fn list_decoded(list: List<'_>) -> Value {
    list.iter().map(|(user, role)| json!({"user": user, "role_index": role})).collect()
}

fn data() -> Result<Built> {
    let usual = participants(&[(ALICE, 4), (BOB, 2), (CATHY, 1)]);
    let decoded = |list: List<'_>| json!({"participants": list_decoded(list)});
    let mut cases = vec![
        valid("nobody", &participants(&[]), decoded(&[])),
        valid("three users, one of them banned", &usual, decoded(&[(ALICE, 4), (BOB, 2), (CATHY, 1)])),
        valid("the largest role number", &participants(&[(ALICE, u32::MAX)]), decoded(&[(ALICE, u32::MAX)])),
        valid(
            "a user URI that is not in its normal form keeps its octets",
            &participants(&[("mimi://A.example/u/%61lice", 2)]),
            json!({"participants": [{"user": ALICE, "role_index": 2}]}),
        ),
    ];
    cases.extend(wire::malformed(&usual, "participants", "participants/1/user")?);
    let half = usual.clone().replace("participants/2/role_index", u16(2));
    cases.push(
        Case::invalid(
            "half a role number at the end",
            "Truncated",
            TRUNCATED.at(half.offset("participants/2/role_index").unwrap_or_default()),
        )
        .octets("encoded", &half.octets()),
    );
    for (uri, comment) in [
        ("", "an empty user"),
        ("alice", "a user that is no URI"),
        ("mimi://a.example/r/clubhouse", "a room in the place of a user"),
        ("mimi://a.example/d/alice/ClientA1", "a client in the place of a user"),
    ] {
        cases.push(replaced(
            comment,
            "Forbidden",
            USER_INVALID,
            &usual,
            "participants/0/user",
            opaque(uri.as_bytes()),
        )?);
    }
    for (uri, comment) in [(ALICE, "a user twice"), ("mimi://A.example/u/alice", "a user twice, spelt in two ways")] {
        let twice = participants(&[(ALICE, 4), (uri, 2)]);
        cases.push(wire::broken(comment, "Forbidden", USER_TWICE, &twice, "participants")?);
    }
    let file = FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "participant-list-data", "ParticipantListData", "7.5")
        .header("The data of component 0x0022 in the app_data_dictionary of the GroupContext. decoded gives users in their normal form.")
        .note("Forbidden", BugType::MissingCheck, SECTION, "entries that the draft does not allow", Some("a user has two roles, and which one counts depends on the implementation"));
    wire::valid_note(wire::notes(file), SECTION).group(GROUP_TYPE, cases).finish()
}

fn update_decoded(changed: &[(u32, u32)], removed: &[u32], added: List<'_>) -> Value {
    let changed: Value = changed.iter().map(|(index, role)| json!({"user_index": index, "role_index": role})).collect();
    json!({"changedRoleParticipants": changed, "removedIndices": removed, "addedParticipants": list_decoded(added)})
}

fn update() -> Result<Built> {
    let of = |comment: &str, changed: &[(u32, u32)], removed: &[u32], added: List<'_>| {
        valid(comment, &participants_update(changed, removed, added), update_decoded(changed, removed, added))
    };
    let usual = participants_update(&[(0, 2)], &[1, 2], &[(DIANA, 4)]);
    let mut cases = vec![
        of("nothing", &[], &[], &[]),
        of("one user added", &[], &[], &[(CATHY, 2)]),
        of("one user removed", &[], &[1], &[]),
        of("one role changed", &[(1, 1)], &[], &[]),
        of("everything at once", &[(0, 2)], &[1, 2], &[(DIANA, 4)]),
    ];
    cases.extend(wire::malformed(&usual, "addedParticipants", "removedIndices")?);
    let odd = usual.clone().replace("removedIndices/1", raw([0, 0, 0]));
    cases.push(
        Case::invalid(
            "an index of three octets",
            "Truncated",
            TRUNCATED.at(odd.offset("removedIndices/1").unwrap_or_default()),
        )
        .octets("encoded", &odd.octets()),
    );
    cases.push(replaced(
        "a room is added",
        "Forbidden",
        USER_INVALID,
        &usual,
        "addedParticipants/0/user",
        opaque(b"mimi://a.example/r/clubhouse"),
    )?);
    let file = FileBuilder::new(
        "mimi-protocol",
        revisions::PROTOCOL,
        "participant-list-update",
        "ParticipantListUpdate",
        "7.5",
    )
    .header("The update of an AppDataUpdate proposal for component 0x0022.")
    .note("Forbidden", BugType::MissingCheck, SECTION, "entries that the draft does not allow", None);
    wire::valid_note(wire::notes(file), SECTION).group(GROUP_TYPE, cases).finish()
}

fn apply() -> Result<Built> {
    const BEFORE: List<'static> = &[(ALICE, 4), (BOB, 2), (CATHY, 2)];
    let fields = |case: Case, updates: &[Struct]| {
        let updates: Vec<String> = updates.iter().map(|update| hex::encode(update.octets())).collect();
        case.octets("before", &participants(BEFORE).octets()).with("updates", updates)
    };
    let good = |comment: &str, updates: &[Struct], after: List<'_>| {
        let case = Case::valid(comment, "Apply")
            .octets("after", &participants(after).octets())
            .with("afterDecoded", list_decoded(after));
        fields(case, updates)
    };
    let bad = |comment: &str, flag: &str, rule: Rule, updates: &[Struct]| {
        fields(Case::invalid(comment, flag, rule.nowhere()), updates)
    };
    let of = participants_update;
    let cases = vec![
        good("nothing changes", &[of(&[], &[], &[])], BEFORE),
        good(
            "a user is added at the end",
            &[of(&[], &[], &[(DIANA, 2)])],
            &[(ALICE, 4), (BOB, 2), (CATHY, 2), (DIANA, 2)],
        ),
        good("the first user is removed", &[of(&[], &[0], &[])], &[(BOB, 2), (CATHY, 2)]),
        good(
            "two users are removed; both indices are those before the update",
            &[of(&[], &[0, 1], &[])],
            &[(CATHY, 2)],
        ),
        good("the same in the other order", &[of(&[], &[1, 0], &[])], &[(CATHY, 2)]),
        good("a role is changed", &[of(&[(1, 4)], &[], &[])], &[(ALICE, 4), (BOB, 4), (CATHY, 2)]),
        good("a role is changed to the one it was", &[of(&[(1, 2)], &[], &[])], BEFORE),
        good(
            "changed, removed, added at once",
            &[of(&[(2, 1)], &[1], &[(DIANA, 4)])],
            &[(ALICE, 4), (CATHY, 1), (DIANA, 4)],
        ),
        good("everybody is removed", &[of(&[], &[0, 1, 2], &[])], &[]),
        good(
            "two updates of one commit, about different users",
            &[of(&[(1, 4)], &[], &[]), of(&[], &[], &[(DIANA, 2)])],
            &[(ALICE, 4), (BOB, 4), (CATHY, 2), (DIANA, 2)],
        ),
        good(
            "two users leave by two updates of one commit; both indices are those before the commit",
            &[of(&[], &[0], &[]), of(&[], &[1], &[])],
            &[(CATHY, 2)],
        ),
        bad("an index one past the end is changed", "Index", OUT_OF_RANGE, &[of(&[(3, 2)], &[], &[])]),
        bad("an index far past the end is removed", "Index", OUT_OF_RANGE, &[of(&[], &[u32::MAX], &[])]),
        bad(
            "the index of a user that the same update adds",
            "Index",
            OUT_OF_RANGE,
            &[of(&[(3, 4)], &[], &[(DIANA, 2)])],
        ),
        bad("a user is removed twice", "Twice", TOUCHED_TWICE, &[of(&[], &[1, 1], &[])]),
        bad("a role is changed twice", "Twice", TOUCHED_TWICE, &[of(&[(1, 1), (1, 4)], &[], &[])]),
        bad("a user is changed and removed", "Twice", TOUCHED_TWICE, &[of(&[(1, 1)], &[1], &[])]),
        bad("a user is removed and added", "Twice", TOUCHED_TWICE, &[of(&[], &[1], &[(BOB, 4)])]),
        bad("a user is added twice", "Twice", TOUCHED_TWICE, &[of(&[], &[], &[(DIANA, 2), (DIANA, 4)])]),
        bad(
            "a user is added twice, spelt in two ways",
            "Twice",
            TOUCHED_TWICE,
            &[of(&[], &[], &[(DIANA, 2), ("mimi://D.example/u/diana", 4)])],
        ),
        bad(
            "a role is changed twice by two updates of one commit",
            "Twice",
            TOUCHED_TWICE,
            &[of(&[(1, 1)], &[], &[]), of(&[(1, 4)], &[], &[])],
        ),
        bad("a user who is in the list is added", "Twice", ALREADY, &[of(&[], &[], &[(BOB, 2)])]),
    ];
    FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "participant-list-apply", "ParticipantListUpdate", "7.5")
        .header("before and after are ParticipantListData, updates the ParticipantListUpdates of one commit in its order, all encoded.")
        .header("All indices of an update are those of the list before it. All updates of a commit index the list before the commit.")
        .note("Apply", BugType::Disagreement, SECTION, "updates and the list that they lead to", Some("clients compute different lists, hence different keys, and the group falls apart"))
        .note("Index", BugType::MissingCheck, SECTION, "an index that is not in the list before the update", None)
        .note("Twice", BugType::MissingCheck, SECTION, "one user is touched more than once in a commit", Some("the outcome depends on the order in which an implementation looks at the parts"))
        .group("ParticipantListApply", cases)
        .finish()
}
