//! The protocol's labelled signatures and encryption over OpenMLS' cryptography (RFC 9420 sections 5.1.2 and 5.1.3).

use mimi_protocol::{
    CipherSuite,
    crypto::{Hpke, HpkeCiphertext, HpkeError, LabelSigner, SignError, sign_content},
};
use openmls::prelude::{Ciphersuite, HpkeCiphertext as LibraryCiphertext, OpenMlsCrypto as _, OpenMlsRand as _};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::RustCrypto;
use openmls_traits::signatures::Signer as _;

use crate::{
    error::{ClientError, MlsFailure},
    mls::{SUITE, library},
};

/// The client's signature key as a signer of requests.
pub(crate) struct Signer<'a>(pub(crate) &'a SignatureKeyPair);

impl LabelSigner for Signer<'_> {
    fn public_key(&self) -> &[u8] {
        self.0.public()
    }

    fn sign_with_label(&self, label: &str, content: &[u8]) -> Result<Vec<u8>, SignError> {
        self.0.sign(&sign_content(label, content)).map_err(|error| SignError::Signer(format!("{error:?}").into()))
    }
}

/// A failure to sign, which a software key has only with malformed content.
pub(crate) fn signing(error: SignError) -> ClientError {
    MlsFailure::Library { during: "signing a request", reason: error.to_string() }.into()
}

/// HPKE of the cipher suites that OpenMLS' provider has.
///
/// An external receiver of SemiPrivateMessages needs no more of OpenMLS than this. Sealing and opening them as a member needs the
/// handshake ratchets, which OpenMLS does not show.
#[derive(Debug, Default)]
pub struct LibraryHpke(RustCrypto);

impl LibraryHpke {
    /// A fresh key pair: private key, public key.
    ///
    /// # Errors
    /// When there is no randomness.
    pub(crate) fn key_pair(&self) -> Result<(Vec<u8>, Vec<u8>), ClientError> {
        let seed = self.0.random_vec(32).map_err(library("making an HPKE key"))?;
        let pair = self.0.derive_hpke_keypair(SUITE.hpke_config(), &seed).map_err(library("making an HPKE key"))?;
        Ok((pair.private.to_vec(), pair.public))
    }
}

impl Hpke for LibraryHpke {
    fn seal(
        &self,
        suite: CipherSuite,
        public_key: &[u8],
        info: &[u8],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<HpkeCiphertext, HpkeError> {
        let sealed = self
            .0
            .hpke_seal(known(suite)?.hpke_config(), public_key, info, aad, plaintext)
            .map_err(|error| HpkeError::Other(Box::new(error)))?;
        Ok(HpkeCiphertext {
            kem_output: sealed.kem_output.as_slice().to_vec(),
            ciphertext: sealed.ciphertext.as_slice().to_vec(),
        })
    }

    fn open(
        &self,
        suite: CipherSuite,
        private_key: &[u8],
        info: &[u8],
        aad: &[u8],
        ciphertext: &HpkeCiphertext,
    ) -> Result<Vec<u8>, HpkeError> {
        let sealed = LibraryCiphertext {
            kem_output: ciphertext.kem_output.as_slice().into(),
            ciphertext: ciphertext.ciphertext.as_slice().into(),
        };
        self.0.hpke_open(known(suite)?.hpke_config(), &sealed, private_key, info, aad).map_err(|_| HpkeError::Open)
    }
}

fn known(suite: CipherSuite) -> Result<Ciphersuite, HpkeError> {
    Ciphersuite::try_from(suite.0).map_err(|_| HpkeError::UnsupportedCipherSuite(suite))
}
