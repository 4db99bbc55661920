//! The token that a hub has to show to this client's provider when it sends something for this client
//! (draft-robert-mimi-delivery-service, section "Enqueue authorization"; ours: docs/interpretations.md, IP-153).

use mimi_protocol::{codec::Wire as _, enqueue_authorization::FanoutAuthToken};
use openmls::prelude::{
    Extension, Extensions, KeyPackage, LeafNode, OpenMlsProvider as _, OpenMlsRand as _, UnknownExtension,
};

use super::{Provider, leaf_extensions, library};
use crate::error::ClientError;

/// The type of the extension.
pub(crate) const EXTENSION: u16 = mimi_protocol::mls::ExtensionType::FANOUT_AUTH.0;

/// A new token as an extension.
fn extension(provider: &Provider<'_>) -> Result<Extension, ClientError> {
    let random = provider.rand().random_array().map_err(library("drawing a token"))?;
    let token = FanoutAuthToken::new(random).to_bytes()?;
    Ok(Extension::Unknown(EXTENSION, UnknownExtension(token)))
}

/// The extensions of a key package: a token of its own.
///
/// # Errors
/// When no random octets are to be had.
pub(crate) fn key_package_extensions(provider: &Provider<'_>) -> Result<Extensions<KeyPackage>, ClientError> {
    Ok(Extensions::single(extension(provider)?).map_err(library("key package extensions"))?)
}

/// The extensions of a leaf node that brings a new token, beside those of every leaf.
///
/// # Errors
/// When no random octets are to be had.
pub(crate) fn leaf_extensions_with_token(provider: &Provider<'_>) -> Result<Extensions<LeafNode>, ClientError> {
    let mut extensions = leaf_extensions()?;
    extensions.add(extension(provider)?).map_err(library("leaf extensions"))?;
    Ok(extensions)
}
