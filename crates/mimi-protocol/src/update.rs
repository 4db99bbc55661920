//! Changing the state of a room (draft-ietf-mimi-protocol-06 section 5.3): `POST /update/{roomId}`.
//!
//! A request carries either one commit with what those who join need, or one or more proposals. All of it travels in
//! the clear (PublicMessage), because the hub has to follow the group.

use crate::codec::{self, DecodeError, EncodeError, Reader, Rule, Wire, rules};
use crate::mls::{MlsMessage, PublicContent, PublicMessageView, Welcome};
use crate::values::{AcceptedTimestamp, Epoch, ProposalRef};

pub use crate::ratchet_tree::{GroupInfoOption, PartialGroupInfo, RatchetTreeOption, RatchetTreePresence};

rules! {
    NOT_A_HANDSHAKE_IN_THE_CLEAR = "the message is not a proposal or commit in a PublicMessage",
        "draft-ietf-mimi-protocol-06 section 5.3";
    NOT_A_COMMIT = "the message is not a commit in a PublicMessage", "draft-ietf-mimi-protocol-06 section 5.3";
    NOT_A_PROPOSAL = "the message is not a proposal in a PublicMessage", "draft-ietf-mimi-protocol-06 section 5.3";
    PROPOSALS_OF_SEVERAL_GROUPS = "the proposals are not all of one group and epoch",
        "draft-ietf-mimi-protocol-06 section 5.3";
    UPDATE_RESPONSE_CODE_UNKNOWN = "the response code is not one that is defined",
        "draft-ietf-mimi-protocol-06 section 5.3";
}

/// A commit or proposals, with what belongs to them (draft-ietf-mimi-protocol-06 section 5.3).
// req: MP06-5.3-09
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum HandshakeBundle {
    /// A commit.
    Commit {
        /// The commit, in a PublicMessage.
        commit: MlsMessage,
        /// The Welcome for the clients that the commit adds.
        welcome: Option<Welcome>,
        /// The group info of the epoch that the commit starts.
        group_info: GroupInfoOption,
        /// The ratchet tree of the epoch that the commit starts.
        ratchet_tree: RatchetTreeOption,
    },
    /// One or more proposals of one group and epoch.
    Proposals {
        /// The first proposal, in a PublicMessage.
        first: MlsMessage,
        /// The others, likewise.
        more: Vec<MlsMessage>,
    },
}

impl HandshakeBundle {
    /// The commit or the first proposal.
    pub const fn message(&self) -> &MlsMessage {
        match self {
            Self::Commit { commit, .. } => commit,
            Self::Proposals { first, .. } => first,
        }
    }

    /// The proposals, in order; none for a commit.
    pub fn proposals(&self) -> impl Iterator<Item = &MlsMessage> {
        let (first, more) = match self {
            Self::Commit { .. } => (None, &[][..]),
            Self::Proposals { first, more } => (Some(first), more.as_slice()),
        };
        first.into_iter().chain(more)
    }
}

impl Wire for HandshakeBundle {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let message = MlsMessage::decode(r)?;
        match message.as_public().map(|public| &public.content) {
            // req: MP06-5.3-10, MP06-5.3-18
            Some(PublicContent::Commit(_)) => Ok(Self::Commit {
                commit: message,
                welcome: r.optional()?,
                group_info: GroupInfoOption::decode(r)?,
                ratchet_tree: RatchetTreeOption::decode(r)?,
            }),
            Some(PublicContent::Proposal(_)) => {
                let more = decode_more_proposals(r, &message)?;
                Ok(Self::Proposals { first: message, more })
            }
            _ => Err(start.error(&NOT_A_HANDSHAKE_IN_THE_CLEAR)),
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::Commit { commit, welcome, group_info, ratchet_tree } => {
                commit.as_commit().ok_or(EncodeError::new(&NOT_A_COMMIT))?;
                commit.encode(out)?;
                codec::put_optional(out, welcome.as_ref())?;
                group_info.encode(out)?;
                ratchet_tree.encode(out)
            }
            Self::Proposals { first, more } => {
                first.as_proposal().ok_or(EncodeError::new(&NOT_A_PROPOSAL))?;
                first.encode(out)?;
                encode_more_proposals(out, first, more)
            }
        }
    }
}

/// Reads the proposals that accompany `first`, which is one itself.
pub(crate) fn decode_more_proposals(r: &mut Reader<'_>, first: &MlsMessage) -> Result<Vec<MlsMessage>, DecodeError> {
    r.list_with(|r| {
        let start = r.clone();
        let message = MlsMessage::decode(r)?;
        check_accompanies(&message, first).map_err(|rule| start.error(rule))?;
        Ok(message)
    })
}

/// Writes the proposals that accompany `first`, which is one itself.
pub(crate) fn encode_more_proposals(
    out: &mut Vec<u8>,
    first: &MlsMessage,
    more: &[MlsMessage],
) -> Result<(), EncodeError> {
    for message in more {
        check_accompanies(message, first).map_err(EncodeError::new)?;
    }
    codec::put_list(out, more)
}

// req: MP06-5.3-12, MP06-5.5-13
fn check_accompanies(message: &MlsMessage, first: &MlsMessage) -> Result<(), &'static Rule> {
    check_proposal(message)?;
    if message.group_and_epoch() == first.group_and_epoch() { Ok(()) } else { Err(&PROPOSALS_OF_SEVERAL_GROUPS) }
}

/// The public message, if it is a proposal.
pub(crate) fn check_proposal(message: &MlsMessage) -> Result<&PublicMessageView, &'static Rule> {
    match message.as_public() {
        Some(public) if matches!(public.content, PublicContent::Proposal(_)) => Ok(public),
        _ => Err(&NOT_A_PROPOSAL),
    }
}

/// The body of an update request (draft-ietf-mimi-protocol-06 section 5.3). The room and its protocol are in the
/// path; nothing of them is in the body.
// req: MP06-5.3-15
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct UpdateRequest(pub HandshakeBundle);

impl Wire for UpdateRequest {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        HandshakeBundle::decode(r).map(Self)
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.0.encode(out)
    }
}

/// What the hub made of an update (draft-ietf-mimi-protocol-06 section 5.3).
// req: MP06-5.3-19, MP06-5.3-20, MP06-5.3-21, MP06-5.3-22, MP06-5.3-25, MP06-5.3-28
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum UpdateRoomResponse {
    /// Accepted; it will be distributed.
    Success {
        /// For people; empty as a rule.
        error_description: String,
        /// When the hub accepted it.
        accepted_timestamp: AcceptedTimestamp,
    },
    /// The hub is in another epoch.
    WrongEpoch {
        /// For people.
        error_description: String,
        /// The epoch the hub is in.
        current_epoch: Epoch,
    },
    /// Policy or authorization forbids it.
    NotAllowed {
        /// For people.
        error_description: String,
    },
    /// At least one proposal is invalid.
    InvalidProposal {
        /// For people.
        error_description: String,
        /// Which ones.
        invalid_proposals: Vec<ProposalRef>,
    },
}

impl UpdateRoomResponse {
    /// The description for people.
    pub fn error_description(&self) -> &str {
        match self {
            Self::Success { error_description, .. }
            | Self::WrongEpoch { error_description, .. }
            | Self::NotAllowed { error_description }
            | Self::InvalidProposal { error_description, .. } => error_description,
        }
    }

    const fn code(&self) -> u8 {
        match self {
            Self::Success { .. } => 0,
            Self::WrongEpoch { .. } => 1,
            Self::NotAllowed { .. } => 2,
            Self::InvalidProposal { .. } => 3,
        }
    }
}

impl Wire for UpdateRoomResponse {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let code = r.u8()?;
        if code > 3 {
            return Err(start.error(&UPDATE_RESPONSE_CODE_UNKNOWN));
        }
        let error_description = r.text()?.to_owned();
        match code {
            0 => Ok(Self::Success { error_description, accepted_timestamp: AcceptedTimestamp::decode(r)? }),
            1 => Ok(Self::WrongEpoch { error_description, current_epoch: Epoch::decode(r)? }),
            2 => Ok(Self::NotAllowed { error_description }),
            _ => Ok(Self::InvalidProposal { error_description, invalid_proposals: r.list()? }),
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.push(self.code());
        codec::put_opaque(out, self.error_description().as_bytes())?;
        match self {
            Self::Success { accepted_timestamp, .. } => accepted_timestamp.encode(out),
            Self::WrongEpoch { current_epoch, .. } => current_epoch.encode(out),
            Self::NotAllowed { .. } => Ok(()),
            Self::InvalidProposal { invalid_proposals, .. } => codec::put_list(out, invalid_proposals),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use crate::codec::{NOT_UTF8, put_opaque};
    use crate::mls::{ContentType, PublicContent, Sender};
    use crate::testing::{
        application, commit, external_commit, group_info, key_package, laws, not_written, position, private, proposal,
        public, refused, tree, welcome,
    };

    fn commit_bundle(welcome: Option<Welcome>, ratchet_tree: RatchetTreeOption) -> HandshakeBundle {
        let group_info = GroupInfoOption::Full(Box::new(group_info(8, vec![], vec![])));
        HandshakeBundle::Commit { commit: commit(7), welcome, group_info, ratchet_tree }
    }

    #[test]
    fn a_commit_comes_with_welcome_group_info_and_tree() {
        // req: MP06-5.3-09, MP06-5.3-10, MP06-5.3-15
        let bundle = commit_bundle(Some(welcome()), RatchetTreeOption::Full(tree()));
        let bytes = laws(&UpdateRequest(bundle.clone()));
        assert_eq!(bytes, laws(&bundle));
        let expected = [
            commit(7).as_bytes(),
            &[1],
            welcome().as_bytes(),
            &[1],
            group_info(8, vec![], vec![]).as_bytes(),
            &[1],
            tree().as_bytes(),
        ]
        .concat();
        assert_eq!(bytes, expected);
        assert_eq!((bundle.message(), bundle.proposals().count()), (&commit(7), 0));
    }

    #[test]
    fn a_commit_that_adds_nobody_has_no_welcome() {
        // req: MP06-5.3-09
        let bundle = commit_bundle(None, RatchetTreeOption::DistributionService);
        let bytes = laws(&bundle);
        assert_eq!(bytes[commit(7).as_bytes().len()], 0);
        assert_eq!(bytes.last(), Some(&4));
        let external = HandshakeBundle::Commit {
            commit: external_commit(7),
            welcome: None,
            group_info: GroupInfoOption::Partial(PartialGroupInfo {
                ratchet_tree_presence: RatchetTreePresence::NoRatchetTree,
                group_info_extensions: crate::mls::Extensions::default(),
                signature: vec![1; 64],
            }),
            ratchet_tree: RatchetTreeOption::DistributionService,
        };
        laws(&external);
    }

    #[test]
    fn proposals_come_first_and_more() {
        // req: MP06-5.3-09, MP06-5.3-12
        let alone = HandshakeBundle::Proposals { first: proposal(7), more: vec![] };
        assert_eq!(laws(&alone), [proposal(7).as_bytes(), &[0]].concat());
        let two = HandshakeBundle::Proposals { first: proposal(7), more: vec![proposal(7), proposal(7)] };
        laws(&two);
        assert_eq!(two.proposals().count(), 3);
        assert_eq!(two.message(), &proposal(7));
    }

    #[test]
    fn a_message_that_is_no_handshake_in_the_clear_is_refused() {
        // req: MP06-5.3-10, MP06-5.3-18
        for message in [
            application(),
            private(ContentType::Commit),
            private(ContentType::Proposal),
            public(7, Sender::Member(1), PublicContent::Application(vec![])),
            MlsMessage::from(welcome()),
            MlsMessage::from(key_package()),
            MlsMessage::from(group_info(7, vec![], vec![])),
        ] {
            refused::<UpdateRequest>(message.as_bytes(), 0, &NOT_A_HANDSHAKE_IN_THE_CLEAR);
            not_written(&HandshakeBundle::Proposals { first: message.clone(), more: vec![] }, &NOT_A_PROPOSAL);
            let bundle = HandshakeBundle::Commit {
                commit: message,
                welcome: None,
                group_info: GroupInfoOption::Full(Box::new(group_info(8, vec![], vec![]))),
                ratchet_tree: RatchetTreeOption::DistributionService,
            };
            not_written(&bundle, &NOT_A_COMMIT);
        }
    }

    #[test]
    fn what_accompanies_a_proposal_is_a_proposal() {
        // req: MP06-5.3-12
        for message in [commit(7), application(), private(ContentType::Proposal), MlsMessage::from(welcome())] {
            let bundle = HandshakeBundle::Proposals { first: proposal(7), more: vec![proposal(7), message.clone()] };
            not_written(&bundle, &NOT_A_PROPOSAL);
            let mut bytes = proposal(7).as_bytes().to_vec();
            put_opaque(&mut bytes, message.as_bytes()).unwrap();
            let place = bytes.len() - message.as_bytes().len();
            refused::<UpdateRequest>(&bytes, place, &NOT_A_PROPOSAL);
        }
    }

    #[test]
    fn proposals_of_one_request_are_of_one_group_and_epoch() {
        let bundle = HandshakeBundle::Proposals { first: proposal(7), more: vec![proposal(8)] };
        not_written(&bundle, &PROPOSALS_OF_SEVERAL_GROUPS);
        let mut bytes = laws(&HandshakeBundle::Proposals { first: proposal(7), more: vec![proposal(7)] });
        bytes[position(proposal(7).as_bytes(), b"clubhouse")] = b'C';
        let second = bytes.len() - proposal(7).as_bytes().len();
        refused::<HandshakeBundle>(&bytes, second, &PROPOSALS_OF_SEVERAL_GROUPS);
    }

    #[test]
    fn responses_have_code_description_and_what_the_code_calls_for() {
        // req: MP06-5.3-19, MP06-5.3-20, MP06-5.3-21, MP06-5.3-22, MP06-5.3-25, MP06-5.3-28
        let text = || "ü".to_owned();
        let success = UpdateRoomResponse::Success {
            error_description: String::new(),
            accepted_timestamp: AcceptedTimestamp(0x0102),
        };
        assert_eq!(laws(&success), [0, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
        let wrong_epoch = UpdateRoomResponse::WrongEpoch { error_description: text(), current_epoch: Epoch(9) };
        assert_eq!(laws(&wrong_epoch), [1, 2, 0xc3, 0xbc, 0, 0, 0, 0, 0, 0, 0, 9]);
        assert_eq!(laws(&UpdateRoomResponse::NotAllowed { error_description: text() }), [2, 2, 0xc3, 0xbc]);
        let invalid = UpdateRoomResponse::InvalidProposal {
            error_description: text(),
            invalid_proposals: vec![ProposalRef::new([0x72])],
        };
        assert_eq!(laws(&invalid), [3, 2, 0xc3, 0xbc, 2, 1, 0x72]);
    }

    #[test]
    fn an_unknown_response_code_and_a_description_that_is_no_text_are_refused() {
        // req: MP06-5.3-19
        refused::<UpdateRoomResponse>(&[4, 0], 0, &UPDATE_RESPONSE_CODE_UNKNOWN);
        refused::<UpdateRoomResponse>(&[2, 1, 0xff], 2, &NOT_UTF8);
    }
}
