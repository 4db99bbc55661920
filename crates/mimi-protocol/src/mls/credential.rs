//! Credentials, capabilities and external senders (RFC 9420 sections 5.3, 7.2, 11.1 and 12.1.8.1).

use mimi_arch::mls::CredentialType;

use crate::codec::{self, DecodeError, EncodeError, Reader, TRAILING, Wire, rules};

use crate::minimal_metadata::PseudonymousCredential;

use super::extension::ExtensionType;

rules! {
    CREDENTIAL_TYPE_UNKNOWN = "the credential type is not one whose end is known", "RFC 9420 section 5.3";
}

/// Who a client says it is (RFC 9420 section 5.3).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Credential(CredentialKind);

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum CredentialKind {
    Basic(Vec<u8>),
    X509(Vec<Vec<u8>>),
    Pseudonymous(Box<PseudonymousCredential>),
}

impl Credential {
    /// The credential type `basic`.
    pub const BASIC: u16 = 1;
    /// The credential type `x509`.
    pub const X509: u16 = 2;
    /// The credential type of a PseudonymousCredential, a number of private use until there is one.
    pub const PSEUDONYMOUS: u16 = CredentialType::PSEUDONYMOUS.0;

    /// A basic credential: the bare identity.
    pub fn basic(identity: impl Into<Vec<u8>>) -> Self {
        Self(CredentialKind::Basic(identity.into()))
    }

    /// An X.509 credential: DER certificates, the holder's first.
    pub fn x509(chain: Vec<Vec<u8>>) -> Self {
        Self(CredentialKind::X509(chain))
    }

    /// The credential of a leaf in a minimal metadata room (draft-ietf-mimi-protocol-06 section 6.1).
    pub fn pseudonymous(credential: PseudonymousCredential) -> Self {
        Self(CredentialKind::Pseudonymous(Box::new(credential)))
    }

    /// The credential type.
    pub const fn credential_type(&self) -> u16 {
        match self.0 {
            CredentialKind::Basic(_) => Self::BASIC,
            CredentialKind::X509(_) => Self::X509,
            CredentialKind::Pseudonymous(_) => Self::PSEUDONYMOUS,
        }
    }

    /// The identity of a basic credential.
    pub fn as_basic(&self) -> Option<&[u8]> {
        match &self.0 {
            CredentialKind::Basic(identity) => Some(identity),
            CredentialKind::X509(_) | CredentialKind::Pseudonymous(_) => None,
        }
    }

    /// The certificates of an X.509 credential, the holder's first.
    pub fn as_x509(&self) -> Option<&[Vec<u8>]> {
        match &self.0 {
            CredentialKind::X509(chain) => Some(chain),
            CredentialKind::Basic(_) | CredentialKind::Pseudonymous(_) => None,
        }
    }

    /// The pseudonymous credential, if it is one.
    pub fn as_pseudonymous(&self) -> Option<&PseudonymousCredential> {
        match &self.0 {
            CredentialKind::Pseudonymous(credential) => Some(credential),
            CredentialKind::Basic(_) | CredentialKind::X509(_) => None,
        }
    }
}

impl Wire for Credential {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        match r.u16()? {
            Self::BASIC => Ok(Self::basic(r.opaque()?)),
            Self::X509 => Ok(Self::x509(r.list_with(|r| r.opaque().map(<[u8]>::to_vec))?)),
            // In an opaque<V>, so that those who do not know the type find its end.
            Self::PSEUDONYMOUS => {
                let mut content = r.vector()?;
                let credential = PseudonymousCredential::decode(&mut content)?;
                if content.is_empty() { Ok(Self::pseudonymous(credential)) } else { Err(content.error(&TRAILING)) }
            }
            _ => Err(start.error(&CREDENTIAL_TYPE_UNKNOWN)),
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.credential_type().encode(out)?;
        match &self.0 {
            CredentialKind::Basic(identity) => codec::put_opaque(out, identity),
            CredentialKind::X509(chain) => {
                codec::put_list_with(out, chain, |certificate, out| codec::put_opaque(out, certificate))
            }
            CredentialKind::Pseudonymous(credential) => codec::put_opaque(out, &credential.to_bytes()?),
        }
    }
}

/// What a client can do (RFC 9420 section 7.2).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Capabilities {
    /// Protocol versions; MLS 1.0 is 1.
    pub versions: Vec<u16>,
    /// Cipher suites.
    pub cipher_suites: Vec<u16>,
    /// Extension types besides the default ones.
    pub extensions: Vec<u16>,
    /// Proposal types besides the default ones.
    pub proposals: Vec<u16>,
    /// Credential types.
    pub credentials: Vec<u16>,
}

impl Wire for Capabilities {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            versions: r.list()?,
            cipher_suites: r.list()?,
            extensions: r.list()?,
            proposals: r.list()?,
            credentials: r.list()?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_list(out, &self.versions)?;
        codec::put_list(out, &self.cipher_suites)?;
        codec::put_list(out, &self.extensions)?;
        codec::put_list(out, &self.proposals)?;
        codec::put_list(out, &self.credentials)
    }
}

/// What every member of a group has to be able to do (RFC 9420 section 11.1).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct RequiredCapabilities {
    /// Extension types.
    pub extension_types: Vec<u16>,
    /// Proposal types.
    pub proposal_types: Vec<u16>,
    /// Credential types.
    pub credential_types: Vec<u16>,
}

impl RequiredCapabilities {
    /// Whether a client with these capabilities fulfils the requirement. The default extensions (1 to 5) and
    /// proposals (1 to 7) of RFC 9420 need not be listed by the client.
    pub fn satisfied_by(&self, capabilities: &Capabilities) -> bool {
        let has = |required: &[u16], offered: &[u16], default_up_to: u16| {
            required.iter().all(|value| (1..=default_up_to).contains(value) || offered.contains(value))
        };
        has(&self.extension_types, &capabilities.extensions, ExtensionType::EXTERNAL_SENDERS.0)
            && has(&self.proposal_types, &capabilities.proposals, super::proposal::GROUP_CONTEXT_EXTENSIONS)
            && has(&self.credential_types, &capabilities.credentials, 0)
    }
}

impl Wire for RequiredCapabilities {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { extension_types: r.list()?, proposal_types: r.list()?, credential_types: r.list()? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_list(out, &self.extension_types)?;
        codec::put_list(out, &self.proposal_types)?;
        codec::put_list(out, &self.credential_types)
    }
}

/// Someone outside the group who may send proposals to it (RFC 9420 section 12.1.8.1).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ExternalSender {
    /// The key that the sender signs with.
    pub signature_key: Vec<u8>,
    /// Who the sender is.
    pub credential: Credential,
}

impl Wire for ExternalSender {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { signature_key: r.opaque()?.to_vec(), credential: Credential::decode(r)? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_opaque(out, &self.signature_key)?;
        self.credential.encode(out)
    }
}

/// The data of the `external_senders` extension (RFC 9420 section 12.1.8.1).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct ExternalSenders(pub Vec<ExternalSender>);

impl Wire for ExternalSenders {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.list().map(Self)
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_list(out, &self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use crate::testing::{capabilities, laws, refused};

    #[test]
    fn basic_and_x509_credentials_are_written_as_rfc_9420_says() {
        let basic = Credential::basic(*b"me");
        assert_eq!(laws(&basic), [0, 1, 2, b'm', b'e']);
        assert_eq!((basic.as_basic(), basic.as_x509()), (Some(&b"me"[..]), None));
        let x509 = Credential::x509(vec![vec![0x30], vec![0x31, 0x32]]);
        assert_eq!(laws(&x509), [0, 2, 5, 1, 0x30, 2, 0x31, 0x32]);
        assert_eq!((x509.as_basic(), x509.as_x509().map(<[_]>::len)), (None, Some(2)));
    }

    #[test]
    fn a_credential_of_another_type_is_refused_because_its_end_is_unknown() {
        refused::<Credential>(&[0, 3, 0], 0, &CREDENTIAL_TYPE_UNKNOWN);
        refused::<Credential>(&[0, 0, 0], 0, &CREDENTIAL_TYPE_UNKNOWN);
    }

    #[test]
    fn capabilities_are_five_lists_and_keep_unknown_values() {
        let bytes = laws(&capabilities());
        assert_eq!(bytes, [2, 0, 1, 4, 0, 1, 0x0a, 0x0a, 2, 0, 6, 4, 0, 8, 0, 10, 2, 0, 1]);
    }

    #[test]
    fn required_capabilities_are_three_lists_that_may_be_empty() {
        // req: MP06-5.2-10
        assert_eq!(laws(&RequiredCapabilities::default()), [0, 0, 0]);
        let required =
            RequiredCapabilities { extension_types: vec![6], proposal_types: vec![8, 10], credential_types: vec![1] };
        assert_eq!(laws(&required), [2, 0, 6, 4, 0, 8, 0, 10, 2, 0, 1]);
    }

    #[test]
    fn a_client_satisfies_what_it_lists_and_what_everyone_has_to_have() {
        let required = |extensions: &[u16], proposals: &[u16], credentials: &[u16]| RequiredCapabilities {
            extension_types: extensions.to_vec(),
            proposal_types: proposals.to_vec(),
            credential_types: credentials.to_vec(),
        };
        assert!(required(&[], &[], &[]).satisfied_by(&Capabilities::default()));
        assert!(required(&[6], &[8, 10], &[1]).satisfied_by(&capabilities()));
        assert!(required(&[1, 5], &[1, 7], &[]).satisfied_by(&Capabilities::default()));
        assert!(!required(&[6], &[], &[]).satisfied_by(&Capabilities::default()));
        assert!(!required(&[], &[9], &[]).satisfied_by(&capabilities()));
        assert!(!required(&[], &[], &[2]).satisfied_by(&capabilities()));
        assert!(!required(&[0], &[], &[]).satisfied_by(&Capabilities::default()));
    }

    #[test]
    fn external_senders_are_a_list_of_keys_and_credentials() {
        let sender = ExternalSender { signature_key: vec![7], credential: Credential::basic(*b"h") };
        assert_eq!(laws(&sender), [1, 7, 0, 1, 1, b'h']);
        assert_eq!(laws(&ExternalSenders(vec![sender])), [6, 1, 7, 0, 1, 1, b'h']);
    }
}
