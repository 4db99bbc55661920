//! Numbers of the MLS registries that more than one crate names (RFC 9420 section 17, draft-ietf-mls-extensions section 7).
//!
//! Objects of MLS are not here; `mimi-protocol` reads those.

use std::fmt;

/// An MLS cipher suite (RFC 9420 section 17.1). The registry is open: unknown values are kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CipherSuite(pub u16);

/// The hash function of a cipher suite (RFC 9420 section 17.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum HashFunction {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// The signature scheme of a cipher suite (RFC 9420 section 17.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SignatureScheme {
    /// Ed25519.
    Ed25519,
    /// ECDSA with P-256 and SHA-256.
    EcdsaP256,
    /// ECDSA with P-384 and SHA-384.
    EcdsaP384,
    /// ECDSA with P-521 and SHA-512.
    EcdsaP521,
    /// Ed448.
    Ed448,
}

impl CipherSuite {
    /// MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519.
    pub const X25519_AES128GCM_SHA256_ED25519: Self = Self(1);
    /// MLS_128_DHKEMP256_AES128GCM_SHA256_P256.
    pub const P256_AES128GCM_SHA256_P256: Self = Self(2);
    /// MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519.
    pub const X25519_CHACHA20POLY1305_SHA256_ED25519: Self = Self(3);
    /// MLS_256_DHKEMX448_AES256GCM_SHA512_Ed448.
    pub const X448_AES256GCM_SHA512_ED448: Self = Self(4);
    /// MLS_256_DHKEMP521_AES256GCM_SHA512_P521.
    pub const P521_AES256GCM_SHA512_P521: Self = Self(5);
    /// MLS_256_DHKEMX448_CHACHA20POLY1305_SHA512_Ed448.
    pub const X448_CHACHA20POLY1305_SHA512_ED448: Self = Self(6);
    /// MLS_256_DHKEMP384_AES256GCM_SHA384_P384.
    pub const P384_AES256GCM_SHA384_P384: Self = Self(7);

    /// The hash function, if the suite is one of RFC 9420.
    pub const fn hash_function(self) -> Option<HashFunction> {
        match self.0 {
            1..=3 => Some(HashFunction::Sha256),
            4..=6 => Some(HashFunction::Sha512),
            7 => Some(HashFunction::Sha384),
            _ => None,
        }
    }

    /// The signature scheme, if the suite is one of RFC 9420.
    pub const fn signature_scheme(self) -> Option<SignatureScheme> {
        match self.0 {
            1 | 3 => Some(SignatureScheme::Ed25519),
            2 => Some(SignatureScheme::EcdsaP256),
            4 | 6 => Some(SignatureScheme::Ed448),
            5 => Some(SignatureScheme::EcdsaP521),
            7 => Some(SignatureScheme::EcdsaP384),
            _ => None,
        }
    }
}

impl fmt::Display for CipherSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:04X}", self.0)
    }
}

/// The type of an extension. The registry is open: unknown values are kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ExtensionType(pub u16);

impl ExtensionType {
    /// `application_id`, in leaf nodes.
    pub const APPLICATION_ID: Self = Self(1);
    /// `ratchet_tree`, in group infos.
    pub const RATCHET_TREE: Self = Self(2);
    /// `required_capabilities`, in group contexts.
    pub const REQUIRED_CAPABILITIES: Self = Self(3);
    /// `external_pub`, in group infos.
    pub const EXTERNAL_PUB: Self = Self(4);
    /// `external_senders`, in group contexts.
    pub const EXTERNAL_SENDERS: Self = Self(5);
    /// `app_data_dictionary` (mls-extensions draft section 4.6).
    pub const APP_DATA_DICTIONARY: Self = Self(6);
    /// `supported_wire_formats`, in leaf nodes (mls-extensions draft section 5).
    pub const SUPPORTED_WIRE_FORMATS: Self = Self(7);
    /// `required_wire_formats`, in group contexts (mls-extensions draft section 5).
    pub const REQUIRED_WIRE_FORMATS: Self = Self(8);
    /// `last_resort` as an extension of its own, which older revisions of the mls-extensions draft had.
    pub const LAST_RESORT: Self = Self(10);
    /// FanoutAuth (draft-robert-mimi-delivery-service, section "Enqueue authorization"), which has no number yet: ours, of private use.
    pub const FANOUT_AUTH: Self = Self(0xF5E2);
}

/// A component of an application (draft-ietf-mls-extensions section 2). The registry is open: unknown values are kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ComponentId(pub u16);

impl ComponentId {
    /// `app_components` (draft-ietf-mls-extensions section 5).
    pub const APP_COMPONENTS: Self = Self(1);
    /// `safe_aad` (draft-ietf-mls-extensions section 4.9).
    pub const SAFE_AAD: Self = Self(2);
    /// `content_media_types` (draft-ietf-mls-extensions section 6.2.1).
    pub const CONTENT_MEDIA_TYPES: Self = Self(3);
    /// `last_resort_key_package` (draft-ietf-mls-extensions section 6).
    pub const LAST_RESORT_KEY_PACKAGE: Self = Self(4);
    /// `app_ack` (draft-ietf-mls-extensions).
    pub const APP_ACK: Self = Self(5);
    /// `external_receivers` (draft-mahy-mls-semiprivatemessage-07 section 5.2), the value that the draft suggests.
    pub const EXTERNAL_RECEIVERS: Self = Self(8);
    /// `frank_aad` (draft-ietf-mimi-protocol-06 section 5.4.1).
    pub const FRANK_AAD: Self = Self(0x0020);
    /// `franking_agent`, registered as `franking_signature_key` (draft-ietf-mimi-protocol-06 section 5.4.1).
    pub const FRANKING_AGENT: Self = Self(0x0021);
    /// `participant_list` (draft-ietf-mimi-protocol-06 section 7.5).
    pub const PARTICIPANT_LIST: Self = Self(0x0022);
    /// `room_metadata` (draft-ietf-mimi-protocol-06 section 7.6).
    pub const ROOM_METADATA: Self = Self(0x0023);
    /// `mls_operational_policy` (draft-ietf-mimi-room-policy-03 section 7).
    pub const MLS_OPERATIONAL_POLICY: Self = Self(0x0024);
    /// `roles_list` (draft-ietf-mimi-room-policy-03 section 3).
    pub const ROLES_LIST: Self = Self(0x0025);
    /// `preauth_list` (draft-ietf-mimi-room-policy-03 section 4).
    pub const PREAUTH_LIST: Self = Self(0x0026);
    /// `base_room_policy` (draft-ietf-mimi-room-policy-03 section 5).
    pub const BASE_ROOM_POLICY: Self = Self(0x0027);
    /// `status_notification_policy` (draft-ietf-mimi-room-policy-03 section 6.1).
    pub const STATUS_NOTIFICATION_POLICY: Self = Self(0x0028);
    /// `join_link_policy` (draft-ietf-mimi-room-policy-03 section 6.2).
    pub const JOIN_LINK_POLICY: Self = Self(0x0029);
    /// `join_links` (draft-ietf-mimi-room-policy-03 section 6.2).
    pub const JOIN_LINKS: Self = Self(0x002A);
    /// `link_preview_policy` (draft-ietf-mimi-room-policy-03 section 6.3).
    pub const LINK_PREVIEW_POLICY: Self = Self(0x002B);
    /// `asset_policy` (draft-ietf-mimi-room-policy-03 section 6.4).
    pub const ASSET_POLICY: Self = Self(0x002C);
    /// `logging_policy` (draft-ietf-mimi-room-policy-03 section 6.5).
    pub const LOGGING_POLICY: Self = Self(0x002D);
    /// `chat_history_policy` (draft-ietf-mimi-room-policy-03 section 6.6).
    pub const CHAT_HISTORY_POLICY: Self = Self(0x002E);
    /// `bot_policy` (draft-ietf-mimi-room-policy-03 section 6.7).
    pub const BOT_POLICY: Self = Self(0x002F);
    /// `message_expiration_policy` (draft-ietf-mimi-room-policy-03 section 6.8).
    pub const MESSAGE_EXPIRATION_POLICY: Self = Self(0x0030);
}

/// A version of MLS (RFC 9420 section 6). The registry is open: unknown values are kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ProtocolVersion(pub u16);

impl ProtocolVersion {
    /// MLS 1.0.
    pub const MLS10: Self = Self(1);
}

/// The type of a proposal (RFC 9420 section 17.4). The registry is open: unknown values are kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ProposalType(pub u16);

impl ProposalType {
    /// `add`.
    pub const ADD: Self = Self(1);
    /// `update`.
    pub const UPDATE: Self = Self(2);
    /// `remove`.
    pub const REMOVE: Self = Self(3);
    /// `psk`.
    pub const PSK: Self = Self(4);
    /// `reinit`.
    pub const REINIT: Self = Self(5);
    /// `external_init`.
    pub const EXTERNAL_INIT: Self = Self(6);
    /// `group_context_extensions`.
    pub const GROUP_CONTEXT_EXTENSIONS: Self = Self(7);
    /// `app_data_update` (draft-ietf-mls-extensions section 4.7).
    pub const APP_DATA_UPDATE: Self = Self(8);
    /// `app_ephemeral` (draft-ietf-mls-extensions section 4.8).
    pub const APP_EPHEMERAL: Self = Self(9);
    /// `self_remove` (draft-ietf-mls-extensions section 6.4).
    pub const SELF_REMOVE: Self = Self(10);
}

/// The type of a credential (RFC 9420 section 17.5). The registry is open: unknown values are kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CredentialType(pub u16);

impl CredentialType {
    /// `basic`.
    pub const BASIC: Self = Self(1);
    /// `x509`.
    pub const X509: Self = Self(2);
    /// PseudonymousCredential (draft-ietf-mimi-protocol-06 section 6.1), which has no number yet: ours, of private use.
    pub const PSEUDONYMOUS: Self = Self(0xF5E1);
}

/// What an MLSMessage holds (RFC 9420 section 17.2). The registry is open: unknown values are kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct WireFormat(pub u16);

impl WireFormat {
    /// `mls_public_message`.
    pub const PUBLIC_MESSAGE: Self = Self(1);
    /// `mls_private_message`.
    pub const PRIVATE_MESSAGE: Self = Self(2);
    /// `mls_welcome`.
    pub const WELCOME: Self = Self(3);
    /// `mls_group_info`.
    pub const GROUP_INFO: Self = Self(4);
    /// `mls_key_package`.
    pub const KEY_PACKAGE: Self = Self(5);
    /// `mls_semiprivate_message` (draft-mahy-mls-semiprivatemessage-07 section 5.1), which has no number yet: ours, of private
    /// use.
    pub const SEMI_PRIVATE_MESSAGE: Self = Self(0xF5E0);
}

/// What a framed content is (RFC 9420 section 6). The registry is open: unknown values are kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ContentType(pub u8);

impl ContentType {
    /// `application`.
    pub const APPLICATION: Self = Self(1);
    /// `proposal`.
    pub const PROPOSAL: Self = Self(2);
    /// `commit`.
    pub const COMMIT: Self = Self(3);
}

crate::wire_newtype! {
    CipherSuite(u16) ExtensionType(u16) ComponentId(u16) ProtocolVersion(u16) ProposalType(u16) CredentialType(u16) WireFormat(u16)
    ContentType(u8)
}
