//! What holds in a minimal metadata room as a whole (draft-ietf-mimi-protocol-06 section 6.1).

use std::collections::{HashMap, HashSet};

use mimi_arch::{ClientUri, UserUri};

use super::SECTION;
use super::credential::{PseudonymError, is_pseudonym};
use super::link::LinkedIdentity;
use crate::mls::LeafNode;
use crate::participant_list::ParticipantListData;

/// Leaves that a minimal metadata room cannot have. Everyone can check this, the hub included.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LeavesError {
    /// A participant is no pseudonym.
    #[error("participant {index} is no pseudonym (draft-ietf-mimi-protocol-06 section 6.1)")]
    ParticipantNotPseudonymous {
        /// The place in the participant list.
        index: usize,
    },
    /// A leaf has another kind of credential.
    #[error("leaf {leaf_index} has no pseudonymous credential (draft-ietf-mimi-protocol-06 section 6.1)")]
    NotPseudonymous {
        /// The leaf.
        leaf_index: u32,
    },
    /// The pseudonyms of a leaf have not the form of pseudonyms.
    #[error("leaf {leaf_index}: {error}")]
    Pseudonym {
        /// The leaf.
        leaf_index: u32,
        /// What is wrong.
        error: PseudonymError,
    },
    /// The credential names another key than the leaf signs with.
    #[error(
        "leaf {leaf_index} signs with another key than its credential names (draft-ietf-mimi-protocol-06 section 6.1)"
    )]
    OtherKey {
        /// The leaf.
        leaf_index: u32,
    },
    /// The user pseudonym of a leaf is not in the participant list.
    #[error("the user pseudonym of leaf {leaf_index} is no participant (draft-ietf-mimi-protocol-06 section 6.1)")]
    NotAParticipant {
        /// The leaf.
        leaf_index: u32,
    },
    /// Two leaves have the same client pseudonym.
    #[error(
        "the client pseudonym of leaf {leaf_index} is another leaf's too (draft-ietf-mimi-protocol-06 section 6.1)"
    )]
    ClientTwice {
        /// The second leaf.
        leaf_index: u32,
    },
}

impl LeavesError {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        SECTION
    }
}

/// Checks that participant list and credentials consist of pseudonyms only, that they agree, and that every credential is about
/// the key of its leaf.
///
/// # Errors
/// The first rule that a participant, and then a leaf, breaks.
// req: MP06-6-01, MP06-6.1-02, MP06-6.1-04, MP06-6.1-05, MP06-6.1-06, MP06-6.1-09
pub fn check_leaves<'a>(
    leaves: impl IntoIterator<Item = (u32, &'a LeafNode)>,
    participants: &ParticipantListData,
) -> Result<(), LeavesError> {
    let users = participants.participants();
    if let Some(index) = users.iter().position(|entry| !is_pseudonym(entry.user())) {
        return Err(LeavesError::ParticipantNotPseudonymous { index });
    }
    let listed: HashSet<&UserUri> = users.iter().map(|entry| entry.user()).collect();
    let mut clients: HashSet<ClientUri> = HashSet::new();
    for (leaf_index, leaf) in leaves {
        let credential = leaf.credential.as_pseudonymous().ok_or(LeavesError::NotPseudonymous { leaf_index })?;
        let pseudonyms = credential.pseudonyms().map_err(|error| LeavesError::Pseudonym { leaf_index, error })?;
        if credential.signature_public_key != leaf.signature_key {
            return Err(LeavesError::OtherKey { leaf_index });
        }
        if !listed.contains(&pseudonyms.user) {
            return Err(LeavesError::NotAParticipant { leaf_index });
        }
        if !clients.insert(pseudonyms.client) {
            return Err(LeavesError::ClientTwice { leaf_index });
        }
    }
    Ok(())
}

/// Identities that contradict each other. Only participants can check this.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentitiesError {
    /// A user has clients with different user pseudonyms.
    #[error("{user} has more than one pseudonym (draft-ietf-mimi-protocol-06 section 6.1)")]
    TwoPseudonyms {
        /// The user.
        user: UserUri,
    },
    /// Clients of different users have the same user pseudonym.
    #[error("{pseudonym} is the pseudonym of more than one user (draft-ietf-mimi-protocol-06 section 6.1)")]
    TwoUsers {
        /// The pseudonym.
        pseudonym: UserUri,
    },
}

impl IdentitiesError {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        SECTION
    }
}

/// Checks that all clients of a user have one user pseudonym, and that no two users share one.
///
/// # Errors
/// The first identity that contradicts one before it.
// req: MP06-6.1-08
pub fn check_identities<'a>(identities: impl IntoIterator<Item = &'a LinkedIdentity>) -> Result<(), IdentitiesError> {
    let mut pseudonym_of: HashMap<&UserUri, &UserUri> = HashMap::new();
    let mut user_of: HashMap<&UserUri, &UserUri> = HashMap::new();
    for identity in identities {
        let (user, pseudonym) = (identity.user(), &identity.pseudonyms().user);
        if *pseudonym_of.entry(user).or_insert(pseudonym) != pseudonym {
            return Err(IdentitiesError::TwoPseudonyms { user: user.clone() });
        }
        if *user_of.entry(pseudonym).or_insert(user) != user {
            return Err(IdentitiesError::TwoUsers { pseudonym: pseudonym.clone() });
        }
    }
    Ok(())
}
