//! Credentials of rooms whose hub sees pseudonyms only (draft-ietf-mimi-protocol-06 section 6).

use mimi_protocol::minimal_metadata::profile::SealedRing;
use mimi_protocol::minimal_metadata::{IdentityLinkTbe, PseudonymousCredential, PseudonymousCredentialTbs};

use super::identity::identifier;
use super::mls;
use super::registry::ShowType;
use super::tree::{Tree, read};

/// The credential, what is signed and encrypted in it, and the keys as our profile of section 6 hands them out.
pub(super) const TYPES: &[ShowType] = &[
    ShowType::part("PseudonymousCredential", "draft-ietf-mimi-protocol-06 section 6.1", |octets| {
        read::<PseudonymousCredential>(octets, credential)
    }),
    ShowType::part("PseudonymousCredentialTBS", "draft-ietf-mimi-protocol-06 section 6.1", |octets| {
        read::<PseudonymousCredentialTbs>(octets, credential_tbs)
    }),
    ShowType::wire("IdentityLinkTBE", "draft-ietf-mimi-protocol-06 section 6.1", |octets| {
        read::<IdentityLinkTbe>(octets, link)
    }),
    ShowType::part("SealedRing", "draft-ietf-mimi-protocol-06 section 6, our profile", |octets| {
        read::<SealedRing>(octets, sealed_ring)
    }),
];

/// A client under its pseudonym.
pub(super) fn credential(credential: &PseudonymousCredential) -> Tree {
    credential_tbs(&credential.tbs())
        .and([("identity_link_ciphertext", Tree::octets(credential.identity_link_ciphertext.as_slice()))])
}

fn credential_tbs(tbs: &PseudonymousCredentialTbs) -> Tree {
    Tree::fields([
        ("client_pseudonym", identifier(&tbs.client_pseudonym)),
        ("user_pseudonym", identifier(&tbs.user_pseudonym)),
        ("signature_public_key", Tree::octets(tbs.signature_public_key.as_slice())),
    ])
}

fn link(link: &IdentityLinkTbe) -> Tree {
    Tree::fields([
        ("pseudonymous_credential_signature", Tree::octets(link.pseudonymous_credential_signature.as_slice())),
        ("client_credential", mls::credential(&link.client_credential)),
    ])
}

fn sealed_ring(ring: &SealedRing) -> Tree {
    Tree::fields([
        ("group_id", Tree::octets(ring.group_id.as_slice())),
        ("epoch", Tree::number(ring.epoch.0)),
        ("nonce", Tree::octets(ring.nonce.as_slice())),
        ("ciphertext", Tree::octets(ring.ciphertext.as_slice())),
    ])
}
