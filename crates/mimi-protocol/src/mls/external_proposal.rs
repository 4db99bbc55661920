//! Proposals of a party outside the group that the group context names as external sender: made, and verified without an MLS library
//! (draft-ietf-mimi-protocol-06 section 7.4, RFC 9420 sections 6.1 and 12.1.8).
//!
//! An MLS library may verify some kinds of them only. What is checked here is framing and signature; whether the proposal fits the
//! group is for its reader.

use super::{ExternalSenders, MlsMessage, ProposalView, PublicContent, PublicMessageView, Sender};
use crate::codec::{DecodeError, Wire};
use crate::crypto::{LabelSigner, SignError, SignatureError, verify_with_label};
use crate::safe_aad::SafeAad;
use crate::values::{CipherSuite, Epoch};

const LABEL: &str = "FramedContentTBS";

/// The place of the hub among the external senders (section 7.4): rooms have it first.
pub const HUB: u32 = 0;

/// What an external sender has to know of a group to propose something.
#[derive(Clone, Copy, Debug)]
pub struct Framing<'a> {
    /// The group.
    pub group_id: &'a [u8],
    /// The epoch for which the proposal is.
    pub epoch: Epoch,
    /// The sender's place in `external_senders`.
    pub sender_index: u32,
    /// Whether the group has the component `safe_aad`, so that the additional data are framed, too.
    pub safe_aad: bool,
}

/// Signs a proposal as external sender, in a PublicMessage.
///
/// # Errors
/// When it has no encoding, or the signer fails.
// req: MP06-7.4-01
pub fn external_proposal(
    framing: Framing<'_>,
    proposal: ProposalView,
    signer: &dyn LabelSigner,
) -> Result<MlsMessage, SignError> {
    let authenticated_data = if framing.safe_aad { SafeAad::default().to_bytes()? } else { Vec::new() };
    let mut message = PublicMessageView {
        group_id: framing.group_id.to_vec(),
        epoch: framing.epoch,
        sender: Sender::External(framing.sender_index),
        authenticated_data,
        content: PublicContent::Proposal(proposal),
        signature: Vec::new(),
        confirmation_tag: Vec::new(),
        membership_tag: Vec::new(),
    };
    // The group context is not part of what an external sender signs.
    message.signature = signer.sign_with_label(LABEL, &message.framed_content_tbs(&[])?)?;
    Ok(MlsMessage::public(message)?)
}

/// A message that is no proposal of an external sender of the group.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExternalProposalError {
    /// Another sender, or no proposal.
    #[error("not a proposal of an external sender (RFC 9420 section 12.1.8)")]
    NotExternal,
    /// The group has no such external sender.
    #[error("the group has no external sender {0} (RFC 9420 section 12.1.8.1)")]
    UnknownSender(u32),
    /// The group has the component `safe_aad`, and the additional data are not framed so.
    #[error("the additional authenticated data: {0}")]
    AuthenticatedData(#[from] DecodeError),
    /// The signature does not hold.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

impl ExternalProposalError {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        match self {
            Self::NotExternal => "RFC 9420 section 12.1.8",
            Self::UnknownSender(_) => "RFC 9420 section 12.1.8.1",
            Self::AuthenticatedData(error) => error.section(),
            Self::Signature(error) => error.section(),
        }
    }
}

/// Verifies that a proposal is signed by an external sender of a group: `senders` and `safe_aad` (whether the component is there) are
/// those of the group context. That the group and the epoch are right is checked by the caller.
///
/// # Errors
/// See [`ExternalProposalError`].
// req: MP06-7.4-01
pub fn verify_external_proposal<'m>(
    message: &'m MlsMessage,
    suite: CipherSuite,
    senders: &ExternalSenders,
    safe_aad: bool,
) -> Result<(u32, &'m ProposalView), ExternalProposalError> {
    let not_external = ExternalProposalError::NotExternal;
    let (Some(public), Some(proposal)) = (message.as_public(), message.as_proposal()) else { return Err(not_external) };
    let Sender::External(index) = public.sender else { return Err(not_external) };
    let unknown = ExternalProposalError::UnknownSender(index);
    let place = usize::try_from(index).map_err(|_| unknown.clone())?;
    let sender = senders.0.get(place).ok_or(unknown)?;
    if safe_aad {
        SafeAad::from_bytes(&public.authenticated_data)?;
    }
    let signed = public.framed_content_tbs(&[]).map_err(SignatureError::from)?;
    verify_with_label(suite, &sender.signature_key, LABEL, &signed, &public.signature)?;
    Ok((index, proposal))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use crate::crypto::Ed25519Signer;
    use crate::mls::{Credential, ExternalSender};

    const SUITE: CipherSuite = CipherSuite::X25519_AES128GCM_SHA256_ED25519;

    fn framing(safe_aad: bool) -> Framing<'static> {
        Framing { group_id: b"group", epoch: Epoch(7), sender_index: HUB, safe_aad }
    }

    fn senders(signer: &Ed25519Signer) -> ExternalSenders {
        let signature_key = signer.public_key().to_vec();
        ExternalSenders(vec![ExternalSender { signature_key, credential: Credential::basic(*b"mimi://a.example") }])
    }

    #[test]
    fn a_proposal_signed_by_an_external_sender_verifies_with_its_key_alone() {
        // req: MP06-7.4-01
        let hub = Ed25519Signer::from_seed([1; 32]);
        let message = external_proposal(framing(false), ProposalView::Remove(3), &hub).unwrap();
        let verified = verify_external_proposal(&message, SUITE, &senders(&hub), false);
        assert_eq!(verified, Ok((HUB, &ProposalView::Remove(3))));
        assert_eq!(message.group_and_epoch(), Some((&b"group"[..], Epoch(7))));
        let other = Ed25519Signer::from_seed([2; 32]);
        let refused = verify_external_proposal(&message, SUITE, &senders(&other), false).unwrap_err();
        assert_eq!(refused, SignatureError::Invalid.into());
        assert_eq!(refused.section(), "RFC 9420 section 5.1.2");
    }

    #[test]
    fn whatever_is_changed_in_it_breaks_the_signature() {
        let hub = Ed25519Signer::from_seed([1; 32]);
        let message = external_proposal(framing(false), ProposalView::Remove(3), &hub).unwrap();
        let changes: [fn(&mut PublicMessageView); 4] = [
            |message| message.epoch = Epoch(8),
            |message| message.group_id = b"other".to_vec(),
            |message| message.content = PublicContent::Proposal(ProposalView::Remove(4)),
            |message| message.authenticated_data = vec![0],
        ];
        for change in changes {
            let mut view = message.as_public().unwrap().clone();
            change(&mut view);
            let changed = MlsMessage::public(view).unwrap();
            let refused = verify_external_proposal(&changed, SUITE, &senders(&hub), false).unwrap_err();
            assert_eq!(refused, SignatureError::Invalid.into());
        }
    }

    #[test]
    fn a_group_with_safe_aad_wants_it_framed() {
        let hub = Ed25519Signer::from_seed([1; 32]);
        let framed = external_proposal(framing(true), ProposalView::Remove(3), &hub).unwrap();
        assert_eq!(framed.as_public().unwrap().authenticated_data, [0]);
        assert!(verify_external_proposal(&framed, SUITE, &senders(&hub), true).is_ok());
        let bare = external_proposal(framing(false), ProposalView::Remove(3), &hub).unwrap();
        let refused = verify_external_proposal(&bare, SUITE, &senders(&hub), true).unwrap_err();
        assert!(matches!(refused, ExternalProposalError::AuthenticatedData(_)), "{refused}");
    }

    #[test]
    fn other_senders_and_unknown_ones_are_refused() {
        let hub = Ed25519Signer::from_seed([1; 32]);
        let absent =
            external_proposal(Framing { sender_index: 1, ..framing(false) }, ProposalView::Remove(3), &hub).unwrap();
        let refused = verify_external_proposal(&absent, SUITE, &senders(&hub), false).unwrap_err();
        assert_eq!(
            (refused.section(), refused),
            ("RFC 9420 section 12.1.8.1", ExternalProposalError::UnknownSender(1))
        );
        let mut view = absent.as_public().unwrap().clone();
        view.sender = Sender::Member(0);
        let member = MlsMessage::public(view).unwrap();
        let refused = verify_external_proposal(&member, SUITE, &senders(&hub), false).unwrap_err();
        assert_eq!((refused.section(), refused), ("RFC 9420 section 12.1.8", ExternalProposalError::NotExternal));
    }
}
