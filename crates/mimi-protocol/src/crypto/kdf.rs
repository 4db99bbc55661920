//! Hash and key derivation of the cipher suites (RFC 9420 sections 5.1 and 8).

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::labelled;
use crate::values::{CipherSuite, HashFunction};

/// The hash of a cipher suite; nothing if the suite is none of RFC 9420.
pub fn hash(suite: CipherSuite, input: &[u8]) -> Option<Vec<u8>> {
    Some(match suite.hash_function()? {
        HashFunction::Sha256 => Sha256::digest(input).to_vec(),
        HashFunction::Sha384 => Sha384::digest(input).to_vec(),
        HashFunction::Sha512 => Sha512::digest(input).to_vec(),
    })
}

/// `ExpandWithLabel` (RFC 9420 section 8); nothing if the suite is none of RFC 9420 or more than 255 blocks are asked for.
pub fn expand_with_label(
    suite: CipherSuite,
    secret: &[u8],
    label: &str,
    context: &[u8],
    length: u16,
) -> Option<Vec<u8>> {
    let mut info = length.to_be_bytes().to_vec();
    info.extend(labelled(label, context));
    let mut out = Vec::with_capacity(usize::from(length) + 64);
    let mut block = Vec::new();
    for counter in 1..=u8::MAX {
        if out.len() >= usize::from(length) {
            break;
        }
        block = hmac(suite, secret, &[&block, &info, &[counter]])?;
        out.extend_from_slice(&block);
    }
    out.truncate(usize::from(length));
    (out.len() == usize::from(length)).then_some(out)
}

fn hmac(suite: CipherSuite, key: &[u8], parts: &[&[u8]]) -> Option<Vec<u8>> {
    macro_rules! with {
        ($hash:ty) => {{
            let mut mac = Hmac::<$hash>::new_from_slice(key).ok()?;
            parts.iter().for_each(|part| mac.update(part));
            Some(mac.finalize().into_bytes().to_vec())
        }};
    }
    match suite.hash_function()? {
        HashFunction::Sha256 => with!(Sha256),
        HashFunction::Sha384 => with!(Sha384),
        HashFunction::Sha512 => with!(Sha512),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn expansion_gives_what_the_mls_working_group_published() {
        // `expand_with_label` of the published crypto-basics vectors, one for each hash function.
        for (suite, secret, label, context, expected) in [
            (
                1,
                "1499360a561335f4ef51d0a1b0d586900dc8007ae405b1ab79bf4207bb3d67e4",
                "ExpandWithLabel",
                "2ff8c1f9d9c1248f82e372ddb5791c771695e01882abca6a64097bd2f04c971f",
                "c1e8eb360391526c0c64039f13e0c5b1",
            ),
            (
                6,
                "ecdee9131293e97eccd92c133d0b81bd5c311ea513195275f6ba711810dd19a687096c2021c270976595ca1095932bb837c0e98191e749dccb7fec4941d6d29b",
                "ExpandWithLabel",
                "20303270ec0b655674f8d8f7d736c27c55f0de1a6b8b098a2e73ca7010d43293e33c8d52887d1918e2b4bac75a633770a8677fbaaec8d6cc4bd00d3bc67dbedc",
                "d57df8c0a0a746d0423f7cce96c90137013daed93c3d40967e18be44f535107c",
            ),
            (
                7,
                "39bb10928726fffb2b9b61fa4b07fed7ef5e554021a83c9d3af3aac9a8abab3db0bae67df71e8b3dd7ab3cf17dc783ce",
                "ExpandWithLabel",
                "2588d6b1ca306a9fc348a8b1b4de45c7111c4fb86ee362086ecf3f8f18f0b869df492fc5d30af6dd2d53e7b1eddf7d2f",
                "a2b96cd5edc41d0d56ce7a2282ce52aa792c7990483a52cbb044ee3f1f14f159",
            ),
        ] {
            let (secret, context) = (hex::decode(secret).unwrap(), hex::decode(context).unwrap());
            let length = u16::try_from(expected.len() / 2).unwrap();
            let out = expand_with_label(CipherSuite(suite), &secret, label, &context, length).unwrap();
            assert_eq!(hex::encode(out), expected);
        }
    }

    #[test]
    fn an_unknown_suite_and_too_many_octets_give_nothing() {
        assert_eq!(hash(CipherSuite(0xf001), b""), None);
        assert_eq!(expand_with_label(CipherSuite(0xf001), b"", "", b"", 1), None);
        assert_eq!(expand_with_label(CipherSuite(1), b"", "", b"", 255 * 32).unwrap().len(), 255 * 32);
        assert_eq!(expand_with_label(CipherSuite(1), b"", "", b"", 255 * 32 + 1), None);
        assert_eq!(expand_with_label(CipherSuite(1), b"", "", b"", 0), Some(vec![]));
    }
}
