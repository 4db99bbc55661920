//! The group written whole and read back, and the storage that OpenMLS is given meanwhile.
//!
//! OpenMLS writes the whole tree through its storage trait at every merge, which is half of what a commit costs in a large group. The
//! room's log makes that superfluous, so [`NoStorage`] drops all writes, and a snapshot is made from the group's own values.

use std::convert::Infallible;

use mimi_protocol::codec::{Reader, put_opaque};
use openmls::{
    group::{InterimTranscriptHash, PublicGroup},
    prelude::{GroupId, tls_codec::Serialize as _},
};
use openmls_traits::{
    crypto::OpenMlsCrypto,
    public_storage::PublicStorageProvider,
    storage::{CURRENT_VERSION, traits},
};
use serde::de::DeserializeOwned;

use super::library;
use crate::group::GroupError;

/// What `PublicGroup::load` asks for, each as JSON: the only form in which OpenMLS lets its values out and in.
struct Parts {
    tree: Vec<u8>,
    context: Vec<u8>,
    interim_transcript_hash: Vec<u8>,
    confirmation_tag: Vec<u8>,
}

pub(super) fn write(crypto: &impl OpenMlsCrypto, group: &PublicGroup) -> Result<Vec<u8>, GroupError> {
    let context = group.group_context();
    // RFC 9420 section 8.2; the library does not show it.
    let mut input = context.confirmed_transcript_hash().to_vec();
    input.extend(group.confirmation_tag().tls_serialize_detached().map_err(library)?);
    let interim = crypto.hash(group.ciphersuite().hash_algorithm(), &input).map_err(library)?;

    let mut out = Vec::new();
    for part in [
        group.group_id().as_slice().to_vec(),
        serde_json::to_vec(group.treesync()).map_err(library)?,
        serde_json::to_vec(context).map_err(library)?,
        serde_json::to_vec(&InterimTranscriptHash(interim)).map_err(library)?,
        serde_json::to_vec(group.confirmation_tag()).map_err(library)?,
    ] {
        put_opaque(&mut out, &part).map_err(library)?;
    }
    Ok(out)
}

pub(super) fn read(snapshot: &[u8]) -> Result<PublicGroup, GroupError> {
    let damaged = |error: &dyn std::fmt::Display| GroupError::Snapshot(error.to_string());
    let mut reader = Reader::new(snapshot);
    let mut next = || reader.opaque().map(<[u8]>::to_vec).map_err(|e| damaged(&e));
    let group_id = GroupId::from_slice(&next()?);
    let parts = Parts { tree: next()?, context: next()?, interim_transcript_hash: next()?, confirmation_tag: next()? };
    PublicGroup::load(&parts, &group_id)
        .map_err(|error| damaged(&error))?
        .ok_or_else(|| GroupError::Snapshot("a part is missing".to_owned()))
}

/// A storage that keeps nothing.
pub(super) struct NoStorage;

/// Both storages as one shape: what each method of the trait answers.
macro_rules! storage {
    ($type:ty, $error:ty, $self:ident, $tree:expr, $context:expr, $interim:expr, $tag:expr) => {
        impl PublicStorageProvider<CURRENT_VERSION> for $type {
            type PublicError = $error;

            fn write_tree<I: traits::GroupId<CURRENT_VERSION>, T: traits::TreeSync<CURRENT_VERSION>>(
                &self,
                _: &I,
                _: &T,
            ) -> Result<(), $error> {
                Ok(())
            }

            fn write_interim_transcript_hash<
                I: traits::GroupId<CURRENT_VERSION>,
                T: traits::InterimTranscriptHash<CURRENT_VERSION>,
            >(
                &self,
                _: &I,
                _: &T,
            ) -> Result<(), $error> {
                Ok(())
            }

            fn write_context<
                I: traits::GroupId<CURRENT_VERSION>,
                T: traits::GroupContext<CURRENT_VERSION>,
            >(
                &self,
                _: &I,
                _: &T,
            ) -> Result<(), $error> {
                Ok(())
            }

            fn write_confirmation_tag<
                I: traits::GroupId<CURRENT_VERSION>,
                T: traits::ConfirmationTag<CURRENT_VERSION>,
            >(
                &self,
                _: &I,
                _: &T,
            ) -> Result<(), $error> {
                Ok(())
            }

            fn queue_proposal<
                I: traits::GroupId<CURRENT_VERSION>,
                R: traits::ProposalRef<CURRENT_VERSION>,
                T: traits::QueuedProposal<CURRENT_VERSION>,
            >(
                &self,
                _: &I,
                _: &R,
                _: &T,
            ) -> Result<(), $error> {
                Ok(())
            }

            fn queued_proposals<
                I: traits::GroupId<CURRENT_VERSION>,
                R: traits::ProposalRef<CURRENT_VERSION>,
                T: traits::QueuedProposal<CURRENT_VERSION>,
            >(
                &self,
                _: &I,
            ) -> Result<Vec<(R, T)>, $error> {
                Ok(Vec::new())
            }

            fn tree<I: traits::GroupId<CURRENT_VERSION>, T: traits::TreeSync<CURRENT_VERSION>>(
                &$self,
                _: &I,
            ) -> Result<Option<T>, $error> {
                $tree
            }

            fn group_context<
                I: traits::GroupId<CURRENT_VERSION>,
                T: traits::GroupContext<CURRENT_VERSION>,
            >(
                &$self,
                _: &I,
            ) -> Result<Option<T>, $error> {
                $context
            }

            fn interim_transcript_hash<
                I: traits::GroupId<CURRENT_VERSION>,
                T: traits::InterimTranscriptHash<CURRENT_VERSION>,
            >(
                &$self,
                _: &I,
            ) -> Result<Option<T>, $error> {
                $interim
            }

            fn confirmation_tag<
                I: traits::GroupId<CURRENT_VERSION>,
                T: traits::ConfirmationTag<CURRENT_VERSION>,
            >(
                &$self,
                _: &I,
            ) -> Result<Option<T>, $error> {
                $tag
            }

            fn delete_tree<I: traits::GroupId<CURRENT_VERSION>>(&self, _: &I) -> Result<(), $error> {
                Ok(())
            }

            fn delete_confirmation_tag<I: traits::GroupId<CURRENT_VERSION>>(
                &self,
                _: &I,
            ) -> Result<(), $error> {
                Ok(())
            }

            fn delete_context<I: traits::GroupId<CURRENT_VERSION>>(&self, _: &I) -> Result<(), $error> {
                Ok(())
            }

            fn delete_interim_transcript_hash<I: traits::GroupId<CURRENT_VERSION>>(
                &self,
                _: &I,
            ) -> Result<(), $error> {
                Ok(())
            }

            fn remove_proposal<
                I: traits::GroupId<CURRENT_VERSION>,
                R: traits::ProposalRef<CURRENT_VERSION>,
            >(
                &self,
                _: &I,
                _: &R,
            ) -> Result<(), $error> {
                Ok(())
            }

            fn clear_proposal_queue<
                I: traits::GroupId<CURRENT_VERSION>,
                R: traits::ProposalRef<CURRENT_VERSION>,
            >(
                &self,
                _: &I,
            ) -> Result<(), $error> {
                Ok(())
            }
        }
    };
}

storage!(NoStorage, Infallible, self, Ok(None), Ok(None), Ok(None), Ok(None));
storage!(
    Parts,
    serde_json::Error,
    self,
    parse(&self.tree),
    parse(&self.context),
    parse(&self.interim_transcript_hash),
    parse(&self.confirmation_tag)
);

fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<Option<T>, serde_json::Error> {
    serde_json::from_slice(json).map(Some)
}
