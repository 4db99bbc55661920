//! Fanning out messages and room events (draft-ietf-mimi-protocol-06 section 5.5): `POST /notify/{roomId}`.
//!
//! A body is one or more [`FanoutMessage`]s of the same room, one after the other: read it with [`decode_all`].

use crate::codec::{self, DecodeError, EncodeError, Reader, Rule, Wire, rules};
use crate::mls::{MlsMessage, MlsMessageView, PublicContent, PublicMessageView, Sender};
use crate::ratchet_tree::RatchetTreeOption;
use crate::submit_message::{Frank, check_application_message};
use crate::update::{NOT_A_COMMIT, check_proposal, decode_more_proposals, encode_more_proposals};
use crate::values::AcceptedTimestamp;

rules! {
    NOT_FANNED_OUT = "the message is of a kind that is not fanned out", "draft-ietf-mimi-protocol-06 section 5.5";
    NOT_A_WELCOME = "the message is not a Welcome", "draft-ietf-mimi-protocol-06 section 5.5";
    COMMIT_NOT_EXTERNAL = "proposals are stapled to a commit that is not an external one",
        "draft-ietf-mimi-protocol-06 section 5.5";
    STAPLED_NOT_OF_NEXT_EPOCH = "a stapled proposal is not of the commit's group in the epoch it starts",
        "draft-ietf-mimi-protocol-06 section 5.5";
    STAPLED_NOT_EXTERNAL = "a stapled proposal is not by an external sender",
        "draft-ietf-mimi-protocol-06 section 5.5";
    NOTHING_TO_NOTIFY = "the body holds no message", "draft-ietf-mimi-protocol-06 section 5.5";
}

/// One event of a room (draft-ietf-mimi-protocol-06 section 5.5).
// req: MP06-5.5-10, MP06-5.5-11
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FanoutMessage {
    /// When the hub accepted it.
    pub timestamp: AcceptedTimestamp,
    /// What happened.
    pub event: FanoutEvent,
}

/// What happened in a room (draft-ietf-mimi-protocol-06 section 5.5).
// req: MP06-5.5-04, MP06-5.5-12
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum FanoutEvent {
    /// An application message.
    Application {
        /// A PrivateMessage with application content.
        message: MlsMessage,
        /// The hub's stamp, if the message asked for one.
        frank: Option<Frank>,
    },
    /// Clients of the receiving provider were added.
    Welcome {
        /// A Welcome.
        message: MlsMessage,
        /// The ratchet tree of the epoch that they join in.
        ratchet_tree: RatchetTreeOption,
    },
    /// One or more proposals of one group and epoch.
    Proposals {
        /// The first proposal, in a PublicMessage.
        message: MlsMessage,
        /// The others, likewise.
        more: Vec<MlsMessage>,
    },
    /// A commit.
    Commit {
        /// The commit, in a PublicMessage.
        message: MlsMessage,
        /// The hub's proposals for the new epoch, in place of those that an external commit invalidated.
        external_proposals: Vec<MlsMessage>,
    },
}

impl FanoutEvent {
    /// The message that decides what kind of event it is.
    pub const fn message(&self) -> &MlsMessage {
        match self {
            Self::Application { message, .. }
            | Self::Welcome { message, .. }
            | Self::Proposals { message, .. }
            | Self::Commit { message, .. } => message,
        }
    }
}

impl Wire for FanoutMessage {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { timestamp: AcceptedTimestamp::decode(r)?, event: FanoutEvent::decode(r)? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.timestamp.encode(out)?;
        self.event.encode(out)
    }
}

impl Wire for FanoutEvent {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let message = MlsMessage::decode(r)?;
        match message.view() {
            MlsMessageView::PrivateMessage(_) => {
                check_application_message(&message).map_err(|rule| start.error(rule))?;
                Ok(Self::Application { message, frank: r.optional()? })
            }
            MlsMessageView::Welcome(_) => Ok(Self::Welcome { message, ratchet_tree: RatchetTreeOption::decode(r)? }),
            MlsMessageView::PublicMessage(public) => match public.content {
                PublicContent::Proposal(_) => {
                    let more = decode_more_proposals(r, &message)?;
                    Ok(Self::Proposals { message, more })
                }
                PublicContent::Commit(_) => {
                    let external_proposals = decode_stapled(r, public)?;
                    Ok(Self::Commit { message, external_proposals })
                }
                PublicContent::Application(_) => Err(start.error(&NOT_FANNED_OUT)),
            },
            MlsMessageView::GroupInfo(_) | MlsMessageView::KeyPackage(_) | MlsMessageView::SemiPrivateMessage(_) => {
                Err(start.error(&NOT_FANNED_OUT))
            }
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::Application { message, frank } => {
                check_application_message(message).map_err(EncodeError::new)?;
                message.encode(out)?;
                codec::put_optional(out, frank.as_ref())
            }
            Self::Welcome { message, ratchet_tree } => {
                if !matches!(message.view(), MlsMessageView::Welcome(_)) {
                    return Err(EncodeError::new(&NOT_A_WELCOME));
                }
                message.encode(out)?;
                ratchet_tree.encode(out)
            }
            Self::Proposals { message, more } => {
                check_proposal(message).map_err(EncodeError::new)?;
                message.encode(out)?;
                encode_more_proposals(out, message, more)
            }
            Self::Commit { message, external_proposals } => {
                let commit = message.as_public().ok_or(EncodeError::new(&NOT_A_COMMIT))?;
                message.as_commit().ok_or(EncodeError::new(&NOT_A_COMMIT))?;
                message.encode(out)?;
                for proposal in external_proposals {
                    check_stapled(proposal, commit).map_err(EncodeError::new)?;
                }
                codec::put_list(out, external_proposals)
            }
        }
    }
}

fn decode_stapled(r: &mut Reader<'_>, commit: &PublicMessageView) -> Result<Vec<MlsMessage>, DecodeError> {
    r.list_with(|r| {
        let start = r.clone();
        let proposal = MlsMessage::decode(r)?;
        check_stapled(&proposal, commit).map_err(|rule| start.error(rule))?;
        Ok(proposal)
    })
}

// req: MP06-5.5-14
fn check_stapled(proposal: &MlsMessage, commit: &PublicMessageView) -> Result<(), &'static Rule> {
    if commit.sender != Sender::NewMemberCommit {
        return Err(&COMMIT_NOT_EXTERNAL);
    }
    let proposal = check_proposal(proposal)?;
    if !matches!(proposal.sender, Sender::External(_)) {
        return Err(&STAPLED_NOT_EXTERNAL);
    }
    let is_next = commit.epoch.0.checked_add(1) == Some(proposal.epoch.0);
    if proposal.group_id == commit.group_id && is_next { Ok(()) } else { Err(&STAPLED_NOT_OF_NEXT_EPOCH) }
}

/// Reads the whole body of a notify request: one or more messages (draft-ietf-mimi-protocol-06 section 5.5).
///
/// # Errors
/// When there is no message or one of them is malformed.
// req: MP06-5.5-08
pub fn decode_all(body: &[u8]) -> Result<Vec<FanoutMessage>, DecodeError> {
    let mut reader = Reader::new(body);
    if reader.is_empty() {
        return Err(reader.error(&NOTHING_TO_NOTIFY));
    }
    let mut messages = Vec::new();
    while !reader.is_empty() {
        messages.push(FanoutMessage::decode(&mut reader)?);
    }
    Ok(messages)
}

/// Writes the whole body of a notify request (draft-ietf-mimi-protocol-06 section 5.5).
///
/// # Errors
/// When there is no message or one of them has no encoding.
pub fn encode_all(messages: &[FanoutMessage]) -> Result<Vec<u8>, EncodeError> {
    if messages.is_empty() {
        return Err(EncodeError::new(&NOTHING_TO_NOTIFY));
    }
    let mut out = Vec::new();
    messages.iter().try_for_each(|message| message.encode(&mut out))?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use crate::codec::{TRUNCATED, put_opaque};
    use crate::mls::{ContentType, ProposalView};
    use crate::submit_message::NOT_AN_APPLICATION_MESSAGE;
    use crate::testing::{
        application, commit, external_commit, group_info, key_package, laws, not_written, private, proposal, public,
        refused, tree, welcome,
    };
    use crate::update::{NOT_A_PROPOSAL, PROPOSALS_OF_SEVERAL_GROUPS};
    use crate::values::CipherSuite;

    const TIME: [u8; 8] = [0, 0, 1, 0x9a, 0xbc, 0xde, 0xf0, 0x12];

    fn fanout(event: FanoutEvent) -> FanoutMessage {
        FanoutMessage { timestamp: AcceptedTimestamp(u64::from_be_bytes(TIME)), event }
    }

    fn hub_proposal(epoch: u64) -> MlsMessage {
        public(epoch, Sender::External(0), PublicContent::Proposal(ProposalView::Remove(2)))
    }

    fn of_next_epoch(message: MlsMessage, external_proposals: Vec<MlsMessage>) -> FanoutEvent {
        FanoutEvent::Commit { message, external_proposals }
    }

    #[test]
    fn an_application_message_comes_with_or_without_frank() {
        // req: MP06-5.5-10, MP06-5.5-11, MP06-5.5-12
        let message = application();
        let bare = laws(&fanout(FanoutEvent::Application { message: message.clone(), frank: None }));
        assert_eq!(bare, [&TIME, message.as_bytes(), &[0]].concat());
        let frank = Frank {
            server_frank: [0xf4; 32],
            franking_signature_ciphersuite: CipherSuite(1),
            franking_integrity_signature: vec![0x51; 64],
        };
        let franked = laws(&fanout(FanoutEvent::Application { message: message.clone(), frank: Some(frank.clone()) }));
        assert_eq!(franked, [&TIME, message.as_bytes(), &[1], &frank.to_bytes().unwrap()].concat());
    }

    #[test]
    fn a_welcome_comes_with_a_ratchet_tree_option() {
        // req: MP06-5.5-04, MP06-5.5-10
        let message = MlsMessage::from(welcome());
        let event = FanoutEvent::Welcome { message: message.clone(), ratchet_tree: RatchetTreeOption::Full(tree()) };
        assert_eq!(event.message(), &message);
        let expected = [&TIME, message.as_bytes(), &[1], tree().as_bytes()].concat();
        assert_eq!(laws(&fanout(event)), expected);
    }

    #[test]
    fn proposals_come_first_and_more() {
        // req: MP06-5.5-10, MP06-5.5-13, MP06-5.5-21
        let event = FanoutEvent::Proposals { message: proposal(7), more: vec![proposal(7)] };
        let mut expected = [&TIME, proposal(7).as_bytes()].concat();
        put_opaque(&mut expected, proposal(7).as_bytes()).unwrap();
        assert_eq!(laws(&fanout(event)), expected);
        let event = FanoutEvent::Proposals { message: proposal(7), more: vec![proposal(8)] };
        not_written(&event, &PROPOSALS_OF_SEVERAL_GROUPS);
        let mut bytes = proposal(7).as_bytes().to_vec();
        put_opaque(&mut bytes, commit(7).as_bytes()).unwrap();
        let place = bytes.len() - commit(7).as_bytes().len();
        refused::<FanoutEvent>(&bytes, place, &NOT_A_PROPOSAL);
        not_written(&FanoutEvent::Proposals { message: commit(7), more: vec![] }, &NOT_A_PROPOSAL);
    }

    #[test]
    fn a_commit_comes_with_a_list_that_is_empty_unless_it_is_external() {
        // req: MP06-5.5-10, MP06-5.5-14
        let expected = [&TIME, commit(7).as_bytes(), &[0]].concat();
        assert_eq!(laws(&fanout(of_next_epoch(commit(7), vec![]))), expected);
        laws(&fanout(of_next_epoch(external_commit(7), vec![])));
        laws(&fanout(of_next_epoch(external_commit(7), vec![hub_proposal(8), hub_proposal(8)])));
        not_written(&of_next_epoch(commit(7), vec![hub_proposal(8)]), &COMMIT_NOT_EXTERNAL);
        not_written(&of_next_epoch(proposal(7), vec![]), &NOT_A_COMMIT);
        not_written(&of_next_epoch(application(), vec![]), &NOT_A_COMMIT);
    }

    #[test]
    fn stapled_proposals_are_the_hubs_for_the_next_epoch() {
        // req: MP06-5.5-14
        for (stapled, rule) in [
            (hub_proposal(7), &STAPLED_NOT_OF_NEXT_EPOCH),
            (hub_proposal(9), &STAPLED_NOT_OF_NEXT_EPOCH),
            (proposal(8), &STAPLED_NOT_EXTERNAL),
            (commit(8), &NOT_A_PROPOSAL),
            (private(ContentType::Proposal), &NOT_A_PROPOSAL),
        ] {
            not_written(&of_next_epoch(external_commit(7), vec![stapled.clone()]), rule);
            let mut bytes = external_commit(7).as_bytes().to_vec();
            put_opaque(&mut bytes, stapled.as_bytes()).unwrap();
            refused::<FanoutEvent>(&bytes, bytes.len() - stapled.as_bytes().len(), rule);
        }
        let last_epoch = of_next_epoch(external_commit(u64::MAX), vec![hub_proposal(0)]);
        not_written(&last_epoch, &STAPLED_NOT_OF_NEXT_EPOCH);
    }

    #[test]
    fn other_messages_are_not_fanned_out() {
        // req: MP06-5.5-12
        for (message, rule) in [
            (private(ContentType::Commit), &NOT_AN_APPLICATION_MESSAGE),
            (private(ContentType::Proposal), &NOT_AN_APPLICATION_MESSAGE),
            (public(7, Sender::Member(1), PublicContent::Application(vec![])), &NOT_FANNED_OUT),
            (MlsMessage::from(key_package()), &NOT_FANNED_OUT),
            (MlsMessage::from(group_info(7, vec![], vec![])), &NOT_FANNED_OUT),
        ] {
            refused::<FanoutMessage>(&[&TIME, message.as_bytes(), &[0]].concat(), 8, rule);
            let event = FanoutEvent::Application { message: message.clone(), frank: None };
            not_written(&event, &NOT_AN_APPLICATION_MESSAGE);
            let ratchet_tree = RatchetTreeOption::DistributionService;
            not_written(&FanoutEvent::Welcome { message, ratchet_tree }, &NOT_A_WELCOME);
        }
    }

    #[test]
    fn a_body_is_one_or_more_messages_one_after_the_other() {
        // req: MP06-5.5-08
        let messages = [
            fanout(of_next_epoch(commit(7), vec![])),
            fanout(FanoutEvent::Application { message: application(), frank: None }),
        ];
        let body = encode_all(&messages).unwrap();
        assert_eq!(decode_all(&body).unwrap(), messages);
        let first = messages[0].to_bytes().unwrap();
        assert_eq!(body, [first.clone(), messages[1].to_bytes().unwrap()].concat());
        for end in 0..body.len() {
            assert_eq!(decode_all(&body[..end]).is_ok(), end == first.len(), "cut after {end} octets");
        }
        let error = decode_all(&[&body[..], &[0]].concat()).unwrap_err();
        assert_eq!((error.offset(), error.rule()), (body.len(), &TRUNCATED));
    }

    #[test]
    fn an_empty_body_is_refused() {
        // req: MP06-5.5-08
        assert_eq!(decode_all(&[]).unwrap_err().rule(), &NOTHING_TO_NOTIFY);
        assert_eq!(encode_all(&[]).unwrap_err().rule(), &NOTHING_TO_NOTIFY);
    }
}
