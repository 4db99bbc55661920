//! Leaf nodes and key packages (RFC 9420 sections 7.2 and 10).

use crate::codec::{self, DecodeError, EncodeError, Reader, Wire, rules};
use crate::values::{CipherSuite, KeyPackageRef};

use super::bytes::{Parsed, parsed_bytes};
use super::credential::{Capabilities, Credential};
use super::extension::{ComponentId, ExtensionType, Extensions};
use super::hash::{ReferenceError, ref_hash};

rules! {
    VERSION_UNKNOWN = "the MLS version is not 1.0", "RFC 9420 section 6";
    LEAF_NODE_SOURCE_UNKNOWN = "the leaf node source is not one that is defined", "RFC 9420 section 7.2";
    LEAF_NOT_OF_KEY_PACKAGE = "the leaf node of a key package says it was made for something else",
        "RFC 9420 section 10";
}

/// MLS 1.0 as a `ProtocolVersion` (RFC 9420 section 6).
pub const MLS10: u16 = 1;

pub(super) fn version(r: &mut Reader<'_>) -> Result<(), DecodeError> {
    let start = r.clone();
    if r.u16()? == MLS10 { Ok(()) } else { Err(start.error(&VERSION_UNKNOWN)) }
}

/// Why a leaf node was made, with what comes with each reason (RFC 9420 section 7.2).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum LeafNodeSource {
    /// For a key package.
    KeyPackage {
        /// Not valid before, in seconds since the Unix epoch.
        not_before: u64,
        /// Not valid after, in seconds since the Unix epoch.
        not_after: u64,
    },
    /// For an Update proposal.
    Update,
    /// For the path of a commit.
    Commit {
        /// The parent hash.
        parent_hash: Vec<u8>,
    },
}

/// A client's place in a tree (RFC 9420 section 7.2).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct LeafNode {
    /// The HPKE public key.
    pub encryption_key: Vec<u8>,
    /// The signature public key.
    pub signature_key: Vec<u8>,
    /// Who the client is.
    pub credential: Credential,
    /// What the client can do.
    pub capabilities: Capabilities,
    /// Why the leaf was made.
    pub source: LeafNodeSource,
    /// Extensions.
    pub extensions: Extensions,
    /// The signature by `signature_key`; not verified here.
    pub signature: Vec<u8>,
}

impl Wire for LeafNode {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            encryption_key: r.opaque()?.to_vec(),
            signature_key: r.opaque()?.to_vec(),
            credential: Credential::decode(r)?,
            capabilities: Capabilities::decode(r)?,
            source: LeafNodeSource::decode(r)?,
            extensions: Extensions::decode(r)?,
            signature: r.opaque()?.to_vec(),
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_opaque(out, &self.encryption_key)?;
        codec::put_opaque(out, &self.signature_key)?;
        self.credential.encode(out)?;
        self.capabilities.encode(out)?;
        self.source.encode(out)?;
        self.extensions.encode(out)?;
        codec::put_opaque(out, &self.signature)
    }
}

impl Wire for LeafNodeSource {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        match r.u8()? {
            1 => Ok(Self::KeyPackage { not_before: r.u64()?, not_after: r.u64()? }),
            2 => Ok(Self::Update),
            3 => Ok(Self::Commit { parent_hash: r.opaque()?.to_vec() }),
            _ => Err(start.error(&LEAF_NODE_SOURCE_UNKNOWN)),
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::KeyPackage { not_before, not_after } => {
                out.push(1);
                not_before.encode(out)?;
                not_after.encode(out)
            }
            Self::Update => {
                out.push(2);
                Ok(())
            }
            Self::Commit { parent_hash } => {
                out.push(3);
                codec::put_opaque(out, parent_hash)
            }
        }
    }
}

/// What stands in a [`KeyPackage`] (RFC 9420 section 10).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct KeyPackageView {
    /// The cipher suite.
    pub cipher_suite: CipherSuite,
    /// The HPKE public key for the Welcome.
    pub init_key: Vec<u8>,
    /// The leaf node, made for a key package.
    pub leaf_node: LeafNode,
    /// Validity of the leaf node: not before, not after, in seconds since the Unix epoch.
    pub lifetime: (u64, u64),
    /// Extensions of the key package.
    pub extensions: Extensions,
    /// The signature by the leaf node's key; not verified here.
    pub signature: Vec<u8>,
}

parsed_bytes! {
    /// What a client leaves with its provider so that others can add it to groups (RFC 9420 section 10). The
    /// signatures are not verified.
    KeyPackage(KeyPackageView)
}

impl Parsed for KeyPackageView {
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        version(r)?;
        let cipher_suite = CipherSuite::decode(r)?;
        let init_key = r.opaque()?.to_vec();
        let start = r.clone();
        let leaf_node = LeafNode::decode(r)?;
        let LeafNodeSource::KeyPackage { not_before, not_after } = leaf_node.source else {
            return Err(start.error(&LEAF_NOT_OF_KEY_PACKAGE));
        };
        Ok(Self {
            cipher_suite,
            init_key,
            leaf_node,
            lifetime: (not_before, not_after),
            extensions: Extensions::decode(r)?,
            signature: r.opaque()?.to_vec(),
        })
    }
}

impl KeyPackage {
    /// The cipher suite.
    pub fn cipher_suite(&self) -> CipherSuite {
        self.view().cipher_suite
    }

    /// The reference by which Welcome messages name the key package (RFC 9420 section 5.2).
    ///
    /// # Errors
    /// When the hash function of the cipher suite is unknown.
    pub fn reference(&self) -> Result<KeyPackageRef, ReferenceError> {
        ref_hash(self.cipher_suite(), b"MLS 1.0 KeyPackage Reference", self.as_bytes()).map(KeyPackageRef::new)
    }

    /// Who the client is.
    pub fn credential(&self) -> &Credential {
        &self.view().leaf_node.credential
    }

    /// The client's signature public key.
    pub fn signature_key(&self) -> &[u8] {
        &self.view().leaf_node.signature_key
    }

    /// Not valid before, in seconds since the Unix epoch.
    pub fn not_before(&self) -> u64 {
        self.view().lifetime.0
    }

    /// Not valid after, in seconds since the Unix epoch.
    pub fn not_after(&self) -> u64 {
        self.view().lifetime.1
    }

    /// What the client can do.
    pub fn capabilities(&self) -> &Capabilities {
        &self.view().leaf_node.capabilities
    }

    /// Whether the key package may be handed out more than once: its dictionary has the component
    /// `last_resort_key_package` (mls-extensions draft section 6), or it has the extension that older revisions of
    /// that draft had instead.
    pub fn is_last_resort(&self) -> bool {
        let extensions = &self.view().extensions;
        let component = extensions
            .app_data_dictionary()
            .is_ok_and(|dictionary| dictionary.is_some_and(|d| d.find(ComponentId::LAST_RESORT_KEY_PACKAGE).is_some()));
        component || extensions.contains(ExtensionType::LAST_RESORT)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use crate::mls::{AppDataDictionary, ComponentData, Extension};
    use crate::testing::{key_package, key_package_bytes, key_package_source, laws, leaf, refused};

    #[test]
    fn leaf_nodes_of_all_sources_keep_the_laws() {
        laws(&leaf(key_package_source()));
        laws(&leaf(LeafNodeSource::Update));
        laws(&leaf(LeafNodeSource::Commit { parent_hash: vec![1] }));
        assert_eq!(laws(&LeafNodeSource::Update), [2]);
        assert_eq!(laws(&LeafNodeSource::Commit { parent_hash: vec![1] }), [3, 1, 1]);
    }

    #[test]
    fn a_leaf_node_source_that_is_not_defined_is_refused() {
        refused::<LeafNodeSource>(&[0], 0, &LEAF_NODE_SOURCE_UNKNOWN);
        refused::<LeafNodeSource>(&[4], 0, &LEAF_NODE_SOURCE_UNKNOWN);
    }

    #[test]
    fn a_key_package_keeps_its_octets_and_yields_what_a_provider_needs() {
        let key_package = key_package();
        laws(&key_package);
        assert_eq!(key_package.cipher_suite(), CipherSuite(1));
        assert_eq!(key_package.credential().as_basic(), Some(&b"mimi://b.example/d/bob/phone"[..]));
        assert_eq!(key_package.signature_key(), [0x51; 32]);
        assert_eq!((key_package.not_before(), key_package.not_after()), (1_700_000_000, 1_707_000_000));
        assert_eq!(key_package.capabilities().proposals, [8, 10]);
        assert!(!key_package.is_last_resort());
    }

    #[test]
    fn the_reference_of_a_key_package_depends_on_every_octet_and_on_the_suite() {
        let key_package = key_package();
        let reference = key_package.reference().unwrap();
        assert_eq!(reference.as_bytes().len(), 32);
        let mut bytes = key_package.as_bytes().to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        assert_ne!(KeyPackage::from_bytes(&bytes).unwrap().reference().unwrap(), reference);
        bytes[3] = 7;
        assert_eq!(KeyPackage::from_bytes(&bytes).unwrap().reference().unwrap().as_bytes().len(), 48);
        bytes[2] = 0xf0;
        let unknown = KeyPackage::from_bytes(&bytes).unwrap().reference();
        assert_eq!(unknown, Err(ReferenceError::UnsupportedCipherSuite(CipherSuite(0xf007))));
    }

    #[test]
    fn a_key_package_of_another_version_is_refused() {
        let mut bytes = key_package().as_bytes().to_vec();
        bytes[1] = 2;
        refused::<KeyPackage>(&bytes, 0, &VERSION_UNKNOWN);
    }

    #[test]
    fn a_key_package_whose_leaf_was_made_for_something_else_is_refused() {
        let bytes = key_package_bytes(LeafNodeSource::Update, vec![]);
        refused::<KeyPackage>(&bytes, 4 + 33, &LEAF_NOT_OF_KEY_PACKAGE);
    }

    #[test]
    fn a_key_package_of_last_resort_is_known_by_component_or_by_extension() {
        let with = |extension_type, extension_data| {
            let extension = Extension { extension_type, extension_data };
            KeyPackage::from_bytes(&key_package_bytes(key_package_source(), vec![extension])).unwrap()
        };
        let component = |component_id| {
            let dictionary = AppDataDictionary::new(vec![ComponentData { component_id, data: vec![] }]).unwrap();
            with(ExtensionType::APP_DATA_DICTIONARY, dictionary.to_bytes().unwrap())
        };
        assert!(component(ComponentId::LAST_RESORT_KEY_PACKAGE).is_last_resort());
        assert!(!component(ComponentId::APP_COMPONENTS).is_last_resort());
        assert!(with(ExtensionType::LAST_RESORT, vec![]).is_last_resort());
        assert!(!with(ExtensionType::APP_DATA_DICTIONARY, vec![0xff]).is_last_resort());
    }
}
