//! The GroupInfo beside a commit, given in full or rebuilt (draft-ietf-mimi-protocol-06 section 5.3, draft-mahy-mls-ratchet-tree-options-03
//! section 4).

use mimi_protocol::{
    CipherSuite, EncodeError, Wire,
    codec::put_opaque,
    crypto::verify_with_label,
    mls::{ExtensionType, Extensions, GroupInfo},
    update::{GroupInfoOption, RatchetTreePresence},
};
use openmls::prelude::tls_codec::Serialize as _;

use super::OpenMlsCommit;
use crate::group::GroupInfoError;

// req: MP06-5.3-11
// req: MP06-5.3-16
// req: MP06-5.3-17
// req: RT03-4-01
// req: RT03-4-05
// req: RT03-4-10
pub(super) fn after(
    suite: CipherSuite,
    commit: &OpenMlsCommit,
    given: &GroupInfoOption,
) -> Result<GroupInfo, GroupInfoError> {
    let malformed = |error: &dyn std::fmt::Display| GroupInfoError::Malformed(error.to_string());
    let context = commit.staged.group_context().tls_serialize_detached().map_err(|e| malformed(&e))?;
    let (extensions, signature) = match given {
        GroupInfoOption::Full(full) => {
            if full.group_context_bytes() != context {
                return Err(GroupInfoError::Differs("group context"));
            }
            if full.confirmation_tag() != commit.confirmation_tag {
                return Err(GroupInfoError::Differs("confirmation tag"));
            }
            if full.signer() != commit.committer.u32() {
                return Err(GroupInfoError::Differs("signer"));
            }
            (full.extensions(), full.signature())
        }
        GroupInfoOption::Partial(partial) => {
            if partial.ratchet_tree_presence != RatchetTreePresence::NoRatchetTree {
                return Err(GroupInfoError::HasTree);
            }
            (&partial.group_info_extensions, partial.signature.as_slice())
        }
    };
    if extensions.contains(ExtensionType::RATCHET_TREE) {
        return Err(GroupInfoError::HasTree);
    }
    if !extensions.contains(ExtensionType::EXTERNAL_PUB) {
        return Err(GroupInfoError::NoExternalPub);
    }
    let mut bytes = signed_part(context, extensions, commit).map_err(|e| malformed(&e))?;
    verify_with_label(suite, &commit.committer_key, "GroupInfoTBS", &bytes, signature)
        .map_err(|_| GroupInfoError::Signature)?;
    put_opaque(&mut bytes, signature).map_err(|e| malformed(&e))?;
    GroupInfo::from_bytes(&bytes).map_err(|e| malformed(&e))
}

/// `GroupInfoTBS` (RFC 9420 section 12.4.3): a GroupInfo without its signature.
fn signed_part(context: Vec<u8>, extensions: &Extensions, commit: &OpenMlsCommit) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = context;
    extensions.encode(&mut bytes)?;
    put_opaque(&mut bytes, &commit.confirmation_tag)?;
    commit.committer.u32().encode(&mut bytes)?;
    Ok(bytes)
}
