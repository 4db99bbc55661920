//! Creating a room (section 3.1): local to the hub's provider, but it fixes the state on which everything else builds.

use std::collections::BTreeSet;

use mimi_arch::{ClientUri, RoomUri};
use mimi_protocol::{
    AcceptedTimestamp, Epoch, SignatureScheme, Wire,
    franking::FrankingAgentData,
    mls::{ComponentId, ExtensionType, ExternalSenders, GroupInfo, RatchetTree, RequiredCapabilities, proposal},
    participant_list::ParticipantListData,
    safe_aad::ComponentsList,
};

use super::{
    Accepted, CreateRefusal, HubIdentity, HubRoom, Life, Member, ParentParticipants,
    membership_style::{check_founders, check_parent, parent_of},
    participants::Participants,
    policy::Policy,
    roster::Roster,
};
use crate::group::{GroupInfoError, RoomGroup};

impl<G: RoomGroup> HubRoom<G> {
    /// Takes up a new room of this hub's, from the GroupInfo and tree of the group that a local client has made for it.
    ///
    /// The effects conflict when there is a room of that name; only the store knows.
    ///
    /// # Errors
    /// The refusal.
    // req: MP06-3.1-01
    // req: MP06-3.1-02
    // req: MP06-3.1-03
    // req: MP06-3.1-05
    // req: MP06-7.4-02
    // req: MP06-7.4-03
    // req: DS06-8-04
    pub fn create(
        now: AcceptedTimestamp,
        hub: &HubIdentity,
        creator: &ClientUri,
        room: RoomUri,
        group_info: GroupInfo,
        tree: &RatchetTree,
    ) -> Result<(Self, Accepted), CreateRefusal> {
        Self::create_under(now, hub, creator, room, group_info, tree, None)
    }

    /// The same for a room that may depend on another one of this hub's, with that room's participants.
    ///
    /// # Errors
    /// As [`HubRoom::create`]; [`CreateRefusal::Parent`] when the room depends on another one and that one's participants are missing.
    // req: RP03-5-08
    pub fn create_under(
        now: AcceptedTimestamp,
        hub: &HubIdentity,
        creator: &ClientUri,
        room: RoomUri,
        group_info: GroupInfo,
        tree: &RatchetTree,
        parent: Option<&ParentParticipants>,
    ) -> Result<(Self, Accepted), CreateRefusal> {
        if *room.domain() != hub.domain {
            return Err(CreateRefusal::OtherHub(room.domain().clone()));
        }
        check_group_info(&group_info, &room, 1)?;
        let group = G::create(group_info, tree)?;
        let creator = check_members(&group, creator)?;
        check_context(&group, hub)?;
        check_franking(&group, hub)?;
        let policy = Policy::read(&group)?;
        Policy::check(&policy, &hub.domain)?;
        let participants = participants_of(&group)?;
        check_founders(participants.data(), &creator, &policy)?;
        if let Some(of) = parent_of(&policy) {
            check_parent(participants.data(), &of, parent)?;
        }

        let mut roster = Roster::default();
        roster.insert(0, creator);
        let policy = Policy::new(policy, &participants, &roster)?;
        policy.check_limits()?;
        let links = policy.components().join_links.as_ref().map(|links| links.links.as_slice());
        policy.check_links(links.unwrap_or_default(), now.0 / 1_000)?;
        let mut room = Self {
            room,
            group,
            roster,
            participants,
            policy,
            pending: Vec::new(),
            sequence: 0,
            accepted: now,
            commits_since_snapshot: 0,
            life: Life::Active,
        };
        let mut effects = vec![room.checkpoint()?];
        effects.extend(room.style_effects());
        Ok((room, Accepted { timestamp: now, frank: None, effects }))
    }
}

/// The GroupInfo of a new group that is to be the room's `number`th.
pub(super) fn check_group_info(group_info: &GroupInfo, room: &RoomUri, number: u32) -> Result<(), CreateRefusal> {
    let context = group_info.group_context();
    if context.group_id != room.group_id(number) {
        return Err(CreateRefusal::GroupId);
    }
    if context.epoch != Epoch(0) {
        return Err(CreateRefusal::Epoch(context.epoch));
    }
    if context.cipher_suite.signature_scheme() != Some(SignatureScheme::Ed25519) {
        return Err(CreateRefusal::CipherSuite);
    }
    if group_info.extensions().contains(ExtensionType::RATCHET_TREE) {
        return Err(GroupInfoError::HasTree.into());
    }
    if !group_info.extensions().contains(ExtensionType::EXTERNAL_PUB) {
        return Err(GroupInfoError::NoExternalPub.into());
    }
    Ok(())
}

pub(super) fn check_members(group: &impl RoomGroup, creator: &ClientUri) -> Result<Member, CreateRefusal> {
    match group.members()?.as_slice() {
        [(0, credential)] => {
            Member::from_credential(credential).filter(|member| member.client == *creator).ok_or(CreateRefusal::Members)
        }
        _ => Err(CreateRefusal::Members),
    }
}

fn participants_of(group: &impl RoomGroup) -> Result<Participants, CreateRefusal> {
    let data = group.component(ComponentId::PARTICIPANT_LIST);
    let data = data.and_then(|data| ParticipantListData::from_bytes(data).ok()).ok_or(CreateRefusal::Participants)?;
    Ok(Participants::new(data))
}

/// A room need not be franked. If it is to be, then by this hub with its key, and with Safe AAD, in which the tag stands.
// req: MP06-5.4.1-02, MP06-5.4.1-04
pub(super) fn check_franking(group: &impl RoomGroup, hub: &HubIdentity) -> Result<(), CreateRefusal> {
    let refused = |reason: String| CreateRefusal::Franking(reason);
    let safe_aad = group.component(ComponentId::SAFE_AAD);
    if let Some(data) = safe_aad {
        ComponentsList::from_bytes(data).map_err(|error| refused(error.to_string()))?;
    }
    let Some(data) = group.component(ComponentId::FRANKING_AGENT) else { return Ok(()) };
    let agent = FrankingAgentData::from_bytes(data).map_err(|error| refused(error.to_string()))?;
    agent.check(&hub.domain, group.cipher_suite()).map_err(|error| refused(error.to_string()))?;
    if agent.franking_signature_key != hub.external_sender.signature_key {
        return Err(refused("the key is not this hub's".to_owned()));
    }
    if safe_aad.is_none() {
        return Err(refused("the tag needs the component safe_aad".to_owned()));
    }
    Ok(())
}

pub(super) fn check_context(group: &impl RoomGroup, hub: &HubIdentity) -> Result<(), CreateRefusal> {
    let extensions = group.context_extensions()?;
    let senders: ExternalSenders =
        extensions.read(ExtensionType::EXTERNAL_SENDERS).ok().flatten().ok_or(CreateRefusal::ExternalSender)?;
    if senders.0.first() != Some(&hub.external_sender) {
        return Err(CreateRefusal::ExternalSender);
    }
    let required: RequiredCapabilities =
        extensions.read(ExtensionType::REQUIRED_CAPABILITIES).ok().flatten().unwrap_or_default();
    let proposals: BTreeSet<u16> = required.proposal_types.iter().copied().collect();
    if !required.extension_types.contains(&ExtensionType::APP_DATA_DICTIONARY.0)
        || ![proposal::APP_DATA_UPDATE, proposal::SELF_REMOVE].iter().all(|p| proposals.contains(p))
    {
        return Err(CreateRefusal::Context(
            "required_capabilities has to name app_data_dictionary, AppDataUpdate and SelfRemove",
        ));
    }
    // The library moves the dictionary to the end of the list when a component changes, the draft edits it in place: with the
    // dictionary last from the start, both come to the same group context and so to the same keys.
    let last = extensions.iter().last().map(|extension| extension.extension_type);
    if last != Some(ExtensionType::APP_DATA_DICTIONARY) {
        return Err(CreateRefusal::Context("app_data_dictionary has to be the last extension"));
    }
    Ok(())
}
