//! `keyMaterial` (draft-ietf-mimi-protocol-06 section 5.2).

use mimi_protocol::key_material::{
    ClientKeyMaterial, KeyMaterialRequestIn, KeyMaterialRequestTbs, KeyMaterialResponse,
};

use super::super::identity::identifier;
use super::super::mls::{capabilities, credential, key_package, required_capabilities};
use super::super::{names, tree::Tree};
use super::mls10;

pub(super) fn request(request: &KeyMaterialRequestIn) -> Tree {
    let signature = Tree::octets(request.unverified_signature());
    request_tbs(request.unverified_tbs()).and([("key_material_request_signature", signature)])
}

pub(super) fn request_tbs(tbs: &KeyMaterialRequestTbs) -> Tree {
    let suites = tbs.acceptable_ciphersuites.iter().map(|suite| suite.0.into()).collect();
    Tree::fields([
        ("protocol", mls10()),
        ("requestingUser", identifier(&tbs.requesting_user)),
        ("targetUser", identifier(&tbs.target_user)),
        ("roomId", identifier(&tbs.room_id)),
        ("acceptableCiphersuites", Tree::Numbers { values: suites, name: names::cipher_suite }),
        ("requiredCapabilities", required_capabilities(&tbs.required_capabilities)),
        ("requesterSignatureKey", Tree::octets(tbs.requester_signature_key.as_slice())),
        ("requesterCredential", credential(&tbs.requester_credential)),
    ])
}

pub(super) fn response(response: &KeyMaterialResponse) -> Tree {
    Tree::fields([
        ("protocol", mls10()),
        ("userStatus", Tree::word(&response.user_status)),
        ("userUri", identifier(&response.user_uri)),
        ("clients", Tree::list(&response.clients, client)),
    ])
}

pub(super) fn client(client: &ClientKeyMaterial) -> Tree {
    let tree = Tree::fields([
        ("clientStatus", Tree::word(&client.client_status())),
        ("clientUri", identifier(client.client_uri())),
    ]);
    match client {
        ClientKeyMaterial::Success { key_package: package, .. } => tree.and([("keyPackage", key_package(package))]),
        ClientKeyMaterial::KeyMaterialExhausted { .. } => tree,
        ClientKeyMaterial::NothingCompatible { client_capabilities, .. } => {
            tree.and([("clientCapabilities", Tree::optional(client_capabilities.as_ref(), capabilities))])
        }
    }
}
