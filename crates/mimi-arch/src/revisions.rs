//! The drafts that the workspace follows, each with its revision.
//!
//! Moving to a newer revision starts with the constant here; reports and derived pages take a draft's
//! name from [`Draft::full_name`].

use std::fmt;

/// Revision of the architecture draft.
pub const ARCH_REVISION: &str = "02";
/// Revision of the identity draft.
pub const IDENTITY_REVISION: &str = "05";
/// Revision of the protocol draft.
pub const PROTOCOL_REVISION: &str = "06";
/// Revision of the room policy draft.
pub const ROOM_POLICY_REVISION: &str = "03";
/// Revision of the content draft.
pub const CONTENT_REVISION: &str = "08";
/// Revision of the message status draft.
pub const MESSAGE_STATUS_REVISION: &str = "01";
/// Revision of the delivery service draft.
pub const DELIVERY_SERVICE_REVISION: &str = "06";
/// Revision of the discovery requirements draft.
pub const DISCOVERY_REQUIREMENTS_REVISION: &str = "03";
/// Revision of the MLS extensions draft.
pub const MLS_EXTENSIONS_REVISION: &str = "09";
/// Revision of the ratchet tree options draft.
pub const RATCHET_TREE_OPTIONS_REVISION: &str = "03";
/// Revision of the draft on MLS messages that are private except towards named receivers.
pub const SEMI_PRIVATE_MESSAGE_REVISION: &str = "07";

/// Terms and the parts of the system.
pub const ARCH: Draft = Draft {
    name: "draft-ietf-mimi-arch",
    revision: ARCH_REVISION,
    taken: "terms of section 2",
    crates: &["mimi-arch"],
};

/// Kinds of identifiers and their URIs.
pub const IDENTITY: Draft = Draft {
    name: "draft-mahy-mimi-identity",
    revision: IDENTITY_REVISION,
    taken: "MIMI URIs of section 4",
    crates: &["mimi-arch"],
};

/// What providers say to each other.
pub const PROTOCOL: Draft = Draft {
    name: "draft-ietf-mimi-protocol",
    revision: PROTOCOL_REVISION,
    taken: "everything; minimal metadata rooms as types and checks, not yet in rooms",
    crates: &["mimi-protocol", "mimi-ds", "mimi-client", "mimi-provider", "mimi-conformance"],
};

/// Who may do what in a room.
pub const ROOM_POLICY: Draft = Draft {
    name: "draft-ietf-mimi-room-policy",
    revision: ROOM_POLICY_REVISION,
    taken: "everything",
    crates: &["mimi-arch", "mimi-room-policy", "mimi-ds", "mimi-client", "mimi-conformance"],
};

/// What a message holds.
pub const CONTENT: Draft = Draft {
    name: "draft-ietf-mimi-content",
    revision: CONTENT_REVISION,
    taken: "everything",
    crates: &["mimi-content"],
};

/// What became of a message: delivered, read.
pub const MESSAGE_STATUS: Draft = Draft {
    name: "draft-mahy-mimi-message-status",
    revision: MESSAGE_STATUS_REVISION,
    taken: "everything",
    crates: &["mimi-content"],
};

/// What a hub checks and keeps. Older than [`PROTOCOL`], which stands where both speak of the
/// same thing.
pub const DELIVERY_SERVICE: Draft = Draft {
    name: "draft-robert-mimi-delivery-service",
    revision: DELIVERY_SERVICE_REVISION,
    taken: "what draft-ietf-mimi-protocol leaves out: validation of each operation, assisted joining, re-join by external commit, proposals by the hub, enqueue authorization; not its wire format",
    crates: &["mimi-ds", "mimi-provider", "mimi-client"],
};

/// How a user of another provider is found.
pub const DISCOVERY_REQUIREMENTS: Draft = Draft {
    name: "draft-interop-mimi-discovery-requirements",
    revision: DISCOVERY_REQUIREMENTS_REVISION,
    taken: "R1 to R10, the user journeys and the three architectures, by an experimental profile of ours (docs/discovery.md)",
    crates: &["mimi-discovery", "mimi-discovery-provider"],
};

/// Application data in MLS groups, and the proposal by which a member leaves.
pub const MLS_EXTENSIONS: Draft = Draft {
    name: "draft-ietf-mls-extensions",
    revision: MLS_EXTENSIONS_REVISION,
    taken: "app_data_dictionary, AppDataUpdate, SelfRemove",
    crates: &["mimi-protocol", "mimi-ds", "mimi-client"],
};

/// Where a joiner gets the MLS ratchet tree from.
pub const RATCHET_TREE_OPTIONS: Draft = Draft {
    name: "draft-mahy-mls-ratchet-tree-options",
    revision: RATCHET_TREE_OPTIONS_REVISION,
    taken: "RatchetTreeOption, PartialGroupInfo",
    crates: &["mimi-protocol", "mimi-ds"],
};

/// MLS handshake messages that only members and named external receivers can read.
pub const SEMI_PRIVATE_MESSAGE: Draft = Draft {
    name: "draft-mahy-mls-semiprivatemessage",
    revision: SEMI_PRIVATE_MESSAGE_REVISION,
    taken: "everything as types, sealing, opening and checks; clients and hub do not use it, because OpenMLS does not show the secrets it needs",
    crates: &["mimi-protocol", "mimi-conformance"],
};

/// All drafts of this module.
pub const DRAFTS: [Draft; 11] = [
    ARCH,
    IDENTITY,
    PROTOCOL,
    ROOM_POLICY,
    CONTENT,
    MESSAGE_STATUS,
    DELIVERY_SERVICE,
    DISCOVERY_REQUIREMENTS,
    MLS_EXTENSIONS,
    RATCHET_TREE_OPTIONS,
    SEMI_PRIVATE_MESSAGE,
];

/// An Internet-Draft in the revision that the workspace follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Draft {
    /// The name without its revision.
    pub name: &'static str,
    /// The revision, two digits.
    pub revision: &'static str,
    /// What is taken from it; empty while nothing is.
    pub taken: &'static str,
    /// The crates that take it; none while nothing is taken.
    pub crates: &'static [&'static str],
}

impl Draft {
    /// The name with the revision, as the draft is published and cited.
    ///
    /// ```
    /// use mimi_arch::revisions;
    ///
    /// assert_eq!(revisions::PROTOCOL.full_name(), "draft-ietf-mimi-protocol-06");
    /// ```
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}-{}", self.name, self.revision)
    }
}

impl fmt::Display for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.name, self.revision)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::DRAFTS;

    #[test]
    fn every_draft_is_listed_once_with_a_two_digit_revision() {
        let mut names = BTreeSet::new();
        for draft in DRAFTS {
            assert!(names.insert(draft.name), "{draft} is listed twice");
            assert_eq!(draft.revision.len(), 2, "{draft}");
            assert!(draft.revision.bytes().all(|digit| digit.is_ascii_digit()));
        }
    }

    #[test]
    fn a_draft_says_what_is_taken_exactly_when_a_crate_takes_it() {
        for draft in DRAFTS {
            assert_eq!(draft.taken.is_empty(), draft.crates.is_empty(), "{draft}");
        }
    }
}
