//! What consent requests carry (draft-ietf-mimi-protocol-06 section 5.7).

use std::str::FromStr;

use mimi_arch::{RoomUri, UserUri};

use crate::codec::{self, DecodeError, EncodeError, Reader, Rule, Wire, rules};
use crate::mls::{AppDataDictionary, KeyPackage};

rules! {
    CONSENT_OPERATION_UNKNOWN = "the consent operation is not one that is defined",
        "draft-ietf-mimi-protocol-06 section 5.7";
    CONSENT_REQUESTER_INVALID = "the requester is not a user URI", "draft-ietf-mimi-protocol-06 section 5.7";
    CONSENT_TARGET_INVALID = "the target is not a user URI", "draft-ietf-mimi-protocol-06 section 5.7";
    CONSENT_ROOM_INVALID = "the room is not a room URI", "draft-ietf-mimi-protocol-06 section 5.7";
}

/// What is done about consent (draft-ietf-mimi-protocol-06 section 5.7).
// req: MP06-5.7-13
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum ConsentOperation {
    /// The requester takes a request back.
    Cancel = 0,
    /// The requester asks for consent.
    Request = 1,
    /// The target gives consent.
    Grant = 2,
    /// The target takes consent back, or denies it beforehand.
    Revoke = 3,
}

impl Wire for ConsentOperation {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        Ok(match r.u8()? {
            0 => Self::Cancel,
            1 => Self::Request,
            2 => Self::Grant,
            3 => Self::Revoke,
            _ => return Err(start.error(&CONSENT_OPERATION_UNKNOWN)),
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.push(*self as u8);
        Ok(())
    }
}

/// An identifier as it was written, so that octets are reproduced, and in its normal form.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Spelt<T> {
    text: String,
    uri: T,
}

impl<T: FromStr + ToString> Spelt<T> {
    fn new(uri: T) -> Self {
        Self { text: uri.to_string(), uri }
    }

    fn decode(r: &mut Reader<'_>, rule: &'static Rule) -> Result<Self, DecodeError> {
        let start = r.clone();
        let text = r.text()?.to_owned();
        let uri = text.parse().map_err(|_| start.error(rule))?;
        Ok(Self { text, uri })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_opaque(out, self.text.as_bytes())
    }
}

/// What consent is about: who may add whom, to which room or to any (draft-ietf-mimi-protocol-06 section 5.7).
///
/// Users and room are kept as they were written; [`ConsentScope::requester`], [`ConsentScope::target`] and
/// [`ConsentScope::room`] are normalised, and scopes are the same if those are ([`ConsentScope::is_same_as`]).
// req: MP06-5.7-03, MP06-5.7-05, MP06-5.7-15, MP06-5.7-17
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ConsentScope {
    requester: Spelt<UserUri>,
    target: Spelt<UserUri>,
    // req: MP06-5.7-04, MP06-5.7-18, MP06-8-01
    room: Option<Spelt<RoomUri>>,
}

impl ConsentScope {
    /// The scope of these users and this room, or any room.
    pub fn new(requester: UserUri, target: UserUri, room: Option<RoomUri>) -> Self {
        Self { requester: Spelt::new(requester), target: Spelt::new(target), room: room.map(Spelt::new) }
    }

    /// The user who wants to add the other one.
    pub const fn requester(&self) -> &UserUri {
        &self.requester.uri
    }

    /// The user who is to be added.
    pub const fn target(&self) -> &UserUri {
        &self.target.uri
    }

    /// The room; any room if there is none.
    pub fn room(&self) -> Option<&RoomUri> {
        self.room.as_ref().map(|room| &room.uri)
    }

    /// Whether both are about the same users and room, however these are written.
    // req: MP06-5.7-06
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.requester() == other.requester() && self.target() == other.target() && self.room() == other.room()
    }
}

impl Wire for ConsentScope {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            requester: Spelt::decode(r, &CONSENT_REQUESTER_INVALID)?,
            target: Spelt::decode(r, &CONSENT_TARGET_INVALID)?,
            room: r.optional_with(|r| Spelt::decode(r, &CONSENT_ROOM_INVALID))?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.requester.encode(out)?;
        self.target.encode(out)?;
        out.push(u8::from(self.room.is_some()));
        self.room.as_ref().map_or(Ok(()), |room| room.encode(out))
    }
}

/// What is done, with what comes with it (draft-ietf-mimi-protocol-06 section 5.7).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ConsentAction {
    /// The requester takes a request back.
    Cancel,
    /// The requester asks for consent.
    Request,
    /// The target gives consent.
    Grant {
        /// Key packages of the target's clients, if they come right away.
        // req: MP06-5.7-21
        client_key_packages: Vec<KeyPackage>,
    },
    /// The target takes consent back, or denies it beforehand.
    Revoke,
}

impl ConsentAction {
    /// The action without what comes with it.
    pub const fn operation(&self) -> ConsentOperation {
        match self {
            Self::Cancel => ConsentOperation::Cancel,
            Self::Request => ConsentOperation::Request,
            Self::Grant { .. } => ConsentOperation::Grant,
            Self::Revoke => ConsentOperation::Revoke,
        }
    }
}

/// The body of both consent endpoints (draft-ietf-mimi-protocol-06 section 5.7).
// req: MP06-5.7-14
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ConsentEntry {
    /// What is done.
    pub action: ConsentAction,
    /// What it is about.
    pub scope: ConsentScope,
    /// Extensions; unknown ones are kept.
    // req: MP06-5.7-28
    pub consent_extensions: AppDataDictionary,
}

impl ConsentEntry {
    /// An entry without extensions.
    pub fn new(action: ConsentAction, scope: ConsentScope) -> Self {
        Self { action, scope, consent_extensions: AppDataDictionary::default() }
    }

    /// What is done, without what comes with it.
    pub const fn operation(&self) -> ConsentOperation {
        self.action.operation()
    }

    /// The key packages of a grant; none for other operations.
    pub fn client_key_packages(&self) -> &[KeyPackage] {
        match &self.action {
            ConsentAction::Grant { client_key_packages } => client_key_packages,
            _ => &[],
        }
    }
}

impl Wire for ConsentEntry {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let operation = ConsentOperation::decode(r)?;
        let scope = ConsentScope::decode(r)?;
        let action = match operation {
            ConsentOperation::Cancel => ConsentAction::Cancel,
            ConsentOperation::Request => ConsentAction::Request,
            ConsentOperation::Grant => ConsentAction::Grant { client_key_packages: r.list()? },
            ConsentOperation::Revoke => ConsentAction::Revoke,
        };
        Ok(Self { action, scope, consent_extensions: AppDataDictionary::decode(r)? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.operation().encode(out)?;
        self.scope.encode(out)?;
        if let ConsentAction::Grant { client_key_packages } = &self.action {
            codec::put_list(out, client_key_packages)?;
        }
        self.consent_extensions.encode(out)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use crate::codec::{NOT_UTF8, PRESENCE_INVALID};
    use crate::mls::extension::COMPONENTS_NOT_SORTED;
    use crate::mls::leaf_node::LEAF_NOT_OF_KEY_PACKAGE;
    use crate::mls::{ComponentData, ComponentId, LeafNodeSource};
    use crate::testing::{key_package, key_package_bytes, laws, refused};

    const HEAD: &[u8] = b"\x0emimi://a/u/ann\x0emimi://b/u/bob";

    fn scope(room: Option<&str>) -> ConsentScope {
        let room = room.map(|room| room.parse().unwrap());
        ConsentScope::new("mimi://a/u/ann".parse().unwrap(), "mimi://b/u/bob".parse().unwrap(), room)
    }

    #[test]
    fn a_scope_is_two_users_and_perhaps_a_room() {
        // req: MP06-5.7-03, MP06-5.7-04, MP06-5.7-05, MP06-5.7-15, MP06-5.7-17, MP06-5.7-18, MP06-8-01
        assert_eq!(laws(&scope(None)), [HEAD, &[0]].concat());
        assert_eq!(laws(&scope(Some("mimi://c/r/x"))), [HEAD, b"\x01\x0cmimi://c/r/x"].concat());
    }

    #[test]
    fn scopes_are_compared_by_what_they_name_and_written_as_they_came() {
        // req: MP06-5.7-06
        let other = ConsentScope::from_bytes(b"\x0emimi://A/u/ann\x10mimi://b/u/%62ob\0").unwrap();
        assert_ne!(other, scope(None));
        assert!(other.is_same_as(&scope(None)));
        assert!(!other.is_same_as(&scope(Some("mimi://c/r/x"))));
        laws(&other);
    }

    #[test]
    fn only_a_grant_has_key_packages() {
        // req: MP06-5.7-13, MP06-5.7-14, MP06-5.7-21
        let entry = |action| ConsentEntry::new(action, scope(None));
        assert_eq!(laws(&entry(ConsentAction::Cancel)), [&[0], HEAD, &[0, 0]].concat());
        assert_eq!(laws(&entry(ConsentAction::Request)), [&[1], HEAD, &[0, 0]].concat());
        assert_eq!(laws(&entry(ConsentAction::Revoke)), [&[3], HEAD, &[0, 0]].concat());
        let without = ConsentAction::Grant { client_key_packages: vec![] };
        assert_eq!(laws(&entry(without)), [&[2], HEAD, &[0, 0, 0]].concat());
        let with = entry(ConsentAction::Grant { client_key_packages: vec![key_package(), key_package()] });
        laws(&with);
        assert_eq!(
            (with.client_key_packages().len(), entry(ConsentAction::Revoke).client_key_packages().len()),
            (2, 0)
        );
    }

    #[test]
    fn extensions_are_a_dictionary_and_unknown_ones_are_kept() {
        // req: MP06-5.7-28
        let component = |id| ComponentData { component_id: ComponentId(id), data: vec![0xab] };
        let mut entry = ConsentEntry::new(ConsentAction::Request, scope(None));
        entry.consent_extensions = AppDataDictionary::new(vec![component(0xf00d), component(7)]).unwrap();
        assert_eq!(laws(&entry), [&[1], HEAD, &[0, 8, 0, 7, 1, 0xab, 0xf0, 0x0d, 1, 0xab]].concat());
        let unsorted = [&[1], HEAD, &[0, 8, 0xf0, 0x0d, 1, 0xab, 0, 7, 1, 0xab]].concat();
        refused::<ConsentEntry>(&unsorted, 32, &COMPONENTS_NOT_SORTED);
    }

    #[test]
    fn what_is_no_operation_user_room_or_key_package_is_refused() {
        // req: MP06-5.7-13, MP06-5.7-14, MP06-5.7-15
        refused::<ConsentEntry>(&[&[4], HEAD, &[0, 0]].concat(), 0, &CONSENT_OPERATION_UNKNOWN);
        refused::<ConsentEntry>(&[&[255], HEAD, &[0, 0]].concat(), 0, &CONSENT_OPERATION_UNKNOWN);
        refused::<ConsentScope>(b"\0\x0emimi://b/u/bob\0", 0, &CONSENT_REQUESTER_INVALID);
        refused::<ConsentScope>(b"\x0emimi://a/r/ann\x0emimi://b/u/bob\0", 0, &CONSENT_REQUESTER_INVALID);
        refused::<ConsentScope>(b"\x0emimi://a/u/ann\0\0", 15, &CONSENT_TARGET_INVALID);
        refused::<ConsentScope>(b"\x0emimi://a/u/ann\x02m\xff\0", 17, &NOT_UTF8);
        refused::<ConsentScope>(&[HEAD, &[2]].concat(), 30, &PRESENCE_INVALID);
        refused::<ConsentScope>(&[HEAD, &[1, 0]].concat(), 31, &CONSENT_ROOM_INVALID);
        refused::<ConsentScope>(&[HEAD, b"\x01\x0cmimi://c/u/x"].concat(), 31, &CONSENT_ROOM_INVALID);
        let mut odd = [&[2], HEAD, &[0]].concat();
        codec::put_opaque(&mut odd, &key_package_bytes(LeafNodeSource::Update, vec![])).unwrap();
        assert_eq!(ConsentEntry::from_bytes(&odd).unwrap_err().rule(), &LEAF_NOT_OF_KEY_PACKAGE);
    }
}
