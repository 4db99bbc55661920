//! Look-ups through a relay (discovery profile 0 section 10): binary HTTP (RFC 9292) in Oblivious HTTP (RFC 9458).
//!
//! The relay, of another operator, sees who asks and how much; the provider's gateway sees what is asked for, and nobody who asks. The cryptography,
//! and with it the randomness, is the `ohttp` crate's. One suite is used: X25519, HKDF with SHA-256, ChaCha20-Poly1305. Every message of one kind has one
//! size. An inner message has one form: a POST without fields, and a response 200 without fields; so nothing in it can tell askers apart.

use std::fmt;
use std::io::Cursor;

use bhttp::{Message, Mode, StatusCode};
use mimi_arch::Domain;
use mimi_arch::codec::{DecodeError, EncodeError, Reader, Wire, rules};
use ohttp::hpke::{Aead, Kdf, Kem};
use ohttp::{ClientRequest, ClientResponse, KeyConfig, ServerResponse, SymmetricSuite};

rules! {
    OBLIVIOUS_SUITE = "an Oblivious HTTP key is not for X25519, HKDF with SHA-256 and ChaCha20-Poly1305 alone", "discovery profile 0 section 10";
}

const SUITE: SymmetricSuite = SymmetricSuite::new(Kdf::HkdfSha256, Aead::ChaCha20Poly1305);
/// KEM, and the only pair of KDF and AEAD with the length of the list before it (RFC 9458 section 3.1).
const KEM_OCTETS: [u8; 2] = [0x00, 0x20];
const SUITE_OCTETS: [u8; 6] = [0, 4, 0, 1, 0, 3];

/// The public key of a gateway, encoded as a key configuration of RFC 9458 section 3.1.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ObliviousKey {
    /// Which of the gateway's keys it is.
    pub key_id: u8,
    /// The X25519 public key.
    pub public: [u8; 32],
}

impl fmt::Debug for ObliviousKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObliviousKey({})", self.key_id)
    }
}

impl Wire for ObliviousKey {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let key_id = r.u8()?;
        let start = r.clone();
        if r.array()? != KEM_OCTETS {
            return Err(start.error(&OBLIVIOUS_SUITE));
        }
        let public = r.array()?;
        let start = r.clone();
        if r.array()? != SUITE_OCTETS {
            return Err(start.error(&OBLIVIOUS_SUITE));
        }
        Ok(Self { key_id, public })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.push(self.key_id);
        out.extend_from_slice(&KEM_OCTETS);
        out.extend_from_slice(&self.public);
        out.extend_from_slice(&SUITE_OCTETS);
        Ok(())
    }
}

/// What an inner request is for. All paths have one length, so that the size of a request does not tell them apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Endpoint {
    /// A look-up of mode S.
    LookUp,
    /// The evaluation of mode B and P.
    Evaluate,
    /// A bucket of mode B.
    Bucket,
    /// A retrieval of mode P.
    Retrieve,
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::LookUp, Self::Evaluate, Self::Bucket, Self::Retrieve];

    /// The path of the inner request.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::LookUp => "/mimi-discovery/0/s",
            Self::Evaluate => "/mimi-discovery/0/e",
            Self::Bucket => "/mimi-discovery/0/b",
            Self::Retrieve => "/mimi-discovery/0/p",
        }
    }
}

/// A message through the relay that is not to be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObliviousError {
    /// It is not encrypted for this gateway, or was changed.
    #[error("not encapsulated for this key, or changed on the way (RFC 9458 section 4)")]
    Encapsulation,
    /// Inside is no binary HTTP in the one form.
    #[error("the inner message is no binary HTTP of the one form (RFC 9292 section 3, discovery profile 0 section 10)")]
    Message,
    /// The inner request is for another provider.
    #[error("the inner request is for another provider")]
    OtherAuthority,
    /// The inner request is for nothing that exists.
    #[error("the inner request is for a resource that does not exist")]
    UnknownPath,
    /// The gateway answered something else than 200.
    #[error("the gateway answered with status {0}")]
    Status(u16),
}

/// The gateway of a discovery provider.
#[derive(Clone)]
pub struct Gateway {
    domain: Domain,
    key: ObliviousKey,
    server: ohttp::Server,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("domain", &self.domain).field("key", &self.key).finish_non_exhaustive()
    }
}

/// What seals the response to one request.
#[derive(Debug)]
pub struct Responder(ServerResponse);

impl Gateway {
    /// The gateway of a provider, with the key that 32 secret octets determine (RFC 9180 section 7.1.3).
    ///
    /// # Errors
    /// Never for practical purposes: the derivation is allowed to fail.
    pub fn new(domain: Domain, key_id: u8, secret: &[u8; 32]) -> Result<Self, ObliviousError> {
        let broken = |_| ObliviousError::Encapsulation;
        let config = KeyConfig::derive(key_id, Kem::X25519Sha256, vec![SUITE], secret).map_err(broken)?;
        let encoded = config.encode().map_err(broken)?;
        let key = ObliviousKey::from_bytes(&encoded).map_err(|_| ObliviousError::Encapsulation)?;
        let server = ohttp::Server::new(config).map_err(broken)?;
        Ok(Self { domain, key, server })
    }

    /// The public key.
    #[must_use]
    pub const fn key(&self) -> ObliviousKey {
        self.key
    }

    /// The provider.
    #[must_use]
    pub const fn domain(&self) -> &Domain {
        &self.domain
    }

    /// Opens a request: what for, its content, and what seals the response.
    ///
    /// # Errors
    /// It is not for this gateway or not in the one form. Such a request is nobody's look-up; it may be refused openly (RFC 9458 section 5.2).
    pub fn open(&self, encapsulated: &[u8]) -> Result<(Endpoint, Vec<u8>, Responder), ObliviousError> {
        let (inner, response) = self.server.decapsulate(encapsulated).map_err(|_| ObliviousError::Encapsulation)?;
        let message = read(&inner)?;
        let control = message.control();
        let is_post = control.method() == Some(b"POST".as_slice()) && control.scheme() == Some(b"https".as_slice());
        if !is_post {
            return Err(ObliviousError::Message);
        }
        if control.authority() != Some(self.domain.as_str().as_bytes()) {
            return Err(ObliviousError::OtherAuthority);
        }
        let known = |endpoint: &Endpoint| control.path() == Some(endpoint.path().as_bytes());
        let endpoint = Endpoint::ALL.into_iter().find(known).ok_or(ObliviousError::UnknownPath)?;
        // The one form has neither fields nor trailers nor anything else than these parts.
        if write(&request(&self.domain, endpoint, message.content()))? != inner {
            return Err(ObliviousError::Message);
        }
        Ok((endpoint, message.content().to_vec(), Responder(response)))
    }
}

impl Responder {
    /// Seals the content of a response.
    ///
    /// # Errors
    /// Never for practical purposes.
    pub fn seal(self, content: &[u8]) -> Result<Vec<u8>, ObliviousError> {
        let inner = write(&response(content))?;
        self.0.encapsulate(&inner).map_err(|_| ObliviousError::Encapsulation)
    }
}

/// What opens the response to one request.
pub struct PendingResponse(ClientResponse);

impl fmt::Debug for PendingResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PendingResponse")
    }
}

/// Encapsulates a request for the gateway of a provider. Each has a key of its own: two requests of one asker have nothing in common.
///
/// # Errors
/// The key is none.
pub fn encapsulate(
    dp: &Domain,
    key: &ObliviousKey,
    endpoint: Endpoint,
    content: &[u8],
) -> Result<(Vec<u8>, PendingResponse), ObliviousError> {
    let encoded = key.to_bytes().map_err(|_| ObliviousError::Encapsulation)?;
    let client = ClientRequest::from_encoded_config(&encoded).map_err(|_| ObliviousError::Encapsulation)?;
    let inner = write(&request(dp, endpoint, content))?;
    let (encapsulated, response) = client.encapsulate(&inner).map_err(|_| ObliviousError::Encapsulation)?;
    Ok((encapsulated, PendingResponse(response)))
}

impl PendingResponse {
    /// Opens the response.
    ///
    /// # Errors
    /// It is not the gateway's response to this request, or not in the one form.
    pub fn open(self, encapsulated: &[u8]) -> Result<Vec<u8>, ObliviousError> {
        let inner = self.0.decapsulate(encapsulated).map_err(|_| ObliviousError::Encapsulation)?;
        let message = read(&inner)?;
        match message.control().status().map(StatusCode::code) {
            Some(200) => {}
            Some(status) => return Err(ObliviousError::Status(status)),
            None => return Err(ObliviousError::Message),
        }
        if write(&response(message.content()))? != inner {
            return Err(ObliviousError::Message);
        }
        Ok(message.content().to_vec())
    }
}

fn request(authority: &Domain, endpoint: Endpoint, content: &[u8]) -> Message {
    let octets = |text: &str| text.as_bytes().to_vec();
    let mut message =
        Message::request(octets("POST"), octets("https"), octets(authority.as_str()), octets(endpoint.path()));
    message.write_content(content);
    message
}

fn response(content: &[u8]) -> Message {
    let mut message = Message::response(StatusCode::OK);
    message.write_content(content);
    message
}

fn read(octets: &[u8]) -> Result<Message, ObliviousError> {
    Message::read_bhttp(&mut Cursor::new(octets)).map_err(|_| ObliviousError::Message)
}

fn write(message: &Message) -> Result<Vec<u8>, ObliviousError> {
    let mut octets = Vec::with_capacity(message.content().len() + 128);
    message.write_bhttp(Mode::KnownLength, &mut octets).map_err(|_| ObliviousError::Message)?;
    Ok(octets)
}
