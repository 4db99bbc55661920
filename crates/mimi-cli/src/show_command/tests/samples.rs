//! Values of every type, taken out of the vectors; of the few that no vector has, made.

use mimi_arch::mls::CredentialType;
use mimi_arch::{RoleIndex, Uri};
use mimi_protocol::codec::put_list;
use mimi_protocol::group_info::{GroupInfoRatchetTreeTbe, GroupInfoRequestIn, GroupInfoResponse, GroupInfoResponseIn};
use mimi_protocol::key_material::{KeyMaterialRequestIn, KeyMaterialResponse};
use mimi_protocol::minimal_metadata::profile::SealedRing;
use mimi_protocol::minimal_metadata::{IdentityLinkTbe, PseudonymousCredential};
use mimi_protocol::mls::{
    AppEphemeral, ComponentId, ContentType, Credential, ExtensionType, HpkeCiphertext, MlsMessage, MlsMessageView,
    PreSharedKeyId, ProposalOrRef, ProposalView,
};
use mimi_protocol::room_metadata::RoomMetaData;
use mimi_protocol::safe_aad::SafeAad;
use mimi_protocol::semi_private_message::{
    ExternalReceiver, ExternalReceivers, KeyForExternalReceiver, PerMessageKeyAndNonces, SemiPrivateMessage,
};
use mimi_protocol::submit_message::{SubmitMessageRequest, SubmitMessageResponse};
use mimi_protocol::update::{GroupInfoOption, HandshakeBundle, RatchetTreeOption, UpdateRequest};
use mimi_protocol::{CipherSuite, Epoch, IdentifierUri, Wire};
use mimi_protocol::{
    application_framing::MediaTypeList, consent::ConsentEntry, franking::FrankingAgentData,
    franking::FrankingIntegrityTbs, identifier_query::IdentifierRequest, identifier_query::IdentifierResponse,
    report_abuse::AbuseReport,
};
use mimi_room_policy::asset::{DownloadPrivacy, DownloadPrivacyType, ProviderAssetUploadDomains};
use mimi_room_policy::bot::{Bot, BotPolicy};
use mimi_room_policy::join_code::{CodeLink, JoiningCode, LinkTerms};
use mimi_room_policy::join_link::{JoinLink, JoinLinks, JoinLinksUpdate};
use mimi_room_policy::operational::{AppMessagePolicy, ExtendedCapabilities, MinDefaultMaxTime, PendingProposalPolicy};
use mimi_room_policy::preauth::{Claim, ClaimId, PreAuthRoleEntry, PreauthList};
use mimi_room_policy::ready_made::{moderated_group, open_community};
use mimi_room_policy::roles::SingleSourceRoleChangeTargets;
use spec_vectors::VectorFile;

/// A type's name and the octets of a value.
pub(super) type Sample = (&'static str, Vec<u8>);

/// The value of a test of a file.
pub(super) fn value<T: Wire>(path: &str, test: u32) -> T {
    let (_, text) = spec_vectors::files().find(|(file, _)| *file == path).unwrap_or_else(|| panic!("{path}"));
    let file = VectorFile::parse(text).unwrap();
    let (_, test) = file.tests().find(|(_, case)| case.tc_id == test).unwrap();
    T::from_bytes(&test.octets("encoded").unwrap()).unwrap()
}

pub(super) fn of<T: Wire>(name: &'static str, value: &T) -> Sample {
    (name, value.to_bytes().unwrap())
}

/// Types that no vector file is about.
pub(super) fn parts() -> Vec<Sample> {
    let mut samples = key_material();
    samples.extend(handshake());
    samples.extend(group_info());
    samples.extend(users());
    samples.extend(rooms());
    samples.extend(text());
    samples.extend(policy());
    samples.extend(semi_private());
    samples.extend(minimal_metadata());
    samples.extend(super::discovery::parts());
    samples
}

fn key_material() -> Vec<Sample> {
    let request: KeyMaterialRequestIn = value("mimi-protocol/draft-06/key-material-request.json", 1);
    let response: KeyMaterialResponse = value("mimi-protocol/draft-06/key-material-response.json", 3);
    let package = response.clients[0].key_package().unwrap();
    let tbs = request.unverified_tbs();
    vec![
        of("KeyMaterialRequestTBS", tbs),
        of("RequiredCapabilities", &tbs.required_capabilities),
        of("IdentifierUri", &tbs.room_id),
        of("ClientKeyMaterial", &response.clients[2]),
        of("KeyPackage", package),
        of("LeafNode", &package.view().leaf_node),
        of("Capabilities", package.capabilities()),
        of("Credential", package.credential()),
    ]
}

fn handshake() -> Vec<Sample> {
    let UpdateRequest(bundle) = value("mimi-protocol/draft-06/update-request.json", 1);
    let HandshakeBundle::Commit { commit, welcome, group_info, ratchet_tree } = &bundle else { panic!("a commit") };
    let UpdateRequest(partial) = value("mimi-protocol/draft-06/update-request.json", 9);
    let HandshakeBundle::Commit { group_info: partial, .. } = &partial else { panic!("a commit") };
    let (GroupInfoOption::Full(full), GroupInfoOption::Partial(partial)) = (group_info, partial) else { panic!() };
    let RatchetTreeOption::Full(tree) = ratchet_tree else { panic!("a whole tree") };
    let commit_view = commit.as_commit().unwrap();
    let proposals = &commit_view.proposals;
    let update = proposals.iter().find_map(|item| match item {
        ProposalOrRef::Proposal(ProposalView::AppDataUpdate(update)) => Some(update),
        _ => None,
    });
    let path = commit_view.path.as_ref().unwrap();
    let secret = path.nodes.iter().flat_map(|node| &node.encrypted_path_secret).next().unwrap();
    let context = full.group_context();
    let extension = |wanted| context.extensions.find(wanted).unwrap().to_vec();
    let private: SubmitMessageRequest = value("mimi-protocol/draft-06/submit-message-request.json", 1);
    let MlsMessageView::PublicMessage(public) = commit.view() else { panic!("a public message") };
    let ephemeral = AppEphemeral { component_id: ComponentId::APP_ACK, data: vec![1, 2, 0xff] };
    let (psk_id, psk_nonce) = (vec![7; 4], vec![9; 32]);
    let psk = PreSharedKeyId::Application { component_id: ComponentId(0x8000), psk_id, psk_nonce };
    let mut components = Vec::new();
    put_list(&mut components, &[0x0020_u16, 0x0022, 0xf000]).unwrap();
    vec![
        of("MLSMessage", commit),
        of("MLSMessage", &MlsMessage::from(welcome.clone().unwrap())),
        of("PublicMessage", &**public),
        of("PrivateMessage", private.app_message.as_private().unwrap()),
        of("Welcome", welcome.as_ref().unwrap()),
        of("GroupInfo", &**full),
        of("GroupInfoOption", group_info),
        of("PartialGroupInfo", partial),
        of("RatchetTreeOption", ratchet_tree),
        of("ratchet_tree", tree),
        of("GroupContext", context),
        of("Extensions", &context.extensions),
        of("Commit", commit_view),
        of("ProposalOrRef", &proposals[0]),
        of("Proposal", &ProposalView::AppDataUpdate(update.unwrap().clone())),
        of("AppDataUpdate", update.unwrap()),
        of("UpdatePath", &**path),
        of("HPKECiphertext", secret),
        of("AppEphemeral", &ephemeral),
        of("PreSharedKeyID", &psk),
        ("external_senders", extension(ExtensionType::EXTERNAL_SENDERS)),
        ("AppDataDictionary", extension(ExtensionType::APP_DATA_DICTIONARY)),
        ("ComponentsList", components),
    ]
}

fn group_info() -> Vec<Sample> {
    let request: GroupInfoRequestIn = value("mimi-protocol/draft-06/group-info-request.json", 1);
    let response: GroupInfoResponseIn = value("mimi-protocol/draft-06/group-info-response.json", 1);
    let content: GroupInfoRatchetTreeTbe = value("mimi-protocol/draft-06/group-info-content.json", 3);
    let GroupInfoResponse::Success { tbs, .. } = response.unverified() else { panic!("a success") };
    vec![
        of("GroupInfoRequestTBS", request.unverified_tbs()),
        of("GroupInfoResponseTBS", &**tbs),
        of("PendingProposal", &content.pending_proposals[0]),
        of("ExternalSender", &tbs.hub_sender),
    ]
}

fn users() -> Vec<Sample> {
    let entry: ConsentEntry = value("mimi-protocol/draft-06/consent-entry.json", 6);
    let request: IdentifierRequest = value("mimi-protocol/draft-06/identifier-request.json", 7);
    let response: IdentifierResponse = value("mimi-protocol/draft-06/identifier-response.json", 1);
    let report: AbuseReport = value("mimi-protocol/draft-06/abuse-report.json", 3);
    vec![
        of("ConsentScope", &entry.scope),
        of("QueryElement", &request.query_elements[0]),
        of("UserProfile", &response.found_profiles[0]),
        of("ProfileField", &response.found_profiles[0].fields[0]),
        of("AbusiveMessage", &report.messages[0]),
    ]
}

fn rooms() -> Vec<Sample> {
    let answer: SubmitMessageResponse = value("mimi-protocol/draft-06/submit-message-response.json", 2);
    let SubmitMessageResponse::Accepted { frank: Some(frank), .. } = &answer else { panic!("a frank") };
    let agent: FrankingAgentData = value("mimi-protocol/draft-06/franking-agent.json", 1);
    let tbs: FrankingIntegrityTbs = value("mimi-protocol/draft-06/franking-integrity-tbs.json", 1);
    let aad: SafeAad = value("mimi-protocol/draft-06/safe-aad.json", 2);
    let metadata: RoomMetaData = value("mimi-protocol/draft-06/room-metadata.json", 1);
    let types: MediaTypeList = value("mimi-protocol/extensions-09/media-type-list.json", 2);
    vec![
        of("Frank", frank),
        of("FrankingAgentUpdate", &agent),
        of("ServerFrankingContext", &tbs.context),
        of("SafeAADItem", &aad.items()[0]),
        of("Uri", &metadata.room_uri),
        of("UTF8String", &metadata.room_name),
        of("RichDescription", &metadata.room_descriptions[1]),
        of("MediaType", &types.as_slice()[1]),
    ]
}

fn text() -> Vec<Sample> {
    let (_, text) = spec_vectors::files().find(|(path, _)| path.ends_with("/directory.json")).unwrap();
    let file = VectorFile::parse(text).unwrap();
    let document = file.tests().next().and_then(|(_, test)| test.text("document")).unwrap();
    let uris = [
        "mimi://a.example",
        "mimi://a.example/u/alice",
        "mimi://a.example/d/alice/ClientA1",
        "MIMI://A.Example/r/club%20house\n",
        "mimi://a.example/g/clubhouse",
    ];
    let mut samples: Vec<Sample> = uris.into_iter().map(|uri| ("MimiUri", uri.into())).collect();
    samples.extend([
        ("directory", document.into()),
        ("Domain", b"A.example".to_vec()),
        ("HttpsUri", b"https://a.example/x".to_vec()),
        ("MediaTypeName", b"text/markdown;variant=GFM-MIMI".to_vec()),
    ]);
    samples
}

/// Components of ready-made policies; those that no policy has, and parts, made.
fn policy() -> Vec<Sample> {
    let domains = ["a.example".parse().unwrap(), "b.example".parse().unwrap()];
    let policy = open_community(&domains);
    let role = policy.roles.as_ref().unwrap().roles().last().unwrap().clone();
    let mut samples: Vec<Sample> = Vec::new();
    for (id, data) in policy.components().unwrap().into_iter().chain(moderated_group(&domains).components().unwrap()) {
        let name = match id {
            ComponentId::ROLES_LIST => "RoleData",
            ComponentId::BASE_ROOM_POLICY => "BaseRoomPolicy",
            ComponentId::STATUS_NOTIFICATION_POLICY => "StatusNotificationPolicy",
            ComponentId::JOIN_LINK_POLICY => "JoinLinkPolicy",
            ComponentId::LINK_PREVIEW_POLICY => "LinkPreviewPolicy",
            ComponentId::ASSET_POLICY => "AssetPolicy",
            ComponentId::LOGGING_POLICY => "LoggingPolicy",
            ComponentId::CHAT_HISTORY_POLICY => "HistoryPolicy",
            ComponentId::MESSAGE_EXPIRATION_POLICY => "MessageExpiration",
            ComponentId::MLS_OPERATIONAL_POLICY => "OperationalParameters",
            _ => continue,
        };
        if !samples.contains(&(name, data.clone())) {
            samples.push((name, data));
        }
    }
    let claim_id = ClaimId { credential_type: CredentialType::BASIC, id: b"https://a.example/claims/team".to_vec() };
    let entry = PreAuthRoleEntry {
        claimset: vec![Claim { claim_id, claim_value: b"moderators".to_vec() }],
        target_role: role.clone(),
    };
    let bot = Bot {
        name: "helper".to_owned(),
        description: "answers questions".to_owned(),
        homepage: Some(Uri::new("https://a.example/helper").unwrap()),
        local_client_bot: false,
        bot_role_index: RoleIndex(2),
        can_target_message_in_group: true,
        per_user_content: false,
    };
    let links = vec![JoinLink::new(*b"one").unwrap(), JoinLink::new([0xff, 1]).unwrap()];
    let terms = LinkTerms { role: RoleIndex(2), multiuser: true, not_after: 1_800_000_000 };
    let privacy = DownloadPrivacy {
        allowed_download_types: vec![DownloadPrivacyType::Direct, DownloadPrivacyType::HubProxy],
        forbidden_download_types: vec![DownloadPrivacyType::Ohttp],
        default_download_type: DownloadPrivacyType::HubProxy,
    };
    let [provider, destination] = domains.clone();
    let uploads = ProviderAssetUploadDomains { provider, asset_upload_destinations: vec![destination] };
    let delay = PendingProposalPolicy::RandomDelay { minimum_delay_ms: 100, maximum_delay_ms: 5000 };
    let messages = AppMessagePolicy { epoch_tolerance: 1, pad_to_size: 256, max_generations_skipahead: 1000 };
    let change = SingleSourceRoleChangeTargets {
        from_role_index: RoleIndex(2),
        target_role_indexes: vec![RoleIndex(1), RoleIndex(3)],
    };
    let capabilities = ExtendedCapabilities { component_ids: vec![ComponentId(0x22)], ..Default::default() };
    samples.extend([
        of("Role", &role),
        of("SingleSourceRoleChangeTargets", &change),
        of("PreAuthRoleEntry", &entry),
        of("PreAuthData", &PreauthList { preauthorized_entries: vec![entry] }),
        of("Bot", &bot),
        of("BotPolicy", &BotPolicy { allowed_bots: vec![bot] }),
        of("JoinLinksUpdate", &JoinLinksUpdate { removed_indices: vec![3, 4], added_links: links.clone() }),
        of("JoinLinksData", &JoinLinks { links }),
        of("CodeLink", &CodeLink::new(&JoiningCode::from_random([7; 16]), terms)),
        of("DownloadPrivacy", &privacy),
        of("ProviderAssetUploadDomains", &uploads),
        of("PendingProposalPolicy", &delay),
        of("AppMessagePolicy", &messages),
        of("MinDefaultMaxTime", &MinDefaultMaxTime::new(1, 60, 3600).unwrap()),
        of("ExtendedCapabilities", &capabilities),
    ]);
    samples
}

fn semi_private() -> Vec<Sample> {
    let receiver = ExternalReceiver {
        external_receiver_public_key: vec![5; 32],
        credential: Credential::basic(*b"mimi://a.example"),
    };
    let encrypted_keys_and_nonces = HpkeCiphertext { kem_output: vec![6; 32], ciphertext: vec![7; 48] };
    let external_receiver_ref = receiver.reference(CipherSuite(1)).unwrap();
    let key = KeyForExternalReceiver { external_receiver_ref, encrypted_keys_and_nonces };
    let message = SemiPrivateMessage {
        group_id: b"mimi://a.example/g/clubhouse".to_vec(),
        epoch: Epoch(7),
        content_type: ContentType::Commit,
        authenticated_data: Vec::new(),
        partial_context_hash: vec![8; 32],
        keys_for_external_receivers: vec![key.clone()],
        framed_content_tbs_hash: vec![9; 32],
        encrypted_sender_data: vec![10; 28],
        ciphertext: vec![11; 200],
    };
    let keys =
        PerMessageKeyAndNonces { key: vec![1; 16], nonce: vec![2; 12], reuse_guard: [3; 4], sender_leaf_index: 1 };
    vec![
        of("SemiPrivateMessageContext", &message.receiver_context()),
        of("KeyForExternalReceiver", &key),
        of("PerMessageKeyAndNonces", &keys),
        of("ExternalReceiver", &receiver),
        of("ExternalReceivers", &ExternalReceivers::new(vec![receiver]).unwrap()),
        of("SemiPrivateMessage", &message),
        of("MLSMessage", &MlsMessage::semi_private(message).unwrap()),
    ]
}

fn minimal_metadata() -> Vec<Sample> {
    let credential = PseudonymousCredential {
        client_pseudonym: IdentifierUri::new("mimi://a.example/d/p7/x"),
        user_pseudonym: IdentifierUri::new("mimi://a.example/u/p7"),
        signature_public_key: vec![1; 32],
        identity_link_ciphertext: vec![2; 80],
    };
    let link = IdentityLinkTbe {
        pseudonymous_credential_signature: vec![3; 64],
        client_credential: Credential::basic(*b"mimi://a.example/d/alice/ClientA1"),
    };
    let ring = SealedRing {
        group_id: b"mimi://a.example/g/clubhouse".to_vec(),
        epoch: Epoch(7),
        nonce: vec![4; 12],
        ciphertext: vec![5; 80],
    };
    vec![
        of("PseudonymousCredential", &credential),
        of("PseudonymousCredentialTBS", &credential.tbs()),
        of("IdentityLinkTBE", &link),
        of("SealedRing", &ring),
        of("Credential", &Credential::pseudonymous(credential)),
    ]
}
