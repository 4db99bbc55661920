//! What is signed and what is encrypted (RFC 9420 sections 6.1 and 6.3.1, draft-mahy-mls-semiprivatemessage-07 section 3.1).

use mimi_arch::mls::WireFormat;

use crate::codec::{self, DecodeError, EncodeError, Reader, Wire};
use crate::crypto::{LabelSigner, SignError, SignatureError, hash, verify_with_label};
use crate::mls::hash::ref_hash;
use crate::mls::{CommitView, ContentType, GroupContext, MLS10, ProposalView, ReferenceError, Sender};
use crate::values::{CipherSuite, Epoch, ProposalRef};

const LABEL: &str = "FramedContentTBS";

/// What a SemiPrivateMessage says: a proposal or a commit, never application data.
// req: SP07-1-01, SP07-3.1-12
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Handshake {
    /// A proposal.
    Proposal(Box<ProposalView>),
    /// A commit.
    Commit(CommitView),
}

impl Handshake {
    /// The content type.
    pub const fn content_type(&self) -> ContentType {
        match self {
            Self::Proposal(_) => ContentType::Proposal,
            Self::Commit(_) => ContentType::Commit,
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::Proposal(proposal) => proposal.encode(out),
            Self::Commit(commit) => commit.encode(out),
        }
    }
}

/// A handshake that could not be signed or confirmed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FramingError {
    /// The signature could not be made.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// A proposal has no confirmation tag.
    #[error("a proposal has no confirmation tag (RFC 9420 section 6.1)")]
    TagWithoutPlace,
}

impl FramingError {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        match self {
            Self::Sign(_) => "RFC 9420 section 5.1.2",
            Self::TagWithoutPlace => "RFC 9420 section 6.1",
        }
    }
}

/// A handshake of a member, signed as the content of a SemiPrivateMessage (RFC 9420 section 6.1). The signature covers the
/// wire format, so that it holds in no other framing.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AuthenticatedHandshake {
    pub(super) framed: FramedContent,
    pub(super) signature: Vec<u8>,
    pub(super) confirmation_tag: Vec<u8>,
}

/// `FramedContent` of a member (RFC 9420 section 6).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct FramedContent {
    pub(super) group_id: Vec<u8>,
    pub(super) epoch: Epoch,
    pub(super) sender_leaf_index: u32,
    pub(super) authenticated_data: Vec<u8>,
    pub(super) content: Handshake,
}

impl FramedContent {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_opaque(out, &self.group_id)?;
        self.epoch.encode(out)?;
        Sender::Member(self.sender_leaf_index).encode(out)?;
        codec::put_opaque(out, &self.authenticated_data)?;
        self.content.content_type().encode(out)?;
        self.content.encode(out)
    }

    /// `FramedContentTBS`, which ends with the group context.
    pub(super) fn to_be_signed(&self, context: &GroupContext) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::new();
        MLS10.encode(&mut out)?;
        WireFormat::SEMI_PRIVATE_MESSAGE.encode(&mut out)?;
        self.encode(&mut out)?;
        context.encode(&mut out)?;
        Ok(out)
    }

    /// `framed_content_tbs_hash`; nothing if the suite is unknown.
    // req: SP07-3.1-10
    pub(super) fn tbs_hash(&self, context: &GroupContext) -> Result<Option<Vec<u8>>, EncodeError> {
        Ok(hash(context.cipher_suite, &self.to_be_signed(context)?))
    }
}

impl AuthenticatedHandshake {
    /// Signs a handshake in the epoch of a group context. A commit gets its confirmation tag afterwards, because the tag depends
    /// on the signature: [`confirmed`](Self::confirmed).
    ///
    /// # Errors
    /// When it has no encoding or the signer fails.
    pub fn sign(
        context: &GroupContext,
        own_leaf_index: u32,
        authenticated_data: Vec<u8>,
        content: Handshake,
        signer: &dyn LabelSigner,
    ) -> Result<Self, FramingError> {
        let framed = FramedContent {
            group_id: context.group_id.clone(),
            epoch: context.epoch,
            sender_leaf_index: own_leaf_index,
            authenticated_data,
            content,
        };
        let signature = signer.sign_with_label(LABEL, &framed.to_be_signed(context).map_err(SignError::from)?)?;
        Ok(Self { framed, signature, confirmation_tag: Vec::new() })
    }

    /// The same commit with its confirmation tag, which the key schedule computes from
    /// [`transcript_hash_input`](Self::transcript_hash_input).
    ///
    /// # Errors
    /// When it is a proposal.
    pub fn confirmed(self, confirmation_tag: Vec<u8>) -> Result<Self, FramingError> {
        match self.framed.content {
            Handshake::Commit(_) => Ok(Self { confirmation_tag, ..self }),
            Handshake::Proposal(_) => Err(FramingError::TagWithoutPlace),
        }
    }

    /// The group.
    pub fn group_id(&self) -> &[u8] {
        &self.framed.group_id
    }

    /// The epoch.
    pub const fn epoch(&self) -> Epoch {
        self.framed.epoch
    }

    /// The sender's leaf.
    pub const fn sender_leaf_index(&self) -> u32 {
        self.framed.sender_leaf_index
    }

    /// Additional data that everyone can read.
    pub fn authenticated_data(&self) -> &[u8] {
        &self.framed.authenticated_data
    }

    /// What it says.
    pub const fn content(&self) -> &Handshake {
        &self.framed.content
    }

    /// The sender's signature.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// The confirmation tag; empty for proposals.
    pub fn confirmation_tag(&self) -> &[u8] {
        &self.confirmation_tag
    }

    /// `ConfirmedTranscriptHashInput` (RFC 9420 section 8.2).
    ///
    /// # Errors
    /// When the handshake has no encoding.
    pub fn transcript_hash_input(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::new();
        WireFormat::SEMI_PRIVATE_MESSAGE.encode(&mut out)?;
        self.framed.encode(&mut out)?;
        codec::put_opaque(&mut out, &self.signature)?;
        Ok(out)
    }

    /// The reference by which a commit names this proposal (RFC 9420 section 5.2).
    ///
    /// # Errors
    /// When it is a commit, or the suite is none of RFC 9420.
    pub fn proposal_reference(&self, suite: CipherSuite) -> Result<ProposalRef, ReferenceError> {
        match self.framed.content {
            Handshake::Proposal(_) => {
                ref_hash(suite, b"MLS 1.0 Proposal Reference", &self.transcript_hash_input()?).map(ProposalRef::new)
            }
            Handshake::Commit(_) => Err(ReferenceError::NotAProposal),
        }
    }

    pub(super) fn verify(&self, context: &GroupContext, signature_key: &[u8]) -> Result<(), SignatureError> {
        let signed = self.framed.to_be_signed(context)?;
        verify_with_label(context.cipher_suite, signature_key, LABEL, &signed, &self.signature)
    }

    /// `SemiPrivateMessageContent` with this much padding.
    // req: SP07-3.1-12
    pub(super) fn plaintext(&self, padding: usize) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::new();
        self.framed.content.encode(&mut out)?;
        codec::put_opaque(&mut out, &self.signature)?;
        if self.framed.content.content_type() == ContentType::Commit {
            codec::put_opaque(&mut out, &self.confirmation_tag)?;
        }
        let length = out.len().saturating_add(padding);
        if length > codec::MAX_VECTOR_LENGTH {
            return Err(EncodeError::new(&codec::ENCODE_TOO_LONG));
        }
        out.resize(length, 0);
        Ok(out)
    }
}

/// Reads `SemiPrivateMessageContent`: content, signature and, for commits, confirmation tag, then zeros.
// req: SP07-3.2-05, SP07-3.3-05
pub(super) fn read_plaintext(
    content_type: ContentType,
    plaintext: &[u8],
) -> Result<(Handshake, Vec<u8>, Vec<u8>), DecodeError> {
    let mut reader = Reader::new(plaintext);
    let r = &mut reader;
    let start = r.clone();
    let content = match content_type {
        ContentType::Proposal => Handshake::Proposal(Box::new(ProposalView::decode(r)?)),
        ContentType::Commit => Handshake::Commit(CommitView::decode(r)?),
        ContentType::Application => return Err(start.error(&super::wire::APPLICATION_CONTENT)),
    };
    let signature = r.opaque()?.to_vec();
    let confirmation_tag = match content_type {
        ContentType::Commit => r.opaque()?.to_vec(),
        _ => Vec::new(),
    };
    loop {
        if r.is_empty() {
            return Ok((content, signature, confirmation_tag));
        }
        let place = r.clone();
        if r.u8()? != 0 {
            return Err(place.error(&super::wire::PADDING_NOT_ZERO));
        }
    }
}

/// Why a commit cannot be sealed as it is.
pub(super) const fn lacks_tag(handshake: &AuthenticatedHandshake) -> bool {
    matches!(handshake.framed.content, Handshake::Commit(_)) && handshake.confirmation_tag.is_empty()
}
