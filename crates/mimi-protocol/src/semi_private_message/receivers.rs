//! Who the external receivers of a group are, and whether it can use SemiPrivateMessage at all
//! (draft-mahy-mls-semiprivatemessage-07 section 3, draft-ietf-mls-extensions-09 section 5).

use mimi_arch::mls::WireFormat;
use mimi_arch::{Domain, MimiUri};

use super::USAGE;
use super::wire::{ExternalReceiver, NO_RECEIVER, RECEIVER_TWICE};
use crate::codec::{self, DecodeError, EncodeError, Reader, Rule, Wire};
use crate::component::{Component, Refusal};
use crate::mls::{ComponentId, ExtensionType, GroupContext, LeafNode};

/// The external receivers of a group: at least one, and none of them twice (draft-mahy-mls-semiprivatemessage-07 section 3).
///
/// The list is the data of the component [`ComponentId::EXTERNAL_RECEIVERS`]. An update replaces it.
// req: SP07-3-01, SP07-5.2-01
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ExternalReceivers(Vec<ExternalReceiver>);

impl ExternalReceivers {
    /// A list of these receivers.
    ///
    /// # Errors
    /// When it is empty or one of them is there twice.
    pub fn new(receivers: Vec<ExternalReceiver>) -> Result<Self, EncodeError> {
        check(&receivers).map_err(EncodeError::new)?;
        Ok(Self(receivers))
    }

    /// The receivers in the order of the list.
    pub fn as_slice(&self) -> &[ExternalReceiver] {
        &self.0
    }

    /// Whether the hub of this domain is the one receiver, as a MIMI room wants it (draft-ietf-mimi-protocol-06 section 5.3).
    pub fn is_hub_alone(&self, hub: &Domain) -> bool {
        let [receiver] = self.0.as_slice() else { return false };
        match receiver.credential.as_basic().map(MimiUri::from_bytes) {
            Some(Ok(MimiUri::Provider(provider))) => provider.domain() == hub,
            _ => false,
        }
    }
}

fn check(receivers: &[ExternalReceiver]) -> Result<(), &'static Rule> {
    if receivers.is_empty() {
        return Err(&NO_RECEIVER);
    }
    let mut seen = std::collections::HashSet::with_capacity(receivers.len());
    if receivers.iter().all(|receiver| seen.insert(receiver)) { Ok(()) } else { Err(&RECEIVER_TWICE) }
}

impl Wire for ExternalReceivers {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let receivers: Vec<ExternalReceiver> = r.list()?;
        check(&receivers).map_err(|rule| start.error(rule))?;
        Ok(Self(receivers))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_list(out, &self.0)
    }
}

/// Updates of the list that are not accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiversError {
    /// A commit has more than one update, or none, so that it is in doubt who the receivers are.
    #[error("{count} updates of the external receivers in one commit (draft-mahy-mls-semiprivatemessage-07 section 3)")]
    NotOne {
        /// How many there are.
        count: usize,
    },
}

impl Refusal for ReceiversError {
    fn section(&self) -> &'static str {
        USAGE
    }
}

impl Component for ExternalReceivers {
    const ID: ComponentId = ComponentId::EXTERNAL_RECEIVERS;
    type Data = Self;
    type Update = Self;
    type Error = ReceiversError;

    fn apply(_: Option<&Self>, updates: &[Self]) -> Result<Self, ReceiversError> {
        match updates {
            [update] => Ok(update.clone()),
            _ => Err(ReceiversError::NotOne { count: updates.len() }),
        }
    }
}

/// The wire formats that a leaf supports or a group requires besides those of RFC 9420 (draft-ietf-mls-extensions-09 section 5).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct WireFormats(pub Vec<WireFormat>);

impl Wire for WireFormats {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.list().map(Self)
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_list(out, &self.0)
    }
}

/// Why a group cannot use SemiPrivateMessage.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotUsable {
    /// The group does not require the wire format.
    #[error("the group does not require the wire format (draft-mahy-mls-semiprivatemessage-07 section 3)")]
    NotRequired,
    /// The group has no external receivers.
    #[error("the group has no external receivers (draft-mahy-mls-semiprivatemessage-07 section 3)")]
    NoReceivers,
    /// An extension or component of the group context is malformed.
    #[error(transparent)]
    Malformed(#[from] DecodeError),
}

impl NotUsable {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        match self {
            Self::NotRequired | Self::NoReceivers => USAGE,
            Self::Malformed(error) => error.section(),
        }
    }
}

/// The external receivers of a group that can use SemiPrivateMessage: it requires the wire format and has at least one
/// receiver.
///
/// # Errors
/// See [`NotUsable`].
// req: SP07-3-04
pub fn receivers_of(context: &GroupContext) -> Result<ExternalReceivers, NotUsable> {
    let required: Option<WireFormats> = context.extensions.read(ExtensionType::REQUIRED_WIRE_FORMATS)?;
    if !required.is_some_and(|formats| formats.0.contains(&WireFormat::SEMI_PRIVATE_MESSAGE)) {
        return Err(NotUsable::NotRequired);
    }
    let dictionary = context.extensions.app_data_dictionary()?.ok_or(NotUsable::NoReceivers)?;
    let data = dictionary.find(ComponentId::EXTERNAL_RECEIVERS).ok_or(NotUsable::NoReceivers)?;
    Ok(ExternalReceivers::from_bytes(data)?)
}

/// Whether a leaf says that its client reads SemiPrivateMessage.
///
/// # Errors
/// When the extension is there and malformed.
// req: SP07-3-03
pub fn supported_by(leaf: &LeafNode) -> Result<bool, DecodeError> {
    let supported: Option<WireFormats> = leaf.extensions.read(ExtensionType::SUPPORTED_WIRE_FORMATS)?;
    Ok(supported.is_some_and(|formats| formats.0.contains(&WireFormat::SEMI_PRIVATE_MESSAGE)))
}
