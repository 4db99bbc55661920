//! All policy components of a room together (draft-ietf-mimi-room-policy-03 sections 3 to 7).
//!
//! A [`RoomPolicy`] is read from the components of a room and gives them back; components that it does not know are kept as they are.
//! [`RoomPolicy::check`] says what contradicts the draft or itself.

use std::collections::BTreeMap;

use mimi_arch::codec::{DecodeError, EncodeError, Wire};
use mimi_arch::component::Component;
use mimi_arch::mls::ComponentId;

use crate::asset::AssetPolicy;
use crate::base_room_policy::BaseRoomPolicy;
use crate::bot::BotPolicy;
use crate::chat_history::HistoryPolicy;
use crate::join_link::{JoinLinkPolicy, JoinLinks};
use crate::link_preview::LinkPreviewPolicy;
use crate::logging::LoggingPolicy;
use crate::message_expiration::MessageExpiration;
use crate::operational::OperationalParameters;
use crate::preauth::PreauthList;
use crate::roles::RolesList;
use crate::status_notification::StatusNotificationPolicy;

/// Components that are not known here, as they are; [`RoomPolicy::set`] and [`RoomPolicy::remove`] change them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct UnknownComponents(BTreeMap<ComponentId, Vec<u8>>);

/// Makes something of a component; see [`per_component`].
pub trait PerComponent {
    /// What is made.
    type Output;

    /// What is made of `C`.
    fn of<C: Component>() -> Self::Output;
}

macro_rules! room_policy {
    ($($field:ident: $type:ident = $name:literal, $doc:literal;)+) => {
        /// The policy components of a room; absent is what the room does not have.
        #[derive(Clone, PartialEq, Eq, Debug, Default)]
        pub struct RoomPolicy {
            $(
                #[doc = $doc]
                pub $field: Option<$type>,
            )+
            /// Components that are not known here.
            pub unknown: UnknownComponents,
        }

        /// The policy components in order, with their names in the registry.
        pub const POLICY_COMPONENTS: &[(ComponentId, &str)] = &[$((<$type as Component>::ID, $name)),+];

        /// One value for each policy component, in order; for tables of components that are kept elsewhere.
        pub fn per_component<P: PerComponent>() -> Vec<P::Output> {
            vec![$(P::of::<$type>()),+]
        }

        impl RoomPolicy {
            /// Puts the data of a component in the place of what was there.
            ///
            /// # Errors
            /// When the component is known and the data are malformed.
            pub fn set(&mut self, component_id: ComponentId, data: &[u8]) -> Result<(), PolicyError> {
                let malformed = |error| PolicyError::Malformed { component_id, error };
                match component_id {
                    $(<$type as Component>::ID => self.$field = Some($type::from_bytes(data).map_err(malformed)?),)+
                    _ => {
                        self.unknown.0.insert(component_id, data.to_vec());
                    }
                }
                Ok(())
            }

            /// Takes a component away, known or not, and says whether it was there.
            pub fn remove(&mut self, component_id: ComponentId) -> bool {
                match component_id {
                    $(<$type as Component>::ID => self.$field.take().is_some(),)+
                    _ => self.unknown.0.remove(&component_id).is_some(),
                }
            }

            /// The components with their data, in increasing order, as the dictionary of the group context has them.
            ///
            /// # Errors
            /// When a component has no encoding.
            pub fn components(&self) -> Result<Vec<(ComponentId, Vec<u8>)>, PolicyError> {
                let mut components = self.unknown.0.clone();
                $(if let Some(component) = &self.$field {
                    let component_id = <$type as Component>::ID;
                    let data = component.to_bytes().map_err(|error| PolicyError::NotWritten { component_id, error })?;
                    components.insert(component_id, data);
                })+
                Ok(components.into_iter().collect())
            }

            /// The policy components that the room has, unknown components left out, in increasing order.
            pub fn present(&self) -> Vec<ComponentId> {
                let mut present = Vec::new();
                $(if self.$field.is_some() {
                    present.push(<$type as Component>::ID);
                })+
                present
            }
        }
    };
}

room_policy! {
    operational: OperationalParameters = "mls_operational_policy", "How clients use MLS (section 7).";
    roles: RolesList = "roles_list", "The roles (section 3).";
    preauth: PreauthList = "preauth_list", "Who may take a role by virtue of credential claims (section 4).";
    base: BaseRoomPolicy = "base_room_policy", "What kind of room it is (section 5).";
    status_notifications: StatusNotificationPolicy = "status_notification_policy", "Delivery notifications and read receipts (section 6.1).";
    join_link_policy: JoinLinkPolicy = "join_link_policy", "What join links are like (section 6.2).";
    join_links: JoinLinks = "join_links", "The join links that are valid now (section 6.2).";
    link_preview: LinkPreviewPolicy = "link_preview_policy", "Hyperlinks and their previews (section 6.3).";
    assets: AssetPolicy = "asset_policy", "Attached files (section 6.4).";
    logging: LoggingPolicy = "logging_policy", "Whether conversations are logged (section 6.5).";
    history: HistoryPolicy = "chat_history_policy", "What new participants see of the past (section 6.6).";
    bots: BotPolicy = "bot_policy", "Chat bots (section 6.7).";
    expiration: MessageExpiration = "message_expiration_policy", "Messages that vanish (section 6.8).";
}

/// The name of a policy component in the registry (draft-ietf-mimi-room-policy-03 section 10.1).
pub fn component_name(component_id: ComponentId) -> Option<&'static str> {
    POLICY_COMPONENTS.iter().find(|(known, _)| *known == component_id).map(|(_, name)| *name)
}

impl RoomPolicy {
    /// Reads the components of a room, in any order.
    ///
    /// ```
    /// use mimi_arch::mls::ComponentId;
    /// use mimi_room_policy::policy::RoomPolicy;
    ///
    /// let status: &[u8] = &[0, 2];
    /// let policy = RoomPolicy::from_components([(ComponentId::STATUS_NOTIFICATION_POLICY, status)])?;
    /// assert_eq!(policy.check().len(), 2, "there are no roles and no base policy");
    /// # Ok::<(), mimi_room_policy::policy::PolicyError>(())
    /// ```
    ///
    /// # Errors
    /// When a component is there twice, or a known one is malformed.
    // req: RP03-3-11, RP03-4-04
    pub fn from_components<'a>(
        components: impl IntoIterator<Item = (ComponentId, &'a [u8])>,
    ) -> Result<Self, PolicyError> {
        let mut policy = Self::default();
        let mut seen = std::collections::BTreeSet::new();
        for (component_id, data) in components {
            if !seen.insert(component_id) {
                return Err(PolicyError::Twice { component_id });
            }
            policy.set(component_id, data)?;
        }
        Ok(policy)
    }

    /// The components that are not known here, in increasing order.
    pub fn other(&self) -> impl Iterator<Item = (ComponentId, &[u8])> {
        self.unknown.0.iter().map(|(component_id, data)| (*component_id, data.as_slice()))
    }

    /// Whether the room has this component, known or not.
    pub fn has(&self, component_id: ComponentId) -> bool {
        self.unknown.0.contains_key(&component_id) || self.present().contains(&component_id)
    }

    /// Makes the list of components in the base policy say what is there: the known policy components except the base policy itself, and
    /// the unknown ones that it has named so far and that are there. Without a base policy nothing changes.
    // req: RP03-5-24
    #[must_use]
    pub fn listing_its_components(mut self) -> Self {
        let mut ids = self.present();
        ids.retain(|id| *id != ComponentId::BASE_ROOM_POLICY);
        if let Some(base) = &mut self.base {
            ids.extend(base.policy_component_ids.iter().filter(|id| self.unknown.0.contains_key(id)));
            ids.sort_unstable();
            ids.dedup();
            base.policy_component_ids = ids;
        }
        self
    }
}

/// Components that are no room's policy, or a policy that cannot be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// A component is there twice.
    #[error("component {:#06x} is there twice", .component_id.0)]
    Twice {
        /// The component.
        component_id: ComponentId,
    },
    /// The data of a component are malformed.
    #[error("component {:#06x} ({}): {error}", .component_id.0, component_name(*.component_id).unwrap_or("unknown"))]
    Malformed {
        /// The component.
        component_id: ComponentId,
        /// What is wrong; the offset counts in the component's data.
        error: DecodeError,
    },
    /// The data of a component have no encoding.
    #[error("component {:#06x} ({}): {error}", .component_id.0, component_name(*.component_id).unwrap_or("unknown"))]
    NotWritten {
        /// The component.
        component_id: ComponentId,
        /// Why not.
        error: EncodeError,
    },
}

impl PolicyError {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        match self {
            Self::Twice { .. } => "draft-ietf-mls-extensions section 4.6",
            Self::Malformed { error, .. } => error.section(),
            Self::NotWritten { error, .. } => error.section(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use mimi_arch::codec::TRUNCATED;

    use super::*;

    fn pair(component_id: ComponentId, data: &[u8]) -> (ComponentId, &[u8]) {
        (component_id, data)
    }

    const UNKNOWN: ComponentId = ComponentId(0x8001);
    const BASE: [u8; 10] = [0, 0, 0, 1, 0, 0, 0, 0, 0, 0];

    #[test]
    fn components_are_read_in_any_order_and_written_in_increasing_order() {
        // req: RP03-3-11, RP03-4-04
        let policy = RoomPolicy::from_components([
            pair(UNKNOWN, &[7]),
            pair(ComponentId::BASE_ROOM_POLICY, &BASE),
            pair(ComponentId::PREAUTH_LIST, &[0]),
            pair(ComponentId::ROLES_LIST, &[0]),
            pair(ComponentId::PARTICIPANT_LIST, &[9, 9]),
        ])
        .unwrap();
        assert_eq!(policy.roles, Some(RolesList::default()));
        assert_eq!(
            policy.present(),
            [ComponentId::ROLES_LIST, ComponentId::PREAUTH_LIST, ComponentId::BASE_ROOM_POLICY]
        );
        let written = policy.components().unwrap();
        assert!(written.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(written.first(), Some(&(ComponentId::PARTICIPANT_LIST, vec![9, 9])));
        assert_eq!(written.last(), Some(&(UNKNOWN, vec![7])));
        let again = RoomPolicy::from_components(written.iter().map(|(id, data)| (*id, data.as_slice())));
        assert_eq!(again, Ok(policy));
    }

    #[test]
    fn a_component_stands_there_once_and_is_well_formed() {
        let twice = RoomPolicy::from_components([pair(UNKNOWN, &[1]), pair(UNKNOWN, &[1])]);
        assert_eq!(twice, Err(PolicyError::Twice { component_id: UNKNOWN }));
        let error = RoomPolicy::from_components([pair(ComponentId::STATUS_NOTIFICATION_POLICY, &[1])]).unwrap_err();
        let expected = "component 0x0028 (status_notification_policy): offset 1: the input ends inside a value (RFC 9420 section 2.1)";
        assert_eq!((error.to_string().as_str(), error.section()), (expected, TRUNCATED.section()));
    }

    #[test]
    fn every_policy_component_of_the_registry_is_known() {
        let ids: Vec<u16> = POLICY_COMPONENTS.iter().map(|(id, _)| id.0).collect();
        assert_eq!(ids, (0x24..=0x30).collect::<Vec<u16>>());
        assert_eq!(component_name(ComponentId::BOT_POLICY), Some("bot_policy"));
        assert_eq!(component_name(ComponentId::PARTICIPANT_LIST), None);
    }

    #[test]
    fn the_base_policy_can_be_made_to_list_what_is_there() {
        // req: RP03-5-24
        let mut policy = RoomPolicy {
            base: Some(BaseRoomPolicy {
                policy_component_ids: vec![UNKNOWN, ComponentId::BOT_POLICY, UNKNOWN],
                ..BaseRoomPolicy::default()
            }),
            roles: Some(RolesList::default()),
            ..RoomPolicy::default()
        };
        policy.set(UNKNOWN, &[]).unwrap();
        let base = policy.clone().listing_its_components().base.unwrap();
        assert_eq!(base.policy_component_ids, [ComponentId::ROLES_LIST, UNKNOWN]);
        assert!(policy.has(UNKNOWN) && policy.remove(UNKNOWN) && !policy.remove(UNKNOWN));
        assert!(policy.has(ComponentId::ROLES_LIST) && policy.remove(ComponentId::ROLES_LIST));
        assert!(!policy.has(ComponentId::ROLES_LIST));
    }
}
