//! The identity link: who is behind a pseudonym (draft-ietf-mimi-protocol-06 section 6.1).

use mimi_arch::{ClientUri, UserUri};

use super::SECTION;
use super::credential::{
    PSEUDONYMOUS_CREDENTIAL_LABEL, PseudonymError, PseudonymousCredential, PseudonymousCredentialTbs, Pseudonyms,
};
use super::profile::LinkKey;
use crate::codec::{self, DecodeError, EncodeError, Reader, Wire};
use crate::crypto::{AeadError, LabelSigner, SignError, SignatureError, verify_with_label};
use crate::mls::Credential;
use crate::values::CipherSuite;

/// What is encrypted in a pseudonymous credential (draft-ietf-mimi-protocol-06 section 6.1).
// req: MP06-6.1-11
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct IdentityLinkTbe {
    /// The signature by the real credential's key over [`PseudonymousCredentialTbs`].
    pub pseudonymous_credential_signature: Vec<u8>,
    /// The real credential.
    pub client_credential: Credential,
}

impl Wire for IdentityLinkTbe {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { pseudonymous_credential_signature: r.opaque()?.to_vec(), client_credential: Credential::decode(r)? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_opaque(out, &self.pseudonymous_credential_signature)?;
        self.client_credential.encode(out)
    }
}

/// A link that cannot be made or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityLinkError {
    /// The pseudonyms have not the form of pseudonyms.
    #[error(transparent)]
    Pseudonym(#[from] PseudonymError),
    /// The signature could not be made.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// Encryption failed, or the ciphertext is not of this key and these pseudonyms.
    #[error("the identity link: {0}")]
    Aead(#[from] AeadError),
    /// What was encrypted is malformed. The offset counts from the start of the plaintext.
    #[error("the identity link: {0}")]
    Malformed(#[from] DecodeError),
    /// Something is too long.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl IdentityLinkError {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        match self {
            Self::Pseudonym(_) | Self::Aead(_) => SECTION,
            Self::Sign(_) => "RFC 9420 section 5.1.2",
            Self::Malformed(error) => error.section(),
            Self::Encode(error) => error.section(),
        }
    }
}

/// What a client needs to make its pseudonymous credential.
#[derive(Clone, Copy)]
pub struct NewIdentityLink<'a> {
    /// The group's cipher suite.
    pub suite: CipherSuite,
    /// The real credential.
    pub client_credential: &'a Credential,
    /// Its key.
    pub signer: &'a dyn LabelSigner,
    /// The key of the link.
    pub link_key: &'a LinkKey,
    /// As many octets from a random number generator as the suite's nonce has.
    pub nonce: &'a [u8],
}

impl NewIdentityLink<'_> {
    /// Signs the pseudonyms and encrypts the link.
    ///
    /// # Errors
    /// When the pseudonyms have not the form of pseudonyms, or signing or encryption fails.
    // req: MP06-6.1-12, MP06-6.1-13
    pub fn credential(&self, tbs: PseudonymousCredentialTbs) -> Result<PseudonymousCredential, IdentityLinkError> {
        tbs.pseudonyms()?;
        let signed = tbs.to_bytes()?;
        let link = IdentityLinkTbe {
            pseudonymous_credential_signature: self.signer.sign_with_label(PSEUDONYMOUS_CREDENTIAL_LABEL, &signed)?,
            client_credential: self.client_credential.clone(),
        };
        let identity_link_ciphertext = self.link_key.seal(self.suite, self.nonce, &signed, &link.to_bytes()?)?;
        Ok(PseudonymousCredential {
            client_pseudonym: tbs.client_pseudonym,
            user_pseudonym: tbs.user_pseudonym,
            signature_public_key: tbs.signature_public_key,
            identity_link_ciphertext,
        })
    }
}

impl PseudonymousCredential {
    /// Decrypts the link. Whether it is true is not known before [`UnverifiedLink::verify`].
    ///
    /// # Errors
    /// When the pseudonyms have not the form of pseudonyms, or the link does not open or is malformed.
    // req: MP06-6.1-12
    pub fn open_link(&self, suite: CipherSuite, link_key: &LinkKey) -> Result<UnverifiedLink, IdentityLinkError> {
        let pseudonyms = self.pseudonyms()?;
        let signed = self.tbs().to_bytes()?;
        let link = link_key.open(suite, &signed, &self.identity_link_ciphertext)?;
        Ok(UnverifiedLink { suite, pseudonyms, signed, link: IdentityLinkTbe::from_bytes(&link)? })
    }
}

/// A link that does not hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityLinkVerifyError {
    /// The real credential does not vouch for the pseudonyms.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The pseudonyms are at another provider than the user.
    #[error("the pseudonyms are not at the user's provider (draft-ietf-mimi-protocol-06 section 6.1)")]
    OtherProvider,
}

impl IdentityLinkVerifyError {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        match self {
            Self::Signature(error) => error.section(),
            Self::OtherProvider => SECTION,
        }
    }
}

/// A link that opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnverifiedLink {
    suite: CipherSuite,
    pseudonyms: Pseudonyms,
    signed: Vec<u8>,
    link: IdentityLinkTbe,
}

impl UnverifiedLink {
    /// The real credential, as the link says. Whoever verifies the link finds out first whose it is and which key it has: that is
    /// in the certificate, or comes from the user's provider for a basic credential.
    pub const fn unverified_credential(&self) -> &Credential {
        &self.link.client_credential
    }

    /// Checks that the key of the real credential signed the pseudonyms and that they are at the provider of the client.
    ///
    /// # Errors
    /// See [`IdentityLinkVerifyError`].
    // req: MP06-6.1-13, MP06-6.1-01
    pub fn verify(
        self,
        client: &ClientUri,
        user: &UserUri,
        client_signature_key: &[u8],
    ) -> Result<LinkedIdentity, IdentityLinkVerifyError> {
        let signature = &self.link.pseudonymous_credential_signature;
        verify_with_label(self.suite, client_signature_key, PSEUDONYMOUS_CREDENTIAL_LABEL, &self.signed, signature)?;
        if self.pseudonyms.user.domain() != user.domain() || client.domain() != user.domain() {
            return Err(IdentityLinkVerifyError::OtherProvider);
        }
        Ok(LinkedIdentity { pseudonyms: self.pseudonyms, client: client.clone(), user: user.clone() })
    }
}

/// Who is behind a pseudonym, verified.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct LinkedIdentity {
    pseudonyms: Pseudonyms,
    client: ClientUri,
    user: UserUri,
}

impl LinkedIdentity {
    /// The pseudonyms.
    pub const fn pseudonyms(&self) -> &Pseudonyms {
        &self.pseudonyms
    }

    /// The client behind them.
    pub const fn client(&self) -> &ClientUri {
        &self.client
    }

    /// The user behind them.
    pub const fn user(&self) -> &UserUri {
        &self.user
    }
}
