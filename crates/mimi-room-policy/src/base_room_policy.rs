//! The top of a room's policy: what kind of room it is, and which other components belong to it
//! (draft-ietf-mimi-room-policy-03 section 5).
//!
//! The parent room is a vector of URIs in the draft's structure where one is meant: none or one is read and written. The items of the list
//! of components have a type that the draft does not define; they are component numbers.

use mimi_arch::codec::{self, DecodeError, EncodeError, Reader, Rule, Wire, rules};
use mimi_arch::mls::ComponentId;
use mimi_arch::uri::Uri;

use crate::fields::{self, replaced_as_a_whole};

rules! {
    PARENT_MISSING = "a parent-dependent room names no parent", "draft-ietf-mimi-room-policy-03 section 5";
    PARENT_UNEXPECTED = "a room that depends on no parent names one", "draft-ietf-mimi-room-policy-03 section 5";
    SEVERAL_PARENTS = "more than one parent room is named", "draft-ietf-mimi-room-policy-03 section 5";
}

/// What kind of room it is (draft-ietf-mimi-room-policy-03 section 5).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct BaseRoomPolicy {
    /// The participants are those the room was created with; only their clients come and go.
    pub fixed_membership: bool,
    /// The room whose participants this room's are a strict subset of. Its presence is what the draft calls `parent_dependant`.
    pub parent_room: Option<Uri>,
    /// A user may have several clients in the room.
    pub multi_device: bool,
    /// Most clients in the room's group.
    pub max_clients: Option<u32>,
    /// Most participants that are not banned.
    pub max_users: Option<u32>,
    /// Credentials may name pseudonyms.
    pub pseudonyms_allowed: bool,
    /// The room outlives its group.
    pub persistent_room: bool,
    /// The room can be found by searching.
    pub discoverable: bool,
    /// The other policy components of the room.
    pub policy_component_ids: Vec<ComponentId>,
}

impl Default for BaseRoomPolicy {
    /// A room with several clients per user, which the draft calls the default, without limits and with everything else off.
    // req: RP03-5-14
    fn default() -> Self {
        Self {
            fixed_membership: false,
            parent_room: None,
            multi_device: true,
            max_clients: None,
            max_users: None,
            pseudonyms_allowed: false,
            persistent_room: false,
            discoverable: false,
            policy_component_ids: Vec::new(),
        }
    }
}

impl BaseRoomPolicy {
    /// Whether the participants are a strict subset of another room's.
    pub const fn parent_dependent(&self) -> bool {
        self.parent_room.is_some()
    }
}

// req: RP03-5-11, RP03-5-12
fn check_parent(dependent: bool, parent: Option<&Uri>) -> Result<(), &'static Rule> {
    match (dependent, parent) {
        (true, None) => Err(&PARENT_MISSING),
        (false, Some(_)) => Err(&PARENT_UNEXPECTED),
        _ => Ok(()),
    }
}

// req: RP03-5-18
impl Wire for BaseRoomPolicy {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let fixed_membership = fields::decode_bool(r)?;
        let dependent = fields::decode_bool(r)?;
        let start = r.clone();
        let parent_room = fields::decode_single_uri(r, &SEVERAL_PARENTS)?;
        check_parent(dependent, parent_room.as_ref()).map_err(|rule| start.error(rule))?;
        Ok(Self {
            fixed_membership,
            parent_room,
            multi_device: fields::decode_bool(r)?,
            max_clients: r.optional()?,
            max_users: r.optional()?,
            pseudonyms_allowed: fields::decode_bool(r)?,
            persistent_room: fields::decode_bool(r)?,
            discoverable: fields::decode_bool(r)?,
            policy_component_ids: r.list()?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        fields::put_bool(out, self.fixed_membership);
        fields::put_bool(out, self.parent_dependent());
        fields::put_single_uri(out, self.parent_room.as_ref())?;
        fields::put_bool(out, self.multi_device);
        codec::put_optional(out, self.max_clients.as_ref())?;
        codec::put_optional(out, self.max_users.as_ref())?;
        fields::put_bool(out, self.pseudonyms_allowed);
        fields::put_bool(out, self.persistent_room);
        fields::put_bool(out, self.discoverable);
        codec::put_list(out, &self.policy_component_ids)
    }
}

replaced_as_a_whole!(BaseRoomPolicy, BASE_ROOM_POLICY, "base_room_policy", "draft-ietf-mimi-room-policy-03 section 5");

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use mimi_arch::component::Component;
    use mimi_arch::testing::{laws, refused};

    use super::*;
    use crate::fields::BOOL_INVALID;

    fn full() -> BaseRoomPolicy {
        BaseRoomPolicy {
            fixed_membership: true,
            parent_room: Some(Uri::new("m:r").unwrap()),
            multi_device: false,
            max_clients: Some(10),
            max_users: Some(2),
            pseudonyms_allowed: true,
            persistent_room: false,
            discoverable: true,
            policy_component_ids: vec![ComponentId::ROLES_LIST, ComponentId(0x0102)],
        }
    }

    #[test]
    fn the_policy_has_these_octets() {
        // req: RP03-5-18
        let expected =
            b"\x01\x01\x04\x03m:r\x00\x01\x00\x00\x00\x0a\x01\x00\x00\x00\x02\x01\x00\x01\x04\x00\x25\x01\x02";
        assert_eq!(laws(&full()), expected);
    }

    #[test]
    fn several_clients_per_user_are_the_default() {
        // req: RP03-5-14
        assert_eq!(laws(&BaseRoomPolicy::default()), [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn a_parent_is_named_exactly_when_the_room_depends_on_one() {
        // req: RP03-5-11, RP03-5-12
        refused::<BaseRoomPolicy>(&[0, 1, 0, 1, 0, 0, 0, 0, 0, 0], 2, &PARENT_MISSING);
        refused::<BaseRoomPolicy>(b"\0\0\x04\x03m:r\x01\0\0\0\0\0\0", 2, &PARENT_UNEXPECTED);
        refused::<BaseRoomPolicy>(b"\0\x01\x08\x03m:r\x03m:s\x01\0\0\0\0\0\0", 7, &SEVERAL_PARENTS);
        assert!(full().parent_dependent());
        assert!(!BaseRoomPolicy::default().parent_dependent());
    }

    #[test]
    fn every_boolean_is_strict() {
        for place in [0, 1, 3, 6, 7, 8] {
            let mut octets = [0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
            octets[place] = 2;
            refused::<BaseRoomPolicy>(&octets, place, &BOOL_INVALID);
        }
    }

    #[test]
    fn an_update_is_the_new_policy() {
        let after = BaseRoomPolicy::apply(Some(&BaseRoomPolicy::default()), &[full()]);
        assert_eq!(after, Ok(full()));
        assert!(BaseRoomPolicy::apply(None, &[]).is_err());
    }
}
