//! The salt of a message, sections 4.1 and 9.2.

use core::fmt;

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Label under which a salt's base secret can be exported from the MLS key schedule (section 9.2).
pub const SALT_EXPORTER_LABEL: &str = "salt_base_secret";

/// 16 octets that nobody can guess and that no other message has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Salt([u8; 16]);

impl Salt {
    /// Takes 16 octets. For sending they have to come out of a cryptographic random generator, section 4.1.
    // req: MC08-4.1-01
    pub const fn new(octets: [u8; 16]) -> Self {
        Self(octets)
    }

    /// Derives a salt from a secret of the MLS exporter (label [`SALT_EXPORTER_LABEL`]) and a nonce that the caller
    /// makes anew for every message: the first half of HMAC-SHA-256, section 9.2.
    ///
    /// ```
    /// use mimi_content::Salt;
    /// let salt = Salt::from_exporter_secret(&[7; 32], b"first");
    /// assert_ne!(salt, Salt::from_exporter_secret(&[7; 32], b"second"));
    /// ```
    // req: MC08-9.2-01
    pub fn from_exporter_secret(salt_base_secret: &[u8], nonce: &[u8]) -> Self {
        let mut salt = [0; 16];
        // HMAC takes keys of any length.
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(salt_base_secret) {
            mac.update(nonce);
            let output = mac.finalize().into_bytes();
            for (to, from) in salt.iter_mut().zip(output) {
                *to = from;
            }
        }
        Self(salt)
    }

    /// The octets.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(")?;
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))?;
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_nonce_gives_a_salt_of_its_own() {
        // req: MC08-4.1-01
        let salt = |nonce: u8| Salt::from_exporter_secret(&[9; 32], &[nonce]);
        for nonce in 1..=255 {
            assert_ne!(salt(0), salt(nonce));
        }
    }

    #[test]
    fn the_salt_is_the_first_half_of_the_hmac_of_rfc_4231_case_2() {
        // req: MC08-9.2-01
        let salt = Salt::from_exporter_secret(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(
            salt.as_bytes(),
            &[0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75, 0xc7]
        );
    }
}
