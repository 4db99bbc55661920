//! The policy envelope: which policies a hub accepts for its rooms (draft-ietf-mimi-arch-02 section 4.4, draft-ietf-mimi-room-policy-03
//! section 1).
//!
//! The hub of a room sets the envelope, and whoever may change the room's policy stays within it. The drafts say what an envelope is and
//! not what it looks like; it never goes over the wire here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use mimi_arch::RoleIndex;
use mimi_arch::mls::ComponentId;

use crate::asset::{AssetKind, AssetUploadLocation, DownloadPrivacyType};
use crate::base_room_policy::BaseRoomPolicy;
use crate::capability::CapabilityType;
use crate::optionality::Optionality;
use crate::policy::{POLICY_COMPONENTS, RoomPolicy, component_name};

/// Whether a kind of room is accepted that a boolean of the base policy stands for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RoomTrait {
    /// `fixed_membership`.
    FixedMembership,
    /// `parent_dependant`.
    ParentDependent,
    /// `multi_device`.
    MultiDevice,
    /// `pseudonyms_allowed`.
    PseudonymsAllowed,
    /// `persistent_room`.
    PersistentRoom,
    /// `discoverable`.
    Discoverable,
}

impl RoomTrait {
    /// All of them, in the order of the base policy.
    pub const ALL: [Self; 6] = [
        Self::FixedMembership,
        Self::ParentDependent,
        Self::MultiDevice,
        Self::PseudonymsAllowed,
        Self::PersistentRoom,
        Self::Discoverable,
    ];

    /// The draft's name of the field.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FixedMembership => "fixed_membership",
            Self::ParentDependent => "parent_dependant",
            Self::MultiDevice => "multi_device",
            Self::PseudonymsAllowed => "pseudonyms_allowed",
            Self::PersistentRoom => "persistent_room",
            Self::Discoverable => "discoverable",
        }
    }

    /// What a base policy says about it.
    pub const fn of(self, base: &BaseRoomPolicy) -> bool {
        match self {
            Self::FixedMembership => base.fixed_membership,
            Self::ParentDependent => base.parent_dependent(),
            Self::MultiDevice => base.multi_device,
            Self::PseudonymsAllowed => base.pseudonyms_allowed,
            Self::PersistentRoom => base.persistent_room,
            Self::Discoverable => base.discoverable,
        }
    }
}

/// A setting of the policy that is optional, required or forbidden.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Setting {
    /// `delivery_notifications` (section 6.1).
    DeliveryNotifications,
    /// `read_receipts` (section 6.1).
    ReadReceipts,
    /// `autodetect_hyperlinks_in_text` (section 6.3).
    AutodetectHyperlinks,
    /// `send_link_previews` (section 6.3).
    SendLinkPreviews,
    /// `automatic_link_previews` (section 6.3).
    AutomaticLinkPreviews,
    /// `link_preview_proxy_use` (section 6.3).
    LinkPreviewProxyUse,
    /// `logging` (section 6.5).
    Logging,
    /// `history_sharing` (section 6.6).
    HistorySharing,
    /// `expiring_messages` (section 6.8).
    ExpiringMessages,
}

impl Setting {
    /// All of them, in the order of the draft.
    pub const ALL: [Self; 9] = [
        Self::DeliveryNotifications,
        Self::ReadReceipts,
        Self::AutodetectHyperlinks,
        Self::SendLinkPreviews,
        Self::AutomaticLinkPreviews,
        Self::LinkPreviewProxyUse,
        Self::Logging,
        Self::HistorySharing,
        Self::ExpiringMessages,
    ];

    /// The draft's name of the field.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DeliveryNotifications => "delivery_notifications",
            Self::ReadReceipts => "read_receipts",
            Self::AutodetectHyperlinks => "autodetect_hyperlinks_in_text",
            Self::SendLinkPreviews => "send_link_previews",
            Self::AutomaticLinkPreviews => "automatic_link_previews",
            Self::LinkPreviewProxyUse => "link_preview_proxy_use",
            Self::Logging => "logging",
            Self::HistorySharing => "history_sharing",
            Self::ExpiringMessages => "expiring_messages",
        }
    }

    /// What a policy says about it; absent if the policy lacks the component.
    pub fn of(self, policy: &RoomPolicy) -> Option<Optionality> {
        let status = policy.status_notifications.as_ref();
        let previews = policy.link_preview.as_ref();
        match self {
            Self::DeliveryNotifications => status.map(|status| status.delivery_notifications),
            Self::ReadReceipts => status.map(|status| status.read_receipts),
            Self::AutodetectHyperlinks => previews.map(|previews| previews.autodetect_hyperlinks_in_text),
            Self::SendLinkPreviews => previews.map(|previews| previews.send_link_previews),
            Self::AutomaticLinkPreviews => previews.map(|previews| previews.automatic_link_previews),
            Self::LinkPreviewProxyUse => previews.map(|previews| previews.link_preview_proxy_use()),
            Self::Logging => policy.logging.as_ref().map(|logging| logging.logging.optionality()),
            Self::HistorySharing => policy.history.as_ref().map(|history| history.history_sharing.optionality()),
            Self::ExpiringMessages => policy.expiration.as_ref().map(|it| it.expiring_messages.optionality()),
        }
    }
}

/// The set of policies that a hub accepts (draft-ietf-mimi-arch-02 section 4.4).
///
/// What is not in a map is free. The default forbids little: [`PolicyEnvelope::default`].
// req: AR02-4.4-02
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PolicyEnvelope {
    /// Values that a boolean of the base policy has to have.
    pub room_traits: BTreeMap<RoomTrait, bool>,
    /// `max_users` is there and not larger.
    pub max_users: Option<u32>,
    /// `max_clients` is there and not larger.
    pub max_clients: Option<u32>,
    /// Components that have to be there.
    pub required_components: BTreeSet<ComponentId>,
    /// Components that must not be there.
    pub forbidden_components: BTreeSet<ComponentId>,
    /// Components may be there that are no policy components known here and that the base policy lists.
    pub unknown_components: bool,
    /// Capabilities that no role may have.
    pub forbidden_capabilities: BTreeSet<CapabilityType>,
    /// The only capabilities that these roles may have.
    pub allowed_capabilities: BTreeMap<RoleIndex, BTreeSet<CapabilityType>>,
    /// The values that settings may have. A setting that is listed has to be there.
    pub settings: BTreeMap<Setting, BTreeSet<Optionality>>,
    /// Somebody has to log.
    pub logging_active: bool,
    /// Where assets may be uploaded.
    pub upload_locations: BTreeSet<AssetUploadLocation>,
    /// How assets may be downloaded.
    pub download_types: BTreeSet<DownloadPrivacyType>,
    /// The largest assets of each kind, in octets.
    pub max_asset: BTreeMap<AssetKind, u64>,
    /// How far back history may be shared, in seconds.
    pub max_history: Option<u32>,
    /// Most bots that are participants or local.
    pub max_bots: Option<usize>,
}

impl Default for PolicyEnvelope {
    /// Rooms with a base policy and roles: role zero has nothing but the two ways to join, banned users have nothing. Assets are not
    /// downloaded directly. Everything else is free.
    fn default() -> Self {
        let joining = BTreeSet::from([CapabilityType::CAN_OPEN_JOIN, CapabilityType::CAN_USE_JOIN_CODE]);
        Self {
            room_traits: BTreeMap::new(),
            max_users: None,
            max_clients: None,
            required_components: BTreeSet::from([ComponentId::BASE_ROOM_POLICY, ComponentId::ROLES_LIST]),
            forbidden_components: BTreeSet::new(),
            unknown_components: true,
            forbidden_capabilities: BTreeSet::new(),
            allowed_capabilities: BTreeMap::from([
                (RoleIndex::NON_PARTICIPANT, joining),
                (RoleIndex::BANNED, BTreeSet::new()),
            ]),
            settings: BTreeMap::new(),
            logging_active: false,
            upload_locations: AssetUploadLocation::ALL.into(),
            download_types: BTreeSet::from([DownloadPrivacyType::HubProxy, DownloadPrivacyType::Ohttp]),
            max_asset: BTreeMap::new(),
            max_history: None,
            max_bots: None,
        }
    }
}

/// How a policy leaves the envelope (draft-ietf-mimi-arch-02 section 4.4).
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutsideEnvelope {
    /// A boolean of the base policy has the wrong value.
    #[error("{} has to be {wanted}", .room_trait.name())]
    RoomTrait {
        /// Which.
        room_trait: RoomTrait,
        /// The value it has to have.
        wanted: bool,
    },
    /// A limit of the base policy is missing or too large.
    #[error("{limit} is {} and may be {most} at most", Absent(*.found))]
    Limit {
        /// The field.
        limit: &'static str,
        /// What the policy says.
        found: Option<u32>,
        /// The largest value.
        most: u32,
    },
    /// A component is missing.
    #[error("{} is missing", Component(*.component_id))]
    ComponentMissing {
        /// The component.
        component_id: ComponentId,
    },
    /// A component is there.
    #[error("{} is not accepted", Component(*.component_id))]
    ComponentForbidden {
        /// The component.
        component_id: ComponentId,
    },
    /// A role has a capability.
    #[error("role {role} must not have {capability}")]
    Capability {
        /// The role.
        role: RoleIndex,
        /// The capability.
        capability: CapabilityType,
    },
    /// A setting is missing or has the wrong value.
    #[error("{} must not be {}", .setting.name(), .found.map_or("missing", Optionality::name))]
    Setting {
        /// The setting.
        setting: Setting,
        /// What the policy says.
        found: Option<Optionality>,
    },
    /// Nobody logs.
    #[error("somebody has to log")]
    NotLogged,
    /// Assets are uploaded elsewhere.
    #[error("assets must not be uploaded to {location}")]
    UploadLocation {
        /// Where the policy has them uploaded.
        location: AssetUploadLocation,
    },
    /// Assets are downloaded otherwise.
    #[error("assets must not be downloaded by {way}")]
    Download {
        /// The way that the policy allows.
        way: DownloadPrivacyType,
    },
    /// Assets are too large.
    #[error("the largest {kind} has {found} octets and may have {most} at most")]
    AssetSize {
        /// The kind.
        kind: AssetKind,
        /// What the policy says.
        found: u64,
        /// The largest value.
        most: u64,
    },
    /// History reaches back too far.
    #[error("history reaches {found} seconds back and may reach {most} at most")]
    History {
        /// What the policy says.
        found: u32,
        /// The largest value.
        most: u32,
    },
    /// There are too many bots.
    #[error("there are {found} bots, and {most} may be there at most")]
    Bots {
        /// How many there are.
        found: usize,
        /// How many may be.
        most: usize,
    },
}

struct Absent(Option<u32>);

impl fmt::Display for Absent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(number) => number.fmt(f),
            None => f.write_str("absent"),
        }
    }
}

struct Component(ComponentId);

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match component_name(self.0) {
            Some(name) => f.write_str(name),
            None => write!(f, "component {:#06x}", self.0.0),
        }
    }
}

impl OutsideEnvelope {
    /// Document and section that has hubs set the envelope.
    pub const fn section(&self) -> &'static str {
        "draft-ietf-mimi-arch-02 section 4.4"
    }
}

impl PolicyEnvelope {
    /// Decides whether the hub accepts a policy. That the policy is consistent is for [`RoomPolicy::check`] to say.
    ///
    /// # Errors
    /// Everything in the policy that lies outside.
    pub fn check(&self, policy: &RoomPolicy) -> Result<(), Vec<OutsideEnvelope>> {
        let mut outside = Vec::new();
        self.check_components(policy, &mut outside);
        self.check_base(policy, &mut outside);
        self.check_roles(policy, &mut outside);
        self.check_settings(policy, &mut outside);
        self.check_assets(policy, &mut outside);
        let history = policy.history.as_ref().map_or(0, |history| history.max_time_period());
        if let Some(most) = self.max_history.filter(|most| history > *most) {
            outside.push(OutsideEnvelope::History { found: history, most });
        }
        let bots = policy.bots.as_ref().map_or(0, |bots| bots.allowed_bots.len());
        if let Some(most) = self.max_bots.filter(|most| bots > *most) {
            outside.push(OutsideEnvelope::Bots { found: bots, most });
        }
        if outside.is_empty() { Ok(()) } else { Err(outside) }
    }

    fn check_components(&self, policy: &RoomPolicy, outside: &mut Vec<OutsideEnvelope>) {
        let missing = self.required_components.iter().filter(|id| !policy.has(**id));
        outside.extend(missing.map(|id| OutsideEnvelope::ComponentMissing { component_id: *id }));
        let listed = policy.base.iter().flat_map(|base| &base.policy_component_ids);
        let known = |id: &ComponentId| POLICY_COMPONENTS.iter().any(|(known, _)| known == id);
        let unknown: BTreeSet<ComponentId> =
            listed.filter(|id| !self.unknown_components && !known(id)).copied().collect();
        let forbidden = self.forbidden_components.iter().filter(|id| policy.has(**id));
        let both: BTreeSet<ComponentId> = forbidden.copied().chain(unknown).collect();
        outside.extend(both.into_iter().map(|component_id| OutsideEnvelope::ComponentForbidden { component_id }));
    }

    fn check_base(&self, policy: &RoomPolicy, outside: &mut Vec<OutsideEnvelope>) {
        let Some(base) = &policy.base else { return };
        for (&room_trait, &wanted) in &self.room_traits {
            if room_trait.of(base) != wanted {
                outside.push(OutsideEnvelope::RoomTrait { room_trait, wanted });
            }
        }
        let limits =
            [("max_users", base.max_users, self.max_users), ("max_clients", base.max_clients, self.max_clients)];
        for (limit, found, most) in limits {
            if let Some(most) = most.filter(|most| found.is_none_or(|found| found > *most)) {
                outside.push(OutsideEnvelope::Limit { limit, found, most });
            }
        }
    }

    fn check_roles(&self, policy: &RoomPolicy, outside: &mut Vec<OutsideEnvelope>) {
        for role in policy.roles.iter().flat_map(|roles| roles.roles()) {
            let allowed = self.allowed_capabilities.get(&role.role_index);
            let accepted = |capability: &CapabilityType| {
                !self.forbidden_capabilities.contains(capability)
                    && allowed.is_none_or(|allowed| allowed.contains(capability))
            };
            let refused: BTreeSet<_> =
                role.role_capabilities.iter().filter(|capability| !accepted(capability)).collect();
            let role = role.role_index;
            outside.extend(refused.into_iter().map(|&capability| OutsideEnvelope::Capability { role, capability }));
        }
    }

    fn check_settings(&self, policy: &RoomPolicy, outside: &mut Vec<OutsideEnvelope>) {
        for (&setting, accepted) in &self.settings {
            let found = setting.of(policy);
            if !found.is_some_and(|found| accepted.contains(&found)) {
                outside.push(OutsideEnvelope::Setting { setting, found });
            }
        }
        if self.logging_active && !policy.logging.as_ref().is_some_and(|logging| logging.is_active()) {
            outside.push(OutsideEnvelope::NotLogged);
        }
    }

    fn check_assets(&self, policy: &RoomPolicy, outside: &mut Vec<OutsideEnvelope>) {
        let Some(assets) = &policy.assets else { return };
        let location = assets.asset_upload_location;
        if !self.upload_locations.contains(&location) {
            outside.push(OutsideEnvelope::UploadLocation { location });
        }
        for way in DownloadPrivacyType::ALL {
            if assets.download_privacy.permits(way) && !self.download_types.contains(&way) {
                outside.push(OutsideEnvelope::Download { way });
            }
        }
        for (&kind, &most) in &self.max_asset {
            let found = assets.limit(kind);
            if found > most {
                outside.push(OutsideEnvelope::AssetSize { kind, found, most });
            }
        }
    }
}

#[cfg(test)]
mod tests;
