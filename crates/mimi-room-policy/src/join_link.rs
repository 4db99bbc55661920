//! Links by which users join (draft-ietf-mimi-room-policy-03 section 6.2): what new ones are like, and those that are valid now.

use std::collections::BTreeSet;

use mimi_arch::codec::{self, DecodeError, EncodeError, Reader, Wire, rules};
use mimi_arch::component::{Component, Refusal};
use mimi_arch::mls::ComponentId;
use mimi_arch::uri::Uri;

use crate::fields::{self, replaced_as_a_whole};

rules! {
    JOIN_LINK_EMPTY = "a join link is empty", "draft-ietf-mimi-room-policy-03 section 6.2";
}

const SECTION: &str = "draft-ietf-mimi-room-policy-03 section 6.2";

/// What new join links are like (draft-ietf-mimi-room-policy-03 section 6.2).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct JoinLinkPolicy {
    /// Links are asked for one at a time; the room keeps one at most.
    pub on_request: bool,
    /// Where a link can be asked for; the text calls the field `link_requests`. On the wire an empty URI if nowhere.
    pub join_link: Option<Uri>,
    /// A link may be for more than one user.
    pub multiuser: bool,
    /// For how many seconds after its creation a link is valid.
    pub expiration: u32,
}

// req: RP03-6.2-02, RP03-6.2-04, RP03-6.2-05, RP03-6.2-06
impl Wire for JoinLinkPolicy {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            on_request: fields::decode_bool(r)?,
            join_link: fields::decode_uri_or_empty(r)?,
            multiuser: fields::decode_bool(r)?,
            expiration: r.u32()?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        fields::put_bool(out, self.on_request);
        fields::put_uri_or_empty(out, self.join_link.as_ref())?;
        fields::put_bool(out, self.multiuser);
        self.expiration.encode(out)
    }
}

replaced_as_a_whole!(
    JoinLinkPolicy,
    JOIN_LINK_POLICY,
    "join_link_policy",
    "draft-ietf-mimi-room-policy-03 section 6.2"
);

/// A join link: octets whose form the draft leaves open, at least one (draft-ietf-mimi-room-policy-03 section 6.2).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct JoinLink(Vec<u8>);

impl JoinLink {
    /// A link with these octets.
    ///
    /// # Errors
    /// When there are none.
    pub fn new(octets: impl Into<Vec<u8>>) -> Result<Self, EncodeError> {
        let octets = octets.into();
        if octets.is_empty() { Err(EncodeError::new(&JOIN_LINK_EMPTY)) } else { Ok(Self(octets)) }
    }

    /// The octets.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

// req: RP03-6.2-08
impl Wire for JoinLink {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        Self::new(r.opaque()?).map_err(|error| start.error(error.rule()))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_opaque(out, &self.0)
    }
}

/// The join links that are valid now (draft-ietf-mimi-room-policy-03 section 6.2).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct JoinLinks {
    /// The links; an update refers to them by their place, counted from 0.
    pub links: Vec<JoinLink>,
}

impl JoinLinks {
    /// Whether this is a link of the room.
    pub fn contains(&self, octets: &[u8]) -> bool {
        self.links.iter().any(|link| link.as_bytes() == octets)
    }

    /// Checks how many links the policy lets the room keep.
    ///
    /// # Errors
    /// When the policy has links asked for one at a time and there is more than one.
    // req: RP03-6.2-01, RP03-6.2-03
    pub fn check_with(&self, policy: &JoinLinkPolicy) -> Result<(), JoinLinksError> {
        match self.links.len() {
            count if policy.on_request && count > 1 => Err(JoinLinksError::SeveralOnRequest { count }),
            _ => Ok(()),
        }
    }
}

// req: RP03-6.2-07, RP03-6.2-09
impl Wire for JoinLinks {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { links: r.list()? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_list(out, &self.links)
    }
}

/// A change of the join links: some go, then some are added at the end (draft-ietf-mimi-room-policy-03 section 6.2).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct JoinLinksUpdate {
    /// Places in the list as it was before the commit.
    pub removed_indices: Vec<u32>,
    /// Links that are added.
    pub added_links: Vec<JoinLink>,
}

// req: RP03-6.2-10
impl Wire for JoinLinksUpdate {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { removed_indices: r.list()?, added_links: r.list()? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_list(out, &self.removed_indices)?;
        codec::put_list(out, &self.added_links)
    }
}

impl Component for JoinLinks {
    const ID: ComponentId = ComponentId::JOIN_LINKS;
    type Data = Self;
    type Update = JoinLinksUpdate;
    type Error = JoinLinksError;

    /// Links are removed before any is added; the places of all updates of a commit are those of the list before the commit.
    fn apply(data: Option<&Self>, updates: &[JoinLinksUpdate]) -> Result<Self, JoinLinksError> {
        let before = data.map(|data| data.links.as_slice()).unwrap_or_default();
        let mut kept: Vec<Option<&JoinLink>> = before.iter().map(Some).collect();
        for &index in updates.iter().flat_map(|update| &update.removed_indices) {
            let place = usize::try_from(index).ok().and_then(|index| kept.get_mut(index));
            let place = place.ok_or(JoinLinksError::IndexOutOfRange { index, count: before.len() })?;
            place.take().ok_or(JoinLinksError::RemovedTwice { index })?;
        }
        let mut links: Vec<&JoinLink> = kept.into_iter().flatten().collect();
        let mut there: BTreeSet<&JoinLink> = links.iter().copied().collect();
        for link in updates.iter().flat_map(|update| &update.added_links) {
            if !there.insert(link) {
                return Err(JoinLinksError::AddedTwice);
            }
            links.push(link);
        }
        Ok(Self { links: links.into_iter().cloned().collect() })
    }
}

/// Updates of join links that do not lead to a new list (draft-ietf-mimi-room-policy-03 section 6.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JoinLinksError {
    /// There is no link at this place.
    #[error("join link {index} is removed, and there are {count}")]
    IndexOutOfRange {
        /// The place.
        index: u32,
        /// How many links there were.
        count: usize,
    },
    /// A link is removed more than once in one commit.
    #[error("join link {index} is removed twice")]
    RemovedTwice {
        /// The place.
        index: u32,
    },
    /// A link is added that is there already.
    #[error("a join link is added that is there already")]
    AddedTwice,
    /// The policy has links asked for one at a time.
    #[error("there are {count} join links in a room that keeps one at most")]
    SeveralOnRequest {
        /// How many links there are.
        count: usize,
    },
}

impl JoinLinksError {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        SECTION
    }
}

impl Refusal for JoinLinksError {
    fn section(&self) -> &'static str {
        self.section()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use mimi_arch::testing::{laws, refused};
    use proptest::prelude::*;

    use super::*;

    fn links(names: &[&str]) -> Vec<JoinLink> {
        names.iter().map(|name| JoinLink::new(*name).unwrap()).collect()
    }

    fn update(removed: &[u32], added: &[&str]) -> JoinLinksUpdate {
        JoinLinksUpdate { removed_indices: removed.to_vec(), added_links: links(added) }
    }

    fn apply(before: &[&str], updates: &[JoinLinksUpdate]) -> Result<Vec<JoinLink>, JoinLinksError> {
        JoinLinks::apply(Some(&JoinLinks { links: links(before) }), updates).map(|after| after.links)
    }

    #[test]
    fn the_policy_has_these_octets() {
        // req: RP03-6.2-02, RP03-6.2-04, RP03-6.2-05, RP03-6.2-06
        let policy = JoinLinkPolicy {
            on_request: true,
            join_link: Some(Uri::new("h:x").unwrap()),
            multiuser: false,
            expiration: 0x0e10,
        };
        assert_eq!(laws(&policy), b"\x01\x03h:x\x00\x00\x00\x0e\x10");
        assert_eq!(laws(&JoinLinkPolicy { join_link: None, ..policy }), b"\x01\x00\x00\x00\x00\x0e\x10");
    }

    #[test]
    fn links_and_updates_have_these_octets() {
        // req: RP03-6.2-08, RP03-6.2-09, RP03-6.2-10
        assert_eq!(laws(&JoinLinks { links: links(&["ab", "c"]) }), b"\x05\x02ab\x01c");
        assert_eq!(laws(&update(&[1, 0], &["d"])), b"\x08\x00\x00\x00\x01\x00\x00\x00\x00\x02\x01d");
        refused::<JoinLinks>(&[1, 0], 1, &JOIN_LINK_EMPTY);
        assert_eq!(JoinLink::new("").unwrap_err().rule(), &JOIN_LINK_EMPTY);
    }

    #[test]
    fn places_are_those_of_the_list_before_and_additions_come_last() {
        assert_eq!(apply(&["a", "b", "c"], &[update(&[0, 2], &["d"])]), Ok(links(&["b", "d"])));
        assert_eq!(apply(&["a", "b", "c"], &[update(&[2, 0], &[])]), Ok(links(&["b"])));
        // A link that goes may come back in the same commit, at the end.
        assert_eq!(apply(&["a", "b"], &[update(&[0], &["a"])]), Ok(links(&["b", "a"])));
    }

    #[test]
    fn several_updates_count_places_in_the_same_list() {
        assert_eq!(apply(&["a", "b", "c"], &[update(&[0], &["d"]), update(&[1], &["e"])]), Ok(links(&["c", "d", "e"])));
        assert_eq!(
            apply(&["a", "b"], &[update(&[0], &[]), update(&[0], &[])]),
            Err(JoinLinksError::RemovedTwice { index: 0 })
        );
    }

    #[test]
    fn what_is_not_there_cannot_go_and_what_is_there_cannot_come() {
        assert_eq!(apply(&["a"], &[update(&[1], &["b"])]), Err(JoinLinksError::IndexOutOfRange { index: 1, count: 1 }));
        assert_eq!(
            JoinLinks::apply(None, &[update(&[0], &[])]),
            Err(JoinLinksError::IndexOutOfRange { index: 0, count: 0 })
        );
        assert_eq!(apply(&["a"], &[update(&[], &["a"])]), Err(JoinLinksError::AddedTwice));
        assert_eq!(apply(&[], &[update(&[], &["a", "a"])]), Err(JoinLinksError::AddedTwice));
        assert_eq!(JoinLinks::apply(None, &[update(&[], &["a"])]), Ok(JoinLinks { links: links(&["a"]) }));
    }

    #[test]
    fn a_room_that_gives_links_on_request_keeps_one() {
        // req: RP03-6.2-01, RP03-6.2-03
        let mut policy = JoinLinkPolicy { on_request: true, join_link: None, multiuser: true, expiration: 60 };
        let two = JoinLinks { links: links(&["a", "b"]) };
        assert_eq!(two.check_with(&policy), Err(JoinLinksError::SeveralOnRequest { count: 2 }));
        assert_eq!(JoinLinks { links: links(&["a"]) }.check_with(&policy), Ok(()));
        policy.on_request = false;
        assert_eq!(two.check_with(&policy), Ok(()));
        assert!(two.contains(b"b") && !two.contains(b"c"));
    }

    #[test]
    fn many_links_are_added_in_good_time() {
        let many =
            |from: u32| (from..from + 100_000).map(|n| JoinLink::new(n.to_be_bytes()).unwrap()).collect::<Vec<_>>();
        let before = JoinLinks { links: many(0) };
        let update = JoinLinksUpdate { removed_indices: (0..100_000).collect(), added_links: many(50_000) };
        assert_eq!(JoinLinks::apply(Some(&before), &[update]).unwrap().links, many(50_000));
    }

    proptest! {
        #[test]
        fn removals_leave_what_a_naive_filter_leaves(
            count in 0u32..12,
            removed in proptest::collection::btree_set(0u32..12, 0..6),
        ) {
            let before = JoinLinks { links: (0..count).map(|n| JoinLink::new(vec![1, n as u8]).unwrap()).collect() };
            let update = JoinLinksUpdate { removed_indices: removed.iter().copied().collect(), added_links: vec![] };
            let after = JoinLinks::apply(Some(&before), &[update]);
            if removed.iter().any(|index| *index >= count) {
                prop_assert!(after.is_err());
            } else {
                let kept: Vec<_> = (0u32..).zip(before.links).filter(|(n, _)| !removed.contains(n)).map(|(_, l)| l).collect();
                prop_assert_eq!(after.unwrap().links, kept);
            }
        }
    }
}
