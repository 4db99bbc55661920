//! Joining by external commit (draft-ietf-mimi-protocol-06 sections 3.6 and 5.6).

use mimi_arch::RoomUri;
use mimi_protocol::{
    CipherSuite, Epoch, IdentifierUri,
    codec::Wire as _,
    group_info::{GroupInfoRequestTbs, GroupInfoResponseIn, OpenResponseError},
    mls::{Credential, GroupInfo, MlsMessage, RatchetTree},
    ratchet_tree::RatchetTreeOption,
};
use mimi_room_policy::join_code::JoiningCode;
use openmls::{group::MlsGroup, prelude::tls_codec::Serialize as _};

use super::{PreparedUpdate, Session};
use crate::{
    crypto::{LibraryHpke, Signer, signing},
    error::{ClientError, GroupInfoFailure, MlsFailure},
    mls::{Provider, SUITE, encoded, join, process, room_group},
    state::rooms::{self, RoomRow, Standing},
};

/// A request for group information, with the key that opens its answer.
pub(crate) struct GroupInfoQuestion {
    /// Body of the request.
    pub(crate) body: Vec<u8>,
    code: Option<JoiningCode>,
    private_key: Vec<u8>,
}

/// What an answer means for this client.
pub(crate) enum JoinStep {
    /// Send this external commit.
    Send(Box<PreparedUpdate>),
    /// An earlier commit of this client whose answer was lost was accepted: it is a member and up to date.
    Joined,
}

/// Whether the group's pending commit is the one that led to the hub's group.
fn leads_to(group: &MlsGroup, hub: &GroupInfo) -> Result<bool, MlsFailure> {
    let Some(commit) = group.pending_commit() else { return Ok(false) };
    let context = encoded("group context", commit.group_context().tls_serialize_detached())?;
    Ok(context == hub.group_context_bytes())
}

impl Session {
    /// The signed request for a room's group information. Each has a key of its own, which is kept nowhere else.
    ///
    /// # Errors
    /// When there is no randomness.
    pub(crate) fn group_info_question(&self, code: Option<JoiningCode>) -> Result<GroupInfoQuestion, ClientError> {
        // req: MP06-5.6-03, MP06-5.6-07, MP06-5.6-08, MP06-5.6-12
        let (private_key, public_key) = LibraryHpke::default().key_pair()?;
        let identity = &self.account.identity;
        let request = GroupInfoRequestTbs {
            cipher_suite: CipherSuite(SUITE.into()),
            requesting_signature_key: identity.signer.public().to_vec(),
            requesting_credential: Credential::basic(identity.client.as_str().as_bytes()),
            group_info_public_key: public_key,
            joining_code: code.as_ref().map(|code| code.as_bytes().to_vec()),
        };
        let request = request.sign(&Signer(&identity.signer)).map_err(signing)?;
        Ok(GroupInfoQuestion { body: request.to_bytes()?, code, private_key })
    }

    /// Verifies and opens the answer, and prepares the external commit.
    ///
    /// A membership that this client has already is replaced only if the hub's group has moved on from it: then this
    /// client has lost the thread and joins anew with the same key, which removes its old leaf.
    ///
    /// # Errors
    /// When the hub refused, its answer is not to be trusted, the group breaks a rule of rooms, or this client is a
    /// member and up to date.
    pub(crate) fn prepare_join(
        &mut self,
        room: &RoomUri,
        question: &GroupInfoQuestion,
        answer: &[u8],
    ) -> Result<JoinStep, ClientError> {
        self.prepare_join_from(room, question, answer, true)
    }

    /// The same for a client that does not trust what it has of the room: it joins anew even if it seems to be up to date. An external
    /// commit of its own whose answer was lost is the way back already.
    ///
    /// # Errors
    /// As [`Session::prepare_join`].
    pub(crate) fn prepare_rejoin(
        &mut self,
        room: &RoomUri,
        question: &GroupInfoQuestion,
        answer: &[u8],
    ) -> Result<JoinStep, ClientError> {
        self.prepare_join_from(room, question, answer, false)
    }

    fn prepare_join_from(
        &mut self,
        room: &RoomUri,
        question: &GroupInfoQuestion,
        answer: &[u8],
        is_trusted: bool,
    ) -> Result<JoinStep, ClientError> {
        let opened = GroupInfoResponseIn::from_bytes(answer)?
            .verify_and_open(
                &LibraryHpke::default(),
                &question.private_key,
                &IdentifierUri::from(room),
                CipherSuite(SUITE.into()),
            )
            .map_err(|error| match error {
                OpenResponseError::Refused(code) => GroupInfoFailure::NotProvided(code),
                other => GroupInfoFailure::Untrusted(other.to_string()),
            })?;
        room_group::check_hub(room, &opened.hub_sender)?;
        let content = opened.content;
        let tree: &RatchetTree = match &content.ratchet_tree {
            RatchetTreeOption::Full(tree) => tree,
            _ => return Err(MlsFailure::NoRatchetTree.into()),
        };
        let pending: Vec<MlsMessage> =
            content.pending_proposals.iter().map(|pending| pending.proposal.clone()).collect();
        let epoch = content.group_info.epoch();

        let identity = &self.account.identity;
        self.state.write(|transaction| {
            let provider = Provider::new(transaction);
            if let Some(row) = rooms::get(transaction, room)?
                && let Some(group) = room_group::load(&provider, room)?
            {
                let context = encoded("group context", group.public_group().group_context().tls_serialize_detached())?;
                let up_to_date = context == content.group_info.group_context_bytes();
                match row.standing {
                    Standing::Joining if up_to_date => {
                        let joined = RoomRow { standing: Standing::Member, pending: None, ..row };
                        rooms::put(transaction, &joined)?;
                        return Ok(JoinStep::Joined);
                    }
                    Standing::Member if is_trusted && up_to_date => {
                        return Err(ClientError::AlreadyAMember { room: room.clone() });
                    }
                    Standing::Member if is_trusted && leads_to(&group, &content.group_info)? => {
                        let mut group = group;
                        process::merge(&provider, room, &mut group, None)?;
                        rooms::put(transaction, &RoomRow { pending: None, last_epoch: epoch, ..row })?;
                        return Ok(JoinStep::Joined);
                    }
                    _ => room_group::delete(&provider, room)?,
                }
            }
            let given = join::Given {
                hub: &opened.hub_sender,
                group_info: &content.group_info,
                ratchet_tree: tree,
                pending: &pending,
            };
            let bundle = join::external(&provider, identity, room, &given, question.code.as_ref())?;
            let prepared = PreparedUpdate { room: room.clone(), bundle };
            let mut row = RoomRow::new(room, Standing::Joining, Epoch(epoch.0.saturating_add(1)));
            row.pending = Some(prepared.body()?);
            rooms::put(transaction, &row)?;
            Ok(JoinStep::Send(Box::new(prepared)))
        })
    }
}
