//! Key packages: making our own, and checking those of others before adding them (draft-ietf-mimi-protocol-06
//! section 5.2).

use mimi_arch::{ClientUri, UserUri};
use mimi_protocol::{codec::Wire as _, mls::KeyPackage as WireKeyPackage};
use openmls::prelude::{
    KeyPackage, KeyPackageIn, Lifetime, OpenMlsProvider as _, ProtocolVersion,
    tls_codec::{DeserializeBytes as _, Serialize as _},
};

use super::{
    Identity, Provider, SUITE, capabilities, client_of, encoded, leaf_extensions, library, room_group::user_of, token,
};
use crate::error::{ClientError, KeyMaterialFailure};

/// How long a key package can be used, in seconds.
const LIFETIME: u64 = 28 * 24 * 60 * 60;

/// Makes key packages and keeps their private keys.
///
/// # Errors
/// When OpenMLS or the state file fails.
// req: DS06-4.6-01
pub(crate) fn make(provider: &Provider<'_>, identity: &Identity, count: usize) -> Result<Vec<Vec<u8>>, ClientError> {
    (0..count)
        .map(|_| {
            let bundle = KeyPackage::builder()
                .leaf_node_capabilities(capabilities())
                .leaf_node_extensions(leaf_extensions()?)
                .key_package_extensions(token::key_package_extensions(provider)?)
                .key_package_lifetime(Lifetime::new(LIFETIME))
                .build(SUITE, provider, &identity.signer, identity.credential())
                .map_err(library("making a key package"))?;
            Ok(encoded("key package", bundle.key_package().tls_serialize_detached())?)
        })
        .collect()
}

/// Checks a key package that was handed out for a client of the target user.
///
/// # Errors
/// When its credential names another client, or one of another user; when it does not verify, is expired, of another
/// cipher suite, or lives longer than any client should let it.
pub(crate) fn check(
    provider: &Provider<'_>,
    target: &UserUri,
    claimed: &ClientUri,
    key_package: &WireKeyPackage,
) -> Result<KeyPackage, ClientError> {
    let invalid =
        |reason: String| ClientError::from(KeyMaterialFailure::Invalid { client: claimed.to_string(), reason });
    let unchecked = KeyPackageIn::tls_deserialize_exact_bytes(&key_package.to_bytes()?)
        .map_err(|error| invalid(error.to_string()))?;
    let checked =
        unchecked.validate(provider.crypto(), ProtocolVersion::Mls10).map_err(|error| invalid(error.to_string()))?;
    let client = client_of(checked.leaf_node().credential())?;
    if client != *claimed || user_of(&client)? != *target {
        return Err(KeyMaterialFailure::ForeignKeyPackage {
            claimed: claimed.to_string(),
            credential: client.to_string(),
        }
        .into());
    }
    if checked.ciphersuite() != SUITE {
        return Err(invalid(format!("it is of cipher suite {:?}", checked.ciphersuite())));
    }
    if !checked.life_time().has_acceptable_range() {
        return Err(invalid("its lifetime is longer than a key package may have".into()));
    }
    Ok(checked)
}
