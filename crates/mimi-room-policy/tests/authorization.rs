//! Every authorization vector against [`mimi_room_policy::authorize::authorize`]. The vectors come from a model that was written apart from it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;

use mimi_room_policy::{authorize::Decision, capability::CapabilityType};
use spec_vectors::{Outcome, TestCase, VectorFile, files};

#[path = "../../mimi-conformance/src/policy/situation.rs"]
mod situation;

fn tests() -> Vec<(&'static str, TestCase)> {
    let files = files().filter(|(path, _)| path.starts_with("mimi-room-policy/draft-03/authorization-"));
    files
        .flat_map(|(path, text)| {
            let file = VectorFile::parse(text).unwrap();
            file.tests().map(|(_, test)| (path, test.clone())).collect::<Vec<_>>()
        })
        .collect()
}

/// What is wrong with the answer to a test, if anything. What is acceptable is answered as the vector says that we do.
fn wrong(test: &TestCase, decision: &Decision) -> Option<String> {
    let expected = test.error.as_ref().map(|error| error.rule.as_str());
    match (decision, expected) {
        (Decision::Refused(refusal), Some(rule)) => {
            (refusal.rule() != rule).then(|| format!("refused by {} ({refusal}), not by {rule}", refusal.rule()))
        }
        (Decision::Refused(refusal), None) => Some(format!("refused: {refusal}")),
        (Decision::Allowed(_), Some(rule)) => Some(format!("allowed, not refused by {rule}")),
        (Decision::Allowed(_), None) => {
            let names = situation::names(decision);
            let grounds: Vec<_> =
                test.fields["grounds"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
            (names != grounds).then(|| format!("allowed by {names:?}, not by {grounds:?}"))
        }
    }
}

// req: RP03-8-01, RP03-8-02, RP03-8-03, RP03-3-05, RP03-3-06, RP03-3-07, RP03-3-08, RP03-3-09, RP03-3-10, RP03-3-17
// req: RP03-4-01, RP03-4-02, RP03-4-03, RP03-4-05, RP03-4-06, RP03-4-07, RP03-4-14, RP03-4-15
// req: RP03-5-02, RP03-5-03, RP03-5-04, RP03-5-05, RP03-5-06, RP03-5-08, RP03-5-14, RP03-5-15, RP03-5-16, RP03-5-17
// req: RP03-8.1.1-01, RP03-8.1.1-02, RP03-8.1.1-03, RP03-8.1.1-04, RP03-8.1.1-05, RP03-8.1.1-06, RP03-8.1.1-07, RP03-8.1.1-08
// req: RP03-8.1.1-09, RP03-8.1.1-10, RP03-8.1.1-12, RP03-8.1.1-13, RP03-8.1.1-14, RP03-8.1.1-15, RP03-8.1.1-16, RP03-8.1.1-17
// req: RP03-8.1.2-01, RP03-8.1.2-02, RP03-8.1.2-03, RP03-8.1.2-04, RP03-8.1.2-05, RP03-8.1.2-06, RP03-8.1.2-07, RP03-8.1.2-08
// req: RP03-8.1.2-09, RP03-8.1.2-10, RP03-8.1.2-11, RP03-8.1.2-12, RP03-8.1.2-13
// req: RP03-8.1.3-01, RP03-8.1.3-02, RP03-8.1.3-03, RP03-8.1.3-04, RP03-8.1.3-05, RP03-8.1.3-06, RP03-8.1.3-07, RP03-8.1.3-08
// req: RP03-8.1.3-09, RP03-8.1.3-10, RP03-8.1.3-11, RP03-8.1.3-12, RP03-8.1.3-13, RP03-8.1.3-14, RP03-8.1.3-15, RP03-8.1.3-16, RP03-8.1.3-17
// req: RP03-8.2-01, RP03-8.2-02, RP03-8.2-03, RP03-8.2-04, RP03-8.2-05, RP03-8.2-06, RP03-8.3-01, RP03-8.3-02, RP03-8.3-22, RP03-8.3-23
// req: RP03-8.6-01, RP03-8.6-02, RP03-8.6-03, RP03-8.6-04, RP03-8.6-05, RP03-8.7-01
#[test]
fn every_case_of_the_table_is_decided_as_the_model_says() {
    let mut mistakes = Vec::new();
    let tests = tests();
    for (path, test) in &tests {
        let decision = situation::decide(&test.fields).unwrap_or_else(|error| panic!("{path} {}: {error}", test.tc_id));
        if let Some(what) = wrong(test, &decision) {
            mistakes.push(format!("{path} {} ({}): {what}", test.tc_id, test.comment));
        }
    }
    assert!(mistakes.is_empty(), "{} of {}:\n{}", mistakes.len(), tests.len(), mistakes.join("\n"));
    assert!(tests.len() > 250, "{}", tests.len());
}

#[test]
fn every_capability_with_a_meaning_allows_something_and_its_absence_refuses_something() {
    let (mut allowed, mut refused) = (BTreeSet::new(), BTreeSet::new());
    for (_, test) in tests() {
        if test.result == Outcome::Valid {
            allowed
                .extend(test.fields["grounds"].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()));
        }
        if test.flags.iter().any(|flag| flag == "Capability") {
            refused.extend(test.comment.rsplit_once("no role has ").map(|(_, name)| name.to_owned()));
        }
    }
    for capability in CapabilityType::registered().filter(|capability| !capability.is_reserved()) {
        let name = capability.name().unwrap();
        assert!(allowed.contains(name), "nothing is allowed by {name}");
        assert!(refused.contains(name), "nothing is refused for want of {name}");
    }
}

#[test]
fn every_rule_that_refuses_a_single_party_has_a_case() {
    let rules: BTreeSet<String> = tests().into_iter().filter_map(|(_, test)| Some(test.error?.rule)).collect();
    for rule in [
        "actor-banned",
        "already-member",
        "already-participant",
        "clients-remain",
        "committed-by-leaver",
        "component-twice",
        "fixed-membership",
        "fixed-membership-with-adding",
        "hub-needs-role",
        "join-code-for-other-role",
        "join-code-invalid",
        "max-clients",
        "max-users",
        "maximum-active-participants",
        "maximum-participants",
        "minimum-active-participants",
        "minimum-participants",
        "missing-capability",
        "more-clients-than-there",
        "multi-device",
        "no-banned-role",
        "no-capability",
        "no-capability-for-component",
        "no-preauthorized-role",
        "not-banned",
        "not-for-clients",
        "not-in-parent",
        "not-member",
        "not-participant",
        "not-preauthorized",
        "not-strict-subset",
        "one-client-joins",
        "only-clients-commit",
        "preauth-with-participants",
        "role-in-use",
        "role-zero",
        "roles-with-participants",
        "target-is-actor",
        "target-not-participant",
        "touched-twice",
        "transition-not-listed",
        "undefined-role",
    ] {
        assert!(rules.contains(rule), "no case is refused by {rule}");
    }
}
