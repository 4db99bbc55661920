//! What clients are able to do, in more detail than MLS capabilities say (draft-ietf-mimi-room-policy-03 section 7.1).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use mimi_arch::codec::{self, DecodeError, EncodeError, Reader, Wire};
use mimi_arch::media_type::MediaType;
use mimi_arch::mls::{
    CipherSuite, ComponentId, ContentType, CredentialType, ExtensionType, ProposalType, ProtocolVersion, WireFormat,
};

/// What clients are able to do (draft-ietf-mimi-room-policy-03 section 7.1).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct ExtendedCapabilities {
    /// Versions of MLS.
    pub versions: Vec<ProtocolVersion>,
    /// Cipher suites.
    pub cipher_suites: Vec<CipherSuite>,
    /// Extensions.
    pub extensions: Vec<ExtensionType>,
    /// Proposals.
    pub proposals: Vec<ProposalType>,
    /// Credentials.
    pub credentials: Vec<CredentialType>,
    /// Wire formats.
    pub wire_formats: Vec<WireFormat>,
    /// Components.
    pub component_ids: Vec<ComponentId>,
    /// Components in the Safe AAD.
    pub safe_aad_types: Vec<ComponentId>,
    /// Media types of content.
    pub media_types: Vec<MediaType>,
    /// Content types of MLS.
    pub content_types: Vec<ContentType>,
}

// req: RP03-7.1-01
impl Wire for ExtendedCapabilities {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            versions: r.list()?,
            cipher_suites: r.list()?,
            extensions: r.list()?,
            proposals: r.list()?,
            credentials: r.list()?,
            wire_formats: r.list()?,
            component_ids: r.list()?,
            safe_aad_types: r.list()?,
            media_types: r.list()?,
            content_types: r.list()?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_list(out, &self.versions)?;
        codec::put_list(out, &self.cipher_suites)?;
        codec::put_list(out, &self.extensions)?;
        codec::put_list(out, &self.proposals)?;
        codec::put_list(out, &self.credentials)?;
        codec::put_list(out, &self.wire_formats)?;
        codec::put_list(out, &self.component_ids)?;
        codec::put_list(out, &self.safe_aad_types)?;
        codec::put_list(out, &self.media_types)?;
        codec::put_list(out, &self.content_types)
    }
}

/// Something that is both mandatory and forbidden.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum CapabilityConflict {
    /// A number of one of the registries.
    Number {
        /// What it is a number of.
        of: &'static str,
        /// The number.
        value: u16,
    },
    /// A media type: a forbidden entry covers it.
    MediaType(MediaType),
}

impl fmt::Display for CapabilityConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number { of, value } => write!(f, "{of} 0x{value:04X}"),
            Self::MediaType(media_type) => write!(f, "media type {media_type}"),
        }
    }
}

impl ExtendedCapabilities {
    /// What stands here and in the list of what is forbidden.
    pub fn conflicts_with(&self, forbidden: &Self) -> Vec<CapabilityConflict> {
        let mut found = Vec::new();
        let mut both = |of: &'static str, wanted: Vec<u16>, forbidden: Vec<u16>| {
            let (wanted, forbidden): (BTreeSet<u16>, BTreeSet<u16>) =
                (wanted.into_iter().collect(), forbidden.into_iter().collect());
            let shared = wanted.into_iter().filter(|value| forbidden.contains(value));
            found.extend(shared.map(|value| CapabilityConflict::Number { of, value }));
        };
        macro_rules! numbers {
            ($($field:ident: $of:literal),+) => {
                $(both(
                    $of,
                    self.$field.iter().map(|number| u16::from(number.0)).collect(),
                    forbidden.$field.iter().map(|number| u16::from(number.0)).collect(),
                );)+
            };
        }
        numbers! {
            versions: "version", cipher_suites: "cipher suite", extensions: "extension", proposals: "proposal",
            credentials: "credential", wire_formats: "wire format", component_ids: "component",
            safe_aad_types: "Safe AAD component", content_types: "content type"
        }
        let mut by_name: BTreeMap<String, Vec<&MediaType>> = BTreeMap::new();
        for entry in &forbidden.media_types {
            by_name.entry(entry.name().to_ascii_lowercase()).or_default().push(entry);
        }
        let covered = |wanted: &&MediaType| {
            let entries = by_name.get(&wanted.name().to_ascii_lowercase());
            entries.is_some_and(|entries| entries.iter().any(|entry| entry.covers(wanted)))
        };
        found.extend(self.media_types.iter().filter(covered).cloned().map(CapabilityConflict::MediaType));
        found
    }
}
