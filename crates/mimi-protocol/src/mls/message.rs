//! MLS messages: framing of public and private messages, and what else an `MLSMessage` can carry (RFC 9420 section 6).

use mimi_arch::mls::WireFormat;

use crate::codec::{self, DecodeError, EncodeError, MAX_VECTOR_LENGTH, Reader, Wire, rules};
use crate::semi_private_message::SemiPrivateMessage;
use crate::values::{CipherSuite, Epoch, ProposalRef};

use super::bytes::{Parsed, parsed_bytes};
use super::group_info::{GroupInfo, Welcome, WelcomeView};
use super::hash::{ReferenceError, ref_hash};
use super::leaf_node::{KeyPackage, MLS10, version};
use super::proposal::{CommitView, ProposalView};

rules! {
    WIRE_FORMAT_UNKNOWN = "the wire format is not one whose end is known", "RFC 9420 section 6";
    SENDER_TYPE_UNKNOWN = "the sender type is not one that is defined", "RFC 9420 section 6";
    CONTENT_TYPE_UNKNOWN = "the content type is not one that is defined", "RFC 9420 section 6";
    TAG_WITHOUT_PLACE = "a tag is given that messages of this sender and content do not have", "RFC 9420 section 6";
    SENDER_CANNOT_SEND_CONTENT = "a sender outside the group sends content that it cannot send", "RFC 9420 section 6";
}

/// The wire format `mls_public_message` (RFC 9420 section 17.2).
pub const PUBLIC_MESSAGE: u16 = 1;
/// The wire format `mls_private_message` (RFC 9420 section 17.2).
pub const PRIVATE_MESSAGE: u16 = 2;
/// The wire format `mls_welcome` (RFC 9420 section 17.2).
pub const WELCOME: u16 = 3;
/// The wire format `mls_group_info` (RFC 9420 section 17.2).
pub const GROUP_INFO: u16 = 4;
/// The wire format `mls_key_package` (RFC 9420 section 17.2).
pub const KEY_PACKAGE: u16 = 5;
/// The wire format `mls_semiprivate_message`, a number of private use until there is one
/// (draft-mahy-mls-semiprivatemessage-07 section 5.1).
// req: SP07-3-05, SP07-5.1-01
pub const SEMI_PRIVATE_MESSAGE: u16 = WireFormat::SEMI_PRIVATE_MESSAGE.0;

/// What a framed message contains (RFC 9420 section 6).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum ContentType {
    /// Application data.
    Application = 1,
    /// A proposal.
    Proposal = 2,
    /// A commit.
    Commit = 3,
}

impl Wire for ContentType {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        match r.u8()? {
            1 => Ok(Self::Application),
            2 => Ok(Self::Proposal),
            3 => Ok(Self::Commit),
            _ => Err(start.error(&CONTENT_TYPE_UNKNOWN)),
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.push(*self as u8);
        Ok(())
    }
}

/// Who sends a framed message (RFC 9420 section 6).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Sender {
    /// The member at this leaf.
    Member(u32),
    /// The external sender with this index in the group context.
    External(u32),
    /// A client that proposes its own addition.
    NewMemberProposal,
    /// A client that joins by external commit.
    NewMemberCommit,
}

impl Sender {
    /// Whether this sender can send this content: senders outside the group send proposals, except for the one that
    /// joins by commit.
    const fn can_send(self, content: ContentType) -> bool {
        match self {
            Self::Member(_) => true,
            Self::External(_) | Self::NewMemberProposal => matches!(content, ContentType::Proposal),
            Self::NewMemberCommit => matches!(content, ContentType::Commit),
        }
    }
}

impl Wire for Sender {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        match r.u8()? {
            1 => r.u32().map(Self::Member),
            2 => r.u32().map(Self::External),
            3 => Ok(Self::NewMemberProposal),
            4 => Ok(Self::NewMemberCommit),
            _ => Err(start.error(&SENDER_TYPE_UNKNOWN)),
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::Member(leaf_index) => {
                out.push(1);
                leaf_index.encode(out)
            }
            Self::External(sender_index) => {
                out.push(2);
                sender_index.encode(out)
            }
            Self::NewMemberProposal => {
                out.push(3);
                Ok(())
            }
            Self::NewMemberCommit => {
                out.push(4);
                Ok(())
            }
        }
    }
}

/// The content of a public message (RFC 9420 section 6).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum PublicContent {
    /// Application data. RFC 9420 section 6 wants them in private messages only; the requests of this crate refuse
    /// them here.
    Application(Vec<u8>),
    /// A proposal.
    Proposal(ProposalView),
    /// A commit.
    Commit(CommitView),
}

impl PublicContent {
    /// The content type.
    pub const fn content_type(&self) -> ContentType {
        match self {
            Self::Application(_) => ContentType::Application,
            Self::Proposal(_) => ContentType::Proposal,
            Self::Commit(_) => ContentType::Commit,
        }
    }
}

/// A message in the clear (RFC 9420 section 6.2). Neither the signature nor the tags are verified here.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PublicMessageView {
    /// The group.
    pub group_id: Vec<u8>,
    /// The epoch it was sent in.
    pub epoch: Epoch,
    /// Who sent it.
    pub sender: Sender,
    /// Additional data that the signature covers.
    pub authenticated_data: Vec<u8>,
    /// What it says.
    pub content: PublicContent,
    /// The sender's signature.
    pub signature: Vec<u8>,
    /// The confirmation tag; empty except in commits.
    pub confirmation_tag: Vec<u8>,
    /// The membership tag; empty unless a member sends.
    pub membership_tag: Vec<u8>,
}

impl PublicMessageView {
    /// What the signature covers (`FramedContentTBS`, RFC 9420 section 6.1): sign it with the label `FramedContentTBS`.
    ///
    /// `group_context` is the encoded group context of the message's epoch; it is used if the sender is a member or
    /// joins by commit.
    ///
    /// # Errors
    /// When the message has no encoding.
    pub fn framed_content_tbs(&self, group_context: &[u8]) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::new();
        MLS10.encode(&mut out)?;
        PUBLIC_MESSAGE.encode(&mut out)?;
        self.encode_content(&mut out)?;
        if matches!(self.sender, Sender::Member(_) | Sender::NewMemberCommit) {
            out.extend_from_slice(group_context);
        }
        Ok(out)
    }

    /// The reference by which a commit names this proposal (RFC 9420 section 5.2); `suite` is the group's.
    ///
    /// # Errors
    /// When it is not a proposal, or the hash function of the cipher suite is unknown.
    pub fn proposal_reference(&self, suite: CipherSuite) -> Result<ProposalRef, ReferenceError> {
        if !matches!(self.content, PublicContent::Proposal(_)) {
            return Err(ReferenceError::NotAProposal);
        }
        let mut authenticated = Vec::new();
        PUBLIC_MESSAGE.encode(&mut authenticated)?;
        self.encode_content(&mut authenticated)?;
        self.encode_auth(&mut authenticated)?;
        ref_hash(suite, b"MLS 1.0 Proposal Reference", &authenticated).map(ProposalRef::new)
    }

    fn encode_content(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if !self.sender.can_send(self.content.content_type()) {
            return Err(EncodeError::new(&SENDER_CANNOT_SEND_CONTENT));
        }
        codec::put_opaque(out, &self.group_id)?;
        self.epoch.encode(out)?;
        self.sender.encode(out)?;
        codec::put_opaque(out, &self.authenticated_data)?;
        self.content.content_type().encode(out)?;
        match &self.content {
            PublicContent::Application(data) => codec::put_opaque(out, data),
            PublicContent::Proposal(proposal) => proposal.encode(out),
            PublicContent::Commit(commit) => commit.encode(out),
        }
    }

    fn encode_auth(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_opaque(out, &self.signature)?;
        match self.content {
            PublicContent::Commit(_) => codec::put_opaque(out, &self.confirmation_tag),
            _ => no_tag(&self.confirmation_tag),
        }
    }
}

impl Wire for PublicMessageView {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let group_id = r.opaque()?.to_vec();
        let epoch = Epoch::decode(r)?;
        let sender = Sender::decode(r)?;
        let authenticated_data = r.opaque()?.to_vec();
        let start = r.clone();
        let content_type = ContentType::decode(r)?;
        if !sender.can_send(content_type) {
            return Err(start.error(&SENDER_CANNOT_SEND_CONTENT));
        }
        let content = match content_type {
            ContentType::Application => PublicContent::Application(r.opaque()?.to_vec()),
            ContentType::Proposal => PublicContent::Proposal(ProposalView::decode(r)?),
            ContentType::Commit => PublicContent::Commit(CommitView::decode(r)?),
        };
        let signature = r.opaque()?.to_vec();
        let confirmation_tag = match content_type {
            ContentType::Commit => r.opaque()?.to_vec(),
            _ => Vec::new(),
        };
        let membership_tag = match sender {
            Sender::Member(_) => r.opaque()?.to_vec(),
            _ => Vec::new(),
        };
        Ok(Self { group_id, epoch, sender, authenticated_data, content, signature, confirmation_tag, membership_tag })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.encode_content(out)?;
        self.encode_auth(out)?;
        match self.sender {
            Sender::Member(_) => codec::put_opaque(out, &self.membership_tag),
            _ => no_tag(&self.membership_tag),
        }
    }
}

/// An encrypted message (RFC 9420 section 6.3).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PrivateMessageView {
    /// The group.
    pub group_id: Vec<u8>,
    /// The epoch it was sent in.
    pub epoch: Epoch,
    /// What the ciphertext contains.
    pub content_type: ContentType,
    /// Additional data that everyone can read and the sender's signature covers.
    pub authenticated_data: Vec<u8>,
    /// Who sent it, encrypted.
    pub encrypted_sender_data: Vec<u8>,
    /// What it says, encrypted.
    pub ciphertext: Vec<u8>,
}

impl Wire for PrivateMessageView {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            group_id: r.opaque()?.to_vec(),
            epoch: Epoch::decode(r)?,
            content_type: ContentType::decode(r)?,
            authenticated_data: r.opaque()?.to_vec(),
            encrypted_sender_data: r.opaque()?.to_vec(),
            ciphertext: r.opaque()?.to_vec(),
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_opaque(out, &self.group_id)?;
        self.epoch.encode(out)?;
        self.content_type.encode(out)?;
        codec::put_opaque(out, &self.authenticated_data)?;
        codec::put_opaque(out, &self.encrypted_sender_data)?;
        codec::put_opaque(out, &self.ciphertext)
    }
}

/// What an [`MlsMessage`] carries (RFC 9420 section 6).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum MlsMessageView {
    /// A message in the clear.
    PublicMessage(Box<PublicMessageView>),
    /// An encrypted message.
    PrivateMessage(PrivateMessageView),
    /// The way into a group for those who were added.
    Welcome(WelcomeView),
    /// The state of a group.
    GroupInfo(Box<GroupInfo>),
    /// A key package.
    KeyPackage(Box<KeyPackage>),
    /// A handshake for members and external receivers (draft-mahy-mls-semiprivatemessage-07).
    SemiPrivateMessage(Box<SemiPrivateMessage>),
}

parsed_bytes! {
    /// An MLS message as it travels (RFC 9420 section 6). No signature and no tag is verified.
    MlsMessage(MlsMessageView)
}

impl Parsed for MlsMessageView {
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        version(r)?;
        let start = r.clone();
        match r.u16()? {
            PUBLIC_MESSAGE => PublicMessageView::decode(r).map(|message| Self::PublicMessage(Box::new(message))),
            PRIVATE_MESSAGE => PrivateMessageView::decode(r).map(Self::PrivateMessage),
            WELCOME => WelcomeView::read(r).map(Self::Welcome),
            GROUP_INFO => GroupInfo::decode(r).map(|group_info| Self::GroupInfo(Box::new(group_info))),
            KEY_PACKAGE => KeyPackage::decode(r).map(|key_package| Self::KeyPackage(Box::new(key_package))),
            SEMI_PRIVATE_MESSAGE => {
                SemiPrivateMessage::decode(r).map(|message| Self::SemiPrivateMessage(Box::new(message)))
            }
            _ => Err(start.error(&WIRE_FORMAT_UNKNOWN)),
        }
    }
}

impl MlsMessage {
    /// A message that carries a public message.
    ///
    /// # Errors
    /// When the message has no encoding.
    pub fn public(message: PublicMessageView) -> Result<Self, EncodeError> {
        let bytes = framed(PUBLIC_MESSAGE, |out| message.encode(out))?;
        Ok(Self { bytes, view: MlsMessageView::PublicMessage(Box::new(message)) })
    }

    /// A message that carries a private message.
    ///
    /// # Errors
    /// When the message has no encoding.
    pub fn private(message: PrivateMessageView) -> Result<Self, EncodeError> {
        let bytes = framed(PRIVATE_MESSAGE, |out| message.encode(out))?;
        Ok(Self { bytes, view: MlsMessageView::PrivateMessage(message) })
    }

    /// A message that carries a SemiPrivateMessage.
    ///
    /// # Errors
    /// When the message has no encoding.
    // req: SP07-3.1-16
    pub fn semi_private(message: SemiPrivateMessage) -> Result<Self, EncodeError> {
        let bytes = framed(SEMI_PRIVATE_MESSAGE, |out| message.encode(out))?;
        Ok(Self { bytes, view: MlsMessageView::SemiPrivateMessage(Box::new(message)) })
    }

    /// The wire format.
    pub const fn wire_format(&self) -> u16 {
        match self.view {
            MlsMessageView::PublicMessage(_) => PUBLIC_MESSAGE,
            MlsMessageView::PrivateMessage(_) => PRIVATE_MESSAGE,
            MlsMessageView::Welcome(_) => WELCOME,
            MlsMessageView::GroupInfo(_) => GROUP_INFO,
            MlsMessageView::KeyPackage(_) => KEY_PACKAGE,
            MlsMessageView::SemiPrivateMessage(_) => SEMI_PRIVATE_MESSAGE,
        }
    }

    /// The public message, if it is one.
    pub fn as_public(&self) -> Option<&PublicMessageView> {
        match &self.view {
            MlsMessageView::PublicMessage(message) => Some(message),
            _ => None,
        }
    }

    /// The private message, if it is one.
    pub fn as_private(&self) -> Option<&PrivateMessageView> {
        match &self.view {
            MlsMessageView::PrivateMessage(message) => Some(message),
            _ => None,
        }
    }

    /// The proposal, if it is one in the clear.
    pub fn as_proposal(&self) -> Option<&ProposalView> {
        match &self.as_public()?.content {
            PublicContent::Proposal(proposal) => Some(proposal),
            _ => None,
        }
    }

    /// The commit, if it is one in the clear.
    pub fn as_commit(&self) -> Option<&CommitView> {
        match &self.as_public()?.content {
            PublicContent::Commit(commit) => Some(commit),
            _ => None,
        }
    }

    /// The Welcome, if it is one.
    pub fn to_welcome(&self) -> Option<Welcome> {
        match &self.view {
            MlsMessageView::Welcome(view) => Some(Welcome::from_parts(self.body().to_vec(), view.clone())),
            _ => None,
        }
    }

    /// The SemiPrivateMessage, if it is one.
    pub fn as_semi_private(&self) -> Option<&SemiPrivateMessage> {
        match &self.view {
            MlsMessageView::SemiPrivateMessage(message) => Some(message),
            _ => None,
        }
    }

    /// The group and epoch of a public, private or semi-private message or a group info.
    pub fn group_and_epoch(&self) -> Option<(&[u8], Epoch)> {
        match &self.view {
            MlsMessageView::PublicMessage(message) => Some((&message.group_id, message.epoch)),
            MlsMessageView::PrivateMessage(message) => Some((&message.group_id, message.epoch)),
            MlsMessageView::SemiPrivateMessage(message) => Some((&message.group_id, message.epoch)),
            MlsMessageView::GroupInfo(group_info) => Some((group_info.group_id(), group_info.epoch())),
            MlsMessageView::Welcome(_) | MlsMessageView::KeyPackage(_) => None,
        }
    }

    /// The reference by which a commit names this proposal (RFC 9420 section 5.2); `suite` is the group's.
    ///
    /// # Errors
    /// When it is not a proposal in the clear, or the hash function of the cipher suite is unknown.
    pub fn proposal_reference(&self, suite: CipherSuite) -> Result<ProposalRef, ReferenceError> {
        self.as_public().ok_or(ReferenceError::NotAProposal)?.proposal_reference(suite)
    }

    /// What the message carries, without the four octets of version and wire format.
    fn body(&self) -> &[u8] {
        self.bytes.get(4..).unwrap_or_default()
    }
}

impl From<Welcome> for MlsMessage {
    fn from(welcome: Welcome) -> Self {
        let bytes = header(WELCOME).chain(welcome.as_bytes().iter().copied()).collect();
        Self { bytes, view: MlsMessageView::Welcome(welcome.view().clone()) }
    }
}

impl From<GroupInfo> for MlsMessage {
    fn from(group_info: GroupInfo) -> Self {
        let bytes = header(GROUP_INFO).chain(group_info.as_bytes().iter().copied()).collect();
        Self { bytes, view: MlsMessageView::GroupInfo(Box::new(group_info)) }
    }
}

impl From<KeyPackage> for MlsMessage {
    fn from(key_package: KeyPackage) -> Self {
        let bytes = header(KEY_PACKAGE).chain(key_package.as_bytes().iter().copied()).collect();
        Self { bytes, view: MlsMessageView::KeyPackage(Box::new(key_package)) }
    }
}

const fn no_tag(tag: &[u8]) -> Result<(), EncodeError> {
    if tag.is_empty() { Ok(()) } else { Err(EncodeError::new(&TAG_WITHOUT_PLACE)) }
}

fn header(wire_format: u16) -> impl Iterator<Item = u8> {
    MLS10.to_be_bytes().into_iter().chain(wire_format.to_be_bytes())
}

fn framed(
    wire_format: u16,
    body: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
) -> Result<Vec<u8>, EncodeError> {
    let mut out: Vec<u8> = header(wire_format).collect();
    body(&mut out)?;
    if out.len() > MAX_VECTOR_LENGTH { Err(EncodeError::new(&codec::ENCODE_TOO_LONG)) } else { Ok(out) }
}

#[cfg(test)]
mod tests;
