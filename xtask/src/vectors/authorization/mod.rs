//! Who may do what: draft-ietf-mimi-room-policy-03 sections 3 to 5 and 8. The cases say what they expect; the model, which knows nothing of
//! the crate that is tested, has to say the same.

mod actors;
mod adding;
mod base;
mod cases;
mod constraints;
mod encode;
mod exercised;
mod facts;
mod model;
mod policies;
mod removing;
mod role_changes;
mod table;

use anyhow::Result;
use mimi_arch::revisions;
use spec_vectors::BugType;

use super::builder::{Built, FileBuilder};
use cases::Cases;

const SECTION: &str = "draft-ietf-mimi-room-policy-03 section 8";

/// Builds the files.
pub(crate) fn build() -> Result<Vec<Built>> {
    let all = [
        ("authorization-adding", "8.1.1", adding::cases()?),
        ("authorization-removing", "8.1.2", removing::cases()?),
        ("authorization-role-changes", "8.1.3", role_changes::cases()?),
        ("authorization-messages", "8.3", exercised::cases()?),
        ("authorization-policies", "8.6", policies::cases()?),
        ("authorization-constraints", "3", constraints::cases()?),
        ("authorization-base-policy", "5", base::cases()?),
        ("authorization-actors", "4", actors::cases()?),
    ];
    cases::every_capability_is_allowed_and_refused(all.iter().map(|(_, _, cases)| cases))?;
    all.into_iter().map(|(name, section, cases)| file(name, section, cases)).collect()
}

fn file(name: &str, section: &str, cases: Cases) -> Result<Built> {
    let notes: [(&str, BugType, &str, &str, Option<&str>); 6] = [
        ("Allowed", BugType::Basic, SECTION, "what a capability is for, with everything that it asks for", None),
        (
            "Refused",
            BugType::MissingCheck,
            SECTION,
            "one thing that is asked for is missing",
            Some("someone does what the room does not let them do"),
        ),
        (
            "Capability",
            BugType::AuthenticationBypass,
            SECTION,
            "the role does not have the capability",
            Some("roles mean nothing"),
        ),
        (
            "Transition",
            BugType::AuthenticationBypass,
            "draft-ietf-mimi-room-policy-03 section 3",
            "the role does not list the change from one role to another",
            Some("an administrator of one kind makes administrators of another"),
        ),
        (
            "Limit",
            BugType::EdgeCase,
            "draft-ietf-mimi-room-policy-03 section 3",
            "a constraint is just kept or just not, counted after all steps together",
            Some("a room is left without an administrator, or has more of them than it should"),
        ),
        (
            "Unclear",
            BugType::Disagreement,
            SECTION,
            "the draft can be read both ways",
            Some("hub and clients disagree about a commit, and the clients that refuse it lose the room"),
        ),
    ];
    let mut file = FileBuilder::new("mimi-room-policy", revisions::ROOM_POLICY, name, "authorization", section)
        .header("May this actor do this in this room? room, actor and action are plain values; rolesEncoded, preauthorizedEncoded and baseEncoded are the data of the components.")
        .header("clients is how many clients of a user are in the MLS group, or come in or go out; grounds has the capability that allows each step.")
        .header("A minimum or maximum is looked at after all steps of an action together.");
    for (flag, bug, section, description, effect) in notes {
        if cases.uses(flag) {
            file = file.note(flag, bug, section, description, effect);
        }
    }
    file.group("Authorization", cases.into_cases()).finish()
}
