//! The pseudonymous credential and the form of pseudonyms (draft-ietf-mimi-protocol-06 section 6.1).

use mimi_arch::{ClientUri, UserUri};

use super::SECTION;
use crate::codec::{self, DecodeError, EncodeError, Reader, Wire};
use crate::identifier_uri::IdentifierUri;

/// The label of the signature by which a client's real credential vouches for its pseudonyms.
// req: MP06-6.1-11
pub const PSEUDONYMOUS_CREDENTIAL_LABEL: &str = "PseudonymousCredentialTBS";

/// The credential of a leaf in a minimal metadata room (draft-ietf-mimi-protocol-06 section 6.1).
// req: MP06-6.1-03
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PseudonymousCredential {
    /// The pseudonym of the client.
    pub client_pseudonym: IdentifierUri,
    /// The pseudonym of the client's user in this room.
    pub user_pseudonym: IdentifierUri,
    /// The key that the leaf signs with.
    pub signature_public_key: Vec<u8>,
    // req: MP06-6.1-07
    /// The real credential, encrypted. What is in it is up to the key management; ours is in [`profile`](super::profile).
    pub identity_link_ciphertext: Vec<u8>,
}

impl PseudonymousCredential {
    /// The part that the real credential's key signs.
    pub fn tbs(&self) -> PseudonymousCredentialTbs {
        PseudonymousCredentialTbs {
            client_pseudonym: self.client_pseudonym.clone(),
            user_pseudonym: self.user_pseudonym.clone(),
            signature_public_key: self.signature_public_key.clone(),
        }
    }

    /// The pseudonyms, if they have the form that pseudonyms have.
    ///
    /// # Errors
    /// See [`PseudonymError`].
    pub fn pseudonyms(&self) -> Result<Pseudonyms, PseudonymError> {
        self.tbs().pseudonyms()
    }
}

impl Wire for PseudonymousCredential {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let PseudonymousCredentialTbs { client_pseudonym, user_pseudonym, signature_public_key } = Wire::decode(r)?;
        let identity_link_ciphertext = r.opaque()?.to_vec();
        Ok(Self { client_pseudonym, user_pseudonym, signature_public_key, identity_link_ciphertext })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.tbs().encode(out)?;
        codec::put_opaque(out, &self.identity_link_ciphertext)
    }
}

/// What the real credential's key signs: the credential without the link (draft-ietf-mimi-protocol-06 section 6.1).
// req: MP06-6.1-10
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PseudonymousCredentialTbs {
    /// The pseudonym of the client.
    pub client_pseudonym: IdentifierUri,
    /// The pseudonym of the client's user in this room.
    pub user_pseudonym: IdentifierUri,
    /// The key that the leaf signs with.
    pub signature_public_key: Vec<u8>,
}

impl Wire for PseudonymousCredentialTbs {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            client_pseudonym: IdentifierUri::decode(r)?,
            user_pseudonym: IdentifierUri::decode(r)?,
            signature_public_key: r.opaque()?.to_vec(),
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.client_pseudonym.encode(out)?;
        self.user_pseudonym.encode(out)?;
        codec::put_opaque(out, &self.signature_public_key)
    }
}

/// Pseudonyms that have not the form of pseudonyms.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PseudonymError {
    /// The user's is not a user URI with a random UUID as name.
    #[error("the user's pseudonym is not a random UUID at a provider (draft-ietf-mimi-protocol-06 section 6.1)")]
    User,
    /// The client's is not a client URI with random UUIDs as names.
    #[error("the client's pseudonym is not a random UUID at a provider (draft-ietf-mimi-protocol-06 section 6.1)")]
    Client,
    /// The client's is at another provider than the user's, or names another user.
    #[error("the client's pseudonym belongs to another user (draft-ietf-mimi-protocol-06 section 6.1)")]
    Unrelated,
}

impl PseudonymError {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        SECTION
    }
}

/// The pseudonyms of a client and its user, with the form that pseudonyms have: UUIDs of version 4 in lower case, at the provider
/// of the user. They stand where the names of user and client URIs stand.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Pseudonyms {
    /// The client.
    pub client: ClientUri,
    /// The user.
    pub user: UserUri,
}

impl PseudonymousCredentialTbs {
    /// The pseudonyms, if they have the form that pseudonyms have.
    ///
    /// # Errors
    /// See [`PseudonymError`].
    // req: MP06-6.1-01
    pub fn pseudonyms(&self) -> Result<Pseudonyms, PseudonymError> {
        let user: UserUri = self.user_pseudonym.parse().map_err(|_| PseudonymError::User)?;
        if !is_pseudonym(&user) {
            return Err(PseudonymError::User);
        }
        let client: ClientUri = self.client_pseudonym.parse().map_err(|_| PseudonymError::Client)?;
        if !is_random_uuid(&client.device()) {
            return Err(PseudonymError::Client);
        }
        if client.domain() != user.domain() || client.user().is_some_and(|named| named != user) {
            return Err(PseudonymError::Unrelated);
        }
        Ok(Pseudonyms { client, user })
    }
}

/// Whether a user URI is a pseudonym.
pub(super) fn is_pseudonym(user: &UserUri) -> bool {
    is_random_uuid(&user.name())
}

/// Whether text is a UUID of version 4 in lower case (RFC 9562 sections 4 and 5.4).
fn is_random_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(place, octet)| match place {
            8 | 13 | 18 | 23 => octet == b'-',
            14 => octet == b'4',
            19 => matches!(octet, b'8' | b'9' | b'a' | b'b'),
            _ => matches!(octet, b'0'..=b'9' | b'a'..=b'f'),
        })
}
