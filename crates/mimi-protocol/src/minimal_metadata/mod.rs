//! Minimal metadata rooms (draft-ietf-mimi-protocol-06 section 6): rooms whose hub sees pseudonyms only.
//!
//! Every leaf of the room's group has a [`PseudonymousCredential`]. It contains, encrypted, the client's real credential and a
//! signature by that credential's key over the pseudonyms ([`IdentityLinkTbe`]). The hub checks that leaves and participant list
//! agree ([`check_leaves`]); participants open the links, verify them ([`UnverifiedLink::verify`]) and check that one user has
//! one pseudonym ([`check_identities`]).
//!
//! The draft leaves the keys open. [`profile`] is ours, so are the number of the credential type and how a link is encrypted.

mod credential;
mod link;
pub mod profile;
mod room;
#[cfg(test)]
mod tests;

pub use credential::{
    PSEUDONYMOUS_CREDENTIAL_LABEL, PseudonymError, PseudonymousCredential, PseudonymousCredentialTbs, Pseudonyms,
};
pub use link::{
    IdentityLinkError, IdentityLinkTbe, IdentityLinkVerifyError, LinkedIdentity, NewIdentityLink, UnverifiedLink,
};
pub use room::{IdentitiesError, LeavesError, check_identities, check_leaves};

const SECTION: &str = "draft-ietf-mimi-protocol-06 section 6.1";
