//! Fetching key material (draft-ietf-mimi-protocol-06 section 5.2): `POST /keyMaterial/{targetUser}`.
//!
//! The request is signed by the client that asks; [`KeyMaterialRequestIn`] is what came in, [`KeyMaterialRequest`]
//! what was verified or made here. The response lists the target user's clients, each with a key package or the
//! reason why there is none.

use crate::codec::{self, DecodeError, EncodeError, Reader, Rule, Wire, rules};
use crate::crypto::{LabelSigner, SignError, SignatureError, verify_with_label};
use crate::identifier_uri::IdentifierUri;
use crate::mls::{Capabilities, Credential, KeyPackage, RequiredCapabilities};
use crate::protocol::Protocol;
use crate::values::CipherSuite;

rules! {
    NO_CIPHER_SUITE = "the list of acceptable cipher suites is empty", "draft-ietf-mimi-protocol-06 section 5.2";
    REQUESTING_USER_EMPTY = "the requesting user is empty", "draft-ietf-mimi-protocol-06 section 5.2";
    TARGET_USER_EMPTY = "the target user is empty", "draft-ietf-mimi-protocol-06 section 5.2";
    USER_CODE_UNKNOWN = "the user status is not one that is defined", "draft-ietf-mimi-protocol-06 section 5.2";
    CLIENT_CODE_UNKNOWN = "the client status is not one that is defined", "draft-ietf-mimi-protocol-06 section 5.2";
    CLIENTS_NOT_ALLOWED = "clients are listed although the user status does not allow it",
        "draft-ietf-mimi-protocol-06 section 5.2";
}

const SIGNATURE_LABEL: &str = "KeyMaterialRequestTBS";

/// What a request for key material says; also what its signature covers (draft-ietf-mimi-protocol-06 section 5.2).
// req: MP06-5.2-07, MP06-5.2-10, MP06-5.2-11, MP06-5.2-15
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct KeyMaterialRequestTbs {
    /// The user who asks.
    pub requesting_user: IdentifierUri,
    /// The user whose clients are to be added.
    pub target_user: IdentifierUri,
    // req: MP06-5.2-08
    /// The room they are to be added to; empty if the request is not made for a room.
    pub room_id: IdentifierUri,
    /// Acceptable cipher suites, at least one.
    pub acceptable_ciphersuites: Vec<CipherSuite>,
    /// What the clients must be able to do.
    pub required_capabilities: RequiredCapabilities,
    /// The key that signs the request.
    pub requester_signature_key: Vec<u8>,
    /// Who the asking client is.
    pub requester_credential: Credential,
}

impl KeyMaterialRequestTbs {
    /// Signs the request.
    ///
    /// # Errors
    /// When `requester_signature_key` is not the signer's, the request has no encoding, or the signer fails.
    // req: MP06-5.2-12, MP06-5.2-16
    pub fn sign(self, signer: &dyn LabelSigner) -> Result<KeyMaterialRequest, SignError> {
        if signer.public_key() != self.requester_signature_key {
            return Err(SignError::KeyMismatch);
        }
        let signature = signer.sign_with_label(SIGNATURE_LABEL, &self.to_bytes()?)?;
        Ok(KeyMaterialRequest { tbs: self, signature })
    }
}

impl Wire for KeyMaterialRequestTbs {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Protocol::decode(r)?;
        let requesting_user = non_empty(r, &REQUESTING_USER_EMPTY)?;
        let target_user = non_empty(r, &TARGET_USER_EMPTY)?;
        let room_id = IdentifierUri::decode(r)?;
        let start = r.clone();
        let acceptable_ciphersuites: Vec<CipherSuite> = r.list()?;
        // req: MP06-5.2-09
        if acceptable_ciphersuites.is_empty() {
            return Err(start.error(&NO_CIPHER_SUITE));
        }
        Ok(Self {
            requesting_user,
            target_user,
            room_id,
            acceptable_ciphersuites,
            required_capabilities: RequiredCapabilities::decode(r)?,
            requester_signature_key: r.opaque()?.to_vec(),
            requester_credential: Credential::decode(r)?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if self.requesting_user.is_empty() {
            return Err(EncodeError::new(&REQUESTING_USER_EMPTY));
        }
        if self.target_user.is_empty() {
            return Err(EncodeError::new(&TARGET_USER_EMPTY));
        }
        if self.acceptable_ciphersuites.is_empty() {
            return Err(EncodeError::new(&NO_CIPHER_SUITE));
        }
        Protocol::Mls10.encode(out)?;
        self.requesting_user.encode(out)?;
        self.target_user.encode(out)?;
        self.room_id.encode(out)?;
        codec::put_list(out, &self.acceptable_ciphersuites)?;
        self.required_capabilities.encode(out)?;
        codec::put_opaque(out, &self.requester_signature_key)?;
        self.requester_credential.encode(out)
    }
}

fn non_empty(r: &mut Reader<'_>, rule: &'static Rule) -> Result<IdentifierUri, DecodeError> {
    let start = r.clone();
    let uri = IdentifierUri::decode(r)?;
    if uri.is_empty() { Err(start.error(rule)) } else { Ok(uri) }
}

/// A request for key material whose signature holds (draft-ietf-mimi-protocol-06 section 5.2).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct KeyMaterialRequest {
    tbs: KeyMaterialRequestTbs,
    signature: Vec<u8>,
}

impl KeyMaterialRequest {
    /// What the request says.
    pub const fn tbs(&self) -> &KeyMaterialRequestTbs {
        &self.tbs
    }

    /// The body, as it is sent and forwarded.
    ///
    /// # Errors
    /// When the request has no encoding.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EncodeError> {
        KeyMaterialRequestIn::from(self.clone()).to_bytes()
    }
}

/// A request for key material as it came in, not verified (draft-ietf-mimi-protocol-06 section 5.2).
// req: MP06-5.2-14
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct KeyMaterialRequestIn {
    tbs: KeyMaterialRequestTbs,
    signature: Vec<u8>,
}

impl KeyMaterialRequestIn {
    /// A request with this signature, whatever it is worth.
    pub const fn new(tbs: KeyMaterialRequestTbs, signature: Vec<u8>) -> Self {
        Self { tbs, signature }
    }

    /// What the request claims.
    pub const fn unverified_tbs(&self) -> &KeyMaterialRequestTbs {
        &self.tbs
    }

    /// The signature, not verified.
    pub const fn unverified_signature(&self) -> &[u8] {
        self.signature.as_slice()
    }

    /// Verifies the signature with the key in the request.
    ///
    /// The signature scheme is not named in the request. It is that of the first acceptable cipher suite whose scheme
    /// is supported here.
    ///
    /// # Errors
    /// When the signature does not hold or none of the suites is supported.
    // req: MP06-5.2-12, MP06-5.2-16
    pub fn verify(self) -> Result<KeyMaterialRequest, SignatureError> {
        let content = self.tbs.to_bytes()?;
        let mut outcome = Err(SignatureError::Encode(EncodeError::new(&NO_CIPHER_SUITE)));
        for suite in &self.tbs.acceptable_ciphersuites {
            let key = &self.tbs.requester_signature_key;
            outcome = verify_with_label(*suite, key, SIGNATURE_LABEL, &content, &self.signature);
            if !matches!(outcome, Err(SignatureError::UnsupportedCipherSuite(_))) {
                break;
            }
        }
        outcome.map(|()| KeyMaterialRequest { tbs: self.tbs, signature: self.signature })
    }
}

impl From<KeyMaterialRequest> for KeyMaterialRequestIn {
    fn from(request: KeyMaterialRequest) -> Self {
        Self { tbs: request.tbs, signature: request.signature }
    }
}

impl Wire for KeyMaterialRequestIn {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { tbs: KeyMaterialRequestTbs::decode(r)?, signature: r.opaque()?.to_vec() })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.tbs.encode(out)?;
        codec::put_opaque(out, &self.signature)
    }
}

/// How the request went for the user as a whole (draft-ietf-mimi-protocol-06 section 5.2).
// req: MP06-5.2-17, MP06-5.2-25
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum KeyMaterialUserCode {
    /// There is key material for every client.
    Success = 0,
    /// There is key material for at least one client.
    PartialSuccess = 1,
    /// A provider or all of the user's clients lack the protocol.
    IncompatibleProtocol = 2,
    /// No client has key material that fits.
    NoCompatibleMaterial = 3,
    /// The provider does not know the user.
    UserUnknown = 4,
    /// The requester has no consent; also the catch-all.
    NoConsent = 5,
    /// The requester has no consent for this room.
    NoConsentForThisRoom = 6,
    /// The user was deleted.
    UserDeleted = 7,
}

impl KeyMaterialUserCode {
    /// Whether a response with this code may list clients.
    // req: MP06-5.2-21, MP06-5.2-22
    pub const fn allows_clients(self) -> bool {
        matches!(self, Self::Success | Self::PartialSuccess | Self::NoCompatibleMaterial)
    }
}

impl Wire for KeyMaterialUserCode {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        Ok(match r.u8()? {
            0 => Self::Success,
            1 => Self::PartialSuccess,
            2 => Self::IncompatibleProtocol,
            3 => Self::NoCompatibleMaterial,
            4 => Self::UserUnknown,
            5 => Self::NoConsent,
            6 => Self::NoConsentForThisRoom,
            7 => Self::UserDeleted,
            _ => return Err(start.error(&USER_CODE_UNKNOWN)),
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.push(*self as u8);
        Ok(())
    }
}

/// How the request went for one client (draft-ietf-mimi-protocol-06 section 5.2).
// req: MP06-5.2-26
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum KeyMaterialClientCode {
    /// There is key material.
    Success = 0,
    /// All key material was handed out.
    KeyMaterialExhausted = 1,
    /// None fits what is required.
    NothingCompatible = 2,
}

impl Wire for KeyMaterialClientCode {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        Ok(match r.u8()? {
            0 => Self::Success,
            1 => Self::KeyMaterialExhausted,
            2 => Self::NothingCompatible,
            _ => return Err(start.error(&CLIENT_CODE_UNKNOWN)),
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.push(*self as u8);
        Ok(())
    }
}

/// One client of the target user (draft-ietf-mimi-protocol-06 section 5.2).
// req: MP06-5.2-19, MP06-5.2-20, MP06-5.2-27
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ClientKeyMaterial {
    /// There is key material.
    Success {
        /// The client.
        client_uri: IdentifierUri,
        /// Its key package.
        key_package: Box<KeyPackage>,
    },
    /// All key material was handed out.
    KeyMaterialExhausted {
        /// The client.
        client_uri: IdentifierUri,
    },
    /// None fits what is required.
    NothingCompatible {
        /// The client.
        client_uri: IdentifierUri,
        /// What the client can do, unless the provider keeps it to itself.
        client_capabilities: Option<Capabilities>,
    },
}

impl ClientKeyMaterial {
    /// The client.
    pub const fn client_uri(&self) -> &IdentifierUri {
        match self {
            Self::Success { client_uri, .. }
            | Self::KeyMaterialExhausted { client_uri }
            | Self::NothingCompatible { client_uri, .. } => client_uri,
        }
    }

    /// How the request went for the client.
    pub const fn client_status(&self) -> KeyMaterialClientCode {
        match self {
            Self::Success { .. } => KeyMaterialClientCode::Success,
            Self::KeyMaterialExhausted { .. } => KeyMaterialClientCode::KeyMaterialExhausted,
            Self::NothingCompatible { .. } => KeyMaterialClientCode::NothingCompatible,
        }
    }

    /// The key package, if there is one.
    pub fn key_package(&self) -> Option<&KeyPackage> {
        match self {
            Self::Success { key_package, .. } => Some(key_package),
            _ => None,
        }
    }
}

impl Wire for ClientKeyMaterial {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let status = KeyMaterialClientCode::decode(r)?;
        let client_uri = IdentifierUri::decode(r)?;
        Ok(match status {
            KeyMaterialClientCode::Success => {
                Self::Success { client_uri, key_package: Box::new(KeyPackage::decode(r)?) }
            }
            KeyMaterialClientCode::KeyMaterialExhausted => Self::KeyMaterialExhausted { client_uri },
            KeyMaterialClientCode::NothingCompatible => {
                Self::NothingCompatible { client_uri, client_capabilities: r.optional()? }
            }
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.client_status().encode(out)?;
        self.client_uri().encode(out)?;
        match self {
            Self::Success { key_package, .. } => key_package.encode(out),
            Self::KeyMaterialExhausted { .. } => Ok(()),
            Self::NothingCompatible { client_capabilities, .. } => {
                codec::put_optional(out, client_capabilities.as_ref())
            }
        }
    }
}

/// The answer to a request for key material (draft-ietf-mimi-protocol-06 section 5.2).
// req: MP06-5.2-18, MP06-5.2-28
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct KeyMaterialResponse {
    /// How the request went for the user as a whole.
    pub user_status: KeyMaterialUserCode,
    /// The target user.
    pub user_uri: IdentifierUri,
    /// The user's clients; empty unless the status allows them.
    pub clients: Vec<ClientKeyMaterial>,
}

impl Wire for KeyMaterialResponse {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Protocol::decode(r)?;
        let user_status = KeyMaterialUserCode::decode(r)?;
        let user_uri = IdentifierUri::decode(r)?;
        let start = r.clone();
        let clients: Vec<ClientKeyMaterial> = r.list()?;
        if !clients.is_empty() && !user_status.allows_clients() {
            return Err(start.error(&CLIENTS_NOT_ALLOWED));
        }
        Ok(Self { user_status, user_uri, clients })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if !self.clients.is_empty() && !self.user_status.allows_clients() {
            return Err(EncodeError::new(&CLIENTS_NOT_ALLOWED));
        }
        Protocol::Mls10.encode(out)?;
        self.user_status.encode(out)?;
        self.user_uri.encode(out)?;
        codec::put_list(out, &self.clients)
    }
}

#[cfg(test)]
mod tests;
