//! The meaning of decoded values as JSON, the way `decoded` in the vectors gives it.

use mimi_protocol::key_material::{ClientKeyMaterial, KeyMaterialRequestIn, KeyMaterialResponse};
use mimi_protocol::mls::{
    Capabilities, ContentType, Credential, GroupInfo, KeyPackage, MlsMessage, MlsMessageView, ProposalOrRef,
    ProposalView, PublicContent, RatchetTree, RequiredCapabilities, Sender, WelcomeView,
};
use mimi_protocol::notify::{FanoutEvent, FanoutMessage};
use mimi_protocol::participant_list::{ParticipantListData, ParticipantListUpdate, UserRolePair};
use mimi_protocol::submit_message::{Frank, SubmitMessageRequest, SubmitMessageResponse};
use mimi_protocol::update::{
    GroupInfoOption, HandshakeBundle, RatchetTreeOption, RatchetTreePresence, UpdateRequest, UpdateRoomResponse,
};
use mimi_protocol::{CipherSuite, Wire};
use serde_json::{Value, json};

pub(crate) fn text_of(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).unwrap()
}

/// A value of one octet by its name in the draft: `KeyMaterialExhausted` is `keyMaterialExhausted`.
pub(crate) fn camel(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

pub(crate) fn credential(credential: &Credential) -> Value {
    json!({"basic": text_of(credential.as_basic().unwrap())})
}

fn capabilities(capabilities: &Capabilities) -> Value {
    json!({
        "versions": capabilities.versions, "cipherSuites": capabilities.cipher_suites, "extensions": capabilities.extensions,
        "proposals": capabilities.proposals, "credentials": capabilities.credentials,
    })
}

fn required(required: &RequiredCapabilities) -> Value {
    json!({
        "extensionTypes": required.extension_types, "proposalTypes": required.proposal_types,
        "credentialTypes": required.credential_types,
    })
}

pub(crate) fn key_package(package: &KeyPackage) -> Value {
    json!({
        "cipherSuite": package.cipher_suite().0,
        "identity": text_of(package.credential().as_basic().unwrap()),
        "signatureKey": hex::encode(package.signature_key()),
        "notBefore": package.not_before(),
        "notAfter": package.not_after(),
        "reference": hex::encode(package.reference().unwrap().as_bytes()),
    })
}

pub(crate) fn key_material_request(request: &KeyMaterialRequestIn) -> Value {
    let tbs = request.unverified_tbs();
    let suites: Vec<u16> = tbs.acceptable_ciphersuites.iter().map(|suite| suite.0).collect();
    let octets = request.to_bytes().unwrap();
    let signature = &octets[octets.len() - 64..];
    json!({
        "protocol": "mls10",
        "requestingUser": tbs.requesting_user.as_str(),
        "targetUser": tbs.target_user.as_str(),
        "roomId": tbs.room_id.as_str(),
        "acceptableCiphersuites": suites,
        "requiredCapabilities": required(&tbs.required_capabilities),
        "requesterSignatureKey": hex::encode(&tbs.requester_signature_key),
        "requesterCredential": credential(&tbs.requester_credential),
        "key_material_request_signature": hex::encode(signature),
    })
}

pub(crate) fn key_material_response(response: &KeyMaterialResponse) -> Value {
    let clients: Vec<Value> = response.clients.iter().map(client).collect();
    json!({
        "protocol": "mls10", "userStatus": camel(&format!("{:?}", response.user_status)),
        "userUri": response.user_uri.as_str(), "clients": clients,
    })
}

fn client(client: &ClientKeyMaterial) -> Value {
    let mut value = json!({
        "clientStatus": camel(&format!("{:?}", client.client_status())), "clientUri": client.client_uri().as_str(),
    });
    match client {
        ClientKeyMaterial::Success { key_package: package, .. } => value["keyPackage"] = key_package(package),
        ClientKeyMaterial::KeyMaterialExhausted { .. } => {}
        ClientKeyMaterial::NothingCompatible { client_capabilities, .. } => {
            value["clientCapabilities"] = client_capabilities.as_ref().map_or(Value::Null, capabilities);
        }
    }
    value
}

fn proposal_name(proposal: &ProposalView) -> &'static str {
    match proposal {
        ProposalView::Add(_) => "add",
        ProposalView::Remove(_) => "remove",
        ProposalView::ExternalInit { .. } => "externalInit",
        ProposalView::AppDataUpdate(_) => "appDataUpdate",
        ProposalView::SelfRemove => "selfRemove",
        _ => "other",
    }
}

fn sender(sender: Sender) -> String {
    match sender {
        Sender::Member(leaf) => format!("member {leaf}"),
        Sender::External(index) => format!("external {index}"),
        Sender::NewMemberProposal | Sender::NewMemberCommit => "new member".to_owned(),
    }
}

pub(crate) fn message(message: &MlsMessage) -> Value {
    match message.view() {
        MlsMessageView::PublicMessage(public) => {
            let mut value = json!({
                "wireFormat": "mls_public_message", "groupId": text_of(&public.group_id), "epoch": public.epoch.0,
                "sender": sender(public.sender), "contentType": camel(&format!("{:?}", public.content.content_type())),
            });
            match &public.content {
                PublicContent::Proposal(proposal) => {
                    let reference = public.proposal_reference(CipherSuite(1)).unwrap();
                    value["proposal"] = proposal_name(proposal).into();
                    value["reference"] = hex::encode(reference.as_bytes()).into();
                }
                PublicContent::Commit(commit) => {
                    let names = commit.proposals.iter().map(|item| match item {
                        ProposalOrRef::Proposal(proposal) => proposal_name(proposal),
                        ProposalOrRef::Reference(_) => "reference",
                    });
                    value["proposals"] = names.collect();
                    value["path"] = commit.path.is_some().into();
                }
                PublicContent::Application(_) => {}
            }
            value
        }
        MlsMessageView::PrivateMessage(private) => {
            assert_eq!(private.content_type, ContentType::Application);
            json!({
                "wireFormat": "mls_private_message", "groupId": text_of(&private.group_id), "epoch": private.epoch.0,
                "contentType": "application",
            })
        }
        MlsMessageView::Welcome(view) => {
            let mut value = welcome(view);
            value["wireFormat"] = "mls_welcome".into();
            value
        }
        other => panic!("no vector has {other:?}"),
    }
}

fn welcome(view: &WelcomeView) -> Value {
    let references: Vec<String> = view.new_members.iter().map(|reference| hex::encode(reference.as_bytes())).collect();
    json!({"cipherSuite": view.cipher_suite.0, "newMembers": references})
}

pub(crate) fn group_info(info: &GroupInfo) -> Value {
    let extensions: Vec<u16> = info.extensions().iter().map(|extension| extension.extension_type.0).collect();
    json!({"groupId": text_of(info.group_id()), "epoch": info.epoch().0, "signer": info.signer(), "extensions": extensions})
}

fn group_info_option(option: &GroupInfoOption) -> Value {
    match option {
        GroupInfoOption::Full(info) => json!({"representation": "full", "groupInfo": group_info(info)}),
        GroupInfoOption::Partial(partial) => {
            let extensions: Vec<u16> =
                partial.group_info_extensions.iter().map(|extension| extension.extension_type.0).collect();
            let presence = match partial.ratchet_tree_presence {
                RatchetTreePresence::NoRatchetTree => "no_ratchet_tree",
                RatchetTreePresence::Present => "present",
                RatchetTreePresence::Removed => "removed",
                RatchetTreePresence::Added => "added",
            };
            json!({
                "representation": "partial", "ratchet_tree_presence": presence, "extensions": extensions,
                "signature": hex::encode(&partial.signature),
            })
        }
    }
}

fn tree_size(tree: &RatchetTree) -> (usize, usize) {
    (tree.view().nodes, tree.view().members)
}

pub(crate) fn tree_option(option: &RatchetTreeOption) -> Value {
    match option {
        RatchetTreeOption::Full(tree) => {
            let (nodes, members) = tree_size(tree);
            json!({"representation": "full", "nodes": nodes, "members": members})
        }
        RatchetTreeOption::HttpsUri { url, tree_signature } => {
            json!({"representation": "httpsUri", "ratchet_tree_url": url, "tree_signature": hex::encode(tree_signature)})
        }
        RatchetTreeOption::OutOfBand { tree_signature } => {
            json!({"representation": "outOfBand", "tree_signature": hex::encode(tree_signature)})
        }
        RatchetTreeOption::DistributionService => json!({"representation": "distributionService"}),
    }
}

pub(crate) fn update_request(request: &UpdateRequest) -> Value {
    match &request.0 {
        HandshakeBundle::Commit { commit, welcome: joiners, group_info, ratchet_tree } => json!({
            "commit": message(commit),
            "welcome": joiners.as_ref().map_or(Value::Null, |joiners| welcome(joiners.view())),
            "groupInfoOption": group_info_option(group_info),
            "ratchetTreeOption": tree_option(ratchet_tree),
        }),
        bundle @ HandshakeBundle::Proposals { .. } => {
            let proposals: Vec<Value> = bundle.proposals().map(message).collect();
            json!({ "proposals": proposals })
        }
    }
}

pub(crate) fn update_response(response: &UpdateRoomResponse) -> Value {
    let mut value = json!({"errorDescription": response.error_description()});
    let code = match response {
        UpdateRoomResponse::Success { accepted_timestamp, .. } => {
            value["accepted_timestamp"] = accepted_timestamp.0.into();
            "success"
        }
        UpdateRoomResponse::WrongEpoch { current_epoch, .. } => {
            value["currentEpoch"] = current_epoch.0.into();
            "wrongEpoch"
        }
        UpdateRoomResponse::NotAllowed { .. } => "notAllowed",
        UpdateRoomResponse::InvalidProposal { invalid_proposals, .. } => {
            value["invalidProposals"] =
                invalid_proposals.iter().map(|reference| hex::encode(reference.as_bytes())).collect();
            "invalidProposal"
        }
    };
    value["responseCode"] = code.into();
    value
}

pub(crate) fn frank(frank: &Option<Frank>) -> Value {
    frank.as_ref().map_or(Value::Null, |frank| {
        json!({
            "server_frank": hex::encode(frank.server_frank),
            "franking_signature_ciphersuite": frank.franking_signature_ciphersuite.0,
            "franking_integrity_signature": hex::encode(&frank.franking_integrity_signature),
        })
    })
}

pub(crate) fn submit_request(request: &SubmitMessageRequest) -> Value {
    json!({"protocol": "mls10", "appMessage": message(&request.app_message), "sendingUri": request.sending_uri.as_str()})
}

pub(crate) fn submit_response(response: &SubmitMessageResponse) -> Value {
    match response {
        SubmitMessageResponse::Accepted { accepted_timestamp, frank: stamp } => json!({
            "protocol": "mls10", "statusCode": "accepted", "accepted_timestamp": accepted_timestamp.0, "frank": frank(stamp),
        }),
        SubmitMessageResponse::NotAllowed => json!({"protocol": "mls10", "statusCode": "notAllowed"}),
        SubmitMessageResponse::EpochTooOld { current_epoch } => {
            json!({"protocol": "mls10", "statusCode": "epochTooOld", "currentEpoch": current_epoch.0})
        }
    }
}

pub(crate) fn fanout(fanout: &FanoutMessage) -> Value {
    let mut value = json!({"timestamp": fanout.timestamp.0, "message": message(fanout.event.message())});
    match &fanout.event {
        FanoutEvent::Application { frank: stamp, .. } => value["frank"] = frank(stamp),
        FanoutEvent::Welcome { ratchet_tree, .. } => value["ratchetTreeOption"] = tree_option(ratchet_tree),
        FanoutEvent::Proposals { more, .. } => value["moreProposals"] = more.iter().map(message).collect(),
        FanoutEvent::Commit { external_proposals, .. } => {
            value["externalProposals"] = external_proposals.iter().map(message).collect();
        }
    }
    value
}

pub(crate) fn participants(list: &[UserRolePair]) -> Value {
    list.iter().map(|entry| json!({"user": entry.user().as_str(), "role_index": entry.role_index().0})).collect()
}

pub(crate) fn participant_list(list: &ParticipantListData) -> Value {
    json!({"participants": participants(list.participants())})
}

pub(crate) fn participant_update(update: &ParticipantListUpdate) -> Value {
    let changed: Value = update
        .changed_role_participants
        .iter()
        .map(|change| json!({"user_index": change.user_index, "role_index": change.role_index.0}))
        .collect();
    json!({
        "changedRoleParticipants": changed, "removedIndices": update.removed_indices,
        "addedParticipants": participants(&update.added_participants),
    })
}
