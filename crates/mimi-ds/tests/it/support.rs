//! A small MLS client and a room at its hub.

use std::{collections::BTreeMap, sync::LazyLock};

use mimi_arch::{ClientUri, Domain, RoleIndex, RoomUri, UserUri};
use mimi_ds::{
    Effect, OpenMlsRoomGroup,
    hub::{Accepted, HubFranking, HubIdentity, HubRoom, Routes, UpdateRefusal},
};
use mimi_protocol::component::Component as _;
use mimi_protocol::{
    AcceptedTimestamp, CipherSuite, Wire,
    crypto::{Ed25519Signer, LabelSigner},
    franking::{FRANK_AAD, FRANKING_AGENT, FrankingAgentData, FrankingTag, HubKey},
    group_info::GroupInfoRatchetTreeTbe,
    mls::{
        AppDataOperation, ComponentId, Credential, ExternalSender as WireExternalSender, ExternalSenders, GroupInfo,
        KeyPackage as WireKeyPackage, MlsMessage, RatchetTree, Welcome as WireWelcome,
        external_proposal::verify_external_proposal,
    },
    notify::{FanoutEvent, FanoutMessage},
    participant_list::{PARTICIPANT_LIST, ParticipantListData, ParticipantListUpdate, UserRolePair},
    ratchet_tree::RatchetTreeOption,
    update::{GroupInfoOption, HandshakeBundle, PartialGroupInfo, RatchetTreePresence, UpdateRequest},
};
use mimi_room_policy::{
    join_link::{JoinLinks, JoinLinksUpdate},
    policy::RoomPolicy,
    ready_made,
};
use openmls::{
    component::ComponentData,
    group::GroupContext,
    messages::group_info::VerifiableGroupInfo,
    prelude::{
        tls_codec::{DeserializeBytes as _, Serialize as _},
        *,
    },
};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;

pub(crate) const CS: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;
pub(crate) const SUITE: CipherSuite = CipherSuite::X25519_AES128GCM_SHA256_ED25519;
pub(crate) const NOW: AcceptedTimestamp = AcceptedTimestamp(1_700_000_000_000);

pub(crate) type Room = HubRoom<OpenMlsRoomGroup>;

pub(crate) fn domain(name: &str) -> Domain {
    name.parse().unwrap()
}

pub(crate) fn user(text: &str) -> UserUri {
    text.parse().unwrap()
}

pub(crate) fn room_uri() -> RoomUri {
    "mimi://a.example/r/clubhouse".parse().unwrap()
}

pub(crate) fn hub_identity() -> HubIdentity {
    let signer = Ed25519Signer::from_seed([9; 32]);
    HubIdentity {
        domain: domain("a.example"),
        external_sender: WireExternalSender {
            signature_key: signer.public_key().to_vec(),
            credential: Credential::basic(*b"mimi://a.example"),
        },
    }
}

pub(crate) static SIGNER: LazyLock<Ed25519Signer> = LazyLock::new(|| Ed25519Signer::from_seed([9; 32]));
pub(crate) static HUB_KEY: HubKey = HubKey::new([0x4b; 32]);

pub(crate) fn franking() -> HubFranking<'static> {
    HubFranking { hub_key: &HUB_KEY, signer: &*SIGNER }
}

pub(crate) fn agent() -> FrankingAgentData {
    let WireExternalSender { signature_key, credential } = hub_identity().external_sender;
    FrankingAgentData { franking_signature_key: signature_key, credential }
}

pub(crate) struct Client {
    pub(crate) uri: ClientUri,
    pub(crate) provider: OpenMlsRustCrypto,
    pub(crate) signer: SignatureKeyPair,
    pub(crate) credential: CredentialWithKey,
    pub(crate) group: Option<MlsGroup>,
}

/// What a commit is made of.
#[derive(Default)]
pub(crate) struct Commit {
    pub(crate) adds: Vec<WireKeyPackage>,
    pub(crate) removes: Vec<u32>,
    pub(crate) list: Vec<ParticipantListUpdate>,
    pub(crate) proposals: Vec<Proposal>,
    /// The external senders after it.
    pub(crate) senders: Option<Vec<WireExternalSender>>,
    /// The context extensions after it.
    pub(crate) context: Option<Extensions<GroupContext>>,
    pub(crate) without_pending: bool,
    pub(crate) path: bool,
    pub(crate) full: bool,
    pub(crate) identity: Option<CredentialWithKey>,
}

/// The components of a policy, as a group context has them.
pub(crate) fn policy(policy: &RoomPolicy) -> Vec<(ComponentId, Vec<u8>)> {
    policy.components().unwrap()
}

/// The group context extensions of a room, with a knob for each thing that the hub looks at.
pub(crate) struct RoomShape {
    pub(crate) group_id: Vec<u8>,
    pub(crate) participants: Vec<(UserUri, RoleIndex)>,
    pub(crate) external_sender: WireExternalSender,
    pub(crate) required: bool,
    pub(crate) dictionary_last: bool,
    pub(crate) components: Vec<(ComponentId, Vec<u8>)>,
}

impl RoomShape {
    pub(crate) fn of(creator: &Client) -> Self {
        Self {
            group_id: room_uri().group().as_str().as_bytes().to_vec(),
            participants: vec![(creator.user(), RoleIndex(3))],
            external_sender: hub_identity().external_sender,
            required: true,
            dictionary_last: true,
            components: policy(&ready_made::group(&[])),
        }
    }

    /// A room in which messages can be franked.
    pub(crate) fn franked(creator: &Client) -> Self {
        let agent = agent().to_bytes().unwrap();
        let mut shape = Self::of(creator);
        let franking = [(ComponentId::SAFE_AAD, vec![2, 0, 0x20]), (FRANKING_AGENT, agent)];
        shape.components.splice(0..0, franking);
        shape
    }
}

impl Client {
    pub(crate) fn new(uri: &str) -> Self {
        let signer = SignatureKeyPair::new(CS.signature_algorithm()).unwrap();
        let credential = CredentialWithKey {
            credential: BasicCredential::new(uri.as_bytes().to_vec()).into(),
            signature_key: signer.to_public_vec().into(),
        };
        let provider = OpenMlsRustCrypto::default();
        Self { uri: uri.parse().unwrap(), provider, signer, credential, group: None }
    }

    pub(crate) fn user(&self) -> UserUri {
        self.uri.user().unwrap()
    }

    pub(crate) fn group(&mut self) -> &mut MlsGroup {
        self.group.as_mut().unwrap()
    }

    pub(crate) fn leaf(&self) -> u32 {
        self.group.as_ref().unwrap().own_leaf_index().u32()
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.group.as_ref().unwrap().epoch().as_u64()
    }

    pub(crate) fn key_package(&self) -> WireKeyPackage {
        self.key_package_for(Lifetime::default())
    }

    pub(crate) fn key_package_for(&self, lifetime: Lifetime) -> WireKeyPackage {
        let bundle = KeyPackage::builder()
            .leaf_node_capabilities(capabilities())
            .key_package_lifetime(lifetime)
            .build(CS, &self.provider, &self.signer, self.credential.clone())
            .unwrap();
        wire(&bundle.key_package().tls_serialize_detached().unwrap())
    }

    pub(crate) fn create(&mut self, shape: &RoomShape) -> (GroupInfo, RatchetTree) {
        let pairs = shape.participants.iter().map(|(u, r)| UserRolePair::new(u.clone(), *r)).collect();
        let list = ParticipantListData::new(pairs).unwrap().to_bytes().unwrap();
        let mut dictionary = AppDataDictionary::new();
        dictionary.insert(PARTICIPANT_LIST.0, list);
        for (component, data) in &shape.components {
            dictionary.insert(component.0, data.clone());
        }
        let dictionary = Extension::AppDataDictionary(AppDataDictionaryExtension::new(dictionary));
        let sender = ExternalSender::tls_deserialize_exact_bytes(&shape.external_sender.to_bytes().unwrap());
        let senders = Extension::ExternalSenders(vec![sender.unwrap()]);
        let types = if shape.required { vec![ProposalType::AppDataUpdate, ProposalType::SelfRemove] } else { vec![] };
        let required = Extension::RequiredCapabilities(RequiredCapabilitiesExtension::new(
            &[ExtensionType::AppDataDictionary],
            &types,
            &[],
        ));
        let extensions = if shape.dictionary_last {
            vec![required, senders, dictionary]
        } else {
            vec![required, dictionary, senders]
        };
        let config = MlsGroupCreateConfig::builder()
            .ciphersuite(CS)
            .capabilities(capabilities())
            .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
            .use_ratchet_tree_extension(false)
            .with_group_context_extensions(Extensions::from_vec(extensions).unwrap())
            .build();
        let group = MlsGroup::new_with_group_id(
            &self.provider,
            &self.signer,
            &config,
            GroupId::from_slice(&shape.group_id),
            self.credential.clone(),
        )
        .unwrap();
        let info = group.export_group_info(self.provider.crypto(), &self.signer, false).unwrap();
        let info = MlsMessageIn::tls_deserialize_exact_bytes(&info.to_bytes().unwrap()).unwrap();
        let MlsMessageBodyIn::GroupInfo(info) = info.extract() else { panic!("no GroupInfo") };
        let tree = group.export_ratchet_tree().tls_serialize_detached().unwrap();
        self.group = Some(group);
        (wire(&info.tls_serialize_detached().unwrap()), wire(&tree))
    }

    /// Prepares a commit; it stays pending until [`Client::confirm`] or [`Client::discard`].
    pub(crate) fn commit(&mut self, commit: Commit) -> HandshakeBundle {
        let crypto = self.provider.crypto();
        let adds: Vec<KeyPackage> = commit.adds.iter().map(|k| openmls_key_package(k, crypto)).collect();
        let lists = commit.list.iter().map(|update| {
            let bytes = update.to_bytes().unwrap();
            Proposal::AppDataUpdate(Box::new(AppDataUpdateProposal::update(PARTICIPANT_LIST.0, bytes)))
        });
        let extensions = commit.context.or_else(|| commit.senders.map(|senders| self.context_with(senders)));
        let group = self.group.as_mut().unwrap();
        let mut builder = group.commit_builder();
        if let Some(extensions) = extensions {
            builder = builder.propose_group_context_extensions(extensions).unwrap();
        }
        let mut builder = builder
            .consume_proposal_store(!commit.without_pending)
            .force_self_update(commit.path)
            .leaf_node_parameters(commit.identity.map_or_else(LeafNodeParameters::default, |identity| {
                LeafNodeParameters::builder().with_credential_with_key(identity).build()
            }))
            .propose_adds(adds)
            .propose_removals(commit.removes.iter().map(|leaf| LeafNodeIndex::new(*leaf)))
            .add_proposals(lists)
            .add_proposals(commit.proposals)
            .load_psks(self.provider.storage())
            .unwrap()
            .create_group_info(true)
            .use_ratchet_tree_extension(false);
        let changes = {
            let mut updater = builder.app_data_dictionary_updater();
            let updates: Vec<_> =
                if commit.without_pending { vec![] } else { builder.app_data_update_proposals().cloned().collect() };
            let updates = if commit.without_pending { own_updates(&commit.list) } else { updates };
            resolve(&mut updater, updates.iter());
            updater.changes()
        };
        builder.with_app_data_dictionary_updates(changes);
        let (rand, crypto) = (self.provider.rand(), self.provider.crypto());
        let bundle = builder.build(rand, crypto, &self.signer, |_| true).unwrap().stage_commit(&self.provider).unwrap();
        let (commit_out, welcome, info) = bundle.into_contents();
        let info: GroupInfo = wire(&info.unwrap().tls_serialize_detached().unwrap());
        HandshakeBundle::Commit {
            commit: wire(&commit_out.to_bytes().unwrap()),
            welcome: welcome.map(|w| wire::<WireWelcome>(&w.tls_serialize_detached().unwrap())),
            group_info: if commit.full { GroupInfoOption::Full(Box::new(info)) } else { partial(&info) },
            ratchet_tree: RatchetTreeOption::DistributionService,
        }
    }

    /// The context extensions of the group with other external senders.
    pub(crate) fn context_with(&self, senders: Vec<WireExternalSender>) -> Extensions<GroupContext> {
        let senders: Vec<_> = senders
            .iter()
            .map(|sender| ExternalSender::tls_deserialize_exact_bytes(&sender.to_bytes().unwrap()).unwrap())
            .collect();
        let present = self.group.as_ref().unwrap().extensions();
        let changed = present.iter().map(|extension| match extension {
            Extension::ExternalSenders(_) => Extension::ExternalSenders(senders.clone()),
            other => other.clone(),
        });
        Extensions::from_vec(changed.collect()).unwrap()
    }

    pub(crate) fn senders(&self) -> Vec<WireExternalSender> {
        let senders = self.group.as_ref().unwrap().extensions().external_senders().unwrap();
        wire::<ExternalSenders>(&senders.tls_serialize_detached().unwrap()).0
    }

    pub(crate) fn confirm(&mut self) {
        let provider = &self.provider;
        self.group.as_mut().unwrap().merge_pending_commit(provider).unwrap();
    }

    pub(crate) fn discard(&mut self) {
        let storage = self.provider.storage();
        self.group.as_mut().unwrap().clear_pending_commit(storage).unwrap();
    }

    /// A commit over what waits, by a client that is itself among the removed and whose library would not make one: made by a copy of
    /// its commit with the references added by hand. The signature is wrong, which the hub does not get to.
    pub(crate) fn commit_as_leaver(&mut self) -> HandshakeBundle {
        use mimi_protocol::mls::{ProposalOrRef, PublicContent};
        let references: Vec<_> = self
            .group()
            .pending_proposals()
            .map(|p| mimi_protocol::ProposalRef::new(p.proposal_reference_ref().as_slice()))
            .collect();
        let bundle = self.commit(Commit { path: true, without_pending: true, ..Default::default() });
        let HandshakeBundle::Commit { commit, welcome, group_info, ratchet_tree } = bundle else { panic!() };
        let mut message = commit.as_public().unwrap().clone();
        let PublicContent::Commit(view) = &mut message.content else { panic!() };
        view.proposals = references.into_iter().map(ProposalOrRef::Reference).collect();
        let commit = MlsMessage::public(message).unwrap();
        HandshakeBundle::Commit { commit, welcome, group_info, ratchet_tree }
    }

    /// The proposals of a leave: this client goes by itself, the user's others are removed, the user leaves the list.
    pub(crate) fn leave(&mut self, others: &[u32]) -> HandshakeBundle {
        let index = self.list().index_of(&self.user()).unwrap();
        let (provider, signer) = (&self.provider, &self.signer);
        let group = self.group.as_mut().unwrap();
        let first = group.leave_group_via_self_remove(provider, signer).unwrap();
        let mut more: Vec<MlsMessage> = others
            .iter()
            .map(|leaf| {
                let leaf = LeafNodeIndex::new(*leaf);
                wire(&group.propose_remove_member(provider, signer, leaf).unwrap().0.to_bytes().unwrap())
            })
            .collect();
        let update = ParticipantListUpdate { removed_indices: vec![index], ..Default::default() };
        more.push(self.propose_list(update));
        HandshakeBundle::Proposals { first: wire(&first.to_bytes().unwrap()), more }
    }

    /// The proposals by which a client destroys its room.
    pub(crate) fn destroy(&mut self) -> HandshakeBundle {
        let participants = u32::try_from(self.list().participants().len()).unwrap();
        let update = removing(&(0..participants).collect::<Vec<_>>());
        let own = self.group().own_leaf_index();
        let others: Vec<u32> =
            self.group().members().map(|m| m.index).filter(|leaf| *leaf != own).map(|l| l.u32()).collect();
        let (provider, signer) = (&self.provider, &self.signer);
        let first = self.group.as_mut().unwrap().leave_group(provider, signer).unwrap();
        let mut more: Vec<_> = others.into_iter().map(|leaf| self.propose_remove(leaf)).collect();
        more.push(self.propose_list(update));
        HandshakeBundle::Proposals { first: wire(&first.to_bytes().unwrap()), more }
    }

    /// The proposal of a client that goes and whose user stays a participant.
    pub(crate) fn go(&mut self) -> HandshakeBundle {
        let (provider, signer) = (&self.provider, &self.signer);
        let first = self.group.as_mut().unwrap().leave_group_via_self_remove(provider, signer).unwrap();
        HandshakeBundle::Proposals { first: wire(&first.to_bytes().unwrap()), more: Vec::new() }
    }

    pub(crate) fn propose_list(&mut self, update: ParticipantListUpdate) -> MlsMessage {
        self.propose_component(PARTICIPANT_LIST.0, update.to_bytes().unwrap())
    }

    pub(crate) fn propose_component(&mut self, component: u16, data: Vec<u8>) -> MlsMessage {
        let operation = AppDataUpdateOperation::Update(data.into());
        let (provider, signer) = (&self.provider, &self.signer);
        let group = self.group.as_mut().unwrap();
        wire(&group.propose_app_data_update(provider, signer, component, operation).unwrap().0.to_bytes().unwrap())
    }

    pub(crate) fn propose_remove(&mut self, leaf: u32) -> MlsMessage {
        let (provider, signer) = (&self.provider, &self.signer);
        let group = self.group.as_mut().unwrap();
        let leaf = LeafNodeIndex::new(leaf);
        wire(&group.propose_remove_member(provider, signer, leaf).unwrap().0.to_bytes().unwrap())
    }

    pub(crate) fn forget_proposals(&mut self) {
        let storage = self.provider.storage();
        self.group.as_mut().unwrap().clear_pending_proposals(storage).unwrap();
    }

    pub(crate) fn seal(&mut self, text: &str) -> MlsMessage {
        let (provider, signer) = (&self.provider, &self.signer);
        let message = self.group.as_mut().unwrap().create_message(provider, signer, text.as_bytes());
        wire(&message.unwrap().to_bytes().unwrap())
    }

    /// Seals content with a tag.
    pub(crate) fn seal_tagged(&mut self, text: &str, tag: &FrankingTag) -> MlsMessage {
        self.seal_with_aad(text, tag.as_bytes().to_vec())
    }

    pub(crate) fn seal_with_aad(&mut self, text: &str, data: Vec<u8>) -> MlsMessage {
        self.group().set_safe_aad(vec![SafeAadItem::new(FRANK_AAD.0, data)]).unwrap();
        self.seal(text)
    }

    pub(crate) fn list(&self) -> ParticipantListData {
        let extensions = self.group.as_ref().unwrap().extensions();
        let dictionary = extensions.app_data_dictionary().unwrap().dictionary();
        ParticipantListData::from_bytes(dictionary.get(&PARTICIPANT_LIST.0).unwrap()).unwrap()
    }

    /// Joins by external commit.
    pub(crate) fn join(
        &mut self,
        given: &GroupInfoRatchetTreeTbe,
        list: Option<ParticipantListUpdate>,
    ) -> HandshakeBundle {
        self.join_with(given, own_updates(list.as_slice()))
    }

    /// The same with these updates of components.
    pub(crate) fn join_with(
        &mut self,
        given: &GroupInfoRatchetTreeTbe,
        updates: Vec<AppDataUpdateProposal>,
    ) -> HandshakeBundle {
        let info = VerifiableGroupInfo::tls_deserialize_exact_bytes(given.group_info.as_bytes()).unwrap();
        let RatchetTreeOption::Full(tree) = &given.ratchet_tree else { panic!("no tree") };
        let tree = RatchetTreeIn::tls_deserialize_exact_bytes(tree.as_bytes()).unwrap();
        let pending = given.pending_proposals.iter().filter_map(|pending| {
            let message = MlsMessageIn::tls_deserialize_exact_bytes(pending.proposal.as_bytes()).unwrap();
            let MlsMessageBodyIn::PublicMessage(message) = message.extract() else { return None };
            matches!(pending.proposal.as_proposal(), Some(mimi_protocol::mls::ProposalView::SelfRemove))
                .then_some(message)
        });
        let mut stage = MlsGroup::external_commit_builder()
            .with_ratchet_tree(tree)
            .with_config(join_config())
            .with_proposals(pending.collect())
            .build_group(&self.provider, info, self.credential.clone())
            .unwrap()
            .leaf_node_parameters(LeafNodeParameters::builder().with_capabilities(capabilities()).build());
        for update in updates {
            stage = stage.add_app_data_update_proposal(update);
        }
        let mut stage =
            stage.load_psks(self.provider.storage()).unwrap().create_group_info(true).use_ratchet_tree_extension(false);
        let changes = {
            let mut updater = stage.app_data_dictionary_updater();
            let updates: Vec<_> = stage.app_data_update_proposals().cloned().collect();
            resolve(&mut updater, updates.iter());
            updater.changes()
        };
        stage.with_app_data_dictionary_updates(changes);
        let (group, bundle) = stage
            .build(self.provider.rand(), self.provider.crypto(), &self.signer, |_| true)
            .unwrap()
            .finalize(&self.provider)
            .unwrap();
        self.group = Some(group);
        let (commit, _, info) = bundle.into_contents();
        HandshakeBundle::Commit {
            commit: wire(&commit.to_bytes().unwrap()),
            welcome: None,
            group_info: partial(&wire(&info.unwrap().tls_serialize_detached().unwrap())),
            ratchet_tree: RatchetTreeOption::DistributionService,
        }
    }

    /// Takes one fan-out message as it came; returns the text of an application message.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Option<String> {
        let message = FanoutMessage::from_bytes(bytes).unwrap();
        match message.event {
            FanoutEvent::Welcome { message, ratchet_tree: RatchetTreeOption::Full(tree) } => {
                let MlsMessageBodyIn::Welcome(welcome) = openmls_message(&message).extract() else { panic!() };
                let tree = RatchetTreeIn::tls_deserialize_exact_bytes(tree.as_bytes()).unwrap();
                let staged =
                    StagedWelcome::new_from_welcome(&self.provider, &join_config(), welcome, Some(tree)).unwrap();
                self.group = Some(staged.into_group(&self.provider).unwrap());
                None
            }
            FanoutEvent::Welcome { .. } => panic!("a Welcome without a tree"),
            FanoutEvent::Proposals { message, more } => {
                std::iter::once(message).chain(more).for_each(|message| self.process(&message));
                None
            }
            FanoutEvent::Commit { message, external_proposals } => {
                self.process(&message);
                // Whom the commit has removed they do not concern.
                let stays = self.group().is_active();
                external_proposals.iter().filter(|_| stays).for_each(|message| self.process(message));
                None
            }
            FanoutEvent::Application { message, .. } => {
                let protocol = openmls_message(&message).try_into_protocol_message().unwrap();
                let processed = self.group.as_mut().unwrap().process_message(&self.provider, protocol).unwrap();
                match processed.into_content() {
                    ProcessedMessageContent::ApplicationMessage(text) => {
                        Some(String::from_utf8(text.into_bytes()).unwrap())
                    }
                    ProcessedMessageContent::OwnPrivateMessage => None,
                    other => panic!("{other:?}"),
                }
            }
        }
    }

    pub(crate) fn process(&mut self, message: &MlsMessage) {
        let provider = &self.provider;
        let group = self.group.as_mut().unwrap();
        if message.group_and_epoch().unwrap().1.0 < group.epoch().as_u64() {
            return; // the client's own external commit
        }
        let senders = wire(&group.extensions().external_senders().unwrap().tls_serialize_detached().unwrap());
        if let Some(proposal) = read_by_hand(message, &senders) {
            return group.store_pending_proposal(provider.storage(), proposal).unwrap();
        }
        let protocol = openmls_message(message).try_into_protocol_message().unwrap();
        let mut processed = group.process_message(provider, protocol).unwrap();
        if let ProcessedMessageContent::UnresolvedAppDataCommit(commit) = processed.content() {
            let mut updater = group.app_data_dictionary_updater();
            resolve(&mut updater, commit.app_data_update_proposals());
            let changes = updater.changes();
            processed = group.resolve_app_data_commit(provider, processed, changes).unwrap();
        }
        match processed.into_content() {
            ProcessedMessageContent::ProposalMessage(proposal) => {
                let known: Vec<_> = group.pending_proposals().map(|p| p.proposal_reference_ref().clone()).collect();
                if !known.contains(proposal.proposal_reference_ref()) {
                    group.store_pending_proposal(provider.storage(), *proposal).unwrap();
                }
            }
            ProcessedMessageContent::StagedCommitMessage(staged) => {
                group.merge_staged_commit(provider, *staged).unwrap();
            }
            ProcessedMessageContent::OwnPendingCommit => group.merge_pending_commit(provider).unwrap(),
            other => panic!("{other:?}"),
        }
    }
}

/// A change of a component by an external sender, which the library does not take, as a client takes it.
fn read_by_hand(message: &MlsMessage, senders: &ExternalSenders) -> Option<QueuedProposal> {
    let mimi_protocol::mls::Sender::External(index) = message.as_public()?.sender else { return None };
    let Some(mimi_protocol::mls::ProposalView::AppDataUpdate(update)) = message.as_proposal() else { return None };
    let data = message.as_public().unwrap().authenticated_data.clone();
    let verified = verify_external_proposal(message, SUITE, senders, !data.is_empty());
    assert_eq!(verified, Ok((index, message.as_proposal().unwrap())));
    let AppDataOperation::Update(data) = &update.operation else { panic!("a removal") };
    let update = AppDataUpdateProposal::update(update.component_id.0, data.clone());
    let reference = message.proposal_reference(SUITE).unwrap().to_bytes().unwrap();
    let stored = serde_json::json!({
        "proposal": Proposal::AppDataUpdate(Box::new(update)),
        "proposal_reference": hash_ref::ProposalRef::tls_deserialize_exact_bytes(&reference).unwrap(),
        "sender": Sender::External(SenderExtensionIndex::new(index)),
        "proposal_or_ref_type": ProposalOrRefType::Reference,
    });
    Some(serde_json::from_value(stored).unwrap())
}

pub(crate) fn own_updates(list: &[ParticipantListUpdate]) -> Vec<AppDataUpdateProposal> {
    list.iter().map(|u| AppDataUpdateProposal::update(PARTICIPANT_LIST.0, u.to_bytes().unwrap())).collect()
}

fn resolve<'a>(updater: &mut AppDataDictionaryUpdater<'_>, updates: impl Iterator<Item = &'a AppDataUpdateProposal>) {
    let (mut lists, mut links) = (Vec::new(), Vec::new());
    for update in updates {
        let AppDataUpdateOperation::Update(data) = update.operation() else {
            updater.remove(&update.component_id());
            continue;
        };
        if update.component_id() == PARTICIPANT_LIST.0 {
            lists.push(ParticipantListUpdate::from_bytes(data.as_slice()).unwrap());
        } else if update.component_id() == ComponentId::JOIN_LINKS.0 {
            links.push(JoinLinksUpdate::from_bytes(data.as_slice()).unwrap());
        } else {
            updater.set(ComponentData::from_parts(update.component_id(), data.as_slice().to_vec().into()));
        }
    }
    if !links.is_empty() {
        let old = updater.old_value(ComponentId::JOIN_LINKS.0).map(|old| JoinLinks::from_bytes(old).unwrap());
        let old = old.unwrap_or_default();
        let new = JoinLinks::apply(Some(&old), &links).unwrap_or(old).to_bytes().unwrap();
        updater.set(ComponentData::from_parts(ComponentId::JOIN_LINKS.0, new.into()));
    }
    if !lists.is_empty() {
        let old = ParticipantListData::from_bytes(updater.old_value(PARTICIPANT_LIST.0).unwrap()).unwrap();
        let mut together = ParticipantListUpdate::default();
        for update in lists {
            together.changed_role_participants.extend(update.changed_role_participants);
            together.removed_indices.extend(update.removed_indices);
            together.added_participants.extend(update.added_participants);
        }
        // A test may send nonsense: then the list stays, and the hub refuses before it compares.
        let new = old.apply(&together).unwrap_or(old).to_bytes().unwrap();
        updater.set(ComponentData::from_parts(PARTICIPANT_LIST.0, new.into()));
    }
}

pub(crate) fn capabilities() -> Capabilities {
    Capabilities::builder()
        .ciphersuites(vec![CS])
        .extensions(vec![ExtensionType::AppDataDictionary])
        .proposals(vec![ProposalType::AppDataUpdate, ProposalType::AppEphemeral, ProposalType::SelfRemove])
        .credentials(vec![CredentialType::Basic])
        .build()
}

fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(false)
        .build()
}

pub(crate) fn wire<T: Wire>(bytes: &[u8]) -> T {
    T::from_bytes(bytes).unwrap()
}

fn openmls_message(message: &MlsMessage) -> MlsMessageIn {
    MlsMessageIn::tls_deserialize_exact_bytes(message.as_bytes()).unwrap()
}

fn openmls_key_package(key_package: &WireKeyPackage, crypto: &impl OpenMlsCrypto) -> KeyPackage {
    let key_package = KeyPackageIn::tls_deserialize_exact_bytes(key_package.as_bytes()).unwrap();
    key_package.validate(crypto, ProtocolVersion::Mls10).unwrap()
}

pub(crate) fn partial(info: &GroupInfo) -> GroupInfoOption {
    GroupInfoOption::Partial(PartialGroupInfo {
        ratchet_tree_presence: RatchetTreePresence::NoRatchetTree,
        group_info_extensions: info.extensions().clone(),
        signature: info.signature().to_vec(),
    })
}

pub(crate) fn adding(users: &[&UserUri]) -> ParticipantListUpdate {
    let added_participants = users.iter().map(|u| UserRolePair::new((*u).clone(), RoleIndex(2))).collect();
    ParticipantListUpdate { added_participants, ..Default::default() }
}

pub(crate) fn removing(indices: &[u32]) -> ParticipantListUpdate {
    ParticipantListUpdate { removed_indices: indices.to_vec(), ..Default::default() }
}

/// A room at its hub with its clients, and all effects so far in order.
pub(crate) struct World {
    pub(crate) room: Room,
    pub(crate) clients: BTreeMap<&'static str, Client>,
    pub(crate) routes: Routes,
    pub(crate) effects: Vec<Effect>,
    pub(crate) clock: u64,
}

impl World {
    /// Alice of a.example alone in her room.
    pub(crate) fn alone() -> Self {
        Self::shaped(RoomShape::of)
    }

    /// The same with a group context of that shape.
    pub(crate) fn shaped(shape: fn(&Client) -> RoomShape) -> Self {
        let mut alice = Client::new("mimi://a.example/d/alice/1");
        let (info, tree) = alice.create(&shape(&alice));
        let (room, accepted) = Room::create(NOW, &hub_identity(), &alice.uri, room_uri(), info, &tree).unwrap();
        Self {
            room,
            clients: BTreeMap::from([("alice", alice)]),
            routes: Routes::new(),
            effects: accepted.effects,
            clock: NOW.0,
        }
    }

    /// Alice (a), Bob (b, two clients) and Cathy (c): leaves 0, 1, 2, 3.
    pub(crate) fn three() -> Self {
        Self::three_in(RoomShape::of)
    }

    pub(crate) fn three_in(shape: fn(&Client) -> RoomShape) -> Self {
        let mut world = Self::shaped(shape);
        world.add("alice", &[("bob", "mimi://b.example/d/bob/1"), ("bob2", "mimi://b.example/d/bob/2")]);
        world.add("bob", &[("cathy", "mimi://c.example/d/cathy/1")]);
        world
    }

    pub(crate) fn client(&mut self, name: &str) -> &mut Client {
        self.clients.get_mut(name).unwrap()
    }

    pub(crate) fn now(&mut self) -> AcceptedTimestamp {
        self.clock += 1;
        AcceptedTimestamp(self.clock)
    }

    pub(crate) fn route(&mut self, key_package: &WireKeyPackage, provider: &str) {
        self.routes.insert(key_package.reference().unwrap(), domain(provider));
    }

    /// One client adds a user with these clients.
    pub(crate) fn add(&mut self, by: &str, new: &[(&'static str, &str)]) {
        let mut adds = Vec::new();
        for (name, uri) in new {
            let client = Client::new(uri);
            let key_package = client.key_package();
            self.route(&key_package, client.uri.domain().as_str());
            adds.push(key_package);
            self.clients.insert(name, client);
        }
        let user = self.clients[new[0].0].user();
        let bundle = self.client(by).commit(Commit { adds, list: vec![adding(&[&user])], ..Default::default() });
        let _ = self.accept(by, bundle);
    }

    pub(crate) fn try_update(&mut self, by: &str, bundle: HandshakeBundle) -> Result<Accepted, UpdateRefusal> {
        let now = self.now();
        let source = self.clients[by].uri.domain().clone();
        self.room.update(now, &source, &UpdateRequest(bundle), &self.routes)
    }

    /// The hub accepts, and everyone who is entitled gets it.
    pub(crate) fn accept(&mut self, by: &str, bundle: HandshakeBundle) -> Accepted {
        let accepted = self.try_update(by, bundle).unwrap();
        self.effects.extend(accepted.effects.clone());
        self.distribute(&accepted);
        accepted
    }

    /// Plays the network and the followers: what the hub sends, to each client that should have it.
    pub(crate) fn distribute(&mut self, accepted: &Accepted) -> BTreeMap<&'static str, Vec<String>> {
        let mut texts: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
        for effect in &accepted.effects {
            let (bytes, names): (_, Vec<&'static str>) = match effect {
                Effect::Deliver { to, message, .. } => {
                    let names = self.clients.iter().filter(|(_, c)| to.contains(&c.uri)).map(|(n, _)| *n);
                    (message, names.collect())
                }
                Effect::Enqueue { to, message, .. } => {
                    let names = self.clients.iter().filter(|(_, c)| c.uri.domain() == to).map(|(n, _)| *n);
                    (message, names.collect())
                }
                _ => continue,
            };
            let event = FanoutMessage::from_bytes(bytes).unwrap().event;
            for name in names {
                let client = self.clients.get_mut(name).unwrap();
                let wanted = match &event {
                    FanoutEvent::Welcome { .. } => client.group.is_none(),
                    _ => client.group.as_ref().is_some_and(MlsGroup::is_active),
                };
                if wanted && let Some(text) = client.take(bytes) {
                    texts.entry(name).or_default().push(text);
                }
            }
        }
        texts
    }

    /// Everything that a refusal may not change.
    pub(crate) fn fingerprint(&self) -> (u64, usize, u64, AcceptedTimestamp, Effect) {
        let room = &self.room;
        let checkpoint = room.fresh_snapshot().unwrap();
        (room.epoch().0, room.pending(), room.sequence(), room.last_accepted(), checkpoint)
    }

    /// The hub refuses, and the room is as before.
    pub(crate) fn refuse(&mut self, by: &str, bundle: HandshakeBundle) -> UpdateRefusal {
        let before = self.fingerprint();
        let refusal = self.try_update(by, bundle).unwrap_err();
        assert_eq!(self.fingerprint(), before, "a refusal has changed the room: {refusal}");
        refusal
    }
}

pub(crate) fn recipients(accepted: &Accepted) -> Vec<String> {
    accepted
        .effects
        .iter()
        .flat_map(|effect| match effect {
            Effect::Enqueue { to, message, .. } => vec![format!("{to} {}", kind(message))],
            Effect::Deliver { to, message, .. } => to.iter().map(|to| format!("{to} {}", kind(message))).collect(),
            _ => Vec::new(),
        })
        .collect()
}

pub(crate) fn kind(message: &[u8]) -> &'static str {
    match FanoutMessage::from_bytes(message).unwrap().event {
        FanoutEvent::Application { .. } => "application",
        FanoutEvent::Welcome { .. } => "welcome",
        FanoutEvent::Proposals { .. } => "proposals",
        FanoutEvent::Commit { .. } => "commit",
    }
}
