//! HPKE by the crypto provider of OpenMLS, for the encrypted answer of section 5.6.

use mimi_protocol::{
    CipherSuite,
    crypto::{Hpke, HpkeCiphertext, HpkeError},
};
use openmls_rust_crypto::RustCrypto;
use openmls_traits::{
    crypto::OpenMlsCrypto,
    types::{Ciphersuite, HpkeCiphertext as MlsCiphertext},
};

/// [`Hpke`] over OpenMLS' crypto provider.
#[derive(Debug, Default)]
pub struct OpenMlsHpke(RustCrypto);

impl OpenMlsHpke {
    fn suite(&self, suite: CipherSuite) -> Result<Ciphersuite, HpkeError> {
        Ciphersuite::try_from(suite.0)
            .ok()
            .filter(|known| self.0.supports(*known).is_ok())
            .ok_or(HpkeError::UnsupportedCipherSuite(suite))
    }
}

impl Hpke for OpenMlsHpke {
    fn seal(
        &self,
        suite: CipherSuite,
        public_key: &[u8],
        info: &[u8],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<HpkeCiphertext, HpkeError> {
        let config = self.suite(suite)?.hpke_config();
        let sealed = self.0.hpke_seal(config, public_key, info, aad, plaintext).map_err(|_| HpkeError::MalformedKey)?;
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
        let config = self.suite(suite)?.hpke_config();
        let sealed = MlsCiphertext {
            kem_output: ciphertext.kem_output.clone().into(),
            ciphertext: ciphertext.ciphertext.clone().into(),
        };
        self.0.hpke_open(config, &sealed, private_key, info, aad).map_err(|_| HpkeError::Open)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn what_is_sealed_opens_with_the_right_context_only() {
        // req: MP06-5.6-19
        let hpke = OpenMlsHpke::default();
        let suite = CipherSuite::X25519_AES128GCM_SHA256_ED25519;
        let config = hpke.suite(suite).unwrap().hpke_config();
        let keys = hpke.0.derive_hpke_keypair(config, &[7; 32]).unwrap();
        let sealed = hpke.seal(suite, &keys.public, b"info", b"", b"secret").unwrap();
        assert_eq!(hpke.open(suite, &keys.private, b"info", b"", &sealed).unwrap(), b"secret");
        assert!(hpke.open(suite, &keys.private, b"other", b"", &sealed).is_err());
        assert!(hpke.seal(suite, b"short", b"", b"", b"").is_err());
        assert!(hpke.seal(CipherSuite(0xffff), &keys.public, b"", b"", b"").is_err());
    }
}
