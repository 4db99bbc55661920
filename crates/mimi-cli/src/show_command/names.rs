//! Names of numbers in open registries. A number without a name gives an empty text.

use mimi_arch::mls::{CipherSuite, ComponentId, CredentialType, ExtensionType, ProposalType, WireFormat};

/// Cipher suites (RFC 9420 section 17.1).
pub(super) fn cipher_suite(value: u64) -> &'static str {
    match u16::try_from(value).map(CipherSuite) {
        Ok(CipherSuite::X25519_AES128GCM_SHA256_ED25519) => "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519",
        Ok(CipherSuite::P256_AES128GCM_SHA256_P256) => "MLS_128_DHKEMP256_AES128GCM_SHA256_P256",
        Ok(CipherSuite::X25519_CHACHA20POLY1305_SHA256_ED25519) => {
            "MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519"
        }
        Ok(CipherSuite::X448_AES256GCM_SHA512_ED448) => "MLS_256_DHKEMX448_AES256GCM_SHA512_Ed448",
        Ok(CipherSuite::P521_AES256GCM_SHA512_P521) => "MLS_256_DHKEMP521_AES256GCM_SHA512_P521",
        Ok(CipherSuite::X448_CHACHA20POLY1305_SHA512_ED448) => "MLS_256_DHKEMX448_CHACHA20POLY1305_SHA512_Ed448",
        Ok(CipherSuite::P384_AES256GCM_SHA384_P384) => "MLS_256_DHKEMP384_AES256GCM_SHA384_P384",
        _ => "",
    }
}

/// Extension types (RFC 9420 section 17.3, mls-extensions draft section 7).
pub(super) fn extension_type(value: u64) -> &'static str {
    match u16::try_from(value).map(ExtensionType) {
        Ok(ExtensionType::APPLICATION_ID) => "application_id",
        Ok(ExtensionType::RATCHET_TREE) => "ratchet_tree",
        Ok(ExtensionType::REQUIRED_CAPABILITIES) => "required_capabilities",
        Ok(ExtensionType::EXTERNAL_PUB) => "external_pub",
        Ok(ExtensionType::EXTERNAL_SENDERS) => "external_senders",
        Ok(ExtensionType::APP_DATA_DICTIONARY) => "app_data_dictionary",
        Ok(ExtensionType::SUPPORTED_WIRE_FORMATS) => "supported_wire_formats",
        Ok(ExtensionType::REQUIRED_WIRE_FORMATS) => "required_wire_formats",
        Ok(ExtensionType::LAST_RESORT) => "last_resort",
        _ => "",
    }
}

/// Proposal types (RFC 9420 section 17.4, mls-extensions draft section 7).
pub(super) fn proposal_type(value: u64) -> &'static str {
    match u16::try_from(value).map(ProposalType) {
        Ok(ProposalType::ADD) => "add",
        Ok(ProposalType::UPDATE) => "update",
        Ok(ProposalType::REMOVE) => "remove",
        Ok(ProposalType::PSK) => "psk",
        Ok(ProposalType::REINIT) => "reinit",
        Ok(ProposalType::EXTERNAL_INIT) => "external_init",
        Ok(ProposalType::GROUP_CONTEXT_EXTENSIONS) => "group_context_extensions",
        Ok(ProposalType::APP_DATA_UPDATE) => "app_data_update",
        Ok(ProposalType::APP_EPHEMERAL) => "app_ephemeral",
        Ok(ProposalType::SELF_REMOVE) => "self_remove",
        _ => "",
    }
}

/// Credential types (RFC 9420 section 17.5).
pub(super) fn credential_type(value: u64) -> &'static str {
    match u16::try_from(value).map(CredentialType) {
        Ok(CredentialType::BASIC) => "basic",
        Ok(CredentialType::X509) => "x509",
        Ok(CredentialType::PSEUDONYMOUS) => "pseudonymous",
        _ => "",
    }
}

/// Protocol versions (RFC 9420 section 6).
pub(super) fn protocol_version(value: u64) -> &'static str {
    if value == 1 { "mls10" } else { "" }
}

/// Wire formats (RFC 9420 section 17.2, draft-mahy-mls-semiprivatemessage-07 section 5.1).
pub(super) fn wire_format(value: u64) -> &'static str {
    match u16::try_from(value).map(WireFormat) {
        Ok(WireFormat::PUBLIC_MESSAGE) => "mls_public_message",
        Ok(WireFormat::PRIVATE_MESSAGE) => "mls_private_message",
        Ok(WireFormat::WELCOME) => "mls_welcome",
        Ok(WireFormat::GROUP_INFO) => "mls_group_info",
        Ok(WireFormat::KEY_PACKAGE) => "mls_key_package",
        Ok(WireFormat::SEMI_PRIVATE_MESSAGE) => "mls_semiprivate_message",
        _ => "",
    }
}

/// Content types (RFC 9420 section 6).
pub(super) fn content_type(value: u64) -> &'static str {
    match value {
        1 => "application",
        2 => "proposal",
        3 => "commit",
        _ => "",
    }
}

/// Components (mls-extensions draft section 7, draft-ietf-mimi-protocol-06 section 10, draft-ietf-mimi-room-policy-03).
pub(super) fn component(value: u64) -> &'static str {
    match u16::try_from(value).map(ComponentId) {
        Ok(ComponentId::APP_COMPONENTS) => "app_components",
        Ok(ComponentId::SAFE_AAD) => "safe_aad",
        Ok(ComponentId::CONTENT_MEDIA_TYPES) => "content_media_types",
        Ok(ComponentId::LAST_RESORT_KEY_PACKAGE) => "last_resort_key_package",
        Ok(ComponentId::APP_ACK) => "app_ack",
        Ok(ComponentId::EXTERNAL_RECEIVERS) => "external_receivers",
        Ok(ComponentId::FRANK_AAD) => "frank_aad",
        Ok(ComponentId::FRANKING_AGENT) => "franking_agent",
        Ok(ComponentId::PARTICIPANT_LIST) => "participant_list",
        Ok(ComponentId::ROOM_METADATA) => "room_metadata",
        Ok(ComponentId::MLS_OPERATIONAL_POLICY) => "mls_operational_policy",
        Ok(ComponentId::ROLES_LIST) => "roles_list",
        Ok(ComponentId::PREAUTH_LIST) => "preauth_list",
        Ok(ComponentId::BASE_ROOM_POLICY) => "base_room_policy",
        Ok(ComponentId::STATUS_NOTIFICATION_POLICY) => "status_notification_policy",
        Ok(ComponentId::JOIN_LINK_POLICY) => "join_link_policy",
        Ok(ComponentId::JOIN_LINKS) => "join_links",
        Ok(ComponentId::LINK_PREVIEW_POLICY) => "link_preview_policy",
        Ok(ComponentId::ASSET_POLICY) => "asset_policy",
        Ok(ComponentId::LOGGING_POLICY) => "logging_policy",
        Ok(ComponentId::CHAT_HISTORY_POLICY) => "chat_history_policy",
        Ok(ComponentId::BOT_POLICY) => "bot_policy",
        Ok(ComponentId::MESSAGE_EXPIRATION_POLICY) => "message_expiration_policy",
        _ => "",
    }
}

/// No registry.
pub(super) fn nameless(_: u64) -> &'static str {
    ""
}
